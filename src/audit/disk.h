/* File systems on disk images, walked without mounting. Every entry goes to glc_collect_entry(); what is
 * damaged is a gap. */
#ifndef GLC_AUDIT_DISK_H
#define GLC_AUDIT_DISK_H

#include "audit/collect.h"
#include "base/cursor.h"

/* ext2, ext3, ext4. */
void glc_disk_ext(struct glc_audit *a, struct glc_span volume, const char *name);

/* FAT12, FAT16, FAT32 with long names. */
void glc_disk_fat(struct glc_audit *a, struct glc_span volume, const char *name);

void glc_disk_ntfs(struct glc_audit *a, struct glc_span volume, const char *name);

#endif
