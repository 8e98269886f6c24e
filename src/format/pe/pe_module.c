/* The module `pe`: headers, sections, overlay, debug path; its other parts are in files beside this one.
 * Microsoft, "PE Format". Where that leaves hostile files open, the module answers as yara 4.2.3.
 *
 * Every number of the file is checked where it becomes an offset (struct glc_cursor, glc_span_sub), every
 * table has a cap. */
#include "format/pe/pe_module.h"

#include "format/module/modules.h"

#include "base/cursor.h"

enum { MOST_SECTIONS = 96 /* what Windows loads */, MOST_DEBUG_ENTRIES = 64, LONGEST_PATH = 4096 };

struct glc_span pe_at(const struct pe *pe, uint64_t rva)
{
    int64_t off = pe_offset(pe, rva);
    return off < 0 ? glc_span(NULL, 0) : glc_span_sub(pe->data, (uint64_t)off, UINT64_MAX);
}

bool pe_string(const struct pe *pe, uint64_t rva, size_t max, struct glc_span *out)
{
    struct glc_span s = pe_at(pe, rva);
    const uint8_t *end = s.len == 0 ? NULL : memchr(s.ptr, 0, s.len < max ? s.len : max);
    if (end == NULL)
        return false;
    *out = glc_span(s.ptr, (size_t)(end - s.ptr));
    return true;
}

/* The section that starts nearest below the RVA holds it, whatever sizes say; before the first section the
 * file lies as it is. What is past a section's raw data has no place in the file. */
int64_t pe_offset(const struct pe *pe, uint64_t rva)
{
    uint32_t lowest = UINT32_MAX, start = 0;
    uint64_t offset = 0, size = 0;
    for (uint32_t i = 0; i < pe->sections && i < MOST_SECTIONS; i++) {
        const struct pe_section *s = &pe->section[i];
        if (s->address < lowest)
            lowest = s->address;
        if (rva < s->address || start > s->address)
            continue;
        start = s->address;
        size = s->size;
        offset = s->offset;
        /* The loader rounds down to sectors, whatever the file says. */
        uint32_t align = pe->file_alignment < 0x200 ? pe->file_alignment : 0x200;
        if (align != 0)
            offset -= offset % align;
    }
    if (rva < lowest) {
        start = 0;
        offset = 0;
        size = pe->data.len;
    }
    if (rva - start >= size)
        return -1;
    uint64_t at = offset + (rva - start);
    return at < pe->data.len ? (int64_t)at : -1;
}

static struct glc_value version(struct glc_arena *a, uint16_t major, uint16_t minor)
{
    struct glc_value *v = glc_value_members(a, pe_version_fields);
    if (v != NULL) {
        v[PE_VER_MAJOR] = glc_value_int(major);
        v[PE_VER_MINOR] = glc_value_int(minor);
    }
    return glc_value_struct(v);
}

/* COFF file header at `pe->header` + 4. */
static void load_file_header(struct pe *pe, struct glc_value *member)
{
    const uint8_t *p = pe->data.ptr + pe->header + 4;
    member[PE_MACHINE] = glc_value_int(glc_le16(p));
    member[PE_NUMBER_OF_SECTIONS] = glc_value_int(glc_le16(p + 2));
    member[PE_TIMESTAMP] = glc_value_int(glc_le32(p + 4));
    member[PE_POINTER_TO_SYMBOL_TABLE] = glc_value_int(glc_le32(p + 8));
    member[PE_NUMBER_OF_SYMBOLS] = glc_value_int(glc_le32(p + 12));
    member[PE_SIZE_OF_OPTIONAL_HEADER] = glc_value_int(glc_le16(p + 16));
    member[PE_CHARACTERISTICS] = glc_value_int(glc_le16(p + 18));
    pe->characteristics = glc_le16(p + 18);
}

