/* Collectors: one file each, one row each in the table of collect.c, the same two verbs.
 *
 * `wants` looks at a path only and is called for every entry of a tree; `take` gets the content of what was
 * wanted and states facts. Content is hostile: collectors read it through cursors, OpenSSL, SQLite or
 * jansson, with caps. */
#ifndef GLC_AUDIT_COLLECT_H
#define GLC_AUDIT_COLLECT_H

#include "audit/target.h"

struct glc_collector {
    const char *name;
    bool (*wants)(const struct glc_entry *e);
    void (*take)(struct glc_audit *a, const char *path, struct glc_span bytes);
    size_t cap;    /* most bytes it reads */
    bool follow;   /* wants the content behind a link too */
    bool database; /* without it the answer is incomplete: what cannot be read is a gap */
};

extern const struct glc_collector glc_collect_dpkg, glc_collect_rpm, glc_collect_apk, glc_collect_pacman,
    glc_collect_flatpak, glc_collect_snap, glc_collect_unit, glc_collect_process, glc_collect_modules,
    glc_collect_accounts, glc_collect_certificates, glc_collect_nss, glc_collect_signer, glc_collect_hosts,
    glc_collect_browser, glc_collect_locks, glc_collect_registry, glc_collect_macos, glc_collect_store,
    glc_collect_markers, glc_collect_system, glc_collect_config;

/* One entry of a tree, from a target. */
void glc_collect_entry(struct glc_audit *a, const struct glc_entry *e);

/* Facts from the path alone: paths, names, units, extensions, bundles, engine markers. */
void glc_collect_path(struct glc_audit *a, const struct glc_entry *e);

/* The path from the innermost root that is known to hold others (container stores, machines, mounts): itself,
 * mostly. */
const char *glc_path_inner(const char *path);

/* Of such an inner path: a file below a folder of systemd units. */
bool glc_path_is_unit(const char *inner);

/* An SBOM document, as a target of its own. */
void glc_collect_sbom(struct glc_audit *a, const char *name, struct glc_span json);

/* One X.509 certificate in DER: its subject's and issuer's attributes as certificate facts. False: not a
 * certificate. */
bool glc_collect_der(struct glc_audit *a, struct glc_span der, const char *where);

/* Lines of text: the next one without its end, false at the end. NULs are kept; `text` steps over the line.
 */
bool glc_line_next(struct glc_span *text, struct glc_span *line);

/* Without blanks at both ends. */
struct glc_span glc_span_trim(struct glc_span s);

/* The value behind "Key:" at the start of a line, trimmed; false when the line has another key. */
bool glc_line_value(struct glc_span line, const char *key, struct glc_span *value);

#endif
