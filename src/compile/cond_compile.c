/* From the tree of a condition to code for a stack machine (match/cond_internal.h).
 *
 * Operands of `and` and `or` are ordered by what they cost, except where one of them writes to the console:
 * nothing else has an effect that could be seen. Counts that are compared with a constant say when counting
 * may stop. */
#include "compile/cond_compile.h"

#include "compile/re_compile.h"
#include "match/cond_internal.h"
#include "rule/expr_text.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_DEPTH = 1000, MOST_CODE = 1 << 26, NOTE_TEXT = 160 };

struct gen {
    const struct glc_rule *rule;
    const struct glc_cond_options *opt;
    struct glc_buf *out;
    size_t start;
    uint32_t stack, most; /* values on the stack now, and at most */
    uint32_t loops;
    unsigned depth;
    struct glc_buf notes;
    struct glc_expr_names names;
    uint32_t note;
    enum glc_err err;
    const char *msg;
};

static bool fail(struct gen *g, enum glc_err err, const char *msg)
{
    if (g->err == GLC_OK) {
        g->err = err;
        g->msg = msg;
    }
    return false;
}

static void op(struct gen *g, enum glc_cond_op o)
{
    glc_buf_u8(g->out, (uint8_t)o);
}

static void num(struct glc_buf *b, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        glc_buf_u8(b, (uint8_t)(v | 0x80));
    glc_buf_u8(b, (uint8_t)v);
}

static void pop(struct gen *g, uint32_t n)
{
    g->stack -= n;
}

static void push(struct gen *g)
{
    if (++g->stack > g->most)
        g->most = g->stack;
}

/* A jump target that is not known yet: returns where it stands. */
static size_t target(struct gen *g)
{
    size_t at = g->out->len;
    glc_buf_u32le(g->out, 0);
    return at;
}

static void land(struct gen *g, size_t at)
{
    if (g->out->failed)
        return;
    uint32_t here = (uint32_t)(g->out->len - g->start);
    for (unsigned i = 0; i < 4; i++)
        g->out->ptr[at + i] = (uint8_t)(here >> 8 * i);
}

static void pattern(struct gen *g, uint32_t index)
{
    if (index != GLC_CURRENT && index >= g->rule->patterns)
        fail(g, GLC_BUG, "condition names a pattern that is not there");
    num(g->out, index == GLC_CURRENT ? 0 : (uint64_t)index + 1);
}

static void asks(const struct gen *g, uint32_t module)
{
    if (g->opt->asked != NULL && module < 64)
        *g->opt->asked |= (uint64_t)1 << module;
}

static void asks_function(const struct gen *g, uint32_t function)
{
    uint32_t module;
    if (g->opt->modules != NULL && glc_modules_function(g->opt->modules, function, &module) != NULL)
        asks(g, module);
}

/* What an operand costs, very roughly, and whether it writes to the console. */

static bool is_console(const struct gen *g, const struct glc_expr *x)
{
    uint32_t module;
    return x->op == GLC_X_CALL && g->opt->modules != NULL &&
           glc_modules_function(g->opt->modules, x->index, &module) != NULL &&
           strcmp(g->opt->modules->module[module]->name, "console") == 0;
}

/* A walk over the layer. */
enum { WALK = 1500 };

static unsigned seek_cost(const struct gen *g, uint32_t pattern)
{
    return pattern < g->rule->patterns && g->opt->known != NULL && g->opt->known[pattern] == 0 ? WALK : 0;
}

static unsigned set_cost(const struct gen *g, const struct glc_expr *x)
{
    unsigned sum = 40;
    for (uint32_t i = 0; i < x->u.of.n && sum < 100 * WALK; i++)
        sum += seek_cost(g, x->u.of.set[i]);
    return sum;
}

/* Facts are parsed once a layer; libmagic and digests read all of it. */
static unsigned module_cost(const struct gen *g, const struct glc_expr *x)
{
    const struct glc_modules *m = g->opt->modules;
    uint32_t module = x->index;
    if (m == NULL || (x->op == GLC_X_CALL && glc_modules_function(m, x->index, &module) == NULL))
        return WALK;
    const char *name = m->module[module]->name;
    if (strcmp(name, "magic") == 0)
        return 2 * WALK;
    bool reads = strcmp(name, "hash") == 0 || strcmp(name, "math") == 0;
    return x->op == GLC_X_CALL && reads ? WALK + WALK / 3 : 60;
}

