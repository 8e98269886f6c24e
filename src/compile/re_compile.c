/* From the tree of a regular expression to its chain of levels (match/re_internal.h).
 *
 * Whatever has a fixed length becomes bytes, masks and sets; repeats of one byte and gaps become gaps of any
 * size without states; only what is left (alternatives, repeats of groups) becomes an NFA, in which counted
 * repeats are written out. How many instructions that would take is computed before anything is built, so
 * that `((a{1,1000}){1,1000}){1,1000}` costs nothing but its diagnostic.
 *
 * The tree may come from hostile rules: depth is capped, sizes saturate. */
#include "compile/re_compile.h"

#include "match/re_internal.h"

#include <stdlib.h>

enum {
    MOST_DEPTH = 1000,    /* of the tree */
    MOST_FIXED = 1 << 12, /* bytes that a repeat may be written out to */
    FIXED_GAP = 256,      /* a gap of fixed length up to this is part of the bytes around it */
};

/* One byte: masked where `is_set` is false. */
struct unit {
    bool is_set;
    uint8_t value, mask;
    uint32_t set[8];
};

/* Levels under construction. The current level is what gap and run hold. */
struct builder {
    struct glc_buf *out;
    const struct glc_re_options *opt;
    uint32_t levels;
    bool gap; /* the current level has a gap … */
    uint32_t min, max;
    bool gap_is_set;
    uint32_t gap_set[8];
    struct unit *run; /* … and then these units, in the order of the walk */
    size_t units, room;
    unsigned depth;
    enum glc_err err;
};

static const char too_large[] = "regular expression too large";

static bool fail(struct builder *b, enum glc_err err)
{
    if (b->err == GLC_OK)
        b->err = err;
    return false;
}

static uint64_t sat_add(uint64_t a, uint64_t b)
{
    uint64_t r;
    return __builtin_add_overflow(a, b, &r) ? UINT64_MAX : r;
}

static uint64_t sat_mul(uint64_t a, uint64_t b)
{
    uint64_t r;
    return __builtin_mul_overflow(a, b, &r) ? UINT64_MAX : r;
}

static bool deep(const struct glc_re *re, unsigned left)
{
    if (left == 0)
        return true;
    if (re->kind == GLC_RE_REPEAT)
        return deep(re->u.repeat.kid, left - 1);
    if (re->kind == GLC_RE_CAT || re->kind == GLC_RE_ALT)
        for (uint32_t i = 0; i < re->u.list.n; i++)
            if (deep(re->u.list.kid[i], left - 1))
                return true;
    return false;
}

/* Units. */

static struct unit masked(uint8_t value, uint8_t mask)
{
    return (struct unit){ .value = value, .mask = mask };
}

/* A set that is exactly what some mask says becomes that mask. */
static struct unit unit_of_set(const uint32_t set[8])
{
    uint8_t all = 0xff, any = 0;
    unsigned n = 0;
    for (unsigned c = 0; c < 256; c++) {
        if (!glc_set_has(set, (uint8_t)c))
            continue;
        all &= (uint8_t)c;
        any |= (uint8_t)c;
        n++;
    }
    uint8_t mask = (uint8_t) ~(all ^ any);
    struct unit u = { .is_set = true };
    memcpy(u.set, set, sizeof u.set);
    if (n == 1u << __builtin_popcount((uint8_t)~mask))
        u = masked(all & mask, mask);
    return u;
}

static void set_of_unit(const struct unit *u, uint32_t set[8])
{
    if (u->is_set) {
        memcpy(set, u->set, 32);
        return;
    }
    memset(set, 0, 32);
    /* All values of the bits that are free. */
    uint8_t free_bits = (uint8_t)~u->mask, bits = 0;
    do {
        glc_set_add(set, u->value | bits);
        bits = (uint8_t)((bits - free_bits) & free_bits);
    } while (bits != 0);
}

