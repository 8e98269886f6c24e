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
    MACHO_DYNAMIC_LINKER,
    MACHO_SOURCE_VERSION,
    MACHO_SYMTAB,
    MACHO_DYSYMTAB,
    MACHO_CODE_SIGNATURE,
    MACHO_DYLIBS,
    MACHO_DYLD_INFO,
    MACHO_RPATHS,
    MACHO_ENTITLEMENTS,
    MACHO_UUID,
    MACHO_BUILD_VERSION,
    MACHO_MIN_VERSION,
    MACHO_EXPORTS,
    MACHO_IMPORTS,
    MACHO_CERTIFICATES,
    MACHO_LINKER_OPTIONS,
    MACHO_FILE_FIELDS,
    MACHO_FAT_MAGIC = MACHO_FILE_FIELDS,
    MACHO_NFAT_ARCH,
    MACHO_FAT_ARCH,
    MACHO_FILE,
    MACHO_DEVICES,
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
    MACHO_SEG_FILESIZE,
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
    MACHO_ARCH_RESERVED,
    MACHO_ARCH_FIELDS
};

/* Structs that are filled from a load command's 32-bit words, in order. */
enum {
    MACHO_SYMTAB_WORDS = 4,
    MACHO_DYSYMTAB_WORDS = 18,
    MACHO_DYLD_INFO_WORDS = 10,
    MACHO_LINKEDIT_WORDS = 2
};
enum { MACHO_SYMTAB_ENTRIES = MACHO_SYMTAB_WORDS, MACHO_SYMTAB_FIELDS };
enum { MACHO_LIB_NAME, MACHO_LIB_TIMESTAMP, MACHO_LIB_COMPATIBILITY, MACHO_LIB_CURRENT, MACHO_LIB_FIELDS };
enum { MACHO_TOOL_TOOL, MACHO_TOOL_VERSION, MACHO_TOOL_FIELDS };
enum {
    MACHO_BUILD_PLATFORM,
    MACHO_BUILD_MINOS,
    MACHO_BUILD_SDK,
    MACHO_BUILD_NTOOLS,
    MACHO_BUILD_TOOLS,
    MACHO_BUILD_FIELDS
};
enum { MACHO_CERT_COMMON_NAMES, MACHO_CERT_SIGNER_NAMES, MACHO_CERT_FIELDS };
enum { MACHO_MIN_DEVICE, MACHO_MIN_VERSION_TEXT, MACHO_MIN_SDK, MACHO_MIN_FIELDS };

extern const struct glc_field macho_symtab_fields[], macho_dysymtab_fields[], macho_dyld_info_fields[],
    macho_linkedit_fields[], macho_dylib_fields[], macho_tool_fields[], macho_build_fields[],
    macho_min_fields[], macho_certificate_fields[];

/* What load commands say beyond segments and threads. */
struct glc_macho;
void macho_load_commands(const struct glc_macho *m, struct glc_arena *a, struct glc_value *member);

/* Names that the dynamic linker binds: exported ones from a trie; imported ones from a program of opcodes or
 * from chained fixups, added to what is there. */
struct glc_value macho_exports(struct glc_arena *a, struct glc_span trie);
void macho_bound(struct glc_arena *a, struct glc_span program, struct glc_values *to);
void macho_chained(struct glc_arena *a, struct glc_span fixups, struct glc_values *to);

/* Names in the CMS message of a signature; undefined: it is none. */
struct glc_value macho_certificates(struct glc_arena *a, struct glc_span cms);

extern const struct glc_field macho_fields[], macho_file_fields[], macho_segment_fields[],
    macho_section_fields[];
extern const struct glc_field macho_arch_fields[];

#endif
