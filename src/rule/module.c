#include "rule/module.h"

uint32_t glc_fields_count(const struct glc_field *fields)
{
    uint32_t n = 0;
    while (fields != NULL && fields[n].name != NULL && !fields[n].constant)
        n++;
    return n;
}

struct glc_value glc_module_load(const struct glc_module *m, const struct glc_module_ctx *ctx)
{
    struct glc_value v = { .type = GLC_T_STRUCT };
    struct glc_value *member = glc_arena_array(ctx->arena, glc_fields_count(m->fields), sizeof *member);
    if (member == NULL)
        return v;
    v.defined = true;
    v.u.member = member;
    for (uint32_t i = 0, n = glc_fields_count(m->fields); i < n; i++)
        member[i].type = m->fields[i].type;
    if (m->load != NULL)
        m->load(ctx, member, &v.u.own);
    return v;
}

uint32_t glc_modules_find(const struct glc_modules *all, struct glc_span name, const char *dialect)
{
    uint32_t found = UINT32_MAX;
    for (uint32_t i = 0; i < all->n; i++) {
        const char *of = all->module[i]->dialect;
        if (!glc_span_is(name, all->module[i]->name))
            continue;
        if (of != NULL && dialect != NULL && strcmp(of, dialect) == 0)
            return i;
        if (of == NULL)
            found = i;
    }
    return found;
}

static uint32_t count_functions(const struct glc_module *m)
{
    uint32_t n = 0;
    while (m->functions != NULL && m->functions[n].name != NULL)
        n++;
    return n;
}

uint32_t glc_modules_function_base(const struct glc_modules *all, uint32_t module)
{
    uint32_t base = 0;
    for (uint32_t i = 0; i < module && i < all->n; i++)
        base += count_functions(all->module[i]);
    return base;
}

const struct glc_function *glc_modules_function(const struct glc_modules *all, uint32_t flat,
                                                uint32_t *module)
{
    for (uint32_t i = 0; i < all->n; i++) {
        uint32_t n = count_functions(all->module[i]);
        if (flat < n) {
            *module = i;
            return &all->module[i]->functions[flat];
        }
        flat -= n;
    }
    return NULL;
}

/* FNV-1a, 64 bits. */
static uint64_t mix(uint64_t h, const void *p, size_t n)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++)
        h = (h ^ b[i]) * 0x100000001b3u;
    return h;
}

static uint64_t mix_fields(uint64_t h, const struct glc_field *f)
{
    for (; f != NULL && f->name != NULL; f++) {
        h = mix(h, f->name, strlen(f->name) + 1);
        h = mix(h, (uint8_t[]){ (uint8_t)f->type, (uint8_t)f->item, f->constant }, 3);
        if (f->constant)
            continue; /* folded by the front end: its value is no part of the layout */
        if (f->member != NULL)
            h = mix_fields(h, f->member);
    }
    return mix(h, "", 1);
}

uint64_t glc_modules_fingerprint(const struct glc_modules *all)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (uint32_t i = 0; i < all->n; i++) {
        const struct glc_module *m = all->module[i];
        h = mix(h, m->name, strlen(m->name) + 1);
        if (m->dialect != NULL)
            h = mix(h, m->dialect, strlen(m->dialect) + 1);
        h = mix_fields(h, m->fields);
        for (uint32_t k = 0; k < count_functions(m); k++) {
            h = mix(h, m->functions[k].name, strlen(m->functions[k].name) + 1);
            h = mix(h, m->functions[k].args, strlen(m->functions[k].args) + 1);
            h = mix(h, (uint8_t[]){ (uint8_t)m->functions[k].result }, 1);
        }
    }
    return h;
}
