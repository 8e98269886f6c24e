/* What is known of patterns on a layer: looked for on demand (gather.c), only for rules that were touched,
 * and remembered until the layer is done. */
#include <stdlib.h>

#include "match/gather.h"
#include "match/re_internal.h"

enum { MOST_DEFAULT = 1000000, FEW_RANGES = 2, SMALL_RANGE = 4096 };

/* Did the pass look for this pattern in vain? */
static bool known_absent(const struct glc_matcher *m, uint32_t pattern)
{
    const struct glc_img_pattern *p = glc_image_at(m->img, GLC_IMG_PATTERNS, pattern, sizeof *p);
    return p != NULL && (p->flags & GLC_IMG_SEARCHED) != 0 && m->seen[pattern] == GLC_NOT_SEEN &&
           p->rule < m->img->rules && m->rule_state[p->rule] >= GLC_RULE_TOUCHED;
}

struct glc_slot *glc_matcher_slot(struct glc_matcher *m, uint32_t pattern)
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

/* Run over the layer, which may be of many regions: offsets become addresses then. */
static enum glc_err gather(struct glc_gather *g, struct glc_matcher *m, uint32_t pattern)
{
    enum glc_err e = GLC_OK;
    for (uint32_t r = 0; r < glc_matcher_regions(m) && e == GLC_OK; r++) {
        uint64_t before = g->n;
        glc_matcher_turn(m, r);
        e = glc_gather_open(g, m, pattern);
        if (e == GLC_OK)
            e = glc_gather_run(g);
        for (uint64_t i = before; i < g->n && m->base != 0; i++)
            g->item[i].offset += m->base;
        if (g->what == GLC_GATHER_ANY && g->hit)
            break;
    }
    return e;
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
    struct glc_slot *s = glc_matcher_slot(m, pattern);
    if (s == NULL)
        return m->nomem ? GLC_NOMEM : GLC_CORRUPT;
    if (s->present == 0) {
        struct glc_gather g = { .what = GLC_GATHER_ANY };
        enum glc_err e = gather(&g, m, pattern);
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
    if (m->layer->region != NULL) {
        const struct glc_region *r = glc_layer_region(m->layer, at);
        if (r == NULL) {
            *out = false;
            return GLC_OK;
        }
        glc_matcher_turn(m, (uint32_t)(r - m->layer->region));
        at -= m->base;
    }
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
static void settle_ends(struct glc_gather *g)
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

/* Sort, and keep one length a start. */
static void settle(struct glc_gather *g)
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
        g->item[n++] = g->item[i];
    }
    g->n = n;
}

uint64_t glc_occurrence_from(const struct glc_occurrence *o, uint64_t n, uint64_t offset)
{
    uint64_t lo = 0, left = n;
    while (left > 0) {
        uint64_t half = left / 2;
        if (o[lo + half].offset < offset) {
            lo += half + 1;
            left -= half + 1;
        } else {
            left = half;
        }
    }
    return lo;
}

/* Lengths of the list's occurrences, each by one try. */
static enum glc_err add_lengths(struct glc_matcher *m, struct glc_slot *s)
{
    struct glc_gather g = { .what = GLC_GATHER_ALL };
    enum glc_err e = glc_gather_open(&g, m, s->pattern);
    for (uint64_t i = 0; i < s->n && e == GLC_OK; i++) {
        bool found;
        e = glc_re_charge(&m->steps, 4) ? glc_gather_at(&g, s->list[i].offset, &found, &s->list[i])
                                        : GLC_LIMIT;
    }
    s->lengths = e == GLC_OK;
    return e;
}

static enum glc_err settle_list(struct glc_matcher *m, struct glc_gather *g, struct glc_slot *s)
{
    if ((g->p->flags & GLC_IMG_COUNT_ENDS) != 0)
        settle_ends(g);
    else
        settle(g);
    s->list = glc_arena_array(&m->arena, g->n, sizeof *s->list);
    if (s->list == NULL)
        return GLC_NOMEM;
    if (g->n != 0)
        memcpy(s->list, g->item, g->n * sizeof *s->list);
    s->n = g->n;
    s->cut = g->cut;
    s->present = g->n != 0 ? 2 : 1;
    s->listed = true;
    s->lengths = g->lengths;
    return GLC_OK;
}

/* These count by ends, or say where they end anyhow: only whole lists tell how many there are. */
static bool needs_lengths(const struct glc_gather *g)
{
    return (g->p->flags & GLC_IMG_COUNT_ENDS) != 0 ||
           (g->p->variants != 0 && (g->v[0].flags & GLC_IMG_PCRE) != 0);
}

