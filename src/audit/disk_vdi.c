/* VirtualBox' VDI 1.1: the header behind a line of text and 0xbeda107f, little endian; a table of blocks at
 * 340, data at 344, both byte offsets; blocks that are not there are 0xffffffff, zeros 0xfffffffe. */
#include "audit/disk.h"

enum { DYNAMIC = 1, STATIC = 2 };

struct vdi {
    const struct glc_disk *file;
    uint64_t table, data;
    uint32_t block, extra, blocks;
};

static enum glc_err map(const struct glc_disk *d, uint64_t off, struct glc_disk_piece *out)
{
    const struct vdi *v = d->ctx;
    uint64_t i = off / v->block, in = off % v->block;
    uint8_t b[4];
    *out = (struct glc_disk_piece){ .len = v->block - in };
    if (i >= v->blocks)
        return GLC_CORRUPT;
    enum glc_err err = glc_disk_read(v->file, v->table + i * 4, b, sizeof b);
    if (err == GLC_OK && glc_le32(b) < 0xfffffffe) {
        out->on = v->file;
        out->at = v->data + (uint64_t)glc_le32(b) * ((uint64_t)v->block + v->extra) + v->extra + in;
    }
    return err;
}

bool glc_disk_vdi(const struct glc_disk *d, const char *path, struct glc_disk **out)
{
    uint8_t h[512];
    if (!glc_disk_has(d, 64, "\x7f\x10\xda\xbe", 4))
        return false;
    struct vdi *v = glc_arena_alloc(&d->all->arena, sizeof *v);
    if (v == NULL)
        return true;
    bool ok = glc_disk_read(d, 0, h, sizeof h) == GLC_OK && glc_le16(h + 70) == 1;
    uint32_t type = glc_le32(h + 76);
    *v = (struct vdi){ .file = d,
                       .table = glc_le32(h + 340),
                       .data = glc_le32(h + 344),
                       .block = glc_le32(h + 376),
                       .extra = glc_le32(h + 380),
                       .blocks = glc_le32(h + 384) };
    if (!ok || v->block < 512 || v->block > 1 << 30 || v->extra > 1 << 20)
        glc_audit_gap(d->all->a, path, "not readable: the VDI header is damaged or of another version");
    else if (type != DYNAMIC && type != STATIC)
        glc_audit_gap(d->all->a, path, "not readable: a VDI that holds only what differs from its parent");
    else
        *out = glc_disk_new(d->all, glc_le64(h + 368), map, v);
    return true;
}
