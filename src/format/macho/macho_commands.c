/* Load commands of a Mach-O file beyond segments and threads. Apple, <mach-o/loader.h>, <mach-o/nlist.h>; the
 * signature's blobs: <kern/cs_blobs.h>. */
#include "format/macho/macho.h"
#include "format/macho/macho_module.h"

#include "base/cursor.h"

enum { MOST_SYMBOLS = 1 << 20, LONGEST_NAME = 4096 };

enum {
    LC_SYMTAB = 0x2,
    LC_DYSYMTAB = 0xb,
    LC_LOAD_DYLIB = 0xc,
    LC_ID_DYLIB = 0xd,
    LC_LOAD_DYLINKER = 0xe,
    LC_LOAD_WEAK_DYLIB = 0x18,
    LC_UUID = 0x1b,
    LC_RPATH = 0x1c,
    LC_CODE_SIGNATURE = 0x1d,
    LC_REEXPORT_DYLIB = 0x1f,
    LC_LAZY_LOAD_DYLIB = 0x20,
    LC_DYLD_INFO = 0x22,
    LC_LOAD_UPWARD_DYLIB = 0x23,
    LC_VERSION_MIN_MACOSX = 0x24,
    LC_VERSION_MIN_IPHONEOS = 0x25,
    LC_SOURCE_VERSION = 0x2a,
    LC_VERSION_MIN_TVOS = 0x2f,
    LC_VERSION_MIN_WATCHOS = 0x30,
    LC_LINKER_OPTION = 0x2d,
    LC_BUILD_VERSION = 0x32,
    LC_DYLD_EXPORTS_TRIE = 0x33,
    LC_DYLD_CHAINED_FIXUPS = 0x34,
};
static const uint32_t LC_REQ_DYLD = 0x80000000; /* set in some of them; says nothing about their form */

struct reader {
    const struct glc_macho *m;
    struct glc_arena *a;
    struct glc_value *member;
    struct glc_values dylibs, rpaths, imports, linker_options;
    bool chained;
};

static uint32_t word(const struct reader *r, struct glc_cursor *c)
{
    return r->m->big ? glc_cursor_u32be(c) : glc_cursor_u32le(c);
}

/* The string at an offset of the command. */
static struct glc_value text_at(struct glc_span command, uint32_t off)
{
    struct glc_cursor c = glc_cursor(command);
    (void)glc_cursor_seek(&c, off);
    struct glc_span rest = glc_cursor_span(&c, glc_cursor_left(&c));
    const uint8_t *end = rest.len == 0 ? NULL : memchr(rest.ptr, 0, rest.len);
    return off < 8 || rest.len == 0
               ? glc_value_undefined(GLC_T_STRING)
               : glc_value_str(glc_span(rest.ptr, end == NULL ? rest.len : (size_t)(end - rest.ptr)));
}

/* 16, 8 and 8 bits. */
static struct glc_value version_text(struct glc_arena *a, uint32_t v)
{
    return glc_value_cstr(glc_arena_printf(a, "%u.%u.%u", v >> 16, v >> 8 & 255, v & 255));
}

static struct glc_value *words(struct reader *r, struct glc_cursor *c, const struct glc_field *fields,
                               size_t n, enum macho_file_field to)
{
    struct glc_value *v = glc_cursor_left(c) < 4 * n ? NULL : glc_value_members(r->a, fields);
    for (size_t i = 0; v != NULL && i < n; i++)
        v[i] = glc_value_int(word(r, c));
    if (v != NULL)
        r->member[to] = glc_value_struct(v);
    return v;
}

static void symbols(struct reader *r, struct glc_cursor *c)
{
    struct glc_value *v = words(r, c, macho_symtab_fields, MACHO_SYMTAB_WORDS, MACHO_SYMTAB);
    struct glc_values all = { 0 };
    if (v == NULL)
        return;
    size_t size = r->m->wide ? 16 : 12;
    uint64_t n = (uint64_t)v[1].u.integer;
    struct glc_cursor table = glc_cursor(r->m->data);
    (void)glc_cursor_seek(&table, (uint64_t)v[0].u.integer);
    struct glc_cursor names = glc_cursor(r->m->data);
    (void)glc_cursor_seek(&names, (uint64_t)v[2].u.integer);
    struct glc_span strings = glc_cursor_span(&names, glc_cursor_left(&names) < (uint64_t)v[3].u.integer
                                                          ? glc_cursor_left(&names)
                                                          : (uint64_t)v[3].u.integer);
    for (uint64_t i = 0; i < n && i < MOST_SYMBOLS && glc_cursor_left(&table) >= size; i++) {
        struct glc_cursor at = glc_cursor(strings);
        (void)glc_cursor_seek(&at, word(r, &table));
        (void)glc_cursor_skip(&table, size - 4);
        struct glc_span name = glc_cursor_cstr(&at, LONGEST_NAME);
        if (glc_cursor_ok(&at) && !glc_values_add(r->a, &all, glc_value_str(name)))
            break;
    }
    v[MACHO_SYMTAB_ENTRIES] = glc_values_array(&all);
}

