#include "rule/expr.h"

struct glc_expr *glc_expr_new(struct glc_arena *a, enum glc_expr_op op, enum glc_type type, uint32_t kids)
{
    struct glc_expr *x = glc_arena_alloc(a, sizeof *x);
    if (x == NULL)
        return NULL;
    x->op = op;
    x->type = type;
    x->kids = kids;
    if (kids != 0 && (x->kid = glc_arena_array(a, kids, sizeof(struct glc_expr *))) == NULL)
        return NULL;
    return x;
}

struct glc_expr *glc_expr_int(struct glc_arena *a, int64_t v)
{
    struct glc_expr *x = glc_expr_new(a, GLC_X_INT, GLC_T_INT, 0);
    if (x != NULL)
        x->u.integer = v;
    return x;
}

struct glc_expr *glc_expr_bool(struct glc_arena *a, bool v)
{
    struct glc_expr *x = glc_expr_new(a, GLC_X_BOOL, GLC_T_BOOL, 0);
    if (x != NULL)
        x->u.integer = v;
    return x;
}

struct glc_expr *glc_expr_join(struct glc_arena *a, enum glc_expr_op and_or, struct glc_expr *const *kid,
                               uint32_t n)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (kid[i] == NULL)
            return NULL;
        total += kid[i]->op == and_or ? kid[i]->kids : 1;
    }
    if (n == 1)
        return kid[0];
    struct glc_expr *x = glc_expr_new(a, and_or, GLC_T_BOOL, total);
    if (x == NULL)
        return NULL;
    uint32_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (kid[i]->op == and_or) {
            memcpy(x->kid + at, kid[i]->kid, kid[i]->kids * sizeof(struct glc_expr *));
            at += kid[i]->kids;
        } else {
            x->kid[at++] = kid[i];
        }
    }
    x->line = kid[0]->line;
    x->column = kid[0]->column;
    return x;
}

const char *glc_expr_op_name(enum glc_expr_op op)
{
    static const char *const names[GLC_X_OPS] = {
        [GLC_X_BOOL] = "bool",
        [GLC_X_INT] = "int",
        [GLC_X_FLOAT] = "float",
        [GLC_X_STRING] = "string",
        [GLC_X_REGEX] = "regex",
        [GLC_X_UNDEFINED] = "undefined",
        [GLC_X_EXTERN] = "extern",
        [GLC_X_FACT] = "fact",
        [GLC_X_VAR] = "var",
        [GLC_X_READ] = "read",
        [GLC_X_TO_FLOAT] = "to-float",
        [GLC_X_NEG] = "neg",
        [GLC_X_ADD] = "add",
        [GLC_X_SUB] = "sub",
        [GLC_X_MUL] = "mul",
        [GLC_X_DIV] = "div",
        [GLC_X_MOD] = "mod",
        [GLC_X_BIT_NOT] = "bit-not",
        [GLC_X_BIT_AND] = "bit-and",
        [GLC_X_BIT_OR] = "bit-or",
        [GLC_X_BIT_XOR] = "bit-xor",
        [GLC_X_SHL] = "shl",
        [GLC_X_SHR] = "shr",
        [GLC_X_EQ] = "eq",
        [GLC_X_NE] = "ne",
        [GLC_X_LT] = "lt",
        [GLC_X_LE] = "le",
        [GLC_X_GT] = "gt",
        [GLC_X_GE] = "ge",
        [GLC_X_CONTAINS] = "contains",
        [GLC_X_ICONTAINS] = "icontains",
        [GLC_X_STARTS] = "startswith",
        [GLC_X_ISTARTS] = "istartswith",
        [GLC_X_ENDS] = "endswith",
        [GLC_X_IENDS] = "iendswith",
        [GLC_X_IEQUALS] = "iequals",
        [GLC_X_MATCHES] = "matches",
        [GLC_X_NOT] = "not",
        [GLC_X_AND] = "and",
        [GLC_X_OR] = "or",
        [GLC_X_DEFINED] = "defined",
        [GLC_X_TO_BOOL] = "to-bool",
        [GLC_X_FOUND] = "found",
        [GLC_X_FOUND_AT] = "found-at",
        [GLC_X_FOUND_IN] = "found-in",
        [GLC_X_COUNT] = "count",
        [GLC_X_COUNT_IN] = "count-in",
        [GLC_X_OFFSET] = "offset",
        [GLC_X_LENGTH] = "length",
        [GLC_X_OF] = "of",
        [GLC_X_OF_AT] = "of-at",
        [GLC_X_OF_IN] = "of-in",
        [GLC_X_OF_RULES] = "of-rules",
        [GLC_X_OF_EXPRS] = "of-exprs",
        [GLC_X_FOR_OF] = "for-of",
        [GLC_X_FOR_RANGE] = "for-range",
        [GLC_X_FOR_LIST] = "for-list",
        [GLC_X_FOR_ARRAY] = "for-array",
        [GLC_X_FOR_DICT] = "for-dict",
        [GLC_X_WITH] = "with",
        [GLC_X_RULE] = "rule",
        [GLC_X_MODULE] = "module",
        [GLC_X_MEMBER] = "member",
        [GLC_X_INDEX] = "index",
        [GLC_X_LOOKUP] = "lookup",
        [GLC_X_CALL] = "call",
        [GLC_X_SIZE] = "size",
        [GLC_X_CLAM_COUNT] = "clam-count",
        [GLC_X_CLAM_WHEN] = "clam-when",
        [GLC_X_CLAM_ONE] = "clam-one",
    };
    return (unsigned)op < GLC_X_OPS ? names[op] : "?";
}

const char *glc_type_name(enum glc_type t)
{
    static const char *const names[] = { "boolean", "integer",   "float", "string",
                                         "regexp",  "structure", "array", "dictionary" };
    return (unsigned)t < sizeof names / sizeof names[0] ? names[t] : "?";
}

const char *glc_read_name(uint32_t read)
{
    static const char *const names[GLC_READS] = {
        "uint8",    "uint16", "uint32",  "int8",    "int16",   "int32",   "uint8be",   "uint16be",
        "uint32be", "int8be", "int16be", "int32be", "float32", "float64", "float32be", "float64be",
    };
    return read < GLC_READS ? names[read] : "number"; /* in text: ClamAV's */
}
