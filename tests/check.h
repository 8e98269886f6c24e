/* What every unit test includes: cmocka with its prerequisites, and bytes from hex. */
#ifndef GLC_TESTS_CHECK_H
#define GLC_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hex.h"

/* The bytes of a hex literal. They live until the program ends, in a pool that is large enough for a test
 * program. */
static inline struct glc_span test_hex(const char *hex)
{
    static uint8_t pool[1 << 20];
    static size_t used;
    size_t n = strlen(hex) / 2;
    assert_true(n <= sizeof pool - used);
    uint8_t *p = pool + used;
    used += n;
    if (!glc_hex_decode(glc_span_str(hex), p))
        fail_msg("bad hex in a test: %s", hex);
    return glc_span(p, n);
}

#endif
