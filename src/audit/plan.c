/* Plans: what to remove, with whose command, what stays behind, what takes over, and in which order.
 *
 * The order keeps a host protected: replacements that exist are set up and proved first, then the product
 * goes, then its leftovers. Where a lost function has no replacement that is built, the plan says so before
 * the step that removes it. */
#include "audit/plan.h"

#include "audit/names.h"
#include "audit/report.h"
#include "base/json.h"

#include <stdio.h>

enum { MAX_FUNCTIONS = 32 };

struct plan {
    const struct glc_report *r;
    struct glc_buf *out;
    unsigned step;
};

static void step(struct plan *p, const char *text)
{
    glc_buf_printf(p->out, "  %u. %s\n", ++p->step, text);
}

/* The product's functions by their order, built ones or the others. */
static void replacements(struct plan *p, const struct glc_finding *f)
{
    const struct glc_register *reg = p->r->audit->reg;
    const struct glc_reg_function *list[MAX_FUNCTIONS];
    size_t n = 0, missing = 0;
    for (size_t i = 0; i < f->product->functions.count && n < MAX_FUNCTIONS; i++) {
        const struct glc_reg_function *fn = glc_register_function(reg, f->product->functions.at[i]);
        size_t at = n;
        if (fn == NULL)
            continue;
        while (at > 0 && list[at - 1]->order > fn->order) {
            list[at] = list[at - 1];
            at--;
        }
        list[at] = fn;
        n++;
    }
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i]->status, "built") != 0) {
            missing++;
            continue;
        }
        glc_buf_printf(p->out, "  %u. Before the removal, replace %s: %s.\n", ++p->step, list[i]->title,
                       list[i]->replacement);
        if (list[i]->command != NULL)
            glc_buf_printf(p->out, "       %s\n", list[i]->command);
    }
    if (missing == 0)
        return;
    glc_buf_printf(p->out,
                   "  %u. Decide how these functions are covered; nothing built here replaces them yet:\n",
                   ++p->step);
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i]->status, "built") != 0)
            glc_buf_printf(p->out, "       %s: %s (%s)\n", list[i]->title, list[i]->replacement,
                           strcmp(list[i]->status, "planned") == 0 ? "planned, not built yet"
                                                                   : "not part of Glacis");
}

/* Which package formats, or which system, the evidence is of. */
static bool found_on(const struct plan *p, const struct glc_finding *f, const char *on)
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
           (strcmp(on, "container") == 0 && strcmp(p->r->audit->targets[f->target].kind, "image") == 0);
}

static void removal(struct plan *p, const struct glc_finding *f)
{
    const struct glc_reg_product *product = f->product;
    size_t said = 0;
    glc_buf_printf(p->out, "  %u. Remove %s:\n", ++p->step, product->name);
    for (int all = 0; all < 2 && said == 0;
         all++) /* where the evidence does not tell the system, every known way */
        for (size_t i = 0; i < product->nremoval; i++)
            if (all == 1 || found_on(p, f, product->removal[i].on)) {
                glc_buf_printf(p->out, "       %s: %s%s\n", product->removal[i].on,
                               product->removal[i].command,
                               glc_confidence_mark(product->removal[i].confidence));
                said++;
            }
    if (said == 0)
        glc_buf_puts(p->out, "       by the maker's instructions: the register has no command\n");
}

static void leftovers(struct plan *p, const struct glc_finding *f)
{
    glc_buf_printf(p->out, "  %u. Look for leftovers and delete them after a backup:\n", ++p->step);
    for (size_t i = 0; f->product != NULL && i < f->product->leftovers.count; i++)
        glc_buf_printf(p->out, "       %s\n", f->product->leftovers.at[i]);
    for (size_t i = 0; i < f->nhits && i < 20; i++)
        if (f->hits[i]->signal->presence == GLC_LEFTOVER || f->hits[i]->fact.state != GLC_FACT_PRESENT)
            glc_buf_printf(p->out, "       found: %s\n",
                           f->hits[i]->fact.where != NULL ? f->hits[i]->fact.where : f->hits[i]->fact.value);
}

static void dues(struct plan *p, const struct glc_finding *f)
{
    for (size_t i = 0; i < f->ndue; i++) {
        char day[GLC_DATE_TEXT];
        glc_date_print(f->due[i].day, day);
        glc_buf_printf(p->out, "  %s %s: %s (%s).\n", f->due[i].left < 0 ? "Was due" : "By", day,
                       f->due[i].deadline->text, f->due[i].instrument->title);
    }
}

