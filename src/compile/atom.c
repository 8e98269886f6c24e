/* Atoms: runs of masked bytes that every match must contain, and the window in each that is rarest in clean
 * files.
 *
 * A run is gathered along a concatenation: bytes, classes (kept as sets beside their mask), gaps of one
 * length, and the first rounds of a repeat. A concatenation needs only its cheapest run; an alternation needs
 * one for every branch.
 *
 * Stages (image/layout.h): a window of 8 bytes looked at where the offset is a multiple of 4 needs windows at
 * four places next to each other, so a run of 11 distinct enough bytes; 4 bytes likewise 7; 3 bytes at
 * multiples of 2 need 4. */
#include "compile/build.h"

#include <math.h>

enum {
    DEPTH_MOST = 48,
    RUN_MOST = 32 * 1024,
    ATOMS_MOST = 512,
    REPEAT_MOST = 64,
    GAP_MOST = 1024,
    LOOKED_AT = 512
};
enum { PRODUCT_MOST = 32 };

/* A run being gathered. */
struct run {
    uint8_t *value, *mask;
    const uint32_t **set;
    size_t n, room;
    bool sets;
    uint32_t near, far;
};

struct walk {
    struct glc_build *b;
    struct run run;
    uint32_t near, far; /* where we are, from the start of the match */
    struct glc_cover best;
    bool clean; /* still one run, nothing but value and mask */
};

static uint32_t add_far(uint32_t far, uint64_t n)
{
    return far == GLC_UNBOUNDED || n >= GLC_UNBOUNDED - far ? GLC_UNBOUNDED : far + (uint32_t)n;
}

uint32_t glc_atom_values(const struct glc_atom *a, uint32_t i, uint8_t out[32])
{
    uint8_t m = a->mask[i], v = a->value[i];
    const uint32_t *set = a->set != NULL ? a->set[i] : NULL;
    if (set == NULL && (m | 0x20) == 0xff) {
        out[0] = v | 0x20;
        return 1;
    }
    if (set == NULL && (m & 0x0f) == 0 && (m & 0xd0) == 0)
        return 0;
    uint32_t n = 0;
    for (unsigned c = 0; c < 256; c++) {
        bool in = set != NULL ? glc_set_has(set, (uint8_t)c) : (c & m) == v;
        /* Folded, each once: c itself where bit 5 is set, else only where its twin is not in. */
        if (!in)
            continue;
        bool twin =
            (c & 0x20) == 0 && (set != NULL ? glc_set_has(set, (uint8_t)(c | 0x20)) : ((c | 0x20) & m) == v);
        if (twin)
            continue;
        if (n == 32)
            return 0;
        out[n++] = (uint8_t)(c | 0x20);
    }
    return n;
}

/* Frequency of the windows of `width` bytes at `at`, over all values they may have; INFINITY where they are
 * too many. */
static float window_cost(const struct glc_build *b, uint32_t at, uint32_t width, const uint8_t *first,
                         const uint8_t *count)
{
    uint32_t product = 1;
    uint64_t w = 0;
    for (uint32_t i = 0; i < width; i++) {
        if (count[at + i] == 0)
            return INFINITY;
        product *= count[at + i];
        if (product > PRODUCT_MOST)
            return INFINITY;
        w |= (uint64_t)first[at + i] << (8 * i);
    }
    float cost;
    if (width == 3) {
        cost = glc_freq_3(b->freq, (uint32_t)w);
    } else {
        cost = glc_freq_4(b->freq, (uint32_t)w);
        float four = cost;
        for (uint32_t i = 1; i + 4 <= width; i++) {
            float f = glc_freq_4(b->freq, (uint32_t)(w >> (8 * i)));
            four = f < four ? f : four;
        }
        if (width == 8)
            cost = glc_freq_8(b->freq, w, four);
    }
    /* Runs of one byte stand in every file by the page: the filter skips them. */
    bool same = true;
    uint32_t fixed = UINT32_MAX;
    for (uint32_t i = 0; i < width; i++) {
        if (count[at + i] != 1)
            continue;
        same = same && (fixed == UINT32_MAX || fixed == first[at + i]);
        fixed = first[at + i];
    }
    if (same)
        return INFINITY;
    return cost * (float)product;
}

