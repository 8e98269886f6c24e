/* Literal factors of a regular expression: what must stand in every match, and what is before and behind it.
 *
 * The walk goes down the tree with what surrounds the current node: `before` and `after` are the lists of
 * trees that stand left and right of it on the way from the root. A run of fixed length becomes a factor
 * there. An alternative is covered by one cover of each of its branches, a repeat (at least once) by one of
 * its first round. */
#include "compile/re_compile.h"

enum {
    MOST_DEPTH = 64,      /* deeper nodes offer nothing */
    MOST_RUN = 1 << 16,   /* bytes of one factor */
    MOST_BRANCHES = 4096, /* factors of one cover */
    MOST_COVERS = 256,
    MOST_COPIED = 1 << 20, /* list items for the covers of one list */
    FIXED_GAP = 256,
};

/* What stands on one side of a node: trees from the outermost in; joined where a factor needs them. */
struct side {
    const struct side *up;
    struct glc_re *re; /* the sibling trees on this side, joined */
};

struct finder {
    struct glc_arena *arena;
    glc_re_cost *cost;
    void *to;
    enum glc_err err;
};

struct covers {
    struct glc_re_cover *item;
    size_t n;
};

static bool add_cover(struct finder *f, struct covers *c, struct glc_re_cover cover)
{
    struct glc_re_cover *p = glc_arena_push(f->arena, (void *)&c->item, &c->n, sizeof *p);
    if (p == NULL) {
        f->err = GLC_NOMEM;
        return false;
    }
    *p = cover;
    return true;
}

static double default_cost(void *to, const struct glc_re_factor *f)
{
    (void)to;
    double bits = 0;
    for (uint32_t i = 0; i < f->len; i++)
        bits += __builtin_popcount(f->mask[i]) * (f->value[i] == 0 || f->value[i] == 0xff ? 0.3 : 1.0);
    return bits == 0 ? 1e30 : 1e6 / (bits * bits * bits);
}

static double cover_cost(struct finder *f, const struct glc_re_cover *c)
{
    double sum = 0;
    for (uint32_t i = 0; i < c->n; i++)
        sum += f->cost != NULL ? f->cost(f->to, &c->factor[i]) : default_cost(NULL, &c->factor[i]);
    return sum;
}

/* The smallest masked byte that every member of the set fits. */
static void widen(const uint32_t set[8], uint8_t *value, uint8_t *mask)
{
    uint8_t all = 0xff, any = 0;
    for (unsigned c = 0; c < 256; c++) {
        if (glc_set_has(set, (uint8_t)c)) {
            all &= (uint8_t)c;
            any |= (uint8_t)c;
        }
    }
    *mask = (uint8_t) ~(all ^ any);
    *value = all & *mask;
}

/* The masked bytes of a node of fixed length, appended at *at where out is not NULL; false: it is not of that
 * kind. */
static bool fixed_bytes(const struct glc_re *re, uint8_t *value, uint8_t *mask, uint32_t *at, unsigned depth)
{
    if (depth == 0 || *at > MOST_RUN)
        return false;
    uint32_t n = 1, times = 1;
    uint8_t v = 0, m = 0;
    switch (re->kind) {
    case GLC_RE_EMPTY:
        return true;
    case GLC_RE_BYTES:
        n = re->u.bytes.len;
        if (value != NULL) {
            memcpy(value + *at, re->u.bytes.value, n);
            memcpy(mask + *at, re->u.bytes.mask, n);
        }
        if (n > MOST_RUN)
            return false;
        *at += n;
        return true;
    case GLC_RE_CLASS:
        widen(re->u.set, &v, &m);
        break;
    case GLC_RE_GAP:
        if (re->u.gap.min != re->u.gap.max || re->u.gap.min > FIXED_GAP)
            return false;
        n = re->u.gap.min;
        break;
    case GLC_RE_CAT:
        for (uint32_t i = 0; i < re->u.list.n; i++)
            if (!fixed_bytes(re->u.list.kid[i], value, mask, at, depth - 1))
                return false;
        return true;
    case GLC_RE_ALT: {
        /* Of single bytes only; wider ones are better taken apart. */
        uint8_t all = 0xff, any = 0, keep = 0xff;
        for (uint32_t i = 0; i < re->u.list.n; i++) {
            const struct glc_re *k = re->u.list.kid[i];
            uint8_t kv, km;
            if (k->kind == GLC_RE_BYTES && k->u.bytes.len == 1) {
                kv = k->u.bytes.value[0];
                km = k->u.bytes.mask[0];
            } else if (k->kind == GLC_RE_CLASS) {
                widen(k->u.set, &kv, &km);
            } else {
                return false;
            }
            keep &= km;
            all &= kv;
            any |= kv;
        }
        m = keep & (uint8_t) ~(all ^ any);
        v = all & m;
        break;
    }
    case GLC_RE_REPEAT:
        times = re->u.repeat.min;
        if (times != re->u.repeat.max || times > FIXED_GAP)
            return false;
        for (uint32_t i = 0; i < times; i++)
            if (!fixed_bytes(re->u.repeat.kid, value, mask, at, depth - 1))
                return false;
        return true;
    case GLC_RE_ASSERT:
        return false;
    }
    for (uint32_t i = 0; i < n; i++, ++*at) {
        if (value != NULL) {
            value[*at] = v;
            mask[*at] = m;
        }
    }
    return true;
}

