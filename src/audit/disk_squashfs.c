/* squashfs 4.0 (Linux' Documentation/filesystems/squashfs.rst; little endian).
 *
 * Inodes and folders lie in runs of packed blocks of at most 8 KiB, each behind a 16-bit length whose high
 * bit says "not packed". A file is blocks of the file system's size, whose packed lengths stand behind its
 * inode, and its end may be a part of a fragment block. */
#include "audit/disk_unpack.h"
#include "audit/disk_walk.h"

#include <stdlib.h>

enum { META = 8192, MAX_BLOCK = 1 << 20, NONE = -1, NOT_PACKED = 1 << 24 };
enum { KEPT = 8, KEPT_WORK = 64 }; /* metadata blocks that stay unpacked: inodes come by the hundred in one */
enum { DIR = 1, FILE_ = 2, LINK = 3, LONG = 7 }; /* a long form's type is 7 more */

struct kept {
    uint64_t at, next; /* next 0: nothing is kept here */
    size_t len;
    uint8_t buf[META];
};

struct squash {
    struct glc_disk_walk w;
    const struct glc_disk *d;
    uint32_t block, fragments;
    enum glc_pack pack;
    uint64_t inodes, folders, fragment_table;
    uint8_t *packed, *plain;
    uint8_t *fragment; /* the last one that was unpacked */
    uint64_t fragment_at;
    size_t fragment_len;
    struct kept kept[KEPT];
};

/* Reading on over packed blocks. */
struct meta {
    struct squash *s;
    uint64_t next; /* where the next block lies */
    size_t at, len;
    bool bad;
    uint8_t buf[META];
};

struct node {
    uint16_t type; /* the short form's */
    uint32_t number, frag, frag_off, block;
    uint16_t offset;
    uint64_t size, start;
};

struct squash_file {
    struct squash *s;
    uint64_t inode; /* reference */
};

static bool unpack(struct squash *s, uint64_t at, struct kept *k)
{
    uint8_t h[2], packed[META];
    k->next = 0;
    if (glc_disk_read(s->d, at, h, 2) != GLC_OK)
        return false;
    size_t len = glc_le16(h) & 0x7fff, got = len;
    bool plain = (glc_le16(h) & 0x8000) != 0;
    if (len == 0 || len > META || !glc_disks_work(s->d->all, META) ||
        glc_disk_read(s->d, at + 2, plain ? k->buf : packed, len) != GLC_OK)
        return false;
    if (!plain && glc_unpack(s->pack, glc_span(packed, len), k->buf, META, &got) != GLC_OK)
        return false;
    if (got == 0)
        return false;
    k->at = at;
    k->next = at + 2 + len;
    k->len = got;
    return true;
}

static bool meta_fill(struct meta *m)
{
    struct squash *s = m->s;
    struct kept *k = &s->kept[(m->next ^ m->next >> 7) % KEPT];
    if (m->bad ||
        !(k->next != 0 && k->at == m->next ? glc_disks_work(s->d->all, KEPT_WORK) : unpack(s, m->next, k)))
        return false;
    memcpy(m->buf, k->buf, k->len);
    m->next = k->next;
    m->at = 0;
    m->len = k->len;
    return true;
}

static void meta_take(struct meta *m, void *to, size_t n)
{
    uint8_t *p = to;
    while (n != 0) {
        if (m->at == m->len && !meta_fill(m)) {
            m->bad = true;
            memset(p, 0, n);
            return;
        }
        size_t take = m->len - m->at < n ? m->len - m->at : n;
        memcpy(p, m->buf + m->at, take);
        m->at += take;
        p += take;
        n -= take;
    }
}

static void meta_open(struct meta *m, struct squash *s, uint64_t block, size_t offset)
{
    m->s = s;
    m->next = block;
    m->at = m->len = 0;
    m->bad = false;
    if (!meta_fill(m) || offset > m->len)
        m->bad = true;
    else
        m->at = offset;
}

static uint16_t meta16(struct meta *m)
{
    uint8_t b[2];
    meta_take(m, b, sizeof b);
    return glc_le16(b);
}

static uint32_t meta32(struct meta *m)
{
    uint8_t b[4];
    meta_take(m, b, sizeof b);
    return glc_le32(b);
}

static uint64_t meta64(struct meta *m)
{
    uint8_t b[8];
    meta_take(m, b, sizeof b);
    return glc_le64(b);
}

