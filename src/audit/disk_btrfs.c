/* Btrfs on one device (btrfs.readthedocs.io, "On-disk format"; little endian).
 *
 * The superblock at 64 KiB holds the first chunks: which logical addresses lie where. The chunk tree holds
 * the rest, the root tree the roots of all subvolumes, and a subvolume's tree inodes, names (one item per
 * name, in the folder's order) and extents, inline or packed (zlib, LZO, zstd). Trees are walked by an
 * iterator that goes down from the root for its first key and then on from leaf to leaf.
 *
 * Every subvolume is a root of its own, since that is how systems are laid out (@, @rootfs, root); where the
 * name says that it hangs in another (@/var, @home), its paths begin there. A read-only snapshot of another
 * is an older state: what is found only there is residual. Chunks that lie on other devices, and a log that
 * was not replayed, are gaps. */
#include "audit/disk_unpack.h"
#include "audit/disk_walk.h"

#include <stdlib.h>

enum {
    SUPER = 65536,
    HEAD = 101,
    ITEM = 25,
    POINTER = 33,
    KEY = 17,
    LEVELS = 8,
    MAX_NODE = 65536,
    STRIPE = 32
};
enum { MAX_CHUNKS = 1 << 16, MAX_EXTENT = 1 << 20 }; /* Linux packs 128 KiB at most */
enum {
    INODE_ITEM = 1,
    DIR_INDEX = 96,
    DIR_ITEM = 84,
    EXTENT_DATA = 108,
    ROOT_ITEM = 132,
    ROOT_BACKREF = 144,
    CHUNK_ITEM = 228
};
enum { RAID0 = 8, RAID10 = 64, RAID5 = 128, RAID6 = 256 };
static const uint64_t fs_tree = 5, root_dir = 6, first_chunk_tree = 256, chunk_object = 256, first_free = 256;

struct key {
    uint64_t object;
    uint8_t type;
    uint64_t offset;
};

struct chunk {
    uint64_t logical, len, at;
    bool here; /* it lies on this device, whole */
};

struct btrfs {
    struct glc_disk_walk w;
    const struct glc_disk *d;
    struct glc_disks *all;
    uint32_t node, sector;
    uint64_t device;
    struct chunk *chunks;
    size_t nchunks;
    bool elsewhere;          /* something lay on another device */
    uint8_t *packed, *plain; /* MAX_EXTENT each */
};

/* A tree's path down to the current item. */
struct iter {
    struct btrfs *b;
    unsigned levels;
    uint8_t *node[LEVELS]; /* [0] is the leaf */
    uint32_t at[LEVELS];
    enum glc_err err;
};

static struct key key_at(const uint8_t *p)
{
    return (struct key){ glc_le64(p), p[8], glc_le64(p + 9) };
}

static int compare(struct key a, struct key b)
{
    if (a.object != b.object)
        return a.object < b.object ? -1 : 1;
    if (a.type != b.type)
        return a.type < b.type ? -1 : 1;
    return a.offset == b.offset ? 0 : a.offset < b.offset ? -1 : 1;
}

/* Read a run of logical addresses, which may span chunks. */
static enum glc_err logical(struct btrfs *b, uint64_t at, uint8_t *to, size_t n)
{
    while (n != 0) {
        const struct chunk *c = NULL;
        for (size_t i = 0; i < b->nchunks && c == NULL; i++)
            if (at >= b->chunks[i].logical && at - b->chunks[i].logical < b->chunks[i].len)
                c = &b->chunks[i];
        if (c == NULL)
            return GLC_CORRUPT;
        if (!c->here) {
            b->elsewhere = true;
            return GLC_UNSUPPORTED;
        }
        uint64_t in = at - c->logical, rest = c->len - in;
        size_t take = rest < n ? (size_t)rest : n;
        enum glc_err err = glc_disk_read(b->d, c->at + in, to, take);
        if (err != GLC_OK)
            return err;
        to += take;
        at += take;
        n -= take;
    }
    return GLC_OK;
}

