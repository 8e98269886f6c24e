/* Hex strings: bytes, nibbles, `??`, `~`, jumps, alternatives, comments.
 *
 * Parsed straight from the text, for within the braces other rules hold than outside. Depth of alternatives
 * is capped. */
#include "base/hex.h"
#include "lang/yara/parser.h"

enum { MOST_NESTED = 200 };

/* A sequence under construction: finished items, and the run of plain bytes behind them. */
struct seq {
    struct glc_re **item;
    size_t items;
    uint8_t *value, *mask;
    size_t values, masks;
};

static struct glc_re *alternatives(struct glc_yara_parser *p, int close, uint32_t depth);

static int peek(const struct glc_yara_parser *p)
{
    const struct glc_yara_lex *l = &p->src->lex;
    return l->at < l->text.len ? l->text.ptr[l->at] : -1;
}

/* The place where the text is, as a token of `width` bytes. */
static struct glc_yara_tok here(const struct glc_yara_parser *p, size_t width)
{
    const struct glc_yara_lex *l = &p->src->lex;
    return (struct glc_yara_tok){ .line = l->line, .line_at = l->line_at, .at = l->at, .end = l->at + width };
}

static void *wrong(struct glc_yara_parser *p, const char *hint, const char *message)
{
    struct glc_yara_tok t = here(p, 1);
    glc_yara_say(p, GLC_ERROR, &t, hint, "%s", message);
    return NULL;
}

static bool blank(struct glc_yara_parser *p)
{
    if (glc_yara_skip_blank(&p->src->lex))
        return true;
    const struct glc_yara_lex *l = &p->src->lex;
    struct glc_yara_tok t = {
        .line = l->bad_line, .line_at = l->bad_line_at, .at = l->bad_at, .end = l->bad_at + 2
    };
    glc_yara_say(p, GLC_ERROR, &t, l->hint, "%s", l->message);
    return false;
}

static bool push_item(struct glc_yara_parser *p, struct seq *s, struct glc_re *re)
{
    struct glc_re **slot =
        re == NULL ? NULL : glc_arena_push(p->a, &s->item, &s->items, sizeof(struct glc_re *));
    if (slot == NULL) {
        if (!p->failed)
            glc_yara_nomem(p);
        return false;
    }
    *slot = re;
    return true;
}

static bool flush(struct glc_yara_parser *p, struct seq *s)
{
    if (s->values == 0)
        return true;
    struct glc_re *re = glc_re_bytes(p->a, s->value, s->mask, (uint32_t)s->values);
    s->values = s->masks = 0;
    s->value = s->mask = NULL;
    return push_item(p, s, re);
}

static bool push_byte(struct glc_yara_parser *p, struct seq *s, uint8_t value, uint8_t mask)
{
    if (s->values >= 1 << 24 && !flush(p, s))
        return false;
    uint8_t *v = glc_arena_push(p->a, &s->value, &s->values, 1);
    uint8_t *m = glc_arena_push(p->a, &s->mask, &s->masks, 1);
    if (v == NULL || m == NULL) {
        glc_yara_nomem(p);
        return false;
    }
    *v = value & mask;
    *m = mask;
    return true;
}

/* One half of a byte: a digit or '?'. */
static bool nibble(struct glc_yara_parser *p, uint8_t *value, uint8_t *mask)
{
    int c = peek(p);
    int digit = c < 0 ? -1 : glc_hex_digit(c);
    if (digit < 0 && c != '?') {
        (void)wrong(p, "a byte is two hex digits, each of which may be '?'", "half a byte in a hex string");
        return false;
    }
    *value = (uint8_t)(*value << 4 | (c == '?' ? 0 : digit));
    *mask = (uint8_t)(*mask << 4 | (c == '?' ? 0 : 15));
    p->src->lex.at++;
    return true;
}

static bool byte(struct glc_yara_parser *p, struct seq *s, bool negated)
{
    uint8_t value = 0, mask = 0;
    struct glc_yara_tok at = here(p, 2);
    if (!nibble(p, &value, &mask) || !nibble(p, &value, &mask))
        return false;
    if (!negated)
        return push_byte(p, s, value, mask);
    if (mask == 0) {
        glc_yara_say(p, GLC_ERROR, &at, NULL, "'~?\?' would match no byte at all");
        return false;
    }
    uint32_t set[8] = { 0 };
    for (unsigned b = 0; b < 256; b++)
        if ((b & mask) != value)
            glc_set_add(set, (uint8_t)b);
    return flush(p, s) && push_item(p, s, glc_re_class(p->a, set));
}

/* A bound of a jump; false: no digits here. */
static bool bound(struct glc_yara_parser *p, uint64_t *out)
{
    unsigned base = 10;
    struct glc_yara_lex *l = &p->src->lex;
    if (glc_yara_is_x(p) && peek(p) == '0' && l->text.len - l->at > 1) {
        int c = l->text.ptr[l->at + 1];
        base = c == 'x' ? 16 : c == 'o' ? 8 : 10;
        l->at += base != 10 ? 2 : 0;
    }
    bool any = false;
    uint64_t v = 0;
    for (int c; (c = peek(p)) >= 0 && glc_hex_digit(c) >= 0 && glc_hex_digit(c) < (int)base;
         l->at++, any = true)
        if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, (uint64_t)glc_hex_digit(c), &v))
            v = UINT64_MAX / 32;
    *out = v;
    return any;
}

