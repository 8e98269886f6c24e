/* The IR as text: S-expressions, one rule a block. Goldens depend on it: change it on purpose only. */
#include "rule/rule.h"

#include <inttypes.h>

static void quoted(struct glc_span s, struct glc_buf *out)
{
    glc_buf_u8(out, '"');
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (c == '"' || c == '\\')
            glc_buf_printf(out, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            glc_buf_printf(out, "\\x%02x", c);
        else
            glc_buf_u8(out, c);
    }
    glc_buf_u8(out, '"');
}

static void dump_set(const struct glc_expr *x, const struct glc_rule *r, struct glc_buf *out)
{
    static const char *const quant[] = { "all", "any", "none", "at-least", "percent" };
    glc_buf_printf(out, " %s {", quant[x->u.of.quant]);
    for (uint32_t i = 0; i < x->u.of.n; i++) {
        uint32_t p = x->u.of.set[i];
        if (x->op == GLC_X_OF_RULES || r == NULL || p >= r->patterns)
            glc_buf_printf(out, "%s%u", i == 0 ? "" : " ", p);
        else
            glc_buf_printf(out, "%s%s#%u", i == 0 ? "" : " ", r->pattern[p].id, p);
    }
    glc_buf_u8(out, '}');
}

static void dump_pattern(uint32_t p, const struct glc_rule *r, struct glc_buf *out)
{
    if (p == GLC_CURRENT)
        glc_buf_puts(out, " $");
    else if (r != NULL && p < r->patterns)
        glc_buf_printf(out, " %s#%u", r->pattern[p].id, p);
    else
        glc_buf_printf(out, " #%u", p);
}

static const char *text_base(uint32_t read)
{
    uint32_t base = read & GLC_READ_TEXT_BASE;
    return base == GLC_READ_TEXT_HEX ? "hex" : base == GLC_READ_TEXT_AUTO ? "auto" : "decimal";
}

/* What a node says besides its name and kids. */
static void dump_own(const struct glc_expr *x, const struct glc_rule *r, struct glc_buf *out)
{
    static const char *const facts[GLC_FACTS] = { "filesize", "entrypoint", "sections",
                                                  "class",    "container",  "depth",
                                                  "path",     "clam-entry", "around" };
    switch ((unsigned)x->op) {
    case GLC_X_BOOL:
        glc_buf_puts(out, x->u.integer != 0 ? " true" : " false");
        break;
    case GLC_X_INT:
        glc_buf_printf(out, " %" PRId64, x->u.integer);
        break;
    case GLC_X_FLOAT:
        glc_buf_printf(out, " %.17g", x->u.real);
        break;
    case GLC_X_STRING:
        glc_buf_u8(out, ' ');
        quoted(x->u.text, out);
        break;
    case GLC_X_REGEX:
        glc_buf_puts(out, " <");
        glc_re_dump(x->u.regex.re, out);
        glc_buf_u8(out, '>');
        break;
    case GLC_X_UNDEFINED:
        glc_buf_printf(out, " %s", glc_type_name(x->type));
        break;
    case GLC_X_FACT:
        glc_buf_printf(out, " %s", x->index < GLC_FACTS ? facts[x->index] : "?");
        break;
    case GLC_X_READ:
        if (x->index < GLC_READS)
            glc_buf_printf(out, " %s", glc_read_name(x->index));
        else
            glc_buf_printf(out, " text %s%s%s %u", text_base(x->index),
                           (x->index & GLC_READ_TEXT_LITTLE) != 0 ? " little" : "",
                           (x->index & GLC_READ_TEXT_EXACT) != 0 ? " exact" : "",
                           x->index & GLC_READ_TEXT_LEN);
        break;
    case GLC_X_FOUND:
    case GLC_X_FOUND_AT:
    case GLC_X_FOUND_IN:
    case GLC_X_COUNT:
    case GLC_X_COUNT_IN:
    case GLC_X_OFFSET:
    case GLC_X_LENGTH:
        dump_pattern(x->index, r, out);
        break;
    case GLC_X_OF:
    case GLC_X_OF_AT:
    case GLC_X_OF_IN:
    case GLC_X_OF_RULES:
    case GLC_X_OF_EXPRS:
    case GLC_X_FOR_OF:
        dump_set(x, r, out);
        break;
    case GLC_X_FOR_RANGE:
    case GLC_X_FOR_LIST:
    case GLC_X_FOR_ARRAY:
    case GLC_X_FOR_DICT: {
        static const char *const quant[] = { "all", "any", "none", "at-least", "percent" };
        glc_buf_printf(out, " %s v%u", quant[x->u.of.quant], x->index);
        break;
    }
    case GLC_X_VAR:
    case GLC_X_WITH:
        glc_buf_printf(out, " v%u", x->index);
        break;
    case GLC_X_EXTERN:
    case GLC_X_RULE:
    case GLC_X_MODULE:
    case GLC_X_MEMBER:
    case GLC_X_CALL:
        glc_buf_printf(out, " %u", x->index);
        break;
    case GLC_X_CLAM_COUNT: {
        static const char *const cmp[] = { "=", ">", "<" };
        glc_buf_printf(out, " %s%u", cmp[x->index % 3], x->u.count.x);
        if (x->u.count.distinct != 0)
            glc_buf_printf(out, ",%u", x->u.count.distinct);
        break;
    }
    default:
        break;
    }
}

void glc_expr_dump(const struct glc_expr *x, const struct glc_rule *r, struct glc_buf *out)
{
    if (x == NULL) {
        glc_buf_puts(out, "(null)");
        return;
    }
    glc_buf_printf(out, "(%s", glc_expr_op_name(x->op));
    dump_own(x, r, out);
    for (uint32_t i = 0; i < x->kids; i++) {
        glc_buf_u8(out, ' ');
        glc_expr_dump(x->kid[i], r, out);
    }
    glc_buf_u8(out, ')');
}

