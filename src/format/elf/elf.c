#include "format/elf/elf.h"

enum { SEGMENT_32 = 32, SEGMENT_64 = 56, SECTION_32 = 40, SECTION_64 = 64 };

uint16_t glc_elf_u16(const struct glc_elf *elf, struct glc_cursor *c)
{
    return elf->big ? glc_cursor_u16be(c) : glc_cursor_u16le(c);
}

uint32_t glc_elf_u32(const struct glc_elf *elf, struct glc_cursor *c)
{
    return elf->big ? glc_cursor_u32be(c) : glc_cursor_u32le(c);
}

uint64_t glc_elf_u64(const struct glc_elf *elf, struct glc_cursor *c)
{
    return elf->big ? glc_cursor_u64be(c) : glc_cursor_u64le(c);
}

uint64_t glc_elf_word(const struct glc_elf *elf, struct glc_cursor *c)
{
    return elf->wide ? glc_elf_u64(elf, c) : glc_elf_u32(elf, c);
}

static bool read_segments(struct glc_elf *elf, struct glc_arena *arena)
{
    size_t size = elf->wide ? SEGMENT_64 : SEGMENT_32;
    struct glc_span table = glc_span_sub(elf->data, elf->ph_offset, elf->declared_segments * size);
    elf->segments = (uint32_t)(table.len / size);
    struct glc_elf_segment *s = glc_arena_array(arena, elf->segments, sizeof *s);
    if (s == NULL)
        return false;
    elf->segment = s;
    struct glc_cursor c = glc_cursor(table);
    for (uint32_t i = 0; i < elf->segments; i++, s++) {
        s->type = glc_elf_u32(elf, &c);
        if (elf->wide)
            s->flags = glc_elf_u32(elf, &c);
        s->offset = glc_elf_word(elf, &c);
        s->address = glc_elf_word(elf, &c);
        s->physical = glc_elf_word(elf, &c);
        s->file_size = glc_elf_word(elf, &c);
        s->memory = glc_elf_word(elf, &c);
        if (!elf->wide)
            s->flags = glc_elf_u32(elf, &c);
        s->align = glc_elf_word(elf, &c);
    }
    return true;
}

static bool read_sections(struct glc_elf *elf, struct glc_arena *arena)
{
    size_t size = elf->wide ? SECTION_64 : SECTION_32;
    struct glc_span table = glc_span_sub(elf->data, elf->sh_offset, elf->declared_sections * size);
    elf->sections = (uint32_t)(table.len / size);
    struct glc_elf_section *s = glc_arena_array(arena, elf->sections, sizeof *s);
    if (s == NULL)
        return false;
    elf->section = s;
    struct glc_cursor c = glc_cursor(table);
    for (uint32_t i = 0; i < elf->sections; i++, s++) {
        s->name = glc_elf_u32(elf, &c);
        s->type = glc_elf_u32(elf, &c);
        s->flags = glc_elf_word(elf, &c);
        s->address = glc_elf_word(elf, &c);
        s->offset = glc_elf_word(elf, &c);
        s->size = glc_elf_word(elf, &c);
        s->link = glc_elf_u32(elf, &c);
        s->info = glc_elf_u32(elf, &c);
        s->align = glc_elf_word(elf, &c);
        s->entry_size = glc_elf_word(elf, &c);
    }
    return true;
}

bool glc_elf_parse(struct glc_span data, struct glc_arena *arena, struct glc_elf *out)
{
    enum { CLASS = 4, ENCODING = 5, IDENT = 16 };
    if (data.len < IDENT || memcmp(data.ptr,
                                   "\x7f"
                                   "ELF",
                                   4) != 0)
        return false;
    if (data.ptr[CLASS] < 1 || data.ptr[CLASS] > 2 || data.ptr[ENCODING] < 1 || data.ptr[ENCODING] > 2)
        return false;
    struct glc_elf elf = { .data = data, .wide = data.ptr[CLASS] == 2, .big = data.ptr[ENCODING] == 2 };
    struct glc_cursor c = glc_cursor(data);
    (void)glc_cursor_seek(&c, IDENT);
    elf.type = glc_elf_u16(&elf, &c);
    elf.machine = glc_elf_u16(&elf, &c);
    elf.version = glc_elf_u32(&elf, &c);
    elf.entry = glc_elf_word(&elf, &c);
    elf.ph_offset = glc_elf_word(&elf, &c);
    elf.sh_offset = glc_elf_word(&elf, &c);
    elf.flags = glc_elf_u32(&elf, &c);
    elf.header_size = glc_elf_u16(&elf, &c);
    elf.ph_size = glc_elf_u16(&elf, &c);
    elf.declared_segments = glc_elf_u16(&elf, &c);
    elf.sh_size = glc_elf_u16(&elf, &c);
    elf.declared_sections = glc_elf_u16(&elf, &c);
    elf.names = glc_elf_u16(&elf, &c);
    if (!glc_cursor_ok(&c) || !read_segments(&elf, arena) || !read_sections(&elf, arena))
        return false;
    *out = elf;
    return true;
}

