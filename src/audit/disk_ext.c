/* ext2 to ext4 through libext2fs, from bytes in memory and never written. The journal is not replayed: a file
 * system that was not unmounted cleanly is read as it lies, and that is a gap.
 *
 * libext2fs opens by a name and hands nothing else to an I/O manager: ours is given the address of the span
 * as text. Threat: folders that hold themselves, in as many ways as make the walk endless. Each is walked
 * once. */
#include "audit/disk.h"

#include <ext2fs/ext2fs.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 100, CHUNK = 65536 };

struct ext {
    struct glc_audit *a;
    ext2_filsys fs;
    const char *name;
    uint8_t *walked; /* a bit for each inode that was walked as a folder */
    char path[8192];
    size_t len;
    int depth;
    bool damaged;
};

struct ext_file {
    struct ext *x;
    ext2_ino_t ino;
};

static errcode_t mem_open(const char *name, int flags, io_channel *channel);

static errcode_t mem_close(io_channel channel)
{
    if (--channel->refcount > 0)
        return 0;
    ext2fs_free_mem(&channel->name);
    ext2fs_free_mem(&channel);
    return 0;
}

static errcode_t mem_set_blksize(io_channel channel, int size)
{
    channel->block_size = size;
    return 0;
}

/* `count` blocks, or -count bytes. What lies past the end reads as an error, and as zeroes for who ignores
 * it. */
static errcode_t mem_read64(io_channel channel, unsigned long long block, int count, void *data)
{
    const struct glc_span *v = channel->private_data;
    uint64_t size = (uint64_t)channel->block_size;
    uint64_t want = count < 0 ? (uint64_t) - (int64_t)count : (uint64_t)count * size;
    struct glc_span s = { 0 };
    if (size != 0 && block <= UINT64_MAX / size)
        s = glc_span_sub(*v, block * size, want);
    if (s.len != 0)
        memcpy(data, s.ptr, s.len);
    if (s.len == want)
        return 0;
    memset((uint8_t *)data + s.len, 0, (size_t)want - s.len);
    return EXT2_ET_SHORT_READ;
}

static errcode_t mem_read(io_channel channel, unsigned long block, int count, void *data)
{
    return mem_read64(channel, block, count, data);
}

static errcode_t mem_write64(io_channel channel, unsigned long long block, int count, const void *data)
{
    (void)channel;
    (void)block;
    (void)count;
    (void)data;
    return EXT2_ET_RO_FILSYS;
}

static errcode_t mem_write(io_channel channel, unsigned long block, int count, const void *data)
{
    return mem_write64(channel, block, count, data);
}

static errcode_t mem_flush(io_channel channel)
{
    (void)channel;
    return 0;
}

static struct struct_io_manager memory = {
    .magic = EXT2_ET_MAGIC_IO_MANAGER,
    .name = "memory",
    .open = mem_open,
    .close = mem_close,
    .set_blksize = mem_set_blksize,
    .read_blk = mem_read,
    .read_blk64 = mem_read64,
    .write_blk = mem_write,
    .write_blk64 = mem_write64,
    .flush = mem_flush,
};

static errcode_t mem_open(const char *name, int flags, io_channel *channel)
{
    uintptr_t at = 0;
    io_channel c = NULL;
    (void)flags;
    if (sscanf(name, "%" SCNxPTR, &at) != 1)
        return EXT2_ET_BAD_DEVICE_NAME;
    errcode_t e = ext2fs_get_memzero(sizeof *c, &c);
    if (e != 0)
        return e;
    if ((e = ext2fs_get_mem(strlen(name) + 1, &c->name)) != 0) {
        ext2fs_free_mem(&c);
        return e;
    }
    memcpy(c->name, name, strlen(name) + 1);
    c->magic = EXT2_ET_MAGIC_IO_CHANNEL;
    c->manager = &memory;
    c->block_size = 1024;
    c->refcount = 1;
    c->private_data = (void *)at;
    *channel = c;
    return 0;
}

