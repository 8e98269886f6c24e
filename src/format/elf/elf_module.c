/* The module `elf`: header, sections, segments, the dynamic segment, symbols. System V ABI, "Object Files".
 * Where that leaves hostile files open, the module answers as yara 4.2.3. */
#include "format/elf/elf_module.h"

#include "format/elf/elf.h"
#include "format/module/modules.h"

#include "base/digest.h"
#include "base/tlsh.h"

#include <stdlib.h>

enum {
    LONGEST_NAME = 4096,
    RESERVED_SECTIONS = 0xff00,
    MOST_SYMBOLS = 1 << 20,
    ET_EXEC = 2,
    IDENT_OSABI = 7
};
enum { SYMBOL_32 = 16, SYMBOL_64 = 24, DYNAMIC_32 = 8, DYNAMIC_64 = 16 };

/* The parse, and what was computed from it: hundreds of rules may ask for the same hash. */
struct elf_own {
    struct glc_elf elf;
    struct glc_value import_md5, telfhash;
    bool has_import_md5, has_telfhash;
};

/* A string of a string table; undefined where it does not end in it, or where the table does not begin with
 * the empty string as all do. */
static struct glc_value name_at(struct glc_span table, uint64_t off)
{
    if (table.len == 0 || table.ptr[0] != 0)
        return glc_value_undefined(GLC_T_STRING);
    struct glc_cursor c = glc_cursor(table);
    (void)glc_cursor_seek(&c, off);
    struct glc_span s = glc_cursor_cstr(&c, LONGEST_NAME);
    return glc_cursor_ok(&c) ? glc_value_str(s) : glc_value_undefined(GLC_T_STRING);
}

/* The bytes of a section, where all of them are in the file. */
static struct glc_span section_bytes(const struct glc_elf *elf, uint32_t index)
{
    if (index >= elf->sections)
        return glc_span(NULL, 0);
    const struct glc_elf_section *s = &elf->section[index];
    if (s->type == GLC_ELF_SHT_NOBITS || s->offset > elf->data.len || s->size > elf->data.len - s->offset)
        return glc_span(NULL, 0);
    return glc_span_sub(elf->data, s->offset, s->size);
}

static void load_sections(const struct glc_elf *elf, struct glc_arena *a, struct glc_value *member)
{
    struct glc_values all = { 0 };
    struct glc_span names = elf->names < elf->sections
                                ? glc_span_sub(elf->data, elf->section[elf->names].offset, UINT64_MAX)
                                : glc_span(NULL, 0);
    for (uint32_t i = 0; i < elf->sections; i++) {
        const struct glc_elf_section *s = &elf->section[i];
        struct glc_value *v = glc_values_add_struct(a, &all, elf_section_fields);
        if (v == NULL)
            break;
        v[ELF_SEC_TYPE] = glc_value_int(s->type);
        v[ELF_SEC_FLAGS] = glc_value_int((int64_t)s->flags);
        v[ELF_SEC_ADDRESS] = glc_value_int((int64_t)s->address);
        v[ELF_SEC_SIZE] = glc_value_int((int64_t)s->size);
        v[ELF_SEC_OFFSET] = glc_value_int((int64_t)s->offset);
        v[ELF_SEC_NAME] = name_at(names, s->name);
    }
    member[ELF_SECTIONS] = glc_values_array(&all);
}

static void load_dynamic(const struct glc_elf *elf, struct glc_arena *a, const struct glc_elf_segment *s,
                         struct glc_value *member)
{
    struct glc_values all = { 0 };
    size_t size = elf->wide ? DYNAMIC_64 : DYNAMIC_32;
    struct glc_cursor c = glc_cursor(glc_span_sub(elf->data, s->offset, UINT64_MAX));
    while (glc_cursor_left(&c) >= size) {
        uint64_t type = glc_elf_word(elf, &c), value = glc_elf_word(elf, &c);
        struct glc_value *v = glc_values_add_struct(a, &all, elf_dynamic_fields);
        if (v == NULL)
            break;
        v[ELF_DYN_TYPE] = glc_value_int((int64_t)type);
        v[ELF_DYN_VAL] = glc_value_int((int64_t)value);
        if (type == 0)
            break;
    }
    member[ELF_DYNAMIC] = glc_values_array(&all);
    member[ELF_DYNAMIC_SECTION_ENTRIES] = glc_value_int((int64_t)all.n);
}

