/* The module `macho`. */
#include "format/macho/macho_module.h"

#include "format/module/modules.h"

/* The index of the first file of a universal one with the CPU type, and subtype where there is one; or -1. */
static int64_t find_arch(const struct glc_value *root, const struct glc_value *args, bool subtype)
{
    const struct glc_value *all = &root->u.member[MACHO_FAT_ARCH];
    for (uint32_t i = 0; i < all->u.array.n; i++) {
        const struct glc_value *arch = all->u.array.item[i].u.member;
        if (arch[MACHO_ARCH_CPUTYPE].u.integer == args[0].u.integer &&
            (!subtype || arch[MACHO_ARCH_CPUSUBTYPE].u.integer == args[1].u.integer))
            return i;
    }
    return -1;
}

#define CALL(name)                                                                                           \
    static struct glc_value name(const struct glc_module_ctx *ctx, const struct glc_value *root,             \
                                 const struct glc_value *args)

static struct glc_value file_index(const struct glc_value *root, const struct glc_value *args, bool subtype)
{
    int64_t i = find_arch(root, args, subtype);
    return i < 0 ? glc_value_undefined(GLC_T_INT) : glc_value_int(i);
}

/* Counted from the start of the universal file. */
static struct glc_value entry_point(const struct glc_value *root, const struct glc_value *args, bool subtype)
{
    int64_t i = find_arch(root, args, subtype);
    const struct glc_value *file = &root->u.member[MACHO_FILE];
    if (i < 0 || i >= file->u.array.n)
        return glc_value_undefined(GLC_T_INT);
    struct glc_value entry = file->u.array.item[i].u.member[MACHO_ENTRY_POINT];
    if (entry.defined)
        entry.u.integer +=
            root->u.member[MACHO_FAT_ARCH].u.array.item[i].u.member[MACHO_ARCH_OFFSET].u.integer;
    return entry;
}

CALL(file_index_type)
{
    (void)ctx;
    return file_index(root, args, false);
}

CALL(file_index_subtype)
{
    (void)ctx;
    return file_index(root, args, true);
}

CALL(entry_point_type)
{
    (void)ctx;
    return entry_point(root, args, false);
}

CALL(entry_point_subtype)
{
    (void)ctx;
    return entry_point(root, args, true);
}

static const struct glc_function functions[] = {
    { "file_index_for_arch", "i", GLC_T_INT, "index in `file` of a CPU type", file_index_type },
    { "file_index_for_arch", "ii", GLC_T_INT, "index in `file` of a CPU type and subtype",
      file_index_subtype },
    { "entry_point_for_arch", "i", GLC_T_INT, "entry point of a CPU type's file", entry_point_type },
    { "entry_point_for_arch", "ii", GLC_T_INT, "entry point of a CPU type's and subtype's file",
      entry_point_subtype },
    { 0 },
};

const struct glc_module glc_macho_module = {
    .name = "macho",
    .help = "Programs of macOS and iOS, universal ones too",
    .fields = macho_fields,
    .functions = functions,
};
