/* Windows: the SOFTWARE and SYSTEM hives of a mounted disk. Software keys at the root and below WOW6432Node;
 * uninstall entries with publisher; forced browser extensions; certificates of the machine's stores; services
 * and drivers. */
#include "audit/collect.h"
#include "audit/regf.h"

#include <stdio.h>

struct hive {
    struct glc_audit *a;
    struct glc_regf h;
    const char *path;
    const char *prefix; /* "HKLM\\SOFTWARE", … */
    struct glc_error err;
    struct glc_buf text;
};

static uint32_t key_at(struct hive *h, const char *const *steps, size_t n, bool *found)
{
    uint32_t key = h->h.root;
    *found = true;
    for (size_t i = 0; i < n && *found; i++)
        *found = glc_regf_child(&h->h, key, steps[i], &key, &h->err);
    return key;
}

static void software_key(void *ctx, const char *name, uint32_t child)
{
    struct hive *h = ctx;
    char text[600];
    (void)child;
    snprintf(text, sizeof text, "%s\\%.250s", h->prefix, name);
    glc_audit_say(h->a, GLC_FACT_REGISTRY, text, h->path);
}

static void uninstall_entry(void *ctx, const char *name, uint32_t child)
{
    struct hive *h = ctx;
    char display[256];
    if (!glc_regf_string(&h->h, child, "DisplayName", &h->text, &h->err))
        snprintf(display, sizeof display, "%.250s", name);
    else
        snprintf(display, sizeof display, "%.250s", (const char *)h->text.ptr);
    glc_audit_fact(h->a,
                   &(struct glc_fact){
                       .kind = GLC_FACT_PACKAGE, .value = display, .ecosystem = "msi", .where = h->path });
    if (glc_regf_string(&h->h, child, "Publisher", &h->text, &h->err))
        glc_audit_supplier(h->a, (const char *)h->text.ptr, display, h->path, GLC_FACT_PRESENT, false);
}

/* A certificate's value "Blob" is a row of properties {id, 1, length}; 0x20 is the certificate in DER. */
static void certificate_entry(void *ctx, const char *name, uint32_t child)
{
    struct hive *h = ctx;
    uint32_t type;
    struct glc_span blob;
    (void)name;
    if (!glc_regf_value(&h->h, child, "Blob", &type, &blob, &h->err))
        return;
    struct glc_cursor c = glc_cursor(blob);
    while (glc_cursor_left(&c) >= 12) {
        uint32_t id = glc_cursor_u32le(&c);
        (void)glc_cursor_u32le(&c);
        struct glc_span v = glc_cursor_span(&c, glc_cursor_u32le(&c));
        if (!glc_cursor_ok(&c))
            return;
        if (id == 0x20)
            (void)glc_collect_der(h->a, v, h->path);
    }
}

static void service_entry(void *ctx, const char *name, uint32_t child)
{
    struct hive *h = ctx;
    (void)child;
    glc_audit_say(h->a, GLC_FACT_SERVICE, name, h->path);
}

static void extension_entry(void *ctx, const char *name, uint32_t child)
{
    struct hive *h = ctx;
    (void)child;
    glc_audit_say(h->a, GLC_FACT_EXTENSION, name, h->path);
}

static void below(struct hive *h, const char *const *steps, size_t n,
                  void (*each)(void *, const char *, uint32_t))
{
    bool found;
    uint32_t key = key_at(h, steps, n, &found);
    if (found && glc_regf_each(&h->h, key, each, h, &h->err) != GLC_OK)
        found = false;
}

static void software(struct hive *h)
{
    static const char *const wow[] = { "WOW6432Node" };
    static const char *const uninstall[] = { "Microsoft", "Windows", "CurrentVersion", "Uninstall" };
    static const char *const uninstall_wow[] = { "WOW6432Node", "Microsoft", "Windows", "CurrentVersion",
                                                 "Uninstall" };
    static const char *const roots[] = { "Microsoft", "SystemCertificates", "ROOT", "Certificates" };
    static const char *const extensions[] = { "Google", "Chrome", "Extensions" };
    static const char *const extensions_wow[] = { "WOW6432Node", "Google", "Chrome", "Extensions" };
    below(h, NULL, 0, software_key);
    h->prefix = "HKLM\\SOFTWARE\\WOW6432Node";
    below(h, wow, 1, software_key);
    below(h, uninstall, 4, uninstall_entry);
    below(h, uninstall_wow, 5, uninstall_entry);
    below(h, roots, 4, certificate_entry);
    below(h, extensions, 3, extension_entry);
    below(h, extensions_wow, 4, extension_entry);
}

static void control_set(void *ctx, const char *name, uint32_t child)
{
    struct hive *h = ctx;
    uint32_t services;
    if (glc_span_starts(glc_span_str(name), glc_span_str("ControlSet")) &&
        glc_regf_child(&h->h, child, "Services", &services, &h->err) &&
        glc_regf_each(&h->h, services, service_entry, h, &h->err) != GLC_OK)
        return;
}

void glc_take_registry(struct glc_audit *a, const char *path, struct glc_span bytes)
{
    struct hive h = { .a = a, .path = path, .prefix = "HKLM\\SOFTWARE" };
    if (glc_regf_init(bytes, &h.h, &h.err) != GLC_OK) {
        glc_audit_gap(a, path, "the registry hive is damaged: %s", h.err.msg);
        return;
    }
    glc_buf_init(&h.text, 65536);
    const char *base = glc_path_base(path);
    if (glc_span_ieq(glc_span_str(base), glc_span_str("SYSTEM"))) {
        below(&h, NULL, 0, control_set);
    } else if (glc_span_ieq(glc_span_str(base), glc_span_str("SOFTWARE"))) {
        software(&h);
    } else {
        static const char *const user[] = { "Software" };
        h.prefix = "HKCU\\SOFTWARE";
        below(&h, user, 1, software_key);
    }
    glc_buf_done(&h.text);
    if (h.err.code != GLC_OK)
        glc_audit_gap(a, path, "the registry hive is damaged: %s", h.err.msg);
}
