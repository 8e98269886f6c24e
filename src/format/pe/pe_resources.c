/* Resources: a tree of three levels (type, name, language) whose leaves are data, and the version information
 * among them. Microsoft, "PE Format": "The .rsrc Section"; "VS_VERSIONINFO structure".
 *
 * Hostile trees point at themselves: the walk never goes deeper than three levels and gives a limited number
 * of leaves. */
#include "format/pe/pe_module.h"

#include "base/cursor.h"

#include <stdlib.h>

enum {
    MOST_RESOURCES = 65536,
    MOST_ENTRIES = 65536,
    MOST_IN_DIRECTORY = 32768,
    LEVELS = 3,
    VERSION_TYPE = 16,
    MOST_VERSION_PAIRS = 4096,
    LONGEST_KEY = 63,
    LONGEST_VALUE = 255
};

struct tree {
    struct pe *pe;
    struct glc_span data; /* from the root directory to the end of the file */
    struct glc_values all;
    uint32_t entries; /* looked at, over all levels */
    struct glc_values pairs;
};

/* Type, name or language: a number, or where the high bit is set the offset of a counted UTF-16 string. */
struct label {
    uint32_t id;
    struct glc_span text;
    bool named;
};

static struct label read_label(const struct tree *t, uint32_t value)
{
    struct label l = { .id = value, .named = value >> 31 != 0 };
    if (l.named) {
        struct glc_cursor c = glc_cursor(t->data);
        (void)glc_cursor_seek(&c, value & 0x7fffffff);
        l.text = glc_cursor_span(&c, 2 * (uint64_t)glc_cursor_u16le(&c));
        if (!glc_cursor_ok(&c))
            l.text = glc_span(NULL, 0);
    }
    return l;
}

/* A name that cannot be read is given as the number that it is, without the high bit's meaning. */
static void put_label(struct glc_value *member, uint32_t number, uint32_t text, const struct label *l)
{
    if (l->named && l->text.ptr != NULL)
        member[text] = glc_value_str(l->text);
    else
        member[number] = glc_value_int((int32_t)l->id);
}

static void load_version(struct tree *t, struct glc_span s);

static bool load_leaf(struct tree *t, uint32_t at, const struct label path[LEVELS])
{
    struct glc_cursor c = glc_cursor(t->data);
    (void)glc_cursor_seek(&c, at);
    uint32_t rva = glc_cursor_u32le(&c), length = glc_cursor_u32le(&c);
    (void)glc_cursor_skip(&c, 8);
    if (!glc_cursor_ok(&c))
        return false;
    struct glc_value *v = glc_values_add_struct(t->pe->arena, &t->all, pe_resource_fields);
    if (v == NULL)
        return false;
    int64_t offset = pe_offset(t->pe, rva);
    v[PE_RES_RVA] = glc_value_int(rva);
    v[PE_RES_LENGTH] = glc_value_int(length);
    if (offset >= 0)
        v[PE_RES_OFFSET] = glc_value_int(offset);
    put_label(v, PE_RES_TYPE, PE_RES_TYPE_STRING, &path[0]);
    put_label(v, PE_RES_ID, PE_RES_NAME_STRING, &path[1]);
    put_label(v, PE_RES_LANGUAGE, PE_RES_LANGUAGE_STRING, &path[2]);
    if (offset >= 0 && !path[0].named && path[0].id == VERSION_TYPE)
        load_version(t, glc_span_sub(t->pe->h.data, (uint64_t)offset, UINT64_MAX));
    return true;
}

/* false: the tree is broken here, and the walk ends as yara's does; what was found stays. On the last level
 * every entry is data, whatever it says. */