static enum glc_err read_file(const struct glc_entry *e, struct glc_buf *out)
{
    const struct ext_file *f = e->ctx;
    ext2_file_t file;
    if (e->type != GLC_ENTRY_FILE)
        return GLC_UNSUPPORTED;
    if (ext2fs_file_open(f->x->fs, f->ino, 0, &file) != 0)
        return GLC_CORRUPT;
    enum glc_err err = GLC_OK;
    for (;;) {
        size_t room = out->cap - out->len;
        unsigned int got = 0, want = (unsigned int)(room < CHUNK ? room : CHUNK);
        uint8_t *to = want != 0 ? glc_buf_reserve(out, want) : NULL;
        if (to == NULL) {
            __u64 size = 0;
            (void)ext2fs_file_get_lsize(file, &size);
            err = size > out->len ? GLC_LIMIT : GLC_OK;
            break;
        }
        if (ext2fs_file_read(file, to, want, &got) != 0) {
            err = GLC_CORRUPT;
            break;
        }
        if (got == 0)
            break;
        out->len += got;
    }
    ext2fs_file_close(file);
    return err;
}

static void folder(struct ext *x, ext2_ino_t ino);

static int one(struct ext2_dir_entry *d, int offset, int size, char *buf, void *priv)
{
    struct ext *x = priv;
    size_t n = (size_t)(d->name_len & 0xff), at = x->len;
    struct ext2_inode inode;
    (void)offset;
    (void)size;
    (void)buf;
    if (d->inode == 0 || n == 0 || (n == 1 && d->name[0] == '.') ||
        (n == 2 && d->name[0] == '.' && d->name[1] == '.'))
        return 0;
    if (n + 2 > sizeof x->path - at || memchr(d->name, '/', n) != NULL || memchr(d->name, 0, n) != NULL ||
        ext2fs_read_inode(x->fs, d->inode, &inode) != 0) {
        x->damaged = true;
        return 0;
    }
    x->path[at] = '/';
    memcpy(x->path + at + 1, d->name, n);
    x->path[x->len = at + 1 + n] = '\0';
    struct ext_file f = { x, d->inode };
    struct glc_entry e = { .path = x->path, .read = read_file, .ctx = &f, .size = EXT2_I_SIZE(&inode) };
    e.type = LINUX_S_ISREG(inode.i_mode)   ? GLC_ENTRY_FILE
             : LINUX_S_ISDIR(inode.i_mode) ? GLC_ENTRY_DIR
             : LINUX_S_ISLNK(inode.i_mode) ? GLC_ENTRY_LINK
                                           : GLC_ENTRY_OTHER;
    glc_collect_entry(x->a, &e);
    if (e.type == GLC_ENTRY_DIR)
        folder(x, d->inode);
    x->path[x->len = at] = '\0';
    return 0;
}

static void folder(struct ext *x, ext2_ino_t ino)
{
    if (x->depth == MAX_DEPTH || ino > x->fs->super->s_inodes_count ||
        (x->walked[ino / 8] & 1u << ino % 8) != 0) {
        x->damaged = true;
        return;
    }
    x->walked[ino / 8] |= (uint8_t)(1u << ino % 8);
    x->depth++;
    if (ext2fs_dir_iterate(x->fs, ino, 0, NULL, one, x) != 0)
        x->damaged = true;
    x->depth--;
}

void glc_disk_ext(struct glc_audit *a, struct glc_span volume, const char *name)
{
    struct ext x = { .a = a, .name = name };
    char at[32];
    snprintf(at, sizeof at, "%" PRIxPTR, (uintptr_t)&volume);
    if (ext2fs_open2(at, NULL, EXT2_FLAG_SOFTSUPP_FEATURES | EXT2_FLAG_64BITS, 0, 0, &memory, &x.fs) != 0) {
        glc_audit_gap(a, name, "the ext file system is damaged or cannot be opened");
        return;
    }
    x.walked = calloc((size_t)x.fs->super->s_inodes_count / 8 + 1, 1);
    if (ext2fs_has_feature_journal_needs_recovery(x.fs->super))
        glc_audit_gap(a, name, "the ext file system was not unmounted: its journal is not replayed");
    if (x.walked != NULL)
        folder(&x, EXT2_ROOT_INO);
    if (x.damaged || x.walked == NULL)
        glc_audit_gap(a, name, "the ext file system is damaged: not all folders could be read");
    free(x.walked);
    ext2fs_close(x.fs);
}
