/* glacis scan, with what becomes of signatures that are sources. */
#ifndef GLC_CLI_SCAN_H
#define GLC_CLI_SCAN_H

#include "cli/signatures.h"

/* argv[0] is the verb; gives the exit code. `sources` is called before anything else is opened but images. */
int glc_scan_command(int argc, char **argv, glc_signatures_sources *sources);

#endif
