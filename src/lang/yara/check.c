/* A finished rule, looked over: strings that nobody asks for, trees too deep for those who walk them by
 * recursion, and conditions whose answer no file can change. */
#include "lang/yara/parser.h"

#include <stdio.h>

enum { MOST_LEVELS = 600 };

enum truth { FALSE, TRUE, DEPENDS };

static bool too_deep(const struct glc_expr *x, uint32_t left)
{
    if (left == 0)
        return true;
    for (uint32_t i = 0; i < x->kids; i++)
        if (too_deep(x->kid[i], left - 1))
            return true;
    return false;
}

static enum truth of_numbers(const struct glc_expr *x)
{
    const struct glc_expr *l = x->kid[0], *r = x->kid[1];
    if (l->op != GLC_X_INT || r->op != GLC_X_INT)
        return DEPENDS;
    int64_t a = l->u.integer, b = r->u.integer;
    switch ((unsigned)x->op) {
    case GLC_X_EQ:
        return a == b;
    case GLC_X_NE:
        return a != b;
    case GLC_X_LT:
        return a < b;
    case GLC_X_LE:
        return a <= b;
    case GLC_X_GT:
        return a > b;
    default:
        return a >= b;
    }
}

/* filesize and counts are never negative. */
static enum truth of_sizes(const struct glc_expr *x)
{
    const struct glc_expr *l = x->kid[0], *r = x->kid[1];
    bool size = (l->op == GLC_X_FACT && l->index == GLC_FACT_SIZE) || l->op == GLC_X_COUNT;
    if (!size || r->op != GLC_X_INT)
        return DEPENDS;
    int64_t n = r->u.integer;
    if ((x->op == GLC_X_LT && n <= 0) || (x->op == GLC_X_LE && n < 0) || (x->op == GLC_X_EQ && n < 0))
        return FALSE;
    if ((x->op == GLC_X_GE && n <= 0) || (x->op == GLC_X_GT && n < 0) || (x->op == GLC_X_NE && n < 0))
        return TRUE;
    return DEPENDS;
}

static enum truth truth_of(const struct glc_expr *x)
{
    bool all = true;
    enum truth t;
    switch ((unsigned)x->op) {
    case GLC_X_BOOL:
        return x->u.integer != 0;
    case GLC_X_TO_BOOL:
        return x->kid[0]->op == GLC_X_INT      ? x->kid[0]->u.integer != 0
               : x->kid[0]->op == GLC_X_STRING ? x->kid[0]->u.text.len != 0
                                               : DEPENDS;
    case GLC_X_NOT:
        t = truth_of(x->kid[0]);
        return t == DEPENDS ? t : t == FALSE;
    case GLC_X_AND:
    case GLC_X_OR:
        for (uint32_t i = 0; i < x->kids; i++) {
            t = truth_of(x->kid[i]);
            if (t == (x->op == GLC_X_AND ? FALSE : TRUE))
                return t;
            all = all && t != DEPENDS;
        }
        return !all ? DEPENDS : x->op == GLC_X_AND ? TRUE : FALSE;
    case GLC_X_EQ:
    case GLC_X_NE:
    case GLC_X_LT:
    case GLC_X_LE:
    case GLC_X_GT:
    case GLC_X_GE:
        t = of_numbers(x);
        return t != DEPENDS ? t : of_sizes(x);
    default:
        return DEPENDS;
    }
}

static void check_used(struct glc_yara_parser *p)
{
    for (uint32_t i = 0; i < p->patterns && !p->failed; i++) {
        if (p->used[i])
            continue;
        struct glc_span id = p->pattern_tok[i].text;
        if (id.len > 1 && id.ptr[1] == '_') {
            p->rule.pattern[i].unreferenced = true;
            continue;
        }
        glc_yara_say(p, GLC_ERROR, &p->pattern_tok[i],
                     id.len > 1 ? "ask for it in the condition, or begin its name with _"
                                : "ask for it with 'them' or ($*)",
                     "the condition does not mention %s", glc_yara_quote(id).text);
    }
}

void glc_yara_check_rule(struct glc_yara_parser *p, const struct glc_yara_tok *condition)
{
    if (too_deep(p->rule.condition, MOST_LEVELS)) {
        glc_yara_say(p, GLC_ERROR, condition, "split the rule",
                     "the condition is too long: over %d operators inside each other", MOST_LEVELS);
        return;
    }
    check_used(p);
    enum truth t = p->failed || p->opt->as_yara ? DEPENDS : truth_of(p->rule.condition);
    if (t != DEPENDS)
        glc_yara_say(p, GLC_WARNING, condition, NULL, "the condition is always %s",
                     t == TRUE ? "true" : "false");
}
