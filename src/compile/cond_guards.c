/* What a condition demands of every layer that it is true for, read off its tree: comparisons of filesize, of
 * the class, and of integers at fixed offsets with constants, facts of a module that tells something of one
 * kind of file only, through `and` and `or`. Whatever is not understood demands nothing. */
#include "compile/cond_compile.h"

enum { MOST_DEPTH = 200 };

static const struct glc_cond_guards anything = { .size_max = UINT64_MAX, .classes = UINT32_MAX };

static bool constant(const struct glc_expr *x, int64_t *v)
{
    if (x->op != GLC_X_INT)
        return false;
    *v = x->u.integer;
    return true;
}

/* filesize `op` v, or where `swap` v `op` filesize. */
static void size_guard(enum glc_expr_op op, int64_t v, bool swap, struct glc_cond_guards *g)
{
    static const enum glc_expr_op swapped[] = { GLC_X_EQ, GLC_X_NE, GLC_X_GT, GLC_X_GE, GLC_X_LT, GLC_X_LE };
    if (swap)
        op = swapped[op - GLC_X_EQ];
    if (v < 0) {
        g->never = op == GLC_X_EQ || op == GLC_X_LT || op == GLC_X_LE;
        return;
    }
    uint64_t n = (uint64_t)v;
    switch ((unsigned)op) {
    case GLC_X_EQ:
        g->size_min = g->size_max = n;
        break;
    case GLC_X_LT:
        if (n == 0)
            g->never = true;
        else
            g->size_max = n - 1;
        break;
    case GLC_X_LE:
        g->size_max = n;
        break;
    case GLC_X_GT:
        g->size_min = n + 1;
        break;
    case GLC_X_GE:
        g->size_min = n;
        break;
    default:
        break;
    }
}

/* The integer `read` at `offset` equals v. */
static void read_guard(unsigned read, int64_t offset, int64_t v, struct glc_cond_guards *g)
{
    static const uint8_t widths[3] = { 1, 2, 4 };
    if (read > GLC_READ_I32BE)
        return;
    uint8_t width = widths[read % 3];
    bool is_signed = read % 6 >= 3, big = read >= GLC_READ_U8BE;
    int64_t limit = (int64_t)1 << 8 * width;
    int64_t lowest = is_signed ? -(limit / 2) : 0, highest = is_signed ? limit / 2 - 1 : limit - 1;
    if (v < lowest || v > highest || offset < 0) {
        g->never = true;
        return;
    }
    if (offset > UINT32_MAX - 4)
        return;
    uint32_t bits = (uint32_t)v & (width == 4 ? UINT32_MAX : (uint32_t)(limit - 1)), value = bits;
    if (big) {
        value = 0;
        for (unsigned i = 0; i < width; i++)
            value |= (bits >> 8 * i & 0xff) << 8 * (width - 1 - i);
    }
    g->read[0] = (struct glc_cond_read){ .offset = (uint32_t)offset, .value = value, .width = width };
    g->reads = 1;
    g->size_min = (uint64_t)offset + width;
}

static struct glc_cond_guards compare_guard(const struct glc_expr *x)
{
    struct glc_cond_guards g = anything;
    int64_t v, offset;
    bool swap = constant(x->kid[0], &v);
    if (!swap && !constant(x->kid[1], &v))
        return g;
    const struct glc_expr *of = x->kid[swap ? 1 : 0];
    if (of->op == GLC_X_FACT && of->index == GLC_FACT_SIZE)
        size_guard(x->op, v, swap, &g);
    else if (x->op == GLC_X_EQ && of->op == GLC_X_FACT && of->index == GLC_FACT_CLASS)
        g.classes = v >= 0 && v < GLC_CLASSES ? GLC_CLASS_BIT(v) : 0;
    else if (x->op == GLC_X_EQ && of->op == GLC_X_READ && constant(of->kid[0], &offset))
        read_guard(of->index, offset, v, &g);
    if (g.classes == 0)
        g.never = true;
    return g;
}

static void both(struct glc_cond_guards *a, const struct glc_cond_guards *b)
{
    a->never = a->never || b->never;
    if (b->size_min > a->size_min)
        a->size_min = b->size_min;
    if (b->size_max < a->size_max)
        a->size_max = b->size_max;
    a->classes &= b->classes;
    for (uint32_t i = 0; i < b->reads && a->reads < 4; i++) {
        bool known = false;
        for (uint32_t k = 0; k < a->reads; k++)
            known = known || (a->read[k].offset == b->read[i].offset &&
                              a->read[k].width == b->read[i].width && a->read[k].value == b->read[i].value);
        if (!known)
            a->read[a->reads++] = b->read[i];
    }
    if (a->size_min > a->size_max || a->classes == 0)
        a->never = true;
}

static void either(struct glc_cond_guards *a, const struct glc_cond_guards *b)
{
    if (b->never)
        return;
    if (a->never) {
        *a = *b;
        return;
    }
    if (b->size_min < a->size_min)
        a->size_min = b->size_min;
    if (b->size_max > a->size_max)
        a->size_max = b->size_max;
    a->classes |= b->classes;
    uint32_t n = 0;
    for (uint32_t i = 0; i < a->reads; i++)
        for (uint32_t k = 0; k < b->reads; k++)
            if (a->read[i].offset == b->read[k].offset && a->read[i].width == b->read[k].width &&
                a->read[i].value == b->read[k].value) {
                a->read[n++] = a->read[i];
                break;
            }
    a->reads = n;
}

/* A fact or a function's result of a module itself: its name, and the module's first bytes in *first (NULL:
 * any). NULL: it is something else. */
