/* XFS, versions 4 and 5 ("XFS Algorithms & Data Structures", 3rd edition; big endian).
 *
 * An inode's number is its group, block and slot packed together. Its fork holds the content itself (short
 * folders, links), a list of extents, or the root of a tree of extents. A folder's blocks below 32 GiB hold
 * its entries (XD2B/XD2D, with checksums XDB3/XDD3); what lies above is indexes, which nobody needs who reads
 * everything. Names stand behind inode numbers, and behind the name a type where the file system has them.
 *
 * The log is not replayed: where its last record is not an unmount, that is a gap. */
#include "audit/disk_walk.h"

#include <stdlib.h>

enum { EXTENT = 16, MAX_INODE = 2048, MAX_DIR_BLOCK = 65536, MAX_TREE = 8, LOG_SECTOR = 512 };
enum { FMT_LOCAL = 1, FMT_EXTENTS = 2, FMT_BTREE = 3 };
enum { INCOMPAT_FTYPE = 1, INCOMPAT_KNOWN = 0x3f };
static const uint64_t leaf_offset = (uint64_t)1 << 35; /* bytes of a folder from which on indexes lie */

struct xfs {
    struct glc_disk_walk w;
    const struct glc_disk *d;
    uint32_t block, inode_size, ag_blocks, ag_count, dir_block;
    uint8_t inop_log, agblk_log;
    bool v5, ftype;
    uint64_t root;
};

struct inode {
    uint8_t raw[MAX_INODE];
    uint16_t mode;
    uint8_t format;
    uint64_t size, extents;
    struct glc_span fork;
};

struct xfs_file {
    struct xfs *x;
    uint64_t ino;
};

/* Where a block number of the file system lies; UINT64_MAX: nowhere. */
static uint64_t place(const struct xfs *x, uint64_t fsblock)
{
    uint64_t ag = fsblock >> x->agblk_log, in = fsblock & (((uint64_t)1 << x->agblk_log) - 1);
    if (ag >= x->ag_count || in >= x->ag_blocks)
        return UINT64_MAX;
    return (ag * x->ag_blocks + in) * x->block;
}

static enum glc_err read_inode(const struct xfs *x, uint64_t ino, struct inode *out)
{
    uint64_t block = ino >> x->inop_log, slot = ino & (((uint64_t)1 << x->inop_log) - 1),
             at = place(x, block);
    if (at == UINT64_MAX)
        return GLC_CORRUPT;
    enum glc_err err = glc_disk_read(x->d, at + slot * x->inode_size, out->raw, x->inode_size);
    if (err != GLC_OK)
        return err;
    const uint8_t *r = out->raw;
    uint8_t version = r[4], forkoff = r[82];
    uint32_t core = version >= 3 ? 176 : 100;
    if (memcmp(r, "IN", 2) != 0 || version < 1 || version > 3 || core + forkoff * 8u > x->inode_size)
        return GLC_CORRUPT;
    out->mode = glc_be16(r + 2);
    out->format = r[5];
    out->size = glc_be64(r + 56);
    out->extents = version >= 3 && (glc_be64(r + 120) & 0x10) != 0 ? glc_be64(r + 24) : glc_be32(r + 76);
    out->fork = glc_span(r + core, forkoff != 0 ? forkoff * 8u : x->inode_size - core);
    return GLC_OK;
}

struct extent {
    uint64_t off, len; /* bytes of the file */
    uint64_t at;       /* on the disk; UINT64_MAX: allocated and never written */
};

/* What to do with each extent, in the file's order; anything but OK ends the walk. */
typedef enum glc_err on_extent(void *ctx, const struct extent *e);

static enum glc_err records(const struct xfs *x, struct glc_span s, uint64_t n, on_extent *f, void *ctx)
{
    if (n > s.len / EXTENT)
        return GLC_CORRUPT;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t a = glc_be64(s.ptr + i * EXTENT), b = glc_be64(s.ptr + i * EXTENT + 8);
        uint64_t start = (a & 0x1ff) << 43 | b >> 21, count = b & 0x1fffff, off = (a & INT64_MAX) >> 9;
        struct extent e = { off * x->block, count * x->block, UINT64_MAX };
        if (off > (uint64_t)1 << 51)
            return GLC_CORRUPT;
        if (a >> 63 == 0 && (e.at = place(x, start)) == UINT64_MAX)
            return GLC_CORRUPT;
        enum glc_err err = f(ctx, &e);
        if (err != GLC_OK)
            return err;
    }
    return GLC_OK;
}

