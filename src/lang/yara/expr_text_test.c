/* Conditions read and written again: the text is what a person would have written, and read once more it
 * means the same. */
#include "check.h"

#include "lang/lang.h"
#include "lang/yara/yara_modules.h"
#include "rule/expr_text.h"

static struct glc_arena arena;

/* The last rule of `source`; fails the test where it does not parse. */
static const struct glc_rule *parsed(struct glc_ruleset *set, const char *source)
{
    struct glc_lang_options opt = { .modules = &test_modules };
    glc_ruleset_init(set, &arena);
    if (glc_lang_parse(set, "t.yar", NULL, glc_span_str(source), &opt) != GLC_OK || set->rules == 0 ||
        set->refused != 0)
        fail_msg("does not parse: %s", source);
    return set->rule[set->rules - 1];
}

static char *source_of(const char *condition)
{
    return glc_arena_printf(&arena,
                            "import \"demo\"\nrule A { condition: true }\n"
                            "rule R { strings: $_a = \"abcd\" $_b = \"efgh\" condition: %s }",
                            condition);
}

static char *text_of(const char *condition, size_t cap, bool *same)
{
    struct glc_ruleset set, again;
    struct glc_buf text, one, two;
    const struct glc_rule *r = parsed(&set, source_of(condition));
    struct glc_expr_names names = { .rule = r, .set = &set, .modules = &test_modules };
    glc_buf_init(&text, cap);
    glc_buf_init(&one, 1 << 16);
    glc_buf_init(&two, 1 << 16);
    glc_expr_text(r->condition, &names, &text);
    char *said = glc_arena_strdup(&arena, glc_buf_span(&text));
    assert_non_null(said);
    if (same != NULL) {
        glc_expr_dump(r->condition, r, &one);
        r = parsed(&again, source_of(said));
        glc_expr_dump(r->condition, r, &two);
        *same = glc_span_eq(glc_buf_span(&one), glc_buf_span(&two));
        glc_ruleset_done(&again);
    }
    glc_buf_done(&text);
    glc_buf_done(&one);
    glc_buf_done(&two);
    glc_ruleset_done(&set);
    return said;
}

static void text_is_as_written_and_means_the_same(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "$_a or $_b",
        "all of them",
        "any of ($_a)",
        "2 of them and $_a at 0",
        "not ($_a or $_b)",
        "not $_a or $_b",
        "($_a or $_b) and filesize < 100",
        "#_a > 2 and @_a[1] < 0x100 and !_b[2] == 4",
        "$_a in (0..filesize) and #_b in (1..2) == 1",
        "uint16be(filesize - 4) == 0x4d5a",
        "filesize - (1 - #_a) - 2 > 0",
        "filesize * (#_a + 2) % 7 == 1",
        "(filesize & 3) == 1 or filesize & 3 | 4 ^ 5 << 1",
        "-#_a < ~filesize",
        "for all of them : ($ at 0 and # > 1)",
        "for any v0 in (1..#_a) : (@_a[v0] + 2 == filesize)",
        "for 2 v0 in (1, 3, filesize) : (uint8(v0) == 0)",
        "for any v0 in (0..3) : (for all v1 in (0..v0) : (uint8(v1) == uint8(v0)))",
        "all of ($_a, $_b) at 0 or none of them in (0..10)",
        "50% of them and A and any of (A)",
        "defined uint8(filesize) and not defined @_a[3]",
        "demo.items[1].name == \"x\" and demo.inner.numbers[0] == 3 and demo.texts[\"k\"] != demo.text",
        "for any v0 in demo.items : (v0.name contains \"a\" and v0.has(\"b\") and v0.size > 1)",
        "for any v0, v1 in demo.parts : (v0 == \"k\" and v1.size == demo.look(v1.numbers[2]))",
        "demo.look(\"s\", /x+/i) or demo.mean() > 0.5 or demo.text matches /^a/",
        "$_a and \"x\\\"\\\\\" contains \"y\"",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool same = false;
        (void)text_of(rows[i], 1 << 16, &same);
        if (!same)
            fail_msg("means something else: %s: %s", rows[i], text_of(rows[i], 1 << 16, NULL));
    }
    static const struct {
        const char *written, *said;
    } exact[] = {
        { "$_a or $_b", "$_a or $_b" },
        { "(($_a)) and (not ($_a or $_b))", "$_a and not ($_a or $_b)" },
        { "filesize - (1 - #_a)", "filesize - (1 - #_a)" },
        { "2 of ($*) and uint32(0) == 0x464c457f", "2 of them and uint32(0) == 0x464c457f" },
        { "for any i in (1..#_a) : ( @_a[i] < 10 )", "for any v0 in (1..#_a) : (@_a[v0] < 10)" },
        { "demo.SEVEN < demo.inner.size", "7 < demo.inner.size" },
        { "filesize < 2MB and #_a in (0..10) > 1", "filesize < 0x200000 and #_a in (0..10) > 1" },
    };
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
        assert_string_equal(text_of(exact[i].written, 1 << 16, NULL), exact[i].said);
}

static void a_full_buffer_ends_it(void **state)
{
    (void)state;
    assert_string_equal(text_of("$_a or $_b or filesize > 10", 11, NULL), "$_a or $_b");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_as_written_and_means_the_same),
        cmocka_unit_test(a_full_buffer_ends_it),
    };
    glc_arena_init(&arena, 64 << 20);
    int failed = cmocka_run_group_tests_name("expr-text", tests, NULL, NULL);
    glc_arena_done(&arena);
    return failed;
}
