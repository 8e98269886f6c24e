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

enum { DIR_BITS = 16, DIGITS_MOST = 9, FEW = 64 };
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

/* Families met lately: texts come again and again, in any order. */
enum { LATELY_BITS = 8 };
struct lately {
    struct glc_span text;
    uint32_t family;
};

static struct lately *lately_of(struct lately *all, struct glc_span text)
{
    uint64_t tail = 0;
    size_t n = text.len < sizeof tail ? text.len : sizeof tail;
    if (n != 0)
        memcpy(&tail, text.ptr + text.len - n, n);
    return &all[glc_img_hash(tail ^ text.len) >> (64 - LATELY_BITS)];
}

/* Families and numbers of all names; of[i] gets that of signature i. */
static bool find_families(struct names *f, uint32_t *of, uint32_t *numbers)
{
    const struct glc_ruleset *set = f->b->set;
    struct lately lately[1 << LATELY_BITS] = { 0 };
    for (size_t i = 0; i < set->hashes; i++) {
        struct glc_span text = split(name_of(f->b, &set->hash[i]), &numbers[i]);
        struct lately *l = lately_of(lately, text);
        if (l->text.ptr == NULL || !glc_span_eq(text, l->text))
            *l = (struct lately){ text, family_of(f, text) };
        of[i] = l->family;
        if (l->family == UINT32_MAX)
            return false;
        struct family *k = &f->family[l->family];
        k->count++;
        if (numbers[i] != UINT32_MAX && numbers[i] > k->max)
            k->max = numbers[i];
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

/* The number that stands for a name; *next is the first free one behind the ranges. */
static bool number_name(struct names *f, uint32_t family, uint32_t number, const struct glc_hash_sig *s,
                        uint64_t *next, uint32_t *out)
{
    const struct family *k = &f->family[family];
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
    uint32_t *numbers = glc_heap_room(b->set->hashes * sizeof *numbers);
    bool ok = numbers != NULL && find_families(&f, name, numbers) && place_families(&f);
    uint64_t next = ok && f.n != 0 ? f.family[0].count : 0;
    for (size_t i = 0; ok && i < b->set->hashes; i++)
        ok = number_name(&f, name[i], numbers[i], &b->set->hash[i], &next, &name[i]);
    free(numbers);
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

/* A signature while its table is sorted. The key is the most of its order (size, digest) that 64 bits hold.
 */
struct sorted {
    uint64_t key;
    uint32_t sig;
    uint32_t place; /* in the directory; 0 where there is none */
};

static struct sorted sorted_of(const struct glc_img_hashes *t, const struct glc_hash_sig *s, uint32_t number)
{
    uint64_t first;
    memcpy(&first, s->digest, sizeof first);
    first = __builtin_bswap64(first);
    if (t->kind == GLC_IMG_ANY)
        return (struct sorted){ first, number, (uint32_t)(first >> (64 - DIR_BITS)) };
    if (t->kind == GLC_IMG_SIZED)
        return (struct sorted){ s->size << 32 | first >> 32, number, (uint32_t)(s->size >> t->shift) };
    return (struct sorted){ s->size, number, 0 };
}

static int by_size_digest(const void *x, const void *y, void *sigs)
{
    const struct sorted *p = x, *q = y;
    if (p->key != q->key)
        return p->key < q->key ? -1 : 1;
    const struct glc_hash_sig *a = (const struct glc_hash_sig *)sigs + p->sig;
    const struct glc_hash_sig *b = (const struct glc_hash_sig *)sigs + q->sig;
    int c = memcmp(a->digest, b->digest, GLC_DIGEST_MAX);
    return c != 0 ? c : (p->sig > q->sig) - (p->sig < q->sig);
}

/* Most places of a directory hold a few tens. How many they hold is the sources' to say: past that, a sort
 * that is never quadratic. */
static void sort_few(struct sorted *s, size_t n, struct glc_hash_sig *sigs)
{
    if (n > FEW) {
        qsort_r(s, n, sizeof *s, by_size_digest, sigs);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        struct sorted x = s[i];
        size_t k = i;
        for (; k > 0 &&
               (s[k - 1].key > x.key || (s[k - 1].key == x.key && by_size_digest(&s[k - 1], &x, sigs) > 0));
             k--)
            s[k] = s[k - 1];
        s[k] = x;
    }
}

/* Sort a table's signatures `sig`, which are in order of their numbers: into the directory's places by
 * counting, each place by comparison. Fills dir (dirs + 1 entries, zeroed). */
static bool sort_table(const struct glc_build *b, const uint32_t *sig, const struct glc_img_hashes *t,
                       uint32_t *dir, struct sorted *out)
{
    struct glc_hash_sig *sigs = b->set->hash;
    size_t n = t->n;
    if (t->dirs == 0) {
        for (size_t i = 0; i < n; i++)
            out[i] = sorted_of(t, &sigs[sig[i]], sig[i]);
        sort_few(out, n, sigs);
        return true;
    }
    uint32_t *at = malloc((t->dirs + 1) * sizeof *at);
    if (at == NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        dir[sorted_of(t, &sigs[sig[i]], sig[i]).place + 1]++;
    for (uint64_t i = 1; i < t->dirs; i++)
        dir[i] += dir[i - 1];
    memcpy(at, dir, t->dirs * sizeof *at);
    for (size_t i = 0; i < n; i++) {
        struct sorted s = sorted_of(t, &sigs[sig[i]], sig[i]);
        out[at[s.place]++] = s;
    }
    free(at);
    for (uint64_t i = 0; i + 1 < t->dirs; i++)
        sort_few(out + dir[i], dir[i + 1] - dir[i], sigs);
    return true;
}

/* Sizes stand in the keys. */
static void put_sizes(uint8_t *p, const struct glc_img_hashes *t, const struct sorted *s)
{
    for (size_t i = 0; t->kind == GLC_IMG_BIG && i < t->n; i++)
        memcpy(p + i * 8, &s[i].key, 8);
    for (size_t i = 0; t->kind == GLC_IMG_SIZED && i < t->n; i++)
        memcpy(p + i * 4, &(uint32_t){ (uint32_t)(s[i].key >> 32) }, 4);
}

/* Digests come from all over memory, so they are asked for ahead. */
static void put_digests(uint8_t *p, size_t len, const struct glc_img_hashes *t, const struct sorted *s,
                        const struct glc_hash_sig *sig)
{
    enum { AHEAD = 24 };
    for (size_t i = 0; i < t->n; i++) {
        if (i + AHEAD < t->n)
            __builtin_prefetch(sig[s[i + AHEAD].sig].digest);
        memcpy(p + i * len, sig[s[i].sig].digest, len);
    }
}

static bool write_columns(struct glc_build *b, struct glc_img_hashes *t, const struct sorted *s,
                          const uint32_t *dir, const uint32_t *name)
{
    struct glc_buf *data = &b->section[GLC_IMG_HASH_DATA];
    size_t n = t->n, len = glc_digest_len((enum glc_digest_alg)t->alg);
    size_t wide = t->kind == GLC_IMG_BIG ? 8 : t->kind == GLC_IMG_SIZED ? 4 : 0;
    bool ok = glc_build_align(data, GLC_IMG_ALIGN);
    t->dir = data->len;
    ok = ok && glc_buf_put(data, dir, t->dirs * sizeof *dir) && glc_build_align(data, GLC_IMG_ALIGN);
    uint8_t *p = ok ? glc_buf_reserve(data, n * (wide + len + 4) + 3u * GLC_IMG_ALIGN) : NULL;
    if (p == NULL)
        return false;
    t->sizes = data->len;
    put_sizes(p, t, s);
    data->len += n * wide;
    if (!glc_build_align(data, 16))
        return false;
    t->digests = data->len;
    put_digests(data->ptr + data->len, len, t, s, b->set->hash);
    data->len += n * len;
    if (!glc_build_align(data, 16))
        return false;
    t->names = data->len;
    p = data->ptr + data->len;
    for (size_t i = 0; i < n; i++)
        memcpy(p + i * 4, &name[s[i].sig], 4);
    data->len += n * 4;
    return true;
}

static bool write_table(struct glc_build *b, struct glc_img_hashes *t, const uint32_t *sig,
                        const uint32_t *name)
{
    uint64_t max = 0;
    for (size_t i = 0; t->kind == GLC_IMG_SIZED && i < t->n; i++)
        max = b->set->hash[sig[i]].size > max ? b->set->hash[sig[i]].size : max;
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
    struct sorted *sorted = glc_heap_room(t->n * sizeof *sorted);
    bool ok = dir != NULL && sorted != NULL && sort_table(b, sig, t, dir, sorted) &&
              write_columns(b, t, sorted, dir, name) &&
              glc_buf_put(&b->section[GLC_IMG_HASHES], t, sizeof *t);
    free(dir);
    free(sorted);
    return ok;
}

/* All signatures by kind, in order within each; count[k] says how many. */
static void by_kind(const struct glc_ruleset *set, size_t count[KINDS], uint32_t *order)
{
    size_t at[KINDS], sum = 0;
    for (size_t i = 0; i < set->hashes; i++)
        count[kind_of(&set->hash[i])]++;
    for (unsigned k = 0; k < KINDS; k++) {
        at[k] = sum;
        sum += count[k];
    }
    for (size_t i = 0; i < set->hashes; i++)
        order[at[kind_of(&set->hash[i])]++] = (uint32_t)i;
}

bool glc_hashsig_write(struct glc_build *b, uint64_t *hashes)
{
    const struct glc_ruleset *set = b->set;
    size_t count[KINDS] = { 0 };
    uint32_t *name = glc_heap_room(set->hashes * sizeof *name);
    uint32_t *order = glc_heap_room(set->hashes * sizeof *order);
    bool ok = name != NULL && order != NULL && set->hashes < UINT32_MAX - set->rules && number_names(b, name);
    uint64_t first = 0;
    if (ok)
        by_kind(set, count, order);
    for (unsigned k = 0; ok && k < KINDS; first += count[k], k++) {
        if (count[k] == 0)
            continue;
        const struct glc_hash_sig *s = &set->hash[order[first]];
        struct glc_img_hashes t = { .alg = s->alg,
                                    .of = s->of,
                                    .allow = s->allow != 0,
                                    .kind = (uint8_t)form_of(s),
                                    .n = count[k],
                                    .first = first };
        ok = write_table(b, &t, order + first, name);
    }
    free(name);
    free(order);
    if (ok)
        *hashes = first;
    return ok;
}
