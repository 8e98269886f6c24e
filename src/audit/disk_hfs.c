/* HFS+ and HFSX (Apple's Technical Note TN1150; big endian).
 *
 * The catalog is a tree whose leaves are chained in the order of (folder, name): one pass over them gives
 * every entry, those of a folder side by side. A fork's first eight runs stand with it; more are in the tree
 * of overflowing extents. Hard links and what the file system packs are not followed: where one is wanted,
 * that is a gap. The journal is not replayed. */
#include "audit/disk_walk.h"

#include <stdlib.h>

enum {
    HEADER = 1024,
    RUNS = 8,
    MAX_NODE = 32768,
    MAX_BLOCK = 1 << 26,
    FOLDER = 1,
    FILE_ = 2,
    ROOT = 2,
    CATALOG = 4
};
enum { UNMOUNTED = 0x100, JOURNALED = 0x2000, PACKED = 0x20 };

struct fork {
    uint64_t size;
    uint32_t id;             /* whose; 0: it has no more than these runs */
    uint32_t runs[2 * RUNS]; /* first block, count */
};

struct item {
    uint32_t folder, id;
    uint16_t mode;
    bool is_folder, elsewhere; /* its content is not in the fork */
    struct glc_span name;
    struct fork *data; /* of a file */
};

struct overflow {
    uint32_t id, from; /* the file's block that the first run holds */
    uint32_t runs[2 * RUNS];
};

struct hfs {
    struct glc_disk_walk w;
    const struct glc_disk *d;
    uint32_t block;
    struct glc_arena arena;
    struct item *items; /* in the catalog's order */
    size_t nitems;
    struct overflow *overflows;
    size_t noverflows;
    uint8_t node[MAX_NODE];
};

struct hfs_file {
    struct hfs *x;
    const struct item *item;
};

static void runs_at(const uint8_t *p, uint32_t runs[2 * RUNS])
{
    for (size_t i = 0; i < (size_t)2 * RUNS; i++)
        runs[i] = glc_be32(p + 4 * i);
}

static struct fork fork_at(const uint8_t *p, uint32_t id)
{
    struct fork f = { .size = glc_be64(p), .id = id };
    runs_at(p + 16, f.runs);
    return f;
}

/* In some runs that begin at the file's block `from`, the byte `off`: how many lie there together, or 0. */
static uint64_t find(const struct hfs *x, const uint32_t *runs, uint64_t from, uint64_t off, uint64_t *at)
{
    uint64_t begin = from * x->block;
    for (size_t i = 0; i < RUNS && off >= begin; i++) {
        uint64_t len = (uint64_t)runs[2 * i + 1] * x->block;
        if (off - begin < len) {
            *at = (uint64_t)runs[2 * i] * x->block + (off - begin);
            return len - (off - begin);
        }
        begin += len;
    }
    return 0;
}

/* The last overflow that is not behind the file's block; they are in order. */
static const struct overflow *overflow_for(const struct hfs *x, uint32_t id, uint64_t block)
{
    size_t low = 0, high = x->noverflows;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct overflow *o = &x->overflows[mid];
        if (o->id < id || (o->id == id && o->from <= block))
            low = mid + 1;
        else
            high = mid;
    }
    return low != 0 && x->overflows[low - 1].id == id ? &x->overflows[low - 1] : NULL;
}

static uint64_t place(const struct hfs *x, const struct fork *f, uint64_t off, uint64_t *at)
{
    uint64_t n = find(x, f->runs, 0, off, at);
    const struct overflow *o = n == 0 && f->id != 0 ? overflow_for(x, f->id, off / x->block) : NULL;
    return o != NULL ? find(x, o->runs, o->from, off, at) : n;
}

static enum glc_err fork_read(const struct hfs *x, const struct fork *f, uint64_t off, uint8_t *to, size_t n)
{
    if (off > f->size || n > f->size - off)
        return GLC_CORRUPT;
    while (n != 0) {
        uint64_t at = 0, have = place(x, f, off, &at);
        size_t take = have < n ? (size_t)have : n;
        enum glc_err err = take != 0 ? glc_disk_read(x->d, at, to, take) : GLC_CORRUPT;
        if (err != GLC_OK)
            return err;
        to += take;
        off += take;
        n -= take;
    }
    return GLC_OK;
}