static unsigned own_cost(const struct gen *g, const struct glc_expr *x)
{
    switch ((unsigned)x->op) {
    case GLC_X_FOUND_AT:
        return 8;
    case GLC_X_FOUND:
        return 20 + seek_cost(g, x->index);
    case GLC_X_OF_AT:
        return 40;
    case GLC_X_OF:
    case GLC_X_OF_IN:
        return set_cost(g, x);
    case GLC_X_FOUND_IN:
        return 40 + seek_cost(g, x->index);
    case GLC_X_COUNT:
    case GLC_X_COUNT_IN:
    case GLC_X_OFFSET:
    case GLC_X_LENGTH:
        return 100 + seek_cost(g, x->index);
    case GLC_X_CLAM_COUNT:
        return 100;
    case GLC_X_CLAM_WHEN:
        return 4000;
    case GLC_X_MATCHES:
        return 200;
    case GLC_X_MODULE:
    case GLC_X_CALL:
        return module_cost(g, x);
    case GLC_X_FOR_OF:
        return 260 + set_cost(g, x);
    case GLC_X_FOR_LIST:
    case GLC_X_FOR_RANGE:
    case GLC_X_FOR_ARRAY:
    case GLC_X_FOR_DICT:
        return 300;
    default:
        return 1;
    }
}

/* Adds up; *console is set where one is called. */
static unsigned cost(const struct gen *g, const struct glc_expr *x, unsigned depth, bool *console)
{
    unsigned sum = own_cost(g, x);
    if (is_console(g, x) || depth > MOST_DEPTH)
        *console = true;
    for (uint32_t i = 0; i < x->kids && depth <= MOST_DEPTH; i++) {
        sum += cost(g, x->kid[i], depth + 1, console);
        if (sum > 1000000)
            sum = 1000000;
    }
    return sum;
}

static void expr(struct gen *g, const struct glc_expr *x);

struct priced {
    const struct glc_expr *x;
    unsigned cost;
    float hope; /* that it settles the junction: of patterns alone, otherwise 0 */
    uint32_t at;
};

static int by_cost(const void *a, const void *b)
{
    const struct priced *p = a, *q = b;
    if (p->cost != q->cost)
        return p->cost < q->cost ? -1 : 1;
    if (p->hope < q->hope || p->hope > q->hope)
        return p->hope > q->hope ? -1 : 1;
    return p->at < q->at ? -1 : p->at > q->at;
}

/* The rarest pattern ends an AND soonest, the commonest an OR. Of those that are as rare as statistics tell,
 * the longest is the rarest. */
static float hope(const struct gen *g, const struct glc_expr *junction, const struct glc_expr *x)
{
    if (x->op != GLC_X_FOUND || x->index >= g->rule->patterns || g->opt->expected == NULL)
        return 0;
    const struct glc_pattern *p = &g->rule->pattern[x->index];
    uint64_t least = 1, most = 1;
    if (p->variants != 0)
        glc_re_length(p->variant[0].re, &least, &most);
    float expected = g->opt->expected[x->index] / (float)(least + 1);
    return junction->op == GLC_X_AND ? -expected : expected;
}

/* AND, OR. The last operand's value is the result once undefined has become false. */
static void junction(struct gen *g, const struct glc_expr *x)
{
    struct priced *list = calloc(x->kids + 1, sizeof *list);
    size_t *jump = calloc(x->kids + 1, sizeof *jump);
    if (list == NULL || jump == NULL || x->kids == 0) {
        fail(g, x->kids == 0 ? GLC_BUG : GLC_NOMEM, "no operands");
    } else {
        bool keep = g->opt->notes;
        for (uint32_t i = 0; i < x->kids; i++)
            list[i] = (struct priced){ .x = x->kid[i],
                                       .cost = cost(g, x->kid[i], g->depth, &keep),
                                       .hope = hope(g, x, x->kid[i]),
                                       .at = i };
        if (!keep)
            qsort(list, x->kids, sizeof *list, by_cost);
        for (uint32_t i = 0; i < x->kids; i++) {
            expr(g, list[i].x);
            if (i + 1 < x->kids) {
                op(g, x->op == GLC_X_AND ? GLC_C_AND_JUMP : GLC_C_OR_JUMP);
                jump[i] = target(g);
                pop(g, 1);
            }
        }
        op(g, GLC_C_TRUTH);
        for (uint32_t i = 0; i + 1 < x->kids; i++)
            land(g, jump[i]);
    }
    free(list);
    free(jump);
}

