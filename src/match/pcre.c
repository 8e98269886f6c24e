/* ClamAV's regular expressions on a layer.
 *
 * PCRE2 backtracks: its time has no bound but the ones set here. An attempt at one start has so many steps
 * (and a step may read all the data); a few starts make a call, and after a few calls processor time is
 * looked at. A search may spend SEARCH_NS, all of a layer LAYER_NS, both plus some for each byte; then the
 * rule is out of budget, which makes the layer unscanned and not clean.
 *
 * Compiled expressions are kept between layers, up to CACHE_MOST of them and MEMORY_MOST bytes; beyond that
 * all are dropped and made anew as needed. */
#include <stdlib.h>

#include "base/file.h"
#include "match/matcher.h"
#include "rule/pcre.h"

enum {
    CACHE_MOST = 4096,
    MEMORY_MOST = 1 << 26,
    STARTS = 16,    /* tried in one call, where it is not known with which byte a match begins */
    UNTIMED = 64,   /* starts tried between two looks at the clock */
    STEPS = 250000, /* for one start; clamscan gives up at 100,000 */
};
#define SEARCH_NS      UINT64_C(2000000000)
#define SEARCH_BYTE_NS UINT64_C(200)
#define LAYER_NS       UINT64_C(10000000000)
#define LAYER_BYTE_NS  UINT64_C(1000)

struct entry {
    uint32_t code, code_len; /* where its text is in the image; code_len 0: free */
    struct glc_pcre *pcre;
};

struct glc_pcre_cache {
    struct glc_pcre_room *room;
    struct entry entry[2 * CACHE_MOST]; /* open addressing */
    uint32_t n;
    uint64_t spent; /* processor time on this layer */
};

static void forget(struct glc_pcre_cache *c)
{
    for (uint32_t i = 0; i < 2 * CACHE_MOST; i++)
        glc_pcre_free(c->entry[i].pcre);
    memset(c->entry, 0, sizeof c->entry);
    c->n = 0;
}

void glc_matcher_pcre_begin(struct glc_matcher *m)
{
    if (m->pcre != NULL)
        m->pcre->spent = 0;
}

void glc_matcher_pcre_free(struct glc_matcher *m)
{
    if (m->pcre == NULL)
        return;
    forget(m->pcre);
    glc_pcre_room_free(m->pcre->room);
    free(m->pcre);
    m->pcre = NULL;
}

static struct glc_pcre_cache *cache(struct glc_matcher *m)
{
    if (m->pcre == NULL && (m->pcre = calloc(1, sizeof *m->pcre)) != NULL &&
        (m->pcre->room = glc_pcre_room_new(MEMORY_MOST)) == NULL) {
        free(m->pcre);
        m->pcre = NULL;
    }
    return m->pcre;
}

static enum glc_err compile(struct glc_pcre_cache *c, struct glc_span code, struct glc_pcre **out)
{
    char message[GLC_PCRE_MESSAGE];
    size_t off;
    uint32_t options;
    memcpy(&options, code.ptr, sizeof options);
    struct glc_span text = glc_span(code.ptr + sizeof options, code.len - sizeof options);
    enum glc_err e = glc_pcre_new(c->room, text, options, out, message, &off);
    if (e == GLC_NOMEM && c->n != 0) {
        forget(c);
        e = glc_pcre_new(c->room, text, options, out, message, &off);
    }
    return e == GLC_UNSUPPORTED ? GLC_CORRUPT : e;
}

/* The expression of a variant, from the cache or made now. */
static enum glc_err get(struct glc_matcher *m, const struct glc_img_variant *v, struct glc_pcre **out)
{
    struct glc_pcre_cache *c = cache(m);
    const uint8_t *code = glc_image_run(m->img, GLC_IMG_CODE, v->code, v->code_len, 1);
    if (c == NULL)
        return GLC_NOMEM;
    if (code == NULL || v->code_len < 4)
        return GLC_CORRUPT;
    if (c->n == CACHE_MOST)
        forget(c);
    for (uint32_t i = (v->code * 2654435761U) >> 19;; i++) {
        struct entry *e = &c->entry[i % (2 * CACHE_MOST)];
        if (e->code_len == v->code_len && e->code == v->code) {
            *out = e->pcre;
            return GLC_OK;
        }
        if (e->code_len != 0)
            continue;
        struct glc_pcre *made;
        enum glc_err err = compile(c, glc_span(code, v->code_len), &made);
        if (err != GLC_OK)
            return err;
        if (c->n == 0) /* compile() may have emptied the table */
            e = &c->entry[((v->code * 2654435761U) >> 19) % (2 * CACHE_MOST)];
        *e = (struct entry){ v->code, v->code_len, made };
        c->n++;
        *out = made;
        return GLC_OK;
    }
}

