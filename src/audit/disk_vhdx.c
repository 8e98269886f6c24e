/* VHDX ([MS-VHDX]): a region table at 192 KiB (again at 256 KiB) names the block table (BAT) and the
 * metadata, where block size, disk size and sector size lie. BAT entries: state in the low three bits, the
 * place in MiB from bit 20; after every `ratio` blocks stands the entry of a map that only differencing disks
 * need. A log that was not replayed is a gap. */
#include "audit/disk.h"

enum { REGION = 192 << 10, REGION_2 = 256 << 10, HEAD = 64 << 10, HEAD_2 = 128 << 10, MAX_ENTRIES = 2047 };
enum { STATE_PRESENT = 6, STATE_PARTLY = 7 };

struct vhdx {
    const struct glc_disk *file;
    uint64_t bat, bat_len, meta, meta_len;
    uint64_t size;
    uint32_t block, sector, flags;
    uint64_t ratio;
};

static const uint8_t bat_id[16] = { 0x66, 0x77, 0xc2, 0x2d, 0x23, 0xf6, 0x00, 0x42,
                                    0x9d, 0x64, 0x11, 0x5e, 0x9b, 0xfd, 0x4a, 0x08 };
static const uint8_t meta_id[16] = { 0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b,
                                     0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e };
static const uint8_t file_id[16] = { 0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d,
                                     0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b };
static const uint8_t size_id[16] = { 0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48,
                                     0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8 };
static const uint8_t sector_id[16] = { 0x1d, 0xbf, 0x41, 0x81, 0x6f, 0xa9, 0x09, 0x47,
                                       0xba, 0x47, 0xf2, 0x33, 0xa8, 0xfa, 0xab, 0x5f };

static enum glc_err map(const struct glc_disk *d, uint64_t off, struct glc_disk_piece *out)
{
    const struct vhdx *v = d->ctx;
    uint64_t i = off / v->block, in = off % v->block, place = (i + i / v->ratio) * 8;
    uint8_t b[8];
    *out = (struct glc_disk_piece){ .len = v->block - in };
    if (place > v->bat_len || v->bat_len - place < 8)
        return GLC_CORRUPT;
    enum glc_err err = glc_disk_read(v->file, v->bat + place, b, sizeof b);
    uint64_t entry = err == GLC_OK ? glc_le64(b) : 0;
    if ((entry & 7) == STATE_PARTLY)
        return GLC_UNSUPPORTED;
    if ((entry & 7) == STATE_PRESENT) {
        out->on = v->file;
        out->at = (entry & ~(uint64_t)0xfffff) + in;
    }
    return err;
}

static bool regions(struct vhdx *v, uint64_t at)
{
    uint8_t h[16], e[32];
    if (glc_disk_read(v->file, at, h, sizeof h) != GLC_OK || memcmp(h, "regi", 4) != 0)
        return false;
    uint32_t n = glc_le32(h + 8);
    for (uint32_t i = 0; i < n && i < MAX_ENTRIES; i++) {
        if (glc_disk_read(v->file, at + 16 + (uint64_t)i * 32, e, sizeof e) != GLC_OK)
            return false;
        if (memcmp(e, bat_id, 16) == 0) {
            v->bat = glc_le64(e + 16);
            v->bat_len = glc_le32(e + 24);
        } else if (memcmp(e, meta_id, 16) == 0) {
            v->meta = glc_le64(e + 16);
            v->meta_len = glc_le32(e + 24);
        }
    }
    return v->bat != 0 && v->meta != 0;
}

static bool metadata(struct vhdx *v)
{
    uint8_t h[32], e[32], item[8];
    if (glc_disk_read(v->file, v->meta, h, sizeof h) != GLC_OK || memcmp(h, "metadata", 8) != 0)
        return false;
    uint32_t n = glc_le16(h + 10);
    for (uint32_t i = 0; i < n && i < MAX_ENTRIES; i++) {
        if (glc_disk_read(v->file, v->meta + 32 + (uint64_t)i * 32, e, sizeof e) != GLC_OK)
            return false;
        uint32_t off = glc_le32(e + 16), len = glc_le32(e + 20);
        if (len < 4 || glc_disk_read(v->file, v->meta + off, item, len < 8 ? 4 : 8) != GLC_OK)
            continue;
        if (memcmp(e, file_id, 16) == 0 && len >= 8) {
            v->block = glc_le32(item);
            v->flags = glc_le32(item + 4);
        } else if (memcmp(e, size_id, 16) == 0 && len >= 8) {
            v->size = glc_le64(item);
        } else if (memcmp(e, sector_id, 16) == 0) {
            v->sector = glc_le32(item);
        }
    }
    return v->block >= 1 << 20 && v->block <= 256 << 20 && (v->block & (v->block - 1)) == 0 &&
           (v->sector == 512 || v->sector == 4096) && v->size <= (uint64_t)64 << 40;
}

/* The header with the higher number counts; its log's identity is zero where there is nothing to replay. */
static bool log_is_empty(const struct glc_disk *d)
{
    uint8_t a[64], b[64];
    static const uint8_t none[16];
    bool first = glc_disk_read(d, HEAD, a, sizeof a) == GLC_OK && memcmp(a, "head", 4) == 0;
    bool second = glc_disk_read(d, HEAD_2, b, sizeof b) == GLC_OK && memcmp(b, "head", 4) == 0;
    if (!first && !second)
        return false;
    const uint8_t *h = !second || (first && glc_le64(a + 8) >= glc_le64(b + 8)) ? a : b;
    return memcmp(h + 48, none, 16) == 0;
}

bool glc_disk_vhdx(const struct glc_disk *d, const char *path, struct glc_disk **out)
{
    if (!glc_disk_has(d, 0, "vhdxfile", 8))
        return false;
    struct vhdx *v = glc_arena_alloc(&d->all->arena, sizeof *v);
    if (v == NULL)
        return true;
    v->file = d;
    if ((!regions(v, REGION) && !regions(v, REGION_2)) || !metadata(v)) {
        glc_audit_gap(d->all->a, path, "not readable: the VHDX header is damaged");
        return true;
    }
    if ((v->flags & 2) != 0) {
        glc_audit_gap(d->all->a, path, "not readable: a VHDX that holds only what differs from its parent");
        return true;
    }
    if (!log_is_empty(d))
        glc_audit_gap(d->all->a, path, "the VHDX image was not closed: its log is not replayed");
    v->ratio = ((uint64_t)1 << 23) * v->sector / v->block;
    *out = glc_disk_new(d->all, v->size, map, v);
    return true;
}
