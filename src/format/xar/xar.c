#include "format/xar/xar.h"

#include "base/num.h"
#include "format/unpack/unpack.h"

#include <expat.h>
#include <stdlib.h>

enum { HEADER = 28, DEPTH = 64, PIECE = 64 * 1024, TEXT = 4096, NAMES = 32 };

enum element { OTHER, TOC_FILE, EXTENT, NAME, OFFSET, LENGTH };

/* An entry of the table; its name may come after its data, so all are kept until the table is read. */
struct file {
    const struct file *parent;
    struct glc_span name;
};

struct extent {
    const struct file *file; /* NULL: none is open */
    uint64_t offset, length;
    bool has_offset, has_length;
    struct glc_span style; /* of its encoding; empty: stored */
};

struct toc {
    struct glc_parse *p;
    XML_Parser xml;
    enum element open[DEPTH];
    unsigned depth;
    struct file *file; /* the innermost */
    struct extent now; /* the one being read */
    struct extent *extent;
    size_t extents;
    char text[TEXT]; /* of the element being read */
    size_t len;
    const char *why; /* the table could not be read to its end */
};

static void stop(struct toc *t, const char *why)
{
    if (t->why == NULL)
        t->why = why;
    (void)XML_StopParser(t->xml, XML_FALSE);
}

static struct glc_span keep(struct toc *t, const char *text, size_t len)
{
    uint8_t *copy = glc_arena_alloc(t->p->arena, len + 1);
    if (copy == NULL) {
        stop(t, "limit: memory");
        return glc_span(NULL, 0);
    }
    memcpy(copy, text, len);
    copy[len] = 0;
    return glc_span(copy, len);
}

static enum element element_of(const char *name)
{
    static const struct {
        const char *name;
        enum element is;
    } known[] = { { "file", TOC_FILE }, { "data", EXTENT },   { "ea", EXTENT },
                  { "name", NAME },     { "offset", OFFSET }, { "length", LENGTH } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i].name) == 0)
            return known[i].is;
    return OTHER;
}

static void on_start(void *to, const XML_Char *name, const XML_Char **attribute)
{
    struct toc *t = to;
    if (t->depth == DEPTH) {
        stop(t, "limit: depth");
        return;
    }
    enum element is = t->open[t->depth++] = element_of(name);
    t->len = 0;
    if (is == TOC_FILE) {
        struct file *f = glc_arena_alloc(t->p->arena, sizeof *f);
        if (f == NULL) {
            stop(t, "limit: memory");
            return;
        }
        *f = (struct file){ .parent = t->file };
        t->file = f;
    } else if (is == EXTENT) {
        t->now = (struct extent){ .file = t->file };
    } else if (strcmp(name, "encoding") == 0) {
        for (; attribute[0] != NULL; attribute += 2)
            if (strcmp(attribute[0], "style") == 0)
                t->now.style = keep(t, attribute[1], strlen(attribute[1]));
    }
}

static void on_text(void *to, const XML_Char *text, int len)
{
    struct toc *t = to;
    size_t room = sizeof t->text - t->len, n = len < 0 ? 0 : (size_t)len;
    n = n < room ? n : room;
    memcpy(t->text + t->len, text, n);
    t->len += n;
}

static struct glc_span trimmed(const struct toc *t)
{
    struct glc_span s = glc_span(t->text, t->len);
    while (s.len != 0 && s.ptr[0] <= ' ')
        s = glc_span_sub(s, 1, s.len);
    while (s.len != 0 && s.ptr[s.len - 1] <= ' ')
        s.len--;
    return s;
}

