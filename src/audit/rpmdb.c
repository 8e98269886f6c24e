/* rpm's databases by bounded readers.
 *
 * Header blob: be32 entries, be32 data length, entries of {tag, type, offset, count} be32, data. ndb
 * (lib/backend/ndb in rpm's documentation): a first page that begins with "RpmP", version, generation, number
 * of slot pages; slots of 16 bytes
 * {"Slot", package, block offset, block count}; a blob at block offset × 16 begins {"BlbS", package,
 * generation, length}. bdb: Berkeley DB hash pages (meta page with magic 0x061561 at 12); a value is on the
 * page, or on a chain of overflow pages. A chain is followed for at most as many pages as there are, and all
 * blobs together are at most 1 GiB. A header that is damaged fails the whole: an audit that skips a package
 * could say clean. */
#include "audit/rpmdb.h"

#include "base/buf.h"

enum { TAG_NAME = 1000, TAG_VERSION = 1001, TAG_RELEASE = 1002, TAG_VENDOR = 1011, TAG_PACKAGER = 1015 };
enum { TYPE_STRING = 6, TYPE_STRING_ARRAY = 8, TYPE_I18N = 9 };
enum { MAX_ENTRIES = 65536, MAX_TEXT = 1024 };
static const size_t max_blobs = (size_t)1 << 30;

enum glc_err glc_rpm_header(struct glc_span blob, struct glc_rpm_package *out, struct glc_error *err)
{
    struct glc_cursor c = glc_cursor(blob);
    uint32_t n = glc_cursor_u32be(&c), bytes = glc_cursor_u32be(&c);
    if (!glc_cursor_ok(&c) || n > MAX_ENTRIES)
        return glc_err_set(err, GLC_CORRUPT, "an rpm header without a believable index", 0);
    struct glc_cursor index = glc_cursor_sub(&c, (uint64_t)n * 16);
    struct glc_span data = glc_cursor_span(&c, bytes);
    if (!glc_cursor_ok(&c))
        return glc_err_set(err, GLC_CORRUPT, "an rpm header is cut short", c.off);
    struct glc_rpm_package p = { 0 };
    for (uint32_t i = 0; i < n; i++) {
        uint32_t tag = glc_cursor_u32be(&index), type = glc_cursor_u32be(&index),
                 off = glc_cursor_u32be(&index);
        (void)glc_cursor_u32be(&index);
        struct glc_span *to = tag == TAG_NAME       ? &p.name
                              : tag == TAG_VERSION  ? &p.version
                              : tag == TAG_RELEASE  ? &p.release
                              : tag == TAG_VENDOR   ? &p.vendor
                              : tag == TAG_PACKAGER ? &p.packager
                                                    : NULL;
        if (to == NULL || (type != TYPE_STRING && type != TYPE_I18N && type != TYPE_STRING_ARRAY))
            continue;
        struct glc_cursor at = glc_cursor(data);
        glc_cursor_seek(&at, off);
        *to = glc_cursor_cstr(&at, MAX_TEXT);
        if (!glc_cursor_ok(&at))
            return glc_err_set(err, GLC_CORRUPT, "an rpm header's text lies outside its data", off);
    }
    if (p.name.len == 0)
        return glc_err_set(err, GLC_CORRUPT, "an rpm header without a name", 0);
    *out = p;
    return GLC_OK;
}

static enum glc_err one_blob(struct glc_span blob, glc_rpm_each *each, void *ctx, struct glc_error *err)
{
    struct glc_rpm_package p;
    enum glc_err e = glc_rpm_header(blob, &p, err);
    if (e == GLC_OK)
        each(ctx, &p);
    return e;
}

