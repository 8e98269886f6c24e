/* Facts against the register's signals, and the few things that only show when a target has ended. */
#include "audit/evidence.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    AUDIT_MEMORY = 1 << 30,
    SCRATCH_MEMORY = 512 << 20,
    KEPT_PER_SIGNAL = 8, /* hits of one signal in one target that are kept in full */
    KEPT_PER_LIST = 200, /* and of packages, which are each another thing */
    MAX_GAPS = 1000,
    MAX_MARKERS = 10000,
    MAX_SETTINGS = 65536,
    MAX_VALUE = 1024,
};

void glc_audit_init(struct glc_audit *a, const struct glc_register *reg)
{
    *a = (struct glc_audit){ .reg = reg };
    glc_arena_init(&a->arena, AUDIT_MEMORY);
    glc_arena_init(&a->scratch, SCRATCH_MEMORY);
    glc_names_init(&a->known, &a->arena);
}

void glc_audit_done(struct glc_audit *a)
{
    glc_arena_done(&a->arena);
    glc_arena_done(&a->scratch);
    *a = (struct glc_audit){ 0 };
}

void glc_audit_begin(struct glc_audit *a, const char *kind, const char *name)
{
    struct glc_audit_target *t = glc_arena_push(&a->arena, &a->targets, &a->ntargets, sizeof *t);
    if (t != NULL)
        *t = (struct glc_audit_target){ .kind = kind,
                                        .name = glc_arena_strdup(&a->arena, glc_span_str(name)) };
    a->layer = NULL;
    a->layer_state = GLC_FACT_PRESENT;
    glc_names_init(&a->known, &a->arena);
    a->seen = (struct glc_audit_seen){ 0 };
    a->nmarkers = 0;
    a->markers = NULL;
}

