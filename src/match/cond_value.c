/* What operators of conditions make of their operands: YARA's arithmetic, comparisons and strings, as
 * measured.
 *
 * Comparisons of floats by order take an undefined operand as false, all others hand it on. Floats are equal
 * within DBL_EPSILON. Strings compare byte by byte as signed characters. */
#include "match/cond_internal.h"

#include <float.h>
#include <math.h>

static int64_t wrap(uint64_t v)
{
    int64_t r;
    memcpy(&r, &v, sizeof r);
    return r;
}

bool glc_cond_unary(enum glc_cond_op op, struct glc_value *v)
{
    bool number = v->type == GLC_T_INT || v->type == GLC_T_BOOL;
    switch ((unsigned)op) {
    case GLC_C_TO_FLOAT:
        if (!number)
            return false;
        v->type = GLC_T_FLOAT;
        v->u.real = (double)v->u.integer;
        return true;
    case GLC_C_NEG:
        if (v->type == GLC_T_FLOAT)
            v->u.real = -v->u.real;
        else if (number)
            v->u.integer = wrap(0 - (uint64_t)v->u.integer);
        else
            return false;
        return true;
    case GLC_C_BIT_NOT:
        if (v->type != GLC_T_INT)
            return false;
        v->u.integer = ~v->u.integer;
        return true;
    case GLC_C_NOT:
        if (v->type != GLC_T_BOOL)
            return false;
        v->u.integer = v->u.integer == 0;
        return true;
    case GLC_C_DEFINED:
        *v = glc_cond_bool(v->defined);
        return true;
    default: /* TO_BOOL */
        if (!v->defined)
            *v = glc_cond_undefined(GLC_T_BOOL);
        else if (v->type == GLC_T_STRING)
            *v = glc_cond_bool(v->u.text.len != 0);
        else if (v->type == GLC_T_FLOAT)
            *v = glc_cond_bool(v->u.real < 0 || v->u.real > 0);
        else if (number)
            *v = glc_cond_bool(v->u.integer != 0);
        else
            return false;
        return true;
    }
}

static bool divide(int64_t a, int64_t b, bool modulo, int64_t *out)
{
    if (b == 0 || (a == INT64_MIN && b == -1))
        return false;
    *out = modulo ? a % b : a / b;
    return true;
}

static bool int_arith(enum glc_cond_op op, int64_t a, int64_t b, int64_t *out)
{
    uint64_t x = (uint64_t)a, y = (uint64_t)b;
    switch ((unsigned)op) {
    case GLC_C_ADD:
        *out = wrap(x + y);
        return true;
    case GLC_C_SUB:
        *out = wrap(x - y);
        return true;
    case GLC_C_MUL:
        *out = wrap(x * y);
        return true;
    case GLC_C_DIV:
    case GLC_C_MOD:
        return divide(a, b, op == GLC_C_MOD, out);
    case GLC_C_BIT_AND:
        *out = a & b;
        return true;
    case GLC_C_BIT_OR:
        *out = a | b;
        return true;
    case GLC_C_BIT_XOR:
        *out = a ^ b;
        return true;
    case GLC_C_SHL:
        *out = b >= 64 ? 0 : wrap(x << (b & 63));
        return b >= 0;
    default: /* SHR keeps the sign */
        *out = b >= 64 ? 0 : a >> (b & 63);
        return b >= 0;
    }
}

bool glc_cond_arith(enum glc_cond_op op, struct glc_value *a, const struct glc_value *b)
{
    if (a->type == GLC_T_FLOAT && b->type == GLC_T_FLOAT) {
        if (op > GLC_C_DIV)
            return false;
        a->defined = a->defined && b->defined;
        switch ((unsigned)op) {
        case GLC_C_ADD:
            a->u.real += b->u.real;
            break;
        case GLC_C_SUB:
            a->u.real -= b->u.real;
            break;
        case GLC_C_MUL:
            a->u.real *= b->u.real;
            break;
        default:
            a->u.real /= b->u.real; /* by zero: infinite */
        }
        return true;
    }
    if ((a->type != GLC_T_INT && a->type != GLC_T_BOOL) || (b->type != GLC_T_INT && b->type != GLC_T_BOOL))
        return false;
    int64_t r = 0;
    bool defined = a->defined && b->defined && int_arith(op, a->u.integer, b->u.integer, &r);
    *a = defined ? glc_cond_int(r) : glc_cond_undefined(GLC_T_INT);
    return true;
}

