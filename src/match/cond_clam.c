/* Conditions: ClamAV's counts, two values each (match/cond_internal.h). */
#include "match/cond_vm.h"

bool glc_vm_clam_skip(struct glc_vm *m)
{
    size_t to;
    if (!glc_vm_target(m, &to) || !glc_vm_need(m, 1))
        return false;
    bool on = glc_cond_is_true(glc_vm_top(m, 0));
    m->height--;
    if (on)
        return true;
    m->pc = to;
    return glc_vm_push(m, glc_cond_undefined(GLC_T_INT)) && glc_vm_push(m, glc_cond_int(0));
}

bool glc_vm_clam_one(struct glc_vm *m)
{
    uint32_t bit;
    if (!glc_vm_small(m, 64, &bit) || !glc_vm_need(m, 1))
        return false;
    struct glc_value one = glc_cond_int(1);
    one.defined = glc_cond_is_true(glc_vm_top(m, 0));
    *glc_vm_top(m, 0) = one;
    return glc_vm_push(m, glc_cond_int(one.defined ? (int64_t)((uint64_t)1 << bit) : 0));
}

bool glc_vm_clam(struct glc_vm *m, enum glc_cond_op op)
{
    uint32_t p, n, cmp, distinct;
    uint64_t count = 0, x;
    if (op == GLC_C_CLAM_LEAF) {
        if (!glc_vm_pattern(m, &p) || !glc_vm_asked(m, m->env->count(m->env->ctx, p, UINT64_MAX, &count)))
            return false;
        struct glc_value v = glc_cond_int((int64_t)count);
        v.defined = count != 0;
        return glc_vm_push(m, v) &&
               glc_vm_push(m, glc_cond_int((int64_t)(count != 0 ? (uint64_t)1 << (p & 63) : 0)));
    }
    if (op == GLC_C_CLAM_AND || op == GLC_C_CLAM_OR) {
        if (!glc_vm_small(m, GLC_VM_MOST_PATTERN, &n) || n == 0 || !glc_vm_need(m, 2 * n))
            return glc_vm_fail(m, GLC_CORRUPT);
        const struct glc_value *v = glc_vm_top(m, 2 * n - 1);
        bool all = true, any = false;
        uint64_t sum = 0, mask = 0;
        for (uint32_t i = 0; i < n; i++, v += 2) {
            all = all && v->defined;
            any = any || v->defined;
            sum += v->defined ? (uint64_t)v->u.integer : 0;
            mask |= v->defined ? (uint64_t)v[1].u.integer : 0;
        }
        m->height -= 2 * n;
        struct glc_value r = glc_cond_int((int64_t)sum);
        r.defined = op == GLC_C_CLAM_AND ? all : any;
        return glc_vm_push(m, r) && glc_vm_push(m, glc_cond_int(r.defined ? (int64_t)mask : 0));
    }
    if (op == GLC_C_CLAM_TEST && (!glc_vm_small(m, GLC_CMP_LT + 1, &cmp) || !glc_vm_num(m, &x) ||
                                  !glc_vm_small(m, UINT32_MAX, &distinct)))
        return false;
    if (!glc_vm_need(m, 2))
        return false;
    struct glc_value *v = glc_vm_top(m, 1);
    if (op == GLC_C_CLAM_BOOL) {
        m->height--;
        *v = glc_cond_bool(v->defined);
        return true;
    }
    count = v->defined ? (uint64_t)v->u.integer : 0;
    bool holds = cmp == GLC_CMP_EQ ? count == x : cmp == GLC_CMP_GT ? count > x : count < x;
    int seen = v->defined ? __builtin_popcountll((uint64_t)v[1].u.integer) : 0;
    bool pass = holds && (uint32_t)seen >= distinct;
    if (pass && !v->defined)
        v->u.integer = v[1].u.integer = 0;
    v->defined = pass;
    return true;
}
