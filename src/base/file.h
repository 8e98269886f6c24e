/* The thin platform layer: whole files in, mapped or read. */
#ifndef GLC_BASE_FILE_H
#define GLC_BASE_FILE_H

#include "base/parts.h"

/* A read-only mapping of a whole file. A file that shrinks under it raises SIGBUS on access. */
struct glc_map {
    struct glc_span bytes;
};

/* Map the file behind `fd` (which may be closed afterwards). errno is set on GLC_IO. An empty file gives an
 * empty span. */
enum glc_err glc_map_fd(int fd, struct glc_map *out) GLC_CHECK;
enum glc_err glc_map_path(const char *path, struct glc_map *out) GLC_CHECK;
void glc_map_done(struct glc_map *m);

/* All of it is about to be read, once: its pages are mapped in one call. */
void glc_map_ahead(const struct glc_map *m);

/* Read everything that is left in `fd` into `out`, up to its cap; GLC_LIMIT when there is more. */
enum glc_err glc_read_fd(int fd, struct glc_buf *out) GLC_CHECK;

/* All of `s` into a file that can be sought, from offset `at` on; false: errno. */
bool glc_write_at(int fd, struct glc_span s, uint64_t at) GLC_CHECK;

/* Write `s` to `path` by a temporary file beside it and a rename, so that a reader sees the old or the new
 * whole. */
enum glc_err glc_write_path(const char *path, struct glc_span s) GLC_CHECK;
enum glc_err glc_write_parts(const char *path, const struct glc_parts *p) GLC_CHECK;

/* Processor time of the calling thread in nanoseconds: what others do on the machine does not count. */
uint64_t glc_clock_cpu_ns(void);

/* Monotonic time in nanoseconds. */
uint64_t glc_clock_ns(void);

#endif
