/* Guards of rules without a witness.
 *
 * Nine hundred rules that ask for a certificate's serial number hold only where there is a certificate. A
 * conjunct that needs modules and no pattern, or what a loop goes over that must hold at least once, is
 * judged once for all rules that have it in common: `0 < size(pe.signatures)` for the loop over
 * (0..pe.number_of_signatures), which goes around once without a certificate, too. A conjunct of external
 * variables alone (`filename matches …`) is a guard for one rule, too: the matcher keeps what it said. */
#include <stdlib.h>

#include "compile/build.h"
#include "compile/cond_compile.h"

enum { DEPTH_MOST = 32, SHARED_LEAST = 4, GUARDS_MOST = 4096 };

/* Does the expression ask a module, and nothing that belongs to one rule? */
static bool is_shared(const struct glc_expr *x, unsigned depth, bool *module)
{
    if (depth > DEPTH_MOST)
        return false;
    switch ((unsigned)x->op) {
    case GLC_X_VAR:
    case GLC_X_FOUND:
    case GLC_X_FOUND_AT:
    case GLC_X_FOUND_IN:
    case GLC_X_COUNT:
    case GLC_X_COUNT_IN:
    case GLC_X_OFFSET:
    case GLC_X_LENGTH:
    case GLC_X_OF:
    case GLC_X_OF_AT:
    case GLC_X_OF_IN:
    case GLC_X_OF_RULES:
    case GLC_X_FOR_OF:
    case GLC_X_FOR_RANGE:
    case GLC_X_FOR_LIST:
    case GLC_X_FOR_ARRAY:
    case GLC_X_FOR_DICT:
    case GLC_X_WITH:
    case GLC_X_RULE:
    case GLC_X_CLAM_COUNT:
    case GLC_X_CLAM_WHEN:
    case GLC_X_CLAM_ONE:
    case GLC_X_CALL: /* may write to the console */
        return false;
    case GLC_X_MODULE:
        *module = true;
        return true;
    default:
        break;
    }
    for (uint32_t i = 0; i < x->kids; i++)
        if (x->kid[i] == NULL || !is_shared(x->kid[i], depth + 1, module))
            return false;
    return true;
}

/* Does the expression ask external variables, and nothing else? */
static bool is_steady(const struct glc_expr *x, unsigned depth, bool *external)
{
    bool leaf = x->op == GLC_X_BOOL || x->op == GLC_X_INT || x->op == GLC_X_FLOAT || x->op == GLC_X_STRING ||
                x->op == GLC_X_REGEX;
    *external = *external || x->op == GLC_X_EXTERN;
    if (depth > DEPTH_MOST ||
        (!leaf && x->op != GLC_X_EXTERN && !(x->op >= GLC_X_TO_FLOAT && x->op <= GLC_X_TO_BOOL)))
        return false;
    for (uint32_t i = 0; i < x->kids; i++)
        if (x->kid[i] == NULL || !is_steady(x->kid[i], depth + 1, external))
            return false;
    return true;
}

/* The array whose item number `var` must exist for x to be defined; NULL: none is known. */
static const struct glc_expr *indexed(const struct glc_expr *x, uint32_t var, unsigned depth)
{
    if (depth > DEPTH_MOST)
        return NULL;
    if (x->op == GLC_X_INDEX && x->kid[1]->op == GLC_X_VAR && x->kid[1]->index == var)
        return x->kid[0];
    bool passes_on = x->op == GLC_X_MEMBER || x->op == GLC_X_INDEX || x->op == GLC_X_LOOKUP ||
                     x->op == GLC_X_NOT || (x->op >= GLC_X_TO_FLOAT && x->op <= GLC_X_MATCHES);
    if (x->op == GLC_X_LT && x->kid[0]->type == GLC_T_FLOAT) /* false where one is undefined */
        passes_on = false;
    const struct glc_expr *array = NULL;
    for (uint32_t i = 0; passes_on && i < x->kids && array == NULL; i++)
        array = indexed(x->kid[i], var, depth + 1);
    return array;
}

/* … for it to be true. */
static const struct glc_expr *demanded(const struct glc_expr *x, uint32_t var, unsigned depth)
{
    const struct glc_expr *array = NULL;
    if (x->op != GLC_X_AND || depth > DEPTH_MOST)
        return indexed(x, var, depth);
    for (uint32_t i = 0; i < x->kids && array == NULL; i++)
        array = demanded(x->kid[i], var, depth + 1);
    return array;
}

/* x `op` y, of integers. */
static const struct glc_expr *compare(struct glc_build *b, enum glc_expr_op op, struct glc_expr *x,
                                      struct glc_expr *y)
{
    struct glc_expr *both = glc_expr_new(&b->arena, op, GLC_T_BOOL, 2);
    if (both == NULL || x == NULL || y == NULL)
        return NULL;
    both->kid[0] = x;
    both->kid[1] = y;
    return both;
}

static struct glc_expr *size_of(struct glc_build *b, const struct glc_expr *array)
{
    struct glc_expr *size = glc_expr_new(&b->arena, GLC_X_SIZE, GLC_T_INT, 1);
    if (size != NULL)
        size->kid[0] = (struct glc_expr *)array;
    return size;
}

