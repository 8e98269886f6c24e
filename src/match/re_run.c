/* Runs regular expressions: a chain of levels, each a gap and a body (re_internal.h).
 *
 * A level is a generator: it is fed places where the level before it ends, in rising order, and gives the
 * places where it ends itself, in rising order, each once. What a gap makes of rising places is a rising
 * sequence of intervals, so that one interval at a time is all that a level must remember, be the gap
 * millions of bytes wide, and every place is tried at most once per level: the time is linear, whatever the
 * pattern. Levels are pulled from the last one, so that the first end is known without looking further than
 * it needs.
 *
 * The code may be damaged: it is decoded through a cursor, each level when it is first reached. */
#define _GNU_SOURCE /* memrchr, memmem */
#include "match/re_internal.h"

#include <stdlib.h>
#include <string.h>

enum { NEAR_LEVELS = 6 /* levels that need no allocation */, MEMO_WORTH = 32 /* bytes */, MOST_BEHIND = 32 };

struct level {
    uint8_t gap, body, assertion;
    uint32_t min, max;
    const uint8_t *set;          /* of the gap */
    const uint8_t *value, *mask; /* of the body */
    uint32_t len, pivot;
    struct glc_re_nfa nfa;
    struct glc_re_walk walk;
    bool walking;    /* walk has been made */
    bool arrived;    /* the walk knows its states at pos */
    bool dry;        /* no further place will be fed */
    bool behind;     /* every place is tried; the gap's first `min` bytes are looked at where the body is */
    uint64_t pos;    /* of the walk */
    uint64_t lo, hi; /* places to try, lo > hi: none known */
    uint64_t next;   /* no place below this need be tried */
    uint64_t run_from, run_to;  /* bytes in [run_from, run_to) are in the set … */
    bool run_known, run_closed; /* … and where closed the byte at run_to is not */
};

struct run {
    struct glc_re_text text;
    struct glc_re_scratch *scratch;
    uint64_t *steps;
    struct glc_cursor code;
    struct level *lv;
    uint32_t levels, decoded;
    bool farthest;   /* ends may be skipped where a later one is known */
    bool everywhere; /* every place is a beginning; otherwise only `at` */
    uint64_t at;     /* the next place to begin at */
    enum glc_err err;
};

struct glc_re_scratch *glc_re_scratch_new(void)
{
    return calloc(1, sizeof(struct glc_re_scratch));
}

void glc_re_scratch_free(struct glc_re_scratch *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < GLC_RE_DFAS; i++)
        glc_re_dfa_free(s->dfa[i]);
    free(s);
}

void glc_re_scratch_begin(struct glc_re_scratch *s)
{
    if (++s->epoch == 0)
        memset(s->memo, 0, sizeof s->memo);
}

static bool fail(struct run *r, enum glc_err err)
{
    r->err = err;
    return false;
}

static bool charge(struct run *r, uint64_t n)
{
    return glc_re_charge(r->steps, n) || fail(r, GLC_LIMIT);
}

/* Assertions. */

static bool is_word(uint8_t c)
{
    return glc_ascii_isalnum(c) || c == '_';
}

/* The character before (back) or after the place `at`; -1: there is none. A wide text has two bytes to a
 * character. */
static int neighbour(const struct glc_re_text *t, uint64_t at, bool back)
{
    uint64_t room = back ? at : t->size - at;
    if (!t->wide) {
        if (room < 1)
            return -1;
        return t->data[back ? at - 1 : at] ^ t->key;
    }
    if (room < 2)
        return -1;
    const uint8_t *p = t->data + (back ? at - 2 : at);
    return (p[1] ^ t->key) == 0 ? p[0] ^ t->key : -1;
}

bool glc_re_assert_holds(const struct glc_re_text *t, unsigned assertion, uint64_t at)
{
    int before = neighbour(t, at, true), after = neighbour(t, at, false);
    bool word_before = before >= 0 && is_word((uint8_t)before),
         word_after = after >= 0 && is_word((uint8_t)after);
    bool edge = at == 0 || at == t->size;
    switch (assertion) {
    case GLC_AT_START:
        return at == 0;
    case GLC_AT_END:
        return at == t->size;
    case GLC_AT_WORD_EDGE:
        return word_before != word_after;
    case GLC_AT_NO_WORD_EDGE:
        return word_before == word_after;
    case GLC_AT_CLAM_B:
        return edge || word_before != word_after;
    case GLC_AT_CLAM_L:
        return edge || before == '\n' || before == '\r' || after == '\n' || after == '\r';
    case GLC_AT_CLAM_W:
        return edge || !glc_ascii_isalnum((uint8_t)before) || !glc_ascii_isalnum((uint8_t)after);
    default:
        return false;
    }
}

