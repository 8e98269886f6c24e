/* What many rules still to be judged want, looked for in one walk.
 *
 * A file may touch many rules (a collection of tools, a text of signatures), and each asks for strings that
 * the pass does not search for. One by one that is a scan each. After a few scans' worth of them the strings
 * of all rules that are left are gathered, each under the hash of 4 of its bytes, and the layer is walked
 * once: what was not met is known to be absent. A pattern that is an expression is absent where none of its
 * atoms occurs.
 *
 *   wanted   a pattern, and what is known of it
 *   literal  an atom of it, in the chain of its key's hash; taken out when its pattern is known to occur */
#include "match/matcher.h"

enum {
    HEADS_LOG2 = 12,
    BITS_LOG2 = 16,
    VARIANTS_MOST = 8, /* of a pattern */
    ATOMS_MOST = 16,   /* of an expression */
    LITERALS_MOST = 1 << 14,
    LITERALS_EACH = 4,   /* of a pattern, on the average, there is room for */
    LITERALS_LEAST = 32, /* fewer are not worth a walk */
    TRIES = 16,          /* places of a literal where its key may lie */
    BYTES_A_STEP = 8,
    NONE = -1
};

struct wanted {
    uint32_t pattern;
    bool expression; /* its atoms show that it may occur, not that it does */
    bool met;
};

struct literal {
    const struct glc_img_variant *v;
    const uint8_t *value, *mask; /* mask NULL: all bytes count */
    uint32_t len, key;           /* bytes; where the key lies in them */
    uint32_t wanted;
    int32_t next;
};

struct many {
    struct glc_matcher *m;
    struct wanted *wanted;
    struct literal *literal;
    uint32_t wants, literals, room; /* patterns, literals; of the latter at most */
    int32_t head[1 << HEADS_LOG2];
    uint16_t length[1 << HEADS_LOG2]; /* of the chains */
    uint32_t bits[(1 << BITS_LOG2) / 32];
    uint64_t steps; /* left to the walk */
};

static inline uint32_t hash_of(const uint8_t *p)
{
    uint32_t w;
    memcpy(&w, p, sizeof w);
    return glc_img_hash32(w | (uint32_t)GLC_IMG_FOLD);
}

static inline uint32_t head_of(uint32_t hash)
{
    return hash >> (32 - HEADS_LOG2);
}

/* Do the 4 bytes have one folded value each, not all the same? */
static bool is_key(const uint8_t *value, const uint8_t *mask)
{
    bool differ = false;
    for (int i = 0; i < 4; i++) {
        if (mask != NULL && (mask[i] | 0x20) != 0xff)
            return false;
        differ = differ || (value[i] | 0x20) != (value[0] | 0x20);
    }
    return differ;
}

/* Where the key is best: in the shortest chain of those of some places. False: nowhere. */
static bool choose_key(const struct many *k, struct literal *l)
{
    uint32_t least = UINT32_MAX, step = l->len / TRIES + 1;
    for (uint32_t at = 0; at + 4 <= l->len; at += step) {
        const uint8_t *mask = l->mask != NULL ? l->mask + at : NULL;
        uint32_t length = k->length[head_of(hash_of(l->value + at))];
        if (length < least && is_key(l->value + at, mask)) {
            least = length;
            l->key = at;
        }
    }
    return least != UINT32_MAX;
}

static bool add_atom(struct many *k, const struct glc_img_variant *v, uint32_t atom)
{
    const struct glc_img_atom *a = glc_image_at(k->m->img, GLC_IMG_ATOMS, atom, sizeof *a);
    struct literal *l = &k->literal[k->literals];
    if (a == NULL || k->literals == k->room)
        return false;
    *l = (struct literal){ .v = v, .len = a->len, .wanted = k->wants };
    l->value = glc_image_atom(k->m->img, a, &l->mask);
    if (l->value == NULL || !choose_key(k, l))
        return false;
    k->literals++;
    return true;
}

/* All variants of a pattern, or none: an absent part says nothing. */
static bool add_variants(struct many *k, const struct glc_img_pattern *p)
{
    const struct glc_img_variant *v =
        glc_image_run(k->m->img, GLC_IMG_VARIANTS, p->variant, p->variants, sizeof *v);
    if (v == NULL || p->variants == 0 || p->variants > VARIANTS_MOST)
        return false;
    for (uint32_t i = 0; i < p->variants; i++) {
        bool expression = (v[i].flags & GLC_IMG_REGEX) != 0;
        uint32_t atoms = expression ? v[i].atoms : 1;
        if ((v[i].flags & GLC_IMG_PCRE) != 0 || atoms == 0 || atoms > ATOMS_MOST)
            return false;
        for (uint32_t a = 0; a < atoms; a++)
            if (!add_atom(k, &v[i], v[i].atom + a))
                return false;
        k->wanted[k->wants].expression |= expression;
    }
    return true;
}

static void link_literal(struct many *k, uint32_t i)
{
    struct literal *l = &k->literal[i];
    uint32_t hash = hash_of(l->value + l->key);
    l->next = k->head[head_of(hash)];
    k->head[head_of(hash)] = (int32_t)i;
    k->length[head_of(hash)]++;
    k->bits[hash >> (32 - BITS_LOG2) >> 5] |= UINT32_C(1) << (hash >> (32 - BITS_LOG2) & 31);
}

