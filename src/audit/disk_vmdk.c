/* VMDK (VMware's Virtual Disk Format 5.0): hosted sparse extents, "KDMV", little endian, sizes in sectors of
 * 512: a directory of tables of grains. Grains may be compressed, each behind its sector number and length
 * (streamOptimized); then the directory may stand in a footer, the last sector but one. A descriptor, text in
 * front of the extent or alone in a file, says what else belongs to the disk: where that is another file, the
 * disk is not read. */
#include "audit/disk.h"
#include "audit/disk_unpack.h"

enum { COMPRESSED = 1 << 16, ZEROED = 1 << 2, MAX_TEXT = 65536 };

struct vmdk {
    const struct glc_disk *file;
    uint64_t directory; /* bytes */
    uint64_t grain;     /* bytes */
    uint32_t per_table, flags;
    uint64_t cached; /* the place of the grain that is unpacked in `plain` */
    uint8_t *plain, *packed;
};

static enum glc_err le32_at(const struct glc_disk *d, uint64_t off, uint32_t *out)
{
    uint8_t b[4];
    enum glc_err err = glc_disk_read(d, off, b, sizeof b);
    if (err == GLC_OK)
        *out = glc_le32(b);
    return err;
}

static enum glc_err unpack(struct vmdk *v, uint64_t at)
{
    uint8_t head[12];
    if (at == v->cached)
        return GLC_OK;
    enum glc_err err = glc_disk_read(v->file, at, head, sizeof head);
    uint32_t len = err == GLC_OK ? glc_le32(head + 8) : 0;
    if (err != GLC_OK || len > v->grain * 2)
        return err != GLC_OK ? err : GLC_CORRUPT;
    if (!glc_disks_work(v->file->all, v->grain))
        return GLC_LIMIT;
    size_t got = 0;
    v->cached = 0;
    err = glc_disk_read(v->file, at + sizeof head, v->packed, len);
    if (err == GLC_OK)
        err = glc_unpack(GLC_PACK_ZLIB, glc_span(v->packed, len), v->plain, (size_t)v->grain, &got);
    if (err != GLC_OK)
        return err;
    memset(v->plain + got, 0, (size_t)v->grain - got); /* the disk's last grain may be shorter */
    v->cached = at;
    return GLC_OK;
}

static enum glc_err map(const struct glc_disk *d, uint64_t off, struct glc_disk_piece *out)
{
    struct vmdk *v = d->ctx;
    uint64_t n = off / v->grain, in = off % v->grain;
    uint32_t table = 0, grain = 0;
    *out = (struct glc_disk_piece){ .len = v->grain - in };
    enum glc_err err = le32_at(v->file, v->directory + n / v->per_table * 4, &table);
    if (err != GLC_OK || table == 0)
        return err;
    err = le32_at(v->file, (uint64_t)table * 512 + n % v->per_table * 4, &grain);
    if (err != GLC_OK || grain == 0 || (grain == 1 && (v->flags & ZEROED) != 0))
        return err;
    if ((v->flags & COMPRESSED) != 0) {
        err = unpack(v, (uint64_t)grain * 512);
        out->ptr = v->plain + in;
        return err;
    }
    out->on = v->file;
    out->at = (uint64_t)grain * 512 + in;
    return GLC_OK;
}

/* The extents of a descriptor: RW 2048 SPARSE "name.vmdk". */
static unsigned extents(struct glc_span text, char first[256])
{
    struct glc_span line;
    unsigned n = 0;
    first[0] = '\0';
    while (glc_line_next(&text, &line)) {
        struct glc_span s = glc_span_trim(line);
        if (!glc_span_starts(s, glc_span_str("RW ")) && !glc_span_starts(s, glc_span_str("RDONLY ")))
            continue;
        const uint8_t *quote = memchr(s.ptr, '"', s.len);
        if (n++ != 0 || quote == NULL)
            continue;
        struct glc_span name = glc_span_sub(s, (uint64_t)(quote - s.ptr) + 1, 255);
        const uint8_t *end = memchr(name.ptr != NULL ? name.ptr : (const uint8_t *)"", '"', name.len);
        size_t len = end != NULL ? (size_t)(end - name.ptr) : 0;
        memcpy(first, name.ptr != NULL ? name.ptr : (const uint8_t *)"", len);
        first[len] = '\0';
    }
    return n;
}

