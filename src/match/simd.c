#include "match/simd.h"

bool glc_simd_has(enum glc_simd path)
{
    switch (path) {
    case GLC_SIMD_BEST:
    case GLC_SIMD_NONE:
        return true;
#if defined(__x86_64__)
    case GLC_SIMD_SSE42:
        return __builtin_cpu_supports("sse4.2");
    case GLC_SIMD_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
               __builtin_cpu_supports("bmi2");
    case GLC_SIMD_AVX512:
        return glc_simd_has(GLC_SIMD_AVX2) && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512dq");
    case GLC_SIMD_NEON:
#elif defined(__aarch64__)
    case GLC_SIMD_NEON:
        return true; /* every AArch64 has it */
    case GLC_SIMD_SSE42:
    case GLC_SIMD_AVX2:
    case GLC_SIMD_AVX512:
#else
    case GLC_SIMD_SSE42:
    case GLC_SIMD_AVX2:
    case GLC_SIMD_AVX512:
    case GLC_SIMD_NEON:
#endif
    case GLC_SIMDS:
        break;
    }
    return false;
}

enum glc_simd glc_simd_best(void)
{
    static const enum glc_simd order[] = { GLC_SIMD_AVX512, GLC_SIMD_AVX2, GLC_SIMD_NEON, GLC_SIMD_SSE42 };
    for (unsigned i = 0; i < sizeof order / sizeof *order; i++)
        if (glc_simd_has(order[i]))
            return order[i];
    return GLC_SIMD_NONE;
}

const char *glc_simd_name(enum glc_simd path)
{
    static const char *const name[GLC_SIMDS] = { "best", "plain", "sse4.2", "avx2", "avx512", "neon" };
    return path < GLC_SIMDS ? name[path] : "?";
}
