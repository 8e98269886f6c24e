/* A sandbox's report as bytes: parsed, and every function of the module asked about it. */
#include "format/module/cuckoo.h"
#include "format/module/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct glc_cuckoo *report = glc_cuckoo_new(glc_span(data, size));
    if (report == NULL)
        return 0;
    struct glc_arena arena;
    glc_arena_init(&arena, 1u << 20);
    struct glc_module_ctx ctx = {
        .data = { data, size }, .arena = &arena, .regex_match = glc_fuzz_regex, .cuckoo = report
    };
    struct glc_value v = glc_module_load(&glc_cuckoo_module, &ctx);
    uint64_t sum = 0;
    for (const struct glc_function *f = glc_cuckoo_module.functions; v.defined && f->name != NULL; f++)
        sum += glc_fuzz_call(&ctx, f, &v, v);
    glc_arena_done(&arena);
    glc_cuckoo_free(report);
    /* Never true; keeps the sum. */
    if (sum == UINT64_MAX)
        abort();
    return 0;
}
