#include "format/libarchive/libarchive.h"

#include "format/unpack/unpack.h"

#include <archive.h>
#include <archive_entry.h>

enum { PIECE = 64 * 1024, MAX_FAILURES = 16 };

typedef int enable(struct archive *a); /* archive_read_support_format_x */

static bool encrypted(struct archive *a, struct archive_entry *e)
{
    if (e != NULL && (archive_entry_is_data_encrypted(e) != 0 || archive_entry_is_metadata_encrypted(e) != 0))
        return true;
    const char *say = archive_error_string(a);
    return say != NULL && (strstr(say, "ncrypt") != NULL || strstr(say, "assphrase") != NULL);
}

static const char *reason(struct archive *a, struct archive_entry *e)
{
    const char *say = archive_error_string(a);
    if (encrypted(a, e))
        return "encrypted";
    if (say != NULL && (strstr(say, "runcated") != NULL || strstr(say, "EOF") != NULL))
        return "cut short";
    if (say != NULL && (strstr(say, "nsupported") != NULL || strstr(say, "not supported") != NULL))
        return "unknown method";
    return "damaged data";
}

/* One entry's bytes; false: nothing more can be read from this archive. */
static bool read_entry(struct glc_parse *p, struct archive *a, struct archive_entry *e,
                       struct glc_output *out)
{
    for (;;) {
        uint8_t *to = glc_output_room(out, PIECE);
        if (to == NULL) {
            p->unread(p, out->why, 0);
            return true;
        }
        la_ssize_t n = archive_read_data(a, to, PIECE);
        if (n == 0)
            return true;
        if (n < 0) {
            p->unread(p, reason(a, e), 0);
            return n != ARCHIVE_FATAL;
        }
        if (!glc_output_took(out, (size_t)n)) {
            p->unread(p, out->why, 0);
            return strcmp(out->why, "limit: ratio") == 0;
        }
    }
}

static void read_entries(struct glc_parse *p, struct archive *a)
{
    int failures = 0;
    for (;;) {
        struct archive_entry *e = NULL;
        int rc = archive_read_next_header(a, &e);
        if (rc == ARCHIVE_EOF)
            return;
        if (rc < ARCHIVE_WARN) {
            p->unread(p, reason(a, NULL), 0);
            if (rc == ARCHIVE_FATAL || ++failures > MAX_FAILURES)
                return;
            continue;
        }
        if (!glc_budget_time(p->budget)) {
            p->unread(p, "timeout", 0);
            return;
        }
        struct glc_arena_mark mark = glc_arena_mark(p->arena);
        const char *path = archive_entry_pathname(e);
        struct glc_output out;
        glc_output_init(&out, p, p->data.len);
        bool more = read_entry(p, a, e, &out);
        struct glc_child child = { .data = glc_output_span(&out),
                                   .name = path != NULL ? glc_span_str(path) : glc_span(NULL, 0),
                                   .how = archive_format_name(a) };
        if (child.how == NULL || archive_format(a) == ARCHIVE_FORMAT_RAW)
            child.how = "filter";
        if (archive_format(a) == ARCHIVE_FORMAT_RAW)
            child.name = glc_span(NULL, 0); /* "data", always */
        /* A filter that recognised nothing gives back what it got. */
        bool same = glc_span_eq(child.data, p->data);
        bool going = child.data.len == 0 || same || p->yield(p, &child);
        glc_arena_rewind(p->arena, mark);
        if (!going || !more)
            return;
    }
}

static void walk(struct glc_parse *p, enable *const *format, enable *const *filter)
{
    struct archive *a = archive_read_new();
    if (a == NULL) {
        p->unread(p, "limit: memory", 0);
        return;
    }
    for (; *format != NULL; format++)
        (void)(*format)(a);
    for (; *filter != NULL; filter++)
        (void)(*filter)(a);
    if (archive_read_open_memory(a, p->data.ptr, p->data.len) == ARCHIVE_OK)
        read_entries(p, a);
    else
        p->unread(p, reason(a, NULL), 0);
    (void)archive_read_free(a);
}

static enable *const no_filter[] = { NULL };

#define ARCHIVE(id, label, class, formats, ...)                                                              \
    static void id##_parse(struct glc_parse *p)                                                              \
    {                                                                                                        \
        static enable *const format[] = { formats, NULL };                                                   \
        walk(p, format, no_filter);                                                                          \
    }                                                                                                        \
    static const struct glc_magic id##_magic[] = { __VA_ARGS__, { 0, 0, 0, NULL } };                         \
    const struct glc_format glc_format_##id = {                                                              \
        .name = label, .cls = class, .magic = id##_magic, .parse = id##_parse                                \
    };
#define BOTH(a, b) a, b

ARCHIVE(sevenzip, "7z", GLC_CLASS_ARCHIVE, archive_read_support_format_7zip,
        { 0, 6, 95, "7z\xbc\xaf\x27\x1c" })
ARCHIVE(rar, "rar", GLC_CLASS_ARCHIVE,
        BOTH(archive_read_support_format_rar, archive_read_support_format_rar5), { 0, 6, 95, "Rar!\x1a\7" })
ARCHIVE(cab, "cab", GLC_CLASS_ARCHIVE, archive_read_support_format_cab, { 0, 8, 95, "MSCF\0\0\0\0" })
ARCHIVE(lha, "lha", GLC_CLASS_ARCHIVE, archive_read_support_format_lha, { 2, 3, 80, "-lh" },
        { 2, 3, 80, "-lz" })
ARCHIVE(ar, "ar", GLC_CLASS_ARCHIVE, archive_read_support_format_ar, { 0, 8, 90, "!<arch>\n" })
ARCHIVE(cpio, "cpio", GLC_CLASS_ARCHIVE, archive_read_support_format_cpio, { 0, 6, 90, "070701" },
        { 0, 6, 90, "070702" }, { 0, 6, 90, "070707" }, { 0, 2, 50, "\xc7\x71" }, { 0, 2, 50, "\x71\xc7" })
ARCHIVE(warc, "warc", GLC_CLASS_ARCHIVE, archive_read_support_format_warc, { 0, 5, 85, "WARC/" })

ARCHIVE(iso, "iso9660", GLC_CLASS_DISK, archive_read_support_format_iso9660, { 0x8001, 5, 80, "CD001" })

static void filter_parse(struct glc_parse *p)
{
    static enable *const raw[] = { archive_read_support_format_raw, NULL };
    static enable *const filter[] = { archive_read_support_filter_lz4, archive_read_support_filter_compress,
                                      archive_read_support_filter_rpm, archive_read_support_filter_uu, NULL };
    walk(p, raw, filter);
}

static const struct glc_magic filter_magic[] = {
    { 0, 4, 90, "\x04\x22\x4d\x18" }, /* lz4 */
    { 0, 2, 60, "\x1f\x9d" },         /* compress */
    { 0, 4, 90, "\xed\xab\xee\xdb" }, /* rpm */
    { 0, 8, 60, "begin 64" },         /* uuencode: modes 644, 640, … */
    { 0, 8, 60, "begin 75" },         { 0, 0, 0, NULL },
};
const struct glc_format glc_format_filter = {
    .name = "filter", .cls = GLC_CLASS_STREAM, .magic = filter_magic, .parse = filter_parse
};
