/* How well a pattern can be looked for: the best run of known bytes that each of its matches contains. A
 * sketch of what the compiler chooses with more care; here it serves a warning only. */
#include "lang/yara/parser.h"

static uint32_t best_run(const struct glc_re *re)
{
    uint32_t best = 0, run = 0;
    for (uint32_t i = 0; i < re->u.bytes.len; i++) {
        uint8_t m = re->u.bytes.mask[i];
        run = m == 0xff || m == 0xdf ? run + 1 : 0;
        best = run > best ? run : best;
    }
    return best;
}

uint32_t glc_yara_atom(const struct glc_re *re)
{
    uint32_t best = 0, one;
    switch (re->kind) {
    case GLC_RE_BYTES:
        return best_run(re);
    case GLC_RE_CAT:
        for (uint32_t i = 0; i < re->u.list.n; i++) {
            one = glc_yara_atom(re->u.list.kid[i]);
            best = one > best ? one : best;
        }
        return best;
    case GLC_RE_ALT:
        best = UINT32_MAX;
        for (uint32_t i = 0; i < re->u.list.n; i++) {
            one = glc_yara_atom(re->u.list.kid[i]);
            best = one < best ? one : best;
        }
        return best;
    case GLC_RE_REPEAT:
        one = re->u.repeat.min == 0 ? 0 : glc_yara_atom(re->u.repeat.kid);
        /* x{3} is xxx. */
        return re->u.repeat.min > 1 && re->u.repeat.kid->kind == GLC_RE_BYTES &&
                       one == re->u.repeat.kid->u.bytes.len
                   ? (one > 16 ? one : one * (re->u.repeat.min > 16 ? 16 : re->u.repeat.min))
                   : one;
    case GLC_RE_EMPTY:
    case GLC_RE_CLASS:
    case GLC_RE_GAP:
    case GLC_RE_ASSERT:
        return 0;
    }
    return 0;
}
