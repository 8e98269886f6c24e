/* Files and rules: imports, includes, rule heads, meta; and getting on after a broken rule.
 *
 * The grammar in short: file = { import | include | { private | global } rule name [ : tags ] { [meta]
 * [strings] condition } }. A broken rule is skipped up to the next thing that looks like a rule's beginning.
 */
#include "lang/yara/yara.h"

#include "lang/yara/parser.h"

#include <stdio.h>

static struct glc_span name_of(struct glc_yara_parser *p, const char *what)
{
    struct glc_yara_tok t = p->src->tok;
    if (glc_yara_is_keyword(t.kind)) {
        glc_yara_say(p, GLC_ERROR, &t, "choose another name", "'%s' is a keyword, not %s",
                     glc_yara_quote(t.text).text, what);
    } else if (t.kind != GLC_YT_IDENT) {
        glc_yara_expected(p, what, NULL);
    } else if (t.text.len > GLC_YARA_NAME) {
        glc_yara_say(p, GLC_ERROR, &t, NULL, "an identifier of more than %d bytes", GLC_YARA_NAME);
    } else {
        glc_yara_advance(p);
        return t.text;
    }
    return glc_span(NULL, 0);
}

static void modifiers(struct glc_yara_parser *p)
{
    for (;;) {
        struct glc_yara_tok t = p->src->tok;
        if (t.kind != GLC_YT_PRIVATE && t.kind != GLC_YT_GLOBAL)
            return;
        bool *flag = t.kind == GLC_YT_PRIVATE ? &p->rule.is_private : &p->rule.is_global;
        if (*flag && glc_yara_is_x(p))
            glc_yara_say(p, GLC_ERROR, &t, NULL, "modifier '%s' twice", glc_yara_quote(t.text).text);
        *flag = true;
        glc_yara_advance(p);
    }
}

static void tags(struct glc_yara_parser *p)
{
    if (!glc_yara_accept(p, GLC_YT_COLON))
        return;
    do {
        struct glc_yara_tok t = p->src->tok;
        struct glc_span name = name_of(p, "a tag");
        for (size_t i = 0; i < p->tags && !p->failed; i++)
            if (glc_span_is(name, p->rule.tag[i]))
                glc_yara_say(p, GLC_ERROR, &t, NULL, "tag '%s' twice", glc_yara_quote(name).text);
        if (p->failed)
            return;
        const char *copy = glc_arena_strdup(p->a, name);
        const char **slot =
            copy == NULL ? NULL : glc_arena_push(p->a, &p->rule.tag, &p->tags, sizeof(char *));
        if (slot == NULL) {
            glc_yara_nomem(p);
            return;
        }
        *slot = copy;
        p->rule.tags = (uint32_t)p->tags;
    } while (p->src->tok.kind == GLC_YT_IDENT || glc_yara_is_keyword(p->src->tok.kind));
}

/* "text", 12, -12, true, false; 1.5 in YARA-X */
static void meta_value(struct glc_yara_parser *p, struct glc_meta *m)
{
    bool minus = glc_yara_accept(p, GLC_YT_MINUS);
    struct glc_yara_tok t = p->src->tok;
    if (t.kind == GLC_YT_STRING && !minus) {
        m->type = GLC_T_STRING;
        m->u.text = glc_yara_text(p, &t);
    } else if (t.kind == GLC_YT_INT) {
        m->type = GLC_T_INT;
        m->u.integer = minus ? -t.u.integer : t.u.integer;
    } else if (t.kind == GLC_YT_FLOAT && glc_yara_is_x(p)) {
        m->type = GLC_T_FLOAT;
        m->u.real = minus ? -t.u.real : t.u.real;
    } else if ((t.kind == GLC_YT_TRUE || t.kind == GLC_YT_FALSE) && !minus) {
        m->type = GLC_T_BOOL;
        m->u.integer = t.kind == GLC_YT_TRUE;
    } else {
        glc_yara_expected(p, minus ? "a number" : "a value: text, an integer, true or false", NULL);
        return;
    }
    glc_yara_advance(p);
}

