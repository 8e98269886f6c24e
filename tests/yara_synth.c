/* Makes files that rules should match, and near-misses: yara_synth [-d name=value]... OUT SOURCE...
 *
 * A condition is walked once for what it wants (strings, how often and where, bytes at offsets, a size), one
 * way through every `or`; what cannot be given (module facts, loops) is left to chance. Each rule gets
 * NUMBER-hit, where all that was wanted stands, and NUMBER-miss, where one string has a byte changed. Whether
 * a file does match is for the peers to say: they must say the same. */
#define _GNU_SOURCE
#include "base/file.h"
#include "format/format.h"
#include "lang/lang.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_ITEMS = 4096, MOST_FILE = 1 << 21, LOWEST = 0x200 };

struct item {
    const struct glc_pattern *pattern;
    int64_t at; /* -1: anywhere */
};

struct fix {
    uint64_t at;
    uint8_t byte[4], len;
};

struct plan {
    const struct glc_ruleset *set;
    struct item item[MOST_ITEMS];
    size_t items;
    struct fix fix[64];
    size_t fixes;
    uint64_t min, max;
    uint32_t current; /* pattern that `$` stands for */
    unsigned depth;
    uint64_t seed;
};

static void want(struct plan *p, const struct glc_rule *r, const struct glc_expr *x);

static uint32_t chance(struct plan *p, uint32_t n)
{
    p->seed = p->seed * 6364136223846793005u + 1442695040888963407u;
    return n == 0 ? 0 : (uint32_t)(p->seed >> 33) % n;
}

static void add_item(struct plan *p, const struct glc_rule *r, uint32_t pattern, int64_t at)
{
    if (pattern == GLC_CURRENT)
        pattern = p->current;
    if (pattern < r->patterns && p->items < MOST_ITEMS)
        p->item[p->items++] = (struct item){ &r->pattern[pattern], at };
}

static bool is_int(const struct glc_expr *x, int64_t *v)
{
    if (x->op != GLC_X_INT)
        return false;
    *v = x->u.integer;
    return true;
}

static void fix_read(struct plan *p, const struct glc_expr *read, int64_t value)
{
    int64_t at;
    const struct glc_expr *where = read->kid[0];
    if (where->op == GLC_X_READ && where->kid[0]->op == GLC_X_INT) { /* uint32(uint32(0x3c)) */
        fix_read(p, where, 0x100);
        at = 0x100;
    } else if (!is_int(where, &at) || at < 0 || at > MOST_FILE) {
        return;
    }
    static const uint8_t sizes[] = { 1, 2, 4 };
    struct fix f = { .at = (uint64_t)at, .len = sizes[read->index % 3] };
    if (read->index >= GLC_READ_F32 || p->fixes == 64)
        return;
    for (unsigned i = 0; i < f.len; i++)
        f.byte[i] = (uint8_t)(value >> 8 * (read->index >= GLC_READ_U8BE ? f.len - 1 - i : i));
    p->fix[p->fixes++] = f;
}

static void want_size(struct plan *p, enum glc_expr_op op, uint64_t n)
{
    uint64_t lo = op == GLC_X_GT ? n + 1 : op == GLC_X_GE || op == GLC_X_EQ ? n : 0;
    uint64_t hi = op == GLC_X_LT && n > 0 ? n - 1 : op == GLC_X_LE || op == GLC_X_EQ ? n : UINT64_MAX;
    p->min = lo > p->min ? lo : p->min;
    p->max = hi < p->max ? hi : p->max;
}

static void want_compare(struct plan *p, const struct glc_rule *r, const struct glc_expr *x)
{
    const struct glc_expr *l = x->kid[0];
    int64_t n;
    if (!is_int(x->kid[1], &n))
        return;
    if (l->op == GLC_X_READ && x->op == GLC_X_EQ)
        fix_read(p, l, n);
    else if (l->op == GLC_X_FACT && l->index == GLC_FACT_SIZE && n >= 0)
        want_size(p, x->op, (uint64_t)n);
    else if (l->op == GLC_X_COUNT && (x->op == GLC_X_GT || x->op == GLC_X_GE || x->op == GLC_X_EQ))
        for (int64_t i = 0; i < n + (x->op == GLC_X_GT) && i < 200; i++)
            add_item(p, r, l->index, -1);
    else if (l->op == GLC_X_OFFSET)
        add_item(p, r, l->index, x->op == GLC_X_EQ ? n : -1);
}

