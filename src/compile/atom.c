/* Atoms: runs of masked bytes that every match must contain, and the window in each that is rarest in clean
 * files.
 *
 * A run is gathered along a concatenation: bytes, classes (kept as sets beside their mask), gaps of one
 * length, and the first rounds of a repeat. A concatenation needs only its cheapest run; an alternation needs
 * one for every branch, which goes on with the run before it.
 *
 * Stages (image/layout.h): a window of 8 bytes looked at where the offset is a multiple of 4 needs windows at
 * four places next to each other, so a run of 11 distinct enough bytes; one of 4 bytes at multiples of 2
 * needs two, so 5 bytes, and as many as are not known are taken for all their values: even 2 bytes will do.
 */
#include "compile/build.h"

#include <math.h>

enum {
    DEPTH_MOST = 48,
    RUN_MOST = 32 * 1024,
    ATOMS_MOST = 512,
    REPEAT_MOST = 64,
    GAP_MOST = 1024,
    LOOKED_AT = 256
};
/* Strings that a place may begin with are listed where nothing else does, up to so many. */
enum { EXPAND_MOST = 96, EXPAND_WORK = 2000 };
enum { PRODUCT_MOST = 32, PRODUCT_MOST_4 = 256 };
/* What one more bit costs: of 2^20, looked at every second byte, and a look behind it a third of a hit. */
#define BIT_COST 1.6e-7f
/* What a first look that passes costs, of a hit; one byte of four is looked at. */
#define FIRST_COST 0.02f

