/* What the register says, as JSON: all of it, or one instrument or product. */
#include "audit/report.h"

static void str(struct glc_json *j, const char *key, const char *value)
{
    glc_json_key(j, key);
    glc_json_cstr(j, value);
}

static void confidence(struct glc_json *j, char c)
{
    char s[2] = { c, 0 };
    str(j, "confidence", s);
}

static void strings(struct glc_json *j, const char *key, const struct glc_texts *t)
{
    glc_json_key(j, key);
    glc_json_array(j);
    for (size_t i = 0; i < t->count; i++)
        glc_json_cstr(j, t->at[i]);
    glc_json_array_end(j);
}

static void instant(struct glc_json *j, const char *key, const struct glc_reg_instant *i)
{
    glc_json_key(j, key);
    if (!i->set) {
        glc_json_null(j);
        return;
    }
    char utc[GLC_DATE_TEXT], stated[3 * GLC_DATE_TEXT];
    glc_date_print_instant(i->utc, utc);
    glc_date_print_stated(i->zone, i->utc, stated);
    glc_json_object(j);
    str(j, "utc", utc);
    str(j, "stated", stated);
    if (i->note != NULL)
        str(j, "note", i->note);
    confidence(j, i->confidence);
    glc_json_object_end(j);
}

static void rule(struct glc_json *j, const struct glc_reg_rule *r)
{
    glc_json_object(j);
    str(j, "id", r->id);
    str(j, "action", r->action);
    str(j, "outcome", glc_outcome_name(r->outcome));
    str(j, "text", r->text);
    strings(j, "scopes", &r->scopes);
    strings(j, "classes", &r->classes);
    strings(j, "review_classes", &r->review_classes);
    strings(j, "entities", &r->entities);
    instant(j, "from", &r->from);
    instant(j, "to", &r->to);
    confidence(j, r->confidence);
    glc_json_object_end(j);
}

static void exception(struct glc_json *j, const struct glc_reg_exception *e)
{
    glc_json_object(j);
    str(j, "id", e->id);
    str(j, "text", e->text);
    strings(j, "classes", &e->classes);
    strings(j, "scopes", &e->scopes);
    confidence(j, e->confidence);
    glc_json_object_end(j);
}

static void deadline(struct glc_json *j, const struct glc_reg_deadline *d)
{
    glc_json_object(j);
    str(j, "id", d->id);
    str(j, "text", d->text);
    glc_json_key(j, "days");
    glc_json_uint(j, d->days);
    str(j, "unit", d->business ? "business" : "calendar");
    str(j, "runs_from", d->after_discovery ? "discovery" : "effective");
    glc_json_key(j, "repeat_days");
    glc_json_uint(j, d->repeat);
    str(j, "valid_from", d->valid_from);
    str(j, "valid_to", d->valid_to);
    strings(j, "scopes", &d->scopes);
    confidence(j, d->confidence);
    glc_json_object_end(j);
}

static void instrument(struct glc_json *j, const struct glc_reg_instrument *in)
{
    glc_json_object(j);
    str(j, "id", in->id);
    str(j, "title", in->title);
    str(j, "jurisdiction", in->jurisdiction);
    str(j, "authority", in->authority);
    str(j, "citation", in->citation);
    str(j, "status", in->status);
    str(j, "replaced_by", in->replaced_by);
    str(j, "embedded", in->embedded);
    str(j, "embedded_note", in->embedded_note);
    strings(j, "entities", &in->entities);
    glc_json_key(j, "rules");
    glc_json_array(j);
    for (size_t i = 0; i < in->nrules; i++)
        rule(j, &in->rules[i]);
    glc_json_array_end(j);
    glc_json_key(j, "exceptions");
    glc_json_array(j);
    for (size_t i = 0; i < in->nexceptions; i++)
        exception(j, &in->exceptions[i]);
    glc_json_array_end(j);
    glc_json_key(j, "deadlines");
    glc_json_array(j);
    for (size_t i = 0; i < in->ndeadlines; i++)
        deadline(j, &in->deadlines[i]);
    glc_json_array_end(j);
    strings(j, "notes", &in->notes);
    str(j, "verified_on", in->verified_on);
    confidence(j, in->confidence);
    glc_json_object_end(j);
}