static void dump_anchor(const struct glc_anchor *a, struct glc_buf *out)
{
    static const char *const kinds[] = { "",        "start",        "end-",       "entry",       "entrypoint",
                                         "section", "last-section", "in-section", "version-info" };
    if (a->kind == GLC_ANYWHERE)
        return;
    glc_buf_printf(out, " @%s", kinds[a->kind]);
    if (a->kind == GLC_FROM_SECTION || a->kind == GLC_IN_SECTION)
        glc_buf_printf(out, " %u", a->section);
    if (a->kind != GLC_IN_SECTION && a->kind != GLC_IN_VERSION_INFO)
        glc_buf_printf(out, "%+" PRId64, a->offset);
    if (a->shift != 0)
        glc_buf_printf(out, "..+%u", a->shift);
}

static void dump_one_pattern(const struct glc_pattern *p, struct glc_buf *out)
{
    glc_buf_printf(out, "  (pattern %s", p->id);
    if (p->extent == GLC_LONGEST)
        glc_buf_puts(out, " longest");
    if (p->hidden)
        glc_buf_puts(out, " private");
    if (p->count_ends)
        glc_buf_puts(out, " count-ends");
    if (p->any_word)
        glc_buf_puts(out, " any-word");
    dump_anchor(&p->anchor, out);
    if (p->variants == 0) {
        static const char letters[] = "ismxAEUgre";
        glc_buf_puts(out, "\n    pcre ");
        quoted(p->pcre, out);
        glc_buf_u8(out, ' ');
        for (unsigned i = 0; i < sizeof letters - 1; i++)
            if ((p->pcre_options >> i & 1) != 0)
                glc_buf_u8(out, (uint8_t)letters[i]);
    }
    for (uint32_t i = 0; i < p->variants; i++) {
        const struct glc_variant *v = &p->variant[i];
        glc_buf_puts(out, "\n    ");
        if (v->wide)
            glc_buf_puts(out, "wide ");
        if (v->fullword)
            glc_buf_puts(out, "fullword ");
        if (v->xored)
            glc_buf_printf(out, v->through ? "xor=%02x through " : "xor=%02x ", v->key);
        glc_re_dump(v->re, out);
    }
    glc_buf_puts(out, ")\n");
}

static void dump_meta(const struct glc_meta *m, struct glc_buf *out)
{
    glc_buf_printf(out, "  (meta %s ", m->key);
    switch ((unsigned)m->type) {
    case GLC_T_STRING:
        quoted(m->u.text, out);
        break;
    case GLC_T_BOOL:
        glc_buf_puts(out, m->u.integer != 0 ? "true" : "false");
        break;
    case GLC_T_FLOAT:
        glc_buf_printf(out, "%.17g", m->u.real);
        break;
    default:
        glc_buf_printf(out, "%" PRId64, m->u.integer);
        break;
    }
    glc_buf_puts(out, ")\n");
}

void glc_rule_dump(const struct glc_rule *r, struct glc_buf *out)
{
    static const char *const languages[] = { "yara", "clam", "hash" };
    glc_buf_printf(out, "(rule %s:%s %s", r->space, r->name, languages[r->language]);
    if (r->is_private)
        glc_buf_puts(out, " private");
    if (r->is_global)
        glc_buf_puts(out, " global");
    if (r->classes != GLC_CLASS_ALL) {
        glc_buf_puts(out, " [");
        bool first = true;
        for (unsigned c = 0; c < GLC_CLASSES; c++) {
            if ((r->classes & GLC_CLASS_BIT(c)) == 0)
                continue;
            glc_buf_printf(out, "%s%s", first ? "" : " ", glc_class_name((enum glc_class)c));
            first = false;
        }
        glc_buf_u8(out, ']');
    }
    for (uint32_t i = 0; i < r->tags; i++)
        glc_buf_printf(out, " :%s", r->tag[i]);
    glc_buf_u8(out, '\n');
    for (size_t i = 0; i < r->metas; i++)
        dump_meta(&r->meta[i], out);
    for (uint32_t i = 0; i < r->patterns; i++)
        dump_one_pattern(&r->pattern[i], out);
    glc_buf_puts(out, "  ");
    glc_expr_dump(r->condition, r, out);
    glc_buf_puts(out, ")\n");
}

void glc_ruleset_dump(const struct glc_ruleset *set, struct glc_buf *out)
{
    static const char *const of[] = { "file", "section", "imports" };
    for (size_t i = 0; i < set->externals; i++)
        glc_buf_printf(out, "(extern %zu %s %s)\n", i, set->external[i].name,
                       glc_type_name(set->external[i].type));
    for (size_t i = 0; i < set->rules; i++)
        glc_rule_dump(set->rule[i], out);
    for (size_t i = 0; i < set->hashes; i++) {
        const struct glc_hash_sig *h = &set->hash[i];
        glc_buf_printf(out, "(%s %s of %s ", h->allow != 0 ? "allow" : "hash",
                       (const char *)set->names.ptr + h->name, of[h->of % 3]);
        for (size_t k = 0; k < glc_digest_len((enum glc_digest_alg)h->alg); k++)
            glc_buf_printf(out, "%02x", h->digest[k]);
        if (h->size == GLC_ANY_SIZE)
            glc_buf_puts(out, " *)\n");
        else
            glc_buf_printf(out, " %" PRIu64 ")\n", h->size);
    }
}
