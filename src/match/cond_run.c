/* The stack machine for conditions (match/cond_internal.h).
 *
 * Nothing in the code is trusted: every operand is read with its bound, the stack's height is checked before
 * each operation, numbers of patterns, rules and variables before use, and every operation counts against the
 * budget, so that a jump backwards ends. There is no recursion.
 *
 * Long because it is one table of operations, each a few lines: apart, they would share the machine's state
 * by header. */
#include "match/cond_internal.h"

#include "match/match.h"
#include "match/re_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_MODULES = 64, MOST_ARGS = 16, MOST_PATTERN = 1 << 24, SHOWN_TEXT = 60 };

struct frame {
    enum glc_cond_loop kind;
    enum glc_quant quant;
    uint32_t slot, base; /* base: height of the stack below the loop */
    size_t body, end;
    int64_t need; /* with NUMBER and PERCENT */
    uint64_t total, done, yes;
    int64_t next;                  /* RANGE: the current value */
    const struct glc_value *item;  /* ARRAY */
    const struct glc_field *shape; /* ARRAY, DICT: of the items */
    uint32_t items;                /* LIST: where its items begin on the stack */
    const struct glc_dict_entry *entry;
    size_t set;       /* OF: where the next number of the set stands */
    uint32_t current; /* OF: the pattern */
};

/* Beside every value stands the table of its members, where it is a struct of a module or holds such structs:
 * a MEMBER is checked against it. */
struct glc_cond_scratch {
    struct glc_value *stack;
    const struct glc_field **shape;
    uint32_t room;
    struct glc_value *slot;
    const struct glc_field **slot_shape;
    struct frame frame[GLC_COND_MOST_LOOPS];
    struct {
        bool loaded;
        struct glc_value value;
    } module[MOST_MODULES];
};

/* What a note has seen. */
struct seen {
    uint64_t times;
    struct glc_value first, last;
};

struct vm {
    struct glc_cond_scratch *s;
    const struct glc_cond_env *env;
    const uint8_t *code;
    size_t size, pc;
    struct glc_value *stack;
    const struct glc_field **shape; /* of the values on the stack */
    uint32_t height, most, slots, frames;
    struct seen *seen; /* NULL: notes are not wanted */
    uint32_t notes;
    enum glc_err err;
};

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
    for (size_t i = 0; i < MOST_MODULES; i++)
        s->module[i].loaded = false;
}

static bool fail(struct vm *m, enum glc_err err)
{
    if (m->err == GLC_OK)
        m->err = err;
    return false;
}

static bool asked(struct vm *m, enum glc_err err)
{
    return err == GLC_OK || fail(m, err);
}

/* Operands. */

static bool num(struct vm *m, uint64_t *out)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (m->pc >= m->size)
            break;
        uint8_t b = m->code[m->pc++];
        v |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            *out = v;
            return true;
        }
    }
    return fail(m, GLC_CORRUPT);
}

/* A number below `limit`. */
static bool small(struct vm *m, uint32_t limit, uint32_t *out)
{
    uint64_t v;
    if (!num(m, &v))
        return false;
    if (v >= limit)
        return fail(m, GLC_CORRUPT);
    *out = (uint32_t)v;
    return true;
}

static bool bytes(struct vm *m, struct glc_span *out)
{
    uint64_t n;
    if (!num(m, &n))
        return false;
    if (n > m->size - m->pc)
        return fail(m, GLC_CORRUPT);
    *out = glc_span(m->code + m->pc, (size_t)n);
    m->pc += (size_t)n;
    return true;
}

static bool target(struct vm *m, size_t *out)
{
    if (m->size - m->pc < 4)
        return fail(m, GLC_CORRUPT);
    *out = glc_le32(m->code + m->pc);
    m->pc += 4;
    return true;
}

static bool push(struct vm *m, struct glc_value v)
{
    if (m->height >= m->most)
        return fail(m, GLC_CORRUPT);
    m->shape[m->height] = NULL;
    m->stack[m->height++] = v;
    return true;
}

static bool push_shaped(struct vm *m, struct glc_value v, const struct glc_field *shape)
{
    if (!push(m, v))
        return false;
    m->shape[m->height - 1] = shape;
    return true;
}

