/* OLE2 compound files: streams as children, and the source of VBA macros.
 *
 * Sources: [MS-CFB], [MS-OVBA] 2.4.1. Chains of sectors may loop, cross and leave the file: a chain ends
 * after as many sectors as the file has, and what it gave until it broke is judged. Directory entries are
 * read in a row, whatever the tree over them says, so that no entry can be hidden by it. Macro source is
 * found by the beginning of its compressed form, not by the directory of the project. */
#ifndef GLC_FORMAT_OLE2_OLE2_H
#define GLC_FORMAT_OLE2_OLE2_H

#include "format/unpack/unpack.h"

extern const struct glc_format glc_format_ole2;

/* An entry of the directory: the name's UTF-16 units, their bytes with the zero, the type, the CLSID. */
enum {
    GLC_OLE2_ENTRY = 128,
    GLC_OLE2_NAME_UNITS = 32,
    GLC_OLE2_NAME_LENGTH = 64,
    GLC_OLE2_TYPE = 66,
    GLC_OLE2_CLSID = 80,
};
enum { GLC_OLE2_STORAGE = 1, GLC_OLE2_STREAM = 2, GLC_OLE2_ROOT = 5 };

struct glc_ole2_file {
    struct glc_parse *p;
    unsigned shift, mini_shift; /* of the sector sizes */
    uint32_t mini_cutoff;
    const uint32_t *fat; /* in the arena */
    size_t fats;
    struct glc_span mini_fat, mini; /* the table and the stream of small sectors */
    struct glc_span directory;      /* entries, in a row */
    bool wide;                      /* sizes of 64 bits */
};

/* Read the tables and the directory of p->data into p->arena. False: too short for a header, or a limit (told
 * to p->unread). */
bool glc_ole2_open(struct glc_ole2_file *f, struct glc_parse *p) GLC_CHECK;

/* The size that an entry of the directory claims, and the bytes that it leads to. False: a limit was met. */
uint64_t glc_ole2_size(const struct glc_ole2_file *f, const uint8_t *entry);
bool glc_ole2_stream(const struct glc_ole2_file *f, const uint8_t *entry, struct glc_output *out) GLC_CHECK;

/* [MS-OVBA] 2.4.1.3: append what the compressed container at the start of `in` holds. False: a limit was met.
 */
bool glc_ole2_vba(struct glc_span in, struct glc_output *out) GLC_CHECK;

#endif
