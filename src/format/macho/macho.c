#include "format/macho/macho.h"

enum {
    LC_SEGMENT = 0x1,
    LC_UNIXTHREAD = 0x5,
    LC_SEGMENT_64 = 0x19,
    CPU_X86 = 7,
    CPU_ARM = 12,
    CPU_PPC = 18,
    CPU_64 = 0x1000000,
    MAX_SLICES = 1024, /* a Java class has the same magic, and a version there */
};
static const uint32_t LC_MAIN = 0x80000028;

static uint32_t u32(const struct glc_macho *m, struct glc_cursor *c)
{
    return m->big ? glc_cursor_u32be(c) : glc_cursor_u32le(c);
}

static uint64_t u64(const struct glc_macho *m, struct glc_cursor *c)
{
    return m->big ? glc_cursor_u64be(c) : glc_cursor_u64le(c);
}

static struct glc_span name16(struct glc_cursor *c)
{
    struct glc_span s = glc_cursor_span(c, 16);
    size_t n = 0;
    while (n < s.len && s.ptr[n] != 0)
        n++;
    s.len = n;
    return s;
}

/* What grows while the load commands are read. */
struct load {
    struct glc_macho *m;
    struct glc_arena *arena;
    struct glc_macho_segment *segment;
    struct glc_macho_section *section;
    size_t segments, sections;
};

static bool read_section(struct load *l, struct glc_cursor *c, bool wide)
{
    struct glc_macho_section s = { .section_name = name16(c), .segment_name = name16(c) };
    s.address = wide ? u64(l->m, c) : u32(l->m, c);
    s.size = wide ? u64(l->m, c) : u32(l->m, c);
    s.offset = u32(l->m, c);
    s.align = u32(l->m, c);
    s.relocations = u32(l->m, c);
    s.n_relocations = u32(l->m, c);
    s.flags = u32(l->m, c);
    for (size_t i = 0; i < (wide ? 3 : 2); i++)
        s.reserved[i] = u32(l->m, c);
    if (!glc_cursor_ok(c))
        return false;
    struct glc_macho_section *to = glc_arena_push(l->arena, &l->section, &l->sections, sizeof *to);
    if (to != NULL)
        *to = s;
    return to != NULL;
}

static void read_segment(struct load *l, struct glc_cursor *c, uint32_t command, uint32_t size)
{
    bool wide = command == LC_SEGMENT_64;
    struct glc_macho_segment s = { .command = command, .command_size = size, .name = name16(c) };
    uint64_t *const field[] = { &s.address, &s.memory, &s.offset, &s.file_size };
    for (size_t i = 0; i < 4; i++)
        *field[i] = wide ? u64(l->m, c) : u32(l->m, c);
    s.max_protection = u32(l->m, c);
    s.initial_protection = u32(l->m, c);
    s.declared_sections = u32(l->m, c);
    s.flags = u32(l->m, c);
    if (!glc_cursor_ok(c))
        return;
    s.first = (uint32_t)l->sections;
    while (s.sections < s.declared_sections && read_section(l, c, wide))
        s.sections++;
    struct glc_macho_segment *to = glc_arena_push(l->arena, &l->segment, &l->segments, sizeof *to);
    if (to != NULL)
        *to = s;
}

/* The program counter in the register file of the common machines, by its index. */
static void read_thread(struct glc_macho *m, struct glc_cursor *c)
{
    static const struct {
        uint32_t cpu;
        uint32_t before; /* words in front of it */
        bool wide;
    } known[] = {
        { CPU_X86, 10, false },         { CPU_X86 | CPU_64, 16, true }, { CPU_ARM, 15, false },
        { CPU_ARM | CPU_64, 32, true }, { CPU_PPC, 0, false },          { CPU_PPC | CPU_64, 0, true },
    };
    (void)glc_cursor_skip(c, 8); /* flavour and count */
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].cpu != m->cpu)
            continue;
        (void)glc_cursor_skip(c, (uint64_t)known[i].before * (known[i].wide ? 8 : 4));
        uint64_t pc = known[i].wide ? u64(m, c) : u32(m, c);
        if (glc_cursor_ok(c))
            m->thread_address = pc;
    }
    m->has_thread = true;
}

static void read_commands(struct load *l, struct glc_cursor *c)
{
    struct glc_macho *m = l->m;
    for (uint32_t i = 0; i < m->declared_commands; i++) {
        uint32_t command = u32(m, c);
        uint32_t size = u32(m, c);
        if (!glc_cursor_ok(c) || size < 8 || l->arena->failed)
            return;
        uint64_t body = size - 8;
        struct glc_cursor in = glc_cursor_sub(
            c, body < glc_cursor_left(c) ? body : glc_cursor_left(c)); /* the last may be cut */
        if (command == LC_SEGMENT || command == LC_SEGMENT_64)
            read_segment(l, &in, command, size);
        else if (command == LC_UNIXTHREAD)
            read_thread(m, &in);
        else if (command == LC_MAIN) {
            m->has_main = true;
            m->main_offset = u64(m, &in);
            m->stack_size = u64(m, &in);
        }
    }
}

