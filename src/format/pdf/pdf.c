#include "format/pdf/pdf.h"

#include "base/hex.h"
#include "format/unpack/unpack.h"

enum { MAX_FILTERS = 8, LONGEST_DICTIONARY = 64 * 1024, LONGEST_NAME = 32, LOOK_AT = 1024 };

enum filter { FLATE, ASCII85, ASCII_HEX, LZW, RUN_LENGTH, CRYPT, PICTURE, FILTERS };

struct stream {
    struct glc_span dictionary, data;
    struct glc_span rest; /* from the data to the end of the file: deflate knows its own end */
    enum filter filter[MAX_FILTERS];
    size_t filters;
};

static bool is_blank(uint8_t c)
{
    return c == 0 || c == 9 || c == 10 || c == 12 || c == 13 || c == 32;
}

static bool ends_name(uint8_t c)
{
    return is_blank(c) || memchr("()<>[]{}/%", c, 10) != NULL;
}

/* The name behind the slash at `at`, its #xx spelled out, into `out`; the offset behind it. */
static size_t read_name(struct glc_span s, size_t at, char out[LONGEST_NAME + 1])
{
    size_t n = 0;
    for (at++; at < s.len && !ends_name(s.ptr[at]); at++) {
        uint8_t c = s.ptr[at];
        if (c == '#' && s.len - at > 2 && glc_hex_digit(s.ptr[at + 1]) >= 0 &&
            glc_hex_digit(s.ptr[at + 2]) >= 0) {
            c = (uint8_t)(glc_hex_digit(s.ptr[at + 1]) << 4 | glc_hex_digit(s.ptr[at + 2]));
            at += 2;
        }
        if (n < LONGEST_NAME)
            out[n++] = (char)c;
    }
    out[n] = 0;
    return at;
}

static enum filter filter_of(const char *name)
{
    static const struct {
        const char *name;
        enum filter filter;
    } known[] = {
        { "FlateDecode", FLATE },
        { "Fl", FLATE },
        { "ASCII85Decode", ASCII85 },
        { "A85", ASCII85 },
        { "ASCIIHexDecode", ASCII_HEX },
        { "AHx", ASCII_HEX },
        { "LZWDecode", LZW },
        { "LZW", LZW },
        { "RunLengthDecode", RUN_LENGTH },
        { "RL", RUN_LENGTH },
        { "Crypt", CRYPT },
        { "DCTDecode", PICTURE },
        { "DCT", PICTURE },
        { "CCITTFaxDecode", PICTURE },
        { "CCF", PICTURE },
        { "JPXDecode", PICTURE },
        { "JBIG2Decode", PICTURE },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].filter;
    return FILTERS;
}

/* Every filter that the dictionary names, in order, whether or not behind /Filter: lies about the key hide
 * nothing. */
static void read_filters(struct stream *s)
{
    char name[LONGEST_NAME + 1];
    for (size_t at = 0; at < s->dictionary.len && s->filters < MAX_FILTERS;) {
        if (s->dictionary.ptr[at] != '/') {
            at++;
            continue;
        }
        at = read_name(s->dictionary, at, name);
        enum filter f = filter_of(name);
        if (f != FILTERS)
            s->filter[s->filters++] = f;
    }
}

/* Five characters for four bytes, 'z' for four zeros, up to "~>". */
static bool ascii85(struct glc_span in, struct glc_output *out)
{
    uint8_t *to = glc_output_room(out, in.len > SIZE_MAX / 8 ? SIZE_MAX / 2 : in.len * 4 + 8);
    size_t n = 0, have = 0;
    uint32_t v = 0;
    if (to == NULL)
        return false;
    for (size_t i = 0; i < in.len && in.ptr[i] != '~'; i++) {
        uint8_t c = in.ptr[i];
        if (c == 'z' && have == 0) {
            memset(to + n, 0, 4);
            n += 4;
        } else if (c >= '!' && c <= 'u') {
            v = v * 85 + (uint32_t)(c - '!');
            if (++have == 5) {
                for (int k = 3; k >= 0; k--)
                    to[n++] = (uint8_t)(v >> (8 * k));
                v = 0;
                have = 0;
            }
        }
    }
    if (have > 1) {
        for (size_t k = have; k < 5; k++)
            v = v * 85 + 84;
        for (size_t k = 0; k + 1 < have; k++)
            to[n++] = (uint8_t)(v >> (24 - 8 * k));
    }
    return glc_output_took(out, n);
}

static bool ascii_hex(struct glc_span in, struct glc_output *out)
{
    uint8_t *to = glc_output_room(out, in.len / 2 + 1);
    size_t n = 0;
    int high = -1;
    if (to == NULL)
        return false;
    for (size_t i = 0; i < in.len && in.ptr[i] != '>'; i++) {
        int d = glc_hex_digit(in.ptr[i]);
        if (d < 0)
            continue;
        if (high >= 0)
            to[n++] = (uint8_t)(high << 4 | d);
        high = high >= 0 ? -1 : d;
    }
    if (high >= 0)
        to[n++] = (uint8_t)(high << 4);
    return glc_output_took(out, n);
}

