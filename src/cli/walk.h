/* Walking files by descriptor: iterative, with a bounded number of open descriptors at any depth, following
 * no link.
 *
 * A path that was asked for by name is followed where it is a link; nothing below it is. FIFOs, sockets and
 * devices are named and skipped without being opened. Kernel file systems (/proc, /sys, …) are not entered
 * unless asked for by name. */
#ifndef GLC_CLI_WALK_H
#define GLC_CLI_WALK_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct glc_walk;

struct glc_walk_options {
    const char *const *exclude; /* globs, each held against the whole path and against the last name */
    unsigned excludes;
    bool one_file_system;
    bool flat;         /* do not enter the folders of a folder */
    bool follow_files; /* links to files are read, links to folders never */
    bool count_only;   /* entries carry no descriptor: for totals */
};

enum glc_walk_kind {
    GLC_WALK_FILE,    /* fd is open for reading and the caller's */
    GLC_WALK_SKIPPED, /* why: "FIFO", "socket", "device", "kernel file system" */
    GLC_WALK_ERROR,   /* error: errno; why: what was tried, or NULL */
    GLC_WALK_END,
};

struct glc_walk_entry {
    enum glc_walk_kind kind;
    const char *path; /* bytes as they are, NUL-terminated; lives until the next call */
    size_t path_len;
    int fd;
    uint64_t size;
    const char *why; /* static */
    int error;
};

struct glc_walk *glc_walk_new(const struct glc_walk_options *opt) GLC_CHECK; /* NULL: no memory */
void glc_walk_free(struct glc_walk *w);

/* Begin at `path`; what was begun before must have ended. */
void glc_walk_start(struct glc_walk *w, const char *path);
void glc_walk_next(struct glc_walk *w, struct glc_walk_entry *out);

#endif
