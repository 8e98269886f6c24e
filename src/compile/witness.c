/* Witnesses: the cheapest set of patterns such that a rule can match only where at least one of them occurs.
 *
 * AND needs the cheapest of its kids' sets, OR the union of all of them, "N of M" the M − N + 1 cheapest
 * members. What is negated, or may hold without an occurrence, has none; a comparison that is undefined
 * without an occurrence (`@a`, `!a`) has it as a witness even below NOT. What needs no pattern but demands
 * first bytes (`uint16(0) == 0x5a4d`, `pe.imphash() == "…"`) has those, so that a disjunction with such a
 * part need not be judged for every layer. An empty answer with `never` means that the rule cannot match. */
#include "compile/build.h"

#include <math.h>
#include <stdlib.h>

enum { DEPTH_MOST = 200, ITEMS_MOST = 4096 };

struct look {
    const struct glc_witness_costs *c;
    uint32_t rule;
    unsigned depth;
    bool writes; /* to the console: judged as often as it would be without first bytes */
};

static void find(struct look *l, const struct glc_expr *x, struct glc_witnesses *out);

static void set_none(struct glc_witnesses *w)
{
    *w = (struct glc_witnesses){ .none = true, .cost = INFINITY };
}

static void add(const struct glc_witness_costs *c, struct glc_witnesses *w, const struct glc_witness *item,
                float cost)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->item[i].rule == item->rule && w->item[i].pattern == item->pattern &&
            w->item[i].pinned == item->pinned &&
            memcmp(&w->item[i].first, &item->first, sizeof item->first) == 0 &&
            (!item->pinned || memcmp(&w->item[i].anchor, &item->anchor, sizeof item->anchor) == 0))
            return;
    struct glc_witness *slot =
        w->n < ITEMS_MOST ? glc_arena_push(c->arena, &w->item, &w->n, sizeof *slot) : NULL;
    if (slot == NULL) {
        set_none(w);
        return;
    }
    *slot = *item;
    w->cost += cost;
}

static float cost_of(const struct look *l, uint32_t rule, uint32_t pattern)
{
    return l->c->cost[l->c->first[rule] + pattern];
}

static void one(const struct look *l, uint32_t pattern, struct glc_witnesses *out)
{
    *out = (struct glc_witnesses){ 0 };
    /* GLC_CURRENT stands for every member of the enclosing set; the caller puts them in. */
    float cost = pattern == GLC_CURRENT ? 0 : cost_of(l, l->rule, pattern);
    if (cost == INFINITY) {
        set_none(out);
        return;
    }
    struct glc_witness item = { .rule = l->rule, .pattern = pattern };
    add(l->c, out, &item, cost);
}

static void join(const struct look *l, struct glc_witnesses *to, const struct glc_witnesses *from)
{
    if (from->never)
        return;
    if (to->none || from->none) {
        set_none(to);
        return;
    }
    float cost = from->n != 0 ? from->cost / (float)from->n : 0;
    for (size_t i = 0; i < from->n && !to->none; i++)
        add(l->c, to, &from->item[i], cost);
}

static bool better(const struct glc_witnesses *a, const struct glc_witnesses *b)
{
    if (a->none != b->none)
        return !a->none;
    return a->cost < b->cost;
}

static void find_and(struct look *l, const struct glc_expr *x, struct glc_witnesses *out)
{
    set_none(out);
    for (uint32_t i = 0; i < x->kids; i++) {
        struct glc_witnesses w;
        find(l, x->kid[i], &w);
        if (w.never) {
            *out = w;
            return;
        }
        if (better(&w, out))
            *out = w;
    }
}

/* At least one of the kids must hold. */
static void find_or(struct look *l, struct glc_expr *const *kid, uint32_t n, struct glc_witnesses *out)
{
    struct glc_witnesses all = { 0 };
    bool any = false;
    for (uint32_t i = 0; i < n && !all.none; i++) {
        struct glc_witnesses w;
        find(l, kid[i], &w);
        any = any || !w.never;
        join(l, &all, &w);
    }
    all.never = !any;
    *out = all;
}

struct ranked {
    float cost;
    uint32_t index;
};

static int by_cost(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return x->cost < y->cost ? -1 : x->cost > y->cost ? 1 : (x->index > y->index) - (x->index < y->index);
}