void glc_audit_gap(struct glc_audit *a, const char *where, const char *fmt, ...)
{
    char reason[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(reason, sizeof reason, fmt, ap);
    va_end(ap);
    if (a->sink != NULL) {
        a->sink->gap(a->sink->to, where, reason);
        return;
    }
    if (a->ngaps == MAX_GAPS) {
        a->gaps_dropped++;
        return;
    }
    struct glc_gap *g = glc_arena_push(&a->arena, &a->gaps, &a->ngaps, sizeof *g);
    if (g != NULL)
        *g = (struct glc_gap){ .target = (uint32_t)(a->ntargets - 1),
                               .where = glc_arena_strdup(&a->arena, glc_span_str(where)),
                               .reason = glc_arena_strdup(&a->arena, glc_span_str(reason)) };
}

void glc_audit_setting(struct glc_audit *a, const struct glc_setting *s)
{
    if (a->sink != NULL) {
        a->sink->setting(a->sink->to, s);
        return;
    }
    if (a->nsettings == MAX_SETTINGS) {
        if (a->ngaps == 0 || strcmp(a->gaps[a->ngaps - 1].where, "settings") != 0)
            glc_audit_gap(a, "settings", "more than %d: the rest is left out", MAX_SETTINGS);
        return;
    }
    struct glc_setting *x = glc_arena_push(&a->arena, &a->settings, &a->nsettings, sizeof *x);
    if (x != NULL)
        *x = (struct glc_setting){ glc_arena_strdup(&a->arena, glc_span_str(s->section)),
                                   glc_arena_strdup(&a->arena, glc_span_str(s->key)),
                                   glc_arena_strdup(&a->arena, glc_span_str(s->value)) };
}

static const char *keep(struct glc_audit *a, const char *s)
{
    return s != NULL ? glc_arena_strdup(&a->arena, glc_span_sub(glc_span_str(s), 0, MAX_VALUE)) : NULL;
}

/* Which spellings are one: Windows, hosts, identifiers of browsers and catalogues do not tell case apart;
 * Unix does. */
static bool folds(const struct glc_reg_signal *s, const char *pattern)
{
    switch (s->kind) {
    case GLC_FACT_PATH:
        return strncmp(pattern, "/Program", 8) == 0 || strncmp(pattern, "/Windows/", 9) == 0;
    case GLC_FACT_PACKAGE:
    case GLC_FACT_NAME:
    case GLC_FACT_CERTIFICATE:
    case GLC_FACT_SIGNER:
    case GLC_FACT_HOST:
    case GLC_FACT_SERVICE:
    case GLC_FACT_REGISTRY:
    case GLC_FACT_EXTENSION:
    case GLC_FACT_CPE:
    case GLC_FACT_PURL:
    case GLC_FACT_SUPPLIER:
    case GLC_FACT_IMAGE:
        return true;
    case GLC_FACT_UNIT:
    case GLC_FACT_PROCESS:
    case GLC_FACT_MODULE:
    case GLC_FACT_USER:
    case GLC_FACT_GROUP:
    case GLC_FACT_ENV:
    case GLC_FACT_ENGINE:
    case GLC_FACT_BUNDLE:
    case GLC_FACT_TEAM:
    case GLC_FACT_RECEIPT:
    case GLC_FACT_CONFIG:
    case GLC_FACT_KINDS:
        break;
    }
    return false;
}

/* A path pattern "/a/b" then two stars: the folder /a/b itself, which alone is only a leftover. */
static bool is_pattern_folder(const char *pattern, struct glc_span value, bool fold)
{
    size_t n = strlen(pattern);
    return n > 3 && strcmp(pattern + n - 3, "/**") == 0 && glc_glob(glc_span(pattern, n - 3), value, fold);
}

/* True, and the fact's state made weaker where it must be, when the signal knows the fact. */
static bool knows(const struct glc_reg_signal *s, const struct glc_fact *f, enum glc_fact_state *state)
{
    if (f->ecosystem != NULL && s->ecosystems.count != 0 && !glc_texts_has(&s->ecosystems, f->ecosystem))
        return false;
    struct glc_span value = glc_span_str(f->value);
    for (size_t i = 0; i < s->patterns.count; i++) {
        const char *pattern = s->patterns.at[i];
        bool fold = folds(s, pattern);
        bool folder = f->kind == GLC_FACT_PATH && f->directory;
        if (folder && is_pattern_folder(pattern, value, fold)) {
            if (*state == GLC_FACT_PRESENT)
                *state = GLC_FACT_LEFT;
            return true;
        }
        if (glc_glob(glc_span_str(pattern), value, fold) && (!folder || s->presence != GLC_INSTALLED))
            return true;
    }
    return false;
}

static void add_hit(struct glc_audit *a, const struct glc_fact *f, const struct glc_reg_signal *s,
                    enum glc_fact_state state)
{
    uint32_t target = (uint32_t)(a->ntargets - 1), same = 0;
    struct glc_hit *first = NULL;
    for (size_t i = a->nhits; i-- > 0 && a->hits[i].target == target;) {
        struct glc_hit *h = &a->hits[i];
        if (h->signal != s || h->fact.state != state || h->fact.embedded != f->embedded)
            continue;
        first = h;
        same++;
    }
    bool listed = s->kind == GLC_FACT_PACKAGE || s->kind == GLC_FACT_CPE;
    if (same >= (listed ? KEPT_PER_LIST : KEPT_PER_SIGNAL)) {
        first->count++;
        return;
    }
    struct glc_hit *h = glc_arena_push(&a->arena, &a->hits, &a->nhits, sizeof *h);
    if (h == NULL)
        return;
    *h = (struct glc_hit){ .fact = *f, .layer = a->layer, .signal = s, .target = target, .count = 1 };
    h->fact.value = keep(a, f->value);
    h->fact.ecosystem = keep(a, f->ecosystem);
    h->fact.version = keep(a, f->version);
    h->fact.where = keep(a, f->where);
    h->fact.inside = keep(a, f->inside);
    h->fact.state = state;
}

/* The same fact at the same place a second time (a hard link, a database read twice) is not more evidence. */
static bool stated_before(struct glc_audit *a, const struct glc_fact *f, const struct glc_reg_signal *s,
                          enum glc_fact_state state)
{
    char key[2 * MAX_VALUE];
    int n = snprintf(key, sizeof key, "%s|%d|%.900s|%.900s", s->id, (int)state, f->value,
                     f->where != NULL ? f->where : "");
    return n > 0 && !glc_names_add(&a->known, glc_span_sub(glc_span(key, sizeof key - 1), 0, (size_t)n));
}

void glc_audit_fact(struct glc_audit *a, const struct glc_fact *f)
{
    if (f->value[0] == '\0' || a->ntargets == 0)
        return;
    for (size_t i = a->reg->first[f->kind]; i < a->reg->first[f->kind + 1]; i++) {
        const struct glc_reg_signal *s = &a->reg->signals[i];
        enum glc_fact_state state = a->layer_state == GLC_FACT_DELETED ? GLC_FACT_DELETED : f->state;
        if (!knows(s, f, &state) || stated_before(a, f, s, state))
            continue;
        if (a->sink == NULL) {
            add_hit(a, f, s, state);
            continue;
        }
        a->sink->fact(a->sink->to, f); /* the other side holds it against all signals again */
        return;
    }
}

void glc_audit_say(struct glc_audit *a, enum glc_fact_kind kind, const char *value, const char *where)
{
    glc_audit_fact(a, &(struct glc_fact){ .kind = kind, .value = value, .where = where });
}

void glc_audit_marker(struct glc_audit *a, const struct glc_reg_signal *s, const char *where)
{
    if (a->sink != NULL) {
        a->sink->marker(a->sink->to, s, where);
        return;
    }
    if (a->nmarkers == MAX_MARKERS)
        return;
    struct glc_hit *m = glc_arena_push(&a->arena, &a->markers, &a->nmarkers, sizeof *m);
    if (m == NULL)
        return;
    *m = (struct glc_hit){ .signal = s, .layer = a->layer, .count = 1 };
    m->fact.kind = GLC_FACT_ENGINE;
    m->fact.value = s->patterns.at[0];
    m->fact.where = keep(a, where);
    m->fact.state = a->layer_state;
}

void glc_audit_supplier(struct glc_audit *a, const char *supplier, const char *inside, const char *where,
                        enum glc_fact_state state, bool embedded)
{
    char name[256];
    size_t n = strcspn(supplier, "<(");
    if (n >= sizeof name)
        return;
    memcpy(name, supplier, n);
    while (n != 0 && (name[n - 1] == ' ' || name[n - 1] == '\t'))
        n--;
    name[n] = '\0';
    struct glc_fact f = { .kind = GLC_FACT_SUPPLIER,
                          .value = name,
                          .where = where,
                          .inside = inside,
                          .state = state,
                          .embedded = embedded };
    glc_audit_fact(a, &f);
    const char *open = strchr(supplier, '<');
    const char *end = open != NULL ? strchr(open, '>') : NULL;
    if (end == NULL || (size_t)(end - open) >= sizeof name)
        return;
    memcpy(name, open + 1, (size_t)(end - open - 1));
    name[end - open - 1] = '\0';
    glc_audit_fact(a, &f);
}

char *glc_audit_text(struct glc_audit *a, struct glc_span s, size_t max)
{
    size_t n = s.len < max ? s.len : max;
    const uint8_t *nul = n != 0 ? memchr(s.ptr, 0, n) : NULL;
    return glc_arena_strdup(&a->scratch, glc_span(s.ptr, nul != NULL ? (size_t)(nul - s.ptr) : n));
}

static void expect(struct glc_audit *a, bool system, bool database, const char *what)
{
    if (system && !database)
        glc_audit_gap(a, "/etc/os-release", "names a system whose package database (%s) was not found", what);
}

/* The folder that the marker's pattern is relative to: as many components up as the pattern has, a bin/
 * folder aside. */
static struct glc_span marker_root(const struct glc_hit *m, struct glc_span pattern)
{
    struct glc_span path = glc_span_str(m->fact.where);
    size_t up = 1;
    bool text = glc_span_starts(pattern, glc_span_str("text:"));
    for (size_t i = 0; !text && i < pattern.len; i++)
        up += pattern.ptr[i] == '/';
    bool alone = up == 1;
    while (up != 0 && path.len != 0) {
        while (path.len != 0 && path.ptr[path.len - 1] != '/')
            path.len--;
        while (path.len != 0 && path.ptr[path.len - 1] == '/')
            path.len--;
        up--;
    }
    if (alone && path.len > 4 && memcmp(path.ptr + path.len - 4, "/bin", 4) == 0)
        path.len -= 4;
    return path;
}

static size_t depth(struct glc_span path)
{
    size_t n = 0;
    for (size_t i = 0; i < path.len; i++)
        n += path.ptr[i] == '/';
    return n;
}

/* One tree: the same folder, or one inside the other at no more than two levels below it, below the second
 * level of the root (/opt, /usr and the like hold everybody's trees). */
static bool one_tree(struct glc_span a, struct glc_span b)
{
    struct glc_span outer = a.len <= b.len ? a : b, inner = a.len <= b.len ? b : a;
    if (!glc_span_starts(inner, outer) || (inner.len > outer.len && inner.ptr[outer.len] != '/'))
        return false;
    return glc_span_eq(a, b) ? depth(outer) >= 1 : depth(outer) >= 2 && depth(inner) - depth(outer) <= 2;
}

static const char *pattern_of(const struct glc_hit *m)
{
    return m->signal->patterns.at[0];
}

static bool everywhere(const struct glc_hit *m)
{
    return pattern_of(m)[0] == '/';
}

/* Two or more different markers in one tree are an engine; one alone is nothing. */
static void judge_markers(struct glc_audit *a)
{
    for (size_t i = 0; i < a->nmarkers; i++) {
        const struct glc_hit *m = &a->markers[i];
        struct glc_span root = marker_root(m, glc_span_str(pattern_of(m)));
        bool found = false;
        for (size_t k = 0; k < a->nmarkers && !found; k++) {
            const struct glc_hit *o = &a->markers[k];
            found = o->signal != m->signal && o->fact.state == m->fact.state &&
                    (everywhere(m) || everywhere(o) ||
                     one_tree(root, marker_root(o, glc_span_str(pattern_of(o)))));
        }
        if (!found)
            continue;
        struct glc_fact f = m->fact;
        char *inside = everywhere(m) ? NULL : glc_arena_strdup(&a->arena, root);
        f.inside = inside != NULL && inside[0] != '\0' ? inside : NULL;
        f.embedded = true;
        a->layer = m->layer;
        if (!stated_before(a, &f, m->signal, f.state))
            add_hit(a, &f, m->signal, f.state);
    }
    a->layer = NULL;
}

void glc_audit_end(struct glc_audit *a)
{
    a->layer_state = GLC_FACT_PRESENT;
    judge_markers(a);
    expect(a, a->seen.debian, a->seen.dpkg, "dpkg");
    expect(a, a->seen.redhat || a->seen.suse, a->seen.rpm, "rpm");
    expect(a, a->seen.alpine, a->seen.apk, "apk");
    expect(a, a->seen.arch, a->seen.pacman, "pacman");
    if (a->arena.failed)
        glc_audit_gap(a, "/", "more evidence than memory allows");
}
