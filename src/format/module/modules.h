/* The modules that the registry (format/modules.c) puts together. */
#ifndef GLC_FORMAT_MODULE_MODULES_H
#define GLC_FORMAT_MODULE_MODULES_H

#include "rule/module.h"

/* Their places in the registry, which are part of an image's fingerprint: append, never sort. */
enum glc_module_index {
    GLC_MODULE_PE,
    GLC_MODULE_ELF,
    GLC_MODULE_MACHO,
    GLC_MODULE_DOTNET,
    GLC_MODULE_DEX,
    GLC_MODULE_MATH,
    GLC_MODULE_HASH,
    GLC_MODULE_STRING,
    GLC_MODULE_TIME,
    GLC_MODULE_CONSOLE,
    GLC_MODULE_MAGIC,
    GLC_MODULE_LNK,
    GLC_MODULE_CRX,
    GLC_MODULE_OOXML,
    GLC_MODULE_ZIP,
    GLC_MODULE_OLECF,
    GLC_MODULE_VBA,
    GLC_MODULE_MSI,
    GLC_MODULE_DEX_X,
    GLC_MODULE_DOTNET_X,
    GLC_MODULE_ELF_X,
    GLC_MODULE_MACHO_X,
    GLC_MODULE_CUCKOO,
};

extern const struct glc_module glc_console_module;
extern const struct glc_module glc_crx_module;
extern const struct glc_module glc_cuckoo_module;
extern const struct glc_module glc_dex_module;
extern const struct glc_module glc_dex_x_module;
extern const struct glc_module glc_dotnet_module;
extern const struct glc_module glc_dotnet_x_module;
extern const struct glc_module glc_elf_module;
extern const struct glc_module glc_elf_x_module;
extern const struct glc_module glc_hash_module;
extern const struct glc_module glc_lnk_module;
extern const struct glc_module glc_macho_module;
extern const struct glc_module glc_macho_x_module;
extern const struct glc_module glc_magic_module;
extern const struct glc_module glc_math_module;
extern const struct glc_module glc_msi_module;
extern const struct glc_module glc_olecf_module;
extern const struct glc_module glc_ooxml_module;
extern const struct glc_module glc_pe_module;
extern const struct glc_module glc_string_module;
extern const struct glc_module glc_time_module;
extern const struct glc_module glc_vba_module;
extern const struct glc_module glc_zip_module;

#endif
