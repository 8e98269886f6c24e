/* LVM2: logical volumes over the physical ones of one image.
 *
 * A label, "LABELONE", in one of the first four sectors; at its offset 20 where the header is: the volume's
 * identity (32 characters), its size, a list of data areas, a list of metadata areas. A metadata area begins
 * with a sum, " LVM2 x[5A%r0N*>" at 4, its own place at 24 and size at 32, and at 40 where the current text
 * lies in the ring that it is; the text names everything (lvm_text.h). Linear and striped segments are read,
 * of a mirror (raid1) its first half. Thin pools, caches, snapshots and other RAID are gaps with their name.
 */
#include "audit/disk.h"
#include "audit/lvm_text.h"

enum {
    LABELS = 4,
    SECTOR = 512,
    MAX_AREAS = 16,
    MAX_TEXT = 16 << 20,
    MAX_SEGMENTS = 65536,
    MAX_STRIPES = 128
};

struct glc_disk_pv {
    const struct glc_disk *d;
    const char *name;
    char id[33];
    struct glc_span text; /* its metadata; empty where it has none or a damaged one */
};

struct stripe {
    const struct glc_disk *on;
    uint64_t at;
};

struct segment {
    uint64_t from, len; /* bytes of the volume */
    uint64_t chunk;     /* of stripes; 0: one of them only */
    uint32_t stripes;
    struct stripe *stripe;
};

struct lv {
    struct segment *segments;
    size_t count;
};

struct group {
    struct glc_disks *all;
    const struct glc_lvm_node *vg;
    struct glc_span name;
    uint64_t extent; /* bytes */
};

/* The text out of its ring: after the ring's end it goes on behind the header sector. */
static struct glc_span ring_text(const struct glc_disk *d, uint64_t area)
{
    uint8_t h[SECTOR];
    struct glc_span none = { 0 };
    if (glc_disk_read(d, area, h, sizeof h) != GLC_OK || memcmp(h + 4, " LVM2 x[5A%r0N*>", 16) != 0)
        return none;
    uint64_t size = glc_le64(h + 32), off = glc_le64(h + 40), len = glc_le64(h + 48);
    if (len == 0 || len > MAX_TEXT || size <= SECTOR || off < SECTOR || off >= size || len > size - SECTOR)
        return none;
    uint8_t *text = glc_arena_alloc(&d->all->arena, (size_t)len);
    uint64_t first = len < size - off ? len : size - off;
    if (text == NULL || glc_disk_read(d, area + off, text, (size_t)first) != GLC_OK ||
        glc_disk_read(d, area + SECTOR, text + first, (size_t)(len - first)) != GLC_OK)
        return none;
    return glc_span(text, strnlen((const char *)text, (size_t)len));
}

static bool label(const struct glc_disk *d, uint8_t s[SECTOR])
{
    for (unsigned i = 0; i < LABELS; i++)
        if (glc_disk_has(d, i * SECTOR, "LABELONE", 8) && glc_disk_read(d, i * SECTOR, s, SECTOR) == GLC_OK &&
            memcmp(s + 24, "LVM2 001", 8) == 0)
            return true;
    return false;
}

bool glc_disk_lvm_keep(const struct glc_disk *d, const char *name)
{
    uint8_t s[SECTOR];
    struct glc_disks *all = d->all;
    if (!label(d, s))
        return false;
    struct glc_disk_pv *pv = glc_arena_push(&all->arena, &all->pvs, &all->npvs, sizeof *pv);
    if (pv == NULL)
        return true;
    *pv = (struct glc_disk_pv){ .d = d, .name = name };
    struct glc_cursor c = glc_cursor(glc_span(s, sizeof s));
    glc_cursor_seek(&c, glc_le32(s + 20));
    const uint8_t *id = glc_cursor_take(&c, 32);
    if (id != NULL)
        memcpy(pv->id, id, 32);
    (void)glc_cursor_u64le(&c);
    for (int i = 0; i < MAX_AREAS; i++) /* data areas: the text says where extents begin */
        if ((glc_cursor_u64le(&c) | glc_cursor_u64le(&c)) == 0)
            break;
    for (int i = 0; i < MAX_AREAS && pv->text.len == 0; i++) {
        uint64_t at = glc_cursor_u64le(&c), len = glc_cursor_u64le(&c);
        if (!glc_cursor_ok(&c) || (at | len) == 0)
            break;
        pv->text = ring_text(d, at);
    }
    return true;
}

