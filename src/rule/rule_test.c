#include "check.h"

#include "rule/rule.h"

static struct glc_arena arena;

static char *dumped(const struct glc_re *re)
{
    struct glc_buf b;
    glc_buf_init(&b, 1 << 16);
    assert_non_null(re);
    glc_re_dump(re, &b);
    char *s = glc_arena_strdup(&arena, glc_buf_span(&b));
    glc_buf_done(&b);
    assert_non_null(s);
    return s;
}

static struct glc_re *bytes(const char *s)
{
    return glc_re_bytes(&arena, (const uint8_t *)s, NULL, (uint32_t)strlen(s));
}

static void cat_joins_neighbouring_bytes(void **state)
{
    (void)state;
    struct glc_re *kid[] = { bytes("ab"), glc_re_empty(&arena), bytes("c"), glc_re_gap(&arena, 1, 3),
                             bytes("d") };
    assert_string_equal(dumped(glc_re_cat(&arena, kid, 5)), "61 62 63 [1-3] 64");
    assert_string_equal(dumped(glc_re_cat(&arena, kid, 0)), "()");
}

static void nocase_folds_letters_only(void **state)
{
    (void)state;
    assert_string_equal(dumped(glc_re_nocase(&arena, bytes("a1Z@"))), "'a'i 31 'z'i 40");
    uint32_t set[8] = { 0 };
    glc_set_add(set, 'b');
    glc_set_add(set, '[');
    assert_string_equal(dumped(glc_re_nocase(&arena, glc_re_class(&arena, set))), "[42 5b 62]");
}

static void wide_puts_zeroes_between(void **state)
{
    (void)state;
    uint32_t set[8] = { 0 };
    glc_set_add(set, 'x');
    struct glc_re *kid[] = { bytes("ab"), glc_re_class(&arena, set) };
    assert_string_equal(dumped(glc_re_wide(&arena, glc_re_cat(&arena, kid, 2))), "61 00 62 00 [78] 00");
}

static void lengths(void **state)
{
    (void)state;
    uint64_t min, max;
    struct glc_re *alt[] = { bytes("ab"), bytes("cdef") };
    struct glc_re *kid[] = { glc_re_alt(&arena, alt, 2), glc_re_gap(&arena, 2, 5) };
    glc_re_length(glc_re_cat(&arena, kid, 2), &min, &max);
    assert_int_equal(min, 4);
    assert_int_equal(max, 9);
    glc_re_length(glc_re_repeat(&arena, bytes("ab"), 3, GLC_UNBOUNDED, false), &min, &max);
    assert_int_equal(min, 6);
    assert_true(max == UINT64_MAX);
}

static void ignores_take_out_rules_and_hashes(void **state)
{
    (void)state;
    struct glc_ruleset set;
    glc_ruleset_init(&set, &arena);
    static const char *const names[] = { "keep", "drop", "also" };
    for (int i = 0; i < 3; i++) {
        struct glc_rule *r = glc_ruleset_add(&set);
        assert_non_null(r);
        *r = (struct glc_rule){ .name = names[i], .space = "default", .language = GLC_LANG_CLAM };
        struct glc_hash_sig sig = { .size = 1, .alg = GLC_MD5 };
        assert_true(glc_ruleset_add_hash(&set, &sig, glc_span_str(names[i])));
    }
    assert_true(glc_ruleset_add_ignore(&set, glc_span_str("drop")));
    assert_int_equal(glc_ruleset_apply_ignores(&set), 2);
    assert_int_equal(set.rules, 2);
    assert_int_equal(set.hashes, 2);
    assert_string_equal(set.rule[1]->name, "also");
    glc_ruleset_done(&set);
}

static void an_ignored_wording_is_no_other(void **state)
{
    (void)state;
    struct glc_ruleset set;
    glc_ruleset_init(&set, &arena);
    for (uint8_t i = 0; i < 2; i++) {
        struct glc_rule *r = glc_ruleset_add(&set);
        assert_non_null(r);
        *r =
            (struct glc_rule){ .name = "n", .space = "default", .language = GLC_LANG_CLAM, .wording = { i } };
        struct glc_hash_sig sig = { .size = i, .alg = GLC_MD5 };
        assert_true(glc_ruleset_add_hash(&set, &sig, glc_span_str("h")));
    }
    assert_true(glc_ruleset_add_ignore(&set, glc_span_str("n:01000000000000000000000000000000")));
    /* MD5 of "00000000000000000000000000000000:1:h" */
    assert_true(glc_ruleset_add_ignore(&set, glc_span_str("h:865e869c43b7135f10b5b9f92c296110")));
    assert_int_equal(glc_ruleset_apply_ignores(&set), 2);
    assert_int_equal(set.rules, 1);
    assert_int_equal(set.rule[0]->wording[0], 0);
    assert_int_equal(set.hashes, 1);
    assert_int_equal(set.hash[0].size, 0);
    glc_ruleset_done(&set);
}

static void arena_exhaustion_reaches_the_root(void **state)
{
    (void)state;
    struct glc_arena tiny;
    glc_arena_init(&tiny, 256);
    struct glc_re *re = glc_re_bytes(&tiny, (const uint8_t *)"abc", NULL, 3);
    for (int i = 0; i < 10; i++)
        re = glc_re_repeat(&tiny, re, 2, 3, false);
    assert_null(re);
    glc_arena_done(&tiny);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(cat_joins_neighbouring_bytes),      cmocka_unit_test(nocase_folds_letters_only),
        cmocka_unit_test(wide_puts_zeroes_between),          cmocka_unit_test(lengths),
        cmocka_unit_test(ignores_take_out_rules_and_hashes), cmocka_unit_test(an_ignored_wording_is_no_other),
        cmocka_unit_test(arena_exhaustion_reaches_the_root),
    };
    glc_arena_init(&arena, 1 << 24);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    glc_arena_done(&arena);
    return failed;
}
