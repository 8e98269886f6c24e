/* Hash signatures into sorted, mapped tables: one for each algorithm, kind of hash, allow-list and form of
 * size.
 *
 * Millions of them: digests are kept whole, sizes and names take 4 bytes each. A name such as
 * Win.Trojan.Agent-123 is a number in the range of its family (`Win.Trojan.Agent-`), see struct
 * glc_img_family. */
#define _GNU_SOURCE /* qsort_r */
#include "base/heap.h"
#include "compile/build.h"

#include <stdlib.h>

enum { DIR_BITS = 16, DIGITS_MOST = 9 };
#define RANGES_CAP                                                                                           \
    UINT64_C(0xc0000000) /* numbers that ranged families may take; the rest is for single names */

struct family {
    uint32_t text; /* string */
    uint32_t max;  /* greatest number */
    uint32_t count;
    uint32_t base;
    bool single; /* the whole name is the text */
};

struct names {
    struct glc_build *b;
    struct family *family;
    size_t n, room;
    uint32_t *slot; /* open addressing by text: family + 1 */
    size_t slots;
};

static struct glc_span name_of(const struct glc_build *b, const struct glc_hash_sig *s)
{
    return glc_span_str((const char *)b->set->names.ptr + s->name);
}

/* Split into what comes before the number, and the number; UINT32_MAX: there is none. */
static struct glc_span split(struct glc_span name, uint32_t *number)
{
    size_t i = name.len;
    while (i > 0 && name.len - i < DIGITS_MOST && name.ptr[i - 1] >= '0' && name.ptr[i - 1] <= '9')
        i--;
    while (i < name.len && name.ptr[i] == '0' && i + 1 < name.len)
        i++; /* leading zeroes belong to the text */
    *number = UINT32_MAX;
    if (i == name.len)
        return name;
    uint32_t v = 0;
    for (size_t k = i; k < name.len; k++)
        v = v * 10 + (uint32_t)(name.ptr[k] - '0');
    *number = v;
    return glc_span(name.ptr, i);
}

static bool grow_slots(struct names *f)
{
    size_t slots = f->slots == 0 ? 4096 : f->slots * 4;
    uint32_t *fresh = calloc(slots, sizeof *fresh);
    if (fresh == NULL)
        return false;
    for (size_t i = 0; i < f->n; i++) {
        size_t h = (size_t)(glc_img_hash(f->family[i].text) >> 20) & (slots - 1);
        while (fresh[h] != 0)
            h = (h + 1) & (slots - 1);
        fresh[h] = (uint32_t)i + 1;
    }
    free(f->slot);
    f->slot = fresh;
    f->slots = slots;
    return true;
}

/* The family of a text, made where there is none; UINT32_MAX: no memory. */
static uint32_t family_of(struct names *f, struct glc_span text)
{
    uint32_t off = glc_build_string(f->b, text);
    if (off == GLC_IMG_NONE || ((f->n + 1) * 2 > f->slots && !grow_slots(f)))
        return UINT32_MAX;
    size_t h = (size_t)(glc_img_hash(off) >> 20) & (f->slots - 1);
    for (; f->slot[h] != 0; h = (h + 1) & (f->slots - 1))
        if (f->family[f->slot[h] - 1].text == off)
            return f->slot[h] - 1;
    struct family *k = glc_heap_push(&f->family, &f->n, &f->room, sizeof *k);
    if (k == NULL)
        return UINT32_MAX;
    *k = (struct family){ .text = off };
    f->slot[h] = (uint32_t)f->n;
    return (uint32_t)f->n - 1;
}

/* Families of all names; of[i] gets that of signature i. */
static bool find_families(struct names *f, uint32_t *of)
{
    const struct glc_ruleset *set = f->b->set;
    struct glc_span last = { 0 };
    uint32_t last_family = 0;
    for (size_t i = 0; i < set->hashes; i++) {
        uint32_t number;
        struct glc_span text = split(name_of(f->b, &set->hash[i]), &number);
        if (i == 0 || !glc_span_eq(text, last))
            last_family = family_of(f, text);
        last = text;
        of[i] = last_family;
        if (last_family == UINT32_MAX)
            return false;
        struct family *k = &f->family[last_family];
        k->count++;
        if (number != UINT32_MAX && number > k->max)
            k->max = number;
    }
    return true;
}

static int by_density(const void *x, const void *y, void *families)
{
    const struct family *a = (const struct family *)families + *(const uint32_t *)x;
    const struct family *b = (const struct family *)families + *(const uint32_t *)y;
    uint64_t m = (uint64_t)a->max * b->count, n = (uint64_t)b->max * a->count;
    return m < n ? -1 : m > n ? 1 : (a->text > b->text) - (a->text < b->text);
}

