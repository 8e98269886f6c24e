/* The expression of a logical signature: numbers of subsignatures, & and |, groups, and counts behind both.
 *
 * What clamscan 1.4.6 makes of it (docs/clamav-semantics.md), all of it found by experiment:
 *   - & and | have no precedence. Outside of counted groups they bind to the right (0&1|2 is 0&(1|2)), inside
 * to the left.
 *   - A count behind a number compares its occurrences; what follows a comma is read and means nothing.
 *   - A count behind a group compares the sum over the members that hold, a member that does not hold counts
 * 0; behind the comma stands how many different subsignatures must be among them.
 *   - A group of one, (0)>1, takes no count.
 * Hostile lines: the nesting of groups is capped. */
#include "lang/clam/logic.h"

enum { MOST_NESTED = 32, MOST_OPERANDS = 256 };

struct logic {
    const struct glc_clam *c;
    const uint8_t *p, *end;
    uint32_t subs;
    uint64_t used;
    unsigned depth;
};

static bool wrong(const struct logic *l, const uint8_t *at, const char *message)
{
    return glc_clam_wrong(l->c, at, message);
}

static void blanks(struct logic *l)
{
    while (l->p < l->end && *l->p == ' ')
        l->p++;
}

/* Digits at l->p; numbers past 32 bits are as good as the largest. */
static bool number(struct logic *l, uint32_t *out)
{
    const uint8_t *from = l->p;
    uint64_t v = 0;
    for (; l->p < l->end && *l->p >= '0' && *l->p <= '9'; l->p++)
        if ((v = v * 10 + (uint64_t)(*l->p - '0')) > UINT32_MAX)
            v = UINT32_MAX;
    if (l->p == from)
        return wrong(l, from, "a number is wanted here");
    *out = (uint32_t)v;
    return true;
}

static struct glc_expr *at(struct glc_expr *x, const struct logic *l, const uint8_t *p)
{
    if (x != NULL) {
        x->line = l->c->line;
        x->column = (uint32_t)(p - l->c->text.ptr) + 1;
    }
    return x;
}

/* A count: =x =x,y >x >x,y <x <x,y. Further ones behind it say nothing, as with clamscan. */
struct count {
    bool is;
    enum glc_compare compare;
    uint32_t x, y;
};

static bool is_compare(const struct logic *l)
{
    return l->p < l->end && (*l->p == '=' || *l->p == '>' || *l->p == '<');
}

static bool count(struct logic *l, struct count *out)
{
    *out = (struct count){ .is = false };
    for (bool first = true; is_compare(l); first = false) {
        struct count k = { .is = true };
        k.compare = *l->p == '=' ? GLC_CMP_EQ : *l->p == '>' ? GLC_CMP_GT : GLC_CMP_LT;
        l->p++;
        if (!number(l, &k.x))
            return false;
        if (l->p < l->end && *l->p == ',') {
            l->p++;
            if (l->p < l->end && *l->p >= '0' && *l->p <= '9' && !number(l, &k.y))
                return false;
        }
        if (first)
            *out = k;
    }
    return true;
}

/* Only FOUNDs, and ORs of them? */
static bool plain_or(const struct glc_expr *x)
{
    if (x->op == GLC_X_FOUND)
        return true;
    for (uint32_t i = 0; x->op == GLC_X_OR && i < x->kids; i++)
        if (x->kid[i]->op != GLC_X_FOUND)
            return false;
    return x->op == GLC_X_OR;
}

/* Where a group of plain alternatives asks for more different members than occurrences, it is `y of them`,
 * which is cheaper to judge. Not inside another count, which wants the sum. */
static struct glc_expr *some_of(const struct logic *l, const struct glc_expr *counted)
{
    const struct glc_expr *group = counted->kid[0];
    uint64_t set = 0;
    uint32_t n = 0;
    for (uint32_t i = 0; i < group->kids; i++)
        set |= (uint64_t)1 << group->kid[i]->index;
    struct glc_expr *x = glc_expr_new(l->c->arena, GLC_X_OF, GLC_T_BOOL, 1);
    if (x == NULL || (x->kid[0] = glc_expr_int(l->c->arena, counted->u.count.distinct)) == NULL)
        return NULL;
    x->u.of.quant = GLC_Q_NUMBER;
    x->u.of.set = glc_arena_array(l->c->arena, GLC_CLAM_MOST_SUBS, sizeof(uint32_t));
    for (uint32_t i = 0; x->u.of.set != NULL && i < GLC_CLAM_MOST_SUBS; i++)
        if ((set >> i & 1) != 0)
            x->u.of.set[n++] = i;
    x->u.of.n = n;
    return x->u.of.set == NULL ? NULL : x;
}

static struct glc_expr *counted(const struct logic *l, struct glc_expr *of, const struct count *k)
{
    bool group = of->op != GLC_X_FOUND;
    if (k->compare == GLC_CMP_GT && k->x == 0 && (!group || k->y <= 1) && plain_or(of))
        return of;
    struct glc_expr *x = glc_expr_new(l->c->arena, GLC_X_CLAM_COUNT, GLC_T_BOOL, 1);
    if (x == NULL)
        return NULL;
    x->index = k->compare;
    x->kid[0] = of;
    x->u.count.x = k->x;
    x->u.count.distinct = group ? k->y : 0;
    return x;
}

static struct glc_expr *expression(struct logic *l);

