/* Conditions at run time: executes what compile/cond_compile.h wrote, in place, without trusting it. Damaged
 * code gives GLC_CORRUPT, a spent budget GLC_LIMIT. Occurrences are asked for only when an operator needs
 * them. */
#ifndef GLC_MATCH_COND_H
#define GLC_MATCH_COND_H

#include "base/buf.h"
#include "match/layer.h"
#include "match/re.h"

struct glc_occurrence;

/* What a condition may ask. Pattern numbers are those of the rule. What fails ends the evaluation with its
 * error. */
struct glc_cond_env {
    const struct glc_layer *layer;
    const struct glc_value *external; /* values of the external variables */
    uint32_t externals;
    void *ctx; /* handed to the functions below */
    enum glc_err (*found)(void *ctx, uint32_t pattern, bool *out);
    enum glc_err (*found_at)(void *ctx, uint32_t pattern, uint64_t offset, bool *out);
    enum glc_err (*found_in)(void *ctx, uint32_t pattern, uint64_t first, uint64_t last, bool *out);
    enum glc_err (*count)(void *ctx, uint32_t pattern, uint64_t enough,
                          uint64_t *out); /* may stop at `enough` */
    enum glc_err (*list)(void *ctx, uint32_t pattern, bool lengths, const struct glc_occurrence **o,
                         uint64_t *n); /* by offset; without `lengths` only the offsets are sure */
    enum glc_err (*rule)(void *ctx, uint32_t rule, bool *out);
    struct glc_re_scratch *re;
    void (*console)(void *to, const char *line); /* NULL: nowhere */
    void *console_to;
    int64_t now;     /* seconds since 1970 */
    uint64_t *steps; /* counted down */
};

/* One thread's stack, and the values of modules for the current layer. */
struct glc_cond_scratch;

struct glc_cond_scratch *glc_cond_scratch_new(void) GLC_CHECK; /* NULL: no memory */
void glc_cond_scratch_free(struct glc_cond_scratch *s);

/* A new layer begins: forget the modules' values (they live in the layer's arena). */
void glc_cond_layer(struct glc_cond_scratch *s);

/* The condition's value; undefined is false. */
enum glc_err glc_cond_eval(struct glc_cond_scratch *s, struct glc_span code, const struct glc_cond_env *env,
                           bool *out) GLC_CHECK;

/* Evaluate code that was compiled with notes, and append one line for each node, indented by its depth, with
 * its value. */
enum glc_err glc_cond_explain(struct glc_cond_scratch *s, struct glc_span code,
                              const struct glc_cond_env *env, struct glc_buf *out) GLC_CHECK;

#endif