/* What both optional headers have at the same place, then the four sizes and what follows them. */
static void load_optional_header(struct pe *pe, struct glc_value *member)
{
    const uint8_t *p = pe->data.ptr + pe->optional;
    struct glc_arena *a = pe->arena;
    uint32_t entry = glc_le32(p + 16);
    int64_t entry_offset = pe_offset(pe, entry);
    member[PE_OPTHDR_MAGIC] = glc_value_int(glc_le16(p));
    member[PE_LINKER_VERSION] = version(a, p[2], p[3]);
    member[PE_SIZE_OF_CODE] = glc_value_int(glc_le32(p + 4));
    member[PE_SIZE_OF_INITIALIZED_DATA] = glc_value_int(glc_le32(p + 8));
    member[PE_SIZE_OF_UNINITIALIZED_DATA] = glc_value_int(glc_le32(p + 12));
    member[PE_ENTRY_POINT_RAW] = glc_value_int(entry);
    member[PE_ENTRY_POINT] = glc_value_int(entry_offset < 0 ? -1 : entry_offset);
    member[PE_BASE_OF_CODE] = glc_value_int(glc_le32(p + 20));
    if (!pe->wide)
        member[PE_BASE_OF_DATA] = glc_value_int(glc_le32(p + 24));
    member[PE_IMAGE_BASE] = glc_value_int(pe->wide ? (int64_t)glc_le64(p + 24) : glc_le32(p + 28));
    member[PE_SECTION_ALIGNMENT] = glc_value_int(glc_le32(p + 32));
    member[PE_FILE_ALIGNMENT] = glc_value_int(glc_le32(p + 36));
    member[PE_OS_VERSION] = version(a, glc_le16(p + 40), glc_le16(p + 42));
    member[PE_IMAGE_VERSION] = version(a, glc_le16(p + 44), glc_le16(p + 46));
    member[PE_SUBSYSTEM_VERSION] = version(a, glc_le16(p + 48), glc_le16(p + 50));
    member[PE_WIN32_VERSION_VALUE] = glc_value_int(glc_le32(p + 52));
    member[PE_SIZE_OF_IMAGE] = glc_value_int(glc_le32(p + 56));
    member[PE_SIZE_OF_HEADERS] = glc_value_int(glc_le32(p + 60));
    member[PE_CHECKSUM] = glc_value_int(glc_le32(p + 64));
    member[PE_SUBSYSTEM] = glc_value_int(glc_le16(p + 68));
    member[PE_DLL_CHARACTERISTICS] = glc_value_int(glc_le16(p + 70));
    size_t word = pe->wide ? 8 : 4;
    for (size_t i = 0; i < 4; i++) /* stack reserve, stack commit, heap reserve, heap commit */
        member[PE_SIZE_OF_STACK_RESERVE + i] =
            glc_value_int(pe->wide ? (int64_t)glc_le64(p + 72 + 8 * i) : glc_le32(p + 72 + 4 * i));
    member[PE_LOADER_FLAGS] = glc_value_int(glc_le32(p + 72 + 4 * word));
    member[PE_NUMBER_OF_RVA_AND_SIZES] = glc_value_int(glc_le32(p + 76 + 4 * word));
}

static void load_directories(struct pe *pe, struct glc_value *member)
{
    struct glc_values all = { 0 };
    const uint8_t *p = pe->data.ptr + pe->optional + (pe->wide ? 108 : 92);
    uint32_t n = glc_le32(p);
    struct glc_cursor c =
        glc_cursor(glc_span_sub(pe->data, (uint64_t)(p + 4 - pe->data.ptr), 8 * PE_DIRECTORIES));
    for (uint32_t i = 0; i < n && i < PE_DIRECTORIES; i++) {
        uint32_t address = glc_cursor_u32le(&c), size = glc_cursor_u32le(&c);
        struct glc_value *d =
            glc_cursor_ok(&c) ? glc_values_add_struct(pe->arena, &all, pe_directory_fields) : NULL;
        if (d == NULL)
            break;
        d[PE_DIR_ADDRESS] = glc_value_int(address);
        d[PE_DIR_SIZE] = glc_value_int(size);
        pe->directory[i][0] = address;
        pe->directory[i][1] = size;
    }
    member[PE_DATA_DIRECTORIES] = glc_values_array(&all);
}

