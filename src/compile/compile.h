/* IR to image: witnesses from conditions, windows, filters, tables, condition bytecode. */
#ifndef GLC_COMPILE_COMPILE_H
#define GLC_COMPILE_COMPILE_H

#include "base/diag.h"
#include "base/parts.h"
#include "rule/module.h"
#include "rule/rule.h"

struct glc_compile_options {
    const struct glc_modules *modules; /* registry that GLC_X_MODULE and GLC_X_CALL refer to; may be NULL */
    struct glc_diag_sink diag;         /* rules that cannot be compiled (too big, …) are named here */
    bool keep_ir;                      /* store the IR's text for `glacis dump --ir` and `explain` */
};

struct glc_compile_stats {
    uint64_t rules, patterns, hashes, refused;
    uint64_t searched;    /* windows that the filter looks for */
    uint64_t anchored;    /* patterns that need no search */
    uint64_t unwitnessed; /* rules that are looked at for every file of their class */
};

/* The whole image as parts behind those of `out`, to be given to glc_parts_done(). A rule that cannot be
 * compiled is named, counted and left out; the rest goes on. */
enum glc_err glc_compile(const struct glc_ruleset *set, const struct glc_compile_options *opt,
                         struct glc_parts *out, struct glc_compile_stats *stats) GLC_CHECK;

/* The same in one piece, behind what `out` has. */
enum glc_err glc_compile_whole(const struct glc_ruleset *set, const struct glc_compile_options *opt,
                               struct glc_buf *out, struct glc_compile_stats *stats) GLC_CHECK;

#endif
