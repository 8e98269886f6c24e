/* A plan for people and as JSON. */
#include "audit/plan.h"

#include "audit/report.h"
#include "base/json.h"

static void dues(const struct glc_finding *f, struct glc_buf *out)
{
    for (size_t i = 0; i < f->ndue; i++) {
        char day[GLC_DATE_TEXT];
        glc_date_print(f->due[i].day, day);
        glc_buf_printf(out, "    %s %s: %s (%s).\n", f->due[i].left < 0 ? "Was due" : "By", day,
                       f->due[i].deadline->text, f->due[i].instrument->title);
    }
}

static void step_text(const struct glc_plan_step *s, size_t number, struct glc_buf *out)
{
    glc_buf_printf(out, "  %zu. ", number);
    glc_report_safe(out, s->text);
    for (size_t i = 0; i < s->nfindings; i++)
        glc_buf_printf(out, "%s%s", i == 0 ? " [" : ", ", s->findings[i]->id);
    glc_buf_puts(out, s->nfindings != 0 ? "]\n" : "\n");
    for (size_t i = 0; i < s->ndetails; i++) {
        const struct glc_plan_detail *d = &s->details[i];
        glc_buf_printf(out, "       %s%s%s", d->found ? "found: " : "", d->on != NULL ? d->on : "",
                       d->on != NULL ? ": " : "");
        glc_report_safe(out, d->command != NULL ? d->command : d->text);
        glc_buf_printf(out, "%s\n", d->confidence != 0 ? glc_confidence_mark(d->confidence) : "");
    }
}

void glc_report_plan(const struct glc_report *r, const struct glc_plan *p, struct glc_buf *out)
{
    glc_buf_puts(out,
                 "Removal and migration plan. Steps are in an order in which a host is never without the "
                 "protection that can be replaced.\n");
    for (size_t i = 0; i < p->ntargets; i++) {
        const struct glc_plan_target *t = &p->targets[i];
        glc_buf_printf(out, "\n%s ", r->audit->targets[t->target].kind);
        glc_report_safe(out, r->audit->targets[t->target].name);
        glc_buf_puts(out, "\n");
        for (size_t k = 0; k < t->nfindings; k++) {
            glc_buf_printf(out, "  %s  %s  ", t->findings[k]->id, glc_outcome_name(t->findings[k]->outcome));
            glc_report_safe(out, t->findings[k]->name);
            glc_buf_puts(out, "\n");
            dues(t->findings[k], out);
        }
        for (size_t k = 0; k < t->nsteps; k++)
            step_text(&t->steps[k], k + 1, out);
    }
    if (p->ntargets == 0)
        glc_buf_puts(out, "\nNothing was found: nothing to do.\n");
    glc_buf_printf(out, "\n%s\n", glc_report_disclaimer);
}

static void str(struct glc_json *j, const char *key, const char *value)
{
    glc_json_key(j, key);
    glc_json_cstr(j, value);
}

static void step_json(struct glc_json *j, const struct glc_plan_step *s, size_t number)
{
    glc_json_object(j);
    glc_json_key(j, "step");
    glc_json_uint(j, number);
    str(j, "action", s->action);
    glc_json_bytes(j, "text", glc_span_str(s->text));
    glc_json_key(j, "findings");
    glc_json_array(j);
    for (size_t i = 0; i < s->nfindings; i++)
        glc_json_cstr(j, s->findings[i]->id);
    glc_json_array_end(j);
    glc_json_key(j, "details");
    glc_json_array(j);
    for (size_t i = 0; i < s->ndetails; i++) {
        const struct glc_plan_detail *d = &s->details[i];
        char letter[2] = { d->confidence, 0 };
        glc_json_object(j);
        if (d->on != NULL)
            str(j, "on", d->on);
        if (d->command != NULL)
            str(j, "command", d->command);
        if (d->text != NULL)
            glc_json_bytes(j, "text", glc_span_str(d->text));
        if (d->confidence != 0)
            str(j, "confidence", letter);
        glc_json_key(j, "found");
        glc_json_bool(j, d->found);
        glc_json_object_end(j);
    }
    glc_json_array_end(j);
    glc_json_object_end(j);
}

static void finding_json(struct glc_json *j, const struct glc_finding *f)
{
    glc_json_object(j);
    str(j, "id", f->id);
    str(j, "outcome", glc_outcome_name(f->outcome));
    str(j, "product", f->product != NULL ? f->product->id : NULL);
    glc_json_bytes(j, "name", glc_span_str(f->name));
    glc_json_key(j, "deadlines");
    glc_json_array(j);
    for (size_t i = 0; i < f->ndue; i++) {
        char day[GLC_DATE_TEXT];
        glc_date_print(f->due[i].day, day);
        glc_json_object(j);
        str(j, "instrument", f->due[i].instrument->id);
        str(j, "deadline", f->due[i].deadline->id);
        str(j, "date", day);
        glc_json_key(j, "days_left");
        glc_json_int(j, f->due[i].left);
        glc_json_object_end(j);
    }
    glc_json_array_end(j);
    glc_json_object_end(j);
}

void glc_report_plan_json(const struct glc_report *r, const struct glc_plan *p, struct glc_buf *out)
{
    struct glc_json j;
    char asof[64], now[GLC_DATE_TEXT];
    glc_report_asof(r, asof);
    glc_date_print_instant(r->question->now, now);
    glc_json_init(&j, out);
    glc_json_object(&j);
    str(&j, "tool", "glacis audit plan");
    str(&j, "notice", glc_report_disclaimer);
    str(&j, "time", now);
    str(&j, "as_of", asof);
    glc_json_key(&j, "targets");
    glc_json_array(&j);
    for (size_t i = 0; i < p->ntargets; i++) {
        const struct glc_plan_target *t = &p->targets[i];
        glc_json_object(&j);
        str(&j, "kind", r->audit->targets[t->target].kind);
        glc_json_bytes(&j, "name", glc_span_str(r->audit->targets[t->target].name));
        glc_json_key(&j, "findings");
        glc_json_array(&j);
        for (size_t k = 0; k < t->nfindings; k++)
            finding_json(&j, t->findings[k]);
        glc_json_array_end(&j);
        glc_json_key(&j, "steps");
        glc_json_array(&j);
        for (size_t k = 0; k < t->nsteps; k++)
            step_json(&j, &t->steps[k], k + 1);
        glc_json_array_end(&j);
        glc_json_object_end(&j);
    }
    glc_json_array_end(&j);
    glc_json_object_end(&j);
    glc_buf_u8(out, '\n');
}
