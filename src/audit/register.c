/* Reading the register: every file checked against the schema, then all of them taken into one set of tables.
 *
 * After the schema has passed, required keys are there and of their type, so that taking them needs no
 * further checks. Dangling ids are left as NULL and told by glc_register_verify(); the audit itself treats
 * them as not in reach. */
#define _GNU_SOURCE
#include "audit/register.h"

#include "audit/names.h"
#include "audit/schema.h"
#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_FILE = 16 << 20, REGISTER_MEMORY = 64 << 20 };

static const char *const kind_names[GLC_FACT_KINDS] = {
    "package", "path", "name",    "unit",        "process", "module", "user",     "group",
    "image",   "env",  "engine",  "certificate", "signer",  "host",   "service",  "registry",
    "bundle",  "team", "receipt", "extension",   "cpe",     "purl",   "supplier", "config",
};
static const char *const outcome_names[] = {
    "use-prohibited", "removal-due", "supply-prohibited", "review",  "residual",
    "exempt",         "export-only", "mention-only",      "unknown", "none"
};
static const char *const presence_names[] = { "installed", "embedded", "configured", "leftover", "mention" };
static const char *const strength_names[] = { "strong", "weak", "mention" };

const char *glc_fact_kind_name(enum glc_fact_kind k)
{
    return k < GLC_FACT_KINDS ? kind_names[k] : "?";
}

const char *glc_outcome_name(enum glc_outcome o)
{
    return outcome_names[o];
}

const char *glc_presence_name(enum glc_presence p)
{
    return presence_names[p];
}

const char *glc_strength_name(enum glc_strength s)
{
    return strength_names[s];
}

const char *glc_confidence_mark(char c)
{
    return c == 'P'   ? ""
           : c == 'S' ? " [secondary source]"
           : c == 'R' ? " [seen in public repositories]"
                      : " [UNVERIFIED]";
}

static size_t index_of(const char *s, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s != NULL && strcmp(s, names[i]) == 0)
            return i;
    return 0;
}

