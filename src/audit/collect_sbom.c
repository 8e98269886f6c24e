/* SBOMs: CycloneDX JSON (1.2 on) with nested components, SPDX 2 JSON packages, SPDX 3 JSON-LD elements. A
 * component's supplier, publisher, manufacturer, author's organisation, package URL and CPE are facts;
 * vulnerabilities and free text are not. A component of an application, firmware or another component is
 * embedded in it. */
#include "audit/collect.h"

#include "base/hex.h"

#include <jansson.h>
#include <stdio.h>

enum { MAX_NESTING = 64 };

struct part {
    struct glc_audit *a;
    const char *inside; /* or NULL */
    const char *where;
    bool embedded;
    const char *version; /* of the component, or NULL */
    size_t *listed;      /* components that the document has */
};

static const char *text(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static void fact(const struct part *p, enum glc_fact_kind kind, const char *ecosystem, const char *value,
                 const char *version)
{
    glc_audit_fact(p->a, &(struct glc_fact){ .kind = kind,
                                             .value = value,
                                             .ecosystem = ecosystem,
                                             .version = version != NULL ? version : p->version,
                                             .where = p->where,
                                             .inside = p->inside,
                                             .embedded = p->embedded });
}

/* "cpe:2.3:a:vendor:product:version:…" or "cpe:/a:vendor:product:version" to "vendor:product". */
static void cpe(const struct part *p, const char *s)
{
    const char *at = strncmp(s, "cpe:2.3:", 8) == 0 ? s + 8 : strncmp(s, "cpe:/", 5) == 0 ? s + 5 : NULL;
    const char *vendor = at != NULL ? strchr(at, ':') : NULL;
    if (vendor == NULL)
        return;
    vendor++;
    const char *product = strchr(vendor, ':');
    size_t n = product != NULL ? (size_t)(product - vendor) + 1 + strcspn(product + 1, ":") : strlen(vendor);
    char *value = glc_audit_text(p->a, glc_span(vendor, n), 256);
    if (value != NULL)
        fact(p, GLC_FACT_CPE, NULL, value, NULL);
}

static size_t decode_percent(const char *s, size_t n, char *out, size_t room)
{
    size_t len = 0;
    for (size_t i = 0; i < n && len + 1 < room; i++) {
        if (s[i] == '%' && i + 2 < n && glc_hex_digit(s[i + 1]) >= 0 && glc_hex_digit(s[i + 2]) >= 0) {
            out[len++] = (char)(glc_hex_digit(s[i + 1]) * 16 + glc_hex_digit(s[i + 2]));
            i += 2;
        } else {
            out[len++] = s[i];
        }
    }
    out[len] = '\0';
    return len;
}

/* pkg:type/namespace/name@version?qualifiers#subpath (the package-url specification). */
static void purl(const struct part *p, const char *s)
{
    static const struct {
        const char *type, *ecosystem;
        char join; /* how the namespace joins the name in the ecosystem; 0: only the name */
    } types[] = { { "deb", "deb", 0 },         { "rpm", "rpm", 0 },         { "apk", "apk", 0 },
                  { "alpm", "pacman", 0 },     { "npm", "npm", '/' },       { "pypi", "pypi", 0 },
                  { "maven", "maven", ':' },   { "golang", "golang", '/' }, { "cargo", "cargo", 0 },
                  { "flatpak", "flatpak", 0 }, { "snap", "snap", 0 },       { "generic", "generic", 0 } };
    char whole[512];
    if (strncmp(s, "pkg:", 4) != 0)
        return;
    size_t n = strcspn(s, "?#");
    for (size_t i = n; i-- > 4 && s[i] != '/';)
        if (s[i] == '@' && s[i - 1] != '/')
            n = i;
    size_t len = decode_percent(s, n, whole, sizeof whole);
    if (len == 0)
        return;
    fact(p, GLC_FACT_PURL, NULL, whole, NULL);
    const char *rest = strchr(whole + 4, '/'), *name = strrchr(whole, '/');
    for (size_t i = 0; rest != NULL && i < sizeof types / sizeof *types; i++) {
        size_t t = strlen(types[i].type);
        if (strncmp(whole + 4, types[i].type, t) != 0 || whole[4 + t] != '/')
            continue;
        char value[512];
        if (types[i].join == 0 || name == rest)
            snprintf(value, sizeof value, "%s", name + 1);
        else
            snprintf(value, sizeof value, "%.*s%c%s", (int)(name - rest - 1), rest + 1, types[i].join,
                     name + 1);
        fact(p, GLC_FACT_PACKAGE, types[i].ecosystem, value, NULL);
    }
    if (strncmp(whole, "pkg:docker/", 11) == 0 || strncmp(whole, "pkg:oci/", 8) == 0)
        fact(p, GLC_FACT_IMAGE, NULL, rest + 1, NULL);
}

/* "Organization: Name (mail)", "Person: Name", or a bare name. A person is nobody's product. */
static void supplier(const struct part *p, const char *s, const char *component)
{
    if (s == NULL || strncmp(s, "Person:", 7) == 0)
        return;
    if (strncmp(s, "Organization:", 13) == 0)
        s += 13;
    s += strspn(s, " ");
    glc_audit_supplier(p->a, s, component, p->where, GLC_FACT_PRESENT, p->embedded);
}

static bool wholly_system(const json_t *component)
{
    const char *type = text(component, "type");
    return type == NULL || strcmp(type, "operating-system") == 0 || strcmp(type, "container") == 0 ||
           strcmp(type, "device") == 0 || strcmp(type, "machine") == 0;
}

static void cdx_component(const struct part *of, const json_t *c, int depth)
{
    struct part own = *of, *p = &own;
    own.version = text(c, "version");
    ++*own.listed;
    const char *name = text(c, "name"), *group = text(c, "group"), *value;
    if (depth == MAX_NESTING) {
        glc_audit_gap(p->a, p->where, "components are nested deeper than is read");
        return;
    }
    if (name == NULL)
        return;
    fact(p, GLC_FACT_NAME, NULL, name, NULL);
    supplier(p, text(json_object_get(c, "supplier"), "name"), name);
    supplier(p, text(json_object_get(c, "manufacturer"), "name"), name);
    supplier(p, text(c, "publisher"), name);
    if (group != NULL)
        supplier(p, group, name);
    if ((value = text(c, "purl")) != NULL)
        purl(p, value);
    if ((value = text(c, "cpe")) != NULL)
        cpe(p, value);
    size_t i;
    json_t *child;
    struct part inner = { p->a, name, p->where, true, NULL, p->listed };
    json_array_foreach(json_object_get(c, "components"), i, child) cdx_component(&inner, child, depth + 1);
}

static void cyclonedx(struct glc_audit *a, const json_t *o, const char *where, size_t *listed)
{
    const json_t *main = json_object_get(json_object_get(o, "metadata"), "component");
    struct part top = { a, NULL, where, false, NULL, listed };
    if (json_is_object(main))
        cdx_component(&top, main, 0);
    top.inside = text(main, "name");
    top.embedded = json_is_object(main) && !wholly_system(main);
    size_t i;
    json_t *c;
    json_array_foreach(json_object_get(o, "components"), i, c) cdx_component(&top, c, 0);
    json_array_foreach(json_object_get(o, "services"), i, c)
    {
        ++*listed;
        supplier(&top, text(json_object_get(c, "provider"), "name"), text(c, "name"));
    }
}

static void spdx2(struct glc_audit *a, const json_t *o, const char *where, size_t *listed)
{
    size_t i, k;
    json_t *p, *ref;
    json_array_foreach(json_object_get(o, "packages"), i, p)
    {
        struct part part = { a, text(o, "name"), where, false, text(p, "versionInfo"), listed };
        ++*listed;
        const char *purpose = text(p, "primaryPackagePurpose"), *name = text(p, "name");
        part.embedded = purpose != NULL && strcmp(purpose, "LIBRARY") == 0;
        if (name != NULL)
            fact(&part, GLC_FACT_NAME, NULL, name, NULL);
        supplier(&part, text(p, "supplier"), name);
        supplier(&part, text(p, "originator"), name);
        json_array_foreach(json_object_get(p, "externalRefs"), k, ref)
        {
            const char *type = text(ref, "referenceType"), *locator = text(ref, "referenceLocator");
            if (type != NULL && locator != NULL && strcmp(type, "purl") == 0)
                purl(&part, locator);
            else if (type != NULL && locator != NULL && strncmp(type, "cpe", 3) == 0)
                cpe(&part, locator);
        }
    }
}

/* The name of the element with that spdxId. */
static const char *element_name(const json_t *graph, const char *id)
{
    size_t i;
    json_t *e;
    json_array_foreach(graph, i, e)
    {
        const char *this = text(e, "spdxId");
        const char *type = text(e, "type");
        if (this != NULL && id != NULL && strcmp(this, id) == 0 &&
            (type == NULL || strcmp(type, "Person") != 0))
            return text(e, "name");
    }
    return NULL;
}

static void spdx3(struct glc_audit *a, const json_t *graph, const char *where, size_t *listed)
{
    size_t i, k;
    json_t *e, *x;
    json_array_foreach(graph, i, e)
    {
        const char *type = text(e, "type"), *name = text(e, "name"), *value;
        if (type == NULL || strcmp(type, "software_Package") != 0)
            continue;
        struct part part = { a, NULL, where, false, text(e, "software_packageVersion"), listed };
        ++*listed;
        if (name != NULL)
            fact(&part, GLC_FACT_NAME, NULL, name, NULL);
        supplier(&part, element_name(graph, text(e, "suppliedBy")), name);
        json_array_foreach(json_object_get(e, "originatedBy"), k, x)
            supplier(&part, element_name(graph, json_string_value(x)), name);
        if ((value = text(e, "software_packageUrl")) != NULL)
            purl(&part, value);
        json_array_foreach(json_object_get(e, "externalIdentifier"), k, x)
        {
            if ((value = text(x, "identifier")) != NULL && strncmp(value, "cpe:", 4) == 0)
                cpe(&part, value);
            else if (value != NULL)
                purl(&part, value);
        }
    }
}

/* What it is that is no JSON. */
static const char *other_form(struct glc_span bytes)
{
    struct glc_span s = bytes;
    while (s.len != 0 && (s.ptr[0] <= ' ' || s.ptr[0] >= 0x80))
        s = glc_span_sub(s, 1, s.len);
    if (glc_span_starts(s, glc_span_str("<")))
        return "XML";
    return glc_span_starts(s, glc_span_str("SPDXVersion:")) ? "SPDX in tags and values" : NULL;
}

void glc_collect_sbom(struct glc_audit *a, const char *name, struct glc_span bytes)
{
    json_error_t why;
    size_t listed = 0;
    json_t *o = json_loadb((const char *)bytes.ptr, bytes.len, 0, &why);
    const char *format = text(o, "bomFormat");
    bool cdx = format != NULL && strcmp(format, "CycloneDX") == 0, spdx = text(o, "spdxVersion") != NULL,
         graph = json_is_array(json_object_get(o, "@graph"));
    if (o == NULL && other_form(bytes) != NULL)
        glc_audit_gap(a, name, "the document is %s: only JSON is read, convert it", other_form(bytes));
    else if (o == NULL)
        glc_audit_gap(a, name, "the document is not JSON: line %d: %s", why.line, why.text);
    else if (cdx)
        cyclonedx(a, o, name, &listed);
    else if (spdx)
        spdx2(a, o, name, &listed);
    else if (graph)
        spdx3(a, json_object_get(o, "@graph"), name, &listed);
    else
        glc_audit_gap(a, name, "the document is neither CycloneDX nor SPDX");
    if ((cdx || spdx || graph) && listed == 0)
        glc_audit_gap(a, name, "the document lists no components: it says nothing of what is there");
    json_decref(o);
    glc_arena_reset(&a->scratch);
}
