/* glacis: what people start. It scans by images itself; every other verb, and sources where an image would
 * do, are glacis-tools, which takes this process over with the same arguments. So the program that opens
 * files for others holds no compiler and no parser of a format, and starts in a third of the time
 * (docs/adr/0004-whole-programs.md). */
#include "cli/beside.h"
#include "cli/cli.h"
#include "cli/scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char **command; /* argv, for the other program */

/* Comes back only where that failed. */
static int hand_on(void)
{
    char *tools = glc_beside_program("glacis-tools");
    if (tools == NULL) {
        fprintf(stderr, "glacis: glacis-tools is not installed beside glacis\n");
        return GLC_EXIT_ERROR;
    }
    execv(tools, command);
    fprintf(stderr, "glacis: %s: %s\n", tools, strerror(errno));
    free(tools);
    return GLC_EXIT_ERROR;
}

static enum glc_err on_sources(struct glc_signatures *s, const char *const *source, unsigned sources,
                               const struct glc_build_options *opt)
{
    (void)s, (void)source, (void)sources, (void)opt;
    (void)hand_on();
    return GLC_IO;
}

int main(int argc, char **argv)
{
    command = argv;
    if (argc > 1 && strcmp(argv[1], "scan") == 0)
        return glc_scan_command(argc - 1, argv + 1, on_sources);
    return hand_on();
}
