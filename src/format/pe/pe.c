#include "format/pe/pe.h"

enum { DOS_HEADER = 0x40, COFF_HEADER = 24, SECTION_HEADER = 40, OPTIONAL_32 = 96, OPTIONAL_64 = 112 };
enum { RT_VERSION = 16 };

static void read_optional(struct glc_pe *pe, struct glc_cursor *c)
{
    pe->magic = glc_cursor_u16le(c);
    pe->plus = pe->magic == 0x20b;
    pe->linker_major = glc_cursor_u8(c);
    pe->linker_minor = glc_cursor_u8(c);
    pe->size_of_code = glc_cursor_u32le(c);
    pe->size_of_data = glc_cursor_u32le(c);
    pe->size_of_bss = glc_cursor_u32le(c);
    pe->entry = glc_cursor_u32le(c);
    pe->base_of_code = glc_cursor_u32le(c);
    if (!pe->plus)
        pe->base_of_data = glc_cursor_u32le(c);
    pe->image_base = pe->plus ? glc_cursor_u64le(c) : glc_cursor_u32le(c);
    pe->section_alignment = glc_cursor_u32le(c);
    pe->file_alignment = glc_cursor_u32le(c);
    pe->os_major = glc_cursor_u16le(c);
    pe->os_minor = glc_cursor_u16le(c);
    pe->image_major = glc_cursor_u16le(c);
    pe->image_minor = glc_cursor_u16le(c);
    pe->subsystem_major = glc_cursor_u16le(c);
    pe->subsystem_minor = glc_cursor_u16le(c);
    pe->win32_version = glc_cursor_u32le(c);
    pe->size_of_image = glc_cursor_u32le(c);
    pe->size_of_headers = glc_cursor_u32le(c);
    pe->checksum = glc_cursor_u32le(c);
    pe->subsystem = glc_cursor_u16le(c);
    pe->dll_characteristics = glc_cursor_u16le(c);
    uint64_t *const word[] = { &pe->stack_reserve, &pe->stack_commit, &pe->heap_reserve, &pe->heap_commit };
    for (size_t i = 0; i < 4; i++)
        *word[i] = pe->plus ? glc_cursor_u64le(c) : glc_cursor_u32le(c);
    pe->loader_flags = glc_cursor_u32le(c);
    pe->declared_dirs = glc_cursor_u32le(c);
    for (size_t i = 0; i < GLC_PE_DIRS; i++) {
        pe->dir[i].address = glc_cursor_u32le(c);
        pe->dir[i].size = glc_cursor_u32le(c);
    }
    pe->complete = glc_cursor_ok(c);
}

static bool read_sections(struct glc_pe *pe, struct glc_arena *arena)
{
    struct glc_span table =
        glc_span_sub(pe->data, pe->table, (uint64_t)pe->declared_sections * SECTION_HEADER);
    pe->sections = (uint32_t)(table.len / SECTION_HEADER);
    pe->table_cut = pe->sections < pe->declared_sections;
    struct glc_pe_section *s = glc_arena_array(arena, pe->sections, sizeof *s);
    if (s == NULL)
        return false;
    pe->section = s;
    struct glc_cursor c = glc_cursor(table);
    for (uint32_t i = 0; i < pe->sections; i++, s++) {
        s->name = glc_cursor_span(&c, 8);
        size_t len = 0;
        while (len < s->name.len && s->name.ptr[len] != 0)
            len++;
        s->name.len = len;
        s->virtual_size = glc_cursor_u32le(&c);
        s->address = glc_cursor_u32le(&c);
        s->raw_size = glc_cursor_u32le(&c);
        s->raw_offset = glc_cursor_u32le(&c);
        s->relocations = glc_cursor_u32le(&c);
        s->line_numbers = glc_cursor_u32le(&c);
        s->n_relocations = glc_cursor_u16le(&c);
        s->n_line_numbers = glc_cursor_u16le(&c);
        s->flags = glc_cursor_u32le(&c);
    }
    return true;
}

bool glc_pe_parse(struct glc_span data, struct glc_arena *arena, struct glc_pe *out)
{
    if (data.len < DOS_HEADER || data.ptr[0] != 'M' || data.ptr[1] != 'Z')
        return false;
    struct glc_pe pe = { .data = data, .header = glc_le32(data.ptr + 0x3c) };
    struct glc_cursor c = glc_cursor(data);
    if (!glc_cursor_seek(&c, pe.header) || glc_cursor_u32le(&c) != 0x4550)
        return false;
    pe.machine = glc_cursor_u16le(&c);
    pe.declared_sections = glc_cursor_u16le(&c);
    pe.timestamp = glc_cursor_u32le(&c);
    pe.symbols = glc_cursor_u32le(&c);
    pe.n_symbols = glc_cursor_u32le(&c);
    pe.optional_size = glc_cursor_u16le(&c);
    pe.characteristics = glc_cursor_u16le(&c);
    if (!glc_cursor_ok(&c))
        return false;
    pe.optional = pe.header + COFF_HEADER;
    pe.table = pe.optional + pe.optional_size;
    read_optional(&pe, &c);
    if (!read_sections(&pe, arena))
        return false;
    *out = pe;
    return true;
}

