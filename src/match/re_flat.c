/* Expressions as positions (Glushkov's automaton): match/re_flat.h.
 *
 * Levels are chained part by part. A part is known by the positions it may begin with, those it may end with,
 * and whether it may be empty; joining two parts links ends with beginnings. Links are kept the way a walk
 * downwards takes them, so that forward code is all that is needed to find where matches start.
 *
 * Everything has the size GLC_FLAT_POSITIONS at most; what would be larger is refused, not cut. */
#include "match/re_flat.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = GLC_FLAT_POSITIONS / 64 };

struct part {
    uint64_t first[WORDS], last[WORDS]; /* in the order of the data */
    bool empty;                         /* it may match nothing */
};

struct maker {
    uint32_t n;
    struct part all; /* the expression so far */
    bool too_large, loose, fixed;
    bool open; /* matches may be of any length */
    uint64_t length;
    /* Large, and written before it is read: nothing from here on is cleared when a maker is made. */
    uint64_t back[GLC_FLAT_POSITIONS][WORDS]; /* positions that may stand directly before */
    uint8_t set[GLC_FLAT_POSITIONS][GLC_RE_SET_SIZE];
    /* NFA bodies */
    uint32_t of_insn[GLC_FLAT_INSNS]; /* position + 1 */
    uint32_t stamp[GLC_FLAT_INSNS], clock, stack[GLC_FLAT_INSNS];
};

static void set_bit(uint64_t *set, uint32_t i)
{
    set[i >> 6] |= UINT64_C(1) << (i & 63);
}

static void join_set(uint64_t *to, const uint64_t *from)
{
    for (int i = 0; i < WORDS; i++)
        to[i] |= from[i];
}

/* A new position; false: there are too many. */
static bool position(struct maker *k, const uint8_t set[GLC_RE_SET_SIZE], uint32_t *out)
{
    if (k->n == GLC_FLAT_POSITIONS) {
        k->too_large = true;
        return false;
    }
    memset(k->back[k->n], 0, sizeof k->back[k->n]);
    memcpy(k->set[k->n], set, GLC_RE_SET_SIZE);
    *out = k->n++;
    return true;
}

static void link_sets(struct maker *k, const uint64_t *before, const uint64_t *after)
{
    for (uint32_t i = 0; i < WORDS; i++)
        for (uint64_t left = after[i]; left != 0; left &= left - 1)
            join_set(k->back[i * 64 + (uint32_t)__builtin_ctzll(left)], before);
}

static void append(struct maker *k, const struct part *b)
{
    struct part *a = &k->all;
    link_sets(k, a->last, b->first);
    if (a->empty)
        join_set(a->first, b->first);
    if (!b->empty)
        memset(a->last, 0, sizeof a->last);
    join_set(a->last, b->last);
    a->empty = a->empty && b->empty;
}

/* One byte of a set: exactly one of them, or maybe none, or many. */
static bool unit(struct maker *k, const uint8_t set[GLC_RE_SET_SIZE], bool optional, bool many)
{
    struct part b = { .empty = optional };
    uint32_t p;
    if (!position(k, set, &p))
        return false;
    set_bit(b.first, p);
    set_bit(b.last, p);
    if (many) {
        set_bit(k->back[p], p);
        k->open = true;
    }
    append(k, &b);
    return true;
}

static bool gap(struct maker *k, const struct glc_re_level *lv)
{
    uint8_t any[GLC_RE_SET_SIZE];
    const uint8_t *set = lv->gap == GLC_RE_GAP_SET ? lv->set : any;
    bool open = lv->max == GLC_UNBOUNDED;
    memset(any, 0xff, sizeof any);
    if (lv->max < lv->min || (open ? lv->min : lv->max) > GLC_FLAT_POSITIONS) {
        k->too_large = true; /* or damaged: others judge that */
        return false;
    }
    k->fixed = k->fixed && lv->min == lv->max;
    k->length += lv->min;
    for (uint32_t i = 1; i < lv->min; i++)
        if (!unit(k, set, false, false))
            return false;
    if (lv->min != 0 && !unit(k, set, false, open))
        return false;
    if (open)
        return lv->min != 0 || unit(k, set, true, true);
    for (uint32_t i = lv->min; i < lv->max; i++)
        if (!unit(k, set, true, false))
            return false;
    return true;
}