/* The n values on top, which the caller replaces or takes away. */
static bool need(struct vm *m, uint32_t n)
{
    uint32_t floor = m->frames != 0 ? m->s->frame[m->frames - 1].base : 0;
    return m->height - floor >= n || fail(m, GLC_CORRUPT);
}

static struct glc_value *top(struct vm *m, uint32_t below)
{
    return &m->stack[m->height - 1 - below];
}

/* Patterns. */

static bool pattern(struct vm *m, uint32_t *out)
{
    uint32_t p;
    if (!small(m, MOST_PATTERN, &p))
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
    return fail(m, GLC_CORRUPT);
}

/* The range of two values: false in *some where nothing can lie in it. */
static void range(const struct glc_value *lo, const struct glc_value *hi, uint64_t *first, uint64_t *last,
                  bool *some)
{
    *some = hi->u.integer >= 0 && lo->u.integer <= hi->u.integer;
    *first = lo->u.integer < 0 ? 0 : (uint64_t)lo->u.integer;
    *last = *some ? (uint64_t)hi->u.integer : 0;
}

static bool is_int(struct vm *m, const struct glc_value *v)
{
    return v->type == GLC_T_INT || fail(m, GLC_CORRUPT);
}

static bool found_at(struct vm *m, uint32_t p, const struct glc_value *at, bool *yes)
{
    *yes = false;
    if (!at->defined || at->u.integer < 0)
        return true;
    return asked(m, m->env->found_at(m->env->ctx, p, (uint64_t)at->u.integer, yes));
}

static bool count_in(struct vm *m, uint32_t p, uint64_t first, uint64_t last, uint64_t *out)
{
    const struct glc_occurrence *o;
    uint64_t n;
    if (!asked(m, m->env->list(m->env->ctx, p, false, &o, &n)))
        return false;
    uint64_t from = glc_occurrence_from(o, n, first);
    *out = last == UINT64_MAX ? n - from : glc_occurrence_from(o, n, last + 1) - from;
    return true;
}

static bool do_found_in(struct vm *m, bool count)
{
    uint32_t p;
    if (!pattern(m, &p) || !need(m, 2))
        return false;
    struct glc_value *lo = top(m, 1), *hi = top(m, 0);
    if (!is_int(m, lo) || !is_int(m, hi))
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
    if (some && !count && !asked(m, m->env->found_in(m->env->ctx, p, first, last, &yes)))
        return false;
    *lo = count ? glc_cond_int((int64_t)n) : glc_cond_bool(yes);
    return true;
}

static bool do_nth(struct vm *m, bool length)
{
    uint32_t p;
    if (!pattern(m, &p) || !need(m, 1) || !is_int(m, top(m, 0)))
        return false;
    struct glc_value *v = top(m, 0);
    if (!v->defined || v->u.integer < 1) {
        *v = glc_cond_undefined(GLC_T_INT);
        return true;
    }
    const struct glc_occurrence *o;
    uint64_t n, i = (uint64_t)v->u.integer;
    if (!asked(m, m->env->list(m->env->ctx, p, length, &o, &n)))
        return false;
    *v = i > n ? glc_cond_undefined(GLC_T_INT)
               : glc_cond_int((int64_t)(length ? o[i - 1].length : o[i - 1].offset));
    return true;
}

