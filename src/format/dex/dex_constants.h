/* Access flags and item types of the DEX format ("Dalvik Executable format", access_flags and type codes),
 * for the tables of both modules. */
#ifndef GLC_FORMAT_DEX_DEX_CONSTANTS_H
#define GLC_FORMAT_DEX_DEX_CONSTANTS_H

#define DEX_CONSTANTS                                                                                        \
    GLC_F_CONST("ACC_PUBLIC", 1), GLC_F_CONST("ACC_PRIVATE", 2), GLC_F_CONST("ACC_PROTECTED", 4),            \
        GLC_F_CONST("ACC_STATIC", 8), GLC_F_CONST("ACC_FINAL", 16), GLC_F_CONST("ACC_SYNCHRONIZED", 32),     \
        GLC_F_CONST("ACC_VOLATILE", 64), GLC_F_CONST("ACC_BRIDGE", 64), GLC_F_CONST("ACC_TRANSIENT", 128),   \
        GLC_F_CONST("ACC_VARARGS", 128), GLC_F_CONST("ACC_NATIVE", 0x100),                                   \
        GLC_F_CONST("ACC_INTERFACE", 0x200), GLC_F_CONST("ACC_ABSTRACT", 0x400),                             \
        GLC_F_CONST("ACC_STRICT", 0x800), GLC_F_CONST("ACC_SYNTHETIC", 0x1000),                              \
        GLC_F_CONST("ACC_ANNOTATION", 0x2000), GLC_F_CONST("ACC_ENUM", 0x4000),                              \
        GLC_F_CONST("ACC_CONSTRUCTOR", 0x10000), GLC_F_CONST("ACC_DECLARED_SYNCHRONIZED", 0x20000),          \
        GLC_F_CONST("TYPE_HEADER_ITEM", 0), GLC_F_CONST("TYPE_STRING_ID_ITEM", 1),                           \
        GLC_F_CONST("TYPE_TYPE_ID_ITEM", 2), GLC_F_CONST("TYPE_PROTO_ID_ITEM", 3),                           \
        GLC_F_CONST("TYPE_FIELD_ID_ITEM", 4), GLC_F_CONST("TYPE_METHOD_ID_ITEM", 5),                         \
        GLC_F_CONST("TYPE_CLASS_DEF_ITEM", 6), GLC_F_CONST("TYPE_CALL_SITE_ID_ITEM", 7),                     \
        GLC_F_CONST("TYPE_METHOD_HANDLE_ITEM", 8), GLC_F_CONST("TYPE_MAP_LIST", 0x1000),                     \
        GLC_F_CONST("TYPE_TYPE_LIST", 0x1001), GLC_F_CONST("TYPE_ANNOTATION_SET_REF_LIST", 0x1002),          \
        GLC_F_CONST("TYPE_ANNOTATION_SET_ITEM", 0x1003), GLC_F_CONST("TYPE_CLASS_DATA_ITEM", 0x2000),        \
        GLC_F_CONST("TYPE_CODE_ITEM", 0x2001), GLC_F_CONST("TYPE_STRING_DATA_ITEM", 0x2002),                 \
        GLC_F_CONST("TYPE_DEBUG_INFO_ITEM", 0x2003), GLC_F_CONST("TYPE_ANNOTATION_ITEM", 0x2004),            \
        GLC_F_CONST("TYPE_ENCODED_ARRAY_ITEM", 0x2005),                                                      \
        GLC_F_CONST("TYPE_ANNOTATIONS_DIRECTORY_ITEM", 0x2006)

#endif