static void regex(struct gen *g, const struct glc_expr *x)
{
    struct glc_buf code;
    glc_buf_init(&code, MOST_CODE);
    struct glc_re_options opt = { .reverse = false };
    enum glc_err err = glc_re_compile(x->u.regex.re, &opt, &code, NULL);
    if (err != GLC_OK)
        fail(g, err, "regular expression too large");
    op(g, GLC_C_REGEX);
    num(g->out, code.len);
    glc_buf_put(g->out, code.ptr, code.len);
    glc_buf_done(&code);
    push(g);
}

static void integer(struct gen *g, int64_t v)
{
    op(g, GLC_C_INT);
    num(g->out, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
    push(g);
}

static void leaf(struct gen *g, const struct glc_expr *x)
{
    switch ((unsigned)x->op) {
    case GLC_X_BOOL:
        op(g, GLC_C_BOOL);
        num(g->out, x->u.integer != 0);
        break;
    case GLC_X_INT:
        integer(g, x->u.integer);
        return;
    case GLC_X_FLOAT: {
        uint64_t bits;
        memcpy(&bits, &x->u.real, sizeof bits);
        op(g, GLC_C_FLOAT);
        glc_buf_u64le(g->out, bits);
        break;
    }
    case GLC_X_STRING:
        op(g, GLC_C_STRING);
        num(g->out, x->u.text.len);
        glc_buf_put(g->out, x->u.text.ptr, x->u.text.len);
        break;
    case GLC_X_UNDEFINED:
        op(g, GLC_C_UNDEFINED);
        num(g->out, x->type);
        break;
    case GLC_X_RULE:
        op(g, GLC_C_RULE);
        num(g->out, g->opt->rule_map != NULL ? g->opt->rule_map[x->index] : x->index);
        break;
    default: {
        op(g, x->op == GLC_X_EXTERN ? GLC_C_EXTERN
              : x->op == GLC_X_FACT ? GLC_C_FACT
              : x->op == GLC_X_VAR  ? GLC_C_VAR
                                    : GLC_C_MODULE);
        if (x->op == GLC_X_MODULE)
            asks(g, x->index);
        num(g->out, x->index);
        break;
    }
    }
    push(g);
}

/* The constant that a count is compared with tells when counting may stop. */
static void count_up_to(struct gen *g, const struct glc_expr *x, const struct glc_expr *other)
{
    uint64_t enough = 0;
    if (other != NULL && other->op == GLC_X_INT && other->u.integer >= 0 && other->u.integer < INT64_MAX)
        enough = (uint64_t)other->u.integer + 1;
    op(g, GLC_C_COUNT);
    pattern(g, x->index);
    num(g->out, enough);
    push(g);
}

static void compare(struct gen *g, const struct glc_expr *x, enum glc_cond_op o)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct glc_expr *kid = x->kid[i];
        if (kid->op == GLC_X_COUNT && !g->opt->notes)
            count_up_to(g, kid, x->kid[1 - i]);
        else
            expr(g, kid);
    }
    op(g, o);
    pop(g, 1);
}

static void set(struct gen *g, const struct glc_expr *x)
{
    num(g->out, x->u.of.n);
    for (uint32_t i = 0; i < x->u.of.n; i++) {
        uint32_t v = x->u.of.set[i];
        if (x->op == GLC_X_OF_RULES)
            v = g->opt->rule_map != NULL ? g->opt->rule_map[v] : v;
        else if (v >= g->rule->patterns)
            fail(g, GLC_BUG, "condition names a pattern that is not there");
        num(g->out, v);
    }
}

static void of(struct gen *g, const struct glc_expr *x)
{
    enum glc_cond_of kind = x->op == GLC_X_OF      ? GLC_COND_OF_FOUND
                            : x->op == GLC_X_OF_AT ? GLC_COND_OF_AT
                            : x->op == GLC_X_OF_IN ? GLC_COND_OF_IN
                                                   : GLC_COND_OF_RULES;
    for (uint32_t i = 0; i < x->kids; i++)
        expr(g, x->kid[i]);
    op(g, GLC_C_OF);
    num(g->out, x->u.of.quant);
    num(g->out, kind);
    set(g, x);
    pop(g, x->kids);
    push(g);
}

