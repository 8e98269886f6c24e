/* Countersignatures: who says when a signature was made. Two kinds hang in a signer's unauthenticated
 * attributes: PKCS #9 countersignatures (RFC 2985, 5.3.6: a SignerInfo over the signature) and RFC 3161 time
 * stamps (a whole PKCS #7). */
#include "format/pe/pe_certificate.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/ts.h>

enum { MOST_COUNTERSIGNATURES = 64 };

static const char stamp_oid[] = "1.3.6.1.4.1.311.3.3.1";

static bool digest_is(const ASN1_OBJECT *algorithm, const ASN1_OCTET_STRING *of, const void *digest, size_t n)
{
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned int len;
    const EVP_MD *md = EVP_get_digestbyobj(algorithm);
    return md != NULL &&
           EVP_Digest(ASN1_STRING_get0_data(of), (size_t)ASN1_STRING_length(of), out, &len, md, NULL) == 1 &&
           len == n && memcmp(out, digest, n) == 0;
}

static void put_chain(struct glc_arena *a, struct glc_value *v, X509 *cert, const STACK_OF(X509) * certs)
{
    v[PE_CSIG_CHAIN] = pe_chain(a, cert, certs);
    v[PE_CSIG_LENGTH_OF_CHAIN] = glc_value_int(v[PE_CSIG_CHAIN].u.array.n);
}

/* A SignerInfo whose content is the signature of `si`. */
static void load_pkcs9(struct glc_arena *a, PKCS7_SIGNER_INFO *si, struct glc_span der,
                       const STACK_OF(X509) * certs, struct glc_value *v)
{
    const unsigned char *p = der.ptr;
    PKCS7_SIGNER_INFO *cs = d2i_PKCS7_SIGNER_INFO(NULL, &p, (long)der.len);
    if (cs == NULL)
        return;
    X509 *cert = pe_signer_certificate(cs, certs);
    struct glc_span digest = pe_attribute_bytes(cs->auth_attr, NID_pkcs9_messageDigest);
    const ASN1_TYPE *when = PKCS7_get_signed_attribute(cs, NID_pkcs9_signingTime);
    if (digest.len != 0)
        v[PE_CSIG_DIGEST] = pe_hex_value(a, digest.ptr, digest.len);
    v[PE_CSIG_DIGEST_ALG] = pe_digest_name(a, cs->digest_alg->algorithm);
    if (when != NULL && (when->type == V_ASN1_UTCTIME || when->type == V_ASN1_GENERALIZEDTIME))
        v[PE_CSIG_SIGN_TIME] = pe_time_value(when->value.asn1_string);
    put_chain(a, v, cert, certs);
    struct glc_span signature =
        glc_span(ASN1_STRING_get0_data(si->enc_digest), (size_t)ASN1_STRING_length(si->enc_digest));
    v[PE_CSIG_VERIFIED] = glc_value_int(cert != NULL && pe_signer_verifies(cs, cert, signature));
    PKCS7_SIGNER_INFO_free(cs);
}

/* A time stamp token: SignedData over TSTInfo, whose imprint is the digest of the signature. */
static void load_stamp(struct glc_arena *a, PKCS7_SIGNER_INFO *si, struct glc_span der, struct glc_value *v)
{
    const unsigned char *p = der.ptr;
    PKCS7 *token = d2i_PKCS7(NULL, &p, (long)der.len);
    TS_TST_INFO *info = token == NULL || !PKCS7_type_is_signed(token) || token->d.sign == NULL
                            ? NULL
                            : PKCS7_to_TS_TST_INFO(token);
    if (info != NULL) {
        TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
        const ASN1_OCTET_STRING *hash = TS_MSG_IMPRINT_get_msg(imprint);
        const ASN1_OBJECT *algorithm = TS_MSG_IMPRINT_get_algo(imprint)->algorithm;
        const unsigned char *digest = ASN1_STRING_get0_data(hash);
        size_t n = (size_t)ASN1_STRING_length(hash);
        STACK_OF(X509) *certs = token->d.sign->cert;
        STACK_OF(PKCS7_SIGNER_INFO) *signers = token->d.sign->signer_info;
        PKCS7_SIGNER_INFO *cs =
            sk_PKCS7_SIGNER_INFO_num(signers) > 0 ? sk_PKCS7_SIGNER_INFO_value(signers, 0) : NULL;
        X509 *cert = cs == NULL ? NULL : pe_signer_certificate(cs, certs);
        const ASN1_OCTET_STRING *content = token->d.sign->contents->d.other->value.octet_string;
        v[PE_CSIG_DIGEST] = pe_hex_value(a, digest, n);
        v[PE_CSIG_DIGEST_ALG] = pe_digest_name(a, algorithm);
        v[PE_CSIG_SIGN_TIME] = pe_time_value(TS_TST_INFO_get_time(info));
        put_chain(a, v, cert, certs);
        struct glc_span signed_bytes =
            glc_span(ASN1_STRING_get0_data(content), (size_t)ASN1_STRING_length(content));
        v[PE_CSIG_VERIFIED] = glc_value_int(cert != NULL && digest_is(algorithm, si->enc_digest, digest, n) &&
                                            pe_signer_verifies(cs, cert, signed_bytes));
    }
    TS_TST_INFO_free(info);
    PKCS7_free(token);
}

void pe_load_countersignatures(struct glc_arena *a, PKCS7_SIGNER_INFO *si, const STACK_OF(X509) * certs,
                               struct glc_value *member)
{
    struct glc_values all = { 0 };
    char oid[64];
    for (int i = 0; i < sk_X509_ATTRIBUTE_num(si->unauth_attr); i++) {
        X509_ATTRIBUTE *attribute = sk_X509_ATTRIBUTE_value(si->unauth_attr, i);
        const ASN1_OBJECT *object = X509_ATTRIBUTE_get0_object(attribute);
        bool pkcs9 = OBJ_obj2nid(object) == NID_pkcs9_countersignature;
        if (!pkcs9 && (OBJ_obj2txt(oid, sizeof oid, object, 1) <= 0 || strcmp(oid, stamp_oid) != 0))
            continue;
        for (int k = 0; k < X509_ATTRIBUTE_count(attribute) && all.n < MOST_COUNTERSIGNATURES; k++) {
            const ASN1_TYPE *value = X509_ATTRIBUTE_get0_type(attribute, k);
            if (value == NULL || value->type != V_ASN1_SEQUENCE)
                continue;
            struct glc_value *v = glc_values_add_struct(a, &all, pe_countersignature_fields);
            struct glc_span der = glc_span(ASN1_STRING_get0_data(value->value.sequence),
                                           (size_t)ASN1_STRING_length(value->value.sequence));
            if (v != NULL && pkcs9)
                load_pkcs9(a, si, der, certs, v);
            else if (v != NULL)
                load_stamp(a, si, der, v);
        }
    }
    member[PE_SIG_COUNTERSIGNATURES] = glc_values_array(&all);
    member[PE_SIG_NUMBER_OF_COUNTERSIGNATURES] = glc_value_int((int64_t)all.n);
}
