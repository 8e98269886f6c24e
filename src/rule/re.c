#include "rule/re.h"

static struct glc_re *node(struct glc_arena *a, enum glc_re_kind kind)
{
    struct glc_re *re = glc_arena_alloc(a, sizeof *re);
    if (re != NULL)
        re->kind = kind;
    return re;
}

struct glc_re *glc_re_empty(struct glc_arena *a)
{
    return node(a, GLC_RE_EMPTY);
}

struct glc_re *glc_re_bytes(struct glc_arena *a, const uint8_t *value, const uint8_t *mask, uint32_t len)
{
    if (len == 0)
        return glc_re_empty(a);
    struct glc_re *re = node(a, GLC_RE_BYTES);
    uint8_t *both = glc_arena_array(a, len, 2);
    if (re == NULL || both == NULL)
        return NULL;
    re->u.bytes.value = both;
    re->u.bytes.mask = both + len;
    re->u.bytes.len = len;
    for (uint32_t i = 0; i < len; i++) {
        both[len + i] = mask != NULL ? mask[i] : 0xff;
        both[i] = value[i] & both[len + i];
    }
    return re;
}

struct glc_re *glc_re_class(struct glc_arena *a, const uint32_t set[8])
{
    struct glc_re *re = node(a, GLC_RE_CLASS);
    if (re != NULL)
        memcpy(re->u.set, set, sizeof re->u.set);
    return re;
}

/* How many entries `re` brings to a flattened list of its kind. */
static uint32_t list_size(enum glc_re_kind kind, const struct glc_re *re)
{
    if (kind == GLC_RE_CAT && re->kind == GLC_RE_EMPTY)
        return 0;
    return re->kind == kind ? re->u.list.n : 1;
}

static struct glc_re *list(struct glc_arena *a, enum glc_re_kind kind, struct glc_re *const *kid, uint32_t n)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (kid[i] == NULL)
            return NULL;
        total += list_size(kind, kid[i]);
    }
    struct glc_re **flat = glc_arena_array(a, total + 1, sizeof *flat);
    if (flat == NULL)
        return NULL;
    uint32_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t size = list_size(kind, kid[i]);
        if (kid[i]->kind == kind)
            memcpy(flat + at, kid[i]->u.list.kid, size * sizeof *flat);
        else if (size != 0)
            flat[at] = kid[i];
        at += size;
    }
    if (total == 0)
        return glc_re_empty(a);
    if (total == 1)
        return flat[0];
    struct glc_re *re = node(a, kind);
    if (re == NULL)
        return NULL;
    re->u.list.kid = flat;
    re->u.list.n = total;
    return re;
}

/* Make one BYTES of kids [from, to). */
static struct glc_re *join_bytes(struct glc_arena *a, struct glc_re *const *kid, uint32_t from, uint32_t to)
{
    if (to - from == 1)
        return kid[from];
    uint32_t len = 0;
    for (uint32_t i = from; i < to; i++)
        if (__builtin_add_overflow(len, kid[i]->u.bytes.len, &len))
            return NULL;
    struct glc_re *re = node(a, GLC_RE_BYTES);
    uint8_t *both = glc_arena_array(a, len, 2);
    if (re == NULL || both == NULL)
        return NULL;
    re->u.bytes.value = both;
    re->u.bytes.mask = both + len;
    re->u.bytes.len = len;
    uint32_t at = 0;
    for (uint32_t i = from; i < to; i++) {
        memcpy(both + at, kid[i]->u.bytes.value, kid[i]->u.bytes.len);
        memcpy(both + len + at, kid[i]->u.bytes.mask, kid[i]->u.bytes.len);
        at += kid[i]->u.bytes.len;
    }
    return re;
}

