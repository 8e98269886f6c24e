/* Regular expressions of logical signatures: [OFFSET:]TRIGGER/REGEX/FLAGS. The trigger is an expression over
 * earlier subsignatures; the regular expression is looked for only where it holds. What the flags mean is in
 * docs/clamav-semantics.md. The expression is compiled here to see that it can be; what goes into the image
 * is its text (rule/pcre.h). */
#include "lang/clam/logic.h"

enum { ROOM = 1 << 24 };

static bool flags(const struct glc_clam *c, struct glc_span text, uint32_t *out)
{
    static const char letters[] = "ismxAEUgre"; /* in the order of enum glc_pcre_option */
    uint32_t options = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *at = text.ptr[i] != 0 ? strchr(letters, text.ptr[i]) : NULL;
        if (at == NULL)
            return glc_clam_tell(c, GLC_ERROR, text.ptr + i, 1, "unknown flag of a regular expression",
                                 "g, r, e, i, s, m, x, A, E and U");
        options |= (uint32_t)1 << (at - letters);
    }
    *out = options;
    return true;
}

static bool try_compile(const struct glc_clam *c, struct glc_span text, uint32_t options)
{
    char message[GLC_PCRE_MESSAGE];
    size_t off = 0;
    struct glc_pcre *made = NULL;
    struct glc_pcre_room *room = glc_pcre_room_new(ROOM);
    enum glc_err e = room == NULL ? GLC_NOMEM : glc_pcre_new(room, text, options, &made, message, &off);
    glc_pcre_free(made);
    glc_pcre_room_free(room);
    if (e == GLC_OK)
        return true;
    if (room == NULL) {
        c->arena->failed = true;
        return false;
    }
    if (e == GLC_NOMEM)
        return glc_clam_wrong(c, text.ptr, "the regular expression is too large");
    return glc_clam_tell(c, e == GLC_UNSUPPORTED ? GLC_NOT_TAKEN : GLC_ERROR,
                         text.ptr + (off < text.len ? off : text.len), 1, message, NULL);
}

bool glc_clam_pcre(const struct glc_clam *c, struct glc_span sub, struct glc_pattern *p,
                   struct glc_span *trigger)
{
    const uint8_t *open = memchr(sub.ptr, '/', sub.len), *end = sub.ptr + sub.len;
    const uint8_t *close = end;
    while (close > open && *--close != '/') {
    }
    if (close == open)
        return glc_clam_wrong(c, open, "the regular expression has no second slash");
    if (open == sub.ptr)
        return glc_clam_tell(c, GLC_ERROR, open, 1, "a regular expression needs a trigger",
                             "the number of an earlier subsignature, before the slash");
    *trigger = glc_span(sub.ptr, (size_t)(open - sub.ptr));
    struct glc_span text = glc_span(open + 1, (size_t)(close - open - 1));
    struct glc_span rest = glc_span(close + 1, (size_t)(end - close - 1));
    size_t colons = glc_span_find(rest, glc_span_str("::")); /* modifiers say nothing here */
    if (colons != SIZE_MAX)
        rest.len = colons;
    if (text.len == 0)
        return glc_clam_wrong(c, close, "the regular expression is empty");
    if (!flags(c, rest, &p->pcre_options) || !try_compile(c, text, p->pcre_options))
        return false;
    char *copy = glc_arena_strdup(c->arena, text);
    p->pcre = glc_span(copy, text.len);
    return copy != NULL;
}
