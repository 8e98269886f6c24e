/* Conditions of the rules that were touched, or have no witness; then globals and what is reported. */
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "match/matcher.h"
#include "rule/rule.h"

/* A step is some nanoseconds: about what 16 bytes of a scan cost. */
uint64_t glc_matcher_budget(const struct glc_matcher *m)
{
    return m->opt.steps != 0 ? m->opt.steps : 64 * m->size + (UINT64_C(1) << 22);
}

/* What rules that are judged always add, in eighths of a step a byte: the first few much where the set is
 * small, for that is what loose rules are written in; each other that has strings what a walk over the layer
 * takes. Of 4,000 system files the ninth decile takes 0.4 steps a byte with every shared set at once and 99
 * of 100 take 1.4; of 255 Windows programs half take 2.4. */
enum { FIRST_RULES = 8, FIRST_ADD = 64, FIRST_ADD_OF_MANY = 8, NEXT_ADD = 1, MANY = 256 };

/* How many rules are touched, and how much each takes, is in the data's hand: all share one budget, to which
 * each rule that is judged always adds what a few scans take. When it is spent, each still gets what a look
 * at known places takes. */
static uint64_t budget_of(const struct glc_matcher *m)
{
    enum { LAST = 1024 };
    uint64_t own = glc_matcher_budget(m), shared = m->shared > LAST ? m->shared : LAST;
    return own < shared ? own : shared;
}

void glc_matcher_spend(struct glc_matcher *m, uint64_t steps)
{
    m->work += steps;
    m->shared -= steps < m->shared ? steps : m->shared;
}

static uint32_t pattern_of(const struct glc_matcher *m, uint32_t pattern)
{
    const struct glc_img_rule *r = glc_image_at(m->img, GLC_IMG_RULES, m->rule, sizeof *r);
    return r != NULL && pattern < r->patterns && r->pattern <= UINT32_MAX - pattern ? r->pattern + pattern
                                                                                    : GLC_IMG_NONE;
}

static enum glc_err env_found(void *ctx, uint32_t pattern, bool *out)
{
    struct glc_matcher *m = ctx;
    return glc_matcher_present(m, pattern_of(m, pattern), out);
}

static enum glc_err env_found_at(void *ctx, uint32_t pattern, uint64_t offset, bool *out)
{
    struct glc_matcher *m = ctx;
    return glc_matcher_at(m, pattern_of(m, pattern), offset, out);
}

static enum glc_err env_list(void *ctx, uint32_t pattern, bool lengths, const struct glc_occurrence **list,
                             uint64_t *n)
{
    struct glc_matcher *m = ctx;
    const struct glc_slot *s;
    enum glc_err e = glc_matcher_list(m, pattern_of(m, pattern), lengths, &s);
    if (e == GLC_OK) {
        *list = s->list;
        *n = s->n;
    }
    return e;
}

static enum glc_err env_found_in(void *ctx, uint32_t pattern, uint64_t first, uint64_t last, bool *out)
{
    struct glc_matcher *m = ctx;
    return glc_matcher_in(m, pattern_of(m, pattern), first, last, out);
}

/* YARA stops counting at a million; ClamAV does not. */
static enum glc_err env_count(void *ctx, uint32_t pattern, uint64_t enough, uint64_t *out)
{
    enum { YARA_MOST = 1000000 };
    struct glc_matcher *m = ctx;
    const struct glc_img_rule *r = glc_image_at(m->img, GLC_IMG_RULES, m->rule, sizeof *r);
    bool yara = r != NULL && r->language == GLC_LANG_YARA;
    if (yara && enough > YARA_MOST)
        enough = YARA_MOST;
    enum glc_err e = glc_matcher_count(m, pattern_of(m, pattern), enough, out);
    if (e == GLC_OK && yara && *out > YARA_MOST)
        *out = YARA_MOST;
    return e;
}

static enum glc_err env_rule(void *ctx, uint32_t rule, bool *out)
{
    struct glc_matcher *m = ctx;
    if (rule >= m->img->rules)
        return GLC_CORRUPT;
    *out = m->rule_state[rule] == GLC_RULE_TRUE;
    return GLC_OK;
}

