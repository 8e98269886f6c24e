#include "wire/memory.h"

#include "base/cursor.h"
#include "base/file.h"
#include "wire/mapping.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    STEP = 512,     /* pages looked at in one go */
    JOIN = 16,      /* absent pages that do not end a region */
    GIVE_UP = 4096, /* pages in a row that cannot be read, and the mapping is left */
    READ = 1 << 20, /* bytes read in one go */
    REGIONS = 1 << 20,
};

#define PRESENT ((uint64_t)1 << 63)
#define SWAPPED ((uint64_t)1 << 62)

struct reader {
    int mem, pagemap;
    uint64_t deadline;
    struct glc_memory *p;
    size_t regions, room; /* of p->region */
    uint64_t read;        /* bytes kept */
    uint64_t lost, lost_at;
    uint32_t bad; /* pages in a row that could not be read */
    bool gone, late, full, no_memory;
};

static bool stopped(const struct reader *r)
{
    return r->gone || r->late || r->full || r->no_memory;
}

static void lose(struct reader *r, uint64_t at, uint64_t n)
{
    if (r->lost == 0)
        r->lost_at = at;
    r->lost += n;
}

static bool add_region(struct reader *r, uint64_t address, uint8_t *bytes, uint64_t len)
{
    if (r->regions == r->room) {
        size_t room = r->room == 0 ? 64 : r->room * 2;
        struct glc_region *p = room > REGIONS ? NULL : reallocarray(r->p->region, room, sizeof *p);
        if (p == NULL) {
            r->no_memory = true;
            return false;
        }
        r->p->region = p;
        r->room = room;
    }
    r->p->region[r->regions++] = (struct glc_region){ address, glc_span(bytes, len) };
    r->p->regions = (uint32_t)r->regions;
    return true;
}

/* One stretch that can be read at a piece; gives how much of it could. */
static uint64_t fill(struct reader *r, uint64_t at, uint8_t *to, uint64_t len)
{
    uint64_t n = 0;
    while (n < len) {
        uint64_t most = len - n < READ ? len - n : READ;
        ssize_t k = pread(r->mem, to + n, most, (off_t)(at + n));
        if (k < 0 && errno == EINTR)
            continue;
        r->gone = r->gone || k == 0; /* nobody's memory any more */
        if (k <= 0)
            break;
        n += (uint64_t)k;
    }
    return n;
}

/* Pages from `at` to `end`, which are there as far as is known: one region, or several with gaps of what
 * could not be read. */
static void take(struct reader *r, uint64_t at, uint64_t end)
{
    while (at < end && !stopped(r)) {
        uint64_t len = end - at;
        if (len > GLC_MEMORY_MOST - r->read) {
            len = GLC_MEMORY_MOST - r->read;
            r->full = true;
        }
        uint8_t *bytes = len == 0 ? NULL : malloc(len);
        if (bytes == NULL) {
            r->no_memory = len != 0;
            break;
        }
        uint64_t n = fill(r, at, bytes, len);
        uint8_t *fit = n == 0 || n == len ? bytes : realloc(bytes, n);
        bytes = fit != NULL ? fit : bytes;
        if (n == 0 || !add_region(r, at, bytes, n))
            free(bytes);
        r->read += n;
        at += n;
        if (n != 0)
            r->bad = 0;
        if (n < len && !r->gone) {
            uint64_t page = PAGE - at % PAGE;
            page = page < end - at ? page : end - at;
            lose(r, at, page);
            at += page;
            if (++r->bad == GIVE_UP) {
                lose(r, at, end - at);
                return;
            }
        }
    }
    if (at < end)
        lose(r, at, end - at);
}

/* Which of these pages are there? */
static bool look(const struct reader *r, uint64_t at, uint64_t pages, uint64_t *map)
{
    ssize_t want = (ssize_t)(pages * sizeof *map);
    return pread(r->pagemap, map, (size_t)want, (off_t)(at / PAGE * sizeof *map)) == want;
}

