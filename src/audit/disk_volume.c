/* What a volume is, by the marks that such things bear (offsets as in the formats' own documents and in
 * util-linux' blkid(8)), and what becomes of it: read, or a gap with the reason. */
#include "audit/disk.h"

/* A system that knows the form can show what is in it. */
#define WHAT_TO_DO "; mount it read-only where that is possible, and give the folder to --root"

struct mark {
    uint64_t off;
    const char *magic;
    uint8_t len;
    const char *name; /* of what cannot be read; NULL: nothing to read in it */
    void (*read)(const struct glc_disk *d, const char *name);
};

/* First come marks that others' bytes do not look like. */
static const struct mark marks[] = {
    { 0, "LUKS\xba\xbe", 6, "encrypted volume (LUKS)", NULL },
    { 3, "-FVE-FS-", 8, "encrypted volume (BitLocker)", NULL },
    { 0, "XFSB", 4, NULL, glc_disk_xfs },
    { 65600, "_BHRfS_M", 8, NULL, glc_disk_btrfs },
    { 3, "NTFS    ", 8, NULL, glc_disk_ntfs },
    { 3, "EXFAT   ", 8, NULL, glc_disk_exfat },
    { 0, "hsqs", 4, NULL, glc_disk_squashfs },
    { 32769, "CD001", 5, NULL, glc_disk_iso },
    { 32, "NXSB", 4, "an APFS container", NULL },
    { 1024, "H+\0\4", 4, NULL, glc_disk_hfs },
    { 1024, "HX\0\5", 4, NULL, glc_disk_hfs },
    { 1024, "BD", 2, "an HFS file system", NULL },
    { 1024, "\xe2\xe1\xf5\xe0", 4, NULL, glc_disk_erofs },
    { 1024, "\x10\x20\xf5\xf2", 4, "an F2FS file system", NULL },
    { 3, "ReFS\0\0\0\0", 8, "a ReFS file system", NULL },
    { 65588, "ReIsEr", 6, "a ReiserFS file system", NULL },
    { 8244, "ReIsEr", 6, "a ReiserFS file system", NULL },
    { 65536, "ReIsEr4", 7, "a Reiser4 file system", NULL },
    { 32768, "JFS1", 4, "a JFS file system", NULL },
    { 1030, "\x34\x34", 2, "a NILFS2 file system", NULL },
    { 9564, "\x54\x19\x01\x00", 4, "a UFS file system", NULL },
    { 66908, "\x19\x01\x54\x19", 4, "a UFS2 file system", NULL },
    { 0, "\x45\x3d\xcd\x28", 4, "a cramfs file system", NULL },
    { 0, "-rom1fs-", 8, "a romfs file system", NULL },
    { 4120, "\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81", 16, "a bcachefs file system",
      NULL },
    { 4120, "\xc6\x85\x73\xf6\xce\xf6\x90\xe6\x8a\x54\x2e\x4b\x77\x91\x65\x0e", 16, "a bcache device", NULL },
    { 4096, "\xfc\x4e\x2b\xa9", 4, "a member of a RAID (md)", NULL }, /* replaced by raid() below */
    { 131072, "\x0c\xb1\xba\0\0\0\0\0", 8, "a ZFS pool", NULL },
    { 135168, "\x0c\xb1\xba\0\0\0\0\0", 8, "a ZFS pool", NULL },
    { 1048576, "\x0d\xd0\x01\xc0", 4, "a VMFS file system", NULL },
    { 2097152, "\x5e\xf1\xab\x2f", 4, "a VMFS file system", NULL },
    { 3072, "PRIVHEAD", 8, "a Windows dynamic disk (LDM)", NULL },
    { 4086, "SWAPSPACE2", 10, NULL, NULL },
    { 4086, "SWAP-SPACE", 10, NULL, NULL },
    { 65526, "SWAPSPACE2", 10, NULL, NULL },
    { 1080, "\x53\xef", 2, NULL, glc_disk_ext },
};

/* Linux md, superblock 1.x: the level at 72, where the data lies at 128, in sectors; at 4096 (1.2), at 0
 * (1.1), or 8 KiB before the end (1.0). 0.90: the last whole 64 KiB of the device, level at 28. A mirror is
 * read from this one member. */
