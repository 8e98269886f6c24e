/* Patterns over bytes: the one form for hex strings, text strings, regular expressions and ClamAV bodies.
 *
 * A tree of nodes, owned by the arena of the rule set. Front ends lower everything that is particular to a
 * language: `nocase` letters become masked bytes, `wide` becomes bytes with zeroes between, `xor` and
 * `base64` become variants (see pattern.h). What remains is a regular language with a few assertions, so that
 * it can be matched in time linear in the input. */
#ifndef GLC_RULE_RE_H
#define GLC_RULE_RE_H

#include "base/arena.h"
#include "base/buf.h"

#define GLC_UNBOUNDED UINT32_MAX

enum glc_re_kind {
    GLC_RE_EMPTY, /* matches nothing, everywhere */
    GLC_RE_BYTES, /* byte i matches where (b & mask[i]) == value[i]; mask 0xDF folds a letter's case, 0 is any
                     byte */
    GLC_RE_CLASS, /* one byte out of a set */
    GLC_RE_CAT,   /* kids one after another */
    GLC_RE_ALT,   /* one of the kids */
    GLC_RE_REPEAT, /* kid min to max times */
    GLC_RE_GAP,    /* min to max bytes of any value (YARA's jumps, ClamAV's {n-m} and *) */
    GLC_RE_ASSERT, /* no bytes, a condition on the place */
};

enum glc_re_assert {
    GLC_AT_START,        /* ^ : offset 0 of the data */
    GLC_AT_END,          /* $ : the end of the data */
    GLC_AT_WORD_EDGE,    /* \b of YARA-X: exactly one side is [0-9A-Za-z_] */
    GLC_AT_NO_WORD_EDGE, /* its \B */
    GLC_AT_EDGE,         /* \b of YARA: the same, and wherever a side has no character */
    GLC_AT_NO_EDGE,      /* its \B */
    GLC_AT_BYTE,         /* before the end of the data */
};

struct glc_re {
    enum glc_re_kind kind;
    union {
        struct {
            uint8_t *value, *mask; /* value[i] has no bit outside mask[i] */
            uint32_t len;          /* at least 1 */
        } bytes;
        uint32_t set[8]; /* CLASS: bit b of the 256 */
        struct {
            struct glc_re **kid;
            uint32_t n; /* at least 1 */
        } list;         /* CAT, ALT */
        struct {
            struct glc_re *kid;
            uint32_t min, max; /* max GLC_UNBOUNDED: no limit */
            bool lazy;         /* matters to glc_pattern.extent only */
            bool jump;         /* for lang/yara: a long lazy dot outside groups */
        } repeat;
        struct {
            uint32_t min, max;
        } gap;
        enum glc_re_assert assert_at;
    } u;
};

/* All constructors return NULL when the arena is exhausted (or a kid is NULL), so that calls can be nested.
 */
struct glc_re *glc_re_empty(struct glc_arena *a);
struct glc_re *glc_re_bytes(struct glc_arena *a, const uint8_t *value, const uint8_t *mask,
                            uint32_t len); /* copies; mask NULL: all 0xFF */
struct glc_re *glc_re_class(struct glc_arena *a, const uint32_t set[8]);
struct glc_re *glc_re_cat(struct glc_arena *a, struct glc_re *const *kid,
                          uint32_t n); /* flattens, joins neighbouring BYTES; n 0: EMPTY */
struct glc_re *glc_re_alt(struct glc_arena *a, struct glc_re *const *kid, uint32_t n);
struct glc_re *glc_re_repeat(struct glc_arena *a, struct glc_re *kid, uint32_t min, uint32_t max, bool lazy);
struct glc_re *glc_re_gap(struct glc_arena *a, uint32_t min, uint32_t max);
struct glc_re *glc_re_assert(struct glc_arena *a, enum glc_re_assert at);

/* Copies with a change applied to every byte matcher: letters folded; a zero byte after every byte
 * (UTF-16LE). */
struct glc_re *glc_re_nocase(struct glc_arena *a, const struct glc_re *re);
struct glc_re *glc_re_wide(struct glc_arena *a, const struct glc_re *re);

/* Length of what it matches, in bytes; *max is UINT64_MAX where it has no bound. */
void glc_re_length(const struct glc_re *re, uint64_t *min, uint64_t *max);

/* Print in a notation of one line: masked bytes as hex (`4d 5a ?? 4?`, letters that fold as `'a'i`), classes
 * as [00-1f 41], gaps as [n-m], groups as ( | ), repeats as {n,m}, assertions as \A \Z \b \B. */
void glc_re_dump(const struct glc_re *re, struct glc_buf *out);

static inline bool glc_set_has(const uint32_t set[8], uint8_t b)
{
    return (set[b >> 5] >> (b & 31) & 1) != 0;
}

static inline void glc_set_add(uint32_t set[8], uint8_t b)
{
    set[b >> 5] |= (uint32_t)1 << (b & 31);
}

#endif
