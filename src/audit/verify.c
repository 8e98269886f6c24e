/* What the schema cannot say about a register. */
#include "audit/register.h"

#include <stdio.h>

struct verify {
    const struct glc_register *r;
    glc_register_fault *fault;
    void *ctx;
    int64_t today;
    size_t faults;
};

static void bad(struct verify *v, const char *where, const char *what, const char *name)
{
    char text[256];
    snprintf(text, sizeof text, name != NULL ? "%s: %s" : "%s", what, name);
    v->faults++;
    v->fault(v->ctx, "register", where, text);
}

static void verified_on(struct verify *v, const char *where, const char *date)
{
    int64_t day;
    if (!glc_date_parse(glc_span_str(date), &day))
        bad(v, where, "verified_on is not a date", date);
    else if (day > v->today)
        bad(v, where, "verified_on is in the future", date);
}

static void citation(struct verify *v, const char *where, const char *text)
{
    if (strlen(text) < 4)
        bad(v, where, "the citation says nothing", text);
}

static void instant(struct verify *v, const char *where, const struct glc_reg_instant *i)
{
    if (i->utc_text == NULL)
        return;
    int64_t local;
    if (!i->set) {
        bad(v, where, "not an instant", i->utc_text);
    } else if (glc_zone_find(glc_span_str(i->zone_name)) == NULL) {
        bad(v, where, "a zone that is not known", i->zone_name);
    } else if (!glc_date_parse_local(glc_span_str(i->stated), &local)) {
        bad(v, where, "not a local time", i->stated);
    } else if (glc_zone_to_utc(i->zone, local) != i->utc) {
        char utc[GLC_DATE_TEXT];
        glc_date_print_instant(glc_zone_to_utc(i->zone, local), utc);
        bad(v, where, "the UTC time is not the stated time, which is", utc);
    }
}

static void classes_known(struct verify *v, const char *where, const struct glc_texts *t)
{
    for (size_t i = 0; i < t->count; i++) {
        bool known = strcmp(t->at[i], "any") == 0;
        for (size_t k = 0; k < v->r->nclasses; k++)
            known |= strcmp(v->r->classes[k].id, t->at[i]) == 0;
        if (!known)
            bad(v, where, "no such class", t->at[i]);
    }
}

static void scopes_known(struct verify *v, const char *where, const struct glc_texts *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (!glc_register_scope(v->r, t->at[i]))
            bad(v, where, "no such scope", t->at[i]);
}

static void entities_known(struct verify *v, const char *where, const struct glc_texts *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (glc_register_entity(v->r, t->at[i]) == NULL)
            bad(v, where, "no such entity", t->at[i]);
}

/* Follows parent edges for at most as many steps as there are entities: more is a cycle. */
static bool climbs_to(const struct glc_register *r, const struct glc_reg_entity *from,
                      const struct glc_reg_entity *to, size_t left)
{
    if (left == 0)
        return false;
    for (size_t i = 0; i < from->nparents; i++) {
        const struct glc_reg_entity *p = from->parents[i].entity;
        if (p == to || (p != NULL && climbs_to(r, p, to, left - 1)))
            return true;
    }
    return false;
}

enum { MAX_CLIMB = 16 };

static void entity(struct verify *v, const struct glc_reg_entity *e)
{
    verified_on(v, e->id, e->verified_on);
    citation(v, e->id, e->citation);
    for (size_t i = 0; i < e->nparents; i++)
        if (e->parents[i].entity == NULL)
            bad(v, e->id, "a parent edge to no entity", e->parents[i].id);
    if (climbs_to(v->r, e, e, MAX_CLIMB))
        bad(v, e->id, "its parent edges make a cycle", NULL);
}

static void rule(struct verify *v, const struct glc_reg_instrument *in, const struct glc_reg_rule *r)
{
    char where[160];
    snprintf(where, sizeof where, "%s/%s", in->id, r->id);
    instant(v, where, &r->from);
    instant(v, where, &r->to);
    if (r->from.set && r->to.set && r->to.utc <= r->from.utc)
        bad(v, where, "ends before it begins", NULL);
    scopes_known(v, where, &r->scopes);
    classes_known(v, where, &r->classes);
    classes_known(v, where, &r->review_classes);
    entities_known(v, where, &r->entities);
}

static void replacement(struct verify *v, const struct glc_reg_instrument *in)
{
    const struct glc_reg_instrument *at = in;
    for (size_t n = 0; at->replaced_by != NULL; n++) {
        const struct glc_reg_instrument *next = glc_register_instrument(v->r, at->replaced_by);
        if (next == NULL)
            bad(v, at->id, "replaced by no instrument", at->replaced_by);
        if (next == in || n > v->r->ninstruments)
            bad(v, in->id, "its replacements make a cycle", NULL);
        if (next == NULL || next == in || n > v->r->ninstruments)
            return;
        at = next;
    }
    bool replaced = strcmp(in->status, "replaced") == 0;
    if (replaced != (in->replaced_by != NULL))
        bad(v, in->id, "status \"replaced\" and replaced_by go together", NULL);
}

