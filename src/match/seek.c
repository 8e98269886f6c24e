/* Finding one run of masked bytes: its two rarest bytes at once, then the whole.
 *
 * Adversarial data make every place a candidate; each then costs one comparison that ends at its first
 * difference. */
#include "match/matcher.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

struct needle {
    const uint8_t *data;         /* of the layer */
    const uint8_t *value, *mask; /* mask NULL: all 0xff */
    uint32_t len;
    uint32_t a, b; /* places of the two bytes looked at first */
};

static inline uint8_t mask_at(const struct needle *n, uint32_t i)
{
    return n->mask != NULL ? n->mask[i] : 0xff;
}

static inline bool here(const struct needle *n, uint64_t at)
{
    const uint8_t *d = n->data + at;
    for (uint32_t i = 0; i < n->len; i++)
        if ((n->mask != NULL ? d[i] & n->mask[i] : d[i]) != n->value[i])
            return false;
    return true;
}

static uint64_t seek_plain(const struct needle *n, uint64_t from, uint64_t to)
{
    for (uint64_t at = from; at < to; at++)
        if (here(n, at))
            return at;
    return UINT64_MAX;
}

static uint64_t seek_byte(const struct needle *n, uint64_t from, uint64_t to)
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

static uint64_t seek_pair(const struct needle *n, uint64_t from, uint64_t to)
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
/* 32 places at a time: `at` counts places of the needle's start, a and b are where its two bytes then stand.
 */
__attribute__((target("avx2"))) static uint64_t seek_avx2(const struct needle *n, uint64_t from, uint64_t to)
{
    const __m256i a = _mm256_set1_epi8((char)n->value[n->a]), b = _mm256_set1_epi8((char)n->value[n->b]);
    const __m256i ma = _mm256_set1_epi8((char)mask_at(n, n->a)),
                  mb = _mm256_set1_epi8((char)mask_at(n, n->b));
    const uint8_t *pa = n->data + n->a, *pb = n->data + n->b;
    uint64_t at = from;
    for (; at + 32 <= to; at += 32) {
        __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(pa + at));
        __m256i y = _mm256_loadu_si256((const __m256i *)(const void *)(pb + at));
        __m256i both = _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(x, ma), a),
                                        _mm256_cmpeq_epi8(_mm256_and_si256(y, mb), b));
        for (uint32_t hit = (uint32_t)_mm256_movemask_epi8(both); hit != 0; hit &= hit - 1) {
            uint64_t place = at + (uint64_t)__builtin_ctz(hit);
            if (here(n, place))
                return place;
        }
    }
    return seek_pair(n, at, to);
}
#endif

uint64_t glc_matcher_seek(const struct glc_matcher *m, const struct glc_img_atom *atom, uint64_t from,
                          uint64_t to)
{
    if (atom->len > m->data.len)
        return UINT64_MAX;
    uint64_t last = m->data.len - atom->len + 1; /* ends the places where it fits */
    const uint8_t *mask, *value = glc_image_atom(m->img, atom, &mask);
    to = to < last ? to : last;
    if (value == NULL || from >= to)
        return UINT64_MAX;
    struct needle n = { m->data.ptr, value, mask, atom->len, atom->rare[0], atom->rare[1] };
    if (n.a >= n.len)
        return seek_plain(&n, from, to);
    n.b = n.b >= n.len ? n.a : n.b;
#if defined(__x86_64__)
    if (m->avx2)
        return seek_avx2(&n, from, to);
#endif
    return seek_pair(&n, from, to);
}
