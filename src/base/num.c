#include "base/num.h"

bool glc_num_u64(struct glc_span text, uint64_t *out)
{
    uint64_t v = 0;
    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c < '0' || c > '9')
            return false;
        if (__builtin_mul_overflow(v, (uint64_t)10, &v) || __builtin_add_overflow(v, (uint64_t)(c - '0'), &v))
            return false;
    }
    *out = v;
    return true;
}

bool glc_num_i64(struct glc_span text, int64_t *out)
{
    bool negative = text.len != 0 && text.ptr[0] == '-';
    if (text.len != 0 && (negative || text.ptr[0] == '+'))
        text = glc_span_sub(text, 1, text.len);
    uint64_t v;
    if (!glc_num_u64(text, &v))
        return false;
    if (v > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return false;
    *out = negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

bool glc_num_size(struct glc_span text, uint64_t *out)
{
    size_t digits = 0;
    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
        digits++;
    uint64_t v;
    if (!glc_num_u64(glc_span_sub(text, 0, digits), &v))
        return false;
    struct glc_span unit = glc_span_sub(text, digits, text.len);
    unsigned shift = 0;
    if (unit.len != 0) {
        switch (unit.ptr[0] | 0x20) {
        case 'k':
            shift = 10;
            break;
        case 'm':
            shift = 20;
            break;
        case 'g':
            shift = 30;
            break;
        case 't':
            shift = 40;
            break;
        case 'b':
            if (unit.len != 1)
                return false;
            *out = v;
            return true;
        default:
            return false;
        }
        struct glc_span rest = glc_span_sub(unit, 1, unit.len);
        if (rest.len != 0 && !glc_span_ieq(rest, glc_span_str("b")) &&
            !glc_span_ieq(rest, glc_span_str("ib")))
            return false;
    }
    if (v > UINT64_MAX >> shift)
        return false;
    *out = v << shift;
    return true;
}
