/* From hits to findings, from findings to outcomes.
 *
 * Hits are grouped by product within a target. What points only to the maker (a certificate, an update host,
 * a driver) joins that maker's product where one was found, and is a finding of its own where none was.
 * Strong evidence of use is judged by the rules; weak evidence alone is `review`, leftovers alone `residual`,
 * names alone `mention-only`. */
#include "audit/judge.h"

#include <stdio.h>
#include <stdlib.h>

bool glc_outcome_binds(enum glc_outcome o)
{
    return o == GLC_USE_PROHIBITED || o == GLC_REMOVAL_DUE || o == GLC_SUPPLY_PROHIBITED;
}

const char *glc_outcome_means(enum glc_outcome o)
{
    static const char *const means[] = {
        [GLC_USE_PROHIBITED] = "the instrument prohibits use in this scope",
        [GLC_REMOVAL_DUE] = "the instrument requires removal in this scope",
        [GLC_SUPPLY_PROHIBITED] =
            "supply is prohibited, updates included where the instrument says so: existing use is lawful",
        [GLC_REVIEW] = "a person has to look: the evidence or the instrument does not decide",
        [GLC_RESIDUAL] = "leftovers of a product that is no longer there",
        [GLC_EXEMPT] = "an exception of the instrument applies",
        [GLC_EXPORT_ONLY] = "concerns exports to the listed parties, not use",
        [GLC_MENTION_ONLY] = "a name without the product",
        [GLC_UNKNOWN] = "could not be read: not known to be clean",
        [GLC_NO_OUTCOME] = "not concerned",
    };
    return means[o];
}

static enum glc_presence presence_of(const struct glc_hit *h)
{
    if (h->fact.state == GLC_FACT_MENTIONED || h->signal->strength == GLC_MENTION)
        return GLC_MENTIONED;
    if (h->fact.state == GLC_FACT_LEFT || h->fact.state == GLC_FACT_DELETED)
        return GLC_LEFTOVER;
    if (h->signal->presence == GLC_INSTALLED && h->fact.embedded)
        return GLC_EMBEDDED;
    return h->signal->presence;
}

/* Markers of an engine count only in pairs, and were kept only so. */
static bool strong(const struct glc_hit *h)
{
    return (h->signal->strength == GLC_STRONG && !h->fact.weak) || h->signal->kind == GLC_FACT_ENGINE;
}

/* The product whose own folder holds this path: an engine in its maker's own product is not embedded in
 * another's. */
static const struct glc_reg_product *owner_of_path(const struct glc_audit *a, const struct glc_hit *h)
{
    const struct glc_register *r = a->reg;
    for (size_t i = r->first[GLC_FACT_PATH]; h->fact.where != NULL && i < r->first[GLC_FACT_PATH + 1]; i++) {
        const struct glc_reg_signal *s = &r->signals[i];
        if (s->product == NULL || s->presence != GLC_INSTALLED || s->entity != h->signal->entity)
            continue;
        for (size_t k = 0; k < s->patterns.count; k++)
            if (glc_glob(glc_span_str(s->patterns.at[k]), glc_span_str(h->fact.where), false))
                return s->product;
    }
    return NULL;
}

static struct glc_finding *finding_of(struct glc_audit *a, struct glc_report *r, uint32_t target,
                                      const struct glc_reg_product *p, const struct glc_reg_entity *e,
                                      const char *inside)
{
    for (size_t i = 0; i < r->nfindings; i++) {
        struct glc_finding *f = &r->findings[i];
        bool same =
            f->inside == inside || (f->inside != NULL && inside != NULL && strcmp(f->inside, inside) == 0);
        if (f->target == target && f->product == p && f->entity == e && (p != NULL || same))
            return f;
    }
    struct glc_finding *f = glc_arena_push(&a->arena, &r->findings, &r->nfindings, sizeof *f);
    if (f != NULL)
        *f = (struct glc_finding){
            .target = target, .product = p, .entity = e, .inside = inside, .confidence = 'V'
        };
    return f;
}

static void add(struct glc_audit *a, struct glc_finding *f, const struct glc_hit *h)
{
    const struct glc_hit **slot =
        f != NULL ? glc_arena_push(&a->arena, &f->hits, &f->nhits, sizeof *slot) : NULL;
    if (slot == NULL)
        return;
    *slot = h;
    /* What points to the maker only may be of another component. */
    if (h->fact.inside != NULL && f->product != NULL && f->inside == NULL && h->signal->product != NULL &&
        (h->fact.embedded || h->signal->presence == GLC_EMBEDDED))
        f->inside = h->fact.inside;
}

