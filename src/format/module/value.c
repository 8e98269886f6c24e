#include "format/module/value.h"

#include "base/cursor.h"
#include "base/hex.h"

struct glc_value *glc_value_members(struct glc_arena *a, const struct glc_field *fields)
{
    uint32_t n = glc_fields_count(fields);
    struct glc_value *member = glc_arena_array(a, n, sizeof *member);
    for (uint32_t i = 0; member != NULL && i < n; i++)
        member[i].type = fields[i].type;
    return member;
}

bool glc_values_add(struct glc_arena *a, struct glc_values *to, struct glc_value v)
{
    struct glc_value *at = to->n < UINT32_MAX ? glc_arena_push(a, &to->item, &to->n, sizeof *at) : NULL;
    if (at == NULL)
        return false;
    *at = v;
    return true;
}

struct glc_value *glc_values_add_struct(struct glc_arena *a, struct glc_values *to,
                                        const struct glc_field *fields)
{
    struct glc_value *member = glc_value_members(a, fields);
    return member != NULL && glc_values_add(a, to, glc_value_struct(member)) ? member : NULL;
}

bool glc_value_range(const struct glc_module_ctx *ctx, const struct glc_value *args, struct glc_span *out)
{
    int64_t off = args[0].u.integer, len = args[1].u.integer;
    if (off < 0 || len < 0 || (uint64_t)off >= ctx->data.len)
        return false;
    *out = glc_span_sub(ctx->data, (uint64_t)off, (uint64_t)len);
    return true;
}

char *glc_value_hex(struct glc_arena *a, struct glc_span s)
{
    char *text = glc_arena_alloc(a, 2 * s.len + 1);
    if (text != NULL)
        glc_hex_encode(s, text);
    return text;
}

/* At most 4 bytes. */
static size_t put_utf8(uint32_t c, char *to)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xc0 | c >> 6);
        to[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xe0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 63));
        to[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    to[0] = (char)(0xf0 | c >> 18);
    to[1] = (char)(0x80 | (c >> 12 & 63));
    to[2] = (char)(0x80 | (c >> 6 & 63));
    to[3] = (char)(0x80 | (c & 63));
    return 4;
}

struct glc_value glc_value_utf16(struct glc_arena *a, struct glc_span s)
{
    size_t units = s.len / 2, n = 0;
    char *text = glc_arena_array(a, units + 1, 3);
    if (text == NULL)
        return glc_value_undefined(GLC_T_STRING);
    for (size_t i = 0; i < units; i++) {
        uint32_t c = glc_le16(s.ptr + 2 * i);
        if (c == 0)
            break;
        if (c >= 0xd800 && c < 0xdc00 && i + 1 < units) {
            uint32_t low = glc_le16(s.ptr + 2 * i + 2);
            if (low >= 0xdc00 && low < 0xe000) {
                n += put_utf8(0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00), text + n);
                i++;
                continue;
            }
        }
        n += put_utf8(c >= 0xd800 && c < 0xe000 ? 0xfffd : c, text + n);
    }
    return glc_value_str(glc_span(text, n));
}

struct glc_value glc_value_ansi(struct glc_arena *a, struct glc_span s)
{
    /* 0x80 to 0x9f; the rest is Latin-1. */
    static const uint16_t high[32] = {
        0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
    };
    size_t n = 0;
    char *text = glc_arena_array(a, s.len + 1, 3);
    if (text == NULL)
        return glc_value_undefined(GLC_T_STRING);
    for (size_t i = 0; i < s.len && s.ptr[i] != 0; i++) {
        uint8_t c = s.ptr[i];
        n += put_utf8(c >= 0x80 && c < 0xa0 ? high[c - 0x80] : c, text + n);
    }
    return glc_value_str(glc_span(text, n));
}

struct glc_value glc_value_guid(struct glc_arena *a, const uint8_t *p)
{
    return glc_value_cstr(glc_arena_printf(a, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", glc_le32(p),
                                           glc_le16(p + 4), glc_le16(p + 6), p[8], p[9], p[10], p[11], p[12],
                                           p[13], p[14], p[15]));
}

struct glc_value glc_value_filetime(uint64_t t)
{
    static const int64_t EPOCH = 11644473600; /* from 1601 to 1970 */
    return t == 0 ? glc_value_undefined(GLC_T_INT) : glc_value_int((int64_t)(t / 10000000) - EPOCH);
}
