#include "check.h"

#include "compile/re_compile.h"
#include "match/re.h"

static struct glc_arena arena;
static struct glc_re_scratch *scratch;

static struct glc_re *lit(const char *s)
{
    return glc_re_bytes(&arena, (const uint8_t *)s, NULL, (uint32_t)strlen(s));
}

static struct glc_re *cat(struct glc_re *a, struct glc_re *b, struct glc_re *c)
{
    struct glc_re *kid[] = { a, b, c };
    return glc_re_cat(&arena, kid, c == NULL ? 2 : 3);
}

static struct glc_re *alt(struct glc_re *a, struct glc_re *b)
{
    struct glc_re *kid[] = { a, b };
    return glc_re_alt(&arena, kid, 2);
}

static struct glc_re *dot(void)
{
    uint32_t set[8];
    memset(set, 0xff, sizeof set);
    set['\n' >> 5] &= ~((uint32_t)1 << ('\n' & 31));
    return glc_re_class(&arena, set);
}

static struct glc_span code(const struct glc_re *re, bool reverse)
{
    struct glc_buf out;
    glc_buf_init(&out, 1 << 24);
    struct glc_re_options opt = { .reverse = reverse };
    assert_non_null(re);
    assert_int_equal(glc_re_compile(re, &opt, &out, NULL), GLC_OK);
    char *copy = glc_arena_strdup(&arena, glc_buf_span(&out));
    assert_non_null(copy);
    struct glc_span s = glc_span(copy, out.len);
    glc_buf_done(&out);
    return s;
}

static long at(struct glc_span c, struct glc_span data, uint64_t place, enum glc_extent extent)
{
    uint64_t steps = UINT64_MAX / 2, end = 0;
    bool found;
    glc_re_scratch_begin(scratch);
    struct glc_re_input in = { .data = data, .scratch = scratch, .steps = &steps };
    assert_int_equal(glc_re_at(&in, c, place, extent, &found, &end), GLC_OK);
    return found ? (long)end : -1;
}

static void extents(void **state)
{
    (void)state;
    struct glc_re *any = glc_re_repeat(&arena, dot(), 0, GLC_UNBOUNDED, false);
    struct glc_span c = code(cat(lit("a"), any, lit("b")), false);
    assert_int_equal(at(c, glc_span_str("a1b2b\nb"), 0, GLC_SHORTEST), 3);
    assert_int_equal(at(c, glc_span_str("a1b2b\nb"), 0, GLC_LONGEST), 5);
    assert_int_equal(at(c, glc_span_str("a1b2b\nb"), 1, GLC_LONGEST), -1);
    assert_int_equal(at(c, glc_span_str("a"), 0, GLC_LONGEST), -1);
    assert_int_equal(at(c, glc_span_str("ab"), 7, GLC_LONGEST), -1);
}

static void reverse_gives_starts(void **state)
{
    (void)state;
    struct glc_re *re = cat(alt(lit("foo"), lit("o")), glc_re_gap(&arena, 0, 3), lit("x"));
    struct glc_span c = code(re, true);
    assert_int_equal(at(c, glc_span_str("foo..x"), 6, GLC_SHORTEST), 2);
    assert_int_equal(at(c, glc_span_str("foo..x"), 6, GLC_LONGEST), 0);
}

static void gaps_of_millions_are_quick(void **state)
{
    (void)state;
    enum { SIZE = 8 << 20 };
    uint8_t *data = calloc(SIZE, 1);
    assert_non_null(data);
    data[0] = 'a';
    data[SIZE - 2] = 'b';
    data[SIZE - 1] = 'c';
    struct glc_span c = code(cat(lit("a"), glc_re_gap(&arena, 5000000, 9000000), lit("bc")), false);
    assert_true(c.len < 64);
    assert_int_equal(at(c, glc_span(data, SIZE), 0, GLC_SHORTEST), SIZE);
    struct glc_span none = code(cat(lit("a"), glc_re_gap(&arena, 5000000, 8000000), lit("bc")), false);
    assert_int_equal(at(none, glc_span(data, SIZE), 0, GLC_SHORTEST), -1);
    free(data);
}