static enum glc_err fork_append(const struct hfs *x, const struct fork *f, struct glc_buf *out)
{
    for (uint64_t off = 0; off < f->size;) {
        uint64_t at = 0, have = place(x, f, off, &at), left = f->size - off;
        uint64_t take = have < left ? have : left;
        enum glc_err err = take != 0 ? glc_disk_append(x->d, at, take, out) : GLC_CORRUPT;
        if (err != GLC_OK)
            return err;
        off += take;
    }
    return GLC_OK;
}

/* Every record of a tree's leaves. */
static void leaves(struct hfs *x, const struct fork *f, void (*take)(struct hfs *, struct glc_span))
{
    uint8_t h[106];
    enum glc_err err = fork_read(x, f, 0, h, sizeof h);
    glc_disk_walk_fault(&x->w, err);
    uint32_t size = err == GLC_OK ? glc_be16(h + 32) : 0, nodes = err == GLC_OK ? glc_be32(h + 36) : 0;
    uint32_t node = err == GLC_OK ? glc_be32(h + 24) : 0;
    if (size < 512 || size > MAX_NODE) {
        x->w.damaged = true;
        return;
    }
    for (uint32_t seen = 0; node != 0; seen++) {
        err = seen < nodes ? fork_read(x, f, (uint64_t)node * size, x->node, size) : GLC_CORRUPT;
        if (err == GLC_OK && (x->node[8] != 0xff || glc_be16(x->node + 10) > size / 4))
            err = GLC_CORRUPT;
        glc_disk_walk_fault(&x->w, err);
        if (err != GLC_OK)
            return;
        uint32_t count = glc_be16(x->node + 10);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t from = glc_be16(x->node + size - 2 * (i + 1)),
                     to = glc_be16(x->node + size - 2 * (i + 2));
            if (from < 14 || to < from || to > size)
                x->w.damaged = true;
            else
                take(x, glc_span(x->node + from, to - from));
        }
        node = glc_be32(x->node);
    }
}

static void take_overflow(struct hfs *x, struct glc_span r)
{
    if (r.len < 12 + 64 || glc_be16(r.ptr) != 10 || r.ptr[2] != 0) /* resources are nobody's concern */
        return;
    uint32_t id = glc_be32(r.ptr + 4), from = glc_be32(r.ptr + 8);
    const struct overflow *last = x->noverflows != 0 ? &x->overflows[x->noverflows - 1] : NULL;
    if (last != NULL && (id < last->id || (id == last->id && from <= last->from))) {
        x->w.damaged = true;
        return;
    }
    struct overflow *o = glc_arena_push(&x->arena, &x->overflows, &x->noverflows, sizeof *o);
    if (o == NULL)
        return;
    *o = (struct overflow){ .id = id, .from = from };
    runs_at(r.ptr + 12, o->runs);
}

/* UTF-16 to UTF-8; a slash in a name is shown as a colon, as on the system itself. */
static struct glc_span name_of(struct hfs *x, const uint8_t *p, size_t units)
{
    uint8_t *out = glc_arena_alloc(&x->arena, units * 3 + 1);
    size_t n = 0;
    for (size_t i = 0; out != NULL && i < units; i++) {
        uint32_t c = glc_be16(p + 2 * i);
        if (c >= 0xd800 && c < 0xdc00 && i + 1 < units && (glc_be16(p + 2 * i + 2) & 0xfc00) == 0xdc00)
            c = 0x10000 + ((c & 0x3ff) << 10) + (glc_be16(p + 2 * ++i) & 0x3ffu);
        if (c < 0x80) {
            out[n++] = c == '/' ? ':' : (uint8_t)c;
        } else if (c < 0x800) {
            out[n++] = (uint8_t)(0xc0 | c >> 6);
            out[n++] = (uint8_t)(0x80 | (c & 63));
        } else if (c < 0x10000) {
            out[n++] = (uint8_t)(0xe0 | c >> 12);
            out[n++] = (uint8_t)(0x80 | (c >> 6 & 63));
            out[n++] = (uint8_t)(0x80 | (c & 63));
        } else { /* two units, four bytes of the six */
            out[n++] = (uint8_t)(0xf0 | c >> 18);
            out[n++] = (uint8_t)(0x80 | (c >> 12 & 63));
            out[n++] = (uint8_t)(0x80 | (c >> 6 & 63));
            out[n++] = (uint8_t)(0x80 | (c & 63));
        }
    }
    return glc_span(out, n);
}

