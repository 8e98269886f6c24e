/* What the central directory of a zip says, read as a program does that believes it: for modules, which tell
 * what a file claims. (For scanning, zip.h reads every member that anything claims.)
 *
 * Source: PKWARE APPNOTE 6.3.10, 4.3.12 and 4.3.16. Offsets count from where the directory thinks the file
 * begins, so that bytes in front of the archive do no harm. */
#ifndef GLC_FORMAT_ZIP_ZIP_LIST_H
#define GLC_FORMAT_ZIP_ZIP_LIST_H

#include "base/arena.h"
#include "base/span.h"

struct glc_zip_entry {
    struct glc_span name;
    uint16_t made_by, needed, flags, method, time, date;
    uint32_t crc, packed, size, local;
};

struct glc_zip_list {
    struct glc_span data;
    uint64_t base; /* where the archive begins in `data` */
    uint16_t on_disk, total;
    uint32_t dir_size, dir_offset;
    struct glc_span comment;
    const struct glc_zip_entry *entry; /* in the arena; those that are really there */
    size_t entries;
};

/* False, *out untouched: no end record, or no memory. */
bool glc_zip_list(struct glc_span data, struct glc_arena *arena, struct glc_zip_list *out) GLC_CHECK;

/* The first entry of that name; NULL: none. */
const struct glc_zip_entry *glc_zip_find(const struct glc_zip_list *zip, const char *name);

/* The bytes of an entry that is stored or deflated, at most `most` of them, in the arena or in the archive.
 * Empty: it cannot be read. What a damaged one gave until it broke is given. */
struct glc_span glc_zip_read(const struct glc_zip_list *zip, const struct glc_zip_entry *e,
                             struct glc_arena *arena, uint64_t most);

#endif
