/* A whole expression (or several: the variants of a pattern) as positions: each eats one byte out of a set.
 * Built from forward code, seen in the direction of a walk downwards: a position is entered after the ones
 * that stand behind it in a match. Internal to src/match. */
#ifndef GLC_MATCH_RE_FLAT_H
#define GLC_MATCH_RE_FLAT_H

#include "match/re_internal.h"

enum { GLC_FLAT_POSITIONS = 512, GLC_FLAT_INSNS = 4096 };

/* Sets of positions are `words` words each. */
struct glc_re_flat {
    uint32_t n, words;
    uint64_t *row;   /* one allocation for the following */
    uint64_t *first; /* where a walk downwards begins: the last bytes of matches */
    uint64_t *last;  /* where it is done: the first bytes */
    uint64_t *next;  /* of each position: those that may be eaten after it, walking downwards */
    uint64_t *eats;  /* of each value of a byte: the positions that eat it */
    bool loose;      /* assertions were left out: what it finds is to be verified */
    bool empty_too;  /* a match may be empty (such matches are not found) */
    uint64_t length; /* of every match; 0: they differ */
    uint64_t most;   /* no match is longer; 0: there is no such bound */
};

/* GLC_OK with out->n == 0: too large to be flat. */
enum glc_err glc_re_flat_make(const struct glc_span *code, uint32_t codes, struct glc_re_flat *out) GLC_CHECK;
void glc_re_flat_done(struct glc_re_flat *f);

#endif
