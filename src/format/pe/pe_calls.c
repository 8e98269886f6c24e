/* The functions of the module `pe`. They look into the values that were loaded, so that a condition that
 * walks `pe.import_details` and one that calls `pe.imports()` see the same. Corner cases are as yara 4.2.3
 * has them: names of functions do not care about case, and an ordinal above the number of exports is not
 * found. */
#include "format/pe/pe_module.h"

#include "base/cursor.h"
#include "base/digest.h"

#include "base/buf.h"

enum { IMPORT_STANDARD = 1, IMPORT_DELAYED = 2, IMPORT_ANY = -1 };

#define CALL(name)                                                                                           \
    static struct glc_value name(const struct glc_module_ctx *ctx, const struct glc_value *root,             \
                                 const struct glc_value *args)
#define NONE glc_value_undefined(GLC_T_INT)

/* A struct's member, and an array's item. */
static const struct glc_value *part(const struct glc_value *v, uint32_t field)
{
    return &v->u.member[field];
}

static bool same_name(const struct glc_value *v, struct glc_span name)
{
    return v->defined && glc_span_ieq(v->u.text, name);
}

CALL(is_dll)
{
    (void)ctx, (void)args;
    const struct pe *pe = root->u.own;
    return pe == NULL ? NONE : glc_value_int(pe->h.characteristics & 0x2000);
}

CALL(is_32bit)
{
    (void)ctx, (void)args;
    const struct pe *pe = root->u.own;
    return pe == NULL ? NONE : glc_value_int(!pe->h.plus);
}

CALL(is_64bit)
{
    (void)ctx, (void)args;
    const struct pe *pe = root->u.own;
    return pe == NULL ? NONE : glc_value_int(pe->h.plus);
}

/* The sum of all 16-bit words but the checksum's own two, with carries, plus the length (imagehlp's
 * CheckSumMappedFile). */
CALL(calculate_checksum)
{
    (void)ctx, (void)args;
    const struct pe *pe = root->u.own;
    if (pe == NULL)
        return NONE;
    size_t field = pe->h.optional + 64;
    uint64_t sum = 0;
    for (size_t i = 0; i + 1 < pe->h.data.len; i += 2)
        if (i != field && i != field + 2)
            sum += glc_le16(pe->h.data.ptr + i);
    if (pe->h.data.len % 2 != 0)
        sum += pe->h.data.ptr[pe->h.data.len - 1];
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return glc_value_int((int64_t)(uint32_t)(sum + pe->h.data.len));
}

CALL(section_index_name)
{
    (void)ctx;
    const struct pe *pe = root->u.own;
    const struct glc_value *all = part(root, PE_SECTIONS);
    for (uint32_t i = 0; pe != NULL && i < all->u.array.n; i++) {
        const struct glc_value *name = part(&all->u.array.item[i], PE_SEC_NAME);
        if (name->defined && glc_span_eq(name->u.text, args[0].u.text))
            return glc_value_int(i);
    }
    return NONE;
}

CALL(section_index_offset)
{
    (void)ctx;
    const struct pe *pe = root->u.own;
    int64_t at = args[0].u.integer;
    for (uint32_t i = 0; pe != NULL && i < pe->h.sections; i++)
        if (at >= pe->h.section[i].raw_offset && at - pe->h.section[i].raw_offset < pe->h.section[i].raw_size)
            return glc_value_int(i);
    return NONE;
}

CALL(rva_to_offset)
{
    (void)ctx;
    const struct pe *pe = root->u.own;
    int64_t at = pe == NULL || args[0].u.integer < 0 ? -1 : pe_offset(pe, (uint64_t)args[0].u.integer);
    return at < 0 ? NONE : glc_value_int(at);
}

/* Exports. `found` gives the index of the first that `wanted` accepts, or -1. */
static int64_t find_export(const struct glc_module_ctx *ctx, const struct glc_value *root,
                           const struct glc_value *wanted)
{
    const struct glc_value *all = part(root, PE_EXPORT_DETAILS);
    if (wanted->type == GLC_T_INT && (wanted->u.integer < 1 || wanted->u.integer > all->u.array.n))
        return -1;
    for (uint32_t i = 0; i < all->u.array.n; i++) {
        const struct glc_value *e = &all->u.array.item[i];
        const struct glc_value *name = part(e, PE_EXP_NAME), *ordinal = part(e, PE_EXP_ORDINAL);
        bool is = false;
        if (wanted->type == GLC_T_INT)
            is = ordinal->defined && ordinal->u.integer == wanted->u.integer;
        else if (wanted->type == GLC_T_STRING)
            is = same_name(name, wanted->u.text);
        else
            is = name->defined && ctx->regex_match(ctx, wanted->u.regex, name->u.text);
        if (is)
            return i;
    }
    return -1;
}

