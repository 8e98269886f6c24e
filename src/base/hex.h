/* Hexadecimal text. */
#ifndef GLC_BASE_HEX_H
#define GLC_BASE_HEX_H

#include "base/span.h"

/* The value of one hex digit, or -1. */
int glc_hex_digit(int c);

/* Decode exactly `text.len / 2` bytes into `out`; false (out unspecified) on an odd length or another
 * character. */
bool glc_hex_decode(struct glc_span text, uint8_t *out);

/* Encode in lower case, with a NUL: `out` holds 2 × s.len + 1 bytes. */
void glc_hex_encode(struct glc_span s, char *out);

#endif