/* Leaves `m` behind the inode: at a file's block lengths. */
static bool read_node(struct squash *s, uint64_t ref, struct meta *m, struct node *out)
{
    *out = (struct node){ 0 };
    meta_open(m, s, s->inodes + (ref >> 16), ref & 0xffff);
    uint16_t type = meta16(m);
    bool wide = type > LONG;
    uint8_t skip[10];
    meta_take(m, skip, sizeof skip);
    out->number = meta32(m);
    out->type = wide ? (uint16_t)(type - LONG) : type;
    if (out->type == DIR && !wide) {
        out->block = meta32(m);
        (void)meta32(m);
        out->size = meta16(m);
        out->offset = meta16(m);
    } else if (out->type == DIR) {
        (void)meta32(m);
        out->size = meta32(m);
        out->block = meta32(m);
        (void)meta32(m);
        (void)meta16(m);
        out->offset = meta16(m);
    } else if (out->type == FILE_ && !wide) {
        out->start = meta32(m);
        out->frag = meta32(m);
        out->frag_off = meta32(m);
        out->size = meta32(m);
    } else if (out->type == FILE_) {
        out->start = meta64(m);
        out->size = meta64(m);
        (void)meta64(m);
        (void)meta32(m);
        out->frag = meta32(m);
        out->frag_off = meta32(m);
        (void)meta32(m);
    }
    return !m->bad && type >= DIR && type <= 2 * LONG;
}

/* A block of data at `at`, of a packed length as the file system writes it; `len` is what it is unpacked. */
static enum glc_err data_block(struct squash *s, uint64_t at, uint32_t word, uint8_t *out, size_t *len)
{
    uint32_t n = word & (NOT_PACKED - 1);
    if (n > s->block || !glc_disks_work(s->d->all, s->block))
        return n > s->block ? GLC_CORRUPT : GLC_LIMIT;
    *len = n;
    if ((word & NOT_PACKED) != 0)
        return glc_disk_read(s->d, at, out, n);
    enum glc_err err = glc_disk_read(s->d, at, s->packed, n);
    return err != GLC_OK ? err : glc_unpack(s->pack, glc_span(s->packed, n), out, s->block, len);
}

static enum glc_err fragment(struct squash *s, uint32_t i, uint32_t off, size_t n, struct glc_buf *out)
{
    uint8_t b[8];
    struct meta *m = i < s->fragments ? malloc(sizeof *m) : NULL;
    if (m == NULL)
        return i < s->fragments ? GLC_NOMEM : GLC_CORRUPT;
    enum glc_err err = glc_disk_read(s->d, s->fragment_table + (uint64_t)(i / 512) * 8, b, sizeof b);
    uint64_t at = 0;
    uint32_t word = 0;
    if (err == GLC_OK) {
        meta_open(m, s, glc_le64(b), (size_t)(i % 512) * 16);
        at = meta64(m);
        word = meta32(m);
        err = m->bad ? GLC_CORRUPT : GLC_OK;
    }
    free(m);
    if (err == GLC_OK && at != s->fragment_at) {
        s->fragment_at = UINT64_MAX;
        err = data_block(s, at, word, s->fragment, &s->fragment_len);
        if (err == GLC_OK)
            s->fragment_at = at;
    }
    if (err != GLC_OK)
        return err;
    if (off > s->fragment_len || n > s->fragment_len - off)
        return GLC_CORRUPT;
    size_t room = out->cap - out->len;
    if (!glc_buf_put(out, s->fragment + off, n < room ? n : room))
        return GLC_NOMEM;
    return n > room ? GLC_LIMIT : GLC_OK;
}

static enum glc_err blocks(struct squash *s, struct meta *m, const struct node *n, struct glc_buf *out)
{
    uint64_t left = n->size, at = n->start;
    while (left != 0 && (left >= s->block || n->frag == (uint32_t)NONE)) {
        uint64_t want = left < s->block ? left : s->block;
        uint32_t word = meta32(m);
        size_t room = out->cap - out->len, len = 0;
        if (m->bad)
            return GLC_CORRUPT;
        enum glc_err err = GLC_OK;
        if (word == 0) {
            err = glc_disk_append(s->d, UINT64_MAX, want, out);
        } else {
            err = data_block(s, at, word, s->plain, &len);
            if (err == GLC_OK && len < want)
                err = GLC_CORRUPT;
            if (err == GLC_OK && !glc_buf_put(out, s->plain, want < room ? (size_t)want : room))
                err = GLC_NOMEM;
            if (err == GLC_OK && want > room)
                err = GLC_LIMIT;
        }
        if (err != GLC_OK)
            return err;
        at += word & (NOT_PACKED - 1);
        left -= want;
    }
    return left != 0 ? fragment(s, n->frag, n->frag_off, (size_t)left, out) : GLC_OK;
}

static enum glc_err read_file(const struct glc_entry *e, struct glc_buf *out)
{
    const struct squash_file *f = e->ctx;
    struct node n;
    struct meta *m = e->type == GLC_ENTRY_FILE ? malloc(sizeof *m) : NULL;
    if (m == NULL)
        return e->type == GLC_ENTRY_FILE ? GLC_NOMEM : GLC_UNSUPPORTED;
    enum glc_err err = read_node(f->s, f->inode, m, &n) ? blocks(f->s, m, &n, out) : GLC_CORRUPT;
    free(m);
    return err;
}

