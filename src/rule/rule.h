/* The rule set: what front ends fill and the compiler reads. One form for every language. */
#ifndef GLC_RULE_RULE_H
#define GLC_RULE_RULE_H

#include "base/digest.h"
#include "rule/class.h"
#include "rule/expr.h"
#include "rule/pattern.h"

enum glc_language { GLC_LANG_YARA, GLC_LANG_CLAM, GLC_LANG_HASH };

struct glc_meta {
    const char *key;
    enum glc_type type; /* STRING, INT, BOOL, FLOAT */
    union {
        struct glc_span text;
        int64_t integer;
        double real;
    } u;
};

struct glc_rule {
    const char *name;
    const char *space; /* namespace; "default" where nothing else was said */
    enum glc_language language;
    const char *file; /* as named by the user, for diagnostics and reports */
    uint32_t line;
    const char **tag;
    uint32_t tags;
    struct glc_meta *meta;
    size_t metas;
    struct glc_pattern *pattern;
    uint32_t patterns;
    struct glc_expr *condition; /* type BOOL; never NULL */
    uint32_t classes;           /* mask of the layers it concerns (rule/class.h); GLC_CLASS_ALL for YARA */
    uint32_t slots;             /* variables that its loops and `with` need */
    uint8_t wording[16];        /* CLAM: MD5 of the signature's line, which ignore lists may name */
    bool is_private;            /* not reported */
    bool is_global;             /* must hold for the other rules of its namespace to match */
};

enum glc_hash_of {
    GLC_HASH_FILE,    /* the whole layer */
    GLC_HASH_SECTION, /* one PE section's raw bytes; size is the section's */
    GLC_HASH_IMPORTS, /* PE import hash; size is the import table's */
};

#define GLC_ANY_SIZE UINT64_MAX

/* A hash signature. Millions of them: names are offsets into glc_ruleset.names, no pointer. */
struct glc_hash_sig {
    uint64_t size;                  /* bytes, or GLC_ANY_SIZE */
    uint32_t name;                  /* offset of a NUL-terminated name in glc_ruleset.names */
    uint8_t alg;                    /* enum glc_digest_alg */
    uint8_t of;                     /* enum glc_hash_of */
    uint8_t allow;                  /* 1: an allow-list entry (fp, sfp): the layer is not reported */
    uint8_t source;                 /* index into glc_ruleset.source, 255: not kept */
    uint8_t digest[GLC_DIGEST_MAX]; /* the first glc_digest_len(alg) bytes */
};

struct glc_external {
    const char *name;
    enum glc_type type; /* INT, FLOAT, BOOL, STRING */
    union {
        int64_t integer;
        double real;
        struct glc_span text;
    } u;
};

struct glc_ruleset {
    struct glc_arena *arena; /* owns everything below but `names` and `hash` */
    struct glc_rule **rule;
    size_t rules;
    struct glc_hash_sig *hash; /* heap */
    size_t hashes, hash_room;
    struct glc_buf names; /* heap */
    struct glc_external *external;
    size_t externals;
    /* What .ign and .ign2 take out, whatever file it stands in: NAME, or NAME:MD5 (lower case) of the
     * signature's line. */
    const char **ignore;
    size_t ignores;
    /* Signatures read, taken, and not taken (unsupported or wrong), over all sources. */
    uint64_t seen, taken, refused;
    struct glc_yara_names *yara; /* lang/yara's own: rule names by namespace, in the arena */
    uint64_t
        skipped; /* seen, but not meant for this engine by their own words (ClamAV's functionality levels) */
};

void glc_ruleset_init(struct glc_ruleset *set, struct glc_arena *arena);
void glc_ruleset_done(struct glc_ruleset *set);

/* Append an empty rule (language, name and the rest for the caller to fill); NULL when memory is exhausted.
 */
struct glc_rule *glc_ruleset_add(struct glc_ruleset *set) GLC_CHECK;
bool glc_ruleset_add_hash(struct glc_ruleset *set, const struct glc_hash_sig *sig,
                          struct glc_span name) GLC_CHECK;
bool glc_ruleset_add_ignore(struct glc_ruleset *set, struct glc_span name) GLC_CHECK;

/* Take out every rule and hash that is ignored. The line of a hash is taken to be HASH:SIZE:NAME
 * (SIZE:HASH:NAME for sections), in lower case, without levels. Returns how many went. */
size_t glc_ruleset_apply_ignores(struct glc_ruleset *set);

/* Print rules as text: the golden form of tests and of `glacis dump --ir`. */
void glc_rule_dump(const struct glc_rule *r, struct glc_buf *out);
void glc_expr_dump(const struct glc_expr *x, const struct glc_rule *r, struct glc_buf *out);
void glc_ruleset_dump(const struct glc_ruleset *set, struct glc_buf *out);

#endif