static void dylib(struct reader *r, struct glc_cursor *c, struct glc_span command)
{
    uint32_t name = word(r, c), timestamp = word(r, c), current = word(r, c), compatible = word(r, c);
    struct glc_value *v =
        glc_cursor_ok(c) ? glc_values_add_struct(r->a, &r->dylibs, macho_dylib_fields) : NULL;
    if (v == NULL)
        return;
    v[MACHO_LIB_NAME] = text_at(command, name);
    v[MACHO_LIB_TIMESTAMP] = glc_value_int(timestamp);
    v[MACHO_LIB_CURRENT] = version_text(r->a, current);
    v[MACHO_LIB_COMPATIBILITY] = version_text(r->a, compatible);
}

static void build(struct reader *r, struct glc_cursor *c)
{
    uint32_t platform = word(r, c), minos = word(r, c), sdk = word(r, c), n = word(r, c);
    struct glc_value *v = glc_cursor_ok(c) ? glc_value_members(r->a, macho_build_fields) : NULL;
    struct glc_values tools = { 0 };
    if (v == NULL)
        return;
    v[MACHO_BUILD_PLATFORM] = glc_value_int(platform);
    v[MACHO_BUILD_MINOS] = version_text(r->a, minos);
    v[MACHO_BUILD_SDK] = version_text(r->a, sdk);
    v[MACHO_BUILD_NTOOLS] = glc_value_int(n);
    for (uint32_t i = 0; i < n && glc_cursor_left(c) >= 8; i++) {
        struct glc_value *t = glc_values_add_struct(r->a, &tools, macho_tool_fields);
        if (t == NULL)
            break;
        t[MACHO_TOOL_TOOL] = glc_value_int(word(r, c));
        t[MACHO_TOOL_VERSION] = version_text(r->a, word(r, c));
    }
    v[MACHO_BUILD_TOOLS] = glc_values_array(&tools);
    r->member[MACHO_BUILD_VERSION] = glc_value_struct(v);
}

static void least_version(struct reader *r, struct glc_cursor *c, uint32_t device)
{
    uint32_t version = word(r, c), sdk = word(r, c);
    struct glc_value *v = glc_cursor_ok(c) ? glc_value_members(r->a, macho_min_fields) : NULL;
    if (v == NULL)
        return;
    v[MACHO_MIN_DEVICE] = glc_value_int(device);
    v[MACHO_MIN_VERSION_TEXT] = version_text(r->a, version);
    v[MACHO_MIN_SDK] = version_text(r->a, sdk);
    r->member[MACHO_MIN_VERSION] = glc_value_struct(v);
}

static void uuid(struct reader *r, struct glc_cursor *c)
{
    struct glc_span s = glc_cursor_span(c, 16);
    const uint8_t *p = s.ptr;
    if (glc_cursor_ok(c))
        r->member[MACHO_UUID] = glc_value_cstr(
            glc_arena_printf(r->a, "%08X-%04X-%04X-%04X-%04X%08X", glc_be32(p), glc_be16(p + 4),
                             glc_be16(p + 6), glc_be16(p + 8), glc_be16(p + 10), glc_be32(p + 12)));
}

/* 24 bits and four times 10. */
static void source_version(struct reader *r, struct glc_cursor *c)
{
    uint64_t v = r->m->big ? glc_cursor_u64be(c) : glc_cursor_u64le(c);
    if (glc_cursor_ok(c))
        r->member[MACHO_SOURCE_VERSION] = glc_value_cstr(
            glc_arena_printf(r->a, "%u.%u.%u.%u.%u", (unsigned)(v >> 40), (unsigned)(v >> 30 & 1023),
                             (unsigned)(v >> 20 & 1023), (unsigned)(v >> 10 & 1023), (unsigned)(v & 1023)));
}

