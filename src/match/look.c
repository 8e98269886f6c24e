/* First looks at every second byte of a block, and a sieve for what passes.
 *
 * Glossary of the loops
 *   w       the 8 bytes at an offset, folded by OR 0x20
 *   word    32 bits of MAP_FIRST, chosen by the first 4 bytes of w (image/layout.h): its low half is for
 *           windows of 4 bytes, its high half, asked where the offset is a multiple of 4, for those of 8
 *   at[s]   places of stage s, counted from the block's start, appended without a branch; n[s] how many
 * Invariants
 *   offsets looked at are multiples of 2 counted from the layer's start; a block brings at most BLOCK / 4
 * places to the stage of 8 bytes, BLOCK / 2 to that of 4 and BLOCK to that of 3, so the lists (BLOCK + SLACK)
 * cannot overflow, a whole vector stored behind the last place included; a window that reaches past the
 * layer's end may become a candidate (the end is padded with zeroes) and is thrown out when its atom is
 * compared; no window of the tables is one byte all along (compile/atom.c), so a stretch of one byte is
 * skipped; every path (plain, BMI2, AVX-512) fills the lists with the same places in the same order. */
#include "match/look.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { STEP = 64 /* bytes between looks for a stretch of one byte */ };

static inline uint32_t word_of(const uint8_t *bits, uint32_t i)
{
    uint32_t word;
    memcpy(&word, bits + (size_t)i * 4, sizeof word);
    return word;
}

/* A bit in either byte, by bits 0 to 2 and 8 to 10 of what asks: glc_img_look_4() and _8(), looked up. */
#define TWO(i) [i] = 1u << ((i)&7) | 0x100u << ((i) >> 8)
#define ROW(i)                                                                                               \
    TWO(i), TWO((i) + 1), TWO((i) + 2), TWO((i) + 3), TWO((i) + 4), TWO((i) + 5), TWO((i) + 6), TWO((i) + 7)
static const uint16_t two[0x708] = { ROW(0x000), ROW(0x100), ROW(0x200), ROW(0x300),
                                     ROW(0x400), ROW(0x500), ROW(0x600), ROW(0x700) };

static inline uint32_t has(uint32_t word, uint32_t asks)
{
    uint32_t want = two[asks & 0x707];
    return (word & want) == want;
}

static inline uint32_t hit8(const struct glc_bitmap *b, uint64_t w)
{
    uint64_t h = glc_img_hash(w) >> (64 - b->log2);
    return word_of(b->bits, (uint32_t)(h >> 5)) >> (h & 31) & 1;
}

static inline uint32_t hit4(const struct glc_bitmap *b, uint32_t w)
{
    uint32_t h = glc_img_hash32(w) >> (32 - b->log2);
    return word_of(b->bits, h >> 5) >> (h & 31) & 1;
}

/* Looks at the places in [from, to) of the block: the multiples of 4, then the others. */
static inline __attribute__((always_inline)) void look(struct glc_look *k, const uint8_t *block,
                                                       uint32_t from, uint32_t to)
{
    const uint8_t *bits = k->map[GLC_MAP_FIRST].bits;
    unsigned shift = 37 - k->map[GLC_MAP_FIRST].log2;
    uint32_t *at8 = k->at[GLC_STAGE_8], *at4 = k->at[GLC_STAGE_4];
    uint32_t n8 = k->n[GLC_STAGE_8], n4 = k->n[GLC_STAGE_4];
    for (uint32_t i = from; i < to; i += 4) {
        uint64_t w = glc_look_fold(block + i);
        uint32_t h = glc_img_look((uint32_t)w), word = word_of(bits, h >> shift);
        uint32_t last = glc_img_hash32((uint32_t)(w >> 32));
        at8[n8] = i;
        n8 += has(word >> 16, last >> 21);
        at4[n4] = i;
        n4 += has(word, h >> 5);
    }
    for (uint32_t i = from + 2; k->short_keys && i < to; i += 4) {
        uint32_t h = glc_img_look((uint32_t)glc_look_fold(block + i));
        at4[n4] = i;
        n4 += has(word_of(bits, h >> shift), h >> 5);
    }
    k->n[GLC_STAGE_8] = n8;
    k->n[GLC_STAGE_4] = n4;
}

