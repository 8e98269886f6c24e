/* Certificates of Authenticode signatures as values of the module `pe`. */
#ifndef GLC_FORMAT_PE_PE_CERTIFICATE_H
#define GLC_FORMAT_PE_PE_CERTIFICATE_H

#include "format/pe/pe_module.h"

#include <openssl/pkcs7.h>
#include <openssl/x509.h>

/* Fill the fields that a certificate has. */
void pe_load_certificate(struct glc_arena *a, X509 *cert, struct glc_value *member);

/* All of them as an array. */
struct glc_value pe_certificates(struct glc_arena *a, const STACK_OF(X509) * certs);

/* `leaf` and its issuers as far as `certs` has them; never more than 32, whatever names say. */
struct glc_value pe_chain(struct glc_arena *a, X509 *leaf, const STACK_OF(X509) * certs);

/* Seconds since 1970. */
struct glc_value pe_time_value(const ASN1_TIME *t);

/* "sha256"; and bytes in hex. */
struct glc_value pe_digest_name(struct glc_arena *a, const ASN1_OBJECT *algorithm);
struct glc_value pe_hex_value(struct glc_arena *a, const void *p, size_t n);

/* pe_countersign.c: fill number and list of the signer's countersignatures. */
void pe_load_countersignatures(struct glc_arena *a, PKCS7_SIGNER_INFO *si, const STACK_OF(X509) * certs,
                               struct glc_value *member);

/* pe_authenticode.c: a signer's certificate among `certs`, and whether its signature over its attributes, and
 * their digest of `content`, are right. */
X509 *pe_signer_certificate(PKCS7_SIGNER_INFO *si, const STACK_OF(X509) * certs);
bool pe_signer_verifies(PKCS7_SIGNER_INFO *si, X509 *cert, struct glc_span content);

/* The value of the attribute `nid` as bytes (an OCTET STRING), or empty. */
struct glc_span pe_attribute_bytes(const STACK_OF(X509_ATTRIBUTE) * attributes, int nid);

#endif
