#include "naive_rule.h"

#include "naive_re.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* Occurrences. */

static bool may_start(const struct glc_anchor *a, const struct glc_layer *l, long at)
{
    long size = (long)l->data.len, base;
    const struct glc_facts *f = &l->facts;
    uint32_t s = a->kind == GLC_FROM_LAST_SECTION ? f->sections - 1 : a->section;
    switch ((unsigned)a->kind) {
    case GLC_ANYWHERE:
        return true;
    case GLC_FROM_START:
        base = 0;
        break;
    case GLC_FROM_END:
        return at >= size - a->offset && at <= size - a->offset + (long)a->shift && size >= a->offset;
    case GLC_FROM_ENTRY:
        if (f->entry == GLC_NO_OFFSET)
            return false;
        base = (long)f->entry;
        break;
    case GLC_FROM_SECTION:
    case GLC_FROM_LAST_SECTION:
        if (f->sections == 0 || s >= f->sections)
            return false;
        base = (long)f->section[s].offset;
        break;
    case GLC_IN_SECTION:
        return f->sections != 0 && s < f->sections && at >= (long)f->section[s].offset &&
               at <= (long)(f->section[s].offset + f->section[s].size);
    default:
        return false;
    }
    base += a->offset;
    return base >= 0 && at >= base && at <= base + (long)a->shift;
}

static bool alnum(const struct glc_layer *l, long at, uint8_t key)
{
    return at >= 0 && at < (long)l->data.len && glc_ascii_isalnum(l->data.ptr[at] ^ key);
}

static bool zero(const struct glc_layer *l, long at, uint8_t key)
{
    return at >= 0 && at < (long)l->data.len && (l->data.ptr[at] ^ key) == 0;
}

static bool whole_word(const struct glc_variant *v, const struct glc_layer *l, long start, long end)
{
    uint8_t key = v->xored && v->through ? v->key : 0;
    if (v->wide)
        return !(zero(l, start - 1, key) && alnum(l, start - 2, key)) &&
               !(alnum(l, end, key) && zero(l, end + 1, key));
    return !alnum(l, start - 1, key) && !alnum(l, end, key);
}

/* The length that counts at this start, of the first variant that has one; 0: none. */
static size_t length_at(const struct glc_pattern *p, const struct glc_layer *l, size_t start, bool *end)
{
    for (uint32_t i = 0; i < p->variants; i++) {
        const struct glc_variant *v = &p->variant[i];
        naive_re_ends(v->re, l->data, v->wide, v->xored && v->through ? v->key : 0, start, end);
        size_t chosen = SIZE_MAX;
        for (size_t e = start; e <= l->data.len; e++)
            if (end[e] && (chosen == SIZE_MAX || p->extent == GLC_LONGEST) &&
                (!v->fullword || !p->any_word || (e != start && whole_word(v, l, (long)start, (long)e))))
                chosen = e;
        if (chosen != SIZE_MAX && chosen != start &&
            (!v->fullword || whole_word(v, l, (long)start, (long)chosen)))
            return chosen - start;
    }
    return 0;
}

void naive_occurrences(const struct glc_pattern *p, const struct glc_layer *l, struct naive_list *out)
{
    bool *end = malloc(l->data.len + 1);
    out->item = calloc(l->data.len + 1, sizeof *out->item);
    out->n = 0;
    for (size_t start = 0; start < l->data.len; start++) {
        if (!may_start(&p->anchor, l, (long)start))
            continue;
        size_t len = length_at(p, l, start, end);
        if (len != 0)
            out->item[out->n++] = (struct glc_occurrence){ .offset = start, .length = len };
    }
    free(end);
}

/* Conditions. */

struct env {
    const struct glc_rule *r;
    const struct naive_list *list;
    const struct glc_layer *l;
    const bool *before;
    struct glc_value slot[64];
    uint32_t current;
};

static struct glc_value undef(enum glc_type t)
{
    return (struct glc_value){ .type = t };
}

static struct glc_value boolean(bool b)
{
    return (struct glc_value){ .type = GLC_T_BOOL, .defined = true, .u.integer = b };
}

static struct glc_value integer(int64_t v)
{
    return (struct glc_value){ .type = GLC_T_INT, .defined = true, .u.integer = v };
}

static struct glc_value eval(struct env *e, const struct glc_expr *x);

static bool truth(struct env *e, const struct glc_expr *x)
{
    struct glc_value v = eval(e, x);
    return v.defined && v.u.integer != 0;
}

static uint64_t count_between(const struct naive_list *l, int64_t lo, int64_t hi)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < l->n; i++)
        n += (int64_t)l->item[i].offset >= lo && (int64_t)l->item[i].offset <= hi;
    return n;
}

