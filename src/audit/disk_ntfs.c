/* NTFS by its master file table: every record in use has a name, a parent, and data that is resident or a
 * list of runs.
 *
 * Boot sector: bytes per sector at 11, sectors per cluster at 13, MFT cluster at 48, record size at 64
 * (negative: a power of two). Record: "FILE", fixups at 4 and 6, first attribute at 20, flags at 22 (1 in
 * use, 2 folder). Attributes: type, length, non-resident at 8, flags at 12. 0x30 is the name (parent at 0,
 * namespace at 65, length at 64), 0x80 the data, 0x20 a list of further records, whose data is not put
 * together here: reading such a file is a gap. Paths come from parents, at most MAX_DEPTH of them, so that a
 * loop ends. */
#include "audit/disk.h"

#include <stdlib.h>

enum { MAX_DEPTH = 64, MAX_RECORDS = 1 << 23, MAX_RECORD = 4096, ROOT = 5 };

struct record {
    uint32_t parent;
    uint8_t flags; /* 1 in use, 2 folder */
    char *name;    /* in the arena; NULL: none */
};

struct ntfs {
    const struct glc_disk *d;
    struct glc_arena arena;
    uint32_t cluster, record_size;
    struct glc_buf runs; /* of the MFT: le64 offset, le64 length pairs */
    struct record *records;
    uint32_t count;
};

struct ntfs_file {
    struct ntfs *n;
    uint32_t record;
};

/* Pairs of byte offset (UINT64_MAX: sparse) and length, from a run list. */
static bool run_list(const struct ntfs *n, struct glc_span list, struct glc_buf *out)
{
    struct glc_cursor c = glc_cursor(list);
    int64_t lcn = 0;
    for (;;) {
        uint8_t head = glc_cursor_u8(&c);
        if (!glc_cursor_ok(&c))
            return false;
        if (head == 0)
            return true;
        uint8_t ls = head & 15, os = head >> 4;
        const uint8_t *l = glc_cursor_take(&c, ls), *o = glc_cursor_take(&c, os);
        if (!glc_cursor_ok(&c) || ls == 0 || ls > 6 || os > 6)
            return false;
        uint64_t length = 0, delta = 0;
        for (uint8_t i = 0; i < ls; i++)
            length |= (uint64_t)l[i] << 8 * i;
        for (uint8_t i = 0; i < os; i++)
            delta |= (uint64_t)o[i] << 8 * i;
        if (os != 0 && (o[os - 1] & 0x80) != 0)
            delta |= UINT64_MAX << 8 * os;
        lcn += (int64_t)delta;
        if (lcn < 0 || (uint64_t)lcn > n->d->size / n->cluster || length > n->d->size / n->cluster)
            return false;
        glc_buf_u64le(out, os == 0 ? UINT64_MAX : (uint64_t)lcn * n->cluster);
        if (!glc_buf_u64le(out, length * n->cluster))
            return false;
    }
}

/* The record's bytes with its fixups undone; false when it is not one. */
static bool fetch(struct ntfs *n, uint32_t number, uint8_t out[MAX_RECORD])
{
    uint64_t off = (uint64_t)number * n->record_size;
    enum glc_err err = GLC_CORRUPT;
    for (size_t i = 0; i + 16 <= n->runs.len; i += 16) {
        uint64_t at = glc_le64(n->runs.ptr + i), len = glc_le64(n->runs.ptr + i + 8);
        if (off < len) {
            err = at != UINT64_MAX ? glc_disk_read(n->d, at + off, out, n->record_size) : GLC_CORRUPT;
            break;
        }
        off -= len;
    }
    if (err != GLC_OK || memcmp(out, "FILE", 4) != 0)
        return false;
    uint32_t fix = glc_le16(out + 4), count = glc_le16(out + 6);
    if (count == 0 || (count - 1) * 512 > n->record_size || fix + 2 * count > n->record_size)
        return false;
    for (uint32_t i = 1; i < count; i++) {
        uint8_t *end = out + i * 512 - 2;
        if (memcmp(end, out + fix, 2) != 0)
            return false;
        memcpy(end, out + fix + 2 * i, 2);
    }
    return true;
}

