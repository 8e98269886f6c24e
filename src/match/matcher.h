/* What the parts of the matcher share. Internal to src/match. */
#ifndef GLC_MATCH_MATCHER_H
#define GLC_MATCH_MATCHER_H

#include "base/digest.h"
#include "image/view.h"
#include "match/cond.h"
#include "match/match.h"
#include "match/re.h"

/* What is known of a rule on this layer. */
enum {
    GLC_RULE_UNKNOWN, /* not yet asked */
    GLC_RULE_DEAD,    /* its class, size or first bytes do not fit */
    GLC_RULE_LIVE,    /* it might match if touched */
    GLC_RULE_TOUCHED, /* a witness occurred, or it has none: its condition is to be judged */
    GLC_RULE_FALSE,
    GLC_RULE_TRUE,
};

/* What the pass saw of a pattern. One that it looks for (GLC_IMG_SEARCHED) and has not seen does not occur.
 */
enum {
    GLC_NOT_SEEN,
    GLC_MAYBE_SEEN, /* a part of it, or out of budget */
    GLC_SEEN,
};

/* What a guard that says the same of every layer has said. */
enum { GLC_GUARD_UNKNOWN, GLC_GUARD_SHUT, GLC_GUARD_OPEN };

/* What is known of a pattern on this layer. */
struct glc_slot {
    uint32_t pattern;
    uint8_t present; /* 0 not asked, 1 no, 2 yes */
    bool listed;     /* `list` is complete (but for `cut`) */
    bool lengths;    /* with lengths, keys and variants; otherwise offsets only */
    bool counted;    /* `count` is known, or, below it, `at_least` */
    uint8_t ranges;  /* times it was looked for in a part of the layer */
    uint64_t count, at_least;
    struct glc_occurrence *list;
    uint64_t n, cut;
};

struct glc_bucket_table {
    const struct glc_img_bucket *bucket;
    uint64_t mask;  /* buckets − 1 */
    unsigned shift; /* hash >> shift, then & mask: the bucket */
};

struct glc_matcher {
    const struct glc_image *img;
    struct glc_match_options opt;
    const struct glc_layer *layer;
    struct glc_span data; /* of the layer, or of its region at hand */
    uint64_t base;        /* address of data's first byte; 0 in a file */
    uint64_t size;        /* bytes of all of the layer */
    const struct glc_img_group *group;
    struct glc_bucket_table table[GLC_STAGES];
    enum glc_simd simd;
    bool avx2, avx512;        /* simd is AVX2's or more; AVX512's */
    uint32_t *at[GLC_STAGES]; /* candidates of a block: look.h */

    void *tables; /* where the candidates, and what is noted of rules and patterns, lie */
    size_t tables_bytes;
    uint8_t *rule_state;
    uint32_t *changed; /* rules whose state is not UNKNOWN, in the order they left it */
    uint32_t changes;
    uint32_t *judge; /* rules to be judged */
    uint32_t judges;
    uint8_t *seen; /* of each pattern */
    uint32_t *seen_list;
    uint32_t seens;
    uint32_t *slot_of; /* of each pattern: its slot + 1 */
    struct glc_slot *slot;
    uint32_t slots, slot_room;
    struct glc_arena arena; /* lists of occurrences; reset for each layer */

    uint32_t *found;
    uint32_t founds, found_room;
    bool allowed, limited, corrupt, nomem;
    uint32_t blame;
    struct glc_span blame_text;
    uint64_t steps;   /* what is left to the rule being judged */
    uint64_t shared;  /* … and to all rules that were touched, together */
    uint64_t work;    /* done on this layer: references compared, steps */
    uint64_t sought;  /* steps that conditions took */
    bool many;        /* what many rules want was looked for */
    uint64_t flood;   /* from so much work on, frequent windows are dropped */
    uint8_t *dropped; /* a bit for each window; NULL: none was ever */
    uint64_t drops;   /* of this layer */

    uint32_t rule; /* being judged */
    struct glc_value *external;
    char **external_owned; /* text given by glc_matcher_define() */
    uint8_t *steady;       /* of each record in ALWAYS; forgotten where an external is defined anew */
    uint32_t externals;
    struct glc_re_scratch *re;
    struct glc_cond_scratch *cond;
    struct glc_pcre_cache *pcre; /* made when first needed */

    struct glc_digest *digest[GLC_DIGEST_ALGS];
    bool hashed[GLC_DIGEST_ALGS];
    uint8_t sum[GLC_DIGEST_ALGS][GLC_DIGEST_MAX];

    struct glc_rule_cost *cost; /* of each rule; NULL: not counted */
};

/* Turn to one of the layer's regions; a file has one, itself. */
static inline uint32_t glc_matcher_regions(const struct glc_matcher *m)
{
    return m->layer->region != NULL ? m->layer->regions : 1;
}

static inline void glc_matcher_turn(struct glc_matcher *m, uint32_t i)
{
    if (m->layer->region == NULL)
        return;
    m->data = m->layer->region[i].bytes;
    m->base = m->layer->region[i].address;
}

/* gate.c: does the rule concern this layer? Moves it from UNKNOWN to LIVE or DEAD. */
bool glc_matcher_gate_open(const struct glc_matcher *m, uint32_t gate);
uint8_t glc_matcher_gate(struct glc_matcher *m, uint32_t rule);
void glc_matcher_touch(struct glc_matcher *m, uint32_t rule);

/* filter.c: the pass over the layer; touches rules. */
void glc_matcher_pass(struct glc_matcher *m);

