/* The pass over a layer: every window of the group's bitmaps, then the buckets, then the references.
 *
 * Glossary of the loops
 *   w      the 8 bytes at the current offset, folded by OR 0x20
 *   h      glc_img_hash of the window: its top bits choose the bitmap's bit and the bucket, middle bits are
 * the fingerprint pos    candidates of the block: offsets whose bit is set; appended without a branch
 * Invariants
 *   offsets looked at are multiples of the stage's stride counted from the layer's start; a window lies
 * wholly inside the layer; a block brings at most GLC_CANDIDATES candidates a stage, so the arrays cannot
 * overflow. */
#include "match/matcher.h"

enum { BLOCK = GLC_CANDIDATES * 2 /* bytes a round: at most BLOCK / 2 candidates at stride 2 */ };

struct bitmap {
    const uint8_t *bits;
    unsigned shift;
};

static inline uint64_t load8(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return w | GLC_IMG_FOLD;
}

static inline uint32_t hit(const struct bitmap *b, uint64_t h)
{
    uint64_t bit = h >> b->shift;
    return b->bits[bit >> 3] >> (bit & 7) & 1;
}

static bool bitmap_of(const struct glc_matcher *m, int stage, struct bitmap *out)
{
    unsigned bits = m->group->bits[stage];
    if (bits < 6 || bits > 30)
        return false;
    out->bits = glc_image_run(m->img, GLC_IMG_BITMAPS, m->group->bitmap[stage], (UINT64_C(1) << bits) / 8, 1);
    out->shift = 64 - bits;
    return out->bits != NULL;
}

/* Every reference of the window that has this value. */
static void confirm_window(struct glc_matcher *m, uint32_t window, uint64_t value, uint64_t at)
{
    const struct glc_img_window *w = glc_image_at(m->img, GLC_IMG_WINDOWS, window, sizeof *w);
    if (w == NULL) {
        m->corrupt = true;
        return;
    }
    if (w->value != value)
        return;
    const struct glc_img_ref *ref = glc_image_run(m->img, GLC_IMG_REFS, w->ref, w->refs, sizeof *ref);
    if (ref == NULL) {
        m->corrupt = true;
        return;
    }
    for (uint32_t i = 0; i < w->refs; i++)
        glc_matcher_confirm(m, &ref[i], at);
}

static void confirm_value(struct glc_matcher *m, int stage, uint64_t value, uint64_t at)
{
    const struct glc_bucket_table *t = &m->table[stage];
    uint64_t h = glc_img_hash(value);
    uint16_t fp = glc_img_fp(h);
    uint64_t k = h >> t->shift & t->mask;
    for (int probe = 0; probe < GLC_IMG_BUCKET_PROBES; probe++) {
        const struct glc_img_bucket *b = &t->bucket[k];
        for (uint32_t i = 0; i < GLC_IMG_BUCKET_ROOM && i < b->n; i++)
            if (b->fp[i] == fp)
                confirm_window(m, b->window[i], value, at);
        if (b->more == 0)
            return;
        k = (k + 1) & t->mask;
    }
}

static void confirm_all(struct glc_matcher *m, int stage, uint64_t mask, const uint32_t *pos, uint32_t n)
{
    const struct glc_bucket_table *t = &m->table[stage];
    enum { AHEAD = 8 };
    if (t->bucket == NULL)
        return;
    for (uint32_t i = 0; i < n; i++) {
        if (i + AHEAD < n) {
            uint64_t next;
            memcpy(&next, m->data.ptr + pos[i + AHEAD], mask == UINT64_MAX ? 8 : 4);
            __builtin_prefetch(&t->bucket[glc_img_hash((next | GLC_IMG_FOLD) & mask) >> t->shift & t->mask]);
        }
        uint64_t w = 0;
        uint64_t left = m->data.len - pos[i];
        memcpy(&w, m->data.ptr + pos[i], left < 8 ? left : 8);
        confirm_value(m, stage, (w | GLC_IMG_FOLD) & mask, pos[i]);
    }
}

