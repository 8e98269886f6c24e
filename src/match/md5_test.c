/* Against OpenSSL's, one message at a time. */
#include "check.h"

#include "base/digest.h"
#include "match/md5.h"

#include <stdlib.h>

enum { MOST = 50, BYTES = 5000 };

static uint32_t seed = 1;

static uint32_t chance(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

static void is_md5(const struct glc_md5 *m, size_t n)
{
    struct glc_digest *d = glc_digest_new(GLC_MD5);
    uint8_t sum[GLC_DIGEST_MAX];
    assert_non_null(d);
    for (size_t i = 0; i < n; i++) {
        assert_true(glc_digest_of(d, m[i].data, sum));
        assert_memory_equal(sum, m[i].sum, 16);
    }
    glc_digest_free(d);
}

/* Each message in a block of its own, so that a byte too much is seen by the sanitizers. */
static void fill(struct glc_md5 *m, size_t len)
{
    uint8_t *p = malloc(len == 0 ? 1 : len);
    assert_non_null(p);
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)chance(256);
    m->data = glc_span(p, len);
    memset(m->sum, 0, sizeof m->sum);
}

static void drop(struct glc_md5 *m, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free((void *)(uintptr_t)m[i].data.ptr);
}

static void each_path(void (*with)(enum glc_simd path))
{
    for (enum glc_simd p = GLC_SIMD_BEST; p < GLC_SIMDS; p++)
        if (glc_simd_has(p))
            with(p);
}

static void one_of_each_length(enum glc_simd path)
{
    for (size_t len = 0; len < 200; len++) {
        struct glc_md5 m;
        fill(&m, len);
        glc_md5_many(&m, 1, path);
        is_md5(&m, 1);
        drop(&m, 1);
    }
}

static void many_of_any(enum glc_simd path)
{
    static struct glc_md5 m[MOST];
    for (size_t n = 0; n <= MOST; n++) {
        bool alike = chance(2) == 0;
        size_t len = chance(BYTES);
        for (size_t i = 0; i < n; i++)
            fill(&m[i], alike ? len : chance(chance(2) == 0 ? 130 : BYTES));
        glc_md5_many(m, n, path);
        is_md5(m, n);
        drop(m, n);
    }
}

static void every_length(void **state)
{
    (void)state;
    each_path(one_of_each_length);
}

static void side_by_side(void **state)
{
    (void)state;
    each_path(many_of_any);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_length), cmocka_unit_test(side_by_side) };
    return cmocka_run_group_tests_name("md5", tests, NULL, NULL);
}
