/* The "rich signature": what Microsoft's linker says, XORed, between the DOS stub and the PE header about the
 * tools that made the objects. It ends with "Rich" and the key; the key decodes its first word to "DanS".
 * Daniel Pistelli, "Microsoft's Rich Signature" (2008). */
#include "format/pe/pe_module.h"

#include "base/cursor.h"

enum { DANS = 0x536e6144, RICH = 0x68636952 };

/* The start of the signature whose "Rich" stands at `end`, or `end` where there is none. */
static size_t find_start(const struct pe *pe, size_t end, uint32_t key)
{
    for (size_t at = end; at >= 64 + 4; at -= 4)
        if ((glc_le32(pe->h.data.ptr + at - 4) ^ key) == DANS)
            return at - 4;
    return end;
}

static struct glc_span decode(struct pe *pe, struct glc_span raw, uint32_t key)
{
    uint8_t *clear = glc_arena_alloc(pe->arena, raw.len);
    for (size_t i = 0; clear != NULL && i < raw.len; i++)
        clear[i] = raw.ptr[i] ^ (uint8_t)(key >> 8 * (i % 4));
    return glc_span(clear, clear == NULL ? 0 : raw.len);
}

/* Pairs of words: version and tool, and how often it was used. */
static struct glc_value tools(struct pe *pe, struct glc_span records)
{
    struct glc_values all = { 0 };
    for (size_t at = 0; records.len - at >= 8; at += 8) {
        struct glc_value *v = glc_values_add_struct(pe->arena, &all, pe_tool_fields);
        if (v == NULL)
            break;
        v[PE_TOOL_VERSION] = glc_value_int(glc_le16(records.ptr + at));
        v[PE_TOOL_ID] = glc_value_int(glc_le16(records.ptr + at + 2));
        v[PE_TOOL_TIMES] = glc_value_int(glc_le32(records.ptr + at + 4));
    }
    return glc_values_array(&all);
}

void pe_load_rich(struct pe *pe, struct glc_value *member)
{
    struct glc_value *v = glc_value_members(pe->arena, pe_rich_fields);
    member[PE_RICH_SIGNATURE] = glc_value_struct(v);
    for (size_t end = 64; v != NULL && end + 8 <= pe->h.header; end += 4) {
        if (glc_le32(pe->h.data.ptr + end) != RICH)
            continue;
        uint32_t key = glc_le32(pe->h.data.ptr + end + 4);
        size_t start = find_start(pe, end, key);
        struct glc_span raw = glc_span(pe->h.data.ptr + start, end - start), clear = decode(pe, raw, key);
        if (raw.len < 16 || clear.len != raw.len)
            continue;
        v[PE_RICH_OFFSET] = glc_value_int((int64_t)start);
        v[PE_RICH_LENGTH] = glc_value_int((int64_t)raw.len);
        v[PE_RICH_KEY] = glc_value_int(key);
        v[PE_RICH_RAW] = glc_value_str(raw);
        v[PE_RICH_CLEAR] = glc_value_str(clear);
        struct glc_span records = glc_span_sub(clear, 16, UINT64_MAX);
        v[PE_RICH_VERSION_DATA] = glc_value_str(records);
        v[PE_RICH_TOOLS] = tools(pe, records);
        return;
    }
}
