/* The module `macho` inside: its fields in order. */
#ifndef GLC_FORMAT_MACHO_MACHO_MODULE_H
#define GLC_FORMAT_MACHO_MACHO_MODULE_H

#include "format/module/value.h"

/* The fields of one Mach-O file; the module has them too, for a file that is not universal. */
enum macho_file_field {
    MACHO_MAGIC,
    MACHO_CPUTYPE,
    MACHO_CPUSUBTYPE,
    MACHO_FILETYPE,
    MACHO_NCMDS,
    MACHO_SIZEOFCMDS,
    MACHO_FLAGS,
    MACHO_RESERVED,
    MACHO_NUMBER_OF_SEGMENTS,
    MACHO_SEGMENTS,
    MACHO_ENTRY_POINT,
    MACHO_STACK_SIZE,
    MACHO_FILE_FIELDS,
    MACHO_FAT_MAGIC = MACHO_FILE_FIELDS,
    MACHO_NFAT_ARCH,
    MACHO_FAT_ARCH,
    MACHO_FILE,
    MACHO_FIELDS
};

enum {
    MACHO_SEG_SEGNAME,
    MACHO_SEG_VMADDR,
    MACHO_SEG_VMSIZE,
    MACHO_SEG_FILEOFF,
    MACHO_SEG_FSIZE,
    MACHO_SEG_MAXPROT,
    MACHO_SEG_INITPROT,
    MACHO_SEG_NSECTS,
    MACHO_SEG_FLAGS,
    MACHO_SEG_SECTIONS,
    MACHO_SEG_FIELDS
};
enum {
    MACHO_SEC_SECTNAME,
    MACHO_SEC_SEGNAME,
    MACHO_SEC_ADDR,
    MACHO_SEC_SIZE,
    MACHO_SEC_OFFSET,
    MACHO_SEC_ALIGN,
    MACHO_SEC_RELOFF,
    MACHO_SEC_NRELOC,
    MACHO_SEC_FLAGS,
    MACHO_SEC_RESERVED1,
    MACHO_SEC_RESERVED2,
    MACHO_SEC_RESERVED3,
    MACHO_SEC_FIELDS
};
enum {
    MACHO_ARCH_CPUTYPE,
    MACHO_ARCH_CPUSUBTYPE,
    MACHO_ARCH_OFFSET,
    MACHO_ARCH_SIZE,
    MACHO_ARCH_ALIGN,
    MACHO_ARCH_FIELDS
};

extern const struct glc_field macho_fields[], macho_file_fields[], macho_segment_fields[],
    macho_section_fields[];
extern const struct glc_field macho_arch_fields[];

#endif
