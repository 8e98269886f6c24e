/* What is walked inside the jail: everything that has to be parsed before it has entries. The caller begins
 * and ends the target. */
#ifndef GLC_AUDIT_WALK_H
#define GLC_AUDIT_WALK_H

#include "audit/collect.h"

/* Files of an image's folder, asked for one after the other. */
struct glc_walk_folder {
    /* Its content, or false; one at a time. */
    bool (*open)(void *ctx, const char *name, struct glc_span *out);
    void (*close)(void *ctx, struct glc_span s);
    void *ctx;
};

/* A docker save or OCI archive, or the archive of one root file system; with a folder (bytes are empty then)
 * an OCI layout. */
void glc_walk_image(struct glc_audit *a, const char *name, struct glc_span bytes,
                    const struct glc_walk_folder *folder);

/* A file system, or a partition table with several. */
void glc_walk_disk(struct glc_audit *a, const char *name, struct glc_span disk);

#endif
