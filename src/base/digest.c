#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct glc_digest {
    EVP_MD *md;
    EVP_MD_CTX *ctx;
};

static const struct {
    const char *name, *evp;
    size_t len;
} algs[GLC_DIGEST_ALGS] = {
    [GLC_MD5] = { "md5", "MD5", 16 },
    [GLC_SHA1] = { "sha1", "SHA1", 20 },
    [GLC_SHA256] = { "sha256", "SHA256", 32 },
};

bool glc_digest_prepare(void)
{
    return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1;
}

size_t glc_digest_len(enum glc_digest_alg alg)
{
    return algs[alg].len;
}

const char *glc_digest_name(enum glc_digest_alg alg)
{
    return algs[alg].name;
}

struct glc_digest *glc_digest_new(enum glc_digest_alg alg)
{
    struct glc_digest *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    /* Fetched once: an implicit fetch at every init costs more than hashing a small file. */
    d->md = EVP_MD_fetch(NULL, algs[alg].evp, NULL);
    d->ctx = EVP_MD_CTX_new();
    if (d->md == NULL || d->ctx == NULL) {
        glc_digest_free(d);
        return NULL;
    }
    return d;
}

void glc_digest_free(struct glc_digest *d)
{
    if (d == NULL)
        return;
    EVP_MD_CTX_free(d->ctx);
    EVP_MD_free(d->md);
    free(d);
}

bool glc_digest_begin(struct glc_digest *d)
{
    return EVP_DigestInit_ex2(d->ctx, d->md, NULL) == 1;
}

bool glc_digest_update(struct glc_digest *d, struct glc_span s)
{
    return s.len == 0 || EVP_DigestUpdate(d->ctx, s.ptr, s.len) == 1;
}

bool glc_digest_end(struct glc_digest *d, uint8_t out[GLC_DIGEST_MAX])
{
    return EVP_DigestFinal_ex(d->ctx, out, NULL) == 1;
}

bool glc_digest_of(struct glc_digest *d, struct glc_span s, uint8_t out[GLC_DIGEST_MAX])
{
    return glc_digest_begin(d) && glc_digest_update(d, s) && glc_digest_end(d, out);
}
