/* One folder is read at a time: its files are handed out as they come, the names of its folders are kept
 * until it is done, then the first of them is entered. So only names of folders on the way down are held in
 * memory.
 *
 * Descriptors of the deepest OPEN levels are kept; on the way up a level whose descriptor was closed is
 * opened again as
 * ".." of the one below and must be the same folder (device and inode), else by its path from the top, else
 * what is left of it is an error. */
#define _GNU_SOURCE
#include "cli/walk.h"

#include "base/buf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { OPEN = 48, ENTRIES = 64 * 1024, PATH_CAP = 256 << 20, NAMES_CAP = 1 << 30 };

#define FILE_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define DIR_FLAGS  (FILE_FLAGS | O_DIRECTORY)

struct level {
    int fd; /* -1: closed for now */
    dev_t dev;
    ino_t ino;
    size_t path_len;    /* of its own path */
    struct glc_buf sub; /* names of its folders, each with a NUL */
    size_t sub_at;
};

struct glc_walk {
    struct glc_walk_options opt;
    struct glc_buf path; /* NUL-terminated behind len */
    struct level *level;
    size_t levels, room;
    bool reading;
    char *entries;
    size_t at, end;
    dev_t top_dev;
    struct glc_walk_entry first; /* what start() found out already */
    bool has_first;
};

/* linux_dirent64, see getdents64(2). */
struct entry {
    uint64_t ino;
    int64_t off;
    unsigned short len;
    unsigned char type;
    char name[];
};

struct glc_walk *glc_walk_new(const struct glc_walk_options *opt)
{
    struct glc_walk *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->opt = *opt;
    glc_buf_init(&w->path, PATH_CAP);
    w->entries = malloc(ENTRIES);
    if (w->entries == NULL) {
        glc_walk_free(w);
        return NULL;
    }
    return w;
}

static void pop(struct glc_walk *w)
{
    struct level *l = &w->level[--w->levels];
    if (l->fd >= 0)
        close(l->fd);
    glc_buf_done(&l->sub);
}

void glc_walk_free(struct glc_walk *w)
{
    if (w == NULL)
        return;
    while (w->levels != 0)
        pop(w);
    free(w->level);
    free(w->entries);
    glc_buf_done(&w->path);
    free(w);
}

static void say(struct glc_walk *w, struct glc_walk_entry *out, enum glc_walk_kind kind, const char *why,
                int error)
{
    *out = (struct glc_walk_entry){ .kind = kind,
                                    .path = (const char *)w->path.ptr,
                                    .path_len = w->path.len,
                                    .fd = -1,
                                    .why = why,
                                    .error = error };
}

/* The path becomes its first `keep` bytes and `name`. */
static bool set_path(struct glc_walk *w, size_t keep, const char *name)
{
    w->path.len = keep;
    if (keep != 0 && w->path.ptr[keep - 1] != '/')
        glc_buf_u8(&w->path, '/');
    glc_buf_put(&w->path, name, strlen(name) + 1);
    if (w->path.failed) {
        w->path.failed = false;
        w->path.len = keep;
        return false;
    }
    w->path.len--;
    return true;
}

static bool excluded(const struct glc_walk *w, const char *name)
{
    for (unsigned i = 0; i < w->opt.excludes; i++)
        if (fnmatch(w->opt.exclude[i], name, 0) == 0 ||
            fnmatch(w->opt.exclude[i], (const char *)w->path.ptr, 0) == 0)
            return true;
    return false;
}

static const char *odd_kind(mode_t mode)
{
    return S_ISFIFO(mode) ? "FIFO" : S_ISSOCK(mode) ? "socket" : "device";
}

/* File systems whose files are the kernel talking: endless, blocking or changed by reading. Numbers from
 * linux/magic.h. */
static bool is_kernel_fs(int fd)
{
    static const unsigned long magic[] = {
        0x9fa0 /* proc */,
        0x62656572 /* sysfs */,
        0x64626720 /* debugfs */,
        0x74726163 /* tracefs */,
        0x27e0eb /* cgroup */,
        0x63677270 /* cgroup2 */,
        0x73636673 /* securityfs */,
        0x62656570 /* configfs */,
        0xcafe4a11 /* bpf */,
        0x6165676c /* pstore */,
        0xf97cff8c /* selinuxfs */,
        0x1cd1 /* devpts */,
        0x42494e4d /* binfmt_misc */,
        0xde5e81e4 /* efivarfs */,
    };
    struct statfs fs;
    if (fstatfs(fd, &fs) != 0)
        return false;
    for (size_t i = 0; i < sizeof magic / sizeof *magic; i++)
        if ((unsigned long)fs.f_type == magic[i])
            return true;
    return false;
}

