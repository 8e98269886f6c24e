#include "format/html/html.h"

#include "base/hex.h"
#include "format/html/html_entity.h"
#include "format/text/text.h"

#include <stdio.h>

enum { STRONG_BID = 26, WEAK_BID = 24, LONGEST_ADDRESS = 1024 };

/* Where in the text a byte lies. */
enum place { IN_TEXT, IN_TAG, IN_QUOTES, IN_VALUE, IN_RAW /* script and style */ };

/* The walk over the bytes. Invariant: blanks were seen and not yet written where `blank`; `raw` is the end
 * tag that ends IN_RAW. */
struct state {
    struct glc_span in;
    size_t at;
    struct glc_output *out;
    enum place place;
    uint8_t quote;
    bool blank;    /* blanks before this byte */
    bool no_blank; /* after `<`, `>`, `=` and at the beginning blanks are not written */
    bool closed;   /* a quoted value ended: something else than blanks or `>` is set off */
    size_t tag;    /* where the open tag begins in the output */
    const char *raw;
};

/* Where a byte means something: bits by place. BLANK: it is one, which ends a value and means nothing
 * elsewhere. */
#define MEANS(place) (uint8_t)(1u << (place))
enum { BLANK = 0x80, BLANKS = BLANK | 1u << IN_VALUE };
static const uint8_t meaning[256] = {
    [0] = MEANS(IN_TEXT) | MEANS(IN_TAG) | MEANS(IN_QUOTES) | MEANS(IN_VALUE) | MEANS(IN_RAW),
    [9 ... 13] = BLANKS,
    [' '] = BLANKS,
    ['"'] = MEANS(IN_QUOTES),
    ['&'] = MEANS(IN_TEXT) | MEANS(IN_QUOTES) | MEANS(IN_VALUE) | MEANS(IN_RAW),
    ['\''] = MEANS(IN_QUOTES) | MEANS(IN_VALUE) | MEANS(IN_RAW),
    ['<'] = MEANS(IN_TEXT) | MEANS(IN_RAW),
    ['='] = MEANS(IN_TAG),
    ['>'] = MEANS(IN_TAG) | MEANS(IN_VALUE),
};

static inline bool is_blank(uint8_t c)
{
    return (meaning[c] & BLANK) != 0;
}

static inline uint8_t small(uint8_t c)
{
    return (uint8_t)(c | ((uint8_t)(c - 'A') < 26) << 5);
}

/* A run of bytes that mean nothing, behind a byte that was written: *taken of them are written as small
 * letters, with a space for blanks between them, or none in IN_RAW. *blank: blanks end it, which are not
 * written yet. How many bytes are written: `taken` at most, for which there is room. */
static size_t write_run(uint8_t *to, const uint8_t *from, size_t len, enum place place, size_t *taken,
                        bool *blank)
{
    size_t n = 0, i = 0, keep = place != IN_RAW, pending = 0;
    for (; i < len; i++) {
        uint8_t c = from[i], m = meaning[c];
        if ((m >> place & 1) != 0)
            break;
        /* Without a branch, for where words end cannot be foretold. */
        size_t is = m >> 7;
        to[n] = ' ';
        n += pending & (is ^ 1);
        to[n] = small(c);
        n += is ^ 1;
        pending = is & keep;
    }
    *taken = i;
    *blank = pending != 0;
    return n;
}

static bool put(struct state *s, uint8_t c)
{
    uint8_t *to = glc_output_room(s->out, 1);
    if (to == NULL)
        return false;
    *to = c;
    s->out->len++; /* counted against the budget by the caller, in one */
    return true;
}

/* A byte with the blanks that were kept back for it. */
static bool put_spaced(struct state *s, uint8_t c)
{
    bool space = (s->blank && !s->no_blank) || (s->closed && s->place == IN_TAG && c != '?');
    s->blank = s->no_blank = s->closed = false;
    return (!space || put(s, ' ')) && put(s, c);
}

/* Does the rest begin with these small letters? */
static bool follows(const struct state *s, size_t at, const char *small)
{
    size_t n = strlen(small);
    return s->in.len - at >= n && glc_span_ieq(glc_span(s->in.ptr + at, n), glc_span(small, n));
}

static bool put_entity(struct state *s, struct glc_html_entity e)
{
    char text[16];
    if (e.code < 256)
        return put_spaced(s, e.ended ? small((uint8_t)e.code) : (uint8_t)e.code);
    int n = snprintf(text, sizeof text, "&#x%04x;", e.code);
    bool good = n > 0;
    for (int i = 0; good && i < n; i++)
        good = i == 0 ? put_spaced(s, (uint8_t)text[i]) : put(s, (uint8_t)text[i]);
    return good;
}

