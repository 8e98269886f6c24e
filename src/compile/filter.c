/* From wants and pins to what the matcher walks: windows with their references, the buckets that find them, a
 * bitmap for each group of classes, and the keys of known places. */
#include "compile/build.h"

#include <stdlib.h>

static const struct {
    uint8_t width, stride;
    uint8_t bits_most; /* of a bitmap: log2 */
} stages[GLC_STAGES] = {
    [GLC_STAGE_8] = { 8, 4, 22 },
    [GLC_STAGE_4] = { 4, 4, 20 },
    [GLC_STAGE_3] = { 3, 2, 18 },
};
enum { BITS_LEAST = 10, BITS_A_WINDOW_LOG2 = 5, BUCKET_FILL = 5 };

static bool push_want(struct glc_build *b, const struct glc_want *w)
{
    if (b->wants == b->want_room) {
        size_t room = b->want_room == 0 ? 1024 : b->want_room * 2;
        struct glc_want *p = reallocarray(b->want, room, sizeof *p);
        if (p == NULL)
            return false;
        b->want = p;
        b->want_room = room;
    }
    b->want[b->wants++] = *w;
    return true;
}

/* One want for every value that the window at `at` may have. */
static bool want_values(struct glc_build *b, const struct glc_atom *a, int32_t at, uint32_t width,
                        struct glc_want *w)
{
    uint8_t values[8][GLC_ATOM_VALUES];
    uint32_t count[8], pick[8] = { 0 };
    for (uint32_t i = 0; i < width; i++) {
        count[i] = glc_atom_values(a, (int64_t)at + i, values[i]);
    }
    for (;;) {
        w->value = 0;
        for (uint32_t i = 0; i < width; i++)
            w->value |= (uint64_t)values[i][pick[i]] << (8 * i);
        if (!push_want(b, w))
            return false;
        uint32_t i = 0;
        while (i < width && ++pick[i] == count[i])
            pick[i++] = 0;
        if (i == width)
            return true;
    }
}

bool glc_filter_want(struct glc_build *b, const struct glc_atom *a, const struct glc_img_ref *ref)
{
    for (uint32_t k = 0; k < stages[a->stage].stride; k++) {
        struct glc_want w = { .stage = a->stage, .ref = *ref };
        w.ref.at = a->at[k];
        if (!want_values(b, a, a->at[k], stages[a->stage].width, &w))
            return false;
    }
    return true;
}

bool glc_filter_pin(struct glc_build *b, const struct glc_atom *a, const struct glc_anchor *anchor,
                    const struct glc_img_ref *ref)
{
    /* The widest exact run near the front. */
    uint32_t at = 0, width = 0;
    for (uint32_t i = 0; i < a->len && i < 64 && width < 4; i++) {
        uint32_t n = 0;
        while (n < 4 && i + n < a->len && a->mask[i + n] == 0xff)
            n++;
        n = n == 3 ? 2 : n;
        if (n > width) {
            width = n;
            at = i;
        }
    }
    if (width == 0)
        return false;
    if (b->pins == b->pin_room) {
        size_t room = b->pin_room == 0 ? 1024 : b->pin_room * 2;
        struct glc_pin *p = reallocarray(b->pin, room, sizeof *p);
        if (p == NULL)
            return false;
        b->pin = p;
        b->pin_room = room;
    }
    struct glc_pin *p = &b->pin[b->pins++];
    *p = (struct glc_pin){ .anchor = *anchor, .width = (uint8_t)width, .ref = *ref };
    /* GLC_FROM_END counts backwards. */
    int64_t forth = (int64_t)at + a->near;
    p->anchor.offset += anchor->kind == GLC_FROM_END ? -forth : forth;
    p->ref.at = (int32_t)at;
    for (uint32_t i = 0; i < width; i++)
        p->key |= (uint32_t)a->value[at + i] << (8 * i);
    return true;
}

static int by_window(const void *x, const void *y)
{
    const struct glc_want *a = x, *b = y;
    if (a->stage != b->stage)
        return a->stage < b->stage ? -1 : 1;
    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    if (a->ref.rule != b->ref.rule)
        return a->ref.rule < b->ref.rule ? -1 : 1;
    if (a->ref.atom != b->ref.atom)
        return a->ref.atom < b->ref.atom ? -1 : 1;
    return a->ref.at < b->ref.at ? -1 : a->ref.at > b->ref.at;
}

static bool put_ref(struct glc_build *b, const struct glc_img_ref *ref)
{
    return glc_buf_put(&b->section[GLC_IMG_REFS], ref, sizeof *ref);
}