struct glc_re *glc_re_cat(struct glc_arena *a, struct glc_re *const *kid, uint32_t n)
{
    struct glc_re *re = list(a, GLC_RE_CAT, kid, n);
    if (re == NULL || re->kind != GLC_RE_CAT)
        return re;
    uint32_t out = 0;
    for (uint32_t i = 0; i < re->u.list.n;) {
        uint32_t to = i;
        while (to < re->u.list.n && re->u.list.kid[to]->kind == GLC_RE_BYTES)
            to++;
        struct glc_re *one = to > i ? join_bytes(a, re->u.list.kid, i, to) : re->u.list.kid[i];
        if (one == NULL)
            return NULL;
        re->u.list.kid[out++] = one;
        i = to > i ? to : i + 1;
    }
    re->u.list.n = out;
    return out == 1 ? re->u.list.kid[0] : re;
}

struct glc_re *glc_re_alt(struct glc_arena *a, struct glc_re *const *kid, uint32_t n)
{
    return list(a, GLC_RE_ALT, kid, n);
}

struct glc_re *glc_re_repeat(struct glc_arena *a, struct glc_re *kid, uint32_t min, uint32_t max, bool lazy)
{
    if (kid == NULL || (min == 1 && max == 1))
        return kid;
    struct glc_re *re = node(a, GLC_RE_REPEAT);
    if (re == NULL)
        return NULL;
    re->u.repeat.kid = kid;
    re->u.repeat.min = min;
    re->u.repeat.max = max;
    re->u.repeat.lazy = lazy;
    return re;
}

struct glc_re *glc_re_gap(struct glc_arena *a, uint32_t min, uint32_t max)
{
    struct glc_re *re = node(a, GLC_RE_GAP);
    if (re == NULL)
        return NULL;
    re->u.gap.min = min;
    re->u.gap.max = max;
    return re;
}

struct glc_re *glc_re_assert(struct glc_arena *a, enum glc_re_assert at)
{
    struct glc_re *re = node(a, GLC_RE_ASSERT);
    if (re != NULL)
        re->u.assert_at = at;
    return re;
}