static void loop(struct gen *g, const struct glc_expr *x)
{
    static const enum glc_cond_loop kinds[] = {
        [GLC_X_FOR_OF - GLC_X_OF_EXPRS] = GLC_LOOP_OF,
        [GLC_X_FOR_RANGE - GLC_X_OF_EXPRS] = GLC_LOOP_RANGE,
        [GLC_X_FOR_LIST - GLC_X_OF_EXPRS] = GLC_LOOP_LIST,
        [GLC_X_FOR_ARRAY - GLC_X_OF_EXPRS] = GLC_LOOP_ARRAY,
        [GLC_X_FOR_DICT - GLC_X_OF_EXPRS] = GLC_LOOP_DICT,
        [GLC_X_OF_EXPRS - GLC_X_OF_EXPRS] = GLC_LOOP_EXPRS,
    };
    enum glc_cond_loop kind = kinds[x->op - GLC_X_OF_EXPRS];
    uint32_t before =
        x->op == GLC_X_OF_EXPRS ? 1 : x->kids - 1; /* kids that stand on the stack when it begins */
    if (++g->loops > GLC_COND_MOST_LOOPS) {
        fail(g, GLC_LIMIT, "condition has too many nested loops");
        return;
    }
    for (uint32_t i = 0; i < before; i++)
        expr(g, x->kid[i]);
    op(g, GLC_C_LOOP);
    num(g->out, kind);
    num(g->out, x->u.of.quant);
    num(g->out, x->index);
    size_t end = target(g);
    if (kind == GLC_LOOP_OF)
        set(g, x);
    else if (kind == GLC_LOOP_LIST)
        num(g->out, x->kids - 2);
    else if (kind == GLC_LOOP_EXPRS)
        num(g->out, x->kids - 1);
    if (kind != GLC_LOOP_LIST) /* whose items stay until it ends */
        pop(g, before);
    for (uint32_t i = before; i < x->kids; i++) {
        expr(g, x->kid[i]);
        op(g, kind == GLC_LOOP_EXPRS ? GLC_C_VOTE : GLC_C_NEXT);
        pop(g, 1);
    }
    if (kind == GLC_LOOP_LIST)
        pop(g, before);
    land(g, end);
    push(g);
    g->loops--;
}

/* CLAM_WHEN below a count: the trigger first, then the pair. */
static void clam_when(struct gen *g, const struct glc_expr *x);

static void clam(struct gen *g, const struct glc_expr *x)
{
    if (++g->depth > MOST_DEPTH) {
        fail(g, GLC_LIMIT, "condition nested too deeply");
        return;
    }
    switch ((unsigned)x->op) {
    case GLC_X_FOUND:
        op(g, GLC_C_CLAM_LEAF);
        pattern(g, x->index);
        push(g);
        push(g);
        break;
    case GLC_X_AND:
    case GLC_X_OR:
        for (uint32_t i = 0; i < x->kids; i++)
            clam(g, x->kid[i]);
        op(g, x->op == GLC_X_AND ? GLC_C_CLAM_AND : GLC_C_CLAM_OR);
        num(g->out, x->kids);
        pop(g, 2 * x->kids);
        push(g);
        push(g);
        break;
    case GLC_X_CLAM_COUNT:
        clam(g, x->kid[0]);
        op(g, GLC_C_CLAM_TEST);
        num(g->out, x->index);
        num(g->out, x->u.count.x);
        num(g->out, x->u.count.distinct);
        break;
    case GLC_X_CLAM_WHEN:
        clam_when(g, x);
        break;
    case GLC_X_CLAM_ONE:
        expr(g, x->kid[0]);
        op(g, GLC_C_CLAM_ONE);
        num(g->out, x->index);
        push(g);
        break;
    default:
        fail(g, GLC_BUG, "unknown operator in a count");
    }
    g->depth--;
}

static void clam_when(struct gen *g, const struct glc_expr *x)
{
    expr(g, x->kid[0]);
    op(g, GLC_C_CLAM_SKIP);
    size_t skip = target(g);
    pop(g, 1);
    clam(g, x->kid[1]);
    land(g, skip);
}

/* The same as a BOOL: like `and`, but in this order whatever the costs. */
static void when(struct gen *g, const struct glc_expr *x)
{
    expr(g, x->kid[0]);
    op(g, GLC_C_AND_JUMP);
    size_t skip = target(g);
    pop(g, 1);
    expr(g, x->kid[1]);
    op(g, GLC_C_TRUTH);
    land(g, skip);
}

