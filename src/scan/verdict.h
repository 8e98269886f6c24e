/* What a scan says about a file. Not an error type: an error or a limit is never CLEAN. */
#ifndef GLC_SCAN_VERDICT_H
#define GLC_SCAN_VERDICT_H

enum glc_verdict {
    GLC_CLEAN,     /* everything was read, nothing was found */
    GLC_FOUND,     /* at least one finding, whether or not everything was read */
    GLC_UNSCANNED, /* nothing found, but not everything was read: see the reason */
};

const char *glc_verdict_name(enum glc_verdict v); /* "clean", "found", "unscanned" */

#endif