/* Is `re` one byte out of some set, whatever it is written as? */
static bool one_byte(const struct glc_re *re, struct unit *out, unsigned left)
{
    if (left == 0)
        return false;
    switch (re->kind) {
    case GLC_RE_BYTES:
        if (re->u.bytes.len != 1)
            return false;
        *out = masked(re->u.bytes.value[0], re->u.bytes.mask[0]);
        return true;
    case GLC_RE_CLASS:
        *out = unit_of_set(re->u.set);
        return true;
    case GLC_RE_GAP:
        *out = masked(0, 0);
        return re->u.gap.min == 1 && re->u.gap.max == 1;
    case GLC_RE_ALT: {
        uint32_t all[8] = { 0 };
        for (uint32_t i = 0; i < re->u.list.n; i++) {
            struct unit u;
            uint32_t set[8];
            if (!one_byte(re->u.list.kid[i], &u, left - 1))
                return false;
            set_of_unit(&u, set);
            for (unsigned k = 0; k < 8; k++)
                all[k] |= set[k];
        }
        *out = unit_of_set(all);
        return true;
    }
    case GLC_RE_REPEAT:
        return re->u.repeat.min == 1 && re->u.repeat.max == 1 && one_byte(re->u.repeat.kid, out, left - 1);
    case GLC_RE_CAT:
        return re->u.list.n == 1 && one_byte(re->u.list.kid[0], out, left - 1);
    case GLC_RE_EMPTY:
    case GLC_RE_ASSERT:
        break;
    }
    return false;
}

/* Levels. */

static void put_set(struct glc_buf *out, const uint32_t set[8])
{
    for (unsigned i = 0; i < 8; i++)
        glc_buf_u32le(out, set[i]);
}

static void put_level(struct builder *b, enum glc_re_body body, unsigned assertion)
{
    enum glc_re_gap gap = !b->gap ? GLC_RE_GAP_NONE : b->gap_is_set ? GLC_RE_GAP_SET : GLC_RE_GAP_ANY;
    glc_buf_u8(b->out, (uint8_t)gap);
    glc_buf_u8(b->out, (uint8_t)body);
    glc_buf_u8(b->out, (uint8_t)assertion);
    glc_buf_u8(b->out, 0);
    if (b->gap) {
        glc_buf_u32le(b->out, b->min);
        glc_buf_u32le(b->out, b->max);
        if (b->gap_is_set)
            put_set(b->out, b->gap_set);
    }
    b->gap = false;
    if (++b->levels > GLC_RE_MOST_LEVELS)
        fail(b, GLC_LIMIT);
}

/* How rare a byte is, roughly: the pivot is what memchr looks for. */
static unsigned rarity(uint8_t c)
{
    if (c == 0)
        return 0;
    if (c == 0xff || c == ' ' || c == 0x01 || c == 0x48 || c == 0x8b)
        return 1;
    if (glc_ascii_isalnum(c) && c >= 'a')
        return 2;
    return 3;
}

/* Units [from, to) of the run, all masked or all sets, as one level. */
static void put_units(struct builder *b, size_t from, size_t to)
{
    uint32_t n = (uint32_t)(to - from), pivot = n;
    bool exact = true;
#define UNIT(i) (&b->run[b->opt->reverse ? to - 1 - (i) : from + (i)])
    if (b->run[from].is_set) {
        put_level(b, GLC_RE_BODY_SETS, 0);
        glc_buf_u32le(b->out, n);
        for (uint32_t i = 0; i < n; i++)
            put_set(b->out, UNIT(i)->set);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (UNIT(i)->mask != 0xff)
            exact = false;
        else if (pivot == n || rarity(UNIT(i)->value) > rarity(UNIT(pivot)->value))
            pivot = i;
    }
    put_level(b, exact ? GLC_RE_BODY_BYTES : GLC_RE_BODY_MASKED, 0);
    glc_buf_u32le(b->out, n);
    if (!exact)
        glc_buf_u32le(b->out, pivot);
    for (uint32_t i = 0; i < n; i++)
        glc_buf_u8(b->out, UNIT(i)->value);
    for (uint32_t i = 0; i < n && !exact; i++)
        glc_buf_u8(b->out, UNIT(i)->mask);
#undef UNIT
}