static bool add_chunk(struct btrfs *b, uint64_t start, struct glc_span item)
{
    if (item.len < 48 + STRIPE || b->nchunks == MAX_CHUNKS)
        return false;
    const uint8_t *p = item.ptr;
    uint64_t type = glc_le64(p + 24);
    size_t stripes = glc_le16(p + 44);
    struct chunk c = { .logical = start, .len = glc_le64(p) };
    bool spread = (type & (RAID0 | RAID10 | RAID5 | RAID6)) != 0 && stripes > 1;
    for (size_t i = 0; i < stripes && !spread && !c.here; i++) {
        if (item.len - 48 < (i + 1) * STRIPE)
            return false;
        if (glc_le64(p + 48 + i * STRIPE) == b->device) {
            c.at = glc_le64(p + 48 + i * STRIPE + 8);
            c.here = true;
        }
    }
    for (size_t i = 0; i < b->nchunks; i++)
        if (b->chunks[i].logical == start)
            return true;
    struct chunk *slot = glc_arena_push(&b->all->arena, &b->chunks, &b->nchunks, sizeof *slot);
    if (slot == NULL)
        return false;
    *slot = c;
    return true;
}

static uint32_t count_of(const struct iter *it, unsigned level)
{
    return glc_le32(it->node[level] + 96);
}

/* The node at a level; its own words about address and level must be right. */
static enum glc_err load(struct iter *it, unsigned level, uint64_t address)
{
    struct btrfs *b = it->b;
    if (it->node[level] == NULL && (it->node[level] = malloc(b->node)) == NULL)
        return GLC_NOMEM;
    uint8_t *n = it->node[level];
    enum glc_err err = logical(b, address, n, b->node);
    if (err != GLC_OK)
        return err;
    size_t most = (b->node - HEAD) / (level == 0 ? ITEM : POINTER);
    it->at[level] = 0;
    return glc_le64(n + 48) == address && n[100] == level && glc_le32(n + 96) <= most ? GLC_OK : GLC_CORRUPT;
}

static void iter_done(struct iter *it)
{
    for (unsigned i = 0; i < LEVELS; i++)
        free(it->node[i]);
}

/* On to the next leaf. */
static bool next_leaf(struct iter *it)
{
    unsigned l = 1;
    while (l < it->levels && it->at[l] + 1 >= count_of(it, l))
        l++;
    if (l >= it->levels)
        return false;
    it->at[l]++;
    while (l != 0) {
        uint64_t to = glc_le64(it->node[l] + HEAD + (size_t)it->at[l] * POINTER + KEY);
        l--;
        it->err = load(it, l, to);
        if (it->err != GLC_OK || count_of(it, l) == 0)
            return false;
    }
    return true;
}

/* Stand at the first item that is not less than `k`; false at the end or at damage (it->err). */
static bool seek(struct iter *it, uint64_t root, unsigned level, struct key k)
{
    it->levels = level + 1;
    it->err = level < LEVELS ? load(it, level, root) : GLC_CORRUPT;
    for (unsigned l = level; it->err == GLC_OK; l--) {
        uint32_t n = count_of(it, l), low = 0, high = n;
        size_t size = l == 0 ? ITEM : POINTER;
        while (low < high) { /* the first whose key is greater, or for items not less */
            uint32_t mid = low + (high - low) / 2;
            int c = compare(key_at(it->node[l] + HEAD + mid * size), k);
            if (c < 0 || (c == 0 && l != 0))
                low = mid + 1;
            else
                high = mid;
        }
        if (l == 0) {
            it->at[0] = low;
            return low < n || next_leaf(it);
        }
        if (n == 0)
            return false;
        it->at[l] = low != 0 ? low - 1 : 0;
        it->err = load(it, l - 1, glc_le64(it->node[l] + HEAD + it->at[l] * size + KEY));
    }
    return false;
}

static struct key current(const struct iter *it)
{
    return key_at(it->node[0] + HEAD + (size_t)it->at[0] * ITEM);
}

/* The item's bytes; empty where its place is outside the node. */
static struct glc_span item(const struct iter *it)
{
    const uint8_t *p = it->node[0] + HEAD + (size_t)it->at[0] * ITEM + KEY;
    struct glc_span body = glc_span(it->node[0] + HEAD, it->b->node - HEAD);
    uint32_t off = glc_le32(p), len = glc_le32(p + 4);
    struct glc_span s = glc_span_sub(body, off, len);
    return s.len == len ? s : glc_span(NULL, 0);
}

static bool advance(struct iter *it)
{
    if (it->at[0] + 1 < count_of(it, 0)) {
        it->at[0]++;
        return true;
    }
    return next_leaf(it);
}

struct root {
    uint64_t id, at;
    uint8_t level;
    bool snapshot; /* read-only, made of another */
};

struct volume {
    struct btrfs *b;
    struct root root;
};

