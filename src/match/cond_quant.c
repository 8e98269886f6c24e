/* Conditions: occurrences of strings, quantifiers over sets, loops. */
#include "match/cond_vm.h"

#include "match/match.h"

bool glc_vm_pattern(struct glc_vm *m, uint32_t *out)
{
    uint32_t p;
    if (!glc_vm_small(m, GLC_VM_MOST_PATTERN, &p))
        return false;
    if (p != 0) {
        *out = p - 1;
        return true;
    }
    for (uint32_t i = m->frames; i-- > 0;) {
        if (m->s->frame[i].kind == GLC_LOOP_OF) {
            *out = m->s->frame[i].current;
            return true;
        }
    }
    return glc_vm_fail(m, GLC_CORRUPT);
}

/* The range of two values: false in *some where nothing can lie in it. */
static void range(const struct glc_value *lo, const struct glc_value *hi, uint64_t *first, uint64_t *last,
                  bool *some)
{
    *some = hi->u.integer >= 0 && lo->u.integer <= hi->u.integer;
    *first = lo->u.integer < 0 ? 0 : (uint64_t)lo->u.integer;
    *last = *some ? (uint64_t)hi->u.integer : 0;
}

static bool found_at(struct glc_vm *m, uint32_t p, const struct glc_value *at, bool *yes)
{
    *yes = false;
    if (!at->defined || at->u.integer < 0)
        return true;
    return glc_vm_asked(m, m->env->found_at(m->env->ctx, p, (uint64_t)at->u.integer, yes));
}

static bool count_in(struct glc_vm *m, uint32_t p, uint64_t first, uint64_t last, uint64_t *out)
{
    const struct glc_occurrence *o;
    uint64_t n;
    if (!glc_vm_asked(m, m->env->list(m->env->ctx, p, false, &o, &n)))
        return false;
    uint64_t from = glc_occurrence_from(o, n, first);
    *out = last == UINT64_MAX ? n - from : glc_occurrence_from(o, n, last + 1) - from;
    return true;
}

static bool do_found_in(struct glc_vm *m, bool count)
{
    uint32_t p;
    if (!glc_vm_pattern(m, &p) || !glc_vm_need(m, 2))
        return false;
    struct glc_value *lo = glc_vm_top(m, 1), *hi = glc_vm_top(m, 0);
    if (!glc_vm_is_int(m, lo) || !glc_vm_is_int(m, hi))
        return false;
    m->height--;
    if (!lo->defined || !hi->defined) {
        *lo = glc_cond_undefined(count ? GLC_T_INT : GLC_T_BOOL);
        return true;
    }
    uint64_t first, last, n = 0;
    bool some, yes = false;
    range(lo, hi, &first, &last, &some);
    if (some && count && !count_in(m, p, first, last, &n))
        return false;
    if (some && !count && !glc_vm_asked(m, m->env->found_in(m->env->ctx, p, first, last, &yes)))
        return false;
    *lo = count ? glc_cond_int((int64_t)n) : glc_cond_bool(yes);
    return true;
}

static bool do_nth(struct glc_vm *m, bool length)
{
    uint32_t p;
    if (!glc_vm_pattern(m, &p) || !glc_vm_need(m, 1) || !glc_vm_is_int(m, glc_vm_top(m, 0)))
        return false;
    struct glc_value *v = glc_vm_top(m, 0);
    if (!v->defined || v->u.integer < 1) {
        *v = glc_cond_undefined(GLC_T_INT);
        return true;
    }
    const struct glc_occurrence *o;
    uint64_t n, i = (uint64_t)v->u.integer;
    if (!glc_vm_asked(m, m->env->list(m->env->ctx, p, length, &o, &n)))
        return false;
    *v = i > n ? glc_cond_undefined(GLC_T_INT)
               : glc_cond_int((int64_t)(length ? o[i - 1].length : o[i - 1].offset));
    return true;
}

