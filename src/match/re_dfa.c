/* Walks of NFAs: sets of states that eat bytes, remembered as a DFA that grows while it is used.
 *
 * A DFA state is the set of NFA instructions that wait for a byte. State 0 is the empty set. Its row of
 * transitions has one entry per class of bytes, then the same classes again with a fresh beginning entered
 * after the byte, then one entry for entering without a byte. What is not known yet is UNKNOWN; ACCEPT marks
 * states that contain the end. When a DFA is full it is emptied and begins anew: the time stays linear, for a
 * state costs no more than the step of an NFA that led to it.
 *
 * NFAs with assertions depend on more than the byte: they are walked as plain sets. So is one whose DFA is
 * being walked by an outer call. */
#include "match/re_internal.h"

#include <stdlib.h>
#include <string.h>

#define UNKNOWN UINT32_MAX
#define ACCEPT  0x80000000u

enum { DFA_MOST_BYTES = 512 << 10, DFA_HASH = 1024, DFAS_MOST_BYTES = 3 << 20 };

/* Working sets over the instructions of one NFA. */
struct glc_re_sets {
    uint32_t *stamp; /* instruction seen in this closure where it equals clock */
    uint32_t clock;
    uint32_t *stack;
    uint32_t *list; /* instructions that wait for a byte */
    uint32_t n;
    uint32_t *raw; /* instructions reached by the last byte, not closed yet */
    uint32_t raws;
    bool accept;
};

struct state {
    uint32_t at, n; /* in the pool */
};

struct glc_re_dfa {
    struct glc_re_nfa nfa;
    bool busy;
    uint8_t example[256]; /* a byte of each class */
    uint32_t row;
    uint32_t *trans;
    struct state *state;
    uint32_t states, room;
    uint32_t *pool;
    uint32_t pool_n, pool_room;
    uint32_t hash[DFA_HASH]; /* first state with this hash + 1 */
    uint32_t *chain;         /* per state: the next with the same hash + 1 */
    struct glc_re_sets *sets;
    uint32_t cleared; /* how often */
};

static void sets_free(struct glc_re_sets *s)
{
    if (s == NULL)
        return;
    free(s->stamp);
    free(s);
}

static struct glc_re_sets *sets_new(uint32_t insns)
{
    struct glc_re_sets *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->stamp = calloc((size_t)insns, 4 * sizeof(uint32_t));
    if (s->stamp == NULL) {
        free(s);
        return NULL;
    }
    s->stack = s->stamp + insns;
    s->list = s->stack + insns;
    s->raw = s->list + insns;
    return s;
}

static void sets_begin(struct glc_re_sets *s, uint32_t insns)
{
    s->n = 0;
    s->accept = false;
    if (++s->clock == 0) {
        memset(s->stamp, 0, insns * sizeof *s->stamp);
        s->clock = 1;
    }
}

static bool sets_push(const struct glc_re_nfa *nfa, struct glc_re_sets *s, uint32_t pc, uint32_t *depth)
{
    if (pc >= nfa->insns)
        return false;
    if (s->stamp[pc] != s->clock) {
        s->stamp[pc] = s->clock;
        s->stack[(*depth)++] = pc;
    }
    return true;
}

/* Add what is reached from `pc` without a byte. text NULL: the NFA has no assertions. false: damaged code. */
static bool sets_close(const struct glc_re_nfa *nfa, struct glc_re_sets *s, uint32_t pc,
                       const struct glc_re_text *text, uint64_t place)
{
    uint32_t depth = 0;
    bool ok = sets_push(nfa, s, pc, &depth);
    while (ok && depth != 0) {
        pc = s->stack[--depth];
        const uint8_t *i = nfa->insn + (size_t)pc * GLC_RE_INSN_SIZE;
        switch (i[0]) {
        case GLC_RE_I_BYTE:
        case GLC_RE_I_SET:
            s->list[s->n++] = pc;
            break;
        case GLC_RE_I_SPLIT:
            ok = sets_push(nfa, s, glc_le32(i + 4), &depth) && sets_push(nfa, s, pc + 1, &depth);
            break;
        case GLC_RE_I_JUMP:
            ok = sets_push(nfa, s, glc_le32(i + 4), &depth);
            break;
        case GLC_RE_I_ASSERT:
            if (text != NULL && glc_re_assert_holds(text, i[1], place))
                ok = sets_push(nfa, s, pc + 1, &depth);
            break;
        case GLC_RE_I_MATCH:
            s->accept = true;
            break;
        default:
            ok = false;
        }
    }
    return ok;
}

