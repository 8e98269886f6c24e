/* The memory of a process, as the worker reads it.
 *
 * The parent opens /proc/PID/mem and /proc/PID/pagemap and hands them over with a table of what is mapped
 * where; the bytes are read here, in the jail. The process goes on meanwhile: regions vanish, pages cannot be
 * read, it ends. What was not read is said. Pages that were never touched hold zeroes and are not read. */
#ifndef GLC_WIRE_MEMORY_H
#define GLC_WIRE_MEMORY_H

#include "match/layer.h"

enum {
    GLC_MEMORY_ENTRY = 24,        /* bytes of a region in the table: first address, end, flags; u64le each */
    GLC_MEMORY_ANONYMOUS = 1,     /* flag: not backed by a file, so that an absent page is zeroes */
    GLC_MEMORY_MAPPINGS = 262144, /* most entries */
};

#define GLC_MEMORY_MOST ((uint64_t)2 << 30) /* bytes that are read of a process */

struct glc_memory {
    struct glc_region *region;
    uint32_t regions;
    char unread[128]; /* why not everything is there; empty: it is */
};

/* `pagemap` may be anything unreadable: then every page is read. `deadline` (glc_clock_ns(); 0: none) ends it
 * early. GLC_CORRUPT: not such a table. */
enum glc_err glc_memory_read(int mem, int pagemap, int table, uint64_t deadline,
                             struct glc_memory *out) GLC_CHECK;
void glc_memory_done(struct glc_memory *p);

#endif
