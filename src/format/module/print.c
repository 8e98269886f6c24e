#include "format/module/print.h"

#include "base/json.h"

#include <stdio.h>

static void yaml_text(struct glc_span s, struct glc_buf *out)
{
    glc_buf_u8(out, '"');
    for (size_t i = 0; i < s.len;) {
        size_t n = glc_utf8_len(glc_span_sub(s, i, UINT64_MAX));
        uint8_t c = s.ptr[i];
        if (n > 1)
            glc_buf_put(out, s.ptr + i, n);
        else if (n == 0 || c < 0x20 || c == 0x7f)
            glc_buf_printf(out, "\\x%02x", c);
        else if (c == '"' || c == '\\')
            glc_buf_printf(out, "\\%c", c);
        else
            glc_buf_u8(out, c);
        i += n == 0 ? 1 : n;
    }
    glc_buf_u8(out, '"');
}

static void indent(struct glc_buf *out, uint32_t depth)
{
    for (uint32_t i = 0; i < depth; i++)
        glc_buf_puts(out, "  ");
}

/* Is there anything to print? */
static bool has_parts(const struct glc_value *v, const struct glc_field *fields)
{
    if (!v->defined)
        return false;
    if (v->type == GLC_T_ARRAY)
        return v->u.array.n != 0;
    if (v->type == GLC_T_DICT)
        return v->u.dict.n != 0;
    if (v->type != GLC_T_STRUCT)
        return true;
    for (uint32_t i = 0, n = glc_fields_count(fields); i < n; i++)
        if (has_parts(&v->u.member[i], fields[i].member))
            return true;
    return false;
}

static void yaml_scalar(const struct glc_value *v, struct glc_buf *out)
{
    if (v->type == GLC_T_STRING)
        yaml_text(v->u.text, out);
    else if (v->type == GLC_T_FLOAT)
        glc_buf_printf(out, "%.17g", v->u.real);
    else
        glc_buf_printf(out, "%lld", (long long)v->u.integer);
    glc_buf_u8(out, '\n');
}

/* After a key or a dash on the same line: a scalar stays there, parts begin on the next line at `depth`. */
static void yaml_value(const struct glc_value *v, const struct glc_field *fields, uint32_t depth,
                       struct glc_buf *out);

static void yaml_members(const struct glc_value *v, const struct glc_field *fields, uint32_t depth,
                         bool first_here, struct glc_buf *out)
{
    for (uint32_t i = 0, n = glc_fields_count(fields); i < n; i++) {
        if (!has_parts(&v->u.member[i], fields[i].member))
            continue;
        if (!first_here)
            indent(out, depth);
        first_here = false;
        glc_buf_printf(out, "%s:", fields[i].name);
        yaml_value(&v->u.member[i], fields[i].member, depth + 1, out);
    }
}

static void yaml_value(const struct glc_value *v, const struct glc_field *fields, uint32_t depth,
                       struct glc_buf *out)
{
    if (v->type == GLC_T_STRUCT) {
        glc_buf_u8(out, '\n');
        yaml_members(v, fields, depth, false, out);
    } else if (v->type == GLC_T_DICT) {
        glc_buf_u8(out, '\n');
        for (uint32_t i = 0; i < v->u.dict.n; i++) {
            indent(out, depth);
            yaml_text(v->u.dict.entry[i].key, out);
            glc_buf_u8(out, ':');
            yaml_value(&v->u.dict.entry[i].value, fields, depth + 1, out);
        }
    } else if (v->type == GLC_T_ARRAY) {
        glc_buf_u8(out, '\n');
        for (uint32_t i = 0; i < v->u.array.n; i++) {
            const struct glc_value *item = &v->u.array.item[i];
            indent(out, depth);
            glc_buf_puts(out, "- ");
            if (!has_parts(item, fields))
                glc_buf_puts(out, "null\n"); /* keeps the index of those that follow */
            else if (item->type == GLC_T_STRUCT)
                yaml_members(item, fields, depth + 1, true, out);
            else
                yaml_scalar(item, out);
        }
    } else {
        glc_buf_u8(out, ' ');
        yaml_scalar(v, out);
    }
}

