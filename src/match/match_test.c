/* From rule text to occurrences, through image and matcher. */
#include "check.h"

#include "base/file.h"
#include "compile/compile.h"
#include "lang/lang.h"
#include "match/match.h"

struct built {
    struct glc_arena arena, layer_arena;
    struct glc_ruleset set;
    struct glc_buf bytes;
    struct glc_image *img;
    struct glc_matcher *m;
    struct glc_layer layer;
};

static void build_with(struct built *b, const char *file, const char *text,
                       const struct glc_match_options *opt, const char *external)
{
    struct glc_external x;
    struct glc_lang_options lang = { .external = &x, .externals = external != NULL };
    struct glc_compile_options compile = { .keep_ir = true };
    memset(b, 0, sizeof *b);
    glc_arena_init(&b->arena, 1 << 28);
    glc_arena_init(&b->layer_arena, 1 << 28);
    glc_ruleset_init(&b->set, &b->arena);
    glc_buf_init(&b->bytes, 1 << 28);
    assert_true(external == NULL || glc_lang_external(&b->arena, external, &x));
    assert_int_equal(glc_lang_parse(&b->set, file, NULL, glc_span_str(text), &lang), GLC_OK);
    assert_int_equal(b->set.refused, 0);
    struct glc_compile_stats stats;
    assert_int_equal(glc_compile_whole(&b->set, &compile, &b->bytes, &stats), GLC_OK);
    assert_int_equal(stats.refused, 0);
    struct glc_error err = { 0 };
    assert_int_equal(glc_image_open(glc_buf_span(&b->bytes), NULL, &b->img, &err), GLC_OK);
    assert_int_equal(glc_image_validate(b->img, &err), GLC_OK);
    b->m = glc_matcher_new(b->img, opt);
    assert_non_null(b->m);
}

static void build(struct built *b, const char *file, const char *text, const struct glc_match_options *opt)
{
    build_with(b, file, text, opt, NULL);
}

static void unbuild(struct built *b)
{
    glc_matcher_free(b->m);
    glc_image_free(b->img);
    glc_buf_done(&b->bytes);
    glc_ruleset_done(&b->set);
    glc_arena_done(&b->arena);
    glc_arena_done(&b->layer_arena);
}

static enum glc_err judge(struct built *b, struct glc_span data, enum glc_class cls)
{
    glc_arena_reset(&b->layer_arena);
    b->layer = (struct glc_layer){ .data = data, .cls = cls, .arena = &b->layer_arena };
    b->layer.facts = glc_facts_none();
    return glc_match(b->m, &b->layer);
}

/* Names of what was found, with commas. */
static void found(struct built *b, struct glc_buf *out)
{
    uint32_t n;
    const uint32_t *rule = glc_matcher_found(b->m, &n);
    for (uint32_t i = 0; i < n; i++) {
        struct glc_rule_info info;
        assert_int_equal(glc_image_rule(b->img, rule[i], &info), GLC_OK);
        glc_buf_printf(out, "%s%.*s", i == 0 ? "" : ",", (int)info.name.len, (const char *)info.name.ptr);
    }
    glc_buf_u8(out, 0);
}

