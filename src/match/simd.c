#include "match/simd.h"

#if defined(__x86_64__) && defined(__has_include) && __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#endif

#if defined(__x86_64__) && defined(CPU_FEATURE_ACTIVE)
/* The C library has asked the processor already; the compiler's own functions would ask it again at every
 * start, which takes 50 us where a hypervisor answers. Not by CPU_FEATURE_ACTIVE(): it shifts into a sign. */
static bool active(unsigned feature)
{
    const struct cpuid_feature *leaf = __x86_get_cpuid_feature_leaf(feature / 128);
    return (leaf->active_array[feature % 128 / 32] >> feature % 32 & 1) != 0;
}
#define HAS(library, compiler) active(x86_cpu_##library)
#else
#define HAS(library, compiler) __builtin_cpu_supports(compiler)
#endif

bool glc_simd_has(enum glc_simd path)
{
    switch (path) {
    case GLC_SIMD_BEST:
    case GLC_SIMD_NONE:
        return true;
#if defined(__x86_64__)
    case GLC_SIMD_SSE42:
        return HAS(SSE4_2, "sse4.2");
    case GLC_SIMD_AVX2:
        return HAS(AVX2, "avx2") && HAS(BMI1, "bmi") && HAS(BMI2, "bmi2");
    case GLC_SIMD_AVX512:
        return glc_simd_has(GLC_SIMD_AVX2) && HAS(AVX512F, "avx512f") && HAS(AVX512BW, "avx512bw") &&
               HAS(AVX512VL, "avx512vl") && HAS(AVX512DQ, "avx512dq");
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
