/* Identifiers: loop variables, modules and all that hangs on them, external variables, rules; in this order.
 */
#include "lang/yara/parser.h"

#include <stdio.h>

static struct glc_yara_value none(void)
{
    return glc_yara_value(NULL);
}

/* Modules that YARA or YARA-X know and that we may lack: rules that use them are not taken, but not wrong. */
static bool is_known(struct glc_span name)
{
    static const char *const known[] = { "console", "crx",   "cuckoo", "dex",  "dotnet", "elf",   "hash",
                                         "lnk",     "macho", "magic",  "math", "msi",    "olecf", "pe",
                                         "string",  "time",  "vba",    "vt",   "zip" };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (glc_span_is(name, known[i]))
            return true;
    return false;
}

/* The module of the name in the file's dialect, or UINT32_MAX. */
static uint32_t find_module(const struct glc_yara_parser *p, struct glc_span name)
{
    return p->opt->modules == NULL
               ? UINT32_MAX
               : glc_modules_find(p->opt->modules, name, glc_yara_is_x(p) ? "yara-x" : NULL);
}

bool glc_yara_import(struct glc_yara_parser *p, const struct glc_yara_tok *tok)
{
    bool here = find_module(p, tok->text) != UINT32_MAX;
    if (!here && !is_known(tok->text)) {
        glc_yara_say(p, GLC_ERROR, tok, NULL, "no module is named '%s'", glc_yara_quote(tok->text).text);
        return false;
    }
    if (!glc_yara_names_import(p->names, p->a, p->space, tok->text))
        glc_yara_nomem(p);
    return !p->failed;
}

/* Copy of a variable's node, for every use stands at its own place. */
static struct glc_yara_value variable(struct glc_yara_parser *p, const struct glc_yara_var *v,
                                      const struct glc_yara_tok *at)
{
    struct glc_yara_value r = v->value;
    r.x = glc_yara_node(p, at, GLC_X_VAR, v->value.x->type, 0);
    if (r.x != NULL)
        r.x->index = v->value.x->index;
    r.name = at->text;
    return r;
}

static struct glc_yara_value module_root(struct glc_yara_parser *p, uint32_t module,
                                         const struct glc_yara_tok *at)
{
    struct glc_yara_value v = glc_yara_value(glc_yara_node(p, at, GLC_X_MODULE, GLC_T_STRUCT, 0));
    if (v.x != NULL)
        v.x->index = module;
    v.module = module;
    v.member = p->opt->modules->module[module]->fields;
    v.name = at->text;
    return v;
}

/* Index of an external in the set, taken over from the options where it is not there yet. */
static bool find_external(struct glc_yara_parser *p, struct glc_span name, uint32_t *index)
{
    struct glc_ruleset *set = p->set;
    for (size_t i = 0; i < set->externals; i++) {
        if (glc_span_is(name, set->external[i].name)) {
            *index = (uint32_t)i;
            return true;
        }
    }
    for (uint32_t i = 0; i < p->opt->externals; i++) {
        if (!glc_span_is(name, p->opt->external[i].name))
            continue;
        struct glc_external *slot = glc_arena_push(p->a, &set->external, &set->externals, sizeof *slot);
        if (slot == NULL) {
            glc_yara_nomem(p);
            return false;
        }
        *slot = p->opt->external[i];
        *index = (uint32_t)(set->externals - 1);
        return true;
    }
    return false;
}

static struct glc_yara_value external(struct glc_yara_parser *p, uint32_t index,
                                      const struct glc_yara_tok *at)
{
    struct glc_expr *x = glc_yara_node(p, at, GLC_X_EXTERN, p->set->external[index].type, 0);
    if (x != NULL)
        x->index = index;
    return glc_yara_value(x);
}

static struct glc_yara_value unknown(struct glc_yara_parser *p, const struct glc_yara_tok *at)
{
    struct glc_yara_quote q = glc_yara_quote(at->text);
    bool module = is_known(at->text) || find_module(p, at->text) != UINT32_MAX;
    char hint[128];
    (void)snprintf(hint, sizeof hint,
                   module ? "write import \"%s\" before the rules"
                          : "an external variable is given with -d %s=VALUE",
                   q.text);
    glc_yara_say(p, GLC_ERROR, at, hint, "unknown identifier '%s'", q.text);
    return none();
}

