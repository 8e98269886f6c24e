/* Operators: types checked, integers widened to floats where they meet one, constants folded.
 *
 * Semantics: integers are 64 bits and wrap at run time; in constants an overflow is an error, as is a
 * division by zero. YARA-X makes a float of a sum that overflows, and leaves the division undefined; what
 * other operators make of constants is no constant to it. */
#include "lang/yara/parser.h"

enum wants { NUMBERS, INTEGERS, ORDERED, STRINGS, REGEX };

struct operator
{
    enum glc_yara_kind kind;
    enum glc_expr_op op;
    enum wants wants;
};

static const struct operator operators[] = {
    { GLC_YT_PLUS, GLC_X_ADD, NUMBERS },
    { GLC_YT_MINUS, GLC_X_SUB, NUMBERS },
    { GLC_YT_STAR, GLC_X_MUL, NUMBERS },
    { GLC_YT_DIV, GLC_X_DIV, NUMBERS },
    { GLC_YT_PERCENT, GLC_X_MOD, INTEGERS },
    { GLC_YT_AMP, GLC_X_BIT_AND, INTEGERS },
    { GLC_YT_PIPE, GLC_X_BIT_OR, INTEGERS },
    { GLC_YT_CARET, GLC_X_BIT_XOR, INTEGERS },
    { GLC_YT_SHL, GLC_X_SHL, INTEGERS },
    { GLC_YT_SHR, GLC_X_SHR, INTEGERS },
    { GLC_YT_EQ, GLC_X_EQ, ORDERED },
    { GLC_YT_NE, GLC_X_NE, ORDERED },
    { GLC_YT_LT, GLC_X_LT, ORDERED },
    { GLC_YT_LE, GLC_X_LE, ORDERED },
    { GLC_YT_GT, GLC_X_GT, ORDERED },
    { GLC_YT_GE, GLC_X_GE, ORDERED },
    { GLC_YT_CONTAINS, GLC_X_CONTAINS, STRINGS },
    { GLC_YT_ICONTAINS, GLC_X_ICONTAINS, STRINGS },
    { GLC_YT_STARTSWITH, GLC_X_STARTS, STRINGS },
    { GLC_YT_ISTARTSWITH, GLC_X_ISTARTS, STRINGS },
    { GLC_YT_ENDSWITH, GLC_X_ENDS, STRINGS },
    { GLC_YT_IENDSWITH, GLC_X_IENDS, STRINGS },
    { GLC_YT_IEQUALS, GLC_X_IEQUALS, STRINGS },
    { GLC_YT_MATCHES, GLC_X_MATCHES, REGEX },
};

/* Booleans of modules and externals are integers to YARA. */
static void as_integer(struct glc_expr *x)
{
    if (x->type == GLC_T_BOOL && (x->op == GLC_X_EXTERN || x->op == GLC_X_MEMBER || x->op == GLC_X_CALL ||
                                  x->op == GLC_X_INDEX || x->op == GLC_X_LOOKUP || x->op == GLC_X_VAR))
        x->type = GLC_T_INT;
}

struct glc_expr *glc_yara_number(struct glc_yara_parser *p, const struct glc_yara_tok *at, struct glc_expr *x)
{
    if (x == NULL || x->type != GLC_T_BOOL || glc_yara_is_x(p))
        return x;
    as_integer(x);
    if (x->type != GLC_T_INT)
        return x;
    struct glc_expr *sum = glc_yara_node(p, at, GLC_X_ADD, GLC_T_INT, 2), *zero = glc_expr_int(p->a, 0);
    if (sum == NULL || zero == NULL)
        return glc_yara_nomem(p);
    sum->kid[0] = x;
    sum->kid[1] = zero;
    return sum;
}

static bool is_number(const struct glc_expr *x)
{
    return x->type == GLC_T_INT || x->type == GLC_T_FLOAT;
}