enum glc_err glc_matcher_list(struct glc_matcher *m, uint32_t pattern, bool lengths,
                              const struct glc_slot **out)
{
    struct glc_slot *s = glc_matcher_slot(m, pattern);
    if (s == NULL)
        return m->nomem ? GLC_NOMEM : GLC_CORRUPT;
    if (!s->listed && (s->present == 1 || known_absent(m, pattern))) {
        s->listed = s->lengths = true;
    } else if (!s->listed) {
        bool all = lengths || m->layer->region != NULL;
        struct glc_gather g = { .what = all ? GLC_GATHER_ALL : GLC_GATHER_OFFSETS,
                                .most = m->opt.most != 0 ? m->opt.most : MOST_DEFAULT };
        enum glc_err e = glc_gather_open(&g, m, pattern);
        if (e == GLC_OK && needs_lengths(&g))
            g.what = GLC_GATHER_ALL;
        if (e == GLC_OK)
            e = gather(&g, m, pattern);
        if (e == GLC_OK)
            e = settle_list(m, &g, s);
        free(g.item);
        if (e != GLC_OK)
            return e;
    }
    enum glc_err e = lengths && !s->lengths ? add_lengths(m, s) : GLC_OK;
    if (e == GLC_OK)
        *out = s;
    return e;
}

/* Count without a list. What was gathered all the same becomes the list. */
static enum glc_err count_anew(struct glc_matcher *m, struct glc_slot *s, uint64_t enough)
{
    struct glc_gather g = { .what = GLC_GATHER_COUNT,
                            .enough = enough,
                            .most = m->opt.most != 0 ? m->opt.most : MOST_DEFAULT };
    enum glc_err e = glc_gather_open(&g, m, s->pattern);
    if (e == GLC_OK && needs_lengths(&g))
        g.what = GLC_GATHER_ALL;
    if (e == GLC_OK)
        e = glc_gather_run(&g);
    if (e == GLC_OK && (g.n != 0 || g.what == GLC_GATHER_ALL)) {
        e = settle_list(m, &g, s);
    } else if (e == GLC_OK) {
        s->counted = g.count < enough;
        s->at_least = s->count = g.count;
        s->present = g.count != 0 ? 2 : 1;
    }
    free(g.item);
    return e;
}

enum glc_err glc_matcher_count(struct glc_matcher *m, uint32_t pattern, uint64_t enough, uint64_t *out)
{
    struct glc_slot *s = glc_matcher_slot(m, pattern);
    if (s == NULL)
        return m->nomem ? GLC_NOMEM : GLC_CORRUPT;
    if (s->present == 1 || known_absent(m, pattern)) {
        *out = 0;
        return GLC_OK;
    }
    if (!s->listed && m->layer->region != NULL) {
        const struct glc_slot *list;
        enum glc_err e = glc_matcher_list(m, pattern, true, &list);
        if (e != GLC_OK)
            return e;
    }
    if (!s->listed && !s->counted && s->at_least < enough) {
        enum glc_err e = count_anew(m, s, enough);
        if (e != GLC_OK)
            return e;
    }
    *out = s->listed ? s->n + s->cut : s->count;
    return GLC_OK;
}

enum glc_err glc_matcher_in(struct glc_matcher *m, uint32_t pattern, uint64_t first, uint64_t last, bool *out)
{
    struct glc_slot *s = glc_matcher_slot(m, pattern);
    if (s == NULL)
        return m->nomem ? GLC_NOMEM : GLC_CORRUPT;
    if (s->present == 1 || known_absent(m, pattern)) {
        *out = false;
        return GLC_OK;
    }
    if (!s->listed && s->ranges < FEW_RANGES && m->layer->region == NULL) {
        struct glc_gather g = { .what = GLC_GATHER_ANY };
        enum glc_err e = glc_gather_open(&g, m, pattern);
        if (e != GLC_OK)
            return e;
        g.lo = g.lo > first ? g.lo : first;
        g.hi = last < g.hi ? last + 1 : g.hi;
        g.none = g.none || g.lo >= g.hi;
        if (g.none || g.hi - g.lo > SMALL_RANGE || (g.v[0].flags & GLC_IMG_REGEX) != 0)
            s->ranges++;
        e = glc_gather_run(&g);
        if (e == GLC_OK)
            *out = g.hit;
        return e;
    }
    const struct glc_slot *list;
    enum glc_err e = glc_matcher_list(m, pattern, false, &list);
    if (e != GLC_OK)
        return e;
    uint64_t i = glc_occurrence_from(list->list, list->n, first);
    *out = i < list->n && list->list[i].offset <= last;
    return GLC_OK;
}