static void folder(struct squash *s, const struct node *n);

static void entry(struct squash *s, struct glc_span name, uint64_t ref)
{
    size_t mark;
    struct node n;
    if (!glc_disk_walk_down(&s->w, name, &mark))
        return;
    struct meta *m = malloc(sizeof *m);
    bool ok = m != NULL && read_node(s, ref, m, &n);
    free(m);
    if (!ok) {
        s->w.damaged = true;
    } else {
        struct squash_file f = { s, ref };
        glc_disk_walk_entry(&s->w,
                            n.type == FILE_  ? GLC_ENTRY_FILE
                            : n.type == DIR  ? GLC_ENTRY_DIR
                            : n.type == LINK ? GLC_ENTRY_LINK
                                             : GLC_ENTRY_OTHER,
                            n.size, read_file, &f);
        if (n.type == DIR)
            folder(s, &n);
    }
    glc_disk_walk_up(&s->w, mark);
}

/* Runs of entries: how many (less one), the block of their inodes; each its offset there, a type, a name. The
 * size counts three bytes that are not there. */
static void folder(struct squash *s, const struct node *n)
{
    struct meta *m = malloc(sizeof *m);
    if (m == NULL || !glc_disk_walk_enter(&s->w, n->number)) {
        free(m);
        return;
    }
    uint64_t left = n->size > 3 ? n->size - 3 : 0;
    if (left != 0)
        meta_open(m, s, s->folders + n->block, n->offset);
    else
        m->bad = false;
    while (left >= 12 && !m->bad) {
        uint32_t count = meta32(m), start = meta32(m);
        (void)meta32(m);
        left -= 12;
        s->w.damaged |= count > 255;
        for (uint32_t i = 0; i <= count && count <= 255 && left >= 8 && !m->bad; i++) {
            uint8_t name[256];
            uint16_t offset = meta16(m);
            (void)meta16(m);
            (void)meta16(m);
            size_t len = (size_t)meta16(m) + 1;
            if (m->bad || len > 256 || left < 8 + len) {
                m->bad = true;
                break;
            }
            meta_take(m, name, len);
            left -= 8 + len;
            if (!m->bad)
                entry(s, glc_span(name, len), (uint64_t)start << 16 | offset);
        }
    }
    s->w.damaged |= m->bad;
    free(m);
    glc_disk_walk_leave(&s->w);
}

/* NULL, or what cannot be read of it. */
static const char *header(struct squash *s, const uint8_t h[96])
{
    static const int packs[] = { NONE,        GLC_PACK_ZLIB, GLC_PACK_LZMA, GLC_PACK_LZO,
                                 GLC_PACK_XZ, GLC_PACK_LZ4,  GLC_PACK_ZSTD };
    uint16_t pack = glc_le16(h + 20);
    s->block = glc_le32(h + 12);
    s->fragments = glc_le32(h + 16);
    s->inodes = glc_le64(h + 64);
    s->folders = glc_le64(h + 72);
    s->fragment_table = glc_le64(h + 80);
    if (glc_le16(h + 28) != 4)
        return "a squashfs of another version than 4";
    if (pack == 0 || pack >= sizeof packs / sizeof *packs)
        return "a squashfs with a compression that is not known";
    if (s->block < 4096 || s->block > MAX_BLOCK || (s->block & (s->block - 1)) != 0 ||
        s->inodes > s->d->size || s->folders > s->d->size)
        return "the squashfs superblock is damaged";
    s->pack = (enum glc_pack)packs[pack];
    return NULL;
}

void glc_disk_squashfs(const struct glc_disk *d, const char *name)
{
    uint8_t h[96];
    struct node root;
    struct squash *s = calloc(1, sizeof *s);
    struct meta *m = malloc(sizeof *m);
    if (s == NULL || m == NULL)
        goto out;
    s->d = d;
    s->fragment_at = UINT64_MAX;
    const char *why = glc_disk_read(d, 0, h, sizeof h) == GLC_OK ? header(s, h) : "a squashfs cut short";
    if (why != NULL) {
        glc_audit_gap(d->all->a, name, "not readable: %s", why);
        goto out;
    }
    s->packed = malloc(s->block);
    s->plain = malloc(s->block);
    s->fragment = malloc(s->block);
    glc_disk_walk_init(&s->w, d, name);
    if (s->packed == NULL || s->plain == NULL || s->fragment == NULL)
        s->w.limited = true;
    else if (!read_node(s, glc_le64(h + 32), m, &root) || root.type != DIR)
        s->w.damaged = true;
    else
        folder(s, &root);
    glc_disk_walk_done(&s->w, "squashfs");
out:
    if (s != NULL) {
        free(s->packed);
        free(s->plain);
        free(s->fragment);
    }
    free(m);
    free(s);
}
