#include "format/dotnet/metadata.h"

#include "base/hex.h"

enum { DIRECTORY = 14, SIGNATURE = 0x424a5342, LONGEST_STRING = 1 << 16, LONGEST_NAME = 32 };

/* The columns of each table: bytes of a number; s, g, b an index into a heap; #XX one into a table; a capital
 * a coded index. */
static const char *const schema[NET_TABLES] = {
    "2sggg",  "Rss",    "4ssD#04#06", "#04",    "2sb",  "#06",       "422sb#08", "#08",   "22s",
    "#02D",   "Msb",    "2Cb",        "AYb",    "Fb",   "2Sb",       "24#02",    "4#04",  "b",
    "#02#14", "#14",    "2sD",        "#02#17", "#17",  "2sb",       "2#06H",    "#02OO", "s",
    "b",      "2Ws#1a", "4#04",       "44",     "4",    "422224bss", "4",        "444",   "22224bssb",
    "4#23",   "444#23", "4sb",        "44ssI",  "44sI", "#02#02",    "22Ts",     "Ob",    "#2aD",
};

struct coded {
    char kind;
    uint8_t bits, n;
    uint8_t table[22]; /* 0xff: not used */
};

static const struct coded coded[] = {
    { 'D', 2, 3, { 0x02, 0x01, 0x1b } },
    { 'C', 2, 3, { 0x04, 0x08, 0x17 } },
    { 'A', 5, 22, { 0x06, 0x04, 0x01, 0x02, 0x08, 0x09, 0x0a, 0x00, 0x0e, 0x17, 0x14,
                    0x11, 0x1a, 0x1b, 0x20, 0x23, 0x26, 0x27, 0x28, 0x2a, 0x2c, 0x2b } },
    { 'F', 1, 2, { 0x04, 0x08 } },
    { 'S', 2, 3, { 0x02, 0x06, 0x20 } },
    { 'M', 3, 5, { 0x02, 0x01, 0x1a, 0x06, 0x1b } },
    { 'H', 1, 2, { 0x14, 0x17 } },
    { 'O', 1, 2, { 0x06, 0x0a } },
    { 'W', 1, 2, { 0x04, 0x06 } },
    { 'I', 2, 3, { 0x26, 0x23, 0x27 } },
    { 'Y', 3, 5, { 0xff, 0xff, 0x06, 0x0a, 0xff } },
    { 'R', 2, 4, { 0x00, 0x1a, 0x23, 0x01 } },
    { 'T', 1, 2, { 0x02, 0x06 } },
};

static const struct coded *coded_of(char kind)
{
    for (size_t i = 0; i < sizeof coded / sizeof coded[0]; i++)
        if (coded[i].kind == kind)
            return &coded[i];
    return NULL;
}

enum net_table net_coded(char kind, uint32_t value, uint32_t *row)
{
    const struct coded *c = coded_of(kind);
    uint32_t tag = value & ((1u << c->bits) - 1);
    *row = tag < c->n && c->table[tag] != 0xff ? value >> c->bits : 0;
    return *row == 0 ? NET_TABLES : (enum net_table)c->table[tag];
}

/* Bytes of the column that *s describes; *s steps over it. */
static uint32_t column_size(const struct net *n, const char **s)
{
    char kind = *(*s)++;
    if (kind == '2' || kind == '4')
        return (uint32_t)(kind - '0');
    if (kind == 's' || kind == 'g' || kind == 'b')
        return (n->heap_sizes & (kind == 's' ? 1 : kind == 'g' ? 2 : 4)) != 0 ? 4 : 2;
    uint32_t most = 0, bits = 0;
    if (kind == '#') {
        uint32_t table = (uint32_t)(glc_hex_digit((*s)[0]) * 16 + glc_hex_digit((*s)[1]));
        *s += 2;
        most = n->rows[table];
    } else {
        const struct coded *c = coded_of(kind);
        bits = c->bits;
        for (uint32_t i = 0; i < c->n; i++)
            if (c->table[i] != 0xff && n->rows[c->table[i]] > most)
                most = n->rows[c->table[i]];
    }
    return most < 1u << (16 - bits) ? 2 : 4;
}

uint32_t net_cell(const struct net *n, enum net_table table, uint32_t row, uint32_t column)
{
    const char *s = schema[table];
    uint32_t at = 0;
    if (row == 0 || row > n->table[table].len / (n->row_size[table] == 0 ? 1 : n->row_size[table]))
        return 0;
    while (column-- > 0)
        at += column_size(n, &s);
    const uint8_t *p = n->table[table].ptr + (size_t)(row - 1) * n->row_size[table] + at;
    return column_size(n, &s) == 2 ? glc_le16(p) : glc_le32(p);
}

bool net_string(const struct net *n, uint32_t index, struct glc_span *out)
{
    struct glc_cursor c = glc_cursor(n->strings);
    (void)glc_cursor_seek(&c, index);
    struct glc_span s = glc_cursor_cstr(&c, LONGEST_STRING);
    if (!glc_cursor_ok(&c))
        return false;
    *out = s;
    return true;
}

