/* Names of the certificates in a Mach-O file's signature, a CMS message. Nothing is verified: what a file
 * says of its signer is what rules ask for. Apple, <kern/cs_blobs.h>; RFC 5652. */
#include "format/macho/macho_module.h"

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

enum { MOST_CERTIFICATES = 32 };

/* The last common name, as UTF-8; undefined: there is none. */
static struct glc_value common_name(struct glc_arena *a, const X509_NAME *n)
{
    struct glc_value v = glc_value_undefined(GLC_T_STRING);
    int last = -1;
    for (int i = X509_NAME_get_index_by_NID(n, NID_commonName, -1); i >= 0;
         i = X509_NAME_get_index_by_NID(n, NID_commonName, i))
        last = i;
    unsigned char *utf8 = NULL;
    int len =
        last < 0 ? -1 : ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(n, last)));
    char *copy = len < 0 ? NULL : glc_arena_alloc(a, (size_t)len + 1);
    if (copy != NULL) {
        memcpy(copy, utf8, (size_t)len);
        v = glc_value_str(glc_span(copy, (size_t)len));
    }
    OPENSSL_free(utf8);
    return v;
}

static void add(struct glc_arena *a, struct glc_values *to, X509 *c)
{
    struct glc_value name = common_name(a, X509_get_subject_name(c));
    if (name.defined)
        (void)!glc_values_add(a, to, name);
}

static X509 *signer(PKCS7_SIGNER_INFO *si, const STACK_OF(X509) * certs)
{
    for (int i = 0; si->issuer_and_serial != NULL && i < sk_X509_num(certs) && i < MOST_CERTIFICATES; i++) {
        X509 *c = sk_X509_value(certs, i);
        if (X509_NAME_cmp(X509_get_issuer_name(c), si->issuer_and_serial->issuer) == 0 &&
            ASN1_INTEGER_cmp(X509_get0_serialNumber(c), si->issuer_and_serial->serial) == 0)
            return c;
    }
    return NULL;
}

struct glc_value macho_certificates(struct glc_arena *a, struct glc_span cms)
{
    const unsigned char *p = cms.ptr;
    PKCS7 *p7 = cms.len > INT32_MAX ? NULL : d2i_PKCS7(NULL, &p, (long)cms.len);
    struct glc_value *v = p7 != NULL && PKCS7_type_is_signed(p7) && p7->d.sign != NULL
                              ? glc_value_members(a, macho_certificate_fields)
                              : NULL;
    if (v != NULL) {
        struct glc_values names = { 0 }, signers = { 0 };
        const STACK_OF(X509) *certs = p7->d.sign->cert;
        for (int i = 0; i < sk_X509_num(certs) && i < MOST_CERTIFICATES; i++)
            add(a, &names, sk_X509_value(certs, i));
        for (int i = 0; i < sk_PKCS7_SIGNER_INFO_num(p7->d.sign->signer_info) && i < MOST_CERTIFICATES; i++) {
            X509 *c = signer(sk_PKCS7_SIGNER_INFO_value(p7->d.sign->signer_info, i), certs);
            if (c != NULL)
                add(a, &signers, c);
        }
        v[MACHO_CERT_COMMON_NAMES] = glc_values_array(&names);
        v[MACHO_CERT_SIGNER_NAMES] = glc_values_array(&signers);
    }
    PKCS7_free(p7);
    ERR_clear_error();
    return glc_value_struct(v);
}
