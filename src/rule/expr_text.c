/* Conditions in YARA's syntax. Precedence as in the table of YARA's manual ("Writing YARA rules",
 * Conditions). What no language can write (ClamAV's counts over groups, facts of the layer) is written in the
 * words of its own manual. */
#include "rule/expr_text.h"

#include <inttypes.h>

/* From what binds least. */
enum rank {
    RANK_OR,
    RANK_AND,
    RANK_NOT,
    RANK_EQUAL,
    RANK_ORDER,
    RANK_BIT_OR,
    RANK_BIT_XOR,
    RANK_BIT_AND,
    RANK_SHIFT,
    RANK_SUM,
    RANK_PRODUCT,
    RANK_SIGN,
    RANK_ATOM,
};

struct text {
    struct glc_expr_names names;
    struct glc_buf *out;
};

static const struct {
    const char *sign;
    enum rank rank;
} infix[GLC_X_OPS] = {
    [GLC_X_ADD] = { "+", RANK_SUM },
    [GLC_X_SUB] = { "-", RANK_SUM },
    [GLC_X_MUL] = { "*", RANK_PRODUCT },
    [GLC_X_DIV] = { "\\", RANK_PRODUCT },
    [GLC_X_MOD] = { "%", RANK_PRODUCT },
    [GLC_X_BIT_AND] = { "&", RANK_BIT_AND },
    [GLC_X_BIT_OR] = { "|", RANK_BIT_OR },
    [GLC_X_BIT_XOR] = { "^", RANK_BIT_XOR },
    [GLC_X_SHL] = { "<<", RANK_SHIFT },
    [GLC_X_SHR] = { ">>", RANK_SHIFT },
    [GLC_X_EQ] = { "==", RANK_EQUAL },
    [GLC_X_NE] = { "!=", RANK_EQUAL },
    [GLC_X_LT] = { "<", RANK_ORDER },
    [GLC_X_LE] = { "<=", RANK_ORDER },
    [GLC_X_GT] = { ">", RANK_ORDER },
    [GLC_X_GE] = { ">=", RANK_ORDER },
    [GLC_X_CONTAINS] = { "contains", RANK_EQUAL },
    [GLC_X_ICONTAINS] = { "icontains", RANK_EQUAL },
    [GLC_X_STARTS] = { "startswith", RANK_EQUAL },
    [GLC_X_ISTARTS] = { "istartswith", RANK_EQUAL },
    [GLC_X_ENDS] = { "endswith", RANK_EQUAL },
    [GLC_X_IENDS] = { "iendswith", RANK_EQUAL },
    [GLC_X_IEQUALS] = { "iequals", RANK_EQUAL },
    [GLC_X_MATCHES] = { "matches", RANK_EQUAL },
    [GLC_X_AND] = { "and", RANK_AND },
    [GLC_X_OR] = { "or", RANK_OR },
};

static void put(struct text *t, const struct glc_expr *x, enum rank least);

static void word(struct text *t, const char *s)
{
    glc_buf_puts(t->out, s);
}

