#include "format/text/text.h"

#include "format/unpack/unpack.h"

enum { LOOK_AT = 1024, SCRIPT_BID = 20, TEXT_BID = 10, UTF16_BID = 5 };

/* 1: a byte of text. */
static const uint8_t plain[256] = {
    [7 ... 10] = 1, [12 ... 13] = 1, [27] = 1, [32 ... 126] = 1, [128 ... 255] = 1,
};

static bool utf16(struct glc_span s)
{
    bool little = s.len >= 2 && s.ptr[0] == 0xff && s.ptr[1] == 0xfe;
    for (size_t i = 2; i + 1 < s.len; i += 2) { /* the first unit may be a mark */
        unsigned unit = little ? glc_le16(s.ptr + i) : glc_be16(s.ptr + i);
        if (unit == 0xfffe || (unit < 256 && plain[unit] == 0))
            return false;
    }
    return s.len != 0;
}

/* The same as the table, in a form that compilers make vectors of. */
static bool all_plain(const uint8_t *p, size_t n)
{
    uint8_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = p[i];
        bad |= (uint8_t)((c < 7) | (c == 11) | ((c > 13) & (c < 32) & (c != 27)) | (c == 127));
    }
    return bad == 0;
}

enum glc_text_kind glc_text_kind(struct glc_span prefix)
{
    enum { BLOCK = 64 };
    struct glc_span s = glc_span_sub(prefix, 0, LOOK_AT);
    size_t i = 0;
    bool good = true;
    if (s.len == 0)
        return GLC_TEXT_NOT;
    for (; good && s.len - i >= BLOCK; i += BLOCK)
        good = all_plain(s.ptr + i, BLOCK);
    if (good && all_plain(s.ptr + i, s.len - i))
        return GLC_TEXT_BYTES;
    return utf16(s) ? GLC_TEXT_UTF16 : GLC_TEXT_NOT;
}

static int bid(struct glc_span prefix, uint64_t size)
{
    (void)size;
    enum glc_text_kind kind = glc_text_kind(prefix);
    return kind == GLC_TEXT_BYTES ? TEXT_BID : kind == GLC_TEXT_UTF16 ? UTF16_BID : 0;
}

/* What each byte becomes: 0 nothing, itself, the small letter, or a space. */
static uint8_t normal(uint8_t c)
{
    if (c >= 9 && c <= 13)
        return ' ';
    return c < 32 || c >= 128 ? 0 : glc_ascii_lower(c);
}

static size_t append_each(const uint8_t *in, size_t len, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t c = normal(in[i]);
        if (c != 0 && (c != ' ' || n == 0 || out[n - 1] != ' '))
            out[n++] = c;
    }
    return n;
}

enum { BLOCK = 32 };

/* A bit for each of a block's bytes, which are 0 or 1. Little-endian: bit k is of byte k. */
static uint32_t bits_of(const uint8_t *p)
{
    uint32_t bits = 0;
    for (unsigned k = 0; k < BLOCK / 8; k++)
        bits |= (uint32_t)((glc_le64(p + (size_t)8 * k) * 0x0102040810204080u) >> 56) << 8 * k;
    return bits;
}

/* The normal form of `in`, into BLOCK more bytes of room than it has; returns its length. A block in which no
 * byte is lost but blanks behind blanks is changed at once, by loops that become vectors, and copied in as
 * many pieces as it has left: whole blocks are written, of which the next piece covers what is too much. */
static size_t normalise(struct glc_span in, uint8_t *out)
{
    size_t n = 0, i = 0;
    for (; in.len - i >= BLOCK; i += BLOCK) {
        const uint8_t *p = in.ptr + i;
        uint8_t c[2 * BLOCK], blank[BLOCK], lost = 0;
        for (size_t k = 0; k < BLOCK; k++) {
            uint8_t b = (uint8_t)(((uint8_t)(p[k] - 9) < 5) | (p[k] == ' '));
            uint8_t capital = (uint8_t)(p[k] - 'A') < 26;
            lost |= (uint8_t)((p[k] >= 128) | ((p[k] < 32) & (b ^ 1)));
            c[k] = b != 0 ? ' ' : (uint8_t)(p[k] | capital << 5);
            blank[k] = b;
        }
        if (lost != 0) {
            n = append_each(p, BLOCK, out, n);
            continue;
        }
        uint32_t blanks = bits_of(blank);
        uint32_t left = ~(blanks & (blanks << 1 | (n != 0 && out[n - 1] == ' ')));
        while (left != 0) {
            unsigned from = (unsigned)__builtin_ctz(left);
            uint32_t rest = ~(left >> from);
            unsigned run = rest == 0 ? BLOCK : (unsigned)__builtin_ctz(rest);
            memcpy(out + n, c + from, BLOCK);
            n += run;
            left = run == BLOCK ? 0 : left & ~(((1u << run) - 1) << from);
        }
    }
    return append_each(in.ptr + i, in.len - i, out, n);
}

bool glc_text_yield_normalised(struct glc_parse *p)
{
    if ((p->wanted & GLC_CLASS_BIT(GLC_CLASS_TEXT_NORM)) == 0)
        return true;
    struct glc_arena_mark mark = glc_arena_mark(p->arena);
    uint8_t *out = glc_arena_room(p->arena, p->data.len + BLOCK);
    if (out == NULL) {
        p->unread(p, "limit: memory", 0);
        return true;
    }
    size_t n = normalise(p->data, out);
    struct glc_child child = { .data = glc_span(out, n),
                               .how = "normalised text",
                               .cls = GLC_CLASS_TEXT_NORM,
                               .classed = true,
                               .packed = p->data.len };
    bool going = n == 0 || p->yield(p, &child);
    glc_arena_rewind(p->arena, mark);
    return going;
}

static void parse(struct glc_parse *p)
{
    (void)!glc_text_yield_normalised(p);
}

/* Beginnings of scripts, in small letters, after a byte order mark and blanks. */
static bool is_script(struct glc_span s)
{
    static const char *const begin[] = {
        "#!",
        "<?php",
        "<?=",
        "<%@",
        "@echo off",
        "on error resume next",
        "option explicit",
        "#requires ",
        "set-strictmode",
        "<job",
        "<package",
        "<scriptlet",
        "'use strict'",
        "\"use strict\"",
    };
    if (s.len >= 3 && memcmp(s.ptr, "\xef\xbb\xbf", 3) == 0)
        s = glc_span_sub(s, 3, UINT64_MAX);
    while (s.len != 0 && normal(s.ptr[0]) == ' ')
        s = glc_span_sub(s, 1, UINT64_MAX);
    for (size_t i = 0; i < sizeof begin / sizeof *begin; i++) {
        size_t n = strlen(begin[i]);
        if (s.len >= n && glc_span_ieq(glc_span(s.ptr, n), glc_span(begin[i], n)))
            return true;
    }
    return false;
}

static int script_bid(struct glc_span prefix, uint64_t size)
{
    (void)size;
    return is_script(prefix) && glc_text_kind(prefix) != GLC_TEXT_NOT ? SCRIPT_BID : 0;
}

const struct glc_format glc_format_text = {
    .name = "text", .cls = GLC_CLASS_TEXT, .bid = bid, .parse = parse
};
const struct glc_format glc_format_script = {
    .name = "script", .cls = GLC_CLASS_SCRIPT, .bid = script_bid, .parse = parse
};