CALL(exports)
{
    return root->u.own == NULL ? NONE : glc_value_int(find_export(ctx, root, &args[0]) >= 0);
}

CALL(exports_index)
{
    int64_t i = root->u.own == NULL ? -1 : find_export(ctx, root, &args[0]);
    return i < 0 ? NONE : glc_value_int(i);
}

/* Imports. A wanted DLL or function is a string, a regular expression, for functions also an ordinal; NULL:
 * any. */
static bool wanted_here(const struct glc_module_ctx *ctx, const struct glc_value *wanted,
                        const struct glc_value *name, const struct glc_value *ordinal)
{
    if (wanted == NULL)
        return true;
    if (wanted->type == GLC_T_INT)
        return ordinal->defined && ordinal->u.integer == wanted->u.integer;
    if (wanted->type == GLC_T_STRING)
        return same_name(name, wanted->u.text);
    return name->defined && ctx->regex_match(ctx, wanted->u.regex, name->u.text);
}

/* How many functions of the list are wanted; *rva is that of the first. `one`: stop there. */
static int64_t count_imports(const struct glc_module_ctx *ctx, const struct glc_value *list,
                             const struct glc_value *dll, const struct glc_value *function, bool one,
                             struct glc_value *rva)
{
    int64_t n = 0;
    for (uint32_t i = 0; i < list->u.array.n; i++) {
        const struct glc_value *lib = &list->u.array.item[i], *funs = part(lib, PE_LIB_FUNCTIONS);
        if (!wanted_here(ctx, dll, part(lib, PE_LIB_NAME), NULL))
            continue;
        for (uint32_t k = 0; k < funs->u.array.n; k++) {
            const struct glc_value *f = &funs->u.array.item[k];
            if (!wanted_here(ctx, function, part(f, PE_FUN_NAME), part(f, PE_FUN_ORDINAL)))
                continue;
            if (n++ == 0 && rva != NULL)
                *rva = *part(f, PE_FUN_RVA);
            if (one)
                return n;
        }
    }
    return n;
}

static struct glc_value imports_of(const struct glc_module_ctx *ctx, const struct glc_value *root,
                                   int64_t which, const struct glc_value *dll,
                                   const struct glc_value *function)
{
    int64_t n = 0;
    /* A function named exactly is there or not; all else is counted. */
    bool one = function != NULL && function->type != GLC_T_REGEX;
    if (root->u.own == NULL)
        return NONE;
    if ((which & IMPORT_STANDARD) != 0)
        n += count_imports(ctx, part(root, PE_IMPORT_DETAILS), dll, function, one, NULL);
    if ((which & IMPORT_DELAYED) != 0 && !(one && n != 0))
        n += count_imports(ctx, part(root, PE_DELAY_IMPORT_DETAILS), dll, function, one, NULL);
    return glc_value_int(n);
}

CALL(imports_dll)
{
    return imports_of(ctx, root, IMPORT_STANDARD, &args[0], NULL);
}

CALL(imports_function)
{
    return imports_of(ctx, root, IMPORT_STANDARD, &args[0], &args[1]);
}

CALL(imports_flag_dll)
{
    return imports_of(ctx, root, args[0].u.integer, &args[1], NULL);
}

CALL(imports_flag_function)
{
    return imports_of(ctx, root, args[0].u.integer, &args[1], &args[2]);
}

static struct glc_value rva_of(const struct glc_module_ctx *ctx, const struct glc_value *list,
                               const struct glc_value *args)
{
    struct glc_value rva = NONE;
    (void)count_imports(ctx, list, &args[0], &args[1], true, &rva);
    return rva;
}

CALL(import_rva)
{
    return rva_of(ctx, part(root, PE_IMPORT_DETAILS), args);
}

CALL(delayed_import_rva)
{
    return rva_of(ctx, part(root, PE_DELAY_IMPORT_DETAILS), args);
}

