/* The strings section: definitions, modifiers and what may stand with what (the manual's table of
 * restrictions). */
#include "lang/yara/parser.h"

#include <stdio.h>

/* What a modifier may be put to. */
enum { ON_TEXT = 1, ON_HEX = 2, ON_REGEX = 4 };

struct modifier {
    enum glc_yara_kind kind;
    unsigned on;
    size_t offset; /* of its flag in struct glc_yara_mods */
};

static const struct modifier modifiers[] = {
    { GLC_YT_NOCASE, ON_TEXT | ON_REGEX, offsetof(struct glc_yara_mods, nocase) },
    { GLC_YT_WIDE, ON_TEXT | ON_REGEX, offsetof(struct glc_yara_mods, wide) },
    { GLC_YT_ASCII, ON_TEXT | ON_REGEX, offsetof(struct glc_yara_mods, ascii) },
    { GLC_YT_FULLWORD, ON_TEXT | ON_REGEX, offsetof(struct glc_yara_mods, fullword) },
    { GLC_YT_PRIVATE, ON_TEXT | ON_HEX | ON_REGEX, offsetof(struct glc_yara_mods, hidden) },
    { GLC_YT_XOR, ON_TEXT, offsetof(struct glc_yara_mods, xor_) },
    { GLC_YT_BASE64, ON_TEXT, offsetof(struct glc_yara_mods, base64) },
    { GLC_YT_BASE64WIDE, ON_TEXT, offsetof(struct glc_yara_mods, base64wide) },
};

static bool *flag_of(struct glc_yara_mods *m, const struct modifier *mod)
{
    return (bool *)((char *)m + mod->offset);
}

static bool xor_key(struct glc_yara_parser *p, uint8_t *out)
{
    struct glc_yara_tok t = p->src->tok;
    if (t.kind != GLC_YT_INT) {
        glc_yara_expected(p, "a key from 0 to 255", "xor, xor(n) or xor(a-b)");
        return false;
    }
    if (t.u.integer > 255) {
        glc_yara_say(p, GLC_ERROR, &t, NULL, "a key of xor is one byte, 0 to 255");
        return false;
    }
    *out = (uint8_t)t.u.integer;
    glc_yara_advance(p);
    return !p->failed;
}

static void xor_range(struct glc_yara_parser *p, struct glc_yara_mods *m)
{
    m->xor_min = 0;
    m->xor_max = 255;
    if (!glc_yara_accept(p, GLC_YT_LPAREN))
        return;
    struct glc_yara_tok at = p->src->tok;
    if (!xor_key(p, &m->xor_min))
        return;
    m->xor_max = m->xor_min;
    if (glc_yara_accept(p, GLC_YT_MINUS) && !xor_key(p, &m->xor_max))
        return;
    if (m->xor_min > m->xor_max) {
        at.end = p->src->last_end;
        glc_yara_say(p, GLC_ERROR, &at, NULL, "the range's ends are the wrong way round");
    }
    (void)glc_yara_expect(p, GLC_YT_RPAREN, "behind the key");
}

static void alphabet(struct glc_yara_parser *p, struct glc_span *out)
{
    if (!glc_yara_accept(p, GLC_YT_LPAREN))
        return;
    struct glc_yara_tok t = p->src->tok;
    if (t.kind != GLC_YT_STRING) {
        glc_yara_expected(p, "an alphabet of 64 bytes in quotes", NULL);
        return;
    }
    struct glc_span s = glc_yara_text(p, &t);
    if (s.ptr == NULL)
        return;
    if (glc_yara_is_x(p) && s.len != t.text.len)
        glc_yara_say(p, GLC_ERROR, &t, NULL, "YARA-X takes no escapes in an alphabet");
    bool seen[256] = { false }, twice = false;
    for (size_t i = 0; i < s.len; i++) {
        twice = twice || seen[s.ptr[i]];
        seen[s.ptr[i]] = true;
    }
    if (s.len != 64)
        glc_yara_say(p, GLC_ERROR, &t, NULL, "the alphabet has %zu bytes instead of 64", s.len);
    else if (twice && glc_yara_is_x(p))
        glc_yara_say(p, GLC_ERROR, &t, NULL, "the alphabet has a byte twice");
    *out = s;
    glc_yara_advance(p);
    (void)glc_yara_expect(p, GLC_YT_RPAREN, "behind the alphabet");
}

