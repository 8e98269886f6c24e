/* The formats and filters that libarchive reads, from memory.
 *
 * One call of it can be long: it reads on over what an entry left, over tables, over junk that it takes for a
 * beginning. So it gets the bytes in pieces, and where the file's time or bytes are used up it gets an error
 * instead, whatever it was doing. Some of its readers take an error for the end of the archive: what ended
 * the reading is told by us, not by them. */
#define _GNU_SOURCE /* memmem() */
#include "format/libarchive/libarchive.h"

#include "base/hex.h"
#include "format/unpack/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>

enum {
    PIECE = 64 * 1024,
    INPUT = 16 * 1024, /* what it gets at once: LZMA makes 100 MiB of so much, before we are asked again */
    MAX_FAILURES = 16
};

typedef int enable(struct archive *a); /* archive_read_support_format_x */

struct input {
    struct glc_parse *p;
    struct glc_span data;
    size_t at;
    uint64_t given; /* bytes handed out; those beyond the data's length, read again, count as unpacked ones */
    const char *why; /* the limit that ended the reading, as a reason for `unread`; NULL: none */
};

static bool may_go_on(struct input *in)
{
    if (in->why == NULL && !glc_budget_time(in->p->budget))
        in->why = "timeout";
    return in->why == NULL;
}

static la_ssize_t on_read(struct archive *a, void *to, const void **bytes)
{
    struct input *in = to;
    struct glc_span s = glc_span_sub(in->data, in->at, INPUT);
    in->given += s.len;
    uint64_t again = in->given > in->data.len ? in->given - in->data.len : 0;
    if (may_go_on(in) && !glc_budget_bytes(in->p->budget, again < s.len ? again : s.len))
        in->why = "limit: bytes";
    if (in->why != NULL) {
        archive_set_error(a, EIO, "%s", in->why);
        return ARCHIVE_FATAL;
    }
    in->at += s.len;
    *bytes = s.ptr;
    return (la_ssize_t)s.len;
}

static la_int64_t on_skip(struct archive *a, void *to, la_int64_t n)
{
    (void)a;
    struct input *in = to;
    uint64_t left = in->data.len - in->at, by = n < 0 ? 0 : (uint64_t)n < left ? (uint64_t)n : left;
    in->at += by;
    return (la_int64_t)by;
}

static la_int64_t on_seek(struct archive *a, void *to, la_int64_t by, int whence)
{
    struct input *in = to;
    int64_t from = whence == SEEK_END ? (int64_t)in->data.len : whence == SEEK_CUR ? (int64_t)in->at : 0, at;
    if (!may_go_on(in) || __builtin_add_overflow(from, by, &at) || at < 0) {
        archive_set_error(a, EIO, "%s", in->why != NULL ? in->why : "seek before the start");
        return ARCHIVE_FATAL;
    }
    in->at = (uint64_t)at < in->data.len ? (size_t)at : in->data.len;
    return (la_int64_t)in->at;
}

static bool encrypted(struct archive *a, struct archive_entry *e)
{
    if (e != NULL && (archive_entry_is_data_encrypted(e) != 0 || archive_entry_is_metadata_encrypted(e) != 0))
        return true;
    const char *say = archive_error_string(a);
    return say != NULL && (strstr(say, "ncrypt") != NULL || strstr(say, "assphrase") != NULL);
}