static void add_pattern(struct many *k, uint32_t pattern)
{
    const struct glc_matcher *m = k->m;
    const struct glc_img_pattern *p = glc_image_at(m->img, GLC_IMG_PATTERNS, pattern, sizeof *p);
    uint32_t first = k->literals;
    if (p == NULL || p->anchor != GLC_ANYWHERE || (p->flags & (GLC_IMG_SEARCHED | GLC_IMG_ONE_PLACE)) != 0 ||
        m->seen[pattern] == GLC_SEEN || m->slot_of[pattern] != 0)
        return;
    k->wanted[k->wants] = (struct wanted){ .pattern = pattern };
    if (!add_variants(k, p)) {
        k->literals = first;
        return;
    }
    for (uint32_t i = first; i < k->literals; i++)
        link_literal(k, i);
    k->wants++;
}

/* Room for the patterns of the rules from number `from` of those to be judged. */
static struct many *new_many(struct glc_matcher *m, uint32_t from)
{
    uint64_t patterns = 0;
    for (uint32_t i = from; i < m->judges; i++) {
        const struct glc_img_rule *r = glc_image_at(m->img, GLC_IMG_RULES, m->judge[i], sizeof *r);
        patterns += r != NULL ? r->patterns : 0;
    }
    struct many *k = glc_arena_alloc(&m->arena, sizeof *k);
    if (k == NULL)
        return NULL;
    k->m = m;
    k->room = patterns < LITERALS_MOST / LITERALS_EACH ? (uint32_t)patterns * LITERALS_EACH : LITERALS_MOST;
    k->wanted = glc_arena_room(&m->arena, ((size_t)k->room + 1) * sizeof *k->wanted);
    k->literal = glc_arena_room(&m->arena, ((size_t)k->room + 1) * sizeof *k->literal);
    k->steps = m->shared / 2 + 1;
    memset(k->head, 0xff, sizeof k->head);
    return k->wanted != NULL && k->literal != NULL ? k : NULL;
}

static void add_rules(struct many *k, uint32_t from)
{
    const struct glc_matcher *m = k->m;
    for (uint32_t i = from; i < m->judges; i++) {
        const struct glc_img_rule *r = glc_image_at(m->img, GLC_IMG_RULES, m->judge[i], sizeof *r);
        for (uint32_t p = 0; r != NULL && p < r->patterns && k->literals < k->room; p++)
            add_pattern(k, r->pattern + p);
    }
}

/* The key of some literals of this chain may stand at `at`. Those whose pattern was met are taken out. */
static void try_chain(struct many *k, int32_t *link, uint64_t at)
{
    struct glc_span data = k->m->data;
    while (*link != NONE && k->steps != 0) {
        struct literal *l = &k->literal[*link];
        struct wanted *w = &k->wanted[l->wanted];
        uint64_t start = at - l->key;
        k->steps--;
        if (!w->met && at >= l->key && l->len <= data.len - start &&
            (l->mask == NULL ? memcmp(data.ptr + start, l->value, l->len) == 0
                             : glc_masked_equal(data.ptr + start, l->value, l->mask, l->len)))
            w->met = (l->v->flags & GLC_IMG_FULLWORD) == 0 || w->expression ||
                     glc_matcher_fullword(k->m, l->v, start, l->len);
        if (w->met)
            *link = l->next;
        else
            link = &l->next;
    }
}

static void walk(struct many *k)
{
    struct glc_span data = k->m->data;
    for (uint64_t at = 0; at + 4 <= data.len && k->steps != 0; at++) {
        uint32_t hash = hash_of(data.ptr + at), bit = hash >> (32 - BITS_LOG2);
        if ((k->bits[bit >> 5] >> (bit & 31) & 1) != 0)
            try_chain(k, &k->head[head_of(hash)], at);
    }
}

static bool note(struct many *k)
{
    for (uint32_t i = 0; i < k->wants; i++) {
        const struct wanted *w = &k->wanted[i];
        bool known = w->met ? !w->expression : k->steps != 0; /* a walk cut short shows no absence */
        struct glc_slot *s = known ? glc_matcher_slot(k->m, w->pattern) : NULL;
        if (known && s == NULL)
            return false;
        if (known)
            s->present = w->met ? 2 : 1;
    }
    return true;
}

bool glc_matcher_many(struct glc_matcher *m, uint32_t from)
{
    if (m->data.len < 4 || m->layer->region != NULL)
        return true;
    struct glc_arena_mark mark = glc_arena_mark(&m->arena);
    struct many *k = new_many(m, from);
    bool done = k != NULL;
    if (done)
        add_rules(k, from);
    if (done && (k->literals >= LITERALS_LEAST || m->opt.many)) {
        uint64_t steps = k->steps;
        walk(k);
        glc_matcher_spend(m, steps - k->steps + m->data.len / BYTES_A_STEP);
        done = note(k);
    }
    glc_arena_rewind(&m->arena, mark);
    return done;
}