/* Windows and references; windows of a stage are neighbours. first[s] gets where stage s begins. */
static bool write_windows(struct glc_build *b, uint32_t first[GLC_STAGES + 1])
{
    struct glc_buf *windows = &b->section[GLC_IMG_WINDOWS];
    size_t i = 0;
    for (uint32_t s = 0; s < GLC_STAGES; s++) {
        first[s] = glc_build_count(b, GLC_IMG_WINDOWS, sizeof(struct glc_img_window));
        while (i < b->wants && b->want[i].stage == s) {
            struct glc_img_window w = { .value = b->want[i].value,
                                        .ref = glc_build_count(b, GLC_IMG_REFS, sizeof(struct glc_img_ref)) };
            for (; i < b->wants && b->want[i].stage == s && b->want[i].value == w.value; i++) {
                if (!put_ref(b, &b->want[i].ref))
                    return false;
                w.refs++;
            }
            if (!glc_buf_put(windows, &w, sizeof w))
                return false;
        }
    }
    first[GLC_STAGES] = glc_build_count(b, GLC_IMG_WINDOWS, sizeof(struct glc_img_window));
    return true;
}

static bool insert(struct glc_img_bucket *bucket, uint64_t buckets, unsigned bits, uint64_t value,
                   uint32_t window)
{
    uint64_t h = glc_img_hash(value);
    uint64_t at = bits == 0 ? 0 : h >> (64 - bits);
    for (unsigned probe = 0; probe < GLC_IMG_BUCKET_PROBES; probe++) {
        struct glc_img_bucket *k = &bucket[at];
        if (k->n < GLC_IMG_BUCKET_ROOM) {
            k->fp[k->n] = glc_img_fp(h);
            k->window[k->n++] = window;
            return true;
        }
        k->more = 1;
        at = (at + 1) & (buckets - 1);
    }
    return false;
}

static bool write_buckets(struct glc_build *b, uint32_t stage, uint32_t from, uint32_t to)
{
    struct glc_buf *out = &b->section[GLC_IMG_BUCKETS];
    const struct glc_img_window *w = (const void *)b->section[GLC_IMG_WINDOWS].ptr;
    if (from == to)
        return true;
    for (unsigned bits = 0; bits < 28; bits++) {
        uint64_t n = UINT64_C(1) << bits;
        if (n * BUCKET_FILL < to - from)
            continue;
        struct glc_img_bucket *bucket = calloc(n, sizeof *bucket);
        if (bucket == NULL)
            return false;
        uint32_t i = from;
        while (i < to && insert(bucket, n, bits, w[i].value, i))
            i++;
        bool ok = i == to && glc_buf_put(out, bucket, n * sizeof *bucket);
        free(bucket);
        if (i == to) {
            b->table[stage] = n;
            return ok;
        }
    }
    return false;
}

/* Partition the classes: those that every rule treats alike go together. Returns the number of groups. */
static uint32_t find_groups(const struct glc_build *b, uint32_t group[GLC_CLASSES])
{
    uint32_t n = 0;
    for (uint32_t c = 0; c < GLC_CLASSES; c++) {
        uint32_t g = 0;
        for (; g < n; g++) {
            uint32_t other = (uint32_t)__builtin_ctz(group[g]);
            bool same = true;
            for (size_t r = 0; same && r < b->set->rules; r++)
                same = (b->set->rule[r]->classes >> c & 1) == (b->set->rule[r]->classes >> other & 1);
            if (same)
                break;
        }
        if (g == n)
            group[n++] = 0;
        group[g] |= GLC_CLASS_BIT(c);
    }
    return n;
}

static bool write_bitmap(struct glc_build *b, struct glc_img_group *g, uint32_t stage, uint32_t from,
                         uint32_t to)
{
    const struct glc_img_window *w = (const void *)b->section[GLC_IMG_WINDOWS].ptr;
    const struct glc_img_ref *ref = (const void *)b->section[GLC_IMG_REFS].ptr;
    struct glc_buf *out = &b->section[GLC_IMG_BITMAPS];
    uint32_t *mine = calloc((size_t)(to - from) + 1, sizeof *mine), n = 0;
    if (mine == NULL)
        return false;
    for (uint32_t i = from; i < to; i++) {
        bool wanted = false;
        for (uint32_t r = 0; !wanted && r < w[i].refs; r++)
            wanted = (b->set->rule[ref[w[i].ref + r].rule]->classes & g->classes) != 0;
        if (wanted)
            mine[n++] = i;
    }
    bool ok = true;
    if (n != 0) {
        unsigned bits = BITS_LEAST;
        while (bits < stages[stage].bits_most && UINT64_C(1) << bits < (uint64_t)n << BITS_A_WINDOW_LOG2)
            bits++;
        ok = glc_build_align(out, GLC_IMG_ALIGN);
        size_t bytes = ((size_t)1 << bits) / 8;
        uint8_t *map = ok ? glc_buf_reserve(out, bytes) : NULL;
        ok = map != NULL;
        if (ok) {
            g->bits[stage] = bits;
            g->bitmap[stage] = out->len;
            memset(map, 0, bytes);
            out->len += bytes;
            for (uint32_t i = 0; i < n; i++) {
                uint64_t bit = glc_img_hash(w[mine[i]].value) >> (64 - bits);
                map[bit >> 3] |= (uint8_t)(1u << (bit & 7));
            }
        }
    }
    free(mine);
    return ok;
}

