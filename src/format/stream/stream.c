#include "format/stream/stream.h"

#include "format/unpack/unpack.h"

enum {
    ALONE = 8, /* members that are also children of their own */
    MAX_SEARCHES = 1000,
    LEAST_PROOF = 4096, /* unpacked bytes that show a stream without a magic to be one */
};

/* One kind of stream. `header`: bytes before the compressed data at the start of `s`, where a member begins
 * there; SIZE_MAX: none does. */
struct kind {
    const char *how;
    enum glc_codec codec;
    size_t (*header)(struct glc_span s, struct glc_span *name);
    struct glc_span first; /* bytes to look for behind junk; empty: no search */
    size_t trailer;        /* bytes after the compressed data that the codec does not read */
};

struct walk {
    struct glc_parse *p;
    const struct kind *kind;
    struct glc_output out;
    struct glc_span name;     /* of the first member that has one */
    size_t member[ALONE + 1]; /* where the output of each begins */
    size_t members;
};

static uint64_t zeros(struct glc_span s)
{
    size_t n = 0;
    while (n < s.len && s.ptr[n] == 0)
        n++;
    return n;
}

/* Where the next member begins at or after `from`; the file's end where none does. */
static uint64_t next_member(const struct walk *w, uint64_t from)
{
    struct glc_span none;
    struct glc_span first = w->kind->first;
    for (int i = 0; first.len != 0 && i < MAX_SEARCHES; i++) {
        size_t hit = glc_span_find(glc_span_sub(w->p->data, from, UINT64_MAX), first);
        if (hit == SIZE_MAX)
            break;
        from += hit;
        if (w->kind->header(glc_span_sub(w->p->data, from, UINT64_MAX), &none) != SIZE_MAX)
            return from;
        from++;
    }
    return w->p->data.len;
}

/* One member at `at`, whose data is behind `header` bytes. The offset to go on from; SIZE_MAX: stop. */
static uint64_t read_member(struct walk *w, uint64_t at, size_t header)
{
    struct glc_parse *p = w->p;
    struct glc_span in = glc_span_sub(p->data, at + header, UINT64_MAX);
    uint64_t expect = 0;
    if (w->kind->trailer != 0 && w->members == 0 && in.len >= 4)
        expect = glc_le32(in.ptr + in.len - 4); /* right where this member is the only one */
    if (w->members <= ALONE)
        w->member[w->members] = w->out.len;
    w->members++;
    struct glc_unpacked u = glc_unpack(&w->out, w->kind->codec, in, expect);
    const char *why = glc_unpack_reason(&w->out, u.end);
    /* Thirteen bytes without a magic may be anything's: bytes that do not unpack were not of this format. */
    bool ours = w->kind->first.len != 0 || w->out.len >= LEAST_PROOF;
    if (why != NULL && ours)
        p->unread(p, why, at + header + u.used);
    if (u.end == GLC_UNPACK_END)
        return at + header + u.used + w->kind->trailer;
    if (u.end == GLC_UNPACK_DAMAGED)
        return next_member(w, at + (header != 0 ? header : 1));
    return UINT64_MAX;
}

static bool yield(struct walk *w, struct glc_span data, const char *how)
{
    struct glc_child child = { .data = data, .name = w->name, .how = how, .packed = w->p->data.len };
    return data.len == 0 || w->p->yield(w->p, &child);
}

static void yield_all(struct walk *w)
{
    struct glc_span all = glc_output_span(&w->out);
    if (!yield(w, all, w->kind->how) || w->members < 2 || w->members > ALONE)
        return;
    w->member[w->members] = all.len;
    for (size_t i = 0; i < w->members; i++)
        if (!yield(w, glc_span_sub(all, w->member[i], w->member[i + 1] - w->member[i]), "one member"))
            return;
}

static void walk(struct glc_parse *p, const struct kind *kind)
{
    struct walk w = { .p = p, .kind = kind };
    glc_output_init(&w.out, p, p->data.len);
    uint64_t at = 0;
    while (at < p->data.len) {
        struct glc_span rest = glc_span_sub(p->data, at, UINT64_MAX), name = { 0 };
        size_t header = kind->header(rest, &name);
        if (header != SIZE_MAX) {
            if (w.name.len == 0)
                w.name = name;
            at = read_member(&w, at, header);
            continue;
        }
        uint64_t padding = zeros(rest);
        if (padding != 0) {
            at += padding;
            continue;
        }
        uint64_t next = next_member(&w, at);
        p->note(p, "data that belongs to no member", at);
        if (at != 0 && !yield(&w, glc_span_sub(p->data, at, next - at), "trailing data"))
            return;
        at = next;
    }
    yield_all(&w);
}

