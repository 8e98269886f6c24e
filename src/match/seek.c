/* Finding one run of masked bytes: its two rarest bytes at once, then the whole.
 *
 * Adversarial data make every place a candidate; each then costs one comparison that ends at its first
 * difference, and is counted by its length. Where places are only counted, a run of up to 32 bytes is
 * compared 32 places at a time, so that dense data cost no more than sparse ones. */
#include "match/matcher.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

struct needle {
    const uint8_t *data;         /* of the layer */
    const uint8_t *value, *mask; /* mask NULL: all 0xff */
    uint32_t len;
    uint32_t a, b;  /* places of the two bytes looked at first */
    uint64_t tried; /* places compared whole */
};

static inline uint8_t mask_at(const struct needle *n, uint32_t i)
{
    return n->mask != NULL ? n->mask[i] : 0xff;
}

static inline bool here(struct needle *n, uint64_t at)
{
    const uint8_t *d = n->data + at;
    n->tried++;
    return n->mask == NULL ? memcmp(d, n->value, n->len) == 0
                           : glc_masked_equal(d, n->value, n->mask, n->len);
}

static uint64_t seek_plain(struct needle *n, uint64_t from, uint64_t to)
{
    for (uint64_t at = from; at < to; at++)
        if (here(n, at))
            return at;
    return UINT64_MAX;
}

static uint64_t seek_byte(struct needle *n, uint64_t from, uint64_t to)
{
    while (from < to) {
        const uint8_t *p = memchr(n->data + from + n->a, n->value[n->a], to - from);
        if (p == NULL)
            return UINT64_MAX;
        uint64_t at = (uint64_t)(p - n->data) - n->a;
        if ((n->data[at + n->b] & mask_at(n, n->b)) == n->value[n->b] && here(n, at))
            return at;
        from = at + 1;
    }
    return UINT64_MAX;
}

static uint64_t seek_pair(struct needle *n, uint64_t from, uint64_t to)
{
    uint8_t ma = mask_at(n, n->a), va = n->value[n->a], mb = mask_at(n, n->b), vb = n->value[n->b];
    if (ma == 0xff)
        return seek_byte(n, from, to);
    for (uint64_t at = from; at < to; at++)
        if ((n->data[at + n->a] & ma) == va && (n->data[at + n->b] & mb) == vb && here(n, at))
            return at;
    return UINT64_MAX;
}

#if defined(__x86_64__)
/* The first place of those in `hit`, counted from `at`, where all of the needle stands; UINT64_MAX: none. */
static inline uint64_t first_here(struct needle *n, uint64_t at, uint64_t hit)
{
    for (; hit != 0; hit &= hit - 1) {
        uint64_t place = at + (uint64_t)__builtin_ctzll(hit);
        if (here(n, place))
            return place;
    }
    return UINT64_MAX;
}

/* The needle's two bytes: x stands where the first of them would be, y where the second. */
struct pair {
    __m256i a, b, ma, mb;
};

__attribute__((target("avx2"))) static inline __m256i pair_at(const struct pair *k, const uint8_t *pa,
                                                              const uint8_t *pb)
{
    __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)pa);
    __m256i y = _mm256_loadu_si256((const __m256i *)(const void *)pb);
    return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(x, k->ma), k->a),
                            _mm256_cmpeq_epi8(_mm256_and_si256(y, k->mb), k->b));
}

__attribute__((target("avx2"))) static inline struct pair pair_of(const struct needle *n)
{
    return (struct pair){ _mm256_set1_epi8((char)n->value[n->a]), _mm256_set1_epi8((char)n->value[n->b]),
                          _mm256_set1_epi8((char)mask_at(n, n->a)),
                          _mm256_set1_epi8((char)mask_at(n, n->b)) };
}

/* 32 places at a time, four times over between branches: `at` counts places of the needle's start, pa and pb
 * are where its two bytes then stand. */
__attribute__((target("avx2"))) static uint64_t seek_avx2(struct needle *n, uint64_t from, uint64_t to)
{
    const struct pair k = pair_of(n);
    const uint8_t *pa = n->data + n->a, *pb = n->data + n->b;
    uint64_t at = from;
    for (; at + 128 <= to; at += 128) {
        __m256i h0 = pair_at(&k, pa + at, pb + at), h1 = pair_at(&k, pa + at + 32, pb + at + 32);
        __m256i h2 = pair_at(&k, pa + at + 64, pb + at + 64), h3 = pair_at(&k, pa + at + 96, pb + at + 96);
        __m256i any = _mm256_or_si256(_mm256_or_si256(h0, h1), _mm256_or_si256(h2, h3));
        if (__builtin_expect(_mm256_testz_si256(any, any), 1))
            continue;
        uint64_t low = (uint32_t)_mm256_movemask_epi8(h0) | (uint64_t)(uint32_t)_mm256_movemask_epi8(h1)
                                                                << 32;
        uint64_t high = (uint32_t)_mm256_movemask_epi8(h2) | (uint64_t)(uint32_t)_mm256_movemask_epi8(h3)
                                                                 << 32;
        uint64_t place = first_here(n, at, low);
        if (place == UINT64_MAX)
            place = first_here(n, at + 64, high);
        if (place != UINT64_MAX)
            return place;
    }
    for (; at + 32 <= to; at += 32) {
        uint32_t hit = (uint32_t)_mm256_movemask_epi8(pair_at(&k, pa + at, pb + at));
        uint64_t place = first_here(n, at, hit);
        if (place != UINT64_MAX)
            return place;
    }
    return seek_pair(n, at, to);
}

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,bmi,bmi2,popcnt")))

