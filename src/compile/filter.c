/* From wants and pins to what the matcher walks: windows with their references, the buckets that find them, a
 * bitmap for each group of classes, and the keys of known places. */
#include "base/heap.h"
#include "compile/build.h"

#include <stdlib.h>

enum {
    BITS_LEAST = 10,
    BUCKET_FILL = 5,
    AGREE_MOST = 64, /* references of a window that are asked what they have in common */
    GATE_LEAST = 64, /* rules behind a gate from which on it has bitmaps of its own */
};
static const struct {
    uint8_t most; /* log2 of its bits at most */
    uint8_t room; /* log2 of bits for each that is set */
} maps[GLC_MAPS] = {
    [GLC_MAP_8] = { 19, 5 },
    [GLC_MAP_KEY4] = { 18, 5 },
    [GLC_MAP_KEY3] = { 18, 5 },
    [GLC_MAP_FIRST] = { 21, 5 },
};

static bool push_want(struct glc_build *b, const struct glc_want *w)
{
    struct glc_want *slot = glc_heap_push(&b->want, &b->wants, &b->want_room, sizeof *slot);
    if (slot != NULL)
        *slot = *w;
    return slot != NULL;
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
    for (uint32_t k = 0; k < (a->stage == GLC_STAGE_8 ? 4 : 2); k++) {
        struct glc_want w = { .stage = a->stage, .ref = *ref };
        uint32_t width = 8;
        w.ref.at = a->at[k];
        if (a->stage == GLC_STAGE_4) {
            glc_atom_key(a, a->at[k], &w.ref.at, &width);
            w.stage = width == 4 ? GLC_STAGE_4 : GLC_STAGE_3;
            w.second = w.ref.at != a->at[k];
        }
        if (!want_values(b, a, w.ref.at, width, &w))
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
    struct glc_pin *p = glc_heap_push(&b->pin, &b->pins, &b->pin_room, sizeof *p);
    if (p == NULL)
        return false;
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
    if (a->second != b->second)
        return a->second ? 1 : -1;
    return a->ref.at < b->ref.at ? -1 : a->ref.at > b->ref.at;
}

static bool put_ref(struct glc_build *b, const struct glc_img_ref *ref)
{
    return glc_buf_put(&b->section[GLC_IMG_REFS], ref, sizeof *ref);
}

/* Bytes around a key's place, from NEAR_MOST before it: every stretch of 8 that begins up to NEAR_MOST bytes
 * away. */
enum { NEAR_MOST = 8, AROUND = 2 * NEAR_MOST + 8 };

/* What they are in the want's atom and which bits matter. */
static void bytes_around(const struct glc_build *b, const struct glc_img_ref *ref, uint8_t value[AROUND],
                         uint8_t mask[AROUND])
{
    const struct glc_img_atom *atom = (const void *)b->section[GLC_IMG_ATOMS].ptr;
    const struct glc_img_atom *a = &atom[ref->atom];
    const uint8_t *bytes = b->section[GLC_IMG_BYTES].ptr + a->bytes;
    int64_t first = (int64_t)ref->at - NEAR_MOST, from = first < 0 ? -first : 0, to = (int64_t)a->len - first;
    memset(value, 0, AROUND);
    memset(mask, 0, AROUND);
    to = to < AROUND ? to : AROUND;
    for (int64_t i = from; i < to; i++) {
        value[i] = bytes[first + i];
        mask[i] = a->exact != 0 ? 0xff : bytes[a->len + first + i];
    }
}

/* Where near the key do all references say most beyond the key itself? */
static void agree(const struct glc_build *b, const struct glc_want *want, size_t n, uint32_t width,
                  struct glc_img_window *w)
{
    int most = -1;
    uint8_t value[AROUND], mask[AROUND], other[AROUND], matters[AROUND];
    bytes_around(b, &want[0].ref, value, mask);
    for (size_t i = 1; i < n && n <= AGREE_MOST; i++) {
        bytes_around(b, &want[i].ref, other, matters);
        for (int k = 0; k < AROUND; k++)
            mask[k] &= matters[k] & (uint8_t) ~(value[k] ^ other[k]);
    }
    if (n > AGREE_MOST)
        memset(mask, 0, sizeof mask);
    for (int32_t near = -NEAR_MOST; near <= NEAR_MOST; near++) {
        uint64_t v, m, told = 0;
        memcpy(&v, value + (near + NEAR_MOST), 8);
        memcpy(&m, mask + (near + NEAR_MOST), 8);
        for (int32_t i = 0; i < 8; i++)
            if (near + i >= 0 && near + i < (int32_t)width)
                told |= (uint64_t)0xdf << (8 * i); /* but for its case */
        int says = __builtin_popcountll(m & ~told);
        if (says > most) {
            most = says;
            w->near = near;
            w->mask = m;
            w->around = v & m;
        }
    }
}

/* Windows and references; windows of a stage are neighbours. first[s] gets where stage s begins. */
static bool write_windows(struct glc_build *b, uint32_t first[GLC_STAGES + 1])
{
    static const uint8_t widths[GLC_STAGES] = { [GLC_STAGE_8] = 8, [GLC_STAGE_4] = 4, [GLC_STAGE_3] = 3 };
    struct glc_buf *windows = &b->section[GLC_IMG_WINDOWS];
    size_t i = 0;
    for (uint32_t s = 0; s < GLC_STAGES; s++) {
        first[s] = glc_build_count(b, GLC_IMG_WINDOWS, sizeof(struct glc_img_window));
        while (i < b->wants && b->want[i].stage == s) {
            struct glc_img_window w = { .value = b->want[i].value,
                                        .ref = glc_build_count(b, GLC_IMG_REFS, sizeof(struct glc_img_ref)) };
            size_t begin = i;
            for (; i < b->wants && b->want[i].stage == s && b->want[i].value == w.value; i++) {
                if (!put_ref(b, &b->want[i].ref))
                    return false;
                w.refs++;
            }
            agree(b, &b->want[begin], i - begin, widths[s], &w);
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

/* Which bitmaps there are: for sets of classes, and for layers that begin as the commonest gate asks and for
 * all others. */
struct chosen {
    uint32_t set[GLC_CLASSES]; /* classes */
    uint32_t sets;
    uint32_t gate;    /* in GATES, or NONE */
    bool *gated;      /* rules that this gate must be open for */
    uint32_t *asking; /* of each want: the classes of its rule; of neighbours with the same key: the first */
};

/* Is the gate shut wherever the chosen one is? */
static bool is_shut(const struct chosen *c, const struct glc_img_gate *all, uint32_t gate)
{
    const struct glc_img_gate *g = gate != GLC_IMG_NONE ? &all[gate] : NULL;
    return g != NULL && g->n == 1 && (g->mask[0] & 0xffff) == 0xffff &&
           (g->value[0] & 0xffff) == all[c->gate].value[0];
}

/* The first two bytes that most rules demand; NONE where that is too few. */
static bool choose_gate(struct glc_build *b, struct chosen *c)
{
    const struct glc_img_rule *rule = (const void *)b->section[GLC_IMG_RULES].ptr;
    const struct glc_img_gate *gate = (const void *)b->section[GLC_IMG_GATES].ptr;
    uint32_t *rules = calloc((size_t)UINT16_MAX + 1, sizeof *rules), best = 0;
    c->gated = calloc(b->set->rules + 1, sizeof *c->gated);
    c->gate = GLC_IMG_NONE;
    bool ok = rules != NULL && c->gated != NULL;
    for (size_t r = 0; ok && r < b->set->rules; r++) {
        const struct glc_img_gate *g = rule[r].gate != GLC_IMG_NONE ? &gate[rule[r].gate] : NULL;
        if (g == NULL || g->n != 1 || (g->mask[0] & 0xffff) != 0xffff)
            continue;
        uint32_t first = g->value[0] & 0xffff;
        best = ++rules[first] > rules[best] ? first : best;
    }
    if (ok && rules[best] >= GATE_LEAST) {
        struct glc_img_gate two = { .n = 1, .need = 2, .value = { best }, .mask = { 0xffff } };
        c->gate = glc_build_count(b, GLC_IMG_GATES, sizeof two);
        ok = glc_buf_put(&b->section[GLC_IMG_GATES], &two, sizeof two);
        gate = (const void *)b->section[GLC_IMG_GATES].ptr;
        for (size_t r = 0; ok && r < b->set->rules; r++)
            c->gated[r] = is_shut(c, gate, rule[r].gate);
    }
    free(rules);
    return ok;
}

/* Keys that some rule for these classes asks for. */
static uint32_t count_asked(const struct glc_build *b, const struct chosen *c, uint32_t classes)
{
    uint32_t n = 0;
    for (size_t i = 0; i < b->wants; i++)
        n += (c->asking[i] & classes) != 0;
    return n;
}

/* Sets of classes that ask for much the same share their bitmaps. */
static void join_sets(const struct glc_build *b, struct chosen *c)
{
    uint32_t n[GLC_CLASSES];
    for (uint32_t i = 0; i < c->sets; i++)
        n[i] = count_asked(b, c, c->set[i]);
    for (uint32_t i = 0; i < c->sets; i++) {
        for (uint32_t k = i + 1; k < c->sets;) {
            uint32_t all = count_asked(b, c, c->set[i] | c->set[k]), least = n[i] < n[k] ? n[i] : n[k];
            if (all - all / 8 > least) {
                k++;
                continue;
            }
            c->set[i] |= c->set[k];
            n[i] = all;
            c->sets--;
            c->set[k] = c->set[c->sets];
            n[k] = n[c->sets];
        }
    }
}

static bool choose_maps(struct glc_build *b, const uint32_t *group, uint32_t groups, struct chosen *c)
{
    *c = (struct chosen){ .sets = groups };
    memcpy(c->set, group, groups * sizeof *group);
    c->asking = calloc(b->wants + 1, sizeof *c->asking);
    if (!choose_gate(b, c) || c->asking == NULL)
        return false;
    size_t first = 0;
    for (size_t i = 0; i < b->wants; i++) {
        if (b->want[i].stage != b->want[first].stage || b->want[i].value != b->want[first].value)
            first = i;
        c->asking[first] |= b->set->rule[b->want[i].ref.rule]->classes;
    }
    join_sets(b, c);
    return true;
}

/* A bitmap being filled; `bit` NULL: its keys are counted. */
struct map {
    uint8_t *bit;
    uint64_t n;
    unsigned bits;
};

static void set_bit(struct map *m, uint64_t hash64)
{
    m->n++;
    if (m->bit != NULL) {
        uint64_t bit = hash64 >> (64 - m->bits);
        m->bit[bit >> 3] |= (uint8_t)(1u << (bit & 7));
    }
}

static void set_short(struct map *m, uint32_t key)
{
    set_bit(m, (uint64_t)glc_img_hash32(key) << 32);
}

/* The first look that chooses by `first`, and the bits that it is to find. */
static void set_look(struct map *m, uint32_t first, uint32_t bits)
{
    m->n++;
    if (m->bit != NULL) {
        uint8_t *word = m->bit + (size_t)(glc_img_look(first) >> (37 - m->bits)) * 4;
        for (unsigned i = 0; i < 4; i++)
            word[i] |= (uint8_t)(bits >> (8 * i));
    }
}

static void set_look_4(struct map *m, uint32_t first)
{
    set_look(m, first, glc_img_look_4(glc_img_look(first)));
}

/* The bits of one want in all bitmaps (image/layout.h). */
static void set_want(struct map map[GLC_MAPS], const struct glc_want *w)
{
    uint32_t key = (uint32_t)w->value;
    if (w->stage == GLC_STAGE_8) {
        set_bit(&map[GLC_MAP_8], glc_img_hash(w->value));
        set_look(&map[GLC_MAP_FIRST], key, glc_img_look_8((uint32_t)(w->value >> 32)));
    } else if (w->stage == GLC_STAGE_4) {
        set_short(&map[GLC_MAP_KEY4], key);
        set_look_4(&map[GLC_MAP_FIRST], key);
    } else {
        set_short(&map[GLC_MAP_KEY3], key);
        for (uint32_t any = 0; any < GLC_IMG_ANY_BYTES; any++)
            set_look_4(&map[GLC_MAP_FIRST], w->second ? key << 8 | any : key | any << 24);
    }
}

static void set_wants(const struct glc_build *b, const struct chosen *c, uint32_t classes, bool gated,
                      struct map map[GLC_MAPS])
{
    const struct glc_want *last = NULL; /* neighbours often have one key */
    for (size_t i = 0; i < b->wants; i++) {
        const struct glc_want *w = &b->want[i];
        uint32_t rule = w->ref.rule;
        if ((b->set->rule[rule]->classes & classes) == 0 || (!gated && c->gated[rule]) ||
            (last != NULL && last->stage == w->stage && last->value == w->value && last->second == w->second))
            continue;
        set_want(map, w);
        last = w;
    }
}

/* The bitmaps for these classes, with or without the rules behind the gate. */
static bool write_maps(struct glc_build *b, const struct chosen *c, uint32_t classes, bool gated,
                       struct glc_img_group *out)
{
    struct glc_buf *to = &b->section[GLC_IMG_BITMAPS];
    struct map map[GLC_MAPS] = { 0 };
    size_t at[GLC_MAPS];
    set_wants(b, c, classes, gated, map);
    for (int i = 0; i < GLC_MAPS; i++) {
        if (map[i].n == 0)
            continue;
        map[i].bits = BITS_LEAST;
        while (map[i].bits < maps[i].most && UINT64_C(1) << map[i].bits < map[i].n << maps[i].room)
            map[i].bits++;
        size_t bytes = ((size_t)1 << map[i].bits) / 8;
        if (!glc_build_align(to, GLC_IMG_ALIGN))
            return false;
        uint8_t *room = glc_buf_reserve(to, bytes);
        if (room == NULL)
            return false;
        memset(room, 0, bytes);
        at[i] = to->len;
        to->len += bytes;
        out->bits[i] = map[i].bits;
        out->bitmap[i] = at[i];
    }
    struct map none = { 0 };
    for (int i = 0; i < GLC_MAPS; i++) {
        map[i].bit = out->bits[i] != 0 ? to->ptr + at[i] : NULL;
        map[i] = map[i].bit != NULL ? map[i] : none;
    }
    set_wants(b, c, classes, gated, map);
    return true;
}

/* Runs of `always` (sorted by gate and guard) that the group is concerned with. */
static bool write_always(struct glc_build *b, const struct chosen *c, struct glc_img_group *g)
{
    bool shut = g->gate == GLC_IMG_NONE && c->gate != GLC_IMG_NONE;
    const struct glc_img_gate *gate = (const void *)b->section[GLC_IMG_GATES].ptr;
    g->always = glc_build_count(b, GLC_IMG_ALWAYS, sizeof(struct glc_img_always));
    for (size_t i = 0; i < b->alwayses;) {
        const struct glc_always *first = &b->always[i];
        struct glc_img_always run = { .gate = first->gate,
                                      .rule = glc_build_count(b, GLC_IMG_LISTS, sizeof(uint32_t)) };
        if (first->guard != GLC_IMG_NONE) {
            run.guard = b->guard[first->guard].code;
            run.guard_len = b->guard[first->guard].code_len;
            run.flags = b->guard[first->guard].steady ? GLC_IMG_STEADY : 0;
        }
        for (; i < b->alwayses && b->always[i].gate == first->gate && b->always[i].guard == first->guard;
             i++) {
            if ((b->set->rule[b->always[i].rule]->classes & g->classes) == 0 ||
                (shut && (c->gated[b->always[i].rule] || is_shut(c, gate, first->gate))))
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

static bool write_group(struct glc_build *b, const struct chosen *c, uint32_t classes, uint32_t gate,
                        const struct glc_img_group *with)
{
    struct glc_img_group g = *with;
    g.classes = classes;
    g.gate = gate;
    return write_always(b, c, &g) && glc_buf_put(&b->section[GLC_IMG_GROUPS], &g, sizeof g);
}

static bool write_all_groups(struct glc_build *b, const struct chosen *c, const uint32_t *group, uint32_t n)
{
    struct glc_img_group with[2][GLC_CLASSES] = { 0 };
    uint32_t gates = c->gate != GLC_IMG_NONE ? 2 : 1;
    for (uint32_t i = 0; i < c->sets; i++)
        for (uint32_t k = 0; k < gates; k++)
            if (!write_maps(b, c, c->set[i], k + 1 < gates || gates == 1, &with[k][i]))
                return false;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t set = 0;
        while ((c->set[set] & group[i]) == 0)
            set++;
        for (uint32_t k = 0; k < gates; k++)
            if (!write_group(b, c, group[i], k + 1 < gates ? c->gate : GLC_IMG_NONE, &with[k][set]))
                return false;
    }
    return true;
}

static bool write_groups(struct glc_build *b)
{
    uint32_t group[GLC_CLASSES];
    uint32_t n = find_groups(b, group);
    struct chosen c;
    bool ok = choose_maps(b, group, n, &c) && write_all_groups(b, &c, group, n);
    free(c.gated);
    free(c.asking);
    return ok;
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
    return write_groups(b) && write_pins(b);
}