static const struct {
    const char *rules, *data, *found;
} rows[] = {
    { "rule a { strings: $a = \"needle in a haystack\" condition: $a }", "xx needle in a haystack yy", "a" },
    { "rule a { strings: $a = \"needle in a haystack\" condition: $a }", "xx needle in a haystacK yy", "" },
    { "rule a { strings: $a = \"needle in a haystack\" nocase condition: $a }", "NEEDLE in a HaystacK", "a" },
    { "rule a { strings: $a = \"ab\" xor condition: #a == 2 }",
      "ab.cbq.........................................ab.", "a" },
    { "rule a { strings: $a = \"ab\" xor(1-3) condition: #a == 2 }",
      "ab.cbq.....................................`c..ba", "a" },
    { "rule a { strings: $a = \"abcd\" condition: $a }", "abcd", "a" },
    { "rule a { strings: $a = \"abcd\" condition: $a }", "xabcd", "a" },
    { "rule a { strings: $a = \"abc\" condition: $a }", "xxxabc", "a" },
    { "rule a { strings: $a = \"ab\" condition: $a }", "xab", "a" },
    { "rule a { strings: $a = \"b\" condition: $a }", "xab", "a" },
    { "rule a { strings: $a = \"aaaaaaaaaaaaaaaaaaaaaaaa\" condition: $a }", "baaaaaaaaaaaaaaaaaaaaaaaab",
      "a" },
    { "rule a { strings: $a = \"word\" fullword condition: $a }", "aword word", "a" },
    { "rule a { strings: $a = \"word\" fullword condition: $a }", "aword wordy", "" },
    { "rule a { strings: $a = \"abab\" condition: #a == 3 and @a[3] == 4 }", "abababab", "a" },
    { "rule a { strings: $a = /x[0-9]+y/ condition: !a[1] == 5 }", "..x123y", "a" },
    { "rule a { strings: $a = /p\\^?o\\^?w\\^?e\\^?r/ condition: $a }", "p^ow^er", "a" },
    { "rule a { strings: $a = /(one|two|three) (fish|bird)/ condition: #a == 2 }",
      "one bird two fish six fish", "a" },
    { "rule a { strings: $a = /[a-z]+@/ condition: #a == 4 }", "..mail@", "a" },
    { "rule a { strings: $a = { 61 ?? [2-4] 62 } condition: $a at 2 }", "..axyzzb", "a" },
    { "rule a { strings: $a = \"one\" $b = \"two\" $c = \"three\" condition: 2 of them }", "one three", "a" },
    { "rule a { strings: $a = \"one\" $b = \"two\" $c = \"three\" condition: 2 of them }", "one four", "" },
    { "rule a { strings: $a = \"one\" condition: not $a }", "two", "a" },
    { "rule a { strings: $a = \"one\" $b = \"two\" condition: $a or not $b }", "two one", "a" },
    { "rule a { strings: $a = \"one\" $b = \"two\" condition: #a > #b }", "one two one", "a" },
    { "rule a { strings: $a = \"one\" $b = \"two\" condition: #a > #b }", "one two", "" },
    { "rule a { condition: uint16(0) == 0x6261 and filesize == 3 }", "abc", "a" },
    { "rule a { condition: uint16(0) == 0x6261 and filesize == 4 }", "abc", "" },
    { "rule a { strings: $a = \"secret\" xor condition: $a }", "rdbsdu", "a" },
    { "private rule a { strings: $a = \"one\" condition: $a } rule b { condition: a }", "one", "b" },
    { "global rule g { strings: $a = \"one\" condition: $a } rule b { condition: true }", "one", "g,b" },
    { "global rule g { strings: $a = \"one\" condition: $a } rule b { condition: true }", "two", "" },
    { "rule a { strings: $a = \"needle\" condition: for any i in (1..#a) : (@a[i] == 7) }", "needle.needle",
      "a" },
};

/* Everything that the machine has; no AVX-512; scalar; and what rules want sought in one walk. */
enum { PATHS = 4 };
static struct glc_match_options path(int i)
{
    return (struct glc_match_options){ .all = true, .no_simd = i == 2, .no_avx512 = i == 1, .many = i == 3 };
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int p = 0; p < PATHS; p++) {
            struct glc_match_options opt = path(p);
            opt.strings = true;
            struct built b;
            struct glc_buf text;
            glc_buf_init(&text, 4096);
            build(&b, "t.yar", rows[i].rules, &opt);
            assert_int_equal(judge(&b, glc_span_str(rows[i].data), GLC_CLASS_DATA), GLC_OK);
            found(&b, &text);
            if (strcmp((const char *)text.ptr, rows[i].found) != 0)
                fail_msg("row %zu: %s on \"%s\": found \"%s\"", i, rows[i].rules, rows[i].data,
                         (const char *)text.ptr);
            glc_buf_done(&text);
            unbuild(&b);
        }
    }
}