static bool by_order(enum glc_cond_op op, int order)
{
    switch ((unsigned)op) {
    case GLC_C_EQ:
        return order == 0;
    case GLC_C_NE:
        return order != 0;
    case GLC_C_LT:
        return order < 0;
    case GLC_C_LE:
        return order <= 0;
    case GLC_C_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}

static int text_order(struct glc_span a, struct glc_span b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++)
        if (a.ptr[i] != b.ptr[i])
            return (int8_t)a.ptr[i] < (int8_t)b.ptr[i] ? -1 : 1;
    return a.len < b.len ? -1 : a.len > b.len;
}

static bool float_compare(enum glc_cond_op op, double a, double b)
{
    switch ((unsigned)op) {
    case GLC_C_EQ:
        return fabs(a - b) < DBL_EPSILON || (isinf(a) && isinf(b) && (a > 0) == (b > 0));
    case GLC_C_NE:
        return fabs(a - b) >= DBL_EPSILON;
    case GLC_C_LT:
        return a < b;
    case GLC_C_LE:
        return a <= b;
    case GLC_C_GT:
        return a > b;
    default:
        return a >= b;
    }
}

bool glc_cond_compare(enum glc_cond_op op, struct glc_value *a, const struct glc_value *b)
{
    bool numbers =
        (a->type == GLC_T_INT || a->type == GLC_T_BOOL) && (b->type == GLC_T_INT || b->type == GLC_T_BOOL);
    if (!numbers && (a->type != b->type || (a->type != GLC_T_FLOAT && a->type != GLC_T_STRING)))
        return false;
    if (!a->defined || !b->defined)
        /* yara answers false where a float is less than nothing, and undefined to all other comparisons. */
        *a = a->type == GLC_T_FLOAT && op == GLC_C_LT ? glc_cond_bool(false) : glc_cond_undefined(GLC_T_BOOL);
    else if (a->type == GLC_T_FLOAT)
        *a = glc_cond_bool(float_compare(op, a->u.real, b->u.real));
    else if (a->type == GLC_T_STRING)
        *a = glc_cond_bool(by_order(op, text_order(a->u.text, b->u.text)));
    else
        *a = glc_cond_bool(by_order(op, a->u.integer < b->u.integer ? -1 : a->u.integer > b->u.integer));
    return true;
}

static bool ifind(struct glc_span s, struct glc_span needle)
{
    if (needle.len == 0)
        return true;
    uint8_t first = glc_ascii_lower(needle.ptr[0]);
    for (size_t i = 0; needle.len <= s.len && i <= s.len - needle.len; i++)
        if (glc_ascii_lower(s.ptr[i]) == first && glc_span_ieq(glc_span(s.ptr + i, needle.len), needle))
            return true;
    return false;
}

bool glc_cond_text(enum glc_cond_op op, struct glc_value *a, const struct glc_value *b)
{
    if (a->type != GLC_T_STRING || b->type != GLC_T_STRING)
        return false;
    if (!a->defined || !b->defined) {
        *a = glc_cond_undefined(GLC_T_BOOL);
        return true;
    }
    struct glc_span s = a->u.text, n = b->u.text;
    bool fits = n.len <= s.len, r;
    struct glc_span head = glc_span(s.ptr, fits ? n.len : 0);
    struct glc_span tail = fits && n.len != 0 ? glc_span(s.ptr + (s.len - n.len), n.len) : glc_span(NULL, 0);
    switch ((unsigned)op) {
    case GLC_C_CONTAINS:
        r = n.len == 0 || glc_span_find(s, n) != SIZE_MAX;
        break;
    case GLC_C_ICONTAINS:
        r = ifind(s, n);
        break;
    case GLC_C_STARTS:
        r = fits && glc_span_eq(head, n);
        break;
    case GLC_C_ISTARTS:
        r = fits && glc_span_ieq(head, n);
        break;
    case GLC_C_ENDS:
        r = fits && glc_span_eq(tail, n);
        break;
    case GLC_C_IENDS:
        r = fits && glc_span_ieq(tail, n);
        break;
    default:
        r = glc_span_ieq(s, n);
    }
    *a = glc_cond_bool(r);
    return true;
}

