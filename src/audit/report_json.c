/* JSON of our own, SARIF 2.1.0, CycloneDX 1.6 and OSCAL assessment results 1.1.2. */
#include "audit/report.h"
#include "base/digest.h"

#include <stdio.h>

static void str(struct glc_json *j, const char *key, const char *value)
{
    glc_json_key(j, key);
    glc_json_cstr(j, value);
}

static void letter(struct glc_json *j, const char *key, char c)
{
    char s[2] = { c, 0 };
    str(j, key, s);
}

static void instant(struct glc_json *j, const char *key, int64_t utc)
{
    char text[GLC_DATE_TEXT];
    glc_date_print_instant(utc, text);
    str(j, key, text);
}

static void strings(struct glc_json *j, const char *key, const struct glc_texts *t)
{
    glc_json_key(j, key);
    glc_json_array(j);
    for (size_t i = 0; i < t->count; i++)
        glc_json_cstr(j, t->at[i]);
    glc_json_array_end(j);
}

static void hit(struct glc_json *j, const struct glc_hit *h)
{
    static const char *const states[] = { "present", "leftover", "deleted-later", "mentioned" };
    glc_json_object(j);
    str(j, "signal", h->signal->id);
    str(j, "kind", glc_fact_kind_name(h->signal->kind));
    str(j, "value", h->fact.value);
    if (h->fact.version != NULL && h->fact.version[0] != '\0')
        str(j, "version", h->fact.version);
    if (h->fact.where != NULL)
        glc_json_bytes(j, "where", glc_span_str(h->fact.where));
    if (h->layer != NULL)
        str(j, "layer", h->layer);
    str(j, "state", states[h->fact.state]);
    glc_json_key(j, "count");
    glc_json_uint(j, h->count);
    str(j, "strength", glc_strength_name(h->signal->strength));
    letter(j, "confidence", h->signal->confidence);
    str(j, "citation", h->signal->citation);
    str(j, "verified_on", h->signal->verified_on);
    glc_json_object_end(j);
}

static void judgement(struct glc_json *j, const struct glc_judgement *g)
{
    char countdown[128], stated[3 * GLC_DATE_TEXT];
    glc_report_countdown(g, countdown, sizeof countdown);
    glc_date_print_stated(g->rule->from.zone, g->rule->from.utc, stated);
    glc_json_object(j);
    str(j, "instrument", g->instrument->id);
    str(j, "title", g->instrument->title);
    str(j, "authority", g->instrument->authority);
    str(j, "jurisdiction", g->instrument->jurisdiction);
    str(j, "citation", g->instrument->citation);
    str(j, "status", g->instrument->status);
    str(j, "rule", g->rule->id);
    str(j, "action", g->rule->action);
    str(j, "outcome", glc_outcome_name(g->outcome));
    str(j, "why", g->why);
    if (g->exception != NULL)
        str(j, "exception", g->exception->id);
    instant(j, "effective_utc", g->rule->from.utc);
    str(j, "effective_stated", stated);
    letter(j, "effective_confidence", g->rule->from.confidence);
    glc_json_key(j, "in_force");
    glc_json_bool(j, !g->pending);
    glc_json_key(j, g->pending ? "days_until" : "days_since");
    glc_json_int(j, g->days);
    if (countdown[0] != '\0')
        str(j, "countdown", countdown);
    letter(j, "instrument_confidence", g->rule->confidence);
    letter(j, "confidence", g->confidence);
    glc_json_key(j, "verified");
    glc_json_bool(j, g->confidence == 'P');
    str(j, "verified_on", g->instrument->verified_on);
    glc_json_object_end(j);
}

static void due(struct glc_json *j, const struct glc_due *d)
{
    char day[GLC_DATE_TEXT];
    glc_date_print(d->day, day);
    glc_json_object(j);
    str(j, "instrument", d->instrument->id);
    str(j, "deadline", d->deadline->id);
    str(j, "text", d->deadline->text);
    str(j, "date", day);
    glc_json_key(j, "days_left");
    glc_json_int(j, d->left);
    glc_json_key(j, "next_of_repeating");
    glc_json_bool(j, d->again);
    glc_json_key(j, "days");
    glc_json_uint(j, d->deadline->days);
    str(j, "unit", d->deadline->business ? "business" : "calendar");
    letter(j, "confidence", d->deadline->confidence);
    glc_json_object_end(j);
}

