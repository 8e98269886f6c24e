/* The only way hostile bytes are read.
 *
 * A cursor walks a span. A read past its end gives 0 (or an empty span), sets the sticky error and leaves
 * `off` where it was; every later read fails too. Look at glc_cursor_ok() before a value becomes a length, a
 * bound or an allocation. All checks subtract (n > len - off), so that no sum of hostile values can wrap. */
#ifndef GLC_BASE_CURSOR_H
#define GLC_BASE_CURSOR_H

#include "base/err.h"
#include "base/span.h"

struct glc_cursor {
    const uint8_t *base;
    size_t len;
    size_t off;
    struct glc_error err; /* sticky: the first failure */
};

static inline struct glc_cursor glc_cursor(struct glc_span s)
{
    return (struct glc_cursor){ .base = s.ptr, .len = s.len };
}

static inline bool glc_cursor_ok(const struct glc_cursor *c)
{
    return c->err.code == GLC_OK;
}

/* Bytes that may still be read; 0 once the cursor has failed, so that `while (glc_cursor_left(&c) >= n)`
 * ends. */
static inline size_t glc_cursor_left(const struct glc_cursor *c)
{
    return c->err.code == GLC_OK ? c->len - c->off : 0;
}

/* Mark the cursor as failed at its current offset, unless it already is. */
void glc_cursor_fail(struct glc_cursor *c, enum glc_err code, const char *msg);

/* Take n bytes; NULL (and the sticky error) when they are not there. */
static inline const uint8_t *glc_cursor_take(struct glc_cursor *c, size_t n)
{
    if (c->err.code != GLC_OK || n > c->len - c->off) {
        glc_cursor_fail(c, GLC_CORRUPT, "data ends too early");
        return NULL;
    }
    const uint8_t *p = c->base + c->off;
    c->off += n;
    return p;
}

/* Go to an absolute offset (the end itself is allowed), or forward by n. */
bool glc_cursor_seek(struct glc_cursor *c, uint64_t off);
bool glc_cursor_skip(struct glc_cursor *c, uint64_t n);

/* The next n bytes as a span; empty on failure. */
struct glc_span glc_cursor_span(struct glc_cursor *c, uint64_t n);

/* A cursor of its own over the next n bytes, which this one steps over. On failure the child is failed as
 * well. */
struct glc_cursor glc_cursor_sub(struct glc_cursor *c, uint64_t n);

/* A NUL-terminated string of at most `max` bytes before its NUL, without the NUL. */
struct glc_span glc_cursor_cstr(struct glc_cursor *c, size_t max);

/* Loads from memory that was already bounds-checked. */
static inline uint16_t glc_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t glc_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t glc_le64(const uint8_t *p)
{
    return (uint64_t)glc_le32(p) | (uint64_t)glc_le32(p + 4) << 32;
}

/* Numbers; 0 and the sticky error where they are not there. */
static inline uint8_t glc_cursor_u8(struct glc_cursor *c)
{
    const uint8_t *p = glc_cursor_take(c, 1);
    return p != NULL ? *p : 0;
}

static inline uint16_t glc_cursor_u16le(struct glc_cursor *c)
{
    const uint8_t *p = glc_cursor_take(c, 2);
    return p != NULL ? glc_le16(p) : 0;
}

static inline uint32_t glc_cursor_u32le(struct glc_cursor *c)
{
    const uint8_t *p = glc_cursor_take(c, 4);
    return p != NULL ? glc_le32(p) : 0;
}

static inline uint64_t glc_cursor_u64le(struct glc_cursor *c)
{
    const uint8_t *p = glc_cursor_take(c, 8);
    return p != NULL ? glc_le64(p) : 0;
}

uint16_t glc_cursor_u16be(struct glc_cursor *c);
uint32_t glc_cursor_u32be(struct glc_cursor *c);
uint64_t glc_cursor_u64be(struct glc_cursor *c);

/* LEB128, at most ten bytes; more is CORRUPT. */
uint64_t glc_cursor_uleb(struct glc_cursor *c);

static inline uint16_t glc_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t glc_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static inline uint64_t glc_be64(const uint8_t *p)
{
    return (uint64_t)glc_be32(p) << 32 | (uint64_t)glc_be32(p + 4);
}

#endif