/* A supplier named by a package of an unlisted name is another product of the maker's. */
static const char *own_package(const struct glc_audit *a, const struct glc_hit *h)
{
    const char *where = h->fact.where;
    if (h->signal->kind != GLC_FACT_SUPPLIER || h->fact.inside == NULL || where == NULL ||
        (strstr(where, "/dpkg/") == NULL && strstr(where, "/rpm/") == NULL &&
         strstr(where, "/apk/") == NULL && strstr(where, "/pacman/") == NULL))
        return NULL;
    for (size_t i = 0; i < a->nhits; i++)
        if (a->hits[i].signal->kind == GLC_FACT_PACKAGE && a->hits[i].target == h->target &&
            strcmp(a->hits[i].fact.value, h->fact.inside) == 0)
            return NULL;
    return h->fact.inside;
}

/* Is some of the finding's evidence the same thing, or what names the maker? */
static bool of_the_same(const struct glc_finding *f, const struct glc_hit *h)
{
    for (size_t i = 0; i < f->nhits; i++) {
        const struct glc_fact *x = &f->hits[i]->fact;
        if ((h->signal->kind == f->hits[i]->signal->kind && strcmp(x->value, h->fact.value) == 0) ||
            (h->signal->kind == GLC_FACT_SUPPLIER && h->fact.inside != NULL &&
             strcmp(x->value, h->fact.inside) == 0))
            return true;
    }
    return false;
}

/* The maker's product in this target that general evidence joins: the one of which it is, or else the one
 * with the most evidence of use. */
static struct glc_finding *best_of(struct glc_report *r, const struct glc_hit *h, bool mention)
{
    uint32_t target = h->target;
    const struct glc_reg_entity *e = h->signal->entity;
    struct glc_finding *best = NULL;
    for (size_t i = 0; i < r->nfindings; i++) {
        struct glc_finding *f = &r->findings[i];
        if (f->target != target || f->entity != e || (f->product == NULL && !mention))
            continue;
        if (best == NULL || of_the_same(f, h) > of_the_same(best, h) ||
            (of_the_same(f, h) == of_the_same(best, h) && f->nhits > best->nhits))
            best = f;
    }
    return best;
}

/* A product's folder says nothing more where files in it were found. */
static bool only_folder(const struct glc_audit *a, const struct glc_hit *h)
{
    for (size_t i = 0; h->fact.directory && i < a->nhits; i++) {
        const struct glc_hit *o = &a->hits[i];
        if (o->target == h->target && o->signal->product == h->signal->product &&
            o->fact.state == GLC_FACT_PRESENT && !o->fact.directory && h->signal->presence == GLC_INSTALLED)
            return true;
    }
    return false;
}

static void group(struct glc_audit *a, struct glc_report *r)
{
    for (size_t i = 0; i < a->nhits; i++) {
        const struct glc_hit *h = &a->hits[i];
        const struct glc_reg_product *p = h->signal->product;
        if (h->signal->kind == GLC_FACT_ENGINE) {
            const struct glc_reg_product *owner = owner_of_path(a, h);
            p = owner != NULL ? owner : p;
        }
        if (p != NULL && !only_folder(a, h))
            add(a, finding_of(a, r, h->target, p, p->entity, NULL), h);
    }
    for (int pass = 0; pass < 2;
         pass++) /* names come last: they join anything of the maker's, or stand alone */
        for (size_t i = 0; i < a->nhits; i++) {
            const struct glc_hit *h = &a->hits[i];
            bool mention = presence_of(h) == GLC_MENTIONED;
            if (h->signal->product != NULL || mention != (pass == 1))
                continue;
            const char *own = own_package(a, h);
            struct glc_finding *f = own == NULL ? best_of(r, h, mention) : NULL;
            if (mention && f != NULL && presence_of(f->hits[0]) != GLC_MENTIONED)
                continue;
            add(a, f != NULL ? f : finding_of(a, r, h->target, NULL, h->signal->entity, own), h);
        }
}

static char weaker(char a, char b)
{
    static const char order[] = "PSRV";
    return strchr(order, a) > strchr(order, b) ? a : b;
}

/* What the hits of a finding amount to. */
struct weight {
    bool use, only_embedded, maybe, left, left_weak;
};