/* Offsets are kept relative to the layer's start in 32 bits: layers are walked in chunks below 4 GiB. */
static void walk_4(struct glc_matcher *m, int stage, uint64_t mask, uint64_t width)
{
    struct bitmap b;
    uint32_t pos[GLC_CANDIDATES];
    if (!bitmap_of(m, stage, &b) || m->data.len < width)
        return;
    uint64_t end = m->data.len - width + 1;
    for (uint64_t from = 0; from < end; from += BLOCK) {
        uint64_t to = end - from < BLOCK ? end : from + BLOCK;
        uint32_t n = 0;
        for (uint64_t i = from; i < to; i += 4) {
            uint64_t w = 0;
            memcpy(&w, m->data.ptr + i, m->data.len - i < 8 ? m->data.len - i : 8);
            pos[n] = (uint32_t)i;
            n += hit(&b, glc_img_hash((w | GLC_IMG_FOLD) & mask));
        }
        confirm_all(m, stage, mask, pos, n);
    }
}

static void walk_2(struct glc_matcher *m)
{
    struct bitmap b;
    uint32_t pos[GLC_CANDIDATES];
    const uint64_t mask = 0xffffff;
    if (!bitmap_of(m, GLC_STAGE_3, &b) || m->data.len < 3)
        return;
    uint64_t end = m->data.len - 2;
    for (uint64_t from = 0; from < end; from += BLOCK) {
        uint64_t to = end - from < BLOCK ? end : from + BLOCK;
        uint32_t n = 0;
        for (uint64_t i = from; i < to; i += 2) {
            uint32_t w = 0;
            memcpy(&w, m->data.ptr + i, m->data.len - i < 4 ? m->data.len - i : 4);
            pos[n] = (uint32_t)i;
            n += hit(&b, glc_img_hash((w | GLC_IMG_FOLD) & mask));
        }
        confirm_all(m, GLC_STAGE_3, mask, pos, n);
    }
}

/* Places that are known: one look-up each. */
static void look_at_anchor(struct glc_matcher *m, const struct glc_img_anchor *a)
{
    struct glc_img_pattern place = { .anchor = a->kind, .section = a->section, .offset = a->offset };
    uint64_t at, hi;
    if (a->kind > GLC_FROM_LAST_SECTION || !glc_matcher_range(m, &place, &at, &hi) ||
        a->width > m->data.len - at)
        return;
    uint32_t key = 0;
    memcpy(&key, m->data.ptr + at, a->width < 4 ? a->width : 4);
    const struct glc_img_key *k = glc_image_run(m->img, GLC_IMG_KEYS, a->key, a->keys, sizeof *k);
    if (k == NULL) {
        m->corrupt = true;
        return;
    }
    uint32_t lo = 0, n = a->keys;
    while (n > 1) {
        uint32_t half = n / 2;
        lo += k[lo + half].key <= key ? half : 0;
        n -= half;
    }
    if (a->keys == 0 || k[lo].key != key)
        return;
    const struct glc_img_ref *ref = glc_image_run(m->img, GLC_IMG_REFS, k[lo].ref, k[lo].refs, sizeof *ref);
    if (ref == NULL) {
        m->corrupt = true;
        return;
    }
    for (uint32_t i = 0; i < k[lo].refs; i++)
        glc_matcher_confirm(m, &ref[i], at);
}

void glc_matcher_pass(struct glc_matcher *m)
{
    const struct glc_img_anchor *a = (const void *)m->img->section[GLC_IMG_ANCHORS].ptr;
    for (uint64_t i = 0; i < m->img->section[GLC_IMG_ANCHORS].n; i++)
        if ((a[i].classes & GLC_CLASS_BIT(m->layer->cls)) != 0)
            look_at_anchor(m, &a[i]);
    walk_4(m, GLC_STAGE_8, UINT64_MAX, 8);
    walk_4(m, GLC_STAGE_4, UINT32_MAX, 4);
    walk_2(m);
}
