/* One HTML file: no script, no font, no request. Light and dark follow the reader's system; print is black on
 * white. The timeline is an inline SVG whose colours come from the same variables. */
#include "audit/report.h"

#include <stdio.h>

static void esc(struct glc_buf *out, const char *s)
{
    struct glc_span t = glc_span_str(s != NULL ? s : "");
    for (size_t i = 0; i < t.len;) {
        size_t n = glc_utf8_len(glc_span_sub(t, i, 4));
        uint8_t c = t.ptr[i];
        if (glc_report_hidden(t.ptr + i, n))
            glc_buf_puts(out, "\xef\xbf\xbd");
        else if (c == '<' || c == '>' || c == '&' || c == '"')
            glc_buf_puts(out, c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : "&quot;");
        else
            glc_buf_put(out, t.ptr + i, n);
        i += n != 0 ? n : 1;
    }
}

static const char style[] =
    ":root{--bg:#fff;--fg:#16202a;--soft:#5a6875;--line:#d5dce3;--card:#f6f8fa;--bad:#a3230f;--warn:#8a5a00;-"
    "-ok:#1d6b3a;--mark:#1f5fa8}"
    "@media(prefers-color-scheme:dark){:root{--bg:#12171c;--fg:#e4eaf0;--soft:#9aa8b5;--line:#33404c;--card:#"
    "1a2128;--bad:#ff8d7a;--warn:#e8b64c;--ok:#72cf95;--mark:#7db7f5}}"
    "*{box-sizing:border-box}body{margin:0 auto;max-width:62rem;padding:2rem "
    "1.25rem;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}"
    "h1{font-size:1.6rem;margin:0 0 .25rem}h2{font-size:1.15rem;margin:2.2rem 0 "
    ".6rem}h3{font-size:1.05rem;margin:0}h3 span{white-space:nowrap}p{margin:.4rem "
    "0}.soft,dt{color:var(--soft)}"
    ".result{font-size:1.2rem;font-weight:600;margin:.8rem "
    "0}.bad{color:var(--bad)}.warn{color:var(--warn)}.ok{color:var(--ok)}"
    "article{border:1px solid var(--line);border-radius:8px;background:var(--card);padding:1rem "
    "1.1rem;margin:1rem 0;break-inside:avoid-page}"
    "table{border-collapse:collapse;width:100%;font-size:.92rem;margin:.6rem "
    "0}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid "
    "var(--line);overflow-wrap:anywhere}"
    "th{color:var(--soft);font-weight:500}td[class]{white-space:nowrap}code{font:.88em/1.4 "
    "ui-monospace,monospace}dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem "
    "1rem;margin:.6rem 0}dd{margin:0}"
    "svg{width:100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:var(--fg)}svg "
    ".t{fill:var(--soft)}svg .g{stroke:var(--line)}svg .n{stroke:var(--mark);stroke-width:2}svg "
    ".b{fill:var(--mark)}svg .p{fill:var(--soft)}"
    "@media "
    "print{:root{--bg:#fff;--fg:#000;--soft:#444;--line:#999;--card:#fff;--bad:#7a1000;--warn:#5c3b00;--ok:#"
    "0b4a22;--mark:#123f73}body{max-width:none;padding:0;font-size:10.5pt}article{border-radius:0;break-"
    "inside:auto}tr,svg{break-inside:avoid}h2,h3{break-after:avoid}@page{"
    "margin:18mm}}"
    ".r td:first-child{width:9.5rem}.r td:last-child{width:11.5rem}.n{margin:.2rem 0 1rem}.n "
    "span{margin-right:1.2rem}";

static const char *tone(enum glc_outcome o)
{
    return glc_outcome_binds(o)                                       ? "bad"
           : o == GLC_REVIEW || o == GLC_UNKNOWN || o == GLC_RESIDUAL ? "warn"
                                                                      : "ok";
}

struct mark {
    const struct glc_reg_instrument *instrument;
    const struct glc_reg_rule *rule;
};

