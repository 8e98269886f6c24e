/* The module `pe`: headers, sections, overlay, debug path; its other parts are in files beside this one.
 * Microsoft, "PE Format". Where that leaves hostile files open, the module answers as yara 4.2.3.
 *
 * Every number of the file is checked where it becomes an offset (struct glc_cursor, glc_span_sub), every
 * table has a cap. */
#include "format/pe/pe_module.h"

#include "format/module/modules.h"

#include "base/cursor.h"
#include "base/num.h"

enum { MOST_DEBUG_ENTRIES = 64, LONGEST_PATH = 4096 };

struct glc_span pe_at(const struct pe *pe, uint64_t rva)
{
    int64_t off = pe_offset(pe, rva);
    return off < 0 ? glc_span(NULL, 0) : glc_span_sub(pe->h.data, (uint64_t)off, UINT64_MAX);
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

int64_t pe_offset(const struct pe *pe, uint64_t rva)
{
    uint64_t at = glc_pe_offset(&pe->h, rva);
    return at == GLC_NO_OFFSET ? -1 : (int64_t)at;
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

static void load_file_header(struct pe *pe, struct glc_value *member)
{
    const struct glc_pe *h = &pe->h;
    member[PE_MACHINE] = glc_value_int(h->machine);
    member[PE_NUMBER_OF_SECTIONS] = glc_value_int(h->declared_sections);
    member[PE_TIMESTAMP] = glc_value_int(h->timestamp);
    member[PE_POINTER_TO_SYMBOL_TABLE] = glc_value_int(h->symbols);
    member[PE_NUMBER_OF_SYMBOLS] = glc_value_int(h->n_symbols);
    member[PE_SIZE_OF_OPTIONAL_HEADER] = glc_value_int(h->optional_size);
    member[PE_CHARACTERISTICS] = glc_value_int(h->characteristics);
}

static void load_optional_header(struct pe *pe, struct glc_value *member)
{
    const struct glc_pe *h = &pe->h;
    struct glc_arena *a = pe->arena;
    member[PE_OPTHDR_MAGIC] = glc_value_int(h->magic);
    member[PE_LINKER_VERSION] = version(a, h->linker_major, h->linker_minor);
    member[PE_SIZE_OF_CODE] = glc_value_int(h->size_of_code);
    member[PE_SIZE_OF_INITIALIZED_DATA] = glc_value_int(h->size_of_data);
    member[PE_SIZE_OF_UNINITIALIZED_DATA] = glc_value_int(h->size_of_bss);
    member[PE_ENTRY_POINT_RAW] = glc_value_int(h->entry);
    member[PE_ENTRY_POINT] =
        glc_value_int(pe_offset(pe, h->entry)); /* -1, and defined, where it is nowhere */
    member[PE_BASE_OF_CODE] = glc_value_int(h->base_of_code);
    if (!h->plus)
        member[PE_BASE_OF_DATA] = glc_value_int(h->base_of_data);
    member[PE_IMAGE_BASE] = glc_value_int((int64_t)h->image_base);
    member[PE_SECTION_ALIGNMENT] = glc_value_int(h->section_alignment);
    member[PE_FILE_ALIGNMENT] = glc_value_int(h->file_alignment);
    member[PE_OS_VERSION] = version(a, h->os_major, h->os_minor);
    member[PE_IMAGE_VERSION] = version(a, h->image_major, h->image_minor);
    member[PE_SUBSYSTEM_VERSION] = version(a, h->subsystem_major, h->subsystem_minor);
    member[PE_WIN32_VERSION_VALUE] = glc_value_int(h->win32_version);
    member[PE_SIZE_OF_IMAGE] = glc_value_int(h->size_of_image);
    member[PE_SIZE_OF_HEADERS] = glc_value_int(h->size_of_headers);
    member[PE_CHECKSUM] = glc_value_int(h->checksum);
    member[PE_SUBSYSTEM] = glc_value_int(h->subsystem);
    member[PE_DLL_CHARACTERISTICS] = glc_value_int(h->dll_characteristics);
    member[PE_SIZE_OF_STACK_RESERVE] = glc_value_int((int64_t)h->stack_reserve);
    member[PE_SIZE_OF_STACK_COMMIT] = glc_value_int((int64_t)h->stack_commit);
    member[PE_SIZE_OF_HEAP_RESERVE] = glc_value_int((int64_t)h->heap_reserve);
    member[PE_SIZE_OF_HEAP_COMMIT] = glc_value_int((int64_t)h->heap_commit);
    member[PE_LOADER_FLAGS] = glc_value_int(h->loader_flags);
    member[PE_NUMBER_OF_RVA_AND_SIZES] = glc_value_int(h->declared_dirs);
}

static void load_directories(struct pe *pe, struct glc_value *member)
{
    struct glc_values all = { 0 };
    for (uint32_t i = 0; i < pe->h.declared_dirs && i < GLC_PE_DIRS; i++) {
        struct glc_value *d = glc_values_add_struct(pe->arena, &all, pe_directory_fields);
        if (d == NULL)
            break;
        d[PE_DIR_ADDRESS] = glc_value_int(pe->h.dir[i].address);
        d[PE_DIR_SIZE] = glc_value_int(pe->h.dir[i].size);
    }
    member[PE_DATA_DIRECTORIES] = glc_values_array(&all);
}

/* A long name lies in the COFF string table behind the symbols, and the header has "/offset" in decimal. */
static struct glc_value full_name(const struct pe *pe, struct glc_span name)
{
    uint64_t table = pe->h.symbols + (uint64_t)pe->h.n_symbols * 18, off = 0;
    if (name.len == 0 || name.ptr[0] != '/' || pe->h.symbols == 0)
        return glc_value_str(name);
    if (!glc_num_u64(glc_span_sub(name, 1, UINT64_MAX), &off))
        return glc_value_undefined(GLC_T_STRING);
    struct glc_cursor c = glc_cursor(pe->h.data);
    (void)glc_cursor_seek(&c, table + off);
    struct glc_span full = glc_cursor_cstr(&c, LONGEST_PATH);
    return glc_cursor_ok(&c) ? glc_value_str(full) : glc_value_undefined(GLC_T_STRING);
}

static void load_section(struct pe *pe, const struct glc_pe_section *s, struct glc_value *v)
{
    /* Eight bytes without the zeroes at their end; zeroes in between are part of the name. */
    struct glc_span name = glc_span(s->name.ptr, 8);
    while (name.len > 0 && name.ptr[name.len - 1] == 0)
        name.len--;
    v[PE_SEC_NAME] = glc_value_str(name);
    v[PE_SEC_FULL_NAME] = full_name(pe, name);
    v[PE_SEC_VIRTUAL_SIZE] = glc_value_int(s->virtual_size);
    v[PE_SEC_ADDRESS] = glc_value_int(s->address);
    v[PE_SEC_SIZE] = glc_value_int(s->raw_size);
    v[PE_SEC_OFFSET] = glc_value_int(s->raw_offset);
    v[PE_SEC_RELOCATIONS] = glc_value_int(s->relocations);
    v[PE_SEC_LINE_NUMBERS] = glc_value_int(s->line_numbers);
    v[PE_SEC_NUMBER_OF_RELOCATIONS] = glc_value_int(s->n_relocations);
    v[PE_SEC_NUMBER_OF_LINE_NUMBERS] = glc_value_int(s->n_line_numbers);
    v[PE_SEC_CHARACTERISTICS] = glc_value_int(s->flags);
}

static void load_sections(struct pe *pe, struct glc_value *member)
{
    struct glc_values all = { 0 };
    uint64_t end = 0;
    for (uint32_t i = 0; i < pe->h.sections; i++) {
        struct glc_value *v = glc_values_add_struct(pe->arena, &all, pe_section_fields);
        if (v == NULL)
            break;
        load_section(pe, &pe->h.section[i], v);
        uint64_t last = (uint64_t)pe->h.section[i].raw_offset + pe->h.section[i].raw_size;
        if (last > end)
            end = last;
    }
    member[PE_SECTIONS] = glc_values_array(&all);
    struct glc_value *overlay = glc_value_members(pe->arena, pe_overlay_fields);
    if (overlay != NULL) {
        bool has = end != 0 && end < pe->h.data.len;
        overlay[PE_OVL_OFFSET] = glc_value_int(has ? (int64_t)end : 0);
        overlay[PE_OVL_SIZE] = glc_value_int(has ? (int64_t)(pe->h.data.len - end) : 0);
    }
    member[PE_OVERLAY] = glc_value_struct(overlay);
}

/* IMAGE_DEBUG_TYPE_CODEVIEW: "RSDS" GUID age path, or "NB10" offset time age path. */
static bool codeview_path(const struct pe *pe, const uint8_t *entry, struct glc_span *out)
{
    int64_t at = glc_le32(entry + 24);
    if (at == 0)
        at = pe_offset(pe, glc_le32(entry + 20));
    struct glc_span s = at <= 0 ? glc_span(NULL, 0) : glc_span_sub(pe->h.data, (uint64_t)at, UINT64_MAX);
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
    struct glc_span table = pe_at(pe, pe->h.dir[GLC_PE_DIR_DEBUG].address);
    uint32_t n = pe->h.dir[GLC_PE_DIR_DEBUG].size / 28;
    struct glc_span path;
    if (pe->h.dir[GLC_PE_DIR_DEBUG].address == 0)
        return;
    for (uint32_t i = 0; i < n && i < MOST_DEBUG_ENTRIES && table.len - 28 * (size_t)i >= 28; i++) {
        const uint8_t *entry = table.ptr + 28 * (size_t)i;
        if (glc_le32(entry + 12) == 2 && codeview_path(pe, entry, &path)) {
            member[PE_PDB_PATH] = glc_value_str(path);
            return;
        }
    }
}

static void load(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    struct pe *pe = glc_arena_alloc(ctx->arena, sizeof *pe);
    member[PE_IS_PE] = glc_value_int(0);
    if (pe == NULL)
        return;
    pe->arena = ctx->arena;
    if (!glc_pe_parse(ctx->data, ctx->arena, &pe->h) || !pe->h.complete)
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
    .first = "MZ",
    .fields = pe_fields,
    .functions = pe_functions,
    .load = load,
};
