#include "format/ole2/ole2.h"

enum { HEADER = 512, DIFAT_IN_HEADER = 109, START = 116, SIZE = 120 };
static const uint32_t LAST_SECTOR = 0xfffffffa; /* anything from here on is no sector */

static struct glc_span sector(const struct glc_ole2_file *f, uint32_t n)
{
    return glc_span_sub(f->p->data, ((uint64_t)n + 1) << f->shift, (uint64_t)1 << f->shift);
}

/* Append the chain from `start` up to `size` bytes; a note where it ends early. */
static bool read_chain(const struct glc_ole2_file *f, uint32_t start, uint64_t size, struct glc_output *out)
{
    uint32_t n = start;
    for (size_t steps = 0; out->len < size; steps++) {
        if (n >= LAST_SECTOR || steps > f->fats) {
            if (size != UINT64_MAX)
                f->p->note(f->p, "a chain of sectors ends early or loops", 0);
            return true;
        }
        struct glc_span s = glc_span_sub(sector(f, n), 0, size - out->len);
        if (s.len == 0 || !glc_output_put(out, s))
            return s.len == 0;
        n = n < f->fats ? f->fat[n] : UINT32_MAX;
    }
    return true;
}

static bool read_mini_chain(const struct glc_ole2_file *f, uint32_t start, uint64_t size,
                            struct glc_output *out)
{
    size_t entries = f->mini_fat.len / 4;
    uint32_t n = start;
    for (size_t steps = 0; out->len < size && n < entries && steps <= entries; steps++) {
        uint64_t left = size - out->len, whole = (uint64_t)1 << f->mini_shift;
        struct glc_span s = glc_span_sub(f->mini, (uint64_t)n << f->mini_shift, left < whole ? left : whole);
        if (s.len == 0)
            return true;
        if (!glc_output_put(out, s))
            return false;
        n = glc_le32(f->mini_fat.ptr + (size_t)n * 4);
    }
    if (out->len < size)
        f->p->note(f->p, "a chain of sectors ends early or loops", 0);
    return true;
}

/* The table of chains: its sectors are listed in the header and in a chain of lists. */
static bool read_fat(struct glc_ole2_file *f)
{
    const uint8_t *h = f->p->data.ptr;
    size_t per = ((size_t)1 << f->shift) / 4, most = (f->p->data.len >> f->shift) + 1, n = 0;
    uint32_t *fat = glc_arena_array(f->p->arena, most, sizeof *fat);
    if (fat == NULL)
        return false;
    struct glc_span list = glc_span(h + 76, (size_t)DIFAT_IN_HEADER * 4);
    uint32_t next = glc_le32(h + 68);
    for (size_t lists = 0; lists <= most; lists++) {
        size_t entries = lists == 0 ? DIFAT_IN_HEADER : list.len / 4;
        entries = lists != 0 && entries == per ? per - 1 : entries;
        for (size_t i = 0; i < entries; i++) {
            uint32_t at = glc_le32(list.ptr + i * 4);
            struct glc_span s = at < LAST_SECTOR ? sector(f, at) : glc_span(NULL, 0);
            for (size_t k = 0; k + 4 <= s.len && n < most; k += 4)
                fat[n++] = glc_le32(s.ptr + k);
        }
        list = next < LAST_SECTOR ? sector(f, next) : glc_span(NULL, 0);
        if (list.len < per * 4 || n == most)
            break;
        next = glc_le32(list.ptr + (per - 1) * 4);
    }
    f->fat = fat;
    f->fats = n;
    return true;
}

/* Copy tokens and literals of one chunk ([MS-OVBA] 2.4.1.3.2 to .19); `from` is where its output begins. */
static bool vba_chunk(struct glc_span in, struct glc_output *out)
{
    size_t from = out->len;
    for (size_t i = 0; i < in.len;) {
        uint8_t flags = in.ptr[i++];
        for (unsigned bit = 0; bit < 8 && i < in.len; bit++) {
            if ((flags >> bit & 1) == 0) {
                if (!glc_output_put(out, glc_span(in.ptr + i++, 1)))
                    return false;
                continue;
            }
            size_t done = out->len - from;
            if (in.len - i < 2 || done == 0)
                return true;
            unsigned token = glc_le16(in.ptr + i), width = 4;
            i += 2;
            while (width < 12 && (size_t)1 << width < done)
                width++;
            size_t len = (token & (0xffffu >> width)) + 3, back = (token >> (16 - width)) + 1u;
            if (back > done)
                return true;
            for (; len != 0; len--) {
                uint8_t *to = glc_output_room(out, 1);
                if (to == NULL)
                    return false;
                *to = out->ptr[out->len - back];
                if (!glc_output_took(out, 1))
                    return false;
            }
        }
    }
    return true;
}

