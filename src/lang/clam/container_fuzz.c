/* Any bytes as a container of databases, as a stranger would send it. */
#include "lang/clam/container.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum glc_err put(void *ctx, struct glc_span name, struct glc_span bytes)
{
    size_t *total = ctx;
    if (name.len > 100 || memchr(name.ptr, '/', name.len) != NULL)
        abort();
    for (size_t i = 0; i < bytes.len; i++)
        *total += bytes.ptr[i];
    return GLC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *why = NULL;
    size_t total = 0;
    enum glc_err e = glc_clam_container(glc_span(data, size), (size & 1) != 0, put, &total, &why);
    if (e == GLC_CORRUPT && why == NULL)
        abort();
    return 0;
}
