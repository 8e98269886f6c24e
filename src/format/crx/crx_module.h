/* The module `crx` inside: its fields in order, and its parts. */
#ifndef GLC_FORMAT_CRX_CRX_MODULE_H
#define GLC_FORMAT_CRX_CRX_MODULE_H

#include "format/module/value.h"
#include "format/zip/zip_list.h"

enum crx_field {
    CRX_IS_CRX,
    CRX_VERSION_OF_FORMAT,
    CRX_HEADER_SIZE,
    CRX_ID,
    CRX_VERSION,
    CRX_NAME,
    CRX_DESCRIPTION,
    CRX_RAW_NAME,
    CRX_RAW_DESCRIPTION,
    CRX_MINIMUM_CHROME_VERSION,
    CRX_HOMEPAGE_URL,
    CRX_PERMISSIONS,
    CRX_HOST_PERMISSIONS,
    CRX_OPTIONAL_PERMISSIONS,
    CRX_OPTIONAL_HOST_PERMISSIONS,
    CRX_SIGNATURES,
    CRX_FIELDS
};

enum crx_signature_field { CRX_SIG_KEY, CRX_SIG_VERIFIED, CRX_SIG_FIELDS };

extern const struct glc_field crx_fields[], crx_signature_fields[];

/* What manifest.json says, its names in the extension's own language. */
void glc_crx_manifest(const struct glc_zip_list *zip, struct glc_arena *a, struct glc_value *member);

/* A signature: the digest of its key, and whether it is right. `part`: the bytes that are signed, in a row.
 */
struct glc_crx_proof {
    struct glc_span key, signature;
    bool sha1;
};
void glc_crx_signature(struct glc_arena *a, const struct glc_crx_proof *proof, const struct glc_span *part,
                       size_t parts, struct glc_values *to);

#endif