static enum glc_err map(const struct glc_disk *d, uint64_t off, struct glc_disk_piece *out)
{
    const struct lv *v = d->ctx;
    for (size_t i = 0; i < v->count; i++) {
        const struct segment *s = &v->segments[i];
        if (off < s->from || off - s->from >= s->len)
            continue;
        uint64_t in = off - s->from;
        *out =
            (struct glc_disk_piece){ .len = s->len - in, .on = s->stripe[0].on, .at = s->stripe[0].at + in };
        if (s->stripes > 1) {
            uint64_t n = in / s->chunk, rest = in % s->chunk;
            const struct stripe *x = &s->stripe[n % s->stripes];
            out->on = x->on;
            out->at = x->at + n / s->stripes * s->chunk + rest;
            out->len = s->chunk - rest;
        }
        return out->on != NULL ? GLC_OK : GLC_UNSUPPORTED;
    }
    return GLC_CORRUPT;
}

static struct glc_disk *logical(const struct group *g, const struct glc_lvm_node *lv, int depth,
                                const char **why);

/* "pv0" and an extent number: the disk, and the byte where it begins. */
static bool physical(const struct group *g, const struct glc_lvm_node *name, uint64_t extent,
                     struct stripe *out)
{
    const struct glc_lvm_node *pv = NULL, *pvs = glc_lvm_get(g->vg, "physical_volumes");
    for (const struct glc_lvm_node *c = pvs != NULL ? pvs->child : NULL; c != NULL && pv == NULL; c = c->next)
        if (name->kind == GLC_LVM_STRING && glc_span_eq(c->key, name->text))
            pv = c;
    const struct glc_lvm_node *id = glc_lvm_get(pv, "id");
    uint64_t start = glc_lvm_number(pv, "pe_start", 0);
    char bare[33] = { 0 };
    size_t n = 0;
    for (size_t i = 0; id != NULL && i < id->text.len && n < 32; i++)
        if (id->text.ptr[i] != '-')
            bare[n++] = (char)id->text.ptr[i];
    for (size_t i = 0; i < g->all->npvs && n == 32; i++)
        if (memcmp(g->all->pvs[i].id, bare, 32) == 0 && start < UINT64_MAX / 1024 &&
            extent < (UINT64_MAX >> 2) / g->extent) {
            *out = (struct stripe){ g->all->pvs[i].d, start * SECTOR + extent * g->extent };
            return true;
        }
    return false;
}

static const struct glc_lvm_node *volume_named(const struct group *g, struct glc_span name)
{
    const struct glc_lvm_node *lvs = glc_lvm_get(g->vg, "logical_volumes");
    for (const struct glc_lvm_node *c = lvs != NULL ? lvs->child : NULL; c != NULL; c = c->next)
        if (glc_span_eq(c->key, name))
            return c;
    return NULL;
}

static bool striped(const struct group *g, const struct glc_lvm_node *seg, struct segment *out,
                    const char **why)
{
    uint64_t n = glc_lvm_number(seg, "stripe_count", 0);
    const struct glc_lvm_node *list = glc_lvm_get(seg, "stripes"), *c = list != NULL ? list->child : NULL;
    out->chunk = glc_lvm_number(seg, "stripe_size", 0) * SECTOR;
    out->stripes = (uint32_t)n;
    *why = "its metadata is damaged";
    if (n == 0 || n > MAX_STRIPES || (n > 1 && (out->chunk == 0 || out->chunk > 1 << 30)))
        return false;
    out->stripe = glc_arena_array(&g->all->arena, (size_t)n, sizeof *out->stripe);
    for (uint32_t i = 0; out->stripe != NULL && i < n; i++) {
        if (c == NULL || c->next == NULL || c->next->kind != GLC_LVM_NUMBER)
            return false;
        if (!physical(g, c, c->next->number, &out->stripe[i])) {
            *why = "one of its physical volumes is not in this image";
            return false;
        }
        c = c->next->next;
    }
    return out->stripe != NULL;
}

/* raids = ["meta", "image", …]: the first image is a whole copy. */
static bool mirror(const struct group *g, const struct glc_lvm_node *seg, struct segment *out, int depth,
                   const char **why)
{
    const struct glc_lvm_node *list = glc_lvm_get(seg, "raids");
    const struct glc_lvm_node *image = list != NULL && list->child != NULL ? list->child->next : NULL;
    const struct glc_lvm_node *lv =
        image != NULL && image->kind == GLC_LVM_STRING ? volume_named(g, image->text) : NULL;
    out->stripe = glc_arena_alloc(&g->all->arena, sizeof *out->stripe);
    *why = "its metadata is damaged";
    if (lv == NULL || out->stripe == NULL)
        return false;
    out->stripes = 1;
    out->stripe->on = logical(g, lv, depth + 1, why);
    out->stripe->at = out->from;
    return out->stripe->on != NULL;
}

