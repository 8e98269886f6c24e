/* The module `macho`. */
#include "format/macho/macho_module.h"

#include "format/macho/macho.h"
#include "format/module/modules.h"

#include "base/cursor.h"

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
    (void)own;
    if (!load_file(ctx->data, ctx->arena, member) && glc_macho_fat(ctx->data, ctx->arena, &slice, &n))
        load_universal(ctx, slice, n, member);
}

static const struct glc_function functions[] = {
    { "file_index_for_arch", "i", GLC_T_INT, "index in `file` of a CPU type", file_index_type },
    { "file_index_for_arch", "ii", GLC_T_INT, "index in `file` of a CPU type and subtype",
      file_index_subtype },
    { "entry_point_for_arch", "i", GLC_T_INT, "entry point of a CPU type's file", entry_point_type },
    { "entry_point_for_arch", "ii", GLC_T_INT, "entry point of a CPU type's and subtype's file",
      entry_point_subtype },
    { 0 },
};

const struct glc_module glc_macho_module = {
    .name = "macho",
    .help = "Programs of macOS and iOS, universal ones too",
    .fields = macho_fields,
    .functions = functions,
    .load = load,
};
