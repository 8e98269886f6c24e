/* Expressions, by precedence (the manual's table): unary - ~ · * \ % · + - · << >> · & · ^ · | · < <= > >= ·
 * == != contains … matches · not defined · and · or. What stands in `at`, ranges and brackets binds as | or
 * tighter. */
#include "lang/yara/parser.h"

enum level { EQUALITY = 1, RELATION, BIT_OR, BIT_XOR, BIT_AND, SHIFT, SUM, PRODUCT, UNARY };

struct glc_yara_value glc_yara_value(struct glc_expr *x)
{
    return (struct glc_yara_value){ .x = x, .module = UINT32_MAX, .path = "" };
}

struct glc_expr *glc_yara_node(struct glc_yara_parser *p, const struct glc_yara_tok *at, enum glc_expr_op op,
                               enum glc_type type, uint32_t kids)
{
    struct glc_expr *x = glc_expr_new(p->a, op, type, kids);
    if (x == NULL)
        return glc_yara_nomem(p);
    x->line = at->line;
    x->column = at->at - at->line_at < UINT32_MAX ? (uint32_t)(at->at - at->line_at) + 1 : UINT32_MAX;
    return x;
}

bool glc_yara_deeper(struct glc_yara_parser *p)
{
    if (p->depth++ < GLC_YARA_DEPTH)
        return true;
    glc_yara_say(p, GLC_ERROR, &p->src->tok, NULL, "too much nesting: at most %d levels", GLC_YARA_DEPTH);
    return false;
}

struct glc_expr *glc_yara_to_bool(struct glc_yara_parser *p, struct glc_yara_value v,
                                  const struct glc_yara_tok *at)
{
    if (p->failed || v.x == NULL || v.x->type == GLC_T_BOOL)
        return p->failed ? NULL : v.x;
    if (v.x->type != GLC_T_INT && v.x->type != GLC_T_FLOAT && v.x->type != GLC_T_STRING &&
        v.x->type != GLC_T_REGEX) {
        glc_yara_say(p, GLC_ERROR, at, "name one of its parts", "%s is neither true nor false",
                     glc_yara_a_type(v.x->type));
        return NULL;
    }
    if (v.x->op == GLC_X_STRING)
        glc_yara_say(p, GLC_WARNING, at, "to look for it in the file, define it in 'strings:'",
                     "a literal string as a condition: it is %s", v.x->u.text.len != 0 ? "true" : "false");
    if (v.x->type == GLC_T_REGEX) {
        glc_yara_say(p, GLC_WARNING, at, "to look for it in the file, define it in 'strings:'",
                     "a regular expression as a condition: it is true");
        return glc_expr_bool(p->a, true);
    }
    struct glc_expr *x = glc_yara_node(p, at, GLC_X_TO_BOOL, GLC_T_BOOL, 1);
    if (x != NULL)
        x->kid[0] = v.x;
    return x;
}

static struct glc_yara_value binary(struct glc_yara_parser *p, enum level level);

struct glc_yara_value glc_yara_primary(struct glc_yara_parser *p)
{
    return binary(p, BIT_OR);
}

struct glc_expr *glc_yara_int(struct glc_yara_parser *p, const char *what)
{
    struct glc_yara_tok at = p->src->tok;
    struct glc_yara_value v = glc_yara_primary(p);
    v.x = glc_yara_number(p, &at, v.x);
    if (v.x == NULL)
        return NULL;
    if (v.x->type != GLC_T_INT) {
        at.end = p->src->last_end;
        glc_yara_say(p, GLC_ERROR, &at, NULL, "%s is an integer, not %s", what, glc_yara_a_type(v.x->type));
        return NULL;
    }
    return v.x;
}

struct glc_expr *glc_yara_place(struct glc_yara_parser *p, const char *what)
{
    struct glc_yara_tok at = p->src->tok;
    struct glc_expr *x = glc_yara_int(p, what);
    if (x != NULL && x->op == GLC_X_INT && x->u.integer < 0 && glc_yara_is_x(p)) {
        at.end = p->src->last_end;
        glc_yara_say(p, GLC_ERROR, &at, NULL, "%s is not negative", what);
        return NULL;
    }
    return x;
}