static struct glc_yara_value base(struct glc_yara_parser *p, const struct glc_yara_tok *at)
{
    for (size_t i = p->vars; i-- > 0;)
        if (glc_span_eq(p->var[i].name, at->text))
            return variable(p, &p->var[i], at);
    if (glc_yara_names_imported(p->names, p->space, at->text)) {
        uint32_t m = find_module(p, at->text);
        if (m != UINT32_MAX)
            return module_root(p, m, at);
        glc_yara_say(p, GLC_NOT_TAKEN, at, NULL, "the module '%s' is not supported",
                     glc_yara_quote(at->text).text);
        return none();
    }
    uint32_t index;
    if (find_external(p, at->text, &index))
        return external(p, index, at);
    const struct glc_yara_name *n = p->failed ? NULL : glc_yara_names_find(p->names, p->space, at->text);
    if (n == NULL && !p->failed && glc_span_eq(at->text, p->rule_name) && !glc_yara_is_x(p)) {
        glc_yara_say(p, GLC_WARNING, at, NULL, "the rule asks for itself: that is always false");
        return glc_yara_value(glc_expr_bool(p->a, false));
    }
    if (n == NULL)
        return p->failed ? none() : unknown(p, at);
    if (n->rule == GLC_YARA_REFUSED) {
        glc_yara_say(p, GLC_NOT_TAKEN, at, NULL, "the rule %s was not taken", glc_yara_quote(at->text).text);
        return none();
    }
    struct glc_expr *x = glc_yara_node(p, at, GLC_X_RULE, GLC_T_BOOL, 0);
    if (x != NULL)
        x->index = n->rule;
    return glc_yara_value(x);
}

static struct glc_yara_value constant(struct glc_yara_parser *p, const struct glc_field *f,
                                      const struct glc_yara_tok *at)
{
    struct glc_expr *x = glc_yara_node(p, at,
                                       f->type == GLC_T_STRING  ? GLC_X_STRING
                                       : f->type == GLC_T_FLOAT ? GLC_X_FLOAT
                                                                : GLC_X_INT,
                                       f->type, 0);
    if (x == NULL)
        return none();
    if (f->type == GLC_T_STRING)
        x->u.text = glc_span_str(f->text);
    else if (f->type == GLC_T_FLOAT)
        x->u.real = f->real;
    else
        x->u.integer = f->value;
    if (f->type == GLC_T_BOOL)
        x->type = GLC_T_INT;
    return glc_yara_value(x);
}

static const char *below(struct glc_yara_parser *p, const char *path, struct glc_span name)
{
    const char *s = glc_arena_printf(p->a, "%s%s%.*s", path, path[0] != '\0' ? "." : "", (int)name.len,
                                     (const char *)name.ptr);
    return s != NULL ? s : glc_yara_nomem(p);
}

/* The function of that name with those arguments, and its number; NULL: there is none. */
static const struct glc_function *overload(const struct glc_yara_parser *p, uint32_t module, const char *path,
                                           const char *types, uint32_t *flat)
{
    const struct glc_function *f = p->opt->modules->module[module]->functions;
    for (*flat = glc_modules_function_base(p->opt->modules, module); f->name != NULL; f++, ++*flat)
        if (strcmp(f->name, path) == 0 && strcmp(f->args[0] == 'o' ? f->args + 1 : f->args, types) == 0)
            return f;
    return NULL;
}

static struct glc_yara_value call(struct glc_yara_parser *p, struct glc_yara_value v, const char *path,
                                  const struct glc_yara_tok *at);

/* Does the module have a function of that dotted name? */
static bool is_function(const struct glc_yara_parser *p, uint32_t module, const char *path)
{
    if (module == UINT32_MAX)
        return false;
    const struct glc_function *f = p->opt->modules->module[module]->functions;
    for (; f != NULL && f->name != NULL; f++)
        if (strcmp(f->name, path) == 0)
            return true;
    return false;
}

/* YARA-X: .len() behind an array or a dictionary */
static struct glc_yara_value length(struct glc_yara_parser *p, struct glc_yara_value v,
                                    const struct glc_yara_tok *at)
{
    if (!glc_yara_expect(p, GLC_YT_LPAREN, "to call the function") ||
        !glc_yara_expect(p, GLC_YT_RPAREN, "behind the arguments"))
        return none();
    struct glc_expr *x = glc_yara_node(p, at, GLC_X_SIZE, GLC_T_INT, 1);
    if (x == NULL)
        return none();
    x->kid[0] = v.x;
    /* Of the module itself an array always exists to YARA-X; of an item that does not exist it does not. */
    const struct glc_expr *of = v.x;
    while (of->op == GLC_X_MEMBER)
        of = of->kid[0];
    x->index = of->op != GLC_X_MODULE;
    struct glc_yara_value r = glc_yara_value(x);
    r.name = at->text;
    return r;
}

