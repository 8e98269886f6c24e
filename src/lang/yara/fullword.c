/* Which lengths of a match are looked at by `fullword`.
 *
 * YARA and YARA-X look for the piece of text in an expression that says most, and go from where it stands:
 * back to every place where a match may begin, forward to one end, the farthest (without greedy repeats: the
 * nearest). So repeats in front of that piece may have any length, and those behind it have one. Alternatives
 * count each for itself, as the manual has it. What says how much was found by experiment
 * (docs/yara-semantics.md). */
#include "lang/yara/parser.h"

enum { ATOM = 4 /* bytes that are looked for at most */ };
enum { FILLING = 12, LETTER = 17, OTHER = 20, DISTINCT = 2 };

/* The piece that says most. */
struct piece {
    unsigned worth; /* 0: there is none */
    bool bends;     /* a repeat behind it, or around it, has more than one length */
};

static unsigned worth_of(uint8_t c)
{
    if (c == 0x00 || c == 0x20 || c == 0x90 || c == 0xcc || c == 0xff)
        return FILLING;
    return glc_ascii_isalnum(c) && (c < '0' || c > '9') ? LETTER : OTHER;
}

/* The best of up to four known bytes in a row. */
static unsigned best_text(const struct glc_re *re)
{
    unsigned best = 0;
    for (uint32_t i = 0; i < re->u.bytes.len; i++) {
        const uint8_t *v = re->u.bytes.value + i, *m = re->u.bytes.mask + i;
        unsigned worth = 0;
        for (uint32_t k = 0; k < ATOM && i + k < re->u.bytes.len && (m[k] == 0xff || m[k] == 0xdf); k++)
            worth += worth_of(v[k]) + (memchr(v, v[k], k) == NULL ? DISTINCT : 0);
        best = worth > best ? worth : best;
    }
    return best;
}

static bool has_repeat(const struct glc_re *re)
{
    if (re->kind == GLC_RE_GAP)
        return re->u.gap.min != re->u.gap.max;
    if (re->kind == GLC_RE_REPEAT)
        return re->u.repeat.min != re->u.repeat.max || has_repeat(re->u.repeat.kid);
    for (uint32_t i = 0; (re->kind == GLC_RE_CAT || re->kind == GLC_RE_ALT) && i < re->u.list.n; i++)
        if (has_repeat(re->u.list.kid[i]))
            return true;
    return false;
}

static struct piece best_piece(const struct glc_re *re)
{
    struct piece best = { .worth = 0 }, one;
    switch (re->kind) {
    case GLC_RE_BYTES:
        return (struct piece){ .worth = best_text(re) };
    case GLC_RE_CAT:
        for (uint32_t i = 0; i < re->u.list.n; i++) {
            one = best_piece(re->u.list.kid[i]);
            if (one.worth > best.worth)
                best = one;
            else
                best.bends = best.bends || has_repeat(re->u.list.kid[i]);
        }
        return best;
    case GLC_RE_ALT:
        best = best_piece(re->u.list.kid[0]);
        for (uint32_t i = 1; i < re->u.list.n; i++) {
            one = best_piece(re->u.list.kid[i]);
            best.worth = one.worth < best.worth ? one.worth : best.worth;
            best.bends = best.bends || one.bends;
        }
        return best;
    case GLC_RE_REPEAT:
        if (re->u.repeat.min == 0)
            return best;
        one = best_piece(re->u.repeat.kid);
        one.bends = one.bends || (re->u.repeat.min != re->u.repeat.max && !re->u.repeat.lazy);
        return one;
    case GLC_RE_EMPTY:
    case GLC_RE_CLASS:
    case GLC_RE_GAP:
    case GLC_RE_ASSERT:
        return best;
    }
    return best;
}

bool glc_yara_any_word(const struct glc_re *re)
{
    struct piece best = best_piece(re);
    return best.worth != 0 && !best.bends;
}
