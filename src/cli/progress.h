/* Progress of a scan on standard error: one line that is redrawn on a terminal, now and then a plain line
 * elsewhere. */
#ifndef GLC_CLI_PROGRESS_H
#define GLC_CLI_PROGRESS_H

#include "cli/walk.h"

#include <stdint.h>

struct glc_progress;

struct glc_counts {
    uint64_t files, bytes, found, unscanned, skipped, errors;
};

/* `total` (may be NULL): paths whose files are counted meanwhile, on a terminal only, for the time that is
 * left. NULL: no memory. */
struct glc_progress *glc_progress_new(const struct glc_walk_options *walk, const char *const *total,
                                      unsigned totals) GLC_CHECK;
void glc_progress_free(struct glc_progress *p); /* takes its line away */

/* Draw, if it is time to. Cheap enough for every file. */
void glc_progress_show(struct glc_progress *p, const struct glc_counts *c);

/* Take the line away, so that something else can be written. */
void glc_progress_clear(struct glc_progress *p);

#endif
