/* What the matcher may cost at most, whatever the rules and the data: hostile cases made by a generator, and
 * the work they cause counted in steps (glc_matcher_work), which are the same on every machine; nothing here
 * looks at a clock.
 *
 * Every pair of a rule set and a file must end within MOST steps a byte, more for rules without a rare part
 * (eight for each of the first eight, a quarter for each other), and a constant; where a budget ended first,
 * the file must be said to be out of budget, with the rule's name. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "compile/compile.h"
#include "lang/lang.h"
#include "match/match.h"

enum { SIZE = 200000, MOST = 32, CONSTANT = 4 << 20, RULES = 400 };

struct random {
    uint64_t s;
};

static uint32_t below(struct random *r, uint32_t n)
{
    r->s = r->s * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(r->s >> 33) % n;
}

/* Rules. Each writes one rule set as YARA source. */

static void literals(struct glc_buf *b, const char *before, const char *after)
{
    for (unsigned i = 0; i < RULES; i++)
        glc_buf_printf(
            b, "rule r%u { strings: $a = \"%s%04u%s\" $b = \"never there either\" condition: all of them }\n",
            i, before, i, after);
}

/* Many literals whose windows are the same: only their ends tell them apart. */
static void shared_windows(struct glc_buf *b)
{
    literals(b, "AAAAAAAAAAAA", "");
}

/* Literals of one byte, each longer than the one before. */
static void unary(struct glc_buf *b)
{
    for (unsigned i = 0; i < RULES; i++) {
        glc_buf_printf(b, "rule u%u { strings: $a = \"", i);
        for (unsigned k = 0; k < 8 + i; k++)
            glc_buf_u8(b, 'A');
        glc_buf_puts(b, "\" fullword condition: #a > 2 }\n");
    }
}

/* Every literal occurs in the file of the same name, and each rule wants one more thing that does not. */
static void all_hit(struct glc_buf *b)
{
    literals(b, "needle-", "-in-all");
}

static void nested(struct glc_buf *b)
{
    static const char *const re[] = { "/((a+)+)+b/",        "/(a|aa)+b/",      "/(a*)*b/",
                                      "/(a{1,20}){1,20}b/", "/a.*a.*a.*a.*b/", "/(ab?){50}c/",
                                      "/[a-b]{20,400}c/",   "/(a|b|ab)*bc/",   "/a[ab]{12}a[ab]{9}/",
                                      "/(.a){30}[^a]{3}/",  "/(a.){5,60}b/",   "/.*.*.*=.*b/" };
    for (unsigned i = 0; i < sizeof re / sizeof *re; i++)
        glc_buf_printf(b,
                       "rule n%u { strings: $a = %s condition: #a > 900000 }\n"
                       "rule w%u { strings: $a = %s fullword condition: #a > 900000 }\n"
                       "rule o%u { strings: $a = %s nocase wide ascii condition: $a }\n",
                       i, re[i], i, re[i], i, re[i]);
}

static void gaps(struct glc_buf *b)
{
    static const char *const hex[] = { "{ 61 [0-4000] 61 [0-4000] 62 }", "{ 61 [-] 61 [-] 61 [-] 63 }",
                                       "{ ?? 61 [1-900] 61 ?? [2-80] 63 }",
                                       "{ 61 ( 61 | 62 [1-30] 61 ) 61 [10-700] 7A }",
                                       "{ 6? 6? [0-300] 6? [0-300] 00 }" };
    for (unsigned i = 0; i < sizeof hex / sizeof *hex; i++)
        glc_buf_printf(b,
                       "rule g%u { strings: $a = %s condition: #a > 900000 }\n"
                       "rule h%u { strings: $a = %s condition: !a[#a] == 3 or $a at 100 }\n",
                       i, hex[i], i, hex[i]);
}

static void loops(struct glc_buf *b)
{
    glc_buf_puts(b, "rule l1 { strings: $a = \"a\" condition: for all i in (1..#a) : ( @a[i] < filesize ) }\n"
                    "rule l2 { strings: $a = \"aa\" $b = \"ab\" condition: for any i in (1..#a) : ( for any "
                    "j in (1..#b) : "
                    "( @a[i] == @b[j] ) ) }\n"
                    "rule l3 { strings: $a = \"aa\" $b = /b+/ condition: for any i in (1..#a) : ( $b in "
                    "(@a[i] + 5..@a[i] "
                    "+ 5) and #b in (@a[i]..filesize) == 3 ) }\n"
                    "rule l4 { condition: for any i in (0..filesize) : ( uint32(i) == 0x12345678 ) }\n");
}

static void loose(struct glc_buf *b)
{
    glc_buf_puts(
        b, "rule p1 { strings: $a = /[a-z]+@/ $b = /\\w+\\s+\\w+/ condition: #a + #b > 900000 }\n"
           "rule p2 { strings: $a = /.+/ $b = /[^\\x00]{50,}/ condition: #a + #b > 1900000 }\n"
           "rule p3 { strings: $a = { 61 61 } $b = \"ab\" nocase wide ascii condition: #a + #b > 900000 }\n"
           "rule p4 { strings: $a = \"ab\" xor condition: #a > 900000 }\n");
}

static const struct {
    const char *name;
    void (*write)(struct glc_buf *b);
    unsigned rules; /* that have no rare part: each is judged for every file */
} sets[] = { { "literals that share their windows", shared_windows, 0 },
             { "literals of one byte", unary, RULES },
             { "literals that all occur", all_hit, 0 },
             { "nested quantifiers", nested, 36 },
             { "wide gaps", gaps, 10 },
             { "loops over occurrences", loops, 4 },
             { "loose rules", loose, 4 } };

/* Files. */