/* End the current level. */
static void flush(struct builder *b)
{
    for (size_t from = 0; from < b->units;) {
        size_t to = from + 1;
        while (to < b->units && b->run[to].is_set == b->run[from].is_set)
            to++;
        put_units(b, from, to);
        from = to;
    }
    b->units = 0;
    if (b->gap)
        put_level(b, GLC_RE_BODY_EMPTY, 0);
}

static bool add_unit(struct builder *b, const struct unit *u)
{
    if (b->units == b->room) {
        size_t room = b->room == 0 ? 64 : b->room * 2;
        struct unit *p = room > (1u << 22) ? NULL : realloc(b->run, room * sizeof *p);
        if (p == NULL)
            return fail(b, room > (1u << 22) ? GLC_LIMIT : GLC_NOMEM);
        b->run = p;
        b->room = room;
    }
    b->run[b->units++] = *u;
    return true;
}

/* A gap of bytes of `u` begins a new level. */
static void add_gap(struct builder *b, const struct unit *u, uint32_t min, uint32_t max)
{
    if (max == 0)
        return;
    bool any = !u->is_set && u->mask == 0;
    if (b->gap && b->units == 0 && any && !b->gap_is_set) {
        uint64_t lo = (uint64_t)b->min + min, hi = (uint64_t)b->max + max;
        if (b->max == GLC_UNBOUNDED || max == GLC_UNBOUNDED)
            hi = GLC_UNBOUNDED;
        if (lo < GLC_UNBOUNDED && (hi < GLC_UNBOUNDED || b->max == GLC_UNBOUNDED || max == GLC_UNBOUNDED)) {
            b->min = (uint32_t)lo;
            b->max = (uint32_t)hi;
            return;
        }
    }
    flush(b);
    b->gap = true;
    b->min = min;
    b->max = max;
    b->gap_is_set = !any;
    if (!any)
        set_of_unit(u, b->gap_set);
}

/* NFAs. */

/* Instructions that it takes; UINT64_MAX: too many. */
static uint64_t nfa_size(const struct glc_re *re)
{
    uint64_t n = 0, lo, hi;
    switch (re->kind) {
    case GLC_RE_EMPTY:
        return 0;
    case GLC_RE_BYTES:
        return re->u.bytes.len;
    case GLC_RE_CLASS:
    case GLC_RE_ASSERT:
        return 1;
    case GLC_RE_CAT:
    case GLC_RE_ALT:
        for (uint32_t i = 0; i < re->u.list.n; i++)
            n = sat_add(n, sat_add(nfa_size(re->u.list.kid[i]), re->kind == GLC_RE_ALT ? 2 : 0));
        return n;
    case GLC_RE_GAP:
        lo = re->u.gap.min;
        hi = re->u.gap.max;
        return hi == GLC_UNBOUNDED ? lo + 3 : lo + 2 * (hi - lo);
    case GLC_RE_REPEAT:
        glc_re_length(re->u.repeat.kid, &lo, &hi);
        n = nfa_size(re->u.repeat.kid);
        if (hi == 0)
            return re->u.repeat.min == 0 ? 0 : n;
        lo = re->u.repeat.min;
        hi = re->u.repeat.max;
        if (hi == GLC_UNBOUNDED)
            return sat_add(sat_mul(n, lo + 1), 2);
        return sat_add(sat_mul(n, lo), sat_mul(sat_add(n, 1), hi - lo));
    }
    return UINT64_MAX;
}

struct nfa {
    struct glc_buf insn, set;
    uint32_t insns, sets;
    bool asserts, reverse;
};

static uint32_t put_insn(struct nfa *n, enum glc_re_insn op, uint8_t a, uint8_t b, uint32_t x)
{
    const uint8_t insn[GLC_RE_INSN_SIZE] = {
        (uint8_t)op, a, b, 0, (uint8_t)x, (uint8_t)(x >> 8), (uint8_t)(x >> 16), (uint8_t)(x >> 24)
    };
    glc_buf_put(&n->insn, insn, sizeof insn);
    return n->insns++;
}

