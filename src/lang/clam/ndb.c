/* Body signatures, one line each: NAME:TARGET:OFFSET:HEX[:MINLEVEL[:MAXLEVEL]], and the oldest form NAME=HEX.
 */
#include "lang/clam/body.h"

enum { MOST_FIELDS = 6 };

/* The rule that is one body. */
static enum glc_clam_end one_body(struct glc_clam *c, struct glc_span name, uint32_t classes,
                                  const struct glc_anchor *anchor, struct glc_span hex)
{
    static const struct glc_clam_modifiers none = { .nocase = false };
    struct glc_pattern *p = glc_arena_alloc(c->arena, sizeof *p);
    if (p == NULL)
        return GLC_CLAM_REFUSED;
    p->id = "0";
    p->line = c->line;
    p->anchor = *anchor;
    if (!glc_clam_body(c, hex, &none, p))
        return GLC_CLAM_REFUSED;
    struct glc_expr *found = glc_expr_new(c->arena, GLC_X_FOUND, GLC_T_BOOL, 0);
    struct glc_rule *r = found == NULL ? NULL : glc_clam_rule(c, name);
    if (r == NULL)
        return GLC_CLAM_REFUSED;
    found->line = c->line;
    found->column = (uint32_t)(hex.ptr - c->text.ptr) + 1;
    r->classes = classes;
    r->pattern = p;
    r->patterns = 1;
    r->condition = found;
    return GLC_CLAM_TAKEN;
}

static bool digits(const struct glc_clam *c, struct glc_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return glc_clam_wrong(c, s.ptr + i, "not a functionality level");
    return true;
}

enum glc_clam_end glc_clam_body_line(struct glc_clam *c)
{
    struct glc_span field[MOST_FIELDS];
    size_t n = glc_clam_split(c->text, ':', field, MOST_FIELDS);
    if (n < 4) {
        (void)glc_clam_wrong(c, c->text.ptr + c->text.len, "cut short: NAME:TARGET:OFFSET:HEX is wanted");
        return GLC_CLAM_REFUSED;
    }
    if (n > MOST_FIELDS) {
        (void)glc_clam_wrong(c, field[MOST_FIELDS - 1].ptr + field[MOST_FIELDS - 1].len,
                             "more than six fields");
        return GLC_CLAM_REFUSED;
    }
    struct glc_span none = glc_span(NULL, 0), min = n > 4 ? field[4] : none, max = n > 5 ? field[5] : none;
    if (!glc_clam_name(c, field[0]) || !digits(c, min) || !digits(c, max))
        return GLC_CLAM_REFUSED;
    if (n > 4 && !glc_clam_level(min, max))
        return glc_clam_skip(c, min);
    unsigned target;
    uint32_t classes;
    struct glc_anchor anchor;
    struct glc_span any = glc_span_str("0");
    bool is_any = field[1].len == 0 || glc_span_is(field[1], "*");
    if (!glc_clam_target(c, is_any ? any : field[1], &target, &classes) ||
        !glc_clam_offset(c, field[2], target, &anchor))
        return GLC_CLAM_REFUSED;
    return one_body(c, field[0], classes, &anchor, field[3]);
}

enum glc_clam_end glc_clam_old_line(struct glc_clam *c)
{
    static const struct glc_anchor anywhere = { .kind = GLC_ANYWHERE };
    const uint8_t *equals = memchr(c->text.ptr, '=', c->text.len);
    if (equals == NULL) {
        (void)glc_clam_wrong(c, c->text.ptr + c->text.len, "cut short: NAME=HEX is wanted");
        return GLC_CLAM_REFUSED;
    }
    struct glc_span name = glc_span(c->text.ptr, (size_t)(equals - c->text.ptr));
    struct glc_span hex = glc_span(equals + 1, c->text.len - name.len - 1);
    static const char mark[] = " (Clam)"; /* once stood behind every name */
    if (name.len > 7 && memcmp(name.ptr + name.len - 7, mark, 7) == 0)
        name.len -= 7;
    if (!glc_clam_name(c, name))
        return GLC_CLAM_REFUSED;
    unsigned target;
    uint32_t classes;
    if (!glc_clam_target(c, glc_span_str("0"), &target, &classes))
        return GLC_CLAM_REFUSED;
    return one_body(c, name, classes, &anywhere, hex);
}
