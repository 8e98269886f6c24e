/* Plans: what to remove, with whose command, what stays behind, what takes over, and in which order.
 *
 * The order keeps a host protected: replacements that exist are set up and proved first, for all that is
 * found on a target together; then the products go, then their leftovers. What manages others goes after them
 * (the register's `manages`): without its agent a product that is still needed gets neither updates nor
 * orders. Where a lost function has no replacement that is built, the plan says so before the step that
 * removes it. */
#include "audit/plan.h"

#include "audit/report.h"

enum { MAX_FOUND = 20 }; /* leftovers named one by one */

struct make {
    struct glc_audit *a;
    const struct glc_report *r;
    struct glc_plan_target *t;
    struct glc_plan_step *step; /* the newest */
};

/* Failures mark the arena, which is looked at once. */
static void step(struct make *m, const char *action, const char *text)
{
    m->step = glc_arena_push(&m->a->arena, &m->t->steps, &m->t->nsteps, sizeof *m->step);
    if (m->step != NULL)
        *m->step = (struct glc_plan_step){ .action = action, .text = text };
}

static void concerns(struct make *m, const struct glc_finding *f)
{
    const struct glc_finding **slot =
        m->step != NULL ? glc_arena_push(&m->a->arena, &m->step->findings, &m->step->nfindings, sizeof *slot)
                        : NULL;
    if (slot != NULL)
        *slot = f;
}

static void detail(struct make *m, struct glc_plan_detail d)
{
    struct glc_plan_detail *slot =
        m->step != NULL ? glc_arena_push(&m->a->arena, &m->step->details, &m->step->ndetails, sizeof *slot)
                        : NULL;
    if (slot != NULL)
        *slot = d;
}

static bool goes(const struct glc_finding *f)
{
    return f->outcome == GLC_USE_PROHIBITED || f->outcome == GLC_REMOVAL_DUE ||
           f->outcome == GLC_SUPPLY_PROHIBITED || f->outcome == GLC_REVIEW;
}

static bool is_record(const struct glc_finding *f)
{
    return f->outcome == GLC_MENTION_ONLY || f->outcome == GLC_EXEMPT || f->outcome == GLC_EXPORT_ONLY;
}

static bool is_unknown(const struct glc_finding *f)
{
    return f->outcome == GLC_UNKNOWN;
}

static bool is_review(const struct glc_finding *f)
{
    return f->outcome == GLC_REVIEW;
}

static bool is_supply(const struct glc_finding *f)
{
    return f->outcome == GLC_SUPPLY_PROHIBITED;
}

/* One step for all findings of a kind, where there are any. */
static void together(struct make *m, bool (*which)(const struct glc_finding *), const char *action,
                     const char *text)
{
    bool begun = false;
    for (size_t i = 0; i < m->t->nfindings; i++) {
        if (!which(m->t->findings[i]))
            continue;
        if (!begun)
            step(m, action, text);
        begun = true;
        concerns(m, m->t->findings[i]);
    }
}

static bool has_function(const struct glc_finding *f, const struct glc_reg_function *fn)
{
    return goes(f) && f->product != NULL && glc_texts_has(&f->product->functions, fn->id);
}

static bool lost(const struct make *m, const struct glc_reg_function *fn)
{
    for (size_t i = 0; i < m->t->nfindings; i++)
        if (has_function(m->t->findings[i], fn))
            return true;
    return false;
}

/* The functions that the target loses, by their order; the register's own order where that is the same. */
static const struct glc_reg_function **functions_of(struct make *m, size_t *count)
{
    const struct glc_register *reg = m->a->reg;
    const struct glc_reg_function **list = glc_arena_array(&m->a->arena, reg->nfunctions + 1, sizeof *list);
    *count = 0;
    for (size_t i = 0; list != NULL && i < reg->nfunctions; i++) {
        if (!lost(m, &reg->functions[i]))
            continue;
        size_t at = (*count)++;
        for (; at > 0 && list[at - 1]->order > reg->functions[i].order; at--)
            list[at] = list[at - 1];
        list[at] = &reg->functions[i];
    }
    return list;
}

