/* Regular expressions: from the tree (rule/re.h) to the code that match/re_run.c executes in place; and what
 * the literals are that must stand in every match. */
#ifndef GLC_COMPILE_RE_COMPILE_H
#define GLC_COMPILE_RE_COMPILE_H

#include "base/buf.h"
#include "rule/re.h"

struct glc_re_options {
    bool reverse; /* walk downwards: for what stands before a literal, and to find all starts */
    bool wide;    /* the expression was widened: a character is two bytes to \b and \B */
    uint8_t key;  /* the expression was xored: neighbours are looked at through this key */
};

/* Append the code to `out`: self-contained, position-independent. GLC_LIMIT: too large, too deep; out is as
 * it was. */
enum glc_err glc_re_compile(const struct glc_re *re, const struct glc_re_options *opt, struct glc_buf *out,
                            struct glc_error *err) GLC_CHECK;

/* A run of bytes of fixed length inside an expression. Sets are widened to masks, so that it is a necessary
 * condition, not a sufficient one. */
struct glc_re_factor {
    const uint8_t *value, *mask;
    uint32_t len;
    const struct glc_re *before;     /* what stands before it */
    const struct glc_re *rest;       /* itself, exactly, and all that follows */
    uint64_t before_min, before_max; /* lengths of `before`; UINT64_MAX: no bound */
};

/* One of these stands at its place in every occurrence of the expression. */
struct glc_re_cover {
    struct glc_re_factor *factor;
    uint32_t n;
};

/* What it costs to look for a factor; the lower the better. */
typedef double glc_re_cost(void *to, const struct glc_re_factor *f);

/* All covers that the expression offers (none for `.*`), in the arena. `cost` chooses among the covers of
 * each branch of an alternative (NULL: long ones are good). */
enum glc_err glc_re_covers(struct glc_arena *a, const struct glc_re *re, glc_re_cost *cost, void *to,
                           struct glc_re_cover **out, uint32_t *n) GLC_CHECK;

/* Can it match at offset 0 of the data only, because it begins with `^`? */
bool glc_re_only_at_start(const struct glc_re *re);

#endif
