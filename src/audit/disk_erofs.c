/* EROFS (Linux' Documentation/filesystems/erofs.rst; little endian).
 *
 * A file's number times 32, behind the start of the metadata, is where its inode lies: 32 bytes or 64.
 * Content lies in one run of blocks, whose last part may stand behind the inode; or in chunks, whose blocks
 * do. Folders are blocks of entries (number, where the name begins, type) before their names, and never
 * packed. Packed files are not unpacked: one that is wanted is a gap. */
#include "audit/disk_walk.h"

#include <stdlib.h>

enum { SUPER = 1024, ENTRY = 12, MAX_BLOCK_LOG = 16, MAX_FOLDER = 64 << 20, XATTR_HEAD = 12 };
enum { PLAIN = 0, PACKED = 1, INLINE = 2, PACKED_COMPACT = 3, CHUNKS = 4 };
enum { INCOMPAT_KNOWN = 0x7f, CHUNK_BITS = 0x1f, CHUNK_INDEXES = 0x20 };
static const uint32_t hole = 0xffffffff;

struct erofs {
    struct glc_disk_walk w;
    const struct glc_disk *d;
    uint32_t block_log;
    uint64_t meta; /* where inode 0 would lie */
};

struct node {
    uint64_t size, behind; /* where what follows the inode and its attributes begins */
    uint32_t data;         /* a block, or the form of the chunks */
    uint16_t mode;
    uint8_t layout;
};

struct erofs_file {
    struct erofs *x;
    uint64_t id;
};

static enum glc_err read_node(const struct erofs *x, uint64_t id, struct node *out)
{
    uint8_t r[64];
    if (id > x->d->size / 32)
        return GLC_CORRUPT;
    uint64_t at = x->meta + id * 32;
    enum glc_err err = glc_disk_read(x->d, at, r, 32);
    bool wide = err == GLC_OK && (r[0] & 1) != 0;
    if (wide)
        err = glc_disk_read(x->d, at + 32, r + 32, 32);
    if (err != GLC_OK)
        return err;
    uint16_t format = glc_le16(r), attributes = glc_le16(r + 2);
    *out = (struct node){ .mode = glc_le16(r + 4),
                          .size = wide ? glc_le64(r + 8) : glc_le32(r + 8),
                          .data = glc_le32(r + 16),
                          .layout = format >> 1 & 7,
                          .behind = at + (wide ? 64 : 32) };
    if (attributes != 0)
        out->behind += XATTR_HEAD + 4u * (attributes - 1u);
    return GLC_OK;
}

/* One run of blocks; with INLINE the last, begun block stands behind the inode. */
static enum glc_err run(const struct erofs *x, const struct node *n, struct glc_buf *out)
{
    uint64_t block = (uint64_t)1 << x->block_log, tail = n->layout == INLINE ? n->size & (block - 1) : 0;
    enum glc_err err = GLC_OK;
    if (n->layout == INLINE && tail == 0 && n->size != 0)
        tail = block;
    if (n->size != tail)
        err = glc_disk_append(x->d, (uint64_t)n->data << x->block_log, n->size - tail, out);
    return err == GLC_OK && tail != 0 ? glc_disk_append(x->d, n->behind, tail, out) : err;
}

/* Where each chunk lies stands behind the inode: 8 bytes with a device, or a block alone. */
static enum glc_err chunks(const struct erofs *x, const struct node *n, struct glc_buf *out)
{
    uint32_t log = x->block_log + (n->data & CHUNK_BITS), each = (n->data & CHUNK_INDEXES) != 0 ? 8 : 4;
    uint64_t at = (n->behind + each - 1) & ~(uint64_t)(each - 1), left = n->size;
    if ((n->data & 0xffff & ~(uint32_t)(CHUNK_BITS | CHUNK_INDEXES)) != 0 || log > 40)
        return GLC_UNSUPPORTED;
    for (; left != 0; at += each) {
        uint8_t e[8];
        uint64_t take = left >> log != 0 ? (uint64_t)1 << log : left;
        enum glc_err err = glc_disk_read(x->d, at, e, each);
        if (err == GLC_OK && each == 8 && glc_le16(e + 2) != 0)
            err = GLC_UNSUPPORTED; /* on another device */
        uint32_t block = glc_le32(e + each - 4);
        if (err == GLC_OK)
            err = glc_disk_append(x->d, block == hole ? UINT64_MAX : (uint64_t)block << x->block_log, take,
                                  out);
        if (err != GLC_OK)
            return err;
        left -= take;
    }
    return GLC_OK;
}

