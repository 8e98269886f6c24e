/* The pass over a layer: every window of the group's bitmaps, then the buckets, then the references.
 *
 * Glossary of the loop
 *   w        the 8 bytes at the current offset, folded by OR 0x20
 *   hash     glc_img_hash of a window: its top bits choose the bitmap's bit and the bucket, middle bits are
 * the fingerprint at[s]    candidates of stage s in this block: offsets from the block's start whose bit is
 * set, appended without a branch n[s]     how many Invariants offsets looked at are multiples of the stage's
 * stride counted from the layer's start; a block brings at most BLOCK / stride candidates, so the arrays
 * cannot overflow; a window that reaches past the layer's end may become a candidate (the end is padded with
 * zeroes) and is thrown out when its atom is compared; no window of the tables is one byte eight times
 * (compile/atom.c), so a stretch of one byte is skipped. */
#include "match/matcher.h"

enum { BLOCK = GLC_CANDIDATES * 2, STEP = 64 /* bytes between looks for a stretch of one byte */ };

struct bitmap {
    const uint8_t *bits;
    unsigned shift;
};

struct walk {
    struct glc_matcher *m;
    struct bitmap map[GLC_STAGES];
    uint32_t n[GLC_STAGES];
};

static inline uint64_t load8(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

static inline uint32_t hit(const struct bitmap *b, uint64_t hash)
{
    uint64_t bit = hash >> b->shift;
    uint32_t word;
    memcpy(&word, b->bits + (bit >> 5) * 4, sizeof word);
    return word >> (bit & 31) & 1;
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

static void confirm_all(struct walk *k, int stage, uint64_t mask, const uint8_t *block, uint64_t from)
{
    const struct glc_bucket_table *t = &k->m->table[stage];
    const uint32_t *at = k->m->at[stage];
    uint32_t n = k->n[stage];
    enum { AHEAD = 8 };
    if (t->bucket == NULL)
        return;
    for (uint32_t i = 0; i < n && i < AHEAD; i++)
        __builtin_prefetch(
            &t->bucket[glc_img_hash((load8(block + at[i]) | GLC_IMG_FOLD) & mask) >> t->shift & t->mask]);
    for (uint32_t i = 0; i < n; i++) {
        if (i + AHEAD < n)
            __builtin_prefetch(
                &t->bucket[glc_img_hash((load8(block + at[i + AHEAD]) | GLC_IMG_FOLD) & mask) >> t->shift &
                           t->mask]);
        confirm_value(k->m, stage, (load8(block + at[i]) | GLC_IMG_FOLD) & mask, from + at[i]);
    }
}

/* One look at every window that begins in [from, to) of the block, 4 bytes a round; 8 bytes behind `to` can
 * be read. */
static inline __attribute__((always_inline)) void look(struct walk *k, const uint8_t *block, uint32_t from,
                                                       uint32_t to, bool has8, bool has4, bool has3)
{
    struct bitmap m8 = k->map[GLC_STAGE_8], m4 = k->map[GLC_STAGE_4], m3 = k->map[GLC_STAGE_3];
    uint32_t *at8 = k->m->at[GLC_STAGE_8], *at4 = k->m->at[GLC_STAGE_4], *at3 = k->m->at[GLC_STAGE_3];
    uint32_t n8 = k->n[GLC_STAGE_8], n4 = k->n[GLC_STAGE_4], n3 = k->n[GLC_STAGE_3];
    for (uint32_t i = from; i < to; i += 4) {
        uint64_t w = load8(block + i) | GLC_IMG_FOLD;
        if (has8) {
            at8[n8] = i;
            n8 += hit(&m8, glc_img_hash(w));
        }
        if (has4) {
            at4[n4] = i;
            n4 += hit(&m4, glc_img_hash((uint32_t)w));
        }
        if (has3) {
            at3[n3] = i;
            n3 += hit(&m3, glc_img_hash(w & 0xffffff));
            at3[n3] = i + 2;
            n3 += hit(&m3, glc_img_hash(w >> 16 & 0xffffff));
        }
    }
    k->n[GLC_STAGE_8] = n8;
    k->n[GLC_STAGE_4] = n4;
    k->n[GLC_STAGE_3] = n3;
}

/* Do the bytes [p, p + n) all have one value? */
static bool one_byte(const uint8_t *p, size_t n)
{
    return memcmp(p, p + 1, n - 1) == 0;
}

static inline __attribute__((always_inline)) void look_over(struct walk *k, const uint8_t *block,
                                                            uint32_t len, bool has8, bool has4, bool has3)
{
    uint32_t i = 0;
    for (; i + STEP <= len; i += STEP) {
        if (load8(block + i) == load8(block + i + 8) && one_byte(block + i, STEP + 8))
            continue;
        look(k, block, i, i + STEP, has8, has4, has3);
    }
    look(k, block, i, len, has8, has4, has3);
}

static void confirm_block(struct walk *k, const uint8_t *block, uint64_t from)
{
    confirm_all(k, GLC_STAGE_8, UINT64_MAX, block, from);
    confirm_all(k, GLC_STAGE_4, UINT32_MAX, block, from);
    confirm_all(k, GLC_STAGE_3, 0xffffff, block, from);
    memset(k->n, 0, sizeof k->n);
}

static inline __attribute__((always_inline)) void look_any(struct walk *k, const uint8_t *block, uint32_t len)
{
    bool has8 = k->map[GLC_STAGE_8].bits != NULL, has4 = k->map[GLC_STAGE_4].bits != NULL;
    bool has3 = k->map[GLC_STAGE_3].bits != NULL;
    switch (has8 << 2 | has4 << 1 | has3) {
    case 1:
        look_over(k, block, len, false, false, true);
        return;
    case 2:
        look_over(k, block, len, false, true, false);
        return;
    case 3:
        look_over(k, block, len, false, true, true);
        return;
    case 4:
        look_over(k, block, len, true, false, false);
        return;
    case 5:
        look_over(k, block, len, true, false, true);
        return;
    case 6:
        look_over(k, block, len, true, true, false);
        return;
    case 7:
        look_over(k, block, len, true, true, true);
        return;
    default:
        return;
    }
}

static void look_plain(struct walk *k, const uint8_t *block, uint32_t len)
{
    look_any(k, block, len);
}

#if defined(__x86_64__)
/* The same loop with three-operand shifts: a variable shift does not wait for CL. */
__attribute__((target("avx2,bmi,bmi2"))) static void look_bmi2(struct walk *k, const uint8_t *block,
                                                               uint32_t len)
{
    look_any(k, block, len);
}
#endif

static void look_block(struct walk *k, const uint8_t *block, uint32_t len)
{
#if defined(__x86_64__)
    if (k->m->avx2) {
        look_bmi2(k, block, len);
        return;
    }
#endif
    look_plain(k, block, len);
}

static void walk_layer(struct glc_matcher *m)
{
    enum { TAIL = 16 }; /* what the loop may read behind a block */
    struct walk k = { .m = m };
    uint64_t len = m->data.len, from = 0;
    bool any = false;
    for (int s = 0; s < GLC_STAGES; s++)
        any |= bitmap_of(m, s, &k.map[s]);
    if (!any)
        return;
    while (len - from > TAIL) {
        uint64_t room = len - from - TAIL;
        uint32_t n = room < BLOCK ? (uint32_t)(room + 3) & ~UINT32_C(3) : BLOCK;
        look_block(&k, m->data.ptr + from, n);
        confirm_block(&k, m->data.ptr + from, from);
        from += n;
    }
    uint8_t tail[TAIL + 16] = { 0 };
    memcpy(tail, m->data.ptr + from, (size_t)(len - from));
    look_block(&k, tail, (uint32_t)(len - from));
    confirm_block(&k, tail, from);
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
    if (m->data.len != 0)
        walk_layer(m);
}
