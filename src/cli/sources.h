/* Signatures from text: compiled in memory, for commands that are given sources where an image would do. */
#ifndef GLC_CLI_SOURCES_H
#define GLC_CLI_SOURCES_H

#include "base/parts.h"
#include "cli/signatures.h"

struct glc_build_stats {
    uint64_t seen, taken, refused, errors, warnings;
    uint64_t searched, anchored, unwitnessed, hashes, rules;
};

/* Compile sources ("PATH" or "NAMESPACE:PATH") into `out`. Diagnostics go to standard error. GLC_IO: a source
 * cannot be read (told); GLC_CORRUPT: -d is wrong, or with `strict` something was not taken. */
enum glc_err glc_build(const char *const *source, unsigned sources, const struct glc_build_options *opt,
                       struct glc_parts *out, struct glc_build_stats *stats) GLC_CHECK;

/* Compile sources into one image in memory, which becomes the next of *s. Tells on standard error what is
 * wrong. */
enum glc_err glc_sources_add(struct glc_signatures *s, const char *const *source, unsigned sources,
                             const struct glc_build_options *opt) GLC_CHECK;

#endif
