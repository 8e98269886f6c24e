/* Every module that conditions may ask. The order is part of the image's fingerprint: append, never sort. */
#include "format/format.h"

#include "format/module/modules.h"

const struct glc_modules *glc_format_modules(void)
{
    static const struct glc_module *const module[] = {
        &glc_pe_module,    &glc_elf_module,     &glc_macho_module,  &glc_dotnet_module, &glc_dex_module,
        &glc_math_module,  &glc_hash_module,    &glc_string_module, &glc_time_module,   &glc_console_module,
        &glc_magic_module, &glc_lnk_module,     &glc_crx_module,    &glc_ooxml_module,  &glc_zip_module,
        &glc_olecf_module, &glc_vba_module,     &glc_msi_module,    &glc_dex_x_module,  &glc_dotnet_x_module,
        &glc_elf_x_module, &glc_macho_x_module, &glc_cuckoo_module,
    };
    static const struct glc_modules all = { module, sizeof module / sizeof module[0] };
    return &all;
}