/* `&` in text or in a value. */
static bool entity(struct state *s)
{
    struct glc_html_entity e = glc_html_entity(glc_span_sub(s->in, s->at, UINT64_MAX));
    if (e.len == 0) {
        s->at++;
        return s->at == s->in.len || put_spaced(s, '&'); /* a last one is lost */
    }
    s->at += e.len;
    return put_entity(s, e);
}

/* `<`: a comment or declaration, which goes up to the next `>`, or a tag. */
static bool open_tag(struct state *s)
{
    if (s->at + 1 < s->in.len && s->in.ptr[s->at + 1] == '!') {
        const uint8_t *end = memchr(s->in.ptr + s->at, '>', s->in.len - s->at);
        s->at = end != NULL ? (size_t)(end - s->in.ptr) + 1 : s->in.len;
        s->no_blank = s->no_blank || !s->blank;
        return true;
    }
    if (!put_spaced(s, '<'))
        return false;
    s->at++;
    s->place = IN_TAG;
    s->no_blank = true;
    s->tag = s->out->len;
    return true;
}

static bool tag_is(const struct state *s, const char *name)
{
    size_t n = strlen(name), have = s->out->len - s->tag;
    const uint8_t *t = s->out->ptr + s->tag;
    return have >= n && memcmp(t, name, n) == 0 && (have == n || t[n] == ' ');
}

static bool close_tag(struct state *s)
{
    s->raw = tag_is(s, "script") ? "</script" : tag_is(s, "style") ? "</style" : NULL;
    s->place = s->raw != NULL ? IN_RAW : IN_TEXT;
    s->blank = s->closed = false;
    s->at++;
    bool good = put(s, '>');
    s->no_blank = true;
    return good;
}

static bool in_tag(struct state *s, uint8_t c)
{
    if (c == '>')
        return close_tag(s);
    if (c == '=') {
        s->at++;
        s->blank = s->closed = false;
        s->no_blank = true;
        while (s->at < s->in.len && is_blank(s->in.ptr[s->at]))
            s->at++;
        if (!put(s, '='))
            return false;
        uint8_t q = s->at < s->in.len ? s->in.ptr[s->at] : 0;
        s->place = q == '"' || q == '\'' ? IN_QUOTES : IN_VALUE;
        s->quote = q;
        if (s->place == IN_QUOTES) {
            s->at++;
            return put(s, '"');
        }
        return true;
    }
    s->at++;
    return put_spaced(s, small(c));
}

static bool in_value(struct state *s, uint8_t c)
{
    if (s->place == IN_VALUE && c == '>') {
        s->place = IN_TAG;
        return true;
    }
    if (c == '&')
        return entity(s);
    s->at++;
    if (s->place == IN_QUOTES && c == s->quote) {
        s->place = IN_TAG;
        s->blank = false;
        s->no_blank = false;
        bool good = put(s, '"');
        s->closed = true;
        return good;
    }
    return put_spaced(s, c == '\'' ? '"' : small(c));
}

static bool in_raw(struct state *s, uint8_t c)
{
    s->blank = false;
    if (c == '<' && follows(s, s->at, s->raw)) {
        s->place = IN_TEXT;
        return open_tag(s);
    }
    if (c == '&')
        return entity(s);
    s->at++;
    return put(s, c == '\'' ? '"' : small(c));
}

/* A run of bytes that mean nothing here. */
static bool run(struct state *s)
{
    const uint8_t *from = s->in.ptr + s->at;
    size_t len = s->in.len - s->at, first = s->place != IN_RAW, taken;
    if (first != 0 && !put_spaced(s, small(*from)))
        return false;
    uint8_t *to = glc_output_room(s->out, len);
    if (to == NULL)
        return false;
    s->out->len += write_run(to, from + first, len - first, s->place, &taken, &s->blank);
    s->at += first + taken;
    return true;
}

static bool step(struct state *s)
{
    uint8_t c = s->in.ptr[s->at];
    if ((meaning[c] & (MEANS(s->place) | BLANK)) == 0)
        return run(s);
    if (c == 0) {
        s->at++;
        return true;
    }
    if (is_blank(c)) {
        s->at++;
        if (s->place == IN_VALUE) {
            s->place = IN_TAG;
            s->no_blank = false;
        }
        s->blank = s->place != IN_RAW;
        return true;
    }
    switch (s->place) {
    case IN_TAG:
        return in_tag(s, c);
    case IN_QUOTES:
    case IN_VALUE:
        return in_value(s, c);
    case IN_RAW:
        return in_raw(s, c);
    case IN_TEXT:
    default:
        if (c == '<') {
            return open_tag(s);
        }
        if (c == '&')
            return entity(s);
        s->at++;
        return put_spaced(s, small(c));
    }
}