void glc_matcher_env(struct glc_matcher *m, struct glc_cond_env *env)
{
    *env = (struct glc_cond_env){ .layer = m->layer,
                                  .external = m->external,
                                  .externals = m->externals,
                                  .ctx = m,
                                  .found = env_found,
                                  .found_at = env_found_at,
                                  .found_in = env_found_in,
                                  .count = env_count,
                                  .list = env_list,
                                  .rule = env_rule,
                                  .re = m->re,
                                  .console = m->opt.console,
                                  .console_to = m->opt.console_to,
                                  .now = (int64_t)time(NULL),
                                  .steps = &m->steps };
}

static enum glc_err judge_one(struct glc_matcher *m, const struct glc_cond_env *env, uint32_t rule, bool *out)
{
    const struct glc_img_rule *r = glc_image_at(m->img, GLC_IMG_RULES, rule, sizeof *r);
    const uint8_t *code = r != NULL ? glc_image_run(m->img, GLC_IMG_CODE, r->code, r->code_len, 1) : NULL;
    if (code == NULL)
        return GLC_CORRUPT;
    m->rule = rule;
    uint64_t budget = m->steps = budget_of(m);
    uint64_t began = m->cost != NULL ? glc_clock_ns() : 0;
    enum glc_err e = glc_cond_eval(m->cond, glc_span(code, r->code_len), env, out);
    glc_matcher_spend(m, budget - m->steps);
    m->sought += budget - m->steps;
    if (m->cost != NULL) {
        m->cost[rule].judged++;
        m->cost[rule].ns += glc_clock_ns() - began;
    }
    if (e != GLC_LIMIT)
        return e;
    if (!m->limited) {
        m->limited = true;
        m->blame = rule;
    }
    *out = false;
    return GLC_OK;
}