/* verify.c */
bool glc_matcher_atom_at(const struct glc_matcher *m, const struct glc_img_atom *atom, uint64_t at);
bool glc_matcher_fullword(const struct glc_matcher *m, const struct glc_img_variant *v, uint64_t start,
                          uint64_t len);
/* First and end of where a pattern may start; false: nowhere on this layer. */
bool glc_matcher_range(const struct glc_matcher *m, const struct glc_img_pattern *p, uint64_t *lo,
                       uint64_t *hi);
/* A window of the reference stands here: if the pattern does too (or may, as far as is cheap to say), touch
 * its rule. */
void glc_matcher_confirm(struct glc_matcher *m, const struct glc_img_ref *ref, uint64_t window);
/* The reference's pattern may be here: its rule is to find out. */
void glc_matcher_suspect(struct glc_matcher *m, const struct glc_img_ref *ref);
/* Length of the variant's match at `start`; false: none. */
enum glc_err glc_matcher_variant_at(struct glc_matcher *m, const struct glc_img_pattern *p,
                                    const struct glc_img_variant *v, uint64_t start, bool *found,
                                    uint64_t *len);

/* pcre.c: expressions for PCRE2, compiled when first needed and kept. `each` gets the matches of a variant
 * whose start lies in [lo, hi), in order, until it says false. */
void glc_matcher_pcre_begin(struct glc_matcher *m); /* a new layer */
void glc_matcher_pcre_free(struct glc_matcher *m);
enum glc_err glc_matcher_pcre(struct glc_matcher *m, const struct glc_img_pattern *p,
                              const struct glc_img_variant *v, uint64_t lo, uint64_t hi,
                              bool (*each)(void *to, uint64_t start, uint64_t end), void *to);

/* (data & mask) == value over `n` bytes. */
bool glc_masked_equal(const uint8_t *data, const uint8_t *value, const uint8_t *mask, size_t n);

/* Masked bytes that are sought, and how far from a match's start they may begin: far GLC_IMG_NONE: no bound.
 */
struct glc_piece {
    const uint8_t *value, *mask; /* mask NULL: all 0xff */
    uint32_t len;
    uint32_t near, far;
    uint32_t rare[2]; /* its rarest positions that say something; `len` or more: there is none */
};
/* false: it does not lie in the image. */
bool glc_piece_of(const struct glc_matcher *m, const struct glc_img_atom *atom, struct glc_piece *out);
/* seek.c: first place in [from, to) where the piece stands; UINT64_MAX: none. Adds to *cost what it took, in
 * steps. */
uint64_t glc_matcher_seek_piece(const struct glc_matcher *m, const struct glc_piece *piece, uint64_t from,
                                uint64_t to, uint64_t *cost);
/* The same of an atom. */
uint64_t glc_matcher_seek(const struct glc_matcher *m, const struct glc_img_atom *atom, uint64_t from,
                          uint64_t to, uint64_t *cost);
/* How many such places there are, or at least `enough`. */
uint64_t glc_matcher_tally(const struct glc_matcher *m, const struct glc_img_atom *atom, uint64_t from,
                           uint64_t to, uint64_t enough, uint64_t *cost);

/* A text of at least two bytes under some keys. */
enum { GLC_XORED_MOST = 32 };
struct glc_xored {
    uint8_t text[GLC_XORED_MOST];
    uint32_t len;
    bool key[256];
};
uint64_t glc_matcher_tally_xored(const struct glc_matcher *m, const struct glc_xored *x, uint64_t from,
                                 uint64_t to, uint64_t enough, uint64_t *cost);

/* occur.c: patterns looked for on demand. */
struct glc_slot *glc_matcher_slot(struct glc_matcher *m,
                                  uint32_t pattern); /* made if there is none; NULL: NOMEM, or no pattern */
enum glc_err glc_matcher_present(struct glc_matcher *m, uint32_t pattern, bool *out);
enum glc_err glc_matcher_at(struct glc_matcher *m, uint32_t pattern, uint64_t at, bool *out);
/* Is there an occurrence that begins in [first, last]? */
enum glc_err glc_matcher_in(struct glc_matcher *m, uint32_t pattern, uint64_t first, uint64_t last,
                            bool *out);
/* How many there are, or at least `enough` of them. */
enum glc_err glc_matcher_count(struct glc_matcher *m, uint32_t pattern, uint64_t enough, uint64_t *out);
/* All of them, by offset; without `lengths` only the offsets are sure. */
enum glc_err glc_matcher_list(struct glc_matcher *m, uint32_t pattern, bool lengths,
                              const struct glc_slot **out);

/* many.c: looks once for all that the rules from number `from` of `judge` want, and notes in their slots what
 * is present and what is not; false: out of memory. */
bool glc_matcher_many(struct glc_matcher *m, uint32_t from) GLC_CHECK;

/* hash.c: hash signatures of this layer. */
enum glc_err glc_matcher_hashes(struct glc_matcher *m);
bool glc_matcher_report(struct glc_matcher *m, uint32_t rule);

/* judge.c: conditions. */
uint64_t glc_matcher_budget(const struct glc_matcher *m);      /* steps for one rule on this layer */
void glc_matcher_spend(struct glc_matcher *m, uint64_t steps); /* of what all rules share */
enum glc_err glc_matcher_judge(struct glc_matcher *m);
void glc_matcher_env(struct glc_matcher *m, struct glc_cond_env *env);

#endif