/* Enter the open folder `fd`, whose path is set. False: no memory. */
static bool push(struct glc_walk *w, int fd, const struct stat *st)
{
    if (w->levels == w->room) {
        size_t room = w->room == 0 ? 64 : w->room * 2;
        struct level *l = realloc(w->level, room * sizeof *l);
        if (l == NULL)
            return false;
        w->level = l;
        w->room = room;
    }
    if (w->levels > OPEN) { /* level 0 stays open: the way back from the top */
        struct level *far = &w->level[w->levels - OPEN];
        if (far->fd >= 0)
            close(far->fd);
        far->fd = -1;
    }
    struct level *l = &w->level[w->levels++];
    *l = (struct level){ .fd = fd, .dev = st->st_dev, .ino = st->st_ino, .path_len = w->path.len };
    glc_buf_init(&l->sub, NAMES_CAP);
    w->reading = true;
    w->at = w->end = 0;
    return true;
}

/* `fd` is open, its path set: hand out a file or enter a folder. False: nothing to hand out. */
static bool opened(struct glc_walk *w, int fd, bool asked, struct glc_walk_entry *out)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        say(w, out, GLC_WALK_ERROR, NULL, errno);
        close(fd);
        return true;
    }
    if (S_ISREG(st.st_mode)) {
        say(w, out, GLC_WALK_FILE, NULL, 0);
        out->size = (uint64_t)st.st_size;
        out->fd = fd;
        if (w->opt.count_only) {
            close(fd);
            out->fd = -1;
        }
        return true;
    }
    if (!S_ISDIR(st.st_mode)) {
        say(w, out, GLC_WALK_SKIPPED, odd_kind(st.st_mode), 0);
        close(fd);
        return true;
    }
    if (w->reading) { /* it became a folder after its name was read */
        const char *name = strrchr((const char *)w->path.ptr, '/') + 1;
        (void)glc_buf_put(&w->level[w->levels - 1].sub, name, strlen(name) + 1);
        close(fd);
        return false;
    }
    if (asked)
        w->top_dev = st.st_dev;
    if (!asked && st.st_dev != w->top_dev && w->opt.one_file_system) {
        close(fd);
        return false;
    }
    if (!asked && st.st_dev != w->level[w->levels - 1].dev && is_kernel_fs(fd)) {
        say(w, out, GLC_WALK_SKIPPED, "kernel file system", 0);
        close(fd);
        return true;
    }
    if (!push(w, fd, &st)) {
        say(w, out, GLC_WALK_ERROR, NULL, ENOMEM);
        close(fd);
        return true;
    }
    return false;
}

void glc_walk_start(struct glc_walk *w, const char *path)
{
    struct stat st;
    w->path.len = 0;
    w->has_first = true;
    if (!set_path(w, 0, path)) {
        w->first = (struct glc_walk_entry){
            .kind = GLC_WALK_ERROR, .path = path, .path_len = strlen(path), .fd = -1, .error = ENOMEM
        };
        return;
    }
    if (stat(path, &st) != 0) {
        say(w, &w->first, GLC_WALK_ERROR, NULL, errno);
        return;
    }
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        say(w, &w->first, GLC_WALK_SKIPPED, odd_kind(st.st_mode), 0);
        return;
    }
    int fd = open(path, FILE_FLAGS & ~O_NOFOLLOW);
    if (fd < 0)
        say(w, &w->first, GLC_WALK_ERROR, NULL, errno);
    else
        w->has_first = opened(w, fd, true, &w->first);
}

/* An entry of the folder that is being read. False: nothing to hand out. */
static bool visit(struct glc_walk *w, const struct entry *e, struct glc_walk_entry *out)
{
    struct level *top = &w->level[w->levels - 1];
    const char *name = e->name;
    if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0)))
        return false;
    if (e->type == DT_LNK && !w->opt.follow_files)
        return false;
    if (!set_path(w, top->path_len, name)) {
        say(w, out, GLC_WALK_ERROR, NULL, ENAMETOOLONG);
        return true;
    }
    if (w->opt.excludes != 0 && excluded(w, name))
        return false;
    unsigned char type = e->type;
    struct stat st = { 0 };
    if (type == DT_UNKNOWN || (type == DT_REG && w->opt.count_only)) {
        if (fstatat(top->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
            say(w, out, GLC_WALK_ERROR, NULL, errno);
            return errno != ENOENT;
        }
        type = (unsigned char)IFTODT(st.st_mode);
    }
    if (type == DT_LNK &&
        (!w->opt.follow_files || fstatat(top->fd, name, &st, 0) != 0 || !S_ISREG(st.st_mode)))
        return false;
    bool link = type == DT_LNK;
    type = link ? DT_REG : type;
    if (type == DT_DIR && w->opt.flat)
        return false;
    if (type == DT_DIR) {
        if (glc_buf_put(&top->sub, name, strlen(name) + 1))
            return false;
        say(w, out, GLC_WALK_ERROR, NULL, ENOMEM);
        return true;
    }
    if (type != DT_REG) {
        say(w, out, GLC_WALK_SKIPPED, odd_kind((mode_t)DTTOIF(type)), 0);
        return true;
    }
    if (w->opt.count_only) {
        say(w, out, GLC_WALK_FILE, NULL, 0);
        out->size = (uint64_t)st.st_size;
        return true;
    }
    int fd = openat(top->fd, name, link ? FILE_FLAGS & ~O_NOFOLLOW : FILE_FLAGS);
    if (fd < 0) {
        if (errno == ENOENT || errno == ELOOP) /* gone, or a link by now */
            return false;
        say(w, out, GLC_WALK_ERROR, NULL, errno);
        return true;
    }
    return opened(w, fd, false, out);
}