static const char *text(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static char confidence(const json_t *o)
{
    const char *s = text(o, "confidence");
    return s != NULL ? s[0] : 'V';
}

/* The array under `key` into `n` zeroed elements of `size` bytes. */
static void *table(struct glc_register *r, const json_t *o, const char *key, size_t size, size_t *n)
{
    *n = json_array_size(json_object_get(o, key));
    return glc_arena_array(&r->arena, *n, size);
}

static struct glc_texts texts(struct glc_register *r, const json_t *o, const char *key)
{
    struct glc_texts t;
    t.at = table(r, o, key, sizeof *t.at, &t.count);
    for (size_t i = 0; t.at != NULL && i < t.count; i++)
        t.at[i] = json_string_value(json_array_get(json_object_get(o, key), i));
    if (t.at == NULL)
        t.count = 0;
    return t;
}

static void take_name(struct glc_register *r, const json_t *o, void *to)
{
    (void)r;
    *(struct glc_reg_name *)to = (struct glc_reg_name){ text(o, "id"), text(o, "title") };
}

static void take_function(struct glc_register *r, const json_t *o, void *to)
{
    (void)r;
    *(struct glc_reg_function *)to =
        (struct glc_reg_function){ .id = text(o, "id"),
                                   .title = text(o, "title"),
                                   .replacement = text(o, "replacement"),
                                   .command = text(o, "command"),
                                   .status = text(o, "status"),
                                   .order = json_integer_value(json_object_get(o, "order")) };
}

static void take_entity(struct glc_register *r, const json_t *o, void *to)
{
    struct glc_reg_entity e = { .id = text(o, "id"),
                                .name = text(o, "name"),
                                .citation = text(o, "citation"),
                                .verified_on = text(o, "verified_on"),
                                .aliases = texts(r, o, "aliases"),
                                .domains = texts(r, o, "domains"),
                                .confidence = confidence(o) };
    e.parents = table(r, o, "parents", sizeof *e.parents, &e.nparents);
    for (size_t i = 0; e.parents != NULL && i < e.nparents; i++) {
        const json_t *p = json_array_get(json_object_get(o, "parents"), i);
        e.parents[i] = (struct glc_reg_parent){ .id = text(p, "entity"),
                                                .relation = text(p, "relation"),
                                                .confidence = confidence(p) };
    }
    *(struct glc_reg_entity *)to = e;
}

static struct glc_reg_instant instant(const json_t *o)
{
    struct glc_reg_instant i = { .zone = glc_zone_find(glc_span_str("UTC")) };
    if (o == NULL)
        return i;
    i.utc_text = text(o, "utc");
    i.stated = text(o, "stated");
    i.zone_name = text(o, "zone");
    i.note = text(o, "note");
    i.confidence = confidence(o);
    i.set = glc_date_parse_instant(glc_span_str(i.utc_text), &i.utc);
    const struct glc_zone *z = glc_zone_find(glc_span_str(i.zone_name));
    if (z != NULL)
        i.zone = z;
    return i;
}

static struct glc_reg_rule rule(struct glc_register *r, const json_t *o)
{
    static const char *const embedded[] = { "unstated", "counts", "excluded", "only" };
    return (struct glc_reg_rule){
        .id = text(o, "id"),
        .action = text(o, "action"),
        .text = text(o, "text"),
        .milestone = text(o, "milestone"),
        .since = text(o, "since"),
        .citation = text(o, "citation"),
        .outcome = (enum glc_outcome)index_of(text(o, "outcome"), outcome_names, GLC_NO_OUTCOME),
        .scopes = texts(r, o, "scopes"),
        .classes = texts(r, o, "classes"),
        .review_classes = texts(r, o, "review_classes"),
        .entities = texts(r, o, "entities"),
        .embedded = (enum glc_embedded_rule)index_of(text(o, "embedded"), embedded, 4),
        .from = instant(json_object_get(o, "from")),
        .to = instant(json_object_get(o, "to")),
        .confidence = confidence(o),
    };
}

static struct glc_reg_deadline deadline(struct glc_register *r, const json_t *o)
{
    return (struct glc_reg_deadline){
        .id = text(o, "id"),
        .text = text(o, "text"),
        .after_discovery = strcmp(text(o, "after"), "discovery") == 0,
        .business = strcmp(text(o, "unit"), "business") == 0,
        .days = (uint32_t)json_integer_value(json_object_get(o, "days")),
        .repeat = (uint32_t)json_integer_value(json_object_get(o, "repeat")),
        .valid_from = text(o, "valid_from"),
        .valid_to = text(o, "valid_to"),
        .scopes = texts(r, o, "scopes"),
        .confidence = confidence(o),
    };
}

static void take_instrument(struct glc_register *r, const json_t *o, void *to)
{
    const char *reach = text(o, "reach");
    struct glc_reg_instrument i = {
        .id = text(o, "id"),
        .title = text(o, "title"),
        .jurisdiction = text(o, "jurisdiction"),
        .authority = text(o, "authority"),
        .citation = text(o, "citation"),
        .status = text(o, "status"),
        .replaced_by = text(o, "replaced_by"),
        .embedded = text(o, "embedded"),
        .embedded_note = text(o, "embedded_note"),
        .verified_on = text(o, "verified_on"),
        .entities = texts(r, o, "entities"),
        .notes = texts(r, o, "notes"),
        .listed_only = reach != NULL && strcmp(reach, "listed") == 0,
        .confidence = confidence(o),
    };
    i.rules = table(r, o, "rules", sizeof *i.rules, &i.nrules);
    for (size_t k = 0; i.rules != NULL && k < i.nrules; k++)
        i.rules[k] = rule(r, json_array_get(json_object_get(o, "rules"), k));
    i.exceptions = table(r, o, "exceptions", sizeof *i.exceptions, &i.nexceptions);
    for (size_t k = 0; i.exceptions != NULL && k < i.nexceptions; k++) {
        const json_t *e = json_array_get(json_object_get(o, "exceptions"), k);
        i.exceptions[k] = (struct glc_reg_exception){ .id = text(e, "id"),
                                                      .text = text(e, "text"),
                                                      .classes = texts(r, e, "classes"),
                                                      .scopes = texts(r, e, "scopes"),
                                                      .confidence = confidence(e) };
    }
    i.deadlines = table(r, o, "deadlines", sizeof *i.deadlines, &i.ndeadlines);
    for (size_t k = 0; i.deadlines != NULL && k < i.ndeadlines; k++)
        i.deadlines[k] = deadline(r, json_array_get(json_object_get(o, "deadlines"), k));
    *(struct glc_reg_instrument *)to = i;
}

static void take_product(struct glc_register *r, const json_t *o, void *to)
{
    struct glc_reg_product p = {
        .id = text(o, "id"),
        .name = text(o, "name"),
        .entity_id = text(o, "entity"),
        .embeds_id = text(o, "embeds"),
        .citation = text(o, "citation"),
        .verified_on = text(o, "verified_on"),
        .note = text(o, "note"),
        .classes = texts(r, o, "classes"),
        .functions = texts(r, o, "functions"),
        .leftovers = texts(r, o, "leftovers"),
        .manages = texts(r, o, "manages"),
        .certain = !json_is_false(json_object_get(o, "certain")),
        .confidence = confidence(o),
    };
    p.removal = table(r, o, "removal", sizeof *p.removal, &p.nremoval);
    for (size_t k = 0; p.removal != NULL && k < p.nremoval; k++) {
        const json_t *m = json_array_get(json_object_get(o, "removal"), k);
        p.removal[k] = (struct glc_reg_removal){ text(m, "on"), text(m, "command"), confidence(m) };
    }
    *(struct glc_reg_product *)to = p;
}

static void take_signal(struct glc_register *r, const json_t *o, void *to)
{
    *(struct glc_reg_signal *)to = (struct glc_reg_signal){
        .id = text(o, "id"),
        .citation = text(o, "citation"),
        .verified_on = text(o, "verified_on"),
        .note = text(o, "note"),
        .product_id = text(o, "product"),
        .entity_id = text(o, "entity"),
        .kind = (enum glc_fact_kind)index_of(text(o, "kind"), kind_names, GLC_FACT_KINDS),
        .patterns = texts(r, o, "patterns"),
        .ecosystems = texts(r, o, "ecosystems"),
        .strength = (enum glc_strength)index_of(text(o, "strength"), strength_names, 3),
        .presence = (enum glc_presence)index_of(text(o, "presence"), presence_names, 5),
        .confidence = confidence(o),
    };
}

static void take_setting(struct glc_register *r, const json_t *o, void *to)
{
    (void)r;
    *(struct glc_reg_setting *)to = (struct glc_reg_setting){ .product = text(o, "product"),
                                                              .section = text(o, "section"),
                                                              .key = text(o, "key"),
                                                              .becomes = text(o, "becomes"),
                                                              .convert = text(o, "convert"),
                                                              .status = text(o, "status") };
}

/* All files' arrays of one name into one table. */
static void take_all(struct glc_register *r, const char *key, size_t size,
                     void (*take)(struct glc_register *, const json_t *, void *), void *items, size_t *count)
{
    size_t f, i;
    json_t *file, *o;
    json_array_foreach((json_t *)r->json, f, file) json_array_foreach(json_object_get(file, key), i, o)
    {
        void *to = glc_arena_push(&r->arena, items, count, size);
        if (to == NULL)
            return;
        take(r, o, to);
    }
}

/* An organisation's names are signals too: as the supplier that a package, a component or an uninstall entry
 * states. */
static void add_suppliers(struct glc_register *r)
{
    for (size_t i = 0; i < r->nentities; i++) {
        const struct glc_reg_entity *e = &r->entities[i];
        if (e->aliases.count == 0)
            continue;
        struct glc_reg_signal *s = glc_arena_push(&r->arena, &r->signals, &r->nsignals, sizeof *s);
        struct glc_texts patterns = e->aliases;
        patterns.at = glc_arena_array(&r->arena, e->aliases.count + e->domains.count, sizeof *patterns.at);
        char *id = glc_arena_printf(&r->arena, "%s.supplier", e->id);
        if (s == NULL || patterns.at == NULL || id == NULL)
            return;
        memcpy(patterns.at, e->aliases.at, e->aliases.count * sizeof *patterns.at);
        for (size_t k = 0; k < e->domains.count; k++)
            patterns.at[patterns.count++] = glc_arena_printf(&r->arena, "*@%s", e->domains.at[k]);
        *s = (struct glc_reg_signal){ .id = id,
                                      .citation = e->citation,
                                      .verified_on = e->verified_on,
                                      .entity_id = e->id,
                                      .kind = GLC_FACT_SUPPLIER,
                                      .patterns = patterns,
                                      .strength = GLC_STRONG,
                                      .presence = GLC_INSTALLED,
                                      .confidence = e->confidence };
    }
}

static int by_kind(const void *a, const void *b)
{
    const struct glc_reg_signal *x = a, *y = b;
    return x->kind != y->kind ? (x->kind > y->kind) - (x->kind < y->kind) : strcmp(x->id, y->id);
}

/* The longest chain of what a product manages, for each. A chain is shorter than there are products, or it is
 * a cycle and stays at their number. */
static void rank_all(struct glc_register *r)
{
    bool changed = true;
    for (size_t round = 0; changed && round <= r->nproducts; round++) {
        changed = false;
        for (size_t i = 0; i < r->nproducts; i++) {
            struct glc_reg_product *p = &r->products[i];
            for (size_t k = 0; k < p->manages.count; k++) {
                const struct glc_reg_product *m = glc_register_product(r, p->manages.at[k]);
                if (m != NULL && m->rank >= p->rank && p->rank < r->nproducts) {
                    p->rank = m->rank < r->nproducts ? m->rank + 1 : m->rank;
                    changed = true;
                }
            }
        }
    }
}

static void link_all(struct glc_register *r)
{
    for (size_t i = 0; i < r->nentities; i++)
        for (size_t k = 0; k < r->entities[i].nparents; k++)
            r->entities[i].parents[k].entity = glc_register_entity(r, r->entities[i].parents[k].id);
    for (size_t i = 0; i < r->nproducts; i++) {
        r->products[i].entity = glc_register_entity(r, r->products[i].entity_id);
        r->products[i].embeds =
            r->products[i].embeds_id != NULL ? glc_register_entity(r, r->products[i].embeds_id) : NULL;
    }
    rank_all(r);
    add_suppliers(r);
    for (size_t i = 0; i < r->nsignals; i++) {
        struct glc_reg_signal *s = &r->signals[i];
        s->product = s->product_id != NULL ? glc_register_product(r, s->product_id) : NULL;
        s->entity = s->product != NULL     ? s->product->entity
                    : s->entity_id != NULL ? glc_register_entity(r, s->entity_id)
                                           : NULL;
    }
    if (r->nsignals != 0)
        qsort(r->signals, r->nsignals, sizeof *r->signals, by_kind);
    for (size_t k = 0, i = 0; k <= GLC_FACT_KINDS; k++) {
        while (i < r->nsignals && r->signals[i].kind < k)
            i++;
        r->first[k] = i;
    }
}

static json_t *load_file(const char *folder, const char *name, glc_register_fault *fault, void *ctx)
{
    char path[4096];
    json_error_t why;
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return NULL;
    struct glc_map map;
    if (glc_map_path(path, &map) != GLC_OK) {
        fault(ctx, name, "/", "cannot be read");
        return NULL;
    }
    json_t *v = NULL;
    if (map.bytes.len > MAX_FILE)
        fault(ctx, name, "/", "is larger than 16 MiB");
    else
        v = json_loadb((const char *)map.bytes.ptr, map.bytes.len, JSON_REJECT_DUPLICATES, &why);
    glc_map_done(&map);
    if (v == NULL && map.bytes.len <= MAX_FILE) {
        char where[32];
        snprintf(where, sizeof where, "line %d", why.line);
        fault(ctx, name, where, why.text);
    }
    return v;
}

static int is_register_file(const struct dirent *e)
{
    return e->d_name[0] != '.' && glc_path_ends(e->d_name, ".json") && strcmp(e->d_name, "schema.json") != 0;
}

/* All files, read and found to follow the schema. */
static bool load_files(const char *folder, glc_register_fault *fault, void *ctx, struct glc_register *r)
{
    struct dirent **names = NULL;
    int n = scandir(folder, &names, is_register_file, alphasort);
    json_t *schema = n > 0 ? load_file(folder, "schema.json", fault, ctx) : NULL;
    if (n <= 0)
        fault(ctx, folder, "/", "has no register files");
    bool ok = schema != NULL;
    for (int i = 0; i < n; i++) {
        json_t *v = ok ? load_file(folder, names[i]->d_name, fault, ctx) : NULL;
        const char **slot = glc_arena_push(&r->arena, &r->files.at, &r->files.count, sizeof *slot);
        char *copy = glc_arena_strdup(&r->arena, glc_span_str(names[i]->d_name));
        if (v == NULL || slot == NULL || copy == NULL)
            ok = false;
        if (slot != NULL)
            *slot = copy;
        if (v != NULL && glc_schema_check(schema, v, names[i]->d_name, fault, ctx) != 0)
            ok = false;
        if (v != NULL && json_array_append_new(r->json, v) != 0)
            ok = false;
        free(names[i]);
    }
    free(names);
    json_decref(schema);
    return ok;
}

enum glc_err glc_register_load(const char *folder, glc_register_fault *fault, void *ctx,
                               struct glc_register *out)
{
    struct glc_register r = { .json = json_array() };
    glc_arena_init(&r.arena, REGISTER_MEMORY);
    bool ok = r.json != NULL && load_files(folder, fault, ctx, &r);
    if (ok) {
        take_all(&r, "scopes", sizeof *r.scopes, take_name, &r.scopes, &r.nscopes);
        take_all(&r, "classes", sizeof *r.classes, take_name, &r.classes, &r.nclasses);
        take_all(&r, "functions", sizeof *r.functions, take_function, &r.functions, &r.nfunctions);
        take_all(&r, "entities", sizeof *r.entities, take_entity, &r.entities, &r.nentities);
        take_all(&r, "instruments", sizeof *r.instruments, take_instrument, &r.instruments, &r.ninstruments);
        take_all(&r, "products", sizeof *r.products, take_product, &r.products, &r.nproducts);
        take_all(&r, "signals", sizeof *r.signals, take_signal, &r.signals, &r.nsignals);
        take_all(&r, "settings", sizeof *r.settings, take_setting, &r.settings, &r.nsettings);
        link_all(&r);
        if (r.arena.failed) {
            fault(ctx, folder, "/", "is larger than a register may be");
            ok = false;
        }
    }
    if (!ok) {
        glc_register_done(&r);
        return GLC_CORRUPT;
    }
    *out = r;
    return GLC_OK;
}

void glc_register_done(struct glc_register *r)
{
    json_decref(r->json);
    glc_arena_done(&r->arena);
    *r = (struct glc_register){ 0 };
}

#define FIND(array, n)                                                                                       \
    for (size_t i = 0; i < (n); i++)                                                                         \
        if (id != NULL && strcmp((array)[i].id, id) == 0)                                                    \
            return &(array)[i];                                                                              \
    return NULL

const struct glc_reg_entity *glc_register_entity(const struct glc_register *r, const char *id)
{
    FIND(r->entities, r->nentities);
}

const struct glc_reg_product *glc_register_product(const struct glc_register *r, const char *id)
{
    FIND(r->products, r->nproducts);
}

const struct glc_reg_instrument *glc_register_instrument(const struct glc_register *r, const char *id)
{
    FIND(r->instruments, r->ninstruments);
}

const struct glc_reg_function *glc_register_function(const struct glc_register *r, const char *id)
{
    FIND(r->functions, r->nfunctions);
}

const struct glc_reg_instrument *glc_register_cited(const struct glc_register *r, const char *text)
{
    for (size_t i = 0; strlen(text) >= 4 && i < r->ninstruments; i++)
        if (strstr(r->instruments[i].citation, text) != NULL)
            return &r->instruments[i];
    return NULL;
}

bool glc_register_scope(const struct glc_register *r, const char *id)
{
    for (size_t i = 0; i < r->nscopes; i++)
        if (strcmp(r->scopes[i].id, id) == 0)
            return true;
    return false;
}

bool glc_texts_has(const struct glc_texts *t, const char *s)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->at[i], s) == 0)
            return true;
    return false;
}

enum { MAX_PARENTS = 16 }; /* levels of parent edges; a cycle ends here and verify tells it */

static bool reaches(const struct glc_reg_entity *e, const char *id, int depth)
{
    if (e == NULL || depth == MAX_PARENTS)
        return false;
    if (strcmp(e->id, id) == 0)
        return true;
    for (size_t i = 0; i < e->nparents; i++)
        if (reaches(e->parents[i].entity, id, depth + 1))
            return true;
    return false;
}

bool glc_entity_reaches(const struct glc_reg_entity *e, const char *id)
{
    return reaches(e, id, 0);
}
