/* qcow2, versions 2 and 3 (QEMU's docs/interop/qcow2.txt): a table (L1) of tables (L2) of clusters; big
 * endian. An L2 entry says where its cluster lies, that it is zeros (bit 0), or that it is compressed (bit
 * 62: the place in the low 62 - (cluster_bits - 8) bits, above them how many more 512-byte sectors). Extended
 * entries (incompatible bit 4) have a map of 32 subclusters beside: given in the low half, zero in the high
 * one.
 *
 * What lies in another file (a backing file, external data) or is encrypted is not read. Internal snapshots
 * are older states and are not looked at. */
#include "audit/disk.h"
#include "audit/disk_unpack.h"

enum { DIRTY = 1, CORRUPT = 2, EXTERNAL = 4, COMPRESSION = 8, EXTENDED = 16, MAX_L1 = 32 << 20 };

struct qcow2 {
    const struct glc_disk *file;
    uint64_t l1;
    uint32_t l1_size, cluster_bits;
    bool extended;
    enum glc_pack pack;
    uint64_t cached; /* the compressed entry that is unpacked in `plain` */
    uint8_t *plain, *packed;
};

static enum glc_err be64_at(const struct glc_disk *d, uint64_t off, uint64_t *out)
{
    uint8_t b[8];
    enum glc_err err = glc_disk_read(d, off, b, sizeof b);
    if (err == GLC_OK)
        *out = glc_be64(b);
    return err;
}

static enum glc_err unpack(struct qcow2 *q, uint64_t entry)
{
    uint64_t cluster = (uint64_t)1 << q->cluster_bits;
    if (entry == q->cached)
        return GLC_OK;
    uint32_t bits = 62 - (q->cluster_bits - 8);
    uint64_t at = entry & (((uint64_t)1 << bits) - 1);
    uint64_t sectors = (entry >> bits) & (((uint64_t)1 << (62 - bits)) - 1);
    uint64_t len = (sectors + 1) * 512 - (at & 511);
    if (at >= q->file->size)
        return GLC_CORRUPT;
    if (len > q->file->size - at)
        len = q->file->size - at;
    if (len > 2 * cluster || !glc_disks_work(q->file->all, cluster))
        return len > 2 * cluster ? GLC_CORRUPT : GLC_LIMIT;
    size_t got;
    q->cached = UINT64_MAX;
    enum glc_err err = glc_disk_read(q->file, at, q->packed, (size_t)len);
    if (err == GLC_OK)
        err = glc_unpack(q->pack, glc_span(q->packed, (size_t)len), q->plain, (size_t)cluster, &got);
    if (err != GLC_OK)
        return err;
    if (got != cluster)
        return GLC_CORRUPT;
    q->cached = entry;
    return GLC_OK;
}

static enum glc_err map(const struct glc_disk *d, uint64_t off, struct glc_disk_piece *out)
{
    struct qcow2 *q = d->ctx;
    uint64_t cluster = (uint64_t)1 << q->cluster_bits, in = off & (cluster - 1), l2, entry, bits = 0;
    uint32_t l2_bits = q->cluster_bits - (q->extended ? 4 : 3);
    uint64_t i1 = off >> (q->cluster_bits + l2_bits),
             i2 = (off >> q->cluster_bits) & (((uint64_t)1 << l2_bits) - 1);
    *out = (struct glc_disk_piece){ .len = cluster - in };
    if (i1 >= q->l1_size)
        return GLC_CORRUPT;
    enum glc_err err = be64_at(q->file, q->l1 + i1 * 8, &l2);
    l2 &= 0x00fffffffffffe00;
    if (err != GLC_OK || l2 == 0)
        return err;
    uint64_t place = l2 + i2 * (q->extended ? 16 : 8);
    err = be64_at(q->file, place, &entry);
    if (err == GLC_OK && q->extended)
        err = be64_at(q->file, place + 8, &bits);
    if (err != GLC_OK)
        return err;
    if ((entry >> 62 & 1) != 0) {
        err = unpack(q, entry & ~((uint64_t)3 << 62));
        out->ptr = q->plain + in;
        return err;
    }
    uint64_t at = entry & 0x00fffffffffffe00;
    bool there = at != 0 && (entry & 1) == 0;
    if (q->extended) {
        uint64_t sub = cluster / 32, i = in / sub;
        out->len = sub - in % sub;
        there = at != 0 && (bits >> i & 1) != 0;
    }
    if (there) {
        out->on = q->file;
        out->at = at + in;
    }
    return GLC_OK;
}

