/* Lines of ClamAV databases, one signature each. A line that cannot be taken is named and counted; the others
 * go on (clamscan gives up the whole database instead). Lines end with LF or CRLF, those that begin with '#'
 * and empty ones say nothing. Every line is hostile: any length, any bytes. */
#include "lang/clam/line.h"

#include "base/hex.h"
#include "base/json.h"

#include <stdio.h>

enum { MOST_IGNORED = 1024 /* bytes of a NAME:MD5 */ };

bool glc_clam_tell(const struct glc_clam *c, enum glc_severity severity, const uint8_t *at, size_t width,
                   const char *message, const char *hint)
{
    size_t column = at != NULL ? (size_t)(at - c->text.ptr) + 1 : 1;
    struct glc_diag d = {
        .severity = severity,
        .file = c->file,
        .line = c->line,
        .column = column > UINT32_MAX ? UINT32_MAX : (uint32_t)column,
        .width = width > UINT32_MAX ? UINT32_MAX : (uint32_t)width,
        .message = message,
        .hint = hint,
        .text = c->text,
    };
    if (c->opt->diag.put != NULL)
        c->opt->diag.put(c->opt->diag.ctx, &d);
    return false;
}

bool glc_clam_wrong(const struct glc_clam *c, const uint8_t *at, const char *message)
{
    return glc_clam_tell(c, GLC_ERROR, at, 1, message, NULL);
}

size_t glc_clam_split(struct glc_span s, char sep, struct glc_span *field, size_t most)
{
    size_t n = 0;
    for (const uint8_t *p = s.ptr, *end = s.ptr + s.len;;) {
        const uint8_t *stop = p == end ? NULL : memchr(p, sep, (size_t)(end - p));
        if (n < most)
            field[n] = glc_span(p, (size_t)((stop != NULL ? stop : end) - p));
        n++;
        if (stop == NULL)
            return n;
        p = stop + 1;
    }
}

bool glc_clam_name(const struct glc_clam *c, struct glc_span name)
{
    if (name.len == 0)
        return glc_clam_wrong(c, name.ptr, "the name is empty");
    for (size_t i = 0; i < name.len;) {
        size_t n = 1;
        if (name.ptr[i] < 0x20 || name.ptr[i] >= 0x7f)
            n = name.ptr[i] < 0x80 ? 0 : glc_utf8_len(glc_span_sub(name, i, 4));
        if (n == 0)
            return glc_clam_wrong(c, name.ptr + i, "the name is not text");
        i += n;
    }
    return true;
}