/* Loaders round a raw offset down to 512 bytes, unless the file says that it is aligned more finely. */
static uint64_t loader_raw(const struct glc_pe *pe, const struct glc_pe_section *s)
{
    return pe->file_alignment >= 0x200 ? s->raw_offset & ~(uint64_t)0x1ff : s->raw_offset;
}

uint64_t glc_pe_offset(const struct glc_pe *pe, uint64_t address)
{
    uint32_t n = pe->sections < GLC_PE_MAX_SECTIONS ? pe->sections : GLC_PE_MAX_SECTIONS;
    if (pe->table_cut && n < GLC_PE_MAX_SECTIONS)
        return GLC_NO_OFFSET;
    const struct glc_pe_section *holds = NULL;
    bool below = true; /* before every section */
    for (uint32_t i = 0; i < n; i++) {
        const struct glc_pe_section *s = &pe->section[i];
        if (s->address > address)
            continue;
        below = false;
        uint32_t size = s->virtual_size < s->raw_size ? s->virtual_size : s->raw_size;
        if (address - s->address < size && (holds == NULL || s->address >= holds->address))
            holds = s;
    }
    uint64_t off = GLC_NO_OFFSET;
    if (holds != NULL)
        off = loader_raw(pe, holds) + (address - holds->address);
    else if (below)
        off = address;
    return off < pe->data.len ? off : GLC_NO_OFFSET;
}

struct glc_span glc_pe_at(const struct glc_pe *pe, uint64_t address, uint64_t len)
{
    uint64_t off = glc_pe_offset(pe, address);
    return off == GLC_NO_OFFSET ? glc_span(NULL, 0) : glc_span_sub(pe->data, off, len);
}

/* YARA's `entrypoint`: two machines only, the first sixty sections, no rounding and no question whether the
 * section reaches that far; 0 where the section table is cut. */
static uint64_t yara_entry(const struct glc_pe *pe)
{
    enum { SECTIONS = 60, I386 = 0x14c, AMD64 = 0x8664, LEAST = 0xf8 };
    if ((pe->machine != I386 && pe->machine != AMD64) || pe->data.len - pe->header <= LEAST)
        return GLC_NO_OFFSET;
    uint64_t address = 0, raw = 0;
    uint64_t want = pe->declared_sections < SECTIONS ? pe->declared_sections : SECTIONS;
    for (uint32_t i = 0; i < want; i++) {
        if (i >= pe->sections || pe->data.len - pe->table <= (uint64_t)(i + 1) * SECTION_HEADER)
            return 0;
        const struct glc_pe_section *s = &pe->section[i];
        if (pe->entry >= s->address && s->address >= address) {
            address = s->address;
            raw = s->raw_offset;
        }
    }
    return raw + (pe->entry - address);
}

static uint64_t align_down(uint64_t v, uint64_t to)
{
    return to != 0 ? v / to * to : v;
}

static uint64_t align_up(uint64_t v, uint64_t to)
{
    return to != 0 ? (v + (to - 1)) / to * to : v;
}

/* The sections as ClamAV's offsets (Sx, SEx, SL, EP) see them: raw offsets rounded down and raw sizes up to
 * the file alignment, which is taken to be 512 where a section is aligned to that but not to what the header
 * says. */
static bool clam_sections(const struct glc_pe *pe, struct glc_arena *arena, struct glc_facts *f)
{
    struct glc_section *out = glc_arena_array(arena, pe->sections, sizeof *out);
    if (out == NULL)
        return false;
    uint64_t align = pe->file_alignment;
    for (uint32_t i = 0; i < pe->sections && align != 0; i++)
        if (pe->section[i].raw_offset % align != 0 && pe->section[i].raw_offset % 0x200 == 0)
            align = 0x200;
    for (uint32_t i = 0; i < pe->sections; i++) {
        const struct glc_pe_section *s = &pe->section[i];
        if (s->virtual_size >> 31 != 0 || s->address >> 31 != 0)
            return false; /* "signed" values end ClamAV's reading of the headers */
        out[i] = (struct glc_section){
            .offset = align_down(s->raw_offset, align),
            .size = align_up(s->raw_size, align),
            .address = align_down(s->address, pe->section_alignment),
            .memory = align_up(s->virtual_size, pe->section_alignment),
        };
    }
    f->section = out;
    f->sections = pe->sections;
    return true;
}

