/* Reading the code of regular expressions (match/re_internal.h): header, levels; and what an assertion asks.
 *
 * The code may be damaged: everything is read through a cursor. */
#include "match/re_internal.h"

/* Assertions. */

static bool is_word(uint8_t c)
{
    return glc_ascii_isalnum(c) || c == '_';
}

enum { NO_CHARACTER = -1, NO_ROOM = -2 };

/* The character before (back) or after the place `at`, or why there is none. A wide text has two bytes to a
 * character. */
static int neighbour(const struct glc_re_text *t, uint64_t at, bool back)
{
    uint64_t room = back ? at : t->size - at;
    if (!t->wide) {
        if (room < 1)
            return NO_ROOM;
        return t->data[back ? at - 1 : at] ^ t->key;
    }
    if (room < 2)
        return NO_ROOM;
    const uint8_t *p = t->data + (back ? at - 2 : at);
    return (p[1] ^ t->key) == 0 ? p[0] ^ t->key : NO_CHARACTER;
}

bool glc_re_assert_holds(const struct glc_re_text *t, unsigned assertion, uint64_t at)
{
    int before = neighbour(t, at, true), after = neighbour(t, at, false);
    bool word_before = before >= 0 && is_word((uint8_t)before),
         word_after = after >= 0 && is_word((uint8_t)after);
    bool end = before == NO_ROOM || after == NO_ROOM;
    switch (assertion) {
    case GLC_AT_START:
        return at == 0;
    case GLC_AT_END:
        return at == t->size;
    case GLC_AT_WORD_EDGE:
        return word_before != word_after;
    case GLC_AT_NO_WORD_EDGE:
        return word_before == word_after;
    case GLC_AT_EDGE:
        return end || word_before != word_after;
    case GLC_AT_NO_EDGE:
        return !end && word_before == word_after;
    case GLC_AT_BYTE:
        return at != t->size;
    default:
        return false;
    }
}

bool glc_re_head_decode(struct glc_span code, struct glc_re_head *out)
{
    struct glc_cursor head = glc_cursor(code);
    bool magic = glc_cursor_u8(&head) == GLC_RE_MAGIC;
    out->flags = glc_cursor_u8(&head);
    out->key = glc_cursor_u8(&head);
    glc_cursor_skip(&head, 1);
    uint32_t size = glc_cursor_u32le(&head);
    out->levels = glc_cursor_u32le(&head);
    if (!glc_cursor_ok(&head) || !magic || size < GLC_RE_HEADER || size > code.len || out->levels == 0 ||
        out->levels > GLC_RE_MOST_LEVELS)
        return false;
    out->body = glc_cursor_sub(&head, size - GLC_RE_HEADER);
    return true;
}

static bool decode_nfa(struct glc_cursor *c, struct glc_re_nfa *nfa)
{
    uint32_t size = glc_cursor_u32le(c);
    struct glc_cursor body = glc_cursor_sub(c, size);
    nfa->insns = glc_cursor_u32le(&body);
    nfa->sets = glc_cursor_u32le(&body);
    nfa->classes = glc_cursor_u32le(&body);
    nfa->asserts = glc_cursor_u32le(&body) != 0;
    nfa->map = glc_cursor_take(&body, 256);
    if (!glc_cursor_ok(&body) || nfa->insns == 0 || nfa->insns > GLC_RE_MOST_INSNS || nfa->classes > 256 ||
        nfa->classes == 0 || nfa->sets > GLC_RE_MOST_INSNS)
        return false;
    nfa->set = glc_cursor_take(&body, (size_t)nfa->sets * GLC_RE_SET_SIZE);
    nfa->insn = glc_cursor_take(&body, (size_t)nfa->insns * GLC_RE_INSN_SIZE);
    return glc_cursor_ok(&body);
}

static bool decode_body(struct glc_cursor *c, struct glc_re_level *lv)
{
    switch (lv->body) {
    case GLC_RE_BODY_EMPTY:
    case GLC_RE_BODY_ASSERT:
        return true;
    case GLC_RE_BODY_BYTES:
        lv->len = glc_cursor_u32le(c);
        lv->value = glc_cursor_take(c, lv->len);
        return lv->len != 0;
    case GLC_RE_BODY_MASKED:
        lv->len = glc_cursor_u32le(c);
        lv->pivot = glc_cursor_u32le(c);
        lv->value = glc_cursor_take(c, lv->len);
        lv->mask = glc_cursor_take(c, lv->len);
        return lv->len != 0;
    case GLC_RE_BODY_SETS:
        lv->len = glc_cursor_u32le(c);
        lv->value = glc_cursor_take(c, (size_t)lv->len * GLC_RE_SET_SIZE);
        return lv->len != 0;
    case GLC_RE_BODY_NFA:
        return decode_nfa(c, &lv->nfa);
    default:
        return false;
    }
}

bool glc_re_level_decode(struct glc_cursor *code, struct glc_re_level *lv)
{
    *lv = (struct glc_re_level){ .gap = glc_cursor_u8(code) };
    lv->body = glc_cursor_u8(code);
    lv->assertion = glc_cursor_u8(code);
    glc_cursor_skip(code, 1);
    if (lv->gap >= GLC_RE_GAPS)
        return false;
    if (lv->gap != GLC_RE_GAP_NONE) {
        lv->min = glc_cursor_u32le(code);
        lv->max = glc_cursor_u32le(code);
    }
    if (lv->gap == GLC_RE_GAP_SET)
        lv->set = glc_cursor_take(code, GLC_RE_SET_SIZE);
    return decode_body(code, lv) && glc_cursor_ok(code);
}
