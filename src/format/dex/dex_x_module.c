/* The module `dex` of the dialect YARA-X: names where YARA has indices. YARA-X manual, "dex"; Android,
 * "Dalvik executable format".
 *
 * Counts are bounded by the file's own bytes: a row takes 4 of them at least. A string is cut at its first
 * zero byte, as the format ends it; it stays in its modified UTF-8. */
#include "format/dex/dex_x_module.h"

#include "format/module/modules.h"

#include "base/cursor.h"
#include "base/digest.h"

#include <libdeflate.h>

enum { HEADER = 112, HEADER_41 = 120, SIGNATURE_AT = 12, SIGNED_AT = 32, MOST_ROWS = 1 << 20 };
enum { MOST_PARAMETERS = 1 << 16 }; /* as 16-bit type indices allow */
static const uint32_t NO_INDEX = 0xffffffff;

/* Header words, from file_size on. */
enum word {
    FILE_SIZE,
    HEADER_SIZE,
    ENDIAN_TAG,
    LINK_SIZE,
    LINK_OFF,
    MAP_OFF,
    STRINGS, /* count; the next word is the offset, here and below */
    STRINGS_OFF,
    TYPES,
    TYPES_OFF,
    PROTOS,
    PROTOS_OFF,
    FIELDS,
    FIELDS_OFF,
    METHODS,
    METHODS_OFF,
    CLASSES,
    CLASSES_OFF,
    DATA_SIZE,
    DATA_OFF,
    WORDS
};

struct dex {
    struct glc_span data;
    struct glc_arena *a;
    uint32_t word[WORDS];
    struct glc_values strings, types, protos;
    uint64_t parameters; /* of all prototypes: many may share one list */
};

static struct glc_value none(void)
{
    return glc_value_undefined(GLC_T_STRING);
}

static struct glc_value nth(const struct glc_values *all, uint32_t i, enum glc_type t)
{
    return i < all->n ? all->item[i] : glc_value_undefined(t);
}

static struct glc_cursor at(const struct dex *d, uint64_t off)
{
    struct glc_cursor c = glc_cursor(d->data);
    (void)glc_cursor_seek(&c, off);
    return c;
}

static void put_header(const struct dex *d, uint32_t version, struct glc_value *member)
{
    struct glc_value *v = glc_value_members(d->a, dex_x_header_fields);
    struct glc_cursor c = glc_cursor(d->data);
    if (v == NULL)
        return;
    v[DEX_X_HDR_MAGIC] = glc_value_int(glc_cursor_u32be(&c));
    (void)glc_cursor_skip(&c, 4);
    v[DEX_X_HDR_VERSION] = glc_value_int(version);
    v[DEX_X_HDR_CHECKSUM] = glc_value_int(glc_cursor_u32le(&c));
    v[DEX_X_HDR_SIGNATURE] = glc_value_cstr(glc_value_hex(d->a, glc_cursor_span(&c, 20)));
    for (uint32_t i = 0; i < WORDS; i++)
        v[DEX_X_HDR_WORDS + i] = glc_value_int(d->word[i]);
    if (version >= 41) {
        v[DEX_X_HDR_WORDS + DATA_SIZE] = v[DEX_X_HDR_WORDS + DATA_OFF] = glc_value_undefined(GLC_T_INT);
        c = at(d, HEADER);
        uint32_t container = glc_cursor_u32le(&c), offset = glc_cursor_u32le(&c);
        if (glc_cursor_ok(&c)) {
            v[DEX_X_HDR_CONTAINER_SIZE] = glc_value_int(container);
            v[DEX_X_HDR_HEADER_OFFSET] = glc_value_int(offset);
        }
    }
    member[DEX_X_HEADER] = glc_value_struct(v);
}

