/* A large output as buffers that follow one another: it is written without being copied together first. */
#ifndef GLC_BASE_PARTS_H
#define GLC_BASE_PARTS_H

#include "base/buf.h"

enum { GLC_PARTS_MOST = 64 };

struct glc_parts {
    struct glc_buf part[GLC_PARTS_MOST];
    uint32_t n;
};

void glc_parts_done(struct glc_parts *p);

/* The buffer becomes the next part and is left empty; false: there are too many, or it has failed. */
bool glc_parts_take(struct glc_parts *p, struct glc_buf *b) GLC_CHECK;

uint64_t glc_parts_size(const struct glc_parts *p); /* bytes of all */

/* All of it behind what `out` has. */
bool glc_parts_join(const struct glc_parts *p, struct glc_buf *out) GLC_CHECK;

/* All of it into a file that can be sought, from offset `at` on; false: errno. */
bool glc_parts_write(const struct glc_parts *p, int fd, uint64_t at) GLC_CHECK;

#endif