/* A long name lies in the COFF string table behind the symbols, and the header has "/offset" in decimal. */
static struct glc_value full_name(const struct pe *pe, struct glc_span name)
{
    const uint8_t *p = pe->data.ptr + pe->header + 4;
    uint64_t table = glc_le32(p + 8) + (uint64_t)glc_le32(p + 12) * 18, off = 0;
    if (name.len == 0 || name.ptr[0] != '/' || glc_le32(p + 8) == 0)
        return glc_value_str(name);
    for (size_t i = 1; i < name.len; i++) {
        if (name.ptr[i] < '0' || name.ptr[i] > '9')
            return glc_value_undefined(GLC_T_STRING);
        off = off * 10 + (uint64_t)(name.ptr[i] - '0');
    }
    struct glc_cursor c = glc_cursor(pe->data);
    (void)glc_cursor_seek(&c, table + off);
    struct glc_span full = glc_cursor_cstr(&c, LONGEST_PATH);
    return glc_cursor_ok(&c) ? glc_value_str(full) : glc_value_undefined(GLC_T_STRING);
}

static void load_section(struct pe *pe, const uint8_t *p, struct glc_value *v)
{
    const uint8_t *nul = memchr(p, 0, 8);
    struct glc_span name = glc_span(p, nul == NULL ? 8 : (size_t)(nul - p));
    v[PE_SEC_NAME] = glc_value_str(name);
    v[PE_SEC_FULL_NAME] = full_name(pe, name);
    v[PE_SEC_VIRTUAL_SIZE] = glc_value_int(glc_le32(p + 8));
    v[PE_SEC_ADDRESS] = glc_value_int(glc_le32(p + 12));
    v[PE_SEC_SIZE] = glc_value_int(glc_le32(p + 16));
    v[PE_SEC_OFFSET] = glc_value_int(glc_le32(p + 20));
    v[PE_SEC_RELOCATIONS] = glc_value_int(glc_le32(p + 24));
    v[PE_SEC_LINE_NUMBERS] = glc_value_int(glc_le32(p + 28));
    v[PE_SEC_NUMBER_OF_RELOCATIONS] = glc_value_int(glc_le16(p + 32));
    v[PE_SEC_NUMBER_OF_LINE_NUMBERS] = glc_value_int(glc_le16(p + 34));
    v[PE_SEC_CHARACTERISTICS] = glc_value_int(glc_le32(p + 36));
}

/* The headers of as many sections as lie in the file. */
static void parse_sections(struct pe *pe)
{
    const uint8_t *p = pe->data.ptr + pe->header + 4;
    uint32_t n = glc_le16(p + 2);
    struct glc_span table =
        glc_span_sub(pe->data, pe->optional + (uint64_t)glc_le16(p + 16), 40 * (uint64_t)n);
    pe->section = glc_arena_array(pe->arena, n, sizeof *pe->section);
    for (uint32_t i = 0; pe->section != NULL && i < n && table.len - 40 * (size_t)i >= 40; i++) {
        const uint8_t *s = table.ptr + 40 * (size_t)i;
        pe->section[pe->sections++] = (struct pe_section){ .memory = glc_le32(s + 8),
                                                           .address = glc_le32(s + 12),
                                                           .size = glc_le32(s + 16),
                                                           .offset = glc_le32(s + 20) };
    }
}

static void load_sections(struct pe *pe, struct glc_value *member)
{
    const uint8_t *p = pe->data.ptr + pe->header + 4;
    size_t table = pe->optional + glc_le16(p + 16);
    struct glc_values all = { 0 };
    uint64_t end = 0;
    for (uint32_t i = 0; i < pe->sections; i++) {
        struct glc_value *v = glc_values_add_struct(pe->arena, &all, pe_section_fields);
        if (v == NULL)
            break;
        load_section(pe, pe->data.ptr + table + 40 * (size_t)i, v);
        uint64_t last = (uint64_t)pe->section[i].offset + pe->section[i].size;
        if (last > end)
            end = last;
    }
    member[PE_SECTIONS] = glc_values_array(&all);
    struct glc_value *overlay = glc_value_members(pe->arena, pe_overlay_fields);
    if (overlay != NULL) {
        bool has = end != 0 && end < pe->data.len;
        overlay[PE_OVL_OFFSET] = glc_value_int(has ? (int64_t)end : 0);
        overlay[PE_OVL_SIZE] = glc_value_int(has ? (int64_t)(pe->data.len - end) : 0);
    }
    member[PE_OVERLAY] = glc_value_struct(overlay);
}