/* `yes` of `total`, against the quantifier: 0 of a set means none; loops take 0 and less as "at least". */
static bool enough(const struct glc_expr *x, struct glc_value number, uint64_t yes, uint64_t total, bool loop)
{
    switch (x->u.of.quant) {
    case GLC_Q_ALL:
        return yes == total;
    case GLC_Q_ANY:
        return yes > 0;
    case GLC_Q_NONE:
        return yes == 0;
    case GLC_Q_NUMBER:
        if (!number.defined)
            return yes == total;
        if (number.u.integer == 0 && !loop)
            return yes == 0;
        return number.u.integer <= 0 || yes >= (uint64_t)number.u.integer;
    case GLC_Q_PERCENT:
        return number.defined && (double)yes >= ceil((double)total * (double)number.u.integer / 100.0);
    }
    return false;
}

static struct glc_value arith(const struct glc_expr *x, struct glc_value a, struct glc_value b)
{
    if (!a.defined || !b.defined)
        return undef(GLC_T_INT);
    int64_t p = a.u.integer, q = b.u.integer;
    uint64_t up = (uint64_t)p, uq = (uint64_t)q;
    switch ((unsigned)x->op) {
    case GLC_X_ADD:
        return integer((int64_t)(up + uq));
    case GLC_X_SUB:
        return integer((int64_t)(up - uq));
    case GLC_X_MUL:
        return integer((int64_t)(up * uq));
    case GLC_X_DIV:
    case GLC_X_MOD:
        if (q == 0 || (p == INT64_MIN && q == -1))
            return undef(GLC_T_INT);
        return integer(x->op == GLC_X_DIV ? p / q : p % q);
    case GLC_X_BIT_AND:
        return integer(p & q);
    case GLC_X_BIT_OR:
        return integer(p | q);
    case GLC_X_BIT_XOR:
        return integer(p ^ q);
    case GLC_X_SHL:
        return q < 0 ? undef(GLC_T_INT) : integer(q >= 64 ? 0 : (int64_t)(up << q));
    default:
        return q < 0 ? undef(GLC_T_INT) : integer(q >= 64 ? 0 : p >> q);
    }
}

static struct glc_value compare(const struct glc_expr *x, struct glc_value a, struct glc_value b)
{
    if (!a.defined || !b.defined)
        return undef(GLC_T_BOOL);
    int64_t p = a.u.integer, q = b.u.integer;
    switch ((unsigned)x->op) {
    case GLC_X_EQ:
        return boolean(p == q);
    case GLC_X_NE:
        return boolean(p != q);
    case GLC_X_LT:
        return boolean(p < q);
    case GLC_X_LE:
        return boolean(p <= q);
    case GLC_X_GT:
        return boolean(p > q);
    default:
        return boolean(p >= q);
    }
}

static struct glc_value read_at(const struct env *e, unsigned kind, struct glc_value at)
{
    static const unsigned width[] = { 1, 2, 4 };
    unsigned w = width[kind % 3];
    if (!at.defined || at.u.integer < 0 || at.u.integer + (int64_t)w > (int64_t)e->l->data.len)
        return undef(GLC_T_INT);
    uint64_t v = 0;
    for (unsigned i = 0; i < w; i++) {
        uint8_t b = e->l->data.ptr[at.u.integer + i];
        v = kind >= GLC_READ_U8BE ? v << 8 | b : v | (uint64_t)b << 8 * i;
    }
    if (kind % 6 >= 3)
        return integer(w == 1 ? (int8_t)v : w == 2 ? (int16_t)v : (int32_t)v);
    return integer((int64_t)v);
}

static struct glc_value of(struct env *e, const struct glc_expr *x)
{
    struct glc_value number = eval(e, x->kid[0]), a = { 0 }, b = { 0 };
    if (x->op == GLC_X_OF_AT || x->op == GLC_X_OF_IN)
        a = eval(e, x->kid[1]);
    if (x->op == GLC_X_OF_IN)
        b = eval(e, x->kid[2]);
    if (x->op == GLC_X_OF_IN && (!a.defined || !b.defined))
        return undef(GLC_T_BOOL);
    uint64_t yes = 0;
    for (uint32_t i = 0; i < x->u.of.n; i++) {
        uint32_t k = x->u.of.set[i];
        if (x->op == GLC_X_OF_RULES)
            yes += e->before[k];
        else if (x->op == GLC_X_OF_AT)
            yes += a.defined && count_between(&e->list[k], a.u.integer, a.u.integer) != 0;
        else if (x->op == GLC_X_OF_IN)
            yes += count_between(&e->list[k], a.u.integer, b.u.integer) != 0;
        else
            yes += e->list[k].n != 0;
    }
    return boolean(enough(x, number, yes, x->u.of.n, false));
}