static struct weight weigh(struct glc_finding *f)
{
    struct weight w = { .only_embedded = true };
    f->presence = GLC_MENTIONED;
    for (size_t i = 0; i < f->nhits; i++) {
        enum glc_presence p = presence_of(f->hits[i]);
        bool s = strong(f->hits[i]);
        if (p < f->presence)
            f->presence = p;
        if (p == GLC_INSTALLED || p == GLC_EMBEDDED) {
            w.use |= s;
            w.maybe |= !s;
            if (p == GLC_INSTALLED && s)
                w.only_embedded = false;
        }
        w.maybe |= p == GLC_CONFIGURED;
        w.left |= p == GLC_LEFTOVER && s;
        w.left_weak |= p == GLC_LEFTOVER && !s;
        if (s && strchr("PSRV", f->hits[i]->signal->confidence) < strchr("PSRV", f->confidence))
            f->confidence = f->hits[i]->signal->confidence;
    }
    f->embedded = w.use && w.only_embedded;
    if (f->product != NULL && f->product->embeds != NULL)
        f->embedded = true;
    return w;
}

static bool meets(const struct glc_texts *a, const struct glc_texts *b)
{
    for (size_t i = 0; i < a->count; i++)
        if (glc_texts_has(b, a->at[i]))
            return true;
    return false;
}

static const char *const unspecified[] = { "unspecified" };

static struct glc_texts classes_of(const struct glc_finding *f)
{
    if (f->product != NULL)
        return f->product->classes;
    return (struct glc_texts){ .at = (const char **)(uintptr_t)unspecified, .count = 1 };
}

static const struct glc_reg_exception *exception_for(const struct glc_reg_instrument *in,
                                                     const struct glc_texts *classes,
                                                     const struct glc_texts *scopes)
{
    for (size_t i = 0; i < in->nexceptions; i++)
        if (meets(classes, &in->exceptions[i].classes) &&
            (in->exceptions[i].scopes.count == 0 || meets(scopes, &in->exceptions[i].scopes)))
            return &in->exceptions[i];
    return NULL;
}

/* A rule that is in scope and in reach, on evidence of use. */
static enum glc_outcome apply(const struct glc_finding *f, const struct glc_reg_instrument *in,
                              const struct glc_reg_rule *rule, const struct glc_texts *scopes,
                              struct glc_judgement *j)
{
    struct glc_texts classes = classes_of(f);
    j->exception = exception_for(in, &classes, scopes);
    if (j->exception != NULL) {
        j->why = j->exception->text;
        return GLC_EXEMPT;
    }
    if (!f->embedded && rule->embedded == GLC_EMBEDDED_ONLY)
        return GLC_NO_OUTCOME;
    if (f->embedded && rule->embedded == GLC_EMBEDDED_EXCLUDED) {
        j->why = "Code embedded in another's product is outside this rule.";
        return GLC_EXEMPT;
    }
    bool listed = glc_texts_has(&rule->classes, "any") || meets(&classes, &rule->classes);
    bool review = meets(&classes, &rule->review_classes);
    if (!listed && !review)
        return GLC_NO_OUTCOME;
    if (review) {
        j->why = "The rule's reach over this class of product is open.";
        return GLC_REVIEW;
    }
    if (f->product != NULL && !f->product->certain && rule->outcome != GLC_EXPORT_ONLY) {
        j->why = "The product has the restricted code in some versions or by choice: its name does not tell. "
                 "Look which engine this installation has.";
        return GLC_REVIEW;
    }
    if (f->embedded && rule->embedded == GLC_EMBEDDED_UNSTATED && rule->outcome != GLC_EXPORT_ONLY) {
        j->why = "The instrument does not say whether embedded code counts.";
        return GLC_REVIEW;
    }
    j->why = rule->text;
    return rule->outcome;
}

static bool in_reach(const struct glc_finding *f, const struct glc_reg_instrument *in,
                     const struct glc_reg_rule *rule)
{
    const struct glc_reg_entity *e =
        f->product != NULL && f->product->embeds != NULL ? f->product->embeds : f->entity;
    const struct glc_texts *ids = rule->entities.count != 0 ? &rule->entities : &in->entities;
    for (size_t i = 0; i < ids->count; i++)
        if (in->listed_only ? e != NULL && strcmp(e->id, ids->at[i]) == 0 : glc_entity_reaches(e, ids->at[i]))
            return true;
    return false;
}

