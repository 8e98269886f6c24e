/* Conditions: one expression form for YARA's conditions and ClamAV's logical expressions.
 *
 * A tree owned by the arena of the rule set. Every node has a type. Evaluation has YARA's rules of undefined:
 * `and` and `or` (and the body of loops) take an undefined operand as false, DEFINED asks,
 * everything else hands it on, NOT included; a rule whose condition is undefined does not match. Integers are
 * 64 bits, two's complement, wrapping; division and modulo by zero, and INT64_MIN / -1, are undefined. */
#ifndef GLC_RULE_EXPR_H
#define GLC_RULE_EXPR_H

#include "rule/re.h"

enum glc_type {
    GLC_T_BOOL,
    GLC_T_INT,
    GLC_T_FLOAT,
    GLC_T_STRING, /* bytes with a length */
    GLC_T_REGEX,
    GLC_T_STRUCT, /* the three kinds of module values that have parts */
    GLC_T_ARRAY,
    GLC_T_DICT,
};

enum glc_expr_op {
    /* Constants and facts; no kids. */
    GLC_X_BOOL,      /* integer: 0 or 1 */
    GLC_X_INT,       /* integer */
    GLC_X_FLOAT,     /* real */
    GLC_X_STRING,    /* text */
    GLC_X_REGEX,     /* regex */
    GLC_X_UNDEFINED, /* of type `type` */
    GLC_X_EXTERN,    /* index: into glc_ruleset.external */
    GLC_X_FACT,      /* index: enum glc_fact */
    GLC_X_VAR,       /* index: slot of an enclosing loop or `with` */

    /* kid[0] the offset. Undefined outside the data. */
    GLC_X_READ, /* index: enum glc_read, or GLC_READ_TEXT and more */

    /* Arithmetic on INT or FLOAT kids (a mixed pair has had its INT wrapped in TO_FLOAT). */
    GLC_X_TO_FLOAT,
    GLC_X_NEG,
    GLC_X_ADD,
    GLC_X_SUB,
    GLC_X_MUL,
    GLC_X_DIV,
    GLC_X_MOD,
    GLC_X_BIT_NOT,
    GLC_X_BIT_AND,
    GLC_X_BIT_OR,
    GLC_X_BIT_XOR,
    GLC_X_SHL, /* a shift by 64 and more gives 0, by a negative count undefined */
    GLC_X_SHR, /* arithmetic, as YARA's; by 64 and more 0, by a negative count undefined */

    /* Comparisons of two INT, two FLOAT or two STRING kids; result BOOL. */
    GLC_X_EQ,
    GLC_X_NE,
    GLC_X_LT,
    GLC_X_LE,
    GLC_X_GT,
    GLC_X_GE,

    /* Strings: kid[0] is looked into, kid[1] looked for. MATCHES: kid[1] is REGEX. */
    GLC_X_CONTAINS,
    GLC_X_ICONTAINS,
    GLC_X_STARTS,
    GLC_X_ISTARTS,
    GLC_X_ENDS,
    GLC_X_IENDS,
    GLC_X_IEQUALS,
    GLC_X_MATCHES,

    /* Logic. AND and OR take any number of kids, at least two. TO_BOOL: a number is true where it is not 0, a
     * string where it is not empty. */
    GLC_X_NOT,
    GLC_X_AND,
    GLC_X_OR,
    GLC_X_DEFINED,
    GLC_X_TO_BOOL,

    /* Occurrences. index: the pattern within its rule, or GLC_CURRENT for the innermost FOR_OF's. */
    GLC_X_FOUND,
    GLC_X_FOUND_AT, /* kid[0]: offset */
    GLC_X_FOUND_IN, /* kid[0], kid[1]: first and last start, both included */
    GLC_X_COUNT,
    GLC_X_COUNT_IN, /* kids as FOUND_IN */
    GLC_X_OFFSET,   /* kid[0]: which, 1-based */
    GLC_X_LENGTH,   /* kid[0]: which, 1-based */

