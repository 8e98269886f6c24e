/* The module `lnk`: Windows links.
 *
 * Source: [MS-SHLLINK]. A link is a chain of parts, each of which may be missing; a part that lies ends the
 * reading, and what was read until then stands. */
#include "format/lnk/lnk_module.h"

#include "format/module/modules.h"

#include "base/cursor.h"

enum { HEADER = 0x4c, CLSID = 16 };

/* LinkFlags, 2.1.1 */
enum {
    HAS_ID_LIST = 1 << 0,
    HAS_INFO = 1 << 1,
    HAS_NAME = 1 << 2,
    IS_UNICODE = 1 << 7,
    NO_INFO = 1 << 8,
};

static struct glc_value text(struct glc_arena *a, struct glc_span s, bool wide)
{
    return wide ? glc_value_utf16(a, s) : glc_value_ansi(a, s);
}

/* The string at an offset of a structure, whose own header is `least` bytes: offsets into it lie. */
static struct glc_value text_at(struct glc_arena *a, struct glc_span part, uint32_t off, uint32_t least,
                                bool wide)
{
    return off < least || off >= part.len ? glc_value_undefined(GLC_T_STRING)
                                          : text(a, glc_span_sub(part, off, UINT64_MAX), wide);
}

/* 2.3.1 */
static void load_volume(struct glc_arena *a, struct glc_span info, uint32_t off, struct glc_value *member)
{
    enum { LEAST = 16, WIDE_FOLLOWS = 20 };
    struct glc_cursor c = glc_cursor(info);
    (void)glc_cursor_seek(&c, off);
    uint32_t size = glc_cursor_u32le(&c), type = glc_cursor_u32le(&c), serial = glc_cursor_u32le(&c);
    uint32_t label = glc_cursor_u32le(&c);
    if (!glc_cursor_ok(&c) || size < LEAST)
        return;
    struct glc_span volume = glc_span_sub(info, off, size);
    member[LNK_DRIVE_TYPE] = glc_value_int(type);
    member[LNK_DRIVE_SERIAL_NUMBER] = glc_value_int(serial);
    bool wide = label == WIDE_FOLLOWS && volume.len >= WIDE_FOLLOWS;
    if (wide)
        label = glc_cursor_u32le(&c);
    member[LNK_VOLUME_LABEL] = text_at(a, volume, label, LEAST, wide);
}

/* 2.3 */
static bool load_info(struct glc_arena *a, struct glc_cursor *c, struct glc_value *member)
{
    enum { HAS_VOLUME = 1, LEAST = 0x1c, WITH_WIDE = 0x24 };
    size_t at = c->off;
    uint32_t size = glc_cursor_u32le(c);
    if (size < LEAST || !glc_cursor_seek(c, at))
        return false;
    struct glc_span info = glc_cursor_span(c, size);
    if (!glc_cursor_ok(c))
        return false;
    struct glc_cursor in = glc_cursor(info);
    (void)glc_cursor_skip(&in, 4);
    uint32_t header = glc_cursor_u32le(&in), flags = glc_cursor_u32le(&in), volume = glc_cursor_u32le(&in);
    uint32_t base = glc_cursor_u32le(&in);
    (void)glc_cursor_skip(&in, 4);
    uint32_t suffix = glc_cursor_u32le(&in), wide_base = 0, wide_suffix = 0;
    if (header >= WITH_WIDE) {
        wide_base = glc_cursor_u32le(&in);
        wide_suffix = glc_cursor_u32le(&in);
    }
    if ((flags & HAS_VOLUME) != 0) {
        load_volume(a, info, volume, member);
        member[LNK_LOCAL_BASE_PATH] =
            text_at(a, info, wide_base != 0 ? wide_base : base, LEAST, wide_base != 0);
    }
    member[LNK_COMMON_PATH_SUFFIX] =
        text_at(a, info, wide_suffix != 0 ? wide_suffix : suffix, LEAST, wide_suffix != 0);
    return true;
}

/* 2.4: in this order, one for each flag from HAS_NAME on. */
static bool load_strings(struct glc_arena *a, struct glc_cursor *c, uint32_t flags, struct glc_value *member)
{
    static const enum lnk_field field[] = { LNK_NAME, LNK_RELATIVE_PATH, LNK_WORKING_DIR, LNK_CMD_LINE_ARGS,
                                            LNK_ICON_LOCATION };
    bool wide = (flags & IS_UNICODE) != 0;
    for (size_t i = 0; i < sizeof field / sizeof field[0]; i++) {
        if ((flags & (uint32_t)HAS_NAME << i) == 0)
            continue;
        uint32_t chars = glc_cursor_u16le(c);
        struct glc_span s = glc_cursor_span(c, wide ? chars * 2 : chars);
        if (!glc_cursor_ok(c))
            return false;
        member[field[i]] = text(a, s, wide);
    }
    return true;
}

