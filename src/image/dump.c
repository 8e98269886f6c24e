/* What `glacis dump IMAGE` prints. */
#include <inttypes.h>

#include "image/view.h"

static const char *const names[GLC_IMG_SECTIONS] = {
    "strings", "rules",   "patterns", "variants",  "atoms",  "windows",   "refs",     "bytes",
    "code",    "lists",   "metas",    "externals", "spaces", "gates",     "groups",   "always",
    "bitmaps", "buckets", "anchors",  "keys",      "hashes", "hash-data", "families", "ir",
};

static void dump_groups(const struct glc_image *img, struct glc_buf *out)
{
    static const char *const map[GLC_MAPS] = { "keys of 8 bytes", "keys of 4 bytes", "keys of 3 bytes",
                                               "first looks" };
    const struct glc_img_group *g = (const void *)img->section[GLC_IMG_GROUPS].ptr;
    for (uint64_t i = 0; i < img->section[GLC_IMG_GROUPS].n; i++) {
        glc_buf_puts(out, "group");
        for (uint32_t c = 0; c < GLC_CLASSES; c++)
            if ((g[i].classes >> c & 1) != 0)
                glc_buf_printf(out, " %s", glc_class_name((enum glc_class)c));
        if (g[i].gate != GLC_IMG_NONE)
            glc_buf_puts(out, ", beginning as most gates ask");
        const struct glc_img_always *a =
            glc_image_run(img, GLC_IMG_ALWAYS, g[i].always, g[i].always_n, sizeof *a);
        uint64_t rules = 0;
        for (uint32_t k = 0; a != NULL && k < g[i].always_n; k++)
            rules += a[k].rules;
        glc_buf_printf(out, "\n  judged always: %" PRIu64 " rules behind %u guards\n", rules, g[i].always_n);
        for (int s = 0; s < GLC_MAPS; s++) {
            if (g[i].bits[s] == 0 || g[i].bits[s] > 30)
                continue;
            uint64_t bytes = (UINT64_C(1) << g[i].bits[s]) / 8, set = 0;
            const uint8_t *bit = glc_image_run(img, GLC_IMG_BITMAPS, g[i].bitmap[s], bytes, 1);
            for (uint64_t k = 0; bit != NULL && k < bytes; k++)
                set += (uint64_t)__builtin_popcount(bit[k]);
            glc_buf_printf(out, "  %s: bitmap of %" PRIu64 " KiB, %.2f %% full\n", map[s], bytes / 1024,
                           100.0 * (double)set / (double)(bytes * 8));
        }
    }
}

static void dump_rules(const struct glc_image *img, struct glc_buf *out)
{
    for (uint32_t i = 0; i < img->rules; i++) {
        struct glc_rule_info info;
        const struct glc_img_rule *r = glc_image_at(img, GLC_IMG_RULES, i, sizeof *r);
        if (r == NULL || glc_image_rule(img, i, &info) != GLC_OK) {
            glc_buf_printf(out, "rule %u: damaged\n", i);
            continue;
        }
        glc_buf_printf(out, "rule %.*s:%.*s%s%s patterns %u%s classes %06x\n", (int)info.space.len,
                       (const char *)info.space.ptr, (int)info.name.len, (const char *)info.name.ptr,
                       info.is_global ? " global" : "", info.is_private ? " private" : "", info.patterns,
                       (r->flags & GLC_IMG_WITNESSED) != 0 ? "" : " judged-always", r->classes);
    }
}

void glc_image_dump(const struct glc_image *img, struct glc_buf *out)
{
    glc_buf_printf(
        out, "image version %u, %" PRIu64 " bytes, %u rules, %" PRIu64 " hashes, modules %016" PRIx64 "\n",
        img->head->version, img->head->size, img->rules, img->head->hashes, img->head->modules);
    for (int i = 0; i < GLC_IMG_SECTIONS; i++)
        if (img->section[i].len != 0)
            glc_buf_printf(out, "section %-10s %10" PRIu64 " records %12" PRIu64 " bytes\n", names[i],
                           img->section[i].n, img->section[i].len);
    dump_groups(img, out);
    dump_rules(img, out);
}
