/* Windows registry hives (regf), read as far as an audit needs: keys by path, their children, string values.
 */
#ifndef GLC_AUDIT_REGF_H
#define GLC_AUDIT_REGF_H

#include "base/buf.h"
#include "base/cursor.h"

struct glc_regf {
    struct glc_span cells; /* from the first hive bin on */
    uint32_t root;         /* cell offset of the root key */
    uint32_t visits;       /* key cells that may still be read: hives can be made to loop */
};

/* GLC_CORRUPT when the header is damaged, or says more than the file has (a hive cut short). */
enum glc_err glc_regf_init(struct glc_span hive, struct glc_regf *out, struct glc_error *err) GLC_CHECK;

/* The child of `key` by name, case folded; false when there is none or the hive is damaged (err then says
 * so). */
bool glc_regf_child(struct glc_regf *h, uint32_t key, const char *name, uint32_t *child,
                    struct glc_error *err);

/* Every child of a key, its name as UTF-8. Stops at damage. */
enum glc_err glc_regf_each(struct glc_regf *h, uint32_t key,
                           void (*each)(void *ctx, const char *name, uint32_t child), void *ctx,
                           struct glc_error *err) GLC_CHECK;

/* A string value (REG_SZ, REG_EXPAND_SZ) as UTF-8; false when it is not there or not a string. */
bool glc_regf_string(struct glc_regf *h, uint32_t key, const char *name, struct glc_buf *out,
                     struct glc_error *err);

/* A value's bytes; cut where the hive cuts them. */
bool glc_regf_value(struct glc_regf *h, uint32_t key, const char *name, uint32_t *type, struct glc_span *out,
                    struct glc_error *err);

#endif