bool glc_yara_range(struct glc_yara_parser *p, struct glc_expr **first, struct glc_expr **last)
{
    struct glc_yara_tok at = p->src->tok;
    if (!glc_yara_expect(p, GLC_YT_LPAREN, "before a range") ||
        (*first = glc_yara_place(p, "a range's start")) == NULL ||
        !glc_yara_expect(p, GLC_YT_DOTS, "between a range's ends") ||
        (*last = glc_yara_place(p, "a range's end")) == NULL ||
        !glc_yara_expect(p, GLC_YT_RPAREN, "behind a range"))
        return false;
    at.end = p->src->last_end;
    if ((*first)->op == GLC_X_INT && (*last)->op == GLC_X_INT && (*first)->u.integer > (*last)->u.integer)
        glc_yara_say(p, glc_yara_is_x(p) ? GLC_ERROR : GLC_WARNING, &at, "the lower end comes first",
                     "the range is empty: its start lies behind its end");
    return !p->failed;
}

/* $a, $a at x, $a in (x..y) */
static struct glc_yara_value found(struct glc_yara_parser *p)
{
    struct glc_yara_tok id = p->src->tok;
    uint32_t index;
    if (!glc_yara_pattern(p, &id, &index))
        return glc_yara_value(NULL);
    glc_yara_advance(p);
    struct glc_expr *x, *first, *last;
    if (glc_yara_accept(p, GLC_YT_AT)) {
        first = glc_yara_place(p, "the offset behind 'at'");
        /* At no place at all a string is not found; to YARA-X that is undefined, as in a range. */
        bool ranged = first != NULL && first->op != GLC_X_INT && glc_yara_is_x(p);
        x = first == NULL
                ? NULL
                : glc_yara_node(p, &id, ranged ? GLC_X_FOUND_IN : GLC_X_FOUND_AT, GLC_T_BOOL, ranged ? 2 : 1);
        for (uint32_t i = 0; x != NULL && i < x->kids; i++)
            x->kid[i] = first;
        if (x != NULL && first->op == GLC_X_INT && first->u.integer < 0)
            glc_yara_say(p, GLC_WARNING, &id, NULL, "always false: offsets are not negative");
    } else if (glc_yara_accept(p, GLC_YT_IN)) {
        if (!glc_yara_range(p, &first, &last))
            return glc_yara_value(NULL);
        x = glc_yara_node(p, &id, GLC_X_FOUND_IN, GLC_T_BOOL, 2);
        if (x != NULL) {
            x->kid[0] = first;
            x->kid[1] = last;
        }
    } else {
        x = glc_yara_node(p, &id, GLC_X_FOUND, GLC_T_BOOL, 0);
    }
    if (x != NULL)
        x->index = index;
    return glc_yara_value(x);
}

/* #a, #a in (x..y) */
static struct glc_yara_value count(struct glc_yara_parser *p)
{
    struct glc_yara_tok id = p->src->tok;
    uint32_t index;
    if (!glc_yara_pattern(p, &id, &index))
        return glc_yara_value(NULL);
    glc_yara_advance(p);
    struct glc_expr *first = NULL, *last = NULL;
    bool ranged = glc_yara_accept(p, GLC_YT_IN);
    if (ranged && !glc_yara_range(p, &first, &last))
        return glc_yara_value(NULL);
    struct glc_expr *x =
        glc_yara_node(p, &id, ranged ? GLC_X_COUNT_IN : GLC_X_COUNT, GLC_T_INT, ranged ? 2 : 0);
    if (x == NULL)
        return glc_yara_value(NULL);
    x->index = index;
    if (ranged) {
        x->kid[0] = first;
        x->kid[1] = last;
    }
    return glc_yara_value(x);
}

/* @a, @a[i], !a, !a[i] */
static struct glc_yara_value nth(struct glc_yara_parser *p)
{
    struct glc_yara_tok id = p->src->tok;
    uint32_t index;
    if (!glc_yara_pattern(p, &id, &index))
        return glc_yara_value(NULL);
    glc_yara_advance(p);
    struct glc_expr *which;
    if (glc_yara_accept(p, GLC_YT_LBRACKET)) {
        struct glc_yara_tok at = p->src->tok;
        which = glc_yara_int(p, "an index");
        if (which != NULL && which->op == GLC_X_INT && which->u.integer < 1)
            glc_yara_say(p, glc_yara_is_x(p) ? GLC_ERROR : GLC_WARNING, &at,
                         "the first occurrence has index 1", "always undefined: indexes count from 1");
        if (which == NULL || !glc_yara_expect(p, GLC_YT_RBRACKET, "behind an index"))
            return glc_yara_value(NULL);
    } else {
        which = glc_expr_int(p->a, 1);
    }
    struct glc_expr *x =
        glc_yara_node(p, &id, id.kind == GLC_YT_OFFSET ? GLC_X_OFFSET : GLC_X_LENGTH, GLC_T_INT, 1);
    if (x != NULL) {
        x->index = index;
        x->kid[0] = which;
    }
    return glc_yara_value(x);
}

