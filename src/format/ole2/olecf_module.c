/* The module `olecf`: the directory of a compound file. [MS-CFB] 2.6; the fields are those of YARA-X 1.20. */
#include "format/module/modules.h"
#include "format/ole2/ole2_reader.h"

enum { OLECF_IS, OLECF_STREAMS, OLECF_TYPES, OLECF_FIELDS };
enum { STREAM_NAME, STREAM_TYPE, STREAM_SIZE, STREAM_FIELDS };

static const struct glc_field stream_fields[] = {
    [STREAM_NAME] = GLC_F_STR("name", "name of the entry"),
    [STREAM_TYPE] = GLC_F_INT("type", "StreamType.…"),
    [STREAM_SIZE] = GLC_F_INT("size", "bytes, as the directory says"),
    [STREAM_FIELDS] = { 0 },
};

static const struct glc_field types[] = {
    GLC_F_CONST("UNKNOWN", 0),
    GLC_F_CONST("STORAGE", GLC_OLE2_STORAGE),
    GLC_F_CONST("STREAM", GLC_OLE2_STREAM),
    GLC_F_CONST("ROOT", GLC_OLE2_ROOT),
    { 0 },
};

static const struct glc_field fields[] = {
    [OLECF_IS] = GLC_F_BOOL("is_olecf", "is the layer a compound file?"),
    [OLECF_STREAMS] = GLC_F_STRUCTS("streams", stream_fields, "the entries of its directory"),
    [OLECF_TYPES] = GLC_F_CONSTS("StreamType", types),
    [OLECF_FIELDS] = { 0 },
};

static void load(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    struct ole2_reader r;
    struct glc_values all = { 0 };
    (void)own;
    bool is = ole2_open(&r, ctx->data, ctx->arena);
    member[OLECF_IS] = glc_value_bool(is);
    for (size_t i = 0; is && i < ole2_entries(&r); i++) {
        const uint8_t *e = ole2_entry(&r, i);
        uint8_t type = e[GLC_OLE2_TYPE];
        struct glc_value *v = type == 0 ? NULL : glc_values_add_struct(ctx->arena, &all, stream_fields);
        if (v == NULL)
            continue;
        bool known = type == GLC_OLE2_STORAGE || type == GLC_OLE2_STREAM || type == GLC_OLE2_ROOT;
        v[STREAM_NAME] = glc_value_utf16(ctx->arena, ole2_name(e));
        v[STREAM_TYPE] = glc_value_int(known ? type : 0);
        v[STREAM_SIZE] = glc_value_int((int64_t)glc_ole2_size(&r.file, e));
    }
    if (is)
        member[OLECF_STREAMS] = glc_values_array(&all);
}

const struct glc_module glc_olecf_module = {
    .name = "olecf",
    .help = "OLE2 compound files: what they hold",
    .fields = fields,
    .load = load,
};
