/* The stack machine for conditions (match/cond_internal.h): its storage, plain operations, the loop over the
 * code. */
#include "match/cond_vm.h"

#include <stdlib.h>

struct glc_cond_scratch *glc_cond_scratch_new(void)
{
    struct glc_cond_scratch *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->slot = calloc(GLC_COND_MOST_SLOTS, sizeof *s->slot);
    s->slot_shape = calloc(GLC_COND_MOST_SLOTS, sizeof(struct glc_field *));
    if (s->slot == NULL || s->slot_shape == NULL) {
        glc_cond_scratch_free(s);
        return NULL;
    }
    return s;
}

void glc_cond_scratch_free(struct glc_cond_scratch *s)
{
    if (s == NULL)
        return;
    free(s->stack);
    free(s->shape);
    free(s->slot);
    free(s->slot_shape);
    free(s);
}

void glc_cond_layer(struct glc_cond_scratch *s)
{
    s->loaded = 0;
}

static bool do_constant(struct glc_vm *m, enum glc_cond_op op)
{
    uint64_t v;
    uint32_t i;
    struct glc_span s;
    struct glc_value r = { .defined = true };
    switch ((unsigned)op) {
    case GLC_C_BOOL:
        return glc_vm_num(m, &v) && glc_vm_push(m, glc_cond_bool(v != 0));
    case GLC_C_INT:
        return glc_vm_num(m, &v) && glc_vm_push(m, glc_cond_int((int64_t)(v >> 1 ^ (0 - (v & 1)))));
    case GLC_C_FLOAT:
        if (m->size - m->pc < 8)
            return glc_vm_fail(m, GLC_CORRUPT);
        v = glc_le64(m->code + m->pc);
        m->pc += 8;
        r.type = GLC_T_FLOAT;
        memcpy(&r.u.real, &v, sizeof v);
        return glc_vm_push(m, r);
    case GLC_C_STRING:
    case GLC_C_REGEX:
        if (!glc_vm_bytes(m, &s))
            return false;
        r.type = op == GLC_C_STRING ? GLC_T_STRING : GLC_T_REGEX;
        r.u.text = s;
        return glc_vm_push(m, r);
    case GLC_C_UNDEFINED:
        return glc_vm_small(m, GLC_T_DICT + 1, &i) && glc_vm_push(m, glc_cond_undefined((enum glc_type)i));
    case GLC_C_EXTERN:
        return glc_vm_small(m, m->env->externals, &i) && glc_vm_push(m, m->env->external[i]);
    case GLC_C_FACT:
        return glc_vm_small(m, GLC_FACTS, &i) && glc_vm_push(m, glc_cond_fact(m->env->layer, i));
    case GLC_C_VAR:
        return glc_vm_small(m, m->slots, &i) && glc_vm_push_shaped(m, m->s->slot[i], m->s->slot_shape[i]);
    case GLC_C_STORE:
        if (!glc_vm_small(m, m->slots, &i) || !glc_vm_need(m, 1))
            return false;
        m->s->slot[i] = *glc_vm_top(m, 0);
        m->s->slot_shape[i] = m->shape[m->height - 1];
        m->height--;
        return true;
    case GLC_C_READ:
        if (!glc_vm_small(m, GLC_READS_ALL, &i) || !glc_vm_need(m, 1) || !glc_vm_is_int(m, glc_vm_top(m, 0)))
            return false;
        *glc_vm_top(m, 0) = glc_cond_read(m->env->layer, i, glc_vm_top(m, 0));
        return true;
    default:
        return glc_vm_fail(m, GLC_CORRUPT);
    }
}

static bool do_matches(struct glc_vm *m, struct glc_value *a, const struct glc_value *b)
{
    if (a->type != GLC_T_STRING || b->type != GLC_T_REGEX)
        return glc_vm_fail(m, GLC_CORRUPT);
    if (!a->defined) {
        *a = glc_cond_undefined(GLC_T_BOOL);
        return true;
    }
    struct glc_re_input in = { .data = a->u.text, .scratch = m->env->re, .steps = m->env->steps };
    bool found = false;
    glc_re_scratch_begin(m->env->re);
    if (!glc_vm_asked(m, glc_re_search(&in, b->u.text, &found)))
        return false;
    *a = glc_cond_bool(found);
    return true;
}

