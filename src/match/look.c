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

/* Two bits of 16, by two numbers of 4 bits: what glc_img_look_4() and _8() say, looked up. */
#define TWO(i)   (uint16_t)(1u << ((i) >> 4) | 1u << ((i)&15))
#define TWO4(i)  TWO(i), TWO((i) + 1), TWO((i) + 2), TWO((i) + 3)
#define TWO16(i) TWO4(i), TWO4((i) + 4), TWO4((i) + 8), TWO4((i) + 12)
#define TWO64(i) TWO16(i), TWO16((i) + 16), TWO16((i) + 32), TWO16((i) + 48)
static const uint16_t two[256] = { TWO64(0), TWO64(64), TWO64(128), TWO64(192) };

static inline uint32_t has(uint32_t word, uint32_t bits)
{
    return (word & two[bits]) == two[bits];
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
        n8 += has(word >> 16, last >> 24);
        at4[n4] = i;
        n4 += has(word, h >> 8 & 255);
    }
    for (uint32_t i = from + 2; i < to; i += 4) {
        uint32_t h = glc_img_look((uint32_t)glc_look_fold(block + i));
        at4[n4] = i;
        n4 += has(word_of(bits, h >> shift), h >> 8 & 255);
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
/* The same with three-operand shifts: a variable shift does not wait for CL. */
__attribute__((target("avx2,bmi,bmi2"))) static void look_bmi2(struct glc_look *k, const uint8_t *block,
                                                               uint32_t len)
{
    look_over(k, block, len);
    sieve(k, block);
}

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,bmi,bmi2,popcnt")))

AVX512 static inline __m512i fold16(const uint8_t *p)
{
    return _mm512_or_si512(_mm512_loadu_si512((const void *)p),
                           _mm512_set1_epi32((int)(uint32_t)GLC_IMG_FOLD));
}

AVX512 static inline __m512i hash16(__m512i w)
{
    return _mm512_mullo_epi32(w, _mm512_set1_epi32((int)GLC_IMG_MIX32));
}

/* 1 << the bits [from, from + 4) of each h. */
AVX512 static inline __m512i bit16(__m512i one, __m512i h, unsigned from)
{
    return _mm512_sllv_epi32(one, _mm512_and_si512(_mm512_srli_epi32(h, from), _mm512_set1_epi32(15)));
}

AVX512 static inline __mmask16 has16(__m512i word, __m512i want)
{
    return _mm512_cmpeq_epi32_mask(_mm512_and_si512(word, want), want);
}

/* Appends those of the places that hit; the vector's rest lies behind them. */
AVX512 static inline uint32_t keep16(uint32_t *list, __mmask16 hit, __m512i place)
{
    _mm512_storeu_si512(list, _mm512_maskz_compress_epi32(hit, place));
    return (uint32_t)__builtin_popcount(hit);
}

/* The words of 16 looks, and what those ask of them for windows of 4 bytes. */
AVX512 static inline __m512i look16(const struct glc_bitmap *b, __m512i w, __m512i *want4)
{
    const __m512i one = _mm512_set1_epi32(1);
    __m512i h = hash16(_mm512_and_si512(w, _mm512_set1_epi32((int)GLC_IMG_LOOK)));
    *want4 = _mm512_or_si512(bit16(one, h, 12), bit16(one, h, 8));
    return _mm512_i32gather_epi32(_mm512_srl_epi32(h, _mm_cvtsi32_si128((int)(37 - b->log2))),
                                  (const void *)b->bits, 4);
}

AVX512 static inline __mmask16 hit16(const struct glc_bitmap *b, __m512i w)
{
    __m512i h = _mm512_srl_epi32(hash16(w), _mm_cvtsi32_si128((int)(32 - b->log2)));
    __m512i word = _mm512_i32gather_epi32(_mm512_srli_epi32(h, 5), (const void *)b->bits, 4);
    return _mm512_test_epi32_mask(word, _mm512_rolv_epi32(_mm512_set1_epi32(1), h));
}

AVX512 static void look_avx512(struct glc_look *k, const uint8_t *block, uint32_t len)
{
    const __m512i lane = _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60);
    const __m512i high = _mm512_set1_epi32(0x10000);
    struct glc_bitmap first = k->map[GLC_MAP_FIRST];
    uint32_t *at8 = k->at[GLC_STAGE_8], *at4 = k->at[GLC_STAGE_4];
    uint32_t n8 = 0, n4 = 0, i = 0;
    for (; i + STEP <= len; i += STEP) {
        if (one_byte(block + i))
            continue;
        __m512i want, place = _mm512_add_epi32(lane, _mm512_set1_epi32((int)i));
        __m512i word = look16(&first, fold16(block + i), &want), last = hash16(fold16(block + i + 4));
        n8 += keep16(at8 + n8, has16(word, _mm512_or_si512(bit16(high, last, 28), bit16(high, last, 24))),
                     place);
        n4 += keep16(at4 + n4, has16(word, want), place);
        word = look16(&first, fold16(block + i + 2), &want);
        n4 += keep16(at4 + n4, has16(word, want), _mm512_add_epi32(place, _mm512_set1_epi32(2)));
    }
    k->n[GLC_STAGE_8] = n8;
    k->n[GLC_STAGE_4] = n4;
    look(k, block, i, len);
}
#endif

void glc_look_block(struct glc_look *k, const uint8_t *block, uint32_t len)
{
    memset(k->n, 0, sizeof k->n);
#if defined(__x86_64__)
    if (k->avx512) {
        look_avx512(k, block, len);
        sieve(k, block);
        return;
    }
    if (k->avx2) {
        look_bmi2(k, block, len);
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
    return k->map[GLC_MAP_FIRST].bits != NULL;
}