static void patch(struct nfa *n, uint32_t insn, uint32_t x)
{
    if (n->insn.failed)
        return;
    uint8_t *p = n->insn.ptr + (size_t)insn * GLC_RE_INSN_SIZE + 4;
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(x >> 8 * i);
}

static void put_nfa(struct nfa *n, const struct glc_re *re);

static void nfa_alt(struct nfa *n, const struct glc_re *re)
{
    /* split L2; kid; jump end; L2: split L3; kid; jump end; …: the jumps are chained through their targets.
     */
    uint32_t chain = UINT32_MAX;
    for (uint32_t i = 0; i < re->u.list.n; i++) {
        bool last = i + 1 == re->u.list.n;
        uint32_t split = last ? 0 : put_insn(n, GLC_RE_I_SPLIT, 0, 0, 0);
        put_nfa(n, re->u.list.kid[i]);
        if (last)
            break;
        chain = put_insn(n, GLC_RE_I_JUMP, 0, 0, chain);
        patch(n, split, n->insns);
    }
    while (chain != UINT32_MAX && !n->insn.failed) {
        uint32_t up = glc_le32(n->insn.ptr + (size_t)chain * GLC_RE_INSN_SIZE + 4);
        patch(n, chain, n->insns);
        chain = up;
    }
}

/* min copies, then either a loop or max − min copies each of which may leave. `kid` NULL: any byte. */
static void nfa_repeat(struct nfa *n, const struct glc_re *kid, uint32_t min, uint32_t max)
{
    uint64_t lo, hi = 1;
    if (kid != NULL)
        glc_re_length(kid, &lo, &hi);
    if (hi == 0) {
        if (min != 0)
            put_nfa(n, kid);
        return;
    }
#define KID() (kid != NULL ? put_nfa(n, kid) : (void)put_insn(n, GLC_RE_I_BYTE, 0, 0, 0))
    for (uint32_t i = 0; i < min && !n->insn.failed; i++)
        KID();
    if (max == GLC_UNBOUNDED) {
        uint32_t split = put_insn(n, GLC_RE_I_SPLIT, 0, 0, 0);
        KID();
        put_insn(n, GLC_RE_I_JUMP, 0, 0, split);
        patch(n, split, n->insns);
        return;
    }
    uint32_t chain = UINT32_MAX;
    for (uint32_t i = min; i < max && !n->insn.failed; i++) {
        chain = put_insn(n, GLC_RE_I_SPLIT, 0, 0, chain);
        KID();
    }
#undef KID
    while (chain != UINT32_MAX && !n->insn.failed) {
        uint32_t up = glc_le32(n->insn.ptr + (size_t)chain * GLC_RE_INSN_SIZE + 4);
        patch(n, chain, n->insns);
        chain = up;
    }
}

static void put_nfa(struct nfa *n, const struct glc_re *re)
{
    switch (re->kind) {
    case GLC_RE_EMPTY:
        return;
    case GLC_RE_BYTES:
        for (uint32_t i = 0; i < re->u.bytes.len; i++) {
            uint32_t k = n->reverse ? re->u.bytes.len - 1 - i : i;
            put_insn(n, GLC_RE_I_BYTE, re->u.bytes.value[k], re->u.bytes.mask[k], 0);
        }
        return;
    case GLC_RE_CLASS:
        put_insn(n, GLC_RE_I_SET, 0, 0, n->sets++);
        put_set(&n->set, re->u.set);
        return;
    case GLC_RE_CAT:
        for (uint32_t i = 0; i < re->u.list.n; i++)
            put_nfa(n, re->u.list.kid[n->reverse ? re->u.list.n - 1 - i : i]);
        return;
    case GLC_RE_ALT:
        nfa_alt(n, re);
        return;
    case GLC_RE_REPEAT:
        nfa_repeat(n, re->u.repeat.kid, re->u.repeat.min, re->u.repeat.max);
        return;
    case GLC_RE_GAP:
        nfa_repeat(n, NULL, re->u.gap.min, re->u.gap.max);
        return;
    case GLC_RE_ASSERT:
        put_insn(n, GLC_RE_I_ASSERT, (uint8_t)re->u.assert_at, 0, 0);
        n->asserts = true;
        return;
    }
}