static void on_end(void *to, const XML_Char *name)
{
    struct toc *t = to;
    (void)name;
    enum element is = t->open[--t->depth];
    bool in_extent = t->depth != 0 && t->open[t->depth - 1] == EXTENT;
    if (is == OFFSET && in_extent) {
        t->now.has_offset = glc_num_u64(trimmed(t), &t->now.offset);
    } else if (is == LENGTH && in_extent) {
        t->now.has_length = glc_num_u64(trimmed(t), &t->now.length);
    } else if (is == NAME && t->file != NULL && t->depth != 0 && t->open[t->depth - 1] == TOC_FILE) {
        t->file->name = keep(t, t->text, t->len);
    } else if (is == TOC_FILE) {
        t->file = (struct file *)(uintptr_t)t->file->parent;
    } else if (is == EXTENT) {
        struct extent *x = glc_arena_push(t->p->arena, &t->extent, &t->extents, sizeof *x);
        if (x == NULL)
            stop(t, "limit: memory");
        else
            *x = t->now;
    }
    t->len = 0;
}

static void on_doctype(void *to, const XML_Char *name, const XML_Char *system, const XML_Char *public,
                       int internal)
{
    (void)name, (void)system, (void)public, (void)internal;
    stop(to, "damaged data"); /* no table has one; entities are what it would be for */
}

/* Fill the list of extents; what was read before damage counts. */
static void read_toc(struct toc *t, struct glc_span xml)
{
    t->xml = XML_ParserCreate(NULL);
    if (t->xml == NULL) {
        t->why = "limit: memory";
        return;
    }
    (void)XML_SetHashSalt(t->xml, (unsigned long)glc_le32((const uint8_t *)"xar!") ^ xml.len);
    XML_SetUserData(t->xml, t);
    XML_SetElementHandler(t->xml, on_start, on_end);
    XML_SetCharacterDataHandler(t->xml, on_text);
    XML_SetStartDoctypeDeclHandler(t->xml, on_doctype);
    for (bool last = false; !last && t->why == NULL;) {
        struct glc_span part = glc_span_sub(xml, 0, PIECE);
        last = part.len == xml.len;
        if (!glc_budget_time(t->p->budget))
            t->why = "timeout";
        else if (XML_Parse(t->xml, (const char *)part.ptr, (int)part.len, last) != XML_STATUS_OK &&
                 t->why == NULL)
            t->why = "damaged data";
        xml = glc_span_sub(xml, part.len, xml.len);
    }
    XML_ParserFree(t->xml);
}

/* The path from the outermost folder down. */
static struct glc_span path_of(struct glc_parse *p, const struct file *f)
{
    const struct file *up[NAMES];
    size_t n = 0, len = 0;
    for (; f != NULL && n < NAMES; f = f->parent) {
        up[n++] = f;
        len += f->name.len + 1;
    }
    char *path = n == 0 ? NULL : glc_arena_alloc(p->arena, len);
    if (path == NULL)
        return glc_span(NULL, 0);
    len = 0;
    while (n-- != 0) {
        if (len != 0)
            path[len++] = '/';
        if (up[n]->name.len != 0)
            memcpy(path + len, up[n]->name.ptr, up[n]->name.len);
        len += up[n]->name.len;
    }
    return glc_span(path, len);
}

/* By what the bytes are first: an encoding's name is only a claim. GLC_CODECS: stored. */
static enum glc_codec codec_of(struct glc_span style, struct glc_span data)
{
    if (data.len >= 6 && memcmp(data.ptr,
                                "\xfd"
                                "7zXZ",
                                6) == 0)
        return GLC_CODEC_XZ;
    if (glc_span_is(style, "application/x-gzip") || glc_span_is(style, "application/x-zlib"))
        return GLC_CODEC_ZLIB;
    if (glc_span_is(style, "application/x-bzip2"))
        return GLC_CODEC_BZIP2;
    if (glc_span_is(style, "application/x-lzma") || glc_span_is(style, "application/x-xz"))
        return GLC_CODEC_LZMA;
    return GLC_CODECS;
}

