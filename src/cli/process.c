/* /proc/PID: what is mapped where (proc(5)). The table comes from the kernel, but names in it from whoever
 * named the files: they are kept as bytes and never interpreted. */
#define _GNU_SOURCE
#include "cli/process.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/hex.h"
#include "wire/memory.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAPS_MOST = 64 << 20, LABEL = 64 };

struct mapping {
    uint64_t start, end;
    struct glc_span name; /* in maps */
};

struct glc_proc {
    char label[LABEL];
    struct glc_buf maps; /* the text of /proc/PID/maps */
    struct mapping *mapping;
    size_t mappings, room;
    struct glc_arena arena; /* of what glc_proc_place() gave */
    struct glc_result placed;
};

static int open_in(pid_t pid, const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%lld/%s", (long long)pid, name);
    return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

/* Pages of the kernel that it shows in every process and lets nobody read. */
static bool is_kernels(struct glc_span name)
{
    return glc_span_is(name, "[vsyscall]") || glc_span_starts(name, glc_span_str("[vvar"));
}

/* Memory without a file that could fill it: private, or shared but made by processes only. To read a page of
 * the latter that nobody has touched would make the kernel put one there. */
static bool is_memory(struct glc_span inode, struct glc_span name)
{
    static const char *const made[] = { "/dev/zero (deleted)", "/memfd:", "/SYSV", "/dev/shm/" };
    bool is = glc_span_is(inode, "0");
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        is = is || glc_span_starts(name, glc_span_str(made[i]));
    return is;
}

static bool take_hex(struct glc_span *s, uint64_t *out)
{
    uint64_t v = 0;
    size_t n = 0;
    for (; n < s->len && n < 16 && glc_hex_digit(s->ptr[n]) >= 0; n++)
        v = v << 4 | (uint64_t)glc_hex_digit(s->ptr[n]);
    *s = glc_span_sub(*s, n, SIZE_MAX);
    *out = v;
    return n != 0;
}

static struct glc_span take_word(struct glc_span *s)
{
    size_t n = 0, from = 0;
    while (from < s->len && s->ptr[from] == ' ')
        from++;
    for (n = from; n < s->len && s->ptr[n] != ' '; n++)
        ;
    struct glc_span w = glc_span_sub(*s, from, n - from);
    *s = glc_span_sub(*s, n, SIZE_MAX);
    return w;
}

/* "start-end perms offset dev inode      name" */
static bool take_line(struct glc_proc *p, struct glc_span line, struct glc_buf *table)
{
    struct mapping m = { 0 };
    if (!take_hex(&line, &m.start) || line.len == 0 || line.ptr[0] != '-')
        return false;
    line = glc_span_sub(line, 1, SIZE_MAX);
    if (!take_hex(&line, &m.end))
        return false;
    struct glc_span inode = { 0 };
    for (int i = 0; i < 4; i++) /* permissions, offset, device, inode */
        inode = take_word(&line);
    size_t skip = 0;
    while (skip < line.len && line.ptr[skip] == ' ')
        skip++;
    m.name = glc_span_sub(line, skip, SIZE_MAX);
    if (is_kernels(m.name))
        return true;
    if (p->mappings == p->room) {
        size_t room = p->room == 0 ? 64 : p->room * 2;
        struct mapping *more =
            room > GLC_MEMORY_MAPPINGS * 2 ? NULL : reallocarray(p->mapping, room, sizeof *more);
        if (more == NULL)
            return false;
        p->mapping = more;
        p->room = room;
    }
    p->mapping[p->mappings++] = m;
    glc_buf_u64le(table, m.start);
    glc_buf_u64le(table, m.end);
    glc_buf_u64le(table, is_memory(inode, m.name) ? GLC_MEMORY_ANONYMOUS : 0);
    return !table->failed;
}

static enum glc_err take_maps(struct glc_proc *p, struct glc_buf *table)
{
    struct glc_span rest = glc_buf_span(&p->maps);
    while (rest.len != 0) {
        const uint8_t *nl = memchr(rest.ptr, '\n', rest.len);
        size_t n = nl != NULL ? (size_t)(nl - rest.ptr) : rest.len;
        if (!take_line(p, glc_span_sub(rest, 0, n), table))
            return GLC_LIMIT;
        rest = glc_span_sub(rest, n + (nl != NULL), SIZE_MAX);
    }
    return p->mappings == 0 ? GLC_UNSUPPORTED : GLC_OK;
}

/* The table as a file that nobody can change. */
static int sealed(struct glc_span s)
{
    int fd = memfd_create("glacis-regions", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 && (write(fd, s.ptr, s.len) != (ssize_t)s.len ||
                    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void read_label(struct glc_proc *p, pid_t pid)
{
    char comm[32] = { 0 };
    int fd = open_in(pid, "comm");
    ssize_t n = fd >= 0 ? read(fd, comm, sizeof comm - 1) : 0;
    if (fd >= 0)
        close(fd);
    if (n > 0 && comm[n - 1] == '\n')
        comm[n - 1] = 0;
    (void)snprintf(p->label, sizeof p->label, "/proc/%lld (%s)", (long long)pid, comm);
}

static enum glc_err open_all(pid_t pid, struct glc_proc *p, int fd[3])
{
    struct glc_buf table;
    int maps = open_in(pid, "maps");
    if (maps < 0)
        return GLC_IO;
    enum glc_err e = glc_read_fd(maps, &p->maps);
    close(maps);
    glc_buf_init(&table, (size_t)GLC_MEMORY_MAPPINGS * GLC_MEMORY_ENTRY);
    if (e == GLC_OK)
        e = take_maps(p, &table);
    if (e == GLC_OK && ((fd[0] = open_in(pid, "mem")) < 0 || (fd[2] = sealed(glc_buf_span(&table))) < 0))
        e = GLC_IO;
    if (e == GLC_OK && (fd[1] = open_in(pid, "pagemap")) < 0 &&
        (fd[1] = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0)
        e = GLC_IO;
    int saved = errno;
    glc_buf_done(&table);
    errno = saved;
    return e;
}

enum glc_err glc_proc_open(pid_t pid, int fd[3], uint64_t *size, struct glc_proc **out)
{
    struct glc_proc *p = calloc(1, sizeof *p);
    if (p == NULL)
        return GLC_NOMEM;
    int got[3] = { -1, -1, -1 };
    glc_buf_init(&p->maps, MAPS_MOST);
    glc_arena_init(&p->arena, (size_t)1 << 30);
    read_label(p, pid);
    enum glc_err e = open_all(pid, p, got);
    if (e != GLC_OK) {
        int saved = errno;
        for (int i = 0; i < 3; i++)
            if (got[i] >= 0)
                close(got[i]);
        glc_proc_free(p);
        errno = saved;
        return e;
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < p->mappings && sum < GLC_MEMORY_MOST; i++)
        sum += p->mapping[i].end - p->mapping[i].start;
    *size = sum < GLC_MEMORY_MOST ? sum : GLC_MEMORY_MOST;
    memcpy(fd, got, sizeof got);
    *out = p;
    return GLC_OK;
}

void glc_proc_free(struct glc_proc *p)
{
    if (p == NULL)
        return;
    glc_buf_done(&p->maps);
    glc_arena_done(&p->arena);
    free(p->mapping);
    free(p);
}

const char *glc_proc_label(const struct glc_proc *p)
{
    return p->label;
}

static const struct glc_span *place(struct glc_proc *p, uint64_t address)
{
    for (size_t i = 0; i < p->mappings; i++) {
        const struct mapping *m = &p->mapping[i];
        if (address < m->start || address >= m->end)
            continue;
        const char *text =
            glc_arena_printf(&p->arena, "%.*s%s0x%llx", (int)(m->name.len < 4096 ? m->name.len : 4096),
                             m->name.len != 0 ? (const char *)m->name.ptr : "",
                             m->name.len != 0 ? " " : "anonymous ", (unsigned long long)m->start);
        struct glc_span *s = text == NULL ? NULL : glc_arena_alloc(&p->arena, sizeof *s);
        if (s != NULL)
            *s = glc_span_str(text);
        return s;
    }
    return NULL;
}

const struct glc_result *glc_proc_place(struct glc_proc *p, const struct glc_result *r)
{
    glc_arena_reset(&p->arena);
    struct glc_finding *f = glc_arena_array(&p->arena, r->findings + (size_t)1, sizeof *f);
    if (f == NULL)
        return r;
    for (uint32_t i = 0; i < r->findings; i++) {
        f[i] = r->finding[i];
        const struct glc_span *s = f[i].strings != 0 ? place(p, f[i].string[0].offset) : NULL;
        if (s != NULL) {
            f[i].layer = s;
            f[i].layers = 1;
        }
    }
    p->placed = *r;
    p->placed.finding = f;
    return &p->placed;
}

pid_t *glc_proc_all(void)
{
    DIR *d = opendir("/proc");
    pid_t *list = NULL;
    size_t n = 0, room = 0;
    const struct dirent *e;
    while (d != NULL && (e = readdir(d)) != NULL) {
        long pid = isdigit((unsigned char)e->d_name[0]) ? strtol(e->d_name, NULL, 10) : 0;
        if (pid <= 0 || pid == getpid())
            continue;
        if (n + 2 > room) {
            room = room == 0 ? 256 : room * 2;
            pid_t *more = reallocarray(list, room, sizeof *more);
            if (more == NULL)
                break;
            list = more;
        }
        list[n++] = (pid_t)pid;
        list[n] = 0;
    }
    if (d != NULL)
        closedir(d);
    return list;
}
