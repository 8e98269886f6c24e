/* Hash signatures: by size first; a digest is made only where a signature of that kind and size exists. */
#include <stdlib.h>

#include "match/matcher.h"

enum { SECTIONS_MOST = 4096 };

/* A table whose columns lie within the section. */
struct columns {
    const struct glc_img_hashes *t;
    const uint8_t *dir, *sizes, *digests;
    size_t len;
};

static const uint8_t *column(const struct glc_image *img, uint64_t off, uint64_t n, uint64_t width)
{
    uint64_t room = img->section[GLC_IMG_HASH_DATA].len;
    return off <= room && n <= (room - off) / width ? img->section[GLC_IMG_HASH_DATA].ptr + off : NULL;
}

static bool columns_of(const struct glc_image *img, const struct glc_img_hashes *t, struct columns *out)
{
    if (t->alg >= GLC_DIGEST_ALGS || t->kind > GLC_IMG_BIG || t->shift > 63)
        return false;
    out->t = t;
    out->len = glc_digest_len((enum glc_digest_alg)t->alg);
    out->dir = column(img, t->dir, t->dirs, 4);
    out->sizes =
        t->kind == GLC_IMG_ANY ? img->bytes.ptr : column(img, t->sizes, t->n, t->kind == GLC_IMG_BIG ? 8 : 4);
    out->digests = column(img, t->digests, t->n, out->len);
    return out->dir != NULL && out->sizes != NULL && out->digests != NULL;
}

static uint64_t size_at(const struct columns *c, uint64_t i)
{
    uint64_t v = 0;
    memcpy(&v, c->sizes + i * (c->t->kind == GLC_IMG_BIG ? 8 : 4), c->t->kind == GLC_IMG_BIG ? 8 : 4);
    return v;
}

static bool directory(const struct columns *c, uint64_t cls, uint64_t *lo, uint64_t *hi)
{
    uint32_t from, to;
    if (c->t->dirs < 2 || cls > c->t->dirs - 2)
        return false;
    memcpy(&from, c->dir + cls * 4, 4);
    memcpy(&to, c->dir + cls * 4 + 4, 4);
    *lo = from;
    *hi = to < c->t->n ? to : c->t->n;
    return from < *hi;
}

