/* The n-gram statistics of clean files (freq_table.h, made by tools/ngrams.c), decoded for look-up.
 *
 * A bucket of 4-grams holds the binary logarithm of its count over the mean, so a rare 4-gram looks as common
 * as the mean; that floor does not matter, because the windows compared differ by orders of magnitude. */
#include "compile/freq.h"

#include <stdbool.h>
#include <stdlib.h>

#include "compile/freq_table.h"

#define MIX UINT64_C(0x9e3779b97f4a7c15)

enum { HOT_SLOTS_LOG2 = 13 };

/* The levels are read from their text; the windows that are common are in a table with open addressing, which
 * stays in the cache. */
struct glc_freq {
    float four[256], three[256];        /* of each digit */
    uint32_t hot[1u << HOT_SLOTS_LOG2]; /* 24-bit hashes + 1; 0: free */
};

static unsigned digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void set_levels(float level[256], size_t n)
{
    /* Level l: at most 2^l times the mean; level 0 half of it, for most buckets are far below. */
    for (const char *c = "0123456789abcdef"; *c != '\0'; c++)
        level[(uint8_t)*c] = (float)(1u << digit(*c)) / (float)n;
}

static uint32_t hot_slot(uint32_t h)
{
    return h >> (24 - HOT_SLOTS_LOG2);
}

static uint32_t hot_next(uint32_t slot)
{
    return (slot + 1) & ((1u << HOT_SLOTS_LOG2) - 1);
}

struct glc_freq *glc_freq_new(void)
{
    _Static_assert(FREQ_HOT * 2 <= 1 << HOT_SLOTS_LOG2, "half of the slots stay free");
    struct glc_freq *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    set_levels(f->four, 1 << FREQ_BITS4);
    set_levels(f->three, 1 << FREQ_BITS3);
    for (size_t i = 0; i + 6 < sizeof freq8; i += 6) {
        uint32_t h = 0;
        for (size_t k = 0; k < 6; k++)
            h = h << 4 | digit(freq8[i + k]);
        uint32_t slot = hot_slot(h);
        while (f->hot[slot] != 0)
            slot = hot_next(slot);
        f->hot[slot] = h + 1;
    }
    return f;
}

void glc_freq_free(struct glc_freq *f)
{
    free(f);
}

float glc_freq_4(const struct glc_freq *f, uint32_t w)
{
    return f->four[(uint8_t)freq4[w * MIX >> (64 - FREQ_BITS4)]];
}

float glc_freq_3(const struct glc_freq *f, uint32_t w)
{
    return f->three[(uint8_t)freq3[(w & 0xffffff) * MIX >> (64 - FREQ_BITS3)]];
}

/* Does each byte follow the one before it by 1? Tables of characters are full of these. */
static bool is_rising(uint64_t w)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t next = w >> 8, less = w & (UINT64_MAX >> 8);
    return (next ^ (less + (ones >> 8))) == 0;
}

float glc_freq_8(const struct glc_freq *f, uint64_t w, float four)
{
    uint32_t h = (uint32_t)(w * MIX >> 40);
    uint32_t slot = hot_slot(h);
    while (f->hot[slot] != 0 && f->hot[slot] != h + 1)
        slot = hot_next(slot);
    if (f->hot[slot] != 0)
        return four < 1e-5f ? 1e-5f : four; /* the list begins at 1.1e-5 a byte */
    /* Rarer than its rarest part; hardly so where that goes on as it must. */
    float low = (uint32_t)w == (uint32_t)(w >> 32) || is_rising(w) ? 0.5f : 0.02f;
    return four * low < 1e-5f ? four * low : 1e-5f;
}
