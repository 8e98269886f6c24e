/* Logical signatures: NAME;TARGETDESCRIPTION;EXPRESSION;SUB0;SUB1;… with up to 64 subsignatures
 * [OFFSET:]HEX[::MODIFIERS]. */
#include "lang/clam/logic.h"

enum { FIXED = 3, MOST_FIELDS = FIXED + GLC_CLAM_MOST_SUBS };

/* The fields of a line: cut at every ';' that is not inside a regular expression's slashes. Returns how many
 * there are, which may be more than `most`. */
static size_t split(struct glc_span s, struct glc_span *field, size_t most)
{
    size_t n = 0, from = 0;
    bool regex = false;
    for (size_t i = 0; i <= s.len; i++) {
        if (i < s.len && s.ptr[i] == '/' && (i == 0 || s.ptr[i - 1] != '\\'))
            regex = !regex;
        if (i < s.len && (s.ptr[i] != ';' || regex))
            continue;
        if (n < most)
            field[n] = glc_span(s.ptr + from, i - from);
        n++;
        from = i + 1;
    }
    return n;
}

/* What a subsignature is when it is no body; NULL when it is one. */
static const char *other_kind(struct glc_span sub)
{
    if (glc_span_starts(sub, glc_span_str("fuzzy_img#")))
        return "fuzzy image hashes are not supported yet";
    if (glc_span_starts(sub, glc_span_str("${")))
        return "macros are not supported yet";
    return NULL;
}

static bool is_pcre(struct glc_span sub)
{
    return other_kind(sub) == NULL && sub.len != 0 && memchr(sub.ptr, '/', sub.len) != NULL;
}

static bool is_compare(struct glc_span sub)
{
    return other_kind(sub) == NULL && !is_pcre(sub) && sub.len != 0 && memchr(sub.ptr, '#', sub.len) != NULL;
}

static bool modifiers(const struct glc_clam *c, struct glc_span text, struct glc_clam_modifiers *out)
{
    for (size_t i = 0; i < text.len; i++) {
        switch (text.ptr[i]) {
        case 'i':
            out->nocase = true;
            break;
        case 'w':
            out->wide = true;
            break;
        case 'a':
            out->ascii = true;
            break;
        case 'f':
            out->fullword = true;
            break;
        default:
            return glc_clam_tell(c, GLC_ERROR, text.ptr + i, 1, "unknown modifier", "i, w, f and a");
        }
    }
    return true;
}

/* Takes an offset off the front of *sub. */
static bool take_offset(const struct glc_clam *c, struct glc_span *sub, size_t within,
                        const struct glc_clam_tdb *tdb, struct glc_pattern *p)
{
    const uint8_t *colon = within == 0 ? NULL : memchr(sub->ptr, ':', within);
    p->anchor.kind = GLC_ANYWHERE;
    if (colon == NULL)
        return true;
    struct glc_span offset = glc_span(sub->ptr, (size_t)(colon - sub->ptr));
    if (!glc_clam_offset(c, offset, tdb->target, &p->anchor))
        return false;
    *sub = glc_span(colon + 1, sub->len - offset.len - 1);
    return true;
}

static bool regex(const struct glc_clam *c, struct glc_span sub, const struct glc_clam_tdb *tdb,
                  struct glc_pattern *p, struct glc_span *trigger)
{
    const uint8_t *slash = memchr(sub.ptr, '/', sub.len);
    return take_offset(c, &sub, (size_t)(slash - sub.ptr), tdb, p) && glc_clam_pcre(c, sub, p, trigger);
}

static bool subsignature(const struct glc_clam *c, struct glc_span sub, const struct glc_clam_tdb *tdb,
                         struct glc_pattern *p)
{
    struct glc_clam_modifiers mod = { .nocase = false };
    const char *other = other_kind(sub);
    if (other != NULL)
        return glc_clam_tell(c, GLC_NOT_TAKEN, sub.ptr, sub.len, other, NULL);
    size_t colons = glc_span_find(sub, glc_span_str("::"));
    if (colons != SIZE_MAX) {
        struct glc_span rest = glc_span(sub.ptr + colons + 2, sub.len - colons - 2);
        size_t again = glc_span_find(rest, glc_span_str("::"));
        if (again != SIZE_MAX) /* clamscan takes what stands in front of the first, without modifiers */
            (void)glc_clam_tell(c, GLC_WARNING, rest.ptr + again, 2,
                                "only what stands before the first :: is looked for",
                                "clamscan 1.4.6 reads it like this");
        else if (!modifiers(c, rest, &mod))
            return false;
        sub.len = colons;
    }
    return take_offset(c, &sub, sub.len, tdb, p) && glc_clam_body(c, sub, &mod, p);
}

