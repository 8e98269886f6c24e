/* One member of a zip, by every reading. See zip.h for why. */
#include "format/zip/zip.h"

#include "format/unpack/unpack.h"

#include <libdeflate.h>

enum method {
    STORED = 0,
    DEFLATE = 8,
    DEFLATE64 = 9,
    BZIP2 = 12,
    LZMA = 14,
    ZSTD_OLD = 20,
    ZSTD = 93,
    XZ = 95,
    AES = 99,
};
enum { FLAG_ENCRYPTED = 1, FLAG_DESCRIPTOR = 1 << 3, FLAG_STRONG = 1 << 6, LEAST_GUESSED = 16 };

/* A member while it is read. */
struct reading {
    struct glc_parse *p;
    const struct glc_zip_member *m;
    const struct glc_zip_record *best; /* the record to believe first: the central one, where there is one */
    struct glc_span rest;              /* from the member's data to the end of the file */
    uint64_t gap;                      /* bytes to the next known record */
    uint64_t *work, *stored_to;
    bool read;       /* some reading explains the member */
    bool going;      /* yield wants more */
    const char *why; /* reason of the first reading that failed */
};

static bool declared(const struct reading *r, uint16_t method)
{
    return (r->m->local.there && r->m->local.method == method) ||
           (r->m->central.there && r->m->central.method == method);
}

/* Is this what a record says was packed? */
static bool checks(const struct reading *r, struct glc_span bytes)
{
    uint32_t crc = libdeflate_crc32(0, bytes.ptr, bytes.len);
    return (r->m->local.there && r->m->local.crc == crc) || (r->m->central.there && r->m->central.crc == crc);
}

static void yield(struct reading *r, struct glc_span bytes, const char *how, uint64_t packed)
{
    if (bytes.len == 0 || !r->going)
        return;
    struct glc_child child = { .data = bytes, .name = r->best->name, .how = how, .packed = packed };
    r->going = r->p->yield(r->p, &child);
}

static void failed(struct reading *r, const char *why)
{
    if (r->why == NULL)
        r->why = why;
}

/* A member whose sizes come after it: 12 bytes (20 with long sizes), with or without a signature before them.
 * The length that such a descriptor confirms, or 0. APPNOTE 4.3.9. */
static uint64_t described(const struct reading *r)
{
    static const struct {
        uint8_t all, size_at;
        bool wide;
    } shape[] = { { 16, 8, false }, { 12, 4, false }, { 24, 8, true }, { 20, 4, true } };
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
        if (r->gap <= shape[i].all)
            continue;
        uint64_t len = r->gap - shape[i].all;
        struct glc_cursor c = glc_cursor(r->rest);
        (void)glc_cursor_seek(&c, len + shape[i].size_at);
        uint64_t size = shape[i].wide ? glc_cursor_u64le(&c) : glc_cursor_u32le(&c);
        if (glc_cursor_ok(&c) && size == len)
            return len;
    }
    return 0;
}

/* Every length that something gives for a stored member, each once: the sizes of both records and of a
 * descriptor, and where nothing else explains the bytes, up to the next record. */
static void read_stored(struct reading *r)
{
    const struct glc_zip_record *l = &r->m->local, *c = &r->m->central;
    const uint64_t said[] = { c->there ? c->packed : 0, c->there ? c->size : 0, l->there ? l->packed : 0,
                              l->there ? l->size : 0,   described(r),           r->gap };
    enum { SAID = sizeof said / sizeof *said, DESCRIBED = 4 };
    uint64_t seen[SAID];
    size_t n = 0;
    for (size_t i = 0; i < SAID && r->going; i++) {
        uint64_t len = said[i] < r->rest.len ? said[i] : r->rest.len;
        bool again = len == 0 || (i + 1 == SAID && r->read);
        for (size_t j = 0; j < n; j++)
            again = again || seen[j] == len;
        if (again)
            continue;
        seen[n++] = len;
        struct glc_span bytes = glc_span_sub(r->rest, 0, len);
        bool good = checks(r, bytes);
        *r->work += len;
        if (len < said[i])
            failed(r, "cut short");
        if (!glc_budget_bytes(r->p->budget, len)) {
            failed(r, "limit: bytes");
            return;
        }
        yield(r, bytes, "stored", len);
        r->read = r->read || good || i == DESCRIBED;
        uint64_t to = r->m->data + len;
        *r->stored_to = to > *r->stored_to ? to : *r->stored_to;
    }
}

