/* The module `dex` of the dialect YARA-X inside: its fields in order. */
#ifndef GLC_FORMAT_DEX_DEX_X_MODULE_H
#define GLC_FORMAT_DEX_DEX_X_MODULE_H

#include "format/module/value.h"

enum dex_x_field {
    DEX_X_IS_DEX,
    DEX_X_HEADER,
    DEX_X_STRING_IDS,
    DEX_X_TYPE_IDS,
    DEX_X_PROTO_IDS,
    DEX_X_FIELD_IDS,
    DEX_X_METHOD_IDS,
    DEX_X_CLASS_DEFS,
    DEX_X_MAP_LIST,
    DEX_X_FIELDS
};

enum {
    DEX_X_HDR_MAGIC,
    DEX_X_HDR_VERSION,
    DEX_X_HDR_CHECKSUM,
    DEX_X_HDR_SIGNATURE,
    DEX_X_HDR_WORDS, /* 20 fields, one a word of the header */
    DEX_X_HDR_CONTAINER_SIZE = DEX_X_HDR_WORDS + 20,
    DEX_X_HDR_HEADER_OFFSET,
    DEX_X_HDR_FIELDS
};
enum {
    DEX_X_PROTO_SHORTY,
    DEX_X_PROTO_RETURN,
    DEX_X_PROTO_COUNT,
    DEX_X_PROTO_PARAMETERS,
    DEX_X_PROTO_FIELDS
};
enum { DEX_X_FIELD_CLASS, DEX_X_FIELD_TYPE, DEX_X_FIELD_NAME, DEX_X_FIELD_FIELDS };
enum { DEX_X_METHOD_CLASS, DEX_X_METHOD_PROTO, DEX_X_METHOD_NAME, DEX_X_METHOD_FIELDS };
enum { DEX_X_CLASS_CLASS, DEX_X_CLASS_FLAGS, DEX_X_CLASS_SUPER, DEX_X_CLASS_SOURCE, DEX_X_CLASS_FIELDS };
enum { DEX_X_ITEM_TYPE, DEX_X_ITEM_UNUSED, DEX_X_ITEM_SIZE, DEX_X_ITEM_OFFSET, DEX_X_ITEM_FIELDS };
enum { DEX_X_MAP_SIZE, DEX_X_MAP_ITEMS, DEX_X_MAP_FIELDS };

extern const struct glc_field dex_x_fields[], dex_x_header_fields[], dex_x_proto_fields[],
    dex_x_field_fields[], dex_x_method_fields[], dex_x_class_fields[], dex_x_item_fields[],
    dex_x_map_fields[];

#endif
