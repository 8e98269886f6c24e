/* The modules `ooxml` and `zip`: what the central directory of an archive says. YARA-X manual, "ooxml";
 * `zip` is the same for every archive, wherever in the file it begins. */
#include "format/zip/zip_module.h"

#include "format/module/modules.h"
#include "format/zip/zip_list.h"

static const struct glc_field entry_fields[] = {
    [ZIP_E_NAME] = GLC_F_STR("name_string", "name, as stored; undefined where it is empty"),
    [ZIP_E_NAME_LENGTH] = GLC_F_INT("name_length", "bytes of the name; undefined where it is empty"),
    [ZIP_E_PACKED] = GLC_F_INT("compressed_size", "bytes in the archive"),
    [ZIP_E_SIZE] = GLC_F_INT("uncompressed_size", "bytes unpacked"),
    [ZIP_E_CRC] = GLC_F_INT("crc32_checksum", "CRC-32 of the unpacked bytes"),
    [ZIP_E_METHOD] = GLC_F_INT("compression_method_value", "how it is packed: 0 stored, 8 deflated, …"),
    [ZIP_E_METHOD_NAME] = GLC_F_STR("compression_method_name", "the same by name: Store, Deflate, …"),
    [ZIP_E_TIME] = GLC_F_INT("mod_time_raw", "time of the last change, as MS-DOS keeps it"),
    [ZIP_E_DATE] = GLC_F_INT("mod_date_raw", "date of the last change, as MS-DOS keeps it"),
    [ZIP_E_FLAGS] = GLC_F_INT("flags", "general purpose bits"),
    [ZIP_E_NEEDED] = GLC_F_INT("version_needed", "version of the specification that unpacking takes"),
    [ZIP_E_MADE_BY] = GLC_F_INT("version_made_by", "system and version of whoever packed"),
    [ZIP_E_OS_NAME] = GLC_F_STR("os_name", "system of whoever packed: Unix, FAT, NTFS, …"),
    [ZIP_E_SPEC_VERSION] = GLC_F_INT("spec_version", "version of the specification that it was packed by"),
    [ZIP_E_FIELDS] = { 0 },
};

#define COMMON                                                                                               \
    [ZIP_ON_DISK] = GLC_F_INT("number_of_on_disk_entries", "entries on this disk, as the end record says"),  \
    [ZIP_TOTAL] = GLC_F_INT("number_of_total_entries", "entries, as the end record says"),                   \
    [ZIP_DIR_SIZE] = GLC_F_INT("central_dir_size", "bytes of the central directory"),                        \
    [ZIP_DIR_OFFSET] = GLC_F_INT("central_dir_offset", "where it starts"),                                   \
    [ZIP_COMMENT_LEN] = GLC_F_INT("zip_comment_len", "bytes of the archive's comment"),                      \
    [ZIP_COMMENT] = GLC_F_STR("zip_comment_str", "the archive's comment; undefined: none"),                  \
    [ZIP_ENTRIES] = GLC_F_STRUCTS("entries", entry_fields, "the entries of the central directory"),          \
    [ZIP_FIELDS] = { 0 }

static const struct glc_field ooxml_fields[] = {
    [ZIP_IS] = GLC_F_BOOL("is_ooxml", "is the archive an Office document? Undefined: it is no archive"),
    COMMON,
};

static const struct glc_field zip_fields[] = {
    [ZIP_IS] = GLC_F_BOOL("is_zip", "is there an archive in the layer?"),
    COMMON,
};

/* APPNOTE 4.4.5 */
static const char *method_name(uint16_t method)
{
    static const char *const names[] = { "Store",   "Shrink",  "Reduce1", "Reduce2", "Reduce3",
                                         "Reduce4", "Implode", "Unknown", "Deflate", "Deflate64",
                                         "Unknown", "Unknown", "BZIP2",   "Unknown", "LZMA",
                                         "Unknown", "Unknown", "Unknown", "Unknown", "LZ77" };
    enum { PPMD = 98 };
    return method < sizeof names / sizeof names[0] ? names[method] : method == PPMD ? "PPMd" : "Unknown";
}

