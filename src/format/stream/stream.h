/* Compressed streams: gzip, bzip2, xz, lzma, lzip, zstd.
 *
 * Sources: RFC 1952, RFC 8878, the xz and lzip format pages. A file is a row of members; readers differ in
 * what they do after the first, about zeros between members, about junk, and about damage. Here all members
 * count, wherever the next one begins; checksums and sizes that lie drop nothing; what came out before damage
 * is judged and the rest unread. The members together are one child, since that is what most readers make of
 * them, and the first few alone too. */
#ifndef GLC_FORMAT_STREAM_STREAM_H
#define GLC_FORMAT_STREAM_STREAM_H

#include "format/format.h"

extern const struct glc_format glc_format_gzip, glc_format_bzip2, glc_format_xz, glc_format_lzma,
    glc_format_lzip, glc_format_zstd;

#endif
