/* The module `time`. YARA manual, "Time module". The clock is a parameter of the scan, so that tests may
 * stand still. */
#include "format/module/modules.h"
#include "format/module/value.h"

static struct glc_value now(const struct glc_module_ctx *ctx, const struct glc_value *root,
                            const struct glc_value *args)
{
    (void)root, (void)args;
    return glc_value_int(ctx->now);
}

static const struct glc_function functions[] = {
    { "now", "", GLC_T_INT, "seconds since 1970", now },
    { 0 },
};

const struct glc_module glc_time_module = { .name = "time", .help = "The clock", .functions = functions };