/* Decoding. */

static bool decode_nfa(struct glc_cursor *c, struct glc_re_nfa *nfa)
{
    uint32_t size = glc_cursor_u32le(c);
    struct glc_cursor body = glc_cursor_sub(c, size);
    nfa->insns = glc_cursor_u32le(&body);
    nfa->sets = glc_cursor_u32le(&body);
    nfa->classes = glc_cursor_u32le(&body);
    nfa->asserts = glc_cursor_u32le(&body) != 0;
    nfa->map = glc_cursor_take(&body, 256);
    if (!glc_cursor_ok(&body) || nfa->insns == 0 || nfa->insns > GLC_RE_MOST_INSNS || nfa->classes > 256 ||
        nfa->classes == 0 || nfa->sets > GLC_RE_MOST_INSNS)
        return false;
    nfa->set = glc_cursor_take(&body, (size_t)nfa->sets * GLC_RE_SET_SIZE);
    nfa->insn = glc_cursor_take(&body, (size_t)nfa->insns * GLC_RE_INSN_SIZE);
    return glc_cursor_ok(&body);
}

static bool decode_body(struct glc_cursor *c, struct level *lv)
{
    switch (lv->body) {
    case GLC_RE_BODY_EMPTY:
    case GLC_RE_BODY_ASSERT:
        return true;
    case GLC_RE_BODY_BYTES:
        lv->len = glc_cursor_u32le(c);
        lv->value = glc_cursor_take(c, lv->len);
        return lv->len != 0;
    case GLC_RE_BODY_MASKED:
        lv->len = glc_cursor_u32le(c);
        lv->pivot = glc_cursor_u32le(c);
        lv->value = glc_cursor_take(c, lv->len);
        lv->mask = glc_cursor_take(c, lv->len);
        return lv->len != 0;
    case GLC_RE_BODY_SETS:
        lv->len = glc_cursor_u32le(c);
        lv->value = glc_cursor_take(c, (size_t)lv->len * GLC_RE_SET_SIZE);
        return lv->len != 0;
    case GLC_RE_BODY_NFA:
        return decode_nfa(c, &lv->nfa);
    default:
        return false;
    }
}

static bool decode_level(struct run *r)
{
    struct level *lv = &r->lv[r->decoded++];
    memset(lv, 0, sizeof *lv);
    lv->gap = glc_cursor_u8(&r->code);
    lv->body = glc_cursor_u8(&r->code);
    lv->assertion = glc_cursor_u8(&r->code);
    glc_cursor_skip(&r->code, 1);
    lv->lo = 1;
    if (lv->gap >= GLC_RE_GAPS)
        return fail(r, GLC_CORRUPT);
    if (lv->gap != GLC_RE_GAP_NONE) {
        lv->min = glc_cursor_u32le(&r->code);
        lv->max = glc_cursor_u32le(&r->code);
    }
    if (lv->gap == GLC_RE_GAP_SET)
        lv->set = glc_cursor_take(&r->code, GLC_RE_SET_SIZE);
    if (!decode_body(&r->code, lv) || !glc_cursor_ok(&r->code))
        return fail(r, GLC_CORRUPT);
    if (lv->body == GLC_RE_BODY_NFA) {
        enum glc_err err = glc_re_walk_init(&lv->walk, r->scratch, &lv->nfa);
        if (err != GLC_OK)
            return fail(r, err);
        lv->walking = true;
    }
    return true;
}

/* What was found where, for calls that begin elsewhere but look at the same bytes. */

static struct glc_re_memo *memo_of(struct run *r, const uint8_t *key)
{
    return &r->scratch->memo[(uintptr_t)key * 0x9e3779b1u >> 7 & 511];
}

