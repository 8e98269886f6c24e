/* Patterns looked for on demand: only for rules that were touched.
 *
 * A variant of masked bytes is sought directly. A regular expression is tried at the starts that a nearby
 * atom allows, or else all its starts are found in one walk backwards. Of several matches at one start one
 * counts: the first variant's, and of that the shortest, or the longest where the pattern says so. */
#include <stdlib.h>

#include "match/matcher.h"

enum { MOST_DEFAULT = 1000000 };

/* Collects occurrences; `enough` stops it. */
struct gather {
    struct glc_matcher *m;
    const struct glc_img_pattern *p;
    const struct glc_img_variant *v;
    uint32_t index; /* of v within the pattern */
    uint64_t lo, hi;
    bool first_only;
    bool hit;
    struct glc_occurrence *item;
    uint64_t n, room, most, cut;
    enum glc_err err;
};

static bool keep(struct gather *g, uint64_t start, uint64_t len)
{
    g->hit = true;
    if (g->first_only)
        return false;
    if (g->n >= g->most) {
        g->cut++;
        return true;
    }
    if (g->n == g->room) {
        uint64_t room = g->room == 0 ? 64 : g->room * 2;
        struct glc_occurrence *p = reallocarray(g->item, room, sizeof *p);
        if (p == NULL) {
            g->err = GLC_NOMEM;
            return false;
        }
        g->item = p;
        g->room = room;
    }
    g->item[g->n++] = (struct glc_occurrence){ .offset = start,
                                               .length = len,
                                               .key = g->v->key,
                                               .xored = (g->v->flags & GLC_IMG_XORED) != 0,
                                               .variant = g->index };
    return true;
}

static bool spend(struct gather *g, uint64_t steps)
{
    if (g->m->steps < steps) {
        g->m->steps = 0;
        g->err = GLC_LIMIT;
        return false;
    }
    g->m->steps -= steps;
    return true;
}

struct ends {
    struct gather *g;
    uint64_t start;
    bool more;
};

static bool each_end(void *to, uint64_t end)
{
    struct ends *e = to;
    struct gather *g = e->g;
    if (end > e->start &&
        ((g->v->flags & GLC_IMG_FULLWORD) == 0 || glc_matcher_fullword(g->m, g->v, e->start, end - e->start)))
        e->more = keep(g, e->start, end - e->start);
    return e->more;
}

/* Every end counts, not only the nearest (glc_pattern.count_ends). */
static bool try_ends(struct gather *g, uint64_t start)
{
    const uint8_t *code = glc_image_run(g->m->img, GLC_IMG_CODE, g->v->code, g->v->code_len, 1);
    struct glc_re_input in = { .data = g->m->data, .scratch = g->m->re, .steps = &g->m->steps };
    struct ends e = { .g = g, .start = start, .more = true };
    enum glc_err err =
        code == NULL ? GLC_CORRUPT : glc_re_all(&in, glc_span(code, g->v->code_len), start, each_end, &e);
    if (g->err == GLC_OK)
        g->err = err;
    return g->err == GLC_OK && e.more;
}

static bool try_start(struct gather *g, uint64_t start)
{
    bool found;
    uint64_t len;
    if (!spend(g, 4))
        return false;
    if ((g->p->flags & GLC_IMG_COUNT_ENDS) != 0 && (g->v->flags & GLC_IMG_REGEX) != 0)
        return try_ends(g, start);
    g->err = glc_matcher_variant_at(g->m, g->p, g->v, start, &found, &len);
    return g->err == GLC_OK && (!found || keep(g, start, len));
}

static void gather_plain(struct gather *g)
{
    const struct glc_img_atom *atom = glc_image_at(g->m->img, GLC_IMG_ATOMS, g->v->atom, sizeof *atom);
    if (atom == NULL) {
        g->err = GLC_CORRUPT;
        return;
    }
    for (uint64_t at = g->lo; at < g->hi; at++) {
        uint64_t next = glc_matcher_seek(g->m, atom, at, g->hi);
        if (!spend(g, ((next < g->hi ? next : g->hi) - at) / 16 + 4) || next == UINT64_MAX)
            return;
        at = next;
        bool word = (g->v->flags & GLC_IMG_FULLWORD) == 0 || glc_matcher_fullword(g->m, g->v, at, atom->len);
        if (word && !keep(g, at, atom->len))
            return;
    }
}

/* Starts near each place of one atom, each start once. */
static bool gather_near(struct gather *g, const struct glc_img_atom *atom)
{
    uint64_t done = g->lo; /* starts below are decided */
    uint64_t from = g->lo > UINT64_MAX - atom->near ? UINT64_MAX : g->lo + atom->near;
    uint64_t to = g->hi > UINT64_MAX - atom->far ? UINT64_MAX : g->hi + atom->far;
    while (from < to && from < g->m->data.len) {
        uint64_t at = glc_matcher_seek(g->m, atom, from, to);
        uint64_t seen = at < g->m->data.len ? at : g->m->data.len;
        if (!spend(g, (seen > from ? seen - from : 0) / 16 + 4)) /* `from` may lie behind a short file */
            return false;
        if (at == UINT64_MAX)
            return true;
        uint64_t first = at > atom->far ? at - atom->far : 0;
        uint64_t last = at - atom->near;
        for (uint64_t s = first > done ? first : done; s <= last && s < g->hi; s++)
            if (!try_start(g, s))
                return false;
        done = last + 1 > done ? last + 1 : done;
        from = at + 1;
    }
    return true;
}