static void want_set(struct plan *p, const struct glc_rule *r, const struct glc_expr *x)
{
    uint32_t n = x->u.of.n, need = x->u.of.quant == GLC_Q_ALL ? n : x->u.of.quant == GLC_Q_NONE ? 0 : 1;
    int64_t v, at = -1;
    if (x->u.of.quant == GLC_Q_NUMBER && is_int(x->kid[0], &v) && v >= 0)
        need = (uint32_t)v;
    if (x->u.of.quant == GLC_Q_PERCENT && is_int(x->kid[0], &v))
        need = (uint32_t)((n * (uint64_t)v + 99) / 100);
    if (x->op == GLC_X_OF_AT || x->op == GLC_X_OF_IN)
        (void)is_int(x->kid[1], &at);
    uint32_t from = need < n ? chance(p, n) : 0, before = p->current;
    for (uint32_t i = 0; i < need && i < n; i++) {
        uint32_t one = x->u.of.set[(from + i) % n];
        if (x->op == GLC_X_OF_RULES)
            want(p, p->set->rule[one], p->set->rule[one]->condition);
        else if (x->op == GLC_X_FOR_OF) {
            p->current = one;
            want(p, r, x->kid[1]);
        } else
            add_item(p, r, one, at);
    }
    p->current = before;
}

static void want(struct plan *p, const struct glc_rule *r, const struct glc_expr *x)
{
    int64_t at = -1;
    if (p->depth >= 100)
        return;
    p->depth++;
    switch ((unsigned)x->op) {
    case GLC_X_AND:
        for (uint32_t i = 0; i < x->kids; i++)
            want(p, r, x->kid[i]);
        break;
    case GLC_X_OR:
        want(p, r, x->kid[chance(p, x->kids)]);
        break;
    case GLC_X_TO_BOOL:
    case GLC_X_DEFINED:
        want(p, r, x->kid[0]);
        break;
    case GLC_X_FOUND:
    case GLC_X_COUNT:
        add_item(p, r, x->index, -1);
        break;
    case GLC_X_FOUND_AT:
    case GLC_X_FOUND_IN:
        (void)is_int(x->kid[0], &at);
        add_item(p, r, x->index, at);
        break;
    case GLC_X_OF:
    case GLC_X_OF_AT:
    case GLC_X_OF_IN:
    case GLC_X_OF_RULES:
    case GLC_X_FOR_OF:
        want_set(p, r, x);
        break;
    case GLC_X_EQ:
    case GLC_X_LT:
    case GLC_X_LE:
    case GLC_X_GT:
    case GLC_X_GE:
        want_compare(p, r, x);
        break;
    case GLC_X_RULE:
        want(p, p->set->rule[x->index], p->set->rule[x->index]->condition);
        break;
    default:
        break;
    }
    p->depth--;
}

static void one_of(struct plan *p, const uint32_t set[8], struct glc_buf *out)
{
    uint32_t n = 0;
    for (unsigned c = 0; c < 256; c++)
        n += glc_set_has(set, (uint8_t)c);
    uint32_t nth = chance(p, n);
    for (unsigned c = 0; c < 256; c++)
        if (glc_set_has(set, (uint8_t)c) && nth-- == 0)
            glc_buf_u8(out, (uint8_t)c);
}

static void example(struct plan *p, const struct glc_re *re, struct glc_buf *out)
{
    uint32_t n;
    switch (re->kind) {
    case GLC_RE_BYTES:
        for (uint32_t i = 0; i < re->u.bytes.len; i++)
            glc_buf_u8(out,
                       (uint8_t)(re->u.bytes.value[i] | (chance(p, 256) & (uint8_t)~re->u.bytes.mask[i])));
        break;
    case GLC_RE_CLASS:
        one_of(p, re->u.set, out);
        break;
    case GLC_RE_CAT:
        for (uint32_t i = 0; i < re->u.list.n; i++)
            example(p, re->u.list.kid[i], out);
        break;
    case GLC_RE_ALT:
        example(p, re->u.list.kid[chance(p, re->u.list.n)], out);
        break;
    case GLC_RE_REPEAT:
        n = re->u.repeat.min + (re->u.repeat.max > re->u.repeat.min ? chance(p, 2) : 0);
        for (uint32_t i = 0; i < n; i++)
            example(p, re->u.repeat.kid, out);
        break;
    case GLC_RE_GAP:
        n = re->u.gap.min + (re->u.gap.max > re->u.gap.min ? chance(p, 2) : 0);
        for (uint32_t i = 0; i < n; i++)
            glc_buf_u8(out, (uint8_t)chance(p, 256));
        break;
    case GLC_RE_EMPTY:
    case GLC_RE_ASSERT:
        break;
    }
}