enum { MAX_MARKS = 40, ROW = 26, LEFT = 350, WIDTH = 960 };

/* Every rule that findings rest on, once, by date. */
static size_t marks_of(const struct glc_report *r, struct mark *marks)
{
    size_t n = 0;
    for (size_t i = 0; i < r->nfindings; i++)
        for (size_t k = 0; k < r->findings[i].njudgements; k++) {
            const struct glc_judgement *j = &r->findings[i].judgements[k];
            size_t at = 0;
            while (at < n && marks[at].rule != j->rule)
                at++;
            if (at != n || n == MAX_MARKS)
                continue;
            while (at > 0 && marks[at - 1].rule->from.utc > j->rule->from.utc) {
                marks[at] = marks[at - 1];
                at--;
            }
            marks[at] = (struct mark){ j->instrument, j->rule };
            n++;
        }
    return n;
}

static int x_of(int64_t day, int64_t first, int64_t last)
{
    return LEFT + (int)((day - first) * (WIDTH - LEFT - 20) / (last > first ? last - first : 1));
}

static void svg_years(struct glc_buf *out, int64_t first, int64_t last, int height)
{
    for (int32_t y = glc_date_from_day(first).year + 1; y <= glc_date_from_day(last).year; y++) {
        int x = x_of(glc_date_to_day((struct glc_date){ y, 1, 1 }), first, last);
        glc_buf_printf(out,
                       "<line class=\"g\" x1=\"%d\" y1=\"18\" x2=\"%d\" y2=\"%d\"/><text class=\"t\" "
                       "x=\"%d\" y=\"12\" text-anchor=\"middle\">%d</text>",
                       x, x, height, x, (int)y);
    }
}

static void timeline(const struct glc_report *r, struct glc_buf *out)
{
    struct mark marks[MAX_MARKS];
    size_t n = marks_of(r, marks);
    if (n == 0)
        return;
    const struct glc_zone *utc = glc_zone_find(glc_span_str("UTC"));
    int64_t asked = glc_asof_day(r->question->asof, utc), first = asked, last = asked;
    for (size_t i = 0; i < n; i++) {
        int64_t d = glc_zone_day(marks[i].rule->from.zone, marks[i].rule->from.utc);
        first = d < first ? d : first;
        last = d > last ? d : last;
    }
    first -= 200;
    last += 200;
    int height = 24 + ROW * (int)n;
    glc_buf_printf(
        out,
        "<h2>Timeline</h2><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"When the rules took effect\">",
        WIDTH, height + 6);
    svg_years(out, first, last, height);
    for (size_t i = 0; i < n; i++) {
        char day[GLC_DATE_TEXT];
        int64_t d = glc_zone_day(marks[i].rule->from.zone, marks[i].rule->from.utc);
        int x = x_of(d, first, last), y = 24 + ROW * (int)i + ROW / 2;
        int end = marks[i].rule->to.set
                      ? x_of(glc_zone_day(marks[i].rule->to.zone, marks[i].rule->to.utc), first, last)
                      : WIDTH - 20;
        glc_date_print(d, day);
        glc_buf_printf(out, "<text x=\"0\" y=\"%d\">%s ", y + 4, day);
        char title[64];
        snprintf(title, sizeof title, "%.28s %.20s", marks[i].instrument->id, marks[i].rule->id);
        esc(out, title);
        glc_buf_printf(
            out, "</text><rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"6\" rx=\"3\"><title>",
            d <= asked ? "b" : "p", x, y - 3, end > x ? end - x : 2);
        esc(out, marks[i].rule->text);
        glc_buf_puts(out, "</title></rect>");
    }
    char when[GLC_DATE_TEXT];
    int x = x_of(asked, first, last);
    glc_date_print(asked, when);
    glc_buf_printf(out,
                   "<line class=\"n\" x1=\"%d\" y1=\"18\" x2=\"%d\" y2=\"%d\"/></svg><p class=\"soft\">The "
                   "upright line is the date asked, %s. Bars run while a rule is in force; grey ones had not "
                   "begun.</p>",
                   x, x, height, when);
}