static void gaps_of(struct glc_json *j, const struct glc_audit *a, uint32_t target)
{
    glc_json_key(j, "not_readable");
    glc_json_array(j);
    for (size_t i = 0; i < a->ngaps; i++) {
        if (a->gaps[i].target != target)
            continue;
        glc_json_object(j);
        glc_json_bytes(j, "where", glc_span_str(a->gaps[i].where));
        str(j, "reason", a->gaps[i].reason);
        glc_json_object_end(j);
    }
    glc_json_array_end(j);
}

static void finding(struct glc_json *j, const struct glc_report *r, const struct glc_finding *f)
{
    glc_json_object(j);
    str(j, "id", f->id);
    str(j, "outcome", glc_outcome_name(f->outcome));
    str(j, "means", glc_outcome_means(f->outcome));
    glc_json_key(j, "binds");
    glc_json_bool(j, glc_outcome_binds(f->outcome));
    str(j, "product", f->product != NULL ? f->product->id : NULL);
    str(j, "name", f->name);
    str(j, "entity", f->entity != NULL ? f->entity->id : NULL);
    if (f->product != NULL)
        strings(j, "classes", &f->product->classes);
    glc_json_key(j, "embedded");
    glc_json_bool(j, f->embedded);
    if (f->inside != NULL)
        str(j, "inside", f->inside);
    str(j, "presence", glc_presence_name(f->presence));
    letter(j, "confidence", f->confidence);
    glc_json_key(j, "target");
    glc_json_uint(j, f->target);
    glc_json_key(j, "evidence");
    glc_json_array(j);
    for (size_t i = 0; i < f->nhits; i++)
        hit(j, f->hits[i]);
    glc_json_array_end(j);
    glc_json_key(j, "rests_on");
    glc_json_array(j);
    for (size_t i = 0; i < f->njudgements; i++)
        judgement(j, &f->judgements[i]);
    glc_json_array_end(j);
    glc_json_key(j, "deadlines");
    glc_json_array(j);
    for (size_t i = 0; i < f->ndue; i++)
        due(j, &f->due[i]);
    glc_json_array_end(j);
    gaps_of(j, r->audit, f->target);
    glc_json_object_end(j);
}

static void summary(struct glc_json *j, const struct glc_report *r)
{
    size_t counts[GLC_NO_OUTCOME] = { 0 };
    for (size_t i = 0; i < r->nfindings; i++)
        counts[r->findings[i].outcome]++;
    glc_json_key(j, "summary");
    glc_json_object(j);
    glc_json_key(j, "binds");
    glc_json_bool(j, r->binds);
    glc_json_key(j, "unknown");
    glc_json_bool(j, r->unknown);
    glc_json_key(j, "exit");
    glc_json_int(j, glc_report_exit(r));
    glc_json_key(j, "outside_scope");
    glc_json_uint(j, r->outside);
    glc_json_key(j, "outcomes");
    glc_json_object(j);
    for (size_t o = 0; o < GLC_NO_OUTCOME; o++) {
        glc_json_key(j, glc_outcome_name((enum glc_outcome)o));
        glc_json_uint(j, counts[o]);
    }
    glc_json_object_end(j);
    glc_json_object_end(j);
}

void glc_report_explain_json(const struct glc_report *r, const struct glc_finding *f, struct glc_buf *out)
{
    struct glc_json j;
    char asof[64];
    glc_report_asof(r, asof);
    glc_json_init(&j, out);
    glc_json_object(&j);
    str(&j, "tool", "glacis audit explain");
    str(&j, "notice", glc_report_disclaimer);
    str(&j, "as_of", asof);
    strings(&j, "scopes", &r->question->scopes);
    glc_json_key(&j, "finding");
    finding(&j, r, f);
    glc_json_object_end(&j);
    glc_buf_u8(out, '\n');
}

