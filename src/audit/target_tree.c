/* A folder as a root. Nothing is read here but the names of files: what a name says is a fact, and what a
 * file of that name holds is for the jailed process, which gets the opened descriptor.
 *
 * The walk opens every folder relative to its parent with O_NOFOLLOW, so that no link ever leads it anywhere;
 * a link whose content is wanted is opened through openat2 with RESOLVE_IN_ROOT, which the kernel keeps
 * inside the root. Only regular files are opened for reading: a device may do something when it is opened.
 * The walk keeps its own stack: a tree can be deeper than ours. */
#define _GNU_SOURCE
#include "audit/reader.h"
#include "audit/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { MAX_DEPTH = 200, MAX_PATH = 16384 };

struct walk {
    struct glc_audit *a;
    struct glc_reader *reader;
    int root;
    bool live;
    DIR *stack[MAX_DEPTH];
    size_t lengths[MAX_DEPTH]; /* of `path` at each level */
    int depth;
    char path[MAX_PATH];
};

/* A regular file by whatever link leads to it inside the root. It is looked at before it is opened. */
static enum glc_err open_link(const struct walk *w, const struct glc_entry *e, int *out)
{
    struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
    struct stat st, opened;
    enum glc_err err = GLC_UNSUPPORTED;
    int at = (int)syscall(SYS_openat2, w->root, e->path + 1, &how, sizeof how), fd = -1;
    if (at >= 0 && fstat(at, &st) == 0 && S_ISREG(st.st_mode)) {
        how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
        fd = (int)syscall(SYS_openat2, w->root, e->path + 1, &how, sizeof how);
        err = fd < 0 ? GLC_IO : GLC_OK;
    }
    if (fd >= 0 && (fstat(fd, &opened) != 0 || opened.st_dev != st.st_dev || opened.st_ino != st.st_ino)) {
        close(fd);
        err = GLC_IO; /* another one meanwhile */
    }
    if (at >= 0)
        close(at);
    if (err == GLC_OK)
        *out = fd;
    return err;
}

static enum glc_err open_file(int parent, const struct glc_entry *e, int *out)
{
    struct stat st;
    int fd =
        openat(parent, glc_path_base(e->path), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return GLC_IO;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return GLC_UNSUPPORTED;
    }
    *out = fd;
    return GLC_OK;
}

/* Have the content read where some collector wants it. Sizes are asked of what is wanted only: most files are
 * not.
 */
static void content(const struct walk *w, int parent, struct glc_entry *e)
{
    struct stat st;
    int fd = -1;
    if (!glc_source_wanted(e))
        return;
    enum glc_err err = e->type == GLC_ENTRY_LINK ? open_link(w, e, &fd) : open_file(parent, e, &fd);
    if (err != GLC_OK) {
        for (enum glc_source_id id = 0; id < GLC_SOURCES; id++)
            if (glc_source_wants(id, e))
                glc_source_gap(w->a, &glc_sources[id], e, err);
        return;
    }
    if (fstat(fd, &st) == 0 && strncmp(e->path, "/proc/", 6) != 0) /* whose files do not tell */
        e->size = (uint64_t)st.st_size;
    if (glc_source_wanted(e))
        glc_reader_file(w->reader, fd, e);
    else
        close(fd);
}

/* File systems that are no part of the machine's disks: what a kernel makes up wherever it is mounted, and of
 * the running host what lies on other machines. */
static bool foreign(int fd, const char *path, bool live)
{
    struct statfs fs;
    if (fstatfs(fd, &fs) != 0)
        return false;
    switch ((unsigned long)fs.f_type) {
    case PROC_SUPER_MAGIC:
        return strncmp(path, "/proc", 5) != 0;
    case SYSFS_MAGIC:
    case CGROUP2_SUPER_MAGIC:
    case CGROUP_SUPER_MAGIC:
    case DEBUGFS_MAGIC:
    case TRACEFS_MAGIC:
    case SECURITYFS_MAGIC:
    case BPF_FS_MAGIC:
        return true;
    case NFS_SUPER_MAGIC:
    case CIFS_SUPER_MAGIC:
    case SMB2_SUPER_MAGIC:
    case AUTOFS_SUPER_MAGIC:
        return live;
    default:
        return false;
    }
}

/* /proc, /sys and /dev of any root: of a process its name and environment, of the rest what a signal may
 * name. */