/* How many of `n` the quantifier demands at least; 0: perhaps none. */
static uint32_t quorum(const struct glc_expr *x, uint32_t n)
{
    const struct glc_expr *k = x->kids != 0 ? x->kid[0] : NULL;
    int64_t v = k != NULL && k->op == GLC_X_INT ? k->u.integer : 0;
    switch (x->u.of.quant) {
    case GLC_Q_ALL:
        return n;
    case GLC_Q_ANY:
        return 1;
    case GLC_Q_NONE:
        return 0;
    case GLC_Q_NUMBER:
        return v <= 0 ? 0 : v > n ? n + 1 : (uint32_t)v;
    case GLC_Q_PERCENT:
        return v <= 0 ? 0 : v > 100 ? n + 1 : (uint32_t)(((uint64_t)v * n + 99) / 100);
    }
    return 0;
}

/* At least `k` patterns of the set occur. */
static void of_patterns(struct look *l, const uint32_t *set, uint32_t n, uint32_t k,
                        struct glc_witnesses *out)
{
    struct glc_witnesses all = { 0 };
    if (k == 0) {
        set_none(out);
        return;
    }
    if (k > n) {
        *out = (struct glc_witnesses){ .never = true };
        return;
    }
    struct ranked *rank = glc_arena_array(l->c->arena, n, sizeof *rank);
    if (rank == NULL) {
        set_none(out);
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        rank[i] = (struct ranked){ cost_of(l, l->rule, set[i]), set[i] };
    qsort(rank, n, sizeof *rank, by_cost);
    for (uint32_t i = 0; i < n - k + 1 && !all.none; i++) {
        struct glc_witnesses w;
        one(l, rank[i].index, &w);
        join(l, &all, &w);
    }
    *out = all;
}

/* At least `k` of several conditions hold. */
static void of_many(struct look *l, struct glc_witnesses *many, uint32_t n, uint32_t k,
                    struct glc_witnesses *out)
{
    struct glc_witnesses all = { 0 };
    struct ranked *rank = glc_arena_array(l->c->arena, n + 1, sizeof *rank);
    uint32_t live = 0;
    for (uint32_t i = 0; rank != NULL && i < n; i++)
        if (!many[i].never)
            rank[live++] = (struct ranked){ many[i].none ? INFINITY : many[i].cost, i };
    if (rank == NULL || k == 0) {
        set_none(out);
        return;
    }
    if (k > live) {
        *out = (struct glc_witnesses){ .never = true };
        return;
    }
    qsort(rank, live, sizeof *rank, by_cost);
    for (uint32_t i = 0; i < live - k + 1 && !all.none; i++)
        join(l, &all, &many[rank[i].index]);
    *out = all;
}

static void find_for_of(struct look *l, const struct glc_expr *x, struct glc_witnesses *out)
{
    uint32_t k = quorum(x, x->u.of.n);
    struct glc_witnesses body, members, all = { 0 };
    find(l, x->kid[1], &body);
    if (k == 0 || body.none) {
        set_none(out);
        return;
    }
    if (body.never) {
        *out = body;
        return;
    }
    for (size_t i = 0; i < body.n && !all.none; i++) {
        if (body.item[i].pattern != GLC_CURRENT || body.item[i].first.mask != 0) {
            add(l->c, &all, &body.item[i], body.cost);
            continue;
        }
        of_patterns(l, x->u.of.set, x->u.of.n, k, &members);
        if (members.never) {
            *out = members;
            return;
        }
        join(l, &all, &members);
    }
    *out = all;
}

static void find_of_exprs(struct look *l, const struct glc_expr *x, struct glc_witnesses *out)
{
    uint32_t n = x->kids - 1;
    struct glc_witnesses *many = glc_arena_array(l->c->arena, n, sizeof *many);
    for (uint32_t i = 0; many != NULL && i < n; i++)
        find(l, x->kid[i + 1], &many[i]);
    if (many == NULL)
        set_none(out);
    else
        of_many(l, many, n, quorum(x, n), out);
}

static void find_of_rules(struct look *l, const struct glc_expr *x, struct glc_witnesses *out)
{
    uint32_t n = x->u.of.n;
    struct glc_witnesses *many = glc_arena_array(l->c->arena, n, sizeof *many);
    for (uint32_t i = 0; many != NULL && i < n; i++) {
        if (x->u.of.set[i] < l->rule)
            many[i] = l->c->rule[x->u.of.set[i]];
        else
            set_none(&many[i]);
    }
    if (many == NULL)
        set_none(out);
    else
        of_many(l, many, n, quorum(x, n), out);
}

static void find_needed(struct look *l, const struct glc_expr *x, struct glc_witnesses *out);

/* … one of the operands of `x` is undefined. */
static void find_needed_below(struct look *l, const struct glc_expr *x, struct glc_witnesses *out)
{
    set_none(out);
    l->depth++;
    for (uint32_t i = 0; l->depth < DEPTH_MOST && i < x->kids; i++) {
        struct glc_witnesses w;
        find_needed(l, x->kid[i], &w);
        if (better(&w, out))
            *out = w;
    }
    l->depth--;
}

/* The patterns without an occurrence of which `x` is undefined: the cheapest one below. */
static void find_needed(struct look *l, const struct glc_expr *x, struct glc_witnesses *out)
{
    set_none(out);
    switch ((unsigned)x->op) {
    case GLC_X_OFFSET:
    case GLC_X_LENGTH:
        one(l, x->index, out);
        return;
    case GLC_X_READ:
    case GLC_X_TO_FLOAT:
    case GLC_X_NEG:
    case GLC_X_ADD:
    case GLC_X_SUB:
    case GLC_X_MUL:
    case GLC_X_DIV:
    case GLC_X_MOD:
    case GLC_X_BIT_NOT:
    case GLC_X_BIT_AND:
    case GLC_X_BIT_OR:
    case GLC_X_BIT_XOR:
    case GLC_X_SHL:
    case GLC_X_SHR:
    case GLC_X_EQ:
    case GLC_X_NE:
    case GLC_X_LE:
    case GLC_X_GT:
    case GLC_X_GE:
        break;
    case GLC_X_LT: /* of floats: false where one is undefined */
        if (x->kid[0]->type != GLC_T_FLOAT)
            break;
        return;
    default:
        return;
    }
    find_needed_below(l, x, out);
}

/* A sum of counts: adds their patterns; false: it is something else. */
static bool counts(struct look *l, const struct glc_expr *x, struct glc_witnesses *out)
{
    struct glc_witnesses w;
    if (l->depth >= DEPTH_MOST)
        return false;
    if (x->op == GLC_X_COUNT || x->op == GLC_X_COUNT_IN) {
        one(l, x->index, &w);
        join(l, out, &w);
        return true;
    }
    if (x->op != GLC_X_ADD)
        return x->op == GLC_X_INT && x->u.integer == 0;
    l->depth++;
    bool ok = true;
    for (uint32_t i = 0; ok && i < x->kids; i++)
        ok = counts(l, x->kid[i], out);
    l->depth--;
    return ok;
}

/* A count compared with a constant that 0 does not satisfy. */
static void find_compare(struct look *l, const struct glc_expr *x, struct glc_witnesses *out)
{
    const struct glc_expr *count = x->kid[0], *limit = x->kid[1];
    enum glc_expr_op op = x->op;
    if (count->op == GLC_X_INT) {
        count = x->kid[1];
        limit = x->kid[0];
        op = op == GLC_X_LT   ? GLC_X_GT
             : op == GLC_X_LE ? GLC_X_GE
             : op == GLC_X_GT ? GLC_X_LT
             : op == GLC_X_GE ? GLC_X_LE
                              : op;
    }
    if ((count->op == GLC_X_COUNT || count->op == GLC_X_COUNT_IN) && limit->op == GLC_X_INT) {
        int64_t v = limit->u.integer;
        bool zero = op == GLC_X_EQ   ? v == 0
                    : op == GLC_X_NE ? v != 0
                    : op == GLC_X_LT ? 0 < v
                    : op == GLC_X_LE ? 0 <= v
                    : op == GLC_X_GT ? 0 > v
                                     : 0 >= v;
        if (!zero) {
            one(l, count->index, out);
            return;
        }
    }
    /* More of these than of those: at least one of these. */
    if (op == GLC_X_GT || op == GLC_X_LT) {
        struct glc_witnesses more = { 0 }, less = { 0 };
        if (counts(l, x->kid[op != GLC_X_GT], &more) && counts(l, x->kid[op == GLC_X_GT], &less) &&
            more.n != 0) {
            *out = more;
            return;
        }
    }
    find_needed_below(l, x, out);
}

/* Every FOUND below a group that ClamAV counts. */
static void group_members(struct look *l, const struct glc_expr *x, struct glc_witnesses *out)
{
    if (++l->depth > DEPTH_MOST) {
        set_none(out);
    } else if (x->op == GLC_X_FOUND || x->op == GLC_X_FOUND_AT || x->op == GLC_X_COUNT) {
        struct glc_witnesses w;
        one(l, x->index, &w);
        join(l, out, &w);
    } else if (x->op == GLC_X_CLAM_WHEN || x->op == GLC_X_CLAM_ONE) {
        /* Counts only where it holds. */
        struct glc_witnesses w;
        find(l, x->op == GLC_X_CLAM_ONE ? x->kid[0] : x, &w);
        join(l, out, &w);
    } else if (x->op == GLC_X_AND || x->op == GLC_X_OR || x->op == GLC_X_CLAM_COUNT || x->op == GLC_X_EQ ||
               x->op == GLC_X_GT || x->op == GLC_X_GE || x->op == GLC_X_LT || x->op == GLC_X_LE ||
               x->op == GLC_X_NE || x->op == GLC_X_NOT) {
        for (uint32_t i = 0; i < x->kids && !out->none; i++)
            group_members(l, x->kid[i], out);
    } else if (x->op != GLC_X_INT && x->op != GLC_X_BOOL) {
        set_none(out);
    }
    l->depth--;
}

static void find_at(struct look *l, const struct glc_expr *x, struct glc_witnesses *out)
{
    one(l, x->index, out);
    const struct glc_expr *at = x->kid[0];
    struct glc_anchor anchor = { .kind = GLC_ANYWHERE };
    uint32_t number = x->index == GLC_CURRENT ? 0 : l->c->first[l->rule] + x->index;
    if (x->index == GLC_CURRENT || !l->c->pin[number])
        return;
    if (at->op == GLC_X_INT && at->u.integer >= 0) {
        anchor.kind = GLC_FROM_START;
        anchor.offset = at->u.integer;
    } else if (at->op == GLC_X_FACT && at->index == GLC_FACT_ENTRY) {
        anchor.kind = GLC_FROM_ENTRYPOINT;
    } else {
        return;
    }
    struct glc_witness item = { .rule = l->rule, .pattern = x->index, .pinned = true, .anchor = anchor };
    *out = (struct glc_witnesses){ 0 };
    bool first = anchor.kind == GLC_FROM_START && anchor.offset == 0;
    add(l->c, out, &item, first && l->c->magic[number] ? GLC_MAGIC_COST : GLC_PINNED_COST);
}

static void find_op(struct look *l, const struct glc_expr *x, struct glc_witnesses *out)
{
    set_none(out);
    switch ((unsigned)x->op) {
    case GLC_X_BOOL:
        if (x->u.integer == 0)
            *out = (struct glc_witnesses){ .never = true };
        return;
    case GLC_X_FOUND:
    case GLC_X_FOUND_IN:
        one(l, x->index, out);
        return;
    case GLC_X_FOUND_AT:
        find_at(l, x, out);
        return;
    case GLC_X_TO_BOOL:
        if (x->kid[0]->op == GLC_X_COUNT || x->kid[0]->op == GLC_X_COUNT_IN)
            one(l, x->kid[0]->index, out);
        else
            find_needed(l, x->kid[0], out);
        return;
    case GLC_X_EQ:
    case GLC_X_NE:
    case GLC_X_LT:
    case GLC_X_LE:
    case GLC_X_GT:
    case GLC_X_GE:
        find_compare(l, x, out);
        return;
    case GLC_X_NOT:
        find_needed(l, x->kid[0], out);
        return;
    case GLC_X_AND:
        find_and(l, x, out);
        return;
    case GLC_X_OR:
        find_or(l, x->kid, x->kids, out);
        return;
    case GLC_X_OF:
    case GLC_X_OF_AT:
    case GLC_X_OF_IN:
        of_patterns(l, x->u.of.set, x->u.of.n, quorum(x, x->u.of.n), out);
        return;
    case GLC_X_OF_RULES:
        find_of_rules(l, x, out);
        return;
    case GLC_X_OF_EXPRS:
        find_of_exprs(l, x, out);
        return;
    case GLC_X_FOR_OF:
        find_for_of(l, x, out);
        return;
    case GLC_X_FOR_RANGE:
    case GLC_X_FOR_LIST:
    case GLC_X_FOR_ARRAY:
    case GLC_X_FOR_DICT:
        /* "all" holds for an empty range too. */
        if (x->u.of.quant == GLC_Q_ANY || (x->u.of.quant == GLC_Q_NUMBER && quorum(x, UINT32_MAX - 1) != 0) ||
            (x->u.of.quant == GLC_Q_ALL && x->op == GLC_X_FOR_LIST && x->kids > 2))
            find(l, x->kid[x->kids - 1], out);
        return;
    case GLC_X_WITH:
        find(l, x->kid[1], out);
        return;
    case GLC_X_RULE:
        if (x->index < l->rule)
            *out = l->c->rule[x->index];
        return;
    case GLC_X_CLAM_WHEN:
        find_and(l, x, out);
        return;
    case GLC_X_CLAM_COUNT:
        /* `index` is the comparison; > x and = x with x > 0 need an occurrence. */
        if (x->index == GLC_CMP_GT || (x->index == GLC_CMP_EQ && x->u.count.x != 0 && x->u.count.y == 0)) {
            *out = (struct glc_witnesses){ 0 };
            group_members(l, x->kid[0], out);
        }
        return;
    default:
        return;
    }
}

struct glc_first glc_first_of(const struct glc_cond_guards *g)
{
    struct glc_first first = { 0 };
    for (uint32_t i = 0; i < g->reads; i++) {
        const struct glc_cond_read *r = &g->read[i];
        if (r->offset + r->width > 4)
            continue;
        uint32_t m = (uint32_t)(((UINT64_C(1) << (8 * r->width)) - 1) << (8 * r->offset));
        first.value |= (r->value << (8 * r->offset)) & m;
        first.mask |= m;
        first.need = first.need > r->offset + r->width ? first.need : r->offset + r->width;
    }
    return first;
}

/* The first bytes that x demands. */
static void find_first(const struct look *l, const struct glc_expr *x, struct glc_witnesses *out)
{
    struct glc_cond_guards g;
    glc_cond_guards(x, l->c->modules, &g);
    struct glc_witness item = { .rule = l->rule, .pattern = GLC_IMG_NONE, .first = glc_first_of(&g) };
    if (item.first.mask == 0)
        return;
    *out = (struct glc_witnesses){ 0 };
    add(l->c, out, &item, GLC_FIRST_COST * 4 / (float)item.first.need);
}

static void find(struct look *l, const struct glc_expr *x, struct glc_witnesses *out)
{
    if (++l->depth > DEPTH_MOST)
        set_none(out);
    else
        find_op(l, x, out);
    if (out->none && !l->writes && l->depth <= DEPTH_MOST && x->op != GLC_X_OR && x->op != GLC_X_AND)
        find_first(l, x, out);
    l->depth--;
}

void glc_witness_find(const struct glc_witness_costs *c, uint32_t rule, struct glc_witnesses *out)
{
    struct look l = { .c = c, .rule = rule };
    l.writes = glc_cond_writes(c->set->rule[rule]->condition, c->modules);
    find(&l, c->set->rule[rule]->condition, out);
    if (!out->none && out->n == 0)
        out->never = true;
}

void glc_witness_part(struct glc_witnesses *out)
{
    size_t n = 0;
    for (size_t i = 0; i < out->n; i++) {
        struct glc_witness w = out->item[i];
        if (w.first.mask != 0)
            continue;
        out->item[i] = out->item[n];
        out->item[n++] = w;
    }
    out->firsts = out->n - n;
    out->n = n;
    if (out->firsts > GLC_FIRSTS_MOST)
        out->firsts = out->n = 0;
    out->none = out->none || (out->n == 0 && !out->never);
}
