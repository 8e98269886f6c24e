/* Opening an image and reading its printable parts. Hostile bytes: see layout.h for the rule,
 * docs/PROTOCOL.image.md for the format. */
#include "image/image.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "image/view.h"

/* Names of hash signatures are put together on demand and kept until the view is freed: few are ever asked
 * for. */
struct named {
    struct named *next;
    uint64_t number;
    size_t len;
    char text[];
};

struct opened {
    struct glc_image img;
    _Atomic(struct named *) named;
};

const uint32_t glc_img_width[GLC_IMG_SECTIONS] = {
    [GLC_IMG_STRINGS] = 1,
    [GLC_IMG_RULES] = sizeof(struct glc_img_rule),
    [GLC_IMG_PATTERNS] = sizeof(struct glc_img_pattern),
    [GLC_IMG_VARIANTS] = sizeof(struct glc_img_variant),
    [GLC_IMG_ATOMS] = sizeof(struct glc_img_atom),
    [GLC_IMG_WINDOWS] = sizeof(struct glc_img_window),
    [GLC_IMG_REFS] = sizeof(struct glc_img_ref),
    [GLC_IMG_BYTES] = 1,
    [GLC_IMG_CODE] = 1,
    [GLC_IMG_LISTS] = sizeof(uint32_t),
    [GLC_IMG_METAS] = sizeof(struct glc_img_meta),
    [GLC_IMG_EXTERNALS] = sizeof(struct glc_img_external),
    [GLC_IMG_SPACES] = sizeof(struct glc_img_space),
    [GLC_IMG_GATES] = sizeof(struct glc_img_gate),
    [GLC_IMG_GROUPS] = sizeof(struct glc_img_group),
    [GLC_IMG_ALWAYS] = sizeof(struct glc_img_always),
    [GLC_IMG_BITMAPS] = 1,
    [GLC_IMG_BUCKETS] = sizeof(struct glc_img_bucket),
    [GLC_IMG_ANCHORS] = sizeof(struct glc_img_anchor),
    [GLC_IMG_KEYS] = sizeof(struct glc_img_key),
    [GLC_IMG_HASHES] = sizeof(struct glc_img_hashes),
    [GLC_IMG_HASH_DATA] = 1,
    [GLC_IMG_FAMILIES] = sizeof(struct glc_img_family),
    [GLC_IMG_IR] = 1,
};

static enum glc_err open_sections(struct glc_image *img, struct glc_error *err)
{
    const struct glc_img_section *table = (const void *)(img->bytes.ptr + sizeof *img->head);
    for (uint32_t i = 0; i < GLC_IMG_SECTIONS; i++) {
        const struct glc_img_section *s = &table[i];
        if (s->id != i || s->width != glc_img_width[i])
            return glc_err_set(err, GLC_CORRUPT, "section of an unknown kind",
                               (uint64_t)((const uint8_t *)s - img->bytes.ptr));
        if (s->off % GLC_IMG_ALIGN != 0 || s->off > img->bytes.len || s->len > img->bytes.len - s->off ||
            s->len % s->width != 0)
            return glc_err_set(err, GLC_CORRUPT, "section out of bounds",
                               (uint64_t)((const uint8_t *)s - img->bytes.ptr));
        img->section[i].ptr = img->bytes.ptr + s->off;
        img->section[i].len = s->len;
        img->section[i].n = s->len / s->width;
    }
    uint64_t buckets = img->section[GLC_IMG_BUCKETS].n;
    for (int s = 0; s < GLC_STAGES; s++) {
        uint64_t n = img->head->table[s];
        if ((n & (n - 1)) != 0 || n > buckets)
            return glc_err_set(err, GLC_CORRUPT, "bucket table out of bounds", 0);
        buckets -= n;
    }
    if (img->section[GLC_IMG_RULES].n > UINT32_MAX / 2 || img->head->hashes > UINT32_MAX / 2 - 1)
        return glc_err_set(err, GLC_CORRUPT, "too many rules", 0);
    img->rules = (uint32_t)img->section[GLC_IMG_RULES].n;
    return GLC_OK;
}

const struct glc_modules glc_image_any_modules;

