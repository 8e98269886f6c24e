/* Message digests through OpenSSL's EVP, with contexts that are made once and reused. */
#ifndef GLC_BASE_DIGEST_H
#define GLC_BASE_DIGEST_H

#include "base/err.h"
#include "base/span.h"

enum glc_digest_alg { GLC_MD5, GLC_SHA1, GLC_SHA256, GLC_DIGEST_ALGS };
enum { GLC_DIGEST_MAX = 32 };

/* Length in bytes: 16, 20, 32. */
size_t glc_digest_len(enum glc_digest_alg alg);
const char *glc_digest_name(enum glc_digest_alg alg); /* "md5", "sha1", "sha256" */

/* Before a process gives up the right to open files: the library reads no configuration, then or later. */
bool glc_digest_prepare(void) GLC_CHECK;

struct glc_digest; /* one running digest; not shared between threads */

struct glc_digest *
glc_digest_new(enum glc_digest_alg alg) GLC_CHECK; /* NULL: no memory, or the provider lacks it */
void glc_digest_free(struct glc_digest *d);
bool glc_digest_begin(struct glc_digest *d) GLC_CHECK;
bool glc_digest_update(struct glc_digest *d, struct glc_span s) GLC_CHECK;
bool glc_digest_end(struct glc_digest *d, uint8_t out[GLC_DIGEST_MAX]) GLC_CHECK;

/* The three above in one. */
bool glc_digest_of(struct glc_digest *d, struct glc_span s, uint8_t out[GLC_DIGEST_MAX]) GLC_CHECK;

#endif
