/* What the module `crx` offers. YARA-X manual, "crx". */
#include "format/crx/crx_module.h"

const struct glc_field crx_signature_fields[] = {
    [CRX_SIG_KEY] = GLC_F_STR("key", "SHA-256 of the public key, hex"),
    [CRX_SIG_VERIFIED] = GLC_F_BOOL("verified", "is the signature right? (no trust implied)"),
    [CRX_SIG_FIELDS] = { 0 },
};

const struct glc_field crx_fields[] = {
    [CRX_IS_CRX] = GLC_F_BOOL("is_crx", "is the layer a Chrome extension?"),
    [CRX_VERSION_OF_FORMAT] = GLC_F_INT("crx_version", "2 or 3"),
    [CRX_HEADER_SIZE] = GLC_F_INT("header_size", "bytes of keys and signatures in front of the archive"),
    [CRX_ID] = GLC_F_STR("id", "name of the extension in the store: 32 letters from a to p"),
    [CRX_VERSION] = GLC_F_STR("version", "version of the extension"),
    [CRX_NAME] = GLC_F_STR("name", "its name, in its default language"),
    [CRX_DESCRIPTION] = GLC_F_STR("description", "what it says it does, in its default language"),
    [CRX_RAW_NAME] = GLC_F_STR("raw_name", "its name as in the manifest, perhaps __MSG_…__"),
    [CRX_RAW_DESCRIPTION] = GLC_F_STR("raw_description", "its description as in the manifest"),
    [CRX_MINIMUM_CHROME_VERSION] = GLC_F_STR("minimum_chrome_version", "the oldest Chrome that takes it"),
    [CRX_HOMEPAGE_URL] = GLC_F_STR("homepage_url", "its page"),
    [CRX_PERMISSIONS] = GLC_F_STRS("permissions", "what it may do"),
    [CRX_HOST_PERMISSIONS] = GLC_F_STRS("host_permissions", "hosts that it may talk to"),
    [CRX_OPTIONAL_PERMISSIONS] = GLC_F_STRS("optional_permissions", "what it may ask to do"),
    [CRX_OPTIONAL_HOST_PERMISSIONS] =
        GLC_F_STRS("optional_host_permissions", "hosts that it may ask to talk to"),
    [CRX_SIGNATURES] = GLC_F_STRUCTS("signatures", crx_signature_fields, "the signatures"),
    [CRX_FIELDS] = { 0 },
};
