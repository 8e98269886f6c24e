#include "base/arena.h"

#include "base/heap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Blocks form a list, newest first. `at` is the next free byte of `data`. */
struct glc_arena_block {
    struct glc_arena_block *older;
    size_t size;
    size_t at;
    size_t warm; /* glc_heap_warm() */
    _Alignas(16) uint8_t data[];
};

enum { ALIGN = 16, FIRST_BLOCK = 16 * 1024, LARGEST_BLOCK = 4 * 1024 * 1024 };

void glc_arena_init(struct glc_arena *a, size_t cap)
{
    *a = (struct glc_arena){ .cap = cap };
}

void glc_arena_done(struct glc_arena *a)
{
    for (struct glc_arena_block *b = a->block; b != NULL;) {
        struct glc_arena_block *older = b->older;
        free(b);
        b = older;
    }
    *a = (struct glc_arena){ .cap = a->cap };
}

void glc_arena_rewind(struct glc_arena *a, struct glc_arena_mark mark)
{
    while (a->block != mark.block) {
        struct glc_arena_block *older = a->block->older;
        free(a->block);
        a->block = older;
    }
    if (a->block != NULL)
        a->block->at = mark.at;
    a->used = mark.used;
    a->failed = false;
}

struct glc_arena_mark glc_arena_mark(const struct glc_arena *a)
{
    return (struct glc_arena_mark){ a->block, a->block != NULL ? a->block->at : 0, a->used };
}

void glc_arena_reset(struct glc_arena *a)
{
    struct glc_arena_block *first = a->block;
    while (first != NULL && first->older != NULL)
        first = first->older;
    glc_arena_rewind(a, (struct glc_arena_mark){ .block = first });
}

void *glc_arena_room(struct glc_arena *a, size_t n)
{
    size_t left = a->cap - a->used;
    if (left < ALIGN || n > left - ALIGN) { /* the rounding below must fit as well */
        a->failed = true;
        return NULL;
    }
    size_t want = (n + (ALIGN - 1)) & ~(size_t)(ALIGN - 1);
    if (want == 0)
        want = ALIGN;
    struct glc_arena_block *b = a->block;
    if (b == NULL || want > b->size - b->at) {
        size_t size = b == NULL ? FIRST_BLOCK : (sizeof *b + b->size) * 2;
        if (size > LARGEST_BLOCK)
            size = LARGEST_BLOCK;
        if (size - sizeof *b < want)
            size = sizeof *b + want; /* `want` is below the cap, and no cap is near SIZE_MAX */
        struct glc_arena_block *fresh = want < SIZE_MAX / 2 ? glc_heap_block(size) : NULL;
        if (fresh == NULL) {
            a->failed = true;
            return NULL;
        }
        fresh->older = b;
        fresh->size = size - sizeof *fresh;
        fresh->at = fresh->warm = 0;
        a->block = b = fresh;
    }
    void *p = b->data + b->at;
    b->at += want;
    if (b->at > b->warm)
        glc_heap_warm(b->data, b->size, b->at, &b->warm);
    a->used += want;
    return p;
}

void *glc_arena_alloc(struct glc_arena *a, size_t n)
{
    void *p = glc_arena_room(a, n);
    if (p != NULL)
        memset(p, 0, n);
    return p;
}

void *glc_arena_array(struct glc_arena *a, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        a->failed = true;
        return NULL;
    }
    return glc_arena_alloc(a, bytes);
}

char *glc_arena_strdup(struct glc_arena *a, struct glc_span s)
{
    if (s.len == SIZE_MAX) {
        a->failed = true;
        return NULL;
    }
    char *p = glc_arena_alloc(a, s.len + 1);
    if (p != NULL && s.len != 0)
        memcpy(p, s.ptr, s.len);
    return p;
}

char *glc_arena_printf(struct glc_arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n < 0 ? NULL : glc_arena_alloc(a, (size_t)n + 1);
    if (p == NULL)
        return NULL;
    va_start(ap, fmt);
    (void)vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}

void *glc_arena_push(struct glc_arena *a, void *items, size_t *count, size_t size)
{
    uint8_t *old;
    memcpy(&old, items, sizeof old);
    size_t n = *count;
    bool full = n == 0 || (n >= 8 && (n & (n - 1)) == 0);
    if (full) {
        size_t bytes;
        if (__builtin_mul_overflow(n == 0 ? 8 : n * 2, size, &bytes)) {
            a->failed = true;
            return NULL;
        }
        uint8_t *fresh = glc_arena_room(a, bytes);
        if (fresh == NULL)
            return NULL;
        if (n != 0)
            memcpy(fresh, old, n * size);
        memcpy(items, &fresh, sizeof fresh);
        old = fresh;
    }
    *count = n + 1;
    return memset(old + n * size, 0, size);
}