/* "0" to "63"; static. */
static const char *number_name(size_t i)
{
    static const char names[GLC_CLAM_MOST_SUBS][3] = {
        "0",  "1",  "2",  "3",  "4",  "5",  "6",  "7",  "8",  "9",  "10", "11", "12", "13", "14", "15",
        "16", "17", "18", "19", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31",
        "32", "33", "34", "35", "36", "37", "38", "39", "40", "41", "42", "43", "44", "45", "46", "47",
        "48", "49", "50", "51", "52", "53", "54", "55", "56", "57", "58", "59", "60", "61", "62", "63",
    };
    return names[i];
}

static bool has_jump(const struct glc_pattern *p)
{
    for (uint32_t v = 0; v < p->variants; v++) {
        const struct glc_re *re = p->variant[v].re;
        for (uint32_t i = 0; re->kind == GLC_RE_CAT && i < re->u.list.n; i++)
            if (re->u.list.kid[i]->kind == GLC_RE_GAP &&
                re->u.list.kid[i]->u.gap.min != re->u.list.kid[i]->u.gap.max)
                return true;
    }
    return false;
}

/* Bodies with jumps are counted by their last part; and which patterns are asked for at all. As deep as
 * groups are nested. */
static void mark_counted(const struct glc_expr *x, bool counted, struct glc_pattern *pattern)
{
    counted |= x->op == GLC_X_CLAM_COUNT;
    if (x->op == GLC_X_FOUND && counted && has_jump(&pattern[x->index]))
        pattern[x->index].count_ends = true;
    if (x->op == GLC_X_FOUND || x->op == GLC_X_COUNT || x->op == GLC_X_OFFSET)
        pattern[x->index].unreferenced = false;
    for (uint32_t i = 0; x->op == GLC_X_OF && i < x->u.of.n; i++)
        pattern[x->u.of.set[i]].unreferenced = false;
    for (uint32_t i = 0; i < x->kids; i++)
        mark_counted(x->kid[i], counted && (x->op != GLC_X_CLAM_WHEN || i != 0) && x->op != GLC_X_CLAM_ONE,
                     pattern);
}

/* Subsignatures are bodies and regular expressions, which become patterns, or byte compares, which become
 * conditions. */
struct subs {
    struct glc_pattern *pattern;
    uint32_t patterns;
    uint32_t pattern_of[GLC_CLAM_MOST_SUBS]; /* UINT32_MAX: none */
    /* What stands for a subsignature that is no body: a byte compare, or a regular expression behind its
     * trigger. */
    struct glc_expr *own[GLC_CLAM_MOST_SUBS];
    bool compares[GLC_CLAM_MOST_SUBS];
    uint32_t size[GLC_CLAM_MOST_SUBS]; /* nodes in it */
    uint32_t nodes;                    /* of all that was put in */
};

/* Triggers may name regular expressions with triggers of their own, each several times. */
enum { MOST_NODES = 4096 };

static struct glc_expr *resolve(const struct glc_clam *c, struct glc_expr *x, bool counted, struct subs *s);

static struct glc_expr *leaf(const struct glc_clam *c, uint32_t sub, bool counted, struct subs *s)
{
    struct glc_expr *x = s->own[sub];
    if (x == NULL) {
        x = glc_expr_new(c->arena, GLC_X_FOUND, GLC_T_BOOL, 0);
        if (x != NULL)
            x->index = s->pattern_of[sub];
        return x;
    }
    if ((s->nodes += s->size[sub]) > MOST_NODES) {
        (void)glc_clam_tell(c, GLC_NOT_TAKEN, NULL, 0, "triggers of triggers are too many", NULL);
        return NULL;
    }
    if (!counted || !s->compares[sub])
        return x;
    struct glc_expr *one = glc_expr_new(c->arena, GLC_X_CLAM_ONE, GLC_T_BOOL, 1);
    if (one == NULL)
        return NULL;
    one->index = GLC_CLAM_MOST_SUBS - 1; /* numbers that no pattern has, from the last down */
    for (uint32_t i = 0; i < sub; i++)
        one->index -= s->compares[i];
    one->kid[0] = x;
    return one;
}