static bool each_start(void *to, uint64_t start)
{
    return try_start(to, start);
}

/* All starts of a regular expression, by one walk backwards. */
static void gather_starts(struct gather *g)
{
    struct glc_matcher *m = g->m;
    const uint8_t *back = glc_image_run(m->img, GLC_IMG_CODE, g->v->back, g->v->back_len, 1);
    const uint8_t *code = glc_image_run(m->img, GLC_IMG_CODE, g->v->code, g->v->code_len, 1);
    struct glc_re_input in = { .data = m->data, .scratch = m->re, .steps = &m->steps };
    if (back == NULL || code == NULL) {
        g->err = GLC_CORRUPT;
        return;
    }
    /* A match of no bytes is none. */
    bool plain = !glc_re_matches_empty(glc_span(code, g->v->code_len));
    if (plain && g->first_only && g->lo == 0 && g->hi == m->data.len &&
        (g->v->flags & GLC_IMG_FULLWORD) == 0) {
        bool any = false;
        g->err = glc_re_search(&in, glc_span(code, g->v->code_len), &any);
        g->hit = g->hit || any;
        return;
    }
    enum glc_err e = glc_re_starts(&in, glc_span(back, g->v->back_len), g->lo, g->hi, each_start, g);
    if (g->err == GLC_OK)
        g->err = e;
}

static void gather_regex(struct gather *g)
{
    const struct glc_img_atom *atom =
        glc_image_run(g->m->img, GLC_IMG_ATOMS, g->v->atom, g->v->atoms, sizeof *atom);
    if (atom == NULL) {
        g->err = GLC_CORRUPT;
        return;
    }
    bool near = g->v->atoms != 0 && g->v->atoms <= GLC_IMG_NEAR_ATOMS;
    for (uint32_t i = 0; near && i < g->v->atoms; i++)
        near = atom[i].far != GLC_IMG_NONE && atom[i].near <= atom[i].far &&
               atom[i].far - atom[i].near <= GLC_IMG_NEAR_SPREAD;
    if (near) {
        for (uint32_t i = 0; i < g->v->atoms; i++)
            if (!gather_near(g, &atom[i]))
                return;
        return;
    }
    bool any = g->v->atoms == 0 || g->v->atoms > GLC_IMG_NEAR_ATOMS;
    for (uint32_t i = 0; !any && i < g->v->atoms; i++) {
        if (!spend(g, g->m->data.len / 16 + 4))
            return;
        any = glc_matcher_seek(g->m, &atom[i], 0, g->m->data.len) != UINT64_MAX;
    }
    if (any)
        gather_starts(g);
}

static enum glc_err gather_all(struct gather *g, uint32_t pattern)
{
    struct glc_matcher *m = g->m;
    g->p = glc_image_at(m->img, GLC_IMG_PATTERNS, pattern, sizeof *g->p);
    const struct glc_img_variant *v =
        g->p != NULL ? glc_image_run(m->img, GLC_IMG_VARIANTS, g->p->variant, g->p->variants, sizeof *v)
                     : NULL;
    if (v == NULL)
        return GLC_CORRUPT;
    if (!glc_matcher_range(m, g->p, &g->lo, &g->hi))
        return GLC_OK;
    for (uint32_t i = 0; i < g->p->variants && g->err == GLC_OK && !(g->first_only && g->hit); i++) {
        g->v = &v[i];
        g->index = i;
        if ((v[i].flags & GLC_IMG_REGEX) != 0)
            gather_regex(g);
        else
            gather_plain(g);
    }
    return g->first_only && g->hit ? GLC_OK : g->err;
}

/* Did the pass look for this pattern in vain? */
static bool known_absent(const struct glc_matcher *m, uint32_t pattern)
{
    const struct glc_img_pattern *p = glc_image_at(m->img, GLC_IMG_PATTERNS, pattern, sizeof *p);
    return p != NULL && (p->flags & GLC_IMG_SEARCHED) != 0 && m->seen[pattern] == GLC_NOT_SEEN &&
           p->rule < m->img->rules && m->rule_state[p->rule] >= GLC_RULE_TOUCHED;
}

static struct glc_slot *slot_of(struct glc_matcher *m, uint32_t pattern)
{
    if (pattern >= m->img->section[GLC_IMG_PATTERNS].n)
        return NULL;
    if (m->slot_of[pattern] != 0)
        return &m->slot[m->slot_of[pattern] - 1];
    if (m->slots == m->slot_room) {
        uint32_t room = m->slot_room == 0 ? 256 : m->slot_room * 2;
        struct glc_slot *p = reallocarray(m->slot, room, sizeof *p);
        if (p == NULL) {
            m->nomem = true;
            return NULL;
        }
        m->slot = p;
        m->slot_room = room;
    }
    m->slot[m->slots] = (struct glc_slot){ .pattern = pattern };
    m->slot_of[pattern] = ++m->slots;
    return &m->slot[m->slots - 1];
}