static struct glc_expr *to_float(struct glc_yara_parser *p, const struct glc_yara_tok *at, struct glc_expr *x)
{
    if (x->type == GLC_T_FLOAT)
        return x;
    struct glc_expr *f = glc_yara_node(p, at, x->op == GLC_X_INT ? GLC_X_FLOAT : GLC_X_TO_FLOAT, GLC_T_FLOAT,
                                       x->op == GLC_X_INT ? 0 : 1);
    if (f == NULL)
        return NULL;
    if (f->op == GLC_X_FLOAT)
        f->u.real = (double)x->u.integer;
    else
        f->kid[0] = x;
    return f;
}

/* a op b of two constants; false: told, or not to be folded (*folded says which). */
static bool fold(struct glc_yara_parser *p, const struct glc_yara_tok *at, enum glc_expr_op op, int64_t a,
                 int64_t b, int64_t *out)
{
    bool overflow = false;
    switch ((unsigned)op) {
    case GLC_X_ADD:
        overflow = __builtin_add_overflow(a, b, out);
        break;
    case GLC_X_SUB:
        overflow = __builtin_sub_overflow(a, b, out);
        break;
    case GLC_X_MUL:
        overflow = __builtin_mul_overflow(a, b, out);
        break;
    case GLC_X_DIV:
    case GLC_X_MOD:
        if (b == 0 || (a == INT64_MIN && b == -1))
            return false;
        *out = op == GLC_X_DIV ? a / b : a % b;
        break;
    case GLC_X_BIT_AND:
        *out = a & b;
        break;
    case GLC_X_BIT_OR:
        *out = a | b;
        break;
    case GLC_X_BIT_XOR:
        *out = a ^ b;
        break;
    case GLC_X_SHL:
        *out = b > 63 ? 0 : (int64_t)((uint64_t)a << b);
        break;
    case GLC_X_SHR:
        *out = b > 63 ? 0 : a >> b;
        break;
    default:
        return false;
    }
    if (overflow && !(glc_yara_is_x(p) && op != GLC_X_MUL))
        glc_yara_say(p, GLC_ERROR, at, "integers reach from -2^63 to 2^63 - 1", "this constant overflows");
    return !overflow;
}

static void check_constant_right(struct glc_yara_parser *p, const struct glc_yara_tok *at,
                                 enum glc_expr_op op, const struct glc_expr *r)
{
    if (r->op != GLC_X_INT)
        return;
    if ((op == GLC_X_DIV || op == GLC_X_MOD) && r->u.integer == 0 && !glc_yara_is_x(p))
        glc_yara_say(p, GLC_ERROR, at, NULL, "division by zero");
    if ((op == GLC_X_SHL || op == GLC_X_SHR) && r->u.integer < 0)
        glc_yara_say(p, GLC_ERROR, at, NULL, "a shift by a negative number");
}

static struct glc_expr *mismatch(struct glc_yara_parser *p, const struct glc_yara_tok *at,
                                 const struct operator* o, const struct glc_expr *l, const struct glc_expr *r)
{
    static const char *const what[] = {
        [NUMBERS] = "two numbers",
        [INTEGERS] = "two integers",
        [ORDERED] = "two numbers or two strings",
        [STRINGS] = "two strings",
        [REGEX] = "a string and a regular expression",
    };
    const char *hint = NULL;
    if (o->wants == STRINGS && r->type == GLC_T_REGEX)
        hint = "'matches' takes a regular expression";
    else if (o->wants == REGEX && r->type == GLC_T_STRING)
        hint = "write it between slashes: /.../";
    else if (l->type == GLC_T_BOOL || r->type == GLC_T_BOOL)
        hint = "a condition's truth is no number; combine conditions with and, or, not";
    struct glc_yara_quote q = glc_yara_quote(at->text);
    glc_yara_say(p, GLC_ERROR, at, hint, "'%s' wants %s, not %s and %s", q.text, what[o->wants],
                 glc_yara_a_type(l->type), glc_yara_a_type(r->type));
    return NULL;
}