    /* Quantified. `quant` says how many; its number or percentage is kid[0] (an INT; absent kinds have an INT
     * 0 there). OF: patterns in `set`, each just found; with kid[1] found at; with kid[1], kid[2] found in.
     * FOR_OF: kid[1] is the body, evaluated once per pattern of `set` with GLC_CURRENT bound.
     * OF_RULES: rules in `set`. OF_EXPRS: kids from 1 on are the BOOL members. */
    GLC_X_OF,
    GLC_X_OF_AT,
    GLC_X_OF_IN,
    GLC_X_OF_RULES,
    GLC_X_OF_EXPRS,
    GLC_X_FOR_OF,
    /* FOR_RANGE: kid[1], kid[2] first and last, kid[3] body, var slot `index`.
     * FOR_LIST: kid[1..n-2] the items, kid[n-1] the body, var slot `index`.
     * FOR_ARRAY: kid[1] the array, kid[2] the body, var slot `index`.
     * FOR_DICT: kid[1] the dictionary, kid[2] the body, key in slot `index`, value in `index` + 1. */
    GLC_X_FOR_RANGE,
    GLC_X_FOR_LIST,
    GLC_X_FOR_ARRAY,
    GLC_X_FOR_DICT,
    GLC_X_WITH, /* kid[0] the value, kid[1] the body, var slot `index` */

    GLC_X_RULE, /* index: an earlier rule of the set */

    /* Modules (rule/module.h). MODULE: index into the registry; MEMBER: kid[0], index of the field; INDEX:
     * kid[0] array, kid[1] INT; LOOKUP: kid[0] dictionary, kid[1] STRING; CALL: index of the function in the
     * registry's flat list, kids the arguments. SIZE: items of kid[0], an array or a dictionary;
     * where that is undefined, 0 or (index: 1) undefined. */
    GLC_X_MODULE,
    GLC_X_MEMBER,
    GLC_X_INDEX,
    GLC_X_LOOKUP,
    GLC_X_CALL,
    GLC_X_SIZE,

    /* ClamAV's counts: kid[0] is a tree of FOUND, AND, OR, CLAM_WHEN, CLAM_ONE and inner CLAM_COUNT. The
     * value of a tree is a sum of occurrences (of a FOUND: how many its pattern has; of AND, OR: of those
     * kids that hold, 0 where the node itself does not hold; of an inner CLAM_COUNT: its tree's sum where it
     * holds, else 0) together with the different patterns that went into it. It holds where the sum compares
     * (`index`: enum glc_compare) with count.x, and at least count.distinct different patterns (0: no such
     * demand) went in. A count of 0 and a < may hold where nothing was found. */
    GLC_X_CLAM_COUNT,
    /* ClamAV's triggers: kid[1] (a FOUND), looked for only where kid[0], a BOOL, holds. Below a CLAM_COUNT it
     * counts as kid[1] does, or 0. */
    GLC_X_CLAM_WHEN,
    /* A BOOL, kid[0], as a member of a CLAM_COUNT: counts 1 where it holds. `index`: a number that no pattern
     * and no other such member of the rule has, for `distinct`. */
    GLC_X_CLAM_ONE,
    GLC_X_OPS
};

#define GLC_CURRENT UINT32_MAX

enum glc_quant {
    GLC_Q_ALL,
    GLC_Q_ANY,
    GLC_Q_NONE,
    /* At least kid[0]. Of a set, 0 means exactly none; a loop takes 0 and less as "at least", unless it is
     * empty (which is false whatever the quantifier). An undefined number stands for all. As yara 4.2.3 was
     * measured. */
    GLC_Q_NUMBER,
    GLC_Q_PERCENT, /* at least kid[0] per cent, rounded up */
};

enum glc_compare { GLC_CMP_EQ, GLC_CMP_GT, GLC_CMP_LT };

