/* The modules that the registry (format/modules.c) puts together. */
#ifndef GLC_FORMAT_MODULE_MODULES_H
#define GLC_FORMAT_MODULE_MODULES_H

#include "rule/module.h"

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
