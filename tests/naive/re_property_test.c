/* The engine for regular expressions against the naive matcher, over random trees and data: matches from
 * every place, all ends, reverse code, all starts, search, and the promise of covers. Seeds are fixed; a
 * difference prints the tree and the data. REPRO=SEED in the environment runs one seed. */
#include "check.h"

#include "compile/re_compile.h"
#include "match/re.h"
#include "match/re_scan.h"
#include "naive_re.h"
#include "random_re.h"

#include <stdio.h>

enum { ROUNDS = 10000, MOST_DATA = 160 };

struct subject {
    uint64_t seed;
    struct glc_arena arena;
    struct glc_re *re;
    struct glc_re_options opt;
    uint8_t *data;
    size_t len;
    bool end[MOST_DATA + 1][MOST_DATA + 1]; /* [start][end], by the naive matcher */
    struct glc_re_scratch *scratch;
};

static void differ(const struct subject *s, const char *what, size_t at)
{
    struct glc_buf b;
    glc_buf_init(&b, 1 << 20);
    glc_re_dump(s->re, &b);
    fprintf(stderr, "seed %llu: %s at %zu\nre: %.*s\n%sdata:", (unsigned long long)s->seed, what, at,
            (int)b.len, (const char *)b.ptr, s->opt.wide ? "wide\n" : "");
    for (size_t i = 0; i < s->len; i++)
        fprintf(stderr, " %02x", s->data[i]);
    fprintf(stderr, "\n");
    glc_buf_done(&b);
    fail();
}

static void make(struct subject *s, uint64_t seed, struct random *r)
{
    s->seed = seed;
    r->state = seed * 7919 + 1;
    struct random_shape shape = { .asserts = random_below(r, 3) == 0,
                                  .gaps = random_below(r, 2) == 0,
                                  .depth = random_below(r, 4) };
    glc_arena_reset(&s->arena);
    s->re = random_re(r, &s->arena, &shape);
    assert_non_null(s->re);
    s->opt = (struct glc_re_options){ .wide = shape.asserts && random_below(r, 4) == 0 };
    uint8_t buf[MOST_DATA];
    size_t n = random_data(r, buf, MOST_DATA / 2);
    n += random_match(r, s->re, buf + n, MOST_DATA - n);
    if (random_below(r, 2) == 0)
        n += random_data(r, buf + n, MOST_DATA - n);
    s->len = n;
    s->data = malloc(n + 1); /* of exactly the size, for the sanitizer */
    assert_non_null(s->data);
    s->data = realloc(s->data, n + (n == 0));
    memcpy(s->data, buf, n);
    for (size_t i = 0; i <= n; i++)
        naive_re_ends(s->re, glc_span(s->data, n), s->opt.wide, 0, i, s->end[i]);
}

struct list {
    uint64_t pos[MOST_DATA + 2];
    size_t n;
};

static bool collect(void *to, uint64_t pos)
{
    struct list *l = to;
    if (l->n < MOST_DATA + 2)
        l->pos[l->n++] = pos;
    return true;
}

static void check_at(struct subject *s, const struct glc_re_input *in, struct glc_span code)
{
    for (size_t at = 0; at <= s->len; at++) {
        struct list l = { .n = 0 };
        assert_int_equal(glc_re_all(in, code, at, collect, &l), GLC_OK);
        size_t k = 0, first = SIZE_MAX, last = SIZE_MAX;
        for (size_t e = 0; e <= s->len; e++) {
            if (!s->end[at][e])
                continue;
            if (k >= l.n || l.pos[k] != e)
                differ(s, "all: an end is missing or wrong", at);
            k++;
            first = first == SIZE_MAX ? e : first;
            last = e;
        }
        if (k != l.n)
            differ(s, "all: too many ends", at);
        for (int longest = 0; longest < 2; longest++) {
            bool found = false;
            uint64_t end = SIZE_MAX;
            assert_int_equal(glc_re_at(in, code, at, longest ? GLC_LONGEST : GLC_SHORTEST, &found, &end),
                             GLC_OK);
            if (found != (k != 0) || (found && end != (longest ? last : first)))
                differ(s, longest ? "longest" : "shortest", at);
        }
    }
}

static void check_reverse(struct subject *s, const struct glc_re_input *in, struct glc_span code)
{
    for (size_t at = 0; at <= s->len; at++) {
        struct list l = { .n = 0 };
        assert_int_equal(glc_re_all(in, code, at, collect, &l), GLC_OK);
        size_t k = 0;
        for (size_t start = s->len + 1; start-- > 0;) {
            if (!s->end[start][at])
                continue;
            if (k >= l.n || l.pos[k] != start)
                differ(s, "reverse: a start is missing or wrong", at);
            k++;
        }
        if (k != l.n)
            differ(s, "reverse: too many starts", at);
    }
    struct list l = { .n = 0 };
    assert_int_equal(glc_re_starts(in, code, 0, s->len + 1, collect, &l), GLC_OK);
    size_t k = 0;
    for (size_t start = s->len + 1; start-- > 0;) {
        bool any = false;
        for (size_t e = 0; e <= s->len; e++)
            any |= s->end[start][e];
        if (any && (k >= l.n || l.pos[k++] != start))
            differ(s, "starts: missing or wrong", start);
    }
    if (k != l.n)
        differ(s, "starts: too many", 0);
}