static void signal(struct glc_json *j, const struct glc_reg_signal *s)
{
    glc_json_object(j);
    str(j, "id", s->id);
    str(j, "kind", glc_fact_kind_name(s->kind));
    strings(j, "patterns", &s->patterns);
    str(j, "strength", glc_strength_name(s->strength));
    str(j, "presence", glc_presence_name(s->presence));
    str(j, "citation", s->citation);
    str(j, "verified_on", s->verified_on);
    confidence(j, s->confidence);
    glc_json_object_end(j);
}

static void product(struct glc_json *j, const struct glc_register *r, const struct glc_reg_product *p)
{
    glc_json_object(j);
    str(j, "id", p->id);
    str(j, "name", p->name);
    str(j, "entity", p->entity_id);
    str(j, "embeds", p->embeds_id);
    strings(j, "classes", &p->classes);
    strings(j, "functions", &p->functions);
    strings(j, "manages", &p->manages);
    strings(j, "leftovers", &p->leftovers);
    glc_json_key(j, "removal");
    glc_json_array(j);
    for (size_t i = 0; i < p->nremoval; i++) {
        glc_json_object(j);
        str(j, "on", p->removal[i].on);
        str(j, "command", p->removal[i].command);
        confidence(j, p->removal[i].confidence);
        glc_json_object_end(j);
    }
    glc_json_array_end(j);
    glc_json_key(j, "signals");
    glc_json_array(j);
    for (size_t i = 0; i < r->nsignals; i++)
        if (r->signals[i].product == p)
            signal(j, &r->signals[i]);
    glc_json_array_end(j);
    str(j, "citation", p->citation);
    str(j, "verified_on", p->verified_on);
    confidence(j, p->confidence);
    glc_json_object_end(j);
}

static void entity(struct glc_json *j, const struct glc_reg_entity *e)
{
    glc_json_object(j);
    str(j, "id", e->id);
    str(j, "name", e->name);
    strings(j, "aliases", &e->aliases);
    strings(j, "domains", &e->domains);
    glc_json_key(j, "parents");
    glc_json_array(j);
    for (size_t i = 0; i < e->nparents; i++) {
        glc_json_object(j);
        str(j, "entity", e->parents[i].id);
        str(j, "relation", e->parents[i].relation);
        confidence(j, e->parents[i].confidence);
        glc_json_object_end(j);
    }
    glc_json_array_end(j);
    str(j, "citation", e->citation);
    str(j, "verified_on", e->verified_on);
    confidence(j, e->confidence);
    glc_json_object_end(j);
}

static void begin(struct glc_json *j, const char *tool, struct glc_buf *out)
{
    glc_json_init(j, out);
    glc_json_object(j);
    str(j, "tool", tool);
    str(j, "notice", glc_report_disclaimer);
}

bool glc_report_entry_json(const struct glc_register *r, const char *id, struct glc_buf *out)
{
    struct glc_json j;
    const struct glc_reg_product *p = glc_register_product(r, id);
    const struct glc_reg_instrument *in = glc_register_instrument(r, id);
    const struct glc_reg_entity *e = glc_register_entity(r, id);
    if (p == NULL && in == NULL && e == NULL)
        in = glc_register_cited(r, id);
    if (p == NULL && in == NULL && e == NULL)
        return false;
    begin(&j, "glacis audit explain", out);
    if (p != NULL) {
        glc_json_key(&j, "product");
        product(&j, r, p);
    }
    if (in != NULL) {
        glc_json_key(&j, "instrument");
        instrument(&j, in);
    }
    if (e != NULL) {
        glc_json_key(&j, "entity");
        entity(&j, e);
    }
    glc_json_object_end(&j);
    glc_buf_u8(out, '\n');
    return true;
}

void glc_report_rules_json(const struct glc_register *r, struct glc_buf *out)
{
    struct glc_json j;
    begin(&j, "glacis audit rules", out);
    glc_json_key(&j, "instruments");
    glc_json_array(&j);
    for (size_t i = 0; i < r->ninstruments; i++)
        instrument(&j, &r->instruments[i]);
    glc_json_array_end(&j);
    glc_json_key(&j, "scopes");
    glc_json_array(&j);
    for (size_t i = 0; i < r->nscopes; i++) {
        glc_json_object(&j);
        str(&j, "id", r->scopes[i].id);
        str(&j, "title", r->scopes[i].title);
        glc_json_object_end(&j);
    }
    glc_json_array_end(&j);
    glc_json_object_end(&j);
    glc_buf_u8(out, '\n');
}
