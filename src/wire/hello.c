#include "wire/hello.h"

#include "base/cursor.h"
#include "wire/msg.h"

enum { ALL = 1, STRINGS = 2, BYTES = 4, TOP_ONLY = 8, CONSOLE = 16, COSTS = 32 };

static void put(uint8_t **at, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        *(*at)++ = (uint8_t)(v >> 8 * i);
}

void glc_hello_encode(const struct glc_scan_options *opt, uint8_t out[GLC_HELLO_BYTES])
{
    uint32_t flags = (opt->all ? ALL : 0) | (opt->strings ? STRINGS : 0) | (opt->bytes ? BYTES : 0) |
                     (opt->top_only ? TOP_ONLY : 0) | (opt->console != NULL ? CONSOLE : 0) |
                     (opt->costs ? COSTS : 0);
    memset(out, 0, GLC_HELLO_BYTES);
    put(&out, GLC_WIRE_VERSION, 4);
    put(&out, flags, 4);
    put(&out, opt->most, 4);
    put(&out, opt->budget.depth, 4);
    put(&out, opt->budget.bytes, 8);
    put(&out, opt->budget.entries, 8);
    put(&out, opt->budget.ratio, 8);
    put(&out, opt->budget.ratio_free, 8);
}

static void ignore_line(void *to, const char *line)
{
    (void)to;
    (void)line;
}

bool glc_hello_decode(struct glc_span body, struct glc_scan_options *out)
{
    struct glc_cursor c = glc_cursor(body);
    if (glc_cursor_u32le(&c) != GLC_WIRE_VERSION)
        return false;
    uint32_t flags = glc_cursor_u32le(&c);
    struct glc_scan_options o = { .all = (flags & ALL) != 0,
                                  .strings = (flags & STRINGS) != 0,
                                  .bytes = (flags & BYTES) != 0,
                                  .top_only = (flags & TOP_ONLY) != 0,
                                  .costs = (flags & COSTS) != 0,
                                  .console = (flags & CONSOLE) != 0 ? ignore_line : NULL };
    o.most = glc_cursor_u32le(&c);
    o.budget.depth = glc_cursor_u32le(&c);
    o.budget.bytes = glc_cursor_u64le(&c);
    o.budget.entries = glc_cursor_u64le(&c);
    o.budget.ratio = glc_cursor_u64le(&c);
    o.budget.ratio_free = glc_cursor_u64le(&c);
    if (!glc_cursor_ok(&c))
        return false;
    *out = o;
    return true;
}