static bool run_length(struct glc_span in, struct glc_output *out)
{
    for (size_t i = 0; i < in.len && in.ptr[i] != 128;) {
        uint8_t c = in.ptr[i++];
        if (c < 128) {
            struct glc_span run = glc_span_sub(in, i, (uint64_t)c + 1);
            i += run.len;
            if (!glc_output_put(out, run))
                return false;
        } else if (i < in.len) {
            uint8_t run[128];
            memset(run, in.ptr[i++], sizeof run);
            if (!glc_output_put(out, glc_span(run, 257u - c)))
                return false;
        }
    }
    return true;
}

/* Codes of 9 to 12 bits, most significant first; 256 clears, 257 ends (ISO 32000-1 7.4.4). A string is its
 * last byte behind the string of another code. */
static bool lzw(struct glc_span in, struct glc_output *out)
{
    enum { CLEAR = 256, END = 257, CODES = 4096 };
    uint16_t before[CODES];
    uint8_t last[CODES], text[CODES];
    uint32_t bits = 0;
    unsigned have = 0, width = 9, next = 258, previous = CODES;
    for (size_t i = 0; i < in.len;) {
        while (have < width && i < in.len) {
            bits = bits << 8 | in.ptr[i++];
            have += 8;
        }
        if (have < width)
            break;
        unsigned code = bits >> (have - width) & ((1u << width) - 1);
        have -= width;
        if (code == END)
            break;
        if (code == CLEAR) {
            width = 9;
            next = 258;
            previous = CODES;
            continue;
        }
        if (code > next || (code == next && previous == CODES))
            return true; /* damaged: what came out is kept */
        size_t n = CODES;
        unsigned c = code == next ? previous : code;
        if (code == next)
            n--; /* its own first byte again, filled in below */
        while (c >= 258 && n > 1) {
            text[--n] = last[c];
            c = before[c];
        }
        uint8_t first = (uint8_t)c;
        text[--n] = first;
        if (code == next)
            text[CODES - 1] = first;
        if (!glc_output_put(out, glc_span(text + n, CODES - n)))
            return false;
        if (previous != CODES && next < CODES) {
            before[next] = (uint16_t)previous;
            last[next] = first;
            next++;
        }
        width = next >= 2047   ? 12
                : next >= 1023 ? 11
                : next >= 511  ? 10
                               : 9; /* one early, as is the default */
        previous = code;
    }
    return true;
}

/* zlib's form; where its header lies, the bare stream behind it. */
static const char *flate(struct glc_span in, struct glc_output *out)
{
    struct glc_unpacked u = glc_unpack(out, GLC_CODEC_ZLIB, in, 0);
    if (u.end == GLC_UNPACK_DAMAGED && out->len == 0)
        u = glc_unpack(out, GLC_CODEC_DEFLATE, glc_span_sub(in, 2, UINT64_MAX), 0);
    if (u.end == GLC_UNPACK_DAMAGED && out->len == 0)
        u = glc_unpack(out, GLC_CODEC_DEFLATE, in, 0);
    return glc_unpack_reason(out, u.end);
}

static const char *apply(enum filter f, struct glc_span in, struct glc_output *out)
{
    bool whole = true;
    switch (f) {
    case FLATE:
        return flate(in, out);
    case ASCII85:
        whole = ascii85(in, out);
        break;
    case ASCII_HEX:
        whole = ascii_hex(in, out);
        break;
    case LZW:
        whole = lzw(in, out);
        break;
    case RUN_LENGTH:
        whole = run_length(in, out);
        break;
    case CRYPT:
    case PICTURE:
    case FILTERS:
    default:
        whole = glc_output_put(out, in);
        break;
    }
    return whole ? NULL : out->why;
}

static bool looks_zlib(struct glc_span s)
{
    return s.len > 2 && (s.ptr[0] & 0x0f) == 8 && (s.ptr[0] << 8 | s.ptr[1]) % 31 == 0;
}

/* What lies in front of "endstream" ends with an end of line that is not data (ISO 32000-1, 7.3.8): where
 * /Length is a number that leaves no more than that, it says which. A decoder does not mind; a hash of plain
 * data does. */
