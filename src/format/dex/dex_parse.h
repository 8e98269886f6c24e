/* Reading DEX files for the module `dex`. */
#ifndef GLC_FORMAT_DEX_DEX_PARSE_H
#define GLC_FORMAT_DEX_DEX_PARSE_H

#include "rule/module.h"

/* Fill the members of the module; false: not a DEX file. */
bool dex_parse(const struct glc_module_ctx *ctx, struct glc_value *member);

#endif
