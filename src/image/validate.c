/* Walk a whole image once, where it is installed: checksums, and every index and run that the matcher will
 * follow. The matcher does not rely on it. */
#include "image/view.h"

struct walk {
    const struct glc_image *img;
    struct glc_error *err;
};

static bool string_ok(const struct walk *w, uint32_t off)
{
    struct glc_span s;
    return glc_image_string(w->img, off, &s);
}

static bool run_ok(const struct walk *w, enum glc_img_section_id id, uint64_t first, uint64_t n)
{
    return first <= w->img->section[id].n && n <= w->img->section[id].n - first;
}

static bool rules_ok(const struct walk *w)
{
    const struct glc_img_rule *r = (const void *)w->img->section[GLC_IMG_RULES].ptr;
    uint64_t named = 0;
    for (uint64_t i = 0; i < w->img->rules; i++, r++) {
        named |= r->classes != GLC_CLASS_ALL ? r->classes : 0;
        if (!string_ok(w, r->name) || !string_ok(w, r->space_name) || !string_ok(w, r->file) ||
            !run_ok(w, GLC_IMG_PATTERNS, r->pattern, r->patterns) ||
            !run_ok(w, GLC_IMG_LISTS, r->tag, r->tags) || !run_ok(w, GLC_IMG_METAS, r->meta, r->metas) ||
            !run_ok(w, GLC_IMG_CODE, r->code, r->code_len) ||
            !run_ok(w, GLC_IMG_CODE, r->notes, r->notes_len) || !run_ok(w, GLC_IMG_SPACES, r->space, 1) ||
            (r->gate != GLC_IMG_NONE && !run_ok(w, GLC_IMG_GATES, r->gate, 1)) || r->zero != 0)
            return false;
        const uint32_t *tag = (const uint32_t *)(const void *)w->img->section[GLC_IMG_LISTS].ptr + r->tag;
        for (uint32_t k = 0; k < r->tags; k++)
            if (!string_ok(w, tag[k]))
                return false;
    }
    return named == w->img->head->classes;
}

static bool patterns_ok(const struct walk *w)
{
    const struct glc_image *img = w->img;
    const struct glc_img_pattern *p = (const void *)img->section[GLC_IMG_PATTERNS].ptr;
    for (uint64_t i = 0; i < img->section[GLC_IMG_PATTERNS].n; i++)
        if (!string_ok(w, p[i].id) || p[i].rule >= img->rules || p[i].anchor > GLC_IN_VERSION_INFO ||
            !run_ok(w, GLC_IMG_VARIANTS, p[i].variant, p[i].variants))
            return false;
    const struct glc_img_variant *v = (const void *)img->section[GLC_IMG_VARIANTS].ptr;
    for (uint64_t i = 0; i < img->section[GLC_IMG_VARIANTS].n; i++) {
        bool regex = (v[i].flags & (GLC_IMG_REGEX | GLC_IMG_PCRE)) != 0;
        if (!run_ok(w, GLC_IMG_CODE, v[i].code, v[i].code_len) ||
            !run_ok(w, GLC_IMG_CODE, v[i].back, v[i].back_len) ||
            !run_ok(w, GLC_IMG_ATOMS, v[i].atom, v[i].atoms) || (!regex && v[i].atoms != 1) ||
            ((v[i].flags & GLC_IMG_PCRE) != 0 && v[i].code_len < 4) ||
            v[i].pattern >= img->section[GLC_IMG_PATTERNS].n)
            return false;
    }
    const struct glc_img_atom *a = (const void *)img->section[GLC_IMG_ATOMS].ptr;
    for (uint64_t i = 0; i < img->section[GLC_IMG_ATOMS].n; i++)
        if (a[i].len == 0 || a[i].exact > 1 ||
            !run_ok(w, GLC_IMG_BYTES, a[i].bytes, (uint64_t)a[i].len * (a[i].exact != 0 ? 1 : 2)) ||
            a[i].variant >= img->section[GLC_IMG_VARIANTS].n || a[i].near > a[i].far)
            return false;
    return true;
}

