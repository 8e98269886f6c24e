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
#include "match/re_scan.h"
#include "match/simd.h"

#include <stdlib.h>
#include <string.h>

/* The build clears every local; here that would be 1 KiB a call, of which a level that is reached clears its
 * own part (decode_level()). */
#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define GLC_LEFT_AS_IT_IS __attribute__((uninitialized))
#endif
#endif
#ifndef GLC_LEFT_AS_IT_IS
#define GLC_LEFT_AS_IT_IS
#endif

enum { NEAR_LEVELS = 6 /* levels that need no allocation */, MEMO_WORTH = 32 /* bytes */, MOST_BEHIND = 32 };

struct level {
    struct glc_re_level c; /* as the code has it */
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
    bool farthest;                  /* ends may be skipped where a later one is known */
    bool everywhere;                /* every place is a beginning; otherwise only `at` */
    const struct glc_re_part *part; /* … or every place of these, the first not yet begun */
    uint32_t parts;
    uint64_t at; /* the next place to begin at */
    enum glc_err err;
};

struct glc_re_scratch *glc_re_scratch_new(void)
{
    struct glc_re_scratch *s = calloc(1, sizeof *s);
    if (s != NULL)
        s->simd = glc_simd_has(GLC_SIMD_AVX2);
    return s;
}

void glc_re_scratch_free(struct glc_re_scratch *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < GLC_RE_DFAS; i++)
        glc_re_dfa_free(s->dfa[i]);
    for (size_t i = 0; i < GLC_RE_SCANS; i++)
        glc_re_scan_free(s->scan[i]);
    free(s);
}

void glc_re_scratch_no_simd(struct glc_re_scratch *s)
{
    s->simd = false;
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

static bool decode_level(struct run *r)
{
    struct level *lv = &r->lv[r->decoded++];
    memset(lv, 0, sizeof *lv);
    lv->lo = 1;
    if (!glc_re_level_decode(&r->code, &lv->c))
        return fail(r, GLC_CORRUPT);
    if (lv->c.body == GLC_RE_BODY_NFA) {
        enum glc_err err = glc_re_walk_init(&lv->walk, r->scratch, &lv->c.nfa);
        if (err != GLC_OK)
            return fail(r, err);
        lv->walking = true;
    }
    return true;
}

/* What was found where, for calls that begin elsewhere but look at the same bytes. */

static struct glc_re_memo *memo_of(struct run *r, const uint8_t *key)
{
    return &r->scratch->memo[glc_re_slot(key, GLC_RE_MEMOS)];
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
        const struct glc_re_memo *m = memo_of(r, lv->c.set);
        if (remembers(r, m, lv->c.set, p)) {
            lv->run_to = m->to;
            lv->run_closed = m->hit;
        }
    }
    if (want > t->size)
        want = t->size;
    uint64_t from = lv->run_to;
    while (!lv->run_closed && lv->run_to < want) {
        if (glc_re_set_has(lv->c.set, glc_re_text_byte(t, lv->run_to)))
            lv->run_to++;
        else
            lv->run_closed = true;
    }
    if (lv->run_to - from > MEMO_WORTH)
        remember(r, lv->c.set, lv->run_from, lv->run_to, lv->run_closed);
    return charge(r, (lv->run_to - from) / 4);
}

