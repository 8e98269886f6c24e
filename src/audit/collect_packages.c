/* Package databases that are plain text or paths: apk's installed file (apk(5): lines "P:name", "V:version",
 * "m:maintainer", a blank line ends a package), pacman's desc files ("%NAME%" then lines), and the folders of
 * flatpak and snap. */
#include "audit/collect.h"

static void package(struct glc_audit *a, const char *ecosystem, struct glc_span name, struct glc_span version,
                    struct glc_span supplier, const char *path)
{
    char *n = glc_audit_text(a, name, 256), *v = glc_audit_text(a, version, 256),
         *s = glc_audit_text(a, supplier, 250);
    if (n == NULL || v == NULL || s == NULL || n[0] == '\0')
        return;
    glc_audit_fact(
        a, &(struct glc_fact){
               .kind = GLC_FACT_PACKAGE, .value = n, .ecosystem = ecosystem, .version = v, .where = path });
    glc_audit_supplier(a, s, n, path, GLC_FACT_PRESENT, false);
}

void glc_take_apk(struct glc_audit *a, const char *path, struct glc_span text)
{
    struct glc_span line, name = { 0 }, version = { 0 }, maintainer = { 0 }, v;
    bool whole = text.len == 0 || text.ptr[text.len - 1] == '\n', garbage = false;
    a->seen.apk = true;
    while (glc_line_next(&text, &line)) {
        if (line.len == 0) {
            package(a, "apk", name, version, maintainer, path);
            name = version = maintainer = glc_span(NULL, 0);
        } else if (line.len < 2 || line.ptr[1] != ':') {
            garbage = true;
        } else if (glc_line_value(line, "P", &v)) {
            name = v;
        } else if (glc_line_value(line, "V", &v)) {
            version = v;
        } else if (glc_line_value(line, "m", &v)) {
            maintainer = v;
        }
    }
    package(a, "apk", name, version, maintainer, path);
    if (garbage || !whole)
        glc_audit_gap(a, path, "the apk database is damaged%s", whole ? "" : ": it ends inside a line");
}

void glc_take_pacman(struct glc_audit *a, const char *path, struct glc_span text)
{
    struct glc_span line, name = { 0 }, version = { 0 }, packager = { 0 };
    a->seen.pacman = true;
    while (glc_line_next(&text, &line)) {
        struct glc_span *to = glc_span_is(line, "%NAME%")       ? &name
                              : glc_span_is(line, "%VERSION%")  ? &version
                              : glc_span_is(line, "%PACKAGER%") ? &packager
                                                                : NULL;
        if (to != NULL && glc_line_next(&text, &line))
            *to = line;
    }
    if (name.len == 0)
        glc_audit_gap(a, path, "the pacman database is damaged: a description without a name");
    package(a, "pacman", name, version, packager, path);
}

void glc_take_flatpak(struct glc_audit *a, const char *path, struct glc_span text)
{
    struct glc_span line;
    while (glc_line_next(&text, &line))
        if (glc_span_starts(line, glc_span_str("name=")))
            package(a, "flatpak", glc_span_trim(glc_span_sub(line, 5, line.len)), glc_span(NULL, 0),
                    glc_span(NULL, 0), path);
}

void glc_take_snap(struct glc_audit *a, const char *path, struct glc_span text)
{
    struct glc_span line, v, name = { 0 }, version = { 0 };
    if (glc_path_ends(path, ".snap")) {
        name = glc_span_str(glc_path_base(path));
        const uint8_t *bar = memchr(name.ptr, '_', name.len);
        if (bar != NULL)
            name.len = (size_t)(bar - name.ptr);
    }
    while (glc_path_ends(path, ".yaml") && glc_line_next(&text, &line)) {
        if (glc_line_value(line, "name", &v))
            name = v;
        else if (glc_line_value(line, "version", &v))
            version = v;
    }
    package(a, "snap", name, version, glc_span(NULL, 0), path);
}
