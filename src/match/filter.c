/* The pass over a layer: first looks at every second byte, a sieve for what passes, then the buckets, then
 * the references.
 *
 * Glossary of the loop
 *   w         the 8 bytes at an offset, folded by OR 0x20
 *   even, odd the bitmaps looked at by 4 bytes of w where the offset is a multiple of 4, and where it is 2
 * more at[s]     places of stage s in this block, counted from its start: `looked` those whose first look at
 * a multiple of 4 passed, then those of each stage whose bit is set; appended without a branch n[s]      how
 * many Invariants offsets looked at are multiples of 2 counted from the layer's start; a block brings at most
 * BLOCK / 4 places to `looked`, BLOCK / 2 to the stage of 4 bytes and BLOCK to that of 3, so the lists (BLOCK
 * + SLACK) cannot overflow, a whole vector stored behind the last place included; a window that reaches past
 * the layer's end may become a candidate (the end is padded with zeroes) and is thrown out when its atom is
 * compared; no window of the tables is one byte all along (compile/atom.c), so a stretch of one byte is
 * skipped; every path (plain, BMI2, AVX-512) fills the lists with the same places in the same order. */
#include <stdlib.h>

#include "match/matcher.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum {
    BLOCK = GLC_CANDIDATES,
    STEP = 64, /* bytes between looks for a stretch of one byte */
};

enum { FEW_REFS = 32 /* of one window, which are compared however often it stands here */ };

struct bitmap {
    const uint8_t *bits; /* NULL: empty */
    unsigned log2;
};

struct walk {
    struct glc_matcher *m;
    struct bitmap map[GLC_MAPS];
    struct bitmap even, odd;
    uint32_t looked;
    uint32_t n[GLC_STAGES];
};

