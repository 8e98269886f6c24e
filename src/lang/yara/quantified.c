/* Quantifiers, sets, loops: `N of …`, `for … of …`, `for … in …`, and YARA-X's `with`. */
#include "lang/yara/parser.h"

#include <stdlib.h>

/* What stands behind `of`. */
struct set {
    enum { PATTERNS, RULES, EXPRESSIONS } kind;
    uint32_t *index; /* PATTERNS, RULES: as written, with repeats */
    size_t n;
    struct glc_expr **expr;
    size_t exprs;
};

static struct glc_yara_value none(void)
{
    return glc_yara_value(NULL);
}

struct glc_yara_quant glc_yara_quant_of(struct glc_yara_parser *p, struct glc_yara_value v, bool percent,
                                        const struct glc_yara_tok *at)
{
    v.x = glc_yara_number(p, at, v.x);
    struct glc_yara_quant q = { .quant = percent ? GLC_Q_PERCENT : GLC_Q_NUMBER, .number = v.x, .at = *at };
    q.at.end = p->src->last_end;
    if (v.x == NULL || p->failed) {
        q.number = NULL;
        return q;
    }
    if (v.x->type != GLC_T_INT) {
        glc_yara_say(p, GLC_ERROR, &q.at, NULL, "how many is an integer, not %s", glc_yara_a_type(v.x->type));
        q.number = NULL;
    } else if (percent && v.x->op == GLC_X_INT && v.x->u.integer == 0 && glc_yara_is_x(p)) {
        q.quant = GLC_Q_NONE;
    } else if (percent && v.x->op == GLC_X_INT && (v.x->u.integer < 1 || v.x->u.integer > 100)) {
        glc_yara_say(p, GLC_ERROR, &q.at, NULL, "a percentage is 1 to 100");
        q.number = NULL;
    } else if (!percent && v.x->op == GLC_X_INT && v.x->u.integer == 0) {
        glc_yara_say(p, GLC_WARNING, &q.at, "write 'none'", "0 means exactly none here");
    } else if (!percent && v.x->op == GLC_X_INT && v.x->u.integer < 0) {
        glc_yara_say(p, glc_yara_is_x(p) ? GLC_ERROR : GLC_WARNING, &q.at, NULL,
                     "always true: at least a negative number");
    }
    return q;
}

static bool push_index(struct glc_yara_parser *p, struct set *s, uint32_t index)
{
    uint32_t *slot = glc_arena_push(p->a, &s->index, &s->n, sizeof *slot);
    if (slot == NULL) {
        glc_yara_nomem(p);
        return false;
    }
    *slot = index;
    return true;
}

/* Every pattern whose name is (or begins with) `name`. */
static bool add_patterns(struct glc_yara_parser *p, struct set *s, const struct glc_yara_tok *tok,
                         struct glc_span name, bool prefix)
{
    size_t before = s->n;
    if (!prefix && name.len > 1) {
        uint32_t index;
        return glc_yara_pattern(p, tok, &index) && push_index(p, s, index);
    }
    for (uint32_t i = 0; i < p->patterns; i++) {
        struct glc_span id = p->pattern_tok[i].text;
        if (prefix ? !glc_span_starts(id, name) : id.len != 1)
            continue;
        if (!push_index(p, s, i))
            return false;
        p->used[i] = true;
    }
    if (s->n == before)
        glc_yara_say(p, GLC_ERROR, tok, p->patterns == 0 ? "the rule has no 'strings:'" : NULL,
                     "no string is named %s%s", glc_yara_quote(name).text, prefix ? "*" : "");
    return !p->failed;
}