/* What a function without arguments gives; undefined: it takes some, or gives nothing. */
static struct glc_value call(const struct glc_function *f, const struct glc_module_ctx *ctx,
                             const struct glc_value *v)
{
    struct glc_value none = { .type = f->result };
    return f->args[0] == '\0' && v->defined ? f->call(ctx, v, NULL) : none;
}

void glc_module_print_yaml(const struct glc_module *m, const struct glc_module_ctx *ctx,
                           const struct glc_value *v, struct glc_buf *out)
{
    bool any = has_parts(v, m->fields);
    glc_buf_printf(out, "%s:", m->name);
    if (any)
        yaml_value(v, m->fields, 1, out);
    for (const struct glc_function *f = m->functions; f != NULL && f->name != NULL; f++) {
        struct glc_value r = call(f, ctx, v);
        if (!r.defined)
            continue;
        glc_buf_printf(out, "%s  %s(): ", any ? "" : "\n", f->name);
        yaml_scalar(&r, out);
        any = true;
    }
    if (!any)
        glc_buf_puts(out, " {}\n");
}

static void json_value(struct glc_json *j, const struct glc_value *v, const struct glc_field *fields);

static void json_named(struct glc_json *j, const char *name, const struct glc_value *v,
                       const struct glc_field *fields)
{
    if (v->type == GLC_T_STRING) {
        glc_json_bytes(j, name, v->u.text);
    } else {
        glc_json_key(j, name);
        json_value(j, v, fields);
    }
}

static void json_members(struct glc_json *j, const struct glc_value *v, const struct glc_field *fields)
{
    for (uint32_t i = 0, n = v->defined ? glc_fields_count(fields) : 0; i < n; i++)
        if (v->u.member[i].defined)
            json_named(j, fields[i].name, &v->u.member[i], fields[i].member);
}

static void json_value(struct glc_json *j, const struct glc_value *v, const struct glc_field *fields)
{
    if (!v->defined) {
        glc_json_null(j);
        return;
    }
    switch (v->type) {
    case GLC_T_BOOL:
    case GLC_T_INT:
        glc_json_int(j, v->u.integer);
        break;
    case GLC_T_FLOAT:
        glc_json_float(j, v->u.real);
        break;
    case GLC_T_STRING:
        glc_json_str(j, v->u.text);
        break;
    case GLC_T_STRUCT:
        glc_json_object(j);
        json_members(j, v, fields);
        glc_json_object_end(j);
        break;
    case GLC_T_ARRAY:
        glc_json_array(j);
        for (uint32_t i = 0; i < v->u.array.n; i++)
            json_value(j, &v->u.array.item[i], fields);
        glc_json_array_end(j);
        break;
    case GLC_T_DICT: /* keys may be any bytes: pairs */
        glc_json_array(j);
        for (uint32_t i = 0; i < v->u.dict.n; i++) {
            glc_json_object(j);
            glc_json_bytes(j, "key", v->u.dict.entry[i].key);
            if (v->u.dict.entry[i].value.type == GLC_T_STRING && v->u.dict.entry[i].value.defined) {
                glc_json_bytes(j, "value", v->u.dict.entry[i].value.u.text);
            } else {
                glc_json_key(j, "value");
                json_value(j, &v->u.dict.entry[i].value, fields);
            }
            glc_json_object_end(j);
        }
        glc_json_array_end(j);
        break;
    case GLC_T_REGEX:
        glc_json_null(j);
        break;
    }
}

void glc_module_print_json(const struct glc_module *m, const struct glc_module_ctx *ctx,
                           const struct glc_value *v, struct glc_buf *out)
{
    struct glc_json j;
    glc_json_init(&j, out);
    glc_json_object(&j);
    json_members(&j, v, m->fields);
    for (const struct glc_function *f = m->functions; f != NULL && f->name != NULL; f++) {
        struct glc_value r = call(f, ctx, v);
        char name[64];
        if (!r.defined || snprintf(name, sizeof name, "%s()", f->name) >= (int)sizeof name)
            continue;
        json_named(&j, name, &r, NULL);
    }
    glc_json_object_end(&j);
    glc_buf_u8(out, '\n');
}

static const char *type_word(enum glc_type t)
{
    return t == GLC_T_INT      ? "integer"
           : t == GLC_T_STRING ? "string"
           : t == GLC_T_FLOAT  ? "float"
           : t == GLC_T_BOOL   ? "boolean"
                               : "struct";
}

