/* Looking for one pattern, in the cheapest way that is right.
 *
 * - plain: variants of masked bytes: sought directly, or counted 32 places at a time (gather_plain.c).
 * - near: atoms that say, but for a few bytes, where a match begins: they are sought, and the expression is
 *   tried there. Given up where the data make the atoms frequent. Where nothing is rare by itself, as in hex
 *   strings of many short runs with room between them, near the run that is met least in a part of the layer.
 * - down: one automaton for all variants, walked downwards, names every start (re_scan.h).
 * - starts: levels walked downwards, where an automaton would be too large: slower, but its time is linear.
 *
 * The last two look only at the parts of the layer that are within reach of the expression's atoms, or where
 * these are frequent of the rarest run that each match contains.
 *
 * Of several matches at one start one counts: the first variant's, and of that the shortest, or the longest
 * where the pattern says so. */
#include "match/gather.h"

#include <stdlib.h>

#include "match/re_internal.h"
#include "match/re_scan.h"

enum {
    MOST_CODES = 8,    /* variants of one automaton */
    FREE_STEPS = 4096, /* for tries near atoms, before … */
    BYTES_A_STEP = 8,  /* … one for so many bytes is too many */
    MOST_PARTS = 64,
    RAREST = 2,        /* runs of which parts are tried */
    MOST_HITS = 256,   /* of atoms, for parts */
    SAMPLE = 1 << 15,  /* bytes of the layer in which runs are counted */
    MOST_STARTS = 256, /* for one place of a run */
};

bool glc_gather_spend(struct glc_gather *g, uint64_t steps)
{
    if (!glc_re_charge(&g->m->steps, steps))
        g->err = GLC_LIMIT;
    return g->err == GLC_OK;
}

bool glc_gather_keep(struct glc_gather *g, const struct glc_img_variant *v, uint64_t start, uint64_t len)
{
    g->hit = true;
    if (g->what == GLC_GATHER_ANY)
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
                                               .key = v->key,
                                               .xored = (v->flags & GLC_IMG_XORED) != 0,
                                               .variant = (uint32_t)(v - g->v) };
    return true;
}

struct ends {
    struct glc_gather *g;
    const struct glc_img_variant *v;
    uint64_t start;
    bool more;
};

static bool each_end(void *to, uint64_t end)
{
    struct ends *e = to;
    struct glc_gather *g = e->g;
    if (end > e->start &&
        ((e->v->flags & GLC_IMG_FULLWORD) == 0 || glc_matcher_fullword(g->m, e->v, e->start, end - e->start)))
        e->more = glc_gather_keep(g, e->v, e->start, end - e->start);
    return e->more;
}

/* Every end counts, not only the nearest (glc_pattern.count_ends). */
static bool try_ends(struct glc_gather *g, const struct glc_img_variant *v, uint64_t start)
{
    const uint8_t *code = glc_image_run(g->m->img, GLC_IMG_CODE, v->code, v->code_len, 1);
    struct glc_re_input in = { .data = g->m->data, .scratch = g->m->re, .steps = &g->m->steps };
    struct ends e = { .g = g, .v = v, .start = start, .more = true };
    enum glc_err err =
        code == NULL ? GLC_CORRUPT : glc_re_all(&in, glc_span(code, v->code_len), start, each_end, &e);
    if (g->err == GLC_OK)
        g->err = err;
    return g->err == GLC_OK && e.more;
}

static bool try_start(struct glc_gather *g, const struct glc_img_variant *v, uint64_t start)
{
    bool found;
    uint64_t len;
    if (!glc_gather_spend(g, 4))
        return false;
    if ((g->p->flags & GLC_IMG_COUNT_ENDS) != 0 && (v->flags & GLC_IMG_REGEX) != 0)
        return try_ends(g, v, start);
    g->err = glc_matcher_variant_at(g->m, g->p, v, start, &found, &len);
    return g->err == GLC_OK && (!found || glc_gather_keep(g, v, start, len));
}

enum glc_err glc_gather_at(struct glc_gather *g, uint64_t start, bool *found, struct glc_occurrence *out)
{
    *found = false;
    for (uint32_t i = 0; i < g->p->variants && !*found; i++) {
        uint64_t len;
        const struct glc_img_variant *v = &g->v[i];
        enum glc_err e = glc_matcher_variant_at(g->m, g->p, v, start, found, &len);
        if (e != GLC_OK)
            return e;
        if (*found)
            *out = (struct glc_occurrence){ .offset = start,
                                            .length = len,
                                            .key = v->key,
                                            .xored = (v->flags & GLC_IMG_XORED) != 0,
                                            .variant = i };
    }
    return GLC_OK;
}

