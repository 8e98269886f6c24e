/* The modules `zip` and `ooxml` inside: their fields in order. */
#ifndef GLC_FORMAT_ZIP_ZIP_MODULE_H
#define GLC_FORMAT_ZIP_ZIP_MODULE_H

#include "format/module/value.h"

enum zip_field {
    ZIP_IS,
    ZIP_ON_DISK,
    ZIP_TOTAL,
    ZIP_DIR_SIZE,
    ZIP_DIR_OFFSET,
    ZIP_COMMENT_LEN,
    ZIP_COMMENT,
    ZIP_ENTRIES,
    ZIP_FIELDS
};

enum zip_entry_field {
    ZIP_E_NAME,
    ZIP_E_NAME_LENGTH,
    ZIP_E_PACKED,
    ZIP_E_SIZE,
    ZIP_E_CRC,
    ZIP_E_METHOD,
    ZIP_E_METHOD_NAME,
    ZIP_E_TIME,
    ZIP_E_DATE,
    ZIP_E_FLAGS,
    ZIP_E_NEEDED,
    ZIP_E_MADE_BY,
    ZIP_E_OS_NAME,
    ZIP_E_SPEC_VERSION,
    ZIP_E_FIELDS
};

#endif