static enum glc_err check_header(const struct glc_img_header *h, struct glc_span bytes,
                                 const struct glc_modules *modules, struct glc_error *err)
{
    if (memcmp(h->magic, GLC_IMG_MAGIC, sizeof h->magic) != 0)
        return glc_err_set(err, GLC_CORRUPT, "not a signature image", 0);
    if (h->version != GLC_IMG_VERSION || h->sections != GLC_IMG_SECTIONS)
        return glc_err_set(err, GLC_UNSUPPORTED, "image of another version: compile it again", 8);
    if (h->size != bytes.len)
        return glc_err_set(err, GLC_CORRUPT, "image cut short", 16);
    uint8_t top[sizeof *h + GLC_IMG_SECTIONS * sizeof(struct glc_img_section)];
    memcpy(top, bytes.ptr, sizeof top);
    memset(top + offsetof(struct glc_img_header, end), 0, sizeof h->end);
    memset(top + offsetof(struct glc_img_header, sum), 0, sizeof h->sum);
    if (glc_img_sum(glc_span(top, sizeof top)) != h->sum)
        return glc_err_set(err, GLC_CORRUPT, "header damaged", 0);
    if (glc_img_end(h->end & GLC_IMG_END_BITS) != h->end || (h->end & GLC_IMG_END_BITS) < h->size)
        return glc_err_set(err, GLC_CORRUPT, "header damaged", offsetof(struct glc_img_header, end));
    if (h->modules != 0 && modules != &glc_image_any_modules &&
        (modules == NULL || h->modules != glc_modules_fingerprint(modules)))
        return glc_err_set(err, GLC_UNSUPPORTED, "image compiled for other modules: compile it again", 24);
    return GLC_OK;
}

enum glc_err glc_image_open(struct glc_span bytes, const struct glc_modules *modules, struct glc_image **out,
                            struct glc_error *err)
{
    if (((uintptr_t)bytes.ptr & 7) != 0)
        return glc_err_set(err, GLC_BUG, "image not aligned", 0);
    if (bytes.len < sizeof(struct glc_img_header) + GLC_IMG_SECTIONS * sizeof(struct glc_img_section))
        return glc_err_set(err, GLC_CORRUPT, "image cut short", bytes.len);
    const struct glc_img_header *head = (const void *)bytes.ptr;
    enum glc_err e = check_header(head, bytes, modules, err);
    if (e != GLC_OK)
        return e;
    struct opened *o = calloc(1, sizeof *o);
    if (o == NULL)
        return glc_err_set(err, GLC_NOMEM, "no memory", 0);
    o->img.bytes = bytes;
    o->img.head = head;
    e = open_sections(&o->img, err);
    if (e != GLC_OK) {
        free(o);
        return e;
    }
    *out = &o->img;
    return GLC_OK;
}

/* Bytes that the first image of `rest` takes with the padding behind it; 0: not to be told. */
static uint64_t segment_size(struct glc_span rest)
{
    if (rest.len < sizeof(struct glc_img_header))
        return 0;
    const struct glc_img_header *head = (const void *)rest.ptr;
    uint64_t size = head->size;
    return size == 0 || size > rest.len ? 0 : size;
}

/* Where the images of the file end, by the header of the first; 0: there is none, or fewer bytes than it
 * says. */
static uint64_t stated_end(struct glc_span bytes)
{
    struct glc_img_header head;
    if (bytes.len < sizeof head)
        return 0;
    memcpy(&head, bytes.ptr, sizeof head);
    uint64_t end = head.end & GLC_IMG_END_BITS;
    return glc_img_end(end) == head.end && end <= bytes.len && end >= head.size ? end : 0;
}

enum glc_err glc_image_open_all(struct glc_span bytes, const struct glc_modules *modules, uint64_t *end,
                                struct glc_image *out[GLC_IMAGE_SEGMENTS], uint32_t *n, struct glc_error *err)
{
    struct glc_image *img[GLC_IMAGE_SEGMENTS];
    uint32_t count = 0;
    uint64_t off = 0;
    enum glc_err e = GLC_OK;
    uint64_t most = *end != 0 ? *end : stated_end(bytes);
    bytes = most != 0 ? glc_span_sub(bytes, 0, most) : bytes;
    do {
        struct glc_span rest = glc_span_sub(bytes, off, bytes.len);
        uint64_t size = segment_size(rest);
        if (count == GLC_IMAGE_SEGMENTS)
            e = glc_err_set(err, GLC_LIMIT, "too many additions: compile the set again", off);
        else /* a size that cannot be is for glc_image_open() to name */
            e = glc_image_open(glc_span_sub(rest, 0, size == 0 ? rest.len : size), modules, &img[count], err);
        if (e == GLC_OK && ++count == 1 && most == 0)
            e = glc_err_set(err, GLC_CORRUPT, "image cut short, or its header damaged", 0);
        if (e != GLC_OK)
            break;
        off += (size + (GLC_IMG_ALIGN - 1)) & ~(uint64_t)(GLC_IMG_ALIGN - 1);
    } while (off < bytes.len);
    if (e != GLC_OK) {
        while (count != 0)
            glc_image_free(img[--count]);
        return e;
    }
    memcpy(out, img, count * sizeof(struct glc_image *));
    *n = count;
    *end = most;
    return GLC_OK;
}