/* What the rule would say if the product were in use stays open, but what it says of no use does not. */
static enum glc_outcome without_use(struct glc_audit *a, const struct glc_finding *f, const struct weight *w,
                                    enum glc_outcome in_use, struct glc_judgement *j)
{
    bool concerned = in_use != GLC_EXEMPT && in_use != GLC_EXPORT_ONLY;
    if (in_use == GLC_NO_OUTCOME)
        return in_use;
    if (w->maybe || (w->left_weak && !w->left)) {
        if (!concerned || (f->product != NULL && !f->product->certain))
            return in_use;
        const char *why = glc_arena_printf(
            &a->arena, "The evidence is weak: it is possible that the product is in use. If it is: %s",
            j->why);
        j->why = why != NULL ? why : j->why;
        return GLC_REVIEW;
    }
    if (w->left) {
        j->why = "Only leftovers were found.";
        return GLC_RESIDUAL;
    }
    j->why = "Only a name was found.";
    return GLC_MENTION_ONLY;
}

static void judge_rule(struct glc_audit *a, struct glc_finding *f, const struct weight *w,
                       const struct glc_question *q, const struct glc_reg_instrument *in,
                       const struct glc_reg_rule *rule)
{
    if (!meets(&q->scopes, &rule->scopes) || !in_reach(f, in, rule))
        return;
    if (rule->to.set && glc_asof_reached(q->asof, rule->to.zone, rule->to.utc))
        return;
    struct glc_judgement j = { .instrument = in, .rule = rule };
    j.pending = !glc_asof_reached(q->asof, rule->from.zone, rule->from.utc);
    int64_t days = glc_asof_days_until(q->asof, rule->from.zone, rule->from.utc);
    j.days = j.pending ? days : -days;
    j.outcome = apply(f, in, rule, &q->scopes, &j);
    if (!w->use)
        j.outcome = without_use(a, f, w, j.outcome, &j);
    if (j.outcome == GLC_NO_OUTCOME)
        return;
    /* Who merely uses a product that embeds the engine is told so: only its supply is prohibited. */
    if (f->embedded && j.outcome == GLC_SUPPLY_PROHIBITED && in->embedded_note != NULL) {
        const char *both = glc_arena_printf(&a->arena, "%s %s", rule->text, in->embedded_note);
        j.why = both != NULL ? both : rule->text;
    }
    j.confidence = weaker(weaker(rule->confidence, rule->from.confidence), f->confidence);
    struct glc_judgement *slot = glc_arena_push(&a->arena, &f->judgements, &f->njudgements, sizeof *slot);
    if (slot == NULL)
        return;
    *slot = j;
    if (!j.pending && j.outcome < f->outcome)
        f->outcome = j.outcome;
}

static void deadlines(struct glc_audit *a, struct glc_finding *f, const struct glc_question *q,
                      const struct glc_judgement *j)
{
    const struct glc_reg_instrument *in = j->instrument;
    const struct glc_zone *z = in->rules[0].from.zone;
    int64_t now = glc_asof_day(q->asof, z), found = glc_asof_day(q->discovered, z);
    for (size_t i = 0; i < in->ndeadlines; i++) {
        const struct glc_reg_deadline *d = &in->deadlines[i];
        int64_t from = INT64_MIN, to = INT64_MAX;
        bool ok = (d->valid_from == NULL || glc_date_parse(glc_span_str(d->valid_from), &from)) &&
                  (d->valid_to == NULL || glc_date_parse(glc_span_str(d->valid_to), &to));
        if (!ok || !meets(&q->scopes, &d->scopes) || found < from || found > to)
            continue;
        int64_t start = d->after_discovery ? found : glc_zone_day(z, j->rule->from.utc);
        int64_t day = d->business ? glc_date_add_business(start, d->days) : start + d->days;
        bool again = d->repeat != 0 && day < now;
        if (again)
            day += (now - day + d->repeat - 1) / d->repeat * d->repeat;
        struct glc_due *due = glc_arena_push(&a->arena, &f->due, &f->ndue, sizeof *due);
        if (due != NULL)
            *due = (struct glc_due){ in, d, day, day - now, again };
    }
}

