/* The module `magic`: what libmagic says of the layer. YARA manual, "Magic module".
 *
 * libmagic reads its database from a file, which a jailed worker cannot open; where it was not loaded before,
 * both functions are undefined. */
#include "format/module/modules.h"
#include "format/module/value.h"

static struct glc_value none(const struct glc_module_ctx *ctx, const struct glc_value *root,
                             const struct glc_value *args)
{
    (void)ctx, (void)root, (void)args;
    return glc_value_undefined(GLC_T_STRING);
}

static const struct glc_function functions[] = {
    { "type", "", GLC_T_STRING, "what `file` says", none },
    { "mime_type", "", GLC_T_STRING, "what `file --mime-type` says", none },
    { 0 },
};

const struct glc_module glc_magic_module = {
    .name = "magic",
    .help = "What libmagic takes the layer for",
    .functions = functions,
};
