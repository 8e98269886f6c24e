/* One pass over a layer for every rule of an image: match.h's functions, in the order of the work.
 *
 *   pass      windows and known places touch rules (filter.c, verify.c)
 *   judge     conditions of touched rules; what else they need is sought on demand (judge.c, occur.c)
 *   hashes    hash.c */
#include "match/match.h"

#include <stdlib.h>

#include "base/heap.h"
#include "base/num.h"
#include "match/look.h"
#include "match/matcher.h"

enum { LISTS_CAP_LOG2 = 30, TABLE_ALIGN = 64, TABLE_GAP = 16 };

static bool load_externals(struct glc_matcher *m)
{
    m->externals = (uint32_t)m->img->section[GLC_IMG_EXTERNALS].n;
    m->external = calloc((size_t)m->externals + 1, sizeof *m->external);
    for (uint32_t i = 0; m->external != NULL && i < m->externals; i++) {
        const struct glc_img_external *x = glc_image_at(m->img, GLC_IMG_EXTERNALS, i, sizeof *x);
        struct glc_value *v = &m->external[i];
        v->type = x->type <= GLC_T_STRING ? (enum glc_type)x->type : GLC_T_INT;
        v->defined = true;
        if (v->type == GLC_T_STRING)
            v->defined = x->value <= UINT32_MAX && glc_image_string(m->img, (uint32_t)x->value, &v->u.text);
        else
            memcpy(&v->u, &x->value, sizeof x->value);
    }
    return m->external != NULL;
}

static void load_tables(struct glc_matcher *m)
{
    uint64_t first = 0;
    for (int s = 0; s < GLC_STAGES; s++) {
        uint64_t n = m->img->head->table[s];
        if (n == 0)
            continue;
        /* glc_image_open() has checked that the tables are powers of two and fit the section. */
        m->table[s].bucket = glc_image_at(m->img, GLC_IMG_BUCKETS, first, sizeof(struct glc_img_bucket));
        m->table[s].mask = n - 1;
        m->table[s].shift = n == 1 ? 63 : 64 - (unsigned)__builtin_ctzll(n);
        first += n;
    }
}

static void choose_path(struct glc_matcher *m)
{
    m->simd = m->opt.no_simd || !glc_simd_has(m->opt.simd) ? GLC_SIMD_NONE
              : m->opt.simd == GLC_SIMD_BEST               ? glc_simd_best()
                                                           : m->opt.simd;
    if (m->simd == GLC_SIMD_AVX512 && m->opt.no_avx512)
        m->simd = GLC_SIMD_AVX2;
    m->avx512 = m->simd == GLC_SIMD_AVX512;
    m->avx2 = m->avx512 || m->simd == GLC_SIMD_AVX2;
    if (!m->avx2 && m->re != NULL)
        glc_re_scratch_no_simd(m->re);
}

static size_t table_room(size_t bytes)
{
    return (bytes + TABLE_GAP + (TABLE_ALIGN - 1)) & ~(size_t)(TABLE_ALIGN - 1);
}

/* What a matcher notes of each rule, pattern and candidate: large, and a scan touches little of it. One piece
 * of sparse memory, cut up; the gaps are for sanitizers to watch. */
static bool take_tables(struct glc_matcher *m)
{
    size_t rules = (size_t)m->img->rules + 1, patterns = m->img->section[GLC_IMG_PATTERNS].n + 1;
    size_t places = GLC_LOOK_BLOCK + GLC_LOOK_SLACK;
    struct {
        void *to; /* the field, a pointer */
        size_t bytes;
    } table[8 + GLC_STAGES] = {
        { &m->rule_state, rules * sizeof *m->rule_state },
        { &m->changed, rules * sizeof *m->changed },
        { &m->judge, rules * sizeof *m->judge },
        { &m->slot_of, patterns * sizeof *m->slot_of },
        { &m->seen, patterns * sizeof *m->seen },
        { &m->seen_list, patterns * sizeof *m->seen_list },
        { &m->cost, m->opt.costs ? rules * sizeof *m->cost : 0 },
        { &m->steady, m->img->section[GLC_IMG_ALWAYS].n },
    };
    size_t tables = sizeof table / sizeof *table;
    for (int s = 0; s < GLC_STAGES; s++) {
        table[8 + s].to = &m->at[s];
        table[8 + s].bytes = places * sizeof *m->at[s];
    }
    for (size_t i = 0; i < tables; i++)
        m->tables_bytes += table_room(table[i].bytes);
    uint8_t *at = m->tables = glc_heap_sparse(m->tables_bytes);
    for (size_t i = 0; at != NULL && i < tables; i++) {
        size_t room = table_room(table[i].bytes);
        if (table[i].bytes != 0)
            memcpy(table[i].to, &at, sizeof at);
        GLC_HEAP_GAP(at + table[i].bytes, room - table[i].bytes);
        at += room;
    }
    return at != NULL;
}

