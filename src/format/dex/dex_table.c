/* What the module `dex` offers: the structures of Android's "Dalvik executable format", under YARA's names.
 */
#include "format/dex/dex_constants.h"
#include "format/dex/dex_module.h"

const struct glc_field dex_header_fields[] = {
    [DEX_HDR_MAGIC] = GLC_F_STR("magic", "DEX_FILE_MAGIC_…"),
    [DEX_HDR_CHECKSUM] = GLC_F_INT("checksum", "Adler-32 of what follows"),
    [DEX_HDR_SIGNATURE] = GLC_F_STR("signature", "SHA-1 of what follows (20 bytes)"),
    [DEX_HDR_FILE_SIZE] = GLC_F_INT("file_size", "bytes of the file"),
    [DEX_HDR_HEADER_SIZE] = GLC_F_INT("header_size", "bytes of the header"),
    [DEX_HDR_ENDIAN_TAG] = GLC_F_INT("endian_tag", "ENDIAN_CONSTANT or REVERSE_ENDIAN_CONSTANT"),
    [DEX_HDR_LINK_SIZE] = GLC_F_INT("link_size", "bytes of the link section"),
    [DEX_HDR_LINK_OFFSET] = GLC_F_INT("link_offset", "offset of the link section"),
    [DEX_HDR_MAP_OFFSET] = GLC_F_INT("map_offset", "offset of the map"),
    [DEX_HDR_STRING_IDS_SIZE] = GLC_F_INT("string_ids_size", "number of strings"),
    [DEX_HDR_STRING_IDS_OFFSET] = GLC_F_INT("string_ids_offset", "offset of the strings' table"),
    [DEX_HDR_TYPE_IDS_SIZE] = GLC_F_INT("type_ids_size", "number of types"),
    [DEX_HDR_TYPE_IDS_OFFSET] = GLC_F_INT("type_ids_offset", "offset of the types' table"),
    [DEX_HDR_PROTO_IDS_SIZE] = GLC_F_INT("proto_ids_size", "number of prototypes"),
    [DEX_HDR_PROTO_IDS_OFFSET] = GLC_F_INT("proto_ids_offset", "offset of the prototypes' table"),
    [DEX_HDR_FIELD_IDS_SIZE] = GLC_F_INT("field_ids_size", "number of fields"),
    [DEX_HDR_FIELD_IDS_OFFSET] = GLC_F_INT("field_ids_offset", "offset of the fields' table"),
    [DEX_HDR_METHOD_IDS_SIZE] = GLC_F_INT("method_ids_size", "number of methods"),
    [DEX_HDR_METHOD_IDS_OFFSET] = GLC_F_INT("method_ids_offset", "offset of the methods' table"),
    [DEX_HDR_CLASS_DEFS_SIZE] = GLC_F_INT("class_defs_size", "number of classes"),
    [DEX_HDR_CLASS_DEFS_OFFSET] = GLC_F_INT("class_defs_offset", "offset of the classes' table"),
    [DEX_HDR_DATA_SIZE] = GLC_F_INT("data_size", "bytes of the data section"),
    [DEX_HDR_DATA_OFFSET] = GLC_F_INT("data_offset", "offset of the data section"),
    [DEX_HDR_FIELDS] = { 0 },
};

const struct glc_field dex_string_fields[] = {
    [DEX_STR_OFFSET] = GLC_F_INT("offset", "offset of the string's data"),
    [DEX_STR_SIZE] = GLC_F_INT("size", "its length as it says, in UTF-16 units"),
    [DEX_STR_VALUE] = GLC_F_STR("value", "the string, in modified UTF-8"),
    [DEX_STR_FIELDS] = { 0 },
};

const struct glc_field dex_type_fields[] = {
    [DEX_TYPE_DESCRIPTOR] = GLC_F_INT("descriptor_idx", "string that names the type"),
    [DEX_TYPE_FIELDS] = { 0 },
};

const struct glc_field dex_proto_fields[] = {
    [DEX_PROTO_SHORTY] = GLC_F_INT("shorty_idx", "string that describes the prototype in short"),
    [DEX_PROTO_RETURN_TYPE] = GLC_F_INT("return_type_idx", "type of the result"),
    [DEX_PROTO_PARAMETERS] = GLC_F_INT("parameters_offset", "offset of the list of parameters"),
    [DEX_PROTO_FIELDS] = { 0 },
};

