/* Every path that this processor has, over the same data: the same rules, occurrences and candidates. */
#include "check.h"

#include "compile/compile.h"
#include "lang/lang.h"
#include "match/match.h"

#include <stdio.h>

/* Long and short literals, masks, classes, xor, wide, counts, expressions: what the pass looks for, what is
 * sought on demand, and what automata read. */
static const char rules[] =
    "rule r_long { strings: $a = \"0123456789abcdef\" condition: #a > 0 and @a[1] >= 0 }"
    "rule r_nocase { strings: $a = \"QuickBrown\" nocase condition: $a }"
    "rule r_wide { strings: $a = \"widechars\" wide ascii condition: #a > 1 }"
    "rule r_four { strings: $a = \"QRST\" condition: $a }"
    "rule r_three { strings: $a = \"<?p\" condition: $a }"
    "rule r_two { strings: $a = \"}{\" condition: #a == 2 }"
    "rule r_masked { strings: $a = { 4? 8B ?5 [2-6] ( 74 | 75 ) ?? E8 } condition: $a }"
    "rule r_loose { strings: $a = { ?1 ?2 31 } condition: #a > 3 }"
    "rule r_xored { strings: $a = \"secretword\" xor condition: $a }"
    "rule r_any { strings: $a = /[a-z]+@[a-z]{2,8}\\.com/ condition: #a > 0 }"
    "rule r_dotall { strings: $a = /begin.*end/s condition: $a }"
    "rule r_dense { strings: $a = \"aa\" condition: #a > 20 }"
    "rule r_of { strings: $a = \"alpha1\" $b = \"beta22\" $c = \"gamma3\" condition: 2 of them }"
    "rule r_in { strings: $a = \"here\" condition: $a in (10..200) and not $a at 10 }";

static const char *const words[] = { "0123456789abcdef",
                                     "QUICKbrown",
                                     "w\0i\0d\0e\0c\0h\0a\0r\0s",
                                     "QRST",
                                     "<?p",
                                     "}{",
                                     "\x48\x8b\x45zz\x74-\xe8",
                                     "\x11\x22\x31",
                                     "rdbsduvnse",
                                     "me@here.com",
                                     "begin",
                                     "end",
                                     "aaaaaaaa",
                                     "alpha1",
                                     "beta22",
                                     "gamma3",
                                     "here" };

struct built {
    struct glc_arena arena;
    struct glc_buf bytes;
    struct glc_image *img;
};

static void build(struct built *b)
{
    struct glc_ruleset set;
    struct glc_error err = { 0 };
    struct glc_lang_options lo = { 0 };
    struct glc_compile_options co = { 0 };
    glc_arena_init(&b->arena, 1 << 28);
    glc_ruleset_init(&set, &b->arena);
    assert_int_equal(glc_lang_parse(&set, "t.yar", NULL, glc_span_str(rules), &lo), GLC_OK);
    assert_int_equal(set.rules, 14);
    glc_buf_init(&b->bytes, 1 << 28);
    assert_int_equal(glc_compile_whole(&set, &co, &b->bytes, NULL), GLC_OK);
    assert_int_equal(glc_image_open(glc_buf_span(&b->bytes), NULL, &b->img, &err), GLC_OK);
    glc_ruleset_done(&set);
}

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Noise of one of three kinds with some of the words in it. */
static size_t fill(uint8_t *data, size_t most, uint32_t *seed)
{
    size_t len = next(seed) % most;
    uint32_t kind = next(seed) % 3;
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(kind == 0 ? next(seed) : kind == 1 ? 'a' + next(seed) % 4 : 'a');
    for (uint32_t k = next(seed) % 24; k-- != 0;) {
        uint32_t w = next(seed) % (sizeof words / sizeof *words);
        size_t n = w == 2 ? 17 : strlen(words[w]);
        if (len > n)
            memcpy(data + next(seed) % (len - n), words[w], n);
    }
    return len;
}

