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
    if (sub.len != 0 && memchr(sub.ptr, '/', sub.len) != NULL)
        return "regular expressions (PCRE) are not supported yet";
    return NULL;
}

static bool is_compare(struct glc_span sub)
{
    return other_kind(sub) == NULL && sub.len != 0 && memchr(sub.ptr, '#', sub.len) != NULL;
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
    const uint8_t *colon = sub.len == 0 ? NULL : memchr(sub.ptr, ':', sub.len);
    p->line = c->line;
    p->anchor.kind = GLC_ANYWHERE;
    if (colon != NULL) {
        struct glc_span offset = glc_span(sub.ptr, (size_t)(colon - sub.ptr));
        if (!glc_clam_offset(c, offset, tdb->target, &p->anchor))
            return false;
        sub = glc_span(colon + 1, sub.len - offset.len - 1);
    }
    return glc_clam_body(c, sub, &mod, p);
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

/* Bodies with jumps are counted by their last part. As deep as groups are nested. */
static void mark_counted(const struct glc_expr *x, bool counted, struct glc_pattern *pattern)
{
    counted |= x->op == GLC_X_CLAM_COUNT;
    if (x->op == GLC_X_FOUND && counted && has_jump(&pattern[x->index]))
        pattern[x->index].count_ends = true;
    for (uint32_t i = 0; i < x->kids; i++)
        mark_counted(x->kid[i], counted, pattern);
}

/* Subsignatures are bodies, which become patterns, or byte compares, which become conditions. */
struct subs {
    struct glc_pattern *pattern;
    uint32_t patterns;
    uint32_t pattern_of[GLC_CLAM_MOST_SUBS]; /* UINT32_MAX: none */
    struct glc_expr *compare[GLC_CLAM_MOST_SUBS];
    uint32_t compared[GLC_CLAM_MOST_SUBS]; /* which subsignature it looks at */
};

static void look_at(struct glc_expr *compare, uint32_t pattern)
{
    if (compare->op == GLC_X_COUNT || compare->op == GLC_X_OFFSET)
        compare->index = pattern;
    for (uint32_t i = 0; i < compare->kids; i++)
        look_at(compare->kid[i], pattern);
}

static bool read_subs(const struct glc_clam *c, const struct glc_span *field, uint32_t n,
                      const struct glc_clam_tdb *tdb, uint64_t used, struct subs *s)
{
    *s = (struct subs){ .pattern = glc_arena_array(c->arena, n, sizeof *s->pattern) };
    if (s->pattern == NULL)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        s->pattern_of[i] = UINT32_MAX;
        if (is_compare(field[i])) {
            if ((s->compare[i] = glc_clam_compare(c, field[i], &s->compared[i])) == NULL)
                return false;
            continue;
        }
        struct glc_pattern *p = &s->pattern[s->patterns];
        p->id = number_name(i);
        p->unreferenced = (used >> i & 1) == 0;
        if (!subsignature(c, field[i], tdb, p))
            return false;
        s->pattern_of[i] = s->patterns++;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (s->compare[i] == NULL)
            continue;
        if (s->compared[i] >= n || s->compare[s->compared[i]] != NULL)
            return glc_clam_wrong(c, field[i].ptr,
                                  "byte compare looks at a body, and there is none of this number");
        uint32_t p = s->pattern_of[s->compared[i]];
        s->pattern[p].unreferenced = false;
        look_at(s->compare[i], p);
    }
    return true;
}

/* From numbers of subsignatures to patterns, with the byte compares put in. As deep as groups are nested.
 * NULL: told. */
static struct glc_expr *resolve(const struct glc_clam *c, struct glc_expr *x, bool counted,
                                const struct subs *s)
{
    bool compares = false;
    counted |= x->op == GLC_X_CLAM_COUNT;
    if (x->op == GLC_X_FOUND && s->compare[x->index] != NULL && !counted)
        return s->compare[x->index];
    if (x->op == GLC_X_FOUND)
        compares = s->compare[x->index] != NULL;
    for (uint32_t i = 0; x->op == GLC_X_OF && i < x->u.of.n; i++) {
        compares |= s->compare[x->u.of.set[i]] != NULL;
        x->u.of.set[i] = s->pattern_of[x->u.of.set[i]];
    }
    if (compares) {
        (void)glc_clam_tell(c, GLC_NOT_TAKEN, NULL, 0, "counting a byte compare is not supported yet", NULL);
        return NULL;
    }
    if (x->op == GLC_X_FOUND)
        x->index = s->pattern_of[x->index];
    for (uint32_t i = 0; i < x->kids; i++)
        if ((x->kid[i] = resolve(c, x->kid[i], counted, s)) == NULL)
            return NULL;
    return x;
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
    uint64_t used;
    struct glc_expr *x = glc_clam_logic(c, field[2], subs, &used);
    struct subs all;
    if (x == NULL || !read_subs(c, field + FIXED, subs, &tdb, used, &all) ||
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
