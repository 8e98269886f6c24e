/* Every module that conditions may ask. */
#include "format/format.h"

#include "format/module/modules.h"

const struct glc_modules *glc_format_modules(void)
{
    static const struct glc_module *const module[] = {
        [GLC_MODULE_PE] = &glc_pe_module,         [GLC_MODULE_ELF] = &glc_elf_module,
        [GLC_MODULE_MACHO] = &glc_macho_module,   [GLC_MODULE_DOTNET] = &glc_dotnet_module,
        [GLC_MODULE_DEX] = &glc_dex_module,       [GLC_MODULE_MATH] = &glc_math_module,
        [GLC_MODULE_HASH] = &glc_hash_module,     [GLC_MODULE_STRING] = &glc_string_module,
        [GLC_MODULE_TIME] = &glc_time_module,     [GLC_MODULE_CONSOLE] = &glc_console_module,
        [GLC_MODULE_MAGIC] = &glc_magic_module,   [GLC_MODULE_LNK] = &glc_lnk_module,
        [GLC_MODULE_CRX] = &glc_crx_module,       [GLC_MODULE_OOXML] = &glc_ooxml_module,
        [GLC_MODULE_ZIP] = &glc_zip_module,       [GLC_MODULE_OLECF] = &glc_olecf_module,
        [GLC_MODULE_VBA] = &glc_vba_module,       [GLC_MODULE_MSI] = &glc_msi_module,
        [GLC_MODULE_DEX_X] = &glc_dex_x_module,   [GLC_MODULE_DOTNET_X] = &glc_dotnet_x_module,
        [GLC_MODULE_ELF_X] = &glc_elf_x_module,   [GLC_MODULE_MACHO_X] = &glc_macho_x_module,
        [GLC_MODULE_CUCKOO] = &glc_cuckoo_module,
    };
    static const struct glc_modules all = { module, sizeof module / sizeof module[0] };
    return &all;
}