/* YARA takes floats that differ by less than an epsilon for equal; YARA-X does not. Exactly a == b is (a <=
 * b) > (a < b), which hands on what is undefined and is false where one is not a number. */
static struct glc_expr *exactly(struct glc_yara_parser *p, const struct glc_yara_tok *at, enum glc_expr_op op,
                                struct glc_expr *l, struct glc_expr *r)
{
    struct glc_expr *le = glc_yara_node(p, at, GLC_X_LE, GLC_T_BOOL, 2);
    struct glc_expr *lt = glc_yara_node(p, at, GLC_X_LT, GLC_T_BOOL, 2);
    struct glc_expr *x = glc_yara_node(p, at, op == GLC_X_EQ ? GLC_X_GT : GLC_X_LE, GLC_T_BOOL, 2);
    if (le == NULL || lt == NULL || x == NULL)
        return NULL;
    le->kid[0] = lt->kid[0] = l;
    le->kid[1] = lt->kid[1] = r;
    x->kid[0] = le;
    x->kid[1] = lt;
    return x;
}

/* YARA-X compares the truth of a rule and of what binds as tight as == with a number, as if it were 0 or 1.
 */
static bool truth_and_number(const struct glc_expr *l, const struct glc_expr *r)
{
    const struct glc_expr *truth = l->type == GLC_T_BOOL ? l : r;
    bool kind = truth->op == GLC_X_RULE || truth->op == GLC_X_EQ || truth->op == GLC_X_NE ||
                (truth->op >= GLC_X_CONTAINS && truth->op <= GLC_X_MATCHES);
    return kind && ((l->type == GLC_T_BOOL && r->type == GLC_T_INT) ||
                    (l->type == GLC_T_INT && r->type == GLC_T_BOOL));
}

/* YARA-X compares truths: a == b is (a and b) or (not a and not b). */
static struct glc_expr *equal_truth(struct glc_yara_parser *p, const struct glc_yara_tok *at,
                                    enum glc_expr_op op, struct glc_expr *l, struct glc_expr *r)
{
    struct glc_expr *not_l = glc_yara_node(p, at, GLC_X_NOT, GLC_T_BOOL, 1);
    struct glc_expr *not_r = glc_yara_node(p, at, GLC_X_NOT, GLC_T_BOOL, 1);
    if (not_l == NULL || not_r == NULL)
        return NULL;
    not_l->kid[0] = l;
    not_r->kid[0] = r;
    struct glc_expr *same[] = { l, op == GLC_X_EQ ? r : not_r },
                    *other[] = { not_l, op == GLC_X_EQ ? not_r : r };
    struct glc_expr *both[] = { glc_expr_join(p->a, GLC_X_AND, same, 2),
                                glc_expr_join(p->a, GLC_X_AND, other, 2) };
    struct glc_expr *x = glc_expr_join(p->a, GLC_X_OR, both, 2);
    return x != NULL ? x : glc_yara_nomem(p);
}

