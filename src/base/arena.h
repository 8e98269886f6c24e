/* Memory that is given back all at once, with a cap that hostile input cannot pass.
 *
 * Allocations are zeroed (but glc_arena_room's), aligned to 16 and live until reset, rewind below them, or
 * done. A failed allocation gives NULL and marks the arena (`failed`), so that a builder may check once at
 * its end. */
#ifndef GLC_BASE_ARENA_H
#define GLC_BASE_ARENA_H

#include "base/err.h"
#include "base/span.h"

struct glc_arena_block;

struct glc_arena {
    struct glc_arena_block *block; /* newest first */
    size_t used;                   /* bytes handed out in all blocks, rounding included */
    size_t cap;                    /* what `used` may never exceed */
    bool failed;
};

struct glc_arena_mark {
    struct glc_arena_block *block;
    size_t at;
    size_t used;
};

void glc_arena_init(struct glc_arena *a, size_t cap);
void glc_arena_done(struct glc_arena *a);

/* Forget everything; the first block is kept for the next use. */
void glc_arena_reset(struct glc_arena *a);

struct glc_arena_mark glc_arena_mark(const struct glc_arena *a);
void glc_arena_rewind(struct glc_arena *a, struct glc_arena_mark mark);

/* `n` zeroed bytes, or NULL when the cap or memory is exhausted. n == 0 gives a valid pointer. */
void *glc_arena_alloc(struct glc_arena *a, size_t n) GLC_CHECK;

/* For what is written before it is read: not zeroed. */
void *glc_arena_room(struct glc_arena *a, size_t n) GLC_CHECK;

/* glc_arena_alloc() for count × size, checked for overflow. */
void *glc_arena_array(struct glc_arena *a, size_t count, size_t size) GLC_CHECK;

/* A copy of the bytes followed by a NUL. */
char *glc_arena_strdup(struct glc_arena *a, struct glc_span s) GLC_CHECK;
char *glc_arena_printf(struct glc_arena *a, const char *fmt, ...) GLC_CHECK GLC_PRINTF(2, 3);

/* Grow an array that lives in the arena: returns room for one more element than `count` (elements of `size`
 * bytes, *items may be NULL at count 0, capacity is the next power of two ≥ 8), or NULL. The old storage
 * stays until reset. Use: `if ((p = glc_arena_push(a, &v->items, &v->n, sizeof *v->items)) != NULL) *p = x;`
 */
void *glc_arena_push(struct glc_arena *a, void *items, size_t *count, size_t size) GLC_CHECK;

#endif
