/* Patterns of the rule at hand, by name. */
#include "lang/yara/parser.h"

static uint32_t hash_of(struct glc_span s)
{
    uint32_t h = 0x811c9dc5u;
    for (size_t i = 1; i < s.len; i++)
        h = (h ^ s.ptr[i]) * 0x01000193u;
    return h;
}

/* Names are compared without their first character: $a, #a, @a and !a are the same pattern. */
static uint32_t *slot_of(const struct glc_yara_parser *p, struct glc_span name)
{
    for (size_t i = hash_of(name) & (p->id_slots - 1);; i = (i + 1) & (p->id_slots - 1)) {
        uint32_t *slot = &p->id_slot[i];
        if (*slot == 0)
            return slot;
        struct glc_span other = p->pattern_tok[*slot - 1].text;
        if (other.len == name.len && memcmp(other.ptr + 1, name.ptr + 1, name.len - 1) == 0)
            return slot;
    }
}

static bool grow(struct glc_yara_parser *p)
{
    size_t slots = p->id_slots == 0 ? 256 : p->id_slots * 2;
    uint32_t *fresh = glc_arena_array(p->a, slots, sizeof *fresh);
    if (fresh == NULL) {
        glc_yara_nomem(p);
        return false;
    }
    p->id_slot = fresh;
    p->id_slots = slots;
    for (size_t i = 0; i + 1 < p->patterns; i++)
        if (p->pattern_tok[i].text.len > 1)
            *slot_of(p, p->pattern_tok[i].text) = (uint32_t)(i + 1);
    return true;
}

bool glc_yara_enter(struct glc_yara_parser *p, struct glc_span name, uint32_t *earlier)
{
    if (name.len == 1)
        return true;
    if (p->patterns * 2 >= p->id_slots && !grow(p))
        return true;
    uint32_t *slot = slot_of(p, name);
    if (*slot != 0) {
        *earlier = *slot - 1;
        return false;
    }
    *slot = (uint32_t)p->patterns;
    return true;
}

bool glc_yara_pattern(struct glc_yara_parser *p, const struct glc_yara_tok *tok, uint32_t *index)
{
    if (tok->text.len == 1) {
        *index = GLC_CURRENT;
        if (p->for_of != 0)
            return true;
        glc_yara_say(
            p, GLC_ERROR, tok, NULL,
            "'%.*s' without a name stands for the current string of a 'for ... of', and here is none",
            (int)tok->text.len, (const char *)tok->text.ptr);
        return false;
    }
    const uint32_t *slot = p->id_slots == 0 ? NULL : slot_of(p, tok->text);
    if (slot == NULL || *slot == 0) {
        struct glc_span name = glc_span_sub(tok->text, 1, SIZE_MAX);
        glc_yara_say(p, GLC_ERROR, tok, p->patterns == 0 ? "the rule has no 'strings:'" : NULL,
                     "no string is named $%s", glc_yara_quote(name).text);
        return false;
    }
    *index = *slot - 1;
    p->used[*index] = true;
    return true;
}