static void load_segments(const struct glc_elf *elf, struct glc_arena *a, struct glc_value *member)
{
    struct glc_values all = { 0 };
    for (uint32_t i = 0; i < elf->segments; i++) {
        const struct glc_elf_segment *s = &elf->segment[i];
        struct glc_value *v = glc_values_add_struct(a, &all, elf_segment_fields);
        if (v == NULL)
            break;
        v[ELF_SEG_TYPE] = glc_value_int(s->type);
        v[ELF_SEG_FLAGS] = glc_value_int(s->flags);
        v[ELF_SEG_OFFSET] = glc_value_int((int64_t)s->offset);
        v[ELF_SEG_VIRTUAL_ADDRESS] = glc_value_int((int64_t)s->address);
        v[ELF_SEG_PHYSICAL_ADDRESS] = glc_value_int((int64_t)s->physical);
        v[ELF_SEG_FILE_SIZE] = glc_value_int((int64_t)s->file_size);
        v[ELF_SEG_MEMORY_SIZE] = glc_value_int((int64_t)s->memory);
        v[ELF_SEG_ALIGNMENT] = glc_value_int((int64_t)s->align);
        if (s->type == GLC_ELF_PT_DYNAMIC)
            load_dynamic(elf, a, s, member);
    }
    member[ELF_SEGMENTS] = glc_values_array(&all);
}

static void load_symbol(const struct glc_elf *elf, struct glc_cursor *c, struct glc_span names,
                        struct glc_value *v)
{
    uint64_t value = 0, size = 0;
    uint32_t name = glc_elf_u32(elf, c);
    if (!elf->wide) {
        value = glc_elf_u32(elf, c);
        size = glc_elf_u32(elf, c);
    }
    uint8_t info = glc_cursor_u8(c);
    uint8_t other = glc_cursor_u8(c);
    uint16_t section = glc_elf_u16(elf, c);
    if (elf->wide) {
        value = glc_elf_u64(elf, c);
        size = glc_elf_u64(elf, c);
    }
    v[ELF_SYM_NAME] = name_at(names, name);
    v[ELF_SYM_VALUE] = glc_value_int((int64_t)value);
    v[ELF_SYM_SIZE] = glc_value_int((int64_t)size);
    v[ELF_SYM_TYPE] = glc_value_int(info & 15);
    v[ELF_SYM_BIND] = glc_value_int(info >> 4);
    v[ELF_SYM_SHNDX] = glc_value_int(section);
    v[ELF_SYM_VISIBILITY] = glc_value_int(other & 3);
}

/* The last section of the type, with the names of the section that it links to. */
static void load_symbols(const struct glc_elf *elf, struct glc_arena *a, uint32_t type,
                         struct glc_value *count, struct glc_value *list)
{
    struct glc_values all = { 0 };
    size_t size = elf->wide ? SYMBOL_64 : SYMBOL_32;
    uint32_t at = UINT32_MAX;
    for (uint32_t i = 0; i < elf->sections; i++)
        if (elf->section[i].type == type)
            at = i;
    if (at == UINT32_MAX)
        return;
    struct glc_span table = section_bytes(elf, at), names = section_bytes(elf, elf->section[at].link);
    if (table.ptr == NULL || names.ptr == NULL ||
        elf->section[elf->section[at].link].type != GLC_ELF_SHT_STRTAB)
        return;
    struct glc_cursor c = glc_cursor(table);
    while (glc_cursor_left(&c) >= size && all.n < MOST_SYMBOLS) {
        struct glc_value *v = glc_values_add_struct(a, &all, elf_symbol_fields);
        if (v == NULL)
            break;
        load_symbol(elf, &c, names, v);
    }
    *list = glc_values_array(&all);
    *count = glc_value_int((int64_t)all.n);
}

/* Of a program by its segments alone, of everything else (a position-independent program, too) by its
 * sections alone: what yara's module does, though not its keyword `entrypoint`. */
static uint64_t entry_offset(const struct glc_elf *elf)
{
    struct glc_elf only = *elf;
    if (elf->type == ET_EXEC && elf->declared_segments == 0)
        return GLC_NO_OFFSET;
    if (elf->type != ET_EXEC)
        only.segments = only.declared_segments = 0;
    return glc_elf_offset(&only, elf->entry);
}

