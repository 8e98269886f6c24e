/* Why a rule matched or not, as text. */
#include <inttypes.h>

#include "match/matcher.h"

enum { SHOWN = 5, AROUND = 8, BYTES_SHOWN = 32 };

static void show_bytes(const struct glc_matcher *m, uint64_t from, uint64_t to, struct glc_buf *out)
{
    for (uint64_t i = from; i < to && i < m->data.len; i++)
        glc_buf_printf(out, "%02x", m->data.ptr[i]);
}

static void show_text(const struct glc_matcher *m, uint64_t from, uint64_t to, struct glc_buf *out)
{
    for (uint64_t i = from; i < to && i < m->data.len; i++)
        glc_buf_u8(out, m->data.ptr[i] >= 0x20 && m->data.ptr[i] < 0x7f ? m->data.ptr[i] : '.');
}

static void show_occurrence(const struct glc_matcher *m, const struct glc_occurrence *o, struct glc_buf *out)
{
    uint64_t from = o->offset > AROUND ? o->offset - AROUND : 0;
    uint64_t shown = o->length < BYTES_SHOWN ? o->length : BYTES_SHOWN, end = o->offset + shown;
    glc_buf_printf(out, "    at 0x%" PRIx64 " length %" PRIu64 ": ", o->offset, o->length);
    show_bytes(m, from, o->offset, out);
    glc_buf_u8(out, '[');
    show_bytes(m, o->offset, end, out);
    glc_buf_puts(out, shown < o->length ? "…]" : "]");
    show_bytes(m, end, end + AROUND, out);
    glc_buf_puts(out, "  ");
    show_text(m, from, end + AROUND, out);
    if (o->xored)
        glc_buf_printf(out, "  (xor 0x%02x)", o->key);
    glc_buf_u8(out, '\n');
}

static enum glc_err show_pattern(struct glc_matcher *m, const struct glc_img_rule *r, uint32_t p,
                                 struct glc_buf *out)
{
    struct glc_pattern_info info;
    const struct glc_slot *s;
    enum glc_err e = glc_image_pattern(m->img, m->rule, p, &info);
    if (e != GLC_OK)
        return e;
    m->steps = glc_matcher_budget(m);
    e = glc_matcher_list(m, r->pattern + p, true, &s);
    glc_buf_printf(out, "  %.*s: ", (int)info.id.len, (const char *)info.id.ptr);
    if (e == GLC_LIMIT) {
        glc_buf_puts(out, "out of budget\n");
        return GLC_OK;
    }
    if (e != GLC_OK)
        return e;
    if (s->n == 0)
        glc_buf_puts(out, "not found\n");
    else
        glc_buf_printf(out, "%" PRIu64 " occurrence%s\n", s->n + s->cut, s->n + s->cut == 1 ? "" : "s");
    for (uint64_t i = 0; i < s->n && i < SHOWN; i++)
        show_occurrence(m, &s->list[i], out);
    if (s->n > SHOWN)
        glc_buf_puts(out, "    …\n");
    return GLC_OK;
}

/* Why a rule is not even looked at, or NULL. */
static const char *closed(const struct glc_matcher *m, const struct glc_img_rule *r)
{
    if ((r->classes & GLC_CLASS_BIT(m->layer->cls)) == 0)
        return "it does not concern layers of this class";
    if (m->data.len < r->size_min || m->data.len > r->size_max)
        return "its condition asks for another size";
    return "its condition asks for other first bytes";
}

enum glc_err glc_matcher_explain(struct glc_matcher *m, uint32_t rule, const struct glc_layer *layer,
                                 struct glc_buf *out)
{
    static const char *const says[] = { "not touched: none of the patterns that it needs occurs",
                                        "not looked at",
                                        "not touched: none of the patterns that it needs occurs",
                                        "not judged",
                                        "does not match",
                                        "matches" };
    struct glc_rule_info info;
    enum glc_err e = glc_image_rule(m->img, rule, &info);
    if (e != GLC_OK)
        return e;
    if (m->layer != layer)
        return GLC_BUG;
    glc_buf_printf(out, "rule %.*s", (int)info.name.len, (const char *)info.name.ptr);
    if (rule >= m->img->rules) {
        glc_buf_puts(out, ": a hash signature\n");
        return GLC_OK;
    }
    const struct glc_img_rule *r = glc_image_at(m->img, GLC_IMG_RULES, rule, sizeof *r);
    (void)glc_matcher_gate(m, rule);
    uint8_t state = m->rule_state[rule];
    glc_buf_printf(out, ": %s", says[state]);
    if (state == GLC_RULE_DEAD)
        glc_buf_printf(out, ": %s", closed(m, r));
    glc_buf_puts(out, "\n");
    m->rule = rule;
    for (uint32_t p = 0; p < r->patterns; p++) {
        e = show_pattern(m, r, p, out);
        if (e != GLC_OK)
            return e;
    }
    const uint8_t *notes = glc_image_run(m->img, GLC_IMG_CODE, r->notes, r->notes_len, 1);
    if (notes == NULL)
        return GLC_CORRUPT;
    if (r->notes_len == 0)
        return GLC_OK;
    struct glc_cond_env env;
    glc_matcher_env(m, &env);
    m->steps = glc_matcher_budget(m);
    glc_buf_puts(out, "  condition:\n");
    e = glc_cond_explain(m->cond, glc_span(notes, r->notes_len), &env, out);
    return e == GLC_LIMIT ? GLC_OK : e;
}