struct glc_matcher *glc_matcher_new(const struct glc_image *img, const struct glc_match_options *opt)
{
    struct glc_matcher *m = calloc(1, sizeof *m);
    if (m == NULL)
        return NULL;
    m->img = img;
    if (opt != NULL)
        m->opt = *opt;
    glc_arena_init(&m->arena, (size_t)1 << LISTS_CAP_LOG2);
    bool room = take_tables(m);
    m->re = glc_re_scratch_new();
    choose_path(m);
    m->cond = glc_cond_scratch_new();
    load_tables(m);
    if (!room || !load_externals(m) || m->re == NULL || m->cond == NULL) {
        glc_matcher_free(m);
        return NULL;
    }
    return m;
}

void glc_matcher_free(struct glc_matcher *m)
{
    if (m == NULL)
        return;
    for (uint32_t i = 0; m->external != NULL && i < m->externals; i++)
        if (m->external_owned != NULL)
            free(m->external_owned[i]);
    free(m->external_owned);
    for (int i = 0; i < GLC_DIGEST_ALGS; i++)
        glc_digest_free(m->digest[i]);
    glc_arena_done(&m->arena);
    glc_re_scratch_free(m->re);
    glc_cond_scratch_free(m->cond);
    glc_matcher_pcre_free(m);
    free(m->slot);
    free(m->found);
    free(m->external);
    glc_heap_sparse_free(m->tables, m->tables_bytes);
    free(m->dropped);
    free(m);
}

static enum glc_err define_text(struct glc_matcher *m, uint32_t i, struct glc_span value)
{
    if (m->external_owned == NULL)
        m->external_owned = calloc((size_t)m->externals + 1, sizeof *m->external_owned);
    char *copy = m->external_owned != NULL ? malloc(value.len + 1) : NULL;
    if (copy == NULL)
        return GLC_NOMEM;
    if (value.len != 0)
        memcpy(copy, value.ptr, value.len);
    free(m->external_owned[i]);
    m->external_owned[i] = copy;
    m->external[i].u.text = glc_span(copy, value.len);
    m->external[i].defined = true;
    return GLC_OK;
}

static enum glc_err define_as(struct glc_matcher *m, uint32_t i, struct glc_span value)
{
    struct glc_value *v = &m->external[i];
    char text[64], *end;
    if (v->type == GLC_T_STRING)
        return define_text(m, i, value);
    if (v->type == GLC_T_INT)
        return glc_num_i64(value, &v->u.integer) ? GLC_OK : GLC_CORRUPT;
    if (v->type == GLC_T_BOOL) {
        if (!glc_span_is(value, "true") && !glc_span_is(value, "false"))
            return GLC_CORRUPT;
        v->u.integer = glc_span_is(value, "true");
        return GLC_OK;
    }
    if (value.len == 0 || value.len >= sizeof text)
        return GLC_CORRUPT;
    memcpy(text, value.ptr, value.len);
    text[value.len] = 0;
    double d = strtod(text, &end);
    if (*end != 0)
        return GLC_CORRUPT;
    v->u.real = d;
    return GLC_OK;
}

enum glc_err glc_matcher_define(struct glc_matcher *m, struct glc_span name, struct glc_span value)
{
    memset(m->steady, GLC_GUARD_UNKNOWN, m->img->section[GLC_IMG_ALWAYS].n);
    for (uint32_t i = 0; i < m->externals; i++) {
        const struct glc_img_external *x = glc_image_at(m->img, GLC_IMG_EXTERNALS, i, sizeof *x);
        struct glc_span own;
        if (glc_image_string(m->img, x->name, &own) && glc_span_eq(own, name))
            return define_as(m, i, value);
    }
    return GLC_CORRUPT;
}

/* Forget the layer before. */
static void begin(struct glc_matcher *m, const struct glc_layer *layer)
{
    for (uint32_t i = 0; i < m->changes; i++)
        m->rule_state[m->changed[i]] = GLC_RULE_UNKNOWN;
    for (uint32_t i = 0; i < m->slots; i++)
        m->slot_of[m->slot[i].pattern] = 0;
    for (uint32_t i = 0; i < m->seens; i++)
        m->seen[m->seen_list[i]] = GLC_NOT_SEEN;
    m->changes = m->judges = m->slots = m->founds = m->seens = 0;
    m->allowed = m->limited = m->corrupt = m->nomem = false;
    m->blame = GLC_IMG_NONE;
    m->blame_text = glc_span(NULL, 0);
    memset(m->hashed, 0, sizeof m->hashed);
    m->hashed[GLC_MD5] = layer->md5 != NULL;
    if (layer->md5 != NULL)
        memcpy(m->sum[GLC_MD5], layer->md5, glc_digest_len(GLC_MD5));
    glc_arena_reset(&m->arena);
    glc_re_scratch_begin(m->re);
    glc_cond_layer(m->cond);
    glc_matcher_pcre_begin(m);
    m->layer = layer;
    m->data = layer->data;
    m->base = 0;
    m->size = layer->data.len;
    if (layer->region != NULL)
        m->size = 0;
    for (uint32_t i = 0; layer->region != NULL && i < layer->regions; i++)
        m->size += layer->region[i].bytes.len;
    if (m->drops != 0)
        memset(m->dropped, 0, m->img->section[GLC_IMG_WINDOWS].n / 8 + 1);
    m->drops = m->work = m->sought = 0;
    m->many = false;
    m->flood = m->size / 4 + (UINT64_C(1) << 14);
    m->shared = glc_matcher_budget(m) / 8;
    m->steps = glc_matcher_budget(m);
}

