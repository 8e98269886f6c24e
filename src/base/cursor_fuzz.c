/* Drive a cursor by the input itself: each step's opcode and operand come from the bytes that it reads. */
#include "base/cursor.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(struct glc_cursor *c, unsigned depth)
{
    while (glc_cursor_ok(c) && glc_cursor_left(c) != 0) {
        uint8_t op = glc_cursor_u8(c);
        size_t before = c->off;
        struct glc_span s = glc_span(NULL, 0);
        switch (op % 9) {
        case 0:
            s = glc_cursor_span(c, glc_cursor_u64le(c));
            break;
        case 1:
            s = glc_cursor_cstr(c, op);
            break;
        case 2:
            (void)glc_cursor_uleb(c);
            break;
        case 3: {
            struct glc_cursor sub = glc_cursor_sub(c, glc_cursor_u16be(c));
            if (depth < 16)
                walk(&sub, depth + 1);
            break;
        }
        case 4:
            (void)glc_cursor_skip(c, glc_cursor_uleb(c));
            break;
        case 5:
            /* Only forward, so that the walk ends. */
            if (!glc_cursor_seek(c, before + glc_cursor_u8(c)))
                return;
            break;
        case 6:
            (void)(glc_cursor_u32be(c) + glc_cursor_u32le(c) + glc_cursor_u16le(c));
            break;
        default:
            (void)glc_cursor_u64be(c);
            break;
        }
        if (c->off > c->len)
            abort();
        volatile uint8_t sum = 0;
        for (size_t i = 0; i < s.len; i++)
            sum = (uint8_t)(sum + s.ptr[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct glc_cursor c = glc_cursor(glc_span(data, size));
    walk(&c, 0);
    return 0;
}
