/* Numbers from text, without locale, without overflow, without leading blanks. */
#ifndef GLC_BASE_NUM_H
#define GLC_BASE_NUM_H

#include "base/span.h"

/* The whole of `text` as an unsigned decimal number; false when it is empty, has another character or
 * overflows. */
bool glc_num_u64(struct glc_span text, uint64_t *out);

/* The same with an optional sign. */
bool glc_num_i64(struct glc_span text, int64_t *out);

/* A size as people write it: digits with an optional suffix K, M, G or T (powers of 1,024; a following "B" or
 * "iB" is taken too; case does not matter). */
bool glc_num_size(struct glc_span text, uint64_t *out);

#endif
