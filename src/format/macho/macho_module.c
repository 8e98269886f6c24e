/* The module `macho`. */
#include "format/macho/macho_module.h"

#include "format/macho/macho.h"
#include "format/module/modules.h"

#include "base/cursor.h"
#include "base/digest.h"

#include <stdlib.h>

/* The index of the first file of a universal one with the CPU type, and subtype where there is one; or -1. */
static int64_t find_arch(const struct glc_value *root, const struct glc_value *args, bool subtype)
{
    const struct glc_value *all = &root->u.member[MACHO_FAT_ARCH];
    for (uint32_t i = 0; i < all->u.array.n; i++) {
        const struct glc_value *arch = all->u.array.item[i].u.member;
        if (arch[MACHO_ARCH_CPUTYPE].u.integer == args[0].u.integer &&
            (!subtype || arch[MACHO_ARCH_CPUSUBTYPE].u.integer == args[1].u.integer))
            return i;
    }
    return -1;
}

#define CALL(name)                                                                                           \
    static struct glc_value name(const struct glc_module_ctx *ctx, const struct glc_value *root,             \
                                 const struct glc_value *args)

static struct glc_value file_index(const struct glc_value *root, const struct glc_value *args, bool subtype)
{
    int64_t i = find_arch(root, args, subtype);
    return i < 0 ? glc_value_undefined(GLC_T_INT) : glc_value_int(i);
}

/* Counted from the start of the universal file. */
static struct glc_value entry_point(const struct glc_value *root, const struct glc_value *args, bool subtype)
{
    int64_t i = find_arch(root, args, subtype);
    const struct glc_value *file = &root->u.member[MACHO_FILE];
    if (i < 0 || i >= file->u.array.n)
        return glc_value_undefined(GLC_T_INT);
    struct glc_value entry = file->u.array.item[i].u.member[MACHO_ENTRY_POINT];
    if (entry.defined)
        entry.u.integer +=
            root->u.member[MACHO_FAT_ARCH].u.array.item[i].u.member[MACHO_ARCH_OFFSET].u.integer;
    return entry;
}

CALL(file_index_type)
{
    (void)ctx;
    return file_index(root, args, false);
}

CALL(file_index_subtype)
{
    (void)ctx;
    return file_index(root, args, true);
}

CALL(entry_point_type)
{
    (void)ctx;
    return entry_point(root, args, false);
}

CALL(entry_point_subtype)
{
    (void)ctx;
    return entry_point(root, args, true);
}

static bool same_letter(uint8_t a, uint8_t b)
{
    return a == b || ((a | 32) == (b | 32) && (a | 32) >= 'a' && (a | 32) <= 'z');
}

static bool same_name(struct glc_span a, struct glc_span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (!same_letter(a.ptr[i], b.ptr[i]))
            return false;
    return true;
}

/* The text of an item: a string, or the name of a library. */
static const struct glc_value *text_of(const struct glc_value *item)
{
    return item->type == GLC_T_STRUCT ? &item->u.member[MACHO_LIB_NAME] : item;
}

static bool lists(const struct glc_value *member, enum macho_file_field which, struct glc_span name)
{
    const struct glc_value *all = &member[which];
    for (uint32_t i = 0; all->defined && i < all->u.array.n; i++) {
        const struct glc_value *s = text_of(&all->u.array.item[i]);
        if (s->defined && same_name(s->u.text, name))
            return true;
    }
    return false;
}

/* In the file, or in any file of a universal one. */
static struct glc_value has(const struct glc_value *root, enum macho_file_field which,
                            const struct glc_value *args)
{
    if (root->u.own == NULL)
        return glc_value_undefined(GLC_T_BOOL);
    const struct glc_value *files = &root->u.member[MACHO_FILE];
    bool found = lists(root->u.member, which, args[0].u.text);
    for (uint32_t i = 0; files->defined && !found && i < files->u.array.n; i++)
        found = lists(files->u.array.item[i].u.member, which, args[0].u.text);
    return glc_value_bool(found);
}

