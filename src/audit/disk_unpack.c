#include "audit/disk_unpack.h"

#include <limits.h>
#include <lz4.h>
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <zlib.h>
#include <zstd.h>

enum { XZ_MEMORY = 64 << 20 };

/* RFC 1950, RFC 1951. A stream whose end the room cuts off is as good as a whole one: qcow2 packs so. */
static enum glc_err inflate_it(int bits, struct glc_span in, uint8_t *out, size_t room, size_t *got)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)in.ptr,
                   .avail_in = (uInt)in.len,
                   .next_out = out,
                   .avail_out = (uInt)room };
    if (inflateInit2(&z, bits) != Z_OK)
        return GLC_NOMEM;
    int rc = inflate(&z, Z_FINISH);
    bool whole = rc == Z_STREAM_END || (rc == Z_BUF_ERROR && z.avail_out == 0);
    size_t n = room - z.avail_out;
    inflateEnd(&z);
    if (!whole)
        return rc == Z_MEM_ERROR ? GLC_NOMEM : GLC_CORRUPT;
    *got = n;
    return GLC_OK;
}

static enum glc_err xz_it(bool alone, struct glc_span in, uint8_t *out, size_t room, size_t *got)
{
    lzma_stream s = LZMA_STREAM_INIT;
    lzma_ret rc = alone ? lzma_alone_decoder(&s, XZ_MEMORY) : lzma_stream_decoder(&s, XZ_MEMORY, 0);
    if (rc != LZMA_OK)
        return GLC_NOMEM;
    s.next_in = in.ptr;
    s.avail_in = in.len;
    s.next_out = out;
    s.avail_out = room;
    rc = lzma_code(&s, LZMA_FINISH);
    size_t n = room - s.avail_out;
    lzma_end(&s);
    if (rc != LZMA_STREAM_END && !(alone && rc == LZMA_OK && n == room))
        return rc == LZMA_MEM_ERROR || rc == LZMA_MEMLIMIT_ERROR ? GLC_NOMEM : GLC_CORRUPT;
    *got = n;
    return GLC_OK;
}

static enum glc_err zstd_it(struct glc_span in, uint8_t *out, size_t room, size_t *got)
{
    ZSTD_DCtx *z = ZSTD_createDCtx();
    ZSTD_inBuffer from = { in.ptr, in.len, 0 };
    ZSTD_outBuffer to = { out, room, 0 };
    if (z == NULL)
        return GLC_NOMEM;
    size_t rc;
    do
        rc = ZSTD_decompressStream(z, &to, &from);
    while (!ZSTD_isError(rc) && rc != 0 && to.pos < to.size && from.pos < from.size);
    bool whole = !ZSTD_isError(rc) && (rc == 0 || to.pos == to.size);
    ZSTD_freeDCtx(z);
    if (!whole)
        return GLC_CORRUPT;
    *got = to.pos;
    return GLC_OK;
}

static enum glc_err lzo_it(struct glc_span in, uint8_t *out, size_t room, size_t *got)
{
    lzo_uint n = room;
    int rc = lzo1x_decompress_safe(in.ptr, in.len, out, &n, NULL);
    if (rc != LZO_E_OK && rc != LZO_E_INPUT_NOT_CONSUMED)
        return GLC_CORRUPT;
    *got = n;
    return GLC_OK;
}

static enum glc_err lz4_it(struct glc_span in, uint8_t *out, size_t room, size_t *got)
{
    int n = LZ4_decompress_safe((const char *)in.ptr, (char *)out, (int)in.len, (int)room);
    if (n < 0)
        return GLC_CORRUPT;
    *got = (size_t)n;
    return GLC_OK;
}

enum glc_err glc_unpack(enum glc_pack how, struct glc_span in, uint8_t *out, size_t room, size_t *got)
{
    if (in.len > INT_MAX || room > INT_MAX)
        return GLC_LIMIT;
    switch (how) {
    case GLC_PACK_ZLIB:
        return inflate_it(15, in, out, room, got);
    case GLC_PACK_DEFLATE:
        return inflate_it(-15, in, out, room, got);
    case GLC_PACK_XZ:
        return xz_it(false, in, out, room, got);
    case GLC_PACK_LZMA:
        return xz_it(true, in, out, room, got);
    case GLC_PACK_LZO:
        return lzo_it(in, out, room, got);
    case GLC_PACK_LZ4:
        return lz4_it(in, out, room, got);
    case GLC_PACK_ZSTD:
        return zstd_it(in, out, room, got);
    }
    return GLC_BUG;
}
