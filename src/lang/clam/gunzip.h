/* Bytes that may be gzipped, from the first to the last. Internal to lang/clam. */
#ifndef GLC_LANG_CLAM_GUNZIP_H
#define GLC_LANG_CLAM_GUNZIP_H

#include "base/err.h"
#include "base/span.h"

struct glc_gunzip;

/* A reader of `in`, which outlives it: unpacked where it begins as gzip does, else as it lies. NULL: no
 * memory. */
struct glc_gunzip *glc_gunzip_new(struct glc_span in) GLC_CHECK;
void glc_gunzip_free(struct glc_gunzip *g);

/* The next `n` bytes; *got is less only at the end. GLC_CORRUPT: damaged or cut short, and *got bytes came
 * before that. GLC_UNSUPPORTED: gzipped, in a build without zlib. */
enum glc_err glc_gunzip_read(struct glc_gunzip *g, uint8_t *out, size_t n, size_t *got) GLC_CHECK;

#endif