bool glc_vm_occurrence(struct glc_vm *m, enum glc_cond_op op)
{
    uint32_t p;
    bool yes = false;
    uint64_t n = 0, enough;
    switch ((unsigned)op) {
    case GLC_C_FOUND:
        return glc_vm_pattern(m, &p) && glc_vm_asked(m, m->env->found(m->env->ctx, p, &yes)) &&
               glc_vm_push(m, glc_cond_bool(yes));
    case GLC_C_FOUND_AT:
        if (!glc_vm_pattern(m, &p) || !glc_vm_need(m, 1) || !glc_vm_is_int(m, glc_vm_top(m, 0)) ||
            !found_at(m, p, glc_vm_top(m, 0), &yes))
            return false;
        *glc_vm_top(m, 0) = glc_cond_bool(yes);
        return true;
    case GLC_C_COUNT:
        if (!glc_vm_pattern(m, &p) || !glc_vm_num(m, &enough))
            return false;
        if (enough == 0)
            enough = UINT64_MAX;
        return glc_vm_asked(m, m->env->count(m->env->ctx, p, enough, &n)) &&
               glc_vm_push(m, glc_cond_int((int64_t)n));
    case GLC_C_FOUND_IN:
    case GLC_C_COUNT_IN:
        return do_found_in(m, op == GLC_C_COUNT_IN);
    default:
        return do_nth(m, op == GLC_C_LENGTH);
    }
}

/* Quantifiers. An undefined number stands for all of them, as in YARA. */

static void set_need(enum glc_quant *quant, const struct glc_value *number, uint64_t total, int64_t *out)
{
    if (*quant == GLC_Q_NUMBER && !number->defined)
        *quant = GLC_Q_ALL;
    *out = number->u.integer;
    if (*quant != GLC_Q_PERCENT)
        return;
    /* Rounded up; what is no percentage cannot hold. */
    bool sane = number->defined && number->u.integer >= 0 && number->u.integer <= 100;
    *out = sane ? (int64_t)((total * (uint64_t)number->u.integer + 99) / 100) : INT64_MAX;
}

/* Is it known after `done` of `total`, `yes` of them true? The answer in *result. */
static bool decided(enum glc_quant quant, int64_t need_, uint64_t total, uint64_t done, uint64_t yes,
                    bool *result)
{
    bool end = done == total;
    switch (quant) {
    case GLC_Q_ALL:
        *result = yes == total;
        return end || yes != done;
    case GLC_Q_ANY:
        *result = yes != 0;
        return end || yes != 0;
    case GLC_Q_NONE:
        *result = yes == 0;
        return end || yes != 0;
    case GLC_Q_NUMBER:
    case GLC_Q_PERCENT:
        break;
    }
    *result = need_ <= 0 || yes >= (uint64_t)need_;
    return end || *result || total - done < (uint64_t)need_ - yes;
}

static bool of_member(struct glc_vm *m, enum glc_cond_of kind, uint32_t index, uint64_t first, uint64_t last,
                      bool *yes)
{
    const struct glc_cond_env *env = m->env;
    switch (kind) {
    case GLC_COND_OF_FOUND:
        return glc_vm_asked(m, env->found(env->ctx, index, yes));
    case GLC_COND_OF_AT:
        return glc_vm_asked(m, env->found_at(env->ctx, index, first, yes));
    case GLC_COND_OF_IN:
        return glc_vm_asked(m, env->found_in(env->ctx, index, first, last, yes));
    case GLC_COND_OF_RULES:
    case GLC_COND_OFS:
        break;
    }
    return glc_vm_asked(m, env->rule(env->ctx, index, yes));
}

bool glc_vm_of(struct glc_vm *m)
{
    uint32_t q, k, n;
    if (!glc_vm_small(m, GLC_Q_PERCENT + 1, &q) || !glc_vm_small(m, GLC_COND_OFS, &k) ||
        !glc_vm_small(m, GLC_VM_MOST_PATTERN, &n))
        return false;
    enum glc_cond_of kind = (enum glc_cond_of)k;
    uint32_t operands = kind == GLC_COND_OF_AT ? 2 : kind == GLC_COND_OF_IN ? 3 : 1;
    if (n > m->size - m->pc || !glc_vm_need(m, operands))
        return glc_vm_fail(m, GLC_CORRUPT);
    for (uint32_t i = 0; i < operands; i++)
        if (!glc_vm_is_int(m, glc_vm_top(m, i)))
            return false;
    m->height -= operands - 1;
    struct glc_value *number = glc_vm_top(m, 0), result = glc_cond_bool(false);
    uint64_t first = 0, last = 0;
    bool some = true;
    if (kind == GLC_COND_OF_AT) {
        some = number[1].defined && number[1].u.integer >= 0;
        first = (uint64_t)number[1].u.integer;
    } else if (kind == GLC_COND_OF_IN) {
        range(&number[1], &number[2], &first, &last, &some);
        if (!number[1].defined || !number[2].defined)
            result = glc_cond_undefined(GLC_T_BOOL);
    }
    enum glc_quant quant = (enum glc_quant)q;
    int64_t need_;
    set_need(&quant, number, n, &need_);
    if (quant == GLC_Q_NUMBER && need_ == 0)
        quant = GLC_Q_NONE;
    uint64_t yes = 0;
    bool answer = false, known = decided(quant, need_, n, 0, 0, &answer);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t index;
        if (!glc_vm_small(m, UINT32_MAX, &index))
            return false;
        if (known)
            continue;
        bool one = false;
        if (!glc_re_charge(m->env->steps, 1))
            return glc_vm_fail(m, GLC_LIMIT);
        if (some && !of_member(m, kind, index, first, last, &one))
            return false;
        yes += one;
        known = decided(quant, need_, n, i + 1, yes, &answer);
    }
    if (result.defined)
        result.u.integer = answer;
    *glc_vm_top(m, 0) = result;
    return true;
}

