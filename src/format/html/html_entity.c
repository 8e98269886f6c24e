#include "format/html/html_entity.h"

#include "base/hex.h"

/* Names of 160 to 255, in order: ISO 8859-1. */
static const char *const latin1[96] = {
    "nbsp",   "iexcl",  "cent",   "pound",  "curren", "yen",    "brvbar", "sect",   "uml",    "copy",
    "ordf",   "laquo",  "not",    "shy",    "reg",    "macr",   "deg",    "plusmn", "sup2",   "sup3",
    "acute",  "micro",  "para",   "middot", "cedil",  "sup1",   "ordm",   "raquo",  "frac14", "frac12",
    "frac34", "iquest", "Agrave", "Aacute", "Acirc",  "Atilde", "Auml",   "Aring",  "AElig",  "Ccedil",
    "Egrave", "Eacute", "Ecirc",  "Euml",   "Igrave", "Iacute", "Icirc",  "Iuml",   "ETH",    "Ntilde",
    "Ograve", "Oacute", "Ocirc",  "Otilde", "Ouml",   "times",  "Oslash", "Ugrave", "Uacute", "Ucirc",
    "Uuml",   "Yacute", "THORN",  "szlig",  "agrave", "aacute", "acirc",  "atilde", "auml",   "aring",
    "aelig",  "ccedil", "egrave", "eacute", "ecirc",  "euml",   "igrave", "iacute", "icirc",  "iuml",
    "eth",    "ntilde", "ograve", "oacute", "ocirc",  "otilde", "ouml",   "divide", "oslash", "ugrave",
    "uacute", "ucirc",  "uuml",   "yacute", "thorn",  "yuml",
};

static const struct {
    const char *name;
    uint32_t code;
} other[] = {
    { "lt", '<' },       { "gt", '>' },        { "amp", '&' },      { "quot", '"' },     { "apos", '\'' },
    { "euro", 0x20ac },  { "hellip", 0x2026 }, { "mdash", 0x2014 }, { "ndash", 0x2013 }, { "lsquo", 0x2018 },
    { "rsquo", 0x2019 }, { "ldquo", 0x201c },  { "rdquo", 0x201d }, { "bull", 0x2022 },  { "trade", 0x2122 },
};

static struct glc_html_entity named(struct glc_span s)
{
    enum { LONGEST = 8 };
    size_t n = 1;
    while (n < s.len && n <= LONGEST && glc_ascii_isalnum(s.ptr[n]))
        n++;
    if (n < s.len && s.ptr[n] != ';')
        return (struct glc_html_entity){ 0 };
    struct glc_span name = glc_span(s.ptr + 1, n - 1);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        if (glc_span_is(name, other[i].name))
            return (struct glc_html_entity){ n + (n < s.len), other[i].code, true };
    for (uint32_t i = 0; i < 96; i++)
        if (glc_span_is(name, latin1[i]))
            return (struct glc_html_entity){ n + (n < s.len), 160 + i, true };
    return (struct glc_html_entity){ 0 };
}

struct glc_html_entity glc_html_entity(struct glc_span s)
{
    if (s.len < 3 || s.ptr[1] != '#')
        return named(s);
    bool hex = (s.ptr[2] | 0x20) == 'x';
    size_t n = hex ? 3 : 2;
    uint32_t code = 0;
    for (; n < s.len; n++) {
        int digit = glc_hex_digit(s.ptr[n]);
        if (digit < 0 || (!hex && digit > 9))
            break;
        if (code < 1 << 24)
            code = code * (hex ? 16 : 10) + (uint32_t)digit;
    }
    bool ended = n < s.len && s.ptr[n] == ';';
    return (struct glc_html_entity){ n + (ended ? 1 : 0), code, ended };
}