/* A literal is found at every offset of a block's end and at the layer's. */
static void every_offset(const struct glc_match_options *opt)
{
    static const char *const rules =
        "rule eight { strings: $a = \"0123456789a\" condition: #a == 1 }"
        "rule four { strings: $a = \"QRSTUVW\" condition: #a == 1 }"
        "rule three { strings: $a = \"%~!|\" condition: #a == 1 }"
        "rule two { strings: $a = \"}{\" condition: #a == 1 }"
        "rule ends { strings: $a = { 5b ?? 5d } condition: #a == 1 }"
        "rule half { strings: $a = { 4? 21 3f 2? } condition: #a == 1 }"
        "rule middle { strings: $a = { ?? 2b 2d ?? } condition: #a == 1 or @a == 0 }";
    static const struct {
        const char *text, *name;
    } cases[] = { { "0123456789a", "eight" }, { "QRSTUVW", "four" }, { "%~!|", "three" }, { "}{", "two" },
                  { "[x]", "ends" },          { "A!?#", "half" },    { "x+-y", "middle" } };
    struct built b;
    build(&b, "t.yar", rules, opt);
    enum { LEN = 8300 };
    uint8_t *data = malloc(LEN);
    assert_non_null(data);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        size_t n = strlen(cases[c].text);
        for (size_t at = 0; at + n <= LEN; at += at > 80 && at < 8100 ? 611 : 1) {
            memset(data, '.', LEN);
            memcpy(data + at, cases[c].text, n);
            for (size_t end = LEN; end >= at + n && end + 1 >= at + n; end = end == LEN ? at + n : 0) {
                struct glc_buf text;
                glc_buf_init(&text, 4096);
                assert_int_equal(judge(&b, glc_span(data, end), GLC_CLASS_DATA), GLC_OK);
                found(&b, &text);
                if (strcmp((const char *)text.ptr, cases[c].name) != 0)
                    fail_msg("%s at %zu of %zu: found \"%s\"", cases[c].text, at, end,
                             (const char *)text.ptr);
                glc_buf_done(&text);
            }
        }
    }
    free(data);
    unbuild(&b);
}

static void test_every_offset(void **state)
{
    (void)state;
    for (int p = 0; p < PATHS; p++) {
        struct glc_match_options opt = path(p);
        every_offset(&opt);
    }
}

/* Rules behind the commonest gate have bitmaps of their own: they are found where it is open, and the others
 * everywhere. */
static void test_gate(void **state)
{
    (void)state;
    static const struct {
        const char *data, *found;
    } cases[] = {
        { "MZ .... needle 42 ....", "m42" },
        { "ZM .... needle 42 ....", "" },
        { "MZ .... needle 42 and thread", "m42,free" },
        { "ZM .... needle 42 and thread", "free" },
        { "needle 42 and thread MZ", "free" },
        { "M", "" },
        { "PK .... needle 42 and a zipper", "zip" },
        { "MZ .... needle 42 and a zipper", "m42" },
    };
    struct glc_buf rules;
    glc_buf_init(&rules, 1 << 20);
    for (int i = 0; i < 100; i++)
        glc_buf_printf(&rules,
                       "rule m%d { strings: $a = \"needle %d \" condition: uint16(0) == 0x5a4d and $a }\n", i,
                       i);
    glc_buf_puts(&rules, "rule zip { strings: $a = \"zipper\" condition: uint16(0) == 0x4b50 and $a }\n"
                         "rule free { strings: $a = \"thread\" condition: $a }\n");
    glc_buf_u8(&rules, 0);
    for (int p = 0; p < PATHS; p++) {
        struct glc_match_options opt = path(p);
        struct built b;
        build(&b, "t.yar", (const char *)rules.ptr, &opt);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            struct glc_buf text;
            glc_buf_init(&text, 4096);
            assert_int_equal(judge(&b, glc_span_str(cases[i].data), GLC_CLASS_DATA), GLC_OK);
            found(&b, &text);
            if (strcmp((const char *)text.ptr, cases[i].found) != 0)
                fail_msg("\"%s\": found \"%s\"", cases[i].data, (const char *)text.ptr);
            glc_buf_done(&text);
        }
        unbuild(&b);
    }
    glc_buf_done(&rules);
}

