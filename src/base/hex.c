#include "base/hex.h"

int glc_hex_digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool glc_hex_decode(struct glc_span text, uint8_t *out)
{
    if (text.len % 2 != 0)
        return false;
    for (size_t i = 0; i < text.len; i += 2) {
        int hi = glc_hex_digit(text.ptr[i]), lo = glc_hex_digit(text.ptr[i + 1]);
        if (hi < 0 || lo < 0)
            return false;
        out[i / 2] = (uint8_t)(hi << 4 | lo);
    }
    return true;
}

void glc_hex_encode(struct glc_span s, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < s.len; i++) {
        out[2 * i] = digits[s.ptr[i] >> 4];
        out[2 * i + 1] = digits[s.ptr[i] & 15];
    }
    out[2 * s.len] = '\0';
}
