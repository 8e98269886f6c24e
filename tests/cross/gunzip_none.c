/* lang/clam/gunzip.h without zlib, for cross builds that test the engine: only what is not packed is read. */
#include "lang/clam/gunzip.h"

#include <stdlib.h>

struct glc_gunzip {
    struct glc_span in;
};

struct glc_gunzip *glc_gunzip_new(struct glc_span in)
{
    struct glc_gunzip *g = calloc(1, sizeof *g);
    if (g != NULL)
        g->in = in;
    return g;
}

void glc_gunzip_free(struct glc_gunzip *g)
{
    free(g);
}

enum glc_err glc_gunzip_read(struct glc_gunzip *g, uint8_t *out, size_t n, size_t *got)
{
    *got = 0;
    if (g->in.len >= 2 && g->in.ptr[0] == 0x1f && g->in.ptr[1] == 0x8b)
        return GLC_UNSUPPORTED;
    *got = n < g->in.len ? n : g->in.len;
    if (*got != 0)
        memcpy(out, g->in.ptr, *got);
    g->in = glc_span(g->in.ptr + *got, g->in.len - *got);
    return GLC_OK;
}
