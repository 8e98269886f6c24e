#include "random_re.h"

static const uint8_t alphabet[] = { 'a', 'b', 'c', 'A', ' ', '\n', 0, '_' };

uint32_t random_below(struct random *r, uint32_t n)
{
    r->state = r->state * 6364136223846793005u + 1442695040888963407u;
    uint64_t x = r->state;
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdu;
    return (uint32_t)((x >> 32) % n);
}

static uint8_t letter(struct random *r)
{
    uint32_t k = random_below(r, 16);
    return alphabet[k < sizeof alphabet ? k : k % 3];
}

static struct glc_re *random_bytes(struct random *r, struct glc_arena *a)
{
    uint8_t value[12], mask[12];
    uint32_t n = 1 + random_below(r, random_below(r, 4) == 0 ? 12 : 3);
    for (uint32_t i = 0; i < n; i++) {
        static const uint8_t masks[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xdf, 0, 0xf0, 0x0f };
        value[i] = letter(r);
        mask[i] = masks[random_below(r, sizeof masks)];
    }
    return glc_re_bytes(a, value, mask, n);
}

static struct glc_re *random_class(struct random *r, struct glc_arena *a)
{
    uint32_t set[8] = { 0 };
    uint32_t n = random_below(r, 4);
    for (uint32_t i = 0; i <= n; i++)
        glc_set_add(set, letter(r));
    if (random_below(r, 4) == 0)
        for (unsigned i = 0; i < 8; i++)
            set[i] = ~set[i];
    return glc_re_class(a, set);
}

static void bounds(struct random *r, bool wide, uint32_t *min, uint32_t *max)
{
    *min = random_below(r, wide && random_below(r, 4) == 0 ? 40 : 4);
    *max = *min + random_below(r, wide && random_below(r, 4) == 0 ? 300 : 4);
    if (random_below(r, 4) == 0)
        *max = GLC_UNBOUNDED;
    if (random_below(r, 6) == 0)
        *max = *min;
}

static struct glc_re *some(struct random *r, struct glc_arena *a, const struct random_shape *shape,
                           uint32_t depth)
{
    uint32_t min, max, n;
    struct glc_re *kid[6];
    switch (random_below(r, depth == 0 ? 4 : 12)) {
    case 0:
    case 1:
        return random_bytes(r, a);
    case 2:
        return random_class(r, a);
    case 3:
        if (shape->asserts && random_below(r, 2) == 0)
            return glc_re_assert(a, (enum glc_re_assert)random_below(r, GLC_AT_NO_EDGE + 1));
        if (!shape->gaps)
            return random_bytes(r, a);
        bounds(r, true, &min, &max);
        return glc_re_gap(a, min, max);
    case 4:
    case 5:
    case 6:
        n = 1 + random_below(r, 5);
        for (uint32_t i = 0; i < n; i++)
            kid[i] = some(r, a, shape, depth - 1);
        return glc_re_cat(a, kid, n);
    case 7:
    case 8:
        n = 2 + random_below(r, 3);
        for (uint32_t i = 0; i < n; i++)
            kid[i] = random_below(r, 12) == 0 ? glc_re_empty(a) : some(r, a, shape, depth - 1);
        return glc_re_alt(a, kid, n);
    default:
        bounds(r, false, &min, &max);
        kid[0] = random_below(r, 2) == 0 ? random_class(r, a) : some(r, a, shape, depth - 1);
        if (max == 0)
            max = 1;
        return glc_re_repeat(a, kid[0], min, max, random_below(r, 2) != 0);
    }
}

struct glc_re *random_re(struct random *r, struct glc_arena *a, const struct random_shape *shape)
{
    return some(r, a, shape, shape->depth);
}

size_t random_data(struct random *r, uint8_t *out, size_t most)
{
    size_t n = random_below(r, (uint32_t)most + 1);
    uint32_t period = random_below(r, 3) == 0 ? 1 + random_below(r, 4) : UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        out[i] = i >= period ? out[i - period] : letter(r);
        if (random_below(r, 40) == 0)
            out[i] = (uint8_t)random_below(r, 256);
    }
    return n;
}

static uint8_t byte_of(struct random *r, const struct glc_re *re, uint32_t i)
{
    for (int tries = 0; tries < 200; tries++) {
        uint8_t b = tries < 100 ? letter(r) : (uint8_t)random_below(r, 256);
        if (re->kind == GLC_RE_CLASS ? glc_set_has(re->u.set, b)
                                     : (b & re->u.bytes.mask[i]) == re->u.bytes.value[i])
            return b;
    }
    return re->kind == GLC_RE_BYTES ? re->u.bytes.value[i] : 0;
}

size_t random_match(struct random *r, const struct glc_re *re, uint8_t *out, size_t most)
{
    size_t n = 0;
    uint32_t times;
    switch (re->kind) {
    case GLC_RE_BYTES:
        for (; n < re->u.bytes.len && n < most; n++)
            out[n] = byte_of(r, re, (uint32_t)n);
        return n;
    case GLC_RE_CLASS:
        if (most != 0)
            out[0] = byte_of(r, re, 0);
        return most != 0;
    case GLC_RE_CAT:
        for (uint32_t i = 0; i < re->u.list.n; i++)
            n += random_match(r, re->u.list.kid[i], out + n, most - n);
        return n;
    case GLC_RE_ALT:
        return random_match(r, re->u.list.kid[random_below(r, re->u.list.n)], out, most);
    case GLC_RE_REPEAT:
        times = re->u.repeat.min + random_below(r, 3);
        if (times > re->u.repeat.max)
            times = re->u.repeat.max;
        for (uint32_t i = 0; i < times && n < most; i++)
            n += random_match(r, re->u.repeat.kid, out + n, most - n);
        return n;
    case GLC_RE_GAP:
        times = re->u.gap.min + random_below(r, 5);
        if (times > re->u.gap.max)
            times = re->u.gap.max;
        for (; n < times && n < most; n++)
            out[n] = letter(r);
        return n;
    case GLC_RE_EMPTY:
    case GLC_RE_ASSERT:
        break;
    }
    return 0;
}