static void quoted(struct text *t, struct glc_span s)
{
    glc_buf_u8(t->out, '"');
    for (size_t i = 0; i < s.len && !t->out->failed; i++) {
        uint8_t c = s.ptr[i];
        if (c == '"' || c == '\\')
            glc_buf_printf(t->out, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            glc_buf_printf(t->out, "\\x%02x", c);
        else
            glc_buf_u8(t->out, c);
    }
    glc_buf_u8(t->out, '"');
}

/* A pattern with YARA's sigil for what is asked of it: $a, #a, @a, !a. */
static void pattern(struct text *t, char sigil, uint32_t p)
{
    const char *id = p != GLC_CURRENT && t->names.rule != NULL && p < t->names.rule->patterns
                         ? t->names.rule->pattern[p].id
                         : "$";
    bool numbered = id[0] != '$'; /* ClamAV's subsignatures go by their number */
    if (!numbered || sigil != '$')
        glc_buf_u8(t->out, (uint8_t)sigil);
    word(t, numbered ? id : id + 1);
    if (p != GLC_CURRENT && strcmp(id, "$") == 0) /* anonymous ones are told apart by their place */
        glc_buf_printf(t->out, "%u", p + 1);
}

static const struct glc_module *module_of(const struct glc_expr_names *n, uint32_t index)
{
    return n->modules != NULL && index < n->modules->n ? n->modules->module[index] : NULL;
}

/* The fields that members of `x` are among; NULL where they are not known. Walks down a chain of kids, so
 * that it needs no stack. */
static const struct glc_field *fields_of(const struct glc_expr_names *names, const struct glc_expr *x)
{
    enum { CHAIN = 32 };
    uint32_t path[CHAIN], n = 0;
    while (x != NULL && x->op != GLC_X_MODULE && x->op != GLC_X_VAR) {
        if ((x->op != GLC_X_MEMBER && x->op != GLC_X_INDEX && x->op != GLC_X_LOOKUP) || n == CHAIN)
            return NULL;
        if (x->op == GLC_X_MEMBER)
            path[n++] = x->index;
        x = x->kid[0];
    }
    const struct glc_field *f = NULL;
    if (x != NULL && x->op == GLC_X_VAR)
        f = x->index < GLC_EXPR_NAMED_SLOTS ? names->slot[x->index] : NULL;
    else if (x != NULL && module_of(names, x->index) != NULL)
        f = module_of(names, x->index)->fields;
    while (f != NULL && n != 0) {
        uint32_t i = path[--n];
        f = i < glc_fields_count(f) ? f[i].member : NULL;
    }
    return f;
}

void glc_expr_names_bind(struct glc_expr_names *n, const struct glc_expr *x)
{
    bool dict = x->op == GLC_X_FOR_DICT, array = x->op == GLC_X_FOR_ARRAY, with = x->op == GLC_X_WITH;
    uint32_t slot = x->index + (dict ? 1 : 0);
    if ((dict || array || with) && slot < GLC_EXPR_NAMED_SLOTS)
        n->slot[slot] = fields_of(n, x->kid[with ? 0 : 1]);
}

static void member(struct text *t, const struct glc_expr *x)
{
    const struct glc_field *f = fields_of(&t->names, x->kid[0]);
    put(t, x->kid[0], RANK_ATOM);
    if (f != NULL && x->index < glc_fields_count(f))
        glc_buf_printf(t->out, ".%s", f[x->index].name);
    else
        glc_buf_printf(t->out, ".%u", x->index);
}

static void list(struct text *t, const struct glc_expr *x, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to && !t->out->failed; i++) {
        if (i != from)
            word(t, ", ");
        put(t, x->kid[i], RANK_OR);
    }
}

static void call(struct text *t, const struct glc_expr *x)
{
    uint32_t module = 0, first = 0;
    const struct glc_function *f =
        t->names.modules == NULL ? NULL : glc_modules_function(t->names.modules, x->index, &module);
    if (f == NULL) {
        glc_buf_printf(t->out, "function%u", x->index);
    } else if (f->args[0] == 'o' && x->kids != 0) {
        const char *dot = strrchr(f->name, '.');
        put(t, x->kid[0], RANK_ATOM);
        glc_buf_printf(t->out, ".%s", dot == NULL ? f->name : dot + 1);
        first = 1;
    } else {
        glc_buf_printf(t->out, "%s.%s", t->names.modules->module[module]->name, f->name);
    }
    word(t, "(");
    list(t, x, first, x->kids);
    word(t, ")");
}

static void range(struct text *t, const struct glc_expr *x, uint32_t from)
{
    word(t, "(");
    put(t, x->kid[from], RANK_OR);
    word(t, "..");
    put(t, x->kid[from + 1], RANK_OR);
    word(t, ")");
}

static void quantifier(struct text *t, const struct glc_expr *x)
{
    switch (x->u.of.quant) {
    case GLC_Q_ALL:
        word(t, "all");
        return;
    case GLC_Q_ANY:
        word(t, "any");
        return;
    case GLC_Q_NONE:
        word(t, "none");
        return;
    case GLC_Q_NUMBER:
        put(t, x->kid[0], RANK_ATOM);
        return;
    case GLC_Q_PERCENT:
        put(t, x->kid[0], RANK_ATOM);
        word(t, "%");
        return;
    }
}

static void set(struct text *t, const struct glc_expr *x)
{
    bool rules = x->op == GLC_X_OF_RULES;
    if (!rules && t->names.rule != NULL && x->u.of.n == t->names.rule->patterns) {
        word(t, "them");
        return;
    }
    word(t, "(");
    for (uint32_t i = 0; i < x->u.of.n && !t->out->failed; i++) {
        uint32_t p = x->u.of.set[i];
        word(t, i == 0 ? "" : ", ");
        if (!rules)
            pattern(t, '$', p);
        else if (t->names.set != NULL && p < t->names.set->rules)
            word(t, t->names.set->rule[p]->name);
        else
            glc_buf_printf(t->out, "rule%u", p);
    }
    word(t, ")");
}

static void body(struct text *t, const struct glc_expr *x)
{
    word(t, " : (");
    put(t, x, RANK_OR);
    word(t, ")");
}

