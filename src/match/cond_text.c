/* Numbers in text, as ClamAV's byte compare reads them: what strtol makes of so many bytes, found by
 * experiment with clamscan 1.4.6 (docs/clamav-semantics.md). */
#include "match/cond_internal.h"

#include "base/hex.h"

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool has_prefix(struct glc_span s)
{
    return s.len >= 2 && s.ptr[0] == '0' && (s.ptr[1] | 0x20) == 'x';
}

/* Pairs of digits, the first the lowest byte; a digit alone says nothing. */
static uint64_t pairs(struct glc_span s)
{
    uint64_t v = 0;
    for (size_t i = 0; i + 1 < s.len && i < 16; i += 2) {
        int hi = glc_hex_digit(s.ptr[i]), lo = glc_hex_digit(s.ptr[i + 1]);
        if (hi < 0 || lo < 0)
            break;
        v |= (uint64_t)(hi << 4 | lo) << 4 * i;
    }
    return v;
}

/* *used: how far it read. False: too large. No 0x behind a sign. */
static bool number(struct glc_span s, bool hex, size_t *used, int64_t *out)
{
    size_t at = s.len != 0 && (s.ptr[0] == '-' || s.ptr[0] == '+');
    bool negative = at != 0 && s.ptr[0] == '-';
    int64_t v = 0, base = hex ? 16 : 10;
    if (hex && at == 0 && has_prefix(s) && s.len > 2 && glc_hex_digit(s.ptr[2]) >= 0)
        at += 2;
    size_t digits = at;
    for (int d; at < s.len && (d = glc_hex_digit(s.ptr[at])) >= 0 && d < base; at++) {
        if (v > (INT64_MAX - d) / base)
            return false;
        v = v * base + d;
    }
    *used = at == digits ? 0 : at;
    *out = negative ? -v : v;
    return true;
}

struct glc_value glc_cond_number(struct glc_span s, unsigned read)
{
    const struct glc_value none = glc_cond_undefined(GLC_T_INT);
    unsigned base = read & GLC_READ_TEXT_BASE;
    bool little = (read & GLC_READ_TEXT_LITTLE) != 0, exact = (read & GLC_READ_TEXT_EXACT) != 0;
    struct glc_span bare = s;
    while (bare.len != 0 && is_space(bare.ptr[0]))
        bare = glc_span_sub(bare, 1, UINT64_MAX);
    if (base == GLC_READ_TEXT_AUTO && bare.len < 3)
        return none;
    bool hex = base == GLC_READ_TEXT_HEX || (base == GLC_READ_TEXT_AUTO && has_prefix(bare));
    if (little && !hex)
        return none;
    if (little) {
        bool prefix = has_prefix(bare);
        if (exact && (prefix || bare.len != s.len))
            return none;
        return glc_cond_int((int64_t)pairs(prefix ? glc_span_sub(bare, 2, UINT64_MAX) : bare));
    }
    size_t used;
    int64_t v;
    if (!number(bare, hex, &used, &v) || (exact && (used != s.len || used == 0)))
        return none;
    return glc_cond_int(v);
}