/* Starts of matches that eat a byte, by the one automaton; where there are assertions it may name more. */
static void check_scan(struct subject *s, const struct glc_re_input *in, struct glc_span code)
{
    struct glc_re_scan *scan;
    struct list l = { .n = 0 };
    uint64_t n = 0, counted = 0;
    bool done = false;
    size_t k = 0;
    assert_int_equal(glc_re_scan_open(s->scratch, &code, 1, &scan), GLC_OK);
    if (scan == NULL)
        return;
    assert_int_equal(glc_re_scan_starts(scan, in, 0, s->len, UINT64_MAX, collect, &l, &n, &done), GLC_OK);
    assert_true(done);
    for (size_t start = s->len + 1; start-- > 0;) {
        bool any = false;
        for (size_t e = start + 1; e <= s->len; e++)
            any |= s->end[start][e];
        while (!glc_re_scan_is_exact(scan) && k < l.n && l.pos[k] > start)
            k++;
        if (any && (k >= l.n || l.pos[k++] != start))
            differ(s, "scan: a start is missing or wrong", start);
        for (size_t e = start; any && glc_re_scan_length(scan) != 0 && e <= s->len; e++)
            if (s->end[start][e] && e - start != glc_re_scan_length(scan))
                differ(s, "scan: the length is wrong", start);
        for (size_t e = start; any && glc_re_scan_most(scan) != 0 && e <= s->len; e++)
            if (s->end[start][e] && e - start > glc_re_scan_most(scan))
                differ(s, "scan: a match is longer than the bound", start);
        uint64_t alone = 0;
        assert_int_equal(
            glc_re_scan_starts(scan, in, start, start + 1, UINT64_MAX, NULL, NULL, &alone, &done), GLC_OK);
        if (done && start < s->len && (any ? alone != 1 : glc_re_scan_is_exact(scan) && alone != 0))
            differ(s, "scan: one place alone", start);
    }
    if (n != l.n || (glc_re_scan_is_exact(scan) && k != l.n))
        differ(s, "scan: too many starts", 0);
    assert_int_equal(glc_re_scan_starts(scan, in, 0, s->len, UINT64_MAX, NULL, NULL, &counted, &done),
                     GLC_OK);
    if (counted != n)
        differ(s, "scan: another count", 0);
}

struct tally {
    const struct glc_re_input *in;
    struct glc_span code;
    uint64_t n, sum;
};

static bool tally(void *to, uint64_t start)
{
    struct tally *t = to;
    uint64_t end = start;
    bool found = false;
    if (t->code.len != 0)
        assert_int_equal(glc_re_at(t->in, t->code, start, GLC_LONGEST, &found, &end), GLC_OK);
    t->n += t->code.len == 0 || end > start;
    t->sum += t->code.len == 0 || end > start ? start * 31 + 7 : 0;
    return true;
}

/* The same on data with long stretches, against the levels: vectors and all. */
static void check_long(struct subject *s, struct random *r, struct glc_span fwd, struct glc_span rev)
{
    enum { LONG = 3000 };
    struct glc_re_scan *scan;
    uint64_t steps = UINT64_MAX / 2, n = 0, counted = 0;
    uint8_t *data = malloc(LONG);
    bool done = false;
    assert_non_null(data);
    for (size_t at = 0; at < LONG;) {
        uint8_t piece[MOST_DATA];
        size_t len = random_below(r, 3) == 0 ? random_match(r, s->re, piece, MOST_DATA)
                                             : random_data(r, piece, MOST_DATA);
        size_t times = random_below(r, 3) == 0 ? random_below(r, 200) : 1;
        if (random_below(r, 2) == 0)
            len = len > 2 ? 2 : len;
        for (; times > 0 && at + len <= LONG && len != 0; times--, at += len)
            memcpy(data + at, piece, len);
        if (at < LONG)
            data[at++] = 'x';
    }
    struct glc_re_input in = { .data = glc_span(data, LONG), .scratch = s->scratch, .steps = &steps };
    glc_re_scratch_begin(s->scratch);
    assert_int_equal(glc_re_scan_open(s->scratch, &fwd, 1, &scan), GLC_OK);
    if (scan != NULL && glc_re_scan_is_exact(scan)) {
        struct tally a = { .in = &in }, b = { .in = &in, .code = fwd };
        assert_int_equal(glc_re_scan_starts(scan, &in, 0, LONG, UINT64_MAX, tally, &a, &n, &done), GLC_OK);
        if (done) {
            assert_int_equal(glc_re_starts(&in, rev, 0, LONG, tally, &b), GLC_OK);
            assert_int_equal(glc_re_scan_starts(scan, &in, 0, LONG, UINT64_MAX, NULL, NULL, &counted, &done),
                             GLC_OK);
            if (a.n != b.n || a.sum != b.sum || (done && counted != a.n))
                differ(s, "scan: other starts than the levels'", (size_t)a.n);
        }
    }
    free(data);
}

