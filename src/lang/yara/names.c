/* A hash table of rule names in the set's arena, and the list of prefixes that conditions have used. */
#include "lang/yara/names.h"

static uint32_t hash_of(struct glc_span space, struct glc_span name)
{
    uint32_t h = 0x811c9dc5u;
    for (size_t i = 0; i < space.len; i++)
        h = (h ^ space.ptr[i]) * 0x01000193u;
    h = (h ^ ':') * 0x01000193u;
    for (size_t i = 0; i < name.len; i++)
        h = (h ^ name.ptr[i]) * 0x01000193u;
    return h;
}

struct glc_yara_names *glc_yara_names_of(struct glc_ruleset *set)
{
    if (set->yara == NULL)
        set->yara = glc_arena_alloc(set->arena, sizeof *set->yara);
    return set->yara;
}

/* The slot of a name, or the free one where it belongs. slots is a power of two with room. */
static uint32_t *slot_of(const struct glc_yara_names *n, struct glc_span space, struct glc_span name,
                         uint32_t hash)
{
    for (size_t i = hash & (n->slots - 1);; i = (i + 1) & (n->slots - 1)) {
        uint32_t *slot = &n->slot[i];
        if (*slot == 0)
            return slot;
        const struct glc_yara_name *at = &n->name[*slot - 1];
        if (at->hash == hash && glc_span_eq(at->name, name) && glc_span_eq(at->space, space))
            return slot;
    }
}

const struct glc_yara_name *glc_yara_names_find(const struct glc_yara_names *n, const char *space,
                                                struct glc_span name)
{
    if (n->slots == 0)
        return NULL;
    struct glc_span s = glc_span_str(space);
    const uint32_t *slot = slot_of(n, s, name, hash_of(s, name));
    return *slot == 0 ? NULL : &n->name[*slot - 1];
}

static bool grow(struct glc_yara_names *n, struct glc_arena *a)
{
    size_t slots = n->slots == 0 ? 1024 : n->slots * 2;
    uint32_t *fresh = glc_arena_array(a, slots, sizeof *fresh);
    if (fresh == NULL)
        return false;
    n->slot = fresh;
    n->slots = slots;
    for (size_t i = 0; i < n->names; i++)
        *slot_of(n, n->name[i].space, n->name[i].name, n->name[i].hash) = (uint32_t)(i + 1);
    return true;
}

bool glc_yara_names_add(struct glc_yara_names *n, struct glc_arena *a, const char *space,
                        struct glc_span name, uint32_t rule, const char *file, uint32_t line)
{
    if (n->names >= UINT32_MAX - 1 || (n->names * 2 >= n->slots && !grow(n, a)))
        return false;
    struct glc_span s = glc_span_str(space);
    uint32_t hash = hash_of(s, name);
    uint32_t *slot = slot_of(n, s, name, hash);
    if (*slot != 0) {
        struct glc_yara_name *old = &n->name[*slot - 1];
        if (old->rule == GLC_YARA_REFUSED) {
            old->rule = rule;
            old->file = file;
            old->line = line;
        }
        return true;
    }
    const char *copy = glc_arena_strdup(a, name);
    struct glc_yara_name *e = copy == NULL ? NULL : glc_arena_push(a, &n->name, &n->names, sizeof *n->name);
    if (e == NULL)
        return false;
    *e = (struct glc_yara_name){
        .space = s, .name = glc_span(copy, name.len), .hash = hash, .rule = rule, .file = file, .line = line
    };
    *slot = (uint32_t)n->names;
    return true;
}

bool glc_yara_names_add_wild(struct glc_yara_names *n, struct glc_arena *a, const char *space,
                             struct glc_span prefix)
{
    const char *copy = glc_arena_strdup(a, prefix);
    struct glc_yara_wild *w = copy == NULL ? NULL : glc_arena_push(a, &n->wild, &n->wilds, sizeof *n->wild);
    if (w == NULL)
        return false;
    *w = (struct glc_yara_wild){ glc_span_str(space), glc_span(copy, prefix.len) };
    return true;
}

bool glc_yara_names_is_wild(const struct glc_yara_names *n, const char *space, struct glc_span name)
{
    for (size_t i = 0; i < n->wilds; i++)
        if (glc_span_is(n->wild[i].space, space) && glc_span_starts(name, n->wild[i].prefix))
            return true;
    return false;
}

bool glc_yara_names_import(struct glc_yara_names *n, struct glc_arena *a, const char *space,
                           struct glc_span module)
{
    if (glc_yara_names_imported(n, space, module))
        return true;
    const char *copy = glc_arena_strdup(a, module);
    struct glc_yara_import *i =
        copy == NULL ? NULL : glc_arena_push(a, &n->import, &n->imports, sizeof *n->import);
    if (i == NULL)
        return false;
    *i = (struct glc_yara_import){ glc_span_str(space), glc_span(copy, module.len) };
    return true;
}

bool glc_yara_names_imported(const struct glc_yara_names *n, const char *space, struct glc_span module)
{
    for (size_t i = 0; i < n->imports; i++)
        if (glc_span_eq(n->import[i].module, module) && glc_span_is(n->import[i].space, space))
            return true;
    return false;
}