/* Do the bytes [p, p + STEP + 8) all have one value? */
static inline bool one_byte(const uint8_t *p)
{
    return memcmp(p, p + 8, 8) == 0 && memcmp(p, p + 1, STEP + 8 - 1) == 0;
}

static inline __attribute__((always_inline)) void look_over(struct glc_look *k, const uint8_t *block,
                                                            uint32_t len)
{
    uint32_t i = 0;
    for (; i + STEP <= len; i += STEP)
        if (!one_byte(block + i))
            look(k, block, i, i + STEP);
    look(k, block, i, len);
}

/* What passed its look is asked for by its whole key. Windows of 4 bytes: those whose key is all of it stay,
 * those whose key is 3 of them go to the next stage. */
static inline __attribute__((always_inline)) void sieve(struct glc_look *k, const uint8_t *block)
{
    struct glc_bitmap m8 = k->map[GLC_MAP_8], m4 = k->map[GLC_MAP_KEY4], m3 = k->map[GLC_MAP_KEY3];
    uint32_t *at8 = k->at[GLC_STAGE_8], *at4 = k->at[GLC_STAGE_4], *at3 = k->at[GLC_STAGE_3];
    uint32_t looked8 = k->n[GLC_STAGE_8], looked4 = k->n[GLC_STAGE_4], n8 = 0, n4 = 0, n3 = 0;
    for (uint32_t i = 0; m8.bits != NULL && i < looked8; i++) {
        uint32_t at = at8[i];
        at8[n8] = at;
        n8 += hit8(&m8, glc_look_fold(block + at));
    }
    for (uint32_t i = 0; m3.bits != NULL && i < looked4; i++) {
        uint32_t w = (uint32_t)glc_look_fold(block + at4[i]);
        at3[n3] = at4[i];
        n3 += hit4(&m3, w & 0xffffff);
        at3[n3] = at4[i] + 1;
        n3 += hit4(&m3, w >> 8);
    }
    for (uint32_t i = 0; m4.bits != NULL && i < looked4; i++) {
        uint32_t at = at4[i];
        at4[n4] = at;
        n4 += hit4(&m4, (uint32_t)glc_look_fold(block + at));
    }
    k->n[GLC_STAGE_8] = n8;
    k->n[GLC_STAGE_4] = n4;
    k->n[GLC_STAGE_3] = n3;
}

static void look_plain(struct glc_look *k, const uint8_t *block, uint32_t len)
{
    look_over(k, block, len);
    sieve(k, block);
}

#if defined(__x86_64__)
#define AVX2   __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,bmi,bmi2,popcnt")))

/* The bit of each byte whose number is in its low 3 bits: a table for shuffles. */
#define BITS ((long long)UINT64_C(0x8040201008040201))

AVX2 static inline __m256i fold8(const uint8_t *p)
{
    return _mm256_or_si256(_mm256_loadu_si256((const void *)p),
                           _mm256_set1_epi32((int)(uint32_t)GLC_IMG_FOLD));
}

AVX2 static inline __m256i hash8(__m256i w)
{
    return _mm256_mullo_epi32(w, _mm256_set1_epi32((int)GLC_IMG_MIX32));
}

AVX2 static inline __m256i look8(__m256i w)
{
    return hash8(_mm256_and_si256(w, _mm256_set1_epi32((int)GLC_IMG_LOOK)));
}

