/* Regular expressions at run time: executes what compile/re_compile.h wrote, in place, without trusting it.
 *
 * Time: every function is linear in the bytes that it looks at times the size of the expression; there is no
 * backtracking. Damaged code gives GLC_CORRUPT. `steps` counts work down and ends it with GLC_LIMIT.
 *
 * Forward code walks upwards from a place, reverse code downwards. */
#ifndef GLC_MATCH_RE_H
#define GLC_MATCH_RE_H

#include "base/err.h"
#include "base/span.h"
#include "rule/pattern.h"

/* What one thread remembers between calls: automata that were built on the way (bounded), where things were
 * found. */
struct glc_re_scratch;

struct glc_re_scratch *glc_re_scratch_new(void) GLC_CHECK; /* NULL: no memory */
void glc_re_scratch_free(struct glc_re_scratch *s);

/* Scalar paths only, from now on (before anything was looked for). */
void glc_re_scratch_no_simd(struct glc_re_scratch *s);

/* Other data follow, perhaps at the same address: forget what was found where. */
void glc_re_scratch_begin(struct glc_re_scratch *s);

struct glc_re_input {
    struct glc_span data;
    struct glc_re_scratch *scratch;
    uint64_t *steps; /* counted down, about one for each byte looked at */
};

/* Does the expression match from exactly `at` on? *end gets where the nearest (SHORTEST) or farthest
 * (LONGEST) match ends. Reverse code: matches that end exactly at `at`; *end gets where they start. */
enum glc_err glc_re_at(const struct glc_re_input *in, struct glc_span code, uint64_t at,
                       enum glc_extent extent, bool *found, uint64_t *end) GLC_CHECK;

/* Every such end (reverse code: start), nearest first, each once. `each` returns false to stop; it may call
 * these functions with the same scratch. */
enum glc_err glc_re_all(const struct glc_re_input *in, struct glc_span code, uint64_t at,
                        bool (*each)(void *to, uint64_t pos), void *to) GLC_CHECK;

/* Reverse code of a whole expression: every place in [from, upto) where a match starts, highest first, each
 * once. */
enum glc_err glc_re_starts(const struct glc_re_input *in, struct glc_span code, uint64_t from, uint64_t upto,
                           bool (*each)(void *to, uint64_t start), void *to) GLC_CHECK;

/* Forward code: is there a match anywhere? */
enum glc_err glc_re_search(const struct glc_re_input *in, struct glc_span code, bool *found) GLC_CHECK;

/* The same, of matches that start in one of the parts [from, upto), which rise and lie apart. It may also
 * name one that starts elsewhere. */
struct glc_re_part {
    uint64_t from, upto;
};
enum glc_err glc_re_search_in(const struct glc_re_input *in, struct glc_span code,
                              const struct glc_re_part *part, uint32_t parts, bool *found) GLC_CHECK;

/* May it match without eating a byte? Such matches are occurrences of a search, but not of a pattern. */
bool glc_re_matches_empty(struct glc_span code);

/* A regular expression as a value of a condition (struct glc_value.u.regex). */
struct glc_regex_code {
    struct glc_span code; /* forward */
};

#endif
