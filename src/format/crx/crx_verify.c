#include "format/crx/crx_module.h"

#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/* RSA with PKCS #1 padding or ECDSA, as the key says. */
static bool is_right(const struct glc_crx_proof *proof, const struct glc_span *part, size_t parts)
{
    const unsigned char *der = proof->key.ptr;
    if (proof->key.len == 0 || proof->key.len > INT32_MAX)
        return false;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &der, (long)proof->key.len);
    EVP_MD_CTX *ctx = key == NULL ? NULL : EVP_MD_CTX_new();
    bool ok = ctx != NULL &&
              EVP_DigestVerifyInit(ctx, NULL, proof->sha1 ? EVP_sha1() : EVP_sha256(), NULL, key) == 1;
    for (size_t i = 0; ok && i < parts; i++)
        ok = EVP_DigestVerifyUpdate(ctx, part[i].ptr, part[i].len) == 1;
    ok = ok && EVP_DigestVerifyFinal(ctx, proof->signature.ptr, proof->signature.len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return ok;
}

void glc_crx_signature(struct glc_arena *a, const struct glc_crx_proof *proof, const struct glc_span *part,
                       size_t parts, struct glc_values *to)
{
    struct glc_value *v = glc_values_add_struct(a, to, crx_signature_fields);
    if (v == NULL)
        return;
    uint8_t digest[GLC_DIGEST_MAX];
    struct glc_digest *sha256 = glc_digest_new(GLC_SHA256);
    if (sha256 != NULL && glc_digest_of(sha256, proof->key, digest))
        v[CRX_SIG_KEY] = glc_value_cstr(glc_value_hex(a, glc_span(digest, 32)));
    glc_digest_free(sha256);
    v[CRX_SIG_VERIFIED] = glc_value_bool(is_right(proof, part, parts));
}
