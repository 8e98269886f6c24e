/* A small JSON Schema checker. The schema and the register come from the administrator, not from an attacker,
 * but both are read with caps: values deeper than MAX_DEPTH are refused. */
#include "audit/schema.h"

#include <regex.h>
#include <stdio.h>

enum { MAX_DEPTH = 32, MAX_WHERE = 512 };

struct check {
    const json_t *root;
    const char *file;
    glc_register_fault *fault;
    void *ctx;
    size_t faults;
    char where[MAX_WHERE];
    int depth;
};

static void bad(struct check *c, const char *what)
{
    c->faults++;
    c->fault(c->ctx, c->file, c->where[0] == '\0' ? "/" : c->where, what);
}

static void bad_named(struct check *c, const char *what, const char *name)
{
    char text[256];
    snprintf(text, sizeof text, "%s: %s", what, name);
    bad(c, text);
}

static const json_t *resolve(struct check *c, const json_t *schema)
{
    const char *ref = json_string_value(json_object_get(schema, "$ref"));
    if (ref == NULL)
        return schema;
    const json_t *defs = json_object_get(c->root, "$defs");
    const json_t *to = strncmp(ref, "#/$defs/", 8) == 0 ? json_object_get(defs, ref + 8) : NULL;
    if (to == NULL)
        bad_named(c, "the schema refers to nothing", ref);
    return to;
}

static bool type_is(const char *type, const json_t *v)
{
    return (strcmp(type, "object") == 0 && json_is_object(v)) ||
           (strcmp(type, "array") == 0 && json_is_array(v)) ||
           (strcmp(type, "string") == 0 && json_is_string(v)) ||
           (strcmp(type, "integer") == 0 && json_is_integer(v)) ||
           (strcmp(type, "boolean") == 0 && json_is_boolean(v));
}

static void check_string(struct check *c, const json_t *schema, const json_t *v)
{
    const char *pattern = json_string_value(json_object_get(schema, "pattern"));
    const json_t *least = json_object_get(schema, "minLength");
    if (least != NULL && (json_int_t)json_string_length(v) < json_integer_value(least))
        bad(c, "is empty");
    if (strlen(json_string_value(v)) != json_string_length(v))
        bad(c, "has a NUL");
    regex_t re;
    if (pattern == NULL)
        return;
    if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
        bad_named(c, "the schema's pattern is not an expression", pattern);
        return;
    }
    if (regexec(&re, json_string_value(v), 0, NULL, 0) != 0)
        bad_named(c, "does not have the form", pattern);
    regfree(&re);
}

static void check(struct check *c, const json_t *schema, const json_t *v);

/* One level down, with the step added to the place. */
static void check_child(struct check *c, const json_t *schema, const json_t *v, const char *step)
{
    size_t n = strlen(c->where);
    snprintf(c->where + n, sizeof c->where - n, "/%s", step);
    check(c, schema, v);
    c->where[n] = '\0';
}

static void check_object(struct check *c, const json_t *schema, const json_t *v)
{
    const json_t *properties = json_object_get(schema, "properties");
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(schema, "required"), i,
                       name) if (json_object_get(v, json_string_value(name)) == NULL)
        bad_named(c, "lacks", json_string_value(name));
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)v, key, member)
    {
        const json_t *s = json_object_get(properties, key);
        if (s != NULL)
            check_child(c, s, member, key);
        else if (json_is_false(json_object_get(schema, "additionalProperties")))
            bad_named(c, "has a key that the schema does not know", key);
    }
}

static void check_array(struct check *c, const json_t *schema, const json_t *v)
{
    const json_t *least = json_object_get(schema, "minItems");
    if (least != NULL && (json_int_t)json_array_size(v) < json_integer_value(least))
        bad(c, "has too few items");
    const json_t *items = json_object_get(schema, "items");
    size_t i;
    json_t *item;
    json_array_foreach(v, i, item)
    {
        char step[24];
        snprintf(step, sizeof step, "%zu", i);
        if (items != NULL)
            check_child(c, items, item, step);
    }
}

static bool known_keyword(const char *k)
{
    static const char *const known[] = {
        "$schema",  "title",     "description", "type",    "enum", "required", "properties",          "items",
        "minItems", "minLength", "pattern",     "minimum", "$ref", "$defs",    "additionalProperties"
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(k, known[i]) == 0)
            return true;
    return false;
}

static void check(struct check *c, const json_t *schema, const json_t *v)
{
    if (c->depth == MAX_DEPTH) {
        bad(c, "is nested too deep");
        return;
    }
    schema = resolve(c, schema);
    if (schema == NULL)
        return;
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)schema, key, member) if (!known_keyword(key))
        bad_named(c, "the schema uses a keyword that is not checked", key);
    const char *type = json_string_value(json_object_get(schema, "type"));
    if (type != NULL && !type_is(type, v)) {
        bad_named(c, "is not of the type", type);
        return;
    }
    const json_t *choices = json_object_get(schema, "enum");
    bool found = choices == NULL;
    size_t i;
    json_array_foreach(choices, i, member) found |= json_equal(member, v) != 0;
    if (!found)
        bad(c, "is not one of the values that the schema lists");
    const json_t *least = json_object_get(schema, "minimum");
    if (least != NULL && json_is_integer(v) && json_integer_value(v) < json_integer_value(least))
        bad(c, "is too small");
    c->depth++;
    if (json_is_string(v))
        check_string(c, schema, v);
    else if (json_is_object(v))
        check_object(c, schema, v);
    else if (json_is_array(v))
        check_array(c, schema, v);
    c->depth--;
}

size_t glc_schema_check(const json_t *schema, const json_t *value, const char *file,
                        glc_register_fault *fault, void *ctx)
{
    struct check c = { .root = schema, .file = file, .fault = fault, .ctx = ctx };
    check(&c, schema, value);
    return c.faults;
}