/* One extent; false: nothing more is to be yielded. */
static bool yield_extent(struct glc_parse *p, const struct extent *x, uint64_t heap)
{
    uint64_t room = p->data.len - heap;
    uint64_t offset = x->has_offset ? x->offset : 0;
    if (!x->has_length || x->length == 0)
        return true;
    if (offset >= room) {
        p->unread(p, "cut short", heap);
        return true;
    }
    if (x->length > room - offset)
        p->unread(p, "cut short", heap + offset);
    struct glc_span packed = glc_span_sub(p->data, (size_t)(heap + offset), p->data.len);
    packed = glc_span_sub(packed, 0, x->length > SIZE_MAX ? SIZE_MAX : (size_t)x->length);
    struct glc_child child = { .name = path_of(p, x->file), .packed = packed.len };
    enum glc_codec codec = codec_of(x->style, packed);
    bool whole = false, going = true;
    if (codec != GLC_CODECS) {
        struct glc_output out;
        glc_output_init(&out, p, packed.len);
        struct glc_unpacked u = glc_unpack(&out, codec, packed, 0);
        whole = u.end == GLC_UNPACK_END && out.len != 0;
        if (u.end == GLC_UNPACK_LIMIT)
            p->unread(p, glc_unpack_reason(&out, u.end), heap + offset);
        else if (!whole)
            p->note(p, "an extent is not encoded as the table says", heap + offset);
        child.data = glc_output_span(&out);
        child.how = "xar";
        going = child.data.len == 0 || p->yield(p, &child);
    }
    if (going && !whole) {
        /* Extents may overlap without end: what is handed on counts, stored or not. */
        if (!glc_budget_bytes(p->budget, packed.len)) {
            p->unread(p, "limit: bytes", heap + offset);
            return false;
        }
        child.data = packed;
        child.how = "stored";
        going = p->yield(p, &child);
    }
    return going;
}

static void xar_parse(struct glc_parse *p)
{
    struct glc_cursor c = glc_cursor(p->data);
    (void)glc_cursor_skip(&c, 4);
    uint16_t header = glc_cursor_u16be(&c);
    (void)glc_cursor_u16be(&c);
    uint64_t packed = glc_cursor_u64be(&c);
    (void)glc_cursor_skip(&c, HEADER - 16);
    if (!glc_cursor_ok(&c) || header < HEADER || !glc_cursor_seek(&c, header)) {
        p->unread(p, "cut short", 0);
        return;
    }
    bool cut = packed > glc_cursor_left(&c);
    struct glc_span table = glc_cursor_span(&c, cut ? glc_cursor_left(&c) : packed);
    struct glc_output out;
    glc_output_init(&out, p, table.len);
    struct glc_unpacked u = glc_unpack(&out, GLC_CODEC_ZLIB, table, 0);
    if (u.end != GLC_UNPACK_END)
        p->unread(p, glc_unpack_reason(&out, u.end), header);
    struct toc *t = glc_arena_alloc(p->arena, sizeof *t);
    if (t == NULL) {
        p->unread(p, "limit: memory", 0);
        return;
    }
    t->p = p;
    read_toc(t, glc_output_span(&out));
    if (t->why != NULL)
        p->unread(p, t->why, header);
    for (size_t i = 0; i < t->extents; i++) {
        struct glc_arena_mark mark = glc_arena_mark(p->arena);
        bool going =
            glc_budget_time(p->budget) && yield_extent(p, &t->extent[i], cut ? p->data.len : header + packed);
        glc_arena_rewind(p->arena, mark);
        if (!going) {
            if (!glc_budget_time(p->budget))
                p->unread(p, "timeout", 0);
            return;
        }
    }
}

static const struct glc_magic xar_magic[] = { { 0, 4, 90, "xar!" }, { 0, 0, 0, NULL } };
const struct glc_format glc_format_xar = {
    .name = "xar", .cls = GLC_CLASS_ARCHIVE, .magic = xar_magic, .parse = xar_parse
};