/* How often conditions were judged since the costs were cleared. */
static uint64_t judgements(struct built *b)
{
    uint32_t n;
    const struct glc_rule_cost *cost = glc_matcher_costs(b->m, &n);
    uint64_t judged = 0;
    for (uint32_t r = 0; r < n; r++)
        judged += cost[r].judged;
    return judged;
}

/* Rules of which a part demands first bytes and the other parts patterns are judged where either is there,
 * and nowhere else. */
static void test_first_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *data, *found;
        uint32_t judged;
    } cases[] = {
        { "MZ ....", "either,many", 2 },
        { "ZM ....", "", 0 },
        { "ZM .... needle 42", "either", 1 },
        { "MZ .... needle 42", "either,many", 2 },
        { "abcd", "many,both", 2 },
        { "abc", "", 0 },
        { "cd", "many", 1 },
        { "ghij", "many", 1 },
        { "i", "", 0 },
        { "klmn", "", 1 },
        { "cdef", "many,both", 2 },
    };
    static const char *const rules =
        "rule either { strings: $a = \"needle 42\" condition: (uint16(0) == 0x5a4d and filesize < 99) or $a }"
        "rule many { condition: uint16(0) == 0x5a4d or uint8(0) == 0x61 and uint32(0) == 0x64636261 or"
        " uint16be(0) == 0x6364 or uint16be(0) == 0x6566 or uint16be(0) == 0x6768 or uint16be(0) == 0x696a or"
        " uint32be(0) == 0x6b6c6d6e and filesize > 4 }"
        "rule both { condition: (uint8(0) == 0x61 or uint8(0) == 0x63) and filesize == 4 }";
    for (int p = 0; p < PATHS; p++) {
        struct glc_match_options opt = path(p);
        opt.costs = true;
        struct built b;
        build(&b, "t.yar", rules, &opt);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            struct glc_buf text;
            glc_buf_init(&text, 4096);
            glc_matcher_costs_clear(b.m);
            assert_int_equal(judge(&b, glc_span_str(cases[i].data), GLC_CLASS_DATA), GLC_OK);
            found(&b, &text);
            uint64_t judged = judgements(&b);
            if (strcmp((const char *)text.ptr, cases[i].found) != 0 || judged != cases[i].judged)
                fail_msg("\"%s\": found \"%s\", %u judged", cases[i].data, (const char *)text.ptr,
                         (unsigned)judged);
            glc_buf_done(&text);
        }
        unbuild(&b);
    }
}

/* What asks external variables only is asked again where one is defined anew, and not for each layer. */
static void test_externals(void **state)
{
    (void)state;
    static const struct {
        const char *define, *found;
        uint32_t judged;
    } cases[] = { { NULL, "other", 1 },
                  { "evil.exe", "named,both,other", 3 },
                  { NULL, "named,both,other", 3 },
                  { "good.txt", "other", 1 },
                  { NULL, "other", 1 },
                  { "this", "", 0 },
                  { "b.exe", "named,both,other", 3 } };
    static const char *const rules = "rule named { condition: name endswith \".exe\" }"
                                     "rule both { condition: filesize == 4 and name endswith \".exe\" }"
                                     "rule other { condition: not (name == \"this\") and filesize < 5 }";
    struct glc_match_options opt = { .all = true, .costs = true };
    struct built b;
    build_with(&b, "t.yar", rules, &opt, "name=x");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct glc_buf text;
        glc_buf_init(&text, 4096);
        glc_matcher_costs_clear(b.m);
        if (cases[i].define != NULL)
            assert_int_equal(glc_matcher_define(b.m, glc_span_str("name"), glc_span_str(cases[i].define)),
                             GLC_OK);
        assert_int_equal(judge(&b, glc_span_str("abcd"), GLC_CLASS_DATA), GLC_OK);
        found(&b, &text);
        if (strcmp((const char *)text.ptr, cases[i].found) != 0 || judgements(&b) != cases[i].judged)
            fail_msg("case %zu: found \"%s\", %u judged", i, (const char *)text.ptr,
                     (unsigned)judgements(&b));
        glc_buf_done(&text);
    }
    unbuild(&b);
}

