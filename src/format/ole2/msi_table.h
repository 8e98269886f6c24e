/* The module `msi` inside: its fields in order. */
#ifndef GLC_FORMAT_OLE2_MSI_TABLE_H
#define GLC_FORMAT_OLE2_MSI_TABLE_H

#include "format/module/value.h"

enum msi_field {
    MSI_IS_MSI,
    MSI_IS_SIGNED,
    MSI_CODEPAGE,
    MSI_TITLE,
    MSI_SUBJECT,
    MSI_AUTHOR,
    MSI_KEYWORDS,
    MSI_COMMENTS,
    MSI_TEMPLATE,
    MSI_LAST_SAVED_BY,
    MSI_REVISION_NUMBER,
    MSI_CREATE_TIME,
    MSI_LAST_SAVE_TIME,
    MSI_PAGE_COUNT,
    MSI_WORD_COUNT,
    MSI_CREATING_APPLICATION,
    MSI_SECURITY,
    MSI_NUMBER_OF_TABLES,
    MSI_TABLES,
    MSI_PROPERTIES,
    MSI_FIELDS
};

extern const struct glc_field msi_fields[];

#endif
