/* Reading DEX files for the module `dex`. Android, "Dalvik executable format".
 *
 * All counts of the file are bounded by its own bytes: a table row takes 4 to 32 of them, an entry of class
 * data two at least. */
#include "format/dex/dex_module.h"

#include "format/dex/dex_parse.h"

#include "base/cursor.h"

enum { HEADER = 112, NO_OFFSET = 0, MOST_ITEMS = 1 << 20 };

struct dex {
    struct glc_span data;
    struct glc_arena *arena;
    struct glc_value *member;
    uint32_t word[DEX_HDR_FIELDS]; /* the header's numbers, by field */
    struct glc_values fields, methods;
};

/* A table of `n` rows of `size` bytes; false where the file does not hold all of it: then nothing more is
 * read, as yara does. */
static bool table(const struct dex *d, uint32_t offset, uint32_t n, size_t size, struct glc_cursor *out)
{
    struct glc_span rows = glc_span_sub(d->data, offset, (uint64_t)n * size);
    *out = glc_cursor(rows);
    return rows.len == (uint64_t)n * size;
}

static void load_header(struct dex *d)
{
    struct glc_value *v = glc_value_members(d->arena, dex_header_fields);
    struct glc_cursor c = glc_cursor(d->data);
    struct glc_span magic = glc_cursor_span(&c, 8);
    uint32_t checksum = glc_cursor_u32le(&c);
    struct glc_span signature = glc_cursor_span(&c, 20);
    for (uint32_t i = DEX_HDR_FILE_SIZE; i < DEX_HDR_FIELDS; i++)
        d->word[i] = glc_cursor_u32le(&c);
    if (v == NULL)
        return;
    v[DEX_HDR_MAGIC] = glc_value_str(glc_span(magic.ptr, strnlen((const char *)magic.ptr, magic.len)));
    v[DEX_HDR_CHECKSUM] = glc_value_int(checksum);
    v[DEX_HDR_SIGNATURE] =
        glc_value_str(glc_span(signature.ptr, strnlen((const char *)signature.ptr, signature.len)));
    for (uint32_t i = DEX_HDR_FILE_SIZE; i < DEX_HDR_FIELDS; i++)
        v[i] = glc_value_int(d->word[i]);
    d->member[DEX_HEADER] = glc_value_struct(v);
}

static bool load_strings(struct dex *d)
{
    struct glc_values all = { 0 };
    struct glc_cursor c;
    if (!table(d, d->word[DEX_HDR_STRING_IDS_OFFSET], d->word[DEX_HDR_STRING_IDS_SIZE], 4, &c))
        return false;
    while (glc_cursor_left(&c) >= 4) {
        uint32_t at = glc_cursor_u32le(&c);
        struct glc_cursor s = glc_cursor(d->data);
        (void)glc_cursor_seek(&s, at);
        uint64_t length = glc_cursor_uleb(&s);
        /* One byte is skipped for the length, however many it takes, as yara does: longer strings begin with
         * the rest of it. */
        struct glc_span text = glc_span_sub(d->data, (uint64_t)at + 1, length);
        /* A string that is not there keeps its place: others are found by their index. */
        struct glc_value *v = glc_values_add_struct(d->arena, &all, dex_string_fields);
        if (v == NULL)
            break;
        if (!glc_cursor_ok(&s) || text.len != length)
            continue;
        v[DEX_STR_OFFSET] = glc_value_int(at);
        v[DEX_STR_SIZE] = glc_value_int((int64_t)length);
        v[DEX_STR_VALUE] = glc_value_str(text);
    }
    d->member[DEX_STRING_IDS] = glc_values_array(&all);
    return true;
}

/* A table whose rows are little-endian numbers, one a field: `widths` gives their bytes. */
static bool load_rows(struct dex *d, const struct glc_field *fields, const char *widths, uint32_t offset,
                      uint32_t n, struct glc_value *out)
{
    struct glc_values all = { 0 };
    struct glc_cursor c;
    size_t size = 0;
    for (const char *w = widths; *w != '\0'; w++)
        size += (size_t)(*w - '0');
    if (!table(d, offset, n, size, &c))
        return false;
    while (glc_cursor_left(&c) >= size) {
        struct glc_value *v = glc_values_add_struct(d->arena, &all, fields);
        if (v == NULL)
            break;
        for (size_t i = 0; widths[i] != '\0'; i++)
            v[i] = glc_value_int(widths[i] == '2' ? glc_cursor_u16le(&c) : glc_cursor_u32le(&c));
    }
    *out = glc_values_array(&all);
    return true;
}

