/* ISO 9660 with Joliet and Rock Ridge (and zisofs), through libarchive. It gives entries in the order of
 * their place on the disc. */
#include "audit/disk_walk.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

enum { CHUNK = 65536, MAX_ENTRIES = 1 << 22 };

struct iso {
    const struct glc_disk *d;
    uint64_t at;
    uint8_t buf[CHUNK];
};

static la_ssize_t on_read(struct archive *ar, void *ctx, const void **out)
{
    struct iso *s = ctx;
    uint64_t left = s->at < s->d->size ? s->d->size - s->at : 0;
    size_t n = left < CHUNK ? (size_t)left : CHUNK;
    *out = s->buf;
    if (glc_disk_read(s->d, s->at, s->buf, n) != GLC_OK) {
        archive_set_error(ar, -1, "cannot be read");
        return -1;
    }
    s->at += n;
    return (la_ssize_t)n;
}

static la_int64_t on_skip(struct archive *ar, void *ctx, la_int64_t n)
{
    struct iso *s = ctx;
    uint64_t left = s->at < s->d->size ? s->d->size - s->at : 0, take = n < 0 ? 0 : (uint64_t)n;
    (void)ar;
    take = take < left ? take : left;
    s->at += take;
    return (la_int64_t)take;
}

static la_int64_t on_seek(struct archive *ar, void *ctx, la_int64_t off, int whence)
{
    struct iso *s = ctx;
    int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (int64_t)s->at : (int64_t)s->d->size;
    (void)ar;
    if (off > INT64_MAX / 2 || off < INT64_MIN / 2 || base + off < 0)
        return ARCHIVE_FATAL;
    s->at = (uint64_t)(base + off);
    return (la_int64_t)s->at;
}

static enum glc_err read_file(const struct glc_entry *e, struct glc_buf *out)
{
    struct archive *ar = e->ctx;
    if (e->type != GLC_ENTRY_FILE)
        return GLC_UNSUPPORTED;
    for (;;) {
        size_t room = out->cap - out->len, want = room < CHUNK ? room : CHUNK;
        uint8_t one, *to = want != 0 ? glc_buf_reserve(out, want) : &one;
        if (to == NULL)
            return GLC_NOMEM;
        la_ssize_t n = archive_read_data(ar, to, want != 0 ? want : 1);
        if (n <= 0)
            return n == 0 ? GLC_OK : GLC_CORRUPT;
        if (want == 0)
            return GLC_LIMIT;
        out->len += (size_t)n;
    }
}

static bool entry(struct glc_disk_walk *w, struct archive *ar, struct archive_entry *ent)
{
    const char *path = archive_entry_pathname(ent);
    size_t mark, n = path != NULL ? strlen(path) : 0;
    if (!glc_disks_work(w->d->all, 1024) || n + 2 > sizeof w->path) {
        w->limited = true;
        return false;
    }
    while (n != 0 && path[n - 1] == '/')
        n--;
    if (n == 0 || (n == 1 && path[0] == '.'))
        return true;
    if (path[0] == '.' && n > 2 && path[1] == '/') {
        path += 2;
        n -= 2;
    }
    mark = w->len;
    w->path[0] = '/';
    memcpy(w->path + 1, path, n);
    w->path[w->len = n + 1] = '\0';
    struct glc_entry e = {
        .path = w->path, .read = read_file, .ctx = ar, .type = glc_disk_walk_type(archive_entry_mode(ent))
    };
    e.size = archive_entry_size_is_set(ent) ? (uint64_t)archive_entry_size(ent) : UINT64_MAX;
    glc_collect_entry(w->a, &e);
    glc_disk_walk_up(w, mark);
    return true;
}

void glc_disk_iso(const struct glc_disk *d, const char *name)
{
    struct glc_disk_walk w;
    struct iso *s = calloc(1, sizeof *s);
    struct archive *ar = archive_read_new();
    struct archive_entry *ent;
    int rc = ARCHIVE_FATAL;
    glc_disk_walk_init(&w, d, name);
    if (s != NULL && ar != NULL) {
        s->d = d;
        archive_read_support_format_iso9660(ar);
        archive_read_set_read_callback(ar, on_read);
        archive_read_set_skip_callback(ar, on_skip);
        archive_read_set_seek_callback(ar, on_seek);
        archive_read_set_callback_data(ar, s);
        rc = archive_read_open1(ar);
        for (uint32_t n = 0; rc == ARCHIVE_OK || rc == ARCHIVE_WARN; n++) {
            rc = n < MAX_ENTRIES ? archive_read_next_header(ar, &ent) : ARCHIVE_FATAL;
            if ((rc == ARCHIVE_OK || rc == ARCHIVE_WARN) && !entry(&w, ar, ent))
                break;
        }
    }
    w.damaged = rc != ARCHIVE_EOF && !w.limited;
    archive_read_free(ar);
    free(s);
    glc_disk_walk_done(&w, "ISO 9660");
}