/* The automaton of `n` variants from v on; NULL: there is none. */
static struct glc_re_scan *open_down(struct glc_gather *g, const struct glc_img_variant *v, uint32_t n)
{
    struct glc_span code[MOST_CODES];
    struct glc_re_scan *scan = NULL;
    if (n > MOST_CODES || (g->p->flags & GLC_IMG_COUNT_ENDS) != 0)
        return NULL;
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *p = glc_image_run(g->m->img, GLC_IMG_CODE, v[i].code, v[i].code_len, 1);
        if ((v[i].flags & GLC_IMG_REGEX) == 0)
            return NULL;
        if (p == NULL) {
            g->err = GLC_CORRUPT;
            return NULL;
        }
        code[i] = glc_span(p, v[i].code_len);
    }
    enum glc_err e = glc_re_scan_open(g->m->re, code, n, &scan);
    g->err = g->err == GLC_OK ? e : g->err;
    if (e != GLC_OK || scan == NULL)
        return NULL;
    /* Levels look at assertions themselves: better than trying each start. */
    return glc_re_scan_is_exact(scan) || v[0].back_len == 0 ? scan : NULL;
}

/* Near atoms. */

struct near {
    uint64_t before, bytes;          /* steps left at first, bytes looked at */
    bool dense;                      /* give up: the atoms are frequent here, and there is another way: */
    const struct glc_img_variant *v; /* the automaton of these, not made before it is wanted; NULL: none */
    uint32_t variants;
};

/* Are the atoms frequent here, and is there another way? */
static bool gives_up(struct glc_gather *g, struct near *k)
{
    if (k->v == NULL || k->before - g->m->steps <= FREE_STEPS + k->bytes / BYTES_A_STEP)
        return false;
    k->dense = open_down(g, k->v, k->variants) != NULL;
    k->v = NULL;
    return k->dense || g->err != GLC_OK;
}

/* Starts near each place of one run, each start once. */
static bool gather_near(struct glc_gather *g, const struct glc_img_variant *v, const struct glc_piece *piece,
                        struct near *k)
{
    const uint8_t *code = glc_image_run(g->m->img, GLC_IMG_CODE, v->code, v->code_len, 1);
    struct glc_re_input in = { .data = g->m->data, .scratch = g->m->re };
    uint64_t done = g->lo; /* starts below are decided */
    uint64_t from = g->lo > UINT64_MAX - piece->near ? UINT64_MAX : g->lo + piece->near;
    uint64_t to = g->hi > UINT64_MAX - piece->far ? UINT64_MAX : g->hi + piece->far;
    g->err = code == NULL ? GLC_CORRUPT : g->err;
    while (code != NULL && from < to && from < g->m->data.len) {
        uint64_t cost = 0, at = glc_matcher_seek_piece(g->m, piece, from, to, &cost);
        uint64_t seen = at < g->m->data.len ? at : g->m->data.len;
        if (!glc_gather_spend(g, cost + 4))
            return false;
        if (at == UINT64_MAX)
            return true;
        k->bytes += seen > from ? seen - from : 0; /* `from` may lie behind a short file */
        uint64_t first = at > piece->far ? at - piece->far : 0;
        uint64_t last = at - piece->near;
        for (uint64_t s = first > done ? first : done; s <= last && s < g->hi; s++)
            if (glc_re_may_start(&in, glc_span(code, v->code_len), s) ? !try_start(g, v, s)
                                                                      : !glc_gather_spend(g, 1))
                return false;
        if (gives_up(g, k))
            return false;
        done = last + 1 > done ? last + 1 : done;
        from = at + 1;
    }
    return code != NULL;
}

static const struct glc_img_atom *atoms_of(struct glc_gather *g, const struct glc_img_variant *v)
{
    const struct glc_img_atom *atom =
        glc_image_run(g->m->img, GLC_IMG_ATOMS, v->atom, v->atoms, sizeof *atom);
    if (atom == NULL)
        g->err = GLC_CORRUPT;
    return atom;
}