struct pair_64 {
    __m512i a, b, ma, mb;
};

AVX512 static inline struct pair_64 pair_64_of(const struct needle *n)
{
    return (struct pair_64){ _mm512_set1_epi8((char)n->value[n->a]), _mm512_set1_epi8((char)n->value[n->b]),
                             _mm512_set1_epi8((char)mask_at(n, n->a)),
                             _mm512_set1_epi8((char)mask_at(n, n->b)) };
}

AVX512 static inline uint64_t pair_at_64(const struct pair_64 *k, const uint8_t *pa, const uint8_t *pb)
{
    __m512i x = _mm512_and_si512(_mm512_loadu_si512((const void *)pa), k->ma);
    __m512i y = _mm512_and_si512(_mm512_loadu_si512((const void *)pb), k->mb);
    return _mm512_mask_cmpeq_epi8_mask(_mm512_cmpeq_epi8_mask(x, k->a), y, k->b);
}

/* The same, 64 places at a time. */
AVX512 static uint64_t seek_avx512(struct needle *n, uint64_t from, uint64_t to)
{
    const struct pair_64 k = pair_64_of(n);
    const uint8_t *pa = n->data + n->a, *pb = n->data + n->b;
    uint64_t at = from;
    for (; at + 256 <= to; at += 256) {
        uint64_t h[4];
        for (unsigned i = 0; i < 4; i++)
            h[i] = pair_at_64(&k, pa + at + 64 * i, pb + at + 64 * i);
        if (__builtin_expect((h[0] | h[1] | h[2] | h[3]) == 0, 1))
            continue;
        for (unsigned i = 0; i < 4; i++) {
            uint64_t place = first_here(n, at + 64 * i, h[i]);
            if (place != UINT64_MAX)
                return place;
        }
    }
    for (; at + 64 <= to; at += 64) {
        uint64_t place = first_here(n, at, pair_at_64(&k, pa + at, pb + at));
        if (place != UINT64_MAX)
            return place;
    }
    return seek_pair(n, at, to);
}
#endif

/* 16 places at a time. `wide` says which of them hold both bytes, STRIDE bits a place. */
#if defined(__x86_64__)
enum { STRIDE = 1 };
#define TARGET16 __attribute__((target("sse4.2")))
TARGET16 static inline uint64_t wide(const uint8_t *pa, const uint8_t *pb, uint8_t ma, uint8_t va, uint8_t mb,
                                     uint8_t vb)
{
    __m128i x = _mm_and_si128(_mm_loadu_si128((const __m128i *)(const void *)pa), _mm_set1_epi8((char)ma));
    __m128i y = _mm_and_si128(_mm_loadu_si128((const __m128i *)(const void *)pb), _mm_set1_epi8((char)mb));
    return (uint32_t)_mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8((char)va)),
                                                     _mm_cmpeq_epi8(y, _mm_set1_epi8((char)vb))));
}
#elif defined(__aarch64__)
enum { STRIDE = 4 };
#define TARGET16
static inline uint64_t wide(const uint8_t *pa, const uint8_t *pb, uint8_t ma, uint8_t va, uint8_t mb,
                            uint8_t vb)
{
    uint8x16_t x = vceqq_u8(vandq_u8(vld1q_u8(pa), vdupq_n_u8(ma)), vdupq_n_u8(va));
    uint8x16_t y = vceqq_u8(vandq_u8(vld1q_u8(pb), vdupq_n_u8(mb)), vdupq_n_u8(vb));
    /* AArch64 has no movemask: narrowing leaves 4 bits of each byte. */
    uint8x8_t narrow = vshrn_n_u16(vreinterpretq_u16_u8(vandq_u8(x, y)), 4);
    return vget_lane_u64(vreinterpret_u64_u8(narrow), 0);
}
#endif

