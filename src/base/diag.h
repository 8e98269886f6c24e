/* What a front end has to say about its input: place, severity, sentence, hint, and the source line for a
 * caret.
 *
 * Front ends hand diagnostics to a sink; who prints, counts or collects them is the caller's choice. */
#ifndef GLC_BASE_DIAG_H
#define GLC_BASE_DIAG_H

#include "base/err.h"
#include "base/span.h"

#include <stdio.h>

enum glc_severity {
    GLC_ERROR,     /* the input is wrong; what it is part of is not taken */
    GLC_NOT_TAKEN, /* well-formed, but a construct that Glacis does not take (yet) */
    GLC_WARNING,   /* taken, but probably not what was meant, or slow */
};

struct glc_diag {
    enum glc_severity severity;
    const char *file; /* as the user named it */
    uint32_t line;    /* 1-based; 0: the file as a whole */
    uint32_t column;  /* 1-based, in bytes; 0: the line as a whole */
    uint32_t width;   /* bytes to underline from column; 0 or 1: a lone caret */
    const char *message;
    const char *hint;     /* what to do, or NULL */
    struct glc_span text; /* the source line without its end; empty: not shown */
};

struct glc_diag_sink {
    void (*put)(void *ctx,
                const struct glc_diag *d); /* the diagnostic and its strings live during the call */
    void *ctx;
};

/* Print as `FILE:LINE:COLUMN: error: message`, then where there is one the source line with a caret, and the
 * hint. Control characters and bytes that are not UTF-8 in the source line are shown as '?'. */
void glc_diag_print(FILE *out, const struct glc_diag *d, bool colour);

#endif