static bool remembers(const struct run *r, const struct glc_re_memo *m, const uint8_t *key, uint64_t p)
{
    const struct glc_re_text *t = &r->text;
    return m->key == key && m->epoch == r->scratch->epoch && m->data == t->data && m->size == t->size &&
           m->reverse == t->reverse && m->from <= p && p <= m->to;
}

static void remember(struct run *r, const uint8_t *key, uint64_t from, uint64_t to, bool hit)
{
    const struct glc_re_text *t = &r->text;
    *memo_of(r, key) = (struct glc_re_memo){ .key = key,
                                             .data = t->data,
                                             .size = t->size,
                                             .from = from,
                                             .to = to,
                                             .hit = hit,
                                             .reverse = t->reverse,
                                             .epoch = r->scratch->epoch };
}

/* Gaps. */

/* The bytes from `p` on that are in the level's set: makes run_to the end of them, or at least `want`. */
static bool extend_run(struct run *r, struct level *lv, uint64_t p, uint64_t want)
{
    const struct glc_re_text *t = &r->text;
    if (!lv->run_known || p < lv->run_from || p > lv->run_to) {
        lv->run_known = true;
        lv->run_closed = false;
        lv->run_from = lv->run_to = p;
        const struct glc_re_memo *m = memo_of(r, lv->set);
        if (remembers(r, m, lv->set, p)) {
            lv->run_to = m->to;
            lv->run_closed = m->hit;
        }
    }
    if (want > t->size)
        want = t->size;
    uint64_t from = lv->run_to;
    while (!lv->run_closed && lv->run_to < want) {
        if (glc_re_set_has(lv->set, glc_re_text_byte(t, lv->run_to)))
            lv->run_to++;
        else
            lv->run_closed = true;
    }
    if (lv->run_to - from > MEMO_WORTH)
        remember(r, lv->set, lv->run_from, lv->run_to, lv->run_closed);
    return charge(r, (lv->run_to - from) / 4);
}

/* The level is to try the places in [lo, hi]. */
static void offer(struct run *r, struct level *lv, uint64_t lo, uint64_t hi)
{
    uint64_t n = r->text.size;
    if (lo < lv->next)
        lo = lv->next;
    if (lv->body != GLC_RE_BODY_NFA) {
        if (lv->len > n) {
            lv->dry = true;
            return;
        }
        if (hi >= n - lv->len) {
            hi = n - lv->len;
            lv->dry = true;
        }
    } else if (hi >= n) {
        lv->dry = true;
    }
    if (lo > hi)
        return;
    lv->lo = lo;
    lv->hi = hi;
    lv->next = hi + 1;
}

/* The level before ends at `e`. */
static bool feed(struct run *r, struct level *lv, uint64_t e)
{
    uint64_t n = r->text.size;
    if (lv->gap == GLC_RE_GAP_NONE) {
        offer(r, lv, e, e);
        return true;
    }
    if (lv->min > n - e) {
        lv->dry = true; /* later ends leave even less room */
        return true;
    }
    uint64_t hi = lv->max == GLC_UNBOUNDED || lv->max > n - e ? n : e + lv->max;
    if (lv->gap == GLC_RE_GAP_SET) {
        if (!extend_run(r, lv, e, hi))
            return false;
        if (lv->run_to < hi)
            hi = lv->run_to;
        if (hi - e < lv->min)
            return true;
    }
    offer(r, lv, e + lv->min, hi);
    return true;
}

/* Every place is a beginning: the next interval that the first level's gap makes of them. */
static bool feed_everywhere(struct run *r, struct level *lv)
{
    uint64_t n = r->text.size;
    if (lv->gap != GLC_RE_GAP_SET || lv->min == 0) {
        lv->dry = true;
        if (lv->gap == GLC_RE_GAP_NONE || lv->min <= n)
            offer(r, lv, lv->gap == GLC_RE_GAP_NONE ? 0 : lv->min, n);
        return true;
    }
    if (lv->body != GLC_RE_BODY_EMPTY && lv->body != GLC_RE_BODY_NFA && lv->min <= MOST_BEHIND) {
        lv->dry = lv->behind = true;
        if (lv->min <= n)
            offer(r, lv, lv->min, n);
        return true;
    }
    /* From `min` bytes after the beginning of each run of the set to its end. */
    uint64_t from = r->at;
    while (r->at < n && !glc_re_set_has(lv->set, glc_re_text_byte(&r->text, r->at)))
        r->at++;
    uint64_t start = r->at;
    while (r->at < n && glc_re_set_has(lv->set, glc_re_text_byte(&r->text, r->at)))
        r->at++;
    if (r->at - start >= lv->min)
        offer(r, lv, start + lv->min, r->at);
    if (r->at == n)
        lv->dry = true;
    return charge(r, (r->at - from) / 4);
}

