#include "format/mail/mail_decode.h"

#include "base/hex.h"

enum { PIECE = 64 * 1024, LEAST_GUESS = 64 };

/* Values of base64 plus one; 0: not in the alphabet. The URL alphabet's two count as well. */
static uint8_t value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint8_t)(c - 'A' + 1);
    if (c >= 'a' && c <= 'z')
        return (uint8_t)(c - 'a' + 27);
    if (c >= '0' && c <= '9')
        return (uint8_t)(c - '0' + 53);
    return c == '+' || c == '-' ? 63 : c == '/' || c == '_' ? 64 : 0;
}

bool glc_mail_base64(struct glc_span text, struct glc_output *out)
{
    uint8_t table[256];
    for (unsigned c = 0; c < 256; c++)
        table[c] = value((uint8_t)c);
    uint8_t *to = glc_output_room(out, text.len / 4 * 3 + 3);
    if (to == NULL)
        return false;
    size_t n = 0;
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t v = table[text.ptr[i]];
        if (v == 0) {
            if (text.ptr[i] == '=')
                bits = have = 0; /* what follows starts afresh */
            continue;
        }
        bits = bits << 6 | (v - 1u);
        have += 6;
        if (have >= 8) {
            have -= 8;
            to[n++] = (uint8_t)(bits >> have);
        }
    }
    return glc_output_took(out, n);
}

bool glc_mail_quoted(struct glc_span text, struct glc_output *out)
{
    uint8_t *to = glc_output_room(out, text.len + 1);
    if (to == NULL)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        size_t left = text.len - i;
        if (c == '=' && left > 2 && glc_hex_digit(text.ptr[i + 1]) >= 0 &&
            glc_hex_digit(text.ptr[i + 2]) >= 0) {
            c = (uint8_t)(glc_hex_digit(text.ptr[i + 1]) << 4 | glc_hex_digit(text.ptr[i + 2]));
            i += 2;
        } else if (c == '=') {
            size_t end = i + 1;
            while (end < text.len && (text.ptr[end] == ' ' || text.ptr[end] == '\t' || text.ptr[end] == '\r'))
                end++;
            if (end == text.len || text.ptr[end] == '\n') { /* a soft line break */
                i = end;
                continue;
            }
        }
        to[n++] = c;
    }
    return glc_output_took(out, n);
}

/* One line's length and four characters for each three bytes. False: not such a line, or a limit. */
static bool uu_line(struct glc_span line, struct glc_output *out)
{
    size_t want = line.len != 0 ? (line.ptr[0] - 32u) & 63 : 0;
    uint8_t bytes[64 + 3];
    size_t n = 0;
    for (size_t i = 1; n < want; i += 4) {
        uint32_t v = 0;
        for (size_t k = 0; k < 4; k++)
            v = v << 6 | ((i + k < line.len ? line.ptr[i + k] - 32u : 0) & 63);
        bytes[n++] = (uint8_t)(v >> 16);
        bytes[n++] = (uint8_t)(v >> 8);
        bytes[n++] = (uint8_t)v;
    }
    return want != 0 && glc_output_put(out, glc_span(bytes, want));
}

bool glc_mail_uu(struct glc_span text, struct glc_output *out)
{
    while (text.len != 0) {
        const uint8_t *nl = memchr(text.ptr, '\n', text.len);
        size_t len = nl != NULL ? (size_t)(nl - text.ptr) : text.len;
        struct glc_span line = glc_span(text.ptr, len);
        if (glc_span_starts(line, glc_span_str("end")) || glc_span_starts(line, glc_span_str("begin ")) ||
            !uu_line(line, out))
            break;
        text = glc_span_sub(text, len + 1, UINT64_MAX);
    }
    return out->why == NULL;
}

bool glc_mail_looks_base64(struct glc_span text)
{
    size_t good = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (value(c) != 0)
            good++;
        else if (c != '=' && c != '\r' && c != '\n' && c != ' ' && c != '\t')
            return false;
    }
    return good >= LEAST_GUESS;
}
