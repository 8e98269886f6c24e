#define _GNU_SOURCE
#include "check.h"

#include "lang/yara/lex.h"
#include "lang/yara/yara.h"
#include "lang/yara/yara_modules.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static struct glc_arena arena;

struct told {
    char first[600]; /* LINE:COLUMN: message */
    unsigned errors, warnings;
};

static void note(void *ctx, const struct glc_diag *d)
{
    struct told *t = ctx;
    if (d->severity == GLC_WARNING) {
        t->warnings++;
        return;
    }
    if (t->errors++ == 0)
        (void)snprintf(t->first, sizeof t->first, "%u:%u: %s", d->line, d->column, d->message);
}

static struct told parse(struct glc_span text, uint64_t *taken)
{
    struct told t = { "", 0, 0 };
    struct glc_ruleset set;
    struct glc_lang_options opt = { .diag = { note, &t }, .modules = &test_modules };
    glc_arena_reset(&arena);
    glc_ruleset_init(&set, &arena);
    assert_int_equal(glc_yara_parse(&set, "test.yar", NULL, text, &opt), GLC_OK);
    *taken = set.taken;
    glc_ruleset_done(&set);
    return t;
}

static void says(struct glc_span text, uint64_t taken, const char *first)
{
    uint64_t n;
    struct told t = parse(text, &n);
    assert_string_equal(t.first, first);
    assert_int_equal(n, taken);
}

static void tokens(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum glc_yara_kind kind[8];
    } rows[] = {
        { "a1 _b all allx", { GLC_YT_IDENT, GLC_YT_IDENT, GLC_YT_ALL, GLC_YT_IDENT } },
        { "1..3", { GLC_YT_INT, GLC_YT_DOTS, GLC_YT_INT } },
        { "1.5 1 . 5", { GLC_YT_FLOAT, GLC_YT_INT, GLC_YT_DOT, GLC_YT_INT } },
        { "0x1F 0o17 2KB 3MB", { GLC_YT_INT, GLC_YT_INT, GLC_YT_INT, GLC_YT_INT } },
        { "$a $a* $ #a @a !a != !",
          { GLC_YT_ID, GLC_YT_WILD, GLC_YT_ID, GLC_YT_COUNT, GLC_YT_OFFSET, GLC_YT_LENGTH, GLC_YT_NE,
            GLC_YT_LENGTH } },
        { "\"a\\\"b\" /a\\/b/is", { GLC_YT_STRING, GLC_YT_REGEX } },
        { "< <= << = == >>>=",
          { GLC_YT_LT, GLC_YT_LE, GLC_YT_SHL, GLC_YT_ASSIGN, GLC_YT_EQ, GLC_YT_SHR, GLC_YT_GE } },
        { "a/**/b//c\nd/* \n */e", { GLC_YT_IDENT, GLC_YT_IDENT, GLC_YT_IDENT, GLC_YT_IDENT } },
        { "with float32", { GLC_YT_IDENT, GLC_YT_IDENT } },
        { "uint8 int32be \\ % ~", { GLC_YT_READ, GLC_YT_READ, GLC_YT_DIV, GLC_YT_PERCENT, GLC_YT_TILDE } },
        { "\xef\xbb\xbfrule", { GLC_YT_RULE } },
        { "?", { GLC_YT_BAD } },
        { "", { GLC_YT_END } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct glc_yara_lex lex = glc_yara_lex(glc_span_str(rows[i].text), false);
        for (int k = 0; k < 8 && rows[i].kind[k] != GLC_YT_END; k++)
            assert_int_equal(glc_yara_next(&lex).kind, rows[i].kind[k]);
        assert_int_equal(glc_yara_next(&lex).kind, GLC_YT_END);
    }
}

/* `head`, `n` times `piece`, `tail`; lives until the next parse. */
static struct glc_span many(const char *head, const char *piece, size_t n, const char *tail)
{
    static char *last;
    size_t len = strlen(piece);
    free(last);
    last = malloc(strlen(head) + n * len + strlen(tail) + 1);
    assert_non_null(last);
    char *at = stpcpy(last, head);
    for (size_t i = 0; i < n; i++, at += len)
        memcpy(at, piece, len);
    strcpy(at, tail);
    return glc_span_str(last);
}

static void nesting_has_an_end(void **state)
{
    (void)state;
    says(many("rule a { condition: ", "(", 100000, "true"), 0, "1:271: too much nesting: at most 250 levels");
    says(many("rule a { condition: ", "not ", 100000, "true }"), 0,
         "1:1021: too much nesting: at most 250 levels");
    says(many("rule a { condition: ", "-", 100000, "1 }"), 0, "1:271: too much nesting: at most 250 levels");
    says(many("rule a { condition: ", "for any i in (1..", 100000, "2"), 0,
         "1:2143: too much nesting: at most 250 levels");
    says(many("rule a { strings: $a = /", "(", 100000, "/ condition: $a }"), 0,
         "1:275: too many groups inside each other");
    says(many("rule a { strings: $a = { 61 ", "( 62 | ", 100000, "} condition: $a }"), 0,
         "1:1780: too many parentheses inside each other");
    says(many("rule a { condition: 1 ", "+ filesize", 100000, " == 1 }"), 0,
         "1:21: the condition is too long: over 600 operators inside each other");
    says(many("rule a { condition: filesize == 0 ", "or filesize == 1 ", 100000, "}"), 1, "");
}

