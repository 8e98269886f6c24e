/* Variants of masked bytes: sought one by one, or where only their number is asked for counted 32 places at a
 * time. */
#include "match/gather.h"
#include "match/matcher.h"

bool glc_gather_plain(struct glc_gather *g, const struct glc_img_variant *v)
{
    const struct glc_img_atom *atom = glc_image_at(g->m->img, GLC_IMG_ATOMS, v->atom, sizeof *atom);
    if (atom == NULL) {
        g->err = GLC_CORRUPT;
        return false;
    }
    for (uint64_t at = g->lo; at < g->hi; at++) {
        uint64_t cost = 0, next = glc_matcher_seek(g->m, atom, at, g->hi, &cost);
        if (!glc_gather_spend(g, cost + 4))
            return false;
        if (next == UINT64_MAX)
            return true;
        at = next;
        bool word = (v->flags & GLC_IMG_FULLWORD) == 0 || glc_matcher_fullword(g->m, v, at, atom->len);
        if (word && !glc_gather_keep(g, v, at, atom->len))
            return false;
    }
    return true;
}

/* Can two of the variants never start at the same place? */
static bool are_apart(const struct glc_gather *g)
{
    enum { MOST = 16, LOOKED_AT = 64 };
    if (g->p->variants > MOST)
        return false;
    for (uint32_t i = 1; i < g->p->variants; i++) {
        const struct glc_img_atom *a = glc_image_at(g->m->img, GLC_IMG_ATOMS, g->v[i].atom, sizeof *a);
        const uint8_t *ma, *mb, *va = a != NULL ? glc_image_atom(g->m->img, a, &ma) : NULL;
        for (uint32_t j = 0; j < i; j++) {
            const struct glc_img_atom *b = glc_image_at(g->m->img, GLC_IMG_ATOMS, g->v[j].atom, sizeof *b);
            const uint8_t *vb = b != NULL ? glc_image_atom(g->m->img, b, &mb) : NULL;
            bool apart = false;
            if (va == NULL || vb == NULL)
                return false;
            for (uint32_t k = 0; k < a->len && k < b->len && k < LOOKED_AT && !apart; k++)
                apart = ((va[k] ^ vb[k]) & (ma != NULL ? ma[k] : 0xff) & (mb != NULL ? mb[k] : 0xff)) != 0;
            if (!apart)
                return false;
        }
    }
    return true;
}

/* Are the variants one text under different keys? Then no two stand in one place, and one walk counts all. */
static bool is_xored(const struct glc_gather *g, struct glc_xored *out)
{
    enum { FEW = 4 };
    *out = (struct glc_xored){ .len = 0 };
    for (uint32_t i = 0; i < g->p->variants && g->p->variants >= FEW; i++) {
        const struct glc_img_atom *a = glc_image_at(g->m->img, GLC_IMG_ATOMS, g->v[i].atom, sizeof *a);
        const uint8_t *mask, *value = a != NULL ? glc_image_atom(g->m->img, a, &mask) : NULL;
        uint8_t key = g->v[i].key;
        if (value == NULL || mask != NULL || a->len > GLC_XORED_MOST || (i != 0 && a->len != out->len) ||
            (g->v[i].flags & (GLC_IMG_XORED | GLC_IMG_FULLWORD)) != GLC_IMG_XORED || out->key[key])
            return false;
        out->len = a->len;
        out->key[key] = true;
        for (uint32_t k = 0; k < a->len; k++) {
            if (i != 0 && out->text[k] != (value[k] ^ key))
                return false;
            out->text[k] = value[k] ^ key;
        }
    }
    return out->len >= 2;
}

void glc_gather_count_plain(struct glc_gather *g, bool *able)
{
    struct glc_xored x;
    if (is_xored(g, &x)) {
        uint64_t cost = 0;
        *able = true;
        g->count = glc_matcher_tally_xored(g->m, &x, g->lo, g->hi, g->enough, &cost);
        (void)glc_gather_spend(g, cost + 4);
        return;
    }
    *able = are_apart(g);
    for (uint32_t i = 0; i < g->p->variants; i++)
        *able = *able && (g->v[i].flags & GLC_IMG_FULLWORD) == 0;
    for (uint32_t i = 0; i < g->p->variants && *able && g->err == GLC_OK; i++) {
        const struct glc_img_atom *atom = glc_image_at(g->m->img, GLC_IMG_ATOMS, g->v[i].atom, sizeof *atom);
        uint64_t cost = 0;
        g->count += glc_matcher_tally(g->m, atom, g->lo, g->hi, g->enough - g->count, &cost);
        if (!glc_gather_spend(g, cost + 4) || g->count >= g->enough)
            return;
    }
}