/* Does the instruction eat the byte? *bad is set on damaged code. */
static inline bool eats(const struct glc_re_nfa *nfa, uint32_t pc, uint8_t byte, bool *bad)
{
    const uint8_t *i = nfa->insn + (size_t)pc * GLC_RE_INSN_SIZE;
    if (i[0] == GLC_RE_I_BYTE)
        return (byte & i[2]) == i[1];
    uint32_t set = glc_le32(i + 4);
    if (set >= nfa->sets) {
        *bad = true;
        return false;
    }
    return glc_re_set_has(nfa->set + (size_t)set * GLC_RE_SET_SIZE, byte);
}

/* The DFA. */

void glc_re_dfa_free(struct glc_re_dfa *d)
{
    if (d == NULL)
        return;
    free(d->trans);
    free(d->state);
    free(d->pool);
    free(d->chain);
    sets_free(d->sets);
    free(d);
}

static bool grow(void **p, uint32_t room, size_t size)
{
    void *q = realloc(*p, room * size);
    if (q == NULL)
        return false;
    *p = q;
    return true;
}

static bool grow_states(struct glc_re_dfa *d, uint32_t room)
{
    if (!grow((void **)&d->trans, room, d->row * sizeof *d->trans) ||
        !grow((void **)&d->state, room, sizeof *d->state) ||
        !grow((void **)&d->chain, room, sizeof *d->chain))
        return false;
    d->room = room;
    return true;
}