bool glc_ole2_vba(struct glc_span in, struct glc_output *out)
{
    enum { RAW_CHUNK = 4096 };
    struct glc_cursor c = glc_cursor(in);
    if (glc_cursor_u8(&c) != 1)
        return true;
    while (glc_cursor_left(&c) > 2) {
        uint16_t head = glc_cursor_u16le(&c);
        if ((head & 0x7000) != 0x3000)
            return true;
        size_t len = (head & 0xfffu) + 1u;
        struct glc_span chunk = glc_cursor_span(&c, len < glc_cursor_left(&c) ? len : glc_cursor_left(&c));
        bool good = (head & 0x8000) != 0 ? vba_chunk(chunk, out)
                                         : glc_output_put(out, glc_span_sub(chunk, 0, RAW_CHUNK));
        if (!good)
            return false;
    }
    return true;
}

/* Sources of macros begin "Attribute VB_…", which packs to a flag byte, then "Attribut" in plain. */
static bool yield_macros(struct glc_ole2_file *f, struct glc_span data, struct glc_span name)
{
    static const uint8_t mark[] = { 0, 'A', 't', 't', 'r', 'i', 'b', 'u', 't' };
    for (size_t at = 0;;) {
        size_t hit = glc_span_find(glc_span_sub(data, at, UINT64_MAX), glc_span(mark, sizeof mark));
        if (hit == SIZE_MAX)
            return true;
        at += hit + 1;
        if (at < 4 || data.ptr[at - 4] != 1)
            continue;
        struct glc_arena_mark before = glc_arena_mark(f->p->arena);
        struct glc_output out;
        glc_output_init(&out, f->p, data.len);
        if (!glc_ole2_vba(glc_span_sub(data, at - 4, UINT64_MAX), &out))
            f->p->unread(f->p, out.why, at);
        struct glc_child child = {
            .data = glc_output_span(&out), .name = name, .how = "VBA source", .packed = data.len
        };
        bool going = out.len == 0 || f->p->yield(f->p, &child);
        glc_arena_rewind(f->p->arena, before);
        if (!going)
            return false;
    }
}

uint64_t glc_ole2_size(const struct glc_ole2_file *f, const uint8_t *e)
{
    return f->wide ? glc_le64(e + SIZE) : glc_le32(e + SIZE);
}

bool glc_ole2_stream(const struct glc_ole2_file *f, const uint8_t *e, struct glc_output *out)
{
    uint32_t start = glc_le32(e + START);
    uint64_t size = glc_ole2_size(f, e);
    return size < f->mini_cutoff ? read_mini_chain(f, start, size, out) : read_chain(f, start, size, out);
}

/* The file that an object of the packager carries: size, type, label and path ended by zeros, four bytes, a
 * counted path, and the counted file ([MS-OLEDS] 2.3.6 has the frame; the packager's part is what it writes).
 */
static bool yield_package(struct glc_ole2_file *f, struct glc_span data, struct glc_span name)
{
    if (!glc_span_eq(name, glc_span_str("\1Ole10Native")))
        return true;
    struct glc_cursor c = glc_cursor(data);
    (void)glc_cursor_skip(&c, 6);
    struct glc_span label = glc_span(NULL, 0);
    for (int i = 0; i < 2 && glc_cursor_ok(&c); i++) {
        struct glc_span rest = glc_span_sub(data, c.off, UINT64_MAX);
        const uint8_t *zero = rest.len == 0 ? NULL : memchr(rest.ptr, 0, rest.len);
        if (zero == NULL)
            return true;
        if (i == 0)
            label = glc_span(rest.ptr, (size_t)(zero - rest.ptr));
        (void)glc_cursor_skip(&c, (uint64_t)(zero - rest.ptr) + 1);
    }
    (void)glc_cursor_skip(&c, 4);
    (void)glc_cursor_skip(&c, glc_cursor_u32le(&c));
    uint32_t size = glc_cursor_u32le(&c);
    if (!glc_cursor_ok(&c) || glc_cursor_left(&c) == 0)
        return true;
    struct glc_child child = { .data = glc_span_sub(data, c.off, size), .name = label, .how = "package" };
    child.packed = child.data.len;
    return child.data.len == 0 || f->p->yield(f->p, &child);
}