static bool same_folder(int fd, const struct level *l)
{
    struct stat st;
    return fstat(fd, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino;
}

/* Open level `n` again from level 0 down, name by name, without following a link. */
static int from_top(const struct glc_walk *w, size_t n)
{
    int fd = fcntl(w->level[0].fd, F_DUPFD_CLOEXEC, 0);
    for (size_t i = 1; i <= n && fd >= 0; i++) {
        char name[NAME_MAX + 1];
        size_t from = w->level[i - 1].path_len;
        from += w->path.ptr[from] == '/';
        size_t len = w->level[i].path_len - from;
        if (len > NAME_MAX) {
            close(fd);
            return -1;
        }
        memcpy(name, w->path.ptr + from, len);
        name[len] = 0;
        int next = openat(fd, name, DIR_FLAGS);
        close(fd);
        fd = next;
    }
    return fd;
}

/* Leave the deepest level; the one above gets its descriptor back. False: *out says what was lost. */
static bool leave(struct glc_walk *w, struct glc_walk_entry *out)
{
    if (w->levels == 1) {
        pop(w);
        return true;
    }
    struct level *up = &w->level[w->levels - 2];
    bool ok = up->fd >= 0;
    if (!ok) {
        up->fd = openat(w->level[w->levels - 1].fd, "..", DIR_FLAGS);
        ok = up->fd >= 0 && same_folder(up->fd, up);
    }
    if (!ok) {
        if (up->fd >= 0)
            close(up->fd);
        up->fd = from_top(w, w->levels - 2);
        ok = up->fd >= 0 && same_folder(up->fd, up);
    }
    pop(w);
    if (ok)
        return true;
    up = &w->level[w->levels - 1];
    w->path.len = up->path_len;
    w->path.ptr[w->path.len] = 0;
    say(w, out, GLC_WALK_ERROR, "the folder was moved while it was read", ESTALE);
    up->sub_at = up->sub.len; /* what is left of it cannot be reached */
    return false;
}

/* Enter the next folder of the deepest level, or leave it. True: *out is set. */
static bool descend(struct glc_walk *w, struct glc_walk_entry *out)
{
    struct level *top = &w->level[w->levels - 1];
    if (top->sub_at >= top->sub.len)
        return !leave(w, out);
    const char *name = (const char *)top->sub.ptr + top->sub_at;
    top->sub_at += strlen(name) + 1;
    if (!set_path(w, top->path_len, name)) {
        say(w, out, GLC_WALK_ERROR, NULL, ENAMETOOLONG);
        return true;
    }
    int fd = openat(top->fd, name, DIR_FLAGS);
    if (fd >= 0)
        return opened(w, fd, false, out);
    if (errno == ENOENT || errno == ELOOP || errno == ENOTDIR)
        return false;
    say(w, out, GLC_WALK_ERROR, NULL, errno);
    return true;
}

void glc_walk_next(struct glc_walk *w, struct glc_walk_entry *out)
{
    if (w->has_first) {
        w->has_first = false;
        *out = w->first;
        return;
    }
    while (w->levels != 0) {
        if (!w->reading) {
            if (descend(w, out))
                return;
            continue;
        }
        if (w->at >= w->end) {
            long n = syscall(SYS_getdents64, w->level[w->levels - 1].fd, w->entries, (unsigned long)ENTRIES);
            w->at = 0;
            w->end = n > 0 ? (size_t)n : 0;
            w->reading = n > 0;
            if (n < 0 && errno != ENOENT) {
                w->path.len = w->level[w->levels - 1].path_len;
                w->path.ptr[w->path.len] = 0;
                say(w, out, GLC_WALK_ERROR, NULL, errno);
                return;
            }
            continue;
        }
        const struct entry *e = (const struct entry *)(const void *)(w->entries + w->at);
        w->at += e->len;
        if (visit(w, e, out))
            return;
    }
    *out = (struct glc_walk_entry){ .kind = GLC_WALK_END, .fd = -1 };
}