/* Loops. */

/* Take the operands of a loop from the stack; *empty: nothing to go through. */
static bool loop_operands(struct glc_vm *m, struct glc_vm_frame *f, struct glc_value *number, uint32_t count,
                          bool *empty)
{
    uint32_t operands = f->kind == GLC_LOOP_RANGE                               ? 3
                        : f->kind == GLC_LOOP_ARRAY || f->kind == GLC_LOOP_DICT ? 2
                        : f->kind == GLC_LOOP_LIST                              ? 1 + count
                                                                                : 1;
    if (!glc_vm_need(m, operands))
        return false;
    struct glc_value *v = glc_vm_top(m, operands - 1);
    if (!glc_vm_is_int(m, v))
        return false;
    *number = v[0];
    f->base = m->height - operands;
    f->total = count;
    switch (f->kind) {
    case GLC_LOOP_RANGE:
        if (!glc_vm_is_int(m, v + 1) || !glc_vm_is_int(m, v + 2))
            return false;
        f->next = v[1].u.integer;
        *empty = !v[1].defined || !v[2].defined || v[1].u.integer > v[2].u.integer;
        if (!*empty) /* may wrap to 0 for the whole range of 64 bits, which no budget gets through */
            f->total = (uint64_t)v[2].u.integer - (uint64_t)v[1].u.integer + 1;
        break;
    case GLC_LOOP_ARRAY:
        if (v[1].type != GLC_T_ARRAY)
            return glc_vm_fail(m, GLC_CORRUPT);
        f->item = v[1].u.array.item;
        f->shape = m->shape[m->height - 1];
        f->total = v[1].defined ? v[1].u.array.n : 0;
        break;
    case GLC_LOOP_DICT:
        if (v[1].type != GLC_T_DICT)
            return glc_vm_fail(m, GLC_CORRUPT);
        f->entry = v[1].u.dict.entry;
        f->shape = m->shape[m->height - 1];
        f->total = v[1].defined ? v[1].u.dict.n : 0;
        break;
    case GLC_LOOP_LIST:
        f->items = f->base + 1;
        break;
    case GLC_LOOP_OF:
    case GLC_LOOP_EXPRS:
    case GLC_LOOPS:
        break;
    }
    if (f->kind != GLC_LOOP_RANGE)
        *empty = f->total == 0;
    if (f->kind != GLC_LOOP_LIST)
        m->height = f->base;
    return true;
}

