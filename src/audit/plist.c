/* Property lists. Binary ("bplist00"): a trailer of 32 bytes {…, offset size at 6, reference size at 7, be64
 * objects, top, table}; object markers 0x5n ASCII and 0x6n UTF-16BE strings, 0xDn dictionaries as key
 * references, then value references; n of 15 is followed by an integer object with the count. Only the
 * dictionaries' direct string members are looked at, so nothing recurses. XML: <key>K</key> then
 * <string>V</string>. */
#include "audit/plist.h"

enum { MAX_OBJECTS = 1 << 20, MAX_TEXT = 4096 };

struct bplist {
    struct glc_span all;
    uint8_t offset_size, ref_size;
    uint64_t objects, table;
};

static uint64_t number(struct glc_cursor *c, uint8_t size)
{
    uint64_t v = 0;
    if (size == 0 || size > 8)
        glc_cursor_fail(c, GLC_CORRUPT, "a property list's number size");
    for (uint8_t i = 0; i < size; i++)
        v = v << 8 | glc_cursor_u8(c);
    return v;
}

/* A cursor at the object `ref`, its marker read. */
static struct glc_cursor object(const struct bplist *p, uint64_t ref, uint8_t *kind, uint64_t *count)
{
    struct glc_cursor c = glc_cursor(p->all);
    if (ref >= p->objects)
        glc_cursor_fail(&c, GLC_CORRUPT, "a property list refers to no object");
    glc_cursor_seek(&c, p->table + ref * p->offset_size);
    glc_cursor_seek(&c, number(&c, p->offset_size));
    uint8_t marker = glc_cursor_u8(&c);
    *kind = marker >> 4;
    *count = marker & 15;
    if (*count == 15 && *kind >= 4) {
        uint8_t n = glc_cursor_u8(&c);
        if (n >> 4 != 1 || (n & 15) > 3)
            glc_cursor_fail(&c, GLC_CORRUPT, "a property list's count is not a number");
        *count = number(&c, (uint8_t)(1 << (n & 3)));
    }
    return c;
}

static bool string_object(const struct bplist *p, uint64_t ref, struct glc_buf *out)
{
    uint8_t kind;
    uint64_t n;
    struct glc_cursor c = object(p, ref, &kind, &n);
    if (!glc_cursor_ok(&c) || (kind != 5 && kind != 6) || n > MAX_TEXT)
        return false;
    struct glc_span s = glc_cursor_span(&c, kind == 6 ? n * 2 : n);
    out->len = 0;
    for (size_t i = 0; i < s.len; i += kind == 6 ? 2 : 1) {
        uint16_t u = kind == 6 ? glc_be16(s.ptr + i) : s.ptr[i];
        glc_buf_u8(out, u < 0x80 && u != 0 ? (uint8_t)u : '?'); /* identifiers are ASCII */
    }
    glc_buf_u8(out, 0);
    return glc_cursor_ok(&c) && !out->failed;
}

static enum glc_err binary(struct glc_span all, const char *key, struct glc_buf *out)
{
    if (all.len < 40)
        return GLC_CORRUPT;
    struct glc_cursor t = glc_cursor(glc_span_sub(all, all.len - 32, 32));
    struct bplist p = { .all = all };
    glc_cursor_skip(&t, 6);
    p.offset_size = glc_cursor_u8(&t);
    p.ref_size = glc_cursor_u8(&t);
    p.objects = glc_cursor_u64be(&t);
    (void)glc_cursor_u64be(&t);
    p.table = glc_cursor_u64be(&t);
    if (p.objects > MAX_OBJECTS || p.table > all.len || p.offset_size == 0 || p.offset_size > 8)
        return GLC_CORRUPT;
    uint64_t work = MAX_OBJECTS;
    for (uint64_t i = 0; i < p.objects; i++) {
        uint8_t kind;
        uint64_t n;
        struct glc_cursor d = object(&p, i, &kind, &n);
        if (!glc_cursor_ok(&d))
            return GLC_CORRUPT;
        if (kind != 13 || n > work || n > glc_cursor_left(&d))
            continue;
        work -= n;
        struct glc_cursor values = d;
        if (n != 0 && !glc_cursor_skip(&values, n * p.ref_size))
            return GLC_CORRUPT;
        for (uint64_t k = 0; k < n; k++) {
            uint64_t name = number(&d, p.ref_size), value = number(&values, p.ref_size);
            if (!glc_cursor_ok(&d) || !glc_cursor_ok(&values))
                return GLC_CORRUPT;
            if (string_object(&p, name, out) && strcmp((const char *)out->ptr, key) == 0 &&
                string_object(&p, value, out))
                return GLC_OK;
        }
    }
    out->len = 0;
    return glc_buf_u8(out, 0) ? GLC_OK : GLC_NOMEM;
}

static enum glc_err xml(struct glc_span all, const char *key, struct glc_buf *out)
{
    out->len = 0;
    for (;;) {
        size_t at = glc_span_find(all, glc_span_str("<key>"));
        if (at == SIZE_MAX)
            break;
        all = glc_span_sub(all, at + 5, all.len);
        size_t end = glc_span_find(all, glc_span_str("</key>"));
        if (end == SIZE_MAX)
            return GLC_CORRUPT;
        bool is = glc_span_is(glc_span(all.ptr, end), key);
        all = glc_span_sub(all, end + 6, all.len);
        while (all.len != 0 &&
               (all.ptr[0] == ' ' || all.ptr[0] == '\n' || all.ptr[0] == '\r' || all.ptr[0] == '\t'))
            all = glc_span_sub(all, 1, all.len);
        if (!is || !glc_span_starts(all, glc_span_str("<string>")))
            continue;
        all = glc_span_sub(all, 8, all.len);
        end = glc_span_find(all, glc_span_str("</string>"));
        if (end == SIZE_MAX)
            return GLC_CORRUPT;
        glc_buf_put(out, all.ptr, end < MAX_TEXT ? end : MAX_TEXT);
        break;
    }
    return glc_buf_u8(out, 0) ? GLC_OK : GLC_NOMEM;
}

enum glc_err glc_plist_string(struct glc_span plist, const char *key, struct glc_buf *out)
{
    if (glc_span_starts(plist, glc_span_str("bplist00")))
        return binary(plist, key, out);
    if (glc_span_find(glc_span_sub(plist, 0, 512), glc_span_str("<plist")) != SIZE_MAX)
        return xml(plist, key, out);
    return GLC_UNSUPPORTED;
}