/* APPNOTE 4.4.2 */
static const char *system_name(uint16_t made_by)
{
    static const char *const names[] = {
        "FAT",       "Amiga",         "OpenVMS", "Unix",   "VM/CMS", "Atari ST", "HPFS",
        "Macintosh", "Z-System",      "CP/M",    "NTFS",   "MVS",    "VSE",      "Acorn RISC",
        "VFAT",      "Alternate MVS", "BeOS",    "Tandem", "OS/400", "OS X",
    };
    unsigned os = made_by >> 8;
    return os < sizeof names / sizeof names[0] ? names[os] : "Unknown";
}

static void load_entry(const struct glc_zip_entry *e, struct glc_value *v)
{
    if (e->name.len != 0) {
        v[ZIP_E_NAME] = glc_value_str(e->name);
        v[ZIP_E_NAME_LENGTH] = glc_value_int((int64_t)e->name.len);
    }
    v[ZIP_E_PACKED] = glc_value_int(e->packed);
    v[ZIP_E_SIZE] = glc_value_int(e->size);
    v[ZIP_E_CRC] = glc_value_int(e->crc);
    v[ZIP_E_METHOD] = glc_value_int(e->method);
    v[ZIP_E_METHOD_NAME] = glc_value_cstr(method_name(e->method));
    v[ZIP_E_TIME] = glc_value_int(e->time);
    v[ZIP_E_DATE] = glc_value_int(e->date);
    v[ZIP_E_FLAGS] = glc_value_int(e->flags);
    v[ZIP_E_NEEDED] = glc_value_int(e->needed);
    v[ZIP_E_MADE_BY] = glc_value_int(e->made_by);
    v[ZIP_E_OS_NAME] = glc_value_cstr(system_name(e->made_by));
    v[ZIP_E_SPEC_VERSION] = glc_value_int(e->made_by & 0xff);
}

static void load_list(const struct glc_zip_list *zip, struct glc_arena *a, struct glc_value *member)
{
    struct glc_values all = { 0 };
    member[ZIP_ON_DISK] = glc_value_int(zip->on_disk);
    member[ZIP_TOTAL] = glc_value_int(zip->total);
    member[ZIP_DIR_SIZE] = glc_value_int(zip->dir_size);
    member[ZIP_DIR_OFFSET] = glc_value_int(zip->dir_offset);
    member[ZIP_COMMENT_LEN] = glc_value_int((int64_t)zip->comment.len);
    if (zip->comment.len != 0)
        member[ZIP_COMMENT] = glc_value_str(zip->comment);
    for (size_t i = 0; i < zip->entries; i++) {
        struct glc_value *v = glc_values_add_struct(a, &all, entry_fields);
        if (v == NULL)
            break;
        load_entry(&zip->entry[i], v);
    }
    member[ZIP_ENTRIES] = glc_values_array(&all);
}

static void load_ooxml(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    struct glc_zip_list zip;
    (void)own;
    if (ctx->data.len < 4 || memcmp(ctx->data.ptr, "PK\3\4", 4) != 0 ||
        !glc_zip_list(ctx->data, ctx->arena, &zip))
        return;
    member[ZIP_IS] = glc_value_bool(glc_zip_find(&zip, "[Content_Types].xml") != NULL);
    load_list(&zip, ctx->arena, member);
}

static void load_zip(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    struct glc_zip_list zip;
    (void)own;
    bool is_zip = glc_zip_list(ctx->data, ctx->arena, &zip);
    member[ZIP_IS] = glc_value_bool(is_zip);
    if (is_zip)
        load_list(&zip, ctx->arena, member);
}

const struct glc_module glc_ooxml_module = {
    .name = "ooxml",
    .help = "Office documents: the entries of their archive",
    .fields = ooxml_fields,
    .load = load_ooxml,
};

const struct glc_module glc_zip_module = {
    .name = "zip",
    .help = "Zip archives, wherever in the layer they begin",
    .fields = zip_fields,
    .load = load_zip,
};
