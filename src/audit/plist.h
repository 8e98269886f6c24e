/* One string of a property list, XML or binary. */
#ifndef GLC_AUDIT_PLIST_H
#define GLC_AUDIT_PLIST_H

#include "base/buf.h"
#include "base/cursor.h"

/* The value of the first key `key` whose value is a string, as UTF-8 with a NUL. GLC_UNSUPPORTED: not a
 * property list, GLC_CORRUPT: damaged. An absent key gives GLC_OK and an empty string. */
enum glc_err glc_plist_string(struct glc_span plist, const char *key, struct glc_buf *out) GLC_CHECK;

#endif