static void plain(struct gen *g, const struct glc_expr *x, enum glc_cond_op o)
{
    for (uint32_t i = 0; i < x->kids; i++)
        expr(g, x->kid[i]);
    op(g, o);
    pop(g, x->kids);
    push(g);
}

static void with_index(struct gen *g, const struct glc_expr *x, enum glc_cond_op o, bool is_pattern)
{
    for (uint32_t i = 0; i < x->kids; i++)
        expr(g, x->kid[i]);
    op(g, o);
    if (is_pattern)
        pattern(g, x->index);
    else
        num(g->out, x->index);
    pop(g, x->kids);
    push(g);
}

/* Operators that only have operands, in the order of enum glc_expr_op from TO_FLOAT on. */
static bool simple_op(enum glc_expr_op x, enum glc_cond_op *out)
{
    if (x >= GLC_X_TO_FLOAT && x <= GLC_X_SHR)
        *out = (enum glc_cond_op)(GLC_C_TO_FLOAT + (x - GLC_X_TO_FLOAT));
    else if (x >= GLC_X_CONTAINS && x <= GLC_X_MATCHES)
        *out = (enum glc_cond_op)(GLC_C_CONTAINS + (x - GLC_X_CONTAINS));
    else if (x == GLC_X_NOT || x == GLC_X_DEFINED || x == GLC_X_TO_BOOL)
        *out = x == GLC_X_NOT ? GLC_C_NOT : x == GLC_X_DEFINED ? GLC_C_DEFINED : GLC_C_TO_BOOL;
    else
        return false;
    return true;
}

static void module_value(struct gen *g, const struct glc_expr *x)
{
    for (uint32_t i = 0; i < x->kids; i++)
        expr(g, x->kid[i]);
    switch ((unsigned)x->op) {
    case GLC_X_MEMBER:
        op(g, GLC_C_MEMBER);
        num(g->out, x->index);
        break;
    case GLC_X_CALL:
        asks_function(g, x->index);
        op(g, GLC_C_CALL);
        num(g->out, x->index);
        num(g->out, x->kids);
        break;
    default:
        op(g, x->op == GLC_X_INDEX ? GLC_C_INDEX : GLC_C_LOOKUP);
        break;
    }
    num(g->out, x->type);
    pop(g, x->kids);
    push(g);
}

static void node(struct gen *g, const struct glc_expr *x)
{
    enum glc_cond_op o;
    if (simple_op(x->op, &o)) {
        plain(g, x, o);
        return;
    }
    if (x->op >= GLC_X_EQ && x->op <= GLC_X_GE) {
        compare(g, x, (enum glc_cond_op)(GLC_C_EQ + (x->op - GLC_X_EQ)));
        return;
    }
    switch ((unsigned)x->op) {
    case GLC_X_REGEX:
        regex(g, x);
        return;
    case GLC_X_READ:
        with_index(g, x, GLC_C_READ, false);
        return;
    case GLC_X_AND:
    case GLC_X_OR:
        junction(g, x);
        return;
    case GLC_X_FOUND:
        with_index(g, x, GLC_C_FOUND, true);
        return;
    case GLC_X_FOUND_AT:
        with_index(g, x, GLC_C_FOUND_AT, true);
        return;
    case GLC_X_FOUND_IN:
        with_index(g, x, GLC_C_FOUND_IN, true);
        return;
    case GLC_X_COUNT:
        count_up_to(g, x, NULL);
        return;
    case GLC_X_COUNT_IN:
        with_index(g, x, GLC_C_COUNT_IN, true);
        return;
    case GLC_X_OFFSET:
        with_index(g, x, GLC_C_OFFSET, true);
        return;
    case GLC_X_LENGTH:
        with_index(g, x, GLC_C_LENGTH, true);
        return;
    case GLC_X_OF:
    case GLC_X_OF_AT:
    case GLC_X_OF_IN:
    case GLC_X_OF_RULES:
        of(g, x);
        return;
    case GLC_X_OF_EXPRS:
    case GLC_X_FOR_OF:
    case GLC_X_FOR_RANGE:
    case GLC_X_FOR_LIST:
    case GLC_X_FOR_ARRAY:
    case GLC_X_FOR_DICT:
        loop(g, x);
        return;
    case GLC_X_WITH:
        expr(g, x->kid[0]);
        op(g, GLC_C_STORE);
        num(g->out, x->index);
        pop(g, 1);
        expr(g, x->kid[1]);
        return;
    case GLC_X_MEMBER:
    case GLC_X_INDEX:
    case GLC_X_LOOKUP:
    case GLC_X_CALL:
        module_value(g, x);
        return;
    case GLC_X_SIZE:
        with_index(g, x, GLC_C_SIZE, false);
        return;
    case GLC_X_CLAM_WHEN:
        when(g, x);
        return;
    case GLC_X_CLAM_COUNT:
        clam(g, x);
        op(g, GLC_C_CLAM_BOOL);
        pop(g, 1);
        return;
    default:
        leaf(g, x);
    }
}