enum glc_err glc_rpm_ndb(struct glc_span db, glc_rpm_each *each, void *ctx, struct glc_error *err)
{
    struct glc_cursor c = glc_cursor(db);
    uint32_t magic = glc_cursor_u32le(&c);
    (void)glc_cursor_u32le(&c); /* version */
    (void)glc_cursor_u32le(&c); /* generation */
    uint32_t pages = glc_cursor_u32le(&c);
    if (!glc_cursor_ok(&c) || magic != 0x506d7052)
        return glc_err_set(err, GLC_CORRUPT, "not an ndb database", 0);
    if (pages == 0 || pages > db.len / 4096)
        return glc_err_set(err, GLC_CORRUPT, "an ndb database is cut short", db.len);
    size_t total = 0;
    for (uint64_t slot = 2; slot < (uint64_t)pages * 256; slot++) { /* the first two are the file's header */
        glc_cursor_seek(&c, slot * 16);
        uint32_t mark = glc_cursor_u32le(&c), package = glc_cursor_u32le(&c), at = glc_cursor_u32le(&c);
        if (!glc_cursor_ok(&c) || mark != 0x746f6c53)
            return glc_err_set(err, GLC_CORRUPT, "a slot of the ndb database is damaged", slot * 16);
        if (package == 0 || at == 0)
            continue;
        struct glc_cursor b = glc_cursor(db);
        glc_cursor_seek(&b, (uint64_t)at * 16);
        uint32_t blob_mark = glc_cursor_u32le(&b), same = glc_cursor_u32le(&b);
        (void)glc_cursor_u32le(&b);
        struct glc_span blob = glc_cursor_span(&b, glc_cursor_u32le(&b));
        if (!glc_cursor_ok(&b) || blob_mark != 0x53626c42 || same != package)
            return glc_err_set(err, GLC_CORRUPT, "a blob of the ndb database is damaged", (uint64_t)at * 16);
        if (blob.len > max_blobs - total)
            return glc_err_set(err, GLC_LIMIT, "the ndb database says more than it can hold",
                               (uint64_t)at * 16);
        total += blob.len;
        enum glc_err e = one_blob(blob, each, ctx, err);
        if (e != GLC_OK)
            return e;
    }
    return GLC_OK;
}

struct bdb {
    struct glc_span db;
    bool big; /* numbers are big-endian */
    uint32_t page_size;
    uint32_t last;
    struct glc_buf blob;
    size_t total;
};

static uint16_t get16(const struct bdb *b, const uint8_t *p)
{
    return b->big ? glc_be16(p) : glc_le16(p);
}

static uint32_t get32(const struct bdb *b, const uint8_t *p)
{
    return b->big ? glc_be32(p) : glc_le32(p);
}

/* A page of the full size, or NULL. */
static const uint8_t *page_of(const struct bdb *b, uint32_t n)
{
    uint64_t off = (uint64_t)n * b->page_size;
    return off < b->db.len && b->page_size <= b->db.len - off ? b->db.ptr + off : NULL;
}

enum {
    PAGE_HEADER = 26,
    P_HASH_UNSORTED = 2,
    P_OVERFLOW = 7,
    P_HASHMETA = 8,
    P_HASH = 13,
    H_KEYDATA = 1,
    H_OFFPAGE = 3
};

/* A value on overflow pages: next page at 16, bytes on this page (hf_offset) at 22. */
static bool overflow(struct bdb *b, uint32_t page, uint32_t length)
{
    b->blob.len = 0;
    for (uint32_t left = b->last; page != 0; left--) {
        const uint8_t *p = page_of(b, page);
        if (p == NULL || p[25] != P_OVERFLOW || left == 0)
            return false;
        uint16_t n = get16(b, p + 22);
        if (n > b->page_size - PAGE_HEADER || n > length - b->blob.len ||
            !glc_buf_put(&b->blob, p + PAGE_HEADER, n))
            return false;
        page = get32(b, p + 16);
    }
    return b->blob.len == length;
}