/* RFC 1952 2.3. */
static size_t gzip_header(struct glc_span s, struct glc_span *name)
{
    enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16 };
    struct glc_cursor c = glc_cursor(s);
    if (glc_cursor_u16be(&c) != 0x1f8b || glc_cursor_u8(&c) != 8)
        return SIZE_MAX;
    uint8_t flags = glc_cursor_u8(&c);
    (void)glc_cursor_skip(&c, 6);
    if ((flags & FEXTRA) != 0)
        (void)glc_cursor_skip(&c, glc_cursor_u16le(&c));
    if ((flags & FNAME) != 0)
        *name = glc_cursor_cstr(&c, SIZE_MAX - 1);
    if ((flags & FCOMMENT) != 0)
        (void)glc_cursor_cstr(&c, SIZE_MAX - 1);
    if ((flags & FHCRC) != 0)
        (void)glc_cursor_skip(&c, 2);
    return glc_cursor_ok(&c) ? c.off : SIZE_MAX;
}

static size_t bzip2_header(struct glc_span s, struct glc_span *name)
{
    (void)name;
    bool block = s.len >= 10 && memcmp(s.ptr + 4, "\x31\x41\x59\x26\x53\x59", 6) == 0;
    bool end = s.len >= 10 && memcmp(s.ptr + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0;
    return s.len >= 4 && memcmp(s.ptr, "BZh", 3) == 0 && s.ptr[3] >= '1' && s.ptr[3] <= '9' &&
                   (block || end || s.len < 10)
               ? 0
               : SIZE_MAX;
}

static size_t xz_header(struct glc_span s, struct glc_span *name)
{
    (void)name;
    return s.len >= 6 && memcmp(s.ptr,
                                "\xfd"
                                "7zXZ",
                                6) == 0
               ? 0
               : SIZE_MAX;
}

/* No magic: properties below 225, a dictionary of 2^n or 2^n + 2^(n-1), a size that is unknown or below 256
 * GiB. */
static size_t lzma_header(struct glc_span s, struct glc_span *name)
{
    (void)name;
    struct glc_cursor c = glc_cursor(s);
    uint8_t properties = glc_cursor_u8(&c);
    uint32_t dictionary = glc_cursor_u32le(&c);
    uint64_t size = glc_cursor_u64le(&c);
    uint8_t first = glc_cursor_u8(&c);
    if (!glc_cursor_ok(&c) || properties >= 225 || dictionary == 0 || first != 0 ||
        (size != UINT64_MAX && size >> 38 != 0))
        return SIZE_MAX;
    uint32_t low = dictionary & -dictionary, rest = dictionary & (dictionary - 1);
    bool usual = dictionary == UINT32_MAX || rest == 0 || (rest == low << 1);
    return usual && dictionary >= 4096 ? 0 : SIZE_MAX;
}

static size_t lzip_header(struct glc_span s, struct glc_span *name)
{
    (void)name;
    return s.len >= 6 && memcmp(s.ptr, "LZIP", 4) == 0 && s.ptr[4] <= 1 ? 0 : SIZE_MAX;
}

/* Frames and skippable frames: RFC 8878 3.1. */
static size_t zstd_header(struct glc_span s, struct glc_span *name)
{
    (void)name;
    uint32_t magic = s.len >= 4 ? glc_le32(s.ptr) : 0;
    return magic == 0xfd2fb528 || (magic & 0xfffffff0) == 0x184d2a50 ? 0 : SIZE_MAX;
}

#define FIRST(literal)                                                                                       \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }
#define STREAM(id, label, codec, first, trailer, ...)                                                        \
    static void id##_parse(struct glc_parse *p)                                                              \
    {                                                                                                        \
        static const struct kind kind = { label, codec, id##_header, first, trailer };                       \
        walk(p, &kind);                                                                                      \
    }                                                                                                        \
    static int id##_bid(struct glc_span prefix, uint64_t size)                                               \
    {                                                                                                        \
        struct glc_span name;                                                                                \
        (void)size;                                                                                          \
        return id##_header(prefix, &name) != SIZE_MAX ? (__VA_ARGS__) : 0;                                   \
    }                                                                                                        \
    const struct glc_format glc_format_##id = {                                                              \
        .name = label, .cls = GLC_CLASS_STREAM, .bid = id##_bid, .parse = id##_parse                         \
    };

STREAM(bzip2, "bzip2", GLC_CODEC_BZIP2, FIRST("BZh"), 0, 90)
STREAM(xz, "xz", GLC_CODEC_XZ,
       FIRST("\xfd"
             "7zXZ\0"),
       0, 95)
STREAM(lzma, "lzma", GLC_CODEC_LZMA, FIRST(""), 0, prefix.ptr[0] == 0x5d ? 60 : 20)
STREAM(lzip, "lzip", GLC_CODEC_LZIP, FIRST("LZIP"), 0, 90)
STREAM(zstd, "zstd", GLC_CODEC_ZSTD, FIRST("\x28\xb5\x2f\xfd"), 0, 90)

static void gzip_parse(struct glc_parse *p)
{
    static const struct kind kind = { "gzip", GLC_CODEC_DEFLATE, gzip_header, FIRST("\x1f\x8b\x08"), 8 };
    walk(p, &kind);
}

/* The whole header may be longer than the prefix. */
static const struct glc_magic gzip_magic[] = { { 0, 3, 90, "\x1f\x8b\x08" }, { 0, 0, 0, NULL } };
const struct glc_format glc_format_gzip = {
    .name = "gzip", .cls = GLC_CLASS_STREAM, .magic = gzip_magic, .parse = gzip_parse
};
