/* The pass over a layer: where windows may stand (look.c), then the buckets, the windows, the references.
 *
 * Each stage's candidates are taken a few hundred at a time: their buckets are asked for by fingerprint, what
 * is left is compared with its window and with what lies nearby, and only then references are followed. None
 * of the first two branches on what it finds, for that cannot be foretold. */
#include <stdlib.h>

#include "match/look.h"
#include "match/matcher.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum {
    FEW_REFS = 8, /* of one window, which are compared however often it stands here */
    HITS = 512,   /* windows whose fingerprint a candidate has, until they are compared */
    HITS_ONE = GLC_IMG_BUCKET_ROOM * GLC_IMG_BUCKET_PROBES, /* that one candidate may bring */
};

/* The candidates of a stage. */
struct stage {
    struct glc_matcher *m;
    const uint8_t *block;
    uint64_t from; /* of the block in the layer */
    uint64_t mask; /* the bytes of a key */
    uint32_t n;
    struct {
        uint32_t window, at;
    } hit[HITS];
};

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

/* Every reference of a window that stands here. */
static void confirm_window(struct glc_matcher *m, uint32_t window, uint64_t at)
{
    const struct glc_img_window *w = glc_image_at(m->img, GLC_IMG_WINDOWS, window, sizeof *w);
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

/* Does the window stand at `at` of the block, and does what lies near it allow any of its references? What
 * lies past the layer's ends allows all. */
static inline bool stands(const struct stage *s, const struct glc_img_window *w, uint32_t at)
{
    static const uint8_t nothing[8];
    const struct glc_matcher *m = s->m;
    uint64_t near = s->from + at + (uint64_t)(int64_t)w->near; /* may wrap: then it is past the end */
    bool past = m->data.len < 8 || near > m->data.len - 8;
    uint64_t around;
    memcpy(&around, past ? nothing : m->data.ptr + near, sizeof around);
    bool value = (glc_look_fold(s->block + at) & s->mask) == w->value;
    return value & (past | ((around & w->mask) == w->around));
}

static void confirm_hits(struct stage *s)
{
    const struct glc_img_window *w = (const void *)s->m->img->section[GLC_IMG_WINDOWS].ptr;
    uint64_t windows = s->m->img->section[GLC_IMG_WINDOWS].n;
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->hit[i].window >= windows) {
            s->m->corrupt = true;
            continue;
        }
        s->hit[n] = s->hit[i];
        n += stands(s, &w[s->hit[n].window], s->hit[n].at);
    }
    for (uint32_t i = 0; i < n; i++)
        confirm_window(s->m, s->hit[i].window, s->from + s->hit[i].at);
    s->n = 0;
}

/* Which of the bucket's entries have this fingerprint: a bit for each. */
static inline uint32_t same_fp(const struct glc_img_bucket *b, uint16_t fp)
{
    uint32_t same = 0;
#if defined(__x86_64__)
    __m128i key = _mm_set1_epi16((short)fp);
    __m128i low = _mm_cmpeq_epi16(_mm_loadu_si128((const void *)b->fp), key);
    __m128i high = _mm_cmpeq_epi16(_mm_loadu_si128((const void *)(b->fp + 8)), key); /* in the bucket */
    same = (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high));
#else
    for (uint32_t i = 0; i < GLC_IMG_BUCKET_ROOM; i++)
        same |= (uint32_t)(b->fp[i] == fp) << i;
#endif
    uint32_t n = b->n < GLC_IMG_BUCKET_ROOM ? b->n : GLC_IMG_BUCKET_ROOM;
    return same & ((1u << n) - 1);
}

/* A candidate with several windows, or one whose bucket went on into the next. */
static void push_all(struct stage *s, const struct glc_bucket_table *t, uint64_t bucket, uint16_t fp,
                     uint32_t at)
{
    if (s->n > HITS - HITS_ONE)
        confirm_hits(s);
    for (int probe = 0; probe < GLC_IMG_BUCKET_PROBES; probe++) {
        const struct glc_img_bucket *b = &t->bucket[bucket];
        for (uint32_t same = same_fp(b, fp); same != 0; same &= same - 1) {
            s->hit[s->n].window = b->window[__builtin_ctz(same)];
            s->hit[s->n++].at = at;
        }
        if (b->more == 0)
            return;
        bucket = (bucket + 1) & t->mask;
    }
}

static void confirm_stage(struct stage *s, const struct glc_bucket_table *t, const uint32_t *at, uint32_t n)
{
    enum { NO_ENTRY = 1 << (GLC_IMG_BUCKET_ROOM - 1) };
    if (t->bucket == NULL)
        return;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t h = glc_img_hash(glc_look_fold(s->block + at[i]) & s->mask);
        uint64_t bucket = h >> t->shift & t->mask;
        const struct glc_img_bucket *b = &t->bucket[bucket];
        uint32_t same = same_fp(b, glc_img_fp(h));
        if (__builtin_expect((same & (same - 1)) != 0 || b->more != 0, 0)) {
            push_all(s, t, bucket, glc_img_fp(h), at[i]);
            continue;
        }
        if (s->n == HITS)
            confirm_hits(s);
        s->hit[s->n].window = b->window[__builtin_ctz(same | NO_ENTRY)];
        s->hit[s->n].at = at[i];
        s->n += same != 0;
    }
    confirm_hits(s);
}

static void confirm_block(struct glc_matcher *m, const struct glc_look *k, const uint8_t *block,
                          uint64_t from)
{
    static const uint64_t mask[GLC_STAGES] = { UINT64_MAX, UINT32_MAX, 0xffffff };
    struct stage s;
    s.m = m;
    s.block = block;
    s.from = from;
    s.n = 0;
    for (int i = 0; i < GLC_STAGES; i++) {
        s.mask = mask[i];
        confirm_stage(&s, &m->table[i], k->at[i], k->n[i]);
    }
}

static void walk_layer(struct glc_matcher *m)
{
    enum { TAIL = 16 }; /* what the loop may read behind a block */
    struct glc_look k;
    uint64_t len = m->data.len, from = 0;
    if (!glc_look_init(&k, m->img, m->group, m->simd, m->at))
        return;
    while (len - from > TAIL) {
        uint64_t room = len - from - TAIL;
        uint32_t n = room < GLC_LOOK_BLOCK ? (uint32_t)(room + 3) & ~UINT32_C(3) : GLC_LOOK_BLOCK;
        glc_look_block(&k, m->data.ptr + from, n);
        confirm_block(m, &k, m->data.ptr + from, from);
        from += n;
    }
    uint8_t tail[TAIL + 16] = { 0 };
    memcpy(tail, m->data.ptr + from, (size_t)(len - from));
    glc_look_block(&k, tail, (uint32_t)(len - from + 3) & ~UINT32_C(3));
    confirm_block(m, &k, tail, from);
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
