/* FAT12, FAT16, FAT32 (Microsoft's FAT specification 1.03): boot sector, chains of clusters, folder entries
 * of 32 bytes with long names in the entries before them. Chains and folders end at caps; damage is a gap. */
#include "audit/disk_walk.h"

#include <stdlib.h>

enum { MAX_ENTRIES = 1 << 22, MAX_NAME = 1024 };

struct fat {
    struct glc_disk_walk w;
    const struct glc_disk *d;
    uint32_t bits;        /* 12, 16, 32 */
    uint32_t cluster;     /* bytes */
    uint64_t table, data; /* byte offsets */
    uint64_t root;        /* byte offset of FAT12/16's root folder */
    uint32_t root_bytes, root_cluster, clusters;
    uint64_t work; /* clusters that may still be followed: chains can be made to loop */
    uint32_t left; /* folder entries that may still be read */
};

struct fat_file {
    struct fat *f;
    uint32_t first, size;
};

static bool header(struct fat *f)
{
    uint8_t boot[512];
    if (glc_disk_read(f->d, 0, boot, sizeof boot) != GLC_OK)
        return false;
    struct glc_cursor c = glc_cursor(glc_span(boot, sizeof boot));
    glc_cursor_seek(&c, 11);
    uint32_t sector = glc_cursor_u16le(&c), per = glc_cursor_u8(&c), reserved = glc_cursor_u16le(&c),
             copies = glc_cursor_u8(&c);
    uint32_t roots = glc_cursor_u16le(&c), total = glc_cursor_u16le(&c);
    (void)glc_cursor_u8(&c);
    uint32_t fat = glc_cursor_u16le(&c);
    glc_cursor_seek(&c, 32);
    uint32_t total32 = glc_cursor_u32le(&c), fat32 = glc_cursor_u32le(&c);
    glc_cursor_seek(&c, 44);
    f->root_cluster = glc_cursor_u32le(&c);
    fat = fat != 0 ? fat : fat32;
    total = total != 0 ? total : total32;
    if (!glc_cursor_ok(&c) || sector < 512 || sector > 4096 || (sector & (sector - 1)) != 0 || per == 0 ||
        reserved == 0 || fat == 0)
        return false;
    uint64_t before = reserved + (uint64_t)copies * fat,
             root_sectors = ((uint64_t)roots * 32 + sector - 1) / sector;
    if (total <= before + root_sectors)
        return false;
    f->cluster = sector * per;
    f->table = (uint64_t)reserved * sector;
    f->root = before * sector;
    f->root_bytes = roots * 32;
    f->data = (before + root_sectors) * sector;
    uint64_t clusters = (total - before - root_sectors) / per;
    f->clusters = (uint32_t)clusters;
    f->bits = roots == 0 ? 32 : clusters < 4085 ? 12 : 16;
    if (f->data >= f->d->size)
        return false;
    uint64_t there = (f->d->size - f->data) / f->cluster + 1;
    f->clusters = there < f->clusters ? (uint32_t)there : f->clusters;
    f->work = (uint64_t)f->clusters * 4 + 65536;
    return true;
}

/* The cluster after `n`; 0 at the end of the chain or at damage. */
static uint32_t next(struct fat *f, uint32_t n)
{
    if (f->work == 0) {
        f->w.damaged = true;
        return 0;
    }
    f->work--;
    uint64_t off = f->table + (f->bits == 12 ? (uint64_t)n * 3 / 2 : (uint64_t)n * (f->bits / 8));
    uint8_t s[4] = { 0 };
    enum glc_err err = glc_disk_read(f->d, off, s, f->bits == 32 ? 4 : 2);
    if (err != GLC_OK) {
        glc_disk_walk_fault(&f->w, err);
        return 0;
    }
    uint32_t x = f->bits == 32 ? glc_le32(s) & 0x0fffffff : glc_le16(s), end = f->bits == 32   ? 0x0ffffff8
                                                                               : f->bits == 16 ? 0xfff8
                                                                                               : 0xff8;
    if (f->bits == 12)
        x = n % 2 != 0 ? x >> 4 : x & 0xfff;
    if (x >= end)
        return 0;
    if (x < 2 || x - 2 >= f->clusters) {
        f->w.damaged = true;
        return 0;
    }
    return x;
}

static uint64_t cluster_at(const struct fat *f, uint32_t n)
{
    return f->data + (uint64_t)(n - 2) * f->cluster;
}

static enum glc_err read_file(const struct glc_entry *e, struct glc_buf *out)
{
    const struct fat_file *file = e->ctx;
    struct fat *f = file->f;
    uint32_t left = file->size, n = file->first;
    for (uint32_t steps = 0; left != 0; steps++) {
        if (n < 2 || n - 2 >= f->clusters || steps > f->clusters)
            return GLC_CORRUPT;
        uint32_t take = left < f->cluster ? left : f->cluster;
        enum glc_err err = glc_disk_append(f->d, cluster_at(f, n), take, out);
        if (err != GLC_OK)
            return err;
        left -= take;
        n = left != 0 ? next(f, n) : 0;
    }
    return GLC_OK;
}

struct name {
    uint16_t units[256];
    size_t n;
};