bool glc_macho_parse(struct glc_span data, struct glc_arena *arena, struct glc_macho *out)
{
    if (data.len < 28)
        return false;
    struct glc_macho m = { .data = data };
    uint32_t le = glc_le32(data.ptr), be = glc_be32(data.ptr);
    m.big = be == 0xfeedface || be == 0xfeedfacf;
    m.magic = m.big ? be : le;
    if (m.magic != 0xfeedface && m.magic != 0xfeedfacf)
        return false;
    m.wide = m.magic == 0xfeedfacf;
    struct glc_cursor c = glc_cursor(data);
    (void)glc_cursor_skip(&c, 4);
    m.cpu = u32(&m, &c);
    m.cpu_sub = u32(&m, &c);
    m.file_type = u32(&m, &c);
    m.declared_commands = u32(&m, &c);
    m.commands_size = u32(&m, &c);
    m.flags = u32(&m, &c);
    if (m.wide)
        m.reserved = u32(&m, &c);
    if (!glc_cursor_ok(&c))
        return false;
    struct load l = { .m = &m, .arena = arena };
    read_commands(&l, &c);
    if (arena->failed)
        return false;
    m.segment = l.segment;
    m.segments = (uint32_t)l.segments;
    m.section = l.section;
    m.sections = (uint32_t)l.sections;
    *out = m;
    return true;
}

uint64_t glc_macho_offset(const struct glc_macho *m, uint64_t address)
{
    for (uint32_t i = 0; i < m->segments; i++) {
        const struct glc_macho_segment *s = &m->segment[i];
        if (address >= s->address && address - s->address < s->memory)
            return s->offset + (address - s->address);
    }
    return GLC_NO_OFFSET;
}

bool glc_macho_fat(struct glc_span data, struct glc_arena *arena, const struct glc_macho_slice **slice,
                   uint32_t *slices)
{
    struct glc_cursor c = glc_cursor(data);
    uint32_t magic = glc_cursor_u32be(&c);
    uint32_t n = glc_cursor_u32be(&c);
    bool wide = magic == 0xcafebabf;
    if (!glc_cursor_ok(&c) || (magic != 0xcafebabe && !wide) || n > MAX_SLICES)
        return false;
    struct glc_macho_slice *out = glc_arena_array(arena, n, sizeof *out);
    if (out == NULL)
        return false;
    uint32_t got = 0;
    for (; got < n; got++) {
        struct glc_macho_slice s = { .cpu = glc_cursor_u32be(&c), .cpu_sub = glc_cursor_u32be(&c) };
        s.offset = wide ? glc_cursor_u64be(&c) : glc_cursor_u32be(&c);
        s.size = wide ? glc_cursor_u64be(&c) : glc_cursor_u32be(&c);
        s.align = glc_cursor_u32be(&c);
        if (wide)
            s.reserved = glc_cursor_u32be(&c);
        if (!glc_cursor_ok(&c))
            break;
        out[got] = s;
    }
    *slice = out;
    *slices = got;
    return true;
}

static const struct glc_magic magic[] = {
    { 0, 4, 90, "\xfe\xed\xfa\xce" },
    { 0, 4, 90, "\xfe\xed\xfa\xcf" },
    { 0, 4, 90, "\xce\xfa\xed\xfe" },
    { 0, 4, 90, "\xcf\xfa\xed\xfe" },
    { 0, 0, 0, NULL },
};

/* ClamAV's sections are those of all segments in a row; its entry point is 0 but for PowerPC. */
static void parse(struct glc_parse *p)
{
    struct glc_macho m;
    if (!glc_macho_parse(p->data, p->arena, &m))
        return;
    struct glc_section *out = glc_arena_array(p->arena, m.sections, sizeof *out);
    if (out == NULL)
        return;
    for (uint32_t i = 0; i < m.sections; i++) {
        const struct glc_macho_section *s = &m.section[i];
        out[i] = (struct glc_section){ s->offset, s->size, s->address, s->size };
    }
    p->facts->section = out;
    p->facts->sections = m.sections;
    bool ppc = (m.cpu & ~(uint32_t)CPU_64) == CPU_PPC && m.has_thread;
    p->facts->entry = ppc ? glc_macho_offset(&m, m.thread_address) : 0;
}

const struct glc_format glc_format_macho = {
    .name = "macho", .cls = GLC_CLASS_MACHO, .magic = magic, .parse = parse
};

/* A Java class has a version of 45 or more where a universal file has its number of slices. */
static int fat_bid(struct glc_span prefix, uint64_t size)
{
    (void)size;
    if (prefix.len < 8)
        return 0;
    uint32_t first = glc_be32(prefix.ptr), n = glc_be32(prefix.ptr + 4);
    return (first == 0xcafebabe && n < 45) || first == 0xcafebabf ? 90 : 0;
}

static void fat_parse(struct glc_parse *p)
{
    const struct glc_macho_slice *slice;
    uint32_t n;
    if (!glc_macho_fat(p->data, p->arena, &slice, &n))
        return;
    for (uint32_t i = 0; i < n; i++) {
        struct glc_span bytes = glc_span_sub(p->data, slice[i].offset, slice[i].size);
        if (bytes.len < slice[i].size)
            p->note(p, "a slice lies outside the file", slice[i].offset);
        if (bytes.len == 0 || bytes.len == p->data.len)
            continue;
        struct glc_child child = { .data = bytes, .how = "slice", .packed = bytes.len };
        if (!glc_budget_bytes(p->budget, bytes.len)) /* slices may overlap */
            p->unread(p, "limit: bytes", slice[i].offset);
        else if (p->yield(p, &child))
            continue;
        return;
    }
}

const struct glc_format glc_format_macho_fat = {
    .name = "macho-universal", .cls = GLC_CLASS_MACHO, .bid = fat_bid, .parse = fat_parse
};