/* uint8(x) and its kin */
static struct glc_yara_value reader(struct glc_yara_parser *p)
{
    struct glc_yara_tok at = p->src->tok;
    bool real = at.u.integer >= GLC_READ_F32;
    glc_yara_advance(p);
    if (!glc_yara_expect(p, GLC_YT_LPAREN, "before the offset"))
        return glc_yara_value(NULL);
    struct glc_expr *offset = glc_yara_int(p, "the offset to read at");
    if (offset == NULL || !glc_yara_expect(p, GLC_YT_RPAREN, "behind the offset"))
        return glc_yara_value(NULL);
    struct glc_expr *x = glc_yara_node(p, &at, GLC_X_READ, real ? GLC_T_FLOAT : GLC_T_INT, 1);
    if (x != NULL) {
        x->index = (uint32_t)at.u.integer;
        x->kid[0] = offset;
    }
    return glc_yara_value(x);
}

/* What `matches` looks for. YARA begins at every byte, but not behind the last one: "ab" does not match
 * /c*$/, and "" matches nothing at all. */
static struct glc_re *matched(struct glc_yara_parser *p, const struct glc_yara_tok *t)
{
    bool greedy;
    uint64_t min = 1, max = 0;
    struct glc_re *kid[2] = { NULL, glc_yara_regex(p, t, false, &greedy) };
    if (kid[1] != NULL)
        glc_re_length(kid[1], &min, &max);
    if (min != 0 || glc_yara_is_x(p))
        return kid[1];
    kid[0] = glc_re_assert(p->a, GLC_AT_BYTE);
    return kid[0] == NULL ? glc_yara_nomem(p) : glc_re_cat(p->a, kid, 2);
}

static struct glc_yara_value constant(struct glc_yara_parser *p)
{
    struct glc_yara_tok t = p->src->tok;
    struct glc_expr *x = NULL;
    switch ((unsigned)t.kind) {
    case GLC_YT_TRUE:
    case GLC_YT_FALSE:
        if ((x = glc_yara_node(p, &t, GLC_X_BOOL, GLC_T_BOOL, 0)) != NULL)
            x->u.integer = t.kind == GLC_YT_TRUE;
        break;
    case GLC_YT_INT:
        if ((x = glc_yara_node(p, &t, GLC_X_INT, GLC_T_INT, 0)) != NULL)
            x->u.integer = t.u.integer;
        break;
    case GLC_YT_FLOAT:
        if ((x = glc_yara_node(p, &t, GLC_X_FLOAT, GLC_T_FLOAT, 0)) != NULL)
            x->u.real = t.u.real;
        break;
    case GLC_YT_STRING:
        if ((x = glc_yara_node(p, &t, GLC_X_STRING, GLC_T_STRING, 0)) != NULL &&
            (x->u.text = glc_yara_text(p, &t)).ptr == NULL)
            x = NULL;
        break;
    default:
        if ((x = glc_yara_node(p, &t, GLC_X_REGEX, GLC_T_REGEX, 0)) != NULL) {
            x->u.regex.re = matched(p, &t);
            struct glc_span whole = glc_span_sub(p->src->lex.text, t.at, t.end - t.at);
            if (x->u.regex.re == NULL || (x->u.regex.source = glc_arena_strdup(p->a, whole)) == NULL)
                x = NULL;
        }
    }
    if (x == NULL && !p->failed)
        return glc_yara_value(glc_yara_nomem(p));
    glc_yara_advance(p);
    return glc_yara_value(x);
}

static struct glc_yara_value fact(struct glc_yara_parser *p)
{
    struct glc_yara_tok t = p->src->tok;
    if (t.kind == GLC_YT_ENTRYPOINT)
        glc_yara_say(p, glc_yara_is_x(p) ? GLC_ERROR : GLC_WARNING, &t,
                     "use pe.entry_point or elf.entry_point", "'entrypoint' is deprecated");
    struct glc_expr *x = glc_yara_node(p, &t, GLC_X_FACT, GLC_T_INT, 0);
    if (x != NULL)
        x->index = t.kind == GLC_YT_FILESIZE ? GLC_FACT_SIZE : GLC_FACT_ENTRY;
    glc_yara_advance(p);
    return glc_yara_value(x);
}

