#include "rule/class.h"

static const char *const names[GLC_CLASSES] = {
    [GLC_CLASS_DATA] = "data",         [GLC_CLASS_PE] = "pe",
    [GLC_CLASS_ELF] = "elf",           [GLC_CLASS_MACHO] = "macho",
    [GLC_CLASS_OLE2] = "ole2",         [GLC_CLASS_PDF] = "pdf",
    [GLC_CLASS_HTML] = "html",         [GLC_CLASS_HTML_NORM] = "html-normalised",
    [GLC_CLASS_MAIL] = "mail",         [GLC_CLASS_GRAPHICS] = "graphics",
    [GLC_CLASS_TEXT] = "text",         [GLC_CLASS_TEXT_NORM] = "text-normalised",
    [GLC_CLASS_SCRIPT] = "script",     [GLC_CLASS_SWF] = "swf",
    [GLC_CLASS_JAVA] = "java",         [GLC_CLASS_DEX] = "dex",
    [GLC_CLASS_ARCHIVE] = "archive",   [GLC_CLASS_STREAM] = "stream",
    [GLC_CLASS_DISK] = "disk",         [GLC_CLASS_RTF] = "rtf",
    [GLC_CLASS_DOCUMENT] = "document", [GLC_CLASS_OTHER] = "other",
};

const char *glc_class_name(enum glc_class c)
{
    return c < GLC_CLASSES ? names[c] : "unknown";
}
