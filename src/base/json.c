#include "base/json.h"

#include "base/cursor.h"
#include "base/hex.h"

#include <math.h>
#include <stdio.h>

void glc_json_init(struct glc_json *j, struct glc_buf *out)
{
    *j = (struct glc_json){ .out = out };
}

static void separate(struct glc_json *j)
{
    if (j->comma)
        glc_buf_u8(j->out, ',');
    j->comma = true;
}

static void open_with(struct glc_json *j, char c)
{
    separate(j);
    glc_buf_u8(j->out, (uint8_t)c);
    j->comma = false;
}

static void close_with(struct glc_json *j, char c)
{
    glc_buf_u8(j->out, (uint8_t)c);
    j->comma = true;
}

void glc_json_object(struct glc_json *j)
{
    open_with(j, '{');
}

void glc_json_object_end(struct glc_json *j)
{
    close_with(j, '}');
}

void glc_json_array(struct glc_json *j)
{
    open_with(j, '[');
}

void glc_json_array_end(struct glc_json *j)
{
    close_with(j, ']');
}

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
size_t glc_utf8_len(struct glc_span s)
{
    if (s.len == 0)
        return 0;
    uint8_t c = s.ptr[0];
    if (c < 0x80)
        return 1;
    size_t n = c >= 0xc2 && c <= 0xdf ? 2 : (c & 0xf0) == 0xe0 ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
    if (n == 0 || n > s.len)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s.ptr[i] & 0xc0) != 0x80)
            return 0;
    uint8_t d = s.ptr[1];
    if ((c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f) || (c == 0xf0 && d < 0x90) ||
        (c == 0xf4 && d > 0x8f))
        return 0;
    return n;
}

/* Does one of eight bytes not mean itself? 0x80 in those (and perhaps in one behind such a one). */
static uint64_t odd(uint64_t w)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t quote = w ^ ones * '"', back = w ^ ones * '\\', del = w ^ ones * 0x7f;
    return (w | (w - ones * 0x20) | (quote - ones) | (back - ones) | (del - ones)) & ones * 0x80;
}

/* Bytes from the beginning of `s` that mean themselves: most are, and go over in one piece. */
static size_t plain(struct glc_span s)
{
    size_t n = 0;
    while (s.len - n >= 8 && odd(glc_le64(s.ptr + n)) == 0)
        n += 8;
    while (n < s.len && s.ptr[n] >= 0x20 && s.ptr[n] < 0x7f && s.ptr[n] != '"' && s.ptr[n] != '\\')
        n++;
    return n;
}

static void quoted(struct glc_buf *out, struct glc_span s)
{
    size_t same = plain(s);
    if (same == s.len) {
        uint8_t *at = glc_buf_reserve(out, s.len + 2);
        if (at == NULL)
            return;
        at[0] = '"';
        if (s.len != 0)
            memcpy(at + 1, s.ptr, s.len);
        at[s.len + 1] = '"';
        out->len += s.len + 2;
        return;
    }
    glc_buf_u8(out, '"');
    for (size_t i = 0;;) {
        size_t run = plain(glc_span_sub(s, i, s.len));
        if (run != 0)
            glc_buf_put(out, s.ptr + i, run);
        i += run;
        if (i >= s.len)
            break;
        uint8_t c = s.ptr[i];
        size_t n = glc_utf8_len(glc_span_sub(s, i, 4));
        if (c == '"' || c == '\\')
            glc_buf_printf(out, "\\%c", c);
        else if (c == '\n')
            glc_buf_puts(out, "\\n");
        else if (c == '\t')
            glc_buf_puts(out, "\\t");
        else if (c == '\r')
            glc_buf_puts(out, "\\r");
        else if (c < 0x20 || c == 0x7f)
            glc_buf_printf(out, "\\u%04x", c);
        else if (n == 0)
            glc_buf_puts(out, "\xef\xbf\xbd");
        else
            glc_buf_put(out, s.ptr + i, n);
        i += n == 0 ? 1 : n;
    }
    glc_buf_u8(out, '"');
}

void glc_json_key(struct glc_json *j, const char *key)
{
    separate(j);
    quoted(j->out, glc_span_str(key));
    glc_buf_u8(j->out, ':');
    j->comma = false;
}

void glc_json_str(struct glc_json *j, struct glc_span s)
{
    separate(j);
    quoted(j->out, s);
}

void glc_json_cstr(struct glc_json *j, const char *s)
{
    if (s == NULL)
        glc_json_null(j);
    else
        glc_json_str(j, glc_span_str(s));
}

void glc_json_int(struct glc_json *j, int64_t v)
{
    separate(j);
    glc_buf_printf(j->out, "%lld", (long long)v);
}

void glc_json_uint(struct glc_json *j, uint64_t v)
{
    uint8_t digit[20]; /* of 2^64 - 1 */
    size_t at = sizeof digit;
    do {
        digit[--at] = (uint8_t)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    separate(j);
    glc_buf_put(j->out, digit + at, sizeof digit - at);
}

void glc_json_float(struct glc_json *j, double v)
{
    if (!isfinite(v)) {
        glc_json_null(j);
        return;
    }
    separate(j);
    glc_buf_printf(j->out, "%.17g", v);
}

void glc_json_bool(struct glc_json *j, bool v)
{
    separate(j);
    glc_buf_puts(j->out, v ? "true" : "false");
}

void glc_json_null(struct glc_json *j)
{
    separate(j);
    glc_buf_puts(j->out, "null");
}

void glc_json_bytes(struct glc_json *j, const char *key, struct glc_span s)
{
    glc_json_key(j, key);
    glc_json_str(j, s);
    bool utf8 = true;
    for (size_t i = plain(s); i < s.len && utf8;) {
        size_t n = glc_utf8_len(glc_span_sub(s, i, 4));
        utf8 = n != 0;
        i += n;
    }
    if (utf8)
        return;
    separate(j);
    glc_buf_printf(j->out, "\"%s_hex\":\"", key);
    for (size_t i = 0; i < s.len; i++) {
        char two[3];
        glc_hex_encode(glc_span_sub(s, i, 1), two);
        glc_buf_puts(j->out, two);
    }
    glc_buf_u8(j->out, '"');
    j->comma = true;
}