static struct glc_value loop(struct env *e, const struct glc_expr *x)
{
    struct glc_value number = eval(e, x->kid[0]);
    uint64_t yes = 0, total = 0;
    if (x->op == GLC_X_FOR_OF) {
        uint32_t outer = e->current;
        for (; total < x->u.of.n; total++) {
            e->current = x->u.of.set[total];
            yes += truth(e, x->kid[1]);
        }
        e->current = outer;
    } else if (x->op == GLC_X_FOR_RANGE) {
        struct glc_value lo = eval(e, x->kid[1]), hi = eval(e, x->kid[2]);
        if (lo.defined && hi.defined) {
            for (int64_t i = lo.u.integer; i <= hi.u.integer; i++, total++) {
                e->slot[x->index] = integer(i);
                yes += truth(e, x->kid[3]);
            }
        }
    } else if (x->op == GLC_X_FOR_LIST) {
        struct glc_value item[16];
        for (uint32_t i = 1; i + 1 < x->kids; i++)
            item[i - 1] = eval(e, x->kid[i]);
        for (; total + 2 < x->kids; total++) {
            e->slot[x->index] = item[total];
            yes += truth(e, x->kid[x->kids - 1]);
        }
    } else {
        for (; total + 1 < x->kids; total++)
            yes += truth(e, x->kid[total + 1]);
    }
    return boolean(total != 0 && enough(x, number, yes, total, x->op != GLC_X_OF_EXPRS));
}

static struct glc_value eval(struct env *e, const struct glc_expr *x)
{
    struct glc_value a = { 0 }, b = { 0 };
    const struct naive_list *l = x->op >= GLC_X_FOUND && x->op <= GLC_X_LENGTH
                                     ? &e->list[x->index == GLC_CURRENT ? e->current : x->index]
                                     : NULL;
    if (x->op == GLC_X_AND || x->op == GLC_X_OR) {
        bool r = x->op == GLC_X_AND;
        for (uint32_t i = 0; i < x->kids; i++)
            r = x->op == GLC_X_AND ? r & truth(e, x->kid[i]) : r | truth(e, x->kid[i]);
        return boolean(r);
    }
    if (x->op >= GLC_X_OF && x->op <= GLC_X_OF_RULES)
        return of(e, x);
    if (x->op >= GLC_X_OF_EXPRS && x->op <= GLC_X_FOR_LIST)
        return loop(e, x);
    if (x->op == GLC_X_WITH) {
        e->slot[x->index] = eval(e, x->kid[0]);
        return eval(e, x->kid[1]);
    }
    if (x->kids > 0)
        a = eval(e, x->kid[0]);
    if (x->kids > 1)
        b = eval(e, x->kid[1]);
    switch ((unsigned)x->op) {
    case GLC_X_BOOL:
        return boolean(x->u.integer != 0);
    case GLC_X_INT:
        return integer(x->u.integer);
    case GLC_X_UNDEFINED:
        return undef(x->type);
    case GLC_X_FACT:
        return x->index == GLC_FACT_SIZE                 ? integer((int64_t)e->l->data.len)
               : e->l->facts.entrypoint == GLC_NO_OFFSET ? undef(GLC_T_INT)
                                                         : integer((int64_t)e->l->facts.entrypoint);
    case GLC_X_VAR:
        return e->slot[x->index];
    case GLC_X_READ:
        return read_at(e, x->index, a);
    case GLC_X_NEG:
        return a.defined ? integer((int64_t)(0 - (uint64_t)a.u.integer)) : a;
    case GLC_X_BIT_NOT:
        return a.defined ? integer(~a.u.integer) : a;
    case GLC_X_NOT:
        return a.defined ? boolean(a.u.integer == 0) : a;
    case GLC_X_DEFINED:
        return boolean(a.defined);
    case GLC_X_TO_BOOL:
        return a.defined ? boolean(a.u.integer != 0) : undef(GLC_T_BOOL);
    case GLC_X_FOUND:
        return boolean(l->n != 0);
    case GLC_X_FOUND_AT:
        return boolean(a.defined && count_between(l, a.u.integer, a.u.integer) != 0);
    case GLC_X_FOUND_IN:
        if (!a.defined || !b.defined)
            return undef(GLC_T_BOOL);
        return boolean(count_between(l, a.u.integer, b.u.integer) != 0);
    case GLC_X_COUNT:
        return integer((int64_t)l->n);
    case GLC_X_COUNT_IN:
        if (!a.defined || !b.defined)
            return undef(GLC_T_INT);
        return integer((int64_t)count_between(l, a.u.integer, b.u.integer));
    case GLC_X_OFFSET:
    case GLC_X_LENGTH:
        if (!a.defined || a.u.integer < 1 || (uint64_t)a.u.integer > l->n)
            return undef(GLC_T_INT);
        return integer((int64_t)(x->op == GLC_X_OFFSET ? l->item[a.u.integer - 1].offset
                                                       : l->item[a.u.integer - 1].length));
    case GLC_X_RULE:
        return boolean(e->before[x->index]);
    default:
        return x->op >= GLC_X_EQ && x->op <= GLC_X_GE ? compare(x, a, b) : arith(x, a, b);
    }
}

bool naive_holds(const struct glc_rule *r, const struct naive_list *list, const struct glc_layer *layer,
                 const bool *before)
{
    struct env e = { .r = r, .list = list, .l = layer, .before = before };
    return truth(&e, r->condition);
}