static void one(struct plan *p, const struct glc_finding *f)
{
    glc_buf_printf(p->out, "\n%s  %s  %s\n", f->id, glc_outcome_name(f->outcome), f->name);
    p->step = 0;
    dues(p, f);
    if (f->outcome == GLC_UNKNOWN) {
        step(p, "Make readable what could not be read (glacis audit explain with this id), and audit again.");
        return;
    }
    if (f->outcome == GLC_MENTION_ONLY || f->outcome == GLC_EXEMPT || f->outcome == GLC_EXPORT_ONLY) {
        step(
            p,
            "Nothing has to be removed under the instruments of this scope. Keep this report as the record.");
        return;
    }
    if (f->outcome == GLC_REVIEW)
        step(p,
             "Find out first whether the product is in use: the evidence or the instrument does not decide.");
    if (f->outcome == GLC_RESIDUAL) {
        leftovers(p, f);
        step(p, "Audit again.");
        return;
    }
    if (f->outcome == GLC_SUPPLY_PROHIBITED)
        step(p, "Use is lawful but gets no updates: plan the replacement by risk, not by a legal date.");
    if (f->product != NULL) {
        replacements(p, f);
        if (f->product->functions.count != 0)
            step(p, "Prove the replacement: scan a folder with the EICAR test file and see it reported. Only "
                    "then go on.");
        removal(p, f);
    } else {
        step(p, "Replace and remove it by the maker's instructions: the register does not know the product.");
    }
    leftovers(p, f);
    step(p, "Audit again, and keep both reports.");
}

void glc_report_plan(const struct glc_report *r, struct glc_buf *out)
{
    struct plan p = { .r = r, .out = out };
    glc_buf_puts(out, "Removal and migration plan. Steps are in an order in which the host is never without "
                      "the protection that can be replaced.\n");
    for (size_t i = 0; i < r->nfindings; i++)
        one(&p, &r->findings[i]);
    if (r->nfindings == 0)
        glc_buf_puts(out, "\nNothing was found: nothing to do.\n");
    glc_buf_printf(out, "\n%s\n", glc_report_disclaimer);
}