static bool load_tables(struct dex *d)
{
    static const struct {
        enum dex_field to;
        const struct glc_field *fields;
        const char *widths;
        uint32_t count; /* header field; the next is the offset */
    } tables[] = {
        { DEX_TYPE_IDS, dex_type_fields, "4", DEX_HDR_TYPE_IDS_SIZE },
        { DEX_PROTO_IDS, dex_proto_fields, "444", DEX_HDR_PROTO_IDS_SIZE },
        { DEX_FIELD_IDS, dex_field_id_fields, "224", DEX_HDR_FIELD_IDS_SIZE },
        { DEX_METHOD_IDS, dex_method_id_fields, "224", DEX_HDR_METHOD_IDS_SIZE },
    };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        if (!load_rows(d, tables[i].fields, tables[i].widths, d->word[tables[i].count + 1],
                       d->word[tables[i].count], &d->member[tables[i].to]))
            return false;
    return true;
}

/* Field `field` of row `row` of a table that was loaded; UINT32_MAX where there is none. */
static uint32_t cell(const struct dex *d, enum dex_field which, uint64_t row, uint32_t field)
{
    const struct glc_value *rows = &d->member[which];
    return row < rows->u.array.n ? (uint32_t)rows->u.array.item[row].u.member[field].u.integer : UINT32_MAX;
}

static struct glc_value string(const struct dex *d, uint32_t index)
{
    const struct glc_value *all = &d->member[DEX_STRING_IDS];
    return index < all->u.array.n ? all->u.array.item[index].u.member[DEX_STR_VALUE]
                                  : glc_value_undefined(GLC_T_STRING);
}

static struct glc_value type_name(const struct dex *d, uint32_t type)
{
    return string(d, cell(d, DEX_TYPE_IDS, type, DEX_TYPE_DESCRIPTOR));
}

static struct glc_value load_code(struct dex *d, uint64_t offset)
{
    static const char widths[] = "222244"; /* registers, ins, outs, tries, debug information, instructions */
    struct glc_value *v = glc_value_members(d->arena, dex_code_fields);
    struct glc_cursor c = glc_cursor(d->data);
    if (v == NULL || offset == NO_OFFSET || !glc_cursor_seek(&c, offset) || glc_cursor_left(&c) < 16)
        return glc_value_struct(v);
    for (size_t i = 0; widths[i] != '\0'; i++)
        v[i] = glc_value_int(widths[i] == '2' ? glc_cursor_u16le(&c) : glc_cursor_u32le(&c));
    struct glc_span code = glc_cursor_span(&c, 2 * (uint64_t)v[DEX_CODE_INSNS_SIZE].u.integer);
    if (glc_cursor_ok(&c))
        v[DEX_CODE_INSNS] = glc_value_str(code);
    return glc_value_struct(v);
}

static bool load_field(struct dex *d, struct glc_cursor *c, uint64_t *index)
{
    uint64_t diff = glc_cursor_uleb(c), flags = glc_cursor_uleb(c);
    struct glc_value *v = glc_cursor_ok(c) && d->fields.n < MOST_ITEMS
                              ? glc_values_add_struct(d->arena, &d->fields, dex_field_fields)
                              : NULL;
    if (v == NULL)
        return false;
    *index += diff;
    v[DEX_FLD_CLASS] = type_name(d, cell(d, DEX_FIELD_IDS, *index, DEX_FID_CLASS));
    v[DEX_FLD_NAME] = string(d, cell(d, DEX_FIELD_IDS, *index, DEX_FID_NAME));
    v[DEX_FLD_PROTO] = type_name(d, cell(d, DEX_FIELD_IDS, *index, DEX_FID_TYPE));
    v[DEX_FLD_DIFF] = glc_value_int((int64_t)diff);
    v[DEX_FLD_ACCESS_FLAGS] = glc_value_int((int64_t)flags);
    return true;
}

static bool load_method(struct dex *d, struct glc_cursor *c, uint64_t *index, bool direct)
{
    uint64_t diff = glc_cursor_uleb(c), flags = glc_cursor_uleb(c), code = glc_cursor_uleb(c);
    struct glc_value *v = glc_cursor_ok(c) && d->methods.n < MOST_ITEMS
                              ? glc_values_add_struct(d->arena, &d->methods, dex_method_fields)
                              : NULL;
    if (v == NULL)
        return false;
    *index += diff;
    v[DEX_MET_CLASS] = type_name(d, cell(d, DEX_METHOD_IDS, *index, DEX_MID_CLASS));
    v[DEX_MET_NAME] = string(d, cell(d, DEX_METHOD_IDS, *index, DEX_MID_NAME));
    v[DEX_MET_PROTO] =
        string(d, cell(d, DEX_PROTO_IDS, cell(d, DEX_METHOD_IDS, *index, DEX_MID_PROTO), DEX_PROTO_SHORTY));
    v[DEX_MET_DIRECT] = glc_value_int(direct);
    v[DEX_MET_VIRTUAL] = glc_value_int(!direct);
    v[DEX_MET_DIFF] = glc_value_int((int64_t)diff);
    v[DEX_MET_ACCESS_FLAGS] = glc_value_int((int64_t)flags);
    v[DEX_MET_CODE_OFF] = glc_value_int((int64_t)code);
    v[DEX_MET_CODE] = load_code(d, code);
    return true;
}