static struct glc_yara_value quantified(struct glc_yara_parser *p)
{
    struct glc_yara_tok t = p->src->tok;
    glc_yara_advance(p);
    struct glc_yara_quant q = { .quant = t.kind == GLC_YT_ALL   ? GLC_Q_ALL
                                         : t.kind == GLC_YT_ANY ? GLC_Q_ANY
                                                                : GLC_Q_NONE,
                                .number = glc_expr_int(p->a, 0),
                                .at = t };
    if (p->src->tok.kind != GLC_YT_OF) {
        glc_yara_expected(p, "'of' behind a quantifier", NULL);
        return glc_yara_value(NULL);
    }
    return glc_yara_of(p, q);
}

static struct glc_yara_value parenthesized(struct glc_yara_parser *p)
{
    glc_yara_advance(p);
    struct glc_yara_value v = glc_yara_expr(p);
    if (v.x == NULL || !glc_yara_expect(p, GLC_YT_RPAREN, NULL))
        return glc_yara_value(NULL);
    return v;
}

static struct glc_yara_value operand(struct glc_yara_parser *p)
{
    switch ((unsigned)p->src->tok.kind) {
    case GLC_YT_LPAREN:
        return parenthesized(p);
    case GLC_YT_TRUE:
    case GLC_YT_FALSE:
    case GLC_YT_INT:
    case GLC_YT_FLOAT:
    case GLC_YT_STRING:
    case GLC_YT_REGEX:
        return constant(p);
    case GLC_YT_ID:
        return found(p);
    case GLC_YT_COUNT:
        return count(p);
    case GLC_YT_OFFSET:
    case GLC_YT_LENGTH:
        return nth(p);
    case GLC_YT_READ:
        return reader(p);
    case GLC_YT_FILESIZE:
    case GLC_YT_ENTRYPOINT:
        return fact(p);
    case GLC_YT_ALL:
    case GLC_YT_ANY:
    case GLC_YT_NONE:
        return quantified(p);
    case GLC_YT_FOR:
        return glc_yara_for(p);
    case GLC_YT_WITH:
        return glc_yara_with(p);
    case GLC_YT_IDENT:
        return glc_yara_identifier(p);
    case GLC_YT_WILD:
        glc_yara_say(p, GLC_ERROR, &p->src->tok, "write 'any of ($...*)'",
                     "a name with * stands for a set, here one string is wanted");
        return glc_yara_value(NULL);
    default:
        glc_yara_expected(p, "an expression", NULL);
        return glc_yara_value(NULL);
    }
}

/* - ~ not defined, any number of them. `not` binds weaker than comparison; the grammar of 4.5 lets it stand
 * before an operand only where a condition may stand. */
static struct glc_yara_value unary(struct glc_yara_parser *p)
{
    struct glc_yara_tok t = p->src->tok;
    if (p->failed)
        return glc_yara_value(NULL);
    if (!glc_yara_deeper(p))
        return glc_yara_value(NULL);
    struct glc_yara_value v;
    if (t.kind == GLC_YT_MINUS || t.kind == GLC_YT_TILDE) {
        glc_yara_advance(p);
        v = glc_yara_unary(p, &t, unary(p));
    } else {
        v = operand(p);
    }
    p->depth--;
    return v;
}

static enum level level_of(enum glc_yara_kind kind)
{
    switch ((unsigned)kind) {
    case GLC_YT_EQ:
    case GLC_YT_NE:
    case GLC_YT_CONTAINS:
    case GLC_YT_ICONTAINS:
    case GLC_YT_STARTSWITH:
    case GLC_YT_ISTARTSWITH:
    case GLC_YT_ENDSWITH:
    case GLC_YT_IENDSWITH:
    case GLC_YT_IEQUALS:
    case GLC_YT_MATCHES:
        return EQUALITY;
    case GLC_YT_LT:
    case GLC_YT_LE:
    case GLC_YT_GT:
    case GLC_YT_GE:
        return RELATION;
    case GLC_YT_PIPE:
        return BIT_OR;
    case GLC_YT_CARET:
        return BIT_XOR;
    case GLC_YT_AMP:
        return BIT_AND;
    case GLC_YT_SHL:
    case GLC_YT_SHR:
        return SHIFT;
    case GLC_YT_PLUS:
    case GLC_YT_MINUS:
        return SUM;
    case GLC_YT_STAR:
    case GLC_YT_DIV:
    case GLC_YT_PERCENT:
        return PRODUCT;
    default:
        return 0;
    }
}

/* Is the '%' at hand a percentage: before `of`, or before the variable of a `for`? */
static bool is_percentage(const struct glc_yara_parser *p)
{
    struct glc_yara_lex ahead = p->src->lex;
    struct glc_yara_tok t = glc_yara_next(&ahead);
    if (t.kind == GLC_YT_OF)
        return true;
    if (t.kind != GLC_YT_IDENT)
        return false;
    t = glc_yara_next(&ahead);
    if (t.kind == GLC_YT_COMMA && glc_yara_next(&ahead).kind == GLC_YT_IDENT)
        t = glc_yara_next(&ahead);
    return t.kind == GLC_YT_IN;
}

