/* Compressed runs of bytes into memory, under the file's budget.
 *
 * Whatever came out before a stream ends, breaks or meets a limit is kept and judged: a reading that fails is
 * reported, never thrown away. Checksums are not compared, since a lie in one hides nothing from whoever
 * unpacks by hand. The input need not end where the stream does; `used` says where it did. */
#ifndef GLC_FORMAT_UNPACK_UNPACK_H
#define GLC_FORMAT_UNPACK_UNPACK_H

#include "format/format.h"

enum glc_codec {
    GLC_CODEC_DEFLATE, /* RFC 1951, raw */
    GLC_CODEC_ZLIB,    /* RFC 1950 */
    GLC_CODEC_BZIP2,
    GLC_CODEC_XZ,
    GLC_CODEC_LZMA, /* the "alone" form: 13 bytes of header */
    GLC_CODEC_LZIP,
    GLC_CODEC_ZSTD, /* one frame */
    GLC_CODECS
};

enum glc_unpack_end {
    GLC_UNPACK_END,     /* the stream's own end */
    GLC_UNPACK_CUT,     /* the input ended first */
    GLC_UNPACK_DAMAGED, /* the stream makes no sense from here on */
    GLC_UNPACK_LIMIT,   /* budget, ratio, time or memory: `why` */
};

/* Where the output goes. It grows in the parse's arena: take a mark before, rewind after the child was
 * judged. */
struct glc_output {
    struct glc_parse *parse;
    uint8_t *ptr;
    size_t len, room;
    uint64_t limit;  /* most that `len` may reach, by ratio */
    const char *why; /* the limit that was met, as a reason for `unread`; NULL: none */
};

struct glc_unpacked {
    enum glc_unpack_end end;
    uint64_t used; /* bytes of input, up to and with the stream's end */
};

/* `packed`: bytes in the container that may become this output, for the ratio. */
void glc_output_init(struct glc_output *out, struct glc_parse *p, uint64_t packed);

static inline struct glc_span glc_output_span(const struct glc_output *out)
{
    return glc_span(out->ptr, out->len);
}

/* Room for n more bytes behind what is there, or NULL with `why` set. Bytes count against the budget in
 * glc_output_took(). */
uint8_t *glc_output_grow(struct glc_output *out, size_t n) GLC_CHECK; /* where it is not there yet */
static inline uint8_t *glc_output_room(struct glc_output *out, size_t n)
{
    return out->ptr != NULL && n <= out->room - out->len ? out->ptr + out->len : glc_output_grow(out, n);
}

bool glc_output_took(struct glc_output *out, size_t n);
bool glc_output_put(struct glc_output *out, struct glc_span bytes);

/* Append what the stream at the start of `in` holds. `expect`: bytes that it is said to hold, or 0; a hint
 * only. */
struct glc_unpacked glc_unpack(struct glc_output *out, enum glc_codec codec, struct glc_span in,
                               uint64_t expect);

/* "cut short", "damaged data" or the limit: what to tell `unread`; NULL at a proper end. */
const char *glc_unpack_reason(const struct glc_output *out, enum glc_unpack_end end);

#endif
