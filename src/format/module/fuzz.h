/* One fuzz target a module: load it over the bytes, read every value, call every function with arguments out
 * of the same bytes. */
#ifndef GLC_FORMAT_MODULE_FUZZ_H
#define GLC_FORMAT_MODULE_FUZZ_H

#include "format/module/modules.h"

#include "base/cursor.h"

#include <stdlib.h>
#include <string.h>

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

static inline bool glc_fuzz_regex(const struct glc_module_ctx *ctx, const struct glc_regex_code *re,
                                  struct glc_span s)
{
    (void)ctx, (void)re;
    return s.len > 4 && (s.ptr[0] & 1) != 0;
}

/* Call a function, twice where it takes arguments: with the numbers and the text that stand at the file's
 * start, and with such as lie inside. `self`: the item that a function of an item is called on. */
static inline uint64_t glc_fuzz_call(const struct glc_module_ctx *ctx, const struct glc_function *f,
                                     const struct glc_value *root, struct glc_value self)
{
    uint64_t sum = 0;
    for (int round = 0; round < (f->args[0] == '\0' ? 1 : 2); round++) {
        struct glc_value arg[8] = { 0 };
        struct glc_cursor c = glc_cursor(ctx->data);
        for (size_t i = 0; i < 8 && f->args[i] != '\0'; i++) {
            int64_t n = (int64_t)glc_cursor_u64le(&c);
            switch (f->args[i]) {
            case 'o':
                arg[i] = self;
                break;
            case 's':
                arg[i].type = GLC_T_STRING;
                arg[i].u.text = round == 0 ? glc_span_sub(ctx->data, 0, (uint64_t)n & 63) : glc_span("4", 1);
                break;
            case 'f':
                arg[i].type = GLC_T_FLOAT;
                arg[i].u.real = (double)n;
                break;
            case 'r':
                arg[i].type = GLC_T_REGEX;
                break;
            default:
                arg[i].type = GLC_T_INT;
                arg[i].u.integer = round == 0 ? n : n & 0xffff;
            }
            arg[i].defined = true;
        }
        struct glc_value r = f->call(ctx, root, arg);
        sum += glc_fuzz_touch(&r, NULL);
    }
    return sum;
}

/* The item that `signatures.valid_on` is called on: the first of the array. */
static inline struct glc_value glc_fuzz_self(const struct glc_module *m, const struct glc_value *root,
                                             const char *name)
{
    for (uint32_t i = 0, n = glc_fields_count(m->fields); i < n; i++) {
        size_t len = strlen(m->fields[i].name);
        const struct glc_value *v = &root->u.member[i];
        if (strncmp(m->fields[i].name, name, len) == 0 && name[len] == '.' && v->defined && v->u.array.n != 0)
            return v->u.array.item[0];
    }
    return (struct glc_value){ 0 };
}

static inline int glc_fuzz_module(const struct glc_module *m, const uint8_t *data, size_t size)
{
    struct glc_arena arena;
    glc_arena_init(&arena, 64u << 20);
    struct glc_module_ctx ctx = { .data = { data, size }, .arena = &arena, .regex_match = glc_fuzz_regex };
    struct glc_value v = glc_module_load(m, &ctx);
    uint64_t sum = v.defined ? glc_fuzz_touch(&v, m->fields) : 0;
    for (const struct glc_function *f = m->functions; v.defined && f != NULL && f->name != NULL; f++) {
        struct glc_value self = { 0 };
        if (f->args[0] == 'o') {
            self = glc_fuzz_self(m, &v, f->name);
            if (!self.defined)
                continue;
        }
        sum += glc_fuzz_call(&ctx, f, &v, self);
    }
    glc_arena_done(&arena);
    /* Never true; keeps the sum. */
    if (sum == UINT64_MAX)
        abort();
    return 0;
}

#endif
