/* What the register says, for people: all of it, or one instrument, product or entity in full. */
#include "audit/report.h"

static void list(struct glc_buf *out, const char *title, const struct glc_texts *t, const char *sep)
{
    if (t->count == 0)
        return;
    glc_buf_puts(out, title);
    for (size_t i = 0; i < t->count; i++)
        glc_buf_printf(out, "%s%s", i == 0 ? "" : sep, t->at[i]);
    glc_buf_u8(out, '\n');
}

static void rule(const struct glc_reg_rule *r, struct glc_buf *out)
{
    char when[3 * GLC_DATE_TEXT];
    glc_date_print_stated(r->from.zone, r->from.utc, when);
    glc_buf_printf(out, "  since %s%s", when, glc_confidence_mark(r->from.confidence));
    if (r->to.set) {
        glc_date_print_stated(r->to.zone, r->to.utc, when);
        glc_buf_printf(out, " until %s%s", when, glc_confidence_mark(r->to.confidence));
    }
    glc_buf_printf(out, ": %s; scopes", glc_outcome_name(r->outcome));
    for (size_t s = 0; s < r->scopes.count; s++)
        glc_buf_printf(out, " %s", r->scopes.at[s]);
    glc_buf_printf(out, "\n    %s%s\n", r->text, glc_confidence_mark(r->confidence));
    if (r->from.note != NULL)
        glc_buf_printf(out, "    %s\n", r->from.note);
}

static void instrument(const struct glc_reg_instrument *in, struct glc_buf *out)
{
    glc_buf_printf(out, "%s  (%s, %s)%s\n  %s\n  %s\n", in->id, in->jurisdiction, in->status,
                   glc_confidence_mark(in->confidence), in->title, in->citation);
    for (size_t k = 0; k < in->nrules; k++)
        rule(&in->rules[k], out);
    glc_buf_printf(out, "  embedded code: %s; verified on %s\n", in->embedded, in->verified_on);
}

static void deadline(const struct glc_reg_deadline *d, struct glc_buf *out)
{
    glc_buf_printf(out, "  term: %s: %u %s days after %s", d->text, d->days,
                   d->business ? "business" : "calendar", d->after_discovery ? "discovery" : "effect");
    if (d->valid_from != NULL)
        glc_buf_printf(out, ", since %s", d->valid_from);
    if (d->valid_to != NULL)
        glc_buf_printf(out, ", until %s", d->valid_to);
    glc_buf_printf(out, "%s\n", glc_confidence_mark(d->confidence));
}

static void instrument_in_full(const struct glc_reg_instrument *in, struct glc_buf *out)
{
    instrument(in, out);
    glc_buf_printf(out, "  authority: %s\n", in->authority);
    list(out, in->listed_only ? "  who, and nobody else: " : "  who, with affiliates: ", &in->entities, ", ");
    if (in->embedded_note != NULL)
        glc_buf_printf(out, "  %s\n", in->embedded_note);
    for (size_t k = 0; k < in->nexceptions; k++)
        glc_buf_printf(out, "  exempt: %s%s\n", in->exceptions[k].text,
                       glc_confidence_mark(in->exceptions[k].confidence));
    for (size_t k = 0; k < in->ndeadlines; k++)
        deadline(&in->deadlines[k], out);
    if (in->replaced_by != NULL)
        glc_buf_printf(out, "  replaced by %s\n", in->replaced_by);
    for (size_t k = 0; k < in->notes.count; k++)
        glc_buf_printf(out, "  %s\n", in->notes.at[k]);
}

static void product(const struct glc_register *r, const struct glc_reg_product *p, struct glc_buf *out)
{
    glc_buf_printf(out, "%s: %s\n  maker %s; %s, verified on %s%s\n", p->id, p->name, p->entity_id,
                   p->citation, p->verified_on, glc_confidence_mark(p->confidence));
    if (p->embeds_id != NULL)
        glc_buf_printf(out, "  %s code of %s\n", p->certain ? "has" : "may have, by version or choice,",
                       p->embeds_id);
    list(out, "  class ", &p->classes, " ");
    list(out, "  functions ", &p->functions, " ");
    list(out, "  manages ", &p->manages, " ");
    for (size_t i = 0; i < p->nremoval; i++)
        glc_buf_printf(out, "  removal, %s: %s%s\n", p->removal[i].on, p->removal[i].command,
                       glc_confidence_mark(p->removal[i].confidence));
    list(out, "  leftovers ", &p->leftovers, ", ");
    if (p->note != NULL)
        glc_buf_printf(out, "  %s\n", p->note);
    for (size_t i = 0; i < r->nsignals; i++)
        if (r->signals[i].product == p)
            for (size_t k = 0; k < r->signals[i].patterns.count; k++)
                glc_buf_printf(out, "  %-11s %s  %s%s\n", glc_fact_kind_name(r->signals[i].kind),
                               r->signals[i].patterns.at[k], glc_strength_name(r->signals[i].strength),
                               glc_confidence_mark(r->signals[i].confidence));
}

static void entity(const struct glc_register *r, const struct glc_reg_entity *e, struct glc_buf *out)
{
    glc_buf_printf(out, "%s: %s\n  %s, verified on %s%s\n", e->id, e->name, e->citation, e->verified_on,
                   glc_confidence_mark(e->confidence));
    list(out, "  also called ", &e->aliases, "; ");
    list(out, "  domains ", &e->domains, ", ");
    for (size_t i = 0; i < e->nparents; i++)
        glc_buf_printf(out, "  %s of %s%s\n", e->parents[i].relation, e->parents[i].id,
                       glc_confidence_mark(e->parents[i].confidence));
    for (size_t i = 0; i < r->ninstruments; i++)
        if (glc_texts_has(&r->instruments[i].entities, e->id))
            glc_buf_printf(out, "  instrument %s: %s\n", r->instruments[i].id, r->instruments[i].title);
    for (size_t i = 0; i < r->nproducts; i++)
        if (r->products[i].entity == e)
            glc_buf_printf(out, "  product %s: %s\n", r->products[i].id, r->products[i].name);
}

bool glc_report_entry(const struct glc_register *r, const char *id, struct glc_buf *out)
{
    const struct glc_reg_product *p = glc_register_product(r, id);
    const struct glc_reg_instrument *in = glc_register_instrument(r, id);
    const struct glc_reg_entity *e = glc_register_entity(r, id);
    if (p == NULL && in == NULL && e == NULL)
        in = glc_register_cited(r, id);
    if (p != NULL)
        product(r, p, out);
    if (in != NULL)
        instrument_in_full(in, out);
    if (e != NULL)
        entity(r, e, out);
    return p != NULL || in != NULL || e != NULL;
}

void glc_report_rules(const struct glc_register *r, struct glc_buf *out)
{
    for (size_t i = 0; i < r->ninstruments; i++) {
        instrument(&r->instruments[i], out);
        glc_buf_u8(out, '\n');
    }
    glc_buf_puts(out, "Scopes\n");
    for (size_t i = 0; i < r->nscopes; i++)
        glc_buf_printf(out, "  %-22s %s\n", r->scopes[i].id, r->scopes[i].title);
}