static bool is_near(const struct glc_img_variant *v, const struct glc_img_atom *atom)
{
    bool near = v->atoms != 0 && v->atoms <= GLC_IMG_NEAR_ATOMS;
    for (uint32_t i = 0; near && i < v->atoms; i++)
        near = atom[i].far != GLC_IMG_NONE && atom[i].near <= atom[i].far &&
               atom[i].far - atom[i].near <= GLC_IMG_NEAR_SPREAD;
    return near;
}

/* Where an expression may start: within reach of its atoms. Where those are many, or frequent, or may be far
 * away, that is everywhere. */
struct parts {
    struct glc_re_part part[MOST_PARTS];
    uint32_t n;
    uint32_t hits;
};

static void everywhere(const struct glc_gather *g, struct parts *w)
{
    w->n = 1;
    w->part[0] = (struct glc_re_part){ g->lo, g->hi };
}

/* Adds the reach of one piece, which may overlap what is there. false: everywhere, or g->err. */
static bool reach(struct glc_gather *g, const struct glc_piece *piece, struct parts *w)
{
    uint32_t mine = w->n;
    uint64_t size = g->m->data.len;
    uint64_t from = g->lo > UINT64_MAX - piece->near ? UINT64_MAX : g->lo + piece->near;
    for (; from < size; from++) {
        uint64_t cost = 0, at = glc_matcher_seek_piece(g->m, piece, from, size, &cost);
        if (!glc_gather_spend(g, cost + 4))
            return false;
        if (at == UINT64_MAX)
            return true;
        from = at;
        if (piece->far == GLC_IMG_NONE || piece->far < piece->near || ++w->hits > MOST_HITS)
            return false;
        uint64_t lo = at > piece->far ? at - piece->far : 0;
        uint64_t hi = at >= piece->near ? at - piece->near + 1 : 0;
        lo = lo > g->lo ? lo : g->lo;
        hi = hi < g->hi ? hi : g->hi;
        if (lo >= hi)
            continue;
        if (w->n > mine && lo <= w->part[w->n - 1].upto)
            w->part[w->n - 1].upto = hi;
        else if (w->n < MOST_PARTS)
            w->part[w->n++] = (struct glc_re_part){ lo, hi };
        else
            return false;
    }
    return true;
}

/* Adds the reach of the variant's atoms, one of which is in each of its matches. */
static bool reach_of_atoms(struct glc_gather *g, const struct glc_img_variant *v, struct parts *w)
{
    const struct glc_img_atom *atom = atoms_of(g, v);
    struct glc_piece piece;
    bool some = atom != NULL && v->atoms != 0 && v->atoms <= GLC_IMG_NEAR_ATOMS;
    for (uint32_t a = 0; some && a < v->atoms; a++)
        some = glc_piece_of(g->m, &atom[a], &piece) && reach(g, &piece, w);
    return some;
}

/* Where these are frequent: adds the reach of a run that each match contains, too. */
static bool reach_of_pieces(struct glc_gather *g, const struct glc_img_variant *v, struct parts *w)
{
    const uint8_t *code = glc_image_run(g->m->img, GLC_IMG_CODE, v->code, v->code_len, 1);
    struct glc_piece piece[GLC_PIECES];
    uint32_t n = code != NULL ? glc_pieces_of(glc_span(code, v->code_len), piece) : 0, mine = w->n;
    bool some = false;
    for (uint32_t i = 0; i < n && i < RAREST && !some && g->err == GLC_OK; i++) {
        w->n = mine;
        w->hits = 0;
        some = reach(g, &piece[i], w);
    }
    return some;
}

/* Does each variant contain a run that is much rarer than its atoms, and is nowhere here? */
static bool is_refuted(struct glc_gather *g, const struct glc_img_variant *v, uint32_t n)
{
    enum { MUCH = 16 };
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *code = glc_image_run(g->m->img, GLC_IMG_CODE, v[i].code, v[i].code_len, 1);
        const struct glc_img_atom *atom = atoms_of(g, &v[i]);
        struct glc_piece piece[GLC_PIECES], own;
        double expected = 0;
        uint64_t cost = 0;
        if (code == NULL || atom == NULL || glc_pieces_of(glc_span(code, v[i].code_len), piece) == 0)
            return false;
        for (uint32_t a = 0; a < v[i].atoms && glc_piece_of(g->m, &atom[a], &own); a++)
            expected += glc_piece_expected(&own);
        if (glc_piece_expected(&piece[0]) * MUCH >= expected)
            return false;
        uint64_t from = g->lo > UINT64_MAX - piece[0].near ? UINT64_MAX : g->lo + piece[0].near;
        uint64_t at = glc_matcher_seek_piece(g->m, &piece[0], from, g->m->data.len, &cost);
        if (!glc_gather_spend(g, cost + 4) || at != UINT64_MAX)
            return false;
    }
    return true;
}