static bool begin(struct run *r)
{
    struct level *lv = &r->lv[0];
    if (r->everywhere)
        return feed_everywhere(r, lv);
    lv->dry = true;
    return feed(r, lv, r->at);
}

/* Bodies of fixed length. */

static bool body_at(const struct run *r, const struct level *lv, uint64_t place)
{
    const uint8_t *p = r->text.data + place;
    switch (lv->body) {
    case GLC_RE_BODY_BYTES:
        return p[0] == lv->value[0] && memcmp(p, lv->value, lv->len) == 0;
    case GLC_RE_BODY_MASKED:
        for (uint32_t i = 0; i < lv->len; i++)
            if ((p[i] & lv->mask[i]) != lv->value[i])
                return false;
        return true;
    case GLC_RE_BODY_SETS:
        for (uint32_t i = 0; i < lv->len; i++)
            if (!glc_re_set_has(lv->value + (size_t)i * GLC_RE_SET_SIZE, p[i]))
                return false;
        return true;
    case GLC_RE_BODY_ASSERT:
        return glc_re_assert_holds(&r->text, lv->assertion, place);
    default:
        return true;
    }
}

/* The exact byte to look for first; false: the body has none. */
static bool pivot_of(const struct level *lv, uint32_t *at)
{
    if (lv->body == GLC_RE_BODY_BYTES)
        *at = 0;
    else if (lv->body == GLC_RE_BODY_MASKED && lv->pivot < lv->len)
        *at = lv->pivot;
    else
        return false;
    return true;
}

/* The lowest place in [from, to] where the body is; to + 1: none. */
static bool lowest(struct run *r, const struct level *lv, uint64_t from, uint64_t to, uint64_t *hit)
{
    uint32_t pivot;
    const uint8_t *data = r->text.data;
    uint64_t p = from;
    if (from == to || !pivot_of(lv, &pivot)) {
        for (; p <= to && !body_at(r, lv, p); p++)
            if (!charge(r, 1))
                return false;
        *hit = p;
        return charge(r, 1);
    }
    if (lv->body == GLC_RE_BODY_BYTES && lv->len > 1 && to - from >= MEMO_WORTH) {
        const uint8_t *m = memmem(data + from, (size_t)(to - from) + lv->len, lv->value, lv->len);
        *hit = m != NULL ? (uint64_t)(m - data) : to + 1;
        return charge(r, 1 + (*hit - from) / 8);
    }
    while (p <= to) {
        const uint8_t *m = memchr(data + p + pivot, lv->value[pivot], (size_t)(to - p) + 1);
        uint64_t at = m != NULL ? (uint64_t)(m - data) - pivot : to + 1;
        if (!charge(r, 1 + (at - p) / 16 + (m != NULL ? lv->len / 16 : 0)))
            return false;
        p = at;
        if (m == NULL || body_at(r, lv, p))
            break;
        p++;
    }
    *hit = p;
    return true;
}

/* The highest place in [from, to] where the body is; from − 1 (which may wrap): none. */
static bool highest(struct run *r, const struct level *lv, uint64_t from, uint64_t to, uint64_t *hit)
{
    uint32_t pivot;
    const uint8_t *data = r->text.data;
    uint64_t left = to - from + 1; /* places not yet tried */
    bool quick = from != to && pivot_of(lv, &pivot);
    while (left != 0) {
        if (quick) {
            const uint8_t *m = memrchr(data + from + pivot, lv->value[pivot], (size_t)left);
            uint64_t now = m != NULL ? (uint64_t)(m - data) - pivot - from + 1 : 0;
            if (!charge(r, 1 + (left - now) / 16 + (m != NULL ? lv->len / 16 : 0)))
                return false;
            left = now;
            if (left == 0)
                break;
        } else if (!charge(r, 1)) {
            return false;
        }
        if (body_at(r, lv, from + left - 1))
            break;
        left--;
    }
    *hit = from + left - 1;
    return true;
}