static void instrument(struct verify *v, const struct glc_reg_instrument *in)
{
    verified_on(v, in->id, in->verified_on);
    citation(v, in->id, in->citation);
    entities_known(v, in->id, &in->entities);
    replacement(v, in);
    for (size_t i = 0; i < in->nrules; i++)
        rule(v, in, &in->rules[i]);
    for (size_t i = 0; i < in->nexceptions; i++) {
        classes_known(v, in->id, &in->exceptions[i].classes);
        scopes_known(v, in->id, &in->exceptions[i].scopes);
    }
    for (size_t i = 0; i < in->ndeadlines; i++) {
        const struct glc_reg_deadline *d = &in->deadlines[i];
        int64_t from = INT64_MIN, to = INT64_MAX;
        scopes_known(v, in->id, &d->scopes);
        if ((d->valid_from != NULL && !glc_date_parse(glc_span_str(d->valid_from), &from)) ||
            (d->valid_to != NULL && !glc_date_parse(glc_span_str(d->valid_to), &to)) || to < from)
            bad(v, in->id, "a deadline's dates are wrong", d->id);
    }
}

static void product(struct verify *v, const struct glc_reg_product *p)
{
    verified_on(v, p->id, p->verified_on);
    citation(v, p->id, p->citation);
    classes_known(v, p->id, &p->classes);
    if (p->entity == NULL)
        bad(v, p->id, "no such entity", p->entity_id);
    if (p->embeds_id != NULL && p->embeds == NULL)
        bad(v, p->id, "no such entity", p->embeds_id);
    for (size_t i = 0; i < p->functions.count; i++)
        if (glc_register_function(v->r, p->functions.at[i]) == NULL)
            bad(v, p->id, "no such function", p->functions.at[i]);
    for (size_t i = 0; i < p->manages.count; i++)
        if (glc_register_product(v->r, p->manages.at[i]) == NULL)
            bad(v, p->id, "manages no such product", p->manages.at[i]);
    if (p->rank >= v->r->nproducts)
        bad(v, p->id, "what manages what makes a cycle", NULL);
}

/* A pattern has to have at least three bytes that are not wild, or it would match half of a machine. */
static void signal(struct verify *v, const struct glc_reg_signal *s)
{
    verified_on(v, s->id, s->verified_on);
    if (s->confidence != 'V')
        citation(v, s->id, s->citation);
    if ((s->product_id == NULL) == (s->entity_id == NULL))
        bad(v, s->id, "has to name a product or an entity, and not both", NULL);
    if (s->product_id != NULL && s->product == NULL)
        bad(v, s->id, "no such product", s->product_id);
    if (s->entity_id != NULL && s->entity == NULL)
        bad(v, s->id, "no such entity", s->entity_id);
    for (size_t i = 0; i < s->patterns.count; i++) {
        size_t fixed = 0;
        for (const char *p = s->patterns.at[i]; *p != '\0'; p++)
            fixed += *p != '*' && *p != '?';
        if (fixed < 3)
            bad(v, s->id, "a pattern that is too wide", s->patterns.at[i]);
    }
}

static void duplicate(struct verify *v, const char *what, const char *a, const char *b)
{
    if (strcmp(a, b) == 0)
        bad(v, a, "an id that is there twice", what);
}

#define DUPLICATES(what, array, n)                                                                           \
    for (size_t i = 0; i < (n); i++)                                                                         \
        for (size_t k = 0; k < i; k++)                                                                       \
    duplicate(&v, what, (array)[i].id, (array)[k].id)

size_t glc_register_verify(const struct glc_register *r, int64_t today, glc_register_fault *fault, void *ctx)
{
    struct verify v = { .r = r, .fault = fault, .ctx = ctx, .today = today };
    DUPLICATES("scope", r->scopes, r->nscopes);
    DUPLICATES("class", r->classes, r->nclasses);
    DUPLICATES("function", r->functions, r->nfunctions);
    DUPLICATES("entity", r->entities, r->nentities);
    DUPLICATES("instrument", r->instruments, r->ninstruments);
    DUPLICATES("product", r->products, r->nproducts);
    DUPLICATES("signal", r->signals, r->nsignals);
    for (size_t i = 0; i < r->nentities; i++)
        entity(&v, &r->entities[i]);
    for (size_t i = 0; i < r->ninstruments; i++)
        instrument(&v, &r->instruments[i]);
    for (size_t i = 0; i < r->nproducts; i++)
        product(&v, &r->products[i]);
    for (size_t i = 0; i < r->nsignals; i++)
        signal(&v, &r->signals[i]);
    for (size_t i = 0; i < r->nsettings; i++)
        if (glc_register_product(r, r->settings[i].product) == NULL)
            bad(&v, r->settings[i].key, "no such product", r->settings[i].product);
    return v.faults;
}