/* Classes of bytes that no instruction tells apart. */
enum { SPLITS_LOG2 = 4 };
struct classes {
    uint8_t *map;       /* of each byte */
    uint16_t many[256]; /* bytes in each */
    unsigned n;
    uint32_t seen[8]; /* single bytes that were told apart */
    /* Sets that were, as far as one is found again: letters of either case come over and over. */
    uint32_t split[1 << SPLITS_LOG2][8];
};

/* Was it split by before? Then nothing is new. */
static bool was_split(struct classes *k, const uint32_t set[8])
{
    uint64_t h = 0;
    for (unsigned i = 0; i < 8; i++)
        h = (h ^ set[i]) * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t *slot = k->split[h >> (64 - SPLITS_LOG2)];
    if (memcmp(slot, set, 32) == 0)
        return true;
    memcpy(slot, set, 32);
    return false;
}

/* Split the classes so that none is partly in `set`. */
static void refine(struct classes *k, const uint32_t set[8])
{
    if (was_split(k, set))
        return;
    uint16_t inside[256] = { 0 };
    int split[256];
    for (unsigned i = 0; i < 8; i++)
        for (uint32_t left = set[i]; left != 0; left &= left - 1)
            inside[k->map[32 * i + (unsigned)__builtin_ctz(left)]]++;
    memset(split, -1, sizeof split);
    for (unsigned i = 0; i < 8; i++) {
        for (uint32_t left = set[i]; left != 0; left &= left - 1) {
            uint8_t *class = &k->map[32 * i + (unsigned)__builtin_ctz(left)];
            unsigned old = *class;
            if (inside[old] == k->many[old])
                continue;
            if (split[old] < 0) {
                split[old] = (int)k->n++;
                k->many[split[old]] = inside[old];
            }
            *class = (uint8_t)split[old];
        }
    }
    for (unsigned c = 0; c < 256; c++)
        if (split[c] >= 0)
            k->many[c] = (uint16_t)(k->many[c] - inside[c]);
}

/* The same for one byte: most instructions. */
static void refine_byte(struct classes *k, uint8_t c)
{
    unsigned old = k->map[c];
    if (glc_set_has(k->seen, c))
        return;
    glc_set_add(k->seen, c);
    if (k->many[old] == 1)
        return;
    k->many[old]--;
    k->many[k->n] = 1;
    k->map[c] = (uint8_t)k->n++;
}

static unsigned byte_classes(const struct nfa *n, uint8_t map[256])
{
    struct classes k = { .map = map, .many = { 256 }, .n = 1 };
    uint32_t set[8];
    memset(map, 0, 256);
    for (uint32_t i = 0; i < n->insns && k.n < 256; i++) {
        const uint8_t *p = n->insn.ptr + (size_t)i * GLC_RE_INSN_SIZE;
        if (p[0] == GLC_RE_I_BYTE && p[2] == 0xff) {
            refine_byte(&k, p[1]);
            continue;
        }
        if (p[0] == GLC_RE_I_BYTE && p[2] != 0) {
            struct unit u = masked(p[1], p[2]);
            set_of_unit(&u, set);
        } else if (p[0] == GLC_RE_I_SET) {
            for (unsigned j = 0; j < 8; j++)
                set[j] = glc_le32(n->set.ptr + (size_t)glc_le32(p + 4) * GLC_RE_SET_SIZE + 4 * (size_t)j);
        } else {
            continue; /* tells nothing apart */
        }
        refine(&k, set);
    }
    return k.n;
}