/* The first position of the walk in [lo, hi] with the body; hi + 1: none. */
static bool find_first(struct run *r, struct level *lv, uint64_t lo, uint64_t hi, uint64_t *hit)
{
    if (lv->body == GLC_RE_BODY_EMPTY) {
        *hit = lo;
        return charge(r, 1);
    }
    if (!r->text.reverse)
        return lowest(r, lv, lo, hi, hit);
    uint64_t top = r->text.size - lv->len;
    if (!highest(r, lv, top - hi, top - lo, hit))
        return false;
    *hit = top - *hit;
    return true;
}

/* The same with what is remembered of earlier calls, which may have begun elsewhere but looked at the same
 * bytes. */
static bool recall(struct run *r, struct level *lv, uint64_t lo, uint64_t hi, uint64_t *hit)
{
    if (hi - lo < MEMO_WORTH || lv->value == NULL)
        return find_first(r, lv, lo, hi, hit);
    const struct glc_re_memo *m = memo_of(r, lv->value);
    bool known = remembers(r, m, lv->value, lo);
    uint64_t from = lo;
    if (known && m->hit && m->to <= hi) {
        *hit = m->to;
        return charge(r, 1);
    }
    if (known && m->to > hi) {
        *hit = hi + 1;
        return charge(r, 1);
    }
    if (known)
        from = m->to;
    if (!find_first(r, lv, from, hi, hit))
        return false;
    remember(r, lv->value, known ? m->from : lo, *hit, *hit <= hi);
    return true;
}

/* Of the last level, where only the farthest end counts: the last position in [lo, hi] with the body. */
static bool find_last(struct run *r, struct level *lv, uint64_t lo, uint64_t hi, uint64_t *hit)
{
    if (lv->body == GLC_RE_BODY_EMPTY) {
        *hit = hi;
        return charge(r, 1);
    }
    if (!r->text.reverse) {
        if (!highest(r, lv, lo, hi, hit))
            return false;
        if (*hit + 1 == lo)
            *hit = hi + 1;
        return true;
    }
    uint64_t top = r->text.size - lv->len;
    if (!lowest(r, lv, top - hi, top - lo, hit))
        return false;
    *hit = *hit > top - lo ? hi + 1 : top - *hit;
    return true;
}

/* The same with what is remembered: a hit at `from` (or, without `hit`, none there either), none behind it up
 * to `to`. */
static bool recall_last(struct run *r, struct level *lv, uint64_t lo, uint64_t hi, uint64_t *hit)
{
    if (hi - lo < MEMO_WORTH || lv->value == NULL)
        return find_last(r, lv, lo, hi, hit);
    const uint8_t *key = lv->value + 1; /* another one than recall()'s */
    const struct glc_re_memo *m = memo_of(r, key);
    uint64_t known = m->to < hi ? m->to : hi, from = m->from;
    bool usable = remembers(r, m, key, known) && known >= lo, was_hit = m->hit;
    *hit = hi + 1;
    if (!(usable && known == hi) && !find_last(r, lv, usable ? known + 1 : lo, hi, hit))
        return false;
    if (*hit > hi && usable) {
        if (was_hit && from >= lo)
            *hit = from;
        else if (from > lo && !find_last(r, lv, lo, from - 1, hit))
            return false;
        else if (from > lo && *hit == from)
            *hit = hi + 1;
    }
    bool found = *hit <= hi;
    remember(r, key, found ? *hit : lo, hi, found);
    return charge(r, 1);
}

/* The engine. */

enum said { SAID_END, SAID_PULL, SAID_DONE, SAID_ERROR };

/* Are the `min` bytes before position p in the gap's set? */
static bool gap_behind(const struct run *r, const struct level *lv, uint64_t p)
{
    for (uint32_t i = 1; i <= lv->min; i++)
        if (!glc_re_set_has(lv->set, glc_re_text_byte(&r->text, p - i)))
            return false;
    return true;
}

