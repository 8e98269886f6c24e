/* The bytes that a match may begin with: most places are no start of one, and one look says so. Kept for each
 * code that was asked for, where it lies. */
#include "match/re_internal.h"

#include <string.h>

enum { MOST_INSNS = 4096 /* of an NFA that is looked through */ };

static void add_set(struct glc_re_first *f, const uint8_t *set)
{
    for (unsigned i = 0; i < GLC_RE_SET_SIZE; i++)
        f->set[i] |= set[i];
}

static void add_masked(struct glc_re_first *f, uint8_t value, uint8_t mask)
{
    for (unsigned b = 0; b < 256; b++)
        if ((b & mask) == value)
            f->set[b >> 3] |= (uint8_t)(1u << (b & 7));
}

/* What the instructions eat first; *on: the NFA may be left without eating. false: not known. */
static bool add_nfa(struct glc_re_first *f, const struct glc_re_nfa *n, bool *on)
{
    uint8_t seen[MOST_INSNS / 8] = { 0 };
    uint16_t todo[MOST_INSNS];
    uint32_t left = 0;
    if (n->insns > MOST_INSNS)
        return false;
    todo[left++] = 0;
    seen[0] = 1;
    while (left != 0) {
        uint32_t at = todo[--left], to[2], ways = 0;
        const uint8_t *insn = n->insn + (size_t)at * GLC_RE_INSN_SIZE;
        uint32_t x = glc_le32(insn + 4);
        switch (insn[0]) {
        case GLC_RE_I_BYTE:
            add_masked(f, insn[1], insn[2]);
            break;
        case GLC_RE_I_SET:
            if (x >= n->sets)
                return false;
            add_set(f, n->set + (size_t)x * GLC_RE_SET_SIZE);
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

/* What the level eats first; *on: it may be passed without eating. false: not known. */
static bool add_level(struct glc_re_first *f, const struct glc_re_level *lv, bool *on)
{
    *on = true;
    if (lv->gap == GLC_RE_GAP_ANY && lv->max != 0)
        return false;
    if (lv->gap == GLC_RE_GAP_SET && lv->max != 0) {
        add_set(f, lv->set);
        if (lv->min != 0) {
            *on = false;
            return true;
        }
    }
    *on = lv->body == GLC_RE_BODY_EMPTY || lv->body == GLC_RE_BODY_ASSERT;
    if (lv->body == GLC_RE_BODY_BYTES)
        add_masked(f, lv->value[0], 0xff);
    else if (lv->body == GLC_RE_BODY_MASKED)
        add_masked(f, lv->value[0], lv->mask[0]);
    else if (lv->body == GLC_RE_BODY_SETS)
        add_set(f, lv->value);
    else if (lv->body == GLC_RE_BODY_NFA)
        return add_nfa(f, &lv->nfa, on);
    return true;
}

/* false: it may begin with anything, or with nothing. */
static bool look(struct glc_re_first *f, struct glc_span code)
{
    struct glc_re_head head;
    struct glc_re_level lv;
    bool on = true;
    if (!glc_re_head_decode(code, &head) || (head.flags & GLC_RE_REVERSE) != 0)
        return false;
    for (uint32_t i = 0; i < head.levels && on; i++)
        if (!glc_re_level_decode(&head.body, &lv) || !add_level(f, &lv, &on))
            return false;
    return !on;
}

const struct glc_re_first *glc_re_first_of(struct glc_re_scratch *s, struct glc_span code)
{
    struct glc_re_first *f = &s->first[(uintptr_t)code.ptr * 0x9e3779b1u >> 7 & (GLC_RE_FIRSTS - 1)];
    if (f->key != code.ptr) {
        *f = (struct glc_re_first){ .key = code.ptr };
        if (!look(f, code))
            memset(f->set, 0xff, sizeof f->set);
    }
    return f;
}