static void of(struct text *t, const struct glc_expr *x)
{
    if (x->op == GLC_X_FOR_OF)
        word(t, "for ");
    quantifier(t, x);
    word(t, " of ");
    if (x->op == GLC_X_OF_EXPRS) {
        word(t, "(");
        list(t, x, 1, x->kids);
        word(t, ")");
    } else {
        set(t, x);
    }
    if (x->op == GLC_X_OF_AT) {
        word(t, " at ");
        put(t, x->kid[1], RANK_BIT_OR);
    } else if (x->op == GLC_X_OF_IN) {
        word(t, " in ");
        range(t, x, 1);
    } else if (x->op == GLC_X_FOR_OF) {
        body(t, x->kid[1]);
    }
}

static void loop(struct text *t, const struct glc_expr *x)
{
    glc_expr_names_bind(&t->names, x);
    word(t, "for ");
    quantifier(t, x);
    glc_buf_printf(t->out, x->op == GLC_X_FOR_DICT ? " v%u, v%u in " : " v%u in ", x->index, x->index + 1);
    if (x->op == GLC_X_FOR_RANGE) {
        range(t, x, 1);
    } else if (x->op == GLC_X_FOR_LIST) {
        word(t, "(");
        list(t, x, 1, x->kids - 1);
        word(t, ")");
    } else {
        put(t, x->kid[1], RANK_ATOM);
    }
    body(t, x->kid[x->kids - 1]);
}

static void counted(struct text *t, const struct glc_expr *x)
{
    static const char *const sign[] = { "=", ">", "<" };
    word(t, "(");
    put(t, x->kid[0], RANK_OR);
    glc_buf_printf(t->out, ")%s%u", sign[x->index % 3], x->u.count.x);
    if (x->u.count.distinct != 0)
        glc_buf_printf(t->out, ",%u", x->u.count.distinct);
}

/* What is asked of a pattern. */
static void occurrence(struct text *t, const struct glc_expr *x)
{
    switch ((unsigned)x->op) {
    case GLC_X_COUNT:
    case GLC_X_COUNT_IN:
        pattern(t, '#', x->index);
        break;
    case GLC_X_OFFSET:
    case GLC_X_LENGTH:
        pattern(t, x->op == GLC_X_OFFSET ? '@' : '!', x->index);
        word(t, "[");
        put(t, x->kid[0], RANK_OR);
        word(t, "]");
        return;
    default:
        pattern(t, '$', x->index);
    }
    if (x->op == GLC_X_FOUND_AT) {
        word(t, " at ");
        put(t, x->kid[0], RANK_BIT_OR);
    } else if (x->op == GLC_X_FOUND_IN || x->op == GLC_X_COUNT_IN) {
        word(t, " in ");
        range(t, x, 0);
    }
}

static void constant(struct text *t, const struct glc_expr *x)
{
    static const char *const facts[GLC_FACTS] = { "filesize",       "entrypoint",      "sections",
                                                  "class",          "container class", "depth",
                                                  "container path", "entry point",     "containers" };
    switch ((unsigned)x->op) {
    case GLC_X_BOOL:
        word(t, x->u.integer != 0 ? "true" : "false");
        break;
    case GLC_X_INT: /* as what it is more likely to have been written: sizes and magic numbers */
        if (x->u.integer > 255)
            glc_buf_printf(t->out, "0x%" PRIx64, (uint64_t)x->u.integer);
        else
            glc_buf_printf(t->out, "%" PRId64, x->u.integer);
        break;
    case GLC_X_FLOAT:
        glc_buf_printf(t->out, "%.17g", x->u.real);
        break;
    case GLC_X_STRING:
        quoted(t, x->u.text);
        break;
    case GLC_X_REGEX:
        word(t, x->u.regex.source != NULL ? x->u.regex.source : "/…/");
        break;
    case GLC_X_EXTERN:
        if (t->names.set != NULL && x->index < t->names.set->externals)
            word(t, t->names.set->external[x->index].name);
        else
            glc_buf_printf(t->out, "external%u", x->index);
        break;
    case GLC_X_FACT:
        word(t, x->index < GLC_FACTS ? facts[x->index] : "?");
        break;
    case GLC_X_VAR:
        glc_buf_printf(t->out, "v%u", x->index);
        break;
    case GLC_X_RULE:
        if (t->names.set != NULL && x->index < t->names.set->rules)
            word(t, t->names.set->rule[x->index]->name);
        else
            glc_buf_printf(t->out, "rule%u", x->index);
        break;
    case GLC_X_MODULE:
        if (module_of(&t->names, x->index) != NULL)
            word(t, module_of(&t->names, x->index)->name);
        else
            glc_buf_printf(t->out, "module%u", x->index);
        break;
    default:
        word(t, "undefined");
    }
}

static void reader(struct text *t, const struct glc_expr *x)
{
    glc_buf_printf(t->out, "%s(", glc_read_name(x->index));
    put(t, x->kid[0], RANK_OR);
    word(t, ")");
}