/* Rows of `size` bytes that the file holds. */
static uint32_t rows(const struct dex *d, enum word table, uint32_t size, struct glc_cursor *c)
{
    *c = at(d, d->word[table + 1]);
    uint64_t room = glc_cursor_ok(c) ? glc_cursor_left(c) / size : 0;
    uint64_t n = d->word[table] < room ? d->word[table] : room;
    return (uint32_t)(n < MOST_ROWS ? n : MOST_ROWS);
}

static void read_strings(struct dex *d)
{
    struct glc_cursor c;
    for (uint32_t i = 0, n = rows(d, STRINGS, 4, &c); i < n; i++) {
        struct glc_cursor s = at(d, glc_cursor_u32le(&c));
        (void)glc_cursor_uleb(&s); /* in UTF-16 units */
        struct glc_span text = glc_span_sub(d->data, s.off, UINT64_MAX);
        const uint8_t *end = glc_cursor_ok(&s) && text.len != 0 ? memchr(text.ptr, 0, text.len) : NULL;
        /* One that is not there keeps its place. */
        if (!glc_values_add(d->a, &d->strings,
                            end == NULL ? none()
                                        : glc_value_str(glc_span(text.ptr, (size_t)(end - text.ptr)))))
            return;
    }
}

static void read_types(struct dex *d)
{
    struct glc_cursor c;
    for (uint32_t i = 0, n = rows(d, TYPES, 4, &c); i < n; i++)
        if (!glc_values_add(d->a, &d->types, nth(&d->strings, glc_cursor_u32le(&c), GLC_T_STRING)))
            return;
}

static struct glc_value parameters(struct dex *d, uint32_t off)
{
    struct glc_values all = { 0 };
    struct glc_cursor c = at(d, off);
    uint32_t n = off == 0 ? 0 : glc_cursor_u32le(&c);
    for (uint32_t i = 0; i < n && i < MOST_PARAMETERS && d->parameters < MOST_ROWS; i++, d->parameters++) {
        uint16_t type = glc_cursor_u16le(&c);
        if (!glc_cursor_ok(&c) || !glc_values_add(d->a, &all, nth(&d->types, type, GLC_T_STRING)))
            break;
    }
    return glc_values_array(&all);
}

static void read_protos(struct dex *d)
{
    struct glc_cursor c;
    for (uint32_t i = 0, n = rows(d, PROTOS, 12, &c); i < n; i++) {
        struct glc_value *v = glc_values_add_struct(d->a, &d->protos, dex_x_proto_fields);
        if (v == NULL)
            return;
        v[DEX_X_PROTO_SHORTY] = nth(&d->strings, glc_cursor_u32le(&c), GLC_T_STRING);
        v[DEX_X_PROTO_RETURN] = nth(&d->types, glc_cursor_u32le(&c), GLC_T_STRING);
        v[DEX_X_PROTO_PARAMETERS] = parameters(d, glc_cursor_u32le(&c));
        v[DEX_X_PROTO_COUNT] = glc_value_int(v[DEX_X_PROTO_PARAMETERS].u.array.n);
    }
}

static struct glc_value read_fields(struct dex *d)
{
    struct glc_values all = { 0 };
    struct glc_cursor c;
    for (uint32_t i = 0, n = rows(d, FIELDS, 8, &c); i < n; i++) {
        struct glc_value *v = glc_values_add_struct(d->a, &all, dex_x_field_fields);
        if (v == NULL)
            break;
        v[DEX_X_FIELD_CLASS] = nth(&d->types, glc_cursor_u16le(&c), GLC_T_STRING);
        v[DEX_X_FIELD_TYPE] = nth(&d->types, glc_cursor_u16le(&c), GLC_T_STRING);
        v[DEX_X_FIELD_NAME] = nth(&d->strings, glc_cursor_u32le(&c), GLC_T_STRING);
    }
    return glc_values_array(&all);
}