/* The next attribute at *at of a record; false after the last. */
static bool attribute(const struct ntfs *n, const uint8_t *r, uint32_t *at, uint32_t *type,
                      struct glc_span *whole)
{
    if (*at > n->record_size - 24)
        return false;
    uint32_t t = glc_le32(r + *at), len = glc_le32(r + *at + 4);
    if (t == 0xffffffff || len < 24 || len > n->record_size - *at)
        return false;
    *type = t;
    *whole = glc_span(r + *at, len);
    *at += len;
    return true;
}

static struct glc_span resident(struct glc_span attr)
{
    return attr.ptr[8] != 0 ? glc_span(NULL, 0)
                            : glc_span_sub(attr, glc_le16(attr.ptr + 20), glc_le32(attr.ptr + 16));
}

static size_t utf16(struct glc_span s, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i + 2 <= s.len; i += 2) {
        uint16_t u = glc_le16(s.ptr + i);
        if (u < 0x80) {
            out[n++] = u == 0 || u == '/' ? '_' : (char)u;
        } else if (u < 0x800) {
            out[n++] = (char)(0xc0 | u >> 6);
            out[n++] = (char)(0x80 | (u & 0x3f));
        } else {
            out[n++] = (char)(0xe0 | u >> 12);
            out[n++] = (char)(0x80 | (u >> 6 & 0x3f));
            out[n++] = (char)(0x80 | (u & 0x3f));
        }
    }
    return n;
}

static void learn(struct ntfs *n, uint32_t number)
{
    uint8_t r[MAX_RECORD];
    struct record *to = &n->records[number];
    if (!fetch(n, number, r))
        return;
    uint16_t flags = glc_le16(r + 22);
    if ((flags & 1) == 0 || glc_le64(r + 32) != 0) /* free, or an extension of another record */
        return;
    to->flags = (uint8_t)(flags & 3);
    uint32_t at = glc_le16(r + 20), type;
    struct glc_span attr;
    while (attribute(n, r, &at, &type, &attr)) {
        struct glc_span v = type == 0x30 ? resident(attr) : glc_span(NULL, 0);
        if (v.len < 66 || (v.ptr[65] == 2 && to->name != NULL)) /* a DOS name only where there is no other */
            continue;
        char name[3 * 256];
        size_t len = utf16(glc_span_sub(v, 66, (uint64_t)v.ptr[64] * 2), name);
        to->name = glc_arena_strdup(&n->arena, glc_span(name, len));
        to->parent = glc_le32(v.ptr);
    }
}

static enum glc_err copy_runs(struct ntfs *n, const struct glc_buf *runs, uint64_t size, struct glc_buf *out)
{
    for (size_t i = 0; i + 16 <= runs->len && size != 0; i += 16) {
        uint64_t at = glc_le64(runs->ptr + i), len = glc_le64(runs->ptr + i + 8);
        uint64_t take = len < size ? len : size;
        enum glc_err err = glc_disk_append(n->d, at, take, out);
        if (err != GLC_OK)
            return err;
        size -= take;
    }
    return size == 0 ? GLC_OK : GLC_CORRUPT;
}

/* The unnamed data of a record, when it is all in this record's attributes. */
static enum glc_err read_file(const struct glc_entry *e, struct glc_buf *out)
{
    const struct ntfs_file *f = e->ctx;
    uint8_t r[MAX_RECORD];
    if (!fetch(f->n, f->record, r))
        return GLC_CORRUPT;
    uint32_t at = glc_le16(r + 20), type;
    struct glc_span attr;
    bool list = false;
    while (attribute(f->n, r, &at, &type, &attr)) {
        list |= type == 0x20;
        if (type != 0x80 || attr.ptr[9] != 0)
            continue;
        if (attr.ptr[8] == 0) {
            struct glc_span v = resident(attr);
            return glc_buf_put(out, v.ptr, v.len) ? GLC_OK : GLC_LIMIT;
        }
        if (attr.len < 64 || (glc_le16(attr.ptr + 12) & 0x40ff) != 0)
            return GLC_UNSUPPORTED; /* compressed or encrypted */
        struct glc_buf runs;
        glc_buf_init(&runs, 1 << 20);
        enum glc_err err = run_list(f->n, glc_span_sub(attr, glc_le16(attr.ptr + 32), attr.len), &runs)
                               ? copy_runs(f->n, &runs, glc_le64(attr.ptr + 48), out)
                               : GLC_CORRUPT;
        glc_buf_done(&runs);
        return err;
    }
    return list ? GLC_UNSUPPORTED : GLC_OK;
}