/* Bind what the round `done` of the loop goes by. */
static bool loop_bind(struct glc_vm *m, struct glc_vm_frame *f)
{
    uint32_t slots = f->kind == GLC_LOOP_DICT                              ? 2
                     : f->kind == GLC_LOOP_OF || f->kind == GLC_LOOP_EXPRS ? 0
                                                                           : 1;
    if (slots > m->slots || f->slot > m->slots - slots)
        return glc_vm_fail(m, GLC_CORRUPT);
    struct glc_value *slot = &m->s->slot[f->slot];
    const struct glc_field **shape = &m->s->slot_shape[f->slot];
    switch (f->kind) {
    case GLC_LOOP_RANGE:
        shape[0] = NULL;
        slot[0] = glc_cond_int(f->next);
        f->next = (int64_t)((uint64_t)f->next + 1);
        return true;
    case GLC_LOOP_LIST:
        shape[0] = NULL;
        slot[0] = m->stack[f->items + f->done];
        return true;
    case GLC_LOOP_ARRAY:
        shape[0] = f->shape;
        slot[0] = f->item[f->done];
        return true;
    case GLC_LOOP_DICT:
        slot[0] =
            (struct glc_value){ .type = GLC_T_STRING, .defined = true, .u.text = f->entry[f->done].key };
        slot[1] = f->entry[f->done].value;
        shape[0] = NULL;
        shape[1] = f->shape;
        return true;
    case GLC_LOOP_OF: {
        size_t pc = m->pc;
        m->pc = f->set;
        if (!glc_vm_small(m, GLC_VM_MOST_PATTERN, &f->current))
            return false;
        f->set = m->pc;
        m->pc = pc;
        return true;
    }
    case GLC_LOOP_EXPRS:
    case GLC_LOOPS:
        break;
    }
    return true;
}

static bool loop_leave(struct glc_vm *m, const struct glc_vm_frame *f, bool result)
{
    m->height = f->base;
    m->pc = f->end;
    return glc_vm_push(m, glc_cond_bool(result));
}

bool glc_vm_loop(struct glc_vm *m)
{
    uint32_t kind, quant, count = 0;
    struct glc_vm_frame f = { 0 };
    if (!glc_vm_small(m, GLC_LOOPS, &kind) || !glc_vm_small(m, GLC_Q_PERCENT + 1, &quant) ||
        !glc_vm_small(m, GLC_COND_MOST_SLOTS, &f.slot) || !glc_vm_target(m, &f.end))
        return false;
    f.kind = (enum glc_cond_loop)kind;
    f.quant = (enum glc_quant)quant;
    bool listed = f.kind == GLC_LOOP_OF || f.kind == GLC_LOOP_LIST || f.kind == GLC_LOOP_EXPRS;
    if (listed && !glc_vm_small(m, GLC_VM_MOST_PATTERN, &count))
        return false;
    f.set = m->pc;
    for (uint32_t i = 0, skip; f.kind == GLC_LOOP_OF && i < count; i++)
        if (!glc_vm_small(m, GLC_VM_MOST_PATTERN, &skip))
            return false;
    f.body = m->pc;
    struct glc_value number;
    bool empty = true, result = false;
    if (!loop_operands(m, &f, &number, count, &empty))
        return false;
    set_need(&f.quant, &number, f.total, &f.need);
    if (f.kind == GLC_LOOP_EXPRS && f.quant == GLC_Q_NUMBER && f.need == 0)
        f.quant = GLC_Q_NONE; /* of a set, 0 means exactly none */
    if (empty)
        return loop_leave(m, &f, false); /* whatever the quantifier */
    if (f.quant == GLC_Q_NUMBER && f.need <= 0)
        return loop_leave(m, &f, true);
    if (f.total != 0 && decided(f.quant, f.need, f.total, 0, 0, &result))
        return loop_leave(m, &f, result);
    if (m->frames == GLC_COND_MOST_LOOPS)
        return glc_vm_fail(m, GLC_CORRUPT);
    /* The floor of the loop's own values: its items stay below. */
    struct glc_vm_frame *in = &m->s->frame[m->frames];
    *in = f;
    if (!loop_bind(m, in))
        return false;
    m->frames++;
    return true;
}

bool glc_vm_next(struct glc_vm *m, bool vote)
{
    if (m->frames == 0)
        return glc_vm_fail(m, GLC_CORRUPT);
    struct glc_vm_frame *f = &m->s->frame[m->frames - 1];
    if (!glc_vm_need(m, 1) || vote != (f->kind == GLC_LOOP_EXPRS))
        return glc_vm_fail(m, GLC_CORRUPT);
    f->yes += glc_cond_is_true(glc_vm_top(m, 0));
    f->done++;
    m->height--;
    bool result;
    if (decided(f->quant, f->need, f->total, f->done, f->yes, &result)) {
        m->frames--;
        return loop_leave(m, f, result);
    }
    if (vote)
        return true;
    if (f->kind == GLC_LOOP_LIST && m->height < f->items + f->total)
        return glc_vm_fail(m, GLC_CORRUPT);
    m->pc = f->body;
    return loop_bind(m, f);
}
