/* A run of bytes that somebody else owns. The empty span may have a NULL pointer. */
#ifndef GLC_BASE_SPAN_H
#define GLC_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct glc_span {
    const uint8_t *ptr;
    size_t len;
};

static inline struct glc_span glc_span(const void *ptr, size_t len)
{
    return (struct glc_span){ .ptr = ptr, .len = len };
}

static inline struct glc_span glc_span_str(const char *s)
{
    return glc_span(s, strlen(s));
}

/* Bytes [off, off+len) of `s`, cut where `s` ends; empty where `off` is past its end. */
static inline struct glc_span glc_span_sub(struct glc_span s, uint64_t off, uint64_t len)
{
    if (off >= s.len)
        return glc_span(NULL, 0);
    uint64_t rest = s.len - off;
    return glc_span(s.ptr + off, (size_t)(len < rest ? len : rest));
}

static inline bool glc_span_eq(struct glc_span a, struct glc_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool glc_span_is(struct glc_span a, const char *s)
{
    return glc_span_eq(a, glc_span_str(s));
}

static inline bool glc_span_starts(struct glc_span a, struct glc_span prefix)
{
    return a.len >= prefix.len && (prefix.len == 0 || memcmp(a.ptr, prefix.ptr, prefix.len) == 0);
}

/* Equal but for the case of ASCII letters. */
bool glc_span_ieq(struct glc_span a, struct glc_span b);

/* Offset of the first `needle` in `s`, or SIZE_MAX. */
size_t glc_span_find(struct glc_span s, struct glc_span needle);

static inline uint8_t glc_ascii_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static inline bool glc_ascii_isalnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

#endif
