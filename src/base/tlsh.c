/* A window of five bytes slides over the text. Each place counts six triplets of the window in one of 256
 * buckets; the first 128 of them, each told by which quartile of the counts it lies in, are the body of the
 * digest. In front of it stand a checksum, the logarithm of the length and the quartiles' ratios. */
#include "base/tlsh.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUCKETS = 128, WINDOW = 5, CODE = BUCKETS / 4 };

/* Pearson, "Fast hashing of variable-length text strings", CACM 33 (1990). */
static const uint8_t pearson[256] = {
    1,   87,  49,  12,  176, 178, 102, 166, 121, 193, 6,   84,  249, 230, 44,  163, 14,  197, 213, 181,
    161, 85,  218, 80,  64,  239, 24,  226, 236, 142, 38,  200, 110, 177, 104, 103, 141, 253, 255, 50,
    77,  101, 81,  18,  45,  96,  31,  222, 25,  107, 190, 70,  86,  237, 240, 34,  72,  242, 20,  214,
    244, 227, 149, 235, 97,  234, 57,  22,  60,  250, 82,  175, 208, 5,   127, 199, 111, 62,  135, 248,
    174, 169, 211, 58,  66,  154, 106, 195, 245, 171, 17,  187, 182, 179, 0,   243, 132, 56,  148, 75,
    128, 133, 158, 100, 130, 126, 91,  13,  153, 246, 216, 219, 119, 68,  223, 78,  83,  88,  201, 99,
    122, 11,  92,  32,  136, 114, 52,  10,  138, 30,  48,  183, 156, 35,  61,  26,  143, 74,  251, 94,
    129, 162, 63,  152, 170, 7,   115, 167, 241, 206, 3,   150, 55,  59,  151, 220, 90,  53,  23,  131,
    125, 173, 15,  238, 79,  95,  89,  16,  105, 137, 225, 224, 217, 160, 37,  123, 118, 73,  2,   157,
    46,  116, 9,   145, 134, 228, 207, 212, 202, 215, 69,  229, 27,  188, 67,  124, 168, 252, 42,  4,
    29,  108, 21,  247, 19,  205, 39,  203, 233, 40,  186, 147, 198, 192, 155, 33,  164, 191, 98,  204,
    165, 180, 117, 76,  140, 36,  210, 172, 41,  54,  159, 8,   185, 232, 113, 196, 231, 47,  146, 120,
    51,  65,  28,  144, 254, 221, 93,  189, 194, 139, 112, 43,  71,  109, 184, 209,
};

static uint8_t triplet(uint8_t salt, uint8_t a, uint8_t b, uint8_t c)
{
    return pearson[pearson[pearson[pearson[salt] ^ a] ^ b] ^ c];
}

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Steps of 1.5, then 1.3, then 1.1 times the length, joined where they meet. */
static uint8_t length_code(size_t len)
{
    double n = log((double)len);
    if (len <= 656)
        return (uint8_t)(int)floor(n / 0.4054651);
    if (len <= 3199)
        return (uint8_t)(int)floor(n / 0.26236426 - 8.72777);
    return (uint8_t)(int)floor(n / 0.095310180 - 62.5472);
}

static uint8_t swapped(uint8_t b)
{
    return (uint8_t)(b << 4 | b >> 4);
}

static uint8_t count_triplets(struct glc_span s, uint32_t bucket[256])
{
    uint8_t checksum = 0;
    for (size_t i = WINDOW - 1; i < s.len; i++) {
        const uint8_t *w = s.ptr + i; /* the newest first: w[0], w[-1], … */
        checksum = triplet(0, w[0], w[-1], checksum);
        bucket[triplet(2, w[0], w[-1], w[-2])]++;
        bucket[triplet(3, w[0], w[-1], w[-3])]++;
        bucket[triplet(5, w[0], w[-2], w[-3])]++;
        bucket[triplet(7, w[0], w[-2], w[-4])]++;
        bucket[triplet(11, w[0], w[-1], w[-4])]++;
        bucket[triplet(13, w[0], w[-3], w[-4])]++;
    }
    return checksum;
}

bool glc_tlsh(struct glc_span s, char out[GLC_TLSH_TEXT])
{
    uint32_t bucket[256] = { 0 }, sorted[BUCKETS], used = 0;
    if (s.len < GLC_TLSH_LEAST)
        return false;
    uint8_t checksum = count_triplets(s, bucket);
    for (size_t i = 0; i < BUCKETS; i++) {
        sorted[i] = bucket[i];
        used += bucket[i] != 0;
    }
    qsort(sorted, BUCKETS, sizeof *sorted, by_number);
    uint32_t q1 = sorted[BUCKETS / 4 - 1], q2 = sorted[BUCKETS / 2 - 1], q3 = sorted[BUCKETS * 3 / 4 - 1];
    if (used <= BUCKETS / 2 || q3 == 0)
        return false;
    /* In single precision, as the reference does. */
    unsigned ratio1 = (unsigned)((float)q1 * 100 / (float)q3) % 16;
    unsigned ratio2 = (unsigned)((float)q2 * 100 / (float)q3) % 16;
    int at = snprintf(out, GLC_TLSH_TEXT, "t1%02x%02x%x%x", swapped(checksum), swapped(length_code(s.len)),
                      ratio1, ratio2);
    for (size_t i = CODE; i-- > 0 && at > 0;) {
        unsigned code = 0;
        for (size_t k = 0; k < 4; k++) {
            uint32_t n = bucket[4 * i + k];
            code |= (unsigned)((n > q1) + (n > q2) + (n > q3)) << 2 * k;
        }
        at += snprintf(out + at, GLC_TLSH_TEXT - (size_t)at, "%02x", code);
    }
    return true;
}
