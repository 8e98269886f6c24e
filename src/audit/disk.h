/* Disk images, read without mounting.
 *
 * A disk is a run of bytes that is made of others: the mapped image file, a partition, a virtual disk inside
 * an image format, a logical volume. Its map() tells for an offset what lies there; glc_disk_read() follows
 * it down to bytes. File systems read disks and know nothing of what they are made of; every entry goes to
 * glc_collect_entry(). What is damaged, encrypted or not read is a gap with its reason.
 *
 * Threats: tables that point to each other, to themselves, or to nothing; sizes that lie; folders that hold
 * themselves; a little file that unpacks without end. One allowance of work goes over the whole image: every
 * byte read and every byte unpacked takes from it, and what is left undone is a gap. */
#ifndef GLC_AUDIT_DISK_H
#define GLC_AUDIT_DISK_H

#include "audit/collect.h"
#include "base/cursor.h"

struct glc_disk;

/* What lies at an offset of a disk, and for how many bytes: memory (`ptr`), a place on another disk (`on`,
 * `at`), or, where both are NULL, zeros. */
struct glc_disk_piece {
    uint64_t len;
    const uint8_t *ptr; /* until the next map() of the same disk */
    const struct glc_disk *on;
    uint64_t at;
};

typedef enum glc_err glc_disk_map(const struct glc_disk *d, uint64_t off, struct glc_disk_piece *out);

/* One image's worth of everything. */
struct glc_disks {
    struct glc_audit *a;
    struct glc_arena arena;
    uint64_t work;           /* bytes that may still be read or unpacked */
    bool spent;              /* it did not suffice */
    struct glc_disk_pv *pvs; /* LVM's physical volumes, put together after the last partition */
    size_t npvs;
};

struct glc_disk {
    struct glc_disks *all;
    uint64_t size;
    glc_disk_map *map;
    void *ctx; /* of map() */
};

void glc_disks_init(struct glc_disks *all, struct glc_audit *a, uint64_t image_size);
void glc_disks_done(struct glc_disks *all);

/* Take from the allowance; false where it is used up. */
bool glc_disks_work(struct glc_disks *all, uint64_t n);

/* A disk over bytes in memory, and one over a part of another (cut at its end). They live with `all`; NULL
 * without memory. */
struct glc_disk *glc_disk_span(struct glc_disks *all, struct glc_span bytes);
struct glc_disk *glc_disk_part(const struct glc_disk *d, uint64_t off, uint64_t len);
struct glc_disk *glc_disk_new(struct glc_disks *all, uint64_t size, glc_disk_map *map, void *ctx);

/* Exactly n bytes at `off`. CORRUPT past the end; LIMIT where the work is used up. */
enum glc_err glc_disk_read(const struct glc_disk *d, uint64_t off, void *to, size_t n) GLC_CHECK;

/* The bytes at `off` are these. */
bool glc_disk_has(const struct glc_disk *d, uint64_t off, const void *bytes, size_t n);

/* Append n bytes at `off` (UINT64_MAX: zeros); GLC_LIMIT with as much as fits where `out` has less room. */
enum glc_err glc_disk_append(const struct glc_disk *d, uint64_t off, uint64_t n, struct glc_buf *out);

/* A name for what is found on it: in the audit's arena, as a->layer has to be. */
const char *glc_disk_name(struct glc_disks *all, const char *fmt, ...) GLC_PRINTF(2, 3);

/* Whatever a whole image is: a container format, a partition table or a file system. */
void glc_disk_image(const struct glc_disk *d, const char *path);

/* One volume: a file system, a part of LVM or RAID. False when it is none that is known by name. */
bool glc_disk_volume(const struct glc_disk *d, const char *name);

/* A volume that must be something: what is not known is a gap, unless it is empty. */
void glc_disk_must(const struct glc_disk *d, const char *name);

/* Partition tables: GPT (and what a hybrid MBR adds), MBR with its extended chains. False where there is
 * none. */
bool glc_disk_table(const struct glc_disk *d, const char *path);

/* Image formats. False: not this format. True with *out NULL: it is, and cannot be read; the gap is told. */
bool glc_disk_qcow2(const struct glc_disk *d, const char *path, struct glc_disk **out);
bool glc_disk_vmdk(const struct glc_disk *d, const char *path, struct glc_disk **out);
bool glc_disk_vhd(const struct glc_disk *d, const char *path, struct glc_disk **out);
bool glc_disk_vhdx(const struct glc_disk *d, const char *path, struct glc_disk **out);
bool glc_disk_vdi(const struct glc_disk *d, const char *path, struct glc_disk **out);

/* LVM2: keep a physical volume, and walk the logical volumes of all that were kept. False: not one. */
bool glc_disk_lvm_keep(const struct glc_disk *d, const char *name);
void glc_disk_lvm_volumes(struct glc_disks *all);

/* File systems; the caller has seen their mark. */
void glc_disk_ext(const struct glc_disk *d, const char *name);
void glc_disk_fat(const struct glc_disk *d, const char *name);
void glc_disk_exfat(const struct glc_disk *d, const char *name);
void glc_disk_ntfs(const struct glc_disk *d, const char *name);
void glc_disk_xfs(const struct glc_disk *d, const char *name);
void glc_disk_btrfs(const struct glc_disk *d, const char *name);
void glc_disk_hfs(const struct glc_disk *d, const char *name);
void glc_disk_erofs(const struct glc_disk *d, const char *name);
void glc_disk_squashfs(const struct glc_disk *d, const char *name);
void glc_disk_iso(const struct glc_disk *d, const char *name);

#endif
