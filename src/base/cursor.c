#include "base/cursor.h"

void glc_cursor_fail(struct glc_cursor *c, enum glc_err code, const char *msg)
{
    if (c->err.code == GLC_OK)
        c->err = (struct glc_error){ .code = code, .msg = msg, .off = c->off };
}

bool glc_cursor_seek(struct glc_cursor *c, uint64_t off)
{
    if (c->err.code != GLC_OK)
        return false;
    if (off > c->len) {
        glc_cursor_fail(c, GLC_CORRUPT, "offset is outside the data");
        return false;
    }
    c->off = (size_t)off;
    return true;
}

bool glc_cursor_skip(struct glc_cursor *c, uint64_t n)
{
    if (c->err.code != GLC_OK)
        return false;
    if (n > c->len - c->off) {
        glc_cursor_fail(c, GLC_CORRUPT, "data ends too early");
        return false;
    }
    c->off += (size_t)n;
    return true;
}

struct glc_span glc_cursor_span(struct glc_cursor *c, uint64_t n)
{
    size_t at = c->off;
    if (!glc_cursor_skip(c, n))
        return glc_span(NULL, 0);
    return glc_span(c->base + at, (size_t)n);
}

struct glc_cursor glc_cursor_sub(struct glc_cursor *c, uint64_t n)
{
    struct glc_cursor sub = glc_cursor(glc_cursor_span(c, n));
    if (!glc_cursor_ok(c))
        sub.err = c->err;
    return sub;
}

struct glc_span glc_cursor_cstr(struct glc_cursor *c, size_t max)
{
    if (c->err.code != GLC_OK)
        return glc_span(NULL, 0);
    size_t left = c->len - c->off;
    size_t look = left == 0 || max >= left ? left : max + 1;
    const uint8_t *p = left != 0 ? c->base + c->off : NULL; /* an empty cursor may have no base */
    const uint8_t *nul = look != 0 ? memchr(p, 0, look) : NULL;
    if (nul == NULL) {
        glc_cursor_fail(c, GLC_CORRUPT, "string has no end");
        return glc_span(NULL, 0);
    }
    c->off += (size_t)(nul - p) + 1;
    return glc_span(p, (size_t)(nul - p));
}

uint16_t glc_cursor_u16be(struct glc_cursor *c)
{
    const uint8_t *p = glc_cursor_take(c, 2);
    return p != NULL ? glc_be16(p) : 0;
}

uint32_t glc_cursor_u32be(struct glc_cursor *c)
{
    const uint8_t *p = glc_cursor_take(c, 4);
    return p != NULL ? glc_be32(p) : 0;
}

uint64_t glc_cursor_u64be(struct glc_cursor *c)
{
    const uint8_t *p = glc_cursor_take(c, 8);
    return p != NULL ? glc_be64(p) : 0;
}

uint64_t glc_cursor_uleb(struct glc_cursor *c)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t b = glc_cursor_u8(c);
        if (!glc_cursor_ok(c))
            return 0;
        if (shift == 63 && b > 1)
            break;
        v |= (uint64_t)(b & 0x7f) << shift;
        if ((b & 0x80) == 0)
            return v;
    }
    glc_cursor_fail(c, GLC_CORRUPT, "number is longer than 64 bits");
    return 0;
}
