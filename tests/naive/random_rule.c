#include "random_rule.h"

#include <stdlib.h>

enum { MOST_SLOTS = 16 };

struct maker {
    struct random *r;
    struct glc_arena *a;
    struct glc_rule *rule;
    uint32_t number; /* of the rule in its set */
    uint32_t slots;  /* in scope */
    bool in_for_of;
};

static uint32_t below(struct maker *m, uint32_t n)
{
    return random_below(m->r, n);
}

/* Patterns. */

static struct glc_re *words(struct maker *m)
{
    uint8_t text[24];
    uint32_t n = 1 + below(m, below(m, 3) == 0 ? 20 : 6);
    for (uint32_t i = 0; i < n; i++)
        text[i] = (uint8_t)("abcA_ "[below(m, 6)]);
    struct glc_re *re = glc_re_bytes(m->a, text, NULL, n);
    return below(m, 3) == 0 ? glc_re_nocase(m->a, re) : re;
}

static void make_variants(struct maker *m, struct glc_pattern *p)
{
    struct random_shape shape = { .asserts = below(m, 4) == 0,
                                  .gaps = below(m, 2) == 0,
                                  .depth = below(m, 3) };
    struct glc_re *re = below(m, 2) == 0 ? words(m) : random_re(m->r, m->a, &shape);
    bool fullword = below(m, 5) == 0;
    p->variant = glc_arena_array(m->a, 8, sizeof *p->variant);
    p->variant[p->variants++] = (struct glc_variant){ .re = re, .fullword = fullword };
    if (below(m, 4) == 0)
        p->variant[p->variants++] =
            (struct glc_variant){ .re = glc_re_wide(m->a, re), .wide = true, .fullword = fullword };
    if (re->kind == GLC_RE_BYTES && below(m, 4) == 0) {
        uint8_t text[64];
        uint32_t n = re->u.bytes.len < 64 ? re->u.bytes.len : 64;
        for (unsigned key = 1; key < 4; key++) {
            for (uint32_t i = 0; i < n; i++)
                text[i] = (uint8_t)((re->u.bytes.value[i] ^ key) & re->u.bytes.mask[i]);
            p->variant[p->variants++] =
                (struct glc_variant){ .re = glc_re_bytes(m->a, text, re->u.bytes.mask, n),
                                      .fullword = fullword,
                                      .xored = true,
                                      .through = below(m, 2) == 0,
                                      .key = (uint8_t)key };
        }
    }
}

static void make_anchor(struct maker *m, struct glc_anchor *a)
{
    static const enum glc_anchor_kind kinds[] = { GLC_FROM_START,   GLC_FROM_END,          GLC_FROM_ENTRY,
                                                  GLC_FROM_SECTION, GLC_FROM_LAST_SECTION, GLC_IN_SECTION };
    if (below(m, 3) != 0)
        return;
    a->kind = kinds[below(m, 6)];
    a->section = below(m, 3);
    a->offset = below(m, 60);
    if (a->kind == GLC_FROM_ENTRY && below(m, 2) == 0)
        a->offset = -a->offset;
    a->shift = below(m, 2) == 0 ? below(m, 30) : 0;
    if (a->kind == GLC_IN_SECTION)
        a->offset = a->shift = 0;
}

/* Conditions. */

static struct glc_expr *number(struct maker *m, unsigned depth);

static struct glc_expr *some_pattern(struct maker *m, enum glc_expr_op op, enum glc_type type, uint32_t kids)
{
    struct glc_expr *x = glc_expr_new(m->a, op, type, kids);
    x->index = m->in_for_of && below(m, 2) == 0 ? GLC_CURRENT : below(m, m->rule->patterns);
    return x;
}

static struct glc_expr *pair(struct maker *m, enum glc_expr_op op, enum glc_type type, unsigned depth)
{
    struct glc_expr *x = glc_expr_new(m->a, op, type, 2);
    x->kid[0] = number(m, depth);
    x->kid[1] = number(m, depth);
    return x;
}

