/* The module `elf`. */
#include "format/elf/elf_module.h"

#include "format/module/modules.h"

static struct glc_value telfhash(const struct glc_module_ctx *ctx, const struct glc_value *root,
                                 const struct glc_value *args)
{
    (void)ctx, (void)root, (void)args;
    return glc_value_undefined(GLC_T_STRING);
}

static struct glc_value import_md5(const struct glc_module_ctx *ctx, const struct glc_value *root,
                                   const struct glc_value *args)
{
    (void)ctx, (void)root, (void)args;
    return glc_value_undefined(GLC_T_STRING);
}

static const struct glc_function functions[] = {
    { "telfhash", "", GLC_T_STRING, "TLSH of the imported and exported functions' names", telfhash },
    { "import_md5", "", GLC_T_STRING, "MD5 of the imported symbols' names", import_md5 },
    { 0 },
};

const struct glc_module glc_elf_module = {
    .name = "elf",
    .help = "ELF programs and libraries",
    .fields = elf_fields,
    .functions = functions,
};