/* Choose stage and place. */
static void choose(struct glc_build *b, struct glc_atom *a)
{
    static const struct {
        uint8_t width, stride;
        float extra; /* a stage's own cost: false candidates it brings */
    } stage[GLC_STAGES] = {
        [GLC_STAGE_8] = { 8, 4, 0 },
        [GLC_STAGE_4] = { 4, 4, 2e-6f },
        [GLC_STAGE_3] = { 3, 2, 1e-4f },
    };
    uint8_t first[LOOKED_AT + 16], count[LOOKED_AT + 16], values[32];
    uint32_t n = a->len < LOOKED_AT ? a->len : LOOKED_AT;
    for (uint32_t i = 0; i < n; i++) {
        count[i] = (uint8_t)glc_atom_values(a, i, values);
        first[i] = count[i] != 0 ? values[0] : 0;
    }
    a->stage = GLC_STAGES;
    a->cost = INFINITY;
    for (uint32_t s = 0; s < GLC_STAGES; s++) {
        uint32_t need = stage[s].width + stage[s].stride - 1u;
        float cost[LOOKED_AT];
        if (n < need)
            continue;
        for (uint32_t i = 0; i + stage[s].width <= n; i++)
            cost[i] = window_cost(b, i, stage[s].width, first, count);
        for (uint32_t i = 0; i + need <= n; i++) {
            float sum = stage[s].extra;
            for (uint32_t k = 0; k < stage[s].stride; k++)
                sum += cost[i + k] / stage[s].stride;
            if (sum < a->cost) {
                a->cost = sum;
                a->stage = (uint8_t)s;
                a->at = i;
            }
        }
    }
}

static bool run_push(struct walk *w, uint8_t value, uint8_t mask, const uint32_t *set)
{
    struct run *r = &w->run;
    if (r->n == r->room) {
        size_t room = r->room == 0 ? 64 : r->room * 2;
        uint8_t *value2 = glc_arena_array(&w->b->arena, room, 2);
        const uint32_t **set2 = glc_arena_array(&w->b->arena, room, sizeof *set2);
        if (value2 == NULL || set2 == NULL)
            return false;
        if (r->n != 0) {
            memcpy(value2, r->value, r->n);
            memcpy(value2 + room, r->mask, r->n);
            memcpy(set2, r->set, r->n * sizeof *set2);
        }
        r->value = value2;
        r->mask = value2 + room;
        r->set = set2;
        r->room = room;
    }
    if (r->n == 0) {
        r->near = w->near;
        r->far = w->far;
    }
    r->value[r->n] = value;
    r->mask[r->n] = mask;
    r->set[r->n++] = set;
    r->sets = r->sets || set != NULL;
    w->near++;
    w->far = add_far(w->far, 1);
    return true;
}

static void take_if_better(struct walk *w, const struct glc_cover *c)
{
    if (c->atoms != 0 && (w->best.atoms == 0 || c->cost < w->best.cost))
        w->best = *c;
}

/* The run ends here: a candidate. */
static void run_flush(struct walk *w)
{
    struct run *r = &w->run;
    if (r->n != 0) {
        struct glc_atom *a = glc_arena_alloc(&w->b->arena, sizeof *a);
        if (a != NULL) {
            *a = (struct glc_atom){ .value = r->value,
                                    .mask = r->mask,
                                    .set = r->sets ? r->set : NULL,
                                    .len = (uint32_t)r->n,
                                    .near = r->near,
                                    .far = r->far };
            choose(w->b, a);
            struct glc_cover one = { .atom = a, .atoms = 1, .cost = a->cost };
            take_if_better(w, &one);
        }
    }
    w->run = (struct run){ 0 };
}

/* The mask and value that all bytes of a set share. */
static void set_mask(const uint32_t set[8], uint8_t *value, uint8_t *mask)
{
    uint8_t and = 0xff, or = 0;
    for (unsigned c = 0; c < 256; c++) {
        if (glc_set_has(set, (uint8_t)c)) {
            and &= (uint8_t)c;
            or |= (uint8_t)c;
        }
    }
    *mask = (uint8_t) ~(and^ or);
    *value = and&*mask;
}

/* Is the set exactly what its mask says? */
static bool set_is_mask(const uint32_t set[8], uint8_t value, uint8_t mask)
{
    for (unsigned c = 0; c < 256; c++)
        if (glc_set_has(set, (uint8_t)c) != ((c & mask) == value))
            return false;
    return true;
}

static bool walk_bytes(struct walk *w, const struct glc_re *re)
{
    for (uint32_t i = 0; i < re->u.bytes.len; i++) {
        if (w->run.n == RUN_MOST) {
            run_flush(w);
            w->clean = false;
        }
        if (!run_push(w, re->u.bytes.value[i], re->u.bytes.mask[i], NULL))
            return false;
    }
    return true;
}

static bool walk_class(struct walk *w, const struct glc_re *re)
{
    uint8_t value, mask;
    set_mask(re->u.set, &value, &mask);
    bool exact = set_is_mask(re->u.set, value, mask);
    w->clean = w->clean && exact;
    return run_push(w, value, mask, exact ? NULL : re->u.set);
}

static bool walk_node(struct walk *w, const struct glc_re *re, unsigned depth);

static void step_over(struct walk *w, const struct glc_re *re)
{
    uint64_t min, max;
    glc_re_length(re, &min, &max);
    w->clean = false;
    w->near = add_far(w->near, min);
    w->far = add_far(w->far, max);
}

