/* The code of regular expressions, between compile/re_compile.c and match/re_run.c. Little-endian, unaligned.
 *
 *   header   u8 GLC_RE_MAGIC, u8 flags, u8 key, u8 0; u32 bytes of the whole code; u32 levels
 *   level    u8 gap, u8 body, u8 assertion, u8 0
 *            gap ANY:   u32 min, u32 max
 *            gap SET:   u32 min, u32 max, 32 bytes: the set
 *            body BYTES:  u32 n, n bytes
 *            body MASKED: u32 n, u32 pivot (index of an exact byte, the rarest; n: none), n values, n masks
 *            body SETS:   u32 n, n × 32 bytes
 *            body NFA:    u32 bytes of what follows; u32 instructions, u32 sets, u32 classes, u32 1 where it
 * asserts; 256 bytes: class of each byte; sets × 32 bytes; instructions × 8 bytes
 *
 * A level is a gap (bytes of any value, or bytes of a set, min to max of them) and then a body. The
 * expression is its levels one after another. All bodies but NFA have a fixed length. Reverse code has its
 * levels, and the instructions of NFAs, in the order in which they are met walking down; the bytes of BYTES,
 * MASKED and SETS stay in the order of the data. */
#ifndef GLC_MATCH_RE_INTERNAL_H
#define GLC_MATCH_RE_INTERNAL_H

#include "base/cursor.h"
#include "match/re.h"

enum {
    GLC_RE_MAGIC = 0xe5,
    GLC_RE_HEADER = 12,
    GLC_RE_MOST_LEVELS = 1 << 16,
    GLC_RE_MOST_INSNS = 1 << 17,
};

enum glc_re_flag { GLC_RE_REVERSE = 1, GLC_RE_WIDE = 2, GLC_RE_EMPTY_TOO = 4 };
enum glc_re_gap { GLC_RE_GAP_NONE, GLC_RE_GAP_ANY, GLC_RE_GAP_SET, GLC_RE_GAPS };
enum glc_re_body {
    GLC_RE_BODY_EMPTY,
    GLC_RE_BODY_BYTES,
    GLC_RE_BODY_MASKED,
    GLC_RE_BODY_SETS,
    GLC_RE_BODY_ASSERT,
    GLC_RE_BODY_NFA,
    GLC_RE_BODIES
};

/* u8 op, u8 a, u8 b, u8 0, u32 x. */
enum glc_re_insn {
    GLC_RE_I_BYTE,   /* (byte & b) == a, then the next instruction */
    GLC_RE_I_SET,    /* byte in set x, then the next */
    GLC_RE_I_SPLIT,  /* the next, and x */
    GLC_RE_I_JUMP,   /* x */
    GLC_RE_I_ASSERT, /* a: enum glc_re_assert; then the next */
    GLC_RE_I_MATCH,
};
enum { GLC_RE_INSN_SIZE = 8, GLC_RE_SET_SIZE = 32 };

/* An NFA body, decoded; every pointer into the code. */
struct glc_re_nfa {
    const uint8_t *map, *set, *insn;
    uint32_t sets, classes, insns;
    bool asserts;
};

/* The header, decoded: `body` holds the levels. */
struct glc_re_head {
    uint8_t flags, key;
    uint32_t levels;
    struct glc_cursor body;
};

/* A level, decoded; every pointer into the code. A gap's max may be below its min in damaged code. */
struct glc_re_level {
    uint8_t gap, body, assertion;
    uint32_t min, max;
    const uint8_t *set;          /* of the gap */
    const uint8_t *value, *mask; /* of the body */
    uint32_t len, pivot;
    struct glc_re_nfa nfa;
};

/* re_code.c; false: damaged. */
bool glc_re_head_decode(struct glc_span code, struct glc_re_head *out) GLC_CHECK;
bool glc_re_level_decode(struct glc_cursor *code, struct glc_re_level *out) GLC_CHECK;

/* The bytes of a run and how they are walked. Positions are counted in the direction of the walk: position p
 * of reverse code is the place size − p of the data. */
struct glc_re_text {
    const uint8_t *data;
    uint64_t size;
    bool reverse, wide;
    uint8_t key; /* neighbours are looked at through it */
};

