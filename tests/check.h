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

/* The bytes of a hex literal; a static buffer per use is enough for table rows. Lives until the program ends.
 */
static inline struct glc_span test_hex(const char *hex)
{
    size_t n = strlen(hex) / 2;
    uint8_t *p = malloc(n + 1);
    if (!glc_hex_decode(glc_span_str(hex), p))
        fail_msg("bad hex in a test: %s", hex);
    return glc_span(p, n);
}

#endif