static void nothing_ends(void **state)
{
    (void)state;
    says(glc_span_str("rule a { condition: true /* "), 0, "1:26: this comment does not end");
    says(glc_span_str("rule a { strings: $a = \"abc"), 0, "1:24: this string does not end");
    says(glc_span_str("rule a { strings: $a = \"abc\\"), 0, "1:24: this string does not end");
    says(glc_span_str("rule a { strings: $a = /abc"), 0, "1:24: this regular expression does not end");
    says(glc_span_str("rule a { strings: $a = { 61 "), 0, "1:29: this hex string does not end");
    says(glc_span_str("rule a { strings: $a = { 61 [1-"), 0, "1:32: expected a jump");
    says(glc_span_str("rule a { strings: $a = { 61 (62 | "), 0, "1:35: this hex string does not end");
    says(glc_span_str("rule a { strings: $a = { 61 /*"), 0, "1:29: this comment does not end");
    says(glc_span_str("rule a { condition: true"), 0, "1:25: expected '}' or an operator, but the file ends");
    says(glc_span_str("rule"), 0, "1:5: expected a rule's name, but the file ends");
    says(glc_span_str("private"), 0, "1:8: expected 'rule', but the file ends");
    says(glc_span_str("import"), 0, "1:7: expected a module's name in quotes, but the file ends");
}

static void bytes_that_are_no_text(void **state)
{
    (void)state;
    static const char nul[] = "rule a { condition: \0 true } rule b { condition: true }";
    says(glc_span(nul, sizeof nul - 1), 1, "1:21: a NUL byte: this is not text");
    static const char inside[] = "rule a { strings: $a = \"a\0b\xff\xfe\" condition: $a } // \xff\xfe\0";
    says(glc_span(inside, sizeof inside - 1), 1, "");
    says(glc_span_str("rule \xff\xfe { condition: true }"), 0,
         "1:6: a byte that is not ASCII outside of strings and comments");
    says(glc_span(NULL, 0), 0, "");
}

static void one_broken_rule_costs_itself_only(void **state)
{
    (void)state;
    says(
        glc_span_str(
            "rule a { strings: $a = /[/ $b = \"rule x { condition: true }\" condition: $a }\n"
            "rule b { condition: true } rule c { condition: a }\nglobal private rule d : t { condition: b }"),
        2, "1:25: this character class does not end");
    says(glc_span_str(
             "rule a { condition: unknown } rule b { condition: a or true } rule a { condition: true }"),
         1, "1:21: unknown identifier 'unknown'");
    says(glc_span_str(
             "rule a { condition: true } rule b { condition: any of (a*) } rule ab { condition: true }"),
         2, "1:67: 'ab' belongs to a set rule* that an earlier condition has used");
}

static void put_file(const char *folder, const char *name, const char *text)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* Loads FOLDER/a.yar and removes the folder's files a.yar … z.yar. */
static struct told load(const char *dir, uint64_t *taken, bool no_includes)
{
    struct told t = { "", 0, 0 };
    struct glc_ruleset set;
    char path[512];
    struct glc_lang_options opt = { .diag = { note, &t }, .no_includes = no_includes };
    glc_arena_reset(&arena);
    glc_ruleset_init(&set, &arena);
    (void)snprintf(path, sizeof path, "%s/a.yar", dir);
    assert_int_equal(glc_lang_load(&set, path, NULL, &opt), GLC_OK);
    *taken = set.taken;
    glc_ruleset_done(&set);
    for (char c = 'a'; c <= 'z'; c++) {
        (void)snprintf(path, sizeof path, "%s/%c.yar", dir, c);
        (void)unlink(path);
    }
    return t;
}

