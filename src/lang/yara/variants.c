/* Modifiers to variants: ascii and wide, one variant per xor key, up to three per base64 encoding. */
#include "lang/yara/parser.h"

struct glc_span glc_yara_alphabet(struct glc_span given)
{
    static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return given.len != 0 ? given : glc_span_str(standard);
}

/* The next variant of a pattern whose array has room. */
static bool add(struct glc_yara_parser *p, struct glc_pattern *pattern, struct glc_re *re,
                const struct glc_variant *like)
{
    if (re == NULL) {
        glc_yara_nomem(p);
        return false;
    }
    pattern->variant[pattern->variants] = *like;
    pattern->variant[pattern->variants++].re = re;
    return true;
}

static struct glc_span widen(struct glc_yara_parser *p, struct glc_span s)
{
    uint8_t *out = glc_arena_array(p->a, s.len + 1, 2);
    if (out == NULL) {
        glc_yara_nomem(p);
        return glc_span(NULL, 0);
    }
    for (size_t i = 0; i < s.len; i++)
        out[2 * i] = s.ptr[i];
    return glc_span(out, 2 * s.len);
}

/* The characters of the encoding of `text` behind `shift` unknown bytes that do not depend on what is around
 * it. */
static struct glc_span encode(struct glc_yara_parser *p, struct glc_span text, unsigned shift,
                              const uint8_t *alphabet)
{
    size_t from = (8 * (size_t)shift + 5) / 6, to = 8 * (shift + text.len) / 6;
    uint8_t *out = glc_arena_alloc(p->a, to + 1);
    if (out == NULL) {
        glc_yara_nomem(p);
        return glc_span(NULL, 0);
    }
    for (size_t i = from; i < to; i++) {
        size_t bit = 6 * i - 8 * (size_t)shift;
        unsigned two = (unsigned)text.ptr[bit / 8] << 8;
        if (bit / 8 + 1 < text.len)
            two |= text.ptr[bit / 8 + 1];
        out[i - from] = alphabet[two >> (10 - bit % 8) & 63];
    }
    return glc_span(out, to > from ? to - from : 0);
}

static bool add_base64(struct glc_yara_parser *p, struct glc_span text, const struct glc_yara_mods *m,
                       struct glc_pattern *pattern)
{
    for (unsigned at = 0; at < 6; at++) {
        const struct glc_variant v = { .wide = at % 2 != 0 };
        if (!(v.wide ? m->base64wide : m->base64))
            continue;
        struct glc_span s =
            encode(p, text, at / 2, glc_yara_alphabet(v.wide ? m->wide_alphabet : m->alphabet).ptr);
        if (s.ptr == NULL)
            return false;
        if (s.len == 0)
            continue;
        struct glc_re *re = glc_re_bytes(p->a, s.ptr, NULL, (uint32_t)s.len);
        if (re != NULL && v.wide)
            re = glc_re_wide(p->a, re);
        if (!add(p, pattern, re, &v))
            return false;
    }
    return true;
}

static bool add_xor(struct glc_yara_parser *p, struct glc_span text, const struct glc_yara_mods *m, bool wide,
                    struct glc_pattern *pattern)
{
    uint8_t *bytes = glc_arena_alloc(p->a, text.len);
    if (bytes == NULL) {
        glc_yara_nomem(p);
        return false;
    }
    for (unsigned key = m->xor_min; key <= m->xor_max; key++) {
        for (size_t i = 0; i < text.len; i++)
            bytes[i] = (uint8_t)(text.ptr[i] ^ key);
        const struct glc_variant v = { .wide = wide,
                                       .fullword = m->fullword,
                                       .xored = true,
                                       .through = glc_yara_is_x(p),
                                       .key = (uint8_t)key };
        if (!add(p, pattern, glc_re_bytes(p->a, bytes, NULL, (uint32_t)text.len), &v))
            return false;
    }
    return true;
}

static bool room(struct glc_yara_parser *p, struct glc_pattern *pattern, size_t n)
{
    pattern->variant = glc_arena_array(p->a, n, sizeof *pattern->variant);
    if (pattern->variant == NULL)
        glc_yara_nomem(p);
    return pattern->variant != NULL;
}

bool glc_yara_text_variants(struct glc_yara_parser *p, struct glc_span text, const struct glc_yara_mods *m,
                            struct glc_pattern *pattern)
{
    unsigned keys = m->xor_ ? (unsigned)m->xor_max - m->xor_min + 1 : 1;
    if (!room(p, pattern, 2 * (size_t)(m->base64 || m->base64wide ? 6 : keys)))
        return false;
    for (int wide = 0; wide < 2; wide++) {
        if (wide ? !m->wide : m->wide && !m->ascii)
            continue;
        struct glc_span s = wide ? widen(p, text) : text;
        if (s.ptr == NULL || s.len > UINT32_MAX / 4)
            return false;
        bool good;
        if (m->base64 || m->base64wide) {
            good = add_base64(p, s, m, pattern);
        } else if (m->xor_) {
            good = add_xor(p, s, m, wide, pattern);
        } else {
            struct glc_re *re = glc_re_bytes(p->a, s.ptr, NULL, (uint32_t)s.len);
            if (re != NULL && m->nocase)
                re = glc_re_nocase(p->a, re);
            const struct glc_variant v = { .wide = wide, .fullword = m->fullword };
            good = add(p, pattern, re, &v);
        }
        if (!good)
            return false;
    }
    return true;
}

/* The wide form; of bytes are the gaps of one with jumps. */
static struct glc_re *wide_form(struct glc_yara_parser *p, struct glc_re *re, bool jumps)
{
    if (!jumps)
        return glc_re_wide(p->a, re);
    uint32_t n = re->u.list.n;
    struct glc_re **kid = glc_arena_array(p->a, n, sizeof(struct glc_re *));
    for (uint32_t i = 0; kid != NULL && i < n; i++)
        kid[i] =
            re->u.list.kid[i]->kind == GLC_RE_GAP ? re->u.list.kid[i] : glc_re_wide(p->a, re->u.list.kid[i]);
    return kid == NULL ? NULL : glc_re_cat(p->a, kid, n);
}

bool glc_yara_re_variants(struct glc_yara_parser *p, struct glc_re *re, const struct glc_yara_mods *m,
                          struct glc_pattern *pattern)
{
    if (!room(p, pattern, 2))
        return false;
    const struct glc_variant plain = { .fullword = m->fullword },
                             wide = { .fullword = m->fullword, .wide = true };
    if ((!m->wide || m->ascii) && !add(p, pattern, re, &plain))
        return false;
    return !m->wide || add(p, pattern, wide_form(p, re, m->jumps), &wide);
}