/* Expressions whose atom stands everywhere: where they begin is found by what is rarer in them, and what has
 * none of that is no match. */
static void test_rare_runs(void **state)
{
    (void)state;
    enum { LEN = 40000 };
    static const char *const rules =
        "rule near { strings: $a = { 61 [2-4] 00 00 04 00 [1-3] 80 3D ?? ?? ?? ?? 02 [1-9] 7A } condition: "
        "$a }"
        "rule far { strings: $a = { 61 [2-99] 00 00 04 00 [1-3] 80 3D ?? ?? ?? ?? 02 [1-9] 7A } condition: "
        "$a }"
        "rule two { strings: $a = { 61 [2-99] 00 00 04 00 [1-3] 80 3D ?? ?? ?? ?? 02 [1-9] 7A }"
        " condition: #a == 2 and @a[2] == @a[1] + 1 }"
        "rule open { strings: $a = { 61 [2-] 00 00 04 00 [1-3] 80 3D ?? ?? ?? ?? 02 [1-9] 7A } condition: $a "
        "}"
        "rule ways { strings: $a = { 61 [1-2] ( ?? ?? ?? | 2D ) 00 00 04 00 [1-3] 80 3D ?? ?? ?? ?? 02 }"
        " condition: $a }";
    static const char tail[] = "\x80=1234\2....z";
    static const struct {
        int at;
        const char *head; /* `0` stands for the atom, behind it the tail */
        bool tail;
        const char *found;
    } cases[] = {
        { 0, "aa--0..", true, "near,far,two,open,ways" },
        { 1, "a--0.", true, "near,far,open,ways" },
        { 9999, "a--0.", true, "near,far,open,ways" },
        { 9999, "a----0...", true, "near,far,open,ways" },
        { 9999, "a----0....", true, "" },
        { 9999, "a-0...", true, "" },
        { 9999, "a-----0...", true, "far,open,ways" },
        { LEN - 30, "aa--0..", true, "near,far,two,open,ways" },
        { 9999, "aa--0..", false, "" },
        { 9999, "--0..", true, "" },
    };
    uint8_t *data = malloc(LEN);
    assert_non_null(data);
    for (int p = 0; p < PATHS; p++) {
        struct glc_match_options opt = path(p);
        struct built b;
        build(&b, "t.yar", rules, &opt);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            struct glc_buf text;
            for (size_t k = 0; k < LEN; k++)
                data[k] = k % 4 == 2 ? 4 : 0;
            uint8_t *at = data + cases[i].at;
            for (const char *h = cases[i].head; *h != 0; h++) {
                memcpy(at, *h == '0' ? "\0\0\4" : h, *h == '0' ? 4 : 1);
                at += *h == '0' ? 4 : 1;
            }
            if (cases[i].tail)
                memcpy(at, tail, sizeof tail - 1);
            glc_buf_init(&text, 4096);
            assert_int_equal(judge(&b, glc_span(data, LEN), GLC_CLASS_DATA), GLC_OK);
            found(&b, &text);
            if (strcmp((const char *)text.ptr, cases[i].found) != 0)
                fail_msg("case %zu: found \"%s\"", i, (const char *)text.ptr);
            glc_buf_done(&text);
        }
        unbuild(&b);
    }
    free(data);
}

/* What is rare in general is frequent here: where the expression begins is found by its run that is rare
 * here. */
