#include "naive_re.h"

#include <stdlib.h>

struct text {
    struct glc_span data;
    bool wide;
    uint8_t key;
};

static bool word_char(const struct text *t, long at)
{
    long n = (long)t->data.len;
    if (at < 0 || at >= n || (t->wide && at + 1 >= n))
        return false;
    unsigned c = t->data.ptr[at] ^ t->key;
    if (t->wide && (t->data.ptr[at + 1] ^ t->key) != 0)
        return false;
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Is there no room for a character on one side? */
static bool at_end(const struct text *t, long at)
{
    long width = t->wide ? 2 : 1;
    return at < width || at + width > (long)t->data.len;
}

static bool holds(const struct text *t, enum glc_re_assert a, long at)
{
    long back = at - (t->wide ? 2 : 1);
    switch (a) {
    case GLC_AT_START:
        return at == 0;
    case GLC_AT_END:
        return at == (long)t->data.len;
    case GLC_AT_WORD_EDGE:
        return word_char(t, back) != word_char(t, at);
    case GLC_AT_NO_WORD_EDGE:
        return word_char(t, back) == word_char(t, at);
    case GLC_AT_EDGE:
        return at_end(t, at) || word_char(t, back) != word_char(t, at);
    case GLC_AT_NO_EDGE:
        return !at_end(t, at) && word_char(t, back) == word_char(t, at);
    case GLC_AT_BYTE:
        return at != (long)t->data.len;
    }
    return false;
}

static bool byte_fits(const struct glc_re *re, uint32_t i, uint8_t b)
{
    return re->kind == GLC_RE_CLASS ? glc_set_has(re->u.set, b)
                                    : (b & re->u.bytes.mask[i]) == re->u.bytes.value[i];
}

static void match(const struct glc_re *re, const struct text *t, const bool *in, bool *out);

static void repeat(const struct glc_re *kid, const struct text *t, const bool *in, bool *out, uint64_t min,
                   uint64_t max)
{
    size_t n = t->data.len + 1;
    bool *cur = malloc(n), *next = malloc(n), *all = calloc(n, 1);
    memcpy(cur, in, n);
    for (uint64_t i = 0; i <= max; i++) {
        /* Once a round of the optional ones brings nothing new, later ones cannot either: what they reach has
         * been reached with more rounds left. */
        bool fresh = false, some = false;
        for (size_t k = 0; k < n; k++) {
            fresh |= cur[k] && !all[k];
            some |= cur[k];
            if (i >= min)
                all[k] |= cur[k];
        }
        if (!some || (i >= min && !fresh))
            break;
        match(kid, t, cur, next);
        if (i < min && memcmp(cur, next, n) == 0)
            i = min - 1; /* nothing will change any more */
        memcpy(cur, next, n);
    }
    memcpy(out, all, n);
    free(cur);
    free(next);
    free(all);
}

/* out: where matches that begin somewhere in `in` end. */
static void match(const struct glc_re *re, const struct text *t, const bool *in, bool *out)
{
    size_t n = t->data.len + 1;
    memset(out, 0, n);
    switch (re->kind) {
    case GLC_RE_EMPTY:
        memcpy(out, in, n);
        return;
    case GLC_RE_BYTES:
    case GLC_RE_CLASS: {
        uint32_t len = re->kind == GLC_RE_CLASS ? 1 : re->u.bytes.len;
        for (size_t p = 0; p < n; p++) {
            bool ok = in[p] && len <= t->data.len - p;
            for (uint32_t i = 0; ok && i < len; i++)
                ok = byte_fits(re, i, t->data.ptr[p + i]);
            if (ok)
                out[p + len] = true;
        }
        return;
    }
    case GLC_RE_CAT: {
        bool *cur = malloc(n);
        memcpy(cur, in, n);
        for (uint32_t i = 0; i < re->u.list.n; i++) {
            match(re->u.list.kid[i], t, cur, out);
            memcpy(cur, out, n);
        }
        free(cur);
        return;
    }
    case GLC_RE_ALT: {
        bool *one = malloc(n);
        for (uint32_t i = 0; i < re->u.list.n; i++) {
            match(re->u.list.kid[i], t, in, one);
            for (size_t p = 0; p < n; p++)
                out[p] |= one[p];
        }
        free(one);
        return;
    }
    case GLC_RE_REPEAT:
        repeat(re->u.repeat.kid, t, in, out, re->u.repeat.min,
               re->u.repeat.max == GLC_UNBOUNDED ? UINT64_MAX : re->u.repeat.max);
        return;
    case GLC_RE_GAP:
        for (size_t p = 0; p < n; p++)
            for (size_t q = p; in[p] && q < n; q++)
                if (q - p >= re->u.gap.min && (re->u.gap.max == GLC_UNBOUNDED || q - p <= re->u.gap.max))
                    out[q] = true;
        return;
    case GLC_RE_ASSERT:
        for (size_t p = 0; p < n; p++)
            out[p] = in[p] && holds(t, re->u.assert_at, (long)p);
        return;
    }
}

void naive_re_ends(const struct glc_re *re, struct glc_span data, bool wide, uint8_t key, size_t at,
                   bool *end)
{
    struct text t = { data, wide, key };
    bool *in = calloc(data.len + 1, 1);
    in[at] = true;
    match(re, &t, in, end);
    free(in);
}
