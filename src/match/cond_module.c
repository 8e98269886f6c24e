/* Conditions: what is asked of modules. */
#include "match/cond_vm.h"

enum { MOST_ARGS = 16 };

static bool regex_match(const struct glc_module_ctx *ctx, const struct glc_regex_code *re, struct glc_span s)
{
    struct glc_vm *m = ctx->regex_to;
    struct glc_re_input in = { .data = s, .scratch = m->env->re, .steps = m->env->steps };
    bool found = false;
    glc_re_scratch_begin(m->env->re); /* a module may make strings one after another in the same place */
    if (m->err == GLC_OK && s.len != 0)
        (void)glc_vm_asked(m, glc_re_search(&in, re->code, &found));
    return found;
}

static struct glc_module_ctx module_ctx(struct glc_vm *m)
{
    return (struct glc_module_ctx){ .data = m->env->layer->data,
                                    .arena = m->env->layer->arena,
                                    .layer = m->env->layer,
                                    .now = m->env->now,
                                    .magic = m->env->layer->magic,
                                    .cuckoo = m->env->layer->cuckoo,
                                    .regex_match = regex_match,
                                    .regex_to = m,
                                    .console = m->env->console,
                                    .console_to = m->env->console_to };
}

bool glc_vm_module(struct glc_vm *m, uint32_t i, const struct glc_value **out)
{
    const struct glc_modules *all = m->env->layer->modules;
    if (all == NULL || i >= all->n || i >= GLC_VM_MOST_MODULES)
        return glc_vm_fail(m, GLC_CORRUPT);
    if ((m->s->loaded >> i & 1) == 0) {
        struct glc_module_ctx ctx = module_ctx(m);
        m->s->module[i] = glc_module_load(all->module[i], &ctx);
        m->s->loaded |= UINT64_C(1) << i;
    }
    *out = &m->s->module[i];
    return true;
}

static bool type_fits(char letter, const struct glc_value *v)
{
    switch (letter) {
    case 'i':
        return v->type == GLC_T_INT;
    case 'f':
        return v->type == GLC_T_FLOAT;
    case 's':
        return v->type == GLC_T_STRING;
    case 'r':
        return v->type == GLC_T_REGEX;
    case 'b':
        return v->type == GLC_T_BOOL;
    case 'o':
        return v->type == GLC_T_STRUCT;
    default:
        return false;
    }
}

bool glc_vm_call(struct glc_vm *m)
{
    uint32_t index, n, type, module;
    if (!glc_vm_small(m, UINT32_MAX, &index) || !glc_vm_small(m, MOST_ARGS + 1, &n) ||
        !glc_vm_small(m, GLC_T_DICT + 1, &type) || !glc_vm_need(m, n))
        return false;
    const struct glc_modules *all = m->env->layer->modules;
    const struct glc_function *fn = all != NULL ? glc_modules_function(all, index, &module) : NULL;
    if (fn == NULL || strlen(fn->args) != n || fn->result != (enum glc_type)type)
        return glc_vm_fail(m, GLC_CORRUPT);
    struct glc_value *args = m->stack + (m->height - n), result = glc_cond_undefined((enum glc_type)type);
    struct glc_regex_code code[MOST_ARGS];
    const struct glc_value *root;
    bool defined = true;
    for (uint32_t i = 0; i < n; i++) {
        if (!type_fits(fn->args[i], &args[i]))
            return glc_vm_fail(m, GLC_CORRUPT);
        defined = defined && args[i].defined;
        if (args[i].type == GLC_T_REGEX) {
            code[i].code = args[i].u.text;
            args[i].u.regex = &code[i];
        }
    }
    if (!glc_vm_module(m, module, &root))
        return false;
    if (defined) {
        struct glc_module_ctx ctx = module_ctx(m);
        if (!glc_re_charge(m->env->steps, 16))
            return glc_vm_fail(m, GLC_LIMIT);
        result = fn->call(&ctx, root, args);
        if (m->err != GLC_OK)
            return false;
        if (result.type != (enum glc_type)type)
            result = glc_cond_undefined((enum glc_type)type);
    }
    m->height -= n;
    return glc_vm_push(m, result);
}

/* The field of that number; NULL: there is none. */
static const struct glc_field *field_of(const struct glc_field *f, uint32_t index)
{
    for (uint32_t i = 0; f != NULL && f->name != NULL && !f->constant; i++, f++)
        if (i == index)
            return f;
    return NULL;
}

bool glc_vm_member(struct glc_vm *m, enum glc_cond_op op)
{
    uint32_t index = 0, type;
    uint32_t operands = op == GLC_C_MEMBER ? 1 : 2;
    if ((op == GLC_C_MEMBER && !glc_vm_small(m, 1 << 16, &index)) ||
        !glc_vm_small(m, GLC_T_DICT + 1, &type) || !glc_vm_need(m, operands))
        return false;
    struct glc_value *of = glc_vm_top(m, operands - 1), *key = glc_vm_top(m, 0),
                     r = glc_cond_undefined((enum glc_type)type);
    static const enum glc_type kind[] = { GLC_T_STRUCT, GLC_T_ARRAY, GLC_T_DICT };
    if (of->type != kind[op - GLC_C_MEMBER] ||
        (op != GLC_C_MEMBER && key->type != (op == GLC_C_INDEX ? GLC_T_INT : GLC_T_STRING)))
        return glc_vm_fail(m, GLC_CORRUPT);
    const struct glc_field *shape = m->shape[m->height - operands];
    if (op == GLC_C_MEMBER && of->defined) {
        const struct glc_field *field = field_of(shape, index);
        if (field == NULL || of->u.member == NULL)
            return glc_vm_fail(m, GLC_CORRUPT);
        r = of->u.member[index];
        shape = field->member;
    } else if (of->defined && op == GLC_C_INDEX) {
        if (key->defined && key->u.integer >= 0 && (uint64_t)key->u.integer < of->u.array.n)
            r = of->u.array.item[key->u.integer];
    } else if (of->defined && op == GLC_C_LOOKUP && key->defined) {
        uint32_t lo = 0, hi = of->u.dict.n;
        while (lo < hi) {
            uint32_t mid = lo + (hi - lo) / 2;
            struct glc_span k = of->u.dict.entry[mid].key, want = key->u.text;
            size_t n = k.len < want.len ? k.len : want.len;
            int order = n != 0 ? memcmp(k.ptr, want.ptr, n) : 0;
            if (order == 0)
                order = k.len < want.len ? -1 : k.len > want.len;
            if (order == 0) {
                r = of->u.dict.entry[mid].value;
                break;
            }
            if (order < 0)
                lo = mid + 1;
            else
                hi = mid;
        }
    }
    m->height -= operands;
    return glc_vm_push_shaped(m, r.type == (enum glc_type)type ? r : glc_cond_undefined((enum glc_type)type),
                              shape);
}

bool glc_vm_size(struct glc_vm *m)
{
    uint32_t strict;
    if (!glc_vm_small(m, 2, &strict) || !glc_vm_need(m, 1))
        return false;
    struct glc_value *v = glc_vm_top(m, 0);
    if (v->type != GLC_T_ARRAY && v->type != GLC_T_DICT)
        return glc_vm_fail(m, GLC_CORRUPT);
    struct glc_value n = glc_cond_int(v->type == GLC_T_ARRAY ? v->u.array.n : v->u.dict.n);
    if (!v->defined)
        n = strict != 0 ? glc_cond_undefined(GLC_T_INT) : glc_cond_int(0);
    *v = n;
    m->shape[m->height - 1] = NULL;
    return true;
}
