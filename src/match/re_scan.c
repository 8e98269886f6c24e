/* A DFA over the positions of an expression, walked downwards over the data: match/re_scan.h.
 *
 * After the byte at place i, the automaton's state says which positions may be eaten next and whether a match
 * starts at i. A state is that set (every place is also the end of a match that begins there, so the set
 * contains all last bytes) and that answer. Rows of transitions are filled when they are first needed.
 *
 * Glossary of the walk
 *   trans[s + c]   the state after a byte of class c; a state is the index of its row's beginning
 *   border         rows of states where a match starts lie at or above it (they are given out from the end),
 * so that one comparison counts
 *   UNKNOWN        not computed yet
 *   leave          of a state that mostly stays as it is: the bytes that make it another one. Stretches
 * without such bytes are jumped over 32 bytes at a time.
 *
 * Hostile data can make nearly every byte need a new state. Building states is counted against the bytes
 * walked; past the allowance the walk gives up, and the caller takes another way whose time is linear. */
#include "match/re_scan.h"

#include "match/re_flat.h"

#include <stdlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define UNKNOWN UINT32_MAX

enum {
    MOST_BYTES = 384 << 10, /* of one automaton's rows and sets */
    MOST_STATES = 4096,
    HASH = 2048,
    STORE_BYTES = 6 << 20,
    PAGES_TOUCHED = 6,  /* in part, of one */
    FREE_STATES = 512,  /* may be built on any data */
    BYTES_A_STATE = 24, /* and one more for so many bytes */
    RUN = 32,
};

struct leave {
    uint8_t known; /* 0 not yet, 1 of use, 2 of none */
    uint8_t visits;
    int8_t credit;
    uint8_t low[16], high[16]; /* nibble tables: bit b >> 4 & 7 of [b & 15], of bytes below and from 0x80 */
};

struct glc_re_scan {
    struct glc_re_flat flat;
    const uint8_t *key; /* the first code, where it lies */
    uint32_t codes;
    bool refused; /* too large to be flat */
    bool simd;
    uint32_t gave_up; /* epoch of the data that made it too large */
    uint8_t map[256]; /* class of each byte */
    uint8_t example[256];
    uint32_t classes, room; /* room: states */
    uint32_t border;
    uint32_t *trans;
    uint64_t *set; /* of each state: positions that may be eaten next */
    struct leave *leave;
    uint32_t *chain, hash[HASH];
    uint32_t plain, matching; /* states made of either kind */
    uint64_t built;           /* since it was made */
};

/* Making one. */

static size_t state_bytes(const struct glc_re_scan *d)
{
    return d->classes * sizeof *d->trans + d->flat.words * sizeof *d->set + sizeof *d->leave +
           sizeof *d->chain;
}

static void find_classes(struct glc_re_scan *d)
{
    size_t row = d->flat.words * sizeof(uint64_t);
    for (unsigned c = 0; c < 256; c++) {
        const uint64_t *mine = d->flat.eats + (size_t)c * d->flat.words;
        uint32_t k = 0;
        while (k < d->classes && memcmp(d->flat.eats + (size_t)d->example[k] * d->flat.words, mine, row) != 0)
            k++;
        if (k == d->classes)
            d->example[d->classes++] = (uint8_t)c;
        d->map[c] = (uint8_t)k;
    }
}

static void forget_states(struct glc_re_scan *d)
{
    memset(d->hash, 0, sizeof d->hash);
    d->plain = d->matching = 0;
    d->border = d->room * d->classes;
}

static bool make_room(struct glc_re_scan *d)
{
    size_t room = MOST_BYTES / state_bytes(d);
    d->room = room > MOST_STATES ? MOST_STATES : (uint32_t)room;
    d->trans = malloc((size_t)d->room * d->classes * sizeof *d->trans);
    d->set = malloc((size_t)d->room * d->flat.words * sizeof *d->set);
    d->leave = malloc(d->room * sizeof *d->leave); /* each is set when its state is made */
    d->chain = malloc(d->room * sizeof *d->chain);
    forget_states(d);
    return d->trans != NULL && d->set != NULL && d->leave != NULL && d->chain != NULL;
}

void glc_re_scan_free(struct glc_re_scan *d)
{
    if (d == NULL)
        return;
    glc_re_flat_done(&d->flat);
    free(d->trans);
    free(d->set);
    free(d->leave);
    free(d->chain);
    free(d);
}

