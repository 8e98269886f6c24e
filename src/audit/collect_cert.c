/* Certificates: PEM bundles and DER files anywhere, NSS databases (cert9.db), and the signers of Windows
 * programs.
 *
 * A program's certificate table is the fifth data directory of its optional header (PE/COFF, "The Attribute
 * Certificate Table"): a file offset and a length, entries {length, revision, type} of which type 2 is a
 * PKCS#7 SignedData. The signer is the certificate in it whose issuer and serial number the SignerInfo names.
 */
#include "audit/collect.h"
#include "audit/database.h"
#include "base/cursor.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

/* Every attribute as "O=value" facts, or the bare value of organisation and common name as `kind`. */
static void subject(struct glc_audit *a, X509 *x, enum glc_fact_kind kind, const char *where, bool weak)
{
    X509_NAME *name = X509_get_subject_name(x);
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        X509_NAME_ENTRY *e = X509_NAME_get_entry(name, i);
        int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(e));
        const char *prefix = nid == NID_organizationName         ? "O="
                             : nid == NID_commonName             ? "CN="
                             : nid == NID_organizationalUnitName ? "OU="
                                                                 : NULL;
        unsigned char *utf8 = NULL;
        int n = prefix != NULL ? ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(e)) : -1;
        if (n < 0)
            continue;
        char *value = glc_audit_text(a, glc_span(utf8, (size_t)n), 512);
        char *text = value != NULL
                         ? glc_arena_printf(&a->scratch, "%s%s", kind == GLC_FACT_SIGNER ? "" : prefix, value)
                         : NULL;
        if (text != NULL)
            glc_audit_fact(a,
                           &(struct glc_fact){ .kind = kind, .value = text, .where = where, .weak = weak });
        if (value != NULL && nid == NID_organizationalUnitName)
            glc_audit_fact(a, &(struct glc_fact){ .kind = GLC_FACT_TEAM, .value = value, .where = where });
        OPENSSL_free(utf8);
    }
}

bool glc_collect_der(struct glc_audit *a, struct glc_span der, const char *where)
{
    const unsigned char *p = der.ptr;
    if (der.len < 64 || der.len > 1 << 20)
        return false;
    X509 *x = d2i_X509(NULL, &p, (long)der.len);
    if (x != NULL)
        subject(a, x, GLC_FACT_CERTIFICATE, where, false);
    X509_free(x);
    ERR_clear_error();
    return x != NULL;
}

enum { MAX_CERTIFICATES = 5000 };

void glc_take_certificates(struct glc_audit *a, const char *path, struct glc_span bytes)
{
    static const char begin[] = "-----BEGIN ";
    if (glc_span_find(bytes, glc_span_str(begin)) == SIZE_MAX) {
        (void)glc_collect_der(a, bytes, path);
        return;
    }
    BIO *bio = BIO_new_mem_buf(bytes.ptr, (int)bytes.len);
    for (size_t i = 0; bio != NULL && i < MAX_CERTIFICATES; i++) {
        X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (x == NULL && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
            break;
        if (x != NULL)
            subject(a, x, GLC_FACT_CERTIFICATE, path, false);
        X509_free(x);
        ERR_clear_error();
        if (BIO_eof(bio))
            break;
    }
    BIO_free(bio);
    ERR_clear_error();
}

struct nss {
    struct glc_audit *a;
    const char *path;
};

static void nss_row(void *ctx, struct glc_span value)
{
    struct nss *n = ctx;
    (void)glc_collect_der(n->a, value, n->path);
}

/* NSS keeps a certificate's DER in attribute 0x11 (CKA_VALUE). */
void glc_take_nss(struct glc_audit *a, const char *path, struct glc_span bytes)
{
    const char *why = glc_database_blobs(bytes, "SELECT a11 FROM nssPublic WHERE a11 IS NOT NULL", nss_row,
                                         &(struct nss){ a, path });
    if (why != NULL)
        glc_audit_gap(a, path, "the NSS certificate database is damaged: %s", why);
}

/* The bytes of the certificate table; empty where there is none. */
static struct glc_span certificate_table(struct glc_span pe)
{
    struct glc_cursor c = glc_cursor(pe);
    if (glc_cursor_u16le(&c) != 0x5a4d)
        return glc_span(NULL, 0);
    glc_cursor_seek(&c, 60);
    uint32_t header = glc_cursor_u32le(&c);
    glc_cursor_seek(&c, header);
    uint32_t magic = glc_cursor_u32le(&c);
    glc_cursor_skip(&c, 20);
    uint16_t kind = glc_cursor_u16le(&c);
    if (!glc_cursor_ok(&c) || magic != 0x4550 || (kind != 0x10b && kind != 0x20b))
        return glc_span(NULL, 0);
    glc_cursor_seek(&c, (uint64_t)header + 24 + (kind == 0x20b ? 108 : 92));
    uint32_t directories = glc_cursor_u32le(&c);
    glc_cursor_skip(&c, 4 * 8);
    uint32_t off = glc_cursor_u32le(&c), len = glc_cursor_u32le(&c);
    if (!glc_cursor_ok(&c) || directories < 5 || off == 0)
        return glc_span(NULL, 0);
    return glc_span_sub(pe, off, len);
}

/* Installed places; elsewhere a signed file is a download that nobody may have run. */
static bool installed_place(const char *path)
{
    static const char *const places[] = { "/Program Files*", "/Windows/*", "/ProgramData/*",
                                          "/Applications/*", "/opt/*" };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (glc_glob(glc_span_str(places[i]), glc_span_str(path), true))
            return true;
    return false;
}

static void signers(struct glc_audit *a, struct glc_span pkcs7, const char *path)
{
    const unsigned char *p = pkcs7.ptr;
    PKCS7 *p7 = d2i_PKCS7(NULL, &p, (long)pkcs7.len);
    if (p7 != NULL && PKCS7_type_is_signed(p7)) {
        STACK_OF(PKCS7_SIGNER_INFO) *infos = PKCS7_get_signer_info(p7);
        for (int i = 0; infos != NULL && i < sk_PKCS7_SIGNER_INFO_num(infos) && i < 8; i++) {
            PKCS7_SIGNER_INFO *si = sk_PKCS7_SIGNER_INFO_value(infos, i);
            X509 *x = X509_find_by_issuer_and_serial(p7->d.sign->cert, si->issuer_and_serial->issuer,
                                                     si->issuer_and_serial->serial);
            if (x != NULL)
                subject(a, x, GLC_FACT_SIGNER, path, !installed_place(path));
        }
    }
    PKCS7_free(p7);
    ERR_clear_error();
}

void glc_take_signer(struct glc_audit *a, const char *path, struct glc_span bytes)
{
    struct glc_cursor table = glc_cursor(certificate_table(bytes));
    for (int i = 0; i < 8 && glc_cursor_left(&table) > 8; i++) {
        uint32_t length = glc_cursor_u32le(&table);
        (void)glc_cursor_u16le(&table);
        uint16_t type = glc_cursor_u16le(&table);
        struct glc_span body = glc_cursor_span(&table, length > 8 ? length - 8 : 0);
        if (!glc_cursor_ok(&table) || body.len == 0 || body.len > 4 << 20)
            break;
        if (type == 2)
            signers(a, body, path);
        glc_cursor_skip(&table, (8 - length % 8) % 8);
    }
}