const struct glc_field dex_field_id_fields[] = {
    [DEX_FID_CLASS] = GLC_F_INT("class_idx", "type that defines the field"),
    [DEX_FID_TYPE] = GLC_F_INT("type_idx", "type of the field"),
    [DEX_FID_NAME] = GLC_F_INT("name_idx", "string with its name"),
    [DEX_FID_FIELDS] = { 0 },
};

const struct glc_field dex_method_id_fields[] = {
    [DEX_MID_CLASS] = GLC_F_INT("class_idx", "type that defines the method"),
    [DEX_MID_PROTO] = GLC_F_INT("proto_idx", "its prototype"),
    [DEX_MID_NAME] = GLC_F_INT("name_idx", "string with its name"),
    [DEX_MID_FIELDS] = { 0 },
};

const struct glc_field dex_class_def_fields[] = {
    [DEX_DEF_CLASS] = GLC_F_INT("class_idx", "type of the class"),
    [DEX_DEF_ACCESS_FLAGS] = GLC_F_INT("access_flags", "bits ACC_…"),
    [DEX_DEF_SUPER_CLASS] = GLC_F_INT("super_class_idx", "type it derives from, or NO_INDEX"),
    [DEX_DEF_INTERFACES] = GLC_F_INT("interfaces_offset", "offset of the list of interfaces"),
    [DEX_DEF_SOURCE_FILE] = GLC_F_INT("source_file_idx", "string with the source file's name"),
    [DEX_DEF_ANNOTATIONS] = GLC_F_INT("annotations_offset", "offset of the annotations"),
    [DEX_DEF_CLASS_DATA] = GLC_F_INT("class_data_offset", "offset of the class data"),
    [DEX_DEF_STATIC_VALUES] = GLC_F_INT("static_values_offset", "offset of the first values"),
    [DEX_DEF_FIELDS] = { 0 },
};

const struct glc_field dex_class_data_fields[] = {
    [DEX_DATA_STATIC] = GLC_F_INT("static_fields_size", "number of static fields"),
    [DEX_DATA_INSTANCE] = GLC_F_INT("instance_fields_size", "number of instance fields"),
    [DEX_DATA_DIRECT] = GLC_F_INT("direct_methods_size", "number of direct methods"),
    [DEX_DATA_VIRTUAL] = GLC_F_INT("virtual_methods_size", "number of virtual methods"),
    [DEX_DATA_FIELDS] = { 0 },
};

const struct glc_field dex_item_fields[] = {
    [DEX_ITEM_TYPE] = GLC_F_INT("type", "TYPE_…"),
    [DEX_ITEM_UNUSED] = GLC_F_INT("unused", "unused"),
    [DEX_ITEM_SIZE] = GLC_F_INT("size", "number of items"),
    [DEX_ITEM_OFFSET] = GLC_F_INT("offset", "offset of the first"),
    [DEX_ITEM_FIELDS] = { 0 },
};

const struct glc_field dex_map_fields[] = {
    [DEX_MAP_SIZE] = GLC_F_INT("size", "entries of the map"),
    [DEX_MAP_ITEM] = GLC_F_STRUCTS("map_item", dex_item_fields, "the entries"),
    [DEX_MAP_FIELDS] = { 0 },
};

const struct glc_field dex_field_fields[] = {
    [DEX_FLD_CLASS] = GLC_F_STR("class_name", "class it belongs to"),
    [DEX_FLD_NAME] = GLC_F_STR("name", "name of the field"),
    [DEX_FLD_PROTO] = GLC_F_STR("proto", "its type"),
    [DEX_FLD_DIFF] = GLC_F_INT("field_idx_diff", "distance to the index of the field before"),
    [DEX_FLD_ACCESS_FLAGS] = GLC_F_INT("access_flags", "bits ACC_…"),
    [DEX_FLD_FIELDS] = { 0 },
};

static const struct glc_field try_fields[] = {
    GLC_F_INT("start_addr", "first instruction that is covered"),
    GLC_F_INT("insn_count", "instructions that are covered"),
    GLC_F_INT("handler_off", "where its handlers are"),
    { 0 },
};

static const struct glc_field handler_fields[] = {
    GLC_F_INT("size", "number of typed handlers"),
    { 0 },
};

