/* Text strings: escapes to bytes. The manual's list: \" \\ \t \n \r \xdd; YARA-X has \0 too. Bytes from 0x80
 * up stand for themselves. */
#include "base/hex.h"
#include "lang/yara/parser.h"

static int simple_escape(uint8_t c)
{
    switch (c) {
    case '"':
    case '\\':
        return c;
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    default:
        return -1;
    }
}

struct glc_span glc_yara_text(struct glc_yara_parser *p, const struct glc_yara_tok *tok)
{
    struct glc_span s = tok->text;
    uint8_t *out = glc_arena_alloc(p->a, s.len + 1);
    size_t n = 0;
    if (out == NULL) {
        glc_yara_nomem(p);
        return glc_span(NULL, 0);
    }
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != '\\') {
            out[n++] = s.ptr[i];
            continue;
        }
        /* The lexer saw to it that something follows a backslash. */
        const uint8_t *from = s.ptr + i++;
        int c = s.ptr[i] == '0' && glc_yara_is_x(p) ? 0 : simple_escape(s.ptr[i]);
        if (s.ptr[i] == 'x' && s.len - i > 2 && glc_hex_digit(s.ptr[i + 1]) >= 0 &&
            glc_hex_digit(s.ptr[i + 2]) >= 0) {
            c = glc_hex_digit(s.ptr[i + 1]) << 4 | glc_hex_digit(s.ptr[i + 2]);
            i += 2;
        }
        if (c < 0) {
            glc_yara_say_inside(p, tok, from, 2, "the escapes are \\\" \\\\ \\t \\n \\r \\xdd",
                                "unknown escape in a string");
            return glc_span(NULL, 0);
        }
        out[n++] = (uint8_t)c;
    }
    return glc_span(out, n);
}