static const struct modifier *modifier_at(const struct glc_yara_parser *p)
{
    for (size_t i = 0; i < sizeof modifiers / sizeof modifiers[0]; i++)
        if (p->src->tok.kind == modifiers[i].kind)
            return &modifiers[i];
    return NULL;
}

static void check_together(struct glc_yara_parser *p, const struct glc_yara_mods *m,
                           const struct glc_yara_tok *at)
{
    bool b64 = m->base64 || m->base64wide;
    const char *one = m->base64 ? "base64" : m->base64wide ? "base64wide" : "xor";
    const char *other = m->nocase && (m->xor_ || b64) ? "nocase"
                        : b64 && m->xor_              ? "xor"
                        : b64 && m->fullword          ? "fullword"
                                                      : NULL;
    if (other != NULL)
        glc_yara_say(p, GLC_ERROR, at, NULL, "%s and %s cannot stand together", one, other);
    if (m->base64 && m->base64wide && !glc_yara_is_x(p) &&
        !glc_span_eq(glc_yara_alphabet(m->alphabet), glc_yara_alphabet(m->wide_alphabet)))
        glc_yara_say(p, GLC_ERROR, at, "without one it is the standard alphabet",
                     "base64 and base64wide of one string must have the same alphabet");
}

/* All modifiers behind a string. */
static struct glc_yara_mods mods(struct glc_yara_parser *p, unsigned on, const char *what)
{
    struct glc_yara_mods m = { 0 };
    struct glc_yara_tok first = p->src->tok;
    for (const struct modifier *mod; !p->failed && (mod = modifier_at(p)) != NULL;) {
        struct glc_yara_tok t = p->src->tok;
        struct glc_yara_quote q = glc_yara_quote(t.text);
        if ((mod->on & on) == 0)
            glc_yara_say(p, GLC_ERROR, &t, NULL, "%s takes no modifier '%s'", what, q.text);
        else if (*flag_of(&m, mod))
            glc_yara_say(p, GLC_ERROR, &t, NULL, "modifier '%s' twice", q.text);
        *flag_of(&m, mod) = true;
        glc_yara_advance(p);
        if (mod->kind == GLC_YT_XOR)
            xor_range(p, &m);
        else if (mod->kind == GLC_YT_BASE64 || mod->kind == GLC_YT_BASE64WIDE)
            alphabet(p, mod->kind == GLC_YT_BASE64 ? &m.alphabet : &m.wide_alphabet);
    }
    first.end = p->src->last_end;
    check_together(p, &m, &first);
    return m;
}

static void text_string(struct glc_yara_parser *p, struct glc_pattern *pattern)
{
    struct glc_yara_tok t = p->src->tok;
    struct glc_span s = glc_yara_text(p, &t);
    if (s.ptr == NULL)
        return;
    if (s.len == 0)
        glc_yara_say(p, GLC_ERROR, &t, NULL, "an empty string");
    glc_yara_advance(p);
    struct glc_yara_mods m = mods(p, ON_TEXT, "a text string");
    if (p->failed)
        return;
    if ((m.base64 || m.base64wide) && s.len < 3 && glc_yara_is_x(p))
        glc_yara_say(p, GLC_ERROR, &t, NULL, "YARA-X wants at least three bytes in a base64 string");
    pattern->extent = GLC_SHORTEST;
    pattern->hidden = m.hidden;
    (void)glc_yara_text_variants(p, s, &m, pattern);
}

static void regex_string(struct glc_yara_parser *p, struct glc_pattern *pattern)
{
    struct glc_yara_tok t = p->src->tok;
    glc_yara_advance(p);
    struct glc_yara_mods m = mods(p, ON_REGEX, "a regular expression");
    bool greedy = true;
    struct glc_re *re = p->failed ? NULL : glc_yara_regex(p, &t, m.nocase, &greedy);
    struct glc_re *jumps =
        re == NULL || greedy || m.fullword || glc_yara_is_x(p) ? NULL : glc_yara_jumps(p, re);
    m.jumps = jumps != NULL;
    if (jumps != NULL)
        re = jumps;
    else if (re != NULL && !p->failed && !greedy && !glc_yara_is_x(p))
        re = glc_yara_filled(p, re);
    if (re == NULL)
        return;
    pattern->extent = greedy ? GLC_LONGEST : GLC_SHORTEST;
    pattern->hidden = m.hidden;
    uint64_t min, max;
    glc_re_length(re, &min, &max);
    if (min == 0 && glc_yara_is_x(p))
        glc_yara_say(p, GLC_ERROR, &t, NULL,
                     "YARA-X wants a regular expression that matches a byte at least");
    else if (max == 0)
        glc_yara_say(p, GLC_WARNING, &t, NULL,
                     "this regular expression matches no byte, so it is never found");
    pattern->any_word = m.fullword && min != max && glc_yara_any_word(re);
    if (!p->failed)
        (void)glc_yara_re_variants(p, re, &m, pattern);
}