static bool add_nfa(struct builder *b, const struct glc_re *re)
{
    flush(b);
    if (nfa_size(re) >= GLC_RE_MOST_INSNS)
        return fail(b, GLC_LIMIT);
    struct nfa n = { .reverse = b->opt->reverse };
    glc_buf_init(&n.insn, (size_t)GLC_RE_MOST_INSNS * GLC_RE_INSN_SIZE * 2);
    glc_buf_init(&n.set, (size_t)GLC_RE_MOST_INSNS * GLC_RE_SET_SIZE);
    put_nfa(&n, re);
    put_insn(&n, GLC_RE_I_MATCH, 0, 0, 0);
    if (n.insn.failed || n.set.failed) {
        fail(b, GLC_NOMEM);
    } else if (n.insns > GLC_RE_MOST_INSNS) {
        fail(b, GLC_LIMIT);
    } else {
        uint8_t map[256];
        unsigned classes = byte_classes(&n, map);
        put_level(b, GLC_RE_BODY_NFA, 0);
        glc_buf_u32le(b->out, (uint32_t)(16 + 256 + n.set.len + n.insn.len));
        glc_buf_u32le(b->out, n.insns);
        glc_buf_u32le(b->out, n.sets);
        glc_buf_u32le(b->out, classes);
        glc_buf_u32le(b->out, n.asserts);
        glc_buf_put(b->out, map, sizeof map);
        glc_buf_put(b->out, n.set.ptr, n.set.len);
        glc_buf_put(b->out, n.insn.ptr, n.insn.len);
    }
    glc_buf_done(&n.insn);
    glc_buf_done(&n.set);
    return b->err == GLC_OK;
}

/* The tree. */

static bool add(struct builder *b, const struct glc_re *re);

/* Only bytes and sets, of a fixed length. */
static bool is_fixed(const struct glc_re *re)
{
    struct unit u;
    switch (re->kind) {
    case GLC_RE_BYTES:
    case GLC_RE_CLASS:
    case GLC_RE_EMPTY:
        return true;
    case GLC_RE_GAP:
        return re->u.gap.min == re->u.gap.max && re->u.gap.min <= FIXED_GAP;
    case GLC_RE_CAT:
        for (uint32_t i = 0; i < re->u.list.n; i++)
            if (!is_fixed(re->u.list.kid[i]))
                return false;
        return true;
    case GLC_RE_ALT:
        return one_byte(re, &u, 8);
    case GLC_RE_REPEAT: {
        uint64_t min, max;
        glc_re_length(re, &min, &max);
        return re->u.repeat.min == re->u.repeat.max && max <= MOST_FIXED && is_fixed(re->u.repeat.kid);
    }
    case GLC_RE_ASSERT:
        break;
    }
    return false;
}

static bool add_repeat(struct builder *b, const struct glc_re *re)
{
    const struct glc_re *kid = re->u.repeat.kid;
    uint64_t min = re->u.repeat.min, max = re->u.repeat.max == GLC_UNBOUNDED ? UINT64_MAX : re->u.repeat.max;
    /* (x{a,b}){c,d} is x{ac,bd} where the ranges of each number of rounds touch. */
    while (kid->kind == GLC_RE_REPEAT) {
        uint64_t a = kid->u.repeat.min,
                 bb = kid->u.repeat.max == GLC_UNBOUNDED ? UINT64_MAX : kid->u.repeat.max;
        bool touch = min == max || sat_mul(min + 1, a) <= sat_add(sat_mul(min, bb), 1);
        uint64_t lo = sat_mul(min, a), hi = max == 0 || bb == 0 ? 0 : sat_mul(max, bb);
        if (!touch || lo >= GLC_UNBOUNDED || (hi >= GLC_UNBOUNDED && hi != UINT64_MAX))
            break;
        min = lo;
        max = hi;
        kid = kid->u.repeat.kid;
    }
    uint32_t lo = (uint32_t)min, hi = max == UINT64_MAX ? GLC_UNBOUNDED : (uint32_t)max;
    struct unit u;
    uint64_t kmin, kmax;
    glc_re_length(kid, &kmin, &kmax);
    if (hi == 0)
        return true;
    if (kmax == 0)
        return min == 0 || add(b, kid);
    if (one_byte(kid, &u, 8) && !(lo == hi && lo <= 8)) {
        add_gap(b, &u, lo, hi);
        return true;
    }
    if (lo == hi && (lo == 1 || (is_fixed(kid) && sat_mul(lo, kmax) <= MOST_FIXED))) {
        for (uint32_t i = 0; i < lo; i++)
            if (!add(b, kid))
                return false;
        return true;
    }
    struct glc_re plain = { .kind = GLC_RE_REPEAT };
    plain.u.repeat.kid = (struct glc_re *)(uintptr_t)kid;
    plain.u.repeat.min = lo;
    plain.u.repeat.max = hi;
    return add_nfa(b, &plain);
}