static bool do_binary(struct glc_vm *m, enum glc_cond_op op)
{
    if (!glc_vm_need(m, 2))
        return false;
    struct glc_value *a = glc_vm_top(m, 1), *b = glc_vm_top(m, 0);
    m->height--;
    bool ok;
    if (op <= GLC_C_SHR) {
        ok = glc_cond_arith(op, a, b);
    } else if (op == GLC_C_MATCHES) {
        return do_matches(m, a, b);
    } else {
        uint64_t length = a->type == GLC_T_STRING && a->defined ? a->u.text.len : 0;
        if (!glc_re_charge(m->env->steps, length / 16))
            return glc_vm_fail(m, GLC_LIMIT);
        ok = op <= GLC_C_GE ? glc_cond_compare(op, a, b) : glc_cond_text(op, a, b);
    }
    return ok || glc_vm_fail(m, GLC_CORRUPT);
}

static bool do_jump(struct glc_vm *m, bool on)
{
    size_t to;
    if (!glc_vm_target(m, &to) || !glc_vm_need(m, 1))
        return false;
    if (glc_cond_is_true(glc_vm_top(m, 0)) == on) {
        *glc_vm_top(m, 0) = glc_cond_bool(on);
        m->pc = to;
    } else {
        m->height--;
    }
    return true;
}

static bool do_rule(struct glc_vm *m)
{
    uint32_t i;
    bool yes = false;
    return glc_vm_small(m, UINT32_MAX, &i) && glc_vm_asked(m, m->env->rule(m->env->ctx, i, &yes)) &&
           glc_vm_push(m, glc_cond_bool(yes));
}

static bool do_note(struct glc_vm *m)
{
    uint32_t i;
    if (!glc_vm_small(m, UINT32_MAX, &i) || !glc_vm_need(m, 1))
        return false;
    if (m->seen == NULL)
        return true;
    if (i >= m->notes)
        return glc_vm_fail(m, GLC_CORRUPT);
    if (m->seen[i].times++ == 0)
        m->seen[i].first = *glc_vm_top(m, 0);
    m->seen[i].last = *glc_vm_top(m, 0);
    return true;
}

static bool step(struct glc_vm *m, enum glc_cond_op op)
{
    const struct glc_value *v;
    uint32_t i;
    if (op >= GLC_C_ADD && op <= GLC_C_MATCHES && op != GLC_C_BIT_NOT)
        return do_binary(m, op);
    switch ((unsigned)op) {
    case GLC_C_TO_FLOAT:
    case GLC_C_NEG:
    case GLC_C_BIT_NOT:
    case GLC_C_NOT:
    case GLC_C_DEFINED:
    case GLC_C_TO_BOOL:
        return glc_vm_need(m, 1) && (glc_cond_unary(op, glc_vm_top(m, 0)) || glc_vm_fail(m, GLC_CORRUPT));
    case GLC_C_TRUTH:
        if (!glc_vm_need(m, 1))
            return false;
        *glc_vm_top(m, 0) = glc_cond_bool(glc_cond_is_true(glc_vm_top(m, 0)));
        return true;
    case GLC_C_AND_JUMP:
    case GLC_C_OR_JUMP:
        return do_jump(m, op == GLC_C_OR_JUMP);
    case GLC_C_FOUND:
    case GLC_C_FOUND_AT:
    case GLC_C_FOUND_IN:
    case GLC_C_COUNT:
    case GLC_C_COUNT_IN:
    case GLC_C_OFFSET:
    case GLC_C_LENGTH:
        return glc_vm_occurrence(m, op);
    case GLC_C_OF:
        return glc_vm_of(m);
    case GLC_C_LOOP:
        return glc_vm_loop(m);
    case GLC_C_NEXT:
    case GLC_C_VOTE:
        return glc_vm_next(m, op == GLC_C_VOTE);
    case GLC_C_RULE:
        return do_rule(m);
    case GLC_C_MODULE:
        return glc_vm_small(m, GLC_VM_MOST_MODULES, &i) && glc_vm_module(m, i, &v) &&
               glc_vm_push_shaped(m, *v, m->env->layer->modules->module[i]->fields);
    case GLC_C_MEMBER:
    case GLC_C_INDEX:
    case GLC_C_LOOKUP:
        return glc_vm_member(m, op);
    case GLC_C_CALL:
        return glc_vm_call(m);
    case GLC_C_SIZE:
        return glc_vm_size(m);
    case GLC_C_CLAM_LEAF:
    case GLC_C_CLAM_AND:
    case GLC_C_CLAM_OR:
    case GLC_C_CLAM_TEST:
    case GLC_C_CLAM_BOOL:
        return glc_vm_clam(m, op);
    case GLC_C_CLAM_SKIP:
        return glc_vm_clam_skip(m);
    case GLC_C_CLAM_ONE:
        return glc_vm_clam_one(m);
    case GLC_C_NOTE:
        return do_note(m);
    default:
        return do_constant(m, op);
    }
}