static void includes(void **state)
{
    (void)state;
    char dir[] = "/tmp/glacis-yara-XXXXXX", text[512];
    uint64_t taken;
    assert_non_null(mkdtemp(dir));
    put_file(dir, "a.yar", "include \"b.yar\" rule a { condition: b }");
    put_file(dir, "b.yar", "rule b { condition: true }");
    struct told t = load(dir, &taken, false);
    assert_string_equal(t.first, "");
    assert_int_equal(taken, 2);

    put_file(dir, "a.yar", "include \"b.yar\" rule a { condition: true }");
    t = load(dir, &taken, true);
    assert_string_equal(t.first, "1:9: includes are not allowed here");
    assert_int_equal(taken, 1);

    put_file(dir, "a.yar", "include \"a.yar\" rule a { condition: true }");
    t = load(dir, &taken, false);
    assert_string_equal(t.first, "1:9: 'a.yar' includes itself");
    assert_int_equal(taken, 1);

    put_file(dir, "a.yar", "include \"b.yar\"");
    put_file(dir, "b.yar", "include \"./c.yar\"");
    put_file(dir, "c.yar", "include \"a.yar\" rule c { condition: true }");
    t = load(dir, &taken, false);
    assert_string_equal(t.first, "1:9: 'a.yar' includes itself");
    assert_int_equal(taken, 1);

    put_file(dir, "a.yar", "include \".\" rule c { condition: true }");
    t = load(dir, &taken, false);
    assert_non_null(strstr(t.first, "cannot read"));
    assert_int_equal(taken, 1);

    /* A billion laughs: fourteen files, each includes the next ten times. */
    for (char c = 'a'; c < 'o'; c++) {
        char name[] = { c, '.', 'y', 'a', 'r', 0 };
        text[0] = '\0';
        for (int i = 0; i < 10; i++)
            (void)snprintf(text + strlen(text), sizeof text - strlen(text), "include \"%c.yar\"\n", c + 1);
        put_file(dir, name, text);
    }
    put_file(dir, "o.yar", "");
    t = load(dir, &taken, false);
    assert_non_null(strstr(t.first, "too many includes"));

    for (char c = 'a'; c < 'z'; c++) {
        char name[] = { c, '.', 'y', 'a', 'r', 0 };
        (void)snprintf(text, sizeof text, "include \"%c.yar\"\n", c + 1);
        put_file(dir, name, text);
    }
    put_file(dir, "z.yar", "");
    t = load(dir, &taken, false);
    assert_non_null(strstr(t.first, "too many includes inside each other"));
    assert_int_equal(rmdir(dir), 0);
}

static void a_line_of_two_gigabytes_is_not_copied(void **state)
{
    (void)state;
    /* Pages of zeroes that share one frame as long as nobody writes: a line of 2 GB behind a good rule. */
    size_t n = (size_t)1 << 31;
    uint8_t *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        skip();
    static const char head[] = "rule a { condition: true } rule b { strings: $a = \"";
    memcpy(p, head, sizeof head - 1);
    says(glc_span(p, n), 1, "1:51: this string does not end");
    assert_true(arena.used < 1 << 20);
    munmap(p, n);
}

static void namespaces_span_the_files_of_a_load(void **state)
{
    (void)state;
    struct told t = { "", 0, 0 };
    struct glc_ruleset set;
    struct glc_lang_options opt = { .diag = { note, &t } };
    struct glc_span one = glc_span_str("rule a { condition: true }"),
                    two = glc_span_str("rule b { condition: a }");
    glc_arena_reset(&arena);
    glc_ruleset_init(&set, &arena);
    assert_int_equal(glc_yara_parse(&set, "1.yar", "x", one, &opt), GLC_OK);
    assert_int_equal(glc_yara_parse(&set, "2.yar", "x", two, &opt), GLC_OK);
    assert_int_equal(glc_yara_parse(&set, "3.yar", "y", one, &opt), GLC_OK);
    assert_int_equal(set.taken, 3);
    assert_int_equal(t.errors, 0);
    assert_int_equal(glc_yara_parse(&set, "4.yar", "z", two, &opt), GLC_OK);
    assert_string_equal(t.first, "1:21: unknown identifier 'a'");
    assert_int_equal(glc_yara_parse(&set, "5.yar", "x", one, &opt), GLC_OK);
    assert_int_equal(t.errors, 2);
    assert_int_equal(set.refused, 2);
    glc_ruleset_done(&set);
}

static void memory_may_end_anywhere(void **state)
{
    (void)state;
    struct glc_span text =
        glc_span_str("import \"demo\" rule a : t { meta: x = \"y\" strings: $a = \"abcd\" wide ascii nocase "
                     "$b = { 61 ?? ( 62 | 63 ) } "
                     "$c = /a(b|c)*[d-f]/ $d = \"abc\" xor $e = \"abcdef\" base64 condition: for any of them "
                     ": ( # > 1 ) and demo.items[1].has(\"x\") }");
    struct told t = { "", 0, 0 };
    struct glc_lang_options opt = { .diag = { note, &t }, .modules = &test_modules };
    for (size_t cap = 256; cap < 1 << 20; cap += cap / 16) {
        struct glc_arena tiny;
        struct glc_ruleset set;
        glc_arena_init(&tiny, cap);
        glc_ruleset_init(&set, &tiny);
        enum glc_err e = glc_yara_parse(&set, "test.yar", NULL, text, &opt);
        assert_true(e == GLC_NOMEM || set.taken == 1);
        assert_int_equal(t.errors, 0);
        glc_ruleset_done(&set);
        glc_arena_done(&tiny);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens),
        cmocka_unit_test(nesting_has_an_end),
        cmocka_unit_test(nothing_ends),
        cmocka_unit_test(bytes_that_are_no_text),
        cmocka_unit_test(one_broken_rule_costs_itself_only),
        cmocka_unit_test(includes),
        cmocka_unit_test(a_line_of_two_gigabytes_is_not_copied),
        cmocka_unit_test(namespaces_span_the_files_of_a_load),
        cmocka_unit_test(memory_may_end_anywhere),
    };
    glc_arena_init(&arena, (size_t)1 << 30);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    glc_arena_done(&arena);
    return failed;
}
