#define PCRE2_CODE_UNIT_WIDTH 8
#include "rule/pcre.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_TEXT = 1 << 16,
    MOST_NESTED = 100,
    MOST_HEAP = 32768, /* KiB */
};

/* Every block carries its size before it. */
union block {
    size_t len;
    max_align_t align;
};

struct glc_pcre_room {
    size_t used, most;
    pcre2_general_context *general;
    pcre2_compile_context *compile;
    pcre2_match_context *match;
    pcre2_match_data *data;
};

struct glc_pcre {
    struct glc_pcre_room *room;
    pcre2_code *code;
    bool anchored;
    bool has_first; /* every match begins with a byte of `first` */
    uint8_t one;    /* the only one, where `single` */
    bool single;
    uint8_t first[32];
};

static void *take(size_t n, void *to)
{
    struct glc_pcre_room *room = to;
    if (n > room->most - room->used || sizeof(union block) > room->most - room->used - n)
        return NULL;
    union block *b = malloc(sizeof *b + n);
    if (b == NULL)
        return NULL;
    b->len = sizeof *b + n;
    room->used += b->len;
    return b + 1;
}

static void give(void *p, void *to)
{
    struct glc_pcre_room *room = to;
    if (p == NULL)
        return;
    union block *b = (union block *)p - 1;
    room->used -= b->len;
    free(b);
}

struct glc_pcre_room *glc_pcre_room_new(size_t most_bytes)
{
    struct glc_pcre_room *room = calloc(1, sizeof *room);
    if (room == NULL)
        return NULL;
    room->most = most_bytes;
    room->general = pcre2_general_context_create(take, give, room);
    room->compile = pcre2_compile_context_create(room->general);
    room->match = pcre2_match_context_create(room->general);
    room->data = pcre2_match_data_create(1, room->general);
    if (room->general == NULL || room->compile == NULL || room->match == NULL || room->data == NULL) {
        glc_pcre_room_free(room);
        return NULL;
    }
    (void)pcre2_set_max_pattern_length(room->compile, MOST_TEXT);
    (void)pcre2_set_parens_nest_limit(room->compile, MOST_NESTED);
    (void)pcre2_set_heap_limit(room->match, MOST_HEAP);
    return room;
}

void glc_pcre_room_free(struct glc_pcre_room *room)
{
    if (room == NULL)
        return;
    pcre2_match_data_free(room->data);
    pcre2_match_context_free(room->match);
    pcre2_compile_context_free(room->compile);
    pcre2_general_context_free(room->general);
    free(room);
}

static uint32_t pcre2_options(uint32_t options)
{
    static const uint32_t theirs[] = { PCRE2_CASELESS, PCRE2_DOTALL,         PCRE2_MULTILINE, PCRE2_EXTENDED,
                                       PCRE2_ANCHORED, PCRE2_DOLLAR_ENDONLY, PCRE2_UNGREEDY };
    uint32_t out = PCRE2_NEVER_UTF;
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
        out |= (options >> i & 1) != 0 ? theirs[i] : 0;
    return out;
}

