/* SQLite over bytes in memory: read-only, without a file, with a limit on work. */
#ifndef GLC_AUDIT_DATABASE_H
#define GLC_AUDIT_DATABASE_H

#include "base/err.h"
#include "base/span.h"

/* Run one query and hand out the first column of every row, which lives during the call only. NULL, or why it
 * failed (static). Rows before a failure have been handed out. */
const char *glc_database_blobs(struct glc_span db, const char *query,
                               void (*row)(void *ctx, struct glc_span value), void *ctx) GLC_CHECK;

#endif