static void for_all_with(struct make *m, const struct glc_reg_function *fn)
{
    for (size_t i = 0; i < m->t->nfindings; i++)
        if (has_function(m->t->findings[i], fn))
            concerns(m, m->t->findings[i]);
}

static bool any_function(const struct glc_finding *f)
{
    return goes(f) && f->product != NULL && f->product->functions.count != 0;
}

static void replacements(struct make *m)
{
    size_t n = 0;
    const struct glc_reg_function **list = functions_of(m, &n);
    for (size_t i = 0; list != NULL && i < n; i++) {
        if (strcmp(list[i]->status, "built") != 0)
            continue;
        step(m, "replace",
             glc_arena_printf(&m->a->arena, "Before the removal, replace %s: %s.", list[i]->title,
                              list[i]->replacement));
        for_all_with(m, list[i]);
        if (list[i]->command != NULL)
            detail(m, (struct glc_plan_detail){ .command = list[i]->command });
    }
    together(
        m, any_function, "prove",
        "Prove the replacement: scan a folder with the EICAR test file and see it reported. Only then go "
        "on.");
    for (size_t i = 0; list != NULL && i < n; i++) {
        if (strcmp(list[i]->status, "built") == 0)
            continue;
        bool planned = strcmp(list[i]->status, "planned") == 0;
        step(m, "cover",
             glc_arena_printf(&m->a->arena, "Before the removal, decide how %s is covered: %s %s.",
                              list[i]->title,
                              planned ? "nothing built here replaces it; planned, not built yet:"
                                      : "it is no part of Glacis; outside it:",
                              list[i]->replacement));
        for_all_with(m, list[i]);
    }
}

/* Which package formats, or which system, the evidence is of. */
static bool found_on(const struct glc_report *r, const struct glc_finding *f, const char *on)
{
    bool windows = false, macos = false;
    for (size_t i = 0; i < f->nhits; i++) {
        const struct glc_hit *h = f->hits[i];
        if (h->fact.ecosystem != NULL && strcmp(h->fact.ecosystem, on) == 0)
            return true;
        windows |= h->signal->kind == GLC_FACT_SERVICE || h->signal->kind == GLC_FACT_REGISTRY;
        macos |= h->signal->kind == GLC_FACT_BUNDLE || h->signal->kind == GLC_FACT_TEAM ||
                 h->signal->kind == GLC_FACT_RECEIPT;
    }
    return strcmp(on, "any") == 0 || (strcmp(on, "windows") == 0 && windows) ||
           (strcmp(on, "macos") == 0 && macos) ||
           (strcmp(on, "container") == 0 && strcmp(r->audit->targets[f->target].kind, "image") == 0);
}

static void removal(struct make *m, const struct glc_finding *f)
{
    const struct glc_reg_product *product = f->product;
    if (product == NULL) {
        step(m, "remove",
             glc_arena_printf(&m->a->arena,
                              "Replace and remove %s by the maker's instructions: the register does not know "
                              "the product.",
                              f->name));
        concerns(m, f);
        return;
    }
    step(m, "remove",
         glc_arena_printf(&m->a->arena, "Remove %s%s:", product->name,
                          product->manages.count != 0
                              ? ", after everything that it manages, here and on other hosts"
                              : ""));
    concerns(m, f);
    size_t said = 0;
    for (int all = 0; all < 2 && said == 0;
         all++) /* the evidence does not tell the system: every known way */
        for (size_t i = 0; i < product->nremoval; i++)
            if (all == 1 || found_on(m->r, f, product->removal[i].on)) {
                detail(m, (struct glc_plan_detail){ .on = product->removal[i].on,
                                                    .command = product->removal[i].command,
                                                    .confidence = product->removal[i].confidence });
                said++;
            }
    if (said == 0)
        detail(m, (struct glc_plan_detail){ .text =
                                                "by the maker's instructions: the register has no command" });
}

static uint32_t rank_of(const struct glc_finding *f)
{
    return f->product != NULL ? f->product->rank : 0;
}