static struct glc_span without_line_end(const struct stream *s)
{
    struct glc_span d = s->data, key = glc_span_str("/Length");
    size_t end = d.len;
    end -= end != 0 && d.ptr[end - 1] == '\n' ? 1 : 0;
    end -= end != 0 && d.ptr[end - 1] == '\r' ? 1 : 0;
    size_t hit = glc_span_find(s->dictionary, key);
    if (hit != SIZE_MAX) {
        uint64_t n = 0;
        struct glc_span say = glc_span_sub(s->dictionary, hit + key.len, UINT64_MAX);
        size_t i = 0;
        while (i < say.len && is_blank(say.ptr[i]))
            i++;
        size_t digits = i;
        for (; i < say.len && i < digits + 18 && say.ptr[i] >= '0' && say.ptr[i] <= '9'; i++)
            n = n * 10 + (uint64_t)(say.ptr[i] - '0');
        if (i != digits && n >= end && n <= d.len)
            return glc_span_sub(d, 0, n);
    }
    return glc_span_sub(d, 0, end);
}

/* Through all its filters; every stage is judged by whoever reads the last, which is a picture at worst. */
static bool read_stream(struct glc_parse *p, struct stream *s, uint64_t at)
{
    if (s->filters == 0 && looks_zlib(s->data))
        s->filter[s->filters++] = FLATE;
    struct glc_arena_mark mark = glc_arena_mark(p->arena);
    struct glc_span data = s->filters != 0 && s->filter[0] == FLATE ? s->rest : s->data;
    if (s->filters == 0)
        data = without_line_end(s);
    const char *why = NULL;
    for (size_t i = 0; i < s->filters && why == NULL; i++) {
        struct glc_output out;
        glc_output_init(&out, p, s->data.len);
        why = apply(s->filter[i], data, &out);
        data = glc_output_span(&out);
    }
    if (why != NULL && data.len == 0)
        p->unread(p, why, at);
    else if (why != NULL && strcmp(why, "damaged data") != 0)
        p->unread(p, why, at);
    else if (why != NULL)
        p->note(p, "a stream is damaged behind its beginning", at);
    struct glc_child child = { .data = data, .how = "stream", .packed = s->data.len };
    bool going = data.len == 0 || p->yield(p, &child);
    glc_arena_rewind(p->arena, mark);
    return going;
}

/* The dictionary in front of a stream: from the last "obj" on, or as far as we look. */
static struct glc_span dictionary_before(struct glc_span file, size_t at, size_t least)
{
    size_t from = at > LONGEST_DICTIONARY ? at - LONGEST_DICTIONARY : 0;
    from = from < least ? least : from;
    struct glc_span s = glc_span_sub(file, from, at - from);
    for (size_t i = s.len; i-- > 3;)
        if (memcmp(s.ptr + i - 3, "obj", 3) == 0)
            return glc_span_sub(s, i, UINT64_MAX);
    return s;
}

static void parse(struct glc_parse *p)
{
    struct glc_span file = p->data;
    const struct glc_span open = glc_span_str("stream"), close = glc_span_str("endstream");
    if (glc_span_find(file, glc_span_str("/Encrypt")) != SIZE_MAX)
        p->unread(p, "encrypted", 0);
    size_t last = 0;
    for (size_t at = 0; at < file.len;) {
        size_t hit = glc_span_find(glc_span_sub(file, at, UINT64_MAX), open);
        if (hit == SIZE_MAX)
            return;
        at += hit;
        size_t data = at + open.len;
        bool ends = at >= 3 && memcmp(file.ptr + at - 3, "end", 3) == 0;
        if (ends || data >= file.len || !is_blank(file.ptr[data])) {
            at = data;
            continue;
        }
        struct stream s = { .dictionary = dictionary_before(file, at, last) };
        while (data < file.len && (file.ptr[data] == ' ' || file.ptr[data] == '\t'))
            data++;
        data += data < file.len && file.ptr[data] == '\r' ? 1 : 0;
        data += data < file.len && file.ptr[data] == '\n' ? 1 : 0;
        struct glc_span rest = glc_span_sub(file, data, UINT64_MAX);
        size_t len = glc_span_find(rest, close);
        s.rest = rest;
        s.data = len != SIZE_MAX ? glc_span_sub(rest, 0, len) : rest;
        read_filters(&s);
        if (!read_stream(p, &s, at))
            return;
        last = at = data + s.data.len;
        if (!glc_budget_time(p->budget)) {
            p->unread(p, "timeout", at);
            return;
        }
    }
}

static int bid(struct glc_span prefix, uint64_t size)
{
    (void)size;
    struct glc_span s = glc_span_sub(prefix, 0, LOOK_AT + 4);
    for (const uint8_t *at; s.len >= 5 && (at = memchr(s.ptr, '%', s.len - 4)) != NULL;) {
        if (memcmp(at, "%PDF-", 5) == 0)
            return 50;
        s = glc_span_sub(s, (size_t)(at - s.ptr) + 1, UINT64_MAX);
    }
    return 0;
}

const struct glc_format glc_format_pdf = { .name = "pdf", .cls = GLC_CLASS_PDF, .bid = bid, .parse = parse };