void glc_report_json(const struct glc_report *r, struct glc_buf *out)
{
    struct glc_json j;
    char asof[64];
    glc_report_asof(r, asof);
    glc_json_init(&j, out);
    glc_json_object(&j);
    str(&j, "tool", "glacis audit");
    str(&j, "notice", glc_report_disclaimer);
    instant(&j, "time", r->question->now);
    str(&j, "as_of", asof);
    strings(&j, "scopes", &r->question->scopes);
    summary(&j, r);
    glc_json_key(&j, "targets");
    glc_json_array(&j);
    for (uint32_t i = 0; i < r->audit->ntargets; i++) {
        const struct glc_audit_target *t = &r->audit->targets[i];
        glc_json_object(&j);
        str(&j, "kind", t->kind);
        glc_json_bytes(&j, "name", glc_span_str(t->name));
        glc_json_key(&j, "entries");
        glc_json_uint(&j, t->entries);
        glc_json_key(&j, "read");
        glc_json_uint(&j, t->read);
        gaps_of(&j, r->audit, i);
        glc_json_object_end(&j);
    }
    glc_json_array_end(&j);
    glc_json_key(&j, "findings");
    glc_json_array(&j);
    for (size_t i = 0; i < r->nfindings; i++)
        finding(&j, r, &r->findings[i]);
    glc_json_array_end(&j);
    glc_json_object_end(&j);
    glc_buf_u8(out, '\n');
}

/* The instrument that gives a finding its outcome, or NULL. */
static const struct glc_judgement *headline(const struct glc_finding *f)
{
    for (size_t i = 0; i < f->njudgements; i++)
        if (!f->judgements[i].pending && f->judgements[i].outcome == f->outcome)
            return &f->judgements[i];
    return NULL;
}

static const char *rule_id(const struct glc_finding *f)
{
    const struct glc_judgement *j = headline(f);
    return j != NULL ? j->instrument->id : glc_outcome_name(f->outcome);
}

static void text_object(struct glc_json *j, const char *key, const char *value)
{
    glc_json_key(j, key);
    glc_json_object(j);
    str(j, "text", value);
    glc_json_object_end(j);
}

/* A path as a URI reference: everything that is not unreserved or a slash in percent form. */
static void uri(struct glc_json *j, const char *key, const char *path)
{
    char text[3 * 1024 + 1];
    size_t n = 0;
    while (*path == '/')
        path++;
    for (; *path != '\0' && n + 4 < sizeof text; path++) {
        uint8_t c = (uint8_t)*path;
        if (glc_ascii_isalnum(c) || strchr("-._~/", c) != NULL)
            text[n++] = (char)c;
        else
            n += (size_t)snprintf(text + n, sizeof text - n, "%%%02X", c);
    }
    text[n] = '\0';
    str(j, key, text);
}

static void sarif_result(struct glc_json *j, const struct glc_report *r, const struct glc_finding *f)
{
    char message[1024];
    const struct glc_judgement *g = headline(f);
    snprintf(message, sizeof message, "%s: %s (%s).%s%s", f->name, glc_outcome_name(f->outcome),
             glc_outcome_means(f->outcome), g != NULL ? " " : "", g != NULL ? g->instrument->citation : "");
    glc_json_object(j);
    str(j, "ruleId", rule_id(f));
    str(j, "level",
        glc_outcome_binds(f->outcome)                           ? "error"
        : f->outcome == GLC_REVIEW || f->outcome == GLC_UNKNOWN ? "warning"
                                                                : "note");
    text_object(j, "message", message);
    glc_json_key(j, "partialFingerprints");
    glc_json_object(j);
    str(j, "glacisFinding/v1", f->id);
    glc_json_object_end(j);
    glc_json_key(j, "locations");
    glc_json_array(j);
    for (size_t i = 0; i < f->nhits && i < 20; i++) {
        if (f->hits[i]->fact.where == NULL)
            continue;
        glc_json_object(j);
        glc_json_key(j, "physicalLocation");
        glc_json_object(j);
        glc_json_key(j, "artifactLocation");
        glc_json_object(j);
        uri(j, "uri", f->hits[i]->fact.where);
        glc_json_object_end(j);
        glc_json_object_end(j);
        glc_json_object_end(j);
    }
    glc_json_array_end(j);
    glc_json_key(j, "properties");
    glc_json_object(j);
    str(j, "outcome", glc_outcome_name(f->outcome));
    str(j, "target", r->audit->targets[f->target].name);
    letter(j, "confidence", g != NULL ? g->confidence : f->confidence);
    gaps_of(j, r->audit, f->target);
    glc_json_object_end(j);
    glc_json_object_end(j);
}

