/* Expressions that a signature set may bring, the evil ones first. */
#include "check.h"

#include "rule/pcre.h"

#include <stdio.h>

enum { ROOM = 1 << 24, STEPS = 250000 };

struct row {
    const char *what, *text;
    uint32_t options;
    const char *data;
    enum glc_err err;
    int start, end; /* of the match; -1: none */
    size_t off;     /* of what is wrong in the text */
};

static const struct row rows[] = {
    { "a literal", "abc", 0, "xxabcabc", GLC_OK, 2, 5, 0 },
    { "case", "ABC", GLC_PCRE_NOCASE, "xxabc", GLC_OK, 2, 5, 0 },
    { "case counts", "ABC", 0, "xxabc", GLC_OK, -1, -1, 0 },
    { "a dot and a line end", "a.b", 0, "a\nb", GLC_OK, -1, -1, 0 },
    { "a dot that takes it", "a.b", GLC_PCRE_DOTALL, "a\nb", GLC_OK, 0, 3, 0 },
    { "lines", "^b", GLC_PCRE_LINES, "a\nb", GLC_OK, 2, 3, 0 },
    { "blanks say nothing", "a b # c", GLC_PCRE_EXTENDED, "xab", GLC_OK, 1, 3, 0 },
    { "anchored", "b", GLC_PCRE_ANCHORED, "ab", GLC_OK, -1, -1, 0 },
    { "$ before the last line end", "b$", 0, "ab\n", GLC_OK, 1, 2, 0 },
    { "$ at the end only", "b$", GLC_PCRE_END_ONLY, "ab\n", GLC_OK, -1, -1, 0 },
    { "ungreedy", "a.*b", GLC_PCRE_UNGREEDY, "aXbXb", GLC_OK, 0, 3, 0 },
    { "look-behind", "(?<=x)b", 0, "bxb", GLC_OK, 2, 3, 0 },
    { "back reference", "(.)\\1", 0, "abccd", GLC_OK, 2, 4, 0 },
    { "recursion", "\\((?:[^()]|(?R))*\\)", 0, "x(a(b)c)y", GLC_OK, 1, 8, 0 },
    { "an escaped slash", "a\\/b", 0, "a/b", GLC_OK, 0, 3, 0 },
    { "a start moved in a look-ahead", "(?=ab\\K)", 0, "xab", GLC_CORRUPT, 0, 0, 8 },
    { "bytes that are no UTF-8", "\\xe9\\xff", 0, "a\xe9\xff", GLC_OK, 1, 3, 0 },
    { "nested quantifiers", "(a+)+$", 0, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", GLC_LIMIT, 0, 0, 0 },
    { "a parenthesis is open", "ab(c", 0, "", GLC_CORRUPT, 0, 0, 4 },
    { "nothing to repeat", "a|*", 0, "", GLC_CORRUPT, 0, 0, 2 },
    { "UTF-8 mode", "(*UTF)a", 0, "", GLC_CORRUPT, 0, 0, 6 },
    { "a recursion that never ends", "(?R)", 0, "aaa", GLC_LIMIT, 0, 0, 0 },
    { "the end of the last match", "a\\Gb", 0, "", GLC_UNSUPPORTED, 0, 0, 1 },
    { "no \\G, but \\\\ and a G", "a\\\\Gb", 0, "a\\Gb", GLC_OK, 0, 4, 0 },
    { "verbs that move the search", "a(*SKIP)b", 0, "", GLC_UNSUPPORTED, 0, 0, 1 },
    { "the verb that ends it", "a(*COMMIT)b", 0, "", GLC_UNSUPPORTED, 0, 0, 1 },
    { "more than a table holds", "(?:(?:a{1000}){1000}){1000}", 0, "", GLC_CORRUPT, 0, 0, 27 },
    { "a limit of its own that is larger", "(*LIMIT_MATCH=4000000000)(a+)+$", 0,
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", GLC_LIMIT, 0, 0, 0 },
};

static void expressions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        struct glc_pcre_room *room = glc_pcre_room_new(ROOM);
        struct glc_pcre *p = NULL;
        struct glc_pcre_match match = { .found = false };
        char message[GLC_PCRE_MESSAGE];
        size_t off = 0;
        assert_non_null(room);
        enum glc_err e = glc_pcre_new(room, glc_span_str(r->text), r->options, &p, message, &off);
        if (e == GLC_OK)
            e = glc_pcre_find(p, glc_span_str(r->data), 0, strlen(r->data), STEPS, &match);
        else if (off != r->off)
            fail_msg("%s: told at %zu: %s", r->what, off, message);
        if (e != r->err ||
            (e == GLC_OK && (match.found != (r->start >= 0) ||
                             (match.found && ((int)match.start != r->start || (int)match.end != r->end)))))
            fail_msg("%s: error %d, found %d, %zu to %zu", r->what, (int)e, match.found, match.start,
                     match.end);
        glc_pcre_free(p);
        glc_pcre_room_free(room);
    }
}

static void starts_are_bounded(void **state)
{
    (void)state;
    struct glc_pcre_room *room = glc_pcre_room_new(ROOM);
    struct glc_pcre *p = NULL;
    struct glc_pcre_match m;
    char message[GLC_PCRE_MESSAGE];
    size_t off;
    struct glc_span data = glc_span_str("xaxaxa");
    assert_int_equal(glc_pcre_new(room, glc_span_str("a"), 0, &p, message, &off), GLC_OK);
    assert_int_equal(glc_pcre_find(p, data, 2, 2, STEPS, &m), GLC_OK);
    assert_false(m.found);
    assert_int_equal(glc_pcre_find(p, data, 2, 3, STEPS, &m), GLC_OK);
    assert_true(m.found && m.start == 3);
    assert_int_equal(glc_pcre_find(p, data, 6, 6, STEPS, &m), GLC_OK);
    assert_false(m.found);
    assert_int_equal(glc_pcre_find(p, data, 7, 7, STEPS, &m), GLC_BUG);
    glc_pcre_free(p);
    glc_pcre_room_free(room);
}

static void rooms_have_walls(void **state)
{
    (void)state;
    char message[GLC_PCRE_MESSAGE], text[8192];
    size_t off;
    assert_null(glc_pcre_room_new(64));
    struct glc_pcre_room *room = glc_pcre_room_new(4096);
    struct glc_pcre *p = NULL;
    assert_non_null(room);
    memset(text, 'a', sizeof text);
    assert_int_equal(glc_pcre_new(room, glc_span(text, sizeof text), 0, &p, message, &off), GLC_NOMEM);
    assert_null(p);
    glc_pcre_room_free(room);
    /* A match that would take memory without end. */
    room = glc_pcre_room_new(1 << 20);
    size_t n = 1 << 20;
    char *many = malloc(n);
    struct glc_pcre_match m;
    assert_non_null(room);
    assert_non_null(many);
    memset(many, 'a', n);
    assert_int_equal(glc_pcre_new(room, glc_span_str("(?:(a)|b)*c"), 0, &p, message, &off), GLC_OK);
    assert_int_equal(glc_pcre_find(p, glc_span(many, n), 0, 0, UINT32_MAX, &m), GLC_LIMIT);
    free(many);
    glc_pcre_free(p);
    glc_pcre_room_free(room);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions),
        cmocka_unit_test(starts_are_bounded),
        cmocka_unit_test(rooms_have_walls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