void glc_image_free(struct glc_image *img)
{
    if (img == NULL)
        return;
    struct opened *o = (struct opened *)img;
    for (struct named *n = atomic_load(&o->named); n != NULL;) {
        struct named *next = n->next;
        free(n);
        n = next;
    }
    free(o);
}

bool glc_image_string(const struct glc_image *img, uint32_t off, struct glc_span *out)
{
    uint64_t room = img->section[GLC_IMG_STRINGS].len;
    uint32_t len;
    if (off > room || room - off < sizeof len)
        return false;
    memcpy(&len, img->section[GLC_IMG_STRINGS].ptr + off, sizeof len);
    if (len > room - off - sizeof len)
        return false;
    *out = glc_span(img->section[GLC_IMG_STRINGS].ptr + off + sizeof len, len);
    return true;
}

void glc_image_stats(const struct glc_image *img, struct glc_image_stats *out)
{
    *out = (struct glc_image_stats){
        .rules = img->rules,
        .patterns = (uint32_t)img->section[GLC_IMG_PATTERNS].n,
        .externals = (uint32_t)img->section[GLC_IMG_EXTERNALS].n,
        .hashes = img->head->hashes,
        .bytes = img->bytes.len,
    };
}

const struct glc_img_hashes *glc_image_hash_table(const struct glc_image *img, uint64_t i, uint64_t *index)
{
    const struct glc_img_hashes *t = (const void *)img->section[GLC_IMG_HASHES].ptr;
    for (uint64_t k = 0; k < img->section[GLC_IMG_HASHES].n; k++) {
        if (i >= t[k].first && i - t[k].first < t[k].n) {
            *index = i - t[k].first;
            return &t[k];
        }
    }
    return NULL;
}

bool glc_image_hash_name(const struct glc_image *img, uint32_t name, struct glc_buf *out)
{
    const struct glc_img_family *f = (const void *)img->section[GLC_IMG_FAMILIES].ptr;
    uint64_t lo = 0, hi = img->section[GLC_IMG_FAMILIES].n;
    while (hi - lo > 1) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (f[mid].base <= name)
            lo = mid;
        else
            hi = mid;
    }
    struct glc_span text;
    if (lo == hi || f[lo].base > name || !glc_image_string(img, f[lo].text, &text))
        return false;
    bool ok = glc_buf_put(out, text.ptr, text.len);
    return name == f[lo].base ? ok : ok && glc_buf_printf(out, "%u", name - f[lo].base - 1);
}

static enum glc_err hash_info(const struct glc_image *img, uint64_t number, struct glc_rule_info *out)
{
    struct opened *o = (struct opened *)img;
    struct named *first = atomic_load(&o->named), *n = first;
    while (n != NULL && n->number != number)
        n = n->next;
    if (n == NULL) {
        uint64_t index;
        const struct glc_img_hashes *t = glc_image_hash_table(img, number, &index);
        uint64_t room = img->section[GLC_IMG_HASH_DATA].len;
        if (t == NULL || index >= UINT64_MAX / 4 || t->names > room || room - t->names < 4 ||
            index > (room - t->names) / 4 - 1)
            return GLC_CORRUPT;
        uint32_t name;
        memcpy(&name, img->section[GLC_IMG_HASH_DATA].ptr + t->names + index * 4, sizeof name);
        struct glc_buf text;
        glc_buf_init(&text, 1 << 16);
        if (!glc_image_hash_name(img, name, &text)) {
            glc_buf_done(&text);
            return GLC_CORRUPT;
        }
        n = malloc(sizeof *n + text.len);
        if (n == NULL) {
            glc_buf_done(&text);
            return GLC_NOMEM;
        }
        n->number = number;
        n->len = text.len;
        memcpy(n->text, text.ptr, text.len);
        glc_buf_done(&text);
        n->next = first;
        while (!atomic_compare_exchange_weak(&o->named, &n->next, n))
            ;
    }
    *out = (struct glc_rule_info){ .name = glc_span(n->text, n->len),
                                   .space = glc_span_str("default"),
                                   .file = glc_span_str(""),
                                   .language = 2 /* GLC_LANG_HASH */ };
    return GLC_OK;
}

