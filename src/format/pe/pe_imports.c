/* Imports, delayed imports and exports. Microsoft, "PE Format": "The .idata Section", "Delay-Load Import
 * Tables", "The .edata Section".
 *
 * Tables of hostile files overlap, loop into each other and claim millions of entries: every walk is along
 * the file's own bytes, and all of them together give at most so many functions. */
#include "format/pe/pe_module.h"

#include "base/cursor.h"

enum {
    MOST_LIBRARIES = 16384,
    MOST_FUNCTIONS = 65536,
    MOST_EXPORTS = 16384,
    LONGEST_NAME = 512,
    LONGEST_LIBRARY = 256
};

struct walk {
    struct pe *pe;
    uint64_t base;  /* subtracted from every address: the image base of old delayed imports */
    uint32_t total; /* functions so far */
};

/* What Windows takes for the name of a DLL: no control characters and none that a file name may not have. */
static bool library_name(const struct pe *pe, uint64_t rva, struct glc_span *out)
{
    struct glc_span s = { NULL, 0 };
    if (!pe_string(pe, rva, LONGEST_LIBRARY, &s) || s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < ' ' || strchr("\"*<>?|", s.ptr[i]) != NULL)
            return false;
    *out = s;
    return true;
}

/* One slot: by ordinal, or by the name behind a two-byte hint. */
static void load_function(struct walk *w, struct glc_span library, uint64_t slot, uint64_t rva,
                          struct glc_values *to)
{
    struct pe *pe = w->pe;
    uint64_t by_ordinal = pe->h.plus ? 1ull << 63 : 1ull << 31;
    struct glc_value name, ordinal = glc_value_undefined(GLC_T_INT);
    if ((slot & by_ordinal) != 0) {
        uint32_t number = (uint32_t)(slot & 0xffff);
        const char *known = pe_ordinal_name(library, number);
        ordinal = glc_value_int(number);
        name = glc_value_cstr(known != NULL ? known : glc_arena_printf(pe->arena, "ord%u", number));
    } else {
        struct glc_span s = slot < w->base ? glc_span(NULL, 0) : pe_at(pe, slot - w->base + 2);
        if (s.len == 0)
            return;
        name = glc_value_str(
            glc_span(s.ptr, strnlen((const char *)s.ptr, s.len < LONGEST_NAME ? s.len : LONGEST_NAME)));
    }
    struct glc_value *f = glc_values_add_struct(pe->arena, to, pe_function_fields);
    if (f == NULL)
        return;
    f[PE_FUN_NAME] = name;
    f[PE_FUN_ORDINAL] = ordinal;
    f[PE_FUN_RVA] = glc_value_int((int64_t)rva);
}

/* The functions of one library: slots up to a zero. `table` tells the names, `address` is where the loader
 * writes. */
static struct glc_values load_functions(struct walk *w, struct glc_span library, struct glc_span table,
                                        uint64_t address)
{
    struct glc_values all = { 0 };
    size_t word = w->pe->h.plus ? 8 : 4;
    for (size_t i = 0; i + word <= table.len && w->total < MOST_FUNCTIONS; i += word) {
        uint64_t slot = word == 8 ? glc_le64(table.ptr + i) : glc_le32(table.ptr + i);
        if (slot == 0)
            break;
        w->total++; /* a slot without a name counts, too, but has no place in the list */
        load_function(w, library, slot, address + i, &all);
    }
    return all;
}

static void add_library(struct pe *pe, struct glc_values *to, struct glc_span name,
                        const struct glc_values *functions)
{
    struct glc_value *v = glc_values_add_struct(pe->arena, to, pe_library_fields);
    if (v == NULL)
        return;
    v[PE_LIB_NAME] = glc_value_str(name);
    v[PE_LIB_NUMBER] = glc_value_int((int64_t)functions->n);
    v[PE_LIB_FUNCTIONS] = glc_values_array(functions);
}

static void load_standard(struct pe *pe, struct glc_value *member)
{
    struct glc_values all = { 0 };
    struct walk w = { .pe = pe };
    struct glc_span table = glc_span(NULL, 0), name;
    uint32_t libraries = 0;
    if (pe->h.dir[GLC_PE_DIR_IMPORT].address != 0)
        table = pe_at(pe, pe->h.dir[GLC_PE_DIR_IMPORT].address);
    for (size_t at = 0; at + 20 <= table.len && libraries < MOST_LIBRARIES; at += 20) {
        const uint8_t *d = table.ptr + at;
        uint32_t names = glc_le32(d), slots = glc_le32(d + 16);
        if (glc_le32(d + 12) == 0)
            break;
        if (pe_offset(pe, glc_le32(d + 12)) < 0) {
            libraries++; /* counts, but is not listed */
            continue;
        }
        if (!library_name(pe, glc_le32(d + 12), &name))
            continue;
        libraries++;
        struct glc_span thunks = pe_at(pe, names);
        if (names == 0 || thunks.len < 4 || glc_le32(thunks.ptr) == 0)
            thunks = pe_at(pe, slots);
        struct glc_values functions = load_functions(&w, name, thunks, slots);
        if (functions.n != 0)
            add_library(pe, &all, name, &functions);
    }
    member[PE_IMPORT_DETAILS] = glc_values_array(&all);
    member[PE_NUMBER_OF_IMPORTS] = glc_value_int(libraries);
    member[PE_NUMBER_OF_IMPORTED_FUNCTIONS] = glc_value_int(w.total);
}