static void monsters_are_refused(void **state)
{
    (void)state;
    struct glc_buf out;
    glc_buf_init(&out, 1 << 24);
    struct glc_re_options opt = { .reverse = false };
    struct glc_re *re = lit("a");
    for (int i = 0; i < 3; i++)
        re = glc_re_repeat(&arena, re, 1, 1000, false);
    struct glc_error err;
    glc_buf_puts(&out, "before");
    assert_int_equal(glc_re_compile(cat(re, lit("x"), NULL), &opt, &out, &err),
                     GLC_OK); /* folds into one gap … */
    out.len = 6;
    re = lit("ab");
    for (int i = 0; i < 8; i++)
        re = glc_re_repeat(&arena, cat(re, lit("y"), NULL), 1, 1000, false); /* … and this does not */
    assert_int_equal(glc_re_compile(re, &opt, &out, &err), GLC_LIMIT);
    assert_int_equal(out.len, 6);
    glc_buf_done(&out);
}

/* (a|aa)+$ and its kin on long runs: linear, or ended by the budget, never a hang. */
static void explosions_are_linear(void **state)
{
    (void)state;
    enum { SIZE = 200000 };
    uint8_t *data = malloc(SIZE);
    assert_non_null(data);
    memset(data, 'a', SIZE);
    data[SIZE - 1] = 'b';
    struct glc_re *loop = glc_re_repeat(&arena, alt(lit("a"), lit("aa")), 1, GLC_UNBOUNDED, false);
    struct glc_re *nested =
        glc_re_repeat(&arena, cat(loop, glc_re_repeat(&arena, loop, 0, 5, false), NULL), 1, 1000, false);
    struct glc_re *re[] = { cat(loop, glc_re_assert(&arena, GLC_AT_END), NULL), cat(nested, lit("c"), NULL),
                            cat(glc_re_repeat(&arena, dot(), 0, GLC_UNBOUNDED, false), nested, lit("c")) };
    for (size_t i = 0; i < 3; i++) {
        uint64_t steps = 400u * SIZE;
        bool found = true;
        glc_re_scratch_begin(scratch);
        struct glc_re_input in = { .data = glc_span(data, SIZE), .scratch = scratch, .steps = &steps };
        assert_int_equal(glc_re_search(&in, code(re[i], false), &found), GLC_OK);
        assert_false(found);
    }
    free(data);
}

static void the_budget_ends_it(void **state)
{
    (void)state;
    static uint8_t data[100000];
    uint64_t steps = 1000;
    bool found;
    glc_re_scratch_begin(scratch);
    struct glc_re_input in = { .data = glc_span(data, sizeof data), .scratch = scratch, .steps = &steps };
    struct glc_span c =
        code(cat(alt(lit("ab"), lit("a")), glc_re_gap(&arena, 0, 50), alt(lit("x"), lit("yz"))), false);
    assert_int_equal(glc_re_search(&in, c, &found), GLC_LIMIT);
}

static void damaged_code_is_corrupt(void **state)
{
    (void)state;
    struct glc_span good = code(cat(lit("ab"), alt(lit("ab"), lit("cde")), lit("x")), false);
    static const struct {
        size_t at;
        uint8_t byte;
    } damage[] = { { 0, 0 }, { 5, 0xff }, { 8, 0 }, { 11, 1 }, { 12, 9 }, { 13, 9 }, { 17, 0xff } };
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        uint8_t *bad = malloc(good.len);
        assert_non_null(bad);
        memcpy(bad, good.ptr, good.len);
        bad[damage[i].at] = damage[i].byte;
        uint64_t steps = 1000, end;
        bool found;
        struct glc_re_input in = { .data = glc_span_str("abcdex"), .scratch = scratch, .steps = &steps };
        assert_int_equal(glc_re_at(&in, glc_span(bad, good.len), 0, GLC_SHORTEST, &found, &end), GLC_CORRUPT);
        free(bad);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(extents),
        cmocka_unit_test(reverse_gives_starts),
        cmocka_unit_test(gaps_of_millions_are_quick),
        cmocka_unit_test(monsters_are_refused),
        cmocka_unit_test(explosions_are_linear),
        cmocka_unit_test(the_budget_ends_it),
        cmocka_unit_test(damaged_code_is_corrupt),
    };
    glc_arena_init(&arena, 1 << 26);
    scratch = glc_re_scratch_new();
    assert_non_null(scratch);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    glc_re_scratch_free(scratch);
    glc_arena_done(&arena);
    return failed;
}
