#define ZLIB_CONST /* next_in is not written through */
#include "format/unpack/unpack.h"

#include <bzlib.h>
#include <libdeflate.h>
#include <lzma.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum {
    FIRST_ROOM = 16 * 1024,
    STEP = 256 * 1024,       /* output between two looks at the clock */
    WORST_DEFLATE = 1032,    /* bytes that one byte of deflate can become */
    LZMA_MEMORY = 256 << 20, /* largest dictionary that we allow a stream to ask for */
    ZSTD_WINDOW_LOG = 28,
};

void glc_output_init(struct glc_output *out, struct glc_parse *p, uint64_t packed)
{
    uint64_t limit;
    if (__builtin_mul_overflow(packed, p->budget->ratio, &limit) ||
        __builtin_add_overflow(limit, p->budget->ratio_free, &limit))
        limit = UINT64_MAX;
    *out = (struct glc_output){ .parse = p, .limit = limit };
}

uint8_t *glc_output_grow(struct glc_output *out, size_t n)
{
    size_t want;
    if (__builtin_add_overflow(out->len, n, &want)) {
        out->why = "limit: memory";
        return NULL;
    }
    size_t room = out->room < FIRST_ROOM ? FIRST_ROOM : out->room;
    while (room < want && room < SIZE_MAX / 2)
        room *= 2;
    if (out->room == 0 && n > FIRST_ROOM)
        room = n; /* the size was known beforehand */
    uint8_t *fresh = room < want ? NULL : glc_arena_room(out->parse->arena, room);
    if (fresh == NULL) {
        out->why = "limit: memory";
        return NULL;
    }
    if (out->len != 0)
        memcpy(fresh, out->ptr, out->len);
    out->ptr = fresh;
    out->room = room;
    return fresh + out->len;
}

bool glc_output_took(struct glc_output *out, size_t n)
{
    out->len += n;
    if (out->len > out->limit)
        out->why = "limit: ratio";
    else if (!glc_budget_bytes(out->parse->budget, n))
        out->why = "limit: bytes";
    else if (!glc_budget_time(out->parse->budget))
        out->why = "timeout";
    return out->why == NULL;
}

bool glc_output_put(struct glc_output *out, struct glc_span bytes)
{
    uint8_t *to = glc_output_room(out, bytes.len);
    if (to == NULL)
        return false;
    if (bytes.len != 0)
        memcpy(to, bytes.ptr, bytes.len);
    return glc_output_took(out, bytes.len);
}

/* One library's decoder behind the same four words. `step` moves in and out and says how it went on. */
enum step { STEP_ON, STEP_END, STEP_DAMAGED };

struct decoder {
    enum glc_codec codec;
    struct glc_span in;
    uint8_t *to;
    size_t room;
    z_stream z;
    bz_stream bz;
    lzma_stream lz;
    ZSTD_DStream *zs;
};

static bool decoder_open(struct decoder *d)
{
    switch (d->codec) {
    case GLC_CODEC_DEFLATE:
        return inflateInit2(&d->z, -15) == Z_OK;
    case GLC_CODEC_ZLIB:
        return inflateInit2(&d->z, 15) == Z_OK;
    case GLC_CODEC_BZIP2:
        return BZ2_bzDecompressInit(&d->bz, 0, 0) == BZ_OK;
    case GLC_CODEC_XZ:
        return lzma_stream_decoder(&d->lz, LZMA_MEMORY, LZMA_IGNORE_CHECK) == LZMA_OK;
    case GLC_CODEC_LZMA:
        return lzma_alone_decoder(&d->lz, LZMA_MEMORY) == LZMA_OK;
    case GLC_CODEC_LZIP:
        return lzma_lzip_decoder(&d->lz, LZMA_MEMORY, LZMA_IGNORE_CHECK) == LZMA_OK;
    case GLC_CODEC_ZSTD:
        d->zs = ZSTD_createDStream();
        return d->zs != NULL &&
               !ZSTD_isError(ZSTD_DCtx_setParameter(d->zs, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG));
    case GLC_CODECS:
    default:
        return false;
    }
}

static void decoder_close(struct decoder *d)
{
    if (d->codec == GLC_CODEC_DEFLATE || d->codec == GLC_CODEC_ZLIB)
        (void)inflateEnd(&d->z);
    else if (d->codec == GLC_CODEC_BZIP2)
        (void)BZ2_bzDecompressEnd(&d->bz);
    else if (d->codec == GLC_CODEC_ZSTD)
        (void)ZSTD_freeDStream(d->zs);
    else
        lzma_end(&d->lz);
}

/* Libraries count in 32 bits; a longer input or output goes in pieces. */
static unsigned piece(size_t n)
{
    return n > 1u << 30 ? 1u << 30 : (unsigned)n;
}

static enum step step_zlib(struct decoder *d)
{
    unsigned in = piece(d->in.len), room = piece(d->room);
    d->z.next_in = d->in.ptr;
    d->z.avail_in = in;
    d->z.next_out = d->to;
    d->z.avail_out = room;
    int rc = inflate(&d->z, Z_NO_FLUSH);
    in -= d->z.avail_in;
    room -= d->z.avail_out;
    d->in = glc_span_sub(d->in, in, UINT64_MAX);
    d->to += room;
    d->room -= room;
    return rc == Z_STREAM_END ? STEP_END : rc == Z_OK || rc == Z_BUF_ERROR ? STEP_ON : STEP_DAMAGED;
}

