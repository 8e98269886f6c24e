/* VHD (Virtual Hard Disk Image Format Specification 1.0, 2006): a footer of 512 bytes at the end, big endian;
 * fixed disks are the bytes before it, dynamic ones a table of blocks, each behind a map of its sectors.
 * Differencing disks lie on another file and are not read. */
#include "audit/disk.h"

enum { FOOTER = 512, FIXED = 2, DYNAMIC = 3, DIFFERENCING = 4 };

struct vhd {
    const struct glc_disk *file;
    uint64_t table;
    uint32_t entries, block, map_bytes;
};

static enum glc_err map(const struct glc_disk *d, uint64_t off, struct glc_disk_piece *out)
{
    const struct vhd *v = d->ctx;
    uint64_t i = off / v->block, in = off % v->block;
    uint8_t b[4];
    *out = (struct glc_disk_piece){ .len = v->block - in };
    if (i >= v->entries)
        return GLC_CORRUPT;
    enum glc_err err = glc_disk_read(v->file, v->table + i * 4, b, sizeof b);
    if (err == GLC_OK && glc_be32(b) != 0xffffffff) {
        out->on = v->file;
        out->at = (uint64_t)glc_be32(b) * 512 + v->map_bytes + in;
    }
    return err;
}

static struct glc_disk *dynamic(const struct glc_disk *d, const char *path, const uint8_t footer[FOOTER])
{
    uint8_t h[1024];
    uint64_t at = glc_be64(footer + 16);
    struct vhd *v = glc_arena_alloc(&d->all->arena, sizeof *v);
    if (v == NULL)
        return NULL;
    bool ok = glc_disk_read(d, at, h, sizeof h) == GLC_OK && memcmp(h, "cxsparse", 8) == 0;
    if (ok)
        *v = (struct vhd){
            .file = d, .table = glc_be64(h + 16), .entries = glc_be32(h + 28), .block = glc_be32(h + 32)
        };
    if (!ok || v->block < 512 || v->block > 1 << 30 || (v->block & (v->block - 1)) != 0 ||
        v->table > d->size) {
        glc_audit_gap(d->all->a, path, "not readable: the VHD header is damaged");
        return NULL;
    }
    v->map_bytes = (v->block / 512 / 8 + 511) / 512 * 512;
    return glc_disk_new(d->all, glc_be64(footer + 48), map, v);
}

bool glc_disk_vhd(const struct glc_disk *d, const char *path, struct glc_disk **out)
{
    uint8_t f[FOOTER];
    if (d->size < FOOTER || glc_disk_read(d, d->size - FOOTER, f, sizeof f) != GLC_OK)
        return false;
    if (memcmp(f, "conectix", 8) != 0 && /* cut short, yet a copy stands in front of a dynamic one */
        (glc_disk_read(d, 0, f, sizeof f) != GLC_OK || memcmp(f, "conectix", 8) != 0))
        return false;
    uint32_t type = glc_be32(f + 60);
    if (type == FIXED)
        *out = glc_disk_part(d, 0, d->size - FOOTER);
    else if (type == DYNAMIC)
        *out = dynamic(d, path, f);
    else if (type == DIFFERENCING)
        glc_audit_gap(d->all->a, path, "not readable: a VHD that holds only what differs from its parent");
    else
        glc_audit_gap(d->all->a, path, "not readable: a VHD of an unknown type");
    return true;
}
