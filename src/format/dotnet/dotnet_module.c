/* The module `dotnet`. Where ECMA-335 leaves hostile files open, the module answers as yara 4.2.3; so do
 * constants and public keys, which lack their last byte there. */
#include "format/dotnet/dotnet_module.h"

#include "format/dotnet/dotnet_types.h"
#include "format/dotnet/metadata.h"
#include "format/module/modules.h"

enum { MOST_ITEMS = 1 << 20, STRING_CONSTANT = 0x0e };

struct load {
    const struct net *n;
    struct glc_arena *a;
    struct glc_value *member;
};

static uint32_t rows(const struct net *n, enum net_table t)
{
    return n->row_size[t] == 0 ? 0 : (uint32_t)(n->table[t].len / n->row_size[t]);
}

static struct glc_value string(const struct net *n, uint32_t index)
{
    struct glc_span s;
    return net_string(n, index, &s) ? glc_value_str(s) : glc_value_undefined(GLC_T_STRING);
}

/* Without its last byte, as yara has it; YARA-X has it whole. */
static struct glc_value short_blob(const struct net *n, uint32_t index)
{
    struct glc_span s;
    if (!net_blob(n->blobs, index, &s, NULL))
        return glc_value_undefined(GLC_T_STRING);
    return glc_value_str(glc_span(s.ptr, s.len == 0 || n->x ? s.len : s.len - 1));
}

static void put(struct load *l, uint32_t list, uint32_t number, const struct glc_values *all)
{
    l->member[list] = glc_values_array(all);
    l->member[number] = glc_value_int((int64_t)all->n);
}

static void load_streams(struct load *l)
{
    struct glc_values all = { 0 };
    for (uint32_t i = 0; i < l->n->streams; i++) {
        struct glc_value *v = glc_values_add_struct(l->a, &all, dotnet_stream_fields);
        if (v == NULL)
            break;
        v[NET_STREAM_NAME] = glc_value_str(l->n->stream[i].name);
        v[NET_STREAM_OFFSET] = glc_value_int((int64_t)l->n->stream[i].offset);
        v[NET_STREAM_SIZE] = glc_value_int(l->n->stream[i].size);
    }
    put(l, NET_STREAMS, NET_NUMBER_OF_STREAMS, &all);
}

static void load_guids(struct load *l)
{
    struct glc_values all = { 0 };
    struct glc_span s = l->n->guids;
    for (size_t i = 0; s.len - i >= 16 && all.n < MOST_ITEMS; i += 16) {
        const uint8_t *p = s.ptr + i;
        struct glc_value v = glc_value_cstr(glc_arena_printf(
            l->a, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", glc_le32(p), glc_le16(p + 4),
            glc_le16(p + 6), p[8], p[9], p[10], p[11], p[12], p[13], p[14], p[15]));
        if (!glc_values_add(l->a, &all, v))
            break;
    }
    if (s.ptr != NULL)
        put(l, NET_GUIDS, NET_NUMBER_OF_GUIDS, &all);
}

/* Each is a blob of UTF-16 and a byte that says whether it needs care. */
static void load_user_strings(struct load *l)
{
    struct glc_values all = { 0 };
    struct glc_span s;
    uint32_t at = 1;
    if (l->n->user_strings.len == 0 || l->n->user_strings.ptr[0] != 0)
        return;
    while (net_blob(l->n->user_strings, at, &s, &at) && all.n < MOST_ITEMS)
        if (s.len > 0 && !glc_values_add(l->a, &all, glc_value_str(glc_span(s.ptr, s.len - 1))))
            break;
    put(l, NET_USER_STRINGS, NET_NUMBER_OF_USER_STRINGS, &all);
}

static struct glc_value version(struct load *l, enum net_table t, uint32_t row, uint32_t column)
{
    struct glc_value *v = glc_value_members(l->a, dotnet_version_fields);
    for (uint32_t i = 0; v != NULL && i < NET_VER_FIELDS; i++)
        v[i] = glc_value_int(net_cell(l->n, t, row, column + i));
    return glc_value_struct(v);
}