static void load(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    struct elf_own *mine = glc_arena_alloc(ctx->arena, sizeof *mine);
    if (mine == NULL || !glc_elf_parse(ctx->data, ctx->arena, &mine->elf))
        return;
    mine->import_md5 = mine->telfhash = glc_value_undefined(GLC_T_STRING);
    const struct glc_elf *elf = &mine->elf;
    *own = mine;
    member[ELF_TYPE] = glc_value_int(elf->type);
    member[ELF_OSABI] = glc_value_int(ctx->data.ptr[IDENT_OSABI]);
    member[ELF_MACHINE] = glc_value_int(elf->machine);
    member[ELF_SH_OFFSET] = glc_value_int((int64_t)elf->sh_offset);
    member[ELF_SH_ENTRY_SIZE] = glc_value_int(elf->sh_size);
    member[ELF_NUMBER_OF_SECTIONS] = glc_value_int(elf->declared_sections);
    member[ELF_PH_OFFSET] = glc_value_int((int64_t)elf->ph_offset);
    member[ELF_PH_ENTRY_SIZE] = glc_value_int(elf->ph_size);
    member[ELF_NUMBER_OF_SEGMENTS] = glc_value_int(elf->declared_segments);
    uint64_t entry = elf->entry == 0 ? GLC_NO_OFFSET : entry_offset(elf);
    if (entry != GLC_NO_OFFSET)
        member[ELF_ENTRY_POINT] = glc_value_int((int64_t)entry);
    /* Tables that the file does not hold whole are not looked into. */
    if (elf->sections == elf->declared_sections && elf->declared_sections < RESERVED_SECTIONS &&
        elf->names < elf->sections) {
        load_sections(elf, ctx->arena, member);
        load_symbols(elf, ctx->arena, GLC_ELF_SHT_SYMTAB, &member[ELF_SYMTAB_ENTRIES], &member[ELF_SYMTAB]);
        load_symbols(elf, ctx->arena, GLC_ELF_SHT_DYNSYM, &member[ELF_DYNSYM_ENTRIES], &member[ELF_DYNSYM]);
    }
    if (elf->segments == elf->declared_segments)
        load_segments(elf, ctx->arena, member);
}

static int by_text(const void *a, const void *b)
{
    const struct glc_span *x = a, *y = b;
    size_t n = x->len < y->len ? x->len : y->len;
    int d = n == 0 ? 0 : memcmp(x->ptr, y->ptr, n);
    return d != 0 ? d : (x->len > y->len) - (x->len < y->len);
}

static bool is_import(const struct glc_value *symbol)
{
    return symbol[ELF_SYM_SHNDX].u.integer == 0;
}

static bool starts_with(struct glc_span s, const char *with)
{
    size_t n = strlen(with);
    return s.len >= n && memcmp(s.ptr, with, n) == 0;
}

/* What telfhash counts: functions that others see, but for those that depend on compiler and machine. */
static bool is_telling(const struct glc_value *symbol)
{
    enum { STT_FUNC = 2, STB_GLOBAL = 1, STV_DEFAULT = 0 };
    static const char *const common[] = { "main", "abort", "cachectl",    "cacheflush",
                                          "puts", "atol",  "malloc_trim", NULL };
    static const char *const prefix[] = { "_", ".", "str", "mem", NULL };
    struct glc_span name = symbol[ELF_SYM_NAME].u.text;
    if (symbol[ELF_SYM_TYPE].u.integer != STT_FUNC || symbol[ELF_SYM_BIND].u.integer != STB_GLOBAL ||
        symbol[ELF_SYM_VISIBILITY].u.integer != STV_DEFAULT)
        return false;
    for (size_t i = 0; common[i] != NULL; i++)
        if (glc_span_is(name, common[i]))
            return false;
    for (size_t i = 0; prefix[i] != NULL; i++)
        if (starts_with(name, prefix[i]))
            return false;
    return name.len < 2 || memcmp(name.ptr + name.len - 2, "64", 2) != 0;
}

/* Names of the symbols that are wanted, in lower case, sorted, with commas between. Empty: there are none, or
 * no memory. */
