/* Collectors: each takes the content of one kind of file (source.h) and states facts. They run in the jail.
 *
 * Content is hostile: collectors read it through cursors, OpenSSL, SQLite or jansson, with caps. */
#ifndef GLC_AUDIT_COLLECT_H
#define GLC_AUDIT_COLLECT_H

#include "audit/source.h"

typedef void glc_take(struct glc_audit *a, const char *path, struct glc_span bytes);

glc_take glc_take_dpkg, glc_take_rpm, glc_take_apk, glc_take_pacman, glc_take_flatpak, glc_take_snap,
    glc_take_unit, glc_take_process, glc_take_modules, glc_take_accounts, glc_take_certificates, glc_take_nss,
    glc_take_signer, glc_take_hosts, glc_take_browser, glc_take_locks, glc_take_registry, glc_take_macos,
    glc_take_store, glc_take_markers, glc_take_system, glc_take_config;

/* One entry of a tree that is walked here: facts from its path and from its content. */
void glc_collect_entry(struct glc_audit *a, const struct glc_entry *e);

/* Its content alone. */
void glc_collect_content(struct glc_audit *a, const struct glc_entry *e);

/* An SBOM document, as a target of its own. */
void glc_collect_sbom(struct glc_audit *a, const char *name, struct glc_span json);

/* A settings export of another product: INI text of sections, key=value and comments. The lines that cannot
 * be taken are gaps. */
void glc_collect_settings(struct glc_audit *a, const char *name, struct glc_span ini);

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