uint64_t glc_elf_offset(const struct glc_elf *elf, uint64_t address)
{
    if (elf->declared_segments != 0) {
        if (elf->segments < elf->declared_segments)
            return GLC_NO_OFFSET;
        for (uint32_t i = 0; i < elf->segments; i++) {
            const struct glc_elf_segment *s = &elf->segment[i];
            if (address >= s->address && address - s->address < s->memory)
                return s->offset + (address - s->address);
        }
        return GLC_NO_OFFSET;
    }
    if (elf->sections < elf->declared_sections)
        return GLC_NO_OFFSET;
    for (uint32_t i = 0; i < elf->sections; i++) {
        const struct glc_elf_section *s = &elf->section[i];
        if (s->type != GLC_ELF_SHT_NULL && s->type != GLC_ELF_SHT_NOBITS && address >= s->address &&
            address - s->address < s->size)
            return s->offset + (address - s->address);
    }
    return GLC_NO_OFFSET;
}

/* ClamAV's entry point: through the segments where there are any, else 0. More than 128 segments or 256
 * sections, header entries of another size, or an entry that no segment holds: it then knows neither entry
 * nor sections. */
static void clam_facts(const struct glc_elf *elf, struct glc_arena *arena, struct glc_facts *f)
{
    enum { SEGMENTS = 128, SECTIONS = 256 };
    bool wide = elf->wide;
    if (elf->declared_segments > SEGMENTS || elf->declared_sections > SECTIONS ||
        elf->segments < elf->declared_segments || elf->sections < elf->declared_sections)
        return;
    if (elf->segments != 0 && elf->ph_size != (wide ? SEGMENT_64 : SEGMENT_32))
        return;
    if (elf->sections != 0 && elf->sh_size != (wide ? SECTION_64 : SECTION_32))
        return;
    uint64_t entry = 0;
    if (elf->segments != 0 && elf->entry != 0)
        entry = glc_elf_offset(elf, elf->entry);
    struct glc_section *out = glc_arena_array(arena, elf->sections, sizeof *out);
    if (entry == GLC_NO_OFFSET || out == NULL)
        return;
    for (uint32_t i = 0; i < elf->sections; i++) {
        const struct glc_elf_section *s = &elf->section[i];
        out[i] = (struct glc_section){ s->offset, s->size, s->address, s->size };
    }
    f->entry = entry;
    f->section = out;
    f->sections = elf->sections;
}

/* YARA's `entrypoint` knows little-endian files only, and says 0 where nothing holds the address. */
static uint64_t yara_entry(const struct glc_elf *elf)
{
    uint64_t off = elf->big || elf->entry == 0 ? GLC_NO_OFFSET : glc_elf_offset(elf, elf->entry);
    return off == GLC_NO_OFFSET ? 0 : off;
}

static const struct glc_magic magic[] = { { 0, 4, 95,
                                            "\x7f"
                                            "ELF" },
                                          { 0, 0, 0, NULL } };

static void parse(struct glc_parse *p)
{
    struct glc_elf elf;
    if (!glc_elf_parse(p->data, p->arena, &elf))
        return;
    p->facts->entrypoint = yara_entry(&elf);
    clam_facts(&elf, p->arena, p->facts);
}

const struct glc_format glc_format_elf = {
    .name = "elf", .cls = GLC_CLASS_ELF, .magic = magic, .parse = parse
};
