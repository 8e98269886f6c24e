/* The module `vba`: macros of Office documents, old (OLE2) and new (vbaProject.bin in a zip).
 *
 * Sources: [MS-OVBA] 2.3.4.2 (the dir stream), 2.4.1 (compression). The fields are those of YARA-X. Modules
 * are found by the project's directory, as Office finds them; the scanner looks at more (ole2.h). */
#include "format/module/modules.h"
#include "format/ole2/ole2_reader.h"
#include "format/zip/zip_list.h"

enum { VBA_HAS_MACROS, VBA_NAMES, VBA_TYPES, VBA_CODE, VBA_PROJECT, VBA_FIELDS };
enum { PROJECT_NAME, PROJECT_VERSION, PROJECT_REFERENCES, PROJECT_COUNT, PROJECT_COMPRESSED, PROJECT_FIELDS };

static const struct glc_field project_fields[] = {
    [PROJECT_NAME] = GLC_F_STR("name", "name of the project"),
    [PROJECT_VERSION] = GLC_F_STR("version", "its version: major.minor"),
    [PROJECT_REFERENCES] = GLC_F_STRS("references", "names of the libraries that it uses"),
    [PROJECT_COUNT] = GLC_F_INT("module_count", "modules, as the project says"),
    [PROJECT_COMPRESSED] = GLC_F_BOOL("is_compressed", "is the source compressed? (always)"),
    [PROJECT_FIELDS] = { 0 },
};

static const struct glc_field fields[] = {
    [VBA_HAS_MACROS] = GLC_F_BOOL("has_macros", "is there a project with macros?"),
    [VBA_NAMES] = GLC_F_STRS("module_names", "names of the modules"),
    [VBA_TYPES] = GLC_F_STRS("module_types", "Standard, Class or Unknown, in the order of the names"),
    [VBA_CODE] = GLC_F_STRS("module_code", "source of the modules, in the order of the names"),
    [VBA_PROJECT] = GLC_F_STRUCT("project_info", project_fields, "the project"),
    [VBA_FIELDS] = { 0 },
};

/* Records of the dir stream that are looked at. */
enum {
    R_NAME = 0x04,
    R_VERSION = 0x09, /* its size field is 4, and 6 bytes follow */
    R_MODULES = 0x0f,
    R_REFERENCE = 0x16,
    R_MODULE_NAME = 0x19,
    R_STREAM_NAME = 0x1a,
    R_STANDARD = 0x21,
    R_CLASS = 0x22,
    R_MODULE_END = 0x2b,
    R_OFFSET = 0x31,
};

struct module {
    struct glc_span name, stream;
    uint32_t offset;
    uint16_t type;
};

struct project {
    struct ole2_reader *r;
    struct glc_arena *a;
    struct glc_values names, types, code, references;
};

/* Bytes of a compressed container; empty where it makes no sense. */
static struct glc_span decompress(struct project *p, struct glc_span packed)
{
    struct glc_output out;
    glc_output_init(&out, &p->r->parse, packed.len);
    (void)!glc_ole2_vba(packed, &out);
    return glc_output_span(&out);
}

static bool add_module(struct project *p, const struct module *m)
{
    const uint8_t *stream = m->stream.len == 0 ? NULL : ole2_find(p->r, m->stream);
    struct glc_span all = ole2_read(p->r, stream);
    struct glc_span code =
        m->offset <= all.len ? decompress(p, glc_span_sub(all, m->offset, UINT64_MAX)) : glc_span(NULL, 0);
    const char *type = m->type == R_STANDARD ? "Standard" : m->type == R_CLASS ? "Class" : "Unknown";
    return glc_values_add(p->a, &p->names, glc_value_ansi(p->a, m->name)) &&
           glc_values_add(p->a, &p->types, glc_value_cstr(type)) &&
           glc_values_add(p->a, &p->code, glc_value_str(code));
}

