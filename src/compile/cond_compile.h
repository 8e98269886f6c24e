/* Conditions: from the tree (rule/expr.h) to the code that match/cond_run.c and its kin execute in place; and
 * what a condition demands of every file that it can be true for. */
#ifndef GLC_COMPILE_COND_COMPILE_H
#define GLC_COMPILE_COND_COMPILE_H

#include "base/buf.h"
#include "rule/module.h"
#include "rule/rule.h"

struct glc_cond_options {
    const struct glc_modules *modules; /* may be NULL where the condition asks none */
    const uint32_t *rule_map;          /* rule of the set → rule of the image; NULL: the same */
    const struct glc_ruleset *set;     /* for the notes' names; may be NULL */
    /* Of each pattern of the rule, not 0: the pass over the layer says whether it occurs. The others have to
     * be sought when they are asked for. NULL: all are sought. */
    const uint8_t *known;
    const float *expected; /* of each pattern: occurrences a byte of clean data; NULL: not known */
    uint64_t *asked;       /* a bit is set for each module that is asked; NULL: not wanted */
    bool notes;            /* for glc_cond_explain(): larger, slower, in the order of the source */
};

/* Append the code to `out`. GLC_LIMIT: too deep or too large; out is as it was. */
enum glc_err glc_cond_compile(const struct glc_rule *rule, const struct glc_cond_options *opt,
                              struct glc_buf *out, struct glc_error *err) GLC_CHECK;

/* Bytes that stand at a fixed offset: `width` of them, little-endian in `value`. */
struct glc_cond_read {
    uint32_t offset, value;
    uint8_t width; /* 1, 2 or 4 */
};

/* Necessary conditions, cheap to check before anything else. */
struct glc_cond_guards {
    uint64_t size_min, size_max; /* of the layer, both included */
    struct glc_cond_read read[4];
    uint32_t reads;
    uint32_t classes; /* mask of classes (GLC_FACT_CLASS == n) */
    bool never;       /* nothing can satisfy it */
};

/* Does it write to the console? `modules` may be NULL. */
bool glc_cond_writes(const struct glc_expr *x, const struct glc_modules *modules);

/* A condition that writes to the console demands nothing: it is evaluated for every file. */
void glc_cond_guards(const struct glc_expr *x, const struct glc_modules *modules,
                     struct glc_cond_guards *out);

#endif