enum glc_err glc_matcher_present(struct glc_matcher *m, uint32_t pattern, bool *out)
{
    if (known_absent(m, pattern)) {
        *out = false;
        return GLC_OK;
    }
    if (pattern < m->img->section[GLC_IMG_PATTERNS].n && m->seen[pattern] == GLC_SEEN) {
        *out = true;
        return GLC_OK;
    }
    struct glc_slot *s = slot_of(m, pattern);
    if (s == NULL)
        return m->nomem ? GLC_NOMEM : GLC_CORRUPT;
    if (s->present == 0) {
        struct gather g = { .m = m, .first_only = true };
        enum glc_err e = gather_all(&g, pattern);
        if (e != GLC_OK)
            return e;
        s->present = g.hit ? 2 : 1;
    }
    *out = s->present == 2;
    return GLC_OK;
}

enum glc_err glc_matcher_at(struct glc_matcher *m, uint32_t pattern, uint64_t at, bool *out)
{
    const struct glc_img_pattern *p = glc_image_at(m->img, GLC_IMG_PATTERNS, pattern, sizeof *p);
    const struct glc_img_variant *v =
        p != NULL ? glc_image_run(m->img, GLC_IMG_VARIANTS, p->variant, p->variants, sizeof *v) : NULL;
    uint64_t lo, hi, len;
    bool found = false;
    if (v == NULL)
        return GLC_CORRUPT;
    if (!known_absent(m, pattern) && glc_matcher_range(m, p, &lo, &hi) && at >= lo && at < hi) {
        for (uint32_t i = 0; i < p->variants && !found; i++) {
            enum glc_err e = glc_matcher_variant_at(m, p, &v[i], at, &found, &len);
            if (e != GLC_OK)
                return e;
        }
    }
    *out = found;
    return GLC_OK;
}

static int by_start(const void *x, const void *y)
{
    const struct glc_occurrence *a = x, *b = y;
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    return a->variant < b->variant ? -1 : a->variant > b->variant;
}

static int by_end(const void *x, const void *y)
{
    const struct glc_occurrence *a = x, *b = y;
    if (a->offset + a->length != b->offset + b->length)
        return a->offset + a->length < b->offset + b->length ? -1 : 1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* Sort by end and keep one start an end. */
static void settle_ends(struct gather *g)
{
    if (g->n != 0)
        qsort(g->item, g->n, sizeof *g->item, by_end);
    uint64_t n = 0;
    for (uint64_t i = 0; i < g->n; i++)
        if (n == 0 || g->item[n - 1].offset + g->item[n - 1].length != g->item[i].offset + g->item[i].length)
            g->item[n++] = g->item[i];
    g->n = n;
    if (n != 0)
        qsort(g->item, n, sizeof *g->item, by_start);
}

/* Sort, keep one length a start, and where the pattern says so only what begins behind the one before. */
static void settle(struct gather *g)
{
    bool sorted = true;
    for (uint64_t i = 1; sorted && i < g->n; i++)
        sorted = g->item[i - 1].offset < g->item[i].offset;
    if (!sorted)
        qsort(g->item, g->n, sizeof *g->item, by_start);
    uint64_t n = 0;
    for (uint64_t i = 0; i < g->n; i++) {
        if (n != 0 && g->item[n - 1].offset == g->item[i].offset)
            continue;
        if (n != 0 && (g->p->flags & GLC_IMG_NO_OVERLAP) != 0 &&
            g->item[i].offset - g->item[n - 1].offset < g->item[n - 1].length)
            continue;
        g->item[n++] = g->item[i];
    }
    g->n = n;
}

enum glc_err glc_matcher_list(struct glc_matcher *m, uint32_t pattern, const struct glc_slot **out)
{
    struct glc_slot *s = slot_of(m, pattern);
    if (s == NULL)
        return m->nomem ? GLC_NOMEM : GLC_CORRUPT;
    if (!s->listed && (s->present == 1 || known_absent(m, pattern))) {
        s->listed = true;
    } else if (!s->listed) {
        struct gather g = { .m = m, .most = m->opt.most != 0 ? m->opt.most : MOST_DEFAULT };
        enum glc_err e = gather_all(&g, pattern);
        if (e == GLC_OK) {
            if (g.p != NULL && (g.p->flags & GLC_IMG_COUNT_ENDS) != 0)
                settle_ends(&g);
            else
                settle(&g);
            s->list = glc_arena_array(&m->arena, g.n, sizeof *s->list);
            if (s->list == NULL)
                e = GLC_NOMEM;
            else if (g.n != 0)
                memcpy(s->list, g.item, g.n * sizeof *s->list);
        }
        free(g.item);
        if (e != GLC_OK)
            return e;
        s->n = g.n;
        s->cut = g.cut;
        s->present = g.n != 0 ? 2 : 1;
        s->listed = true;
    }
    *out = s;
    return GLC_OK;
}