static bool add_rules(struct glc_yara_parser *p, struct set *s, const struct glc_yara_tok *tok, bool prefix)
{
    struct glc_span space = glc_span_str(p->space);
    size_t before = s->n;
    if (!prefix) {
        const struct glc_yara_name *n = glc_yara_names_find(p->names, p->space, tok->text);
        if (n != NULL && n->rule == GLC_YARA_REFUSED) {
            glc_yara_say(p, GLC_NOT_TAKEN, tok, NULL, "the rule %s was not taken",
                         glc_yara_quote(tok->text).text);
            return false;
        }
        if (n != NULL)
            return push_index(p, s, n->rule);
    }
    for (size_t i = 0; prefix && i < p->names->names; i++) {
        const struct glc_yara_name *n = &p->names->name[i];
        if (!glc_span_eq(n->space, space) || !glc_span_starts(n->name, tok->text))
            continue;
        if (n->rule == GLC_YARA_REFUSED)
            glc_yara_say(p, GLC_NOT_TAKEN, tok, NULL, "the rule %s was not taken",
                         glc_yara_quote(n->name).text);
        else if (!push_index(p, s, n->rule))
            return false;
    }
    if (s->n == before)
        glc_yara_say(p, GLC_ERROR, tok, "a rule must stand before those that refer to it",
                     "no rule is named %s%s", glc_yara_quote(tok->text).text, prefix ? "*" : "");
    if (prefix && !p->failed && !glc_yara_names_add_wild(p->names, p->a, p->space, tok->text))
        glc_yara_nomem(p);
    return !p->failed;
}

/* Are the items of the parenthesis at hand all plain names? To YARA-X those of rules are expressions, so that
 * a wildcard behind one is an error there. */
static bool is_plain(const struct glc_yara_parser *p)
{
    struct glc_yara_lex ahead = p->src->lex;
    for (;;) {
        struct glc_yara_tok t = glc_yara_next(&ahead);
        if (t.kind != GLC_YT_ID && t.kind != GLC_YT_WILD && (t.kind != GLC_YT_IDENT || glc_yara_is_x(p)))
            return false;
        bool starred = t.kind == GLC_YT_IDENT || (t.kind == GLC_YT_ID && glc_yara_is_x(p));
        t = glc_yara_next(&ahead);
        if (starred && t.kind == GLC_YT_STAR)
            t = glc_yara_next(&ahead);
        if (t.kind == GLC_YT_RPAREN)
            return true;
        if (t.kind != GLC_YT_COMMA)
            return false;
    }
}

static bool parse_names(struct glc_yara_parser *p, struct set *s, bool rules_too)
{
    struct glc_yara_tok t = p->src->tok;
    s->kind = t.kind == GLC_YT_IDENT && rules_too ? RULES : PATTERNS;
    do {
        t = p->src->tok;
        if (s->kind == PATTERNS && (t.kind == GLC_YT_ID || t.kind == GLC_YT_WILD)) {
            glc_yara_advance(p);
            /* YARA-X takes blanks between a name and its star. */
            bool star = t.kind == GLC_YT_ID && glc_yara_is_x(p) && glc_yara_accept(p, GLC_YT_STAR);
            if (!add_patterns(p, s, &t, t.text, star || t.kind == GLC_YT_WILD))
                return false;
        } else if (s->kind == RULES && t.kind == GLC_YT_IDENT) {
            glc_yara_advance(p);
            if (!add_rules(p, s, &t, glc_yara_accept(p, GLC_YT_STAR)))
                return false;
        } else {
            glc_yara_expected(p, s->kind == RULES ? "a rule's name" : "a string's name, $... or $...*",
                              "a set is 'them', strings ($a, $b*) or rules (one, two*)");
            return false;
        }
    } while (glc_yara_accept(p, GLC_YT_COMMA));
    return glc_yara_expect(p, GLC_YT_RPAREN, "behind a set");
}

static bool parse_exprs(struct glc_yara_parser *p, struct set *s)
{
    s->kind = EXPRESSIONS;
    do {
        struct glc_expr *one = glc_yara_bool_expr(p);
        struct glc_expr **slot =
            one == NULL ? NULL : glc_arena_push(p->a, &s->expr, &s->exprs, sizeof(struct glc_expr *));
        if (slot == NULL) {
            if (!p->failed)
                glc_yara_nomem(p);
            return false;
        }
        *slot = one;
    } while (glc_yara_accept(p, GLC_YT_COMMA));
    return glc_yara_expect(p, GLC_YT_RPAREN, "behind a set");
}

static bool parse_set(struct glc_yara_parser *p, struct set *s, bool rules_too)
{
    struct glc_yara_tok t = p->src->tok;
    if (t.kind == GLC_YT_THEM) {
        s->kind = PATTERNS;
        if (p->patterns == 0) {
            glc_yara_say(p, GLC_ERROR, &t, "the rule has no 'strings:'",
                         "'them' stands for no string at all");
            return false;
        }
        glc_yara_advance(p);
        return add_patterns(p, s, &t, glc_span("$", 1), true);
    }
    if (t.kind == GLC_YT_LPAREN && rules_too && glc_yara_is_x(p) && !is_plain(p)) {
        glc_yara_advance(p);
        return parse_exprs(p, s);
    }
    if (!glc_yara_accept(p, GLC_YT_LPAREN)) {
        glc_yara_expected(p, "a set", "a set is 'them', strings ($a, $b*) or rules (one, two*)");
        return false;
    }
    return parse_names(p, s, rules_too);
}