static void take_entry(struct hfs *x, struct glc_span r)
{
    size_t key = r.len >= 8 ? glc_be16(r.ptr) : 0, units = key >= 6 ? glc_be16(r.ptr + 6) : 0;
    size_t at = 2 + key + (key & 1);
    if (key < 6 || units > 255 || units * 2 > key - 6 || at > r.len || r.len - at < 10) {
        x->w.damaged = true;
        return;
    }
    const uint8_t *p = r.ptr + at;
    uint16_t type = glc_be16(p);
    if ((type != FOLDER && type != FILE_) || units == 0 || glc_be16(r.ptr + 8) == 0)
        return; /* threads; the root; what the file system keeps for itself begins with a zero */
    if (r.len - at < (type == FILE_ ? 248u : 88u)) {
        x->w.damaged = true;
        return;
    }
    uint32_t in = glc_be32(r.ptr + 2);
    if (x->nitems != 0 && in < x->items[x->nitems - 1].folder) { /* a loop, if not worse */
        x->w.damaged = true;
        return;
    }
    struct item *e = glc_arena_push(&x->arena, &x->items, &x->nitems, sizeof *e);
    struct fork *f = type == FILE_ ? glc_arena_alloc(&x->arena, sizeof *f) : NULL;
    if (e == NULL)
        return;
    *e = (struct item){ .folder = in,
                        .id = glc_be32(p + 8),
                        .mode = glc_be16(p + 42),
                        .is_folder = type == FOLDER,
                        .name = name_of(x, r.ptr + 8, units),
                        .data = f };
    if (f != NULL) {
        *f = fork_at(p + 88, e->id);
        e->elsewhere = (p[41] & PACKED) != 0 || memcmp(p + 48, "hlnkhfs+", 8) == 0;
    }
}

static enum glc_err read_file(const struct glc_entry *e, struct glc_buf *out)
{
    const struct hfs_file *f = e->ctx;
    if (e->type != GLC_ENTRY_FILE || f->item->data == NULL || f->item->elsewhere)
        return GLC_UNSUPPORTED;
    return fork_append(f->x, f->item->data, out);
}

/* The first entry of a folder. */
static size_t first_of(const struct hfs *x, uint32_t folder)
{
    size_t low = 0, high = x->nitems;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (x->items[mid].folder < folder)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void folder(struct hfs *x, uint32_t id)
{
    if (!glc_disk_walk_enter(&x->w, id))
        return;
    for (size_t i = first_of(x, id); i < x->nitems && x->items[i].folder == id; i++) {
        const struct item *e = &x->items[i];
        struct hfs_file f = { x, e };
        enum glc_entry_type type = e->is_folder       ? GLC_ENTRY_DIR
                                   : e->mode < 0x1000 ? GLC_ENTRY_FILE
                                                      : glc_disk_walk_type(e->mode);
        size_t mark;
        if (!glc_disk_walk_down(&x->w, e->name, &mark))
            continue;
        glc_disk_walk_entry(&x->w, type,
                            e->elsewhere      ? UINT64_MAX
                            : e->data != NULL ? e->data->size
                                              : 0,
                            read_file, &f);
        if (e->is_folder)
            folder(x, e->id);
        glc_disk_walk_up(&x->w, mark);
    }
    glc_disk_walk_leave(&x->w);
}

void glc_disk_hfs(const struct glc_disk *d, const char *name)
{
    uint8_t h[512];
    struct hfs *x = calloc(1, sizeof *x);
    if (x == NULL || glc_disk_read(d, HEADER, h, sizeof h) != GLC_OK) {
        glc_audit_gap(d->all->a, name, "the HFS+ file system is damaged: its header is cut short");
        free(x);
        return;
    }
    x->d = d;
    x->block = glc_be32(h + 40);
    glc_arena_init(&x->arena, 512u << 20);
    glc_disk_walk_init(&x->w, d, name);
    if (x->block < 512 || x->block > MAX_BLOCK || (x->block & (x->block - 1)) != 0) {
        x->w.damaged = true;
    } else {
        struct fork extents = fork_at(h + 192, 0), catalog = fork_at(h + 272, CATALOG);
        if (extents.size != 0)
            leaves(x, &extents, take_overflow);
        leaves(x, &catalog, take_entry);
        x->w.limited |= x->arena.failed;
        if (!x->arena.failed)
            folder(x, ROOT);
        uint32_t attributes = glc_be32(h + 4);
        if ((attributes & UNMOUNTED) == 0)
            glc_audit_gap(d->all->a, name, "the HFS+ file system was not unmounted%s",
                          (attributes & JOURNALED) != 0 ? ": its journal is not replayed" : "");
    }
    glc_disk_walk_done(&x->w, "HFS+");
    glc_arena_done(&x->arena);
    free(x);
}
