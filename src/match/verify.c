/* From "its window stands here" to "its pattern occurs here". */
#include "match/matcher.h"

bool glc_masked_equal(const uint8_t *data, const uint8_t *value, const uint8_t *mask, size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t d, v, k;
        memcpy(&d, data + i, 8);
        memcpy(&v, value + i, 8);
        memcpy(&k, mask + i, 8);
        if ((d & k) != v)
            return false;
    }
    for (; i < n; i++)
        if ((data[i] & mask[i]) != value[i])
            return false;
    return true;
}

bool glc_matcher_atom_at(const struct glc_matcher *m, const struct glc_img_atom *atom, uint64_t at)
{
    if (at > m->data.len || atom->len > m->data.len - at)
        return false;
    const uint8_t *mask, *value = glc_image_atom(m->img, atom, &mask);
    if (value == NULL)
        return false;
    return mask == NULL ? memcmp(m->data.ptr + at, value, atom->len) == 0
                        : glc_masked_equal(m->data.ptr + at, value, mask, atom->len);
}

/* fullword: the neighbours are not alphanumeric; for wide variants a neighbour is a character and a zero. */
bool glc_matcher_fullword(const struct glc_matcher *m, const struct glc_img_variant *v, uint64_t start,
                          uint64_t len)
{
    const uint8_t *d = m->data.ptr;
    uint8_t key = (v->flags & GLC_IMG_THROUGH) != 0 ? v->key : 0;
    uint64_t end = start + len, size = m->data.len;
    if ((v->flags & GLC_IMG_WIDE) != 0)
        return !(start >= 2 && (d[start - 1] ^ key) == 0 && glc_ascii_isalnum(d[start - 2] ^ key)) &&
               !(end + 1 < size && (d[end + 1] ^ key) == 0 && glc_ascii_isalnum(d[end] ^ key));
    return !(start >= 1 && glc_ascii_isalnum(d[start - 1] ^ key)) &&
           !(end < size && glc_ascii_isalnum(d[end] ^ key));
}

static bool base_of(const struct glc_matcher *m, const struct glc_img_pattern *p, uint64_t *base)
{
    const struct glc_facts *f = &m->layer->facts;
    uint32_t section = p->anchor == GLC_FROM_LAST_SECTION ? f->sections - 1 : p->section;
    switch ((enum glc_anchor_kind)p->anchor) {
    case GLC_ANYWHERE:
    case GLC_FROM_START:
        *base = 0;
        return true;
    case GLC_FROM_END:
        *base = m->data.len;
        return true;
    case GLC_FROM_ENTRY:
        *base = f->entry;
        return f->entry != GLC_NO_OFFSET;
    case GLC_FROM_ENTRYPOINT:
        *base = f->entrypoint;
        return f->entrypoint != GLC_NO_OFFSET;
    case GLC_FROM_SECTION:
    case GLC_FROM_LAST_SECTION:
    case GLC_IN_SECTION:
        if (f->sections == 0 || section >= f->sections)
            return false;
        *base = f->section[section].offset;
        return true;
    case GLC_IN_VERSION_INFO:
        *base = f->version_info;
        return f->version_info != GLC_NO_OFFSET;
    }
    return false;
}

bool glc_matcher_range(const struct glc_matcher *m, const struct glc_img_pattern *p, uint64_t *lo,
                       uint64_t *hi)
{
    uint64_t size = m->data.len, base, span = (uint64_t)p->shift + 1;
    if (!base_of(m, p, &base) || base > size)
        return false;
    if (p->anchor == GLC_ANYWHERE) {
        span = size;
    } else if (p->anchor == GLC_IN_SECTION) {
        span = m->layer->facts.section[p->section].size; /* its end included, as ClamAV has it */
        span += span != UINT64_MAX;
    } else if (p->anchor == GLC_IN_VERSION_INFO) {
        span = m->layer->facts.version_info_size;
    } else {
        int64_t at;
        int64_t offset = p->anchor == GLC_FROM_END ? -p->offset : p->offset;
        if (__builtin_add_overflow((int64_t)base, offset, &at) || at < 0)
            return false;
        base = (uint64_t)at;
    }
    if (base >= size)
        return false;
    *lo = base;
    *hi = span < size - base ? base + span : size;
    return true;
}

/* The full word among the matches at one start. */
struct word {
    const struct glc_matcher *m;
    const struct glc_img_variant *v;
    uint64_t start, len; /* len 0: none yet */
    bool longest;
};

static bool each_end(void *to, uint64_t end)
{
    struct word *w = to;
    if (end > w->start && glc_matcher_fullword(w->m, w->v, w->start, end - w->start))
        w->len = end - w->start;
    return w->len == 0 || w->longest;
}

/* A full word of any length at `start`, for patterns with GLC_IMG_ANY_WORD. */
static enum glc_err any_word_at(struct glc_matcher *m, const struct glc_img_pattern *p,
                                const struct glc_img_variant *v, struct glc_span code, uint64_t start,
                                bool *found, uint64_t *len)
{
    struct glc_re_input in = { .data = m->data, .scratch = m->re, .steps = &m->steps };
    struct word w = { .m = m, .v = v, .start = start, .longest = (p->flags & GLC_IMG_LONGEST) != 0 };
    enum glc_err e = glc_re_all(&in, code, start, each_end, &w);
    *found = w.len != 0;
    *len = w.len;
    return e;
}