/* 2.5.10 */
static void load_tracker(struct glc_arena *a, struct glc_span block, struct glc_value *member)
{
    enum { LENGTH = 0x58, MACHINE = 16, GUID = 16 };
    struct glc_cursor c = glc_cursor(block);
    uint32_t length = glc_cursor_u32le(&c), version = glc_cursor_u32le(&c);
    struct glc_span machine = glc_cursor_span(&c, MACHINE);
    struct glc_span guids = glc_cursor_span(&c, (uint64_t)4 * GUID);
    struct glc_value *v = glc_value_members(a, lnk_tracker_fields);
    if (!glc_cursor_ok(&c) || length < LENGTH || v == NULL)
        return;
    v[LNK_TRACKER_VERSION] = glc_value_int(version);
    v[LNK_TRACKER_MACHINE_ID] = glc_value_ansi(a, machine);
    for (unsigned i = 0; i < 4; i++)
        v[LNK_TRACKER_DROID_VOLUME_ID + i] = glc_value_guid(a, guids.ptr + (size_t)i * GUID);
    member[LNK_TRACKER_DATA] = glc_value_struct(v);
}

/* 2.5: blocks up to one that is shorter than its own size; behind it nothing belongs to the link. */
static void load_extra(struct glc_arena *a, struct glc_cursor *c, struct glc_value *member)
{
    enum { TRACKER = (int)0xa0000003, LEAST = 4, HEAD = 8 };
    while (glc_cursor_left(c) >= LEAST) {
        uint32_t size = glc_cursor_u32le(c);
        if (size < LEAST)
            break;
        struct glc_cursor block = glc_cursor_sub(c, size - LEAST);
        uint32_t signature = glc_cursor_u32le(&block);
        if (!glc_cursor_ok(c))
            return;
        if (glc_cursor_ok(&block) && signature == (uint32_t)TRACKER)
            load_tracker(a, glc_cursor_span(&block, glc_cursor_left(&block)), member);
    }
    member[LNK_OVERLAY_SIZE] = glc_value_int((int64_t)glc_cursor_left(c));
    if (glc_cursor_left(c) != 0)
        member[LNK_OVERLAY_OFFSET] = glc_value_int((int64_t)c->off);
}

static void load(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    static const uint8_t clsid[CLSID] = { 1, 0x14, 2, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46 };
    struct glc_cursor c = glc_cursor(ctx->data);
    (void)own;
    uint32_t size = glc_cursor_u32le(&c);
    struct glc_span class = glc_cursor_span(&c, CLSID);
    bool is_lnk = glc_cursor_ok(&c) && size == HEADER && memcmp(class.ptr, clsid, CLSID) == 0 &&
                  ctx->data.len >= HEADER;
    member[LNK_IS_LNK] = glc_value_bool(is_lnk);
    if (!is_lnk)
        return;
    uint32_t flags = glc_cursor_u32le(&c);
    member[LNK_FILE_ATTRIBUTES] = glc_value_int(glc_cursor_u32le(&c));
    member[LNK_CREATION_TIME] = glc_value_filetime(glc_cursor_u64le(&c));
    member[LNK_ACCESS_TIME] = glc_value_filetime(glc_cursor_u64le(&c));
    member[LNK_WRITE_TIME] = glc_value_filetime(glc_cursor_u64le(&c));
    member[LNK_FILE_SIZE] = glc_value_int(glc_cursor_u32le(&c));
    member[LNK_ICON_INDEX] = glc_value_int(glc_cursor_u32le(&c)); /* unsigned, as in YARA-X */
    member[LNK_SHOW_COMMAND] = glc_value_int(glc_cursor_u32le(&c));
    (void)glc_cursor_seek(&c, HEADER);
    if ((flags & HAS_ID_LIST) != 0)
        (void)glc_cursor_skip(&c, glc_cursor_u16le(&c));
    if ((flags & HAS_INFO) != 0 && (flags & NO_INFO) == 0 && !load_info(ctx->arena, &c, member))
        return;
    if (glc_cursor_ok(&c) && load_strings(ctx->arena, &c, flags, member))
        load_extra(ctx->arena, &c, member);
}

const struct glc_module glc_lnk_module = {
    .name = "lnk",
    .help = "Windows links (.lnk)",
    .fields = lnk_fields,
    .load = load,
};