static void meta(struct glc_yara_parser *p)
{
    if (!glc_yara_accept(p, GLC_YT_META) || !glc_yara_expect(p, GLC_YT_COLON, "behind 'meta'"))
        return;
    do {
        struct glc_span name = name_of(p, "a meta key");
        if (p->failed || !glc_yara_expect(p, GLC_YT_ASSIGN, "behind the key"))
            return;
        struct glc_meta m = { .key = glc_arena_strdup(p->a, name) };
        meta_value(p, &m);
        if (p->failed)
            return;
        struct glc_meta *slot =
            m.key == NULL ? NULL : glc_arena_push(p->a, &p->rule.meta, &p->metas, sizeof *slot);
        if (slot == NULL) {
            glc_yara_nomem(p);
            return;
        }
        *slot = m;
        p->rule.metas = p->metas;
    } while (p->src->tok.kind == GLC_YT_IDENT);
}

static void condition(struct glc_yara_parser *p)
{
    struct glc_yara_tok t = p->src->tok;
    if (t.kind != GLC_YT_CONDITION) {
        glc_yara_expected(p, "'condition:'",
                          t.kind == GLC_YT_META ? "'meta:' comes first, then 'strings:', then 'condition:'"
                                                : NULL);
        return;
    }
    glc_yara_advance(p);
    if (!glc_yara_expect(p, GLC_YT_COLON, "behind 'condition'"))
        return;
    struct glc_yara_tok at = p->src->tok;
    p->rule.condition = glc_yara_bool_expr(p);
    at.end = p->src->last_end;
    if (p->failed || p->rule.condition == NULL)
        return;
    if (p->src->tok.kind != GLC_YT_RBRACE) {
        glc_yara_expected(p, "'}' or an operator", NULL);
        return;
    }
    glc_yara_check_rule(p, &at);
}

static void begin_rule(struct glc_yara_parser *p)
{
    p->rule = (struct glc_rule){
        .space = p->space, .language = GLC_LANG_YARA, .file = p->src->file, .classes = GLC_CLASS_ALL
    };
    p->rule_name = glc_span(NULL, 0);
    p->in_rule = true;
    p->patterns = p->tags = p->metas = p->vars = 0;
    p->pattern_tok = NULL;
    p->used = NULL;
    p->var = NULL;
    p->depth = p->for_of = 0;
    p->bare_quant = false;
    if (p->id_slots != 0)
        memset(p->id_slot, 0, p->id_slots * sizeof *p->id_slot);
}

static void check_name(struct glc_yara_parser *p, const struct glc_yara_tok *at)
{
    const struct glc_yara_name *n = glc_yara_names_find(p->names, p->space, at->text);
    char hint[300];
    if (n != NULL && n->rule != GLC_YARA_REFUSED) {
        (void)snprintf(hint, sizeof hint, "the first one is in %s:%u", n->file, n->line);
        glc_yara_say(p, GLC_ERROR, at, hint, "a second rule named '%s'", glc_yara_quote(at->text).text);
    } else if (glc_yara_names_is_wild(p->names, p->space, at->text)) {
        glc_yara_say(p, GLC_ERROR, at, "rules of a set stand before the condition that uses it",
                     "'%s' belongs to a set rule* that an earlier condition has used",
                     glc_yara_quote(at->text).text);
    } else {
        uint32_t i;
        for (i = 0; i < p->opt->externals && !glc_span_is(at->text, p->opt->external[i].name); i++)
            ;
        if (i < p->opt->externals)
            glc_yara_say(p, GLC_ERROR, at, NULL, "'%s' is the name of an external variable",
                         glc_yara_quote(at->text).text);
    }
}

static void rule_body(struct glc_yara_parser *p)
{
    modifiers(p);
    while (p->failed && p->src->tok.kind != GLC_YT_END && p->src->tok.kind != GLC_YT_RULE)
        glc_yara_advance(p);
    if (p->failed)
        glc_yara_advance(p); /* so that recovery does not begin with this very rule */
    if (!glc_yara_expect(p, GLC_YT_RULE, NULL))
        return;
    struct glc_yara_tok at = p->src->tok;
    p->rule_name = name_of(p, "a rule's name");
    p->rule.line = at.line;
    if (p->failed)
        return;
    check_name(p, &at);
    tags(p);
    if (!glc_yara_expect(p, GLC_YT_LBRACE, "to open the rule"))
        return;
    meta(p);
    if (glc_yara_accept(p, GLC_YT_STRINGS))
        glc_yara_strings(p);
    if (!p->failed)
        condition(p);
}