static bool walk(struct tree *t, uint32_t at, uint32_t level, struct label path[LEVELS])
{
    struct glc_cursor c = glc_cursor(t->data);
    (void)glc_cursor_seek(&c, at);
    uint32_t characteristics = glc_cursor_u32le(&c);
    (void)glc_cursor_skip(&c, 8);
    uint32_t named = glc_cursor_u16le(&c), numbered = glc_cursor_u16le(&c);
    if (!glc_cursor_ok(&c))
        return false;
    if (characteristics != 0 || named > MOST_IN_DIRECTORY || numbered > MOST_IN_DIRECTORY)
        return true;
    for (uint32_t i = 0; i < named + numbered; i++) {
        uint32_t name = glc_cursor_u32le(&c), to = glc_cursor_u32le(&c);
        if (!glc_cursor_ok(&c) || t->all.n >= MOST_RESOURCES || t->entries++ >= MOST_ENTRIES)
            return false;
        path[level] = read_label(t, name);
        bool directory = to >> 31 != 0 && level + 1 < LEVELS;
        for (uint32_t deeper = level + 1; deeper < LEVELS; deeper++)
            path[deeper] = (struct label){ .id = UINT32_MAX };
        if (!(directory ? walk(t, to & 0x7fffffff, level + 1, path) : load_leaf(t, to & 0x7fffffff, path)))
            return false;
    }
    return true;
}

/* Version information: blocks of { length, value length, type, UTF-16 key, padding, value, blocks }. As in
 * yara 4.2.3 a block ends where its length says, but a block in it may reach over that end, and texts go on
 * to their zero; what the first block says of itself is not looked at. Keys and values are given in single
 * bytes: the low half of each unit. */
struct block {
    size_t at;  /* offset in the data */
    size_t end; /* by its length */
    uint16_t value_length;
    struct glc_span key; /* UTF-16 without its zero */
    size_t body;         /* where the value starts, aligned */
};

/* UTF-16 up to a zero unit or the end of the data. */
static struct glc_span wide_text(struct glc_span s, size_t at)
{
    struct glc_span rest = glc_span_sub(s, at, UINT64_MAX);
    size_t n = 0;
    while (rest.len - n >= 2 && glc_le16(rest.ptr + n) != 0)
        n += 2;
    return glc_span(rest.ptr, n);
}

static bool read_block(struct glc_span s, size_t at, struct block *b)
{
    struct glc_cursor c = glc_cursor(s);
    (void)glc_cursor_seek(&c, at);
    uint16_t length = glc_cursor_u16le(&c);
    b->value_length = glc_cursor_u16le(&c);
    (void)glc_cursor_u16le(&c);
    if (!glc_cursor_ok(&c) || length == 0)
        return false;
    b->at = at;
    b->end = at + length;
    b->key = wide_text(s, at + 6);
    b->body = (at + 6 + b->key.len + 2 + 3) & ~(size_t)3;
    return true;
}

static size_t after(const struct block *b)
{
    return (b->end + 3) & ~(size_t)3;
}