/* What ended our giving is said once, at the end. */
static void unread(struct input *in, const char *reason)
{
    if (in->why == NULL)
        in->p->unread(in->p, reason, 0);
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
static bool read_entry(struct input *in, struct archive *a, struct archive_entry *e, struct glc_output *out)
{
    for (;;) {
        uint8_t *to = glc_output_room(out, PIECE);
        if (to == NULL) {
            unread(in, out->why);
            return true;
        }
        la_ssize_t n = archive_read_data(a, to, PIECE);
        if (n == 0)
            return true;
        if (n < 0) {
            unread(in, reason(a, e));
            return n != ARCHIVE_FATAL;
        }
        if (!glc_output_took(out, (size_t)n)) {
            unread(in, out->why);
            return strcmp(out->why, "limit: ratio") == 0;
        }
    }
}

static void read_entries(struct input *in, struct archive *a)
{
    struct glc_parse *p = in->p;
    int failures = 0;
    for (;;) {
        struct archive_entry *e = NULL;
        int rc = archive_read_next_header(a, &e);
        if (rc == ARCHIVE_EOF)
            return;
        if (rc < ARCHIVE_WARN) {
            unread(in, reason(a, NULL));
            if (rc == ARCHIVE_FATAL || ++failures > MAX_FAILURES)
                return;
            continue;
        }
        if (!may_go_on(in))
            return;
        struct glc_arena_mark mark = glc_arena_mark(p->arena);
        const char *path = archive_entry_pathname(e);
        struct glc_output out;
        glc_output_init(&out, p, p->data.len);
        bool more = read_entry(in, a, e, &out);
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

static void walk(struct glc_parse *p, struct glc_span data, enable *const *format, enable *const *filter)
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
    struct input in = { .p = p, .data = data };
    (void)archive_read_set_read_callback(a, on_read);
    (void)archive_read_set_skip_callback(a, on_skip);
    (void)archive_read_set_seek_callback(a, on_seek);
    (void)archive_read_set_callback_data(a, &in);
    if (archive_read_open1(a) == ARCHIVE_OK)
        read_entries(&in, a);
    else
        unread(&in, reason(a, NULL));
    (void)archive_read_free(a);
    if (in.why != NULL)
        p->unread(p, in.why, 0);
}

static enable *const no_filter[] = { NULL };

#define ARCHIVE(id, label, class, formats, ...)                                                              \
    static void id##_parse(struct glc_parse *p)                                                              \
    {                                                                                                        \
        static enable *const format[] = { formats, NULL };                                                   \
        walk(p, p->data, format, no_filter);                                                                 \
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
/* Where a cpio header stands whose name would be longer than the file, or the file's length: libarchive takes
 * memory for a name before it looks (4 GB, from 110 bytes). Only the headers with hexadecimal numbers can say
 * so much. */
static size_t sound(struct glc_span s)
{
    enum { HEADER = 110, NAME_SIZE = 94, DIGITS = 8, SMALL = 1 << 20 };
    for (size_t at = 0; s.len - at >= HEADER; at++) {
        const uint8_t *p = memmem(s.ptr + at, s.len - at, "07070", 5);
        if (p == NULL)
            break;
        at = (size_t)(p - s.ptr);
        if (s.len - at < HEADER)
            break;
        uint32_t size = 0;
        for (int i = 0, digit; i < DIGITS && (digit = glc_hex_digit(p[NAME_SIZE + i])) >= 0; i++)
            size = size << 4 | (uint32_t)digit;
        if ((p[5] == '1' || p[5] == '2') && size > SMALL && size > s.len - at - HEADER)
            return at;
    }
    return s.len;
}

static void cpio_parse(struct glc_parse *p)
{
    static enable *const format[] = { archive_read_support_format_cpio, NULL };
    size_t len = sound(p->data);
    walk(p, glc_span_sub(p->data, 0, len), format, no_filter);
    if (len != p->data.len)
        p->unread(p, "damaged data", 0);
}

static const struct glc_magic cpio_magic[] = {
    { 0, 6, 90, "070701" },   { 0, 6, 90, "070702" },   { 0, 6, 90, "070707" },
    { 0, 2, 50, "\xc7\x71" }, { 0, 2, 50, "\x71\xc7" }, { 0, 0, 0, NULL },
};
const struct glc_format glc_format_cpio = {
    .name = "cpio", .cls = GLC_CLASS_ARCHIVE, .magic = cpio_magic, .parse = cpio_parse
};

ARCHIVE(warc, "warc", GLC_CLASS_ARCHIVE, archive_read_support_format_warc, { 0, 5, 85, "WARC/" })

ARCHIVE(iso, "iso9660", GLC_CLASS_DISK, archive_read_support_format_iso9660, { 0x8001, 5, 80, "CD001" })

static void filter_parse(struct glc_parse *p)
{
    static enable *const raw[] = { archive_read_support_format_raw, NULL };
    static enable *const filter[] = { archive_read_support_filter_lz4, archive_read_support_filter_compress,
                                      archive_read_support_filter_rpm, archive_read_support_filter_uu, NULL };
    walk(p, p->data, raw, filter);
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