#ifdef TARGET16
TARGET16 static uint64_t seek_16(struct needle *n, uint64_t from, uint64_t to)
{
    uint8_t ma = mask_at(n, n->a), va = n->value[n->a], mb = mask_at(n, n->b), vb = n->value[n->b];
    uint64_t at = from;
    for (; at + 16 <= to; at += 16) {
        uint64_t hit = wide(n->data + at + n->a, n->data + at + n->b, ma, va, mb, vb);
        while (hit != 0) {
            unsigned bit = (unsigned)__builtin_ctzll(hit);
            uint64_t place = at + bit / STRIDE;
            if (here(n, place))
                return place;
            hit &= ~(((UINT64_C(1) << STRIDE) - 1) << bit);
        }
    }
    return seek_pair(n, at, to);
}
#endif

static uint64_t seek_two(const struct glc_matcher *m, struct needle *n, uint64_t from, uint64_t to)
{
#if defined(__x86_64__)
    if (m->avx512)
        return seek_avx512(n, from, to);
    if (m->avx2)
        return seek_avx2(n, from, to);
#endif
#ifdef TARGET16
    if (m->simd != GLC_SIMD_NONE)
        return seek_16(n, from, to);
#endif
    (void)m;
    return seek_pair(n, from, to);
}

bool glc_piece_of(const struct glc_matcher *m, const struct glc_img_atom *atom, struct glc_piece *out)
{
    *out = (struct glc_piece){
        .len = atom->len, .near = atom->near, .far = atom->far, .rare = { atom->rare[0], atom->rare[1] }
    };
    out->value = glc_image_atom(m->img, atom, &out->mask);
    return out->value != NULL;
}

/* The needle of a piece on this layer and the end of the places where it fits; false: it does not. */
static bool needle_of(const struct glc_matcher *m, const struct glc_piece *p, struct needle *n, uint64_t from,
                      uint64_t *to)
{
    if (p->len > m->data.len)
        return false;
    uint64_t last = m->data.len - p->len + 1;
    *to = *to < last ? *to : last;
    *n = (struct needle){ m->data.ptr, p->value, p->mask, p->len, p->rare[0], p->rare[1], 0 };
    return from < *to;
}

uint64_t glc_matcher_seek_piece(const struct glc_matcher *m, const struct glc_piece *piece, uint64_t from,
                                uint64_t to, uint64_t *cost)
{
    struct needle n;
    uint64_t hit;
    if (!needle_of(m, piece, &n, from, &to))
        return UINT64_MAX;
    if (n.a >= n.len) {
        hit = seek_plain(&n, from, to);
    } else {
        n.b = n.b >= n.len ? n.a : n.b;
        hit = seek_two(m, &n, from, to);
    }
    *cost += ((hit != UINT64_MAX ? hit : to) - from) / 16 + n.tried * (1 + n.len / 32);
    return hit;
}

uint64_t glc_matcher_seek(const struct glc_matcher *m, const struct glc_img_atom *atom, uint64_t from,
                          uint64_t to, uint64_t *cost)
{
    struct glc_piece piece;
    return glc_piece_of(m, atom, &piece) ? glc_matcher_seek_piece(m, &piece, from, to, cost) : UINT64_MAX;
}

#if defined(__x86_64__)
/* Are at most two of the needle's bytes known? They become the two that are looked at. */
static bool is_pair(struct needle *n)
{
    uint32_t known = 0, at[2] = { 0 };
    for (uint32_t i = 0; i < n->len && known <= 2; i++)
        if (mask_at(n, i) != 0 && known++ < 2)
            at[known - 1] = i;
    if (known == 0 || known > 2)
        return false;
    n->a = at[0];
    n->b = at[known - 1];
    return true;
}

/* Of a pair: places in [from, *at), which is moved on in steps of 128 as long as they fit below `to`. */
__attribute__((target("avx2,popcnt"))) static uint64_t tally_pair_avx2(const struct needle *n, uint64_t *at,
                                                                       uint64_t to, uint64_t enough)
{
    const struct pair k = pair_of(n);
    const uint8_t *pa = n->data + n->a, *pb = n->data + n->b;
    uint64_t count = 0, i = *at;
    for (; i + 128 <= to && count < enough; i += 128)
        for (unsigned j = 0; j < 128; j += 32)
            count += (uint64_t)__builtin_popcount(
                (uint32_t)_mm256_movemask_epi8(pair_at(&k, pa + i + j, pb + i + j)));
    *at = i;
    return count;
}

AVX512 static uint64_t tally_pair_avx512(const struct needle *n, uint64_t *at, uint64_t to, uint64_t enough)
{
    const struct pair_64 k = pair_64_of(n);
    const uint8_t *pa = n->data + n->a, *pb = n->data + n->b;
    uint64_t count = 0, i = *at;
    for (; i + 256 <= to && count < enough; i += 256)
        for (unsigned j = 0; j < 256; j += 64)
            count += (uint64_t)__builtin_popcountll(pair_at_64(&k, pa + i + j, pb + i + j));
    *at = i;
    return count;
}

