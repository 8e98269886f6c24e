/* What `glacis dump` says about modules. */
#ifndef GLC_CLI_DUMP_MODULE_H
#define GLC_CLI_DUMP_MODULE_H

#include <stdbool.h>

/* The facts of a file as YAML or JSON on standard output; the exit code. */
int glc_dump_module(const char *name, const char *path, bool json);

/* The documentation of all modules in Markdown on standard output; the exit code. */
int glc_dump_modules(void);

#endif
