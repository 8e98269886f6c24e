/* What is audited: trees of files, wherever they lie.
 *
 * Folders are walked here, and what is wanted of them is opened here; whatever has to be parsed before it has
 * files (images, disks, documents) is opened here and walked in the jail. No collector opens a path, so that
 * a directory, a container's layers and a disk image are the same to it. Nothing is ever written to a target
 * and nothing of it is run. */
#ifndef GLC_AUDIT_TARGET_H
#define GLC_AUDIT_TARGET_H

#include "audit/evidence.h"
#include "base/buf.h"

enum glc_entry_type { GLC_ENTRY_FILE, GLC_ENTRY_DIR, GLC_ENTRY_LINK, GLC_ENTRY_OTHER };

struct glc_entry {
    const char *path; /* from the target's root, begins with '/', never ends with one */
    const char *link; /* where a LINK points to, or NULL */
    enum glc_entry_type type;
    uint64_t size; /* of a FILE; UINT64_MAX when it is not known before reading */
    /* In the jail: append the content to `out` up to its cap; GLC_LIMIT when there is more. A LINK is
     * followed inside the root, or GLC_UNSUPPORTED. */
    enum glc_err (*read)(const struct glc_entry *e, struct glc_buf *out);
    void *ctx;
};

struct glc_reader;

/* A folder that is a root: "/" for the running host. Links are resolved inside it. `live` adds what only a
 * running host has and leaves other machines' file systems out. */
void glc_target_tree(struct glc_audit *a, struct glc_reader *r, const char *folder, bool live);

/* A container image (docker save, OCI archive or layout folder) or the archive of one root file system. */
void glc_target_image(struct glc_audit *a, struct glc_reader *r, const char *path);

/* A disk image: a file system, or a partition table with several. */
void glc_target_disk(struct glc_audit *a, struct glc_reader *r, const char *path);

/* A CycloneDX or SPDX document in JSON. */
void glc_target_sbom(struct glc_audit *a, struct glc_reader *r, const char *path);

/* A settings export of another product: its lines become the audit's settings. */
void glc_target_settings(struct glc_audit *a, struct glc_reader *r, const char *path);

#endif
