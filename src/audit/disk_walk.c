#include "audit/disk_walk.h"

#include <stdlib.h>

/* What an entry costs beside its bytes: its path is held against every pattern of the register, some
 * microseconds. With less, an image of a few kilobytes could have a million of them looked at. */
enum { ENTRY_WORK = 1024 };

void glc_disk_walk_init(struct glc_disk_walk *w, const struct glc_disk *d, const char *name)
{
    *w = (struct glc_disk_walk){ .d = d, .a = d->all->a, .name = name };
}

void glc_disk_walk_done(struct glc_disk_walk *w, const char *kind)
{
    if (w->damaged)
        glc_audit_gap(w->a, w->name, "the %s file system is damaged: not everything could be read", kind);
    if (w->limited)
        glc_audit_gap(w->a, w->name, "the %s file system takes more than is given to read it", kind);
    free(w->seen);
    w->seen = NULL;
}

void glc_disk_walk_fault(struct glc_disk_walk *w, enum glc_err err)
{
    if (err == GLC_LIMIT || err == GLC_NOMEM)
        w->limited = true;
    else if (err != GLC_OK)
        w->damaged = true;
}

bool glc_disk_walk_down(struct glc_disk_walk *w, struct glc_span name, size_t *mark)
{
    if (glc_span_is(name, ".") || glc_span_is(name, ".."))
        return false;
    if (name.len == 0 || name.len > 1024 || memchr(name.ptr, '/', name.len) != NULL ||
        memchr(name.ptr, 0, name.len) != NULL) {
        w->damaged = true;
        return false;
    }
    if (name.len + 2 > sizeof w->path - w->len || !glc_disks_work(w->d->all, ENTRY_WORK)) {
        w->limited = true;
        return false;
    }
    *mark = w->len;
    w->path[w->len] = '/';
    memcpy(w->path + w->len + 1, name.ptr, name.len);
    w->len += name.len + 1;
    w->path[w->len] = '\0';
    return true;
}

void glc_disk_walk_up(struct glc_disk_walk *w, size_t mark)
{
    w->path[w->len = mark] = '\0';
}

static size_t slot_of(const uint64_t *set, size_t room, uint64_t id)
{
    size_t i = (size_t)((id * 0x9e3779b97f4a7c15u) >> 20) & (room - 1);
    while (set[i] != 0 && set[i] != id)
        i = (i + 1) & (room - 1);
    return i;
}

static bool grow(struct glc_disk_walk *w)
{
    size_t room = w->room != 0 ? w->room * 2 : 256;
    uint64_t *set = calloc(room, sizeof *set);
    if (set == NULL)
        return false;
    for (size_t i = 0; i < w->room; i++)
        if (w->seen[i] != 0)
            set[slot_of(set, room, w->seen[i])] = w->seen[i];
    free(w->seen);
    w->seen = set;
    w->room = room;
    return true;
}

bool glc_disk_walk_enter(struct glc_disk_walk *w, uint64_t id)
{
    id++; /* 0 is free */
    if (w->depth == GLC_WALK_DEPTH || (w->count * 2 >= w->room && !grow(w))) {
        w->limited = true;
        return false;
    }
    size_t i = slot_of(w->seen, w->room, id);
    if (w->seen[i] == id || id == 0) {
        w->damaged = true;
        return false;
    }
    w->seen[i] = id;
    w->count++;
    w->depth++;
    return true;
}

void glc_disk_walk_leave(struct glc_disk_walk *w)
{
    w->depth--;
}

void glc_disk_walk_entry(struct glc_disk_walk *w, enum glc_entry_type type, uint64_t size,
                         enum glc_err (*read)(const struct glc_entry *, struct glc_buf *), void *ctx)
{
    struct glc_entry e = { .path = w->path, .type = type, .size = size, .read = read, .ctx = ctx };
    glc_collect_entry(w->a, &e);
}

enum glc_entry_type glc_disk_walk_type(uint32_t mode)
{
    switch (mode & 0xf000) {
    case 0x8000:
        return GLC_ENTRY_FILE;
    case 0x4000:
        return GLC_ENTRY_DIR;
    case 0xa000:
        return GLC_ENTRY_LINK;
    default:
        return GLC_ENTRY_OTHER;
    }
}