/* `y of them`, where some are no bodies. */
static struct glc_expr *some_expressions(const struct glc_clam *c, const struct glc_expr *x, struct subs *s)
{
    struct glc_expr *of = glc_expr_new(c->arena, GLC_X_OF_EXPRS, GLC_T_BOOL, x->u.of.n + 1);
    if (of == NULL)
        return NULL;
    of->u.of.quant = x->u.of.quant;
    of->line = x->line;
    of->column = x->column;
    of->kid[0] = x->kid[0];
    for (uint32_t i = 0; i < x->u.of.n; i++)
        if ((of->kid[i + 1] = leaf(c, x->u.of.set[i], false, s)) == NULL)
            return NULL;
    return of;
}

/* From numbers of subsignatures to patterns, with what is no body put in. As deep as groups are nested. NULL:
 * told, or the arena is exhausted. */
static struct glc_expr *resolve(const struct glc_clam *c, struct glc_expr *x, bool counted, struct subs *s)
{
    counted |= x->op == GLC_X_CLAM_COUNT;
    if (x->op == GLC_X_FOUND && s->own[x->index] != NULL)
        return leaf(c, x->index, counted, s);
    if (x->op == GLC_X_FOUND) {
        x->index = s->pattern_of[x->index];
        return x;
    }
    if (x->op == GLC_X_OF) {
        for (uint32_t i = 0; i < x->u.of.n; i++)
            if (s->own[x->u.of.set[i]] != NULL)
                return some_expressions(c, x, s);
        for (uint32_t i = 0; i < x->u.of.n; i++)
            x->u.of.set[i] = s->pattern_of[x->u.of.set[i]];
        return x;
    }
    for (uint32_t i = 0; i < x->kids; i++)
        if ((x->kid[i] = resolve(c, x->kid[i], counted, s)) == NULL)
            return NULL;
    return x;
}

static uint32_t count_nodes(const struct glc_expr *x)
{
    uint32_t n = 1;
    for (uint32_t i = 0; i < x->kids && n <= MOST_NODES; i++)
        n += count_nodes(x->kid[i]);
    return n;
}

static void look_at(struct glc_expr *compare, uint32_t pattern)
{
    if (compare->op == GLC_X_COUNT || compare->op == GLC_X_OFFSET)
        compare->index = pattern;
    for (uint32_t i = 0; i < compare->kids; i++)
        look_at(compare->kid[i], pattern);
}

static struct glc_expr *read_regex(const struct glc_clam *c, struct glc_span field, uint32_t number,
                                   const struct glc_clam_tdb *tdb, struct subs *s)
{
    struct glc_pattern *p = &s->pattern[s->patterns];
    struct glc_span trigger;
    if (!regex(c, field, tdb, p, &trigger))
        return NULL;
    struct glc_expr *when = glc_clam_trigger(c, trigger, number);
    struct glc_expr *found = glc_expr_new(c->arena, GLC_X_FOUND, GLC_T_BOOL, 0);
    struct glc_expr *x = glc_expr_new(c->arena, GLC_X_CLAM_WHEN, GLC_T_BOOL, 2);
    if (when == NULL || found == NULL || x == NULL || (when = resolve(c, when, false, s)) == NULL)
        return NULL;
    s->pattern_of[number] = s->patterns++;
    found->index = s->pattern_of[number];
    x->kid[0] = when;
    x->kid[1] = found;
    x->line = found->line = c->line;
    x->column = found->column = (uint32_t)(field.ptr - c->text.ptr) + 1;
    return x;
}

/* Byte compares look at a body: earlier, in every database there is; where a later one is meant its number is
 * not known yet. */