static void put_at(uint8_t *file, uint64_t *size, uint64_t at, const uint8_t *s, size_t n)
{
    if (at > MOST_FILE || n > MOST_FILE - at)
        return;
    memcpy(file + at, s, n);
    *size = at + n > *size ? at + n : *size;
}

/* The file of a plan; `spoil`: the number of the item that gets a byte changed, or -1. */
static uint64_t build(struct plan *p, uint8_t *file, int64_t spoil)
{
    uint64_t size = 0, at = 0;
    memset(file, 0, MOST_FILE);
    for (size_t i = 0; i < p->fixes; i++)
        at = p->fix[i].at + p->fix[i].len > at ? p->fix[i].at + p->fix[i].len : at;
    if (at != 0 && at < LOWEST && p->max > 4 * LOWEST)
        at = LOWEST;
    for (size_t i = 0; i < p->items; i++) {
        const struct glc_pattern *q = p->item[i].pattern;
        struct glc_buf s;
        glc_buf_init(&s, 1 << 18);
        example(p, q->variant[chance(p, q->variants)].re, &s);
        if ((int64_t)i == spoil && s.len != 0)
            s.ptr[s.len / 2] ^= 0x55;
        if (p->item[i].at >= 0) {
            put_at(file, &size, (uint64_t)p->item[i].at, s.ptr, s.len);
            at = size > at ? size : at;
        } else {
            put_at(file, &size, at, s.ptr, s.len);
            at += s.len;
        }
        glc_buf_done(&s);
        at += 1 + chance(p, 2);
    }
    for (size_t i = 0; i < p->fixes; i++)
        put_at(file, &size, p->fix[i].at, p->fix[i].byte, p->fix[i].len);
    if (size < p->min && p->min <= MOST_FILE)
        size = p->min;
    return size;
}

static bool make(const struct glc_ruleset *set, size_t number, const char *folder, uint8_t *file)
{
    static struct plan p;
    const struct glc_rule *r = set->rule[number];
    char path[4096];
    for (int miss = 0; miss < 2; miss++) {
        p = (struct plan){ .set = set, .max = UINT64_MAX, .current = GLC_CURRENT, .seed = number * 7919 + 1 };
        want(&p, r, r->condition);
        if (miss && p.items == 0)
            continue;
        uint64_t size = build(&p, file, miss ? (int64_t)chance(&p, (uint32_t)p.items) : -1);
        (void)snprintf(path, sizeof path, "%s/%05zu-%s", folder, number, miss ? "miss" : "hit");
        if (glc_write_path(path, glc_span(file, (size_t)size)) != GLC_OK)
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct glc_arena arena;
    static struct glc_external external[64];
    struct glc_ruleset set;
    const char *folder = NULL;
    glc_arena_init(&arena, (size_t)2 << 30);
    glc_ruleset_init(&set, &arena);
    struct glc_lang_options opt = { .modules = glc_format_modules(), .external = external };
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-d") == 0 && i + 1 < argc && opt.externals < 64)
            opt.externals += glc_lang_external(&arena, argv[++i], &external[opt.externals]) ? 1 : 0;
        else if (folder == NULL)
            folder = argv[i];
        else if (glc_lang_load(&set, argv[i], NULL, &opt) != GLC_OK)
            return 1;
    }
    uint8_t *file = calloc(1, MOST_FILE);
    bool good = folder != NULL && file != NULL;
    for (size_t i = 0; good && i < set.rules; i++)
        good = make(&set, i, folder, file);
    printf("%zu rules\n", set.rules);
    free(file);
    glc_ruleset_done(&set);
    glc_arena_done(&arena);
    return good ? 0 : 1;
}