/* Everything that a path says of the data, as text. */
static void say(struct glc_matcher *m, const struct glc_image *img, struct glc_span data, struct glc_buf *out)
{
    struct glc_arena arena;
    glc_arena_init(&arena, 1 << 24);
    struct glc_layer layer = {
        .data = data, .cls = GLC_CLASS_DATA, .arena = &arena, .facts = glc_facts_none()
    };
    out->len = 0;
    glc_matcher_costs_clear(m);
    glc_buf_printf(out, "%d:", (int)glc_match(m, &layer));
    uint32_t n, costs;
    const uint32_t *found = glc_matcher_found(m, &n);
    for (uint32_t i = 0; i < n; i++) {
        struct glc_rule_info info;
        assert_int_equal(glc_image_rule(img, found[i], &info), GLC_OK);
        glc_buf_printf(out, "\n%.*s", (int)info.name.len, (const char *)info.name.ptr);
        for (uint32_t p = 0; p < info.patterns; p++) {
            uint64_t hits;
            const struct glc_occurrence *o = glc_matcher_occurrences(m, found[i], p, &hits);
            for (uint64_t k = 0; k < hits; k++)
                glc_buf_printf(out, " %u@%llu+%llu", p, (unsigned long long)o[k].offset,
                               (unsigned long long)o[k].length);
        }
    }
    const struct glc_rule_cost *cost = glc_matcher_costs(m, &costs);
    for (uint32_t i = 0; i < costs; i++)
        glc_buf_printf(out, "\n%u: %llu candidates, %llu held, judged %llu times", i,
                       (unsigned long long)cost[i].candidates, (unsigned long long)cost[i].confirmed,
                       (unsigned long long)cost[i].judged);
    assert_true(glc_buf_u8(out, 0));
    glc_arena_done(&arena);
}

static void same_everywhere(void **state)
{
    (void)state;
    enum { MOST = 9000, ROUNDS = 300 };
    struct built b;
    struct glc_matcher *m[GLC_SIMDS] = { NULL };
    struct glc_buf text[GLC_SIMDS];
    build(&b);
    unsigned paths = 0;
    for (int p = GLC_SIMD_NONE; p < GLC_SIMDS; p++) {
        if (!glc_simd_has((enum glc_simd)p))
            continue;
        struct glc_match_options opt = {
            .all = true, .strings = true, .costs = true, .simd = (enum glc_simd)p
        };
        m[p] = glc_matcher_new(b.img, &opt);
        assert_non_null(m[p]);
        glc_buf_init(&text[p], 1 << 26);
        paths++;
    }
    printf("%u paths, the best is %s\n", paths, glc_simd_name(glc_simd_best()));
    uint8_t *data = malloc(MOST);
    assert_non_null(data);
    uint32_t seed = 7, rules_found = 0;
    for (int round = 0; round < ROUNDS; round++) {
        size_t len = fill(data, round % 4 == 0 ? 200 : MOST, &seed);
        /* Flush against the end of its memory, for the sanitizers. */
        uint8_t *exact = malloc(len + 1);
        assert_non_null(exact);
        memcpy(exact, data, len);
        for (int p = GLC_SIMD_NONE; p < GLC_SIMDS; p++) {
            if (m[p] == NULL)
                continue;
            say(m[p], b.img, glc_span(exact, len), &text[p]);
            if (strcmp((const char *)text[p].ptr, (const char *)text[GLC_SIMD_NONE].ptr) != 0)
                fail_msg("round %d, %zu bytes: %s says\n%s\nand plain C\n%s", round, len,
                         glc_simd_name((enum glc_simd)p), (const char *)text[p].ptr,
                         (const char *)text[GLC_SIMD_NONE].ptr);
        }
        uint32_t n;
        (void)glc_matcher_found(m[GLC_SIMD_NONE], &n);
        rules_found += n;
        free(exact);
    }
    assert_true(rules_found > ROUNDS); /* the data are not beside the point */
    free(data);
    for (int p = GLC_SIMD_NONE; p < GLC_SIMDS; p++) {
        if (m[p] != NULL)
            glc_buf_done(&text[p]);
        glc_matcher_free(m[p]);
    }
    glc_image_free(b.img);
    glc_buf_done(&b.bytes);
    glc_arena_done(&b.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(same_everywhere) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
