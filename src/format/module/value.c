#include "format/module/value.h"

#include "base/hex.h"

struct glc_value *glc_value_members(struct glc_arena *a, const struct glc_field *fields)
{
    uint32_t n = glc_fields_count(fields);
    struct glc_value *member = glc_arena_array(a, n, sizeof *member);
    for (uint32_t i = 0; member != NULL && i < n; i++)
        member[i].type = fields[i].type;
    return member;
}

bool glc_values_add(struct glc_arena *a, struct glc_values *to, struct glc_value v)
{
    struct glc_value *at = to->n < UINT32_MAX ? glc_arena_push(a, &to->item, &to->n, sizeof *at) : NULL;
    if (at == NULL)
        return false;
    *at = v;
    return true;
}

struct glc_value *glc_values_add_struct(struct glc_arena *a, struct glc_values *to,
                                        const struct glc_field *fields)
{
    struct glc_value *member = glc_value_members(a, fields);
    return member != NULL && glc_values_add(a, to, glc_value_struct(member)) ? member : NULL;
}

bool glc_value_range(const struct glc_module_ctx *ctx, const struct glc_value *args, struct glc_span *out)
{
    int64_t off = args[0].u.integer, len = args[1].u.integer;
    if (off < 0 || len < 0 || (uint64_t)off >= ctx->data.len)
        return false;
    *out = glc_span_sub(ctx->data, (uint64_t)off, (uint64_t)len);
    return true;
}

char *glc_value_hex(struct glc_arena *a, struct glc_span s)
{
    char *text = glc_arena_alloc(a, 2 * s.len + 1);
    if (text != NULL)
        glc_hex_encode(s, text);
    return text;
}
