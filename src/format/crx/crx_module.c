/* The module `crx`: Chrome extensions: a header with keys and signatures, then a zip.
 *
 * Sources: Chromium, "CRX3" design and components/crx_file/crx3.proto (its fields, in protocol buffers' wire
 * format); for version 2 Chrome's "CRX Package Format" page. The archive is read as in format/zip/zip_list.h.
 */
#include "format/crx/crx_module.h"

#include "format/module/modules.h"

#include "base/cursor.h"
#include "base/digest.h"

enum { ID = 16, MOST_PROOFS = 64 };

/* crx3.proto */
enum { PROOF_RSA = 2, PROOF_ECDSA = 3, SIGNED_DATA = 10000, PROOF_KEY = 1, PROOF_SIGNATURE = 2, DATA_ID = 1 };

/* The next field of a message: its number and, where it is a string of bytes, those (else empty). False: the
 * end, or no message. */
static bool next_field(struct glc_cursor *c, uint64_t *number, struct glc_span *bytes)
{
    enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };
    if (glc_cursor_left(c) == 0)
        return false;
    uint64_t tag = glc_cursor_uleb(c);
    *number = tag >> 3;
    *bytes = glc_span(NULL, 0);
    switch (tag & 7) {
    case VARINT:
        (void)glc_cursor_uleb(c);
        break;
    case FIXED64:
        (void)glc_cursor_skip(c, 8);
        break;
    case BYTES:
        *bytes = glc_cursor_span(c, glc_cursor_uleb(c));
        break;
    case FIXED32:
        (void)glc_cursor_skip(c, 4);
        break;
    default:
        return false;
    }
    return glc_cursor_ok(c);
}

/* The store's name of an extension: hexadecimal with the letters a to p. */
static struct glc_value id_text(struct glc_arena *a, const uint8_t *id)
{
    char *text = glc_arena_alloc(a, (size_t)2 * ID + 1);
    for (size_t i = 0; text != NULL && i < ID; i++) {
        text[2 * i] = (char)('a' + (id[i] >> 4));
        text[2 * i + 1] = (char)('a' + (id[i] & 15));
    }
    return glc_value_cstr(text);
}

static struct glc_crx_proof read_proof(struct glc_span message)
{
    struct glc_crx_proof proof = { 0 };
    struct glc_cursor c = glc_cursor(message);
    struct glc_span bytes;
    for (uint64_t number; next_field(&c, &number, &bytes);) {
        if (number == PROOF_KEY)
            proof.key = bytes;
        else if (number == PROOF_SIGNATURE)
            proof.signature = bytes;
    }
    return proof;
}

static void load_3(struct glc_arena *a, struct glc_cursor *c, struct glc_value *member)
{
    static const char context[] = "CRX3 SignedData"; /* its zero belongs to it */
    struct glc_crx_proof proof[MOST_PROOFS];
    struct glc_span data = { 0 }, bytes;
    size_t proofs = 0;
    uint32_t size = glc_cursor_u32le(c);
    struct glc_cursor header = glc_cursor_sub(c, size);
    if (!glc_cursor_ok(c))
        return;
    member[CRX_HEADER_SIZE] = glc_value_int(size);
    for (uint64_t number; next_field(&header, &number, &bytes);) {
        if ((number == PROOF_RSA || number == PROOF_ECDSA) && proofs < MOST_PROOFS)
            proof[proofs++] = read_proof(bytes);
        else if (number == SIGNED_DATA)
            data = bytes;
    }
    struct glc_cursor in = glc_cursor(data);
    for (uint64_t number; next_field(&in, &number, &bytes);)
        if (number == DATA_ID && bytes.len == ID)
            member[CRX_ID] = id_text(a, bytes.ptr);
    uint8_t length[4] = { (uint8_t)data.len, (uint8_t)(data.len >> 8), (uint8_t)(data.len >> 16),
                          (uint8_t)(data.len >> 24) };
    const struct glc_span part[] = { glc_span(context, sizeof context), glc_span(length, sizeof length), data,
                                     glc_span(c->base + c->off, glc_cursor_left(c)) };
    struct glc_values all = { 0 };
    for (size_t i = 0; i < proofs; i++)
        glc_crx_signature(a, &proof[i], part, sizeof part / sizeof part[0], &all);
    member[CRX_SIGNATURES] = glc_values_array(&all);
}

static void load_2(struct glc_arena *a, struct glc_cursor *c, struct glc_value *member)
{
    uint32_t key_size = glc_cursor_u32le(c), signature_size = glc_cursor_u32le(c);
    struct glc_crx_proof proof = { .sha1 = true };
    proof.key = glc_cursor_span(c, key_size);
    proof.signature = glc_cursor_span(c, signature_size);
    if (!glc_cursor_ok(c))
        return;
    member[CRX_HEADER_SIZE] = glc_value_int((int64_t)key_size + signature_size);
    uint8_t digest[GLC_DIGEST_MAX];
    struct glc_digest *sha256 = glc_digest_new(GLC_SHA256);
    if (sha256 != NULL && glc_digest_of(sha256, proof.key, digest))
        member[CRX_ID] = id_text(a, digest);
    glc_digest_free(sha256);
    const struct glc_span part = glc_span(c->base + c->off, glc_cursor_left(c));
    struct glc_values all = { 0 };
    glc_crx_signature(a, &proof, &part, 1, &all);
    member[CRX_SIGNATURES] = glc_values_array(&all);
}

static void load(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    struct glc_cursor c = glc_cursor(ctx->data);
    struct glc_span magic = glc_cursor_span(&c, 4);
    uint32_t version = glc_cursor_u32le(&c);
    bool is_crx = glc_cursor_ok(&c) && glc_span_is(magic, "Cr24") && (version == 2 || version == 3);
    (void)own;
    member[CRX_IS_CRX] = glc_value_bool(is_crx);
    if (!is_crx)
        return;
    member[CRX_VERSION_OF_FORMAT] = glc_value_int(version);
    if (version == 3)
        load_3(ctx->arena, &c, member);
    else
        load_2(ctx->arena, &c, member);
    struct glc_zip_list zip;
    if (glc_cursor_ok(&c) && glc_zip_list(glc_span_sub(ctx->data, c.off, UINT64_MAX), ctx->arena, &zip))
        glc_crx_manifest(&zip, ctx->arena, member);
}

const struct glc_module glc_crx_module = {
    .name = "crx",
    .help = "Chrome extensions",
    .fields = crx_fields,
    .load = load,
};