enum glc_err glc_matcher_variant_at(struct glc_matcher *m, const struct glc_img_pattern *p,
                                    const struct glc_img_variant *v, uint64_t start, bool *found,
                                    uint64_t *len)
{
    bool hit = false;
    uint64_t n = 0;
    if ((v->flags & GLC_IMG_PCRE) != 0) {
        hit = false; /* nothing asks whether one stands at a given place */
    } else if ((v->flags & GLC_IMG_REGEX) == 0) {
        const struct glc_img_atom *atom = glc_image_at(m->img, GLC_IMG_ATOMS, v->atom, sizeof *atom);
        if (atom == NULL)
            return GLC_CORRUPT;
        hit = glc_matcher_atom_at(m, atom, start);
        n = atom->len;
    } else {
        const uint8_t *code = glc_image_run(m->img, GLC_IMG_CODE, v->code, v->code_len, 1);
        struct glc_re_input in = { .data = m->data, .scratch = m->re, .steps = &m->steps };
        uint64_t end = 0;
        if (code == NULL)
            return GLC_CORRUPT;
        if ((p->flags & GLC_IMG_ANY_WORD) != 0 && (v->flags & GLC_IMG_FULLWORD) != 0)
            return any_word_at(m, p, v, glc_span(code, v->code_len), start, found, len);
        enum glc_err e =
            glc_re_at(&in, glc_span(code, v->code_len), start,
                      (p->flags & GLC_IMG_LONGEST) != 0 ? GLC_LONGEST : GLC_SHORTEST, &hit, &end);
        if (e != GLC_OK)
            return e;
        n = hit ? end - start : 0;
    }
    *found = hit && n != 0 && ((v->flags & GLC_IMG_FULLWORD) == 0 || glc_matcher_fullword(m, v, start, n));
    *len = n;
    return GLC_OK;
}

static bool is_quiet(const struct glc_img_ref *ref, const struct glc_img_pattern *p)
{
    return (p->flags & GLC_IMG_QUIET) != 0 && p->rule == ref->rule;
}

static void see(struct glc_matcher *m, const struct glc_img_ref *ref, const struct glc_img_pattern *p,
                uint8_t how)
{
    if (m->seen[ref->pattern] == GLC_NOT_SEEN)
        m->seen_list[m->seens++] = ref->pattern;
    if (m->seen[ref->pattern] != GLC_SEEN)
        m->seen[ref->pattern] = how;
    if (!is_quiet(ref, p))
        glc_matcher_touch(m, ref->rule);
    if (m->cost != NULL)
        m->cost[ref->rule].confirmed++;
}

void glc_matcher_suspect(struct glc_matcher *m, const struct glc_img_ref *ref)
{
    const struct glc_img_pattern *p = glc_image_at(m->img, GLC_IMG_PATTERNS, ref->pattern, sizeof *p);
    if (ref->rule >= m->img->rules || p == NULL)
        m->corrupt = true;
    else if (glc_matcher_gate(m, ref->rule) != GLC_RULE_DEAD && m->seen[ref->pattern] == GLC_NOT_SEEN)
        see(m, ref, p, GLC_MAYBE_SEEN);
}

void glc_matcher_confirm(struct glc_matcher *m, const struct glc_img_ref *ref, uint64_t window)
{
    if (ref->rule >= m->img->rules || ref->pattern >= m->img->section[GLC_IMG_PATTERNS].n) {
        m->corrupt = true;
        return;
    }
    uint8_t state = m->rule_state[ref->rule];
    if (state == GLC_RULE_UNKNOWN)
        state = glc_matcher_gate(m, ref->rule);
    if (state == GLC_RULE_DEAD || (m->seen[ref->pattern] != GLC_NOT_SEEN && state == GLC_RULE_TOUCHED))
        return;
    const struct glc_img_pattern *p = glc_image_at(m->img, GLC_IMG_PATTERNS, ref->pattern, sizeof *p);
    if (m->seen[ref->pattern] != GLC_NOT_SEEN && is_quiet(ref, p))
        return;
    if (m->cost != NULL)
        m->cost[ref->rule].candidates++;
    const struct glc_img_atom *atom = glc_image_at(m->img, GLC_IMG_ATOMS, ref->atom, sizeof *atom);
    if (atom == NULL) {
        m->corrupt = true;
        return;
    }
    uint64_t at = window - (uint64_t)(int64_t)ref->at; /* may wrap: then it is past the end */
    if (!glc_matcher_atom_at(m, atom, at))
        return;
    const struct glc_img_variant *v = glc_image_at(m->img, GLC_IMG_VARIANTS, atom->variant, sizeof *v);
    if (v == NULL) {
        m->corrupt = true;
        return;
    }
    if (atom->near != atom->far) {
        see(m, ref, p, GLC_MAYBE_SEEN);
        return;
    }
    uint64_t lo, hi, len;
    bool found;
    if (at < atom->near || !glc_matcher_range(m, p, &lo, &hi) || at - atom->near < lo ||
        at - atom->near >= hi)
        return;
    enum glc_err e = glc_matcher_variant_at(m, p, v, at - atom->near, &found, &len);
    m->corrupt = m->corrupt || e == GLC_CORRUPT;
    if (e != GLC_OK || found)
        see(m, ref, p, e == GLC_OK ? GLC_SEEN : GLC_MAYBE_SEEN);
}