static void check_search(struct subject *s, const struct glc_re_input *in, struct glc_span code)
{
    bool any = false, found = false;
    for (size_t at = 0; at <= s->len; at++)
        for (size_t e = 0; e <= s->len; e++)
            any |= s->end[at][e];
    assert_int_equal(glc_re_search(in, code, &found), GLC_OK);
    if (found != any)
        differ(s, "search", 0);
    for (size_t at = 0; at < s->len; at++) {
        const struct glc_re_part part[] = { { at / 3, at / 3 + 1 }, { at, at + 1 } };
        bool here = false;
        for (size_t e = 0; e <= s->len; e++)
            here |= s->end[at][e] || s->end[at / 3][e];
        assert_int_equal(glc_re_search_in(in, code, at == 0 ? part + 1 : part, at == 0 ? 1 : 2, &found),
                         GLC_OK);
        if (here ? !found : found && !any)
            differ(s, "search in parts", at);
    }
}

static bool factor_at(const struct glc_re_factor *f, const struct subject *s, size_t at)
{
    if (f->len > s->len || at > s->len - f->len)
        return false;
    for (uint32_t i = 0; i < f->len; i++)
        if ((s->data[at + i] & f->mask[i]) != f->value[i])
            return false;
    return true;
}

/* A match that begins at `start` and ends at `end` is found through the cover: some factor stands at some
 * place, `before` matches from the start to it and `rest` from it to the end. */
static void check_cover(struct subject *s, const struct glc_re_cover *c)
{
    static bool got[MOST_DATA + 1][MOST_DATA + 1];
    static bool before[MOST_DATA + 1], rest[MOST_DATA + 1];
    memset(got, 0, sizeof got);
    for (uint32_t i = 0; i < c->n; i++) {
        const struct glc_re_factor *f = &c->factor[i];
        for (size_t at = 0; at <= s->len; at++) {
            if (!factor_at(f, s, at))
                continue;
            naive_re_ends(f->rest, glc_span(s->data, s->len), s->opt.wide, 0, at, rest);
            for (size_t start = 0; start <= at; start++) {
                naive_re_ends(f->before, glc_span(s->data, s->len), s->opt.wide, 0, start, before);
                if (!before[at])
                    continue;
                if (at - start < f->before_min || at - start > f->before_max)
                    differ(s, "cover: the distance is wrong", at);
                for (size_t e = 0; e <= s->len; e++)
                    got[start][e] |= rest[e];
            }
        }
    }
    for (size_t start = 0; start <= s->len; start++)
        for (size_t e = 0; e <= s->len; e++)
            if (got[start][e] != s->end[start][e])
                differ(s, "cover: another set of matches", start);
}

static void round_of(struct subject *s, uint64_t seed)
{
    struct random r;
    make(s, seed, &r);
    struct glc_buf fwd, rev;
    glc_buf_init(&fwd, 1 << 24);
    glc_buf_init(&rev, 1 << 24);
    enum glc_err err = glc_re_compile(s->re, &s->opt, &fwd, NULL);
    s->opt.reverse = true;
    if (err == GLC_OK)
        err = glc_re_compile(s->re, &s->opt, &rev, NULL);
    s->opt.reverse = false;
    if (err != GLC_LIMIT) {
        assert_int_equal(err, GLC_OK);
        uint64_t steps = UINT64_MAX / 2;
        s->scratch = glc_re_scratch_new();
        struct glc_re_input in = { .data = glc_span(s->data, s->len),
                                   .scratch = s->scratch,
                                   .steps = &steps };
        check_at(s, &in, glc_buf_span(&fwd));
        check_reverse(s, &in, glc_buf_span(&rev));
        check_search(s, &in, glc_buf_span(&fwd));
        if (seed % 2 == 0)
            glc_re_scratch_no_simd(s->scratch);
        check_scan(s, &in, glc_buf_span(&fwd));
        if (seed % 5 == 0)
            check_long(s, &r, glc_buf_span(&fwd), glc_buf_span(&rev));
        glc_re_scratch_free(s->scratch);
        struct glc_re_cover *cover;
        uint32_t covers;
        assert_int_equal(glc_re_covers(&s->arena, s->re, NULL, NULL, &cover, &covers), GLC_OK);
        for (uint32_t i = 0; i < covers && i < 2; i++)
            if (seed % 8 == 0)
                check_cover(s, &cover[random_below(&r, covers)]);
    }
    glc_buf_done(&fwd);
    glc_buf_done(&rev);
    free(s->data);
}

static void engine_equals_naive(void **state)
{
    (void)state;
    struct subject *s = calloc(1, sizeof *s);
    assert_non_null(s);
    glc_arena_init(&s->arena, 1 << 26);
    const char *repro = getenv("REPRO");
    if (repro != NULL)
        round_of(s, strtoull(repro, NULL, 10));
    else
        for (uint64_t seed = 1; seed <= ROUNDS; seed++)
            round_of(s, seed);
    glc_arena_done(&s->arena);
    free(s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(engine_equals_naive) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
