/* What the module `dex` of the dialect YARA-X offers. YARA-X manual, "dex". */
#include "format/dex/dex_constants.h"
#include "format/dex/dex_x_module.h"

const struct glc_field dex_x_header_fields[] = {
    [DEX_X_HDR_MAGIC] = GLC_F_INT("magic", "0x6465780a"),
    [DEX_X_HDR_VERSION] = GLC_F_INT("version", "35 to 41"),
    [DEX_X_HDR_CHECKSUM] = GLC_F_INT("checksum", "Adler-32 of what follows"),
    [DEX_X_HDR_SIGNATURE] = GLC_F_STR("signature", "SHA-1 of what follows, hex"),
    [DEX_X_HDR_WORDS] = GLC_F_INT("file_size", "bytes of the file"),
    GLC_F_INT("header_size", "bytes of the header"),
    GLC_F_INT("endian_tag", "order of its bytes"),
    GLC_F_INT("link_size", "bytes of the link section"),
    GLC_F_INT("link_off", "offset of the link section"),
    GLC_F_INT("map_off", "offset of the map"),
    GLC_F_INT("string_ids_size", "number of strings"),
    GLC_F_INT("string_ids_off", "offset of the strings"),
    GLC_F_INT("type_ids_size", "number of types"),
    GLC_F_INT("type_ids_off", "offset of the types"),
    GLC_F_INT("proto_ids_size", "number of prototypes"),
    GLC_F_INT("proto_ids_off", "offset of the prototypes"),
    GLC_F_INT("field_ids_size", "number of fields"),
    GLC_F_INT("field_ids_off", "offset of the fields"),
    GLC_F_INT("method_ids_size", "number of methods"),
    GLC_F_INT("method_ids_off", "offset of the methods"),
    GLC_F_INT("class_defs_size", "number of classes"),
    GLC_F_INT("class_defs_off", "offset of the classes"),
    GLC_F_INT("data_size", "bytes of the data section; up to version 40"),
    GLC_F_INT("data_off", "offset of the data section; up to version 40"),
    [DEX_X_HDR_CONTAINER_SIZE] = GLC_F_INT("container_size", "bytes of the file; from version 41"),
    [DEX_X_HDR_HEADER_OFFSET] = GLC_F_INT("header_offset", "offset of this header; from version 41"),
    [DEX_X_HDR_FIELDS] = { 0 },
};

const struct glc_field dex_x_proto_fields[] = {
    [DEX_X_PROTO_SHORTY] = GLC_F_STR("shorty", "the prototype in short"),
    [DEX_X_PROTO_RETURN] = GLC_F_STR("return_type", "type of the result"),
    [DEX_X_PROTO_COUNT] = GLC_F_INT("parameters_count", "number of parameters"),
    [DEX_X_PROTO_PARAMETERS] = GLC_F_STRS("parameters", "types of the parameters"),
    [DEX_X_PROTO_FIELDS] = { 0 },
};

const struct glc_field dex_x_field_fields[] = {
    [DEX_X_FIELD_CLASS] = GLC_F_STR("class", "class it belongs to"),
    [DEX_X_FIELD_TYPE] = GLC_F_STR("type", "its type"),
    [DEX_X_FIELD_NAME] = GLC_F_STR("name", "its name"),
    [DEX_X_FIELD_FIELDS] = { 0 },
};

const struct glc_field dex_x_method_fields[] = {
    [DEX_X_METHOD_CLASS] = GLC_F_STR("class", "class it belongs to"),
    [DEX_X_METHOD_PROTO] = GLC_F_STRUCT("proto", dex_x_proto_fields, "its prototype"),
    [DEX_X_METHOD_NAME] = GLC_F_STR("name", "its name"),
    [DEX_X_METHOD_FIELDS] = { 0 },
};

const struct glc_field dex_x_class_fields[] = {
    [DEX_X_CLASS_CLASS] = GLC_F_STR("class", "name of the class"),
    [DEX_X_CLASS_FLAGS] = GLC_F_INT("access_flag", "bits ACC_…"),
    [DEX_X_CLASS_SUPER] = GLC_F_STR("superclass", "class it derives from"),
    [DEX_X_CLASS_SOURCE] = GLC_F_STR("source_file", "name of the source file"),
    [DEX_X_CLASS_FIELDS] = { 0 },
};

const struct glc_field dex_x_item_fields[] = {
    [DEX_X_ITEM_TYPE] = GLC_F_INT("type", "TYPE_…"),
    [DEX_X_ITEM_UNUSED] = GLC_F_INT("unused", "unused"),
    [DEX_X_ITEM_SIZE] = GLC_F_INT("size", "number of items"),
    [DEX_X_ITEM_OFFSET] = GLC_F_INT("offset", "offset of the first"),
    [DEX_X_ITEM_FIELDS] = { 0 },
};

const struct glc_field dex_x_map_fields[] = {
    [DEX_X_MAP_SIZE] = GLC_F_INT("size", "entries of the map"),
    [DEX_X_MAP_ITEMS] = GLC_F_STRUCTS("items", dex_x_item_fields, "the entries"),
    [DEX_X_MAP_FIELDS] = { 0 },
};

const struct glc_field dex_x_fields[] = {
    [DEX_X_IS_DEX] = GLC_F_BOOL("is_dex", "is the layer a DEX file?"),
    [DEX_X_HEADER] = GLC_F_STRUCT("header", dex_x_header_fields, "the header"),
    [DEX_X_STRING_IDS] = GLC_F_STRS("string_ids", "the strings, in modified UTF-8"),
    [DEX_X_TYPE_IDS] = GLC_F_STRS("type_ids", "names of the types"),
    [DEX_X_PROTO_IDS] = GLC_F_STRUCTS("proto_ids", dex_x_proto_fields, "the prototypes"),
    [DEX_X_FIELD_IDS] = GLC_F_STRUCTS("field_ids", dex_x_field_fields, "the fields"),
    [DEX_X_METHOD_IDS] = GLC_F_STRUCTS("method_ids", dex_x_method_fields, "the methods"),
    [DEX_X_CLASS_DEFS] = GLC_F_STRUCTS("class_defs", dex_x_class_fields, "the classes"),
    [DEX_X_MAP_LIST] = GLC_F_STRUCT("map_list", dex_x_map_fields, "the map"),

    [DEX_X_FIELDS] = DEX_CONSTANTS,
    GLC_F_CONST("TYPE_HIDDENAPI_CLASS_DATA_ITEM", 0xf000),
    { 0 },
};