static enum glc_err scan_new(const struct glc_span *code, uint32_t codes, struct glc_re_scan **out)
{
    struct glc_re_scan *d = calloc(1, sizeof *d);
    if (d == NULL)
        return GLC_NOMEM;
    d->key = code[0].ptr;
    d->codes = codes;
    enum glc_err err = glc_re_flat_make(code, codes, &d->flat);
    if (err == GLC_OK && d->flat.n == 0) {
        d->refused = true;
    } else if (err == GLC_OK) {
        find_classes(d);
        if (!make_room(d))
            err = GLC_NOMEM;
    }
    if (err != GLC_OK) {
        glc_re_scan_free(d);
        return err;
    }
    *out = d;
    return GLC_OK;
}

static size_t scan_bytes(const struct glc_re_scan *d)
{
    /* What was touched, about: rows are used as they are made, from both ends of four arrays. */
    return sizeof *d + PAGES_TOUCHED * 4096 + (d->plain + d->matching) * state_bytes(d) +
           (size_t)d->flat.words * 8 * (2 + d->flat.n + 256);
}

static void shrink_store(struct glc_re_scratch *s)
{
    size_t all = 0;
    for (size_t i = 0; i < GLC_RE_SCANS; i++)
        all += s->scan[i] != NULL ? scan_bytes(s->scan[i]) : 0;
    if (all <= STORE_BYTES)
        return;
    for (size_t i = 0; i < GLC_RE_SCANS; i++) {
        glc_re_scan_free(s->scan[i]);
        s->scan[i] = NULL;
    }
}

enum glc_err glc_re_scan_open(struct glc_re_scratch *s, const struct glc_span *code, uint32_t codes,
                              struct glc_re_scan **out)
{
    *out = NULL;
    if (codes == 0)
        return GLC_OK;
    struct glc_re_scan **slot = &s->scan[glc_re_slot(code[0].ptr, GLC_RE_SCANS)];
    if (*slot == NULL || (*slot)->key != code[0].ptr || (*slot)->codes != codes) {
        glc_re_scan_free(*slot);
        *slot = NULL;
        shrink_store(s);
        enum glc_err err = scan_new(code, codes, slot);
        if (err != GLC_OK)
            return err;
        (*slot)->simd = s->simd;
    }
    if (!(*slot)->refused && (*slot)->gave_up != s->epoch + 1)
        *out = *slot;
    return GLC_OK;
}

bool glc_re_scan_is_exact(const struct glc_re_scan *d)
{
    return !d->flat.loose;
}

bool glc_re_scan_empty_too(const struct glc_re_scan *d)
{
    return d->flat.empty_too;
}

uint64_t glc_re_scan_length(const struct glc_re_scan *d)
{
    return d->flat.length;
}

uint64_t glc_re_scan_most(const struct glc_re_scan *d)
{
    return d->flat.most;
}

/* States. */

/* The state of the set `next` (of d->flat.words words), made where it is new; UNKNOWN: no room. */
static uint32_t intern(struct glc_re_scan *d, const uint64_t *next, bool matches)
{
    uint32_t words = d->flat.words;
    uint64_t h = matches ? UINT64_C(0x9e3779b97f4a7c15) : 0;
    for (uint32_t i = 0; i < words; i++) {
        h = (h ^ next[i]) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 31;
    }
    uint32_t *bucket = &d->hash[h % HASH];
    for (uint32_t c = *bucket; c != 0; c = d->chain[c - 1]) {
        uint32_t row = (c - 1) * d->classes;
        if ((row >= d->border) == matches &&
            memcmp(d->set + (size_t)(c - 1) * words, next, words * sizeof *next) == 0)
            return row;
    }
    if (d->plain + d->matching >= d->room)
        return UNKNOWN;
    uint32_t state = matches ? d->room - 1 - d->matching++ : d->plain++;
    if (matches)
        d->border = state * d->classes;
    memcpy(d->set + (size_t)state * words, next, words * sizeof *next);
    memset(d->trans + (size_t)state * d->classes, 0xff, d->classes * sizeof *d->trans);
    d->leave[state] = (struct leave){ .known = 0 };
    d->chain[state] = *bucket;
    *bucket = state + 1;
    d->built++;
    return state * d->classes;
}

/* The state of a walk that has eaten nothing. */
static uint32_t initial(struct glc_re_scan *d)
{
    uint32_t s = intern(d, d->flat.first, false);
    if (s == UNKNOWN) {
        forget_states(d);
        s = intern(d, d->flat.first, false);
    }
    return s;
}

