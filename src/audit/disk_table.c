/* Partition tables.
 *
 * UEFI specification 2.10, 5.3 (GPT): "EFI PART" in sector 1 and again in the last one, CRC32 of the header
 * (its length at 12, the sum at 16 as zero) and of the entries at 88; entries of at least 128 bytes at the
 * LBA in field 72. The backup is used where the first is damaged. Sectors are of 512 or 4096 bytes. An MBR
 * beside a GPT normally protects it (type 0xee); a hybrid one names partitions too, and those that the GPT
 * does not have are read as well.
 *
 * MBR: four entries at 446, extended ones (5, 15, 0x85) a chain of tables. */
#include "audit/disk.h"

#include <zlib.h>

enum { MAX_PARTITIONS = 1024, MAX_ENTRY = 4096, MAX_LOGICAL = 64, ENTRY = 16 };

struct table {
    const struct glc_disk *d;
    struct glc_audit *a;
    const char *path;
    uint32_t sector;
    uint64_t starts[MAX_PARTITIONS]; /* bytes, of what was read */
    uint32_t count;
};

static bool known_start(const struct table *t, uint64_t at)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (t->starts[i] == at)
            return true;
    return false;
}

/* `raw`: its type says that it holds no file system; it is read if it holds one all the same. */
static void partition(struct table *t, uint64_t at, uint64_t len, unsigned n, bool raw)
{
    if (t->count == MAX_PARTITIONS || known_start(t, at))
        return;
    t->starts[t->count++] = at;
    const char *name = glc_disk_name(t->d->all, "partition %u", n);
    const struct glc_disk *v = glc_disk_part(t->d, at, len);
    if (v == NULL)
        return;
    if (v->size < len)
        glc_audit_gap(t->a, name, "the partition lies outside the image: it is cut short");
    if (v->size == 0)
        return;
    if (raw)
        (void)glc_disk_volume(v, name);
    else
        glc_disk_must(v, name);
}