static void load_assembly(struct load *l)
{
    struct glc_value *v = glc_value_members(l->a, dotnet_assembly_fields);
    l->member[NET_ASSEMBLY] = glc_value_struct(v);
    if (v == NULL)
        return;
    v[NET_ASM_VERSION] = glc_value_struct(glc_value_members(l->a, dotnet_version_fields));
    if (rows(l->n, NET_T_ASSEMBLY) == 0)
        return;
    v[NET_ASM_VERSION] = version(l, NET_T_ASSEMBLY, 1, 1);
    v[NET_ASM_NAME] = string(l->n, net_cell(l->n, NET_T_ASSEMBLY, 1, 7));
    uint32_t culture = net_cell(l->n, NET_T_ASSEMBLY, 1, 8);
    if (culture != 0)
        v[NET_ASM_CULTURE] = string(l->n, culture);
}

static void load_references(struct load *l)
{
    struct glc_values all = { 0 };
    for (uint32_t i = 1; i <= rows(l->n, NET_T_ASSEMBLY_REF) && all.n < MOST_ITEMS; i++) {
        struct glc_value *v = glc_values_add_struct(l->a, &all, dotnet_reference_fields);
        if (v == NULL)
            break;
        v[NET_REF_VERSION] = version(l, NET_T_ASSEMBLY_REF, i, 0);
        uint32_t token = net_cell(l->n, NET_T_ASSEMBLY_REF, i, 5);
        if (token != 0)
            v[NET_REF_TOKEN] = short_blob(l->n, token);
        v[NET_REF_NAME] = string(l->n, net_cell(l->n, NET_T_ASSEMBLY_REF, i, 6));
    }
    if (rows(l->n, NET_T_ASSEMBLY_REF) != 0)
        put(l, NET_ASSEMBLY_REFS, NET_NUMBER_OF_ASSEMBLY_REFS, &all);
}

static void load_module_references(struct load *l)
{
    struct glc_values all = { 0 };
    for (uint32_t i = 1; i <= rows(l->n, NET_T_MODULE_REF) && all.n < MOST_ITEMS; i++)
        if (!glc_values_add(l->a, &all, string(l->n, net_cell(l->n, NET_T_MODULE_REF, i, 0))))
            break;
    if (all.n != 0)
        put(l, NET_MODULEREFS, NET_NUMBER_OF_MODULEREFS, &all);
}

static void load_constants(struct load *l)
{
    struct glc_values all = { 0 };
    for (uint32_t i = 1; i <= rows(l->n, NET_T_CONSTANT) && all.n < MOST_ITEMS; i++)
        if ((net_cell(l->n, NET_T_CONSTANT, i, 0) & 0xff) == STRING_CONSTANT &&
            !glc_values_add(l->a, &all, short_blob(l->n, net_cell(l->n, NET_T_CONSTANT, i, 2))))
            break;
    if (rows(l->n, NET_T_CONSTANT) != 0)
        put(l, NET_CONSTANTS, NET_NUMBER_OF_CONSTANTS, &all);
}

static void load_field_offsets(struct load *l)
{
    struct glc_values all = { 0 };
    for (uint32_t i = 1; i <= rows(l->n, NET_T_FIELD_RVA) && all.n < MOST_ITEMS; i++) {
        uint64_t at = glc_pe_offset(&l->n->pe, net_cell(l->n, NET_T_FIELD_RVA, i, 0));
        if (at != GLC_NO_OFFSET && !glc_values_add(l->a, &all, glc_value_int((int64_t)at)))
            break;
    }
    if (rows(l->n, NET_T_FIELD_RVA) != 0)
        put(l, NET_FIELD_OFFSETS, NET_NUMBER_OF_FIELD_OFFSETS, &all);
}