/* .name behind a structure */
static struct glc_yara_value member(struct glc_yara_parser *p, struct glc_yara_value v)
{
    struct glc_yara_tok at = p->src->tok;
    if (!glc_yara_is_keyword(at.kind) && !glc_yara_expect(p, GLC_YT_IDENT, "behind '.'"))
        return none();
    if (glc_yara_is_keyword(at.kind))
        glc_yara_advance(p);
    if ((v.x->type == GLC_T_ARRAY || v.x->type == GLC_T_DICT) && glc_yara_is_x(p) &&
        glc_span_is(at.text, "len"))
        return length(p, v, &at);
    if (v.x->type != GLC_T_STRUCT) {
        glc_yara_say(p, GLC_ERROR, &at, v.x->type == GLC_T_ARRAY ? "choose an item first: [0]" : NULL,
                     "%s has no parts", glc_yara_a_type(v.x->type));
        return none();
    }
    const char *path = below(p, v.path, at.text);
    if (path == NULL)
        return none();
    uint32_t index = 0;
    const struct glc_field *f = v.member;
    for (; f != NULL && f->name != NULL && !glc_span_is(at.text, f->name); f++)
        index++;
    if (f == NULL || f->name == NULL) {
        if (is_function(p, v.module, path))
            return call(p, v, path, &at);
        glc_yara_say(p, GLC_ERROR, &at, NULL, "'%s' has no part named '%s'", glc_yara_quote(v.name).text,
                     glc_yara_quote(at.text).text);
        return none();
    }
    /* A value and a function may share their name. */
    if (p->src->tok.kind == GLC_YT_LPAREN && is_function(p, v.module, path))
        return call(p, v, path, &at);
    if (f->constant)
        return constant(p, f, &at);
    struct glc_expr *x = glc_yara_node(p, &at, GLC_X_MEMBER, f->type, 1);
    if (x == NULL)
        return none();
    x->kid[0] = v.x;
    x->index = index;
    return (struct glc_yara_value){
        .x = x, .member = f->member, .item = f->item, .module = v.module, .path = path, .name = at.text
    };
}

/* [index] behind an array or a dictionary */
static struct glc_yara_value item(struct glc_yara_parser *p, struct glc_yara_value v)
{
    struct glc_yara_tok at = p->src->tok;
    if (v.x->type != GLC_T_ARRAY && v.x->type != GLC_T_DICT) {
        glc_yara_say(p, GLC_ERROR, &at, NULL, "'%s' is no array and no dictionary",
                     glc_yara_quote(v.name).text);
        return none();
    }
    bool array = v.x->type == GLC_T_ARRAY;
    glc_yara_advance(p);
    struct glc_yara_tok key_at = p->src->tok;
    struct glc_yara_value key = glc_yara_primary(p);
    key.x = glc_yara_number(p, &key_at, key.x);
    if (key.x == NULL)
        return none();
    key_at.end = p->src->last_end;
    if (key.x->type != (array ? GLC_T_INT : GLC_T_STRING)) {
        glc_yara_say(p, GLC_ERROR, &key_at, NULL,
                     array ? "an array's index is an integer, not %s"
                           : "a dictionary's key is a string, not %s",
                     glc_yara_a_type(key.x->type));
        return none();
    }
    if (array && glc_yara_is_x(p) && key.x->op == GLC_X_INT && key.x->u.integer < 0)
        glc_yara_say(p, GLC_ERROR, &key_at, NULL, "an array's index is not negative");
    if (!glc_yara_expect(p, GLC_YT_RBRACKET, "behind an index"))
        return none();
    struct glc_expr *x = glc_yara_node(p, &at, array ? GLC_X_INDEX : GLC_X_LOOKUP, v.item, 2);
    if (x == NULL)
        return none();
    x->kid[0] = v.x;
    x->kid[1] = key.x;
    v.x = x;
    return v;
}

/* Arguments behind '('; returns their letters in `types`, which holds `room` + 1. */
static bool arguments(struct glc_yara_parser *p, struct glc_expr **arg, char *types, size_t room,
                      size_t *count)
{
    static const char letters[] = {
        [GLC_T_BOOL] = 'b',  [GLC_T_INT] = 'i',    [GLC_T_FLOAT] = 'f', [GLC_T_STRING] = 's',
        [GLC_T_REGEX] = 'r', [GLC_T_STRUCT] = 'o', [GLC_T_ARRAY] = '?', [GLC_T_DICT] = '?'
    };
    size_t n = 0;
    if (!glc_yara_expect(p, GLC_YT_LPAREN, "to call the function"))
        return false;
    bool outer = p->bare_quant;
    p->bare_quant = false;
    while (p->src->tok.kind != GLC_YT_RPAREN && !p->failed) {
        struct glc_yara_tok at = p->src->tok;
        if (n != 0 && !glc_yara_expect(p, GLC_YT_COMMA, "between arguments"))
            return false;
        if (n == room) {
            glc_yara_say(p, GLC_ERROR, &at, NULL, "too many arguments: at most %zu", room);
            return false;
        }
        struct glc_yara_value v = glc_yara_expr(p);
        if (v.x == NULL)
            return false;
        arg[n] = v.x;
        types[n++] = letters[v.x->type];
    }
    p->bare_quant = outer;
    types[n] = '\0';
    *count = n;
    return glc_yara_expect(p, GLC_YT_RPAREN, "behind the arguments");
}

