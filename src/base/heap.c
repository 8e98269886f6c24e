#define _GNU_SOURCE
#include "base/heap.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

enum {
    PAGE = 4096,
    BY_MMAP = 4 << 20, /* larger blocks are mapped, and go back when they are freed */
    LEAST_PUSHED = 64,
    KEPT = 16 << 20, /* free bytes at the heap's end that are kept */
};

void glc_heap_prepare(size_t bytes)
{
#ifdef M_TOP_PAD
    if (mallopt(M_MMAP_THRESHOLD, BY_MMAP) != 1 || mallopt(M_TRIM_THRESHOLD, KEPT) != 1 ||
        mallopt(M_TOP_PAD, (int)bytes) != 1)
        return;
    uint8_t *old = sbrk(0);
    void *volatile first = malloc(BY_MMAP / 8); /* more than the heap has: it grows by this and the pad */
    /* What is handed out next lies from here on: the heap's own end comes much later. */
    uintptr_t from = (uintptr_t)first & ~(uintptr_t)(PAGE - 1);
    bool grown = (uint8_t *)sbrk(0) > old;
    (void)mallopt(M_TOP_PAD, BY_MMAP / 16);
    free(first);
    if (grown)
        (void)madvise((void *)from, bytes, MADV_POPULATE_WRITE);
#else
    (void)bytes;
#endif
}

void *glc_heap_block(size_t bytes)
{
    if (bytes < GLC_HEAP_HUGE)
        return malloc(bytes);
    void *p = NULL;
    if (posix_memalign(&p, GLC_HEAP_HUGE, bytes) != 0)
        return NULL;
    (void)madvise(p, bytes & ~(size_t)(PAGE - 1), MADV_HUGEPAGE);
    return p;
}

void glc_heap_warm(void *p, size_t room, size_t used, size_t *warm)
{
    size_t from = *warm;
    if (room < GLC_HEAP_PIECE) {
        *warm = room;
        return;
    }
    if (used <= from)
        return;
    size_t to = room - used < GLC_HEAP_PIECE ? room : used + GLC_HEAP_PIECE;
    uintptr_t begin = ((uintptr_t)p + from + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    uintptr_t end = ((uintptr_t)p + to) & ~(uintptr_t)(PAGE - 1);
    if (begin < end)
        (void)madvise((void *)begin, end - begin, MADV_POPULATE_WRITE);
    *warm = to;
}

void *glc_heap_grow(void *p, size_t used, size_t to, size_t *warm)
{
    /* Small blocks are grown where they stand. For larger ones realloc() would copy into pages that nobody
     * brought in, or move huge pages to where they fall apart. */
    if (to < GLC_HEAP_PIECE)
        return realloc(p, to);
    uint8_t *fresh = glc_heap_block(to);
    if (fresh == NULL)
        return NULL;
    *warm = 0;
    glc_heap_warm(fresh, to, used, warm);
    if (used != 0)
        memcpy(fresh, p, used);
    free(p);
    return fresh;
}

void *glc_heap_room(size_t bytes)
{
    size_t warm = 0;
    void *p = glc_heap_block(bytes != 0 ? bytes : 1);
    if (p != NULL)
        glc_heap_warm(p, bytes, bytes, &warm);
    return p;
}

void *glc_heap_push(void *items, size_t *count, size_t *room, size_t size)
{
    uint8_t *p;
    size_t n = *count, bytes;
    bool full = n == *room;
    memcpy(&p, items, sizeof p);
    if (full) {
        /* What is large grows fast, so that it is seldom moved: room that is not used is no memory. */
        size_t more = n == 0 ? LEAST_PUSHED : n < BY_MMAP / size ? n : 3 * n;
        if (__builtin_add_overflow(n, more, &more) || __builtin_mul_overflow(more, size, &bytes))
            return NULL;
        size_t warm = 0;
        uint8_t *fresh = glc_heap_grow(p, n * size, bytes, &warm);
        if (fresh == NULL)
            return NULL;
        memcpy(items, &fresh, sizeof fresh);
        *room = more;
        p = fresh;
    }
    size_t at = n * size, warm = at;
    if (full || at / GLC_HEAP_PIECE != (at + size) / GLC_HEAP_PIECE)
        glc_heap_warm(p, *room * size, at + size, &warm);
    *count = n + 1;
    return p + at;
}

void *glc_heap_sparse(size_t bytes)
{
    if (bytes == 0)
        return NULL;
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void glc_heap_sparse_free(void *p, size_t bytes)
{
    if (p == NULL)
        return;
#ifdef GLC_HEAP_WATCHED
    GLC_HEAP_OPEN(p, bytes);
#endif
    munmap(p, bytes);
}
