/* The matcher: one pass over a layer for every rule of an image.
 *
 * The image is const and shared; everything that changes is in a matcher, one per worker. */
#ifndef GLC_MATCH_MATCH_H
#define GLC_MATCH_MATCH_H

#include "base/digest.h"
#include "image/image.h"
#include "match/layer.h"
#include "match/simd.h"

struct glc_matcher;

struct glc_match_options {
    bool all;      /* false: a finding may end the work on this layer (the first is enough) */
    bool strings;  /* complete lists of occurrences for the rules that matched, as `yara -s` prints them */
    uint32_t most; /* occurrences kept per pattern; 0: 1,000,000 as YARA; more are counted in `cut` */
    uint64_t
        steps; /* step budget per layer and rule for verification; 0: the default (docs/PROTOCOL.image.md) */
    bool no_simd;                                /* scalar paths only: for tests and debugging */
    bool no_avx512;                              /* the same, but for AVX2's */
    enum glc_simd simd;                          /* which path to take; one that is not there is no path */
    bool many;                                   /* seek what all rules want at once, first: for tests */
    bool costs;                                  /* count what each rule costs: glc_matcher_costs() */
    void (*console)(void *to, const char *line); /* console.log; NULL: nowhere */
    void *console_to;
};

/* NULL: no memory. The matcher keeps the image's address, not a copy. */
struct glc_matcher *glc_matcher_new(const struct glc_image *img,
                                    const struct glc_match_options *opt) GLC_CHECK;
void glc_matcher_free(struct glc_matcher *m);

/* Give an external variable another value than the image's; GLC_CORRUPT where there is none of that name and
 * type. */
enum glc_err glc_matcher_define(struct glc_matcher *m, struct glc_span name, struct glc_span value) GLC_CHECK;

/* Judge one layer. GLC_OK: complete, see the results below. GLC_LIMIT: a rule passed its step budget
 * (glc_matcher_blame says which); results are valid but not complete. GLC_CORRUPT: the image is damaged.
 * Results stay until the next call. */
enum glc_err glc_match(struct glc_matcher *m, const struct glc_layer *layer) GLC_CHECK;

/* Would a file of `size` bytes be hashed by `alg`? */
bool glc_matcher_hashes_size(const struct glc_matcher *m, enum glc_digest_alg alg, uint64_t size);

/* After GLC_LIMIT: the rule that ran out of budget. */
struct glc_span glc_matcher_blame(const struct glc_matcher *m);

/* Work done on the last layer, in steps of some nanoseconds: references compared in the pass, and what
 * conditions took. The same on every machine. */
uint64_t glc_matcher_work(const struct glc_matcher *m);

/* Rules that matched and are reported (neither private nor ended by a global), in the image's order; indices
 * for glc_image_rule(). A hash signature that matched is among them. */
const uint32_t *glc_matcher_found(const struct glc_matcher *m, uint32_t *n);

/* An allow-list hash matched this layer: what was found is not to be reported. */
bool glc_matcher_allowed(const struct glc_matcher *m);

struct glc_occurrence {
    uint64_t offset, length;
    uint8_t key; /* xor key of the variant that matched */
    bool xored;
    uint32_t variant; /* its number within the pattern */
};

/* The first of n occurrences, sorted by offset, that begins at `offset` or behind; n: none does. */
uint64_t glc_occurrence_from(const struct glc_occurrence *o, uint64_t n, uint64_t offset);

/* Occurrences of one pattern of a rule, sorted by offset (with opt.strings; otherwise what happened to be
 * needed); of a pattern that the condition asks for at one constant place only, those that begin there. */
const struct glc_occurrence *glc_matcher_occurrences(struct glc_matcher *m, uint32_t rule, uint32_t pattern,
                                                     uint64_t *n);

/* What a rule has cost on all layers since the matcher was made. */
struct glc_rule_cost {
    uint64_t candidates; /* windows of its patterns met and compared */
    uint64_t confirmed;  /* those that held */
    uint64_t judged;     /* times its condition was judged */
    uint64_t ns;         /* time that took, patterns sought on demand included */
};

/* One record for each rule of the image (with opt.costs; else NULL). */
const struct glc_rule_cost *glc_matcher_costs(const struct glc_matcher *m, uint32_t *rules);
void glc_matcher_costs_clear(struct glc_matcher *m); /* count from nothing again */

/* Why a rule matched or not, for `glacis explain`: each pattern with its occurrences and a few bytes around,
 * each branch of the condition with its value, as text (indented) appended to `out`. Uses the layer of the
 * last glc_match(). */
enum glc_err glc_matcher_explain(struct glc_matcher *m, uint32_t rule, const struct glc_layer *layer,
                                 struct glc_buf *out) GLC_CHECK;

#endif