static struct glc_yara_value binary(struct glc_yara_parser *p, enum level level)
{
    if (level == UNARY)
        return unary(p);
    struct glc_yara_tok start = p->src->tok;
    struct glc_yara_value l = binary(p, level + 1);
    while (l.x != NULL && !p->failed) {
        struct glc_yara_tok op = p->src->tok;
        if (level == BIT_OR && op.kind == GLC_YT_OF && !p->bare_quant)
            return glc_yara_of(p, glc_yara_quant_of(p, l, false, &start));
        if (op.kind == GLC_YT_PERCENT && is_percentage(p)) {
            struct glc_yara_lex ahead = p->src->lex;
            if (level != BIT_OR || p->bare_quant || glc_yara_next(&ahead).kind != GLC_YT_OF)
                break;
            glc_yara_advance(p);
            return glc_yara_of(p, glc_yara_quant_of(p, l, true, &start));
        }
        if (level_of(op.kind) != level)
            break;
        glc_yara_advance(p);
        l = glc_yara_binary(p, &op, l, binary(p, level + 1));
    }
    return l;
}

static struct glc_yara_value negation(struct glc_yara_parser *p)
{
    struct glc_yara_tok t = p->src->tok;
    if (t.kind != GLC_YT_NOT && t.kind != GLC_YT_DEFINED)
        return binary(p, EQUALITY);
    if (!glc_yara_deeper(p))
        return glc_yara_value(NULL);
    glc_yara_advance(p);
    struct glc_yara_tok at = p->src->tok;
    struct glc_yara_value v = negation(p);
    p->depth--;
    at.end = p->src->last_end;
    struct glc_expr *kid = v.x;
    if (kid != NULL && (t.kind == GLC_YT_NOT || kid->type == GLC_T_STRUCT || kid->type == GLC_T_ARRAY ||
                        kid->type == GLC_T_DICT))
        kid = glc_yara_to_bool(p, v, &at);
    struct glc_expr *x =
        kid == NULL ? NULL
                    : glc_yara_node(p, &t, t.kind == GLC_YT_NOT ? GLC_X_NOT : GLC_X_DEFINED, GLC_T_BOOL, 1);
    if (x != NULL)
        x->kid[0] = kid;
    return glc_yara_value(x);
}

/* A chain of one operator; a single operand keeps its type. */
static struct glc_yara_value chain(struct glc_yara_parser *p, enum glc_yara_kind kind, enum glc_expr_op op,
                                   struct glc_yara_value (*next)(struct glc_yara_parser *))
{
    struct glc_yara_tok at = p->src->tok;
    struct glc_yara_value v = next(p);
    if (v.x == NULL || p->failed || p->src->tok.kind != kind)
        return v;
    struct glc_expr **kid = NULL;
    size_t kids = 0;
    for (;;) {
        at.end = p->src->last_end;
        struct glc_expr *one = glc_yara_to_bool(p, v, &at);
        struct glc_expr **slot =
            one == NULL ? NULL : glc_arena_push(p->a, &kid, &kids, sizeof(struct glc_expr *));
        if (slot == NULL)
            return glc_yara_value(p->failed ? NULL : glc_yara_nomem(p));
        *slot = one;
        if (!glc_yara_accept(p, kind))
            break;
        at = p->src->tok;
        v = next(p);
        if (v.x == NULL)
            return v;
    }
    if (p->failed)
        return glc_yara_value(NULL);
    struct glc_expr *x = glc_expr_join(p->a, op, kid, (uint32_t)kids);
    return glc_yara_value(x != NULL ? x : glc_yara_nomem(p));
}

static struct glc_yara_value conjunction(struct glc_yara_parser *p)
{
    return chain(p, GLC_YT_AND, GLC_X_AND, negation);
}

struct glc_yara_value glc_yara_expr(struct glc_yara_parser *p)
{
    if (p->failed)
        return glc_yara_value(NULL);
    struct glc_yara_value v = chain(p, GLC_YT_OR, GLC_X_OR, conjunction);
    return p->failed ? glc_yara_value(NULL) : v;
}

struct glc_expr *glc_yara_bool_expr(struct glc_yara_parser *p)
{
    struct glc_yara_tok at = p->src->tok;
    struct glc_yara_value v = glc_yara_expr(p);
    at.end = p->src->last_end;
    return v.x == NULL ? NULL : glc_yara_to_bool(p, v, &at);
}