static void one_byte(uint8_t *d)
{
    memset(d, 'A', SIZE);
}

static void run_of_a(uint8_t *d)
{
    memset(d, 'a', SIZE);
}

static void broken_runs(uint8_t *d)
{
    for (size_t i = 0; i < SIZE; i++)
        d[i] = i % 401 == 400 ? ' ' : i / 401 % 2 == 0 ? 'A' : 'a';
}

static void periodic(uint8_t *d)
{
    for (size_t i = 0; i < SIZE; i++)
        d[i] = (uint8_t) "abaabaaab "[i % 10];
}

static void de_bruijn(uint8_t *d)
{
    /* Every run of letters a and b up to 16, by a feedback shift register. */
    uint32_t s = 1;
    for (size_t i = 0; i < SIZE; i++) {
        uint32_t bit = (s ^ s >> 2 ^ s >> 3 ^ s >> 5) & 1;
        s = s >> 1 | bit << 15;
        d[i] = bit != 0 ? 'a' : 'b';
    }
}

/* Windows of shared_windows() everywhere, their ends nowhere. */
static void near_misses(uint8_t *d)
{
    for (size_t i = 0; i < SIZE; i++)
        d[i] = i % 17 == 16 ? '_' : 'A';
}

/* Every literal of all_hit(), thousands of times. */
static void every_literal(uint8_t *d)
{
    char text[64];
    size_t n = 0;
    for (unsigned i = 0; n + sizeof text < SIZE; i++)
        n += (size_t)snprintf((char *)d + n, sizeof text, "needle-%04u-in-all ", i % RULES);
    memset(d + n, ' ', SIZE - n);
}

/* Every run of four bytes of the rules' text. */
static void hot_grams(uint8_t *d)
{
    struct random r = { 7 };
    static const char *const part[] = { "AAAA", "need", "eedl", "le-0", "-in-",
                                        "n-al", "aaaa", "abab", "ther", "neve" };
    for (size_t i = 0; i + 4 <= SIZE; i += 4)
        memcpy(d + i, part[below(&r, sizeof part / sizeof *part)], 4);
}

static void noise(uint8_t *d)
{
    struct random r = { 3 };
    for (size_t i = 0; i < SIZE; i++)
        d[i] = (uint8_t)below(&r, 256);
}

static void few_letters(uint8_t *d)
{
    struct random r = { 5 };
    for (size_t i = 0; i < SIZE; i++)
        d[i] = (uint8_t) "aab \n=."[below(&r, 7)];
}

static const struct {
    const char *name;
    void (*make)(uint8_t *d);
} files[] = { { "one byte", one_byte },
              { "a run of a", run_of_a },
              { "broken runs", broken_runs },
              { "periodic text", periodic },
              { "every run of a and b", de_bruijn },
              { "near misses", near_misses },
              { "every literal", every_literal },
              { "hot grams", hot_grams },
              { "noise", noise },
              { "few letters", few_letters } };

static struct glc_image *compile(void (*write)(struct glc_buf *b), struct glc_arena *arena,
                                 struct glc_buf *bytes)
{
    struct glc_buf text;
    struct glc_ruleset set;
    struct glc_lang_options lang = { 0 };
    struct glc_compile_options opt = { 0 };
    struct glc_image *img = NULL;
    struct glc_error err = { 0 };
    glc_buf_init(&text, 1 << 24);
    glc_buf_init(bytes, (size_t)1 << 30);
    glc_ruleset_init(&set, arena);
    write(&text);
    assert_int_equal(glc_lang_parse(&set, "t.yar", NULL, glc_buf_span(&text), &lang), GLC_OK);
    assert_int_equal(set.refused, 0);
    assert_int_equal(glc_compile_whole(&set, &opt, bytes, NULL), GLC_OK);
    assert_int_equal(glc_image_open(glc_buf_span(bytes), NULL, &img, &err), GLC_OK);
    glc_ruleset_done(&set);
    glc_buf_done(&text);
    return img;
}

static void bounded(void **state)
{
    (void)state;
    uint8_t *data = malloc(SIZE + 1);
    bool failed = false;
    assert_non_null(data);
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
        struct glc_arena arena;
        struct glc_buf bytes;
        glc_arena_init(&arena, 1 << 28);
        struct glc_image *img = compile(sets[s].write, &arena, &bytes);
        struct glc_match_options opt = { .all = true };
        struct glc_matcher *m = glc_matcher_new(img, &opt);
        assert_non_null(m);
        for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
            files[f].make(data);
            glc_arena_reset(&arena);
            struct glc_layer layer = { .data = glc_span(data, SIZE), .cls = GLC_CLASS_DATA, .arena = &arena };
            layer.facts = glc_facts_none();
            enum glc_err e = glc_match(m, &layer);
            uint64_t work = glc_matcher_work(m);
            if (getenv("VERBOSE") != NULL)
                printf("%-34s %-22s %8.2f steps a byte%s\n", sets[s].name, files[f].name, (double)work / SIZE,
                       e == GLC_LIMIT ? ", out of budget" : "");
            uint64_t most =
                ((uint64_t)MOST + (sets[s].rules < 8 ? 8 * sets[s].rules : 64 + sets[s].rules / 4)) * SIZE +
                CONSTANT;
            failed = failed || (e != GLC_OK && e != GLC_LIMIT) || work > most ||
                     (e == GLC_LIMIT && glc_matcher_blame(m).len == 0);
            if (failed)
                fail_msg("%s on %s: %s, %.1f steps a byte", sets[s].name, files[f].name, glc_err_name(e),
                         (double)work / SIZE);
        }
        glc_matcher_free(m);
        glc_image_free(img);
        glc_buf_done(&bytes);
        glc_arena_done(&arena);
    }
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(bounded) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