/* Inflate from the member's first byte as far as it goes, whatever sizes are said. A guess that nothing
 * declares counts only where it reaches its own end with something to show. */
static void read_deflate(struct reading *r, bool guess)
{
    struct glc_arena_mark mark = glc_arena_mark(r->p->arena);
    struct glc_output out;
    glc_output_init(&out, r->p, r->rest.len);
    struct glc_unpacked u = glc_unpack(&out, GLC_CODEC_DEFLATE, r->rest, r->best->size);
    *r->work += u.used;
    struct glc_span bytes = glc_output_span(&out);
    bool whole = u.end == GLC_UNPACK_END;
    bool sized = u.used == r->best->packed || (r->m->local.there && u.used == r->m->local.packed);
    if (!guess || (whole && (sized || bytes.len >= LEAST_GUESSED || checks(r, bytes)))) {
        yield(r, bytes, "deflate", u.used);
        if (whole)
            r->read = true;
        else
            failed(r, glc_unpack_reason(&out, u.end));
        if (whole && !sized && r->best->packed != 0)
            r->p->note(r->p, "the packed size is not where the data ends", r->m->data);
        if (whole && bytes.len != r->best->size && r->best->size != 0)
            r->p->note(r->p, "the unpacked size is another than declared", r->best->at);
    }
    glc_arena_rewind(r->p->arena, mark);
}

/* A member in the form of a stream with an end of its own. */
static void read_stream(struct reading *r, enum glc_codec codec, struct glc_span in, const char *how)
{
    struct glc_arena_mark mark = glc_arena_mark(r->p->arena);
    struct glc_output out;
    glc_output_init(&out, r->p, in.len);
    struct glc_unpacked u = glc_unpack(&out, codec, in, r->best->size);
    *r->work += u.used;
    bool whole =
        u.end == GLC_UNPACK_END || (codec == GLC_CODEC_LZMA && out.len != 0 && out.len == r->best->size);
    yield(r, glc_output_span(&out), how, u.used);
    if (whole)
        r->read = true;
    else
        failed(r, glc_unpack_reason(&out, u.end));
    glc_arena_rewind(r->p->arena, mark);
}

/* APPNOTE 5.8: version, length of the properties, the properties; then the bare stream. Put before it, the
 * header of the "alone" form makes it one that liblzma reads. */
static void read_lzma(struct reading *r)
{
    enum { ZIP_HEADER = 4, PROPERTIES = 5, FLAG_END_MARK = 2 };
    struct glc_cursor c = glc_cursor(r->rest);
    (void)glc_cursor_u16le(&c);
    uint16_t n = glc_cursor_u16le(&c);
    struct glc_span properties = glc_cursor_span(&c, n);
    if (!glc_cursor_ok(&c) || n != PROPERTIES) {
        failed(r, "damaged data");
        return;
    }
    struct glc_arena_mark mark = glc_arena_mark(r->p->arena);
    uint64_t packed = r->best->packed != 0 ? r->best->packed : r->gap;
    struct glc_span body = glc_span_sub(r->rest, c.off, packed);
    uint8_t *alone = glc_arena_alloc(r->p->arena, PROPERTIES + 8 + body.len);
    if (alone == NULL) {
        failed(r, "limit: memory");
        return;
    }
    memcpy(alone, properties.ptr, PROPERTIES);
    bool marked = (r->best->flags & FLAG_END_MARK) != 0 || r->best->size == 0;
    for (unsigned i = 0; i < 8; i++)
        alone[PROPERTIES + i] = marked ? 0xff : (uint8_t)(r->best->size >> (8 * i));
    if (body.len != 0)
        memcpy(alone + PROPERTIES + 8, body.ptr, body.len);
    read_stream(r, GLC_CODEC_LZMA, glc_span(alone, PROPERTIES + 8 + body.len), "lzma");
    glc_arena_rewind(r->p->arena, mark);
}