struct glc_value glc_cond_read(const struct glc_layer *layer, unsigned read, const struct glc_value *offset)
{
    static const uint8_t width[GLC_READS] = { 1, 2, 4, 1, 2, 4, 1, 2, 4, 1, 2, 4, 4, 8, 4, 8 };
    bool text = read >= GLC_READ_TEXT, real = read >= GLC_READ_F32 && read < GLC_READS;
    unsigned w = text ? read & GLC_READ_TEXT_LEN : read < GLC_READS ? width[read] : 0;
    struct glc_span data = layer->data;
    uint64_t at = (uint64_t)offset->u.integer;
    if (layer->region != NULL) {
        const struct glc_region *r = glc_layer_region(layer, at);
        data = r != NULL ? r->bytes : glc_span(NULL, 0);
        at -= r != NULL ? r->address : 0;
    }
    if (!offset->defined || offset->u.integer < 0 || data.len < w || at > data.len - w || w == 0)
        return glc_cond_undefined(real ? GLC_T_FLOAT : GLC_T_INT);
    const uint8_t *p = data.ptr + at;
    if (text)
        return glc_cond_number(glc_span(p, w), read);
    bool big = (read >= GLC_READ_U8BE && read <= GLC_READ_I32BE) || read >= GLC_READ_F32BE;
    uint64_t v = 0;
    for (unsigned i = 0; i < w; i++)
        v |= (uint64_t)p[big ? w - 1 - i : i] << 8 * i;
    if (real) {
        struct glc_value r = { .type = GLC_T_FLOAT, .defined = true };
        float f;
        uint32_t low = (uint32_t)v;
        memcpy(&f, &low, sizeof f);
        if (w == 4)
            r.u.real = (double)f;
        else
            memcpy(&r.u.real, &v, sizeof v);
        return r;
    }
    bool sign = read % 6 >= 3;
    if (sign && w < 8 && (v >> (8 * w - 1) & 1) != 0)
        v |= ~(uint64_t)0 << 8 * w;
    return glc_cond_int(wrap(v));
}

static struct glc_value place(uint64_t offset)
{
    return offset == GLC_NO_OFFSET ? glc_cond_undefined(GLC_T_INT) : glc_cond_int((int64_t)offset);
}

static int64_t formats_in(const char *path)
{
    int64_t n = 0;
    for (; path != NULL && *path != 0; path++)
        n += *path == '>';
    return n;
}

struct glc_value glc_cond_fact(const struct glc_layer *layer, unsigned fact)
{
    const struct glc_value none = glc_cond_undefined(GLC_T_INT);
    switch (fact) {
    case GLC_FACT_SIZE:
        return layer->region != NULL ? none : glc_cond_int((int64_t)layer->data.len);
    case GLC_FACT_ENTRY:
        return place(layer->facts.entrypoint);
    case GLC_FACT_CLAM_ENTRY:
        return place(layer->facts.entry);
    case GLC_FACT_SECTIONS:
        return layer->facts.section == NULL ? none : glc_cond_int(layer->facts.sections);
    case GLC_FACT_CLASS:
        return glc_cond_int(layer->cls);
    case GLC_FACT_CONTAINER:
        return layer->nested ? glc_cond_int(layer->container) : none;
    case GLC_FACT_DEPTH:
        return glc_cond_int(layer->depth);
    case GLC_FACT_AROUND:
        return glc_cond_int(formats_in(layer->path));
    case GLC_FACT_PATH:
        return (struct glc_value){ .type = GLC_T_STRING,
                                   .defined = true,
                                   .u.text = glc_span_str(layer->path != NULL ? layer->path : "") };
    default:
        return none;
    }
}
