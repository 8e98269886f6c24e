/* The code of conditions, between compile/cond_compile.c and match/cond_run.c.
 *
 *   header  u8 GLC_COND_MAGIC, u8 flags, u16 slots; u32 bytes of the whole; u32 values on the stack at most;
 *           u32 offset of the notes (0: none)
 *   code    one byte of operation, then its operands: numbers as LEB128 (signed ones zigzag), jump targets as
 * u32 offsets from the beginning, strings with their length before them notes   u32 how many; each: depth,
 * length, text; in the order of the source
 *
 * A stack machine. Every operation leaves one value; a value may be undefined and then still has a type. */
#ifndef GLC_MATCH_COND_INTERNAL_H
#define GLC_MATCH_COND_INTERNAL_H

#include "match/cond.h"

enum {
    GLC_COND_MAGIC = 0xc5,
    GLC_COND_HEADER = 16,
    GLC_COND_MOST_STACK = 1 << 16,
    GLC_COND_MOST_SLOTS = 1024,
    GLC_COND_MOST_LOOPS = 64, /* nested */
};

enum glc_cond_op {
    GLC_C_END,       /* the top is the result */
    GLC_C_BOOL,      /* n */
    GLC_C_INT,       /* signed */
    GLC_C_FLOAT,     /* 8 bytes */
    GLC_C_STRING,    /* length, bytes */
    GLC_C_REGEX,     /* length, code (match/re_internal.h) */
    GLC_C_UNDEFINED, /* type */
    GLC_C_EXTERN,    /* index */
    GLC_C_FACT,      /* enum glc_fact */
    GLC_C_VAR,       /* slot */
    GLC_C_STORE,     /* slot: pops; leaves nothing */
    GLC_C_READ,      /* as GLC_X_READ's index */

    GLC_C_TO_FLOAT,
    GLC_C_NEG,
    GLC_C_ADD,
    GLC_C_SUB,
    GLC_C_MUL,
    GLC_C_DIV,
    GLC_C_MOD,
    GLC_C_BIT_NOT,
    GLC_C_BIT_AND,
    GLC_C_BIT_OR,
    GLC_C_BIT_XOR,
    GLC_C_SHL,
    GLC_C_SHR,

    GLC_C_EQ,
    GLC_C_NE,
    GLC_C_LT,
    GLC_C_LE,
    GLC_C_GT,
    GLC_C_GE,

    GLC_C_CONTAINS,
    GLC_C_ICONTAINS,
    GLC_C_STARTS,
    GLC_C_ISTARTS,
    GLC_C_ENDS,
    GLC_C_IENDS,
    GLC_C_IEQUALS,
    GLC_C_MATCHES,

    GLC_C_NOT,
    GLC_C_DEFINED,
    GLC_C_TO_BOOL,
    GLC_C_TRUTH,    /* undefined becomes false */
    GLC_C_AND_JUMP, /* target: pops; unless true, pushes false and jumps */
    GLC_C_OR_JUMP,  /* target: pops; if true, pushes true and jumps */

    /* pattern: 0 is the current one of the innermost FOR_OF, others are one more than their number */
    GLC_C_FOUND,    /* pattern */
    GLC_C_FOUND_AT, /* pattern */
    GLC_C_FOUND_IN, /* pattern */
    GLC_C_COUNT,    /* pattern, enough (0: all) */
    GLC_C_COUNT_IN, /* pattern */
    GLC_C_OFFSET,   /* pattern */
    GLC_C_LENGTH,   /* pattern */

    GLC_C_OF, /* enum glc_quant, enum glc_cond_of, n, n numbers */

    GLC_C_LOOP, /* enum glc_cond_loop, enum glc_quant, slot, end; then OF, LIST, EXPRS: n; OF: n numbers */
    GLC_C_NEXT, /* pops the body's value; goes round, or leaves with the result */
    GLC_C_VOTE, /* the same for EXPRS, where the next member follows */

    GLC_C_RULE,   /* index */
    GLC_C_MODULE, /* index */
    GLC_C_MEMBER, /* index, type */
    GLC_C_INDEX,  /* type */
    GLC_C_LOOKUP, /* type */
    GLC_C_CALL,   /* index, arguments, type */

    /* Two values each: occurrences (undefined where the group does not hold) and a mask of the patterns seen.
     */
    GLC_C_CLAM_LEAF, /* pattern */
    GLC_C_CLAM_AND,  /* n */
    GLC_C_CLAM_OR,   /* n */
    GLC_C_CLAM_TEST, /* enum glc_compare, x, distinct: the pair stays where it passes, and becomes undefined
                        elsewhere */
    GLC_C_CLAM_BOOL, /* the pair becomes a BOOL */
    GLC_C_CLAM_SKIP, /* target: pops; unless true, pushes an undefined pair and jumps */
    GLC_C_CLAM_ONE,  /* n: pops; pushes the pair of a member that occurred once, or not; n is its bit in the
                        mask */

    GLC_C_SIZE, /* 1: an undefined array or dictionary has no size, 0: it has no items */
    GLC_C_NOTE, /* number: the top is the value of that note's node */
    GLC_C_OPS
};

enum glc_cond_of { GLC_COND_OF_FOUND, GLC_COND_OF_AT, GLC_COND_OF_IN, GLC_COND_OF_RULES, GLC_COND_OFS };
enum glc_cond_loop {
    GLC_LOOP_OF,    /* stack: number */
    GLC_LOOP_RANGE, /* number, first, last */
    GLC_LOOP_LIST,  /* number, items */
    GLC_LOOP_ARRAY, /* number, array */
    GLC_LOOP_DICT,  /* number, dictionary */
    GLC_LOOP_EXPRS, /* number */
    GLC_LOOPS
};

/* Values (match/cond_value.c). An undefined operand gives an undefined value of the result's type, where YARA
 * does not say otherwise. false: operands of types that no compiler pairs. */
static inline struct glc_value glc_cond_undefined(enum glc_type t)
{
    return (struct glc_value){ .type = t };
}

static inline struct glc_value glc_cond_bool(bool v)
{
    return (struct glc_value){ .type = GLC_T_BOOL, .defined = true, .u.integer = v };
}

static inline struct glc_value glc_cond_int(int64_t v)
{
    return (struct glc_value){ .type = GLC_T_INT, .defined = true, .u.integer = v };
}

static inline bool glc_cond_is_true(const struct glc_value *v)
{
    return v->type == GLC_T_BOOL && v->defined && v->u.integer != 0;
}

bool glc_cond_unary(enum glc_cond_op op, struct glc_value *v) GLC_CHECK;
bool glc_cond_arith(enum glc_cond_op op, struct glc_value *a,
                    const struct glc_value *b) GLC_CHECK; /* result in *a */
bool glc_cond_compare(enum glc_cond_op op, struct glc_value *a, const struct glc_value *b) GLC_CHECK;
bool glc_cond_text(enum glc_cond_op op, struct glc_value *a, const struct glc_value *b) GLC_CHECK;
/* The number in the text `s`; `read`: GLC_READ_TEXT and its flags. */
struct glc_value glc_cond_number(struct glc_span s, unsigned read);
struct glc_value glc_cond_read(const struct glc_layer *layer, unsigned read, const struct glc_value *offset);
struct glc_value glc_cond_fact(const struct glc_layer *layer, unsigned fact);

#endif