static struct glc_span joined_names(const struct glc_module_ctx *ctx, const struct glc_value *list,
                                    bool (*wanted)(const struct glc_value *symbol))
{
    struct glc_span *name = glc_arena_array(ctx->arena, list->u.array.n, sizeof *name);
    size_t n = 0, len = 0, at = 0;
    for (uint32_t i = 0; name != NULL && i < list->u.array.n; i++) {
        const struct glc_value *s = list->u.array.item[i].u.member;
        if (!s[ELF_SYM_NAME].defined || s[ELF_SYM_NAME].u.text.len == 0 || !wanted(s))
            continue;
        char *lower = glc_arena_strdup(ctx->arena, s[ELF_SYM_NAME].u.text);
        if (lower == NULL)
            return glc_span(NULL, 0);
        for (char *p = lower; *p != '\0'; p++)
            *p = (char)glc_ascii_lower((uint8_t)*p);
        name[n] = glc_span_str(lower);
        len += name[n++].len + 1;
    }
    char *text = n != 0 ? glc_arena_alloc(ctx->arena, len) : NULL;
    if (text == NULL)
        return glc_span(NULL, 0);
    qsort(name, n, sizeof *name, by_text);
    for (size_t i = 0; i < n; i++) {
        memcpy(text + at, name[i].ptr, name[i].len);
        at += name[i].len;
        text[at++] = ',';
    }
    return glc_span(text, at - 1);
}

static struct glc_value import_md5(const struct glc_module_ctx *ctx, const struct glc_value *root,
                                   const struct glc_value *args)
{
    struct elf_own *own = root->u.own;
    (void)args;
    if (own == NULL || own->has_import_md5)
        return own == NULL ? glc_value_undefined(GLC_T_STRING) : own->import_md5;
    uint8_t out[GLC_DIGEST_MAX];
    struct glc_span names = joined_names(ctx, &root->u.member[ELF_DYNSYM], is_import);
    struct glc_digest *md5 = names.len == 0 ? NULL : glc_digest_new(GLC_MD5);
    if (md5 != NULL && glc_digest_of(md5, names, out))
        own->import_md5 = glc_value_cstr(glc_value_hex(ctx->arena, glc_span(out, 16)));
    glc_digest_free(md5);
    own->has_import_md5 = true;
    return own->import_md5;
}

/* Trend Micro, "telfhash: An Algorithm That Finds Similar Malicious ELF Files" (2020). A file without symbols
 * would be hashed by the addresses that it calls, which takes a disassembler: undefined here, as in YARA. */
static struct glc_value telfhash(const struct glc_module_ctx *ctx, const struct glc_value *root,
                                 const struct glc_value *args)
{
    struct elf_own *own = root->u.own;
    (void)args;
    if (own == NULL || own->has_telfhash)
        return own == NULL ? glc_value_undefined(GLC_T_STRING) : own->telfhash;
    const struct glc_value *list = &root->u.member[ELF_DYNSYM];
    if (!list->defined || list->u.array.n == 0)
        list = &root->u.member[ELF_SYMTAB];
    char text[GLC_TLSH_TEXT];
    struct glc_span names = joined_names(ctx, list, is_telling);
    if (names.len != 0 && glc_tlsh(names, text))
        own->telfhash = glc_value_cstr(glc_arena_strdup(ctx->arena, glc_span_str(text)));
    own->has_telfhash = true;
    return own->telfhash;
}

/* YARA-X does not count the entry that ends the list. */
static void load_x(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    load(ctx, member, own);
    struct glc_value *all = &member[ELF_DYNAMIC];
    uint32_t n = all->defined ? all->u.array.n : 0;
    if (n != 0 && all->u.array.item[n - 1].u.member[ELF_DYN_TYPE].u.integer == 0) {
        all->u.array.n = n - 1;
        member[ELF_DYNAMIC_SECTION_ENTRIES] = glc_value_int(n - 1);
    }
}

static const struct glc_function functions[] = {
    { "telfhash", "", GLC_T_STRING, "TLSH of the names of imported and exported functions", telfhash },
    { "import_md5", "", GLC_T_STRING, "MD5 of the names of imported symbols", import_md5 },
    { 0 },
};

const struct glc_module glc_elf_module = {
    .name = "elf",
    .help = "ELF programs and libraries",
    .first = "\177ELF",
    .fields = elf_fields,
    .functions = functions,
    .load = load,
};

const struct glc_module glc_elf_x_module = {
    .name = "elf",
    .dialect = "yara-x",
    .help = "As above; `dynamic` does not list its end, DT_NULL",
    .first = "\177ELF",
    .fields = elf_fields,
    .functions = functions,
    .load = load_x,
};
