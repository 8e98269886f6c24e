/* The module `pe` inside: its fields in order, and the parse that its files share. */
#ifndef GLC_FORMAT_PE_PE_MODULE_H
#define GLC_FORMAT_PE_PE_MODULE_H

#include "format/module/value.h"
#include "format/pe/pe.h"

enum pe_field {
    PE_IS_PE,
    PE_MACHINE,
    PE_NUMBER_OF_SECTIONS,
    PE_TIMESTAMP,
    PE_POINTER_TO_SYMBOL_TABLE,
    PE_NUMBER_OF_SYMBOLS,
    PE_SIZE_OF_OPTIONAL_HEADER,
    PE_CHARACTERISTICS,
    PE_ENTRY_POINT,
    PE_ENTRY_POINT_RAW,
    PE_IMAGE_BASE,
    PE_NUMBER_OF_RVA_AND_SIZES,
    PE_NUMBER_OF_VERSION_INFOS,
    PE_VERSION_INFO,
    PE_VERSION_INFO_LIST,
    PE_OPTHDR_MAGIC,
    PE_SIZE_OF_CODE,
    PE_SIZE_OF_INITIALIZED_DATA,
    PE_SIZE_OF_UNINITIALIZED_DATA,
    PE_BASE_OF_CODE,
    PE_BASE_OF_DATA,
    PE_SECTION_ALIGNMENT,
    PE_FILE_ALIGNMENT,
    PE_LINKER_VERSION,
    PE_OS_VERSION,
    PE_IMAGE_VERSION,
    PE_SUBSYSTEM_VERSION,
    PE_WIN32_VERSION_VALUE,
    PE_SIZE_OF_IMAGE,
    PE_SIZE_OF_HEADERS,
    PE_CHECKSUM,
    PE_SUBSYSTEM,
    PE_DLL_CHARACTERISTICS,
    PE_SIZE_OF_STACK_RESERVE,
    PE_SIZE_OF_STACK_COMMIT,
    PE_SIZE_OF_HEAP_RESERVE,
    PE_SIZE_OF_HEAP_COMMIT,
    PE_LOADER_FLAGS,
    PE_DATA_DIRECTORIES,
    PE_SECTIONS,
    PE_OVERLAY,
    PE_RICH_SIGNATURE,
    PE_NUMBER_OF_IMPORTS,
    PE_NUMBER_OF_IMPORTED_FUNCTIONS,
    PE_NUMBER_OF_DELAYED_IMPORTS,
    PE_NUMBER_OF_DELAYED_IMPORTED_FUNCTIONS,
    PE_NUMBER_OF_DELAY_IMPORTS,
    PE_NUMBER_OF_DELAY_IMPORTED_FUNCTIONS,
    PE_NUMBER_OF_EXPORTS,
    PE_DLL_NAME,
    PE_EXPORT_TIMESTAMP,
    PE_EXPORT_DETAILS,
    PE_IMPORT_DETAILS,
    PE_DELAY_IMPORT_DETAILS,
    PE_DELAYED_IMPORT_DETAILS,
    PE_RESOURCE_TIMESTAMP,
    PE_RESOURCE_VERSION,
    PE_RESOURCES,
    PE_NUMBER_OF_RESOURCES,
    PE_PDB_PATH,
    PE_IS_SIGNED,
    PE_NUMBER_OF_SIGNATURES,
    PE_SIGNATURES,
    PE_FIELDS
};