static int by_number(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

/* Ascending: a rule refers to earlier ones only. Mostly there are a few. */
static void sort_rules(uint32_t *rule, uint32_t n)
{
    enum { FEW = 24 };
    if (n > FEW) {
        qsort(rule, n, sizeof *rule, by_number);
        return;
    }
    for (uint32_t i = 1; i < n; i++) {
        uint32_t now = rule[i], k = i;
        for (; k > 0 && rule[k - 1] > now; k--)
            rule[k] = rule[k - 1];
        rule[k] = now;
    }
}

/* Do all global rules of the rule's namespace hold? */
static enum glc_err globals_hold(const struct glc_matcher *m, uint32_t rule, bool *out)
{
    const struct glc_img_rule *r = glc_image_at(m->img, GLC_IMG_RULES, rule, sizeof *r);
    const struct glc_img_space *s =
        r != NULL ? glc_image_at(m->img, GLC_IMG_SPACES, r->space, sizeof *s) : NULL;
    const uint32_t *global =
        s != NULL ? glc_image_run(m->img, GLC_IMG_LISTS, s->global, s->globals, 4) : NULL;
    if (global == NULL)
        return GLC_CORRUPT;
    *out = true;
    for (uint32_t i = 0; i < s->globals; i++) {
        if (global[i] >= m->img->rules)
            return GLC_CORRUPT;
        *out = *out && m->rule_state[global[i]] == GLC_RULE_TRUE;
    }
    return GLC_OK;
}

static enum glc_err report(struct glc_matcher *m)
{
    for (uint32_t i = 0; i < m->judges; i++) {
        const struct glc_img_rule *r = glc_image_at(m->img, GLC_IMG_RULES, m->judge[i], sizeof *r);
        bool hold;
        if (m->rule_state[m->judge[i]] != GLC_RULE_TRUE || (r->flags & GLC_IMG_PRIVATE) != 0)
            continue;
        enum glc_err e = globals_hold(m, m->judge[i], &hold);
        if (e != GLC_OK)
            return e;
        if (hold && !glc_matcher_report(m, m->judge[i]))
            return GLC_NOMEM;
    }
    return GLC_OK;
}

/* May the rules of the run hold, as far as their guard says? What it takes is not the rules' to pay. */
static enum glc_err guard_open(struct glc_matcher *m, const struct glc_cond_env *env,
                               const struct glc_img_always *run, uint32_t rule, bool *open)
{
    const uint8_t *guard = glc_image_run(m->img, GLC_IMG_CODE, run->guard, run->guard_len, 1);
    *open = true;
    if (guard == NULL)
        return GLC_CORRUPT;
    if (run->guard_len == 0)
        return GLC_OK;
    m->rule = rule;
    uint64_t budget = m->steps = glc_matcher_budget(m);
    enum glc_err e = glc_cond_eval(m->cond, glc_span(guard, run->guard_len), env, open);
    m->work += budget - m->steps;
    *open = *open || e != GLC_OK;
    return e;
}

/* The same for a guard that says the same of every layer: it is asked once. */
static enum glc_err steady_open(struct glc_matcher *m, const struct glc_cond_env *env, uint32_t number,
                                const struct glc_img_always *run, uint32_t rule, bool *open)
{
    enum glc_err e = GLC_OK;
    if (m->steady[number] == GLC_GUARD_UNKNOWN) {
        e = guard_open(m, env, run, rule, open);
        if (e == GLC_OK)
            m->steady[number] = *open ? GLC_GUARD_OPEN : GLC_GUARD_SHUT;
        return e;
    }
    *open = m->steady[number] == GLC_GUARD_OPEN;
    return e;
}

/* Rules without a witness, as far as their gate and guard let them through. */
static enum glc_err touch_always(struct glc_matcher *m, const struct glc_cond_env *env)
{
    const struct glc_img_always *run =
        glc_image_run(m->img, GLC_IMG_ALWAYS, m->group->always, m->group->always_n, sizeof *run);
    if (run == NULL)
        return GLC_CORRUPT;
    for (uint32_t i = 0; i < m->group->always_n; i++, run++) {
        const uint32_t *rule = glc_image_run(m->img, GLC_IMG_LISTS, run->rule, run->rules, sizeof *rule);
        bool open = true;
        if (rule == NULL)
            return GLC_CORRUPT;
        if (run->rules == 0 || !glc_matcher_gate_open(m, run->gate))
            continue;
        enum glc_err e = (run->flags & GLC_IMG_STEADY) != 0
                             ? steady_open(m, env, m->group->always + i, run, rule[0], &open)
                             : guard_open(m, env, run, rule[0], &open);
        if (e != GLC_OK && e != GLC_LIMIT)
            return e;
        for (uint32_t k = 0; open && k < run->rules; k++)
            if (rule[k] < m->img->rules && m->rule_state[rule[k]] < GLC_RULE_TOUCHED)
                glc_matcher_touch(m, rule[k]);
    }
    return GLC_OK;
}

/* Of the rules that were touched by nothing, in eighths of a step a byte; they stand from `from` on. */
static uint64_t allowance(const struct glc_matcher *m, uint32_t from)
{
    uint64_t first = m->judges - from < FIRST_RULES ? m->judges - from : FIRST_RULES;
    uint64_t sum = first * (m->img->rules < MANY ? FIRST_ADD : FIRST_ADD_OF_MANY);
    for (uint32_t i = from + (uint32_t)first; i < m->judges; i++) {
        const struct glc_img_rule *r = glc_image_at(m->img, GLC_IMG_RULES, m->judge[i], sizeof *r);
        sum += r != NULL && r->patterns != 0 ? NEXT_ADD : 0;
    }
    return sum;
}

enum glc_err glc_matcher_judge(struct glc_matcher *m)
{
    enum { MANY_AFTER = 2 }; /* steps for each byte that were taken: some 32 scans of the layer */
    struct glc_cond_env env;
    uint32_t touched = m->judges;
    glc_matcher_env(m, &env);
    enum glc_err e = touch_always(m, &env);
    if (e != GLC_OK)
        return e;
    m->shared += allowance(m, touched) * m->size / 8;
    sort_rules(m->judge, m->judges);
    for (uint32_t i = 0; i < m->judges; i++) {
        bool holds = false;
        if (!m->many && (m->opt.many || m->sought / MANY_AFTER > m->size)) {
            m->many = true;
            if (!glc_matcher_many(m, i))
                return GLC_NOMEM;
        }
        e = judge_one(m, &env, m->judge[i], &holds);
        if (e != GLC_OK)
            return e;
        m->rule_state[m->judge[i]] = holds ? GLC_RULE_TRUE : GLC_RULE_FALSE;
    }
    return report(m);
}