static void operands(struct text *t, const struct glc_expr *x, const char *sign, enum rank rank)
{
    for (uint32_t i = 0; i < x->kids && !t->out->failed; i++) {
        if (i != 0)
            glc_buf_printf(t->out, " %s ", sign);
        put(t, x->kid[i], i == 0 ? rank : rank + 1);
    }
}

static enum rank rank_of(const struct glc_expr *x)
{
    if (infix[x->op].sign != NULL)
        return infix[x->op].rank;
    switch ((unsigned)x->op) {
    case GLC_X_NOT:
    case GLC_X_DEFINED:
        return RANK_NOT;
    case GLC_X_FOUND_AT:
    case GLC_X_FOUND_IN:
    case GLC_X_OF:
    case GLC_X_OF_AT:
    case GLC_X_OF_IN:
    case GLC_X_OF_RULES:
    case GLC_X_OF_EXPRS:
        return RANK_EQUAL;
    case GLC_X_NEG:
    case GLC_X_BIT_NOT:
        return RANK_SIGN;
    default:
        return RANK_ATOM;
    }
}

static void prefix(struct text *t, const struct glc_expr *x, const char *sign, enum rank rank)
{
    word(t, sign);
    put(t, x->kid[0], rank);
}

static void node(struct text *t, const struct glc_expr *x)
{
    switch ((unsigned)x->op) {
    case GLC_X_READ:
        reader(t, x);
        return;
    case GLC_X_NEG:
        prefix(t, x, "-", RANK_SIGN);
        return;
    case GLC_X_BIT_NOT:
        prefix(t, x, "~", RANK_SIGN);
        return;
    case GLC_X_NOT:
        prefix(t, x, "not ", RANK_NOT);
        return;
    case GLC_X_DEFINED:
        prefix(t, x, "defined ", RANK_NOT);
        return;
    case GLC_X_FOUND:
    case GLC_X_FOUND_AT:
    case GLC_X_FOUND_IN:
    case GLC_X_COUNT:
    case GLC_X_COUNT_IN:
    case GLC_X_OFFSET:
    case GLC_X_LENGTH:
        occurrence(t, x);
        return;
    case GLC_X_OF:
    case GLC_X_OF_AT:
    case GLC_X_OF_IN:
    case GLC_X_OF_RULES:
    case GLC_X_OF_EXPRS:
    case GLC_X_FOR_OF:
        of(t, x);
        return;
    case GLC_X_FOR_RANGE:
    case GLC_X_FOR_LIST:
    case GLC_X_FOR_ARRAY:
    case GLC_X_FOR_DICT:
        loop(t, x);
        return;
    case GLC_X_WITH:
        glc_expr_names_bind(&t->names, x);
        glc_buf_printf(t->out, "with v%u = ", x->index);
        put(t, x->kid[0], RANK_OR);
        body(t, x->kid[1]);
        return;
    case GLC_X_MEMBER:
        member(t, x);
        return;
    case GLC_X_INDEX:
    case GLC_X_LOOKUP:
        put(t, x->kid[0], RANK_ATOM);
        word(t, "[");
        put(t, x->kid[1], RANK_OR);
        word(t, "]");
        return;
    case GLC_X_CALL:
        call(t, x);
        return;
    case GLC_X_SIZE:
        put(t, x->kid[0], RANK_ATOM);
        word(t, ".len()");
        return;
    case GLC_X_CLAM_COUNT:
        counted(t, x);
        return;
    case GLC_X_CLAM_WHEN: /* the trigger, and what is looked for where it holds */
        word(t, "(");
        put(t, x->kid[0], RANK_OR);
        word(t, " then ");
        put(t, x->kid[1], RANK_OR);
        word(t, ")");
        return;
    default:
        constant(t, x);
    }
}

/* `least`: what binds less than this stands in parentheses. The depth is the condition's, which its front end
 * bounds. */
static void put(struct text *t, const struct glc_expr *x, enum rank least)
{
    /* Nobody writes these. */
    while (x != NULL && (x->op == GLC_X_TO_BOOL || x->op == GLC_X_TO_FLOAT || x->op == GLC_X_CLAM_ONE))
        x = x->kid[0];
    if (x == NULL || t->out->failed)
        return;
    bool wrap = rank_of(x) < least;
    if (wrap)
        word(t, "(");
    if (infix[x->op].sign != NULL)
        operands(t, x, infix[x->op].sign, infix[x->op].rank);
    else
        node(t, x);
    if (wrap)
        word(t, ")");
}

void glc_expr_text(const struct glc_expr *x, const struct glc_expr_names *names, struct glc_buf *out)
{
    struct text t = { .names = *names, .out = out };
    put(&t, x, RANK_OR);
}