bool glc_html_nocomment(struct glc_span html, struct glc_output *out)
{
    struct state s = { .in = html, .out = out, .no_blank = true };
    if (glc_output_room(out, html.len) == NULL) /* about as long as what comes */
        return false;
    while (s.at < html.len)
        if (!step(&s))
            return false;
    return !s.blank || s.no_blank || s.place != IN_TEXT || put(&s, ' ');
}

/* The address in a tag, as written: the value of its first href or src. */
static struct glc_span address(struct glc_span tag)
{
    static const struct {
        char text[5];
        uint8_t n;
    } name[] = { { "href", 4 }, { "src", 3 } };
    for (size_t i = 0; i + 4 < tag.len; i++)
        for (size_t k = 0; is_blank(tag.ptr[i]) && k < 2; k++) {
            size_t n = name[k].n;
            if (tag.len - i - 1 < n || !glc_span_ieq(glc_span(tag.ptr + i + 1, n), glc_span(name[k].text, n)))
                continue;
            struct glc_span rest = glc_span_sub(tag, i + 1 + n, UINT64_MAX);
            while (rest.len != 0 && (is_blank(rest.ptr[0]) || rest.ptr[0] == '='))
                rest = glc_span_sub(rest, 1, UINT64_MAX);
            uint8_t q = rest.len != 0 ? rest.ptr[0] : 0;
            bool quoted = q == '"' || q == '\'';
            rest = quoted ? glc_span_sub(rest, 1, UINT64_MAX) : rest;
            size_t len = 0;
            while (len < rest.len && len < LONGEST_ADDRESS &&
                   (quoted ? rest.ptr[len] != q : !is_blank(rest.ptr[len]) && rest.ptr[len] != '>'))
                len++;
            return glc_span(rest.ptr, len);
        }
    return glc_span(NULL, 0);
}

/* The end of the tag that begins at `at`: behind its `>`, but for those in quotes behind a `=`. */
static size_t tag_end(struct glc_span html, size_t at)
{
    for (size_t i = at + 1; i < html.len;) {
        uint8_t c = html.ptr[i++];
        if (c == '>')
            return i;
        if (c != '=')
            continue;
        while (i < html.len && is_blank(html.ptr[i]))
            i++;
        if (i == html.len || (html.ptr[i] != '"' && html.ptr[i] != '\''))
            continue;
        const uint8_t *end = memchr(html.ptr + i + 1, html.ptr[i], html.len - i - 1);
        if (end == NULL)
            return html.len;
        i = (size_t)(end - html.ptr) + 1;
    }
    return html.len;
}

/* Bytes of what looks like an entity, known or not: here all of them are blanks. */
static size_t entity_len(struct glc_span s)
{
    size_t n = 1;
    bool number = s.len > 1 && s.ptr[1] == '#', hex = number && s.len > 2 && (s.ptr[2] | 0x20) == 'x';
    n += (size_t)number + (size_t)hex;
    while (n < s.len && (hex      ? glc_hex_digit(s.ptr[n]) >= 0
                         : number ? s.ptr[n] >= '0' && s.ptr[n] <= '9'
                                  : glc_ascii_isalnum(s.ptr[n])))
        n++;
    return n < s.len && s.ptr[n] == ';' ? n + 1 : n;
}

/* Where the script or style sheet that begins at `at` ends: at its end tag. */
static size_t raw_end(const struct state *s, size_t at, const char *tag)
{
    for (; at < s->in.len; at++) {
        const uint8_t *lt = memchr(s->in.ptr + at, '<', s->in.len - at);
        if (lt == NULL)
            return s->in.len;
        at = (size_t)(lt - s->in.ptr);
        if (follows(s, at, tag))
            return at;
    }
    return s->in.len;
}

bool glc_html_notags(struct glc_span html, struct glc_output *out)
{
    struct state s = { .in = html, .out = out };
    struct glc_span link = { 0 };
    if (glc_output_room(out, html.len) == NULL)
        return false;
    uint8_t last = 0;
    for (size_t i = 0; i < html.len;) {
        uint8_t c = html.ptr[i];
        if (c == '<') {
            bool script = follows(&s, i, "<script"), style = follows(&s, i, "<style");
            size_t end = html.ptr[i + 1 < html.len ? i + 1 : i] == '!' ? i + 1 : tag_end(html, i);
            if (end == i + 1) {
                const uint8_t *gt = memchr(html.ptr + i, '>', html.len - i);
                end = gt != NULL ? (size_t)(gt - html.ptr) + 1 : html.len;
            }
            struct glc_span found = address(glc_span_sub(html, i, end - i));
            link = found.len != 0 ? found : link;
            i = end;
            if (script || style)
                i = raw_end(&s, i, script ? "</script" : "</style");
            c = ' ';
        } else if (c == '&') {
            i += entity_len(glc_span_sub(html, i, UINT64_MAX));
            c = ' ';
        } else {
            i++;
            c = is_blank(c) ? ' ' : small(c);
        }
        if (c == 0 || (c == ' ' && last == ' '))
            continue;
        for (size_t k = 0; c != ' ' && k < link.len; k++)
            if (!put(&s, link.ptr[k]))
                return false;
        if (c != ' ' && link.len != 0) {
            link.len = 0;
            if (!put(&s, ' '))
                return false;
        }
        if (!put(&s, c))
            return false;
        last = c;
        if (c == ' ' || link.len != 0)
            continue;
        uint8_t *to = glc_output_room(out, html.len - i + 1);
        size_t taken;
        bool blank;
        if (to == NULL)
            return false;
        out->len += write_run(to, html.ptr + i, html.len - i, IN_TEXT, &taken, &blank);
        i += taken;
        if (blank && !put(&s, ' '))
            return false;
        last = blank ? ' ' : 'x';
    }
    return true;
}

