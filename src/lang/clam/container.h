/* ClamAV's containers of databases: .cvd .cld .cud. */
#ifndef GLC_LANG_CLAM_CONTAINER_H
#define GLC_LANG_CLAM_CONTAINER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* Called for every database, in their order. Both spans are gone after the call. What is not GLC_OK ends the
 * walk and is handed on. */
typedef enum glc_err glc_clam_member_fn(void *ctx, struct glc_span name, struct glc_span bytes);

/* Read the container `text`. It is taken whole or not at all: before the first call every database was held
 * against the container's own list. `published`: a .cvd, whose data must have the MD5 of its header (the
 * others are changed after they were made). GLC_CORRUPT with `*why`, which is static: something is wrong with
 * it.
 *
 * The header's RSA signature is NOT verified: it is freshclam's to do, which fetches containers. */
enum glc_err glc_clam_container(struct glc_span text, bool published, glc_clam_member_fn *put, void *ctx,
                                const char **why) GLC_CHECK;

#endif
