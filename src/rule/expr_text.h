/* A condition as a person would write it: YARA's syntax and precedence, as few parentheses as need be. For
 * explanations; goldens and `glacis dump --ir` use the exact form of glc_expr_dump(). */
#ifndef GLC_RULE_EXPR_TEXT_H
#define GLC_RULE_EXPR_TEXT_H

#include "rule/module.h"
#include "rule/rule.h"

enum { GLC_EXPR_NAMED_SLOTS = 64 };

/* What names the things in a condition. A name that cannot be told (NULL here) is shown as a number. Names of
 * loop variables are not kept by the IR: they are v0, v1, … by their slot. */
struct glc_expr_names {
    const struct glc_rule *rule;       /* names patterns */
    const struct glc_ruleset *set;     /* names externals and other rules */
    const struct glc_modules *modules; /* names fields and functions */
    /* Fields of the struct that a loop variable stands for, or NULL; see glc_expr_names_bind(). */
    const struct glc_field *slot[GLC_EXPR_NAMED_SLOTS];
};

/* `x` is a loop or a `with`: from now on, until its slot is bound again, its variable has the type that x
 * gives it. For whoever shows parts of a condition on the way down. Other expressions change nothing. */
void glc_expr_names_bind(struct glc_expr_names *n, const struct glc_expr *x);

/* Append the text of `x`. Stops, having written a part, where `out` is full. The depth of `x` is trusted: it
 * was bounded by its front end. */
void glc_expr_text(const struct glc_expr *x, const struct glc_expr_names *names, struct glc_buf *out);

#endif