static bool yield_form(struct glc_parse *p, bool (*make)(struct glc_span, struct glc_output *),
                       const char *how)
{
    struct glc_arena_mark mark = glc_arena_mark(p->arena);
    struct glc_output out;
    glc_output_init(&out, p, p->data.len);
    bool whole = make(p->data, &out) && glc_budget_bytes(p->budget, out.len);
    if (!whole)
        p->unread(p, out.why != NULL ? out.why : "limit: bytes", 0);
    struct glc_child child = { .data = glc_output_span(&out),
                               .how = how,
                               .cls = GLC_CLASS_HTML_NORM,
                               .classed = true,
                               .packed = p->data.len };
    bool going = out.len == 0 || p->yield(p, &child);
    glc_arena_rewind(p->arena, mark);
    return going;
}

/* Tags that make a text HTML for ClamAV too, and those that only we take for it. */
static const char *const strong[] = { "<html>",  "<head>",  "<a href", "<img ",
                                      "<iframe", "<table>", "<object", NULL };
static const char *const weak[] = { "<html", "<!doctype html", "<body",  "<script", "<div", "<meta",
                                    "<form", "<svg",           "<style", "<p>",     "<br",  "<title",
                                    "<h1",   "<font",          "<link ", "<input",  NULL };

static bool begins(struct glc_span s, const char *const *tag)
{
    /* Their second letters differ from most bytes that follow a '<' in what is no markup. */
    uint8_t second = s.len < 2 ? 0 : small(s.ptr[1]);
    for (; *tag != NULL; tag++) {
        if ((uint8_t)(*tag)[1] != second)
            continue;
        size_t n = strlen(*tag);
        if (s.len >= n && glc_span_ieq(glc_span(s.ptr, n), glc_span(*tag, n)))
            return true;
    }
    return false;
}

/* 2: a strong tag, 1: a weak one, 0: none. */
static int tags_in(struct glc_span s)
{
    int best = 0;
    while (s.len > 3) {
        const uint8_t *lt = memchr(s.ptr, '<', s.len);
        if (lt == NULL)
            break;
        s = glc_span_sub(s, (size_t)(lt - s.ptr), UINT64_MAX);
        if (begins(s, strong))
            return 2;
        if (best == 0 && begins(s, weak))
            best = 1;
        s = glc_span_sub(s, 1, UINT64_MAX);
    }
    return best;
}

/* The same for 16-bit text, without its zeros. */
static int tags_in_prefix(struct glc_span prefix)
{
    if (glc_text_kind(prefix) != GLC_TEXT_UTF16)
        return tags_in(prefix);
    uint8_t bytes[GLC_BID_PREFIX];
    size_t n = 0;
    for (size_t i = 0; i < prefix.len; i++)
        if (prefix.ptr[i] != 0)
            bytes[n++] = prefix.ptr[i];
    return tags_in(glc_span(bytes, n));
}

static int bid(struct glc_span prefix, uint64_t size)
{
    (void)size;
    if (prefix.len == 0 || memchr(prefix.ptr, '<', prefix.len) == NULL)
        return 0;
    int tags = tags_in_prefix(prefix);
    if (tags == 1 && glc_text_kind(prefix) == GLC_TEXT_NOT)
        return 0;
    return tags == 2 ? STRONG_BID : tags == 1 ? WEAK_BID : 0;
}

static void parse(struct glc_parse *p)
{
    struct glc_span prefix = glc_span_sub(p->data, 0, GLC_BID_PREFIX);
    if (tags_in_prefix(prefix) < 2 && !glc_text_yield_normalised(p))
        return;
    if ((p->wanted & GLC_CLASS_BIT(GLC_CLASS_HTML_NORM)) == 0)
        return;
    if (yield_form(p, glc_html_nocomment, "HTML without comments"))
        (void)yield_form(p, glc_html_notags, "HTML without tags");
}

const struct glc_format glc_format_html = {
    .name = "html", .cls = GLC_CLASS_HTML, .bid = bid, .parse = parse
};
