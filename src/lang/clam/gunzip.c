/* gzip by zlib, piece by piece: a container holds hundreds of megabytes, of which one database is in memory
 * at a time. */
#define ZLIB_CONST
#include "lang/clam/gunzip.h"

#include <stdlib.h>
#include <zlib.h>

enum { MOST_PIECE = 1 << 30, WINDOW_GZIP = 15 + 16 };

struct glc_gunzip {
    struct glc_span in;
    size_t at; /* handed over so far */
    bool packed, ended;
    z_stream z;
};

struct glc_gunzip *glc_gunzip_new(struct glc_span in)
{
    struct glc_gunzip *g = calloc(1, sizeof *g);
    if (g == NULL)
        return NULL;
    g->in = in;
    g->packed = in.len >= 2 && in.ptr[0] == 0x1f && in.ptr[1] == 0x8b;
    if (g->packed && inflateInit2(&g->z, WINDOW_GZIP) != Z_OK) {
        free(g);
        return NULL;
    }
    return g;
}

void glc_gunzip_free(struct glc_gunzip *g)
{
    if (g != NULL && g->packed)
        (void)inflateEnd(&g->z);
    free(g);
}

static size_t piece(size_t n)
{
    return n < MOST_PIECE ? n : MOST_PIECE;
}

static enum glc_err inflate_some(struct glc_gunzip *g, uint8_t *out, size_t n, size_t *got)
{
    while (*got < n && !g->ended) {
        size_t in = piece(g->in.len - g->at), room = piece(n - *got);
        g->z.next_in = g->in.ptr + g->at;
        g->z.avail_in = (uInt)in;
        g->z.next_out = out + *got;
        g->z.avail_out = (uInt)room;
        int e = inflate(&g->z, Z_NO_FLUSH);
        g->at += in - g->z.avail_in;
        *got += room - g->z.avail_out;
        g->ended = e == Z_STREAM_END;
        if (e == Z_MEM_ERROR)
            return GLC_NOMEM;
        if (e != Z_OK && e != Z_STREAM_END) /* Z_BUF_ERROR: there is no more, and the stream has not ended */
            return GLC_CORRUPT;
    }
    return GLC_OK;
}

enum glc_err glc_gunzip_read(struct glc_gunzip *g, uint8_t *out, size_t n, size_t *got)
{
    *got = 0;
    if (g->packed)
        return inflate_some(g, out, n, got);
    size_t left = g->in.len - g->at;
    *got = n < left ? n : left;
    if (*got != 0)
        memcpy(out, g->in.ptr + g->at, *got);
    g->at += *got;
    return GLC_OK;
}
