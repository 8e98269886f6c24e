/* The n-gram statistics of clean files (freq_table.h, made by tools/ngrams.c), decoded for look-up.
 *
 * A bucket of 4-grams holds the binary logarithm of its count over the mean, so a rare 4-gram looks as common
 * as the mean; that floor does not matter, because the windows compared differ by orders of magnitude. */
#include "compile/freq.h"

#include <stdlib.h>

#include "compile/freq_table.h"

#define MIX UINT64_C(0x9e3779b97f4a7c15)

struct glc_freq {
    float four[1 << FREQ_BITS4], three[1 << FREQ_BITS3];
    uint64_t hot[1 << 18]; /* bitmap of the 24-bit hashes */
};

static unsigned digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void decode(const char *text, float *out, size_t n)
{
    /* Level l: at most 2^l times the mean; level 0 half of it, for most buckets are far below. */
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(1u << digit(text[i])) / (float)n;
}

struct glc_freq *glc_freq_new(void)
{
    struct glc_freq *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    decode(freq4, f->four, 1 << FREQ_BITS4);
    decode(freq3, f->three, 1 << FREQ_BITS3);
    for (size_t i = 0; i + 6 < sizeof freq8; i += 6) {
        uint32_t h = 0;
        for (size_t k = 0; k < 6; k++)
            h = h << 4 | digit(freq8[i + k]);
        f->hot[h >> 6] |= UINT64_C(1) << (h & 63);
    }
    return f;
}

void glc_freq_free(struct glc_freq *f)
{
    free(f);
}

float glc_freq_4(const struct glc_freq *f, uint32_t w)
{
    return f->four[w * MIX >> (64 - FREQ_BITS4)];
}

float glc_freq_3(const struct glc_freq *f, uint32_t w)
{
    return f->three[(w & 0xffffff) * MIX >> (64 - FREQ_BITS3)];
}

float glc_freq_8(const struct glc_freq *f, uint64_t w, float four)
{
    uint64_t h = w * MIX >> 40;
    if ((f->hot[h >> 6] >> (h & 63) & 1) != 0)
        return four < 1e-5f ? 1e-5f : four; /* the list begins at 1.1e-5 a byte */
    float low = (uint32_t)w == (uint32_t)(w >> 32)
                    ? 0.5f
                    : 0.02f; /* rarer than its rarest part; periodic ones hardly */
    return four * low < 1e-5f ? four * low : 1e-5f;
}