static inline uint64_t load8(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

static inline uint32_t bit_of(const uint8_t *bits, uint64_t bit)
{
    uint32_t word;
    memcpy(&word, bits + (bit >> 5) * 4, sizeof word);
    return word >> (bit & 31) & 1;
}

static inline uint32_t hit8(const struct bitmap *b, uint64_t w)
{
    return bit_of(b->bits, glc_img_hash(w) >> (64 - b->log2));
}

static inline uint32_t hit4(const struct bitmap *b, uint32_t w)
{
    return bit_of(b->bits, glc_img_hash32(w) >> (32 - b->log2));
}

static bool bitmap_of(const struct glc_matcher *m, int map, struct bitmap *out)
{
    unsigned bits = m->group->bits[map];
    if (bits < 6 || bits > 30)
        return false;
    out->bits = glc_image_run(m->img, GLC_IMG_BITMAPS, m->group->bitmap[map], (UINT64_C(1) << bits) / 8, 1);
    out->log2 = bits;
    return out->bits != NULL;
}

/* Does what lies near the key allow any of the window's references? */
static inline bool near_fits(const struct glc_matcher *m, const struct glc_img_window *w, uint64_t at)
{
    uint64_t from = at + (uint64_t)(int64_t)w->near; /* may wrap: then it is past the end */
    if (m->data.len < 8 || from > m->data.len - 8)
        return true;
    return (load8(m->data.ptr + from) & w->mask) == w->around;
}

/* A window that is frequent here, and that many references share, would be compared over and over: what wants
 * it is taken as maybe seen, which its rules find out, and the window is not looked at again on this layer.
 */
static void drop_window(struct glc_matcher *m, uint32_t window, const struct glc_img_ref *ref, uint32_t n)
{
    if (m->dropped == NULL)
        m->dropped = calloc(m->img->section[GLC_IMG_WINDOWS].n / 8 + 1, 1);
    if (m->dropped == NULL) {
        m->nomem = true;
        return;
    }
    m->dropped[window / 8] |= (uint8_t)(1u << window % 8);
    m->drops++;
    for (uint32_t i = 0; i < n; i++)
        glc_matcher_suspect(m, &ref[i]);
}

/* Every reference of the window that has this value. */
static void confirm_window(struct glc_matcher *m, uint32_t window, uint64_t value, uint64_t at)
{
    const struct glc_img_window *w = glc_image_at(m->img, GLC_IMG_WINDOWS, window, sizeof *w);
    if (w == NULL) {
        m->corrupt = true;
        return;
    }
    if (w->value != value || !near_fits(m, w, at))
        return;
    const struct glc_img_ref *ref = glc_image_run(m->img, GLC_IMG_REFS, w->ref, w->refs, sizeof *ref);
    if (ref == NULL) {
        m->corrupt = true;
        return;
    }
    if (m->drops != 0 && (m->dropped[window / 8] >> window % 8 & 1) != 0)
        return;
    m->work += w->refs + 1;
    if (w->refs > FEW_REFS && m->work > m->flood) {
        drop_window(m, window, ref, w->refs);
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

/* First looks at the places in [from, to) of the block, 4 bytes a round; 8 bytes behind `to` can be read. */
static inline __attribute__((always_inline)) void look(struct walk *k, const uint8_t *block, uint32_t from,
                                                       uint32_t to, bool has_odd)
{
    struct bitmap even = k->even, odd = k->odd;
    uint32_t *looked = k->m->looked, *at4 = k->m->at[GLC_STAGE_4];
    uint32_t n = k->looked, n4 = k->n[GLC_STAGE_4];
    for (uint32_t i = from; i < to; i += 4) {
        uint64_t w = load8(block + i) | GLC_IMG_FOLD;
        looked[n] = i;
        n += hit4(&even, (uint32_t)w);
        if (has_odd) {
            at4[n4] = i + 2;
            n4 += hit4(&odd, (uint32_t)(w >> 16));
        }
    }
    k->looked = n;
    k->n[GLC_STAGE_4] = n4;
}

/* Do the bytes [p, p + STEP + 8) all have one value? */
static inline bool one_byte(const uint8_t *p)
{
    return load8(p) == load8(p + 8) && memcmp(p, p + 1, STEP + 8 - 1) == 0;
}

static inline __attribute__((always_inline)) void look_over(struct walk *k, const uint8_t *block,
                                                            uint32_t len, bool has_odd)
{
    uint32_t i = 0;
    for (; i + STEP <= len; i += STEP)
        if (!one_byte(block + i))
            look(k, block, i, i + STEP, has_odd);
    look(k, block, i, len, has_odd);
}

static inline __attribute__((always_inline)) void look_any(struct walk *k, const uint8_t *block, uint32_t len)
{
    if (k->odd.bits != NULL)
        look_over(k, block, len, true);
    else
        look_over(k, block, len, false);
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

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,bmi,bmi2,popcnt")))

/* Sixteen looks, at every fourth byte from p on; those that pass are appended to `list`. */
AVX512 static inline uint32_t look16(const struct bitmap *b, const uint8_t *p, __m512i place, uint32_t *list)
{
    const __m512i low = _mm512_set1_epi32(31);
    __m512i w =
        _mm512_or_si512(_mm512_loadu_si512((const void *)p), _mm512_set1_epi32((int)(uint32_t)GLC_IMG_FOLD));
    __m512i h = _mm512_srl_epi32(_mm512_mullo_epi32(w, _mm512_set1_epi32((int)GLC_IMG_MIX32)),
                                 _mm_cvtsi32_si128((int)(32 - b->log2)));
    __m512i word = _mm512_i32gather_epi32(_mm512_srli_epi32(h, 5), (const void *)b->bits, 4);
    __mmask16 hit =
        _mm512_test_epi32_mask(word, _mm512_sllv_epi32(_mm512_set1_epi32(1), _mm512_and_si512(h, low)));
    _mm512_storeu_si512(list, _mm512_maskz_compress_epi32(hit, place));
    return (uint32_t)__builtin_popcount(hit);
}

AVX512 static void look_avx512(struct walk *k, const uint8_t *block, uint32_t len)
{
    const __m512i lane = _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60);
    struct bitmap even = k->even, odd = k->odd;
    uint32_t *looked = k->m->looked, *at4 = k->m->at[GLC_STAGE_4];
    uint32_t n = k->looked, n4 = k->n[GLC_STAGE_4], i = 0;
    for (; i + STEP <= len; i += STEP) {
        if (one_byte(block + i))
            continue;
        n += look16(&even, block + i, _mm512_add_epi32(lane, _mm512_set1_epi32((int)i)), looked + n);
        if (odd.bits != NULL)
            n4 +=
                look16(&odd, block + i + 2, _mm512_add_epi32(lane, _mm512_set1_epi32((int)i + 2)), at4 + n4);
    }
    k->looked = n;
    k->n[GLC_STAGE_4] = n4;
    if (odd.bits != NULL)
        look(k, block, i, len, true);
    else
        look(k, block, i, len, false);
}
#endif

static void look_block(struct walk *k, const uint8_t *block, uint32_t len)
{
#if defined(__x86_64__)
    if (k->m->avx512) {
        look_avx512(k, block, len);
        return;
    }
    if (k->m->avx2) {
        look_bmi2(k, block, len);
        return;
    }
#endif
    look_plain(k, block, len);
}

/* Windows of 4 bytes: those whose key is all of it stay, those whose key is 3 of them go to the next stage.
 */
static void sieve_keys(struct walk *k, const uint8_t *block)
{
    struct bitmap m4 = k->map[GLC_MAP_KEY4], m3 = k->map[GLC_MAP_KEY3];
    uint32_t *at4 = k->m->at[GLC_STAGE_4], *at3 = k->m->at[GLC_STAGE_3];
    uint32_t n = k->n[GLC_STAGE_4], n4 = 0, n3 = 0;
    for (uint32_t i = 0; m3.bits != NULL && i < n; i++) {
        uint32_t w = (uint32_t)(load8(block + at4[i]) | GLC_IMG_FOLD);
        at3[n3] = at4[i];
        n3 += hit4(&m3, w & 0xffffff);
        at3[n3] = at4[i] + 1;
        n3 += hit4(&m3, w >> 8);
    }
    for (uint32_t i = 0; m4.bits != NULL && i < n; i++) {
        uint32_t at = at4[i];
        at4[n4] = at;
        n4 += hit4(&m4, (uint32_t)(load8(block + at) | GLC_IMG_FOLD));
    }
    k->n[GLC_STAGE_4] = n4;
    k->n[GLC_STAGE_3] = n3;
}

/* What passed its first look: by 8 bytes, and by 4 where that look was not MAP_4's. */
static void sieve(struct walk *k, const uint8_t *block)
{
    struct bitmap m8 = k->map[GLC_MAP_8], m4 = k->map[GLC_MAP_4];
    const uint32_t *looked = k->m->looked;
    uint32_t *at8 = k->m->at[GLC_STAGE_8], *at4 = k->m->at[GLC_STAGE_4];
    uint32_t n8 = 0, n4 = k->n[GLC_STAGE_4];
    for (uint32_t i = 0; m8.bits != NULL && i < k->looked; i++) {
        at8[n8] = looked[i];
        n8 += hit8(&m8, load8(block + looked[i]) | GLC_IMG_FOLD);
    }
    for (uint32_t i = 0; m4.bits != NULL && i < k->looked; i++) {
        at4[n4] = looked[i];
        n4 += hit4(&m4, (uint32_t)(load8(block + looked[i]) | GLC_IMG_FOLD));
    }
    k->n[GLC_STAGE_8] = n8;
    k->n[GLC_STAGE_4] = n4;
    sieve_keys(k, block);
}

static void confirm_block(struct walk *k, const uint8_t *block, uint64_t from)
{
    sieve(k, block);
    confirm_all(k, GLC_STAGE_8, UINT64_MAX, block, from);
    confirm_all(k, GLC_STAGE_4, UINT32_MAX, block, from);
    confirm_all(k, GLC_STAGE_3, 0xffffff, block, from);
    memset(k->n, 0, sizeof k->n);
    k->looked = 0;
}

/* Which bitmaps the first looks go to; false: nothing is searched for. */
static bool choose_looks(struct walk *k)
{
    for (int s = 0; s < GLC_MAPS; s++)
        if (!bitmap_of(k->m, s, &k->map[s]))
            k->map[s] = (struct bitmap){ 0 };
    k->even = k->map[k->map[GLC_MAP_FIRST].bits != NULL ? GLC_MAP_FIRST : GLC_MAP_4];
    k->odd = k->map[GLC_MAP_4];
    return k->even.bits != NULL;
}

static void walk_layer(struct glc_matcher *m)
{
    enum { TAIL = 16 }; /* what the loop may read behind a block */
    struct walk k = { .m = m };
    uint64_t len = m->data.len, from = 0;
    if (!choose_looks(&k))
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
