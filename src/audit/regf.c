/* regf hives. Base block of 4,096 bytes: "regf" at 0, root cell at 36, length of the hive bins at 40. Cells:
 * le32 length (negative: in use), then the record. nk: name length at 72, name at 76, children count at 20
 * and list at 28, values count at 36 and list at 40, bit 0x20 of the flags at 2: the name is Latin-1. Lists:
 * lf and lh (8 bytes each child), li (4), ri (lists of lists). vk: name length at 2, data length at 4 (top
 * bit: the data is its own offset), data at 8, type at 12, flag 1 at 16: the name is Latin-1, name at 20.
 * (The forms are in public reference texts on the format.)
 *
 * Threat: offsets that loop. Every key read costs one visit, and visits end. */
#include "audit/regf.h"

enum { MAX_VISITS = 1 << 20, MAX_CHILDREN = 1 << 16, MAX_NAME = 1024, MAX_DEPTH = 4 };

enum glc_err glc_regf_init(struct glc_span hive, struct glc_regf *out, struct glc_error *err)
{
    struct glc_cursor c = glc_cursor(hive);
    uint32_t magic = glc_cursor_u32le(&c);
    glc_cursor_seek(&c, 36);
    uint32_t root = glc_cursor_u32le(&c), bins = glc_cursor_u32le(&c);
    if (!glc_cursor_ok(&c) || magic != 0x66676572 || hive.len < 4096)
        return glc_err_set(err, GLC_CORRUPT, "not a registry hive, or cut in its header", 0);
    if (bins > hive.len - 4096)
        return glc_err_set(err, GLC_CORRUPT, "the hive is cut short", hive.len);
    *out = (struct glc_regf){ .cells = glc_span_sub(hive, 4096, bins), .root = root, .visits = MAX_VISITS };
    return GLC_OK;
}

/* The record of the cell at `off`; a failed cursor when there is none. */
static struct glc_cursor cell(const struct glc_regf *h, uint32_t off)
{
    struct glc_cursor c = glc_cursor(h->cells);
    glc_cursor_seek(&c, off);
    int32_t size = (int32_t)glc_cursor_u32le(&c);
    if (size >= 0 || size < -(1 << 30))
        glc_cursor_fail(&c, GLC_CORRUPT, "a cell that is not in use");
    return glc_cursor_sub(&c, size < -4 && size >= -(1 << 30) ? (uint64_t)(-(int64_t)size - 4) : 0);
}

static struct glc_cursor key_cell(struct glc_regf *h, uint32_t off)
{
    struct glc_cursor c = cell(h, off);
    uint16_t magic = glc_cursor_u16le(&c);
    if (h->visits == 0 || magic != 0x6b6e)
        glc_cursor_fail(&c, GLC_CORRUPT,
                        h->visits == 0 ? "the hive's keys make a loop" : "a key record is damaged");
    else
        h->visits--;
    return c;
}

static uint32_t field32(struct glc_cursor *c, size_t off)
{
    glc_cursor_seek(c, off);
    return glc_cursor_u32le(c);
}

static uint16_t field16(struct glc_cursor *c, size_t off)
{
    glc_cursor_seek(c, off);
    return glc_cursor_u16le(c);
}

static void put_utf8(struct glc_buf *out, uint32_t c)
{
    if (c < 0x80) {
        glc_buf_u8(out, (uint8_t)c);
    } else if (c < 0x800) {
        glc_buf_u8(out, (uint8_t)(0xc0 | c >> 6));
        glc_buf_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
    } else {
        glc_buf_u8(out, (uint8_t)(0xe0 | c >> 12));
        glc_buf_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
        glc_buf_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
    }
}

/* Latin-1 or UTF-16LE into UTF-8 with a NUL; surrogates become three bytes each, which no name of ours has.
 */
static void to_utf8(struct glc_span s, bool latin, struct glc_buf *out)
{
    out->len = 0;
    for (size_t i = 0; i < s.len; i += latin ? 1 : 2) {
        uint32_t c = latin ? s.ptr[i] : i + 1 < s.len ? glc_le16(s.ptr + i) : 0;
        if (c == 0)
            break;
        put_utf8(out, c);
    }
    glc_buf_u8(out, 0);
}

static bool key_name(struct glc_regf *h, uint32_t off, struct glc_buf *out, struct glc_error *err)
{
    struct glc_cursor c = key_cell(h, off);
    uint16_t flags = field16(&c, 2), len = field16(&c, 72);
    glc_cursor_seek(&c, 76);
    struct glc_span name = glc_cursor_span(&c, len);
    if (!glc_cursor_ok(&c)) {
        glc_err_set(err, GLC_CORRUPT, c.err.msg, off);
        return false;
    }
    to_utf8(name, (flags & 0x20) != 0, out);
    return !out->failed;
}

struct walk {
    struct glc_regf *h;
    void (*each)(void *ctx, const char *name, uint32_t child);
    void *ctx;
    struct glc_error *err;
    struct glc_buf name;
    uint32_t left;
};

