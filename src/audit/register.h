/* The register of restrictions: data from a folder of JSON files, checked against restrictions/schema.json,
 * linked.
 *
 * Nothing of it is compiled in: the next ban is a new file. Everything here lives as long as the register;
 * strings are NUL-terminated and never NULL unless a field says so. Confidence is P (primary text read), S
 * (secondary source), R (seen in several public repositories) or V (not verified). */
#ifndef GLC_AUDIT_REGISTER_H
#define GLC_AUDIT_REGISTER_H

#include "audit/date.h"
#include "base/arena.h"

enum glc_fact_kind {
    GLC_FACT_PACKAGE,
    GLC_FACT_PATH,
    GLC_FACT_NAME,
    GLC_FACT_UNIT,
    GLC_FACT_PROCESS,
    GLC_FACT_MODULE,
    GLC_FACT_USER,
    GLC_FACT_GROUP,
    GLC_FACT_IMAGE,
    GLC_FACT_ENV,
    GLC_FACT_ENGINE,
    GLC_FACT_CERTIFICATE,
    GLC_FACT_SIGNER,
    GLC_FACT_HOST,
    GLC_FACT_SERVICE,
    GLC_FACT_REGISTRY,
    GLC_FACT_BUNDLE,
    GLC_FACT_TEAM,
    GLC_FACT_RECEIPT,
    GLC_FACT_EXTENSION,
    GLC_FACT_CPE,
    GLC_FACT_PURL,
    GLC_FACT_SUPPLIER,
    GLC_FACT_CONFIG,
    GLC_FACT_KINDS
};

enum glc_strength { GLC_STRONG, GLC_WEAK, GLC_MENTION };
enum glc_presence { GLC_INSTALLED, GLC_EMBEDDED, GLC_CONFIGURED, GLC_LEFTOVER, GLC_MENTIONED };

/* In the order of a report's headline: the first that applies names the finding. */
enum glc_outcome {
    GLC_USE_PROHIBITED,
    GLC_REMOVAL_DUE,
    GLC_SUPPLY_PROHIBITED,
    GLC_REVIEW,
    GLC_RESIDUAL,
    GLC_EXEMPT,
    GLC_EXPORT_ONLY,
    GLC_MENTION_ONLY,
    GLC_UNKNOWN,
    GLC_NO_OUTCOME, /* the instrument does not concern the product in this scope */
};

enum glc_embedded_rule {
    GLC_EMBEDDED_UNSTATED,
    GLC_EMBEDDED_COUNTS,
    GLC_EMBEDDED_EXCLUDED,
    GLC_EMBEDDED_ONLY
};

struct glc_texts {
    const char **at;
    size_t count;
};

struct glc_reg_name {
    const char *id, *title;
};

struct glc_reg_function {
    const char *id, *title, *replacement, *command /* or NULL */, *status;
    int64_t order;
};

struct glc_reg_entity;

struct glc_reg_parent {
    const char *id; /* as written; `entity` is NULL where it dangles */
    const struct glc_reg_entity *entity;
    const char *relation;
    char confidence;
};

struct glc_reg_entity {
    const char *id, *name, *citation, *verified_on;
    struct glc_texts aliases, domains;
    struct glc_reg_parent *parents;
    size_t nparents;
    char confidence;
};

struct glc_reg_instant {
    bool set;
    int64_t utc;
    const char *utc_text, *stated, *zone_name, *note /* or NULL */;
    const struct glc_zone *zone; /* never NULL: UTC where the name is not known (verify says so) */
    char confidence;
};

struct glc_reg_rule {
    const char *id, *action, *text, *milestone /* or NULL */, *since /* or NULL */, *citation /* or NULL */;
    enum glc_outcome outcome;
    struct glc_texts scopes, classes, review_classes, entities;
    enum glc_embedded_rule embedded;
    struct glc_reg_instant from, to;
    char confidence;
};

struct glc_reg_exception {
    const char *id, *text;
    struct glc_texts classes, scopes;
    char confidence;
};

struct glc_reg_deadline {
    const char *id, *text;
    bool after_discovery, business;
    uint32_t days, repeat;
    const char *valid_from, *valid_to; /* or NULL */
    struct glc_texts scopes;
    char confidence;
};