enum { PE_VER_MAJOR, PE_VER_MINOR, PE_VER_FIELDS };
enum { PE_PAIR_KEY, PE_PAIR_VALUE, PE_PAIR_FIELDS };
enum { PE_DIR_ADDRESS, PE_DIR_SIZE, PE_DIR_FIELDS };
enum { PE_OVL_OFFSET, PE_OVL_SIZE, PE_OVL_FIELDS };
enum {
    PE_SEC_NAME,
    PE_SEC_FULL_NAME,
    PE_SEC_CHARACTERISTICS,
    PE_SEC_ADDRESS,
    PE_SEC_VIRTUAL_SIZE,
    PE_SEC_OFFSET,
    PE_SEC_SIZE,
    PE_SEC_RELOCATIONS,
    PE_SEC_LINE_NUMBERS,
    PE_SEC_NUMBER_OF_RELOCATIONS,
    PE_SEC_NUMBER_OF_LINE_NUMBERS,
    PE_SEC_FIELDS
};
enum {
    PE_RICH_OFFSET,
    PE_RICH_LENGTH,
    PE_RICH_KEY,
    PE_RICH_RAW,
    PE_RICH_CLEAR,
    PE_RICH_VERSION_DATA,
    PE_RICH_TOOLS,
    PE_RICH_FIELDS
};
enum { PE_TOOL_ID, PE_TOOL_VERSION, PE_TOOL_TIMES, PE_TOOL_FIELDS };
enum { PE_FUN_NAME, PE_FUN_ORDINAL, PE_FUN_RVA, PE_FUN_FIELDS };
enum { PE_LIB_NAME, PE_LIB_NUMBER, PE_LIB_FUNCTIONS, PE_LIB_FIELDS };
enum { PE_EXP_NAME, PE_EXP_FORWARD, PE_EXP_ORDINAL, PE_EXP_OFFSET, PE_EXP_RVA, PE_EXP_FIELDS };
enum {
    PE_RES_RVA,
    PE_RES_OFFSET,
    PE_RES_LENGTH,
    PE_RES_TYPE,
    PE_RES_ID,
    PE_RES_LANGUAGE,
    PE_RES_TYPE_STRING,
    PE_RES_NAME_STRING,
    PE_RES_LANGUAGE_STRING,
    PE_RES_FIELDS
};
enum {
    PE_CERT_THUMBPRINT,
    PE_CERT_ISSUER,
    PE_CERT_SUBJECT,
    PE_CERT_VERSION,
    PE_CERT_ALGORITHM,
    PE_CERT_ALGORITHM_OID,
    PE_CERT_SERIAL,
    PE_CERT_NOT_BEFORE,
    PE_CERT_NOT_AFTER,
    PE_CERT_FIELDS,
    /* A signature is its signer's certificate and then: */
    PE_SIG_VERIFIED = PE_CERT_FIELDS,
    PE_SIG_DIGEST,
    PE_SIG_DIGEST_ALG,
    PE_SIG_FILE_DIGEST,
    PE_SIG_NUMBER_OF_CERTIFICATES,
    PE_SIG_CERTIFICATES,
    PE_SIG_SIGNER_INFO,
    PE_SIG_NUMBER_OF_COUNTERSIGNATURES,
    PE_SIG_COUNTERSIGNATURES,
    PE_SIG_FIELDS
};
enum {
    PE_SIGNER_PROGRAM_NAME,
    PE_SIGNER_DIGEST,
    PE_SIGNER_DIGEST_ALG,
    PE_SIGNER_LENGTH_OF_CHAIN,
    PE_SIGNER_CHAIN,
    PE_SIGNER_FIELDS
};
enum {
    PE_CSIG_VERIFIED,
    PE_CSIG_SIGN_TIME,
    PE_CSIG_DIGEST,
    PE_CSIG_DIGEST_ALG,
    PE_CSIG_LENGTH_OF_CHAIN,
    PE_CSIG_CHAIN,
    PE_CSIG_FIELDS
};

/* The parse of a layer that is a PE file; kept as the module's own. */
struct pe {
    struct glc_pe h; /* headers and sections */
    struct glc_arena *arena;
    bool hashed; /* imphash is known */
    struct glc_value imphash;
};

/* The file offset of an RVA, or -1 where it has none. */
int64_t pe_offset(const struct pe *pe, uint64_t rva);

/* Bytes at an RVA to the end of the file; empty where it has no place in it. */
struct glc_span pe_at(const struct pe *pe, uint64_t rva);

/* A NUL-terminated string at an RVA of at most `max` bytes; false where there is none. */
bool pe_string(const struct pe *pe, uint64_t rva, size_t max, struct glc_span *out) GLC_CHECK;

/* Each fills its fields of `member`. */
void pe_load_imports(struct pe *pe, struct glc_value *member);
void pe_load_exports(struct pe *pe, struct glc_value *member);
void pe_load_resources(struct pe *pe, struct glc_value *member);
void pe_load_rich(struct pe *pe, struct glc_value *member);
void pe_load_signatures(struct pe *pe, struct glc_value *member);

/* The name that Windows' DLLs give an ordinal, where it is known by the DLL's name ("ws2_32.dll"); NULL
 * elsewhere. */
const char *pe_ordinal_name(struct glc_span library, uint32_t ordinal);

extern const struct glc_function pe_functions[];
extern const struct glc_field pe_fields[];
extern const struct glc_field pe_version_fields[], pe_pair_fields[], pe_directory_fields[],
    pe_overlay_fields[];
extern const struct glc_field pe_section_fields[], pe_rich_fields[], pe_tool_fields[], pe_function_fields[],
    pe_library_fields[];
extern const struct glc_field pe_export_fields[], pe_resource_fields[], pe_certificate_fields[];
extern const struct glc_field pe_signature_fields[], pe_signer_fields[], pe_countersignature_fields[];

#endif
