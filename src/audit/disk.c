/* Disks made of other disks, and one image from its first byte on. */
#include "audit/disk.h"

#include <stdarg.h>
#include <stdio.h>

enum { MAX_LAYERS = 8, CHUNK = 65536 };

void glc_disks_init(struct glc_disks *all, struct glc_audit *a, uint64_t image_size)
{
    *all = (struct glc_disks){ .a = a };
    glc_arena_init(&all->arena, (size_t)1 << 30);
    all->work = image_size < UINT64_MAX / 64 ? image_size * 32 + (256u << 20) : UINT64_MAX;
}

void glc_disks_done(struct glc_disks *all)
{
    glc_arena_done(&all->arena);
}

bool glc_disks_work(struct glc_disks *all, uint64_t n)
{
    if (n > all->work) {
        all->spent = true;
        return false;
    }
    all->work -= n;
    return true;
}

struct glc_disk *glc_disk_new(struct glc_disks *all, uint64_t size, glc_disk_map *map, void *ctx)
{
    struct glc_disk *d = glc_arena_alloc(&all->arena, sizeof *d);
    if (d != NULL)
        *d = (struct glc_disk){ .all = all, .size = size, .map = map, .ctx = ctx };
    return d;
}

static enum glc_err map_span(const struct glc_disk *d, uint64_t off, struct glc_disk_piece *out)
{
    const uint8_t *base = d->ctx;
    *out = (struct glc_disk_piece){ .len = d->size - off, .ptr = base + off };
    return GLC_OK;
}

struct glc_disk *glc_disk_span(struct glc_disks *all, struct glc_span bytes)
{
    return glc_disk_new(all, bytes.len, map_span, (void *)(uintptr_t)bytes.ptr);
}

struct part {
    const struct glc_disk *on;
    uint64_t at;
};

static enum glc_err map_part(const struct glc_disk *d, uint64_t off, struct glc_disk_piece *out)
{
    const struct part *p = d->ctx;
    *out = (struct glc_disk_piece){ .len = d->size - off, .on = p->on, .at = p->at + off };
    return GLC_OK;
}

struct glc_disk *glc_disk_part(const struct glc_disk *d, uint64_t off, uint64_t len)
{
    struct part *p = glc_arena_alloc(&d->all->arena, sizeof *p);
    if (p == NULL)
        return NULL;
    uint64_t rest = off < d->size ? d->size - off : 0;
    *p = (struct part){ d, off };
    return glc_disk_new(d->all, len < rest ? len : rest, map_part, p);
}

/* Without the allowance being asked: the caller did. `layers` ends disks that are made of themselves. */
static enum glc_err follow(const struct glc_disk *d, uint64_t off, uint8_t *to, size_t n, int layers)
{
    if (off > d->size || n > d->size - off || layers == 0)
        return GLC_CORRUPT;
    while (n != 0) {
        struct glc_disk_piece p = { 0 };
        enum glc_err err = d->map(d, off, &p);
        if (err != GLC_OK)
            return err;
        if (p.len == 0)
            return GLC_CORRUPT;
        size_t take = p.len < n ? (size_t)p.len : n;
        if (p.ptr != NULL)
            memcpy(to, p.ptr, take);
        else if (p.on == NULL)
            memset(to, 0, take);
        else
            err = follow(p.on, p.at, to, take, layers - 1);
        if (err != GLC_OK)
            return err;
        to += take;
        off += take;
        n -= take;
    }
    return GLC_OK;
}

enum glc_err glc_disk_read(const struct glc_disk *d, uint64_t off, void *to, size_t n)
{
    if (!glc_disks_work(d->all, n))
        return GLC_LIMIT;
    return follow(d, off, to, n, MAX_LAYERS);
}

bool glc_disk_has(const struct glc_disk *d, uint64_t off, const void *bytes, size_t n)
{
    uint8_t there[64];
    return n <= sizeof there && off <= d->size && n <= d->size - off &&
           glc_disk_read(d, off, there, n) == GLC_OK && memcmp(there, bytes, n) == 0;
}

enum glc_err glc_disk_append(const struct glc_disk *d, uint64_t off, uint64_t n, struct glc_buf *out)
{
    size_t room = out->cap - out->len;
    uint64_t left = n < room ? n : room;
    bool zeros = off == UINT64_MAX;
    while (left != 0) {
        size_t take = left < CHUNK ? (size_t)left : CHUNK;
        uint8_t *to = glc_buf_reserve(out, take);
        if (to == NULL)
            return GLC_NOMEM;
        enum glc_err err = !zeros                         ? glc_disk_read(d, off, to, take)
                           : glc_disks_work(d->all, take) ? GLC_OK
                                                          : GLC_LIMIT;
        if (err != GLC_OK)
            return err;
        if (zeros)
            memset(to, 0, take);
        else
            off += take;
        out->len += take;
        left -= take;
    }
    return n > room ? GLC_LIMIT : GLC_OK;
}

const char *glc_disk_name(struct glc_disks *all, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const char *kept = glc_arena_strdup(&all->a->arena, glc_span_str(text));
    return kept != NULL ? kept : "a volume";
}

typedef bool container(const struct glc_disk *d, const char *path, struct glc_disk **out);

void glc_disk_image(const struct glc_disk *d, const char *path)
{
    static container *const containers[] = { glc_disk_qcow2, glc_disk_vmdk, glc_disk_vhdx, glc_disk_vdi,
                                             glc_disk_vhd };
    struct glc_disks *all = d->all;
    struct glc_disk *inner = NULL;
    for (size_t i = 0; i < sizeof containers / sizeof *containers; i++) {
        if (!containers[i](d, path, &inner))
            continue;
        if (inner == NULL)
            return;
        d = inner;
        break;
    }
    if (d->size < 1024)
        glc_audit_gap(all->a, path, "the image is cut short");
    else if (!glc_disk_volume(d, "file system") && !glc_disk_table(d, path))
        glc_audit_gap(all->a, path, "neither a partition table nor a file system that is read");
    glc_disk_lvm_volumes(all);
    if (all->spent)
        glc_audit_gap(all->a, path, "reading it all takes more work than its size accounts for");
    if (all->arena.failed)
        glc_audit_gap(all->a, path, "reading it takes more memory than is given");
}