static bool add(struct builder *b, const struct glc_re *re)
{
    struct unit u;
    if (b->err != GLC_OK || b->out->failed)
        return false;
    switch (re->kind) {
    case GLC_RE_EMPTY:
        return true;
    case GLC_RE_BYTES:
        for (uint32_t i = 0; i < re->u.bytes.len; i++) {
            uint32_t k = b->opt->reverse ? re->u.bytes.len - 1 - i : i;
            u = masked(re->u.bytes.value[k], re->u.bytes.mask[k]);
            if (!add_unit(b, &u))
                return false;
        }
        return true;
    case GLC_RE_CLASS:
        u = unit_of_set(re->u.set);
        return add_unit(b, &u);
    case GLC_RE_GAP:
        u = masked(0, 0);
        if (re->u.gap.min != re->u.gap.max || re->u.gap.min > FIXED_GAP) {
            add_gap(b, &u, re->u.gap.min, re->u.gap.max);
            return true;
        }
        for (uint32_t i = 0; i < re->u.gap.min; i++)
            if (!add_unit(b, &u))
                return false;
        return true;
    case GLC_RE_CAT:
        for (uint32_t i = 0; i < re->u.list.n; i++)
            if (!add(b, re->u.list.kid[b->opt->reverse ? re->u.list.n - 1 - i : i]))
                return false;
        return true;
    case GLC_RE_ALT:
        return one_byte(re, &u, 8) ? add_unit(b, &u) : add_nfa(b, re);
    case GLC_RE_REPEAT:
        return add_repeat(b, re);
    case GLC_RE_ASSERT:
        flush(b);
        put_level(b, GLC_RE_BODY_ASSERT, re->u.assert_at);
        return true;
    }
    return fail(b, GLC_BUG);
}

static void patch_u32(struct glc_buf *out, size_t at, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        out->ptr[at + i] = (uint8_t)(v >> 8 * i);
}

enum glc_err glc_re_compile(const struct glc_re *re, const struct glc_re_options *opt, struct glc_buf *out,
                            struct glc_error *err)
{
    if (deep(re, MOST_DEPTH))
        return glc_err_set(err, GLC_LIMIT, "regular expression nested too deeply", 0);
    struct builder b = { .out = out, .opt = opt };
    size_t start = out->len;
    uint64_t min, max;
    glc_re_length(re, &min, &max);
    glc_buf_u8(out, GLC_RE_MAGIC);
    glc_buf_u8(out, (uint8_t)((opt->reverse ? GLC_RE_REVERSE : 0) | (opt->wide ? GLC_RE_WIDE : 0) |
                              (min == 0 ? GLC_RE_EMPTY_TOO : 0)));
    glc_buf_u8(out, opt->key);
    glc_buf_u8(out, 0);
    glc_buf_u32le(out, 0);
    glc_buf_u32le(out, 0);
    if (add(&b, re)) {
        flush(&b);
        if (b.levels == 0)
            put_level(&b, GLC_RE_BODY_EMPTY, 0);
    }
    free(b.run);
    if (b.err == GLC_OK && out->failed)
        b.err = GLC_NOMEM;
    if (b.err == GLC_OK && out->len - start > UINT32_MAX)
        b.err = GLC_LIMIT;
    if (b.err != GLC_OK) {
        out->len = start;
        return glc_err_set(err, b.err, b.err == GLC_LIMIT ? too_large : "out of memory", 0);
    }
    patch_u32(out, start + 4, (uint32_t)(out->len - start));
    patch_u32(out, start + 8, b.levels);
    return GLC_OK;
}