/* The keys of an XML property list, which are enough to tell what a program may do. */
static struct glc_value plist_keys(struct glc_arena *a, struct glc_span xml)
{
    struct glc_values all = { 0 };
    struct glc_span open = glc_span_str("<key>"), close = glc_span_str("</key>");
    for (;;) {
        size_t at = glc_span_find(xml, open);
        if (at == SIZE_MAX)
            break;
        xml = glc_span_sub(xml, at + open.len, UINT64_MAX);
        size_t end = glc_span_find(xml, close);
        if (end == SIZE_MAX || !glc_values_add(a, &all, glc_value_str(glc_span_sub(xml, 0, end))))
            break;
        xml = glc_span_sub(xml, end, UINT64_MAX);
    }
    return glc_values_array(&all);
}

/* `size` bytes at `off`, or as many as there are. */
static struct glc_span range(const struct reader *r, uint64_t off, uint64_t size)
{
    return glc_span_sub(r->m->data, off, size);
}

static void dyld_info(struct reader *r, struct glc_cursor *c)
{
    enum { BIND = 2, WEAK = 4, LAZY = 6, EXPORT = 8 };
    static const int imports[] = { BIND, LAZY, WEAK }; /* in the order of YARA-X */
    const struct glc_value *v = words(r, c, macho_dyld_info_fields, MACHO_DYLD_INFO_WORDS, MACHO_DYLD_INFO);
    if (v == NULL)
        return;
    for (size_t i = 0; i < sizeof imports / sizeof imports[0]; i++)
        macho_bound(r->a, range(r, (uint64_t)v[imports[i]].u.integer, (uint64_t)v[imports[i] + 1].u.integer),
                    &r->imports);
    r->member[MACHO_EXPORTS] =
        macho_exports(r->a, range(r, (uint64_t)v[EXPORT].u.integer, (uint64_t)v[EXPORT + 1].u.integer));
}

static void linker_option(struct reader *r, struct glc_cursor *c)
{
    uint32_t n = word(r, c);
    for (uint32_t i = 0; i < n && glc_cursor_left(c) != 0; i++) {
        struct glc_span s = glc_cursor_cstr(c, LONGEST_NAME);
        if (!glc_cursor_ok(c) || !glc_values_add(r->a, &r->linker_options, glc_value_str(s)))
            break;
    }
}

/* A directory of blobs, big-endian whatever the file is. */
static void signature(struct reader *r, struct glc_cursor *c)
{
    static const uint32_t EMBEDDED = 0xfade0cc0, ENTITLEMENTS = 0xfade7171, CMS = 0xfade0b01;
    const struct glc_value *v =
        words(r, c, macho_linkedit_fields, MACHO_LINKEDIT_WORDS, MACHO_CODE_SIGNATURE);
    if (v == NULL)
        return;
    struct glc_cursor all = glc_cursor(r->m->data);
    (void)glc_cursor_seek(&all, (uint64_t)v[0].u.integer);
    struct glc_span blobs = glc_cursor_span(&all, glc_cursor_left(&all));
    struct glc_cursor in = glc_cursor(blobs);
    uint32_t magic = glc_cursor_u32be(&in);
    (void)glc_cursor_u32be(&in);
    uint32_t n = glc_cursor_u32be(&in);
    for (uint32_t i = 0; magic == EMBEDDED && i < n && glc_cursor_left(&in) >= 8; i++) {
        (void)glc_cursor_u32be(&in);
        struct glc_cursor blob = glc_cursor(blobs);
        (void)glc_cursor_seek(&blob, glc_cursor_u32be(&in));
        uint32_t kind = glc_cursor_u32be(&blob), size = glc_cursor_u32be(&blob);
        if (!glc_cursor_ok(&blob) || size < 8)
            continue;
        uint64_t left = glc_cursor_left(&blob);
        struct glc_span inner = glc_cursor_span(&blob, size - 8 < left ? size - 8 : left);
        if (kind == ENTITLEMENTS && !r->member[MACHO_ENTITLEMENTS].defined)
            r->member[MACHO_ENTITLEMENTS] = plist_keys(r->a, inner);
        else if (kind == CMS && !r->member[MACHO_CERTIFICATES].defined)
            r->member[MACHO_CERTIFICATES] = macho_certificates(r->a, inner);
    }
}

