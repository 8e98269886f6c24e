#include "format/kit/kit.h"

#include <stdlib.h>

enum { ARENA = 256 << 20, FUZZ_ARENA = 64 << 20, FUZZ_BYTES = 4 << 20, FUZZ_ENTRIES = 1000 };

static struct glc_span copy(struct glc_span s)
{
    uint8_t *p = malloc(s.len + 1);
    if (p == NULL)
        abort();
    if (s.len != 0)
        memcpy(p, s.ptr, s.len);
    p[s.len] = 0;
    return glc_span(p, s.len);
}

static bool on_yield(struct glc_parse *p, const struct glc_child *child)
{
    struct kit *k = p->to;
    if (!glc_budget_entry(p->budget))
        return false;
    k->bytes += child->data.len;
    if (k->touch) {
        uint8_t sum = 0;
        for (size_t i = 0; i < child->data.len; i++)
            sum ^= child->data.ptr[i];
        for (size_t i = 0; i < child->name.len; i++)
            sum ^= child->name.ptr[i];
        k->sum ^= sum;
    } else if (k->children < KIT_CHILDREN) {
        k->child[k->children] = (struct kit_child){ copy(child->data), copy(child->name), child->how,
                                                    child->cls, child->classed };
    }
    k->children++;
    return true;
}

static void on_note(struct glc_parse *p, const char *text, uint64_t off)
{
    struct kit *k = p->to;
    (void)off;
    if (k->notes < KIT_REASONS)
        k->note[k->notes++] = text;
}

static void on_unread(struct glc_parse *p, const char *reason, uint64_t off)
{
    struct kit *k = p->to;
    (void)off;
    if (k->unreads < KIT_REASONS)
        k->unread[k->unreads++] = reason;
}

void kit_init(struct kit *k, struct glc_span data)
{
    *k = (struct kit){ .facts = glc_facts_none() };
    glc_arena_init(&k->arena, ARENA);
    glc_budget_init(&k->budget);
    k->parse = (struct glc_parse){ .data = data,
                                   .budget = &k->budget,
                                   .arena = &k->arena,
                                   .facts = &k->facts,
                                   .wanted = GLC_CLASS_ALL,
                                   .yield = on_yield,
                                   .note = on_note,
                                   .unread = on_unread,
                                   .to = k };
}

void kit_done(struct kit *k)
{
    for (size_t i = 0; i < k->children && i < KIT_CHILDREN; i++) {
        free((void *)(uintptr_t)k->child[i].data.ptr);
        free((void *)(uintptr_t)k->child[i].name.ptr);
    }
    glc_arena_done(&k->arena);
}

void kit_run(struct kit *k, struct glc_span data)
{
    kit_init(k, data);
    const struct glc_format *own = glc_format_of(data);
    if (own->parse != NULL)
        own->parse(&k->parse);
    for (const struct glc_format *const *f = glc_formats; *f != NULL; f++)
        if (*f != own && (*f)->carve != NULL)
            (*f)->carve(&k->parse);
}

bool kit_has(const struct kit *k, struct glc_span child)
{
    for (size_t i = 0; i < k->children && i < KIT_CHILDREN; i++)
        if (glc_span_eq(k->child[i].data, child))
            return true;
    return false;
}

bool kit_has_unread(const struct kit *k, const char *reason)
{
    for (size_t i = 0; i < k->unreads; i++)
        if (strcmp(k->unread[i], reason) == 0)
            return true;
    return false;
}

bool kit_has_note(const struct kit *k, const char *text)
{
    for (size_t i = 0; i < k->notes; i++)
        if (strcmp(k->note[i], text) == 0)
            return true;
    return false;
}

void kit_fuzz(const struct glc_format *format, const uint8_t *data, size_t size)
{
    struct kit k;
    kit_init(&k, glc_span(data, size));
    k.touch = true;
    k.arena.cap = FUZZ_ARENA;
    k.budget.bytes = FUZZ_BYTES;
    k.budget.entries = FUZZ_ENTRIES;
    if (format->bid != NULL)
        (void)format->bid(glc_span_sub(glc_span(data, size), 0, GLC_BID_PREFIX), size);
    if (format->parse != NULL)
        format->parse(&k.parse);
    if (format->carve != NULL)
        format->carve(&k.parse);
    k.children = 0;
    kit_done(&k);
}
