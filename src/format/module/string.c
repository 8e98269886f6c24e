/* The module `string`: numbers in text, and lengths. YARA manual, "String module" (4.3). */
#include "format/module/modules.h"
#include "format/module/value.h"

/* strtoll()'s grammar without its locale: blanks, a sign, and in base 16 (or 0) "0x", in base 0 a leading "0"
 * for octal. The whole text must be the number, and fit. */
static struct glc_value parse(struct glc_span s, int64_t base)
{
    const struct glc_value none = glc_value_undefined(GLC_T_INT);
    size_t i = 0;
    bool negative = false;
    if (base != 0 && (base < 2 || base > 36))
        return none;
    while (i < s.len && (s.ptr[i] == ' ' || (s.ptr[i] >= '\t' && s.ptr[i] <= '\r')))
        i++;
    if (i < s.len && (s.ptr[i] == '-' || s.ptr[i] == '+'))
        negative = s.ptr[i++] == '-';
    bool hex = s.len - i > 2 && s.ptr[i] == '0' && (s.ptr[i + 1] | 0x20) == 'x';
    if (hex && (base == 0 || base == 16)) {
        base = 16;
        i += 2;
    } else if (base == 0) {
        base = i < s.len && s.ptr[i] == '0' ? 8 : 10;
    }
    uint64_t value = 0, most = (uint64_t)INT64_MAX + negative;
    if (i == s.len)
        return none;
    for (; i < s.len; i++) {
        uint8_t c = glc_ascii_lower(s.ptr[i]);
        uint64_t digit = c >= '0' && c <= '9'   ? (uint64_t)(c - '0')
                         : c >= 'a' && c <= 'z' ? (uint64_t)(c - 'a' + 10)
                                                : 99;
        if (digit >= (uint64_t)base || value > (most - digit) / (uint64_t)base)
            return none;
        value = value * (uint64_t)base + digit;
    }
    return glc_value_int((int64_t)(negative ? 0 - value : value));
}

static struct glc_value to_int(const struct glc_module_ctx *ctx, const struct glc_value *root,
                               const struct glc_value *args)
{
    (void)ctx, (void)root;
    return parse(args[0].u.text, 0);
}

static struct glc_value to_int_base(const struct glc_module_ctx *ctx, const struct glc_value *root,
                                    const struct glc_value *args)
{
    (void)ctx, (void)root;
    return parse(args[0].u.text, args[1].u.integer);
}

static struct glc_value length(const struct glc_module_ctx *ctx, const struct glc_value *root,
                               const struct glc_value *args)
{
    (void)ctx, (void)root;
    return glc_value_int((int64_t)args[0].u.text.len);
}

static const struct glc_function functions[] = {
    { "to_int", "s", GLC_T_INT, "the number a text spells; 0x and 0 in front say the base", to_int },
    { "to_int", "si", GLC_T_INT, "the number a text spells in a base (0, 2 to 36)", to_int_base },
    { "length", "s", GLC_T_INT, "bytes of a string, zero bytes included", length },
    { 0 },
};

const struct glc_module glc_string_module = {
    .name = "string",
    .help = "Numbers in text, and lengths",
    .functions = functions,
};
