/* One file system's walk: the path so far, folders that were seen, and what went wrong on the way. */
#ifndef GLC_AUDIT_DISK_WALK_H
#define GLC_AUDIT_DISK_WALK_H

#include "audit/disk.h"

enum { GLC_WALK_DEPTH = 100 };

struct glc_disk_walk {
    const struct glc_disk *d;
    struct glc_audit *a;
    const char *name; /* of the volume */
    uint64_t *seen;   /* folders, a hash set; 0 is free */
    size_t room, count;
    int depth;
    bool damaged;
    bool limited; /* out of work, memory or depth */
    size_t len;
    char path[8192];
};

void glc_disk_walk_init(struct glc_disk_walk *w, const struct glc_disk *d, const char *name);

/* Tell what was damaged or cut off, of a file system of this kind, and give the set back. */
void glc_disk_walk_done(struct glc_disk_walk *w, const char *kind);

/* Append a name; false (and damage) where it is none that a file can have. "." and ".." are false and no
 * damage. `mark` is where glc_disk_walk_up() goes back to. */
bool glc_disk_walk_down(struct glc_disk_walk *w, struct glc_span name, size_t *mark);
void glc_disk_walk_up(struct glc_disk_walk *w, size_t mark);

/* A folder is about to be read; false where it was before (damage) or the path is too deep. */
bool glc_disk_walk_enter(struct glc_disk_walk *w, uint64_t id);
void glc_disk_walk_leave(struct glc_disk_walk *w);

/* Keep in mind why something could not be read. */
void glc_disk_walk_fault(struct glc_disk_walk *w, enum glc_err err);

/* The entry at the path so far. */
void glc_disk_walk_entry(struct glc_disk_walk *w, enum glc_entry_type type, uint64_t size,
                         enum glc_err (*read)(const struct glc_entry *, struct glc_buf *), void *ctx);

/* The same by the type bits of a Unix mode. */
enum glc_entry_type glc_disk_walk_type(uint32_t mode);

#endif
