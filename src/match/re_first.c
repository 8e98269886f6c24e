/* What stands where a match begins: most places are no start of one, and a few looks say so before the
 * expression is opened. Worked out once for each code that was asked for, and kept.
 *
 * Levels are gone through with the set of offsets at which each may begin, of the first GLC_RE_AHEAD. What a
 * level may eat at an offset is added to the bytes that may stand there; where a match may have ended, or
 * nothing is known, that is any byte. */
#include "match/re_internal.h"

#include <string.h>

enum {
    MOST_INSNS = 4096, /* of an NFA that is looked through */
    MOST_SPAN = 64,    /* bytes that are looked through for one that must be there */
    ASKED_LEAST = 8,   /* times before it is worked out */
};

struct ahead {
    struct glc_re_first *f;
    uint32_t at;           /* offsets where we may be: bit by offset */
    uint64_t least, most;  /* the same, however far */
    bool asserted, ranged; /* f->assertion and f->byte are settled */
};

static void add_byte(uint8_t *set, uint8_t value, uint8_t mask)
{
    if (mask == 0xff)
        set[value >> 3] |= (uint8_t)(1u << (value & 7));
    for (unsigned b = 0; mask != 0xff && b < 256; b++)
        if ((b & mask) == value)
            set[b >> 3] |= (uint8_t)(1u << (b & 7));
}

static void add_set(uint8_t *to, const uint8_t *set)
{
    for (unsigned i = 0; i < GLC_RE_SET_SIZE; i++)
        to[i] |= set[i];
}

/* Any byte from the lowest offset on. */
static void add_any(struct ahead *a, uint32_t at)
{
    for (uint32_t i = at != 0 ? (uint32_t)__builtin_ctz(at) : GLC_RE_AHEAD; i < GLC_RE_AHEAD; i++)
        memset(a->f->set[i], 0xff, GLC_RE_SET_SIZE);
}

/* What the instructions eat first; *on: the NFA may be left without eating. false: not known. */
static bool first_of_nfa(const struct glc_re_nfa *n, uint8_t *set, bool *on)
{
    uint8_t seen[MOST_INSNS / 8] = { 1 };
    uint16_t todo[MOST_INSNS] = { 0 };
    uint32_t left = 1;
    if (n->insns > MOST_INSNS)
        return false;
    while (left != 0) {
        uint32_t at = todo[--left], to[2], ways = 0;
        const uint8_t *insn = n->insn + (size_t)at * GLC_RE_INSN_SIZE;
        uint32_t x = glc_le32(insn + 4);
        switch (insn[0]) {
        case GLC_RE_I_BYTE:
            add_byte(set, insn[1], insn[2]);
            break;
        case GLC_RE_I_SET:
            if (x >= n->sets)
                return false;
            add_set(set, n->set + (size_t)x * GLC_RE_SET_SIZE);
            break;
        case GLC_RE_I_SPLIT:
            to[ways++] = x;
            to[ways++] = at + 1;
            break;
        case GLC_RE_I_JUMP:
            to[ways++] = x;
            break;
        case GLC_RE_I_ASSERT:
            to[ways++] = at + 1;
            break;
        case GLC_RE_I_MATCH:
            *on = true;
            break;
        default:
            return false;
        }
        for (uint32_t i = 0; i < ways; i++) {
            if (to[i] >= n->insns)
                return false;
            if ((seen[to[i] >> 3] >> (to[i] & 7) & 1) == 0)
                todo[left++] = (uint16_t)to[i];
            seen[to[i] >> 3] |= (uint8_t)(1u << (to[i] & 7));
        }
    }
    return true;
}

/* An NFA eats something first, then anything. */
static void pass_nfa(struct ahead *a, const struct glc_re_nfa *n)
{
    uint8_t set[GLC_RE_SET_SIZE] = { 0 };
    bool on = false;
    if (!first_of_nfa(n, set, &on) || on) {
        add_any(a, a->at);
        return;
    }
    for (uint32_t i = 0; i < GLC_RE_AHEAD; i++)
        if ((a->at >> i & 1) != 0)
            add_set(a->f->set[i], set);
    add_any(a, a->at << 1 & GLC_RE_AHEAD_ALL);
}

/* The byte at i of a body may be these. */
static void add_body(struct ahead *a, const struct glc_re_level *lv, uint32_t i)
{
    for (uint32_t k = 0; k < GLC_RE_AHEAD; k++) {
        if ((a->at >> k & 1) == 0)
            continue;
        if (lv->body == GLC_RE_BODY_SETS)
            add_set(a->f->set[k], lv->value + (size_t)i * GLC_RE_SET_SIZE);
        else
            add_byte(a->f->set[k], lv->value[i], lv->body == GLC_RE_BODY_MASKED ? lv->mask[i] : 0xff);
    }
}

