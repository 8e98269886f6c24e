/* ext2 to ext4 through libext2fs, opened read-only at an offset. The journal is not replayed: a file system
 * that was not unmounted cleanly is read as it lies, and that is a gap. */
#include "audit/disk.h"

#include <ext2fs/ext2fs.h>
#include <stdio.h>
#include <string.h>

enum { MAX_DEPTH = 100, CHUNK = 65536 };

struct ext {
    struct glc_audit *a;
    ext2_filsys fs;
    const char *name;
    char path[8192];
    size_t len;
    int depth;
    bool damaged;
};

struct ext_file {
    struct ext *x;
    ext2_ino_t ino;
};

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

/* Depth is capped: a folder that holds itself ends there, as damage. */
static void folder(struct ext *x, ext2_ino_t ino)
{
    if (x->depth == MAX_DEPTH) {
        x->damaged = true;
        return;
    }
    x->depth++;
    if (ext2fs_dir_iterate(x->fs, ino, 0, NULL, one, x) != 0)
        x->damaged = true;
    x->depth--;
}

void glc_disk_ext(struct glc_audit *a, const char *image, uint64_t off, const char *name)
{
    struct ext x = { .a = a, .name = name };
    char options[64];
    snprintf(options, sizeof options, "offset=%llu", (unsigned long long)off);
    errcode_t e = ext2fs_open2(image, off != 0 ? options : NULL,
                               EXT2_FLAG_SOFTSUPP_FEATURES | EXT2_FLAG_64BITS, 0, 0, unix_io_manager, &x.fs);
    if (e != 0) {
        glc_audit_gap(a, name, "the ext file system is damaged or cannot be opened");
        return;
    }
    if (ext2fs_has_feature_journal_needs_recovery(x.fs->super))
        glc_audit_gap(a, name, "the ext file system was not unmounted: its journal is not replayed");
    folder(&x, EXT2_ROOT_INO);
    if (x.damaged)
        glc_audit_gap(a, name, "the ext file system is damaged: not all folders could be read");
    ext2fs_close(x.fs);
}