static enum glc_err value(struct bdb *b, const uint8_t *page, uint32_t start, uint32_t end,
                          glc_rpm_each *each, void *ctx, struct glc_error *err)
{
    if (page[start] == H_KEYDATA) {
        /* A value of four bytes or less is the database's own record of the next number. */
        return end - start - 1 < 16 ? GLC_OK
                                    : one_blob(glc_span(page + start + 1, end - start - 1), each, ctx, err);
    }
    if (page[start] != H_OFFPAGE || end - start < 12)
        return glc_err_set(err, GLC_UNSUPPORTED, "a kind of Berkeley DB item that rpm does not write", start);
    uint32_t first = get32(b, page + start + 4), length = get32(b, page + start + 8);
    if (length > b->db.len || length > max_blobs - b->total || !overflow(b, first, length))
        return glc_err_set(err, GLC_CORRUPT, "a chain of Berkeley DB overflow pages is damaged",
                           (uint64_t)first * b->page_size);
    b->total += length;
    return one_blob(glc_buf_span(&b->blob), each, ctx, err);
}

/* Items are in pairs of key and value; an item ends where the one before it begins. */
static enum glc_err hash_page(struct bdb *b, const uint8_t *page, glc_rpm_each *each, void *ctx,
                              struct glc_error *err)
{
    uint16_t n = get16(b, page + 20);
    if (n > (b->page_size - PAGE_HEADER) / 2)
        return glc_err_set(err, GLC_CORRUPT, "a Berkeley DB page has too many items", 0);
    uint32_t end = b->page_size;
    for (uint16_t i = 0; i < n; i++) {
        uint32_t start = get16(b, page + PAGE_HEADER + 2 * (size_t)i);
        if (start >= end || start < PAGE_HEADER + 2 * (uint32_t)n)
            return glc_err_set(err, GLC_CORRUPT, "a Berkeley DB item lies outside its page", start);
        enum glc_err e = i % 2 == 1 ? value(b, page, start, end, each, ctx, err) : GLC_OK;
        if (e != GLC_OK)
            return e;
        end = start;
    }
    return GLC_OK;
}

enum glc_err glc_rpm_bdb(struct glc_span db, glc_rpm_each *each, void *ctx, struct glc_error *err)
{
    if (db.len < 512)
        return glc_err_set(err, GLC_CORRUPT, "a Berkeley DB file is cut short", db.len);
    struct bdb b = { .db = db, .big = glc_be32(db.ptr + 12) == 0x00061561 };
    if (get32(&b, db.ptr + 12) != 0x00061561)
        return glc_err_set(err, GLC_UNSUPPORTED, "not a Berkeley DB hash table", 12);
    b.page_size = get32(&b, db.ptr + 20);
    b.last = get32(&b, db.ptr + 32);
    if (db.ptr[24] != 0)
        return glc_err_set(err, GLC_UNSUPPORTED, "an encrypted Berkeley DB file", 24);
    if (b.page_size < 512 || b.page_size > 65536 || (b.page_size & (b.page_size - 1)) != 0 ||
        db.ptr[25] != P_HASHMETA)
        return glc_err_set(err, GLC_CORRUPT, "a Berkeley DB meta page is damaged", 20);
    if (page_of(&b, b.last) == NULL)
        return glc_err_set(err, GLC_CORRUPT, "a Berkeley DB file is cut short", db.len);
    glc_buf_init(&b.blob, db.len);
    enum glc_err e = GLC_OK;
    for (uint32_t n = 1; n <= b.last && e == GLC_OK; n++) {
        const uint8_t *p = page_of(&b, n);
        if (p[25] == P_HASH || p[25] == P_HASH_UNSORTED)
            e = hash_page(&b, p, each, ctx, err);
    }
    glc_buf_done(&b.blob);
    return e;
}

enum glc_err glc_rpm_db(struct glc_span db, glc_rpm_each *each, void *ctx, struct glc_error *err)
{
    if (db.len >= 4 && glc_le32(db.ptr) == 0x506d7052)
        return glc_rpm_ndb(db, each, ctx, err);
    if (db.len >= 16 && (glc_le32(db.ptr + 12) == 0x00061561 || glc_be32(db.ptr + 12) == 0x00061561))
        return glc_rpm_bdb(db, each, ctx, err);
    return glc_err_set(err, GLC_UNSUPPORTED, "not a form of rpm database that is known", 0);
}