/* Mandiant's import hash: MD5 of "dll.function,…" in lower case, a DLL's usual extensions cut. */
static void put_lower(struct glc_buf *b, struct glc_span s)
{
    for (size_t i = 0; i < s.len; i++)
        glc_buf_u8(b, glc_ascii_lower(s.ptr[i]));
}

static struct glc_span without_extension(struct glc_span name)
{
    static const char *const extension[] = { ".dll", ".ocx", ".sys" };
    for (size_t i = 0; name.len >= 4 && i < 3; i++)
        if (glc_span_ieq(glc_span(name.ptr + name.len - 4, 4), glc_span_str(extension[i])))
            return glc_span(name.ptr, name.len - 4);
    return name;
}

static void put_imports(struct glc_buf *b, const struct glc_value *list)
{
    for (uint32_t i = 0; i < list->u.array.n; i++) {
        const struct glc_value *lib = &list->u.array.item[i], *funs = part(lib, PE_LIB_FUNCTIONS);
        struct glc_span dll = without_extension(part(lib, PE_LIB_NAME)->u.text);
        for (uint32_t k = 0; k < funs->u.array.n; k++) {
            const struct glc_value *name = part(&funs->u.array.item[k], PE_FUN_NAME);
            const struct glc_value *ordinal = part(&funs->u.array.item[k], PE_FUN_ORDINAL);
            if (b->len != 0)
                glc_buf_u8(b, ',');
            put_lower(b, dll);
            glc_buf_u8(b, '.');
            if (name->defined)
                put_lower(b, name->u.text);
            else
                glc_buf_printf(b, "ord%lld", (long long)ordinal->u.integer);
        }
    }
}

CALL(imphash)
{
    (void)args;
    struct pe *pe = root->u.own;
    if (pe == NULL)
        return glc_value_undefined(GLC_T_STRING);
    if (pe->hashed)
        return pe->imphash;
    struct glc_buf b;
    uint8_t out[GLC_DIGEST_MAX];
    glc_buf_init(&b, 64u << 20);
    put_imports(&b, part(root, PE_IMPORT_DETAILS));
    struct glc_digest *md5 = glc_digest_new(GLC_MD5);
    pe->imphash = glc_value_undefined(GLC_T_STRING);
    if (md5 != NULL && !b.failed && glc_digest_of(md5, glc_buf_span(&b), out))
        pe->imphash = glc_value_cstr(glc_value_hex(ctx->arena, glc_span(out, 16)));
    pe->hashed = true;
    glc_digest_free(md5);
    glc_buf_done(&b);
    return pe->imphash;
}

static struct glc_value resource_language(const struct glc_value *root, int64_t wanted, int64_t mask)
{
    const struct glc_value *all = part(root, PE_RESOURCES);
    if (root->u.own == NULL)
        return NONE;
    for (uint32_t i = 0; i < all->u.array.n; i++) {
        const struct glc_value *l = part(&all->u.array.item[i], PE_RES_LANGUAGE);
        if (l->defined && (l->u.integer & mask) == wanted)
            return glc_value_int(1);
    }
    return glc_value_int(0);
}

CALL(locale)
{
    (void)ctx;
    return resource_language(root, args[0].u.integer, 0xffff);
}

CALL(language)
{
    (void)ctx;
    return resource_language(root, args[0].u.integer, 0xff);
}

/* The rich signature's records are pairs of words after its head of four: version and tool, and how often it
 * was used. */
static struct glc_value rich_count(const struct glc_value *rich, const struct glc_value *version,
                                   const struct glc_value *tool)
{
    const struct glc_value *clear = part(rich, PE_RICH_CLEAR);
    uint64_t n = 0;
    if (!clear->defined)
        return NONE;
    for (size_t at = 16; clear->u.text.len - at >= 8 && at < clear->u.text.len; at += 8) {
        const uint8_t *p = clear->u.text.ptr + at;
        if ((version == NULL || version->u.integer == glc_le16(p)) &&
            (tool == NULL || tool->u.integer == glc_le16(p + 2)))
            n += glc_le32(p + 4);
    }
    return glc_value_int((int64_t)n);
}

CALL(rich_version)
{
    (void)ctx, (void)root;
    return rich_count(&args[0], &args[1], NULL);
}

CALL(rich_version_tool)
{
    (void)ctx, (void)root;
    return rich_count(&args[0], &args[1], &args[2]);
}

CALL(rich_tool)
{
    (void)ctx, (void)root;
    return rich_count(&args[0], NULL, &args[1]);
}