static void command(struct reader *r, uint32_t kind, struct glc_span bytes)
{
    struct glc_cursor c = glc_cursor(bytes);
    (void)glc_cursor_skip(&c, 8);
    switch (kind & ~LC_REQ_DYLD) {
    case LC_SYMTAB:
        symbols(r, &c);
        break;
    case LC_DYSYMTAB:
        (void)words(r, &c, macho_dysymtab_fields, MACHO_DYSYMTAB_WORDS, MACHO_DYSYMTAB);
        break;
    case LC_LOAD_DYLIB:
    case LC_ID_DYLIB:
    case LC_LOAD_WEAK_DYLIB:
    case LC_REEXPORT_DYLIB:
    case LC_LAZY_LOAD_DYLIB:
    case LC_LOAD_UPWARD_DYLIB:
        dylib(r, &c, bytes);
        break;
    case LC_LOAD_DYLINKER:
        r->member[MACHO_DYNAMIC_LINKER] = text_at(bytes, word(r, &c));
        break;
    case LC_UUID:
        uuid(r, &c);
        break;
    case LC_RPATH: {
        struct glc_value path = text_at(bytes, word(r, &c));
        if (path.defined)
            (void)!glc_values_add(r->a, &r->rpaths, path);
        break;
    }
    case LC_CODE_SIGNATURE:
        signature(r, &c);
        break;
    case LC_DYLD_INFO:
        dyld_info(r, &c);
        break;
    case LC_LINKER_OPTION:
        linker_option(r, &c);
        break;
    case LC_DYLD_EXPORTS_TRIE: {
        uint32_t off = word(r, &c), size = word(r, &c);
        r->member[MACHO_EXPORTS] = macho_exports(r->a, range(r, off, size));
        break;
    }
    case LC_DYLD_CHAINED_FIXUPS: {
        uint32_t off = word(r, &c), size = word(r, &c);
        macho_chained(r->a, range(r, off, size), &r->imports);
        break;
    }
    case LC_VERSION_MIN_MACOSX:
    case LC_VERSION_MIN_IPHONEOS:
    case LC_VERSION_MIN_TVOS:
    case LC_VERSION_MIN_WATCHOS:
        least_version(r, &c, kind);
        break;
    case LC_SOURCE_VERSION:
        source_version(r, &c);
        break;
    case LC_BUILD_VERSION:
        build(r, &c);
        break;
    default:
        break;
    }
}

/* One of each is enough of those that read elsewhere: a thousand of them would read the whole file a thousand
 * times. */
static bool is_again(struct reader *r, uint32_t kind)
{
    const struct glc_value *m = r->member;
    bool again = (kind == LC_SYMTAB && m[MACHO_SYMTAB].defined) ||
                 (kind == LC_CODE_SIGNATURE && m[MACHO_CODE_SIGNATURE].defined) ||
                 (kind == LC_DYLD_INFO && m[MACHO_DYLD_INFO].defined) ||
                 (kind == LC_DYLD_EXPORTS_TRIE && m[MACHO_EXPORTS].defined) ||
                 (kind == LC_DYLD_CHAINED_FIXUPS && r->chained);
    r->chained |= kind == LC_DYLD_CHAINED_FIXUPS;
    return again;
}

void macho_load_commands(const struct glc_macho *m, struct glc_arena *a, struct glc_value *member)
{
    struct reader r = { .m = m, .a = a, .member = member };
    struct glc_cursor c = glc_cursor(m->data);
    (void)glc_cursor_seek(&c, m->wide ? 32 : 28);
    for (uint32_t i = 0; i < m->declared_commands && glc_cursor_left(&c) >= 8; i++) {
        size_t at = c.off;
        uint32_t kind = word(&r, &c), size = word(&r, &c);
        if (size < 8 || !glc_cursor_seek(&c, at))
            break;
        struct glc_span bytes = glc_cursor_span(&c, size);
        if (!glc_cursor_ok(&c))
            break;
        if (is_again(&r, kind & ~LC_REQ_DYLD))
            continue;
        command(&r, kind, bytes);
    }
    member[MACHO_DYLIBS] = glc_values_array(&r.dylibs);
    member[MACHO_RPATHS] = glc_values_array(&r.rpaths);
    member[MACHO_IMPORTS] = glc_values_array(&r.imports);
    member[MACHO_LINKER_OPTIONS] = glc_values_array(&r.linker_options);
}