static bool filter_ok(const struct walk *w)
{
    const struct glc_image *img = w->img;
    const struct glc_img_window *win = (const void *)img->section[GLC_IMG_WINDOWS].ptr;
    for (uint64_t i = 0; i < img->section[GLC_IMG_WINDOWS].n; i++)
        if (!run_ok(w, GLC_IMG_REFS, win[i].ref, win[i].refs) || win[i].near < -8 || win[i].near > 8 ||
            win[i].zero != 0)
            return false;
    const struct glc_img_ref *ref = (const void *)img->section[GLC_IMG_REFS].ptr;
    const struct glc_img_atom *atom = (const void *)img->section[GLC_IMG_ATOMS].ptr;
    for (uint64_t i = 0; i < img->section[GLC_IMG_REFS].n; i++)
        if (ref[i].rule >= img->rules || ref[i].pattern >= img->section[GLC_IMG_PATTERNS].n ||
            ref[i].atom >= img->section[GLC_IMG_ATOMS].n || ref[i].at < -8 ||
            ref[i].at >= (int64_t)atom[ref[i].atom].len)
            return false;
    const struct glc_img_bucket *b = (const void *)img->section[GLC_IMG_BUCKETS].ptr;
    for (uint64_t i = 0; i < img->section[GLC_IMG_BUCKETS].n; i++) {
        if (b[i].n > GLC_IMG_BUCKET_ROOM)
            return false;
        for (uint32_t k = 0; k < b[i].n; k++)
            if (b[i].window[k] >= img->section[GLC_IMG_WINDOWS].n)
                return false;
    }
    const struct glc_img_anchor *a = (const void *)img->section[GLC_IMG_ANCHORS].ptr;
    for (uint64_t i = 0; i < img->section[GLC_IMG_ANCHORS].n; i++)
        if (!run_ok(w, GLC_IMG_KEYS, a[i].key, a[i].keys) ||
            (a[i].width != 1 && a[i].width != 2 && a[i].width != 4))
            return false;
    const struct glc_img_key *key = (const void *)img->section[GLC_IMG_KEYS].ptr;
    for (uint64_t i = 0; i < img->section[GLC_IMG_KEYS].n; i++)
        if (!run_ok(w, GLC_IMG_REFS, key[i].ref, key[i].refs))
            return false;
    return true;
}

static bool groups_ok(const struct walk *w)
{
    const struct glc_image *img = w->img;
    const struct glc_img_always *a = (const void *)img->section[GLC_IMG_ALWAYS].ptr;
    for (uint64_t i = 0; i < img->section[GLC_IMG_ALWAYS].n; i++) {
        if (!run_ok(w, GLC_IMG_LISTS, a[i].rule, a[i].rules) ||
            !run_ok(w, GLC_IMG_CODE, a[i].guard, a[i].guard_len) ||
            (a[i].gate != GLC_IMG_NONE && !run_ok(w, GLC_IMG_GATES, a[i].gate, 1)))
            return false;
        const uint32_t *rule = (const uint32_t *)(const void *)img->section[GLC_IMG_LISTS].ptr + a[i].rule;
        for (uint32_t k = 0; k < a[i].rules; k++)
            if (rule[k] >= img->rules)
                return false;
    }
    const struct glc_img_group *g = (const void *)img->section[GLC_IMG_GROUPS].ptr;
    uint32_t seen = 0, gated = 0; /* a class has one group, and before it perhaps one behind a gate */
    for (uint64_t i = 0; i < img->section[GLC_IMG_GROUPS].n; i++) {
        uint32_t *of = g[i].gate == GLC_IMG_NONE ? &seen : &gated;
        if (((seen | *of) & g[i].classes) != 0 || !run_ok(w, GLC_IMG_ALWAYS, g[i].always, g[i].always_n) ||
            (g[i].gate != GLC_IMG_NONE && !run_ok(w, GLC_IMG_GATES, g[i].gate, 1)))
            return false;
        *of |= g[i].classes;
        for (int s = 0; s < GLC_MAPS; s++)
            if (g[i].bits[s] != 0 &&
                (g[i].bits[s] < 6 || g[i].bits[s] > 30 ||
                 !run_ok(w, GLC_IMG_BITMAPS, g[i].bitmap[s], (UINT64_C(1) << g[i].bits[s]) / 8)))
                return false;
    }
    return true;
}

