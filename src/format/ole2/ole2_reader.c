#include "format/ole2/ole2_reader.h"

enum { MOST_BYTES = 128 << 20 };

static void no_note(struct glc_parse *p, const char *text, uint64_t off)
{
    (void)p, (void)text, (void)off;
}

bool ole2_open(struct ole2_reader *r, struct glc_span data, struct glc_arena *a)
{
    static const uint8_t magic[] = { 0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1 };
    if (data.len < sizeof magic || memcmp(data.ptr, magic, sizeof magic) != 0)
        return false;
    glc_budget_init(&r->budget);
    r->budget.bytes = MOST_BYTES;
    r->parse = (struct glc_parse){
        .data = data, .arena = a, .budget = &r->budget, .note = no_note, .unread = no_note
    };
    return glc_ole2_open(&r->file, &r->parse);
}

size_t ole2_entries(const struct ole2_reader *r)
{
    return r->file.directory.len / GLC_OLE2_ENTRY;
}

const uint8_t *ole2_entry(const struct ole2_reader *r, size_t i)
{
    return r->file.directory.ptr + i * GLC_OLE2_ENTRY;
}

struct glc_span ole2_name(const uint8_t *entry)
{
    size_t units = glc_le16(entry + GLC_OLE2_NAME_LENGTH) / 2u;
    units = units < GLC_OLE2_NAME_UNITS ? units : GLC_OLE2_NAME_UNITS;
    for (size_t i = 0; i < units; i++)
        if (glc_le16(entry + 2 * i) == 0)
            units = i;
    return glc_span(entry, 2 * units);
}

const uint8_t *ole2_find(const struct ole2_reader *r, struct glc_span name)
{
    for (size_t i = 0; i < ole2_entries(r); i++) {
        const uint8_t *e = ole2_entry(r, i);
        struct glc_span has = ole2_name(e);
        bool same = e[GLC_OLE2_TYPE] == GLC_OLE2_STREAM && has.len == 2 * name.len;
        for (size_t k = 0; same && k < name.len; k++)
            same = has.ptr[2 * k + 1] == 0 && glc_ascii_lower(has.ptr[2 * k]) == glc_ascii_lower(name.ptr[k]);
        if (same)
            return e;
    }
    return NULL;
}

struct glc_span ole2_read(struct ole2_reader *r, const uint8_t *entry)
{
    struct glc_output out;
    if (entry == NULL)
        return glc_span(NULL, 0);
    glc_output_init(&out, &r->parse, r->parse.data.len);
    (void)!glc_ole2_stream(&r->file, entry, &out); /* what came out before a limit is read */
    return glc_output_span(&out);
}