static enum glc_err walk_list(struct walk *w, uint32_t list, int depth)
{
    struct glc_cursor c = cell(w->h, list);
    uint16_t magic = glc_cursor_u16le(&c), n = glc_cursor_u16le(&c);
    bool hashes = magic == 0x666c || magic == 0x686c, plain = magic == 0x696c, lists = magic == 0x6972;
    if (!glc_cursor_ok(&c) || (!hashes && !plain && !lists) || depth == MAX_DEPTH)
        return glc_err_set(w->err, GLC_CORRUPT, "a list of keys is damaged", list);
    for (uint16_t i = 0; i < n; i++) {
        uint32_t child = glc_cursor_u32le(&c);
        if (hashes)
            (void)glc_cursor_u32le(&c);
        if (!glc_cursor_ok(&c) || w->left == 0)
            return glc_err_set(w->err, GLC_CORRUPT, "a list of keys is cut short", list);
        w->left--;
        enum glc_err e = GLC_OK;
        if (lists)
            e = walk_list(w, child, depth + 1);
        else if (key_name(w->h, child, &w->name, w->err))
            w->each(w->ctx, (const char *)w->name.ptr, child);
        else
            e = GLC_CORRUPT;
        if (e != GLC_OK)
            return e;
    }
    return GLC_OK;
}

enum glc_err glc_regf_each(struct glc_regf *h, uint32_t key,
                           void (*each)(void *ctx, const char *name, uint32_t child), void *ctx,
                           struct glc_error *err)
{
    struct glc_cursor c = key_cell(h, key);
    uint32_t n = field32(&c, 20), list = field32(&c, 28);
    if (!glc_cursor_ok(&c))
        return glc_err_set(err, GLC_CORRUPT, c.err.msg, key);
    if (n == 0)
        return GLC_OK;
    struct walk w = { .h = h, .each = each, .ctx = ctx, .err = err, .left = MAX_CHILDREN };
    glc_buf_init(&w.name, 4 * MAX_NAME);
    enum glc_err e = walk_list(&w, list, 0);
    glc_buf_done(&w.name);
    return e;
}

struct find {
    const char *name;
    uint32_t child;
    bool found;
};

static void find_each(void *ctx, const char *name, uint32_t child)
{
    struct find *f = ctx;
    if (!f->found && glc_span_ieq(glc_span_str(name), glc_span_str(f->name))) {
        f->found = true;
        f->child = child;
    }
}

bool glc_regf_child(struct glc_regf *h, uint32_t key, const char *name, uint32_t *child,
                    struct glc_error *err)
{
    struct find f = { .name = name };
    if (glc_regf_each(h, key, find_each, &f, err) != GLC_OK || !f.found)
        return false;
    *child = f.child;
    return true;
}

/* One value record; the bytes lie in the record itself where they are four or fewer. */
static bool value_of(struct glc_regf *h, uint32_t off, const char *name, uint32_t *type, struct glc_span *out)
{
    struct glc_cursor v = cell(h, off);
    uint16_t magic = glc_cursor_u16le(&v), len = glc_cursor_u16le(&v);
    uint32_t size = glc_cursor_u32le(&v), data = glc_cursor_u32le(&v), kind = glc_cursor_u32le(&v);
    uint16_t flags = glc_cursor_u16le(&v);
    glc_cursor_seek(&v, 20);
    struct glc_span n = glc_cursor_span(&v, len);
    if (!glc_cursor_ok(&v) || magic != 0x6b76 || (flags & 1) == 0 || !glc_span_ieq(n, glc_span_str(name)))
        return false;
    *type = kind;
    if ((size & 0x80000000u) != 0) {
        *out = glc_span(NULL, 0);
        return true;
    }
    struct glc_cursor d = cell(h, data);
    *out = glc_cursor_ok(&d) ? glc_span_sub(glc_span(d.base, d.len), 0, size) : glc_span(NULL, 0);
    return true;
}

bool glc_regf_value(struct glc_regf *h, uint32_t key, const char *name, uint32_t *type, struct glc_span *out,
                    struct glc_error *err)
{
    struct glc_cursor c = key_cell(h, key);
    uint32_t n = field32(&c, 36), list = field32(&c, 40);
    if (!glc_cursor_ok(&c)) {
        glc_err_set(err, GLC_CORRUPT, c.err.msg, key);
        return false;
    }
    if (n == 0 || n > MAX_CHILDREN)
        return false;
    struct glc_cursor l = cell(h, list);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t off = glc_cursor_u32le(&l);
        if (!glc_cursor_ok(&l))
            return false;
        if (value_of(h, off, name, type, out))
            return true;
    }
    return false;
}

bool glc_regf_string(struct glc_regf *h, uint32_t key, const char *name, struct glc_buf *out,
                     struct glc_error *err)
{
    uint32_t type;
    struct glc_span v;
    if (!glc_regf_value(h, key, name, &type, &v, err) || (type != 1 && type != 2))
        return false;
    to_utf8(glc_span_sub(v, 0, 2 * MAX_NAME), false, out);
    return !out->failed;
}