static bool key_is(const struct block *b, const char *text)
{
    size_t n = strlen(text);
    if (b->key.len != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (b->key.ptr[2 * i] != (uint8_t)text[i] || b->key.ptr[2 * i + 1] != 0)
            return false;
    return true;
}

static struct glc_value narrow(struct tree *t, struct glc_span wide, size_t most)
{
    size_t n = wide.len / 2 < most ? wide.len / 2 : most;
    uint8_t *text = glc_arena_alloc(t->pe->arena, n);
    for (size_t i = 0; text != NULL && i < n; i++)
        text[i] = wide.ptr[2 * i];
    return text == NULL ? glc_value_undefined(GLC_T_STRING) : glc_value_str(glc_span(text, n));
}

static bool load_pair(struct tree *t, struct glc_span s, const struct block *b)
{
    struct glc_value *v = t->pairs.n < MOST_VERSION_PAIRS
                              ? glc_values_add_struct(t->pe->arena, &t->pairs, pe_pair_fields)
                              : NULL;
    if (v == NULL)
        return false;
    v[PE_PAIR_KEY] = narrow(t, b->key, LONGEST_KEY);
    v[PE_PAIR_VALUE] =
        narrow(t, b->value_length == 0 ? glc_span(NULL, 0) : wide_text(s, b->body), LONGEST_VALUE);
    return true;
}

/* `s` begins with the first block and ends with the file. */
static void load_version(struct tree *t, struct glc_span s)
{
    enum { FIRST = 92 /* behind the head, "VS_VERSION_INFO" and VS_FIXEDFILEINFO */ };
    struct block root, info, table, pair;
    root.key = wide_text(s, 6);
    if (!key_is(&root, "VS_VERSION_INFO"))
        return;
    size_t at = FIRST;
    while (read_block(s, at, &info) && key_is(&info, "VarFileInfo"))
        at = after(&info);
    for (; read_block(s, at, &info) && key_is(&info, "StringFileInfo"); at = after(&info))
        for (size_t in = info.body; in < info.end && read_block(s, in, &table); in = after(&table))
            for (size_t deep = table.body; deep < table.end && read_block(s, deep, &pair);
                 deep = after(&pair))
                if (!load_pair(t, s, &pair))
                    return;
}

struct ranked {
    struct glc_dict_entry entry;
    uint32_t rank; /* later pairs first */
};

static int compare_keys(struct glc_span a, struct glc_span b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int d = n == 0 ? 0 : memcmp(a.ptr, b.ptr, n);
    return d != 0 ? d : (a.len > b.len) - (a.len < b.len);
}

static int by_key(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    int d = compare_keys(x->entry.key, y->entry.key);
    return d != 0 ? d : (x->rank > y->rank) - (x->rank < y->rank);
}

/* The dictionary keeps the last of equal keys. */
static struct glc_value dictionary(struct pe *pe, const struct glc_values *pairs)
{
    struct glc_value v = { .type = GLC_T_DICT, .defined = true };
    struct ranked *r = glc_arena_array(pe->arena, pairs->n, sizeof *r);
    struct glc_dict_entry *e = glc_arena_array(pe->arena, pairs->n, sizeof *e);
    uint32_t n = 0;
    for (size_t i = pairs->n; r != NULL && i-- > 0;) {
        const struct glc_value *p = pairs->item[i].u.member;
        if (p[PE_PAIR_KEY].defined && p[PE_PAIR_VALUE].defined) {
            r[n] = (struct ranked){ { p[PE_PAIR_KEY].u.text, p[PE_PAIR_VALUE] }, n };
            n++;
        }
    }
    if (n == 0 || e == NULL)
        return v;
    qsort(r, n, sizeof *r, by_key);
    v.u.dict.entry = e;
    for (uint32_t i = 0; i < n; i++)
        if (v.u.dict.n == 0 || compare_keys(e[v.u.dict.n - 1].key, r[i].entry.key) != 0)
            e[v.u.dict.n++] = r[i].entry;
    return v;
}

void pe_load_resources(struct pe *pe, struct glc_value *member)
{
    struct tree t = { .pe = pe };
    struct label path[LEVELS] = { { 0 } };
    if (pe->h.dir[GLC_PE_DIR_RESOURCE].address != 0)
        t.data = pe_at(pe, pe->h.dir[GLC_PE_DIR_RESOURCE].address);
    if (t.data.len >= 16) {
        struct glc_value *v = glc_value_members(pe->arena, pe_version_fields);
        member[PE_RESOURCE_TIMESTAMP] = glc_value_int(glc_le32(t.data.ptr + 4));
        if (v != NULL) {
            v[PE_VER_MAJOR] = glc_value_int(glc_le16(t.data.ptr + 8));
            v[PE_VER_MINOR] = glc_value_int(glc_le16(t.data.ptr + 10));
        }
        member[PE_RESOURCE_VERSION] = glc_value_struct(v);
        (void)walk(&t, 0, 0, path);
    }
    member[PE_RESOURCES] = glc_values_array(&t.all);
    member[PE_NUMBER_OF_RESOURCES] = glc_value_int((int64_t)t.all.n);
    member[PE_VERSION_INFO_LIST] = glc_values_array(&t.pairs);
    member[PE_NUMBER_OF_VERSION_INFOS] = glc_value_int((int64_t)t.pairs.n);
    member[PE_VERSION_INFO] = dictionary(pe, &t.pairs);
}