static void evidence(const struct glc_finding *f, struct glc_buf *out)
{
    glc_buf_puts(out,
                 "<table><thead><tr><th>Evidence</th><th>Where</th><th>Strength</th></tr></thead><tbody>");
    for (size_t i = 0; i < f->nhits && i < 12; i++) {
        const struct glc_hit *h = f->hits[i];
        glc_buf_printf(out, "<tr><td>%s <code>", glc_fact_kind_name(h->signal->kind));
        esc(out, h->fact.value);
        glc_buf_puts(out, "</code> ");
        esc(out, h->fact.version);
        glc_buf_puts(out, "</td><td><code>");
        esc(out, h->fact.where);
        glc_buf_puts(out, "</code>");
        if (h->layer != NULL) {
            glc_buf_puts(out, "<br>layer <code>");
            esc(out, h->layer);
            glc_buf_puts(out, "</code>");
        }
        if (h->fact.state == GLC_FACT_DELETED)
            glc_buf_puts(out, " deleted later");
        glc_buf_printf(out, "</td><td>%s%s</td></tr>",
                       h->signal->kind == GLC_FACT_ENGINE ? "together"
                                                          : glc_strength_name(h->signal->strength),
                       glc_confidence_mark(h->signal->confidence));
    }
    glc_buf_puts(out, "</tbody></table>");
}

static void rests_on(const struct glc_finding *f, struct glc_buf *out)
{
    glc_buf_puts(
        out, "<table "
             "class=\"r\"><thead><tr><th>Outcome</th><th>Instrument</th><th>Since</th></tr></thead><tbody>");
    for (size_t n = 0; n < f->njudgements; n++) {
        const struct glc_judgement *j = &f->judgements[n];
        char when[3 * GLC_DATE_TEXT], countdown[128];
        glc_date_print_stated(j->rule->from.zone, j->rule->from.utc, when);
        glc_report_countdown(j, countdown, sizeof countdown);
        glc_buf_printf(out, "<tr><td class=\"%s\">%s%s</td><td>", tone(j->outcome),
                       j->pending ? "not yet: " : "", glc_outcome_name(j->outcome));
        esc(out, j->instrument->title);
        glc_buf_printf(out, "%s<br>", glc_confidence_mark(j->rule->confidence));
        esc(out, j->why);
        glc_buf_puts(out, "<br><span class=\"soft\">");
        esc(out, j->instrument->citation);
        if (j->rule->from.note != NULL) {
            glc_buf_puts(out, "<br>");
            esc(out, j->rule->from.note);
        }
        glc_buf_printf(out, "</span></td><td>%s%s", when, glc_confidence_mark(j->rule->from.confidence));
        if (countdown[0] != '\0')
            glc_buf_printf(out, "<br>%s", countdown);
        glc_buf_puts(out, "</td></tr>");
    }
    glc_buf_puts(out, "</tbody></table>");
}

/* How many findings of each outcome, in the order of severity. */
static void counts(const struct glc_report *r, struct glc_buf *out)
{
    size_t n[GLC_NO_OUTCOME] = { 0 };
    for (size_t i = 0; i < r->nfindings; i++)
        n[r->findings[i].outcome]++;
    glc_buf_puts(out, "<p class=\"n\">");
    for (size_t o = 0; o < GLC_NO_OUTCOME; o++)
        if (n[o] != 0)
            glc_buf_printf(out, "<span class=\"%s\"><b>%zu</b> %s</span>", tone((enum glc_outcome)o), n[o],
                           glc_outcome_name((enum glc_outcome)o));
    glc_buf_puts(out, "</p>");
}

