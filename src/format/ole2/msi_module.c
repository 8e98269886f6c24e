/* The module `msi`: Windows Installer's packages.
 *
 * Sources: [MS-OLEPS] for the summary; Windows Installer's documentation ("Summary Property Descriptions",
 * "Property Table") for its meaning. How the database lies in streams is known from what `msibuild` and
 * `wixl` of Debian write: names of tables take two letters a UTF-16 unit, texts are numbers into a pool,
 * columns lie one behind another. */
#include "format/ole2/msi_table.h"

#include "format/module/modules.h"
#include "format/ole2/ole2_reader.h"

#include <stdlib.h>

struct pool {
    struct glc_span *text; /* by number; 0 is no text */
    size_t n;
    unsigned width; /* bytes of a number: 2 or 3 */
};

/* Letters of a table's stream: 0x3800 + two of them, 0x4800 + one, 0x4840 in front of a table. */
static size_t table_name(struct glc_span name, char out[2 * GLC_OLE2_NAME_UNITS + 1])
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";
    size_t n = 0;
    for (size_t i = 0; i + 2 <= name.len; i += 2) {
        unsigned c = glc_le16(name.ptr + i);
        if (c == 0x4840) {
            out[n++] = '!';
        } else if (c >= 0x4800 && c < 0x4840) {
            out[n++] = letters[c - 0x4800];
        } else if (c >= 0x3800 && c < 0x4800) {
            out[n++] = letters[c & 63];
            out[n++] = letters[(c - 0x3800) >> 6];
        } else {
            return 0;
        }
    }
    out[n] = '\0';
    return n;
}

static struct glc_span table(struct ole2_reader *r, const char *name)
{
    char has[2 * GLC_OLE2_NAME_UNITS + 1];
    for (size_t i = 0; i < ole2_entries(r); i++) {
        const uint8_t *e = ole2_entry(r, i);
        if (e[GLC_OLE2_TYPE] == GLC_OLE2_STREAM && table_name(ole2_name(e), has) != 0 &&
            strcmp(has, name) == 0)
            return ole2_read(r, e);
    }
    return glc_span(NULL, 0);
}

/* Lengths in _StringPool, bytes in _StringData. A length of 0 with a count of uses is the upper half of the
 * next one's. */
static bool read_pool(struct ole2_reader *r, struct glc_arena *a, struct pool *out)
{
    struct glc_cursor lengths = glc_cursor(table(r, "!_StringPool"));
    struct glc_cursor bytes = glc_cursor(table(r, "!_StringData"));
    size_t most = glc_cursor_left(&lengths) / 4;
    (void)glc_cursor_u16le(&lengths); /* code page */
    out->width = (glc_cursor_u16le(&lengths) & 0x8000) != 0 ? 3 : 2;
    out->text = glc_arena_array(a, most + 1, sizeof *out->text);
    if (!glc_cursor_ok(&lengths) || out->text == NULL)
        return false;
    for (out->n = 1; glc_cursor_left(&lengths) >= 4 && out->n < most; out->n++) {
        uint32_t length = glc_cursor_u16le(&lengths), uses = glc_cursor_u16le(&lengths);
        if (length == 0 && uses != 0) {
            length = uses << 16 | glc_cursor_u16le(&lengths);
            (void)glc_cursor_u16le(&lengths);
        }
        out->text[out->n] = glc_cursor_span(&bytes, length);
        if (!glc_cursor_ok(&bytes))
            break;
    }
    return true;
}

static struct glc_span pool_text(const struct pool *p, struct glc_span column, size_t row)
{
    const uint8_t *at = column.ptr + row * p->width;
    size_t n = glc_le16(at) | (p->width == 3 ? (size_t)at[2] << 16 : 0);
    return n < p->n ? p->text[n] : glc_span(NULL, 0);
}

static void load_tables(struct ole2_reader *r, const struct pool *p, struct glc_arena *a,
                        struct glc_value *member)
{
    struct glc_span names = table(r, "!_Tables");
    struct glc_values all = { 0 };
    for (size_t i = 0; i < names.len / p->width; i++)
        if (!glc_values_add(a, &all, glc_value_str(pool_text(p, names, i))))
            break;
    member[MSI_TABLES] = glc_values_array(&all);
    member[MSI_NUMBER_OF_TABLES] = glc_value_int((int64_t)all.n);
}

static int by_key(const void *a, const void *b)
{
    const struct glc_dict_entry *x = a, *y = b;
    size_t n = x->key.len < y->key.len ? x->key.len : y->key.len;
    int d = n == 0 ? 0 : memcmp(x->key.ptr, y->key.ptr, n);
    return d != 0 ? d : (x->key.len > y->key.len) - (x->key.len < y->key.len);
}