static void dfa_clear(struct glc_re_dfa *d)
{
    memset(d->hash, 0, sizeof d->hash);
    d->states = 0;
    d->pool_n = 0;
    d->cleared++;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static size_t dfa_size(const struct glc_re_dfa *d, uint32_t room, uint32_t pool_room)
{
    return (size_t)room * (d->row * sizeof *d->trans + sizeof *d->state + sizeof *d->chain) +
           (size_t)pool_room * 4;
}

/* Append a state of the n instructions at `list` (sorted); false: no room. */
static bool add_state(struct glc_re_dfa *d, const uint32_t *list, uint32_t n, uint32_t bucket)
{
    if (d->states == d->room) {
        if (dfa_size(d, d->room * 2, d->pool_room) > DFA_MOST_BYTES || !grow_states(d, d->room * 2))
            return false;
    }
    if (n > d->pool_room - d->pool_n) {
        uint32_t room = d->pool_room * 2 > d->pool_n + n ? d->pool_room * 2 : d->pool_n + n;
        bool alone = d->states <= 1; /* one state must fit, however large */
        if ((!alone && dfa_size(d, d->room, room) > DFA_MOST_BYTES) ||
            !grow((void **)&d->pool, room, sizeof *d->pool))
            return false;
        d->pool_room = room;
    }
    uint32_t s = d->states++;
    d->state[s] = (struct state){ .at = d->pool_n, .n = n };
    if (n != 0)
        memcpy(d->pool + d->pool_n, list, n * sizeof *list);
    d->pool_n += n;
    d->chain[s] = d->hash[bucket];
    d->hash[bucket] = s + 1;
    memset(d->trans + (size_t)s * d->row, 0xff, d->row * sizeof *d->trans);
    return true;
}

/* The state of d->sets' list, made where it is new; ACCEPT included. The acceptance is part of what a state
 * is: it is kept as an instruction number past the end. */
static bool intern(struct glc_re_dfa *d, uint32_t *out)
{
    struct glc_re_sets *s = d->sets;
    if (s->n > 1)
        qsort(s->list, s->n, sizeof *s->list, by_number);
    uint64_t h = s->accept ? 0x9e3779b97f4a7c15 : 0;
    for (uint32_t i = 0; i < s->n; i++)
        h = (h ^ s->list[i]) * 0x9e3779b97f4a7c15;
    uint32_t bucket = (uint32_t)(h >> 40) % (DFA_HASH / 2) * 2 + (s->accept ? 1 : 0);
    for (uint32_t c = d->hash[bucket]; c != 0; c = d->chain[c - 1]) {
        const struct state *st = &d->state[c - 1];
        if (st->n == s->n && (s->n == 0 || memcmp(d->pool + st->at, s->list, s->n * sizeof *s->list) == 0)) {
            *out = (c - 1) | (s->accept ? ACCEPT : 0);
            return true;
        }
    }
    if (!add_state(d, s->list, s->n, bucket)) {
        dfa_clear(d);
        if (!add_state(d, NULL, 0, 0) || (!(s->n == 0 && !s->accept) && !add_state(d, s->list, s->n, bucket)))
            return false;
    }
    *out = (d->states - 1) | (s->accept ? ACCEPT : 0);
    return true;
}

/* The transition `column` of a state. */
static enum glc_err compute(struct glc_re_dfa *d, uint32_t state, uint32_t column, uint64_t *steps,
                            uint32_t *out)
{
    const struct glc_re_nfa *nfa = &d->nfa;
    struct glc_re_sets *s = d->sets;
    struct state st = d->state[state];
    bool enter = column >= nfa->classes, byte = column < 2 * nfa->classes, bad = false;
    if (!glc_re_charge(steps, st.n + 4))
        return GLC_LIMIT;
    sets_begin(s, nfa->insns);
    uint8_t b = byte ? d->example[column % nfa->classes] : 0;
    for (uint32_t i = 0; i < st.n; i++) {
        uint32_t pc = d->pool[st.at + i];
        if (!byte) {
            /* Closed already; marked as seen so that it is not listed twice. */
            s->stamp[pc] = s->clock;
            s->list[s->n++] = pc;
        } else if (eats(nfa, pc, b, &bad) && !sets_close(nfa, s, pc + 1, NULL, 0)) {
            return GLC_CORRUPT;
        }
    }
    if (bad || (enter && !sets_close(nfa, s, 0, NULL, 0)))
        return GLC_CORRUPT;
    uint32_t before = d->cleared;
    uint32_t to;
    if (!intern(d, &to))
        return GLC_NOMEM;
    if (d->cleared == before) /* otherwise `state` is gone */
        d->trans[(size_t)state * d->row + column] = to;
    *out = to;
    return GLC_OK;
}

static struct glc_re_dfa *dfa_new(const struct glc_re_nfa *nfa)
{
    struct glc_re_dfa *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->nfa = *nfa;
    d->row = 2 * nfa->classes + 1;
    d->pool_room = 64;
    d->sets = sets_new(nfa->insns);
    d->pool = malloc(d->pool_room * sizeof *d->pool);
    if (d->sets == NULL || d->pool == NULL || !grow_states(d, 8) || !add_state(d, NULL, 0, 0)) {
        glc_re_dfa_free(d);
        return NULL;
    }
    for (unsigned b = 0; b < 256; b++)
        d->example[nfa->map[b]] = (uint8_t)b;
    return d;
}

static size_t dfa_bytes(const struct glc_re_dfa *d)
{
    return sizeof *d + dfa_size(d, d->room, d->pool_room) + (size_t)d->nfa.insns * 16;
}

/* Make room for another DFA: idle ones go when all together are too big. */
static void make_room(struct glc_re_scratch *s)
{
    size_t all = 0;
    for (size_t i = 0; i < GLC_RE_DFAS; i++)
        if (s->dfa[i] != NULL)
            all += dfa_bytes(s->dfa[i]);
    for (size_t i = 0; i < GLC_RE_DFAS && all > DFAS_MOST_BYTES; i++) {
        if (s->dfa[i] == NULL || s->dfa[i]->busy)
            continue;
        all -= dfa_bytes(s->dfa[i]);
        glc_re_dfa_free(s->dfa[i]);
        s->dfa[i] = NULL;
    }
}

enum glc_err glc_re_walk_init(struct glc_re_walk *w, struct glc_re_scratch *s, const struct glc_re_nfa *nfa)
{
    *w = (struct glc_re_walk){ .nfa = nfa, .dead = true };
    struct glc_re_dfa **slot = &s->dfa[glc_re_slot(nfa->insn, GLC_RE_DFAS)];
    struct glc_re_dfa *d = *slot;
    if (!nfa->asserts && (d == NULL || !d->busy)) {
        if (d == NULL || memcmp(&d->nfa, nfa, sizeof *nfa) != 0) {
            for (unsigned b = 0; b < 256; b++)
                if (nfa->map[b] >= nfa->classes)
                    return GLC_CORRUPT;
            glc_re_dfa_free(d);
            *slot = NULL;
            make_room(s);
            *slot = d = dfa_new(nfa);
            if (d == NULL)
                return GLC_NOMEM;
        }
        d->busy = true;
        w->dfa = d;
        return GLC_OK;
    }
    w->sets = sets_new(nfa->insns);
    return w->sets != NULL ? GLC_OK : GLC_NOMEM;
}

void glc_re_walk_done(struct glc_re_walk *w)
{
    if (w->dfa != NULL)
        w->dfa->busy = false;
    sets_free(w->sets);
}

static enum glc_err sets_at(struct glc_re_walk *w, const struct glc_re_text *t, uint64_t p, bool enter,
                            uint64_t *steps)
{
    struct glc_re_sets *s = w->sets;
    uint64_t place = t->reverse ? t->size - p : p;
    sets_begin(s, w->nfa->insns);
    for (uint32_t i = 0; i < s->raws; i++)
        if (!sets_close(w->nfa, s, s->raw[i], t, place))
            return GLC_CORRUPT;
    if (enter && !sets_close(w->nfa, s, 0, t, place))
        return GLC_CORRUPT;
    s->raws = 0;
    w->accept = s->accept;
    w->dead = s->n == 0;
    return glc_re_charge(steps, s->n + 1) ? GLC_OK : GLC_LIMIT;
}

enum glc_err glc_re_walk_at(struct glc_re_walk *w, const struct glc_re_text *t, uint64_t p, bool enter,
                            uint64_t *steps)
{
    if (w->dfa == NULL)
        return sets_at(w, t, p, enter, steps);
    struct glc_re_dfa *d = w->dfa;
    if (enter) {
        uint32_t to = d->trans[(size_t)w->state * d->row + 2 * d->nfa.classes];
        if (to == UNKNOWN) {
            enum glc_err err = compute(d, w->state, 2 * d->nfa.classes, steps, &to);
            if (err != GLC_OK)
                return err;
        }
        w->accept = (to & ACCEPT) != 0;
        w->state = to & ~ACCEPT;
    } else {
        w->accept = false;
    }
    w->dead = w->state == 0;
    return GLC_OK;
}

static enum glc_err sets_eat(struct glc_re_walk *w, const struct glc_re_text *t, uint64_t *p, uint64_t upto,
                             bool enter, uint64_t *steps)
{
    struct glc_re_sets *s = w->sets;
    do {
        uint8_t b = glc_re_text_byte(t, *p);
        bool bad = false;
        /* An instruction follows one that eats at most once: raw holds no repeats. */
        s->raws = 0;
        for (uint32_t i = 0; i < s->n; i++)
            if (eats(w->nfa, s->list[i], b, &bad))
                s->raw[s->raws++] = s->list[i] + 1;
        ++*p;
        enum glc_err err = bad ? GLC_CORRUPT : sets_at(w, t, *p, enter, steps);
        if (err != GLC_OK)
            return err;
    } while (*p < upto && !w->accept && (enter || !w->dead));
    return GLC_OK;
}

/* Glossary: `row` entries of a state's transitions, `half` where those begin that enter as well, s the state
 * with ACCEPT, in the loop always without. The loop leaves at what is unknown, accepted or (not entering)
 * dead. */
enum glc_err glc_re_walk_eat(struct glc_re_walk *w, const struct glc_re_text *t, uint64_t *p, uint64_t upto,
                             bool enter, uint64_t *steps)
{
    if (w->dfa == NULL)
        return sets_eat(w, t, p, upto, enter, steps);
    struct glc_re_dfa *d = w->dfa;
    const uint8_t *map = d->nfa.map;
    uint32_t half = enter ? d->nfa.classes : 0, s = w->state;
    const uint64_t begin = *p;
    uint64_t at = begin;
    const uint8_t *byte = t->reverse ? t->data + (t->size - 1 - at) : t->data + at;
    const ptrdiff_t dir = t->reverse ? -1 : 1;
    do {
        const uint32_t *trans = d->trans;
        uint32_t to = trans[(size_t)s * d->row + half + map[*byte]];
        while (to < ACCEPT && at + 1 < upto && (to | half) != 0) {
            at++;
            byte += dir;
            s = to;
            to = trans[(size_t)s * d->row + half + map[*byte]];
        }
        if (to == UNKNOWN) {
            enum glc_err err = compute(d, s, half + map[*byte], steps, &to);
            if (err != GLC_OK)
                return err;
        }
        at++;
        byte += dir;
        s = to;
        if (to >= ACCEPT || (to | half) == 0)
            break;
    } while (at < upto);
    w->accept = (s & ACCEPT) != 0;
    w->state = s & ~ACCEPT;
    w->dead = w->state == 0;
    *p = at;
    return glc_re_charge(steps, (at - begin) / 4 + 1) ? GLC_OK : GLC_LIMIT;
}
