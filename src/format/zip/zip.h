/* ZIP, as hostile files use it.
 *
 * Source: PKWARE APPNOTE 6.3.10. Programs read a zip by its end record, by its central directory or by its
 * local headers, and no two agree on files that lie; whoever chooses one reading misses what another program
 * opens. So every local header and every central record found anywhere in the bytes is a candidate,
 * candidates are keyed by where their data lies, and each is read by every method that something declares for
 * it, then as stored and as deflated. What comes out is yielded once per reading, contradictions are notes,
 * what no reading explains is unread. The end record is asked for nothing but where the directory thinks the
 * file begins.
 *
 * zip.c finds the members, zip_member.c reads one. */
#ifndef GLC_FORMAT_ZIP_ZIP_H
#define GLC_FORMAT_ZIP_ZIP_H

#include "format/format.h"

extern const struct glc_format glc_format_zip;

/* What one header says of a member. */
struct glc_zip_record {
    bool there;
    uint64_t at; /* of the record in the file */
    uint16_t flags, method;
    uint32_t crc;
    uint64_t packed, size;
    struct glc_span name;
    uint64_t local; /* central record: where the local header is said to be */
};

struct glc_zip_member {
    uint64_t data; /* file offset of its bytes: the key */
    struct glc_zip_record local, central;
};

/* Yield every reading of one member. `end`: where the next known record begins, a bound for what has no size.
 * `carving`: perhaps no member at all, so that only what is surely encrypted is worth telling. `*work` counts
 * the packed bytes that were read. `*stored_to` becomes the end of the bytes that were yielded as they are.
 * False: stop. */
bool glc_zip_member_read(struct glc_parse *p, const struct glc_zip_member *m, uint64_t end, bool carving,
                         uint64_t *work, uint64_t *stored_to) GLC_CHECK;

#endif
