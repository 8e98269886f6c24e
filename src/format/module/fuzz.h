/* One fuzz target a module: load it over the bytes, read every value, call every function that takes nothing.
 */
#ifndef GLC_FORMAT_MODULE_FUZZ_H
#define GLC_FORMAT_MODULE_FUZZ_H

#include "format/module/modules.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Touch every byte that a value claims to own. */
static inline uint64_t glc_fuzz_touch(const struct glc_value *v, const struct glc_field *fields)
{
    uint64_t sum = v->defined;
    if (!v->defined)
        return 0;
    if (v->type == GLC_T_STRING)
        for (size_t i = 0; i < v->u.text.len; i++)
            sum += v->u.text.ptr[i];
    if (v->type == GLC_T_STRUCT)
        for (uint32_t i = 0, n = glc_fields_count(fields); i < n; i++)
            sum += glc_fuzz_touch(&v->u.member[i], fields[i].member);
    if (v->type == GLC_T_ARRAY)
        for (uint32_t i = 0; i < v->u.array.n; i++)
            sum += glc_fuzz_touch(&v->u.array.item[i], fields);
    if (v->type == GLC_T_DICT)
        for (uint32_t i = 0; i < v->u.dict.n; i++)
            sum += glc_fuzz_touch(&v->u.dict.entry[i].value, fields) + v->u.dict.entry[i].key.len;
    return sum;
}

static inline int glc_fuzz_module(const struct glc_module *m, const uint8_t *data, size_t size)
{
    struct glc_arena arena;
    glc_arena_init(&arena, 64u << 20);
    struct glc_module_ctx ctx = { .data = { data, size }, .arena = &arena };
    struct glc_value v = glc_module_load(m, &ctx);
    uint64_t sum = v.defined ? glc_fuzz_touch(&v, m->fields) : 0;
    for (const struct glc_function *f = m->functions; v.defined && f != NULL && f->name != NULL; f++) {
        struct glc_value none = { 0 }, r = f->args[0] == '\0' ? f->call(&ctx, &v, NULL) : none;
        sum += glc_fuzz_touch(&r, NULL);
    }
    glc_arena_done(&arena);
    /* Never true; keeps the sum. */
    if (sum == UINT64_MAX)
        abort();
    return 0;
}

#endif