/* ECMA-335 II.24.2.4: lengths of one, two or four bytes. */
bool net_blob(struct glc_span heap, uint32_t index, struct glc_span *out, uint32_t *next)
{
    struct glc_cursor c = glc_cursor(heap);
    (void)glc_cursor_seek(&c, index);
    uint32_t length = glc_cursor_u8(&c);
    if ((length & 0xe0) == 0xc0)
        length = (length & 0x1f) << 24 | (uint32_t)glc_cursor_u8(&c) << 16 | glc_cursor_u16be(&c);
    else if ((length & 0xc0) == 0x80)
        length = (length & 0x3f) << 8 | glc_cursor_u8(&c);
    else if ((length & 0x80) != 0)
        return false;
    struct glc_span s = glc_cursor_span(&c, length);
    if (!glc_cursor_ok(&c))
        return false;
    *out = s;
    if (next != NULL)
        *next = (uint32_t)c.off;
    return true;
}

/* #~: reserved, versions, heap sizes, the set of tables, their numbers of rows, their rows. */
static void parse_tables(struct net *n)
{
    struct glc_cursor c = glc_cursor(n->tables);
    (void)glc_cursor_skip(&c, 6);
    n->heap_sizes = glc_cursor_u8(&c);
    (void)glc_cursor_skip(&c, 1);
    uint64_t valid = glc_cursor_u64le(&c);
    (void)glc_cursor_skip(&c, 8);
    for (uint32_t t = 0; t < 64; t++)
        if ((valid >> t & 1) != 0)
            n->rows[t] = glc_cursor_u32le(&c);
    if ((n->heap_sizes & 0x40) != 0)
        (void)glc_cursor_skip(&c, 4); /* extra data, as edit-and-continue and some obfuscators write it */
    for (uint32_t t = 0; t < NET_TABLES && glc_cursor_ok(&c); t++) {
        if (n->rows[t] == 0)
            continue;
        for (const char *s = schema[t]; *s != '\0';)
            n->row_size[t] += column_size(n, &s);
        uint64_t size = (uint64_t)n->rows[t] * n->row_size[t];
        size_t left = glc_cursor_left(&c);
        n->table[t] = glc_cursor_span(&c, size < left ? size : left - left % n->row_size[t]);
    }
}

static void parse_streams(struct net *n, struct glc_cursor *c, uint64_t root, uint32_t count)
{
    for (uint32_t i = 0; i < count && n->streams < NET_MOST_STREAMS; i++) {
        uint32_t offset = glc_cursor_u32le(c), size = glc_cursor_u32le(c);
        size_t start = c->off;
        struct glc_span name = glc_cursor_cstr(c, LONGEST_NAME);
        (void)glc_cursor_skip(c, (4 - (c->off - start) % 4) % 4);
        if (!glc_cursor_ok(c))
            break;
        struct net_stream *s = &n->stream[n->streams++];
        *s = (struct net_stream){ .name = name, .offset = root + offset, .size = size };
        struct glc_span bytes = glc_span_sub(n->pe.data, s->offset, size);
        if (glc_span_is(name, "#~") || glc_span_is(name, "#-"))
            n->tables = bytes;
        else if (glc_span_is(name, "#Strings"))
            n->strings = bytes;
        else if (glc_span_is(name, "#GUID"))
            n->guids = bytes;
        else if (glc_span_is(name, "#Blob"))
            n->blobs = bytes;
        else if (glc_span_is(name, "#US"))
            n->user_strings = bytes;
    }
}

bool net_parse(struct glc_span data, struct glc_arena *arena, struct net *out)
{
    struct net *n = out;
    if (!glc_pe_parse(data, arena, &n->pe) || !n->pe.complete)
        return false;
    /* The CLI header: size, runtime version, metadata's address and size, flags, entry, resources' address
     * and size, … */
    struct glc_cursor h = glc_cursor(glc_pe_at(&n->pe, n->pe.dir[DIRECTORY].address, 72));
    (void)glc_cursor_skip(&h, 8);
    uint32_t metadata = glc_cursor_u32le(&h);
    (void)glc_cursor_skip(&h, 12);
    n->resources = glc_cursor_u32le(&h);
    if (n->pe.dir[DIRECTORY].address == 0 || !glc_cursor_ok(&h))
        return false;
    uint64_t root = glc_pe_offset(&n->pe, metadata);
    struct glc_cursor c =
        glc_cursor(root == GLC_NO_OFFSET ? glc_span(NULL, 0) : glc_span_sub(data, root, UINT64_MAX));
    uint32_t magic = glc_cursor_u32le(&c);
    (void)glc_cursor_skip(&c, 8);
    uint32_t length = glc_cursor_u32le(&c);
    struct glc_span version = glc_cursor_span(&c, length);
    (void)glc_cursor_skip(&c, 2);
    uint32_t streams = glc_cursor_u16le(&c);
    if (magic != SIGNATURE || length > 255 || !glc_cursor_ok(&c))
        return false;
    n->version = glc_span(version.ptr, strnlen((const char *)version.ptr, version.len));
    parse_streams(n, &c, root, streams);
    parse_tables(n);
    return true;
}
