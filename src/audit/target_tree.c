/* A folder as a root, and an SBOM file.
 *
 * The walk opens every folder relative to its parent with O_NOFOLLOW, so that no link ever leads it anywhere;
 * a link that a collector wants is read through openat2 with RESOLVE_IN_ROOT, which the kernel keeps inside
 * the root. Only regular files are opened for reading. The walk keeps its own stack: a tree can be deeper
 * than ours. */
#define _GNU_SOURCE
#include "audit/collect.h"
#include "base/file.h"

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
    int root;
    bool live;
    DIR *stack[MAX_DEPTH];
    size_t lengths[MAX_DEPTH]; /* of `path` at each level */
    int depth;
    char path[MAX_PATH];
};

struct open_in {
    int root;   /* of the tree */
    int parent; /* folder of the entry */
};

static enum glc_err read_entry(const struct glc_entry *e, struct glc_buf *out)
{
    const struct open_in *in = e->ctx;
    int fd;
    if (e->type == GLC_ENTRY_LINK) {
        struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
        fd = (int)syscall(SYS_openat2, in->root, e->path + 1, &how, sizeof how);
    } else {
        fd = openat(in->parent, glc_path_base(e->path),
                    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    }
    if (fd < 0)
        return e->type == GLC_ENTRY_LINK ? GLC_UNSUPPORTED : GLC_IO;
    struct stat st;
    enum glc_err err = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? glc_read_fd(fd, out) : GLC_UNSUPPORTED;
    close(fd);
    return err;
}

/* File systems that are no part of this host's disks. */
static bool foreign(int fd, const char *path)
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
    case NFS_SUPER_MAGIC:
    case CIFS_SUPER_MAGIC:
    case SMB2_SUPER_MAGIC:
    case AUTOFS_SUPER_MAGIC:
        return true;
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

static enum glc_entry_type type_of(int parent, const struct dirent *d, uint64_t *size)
{
    struct stat st;
    *size = UINT64_MAX;
    switch (d->d_type) {
    case DT_DIR:
        return GLC_ENTRY_DIR;
    case DT_LNK:
        return GLC_ENTRY_LINK;
    case DT_REG:
    case DT_UNKNOWN:
        if (fstatat(parent, d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            return GLC_ENTRY_OTHER;
        *size = (uint64_t)st.st_size;
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
    if (w->live && foreign(fd, w->path)) {
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
        struct open_in in = { w->root, parent };
        struct glc_entry e = { .path = w->path, .read = read_entry, .ctx = &in };
        e.type = type_of(parent, d, &e.size);
        if (strncmp(w->path, "/proc/", 6) == 0)
            e.size = UINT64_MAX;
        glc_collect_entry(w->a, &e);
        if (e.type == GLC_ENTRY_DIR) {
            descend(w, parent, d->d_name);
            return; /* the path stays: it is the new level's */
        }
    }
    w->path[at] = '\0';
}

void glc_target_tree(struct glc_audit *a, const char *folder, bool live)
{
    glc_audit_begin(a, live ? "host" : "root", folder);
    struct walk *w = calloc(1, sizeof *w);
    int root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int walked = root >= 0 ? fcntl(root, F_DUPFD_CLOEXEC, 0) : -1;
    if (w == NULL || walked < 0) {
        glc_audit_gap(a, "/", "the folder cannot be read: %s", strerror(errno));
    } else {
        *w = (struct walk){ .a = a, .root = root, .live = live };
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
    glc_audit_end(a);
}

void glc_target_sbom(struct glc_audit *a, const char *path)
{
    struct glc_map map;
    glc_audit_begin(a, "sbom", path);
    if (glc_map_path(path, &map) == GLC_OK) {
        a->targets[a->ntargets - 1].entries = a->targets[a->ntargets - 1].read = 1;
        if (map.bytes.len > 512u << 20)
            glc_audit_gap(a, path, "the document is larger than 512 MiB");
        else
            glc_collect_sbom(a, path, map.bytes);
        glc_map_done(&map);
    } else {
        glc_audit_gap(a, path, "the document cannot be read: %s", strerror(errno));
    }
    glc_audit_end(a);
}