static int by_from(const void *x, const void *y)
{
    const struct glc_re_part *a = x, *b = y;
    return a->from < b->from ? -1 : a->from > b->from;
}

/* Sorts the parts and joins those with at most `gap` bytes between them. */
static void join_parts(struct parts *w, uint64_t gap)
{
    uint32_t n = 0;
    qsort(w->part, w->n, sizeof *w->part, by_from);
    for (uint32_t i = 0; i < w->n; i++) {
        struct glc_re_part *last = &w->part[n - (n != 0)], now = w->part[i];
        if (n == 0 || (now.from > last->upto && now.from - last->upto > gap))
            w->part[n++] = now;
        else if (now.upto > last->upto)
            last->upto = now.upto;
    }
    w->n = n;
}

/* No parts: the atoms, or what else each match contains, say that there is no match. `atoms` false: these are
 * known to be frequent. */
static void narrow(struct glc_gather *g, const struct glc_img_variant *v, uint32_t n, bool atoms,
                   struct parts *w)
{
    w->n = w->hits = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t mine = w->n;
        bool some = atoms && reach_of_atoms(g, &v[i], w);
        if (!some && g->err == GLC_OK) {
            w->n = mine;
            some = reach_of_pieces(g, &v[i], w);
        }
        if (!some) {
            everywhere(g, w);
            return;
        }
    }
    join_parts(w, 0);
}

/* The walk downwards with one automaton. */

struct down {
    struct glc_gather *g;
    const struct glc_img_variant *v; /* of these variants */
    uint32_t variants;
    bool verify;
    uint64_t length; /* of every match; 0: not known */
    uint64_t skip;   /* starts that are too many */
    bool stop;       /* no more starts, please */
};

/* A full word's first neighbour decides most starts. */
static bool may_be_word(const struct down *d, uint64_t start)
{
    if (start == 0)
        return true;
    for (uint32_t i = 0; i < d->variants; i++)
        if ((d->v[i].flags & (GLC_IMG_FULLWORD | GLC_IMG_WIDE | GLC_IMG_THROUGH)) != GLC_IMG_FULLWORD)
            return true;
    return !glc_ascii_isalnum(d->g->m->data.ptr[start - 1]);
}

static bool take_down(struct down *d, uint64_t start)
{
    struct glc_gather *g = d->g;
    struct glc_occurrence one = { .offset = start, .length = d->length };
    bool found = true;
    if (d->verify) {
        found = false;
        for (uint32_t i = 0; i < d->variants && !found && may_be_word(d, start); i++) {
            one.variant = (uint32_t)(d->v - g->v) + i;
            g->err = glc_matcher_variant_at(g->m, g->p, &d->v[i], start, &found, &one.length);
            if (g->err != GLC_OK || !glc_gather_spend(g, 4))
                return false;
        }
    }
    if (found && d->skip != 0) {
        d->skip--;
        g->cut++;
        return true;
    }
    if (found && g->what == GLC_GATHER_COUNT) {
        g->hit = true;
        return ++g->count < g->enough;
    }
    return !found || glc_gather_keep(g, &g->v[one.variant], start, one.length);
}

static bool each_down(void *to, uint64_t start)
{
    struct down *d = to;
    d->stop = !take_down(d, start);
    return !d->stop;
}

static bool needs_verifying(const struct glc_gather *g, const struct glc_img_variant *v, uint32_t n,
                            const struct glc_re_scan *scan)
{
    bool verify = !glc_re_scan_is_exact(scan) ||
                  (g->what == GLC_GATHER_ALL && glc_re_scan_length(scan) == 0) ||
                  (g->what == GLC_GATHER_ALL && n > 1) ||
                  (glc_re_scan_empty_too(scan) && (g->p->flags & GLC_IMG_LONGEST) == 0);
    for (uint32_t i = 0; i < n; i++)
        verify = verify || (v[i].flags & GLC_IMG_FULLWORD) != 0;
    return verify;
}

