/* A disk image as a target, in the jail: the bytes that were handed in, and disk.c. */
#include "audit/disk.h"
#include "audit/walk.h"

void glc_walk_disk(struct glc_audit *a, const char *path, struct glc_span image)
{
    struct glc_disks all;
    glc_disks_init(&all, a, image.len);
    const struct glc_disk *d = glc_disk_span(&all, image);
    if (d != NULL)
        glc_disk_image(d, path);
    glc_disks_done(&all);
}
