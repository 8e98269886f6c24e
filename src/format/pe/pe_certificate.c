/* What a condition may ask of an X.509 certificate, in the words OpenSSL has for it: rules compare these
 * strings with what YARA, which uses OpenSSL too, printed for their authors. */
#include "format/pe/pe_certificate.h"

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

/* YARA's buffer; OpenSSL ends the name before the part that does not fit. */
enum { LONGEST_NAME = 256, LONGEST_OID = 128, MOST_CHAIN = 32 };

static struct glc_value text(struct glc_arena *a, const char *s)
{
    return glc_value_cstr(s == NULL ? NULL : glc_arena_strdup(a, glc_span_str(s)));
}

static struct glc_value name(struct glc_arena *a, const X509_NAME *n)
{
    char line[LONGEST_NAME];
    return text(a, n == NULL ? NULL : X509_NAME_oneline(n, line, sizeof line));
}

/* The content octets of the DER integer, a leading zero included: "00:b1:ca". */
static struct glc_value serial(struct glc_arena *a, const ASN1_INTEGER *n)
{
    unsigned char *der = NULL;
    struct glc_value v = glc_value_undefined(GLC_T_STRING);
    int len = n == NULL ? -1 : i2d_ASN1_INTEGER(n, &der);
    /* Serial numbers have up to 20 octets; longer ones than a short length can say are nobody's. */
    char *out = len > 2 && der[1] < 0x80 ? glc_arena_alloc(a, 3 * (size_t)(len - 2) + 1) : NULL;
    if (out != NULL) {
        for (int i = 2; i < len; i++) {
            out[3 * (i - 2)] = "0123456789abcdef"[der[i] >> 4];
            out[3 * (i - 2) + 1] = "0123456789abcdef"[der[i] & 15];
            out[3 * (i - 2) + 2] = ':';
        }
        v = glc_value_str(glc_span(out, 3 * (size_t)(len - 2) - 1));
    }
    OPENSSL_free(der);
    return v;
}

struct glc_value pe_time_value(const ASN1_TIME *t)
{
    int days, seconds;
    ASN1_TIME *epoch = t == NULL ? NULL : ASN1_TIME_set(NULL, 0);
    struct glc_value v = glc_value_undefined(GLC_T_INT);
    if (epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, t) == 1)
        v = glc_value_int((int64_t)days * 86400 + seconds);
    ASN1_TIME_free(epoch);
    return v;
}

struct glc_value pe_digest_name(struct glc_arena *a, const ASN1_OBJECT *algorithm)
{
    return text(a, OBJ_nid2ln(OBJ_obj2nid(algorithm)));
}

struct glc_value pe_hex_value(struct glc_arena *a, const void *p, size_t n)
{
    return glc_value_cstr(glc_value_hex(a, glc_span(p, n)));
}

void pe_load_certificate(struct glc_arena *a, X509 *cert, struct glc_value *member)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int n;
    const X509_ALGOR *algorithm = NULL;
    char oid[LONGEST_OID];
    if (X509_digest(cert, EVP_sha1(), digest, &n) == 1)
        member[PE_CERT_THUMBPRINT] = pe_hex_value(a, digest, n);
    member[PE_CERT_ISSUER] = name(a, X509_get_issuer_name(cert));
    member[PE_CERT_SUBJECT] = name(a, X509_get_subject_name(cert));
    member[PE_CERT_VERSION] = glc_value_int(X509_get_version(cert) + 1);
    X509_get0_signature(NULL, &algorithm, cert);
    if (algorithm != NULL) {
        const ASN1_OBJECT *object = NULL;
        X509_ALGOR_get0(&object, NULL, NULL, algorithm);
        member[PE_CERT_ALGORITHM] = pe_digest_name(a, object);
        if (OBJ_obj2txt(oid, sizeof oid, object, 1) > 0)
            member[PE_CERT_ALGORITHM_OID] = text(a, oid);
    }
    member[PE_CERT_SERIAL] = serial(a, X509_get0_serialNumber(cert));
    member[PE_CERT_NOT_BEFORE] = pe_time_value(X509_get0_notBefore(cert));
    member[PE_CERT_NOT_AFTER] = pe_time_value(X509_get0_notAfter(cert));
}

struct glc_value pe_certificates(struct glc_arena *a, const STACK_OF(X509) * certs)
{
    struct glc_values all = { 0 };
    for (int i = 0; i < sk_X509_num(certs); i++) {
        struct glc_value *member = glc_values_add_struct(a, &all, pe_certificate_fields);
        if (member != NULL)
            pe_load_certificate(a, sk_X509_value(certs, i), member);
    }
    return glc_values_array(&all);
}

struct glc_value pe_chain(struct glc_arena *a, X509 *leaf, const STACK_OF(X509) * certs)
{
    struct glc_values all = { 0 };
    for (int depth = 0; leaf != NULL && depth < MOST_CHAIN; depth++) {
        struct glc_value *member = glc_values_add_struct(a, &all, pe_certificate_fields);
        X509 *issuer = NULL;
        if (member == NULL)
            break;
        pe_load_certificate(a, leaf, member);
        if (X509_NAME_cmp(X509_get_issuer_name(leaf), X509_get_subject_name(leaf)) == 0)
            break;
        for (int i = 0; i < sk_X509_num(certs) && issuer == NULL; i++)
            if (X509_NAME_cmp(X509_get_subject_name(sk_X509_value(certs, i)), X509_get_issuer_name(leaf)) ==
                0)
                issuer = sk_X509_value(certs, i);
        leaf = issuer;
    }
    return glc_values_array(&all);
}
