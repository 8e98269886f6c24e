/* The whole way from rules to verdicts against the naive matcher: random sets of rules are compiled to an
 * image, random layers judged by it; the rules that match and, for those, all occurrences must be what the
 * naive matcher says. Seeds are fixed; a difference prints the rule, the layer and both answers. REPRO=SEED
 * runs one seed, ROUNDS=N so many. */
#include "check.h"

#include "compile/compile.h"
#include "match/match.h"
#include "naive_rule.h"
#include "random_rule.h"

#include <stdio.h>

enum { ROUNDS = 1000, RULES = 12, LAYERS = 4, MOST_DATA = 300 };

struct world {
    uint64_t seed;
    struct glc_arena arena, layer_arena;
    struct glc_ruleset set;
    uint32_t map[RULES]; /* rule of the image → rule of the set: some are refused */
    uint32_t taken;
};

static void no_diag(void *ctx, const struct glc_diag *d)
{
    (void)ctx, (void)d;
}

static void say(const struct world *w, uint32_t rule, const struct glc_layer *l, const char *what)
{
    struct glc_buf b;
    glc_buf_init(&b, 1 << 24);
    glc_rule_dump(w->set.rule[rule], &b);
    fprintf(stderr, "seed %llu, rule %u: %s\n%.*s\nentry %lld, sections", (unsigned long long)w->seed, rule,
            what, (int)b.len, (const char *)b.ptr, (long long)l->facts.entry);
    for (uint32_t i = 0; i < l->facts.sections; i++)
        fprintf(stderr, " %llu+%llu", (unsigned long long)l->facts.section[i].offset,
                (unsigned long long)l->facts.section[i].size);
    fprintf(stderr, "\ndata (%zu):", l->data.len);
    for (size_t i = 0; i < l->data.len; i++)
        fprintf(stderr, " %02x", l->data.ptr[i]);
    fprintf(stderr, "\n");
    glc_buf_done(&b);
}

/* Bytes with matches of the set's patterns planted. */
static size_t make_data(struct world *w, struct random *r, uint8_t *out)
{
    size_t n = random_data(r, out, 80);
    for (uint32_t i = 0; i < 6 && n + 80 < MOST_DATA; i++) {
        const struct glc_rule *rule = w->set.rule[random_below(r, (uint32_t)w->set.rules)];
        if (rule->patterns == 0)
            continue;
        const struct glc_pattern *p = &rule->pattern[random_below(r, rule->patterns)];
        n += random_match(r, p->variant[random_below(r, p->variants)].re, out + n, 60);
        n += random_data(r, out + n, 12);
    }
    return n;
}

/* How often a condition asks for a pattern, and how often at the constant `at` (that of the first such
 * question). */
struct uses {
    unsigned all, there;
    int64_t at;
};

static void count_uses(const struct glc_expr *x, uint32_t pattern, struct uses *u)
{
    bool set = x->op == GLC_X_OF || x->op == GLC_X_OF_AT || x->op == GLC_X_OF_IN || x->op == GLC_X_FOR_OF;
    for (uint32_t i = 0; set && i < x->u.of.n; i++)
        u->all += x->u.of.set[i] == pattern;
    if (x->op >= GLC_X_FOUND && x->op <= GLC_X_LENGTH && x->index == pattern) {
        u->all++;
        if (x->op == GLC_X_FOUND_AT && x->kid[0]->op == GLC_X_INT && x->kid[0]->u.integer >= 0) {
            u->at = u->there == 0 ? x->kid[0]->u.integer : u->at;
            u->there += u->at == x->kid[0]->u.integer;
        }
    }
    for (uint32_t i = 0; i < x->kids; i++)
        count_uses(x->kid[i], pattern, u);
}

/* What is told of a pattern that matters at one place only is what begins there. */
static void leave_out(const struct glc_rule *rule, uint32_t pattern, struct naive_list *list)
{
    struct uses u = { 0 };
    count_uses(rule->condition, pattern, &u);
    if (u.all == 0 || u.there != u.all || rule->pattern[pattern].anchor.kind != GLC_ANYWHERE)
        return;
    uint64_t n = 0;
    for (uint64_t i = 0; i < list->n; i++)
        if (list->item[i].offset == (uint64_t)u.at)
            list->item[n++] = list->item[i];
    list->n = n;
}

static void check_occurrences(struct world *w, struct glc_matcher *m, const struct glc_layer *l,
                              uint32_t image_rule, struct naive_list *list)
{
    uint32_t number = w->map[image_rule];
    const struct glc_rule *rule = w->set.rule[number];
    for (uint32_t p = 0; p < rule->patterns; p++) {
        uint64_t n;
        leave_out(rule, p, &list[p]);
        const struct glc_occurrence *o = glc_matcher_occurrences(m, image_rule, p, &n);
        bool same = n == list[p].n;
        for (uint64_t i = 0; same && i < n; i++)
            same = o[i].offset == list[p].item[i].offset && o[i].length == list[p].item[i].length;
        if (same)
            continue;
        say(w, number, l, "occurrences differ");
        fprintf(stderr, "%s engine:", rule->pattern[p].id);
        for (uint64_t i = 0; i < n; i++)
            fprintf(stderr, " %llu+%llu", (unsigned long long)o[i].offset, (unsigned long long)o[i].length);
        fprintf(stderr, "\nnaive:");
        for (uint64_t i = 0; i < list[p].n; i++)
            fprintf(stderr, " %llu+%llu", (unsigned long long)list[p].item[i].offset,
                    (unsigned long long)list[p].item[i].length);
        fprintf(stderr, "\n");
        fail();
    }
}