/* NULL, or why it cannot be read. */
static const char *refuse(const uint8_t h[112], uint64_t file_size)
{
    uint32_t version = glc_be32(h + 4), bits = glc_be32(h + 20), crypt = glc_be32(h + 32);
    uint64_t flags = version >= 3 ? glc_be64(h + 72) : 0;
    if (crypt != 0)
        return crypt == 2 ? "encrypted (LUKS in qcow2)" : "encrypted (AES in qcow2)";
    if (version != 2 && version != 3)
        return "qcow2 of a version that is not read";
    if (glc_be64(h + 8) != 0)
        return "it holds only what differs from its backing file: convert it first (qemu-img convert -O raw)";
    if ((flags & EXTERNAL) != 0)
        return "its data lies in another file: convert it first (qemu-img convert -O raw)";
    if ((flags & ~(uint64_t)(DIRTY | CORRUPT | COMPRESSION | EXTENDED)) != 0)
        return "qcow2 with a feature that is not read";
    if (bits < 9 || bits > 21 || ((flags & EXTENDED) != 0 && bits < 14) || glc_be32(h + 36) > MAX_L1 / 8 ||
        glc_be64(h + 40) > file_size || glc_be64(h + 24) > (uint64_t)1 << 62)
        return "the qcow2 header is damaged";
    if ((flags & COMPRESSION) != 0 && h[104] > 1)
        return "qcow2 with a compression that is not read";
    return NULL;
}

bool glc_disk_qcow2(const struct glc_disk *d, const char *path, struct glc_disk **out)
{
    uint8_t h[112] = { 0 };
    struct glc_arena *arena = &d->all->arena;
    if (!glc_disk_has(d, 0, "QFI\xfb", 4))
        return false;
    if (glc_disk_read(d, 0, h, d->size < sizeof h ? 72 : sizeof h) != GLC_OK && d->size < 72) {
        glc_audit_gap(d->all->a, path, "not readable: the qcow2 header is cut short");
        return true;
    }
    const char *why = refuse(h, d->size);
    struct qcow2 *q = why == NULL ? glc_arena_alloc(arena, sizeof *q) : NULL;
    if (q == NULL) {
        glc_audit_gap(d->all->a, path, "not readable: %s", why != NULL ? why : "not enough memory");
        return true;
    }
    uint64_t flags = glc_be32(h + 4) >= 3 ? glc_be64(h + 72) : 0;
    *q = (struct qcow2){ .file = d,
                         .cached = UINT64_MAX,
                         .l1 = glc_be64(h + 40),
                         .l1_size = glc_be32(h + 36),
                         .cluster_bits = glc_be32(h + 20),
                         .extended = (flags & EXTENDED) != 0,
                         .pack =
                             (flags & COMPRESSION) != 0 && h[104] == 1 ? GLC_PACK_ZSTD : GLC_PACK_DEFLATE };
    if ((flags & CORRUPT) != 0)
        glc_audit_gap(d->all->a, path, "the qcow2 image says of itself that it is damaged");
    q->plain = glc_arena_alloc(arena, (size_t)1 << q->cluster_bits);
    q->packed = glc_arena_alloc(arena, (size_t)2 << q->cluster_bits);
    if (q->plain != NULL && q->packed != NULL)
        *out = glc_disk_new(d->all, glc_be64(h + 24), map, q);
    return true;
}
