/* Hives from any bytes: two levels of keys, and values of each. */
#include "audit/regf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct glc_regf *h;
    struct glc_buf text;
    int depth;
};

static void each(void *ctx, const char *name, uint32_t child)
{
    struct run *r = ctx;
    struct glc_error err;
    (void)glc_regf_string(r->h, child, name, &r->text, &err);
    if (r->depth < 2) {
        r->depth++;
        (void)!glc_regf_each(r->h, child, each, r, &err);
        r->depth--;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct glc_regf h;
    struct glc_error err;
    if (glc_regf_init(glc_span(data, size), &h, &err) != GLC_OK)
        return 0;
    h.visits = 4096;
    struct run r = { .h = &h };
    glc_buf_init(&r.text, 65536);
    (void)!glc_regf_each(&h, h.root, each, &r, &err);
    glc_buf_done(&r.text);
    return 0;
}