static enum said fixed_next(struct run *r, struct level *lv, bool last, uint64_t *end)
{
    for (;;) {
        if (lv->lo > lv->hi)
            return lv->dry ? SAID_DONE : SAID_PULL;
        uint64_t hit;
        bool far = last && r->farthest;
        if (far ? !recall_last(r, lv, lv->lo, lv->hi, &hit) : !recall(r, lv, lv->lo, lv->hi, &hit))
            return SAID_ERROR;
        if (hit > lv->hi) {
            lv->lo = 1;
            lv->hi = 0;
            continue;
        }
        lv->lo = far ? lv->hi + 1 : hit + 1;
        if (lv->behind && !gap_behind(r, lv, hit)) {
            if (!charge(r, 1))
                return SAID_ERROR;
            continue;
        }
        *end = hit + lv->len;
        return SAID_END;
    }
}

static enum said nfa_next(struct run *r, struct level *lv, uint64_t *end)
{
    struct glc_re_walk *w = &lv->walk;
    for (;;) {
        bool known = lv->lo <= lv->hi;
        if (!known && !lv->dry)
            return SAID_PULL;
        if (!lv->arrived) {
            if (w->dead) {
                if (!known)
                    return SAID_DONE;
                lv->pos = lv->lo;
            }
            bool enter = known && lv->lo == lv->pos;
            if (enter)
                lv->lo++;
            r->err = glc_re_walk_at(w, &r->text, lv->pos, enter, r->steps);
            if (r->err != GLC_OK)
                return SAID_ERROR;
            lv->arrived = true;
            if (w->accept) {
                *end = lv->pos;
                return SAID_END;
            }
            continue; /* another interval may be needed before a byte is eaten */
        }
        if (w->dead && !known)
            return SAID_DONE;
        if (lv->pos >= r->text.size)
            return SAID_DONE;
        if (w->dead && lv->lo > lv->pos) {
            lv->arrived = false;
            continue;
        }
        bool enter = known && lv->lo == lv->pos + 1;
        uint64_t upto = enter ? lv->hi : known ? lv->lo - 1 : r->text.size;
        if (upto > r->text.size)
            upto = r->text.size;
        r->err = glc_re_walk_eat(w, &r->text, &lv->pos, upto, enter, r->steps);
        if (r->err != GLC_OK)
            return SAID_ERROR;
        if (enter)
            lv->lo = lv->pos + 1;
        if (w->accept) {
            *end = lv->pos;
            return SAID_END;
        }
    }
}

/* The next end of the last level, or *none. false: r->err. */
static bool next_end(struct run *r, uint64_t *end, bool *none)
{
    uint32_t last = r->levels - 1, i = r->decoded - 1;
    *none = false;
    for (;;) {
        struct level *lv = &r->lv[i];
        uint64_t e = 0;
        switch (lv->body == GLC_RE_BODY_NFA ? nfa_next(r, lv, &e) : fixed_next(r, lv, i == last, &e)) {
        case SAID_END:
            if (i == last) {
                *end = e;
                return true;
            }
            i++;
            if (i == r->decoded && !decode_level(r))
                return false;
            if (!feed(r, &r->lv[i], e))
                return false;
            break;
        case SAID_PULL:
            if (i != 0)
                i--;
            else if (!begin(r))
                return false;
            break;
        case SAID_DONE:
            if (i == r->decoded - 1) {
                *none = true;
                return true;
            }
            r->lv[++i].dry = true;
            break;
        case SAID_ERROR:
            return false;
        }
        if (!charge(r, 1))
            return false;
    }
}

static enum glc_err open_run(struct run *r, const struct glc_re_input *in, struct glc_span code,
                             struct level *near)
{
    memset(r, 0, sizeof *r);
    struct glc_cursor head = glc_cursor(code);
    bool magic = glc_cursor_u8(&head) == GLC_RE_MAGIC;
    unsigned flags = glc_cursor_u8(&head);
    uint8_t key = glc_cursor_u8(&head);
    glc_cursor_skip(&head, 1);
    uint32_t size = glc_cursor_u32le(&head);
    r->levels = glc_cursor_u32le(&head);
    if (!glc_cursor_ok(&head) || !magic || size < GLC_RE_HEADER || size > code.len || r->levels == 0 ||
        r->levels > GLC_RE_MOST_LEVELS)
        return GLC_CORRUPT;
    r->code = glc_cursor_sub(&head, size - GLC_RE_HEADER);
    r->text = (struct glc_re_text){ .data = in->data.ptr,
                                    .size = in->data.len,
                                    .reverse = (flags & GLC_RE_REVERSE) != 0,
                                    .wide = (flags & GLC_RE_WIDE) != 0,
                                    .key = key };
    if (r->text.data == NULL)
        r->text.data = (const uint8_t *)"";
    r->scratch = in->scratch;
    r->steps = in->steps;
    r->lv = r->levels <= NEAR_LEVELS ? near : malloc(r->levels * sizeof *r->lv);
    if (r->lv == NULL)
        return GLC_NOMEM;
    return decode_level(r) ? GLC_OK : r->err;
}