/* A block of the tree of extents, and those below it. Every level must be lower than the one above. */
static enum glc_err tree(const struct xfs *x, uint64_t fsblock, unsigned level, on_extent *f, void *ctx)
{
    uint64_t at = place(x, fsblock);
    size_t head = x->v5 ? 72 : 24;
    uint8_t *b = at != UINT64_MAX ? malloc(x->block) : NULL;
    enum glc_err err = at == UINT64_MAX ? GLC_CORRUPT
                       : b == NULL      ? GLC_NOMEM
                                        : glc_disk_read(x->d, at, b, x->block);
    if (err == GLC_OK) {
        uint16_t n = glc_be16(b + 6);
        size_t most = (x->block - head) / 16;
        if (memcmp(b, x->v5 ? "BMA3" : "BMAP", 4) != 0 || glc_be16(b + 4) != level || n > most)
            err = GLC_CORRUPT;
        else if (level == 0)
            err = records(x, glc_span(b + head, x->block - head), n, f, ctx);
        for (uint16_t i = 0; err == GLC_OK && level != 0 && i < n; i++)
            err = tree(x, glc_be64(b + head + most * 8 + (size_t)i * 8), level - 1, f, ctx);
    }
    free(b);
    return err;
}

static enum glc_err extents(const struct xfs *x, const struct inode *n, on_extent *f, void *ctx)
{
    if (n->format == FMT_EXTENTS)
        return records(x, n->fork, n->extents, f, ctx);
    if (n->format != FMT_BTREE || n->fork.len < 4)
        return GLC_CORRUPT;
    unsigned level = glc_be16(n->fork.ptr), count = glc_be16(n->fork.ptr + 2);
    size_t most = (n->fork.len - 4) / 16;
    if (level == 0 || level > MAX_TREE || count > most)
        return GLC_CORRUPT;
    for (size_t i = 0; i < count; i++) {
        enum glc_err err = tree(x, glc_be64(n->fork.ptr + 4 + most * 8 + i * 8), level - 1, f, ctx);
        if (err != GLC_OK)
            return err;
    }
    return GLC_OK;
}

struct content {
    const struct xfs *x;
    struct glc_buf *out;
    size_t from; /* length of `out` before */
    uint64_t size;
};

static enum glc_err put(void *ctx, const struct extent *e)
{
    struct content *c = ctx;
    uint64_t have = c->out->len - c->from;
    if (e->off < have || e->off >= c->size)
        return e->off < have ? GLC_CORRUPT : GLC_OK; /* room allocated past the end */
    enum glc_err err = e->off != have ? glc_disk_append(c->x->d, UINT64_MAX, e->off - have, c->out) : GLC_OK;
    uint64_t rest = c->size - e->off;
    return err != GLC_OK ? err : glc_disk_append(c->x->d, e->at, e->len < rest ? e->len : rest, c->out);
}

static enum glc_err read_file(const struct glc_entry *e, struct glc_buf *out)
{
    const struct xfs_file *f = e->ctx;
    struct inode n;
    if (e->type != GLC_ENTRY_FILE)
        return GLC_UNSUPPORTED;
    enum glc_err err = read_inode(f->x, f->ino, &n);
    struct content c = { f->x, out, out->len, n.size };
    if (err == GLC_OK)
        err = extents(f->x, &n, put, &c);
    if (err == GLC_OK && out->len - c.from < n.size)
        err = glc_disk_append(f->x->d, UINT64_MAX, n.size - (out->len - c.from), out);
    return err;
}

static void folder(struct xfs *x, uint64_t ino, const struct inode *n);

static void entry(struct xfs *x, struct glc_span name, uint64_t ino)
{
    size_t mark;
    if (!glc_disk_walk_down(&x->w, name, &mark))
        return;
    struct inode *n = malloc(sizeof *n);
    enum glc_err err = n != NULL ? read_inode(x, ino, n) : GLC_NOMEM;
    glc_disk_walk_fault(&x->w, err);
    if (err == GLC_OK) {
        struct xfs_file f = { x, ino };
        enum glc_entry_type type = glc_disk_walk_type(n->mode);
        glc_disk_walk_entry(&x->w, type, n->size, read_file, &f);
        if (type == GLC_ENTRY_DIR)
            folder(x, ino, n);
    }
    free(n);
    glc_disk_walk_up(&x->w, mark);
}