static bool is_letter(uint8_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static struct glc_re *map_kids(struct glc_arena *a, const struct glc_re *re,
                               struct glc_re *(*map)(struct glc_arena *, const struct glc_re *))
{
    struct glc_re **kid = glc_arena_array(a, re->u.list.n, sizeof *kid);
    if (kid == NULL)
        return NULL;
    for (uint32_t i = 0; i < re->u.list.n; i++)
        kid[i] = map(a, re->u.list.kid[i]);
    return re->kind == GLC_RE_CAT ? glc_re_cat(a, kid, re->u.list.n) : glc_re_alt(a, kid, re->u.list.n);
}

struct glc_re *glc_re_nocase(struct glc_arena *a, const struct glc_re *re)
{
    switch (re->kind) {
    case GLC_RE_BYTES: {
        struct glc_re *copy = glc_re_bytes(a, re->u.bytes.value, re->u.bytes.mask, re->u.bytes.len);
        if (copy == NULL)
            return NULL;
        for (uint32_t i = 0; i < copy->u.bytes.len; i++) {
            if (copy->u.bytes.mask[i] == 0xff && is_letter(copy->u.bytes.value[i])) {
                copy->u.bytes.mask[i] = 0xdf;
                copy->u.bytes.value[i] &= 0xdf;
            }
        }
        return copy;
    }
    case GLC_RE_CLASS: {
        struct glc_re *copy = glc_re_class(a, re->u.set);
        if (copy == NULL)
            return NULL;
        for (unsigned c = 0; c < 256; c++)
            if (is_letter((uint8_t)c) && glc_set_has(re->u.set, (uint8_t)c))
                glc_set_add(copy->u.set, (uint8_t)(c ^ 0x20));
        return copy;
    }
    case GLC_RE_CAT:
    case GLC_RE_ALT:
        return map_kids(a, re, glc_re_nocase);
    case GLC_RE_REPEAT:
        return glc_re_repeat(a, glc_re_nocase(a, re->u.repeat.kid), re->u.repeat.min, re->u.repeat.max,
                             re->u.repeat.lazy);
    case GLC_RE_EMPTY:
    case GLC_RE_GAP:
    case GLC_RE_ASSERT: {
        struct glc_re *copy = node(a, re->kind);
        if (copy != NULL)
            copy->u = re->u;
        return copy;
    }
    }
    return NULL;
}

struct glc_re *glc_re_wide(struct glc_arena *a, const struct glc_re *re)
{
    static const uint8_t zero = 0;
    switch (re->kind) {
    case GLC_RE_BYTES: {
        uint32_t n = re->u.bytes.len;
        if (n > UINT32_MAX / 2)
            return NULL;
        struct glc_re *copy = node(a, GLC_RE_BYTES);
        uint8_t *both = glc_arena_array(a, n, 4);
        if (copy == NULL || both == NULL)
            return NULL;
        copy->u.bytes.len = 2 * n;
        copy->u.bytes.value = both;
        copy->u.bytes.mask = both + 2 * (size_t)n;
        for (uint32_t i = 0; i < n; i++) {
            both[2 * i] = re->u.bytes.value[i];
            copy->u.bytes.mask[2 * i] = re->u.bytes.mask[i];
            copy->u.bytes.mask[2 * i + 1] = 0xff;
        }
        return copy;
    }
    case GLC_RE_CLASS:
        return glc_re_cat(
            a, (struct glc_re *[]){ glc_re_class(a, re->u.set), glc_re_bytes(a, &zero, NULL, 1) }, 2);
    case GLC_RE_CAT:
    case GLC_RE_ALT:
        return map_kids(a, re, glc_re_wide);
    case GLC_RE_REPEAT:
        return glc_re_repeat(a, glc_re_wide(a, re->u.repeat.kid), re->u.repeat.min, re->u.repeat.max,
                             re->u.repeat.lazy);
    case GLC_RE_GAP: {
        const uint8_t any[2] = { 0, 0 }, mask[2] = { 0, 0xff };
        return glc_re_repeat(a, glc_re_bytes(a, any, mask, 2), re->u.gap.min, re->u.gap.max, true);
    }
    case GLC_RE_EMPTY:
    case GLC_RE_ASSERT: {
        struct glc_re *copy = node(a, re->kind);
        if (copy != NULL)
            copy->u = re->u;
        return copy;
    }
    }
    return NULL;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
    uint64_t r;
    return __builtin_add_overflow(a, b, &r) ? UINT64_MAX : r;
}

static uint64_t product(uint64_t a, uint64_t b)
{
    uint64_t r;
    return __builtin_mul_overflow(a, b, &r) ? UINT64_MAX : r;
}

void glc_re_length(const struct glc_re *re, uint64_t *min, uint64_t *max)
{
    uint64_t lo = 0, hi = 0, klo, khi;
    switch (re->kind) {
    case GLC_RE_BYTES:
        lo = hi = re->u.bytes.len;
        break;
    case GLC_RE_CLASS:
        lo = hi = 1;
        break;
    case GLC_RE_CAT:
        for (uint32_t i = 0; i < re->u.list.n; i++) {
            glc_re_length(re->u.list.kid[i], &klo, &khi);
            lo = sum(lo, klo);
            hi = sum(hi, khi);
        }
        break;
    case GLC_RE_ALT:
        lo = UINT64_MAX;
        for (uint32_t i = 0; i < re->u.list.n; i++) {
            glc_re_length(re->u.list.kid[i], &klo, &khi);
            lo = klo < lo ? klo : lo;
            hi = khi > hi ? khi : hi;
        }
        break;
    case GLC_RE_REPEAT:
        glc_re_length(re->u.repeat.kid, &klo, &khi);
        lo = product(klo, re->u.repeat.min);
        hi = re->u.repeat.max == GLC_UNBOUNDED ? (khi == 0 ? 0 : UINT64_MAX) : product(khi, re->u.repeat.max);
        break;
    case GLC_RE_GAP:
        lo = re->u.gap.min;
        hi = re->u.gap.max == GLC_UNBOUNDED ? UINT64_MAX : re->u.gap.max;
        break;
    case GLC_RE_EMPTY:
    case GLC_RE_ASSERT:
        break;
    }
    *min = lo;
    *max = hi;
}

/* Millions of bytes go through here when a large set is compiled with its text: no printf for the usual ones.
 */
static void dump_byte(uint8_t value, uint8_t mask, struct glc_buf *out)
{
    static const char hex[] = "0123456789abcdef";
    if (mask == 0xdf && is_letter(value)) {
        glc_buf_put(out, (const char[]){ '\'', (char)(value | 0x20), '\'', 'i' }, 4);
    } else if ((mask & 0xf) % 0xf != 0 || (mask >> 4) % 0xf != 0) {
        glc_buf_printf(out, "%02x&%02x", value, mask);
    } else {
        char hi = (mask >> 4) != 0 ? hex[value >> 4] : '?';
        char lo = (mask & 15) != 0 ? hex[value & 15] : '?';
        glc_buf_put(out, (const char[]){ hi, lo }, 2);
    }
}

static void dump_set(const uint32_t set[8], struct glc_buf *out)
{
    glc_buf_u8(out, '[');
    bool first = true;
    for (unsigned lo = 0; lo < 256;) {
        if (!glc_set_has(set, (uint8_t)lo)) {
            lo++;
            continue;
        }
        unsigned hi = lo;
        while (hi + 1 < 256 && glc_set_has(set, (uint8_t)(hi + 1)))
            hi++;
        glc_buf_printf(out, hi == lo ? "%s%02x" : "%s%02x-%02x", first ? "" : " ", lo, hi);
        first = false;
        lo = hi + 1;
    }
    glc_buf_u8(out, ']');
}

static void dump_bounds(uint32_t min, uint32_t max, const char *open, char sep, const char *close,
                        struct glc_buf *out)
{
    if (max == GLC_UNBOUNDED)
        glc_buf_printf(out, "%s%u%c%s", open, min, sep, close);
    else if (min == max)
        glc_buf_printf(out, "%s%u%s", open, min, close);
    else
        glc_buf_printf(out, "%s%u%c%u%s", open, min, sep, max, close);
}

void glc_re_dump(const struct glc_re *re, struct glc_buf *out)
{
    static const char *const asserts[] = {
        [GLC_AT_START] = "\\A",          [GLC_AT_END] = "\\Z",
        [GLC_AT_WORD_EDGE] = "\\b",      [GLC_AT_NO_WORD_EDGE] = "\\B",
        [GLC_AT_EDGE] = "(\\b|\\A|\\Z)", [GLC_AT_NO_EDGE] = "(?!\\A|\\Z)\\B",
        [GLC_AT_BYTE] = "(?!\\Z)",
    };
    switch (re->kind) {
    case GLC_RE_EMPTY:
        glc_buf_puts(out, "()");
        return;
    case GLC_RE_BYTES:
        for (uint32_t i = 0; i < re->u.bytes.len; i++) {
            if (i != 0)
                glc_buf_u8(out, ' ');
            dump_byte(re->u.bytes.value[i], re->u.bytes.mask[i], out);
        }
        return;
    case GLC_RE_CLASS:
        dump_set(re->u.set, out);
        return;
    case GLC_RE_CAT:
    case GLC_RE_ALT:
        if (re->kind == GLC_RE_ALT)
            glc_buf_u8(out, '(');
        for (uint32_t i = 0; i < re->u.list.n; i++) {
            if (i != 0)
                glc_buf_puts(out, re->kind == GLC_RE_ALT ? " | " : " ");
            glc_re_dump(re->u.list.kid[i], out);
        }
        if (re->kind == GLC_RE_ALT)
            glc_buf_u8(out, ')');
        return;
    case GLC_RE_REPEAT:
        glc_buf_u8(out, '(');
        glc_re_dump(re->u.repeat.kid, out);
        glc_buf_u8(out, ')');
        dump_bounds(re->u.repeat.min, re->u.repeat.max, "{", ',', "}", out);
        if (re->u.repeat.lazy)
            glc_buf_u8(out, '?');
        return;
    case GLC_RE_GAP:
        dump_bounds(re->u.gap.min, re->u.gap.max, "[", '-', "]", out);
        return;
    case GLC_RE_ASSERT:
        glc_buf_puts(out, asserts[re->u.assert_at]);
        return;
    }
}
