#include "base/buf.h"

#include "base/heap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void glc_buf_init(struct glc_buf *b, size_t cap)
{
    *b = (struct glc_buf){ .cap = cap };
}

void glc_buf_done(struct glc_buf *b)
{
    free(b->ptr);
    *b = (struct glc_buf){ .cap = b->cap };
}

uint8_t *glc_buf_reserve(struct glc_buf *b, size_t n)
{
    if (b->failed || n > b->cap - b->len) {
        b->failed = true;
        return NULL;
    }
    if (n > b->room - b->len || b->ptr == NULL) {
        size_t room = b->room < 256 ? 256 : b->room;
        while (n > room - b->len)
            room = room > b->cap / 2 ? b->cap
                                     : room * 2; /* never by a put's few bytes: each growth copies all */
        uint8_t *p = glc_heap_grow(b->ptr, b->len, room, &b->warm);
        if (p == NULL) {
            b->failed = true;
            return NULL;
        }
        b->ptr = p;
        b->room = room;
    }
    if (n > b->warm - b->len)
        glc_heap_warm(b->ptr, b->room, b->len + n, &b->warm);
    return b->ptr + b->len;
}

bool glc_buf_put(struct glc_buf *b, const void *p, size_t n)
{
    /* Most puts are of a few bytes into room that is there. */
    bool there =
        !b->failed && b->warm <= b->room && b->warm > b->len && n <= b->warm - b->len && b->warm <= b->cap;
    uint8_t *at = there ? b->ptr + b->len : glc_buf_reserve(b, n);
    if (at == NULL)
        return false;
    if (n != 0)
        memcpy(at, p, n);
    b->len += n;
    return true;
}

bool glc_buf_puts(struct glc_buf *b, const char *s)
{
    return glc_buf_put(b, s, strlen(s));
}

bool glc_buf_u8(struct glc_buf *b, uint8_t v)
{
    return glc_buf_put(b, &v, 1);
}

bool glc_buf_u16le(struct glc_buf *b, uint16_t v)
{
    return glc_buf_put(b, (uint8_t[]){ (uint8_t)v, (uint8_t)(v >> 8) }, 2);
}

bool glc_buf_u32le(struct glc_buf *b, uint32_t v)
{
    return glc_buf_put(
        b, (uint8_t[]){ (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) }, 4);
}

bool glc_buf_u64le(struct glc_buf *b, uint64_t v)
{
    return glc_buf_u32le(b, (uint32_t)v) && glc_buf_u32le(b, (uint32_t)(v >> 32));
}

bool glc_buf_printf(struct glc_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) {
        b->failed = true;
        return false;
    }
    uint8_t *at = glc_buf_reserve(b, (size_t)n + 1);
    if (at == NULL)
        return false;
    va_start(ap, fmt);
    (void)vsnprintf((char *)at, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
    return true;
}