/* The words of eight looks: by hand, for a gather of AVX2 is slower. */
AVX2 static inline __m256i words8(const struct glc_bitmap *b, __m256i looks)
{
    uint32_t i[8];
    _mm256_storeu_si256((void *)i, _mm256_srl_epi32(looks, _mm_cvtsi32_si128((int)(37 - b->log2))));
    __m128i low = _mm_cvtsi32_si128((int)word_of(b->bits, i[0]));
    __m128i high = _mm_cvtsi32_si128((int)word_of(b->bits, i[4]));
    low = _mm_insert_epi32(low, (int)word_of(b->bits, i[1]), 1);
    high = _mm_insert_epi32(high, (int)word_of(b->bits, i[5]), 1);
    low = _mm_insert_epi32(low, (int)word_of(b->bits, i[2]), 2);
    high = _mm_insert_epi32(high, (int)word_of(b->bits, i[6]), 2);
    low = _mm_insert_epi32(low, (int)word_of(b->bits, i[3]), 3);
    high = _mm_insert_epi32(high, (int)word_of(b->bits, i[7]), 3);
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

/* What the word lacks of the bits that are asked for. */
AVX2 static inline __m256i lack8(__m256i word, __m256i asks)
{
    __m256i want =
        _mm256_shuffle_epi8(_mm256_set1_epi64x(BITS), _mm256_and_si256(asks, _mm256_set1_epi32(0x07070707)));
    return _mm256_andnot_si256(word, want);
}

/* Appends those of four places, every fourth from `place` on, whose bit is set. */
AVX2 static inline uint32_t keep4(uint32_t *list, uint32_t mask, uint32_t place)
{
    /* The numbers of the bits of `mask`, in order, a byte each, times 4. */
    static const uint32_t numbers[16] = { 0x00000000, 0x00000000, 0x00000004, 0x00000400,
                                          0x00000008, 0x00000800, 0x00000804, 0x00080400,
                                          0x0000000c, 0x00000c00, 0x00000c04, 0x000c0400,
                                          0x00000c08, 0x000c0800, 0x000c0804, 0x0c080400 };
    __m128i offsets = _mm_cvtepu8_epi32(_mm_cvtsi32_si128((int)numbers[mask]));
    _mm_storeu_si128((void *)list, _mm_add_epi32(offsets, _mm_set1_epi32((int)place)));
    return (uint32_t)__builtin_popcount(mask);
}

/* Appends those of eight places where nothing is lacking. */
AVX2 static inline uint32_t keep8(uint32_t *list, __m256i lack, uint32_t place)
{
    __m256i hit = _mm256_cmpeq_epi32(lack, _mm256_setzero_si256());
    uint32_t mask = (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(hit));
    uint32_t n = keep4(list, mask & 15, place);
    return n + keep4(list + n, mask >> 4, place + 16);
}

AVX2 static void look_avx2(struct glc_look *k, const uint8_t *block, uint32_t len)
{
    const __m256i low = _mm256_set1_epi32(0xffff);
    struct glc_bitmap first = k->map[GLC_MAP_FIRST];
    uint32_t *at8 = k->at[GLC_STAGE_8], *at4 = k->at[GLC_STAGE_4];
    uint32_t n8 = 0, n4 = 0, i = 0;
    for (; i + STEP <= len; i += STEP) {
        if (one_byte(block + i))
            continue;
        for (uint32_t at = i; at < i + STEP; at += 32) {
            __m256i h = look8(fold8(block + at)), last = hash8(fold8(block + at + 4));
            __m256i lack = lack8(words8(&first, h), _mm256_srli_epi32(_mm256_blend_epi16(h, last, 0xaa), 5));
            n8 += keep8(at8 + n8, _mm256_srli_epi32(lack, 16), at);
            n4 += keep8(at4 + n4, _mm256_and_si256(lack, low), at);
        }
        for (uint32_t at = i + 2; k->short_keys && at < i + STEP; at += 32) {
            __m256i h = look8(fold8(block + at));
            __m256i lack = lack8(words8(&first, h), _mm256_srli_epi32(h, 5));
            n4 += keep8(at4 + n4, _mm256_and_si256(lack, low), at);
        }
    }
    k->n[GLC_STAGE_8] = n8;
    k->n[GLC_STAGE_4] = n4;
    look(k, block, i, len);
    sieve(k, block);
}

AVX512 static inline __m512i fold16(const uint8_t *p)
{
    return _mm512_or_si512(_mm512_loadu_si512((const void *)p),
                           _mm512_set1_epi32((int)(uint32_t)GLC_IMG_FOLD));
}

AVX512 static inline __m512i hash16(__m512i w)
{
    return _mm512_mullo_epi32(w, _mm512_set1_epi32((int)GLC_IMG_MIX32));
}

AVX512 static inline __m512i look16(__m512i w)
{
    return hash16(_mm512_and_si512(w, _mm512_set1_epi32((int)GLC_IMG_LOOK)));
}

AVX512 static inline __m512i words16(const struct glc_bitmap *b, __m512i looks)
{
    __m512i i = _mm512_srl_epi32(looks, _mm_cvtsi32_si128((int)(37 - b->log2)));
    return _mm512_i32gather_epi32(i, (const void *)b->bits, 4);
}

AVX512 static inline __m512i lack16(__m512i word, __m512i asks)
{
    __m512i want =
        _mm512_shuffle_epi8(_mm512_set1_epi64(BITS), _mm512_and_si512(asks, _mm512_set1_epi32(0x07070707)));
    return _mm512_andnot_si512(word, want);
}

/* Appends those of the places that hit; the vector's rest lies behind them. */
AVX512 static inline uint32_t keep16(uint32_t *list, __mmask16 hit, __m512i place)
{
    _mm512_storeu_si512(list, _mm512_maskz_compress_epi32(hit, place));
    return (uint32_t)__builtin_popcount(hit);
}

AVX512 static void look_avx512(struct glc_look *k, const uint8_t *block, uint32_t len)
{
    const __m512i lane = _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60);
    const __m512i low = _mm512_set1_epi32(0xffff), high = _mm512_set1_epi32((int)0xffff0000);
    struct glc_bitmap first = k->map[GLC_MAP_FIRST];
    uint32_t *at8 = k->at[GLC_STAGE_8], *at4 = k->at[GLC_STAGE_4];
    uint32_t n8 = 0, n4 = 0, i = 0;
    for (; i + STEP <= len; i += STEP) {
        if (one_byte(block + i))
            continue;
        __m512i place = _mm512_add_epi32(lane, _mm512_set1_epi32((int)i));
        __m512i h = look16(fold16(block + i)), last = hash16(fold16(block + i + 4));
        __m512i asks = _mm512_srli_epi32(_mm512_mask_blend_epi16(0xaaaaaaaa, h, last), 5);
        __m512i lack = lack16(words16(&first, h), asks);
        n8 += keep16(at8 + n8, _mm512_testn_epi32_mask(lack, high), place);
        n4 += keep16(at4 + n4, _mm512_testn_epi32_mask(lack, low), place);
        if (!k->short_keys)
            continue;
        h = look16(fold16(block + i + 2));
        lack = lack16(words16(&first, h), _mm512_srli_epi32(h, 5));
        n4 += keep16(at4 + n4, _mm512_testn_epi32_mask(lack, low),
                     _mm512_add_epi32(place, _mm512_set1_epi32(2)));
    }
    k->n[GLC_STAGE_8] = n8;
    k->n[GLC_STAGE_4] = n4;
    look(k, block, i, len);
    sieve(k, block);
}
#endif

