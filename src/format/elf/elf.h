/* ELF: header, program headers, sections, and where an address lies in the file.
 *
 * Source: System V ABI, "Object Files". What scanners do with lies is by experiment with `clamscan` 1.4.6 and
 * `yara` 4.2.3. Every field is as stored. */
#ifndef GLC_FORMAT_ELF_ELF_H
#define GLC_FORMAT_ELF_ELF_H

#include "format/format.h"

enum {
    GLC_ELF_SHT_NULL = 0,
    GLC_ELF_SHT_SYMTAB = 2,
    GLC_ELF_SHT_STRTAB = 3,
    GLC_ELF_SHT_DYNAMIC = 6,
    GLC_ELF_SHT_NOBITS = 8,
    GLC_ELF_SHT_DYNSYM = 11,
    GLC_ELF_PT_DYNAMIC = 2,
};

struct glc_elf_segment {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory, align;
};

struct glc_elf_section {
    uint32_t name; /* offset in the string table of section names */
    uint32_t type;
    uint64_t flags, address, offset, size;
    uint32_t link, info;
    uint64_t align, entry_size;
};

struct glc_elf {
    struct glc_span data;
    bool wide; /* 64-bit */
    bool big;  /* big-endian */
    uint16_t type, machine;
    uint32_t version, flags;
    uint64_t entry; /* address */
    uint64_t ph_offset, sh_offset;
    uint16_t header_size, ph_size, declared_segments, sh_size, declared_sections, names;
    const struct glc_elf_segment
        *segment; /* in the arena: those that the file holds whole, read at the standard size */
    uint32_t segments;
    const struct glc_elf_section *section;
    uint32_t sections;
};

extern const struct glc_format glc_format_elf;

/* Read the headers. False, *out untouched: no ELF header of a known class and byte order, or no memory. */
bool glc_elf_parse(struct glc_span data, struct glc_arena *arena, struct glc_elf *out) GLC_CHECK;

/* File offset of an address as YARA's elf module sees it, or GLC_NO_OFFSET: by the first segment that holds
 * it, or where there are no program headers by the first section with bytes. May lie outside the file. */
uint64_t glc_elf_offset(const struct glc_elf *elf, uint64_t address);

/* Numbers in the file's byte order. */
uint16_t glc_elf_u16(const struct glc_elf *elf, struct glc_cursor *c);
uint32_t glc_elf_u32(const struct glc_elf *elf, struct glc_cursor *c);
uint64_t glc_elf_u64(const struct glc_elf *elf, struct glc_cursor *c);
uint64_t glc_elf_word(const struct glc_elf *elf, struct glc_cursor *c); /* 4 or 8 bytes, by class */

#endif