enum glc_err glc_vm_open(struct glc_vm *m, struct glc_cond_scratch *s, struct glc_span code,
                         const struct glc_cond_env *env, uint32_t *notes)
{
    *m = (struct glc_vm){ .s = s, .env = env, .code = code.ptr };
    if (code.len < GLC_COND_HEADER || code.ptr[0] != GLC_COND_MAGIC)
        return GLC_CORRUPT;
    m->slots = glc_le16(code.ptr + 2);
    m->size = glc_le32(code.ptr + 4);
    m->most = glc_le32(code.ptr + 8);
    *notes = glc_le32(code.ptr + 12);
    if (m->size > code.len || m->size < GLC_COND_HEADER || m->slots > GLC_COND_MOST_SLOTS ||
        m->most > GLC_COND_MOST_STACK || *notes > m->size)
        return GLC_CORRUPT;
    if (m->most > s->room) {
        uint32_t room = m->most < 64 ? 64 : m->most;
        struct glc_value *p = realloc(s->stack, room * sizeof *p);
        if (p != NULL)
            s->stack = p;
        const struct glc_field **shape = realloc(s->shape, room * sizeof(struct glc_field *));
        if (shape != NULL)
            s->shape = shape;
        if (p == NULL || shape == NULL)
            return GLC_NOMEM;
        s->room = room;
    }
    m->stack = s->stack;
    m->shape = s->shape;
    m->pc = GLC_COND_HEADER;
    if (m->slots != 0)
        memset(s->slot, 0, m->slots * sizeof *s->slot);
    return GLC_OK;
}

enum glc_err glc_vm_run(struct glc_vm *m, bool *out)
{
    for (;;) {
        if (m->pc >= m->size || m->code[m->pc] >= GLC_C_OPS)
            return GLC_CORRUPT;
        enum glc_cond_op op = (enum glc_cond_op)m->code[m->pc++];
        if (op == GLC_C_END)
            break;
        if (!glc_re_charge(m->env->steps, 1))
            return GLC_LIMIT;
        if (!step(m, op))
            return m->err;
    }
    if (m->height != 1 || m->frames != 0)
        return GLC_CORRUPT;
    *out = glc_cond_is_true(glc_vm_top(m, 0));
    return GLC_OK;
}

enum glc_err glc_cond_eval(struct glc_cond_scratch *s, struct glc_span code, const struct glc_cond_env *env,
                           bool *out)
{
    struct glc_vm m;
    uint32_t notes;
    enum glc_err err = glc_vm_open(&m, s, code, env, &notes);
    return err != GLC_OK ? err : glc_vm_run(&m, out);
}