/* ClamAV's entry point: the address itself where the headers are mapped, else the last section of the table
 * whose raw size reaches it. */
static uint64_t clam_entry(const struct glc_pe *pe, const struct glc_facts *f)
{
    uint64_t off = GLC_NO_OFFSET;
    if (pe->entry < align_up(pe->size_of_headers, pe->section_alignment))
        off = pe->entry;
    for (uint32_t i = f->sections; i-- > 0 && off == GLC_NO_OFFSET;) {
        const struct glc_section *s = &f->section[i];
        if (s->size != 0 && pe->entry >= s->address && pe->entry - s->address < s->size)
            off = s->offset + (pe->entry - s->address);
    }
    return off < pe->data.len ? off : GLC_NO_OFFSET;
}

static void clam_facts(const struct glc_pe *pe, struct glc_arena *arena, struct glc_facts *f)
{
    uint32_t dirs = pe->declared_dirs < GLC_PE_DIRS ? pe->declared_dirs : GLC_PE_DIRS;
    uint32_t least = (pe->plus ? OPTIONAL_64 : OPTIONAL_32) + dirs * 8;
    struct glc_facts seen = *f;
    if (pe->declared_sections == 0 || pe->table_cut || pe->optional_size < least ||
        !clam_sections(pe, arena, &seen))
        return;
    seen.entry = clam_entry(pe, &seen);
    if (seen.entry != GLC_NO_OFFSET)
        *f = seen; /* without an entry point ClamAV knows no section either */
}

/* The entry of a resource directory with this id (or the first of all), as the value of its second word; 0:
 * none. Bit 31 says that it leads to another directory. */
static uint32_t resource_entry(struct glc_span tree, uint32_t at, bool any, uint32_t id)
{
    struct glc_cursor c = glc_cursor(tree);
    (void)glc_cursor_seek(&c, (uint64_t)at + 12);
    uint32_t n = glc_cursor_u16le(&c);
    n += glc_cursor_u16le(&c);
    for (uint32_t i = 0; i < n && glc_cursor_ok(&c); i++) {
        uint32_t name = glc_cursor_u32le(&c);
        uint32_t to = glc_cursor_u32le(&c);
        if (glc_cursor_ok(&c) && (any || name == id))
            return to;
    }
    return 0;
}

/* Type 16, first name, first language. */
static void find_version_info(const struct glc_pe *pe, struct glc_facts *f)
{
    const uint32_t dir = (uint32_t)1 << 31;
    struct glc_span tree = glc_pe_at(pe, pe->dir[GLC_PE_DIR_RESOURCE].address, UINT64_MAX);
    if (pe->dir[GLC_PE_DIR_RESOURCE].address == 0 || tree.len == 0)
        return;
    uint32_t type = resource_entry(tree, 0, false, RT_VERSION);
    uint32_t name = (type & dir) != 0 ? resource_entry(tree, type & ~dir, true, 0) : 0;
    uint32_t leaf = (name & dir) != 0 ? resource_entry(tree, name & ~dir, true, 0) : 0;
    if (leaf == 0 || (leaf & dir) != 0)
        return;
    struct glc_cursor c = glc_cursor(tree);
    (void)glc_cursor_seek(&c, leaf);
    uint32_t address = glc_cursor_u32le(&c);
    uint32_t size = glc_cursor_u32le(&c);
    uint64_t off = glc_cursor_ok(&c) ? glc_pe_offset(pe, address) : GLC_NO_OFFSET;
    if (off == GLC_NO_OFFSET)
        return;
    f->version_info = off;
    f->version_info_size = glc_span_sub(pe->data, off, size).len;
}

static const struct glc_magic magic[] = { { 0, 2, 60, "MZ" }, { 0, 0, 0, NULL } };

static void parse(struct glc_parse *p)
{
    struct glc_pe pe;
    if (!glc_pe_parse(p->data, p->arena, &pe))
        return; /* a DOS program, or what is left of one */
    p->facts->entrypoint = yara_entry(&pe);
    clam_facts(&pe, p->arena, p->facts);
    find_version_info(&pe, p->facts);
}

const struct glc_format glc_format_pe = { .name = "pe", .cls = GLC_CLASS_PE, .magic = magic, .parse = parse };
