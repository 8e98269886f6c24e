/* Errors of the libraries: a category, a static sentence, and where in the input.
 *
 * A verdict (scan/verdict.h) is another type on purpose: an error or a limit is never "clean". Libraries do
 * not log; whoever prints decides. */
#ifndef GLC_BASE_ERR_H
#define GLC_BASE_ERR_H

#include <stdint.h>

enum glc_err {
    GLC_OK = 0,
    GLC_CORRUPT,     /* the input's fault */
    GLC_UNSUPPORTED, /* well-formed, but not something we read */
    GLC_LIMIT,       /* a budget or cap was reached */
    GLC_NOMEM,
    GLC_IO,      /* the operating system said no; errno is kept by the caller */
    GLC_TIMEOUT, /* the deadline passed */
    GLC_BUG,     /* an invariant of ours was broken */
};

/* What went wrong. `msg` is a string literal (static lifetime); `off` the byte offset in the input it is
 * about. */
struct glc_error {
    enum glc_err code;
    const char *msg;
    uint64_t off;
};

#define GLC_CHECK        __attribute__((warn_unused_result))
#define GLC_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* The category's name in lower case ("corrupt", "limit"); static. */
const char *glc_err_name(enum glc_err code);

/* Fill *err (may be NULL) and return `code`, so that a function can end with `return glc_err_set(…)`. */
enum glc_err glc_err_set(struct glc_error *err, enum glc_err code, const char *msg, uint64_t off);

#endif