/* By one declared method. False: one that we have no reader for. */
static bool read_by(struct reading *r, uint16_t method)
{
    switch (method) {
    case STORED:
        read_stored(r);
        return true;
    case DEFLATE:
        read_deflate(r, false);
        return true;
    case BZIP2:
        read_stream(r, GLC_CODEC_BZIP2, r->rest, "bzip2");
        return true;
    case LZMA:
        read_lzma(r);
        return true;
    case ZSTD_OLD:
    case ZSTD:
        read_stream(r, GLC_CODEC_ZSTD, r->rest, "zstd");
        return true;
    case XZ:
        read_stream(r, GLC_CODEC_XZ, r->rest, "xz");
        return true;
    default:
        return false;
    }
}

static bool is_folder(const struct glc_zip_record *b)
{
    return b->packed == 0 && b->size == 0 && b->name.len != 0 && b->name.ptr[b->name.len - 1] == '/';
}

/* By what the records declare, then by what explains the bytes where that did not. */
static bool read_all(struct reading *r)
{
    const struct glc_zip_record *local = &r->m->local;
    bool known = read_by(r, r->best->method);
    if (local->there && local->method != r->best->method && r->going) {
        r->p->note(r->p, "local and central methods differ", local->at);
        bool other = read_by(r, local->method);
        known = known || other;
    }
    if (!r->read && r->going && !declared(r, DEFLATE))
        read_deflate(r, true);
    if (!r->read && r->going && !declared(r, STORED))
        read_stored(r);
    return known;
}

bool glc_zip_member_read(struct glc_parse *p, const struct glc_zip_member *m, uint64_t end, bool carving,
                         uint64_t *work, uint64_t *stored_to)
{
    const struct glc_zip_record *best = m->central.there ? &m->central : &m->local;
    struct reading r = { .p = p, .m = m, .best = best, .rest = glc_span_sub(p->data, m->data, UINT64_MAX) };
    r.gap = end > m->data ? end - m->data : 0;
    r.work = work;
    r.stored_to = stored_to;
    r.going = true;
    bool empty = best->packed == 0 && best->size == 0;
    if (empty && is_folder(best) && (!m->local.there || is_folder(&m->local)))
        return true;
    if (empty && (r.gap == 0 || r.rest.len == 0) && best->crc == 0)
        return true;

    if (m->local.there && m->central.there && !glc_span_eq(m->local.name, m->central.name))
        p->note(p, "local and central names differ", m->local.at);
    bool known = read_all(&r);
    if (!r.going)
        return false;
    if (empty && best->crc == 0 && best->method == STORED && (best->flags & FLAG_DESCRIPTOR) == 0)
        r.read = true; /* declared empty; what lies there was looked at all the same */
    bool locked =
        ((m->local.flags | m->central.flags) & (FLAG_ENCRYPTED | FLAG_STRONG)) != 0 || best->method == AES;
    bool sure = m->local.there && m->central.there && m->local.name.len != 0 &&
                glc_span_eq(m->local.name, m->central.name) && best->packed != 0;
    if (carving && !(locked && sure))
        return true;
    if (locked && r.read)
        p->note(p, "the encrypted flag lies", best->at);
    else if (locked)
        p->unread(p, "encrypted", m->data);
    else if (!r.read && !known)
        p->unread(p, "unknown method", m->data);
    else if (!r.read && r.why != NULL)
        p->unread(p, r.why, m->data);
    return true;
}
