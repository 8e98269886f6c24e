/* glacis version. */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/signatures.h"
#include "image/layout.h"

#include <stdio.h>

static const struct glc_usage usage = {
    .command = "glacis version",
    .operands = "",
    .about = "Say which version this is, and which version of signature images it reads.",
};

int glc_cmd_version(int argc, char **argv)
{
    struct glc_args a;
    const char *value = NULL;
    glc_args_init(&a, &usage, argc, argv);
    int o = glc_args_next(&a, &value);
    if (o == GLC_ARG_HELP)
        return GLC_EXIT_OK;
    if (o != GLC_ARG_END) {
        if (o == GLC_ARG_OPERAND)
            fprintf(stderr, "glacis version: %s: not expected here\n", value);
        return GLC_EXIT_ERROR;
    }
    printf("glacis %s\nimage format %d\n", GLACIS_VERSION, (int)GLC_IMG_VERSION);
    return GLC_EXIT_OK;
}