struct btrfs_file {
    const struct volume *v;
    uint64_t ino, size;
};

/* LZO as Btrfs frames it: the length of all, then pieces of a length each, none of whose lengths may cross a
 * sector's end. */
static enum glc_err unpack_lzo(uint32_t sector, struct glc_span in, uint8_t *out, size_t room, size_t *got)
{
    struct glc_cursor c = glc_cursor(in);
    uint32_t total = glc_cursor_u32le(&c);
    size_t done = 0;
    while (c.off < total && done < room) {
        uint32_t n = glc_cursor_u32le(&c);
        struct glc_span piece = glc_cursor_span(&c, n);
        size_t some = 0, take = room - done < sector ? room - done : sector;
        if (!glc_cursor_ok(&c) || glc_unpack(GLC_PACK_LZO, piece, out + done, take, &some) != GLC_OK ||
            some == 0)
            return GLC_CORRUPT;
        done += some;
        if (sector - c.off % sector < 4)
            glc_cursor_skip(&c, sector - c.off % sector);
    }
    *got = done;
    return GLC_OK;
}

static enum glc_err unpack(struct btrfs *b, uint8_t how, struct glc_span in, uint64_t plain_len, size_t *got)
{
    if (plain_len > MAX_EXTENT || !glc_disks_work(b->all, plain_len))
        return GLC_LIMIT;
    switch (how) {
    case 1:
        return glc_unpack(GLC_PACK_ZLIB, in, b->plain, (size_t)plain_len, got);
    case 2:
        return unpack_lzo(b->sector, in, b->plain, (size_t)plain_len, got);
    case 3:
        return glc_unpack(GLC_PACK_ZSTD, in, b->plain, (size_t)plain_len, got);
    default:
        return GLC_UNSUPPORTED;
    }
}

static enum glc_err put(struct glc_buf *out, struct glc_span s)
{
    size_t room = out->cap - out->len;
    if (!glc_buf_put(out, s.ptr, s.len < room ? s.len : room))
        return GLC_NOMEM;
    return s.len > room ? GLC_LIMIT : GLC_OK;
}

/* Logical addresses into the buffer, piece by piece. */
static enum glc_err copy(struct btrfs *b, uint64_t at, uint64_t n, struct glc_buf *out)
{
    size_t room = out->cap - out->len;
    uint64_t left = n < room ? n : room;
    while (left != 0) {
        size_t take = left < 65536 ? (size_t)left : 65536;
        uint8_t *to = glc_buf_reserve(out, take);
        enum glc_err err = to != NULL ? logical(b, at, to, take) : GLC_NOMEM;
        if (err != GLC_OK)
            return err;
        out->len += take;
        at += take;
        left -= take;
    }
    return n > room ? GLC_LIMIT : GLC_OK;
}

/* One extent item, of which at most `want` bytes belong to the file. */
static enum glc_err extent(struct btrfs *b, struct glc_span x, uint64_t want, struct glc_buf *out)
{
    struct glc_cursor c = glc_cursor(x);
    (void)glc_cursor_u64le(&c);
    uint64_t plain_len = glc_cursor_u64le(&c);
    uint8_t how = glc_cursor_u8(&c), cipher = glc_cursor_u8(&c);
    uint16_t other = glc_cursor_u16le(&c);
    uint8_t type = glc_cursor_u8(&c);
    size_t got = 0;
    if (!glc_cursor_ok(&c) || cipher != 0 || other != 0)
        return glc_cursor_ok(&c) ? GLC_UNSUPPORTED : GLC_CORRUPT;
    if (type == 0) {
        struct glc_span in = glc_cursor_span(&c, glc_cursor_left(&c));
        if (how == 0)
            return put(out, glc_span_sub(in, 0, want));
        enum glc_err err = unpack(b, how, in, plain_len, &got);
        return err != GLC_OK ? err : put(out, glc_span_sub(glc_span(b->plain, got), 0, want));
    }
    uint64_t at = glc_cursor_u64le(&c), disk_len = glc_cursor_u64le(&c), off = glc_cursor_u64le(&c),
             len = glc_cursor_u64le(&c);
    if (!glc_cursor_ok(&c) || type > 2)
        return GLC_CORRUPT;
    len = len < want ? len : want;
    if (at == 0 || type == 2)
        return glc_disk_append(b->d, UINT64_MAX, len, out);
    if (how == 0)
        return copy(b, at + off, len, out);
    if (disk_len > MAX_EXTENT)
        return GLC_LIMIT;
    enum glc_err err = logical(b, at, b->packed, (size_t)disk_len);
    if (err == GLC_OK)
        err = unpack(b, how, glc_span(b->packed, (size_t)disk_len), plain_len, &got);
    if (err != GLC_OK)
        return err;
    struct glc_span s = glc_span_sub(glc_span(b->plain, got), off, len);
    err = put(out, s);
    /* An extent's last sector may be packed without the zeros behind it. */
    return err != GLC_OK || s.len == len ? err : glc_disk_append(b->d, UINT64_MAX, len - s.len, out);
}