struct glc_reg_instrument {
    const char *id, *title, *jurisdiction, *authority, *citation, *status, *replaced_by /* or NULL */;
    const char *embedded, *embedded_note /* or NULL */, *verified_on;
    struct glc_texts entities, notes;
    bool listed_only;
    struct glc_reg_rule *rules;
    size_t nrules;
    struct glc_reg_exception *exceptions;
    size_t nexceptions;
    struct glc_reg_deadline *deadlines;
    size_t ndeadlines;
    char confidence;
};

struct glc_reg_removal {
    const char *on, *command;
    char confidence;
};

struct glc_reg_product {
    const char *id, *name, *entity_id, *embeds_id /* or NULL */, *citation, *verified_on, *note /* or NULL */;
    const struct glc_reg_entity *entity, *embeds; /* NULL where they dangle, or nothing is embedded */
    struct glc_texts classes, functions, leftovers, manages;
    uint32_t rank; /* above the ranks of all that it manages; nproducts where that makes a cycle */
    struct glc_reg_removal *removal;
    size_t nremoval;
    bool certain;
    char confidence;
};

struct glc_reg_signal {
    const char *id, *citation, *verified_on, *note /* or NULL */, *product_id,
        *entity_id /* one of them NULL */;
    enum glc_fact_kind kind;
    struct glc_texts patterns, ecosystems; /* no ecosystems: any */
    const struct glc_reg_product *product;
    const struct glc_reg_entity *entity; /* the product's, where there is a product */
    enum glc_strength strength;
    enum glc_presence presence;
    char confidence;
};

struct glc_reg_setting {
    const char *product, *section, *key, *becomes, *convert /* or NULL */, *status;
};

struct glc_register {
    struct glc_arena arena;
    void *json; /* the parsed files, whose strings are used */
    struct glc_texts files;
    struct glc_reg_name *scopes;
    size_t nscopes;
    struct glc_reg_name *classes;
    size_t nclasses;
    struct glc_reg_function *functions;
    size_t nfunctions;
    struct glc_reg_entity *entities;
    size_t nentities;
    struct glc_reg_instrument *instruments;
    size_t ninstruments;
    struct glc_reg_product *products;
    size_t nproducts;
    struct glc_reg_signal
        *signals; /* ordered by kind; the entities' aliases are among them as supplier signals */
    size_t nsignals;
    size_t first[GLC_FACT_KINDS + 1]; /* signals[first[k]] to signals[first[k + 1]] are of kind k */
    struct glc_reg_setting *settings;
    size_t nsettings;
};

/* Told every fault of a register: file, place in it as a JSON pointer or an id, sentence. */
typedef void glc_register_fault(void *ctx, const char *file, const char *where, const char *what);

/* Read every *.json of the folder but schema.json, check each against schema.json, and link them. On failure
 * nothing is left to free, and `fault` was told why at least once. */
enum glc_err glc_register_load(const char *folder, glc_register_fault *fault, void *ctx,
                               struct glc_register *out) GLC_CHECK;
void glc_register_done(struct glc_register *r);

/* What a schema cannot say: dates that agree with their zones, from before to, verified_on not in the future
 * of `today`, citations, no dangling id, no cycle of parents or replacements, no id twice, patterns that are
 * not too wide. The number of faults told. */
size_t glc_register_verify(const struct glc_register *r, int64_t today, glc_register_fault *fault, void *ctx);

const struct glc_reg_entity *glc_register_entity(const struct glc_register *r, const char *id);
const struct glc_reg_product *glc_register_product(const struct glc_register *r, const char *id);
const struct glc_reg_instrument *glc_register_instrument(const struct glc_register *r, const char *id);
const struct glc_reg_function *glc_register_function(const struct glc_register *r, const char *id);

/* The first instrument whose citation has this text (a number such as 52.240-91), of four bytes or more. */
const struct glc_reg_instrument *glc_register_cited(const struct glc_register *r, const char *text);
bool glc_register_scope(const struct glc_register *r, const char *id);

bool glc_texts_has(const struct glc_texts *t, const char *s);

/* True when `e` is the entity `id`, or reaches it over parent edges. */
bool glc_entity_reaches(const struct glc_reg_entity *e, const char *id);

const char *glc_fact_kind_name(enum glc_fact_kind k);
const char *glc_outcome_name(enum glc_outcome o);
const char *glc_presence_name(enum glc_presence p);
const char *glc_strength_name(enum glc_strength s);

/* What to add to a fact in people's words: "" for P, " [secondary source]", " [seen in public repositories]",
 * " [UNVERIFIED]". */
const char *glc_confidence_mark(char c);

#endif