/* The set of one byte of a body of fixed length. */
static void body_set(const struct glc_re_level *lv, uint32_t i, uint8_t set[GLC_RE_SET_SIZE])
{
    if (lv->body == GLC_RE_BODY_SETS) {
        memcpy(set, lv->value + (size_t)i * GLC_RE_SET_SIZE, GLC_RE_SET_SIZE);
        return;
    }
    uint8_t mask = lv->body == GLC_RE_BODY_MASKED ? lv->mask[i] : 0xff;
    memset(set, 0, GLC_RE_SET_SIZE);
    for (unsigned c = 0; c < 256; c++)
        if ((c & mask) == lv->value[i])
            set[c >> 3] |= (uint8_t)(1u << (c & 7));
}

static bool fixed_body(struct maker *k, const struct glc_re_level *lv)
{
    uint8_t set[GLC_RE_SET_SIZE];
    if (lv->len > GLC_FLAT_POSITIONS) {
        k->too_large = true;
        return false;
    }
    k->length += lv->len;
    for (uint32_t i = 0; i < lv->len; i++) {
        body_set(lv, i, set);
        if (!unit(k, set, false, false))
            return false;
    }
    return true;
}

/* Bodies that are NFAs. */

static const uint8_t *insn_at(const struct glc_re_nfa *nfa, uint32_t pc)
{
    return nfa->insn + (size_t)pc * GLC_RE_INSN_SIZE;
}

/* What is reached from `pc` without a byte: positions to *out, *end where the body may end. false: damaged.
 */
static bool closure(struct maker *k, const struct glc_re_nfa *nfa, uint32_t pc, uint64_t *out, bool *end)
{
    uint32_t depth = 0;
    if (pc >= nfa->insns)
        return false;
    k->stamp[pc] = ++k->clock;
    k->stack[depth++] = pc;
    while (depth != 0) {
        pc = k->stack[--depth];
        uint32_t to[2] = { pc + 1, pc + 1 };
        const uint8_t *i = insn_at(nfa, pc);
        switch (i[0]) {
        case GLC_RE_I_BYTE:
        case GLC_RE_I_SET:
            set_bit(out, k->of_insn[pc] - 1);
            continue;
        case GLC_RE_I_MATCH:
            *end = true;
            continue;
        case GLC_RE_I_SPLIT:
            to[1] = glc_le32(i + 4);
            k->open = k->open || to[1] <= pc;
            break;
        case GLC_RE_I_JUMP:
            to[0] = to[1] = glc_le32(i + 4);
            k->open = k->open || to[0] <= pc;
            break;
        case GLC_RE_I_ASSERT:
            k->loose = true;
            break;
        default:
            return false;
        }
        for (int t = 0; t < 2; t++) {
            if (to[t] >= nfa->insns)
                return false;
            if (k->stamp[to[t]] != k->clock) {
                k->stamp[to[t]] = k->clock;
                k->stack[depth++] = to[t];
            }
        }
    }
    return true;
}

static bool insn_positions(struct maker *k, const struct glc_re_nfa *nfa)
{
    for (uint32_t pc = 0; pc < nfa->insns; pc++) {
        const uint8_t *i = insn_at(nfa, pc);
        uint8_t set[GLC_RE_SET_SIZE] = { 0 };
        uint32_t p, s = glc_le32(i + 4);
        k->of_insn[pc] = 0;
        if (i[0] == GLC_RE_I_BYTE) {
            for (unsigned c = 0; c < 256; c++)
                if ((c & i[2]) == i[1])
                    set[c >> 3] |= (uint8_t)(1u << (c & 7));
        } else if (i[0] == GLC_RE_I_SET) {
            if (s >= nfa->sets)
                return false;
            memcpy(set, nfa->set + (size_t)s * GLC_RE_SET_SIZE, sizeof set);
        } else {
            continue;
        }
        if (!position(k, set, &p))
            return true;
        k->of_insn[pc] = p + 1;
    }
    return true;
}