static void test_rare_here(void **state)
{
    (void)state;
    enum { LEN = 100000, BLOCK = 16 };
    static const char block[BLOCK + 1] = "\xc6\x9a   \1\0\0\0       ";
    static const char tail[] = "\xff\x15....\1\0\0\0.\xc6\x9a..\x8d";
    static const char *const rules =
        "rule one { strings: $a = { 89 [1-16] FF 15 [4-16] 01 00 00 00 [1-24] C6 9A [2-8] 8D } condition: $a "
        "}"
        "rule two { strings: $a = { 89 [1-16] FF 15 [4-16] 01 00 00 00 [1-24] C6 9A [2-8] 8D } condition: "
        "#a == 2 and @a[2] == @a[1] + 1 }";
    static const struct {
        size_t at;
        const char *head; /* before the tail */
        const char *found;
    } cases[] = {
        { 0, "\x89.", "one" },
        { 0, "\x89................", "one" },
        { 0, "\x89.................", "" },
        { 50001, "\x89\x89...............", "one,two" },
        { 99001, "\x89...............", "one" },
        { 99001, "................", "" },
        { LEN - 18, "\x89.", "one" },
    };
    uint8_t *data = malloc(LEN);
    assert_non_null(data);
    for (int p = 0; p < PATHS; p++) {
        struct glc_match_options opt = path(p);
        struct built b;
        build(&b, "t.yar", rules, &opt);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            struct glc_buf text;
            size_t head = strlen(cases[i].head);
            for (size_t k = 0; k < LEN; k++)
                data[k] = (uint8_t)block[k % BLOCK];
            memcpy(data + cases[i].at, cases[i].head, head);
            memcpy(data + cases[i].at + head, tail, sizeof tail - 1);
            glc_buf_init(&text, 4096);
            assert_int_equal(judge(&b, glc_span(data, LEN), GLC_CLASS_DATA), GLC_OK);
            found(&b, &text);
            if (strcmp((const char *)text.ptr, cases[i].found) != 0)
                fail_msg("path %d, case %zu: found \"%s\"", p, i, (const char *)text.ptr);
            glc_buf_done(&text);
        }
        unbuild(&b);
    }
    free(data);
}

/* The only exact byte of a run may lie farther from its beginning than 16 bits say. */
static void test_long_run(void **state)
{
    (void)state;
    enum { RUN = 66000, TIMES = 24 /* before it is looked ahead */ };
    struct glc_buf rule;
    struct built b;
    struct glc_match_options opt = { .all = true };
    uint8_t *data = malloc(4 * TIMES + RUN + 16);
    assert_non_null(data);
    glc_buf_init(&rule, 1 << 20);
    glc_buf_puts(&rule, "rule a { strings: $a = { 2D 2D 2D 61 [1-2] ");
    for (int i = 0; i < RUN; i++)
        glc_buf_puts(&rule, "4? ");
    glc_buf_puts(&rule, "7A } condition: #a == 1 }");
    glc_buf_u8(&rule, 0);
    build(&b, "t.yar", (const char *)rule.ptr, &opt);
    size_t n = 0;
    for (; n < 4 * TIMES; n += 4) /* beginnings of no match */
        memcpy(data + n, "---a", 4);
    memcpy(data + n, "---a.", 5);
    n += 5;
    memset(data + n, 'A', RUN);
    n += RUN;
    data[n++] = 'z';
    for (int i = 0; i < 3; i++) {
        struct glc_buf text;
        glc_buf_init(&text, 4096);
        assert_int_equal(judge(&b, glc_span(data, n), GLC_CLASS_DATA), GLC_OK);
        found(&b, &text);
        assert_string_equal((const char *)text.ptr, "a");
        glc_buf_done(&text);
    }
    unbuild(&b);
    glc_buf_done(&rule);
    free(data);
}

static void test_hashes(void **state)
{
    (void)state;
    /* md5("abc"), sha1("abc") */
    static const char *const hdb = "900150983cd24fb0d6963f7d28e17f72:3:Test.Sized-7\n"
                                   "900150983cd24fb0d6963f7d28e17f73:3:Test.Other-8\n"
                                   "900150983cd24fb0d6963f7d28e17f72:4:Test.Longer-9\n";
    struct built b;
    struct glc_match_options opt = { .all = true };
    struct glc_buf text;
    glc_buf_init(&text, 4096);
    build(&b, "t.hdb", hdb, &opt);
    assert_int_equal(judge(&b, glc_span_str("abc"), GLC_CLASS_DATA), GLC_OK);
    found(&b, &text);
    assert_non_null(strstr((const char *)text.ptr, "Test.Sized-7"));
    assert_null(strstr((const char *)text.ptr, "Test.Other-8"));
    assert_int_equal(judge(&b, glc_span_str("abd"), GLC_CLASS_DATA), GLC_OK);
    uint32_t n;
    (void)glc_matcher_found(b.m, &n);
    assert_int_equal(n, 0);
    glc_buf_done(&text);
    unbuild(&b);
}