static struct glc_re *join2(struct finder *f, struct glc_re *a, struct glc_re *b)
{
    if (a == NULL)
        return b;
    if (b == NULL)
        return a;
    struct glc_re *r = glc_re_cat(f->arena, (struct glc_re *[]){ a, b }, 2);
    if (r == NULL)
        f->err = GLC_NOMEM;
    return r;
}

/* All that stands on one side, from the root to here: outermost first for what is before, last for what is
 * after. */
static struct glc_re *side_tree(struct finder *f, const struct side *s, bool before)
{
    struct glc_re *r = NULL;
    for (; s != NULL; s = s->up)
        r = before ? join2(f, s->re, r) : join2(f, r, s->re);
    if (r == NULL)
        r = glc_re_empty(f->arena);
    if (r == NULL)
        f->err = GLC_NOMEM;
    return r;
}

/* kids [from, to) of a list as one tree; NULL: none. */
static struct glc_re *slice(struct finder *f, struct glc_re *const *kid, uint32_t from, uint32_t to)
{
    if (from >= to)
        return NULL;
    struct glc_re *r = glc_re_cat(f->arena, kid + from, to - from);
    if (r == NULL)
        f->err = GLC_NOMEM;
    return r;
}

static void find(struct finder *f, struct glc_re *re, const struct side *before, const struct side *after,
                 unsigned depth, struct covers *out);

/* Kids [from, to) are one run of fixed length. */
static void add_run(struct finder *f, struct glc_re *const *kid, uint32_t from, uint32_t to,
                    const struct side *before, const struct side *after, struct covers *out)
{
    uint32_t len = 0;
    for (uint32_t i = from; i < to; i++)
        if (!fixed_bytes(kid[i], NULL, NULL, &len, MOST_DEPTH))
            return;
    if (len == 0)
        return;
    uint8_t *both = glc_arena_array(f->arena, len, 2);
    struct glc_re_factor *factor = glc_arena_alloc(f->arena, sizeof *factor);
    if (both == NULL || factor == NULL) {
        f->err = GLC_NOMEM;
        return;
    }
    uint32_t at = 0;
    for (uint32_t i = from; i < to; i++)
        if (!fixed_bytes(kid[i], both, both + len, &at, MOST_DEPTH))
            return;
    /* Without its open ends: places where any byte may stand. */
    uint32_t first = 0, last = len;
    while (first < last && both[len + first] == 0)
        first++;
    if (first == last)
        return;
    factor->value = both;
    factor->mask = both + len;
    factor->len = last;
    struct glc_re *b = side_tree(f, before, true), *run = slice(f, kid, from, to);
    struct glc_re *rest = join2(f, run, side_tree(f, after, false));
    if (f->err != GLC_OK)
        return;
    factor->before = b;
    factor->rest = rest;
    glc_re_length(b, &factor->before_min, &factor->before_max);
    add_cover(f, out, (struct glc_re_cover){ .factor = factor, .n = 1 });
}

static bool is_run(const struct glc_re *re)
{
    uint32_t len = 0;
    return fixed_bytes(re, NULL, NULL, &len, MOST_DEPTH);
}

