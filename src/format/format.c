/* The table of formats, and who of them a run of bytes belongs to.
 *
 * Every layer passes here, so bidding must cost less than a microsecond: most formats are a few magic bytes,
 * the rest look at a bounded prefix once. What ClamAV's targets mean by a class was learnt from
 * `clamscan` 1.4.6 (docs/formats.md). */
#include "format/format.h"

#include "format/elf/elf.h"
#include "format/html/html.h"
#include "format/libarchive/libarchive.h"
#include "format/macho/macho.h"
#include "format/mail/mail.h"
#include "format/ole2/ole2.h"
#include "format/pdf/pdf.h"
#include "format/pe/pe.h"
#include "format/stream/stream.h"
#include "format/tar/tar.h"
#include "format/text/text.h"
#include "format/xar/xar.h"
#include "format/zip/zip.h"

/* A format that has a class and no parser (yet). */
#define PLAIN(label, class, ...)                                                                             \
    &(const struct glc_format)                                                                               \
    {                                                                                                        \
        .name = (label), .cls = (class), .magic = (const struct glc_magic[])                                 \
        {                                                                                                    \
            __VA_ARGS__,                                                                                     \
            {                                                                                                \
                0, 0, 0, NULL                                                                                \
            }                                                                                                \
        }                                                                                                    \
    }
#define AT(offset, literal, sure)                                                                            \
    {                                                                                                        \
        (offset), sizeof(literal) - 1, (sure), (literal)                                                     \
    }

static const struct glc_format data = { .name = "data", .cls = GLC_CLASS_DATA };

const struct glc_format *const glc_formats[] = {
    &glc_format_pe,
    &glc_format_elf,
    &glc_format_macho,
    &glc_format_macho_fat,
    &glc_format_zip,
    &glc_format_tar,
    &glc_format_gzip,
    &glc_format_bzip2,
    &glc_format_xz,
    &glc_format_lzma,
    &glc_format_lzip,
    &glc_format_zstd,
    &glc_format_sevenzip,
    &glc_format_rar,
    &glc_format_cab,
    &glc_format_lha,
    &glc_format_ar,
    &glc_format_cpio,
    &glc_format_iso,
    &glc_format_xar,
    &glc_format_warc,
    &glc_format_filter,
    &glc_format_ole2,
    PLAIN("rtf", GLC_CLASS_RTF, AT(0, "{\\rt", 90)),
    PLAIN("gif", GLC_CLASS_GRAPHICS, AT(0, "GIF8", 90)),
    PLAIN("png", GLC_CLASS_GRAPHICS, AT(0, "\x89PNG", 90)),
    PLAIN("jpeg", GLC_CLASS_GRAPHICS, AT(0, "\xff\xd8\xff", 90)),
    PLAIN("tiff", GLC_CLASS_GRAPHICS, AT(0, "II*\0", 90), AT(0, "MM\0*", 90)),
    PLAIN("bmp", GLC_CLASS_GRAPHICS, AT(0, "BM", 60)),
    PLAIN("riff", GLC_CLASS_OTHER, AT(0, "RIFF", 90)),
    PLAIN("swf", GLC_CLASS_SWF, AT(0, "FWS", 80), AT(0, "CWS", 80), AT(0, "ZWS", 80)),
    PLAIN("java", GLC_CLASS_JAVA, AT(0, "\xca\xfe\xba\xbe", 70)),
    PLAIN("dex", GLC_CLASS_DEX, AT(0, "dex\n", 90)),
    PLAIN("lnk", GLC_CLASS_OTHER, AT(0, "\x4c\0\0\0\x01\x14\x02\0", 90)),
    PLAIN("chm", GLC_CLASS_OTHER, AT(0, "ITSF", 90)),
    PLAIN("onenote", GLC_CLASS_DOCUMENT,
          AT(0, "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", 95)),
    &glc_format_pdf,
    &glc_format_mail,
    &glc_format_html,
    &glc_format_script,
    &glc_format_text,
    &data,
    NULL,
};

static int magic_bid(const struct glc_magic *m, struct glc_span s)
{
    int best = 0;
    for (; m->bid != 0; m++)
        if (m->bid > best && s.len >= m->at && s.len - m->at >= m->len &&
            memcmp(s.ptr + m->at, m->bytes, m->len) == 0)
            best = m->bid;
    return best;
}

/* Magic bytes first: where they are sure, nobody needs to look at the prefix. */
const struct glc_format *glc_format_of(struct glc_span bytes)
{
    enum { SURE = 80 };
    const struct glc_format *best = &data;
    int most = 0;
    for (const struct glc_format *const *f = glc_formats; *f != NULL; f++) {
        int bid = (*f)->magic != NULL ? magic_bid((*f)->magic, bytes) : 0;
        if (bid > most) {
            most = bid;
            best = *f;
        }
    }
    struct glc_span prefix = glc_span_sub(bytes, 0, GLC_BID_PREFIX);
    for (const struct glc_format *const *f = glc_formats; *f != NULL && most < SURE; f++) {
        int bid = (*f)->bid != NULL ? (*f)->bid(prefix, bytes.len) : 0;
        if (bid > most) {
            most = bid;
            best = *f;
        }
    }
    return best;
}

const struct glc_format *glc_format_find(const char *name)
{
    for (const struct glc_format *const *f = glc_formats; *f != NULL; f++)
        if (strcmp((*f)->name, name) == 0)
            return *f;
    return NULL;
}