/* An exact byte of the body stands within a short range: the first such body that is not at one offset. */
static void look_in_range(struct ahead *a, const struct glc_re_level *lv)
{
    bool exact = lv->body == GLC_RE_BODY_BYTES || (lv->body == GLC_RE_BODY_MASKED && lv->pivot < lv->len);
    uint32_t pivot = lv->body == GLC_RE_BODY_BYTES ? 0 : lv->pivot;
    if (a->ranged || !exact || a->least == a->most || a->most - a->least >= MOST_SPAN || pivot > UINT16_MAX ||
        a->least > UINT16_MAX - pivot)
        return;
    a->ranged = true;
    a->f->byte = lv->value[pivot];
    a->f->from = (uint16_t)(a->least + pivot);
    a->f->span = (uint16_t)(a->most - a->least + 1);
}

static void pass_gap(struct ahead *a, const struct glc_re_level *lv)
{
    static const uint8_t any[GLC_RE_SET_SIZE] = { [0 ... GLC_RE_SET_SIZE - 1] = 0xff };
    uint32_t was = a->at;
    uint64_t max = lv->max < lv->min ? lv->min : lv->max;
    a->at = lv->min == 0 ? was : 0;
    for (uint64_t n = 1; n <= max && n <= GLC_RE_AHEAD; n++) {
        for (uint32_t k = 0; k < GLC_RE_AHEAD; k++)
            if ((was >> k & 1) != 0)
                add_set(a->f->set[k], lv->gap == GLC_RE_GAP_SET ? lv->set : any);
        was = was << 1 & GLC_RE_AHEAD_ALL;
        a->at |= n >= lv->min ? was : 0;
    }
    a->least += lv->min;
    a->most = lv->max == GLC_UNBOUNDED || a->most == UINT64_MAX ? UINT64_MAX : a->most + max;
}

/* false: nothing more is known behind it. */
static bool pass_level(struct ahead *a, const struct glc_re_level *lv)
{
    if (lv->gap != GLC_RE_GAP_NONE)
        pass_gap(a, lv);
    switch (lv->body) {
    case GLC_RE_BODY_EMPTY:
        return true;
    case GLC_RE_BODY_ASSERT:
        if (!a->asserted && a->most == 0)
            a->f->assertion = lv->assertion;
        a->asserted = a->asserted || a->most == 0;
        return true;
    case GLC_RE_BODY_NFA:
        pass_nfa(a, &lv->nfa);
        return false;
    default:
        look_in_range(a, lv);
        for (uint32_t i = 0; i < lv->len && a->at != 0; i++) {
            add_body(a, lv, i);
            a->at = a->at << 1 & GLC_RE_AHEAD_ALL;
        }
        a->least += lv->len;
        a->most = a->most > UINT64_MAX - lv->len ? UINT64_MAX : a->most + lv->len;
        return true;
    }
}

/* false: not known. */
static bool look(struct glc_re_first *f, struct glc_span code)
{
    struct ahead a = { .f = f, .at = 1 };
    struct glc_re_head head;
    struct glc_re_level lv;
    if (!glc_re_head_decode(code, &head) || (head.flags & GLC_RE_REVERSE) != 0)
        return false;
    f->wide = (head.flags & GLC_RE_WIDE) != 0;
    f->xored = head.key;
    for (uint32_t i = 0; i < head.levels; i++) {
        if (a.at == 0 && a.most - a.least >= MOST_SPAN)
            return true;
        if (!glc_re_level_decode(&head.body, &lv))
            return false;
        if (!pass_level(&a, &lv))
            return true;
    }
    add_any(&a, a.at); /* a match may end here */
    return true;
}

/* NULL: not worked out yet, for that takes as long as several tries, and many expressions are tried at few
 * places. */
static const struct glc_re_first *first_of(struct glc_re_scratch *s, struct glc_span code)
{
    struct glc_re_first *f = &s->first[glc_re_slot(code.ptr, GLC_RE_FIRSTS)];
    if (f->asked > ASKED_LEAST && f->code == code.ptr)
        return f;
    const struct glc_re_first none = { .code = code.ptr, .assertion = GLC_RE_NO_ASSERTION };
    if (f->code != code.ptr)
        *f = none;
    if (f->asked < ASKED_LEAST) {
        f->asked++;
        return NULL;
    }
    if (!look(f, code)) {
        *f = none;
        memset(f->set, 0xff, sizeof f->set);
    }
    f->asked = ASKED_LEAST + 1;
    return f;
}

bool glc_re_may_start(const struct glc_re_input *in, struct glc_span code, uint64_t at)
{
    const struct glc_re_first *f = first_of(in->scratch, code);
    const uint8_t *data = in->data.ptr + at;
    uint64_t left = in->data.len - at;
    if (f == NULL)
        return true;
    for (uint32_t i = 0; i < GLC_RE_AHEAD && i < left; i++)
        if (!glc_re_set_has(f->set[i], data[i]))
            return false;
    if (f->assertion != GLC_RE_NO_ASSERTION) {
        struct glc_re_text t = {
            .data = in->data.ptr, .size = in->data.len, .wide = f->wide, .key = f->xored
        };
        if (!glc_re_assert_holds(&t, f->assertion, at))
            return false;
    }
    return f->span == 0 || left < f->from || f->span > left - f->from ||
           memchr(data + f->from, f->byte, f->span) != NULL;
}