static void finding(const struct glc_report *r, const struct glc_finding *f, struct glc_buf *out)
{
    glc_buf_puts(out, "<article><h3>");
    esc(out, f->name);
    glc_buf_printf(out,
                   " <span class=\"%s\">%s</span></h3><p class=\"soft\">%s: %s.</p><dl><dt>Target</dt><dd>",
                   tone(f->outcome), glc_outcome_name(f->outcome), f->id, glc_outcome_means(f->outcome));
    esc(out, r->audit->targets[f->target].name);
    glc_buf_puts(out, "</dd>");
    if (f->inside != NULL) {
        glc_buf_puts(out, "<dt>Inside</dt><dd>");
        esc(out, f->inside);
        glc_buf_puts(out, "</dd>");
    }
    for (size_t i = 0; i < f->ndue; i++) {
        char day[GLC_DATE_TEXT];
        glc_date_print(f->due[i].day, day);
        glc_buf_printf(out, "<dt>Due %s</dt><dd>", day);
        esc(out, f->due[i].deadline->text);
        glc_buf_puts(out, ", ");
        esc(out, f->due[i].instrument->title);
        char left[64];
        glc_report_days_left(f->due[i].left, left, sizeof left);
        glc_buf_printf(out, " <span class=\"soft\">(%s%s)</span></dd>", left,
                       f->due[i].again ? ", the next of those that repeat" : "");
    }
    glc_buf_puts(out, "</dl>");
    if (f->nhits != 0)
        evidence(f, out);
    if (f->njudgements != 0)
        rests_on(f, out);
    if (f->outcome == GLC_UNKNOWN) {
        glc_buf_puts(out, "<table><thead><tr><th>Not readable</th><th>Reason</th></tr></thead><tbody>");
        for (size_t i = 0; i < r->audit->ngaps; i++)
            if (r->audit->gaps[i].target == f->target) {
                glc_buf_puts(out, "<tr><td><code>");
                esc(out, r->audit->gaps[i].where);
                glc_buf_puts(out, "</code></td><td>");
                esc(out, r->audit->gaps[i].reason);
                glc_buf_puts(out, "</td></tr>");
            }
        glc_buf_puts(out, "</tbody></table>");
    }
    glc_buf_puts(out, "</article>");
}

void glc_report_html(const struct glc_report *r, struct glc_buf *out)
{
    char asof[64], now[GLC_DATE_TEXT];
    glc_report_asof(r, asof);
    glc_date_print_instant(r->question->now, now);
    glc_buf_puts(out,
                 "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                 "content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">"
                 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                 "'unsafe-inline'\"><title>Audit of restricted software</title><style>");
    glc_buf_puts(out, style);
    glc_buf_puts(out, "</style></head><body><h1>Audit of restricted software</h1><p class=\"soft\">Scope ");
    for (size_t i = 0; i < r->question->scopes.count; i++)
        glc_buf_printf(out, "%s%s", i != 0 ? ", " : "", r->question->scopes.at[i]);
    glc_buf_printf(out, ". As of %s. Written %s.</p><p class=\"result %s\">%s</p>", asof, now,
                   r->binds     ? "bad"
                   : r->unknown ? "warn"
                                : "ok",
                   r->binds     ? "Something binds in this scope."
                   : r->unknown ? "Unknown: not everything could be read."
                                : "Nothing binds in this scope.");
    counts(r, out);
    glc_buf_puts(out, "<table><thead><tr><th>Target</th><th>Entries</th><th>Read</th></tr></thead><tbody>");
    for (size_t i = 0; i < r->audit->ntargets; i++) {
        const struct glc_audit_target *t = &r->audit->targets[i];
        glc_buf_printf(out, "<tr><td>%s <code>", t->kind);
        esc(out, t->name);
        glc_buf_printf(out, "</code></td><td>%llu</td><td>%llu</td></tr>", (unsigned long long)t->entries,
                       (unsigned long long)t->read);
    }
    glc_buf_puts(out, "</tbody></table>");
    timeline(r, out);
    glc_buf_printf(out, "<h2>Findings</h2>%s", r->nfindings == 0 ? "<p>None.</p>" : "");
    for (size_t i = 0; i < r->nfindings; i++)
        finding(r, &r->findings[i], out);
    glc_buf_printf(out, "<p class=\"soft\">%s</p></body></html>\n", glc_report_disclaimer);
}