static enum glc_err read_file(const struct glc_entry *e, struct glc_buf *out)
{
    const struct btrfs_file *f = e->ctx;
    struct btrfs *b = f->v->b;
    struct iter it = { .b = b };
    size_t from = out->len;
    enum glc_err err = GLC_OK;
    if (e->type != GLC_ENTRY_FILE)
        return GLC_UNSUPPORTED;
    bool more = seek(&it, f->v->root.at, f->v->root.level, (struct key){ f->ino, EXTENT_DATA, 0 });
    for (; more && err == GLC_OK; more = advance(&it)) {
        struct key k = current(&it);
        uint64_t have = out->len - from;
        if (k.object != f->ino || k.type != EXTENT_DATA || k.offset >= f->size)
            break;
        if (k.offset < have)
            err = GLC_CORRUPT;
        else if (k.offset > have)
            err = glc_disk_append(b->d, UINT64_MAX, k.offset - have, out);
        if (err == GLC_OK)
            err = extent(b, item(&it), f->size - k.offset, out);
    }
    err = err == GLC_OK ? it.err : err;
    iter_done(&it);
    uint64_t have = out->len - from;
    return err == GLC_OK && have < f->size ? glc_disk_append(b->d, UINT64_MAX, f->size - have, out) : err;
}

/* Size and mode of an inode. */
static bool inode(const struct volume *v, uint64_t ino, uint64_t *size, uint32_t *mode)
{
    struct iter it = { .b = v->b };
    bool ok = seek(&it, v->root.at, v->root.level, (struct key){ ino, INODE_ITEM, 0 });
    if (ok) {
        struct key k = current(&it);
        struct glc_span s = item(&it);
        ok = k.object == ino && k.type == INODE_ITEM && s.len >= 160;
        if (ok) {
            *size = glc_le64(s.ptr + 16);
            *mode = glc_le32(s.ptr + 52);
        }
    }
    iter_done(&it);
    return ok;
}

static void folder(struct volume *v, uint64_t ino);

/* A name: the key that it leads to, 8 bytes, lengths of data and name, a type, the name. */
static void entry(struct volume *v, struct glc_span x)
{
    struct btrfs *b = v->b;
    struct glc_cursor c = glc_cursor(x);
    struct glc_span key = glc_cursor_span(&c, KEY);
    glc_cursor_skip(&c, 10);
    uint16_t n = glc_cursor_u16le(&c);
    glc_cursor_skip(&c, 1);
    struct glc_span name = glc_cursor_span(&c, n);
    size_t mark;
    if (!glc_cursor_ok(&c)) {
        b->w.damaged = true;
        return;
    }
    struct key to = key_at(key.ptr);
    if (to.type != INODE_ITEM || !glc_disk_walk_down(&b->w, name, &mark))
        return; /* a subvolume is walked as a root of its own */
    struct btrfs_file f = { .v = v, .ino = to.object };
    uint32_t mode = 0;
    if (!inode(v, to.object, &f.size, &mode)) {
        b->w.damaged = true;
    } else {
        enum glc_entry_type type = glc_disk_walk_type(mode);
        glc_disk_walk_entry(&b->w, type, f.size, read_file, &f);
        if (type == GLC_ENTRY_DIR)
            folder(v, to.object);
    }
    glc_disk_walk_up(&b->w, mark);
}

static void folder(struct volume *v, uint64_t ino)
{
    struct btrfs *b = v->b;
    struct iter it = { .b = b };
    if (!glc_disk_walk_enter(&b->w, ino ^ v->root.id << 40))
        return;
    bool more = seek(&it, v->root.at, v->root.level, (struct key){ ino, DIR_INDEX, 0 });
    for (; more; more = advance(&it)) {
        struct key k = current(&it);
        if (k.object != ino || k.type != DIR_INDEX)
            break;
        entry(v, item(&it));
    }
    glc_disk_walk_fault(&b->w, it.err);
    iter_done(&it);
    glc_disk_walk_leave(&b->w);
}