static enum glc_err content(const struct erofs *x, const struct node *n, struct glc_buf *out)
{
    switch (n->layout) {
    case PLAIN:
    case INLINE:
        return run(x, n, out);
    case CHUNKS:
        return chunks(x, n, out);
    default:
        return GLC_UNSUPPORTED;
    }
}

static enum glc_err read_file(const struct glc_entry *e, struct glc_buf *out)
{
    const struct erofs_file *f = e->ctx;
    struct node n;
    enum glc_err err = e->type == GLC_ENTRY_FILE ? read_node(f->x, f->id, &n) : GLC_UNSUPPORTED;
    return err == GLC_OK ? content(f->x, &n, out) : err;
}

static void folder(struct erofs *x, uint64_t id, const struct node *n);

static void entry(struct erofs *x, struct glc_span name, uint64_t id)
{
    size_t mark;
    struct node n;
    if (!glc_disk_walk_down(&x->w, name, &mark))
        return;
    enum glc_err err = read_node(x, id, &n);
    glc_disk_walk_fault(&x->w, err);
    if (err == GLC_OK) {
        struct erofs_file f = { x, id };
        enum glc_entry_type type = glc_disk_walk_type(n.mode);
        glc_disk_walk_entry(&x->w, type, n.size, read_file, &f);
        if (type == GLC_ENTRY_DIR)
            folder(x, id, &n);
    }
    glc_disk_walk_up(&x->w, mark);
}

/* A block: as many entries as fit before the first name; a name ends where the next begins, the last one at a
 * zero or the end. */
static void entries(struct erofs *x, struct glc_span block)
{
    size_t first = block.len >= ENTRY ? glc_le16(block.ptr + 8) : 0;
    if (first < ENTRY || first % ENTRY != 0 || first > block.len) {
        x->w.damaged = true;
        return;
    }
    for (size_t at = 0; at < first; at += ENTRY) {
        size_t name = glc_le16(block.ptr + at + 8);
        size_t end = at + ENTRY < first ? glc_le16(block.ptr + at + ENTRY + 8) : block.len;
        if (name < first || end > block.len || name >= end) {
            x->w.damaged = true;
            return;
        }
        const uint8_t *zero = memchr(block.ptr + name, 0, end - name);
        size_t len = zero != NULL ? (size_t)(zero - block.ptr) - name : end - name;
        entry(x, glc_span(block.ptr + name, len), glc_le64(block.ptr + at));
    }
}

static void folder(struct erofs *x, uint64_t id, const struct node *n)
{
    struct glc_buf all;
    if (!glc_disk_walk_enter(&x->w, id))
        return;
    glc_buf_init(&all, MAX_FOLDER);
    enum glc_err err = content(x, n, &all);
    glc_disk_walk_fault(&x->w, err);
    struct glc_span s = glc_buf_span(&all);
    for (size_t at = 0; at < s.len && err == GLC_OK; at += (size_t)1 << x->block_log)
        entries(x, glc_span_sub(s, at, (size_t)1 << x->block_log));
    glc_buf_done(&all);
    glc_disk_walk_leave(&x->w);
}

void glc_disk_erofs(const struct glc_disk *d, const char *name)
{
    uint8_t s[128];
    struct erofs *x = calloc(1, sizeof *x);
    struct node root;
    if (x == NULL || glc_disk_read(d, SUPER, s, sizeof s) != GLC_OK) {
        glc_audit_gap(d->all->a, name, "the EROFS file system is damaged: its superblock is cut short");
        free(x);
        return;
    }
    x->d = d;
    x->block_log = s[12];
    glc_disk_walk_init(&x->w, d, name);
    if ((glc_le32(s + 80) & ~(uint32_t)INCOMPAT_KNOWN) != 0 || s[90] != 0) {
        glc_audit_gap(d->all->a, name, "not readable: an EROFS file system with features that are not known");
    } else if (x->block_log < 9 || x->block_log > MAX_BLOCK_LOG) {
        x->w.damaged = true;
    } else {
        x->meta = (uint64_t)glc_le32(s + 40) << x->block_log;
        uint64_t id = glc_le16(s + 14);
        enum glc_err err = read_node(x, id, &root);
        if (err == GLC_OK && glc_disk_walk_type(root.mode) != GLC_ENTRY_DIR)
            err = GLC_CORRUPT;
        glc_disk_walk_fault(&x->w, err);
        if (err == GLC_OK)
            folder(x, id, &root);
    }
    glc_disk_walk_done(&x->w, "EROFS");
    free(x);
}
