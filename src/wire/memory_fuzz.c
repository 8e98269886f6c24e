/* The table of a process's mappings, which the worker takes from its parent: whatever it says, regions come
 * in order, do not overlap and lie in what it names.
 *
 * The first byte chooses: even, the rest is the table as it stands; odd, a count and as many small entries
 * (first page: two bytes, pages, flags), from which a table is made, and behind them the pagemap. */
#define _GNU_SOURCE
#include "wire/memory.h"

#include "base/buf.h"
#include "base/cursor.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAGE = 4096, PAGES = 24, LARGEST = 32 << 20 };

static int file_of(struct glc_span s)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, s.ptr, s.len) != (ssize_t)s.len)
        abort();
    return fd;
}

/* The process: PAGES pages, from address 0. */
static int memory(void)
{
    static int fd = -1;
    static uint8_t page[PAGES * PAGE];
    if (fd < 0)
        fd = file_of(glc_span(page, sizeof page));
    return fd;
}

static struct glc_span small_table(struct glc_cursor *c, struct glc_buf *table)
{
    for (uint32_t n = glc_cursor_u8(c); n != 0 && glc_cursor_left(c) >= 4; n--) {
        uint64_t from = (uint64_t)glc_cursor_u16le(c) * PAGE;
        glc_buf_u64le(table, from);
        glc_buf_u64le(table, from + (uint64_t)glc_cursor_u8(c) * PAGE);
        glc_buf_u64le(table, glc_cursor_u8(c));
    }
    return glc_buf_span(table);
}

/* A table that names more than the worker may take costs time and finds nothing. */
static bool is_large(struct glc_span table)
{
    struct glc_cursor c = glc_cursor(table);
    uint64_t all = 0;
    while (glc_cursor_left(&c) >= GLC_MEMORY_ENTRY) {
        uint64_t from = glc_cursor_u64le(&c), end = glc_cursor_u64le(&c);
        (void)glc_cursor_u64le(&c);
        if (end > from && (end - from > LARGEST || (all += end - from) > LARGEST))
            return true;
    }
    return false;
}

static bool is_named(struct glc_span table, const struct glc_region *r)
{
    struct glc_cursor c = glc_cursor(table);
    while (glc_cursor_left(&c) >= GLC_MEMORY_ENTRY) {
        uint64_t from = glc_cursor_u64le(&c), end = glc_cursor_u64le(&c);
        (void)glc_cursor_u64le(&c);
        if (r->address >= from && r->address < end && r->bytes.len <= end - r->address)
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct glc_cursor c = glc_cursor(glc_span(data, size));
    struct glc_buf made;
    struct glc_memory m;
    glc_buf_init(&made, 1 << 20);
    bool whole = (glc_cursor_u8(&c) & 1) == 0;
    struct glc_span table = whole ? glc_cursor_span(&c, glc_cursor_left(&c)) : small_table(&c, &made);
    if (!is_large(table)) {
        int table_fd = file_of(table), map = file_of(glc_cursor_span(&c, glc_cursor_left(&c)));
        if (glc_memory_read(memory(), map, table_fd, 0, &m) == GLC_OK) {
            for (uint32_t i = 0; i < m.regions; i++) {
                const struct glc_region *r = &m.region[i];
                if (r->bytes.len == 0 || !is_named(table, r) ||
                    (i != 0 && r->address < r[-1].address + r[-1].bytes.len))
                    abort();
            }
            glc_memory_done(&m);
        }
        close(table_fd);
        close(map);
    }
    glc_buf_done(&made);
    return 0;
}
