/* Lock files of language packages: package-lock.json, yarn.lock, pnpm-lock.yaml (npm); requirements*.txt,
 * poetry.lock, uv.lock, Pipfile.lock, dist-info METADATA (PyPI); pom.xml, gradle.lockfile (Maven); go.mod,
 * go.sum (Go); Cargo.lock. Only names of packages are facts, never words elsewhere in the file. A component
 * of another's program is embedded. */
#include "audit/collect.h"

#include <jansson.h>

static void package(struct glc_audit *a, const char *ecosystem, struct glc_span name, const char *path)
{
    char *n = glc_audit_text(a, name, 256);
    if (n == NULL || n[0] == '\0')
        return;
    if (strcmp(ecosystem, "pypi") == 0) /* PEP 503: runs of - _ . are one dash */
        for (char *p = n; *p != '\0'; p++)
            *p = *p == '_' || *p == '.' ? '-' : *p;
    glc_audit_fact(a, &(struct glc_fact){ .kind = GLC_FACT_PACKAGE,
                                          .value = n,
                                          .ecosystem = ecosystem,
                                          .where = path,
                                          .inside = path,
                                          .embedded = true });
}

/* packages: {"node_modules/NAME": …} of version 2 and 3, dependencies: {NAME: {…}} of version 1, which nests.
 */
static void npm(struct glc_audit *a, const json_t *o, const char *path, int depth)
{
    const char *key;
    json_t *member;
    if (depth == 64)
        return;
    json_object_foreach(json_object_get(o, "packages"), key, member)
    {
        const char *name = key;
        for (const char *p = key; (p = strstr(p, "node_modules/")) != NULL;)
            name = p += 13;
        package(a, "npm", glc_span_str(name), path);
    }
    json_object_foreach(json_object_get(o, "dependencies"), key, member)
    {
        package(a, "npm", glc_span_str(key), path);
        npm(a, member, path, depth + 1);
    }
}

static void pipfile(struct glc_audit *a, const json_t *o, const char *path)
{
    const char *key;
    json_t *member;
    json_object_foreach(json_object_get(o, "default"), key, member)
        package(a, "pypi", glc_span_str(key), path);
    json_object_foreach(json_object_get(o, "develop"), key, member)
        package(a, "pypi", glc_span_str(key), path);
}

static void json_lock(struct glc_audit *a, enum glc_lock lock, const char *path, struct glc_span text)
{
    json_error_t why;
    json_t *o = json_loadb((const char *)text.ptr, text.len, 0, &why);
    if (o == NULL)
        glc_audit_gap(a, path, "the lock file is not JSON: line %d", why.line);
    else if (lock == GLC_LOCK_NPM)
        npm(a, o, path, 0);
    else
        pipfile(a, o, path);
    json_decref(o);
}

/* The part of the line up to the first of `ends`. */
static struct glc_span word(struct glc_span line, const char *ends)
{
    size_t n = 0;
    while (n < line.len && strchr(ends, line.ptr[n]) == NULL)
        n++;
    return glc_span(line.ptr, n);
}

/* yarn: "@scope/name@^1.0.0", … at the start of a line; a quote may open it. */
static void yarn(struct glc_audit *a, struct glc_span line, const char *path)
{
    if (line.len < 3 || line.ptr[0] == ' ' || line.ptr[0] == '#')
        return;
    if (line.ptr[0] == '"')
        line = glc_span_sub(line, 1, line.len);
    size_t n = line.len != 0 && line.ptr[0] == '@';
    while (n < line.len && line.ptr[n] != '@')
        n++;
    package(a, "npm", glc_span(line.ptr, n), path);
}