/* Hashes of one size whose first bytes are the same lie in one place of the directory and have one key while
 * they are sorted; what they are told apart by is their last bytes. */
static void test_crowded_hashes(void **state)
{
    (void)state;
    static const struct {
        unsigned before, behind; /* in the order of digests */
        const char *size;
    } crowd[] = {
        { 5, 5, "3" }, { 63, 1, "3" }, { 1, 63, "3" }, { 300, 300, "3" }, { 0, 300, "*" }, { 300, 0, "*" },
    };
    for (size_t r = 0; r < sizeof crowd / sizeof crowd[0]; r++) {
        struct glc_buf hdb;
        glc_buf_init(&hdb, 1 << 20);
        for (unsigned i = 0; i < crowd[r].behind; i++) /* the last first: the sort has something to do */
            glc_buf_printf(&hdb, "900150983cd24fb0d6963f7d28e2%04x:%s:Behind-%u:73\n", crowd[r].behind - i,
                           crowd[r].size, i);
        glc_buf_printf(&hdb, "900150983cd24fb0d6963f7d28e17f72:%s:Test.Abc-7:73\n", crowd[r].size);
        for (unsigned i = 0; i < crowd[r].before; i++)
            glc_buf_printf(&hdb, "900150983cd24fb0d6963f7d28e0%04x:%s:Before-%u:73\n", crowd[r].before - i,
                           crowd[r].size, i);
        glc_buf_u8(&hdb, 0);
        struct built b;
        struct glc_match_options opt = { .all = true };
        struct glc_buf text;
        glc_buf_init(&text, 4096);
        build(&b, "t.hdb", (const char *)hdb.ptr, &opt);
        assert_int_equal(judge(&b, glc_span_str("abc"), GLC_CLASS_DATA), GLC_OK);
        found(&b, &text);
        if (strcmp((const char *)text.ptr, "Test.Abc-7") != 0)
            fail_msg("row %zu: found \"%s\"", r, (const char *)text.ptr);
        glc_buf_done(&text);
        glc_buf_done(&hdb);
        unbuild(&b);
    }
}

static void test_bounded(void **state)
{
    (void)state;
    /* Every start matches to the end, and only there is it known that none is a word: quadratic, so the rule
     * is ended, and named. */
    struct built b;
    struct glc_match_options opt = { .all = true, .steps = 100000 };
    build(&b, "t.yar", "rule slow { strings: $a = /a.*b/ fullword condition: #a > 100000 }", &opt);
    enum { LEN = 200000 };
    uint8_t *data = malloc(LEN);
    assert_non_null(data);
    memset(data, 'a', LEN);
    for (size_t i = 0; i < LEN; i += 2)
        data[i] = ' ';
    data[LEN - 2] = 'b';
    assert_int_equal(judge(&b, glc_span(data, LEN), GLC_CLASS_DATA), GLC_LIMIT);
    assert_true(glc_span_is(glc_matcher_blame(b.m), "slow"));
    free(data);
    unbuild(&b);
}

/* Cross builds have no PCRE2. */
static bool has_pcre(void)
{
    struct built b;
    build(&b, "t.ldb", "A;Target:0;0&1;74726967;0/abc/\n", NULL);
    bool has = judge(&b, glc_span_str("trig abc"), GLC_CLASS_DATA) == GLC_OK;
    unbuild(&b);
    return has;
}

