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

enum glc_err glc_build_assemble(struct glc_build *b, uint64_t hashes, struct glc_buf *out)
{
    struct glc_img_header head = { .magic = GLC_IMG_MAGIC,
                                   .version = GLC_IMG_VERSION,
                                   .sections = GLC_IMG_SECTIONS };
    struct glc_img_section table[GLC_IMG_SECTIONS] = { 0 };
    const struct glc_modules *modules = b->opt->modules;
    head.modules = modules != NULL ? glc_modules_fingerprint(modules) : 0;
    head.asked = b->asked;
    head.hashes = hashes;
    head.classes = named_classes(b);
    memcpy(head.table, b->table, sizeof head.table);
    uint64_t at = sizeof head + sizeof table;
    for (uint32_t i = 0; i < GLC_IMG_SECTIONS; i++) {
        if (b->section[i].failed)
            return GLC_NOMEM;
        at = (at + GLC_IMG_ALIGN - 1) & ~(uint64_t)(GLC_IMG_ALIGN - 1);
        table[i] = (struct glc_img_section){
            .id = i, .width = glc_img_width[i], .off = at, .len = b->section[i].len
        };
        table[i].sum = glc_img_sum(glc_buf_span(&b->section[i]));
        at += b->section[i].len;
    }
    head.size = at;
    size_t base = out->len;
    struct glc_buf top;
    glc_buf_init(&top, sizeof head + sizeof table);
    bool ok = glc_buf_put(&top, &head, sizeof head) && glc_buf_put(&top, table, sizeof table);
    if (ok) {
        head.sum = glc_img_sum(glc_buf_span(&top));
        head.end = glc_img_end(at);
        memcpy(top.ptr, &head, sizeof head);
    }
    ok = ok && glc_buf_reserve(out, at) != NULL && glc_buf_put(out, top.ptr, top.len);
    glc_buf_done(&top);
    for (uint32_t i = 0; ok && i < GLC_IMG_SECTIONS; i++) {
        static const uint8_t zero[GLC_IMG_ALIGN];
        ok = glc_buf_put(out, zero, (size_t)(table[i].off - (out->len - base))) &&
             glc_buf_put(out, b->section[i].ptr, b->section[i].len);
    }
    return ok ? GLC_OK : GLC_NOMEM;
}