CALL(rich_tool_version)
{
    (void)ctx, (void)root;
    return rich_count(&args[0], &args[2], &args[1]);
}

CALL(valid_on)
{
    (void)ctx, (void)root;
    const struct glc_value *from = part(&args[0], PE_CERT_NOT_BEFORE),
                           *to = part(&args[0], PE_CERT_NOT_AFTER);
    if (!from->defined || !to->defined)
        return NONE;
    return glc_value_int(args[1].u.integer >= from->u.integer && args[1].u.integer <= to->u.integer);
}

CALL(is_pe)
{
    (void)ctx, (void)args;
    return *part(root, PE_IS_PE);
}

const struct glc_function pe_functions[] = {
    { "is_pe", "", GLC_T_INT, "the same as the value, as the YARA manual writes it", is_pe },
    { "is_dll", "", GLC_T_INT, "not 0 where the file is a DLL", is_dll },
    { "is_32bit", "", GLC_T_INT, "1 where it is a 32-bit file", is_32bit },
    { "is_64bit", "", GLC_T_INT, "1 where it is a 64-bit file", is_64bit },
    { "calculate_checksum", "", GLC_T_INT, "the checksum that the header should have", calculate_checksum },
    { "section_index", "s", GLC_T_INT, "index of the section with a name", section_index_name },
    { "section_index", "i", GLC_T_INT, "index of the section with a file offset", section_index_offset },
    { "rva_to_offset", "i", GLC_T_INT, "file offset of an RVA", rva_to_offset },
    { "exports", "s", GLC_T_INT, "1 where a function is exported", exports },
    { "exports", "r", GLC_T_INT, "1 where a function of such a name is exported", exports },
    { "exports", "i", GLC_T_INT, "1 where an ordinal is exported", exports },
    { "exports_index", "s", GLC_T_INT, "index in export_details", exports_index },
    { "exports_index", "r", GLC_T_INT, "index in export_details of the first such name", exports_index },
    { "exports_index", "i", GLC_T_INT, "index in export_details of an ordinal", exports_index },
    { "imports", "ss", GLC_T_INT, "1 where DLL, function is imported", imports_function },
    { "imports", "si", GLC_T_INT, "1 where DLL, ordinal is imported", imports_function },
    { "imports", "s", GLC_T_INT, "number of functions imported from a DLL", imports_dll },
    { "imports", "rr", GLC_T_INT, "number of imported functions of such DLL, function", imports_function },
    { "imports", "iss", GLC_T_INT, "1 where DLL, function is imported; first IMPORT_…",
      imports_flag_function },
    { "imports", "isi", GLC_T_INT, "1 where DLL, ordinal is imported; first IMPORT_…",
      imports_flag_function },
    { "imports", "is", GLC_T_INT, "number of functions imported from a DLL; first IMPORT_…",
      imports_flag_dll },
    { "imports", "irr", GLC_T_INT, "number of imported functions of such DLL, function; first IMPORT_…",
      imports_flag_function },
    { "import_rva", "ss", GLC_T_INT, "RVA of the slot of DLL, function", import_rva },
    { "import_rva", "si", GLC_T_INT, "RVA of the slot of DLL, ordinal", import_rva },
    { "delayed_import_rva", "ss", GLC_T_INT, "RVA of the slot of a delayed DLL, function",
      delayed_import_rva },
    { "delayed_import_rva", "si", GLC_T_INT, "RVA of the slot of a delayed DLL, ordinal",
      delayed_import_rva },
    { "imphash", "", GLC_T_STRING, "the import hash, lower-case hex", imphash },
    { "locale", "i", GLC_T_INT, "1 where a resource has a locale (16 bits)", locale },
    { "language", "i", GLC_T_INT, "1 where a resource has a language (8 bits)", language },
    { "rich_signature.version", "oi", GLC_T_INT, "uses of the tools of a version", rich_version },
    { "rich_signature.version", "oii", GLC_T_INT, "uses of the tool with version, tool id",
      rich_version_tool },
    { "rich_signature.toolid", "oi", GLC_T_INT, "uses of the tools with a tool id", rich_tool },
    { "rich_signature.toolid", "oii", GLC_T_INT, "uses of the tool with tool id, version",
      rich_tool_version },
    { "signatures.valid_on", "oi", GLC_T_INT, "1 where the certificate was valid at a time", valid_on },
    { 0 },
};
