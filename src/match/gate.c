/* Which rules a layer concerns: class, size, first bytes. Asked once for each rule that comes up. */
#include "base/cursor.h"
#include "match/matcher.h"

static bool first_bytes_fit(const struct glc_matcher *m, const struct glc_img_gate *g)
{
    uint32_t v = 0;
    if (m->data.len < g->need)
        return false;
    if (m->data.len >= 4)
        v = glc_le32(m->data.ptr);
    for (size_t i = 0; i < m->data.len && m->data.len < 4; i++)
        v |= (uint32_t)m->data.ptr[i] << 8 * i;
    for (uint32_t i = 0; i < g->n && i < GLC_IMG_GATE_MOST; i++)
        if ((v & g->mask[i]) == g->value[i])
            return true;
    return false;
}

bool glc_matcher_gate_open(const struct glc_matcher *m, uint32_t gate)
{
    if (gate == GLC_IMG_NONE)
        return true;
    const struct glc_img_gate *g = glc_image_at(m->img, GLC_IMG_GATES, gate, sizeof *g);
    return g != NULL && (m->data.len == 0 ? g->need == 0 : first_bytes_fit(m, g));
}

static bool concerned(const struct glc_matcher *m, const struct glc_img_rule *r)
{
    if (m->layer->region != NULL) /* it has no size and no first byte: the condition says */
        return true;
    if ((r->classes & GLC_CLASS_BIT(m->layer->cls)) == 0 || m->data.len < r->size_min ||
        m->data.len > r->size_max)
        return false;
    return glc_matcher_gate_open(m, r->gate);
}

uint8_t glc_matcher_gate(struct glc_matcher *m, uint32_t rule)
{
    const struct glc_img_rule *r = glc_image_at(m->img, GLC_IMG_RULES, rule, sizeof *r);
    if (r == NULL) {
        m->corrupt = true;
        return GLC_RULE_DEAD;
    }
    uint8_t s = m->rule_state[rule];
    if (s == GLC_RULE_UNKNOWN) {
        s = concerned(m, r) ? GLC_RULE_LIVE : GLC_RULE_DEAD;
        m->rule_state[rule] = s;
        m->changed[m->changes++] = rule;
    }
    return s;
}

void glc_matcher_touch(struct glc_matcher *m, uint32_t rule)
{
    if (glc_matcher_gate(m, rule) == GLC_RULE_LIVE) {
        m->rule_state[rule] = GLC_RULE_TOUCHED;
        m->judge[m->judges++] = rule;
    }
}