static void name_of(struct glc_audit *a, struct glc_finding *f)
{
    const struct glc_audit_target *t = &a->targets[f->target];
    if (f->product != NULL)
        f->name = f->product->name;
    else if (f->entity == NULL)
        f->name = "not readable";
    else
        f->name = f->inside != NULL ? glc_arena_printf(&a->arena, "%s (%s)", f->inside, f->entity->name)
                                    : glc_arena_printf(&a->arena, "something of %s", f->entity->name);
    if (f->name == NULL)
        f->name = "?";
    uint32_t h = 2166136261u;
    const char *parts[] = { t->kind, t->name, f->product != NULL ? f->product->id : "",
                            f->entity != NULL ? f->entity->id : "unknown",
                            f->product == NULL && f->inside != NULL ? f->inside : "" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (const char *p = parts[i] != NULL ? parts[i] : ""; *p != '\0'; p++)
            h = (h ^ (uint8_t)*p) * 16777619u;
    snprintf(f->id, sizeof f->id, "F-%08x", h);
}

static int by_day(const void *x, const void *y)
{
    const struct glc_due *a = x, *b = y;
    if (a->day != b->day)
        return a->day < b->day ? -1 : 1;
    return a->deadline < b->deadline ? -1 : a->deadline > b->deadline;
}

/* What is in force first, the most severe of it first of all; else as the register has them. */
static int by_severity(const void *x, const void *y)
{
    const struct glc_judgement *a = x, *b = y;
    if (a->pending != b->pending)
        return a->pending ? 1 : -1;
    if (a->outcome != b->outcome)
        return a->outcome < b->outcome ? -1 : 1;
    if (a->instrument != b->instrument)
        return a->instrument < b->instrument ? -1 : 1;
    return a->rule < b->rule ? -1 : a->rule > b->rule;
}

static void judge_finding(struct glc_audit *a, struct glc_finding *f, const struct glc_question *q)
{
    struct weight w = weigh(f);
    f->outcome = GLC_NO_OUTCOME;
    for (size_t i = 0; i < a->reg->ninstruments; i++) {
        const struct glc_reg_instrument *in = &a->reg->instruments[i];
        for (size_t k = 0; k < in->nrules; k++)
            judge_rule(a, f, &w, q, in, &in->rules[k]);
    }
    /* Evidence of a migration stands without an instrument. */
    if (f->outcome == GLC_NO_OUTCOME && f->presence == GLC_MENTIONED && f->njudgements == 0 &&
        f->product != NULL && f->product->note != NULL)
        f->outcome = GLC_MENTION_ONLY;
    const struct glc_reg_instrument *last = NULL;
    for (size_t i = 0; i < f->njudgements; i++) {
        const struct glc_judgement *j = &f->judgements[i];
        if (!j->pending && (j->outcome == GLC_USE_PROHIBITED || j->outcome == GLC_REMOVAL_DUE) &&
            j->instrument != last) {
            deadlines(a, f, q, j);
            last = j->instrument;
        }
    }
    if (f->njudgements != 0)
        qsort(f->judgements, f->njudgements, sizeof *f->judgements, by_severity);
    if (f->ndue != 0)
        qsort(f->due, f->ndue, sizeof *f->due, by_day);
    name_of(a, f);
}

static int by_outcome(const void *x, const void *y)
{
    const struct glc_finding *a = x, *b = y;
    if (a->outcome != b->outcome)
        return a->outcome < b->outcome ? -1 : 1;
    if (a->target != b->target)
        return a->target < b->target ? -1 : 1;
    return strcmp(a->id, b->id);
}

enum glc_err glc_judge(struct glc_audit *a, const struct glc_question *q, struct glc_report *out)
{
    struct glc_report r = { .audit = a, .question = q };
    group(a, &r);
    size_t kept = 0;
    for (size_t i = 0; i < r.nfindings; i++) {
        struct glc_finding *f = &r.findings[i];
        judge_finding(a, f, q);
        /* Not in force yet is still worth a line; not in scope is only counted. */
        if (f->outcome == GLC_NO_OUTCOME) {
            r.outside++;
            continue;
        }
        r.binds |= glc_outcome_binds(f->outcome);
        r.findings[kept++] = *f;
    }
    r.nfindings = kept;
    for (uint32_t t = 0; t < a->ntargets; t++) {
        bool gap = false;
        for (size_t i = 0; i < a->ngaps; i++)
            gap |= a->gaps[i].target == t;
        if (!gap)
            continue;
        struct glc_finding *f = glc_arena_push(&a->arena, &r.findings, &r.nfindings, sizeof *f);
        if (f == NULL)
            break;
        *f = (struct glc_finding){
            .target = t, .outcome = GLC_UNKNOWN, .confidence = 'P', .presence = GLC_MENTIONED
        };
        name_of(a, f);
        r.unknown = true;
    }
    if (r.nfindings != 0)
        qsort(r.findings, r.nfindings, sizeof *r.findings, by_outcome);
    if (a->arena.failed)
        return GLC_NOMEM;
    *out = r;
    return GLC_OK;
}

int glc_report_exit(const struct glc_report *r)
{
    return r->binds ? 1 : r->unknown ? 2 : 0;
}
