#include "rule/rule.h"

#include "base/heap.h"
#include "base/hex.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAMES_CAP = 1 << 30 };

void glc_ruleset_init(struct glc_ruleset *set, struct glc_arena *arena)
{
    *set = (struct glc_ruleset){ .arena = arena };
    glc_buf_init(&set->names, NAMES_CAP);
}

void glc_ruleset_done(struct glc_ruleset *set)
{
    free(set->hash);
    glc_buf_done(&set->names);
    *set = (struct glc_ruleset){ 0 };
}

struct glc_rule *glc_ruleset_add(struct glc_ruleset *set)
{
    struct glc_rule *r = glc_arena_alloc(set->arena, sizeof *r);
    if (r == NULL)
        return NULL;
    struct glc_rule **slot = glc_arena_push(set->arena, &set->rule, &set->rules, sizeof(struct glc_rule *));
    if (slot == NULL)
        return NULL;
    *slot = r;
    return r;
}

bool glc_ruleset_add_hash(struct glc_ruleset *set, const struct glc_hash_sig *sig, struct glc_span name)
{
    size_t at = set->names.len;
    if (!glc_buf_put(&set->names, name.ptr, name.len) || !glc_buf_u8(&set->names, 0))
        return false;
    struct glc_hash_sig *slot = glc_heap_push(&set->hash, &set->hashes, &set->hash_room, sizeof *slot);
    if (slot == NULL)
        return false;
    *slot = *sig;
    slot->name = (uint32_t)at;
    return true;
}

bool glc_ruleset_add_ignore(struct glc_ruleset *set, struct glc_span name)
{
    const char *copy = glc_arena_strdup(set->arena, name);
    if (copy == NULL)
        return false;
    const char **slot = glc_arena_push(set->arena, &set->ignore, &set->ignores, sizeof(char *));
    if (slot == NULL)
        return false;
    *slot = copy;
    return true;
}

static int by_name(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

/* The ignore lists while they are applied: sorted, with what it takes to compare wordings. */
struct ignores {
    const struct glc_ruleset *set;
    struct glc_digest *md5; /* NULL: no memory; then wordings do not count as ignored */
    struct glc_buf key;
};

static bool listed(const struct ignores *g, const char *key)
{
    return bsearch(&key, g->set->ignore, g->set->ignores, sizeof *g->set->ignore, by_name) != NULL;
}

static bool wording_listed(struct ignores *g, const char *name, const uint8_t md5[16])
{
    char hex[33];
    glc_hex_encode(glc_span(md5, 16), hex);
    g->key.len = 0;
    return glc_buf_printf(&g->key, "%s:%s", name, hex) && glc_buf_u8(&g->key, 0) &&
           listed(g, (const char *)g->key.ptr);
}

/* Is there an entry NAME:… at all? */
static bool has_wordings(struct ignores *g, const char *name)
{
    size_t lo = 0, hi = g->set->ignores;
    g->key.len = 0;
    if (!glc_buf_printf(&g->key, "%s:", name))
        return false;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(g->set->ignore[mid], (const char *)g->key.ptr) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < g->set->ignores && strncmp(g->set->ignore[lo], (const char *)g->key.ptr, g->key.len) == 0;
}

static bool hash_ignored(struct ignores *g, const struct glc_hash_sig *sig)
{
    const char *name = (const char *)g->set->names.ptr + sig->name;
    if (listed(g, name))
        return true;
    if (g->md5 == NULL || !has_wordings(g, name))
        return false;
    char hex[2 * GLC_DIGEST_MAX + 1], size[24] = "*";
    uint8_t line_md5[GLC_DIGEST_MAX];
    glc_hex_encode(glc_span(sig->digest, glc_digest_len((enum glc_digest_alg)sig->alg)), hex);
    if (sig->size != GLC_ANY_SIZE)
        snprintf(size, sizeof size, "%" PRIu64, sig->size);
    bool section = sig->of == GLC_HASH_SECTION;
    g->key.len = 0;
    return glc_buf_printf(&g->key, "%s:%s:%s", section ? size : hex, section ? hex : size, name) &&
           glc_digest_of(g->md5, glc_buf_span(&g->key), line_md5) && wording_listed(g, name, line_md5);
}

size_t glc_ruleset_apply_ignores(struct glc_ruleset *set)
{
    if (set->ignores == 0)
        return 0;
    qsort(set->ignore, set->ignores, sizeof *set->ignore, by_name);
    struct ignores g = { .set = set, .md5 = glc_digest_new(GLC_MD5) };
    glc_buf_init(&g.key, 1 << 20);
    size_t gone = 0, out = 0;
    /* YARA rules refer to earlier ones by index; they are not what ClamAV's lists are about. */
    bool drop_rules = true;
    for (size_t i = 0; i < set->rules && drop_rules; i++)
        drop_rules = set->rule[i]->language != GLC_LANG_YARA;
    for (size_t i = 0; i < set->rules; i++) {
        struct glc_rule *r = set->rule[i];
        if (r->language == GLC_LANG_CLAM &&
            (listed(&g, r->name) || wording_listed(&g, r->name, r->wording))) {
            gone++;
            if (drop_rules)
                continue;
            r->classes = 0; /* keeps its number, concerns nothing */
            r->is_private = true;
        }
        set->rule[out++] = r;
    }
    set->rules = out;
    out = 0;
    for (size_t i = 0; i < set->hashes; i++) {
        if (set->hash[i].allow == 0 && hash_ignored(&g, &set->hash[i]))
            gone++;
        else
            set->hash[out++] = set->hash[i];
    }
    set->hashes = out;
    glc_digest_free(g.md5);
    glc_buf_done(&g.key);
    return gone;
}