static bool metas_ok(const struct walk *w)
{
    const struct glc_image *img = w->img;
    const struct glc_img_meta *m = (const void *)img->section[GLC_IMG_METAS].ptr;
    for (uint64_t i = 0; i < img->section[GLC_IMG_METAS].n; i++)
        if (!string_ok(w, m[i].key) || m[i].type > GLC_T_STRING ||
            (m[i].type == GLC_T_STRING && (m[i].value > UINT32_MAX || !string_ok(w, (uint32_t)m[i].value))))
            return false;
    const struct glc_img_external *x = (const void *)img->section[GLC_IMG_EXTERNALS].ptr;
    for (uint64_t i = 0; i < img->section[GLC_IMG_EXTERNALS].n; i++)
        if (!string_ok(w, x[i].name) || x[i].type > GLC_T_STRING ||
            (x[i].type == GLC_T_STRING && (x[i].value > UINT32_MAX || !string_ok(w, (uint32_t)x[i].value))))
            return false;
    const struct glc_img_space *s = (const void *)img->section[GLC_IMG_SPACES].ptr;
    for (uint64_t i = 0; i < img->section[GLC_IMG_SPACES].n; i++)
        if (!string_ok(w, s[i].name) || !run_ok(w, GLC_IMG_LISTS, s[i].global, s[i].globals))
            return false;
    return true;
}

static bool column_ok(const struct glc_image *img, uint64_t off, uint64_t n, uint64_t width)
{
    uint64_t room = img->section[GLC_IMG_HASH_DATA].len;
    return off <= room && n <= (room - off) / width;
}

static bool hashes_ok(const struct walk *w)
{
    const struct glc_image *img = w->img;
    const struct glc_img_hashes *t = (const void *)img->section[GLC_IMG_HASHES].ptr;
    uint64_t first = 0;
    for (uint64_t i = 0; i < img->section[GLC_IMG_HASHES].n; i++, t++) {
        if (t->alg >= GLC_DIGEST_ALGS || t->of > 2 || t->kind > GLC_IMG_BIG || t->shift > 31 ||
            t->first != first || !column_ok(img, t->dir, t->dirs, 4) || !column_ok(img, t->names, t->n, 4) ||
            !column_ok(img, t->digests, t->n, glc_digest_len((enum glc_digest_alg)t->alg)) ||
            (t->kind != GLC_IMG_ANY && !column_ok(img, t->sizes, t->n, t->kind == GLC_IMG_BIG ? 8 : 4)))
            return false;
        const uint8_t *dir = img->section[GLC_IMG_HASH_DATA].ptr + t->dir;
        uint32_t last = 0, at;
        for (uint64_t k = 0; k < t->dirs; k++, last = at) {
            memcpy(&at, dir + 4 * k, 4);
            if (at < last || at > t->n)
                return false;
        }
        first += t->n;
    }
    return first == img->head->hashes;
}

enum glc_err glc_image_validate(const struct glc_image *img, struct glc_error *err)
{
    static const struct {
        bool (*ok)(const struct walk *);
        const char *msg;
    } checks[] = {
        { rules_ok, "rules damaged" },          { patterns_ok, "patterns damaged" },
        { filter_ok, "filter tables damaged" }, { groups_ok, "groups damaged" },
        { metas_ok, "metadata damaged" },       { hashes_ok, "hash tables damaged" },
    };
    struct walk w = { img, err };
    const struct glc_img_section *table = (const void *)(img->bytes.ptr + sizeof *img->head);
    for (uint32_t i = 0; i < GLC_IMG_SECTIONS; i++)
        if (glc_img_sum(glc_span(img->section[i].ptr, img->section[i].len)) != table[i].sum)
            return glc_err_set(err, GLC_CORRUPT, "checksum of a section is wrong", table[i].off);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (!checks[i].ok(&w))
            return glc_err_set(err, GLC_CORRUPT, checks[i].msg, 0);
    return GLC_OK;
}