/* Entries of that size. */
static bool size_run(const struct columns *c, uint64_t size, uint64_t *lo, uint64_t *hi)
{
    if (c->t->kind == GLC_IMG_BIG) {
        *lo = 0;
        *hi = c->t->n;
    } else if (size > UINT32_MAX || !directory(c, size >> c->t->shift, lo, hi)) {
        return false;
    }
    uint64_t a = *lo, n = *hi - *lo;
    while (n > 0) { /* first entry that is not smaller */
        uint64_t half = n / 2;
        if (size_at(c, a + half) < size) {
            a += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    uint64_t z = a;
    while (z < *hi && size_at(c, z) == size)
        z++;
    *lo = a;
    *hi = z;
    return a < z;
}

bool glc_matcher_report(struct glc_matcher *m, uint32_t rule)
{
    if (m->founds == m->found_room) {
        uint32_t room = m->found_room == 0 ? 64 : m->found_room * 2;
        uint32_t *p = reallocarray(m->found, room, sizeof *p);
        if (p == NULL)
            return false;
        m->found = p;
        m->found_room = room;
    }
    m->found[m->founds++] = rule;
    return true;
}

/* Report every entry of [lo, hi) that has this digest; they are sorted by it. */
static enum glc_err find_digest(struct glc_matcher *m, const struct columns *c, uint64_t lo, uint64_t hi,
                                const uint8_t *sum)
{
    uint64_t n = hi - lo;
    while (n > 0) {
        uint64_t half = n / 2;
        if (memcmp(c->digests + (lo + half) * c->len, sum, c->len) < 0) {
            lo += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    for (; lo < hi && memcmp(c->digests + lo * c->len, sum, c->len) == 0; lo++) {
        if (c->t->allow != 0)
            m->allowed = true;
        else if (c->t->first + lo >= UINT32_MAX - m->img->rules)
            return GLC_CORRUPT;
        else if (!glc_matcher_report(m, m->img->rules + (uint32_t)(c->t->first + lo)))
            return GLC_NOMEM;
    }
    return GLC_OK;
}

static enum glc_err sum_of(struct glc_matcher *m, unsigned alg, struct glc_span s,
                           uint8_t out[GLC_DIGEST_MAX])
{
    if (m->digest[alg] == NULL)
        m->digest[alg] = glc_digest_new((enum glc_digest_alg)alg);
    return m->digest[alg] != NULL && glc_digest_of(m->digest[alg], s, out) ? GLC_OK : GLC_NOMEM;
}

static enum glc_err file_hash(struct glc_matcher *m, const struct columns *c)
{
    uint64_t lo, hi;
    unsigned alg = c->t->alg;
    if (c->t->kind != GLC_IMG_ANY && !size_run(c, m->data.len, &lo, &hi))
        return GLC_OK;
    if (!m->hashed[alg]) {
        enum glc_err e = sum_of(m, alg, m->data, m->sum[alg]);
        if (e != GLC_OK)
            return e;
        m->hashed[alg] = true;
    }
    if (c->t->kind == GLC_IMG_ANY && !directory(c, (uint64_t)m->sum[alg][0] << 8 | m->sum[alg][1], &lo, &hi))
        return GLC_OK;
    return find_digest(m, c, lo, hi, m->sum[alg]);
}

bool glc_matcher_hashes_size(const struct glc_matcher *m, enum glc_digest_alg alg, uint64_t size)
{
    const struct glc_img_hashes *t = (const void *)m->img->section[GLC_IMG_HASHES].ptr;
    for (uint64_t i = 0; i < m->img->section[GLC_IMG_HASHES].n; i++) {
        struct columns c;
        uint64_t lo, hi;
        if (t[i].of == 0 && t[i].alg == alg && columns_of(m->img, &t[i], &c) &&
            (t[i].kind == GLC_IMG_ANY || size_run(&c, size, &lo, &hi)))
            return true;
    }
    return false;
}

/* Sections overlap in hostile files: what may be hashed is bounded. */
static enum glc_err section_hashes(struct glc_matcher *m, const struct columns *c, uint64_t *budget)
{
    const struct glc_facts *f = &m->layer->facts;
    for (uint32_t i = 0; i < f->sections && i < SECTIONS_MOST; i++) {
        uint64_t lo, hi, off = f->section[i].offset, size = f->section[i].size;
        if (size == 0 || off > m->data.len || size > m->data.len - off)
            continue;
        if (c->t->kind != GLC_IMG_ANY && !size_run(c, size, &lo, &hi))
            continue;
        if (size > *budget)
            return GLC_LIMIT;
        *budget -= size;
        uint8_t sum[GLC_DIGEST_MAX];
        enum glc_err e = sum_of(m, c->t->alg, glc_span(m->data.ptr + off, size), sum);
        if (e != GLC_OK)
            return e;
        if (c->t->kind == GLC_IMG_ANY && !directory(c, (uint64_t)sum[0] << 8 | sum[1], &lo, &hi))
            continue;
        e = find_digest(m, c, lo, hi, sum);
        if (e != GLC_OK)
            return e;
    }
    return GLC_OK;
}

enum glc_err glc_matcher_hashes(struct glc_matcher *m)
{
    const struct glc_img_hashes *t = (const void *)m->img->section[GLC_IMG_HASHES].ptr;
    uint64_t budget = 8 * (uint64_t)m->data.len + (16u << 20);
    for (uint64_t i = 0; i < m->img->section[GLC_IMG_HASHES].n; i++) {
        struct columns c;
        enum glc_err e = GLC_OK;
        if (!columns_of(m->img, &t[i], &c))
            return GLC_CORRUPT;
        if (t[i].of == 0)
            e = file_hash(m, &c);
        else if (t[i].of == 1 && m->layer->cls == GLC_CLASS_PE)
            e = section_hashes(m, &c, &budget);
        if (e == GLC_LIMIT) {
            m->limited = true;
            m->blame_text = glc_span_str("section hashes");
        } else if (e != GLC_OK) {
            return e;
        }
    }
    return GLC_OK;
}
