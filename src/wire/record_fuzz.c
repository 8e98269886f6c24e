/* The parent's decoder of what workers say: the input is a record stream. What it takes must survive another
 * trip. */
#include "wire/record.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *to, uint32_t image, uint32_t rule, const struct glc_rule_cost *cost)
{
    *(uint64_t *)to += image + rule + cost->ns;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct glc_span stream = glc_span(data, size);
    struct glc_arena a;
    glc_arena_init(&a, 64 << 20);
    struct glc_record r;
    size_t used;
    uint64_t costs = 0;
    while (glc_record_next(stream, &r, &used) == GLC_OK) {
        struct glc_result v;
        bool cut;
        if (used > stream.len)
            abort();
        glc_arena_reset(&a);
        if (r.kind == GLC_RECORD_VERDICT && glc_record_get_verdict(r.body, 2, &a, &v, &cut) == GLC_OK) {
            struct glc_buf b;
            glc_buf_init(&b, 64 << 20);
            if (glc_record_put_verdict(&b, r.id, &v)) {
                struct glc_record again;
                struct glc_result w;
                size_t n;
                if (glc_record_next(glc_buf_span(&b), &again, &n) != GLC_OK ||
                    glc_record_get_verdict(again.body, 2, &a, &w, &cut) == GLC_CORRUPT)
                    abort();
            }
            glc_buf_done(&b);
        }
        if (r.kind == GLC_RECORD_COSTS)
            (void)!glc_record_get_costs(r.body, 2, count, &costs);
        stream = glc_span_sub(stream, used, stream.len);
    }
    glc_arena_done(&a);
    return 0;
}