static void hex_string(struct glc_yara_parser *p, struct glc_pattern *pattern)
{
    struct glc_re *re = glc_yara_hex(p);
    if (re == NULL)
        return;
    struct glc_yara_mods m = mods(p, ON_HEX, "a hex string");
    pattern->extent = GLC_SHORTEST;
    pattern->hex = true;
    pattern->hidden = m.hidden;
    (void)glc_yara_re_variants(p, re, &m, pattern);
}

static void warn_slow(struct glc_yara_parser *p, const struct glc_pattern *pattern,
                      const struct glc_yara_tok *id)
{
    if (p->failed)
        return;
    if (p->opt->as_yara && pattern->variants != 0 && !pattern->hex &&
        glc_yara_endless(pattern->variant[0].re))
        glc_yara_say(p, GLC_WARNING, id, "say how many at most, as in .{,200}",
                     "%s has a part without an end", glc_yara_quote(id->text).text);
    for (uint32_t i = 0; i < pattern->variants; i++) {
        if (glc_yara_atom(pattern->variant[i].re) < 2) {
            struct glc_yara_quote q = glc_yara_quote(id->text);
            glc_yara_say(p, GLC_WARNING, id,
                         "give it at least two known bytes in a row that do not fill files",
                         "%s is slow to look for: too few known bytes", q.text);
            return;
        }
    }
}

static void definition(struct glc_yara_parser *p)
{
    struct glc_yara_tok id = p->src->tok;
    glc_yara_advance(p);
    if (!glc_yara_expect(p, GLC_YT_ASSIGN, "behind the string's name"))
        return;
    struct glc_pattern fresh = { .id = glc_arena_strdup(p->a, id.text), .line = id.line };
    switch ((unsigned)p->src->tok.kind) {
    case GLC_YT_STRING:
        text_string(p, &fresh);
        break;
    case GLC_YT_REGEX:
        regex_string(p, &fresh);
        break;
    case GLC_YT_LBRACE:
        hex_string(p, &fresh);
        break;
    default:
        glc_yara_expected(p, "a text string, a hex string or a regular expression", NULL);
    }
    if (p->failed)
        return;
    warn_slow(p, &fresh, &id);
    size_t n = p->patterns, m = p->patterns, k = p->patterns;
    struct glc_pattern *slot = glc_arena_push(p->a, &p->rule.pattern, &n, sizeof *slot);
    struct glc_yara_tok *tok = glc_arena_push(p->a, &p->pattern_tok, &m, sizeof *tok);
    bool *used = glc_arena_push(p->a, &p->used, &k, sizeof *used);
    if (fresh.id == NULL || slot == NULL || tok == NULL || used == NULL) {
        glc_yara_nomem(p);
        return;
    }
    if (p->opt->limit_strings && p->patterns >= p->opt->max_strings)
        glc_yara_say(p, GLC_ERROR, &id, NULL, "too many strings in rule \"%s\" (limit: %llu)",
                     glc_yara_quote(p->rule_name).text, (unsigned long long)p->opt->max_strings);
    *slot = fresh;
    *tok = id;
    *used = false;
    p->rule.patterns = (uint32_t)++p->patterns;
    uint32_t earlier;
    if (!glc_yara_enter(p, id.text, &earlier)) {
        char hint[64];
        (void)snprintf(hint, sizeof hint, "the first one is on line %u", p->pattern_tok[earlier].line);
        glc_yara_say(p, GLC_ERROR, &id, hint, "a second string named %s", glc_yara_quote(id.text).text);
    }
}

void glc_yara_strings(struct glc_yara_parser *p)
{
    if (!glc_yara_expect(p, GLC_YT_COLON, "behind 'strings'"))
        return;
    if (p->src->tok.kind != GLC_YT_ID)
        glc_yara_expected(p, "a string's name, $...", "leave 'strings:' out where there is none");
    while (!p->failed && p->src->tok.kind == GLC_YT_ID)
        definition(p);
}