static bool skip(const struct walk *w, const char *name)
{
    const char *p = w->path;
    if (strcmp(p, "/sys") == 0 || strncmp(p, "/sys/", 5) == 0)
        return true;
    if (strncmp(p, "/dev/", 5) == 0)
        return w->depth > 2;
    if (strncmp(p, "/proc/", 6) != 0)
        return false;
    bool numeric = p[6] >= '0' && p[6] <= '9';
    if (strchr(p + 6, '/') == NULL)
        return !numeric && strcmp(name, "modules") != 0 && strncmp(name, "kav", 3) != 0;
    return !numeric || (strcmp(name, "comm") != 0 && strcmp(name, "environ") != 0);
}

static enum glc_entry_type type_of(int parent, const struct dirent *d)
{
    struct stat st;
    switch (d->d_type) {
    case DT_DIR:
        return GLC_ENTRY_DIR;
    case DT_LNK:
        return GLC_ENTRY_LINK;
    case DT_REG:
        return GLC_ENTRY_FILE;
    case DT_UNKNOWN:
        if (fstatat(parent, d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            return GLC_ENTRY_OTHER;
        return S_ISREG(st.st_mode)   ? GLC_ENTRY_FILE
               : S_ISDIR(st.st_mode) ? GLC_ENTRY_DIR
               : S_ISLNK(st.st_mode) ? GLC_ENTRY_LINK
                                     : GLC_ENTRY_OTHER;
    default:
        return GLC_ENTRY_OTHER;
    }
}

static void enter(struct walk *w, int fd)
{
    DIR *dir = w->depth == MAX_DEPTH ? NULL : fdopendir(fd);
    if (dir == NULL) {
        close(fd);
        glc_audit_gap(w->a, w->path, "folders are nested deeper than %d levels", MAX_DEPTH);
        return;
    }
    w->lengths[w->depth] = strlen(w->path);
    w->stack[w->depth++] = dir;
}

/* A folder below the current one. A process that ends while we look is no gap. */
static void descend(struct walk *w, int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        if (strncmp(w->path, "/proc/", 6) != 0 && errno != ENOENT)
            glc_audit_gap(w->a, w->path, "the folder cannot be read: %s", strerror(errno));
        return;
    }
    if (foreign(fd, w->path, w->live)) {
        close(fd);
        return;
    }
    enter(w, fd);
}

static void one(struct walk *w, const struct dirent *d)
{
    int parent = dirfd(w->stack[w->depth - 1]);
    size_t at = w->lengths[w->depth - 1], n = strlen(d->d_name);
    if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
        return;
    if (n + 2 > MAX_PATH - at) {
        glc_audit_gap(w->a, w->path, "a path longer than is read");
        return;
    }
    w->path[at] = '/';
    memcpy(w->path + at + 1, d->d_name, n + 1);
    if (!skip(w, d->d_name)) {
        struct glc_entry e = { .path = w->path, .type = type_of(parent, d), .size = UINT64_MAX };
        w->a->targets[w->a->ntargets - 1].entries++;
        glc_collect_path(w->a, &e);
        content(w, parent, &e);
        if (e.type == GLC_ENTRY_DIR) {
            descend(w, parent, d->d_name);
            return; /* the path stays: it is the new level's */
        }
    }
    w->path[at] = '\0';
}

void glc_target_tree(struct glc_audit *a, struct glc_reader *reader, const char *folder, bool live)
{
    glc_audit_begin(a, live ? "host" : "root", folder);
    struct walk *w = calloc(1, sizeof *w);
    int root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int walked = root >= 0 ? fcntl(root, F_DUPFD_CLOEXEC, 0) : -1;
    if (w == NULL || walked < 0) {
        glc_audit_gap(a, "/", "the folder cannot be read: %s", strerror(errno));
    } else {
        *w = (struct walk){ .a = a, .reader = reader, .root = root, .live = live };
        enter(w, walked);
        while (w->depth != 0) {
            errno = 0;
            const struct dirent *d = readdir(w->stack[w->depth - 1]);
            if (d != NULL) {
                w->path[w->lengths[w->depth - 1]] = '\0';
                one(w, d);
                continue;
            }
            w->path[w->lengths[w->depth - 1]] = '\0';
            if (errno != 0)
                glc_audit_gap(a, w->path[0] != '\0' ? w->path : "/", "the folder cannot be read: %s",
                              strerror(errno));
            closedir(w->stack[--w->depth]);
        }
    }
    if (root >= 0)
        close(root);
    free(w);
    glc_reader_flush(reader);
    glc_audit_end(a);
}
