/* As much of cmocka as the engine's unit tests use, for cross builds: Debian has the library for the machine
 * that builds only. A failed assertion says where, and ends its test by a jump, as cmocka does. */
#ifndef GLC_TESTS_CROSS_CMOCKA_H
#define GLC_TESTS_CROSS_CMOCKA_H

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

static jmp_buf cross_back;

struct CMUnitTest {
    const char *name;
    void (*run)(void **state);
};

#define cmocka_unit_test(f)                                                                                  \
    {                                                                                                        \
#f, f                                                                                                \
    }
#define fail_msg(...)                                                                                        \
    (printf("%s:%d: ", __FILE__, __LINE__), printf(__VA_ARGS__), putchar('\n'), longjmp(cross_back, 1))
#define fail()                                         fail_msg("failure")
#define skip()                                         longjmp(cross_back, 2)
#define assert_true(x)                                 ((x) ? (void)0 : fail_msg("not true: %s", #x))
#define assert_false(x)                                ((x) ? fail_msg("not false: %s", #x) : (void)0)
#define assert_null(x)                                 assert_true((x) == NULL)
#define assert_non_null(x)                             assert_true((x) != NULL)
#define assert_int_equal(a, b)                         assert_true((long long)(a) == (long long)(b))
#define assert_int_not_equal(a, b)                     assert_true((long long)(a) != (long long)(b))
#define assert_string_equal(a, b)                      assert_true(strcmp((a), (b)) == 0)
#define assert_memory_equal(a, b, n)                   assert_true(memcmp((a), (b), (n)) == 0)
#define cmocka_run_group_tests(tests, setup, teardown) cross_run((tests), sizeof(tests) / sizeof *(tests))
#define cmocka_run_group_tests_name(name, tests, setup, teardown)                                            \
    cmocka_run_group_tests(tests, setup, teardown)

static inline int cross_run(const struct CMUnitTest *test, size_t n)
{
    static size_t i, passed, failed, skipped; /* what a jump must not take back */
    for (i = 0; i < n; i++) {
        void *state = NULL;
        int how = setjmp(cross_back);
        if (how == 0)
            test[i].run(&state);
        else
            printf("%s: %s\n", test[i].name, how == 1 ? "FAILED" : "skipped");
        passed += how == 0;
        failed += how == 1;
        skipped += how == 2;
    }
    printf("%zu passed, %zu failed, %zu skipped\n", passed, failed, skipped);
    return failed != 0;
}

#endif
