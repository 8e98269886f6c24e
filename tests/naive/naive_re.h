/* A slow, obviously right matcher over the tree of a regular expression: the truth that the engine is held
 * against. */
#ifndef GLC_TESTS_NAIVE_RE_H
#define GLC_TESTS_NAIVE_RE_H

#include "rule/pattern.h"

/* end[i] for i in [0, data.len]: does `re` match from `at` to i? `end` has data.len + 1 entries. */
void naive_re_ends(const struct glc_re *re, struct glc_span data, bool wide, uint8_t key, size_t at,
                   bool *end);

#endif