static bool take_rule(struct glc_yara_parser *p)
{
    p->rule.name = glc_arena_strdup(p->a, p->rule_name);
    struct glc_rule *r = p->rule.name == NULL ? NULL : glc_ruleset_add(p->set);
    if (r == NULL)
        return glc_yara_nomem(p) != NULL;
    *r = p->rule;
    return true;
}

static void rule(struct glc_yara_parser *p)
{
    begin_rule(p);
    uint32_t number = (uint32_t)p->set->rules;
    rule_body(p);
    p->in_rule = false;
    p->set->seen++;
    bool good = !p->failed && p->rule.condition != NULL && take_rule(p);
    if (p->err != GLC_OK)
        return;
    *(good ? &p->set->taken : &p->set->refused) += 1;
    if (p->rule_name.len != 0 &&
        !glc_yara_names_add(p->names, p->a, p->space, p->rule_name, good ? number : GLC_YARA_REFUSED,
                            p->src->file, p->rule.line))
        glc_yara_nomem(p);
    else if (good)
        glc_yara_advance(p); /* over the '}', when nothing can be blamed on the rule any more */
}

/* Does a rule, import or include begin at the token at hand? The word `rule` stands nowhere else. */
static bool begins_something(const struct glc_yara_parser *p)
{
    struct glc_yara_lex ahead = p->src->lex;
    struct glc_yara_tok t = p->src->tok;
    if (t.kind == GLC_YT_IMPORT || t.kind == GLC_YT_INCLUDE)
        return glc_yara_next(&ahead).kind == GLC_YT_STRING;
    while (t.kind == GLC_YT_PRIVATE || t.kind == GLC_YT_GLOBAL)
        t = glc_yara_next(&ahead);
    return t.kind == GLC_YT_RULE;
}

/* To the next beginning, quietly: p->failed is set and silences the lexer. */
static void recover(struct glc_yara_parser *p)
{
    while (p->src->tok.kind != GLC_YT_END && !begins_something(p))
        glc_yara_advance(p);
    p->failed = false;
}

static void directive(struct glc_yara_parser *p)
{
    bool import = p->src->tok.kind == GLC_YT_IMPORT;
    glc_yara_advance(p);
    struct glc_yara_tok t = p->src->tok;
    if (t.kind != GLC_YT_STRING) {
        glc_yara_expected(p, import ? "a module's name in quotes" : "a file's name in quotes", NULL);
        return;
    }
    if (import)
        (void)glc_yara_import(p, &t);
    else
        glc_yara_include(p, &t);
    if (p->failed && p->err == GLC_OK) {
        p->set->refused++;
        p->failed = false;
    }
    if (p->err == GLC_OK)
        glc_yara_advance(p);
}

void glc_yara_file(struct glc_yara_parser *p)
{
    p->failed = false;
    glc_yara_advance(p);
    while (p->err == GLC_OK) {
        uint64_t refused = p->set->refused;
        enum glc_yara_kind kind = p->src->tok.kind;
        if (kind == GLC_YT_END)
            break;
        if (kind == GLC_YT_IMPORT || kind == GLC_YT_INCLUDE)
            directive(p);
        else if (kind == GLC_YT_RULE || kind == GLC_YT_PRIVATE || kind == GLC_YT_GLOBAL)
            rule(p);
        else
            glc_yara_expected(p, "a rule",
                              kind == GLC_YT_IDENT ? "rules begin with 'rule', 'private' or 'global'" : NULL);
        if (p->failed && p->err == GLC_OK) {
            if (p->set->refused == refused)
                p->set->refused++;
            recover(p);
        }
    }
}

enum glc_err glc_yara_parse(struct glc_ruleset *set, const char *file, const char *space,
                            struct glc_span text, const struct glc_lang_options *opt)
{
    struct glc_yara_source top = { .file = file,
                                   .lex = glc_yara_lex(text, opt->dialect == GLC_DIALECT_YARA_X) };
    struct glc_yara_parser p = { .set = set,
                                 .a = set->arena,
                                 .opt = opt,
                                 .space = space != NULL ? space : "default",
                                 .src = &top,
                                 .names = glc_yara_names_of(set) };
    if (p.names == NULL)
        return GLC_NOMEM;
    glc_yara_file(&p);
    return p.err;
}
