#include "format/zip/zip_list.h"

#include "format/unpack/unpack.h"

enum { END_RECORD = 22, CENTRAL = 46, LOCAL = 30, FARTHEST = END_RECORD + 0xffff };
#define LOCAL_MAGIC   0x04034b50u
#define CENTRAL_MAGIC 0x02014b50u
#define END_MAGIC     0x06054b50u

/* The last end record whose comment fits. */
static size_t find_end(struct glc_span data)
{
    if (data.len < END_RECORD)
        return SIZE_MAX;
    for (size_t at = data.len - END_RECORD, n = 0; n <= FARTHEST; at--, n++) {
        if (glc_le32(data.ptr + at) == END_MAGIC &&
            glc_le16(data.ptr + at + 20) <= data.len - at - END_RECORD)
            return at;
        if (at == 0)
            break;
    }
    return SIZE_MAX;
}

static bool read_central(struct glc_cursor *c, struct glc_zip_entry *e)
{
    if (glc_cursor_u32le(c) != CENTRAL_MAGIC)
        return false;
    e->made_by = glc_cursor_u16le(c);
    e->needed = glc_cursor_u16le(c);
    e->flags = glc_cursor_u16le(c);
    e->method = glc_cursor_u16le(c);
    e->time = glc_cursor_u16le(c);
    e->date = glc_cursor_u16le(c);
    e->crc = glc_cursor_u32le(c);
    e->packed = glc_cursor_u32le(c);
    e->size = glc_cursor_u32le(c);
    uint16_t name = glc_cursor_u16le(c), extra = glc_cursor_u16le(c), comment = glc_cursor_u16le(c);
    (void)glc_cursor_skip(c, 8); /* disk, attributes */
    e->local = glc_cursor_u32le(c);
    e->name = glc_cursor_span(c, name);
    bool whole = glc_cursor_ok(c);
    (void)glc_cursor_skip(c, (uint64_t)extra + comment);
    return whole;
}

bool glc_zip_list(struct glc_span data, struct glc_arena *arena, struct glc_zip_list *out)
{
    size_t at = find_end(data);
    if (at == SIZE_MAX)
        return false;
    const uint8_t *end = data.ptr + at;
    struct glc_zip_list zip = { .data = data,
                                .on_disk = glc_le16(end + 8),
                                .total = glc_le16(end + 10),
                                .dir_size = glc_le32(end + 12),
                                .dir_offset = glc_le32(end + 16),
                                .comment = glc_span_sub(data, at + END_RECORD, glc_le16(end + 20)) };
    uint64_t before = (uint64_t)zip.dir_size + zip.dir_offset;
    zip.base = before <= at ? at - before : 0;
    struct glc_cursor c = glc_cursor(glc_span_sub(data, 0, at));
    (void)glc_cursor_seek(&c, zip.base + zip.dir_offset);
    size_t n = 0;
    struct glc_zip_entry *entry = NULL;
    while (glc_cursor_left(&c) >= CENTRAL && n < zip.total) {
        struct glc_zip_entry e = { 0 };
        if (!read_central(&c, &e))
            break;
        struct glc_zip_entry *to = glc_arena_push(arena, &entry, &n, sizeof *entry);
        if (to == NULL)
            return false;
        *to = e;
    }
    zip.entry = entry;
    zip.entries = n;
    *out = zip;
    return true;
}

const struct glc_zip_entry *glc_zip_find(const struct glc_zip_list *zip, const char *name)
{
    for (size_t i = 0; i < zip->entries; i++)
        if (glc_span_is(zip->entry[i].name, name))
            return &zip->entry[i];
    return NULL;
}

struct glc_span glc_zip_read(const struct glc_zip_list *zip, const struct glc_zip_entry *e,
                             struct glc_arena *arena, uint64_t most)
{
    enum { STORED = 0, DEFLATED = 8, ENCRYPTED = 1 };
    struct glc_span none = { 0 };
    struct glc_cursor c = glc_cursor(zip->data);
    (void)glc_cursor_seek(&c, zip->base + e->local);
    struct glc_span head = glc_cursor_span(&c, LOCAL);
    if (!glc_cursor_ok(&c) || glc_le32(head.ptr) != LOCAL_MAGIC || (e->flags & ENCRYPTED) != 0)
        return none;
    (void)glc_cursor_skip(&c, (uint64_t)glc_le16(head.ptr + 26) + glc_le16(head.ptr + 28));
    uint64_t left = glc_cursor_left(&c);
    struct glc_span packed = glc_cursor_span(&c, e->packed < left ? e->packed : left);
    if (e->method == STORED)
        return glc_span_sub(packed, 0, most);
    if (e->method != DEFLATED)
        return none;
    struct glc_budget budget;
    glc_budget_init(&budget);
    budget.bytes = most;
    struct glc_parse parse = { .data = zip->data, .budget = &budget, .arena = arena };
    struct glc_output plain;
    glc_output_init(&plain, &parse, packed.len);
    (void)glc_unpack(&plain, GLC_CODEC_DEFLATE, packed, 0);
    return glc_span_sub(glc_output_span(&plain), 0, most);
}
