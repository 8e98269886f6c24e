/* What an audit has seen: targets, hits (a fact that a signal of the register knows), and gaps (what could
 * not be read).
 *
 * Collectors state facts; a fact that no signal knows is forgotten at once, so memory follows what was found
 * and not what was looked at. A gap makes the answer `unknown` where nothing was found: an audit that could
 * not look never says clean. Everything lives in the audit's arena until glc_audit_done(). */
#ifndef GLC_AUDIT_EVIDENCE_H
#define GLC_AUDIT_EVIDENCE_H

#include "audit/names.h"
#include "audit/register.h"

enum glc_fact_state {
    GLC_FACT_PRESENT,
    GLC_FACT_LEFT,      /* removed, but its settings or data stay: a package's config-files state */
    GLC_FACT_DELETED,   /* only in a lower layer of a container, or in an older state of a database */
    GLC_FACT_MENTIONED, /* named without being there: a blocked host, a commented entry */
};

/* One thing that a collector read. Strings need to live during the call only. */
struct glc_fact {
    enum glc_fact_kind kind;
    const char *value;
    const char *ecosystem; /* of a package: "deb", "npm", …; else NULL */
    const char *version;   /* or NULL */
    const char *where;     /* path in the target */
    const char *inside;    /* the product, bundle or component that contains it, or NULL */
    enum glc_fact_state state;
    bool embedded;  /* a component of something else */
    bool directory; /* a path fact about a folder */
    bool
        weak; /* less telling here than the signal's strength says: a signed installer in a download folder */
};

struct glc_hit {
    struct glc_fact fact; /* strings in the arena */
    const char *layer;    /* container layer or partition, or NULL */
    const struct glc_reg_signal *signal;
    uint32_t target;
    uint32_t count; /* how often, where the same signal hit more than is kept */
};

struct glc_gap {
    uint32_t target;
    const char *where, *reason;
};

/* A line of a settings export of another product. Strings need to live during the call only; none is NULL. */
struct glc_setting {
    const char *section, *key, *value; /* section "": before the first one */
};

struct glc_audit_target {
    const char *kind; /* "host", "root", "image", "disk", "sbom"; "settings" is read and not judged */
    const char *name;
    uint64_t entries; /* files and folders seen */
    uint64_t read;    /* files whose content was read */
};

/* Where a system root was seen inside a target, for what it should have had. */
struct glc_audit_seen {
    bool debian, redhat, suse, alpine, arch; /* by os-release */
    bool dpkg, rpm, apk, pacman;             /* by their databases */
};

/* Where evidence goes instead of being kept: to the process on the other side of the jail. */
struct glc_audit_sink {
    /* A fact that some signal of the register knows, once. Layer and layer's state are the audit's. */
    void (*fact)(void *to, const struct glc_fact *f);
    void (*marker)(void *to, const struct glc_reg_signal *s, const char *where);
    void (*gap)(void *to, const char *where, const char *reason);
    void (*setting)(void *to, const struct glc_setting *s);
    /* Entry number n (from 1) of a walk is there; before its content is read (false: leave it alone); after
     * it.
     */
    void (*pass)(void *to, uint64_t n);
    bool (*enter)(void *to, uint64_t n, const char *path);
    void (*leave)(void *to);
    void *to;
};

struct glc_audit {
    struct glc_arena arena;
    struct glc_arena scratch; /* what a collector needs while it reads one file */
    const struct glc_register *reg;
    const struct glc_audit_sink *sink; /* NULL: evidence is kept here */
    struct glc_audit_target *targets;
    size_t ntargets;
    struct glc_hit *hits;
    size_t nhits;
    struct glc_gap *gaps;
    size_t ngaps;
    size_t gaps_dropped; /* past the cap on gaps kept */
    struct glc_setting *settings;
    size_t nsettings;
    /* of the current target: */
    const char *layer;
    enum glc_fact_state layer_state; /* DELETED while the walk is in what an upper layer hides */
    struct glc_names known;          /* facts already stated */
    struct glc_audit_seen seen;
    struct glc_hit *markers; /* engine markers, judged together when the target ends */
    size_t nmarkers;
};

void glc_audit_init(struct glc_audit *a, const struct glc_register *reg);
void glc_audit_done(struct glc_audit *a);

/* Begin a target; facts and gaps belong to it until the next begins. `kind` is a literal. */
void glc_audit_begin(struct glc_audit *a, const char *kind, const char *name);

/* The target ends: engine markers are looked at together, missing databases become gaps. */
void glc_audit_end(struct glc_audit *a);

void glc_audit_fact(struct glc_audit *a, const struct glc_fact *f);
void glc_audit_gap(struct glc_audit *a, const char *where, const char *fmt, ...) GLC_PRINTF(3, 4);

/* In the order of the file; past a cap the rest is a gap. */
void glc_audit_setting(struct glc_audit *a, const struct glc_setting *s);

/* A fact of kind and value at a path, the usual case. */
void glc_audit_say(struct glc_audit *a, enum glc_fact_kind kind, const char *value, const char *where);

/* One marker of an embedded engine; two or more different ones in one tree become hits when the target ends.
 */
void glc_audit_marker(struct glc_audit *a, const struct glc_reg_signal *s, const char *where);

/* Who says to have made it, as packages, components and uninstall entries state: "Name <mail@host>" gives
 * both. */
void glc_audit_supplier(struct glc_audit *a, const char *supplier, const char *inside, const char *where,
                        enum glc_fact_state state, bool embedded);

/* The content of the first `max` bytes of a span as a C string in the scratch arena, cut at its first NUL.
 * NULL: no memory, and the file becomes a gap. */
char *glc_audit_text(struct glc_audit *a, struct glc_span s, size_t max);

#endif