static void check_layer(struct world *w, struct glc_matcher *m, const struct glc_layer *l)
{
    static bool holds[RULES];
    struct naive_list list[RULES][8];
    uint32_t n, at = 0;
    for (uint32_t i = 0; i < w->set.rules; i++) {
        const struct glc_rule *r = w->set.rule[i];
        for (uint32_t p = 0; p < r->patterns; p++)
            naive_occurrences(&r->pattern[p], l, &list[i][p]);
        holds[i] = naive_holds(r, list[i], l, holds);
    }
    enum glc_err err = glc_match(m, l);
    if (err != GLC_OK) {
        for (uint32_t i = 0; i < w->set.rules; i++)
            say(w, i, l, glc_err_name(err));
        fprintf(stderr, "blame %.*s\n", (int)glc_matcher_blame(m).len,
                (const char *)glc_matcher_blame(m).ptr);
        fail();
    }
    const uint32_t *found = glc_matcher_found(m, &n);
    for (uint32_t k = 0; k < w->taken; k++) {
        bool engine = at < n && found[at] == k;
        at += engine;
        if (engine != holds[w->map[k]]) {
            say(w, w->map[k], l, engine ? "matched, but must not" : "did not match, but must");
            fail();
        }
        if (engine)
            check_occurrences(w, m, l, k, list[w->map[k]]);
    }
    assert_int_equal(at, n);
    for (uint32_t i = 0; i < w->set.rules; i++)
        for (uint32_t p = 0; p < w->set.rule[i]->patterns; p++)
            free(list[i][p].item);
}

/* Rules that the compiler refused are known by their absence: names tell which is which. */
static void map_rules(struct world *w, const struct glc_image *img)
{
    struct glc_image_stats stats;
    glc_image_stats(img, &stats);
    w->taken = stats.rules;
    for (uint32_t i = 0; i < stats.rules; i++) {
        struct glc_rule_info info;
        assert_int_equal(glc_image_rule(img, i, &info), GLC_OK);
        for (w->map[i] = 0; !glc_span_is(info.name, w->set.rule[w->map[i]]->name); w->map[i]++)
            assert_true(w->map[i] + 1 < w->set.rules);
    }
}

static void judge_layers(struct world *w, struct random *r, const struct glc_image *img)
{
    struct glc_match_options opt = { .all = true,
                                     .strings = true,
                                     .no_simd = random_below(r, 4) == 0,
                                     .no_avx512 = random_below(r, 4) == 0,
                                     .many = random_below(r, 3) == 0 };
    struct glc_matcher *m = glc_matcher_new(img, &opt);
    assert_non_null(m);
    map_rules(w, img);
    for (int i = 0; i < LAYERS; i++) {
        uint8_t buf[2 * MOST_DATA];
        size_t n = make_data(w, r, buf);
        uint8_t *data = malloc(n + (n == 0)); /* exactly so large, for the sanitizer */
        assert_non_null(data);
        memcpy(data, buf, n);
        struct glc_section section[3];
        struct glc_layer l = {
            .data = glc_span(data, n),
            .cls = (enum glc_class)random_below(r, GLC_CLASSES),
            .facts = { .entry = random_below(r, 3) == 0 ? GLC_NO_OFFSET : random_below(r, (uint32_t)n + 1),
                       .entrypoint =
                           random_below(r, 3) == 0 ? GLC_NO_OFFSET : random_below(r, (uint32_t)n + 1),
                       .section = section,
                       .sections = random_below(r, 4),
                       .version_info = GLC_NO_OFFSET },
            .arena = &w->layer_arena
        };
        for (uint32_t k = 0; k < 3; k++)
            section[k] = (struct glc_section){ .offset = random_below(r, 200), .size = random_below(r, 100) };
        check_layer(w, m, &l);
        glc_arena_reset(&w->layer_arena);
        free(data);
    }
    glc_matcher_free(m);
}

static void round_of(struct world *w, uint64_t seed)
{
    struct random r = { .state = seed * 104729 + 3 };
    w->seed = seed;
    glc_arena_reset(&w->arena);
    glc_ruleset_init(&w->set, &w->arena);
    uint32_t rules = 1 + random_below(&r, RULES);
    for (uint32_t i = 0; i < rules; i++)
        random_rule(&r, &w->set);
    struct glc_compile_options opt = { .diag = { .put = no_diag }, .keep_ir = seed % 4 == 0 };
    struct glc_compile_stats stats;
    struct glc_buf image;
    glc_buf_init(&image, (size_t)1 << 30);
    assert_int_equal(glc_compile_whole(&w->set, &opt, &image, &stats), GLC_OK);
    struct glc_image *img;
    struct glc_error err = { 0 };
    assert_int_equal(glc_image_open(glc_buf_span(&image), NULL, &img, &err), GLC_OK);
    assert_int_equal(glc_image_validate(img, &err), GLC_OK);
    judge_layers(w, &r, img);
    glc_image_free(img);
    glc_buf_done(&image);
    glc_ruleset_done(&w->set);
}

static void engine_equals_naive(void **state)
{
    (void)state;
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    glc_arena_init(&w->arena, 1 << 28);
    glc_arena_init(&w->layer_arena, 1 << 24);
    const char *repro = getenv("REPRO"), *rounds = getenv("ROUNDS");
    uint64_t n = rounds != NULL ? strtoull(rounds, NULL, 10) : ROUNDS;
    for (uint64_t seed = 1; repro == NULL && seed <= n; seed++)
        round_of(w, seed);
    if (repro != NULL)
        round_of(w, strtoull(repro, NULL, 10));
    glc_arena_done(&w->arena);
    glc_arena_done(&w->layer_arena);
    free(w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(engine_equals_naive) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