static void short_folder(struct xfs *x, const struct inode *n)
{
    struct glc_cursor c = glc_cursor(glc_span_sub(n->fork, 0, n->size));
    uint8_t count = glc_cursor_u8(&c), wide = glc_cursor_u8(&c);
    count = wide > count ? wide : count;
    glc_cursor_skip(&c, wide != 0 ? 8 : 4); /* the parent */
    for (unsigned i = 0; i < count && glc_cursor_ok(&c); i++) {
        uint8_t len = glc_cursor_u8(&c);
        glc_cursor_skip(&c, 2);
        struct glc_span name = glc_cursor_span(&c, len);
        glc_cursor_skip(&c, x->ftype ? 1 : 0);
        uint64_t ino = wide != 0 ? glc_cursor_u64be(&c) : glc_cursor_u32be(&c);
        if (glc_cursor_ok(&c))
            entry(x, name, ino);
    }
    x->w.damaged |= !glc_cursor_ok(&c);
}

/* One block of entries: used ones and free runs (tag 0xffff, length) up to the end, or to the index that a
 * folder of one block carries in its tail. */
static void block_entries(struct xfs *x, struct glc_span b)
{
    bool single = memcmp(b.ptr, "XD2B", 4) == 0 || memcmp(b.ptr, "XDB3", 4) == 0;
    if (!single && memcmp(b.ptr, "XD2D", 4) != 0 && memcmp(b.ptr, "XDD3", 4) != 0) {
        x->w.damaged = true;
        return;
    }
    size_t head = b.ptr[3] == '3' ? 64 : 16, end = b.len;
    if (single) {
        uint64_t index = (uint64_t)glc_be32(b.ptr + b.len - 8) * 8 + 8;
        end = index < b.len - head ? b.len - (size_t)index : head;
        x->w.damaged |= end == head;
    }
    for (size_t at = head; at < end;) {
        struct glc_cursor c = glc_cursor(glc_span(b.ptr + at, end - at));
        if (end - at >= 4 && glc_be16(c.base) == 0xffff) {
            size_t len = glc_be16(c.base + 2);
            if (len < 8 || len > end - at) {
                x->w.damaged = true;
                return;
            }
            at += len;
            continue;
        }
        uint64_t ino = glc_cursor_u64be(&c);
        uint8_t len = glc_cursor_u8(&c);
        struct glc_span name = glc_cursor_span(&c, len);
        if (!glc_cursor_ok(&c)) {
            x->w.damaged = true;
            return;
        }
        entry(x, name, ino);
        at += (8 + 1 + (size_t)len + (x->ftype ? 1 : 0) + 2 + 7) & ~(size_t)7;
    }
}

struct blocks {
    struct xfs *x;
    uint64_t *at; /* of each of the folder's file system blocks below the indexes, in order */
    size_t count, room;
};

static enum glc_err collect(void *ctx, const struct extent *e)
{
    struct blocks *b = ctx;
    if (e->off >= leaf_offset || e->at == UINT64_MAX)
        return e->off >= leaf_offset ? GLC_OK : GLC_CORRUPT;
    for (uint64_t i = 0; i < e->len; i += b->x->block) {
        if (!glc_disks_work(b->x->d->all, 8))
            return GLC_LIMIT;
        if (b->count == b->room) {
            size_t room = b->room != 0 ? b->room * 2 : 16;
            uint64_t *at = realloc(b->at, room * sizeof *at);
            if (at == NULL)
                return GLC_NOMEM;
            b->at = at;
            b->room = room;
        }
        b->at[b->count++] = e->at + i;
    }
    return GLC_OK;
}

/* A folder's block may be several of the file system's, wherever each of them lies. */
static void long_folder(struct xfs *x, const struct inode *n)
{
    struct blocks b = { .x = x };
    enum glc_err err = extents(x, n, collect, &b);
    uint8_t *whole = malloc(x->dir_block);
    glc_disk_walk_fault(&x->w, whole != NULL ? err : GLC_NOMEM);
    size_t per = x->dir_block / x->block;
    x->w.damaged |= b.count % per != 0;
    for (size_t i = 0; whole != NULL && b.count - i >= per; i += per) {
        err = GLC_OK;
        for (size_t k = 0; k < per && err == GLC_OK; k++)
            err = glc_disk_read(x->d, b.at[i + k], whole + k * x->block, x->block);
        glc_disk_walk_fault(&x->w, err);
        if (err != GLC_OK)
            break;
        block_entries(x, glc_span(whole, x->dir_block));
    }
    free(whole);
    free(b.at);
}

static void folder(struct xfs *x, uint64_t ino, const struct inode *n)
{
    if (!glc_disk_walk_enter(&x->w, ino))
        return;
    if (n->format == FMT_LOCAL)
        short_folder(x, n);
    else
        long_folder(x, n);
    glc_disk_walk_leave(&x->w);
}

