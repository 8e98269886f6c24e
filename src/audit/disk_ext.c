/* ext2 to ext4 through libext2fs, which reads through a channel of ours: a disk may lie in an image format.
 * The journal is not replayed: a file system that was not unmounted cleanly is read as it lies, and that is a
 * gap. */
#include "audit/disk_walk.h"

#include <ext2fs/ext2fs.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 65536 };

struct ext {
    struct glc_disk_walk w;
    ext2_filsys fs;
};

struct ext_file {
    struct ext *x;
    ext2_ino_t ino;
};

static const struct struct_io_manager manager;

/* The library hands its "device name" to open(): here, where the disk is. */
static errcode_t channel_open(const char *name, int flags, io_channel *out)
{
    void *disk = NULL;
    (void)flags;
    io_channel io = calloc(1, sizeof *io);
    if (io == NULL || sscanf(name, "%p", &disk) != 1) {
        free(io);
        return EXT2_ET_NO_MEMORY;
    }
    io->magic = EXT2_ET_MAGIC_IO_CHANNEL;
    io->manager = (io_manager)(uintptr_t)&manager;
    io->block_size = 1024;
    io->refcount = 1;
    io->private_data = disk;
    io->name = strdup(name);
    *out = io;
    return 0;
}

static errcode_t channel_close(io_channel io)
{
    if (--io->refcount > 0)
        return 0;
    free(io->name);
    free(io);
    return 0;
}

static errcode_t channel_set_blksize(io_channel io, int size)
{
    io->block_size = size;
    return 0;
}

/* A negative count is bytes. */
static errcode_t channel_read64(io_channel io, unsigned long long block, int count, void *data)
{
    size_t n = count < 0 ? (size_t) - (long)count : (size_t)count * (size_t)io->block_size;
    if (block > UINT64_MAX / (unsigned)io->block_size)
        return EXT2_ET_SHORT_READ;
    return glc_disk_read(io->private_data, block * (unsigned)io->block_size, data, n) == GLC_OK
               ? 0
               : EXT2_ET_SHORT_READ;
}

static errcode_t channel_read(io_channel io, unsigned long block, int count, void *data)
{
    return channel_read64(io, block, count, data);
}

static errcode_t channel_write64(io_channel io, unsigned long long block, int count, const void *data)
{
    (void)io;
    (void)block;
    (void)count;
    (void)data;
    return EXT2_ET_RO_FILSYS;
}

static errcode_t channel_write(io_channel io, unsigned long block, int count, const void *data)
{
    return channel_write64(io, block, count, data);
}

static errcode_t channel_flush(io_channel io)
{
    (void)io;
    return 0;
}

static const struct struct_io_manager manager = {
    .magic = EXT2_ET_MAGIC_IO_MANAGER,
    .name = "glacis",
    .open = channel_open,
    .close = channel_close,
    .set_blksize = channel_set_blksize,
    .read_blk = channel_read,
    .write_blk = channel_write,
    .flush = channel_flush,
    .read_blk64 = channel_read64,
    .write_blk64 = channel_write64,
};

static enum glc_err read_file(const struct glc_entry *e, struct glc_buf *out)
{
    struct ext_file *f = e->ctx;
    ext2_file_t file;
    if (e->type != GLC_ENTRY_FILE)
        return GLC_UNSUPPORTED;
    if (ext2fs_file_open(f->x->fs, f->ino, 0, &file) != 0)
        return GLC_CORRUPT;
    struct glc_disks *all = f->x->w.d->all;
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
        uint64_t left = all->work;
        if (ext2fs_file_read(file, to, want, &got) != 0) {
            err = all->spent ? GLC_LIMIT : GLC_CORRUPT;
            break;
        }
        if (got == 0)
            break;
        out->len += got;
        /* Holes are not read from the disk, but a few of them would make work without end. */
        uint64_t paid = left - all->work;
        if (got > paid && !glc_disks_work(all, got - paid)) {
            err = GLC_LIMIT;
            break;
        }
    }
    ext2fs_file_close(file);
    return err;
}

static void folder(struct ext *x, ext2_ino_t ino);

static int one(struct ext2_dir_entry *d, int offset, int size, char *buf, void *priv)
{
    struct ext *x = priv;
    struct ext2_inode inode;
    size_t mark;
    (void)offset;
    (void)size;
    (void)buf;
    if (d->inode == 0 || !glc_disk_walk_down(&x->w, glc_span(d->name, (size_t)(d->name_len & 0xff)), &mark))
        return 0;
    struct ext_file f = { x, d->inode };
    if (ext2fs_read_inode(x->fs, d->inode, &inode) != 0) {
        x->w.damaged = true;
    } else {
        enum glc_entry_type type = glc_disk_walk_type(inode.i_mode);
        glc_disk_walk_entry(&x->w, type, EXT2_I_SIZE(&inode), read_file, &f);
        if (type == GLC_ENTRY_DIR)
            folder(x, d->inode);
    }
    glc_disk_walk_up(&x->w, mark);
    return 0;
}

static void folder(struct ext *x, ext2_ino_t ino)
{
    if (!glc_disk_walk_enter(&x->w, ino))
        return;
    if (ext2fs_dir_iterate(x->fs, ino, 0, NULL, one, x) != 0)
        x->w.damaged = true;
    glc_disk_walk_leave(&x->w);
}

void glc_disk_ext(const struct glc_disk *d, const char *name)
{
    char where[32];
    struct ext *x = calloc(1, sizeof *x);
    if (x == NULL)
        return;
    snprintf(where, sizeof where, "%p", (const void *)d);
    errcode_t e = ext2fs_open2(where, NULL, EXT2_FLAG_SOFTSUPP_FEATURES | EXT2_FLAG_64BITS, 0, 0,
                               (io_manager)(uintptr_t)&manager, &x->fs);
    if (e != 0) {
        glc_audit_gap(d->all->a, name, "the ext file system is damaged or cannot be opened");
        free(x);
        return;
    }
    glc_disk_walk_init(&x->w, d, name);
    if (ext2fs_has_feature_journal_needs_recovery(x->fs->super))
        glc_audit_gap(x->w.a, name, "the ext file system was not unmounted: its journal is not replayed");
    folder(x, EXT2_ROOT_INO);
    glc_disk_walk_done(&x->w, "ext");
    ext2fs_close(x->fs);
    free(x);
}