static enum step step_bzip2(struct decoder *d)
{
    unsigned in = piece(d->in.len), room = piece(d->room);
    /* bzlib takes a pointer to char and does not write through it. */
    memcpy(&d->bz.next_in, &d->in.ptr, sizeof d->bz.next_in);
    d->bz.avail_in = in;
    d->bz.next_out = (char *)d->to;
    d->bz.avail_out = room;
    int rc = BZ2_bzDecompress(&d->bz);
    in -= d->bz.avail_in;
    room -= d->bz.avail_out;
    d->in = glc_span_sub(d->in, in, UINT64_MAX);
    d->to += room;
    d->room -= room;
    return rc == BZ_STREAM_END ? STEP_END : rc == BZ_OK ? STEP_ON : STEP_DAMAGED;
}

static enum step step_lzma(struct decoder *d)
{
    d->lz.next_in = d->in.ptr;
    d->lz.avail_in = d->in.len;
    d->lz.next_out = d->to;
    d->lz.avail_out = d->room;
    lzma_ret rc = lzma_code(&d->lz, LZMA_RUN);
    d->in = glc_span(d->lz.next_in, d->lz.avail_in);
    d->to = d->lz.next_out;
    d->room = d->lz.avail_out;
    return rc == LZMA_STREAM_END ? STEP_END : rc == LZMA_OK || rc == LZMA_BUF_ERROR ? STEP_ON : STEP_DAMAGED;
}

static enum step step_zstd(struct decoder *d)
{
    ZSTD_inBuffer in = { d->in.ptr, d->in.len, 0 };
    ZSTD_outBuffer out = { d->to, d->room, 0 };
    size_t rc = ZSTD_decompressStream(d->zs, &out, &in);
    d->in = glc_span_sub(d->in, in.pos, UINT64_MAX);
    d->to += out.pos;
    d->room -= out.pos;
    return ZSTD_isError(rc) ? STEP_DAMAGED : rc == 0 ? STEP_END : STEP_ON;
}

static enum step decoder_step(struct decoder *d)
{
    switch (d->codec) {
    case GLC_CODEC_DEFLATE:
    case GLC_CODEC_ZLIB:
        return step_zlib(d);
    case GLC_CODEC_BZIP2:
        return step_bzip2(d);
    case GLC_CODEC_ZSTD:
        return step_zstd(d);
    case GLC_CODEC_XZ:
    case GLC_CODEC_LZMA:
    case GLC_CODEC_LZIP:
        return step_lzma(d);
    case GLC_CODECS:
    default:
        return STEP_DAMAGED;
    }
}

static enum glc_unpack_end run(struct glc_output *out, struct decoder *d)
{
    for (;;) {
        size_t left = d->in.len;
        d->to = glc_output_room(out, out->room - out->len > 0 ? 1 : FIRST_ROOM);
        if (d->to == NULL)
            return GLC_UNPACK_LIMIT;
        size_t room = out->room - out->len;
        if (room > STEP)
            room = STEP;
        d->room = room;
        enum step s = decoder_step(d);
        size_t made = room - d->room;
        if (!glc_output_took(out, made))
            return GLC_UNPACK_LIMIT;
        if (s == STEP_END)
            return GLC_UNPACK_END;
        if (s == STEP_DAMAGED)
            return GLC_UNPACK_DAMAGED;
        if (made == 0 && d->in.len == left)
            return left == 0 ? GLC_UNPACK_CUT : GLC_UNPACK_DAMAGED;
    }
}

/* The way of almost every member: the size is known and true, libdeflate fills it in one go. False: nothing
 * done. */
static bool inflate_known(struct glc_output *out, struct glc_span in, uint64_t expect,
                          struct glc_unpacked *result)
{
    if (expect == 0 || expect > out->limit || expect / WORST_DEFLATE > in.len ||
        expect > out->parse->budget->bytes)
        return false;
    uint8_t *to = glc_output_room(out, (size_t)expect);
    struct libdeflate_decompressor *d = to == NULL ? NULL : libdeflate_alloc_decompressor();
    if (d == NULL) {
        out->why = NULL; /* the slow way may still do with less */
        return false;
    }
    size_t used = 0, made = 0;
    enum libdeflate_result rc =
        libdeflate_deflate_decompress_ex(d, in.ptr, in.len, to, (size_t)expect, &used, &made);
    libdeflate_free_decompressor(d);
    if (rc != LIBDEFLATE_SUCCESS)
        return false;
    *result = (struct glc_unpacked){ GLC_UNPACK_END, used };
    if (!glc_output_took(out, made))
        result->end = GLC_UNPACK_LIMIT;
    return true;
}

struct glc_unpacked glc_unpack(struct glc_output *out, enum glc_codec codec, struct glc_span in,
                               uint64_t expect)
{
    struct glc_unpacked result = { GLC_UNPACK_LIMIT, 0 };
    if (codec == GLC_CODEC_DEFLATE && inflate_known(out, in, expect, &result))
        return result;
    struct decoder d = { .codec = codec, .in = in, .lz = LZMA_STREAM_INIT };
    if (!decoder_open(&d)) {
        out->why = "limit: memory";
        return result;
    }
    result.end = run(out, &d);
    result.used = in.len - d.in.len;
    decoder_close(&d);
    return result;
}

const char *glc_unpack_reason(const struct glc_output *out, enum glc_unpack_end end)
{
    switch (end) {
    case GLC_UNPACK_END:
        return NULL;
    case GLC_UNPACK_CUT:
        return "cut short";
    case GLC_UNPACK_LIMIT:
        return out->why != NULL ? out->why : "limit: memory";
    case GLC_UNPACK_DAMAGED:
    default:
        return "damaged data";
    }
}
