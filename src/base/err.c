#include "base/err.h"

#include <stddef.h>

const char *glc_err_name(enum glc_err code)
{
    switch (code) {
    case GLC_OK:
        return "ok";
    case GLC_CORRUPT:
        return "corrupt";
    case GLC_UNSUPPORTED:
        return "unsupported";
    case GLC_LIMIT:
        return "limit";
    case GLC_NOMEM:
        return "out of memory";
    case GLC_IO:
        return "input/output";
    case GLC_TIMEOUT:
        return "timeout";
    case GLC_BUG:
        return "internal error";
    }
    return "unknown";
}

enum glc_err glc_err_set(struct glc_error *err, enum glc_err code, const char *msg, uint64_t off)
{
    if (err != NULL)
        *err = (struct glc_error){ .code = code, .msg = msg, .off = off };
    return code;
}