static void close_run(struct run *r, const struct level *near)
{
    if (r->lv == NULL)
        return;
    for (uint32_t i = 0; i < r->decoded; i++)
        if (r->lv[i].walking)
            glc_re_walk_done(&r->lv[i].walk);
    if (r->lv != near)
        free(r->lv);
}

enum glc_err glc_re_at(const struct glc_re_input *in, struct glc_span code, uint64_t at,
                       enum glc_extent extent, bool *found, uint64_t *end)
{
    struct level near[NEAR_LEVELS];
    struct run r;
    enum glc_err err = open_run(&r, in, code, near);
    bool some = false, none = at > r.text.size;
    uint64_t far = 0;
    if (err == GLC_OK && !none) {
        r.at = r.text.reverse ? r.text.size - at : at;
        r.farthest = extent == GLC_LONGEST;
        do {
            uint64_t e = 0;
            if (!next_end(&r, &e, &none)) {
                err = r.err;
                break;
            }
            if (!none) {
                some = true;
                far = e;
            }
        } while (!none && extent == GLC_LONGEST);
    }
    close_run(&r, near);
    if (err != GLC_OK)
        return err;
    *found = some;
    if (some)
        *end = r.text.reverse ? r.text.size - far : far;
    return GLC_OK;
}

enum glc_err glc_re_all(const struct glc_re_input *in, struct glc_span code, uint64_t at,
                        bool (*each)(void *to, uint64_t pos), void *to)
{
    struct level near[NEAR_LEVELS];
    struct run r;
    enum glc_err err = open_run(&r, in, code, near);
    bool none = at > r.text.size;
    if (err == GLC_OK && !none)
        r.at = r.text.reverse ? r.text.size - at : at;
    while (err == GLC_OK && !none) {
        uint64_t e = 0;
        if (!next_end(&r, &e, &none))
            err = r.err;
        else if (!none && !each(to, r.text.reverse ? r.text.size - e : e))
            break;
    }
    close_run(&r, near);
    return err;
}

enum glc_err glc_re_starts(const struct glc_re_input *in, struct glc_span code, uint64_t from, uint64_t upto,
                           bool (*each)(void *to, uint64_t start), void *to)
{
    struct level near[NEAR_LEVELS];
    struct run r;
    enum glc_err err = open_run(&r, in, code, near);
    if (err == GLC_OK && !r.text.reverse)
        err = GLC_CORRUPT;
    r.everywhere = true;
    bool none = false;
    while (err == GLC_OK && !none) {
        uint64_t e = 0;
        if (!next_end(&r, &e, &none)) {
            err = r.err;
            break;
        }
        uint64_t start = r.text.size - e;
        if (none || start < from)
            break;
        if (start < upto && !each(to, start))
            break;
    }
    close_run(&r, near);
    return err;
}

enum glc_err glc_re_search(const struct glc_re_input *in, struct glc_span code, bool *found)
{
    struct level near[NEAR_LEVELS];
    struct run r;
    enum glc_err err = open_run(&r, in, code, near);
    r.everywhere = true;
    bool none = false;
    uint64_t e = 0;
    if (err == GLC_OK && !next_end(&r, &e, &none))
        err = r.err;
    close_run(&r, near);
    if (err == GLC_OK)
        *found = !none;
    return err;
}

bool glc_re_matches_empty(struct glc_span code)
{
    return code.len < GLC_RE_HEADER || (code.ptr[1] & GLC_RE_EMPTY_TOO) != 0;
}