/* IMAGE_DEBUG_TYPE_CODEVIEW: "RSDS" GUID age path, or "NB10" offset time age path. */
static bool codeview_path(const struct pe *pe, const uint8_t *entry, struct glc_span *out)
{
    int64_t at = glc_le32(entry + 24);
    if (at == 0)
        at = pe_offset(pe, glc_le32(entry + 20));
    struct glc_span s = at <= 0 ? glc_span(NULL, 0) : glc_span_sub(pe->data, (uint64_t)at, UINT64_MAX);
    size_t head = glc_span_starts(s, glc_span_str("RSDS"))   ? 24
                  : glc_span_starts(s, glc_span_str("NB10")) ? 16
                                                             : 0;
    struct glc_cursor c = glc_cursor(s);
    (void)glc_cursor_skip(&c, head);
    *out = glc_cursor_cstr(&c, LONGEST_PATH);
    return head != 0 && glc_cursor_ok(&c) && out->len != 0;
}

static void load_debug_path(struct pe *pe, struct glc_value *member)
{
    struct glc_span table = pe_at(pe, pe->directory[PE_DIR_DEBUG][0]);
    uint32_t n = pe->directory[PE_DIR_DEBUG][1] / 28;
    struct glc_span path;
    if (pe->directory[PE_DIR_DEBUG][0] == 0)
        return;
    for (uint32_t i = 0; i < n && i < MOST_DEBUG_ENTRIES && table.len - 28 * (size_t)i >= 28; i++) {
        const uint8_t *entry = table.ptr + 28 * (size_t)i;
        if (glc_le32(entry + 12) == 2 && codeview_path(pe, entry, &path)) {
            member[PE_PDB_PATH] = glc_value_str(path);
            return;
        }
    }
}

/* Find the headers; false: not a PE file. */
static bool parse_headers(struct pe *pe)
{
    struct glc_span d = pe->data;
    if (d.len < 64 || d.ptr[0] != 'M' || d.ptr[1] != 'Z')
        return false;
    uint32_t at = glc_le32(d.ptr + 60);
    if (at > INT32_MAX || at > d.len || d.len - at < 24 || memcmp(d.ptr + at, "PE\0\0", 4) != 0)
        return false;
    pe->header = at;
    pe->optional = (size_t)at + 24;
    size_t left = d.len - pe->optional;
    if (left < 2)
        return false;
    pe->wide = glc_le16(d.ptr + pe->optional) == 0x20b;
    if (left < (pe->wide ? 240u : 224u))
        return false;
    pe->section_alignment = glc_le32(d.ptr + pe->optional + 32);
    pe->file_alignment = glc_le32(d.ptr + pe->optional + 36);
    parse_sections(pe);
    return true;
}

static void load(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    struct pe *pe = glc_arena_alloc(ctx->arena, sizeof *pe);
    member[PE_IS_PE] = glc_value_int(0);
    if (pe == NULL)
        return;
    *pe = (struct pe){ .data = ctx->data, .arena = ctx->arena, .member = member };
    if (!parse_headers(pe))
        return;
    *own = pe;
    member[PE_IS_PE] = glc_value_int(1);
    load_file_header(pe, member);
    load_optional_header(pe, member);
    load_directories(pe, member);
    load_sections(pe, member);
    load_debug_path(pe, member);
    pe_load_rich(pe, member);
    pe_load_imports(pe, member);
    pe_load_exports(pe, member);
    pe_load_resources(pe, member);
    pe_load_signatures(pe, member);
}

const struct glc_module glc_pe_module = {
    .name = "pe",
    .help = "Windows programs: headers, sections, imports, exports, resources, signatures",
    .fields = pe_fields,
    .functions = pe_functions,
    .load = load,
};