static void cover(struct glc_build *b, const struct glc_re *re, uint32_t near, uint32_t far, unsigned depth,
                  struct glc_cover *out)
{
    struct walk w = { .b = b, .near = near, .far = far, .clean = true };
    if (!walk_node(&w, re, depth)) {
        *out = (struct glc_cover){ 0 };
        return;
    }
    bool one = w.clean && w.run.n != 0 && w.best.atoms == 0;
    run_flush(&w);
    *out = w.best;
    out->whole = one;
}

static bool walk_alt(struct walk *w, const struct glc_re *re, unsigned depth)
{
    struct glc_cover all = { 0 };
    bool every = true;
    for (uint32_t i = 0; every && i < re->u.list.n; i++) {
        struct glc_cover c;
        cover(w->b, re->u.list.kid[i], w->near, w->far, depth + 1, &c);
        every = c.atoms != 0 && all.atoms + c.atoms <= ATOMS_MOST;
        for (size_t k = 0; every && k < c.atoms; k++) {
            struct glc_atom *slot = glc_arena_push(&w->b->arena, &all.atom, &all.atoms, sizeof *slot);
            if (slot == NULL)
                return false;
            *slot = c.atom[k];
        }
        all.cost += c.cost;
    }
    if (every)
        take_if_better(w, &all);
    step_over(w, re);
    return true;
}

static bool walk_repeat(struct walk *w, const struct glc_re *re, unsigned depth)
{
    const struct glc_re *kid = re->u.repeat.kid;
    uint32_t min = re->u.repeat.min;
    bool plain = kid->kind == GLC_RE_BYTES || kid->kind == GLC_RE_CLASS;
    if (min != 0 && plain) {
        uint32_t rounds = min < REPEAT_MOST ? min : REPEAT_MOST;
        for (uint32_t i = 0; i < rounds; i++)
            if (!walk_node(w, kid, depth + 1))
                return false;
        if (rounds == re->u.repeat.max)
            return true;
        run_flush(w);
        w->clean = false;
        uint64_t klo, khi, hi;
        glc_re_length(kid, &klo, &khi);
        hi = re->u.repeat.max == GLC_UNBOUNDED ? UINT64_MAX : khi * (re->u.repeat.max - rounds);
        w->near = add_far(w->near, klo * (min - rounds));
        w->far = add_far(w->far, hi);
        return true;
    }
    run_flush(w);
    if (min != 0) {
        struct glc_cover c;
        cover(w->b, kid, w->near, w->far, depth + 1, &c);
        take_if_better(w, &c);
    }
    step_over(w, re);
    return true;
}

static bool walk_node(struct walk *w, const struct glc_re *re, unsigned depth)
{
    if (depth > DEPTH_MOST) {
        run_flush(w);
        step_over(w, re);
        return true;
    }
    switch (re->kind) {
    case GLC_RE_BYTES:
        return walk_bytes(w, re);
    case GLC_RE_CLASS:
        return walk_class(w, re);
    case GLC_RE_CAT:
        for (uint32_t i = 0; i < re->u.list.n; i++)
            if (!walk_node(w, re->u.list.kid[i], depth + 1))
                return false;
        return true;
    case GLC_RE_ALT:
        run_flush(w);
        return walk_alt(w, re, depth);
    case GLC_RE_REPEAT:
        return walk_repeat(w, re, depth);
    case GLC_RE_GAP:
        if (re->u.gap.min == re->u.gap.max && re->u.gap.min <= GAP_MOST) {
            for (uint32_t i = 0; i < re->u.gap.min; i++)
                if (!run_push(w, 0, 0, NULL))
                    return false;
            return true;
        }
        run_flush(w);
        step_over(w, re);
        return true;
    case GLC_RE_ASSERT:
    case GLC_RE_EMPTY:
        w->clean = w->clean && re->kind == GLC_RE_EMPTY;
        return true;
    }
    return false;
}

/* Leading and trailing wildcards of an atom that is not the whole variant say nothing. */
static void trim(struct glc_atom *a)
{
    uint32_t lead = 0;
    while (lead < a->len - 1 && a->mask[lead] == 0 && (a->set == NULL || a->set[lead] == NULL) &&
           (a->stage == GLC_STAGES || lead < a->at))
        lead++;
    a->value += lead;
    a->mask += lead;
    a->set = a->set != NULL ? a->set + lead : NULL;
    a->len -= lead;
    a->near = add_far(a->near, lead);
    a->far = add_far(a->far, lead);
    a->at -= a->stage == GLC_STAGES ? 0 : lead;
}

void glc_atom_cover(struct glc_build *b, const struct glc_re *re, struct glc_cover *out)
{
    cover(b, re, 0, 0, 0, out);
    if (!out->whole)
        for (size_t i = 0; i < out->atoms; i++)
            trim(&out->atom[i]);
}
