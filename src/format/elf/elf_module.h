/* The module `elf` inside: its fields in order. */
#ifndef GLC_FORMAT_ELF_ELF_MODULE_H
#define GLC_FORMAT_ELF_ELF_MODULE_H

#include "format/module/value.h"

enum elf_field {
    ELF_TYPE,
    ELF_MACHINE,
    ELF_ENTRY_POINT,
    ELF_NUMBER_OF_SECTIONS,
    ELF_SH_OFFSET,
    ELF_SH_ENTRY_SIZE,
    ELF_NUMBER_OF_SEGMENTS,
    ELF_PH_OFFSET,
    ELF_PH_ENTRY_SIZE,
    ELF_SECTIONS,
    ELF_SEGMENTS,
    ELF_DYNAMIC_SECTION_ENTRIES,
    ELF_DYNAMIC,
    ELF_SYMTAB_ENTRIES,
    ELF_SYMTAB,
    ELF_DYNSYM_ENTRIES,
    ELF_DYNSYM,
    ELF_OSABI,
    ELF_FIELDS
};

enum {
    ELF_SEC_TYPE,
    ELF_SEC_FLAGS,
    ELF_SEC_ADDRESS,
    ELF_SEC_NAME,
    ELF_SEC_SIZE,
    ELF_SEC_OFFSET,
    ELF_SEC_FIELDS
};
enum {
    ELF_SEG_TYPE,
    ELF_SEG_FLAGS,
    ELF_SEG_OFFSET,
    ELF_SEG_VIRTUAL_ADDRESS,
    ELF_SEG_PHYSICAL_ADDRESS,
    ELF_SEG_FILE_SIZE,
    ELF_SEG_MEMORY_SIZE,
    ELF_SEG_ALIGNMENT,
    ELF_SEG_FIELDS
};
enum { ELF_DYN_TYPE, ELF_DYN_VAL, ELF_DYN_FIELDS };
enum {
    ELF_SYM_NAME,
    ELF_SYM_VALUE,
    ELF_SYM_SIZE,
    ELF_SYM_TYPE,
    ELF_SYM_BIND,
    ELF_SYM_SHNDX,
    ELF_SYM_VISIBILITY,
    ELF_SYM_FIELDS
};

extern const struct glc_field elf_fields[], elf_section_fields[], elf_segment_fields[], elf_dynamic_fields[];
extern const struct glc_field elf_symbol_fields[];

#endif