/* "/a/b" from the parents; false for what does not hang on the root. */
static bool path_of(const struct ntfs *n, uint32_t number, char *out, size_t room)
{
    uint32_t chain[MAX_DEPTH];
    size_t depth = 0, len = 0;
    for (uint32_t at = number; at != ROOT; at = n->records[at].parent) {
        if (depth == MAX_DEPTH || at >= n->count || n->records[at].name == NULL ||
            (n->records[at].flags & 1) == 0)
            return false;
        chain[depth++] = at;
    }
    while (depth-- != 0) {
        const char *name = n->records[chain[depth]].name;
        size_t l = strlen(name);
        if (l + 2 > room - len)
            return false;
        out[len++] = '/';
        memcpy(out + len, name, l + 1);
        len += l;
    }
    return len != 0;
}

static void walk(struct ntfs *n)
{
    char path[8192];
    for (uint32_t i = 0; i < n->count; i++)
        learn(n, i);
    for (uint32_t i = 0; i < n->count; i++) {
        if (i == ROOT || n->records[i].name == NULL || n->records[i].name[0] == '$' ||
            !path_of(n, i, path, sizeof path))
            continue;
        struct ntfs_file f = { n, i };
        struct glc_entry e = { .path = path,
                               .read = read_file,
                               .ctx = &f,
                               .size = UINT64_MAX,
                               .type = (n->records[i].flags & 2) != 0 ? GLC_ENTRY_DIR : GLC_ENTRY_FILE };
        glc_collect_entry(n->d->all->a, &e);
    }
}

/* The table's own runs, from its own record. */
static bool open_table(struct ntfs *n)
{
    uint8_t boot[512];
    if (glc_disk_read(n->d, 0, boot, sizeof boot) != GLC_OK)
        return false;
    struct glc_cursor c = glc_cursor(glc_span(boot, sizeof boot));
    glc_cursor_seek(&c, 11);
    uint32_t sector = glc_cursor_u16le(&c), per = glc_cursor_u8(&c);
    glc_cursor_seek(&c, 48);
    uint64_t mft = glc_cursor_u64le(&c);
    glc_cursor_seek(&c, 64);
    int8_t size = (int8_t)glc_cursor_u8(&c);
    if (!glc_cursor_ok(&c) || sector < 512 || sector > 4096 || per == 0 || per > 128)
        return false;
    n->cluster = sector * per;
    n->record_size = size > 0 ? (uint32_t)size * n->cluster : size >= -12 && size <= -9 ? 1u << -size : 0;
    if (n->record_size < 512 || n->record_size > MAX_RECORD || mft > n->d->size / n->cluster)
        return false;
    glc_buf_u64le(&n->runs, mft * n->cluster);
    glc_buf_u64le(&n->runs, n->record_size);
    uint8_t r[MAX_RECORD];
    if (!fetch(n, 0, r))
        return false;
    uint32_t at = glc_le16(r + 20), type;
    struct glc_span attr;
    while (attribute(n, r, &at, &type, &attr)) {
        if (type != 0x80 || attr.ptr[8] == 0 || attr.len < 64)
            continue;
        uint64_t bytes = glc_le64(attr.ptr + 48) / n->record_size;
        n->runs.len = 0;
        n->count = bytes < MAX_RECORDS ? (uint32_t)bytes : 0;
        return n->count > ROOT &&
               run_list(n, glc_span_sub(attr, glc_le16(attr.ptr + 32), attr.len), &n->runs);
    }
    return false;
}

void glc_disk_ntfs(const struct glc_disk *d, const char *name)
{
    struct glc_audit *a = d->all->a;
    struct ntfs n = { .d = d };
    glc_arena_init(&n.arena, (size_t)1 << 30);
    glc_buf_init(&n.runs, 1 << 20);
    if (!open_table(&n)) {
        glc_audit_gap(a, name, "the NTFS file system is damaged: its file table cannot be read");
    } else {
        n.records = glc_arena_array(&n.arena, n.count, sizeof *n.records);
        uint8_t r[MAX_RECORD];
        if (n.records != NULL)
            walk(&n);
        if (n.records == NULL || n.arena.failed)
            glc_audit_gap(a, name, "the NTFS file table is larger than is read");
        else if (!fetch(&n, ROOT, r) || !fetch(&n, n.count - 1, r))
            glc_audit_gap(a, name, "the NTFS file system is damaged: its file table is cut short");
    }
    glc_buf_done(&n.runs);
    glc_arena_done(&n.arena);
}