/* One record of the dir stream; false: no memory. */
static bool take_record(struct project *p, uint16_t id, struct glc_span data, struct module *m,
                        struct glc_value *info)
{
    switch (id) {
    case R_NAME:
        info[PROJECT_NAME] = glc_value_ansi(p->a, data);
        break;
    case R_MODULES:
        if (data.len >= 2)
            info[PROJECT_COUNT] = glc_value_int(glc_le16(data.ptr));
        break;
    case R_REFERENCE:
        return glc_values_add(p->a, &p->references, glc_value_ansi(p->a, data));
    case R_MODULE_NAME:
        *m = (struct module){ .name = data };
        break;
    case R_STREAM_NAME:
        m->stream = data;
        break;
    case R_OFFSET:
        m->offset = data.len >= 4 ? glc_le32(data.ptr) : 0;
        break;
    case R_STANDARD:
    case R_CLASS:
        m->type = id;
        break;
    case R_MODULE_END:
        return add_module(p, m);
    default:
        break;
    }
    return true;
}

static void read_dir(struct project *p, struct glc_span dir, struct glc_value *info)
{
    struct module m = { 0 };
    struct glc_cursor c = glc_cursor(dir);
    while (glc_cursor_left(&c) >= 6) {
        uint16_t id = glc_cursor_u16le(&c);
        uint32_t size = glc_cursor_u32le(&c);
        if (id == R_VERSION) {
            uint32_t major = glc_cursor_u32le(&c), minor = glc_cursor_u16le(&c);
            if (glc_cursor_ok(&c))
                info[PROJECT_VERSION] = glc_value_cstr(glc_arena_printf(p->a, "%u.%u", major, minor));
            continue;
        }
        struct glc_span data = glc_cursor_span(&c, size);
        if (!glc_cursor_ok(&c) || !take_record(p, id, data, &m, info))
            break;
    }
}

static bool load_project(struct glc_span ole2, struct glc_arena *a, struct glc_value *member)
{
    struct ole2_reader r;
    if (!ole2_open(&r, ole2, a))
        return false;
    const uint8_t *entry = ole2_find(&r, glc_span_str("dir"));
    struct project p = { .r = &r, .a = a };
    struct glc_span dir = entry == NULL ? glc_span(NULL, 0) : decompress(&p, ole2_read(&r, entry));
    struct glc_value *info = dir.len == 0 ? NULL : glc_value_members(a, project_fields);
    if (info == NULL)
        return false;
    read_dir(&p, dir, info);
    info[PROJECT_REFERENCES] = glc_values_array(&p.references);
    info[PROJECT_COMPRESSED] = glc_value_bool(true);
    member[VBA_NAMES] = glc_values_array(&p.names);
    member[VBA_TYPES] = glc_values_array(&p.types);
    member[VBA_CODE] = glc_values_array(&p.code);
    member[VBA_PROJECT] = glc_value_struct(info);
    return true;
}

static bool is_project(struct glc_span name)
{
    static const char end[] = "vbaproject.bin";
    const size_t n = sizeof end - 1;
    for (size_t i = 0; i < n; i++)
        if (name.len < n || glc_ascii_lower(name.ptr[name.len - n + i]) != (uint8_t)end[i])
            return false;
    return true;
}

static void load(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    enum { LONGEST_PROJECT = 64 << 20 };
    struct glc_zip_list zip;
    bool has = load_project(ctx->data, ctx->arena, member);
    (void)own;
    if (!has && ctx->data.len >= 4 && memcmp(ctx->data.ptr, "PK\3\4", 4) == 0 &&
        glc_zip_list(ctx->data, ctx->arena, &zip))
        for (size_t i = 0; i < zip.entries && !has; i++)
            has = is_project(zip.entry[i].name) &&
                  load_project(glc_zip_read(&zip, &zip.entry[i], ctx->arena, LONGEST_PROJECT), ctx->arena,
                               member);
    member[VBA_HAS_MACROS] = glc_value_bool(has);
}

const struct glc_module glc_vba_module = {
    .name = "vba",
    .help = "Macros of Office documents",
    .fields = fields,
    .load = load,
};