/* What a byte of class c makes of the state at row s. When there is no room all states are forgotten, the new
 * one excepted. */
static uint32_t step(struct glc_re_scan *d, uint32_t s, uint32_t c, uint64_t *cost)
{
    uint32_t words = d->flat.words;
    const uint64_t *may = d->set + (size_t)(s / d->classes) * words;
    const uint64_t *eats = d->flat.eats + (size_t)d->example[c] * words;
    uint64_t next[GLC_FLAT_POSITIONS / 64];
    bool matches = false;
    memcpy(next, d->flat.first, words * sizeof *next);
    for (uint32_t i = 0; i < words; i++) {
        uint64_t now = may[i] & eats[i];
        matches = matches || (now & d->flat.last[i]) != 0;
        for (; now != 0; now &= now - 1) {
            const uint64_t *to = d->flat.next + (size_t)(i * 64 + (uint32_t)__builtin_ctzll(now)) * words;
            for (uint32_t k = 0; k < words; k++)
                next[k] |= to[k];
            *cost += words;
        }
    }
    *cost += 8;
    uint32_t to = intern(d, next, matches);
    if (to == UNKNOWN) {
        forget_states(d);
        return intern(d, next, matches);
    }
    d->trans[s + c] = to;
    return to;
}

/* Stretches that leave a state as it is. */

/* Fills the state's row and its tables. */
static void learn(struct glc_re_scan *d, uint32_t s, uint64_t *cost)
{
    uint32_t state = s / d->classes, others = 0;
    struct leave *l = &d->leave[state];
    if (d->room - d->plain - d->matching < d->classes) {
        l->known = 2; /* states might be forgotten while they are looked at */
        return;
    }
    bool leaves[256];
    for (uint32_t c = 0; c < d->classes; c++) {
        uint32_t to = d->trans[s + c] != UNKNOWN ? d->trans[s + c] : step(d, s, c, cost);
        leaves[c] = to != s;
    }
    memset(l->low, 0, sizeof l->low);
    memset(l->high, 0, sizeof l->high);
    for (unsigned b = 0; b < 256; b++) {
        if (!leaves[d->map[b]])
            continue;
        others++;
        uint8_t *table = b < 0x80 ? l->low : l->high;
        table[b & 15] |= (uint8_t)(1u << (b >> 4 & 7));
    }
    l->known = others > 200 ? 2 : 1;
    l->credit = 4;
}

static bool leaves(const struct leave *l, uint8_t b)
{
    return ((b < 0x80 ? l->low : l->high)[b & 15] >> (b >> 4 & 7) & 1) != 0;
}

/* How many of the bytes below data + at, down to data + from, leave the state as it is. */
static uint64_t stretch_plain(const struct leave *l, const uint8_t *data, uint64_t from, uint64_t at)
{
    uint64_t i = at;
    while (i > from && !leaves(l, data[i - 1]))
        i--;
    return at - i;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static uint64_t stretch_avx2(const struct leave *l, const uint8_t *data,
                                                             uint64_t from, uint64_t at)
{
    const __m256i low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)l->low));
    const __m256i high = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)l->high));
    const __m256i top = _mm256_set1_epi8((char)0x80), seven = _mm256_set1_epi8(7);
    const __m256i bit = _mm256_setr_epi8(1, 2, 4, 8, 16, 32, 64, (char)128, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4,
                                         8, 16, 32, 64, (char)128, 0, 0, 0, 0, 0, 0, 0, 0);
    uint64_t i = at;
    while (i - from >= 32) {
        __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(data + i - 32));
        __m256i t =
            _mm256_or_si256(_mm256_shuffle_epi8(low, x), _mm256_shuffle_epi8(high, _mm256_xor_si256(x, top)));
        __m256i b = _mm256_shuffle_epi8(bit, _mm256_and_si256(_mm256_srli_epi16(x, 4), seven));
        __m256i stay = _mm256_cmpeq_epi8(_mm256_and_si256(t, b), _mm256_setzero_si256());
        uint32_t out = ~(uint32_t)_mm256_movemask_epi8(stay);
        if (out != 0)
            return at - i + (uint64_t)__builtin_clz(out);
        i -= 32;
    }
    return at - i + stretch_plain(l, data, from, i);
}
#endif