static bool do_occurrence(struct vm *m, enum glc_cond_op op)
{
    uint32_t p;
    bool yes = false;
    uint64_t n = 0, enough;
    switch ((unsigned)op) {
    case GLC_C_FOUND:
        return pattern(m, &p) && asked(m, m->env->found(m->env->ctx, p, &yes)) && push(m, glc_cond_bool(yes));
    case GLC_C_FOUND_AT:
        if (!pattern(m, &p) || !need(m, 1) || !is_int(m, top(m, 0)) || !found_at(m, p, top(m, 0), &yes))
            return false;
        *top(m, 0) = glc_cond_bool(yes);
        return true;
    case GLC_C_COUNT:
        if (!pattern(m, &p) || !num(m, &enough))
            return false;
        if (enough == 0)
            enough = UINT64_MAX;
        return asked(m, m->env->count(m->env->ctx, p, enough, &n)) && push(m, glc_cond_int((int64_t)n));
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

static bool of_member(struct vm *m, enum glc_cond_of kind, uint32_t index, uint64_t first, uint64_t last,
                      bool *yes)
{
    const struct glc_cond_env *env = m->env;
    switch (kind) {
    case GLC_COND_OF_FOUND:
        return asked(m, env->found(env->ctx, index, yes));
    case GLC_COND_OF_AT:
        return asked(m, env->found_at(env->ctx, index, first, yes));
    case GLC_COND_OF_IN:
        return asked(m, env->found_in(env->ctx, index, first, last, yes));
    case GLC_COND_OF_RULES:
    case GLC_COND_OFS:
        break;
    }
    return asked(m, env->rule(env->ctx, index, yes));
}

static bool do_of(struct vm *m)
{
    uint32_t q, k, n;
    if (!small(m, GLC_Q_PERCENT + 1, &q) || !small(m, GLC_COND_OFS, &k) || !small(m, MOST_PATTERN, &n))
        return false;
    enum glc_cond_of kind = (enum glc_cond_of)k;
    uint32_t operands = kind == GLC_COND_OF_AT ? 2 : kind == GLC_COND_OF_IN ? 3 : 1;
    if (n > m->size - m->pc || !need(m, operands))
        return fail(m, GLC_CORRUPT);
    for (uint32_t i = 0; i < operands; i++)
        if (!is_int(m, top(m, i)))
            return false;
    m->height -= operands - 1;
    struct glc_value *number = top(m, 0), result = glc_cond_bool(false);
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
        if (!small(m, UINT32_MAX, &index))
            return false;
        if (known)
            continue;
        bool one = false;
        if (!glc_re_charge(m->env->steps, 1))
            return fail(m, GLC_LIMIT);
        if (some && !of_member(m, kind, index, first, last, &one))
            return false;
        yes += one;
        known = decided(quant, need_, n, i + 1, yes, &answer);
    }
    if (result.defined)
        result.u.integer = answer;
    *top(m, 0) = result;
    return true;
}

/* Loops. */

/* Take the operands of a loop from the stack; *empty: nothing to go through. */
static bool loop_operands(struct vm *m, struct frame *f, struct glc_value *number, uint32_t count,
                          bool *empty)
{
    uint32_t operands = f->kind == GLC_LOOP_RANGE                               ? 3
                        : f->kind == GLC_LOOP_ARRAY || f->kind == GLC_LOOP_DICT ? 2
                        : f->kind == GLC_LOOP_LIST                              ? 1 + count
                                                                                : 1;
    if (!need(m, operands))
        return false;
    struct glc_value *v = top(m, operands - 1);
    if (!is_int(m, v))
        return false;
    *number = v[0];
    f->base = m->height - operands;
    f->total = count;
    switch (f->kind) {
    case GLC_LOOP_RANGE:
        if (!is_int(m, v + 1) || !is_int(m, v + 2))
            return false;
        f->next = v[1].u.integer;
        *empty = !v[1].defined || !v[2].defined || v[1].u.integer > v[2].u.integer;
        if (!*empty) /* may wrap to 0 for the whole range of 64 bits, which no budget gets through */
            f->total = (uint64_t)v[2].u.integer - (uint64_t)v[1].u.integer + 1;
        break;
    case GLC_LOOP_ARRAY:
        if (v[1].type != GLC_T_ARRAY)
            return fail(m, GLC_CORRUPT);
        f->item = v[1].u.array.item;
        f->shape = m->shape[m->height - 1];
        f->total = v[1].defined ? v[1].u.array.n : 0;
        break;
    case GLC_LOOP_DICT:
        if (v[1].type != GLC_T_DICT)
            return fail(m, GLC_CORRUPT);
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
static bool loop_bind(struct vm *m, struct frame *f)
{
    uint32_t slots = f->kind == GLC_LOOP_DICT                              ? 2
                     : f->kind == GLC_LOOP_OF || f->kind == GLC_LOOP_EXPRS ? 0
                                                                           : 1;
    if (slots > m->slots || f->slot > m->slots - slots)
        return fail(m, GLC_CORRUPT);
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
        if (!small(m, MOST_PATTERN, &f->current))
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

static bool loop_leave(struct vm *m, const struct frame *f, bool result)
{
    m->height = f->base;
    m->pc = f->end;
    return push(m, glc_cond_bool(result));
}

static bool do_loop(struct vm *m)
{
    uint32_t kind, quant, count = 0;
    struct frame f = { 0 };
    if (!small(m, GLC_LOOPS, &kind) || !small(m, GLC_Q_PERCENT + 1, &quant) ||
        !small(m, GLC_COND_MOST_SLOTS, &f.slot) || !target(m, &f.end))
        return false;
    f.kind = (enum glc_cond_loop)kind;
    f.quant = (enum glc_quant)quant;
    bool listed = f.kind == GLC_LOOP_OF || f.kind == GLC_LOOP_LIST || f.kind == GLC_LOOP_EXPRS;
    if (listed && !small(m, MOST_PATTERN, &count))
        return false;
    f.set = m->pc;
    for (uint32_t i = 0, skip; f.kind == GLC_LOOP_OF && i < count; i++)
        if (!small(m, MOST_PATTERN, &skip))
            return false;
    f.body = m->pc;
    struct glc_value number;
    bool empty = true, result = false;
    if (!loop_operands(m, &f, &number, count, &empty))
        return false;
    set_need(&f.quant, &number, f.total, &f.need);
    if (empty)
        return loop_leave(m, &f, false); /* whatever the quantifier */
    if (f.quant == GLC_Q_NUMBER && f.need <= 0)
        return loop_leave(m, &f, true);
    if (f.total != 0 && decided(f.quant, f.need, f.total, 0, 0, &result))
        return loop_leave(m, &f, result);
    if (m->frames == GLC_COND_MOST_LOOPS)
        return fail(m, GLC_CORRUPT);
    /* The floor of the loop's own values: its items stay below. */
    struct frame *in = &m->s->frame[m->frames];
    *in = f;
    if (!loop_bind(m, in))
        return false;
    m->frames++;
    return true;
}

/* The body of the innermost loop is done: its value is on the stack. */
static bool do_next(struct vm *m, bool vote)
{
    if (m->frames == 0)
        return fail(m, GLC_CORRUPT);
    struct frame *f = &m->s->frame[m->frames - 1];
    if (!need(m, 1) || vote != (f->kind == GLC_LOOP_EXPRS))
        return fail(m, GLC_CORRUPT);
    f->yes += glc_cond_is_true(top(m, 0));
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
        return fail(m, GLC_CORRUPT);
    m->pc = f->body;
    return loop_bind(m, f);
}

/* Modules. */

static bool regex_match(const struct glc_module_ctx *ctx, const struct glc_regex_code *re, struct glc_span s)
{
    struct vm *m = ctx->regex_to;
    struct glc_re_input in = { .data = s, .scratch = m->env->re, .steps = m->env->steps };
    bool found = false;
    glc_re_scratch_begin(m->env->re); /* a module may make strings one after another in the same place */
    if (m->err == GLC_OK && s.len != 0)
        (void)asked(m, glc_re_search(&in, re->code, &found));
    return found;
}

static struct glc_module_ctx module_ctx(struct vm *m)
{
    return (struct glc_module_ctx){ .data = m->env->layer->data,
                                    .arena = m->env->layer->arena,
                                    .layer = m->env->layer,
                                    .now = m->env->now,
                                    .magic = m->env->layer->magic,
                                    .regex_match = regex_match,
                                    .regex_to = m,
                                    .console = m->env->console,
                                    .console_to = m->env->console_to };
}

static bool module_value(struct vm *m, uint32_t i, const struct glc_value **out)
{
    const struct glc_modules *all = m->env->layer->modules;
    if (all == NULL || i >= all->n || i >= MOST_MODULES)
        return fail(m, GLC_CORRUPT);
    if (!m->s->module[i].loaded) {
        struct glc_module_ctx ctx = module_ctx(m);
        m->s->module[i].value = glc_module_load(all->module[i], &ctx);
        m->s->module[i].loaded = true;
    }
    *out = &m->s->module[i].value;
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

static bool do_call(struct vm *m)
{
    uint32_t index, n, type, module;
    if (!small(m, UINT32_MAX, &index) || !small(m, MOST_ARGS + 1, &n) || !small(m, GLC_T_DICT + 1, &type) ||
        !need(m, n))
        return false;
    const struct glc_modules *all = m->env->layer->modules;
    const struct glc_function *fn = all != NULL ? glc_modules_function(all, index, &module) : NULL;
    if (fn == NULL || strlen(fn->args) != n || fn->result != (enum glc_type)type)
        return fail(m, GLC_CORRUPT);
    struct glc_value *args = m->stack + (m->height - n), result = glc_cond_undefined((enum glc_type)type);
    struct glc_regex_code code[MOST_ARGS];
    const struct glc_value *root;
    bool defined = true;
    for (uint32_t i = 0; i < n; i++) {
        if (!type_fits(fn->args[i], &args[i]))
            return fail(m, GLC_CORRUPT);
        defined = defined && args[i].defined;
        if (args[i].type == GLC_T_REGEX) {
            code[i].code = args[i].u.text;
            args[i].u.regex = &code[i];
        }
    }
    if (!module_value(m, module, &root))
        return false;
    if (defined) {
        struct glc_module_ctx ctx = module_ctx(m);
        if (!glc_re_charge(m->env->steps, 16))
            return fail(m, GLC_LIMIT);
        result = fn->call(&ctx, root, args);
        if (m->err != GLC_OK)
            return false;
        if (result.type != (enum glc_type)type)
            result = glc_cond_undefined((enum glc_type)type);
    }
    m->height -= n;
    return push(m, result);
}

/* The field of that number; NULL: there is none. */
static const struct glc_field *field_of(const struct glc_field *f, uint32_t index)
{
    for (uint32_t i = 0; f != NULL && f->name != NULL && !f->constant; i++, f++)
        if (i == index)
            return f;
    return NULL;
}

static bool do_member(struct vm *m, enum glc_cond_op op)
{
    uint32_t index = 0, type;
    uint32_t operands = op == GLC_C_MEMBER ? 1 : 2;
    if ((op == GLC_C_MEMBER && !small(m, 1 << 16, &index)) || !small(m, GLC_T_DICT + 1, &type) ||
        !need(m, operands))
        return false;
    struct glc_value *of = top(m, operands - 1), *key = top(m, 0),
                     r = glc_cond_undefined((enum glc_type)type);
    static const enum glc_type kind[] = { GLC_T_STRUCT, GLC_T_ARRAY, GLC_T_DICT };
    if (of->type != kind[op - GLC_C_MEMBER] ||
        (op != GLC_C_MEMBER && key->type != (op == GLC_C_INDEX ? GLC_T_INT : GLC_T_STRING)))
        return fail(m, GLC_CORRUPT);
    const struct glc_field *shape = m->shape[m->height - operands];
    if (op == GLC_C_MEMBER && of->defined) {
        const struct glc_field *field = field_of(shape, index);
        if (field == NULL || of->u.member == NULL)
            return fail(m, GLC_CORRUPT);
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
    return push_shaped(m, r.type == (enum glc_type)type ? r : glc_cond_undefined((enum glc_type)type), shape);
}

/* ClamAV's counts. */

static bool do_clam_skip(struct vm *m)
{
    size_t to;
    if (!target(m, &to) || !need(m, 1))
        return false;
    bool on = glc_cond_is_true(top(m, 0));
    m->height--;
    if (on)
        return true;
    m->pc = to;
    return push(m, glc_cond_undefined(GLC_T_INT)) && push(m, glc_cond_int(0));
}

static bool do_clam_one(struct vm *m)
{
    uint32_t bit;
    if (!small(m, 64, &bit) || !need(m, 1))
        return false;
    struct glc_value one = glc_cond_int(1);
    one.defined = glc_cond_is_true(top(m, 0));
    *top(m, 0) = one;
    return push(m, glc_cond_int(one.defined ? (int64_t)((uint64_t)1 << bit) : 0));
}

static bool do_clam(struct vm *m, enum glc_cond_op op)
{
    uint32_t p, n, cmp, distinct;
    uint64_t count = 0, x;
    if (op == GLC_C_CLAM_LEAF) {
        if (!pattern(m, &p) || !asked(m, m->env->count(m->env->ctx, p, UINT64_MAX, &count)))
            return false;
        struct glc_value v = glc_cond_int((int64_t)count);
        v.defined = count != 0;
        return push(m, v) && push(m, glc_cond_int((int64_t)(count != 0 ? (uint64_t)1 << (p & 63) : 0)));
    }
    if (op == GLC_C_CLAM_AND || op == GLC_C_CLAM_OR) {
        if (!small(m, MOST_PATTERN, &n) || n == 0 || !need(m, 2 * n))
            return fail(m, GLC_CORRUPT);
        const struct glc_value *v = top(m, 2 * n - 1);
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
        return push(m, r) && push(m, glc_cond_int(r.defined ? (int64_t)mask : 0));
    }
    if (op == GLC_C_CLAM_TEST &&
        (!small(m, GLC_CMP_LT + 1, &cmp) || !num(m, &x) || !small(m, UINT32_MAX, &distinct)))
        return false;
    if (!need(m, 2))
        return false;
    struct glc_value *v = top(m, 1);
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

/* The rest. */

static bool do_constant(struct vm *m, enum glc_cond_op op)
{
    uint64_t v;
    uint32_t i;
    struct glc_span s;
    struct glc_value r = { .defined = true };
    switch ((unsigned)op) {
    case GLC_C_BOOL:
        return num(m, &v) && push(m, glc_cond_bool(v != 0));
    case GLC_C_INT:
        return num(m, &v) && push(m, glc_cond_int((int64_t)(v >> 1 ^ (0 - (v & 1)))));
    case GLC_C_FLOAT:
        if (m->size - m->pc < 8)
            return fail(m, GLC_CORRUPT);
        v = glc_le64(m->code + m->pc);
        m->pc += 8;
        r.type = GLC_T_FLOAT;
        memcpy(&r.u.real, &v, sizeof v);
        return push(m, r);
    case GLC_C_STRING:
    case GLC_C_REGEX:
        if (!bytes(m, &s))
            return false;
        r.type = op == GLC_C_STRING ? GLC_T_STRING : GLC_T_REGEX;
        r.u.text = s;
        return push(m, r);
    case GLC_C_UNDEFINED:
        return small(m, GLC_T_DICT + 1, &i) && push(m, glc_cond_undefined((enum glc_type)i));
    case GLC_C_EXTERN:
        return small(m, m->env->externals, &i) && push(m, m->env->external[i]);
    case GLC_C_FACT:
        return small(m, GLC_FACTS, &i) && push(m, glc_cond_fact(m->env->layer, i));
    case GLC_C_VAR:
        return small(m, m->slots, &i) && push_shaped(m, m->s->slot[i], m->s->slot_shape[i]);
    case GLC_C_STORE:
        if (!small(m, m->slots, &i) || !need(m, 1))
            return false;
        m->s->slot[i] = *top(m, 0);
        m->s->slot_shape[i] = m->shape[m->height - 1];
        m->height--;
        return true;
    case GLC_C_READ:
        if (!small(m, GLC_READS, &i) || !need(m, 1) || !is_int(m, top(m, 0)))
            return false;
        *top(m, 0) = glc_cond_read(m->env->layer, i, top(m, 0));
        return true;
    default:
        return fail(m, GLC_CORRUPT);
    }
}

static bool do_matches(struct vm *m, struct glc_value *a, const struct glc_value *b)
{
    if (a->type != GLC_T_STRING || b->type != GLC_T_REGEX)
        return fail(m, GLC_CORRUPT);
    if (!a->defined) {
        *a = glc_cond_undefined(GLC_T_BOOL);
        return true;
    }
    struct glc_re_input in = { .data = a->u.text, .scratch = m->env->re, .steps = m->env->steps };
    bool found = false;
    glc_re_scratch_begin(m->env->re);
    if (!asked(m, glc_re_search(&in, b->u.text, &found)))
        return false;
    *a = glc_cond_bool(found);
    return true;
}

static bool do_binary(struct vm *m, enum glc_cond_op op)
{
    if (!need(m, 2))
        return false;
    struct glc_value *a = top(m, 1), *b = top(m, 0);
    m->height--;
    bool ok;
    if (op <= GLC_C_SHR) {
        ok = glc_cond_arith(op, a, b);
    } else if (op == GLC_C_MATCHES) {
        return do_matches(m, a, b);
    } else {
        uint64_t length = a->type == GLC_T_STRING && a->defined ? a->u.text.len : 0;
        if (!glc_re_charge(m->env->steps, length / 16))
            return fail(m, GLC_LIMIT);
        ok = op <= GLC_C_GE ? glc_cond_compare(op, a, b) : glc_cond_text(op, a, b);
    }
    return ok || fail(m, GLC_CORRUPT);
}

static bool do_jump(struct vm *m, bool on)
{
    size_t to;
    if (!target(m, &to) || !need(m, 1))
        return false;
    if (glc_cond_is_true(top(m, 0)) == on) {
        *top(m, 0) = glc_cond_bool(on);
        m->pc = to;
    } else {
        m->height--;
    }
    return true;
}

static bool do_rule(struct vm *m)
{
    uint32_t i;
    bool yes = false;
    return small(m, UINT32_MAX, &i) && asked(m, m->env->rule(m->env->ctx, i, &yes)) &&
           push(m, glc_cond_bool(yes));
}

static bool do_note(struct vm *m)
{
    uint32_t i;
    if (!small(m, UINT32_MAX, &i) || !need(m, 1))
        return false;
    if (m->seen == NULL)
        return true;
    if (i >= m->notes)
        return fail(m, GLC_CORRUPT);
    if (m->seen[i].times++ == 0)
        m->seen[i].first = *top(m, 0);
    m->seen[i].last = *top(m, 0);
    return true;
}

static bool step(struct vm *m, enum glc_cond_op op)
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
        return need(m, 1) && (glc_cond_unary(op, top(m, 0)) || fail(m, GLC_CORRUPT));
    case GLC_C_TRUTH:
        if (!need(m, 1))
            return false;
        *top(m, 0) = glc_cond_bool(glc_cond_is_true(top(m, 0)));
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
        return do_occurrence(m, op);
    case GLC_C_OF:
        return do_of(m);
    case GLC_C_LOOP:
        return do_loop(m);
    case GLC_C_NEXT:
    case GLC_C_VOTE:
        return do_next(m, op == GLC_C_VOTE);
    case GLC_C_RULE:
        return do_rule(m);
    case GLC_C_MODULE:
        return small(m, MOST_MODULES, &i) && module_value(m, i, &v) &&
               push_shaped(m, *v, m->env->layer->modules->module[i]->fields);
    case GLC_C_MEMBER:
    case GLC_C_INDEX:
    case GLC_C_LOOKUP:
        return do_member(m, op);
    case GLC_C_CALL:
        return do_call(m);
    case GLC_C_CLAM_LEAF:
    case GLC_C_CLAM_AND:
    case GLC_C_CLAM_OR:
    case GLC_C_CLAM_TEST:
    case GLC_C_CLAM_BOOL:
        return do_clam(m, op);
    case GLC_C_CLAM_SKIP:
        return do_clam_skip(m);
    case GLC_C_CLAM_ONE:
        return do_clam_one(m);
    case GLC_C_NOTE:
        return do_note(m);
    default:
        return do_constant(m, op);
    }
}

/* Read the header and make room. */
static enum glc_err open_vm(struct vm *m, struct glc_cond_scratch *s, struct glc_span code,
                            const struct glc_cond_env *env, uint32_t *notes)
{
    *m = (struct vm){ .s = s, .env = env, .code = code.ptr };
    struct glc_cursor c = glc_cursor(code);
    bool magic = glc_cursor_u8(&c) == GLC_COND_MAGIC;
    glc_cursor_skip(&c, 1);
    m->slots = glc_cursor_u16le(&c);
    m->size = glc_cursor_u32le(&c);
    m->most = glc_cursor_u32le(&c);
    *notes = glc_cursor_u32le(&c);
    if (!glc_cursor_ok(&c) || !magic || m->size > code.len || m->size < GLC_COND_HEADER ||
        m->slots > GLC_COND_MOST_SLOTS || m->most > GLC_COND_MOST_STACK || *notes > m->size)
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

static enum glc_err run(struct vm *m, bool *out)
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
    *out = glc_cond_is_true(top(m, 0));
    return GLC_OK;
}

enum glc_err glc_cond_eval(struct glc_cond_scratch *s, struct glc_span code, const struct glc_cond_env *env,
                           bool *out)
{
    struct vm m;
    uint32_t notes;
    enum glc_err err = open_vm(&m, s, code, env, &notes);
    return err != GLC_OK ? err : run(&m, out);
}

static void show_value(const struct glc_value *v, struct glc_buf *out)
{
    if (!v->defined) {
        glc_buf_puts(out, "undefined");
        return;
    }
    switch ((unsigned)v->type) {
    case GLC_T_BOOL:
        glc_buf_puts(out, v->u.integer != 0 ? "true" : "false");
        break;
    case GLC_T_FLOAT:
        glc_buf_printf(out, "%g", v->u.real);
        break;
    case GLC_T_STRING:
        glc_buf_u8(out, '"');
        for (size_t i = 0; i < v->u.text.len && i < SHOWN_TEXT; i++) {
            uint8_t c = v->u.text.ptr[i];
            if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
                glc_buf_u8(out, c);
            else
                glc_buf_printf(out, "\\x%02x", c);
        }
        glc_buf_puts(out, v->u.text.len > SHOWN_TEXT ? "\"..." : "\"");
        break;
    default:
        if (v->u.integer > 9 || v->u.integer < 0)
            glc_buf_printf(out, "%lld (0x%llx)", (long long)v->u.integer, (unsigned long long)v->u.integer);
        else
            glc_buf_printf(out, "%lld", (long long)v->u.integer);
    }
}

/* A line a note: its value, then its text, indented as it stands in the condition. */
static enum glc_err show_notes(struct vm *m, struct glc_buf *out)
{
    enum { VALUE_WIDTH = 20 };
    for (uint32_t i = 0; i < m->notes; i++) {
        uint32_t depth;
        struct glc_span text;
        if (!small(m, 1 << 16, &depth) || !bytes(m, &text))
            return GLC_CORRUPT;
        const struct seen *seen = &m->seen[i];
        size_t from = out->len;
        glc_buf_puts(out, "    ");
        if (seen->times == 0)
            glc_buf_puts(out, "not asked");
        else
            show_value(&seen->first, out);
        if (seen->times > 1) {
            glc_buf_puts(out, seen->times > 2 ? ", ..., " : ", ");
            show_value(&seen->last, out);
            glc_buf_printf(out, " (%llu times)", (unsigned long long)seen->times);
        }
        do
            glc_buf_u8(out, ' ');
        while (!out->failed && out->len - from < 4 + VALUE_WIDTH);
        for (uint32_t k = 0; k < depth && k < 40; k++)
            glc_buf_puts(out, "  ");
        glc_buf_put(out, text.ptr, text.len);
        glc_buf_u8(out, '\n');
    }
    return out->failed ? GLC_NOMEM : GLC_OK;
}

enum glc_err glc_cond_explain(struct glc_cond_scratch *s, struct glc_span code,
                              const struct glc_cond_env *env, struct glc_buf *out)
{
    struct vm m;
    uint32_t notes;
    bool result;
    enum glc_err err = open_vm(&m, s, code, env, &notes);
    if (err != GLC_OK)
        return err;
    if (notes < GLC_COND_HEADER || m.size - notes < 4)
        return GLC_CORRUPT;
    m.notes = glc_le32(m.code + notes);
    if (m.notes > m.size - notes)
        return GLC_CORRUPT;
    m.seen = calloc((size_t)m.notes + 1, sizeof *m.seen);
    if (m.seen == NULL)
        return GLC_NOMEM;
    err = run(&m, &result);
    m.pc = notes + 4;
    if (err == GLC_OK || err == GLC_LIMIT) {
        enum glc_err shown = show_notes(&m, out);
        err = shown != GLC_OK ? shown : err;
    }
    free(m.seen);
    return err;
}
