/* Portable executables: headers, section table, and where an address lies in the file.
 *
 * Source: Microsoft, "PE Format". What loaders and scanners do with lies is by experiment with
 * `clamscan` 1.4.6 and `yara` 4.2.3: the three answers to "where is the entry point" (ClamAV's EP, YARA's
 * `entrypoint`, YARA's pe.entry_point) differ, and each is given as its rules expect it. Every field is as
 * stored; nothing in here was checked for sense. */
#ifndef GLC_FORMAT_PE_PE_H
#define GLC_FORMAT_PE_PE_H

#include "format/format.h"

enum {
    GLC_PE_DIRS = 16,
    GLC_PE_DIR_EXPORT = 0,
    GLC_PE_DIR_IMPORT = 1,
    GLC_PE_DIR_RESOURCE = 2,
    GLC_PE_DIR_SECURITY = 4, /* its address is a file offset */
    GLC_PE_DIR_DEBUG = 6,
    GLC_PE_DIR_DELAY_IMPORT = 13,
    GLC_PE_DIR_CLR = 14,
    GLC_PE_MAX_SECTIONS = 96, /* most that address translation looks at, as the Windows loader */
};

struct glc_pe_section {
    struct glc_span name; /* the eight bytes up to the first NUL */
    uint32_t virtual_size, address, raw_size, raw_offset;
    uint32_t relocations, line_numbers;
    uint16_t n_relocations, n_line_numbers;
    uint32_t flags;
};

struct glc_pe_dir {
    uint32_t address, size;
};

struct glc_pe {
    struct glc_span data;
    uint64_t header;   /* file offset of "PE\0\0" */
    uint64_t optional; /* … of the optional header */
    uint64_t table;    /* … of the section table */
    bool plus;         /* 64-bit optional header (magic 0x20b) */
    bool complete;     /* the file holds the optional header with all sixteen directories */
    bool table_cut;    /* the file ends inside the section table */

    uint16_t machine, declared_sections, optional_size, characteristics;
    uint32_t timestamp, symbols, n_symbols;

    uint16_t magic;
    uint8_t linker_major, linker_minor;
    uint32_t size_of_code, size_of_data, size_of_bss, entry, base_of_code, base_of_data;
    uint64_t image_base;
    uint32_t section_alignment, file_alignment;
    uint16_t os_major, os_minor, image_major, image_minor, subsystem_major, subsystem_minor;
    uint32_t win32_version, size_of_image, size_of_headers, checksum;
    uint16_t subsystem, dll_characteristics;
    uint64_t stack_reserve, stack_commit, heap_reserve, heap_commit;
    uint32_t loader_flags, declared_dirs;
    struct glc_pe_dir dir[GLC_PE_DIRS]; /* what the file holds of them, whatever `declared_dirs` says */

    const struct glc_pe_section *section; /* in the arena: those whose header the file holds whole */
    uint32_t sections;
};

extern const struct glc_format glc_format_pe;

/* Read the headers. False, *out untouched: no PE signature where the DOS header points, or no memory. */
bool glc_pe_parse(struct glc_span data, struct glc_arena *arena, struct glc_pe *out) GLC_CHECK;

/* File offset of a relative virtual address as YARA's pe module sees it, or GLC_NO_OFFSET: the highest
 * section that holds the address in both its raw and its virtual size, raw offsets rounded down to 512 as the
 * loader does; before the first section the address itself. Always inside the file. */
uint64_t glc_pe_offset(const struct glc_pe *pe, uint64_t address);

/* The bytes at an address up to `len` or the end of the file, whichever comes first; empty where there are
 * none. */
struct glc_span glc_pe_at(const struct glc_pe *pe, uint64_t address, uint64_t len);

#endif
