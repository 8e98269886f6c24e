/* Damaged code of regular expressions. The first eight bytes choose a random tree, which is compiled; pairs
 * of bytes after them change the code; what follows a zero pair is the text that it is run over.
 *
 * The flat automaton is made of forward code, of one variant and of two. Whatever the code: starts are in
 * range, fall, and are as many as it counts. Of code that was left whole they are the ones that the naive
 * matcher and the walk by levels find. */
#include <stdlib.h>

#include "base/cursor.h"
#include "compile/re_compile.h"
#include "match/re.h"
#include "match/re_scan.h"
#include "naive_re.h"
#include "random_re.h"

enum { NAIVE = 48 /* bytes of text, at most, for the slow matcher */ };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool stop(void *to, uint64_t pos)
{
    uint64_t *left = to;
    if (pos > 1 << 20)
        abort();
    return (*left)-- != 0;
}

static void run(struct glc_re_scratch *scratch, struct glc_span code, struct glc_span text)
{
    uint64_t steps = 20000, end = 0, left = 100;
    bool found;
    struct glc_re_input in = { .data = text, .scratch = scratch, .steps = &steps };
    for (uint64_t at = 0; at <= text.len && at < 20; at++)
        for (int extent = 0; extent < 2; extent++)
            if (glc_re_at(&in, code, at, extent ? GLC_LONGEST : GLC_SHORTEST, &found, &end) == GLC_OK &&
                found && end > text.len)
                abort();
    (void)!glc_re_all(&in, code, text.len / 2, stop, &left);
    (void)!glc_re_starts(&in, code, 0, text.len, stop, &left);
    (void)!glc_re_search(&in, code, &found);
}

struct starts {
    uint64_t n, last, within;
    uint8_t at[NAIVE]; /* 1: named */
};

static bool take(void *to, uint64_t start)
{
    struct starts *l = to;
    if (start >= l->within || start >= l->last)
        abort();
    l->last = start;
    l->n++;
    if (start < NAIVE)
        l->at[start] = 1;
    return true;
}

static struct starts none(struct glc_span text)
{
    return (struct starts){ .last = UINT64_MAX, .within = text.len + 1 };
}

/* False: refused, or given up. */
static bool scan(const struct glc_re_input *in, const struct glc_span *code, uint32_t codes, struct starts *l,
                 bool *exact)
{
    struct glc_re_scan *d;
    uint64_t n = 0, counted = 0;
    bool done = false;
    *l = none(in->data);
    if (glc_re_scan_open(in->scratch, code, codes, &d) != GLC_OK || d == NULL)
        return false;
    *exact = glc_re_scan_is_exact(d);
    if (glc_re_scan_starts(d, in, 0, in->data.len, UINT64_MAX, take, l, &n, &done) != GLC_OK || !done)
        return false;
    if (n != l->n)
        abort();
    if (glc_re_scan_starts(d, in, 0, in->data.len, UINT64_MAX, NULL, NULL, &counted, &done) == GLC_OK &&
        done && counted != n)
        abort();
    struct starts part = none(in->data);
    uint64_t from = in->data.len / 3, upto = in->data.len - from;
    part.within = upto;
    (void)!glc_re_scan_starts(d, in, from, upto, 3, take, &part, &n, &done);
    return true;
}

static void check_damaged(struct glc_re_scratch *scratch, struct glc_span code, struct glc_span other,
                          struct glc_span text)
{
    uint64_t steps = 100000;
    struct glc_re_input in = { .data = text, .scratch = scratch, .steps = &steps };
    struct starts l;
    bool exact;
    (void)scan(&in, &code, 1, &l, &exact);
    (void)scan(&in, (struct glc_span[]){ other, code }, 2, &l, &exact);
}

static void check_whole(struct glc_re_scratch *scratch, const struct glc_re *re, bool wide,
                        struct glc_span fwd, struct glc_span rev, struct glc_span text)
{
    uint64_t steps = UINT64_MAX / 2;
    struct glc_re_input in = { .data = text, .scratch = scratch, .steps = &steps };
    struct starts flat, levels = none(text);
    bool exact;
    if (scan(&in, &fwd, 1, &flat, &exact)) {
        if (glc_re_starts(&in, rev, 0, text.len, take, &levels) != GLC_OK)
            abort();
        for (size_t at = 0; at < text.len; at++) {
            bool end[NAIVE + 1] = { false }, any = false;
            naive_re_ends(re, text, wide, 0, at, end);
            for (size_t e = at + 1; e <= text.len; e++)
                any |= end[e];
            if ((any && !flat.at[at]) || (exact && !any && flat.at[at]) || (any && !levels.at[at]))
                abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct glc_arena arena;
    glc_arena_init(&arena, 1 << 24);
    struct glc_cursor c = glc_cursor(glc_span(data, size));
    struct random r = { .state = glc_cursor_u64le(&c) };
    struct random_shape shape = { .asserts = random_below(&r, 2) == 0,
                                  .gaps = random_below(&r, 2) == 0,
                                  .depth = 1 + random_below(&r, 4) };
    struct glc_re_options opt = { .reverse = random_below(&r, 2) == 0, .wide = random_below(&r, 4) == 0 };
    struct glc_buf out;
    glc_buf_init(&out, 1 << 22);
    struct glc_re *re = random_re(&r, &arena, &shape);
    if (re != NULL && glc_re_compile(re, &opt, &out, NULL) == GLC_OK) {
        bool whole = true;
        struct glc_re_options back = opt;
        back.reverse = !opt.reverse;
        struct glc_buf other;
        glc_buf_init(&other, 1 << 22);
        if (glc_re_compile(re, &back, &other, NULL) != GLC_OK)
            other.len = 0;
        for (;;) {
            uint8_t at = glc_cursor_u8(&c), by = glc_cursor_u8(&c);
            if (!glc_cursor_ok(&c) || (at == 0 && by == 0))
                break;
            out.ptr[at % out.len] ^= by;
            whole &= by == 0;
        }
        /* Of exactly their sizes, for the sanitizer. */
        size_t left = glc_cursor_ok(&c) ? glc_cursor_left(&c) : 0;
        uint8_t *code = malloc(out.len), *text = malloc(left + (left == 0));
        struct glc_re_scratch *scratch = glc_re_scratch_new();
        if (code != NULL && text != NULL && scratch != NULL) {
            memcpy(code, out.ptr, out.len);
            if (left != 0)
                memcpy(text, data + size - left, left);
            struct glc_span own = glc_span(code, out.len), back_code = glc_buf_span(&other);
            run(scratch, own, glc_span(text, left));
            glc_re_scratch_begin(scratch);
            check_damaged(scratch, own, back_code, glc_span(text, left));
            glc_re_scratch_begin(scratch);
            if (whole && other.len != 0)
                check_whole(scratch, re, opt.wide, opt.reverse ? back_code : own,
                            opt.reverse ? own : back_code, glc_span(text, left < NAIVE ? left : NAIVE));
        }
        glc_re_scratch_free(scratch);
        free(code);
        free(text);
        glc_buf_done(&other);
    }
    glc_buf_done(&out);
    glc_arena_done(&arena);
    return 0;
}
