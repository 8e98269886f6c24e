/* Authenticode signatures: PKCS #7 SignedData in the file's attribute certificate table, over a digest of the
 * file without its checksum, the table and its directory entry. Microsoft, "Windows Authenticode Portable
 * Executable Signature Format" (2008); RFC 2315. More signatures nest in a signer's unauthenticated
 * attributes.
 *
 * OpenSSL reads the structures (BER too) from bounded bytes; what it refuses is no signature. `verified` says
 * that digests and signatures fit together; it says nothing of trust, which is the judge's business.
 * Signatures, nesting included, are counted and capped. */
#include "format/pe/pe_certificate.h"

#include "base/cursor.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

enum { MOST_SIGNATURES = 256, MOST_NESTED = 64, SIGNED_DATA = 2 };

static const char nested_oid[] = "1.3.6.1.4.1.311.2.4.1", opus_oid[] = "1.3.6.1.4.1.311.2.1.12";

/* What is still to be read: nested signatures wait for their turn, so that depth is no recursion. */
struct queue {
    struct glc_span der[MOST_SIGNATURES];
    uint32_t n;
    struct pe *pe;
    struct glc_values all;
    /* The file's digest by the last algorithm asked for. */
    int digest_nid;
    unsigned int digest_len;
    unsigned char digest[EVP_MAX_MD_SIZE];
};