static bool find_group(struct glc_matcher *m)
{
    const struct glc_img_group *g = (const void *)m->img->section[GLC_IMG_GROUPS].ptr;
    for (uint64_t i = 0; i < m->img->section[GLC_IMG_GROUPS].n; i++) {
        if ((g[i].classes & GLC_CLASS_BIT(m->layer->cls)) != 0 && glc_matcher_gate_open(m, g[i].gate)) {
            m->group = &g[i];
            return true;
        }
    }
    return false;
}

static enum glc_err list_found(struct glc_matcher *m)
{
    for (uint32_t i = 0; m->opt.strings && i < m->founds; i++) {
        const struct glc_img_rule *r = glc_image_at(m->img, GLC_IMG_RULES, m->found[i], sizeof *r);
        for (uint32_t p = 0; r != NULL && p < r->patterns; p++) {
            const struct glc_slot *s;
            m->steps = glc_matcher_budget(m);
            enum glc_err e = glc_matcher_list(m, r->pattern + p, true, &s);
            if (e == GLC_LIMIT) {
                m->limited = true;
                m->blame = m->blame == GLC_IMG_NONE ? m->found[i] : m->blame;
            } else if (e != GLC_OK) {
                return e;
            }
        }
    }
    return GLC_OK;
}

enum glc_err glc_match(struct glc_matcher *m, const struct glc_layer *layer)
{
    begin(m, layer);
    if ((unsigned)layer->cls >= GLC_CLASSES)
        return GLC_BUG;
    if (!find_group(m))
        return GLC_CORRUPT;
    for (uint32_t i = 0; i < glc_matcher_regions(m); i++) {
        glc_matcher_turn(m, i);
        glc_matcher_pass(m);
    }
    enum glc_err e = glc_matcher_judge(m);
    if (e == GLC_OK && layer->region == NULL) /* hash signatures are of files */
        e = glc_matcher_hashes(m);
    if (e == GLC_OK)
        e = list_found(m);
    if (m->nomem)
        return GLC_NOMEM;
    if (m->corrupt)
        return GLC_CORRUPT;
    return e == GLC_OK && m->limited ? GLC_LIMIT : e;
}

uint64_t glc_matcher_work(const struct glc_matcher *m)
{
    return m->work;
}

struct glc_span glc_matcher_blame(const struct glc_matcher *m)
{
    struct glc_rule_info info;
    if (m->blame != GLC_IMG_NONE && glc_image_rule(m->img, m->blame, &info) == GLC_OK)
        return info.name;
    return m->blame_text;
}

const uint32_t *glc_matcher_found(const struct glc_matcher *m, uint32_t *n)
{
    *n = m->founds;
    return m->found;
}

bool glc_matcher_allowed(const struct glc_matcher *m)
{
    return m->allowed;
}

const struct glc_occurrence *glc_matcher_occurrences(struct glc_matcher *m, uint32_t rule, uint32_t pattern,
                                                     uint64_t *n)
{
    const struct glc_img_rule *r = glc_image_at(m->img, GLC_IMG_RULES, rule, sizeof *r);
    const struct glc_slot *s;
    *n = 0;
    if (r == NULL || pattern >= r->patterns || m->layer == NULL)
        return NULL;
    m->steps = glc_matcher_budget(m);
    if (glc_matcher_list(m, r->pattern + pattern, true, &s) != GLC_OK)
        return NULL;
    const struct glc_img_pattern *p = glc_image_at(m->img, GLC_IMG_PATTERNS, r->pattern + pattern, sizeof *p);
    if (p == NULL || (p->flags & GLC_IMG_ONE_PLACE) == 0 || s->n == 0) {
        *n = s->n;
        return s->list;
    }
    uint64_t first = glc_occurrence_from(s->list, s->n, (uint64_t)p->offset), end = first;
    while (end < s->n && s->list[end].offset == (uint64_t)p->offset)
        end++;
    *n = end - first;
    return s->list + first;
}

const struct glc_rule_cost *glc_matcher_costs(const struct glc_matcher *m, uint32_t *rules)
{
    *rules = m->img->rules;
    return m->cost;
}

void glc_matcher_costs_clear(struct glc_matcher *m)
{
    if (m->cost != NULL)
        memset(m->cost, 0, ((size_t)m->img->rules + 1) * sizeof *m->cost);
}