/* What PCRE2 would take hours for ends soon, and is not clean. */
static void test_bounded_pcre(void **state)
{
    (void)state;
    if (!has_pcre())
        return;
    static const char *const slow[] = {
        "slow;Target:0;0&1;61616161;0/(a+)+$/",
        "slow;Target:0;0&1;61616161;0/a[^c]*c/",
        "slow;Target:0;0&1;61616161;0/(?:a|aa)+c/",
        "slow;Target:0;0&1;61616161;0/.*a.*a.*c/s", /* matched at one start only */
        "slow;Target:0;0&1;61616161;0/(?=[^c]*)[^c]*c/",
        "slow;Target:0;0&1;61616161;0/(?:(a)|b)*c/",
    };
    enum { LEN = 3000000 };
    uint8_t *data = malloc(LEN);
    assert_non_null(data);
    memset(data, 'a', LEN);
    data[LEN - 1] = 'b';
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++) {
        struct built b;
        struct glc_match_options opt = { .all = true };
        build(&b, "t.ldb", slow[i], &opt);
        uint64_t began = glc_clock_cpu_ns();
        enum glc_err e = judge(&b, glc_span(data, LEN), GLC_CLASS_DATA);
        if (e != GLC_LIMIT)
            fail_msg("%s: error %d", slow[i], (int)e);
        if (glc_clock_cpu_ns() - began > 20 * UINT64_C(1000000000))
            fail_msg("%s: took too long", slow[i]);
        assert_true(glc_span_is(glc_matcher_blame(b.m), "slow"));
        unbuild(&b);
    }
    free(data);
}

static void test_pcre(void **state)
{
    (void)state;
    struct built b;
    if (!has_pcre())
        return;
    struct glc_match_options opt = { .all = true, .strings = true };
    build(&b, "t.ldb",
          "A;Target:0;0&1;74726967;0/abc\\d/\nB;Target:0;0&1=2;74726967;0/abc\\d/g\n"
          "C;Target:0;1;74726967;0>1/abc/\nD;Target:0;1;74726967;5,9:0/abc2/\n",
          &opt);
    static const struct {
        const char *data, *found;
    } expect[] = { { "trig abc1 abc2", "A,B,D" },
                   { "abc1", "" },
                   { "trig abc1", "A" },
                   { "trig trig abc1", "A,C" },
                   { "trig abc1 abc2 abc3", "A,D" },
                   { "trig....abc2", "A,D" },
                   { "abc2 trig", "A" } };
    for (size_t i = 0; i < sizeof expect / sizeof *expect; i++) {
        struct glc_buf text;
        glc_buf_init(&text, 1 << 16);
        assert_int_equal(judge(&b, glc_span_str(expect[i].data), GLC_CLASS_DATA), GLC_OK);
        found(&b, &text);
        assert_string_equal((const char *)text.ptr, expect[i].found);
        glc_buf_done(&text);
    }
    uint64_t n;
    assert_int_equal(judge(&b, glc_span_str("trig abc1 abc2"), GLC_CLASS_DATA), GLC_OK);
    const struct glc_occurrence *o = glc_matcher_occurrences(b.m, 1, 1, &n);
    assert_int_equal(n, 2);
    assert_true(o[0].offset == 5 && o[1].offset == 10 && o[1].length == 4);
    unbuild(&b);
}

static void test_damaged_header(void **state)
{
    (void)state;
    struct built b;
    struct glc_image *img = NULL;
    struct glc_error err = { 0 };
    build(&b, "t.yar", "rule a { strings: $a = \"needle\" condition: $a }", NULL);
    uint8_t *copy = malloc(b.bytes.len);
    assert_non_null(copy);
    memcpy(copy, b.bytes.ptr, b.bytes.len);
    for (size_t i = 0; i < 512; i++) {
        copy[i] ^= 0x41;
        assert_int_not_equal(glc_image_open(glc_span(copy, b.bytes.len), NULL, &img, &err), GLC_OK);
        copy[i] ^= 0x41;
    }
    for (size_t cut = 0; cut < b.bytes.len; cut += 97)
        assert_int_not_equal(glc_image_open(glc_span(copy, cut), NULL, &img, &err), GLC_OK);
    free(copy);
    unbuild(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),           cmocka_unit_test(test_every_offset),
        cmocka_unit_test(test_gate),           cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_crowded_hashes), cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_damaged_header), cmocka_unit_test(test_bounded_pcre),
        cmocka_unit_test(test_pcre),           cmocka_unit_test(test_first_bytes),
        cmocka_unit_test(test_externals),      cmocka_unit_test(test_rare_runs),
        cmocka_unit_test(test_rare_here),      cmocka_unit_test(test_long_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
