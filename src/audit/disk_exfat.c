/* exFAT (Microsoft's exFAT specification 1.00; little endian).
 *
 * Boot sector: FAT at 80 (sectors), heap of clusters at 88, their number at 92, the root's first at 96, sizes
 * of sector and cluster as powers of two at 108 and 109. A folder is a run of entries of 32 bytes: a file
 * (0x85: how many follow, attributes at 4), its stream (0xc0: flags at 1, length of the name at 3, first
 * cluster at 20, size at 24), its name (0xc1: 15 UTF-16 units each). Flag 2 of a stream says that its
 * clusters lie in a row and the FAT does not count. */
#include "audit/disk_walk.h"

#include <stdlib.h>

enum { MAX_CLUSTER = 32 << 20, UNITS = 255, NO_CHAIN = 2 };

struct exfat {
    struct glc_disk_walk w;
    const struct glc_disk *d;
    uint64_t fat, heap, cluster;
    uint32_t clusters, root;
};

struct exfat_file {
    struct exfat *x;
    uint32_t first;
    uint8_t flags;
    uint64_t size;
};

static uint64_t cluster_at(const struct exfat *x, uint32_t n)
{
    return x->heap + (uint64_t)(n - 2) * x->cluster;
}

static bool is_cluster(const struct exfat *x, uint32_t n)
{
    return n >= 2 && n - 2 < x->clusters;
}

/* The next cluster of a chain; 0 at its end, or at damage. */
static uint32_t next(struct exfat *x, uint32_t n, uint8_t flags)
{
    uint8_t b[4];
    if ((flags & NO_CHAIN) != 0)
        return n + 1;
    if (glc_disk_read(x->d, x->fat + (uint64_t)n * 4, b, sizeof b) != GLC_OK)
        return 0;
    return is_cluster(x, glc_le32(b)) ? glc_le32(b) : 0;
}

static enum glc_err read_file(const struct glc_entry *e, struct glc_buf *out)
{
    const struct exfat_file *f = e->ctx;
    uint64_t left = f->size;
    uint32_t n = f->first;
    for (uint32_t steps = 0; left != 0; steps++) {
        if (!is_cluster(f->x, n) || steps > f->x->clusters)
            return GLC_CORRUPT;
        uint64_t take = left < f->x->cluster ? left : f->x->cluster;
        enum glc_err err = glc_disk_append(f->x->d, cluster_at(f->x, n), take, out);
        if (err != GLC_OK)
            return err;
        left -= take;
        n = next(f->x, n, f->flags);
    }
    return GLC_OK;
}

static size_t utf8(const uint16_t *units, size_t n, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        uint16_t u = units[i];
        if (u < 0x80) {
            out[len++] = u == 0 || u == '/' ? '_' : (char)u;
        } else if (u < 0x800) {
            out[len++] = (char)(0xc0 | u >> 6);
            out[len++] = (char)(0x80 | (u & 0x3f));
        } else {
            out[len++] = (char)(0xe0 | u >> 12);
            out[len++] = (char)(0x80 | (u >> 6 & 0x3f));
            out[len++] = (char)(0x80 | (u & 0x3f));
        }
    }
    return len;
}

/* What of an entry set was seen so far. */
struct set {
    uint32_t left; /* entries that belong to it and are still to come */
    bool folder, stream;
    size_t want, units;
    uint16_t name[UNITS];
    struct exfat_file file;
};

static void folder(struct exfat *x, uint32_t first, uint8_t flags, uint64_t size);

static void finish(struct exfat *x, struct set *s)
{
    char name[3 * UNITS];
    size_t mark, n = utf8(s->name, s->units < s->want ? s->units : s->want, name);
    if (!s->stream || s->units < s->want) {
        x->w.damaged = true;
        return;
    }
    if (!glc_disk_walk_down(&x->w, glc_span(name, n), &mark))
        return;
    struct exfat_file f = s->file;
    glc_disk_walk_entry(&x->w, s->folder ? GLC_ENTRY_DIR : GLC_ENTRY_FILE, f.size, read_file, &f);
    if (s->folder && f.size != 0)
        folder(x, f.first, f.flags, f.size);
    glc_disk_walk_up(&x->w, mark);
}

static void one(struct exfat *x, const uint8_t *e, struct set *s)
{
    if (e[0] == 0x85) {
        *s = (struct set){ .left = e[1], .folder = (glc_le16(e + 4) & 0x10) != 0 };
        return;
    }
    if (s->left == 0)
        return;
    s->left--;
    if (e[0] == 0xc0) {
        s->stream = true;
        s->want = e[3];
        s->file = (struct exfat_file){ x, glc_le32(e + 20), e[1], glc_le64(e + 24) };
    } else if (e[0] == 0xc1) {
        for (size_t i = 0; i < 15 && s->units < s->want && s->units < UNITS; i++)
            s->name[s->units++] = glc_le16(e + 2 + i * 2);
    }
    if (s->left == 0)
        finish(x, s);
}

static void folder(struct exfat *x, uint32_t first, uint8_t flags, uint64_t size)
{
    if (!glc_disk_walk_enter(&x->w, first))
        return;
    struct set *s = calloc(1, sizeof *s);
    uint8_t *b = malloc(4096);
    uint32_t n = first;
    bool end = s == NULL || b == NULL;
    x->w.limited |= end;
    for (uint32_t steps = 0; !end && n != 0; steps++) {
        if (!is_cluster(x, n) || steps > x->clusters) {
            x->w.damaged = true;
            break;
        }
        for (uint64_t at = 0; at < x->cluster && !end; at += 4096) {
            size_t len = x->cluster - at < 4096 ? (size_t)(x->cluster - at) : 4096;
            enum glc_err err = glc_disk_read(x->d, cluster_at(x, n) + at, b, len);
            glc_disk_walk_fault(&x->w, err);
            end = err != GLC_OK;
            for (size_t i = 0; i + 32 <= len && !end; i += 32) {
                end = b[i] == 0;
                if (!end)
                    one(x, b + i, s);
            }
        }
        if ((flags & NO_CHAIN) != 0 && (steps + 1) * x->cluster >= size)
            break;
        n = next(x, n, flags);
    }
    free(b);
    free(s);
    glc_disk_walk_leave(&x->w);
}

static bool header(struct exfat *x)
{
    uint8_t h[512];
    if (glc_disk_read(x->d, 0, h, sizeof h) != GLC_OK || h[108] < 9 || h[108] > 12 || h[109] > 25 - h[108])
        return false;
    x->fat = (uint64_t)glc_le32(h + 80) << h[108];
    x->heap = (uint64_t)glc_le32(h + 88) << h[108];
    x->cluster = (uint64_t)1 << (h[108] + h[109]);
    x->clusters = glc_le32(h + 92);
    x->root = glc_le32(h + 96);
    return x->heap < x->d->size && is_cluster(x, x->root);
}

void glc_disk_exfat(const struct glc_disk *d, const char *name)
{
    struct exfat *x = calloc(1, sizeof *x);
    if (x == NULL)
        return;
    x->d = d;
    glc_disk_walk_init(&x->w, d, name);
    if (!header(x))
        x->w.damaged = true;
    else
        folder(x, x->root, 0, UINT64_MAX);
    glc_disk_walk_done(&x->w, "exFAT");
    free(x);
}
