/* What a layer of bytes is, as far as rules care. A rule names the classes that it concerns as a mask; the
 * formats (src/format) say which class they yield. ClamAV's Target numbers map onto these (lang/clam). */
#ifndef GLC_RULE_CLASS_H
#define GLC_RULE_CLASS_H

#include "base/err.h"
#include "base/span.h"

enum glc_class {
    GLC_CLASS_DATA, /* nothing that we recognise */
    GLC_CLASS_PE,
    GLC_CLASS_ELF,
    GLC_CLASS_MACHO,
    GLC_CLASS_OLE2,
    GLC_CLASS_PDF,
    GLC_CLASS_HTML,
    GLC_CLASS_HTML_NORM, /* normalised from HTML: ClamAV's Target 3 looks here */
    GLC_CLASS_MAIL,
    GLC_CLASS_GRAPHICS,
    GLC_CLASS_TEXT,      /* ASCII, UTF-8, UTF-16 text that is nothing below */
    GLC_CLASS_TEXT_NORM, /* normalised from text: ClamAV's Target 7 looks here */
    GLC_CLASS_SCRIPT,    /* text with an interpreter line or a script's marks */
    GLC_CLASS_SWF,
    GLC_CLASS_JAVA, /* class file */
    GLC_CLASS_DEX,
    GLC_CLASS_ARCHIVE, /* zip, tar, 7z, rar, cab, … */
    GLC_CLASS_STREAM,  /* a compressed stream: gzip, bzip2, xz, zstd, … */
    GLC_CLASS_DISK,    /* file systems and disk images */
    GLC_CLASS_RTF,
    GLC_CLASS_DOCUMENT, /* other documents */
    GLC_CLASS_OTHER,    /* recognised, none of the above */
    GLC_CLASSES
};

#define GLC_CLASS_BIT(c) ((uint32_t)1 << (c))
#define GLC_CLASS_ALL    (((uint32_t)1 << GLC_CLASSES) - 1)

/* "pe", "text", …; static. */
const char *glc_class_name(enum glc_class c);

#endif
