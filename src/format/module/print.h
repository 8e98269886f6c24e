/* Modules for people: the facts of a layer, and the documentation, both from the tables. */
#ifndef GLC_FORMAT_MODULE_PRINT_H
#define GLC_FORMAT_MODULE_PRINT_H

#include "rule/module.h"

#include "base/buf.h"

/* The facts as YAML (a comment marks what is not UTF-8 by escapes: each byte as \xNN) or as one JSON object,
 * undefined ones left out; behind them what the functions without arguments give ("imphash()"). The output
 * ends with a newline; `out` says in `failed` whether it took all. */
void glc_module_print_yaml(const struct glc_module *m, const struct glc_module_ctx *ctx,
                           const struct glc_value *v, struct glc_buf *out);
void glc_module_print_json(const struct glc_module *m, const struct glc_module_ctx *ctx,
                           const struct glc_value *v, struct glc_buf *out);

/* A page of documentation in Markdown for all modules of the registry. */
void glc_modules_print_help(const struct glc_modules *all, struct glc_buf *out);

#endif
