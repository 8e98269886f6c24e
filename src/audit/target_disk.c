/* Disk images without mounting: an MBR or GPT partition table, or one file system; ext2 to ext4 through
 * libext2fs, FAT and NTFS through readers of our own. What is none of them is a gap with its name: LUKS, LVM,
 * XFS, Btrfs, qcow2, VMDK, …
 *
 * UEFI specification 5.3 (GPT): "EFI PART" in sector 1, entries of at least 128 bytes at the LBA in its
 * field 72. */
#include "audit/disk.h"
#include "audit/walk.h"

#include <stdio.h>

static bool at(struct glc_span disk, uint64_t off, const char *magic, size_t n)
{
    return glc_span_eq(glc_span_sub(disk, off, n), glc_span(magic, n));
}

/* What we cannot read, by the marks that such things bear. */
static const char *unreadable_kind(struct glc_span d)
{
    static const struct {
        uint64_t off;
        const char *magic;
        size_t len;
        const char *name;
    } kinds[] = {
        { 0, "LUKS\xba\xbe", 6, "an encrypted volume (LUKS)" },
        { 3, "-FVE-FS-", 8, "an encrypted volume (BitLocker)" },
        { 0, "XFSB", 4, "an XFS file system" },
        { 65600, "_BHRfS_M", 8, "a Btrfs file system" },
        { 512, "LABELONE", 8, "an LVM volume" },
        { 0, "QFI\xfb", 4, "a qcow2 image: convert it to raw first (qemu-img convert -O raw)" },
        { 0, "KDMV", 4, "a VMDK image: convert it to raw first (qemu-img convert -O raw)" },
        { 0, "conectix", 8, "a VHD image: convert it to raw first (qemu-img convert -O raw)" },
        { 0, "vhdxfile", 8, "a VHDX image: convert it to raw first (qemu-img convert -O raw)" },
        { 0, "hsqs", 4, "a SquashFS file system" },
        { 3, "EXFAT   ", 8, "an exFAT file system" },
        { 32, "NXSB", 4, "an APFS container" },
        { 1024, "H+", 2, "an HFS+ file system" },
        { 32769, "CD001", 5, "an ISO 9660 file system" },
        { 0, "ReIsEr", 6, "a ReiserFS file system" },
        { 4086, "SWAPSPACE2", 10, "" },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (at(d, kinds[i].off, kinds[i].magic, kinds[i].len))
            return kinds[i].name;
    return NULL;
}

static bool all_zero(struct glc_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] != 0)
            return false;
    return true;
}

/* One file system; false when it is none that is known. */
static bool volume(struct glc_audit *a, struct glc_span disk, uint64_t off, uint64_t len, const char *name)
{
    struct glc_span v = glc_span_sub(disk, off, len);
    a->layer = glc_arena_strdup(&a->arena, glc_span_str(name));
    bool known = true;
    if (at(v, 1080, "\x53\xef", 2))
        glc_disk_ext(a, v, name);
    else if (at(v, 3, "NTFS    ", 8))
        glc_disk_ntfs(a, v, name);
    else if (at(v, 510, "\x55\xaa", 2) && (at(v, 54, "FAT", 3) || at(v, 82, "FAT32", 5)))
        glc_disk_fat(a, v, name);
    else
        known = false;
    a->layer = NULL;
    return known;
}

static void partition(struct glc_audit *a, struct glc_span disk, uint64_t off, uint64_t len, unsigned n)
{
    char name[32];
    snprintf(name, sizeof name, "partition %u", n);
    struct glc_span v = glc_span_sub(disk, off, len);
    if (v.len == 0 || v.len < len) {
        glc_audit_gap(a, name, "the partition lies outside the image: it is cut short");
        if (v.len == 0)
            return;
    }
    if (volume(a, disk, off, len, name))
        return;
    const char *kind = unreadable_kind(v);
    if (kind != NULL && kind[0] != '\0')
        glc_audit_gap(a, name, "not readable: %s", kind);
    else if (kind == NULL && !all_zero(glc_span_sub(v, 0, 1 << 20)))
        glc_audit_gap(a, name, "not readable: of an unknown form");
}

