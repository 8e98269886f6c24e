/* For people: a summary first, then every finding; and CSV for their tables. Names come from hostile files:
 * control characters never reach a terminal. */
#include "audit/report.h"

#include <stdio.h>

const char glc_report_disclaimer[] =
    "This report states facts and what published instruments say about them. It is not legal advice.";

bool glc_report_hidden(const uint8_t *p, size_t n)
{
    if (n < 2)
        return n == 0 || p[0] < 0x20 || p[0] == 0x7f;
    if (n == 2)
        return p[0] == 0xc2 && p[1] < 0xa0; /* C1 */
    if (n != 3)
        return false;
    uint32_t c = (p[0] & 15u) << 12 | (p[1] & 63u) << 6 | (p[2] & 63u);
    return (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
           c == 0xfeff;
}

void glc_report_safe(struct glc_buf *out, const char *s)
{
    struct glc_span t = glc_span_str(s != NULL ? s : "");
    for (size_t i = 0; i < t.len;) {
        size_t n = glc_utf8_len(glc_span_sub(t, i, 4));
        if (glc_report_hidden(t.ptr + i, n))
            glc_buf_u8(out, '?');
        else
            glc_buf_put(out, t.ptr + i, n);
        i += n != 0 ? n : 1;
    }
}

void glc_report_asof(const struct glc_report *r, char out[64])
{
    if (r->question->asof.date_only)
        glc_date_print(r->question->asof.day, out);
    else
        glc_date_print_instant(r->question->asof.utc, out);
}

void glc_report_countdown(const struct glc_judgement *j, char *out, size_t room)
{
    out[0] = '\0';
    if (j->pending && j->rule->milestone != NULL)
        snprintf(out, room, "%s in %lld day%s", j->rule->milestone, (long long)j->days,
                 j->days == 1 ? "" : "s");
    else if (!j->pending && j->rule->since != NULL && glc_outcome_binds(j->outcome))
        snprintf(out, room, "%lld day%s %s", (long long)j->days, j->days == 1 ? "" : "s", j->rule->since);
}

void glc_report_days_left(int64_t left, char *out, size_t room)
{
    const char *s = left == 1 || left == -1 ? "" : "s";
    if (left == 0)
        snprintf(out, room, "today");
    else if (left > 0)
        snprintf(out, room, "in %lld day%s", (long long)left, s);
    else
        snprintf(out, room, "%lld day%s ago", (long long)-left, s);
}

static void summary(const struct glc_report *r, struct glc_buf *out)
{
    const struct glc_audit *a = r->audit;
    size_t counts[GLC_NO_OUTCOME + 1] = { 0 };
    char asof[64];
    glc_report_asof(r, asof);
    glc_buf_puts(out, "Scope: ");
    for (size_t i = 0; i < r->question->scopes.count; i++)
        glc_buf_printf(out, "%s%s", i == 0 ? "" : ", ", r->question->scopes.at[i]);
    glc_buf_printf(out, "   As of: %s\n", asof);
    for (size_t i = 0; i < a->ntargets; i++) {
        glc_buf_printf(out, "Target: %s ", a->targets[i].kind);
        glc_report_safe(out, a->targets[i].name);
        glc_buf_printf(out, " (%llu entr%s, %llu read)\n", (unsigned long long)a->targets[i].entries,
                       a->targets[i].entries == 1 ? "y" : "ies", (unsigned long long)a->targets[i].read);
    }
    for (size_t i = 0; i < r->nfindings; i++)
        counts[r->findings[i].outcome]++;
    glc_buf_puts(out, "Result: ");
    glc_buf_puts(out, r->binds     ? "something binds in this scope"
                      : r->unknown ? "unknown: not everything could be read, and nothing that binds was found"
                      : r->nfindings + r->outside == 0 ? "nothing of the register was found"
                                                       : "nothing that binds in this scope");
    const char *sep = "\n        ";
    for (size_t o = 0; o < GLC_NO_OUTCOME; o++)
        if (counts[o] != 0) {
            glc_buf_printf(out, "%s%zu %s", sep, counts[o], glc_outcome_name((enum glc_outcome)o));
            sep = ", ";
        }
    glc_buf_puts(out, "\n");
    if (r->outside != 0)
        glc_buf_printf(
            out,
            "        %zu product%s of the register that no instrument concerns in this scope at this date\n",
            r->outside, r->outside == 1 ? "" : "s");
}

static void evidence(const struct glc_report *r, const struct glc_finding *f, struct glc_buf *out,
                     size_t most)
{
    (void)r;
    for (size_t i = 0; i < f->nhits && i < most; i++) {
        const struct glc_hit *h = f->hits[i];
        glc_buf_printf(out, "    %-11s ", glc_fact_kind_name(h->signal->kind));
        glc_report_safe(out, h->fact.value);
        if (h->fact.version != NULL && h->fact.version[0] != '\0') {
            glc_buf_puts(out, " ");
            glc_report_safe(out, h->fact.version);
        }
        if (h->fact.where != NULL && strcmp(h->fact.where, h->fact.value) != 0) {
            glc_buf_puts(out, "  in ");
            glc_report_safe(out, h->fact.where);
        }
        if (h->layer != NULL) {
            glc_buf_puts(out, "  layer ");
            glc_report_safe(out, h->layer);
        }
        static const char *const states[] = { "", " (removed, data left)", " (deleted later)",
                                              " (mentioned only)" };
        glc_buf_puts(out, h->fact.directory ? " (folder)" : states[h->fact.state]);
        if (h->count > 1)
            glc_buf_printf(out, " and %u more", (unsigned)(h->count - 1));
        glc_buf_printf(out, "  %s%s\n", glc_strength_name(h->signal->strength),
                       glc_confidence_mark(h->signal->confidence));
    }
    if (f->nhits > most)
        glc_buf_printf(out, "    and %zu more\n", f->nhits - most);
}

/* The finding before `f` under which the report has said the same; NULL: this is the first. */
static const struct glc_finding *said_before(const struct glc_report *r, const struct glc_finding *f,
                                             const struct glc_judgement *j)
{
    for (const struct glc_finding *x = r->findings; x != NULL && x < f; x++)
        for (size_t i = 0; i < x->njudgements; i++)
            if (x->judgements[i].rule == j->rule && x->judgements[i].outcome == j->outcome &&
                strcmp(x->judgements[i].why, j->why) == 0)
                return x;
    return NULL;
}

static void judgement(const struct glc_judgement *j, const struct glc_finding *before, struct glc_buf *out)
{
    char when[3 * GLC_DATE_TEXT], countdown[128];
    glc_date_print_stated(j->rule->from.zone, j->rule->from.utc, when);
    glc_report_countdown(j, countdown, sizeof countdown);
    glc_buf_printf(out, "    %s%s: %s%s\n", j->pending ? "not yet: " : "", glc_outcome_name(j->outcome),
                   j->instrument->title, glc_confidence_mark(j->rule->confidence));
    if (before != NULL) {
        glc_buf_printf(out, "      %s %s%s; in full at %s\n", j->pending ? "from" : "since", when,
                       glc_confidence_mark(j->rule->from.confidence), before->id);
        return;
    }
    glc_buf_printf(out, "      %s\n", j->why);
    glc_buf_printf(out, "      %s; %s %s%s\n", j->instrument->citation, j->pending ? "from" : "since", when,
                   glc_confidence_mark(j->rule->from.confidence));
    if (j->rule->from.note != NULL)
        glc_buf_printf(out, "      %s\n", j->rule->from.note);
    if (countdown[0] != '\0')
        glc_buf_printf(out, "      %s\n", countdown);
}

static void dues(const struct glc_finding *f, struct glc_buf *out)
{
    for (size_t i = 0; i < f->ndue; i++) {
        const struct glc_due *d = &f->due[i];
        char day[GLC_DATE_TEXT];
        glc_date_print(d->day, day);
        char left[64];
        glc_report_days_left(d->left, left, sizeof left);
        glc_buf_printf(out, "    due %s (%s): %s, %u %s days", day, left, d->deadline->text,
                       d->deadline->days, d->deadline->business ? "business" : "calendar");
        if (d->again)
            glc_buf_printf(out, " and then every %u: this is the next", d->deadline->repeat);
        glc_buf_printf(out, ", %s%s\n", d->instrument->title, glc_confidence_mark(d->deadline->confidence));
    }
}

static void gaps(const struct glc_report *r, uint32_t target, struct glc_buf *out)
{
    const struct glc_audit *a = r->audit;
    size_t said = 0;
    for (size_t i = 0; i < a->ngaps; i++) {
        if (a->gaps[i].target != target)
            continue;
        if (said++ == 20)
            continue;
        glc_buf_puts(out, "    ");
        glc_report_safe(out, a->gaps[i].where);
        glc_buf_puts(out, ": ");
        glc_report_safe(out, a->gaps[i].reason);
        glc_buf_puts(out, "\n");
    }
    if (said > 20)
        glc_buf_printf(out, "    and %zu more\n", said - 20);
}

/* Of an explanation everything is said; of a report what has not been said before. */
static void finding(const struct glc_report *r, const struct glc_finding *f, struct glc_buf *out, size_t most)
{
    bool all = most == SIZE_MAX;
    glc_buf_printf(out, "\n%s  %s  ", f->id, glc_outcome_name(f->outcome));
    glc_report_safe(out, f->name);
    glc_buf_printf(out, "\n  %s\n  target ", glc_outcome_means(f->outcome));
    glc_report_safe(out, r->audit->targets[f->target].name);
    if (f->product != NULL) {
        glc_buf_puts(out, "; class");
        for (size_t i = 0; i < f->product->classes.count; i++)
            glc_buf_printf(out, " %s", f->product->classes.at[i]);
    }
    if (f->embedded) {
        glc_buf_puts(out, "; embedded in ");
        glc_report_safe(out, f->inside != NULL ? f->inside : "another product");
    }
    glc_buf_puts(out, "\n");
    if (f->outcome == GLC_UNKNOWN) {
        gaps(r, f->target, out);
        return;
    }
    glc_buf_puts(out, "  evidence\n");
    evidence(r, f, out, most);
    if (f->njudgements != 0)
        glc_buf_puts(out, "  rests on\n");
    for (size_t i = 0; i < f->njudgements; i++)
        judgement(&f->judgements[i], all ? NULL : said_before(r, f, &f->judgements[i]), out);
    if (f->ndue != 0)
        glc_buf_puts(out, "  deadlines\n");
    dues(f, out);
}

void glc_report_text(const struct glc_report *r, struct glc_buf *out)
{
    summary(r, out);
    for (size_t i = 0; i < r->nfindings; i++)
        finding(r, &r->findings[i], out, 6);
    glc_buf_printf(out, "\n%s\n", glc_report_disclaimer);
}

void glc_report_explain(const struct glc_report *r, const struct glc_finding *f, struct glc_buf *out)
{
    finding(r, f, out, SIZE_MAX);
    for (size_t i = 0; i < f->nhits; i++) {
        const struct glc_reg_signal *s = f->hits[i]->signal;
        bool said = false;
        for (size_t k = 0; k < i && !said; k++)
            said = f->hits[k]->signal == s;
        if (!said)
            glc_buf_printf(out, "  signal %s: %s, verified on %s%s%s%s\n", s->id, s->citation, s->verified_on,
                           glc_confidence_mark(s->confidence), s->note != NULL ? ". " : "",
                           s->note != NULL ? s->note : "");
    }
    for (size_t i = 0; i < f->njudgements; i++) {
        const struct glc_reg_instrument *in = f->judgements[i].instrument;
        if (i != 0 && f->judgements[i - 1].instrument == in)
            continue;
        glc_buf_printf(out, "  instrument %s: %s, %s; status %s; embedded code: %s; verified on %s\n", in->id,
                       in->authority, in->jurisdiction, in->status, in->embedded, in->verified_on);
        for (size_t k = 0; k < in->notes.count; k++)
            glc_buf_printf(out, "    %s\n", in->notes.at[k]);
    }
    glc_buf_printf(out, "\n%s\n", glc_report_disclaimer);
}

/* RFC 4180, in UTF-8. A leading = + - @, also behind blanks, would be a formula to a spreadsheet and gets an
 * apostrophe. */
static void cell(struct glc_buf *out, const char *s, bool last)
{
    struct glc_span t = glc_span_str(s != NULL ? s : "");
    size_t first = 0;
    while (first < t.len && (t.ptr[first] <= ' ' || t.ptr[first] == 0x7f))
        first++;
    glc_buf_u8(out, '"');
    if (first < t.len && strchr("=+-@", t.ptr[first]) != NULL)
        glc_buf_u8(out, '\'');
    for (size_t i = 0; i < t.len;) {
        size_t n = glc_utf8_len(glc_span_sub(t, i, 4));
        if (glc_report_hidden(t.ptr + i, n))
            glc_buf_u8(out, n == 0 ? '?' : ' ');
        else
            glc_buf_put(out, t.ptr + i, n);
        if (t.ptr[i] == '"')
            glc_buf_u8(out, '"');
        i += n != 0 ? n : 1;
    }
    glc_buf_puts(out, last ? "\"\r\n" : "\",");
}

static void csv_row(const struct glc_report *r, const struct glc_finding *f, const struct glc_judgement *j,
                    struct glc_buf *out)
{
    char from[GLC_DATE_TEXT] = "", confidence[2] = { f->confidence, 0 },
         rule_confidence[2] = { j != NULL ? j->rule->confidence : 0, 0 };
    const struct glc_hit *h = f->nhits != 0 ? f->hits[0] : NULL;
    if (j != NULL)
        glc_date_print_instant(j->rule->from.utc, from);
    cell(out, f->id, false);
    cell(out, r->audit->targets[f->target].kind, false);
    cell(out, r->audit->targets[f->target].name, false);
    cell(out, f->name, false);
    cell(out, f->entity != NULL ? f->entity->name : "", false);
    cell(out, glc_outcome_name(f->outcome), false);
    cell(out, j != NULL ? j->instrument->id : "", false);
    cell(out, j != NULL ? glc_outcome_name(j->outcome) : "", false);
    cell(out, j != NULL ? (j->pending ? "not yet" : "in force") : "", false);
    cell(out, j != NULL ? j->instrument->citation : "", false);
    cell(out, from, false);
    cell(out, rule_confidence, false);
    cell(out, confidence, false);
    cell(out, h != NULL ? h->fact.value : "", false);
    cell(out, h != NULL ? h->fact.where : "", true);
}

void glc_report_csv(const struct glc_report *r, struct glc_buf *out)
{
    glc_buf_puts(out, "finding,target_kind,target,product,entity,outcome,instrument,instrument_outcome,state,"
                      "citation,effective_utc,instrument_confidence,evidence_confidence,evidence,where\r\n");
    for (size_t i = 0; i < r->nfindings; i++) {
        const struct glc_finding *f = &r->findings[i];
        for (size_t k = 0; k < f->njudgements; k++)
            csv_row(r, f, &f->judgements[k], out);
        if (f->outcome != GLC_UNKNOWN && f->njudgements == 0)
            csv_row(r, f, NULL, out);
        for (size_t k = 0; f->outcome == GLC_UNKNOWN && k < r->audit->ngaps; k++) {
            const struct glc_gap *g = &r->audit->gaps[k];
            if (g->target != f->target)
                continue;
            struct glc_hit h = { .fact = { .value = g->reason, .where = g->where } };
            const struct glc_hit *hp = &h;
            struct glc_finding u = *f;
            u.hits = &hp;
            u.nhits = 1;
            csv_row(r, &u, NULL, out);
        }
    }
}
