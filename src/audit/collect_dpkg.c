/* dpkg: /var/lib/dpkg/status (deb-control(5) stanzas, dpkg(1) states), status.d/ of images without dpkg, and
 * status-old left alone. A package in state config-files is a leftover; not-installed is nothing. */
#include "audit/collect.h"

struct stanza {
    struct glc_span package, status, version, maintainer;
    bool any;
};

static void end_of(struct glc_audit *a, const char *path, const struct stanza *s)
{
    if (s->package.len == 0)
        return;
    /* "want flag state": install ok installed, deinstall ok config-files */
    struct glc_span state = s->status;
    for (size_t i = 0; i < s->status.len; i++)
        if (s->status.ptr[i] == ' ')
            state = glc_span_sub(s->status, i + 1, s->status.len);
    if (glc_span_is(state, "not-installed"))
        return;
    enum glc_fact_state st = glc_span_is(state, "config-files") ? GLC_FACT_LEFT : GLC_FACT_PRESENT;
    char *package = glc_audit_text(a, s->package, 256), *version = glc_audit_text(a, s->version, 256);
    char *maintainer = glc_audit_text(a, s->maintainer, 250);
    if (package == NULL || version == NULL || maintainer == NULL)
        return;
    glc_audit_fact(a, &(struct glc_fact){ .kind = GLC_FACT_PACKAGE,
                                          .value = package,
                                          .ecosystem = "deb",
                                          .version = version,
                                          .where = path,
                                          .state = st });
    glc_audit_supplier(a, maintainer, package, path, st, false);
}

void glc_take_dpkg(struct glc_audit *a, const char *path, struct glc_span text)
{
    struct stanza s = { 0 };
    struct glc_span line, v;
    size_t packages = 0;
    if (glc_path_ends(path, "/status"))
        a->seen.dpkg = true;
    bool whole = text.len == 0 || text.ptr[text.len - 1] == '\n';
    bool garbage = text.len != 0 && memchr(text.ptr, 0, text.len) != NULL;
    while (glc_line_next(&text, &line)) {
        if (line.len == 0) {
            end_of(a, path, &s);
            s = (struct stanza){ 0 };
            continue;
        }
        if (line.ptr[0] == ' ' || line.ptr[0] == '\t')
            continue;
        if (memchr(line.ptr, ':', line.len) == NULL)
            garbage = true;
        if (glc_line_value(line, "Package", &v)) {
            s.package = v;
            packages++;
        } else if (glc_line_value(line, "Status", &v)) {
            s.status = v;
        } else if (glc_line_value(line, "Version", &v)) {
            s.version = v;
        } else if (glc_line_value(line, "Maintainer", &v)) {
            s.maintainer = v;
        }
    }
    end_of(a, path, &s);
    a->seen.dpkg |= packages != 0;
    if (garbage || !whole)
        glc_audit_gap(a, path, "the dpkg database is damaged%s", whole ? "" : ": it ends inside a line");
}
