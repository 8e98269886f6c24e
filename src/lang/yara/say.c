/* Diagnostics, and the few steps over tokens that every piece of the grammar takes. */
#include "lang/yara/parser.h"

#include <stdarg.h>
#include <stdio.h>

struct glc_yara_quote glc_yara_quote(struct glc_span s)
{
    struct glc_yara_quote q = { { 0 } };
    size_t n = s.len < 60 ? s.len : 57;
    for (size_t i = 0; i < n; i++)
        q.text[i] = s.ptr[i] >= 0x20 && s.ptr[i] < 0x7f ? (char)s.ptr[i] : '?';
    if (n < s.len)
        memcpy(q.text + n, "...", 3);
    return q;
}

const char *glc_yara_a_type(enum glc_type t)
{
    static const char *const names[] = {
        [GLC_T_BOOL] = "a boolean",
        [GLC_T_INT] = "an integer",
        [GLC_T_FLOAT] = "a float",
        [GLC_T_STRING] = "a string",
        [GLC_T_REGEX] = "a regular expression",
        [GLC_T_STRUCT] = "a structure",
        [GLC_T_ARRAY] = "an array",
        [GLC_T_DICT] = "a dictionary",
    };
    return (size_t)t < sizeof names / sizeof names[0] ? names[t] : "?";
}

static struct glc_span line_of(const struct glc_yara_source *src, size_t line_at)
{
    struct glc_span rest = glc_span_sub(src->lex.text, line_at, SIZE_MAX);
    const uint8_t *nl = rest.len != 0 ? memchr(rest.ptr, '\n', rest.len) : NULL;
    if (nl != NULL)
        rest.len = (size_t)(nl - rest.ptr);
    if (rest.len != 0 && rest.ptr[rest.len - 1] == '\r')
        rest.len--;
    return rest;
}

static uint32_t clamp(size_t n)
{
    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static void put(struct glc_yara_parser *p, enum glc_severity severity, uint32_t line, size_t line_at,
                size_t at, size_t width, const char *hint, const char *message)
{
    struct glc_diag d = { .severity = severity,
                          .file = p->src->file,
                          .line = line,
                          .column = clamp(at - line_at + 1),
                          .width = clamp(width),
                          .message = message,
                          .hint = hint,
                          .text = line_of(p->src, line_at) };
    if (p->opt->diag.put != NULL)
        p->opt->diag.put(p->opt->diag.ctx, &d);
}

/* Is this worth saying? Marks the rule. */
static bool mark(struct glc_yara_parser *p, enum glc_severity severity)
{
    if (p->err != GLC_OK || p->failed)
        return false;
    if (severity != GLC_WARNING)
        p->failed = true;
    return true;
}

void glc_yara_say(struct glc_yara_parser *p, enum glc_severity severity, const struct glc_yara_tok *at,
                  const char *hint, const char *fmt, ...)
{
    char message[512];
    if (!mark(p, severity))
        return;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    put(p, severity, at->line, at->line_at, at->at, at->end - at->at, hint, message);
}

void glc_yara_say_inside(struct glc_yara_parser *p, const struct glc_yara_tok *tok, const uint8_t *from,
                         size_t len, const char *hint, const char *message)
{
    if (mark(p, GLC_ERROR))
        put(p, GLC_ERROR, tok->line, tok->line_at, (size_t)(from - p->src->lex.text.ptr), len, hint, message);
}

void glc_yara_warn_inside(struct glc_yara_parser *p, const struct glc_yara_tok *tok, const uint8_t *from,
                          size_t len, const char *hint, const char *message)
{
    if (mark(p, GLC_WARNING))
        put(p, GLC_WARNING, tok->line, tok->line_at, (size_t)(from - p->src->lex.text.ptr), len, hint,
            message);
}

void *glc_yara_nomem(struct glc_yara_parser *p)
{
    p->err = GLC_NOMEM;
    p->failed = true;
    return NULL;
}

void glc_yara_advance(struct glc_yara_parser *p)
{
    struct glc_yara_source *s = p->src;
    s->last_end = s->tok.end;
    s->tok = glc_yara_next(&s->lex);
    if (s->tok.kind == GLC_YT_BAD && s->lex.message != NULL && mark(p, GLC_ERROR))
        put(p, GLC_ERROR, s->lex.bad_line, s->lex.bad_line_at, s->lex.bad_at,
            s->lex.bad_at == s->tok.at ? s->tok.end - s->tok.at : 1, s->lex.hint, s->lex.message);
}

bool glc_yara_accept(struct glc_yara_parser *p, enum glc_yara_kind kind)
{
    if (p->failed || p->src->tok.kind != kind)
        return false;
    glc_yara_advance(p);
    return true;
}

void glc_yara_expected(struct glc_yara_parser *p, const char *what, const char *hint)
{
    const struct glc_yara_tok *t = &p->src->tok;
    struct glc_yara_quote q = glc_yara_quote(t->text);
    if (t->kind == GLC_YT_END)
        glc_yara_say(p, GLC_ERROR, t, hint, "expected %s, but the file ends", what);
    else if (glc_yara_is_keyword(t->kind))
        glc_yara_say(p, GLC_ERROR, t, hint, "expected %s, found the keyword '%s'", what, q.text);
    else if (t->kind == GLC_YT_STRING || t->kind == GLC_YT_REGEX)
        glc_yara_say(p, GLC_ERROR, t, hint, "expected %s, found %s", what, glc_yara_kind_name(t->kind));
    else
        glc_yara_say(p, GLC_ERROR, t, hint, "expected %s, found '%s%s'", what, q.text,
                     t->kind == GLC_YT_WILD ? "*" : "");
}

bool glc_yara_expect(struct glc_yara_parser *p, enum glc_yara_kind kind, const char *why)
{
    if (glc_yara_accept(p, kind))
        return true;
    if (!p->failed) {
        char what[128];
        const char *quote = glc_yara_is_keyword(kind) ? "'" : "";
        (void)snprintf(what, sizeof what, "%s%s%s%s%s", quote, glc_yara_kind_name(kind), quote,
                       why != NULL ? " " : "", why != NULL ? why : "");
        glc_yara_expected(p, what, NULL);
    }
    return false;
}