static const char *asked_of(const struct glc_expr *x, const struct glc_modules *modules, const char **first)
{
    uint32_t module;
    if (x->op == GLC_X_CALL) {
        const struct glc_function *f = glc_modules_function(modules, x->index, &module);
        *first = f != NULL ? modules->module[module]->first : NULL;
        return f != NULL && f->args[0] != 'o' ? f->name : NULL;
    }
    if (x->op != GLC_X_MEMBER || x->kid[0]->op != GLC_X_MODULE || x->kid[0]->index >= modules->n)
        return NULL;
    module = x->kid[0]->index;
    *first = modules->module[module]->first;
    const struct glc_field *fields = modules->module[module]->fields;
    return x->index < glc_fields_count(fields) ? fields[x->index].name : NULL;
}

static bool may_be_0(const char *name)
{
    return strncmp(name, "is_", 3) == 0;
}

/* The first bytes of a layer without which `x` is undefined; NULL: there are none. */
static const char *undefined_without(const struct glc_expr *x, const struct glc_modules *modules,
                                     unsigned depth)
{
    const char *first = NULL, *name;
    uint32_t kids = x->kids;
    if (depth == 0 || modules == NULL)
        return NULL;
    switch ((unsigned)x->op) {
    case GLC_X_MEMBER:
    case GLC_X_CALL:
        name = asked_of(x, modules, &first);
        if (name != NULL && first != NULL && !may_be_0(name))
            return first;
        break;
    case GLC_X_SIZE:
        kids = x->index == 1 ? kids : 0;
        break;
    case GLC_X_LT: /* of floats: false where one is undefined */
        kids = x->kid[0]->type == GLC_T_FLOAT ? 0 : kids;
        break;
    case GLC_X_READ:
    case GLC_X_NOT:
    case GLC_X_TO_BOOL:
    case GLC_X_INDEX:
    case GLC_X_LOOKUP:
        break;
    default:
        if (!(x->op >= GLC_X_TO_FLOAT && x->op <= GLC_X_MATCHES))
            return NULL;
        break;
    }
    for (uint32_t i = 0; i < kids; i++)
        if ((first = undefined_without(x->kid[i], modules, depth - 1)) != NULL)
            return first;
    return NULL;
}

/* … or false, which is as good for a condition. */
static const char *false_without(const struct glc_expr *x, const struct glc_modules *modules, unsigned depth)
{
    const char *first = undefined_without(x, modules, depth), *of;
    if (first == NULL && modules != NULL && x->op == GLC_X_TO_BOOL &&
        asked_of(x->kid[0], modules, &of) != NULL)
        first = of;
    if (first == NULL && x->op == GLC_X_LT)
        for (uint32_t i = 0; i < x->kids && first == NULL; i++)
            first = undefined_without(x->kid[i], modules, depth);
    /* A loop that goes through nothing is false. */
    uint32_t range = x->op == GLC_X_FOR_RANGE                              ? 2
                     : x->op == GLC_X_FOR_ARRAY || x->op == GLC_X_FOR_DICT ? 1
                                                                           : 0;
    for (uint32_t i = 1; i <= range && first == NULL; i++)
        first = undefined_without(x->kid[i], modules, depth);
    return first;
}

/* It begins with these bytes. */
static struct glc_cond_guards first_guard(const char *first)
{
    struct glc_cond_guards g = anything;
    uint8_t width = (uint8_t)strlen(first);
    if (width != 1 && width != 2 && width != 4)
        return g;
    g.read[0] = (struct glc_cond_read){ .width = width };
    for (unsigned i = 0; i < width; i++)
        g.read[0].value |= (uint32_t)(uint8_t)first[i] << 8 * i;
    g.reads = 1;
    g.size_min = width;
    return g;
}

static struct glc_cond_guards guards(const struct glc_expr *x, const struct glc_modules *modules,
                                     unsigned depth)
{
    struct glc_cond_guards g = anything;
    if (depth == 0)
        return g;
    if (x->op == GLC_X_BOOL) {
        g.never = x->u.integer == 0;
    } else if (x->op == GLC_X_UNDEFINED) {
        g.never = true;
    } else if (x->op == GLC_X_AND || x->op == GLC_X_OR) {
        if (x->op == GLC_X_OR)
            g.never = true;
        for (uint32_t i = 0; i < x->kids; i++) {
            struct glc_cond_guards k = guards(x->kid[i], modules, depth - 1);
            if (x->op == GLC_X_AND)
                both(&g, &k);
            else
                either(&g, &k);
        }
    } else if (x->op == GLC_X_WITH) {
        g = guards(x->kid[1], modules, depth - 1);
    } else {
        const char *first = false_without(x, modules, depth);
        if (x->op >= GLC_X_EQ && x->op <= GLC_X_GE)
            g = compare_guard(x);
        if (first != NULL) {
            struct glc_cond_guards k = first_guard(first);
            both(&g, &k);
        }
    }
    return g;
}

static bool writes(const struct glc_expr *x, const struct glc_modules *modules, unsigned depth)
{
    uint32_t module;
    if (depth == 0)
        return true;
    if (x->op == GLC_X_CALL && glc_modules_function(modules, x->index, &module) != NULL &&
        strcmp(modules->module[module]->name, "console") == 0)
        return true;
    for (uint32_t i = 0; i < x->kids; i++)
        if (writes(x->kid[i], modules, depth - 1))
            return true;
    return false;
}

bool glc_cond_writes(const struct glc_expr *x, const struct glc_modules *modules)
{
    return modules != NULL && writes(x, modules, MOST_DEPTH);
}

void glc_cond_guards(const struct glc_expr *x, const struct glc_modules *modules, struct glc_cond_guards *out)
{
    *out = glc_cond_writes(x, modules) ? anything : guards(x, modules, MOST_DEPTH);
}