/* An anonymous mapping: runs of pages that are there. */
static void take_present(struct reader *r, uint64_t from, uint64_t end)
{
    uint64_t map[STEP], start = from, last = from; /* the run: [start, last) */
    for (uint64_t at = from; at < end && !stopped(r);) {
        uint64_t pages = (end - at) / PAGE < STEP ? (end - at) / PAGE : STEP;
        if (!look(r, at, pages, map)) {
            take(r, start, end);
            return;
        }
        for (uint64_t i = 0; i < pages && !stopped(r); i++) {
            if ((map[i] & (PRESENT | SWAPPED)) == 0)
                continue;
            uint64_t page = at + i * PAGE;
            if (page - last > (uint64_t)JOIN * PAGE) {
                take(r, start, last);
                start = page;
            }
            if (last == from && start == from)
                start = page;
            last = page + PAGE;
        }
        at += pages * PAGE;
        r->late = r->deadline != 0 && glc_clock_ns() > r->deadline;
    }
    take(r, start, last);
}

static void take_mapping(struct reader *r, uint64_t from, uint64_t end, uint64_t flags)
{
    r->bad = 0;
    r->late = r->late || (r->deadline != 0 && glc_clock_ns() > r->deadline);
    if (stopped(r))
        lose(r, from, end - from);
    else if ((flags & GLC_MEMORY_ANONYMOUS) != 0)
        take_present(r, from, end);
    else
        take(r, from, end);
}

static enum glc_err read_table(int fd, uint8_t **out, uint64_t *size)
{
    if (!glc_file_size(fd, size) || *size % GLC_MEMORY_ENTRY != 0 ||
        *size / GLC_MEMORY_ENTRY > GLC_MEMORY_MAPPINGS)
        return GLC_CORRUPT;
    uint8_t *t = malloc(*size + 1);
    if (t == NULL)
        return GLC_NOMEM;
    if (pread(fd, t, *size, 0) != (ssize_t)*size) {
        free(t);
        return GLC_CORRUPT;
    }
    *out = t;
    return GLC_OK;
}

static void say(const struct reader *r)
{
    char *out = r->p->unread;
    size_t room = sizeof r->p->unread;
    if (r->gone)
        (void)snprintf(out, room, "the process ended while it was read");
    else if (r->late)
        (void)snprintf(out, room, "timeout");
    else if (r->full)
        (void)snprintf(out, room, "limit: more than 2 GiB of memory");
    else if (r->no_memory)
        (void)snprintf(out, room, "out of memory");
    else if (r->lost != 0)
        (void)snprintf(out, room, "unreadable: %llu bytes of memory, the first at 0x%llx",
                       (unsigned long long)r->lost, (unsigned long long)r->lost_at);
}

enum glc_err glc_memory_read(int mem, int pagemap, int table, uint64_t deadline, struct glc_memory *out)
{
    struct glc_memory p = { 0 };
    struct reader r = { .mem = mem, .pagemap = pagemap, .deadline = deadline, .p = &p };
    uint8_t *entries = NULL;
    uint64_t size = 0, before = 0;
    enum glc_err e = read_table(table, &entries, &size);
    struct glc_cursor c = glc_cursor(glc_span(entries, e == GLC_OK ? size : 0));
    while (e == GLC_OK && glc_cursor_left(&c) != 0) {
        uint64_t from = glc_cursor_u64le(&c), end = glc_cursor_u64le(&c), flags = glc_cursor_u64le(&c);
        if (from < before || end < from || from % PAGE != 0 || end % PAGE != 0 || end > INT64_MAX) {
            e = GLC_CORRUPT;
            break;
        }
        take_mapping(&r, from, end, flags);
        before = end;
    }
    free(entries);
    if (e != GLC_OK) {
        glc_memory_done(&p);
        return e;
    }
    say(&r);
    *out = p;
    return GLC_OK;
}

void glc_memory_done(struct glc_memory *p)
{
    for (uint32_t i = 0; i < p->regions; i++)
        free((void *)(uintptr_t)p->region[i].bytes.ptr);
    free(p->region);
    *p = (struct glc_memory){ 0 };
}
