/* Files of some MiB are read into one room that stays: to map, touch and unmap a page costs several times
 * what it costs to copy it. Larger ones are mapped.
 *
 * SIGBUS on a mapped file means that somebody cut it short: the handler puts zeroes where the rest was, once,
 * and the reader goes on.
 *
 * A file with large holes is mapped extent by extent over a region of zero pages, so that 10 GB of nothing
 * cost neither page cache nor a fault for each page. */
#define _GNU_SOURCE
#include "wire/mapping.h"

#include "base/heap.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

enum {
    SPARSE_LEAST = 16 << 20, /* smaller files are not worth the looking */
    EXTENTS_MOST = 8192,     /* the kernel allows 65,530 mappings */
    PAGE = 4096,             /* offsets are rounded to the largest page of the kernels we run on */
    PAGE_MOST = 65536,
    READ_MOST = 4 << 20, /* larger files are mapped */
    AT_ONCE = 32 << 20,  /* bytes that are brought in by one call and not by a trap for every few pages */
};

/* What the handler may replace: a signal handler has no other way to be told, and the process has one thread.
 */
static volatile uintptr_t mapped_at, mapped_len;
static volatile sig_atomic_t broke;

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
    (void)context;
    uintptr_t at = (uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1);
    if (at < mapped_at || at - mapped_at >= mapped_len) {
        signal(sig, SIG_DFL); /* not a scanned file: end by this signal */
        return;
    }
    /* From here to the end at once: a cut costs one signal and not one a page. */
    size_t rest = mapped_len - (at - mapped_at);
    if (mmap((void *)at, rest, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        _exit(3);
    broke = 1;
}

void glc_mapping_prepare(void)
{
    struct sigaction sa = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };
    sigemptyset(&sa.sa_mask);
    sigaction(SIGBUS, &sa, NULL);
}

bool glc_file_size(int fd, uint64_t *out)
{
    struct stat st;
    if (syscall(SYS_fstat, fd, &st) != 0)
        return false;
    *out = st.st_size < 0 ? 0 : (uint64_t)st.st_size;
    return true;
}

/* Where files are read to. */
static struct {
    uint8_t *at;
    size_t warm; /* glc_heap_warm() */
} room;

/* All that is there of `size` bytes; zeroes stand for the rest, which somebody has cut off. */
static enum glc_err read_whole(int fd, size_t size, struct glc_span *out)
{
    if (room.at == NULL && (room.at = glc_heap_block(READ_MOST)) == NULL) {
        errno = ENOMEM;
        return GLC_IO;
    }
    GLC_HEAP_OPEN(room.at, READ_MOST);
    glc_heap_warm(room.at, READ_MOST, size, &room.warm);
    size_t have = 0;
    while (have < size) {
        ssize_t n = pread(fd, room.at + have, size - have, (off_t)have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return GLC_IO;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    memset(room.at + have, 0, size - have);
    broke = have < size;
    *out = glc_span(room.at, size);
    GLC_HEAP_GAP(room.at + size, READ_MOST - size);
    return GLC_OK;
}

static bool is_sparse(int fd, uint64_t size)
{
    struct stat st;
    return size >= SPARSE_LEAST && syscall(SYS_fstat, fd, &st) == 0 && st.st_blocks >= 0 &&
           (uint64_t)st.st_blocks * 512 < size / 2;
}

/* Lay the file's extents over `base`. False: too many, or the file system cannot tell. */
static bool map_extents(int fd, uint8_t *base, uint64_t size)
{
    uint64_t at = 0;
    for (unsigned n = 0; n < EXTENTS_MOST; n++) {
        off_t data = lseek(fd, (off_t)at, SEEK_DATA);
        if (data < 0)
            return errno == ENXIO; /* no data from here to the end */
        off_t hole = lseek(fd, data, SEEK_HOLE);
        if (hole < data)
            return false;
        uint64_t from = (uint64_t)data & ~(uint64_t)(PAGE_MOST - 1), to = (uint64_t)hole;
        from = from < at ? at : from;
        to = (to + PAGE_MOST - 1) & ~(uint64_t)(PAGE_MOST - 1);
        to = to > size ? size : to;
        if (from >= size)
            return true;
        if (mmap(base + from, (size_t)(to - from), PROT_READ, MAP_SHARED | MAP_FIXED, fd, (off_t)from) ==
            MAP_FAILED)
            return false;
        at = to;
        if (at >= size)
            return true;
    }
    return false;
}

enum glc_err glc_mapping_open(int fd, uint64_t size, struct glc_span *out)
{
    if (size > SIZE_MAX / 2) {
        errno = ENOMEM;
        return GLC_IO;
    }
    if (size <= READ_MOST)
        return read_whole(fd, (size_t)size, out);
    void *p = MAP_FAILED;
    if (is_sparse(fd, size)) {
        p = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p != MAP_FAILED)
            (void)madvise(p, (size_t)size, MADV_HUGEPAGE);
        if (p != MAP_FAILED && !map_extents(fd, p, size)) {
            munmap(p, (size_t)size);
            p = MAP_FAILED;
        }
    }
    if (p == MAP_FAILED) {
        p = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED)
            return GLC_IO;
        (void)madvise(p, (size_t)size, MADV_SEQUENTIAL);
        /* A file cut short meanwhile is refused here, and raises its SIGBUS where it is read. */
        (void)madvise(p, size < AT_ONCE ? (size_t)size : AT_ONCE, MADV_POPULATE_READ);
    }
    broke = 0;
    mapped_len = (size_t)size;
    mapped_at = (uintptr_t)p;
    *out = glc_span(p, (size_t)size);
    return GLC_OK;
}

bool glc_mapping_close(struct glc_span bytes)
{
    mapped_at = mapped_len = 0;
    if (bytes.ptr == room.at)
        return !broke;
    munmap((void *)(uintptr_t)bytes.ptr, bytes.len);
    return !broke;
}