static bool gpt(struct glc_audit *a, const char *path, struct glc_span disk)
{
    struct glc_cursor c = glc_cursor(disk);
    glc_cursor_seek(&c, 512 + 72);
    uint64_t table = glc_cursor_u64le(&c);
    uint32_t n = glc_cursor_u32le(&c), size = glc_cursor_u32le(&c);
    if (!at(disk, 512, "EFI PART", 8))
        return false;
    if (!glc_cursor_ok(&c) || size < 128 || size > 4096 || n > 1024 || table > disk.len / 512) {
        glc_audit_gap(a, path, "the partition table (GPT) is damaged");
        return true;
    }
    for (uint32_t i = 0; i < n; i++) {
        glc_cursor_seek(&c, table * 512 + (uint64_t)i * size);
        struct glc_cursor e = glc_cursor_sub(&c, size);
        uint64_t type = glc_cursor_u64le(&e) | glc_cursor_u64le(&e);
        glc_cursor_seek(&e, 32);
        uint64_t first = glc_cursor_u64le(&e), last = glc_cursor_u64le(&e);
        if (!glc_cursor_ok(&e)) {
            glc_audit_gap(a, path, "the partition table (GPT) is cut short");
            return true;
        }
        if (type == 0)
            continue;
        if (last < first || first > disk.len / 512)
            glc_audit_gap(a, path, "partition %u lies outside the image", i + 1);
        else
            partition(a, disk, first * 512, (last - first + 1) * 512, i + 1);
    }
    return true;
}

enum { MAX_LOGICAL = 64 };

/* Logical partitions: a chain of tables, each relative to the extended partition's start. */
static void extended(struct glc_audit *a, const char *path, struct glc_span disk, uint64_t base)
{
    uint64_t table = base;
    for (unsigned n = 5; n < 5 + MAX_LOGICAL; n++) {
        struct glc_span s = glc_span_sub(disk, table * 512, 512);
        if (s.len < 512 || s.ptr[510] != 0x55 || s.ptr[511] != 0xaa) {
            glc_audit_gap(a, path, "an extended partition table is damaged");
            return;
        }
        const uint8_t *e = s.ptr + 446;
        if (e[4] != 0)
            partition(a, disk, (table + glc_le32(e + 8)) * 512, (uint64_t)glc_le32(e + 12) * 512, n);
        if (e[16 + 4] == 0)
            return;
        table = base + glc_le32(e + 16 + 8);
    }
    glc_audit_gap(a, path, "an extended partition table does not end");
}

static bool mbr(struct glc_audit *a, const char *path, struct glc_span disk)
{
    unsigned seen = 0;
    if (!at(disk, 510, "\x55\xaa", 2))
        return false;
    for (unsigned i = 0; i < 4; i++) {
        const uint8_t *e = disk.ptr + 446 + (size_t)i * 16;
        uint64_t first = glc_le32(e + 8), count = glc_le32(e + 12);
        if (e[4] == 0 || count == 0)
            continue;
        seen++;
        if (e[4] == 5 || e[4] == 15 || e[4] == 0x85)
            extended(a, path, disk, first);
        else
            partition(a, disk, first * 512, count * 512, i + 1);
    }
    return seen != 0;
}

void glc_walk_disk(struct glc_audit *a, const char *path, struct glc_span d)
{
    const char *kind;
    if (d.len < 1024)
        glc_audit_gap(a, path, "the image is cut short");
    else if (volume(a, d, 0, d.len, "file system"))
        (void)0;
    else if ((kind = unreadable_kind(d)) != NULL)
        glc_audit_gap(a, path, "not readable: %s", kind);
    else if (!gpt(a, path, d) && !mbr(a, path, d))
        glc_audit_gap(a, path, "neither a partition table nor a file system that is read");
}