/* Old linkers wrote addresses where newer ones, which set bit 0 of the attributes, write RVAs. */
static void load_delayed(struct pe *pe, struct glc_value *member)
{
    struct glc_values all = { 0 };
    struct walk w = { .pe = pe };
    struct glc_span table = glc_span(NULL, 0), name;
    if (pe->h.dir[GLC_PE_DIR_DELAY_IMPORT].address != 0)
        table = pe_at(pe, pe->h.dir[GLC_PE_DIR_DELAY_IMPORT].address);
    for (size_t at = 0; at + 32 <= table.len && all.n < MOST_LIBRARIES; at += 32) {
        const uint8_t *d = table.ptr + at;
        uint32_t dll = glc_le32(d + 4), slots = glc_le32(d + 12), names = glc_le32(d + 16);
        if (dll == 0 && names == 0)
            break;
        w.base = (glc_le32(d) & 1) != 0 ? 0 : (uint64_t)member[PE_IMAGE_BASE].u.integer;
        if (dll < w.base || names < w.base || !library_name(pe, dll - w.base, &name))
            continue;
        struct glc_values functions = load_functions(&w, name, pe_at(pe, names - w.base), slots - w.base);
        add_library(pe, &all, name, &functions);
    }
    struct glc_value list = glc_values_array(&all), n = glc_value_int((int64_t)all.n),
                     total = glc_value_int(w.total);
    member[PE_DELAY_IMPORT_DETAILS] = list;
    member[PE_DELAYED_IMPORT_DETAILS] = list;
    member[PE_NUMBER_OF_DELAYED_IMPORTS] = n;
    member[PE_NUMBER_OF_DELAY_IMPORTS] = n;
    member[PE_NUMBER_OF_DELAYED_IMPORTED_FUNCTIONS] = total;
    member[PE_NUMBER_OF_DELAY_IMPORTED_FUNCTIONS] = total;
}

void pe_load_imports(struct pe *pe, struct glc_value *member)
{
    load_standard(pe, member);
    load_delayed(pe, member);
}

/* One export; a function inside the export directory's own range is the name of another DLL's. */
static void load_export(struct pe *pe, uint32_t rva, int64_t ordinal, struct glc_value *e)
{
    uint32_t start = pe->h.dir[GLC_PE_DIR_EXPORT].address, size = pe->h.dir[GLC_PE_DIR_EXPORT].size;
    struct glc_span forward;
    int64_t offset = pe_offset(pe, rva);
    e[PE_EXP_ORDINAL] = glc_value_int(ordinal);
    e[PE_EXP_RVA] = glc_value_int(rva);
    if (rva >= start && rva - start < size) {
        if (pe_string(pe, rva, LONGEST_NAME, &forward))
            e[PE_EXP_FORWARD] = glc_value_str(forward);
    } else {
        e[PE_EXP_OFFSET] = glc_value_int(offset);
    }
}

/* The first name whose index is the function's. `first` says for every function which name that is, plus one.
 */
static uint32_t *names_by_function(struct pe *pe, struct glc_span indices, uint32_t names, uint32_t functions)
{
    uint32_t *first = glc_arena_array(pe->arena, functions, sizeof *first);
    for (uint32_t i = 0; first != NULL && i < names && 2 * (size_t)i + 2 <= indices.len; i++) {
        uint32_t f = glc_le16(indices.ptr + 2 * (size_t)i);
        if (f < functions && first[f] == 0)
            first[f] = i + 1;
    }
    return first;
}

void pe_load_exports(struct pe *pe, struct glc_value *member)
{
    struct glc_values all = { 0 };
    struct glc_span s, dir = glc_span(NULL, 0);
    member[PE_NUMBER_OF_EXPORTS] = glc_value_int(0);
    if (pe->h.dir[GLC_PE_DIR_EXPORT].address != 0)
        dir = pe_at(pe, pe->h.dir[GLC_PE_DIR_EXPORT].address);
    if (dir.len < 40)
        return;
    uint32_t base = glc_le32(dir.ptr + 16), functions = glc_le32(dir.ptr + 20),
             names = glc_le32(dir.ptr + 24);
    struct glc_span addresses = pe_at(pe, glc_le32(dir.ptr + 28)), texts = pe_at(pe, glc_le32(dir.ptr + 32));
    struct glc_span indices = pe_at(pe, glc_le32(dir.ptr + 36));
    member[PE_EXPORT_TIMESTAMP] = glc_value_int(glc_le32(dir.ptr + 4));
    if (pe_string(pe, glc_le32(dir.ptr + 12), LONGEST_NAME, &s))
        member[PE_DLL_NAME] = glc_value_str(s);
    functions = functions < MOST_EXPORTS ? functions : MOST_EXPORTS;
    if (functions > addresses.len / 4)
        return;
    const uint32_t *named = names_by_function(pe, indices, names, functions);
    for (uint32_t i = 0; named != NULL && i < functions; i++) {
        struct glc_value *e = glc_values_add_struct(pe->arena, &all, pe_export_fields);
        if (e == NULL)
            break;
        load_export(pe, glc_le32(addresses.ptr + 4 * (size_t)i), (int64_t)base + i, e);
        size_t text = named[i] == 0 ? SIZE_MAX : 4 * (size_t)(named[i] - 1);
        if (text < texts.len && texts.len - text >= 4 &&
            pe_string(pe, glc_le32(texts.ptr + text), LONGEST_NAME, &s))
            e[PE_EXP_NAME] = glc_value_str(s);
    }
    member[PE_EXPORT_DETAILS] = glc_values_array(&all);
    member[PE_NUMBER_OF_EXPORTS] = glc_value_int((int64_t)all.n);
}