static bool raid(const struct glc_disk *d, const char *name)
{
    uint64_t ends = d->size / 512, places[] = { 4096, 0, ends > 16 ? ((ends - 16) & ~(uint64_t)7) * 512 : 0 };
    uint8_t s[160];
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (!glc_disk_has(d, places[i], "\xfc\x4e\x2b\xa9\1\0\0\0", 8) ||
            glc_disk_read(d, places[i], s, sizeof s) != GLC_OK)
            continue;
        uint32_t level = glc_le32(s + 72);
        uint64_t at = glc_le64(s + 128), n = glc_le64(s + 136);
        if (level != 1 || at > d->size / 512 || n > d->size / 512) {
            glc_audit_gap(d->all->a, name, "not readable: a member of a RAID (md, level %d)%s", (int)level,
                          WHAT_TO_DO);
            return true;
        }
        const struct glc_disk *mirror = glc_disk_part(d, at * 512, n * 512);
        if (mirror != NULL && at != 0)
            glc_disk_must(mirror, glc_disk_name(d->all, "%s, RAID mirror", name));
        return at != 0; /* at 0 the file system lies as if there were no RAID */
    }
    uint64_t old = d->size >= 65536 ? (d->size & ~(uint64_t)65535) - 65536 : UINT64_MAX;
    if (old == UINT64_MAX || !glc_disk_has(d, old, "\xfc\x4e\x2b\xa9\0\0\0\0", 8) ||
        glc_disk_read(d, old, s, sizeof s) != GLC_OK || glc_le32(s + 28) == 1)
        return false;
    glc_audit_gap(d->all->a, name, "not readable: a member of a RAID (md, level %d)%s", (int)glc_le32(s + 28),
                  WHAT_TO_DO);
    return true;
}

/* Controllers' RAID: Intel's mark in the last sector but one, DDF's in the last. A mirror's member has the
 * file system where it always is, so that these are looked at last. */
static const char *firmware_raid(const struct glc_disk *d)
{
    uint64_t n = d->size / 512;
    if (n > 4 && glc_disk_has(d, (n - 2) * 512, "Intel Raid ISM Cfg Sig. ", 24))
        return "a member of a RAID (Intel)";
    if (n > 4 && glc_disk_has(d, (n - 1) * 512, "\xde\x11\xde\x11", 4))
        return "a member of a RAID (DDF)";
    return NULL;
}

static bool fat(const struct glc_disk *d)
{
    return glc_disk_has(d, 510, "\x55\xaa", 2) &&
           (glc_disk_has(d, 54, "FAT", 3) || glc_disk_has(d, 82, "FAT32", 5));
}

bool glc_disk_volume(const struct glc_disk *d, const char *name)
{
    struct glc_audit *a = d->all->a;
    const char *outer = a->layer;
    bool known = true;
    a->layer = name;
    if (raid(d, name) || glc_disk_lvm_keep(d, name)) {
        a->layer = outer;
        return true;
    }
    const struct mark *m = NULL;
    for (size_t i = 0; i < sizeof marks / sizeof *marks && m == NULL; i++)
        if (glc_disk_has(d, marks[i].off, marks[i].magic, marks[i].len))
            m = &marks[i];
    if (m != NULL && m->read != NULL)
        m->read(d, name);
    else if (m != NULL && m->name != NULL)
        glc_audit_gap(a, name, "not readable: %s%s", m->name, WHAT_TO_DO);
    else if (m == NULL && fat(d))
        glc_disk_fat(d, name);
    else if (m == NULL && (known = firmware_raid(d) != NULL))
        glc_audit_gap(a, name, "not readable: %s%s", firmware_raid(d), WHAT_TO_DO);
    /* An ISO image made for sticks bears a partition table too. */
    if (m != NULL && m->read == glc_disk_iso && outer == NULL)
        (void)glc_disk_table(d, name);
    a->layer = outer;
    return known;
}

static bool empty(const struct glc_disk *d)
{
    uint8_t buf[4096];
    uint64_t end = d->size < 1 << 20 ? d->size : 1 << 20;
    for (uint64_t at = 0; at < end; at += sizeof buf) {
        size_t n = end - at < sizeof buf ? (size_t)(end - at) : sizeof buf;
        if (glc_disk_read(d, at, buf, n) != GLC_OK)
            return false;
        for (size_t i = 0; i < n; i++)
            if (buf[i] != 0)
                return false;
    }
    return true;
}

void glc_disk_must(const struct glc_disk *d, const char *name)
{
    if (!glc_disk_volume(d, name) && !empty(d))
        glc_audit_gap(d->all->a, name, "not readable: of an unknown form");
}
