/* Byte compare: SUBSIG(OFFSET#OPTIONS#COMPARISONS), as 0(>>4#ib2#>512): the number that lies so many bytes
 * behind (>>) or before
 * (<<) where the last occurrence of another subsignature starts. Binary numbers (i) of 1, 2 or 4 bytes,
 * little (l) or big (b) endian; numbers in text, decimal (d), hexadecimal (h) or as they begin (a), of up to
 * 20 bytes. Up to two comparisons, both must hold. */
#include "lang/clam/logic.h"

#include "base/hex.h"
#include "base/num.h"

struct compare {
    const struct glc_clam *c;
    const uint8_t *p, *end;
    bool never; /* the options fit no number */
};

enum { MOST_HEX = 18, MOST_DECIMAL = 20 };

static bool number(struct compare *k, uint32_t *out)
{
    const uint8_t *from = k->p;
    bool hex = k->end - k->p > 2 && k->p[0] == '0' && (k->p[1] | 0x20) == 'x';
    uint64_t v = 0;
    k->p += hex ? 2 : 0;
    const uint8_t *digits = k->p;
    for (int d; k->p < k->end && (d = glc_hex_digit(*k->p)) >= 0 && (hex || d < 10) && v <= UINT32_MAX;
         k->p++)
        v = v * (hex ? 16 : 10) + (uint64_t)d;
    if (k->p == digits)
        return glc_clam_wrong(k->c, from, "a number is wanted here");
    if (v > UINT32_MAX)
        return glc_clam_wrong(k->c, from, "number too large");
    *out = (uint32_t)v;
    return true;
}

/* What is compared with; may be negative. */
static bool value(struct compare *k, int64_t *out)
{
    uint32_t v;
    bool negative = k->p < k->end && *k->p == '-';
    k->p += negative;
    if (!number(k, &v))
        return false;
    *out = negative ? -(int64_t)v : v;
    return true;
}

static bool expect(struct compare *k, char what, const char *message)
{
    if (k->p == k->end || *k->p != (uint8_t)what)
        return glc_clam_wrong(k->c, k->p, message);
    k->p++;
    return true;
}

/* `kind`: d, h or a. clamscan takes h and a without an order, and then they never hold. */
static bool text_options(struct compare *k, const uint8_t *at, char kind, bool big, bool little, bool exact,
                         uint32_t bytes, uint32_t *read)
{
    uint32_t most = kind == 'h' ? MOST_HEX : MOST_DECIMAL;
    if (bytes == 0 || bytes > most || (big && little) || (kind == 'd' && little))
        return glc_clam_tell(k->c, GLC_ERROR, at, (size_t)(k->p - at), "not a number of bytes with its order",
                             "d1 to d20, hb1 to hb18, hl2 to hl18, ab3 to ab20");
    if (little && bytes == 1) { /* there is no order, but it is said */
        little = false;
        big = true;
    }
    if (little && bytes % 2 != 0)
        return glc_clam_tell(k->c, GLC_NOT_TAKEN, at, (size_t)(k->p - at),
                             "pairs of digits in an odd number of bytes are not supported yet", NULL);
    k->never = kind != 'd' && !big && !little;
    *read = GLC_READ_TEXT | bytes |
            (kind == 'h'   ? GLC_READ_TEXT_HEX
             : kind == 'a' ? GLC_READ_TEXT_AUTO
                           : 0) |
            (little ? GLC_READ_TEXT_LITTLE : 0) | (exact ? GLC_READ_TEXT_EXACT : 0);
    return true;
}

static bool options(struct compare *k, uint32_t *read)
{
    bool big = false, little = false, exact = false;
    char kind = 0;
    uint32_t bytes;
    const uint8_t *at = k->p;
    for (; k->p < k->end && (*k->p < '0' || *k->p > '9') && *k->p != '#'; k->p++) {
        if (strchr("hdai", *k->p) != NULL && k->p == at)
            kind = (char)*k->p;
        else if (*k->p == 'l' || *k->p == 'b')
            *(*k->p == 'l' ? &little : &big) = true;
        else if (*k->p != 'e' || k->p == at)
            return glc_clam_wrong(k->c, k->p, "unknown option of byte compare");
        else
            exact = true;
    }
    if (!number(k, &bytes))
        return false;
    if (kind == 0)
        return glc_clam_wrong(k->c, at, "unknown option of byte compare");
    if (kind == 'd' || kind == 'h' || kind == 'a')
        return text_options(k, at, kind, big, little, exact, bytes, read);
    if (bytes == 8)
        return glc_clam_tell(k->c, GLC_NOT_TAKEN, at, 1, "byte compare of 8 bytes is not supported yet",
                             NULL);
    if (big == little || (bytes != 1 && bytes != 2 && bytes != 4))
        return glc_clam_tell(k->c, GLC_ERROR, at, (size_t)(k->p - at), "not a number of bytes with its order",
                             "il1, il2, il4, ib1, ib2, ib4");
    static const enum glc_read reads[2][5] = { { 0, GLC_READ_U8, GLC_READ_U16, 0, GLC_READ_U32 },
                                               { 0, GLC_READ_U8BE, GLC_READ_U16BE, 0, GLC_READ_U32BE } };
    *read = reads[big][bytes];
    return true;
}