/* The level is to try the places in [lo, hi]. */
static void offer(struct run *r, struct level *lv, uint64_t lo, uint64_t hi)
{
    uint64_t n = r->text.size;
    if (lo < lv->next)
        lo = lv->next;
    if (lv->c.body != GLC_RE_BODY_NFA) {
        if (lv->c.len > n) {
            lv->dry = true;
            return;
        }
        if (hi >= n - lv->c.len) {
            hi = n - lv->c.len;
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
    if (lv->c.gap == GLC_RE_GAP_NONE) {
        offer(r, lv, e, e);
        return true;
    }
    if (lv->c.min > n - e) {
        lv->dry = true; /* later ends leave even less room */
        return true;
    }
    uint64_t hi = lv->c.max == GLC_UNBOUNDED || lv->c.max > n - e ? n : e + lv->c.max;
    if (lv->c.gap == GLC_RE_GAP_SET) {
        if (!extend_run(r, lv, e, hi))
            return false;
        if (lv->run_to < hi)
            hi = lv->run_to;
        if (hi - e < lv->c.min)
            return true;
    }
    offer(r, lv, e + lv->c.min, hi);
    return true;
}

/* The runs of the set in one part: from `min` bytes after the beginning of each to its end. */
static bool feed_runs(struct run *r, struct level *lv, const struct glc_re_part *part)
{
    uint64_t n = r->text.size, upto = part->upto < n ? part->upto : n;
    if (r->at < part->from)
        r->at = part->from < n ? part->from : n;
    uint64_t from = r->at;
    while (r->at < upto && !glc_re_set_has(lv->c.set, glc_re_text_byte(&r->text, r->at)))
        r->at++;
    uint64_t start = r->at;
    while (r->at < n && start < upto && glc_re_set_has(lv->c.set, glc_re_text_byte(&r->text, r->at)))
        r->at++;
    if (r->at - start >= lv->c.min)
        offer(r, lv, start + lv->c.min, r->at);
    if (r->at >= upto && --r->parts != 0)
        r->part++;
    if (r->parts == 0 || r->at == n)
        lv->dry = true;
    return charge(r, (r->at - from) / 4);
}

/* Every place of the parts is a beginning: the next interval that the first level's gap makes of them. */
static bool feed_everywhere(struct run *r, struct level *lv)
{
    const struct glc_re_part *part = r->part;
    uint64_t n = r->text.size, min = lv->c.gap == GLC_RE_GAP_NONE ? 0 : lv->c.min;
    uint64_t max = lv->c.gap == GLC_RE_GAP_NONE ? 0 : lv->c.max == GLC_UNBOUNDED ? n : lv->c.max;
    if (r->parts == 0) {
        lv->dry = true;
        return true;
    }
    lv->behind = lv->c.gap == GLC_RE_GAP_SET && min != 0;
    if (lv->behind &&
        (lv->c.body == GLC_RE_BODY_EMPTY || lv->c.body == GLC_RE_BODY_NFA || min > MOST_BEHIND)) {
        lv->behind = false;
        return feed_runs(r, lv, part);
    }
    r->part++;
    if (--r->parts == 0)
        lv->dry = true;
    if (part->from <= n && min <= n - part->from)
        offer(r, lv, part->from + min, part->upto < n && max < n - part->upto ? part->upto + max : n);
    return true;
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
    switch (lv->c.body) {
    case GLC_RE_BODY_BYTES:
        return p[0] == lv->c.value[0] && memcmp(p, lv->c.value, lv->c.len) == 0;
    case GLC_RE_BODY_MASKED:
        for (uint32_t i = 0; i < lv->c.len; i++)
            if ((p[i] & lv->c.mask[i]) != lv->c.value[i])
                return false;
        return true;
    case GLC_RE_BODY_SETS:
        for (uint32_t i = 0; i < lv->c.len; i++)
            if (!glc_re_set_has(lv->c.value + (size_t)i * GLC_RE_SET_SIZE, p[i]))
                return false;
        return true;
    case GLC_RE_BODY_ASSERT:
        return glc_re_assert_holds(&r->text, lv->c.assertion, place);
    default:
        return true;
    }
}

/* The exact byte to look for first; false: the body has none. */
static bool pivot_of(const struct level *lv, uint32_t *at)
{
    if (lv->c.body == GLC_RE_BODY_BYTES)
        *at = 0;
    else if (lv->c.body == GLC_RE_BODY_MASKED && lv->c.pivot < lv->c.len)
        *at = lv->c.pivot;
    else
        return false;
    return true;
}

/* Assertions that hold in one place only. */
static bool is_edge(const struct run *r, const struct level *lv, uint64_t *place)
{
    *place = lv->c.assertion == GLC_AT_END ? r->text.size : 0;
    return lv->c.body == GLC_RE_BODY_ASSERT &&
           (lv->c.assertion == GLC_AT_END || lv->c.assertion == GLC_AT_START);
}

/* The lowest place in [from, to] where the body is; to + 1: none. */
static bool lowest(struct run *r, const struct level *lv, uint64_t from, uint64_t to, uint64_t *hit)
{
    uint32_t pivot;
    const uint8_t *data = r->text.data;
    uint64_t p = from, edge;
    if (is_edge(r, lv, &edge)) {
        *hit = from <= edge && edge <= to ? edge : to + 1;
        return charge(r, 1);
    }
    if (from == to || !pivot_of(lv, &pivot)) {
        for (; p <= to && !body_at(r, lv, p); p++)
            if (!charge(r, 1))
                return false;
        *hit = p;
        return charge(r, 1);
    }
    if (lv->c.body == GLC_RE_BODY_BYTES && lv->c.len > 1 && to - from >= MEMO_WORTH) {
        const uint8_t *m = memmem(data + from, (size_t)(to - from) + lv->c.len, lv->c.value, lv->c.len);
        *hit = m != NULL ? (uint64_t)(m - data) : to + 1;
        return charge(r, 1 + (*hit - from) / 8);
    }
    while (p <= to) {
        const uint8_t *m = memchr(data + p + pivot, lv->c.value[pivot], (size_t)(to - p) + 1);
        uint64_t at = m != NULL ? (uint64_t)(m - data) - pivot : to + 1;
        if (!charge(r, 1 + (at - p) / 16 + (m != NULL ? lv->c.len / 16 : 0)))
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
    uint64_t edge;
    if (is_edge(r, lv, &edge)) {
        *hit = from <= edge && edge <= to ? edge : from - 1;
        return charge(r, 1);
    }
    bool quick = from != to && pivot_of(lv, &pivot);
    while (left != 0) {
        if (quick) {
            const uint8_t *m = memrchr(data + from + pivot, lv->c.value[pivot], (size_t)left);
            uint64_t now = m != NULL ? (uint64_t)(m - data) - pivot - from + 1 : 0;
            if (!charge(r, 1 + (left - now) / 16 + (m != NULL ? lv->c.len / 16 : 0)))
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
    if (lv->c.body == GLC_RE_BODY_EMPTY) {
        *hit = lo;
        return charge(r, 1);
    }
    if (!r->text.reverse)
        return lowest(r, lv, lo, hi, hit);
    uint64_t top = r->text.size - lv->c.len;
    if (!highest(r, lv, top - hi, top - lo, hit))
        return false;
    *hit = top - *hit;
    return true;
}

/* The same with what is remembered of earlier calls, which may have begun elsewhere but looked at the same
 * bytes. */
static bool recall(struct run *r, struct level *lv, uint64_t lo, uint64_t hi, uint64_t *hit)
{
    if (hi - lo < MEMO_WORTH || lv->c.value == NULL)
        return find_first(r, lv, lo, hi, hit);
    const struct glc_re_memo *m = memo_of(r, lv->c.value);
    bool known = remembers(r, m, lv->c.value, lo);
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
    remember(r, lv->c.value, known ? m->from : lo, *hit, *hit <= hi);
    return true;
}

/* Of the last level, where only the farthest end counts: the last position in [lo, hi] with the body. */
static bool find_last(struct run *r, struct level *lv, uint64_t lo, uint64_t hi, uint64_t *hit)
{
    if (lv->c.body == GLC_RE_BODY_EMPTY) {
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
    uint64_t top = r->text.size - lv->c.len;
    if (!lowest(r, lv, top - hi, top - lo, hit))
        return false;
    *hit = *hit > top - lo ? hi + 1 : top - *hit;
    return true;
}

/* The same with what is remembered: a hit at `from` (or, without `hit`, none there either), none behind it up
 * to `to`. */
static bool recall_last(struct run *r, struct level *lv, uint64_t lo, uint64_t hi, uint64_t *hit)
{
    if (hi - lo < MEMO_WORTH || lv->c.value == NULL)
        return find_last(r, lv, lo, hi, hit);
    const uint8_t *key = lv->c.value + 1; /* another one than recall()'s */
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
    for (uint32_t i = 1; i <= lv->c.min; i++)
        if (!glc_re_set_has(lv->c.set, glc_re_text_byte(&r->text, p - i)))
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
        *end = hit + lv->c.len;
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
        switch (lv->c.body == GLC_RE_BODY_NFA ? nfa_next(r, lv, &e) : fixed_next(r, lv, i == last, &e)) {
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
    struct glc_re_head head;
    if (!glc_re_head_decode(code, &head))
        return GLC_CORRUPT;
    r->levels = head.levels;
    r->code = head.body;
    r->text = (struct glc_re_text){ .data = in->data.ptr,
                                    .size = in->data.len,
                                    .reverse = (head.flags & GLC_RE_REVERSE) != 0,
                                    .wide = (head.flags & GLC_RE_WIDE) != 0,
                                    .key = head.key };
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
    GLC_LEFT_AS_IT_IS struct level near[NEAR_LEVELS];
    struct run r;
    if (at < in->data.len && !glc_re_may_start(in, code, at)) {
        *found = false;
        return GLC_OK;
    }
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
    GLC_LEFT_AS_IT_IS struct level near[NEAR_LEVELS];
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
    GLC_LEFT_AS_IT_IS struct level near[NEAR_LEVELS];
    struct run r;
    enum glc_err err = open_run(&r, in, code, near);
    if (err == GLC_OK && !r.text.reverse)
        err = GLC_CORRUPT;
    const struct glc_re_part all = { 0, UINT64_MAX };
    r.everywhere = true;
    r.part = &all;
    r.parts = 1;
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

enum glc_err glc_re_search_in(const struct glc_re_input *in, struct glc_span code,
                              const struct glc_re_part *part, uint32_t parts, bool *found)
{
    GLC_LEFT_AS_IT_IS struct level near[NEAR_LEVELS];
    struct run r;
    enum glc_err err = open_run(&r, in, code, near);
    r.everywhere = true;
    r.part = part;
    r.parts = parts;
    bool none = false;
    uint64_t e = 0;
    if (err == GLC_OK && !next_end(&r, &e, &none))
        err = r.err;
    close_run(&r, near);
    if (err == GLC_OK)
        *found = !none;
    return err;
}

enum glc_err glc_re_search(const struct glc_re_input *in, struct glc_span code, bool *found)
{
    const struct glc_re_part all = { 0, UINT64_MAX };
    return glc_re_search_in(in, code, &all, 1, found);
}

bool glc_re_matches_empty(struct glc_span code)
{
    return code.len < GLC_RE_HEADER || (code.ptr[1] & GLC_RE_EMPTY_TOO) != 0;
}
