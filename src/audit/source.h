/* What is read of a system: one row for each kind of file, by its path. */
#ifndef GLC_AUDIT_SOURCE_H
#define GLC_AUDIT_SOURCE_H

#include "audit/target.h"

enum glc_source_id {
    GLC_SOURCE_DPKG,
    GLC_SOURCE_RPM,
    GLC_SOURCE_APK,
    GLC_SOURCE_PACMAN,
    GLC_SOURCE_FLATPAK,
    GLC_SOURCE_SNAP,
    GLC_SOURCE_UNIT,
    GLC_SOURCE_PROCESS,
    GLC_SOURCE_MODULES,
    GLC_SOURCE_ACCOUNTS,
    GLC_SOURCE_CERTIFICATES,
    GLC_SOURCE_NSS,
    GLC_SOURCE_SIGNER,
    GLC_SOURCE_HOSTS,
    GLC_SOURCE_BROWSER,
    GLC_SOURCE_LOCKS,
    GLC_SOURCE_REGISTRY,
    GLC_SOURCE_MACOS,
    GLC_SOURCE_STORE,
    GLC_SOURCE_MARKERS,
    GLC_SOURCE_SYSTEM,
    GLC_SOURCE_CONFIG,
    GLC_SOURCES
};

struct glc_source {
    const char *name;
    bool (*wants)(const struct glc_entry *e);
    size_t cap;    /* most bytes that are read of it */
    bool follow;   /* the content behind a link is wanted too */
    bool database; /* without it the answer is incomplete: what cannot be read is a gap */
};

extern const struct glc_source glc_sources[GLC_SOURCES];

/* Is the entry's content wanted as this kind of file? Looks at path, type and size only. */
bool glc_source_wants(enum glc_source_id id, const struct glc_entry *e);

/* As any kind of file. */
bool glc_source_wanted(const struct glc_entry *e);

/* State, where it matters, that the content could not be had. */
void glc_source_gap(struct glc_audit *a, const struct glc_source *s, const struct glc_entry *e,
                    enum glc_err err);

/* Facts from the path alone: paths, names, units, extensions, bundles, engine markers. */
void glc_collect_path(struct glc_audit *a, const struct glc_entry *e);

/* The path from the innermost root that is known to hold others (container stores, machines, mounts): itself,
 * mostly. */
const char *glc_path_inner(const char *path);

/* Of such an inner path: a file below a folder of systemd units. */
bool glc_path_is_unit(const char *inner);

/* The kind of lock file that a name says. */
enum glc_lock {
    GLC_LOCK_NONE,
    GLC_LOCK_NPM,
    GLC_LOCK_YARN,
    GLC_LOCK_PNPM,
    GLC_LOCK_REQUIREMENTS,
    GLC_LOCK_TOML,
    GLC_LOCK_PIPFILE,
    GLC_LOCK_METADATA,
    GLC_LOCK_POM,
    GLC_LOCK_GRADLE,
    GLC_LOCK_GO,
    GLC_LOCK_CARGO
};

enum glc_lock glc_lock_of(const char *path);

#endif