/* The name of a subvolume as seen from the top: "@/var". Its parents' names before it, at most a few. */
static size_t name_of(struct btrfs *b, struct root tree, uint64_t id, char *out, size_t room, int depth)
{
    struct iter it = { .b = b };
    size_t len = 0;
    bool ok = seek(&it, tree.at, tree.level, (struct key){ id, ROOT_BACKREF, 0 });
    struct key k = ok ? current(&it) : (struct key){ 0 };
    if (ok && k.object == id && k.type == ROOT_BACKREF) {
        struct glc_span s = item(&it);
        struct glc_span name = s.len >= 18 ? glc_span_sub(s, 18, glc_le16(s.ptr + 16)) : s;
        if (k.offset != fs_tree && depth < LEVELS)
            len = name_of(b, tree, k.offset, out, room, depth + 1);
        if (name.len < room - len - 1) {
            if (len != 0)
                out[len++] = '/';
            for (size_t i = 0; i < name.len; i++)
                out[len++] = name.ptr[i] < 0x20 || name.ptr[i] == 0x7f ? '_' : (char)name.ptr[i];
        }
    }
    iter_done(&it);
    return len;
}

/* Where a subvolume hangs in the system, by its name: "@/var" and "@var" at /var, "@" and others at /. */
static struct glc_span hangs_at(struct glc_span name)
{
    static const char *const tops[] = { "var", "opt", "usr", "home", "srv", "etc", "root", "tmp", "boot" };
    bool at = name.len != 0 && name.ptr[0] == '@';
    const uint8_t *slash = name.len != 0 ? memchr(name.ptr, '/', name.len) : NULL;
    struct glc_span tail = !at             ? name
                           : slash != NULL ? glc_span_sub(name, (uint64_t)(slash - name.ptr) + 1, name.len)
                                           : glc_span_sub(name, 1, name.len);
    for (size_t i = 0; i < sizeof tops / sizeof *tops; i++) {
        size_t n = strlen(tops[i]);
        /* "root" without the sign is Fedora's name of the system itself */
        if ((at || slash != NULL || strcmp(tops[i], "root") != 0) &&
            glc_span_starts(tail, glc_span(tops[i], n)) && (tail.len == n || tail.ptr[n] == '/'))
            return tail;
    }
    return glc_span(NULL, 0);
}

static void subvolume(struct btrfs *b, struct root tree, struct root r, bool is_default)
{
    char name[512];
    struct glc_audit *a = b->w.a;
    const char *outer = a->layer;
    enum glc_fact_state state = a->layer_state;
    size_t n = r.id == fs_tree ? 0 : name_of(b, tree, r.id, name, sizeof name, 0), mark = 0;
    struct glc_span hang = hangs_at(glc_span(name, n));
    struct volume v = { b, r };
    if (n != 0)
        a->layer = glc_disk_name(b->all, "%s, subvolume %.*s", outer, (int)n, name);
    if (r.snapshot && !is_default)
        a->layer_state = GLC_FACT_DELETED;
    b->w.path[b->w.len = 0] = '\0';
    if (hang.len != 0 && hang.len < 256) {
        b->w.path[0] = '/';
        memcpy(b->w.path + 1, hang.ptr, hang.len);
        b->w.path[b->w.len = hang.len + 1] = '\0';
    }
    (void)mark;
    folder(&v, 256);
    a->layer_state = state;
    a->layer = outer;
}

/* ROOT_ITEM: an inode of 160 bytes, …, the tree's address at 176, flags at 208 (1: read-only), its level at
 * 238, the identity of what it was made of at 263. */
static struct root root_of(struct key k, struct glc_span s)
{
    static const uint8_t none[16];
    struct root r = { .id = k.object };
    if (s.len < 239)
        return r;
    r.at = glc_le64(s.ptr + 176);
    r.level = s.ptr[238];
    r.snapshot = s.len >= 279 && (s.ptr[208] & 1) != 0 && memcmp(s.ptr + 263, none, 16) != 0;
    return r;
}

