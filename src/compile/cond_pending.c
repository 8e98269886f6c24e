/* Until conditions are compiled: no rule is taken. */
#include "compile/cond_compile.h"

enum glc_err glc_cond_compile(const struct glc_rule *rule, const struct glc_cond_options *opt,
                              struct glc_buf *out, struct glc_error *err)
{
    (void)rule, (void)opt, (void)out;
    return glc_err_set(err, GLC_UNSUPPORTED, "conditions are not compiled yet", 0);
}

void glc_cond_guards(const struct glc_expr *x, struct glc_cond_guards *out)
{
    (void)x;
    *out = (struct glc_cond_guards){ .size_max = UINT64_MAX };
}
