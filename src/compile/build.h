/* What the parts of the compiler share: the image being built, section by section. Internal to src/compile.
 */
#ifndef GLC_COMPILE_BUILD_H
#define GLC_COMPILE_BUILD_H

#include "base/arena.h"
#include "base/buf.h"
#include "compile/compile.h"
#include "compile/cond_compile.h"
#include "compile/freq.h"
#include "image/layout.h"

/* One run of masked bytes that a match of a variant contains, and the window chosen in it. */
struct glc_atom {
    const uint8_t *value, *mask;
    const uint32_t **set; /* of positions that are classes; NULL: none are */
    uint32_t len;
    uint32_t near, far; /* distance from the match's start; far GLC_UNBOUNDED: no bound */
    uint8_t stage;      /* GLC_STAGE_8, GLC_STAGE_4, or GLC_STAGES: no window fits */
    int32_t at[4]; /* its windows, one for each place modulo the stride; 4-byte ones may overhang by a byte or
                      two */
    float cost;    /* expected hits a byte of clean data */
};

struct glc_cover {
    struct glc_atom *atom;
    size_t atoms; /* 0: nothing is known */
    float cost;
    bool whole; /* the variant is its only atom: one run of masked bytes */
};

struct glc_build {
    const struct glc_ruleset *set;
    const struct glc_compile_options *opt;
    struct glc_compile_stats stats;
    struct glc_arena arena; /* lives as long as the build */
    struct glc_freq *freq;
    struct glc_looked *looked; /* atom.c: the atom in hand */
    struct glc_buf section[GLC_IMG_SECTIONS];
    uint64_t table[GLC_STAGES];
    uint64_t asked; /* modules: bit by index */

    /* Strings already written: open addressing over offsets + 1. */
    uint32_t *intern;
    size_t interned, intern_room;

    /* What is searched for: references to windows, collected before the tables are made. */
    struct glc_want *want;
    size_t wants, want_room;
    struct glc_pin *pin;
    size_t pins, pin_room;
    struct glc_always *always; /* rules without a witness */
    size_t alwayses;
    struct glc_guard *guard;
    size_t guards;
};

struct glc_always {
    uint32_t rule, gate, guard; /* guard: in glc_build.guard, or NONE */
};

/* An expression that many rules demand. */
struct glc_guard {
    const struct glc_expr *x;
    struct glc_span text; /* its dump: what makes two the same */
    bool steady;          /* it asks external variables only */
    uint32_t count;
    uint32_t code, code_len;
};

/* "Touch `rule` where this window stands": `value` folded, `at` its place in the atom. */
struct glc_want {
    uint64_t value;
    struct glc_img_ref ref;
    uint8_t stage;
    bool second; /* a key of 3 bytes that are the window's last */
};

/* The same for a known place. */
struct glc_pin {
    struct glc_anchor anchor; /* offset is the window's, not the pattern's */
    uint8_t width;
    uint32_t key;
    struct glc_img_ref ref;
};

/* write.c */
bool glc_build_init(struct glc_build *b, const struct glc_ruleset *set,
                    const struct glc_compile_options *opt) GLC_CHECK;
void glc_build_done(struct glc_build *b);
uint32_t glc_build_string(struct glc_build *b,
                          struct glc_span s); /* interned; NONE and a failed section on no memory */
bool glc_build_align(struct glc_buf *section, size_t to);
enum glc_err glc_build_assemble(struct glc_build *b, uint64_t hashes, struct glc_parts *out) GLC_CHECK;

/* Records so far in a section of records of `width` bytes. */
static inline uint32_t glc_build_count(const struct glc_build *b, enum glc_img_section_id id, size_t width)
{
    return (uint32_t)(b->section[id].len / width);
}