static int by_name(const void *a, const void *b)
{
    const struct glc_span *x = a, *y = b;
    int order = memcmp(x->ptr, y->ptr, x->len < y->len ? x->len : y->len);
    return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* The names in lower case and sorted; their number. */
static size_t sorted_names(struct glc_arena *a, const struct glc_value *all, struct glc_span **out)
{
    size_t n = 0;
    struct glc_span *name = glc_arena_array(a, all->u.array.n, sizeof *name);
    for (uint32_t i = 0; name != NULL && i < all->u.array.n; i++) {
        const struct glc_value *s = text_of(&all->u.array.item[i]);
        uint8_t *low = s->defined ? glc_arena_alloc(a, s->u.text.len + 1) : NULL;
        for (size_t k = 0; low != NULL && k < s->u.text.len; k++) {
            uint8_t c = s->u.text.ptr[k];
            low[k] = c >= 'A' && c <= 'Z' ? c | 32 : c;
        }
        if (low != NULL)
            name[n++] = glc_span(low, s->u.text.len);
    }
    if (n != 0)
        qsort(name, n, sizeof *name, by_name);
    *out = name;
    return n;
}

/* MD5 of the names, each once, with commas between them. YARA-X does not say so, its answers do. */
static struct glc_value names_hash(struct glc_arena *a, const struct glc_value *all)
{
    struct glc_span *name;
    uint8_t out[GLC_DIGEST_MAX];
    size_t n = all->defined ? sorted_names(a, all, &name) : 0;
    struct glc_digest *d = n == 0 ? NULL : glc_digest_new(GLC_MD5);
    bool good = d != NULL && glc_digest_begin(d);
    for (size_t i = 0; good && i < n; i++) {
        if (i != 0 && glc_span_eq(name[i], name[i - 1]))
            continue;
        good = (i == 0 || glc_digest_update(d, glc_span_str(","))) && glc_digest_update(d, name[i]);
    }
    good = good && glc_digest_end(d, out);
    glc_digest_free(d);
    return good ? glc_value_cstr(glc_value_hex(a, glc_span(out, glc_digest_len(GLC_MD5))))
                : glc_value_undefined(GLC_T_STRING);
}

/* Of a universal file, that of its first file. */
static struct glc_value hash(const struct glc_module_ctx *ctx, const struct glc_value *root,
                             enum macho_file_field which)
{
    if (root->u.own == NULL)
        return glc_value_undefined(GLC_T_STRING);
    const struct glc_value *files = &root->u.member[MACHO_FILE];
    bool universal = files->defined && files->u.array.n != 0;
    return names_hash(ctx->arena, &(universal ? files->u.array.item[0].u.member : root->u.member)[which]);
}

#define HAS(name, which)                                                                                     \
    CALL(name)                                                                                               \
    {                                                                                                        \
        (void)ctx;                                                                                           \
        return has(root, which, args);                                                                       \
    }
HAS(has_dylib, MACHO_DYLIBS)
HAS(has_entitlement, MACHO_ENTITLEMENTS)
HAS(has_export, MACHO_EXPORTS)
HAS(has_import, MACHO_IMPORTS)
HAS(has_rpath, MACHO_RPATHS)

#define HASH(name, which)                                                                                    \
    CALL(name)                                                                                               \
    {                                                                                                        \
        (void)args;                                                                                          \
        return hash(ctx, root, which);                                                                       \
    }
HASH(dylib_hash, MACHO_DYLIBS)
HASH(entitlement_hash, MACHO_ENTITLEMENTS)
HASH(export_hash, MACHO_EXPORTS)
HASH(import_hash, MACHO_IMPORTS)

static struct glc_value sections_of(const struct glc_macho *m, const struct glc_macho_segment *s,
                                    struct glc_arena *a)
{
    struct glc_values all = { 0 };
    for (uint32_t i = 0; i < s->sections; i++) {
        const struct glc_macho_section *c = &m->section[s->first + i];
        struct glc_value *v = glc_values_add_struct(a, &all, macho_section_fields);
        if (v == NULL)
            break;
        v[MACHO_SEC_SECTNAME] = glc_value_str(c->section_name);
        v[MACHO_SEC_SEGNAME] = glc_value_str(c->segment_name);
        v[MACHO_SEC_ADDR] = glc_value_int((int64_t)c->address);
        v[MACHO_SEC_SIZE] = glc_value_int((int64_t)c->size);
        v[MACHO_SEC_OFFSET] = glc_value_int(c->offset);
        v[MACHO_SEC_ALIGN] = glc_value_int(c->align);
        v[MACHO_SEC_RELOFF] = glc_value_int(c->relocations);
        v[MACHO_SEC_NRELOC] = glc_value_int(c->n_relocations);
        v[MACHO_SEC_FLAGS] = glc_value_int(c->flags);
        v[MACHO_SEC_RESERVED1] = glc_value_int(c->reserved[0]);
        v[MACHO_SEC_RESERVED2] = glc_value_int(c->reserved[1]);
        if (m->wide)
            v[MACHO_SEC_RESERVED3] = glc_value_int(c->reserved[2]);
    }
    return glc_values_array(&all);
}

static void load_segments(const struct glc_macho *m, struct glc_arena *a, struct glc_value *member)
{
    struct glc_values all = { 0 };
    for (uint32_t i = 0; i < m->segments; i++) {
        const struct glc_macho_segment *s = &m->segment[i];
        struct glc_value *v = glc_values_add_struct(a, &all, macho_segment_fields);
        if (v == NULL)
            break;
        v[MACHO_SEG_SEGNAME] = glc_value_str(s->name);
        v[MACHO_SEG_VMADDR] = glc_value_int((int64_t)s->address);
        v[MACHO_SEG_VMSIZE] = glc_value_int((int64_t)s->memory);
        v[MACHO_SEG_FILEOFF] = glc_value_int((int64_t)s->offset);
        v[MACHO_SEG_FSIZE] = glc_value_int((int64_t)s->file_size);
        v[MACHO_SEG_FILESIZE] = glc_value_int((int64_t)s->file_size);
        v[MACHO_SEG_MAXPROT] = glc_value_int(s->max_protection);
        v[MACHO_SEG_INITPROT] = glc_value_int(s->initial_protection);
        v[MACHO_SEG_NSECTS] = glc_value_int(s->declared_sections);
        v[MACHO_SEG_FLAGS] = glc_value_int(s->flags);
        v[MACHO_SEG_SECTIONS] = sections_of(m, s, a);
    }
    member[MACHO_SEGMENTS] = glc_values_array(&all);
    member[MACHO_NUMBER_OF_SEGMENTS] = glc_value_int((int64_t)all.n);
}

/* One Mach-O file; false: it is none. */
static bool load_file(struct glc_span data, struct glc_arena *a, struct glc_value *member)
{
    struct glc_macho m;
    if (!glc_macho_parse(data, a, &m))
        return false;
    /* The magic is given as a little-endian reader sees it, so that it tells the byte order. */
    member[MACHO_MAGIC] = glc_value_int(glc_le32(data.ptr));
    member[MACHO_CPUTYPE] = glc_value_int(m.cpu);
    member[MACHO_CPUSUBTYPE] = glc_value_int(m.cpu_sub);
    member[MACHO_FILETYPE] = glc_value_int(m.file_type);
    member[MACHO_NCMDS] = glc_value_int(m.declared_commands);
    member[MACHO_SIZEOFCMDS] = glc_value_int(m.commands_size);
    member[MACHO_FLAGS] = glc_value_int(m.flags);
    if (m.wide)
        member[MACHO_RESERVED] = glc_value_int(m.reserved);
    load_segments(&m, a, member);
    macho_load_commands(&m, a, member);
    if (m.has_main) {
        member[MACHO_ENTRY_POINT] = glc_value_int((int64_t)m.main_offset);
        member[MACHO_STACK_SIZE] = glc_value_int((int64_t)m.stack_size);
    } else if (m.has_thread) {
        uint64_t entry = glc_macho_offset(&m, m.thread_address);
        if (entry != GLC_NO_OFFSET)
            member[MACHO_ENTRY_POINT] = glc_value_int((int64_t)entry);
    }
    return true;
}

static void load_universal(const struct glc_module_ctx *ctx, const struct glc_macho_slice *slice, uint32_t n,
                           struct glc_value *member)
{
    struct glc_values arch = { 0 }, file = { 0 };
    member[MACHO_FAT_MAGIC] = glc_value_int(glc_be32(ctx->data.ptr));
    member[MACHO_NFAT_ARCH] = glc_value_int(n);
    for (uint32_t i = 0; i < n; i++) {
        struct glc_value *v = glc_values_add_struct(ctx->arena, &arch, macho_arch_fields);
        struct glc_value *f = v == NULL ? NULL : glc_values_add_struct(ctx->arena, &file, macho_file_fields);
        if (f == NULL)
            break;
        v[MACHO_ARCH_CPUTYPE] = glc_value_int(slice[i].cpu);
        v[MACHO_ARCH_CPUSUBTYPE] = glc_value_int(slice[i].cpu_sub);
        v[MACHO_ARCH_OFFSET] = glc_value_int((int64_t)slice[i].offset);
        v[MACHO_ARCH_SIZE] = glc_value_int((int64_t)slice[i].size);
        v[MACHO_ARCH_ALIGN] = glc_value_int(slice[i].align);
        if (ctx->data.ptr[3] == 0xbf)
            v[MACHO_ARCH_RESERVED] = glc_value_int(slice[i].reserved);
        if (slice[i].offset <= ctx->data.len && slice[i].size <= ctx->data.len - slice[i].offset)
            (void)load_file(glc_span_sub(ctx->data, slice[i].offset, slice[i].size), ctx->arena, f);
    }
    member[MACHO_FAT_ARCH] = glc_values_array(&arch);
    member[MACHO_FILE] = glc_values_array(&file);
}

static void load(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    const struct glc_macho_slice *slice;
    uint32_t n;
    bool single = load_file(ctx->data, ctx->arena, member);
    bool universal = !single && glc_macho_fat(ctx->data, ctx->arena, &slice, &n);
    if (universal)
        load_universal(ctx, slice, n, member);
    if (single || universal)
        *own = member; /* which only says that it is a Mach-O file */
}

/* YARA-X reads the magic as big-endian: MH_CIGAM for a file of little-endian machines, as those of today are.
 */
static void turn_magic(struct glc_value *magic)
{
    if (magic->defined)
        magic->u.integer = __builtin_bswap32((uint32_t)magic->u.integer);
}

static void load_x(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    load(ctx, member, own);
    turn_magic(&member[MACHO_MAGIC]);
}

static const struct glc_function functions[] = {
    { "file_index_for_arch", "i", GLC_T_INT, "index in `file` of a CPU type", file_index_type },
    { "file_index_for_arch", "ii", GLC_T_INT, "index in `file` of a CPU type and subtype",
      file_index_subtype },
    { "entry_point_for_arch", "i", GLC_T_INT, "entry point of a CPU type's file", entry_point_type },
    { "entry_point_for_arch", "ii", GLC_T_INT, "entry point of a CPU type's and subtype's file",
      entry_point_subtype },
    { "has_dylib", "s", GLC_T_BOOL, "does it need the library? (case does not matter)", has_dylib },
    { "has_entitlement", "s", GLC_T_BOOL, "does its signature give the entitlement?", has_entitlement },
    { "has_export", "s", GLC_T_BOOL, "does it export the name?", has_export },
    { "has_import", "s", GLC_T_BOOL, "does it import the name?", has_import },
    { "has_rpath", "s", GLC_T_BOOL, "is the path one of rpaths?", has_rpath },
    { "dylib_hash", "", GLC_T_STRING, "MD5 of the libraries' names", dylib_hash },
    { "entitlement_hash", "", GLC_T_STRING, "MD5 of the entitlements", entitlement_hash },
    { "export_hash", "", GLC_T_STRING, "MD5 of the exported names", export_hash },
    { "import_hash", "", GLC_T_STRING, "MD5 of the imported names", import_hash },
    { 0 },
};

const struct glc_module glc_macho_module = {
    .name = "macho",
    .help = "Programs of macOS and iOS, universal ones too",
    .fields = macho_fields,
    .functions = functions,
    .load = load,
};

const struct glc_module glc_macho_x_module = {
    .name = "macho",
    .dialect = "yara-x",
    .help = "As above; `magic` is read as big-endian",
    .fields = macho_fields,
    .functions = functions,
    .load = load_x,
};