static struct glc_expr *read_compare(const struct glc_clam *c, struct glc_span field, uint32_t n,
                                     const uint32_t *pattern_of, const struct glc_span *all)
{
    uint32_t of;
    struct glc_expr *x = glc_clam_compare(c, field, &of);
    if (x == NULL)
        return NULL;
    if (of >= n || is_compare(all[of])) {
        (void)glc_clam_wrong(c, field.ptr, "byte compare looks at a body, and there is none of this number");
        return NULL;
    }
    if (is_pcre(all[of])) { /* what a regular expression finds has no place for it: measured */
        (void)glc_clam_tell(c, GLC_WARNING, field.ptr, field.len,
                            "byte compare of a regular expression never holds",
                            "clamscan 1.4.6 reads it like this");
        return glc_expr_bool(c->arena, false);
    }
    look_at(x, pattern_of[of]);
    return x;
}

static bool read_subs(const struct glc_clam *c, const struct glc_span *field, uint32_t n,
                      const struct glc_clam_tdb *tdb, struct subs *s)
{
    *s = (struct subs){ .pattern = glc_arena_array(c->arena, n, sizeof *s->pattern) };
    if (s->pattern == NULL)
        return false;
    /* Numbers first: a byte compare may stand before the body that it looks at. */
    for (uint32_t i = 0, at = 0; i < n; i++)
        s->pattern_of[i] = is_compare(field[i]) ? UINT32_MAX : at++;
    for (uint32_t i = 0; i < n; i++) {
        s->compares[i] = is_compare(field[i]);
        struct glc_pattern *p = &s->pattern[s->patterns];
        if (!s->compares[i]) {
            p->id = number_name(i);
            p->line = c->line;
            p->unreferenced = true;
        }
        if (s->compares[i])
            s->own[i] = read_compare(c, field[i], n, s->pattern_of, field);
        else if (is_pcre(field[i]))
            s->own[i] = read_regex(c, field[i], i, tdb, s);
        else if (!subsignature(c, field[i], tdb, p))
            return false;
        else
            s->patterns++;
        if ((s->compares[i] || is_pcre(field[i])) && s->own[i] == NULL)
            return false;
        s->size[i] = s->own[i] != NULL ? count_nodes(s->own[i]) : 1;
    }
    return true;
}

static struct glc_expr *with_demands(struct glc_arena *a, const struct glc_clam_tdb *tdb, struct glc_expr *x)
{
    struct glc_expr *kid[1 + sizeof tdb->demand / sizeof tdb->demand[0]];
    memcpy(kid, tdb->demand, tdb->demands * sizeof kid[0]);
    kid[tdb->demands] = x;
    return glc_expr_join(a, GLC_X_AND, kid, tdb->demands + 1);
}

enum glc_clam_end glc_clam_logical_line(struct glc_clam *c)
{
    struct glc_span field[MOST_FIELDS];
    size_t n = split(c->text, field, MOST_FIELDS);
    if (n <= FIXED) {
        (void)glc_clam_wrong(c, c->text.ptr + c->text.len,
                             "cut short: NAME;TARGET;EXPRESSION;SUBSIGNATURES is wanted");
        return GLC_CLAM_REFUSED;
    }
    if (n > MOST_FIELDS) {
        (void)glc_clam_wrong(c, field[MOST_FIELDS - 1].ptr + field[MOST_FIELDS - 1].len,
                             "more than 64 subsignatures");
        return GLC_CLAM_REFUSED;
    }
    uint32_t subs = (uint32_t)n - FIXED;
    struct glc_clam_tdb tdb;
    if (!glc_clam_name(c, field[0]))
        return GLC_CLAM_REFUSED;
    enum glc_clam_end end = glc_clam_tdb(c, field[1], &tdb);
    if (end != GLC_CLAM_TAKEN)
        return end;
    struct glc_expr *x = glc_clam_logic(c, field[2], subs);
    struct subs all;
    if (x == NULL || !read_subs(c, field + FIXED, subs, &tdb, &all) ||
        (x = resolve(c, x, false, &all)) == NULL)
        return GLC_CLAM_REFUSED;
    mark_counted(x, false, all.pattern);
    x = with_demands(c->arena, &tdb, x);
    struct glc_rule *r = x == NULL ? NULL : glc_clam_rule(c, field[0]);
    if (r == NULL)
        return GLC_CLAM_REFUSED;
    r->classes = tdb.classes;
    r->pattern = all.pattern;
    r->patterns = all.patterns;
    r->condition = x;
    return GLC_CLAM_TAKEN;
}