/* "integer, string" for "is" */
static void spell(const char *types, char *out, size_t room)
{
    static const char *const names[] = {
        ['b'] = "boolean", ['i'] = "integer",   ['f'] = "float", ['s'] = "string",
        ['r'] = "regexp",  ['o'] = "structure", ['?'] = "?"
    };
    size_t n = 0;
    out[0] = '\0';
    for (; *types != '\0' && n < room; types++) {
        int w = snprintf(out + n, room - n, "%s%s", n == 0 ? "" : ", ", names[(unsigned char)*types]);
        n += w > 0 ? (size_t)w : 0;
    }
}

static struct glc_yara_value wrong_arguments(struct glc_yara_parser *p, const struct glc_function *f,
                                             const char *path, const char *types,
                                             const struct glc_yara_tok *at)
{
    char given[160], want[80], hint[256];
    int n = snprintf(hint, sizeof hint, "it takes");
    spell(types, given, sizeof given);
    bool first = true;
    for (; f != NULL && f->name != NULL; f++) {
        if (strcmp(f->name, path) != 0 || n < 0 || (size_t)n >= sizeof hint)
            continue;
        spell(f->args[0] == 'o' ? f->args + 1 : f->args, want, sizeof want);
        n += snprintf(hint + n, sizeof hint - (size_t)n, "%s(%s)", first ? " " : " or ", want);
        first = false;
    }
    glc_yara_say(p, GLC_ERROR, at, hint, "wrong arguments for '%s': (%s)", glc_yara_quote(at->text).text,
                 given);
    return none();
}

static struct glc_yara_value call(struct glc_yara_parser *p, struct glc_yara_value v, const char *path,
                                  const struct glc_yara_tok *at)
{
    enum { MOST = 16 };
    struct glc_expr *arg[MOST];
    char types[MOST + 1];
    size_t n;
    if (!arguments(p, arg, types, MOST, &n))
        return none();
    char given[MOST + 1];
    uint32_t flat;
    const struct glc_function *f = overload(p, v.module, path, types, &flat);
    memcpy(given, types, n + 1);
    for (size_t i = 0; f == NULL && !glc_yara_is_x(p) && i < n; i++) {
        arg[i] = glc_yara_number(p, at, arg[i]);
        if (arg[i] == NULL)
            return none();
        types[i] = arg[i]->type == GLC_T_INT ? 'i' : types[i];
    }
    if (f == NULL)
        f = overload(p, v.module, path, types, &flat);
    if (f == NULL)
        return wrong_arguments(p, p->opt->modules->module[v.module]->functions, path, given, at);
    bool own = f->args[0] == 'o';
    struct glc_expr *x = glc_yara_node(p, at, GLC_X_CALL, f->result, (uint32_t)n + (own ? 1 : 0));
    if (x == NULL)
        return none();
    x->index = flat;
    if (own)
        x->kid[0] = v.x;
    if (n != 0)
        memcpy(x->kid + (own ? 1 : 0), arg, n * sizeof arg[0]);
    struct glc_yara_value r = glc_yara_value(x);
    r.name = at->text;
    return r;
}

struct glc_yara_value glc_yara_identifier(struct glc_yara_parser *p)
{
    struct glc_yara_tok at = p->src->tok;
    glc_yara_advance(p);
    struct glc_yara_value v = base(p, &at);
    while (v.x != NULL && !p->failed) {
        if (glc_yara_accept(p, GLC_YT_DOT)) {
            v = member(p, v);
        } else if (p->src->tok.kind == GLC_YT_LBRACKET) {
            v = item(p, v);
        } else if (p->src->tok.kind == GLC_YT_LPAREN) {
            glc_yara_say(p, GLC_ERROR, &p->src->tok, NULL, "'%s' is no function",
                         glc_yara_quote(v.name.len != 0 ? v.name : at.text).text);
            return none();
        } else {
            break;
        }
    }
    return p->failed ? none() : v;
}
