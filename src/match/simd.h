/* Which of the machine's instructions the matcher uses. All paths give the same results (simd_test.c); the
 * best one that the processor has is chosen when a matcher is made, unless one is asked for. */
#ifndef GLC_MATCH_SIMD_H
#define GLC_MATCH_SIMD_H

#include <stdbool.h>

enum glc_simd {
    GLC_SIMD_BEST, /* what the processor has */
    GLC_SIMD_NONE, /* plain C */
    GLC_SIMD_SSE42,
    GLC_SIMD_AVX2,   /* with BMI1 and BMI2 */
    GLC_SIMD_AVX512, /* F, BW, VL, DQ, and what AVX2 has */
    GLC_SIMD_NEON,
    GLC_SIMDS
};

bool glc_simd_has(enum glc_simd path);
enum glc_simd glc_simd_best(void);
const char *glc_simd_name(enum glc_simd path); /* "plain", "sse4.2", "avx2", "avx512", "neon" */

#endif
