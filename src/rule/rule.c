#include "rule/rule.h"

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
    if (set->hashes == set->hash_room) {
        size_t room = set->hash_room == 0 ? 1024 : set->hash_room * 2;
        struct glc_hash_sig *p = reallocarray(set->hash, room, sizeof *p);
        if (p == NULL)
            return false;
        set->hash = p;
        set->hash_room = room;
    }
    size_t at = set->names.len;
    if (!glc_buf_put(&set->names, name.ptr, name.len) || !glc_buf_u8(&set->names, 0))
        return false;
    set->hash[set->hashes] = *sig;
    set->hash[set->hashes++].name = (uint32_t)at;
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

static bool ignored(const struct glc_ruleset *set, const char *name)
{
    return bsearch(&name, set->ignore, set->ignores, sizeof *set->ignore, by_name) != NULL;
}

size_t glc_ruleset_apply_ignores(struct glc_ruleset *set)
{
    if (set->ignores == 0)
        return 0;
    qsort(set->ignore, set->ignores, sizeof *set->ignore, by_name);
    size_t gone = 0, out = 0;
    /* YARA rules refer to earlier ones by index; they are not what ClamAV's lists are about. */
    bool drop_rules = true;
    for (size_t i = 0; i < set->rules && drop_rules; i++)
        drop_rules = set->rule[i]->language != GLC_LANG_YARA;
    for (size_t i = 0; i < set->rules; i++) {
        struct glc_rule *r = set->rule[i];
        if (r->language == GLC_LANG_CLAM && ignored(set, r->name)) {
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
        if (set->hash[i].allow == 0 && ignored(set, (const char *)set->names.ptr + set->hash[i].name))
            gone++;
        else
            set->hash[out++] = set->hash[i];
    }
    set->hashes = out;
    return gone;
}