static uint32_t highest_rank(const struct glc_plan_target *t)
{
    uint32_t rank = 0;
    for (size_t i = 0; i < t->nfindings; i++)
        if (goes(t->findings[i]) && rank_of(t->findings[i]) > rank)
            rank = rank_of(t->findings[i]);
    return rank;
}

/* What manages others after them: by rank, and in the report's order where that is the same. */
static void removals(struct make *m)
{
    uint32_t last = highest_rank(m->t);
    for (uint32_t rank = 0; rank <= last; rank++)
        for (size_t i = 0; i < m->t->nfindings; i++)
            if (goes(m->t->findings[i]) && rank_of(m->t->findings[i]) == rank)
                removal(m, m->t->findings[i]);
}

static void leftovers(struct make *m, const struct glc_finding *f)
{
    step(m, "leftovers",
         glc_arena_printf(&m->a->arena, "Look for leftovers of %s and delete them after a backup:", f->name));
    concerns(m, f);
    for (size_t i = 0; f->product != NULL && i < f->product->leftovers.count; i++)
        detail(m, (struct glc_plan_detail){ .text = f->product->leftovers.at[i] });
    for (size_t i = 0; i < f->nhits && i < MAX_FOUND; i++) {
        const struct glc_hit *h = f->hits[i];
        if (h->signal->presence == GLC_LEFTOVER || h->fact.state != GLC_FACT_PRESENT)
            detail(m, (struct glc_plan_detail){ .text = h->fact.where != NULL ? h->fact.where : h->fact.value,
                                                .found = true });
    }
}

static void target(struct make *m)
{
    together(m, is_unknown, "make-readable",
             "Make readable what could not be read (glacis audit explain with this id), and audit again.");
    together(
        m, is_record, "keep-record",
        "Nothing has to be removed under the instruments of this scope. Keep this report as the record.");
    together(m, is_review, "find-out",
             "Find out first whether the product is in use: the evidence or the instrument does not decide.");
    together(m, is_supply, "plan-by-risk",
             "Use is lawful, but supply and updates end: plan the replacement by risk, not by a legal date.");
    replacements(m);
    removals(m);
    bool changed = false;
    for (size_t i = 0; i < m->t->nfindings; i++)
        if (goes(m->t->findings[i]) || m->t->findings[i]->outcome == GLC_RESIDUAL) {
            leftovers(m, m->t->findings[i]);
            changed = true;
        }
    if (changed)
        step(m, "audit-again", "Audit again, and keep both reports.");
}

/* Targets in their order, those with findings; but what manages other hosts after them. */
static void by_rank(struct glc_plan *p)
{
    for (size_t i = 1; i < p->ntargets; i++) {
        struct glc_plan_target t = p->targets[i];
        size_t at = i;
        for (; at > 0 && highest_rank(&p->targets[at - 1]) > highest_rank(&t); at--)
            p->targets[at] = p->targets[at - 1];
        p->targets[at] = t;
    }
}

enum glc_err glc_plan_make(struct glc_audit *a, const struct glc_report *r, struct glc_plan *out)
{
    struct glc_plan p = { 0 };
    struct make m = { .a = a, .r = r };
    for (uint32_t i = 0; i < a->ntargets; i++) {
        struct glc_plan_target t = { .target = i };
        for (size_t k = 0; k < r->nfindings; k++) {
            if (r->findings[k].target != i)
                continue;
            const struct glc_finding **slot =
                glc_arena_push(&a->arena, &t.findings, &t.nfindings, sizeof *slot);
            if (slot != NULL)
                *slot = &r->findings[k];
        }
        struct glc_plan_target *slot =
            t.nfindings != 0 ? glc_arena_push(&a->arena, &p.targets, &p.ntargets, sizeof *slot) : NULL;
        if (slot == NULL)
            continue;
        *slot = t;
        m.t = slot;
        m.step = NULL;
        target(&m);
    }
    if (a->arena.failed)
        return GLC_NOMEM;
    by_rank(&p);
    *out = p;
    return GLC_OK;
}
