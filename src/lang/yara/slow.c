/* How well a pattern can be looked for: the best run of known bytes that each of its matches contains. A
 * sketch of what the compiler chooses with more care; here it serves a warning only. */
#include "lang/yara/parser.h"

/* What fills files: zeros, blanks, the gaps of compilers. */
static bool is_filling(uint8_t byte)
{
    return byte == 0x00 || byte == 0x20 || byte == 0xcc || byte == 0xff;
}

/* What the last `run` bytes before `end` are worth: two of which one fills files, or the same filling all
 * along, are found everywhere, and worth one. So yara has it, too. */
static uint32_t worth(const struct glc_re *re, uint32_t end, uint32_t run)
{
    const uint8_t *v = re->u.bytes.value + end - run;
    bool same = true, filling = false;
    for (uint32_t i = 0; i < run; i++) {
        same &= v[i] == v[0];
        filling |= is_filling(v[i]);
    }
    bool common = run == 2 ? filling || (same && v[0] == 0x90) : same && filling;
    return run > 1 && common ? 1 : run;
}

static uint32_t best_run(const struct glc_re *re)
{
    uint32_t best = 0, run = 0;
    for (uint32_t i = 0; i < re->u.bytes.len; i++) {
        uint8_t m = re->u.bytes.mask[i];
        run = m == 0xff || m == 0xdf ? run + 1 : 0;
        bool ends =
            i + 1 == re->u.bytes.len || (re->u.bytes.mask[i + 1] != 0xff && re->u.bytes.mask[i + 1] != 0xdf);
        uint32_t value = ends && run != 0 ? worth(re, i + 1, run) : 0;
        best = value > best ? value : best;
    }
    return best;
}

/* `.` without an end: yara warns of that. */
bool glc_yara_endless(const struct glc_re *re)
{
    const struct glc_re *kid = re->kind == GLC_RE_REPEAT ? re->u.repeat.kid : NULL;
    if (re->kind == GLC_RE_GAP)
        return re->u.gap.max == GLC_UNBOUNDED;
    if (kid != NULL && re->u.repeat.max == GLC_UNBOUNDED && kid->kind == GLC_RE_CLASS) {
        uint32_t most = 0;
        for (uint32_t i = 0; i < 8; i++)
            most += (uint32_t)__builtin_popcount(kid->u.set[i]);
        bool line_end = (kid->u.set['\n' / 32] >> '\n' % 32 & 1) != 0;
        return most == 256 || (most == 255 && !line_end);
    }
    if (kid != NULL)
        return glc_yara_endless(kid);
    for (uint32_t i = 0; (re->kind == GLC_RE_CAT || re->kind == GLC_RE_ALT) && i < re->u.list.n; i++)
        if (glc_yara_endless(re->u.list.kid[i]))
            return true;
    return false;
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