static struct glc_value read_methods(struct dex *d)
{
    struct glc_values all = { 0 };
    struct glc_cursor c;
    for (uint32_t i = 0, n = rows(d, METHODS, 8, &c); i < n; i++) {
        struct glc_value *v = glc_values_add_struct(d->a, &all, dex_x_method_fields);
        if (v == NULL)
            break;
        v[DEX_X_METHOD_CLASS] = nth(&d->types, glc_cursor_u16le(&c), GLC_T_STRING);
        v[DEX_X_METHOD_PROTO] = nth(&d->protos, glc_cursor_u16le(&c), GLC_T_STRUCT);
        v[DEX_X_METHOD_NAME] = nth(&d->strings, glc_cursor_u32le(&c), GLC_T_STRING);
    }
    return glc_values_array(&all);
}

static struct glc_value read_classes(struct dex *d)
{
    struct glc_values all = { 0 };
    struct glc_cursor c;
    for (uint32_t i = 0, n = rows(d, CLASSES, 32, &c); i < n; i++) {
        uint32_t cls = glc_cursor_u32le(&c), flags = glc_cursor_u32le(&c), super = glc_cursor_u32le(&c);
        (void)glc_cursor_u32le(&c); /* interfaces */
        uint32_t source = glc_cursor_u32le(&c);
        (void)glc_cursor_skip(&c, 12);
        struct glc_value *v = glc_values_add_struct(d->a, &all, dex_x_class_fields);
        if (v == NULL)
            break;
        v[DEX_X_CLASS_CLASS] = nth(&d->types, cls, GLC_T_STRING);
        v[DEX_X_CLASS_FLAGS] = glc_value_int(flags);
        v[DEX_X_CLASS_SUPER] = super == NO_INDEX ? none() : nth(&d->types, super, GLC_T_STRING);
        v[DEX_X_CLASS_SOURCE] = source == NO_INDEX ? none() : nth(&d->strings, source, GLC_T_STRING);
    }
    return glc_values_array(&all);
}

static struct glc_value read_map(struct dex *d)
{
    struct glc_value *v = glc_value_members(d->a, dex_x_map_fields);
    struct glc_values all = { 0 };
    struct glc_cursor c = at(d, d->word[MAP_OFF]);
    uint32_t n = glc_cursor_u32le(&c);
    if (v == NULL || d->word[MAP_OFF] == 0 || !glc_cursor_ok(&c))
        return glc_value_struct(v);
    for (uint32_t i = 0; i < n && glc_cursor_left(&c) >= 12; i++) {
        struct glc_value *item = glc_values_add_struct(d->a, &all, dex_x_item_fields);
        if (item == NULL)
            break;
        item[DEX_X_ITEM_TYPE] = glc_value_int(glc_cursor_u16le(&c));
        item[DEX_X_ITEM_UNUSED] = glc_value_int(glc_cursor_u16le(&c));
        item[DEX_X_ITEM_SIZE] = glc_value_int(glc_cursor_u32le(&c));
        item[DEX_X_ITEM_OFFSET] = glc_value_int(glc_cursor_u32le(&c));
    }
    v[DEX_X_MAP_SIZE] = glc_value_int(n);
    v[DEX_X_MAP_ITEMS] = glc_values_array(&all);
    return glc_value_struct(v);
}

/* 35 to 41, or 0: no DEX file. */
static uint32_t version_of(struct glc_span data)
{
    if (data.len < HEADER || memcmp(data.ptr, "dex\n0", 5) != 0 || data.ptr[7] != 0 || data.ptr[5] < '0' ||
        data.ptr[5] > '9' || data.ptr[6] < '0' || data.ptr[6] > '9')
        return 0;
    uint32_t version = 10u * (data.ptr[5] - '0') + (data.ptr[6] - '0');
    return version >= 35 && version <= 41 ? version : 0;
}

