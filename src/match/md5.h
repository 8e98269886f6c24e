/* MD5 (RFC 1321) of many messages side by side.
 *
 * One message is a chain of steps that wait for each other: a processor of today does two of 64 bytes at a
 * time no faster than one. Sixteen messages fill its vectors, and small files come in dozens. */
#ifndef GLC_MATCH_MD5_H
#define GLC_MATCH_MD5_H

#include "base/span.h"
#include "match/simd.h"

struct glc_md5 {
    struct glc_span data;
    uint8_t sum[16];
};

/* Fill the sums of `n` messages of any lengths; those of one length are best. `path`: which instructions; all
 * give the same. */
void glc_md5_many(struct glc_md5 *message, size_t n, enum glc_simd path);

#endif
