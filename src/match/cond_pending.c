/* Until conditions are run: none holds. */
#include "match/cond.h"

#include <stdlib.h>

struct glc_cond_scratch {
    int none;
};

struct glc_cond_scratch *glc_cond_scratch_new(void)
{
    return calloc(1, sizeof(struct glc_cond_scratch));
}

void glc_cond_scratch_free(struct glc_cond_scratch *s)
{
    free(s);
}

void glc_cond_layer(struct glc_cond_scratch *s)
{
    (void)s;
}

enum glc_err glc_cond_eval(struct glc_cond_scratch *s, struct glc_span code, const struct glc_cond_env *env,
                           bool *out)
{
    (void)s, (void)code, (void)env, (void)out;
    return GLC_UNSUPPORTED;
}

enum glc_err glc_cond_explain(struct glc_cond_scratch *s, struct glc_span code,
                              const struct glc_cond_env *env, struct glc_buf *out)
{
    (void)s, (void)code, (void)env, (void)out;
    return GLC_UNSUPPORTED;
}