void glc_look_block(struct glc_look *k, const uint8_t *block, uint32_t len)
{
    memset(k->n, 0, sizeof k->n);
#if defined(__x86_64__)
    if (k->avx512) {
        look_avx512(k, block, len);
        return;
    }
    if (k->avx2) {
        look_avx2(k, block, len);
        return;
    }
#endif
    look_plain(k, block, len);
}

static bool bitmap_of(const struct glc_image *img, const struct glc_img_group *group, int map,
                      struct glc_bitmap *out)
{
    unsigned bits = group->bits[map];
    if (bits < 6 || bits > 30)
        return false;
    out->bits = glc_image_run(img, GLC_IMG_BITMAPS, group->bitmap[map], (UINT64_C(1) << bits) / 8, 1);
    out->log2 = bits;
    return out->bits != NULL;
}

bool glc_look_init(struct glc_look *k, const struct glc_image *img, const struct glc_img_group *group,
                   enum glc_simd simd, uint32_t *const at[GLC_STAGES])
{
    *k = (struct glc_look){ .avx512 = simd == GLC_SIMD_AVX512 };
    k->avx2 = k->avx512 || simd == GLC_SIMD_AVX2;
    memcpy(k->at, at, sizeof k->at);
    for (int i = 0; i < GLC_MAPS; i++)
        if (!bitmap_of(img, group, i, &k->map[i]))
            k->map[i] = (struct glc_bitmap){ 0 };
    k->short_keys = k->map[GLC_MAP_KEY4].bits != NULL || k->map[GLC_MAP_KEY3].bits != NULL;
    return k->map[GLC_MAP_FIRST].bits != NULL;
}