static struct glc_expr *node(const struct compare *k, enum glc_expr_op op, enum glc_type type, uint32_t index,
                             struct glc_expr *a, struct glc_expr *b)
{
    uint32_t kids = (uint32_t)(a != NULL) + (b != NULL);
    struct glc_expr *x = glc_expr_new(k->c->arena, op, type, kids);
    if (x == NULL)
        return NULL;
    x->index = index;
    if (a != NULL)
        x->kid[0] = a;
    if (b != NULL)
        x->kid[1] = b;
    return x;
}

/* One comparison of what lies `by` bytes from the last occurrence of `id`. */
static struct glc_expr *comparison(struct compare *k, uint32_t id, int64_t by, uint32_t read)
{
    static const char signs[] = "=><";
    static const enum glc_expr_op ops[] = { GLC_X_EQ, GLC_X_GT, GLC_X_LT };
    const char *sign = k->p < k->end && *k->p != '\0' ? strchr(signs, *k->p) : NULL;
    int64_t with;
    if (sign == NULL) {
        (void)glc_clam_wrong(k->c, k->p, "=, > or < is wanted here");
        return NULL;
    }
    k->p++;
    if (!value(k, &with))
        return NULL;
    struct glc_expr *last = node(k, GLC_X_COUNT, GLC_T_INT, id, NULL, NULL);
    struct glc_expr *start = last == NULL ? NULL : node(k, GLC_X_OFFSET, GLC_T_INT, id, last, NULL);
    struct glc_expr *shift = glc_expr_int(k->c->arena, by), *wanted = glc_expr_int(k->c->arena, with);
    struct glc_expr *place =
        start == NULL || shift == NULL ? NULL : node(k, GLC_X_ADD, GLC_T_INT, 0, start, shift);
    struct glc_expr *there = place == NULL ? NULL : node(k, GLC_X_READ, GLC_T_INT, read, place, NULL);
    return there == NULL || wanted == NULL ? NULL : node(k, ops[sign - signs], GLC_T_BOOL, 0, there, wanted);
}

struct glc_expr *glc_clam_compare(const struct glc_clam *c, struct glc_span sub, uint32_t *of)
{
    struct compare k = { .c = c, .p = sub.ptr, .end = sub.ptr + sub.len };
    struct glc_arena *a = c->arena;
    struct glc_expr *both[2];
    uint32_t read;
    uint32_t id, offset, n = 0;
    if (!number(&k, &id) || !expect(&k, '(', "( is wanted here"))
        return NULL;
    bool back = k.p < k.end && *k.p == '<';
    char shift = back ? '<' : '>';
    if (!expect(&k, shift, ">> or << is wanted here") || !expect(&k, shift, ">> or << is wanted here") ||
        !number(&k, &offset) || !expect(&k, '#', "# is wanted here") || !options(&k, &read) ||
        !expect(&k, '#', "# is wanted here"))
        return NULL;
    for (bool more = true; more; more = n < 2 && k.p < k.end && *k.p == ',') {
        k.p += n != 0;
        if ((both[n] = comparison(&k, id, back ? -(int64_t)offset : offset, read)) == NULL)
            return NULL;
        n++;
    }
    if (!expect(&k, ')', ") is wanted here"))
        return NULL;
    *of = id;
    if (k.never) {
        (void)glc_clam_tell(c, GLC_WARNING, sub.ptr, sub.len,
                            "byte compare without an order (l, b) never holds",
                            "clamscan 1.4.6 reads it like this");
        return glc_expr_bool(a, false);
    }
    return glc_expr_join(a, GLC_X_AND, both, n);
}
