/* Compressed runs of file systems and image formats, by Debian's libraries. */
#ifndef GLC_AUDIT_DISK_UNPACK_H
#define GLC_AUDIT_DISK_UNPACK_H

#include "base/err.h"
#include "base/span.h"

enum glc_pack {
    GLC_PACK_ZLIB,
    GLC_PACK_DEFLATE,
    GLC_PACK_XZ,
    GLC_PACK_LZMA,
    GLC_PACK_LZO,
    GLC_PACK_LZ4,
    GLC_PACK_ZSTD
};

/* Unpack `in` into at most `room` bytes at `out`. CORRUPT for anything else than a whole stream that fits;
 * bytes after its end are let be (image formats pad). */
enum glc_err glc_unpack(enum glc_pack how, struct glc_span in, uint8_t *out, size_t room,
                        size_t *got) GLC_CHECK;

#endif