/* pnpm: "  /@scope/name@1.0.0:" or "  '@scope/name@1.0.0':". */
static void pnpm(struct glc_audit *a, struct glc_span line, const char *path)
{
    line = glc_span_trim(line);
    while (line.len != 0 && (line.ptr[0] == '\'' || line.ptr[0] == '"' || line.ptr[0] == '/'))
        line = glc_span_sub(line, 1, line.len);
    if (line.len < 4 || line.ptr[line.len - 1] != ':')
        return;
    size_t n = line.ptr[0] == '@';
    while (n < line.len && line.ptr[n] != '@' && line.ptr[n] != ':' && line.ptr[n] != '\'')
        n++;
    package(a, "npm", glc_span(line.ptr, n), path);
}

/* TOML of poetry, uv and Cargo: name = "…" below [[package]]. */
static void toml(struct glc_audit *a, const char *ecosystem, struct glc_span line, const char *path)
{
    if (!glc_span_starts(line, glc_span_str("name = \"")))
        return;
    package(a, ecosystem, word(glc_span_sub(line, 8, line.len), "\""), path);
}

/* <groupId>G</groupId> then <artifactId>A</artifactId>, as every pom writes a dependency. */
static void pom(struct glc_audit *a, struct glc_span text, const char *path)
{
    char *group = NULL;
    for (;;) {
        size_t g = glc_span_find(text, glc_span_str("<groupId>")),
               i = glc_span_find(text, glc_span_str("<artifactId>"));
        size_t at = g < i ? g : i;
        if (at == SIZE_MAX)
            return;
        text = glc_span_sub(text, at + (g < i ? 9 : 12), text.len);
        char *name = glc_audit_text(a, glc_span_trim(word(text, "<")), 200);
        if (g < i) {
            group = name;
        } else if (group != NULL && name != NULL) {
            char *both = glc_arena_printf(&a->scratch, "%s:%s", group, name);
            if (both != NULL)
                package(a, "maven", glc_span_str(both), path);
        }
    }
}

static void line_lock(struct glc_audit *a, enum glc_lock lock, struct glc_span line, const char *path)
{
    struct glc_span v;
    switch (lock) {
    case GLC_LOCK_YARN:
        yarn(a, line, path);
        break;
    case GLC_LOCK_PNPM:
        pnpm(a, line, path);
        break;
    case GLC_LOCK_REQUIREMENTS:
        line = glc_span_trim(line);
        if (line.len != 0 && line.ptr[0] != '#' && line.ptr[0] != '-')
            package(a, "pypi", word(line, " =<>!~[;@#"), path);
        break;
    case GLC_LOCK_TOML:
        toml(a, "pypi", line, path);
        break;
    case GLC_LOCK_CARGO:
        toml(a, "cargo", line, path);
        break;
    case GLC_LOCK_METADATA:
        if (glc_line_value(line, "Name", &v))
            package(a, "pypi", v, path);
        break;
    case GLC_LOCK_GRADLE:
        v = word(line, "=");
        if (v.len != 0 && v.ptr[0] != '#') {
            size_t n = 0, colons = 0;
            while (n < v.len && (colons += v.ptr[n] == ':') < 2)
                n++;
            package(a, "maven", glc_span(v.ptr, n), path);
        }
        break;
    case GLC_LOCK_GO:
        line = glc_span_trim(line);
        if (glc_span_starts(line, glc_span_str("require ")))
            line = glc_span_trim(glc_span_sub(line, 8, line.len));
        v = word(line, " \t");
        if (memchr(v.ptr, '/', v.len) != NULL && !glc_span_starts(v, glc_span_str("//")))
            package(a, "golang", v, path);
        break;
    case GLC_LOCK_NONE:
    case GLC_LOCK_NPM:
    case GLC_LOCK_PIPFILE:
    case GLC_LOCK_POM:
        break;
    }
}

void glc_take_locks(struct glc_audit *a, const char *path, struct glc_span text)
{
    enum glc_lock lock = glc_lock_of(path);
    struct glc_span line;
    if (lock == GLC_LOCK_NPM || lock == GLC_LOCK_PIPFILE)
        json_lock(a, lock, path, text);
    else if (lock == GLC_LOCK_POM)
        pom(a, text, path);
    else
        while (glc_line_next(&text, &line))
            if (line.len != 0)
                line_lock(a, lock, line, path);
}
