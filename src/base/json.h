/* Writing JSON, compactly, as it comes: no tree, no allocation but the output buffer.
 *
 * The writer puts commas and colons itself. Strings are bytes: valid UTF-8 goes out as it is, every byte that
 * is not part of valid UTF-8 as \u00XX would lie, so it becomes U+FFFD; where the exact bytes matter (paths)
 * write glc_json_bytes(), which adds a sibling key with the bytes in hex when they are not UTF-8. Reading
 * JSON is jansson's work. */
#ifndef GLC_BASE_JSON_H
#define GLC_BASE_JSON_H

#include "base/buf.h"

struct glc_json {
    struct glc_buf *out;
    bool comma; /* the next value or key needs a comma before it */
};

void glc_json_init(struct glc_json *j, struct glc_buf *out);

void glc_json_object(struct glc_json *j); /* { */
void glc_json_object_end(struct glc_json *j);
void glc_json_array(struct glc_json *j); /* [ */
void glc_json_array_end(struct glc_json *j);

void glc_json_key(struct glc_json *j, const char *key);
void glc_json_str(struct glc_json *j, struct glc_span s);
void glc_json_cstr(struct glc_json *j, const char *s); /* NULL becomes null */
void glc_json_int(struct glc_json *j, int64_t v);
void glc_json_uint(struct glc_json *j, uint64_t v);
void glc_json_float(struct glc_json *j, double v); /* not finite becomes null */
void glc_json_bool(struct glc_json *j, bool v);
void glc_json_null(struct glc_json *j);

/* "key":"text", and when `s` is not UTF-8 also "key_hex":"…" with the exact bytes. */
void glc_json_bytes(struct glc_json *j, const char *key, struct glc_span s);

/* Length of the valid UTF-8 sequence at the start of `s` (1 to 4), or 0. */
size_t glc_utf8_len(struct glc_span s);

#endif
