/* Conditions to the code that match/cond.h runs. */
#ifndef GLC_COMPILE_COND_COMPILE_H
#define GLC_COMPILE_COND_COMPILE_H

#include "base/buf.h"
#include "rule/module.h"
#include "rule/rule.h"

struct glc_cond_options {
    const struct glc_modules *modules;
    const uint32_t *rule_map; /* number of each rule in the image; NULL: the same */
    bool notes;               /* keep what explain shows */
};
enum glc_err glc_cond_compile(const struct glc_rule *rule, const struct glc_cond_options *opt,
                              struct glc_buf *out, struct glc_error *err) GLC_CHECK;

struct glc_cond_read {
    uint32_t offset, value;
    uint8_t width;
};
struct glc_cond_guards {
    uint64_t size_min, size_max;
    struct glc_cond_read read[4];
    uint32_t reads;
    uint32_t classes;
    bool never;
};
void glc_cond_guards(const struct glc_expr *x, struct glc_cond_guards *out);

#endif