/* A run being gathered. */
struct run {
    uint8_t *value, *mask;
    const uint32_t **set; /* NULL: no class among them */
    size_t n, room;
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

/* What is known of a position: mask and value but for its case, or the set of its class. */
struct known {
    uint8_t mask, value;
    const uint32_t *set;
};

static struct known known_at(const struct glc_atom *a, int64_t i)
{
    if (i < 0 || i >= a->len)
        return (struct known){ .mask = 0x20, .value = 0x20 };
    return (struct known){ a->mask[i] | 0x20, a->value[i] | 0x20, a->set != NULL ? a->set[i] : NULL };
}

uint32_t glc_atom_values(const struct glc_atom *a, int64_t i, uint8_t out[GLC_ATOM_VALUES])
{
    struct known k = known_at(a, i);
    uint32_t n = 0;
    /* Folded, each once. */
    if (k.set == NULL) {
        /* Free bits count upwards, as far as the fixed ones let them. */
        uint8_t free_bits = (uint8_t)~k.mask, bits = 0;
        do {
            out[n++] = k.value | bits;
            bits = (uint8_t)((bits - free_bits) & free_bits);
        } while (bits != 0);
        return n;
    }
    for (unsigned high = 0; high < 256; high += 0x40) {
        const uint32_t *w = &k.set[high / 32];
        for (uint32_t left = w[0] | w[1]; left != 0; left &= left - 1)
            out[n++] = (uint8_t)(high | 0x20 | (unsigned)__builtin_ctz(left));
    }
    return n;
}

/* How many those are, and the first. */
static uint32_t count_values(const struct glc_atom *a, int64_t i, uint8_t *first)
{
    struct known k = known_at(a, i);
    *first = k.value;
    if (k.set == NULL)
        return 1u << __builtin_popcount((uint8_t)~k.mask);
    uint32_t n = 0;
    for (unsigned high = 256; high != 0; high -= 0x40) {
        uint32_t both = k.set[(high - 0x40) / 32] | k.set[(high - 0x40) / 32 + 1];
        n += (uint32_t)__builtin_popcount(both);
        if (both != 0)
            *first = (uint8_t)((high - 0x40) | 0x20 | (unsigned)__builtin_ctz(both));
    }
    return n;
}

/* What the choice of windows knows of an atom: position i at index i + EDGE. */
enum { EDGE = 2 };
struct glc_looked {
    const struct glc_atom *atom;
    uint32_t n;                              /* positions of the atom */
    uint8_t count[LOOKED_AT + 2 * EDGE];     /* of folded values */
    uint8_t first[LOOKED_AT + 2 * EDGE + 8]; /* the least of them; room to load 8 anywhere */
    uint16_t ones[LOOKED_AT + 2 * EDGE];     /* positions with one value in a row, up to here */
    float four[LOOKED_AT + 2 * EDGE];        /* frequency of the four bytes from here, with one value each */
    uint8_t value[8][GLC_ATOM_VALUES];       /* of the window in hand */
};

static void look_at(const struct glc_build *b, const struct glc_atom *a, struct glc_looked *l)
{
    l->atom = a;
    l->n = a->len < LOOKED_AT ? a->len : LOOKED_AT;
    uint32_t w = 0, ones = 0;
    for (uint32_t i = 0; i < l->n + 2 * EDGE; i++) {
        l->count[i] = (uint8_t)count_values(a, (int64_t)i - EDGE, &l->first[i]);
        w = w >> 8 | (uint32_t)l->first[i] << 24;
        ones = l->count[i] == 1 ? ones + 1 : 0;
        l->ones[i] = (uint16_t)ones;
        if (ones >= 4)
            l->four[i - 3] = glc_freq_4(b->freq, w);
    }
    memset(l->first + l->n + (size_t)2 * EDGE, 0, 8);
}

/* Frequency of a window of one value. */
static float value_cost(const struct glc_build *b, uint64_t w, uint32_t width)
{
    if (width == 3)
        return glc_freq_3(b->freq, (uint32_t)w);
    float four = glc_freq_4(b->freq, (uint32_t)w);
    if (width == 4)
        return four;
    for (uint32_t i = 1; i + 4 <= width; i++) {
        float f = glc_freq_4(b->freq, (uint32_t)(w >> (8 * i)));
        four = f < four ? f : four;
    }
    return glc_freq_8(b->freq, w, four);
}

/* The same at index `at` of `l`, from the four bytes that were looked up before. */
static float value_cost_at(const struct glc_build *b, const struct glc_looked *l, uint32_t at, uint64_t w,
                           uint32_t width)
{
    if (width == 3)
        return glc_freq_3(b->freq, (uint32_t)w);
    float four = l->four[at];
    for (uint32_t i = 1; i + 4 <= width; i++)
        four = l->four[at + i] < four ? l->four[at + i] : four;
    return width == 4 ? four : glc_freq_8(b->freq, w, four);
}

/* Could the window be one byte all along? The filter skips stretches of one byte. */
static bool may_be_uniform(const struct glc_looked *l, uint32_t at, uint32_t width)
{
    uint32_t fixed = UINT32_MAX;
    for (uint32_t i = at; i < at + width; i++) {
        if (l->count[i] != 1)
            continue;
        if (fixed != UINT32_MAX && fixed != l->first[i])
            return false;
        fixed = l->first[i];
    }
    return true;
}

/* `sum` and the frequencies of every value that the window `w` may have; INFINITY where that reaches `most`.
 */
static float sum_costs(const struct glc_build *b, struct glc_looked *l, uint32_t at, uint64_t w,
                       uint32_t width, float sum, float most)
{
    uint32_t pick[8] = { 0 };
    for (uint32_t i = 0; sum < most && i < width; i++)
        glc_atom_values(l->atom, (int64_t)at + i - EDGE, l->value[i]);
    while (sum < most) {
        sum += value_cost(b, w, width);
        for (uint32_t i = 0;; i++) { /* the next, as an odometer goes */
            if (i == width)
                return sum;
            bool wraps = ++pick[i] == l->count[at + i];
            pick[i] = wraps ? 0 : pick[i];
            w ^= (uint64_t)(uint8_t)(w >> (8 * i) ^ l->value[i][pick[i]]) << (8 * i);
            if (!wraps)
                break;
        }
    }
    return INFINITY;
}

void glc_atom_key(const struct glc_atom *a, int32_t at, int32_t *key_at, uint32_t *width)
{
    uint8_t least;
    bool last = count_values(a, (int64_t)at + 3, &least) == GLC_ATOM_VALUES;
    bool first = !last && count_values(a, at, &least) == GLC_ATOM_VALUES;
    *width = last || first ? 3 : 4;
    *key_at = at + first;
}

/* Frequency of the window of `width` bytes at index `at` of `l`; INFINITY where it does not do or is not
 * below `most`. */
static float window_cost(const struct glc_build *b, struct glc_looked *l, uint32_t at, uint32_t width,
                         float most)
{
    uint64_t mask = UINT64_MAX >> (64 - 8 * width), w;
    memcpy(&w, l->first + at, sizeof w);
    w = w & mask;
    if (l->ones[at + width - 1] >= width) {
        if (w == (w & 0xff) * (UINT64_C(0x0101010101010101) & mask))
            return INFINITY;
        float look =
            width == 8 ? FIRST_COST * l->four[at] : BIT_COST * (float)(width == 3 ? GLC_ATOM_VALUES : 1);
        return look + value_cost_at(b, l, at, w, width);
    }
    uint32_t product = 1;
    for (uint32_t i = 0; i < width; i++) {
        product *= l->count[at + i];
        if (product == 0 || product > (width == 8 ? PRODUCT_MOST : PRODUCT_MOST_4))
            return INFINITY; /* 0: a class of no byte, as [^\\w\\W] */
    }
    if (may_be_uniform(l, at, width))
        return INFINITY;
    float look = width == 8 ? FIRST_COST * value_cost(b, w & UINT32_MAX, 4)
                            : BIT_COST * (float)(width == 3 ? product * GLC_ATOM_VALUES : product);
    return sum_costs(b, l, at, w, width, look, most);
}

/* The same for a window of 4 bytes, under 3 of them where the first or last may be any (glc_atom_key). */
static float window_cost_4(const struct glc_build *b, struct glc_looked *l, uint32_t at, float most)
{
    if (l->count[at + 3] == GLC_ATOM_VALUES)
        return window_cost(b, l, at, 3, most);
    return l->count[at] == GLC_ATOM_VALUES ? window_cost(b, l, at + 1, 3, most)
                                           : window_cost(b, l, at, 4, most);
}

/* Choose a stage, and for each place modulo its stride the rarest window. */
static void choose(struct glc_build *b, struct glc_atom *a)
{
    static const struct {
        uint8_t stage, width, stride;
        uint8_t before, behind; /* it may overhang: by one byte only where the atom cannot begin the layer */
        float extra;            /* a stage's own cost: false candidates it brings */
    } stage[] = { { GLC_STAGE_8, 8, 4, 0, 0, 0 }, { GLC_STAGE_4, 4, 2, 1, EDGE, 2e-6f } };
    a->stage = GLC_STAGES;
    a->cost = INFINITY;
    if (b->looked == NULL)
        b->looked = glc_arena_room(&b->arena, sizeof *b->looked);
    struct glc_looked *l = b->looked;
    if (l == NULL)
        return;
    look_at(b, a, l);
    for (uint32_t s = 0; s < sizeof stage / sizeof stage[0]; s++) {
        float best[4] = { INFINITY, INFINITY, INFINITY, INFINITY }, sum = stage[s].extra;
        int32_t at[4] = { 0 };
        uint32_t from = EDGE - stage[s].before, to = l->n + EDGE + stage[s].behind;
        for (uint32_t i = from; i + stage[s].width <= to; i++) {
            uint32_t r = i % stage[s].stride;
            float cost =
                stage[s].width == 8 ? window_cost(b, l, i, 8, best[r]) : window_cost_4(b, l, i, best[r]);
            if (cost < best[r]) {
                best[r] = cost;
                at[r] = (int32_t)i - EDGE;
            }
        }
        for (uint32_t r = 0; r < stage[s].stride; r++)
            sum += best[r] / stage[s].stride;
        if (sum < a->cost) {
            a->cost = sum;
            a->stage = stage[s].stage;
            memcpy(a->at, at, sizeof at);
        }
    }
}

/* Room for `more` bytes; the sets of classes only where one was pushed, for most runs have none. */
static bool run_room(struct walk *w, size_t more, bool sets)
{
    struct run *r = &w->run;
    size_t room = r->room == 0 ? 16 : r->room;
    while (room - r->n < more)
        room *= 2;
    if (room != r->room) {
        uint8_t *value = glc_arena_room(&w->b->arena, room * 2);
        if (value == NULL)
            return false;
        if (r->n != 0) {
            memcpy(value, r->value, r->n);
            memcpy(value + room, r->mask, r->n);
        }
        r->value = value;
        r->mask = value + room;
    }
    bool grown = room != r->room;
    if (grown ? r->set != NULL || sets : r->set == NULL && sets) {
        const uint32_t **set = glc_arena_array(&w->b->arena, room, sizeof *set);
        if (set == NULL)
            return false;
        if (r->set != NULL)
            memcpy(set, r->set, r->n * sizeof *set);
        r->set = set;
    }
    r->room = room;
    return true;
}

static bool run_push(struct walk *w, uint8_t value, uint8_t mask, const uint32_t *set)
{
    struct run *r = &w->run;
    if (!run_room(w, 1, set != NULL))
        return false;
    if (r->n == 0) {
        r->near = w->near;
        r->far = w->far;
    }
    r->value[r->n] = value;
    r->mask[r->n] = mask;
    if (r->set != NULL)
        r->set[r->n] = set;
    r->n++;
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
                                    .set = r->set,
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
    for (size_t i = 0, n; i < re->u.bytes.len; i += n) {
        struct run *r = &w->run;
        if (r->n == RUN_MOST) {
            run_flush(w);
            w->clean = false;
        }
        n = re->u.bytes.len - i < RUN_MOST - r->n ? re->u.bytes.len - i : RUN_MOST - r->n;
        if (!run_room(w, n, false))
            return false;
        if (r->n == 0) {
            r->near = w->near;
            r->far = w->far;
        }
        memcpy(r->value + r->n, re->u.bytes.value + i, n);
        memcpy(r->mask + r->n, re->u.bytes.mask + i, n);
        r->n += n; /* the sets of these places are NULL already */
        w->near += (uint32_t)n;
        w->far = add_far(w->far, n);
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

/* The run goes on with what stands right before it: the last positions of `before`. */
static bool run_resume(struct walk *w, const struct run *before)
{
    enum { PREFIX_MOST = 8 };
    size_t n = before->n < PREFIX_MOST ? before->n : PREFIX_MOST, from = before->n - n;
    if (n == 0)
        return true;
    if (!run_room(w, n, before->set != NULL))
        return false;
    memcpy(w->run.value, before->value + from, n);
    memcpy(w->run.mask, before->mask + from, n);
    if (before->set != NULL)
        memcpy(w->run.set, before->set + from, n * sizeof *before->set);
    w->run.n = n;
    w->run.near = before->near + (uint32_t)from;
    w->run.far = add_far(before->far, from);
    return true;
}

/* `before`: the run that ends where `re` begins; may be empty. */
static void cover(struct glc_build *b, const struct glc_re *re, uint32_t near, uint32_t far,
                  const struct run *before, unsigned depth, struct glc_cover *out)
{
    struct walk w = { .b = b, .near = near, .far = far, .clean = true };
    if (!run_resume(&w, before) || !walk_node(&w, re, depth)) {
        *out = (struct glc_cover){ 0 };
        return;
    }
    bool one = w.clean && w.run.n != 0 && w.best.atoms == 0;
    run_flush(&w);
    *out = w.best;
    out->whole = one;
}

/* What remains to be matched, node after node. */
struct rest {
    const struct glc_re *re;
    uint32_t round; /* REPEAT: rounds done */
    const struct rest *next;
};

/* All strings of `want` bytes that may begin where `rest` does, each an atom. */
struct expand {
    struct glc_build *b;
    struct glc_cover *out;
    uint32_t want, near, far;
    unsigned work;
    uint8_t value[8], mask[8];
    const uint32_t *set[8];
};

static bool expand_emit(struct expand *e)
{
    struct glc_atom *a = e->out->atoms < EXPAND_MOST
                             ? glc_arena_push(&e->b->arena, &e->out->atom, &e->out->atoms, sizeof *a)
                             : NULL;
    uint8_t *bytes = a != NULL ? glc_arena_array(&e->b->arena, e->want, 2) : NULL;
    const uint32_t **set = bytes != NULL ? glc_arena_array(&e->b->arena, e->want, sizeof *set) : NULL;
    if (set == NULL)
        return false;
    memcpy(bytes, e->value, e->want);
    memcpy(bytes + e->want, e->mask, e->want);
    memcpy(set, e->set, e->want * sizeof *set);
    *a = (struct glc_atom){
        .value = bytes, .mask = bytes + e->want, .set = set, .len = e->want, .near = e->near, .far = e->far
    };
    choose(e->b, a);
    e->out->cost += a->cost;
    return a->stage != GLC_STAGES;
}

static bool expand(struct expand *e, const struct rest *rest, uint32_t at, uint32_t skip);

static bool expand_repeat(struct expand *e, const struct rest *rest, uint32_t at)
{
    const struct glc_re *re = rest->re;
    uint64_t min, max;
    glc_re_length(re->u.repeat.kid, &min, &max);
    if (rest->round >= re->u.repeat.min && !expand(e, rest->next, at, 0))
        return false;
    if (rest->round >= re->u.repeat.max)
        return true;
    if (min == 0)
        return false; /* a round may be empty: give up */
    struct rest again = { re, rest->round + 1, rest->next };
    struct rest kid = { re->u.repeat.kid, 0, &again };
    return expand(e, &kid, at, 0);
}

/* `skip`: bytes of a BYTES node that are done. */
static bool expand(struct expand *e, const struct rest *rest, uint32_t at, uint32_t skip)
{
    if (at == e->want)
        return expand_emit(e);
    if (rest == NULL || e->out->atoms >= EXPAND_MOST || ++e->work > EXPAND_WORK)
        return false;
    const struct glc_re *re = rest->re;
    if (re->kind == GLC_RE_CAT)
        skip = rest->round; /* a CAT keeps its place there */
    switch (re->kind) {
    case GLC_RE_BYTES:
        if (skip == re->u.bytes.len)
            return expand(e, rest->next, at, 0);
        e->value[at] = re->u.bytes.value[skip];
        e->mask[at] = re->u.bytes.mask[skip];
        e->set[at] = NULL;
        return expand(e, rest, at + 1, skip + 1);
    case GLC_RE_CLASS:
        set_mask(re->u.set, &e->value[at], &e->mask[at]);
        e->set[at] = re->u.set;
        return expand(e, rest->next, at + 1, 0);
    case GLC_RE_CAT: {
        struct rest after = { re, skip + 1, rest->next };
        if (skip == re->u.list.n)
            return expand(e, rest->next, at, 0);
        struct rest kid = { re->u.list.kid[skip], 0, &after };
        return expand(e, &kid, at, 0);
    }
    case GLC_RE_ALT:
        for (uint32_t i = 0; i < re->u.list.n; i++) {
            struct rest kid = { re->u.list.kid[i], 0, rest->next };
            if (!expand(e, &kid, at, 0))
                return false;
        }
        return true;
    case GLC_RE_REPEAT:
        return expand_repeat(e, rest, at);
    case GLC_RE_GAP:
        return false;
    case GLC_RE_EMPTY:
    case GLC_RE_ASSERT:
        return expand(e, rest->next, at, 0);
    }
    return false;
}

/* Where no run does: short strings that a concatenation may begin with from its i-th kid on. */
static void try_expand(struct walk *w, const struct glc_re *cat, uint32_t i)
{
    for (uint32_t want = 7; want >= 4; want -= 3) {
        struct glc_cover c = { 0 };
        struct expand e = { .b = w->b, .out = &c, .want = want, .near = w->near, .far = w->far };
        struct rest rest = { cat, i, NULL };
        if (expand(&e, &rest, 0, i))
            take_if_better(w, &c);
    }
}

/* Each branch goes on with the run before it: `\(\$(_GET|_POST)` gives `($_GET` and `($_POST`. */
static bool walk_alt(struct walk *w, const struct glc_re *re, const struct run *before, unsigned depth)
{
    struct glc_cover all = { 0 };
    bool every = true;
    for (uint32_t i = 0; every && i < re->u.list.n; i++) {
        struct glc_cover c;
        cover(w->b, re->u.list.kid[i], w->near, w->far, before, depth + 1, &c);
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
    struct run before = w->run;
    run_flush(w);
    if (min != 0) {
        struct glc_cover c;
        cover(w->b, kid, w->near, w->far, &before, depth + 1, &c);
        take_if_better(w, &c);
    }
    step_over(w, re);
    return true;
}

/* Does the node give a good run by itself? */
static bool is_long(const struct glc_re *re)
{
    return re->kind == GLC_RE_BYTES && re->u.bytes.len >= 7;
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
        for (uint32_t i = 0; i < re->u.list.n; i++) {
            bool poor = w->best.atoms == 0 || w->best.cost > 1e-3f;
            if (poor && i + 1 < re->u.list.n && re->u.list.kid[i]->kind != GLC_RE_GAP &&
                !is_long(re->u.list.kid[i]))
                try_expand(w, re, i);
            if (!walk_node(w, re->u.list.kid[i], depth + 1))
                return false;
        }
        return true;
    case GLC_RE_ALT: {
        struct run before = w->run;
        run_flush(w);
        return walk_alt(w, re, &before, depth);
    }
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

/* Leading wildcards of an atom that is not the whole variant say nothing. */
static void trim(struct glc_atom *a)
{
    uint32_t lead = 0;
    while (lead < a->len - 1 && a->mask[lead] == 0 && (a->set == NULL || a->set[lead] == NULL))
        lead++;
    a->value += lead;
    a->mask += lead;
    a->set = a->set != NULL ? a->set + lead : NULL;
    a->len -= lead;
    a->near = add_far(a->near, lead);
    a->far = add_far(a->far, lead);
    for (int i = 0; i < 4; i++)
        a->at[i] -= (int32_t)lead;
}

void glc_atom_cover(struct glc_build *b, const struct glc_re *re, struct glc_cover *out)
{
    const struct run nothing = { 0 };
    cover(b, re, 0, 0, &nothing, 0, out);
    if (!out->whole)
        for (size_t i = 0; i < out->atoms; i++)
            trim(&out->atom[i]);
}