/* Runs of `always` (sorted by gate and guard) that the group is concerned with. */
static bool write_always(struct glc_build *b, struct glc_img_group *g)
{
    g->always = glc_build_count(b, GLC_IMG_ALWAYS, sizeof(struct glc_img_always));
    for (size_t i = 0; i < b->alwayses;) {
        const struct glc_always *first = &b->always[i];
        struct glc_img_always run = { .gate = first->gate,
                                      .rule = glc_build_count(b, GLC_IMG_LISTS, sizeof(uint32_t)) };
        if (first->guard != GLC_IMG_NONE) {
            run.guard = b->guard[first->guard].code;
            run.guard_len = b->guard[first->guard].code_len;
        }
        for (; i < b->alwayses && b->always[i].gate == first->gate && b->always[i].guard == first->guard;
             i++) {
            if ((b->set->rule[b->always[i].rule]->classes & g->classes) == 0)
                continue;
            if (!glc_buf_u32le(&b->section[GLC_IMG_LISTS], b->always[i].rule))
                return false;
            run.rules++;
        }
        if (run.rules == 0)
            continue;
        if (!glc_buf_put(&b->section[GLC_IMG_ALWAYS], &run, sizeof run))
            return false;
        g->always_n++;
    }
    return true;
}

static bool write_groups(struct glc_build *b, const uint32_t first[GLC_STAGES + 1])
{
    uint32_t group[GLC_CLASSES];
    uint32_t n = find_groups(b, group);
    for (uint32_t i = 0; i < n; i++) {
        struct glc_img_group g = { .classes = group[i] };
        if (!write_always(b, &g))
            return false;
        for (uint32_t s = 0; s < GLC_STAGES; s++)
            if (!write_bitmap(b, &g, s, first[s], first[s + 1]))
                return false;
        if (!glc_buf_put(&b->section[GLC_IMG_GROUPS], &g, sizeof g))
            return false;
    }
    return true;
}

static int by_place(const void *x, const void *y)
{
    const struct glc_pin *a = x, *b = y;
    if (a->anchor.kind != b->anchor.kind)
        return a->anchor.kind < b->anchor.kind ? -1 : 1;
    if (a->anchor.section != b->anchor.section)
        return a->anchor.section < b->anchor.section ? -1 : 1;
    if (a->anchor.offset != b->anchor.offset)
        return a->anchor.offset < b->anchor.offset ? -1 : 1;
    if (a->width != b->width)
        return a->width < b->width ? -1 : 1;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->ref.rule < b->ref.rule ? -1 : a->ref.rule > b->ref.rule;
}

static bool same_place(const struct glc_pin *a, const struct glc_pin *b)
{
    return a->anchor.kind == b->anchor.kind && a->anchor.section == b->anchor.section &&
           a->anchor.offset == b->anchor.offset && a->width == b->width;
}

static bool write_pins(struct glc_build *b)
{
    if (b->pins != 0)
        qsort(b->pin, b->pins, sizeof *b->pin, by_place);
    for (size_t i = 0; i < b->pins;) {
        const struct glc_pin *p = &b->pin[i];
        struct glc_img_anchor a = { .kind = (uint8_t)p->anchor.kind,
                                    .width = p->width,
                                    .section = p->anchor.section,
                                    .offset = p->anchor.offset,
                                    .key = glc_build_count(b, GLC_IMG_KEYS, sizeof(struct glc_img_key)) };
        while (i < b->pins && same_place(&b->pin[i], p)) {
            struct glc_img_key k = { .key = b->pin[i].key,
                                     .ref = glc_build_count(b, GLC_IMG_REFS, sizeof(struct glc_img_ref)) };
            for (; i < b->pins && same_place(&b->pin[i], p) && b->pin[i].key == k.key; i++) {
                a.classes |= b->set->rule[b->pin[i].ref.rule]->classes;
                if (!put_ref(b, &b->pin[i].ref))
                    return false;
                k.refs++;
            }
            if (!glc_buf_put(&b->section[GLC_IMG_KEYS], &k, sizeof k))
                return false;
            a.keys++;
        }
        if (!glc_buf_put(&b->section[GLC_IMG_ANCHORS], &a, sizeof a))
            return false;
    }
    return true;
}

bool glc_filter_write(struct glc_build *b)
{
    uint32_t first[GLC_STAGES + 1];
    if (b->wants != 0)
        qsort(b->want, b->wants, sizeof *b->want, by_window);
    if (!write_windows(b, first))
        return false;
    for (uint32_t s = 0; s < GLC_STAGES; s++)
        if (!write_buckets(b, s, first[s], first[s + 1]))
            return false;
    return write_groups(b, first) && write_pins(b);
}