/* Starts in the parts, highest first, as glc_re_scan_starts() has them. */
static enum glc_err scan_parts(struct down *d, struct glc_re_scan *scan, const struct parts *w,
                               uint64_t enough, bool tell, uint64_t *named, bool *done)
{
    struct glc_gather *g = d->g;
    struct glc_re_input in = { .data = g->m->data, .scratch = g->m->re, .steps = &g->m->steps };
    enum glc_err e = GLC_OK;
    *named = 0;
    *done = true;
    d->stop = false;
    for (uint32_t i = w->n; i > 0 && e == GLC_OK && *done && !d->stop && *named < enough; i--) {
        uint64_t n;
        e = glc_re_scan_starts(scan, &in, w->part[i - 1].from, w->part[i - 1].upto, enough - *named,
                               tell ? each_down : NULL, d, &n, done);
        *named += e == GLC_OK ? n : 0;
    }
    return e;
}

/* Starts of `n` variants from v on. *done false: by another way, please. */
static void gather_down(struct glc_gather *g, const struct glc_img_variant *v, uint32_t n,
                        const struct parts *where, bool *done)
{
    struct glc_re_scan *scan = open_down(g, v, n);
    struct parts w = *where;
    *done = false;
    if (scan == NULL)
        return;
    /* A walk begins as far above a part as a match may reach. */
    join_parts(&w, glc_re_scan_most(scan) != 0 ? glc_re_scan_most(scan) : UINT64_MAX);
    struct down d = { .g = g, .v = v, .variants = n, .length = glc_re_scan_length(scan) };
    d.verify = needs_verifying(g, v, n, scan);
    bool count = g->what <= GLC_GATHER_COUNT && !d.verify, list = g->what >= GLC_GATHER_OFFSETS;
    uint64_t before = g->n, cut = g->cut, named, enough = UINT64_MAX;
    if (count)
        enough = g->what == GLC_GATHER_ANY ? 1 : g->enough;
    enum glc_err e = scan_parts(&d, scan, &w, enough, !count, &named, done);
    if (g->err == GLC_OK && e == GLC_OK && *done && list && g->cut != cut) {
        /* Those that begin first are to be kept: again, without the highest. */
        d.skip = g->cut - cut;
        g->n = before;
        g->cut = cut;
        e = scan_parts(&d, scan, &w, enough, true, &named, done);
    }
    if (g->err == GLC_OK)
        g->err = e;
    if (!*done) {
        g->n = before;
        g->cut = cut;
        g->count = 0;
        g->hit = g->hit && before != 0;
        return;
    }
    if (count) {
        g->count = named;
        g->hit = g->hit || named != 0;
    }
    g->lengths = g->lengths && (d.verify || (d.length != 0 && n == 1));
}

/* The walk downwards level by level. */

struct up {
    struct glc_gather *g;
    const struct glc_img_variant *v;
};

static bool each_start(void *to, uint64_t start)
{
    struct up *u = to;
    return try_start(u->g, u->v, start);
}

/* What starts is a match: its length is not asked for. */
static bool each_sure_start(void *to, uint64_t start)
{
    struct up *u = to;
    struct glc_gather *g = u->g;
    if (!g->counting)
        return glc_gather_keep(g, u->v, start, 0);
    g->hit = true;
    return ++g->count < g->enough;
}

static void gather_starts(struct glc_gather *g, const struct glc_img_variant *v, const struct parts *w)
{
    struct glc_matcher *m = g->m;
    const uint8_t *back = glc_image_run(m->img, GLC_IMG_CODE, v->back, v->back_len, 1);
    const uint8_t *code = glc_image_run(m->img, GLC_IMG_CODE, v->code, v->code_len, 1);
    struct glc_re_input in = { .data = m->data, .scratch = m->re, .steps = &m->steps };
    struct up u = { .g = g, .v = v };
    if (back == NULL || code == NULL) {
        g->err = GLC_CORRUPT;
        return;
    }
    /* A match of no bytes is none. */
    bool plain = !glc_re_matches_empty(glc_span(code, v->code_len));
    if (plain && g->what == GLC_GATHER_ANY && g->lo == 0 && g->hi == m->data.len &&
        (v->flags & GLC_IMG_FULLWORD) == 0) {
        bool any = false;
        g->err = glc_re_search_in(&in, glc_span(code, v->code_len), w->part, w->n, &any);
        g->hit = g->hit || any;
        return;
    }
    bool sure = (g->what == GLC_GATHER_OFFSETS || g->what == GLC_GATHER_COUNT) && plain &&
                (v->flags & GLC_IMG_FULLWORD) == 0 && (g->p->flags & GLC_IMG_COUNT_ENDS) == 0;
    g->lengths = g->lengths && !sure;
    enum glc_err e = glc_re_starts(&in, glc_span(back, v->back_len), g->lo, g->hi,
                                   sure ? each_sure_start : each_start, &u);
    if (g->err == GLC_OK)
        g->err = e;
}