static struct glc_expr *number(struct maker *m, unsigned depth)
{
    struct glc_expr *x;
    switch (below(m, depth == 0 ? 7 : 13)) {
    case 0:
    case 1:
        return glc_expr_int(m->a, below(m, 8) == 0 ? -(int64_t)below(m, 5) : (int64_t)below(m, 12));
    case 2:
        return glc_expr_int(m->a, below(m, 200));
    case 3:
        x = glc_expr_new(m->a, below(m, 6) == 0 ? GLC_X_UNDEFINED : GLC_X_FACT, GLC_T_INT, 0);
        x->index = below(m, 2) == 0 ? GLC_FACT_SIZE : GLC_FACT_ENTRY;
        return x;
    case 4:
        if (m->slots == 0)
            return glc_expr_int(m->a, 1);
        x = glc_expr_new(m->a, GLC_X_VAR, GLC_T_INT, 0);
        x->index = below(m, m->slots);
        return x;
    case 5:
        return m->rule->patterns != 0 ? some_pattern(m, GLC_X_COUNT, GLC_T_INT, 0) : glc_expr_int(m->a, 2);
    case 6:
    case 7:
        if (m->rule->patterns == 0)
            return glc_expr_int(m->a, 3);
        x = some_pattern(m, below(m, 3) == 0 ? GLC_X_LENGTH : GLC_X_OFFSET, GLC_T_INT, 1);
        x->kid[0] = depth == 0 ? glc_expr_int(m->a, 1 + below(m, 3)) : number(m, depth - 1);
        return x;
    case 8:
        if (m->rule->patterns == 0)
            return glc_expr_int(m->a, 4);
        x = some_pattern(m, GLC_X_COUNT_IN, GLC_T_INT, 2);
        x->kid[0] = number(m, depth - 1);
        x->kid[1] = number(m, depth - 1);
        return x;
    case 9:
        x = glc_expr_new(m->a, GLC_X_READ, GLC_T_INT, 1);
        x->index = below(m, GLC_READ_I32BE + 1);
        x->kid[0] = number(m, depth - 1);
        return x;
    case 10:
        x = glc_expr_new(m->a, below(m, 2) == 0 ? GLC_X_NEG : GLC_X_BIT_NOT, GLC_T_INT, 1);
        x->kid[0] = number(m, depth - 1);
        return x;
    default:
        x = pair(m, (enum glc_expr_op)(GLC_X_ADD + below(m, GLC_X_SHR - GLC_X_ADD + 1)), GLC_T_INT,
                 depth - 1);
        x->kids = x->op == GLC_X_BIT_NOT ? 1 : 2;
        return x;
    }
}

static struct glc_expr *truth(struct maker *m, unsigned depth);

static void some_set(struct maker *m, struct glc_expr *x, uint32_t of)
{
    x->u.of.set = glc_arena_array(m->a, of, sizeof *x->u.of.set);
    for (uint32_t i = 0; i < of; i++)
        if (below(m, 3) != 0 || (i + 1 == of && x->u.of.n == 0))
            x->u.of.set[x->u.of.n++] = i;
}

static void quantify(struct maker *m, struct glc_expr *x)
{
    x->u.of.quant = (enum glc_quant)below(m, GLC_Q_PERCENT + 1);
    if (x->u.of.quant == GLC_Q_PERCENT)
        x->kid[0] = glc_expr_int(m->a, 1 + below(m, 100));
    else
        x->kid[0] = x->u.of.quant == GLC_Q_NUMBER ? number(m, 0) : glc_expr_int(m->a, 0);
}

static struct glc_expr *of(struct maker *m, unsigned depth)
{
    static const enum glc_expr_op ops[] = { GLC_X_OF, GLC_X_OF, GLC_X_OF_AT, GLC_X_OF_IN, GLC_X_OF_RULES };
    enum glc_expr_op op = ops[below(m, m->number != 0 ? 5 : 4)];
    if (op == GLC_X_OF_AT && m->rule->language == GLC_LANG_CLAM)
        op = GLC_X_OF;
    struct glc_expr *x = glc_expr_new(m->a, op, GLC_T_BOOL,
                                      op == GLC_X_OF_AT   ? 2
                                      : op == GLC_X_OF_IN ? 3
                                                          : 1);
    quantify(m, x);
    for (uint32_t i = 1; i < x->kids; i++)
        x->kid[i] = number(m, depth);
    some_set(m, x, op == GLC_X_OF_RULES ? m->number : m->rule->patterns);
    return x;
}

static struct glc_expr *loop(struct maker *m, unsigned depth)
{
    unsigned kind = below(m, 4);
    bool outer = m->in_for_of;
    struct glc_expr *x;
    uint32_t items = 1 + below(m, 4);
    if (kind == 0) {
        x = glc_expr_new(m->a, GLC_X_FOR_OF, GLC_T_BOOL, 2);
        quantify(m, x);
        some_set(m, x, m->rule->patterns);
        m->in_for_of = true;
        x->kid[1] = truth(m, depth);
        m->in_for_of = outer;
        return x;
    }
    if (kind == 1) {
        x = glc_expr_new(m->a, GLC_X_OF_EXPRS, GLC_T_BOOL, 1 + items);
        quantify(m, x);
        for (uint32_t i = 1; i < x->kids; i++)
            x->kid[i] = truth(m, depth);
        return x;
    }
    x = glc_expr_new(m->a, kind == 2 ? GLC_X_FOR_RANGE : GLC_X_FOR_LIST, GLC_T_BOOL,
                     kind == 2 ? 4 : 2 + items);
    quantify(m, x);
    for (uint32_t i = 1; i + 1 < x->kids; i++)
        x->kid[i] = kind == 2 ? glc_expr_int(m->a, (int64_t)below(m, 8) - 2) : number(m, depth);
    if (kind == 2 && below(m, 3) == 0)
        x->kid[2] = below(m, 2) == 0 ? some_pattern(m, GLC_X_COUNT, GLC_T_INT, 0)
                                     : glc_expr_new(m->a, GLC_X_UNDEFINED, GLC_T_INT, 0);
    x->index = m->slots;
    if (m->slots + 1 > m->rule->slots)
        m->rule->slots = m->slots + 1;
    m->slots++;
    x->kid[x->kids - 1] = truth(m, depth);
    m->slots--;
    return x;
}

