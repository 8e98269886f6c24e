/* Mach-O: header, load commands, segments, sections, and the slices of universal files.
 *
 * Source: Apple, <mach-o/loader.h> and <mach-o/fat.h>. What ClamAV makes of it is by experiment with
 * `clamscan` 1.4.6. Every field is as stored, in the byte order of the file. */
#ifndef GLC_FORMAT_MACHO_MACHO_H
#define GLC_FORMAT_MACHO_MACHO_H

#include "format/format.h"

struct glc_macho_section {
    struct glc_span section_name, segment_name; /* 16 bytes up to the first NUL */
    uint64_t address, size;
    uint32_t offset, align, relocations, n_relocations, flags, reserved[3];
};

struct glc_macho_segment {
    uint32_t command, command_size;
    struct glc_span name;
    uint64_t address, memory, offset, file_size;
    uint32_t max_protection, initial_protection, declared_sections, flags;
    uint32_t first, sections; /* of glc_macho.section: those that the load command holds whole */
};

struct glc_macho {
    struct glc_span data;
    bool wide, big;
    uint32_t magic; /* as in the file's byte order: 0xfeedface or 0xfeedfacf */
    uint32_t cpu, cpu_sub, file_type, declared_commands, commands_size, flags, reserved;
    const struct glc_macho_segment *segment; /* in the arena */
    uint32_t segments;
    const struct glc_macho_section *section;
    uint32_t sections;
    bool has_main, has_thread;
    uint64_t main_offset, stack_size; /* LC_MAIN */
    uint64_t thread_address;          /* program counter of LC_UNIXTHREAD; 0 where its kind is not known */
};

extern const struct glc_format glc_format_macho, glc_format_macho_fat;

/* Read header and load commands, which may end anywhere. False, *out untouched: no Mach-O header, or no
 * memory. */
bool glc_macho_parse(struct glc_span data, struct glc_arena *arena, struct glc_macho *out) GLC_CHECK;

/* File offset of an address through the segments, or GLC_NO_OFFSET. May lie outside the file. */
uint64_t glc_macho_offset(const struct glc_macho *m, uint64_t address);

struct glc_macho_slice {
    uint32_t cpu, cpu_sub;
    uint64_t offset, size;
    uint32_t align, reserved;
};

/* The slices of a universal file, as declared. False: not one, or no memory. */
bool glc_macho_fat(struct glc_span data, struct glc_arena *arena, const struct glc_macho_slice **slice,
                   uint32_t *slices) GLC_CHECK;

#endif