/* Near its atoms, or near `piece` where that is not NULL. */
static bool gather_near_variant(struct glc_gather *g, const struct glc_img_variant *v,
                                const struct glc_piece *piece, struct near *k)
{
    if (piece != NULL)
        return gather_near(g, v, piece, k);
    const struct glc_img_atom *atom = atoms_of(g, v);
    struct glc_piece own;
    bool more = atom != NULL;
    for (uint32_t a = 0; more && a < v->atoms; a++)
        more = glc_piece_of(g->m, &atom[a], &own) && gather_near(g, v, &own, k);
    return more;
}

/* Near atoms of `n` variants from v on, or near a piece of each. *done false: these are frequent, and there
 * is another way. */
static void gather_nears(struct glc_gather *g, const struct glc_img_variant *v, uint32_t n,
                         const struct glc_piece *piece, bool other, bool *done)
{
    struct near k = { .v = other ? v : NULL, .variants = n, .before = g->m->steps };
    enum glc_gather_what what = g->what;
    uint64_t items = g->n, cut = g->cut;
    if (what == GLC_GATHER_COUNT)
        g->what = GLC_GATHER_ALL;
    bool more = true;
    for (uint32_t i = 0; i < n && more; i++)
        more = gather_near_variant(g, &v[i], piece != NULL ? &piece[i] : NULL, &k);
    g->what = what;
    *done = !k.dense || g->err != GLC_OK;
    if (!*done) {
        g->n = items;
        g->cut = cut;
    }
}

/* How often a piece is met in a part of the layer, at most. */
static uint64_t sample(struct glc_gather *g, const struct glc_piece *piece, uint64_t most)
{
    uint64_t size = g->m->data.len, from = size > SAMPLE ? (size - SAMPLE) / 2 : 0, n = 0, cost = 0;
    uint64_t to = size - from > SAMPLE ? from + SAMPLE : size;
    for (; n < most; n++) {
        uint64_t at = glc_matcher_seek_piece(g->m, piece, from, to, &cost);
        if (at == UINT64_MAX)
            break;
        from = at + 1;
    }
    (void)glc_gather_spend(g, cost);
    return n;
}

/* Of the variant's runs the one whose places, as a part of the layer has it, bring the fewest starts. false:
 * each brings so many that a walk is better. */
static bool choose_piece(struct glc_gather *g, const struct glc_img_variant *v, struct glc_piece *out)
{
    const uint8_t *code = glc_image_run(g->m->img, GLC_IMG_CODE, v->code, v->code_len, 1);
    struct glc_piece piece[GLC_PIECES];
    uint32_t n = code != NULL ? glc_pieces_of(glc_span(code, v->code_len), piece) : 0;
    uint64_t least = SAMPLE / BYTES_A_STEP;
    bool some = false;
    for (uint32_t i = 0; i < n && g->err == GLC_OK; i++) {
        uint64_t starts = (uint64_t)piece[i].far - piece[i].near + 1;
        if (piece[i].far == GLC_IMG_NONE || piece[i].far < piece[i].near || starts > MOST_STARTS)
            continue;
        starts *= sample(g, &piece[i], least / starts + 1) + 1;
        if (starts < least) {
            *out = piece[i];
            least = starts;
            some = true;
        }
    }
    return some;
}

/* Where nothing says that the expression is rare: near the runs that are rarest here. */
static void gather_pieces(struct glc_gather *g, const struct glc_img_variant *v, uint32_t n, bool *done)
{
    struct glc_piece piece[MOST_CODES];
    for (uint32_t i = 0; i < n; i++)
        if (!choose_piece(g, &v[i], &piece[i]))
            return;
    gather_nears(g, v, n, piece, true, done);
}

/* In the parts of the layer that are within reach of what each match contains. */
static void gather_parts(struct glc_gather *g, const struct glc_img_variant *v, uint32_t n, bool atoms,
                         struct parts *w, bool *done)
{
    narrow(g, v, n, atoms, w);
    *done = w->n == 0;
    if (w->n == 1 && w->part[0].from == g->lo && w->part[0].upto == g->hi && g->err == GLC_OK)
        gather_pieces(g, v, n, done);
    if (!*done && g->err == GLC_OK)
        gather_down(g, v, n, w, done);
}

