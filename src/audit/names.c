/* Globs and string sets. The set is open addressing over an arena; growing leaves the old table to the
 * arena's end. */
#include "audit/names.h"

static uint8_t same(uint8_t c, bool fold)
{
    return fold ? glc_ascii_lower(c) : c;
}

/* The classic walk with one place to come back to: the last star, and how much of the text it has taken. */
bool glc_glob(struct glc_span pattern, struct glc_span text, bool fold)
{
    size_t p = 0, t = 0, star = SIZE_MAX, taken = 0;
    while (t < text.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            taken = t;
        } else if (p < pattern.len &&
                   (pattern.ptr[p] == '?' || same(pattern.ptr[p], fold) == same(text.ptr[t], fold))) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++taken;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*')
        p++;
    return p == pattern.len;
}

bool glc_path_ends(const char *path, const char *end)
{
    size_t n = strlen(path), m = strlen(end);
    return n >= m && memcmp(path + n - m, end, m) == 0;
}

const char *glc_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

void glc_names_init(struct glc_names *s, struct glc_arena *arena)
{
    *s = (struct glc_names){ .arena = arena };
}

static size_t slot_of(const struct glc_names *s, struct glc_span name)
{
    uint64_t h = 1469598103934665603u; /* FNV-1a */
    for (size_t i = 0; i < name.len; i++)
        h = (h ^ name.ptr[i]) * 1099511628211u;
    size_t at = (size_t)(h ^ h >> 29) & (s->room - 1);
    while (s->slots[at].ptr != NULL && !glc_span_eq(s->slots[at], name))
        at = (at + 1) & (s->room - 1);
    return at;
}

static bool grow(struct glc_names *s)
{
    struct glc_names bigger = { .arena = s->arena,
                                .room = s->room == 0 ? 64 : s->room * 2,
                                .count = s->count };
    bigger.slots = glc_arena_array(s->arena, bigger.room, sizeof *bigger.slots);
    if (bigger.slots == NULL)
        return false;
    for (size_t i = 0; i < s->room; i++)
        if (s->slots[i].ptr != NULL)
            bigger.slots[slot_of(&bigger, s->slots[i])] = s->slots[i];
    *s = bigger;
    return true;
}

bool glc_names_has(const struct glc_names *s, struct glc_span name)
{
    return s->room != 0 && s->slots[slot_of(s, name)].ptr != NULL;
}

bool glc_names_add(struct glc_names *s, struct glc_span name)
{
    if (s->count * 2 >= s->room && !grow(s))
        return false;
    size_t at = slot_of(s, name);
    if (s->slots[at].ptr != NULL)
        return false;
    char *copy = glc_arena_strdup(s->arena, name);
    if (copy == NULL)
        return false;
    s->slots[at] = glc_span(copy, name.len);
    s->count++;
    return true;
}