static void help_fields(const char *path, const struct glc_field *f, struct glc_buf *out)
{
    for (; f != NULL && f->name != NULL && !f->constant; f++) {
        char name[256];
        const char *kind = f->type == GLC_T_ARRAY ? "[]" : f->type == GLC_T_DICT ? "[key]" : "";
        enum glc_type t = kind[0] == '\0' ? f->type : f->item;
        if (snprintf(name, sizeof name, "%s%s%s%s", path, path[0] == '\0' ? "" : ".", f->name, kind) >=
            (int)sizeof name)
            continue;
        if (f->member == NULL || glc_fields_count(f->member) != 0) /* else a name for constants */
            glc_buf_printf(out, "| `%s` | %s | %s |\n", name, type_word(t), f->help);
        help_fields(name, f->member, out);
    }
}

static void help_functions(const struct glc_function *f, struct glc_buf *out)
{
    static const char letters[] = "ifsrb";
    static const char *const words[] = { "integer", "float", "string", "regex", "boolean" };
    if (f == NULL)
        return;
    glc_buf_puts(out, "\n| function | gives | |\n| --- | --- | --- |\n");
    for (; f->name != NULL; f++) {
        glc_buf_printf(out, "| `%s(", f->name);
        bool first = true;
        for (const char *a = f->args; *a != '\0'; a++) {
            const char *at = strchr(letters, *a);
            if (at == NULL)
                continue; /* the struct that it is called on */
            glc_buf_printf(out, "%s%s", first ? "" : ", ", words[at - letters]);
            first = false;
        }
        glc_buf_printf(out, ")` | %s | %s |\n", type_word(f->result), f->help);
    }
}

static void help_constant(const char *path, const struct glc_field *f, struct glc_buf *out)
{
    const char *dot = path[0] == '\0' ? "" : ".";
    if (f->type == GLC_T_INT)
        glc_buf_printf(out, "`%s%s%s` %lld", path, dot, f->name, (long long)f->value);
    else if (f->type == GLC_T_FLOAT)
        glc_buf_printf(out, "`%s%s%s` %g", path, dot, f->name, f->real);
    else
        glc_buf_printf(out, "`%s%s%s`", path, dot, f->name);
}

/* Those of the module, then those of its structs (`ShowCommand.NORMAL`). */
static void help_constants(const struct glc_field *fields, struct glc_buf *out)
{
    bool any = false;
    for (int nested = 0; nested < 2; nested++)
        for (const struct glc_field *f = fields; f != NULL && f->name != NULL; f++) {
            const struct glc_field *c = nested == 0 ? f : f->member;
            for (; c != NULL && c->name != NULL; c = nested == 0 ? NULL : c + 1) {
                if (!c->constant)
                    continue;
                glc_buf_puts(out, any ? ", " : "\nConstants: ");
                any = true;
                help_constant(nested == 0 ? "" : f->name, c, out);
            }
        }
    if (any)
        glc_buf_puts(out, ".\n");
}

/* Has another module the same fields? */
static bool is_shared(const struct glc_modules *all, const struct glc_module *m)
{
    for (uint32_t i = 0; i < all->n; i++)
        if (all->module[i] != m && all->module[i]->fields == m->fields)
            return true;
    return false;
}

void glc_modules_print_help(const struct glc_modules *all, struct glc_buf *out)
{
    glc_buf_puts(out, "# Modules\n\nWhat conditions may ask of a file. Written by `glacis dump --modules` "
                      "from the tables that the\n"
                      "type checker reads. A fact that a file does not have is undefined.\n");
    for (uint32_t i = 0; i < all->n; i++) {
        const struct glc_module *m = all->module[i];
        glc_buf_printf(out, "\n## %s%s%s%s\n\n%s.\n", m->name, m->dialect == NULL ? "" : " (",
                       m->dialect == NULL ? "" : m->dialect, m->dialect == NULL ? "" : ")", m->help);
        if (m->dialect != NULL && is_shared(all, m)) /* it says how it differs */
            continue;
        if (glc_fields_count(m->fields) != 0) {
            glc_buf_puts(out, "\n| field | type | |\n| --- | --- | --- |\n");
            help_fields("", m->fields, out);
        }
        help_functions(m->functions, out);
        help_constants(m->fields, out);
    }
}
