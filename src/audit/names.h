/* Names: globs without recursion, and a set of strings. Both see hostile bytes; both are bounded by what they
 * are given. */
#ifndef GLC_AUDIT_NAMES_H
#define GLC_AUDIT_NAMES_H

#include "base/arena.h"

/* The whole of `text` matches `pattern`: `*` (and `**`) any run, '/' included, `?` one byte. Time is at most
 * the product of the two lengths. `fold` makes ASCII letters equal in both cases. */
bool glc_glob(struct glc_span pattern, struct glc_span text, bool fold);

/* Ends with, in C strings as paths are. */
bool glc_path_ends(const char *path, const char *end);

/* After the last '/'. */
const char *glc_path_base(const char *path);

/* A set of byte strings in an arena. */
struct glc_names {
    struct glc_arena *arena;
    struct glc_span *slots; /* room of them; an empty slot has ptr NULL */
    size_t room;
    size_t count;
};

void glc_names_init(struct glc_names *s, struct glc_arena *arena);

/* True when `name` was not there before and is now; false when it was, or memory ended (arena->failed tells).
 */
bool glc_names_add(struct glc_names *s, struct glc_span name);
bool glc_names_has(const struct glc_names *s, struct glc_span name);

#endif