const struct glc_field dex_code_fields[] = {
    [DEX_CODE_REGISTERS] = GLC_F_INT("registers_size", "registers it uses"),
    [DEX_CODE_INS] = GLC_F_INT("ins_size", "words of its arguments"),
    [DEX_CODE_OUTS] = GLC_F_INT("outs_size", "words of arguments it passes on"),
    [DEX_CODE_TRIES_SIZE] = GLC_F_INT("tries_size", "number of try blocks"),
    [DEX_CODE_DEBUG_INFO] = GLC_F_INT("debug_info_off", "offset of the debug information"),
    [DEX_CODE_INSNS_SIZE] = GLC_F_INT("insns_size", "16-bit units of code"),
    [DEX_CODE_INSNS] = GLC_F_STR("insns", "the code"),
    [DEX_CODE_PADDING] = GLC_F_INT("padding", "never filled, as in YARA"),
    [DEX_CODE_TRIES] = GLC_F_STRUCTS("tries", try_fields, "never filled, as in YARA"),
    [DEX_CODE_HANDLERS] = GLC_F_STRUCTS("handlers", handler_fields, "never filled, as in YARA"),
    [DEX_CODE_FIELDS] = { 0 },
};

const struct glc_field dex_method_fields[] = {
    [DEX_MET_CLASS] = GLC_F_STR("class_name", "class it belongs to"),
    [DEX_MET_NAME] = GLC_F_STR("name", "name of the method"),
    [DEX_MET_PROTO] = GLC_F_STR("proto", "its prototype in short"),
    [DEX_MET_DIRECT] = GLC_F_INT("direct", "1 for a direct method"),
    [DEX_MET_VIRTUAL] = GLC_F_INT("virtual", "1 for a virtual method"),
    [DEX_MET_DIFF] = GLC_F_INT("method_idx_diff", "distance to the index of the method before"),
    [DEX_MET_ACCESS_FLAGS] = GLC_F_INT("access_flags", "bits ACC_…"),
    [DEX_MET_CODE_OFF] = GLC_F_INT("code_off", "offset of its code; 0: none"),
    [DEX_MET_CODE] = GLC_F_STRUCT("code_item", dex_code_fields, "its code"),
    [DEX_MET_FIELDS] = { 0 },
};

#define MAGIC(version)                                                                                       \
    {                                                                                                        \
        .name = "DEX_FILE_MAGIC_" version, .type = GLC_T_STRING, .constant = true, .text = "dex\n" version   \
    }

const struct glc_field dex_fields[] = {
    [DEX_HEADER] = GLC_F_STRUCT("header", dex_header_fields, "the header"),
    [DEX_STRING_IDS] = GLC_F_STRUCTS("string_ids", dex_string_fields, "the strings"),
    [DEX_TYPE_IDS] = GLC_F_STRUCTS("type_ids", dex_type_fields, "the types"),
    [DEX_PROTO_IDS] = GLC_F_STRUCTS("proto_ids", dex_proto_fields, "the prototypes"),
    [DEX_FIELD_IDS] = GLC_F_STRUCTS("field_ids", dex_field_id_fields, "the fields' identifiers"),
    [DEX_METHOD_IDS] = GLC_F_STRUCTS("method_ids", dex_method_id_fields, "the methods' identifiers"),
    [DEX_CLASS_DEFS] = GLC_F_STRUCTS("class_defs", dex_class_def_fields, "the classes"),
    [DEX_CLASS_DATA_ITEM] = GLC_F_STRUCTS("class_data_item", dex_class_data_fields, "what the classes have"),
    [DEX_MAP_LIST] = GLC_F_STRUCT("map_list", dex_map_fields, "the map"),
    [DEX_NUMBER_OF_FIELDS] = GLC_F_INT("number_of_fields", "fields of the classes"),
    [DEX_FIELD] = GLC_F_STRUCTS("field", dex_field_fields, "the fields of the classes"),
    [DEX_NUMBER_OF_METHODS] = GLC_F_INT("number_of_methods", "methods of the classes"),
    [DEX_METHOD] = GLC_F_STRUCTS("method", dex_method_fields, "the methods of the classes"),

    [DEX_FIELDS] = MAGIC("035"),
    MAGIC("036"),
    MAGIC("037"),
    MAGIC("038"),
    MAGIC("039"),
    GLC_F_CONST("ENDIAN_CONSTANT", 0x12345678),
    GLC_F_CONST("REVERSE_ENDIAN_CONSTANT", 0x78563412),
    GLC_F_CONST("NO_INDEX", 0xffffffff),
    DEX_CONSTANTS,
    { 0 },
};