enum { TALLY_MOST = 32 /* bytes of a needle */ };

/* Places in [from, *at), which is moved on in steps of 32 as long as they fit below `to`. */
__attribute__((target("avx2,popcnt"))) static uint64_t tally_avx2(const struct needle *n, uint64_t *at,
                                                                  uint64_t to, uint64_t enough)
{
    __m256i value[TALLY_MOST], mask[TALLY_MOST];
    uint32_t order[TALLY_MOST], k = 0;
    uint64_t count = 0, i = *at;
    for (uint32_t b = 0; b < n->len; b++)
        if (mask_at(n, b) != 0)
            order[k++] = b;
    for (uint32_t b = 0; b < k; b++) { /* the rarest first */
        if (order[b] == n->a && b != 0) {
            order[b] = order[0];
            order[0] = n->a;
        }
    }
    for (uint32_t b = 0; b < k; b++) {
        value[b] = _mm256_set1_epi8((char)n->value[order[b]]);
        mask[b] = _mm256_set1_epi8((char)mask_at(n, order[b]));
    }
    for (; i + 32 <= to && count < enough; i += 32) {
        uint32_t hit = UINT32_MAX;
        for (uint32_t b = 0; b < k && hit != 0; b++) {
            __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(n->data + i + order[b]));
            hit &= (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_and_si256(x, mask[b]), value[b]));
        }
        count += (uint64_t)__builtin_popcount(hit);
    }
    *at = i;
    return count;
}
#endif

uint64_t glc_matcher_tally(const struct glc_matcher *m, const struct glc_img_atom *atom, uint64_t from,
                           uint64_t to, uint64_t enough, uint64_t *cost)
{
    struct needle n;
    struct glc_piece piece;
    uint64_t count = 0, at = from;
    if (!glc_piece_of(m, atom, &piece) || !needle_of(m, &piece, &n, from, &to))
        return 0;
#if defined(__x86_64__)
    if (m->avx2 && is_pair(&n))
        count = m->avx512 ? tally_pair_avx512(&n, &at, to, enough) : tally_pair_avx2(&n, &at, to, enough);
    if (m->avx2 && n.len <= TALLY_MOST && count < enough)
        count += tally_avx2(&n, &at, to, enough - count);
    *cost += (at - from) / 16;
#endif
    while (at < to && count < enough) {
        uint64_t hit = glc_matcher_seek(m, atom, at, to, cost);
        if (hit == UINT64_MAX)
            break;
        count++;
        at = hit + 1;
        *cost += 1;
    }
    return count;
}

static bool xored_here(const struct glc_xored *x, const uint8_t *d)
{
    uint8_t key = d[0] ^ x->text[0];
    for (uint32_t k = 1; k < x->len; k++)
        if ((d[k] ^ x->text[k]) != key)
            return false;
    return x->key[key];
}

#if defined(__x86_64__)
/* Neighbours that differ as the text's do, 32 places at a time: whatever the key. */
__attribute__((target("avx2"))) static uint64_t
tally_xored_avx2(const struct glc_xored *x, const uint8_t *data, uint64_t *at, uint64_t to, uint64_t enough)
{
    const __m256i first = _mm256_set1_epi8((char)x->text[0]);
    uint64_t count = 0, i = *at;
    for (; i + 32 <= to && count < enough; i += 32) {
        __m256i key = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(const void *)(data + i)), first);
        uint32_t hit = UINT32_MAX;
        for (uint32_t k = 1; k < x->len && hit != 0; k++) {
            __m256i d = _mm256_loadu_si256((const __m256i *)(const void *)(data + i + k));
            __m256i own = _mm256_xor_si256(d, _mm256_set1_epi8((char)x->text[k]));
            hit &= (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(own, key));
        }
        for (; hit != 0; hit &= hit - 1)
            count += x->key[data[i + (uint64_t)__builtin_ctz(hit)] ^ x->text[0]];
    }
    *at = i;
    return count;
}
#endif

uint64_t glc_matcher_tally_xored(const struct glc_matcher *m, const struct glc_xored *x, uint64_t from,
                                 uint64_t to, uint64_t enough, uint64_t *cost)
{
    uint64_t count = 0, at = from;
    if (x->len > m->data.len)
        return 0;
    if (to > m->data.len - x->len + 1)
        to = m->data.len - x->len + 1;
#if defined(__x86_64__)
    if (m->avx2)
        count = tally_xored_avx2(x, m->data.ptr, &at, to, enough);
#endif
    for (; at < to && count < enough; at++)
        count += xored_here(x, m->data.ptr + at);
    *cost += at > from ? (at - from) / 8 : 0;
    return count;
}