/* Boot code, reserved room and swap: types whose partitions hold no file system. */
static bool raw_type(const uint8_t guid[16])
{
    static const uint8_t types[][16] = {
        /* BIOS boot */
        { 0x48, 0x61, 0x68, 0x21, 0x49, 0x64, 0x6f, 0x6e, 0x74, 0x4e, 0x65, 0x65, 0x64, 0x45, 0x46, 0x49 },
        /* PowerPC PReP boot */
        { 0x2d, 0x38, 0x1a, 0x9e, 0xa2, 0x44, 0x4c, 0x4e, 0xba, 0xaa, 0x81, 0xb0, 0x9b, 0x8b, 0xe8, 0x4c },
        /* Microsoft reserved */
        { 0x16, 0xe3, 0xc9, 0xe3, 0x5c, 0x0b, 0xb8, 0x4d, 0x81, 0x7d, 0xf9, 0x2d, 0xf0, 0x02, 0x15, 0xae },
        /* Linux swap */
        { 0x6d, 0xfd, 0x57, 0x06, 0xab, 0xa4, 0xc4, 0x43, 0x84, 0xe5, 0x09, 0x33, 0xc8, 0x4b, 0x4f, 0x4f },
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (memcmp(types[i], guid, 16) == 0)
            return true;
    return false;
}

static bool raw_mbr_type(uint8_t type)
{
    return type == 0x41 || type == 0x82; /* PReP boot, Linux swap */
}

struct header {
    uint64_t table;
    uint32_t n, size;
    bool sound; /* its own sum and that of its entries are right */
};

static uint32_t sum_of(const struct glc_disk *d, uint64_t off, uint64_t len)
{
    uint8_t buf[4096];
    uLong crc = crc32(0, NULL, 0);
    while (len != 0) {
        size_t n = len < sizeof buf ? (size_t)len : sizeof buf;
        if (glc_disk_read(d, off, buf, n) != GLC_OK)
            return 0;
        crc = crc32(crc, buf, (uInt)n);
        off += n;
        len -= n;
    }
    return (uint32_t)crc;
}

/* False: no header there, or one whose values cannot be. */
static bool header(const struct glc_disk *d, uint64_t at, uint32_t sector, struct header *out)
{
    uint8_t h[512];
    if (glc_disk_read(d, at, h, sizeof h) != GLC_OK || memcmp(h, "EFI PART", 8) != 0)
        return false;
    uint32_t len = glc_le32(h + 12), sum = glc_le32(h + 16);
    struct header x = { .table = glc_le64(h + 72), .n = glc_le32(h + 80), .size = glc_le32(h + 84) };
    if (x.size < 128 || x.size > MAX_ENTRY || x.n > MAX_PARTITIONS || x.table > d->size / sector)
        return false;
    memset(h + 16, 0, 4);
    x.sound = len >= 92 && len <= sizeof h && crc32(0, h, len) == sum &&
              sum_of(d, x.table * sector, (uint64_t)x.n * x.size) == glc_le32(h + 88);
    *out = x;
    return true;
}

static void entries(struct table *t, const struct header *h)
{
    uint8_t e[128];
    for (uint32_t i = 0; i < h->n; i++) {
        if (glc_disk_read(t->d, h->table * t->sector + (uint64_t)i * h->size, e, sizeof e) != GLC_OK) {
            glc_audit_gap(t->a, t->path, "the partition table (GPT) is cut short");
            return;
        }
        uint64_t first = glc_le64(e + 32), last = glc_le64(e + 40);
        if ((glc_le64(e) | glc_le64(e + 8)) == 0)
            continue;
        if (last < first || first > t->d->size / t->sector || last - first >= UINT64_MAX / t->sector)
            glc_audit_gap(t->a, t->path, "partition %u lies outside the image", i + 1);
        else
            partition(t, first * t->sector, (last - first + 1) * t->sector, i + 1, raw_type(e));
    }
}

static bool gpt(struct table *t)
{
    struct header h, backup;
    bool have = false, have_backup = false;
    for (t->sector = 512; t->sector <= 4096 && !have; t->sector *= 8)
        have = header(t->d, t->sector, t->sector, &h);
    t->sector = have ? t->sector / 8 : 512;
    if (!have || !h.sound) {
        uint64_t last = t->d->size / t->sector;
        have_backup = last > 1 && header(t->d, (last - 1) * t->sector, t->sector, &backup);
    }
    if (have && (h.sound || !have_backup || !backup.sound)) {
        entries(t, &h);
        if (!h.sound)
            glc_audit_gap(t->a, t->path, "the partition table (GPT) is damaged: its checksum is wrong");
    } else if (have_backup) {
        entries(t, &backup);
        if (!backup.sound)
            glc_audit_gap(t->a, t->path, "the partition table (GPT) is damaged: its checksum is wrong");
    } else if (glc_disk_has(t->d, 512, "EFI PART", 8)) {
        glc_audit_gap(t->a, t->path, "the partition table (GPT) is damaged");
    } else {
        return false;
    }
    return true;
}

/* Logical partitions: a chain of tables, each relative to the extended partition's start. */
static void extended(struct table *t, uint64_t base)
{
    uint64_t at = base;
    for (unsigned n = 5; n < 5 + MAX_LOGICAL; n++) {
        uint8_t s[512];
        if (glc_disk_read(t->d, at * 512, s, sizeof s) != GLC_OK || s[510] != 0x55 || s[511] != 0xaa) {
            glc_audit_gap(t->a, t->path, "an extended partition table is damaged");
            return;
        }
        const uint8_t *e = s + 446;
        if (e[4] != 0 && glc_le32(e + 12) != 0)
            partition(t, (at + glc_le32(e + 8)) * 512, (uint64_t)glc_le32(e + 12) * 512, n,
                      raw_mbr_type(e[4]));
        if (e[ENTRY + 4] == 0)
            return;
        at = base + glc_le32(e + ENTRY + 8);
    }
    glc_audit_gap(t->a, t->path, "an extended partition table does not end");
}

static bool mbr(struct table *t, bool beside_gpt)
{
    uint8_t s[512];
    unsigned seen = 0;
    if (glc_disk_read(t->d, 0, s, sizeof s) != GLC_OK || s[510] != 0x55 || s[511] != 0xaa)
        return false;
    for (unsigned i = 0; i < 4; i++) {
        const uint8_t *e = s + 446 + (size_t)i * ENTRY;
        uint64_t first = glc_le32(e + 8), count = glc_le32(e + 12);
        if (e[4] == 0 || count == 0)
            continue;
        seen++;
        if (e[4] == 0xee) {
            if (!beside_gpt)
                glc_audit_gap(t->a, t->path, "the partition table (GPT) that the MBR speaks of is missing");
        } else if (e[4] == 5 || e[4] == 15 || e[4] == 0x85) {
            extended(t, first);
        } else if (first == 0) {
            continue; /* an ISO image's: the whole disk, which was read */
        } else {
            partition(t, first * 512, count * 512, i + 1, raw_mbr_type(e[4]));
        }
    }
    return seen != 0;
}

bool glc_disk_table(const struct glc_disk *d, const char *path)
{
    struct table *t = glc_arena_alloc(&d->all->arena, sizeof *t);
    if (t == NULL)
        return true;
    *t = (struct table){ .d = d, .a = d->all->a, .path = path };
    bool have = gpt(t);
    return mbr(t, have) || have;
}