/* class_data_item: four counts, then static and instance fields, direct and virtual methods; indices are
 * differences within each of the four. */
static void load_class(struct dex *d, uint32_t offset, struct glc_values *all)
{
    struct glc_cursor c = glc_cursor(d->data);
    uint64_t count[DEX_DATA_FIELDS];
    (void)glc_cursor_seek(&c, offset);
    for (uint32_t i = 0; i < DEX_DATA_FIELDS; i++)
        count[i] = glc_cursor_uleb(&c);
    struct glc_value *v =
        glc_cursor_ok(&c) ? glc_values_add_struct(d->arena, all, dex_class_data_fields) : NULL;
    if (v == NULL)
        return;
    for (uint32_t i = 0; i < DEX_DATA_FIELDS; i++)
        v[i] = glc_value_int((int64_t)count[i]);
    for (uint32_t kind = 0; kind < DEX_DATA_FIELDS; kind++) {
        uint64_t index = 0;
        for (uint64_t i = 0; i < count[kind]; i++) {
            bool field = kind == DEX_DATA_STATIC || kind == DEX_DATA_INSTANCE;
            if (!(field ? load_field(d, &c, &index) : load_method(d, &c, &index, kind == DEX_DATA_DIRECT)))
                return;
        }
    }
}

static void load_classes(struct dex *d)
{
    struct glc_values all = { 0 };
    if (!load_rows(d, dex_class_def_fields, "44444444", d->word[DEX_HDR_CLASS_DEFS_OFFSET],
                   d->word[DEX_HDR_CLASS_DEFS_SIZE], &d->member[DEX_CLASS_DEFS]))
        return;
    const struct glc_value *defs = &d->member[DEX_CLASS_DEFS];
    for (uint32_t i = 0; i < defs->u.array.n && d->methods.n < MOST_ITEMS; i++) {
        uint32_t offset = cell(d, DEX_CLASS_DEFS, i, DEX_DEF_CLASS_DATA);
        if (offset != NO_OFFSET)
            load_class(d, offset, &all);
    }
    d->member[DEX_CLASS_DATA_ITEM] = glc_values_array(&all);
    d->member[DEX_FIELD] = glc_values_array(&d->fields);
    d->member[DEX_NUMBER_OF_FIELDS] = glc_value_int((int64_t)d->fields.n);
    d->member[DEX_METHOD] = glc_values_array(&d->methods);
    d->member[DEX_NUMBER_OF_METHODS] = glc_value_int((int64_t)d->methods.n);
}

static bool load_map(struct dex *d)
{
    struct glc_value *v = glc_value_members(d->arena, dex_map_fields);
    uint32_t at = d->word[DEX_HDR_MAP_OFFSET];
    struct glc_cursor c = glc_cursor(d->data);
    if (v == NULL)
        return false;
    d->member[DEX_MAP_LIST] = glc_value_struct(v);
    (void)glc_cursor_seek(&c, at);
    uint32_t n = glc_cursor_u32le(&c);
    if (at == NO_OFFSET)
        return true;
    if (!glc_cursor_ok(&c) || !load_rows(d, dex_item_fields, "2244", at + 4, n, &v[DEX_MAP_ITEM]))
        return false;
    v[DEX_MAP_SIZE] = glc_value_int(n);
    return true;
}

bool dex_parse(const struct glc_module_ctx *ctx, struct glc_value *member)
{
    struct dex d = { .data = ctx->data, .arena = ctx->arena, .member = member };
    if (ctx->data.len < HEADER || memcmp(ctx->data.ptr, "dex\n", 4) != 0 || ctx->data.ptr[7] != 0)
        return false;
    struct glc_span version = glc_span(ctx->data.ptr + 4, 3);
    bool known = false;
    for (int v = '5'; v <= '9'; v++)
        known |= version.ptr[0] == '0' && version.ptr[1] == '3' && version.ptr[2] == v;
    if (!known)
        return false;
    load_header(&d);
    if (load_strings(&d) && load_tables(&d) && load_map(&d))
        load_classes(&d);
    return true;
}
