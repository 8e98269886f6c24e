#define _GNU_SOURCE
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

enum glc_err glc_map_fd(int fd, struct glc_map *out)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return GLC_IO;
    if (!S_ISREG(st.st_mode)) {
        errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
        return GLC_IO;
    }
    if (st.st_size == 0) {
        *out = (struct glc_map){ 0 };
        return GLC_OK;
    }
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return GLC_IO;
    out->bytes = glc_span(p, (size_t)st.st_size);
    return GLC_OK;
}

enum glc_err glc_map_path(const char *path, struct glc_map *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return GLC_IO;
    enum glc_err e = glc_map_fd(fd, out);
    int saved = errno;
    close(fd);
    errno = saved;
    return e;
}

void glc_map_ahead(const struct glc_map *m)
{
    if (m->bytes.len != 0)
        (void)madvise((void *)(uintptr_t)m->bytes.ptr, m->bytes.len, MADV_POPULATE_READ);
}

void glc_map_done(struct glc_map *m)
{
    if (m->bytes.len != 0)
        munmap((void *)(uintptr_t)m->bytes.ptr, m->bytes.len);
    m->bytes = glc_span(NULL, 0);
}

enum glc_err glc_read_fd(int fd, struct glc_buf *out)
{
    for (;;) {
        size_t want = out->cap - out->len < 65536 ? out->cap - out->len + 1 : 65536;
        uint8_t spare;
        uint8_t *at = out->len == out->cap
                          ? &spare
                          : glc_buf_reserve(out, want > out->cap - out->len ? want - 1 : want);
        if (at == NULL)
            return GLC_NOMEM;
        size_t room = at == &spare ? 1 : (want > out->cap - out->len ? want - 1 : want);
        ssize_t n = read(fd, at, room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return GLC_IO;
        if (n == 0)
            return GLC_OK;
        if (at == &spare)
            return GLC_LIMIT;
        out->len += (size_t)n;
    }
}

bool glc_write_at(int fd, struct glc_span s, uint64_t at)
{
    while (s.len != 0) {
        ssize_t n = pwrite(fd, s.ptr, s.len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += (uint64_t)n;
        s = glc_span_sub(s, (uint64_t)n, s.len);
    }
    return true;
}

enum glc_err glc_write_path(const char *path, struct glc_span s)
{
    struct glc_parts p = { .part = { { .ptr = (uint8_t *)(uintptr_t)s.ptr, .len = s.len } }, .n = 1 };
    return glc_write_parts(path, &p);
}

enum glc_err glc_write_parts(const char *path, const struct glc_parts *p)
{
    struct glc_buf name;
    glc_buf_init(&name, 1 << 16);
    if (!glc_buf_printf(&name, "%s.XXXXXX", path)) {
        glc_buf_done(&name);
        return GLC_NOMEM;
    }
    char *tmp = (char *)name.ptr;
    enum glc_err e = GLC_IO;
    int fd = mkostemp(tmp, O_CLOEXEC);
    if (fd < 0)
        goto out;
    if (!glc_parts_write(p, fd, 0))
        goto out_unlink;
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(fd, 0666 & ~mask) != 0 || fsync(fd) != 0 || rename(tmp, path) != 0)
        goto out_unlink;
    e = GLC_OK;
out_unlink:
    if (e != GLC_OK) {
        int saved = errno;
        unlink(tmp);
        errno = saved;
    }
    close(fd);
out:
    glc_buf_done(&name);
    return e;
}

uint64_t glc_clock_cpu_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t glc_clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
