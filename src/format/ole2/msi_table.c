/* What the module `msi` offers. There is no such module elsewhere; the names are those of Windows Installer's
 * documentation. */
#include "format/ole2/msi_table.h"

const struct glc_field msi_fields[] = {
    [MSI_IS_MSI] = GLC_F_BOOL("is_msi", "is the layer an installer's package, patch or transform?"),
    [MSI_IS_SIGNED] = GLC_F_BOOL("is_signed", "does it carry a signature? (not verified)"),
    [MSI_CODEPAGE] = GLC_F_INT("codepage", "code page of the summary's texts"),
    [MSI_TITLE] = GLC_F_STR("title", "kind of package: Installation Database, Patch, Transform"),
    [MSI_SUBJECT] = GLC_F_STR("subject", "name of the product"),
    [MSI_AUTHOR] = GLC_F_STR("author", "manufacturer"),
    [MSI_KEYWORDS] = GLC_F_STR("keywords", "keywords"),
    [MSI_COMMENTS] = GLC_F_STR("comments", "comments"),
    [MSI_TEMPLATE] = GLC_F_STR("template", "platform and languages"),
    [MSI_LAST_SAVED_BY] = GLC_F_STR("last_saved_by", "who saved it last"),
    [MSI_REVISION_NUMBER] = GLC_F_STR("revision_number", "package code: a GUID in braces"),
    [MSI_CREATE_TIME] = GLC_F_INT("create_time", "when it was made, seconds since 1970"),
    [MSI_LAST_SAVE_TIME] = GLC_F_INT("last_save_time", "when it was saved last"),
    [MSI_PAGE_COUNT] = GLC_F_INT("page_count", "version of Windows Installer that it needs"),
    [MSI_WORD_COUNT] = GLC_F_INT("word_count", "kind of its sources, bits"),
    [MSI_CREATING_APPLICATION] = GLC_F_STR("creating_application", "what made it"),
    [MSI_SECURITY] = GLC_F_INT("security", "how it wants to be opened"),
    [MSI_NUMBER_OF_TABLES] = GLC_F_INT("number_of_tables", "tables of its database"),
    [MSI_TABLES] = GLC_F_STRS("tables", "their names"),
    [MSI_PROPERTIES] = GLC_F_STR_DICT("properties", "its table Property: ProductName, ProductCode, …"),
    [MSI_FIELDS] = { 0 },
};
