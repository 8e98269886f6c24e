/* A growing run of bytes on the heap with a cap. Appending past the cap or out of memory sets `failed` and
 * keeps what is there, so that a builder may check once at its end. */
#ifndef GLC_BASE_BUF_H
#define GLC_BASE_BUF_H

#include "base/err.h"
#include "base/span.h"

struct glc_buf {
    uint8_t *ptr;
    size_t len;
    size_t room; /* allocated */
    size_t warm; /* glc_heap_warm() */
    size_t cap;  /* most that `len` may reach */
    bool failed;
};

void glc_buf_init(struct glc_buf *b, size_t cap);
void glc_buf_done(struct glc_buf *b);

/* Room for n more bytes at ptr + len, not yet counted in len; NULL on failure. */
uint8_t *glc_buf_reserve(struct glc_buf *b, size_t n) GLC_CHECK;

bool glc_buf_put(struct glc_buf *b, const void *p, size_t n);
bool glc_buf_puts(struct glc_buf *b, const char *s);
bool glc_buf_u8(struct glc_buf *b, uint8_t v);
bool glc_buf_u16le(struct glc_buf *b, uint16_t v);
bool glc_buf_u32le(struct glc_buf *b, uint32_t v);
bool glc_buf_u64le(struct glc_buf *b, uint64_t v);
bool glc_buf_printf(struct glc_buf *b, const char *fmt, ...) GLC_PRINTF(2, 3);

static inline struct glc_span glc_buf_span(const struct glc_buf *b)
{
    return glc_span(b->ptr, b->len);
}

#endif
