/* TLSH, a digest that is similar for similar texts.
 *
 * Source: Oliver, Cheng, Chen, "TLSH - A Locality Sensitive Hash" (2013), 128 buckets and a checksum of one
 * byte; the printed form is that of version 4 ("T1…"). */
#ifndef GLC_BASE_TLSH_H
#define GLC_BASE_TLSH_H

#include "base/err.h"
#include "base/span.h"

enum { GLC_TLSH_TEXT = 73 /* "t1", 70 digits and the zero */, GLC_TLSH_LEAST = 50 };

/* The digest of `s` in lower case. False, `out` untouched: fewer than GLC_TLSH_LEAST bytes, or so little
 * variety that no digest is defined. */
bool glc_tlsh(struct glc_span s, char out[GLC_TLSH_TEXT]) GLC_CHECK;

#endif