static void find_list(struct finder *f, struct glc_re *const *kid, uint32_t n, const struct side *before,
                      const struct side *after, unsigned depth, struct covers *out)
{
    for (uint32_t i = 0; i < n && f->err == GLC_OK;) {
        /* Each cover copies what is around it: long lists offer only the first of theirs. */
        if (out->n >= MOST_COVERS || (uint64_t)n * out->n > MOST_COPIED)
            return;
        uint32_t to = i;
        while (to < n && is_run(kid[to]))
            to++;
        uint32_t end = to > i ? to : i + 1;
        struct side left = { .up = before, .re = slice(f, kid, 0, i) };
        struct side right = { .up = after, .re = slice(f, kid, end, n) };
        if (f->err != GLC_OK)
            return;
        const struct side *l = left.re != NULL ? &left : before, *r = right.re != NULL ? &right : after;
        if (to > i)
            add_run(f, kid, i, to, l, r, out);
        else
            find(f, kid[i], l, r, depth - 1, out);
        i = end;
    }
}

static void find_alt(struct finder *f, const struct glc_re *re, const struct side *before,
                     const struct side *after, unsigned depth, struct covers *out)
{
    struct glc_re_cover all = { 0 };
    for (uint32_t i = 0; i < re->u.list.n && f->err == GLC_OK; i++) {
        struct covers branch = { 0 };
        find(f, re->u.list.kid[i], before, after, depth - 1, &branch);
        const struct glc_re_cover *best = NULL;
        double least = 0;
        for (size_t k = 0; k < branch.n; k++) {
            double c = cover_cost(f, &branch.item[k]);
            if (best == NULL || c < least) {
                best = &branch.item[k];
                least = c;
            }
        }
        if (best == NULL || all.n + best->n > MOST_BRANCHES)
            return;
        struct glc_re_factor *more = glc_arena_array(f->arena, all.n + best->n, sizeof *more);
        if (more == NULL) {
            f->err = GLC_NOMEM;
            return;
        }
        if (all.n != 0)
            memcpy(more, all.factor, all.n * sizeof *more);
        memcpy(more + all.n, best->factor, best->n * sizeof *more);
        all.factor = more;
        all.n += best->n;
    }
    if (f->err == GLC_OK)
        add_cover(f, out, all);
}

static void find_repeat(struct finder *f, const struct glc_re *re, const struct side *before,
                        const struct side *after, unsigned depth, struct covers *out)
{
    uint32_t min = re->u.repeat.min, max = re->u.repeat.max;
    if (min == 0 || max == 0)
        return;
    struct side right = { .up = after };
    if (max != 1) {
        right.re = glc_re_repeat(f->arena, re->u.repeat.kid, min - 1, max == GLC_UNBOUNDED ? max : max - 1,
                                 re->u.repeat.lazy);
        if (right.re == NULL) {
            f->err = GLC_NOMEM;
            return;
        }
    }
    find(f, re->u.repeat.kid, before, right.re != NULL ? &right : after, depth - 1, out);
}

static void find(struct finder *f, struct glc_re *re, const struct side *before, const struct side *after,
                 unsigned depth, struct covers *out)
{
    if (depth == 0 || f->err != GLC_OK)
        return;
    if (re->kind == GLC_RE_CAT)
        find_list(f, re->u.list.kid, re->u.list.n, before, after, depth, out);
    else if (is_run(re))
        add_run(f, &re, 0, 1, before, after, out);
    else if (re->kind == GLC_RE_ALT)
        find_alt(f, re, before, after, depth, out);
    else if (re->kind == GLC_RE_REPEAT)
        find_repeat(f, re, before, after, depth, out);
}

enum glc_err glc_re_covers(struct glc_arena *a, const struct glc_re *re, glc_re_cost *cost, void *to,
                           struct glc_re_cover **out, uint32_t *n)
{
    struct finder f = { .arena = a, .cost = cost, .to = to };
    struct covers c = { 0 };
    /* The trees are only read and shared; what is built around them points into them. */
    find(&f, (struct glc_re *)(uintptr_t)re, NULL, NULL, MOST_DEPTH, &c);
    if (f.err != GLC_OK)
        return f.err;
    *out = c.item;
    *n = (uint32_t)c.n;
    return GLC_OK;
}

bool glc_re_only_at_start(const struct glc_re *re)
{
    for (unsigned depth = 0; depth < MOST_DEPTH; depth++) {
        if (re->kind == GLC_RE_ASSERT)
            return re->u.assert_at == GLC_AT_START;
        if (re->kind == GLC_RE_CAT) {
            re = re->u.list.kid[0];
        } else if (re->kind == GLC_RE_REPEAT && re->u.repeat.min > 0) {
            re = re->u.repeat.kid;
        } else if (re->kind == GLC_RE_ALT) {
            for (uint32_t i = 0; i < re->u.list.n; i++)
                if (!glc_re_only_at_start(re->u.list.kid[i]))
                    return false;
            return true;
        } else {
            return false;
        }
    }
    return false;
}