/* What looks at where the search began, or moves it: it would see our pieces. */
static const char *unsupported(struct glc_span text, size_t *off)
{
    static const struct {
        const char *text, *message;
    } rows[] = { { "(*COMMIT", "(*COMMIT) is not supported" }, { "(*SKIP", "(*SKIP) is not supported" } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if ((*off = glc_span_find(text, glc_span_str(rows[i].text))) != SIZE_MAX)
            return rows[i].message;
    for (size_t i = 0; i + 1 < text.len; i += text.ptr[i] == '\\' ? 2 : 1)
        if (text.ptr[i] == '\\' && text.ptr[i + 1] == 'G') {
            *off = i;
            return "\\G is not supported";
        }
    return NULL;
}

/* What PCRE2 knows of the first byte. It would look for it up to the end of the data at every call: we do
 * that ourselves, once (glc_pcre_next), and compile without. */
static void learn_first(struct glc_pcre *p, const pcre2_code *code)
{
    uint32_t type = 0, byte = 0, all = 0;
    const uint8_t *map = NULL;
    p->anchored = pcre2_pattern_info(code, PCRE2_INFO_ALLOPTIONS, &all) == 0 && (all & PCRE2_ANCHORED) != 0;
    if (pcre2_pattern_info(code, PCRE2_INFO_FIRSTCODETYPE, &type) == 0 && type == 1 &&
        pcre2_pattern_info(code, PCRE2_INFO_FIRSTCODEUNIT, &byte) == 0) {
        bool letter = ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z'); /* in either case, to be safe */
        p->has_first = true;
        p->single = !letter;
        p->one = (uint8_t)byte;
        p->first[(byte & 0xff) >> 3] |= (uint8_t)(1U << (byte & 7));
        if (letter)
            p->first[((byte ^ 0x20) & 0xff) >> 3] |= (uint8_t)(1U << (byte & 7));
    } else if (type == 0 && pcre2_pattern_info(code, PCRE2_INFO_FIRSTBITMAP, &map) == 0 && map != NULL) {
        p->has_first = true;
        memcpy(p->first, map, sizeof p->first);
    }
}

static enum glc_err compile(struct glc_pcre *p, struct glc_span text, uint32_t options,
                            char message[GLC_PCRE_MESSAGE], size_t *off)
{
    size_t at = 0;
    int code = 0;
    const uint8_t *ptr = text.ptr != NULL ? text.ptr : (const uint8_t *)"";
    pcre2_code *known = pcre2_compile(ptr, text.len, pcre2_options(options), &code, &at, p->room->compile);
    if (known != NULL) {
        learn_first(p, known);
        pcre2_code_free(known);
        p->code = pcre2_compile(ptr, text.len,
                                pcre2_options(options) | PCRE2_NO_START_OPTIMIZE | PCRE2_USE_OFFSET_LIMIT,
                                &code, &at, p->room->compile);
    }
    if (p->code != NULL)
        return GLC_OK;
    if (code == PCRE2_ERROR_HEAP_FAILED)
        return GLC_NOMEM;
    if (pcre2_get_error_message(code, (PCRE2_UCHAR *)message, GLC_PCRE_MESSAGE) < 0)
        snprintf(message, GLC_PCRE_MESSAGE, "not a regular expression");
    *off = at;
    return GLC_CORRUPT;
}

enum glc_err glc_pcre_new(struct glc_pcre_room *room, struct glc_span text, uint32_t options,
                          struct glc_pcre **out, char message[GLC_PCRE_MESSAGE], size_t *off)
{
    size_t at = 0;
    const char *why = unsupported(text, &at);
    if (why != NULL) {
        snprintf(message, GLC_PCRE_MESSAGE, "%s", why);
        *off = at;
        return GLC_UNSUPPORTED;
    }
    struct glc_pcre *p = calloc(1, sizeof *p);
    if (p == NULL)
        return GLC_NOMEM;
    p->room = room;
    enum glc_err e = compile(p, text, options, message, off);
    if (e != GLC_OK) {
        free(p);
        return e;
    }
    *out = p;
    return GLC_OK;
}

void glc_pcre_free(struct glc_pcre *p)
{
    if (p == NULL)
        return;
    pcre2_code_free(p->code);
    free(p);
}

bool glc_pcre_anchored(const struct glc_pcre *p)
{
    return p->anchored;
}

bool glc_pcre_has_first(const struct glc_pcre *p)
{
    return p->has_first;
}

size_t glc_pcre_next(const struct glc_pcre *p, struct glc_span data, size_t from)
{
    if (!p->has_first || from >= data.len)
        return p->has_first ? SIZE_MAX : from;
    if (p->single) {
        const uint8_t *at = memchr(data.ptr + from, p->one, data.len - from);
        return at == NULL ? SIZE_MAX : (size_t)(at - data.ptr);
    }
    for (; from < data.len; from++)
        if ((p->first[data.ptr[from] >> 3] >> (data.ptr[from] & 7) & 1) != 0)
            return from;
    return SIZE_MAX;
}

enum glc_err glc_pcre_find(const struct glc_pcre *p, struct glc_span data, size_t from, size_t last,
                           uint32_t steps, struct glc_pcre_match *out)
{
    struct glc_pcre_room *room = p->room;
    if (from > data.len || last < from)
        return GLC_BUG;
    (void)pcre2_set_offset_limit(room->match, last);
    (void)pcre2_set_match_limit(room->match, steps);
    int n = pcre2_match(p->code, data.ptr != NULL ? data.ptr : (const uint8_t *)"", data.len, from, 0,
                        room->data, room->match);
    if (n == PCRE2_ERROR_NOMATCH) {
        *out = (struct glc_pcre_match){ .found = false };
        return GLC_OK;
    }
    if (n < 0)
        return n == PCRE2_ERROR_NOMEMORY || n == PCRE2_ERROR_MATCHLIMIT || n == PCRE2_ERROR_DEPTHLIMIT ||
                       n == PCRE2_ERROR_HEAPLIMIT || n == PCRE2_ERROR_RECURSELOOP
                   ? GLC_LIMIT
                   : GLC_CORRUPT;
    const size_t *pair = pcre2_get_ovector_pointer(room->data);
    /* \K in a look-ahead can put the start behind the end. */
    *out = (struct glc_pcre_match){ .found = true,
                                    .start = pair[0] < pair[1] ? pair[0] : pair[1],
                                    .end = pair[1] };
    return GLC_OK;
}