uint32_t glc_clam_level_of(struct glc_span s)
{
    uint32_t v = 0;
    for (size_t i = 0; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9'; i++)
        v = v > 1000000 ? v : v * 10 + (uint32_t)(s.ptr[i] - '0');
    return v;
}

bool glc_clam_level(struct glc_span min, struct glc_span max)
{
    if (min.len != 0 && glc_clam_level_of(min) > GLC_CLAM_LEVEL)
        return false;
    return max.ptr == NULL || glc_clam_level_of(max) >= GLC_CLAM_LEVEL;
}

enum glc_clam_end glc_clam_skip(const struct glc_clam *c, struct glc_span where)
{
    (void)glc_clam_tell(c, GLC_WARNING, where.ptr, where.len,
                        "skipped: it asks for another engine level than ours, 216",
                        "clamscan 1.4.6 skips it as well");
    return GLC_CLAM_SKIPPED;
}

struct glc_rule *glc_clam_rule(const struct glc_clam *c, struct glc_span name)
{
    const char *copy = glc_arena_strdup(c->arena, name);
    struct glc_rule *r = copy == NULL ? NULL : glc_ruleset_add(c->set);
    if (r == NULL)
        return NULL;
    r->name = copy;
    r->space = c->space;
    r->language = GLC_LANG_CLAM;
    r->file = c->file;
    r->line = c->line;
    r->classes = GLC_CLASS_ALL;
    return r;
}

/* NAME; NAME:MD5, which ties the entry to one wording of the signature; or the old SOURCE:LINE:NAME. */
enum glc_clam_end glc_clam_ignore_line(struct glc_clam *c)
{
    struct glc_span field[4];
    size_t n = glc_clam_split(c->text, ':', field, 4);
    struct glc_span name = n == 3 ? field[2] : field[0];
    bool ok = n <= 3 ? glc_clam_name(c, name) : glc_clam_wrong(c, field[3].ptr, "more than three fields");
    if (ok && n == 2 && field[1].len != 32)
        ok = glc_clam_wrong(c, field[1].ptr, "not an MD5");
    for (size_t i = 0; ok && n == 2 && i < field[1].len; i++)
        if (glc_hex_digit(field[1].ptr[i]) < 0)
            ok = glc_clam_wrong(c, field[1].ptr + i, "not an MD5");
    if (!ok)
        return GLC_CLAM_REFUSED;
    char entry[MOST_IGNORED + 1];
    if (n == 2) {
        if (c->text.len > MOST_IGNORED) {
            (void)glc_clam_wrong(c, name.ptr, "the name is too long");
            return GLC_CLAM_REFUSED;
        }
        for (size_t i = 0; i < c->text.len; i++)
            entry[i] = (char)(i > name.len ? glc_ascii_lower(c->text.ptr[i]) : c->text.ptr[i]);
        name = glc_span(entry, c->text.len);
    }
    return glc_ruleset_add_ignore(c->set, name) ? GLC_CLAM_TAKEN : GLC_CLAM_REFUSED;
}

static enum glc_clam_end parse_line(struct glc_clam *c, enum glc_clam_kind kind)
{
    switch (kind) {
    case GLC_CLAM_HASH:
    case GLC_CLAM_SECTION:
    case GLC_CLAM_IMPORTS:
        return glc_clam_hash_line(c, kind);
    case GLC_CLAM_BODY:
        return glc_clam_body_line(c);
    case GLC_CLAM_OLD_BODY:
        return glc_clam_old_line(c);
    case GLC_CLAM_LOGICAL:
        return glc_clam_logical_line(c);
    case GLC_CLAM_IGNORE:
        return glc_clam_ignore_line(c);
    }
    return GLC_CLAM_REFUSED;
}

enum glc_err glc_clam_parse(struct glc_ruleset *set, const char *file, const char *space,
                            struct glc_span text, enum glc_clam_kind kind, bool allow,
                            const struct glc_lang_options *opt)
{
    struct glc_clam c = {
        .set = set, .file = file, .space = space, .opt = opt, .arena = set->arena, .allow = allow
    };
    uint8_t digest[GLC_DIGEST_MAX];
    struct glc_digest *md5 = glc_digest_new(GLC_MD5);
    enum glc_err e = md5 == NULL ? GLC_NOMEM : GLC_OK;
    for (size_t at = 0; at < text.len && e == GLC_OK;) {
        const uint8_t *p = text.ptr + at;
        const uint8_t *newline = memchr(p, '\n', text.len - at);
        size_t len = newline != NULL ? (size_t)(newline - p) : text.len - at;
        at += len + (newline != NULL);
        c.line += c.line != UINT32_MAX;
        while (len != 0 && p[len - 1] == '\r')
            len--;
        c.text = glc_span(p, len);
        if (len == 0 || p[0] == '#')
            continue;
        set->seen += kind != GLC_CLAM_IGNORE;
        size_t rules = set->rules;
        struct glc_arena_mark mark = glc_arena_mark(set->arena);
        switch (parse_line(&c, kind)) {
        case GLC_CLAM_TAKEN:
            if (set->rules > rules && !glc_digest_of(md5, c.text, digest))
                e = GLC_NOMEM;
            else if (set->rules > rules)
                memcpy(set->rule[rules]->wording, digest, sizeof set->rule[rules]->wording);
            set->taken += kind != GLC_CLAM_IGNORE;
            break;
        case GLC_CLAM_SKIPPED:
            set->skipped++;
            break;
        case GLC_CLAM_REFUSED:
            if (set->arena->failed || set->names.failed)
                e = GLC_NOMEM;
            set->refused++;
            if (set->rules == rules)
                glc_arena_rewind(set->arena, mark);
            break;
        }
    }
    glc_digest_free(md5);
    return e;
}