/* Give every family its range; sparse ones that do not fit fall apart into single names. */
static bool place_families(struct names *f)
{
    uint32_t *order = malloc((f->n + 1) * sizeof *order);
    if (order == NULL)
        return false;
    for (uint32_t i = 0; i < f->n; i++)
        order[i] = i;
    qsort_r(order, f->n, sizeof *order, by_density, f->family);
    uint64_t base = 0;
    for (size_t i = 0; i < f->n; i++) {
        struct family *k = &f->family[order[i]];
        uint64_t range = (uint64_t)k->max + 2;
        k->single = range > RANGES_CAP - base;
        k->base = (uint32_t)base;
        base += k->single ? 0 : range;
    }
    bool ok = true;
    for (size_t i = 0; ok && i < f->n; i++) {
        const struct family *k = &f->family[order[i]];
        struct glc_img_family out = { .base = k->base, .text = k->text };
        ok = k->single || glc_buf_put(&f->b->section[GLC_IMG_FAMILIES], &out, sizeof out);
    }
    free(order);
    if (ok && f->n != 0) {
        /* Single names follow behind all ranges, in the order they are met. */
        f->family[0].count = (uint32_t)base;
    }
    return ok;
}

/* The number of a name; *next is the first free one behind the ranges. */
static bool number_name(struct names *f, uint32_t family, const struct glc_hash_sig *s, uint64_t *next,
                        uint32_t *out)
{
    const struct family *k = &f->family[family];
    uint32_t number;
    (void)split(name_of(f->b, s), &number);
    if (!k->single) {
        *out = number == UINT32_MAX ? k->base : k->base + 1 + number;
        return true;
    }
    struct glc_img_family one = { .base = (uint32_t)*next, .text = glc_build_string(f->b, name_of(f->b, s)) };
    if (*next >= UINT32_MAX || !glc_buf_put(&f->b->section[GLC_IMG_FAMILIES], &one, sizeof one))
        return false;
    *out = (uint32_t)(*next)++;
    return true;
}

static bool number_names(struct glc_build *b, uint32_t *name)
{
    struct names f = { .b = b };
    bool ok = find_families(&f, name) && place_families(&f);
    uint64_t next = ok && f.n != 0 ? f.family[0].count : 0;
    for (size_t i = 0; ok && i < b->set->hashes; i++)
        ok = number_name(&f, name[i], &b->set->hash[i], &next, &name[i]);
    free(f.family);
    free(f.slot);
    return ok;
}

static unsigned form_of(const struct glc_hash_sig *s)
{
    return s->size == GLC_ANY_SIZE ? GLC_IMG_ANY : s->size >= UINT32_MAX ? GLC_IMG_BIG : GLC_IMG_SIZED;
}

static unsigned kind_of(const struct glc_hash_sig *s)
{
    return ((s->alg * 3u + s->of) * 2u + (s->allow != 0)) * 3u + form_of(s);
}
enum { KINDS = GLC_DIGEST_ALGS * 3 * 2 * 3 };

static uint64_t first_bytes(const struct glc_hash_sig *s)
{
    return (uint64_t)s->digest[0] << 8 | s->digest[1];
}

static int by_size_digest(const void *x, const void *y, void *sigs)
{
    const struct glc_hash_sig *a = (const struct glc_hash_sig *)sigs + *(const uint32_t *)x;
    const struct glc_hash_sig *b = (const struct glc_hash_sig *)sigs + *(const uint32_t *)y;
    if (a->size != b->size)
        return a->size < b->size ? -1 : 1;
    int c = memcmp(a->digest, b->digest, GLC_DIGEST_MAX);
    return c != 0 ? c
                  : (*(const uint32_t *)x > *(const uint32_t *)y) -
                        (*(const uint32_t *)x < *(const uint32_t *)y);
}

/* Sort `n` signatures: into the directory's classes by counting, each class by comparison. Fills dir (dirs
 * entries). */
static bool sort_table(const struct glc_build *b, uint32_t *order, size_t n, const struct glc_img_hashes *t,
                       uint32_t *dir)
{
    const struct glc_hash_sig *sig = b->set->hash;
    uint32_t *tmp = malloc((n + 1) * sizeof *tmp);
    uint32_t *at = malloc((t->dirs + 1) * sizeof *at);
    bool ok = tmp != NULL && at != NULL;
    if (ok && t->dirs != 0) {
        for (size_t i = 0; i < n; i++) {
            uint64_t c =
                t->kind == GLC_IMG_ANY ? first_bytes(&sig[order[i]]) : sig[order[i]].size >> t->shift;
            dir[c + 1]++;
        }
        for (uint64_t i = 1; i < t->dirs; i++)
            dir[i] += dir[i - 1];
        memcpy(at, dir, t->dirs * sizeof *at);
        for (size_t i = 0; i < n; i++) {
            uint64_t c =
                t->kind == GLC_IMG_ANY ? first_bytes(&sig[order[i]]) : sig[order[i]].size >> t->shift;
            tmp[at[c]++] = order[i];
        }
        memcpy(order, tmp, n * sizeof *tmp);
        for (uint64_t i = 0; i + 1 < t->dirs; i++)
            if (dir[i + 1] - dir[i] > 1)
                qsort_r(order + dir[i], dir[i + 1] - dir[i], sizeof *order, by_size_digest, b->set->hash);
    } else if (ok) {
        qsort_r(order, n, sizeof *order, by_size_digest, b->set->hash);
    }
    free(tmp);
    free(at);
    return ok;
}