static bool has_parent(struct glc_span text)
{
    struct glc_span line;
    while (glc_line_next(&text, &line)) {
        struct glc_span s = glc_span_trim(line), key = glc_span_sub(s, 0, 10);
        if (glc_span_ieq(key, glc_span_str("parentCID=")))
            return !glc_span_ieq(glc_span_sub(s, 10, s.len), glc_span_str("ffffffff"));
    }
    return false;
}

/* NULL, or why the descriptor says that this file is not the whole disk. */
static const char *judge_text(const struct glc_disk *d, uint64_t at, uint64_t len, bool alone)
{
    char first[256];
    uint8_t *text = glc_arena_alloc(&d->all->arena, MAX_TEXT);
    if (len > MAX_TEXT)
        len = MAX_TEXT;
    if (text == NULL || glc_disk_read(d, at, text, (size_t)len) != GLC_OK)
        return "its VMDK descriptor cannot be read";
    struct glc_span s = glc_span(text, strnlen((const char *)text, (size_t)len));
    unsigned n = extents(s, first);
    if (has_parent(s))
        return "a VMDK that holds only what differs from its parent";
    if (alone)
        return n == 0 ? "a VMDK descriptor without an extent"
                      : glc_disk_name(d->all,
                                      "a VMDK descriptor: its data lies in %u file%s (%s): audit that, or "
                                      "convert it (qemu-img convert -O raw)",
                                      n, n == 1 ? "" : "s", first);
    return n > 1 ? "a VMDK of several files: convert it first (qemu-img convert -O raw)" : NULL;
}

static struct glc_disk *sparse(const struct glc_disk *d, const char *path, uint8_t h[512])
{
    uint64_t text = glc_le64(h + 28), text_len = glc_le64(h + 36), dir = glc_le64(h + 56);
    const char *why = text != 0 && text < d->size / 512
                          ? judge_text(d, text * 512, text_len < 128 ? text_len * 512 : MAX_TEXT, false)
                          : NULL;
    if (why == NULL && dir == UINT64_MAX) {
        if (d->size < 1536 || glc_disk_read(d, d->size - 1024, h, 512) != GLC_OK || memcmp(h, "KDMV", 4) != 0)
            why = "the VMDK is cut short: its footer is missing";
        dir = glc_le64(h + 56);
    }
    uint64_t grain = glc_le64(h + 20), capacity = glc_le64(h + 12);
    struct vmdk *v = glc_arena_alloc(&d->all->arena, sizeof *v);
    if (v == NULL)
        return NULL;
    *v = (struct vmdk){ .file = d,
                        .directory = dir * 512,
                        .grain = grain * 512,
                        .per_table = glc_le32(h + 44),
                        .flags = glc_le32(h + 8) };
    if (why == NULL && (grain == 0 || grain > 4096 || (grain & (grain - 1)) != 0 || v->per_table == 0 ||
                        v->per_table > 65536 || dir > d->size / 512 || capacity > UINT64_MAX / 1024))
        why = "the VMDK header is damaged";
    if (why == NULL && (v->flags & COMPRESSED) != 0 && glc_le16(h + 77) != 1)
        why = "a VMDK with a compression that is not read";
    if (why != NULL) {
        glc_audit_gap(d->all->a, path, "not readable: %s", why);
        return NULL;
    }
    v->plain = glc_arena_alloc(&d->all->arena, (size_t)v->grain);
    v->packed = glc_arena_alloc(&d->all->arena, (size_t)v->grain * 2);
    return v->plain != NULL && v->packed != NULL ? glc_disk_new(d->all, capacity * 512, map, v) : NULL;
}

bool glc_disk_vmdk(const struct glc_disk *d, const char *path, struct glc_disk **out)
{
    uint8_t h[512];
    if (glc_disk_has(d, 0, "# Disk DescriptorFile", 21)) {
        const char *why = judge_text(d, 0, d->size, true);
        glc_audit_gap(d->all->a, path, "not readable: %s", why);
        return true;
    }
    if (glc_disk_has(d, 0, "COWD", 4) || glc_disk_has(d, 0, "\xbe\xba\xfe\xca\0\0\0\0", 8)) {
        glc_audit_gap(d->all->a, path,
                      "not readable: a sparse disk of an ESX host: convert it first (qemu-img "
                      "convert -O raw)");
        return true;
    }
    if (!glc_disk_has(d, 0, "KDMV", 4))
        return false;
    if (glc_disk_read(d, 0, h, sizeof h) != GLC_OK)
        glc_audit_gap(d->all->a, path, "not readable: the VMDK header is cut short");
    else
        *out = sparse(d, path, h);
    return true;
}
