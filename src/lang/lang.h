/* The front ends: signature text in, rules out. One entrance for every language, by file extension. */
#ifndef GLC_LANG_LANG_H
#define GLC_LANG_LANG_H

#include "base/diag.h"
#include "rule/module.h"
#include "rule/rule.h"

enum glc_dialect { GLC_DIALECT_YARA, GLC_DIALECT_YARA_X };

struct glc_lang_options {
    struct glc_diag_sink diag;
    const struct glc_modules *modules; /* what `import` may name; NULL: nothing */
    enum glc_dialect dialect;
    const struct glc_external *external; /* -d name=value */
    uint32_t externals;
    const char *const *include_dir; /* looked at after the including file's own folder */
    uint32_t include_dirs;
    bool pua; /* take ClamAV's databases of potentially unwanted programs (.ndu …) in folders too */
    bool limit_strings; /* a rule with more than max_strings is an error */
    uint64_t max_strings;
    bool as_yara;       /* warn where yara does, and only there: callers count warnings */
    bool strict_escape; /* warn of escapes in regular expressions that mean nothing */
    bool no_includes;   /* an `include` is an error (rules from strangers) */
};

/* Read a file, or every file with a known extension below a folder (sorted by name, links to folders not
 * followed), into `set`. `space` NULL: "default". What cannot be taken is told to the sink and counted in
 * set->refused; the return value is about memory and the path itself only (GLC_IO with errno;
 * GLC_UNSUPPORTED: a single file of no known extension). */
enum glc_err glc_lang_load(struct glc_ruleset *set, const char *path, const char *space,
                           const struct glc_lang_options *opt) GLC_CHECK;

/* Parse text that is already in memory, as if it came from a file of that name (its extension chooses the
 * language). */
enum glc_err glc_lang_parse(struct glc_ruleset *set, const char *file, const char *space,
                            struct glc_span text, const struct glc_lang_options *opt) GLC_CHECK;

/* "name=value" into an external: true/false BOOL, decimal digits INT, digits with a point FLOAT, else STRING.
 * False: no '=' or a name that is no identifier. Strings live in the arena. */
bool glc_lang_external(struct glc_arena *a, const char *text, struct glc_external *out) GLC_CHECK;

#endif