/* atom.c: the cheapest set of atoms one of which every match of `re` contains. */
void glc_atom_cover(struct glc_build *b, const struct glc_re *re, struct glc_cover *out);
/* The folded values that position `i` of the atom may have (any, where it lies outside), and how many. */
enum { GLC_ATOM_VALUES = 128 };
uint32_t glc_atom_values(const struct glc_atom *a, int64_t i, uint8_t out[GLC_ATOM_VALUES]);
/* The key of a window of 4 bytes: all of it, or its first or last 3 bytes where the other may be any. */
void glc_atom_key(const struct glc_atom *a, int32_t at, int32_t *key_at, uint32_t *width);

/* witness.c: patterns one of which must occur wherever the rule matches. Where parts of a disjunction demand
 * first bytes only, these stand among the patterns. */
struct glc_first {
    uint32_t value, mask, need; /* as in glc_img_gate; mask 0: it is none */
};
struct glc_witness {
    uint32_t rule; /* whose pattern it is (a rule may be witnessed by those it refers to) */
    uint32_t pattern;
    bool pinned; /* it must occur at `anchor` */
    struct glc_anchor anchor;
    struct glc_first first; /* the layer begins so; then it is of no pattern */
};
struct glc_witnesses {
    struct glc_witness *item;
    size_t n;
    size_t firsts; /* items beyond n that are first bytes, once they are set apart */
    float cost;
    bool none;  /* the rule may match without any */
    bool never; /* it cannot match at all */
};
/* What a witness at a known place costs: next to nothing, but for the first bytes of a kind of file, which
 * touch their rule for every file of that kind. */
#define GLC_PINNED_COST 1e-7f
#define GLC_MAGIC_COST  5e-4f
/* First bytes alone are the last resort, four of them: any pattern says more. */
#define GLC_FIRST_COST 1.0f
struct glc_witness_costs {
    const struct glc_ruleset *set;
    const struct glc_modules *modules;
    const float *cost;     /* of each pattern, all rules' one after another; INFINITY: cannot be searched */
    const bool *pin;       /* can it be looked up at a known place? */
    const bool *magic;     /* does it say little more than what kind of file it is, where it stands at 0? */
    const uint32_t *first; /* of each rule's in them */
    const struct glc_witnesses *rule; /* of earlier rules */
    struct glc_arena *arena;
};
void glc_witness_find(const struct glc_witness_costs *c, uint32_t rule, struct glc_witnesses *out);
/* First bytes behind the patterns: *out has its items in that order then. What has only first bytes, or too
 * many, has `none`. For all rules, once each has its witnesses. */
enum { GLC_FIRSTS_MOST = 16 };
void glc_witness_part(struct glc_witnesses *out);
/* What the reads of guards say of a layer's first four bytes. */
struct glc_first glc_first_of(const struct glc_cond_guards *g);

/* place.c: where the condition asks for a pattern. `place` has room for all of the rule's. */
struct glc_place {
    int64_t at;
    enum { GLC_NOT_ASKED, GLC_ASKED_THERE, GLC_ASKED_ANYWHERE } asked;
};
void glc_build_places(const struct glc_rule *r, struct glc_place *place);

/* guard.c: what rules without a witness share. First counted over all of them, then chosen for each. */
bool glc_guard_count(struct glc_build *b, const struct glc_rule *rule) GLC_CHECK;
uint32_t glc_guard_choose(struct glc_build *b, const struct glc_rule *rule);
bool glc_guard_write(struct glc_build *b) GLC_CHECK; /* sort `always`, compile the guards */

/* filter.c: windows, references, buckets, bitmaps, anchors, groups from the wants and pins. */
bool glc_filter_want(struct glc_build *b, const struct glc_atom *a, const struct glc_img_ref *ref) GLC_CHECK;
bool glc_filter_pin(struct glc_build *b, const struct glc_atom *a, const struct glc_anchor *anchor,
                    const struct glc_img_ref *ref) GLC_CHECK;
bool glc_filter_write(struct glc_build *b) GLC_CHECK;

/* hashsig.c */
bool glc_hashsig_write(struct glc_build *b, uint64_t *hashes) GLC_CHECK;

#endif