static uint64_t stretch(const struct glc_re_scan *d, const struct leave *l, const uint8_t *data,
                        uint64_t from, uint64_t at)
{
#if defined(__x86_64__)
    if (d->simd)
        return stretch_avx2(l, data, from, at);
#else
    (void)d;
#endif
    return stretch_plain(l, data, from, at);
}

/* The walk. */

struct walk {
    struct glc_re_scan *d;
    const uint8_t *data;
    uint64_t from, at; /* bytes below `at` are still to be eaten */
    uint32_t s;
    uint64_t cost;
    uint64_t n, enough;
    bool (*each)(void *to, uint64_t start);
    void *to;
    bool stop;
};

/* Eat `n` bytes, counting starts. */
static void eat_counting(struct walk *w, uint64_t n)
{
    struct glc_re_scan *d = w->d;
    const uint8_t *map = d->map, *p = w->data + w->at;
    const uint32_t *trans = d->trans;
    uint32_t s = w->s, border = d->border;
    uint64_t hits = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint32_t c = map[*--p], next = trans[s + c];
        if (__builtin_expect(next == UNKNOWN, 0)) {
            next = step(d, s, c, &w->cost);
            border = d->border;
        }
        s = next;
        hits += s >= border;
    }
    w->s = s;
    w->at -= n;
    w->n += hits;
}

/* The same, telling each. */
static void eat_telling(struct walk *w, uint64_t n)
{
    struct glc_re_scan *d = w->d;
    for (uint64_t i = 0; i < n && !w->stop; i++) {
        uint32_t c = d->map[w->data[w->at - 1]], next = d->trans[w->s + c];
        w->s = next != UNKNOWN ? next : step(d, w->s, c, &w->cost);
        w->at--;
        if (w->s >= d->border) {
            w->n++;
            w->stop = !w->each(w->to, w->at) || w->n >= w->enough;
        }
    }
}

/* Jump over bytes that change nothing, where that has paid so far. */
static void jump(struct walk *w, bool count)
{
    struct glc_re_scan *d = w->d;
    struct leave *l = &d->leave[w->s / d->classes];
    if (l->known == 0) {
        if (++l->visits < 4)
            return;
        learn(d, w->s, &w->cost);
    }
    if (l->known != 1 || l->credit <= 0)
        return;
    uint64_t n = stretch(d, l, w->data, w->from, w->at);
    if (n >= RUN)
        l->credit = (int8_t)(l->credit < 64 ? l->credit + 1 : 64);
    else
        l->credit--;
    w->at -= n;
    if (count && w->s >= d->border)
        w->n += n;
}

static void walk_down(struct walk *w, bool count)
{
    const struct glc_re_scan *d = w->d;
    while (w->at > w->from && !w->stop) {
        if (count || w->s < d->border)
            jump(w, count);
        uint64_t n = w->at - w->from < RUN ? w->at - w->from : RUN;
        if (w->each != NULL) {
            eat_telling(w, n);
        } else {
            eat_counting(w, n);
            w->stop = w->n >= w->enough;
        }
    }
}

enum { SLICE = 16384 };

enum glc_err glc_re_scan_starts(struct glc_re_scan *d, const struct glc_re_input *in, uint64_t from,
                                uint64_t upto, uint64_t enough, bool (*each)(void *to, uint64_t start),
                                void *to, uint64_t *n, bool *done)
{
    uint64_t size = in->data.len, top = size, built = d->built;
    if (upto > size)
        upto = size;
    if (d->flat.most != 0 && d->flat.most < size - upto)
        top = upto + d->flat.most;
    struct walk w = { .d = d, .data = in->data.ptr, .at = top, .s = initial(d), .enough = enough };
    *n = 0;
    *done = true;
    while (w.at > from && !w.stop) {
        uint64_t before = w.at;
        bool above = w.at > upto;
        w.from = w.at - from > SLICE ? w.at - SLICE : from;
        if (above && w.from < upto)
            w.from = upto;
        w.each = above ? NULL : each;
        w.to = to;
        w.enough = above ? UINT64_MAX : enough;
        walk_down(&w, w.each == NULL);
        if (above)
            w.n = 0;
        if (!glc_re_charge(in->steps, (before - w.at) / 8 + w.cost))
            return GLC_LIMIT;
        w.cost = 0;
        if (d->built - built > FREE_STATES + (top - w.at) / BYTES_A_STATE) {
            d->gave_up = in->scratch->epoch + 1;
            *done = false;
            return GLC_OK;
        }
    }
    *n = w.n;
    return GLC_OK;
}