/* `n` variants that are expressions, from v on. COUNT of several gathers items: their starts may be the
 * same. *done false: they start in the parts, if anywhere. */
static void gather_regexes(struct glc_gather *g, const struct glc_img_variant *v, uint32_t n, struct parts *w,
                           bool *done)
{
    bool near = true;
    for (uint32_t i = 0; i < n; i++) {
        const struct glc_img_atom *atom = atoms_of(g, &v[i]);
        near = near && atom != NULL && is_near(&v[i], atom);
    }
    *done = false;
    if (near) {
        *done = is_refuted(g, v, n);
        if (!*done && g->err == GLC_OK)
            gather_nears(g, v, n, NULL, true, done);
        if (*done || g->err != GLC_OK)
            return;
        gather_parts(g, v, n, false, w, done);
        if (!*done && g->err == GLC_OK)
            gather_nears(g, v, n, NULL, false, done);
        return;
    }
    gather_parts(g, v, n, true, w, done);
}

/* An expression for PCRE2 (pcre.c) is the only variant of its pattern. */

static bool each_pcre(void *to, uint64_t start, uint64_t end)
{
    struct glc_gather *g = to;
    return glc_gather_keep(g, g->v, start, end - start);
}

static enum glc_err gather_pcre(struct glc_gather *g)
{
    enum glc_err e = glc_matcher_pcre(g->m, g->p, g->v, g->lo, g->hi, each_pcre, g);
    g->err = g->err == GLC_OK ? e : g->err;
    return g->what == GLC_GATHER_ANY && g->hit ? GLC_OK : g->err;
}

enum glc_err glc_gather_open(struct glc_gather *g, struct glc_matcher *m, uint32_t pattern)
{
    g->m = m;
    g->p = glc_image_at(m->img, GLC_IMG_PATTERNS, pattern, sizeof *g->p);
    g->v = g->p != NULL ? glc_image_run(m->img, GLC_IMG_VARIANTS, g->p->variant, g->p->variants, sizeof *g->v)
                        : NULL;
    if (g->v == NULL)
        return GLC_CORRUPT;
    g->none = !glc_matcher_range(m, g->p, &g->lo, &g->hi);
    return GLC_OK;
}

static void gather_each(struct glc_gather *g)
{
    for (uint32_t i = 0; i < g->p->variants && g->err == GLC_OK; i++) {
        bool done = false;
        if (g->what == GLC_GATHER_ANY && g->hit)
            return;
        if ((g->v[i].flags & GLC_IMG_REGEX) == 0) {
            glc_gather_plain(g, &g->v[i]);
            continue;
        }
        struct parts w;
        gather_regexes(g, &g->v[i], 1, &w, &done);
        if (!done && g->err == GLC_OK)
            gather_starts(g, &g->v[i], &w);
    }
}

enum glc_err glc_gather_run(struct glc_gather *g)
{
    bool plain = true, regex = true, done = false;
    struct parts w;
    g->lengths = true;
    if (g->none)
        return GLC_OK;
    if (g->p->variants == 1 && (g->v[0].flags & GLC_IMG_PCRE) != 0)
        return gather_pcre(g);
    for (uint32_t i = 0; i < g->p->variants; i++) {
        plain = plain && (g->v[i].flags & GLC_IMG_REGEX) == 0;
        regex = regex && (g->v[i].flags & GLC_IMG_REGEX) != 0;
    }
    /* What cannot be paid for is not begun: a scan is charged when it is done. */
    if ((g->hi - g->lo) / 16 > g->m->steps)
        return GLC_LIMIT;
    enum glc_gather_what what = g->what;
    if (plain && what == GLC_GATHER_COUNT)
        glc_gather_count_plain(g, &done);
    else if (regex && g->p->variants <= MOST_CODES)
        gather_regexes(g, g->v, g->p->variants, &w, &done);
    if (!done && g->err == GLC_OK) {
        g->counting = what == GLC_GATHER_COUNT && g->p->variants == 1;
        if (what == GLC_GATHER_COUNT)
            g->what = GLC_GATHER_OFFSETS; /* starts of several variants may be the same */
        gather_each(g);
    }
    return what == GLC_GATHER_ANY && g->hit ? GLC_OK : g->err;
}