enum glc_err glc_image_rule(const struct glc_image *img, uint32_t rule, struct glc_rule_info *out)
{
    if (rule >= img->rules)
        return rule - img->rules < img->head->hashes ? hash_info(img, rule - img->rules, out) : GLC_CORRUPT;
    const struct glc_img_rule *r = glc_image_at(img, GLC_IMG_RULES, rule, sizeof *r);
    struct glc_rule_info info = {
        .line = r->line, .language = r->language, .tags = r->tags, .metas = r->metas, .patterns = r->patterns
    };
    info.is_private = (r->flags & GLC_IMG_PRIVATE) != 0;
    info.is_global = (r->flags & GLC_IMG_GLOBAL) != 0;
    if (!glc_image_string(img, r->name, &info.name) || !glc_image_string(img, r->space_name, &info.space) ||
        !glc_image_string(img, r->file, &info.file) ||
        glc_image_run(img, GLC_IMG_LISTS, r->tag, r->tags, sizeof(uint32_t)) == NULL ||
        glc_image_run(img, GLC_IMG_METAS, r->meta, r->metas, sizeof(struct glc_img_meta)) == NULL ||
        glc_image_run(img, GLC_IMG_PATTERNS, r->pattern, r->patterns, sizeof(struct glc_img_pattern)) == NULL)
        return GLC_CORRUPT;
    *out = info;
    return GLC_OK;
}

enum glc_err glc_image_tag(const struct glc_image *img, uint32_t rule, uint32_t i, struct glc_span *out)
{
    const struct glc_img_rule *r = glc_image_at(img, GLC_IMG_RULES, rule, sizeof *r);
    if (r == NULL || i >= r->tags)
        return GLC_CORRUPT;
    const uint32_t *tag = glc_image_at(img, GLC_IMG_LISTS, (uint64_t)r->tag + i, sizeof *tag);
    return tag != NULL && glc_image_string(img, *tag, out) ? GLC_OK : GLC_CORRUPT;
}

enum glc_err glc_image_meta(const struct glc_image *img, uint32_t rule, uint32_t i, struct glc_meta_info *out)
{
    const struct glc_img_rule *r = glc_image_at(img, GLC_IMG_RULES, rule, sizeof *r);
    if (r == NULL || i >= r->metas)
        return GLC_CORRUPT;
    const struct glc_img_meta *m = glc_image_at(img, GLC_IMG_METAS, (uint64_t)r->meta + i, sizeof *m);
    struct glc_meta_info info = { .type = m != NULL ? (uint8_t)m->type : 0 };
    if (m == NULL || m->type > GLC_T_STRING || !glc_image_string(img, m->key, &info.key))
        return GLC_CORRUPT;
    if (m->type == GLC_T_STRING) {
        if (m->value > UINT32_MAX || !glc_image_string(img, (uint32_t)m->value, &info.text))
            return GLC_CORRUPT;
    } else if (m->type == GLC_T_FLOAT) {
        memcpy(&info.real, &m->value, sizeof info.real);
    } else {
        info.integer = (int64_t)m->value;
    }
    *out = info;
    return GLC_OK;
}

enum glc_err glc_image_pattern(const struct glc_image *img, uint32_t rule, uint32_t i,
                               struct glc_pattern_info *out)
{
    const struct glc_img_rule *r = glc_image_at(img, GLC_IMG_RULES, rule, sizeof *r);
    if (r == NULL || i >= r->patterns)
        return GLC_CORRUPT;
    const struct glc_img_pattern *p =
        glc_image_at(img, GLC_IMG_PATTERNS, (uint64_t)r->pattern + i, sizeof *p);
    struct glc_pattern_info info = { .hidden = p != NULL && (p->flags & GLC_IMG_HIDDEN) != 0,
                                     .hex = p != NULL && (p->flags & GLC_IMG_HEX) != 0 };
    if (p == NULL || !glc_image_string(img, p->id, &info.id))
        return GLC_CORRUPT;
    *out = info;
    return GLC_OK;
}

uint32_t glc_image_classes(const struct glc_image *img)
{
    return (uint32_t)img->head->classes;
}

struct glc_span glc_image_ir(const struct glc_image *img)
{
    return glc_span(img->section[GLC_IMG_IR].ptr, img->section[GLC_IMG_IR].len);
}

bool glc_image_asks(const struct glc_image *img, uint32_t module)
{
    return module < 64 && (img->head->asked >> module & 1) != 0;
}