static struct glc_span string_bytes(const ASN1_STRING *s)
{
    return glc_span(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

struct glc_span pe_attribute_bytes(const STACK_OF(X509_ATTRIBUTE) * attributes, int nid)
{
    for (int i = 0; i < sk_X509_ATTRIBUTE_num(attributes); i++) {
        X509_ATTRIBUTE *attribute = sk_X509_ATTRIBUTE_value(attributes, i);
        const ASN1_TYPE *v = X509_ATTRIBUTE_get0_type(attribute, 0);
        if (OBJ_obj2nid(X509_ATTRIBUTE_get0_object(attribute)) == nid && v != NULL &&
            v->type == V_ASN1_OCTET_STRING)
            return string_bytes(v->value.octet_string);
    }
    return glc_span(NULL, 0);
}

X509 *pe_signer_certificate(PKCS7_SIGNER_INFO *si, const STACK_OF(X509) * certs)
{
    if (si->issuer_and_serial == NULL)
        return NULL;
    for (int i = 0; i < sk_X509_num(certs); i++) {
        X509 *c = sk_X509_value(certs, i);
        if (X509_NAME_cmp(X509_get_issuer_name(c), si->issuer_and_serial->issuer) == 0 &&
            ASN1_INTEGER_cmp(X509_get0_serialNumber(c), si->issuer_and_serial->serial) == 0)
            return c;
    }
    return NULL;
}

bool pe_signer_verifies(PKCS7_SIGNER_INFO *si, X509 *cert, struct glc_span content)
{
    unsigned char digest[EVP_MAX_MD_SIZE], *attributes = NULL;
    unsigned int n;
    const EVP_MD *md = EVP_get_digestbyobj(si->digest_alg->algorithm);
    EVP_PKEY *key = X509_get0_pubkey(cert);
    struct glc_span said = pe_attribute_bytes(si->auth_attr, NID_pkcs9_messageDigest);
    if (md == NULL || key == NULL || EVP_Digest(content.ptr, content.len, digest, &n, md, NULL) != 1 ||
        said.len != n || memcmp(said.ptr, digest, n) != 0)
        return false;
    /* RFC 2315, 9.3: signed is the DER of the attributes as a SET OF. */
    int len = ASN1_item_i2d((ASN1_VALUE *)si->auth_attr, &attributes, ASN1_ITEM_rptr(PKCS7_ATTR_VERIFY));
    EVP_MD_CTX *ctx = len <= 0 ? NULL : EVP_MD_CTX_new();
    struct glc_span signature = string_bytes(si->enc_digest);
    bool ok = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) == 1 &&
              EVP_DigestVerify(ctx, signature.ptr, signature.len, attributes, (size_t)len) == 1;
    EVP_MD_CTX_free(ctx);
    OPENSSL_free(attributes);
    return ok;
}

/* DER: one value of a cursor. Lengths are definite; others end the reading. */
struct der {
    uint8_t tag;
    struct glc_span body;
};

static bool read_der(struct glc_cursor *c, struct der *out)
{
    out->tag = glc_cursor_u8(c);
    uint64_t n = glc_cursor_u8(c);
    if (n > 0x80 && n <= 0x84) {
        uint32_t more = (uint32_t)n - 0x80;
        for (n = 0; more > 0; more--)
            n = n << 8 | glc_cursor_u8(c);
    } else if (n >= 0x80) {
        return false;
    }
    out->body = glc_cursor_span(c, n);
    return glc_cursor_ok(c);
}

/* SpcIndirectDataContent: { SpcAttributeTypeAndOptionalValue, DigestInfo { AlgorithmIdentifier, OCTET STRING
 * } }. */
struct indirect {
    struct glc_span content; /* what the signer's digest is over: the sequence without its head */
    struct glc_span digest;
    ASN1_OBJECT *algorithm; /* to be freed */
};

static bool read_indirect(const PKCS7 *p7, struct indirect *out)
{
    const PKCS7 *contents = p7->d.sign->contents;
    struct der seq, part, id, oid, digest;
    if (contents == NULL || contents->d.other == NULL || contents->d.other->type != V_ASN1_SEQUENCE)
        return false;
    struct glc_cursor c = glc_cursor(string_bytes(contents->d.other->value.sequence));
    if (!read_der(&c, &seq))
        return false;
    struct glc_cursor in = glc_cursor(seq.body);
    if (!read_der(&in, &part) || !read_der(&in, &part))
        return false;
    struct glc_cursor info = glc_cursor(part.body);
    if (!read_der(&info, &id) || !read_der(&info, &digest) || digest.tag != V_ASN1_OCTET_STRING)
        return false;
    struct glc_cursor alg = glc_cursor(id.body);
    size_t start = alg.off;
    if (!read_der(&alg, &oid) || oid.tag != V_ASN1_OBJECT)
        return false;
    const unsigned char *p = id.body.ptr + start;
    out->algorithm = d2i_ASN1_OBJECT(NULL, &p, (long)(alg.off - start));
    out->content = seq.body;
    out->digest = digest.body;
    return out->algorithm != NULL;
}

/* The file's digest: all but the checksum, the directory entry and the table themselves. */
static bool digest_file(struct queue *q, int nid)
{
    const struct pe *pe = q->pe;
    const EVP_MD *md = EVP_get_digestbynid(nid);
    size_t checksum = pe->h.optional + 64,
           entry = pe->h.optional + (pe->h.plus ? 112 : 96) + 8 * GLC_PE_DIR_SECURITY;
    size_t table = pe->h.dir[GLC_PE_DIR_SECURITY].address, size = pe->h.dir[GLC_PE_DIR_SECURITY].size;
    const uint8_t *p = pe->h.data.ptr;
    if (q->digest_nid == nid)
        return q->digest_len != 0;
    q->digest_nid = nid;
    q->digest_len = 0;
    EVP_MD_CTX *ctx = md == NULL || table < entry + 8 || table > pe->h.data.len ? NULL : EVP_MD_CTX_new();
    size_t after = size > pe->h.data.len - table ? pe->h.data.len : table + size;
    bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, md, NULL) == 1 &&
              EVP_DigestUpdate(ctx, p, checksum) == 1 &&
              EVP_DigestUpdate(ctx, p + checksum + 4, entry - checksum - 4) == 1 &&
              EVP_DigestUpdate(ctx, p + entry + 8, table - entry - 8) == 1 &&
              EVP_DigestUpdate(ctx, p + after, pe->h.data.len - after) == 1 &&
              EVP_DigestFinal_ex(ctx, q->digest, &q->digest_len) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

/* SpcSpOpusInfo: { [0] EXPLICIT SpcString }, which is [0] a BMPString or [1] an IA5String. As UTF-8. */
static struct glc_value program_name(struct glc_arena *a, PKCS7_SIGNER_INFO *si)
{
    struct glc_value none = glc_value_undefined(GLC_T_STRING);
    char oid[64];
    for (int i = 0; i < sk_X509_ATTRIBUTE_num(si->auth_attr); i++) {
        X509_ATTRIBUTE *attribute = sk_X509_ATTRIBUTE_value(si->auth_attr, i);
        const ASN1_TYPE *v = X509_ATTRIBUTE_get0_type(attribute, 0);
        struct der seq, field, name;
        if (OBJ_obj2txt(oid, sizeof oid, X509_ATTRIBUTE_get0_object(attribute), 1) <= 0 ||
            strcmp(oid, opus_oid) != 0 || v == NULL || v->type != V_ASN1_SEQUENCE)
            continue;
        struct glc_cursor c = glc_cursor(string_bytes(v->value.sequence));
        if (!read_der(&c, &seq))
            return none;
        struct glc_cursor in = glc_cursor(seq.body);
        if (!read_der(&in, &field) || field.tag != 0xa0)
            return none;
        struct glc_cursor choice = glc_cursor(field.body);
        if (!read_der(&choice, &name) || name.body.len > INT32_MAX)
            return none;
        ASN1_STRING *s = ASN1_STRING_type_new(name.tag == 0x80 ? V_ASN1_BMPSTRING : V_ASN1_IA5STRING);
        unsigned char *utf8 = NULL;
        int n = s == NULL || ASN1_STRING_set(s, name.body.ptr, (int)name.body.len) != 1
                    ? -1
                    : ASN1_STRING_to_UTF8(&utf8, s);
        struct glc_value out = n < 0 ? none : glc_value_cstr(glc_arena_strdup(a, glc_span(utf8, (size_t)n)));
        OPENSSL_free(utf8);
        ASN1_STRING_free(s);
        return out;
    }
    return none;
}

static void load_signer(struct queue *q, PKCS7 *p7, PKCS7_SIGNER_INFO *si, X509 *cert,
                        struct glc_value *member)
{
    struct glc_arena *a = q->pe->arena;
    struct glc_value *v = glc_value_members(a, pe_signer_fields);
    struct glc_span digest = pe_attribute_bytes(si->auth_attr, NID_pkcs9_messageDigest);
    if (v == NULL)
        return;
    v[PE_SIGNER_PROGRAM_NAME] = program_name(a, si);
    if (digest.len != 0)
        v[PE_SIGNER_DIGEST] = pe_hex_value(a, digest.ptr, digest.len);
    v[PE_SIGNER_DIGEST_ALG] = pe_digest_name(a, si->digest_alg->algorithm);
    v[PE_SIGNER_CHAIN] = pe_chain(a, cert, p7->d.sign->cert);
    v[PE_SIGNER_LENGTH_OF_CHAIN] = glc_value_int(v[PE_SIGNER_CHAIN].u.array.n);
    member[PE_SIG_SIGNER_INFO] = glc_value_struct(v);
}

/* The digests: what was signed, what the file is, and whether all fits. */
static void load_digests(struct queue *q, PKCS7 *p7, PKCS7_SIGNER_INFO *si, X509 *cert,
                         struct glc_value *member)
{
    struct glc_arena *a = q->pe->arena;
    struct indirect said = { 0 };
    member[PE_SIG_VERIFIED] = glc_value_int(0);
    if (!read_indirect(p7, &said))
        return;
    member[PE_SIG_DIGEST] = pe_hex_value(a, said.digest.ptr, said.digest.len);
    member[PE_SIG_DIGEST_ALG] = pe_digest_name(a, said.algorithm);
    if (digest_file(q, OBJ_obj2nid(said.algorithm))) {
        member[PE_SIG_FILE_DIGEST] = pe_hex_value(a, q->digest, q->digest_len);
        bool same =
            said.digest.len == q->digest_len && memcmp(said.digest.ptr, q->digest, q->digest_len) == 0;
        member[PE_SIG_VERIFIED] = glc_value_int(same && pe_signer_verifies(si, cert, said.content));
    }
    ASN1_OBJECT_free(said.algorithm);
}

static void queue_nested(struct queue *q, PKCS7_SIGNER_INFO *si)
{
    char oid[64];
    for (int i = 0; i < sk_X509_ATTRIBUTE_num(si->unauth_attr); i++) {
        X509_ATTRIBUTE *attribute = sk_X509_ATTRIBUTE_value(si->unauth_attr, i);
        if (OBJ_obj2txt(oid, sizeof oid, X509_ATTRIBUTE_get0_object(attribute), 1) <= 0 ||
            strcmp(oid, nested_oid) != 0)
            continue;
        for (int k = 0; k < X509_ATTRIBUTE_count(attribute) && k < MOST_NESTED; k++) {
            const ASN1_TYPE *v = X509_ATTRIBUTE_get0_type(attribute, k);
            struct glc_span der =
                v != NULL && v->type == V_ASN1_SEQUENCE ? string_bytes(v->value.sequence) : glc_span(NULL, 0);
            /* The parse that holds the bytes goes before they are read. */
            const char *copy = der.len == 0 ? NULL : glc_arena_strdup(q->pe->arena, der);
            if (copy != NULL && q->n < MOST_SIGNATURES)
                q->der[q->n++] = glc_span(copy, der.len);
        }
    }
}

static void load_signature(struct queue *q, struct glc_span der)
{
    const unsigned char *p = der.ptr;
    PKCS7 *p7 = der.len > INT32_MAX ? NULL : d2i_PKCS7(NULL, &p, (long)der.len);
    if (p7 != NULL && PKCS7_type_is_signed(p7) && p7->d.sign != NULL) {
        STACK_OF(PKCS7_SIGNER_INFO) *signers = p7->d.sign->signer_info;
        for (int i = 0; i < sk_PKCS7_SIGNER_INFO_num(signers) && q->all.n < MOST_SIGNATURES; i++) {
            PKCS7_SIGNER_INFO *si = sk_PKCS7_SIGNER_INFO_value(signers, i);
            X509 *cert = pe_signer_certificate(si, p7->d.sign->cert);
            struct glc_value *v =
                cert == NULL ? NULL : glc_values_add_struct(q->pe->arena, &q->all, pe_signature_fields);
            if (v != NULL) {
                pe_load_certificate(q->pe->arena, cert, v);
                load_digests(q, p7, si, cert, v);
                v[PE_SIG_CERTIFICATES] = pe_certificates(q->pe->arena, p7->d.sign->cert);
                v[PE_SIG_NUMBER_OF_CERTIFICATES] = glc_value_int(v[PE_SIG_CERTIFICATES].u.array.n);
                load_signer(q, p7, si, cert, v);
                pe_load_countersignatures(q->pe->arena, si, p7->d.sign->cert, v);
            }
            queue_nested(q, si);
        }
    }
    PKCS7_free(p7);
    ERR_clear_error();
}

/* WIN_CERTIFICATE entries: length, revision, type, then PKCS #7; each at a multiple of 8. */
static void queue_table(struct queue *q)
{
    uint64_t off = q->pe->h.dir[GLC_PE_DIR_SECURITY].address, size = q->pe->h.dir[GLC_PE_DIR_SECURITY].size;
    if (off == 0 || off > q->pe->h.data.len || size > q->pe->h.data.len - off)
        return;
    struct glc_span table = glc_span_sub(q->pe->h.data, off, size);
    for (size_t at = 0; at < table.len && table.len - at > 8 && q->n < MOST_SIGNATURES;) {
        uint32_t length = glc_le32(table.ptr + at);
        if (length <= 8 || length > table.len - at)
            return;
        if (glc_le16(table.ptr + at + 6) == SIGNED_DATA)
            q->der[q->n++] = glc_span(table.ptr + at + 8, length - 8);
        at += ((size_t)length + 7) & ~(size_t)7;
    }
}

void pe_load_signatures(struct pe *pe, struct glc_value *member)
{
    struct queue *q = glc_arena_alloc(pe->arena, sizeof *q);
    int64_t signed_ok = 0;
    if (q == NULL)
        return;
    q->pe = pe;
    queue_table(q);
    for (uint32_t i = 0; i < q->n; i++)
        load_signature(q, q->der[i]);
    for (size_t i = 0; i < q->all.n; i++)
        signed_ok |= q->all.item[i].u.member[PE_SIG_VERIFIED].u.integer;
    member[PE_SIGNATURES] = glc_values_array(&q->all);
    member[PE_NUMBER_OF_SIGNATURES] = glc_value_int((int64_t)q->all.n);
    member[PE_IS_SIGNED] = glc_value_int(signed_ok);
}