static bool jump(struct glc_yara_parser *p, struct seq *s, bool nested)
{
    struct glc_yara_tok at = here(p, 1);
    uint64_t min = 0, max = UINT64_MAX;
    p->src->lex.at++;
    if (!blank(p))
        return false;
    bool from = bound(p, &min), to = true, single = false;
    if (!blank(p))
        return false;
    if (peek(p) == '-') {
        p->src->lex.at++;
        if (!blank(p))
            return false;
        to = bound(p, &max);
        if (!to)
            max = UINT64_MAX;
        if (!blank(p))
            return false;
    } else {
        max = min;
        single = true;
    }
    if (peek(p) != ']' || (!from && to && !(glc_yara_is_x(p) && !single))) {
        (void)wrong(p, "a jump is [n], [n-m], [n-] or [-]", "expected a jump");
        return false;
    }
    p->src->lex.at++;
    at.end = p->src->lex.at;
    const char *message = NULL;
    if (min > max)
        message = "the jump's bounds are the wrong way round";
    else if (max == 0 && (single || (from && glc_yara_is_x(p))))
        message = "a jump of no bytes";
    else if (min > INT32_MAX || (to && max > INT32_MAX))
        message = "the jump is too long";
    else if (max == UINT64_MAX && nested && !glc_yara_is_x(p))
        message = "a jump without end is not allowed inside alternatives";
    else if (max > MOST_NESTED && nested && !glc_yara_is_x(p))
        message = "a jump of more than 200 bytes is not allowed inside alternatives";
    if (message != NULL) {
        glc_yara_say(p, GLC_ERROR, &at, NULL, "%s", message);
        return false;
    }
    if (max == 0)
        return true;
    uint32_t most = max >= GLC_UNBOUNDED ? GLC_UNBOUNDED : (uint32_t)max;
    return flush(p, s) && push_item(p, s, glc_re_gap(p->a, (uint32_t)min, most));
}

/* Items up to one of `close` `|` (when nested). */
static struct glc_re *sequence(struct glc_yara_parser *p, int close, uint32_t depth)
{
    struct seq s = { 0 };
    bool jumped = false, first = true;
    for (;; first = false) {
        if (!blank(p))
            return NULL;
        int c = peek(p);
        if (c == close || (c == '|' && close == ')'))
            break;
        bool good;
        if (c == '[' && first)
            return wrong(p, "write the bytes before it, or leave the jump out",
                         "a hex string cannot begin with a jump");
        jumped = c == '[';
        if (c == '[') {
            good = jump(p, &s, depth != 0);
        } else if (c == '(') {
            p->src->lex.at++;
            good = flush(p, &s) && push_item(p, &s, alternatives(p, ')', depth + 1));
        } else if (c == '~') {
            p->src->lex.at++;
            good = byte(p, &s, true);
        } else if (c == '?' || (c >= 0 && glc_hex_digit(c) >= 0)) {
            good = byte(p, &s, false);
        } else if (c < 0) {
            return wrong(p, "close it with }", "this hex string does not end");
        } else {
            return wrong(p, "hex digits, '?', '~', jumps [n-m], alternatives (a|b)",
                         "not allowed in a hex string");
        }
        if (!good)
            return NULL;
    }
    if (jumped)
        return wrong(p, "write the bytes behind it, or leave the jump out",
                     "a hex string cannot end with a jump");
    if (first)
        return wrong(p, NULL, depth == 0 ? "an empty hex string" : "an empty alternative");
    return flush(p, &s) ? glc_re_cat(p->a, s.item, (uint32_t)s.items) : NULL;
}

static struct glc_re *alternatives(struct glc_yara_parser *p, int close, uint32_t depth)
{
    struct glc_re **kid = NULL;
    size_t kids = 0;
    if (depth > GLC_YARA_DEPTH)
        return wrong(p, NULL, "too many parentheses inside each other");
    for (;;) {
        struct glc_re *one = sequence(p, close, depth);
        struct glc_re **slot =
            one == NULL ? NULL : glc_arena_push(p->a, &kid, &kids, sizeof(struct glc_re *));
        if (slot == NULL)
            return p->failed ? NULL : glc_yara_nomem(p);
        *slot = one;
        int c = peek(p);
        p->src->lex.at++;
        if (c == close)
            break;
    }
    struct glc_re *re = glc_re_alt(p->a, kid, (uint32_t)kids);
    return re != NULL ? re : glc_yara_nomem(p);
}

struct glc_re *glc_yara_hex(struct glc_yara_parser *p)
{
    struct glc_re *re = alternatives(p, '}', 0);
    if (re != NULL)
        glc_yara_advance(p);
    return p->failed ? NULL : re;
}