static struct glc_span trim(struct glc_span s)
{
    while (s.len != 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s = glc_span(s.ptr + 1, s.len - 1);
    while (s.len != 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t' || s.ptr[s.len - 1] == '\r'))
        s.len--;
    return s;
}

/* Bytes of the file that go out into a configuration: control characters do not. */
static void put_value(struct glc_buf *out, struct glc_span v)
{
    for (size_t i = 0; i < v.len;) {
        size_t n = glc_utf8_len(glc_span_sub(v, i, 4));
        bool path_byte = n == 0 && v.ptr[i] >= 0xa0; /* of a name in another encoding: it has to stay */
        if (!path_byte && glc_report_hidden(v.ptr + i, n))
            glc_buf_u8(out, '?');
        else
            glc_buf_put(out, v.ptr + i, n != 0 ? n : 1);
        i += n != 0 ? n : 1;
    }
}

static const struct glc_reg_setting *setting_for(const struct glc_register *r, const char *product,
                                                 struct glc_span section, struct glc_span key)
{
    for (size_t i = 0; i < r->nsettings; i++) {
        const struct glc_reg_setting *s = &r->settings[i];
        if (strcmp(s->product, product) == 0 && glc_glob(glc_span_str(s->section), section, true) &&
            glc_glob(glc_span_str(s->key), key, true))
            return s;
    }
    return NULL;
}

/* 0 and nothing mean no limit to both; the template's {} becomes the value. */
static void put_becomes(struct glc_buf *out, const struct glc_reg_setting *s, struct glc_span value)
{
    const char *at = strstr(s->becomes, "{}");
    if (at == NULL) {
        glc_buf_puts(out, s->becomes);
        return;
    }
    glc_buf_put(out, s->becomes, (size_t)(at - s->becomes));
    put_value(out, value);
    glc_buf_puts(out, at + 2);
}

enum part { PART_CONF, PART_NOTED, PART_PLANNED, PART_NONE, PARTS };

/* A line that goes into glacis.conf, and not a sentence about it. */
static bool is_conf(const struct glc_reg_setting *s)
{
    return strstr(s->becomes, " = {}") != NULL;
}

static enum part part_of(const struct glc_reg_setting *s)
{
    if (s == NULL || strcmp(s->status, "none") == 0)
        return PART_NONE;
    if (strcmp(s->status, "planned") == 0)
        return PART_PLANNED;
    return is_conf(s) ? PART_CONF : PART_NOTED;
}

/* An exclusion that KESL holds but does not use must not be taken over. */
static bool masks_unused(struct glc_span ini)
{
    return glc_span_find(ini, glc_span_str("UseExcludeMasks=No")) != SIZE_MAX;
}

static void import_line(const struct glc_register *r, const char *product, struct glc_span section,
                        struct glc_span line, enum part part, bool unused, struct glc_buf *out)
{
    const uint8_t *eq = memchr(line.ptr, '=', line.len);
    if (eq == NULL)
        return;
    struct glc_span key = trim(glc_span(line.ptr, (size_t)(eq - line.ptr)));
    struct glc_span value =
        trim(glc_span_sub(line, key.len == 0 ? line.len : (size_t)(eq - line.ptr) + 1, line.len));
    const struct glc_reg_setting *s = setting_for(r, product, section, key);
    if (part_of(s) != part)
        return;
    if (part == PART_CONF) {
        bool limit = strcmp(s->convert != NULL ? s->convert : "", "megabytes") == 0 ||
                     strcmp(s->convert != NULL ? s->convert : "", "seconds") == 0;
        bool off = (limit && (value.len == 0 || glc_span_is(value, "0"))) ||
                   (unused && glc_span_starts(key, glc_span_str("ExcludeMasks")));
        glc_buf_puts(out, off ? "# not used: " : "");
        put_becomes(out, s, value);
        glc_buf_u8(out, '\n');
        return;
    }
    glc_buf_puts(out, "#   ");
    if (section.len != 0) {
        glc_buf_u8(out, '[');
        put_value(out, section);
        glc_buf_puts(out, "] ");
    }
    put_value(out, key);
    glc_buf_u8(out, '=');
    put_value(out, value);
    glc_buf_puts(out, ": ");
    if (s != NULL)
        put_becomes(out, s, value);
    else
        glc_buf_puts(out, "no equivalent: the register does not know this key");
    glc_buf_u8(out, '\n');
}

/* Text, and at least one "key=value". */
static bool is_export(struct glc_span ini)
{
    if (memchr(ini.len != 0 ? (const void *)ini.ptr : "", 0, ini.len) != NULL)
        return false;
    while (ini.len != 0) {
        const uint8_t *nl = memchr(ini.ptr, '\n', ini.len);
        size_t n = nl != NULL ? (size_t)(nl - ini.ptr) : ini.len;
        struct glc_span line = trim(glc_span(ini.ptr, n));
        if (line.len != 0 && line.ptr[0] != '#' && line.ptr[0] != ';' && line.ptr[0] != '=' &&
            glc_ascii_isalnum(line.ptr[0]) && memchr(line.ptr, '=', line.len) != NULL)
            return true;
        ini = glc_span_sub(ini, n + 1, ini.len);
    }
    return false;
}

bool glc_plan_import(const struct glc_register *r, const char *product, struct glc_span ini,
                     struct glc_buf *out)
{
    if (!is_export(ini))
        return false;
    static const char *const titles[PARTS] = { "# glacis.conf from a settings export\n",
                                               "\n# Decided otherwise:\n", "\n# Planned, not built yet:\n",
                                               "\n# Without an equivalent:\n" };
    bool unused = masks_unused(ini);
    for (int part = 0; part < PARTS; part++) {
        struct glc_span text = ini, section = { 0 };
        glc_buf_puts(out, titles[part]);
        while (text.len != 0) {
            const uint8_t *nl = memchr(text.ptr, '\n', text.len);
            size_t n = nl != NULL ? (size_t)(nl - text.ptr) : text.len;
            struct glc_span line = trim(glc_span(text.ptr, n));
            text = glc_span_sub(text, n + 1, text.len);
            if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';')
                continue;
            if (line.ptr[0] == '[' && line.ptr[line.len - 1] == ']')
                section = glc_span_sub(line, 1, line.len - 2);
            else
                import_line(r, product, section, line, (enum part)part, unused, out);
        }
    }
    return true;
}
