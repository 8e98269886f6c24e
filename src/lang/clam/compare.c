/* Byte compare: SUBSIG(OFFSET#OPTIONS#COMPARISONS), as 0(>>4#ib2#>512): the number that lies so many bytes
 * behind (>>) or before
 * (<<) where the last occurrence of another subsignature starts. Binary numbers (i) of 1, 2 or 4 bytes,
 * little (l) or big (b) endian; up to two comparisons, both must hold. Numbers in text (d, h, a) are not
 * taken yet. */
#include "lang/clam/logic.h"

#include "base/hex.h"
#include "base/num.h"

struct compare {
    const struct glc_clam *c;
    const uint8_t *p, *end;
};

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

static bool expect(struct compare *k, char what, const char *message)
{
    if (k->p == k->end || *k->p != (uint8_t)what)
        return glc_clam_wrong(k->c, k->p, message);
    k->p++;
    return true;
}

static bool options(struct compare *k, enum glc_read *read)
{
    bool binary = false, big = false, little = false;
    uint32_t bytes;
    const uint8_t *at = k->p;
    for (; k->p < k->end && (*k->p < '0' || *k->p > '9') && *k->p != '#'; k->p++) {
        if (strchr("hdai", *k->p) != NULL && k->p == at)
            binary = *k->p == 'i';
        else if (*k->p == 'l' || *k->p == 'b')
            *(*k->p == 'l' ? &little : &big) = true;
        else if (*k->p != 'e' || k->p == at)
            return glc_clam_wrong(k->c, k->p, "unknown option of byte compare");
    }
    if (!number(k, &bytes))
        return false;
    if (!binary)
        return glc_clam_tell(k->c, GLC_NOT_TAKEN, at, 1,
                             "byte compare of numbers in text is not supported yet", NULL);
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
static struct glc_expr *comparison(struct compare *k, uint32_t id, int64_t by, enum glc_read read)
{
    static const char signs[] = "=><";
    static const enum glc_expr_op ops[] = { GLC_X_EQ, GLC_X_GT, GLC_X_LT };
    const char *sign = k->p < k->end && *k->p != '\0' ? strchr(signs, *k->p) : NULL;
    uint32_t value;
    if (sign == NULL) {
        (void)glc_clam_wrong(k->c, k->p, "=, > or < is wanted here");
        return NULL;
    }
    k->p++;
    if (!number(k, &value))
        return NULL;
    struct glc_expr *last = node(k, GLC_X_COUNT, GLC_T_INT, id, NULL, NULL);
    struct glc_expr *start = last == NULL ? NULL : node(k, GLC_X_OFFSET, GLC_T_INT, id, last, NULL);
    struct glc_expr *shift = glc_expr_int(k->c->arena, by), *wanted = glc_expr_int(k->c->arena, value);
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
    enum glc_read read;
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
    return glc_expr_join(a, GLC_X_AND, both, n);
}