static int by_value(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Sort, and take out repeats. Returns whether there were some. */
static bool unique(struct set *s)
{
    size_t out = 0;
    if (s->n == 0)
        return false;
    qsort(s->index, s->n, sizeof *s->index, by_value);
    for (size_t i = 0; i < s->n; i++)
        if (i == 0 || s->index[i] != s->index[i - 1])
            s->index[out++] = s->index[i];
    bool repeats = out != s->n;
    s->n = out;
    return repeats;
}

static void warn_number(struct glc_yara_parser *p, const struct glc_yara_quant *q, size_t n)
{
    if (q->quant == GLC_Q_NUMBER && q->number->op == GLC_X_INT && q->number->u.integer > (int64_t)n)
        glc_yara_say(p, GLC_WARNING, &q->at, NULL, "always false: the set has %zu only", n);
}

/* YARA counts a string that stands twice in a set twice: such a set becomes a list of expressions. */
static bool repeated_to_exprs(struct glc_yara_parser *p, struct set *s, const struct glc_yara_tok *at,
                              struct glc_expr *first, struct glc_expr *last, bool is_at)
{
    for (size_t i = 0; i < s->n; i++) {
        struct glc_expr *x = glc_yara_node(p, at,
                                           s->kind == RULES ? GLC_X_RULE
                                           : is_at          ? GLC_X_FOUND_AT
                                           : first != NULL  ? GLC_X_FOUND_IN
                                                            : GLC_X_FOUND,
                                           GLC_T_BOOL,
                                           is_at           ? 1
                                           : first != NULL ? 2
                                                           : 0);
        struct glc_expr **slot =
            x == NULL ? NULL : glc_arena_push(p->a, &s->expr, &s->exprs, sizeof(struct glc_expr *));
        if (slot == NULL)
            return glc_yara_nomem(p) != NULL;
        x->index = s->index[i];
        if (x->kids > 0)
            x->kid[0] = first;
        if (x->kids > 1)
            x->kid[1] = last;
        *slot = x;
    }
    s->kind = EXPRESSIONS;
    return true;
}

static struct glc_expr *quantified_node(struct glc_yara_parser *p, const struct glc_yara_quant *q,
                                        enum glc_expr_op op, uint32_t kids)
{
    struct glc_expr *x = glc_yara_node(p, &q->at, op, GLC_T_BOOL, kids);
    if (x == NULL)
        return NULL;
    x->u.of.quant = q->quant;
    x->kid[0] = q->number;
    return x;
}

static bool has_repeats(const struct set *s, struct glc_yara_parser *p)
{
    struct set copy = *s;
    copy.index = glc_arena_array(p->a, s->n + 1, sizeof *copy.index);
    if (copy.index == NULL)
        return false;
    if (s->n != 0)
        memcpy(copy.index, s->index, s->n * sizeof *copy.index);
    return unique(&copy);
}

static struct glc_expr *join_or(struct glc_yara_parser *p, struct glc_expr *l, struct glc_expr *r)
{
    struct glc_expr *kid[] = { l, r };
    struct glc_expr *x = l == NULL || r == NULL ? NULL : glc_expr_join(p->a, GLC_X_OR, kid, 2);
    return x != NULL ? x : glc_yara_nomem(p);
}

/* `of … in` of a range with an undefined end is undefined. To YARA-X no string is there: it is false, as `or`
 * makes it, but for `none`, which holds. */
static struct glc_expr *defined_in(struct glc_yara_parser *p, const struct glc_yara_quant *q,
                                   struct glc_expr *x)
{
    bool none_of = q->quant == GLC_Q_NONE ||
                   (q->quant == GLC_Q_NUMBER && q->number->op == GLC_X_INT && q->number->u.integer == 0);
    struct glc_expr *first = x->kid[1], *last = x->kid[2];
    if (first->op == GLC_X_INT && last->op == GLC_X_INT)
        return x;
    if (!none_of)
        return join_or(p, x, glc_expr_bool(p->a, false));
    struct glc_expr *sum = glc_yara_node(p, &q->at, GLC_X_ADD, GLC_T_INT, 2);
    struct glc_expr *known = glc_yara_node(p, &q->at, GLC_X_DEFINED, GLC_T_BOOL, 1);
    struct glc_expr *unknown = glc_yara_node(p, &q->at, GLC_X_NOT, GLC_T_BOOL, 1);
    if (sum == NULL || known == NULL || unknown == NULL)
        return NULL;
    sum->kid[0] = first;
    sum->kid[1] = last;
    known->kid[0] = sum;
    unknown->kid[0] = known;
    return join_or(p, x, unknown);
}

/* With an undefined `how many` YARA-X's whole expression is undefined: x == (n == n). */
static struct glc_expr *known_number(struct glc_yara_parser *p, const struct glc_yara_quant *q,
                                     struct glc_expr *x)
{
    if (x == NULL || !glc_yara_is_x(p) || q->number->op == GLC_X_INT)
        return x;
    struct glc_expr *known = glc_yara_node(p, &q->at, GLC_X_EQ, GLC_T_BOOL, 2);
    struct glc_expr *both = glc_yara_node(p, &q->at, GLC_X_EQ, GLC_T_BOOL, 2);
    if (known == NULL || both == NULL)
        return NULL;
    known->kid[0] = known->kid[1] = q->number;
    both->kid[0] = x;
    both->kid[1] = known;
    return both;
}

struct glc_yara_value glc_yara_of(struct glc_yara_parser *p, struct glc_yara_quant q)
{
    struct set s = { 0 };
    if (q.number == NULL || !glc_yara_expect(p, GLC_YT_OF, NULL) || !parse_set(p, &s, true))
        return none();
    struct glc_expr *first = NULL, *last = NULL;
    struct glc_yara_tok where = p->src->tok;
    bool is_at = where.kind == GLC_YT_AT, is_in = where.kind == GLC_YT_IN;
    if ((is_at || is_in) && s.kind != PATTERNS) {
        glc_yara_say(p, GLC_ERROR, &where, NULL, "only strings have a place, rules do not");
        return none();
    }
    if (is_at || is_in)
        glc_yara_advance(p);
    if (is_at && (first = glc_yara_place(p, "the offset behind 'at'")) == NULL)
        return none();
    if (is_in && !glc_yara_range(p, &first, &last))
        return none();
    if (glc_yara_is_x(p))
        unique(&s);
    warn_number(p, &q, s.kind == EXPRESSIONS ? s.exprs : s.n);
    if (s.kind != EXPRESSIONS && (q.quant == GLC_Q_NUMBER || q.quant == GLC_Q_PERCENT) &&
        has_repeats(&s, p) && !repeated_to_exprs(p, &s, &q.at, first, last, is_at))
        return none();
    struct glc_expr *x;
    if (s.kind == EXPRESSIONS) {
        x = quantified_node(p, &q, GLC_X_OF_EXPRS, (uint32_t)s.exprs + 1);
        if (x != NULL)
            memcpy(x->kid + 1, s.expr, s.exprs * sizeof(struct glc_expr *));
        return glc_yara_value(known_number(p, &q, x));
    }
    unique(&s);
    x = quantified_node(p, &q,
                        s.kind == RULES ? GLC_X_OF_RULES
                        : is_at         ? GLC_X_OF_AT
                        : is_in         ? GLC_X_OF_IN
                                        : GLC_X_OF,
                        is_at   ? 2
                        : is_in ? 3
                                : 1);
    if (x == NULL)
        return none();
    x->u.of.set = s.index;
    x->u.of.n = (uint32_t)s.n;
    if (x->kids > 1)
        x->kid[1] = first;
    if (x->kids > 2)
        x->kid[2] = last;
    if (is_in && glc_yara_is_x(p))
        x = defined_in(p, &q, x);
    return glc_yara_value(known_number(p, &q, x));
}

static struct glc_yara_quant quantifier(struct glc_yara_parser *p)
{
    struct glc_yara_tok t = p->src->tok;
    struct glc_yara_quant q = { .number = glc_expr_int(p->a, 0), .at = t };
    if (t.kind == GLC_YT_ALL || t.kind == GLC_YT_ANY || t.kind == GLC_YT_NONE) {
        q.quant = t.kind == GLC_YT_ALL ? GLC_Q_ALL : t.kind == GLC_YT_ANY ? GLC_Q_ANY : GLC_Q_NONE;
        glc_yara_advance(p);
        return q;
    }
    bool outer = p->bare_quant;
    p->bare_quant = true;
    struct glc_yara_value v = glc_yara_primary(p);
    p->bare_quant = outer;
    struct glc_yara_tok percent = p->src->tok;
    q = glc_yara_quant_of(p, v, v.x != NULL && glc_yara_accept(p, GLC_YT_PERCENT), &t);
    if (q.quant == GLC_Q_PERCENT && !glc_yara_is_x(p))
        glc_yara_say(p, GLC_ERROR, &percent, "write how many", "a loop takes no percentage");
    /* From 4.3 on a loop's 0 is `none`; before, it was "at least 0". */
    if (q.number != NULL && q.quant == GLC_Q_NUMBER && q.number->op == GLC_X_INT && q.number->u.integer == 0)
        q.quant = GLC_Q_NONE;
    return q;
}

/* ':' '(' body ')' */
static struct glc_expr *body(struct glc_yara_parser *p, bool colon)
{
    bool outer = p->bare_quant;
    p->bare_quant = false;
    struct glc_expr *x = NULL;
    if ((!colon || glc_yara_expect(p, GLC_YT_COLON, "before the loop's condition")) &&
        glc_yara_expect(p, GLC_YT_LPAREN, "before the condition"))
        x = glc_yara_bool_expr(p);
    p->bare_quant = outer;
    return x != NULL && glc_yara_expect(p, GLC_YT_RPAREN, "behind the condition") ? x : NULL;
}

static struct glc_yara_value for_of(struct glc_yara_parser *p, struct glc_yara_quant q)
{
    struct set s = { 0 };
    glc_yara_advance(p);
    if (p->for_of != 0 && !glc_yara_is_x(p))
        glc_yara_say(p, GLC_ERROR, &q.at, NULL, "a 'for ... of' inside another");
    if (p->failed || !parse_set(p, &s, false))
        return none();
    if (q.quant == GLC_Q_ALL || q.quant == GLC_Q_ANY || q.quant == GLC_Q_NONE || glc_yara_is_x(p))
        unique(&s);
    warn_number(p, &q, s.n);
    p->for_of++;
    struct glc_expr *inner = body(p, true);
    p->for_of--;
    struct glc_expr *x = inner == NULL ? NULL : quantified_node(p, &q, GLC_X_FOR_OF, 2);
    if (x == NULL)
        return none();
    x->kid[1] = inner;
    x->u.of.set = s.index;
    x->u.of.n = (uint32_t)s.n;
    return glc_yara_value(known_number(p, &q, x));
}

/* A new variable in the next slot; its value's node is filled by the caller. In YARA-X it hides an outer one
 * of its name. */
static struct glc_yara_var *add_var(struct glc_yara_parser *p, const struct glc_yara_tok *name)
{
    for (size_t i = 0; i < p->vars && !glc_yara_is_x(p); i++)
        if (glc_span_eq(p->var[i].name, name->text))
            glc_yara_say(p, GLC_ERROR, name, "choose another name", "the variable %s exists already",
                         glc_yara_quote(name->text).text);
    struct glc_yara_var *v = p->failed ? NULL : glc_arena_push(p->a, &p->var, &p->vars, sizeof *v);
    if (v == NULL) {
        if (!p->failed)
            glc_yara_nomem(p);
        return NULL;
    }
    *v = (struct glc_yara_var){ .name = name->text, .value = glc_yara_value(NULL) };
    if (p->rule.slots < p->vars)
        p->rule.slots = (uint32_t)p->vars;
    return v;
}

static bool bind(struct glc_yara_parser *p, const struct glc_yara_tok *name, struct glc_yara_value like)
{
    struct glc_yara_var *v = add_var(p, name);
    if (v == NULL)
        return false;
    struct glc_expr *x = glc_yara_node(p, name, GLC_X_VAR, like.x->type, 0);
    if (x == NULL)
        return false;
    x->index = (uint32_t)(p->vars - 1);
    v->value = like;
    v->value.x = x;
    return true;
}

/* What a loop goes over. */
struct iterator {
    enum glc_expr_op op;
    struct glc_expr **kid; /* range: two; list: its items; array, dictionary: one */
    size_t kids;
    struct glc_yara_value item; /* what a variable gets; .x a node of its type */
};

static bool push_kid(struct glc_yara_parser *p, struct iterator *it, struct glc_expr *x)
{
    struct glc_expr **slot =
        x == NULL ? NULL : glc_arena_push(p->a, &it->kid, &it->kids, sizeof(struct glc_expr *));
    if (slot == NULL) {
        if (!p->failed)
            glc_yara_nomem(p);
        return false;
    }
    *slot = x;
    return true;
}

static bool list_item(struct glc_yara_parser *p, struct iterator *it)
{
    struct glc_yara_tok at = p->src->tok;
    struct glc_yara_value v = glc_yara_primary(p);
    v.x = glc_yara_number(p, &at, v.x);
    if (v.x == NULL)
        return false;
    at.end = p->src->last_end;
    enum glc_type t = v.x->type;
    if (t != GLC_T_INT && t != GLC_T_STRING && !(t == GLC_T_FLOAT && glc_yara_is_x(p)))
        glc_yara_say(p, GLC_ERROR, &at, NULL, "a loop's list holds integers or strings, not %s",
                     glc_yara_a_type(t));
    else if (it->kids != 0 && t != it->kid[0]->type)
        glc_yara_say(p, GLC_ERROR, &at, NULL, "a loop's list holds values of one type; this one is %s",
                     glc_yara_a_type(t));
    return !p->failed && push_kid(p, it, v.x);
}

static bool parenthesized(struct glc_yara_parser *p, struct iterator *it)
{
    struct glc_yara_tok at = p->src->tok;
    glc_yara_advance(p);
    it->op = GLC_X_FOR_LIST;
    if (!list_item(p, it))
        return false;
    if (glc_yara_accept(p, GLC_YT_DOTS)) {
        it->op = GLC_X_FOR_RANGE;
        struct glc_expr *last = it->kid[0]->type == GLC_T_INT ? glc_yara_place(p, "a range's end") : NULL;
        if (it->kid[0]->op == GLC_X_INT && it->kid[0]->u.integer < 0 && glc_yara_is_x(p))
            glc_yara_say(p, GLC_ERROR, &at, NULL, "a range's start is not negative");
        if (it->kid[0]->type != GLC_T_INT)
            glc_yara_say(p, GLC_ERROR, &at, NULL, "a range's start is an integer, not %s",
                         glc_yara_a_type(it->kid[0]->type));
        if (last == NULL || !push_kid(p, it, last))
            return false;
        at.end = p->src->tok.end;
        if (it->kid[0]->op == GLC_X_INT && last->op == GLC_X_INT && it->kid[0]->u.integer > last->u.integer)
            glc_yara_say(p, glc_yara_is_x(p) ? GLC_ERROR : GLC_WARNING, &at, "the lower end comes first",
                         "the range is empty: its start lies behind its end");
    } else {
        while (glc_yara_accept(p, GLC_YT_COMMA))
            if (!list_item(p, it))
                return false;
    }
    it->item = glc_yara_value(it->kid[0]);
    return glc_yara_expect(p, GLC_YT_RPAREN, it->op == GLC_X_FOR_RANGE ? "behind a range" : "behind a list");
}

static bool container(struct glc_yara_parser *p, struct iterator *it)
{
    struct glc_yara_tok at = p->src->tok;
    struct glc_yara_value v = glc_yara_primary(p);
    if (v.x == NULL)
        return false;
    at.end = p->src->last_end;
    if (v.x->type != GLC_T_ARRAY && v.x->type != GLC_T_DICT) {
        glc_yara_say(p, GLC_ERROR, &at, "a loop goes over (first..last), (a, b, c), an array or a dictionary",
                     "%s is nothing to loop over", glc_yara_a_type(v.x->type));
        return false;
    }
    it->op = v.x->type == GLC_T_ARRAY ? GLC_X_FOR_ARRAY : GLC_X_FOR_DICT;
    it->item = v;
    it->item.x = glc_yara_node(p, &at, GLC_X_VAR, v.item, 0);
    return it->item.x != NULL && push_kid(p, it, v.x);
}

static bool iterator(struct glc_yara_parser *p, struct iterator *it)
{
    if (p->src->tok.kind == GLC_YT_LPAREN)
        return parenthesized(p, it);
    if (p->src->tok.kind == GLC_YT_IDENT)
        return container(p, it);
    glc_yara_expected(p, "something to loop over",
                      "a loop goes over (first..last), (a, b, c), an array or a dictionary");
    return false;
}

static struct glc_yara_value for_in(struct glc_yara_parser *p, struct glc_yara_quant q)
{
    struct glc_yara_tok name[2];
    uint32_t names = 0;
    size_t outer = p->vars;
    struct iterator it = { 0 };
    do {
        struct glc_yara_tok t = p->src->tok;
        if (!glc_yara_expect(p, GLC_YT_IDENT, "for the loop's variable, or 'of'"))
            return none();
        if (names == 2)
            glc_yara_say(p, GLC_ERROR, &t, NULL, "a loop has one variable, or two over a dictionary");
        else
            name[names++] = t;
    } while (glc_yara_accept(p, GLC_YT_COMMA));
    bool bare = p->bare_quant;
    p->bare_quant = false;
    bool good = glc_yara_expect(p, GLC_YT_IN, "behind the loop's variable") && iterator(p, &it);
    p->bare_quant = bare;
    if (!good)
        return none();
    if ((it.op == GLC_X_FOR_DICT) != (names == 2))
        glc_yara_say(p, GLC_ERROR, &name[0], it.op == GLC_X_FOR_DICT ? "for any key, value in ..." : NULL,
                     it.op == GLC_X_FOR_DICT ? "a loop over a dictionary has two variables"
                                             : "this loop has one variable");
    if (p->failed)
        return none();
    uint32_t slot = (uint32_t)p->vars;
    if (it.op == GLC_X_FOR_DICT) {
        struct glc_yara_value key = glc_yara_value(glc_yara_node(p, &name[0], GLC_X_VAR, GLC_T_STRING, 0));
        if (key.x == NULL || !bind(p, &name[0], key))
            return none();
    }
    if (!bind(p, &name[names - 1], it.item))
        return none();
    struct glc_expr *inner = body(p, true);
    p->vars = outer;
    struct glc_expr *x = inner == NULL ? NULL : quantified_node(p, &q, it.op, (uint32_t)it.kids + 2);
    if (x == NULL)
        return none();
    memcpy(x->kid + 1, it.kid, it.kids * sizeof(struct glc_expr *));
    x->kid[it.kids + 1] = inner;
    x->index = slot;
    return glc_yara_value(known_number(p, &q, x));
}

struct glc_yara_value glc_yara_for(struct glc_yara_parser *p)
{
    if (!glc_yara_deeper(p))
        return none();
    glc_yara_advance(p);
    struct glc_yara_quant q = quantifier(p);
    if (q.number == NULL || p->failed)
        return none();
    struct glc_yara_value v = p->src->tok.kind == GLC_YT_OF ? for_of(p, q) : for_in(p, q);
    p->depth--;
    return p->failed ? none() : v;
}

struct glc_yara_value glc_yara_with(struct glc_yara_parser *p)
{
    struct glc_yara_tok at = p->src->tok;
    size_t outer = p->vars, bound = 0, slots = 0;
    struct glc_expr **value = NULL;
    if (!glc_yara_deeper(p))
        return none();
    glc_yara_advance(p);
    do {
        struct glc_yara_tok name = p->src->tok;
        if (!glc_yara_expect(p, GLC_YT_IDENT, "for the variable") ||
            !glc_yara_expect(p, GLC_YT_ASSIGN, "behind it"))
            return none();
        struct glc_yara_value v = glc_yara_expr(p);
        struct glc_expr **slot =
            v.x == NULL ? NULL : glc_arena_push(p->a, &value, &slots, sizeof(struct glc_expr *));
        if (slot == NULL || !bind(p, &name, v))
            return none();
        *slot = v.x;
        bound++;
    } while (glc_yara_accept(p, GLC_YT_COMMA));
    struct glc_expr *x = body(p, true);
    p->vars = outer;
    p->depth--;
    while (x != NULL && bound-- > 0) {
        struct glc_expr *w = glc_yara_node(p, &at, GLC_X_WITH, GLC_T_BOOL, 2);
        if (w == NULL)
            return none();
        w->kid[0] = value[bound];
        w->kid[1] = x;
        w->index = (uint32_t)(outer + bound);
        x = w;
    }
    return glc_yara_value(x);
}