static inline uint8_t glc_re_text_byte(const struct glc_re_text *t, uint64_t p)
{
    return t->data[t->reverse ? t->size - 1 - p : p];
}

static inline bool glc_re_set_has(const uint8_t *set, uint8_t b)
{
    return (set[b >> 3] >> (b & 7) & 1) != 0;
}

/* Does the assertion hold at the place `at` of the data? */
bool glc_re_assert_holds(const struct glc_re_text *t, unsigned assertion, uint64_t at);

/* One walk of an NFA: a set of states that eats bytes. Lazily built into a DFA where the scratch has room for
 * one. */
struct glc_re_dfa;
struct glc_re_walk {
    const struct glc_re_nfa *nfa;
    struct glc_re_dfa *dfa;   /* NULL: the sets below */
    uint32_t state;           /* of dfa */
    struct glc_re_sets *sets; /* owned */
    bool accept;              /* the states, after the last enter() or eat(), contain the end */
    bool dead;                /* they are empty */
};

enum glc_err glc_re_walk_init(struct glc_re_walk *w, struct glc_re_scratch *s,
                              const struct glc_re_nfa *nfa) GLC_CHECK;
void glc_re_walk_done(struct glc_re_walk *w);

/* The walk has come to position p: begin (also) here where `enter`, and find out what is reached without
 * eating. */
enum glc_err glc_re_walk_at(struct glc_re_walk *w, const struct glc_re_text *t, uint64_t p, bool enter,
                            uint64_t *steps) GLC_CHECK;

/* Eat from position *p on, entering at every new position up to and including `upto` where `enter`; stop at
 * the first position that accepts, when dead (and not entering), or at `upto`. *p gets the position reached
 * (at least *p + 1; its walk_at is done already). */
enum glc_err glc_re_walk_eat(struct glc_re_walk *w, const struct glc_re_text *t, uint64_t *p, uint64_t upto,
                             bool enter, uint64_t *steps) GLC_CHECK;

/* How many of each the scratch keeps: powers of two, found by where the code lies. */
enum { GLC_RE_DFAS = 256, GLC_RE_SCANS = 512, GLC_RE_FIRSTS = 512, GLC_RE_MEMOS = 512 };

static inline size_t glc_re_slot(const void *key, uint32_t slots)
{
    return (size_t)((uint64_t)(uintptr_t)key * UINT64_C(0x9e3779b97f4a7c15) >> 32) * slots >> 32;
}

struct glc_re_memo {
    const uint8_t *key; /* the body or set in the code */
    const uint8_t *data;
    uint64_t size;
    uint64_t from, to; /* nothing in [from, to) */
    bool hit;          /* something at `to` */
    bool reverse;
    uint32_t epoch; /* another one: of other data */
};

/* re_first.c: what stands where a match of forward code begins. A set says which bytes may be at each of the
 * first offsets, and one byte must be among `span` bytes from offset `from` on (span 0: no such byte). */
enum { GLC_RE_AHEAD = 8, GLC_RE_AHEAD_ALL = (1 << GLC_RE_AHEAD) - 1, GLC_RE_NO_ASSERTION = 0xff };
struct glc_re_first {
    const uint8_t *code;
    uint8_t assertion, xored, byte;
    bool wide;
    uint16_t from, span;
    uint32_t asked; /* times, until it was worked out */
    uint8_t set[GLC_RE_AHEAD][GLC_RE_SET_SIZE];
};
/* false: no match begins at `at`, a place of the data. Code that is damaged may match anywhere. */
bool glc_re_may_start(const struct glc_re_input *in, struct glc_span code, uint64_t at);

struct glc_re_scan;

struct glc_re_scratch {
    struct glc_re_dfa *dfa[GLC_RE_DFAS];
    struct glc_re_scan *scan[GLC_RE_SCANS]; /* re_scan.c */
    struct glc_re_first first[GLC_RE_FIRSTS];
    bool simd;
    uint32_t epoch;
    struct glc_re_memo memo[GLC_RE_MEMOS];
};

void glc_re_dfa_free(struct glc_re_dfa *d);

/* Count n steps; false: used up. */
static inline bool glc_re_charge(uint64_t *steps, uint64_t n)
{
    if (*steps < n) {
        *steps = 0;
        return false;
    }
    *steps -= n;
    return true;
}

#endif