static struct glc_expr *make(struct glc_yara_parser *p, const struct glc_yara_tok *at,
                             const struct operator* o, struct glc_expr *l, struct glc_expr *r)
{
    bool numbers = is_number(l) && is_number(r);
    bool strings = l->type == GLC_T_STRING && r->type == GLC_T_STRING;
    bool integers = l->type == GLC_T_INT && r->type == GLC_T_INT;
    bool good = o->wants == NUMBERS    ? numbers
                : o->wants == INTEGERS ? integers
                : o->wants == ORDERED  ? numbers || strings
                : o->wants == STRINGS  ? strings
                                       : l->type == GLC_T_STRING && r->type == GLC_T_REGEX;
    bool equality = o->op == GLC_X_EQ || o->op == GLC_X_NE;
    if (!good && glc_yara_is_x(p) && l->type == GLC_T_BOOL && r->type == GLC_T_BOOL && equality)
        return equal_truth(p, at, o->op, l, r);
    if (!good && !(glc_yara_is_x(p) && equality && truth_and_number(l, r)))
        return mismatch(p, at, o, l, r);
    if (numbers && !integers) {
        l = to_float(p, at, l);
        r = to_float(p, at, r);
    } else if (integers) {
        check_constant_right(p, at, o->op, r);
    }
    if (l == NULL || r == NULL || p->failed)
        return NULL;
    if (equality && l->type == GLC_T_FLOAT && glc_yara_is_x(p))
        return exactly(p, at, o->op, l, r);
    int64_t v;
    bool folds = !glc_yara_is_x(p) || o->op == GLC_X_ADD || o->op == GLC_X_SUB || o->op == GLC_X_MUL;
    if (l->op == GLC_X_INT && r->op == GLC_X_INT && o->wants <= INTEGERS && folds) {
        if (fold(p, at, o->op, l->u.integer, r->u.integer, &v))
            return glc_expr_int(p->a, v);
        if (p->failed)
            return NULL;
        if (o->op == GLC_X_ADD || o->op == GLC_X_SUB) {
            l = to_float(p, at, l);
            r = to_float(p, at, r);
        }
    }
    if (l == NULL || r == NULL)
        return NULL;
    /* To YARA a < b of floats is false where one is undefined, to YARA-X undefined, as b > a is to both. */
    bool swap = o->op == GLC_X_LT && l->type == GLC_T_FLOAT && glc_yara_is_x(p);
    struct glc_expr *x =
        glc_yara_node(p, at, swap ? GLC_X_GT : o->op, o->wants <= INTEGERS ? l->type : GLC_T_BOOL, 2);
    if (x == NULL)
        return NULL;
    x->kid[0] = swap ? r : l;
    x->kid[1] = swap ? l : r;
    return x;
}

struct glc_yara_value glc_yara_binary(struct glc_yara_parser *p, const struct glc_yara_tok *op,
                                      struct glc_yara_value l, struct glc_yara_value r)
{
    if (p->failed || l.x == NULL || r.x == NULL)
        return glc_yara_value(NULL);
    if (!glc_yara_is_x(p) || op->kind == GLC_YT_EQ || op->kind == GLC_YT_NE) {
        as_integer(l.x);
        as_integer(r.x);
    }
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++)
        if (operators[i].kind == op->kind)
            return glc_yara_value(make(p, op, &operators[i], l.x, r.x));
    return glc_yara_value(NULL);
}

struct glc_yara_value glc_yara_unary(struct glc_yara_parser *p, const struct glc_yara_tok *op,
                                     struct glc_yara_value v)
{
    if (p->failed || v.x == NULL)
        return glc_yara_value(NULL);
    struct glc_expr *x = glc_yara_number(p, op, v.x);
    if (x == NULL)
        return glc_yara_value(NULL);
    bool minus = op->kind == GLC_YT_MINUS;
    if (x->type != GLC_T_INT && !(minus && x->type == GLC_T_FLOAT)) {
        glc_yara_say(p, GLC_ERROR, op, NULL, "'%s' wants %s, not %s", minus ? "-" : "~",
                     minus ? "a number" : "an integer", glc_yara_a_type(x->type));
        return glc_yara_value(NULL);
    }
    if (x->op == GLC_X_INT && (minus || !glc_yara_is_x(p)))
        return glc_yara_value(glc_expr_int(p->a, minus ? (int64_t) - (uint64_t)x->u.integer : ~x->u.integer));
    struct glc_expr *y = glc_yara_node(p, op,
                                       x->op == GLC_X_FLOAT ? GLC_X_FLOAT
                                       : minus              ? GLC_X_NEG
                                                            : GLC_X_BIT_NOT,
                                       x->type, x->op == GLC_X_FLOAT ? 0 : 1);
    if (y == NULL)
        return glc_yara_value(NULL);
    if (x->op == GLC_X_FLOAT)
        y->u.real = -x->u.real;
    else
        y->kid[0] = x;
    return glc_yara_value(y);
}