/* 13 UTF-16 units of a long name; entries come last part first. */
static void long_part(struct name *n, const uint8_t *e)
{
    static const uint8_t at[13] = { 1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30 };
    size_t part = (size_t)(e[0] & 0x1f);
    if (part == 0 || part > 19)
        return;
    if ((e[0] & 0x40) != 0)
        n->n = part * 13;
    for (size_t i = 0; i < 13; i++)
        n->units[(part - 1) * 13 + i] = glc_le16(e + at[i]);
}

static size_t put_name(const struct name *n, const uint8_t *e, char *out, size_t room)
{
    size_t len = 0;
    for (size_t i = 0; i < n->n && n->units[i] != 0 && n->units[i] != 0xffff && len + 4 < room; i++) {
        uint16_t u = n->units[i];
        if (u < 0x80) {
            out[len++] = u == '/' ? '_' : (char)u;
        } else if (u < 0x800) {
            out[len++] = (char)(0xc0 | u >> 6);
            out[len++] = (char)(0x80 | (u & 0x3f));
        } else {
            out[len++] = (char)(0xe0 | u >> 12);
            out[len++] = (char)(0x80 | (u >> 6 & 0x3f));
            out[len++] = (char)(0x80 | (u & 0x3f));
        }
    }
    for (size_t i = 0; n->n == 0 && i < 11 && len + 2 < room; i++) {
        if (i == 8 && e[8] != ' ')
            out[len++] = '.';
        bool lower = (e[12] & (i < 8 ? 8 : 16)) != 0;
        if (e[i] != ' ' && e[i] != '/')
            out[len++] = (char)(lower ? glc_ascii_lower(e[i]) : e[i]);
    }
    return len;
}

static void folder(struct fat *f, uint32_t first);

static void entry(struct fat *f, const uint8_t *e, const struct name *n)
{
    char name[MAX_NAME];
    size_t got = put_name(n, e, name, sizeof name), mark;
    if (got == 0 || !glc_disk_walk_down(&f->w, glc_span(name, got), &mark))
        return;
    struct fat_file file = { f, (uint32_t)glc_le16(e + 20) << 16 | glc_le16(e + 26), glc_le32(e + 28) };
    if (f->bits != 32)
        file.first &= 0xffff;
    bool dir = (e[11] & 0x10) != 0;
    glc_disk_walk_entry(&f->w, dir ? GLC_ENTRY_DIR : GLC_ENTRY_FILE, file.size, read_file, &file);
    if (dir && file.first >= 2 && file.first - 2 < f->clusters)
        folder(f, file.first);
    else if (dir)
        f->w.damaged = true;
    glc_disk_walk_up(&f->w, mark);
}

/* False at the end mark, or when entries are used up. */
static bool entries(struct fat *f, struct glc_span s, struct name *n)
{
    for (size_t i = 0; i + 32 <= s.len; i += 32) {
        const uint8_t *e = s.ptr + i;
        if (e[0] == 0)
            return false;
        if (f->left == 0) {
            f->w.limited = true;
            return false;
        }
        f->left--;
        if (e[0] == 0xe5) {
            n->n = 0;
        } else if (e[11] == 0x0f) {
            long_part(n, e);
        } else {
            if ((e[11] & 8) == 0 && e[0] != '.')
                entry(f, e, n);
            n->n = 0;
        }
    }
    return true;
}

static void folder(struct fat *f, uint32_t first)
{
    struct name n = { .n = 0 };
    if (!glc_disk_walk_enter(&f->w, first))
        return;
    uint8_t *block = malloc(f->cluster);
    uint32_t at = first;
    for (uint32_t steps = 0; block != NULL && at != 0; steps++) {
        enum glc_err err =
            steps > f->clusters ? GLC_CORRUPT : glc_disk_read(f->d, cluster_at(f, at), block, f->cluster);
        glc_disk_walk_fault(&f->w, err);
        if (err != GLC_OK || !entries(f, glc_span(block, f->cluster), &n))
            break;
        at = next(f, at);
    }
    f->w.limited |= block == NULL;
    free(block);
    glc_disk_walk_leave(&f->w);
}

/* FAT12's and FAT16's root lies before the clusters. */
static void fixed_root(struct fat *f)
{
    struct name n = { .n = 0 };
    uint8_t *block = malloc(f->root_bytes);
    enum glc_err err = block != NULL ? glc_disk_read(f->d, f->root, block, f->root_bytes) : GLC_NOMEM;
    glc_disk_walk_fault(&f->w, err);
    if (err == GLC_OK)
        (void)entries(f, glc_span(block, f->root_bytes), &n);
    free(block);
}

void glc_disk_fat(const struct glc_disk *d, const char *name)
{
    struct fat *f = calloc(1, sizeof *f);
    if (f == NULL)
        return;
    f->d = d;
    f->left = MAX_ENTRIES;
    glc_disk_walk_init(&f->w, d, name);
    if (!header(f))
        f->w.damaged = true;
    else if (f->bits == 32)
        folder(f, f->root_cluster >= 2 && f->root_cluster - 2 < f->clusters ? f->root_cluster : 2);
    else
        fixed_root(f);
    glc_disk_walk_done(&f->w, "FAT");
    free(f);
}