static struct glc_expr *subsignature(struct logic *l)
{
    const uint8_t *from = l->p;
    uint32_t id;
    if (!number(l, &id))
        return NULL;
    if (id >= l->subs) {
        glc_clam_tell(l->c, GLC_ERROR, from, (size_t)(l->p - from), "there is no subsignature of this number",
                      NULL);
        return NULL;
    }
    struct glc_expr *x = at(glc_expr_new(l->c->arena, GLC_X_FOUND, GLC_T_BOOL, 0), l, from);
    if (x == NULL)
        return NULL;
    x->index = id;
    l->used |= (uint64_t)1 << id;
    return x;
}

/* A list `a op b op c` as it was read. */
struct list {
    struct glc_expr **operand;
    size_t n;
    uint8_t op[MOST_OPERANDS]; /* op[i] stands behind operand i */
};

static struct glc_expr *join(const struct logic *l, uint8_t op, struct glc_expr *a, struct glc_expr *b)
{
    return glc_expr_join(l->c->arena, op == '&' ? GLC_X_AND : GLC_X_OR, (struct glc_expr *[]){ a, b }, 2);
}

/* The first `n` operands, bound to the right. */
static struct glc_expr *fold(const struct logic *l, const struct list *s, size_t n)
{
    struct glc_expr *x = s->operand[n - 1];
    for (size_t i = n - 1; i-- != 0 && x != NULL;)
        x = join(l, s->op[i], s->operand[i], x);
    return x;
}

/* A group: its last operator is the outermost. */
static struct glc_expr *fold_group(const struct logic *l, const struct list *s)
{
    if (s->n == 1)
        return s->operand[0];
    struct glc_expr *x = fold(l, s, s->n - 1);
    return x == NULL ? NULL : join(l, s->op[s->n - 2], x, s->operand[s->n - 1]);
}

static bool operand(struct logic *l, struct list *s);

static bool read_list(struct logic *l, struct list *s)
{
    *s = (struct list){ .n = 0 };
    for (;;) {
        blanks(l);
        if (s->n == MOST_OPERANDS)
            return wrong(l, l->p, "more than 256 operands");
        if (!operand(l, s))
            return false;
        blanks(l);
        if (l->p == l->end || (*l->p != '&' && *l->p != '|'))
            return true;
        s->op[s->n - 1] = *l->p++;
    }
}

static struct glc_expr *group(struct logic *l)
{
    const uint8_t *open = l->p++;
    struct list s;
    struct count k;
    if (++l->depth > MOST_NESTED) {
        (void)wrong(l, open, "groups are nested too deeply");
        return NULL;
    }
    if (!read_list(l, &s))
        return NULL;
    if (l->p == l->end) {
        (void)wrong(l, open, "( is not closed");
        return NULL;
    }
    if (*l->p != ')') {
        (void)wrong(l, l->p, "an operator or ) is wanted here");
        return NULL;
    }
    l->p++;
    l->depth--;
    const uint8_t *behind = l->p;
    if (!count(l, &k))
        return NULL;
    if (k.is && s.n == 1) {
        (void)wrong(l, behind, "a group of one takes no count");
        return NULL;
    }
    struct glc_expr *x = fold_group(l, &s);
    return x == NULL || !k.is ? x : at(counted(l, x, &k), l, open);
}

static bool operand(struct logic *l, struct list *s)
{
    struct glc_expr *x;
    if (l->p < l->end && *l->p == '(') {
        x = group(l);
    } else {
        const uint8_t *from = l->p;
        struct count k;
        x = subsignature(l);
        if (x == NULL || !count(l, &k))
            return false;
        if (k.is)
            x = at(counted(l, x, &k), l, from);
    }
    struct glc_expr **slot =
        x == NULL ? NULL : glc_arena_push(l->c->arena, &s->operand, &s->n, sizeof(struct glc_expr *));
    if (slot == NULL)
        return false;
    *slot = x;
    return true;
}

static struct glc_expr *expression(struct logic *l)
{
    struct list s;
    if (!read_list(l, &s))
        return NULL;
    if (l->p != l->end) {
        (void)wrong(l, l->p, *l->p == ')' ? ") without a (" : "an operator is wanted here");
        return NULL;
    }
    return fold(l, &s, s.n);
}

/* As deep as groups are nested. */
static struct glc_expr *simplified(const struct logic *l, struct glc_expr *x)
{
    if (x != NULL && x->op == GLC_X_CLAM_COUNT)
        return x->index == GLC_CMP_GT && x->u.count.distinct > x->u.count.x && plain_or(x->kid[0])
                   ? some_of(l, x)
                   : x;
    for (uint32_t i = 0; x != NULL && i < x->kids; i++)
        if ((x->kid[i] = simplified(l, x->kid[i])) == NULL)
            return NULL;
    return x;
}

struct glc_expr *glc_clam_trigger(const struct glc_clam *c, struct glc_span text, uint32_t subs)
{
    struct logic l = { .c = c, .p = text.ptr, .end = text.ptr + text.len, .subs = subs };
    struct glc_expr *x = expression(&l);
    return x == NULL ? NULL : simplified(&l, x);
}

struct glc_expr *glc_clam_logic(const struct glc_clam *c, struct glc_span text, uint32_t subs)
{
    struct logic l = { .c = c, .p = text.ptr, .end = text.ptr + text.len, .subs = subs };
    struct glc_expr *x = expression(&l);
    if (x == NULL)
        return NULL;
    /* clamscan wants the highest number to be that of the last subsignature. */
    if ((l.used >> (subs - 1) & 1) == 0) {
        (void)glc_clam_tell(c, GLC_ERROR, text.ptr, text.len,
                            "the last subsignature is not in the expression", NULL);
        return NULL;
    }
    return simplified(&l, x);
}