struct search {
    struct glc_matcher *m;
    const struct glc_pcre *pcre;
    struct glc_span data; /* from the first start on, as ClamAV has it: ^ holds there */
    size_t last;          /* the last start in it */
    uint64_t began;       /* processor time */
    size_t untimed;       /* starts tried since the clock was looked at */
};

static bool out_of_time(struct search *s, size_t tried)
{
    uint64_t size = s->m->data.len;
    s->untimed += tried;
    if (s->untimed < UNTIMED)
        return false;
    s->untimed = 0;
    uint64_t spent = glc_clock_cpu_ns() - s->began;
    return spent > SEARCH_NS + SEARCH_BYTE_NS * size ||
           s->m->pcre->spent + spent > LAYER_NS + LAYER_BYTE_NS * size;
}

/* The next match that starts at `from` or later. */
static enum glc_err next(struct search *s, size_t from, struct glc_pcre_match *match)
{
    size_t end = glc_pcre_anchored(s->pcre) ? 0 : s->last;
    *match = (struct glc_pcre_match){ .found = false };
    while (from <= end && (from = glc_pcre_next(s->pcre, s->data, from)) <= end) {
        size_t last = glc_pcre_has_first(s->pcre) || end - from < STARTS ? from : from + STARTS - 1;
        enum glc_err e = glc_pcre_find(s->pcre, s->data, from, last, STEPS, match);
        if (e != GLC_OK || match->found)
            return e;
        if (out_of_time(s, last - from + 1))
            return GLC_LIMIT;
        from = last + 1;
    }
    return GLC_OK;
}

static enum glc_err search(struct search *s, const struct glc_img_pattern *p, uint32_t options, uint64_t lo,
                           bool (*each)(void *to, uint64_t start, uint64_t end), void *to)
{
    for (size_t from = 0;;) {
        struct glc_pcre_match match;
        enum glc_err e = next(s, from, &match);
        /* \K moves the start; only where it may shift does ClamAV look where it has gone. */
        bool late = p->shift != 0 && match.found && match.start > s->last;
        if (e != GLC_OK || !match.found || late || !each(to, lo + match.start, lo + match.end) ||
            (options & GLC_PCRE_GLOBAL) == 0)
            return e;
        if (out_of_time(s, 1))
            return GLC_LIMIT;
        from = match.end > from ? match.end : from + 1;
    }
}

enum glc_err glc_matcher_pcre(struct glc_matcher *m, const struct glc_img_pattern *p,
                              const struct glc_img_variant *v, uint64_t lo, uint64_t hi,
                              bool (*each)(void *to, uint64_t start, uint64_t end), void *to)
{
    struct glc_pcre *pcre;
    enum glc_err e = get(m, v, &pcre);
    if (e != GLC_OK)
        return e;
    uint32_t options;
    memcpy(&options, glc_image_run(m->img, GLC_IMG_CODE, v->code, v->code_len, 1), sizeof options);
    struct search s = { .m = m, .pcre = pcre, .began = glc_clock_cpu_ns() };
    uint64_t size = m->data.len, end = size;
    if ((options & GLC_PCRE_WITHIN) != 0 && p->shift != 0 && p->shift < size - lo)
        end = lo + p->shift;
    /* An empty match may stand at the very end. */
    bool open = p->anchor == GLC_ANYWHERE || ((options & GLC_PCRE_ROLLING) != 0 && p->shift == 0);
    s.data = glc_span(m->data.ptr + lo, end - lo);
    s.last = (open || hi - 1 > end ? end : hi - 1) - lo;
    e = search(&s, p, options, lo, each, to);
    m->pcre->spent += glc_clock_cpu_ns() - s.began;
    return e;
}