/* One entry of the directory; false: stop. */
static bool read_entry(struct glc_ole2_file *f, const uint8_t *e)
{
    if (e[GLC_OLE2_TYPE] != GLC_OLE2_STREAM)
        return true;
    char text[GLC_OLE2_NAME_UNITS];
    size_t n = 0, units = glc_le16(e + GLC_OLE2_NAME_LENGTH) / 2u;
    for (size_t i = 0; i < units && i < GLC_OLE2_NAME_UNITS && glc_le16(e + i * 2) != 0; i++)
        text[n++] = e[i * 2 + 1] == 0 ? (char)e[i * 2] : '?';
    struct glc_arena_mark before = glc_arena_mark(f->p->arena);
    struct glc_output out;
    glc_output_init(&out, f->p, f->p->data.len);
    if (!glc_ole2_stream(f, e, &out))
        f->p->unread(f->p, out.why, 0);
    struct glc_child child = {
        .data = glc_output_span(&out), .name = glc_span(text, n), .how = "stream", .packed = out.len
    };
    bool going = out.len == 0 || (f->p->yield(f->p, &child) && yield_macros(f, child.data, child.name) &&
                                  yield_package(f, child.data, child.name));
    glc_arena_rewind(f->p->arena, before);
    return going && glc_budget_time(f->p->budget);
}

bool glc_ole2_open(struct glc_ole2_file *f, struct glc_parse *p)
{
    const uint8_t *h = p->data.ptr;
    if (p->data.len < HEADER)
        return false;
    *f = (struct glc_ole2_file){
        .p = p, .shift = glc_le16(h + 30), .mini_shift = glc_le16(h + 32), .mini_cutoff = glc_le32(h + 56)
    };
    if (f->shift != 9 && f->shift != 12) {
        p->note(p, "a sector size that does not exist", 30);
        f->shift = glc_le16(h + 26) >= 4 ? 12 : 9;
    }
    f->wide = f->shift == 12;
    f->mini_shift = f->mini_shift >= 1 && f->mini_shift < f->shift ? f->mini_shift : 6;
    struct glc_output directory, mini, mini_fat;
    glc_output_init(&directory, p, p->data.len);
    glc_output_init(&mini, p, p->data.len);
    glc_output_init(&mini_fat, p, p->data.len);
    if (!read_fat(f) || !read_chain(f, glc_le32(h + 48), UINT64_MAX, &directory) ||
        !read_chain(f, glc_le32(h + 60), UINT64_MAX, &mini_fat)) {
        p->unread(p, "limit: memory", 0);
        return false;
    }
    for (size_t at = 0; at + GLC_OLE2_ENTRY <= directory.len; at += GLC_OLE2_ENTRY)
        if (directory.ptr[at + GLC_OLE2_TYPE] == GLC_OLE2_ROOT && mini.len == 0 &&
            !read_chain(f, glc_le32(directory.ptr + at + START), UINT64_MAX, &mini))
            p->unread(p, mini.why, 0);
    f->mini = glc_output_span(&mini);
    f->mini_fat = glc_output_span(&mini_fat);
    f->directory = glc_output_span(&directory);
    return true;
}

static void parse(struct glc_parse *p)
{
    struct glc_ole2_file f;
    if (p->data.len < HEADER) {
        p->unread(p, "cut short", p->data.len);
        return;
    }
    if (!glc_ole2_open(&f, p))
        return;
    if (f.directory.len < GLC_OLE2_ENTRY) {
        p->unread(p, "a directory that is not there", 48);
        (void)!yield_macros(&f, p->data, glc_span(NULL, 0));
        return;
    }
    for (size_t at = 0; at + GLC_OLE2_ENTRY <= f.directory.len; at += GLC_OLE2_ENTRY)
        if (!read_entry(&f, f.directory.ptr + at))
            return;
}

static const struct glc_magic magic[] = { { 0, 8, 95, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" },
                                          { 0, 0, 0, NULL } };

const struct glc_format glc_format_ole2 = {
    .name = "ole2", .cls = GLC_CLASS_OLE2, .magic = magic, .parse = parse
};
