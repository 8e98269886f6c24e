/* Patterns that matter at one place only.
 *
 * YARA records a string whose every use in the condition is `at` the same constant at that place and nowhere
 * else, so that is all that `yara -s` shows of it; as soon as the condition asks for it in any other way, all
 * of its occurrences are shown. Learnt from yara 4.2.3; the verdict is the same either way. */
#include "compile/build.h"

enum { DEPTH_MOST = 512 };

static void ask(struct glc_place *p, bool constant, int64_t at)
{
    bool same = constant && (p->asked == GLC_NOT_ASKED || (p->asked == GLC_ASKED_THERE && p->at == at));
    p->asked = same ? GLC_ASKED_THERE : GLC_ASKED_ANYWHERE;
    p->at = at;
}

static void walk(const struct glc_expr *x, struct glc_place *place, uint32_t patterns, unsigned depth)
{
    bool too_deep = depth > DEPTH_MOST; /* what is below is not known: nothing is left out */
    for (uint32_t i = 0; too_deep && i < patterns; i++)
        ask(&place[i], false, 0);
    if (too_deep || x == NULL)
        return;
    switch ((unsigned)x->op) {
    case GLC_X_FOUND_AT:
        if (x->index < patterns)
            ask(&place[x->index],
                x->kid[0] != NULL && x->kid[0]->op == GLC_X_INT && x->kid[0]->u.integer >= 0,
                x->kid[0] != NULL && x->kid[0]->op == GLC_X_INT ? x->kid[0]->u.integer : 0);
        break;
    case GLC_X_FOUND:
    case GLC_X_FOUND_IN:
    case GLC_X_COUNT:
    case GLC_X_COUNT_IN:
    case GLC_X_OFFSET:
    case GLC_X_LENGTH:
        if (x->index < patterns)
            ask(&place[x->index], false, 0);
        break;
    case GLC_X_OF:
    case GLC_X_OF_AT:
    case GLC_X_OF_IN:
    case GLC_X_FOR_OF:
        for (uint32_t i = 0; i < x->u.of.n; i++)
            if (x->u.of.set[i] < patterns)
                ask(&place[x->u.of.set[i]], false, 0);
        break;
    default:
        break;
    }
    for (uint32_t i = 0; i < x->kids; i++)
        walk(x->kid[i], place, patterns, depth + 1);
}

void glc_build_places(const struct glc_rule *r, struct glc_place *place)
{
    for (uint32_t i = 0; i < r->patterns; i++)
        place[i] = (struct glc_place){ .asked = GLC_NOT_ASKED };
    walk(r->condition, place, r->patterns, 0);
}