/* What a loop that must hold once asks for: that there is an item at all. */
static const struct glc_expr *guard_of_loop(struct glc_build *b, const struct glc_expr *x)
{
    if (x->op != GLC_X_FOR_RANGE)
        return compare(b, GLC_X_LT, glc_expr_new(&b->arena, GLC_X_INT, GLC_T_INT, 0), size_of(b, x->kid[1]));
    const struct glc_expr *array = demanded(x->kid[3], x->index, 0);
    bool module = false;
    if (array != NULL && is_shared(array, 0, &module) && module)
        return compare(b, GLC_X_LT, x->kid[1], size_of(b, array));
    return compare(b, GLC_X_LE, x->kid[1], x->kid[2]);
}

/* The guard that a conjunct gives; NULL: none. */
static const struct glc_expr *guard_of(struct glc_build *b, const struct glc_expr *x, bool *steady)
{
    bool module = false, external = false;
    *steady = x->type == GLC_T_BOOL && is_steady(x, 0, &external) && external;
    if (*steady)
        return x;
    bool loop = x->op == GLC_X_FOR_RANGE || x->op == GLC_X_FOR_ARRAY || x->op == GLC_X_FOR_DICT;
    if (loop && x->u.of.quant == GLC_Q_ANY)
        x = guard_of_loop(b, x);
    return x != NULL && is_shared(x, 0, &module) && module && x->type == GLC_T_BOOL ? x : NULL;
}

static struct glc_guard *find(struct glc_build *b, const struct glc_expr *x, bool steady, bool add)
{
    struct glc_buf text;
    glc_buf_init(&text, 1 << 16);
    glc_expr_dump(x, NULL, &text);
    struct glc_guard *g = NULL;
    for (size_t i = 0; i < b->guards && g == NULL; i++)
        if (glc_span_eq(b->guard[i].text, glc_buf_span(&text)))
            g = &b->guard[i];
    if (g == NULL && add && !text.failed && b->guards < GUARDS_MOST) {
        char *copy = glc_arena_strdup(&b->arena, glc_buf_span(&text));
        g = copy != NULL ? glc_arena_push(&b->arena, &b->guard, &b->guards, sizeof *g) : NULL;
        if (g != NULL)
            *g = (struct glc_guard){ .x = x, .text = glc_span(copy, text.len), .steady = steady };
    }
    glc_buf_done(&text);
    return g;
}

/* The guard of the condition's conjunct i; NULL: it gives none. */
static struct glc_guard *guard_at(struct glc_build *b, const struct glc_rule *rule, uint32_t i, bool add)
{
    const struct glc_expr *x = rule->condition;
    bool steady;
    const struct glc_expr *one = guard_of(b, x->op == GLC_X_AND ? x->kid[i] : x, &steady);
    return one != NULL ? find(b, one, steady, add) : NULL;
}

static uint32_t conjuncts(const struct glc_rule *rule)
{
    return rule->condition->op == GLC_X_AND ? rule->condition->kids : 1;
}

bool glc_guard_count(struct glc_build *b, const struct glc_rule *rule)
{
    for (uint32_t i = 0; i < conjuncts(rule); i++) {
        struct glc_guard *g = guard_at(b, rule, i, true);
        if (g != NULL)
            g->count++;
    }
    return !b->arena.failed;
}

/* How much a guard is worth: a steady one costs nothing. */
static uint32_t worth(const struct glc_guard *g)
{
    return g->steady ? UINT32_MAX : g->count;
}

uint32_t glc_guard_choose(struct glc_build *b, const struct glc_rule *rule)
{
    uint32_t best = SHARED_LEAST - 1, chosen = GLC_IMG_NONE;
    for (uint32_t i = 0; i < conjuncts(rule); i++) {
        const struct glc_guard *g = guard_at(b, rule, i, false);
        if (g != NULL && worth(g) > best) {
            best = worth(g);
            chosen = (uint32_t)(g - b->guard);
        }
    }
    return chosen;
}

static int by_guard(const void *x, const void *y)
{
    const struct glc_always *a = x, *b = y;
    if (a->gate != b->gate)
        return a->gate < b->gate ? -1 : 1;
    if (a->guard != b->guard)
        return a->guard < b->guard ? -1 : 1;
    return a->rule < b->rule ? -1 : a->rule > b->rule;
}

bool glc_guard_write(struct glc_build *b)
{
    struct glc_buf *code = &b->section[GLC_IMG_CODE];
    if (b->alwayses != 0)
        qsort(b->always, b->alwayses, sizeof *b->always, by_guard);
    for (size_t i = 0; i < b->guards; i++) {
        struct glc_guard *g = &b->guard[i];
        struct glc_rule stand_in = { .name = "", .condition = (struct glc_expr *)g->x };
        struct glc_cond_options opt = { .modules = b->opt->modules };
        struct glc_error err = { 0 };
        if (worth(g) < SHARED_LEAST)
            continue;
        if (!glc_build_align(code, 8))
            return false;
        size_t at = code->len;
        enum glc_err e = glc_cond_compile(&stand_in, &opt, code, &err);
        if (e == GLC_NOMEM)
            return false;
        if (e != GLC_OK) {
            code->len = at; /* no guard: it only saves work */
            continue;
        }
        g->code = (uint32_t)at;
        g->code_len = (uint32_t)(code->len - at);
    }
    return true;
}
