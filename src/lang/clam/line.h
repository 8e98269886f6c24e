/* What every line parser of this folder shares: where it is, how it complains, how it splits. Internal to
 * lang/clam. */
#ifndef GLC_LANG_CLAM_LINE_H
#define GLC_LANG_CLAM_LINE_H

#include "lang/clam/clam.h"

/* The functionality level that we answer for: that of clamscan 1.4.6, found with signatures of every Engine
 * range. */
enum {
    GLC_CLAM_LEVEL = 216,
    GLC_CLAM_LEVEL_ANY_SIZE = 73 /* what a hash of any size must ask for at least */
};

struct glc_clam {
    struct glc_ruleset *set;
    const char *file, *space;
    const struct glc_lang_options *opt;
    struct glc_arena *arena; /* the set's */
    struct glc_span text;    /* the line, without its end */
    uint32_t line;
    bool allow;
};

/* How a line ended. */
enum glc_clam_end {
    GLC_CLAM_TAKEN,
    GLC_CLAM_REFUSED, /* told */
    GLC_CLAM_SKIPPED, /* for another engine, by its own words */
};

/* Complain about the line at `at` (inside c->text; NULL: the line as a whole). Always false, for `return`. */
bool glc_clam_tell(const struct glc_clam *c, enum glc_severity severity, const uint8_t *at, size_t width,
                   const char *message, const char *hint);

/* glc_clam_tell with GLC_ERROR and no hint. */
bool glc_clam_wrong(const struct glc_clam *c, const uint8_t *at, const char *message);

/* Cut `s` at every `sep` into at most `most` fields; returns the number that there are, which may be more
 * than `most`. */
size_t glc_clam_split(struct glc_span s, char sep, struct glc_span *field, size_t most);

/* A name: not empty, printable UTF-8. */
bool glc_clam_name(const struct glc_clam *c, struct glc_span name);

/* As atoi() reads a level: leading digits, the rest does not matter. No overflow: a million is as far as it
 * goes. */
uint32_t glc_clam_level_of(struct glc_span s);

/* Is our level inside [min, max]? Empty fields set no bound; text that is no number counts as 0, as with
 * clamscan. */
bool glc_clam_level(struct glc_span min, struct glc_span max);

/* Tell that a signature is for other levels. GLC_CLAM_SKIPPED. */
enum glc_clam_end glc_clam_skip(const struct glc_clam *c, struct glc_span where);

/* A rule of ours with its fixed fields; NULL: no memory. */
struct glc_rule *glc_clam_rule(const struct glc_clam *c, struct glc_span name);

/* The parsers of one line. GLC_CLAM_REFUSED without a word where the arena is exhausted: the caller looks at
 * it. */
enum glc_clam_end glc_clam_hash_line(struct glc_clam *c, enum glc_clam_kind kind);
enum glc_clam_end glc_clam_body_line(struct glc_clam *c);
enum glc_clam_end glc_clam_old_line(struct glc_clam *c);
enum glc_clam_end glc_clam_logical_line(struct glc_clam *c);
enum glc_clam_end glc_clam_ignore_line(struct glc_clam *c);

#endif
