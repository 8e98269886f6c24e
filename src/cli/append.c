#define _GNU_SOURCE
#include "cli/append.h"

#include "base/file.h"
#include "image/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

/* The new image behind `end`, and it is on the disk before the first header counts it. */
static bool add(int fd, uint64_t end, const struct glc_parts *image)
{
    static const uint8_t zeroes[GLC_IMG_ALIGN];
    uint64_t at = (end + GLC_IMG_ALIGN - 1) & ~(uint64_t)(GLC_IMG_ALIGN - 1);
    uint64_t size = glc_parts_size(image), word = glc_img_end(at + size);
    return glc_write_at(fd, glc_span(zeroes, (size_t)(at - end)), end) && glc_parts_write(image, fd, at) &&
           ftruncate(fd, (off_t)(at + size)) == 0 && fdatasync(fd) == 0 &&
           glc_write_at(fd, glc_span(&word, sizeof word), offsetof(struct glc_img_header, end));
}

/* Whoever holds the lock is the only one who adds; that nobody did in between is seen by the header. */
static enum glc_err add_in_place(int fd, uint64_t end, const struct glc_parts *image)
{
    uint64_t word;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? GLC_LIMIT : GLC_IO;
    if (pread(fd, &word, sizeof word, offsetof(struct glc_img_header, end)) != sizeof word)
        return GLC_IO;
    if (word != glc_img_end(end))
        return GLC_LIMIT;
    return add(fd, end, image) ? GLC_OK : GLC_IO;
}

static bool copy(int from, int to, uint64_t bytes)
{
    if (ioctl(to, FICLONE, from) == 0)
        return true;
    for (uint64_t at = 0; at < bytes;) {
        off_t in = (off_t)at, out = (off_t)at;
        ssize_t n = copy_file_range(from, &in, to, &out, (size_t)(bytes - at), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += (uint64_t)n;
    }
    return true;
}

/* Plain reading and writing, where the kernel cannot copy between these two file systems. */
static bool copy_by_hand(int from, int to, uint64_t bytes)
{
    uint8_t *piece = malloc(1 << 20);
    bool ok = piece != NULL;
    for (uint64_t at = 0; ok && at < bytes;) {
        uint64_t want = bytes - at < 1 << 20 ? bytes - at : 1 << 20;
        ssize_t n = pread(from, piece, (size_t)want, (off_t)at);
        ok = n > 0 && glc_write_at(to, glc_span(piece, (size_t)n), at);
        at += ok ? (uint64_t)n : 0;
    }
    free(piece);
    return ok;
}

static enum glc_err add_to_copy(int from, uint64_t end, const struct glc_parts *image, const char *path)
{
    struct glc_buf name;
    glc_buf_init(&name, 1 << 16);
    enum glc_err e = GLC_IO;
    int fd = glc_buf_printf(&name, "%s.XXXXXX", path) ? mkostemp((char *)name.ptr, O_CLOEXEC) : -1;
    if (fd >= 0) {
        mode_t mask = umask(0);
        umask(mask);
        bool ok = (copy(from, fd, end) || copy_by_hand(from, fd, end)) && add(fd, end, image) &&
                  fchmod(fd, 0666 & ~mask) == 0 && rename((char *)name.ptr, path) == 0;
        int saved = errno;
        if (!ok)
            unlink((char *)name.ptr);
        close(fd);
        errno = saved;
        e = ok ? GLC_OK : GLC_IO;
    }
    glc_buf_done(&name);
    return e;
}

enum glc_err glc_append_image(const char *base, uint64_t end, const struct glc_parts *image, const char *path)
{
    struct stat a, b;
    int from = open(base, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return GLC_IO;
    bool same = fstat(from, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    int fd = same ? open(path, O_RDWR | O_CLOEXEC) : -1;
    enum glc_err e = fd >= 0 ? add_in_place(fd, end, image) : add_to_copy(from, end, image, path);
    int saved = errno;
    if (fd >= 0)
        close(fd);
    close(from);
    errno = saved;
    return e;
}
