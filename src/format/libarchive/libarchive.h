/* The archives that nobody should write another reader for: 7z, rar, cab, lha, ar, cpio, iso9660, warc,
 * and the filters lz4, compress, rpm and uuencode.
 *
 * libarchive reads from memory and gives one entry after the other; it opens nothing, and what it cannot read
 * is unread. Each piece that it reads asks the budget. Its reading is one of several: formats whose lies
 * matter get a walker of their own (zip, tar).
 */
#ifndef GLC_FORMAT_LIBARCHIVE_LIBARCHIVE_H
#define GLC_FORMAT_LIBARCHIVE_LIBARCHIVE_H

#include "format/format.h"

extern const struct glc_format glc_format_sevenzip, glc_format_rar, glc_format_cab, glc_format_lha,
    glc_format_ar, glc_format_cpio, glc_format_iso, glc_format_warc, glc_format_filter;

#endif