/* Facts about the layer that need no module. Undefined where the layer has no such thing. */
enum glc_fact {
    GLC_FACT_SIZE,      /* bytes of the layer */
    GLC_FACT_ENTRY,     /* file offset of the entry point: YARA's `entrypoint` (glc_facts.entrypoint) */
    GLC_FACT_SECTIONS,  /* number of sections */
    GLC_FACT_CLASS,     /* enum glc_class */
    GLC_FACT_CONTAINER, /* enum glc_class of the enclosing layer; undefined at the top */
    GLC_FACT_DEPTH,     /* 0 at the top */
    GLC_FACT_PATH, /* STRING: the formats around the layer, outermost first, each after a '>': ">mail>zip";
                    * empty at the top */
    GLC_FACT_CLAM_ENTRY, /* file offset of the entry point as ClamAV sees it (glc_facts.entry) */
    GLC_FACT_AROUND,     /* how many formats are in GLC_FACT_PATH */
    GLC_FACTS
};

enum glc_read {
    GLC_READ_U8,
    GLC_READ_U16,
    GLC_READ_U32,
    GLC_READ_I8,
    GLC_READ_I16,
    GLC_READ_I32,
    GLC_READ_U8BE,
    GLC_READ_U16BE,
    GLC_READ_U32BE,
    GLC_READ_I8BE,
    GLC_READ_I16BE,
    GLC_READ_I32BE,
    GLC_READ_F32,
    GLC_READ_F64,
    GLC_READ_F32BE,
    GLC_READ_F64BE,
    GLC_READS
};

/* From GLC_READ_TEXT on, the index of GLC_X_READ says how a number in text is read: the number of bytes, a
 * base, and flags. Undefined where it is none. */
enum {
    GLC_READ_TEXT_LEN = 0x1f,
    GLC_READ_TEXT_BASE = 0x60,
    GLC_READ_TEXT_HEX = 0x20,
    GLC_READ_TEXT_AUTO = 0x40,   /* hexadecimal behind 0x, else decimal */
    GLC_READ_TEXT_LITTLE = 0x80, /* pairs of digits, the lowest first */
    GLC_READ_TEXT_EXACT = 0x100, /* every byte belongs to it */
    GLC_READ_TEXT = 0x200,
    GLC_READS_ALL = 0x400,
};

/* A regular expression as a value. Matched against a string anywhere in it, as YARA's `matches`. */
struct glc_regex {
    struct glc_re *re;
    const char *source; /* as written, for dumps */
};

struct glc_expr {
    enum glc_expr_op op;
    enum glc_type type;
    struct glc_expr **kid;
    uint32_t kids;
    uint32_t index;
    union {
        int64_t integer;
        double real;
        struct glc_span text; /* owned by the arena */
        struct glc_regex regex;
        struct {
            enum glc_quant quant;
            uint32_t *set; /* patterns of the rule, or rules; sorted, without repeats */
            uint32_t n;
        } of;
        struct {
            uint32_t x, y;     /* y: unused */
            uint32_t distinct; /* at least this many different subsignatures, 0: no such demand */
        } count;
    } u;
    uint32_t line, column; /* where it stands in the source; for explain */
};

/* A node with room for `kids` children (NULL until set); NULL when the arena is exhausted. */
struct glc_expr *glc_expr_new(struct glc_arena *a, enum glc_expr_op op, enum glc_type type, uint32_t kids);
struct glc_expr *glc_expr_int(struct glc_arena *a, int64_t v);
struct glc_expr *glc_expr_bool(struct glc_arena *a, bool v);

/* kid: at least 1 (1 gives it back). Flattens nested ANDs/ORs. NULL kids give NULL. */
struct glc_expr *glc_expr_join(struct glc_arena *a, enum glc_expr_op and_or, struct glc_expr *const *kid,
                               uint32_t n);

/* "and", "found-at", …; static. */
const char *glc_expr_op_name(enum glc_expr_op op);
const char *glc_read_name(uint32_t read); /* of enum glc_read, as rules write it; "number": in text */
const char *glc_type_name(enum glc_type t);

#endif
