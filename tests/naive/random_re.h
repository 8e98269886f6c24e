/* Random trees and data for property tests: small alphabets, so that things match; every kind of node. */
#ifndef GLC_TESTS_RANDOM_RE_H
#define GLC_TESTS_RANDOM_RE_H

#include "rule/pattern.h"

struct random {
    uint64_t state;
};

uint32_t random_below(struct random *r, uint32_t n); /* n > 0 */

struct random_shape {
    bool asserts; /* may contain assertions */
    bool gaps;    /* … wide and unbounded gaps */
    uint32_t depth;
};

struct glc_re *random_re(struct random *r, struct glc_arena *a, const struct random_shape *shape);

/* Up to `most` bytes over the alphabet of random_re(), periodic or uniform now and then. */
size_t random_data(struct random *r, uint8_t *out, size_t most);

/* Append to `out` (room for `most`) bytes that the tree matches, but for its assertions; returns how many. */
size_t random_match(struct random *r, const struct glc_re *re, uint8_t *out, size_t most);

#endif
