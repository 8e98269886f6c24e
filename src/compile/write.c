/* Sections and strings of an image being built, and putting them together (docs/PROTOCOL.image.md). */
#include "compile/build.h"

#include <stdlib.h>

enum { SECTION_CAP_LOG2 = 34, ARENA_CAP_LOG2 = 34 };

bool glc_build_init(struct glc_build *b, const struct glc_ruleset *set, const struct glc_compile_options *opt)
{
    *b = (struct glc_build){ .set = set, .opt = opt };
    glc_arena_init(&b->arena, (size_t)1 << ARENA_CAP_LOG2);
    for (int i = 0; i < GLC_IMG_SECTIONS; i++)
        glc_buf_init(&b->section[i], (size_t)1 << SECTION_CAP_LOG2);
    /* Offsets of strings, bytes and code are 32 bits wide. */
    b->section[GLC_IMG_STRINGS].cap = b->section[GLC_IMG_BYTES].cap = b->section[GLC_IMG_CODE].cap =
        UINT32_MAX;
    b->freq = glc_freq_new();
    b->intern_room = 1024;
    b->intern = calloc(b->intern_room, sizeof *b->intern);
    return b->freq != NULL && b->intern != NULL;
}

void glc_build_done(struct glc_build *b)
{
    for (int i = 0; i < GLC_IMG_SECTIONS; i++)
        glc_buf_done(&b->section[i]);
    glc_freq_free(b->freq);
    free(b->intern);
    free(b->want);
    free(b->pin);
    glc_arena_done(&b->arena);
}

static struct glc_span string_at(const struct glc_build *b, uint32_t off)
{
    const uint8_t *p = b->section[GLC_IMG_STRINGS].ptr + off;
    uint32_t len;
    memcpy(&len, p, sizeof len);
    return glc_span(p + sizeof len, len);
}

static size_t string_hash(struct glc_span s)
{
    return (size_t)(glc_img_sum(s) >> 7);
}

static bool intern_grow(struct glc_build *b)
{
    size_t room = b->intern_room * 4;
    uint32_t *fresh = calloc(room, sizeof *fresh);
    if (fresh == NULL)
        return false;
    for (size_t i = 0; i < b->intern_room; i++) {
        if (b->intern[i] == 0)
            continue;
        size_t h = string_hash(string_at(b, b->intern[i] - 1)) & (room - 1);
        while (fresh[h] != 0)
            h = (h + 1) & (room - 1);
        fresh[h] = b->intern[i];
    }
    free(b->intern);
    b->intern = fresh;
    b->intern_room = room;
    return true;
}

uint32_t glc_build_string(struct glc_build *b, struct glc_span s)
{
    struct glc_buf *buf = &b->section[GLC_IMG_STRINGS];
    size_t h = string_hash(s) & (b->intern_room - 1);
    for (; b->intern[h] != 0; h = (h + 1) & (b->intern_room - 1))
        if (glc_span_eq(string_at(b, b->intern[h] - 1), s))
            return b->intern[h] - 1;
    size_t off = buf->len;
    if (s.len > UINT32_MAX || !glc_buf_u32le(buf, (uint32_t)s.len) || !glc_buf_put(buf, s.ptr, s.len)) {
        buf->failed = true;
        return GLC_IMG_NONE;
    }
    b->intern[h] = (uint32_t)off + 1;
    if (++b->interned * 2 > b->intern_room && !intern_grow(b))
        buf->failed = true;
    return (uint32_t)off;
}

bool glc_build_align(struct glc_buf *section, size_t to)
{
    static const uint8_t zero[GLC_IMG_ALIGN];
    size_t over = section->len % to;
    return over == 0 || glc_buf_put(section, zero, to - over);
}

/* Classes that a rule names for itself (struct glc_img_header). */
static uint32_t named_classes(const struct glc_build *b)
{
    const struct glc_img_rule *r = (const void *)b->section[GLC_IMG_RULES].ptr;
    uint32_t classes = 0, n = glc_build_count(b, GLC_IMG_RULES, sizeof *r);
    for (uint32_t i = 0; i < n; i++)
        classes |= r[i].classes != GLC_CLASS_ALL ? r[i].classes : 0;
    return classes;
}

/* Header and section table, `size` bytes of image in all. */
static bool put_head(struct glc_build *b, uint64_t hashes, const struct glc_img_section *table, uint64_t size,
                     struct glc_buf *out)
{
    struct glc_img_header head = { .magic = GLC_IMG_MAGIC,
                                   .version = GLC_IMG_VERSION,
                                   .sections = GLC_IMG_SECTIONS };
    const struct glc_modules *modules = b->opt->modules;
    head.modules = modules != NULL ? glc_modules_fingerprint(modules) : 0;
    head.asked = b->asked;
    head.hashes = hashes;
    head.classes = named_classes(b);
    head.size = size;
    memcpy(head.table, b->table, sizeof head.table);
    if (!glc_buf_put(out, &head, sizeof head) || !glc_buf_put(out, table, sizeof *table * GLC_IMG_SECTIONS))
        return false;
    head.sum = glc_img_sum(glc_buf_span(out)); /* as long as it and `end` are 0 */
    head.end = glc_img_end(size);
    memcpy(out->ptr, &head, sizeof head);
    return true;
}

enum glc_err glc_build_assemble(struct glc_build *b, uint64_t hashes, struct glc_parts *out)
{
    struct glc_img_section table[GLC_IMG_SECTIONS] = { 0 };
    uint64_t at = sizeof(struct glc_img_header) + sizeof table;
    uint64_t head_pad = -at % GLC_IMG_ALIGN;
    at += head_pad;
    for (uint32_t i = 0; i < GLC_IMG_SECTIONS; i++) {
        struct glc_buf *s = &b->section[i];
        table[i] = (struct glc_img_section){ .id = i, .width = glc_img_width[i], .off = at, .len = s->len };
        table[i].sum = glc_img_sum(glc_buf_span(s));
        if (i + 1 < GLC_IMG_SECTIONS && !glc_build_align(s, GLC_IMG_ALIGN))
            return GLC_NOMEM;
        at += s->len;
    }
    static const uint8_t zero[GLC_IMG_ALIGN];
    struct glc_buf top;
    glc_buf_init(&top, sizeof(struct glc_img_header) + sizeof table + sizeof zero);
    bool ok = put_head(b, hashes, table, at, &top) && glc_buf_put(&top, zero, head_pad) &&
              glc_parts_take(out, &top);
    glc_buf_done(&top);
    for (uint32_t i = 0; ok && i < GLC_IMG_SECTIONS; i++)
        ok = glc_parts_take(out, &b->section[i]);
    return ok ? GLC_OK : GLC_NOMEM;
}