static bool segment(const struct group *g, const struct glc_lvm_node *seg, struct segment *out, int depth,
                    const char **why)
{
    const struct glc_lvm_node *type = glc_lvm_get(seg, "type");
    uint64_t from = glc_lvm_number(seg, "start_extent", UINT64_MAX),
             n = glc_lvm_number(seg, "extent_count", 0);
    *why = "its metadata is damaged";
    if (type == NULL || from > (UINT64_MAX >> 2) / g->extent || n > (UINT64_MAX >> 2) / g->extent)
        return false;
    *out = (struct segment){ .from = from * g->extent, .len = n * g->extent };
    if (glc_span_is(type->text, "striped") || glc_span_is(type->text, "linear"))
        return striped(g, seg, out, why);
    if (glc_span_is(type->text, "raid1") && depth < 2)
        return mirror(g, seg, out, depth, why);
    *why = glc_disk_name(g->all, "a logical volume of type %.*s",
                         (int)(type->text.len < 40 ? type->text.len : 40), (const char *)type->text.ptr);
    return false;
}

/* NULL with the reason in *why. */
static struct glc_disk *logical(const struct group *g, const struct glc_lvm_node *lv, int depth,
                                const char **why)
{
    struct lv *v = glc_arena_alloc(&g->all->arena, sizeof *v);
    uint64_t end = 0;
    *why = "not enough memory";
    if (v == NULL)
        return NULL;
    for (const struct glc_lvm_node *c = lv->child; c != NULL; c = c->next) {
        if (c->kind != GLC_LVM_SECTION || !glc_span_starts(c->key, glc_span_str("segment")))
            continue;
        struct segment *s = glc_arena_push(&g->all->arena, &v->segments, &v->count, sizeof *s);
        if (s == NULL || v->count > MAX_SEGMENTS)
            return NULL;
        if (!segment(g, c, s, depth, why))
            return NULL;
        end = s->from + s->len > end ? s->from + s->len : end;
    }
    *why = "it has no segment";
    return v->count != 0 ? glc_disk_new(g->all, end, map, v) : NULL;
}

/* Volumes that others are made of (a mirror's halves) do not show. */
static bool visible(const struct glc_lvm_node *lv)
{
    const struct glc_lvm_node *status = glc_lvm_get(lv, "status");
    for (const struct glc_lvm_node *c = status != NULL ? status->child : NULL; c != NULL; c = c->next)
        if (glc_span_is(c->text, "VISIBLE"))
            return true;
    return status == NULL;
}

static void group(struct glc_disks *all, const struct glc_lvm_node *vg)
{
    struct group g = { all, vg, vg->key, glc_lvm_number(vg, "extent_size", 0) * SECTOR };
    const struct glc_lvm_node *lvs = glc_lvm_get(vg, "logical_volumes");
    if (g.extent == 0 || g.extent > (uint64_t)1 << 44) {
        glc_audit_gap(all->a, "LVM", "not readable: the metadata of a volume group is damaged");
        return;
    }
    for (const struct glc_lvm_node *lv = lvs != NULL ? lvs->child : NULL; lv != NULL; lv = lv->next) {
        const char *why,
            *name = glc_disk_name(all, "LVM volume %.*s/%.*s", (int)(g.name.len < 128 ? g.name.len : 128),
                                  (const char *)g.name.ptr, (int)(lv->key.len < 128 ? lv->key.len : 128),
                                  (const char *)lv->key.ptr);
        if (lv->kind != GLC_LVM_SECTION || !visible(lv))
            continue;
        const struct glc_disk *d = logical(&g, lv, 0, &why);
        if (d != NULL)
            glc_disk_must(d, name);
        else
            glc_audit_gap(all->a, name, "not readable: %s", why);
    }
}

void glc_disk_lvm_volumes(struct glc_disks *all)
{
    size_t n = all->npvs; /* a volume inside a volume would add more: they are not followed */
    for (size_t i = 0; i < n; i++) {
        struct glc_disk_pv *pv = &all->pvs[i];
        bool again = false;
        if (pv->text.len == 0) {
            glc_audit_gap(all->a, pv->name,
                          "not readable: an LVM volume whose metadata is damaged or elsewhere");
            continue;
        }
        const struct glc_lvm_node *root = glc_lvm_parse(pv->text, &all->arena);
        if (root == NULL) {
            glc_audit_gap(all->a, pv->name, "not readable: an LVM volume whose metadata is damaged");
            continue;
        }
        for (size_t k = 0; k < i; k++) /* each member bears the whole text */
            again |= all->pvs[k].text.len != 0 && glc_span_eq(all->pvs[k].text, pv->text);
        for (const struct glc_lvm_node *c = root->child; c != NULL && !again; c = c->next)
            if (c->kind == GLC_LVM_SECTION)
                group(all, c);
    }
    for (size_t i = n; i < all->npvs; i++)
        glc_audit_gap(all->a, all->pvs[i].name, "not readable: an LVM volume inside an LVM volume");
}