/* Nodes whose value a reader wants to see. */
static bool noteworthy(const struct glc_expr *x)
{
    return x->op > GLC_X_UNDEFINED && x->type <= GLC_T_STRING && x->op != GLC_X_TO_BOOL &&
           x->op != GLC_X_TO_FLOAT;
}

static void put_note(struct gen *g, const struct glc_expr *x)
{
    struct glc_buf text;
    glc_buf_init(&text, NOTE_TEXT); /* full, it ends the walk: notes of a large condition cost no more than so
                                       many bytes each */
    glc_expr_text(x, &g->names, &text);
    num(&g->notes, g->depth - 1);
    num(&g->notes, text.len + (text.failed ? 3 : 0));
    glc_buf_put(&g->notes, text.ptr, text.len);
    if (text.failed)
        glc_buf_puts(&g->notes, "...");
    glc_buf_done(&text);
}

static void expr(struct gen *g, const struct glc_expr *x)
{
    if (g->err != GLC_OK || g->out->failed)
        return;
    if (x == NULL || x->op >= GLC_X_OPS) {
        fail(g, GLC_BUG, "broken condition");
        return;
    }
    if (++g->depth > MOST_DEPTH) {
        fail(g, GLC_LIMIT, "condition nested too deeply");
        return;
    }
    bool note = g->opt->notes && noteworthy(x);
    uint32_t number = g->note;
    if (note) {
        g->note++;
        put_note(g, x);
    }
    if (g->opt->notes)
        glc_expr_names_bind(&g->names, x);
    node(g, x);
    if (note) {
        op(g, GLC_C_NOTE);
        num(g->out, number);
    }
    g->depth--;
}

static void patch(struct glc_buf *out, size_t at, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        out->ptr[at + i] = (uint8_t)(v >> 8 * i);
}

enum glc_err glc_cond_compile(const struct glc_rule *rule, const struct glc_cond_options *opt,
                              struct glc_buf *out, struct glc_error *err)
{
    struct gen g = { .rule = rule,
                     .opt = opt,
                     .out = out,
                     .start = out->len,
                     .names = { .rule = rule, .set = opt->set, .modules = opt->modules } };
    glc_buf_init(&g.notes, MOST_CODE);
    if (rule->slots > GLC_COND_MOST_SLOTS)
        return glc_err_set(err, GLC_LIMIT, "condition has too many variables", 0);
    glc_buf_u8(out, GLC_COND_MAGIC);
    glc_buf_u8(out, 0);
    glc_buf_u16le(out, (uint16_t)rule->slots);
    for (unsigned i = 0; i < 3; i++)
        glc_buf_u32le(out, 0);
    expr(&g, rule->condition);
    op(&g, GLC_C_END);
    size_t notes = out->len;
    if (opt->notes) {
        glc_buf_u32le(out, g.note);
        glc_buf_put(out, g.notes.ptr, g.notes.len);
    }
    if (g.most > GLC_COND_MOST_STACK || out->len - g.start > MOST_CODE)
        fail(&g, GLC_LIMIT, "condition too large");
    if (out->failed || g.notes.failed)
        fail(&g, GLC_NOMEM, "out of memory");
    glc_buf_done(&g.notes);
    if (g.err != GLC_OK) {
        out->len = g.start;
        return glc_err_set(err, g.err, g.msg, 0);
    }
    patch(out, g.start + 4, (uint32_t)(out->len - g.start));
    patch(out, g.start + 8, g.most);
    patch(out, g.start + 12, opt->notes ? (uint32_t)(notes - g.start) : 0);
    return GLC_OK;
}