static void sarif_rules(struct glc_json *j, const struct glc_report *r)
{
    glc_json_key(j, "rules");
    glc_json_array(j);
    for (size_t i = 0; i < r->nfindings; i++) {
        bool said = false;
        for (size_t k = 0; k < i && !said; k++)
            said = strcmp(rule_id(&r->findings[k]), rule_id(&r->findings[i])) == 0;
        if (said)
            continue;
        const struct glc_judgement *g = headline(&r->findings[i]);
        glc_json_object(j);
        str(j, "id", rule_id(&r->findings[i]));
        text_object(j, "shortDescription",
                    g != NULL ? g->instrument->title : glc_outcome_means(r->findings[i].outcome));
        text_object(j, "fullDescription",
                    g != NULL ? g->instrument->citation : glc_outcome_means(r->findings[i].outcome));
        glc_json_object_end(j);
    }
    glc_json_array_end(j);
}

void glc_report_sarif(const struct glc_report *r, struct glc_buf *out)
{
    struct glc_json j;
    glc_json_init(&j, out);
    glc_json_object(&j);
    str(&j, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    str(&j, "version", "2.1.0");
    glc_json_key(&j, "runs");
    glc_json_array(&j);
    glc_json_object(&j);
    glc_json_key(&j, "tool");
    glc_json_object(&j);
    glc_json_key(&j, "driver");
    glc_json_object(&j);
    str(&j, "name", "glacis audit");
    text_object(&j, "fullDescription", glc_report_disclaimer);
    sarif_rules(&j, r);
    glc_json_object_end(&j);
    glc_json_object_end(&j);
    glc_json_key(&j, "invocations");
    glc_json_array(&j);
    glc_json_object(&j);
    glc_json_key(&j, "executionSuccessful");
    glc_json_bool(&j, !r->unknown);
    glc_json_key(&j, "exitCode");
    glc_json_int(&j, glc_report_exit(r));
    instant(&j, "endTimeUtc", r->question->now);
    glc_json_object_end(&j);
    glc_json_array_end(&j);
    glc_json_key(&j, "results");
    glc_json_array(&j);
    for (size_t i = 0; i < r->nfindings; i++)
        sarif_result(&j, r, &r->findings[i]);
    glc_json_array_end(&j);
    glc_json_object_end(&j);
    glc_json_array_end(&j);
    glc_json_object_end(&j);
    glc_buf_u8(out, '\n');
}

/* A UUID of version 5 (RFC 9562: SHA-1 of a namespace and a name), the same for the same report. */
static void uuid_text(char text[37], const char *kind, const char *name, size_t n)
{
    static const char space[] = "\x5b\x1e\x0f\x6a\x93\xc4\x4d\x2e\x8a\x77\x21\xd0\x3c\x9f\x58\xe4";
    char seed[512];
    uint8_t h[GLC_DIGEST_MAX] = { 0 };
    memcpy(seed, space, 16);
    int len = snprintf(seed + 16, sizeof seed - 16, "%s|%s|%zu", kind, name, n);
    size_t used = 16 + (len < 0 ? 0 : (size_t)len < sizeof seed - 16 ? (size_t)len : sizeof seed - 17);
    struct glc_digest *d = glc_digest_new(GLC_SHA1);
    if (d != NULL)
        (void)!glc_digest_of(d, glc_span(seed, used), h);
    glc_digest_free(d);
    h[6] = (uint8_t)((h[6] & 15) | 0x50);
    h[8] = (uint8_t)((h[8] & 63) | 0x80);
    for (size_t i = 0, at = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[at++] = '-';
        snprintf(text + at, 3, "%02x", h[i]);
        at += 2;
    }
}

static void uuid(struct glc_json *j, const char *key, const char *kind, const char *name, size_t n)
{
    char text[37];
    uuid_text(text, kind, name, n);
    str(j, key, text);
}

static void property(struct glc_json *j, const char *name, const char *value)
{
    glc_json_object(j);
    str(j, "name", name);
    str(j, "value", value);
    glc_json_object_end(j);
}

static void cdx_component(struct glc_json *j, const struct glc_finding *f)
{
    glc_json_object(j);
    str(j, "type", f->embedded ? "library" : "application");
    str(j, "bom-ref", f->id);
    str(j, "name", f->name);
    for (size_t i = 0; i < f->nhits; i++)
        if (f->hits[i]->fact.version != NULL && f->hits[i]->fact.version[0] != '\0') {
            str(j, "version", f->hits[i]->fact.version);
            break;
        }
    if (f->entity != NULL) {
        glc_json_key(j, "supplier");
        glc_json_object(j);
        str(j, "name", f->entity->name);
        glc_json_object_end(j);
    }
    glc_json_key(j, "evidence");
    glc_json_object(j);
    glc_json_key(j, "occurrences");
    glc_json_array(j);
    for (size_t i = 0; i < f->nhits; i++) {
        glc_json_object(j);
        str(j, "location", f->hits[i]->fact.where != NULL ? f->hits[i]->fact.where : f->hits[i]->fact.value);
        str(j, "additionalContext", f->hits[i]->signal->id);
        glc_json_object_end(j);
    }
    glc_json_array_end(j);
    glc_json_object_end(j);
    glc_json_key(j, "properties");
    glc_json_array(j);
    property(j, "glacis:audit:outcome", glc_outcome_name(f->outcome));
    for (size_t i = 0; i < f->njudgements; i++) {
        char value[600];
        const struct glc_judgement *g = &f->judgements[i];
        snprintf(value, sizeof value, "%s; %s; confidence %c%s", glc_outcome_name(g->outcome),
                 g->instrument->citation, g->confidence, g->pending ? "; not yet in force" : "");
        char name[160];
        snprintf(name, sizeof name, "glacis:audit:%s", g->instrument->id);
        property(j, name, value);
    }
    glc_json_array_end(j);
    glc_json_object_end(j);
}

void glc_report_cyclonedx(const struct glc_report *r, struct glc_buf *out)
{
    struct glc_json j;
    glc_json_init(&j, out);
    glc_json_object(&j);
    str(&j, "$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json");
    str(&j, "bomFormat", "CycloneDX");
    str(&j, "specVersion", "1.6");
    glc_json_key(&j, "version");
    glc_json_int(&j, 1);
    glc_json_key(&j, "metadata");
    glc_json_object(&j);
    instant(&j, "timestamp", r->question->now);
    glc_json_key(&j, "tools");
    glc_json_object(&j);
    glc_json_key(&j, "components");
    glc_json_array(&j);
    glc_json_object(&j);
    str(&j, "type", "application");
    str(&j, "name", "glacis audit");
    glc_json_object_end(&j);
    glc_json_array_end(&j);
    glc_json_object_end(&j);
    glc_json_key(&j, "properties");
    glc_json_array(&j);
    property(&j, "glacis:audit:notice", glc_report_disclaimer);
    property(&j, "glacis:audit:complete", r->unknown ? "false" : "true");
    for (size_t i = 0; i < r->audit->ngaps; i++)
        property(&j, "glacis:audit:not-readable", r->audit->gaps[i].reason);
    glc_json_array_end(&j);
    glc_json_object_end(&j);
    glc_json_key(&j, "components");
    glc_json_array(&j);
    for (size_t i = 0; i < r->nfindings; i++)
        if (r->findings[i].outcome != GLC_UNKNOWN)
            cdx_component(&j, &r->findings[i]);
    glc_json_array_end(&j);
    glc_json_object_end(&j);
    glc_buf_u8(out, '\n');
}

/* Names without a namespace are NIST's. */
static void oscal_property(struct glc_json *j, const char *name, const char *value)
{
    glc_json_object(j);
    str(j, "name", name);
    str(j, "ns", "urn:glacis:audit");
    str(j, "value", value);
    glc_json_object_end(j);
}

static void oscal_observation(struct glc_json *j, const struct glc_report *r, const struct glc_finding *f,
                              size_t n)
{
    char text[1024];
    const struct glc_hit *h = f->nhits != 0 ? f->hits[0] : NULL;
    if (h != NULL)
        snprintf(text, sizeof text, "%s \"%.300s\" in %.300s, and %zu more pieces of evidence",
                 glc_fact_kind_name(h->signal->kind), h->fact.value,
                 h->fact.where != NULL ? h->fact.where : "?", f->nhits - 1);
    else
        snprintf(text, sizeof text, "Parts of the target %.300s could not be read",
                 r->audit->targets[f->target].name);
    glc_json_object(j);
    uuid(j, "uuid", "observation", f->id, n);
    str(j, "title", f->name);
    str(j, "description", text);
    glc_json_key(j, "methods");
    glc_json_array(j);
    glc_json_cstr(j, "EXAMINE");
    glc_json_array_end(j);
    instant(j, "collected", r->question->now);
    glc_json_object_end(j);
}

static void oscal_finding(struct glc_json *j, const struct glc_finding *f, size_t n)
{
    const struct glc_judgement *g = headline(f);
    bool against = glc_outcome_binds(f->outcome) || f->outcome == GLC_UNKNOWN || f->outcome == GLC_REVIEW;
    glc_json_object(j);
    uuid(j, "uuid", "finding", f->id, n);
    str(j, "title", f->name);
    str(j, "description", g != NULL ? g->why : glc_outcome_means(f->outcome));
    glc_json_key(j, "props");
    glc_json_array(j);
    oscal_property(j, "outcome", glc_outcome_name(f->outcome));
    oscal_property(j, "finding-id", f->id);
    glc_json_array_end(j);
    glc_json_key(j, "target");
    glc_json_object(j);
    str(j, "type", "objective-id");
    str(j, "target-id", rule_id(f));
    if (g != NULL)
        str(j, "description", g->instrument->citation);
    glc_json_key(j, "status");
    glc_json_object(j);
    str(j, "state", against ? "not-satisfied" : "satisfied");
    str(j, "reason",
        f->outcome == GLC_UNKNOWN || f->outcome == GLC_REVIEW ? "other"
        : against                                             ? "fail"
                                                              : "pass");
    glc_json_object_end(j);
    glc_json_object_end(j);
    glc_json_key(j, "related-observations");
    glc_json_array(j);
    glc_json_object(j);
    uuid(j, "observation-uuid", "observation", f->id, n);
    glc_json_object_end(j);
    glc_json_array_end(j);
    glc_json_object_end(j);
}

static void oscal_result(struct glc_json *j, const struct glc_report *r)
{
    glc_json_object(j);
    uuid(j, "uuid", "result", "", (size_t)r->question->now);
    str(j, "title", "Restricted software");
    str(j, "description", glc_report_disclaimer);
    instant(j, "start", r->question->now);
    glc_json_key(j, "reviewed-controls");
    glc_json_object(j);
    glc_json_key(j, "control-selections");
    glc_json_array(j);
    glc_json_object(j);
    glc_json_key(j, "include-all");
    glc_json_object(j);
    glc_json_object_end(j);
    glc_json_object_end(j);
    glc_json_array_end(j);
    glc_json_object_end(j);
    if (r->nfindings != 0) {
        glc_json_key(j, "observations");
        glc_json_array(j);
        for (size_t i = 0; i < r->nfindings; i++)
            oscal_observation(j, r, &r->findings[i], i);
        glc_json_array_end(j);
        glc_json_key(j, "findings");
        glc_json_array(j);
        for (size_t i = 0; i < r->nfindings; i++)
            oscal_finding(j, &r->findings[i], i);
        glc_json_array_end(j);
    }
    glc_json_object_end(j);
}

void glc_report_oscal(const struct glc_report *r, struct glc_buf *out)
{
    struct glc_json j;
    char plan[37], href[40];
    glc_json_init(&j, out);
    glc_json_object(&j);
    glc_json_key(&j, "assessment-results");
    glc_json_object(&j);
    uuid(&j, "uuid", "assessment-results", "", (size_t)r->question->now);
    glc_json_key(&j, "metadata");
    glc_json_object(&j);
    str(&j, "title", "Glacis audit of restricted software");
    instant(&j, "last-modified", r->question->now);
    str(&j, "version", "1");
    str(&j, "oscal-version", "1.1.2");
    glc_json_object_end(&j);
    glc_json_key(&j, "import-ap");
    glc_json_object(&j);
    uuid_text(plan, "no-plan", "", 0);
    snprintf(href, sizeof href, "#%s", plan);
    str(&j, "href", href);
    glc_json_object_end(&j);
    glc_json_key(&j, "results");
    glc_json_array(&j);
    oscal_result(&j, r);
    glc_json_array_end(&j);
    glc_json_key(&j, "back-matter");
    glc_json_object(&j);
    glc_json_key(&j, "resources");
    glc_json_array(&j);
    glc_json_object(&j);
    str(&j, "uuid", plan);
    str(&j, "title", "No assessment plan");
    str(&j, "description",
        "The audit ran without an assessment plan of its own: it looks for everything that the "
        "register of restrictions knows, in the scopes and as of the date that were asked.");
    glc_json_object_end(&j);
    glc_json_array_end(&j);
    glc_json_object_end(&j);
    glc_json_object_end(&j);
    glc_json_object_end(&j);
    glc_buf_u8(out, '\n');
}
