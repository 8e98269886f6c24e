/* tar: old, ustar, GNU and PAX, read as a row of headers that may all lie.
 *
 * Source: POSIX.1-2017 pax(1), the GNU tar manual "Standard Format". libarchive stops at end blocks, at bad
 * checksums and at damage, and believes one of two sizes; other programs go on, or believe the other. Here
 * the walk goes on wherever a header looks like one, and where two sizes are given both are read and the next
 * header is looked for from the nearer end on. */
#ifndef GLC_FORMAT_TAR_TAR_H
#define GLC_FORMAT_TAR_TAR_H

#include "format/format.h"

extern const struct glc_format glc_format_tar;

#endif