static bool write_columns(struct glc_build *b, struct glc_img_hashes *t, const uint32_t *order,
                          const uint32_t *dir, const uint32_t *name)
{
    struct glc_buf *data = &b->section[GLC_IMG_HASH_DATA];
    const struct glc_hash_sig *sig = b->set->hash;
    size_t n = t->n, len = glc_digest_len((enum glc_digest_alg)t->alg);
    size_t wide = t->kind == GLC_IMG_BIG ? 8 : t->kind == GLC_IMG_SIZED ? 4 : 0;
    bool ok = glc_build_align(data, GLC_IMG_ALIGN);
    t->dir = data->len;
    ok = ok && glc_buf_put(data, dir, t->dirs * sizeof *dir) && glc_build_align(data, GLC_IMG_ALIGN);
    uint8_t *p = ok ? glc_buf_reserve(data, n * (wide + len + 4) + 3u * GLC_IMG_ALIGN) : NULL;
    if (p == NULL)
        return false;
    t->sizes = data->len;
    for (size_t i = 0; wide != 0 && i < n; i++)
        memcpy(p + i * wide, &sig[order[i]].size, wide);
    data->len += n * wide;
    if (!glc_build_align(data, 16))
        return false;
    t->digests = data->len;
    p = data->ptr + data->len;
    for (size_t i = 0; i < n; i++)
        memcpy(p + i * len, sig[order[i]].digest, len);
    data->len += n * len;
    if (!glc_build_align(data, 16))
        return false;
    t->names = data->len;
    p = data->ptr + data->len;
    for (size_t i = 0; i < n; i++)
        memcpy(p + i * 4, &name[order[i]], 4);
    data->len += n * 4;
    return true;
}

static bool write_table(struct glc_build *b, struct glc_img_hashes *t, uint32_t *order, const uint32_t *name)
{
    uint64_t max = 0;
    for (size_t i = 0; i < t->n; i++)
        max = b->set->hash[order[i]].size > max ? b->set->hash[order[i]].size : max;
    if (t->kind == GLC_IMG_SIZED) {
        while (max >> t->shift >= UINT64_C(1) << DIR_BITS)
            t->shift++;
        /* A small table wants a small directory. */
        while (t->shift < 31 && max >> t->shift > t->n + 16)
            t->shift++;
        t->dirs = (max >> t->shift) + 2;
    } else if (t->kind == GLC_IMG_ANY) {
        t->dirs = (1u << DIR_BITS) + 1;
    }
    uint32_t *dir = calloc(t->dirs + 1, sizeof *dir);
    bool ok = dir != NULL && sort_table(b, order, t->n, t, dir) && write_columns(b, t, order, dir, name) &&
              glc_buf_put(&b->section[GLC_IMG_HASHES], t, sizeof *t);
    free(dir);
    return ok;
}

bool glc_hashsig_write(struct glc_build *b, uint64_t *hashes)
{
    const struct glc_ruleset *set = b->set;
    size_t count[KINDS] = { 0 };
    uint32_t *name = malloc((set->hashes + 1) * sizeof *name);
    uint32_t *order = malloc((set->hashes + 1) * sizeof *order);
    bool ok = name != NULL && order != NULL && set->hashes < UINT32_MAX - set->rules && number_names(b, name);
    for (size_t i = 0; ok && i < set->hashes; i++)
        count[kind_of(&set->hash[i])]++;
    uint64_t first = 0;
    for (unsigned k = 0; ok && k < KINDS; k++) {
        if (count[k] == 0)
            continue;
        size_t n = 0;
        for (size_t i = 0; i < set->hashes; i++)
            if (kind_of(&set->hash[i]) == k)
                order[n++] = (uint32_t)i;
        const struct glc_hash_sig *s = &set->hash[order[0]];
        struct glc_img_hashes t = { .alg = s->alg,
                                    .of = s->of,
                                    .allow = s->allow != 0,
                                    .kind = (uint8_t)form_of(s),
                                    .n = n,
                                    .first = first };
        ok = write_table(b, &t, order, name);
        first += n;
    }
    free(name);
    free(order);
    if (ok)
        *hashes = first;
    return ok;
}