/* Those that lie in this file: length and data at the row's offset from the resources' start. */
static void load_resources(struct load *l)
{
    struct glc_values all = { 0 };
    uint64_t base = glc_pe_offset(&l->n->pe, l->n->resources);
    for (uint32_t i = 1; i <= rows(l->n, NET_T_MANIFEST_RESOURCE) && all.n < MOST_ITEMS; i++) {
        if (net_cell(l->n, NET_T_MANIFEST_RESOURCE, i, 3) != 0 || base == GLC_NO_OFFSET)
            continue;
        uint64_t at = base + net_cell(l->n, NET_T_MANIFEST_RESOURCE, i, 0);
        struct glc_span head = glc_span_sub(l->n->pe.data, at, 4);
        struct glc_value *v =
            head.len == 4 ? glc_values_add_struct(l->a, &all, dotnet_resource_fields) : NULL;
        if (v == NULL)
            continue;
        v[NET_RES_OFFSET] = glc_value_int((int64_t)at + 4);
        v[NET_RES_LENGTH] = glc_value_int(glc_le32(head.ptr));
        v[NET_RES_NAME] = string(l->n, net_cell(l->n, NET_T_MANIFEST_RESOURCE, i, 2));
    }
    if (rows(l->n, NET_T_MANIFEST_RESOURCE) != 0)
        put(l, NET_RESOURCES, NET_NUMBER_OF_RESOURCES, &all);
}

/* The argument of [assembly: Guid("…")]: prolog 1, then a counted string. */
static void load_typelib(struct load *l)
{
    for (uint32_t i = 1; i <= rows(l->n, NET_T_CUSTOM_ATTRIBUTE); i++) {
        uint32_t row;
        struct glc_span name, value;
        if (net_coded('A', net_cell(l->n, NET_T_CUSTOM_ATTRIBUTE, i, 0), &row) != NET_T_ASSEMBLY ||
            net_coded('Y', net_cell(l->n, NET_T_CUSTOM_ATTRIBUTE, i, 1), &row) != NET_T_MEMBER_REF ||
            net_coded('M', net_cell(l->n, NET_T_MEMBER_REF, row, 0), &row) != NET_T_TYPE_REF ||
            !net_string(l->n, net_cell(l->n, NET_T_TYPE_REF, row, 1), &name) ||
            !glc_span_is(name, "GuidAttribute") ||
            !net_blob(l->n->blobs, net_cell(l->n, NET_T_CUSTOM_ATTRIBUTE, i, 2), &value, NULL))
            continue;
        struct glc_cursor c = glc_cursor(value);
        uint16_t prolog = glc_cursor_u16le(&c);
        struct glc_span text = glc_cursor_span(&c, glc_cursor_u8(&c));
        if (glc_cursor_ok(&c) && prolog == 1 && text.len != 0)
            l->member[NET_TYPELIB] = glc_value_str(text);
    }
}

static void load_for(const struct glc_module_ctx *ctx, struct glc_value *member, bool x)
{
    struct net *n = glc_arena_alloc(ctx->arena, sizeof *n);
    if (n == NULL)
        return;
    struct load l = { .n = n, .a = ctx->arena, .member = member };
    bool found = net_parse(ctx->data, ctx->arena, n);
    n->x = x;
    if (n->pe.complete)
        member[NET_IS_DOTNET] = glc_value_int(found);
    if (!found)
        return;
    member[NET_VERSION] = glc_value_str(n->version);
    if (rows(n, NET_T_MODULE) != 0)
        member[NET_MODULE_NAME] = string(n, net_cell(n, NET_T_MODULE, 1, 1));
    load_streams(&l);
    load_guids(&l);
    load_user_strings(&l);
    load_assembly(&l);
    load_references(&l);
    load_module_references(&l);
    load_constants(&l);
    load_field_offsets(&l);
    load_resources(&l);
    load_typelib(&l);
    net_load_classes(n, ctx->arena, member);
}

static void load(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    (void)own;
    load_for(ctx, member, false);
}

static void load_x(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    (void)own;
    load_for(ctx, member, true);
}

const struct glc_module glc_dotnet_x_module = {
    .name = "dotnet",
    .dialect = "yara-x",
    .help = "As above; `void` is no return type, no namespace is undefined, constants and keys are whole",
    .first = "MZ",
    .fields = dotnet_fields,
    .load = load_x,
};

const struct glc_module glc_dotnet_module = {
    .name = "dotnet",
    .help = ".NET assemblies",
    .first = "MZ",
    .fields = dotnet_fields,
    .load = load,
};