static bool nfa_body(struct maker *k, const struct glc_re_nfa *nfa)
{
    struct part b = { .empty = false };
    if (nfa->insns > GLC_FLAT_INSNS) {
        k->too_large = true;
        return true;
    }
    k->fixed = false;
    memset(k->stamp, 0, nfa->insns * sizeof *k->stamp);
    k->clock = 0;
    if (!insn_positions(k, nfa) || k->too_large)
        return k->too_large;
    if (!closure(k, nfa, 0, b.first, &b.empty))
        return false;
    for (uint32_t pc = 0; pc < nfa->insns; pc++) {
        uint64_t after[WORDS] = { 0 };
        bool end = false;
        if (k->of_insn[pc] == 0)
            continue;
        if (!closure(k, nfa, pc + 1, after, &end))
            return false;
        uint64_t before[WORDS] = { 0 };
        set_bit(before, k->of_insn[pc] - 1);
        link_sets(k, before, after);
        if (end)
            set_bit(b.last, k->of_insn[pc] - 1);
    }
    append(k, &b);
    return true;
}

static bool add_code(struct maker *k, struct glc_span code)
{
    struct glc_re_head head;
    if (!glc_re_head_decode(code, &head) || (head.flags & GLC_RE_REVERSE) != 0)
        return false;
    memset(&k->all, 0, sizeof k->all);
    k->all.empty = true;
    for (uint32_t i = 0; i < head.levels && !k->too_large; i++) {
        struct glc_re_level lv;
        if (!glc_re_level_decode(&head.body, &lv))
            return false;
        if (lv.gap != GLC_RE_GAP_NONE && !gap(k, &lv))
            return k->too_large;
        if (lv.body == GLC_RE_BODY_NFA) {
            if (!nfa_body(k, &lv.nfa))
                return false;
        } else if (lv.body == GLC_RE_BODY_ASSERT) {
            k->loose = true;
        } else if (lv.body != GLC_RE_BODY_EMPTY && !fixed_body(k, &lv)) {
            return k->too_large;
        }
    }
    return true;
}

static bool take_over(const struct maker *k, const struct part *all, struct glc_re_flat *out)
{
    uint32_t words = (k->n + 63) / 64;
    uint64_t *row = calloc((size_t)words * (2 + k->n + 256), sizeof *row);
    if (row == NULL)
        return false;
    out->n = k->n;
    out->words = words;
    out->row = row;
    out->first = row;
    out->last = row + words;
    out->next = row + (size_t)2 * words;
    out->eats = out->next + (size_t)k->n * words;
    memcpy(out->first, all->last, words * sizeof *row);
    memcpy(out->last, all->first, words * sizeof *row);
    for (uint32_t p = 0; p < k->n; p++) {
        memcpy(out->next + (size_t)p * words, k->back[p], words * sizeof *row);
        for (unsigned i = 0; i < GLC_RE_SET_SIZE; i++)
            for (unsigned left = k->set[p][i]; left != 0; left &= left - 1)
                set_bit(out->eats + (size_t)(i * 8 + (unsigned)__builtin_ctz(left)) * words, p);
    }
    return true;
}

enum glc_err glc_re_flat_make(const struct glc_span *code, uint32_t codes, struct glc_re_flat *out)
{
    struct maker *k = malloc(sizeof *k);
    struct part all = { .empty = false };
    enum glc_err err = GLC_OK;
    *out = (struct glc_re_flat){ .n = 0 };
    if (k == NULL)
        return GLC_NOMEM;
    memset(k, 0, offsetof(struct maker, back));
    for (uint32_t i = 0; i < codes && err == GLC_OK && !k->too_large; i++) {
        uint64_t before = out->length;
        k->fixed = true;
        k->length = 0;
        if (!add_code(k, code[i]))
            err = GLC_CORRUPT;
        join_set(all.first, k->all.first);
        join_set(all.last, k->all.last);
        out->empty_too = out->empty_too || k->all.empty;
        out->length = k->fixed && (i == 0 || before == k->length) ? k->length : 0;
    }
    out->loose = k->loose;
    out->most = k->open ? 0 : k->n; /* without a way back, each position eats one byte at most */
    if (err == GLC_OK && !k->too_large && k->n != 0 && !take_over(k, &all, out))
        err = GLC_NOMEM;
    free(k);
    return err;
}

void glc_re_flat_done(struct glc_re_flat *f)
{
    free(f->row);
    *f = (struct glc_re_flat){ .n = 0 };
}