/* Two columns of text. Where a key is there twice, one of its values is told. */
static void load_properties(struct ole2_reader *r, const struct pool *p, struct glc_arena *a,
                            struct glc_value *member)
{
    struct glc_span both = table(r, "!Property");
    size_t rows = both.len / p->width / 2, n = 0;
    struct glc_dict_entry *entry = glc_arena_array(a, rows, sizeof *entry);
    if (entry == NULL || rows == 0)
        return;
    struct glc_span values = glc_span_sub(both, rows * p->width, UINT64_MAX);
    for (size_t i = 0; i < rows; i++)
        entry[i] = (struct glc_dict_entry){ pool_text(p, both, i), glc_value_str(pool_text(p, values, i)) };
    qsort(entry, rows, sizeof *entry, by_key);
    for (size_t i = 0; i < rows; i++)
        if (n == 0 || by_key(&entry[n - 1], &entry[i]) != 0)
            entry[n++] = entry[i];
    member[MSI_PROPERTIES] = (struct glc_value){ .type = GLC_T_DICT,
                                                 .defined = true,
                                                 .u.dict = { .entry = entry, .n = (uint32_t)n } };
}

/* [MS-OLEPS] 2.15: the value at an offset of the property set. */
static struct glc_value property(struct glc_span set, uint32_t off, enum glc_type wanted)
{
    enum { VT_I2 = 2, VT_I4 = 3, VT_LPSTR = 30, VT_FILETIME = 64 };
    struct glc_cursor c = glc_cursor(set);
    (void)glc_cursor_seek(&c, off);
    uint32_t type = glc_cursor_u32le(&c);
    struct glc_value v = glc_value_undefined(wanted);
    if (type == VT_LPSTR) {
        struct glc_span s = glc_cursor_span(&c, glc_cursor_u32le(&c));
        while (s.len != 0 && s.ptr[s.len - 1] == 0)
            s.len--;
        v = glc_value_str(s);
    } else if (type == VT_FILETIME) {
        v = glc_value_filetime(glc_cursor_u64le(&c));
    } else if (type == VT_I2 || type == VT_I4) {
        v = glc_value_int(type == VT_I2 ? (int16_t)glc_cursor_u16le(&c) : (int32_t)glc_cursor_u32le(&c));
    }
    return glc_cursor_ok(&c) && v.type == wanted ? v : glc_value_undefined(wanted);
}

static void load_summary(struct glc_span stream, struct glc_value *member)
{
    enum { FIRST_SET = 44, LAST = 19, CODEPAGE = 1 };
    static const uint8_t field[LAST + 1] = {
        [CODEPAGE] = MSI_CODEPAGE, [2] = MSI_TITLE,
        [3] = MSI_SUBJECT,         [4] = MSI_AUTHOR,
        [5] = MSI_KEYWORDS,        [6] = MSI_COMMENTS,
        [7] = MSI_TEMPLATE,        [8] = MSI_LAST_SAVED_BY,
        [9] = MSI_REVISION_NUMBER, [12] = MSI_CREATE_TIME,
        [13] = MSI_LAST_SAVE_TIME, [14] = MSI_PAGE_COUNT,
        [15] = MSI_WORD_COUNT,     [18] = MSI_CREATING_APPLICATION,
        [19] = MSI_SECURITY,
    };
    struct glc_cursor c = glc_cursor(stream);
    (void)glc_cursor_seek(&c, FIRST_SET);
    uint32_t at = glc_cursor_u32le(&c);
    if (!glc_cursor_ok(&c) || !glc_cursor_seek(&c, at))
        return;
    struct glc_span set = glc_span_sub(stream, at, UINT64_MAX);
    (void)glc_cursor_u32le(&c); /* size */
    uint32_t n = glc_cursor_u32le(&c);
    for (uint32_t i = 0; i < n && glc_cursor_left(&c) >= 8; i++) {
        uint32_t id = glc_cursor_u32le(&c), off = glc_cursor_u32le(&c);
        if (id <= LAST && field[id] != 0)
            member[field[id]] = property(set, off, msi_fields[field[id]].type);
    }
    if (member[MSI_CODEPAGE].defined)
        member[MSI_CODEPAGE].u.integer &= 0xffff; /* 65001 is kept as a negative number */
}

/* The root's CLSID: 000C1084 of a package, 000C1086 of a patch, 000C1082 of a transform. */
static bool is_installer(const struct ole2_reader *r)
{
    static const uint8_t rest[] = { 0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46 };
    if (ole2_entries(r) == 0)
        return false;
    const uint8_t *clsid = ole2_entry(r, 0) + GLC_OLE2_CLSID;
    return (clsid[0] == 0x84 || clsid[0] == 0x86 || clsid[0] == 0x82) &&
           memcmp(clsid + 1, rest, sizeof rest) == 0;
}

static void load(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    struct ole2_reader r;
    struct pool pool;
    (void)own;
    bool is = ole2_open(&r, ctx->data, ctx->arena) && is_installer(&r);
    member[MSI_IS_MSI] = glc_value_bool(is);
    if (!is)
        return;
    member[MSI_IS_SIGNED] = glc_value_bool(ole2_find(&r, glc_span_str("\5DigitalSignature")) != NULL);
    load_summary(ole2_read(&r, ole2_find(&r, glc_span_str("\5SummaryInformation"))), member);
    if (read_pool(&r, ctx->arena, &pool)) {
        load_tables(&r, &pool, ctx->arena, member);
        load_properties(&r, &pool, ctx->arena, member);
    }
}

const struct glc_module glc_msi_module = {
    .name = "msi",
    .help = "Windows Installer's packages",
    .fields = msi_fields,
    .load = load,
};