static struct glc_expr *occurrence(struct maker *m, unsigned depth)
{
    static const enum glc_expr_op ops[] = { GLC_X_FOUND, GLC_X_FOUND, GLC_X_FOUND, GLC_X_FOUND_AT,
                                            GLC_X_FOUND_IN };
    unsigned k = below(m, 5);
    if (k == 3 && m->rule->language == GLC_LANG_CLAM)
        k = 0;
    struct glc_expr *x = some_pattern(m, ops[k], GLC_T_BOOL, k < 3 ? 0 : k - 2);
    for (uint32_t i = 0; i < x->kids; i++)
        x->kid[i] = number(m, depth == 0 ? 0 : depth - 1);
    return x;
}

static struct glc_expr *truth(struct maker *m, unsigned depth)
{
    struct glc_expr *x;
    unsigned k = below(m, depth == 0 ? 8 : 16);
    if (m->rule->patterns != 0 && k < 4)
        return occurrence(m, depth);
    if (m->rule->patterns != 0 && k >= 4 && k < 6)
        return of(m, depth == 0 ? 0 : depth - 1);
    switch (k) {
    case 6:
        if (m->number != 0 && below(m, 2) == 0) {
            x = glc_expr_new(m->a, GLC_X_RULE, GLC_T_BOOL, 0);
            x->index = below(m, m->number);
            return x;
        }
        return glc_expr_bool(m->a, below(m, 2) != 0);
    case 8:
    case 9:
    case 10:
    case 11: {
        uint32_t n = 2 + below(m, 3);
        x = glc_expr_new(m->a, k < 10 ? GLC_X_AND : GLC_X_OR, GLC_T_BOOL, n);
        for (uint32_t i = 0; i < n; i++)
            x->kid[i] = truth(m, depth - 1);
        return x;
    }
    case 12:
    case 13:
        x = glc_expr_new(m->a, below(m, 3) == 0 ? GLC_X_DEFINED : GLC_X_NOT, GLC_T_BOOL, 1);
        x->kid[0] = truth(m, depth - 1);
        return x;
    case 14:
        if (m->slots < MOST_SLOTS && m->rule->patterns != 0)
            return loop(m, depth - 1);
        __attribute__((fallthrough));
    case 15:
        x = glc_expr_new(m->a, GLC_X_TO_BOOL, GLC_T_BOOL, 1);
        x->kid[0] = number(m, depth);
        return x;
    default:
        return pair(m, (enum glc_expr_op)(GLC_X_EQ + below(m, 6)), GLC_T_BOOL, depth);
    }
}

struct glc_rule *random_rule(struct random *r, struct glc_ruleset *set)
{
    struct glc_rule *rule = glc_ruleset_add(set);
    if (rule == NULL)
        abort();
    struct maker m = { .r = r, .a = set->arena, .rule = rule, .number = (uint32_t)set->rules - 1 };
    rule->name = glc_arena_printf(set->arena, "r%u", m.number);
    rule->space = "default";
    rule->file = "random";
    rule->classes = GLC_CLASS_ALL;
    /* ClamAV has no `at`. */
    rule->language = below(&m, 8) == 0 ? GLC_LANG_CLAM : GLC_LANG_YARA;
    rule->patterns = below(&m, 6);
    rule->pattern = glc_arena_array(set->arena, rule->patterns + 1, sizeof *rule->pattern);
    for (uint32_t i = 0; i < rule->patterns; i++) {
        struct glc_pattern *p = &rule->pattern[i];
        p->id = glc_arena_printf(set->arena, "$p%u", i);
        p->extent = below(&m, 2) == 0 ? GLC_SHORTEST : GLC_LONGEST;
        p->any_word = below(&m, 2) == 0;
        make_anchor(&m, &p->anchor);
        make_variants(&m, p);
    }
    rule->condition = truth(&m, 1 + below(&m, 3));
    return rule;
}