/* The record with the highest sequence number must be the unmount's: one operation, flag 0x20. */
static bool clean_log(const struct xfs *x, uint64_t at, uint64_t len)
{
    uint8_t h[LOG_SECTOR];
    uint64_t newest = 0, where = 0, rest = at < x->d->size ? x->d->size - at : 0;
    len = len < rest ? len : rest; /* the superblock may say anything */
    for (uint64_t i = 0; i + LOG_SECTOR <= len; i += LOG_SECTOR) {
        if (!glc_disk_has(x->d, at + i, "\xfe\xed\xba\xbe", 4) ||
            glc_disk_read(x->d, at + i, h, sizeof h) != GLC_OK)
            continue;
        if (glc_be64(h + 16) >= newest) {
            newest = glc_be64(h + 16);
            where = at + i;
        }
    }
    if (newest == 0)
        return true; /* an empty log */
    if (glc_disk_read(x->d, where, h, sizeof h) != GLC_OK)
        return false;
    uint32_t heads = glc_be32(h + 320) / 32768; /* header size of version 2, one sector per 32 KiB */
    uint32_t ops = glc_be32(h + 40);
    if (glc_be32(h + 8) != 2 || heads == 0)
        heads = 1;
    uint64_t first = where + (uint64_t)heads * LOG_SECTOR;
    if (first - at >= len)
        first -= len; /* the log is a ring */
    return ops == 1 && glc_disk_read(x->d, first, h, 16) == GLC_OK && (h[9] & 0x20) != 0;
}

static bool header(struct xfs *x, const uint8_t s[512])
{
    x->block = glc_be32(s + 4);
    x->root = glc_be64(s + 56);
    x->ag_blocks = glc_be32(s + 84);
    x->ag_count = glc_be32(s + 88);
    uint16_t version = glc_be16(s + 100);
    x->inode_size = glc_be16(s + 104);
    x->agblk_log = s[124];
    x->inop_log = s[123];
    x->v5 = (version & 15) == 5;
    x->ftype = x->v5 ? (glc_be32(s + 216) & INCOMPAT_FTYPE) != 0
                     : (version & 0x8000) != 0 && (glc_be32(s + 200) & 0x200) != 0;
    x->dir_block = s[192] < 8 ? x->block << s[192] : 0;
    return (x->v5 || (version & 15) == 4) && x->block >= 512 && x->block <= 65536 &&
           (x->block & (x->block - 1)) == 0 && x->inode_size >= 256 && x->inode_size <= MAX_INODE &&
           x->inode_size <= x->block && s[123] < 16 && x->agblk_log < 32 &&
           x->block >> s[123] == x->inode_size && x->ag_blocks <= (uint64_t)1 << x->agblk_log &&
           x->dir_block <= MAX_DIR_BLOCK && x->dir_block != 0;
}

void glc_disk_xfs(const struct glc_disk *d, const char *name)
{
    uint8_t s[512];
    struct xfs *x = calloc(1, sizeof *x);
    struct inode *root = calloc(1, sizeof *root);
    if (x == NULL || root == NULL || glc_disk_read(d, 0, s, sizeof s) != GLC_OK) {
        glc_audit_gap(d->all->a, name, "the XFS file system is damaged");
        goto out;
    }
    x->d = d;
    glc_disk_walk_init(&x->w, d, name);
    if (!header(x, s)) {
        glc_audit_gap(x->w.a, name, "the XFS file system is damaged: its superblock cannot be");
        goto out;
    }
    if (x->v5 && (glc_be32(s + 216) & ~(uint32_t)INCOMPAT_KNOWN) != 0)
        glc_audit_gap(x->w.a, name, "the XFS file system has a feature that is not known here");
    if ((glc_be32(s + 216) & 0x10) != 0 && x->v5)
        glc_audit_gap(x->w.a, name, "the XFS file system says of itself that it needs repair");
    uint64_t log = glc_be64(s + 48);
    if (log != 0 && place(x, log) != UINT64_MAX &&
        !clean_log(x, place(x, log), (uint64_t)glc_be32(s + 96) * x->block))
        glc_audit_gap(x->w.a, name, "the XFS file system was not unmounted: its log is not replayed");
    enum glc_err err = read_inode(x, x->root, root);
    glc_disk_walk_fault(&x->w, err == GLC_OK && (root->mode & 0xf000) != 0x4000 ? GLC_CORRUPT : err);
    if (err == GLC_OK && (root->mode & 0xf000) == 0x4000)
        folder(x, x->root, root);
    glc_disk_walk_done(&x->w, "XFS");
out:
    free(root);
    free(x);
}
