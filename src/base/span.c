#define _GNU_SOURCE
#include "base/span.h"

bool glc_span_ieq(struct glc_span a, struct glc_span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (glc_ascii_lower(a.ptr[i]) != glc_ascii_lower(b.ptr[i]))
            return false;
    return true;
}

size_t glc_span_find(struct glc_span s, struct glc_span needle)
{
    if (needle.len == 0)
        return 0;
    if (s.len < needle.len)
        return SIZE_MAX;
    const uint8_t *hit = memmem(s.ptr, s.len, needle.ptr, needle.len);
    return hit != NULL ? (size_t)(hit - s.ptr) : SIZE_MAX;
}
