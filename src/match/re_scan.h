/* Where matches start, all of them, by one walk downwards with an automaton that grows while it is used.
 *
 * Costs about a nanosecond a byte, much less where few bytes matter. Expressions that are too large, or whose
 * automaton would be, are refused: then glc_re_starts() (re.h) finds the same. Internal to src/match. */
#ifndef GLC_MATCH_RE_SCAN_H
#define GLC_MATCH_RE_SCAN_H

#include "match/re.h"

struct glc_re_scan;

/* The automaton of some forward codes together (variants of one pattern), from the scratch's store, which
 * keeps it as long as there is room: valid until the next call of this function. NULL in *out: refused. */
enum glc_err glc_re_scan_open(struct glc_re_scratch *s, const struct glc_span *code, uint32_t codes,
                              struct glc_re_scan **out) GLC_CHECK;

/* Is every start that it names one? Otherwise it may name too many: assertions are not looked at. */
bool glc_re_scan_is_exact(const struct glc_re_scan *d);
/* May a match be empty? Such starts are not named. */
bool glc_re_scan_empty_too(const struct glc_re_scan *d);
/* Length of every match; 0: they differ. */
uint64_t glc_re_scan_length(const struct glc_re_scan *d);
/* No match is longer; 0: there is no such bound. */
uint64_t glc_re_scan_most(const struct glc_re_scan *d);

/* Starts in [from, upto), highest first. `each` NULL: they are only counted. Ends early when *n has reached
 * `enough`, or `each` returns false. *done false: the automaton became too large on these data; *n (and what
 * was given to `each`) is of no use then. GLC_LIMIT: out of steps. */
enum glc_err glc_re_scan_starts(struct glc_re_scan *d, const struct glc_re_input *in, uint64_t from,
                                uint64_t upto, uint64_t enough, bool (*each)(void *to, uint64_t start),
                                void *to, uint64_t *n, bool *done) GLC_CHECK;

void glc_re_scan_free(struct glc_re_scan *d);

#endif
