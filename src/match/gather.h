/* Finding occurrences of one pattern on demand (gather.c); what is kept of them is occur.c's. */
#ifndef GLC_MATCH_GATHER_H
#define GLC_MATCH_GATHER_H

#include "match/matcher.h"

enum glc_gather_what {
    GLC_GATHER_ANY,     /* whether there is one: `hit` */
    GLC_GATHER_COUNT,   /* how many: `count`, or at least `enough` of them */
    GLC_GATHER_OFFSETS, /* where: `item`, lengths where they cost nothing, else 0 and `lengths` false */
    GLC_GATHER_ALL,     /* where, and how long */
};

struct glc_gather {
    struct glc_matcher *m;
    enum glc_gather_what what;
    uint64_t most;   /* items to keep; those that begin last are left out and counted in `cut` */
    uint64_t enough; /* COUNT may stop there */
    uint64_t lo, hi; /* starts lie in [lo, hi); set by glc_gather_open() to what the pattern allows */
    const struct glc_img_pattern *p;
    const struct glc_img_variant *v; /* its variants */
    bool none;                       /* nowhere on this layer */

    bool counting; /* internal: COUNT of one variant by a way that names starts */

    bool hit, lengths;
    uint64_t count;
    struct glc_occurrence *item; /* the caller's to free; in no order, a start may repeat */
    uint64_t n, room, cut;
    enum glc_err err;
};

/* Find the pattern's records, and where it may start. */
enum glc_err glc_gather_open(struct glc_gather *g, struct glc_matcher *m, uint32_t pattern) GLC_CHECK;

/* Look in [lo, hi). COUNT: either `count` is the number of different starts, or items were gathered instead
 * (`n` not 0), which the caller settles. */
enum glc_err glc_gather_run(struct glc_gather *g) GLC_CHECK;

/* pieces.c: the rarest runs of masked bytes that every match of the code contains, the rarest first; how many
 * there are. They point into the code. */
enum { GLC_PIECES = 8 };
uint32_t glc_pieces_of(struct glc_span code, struct glc_piece out[GLC_PIECES]);
/* At how many places of one it is expected to stand, roughly, in programs and texts. */
double glc_piece_expected(const struct glc_piece *p);

/* The match at `start`: the first variant that has one. */
enum glc_err glc_gather_at(struct glc_gather *g, uint64_t start, bool *found,
                           struct glc_occurrence *out) GLC_CHECK;

/* Between gather.c and gather_plain.c. */
/* Counts steps; false: they are used up (g->err). */
bool glc_gather_spend(struct glc_gather *g, uint64_t steps);
/* An occurrence; false: no more of them, please. */
bool glc_gather_keep(struct glc_gather *g, const struct glc_img_variant *v, uint64_t start, uint64_t len);
/* Every place of the variant; false: ended early. */
bool glc_gather_plain(struct glc_gather *g, const struct glc_img_variant *v);
/* Counts all variants' places. *able false: not so, for they may stand in one place, or their neighbours
 * matter. */
void glc_gather_count_plain(struct glc_gather *g, bool *able);

#endif
