/* Damaged code of regular expressions. The first eight bytes choose a random tree, which is compiled; pairs
 * of bytes after them change the code; what follows a zero pair is the text that it is run over. */
#include <stdlib.h>

#include "base/cursor.h"
#include "compile/re_compile.h"
#include "match/re.h"
#include "random_re.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool stop(void *to, uint64_t pos)
{
    uint64_t *left = to;
    if (pos > 1 << 20)
        abort();
    return (*left)-- != 0;
}

static void run(struct glc_span code, struct glc_span text)
{
    struct glc_re_scratch *scratch = glc_re_scratch_new();
    if (scratch == NULL)
        return;
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
    glc_re_scratch_free(scratch);
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
        for (;;) {
            uint8_t at = glc_cursor_u8(&c), by = glc_cursor_u8(&c);
            if (!glc_cursor_ok(&c) || (at == 0 && by == 0))
                break;
            out.ptr[at % out.len] ^= by;
        }
        /* Of exactly their sizes, for the sanitizer. */
        size_t left = glc_cursor_ok(&c) ? glc_cursor_left(&c) : 0;
        uint8_t *code = malloc(out.len), *text = malloc(left + (left == 0));
        if (code != NULL && text != NULL) {
            memcpy(code, out.ptr, out.len);
            if (left != 0)
                memcpy(text, data + size - left, left);
            run(glc_span(code, out.len), glc_span(text, left));
        }
        free(code);
        free(text);
    }
    glc_buf_done(&out);
    glc_arena_done(&arena);
    return 0;
}