/* Which subvolume is mounted where none is named: the entry "default" of the root tree's own folder. */
static uint64_t default_of(struct btrfs *b, struct root tree)
{
    struct iter it = { .b = b };
    uint64_t id = fs_tree;
    bool more = seek(&it, tree.at, tree.level, (struct key){ root_dir, DIR_ITEM, 0 });
    for (; more; more = advance(&it)) {
        struct key k = current(&it);
        struct glc_span s = item(&it);
        if (k.object != root_dir || k.type != DIR_ITEM)
            break;
        if (s.len >= 37 && glc_span_is(glc_span_sub(s, 30, glc_le16(s.ptr + 27)), "default"))
            id = glc_le64(s.ptr);
    }
    iter_done(&it);
    return id;
}

static void subvolumes(struct btrfs *b, struct root tree)
{
    struct iter it = { .b = b };
    uint64_t chosen = default_of(b, tree);
    bool more = seek(&it, tree.at, tree.level, (struct key){ fs_tree, ROOT_ITEM, 0 });
    for (; more; more = advance(&it)) {
        struct key k = current(&it);
        if (k.type != ROOT_ITEM || (k.object != fs_tree && (k.object < first_free || k.object > INT64_MAX)))
            continue;
        struct root r = root_of(k, item(&it));
        if (r.at == 0)
            b->w.damaged = true;
        else
            subvolume(b, tree, r, k.object == chosen);
    }
    glc_disk_walk_fault(&b->w, it.err);
    iter_done(&it);
}

/* The chunks that the superblock carries, and with their help those of the chunk tree. */
static bool chunks(struct btrfs *b, const uint8_t *s)
{
    uint32_t len = glc_le32(s + 160);
    struct glc_cursor c = glc_cursor(glc_span(s + 811, len <= 2048 ? len : 0));
    while (glc_cursor_left(&c) != 0) {
        struct glc_span key = glc_cursor_span(&c, KEY);
        size_t here = c.off;
        glc_cursor_skip(&c, 44);
        uint16_t stripes = glc_cursor_u16le(&c);
        if (!glc_cursor_seek(&c, here))
            return false;
        struct glc_span x = glc_cursor_span(&c, 48 + (uint64_t)stripes * STRIPE);
        if (!glc_cursor_ok(&c) || !add_chunk(b, key_at(key.ptr).offset, x))
            return false;
    }
    struct iter it = { .b = b };
    bool ok = true;
    bool more = seek(&it, glc_le64(s + 88), s[199], (struct key){ chunk_object, CHUNK_ITEM, 0 });
    for (; more && ok; more = advance(&it)) {
        struct key k = current(&it);
        if (k.object != first_chunk_tree || k.type != CHUNK_ITEM)
            break;
        ok = add_chunk(b, k.offset, item(&it));
    }
    ok = ok && it.err == GLC_OK && b->nchunks != 0;
    iter_done(&it);
    return ok;
}

static void whole(struct btrfs *b, const uint8_t *s)
{
    b->node = glc_le32(s + 148);
    b->sector = glc_le32(s + 144);
    b->device = glc_le64(s + 201);
    b->packed = malloc(MAX_EXTENT);
    b->plain = malloc(MAX_EXTENT);
    struct root tree = { .at = glc_le64(s + 80), .level = s[198] };
    if (b->packed == NULL || b->plain == NULL)
        b->w.limited = true;
    else if (b->node < 4096 || b->node > MAX_NODE || b->sector < 4096 || b->sector > 65536 || !chunks(b, s))
        b->w.damaged = !b->elsewhere;
    else
        subvolumes(b, tree);
    if (b->elsewhere)
        glc_audit_gap(b->w.a, b->w.name,
                      "the Btrfs file system lies on %u devices: not everything could be read",
                      (unsigned)glc_le64(s + 136));
    if (glc_le64(s + 96) != 0)
        glc_audit_gap(b->w.a, b->w.name, "the Btrfs file system was not unmounted: its log is not replayed");
}

void glc_disk_btrfs(const struct glc_disk *d, const char *name)
{
    struct btrfs *b = calloc(1, sizeof *b);
    uint8_t *s = malloc(4096);
    if (b != NULL && s != NULL && glc_disk_read(d, SUPER, s, 4096) == GLC_OK) {
        b->d = d;
        b->all = d->all;
        glc_disk_walk_init(&b->w, d, name);
        whole(b, s);
        glc_disk_walk_done(&b->w, "Btrfs");
        free(b->packed);
        free(b->plain);
    } else {
        glc_audit_gap(d->all->a, name, "the Btrfs file system is damaged: its superblock is cut short");
    }
    free(s);
    free(b);
}