/* `own` only says that the layer is a DEX file. */
static void load(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    struct dex d = { .data = ctx->data, .a = ctx->arena };
    uint32_t version = version_of(ctx->data);
    member[DEX_X_IS_DEX] = glc_value_bool(version != 0);
    if (version == 0)
        return;
    struct glc_cursor c = at(&d, SIGNED_AT);
    for (uint32_t i = 0; i < WORDS; i++)
        d.word[i] = glc_cursor_u32le(&c);
    put_header(&d, version, member);
    read_strings(&d);
    read_types(&d);
    read_protos(&d);
    member[DEX_X_STRING_IDS] = glc_values_array(&d.strings);
    member[DEX_X_TYPE_IDS] = glc_values_array(&d.types);
    member[DEX_X_PROTO_IDS] = glc_values_array(&d.protos);
    member[DEX_X_FIELD_IDS] = read_fields(&d);
    member[DEX_X_METHOD_IDS] = read_methods(&d);
    member[DEX_X_CLASS_DEFS] = read_classes(&d);
    member[DEX_X_MAP_LIST] = read_map(&d);
    *own = member;
}

#define CALL(name)                                                                                           \
    static struct glc_value name(const struct glc_module_ctx *ctx, const struct glc_value *root,             \
                                 const struct glc_value *args)

CALL(checksum)
{
    struct glc_span s = glc_span_sub(ctx->data, SIGNATURE_AT, UINT64_MAX);
    (void)args;
    if (root->u.own == NULL)
        return glc_value_undefined(GLC_T_INT);
    return glc_value_int(libdeflate_adler32(1, s.ptr, s.len));
}

CALL(signature)
{
    uint8_t sum[GLC_DIGEST_MAX];
    struct glc_digest *g = root->u.own != NULL ? glc_digest_new(GLC_SHA1) : NULL;
    bool good = g != NULL && glc_digest_of(g, glc_span_sub(ctx->data, SIGNED_AT, UINT64_MAX), sum);
    (void)args;
    glc_digest_free(g);
    return good ? glc_value_cstr(glc_value_hex(ctx->arena, glc_span(sum, glc_digest_len(GLC_SHA1)))) : none();
}

static bool is(const struct glc_value *s, const struct glc_value *wanted)
{
    return s->defined && glc_span_eq(s->u.text, wanted->u.text);
}

static struct glc_value in_list(const struct glc_value *root, enum dex_x_field list,
                                const struct glc_value *wanted)
{
    if (root->u.own == NULL)
        return glc_value_undefined(GLC_T_BOOL);
    const struct glc_value *all = &root->u.member[list];
    for (uint32_t i = 0; i < all->u.array.n; i++)
        if (is(&all->u.array.item[i], wanted))
            return glc_value_bool(true);
    return glc_value_bool(false);
}

CALL(contains_string)
{
    (void)ctx;
    return in_list(root, DEX_X_STRING_IDS, args);
}

CALL(contains_class)
{
    (void)ctx;
    return in_list(root, DEX_X_TYPE_IDS, args);
}

CALL(contains_method)
{
    (void)ctx;
    if (root->u.own == NULL)
        return glc_value_undefined(GLC_T_BOOL);
    const struct glc_value *all = &root->u.member[DEX_X_METHOD_IDS];
    for (uint32_t i = 0; i < all->u.array.n; i++)
        if (is(&all->u.array.item[i].u.member[DEX_X_METHOD_NAME], args))
            return glc_value_bool(true);
    return glc_value_bool(false);
}

static const struct glc_function functions[] = {
    { "checksum", "", GLC_T_INT, "Adler-32 that header.checksum should be", checksum },
    { "signature", "", GLC_T_STRING, "SHA-1 that header.signature should be, hex", signature },
    { "contains_string", "s", GLC_T_BOOL, "is the string one of string_ids?", contains_string },
    { "contains_class", "s", GLC_T_BOOL, "is the name one of type_ids?", contains_class },
    { "contains_method", "s", GLC_T_BOOL, "is a method of method_ids so named?", contains_method },
    { 0 },
};

const struct glc_module glc_dex_x_module = {
    .name = "dex",
    .dialect = "yara-x",
    .help = "Android programs",
    .fields = dex_x_fields,
    .functions = functions,
    .load = load,
};
