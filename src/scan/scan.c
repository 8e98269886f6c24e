/* One file's scan: a depth-first walk over layers under one budget.
 *
 * A layer is first judged by every image's matcher, then its children: a parser fills the facts before its
 * first yield, so the first yield (or the parser's return) is the moment to judge. Everything that lives as
 * long as a layer comes from `layers`, rewound when the layer is done; what the caller gets comes from
 * `results`, reset by the next scan. The depth of the recursion judge → parse → yield → judge is the
 * budget's.
 *
 * Invariant: whatever was not read sets `reason`, and a verdict with a reason is never CLEAN. */
#include "scan/scan.h"

#include "base/file.h"
#include "format/format.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    LAYERS_CAP = 1 << 30,
    RESULTS_CAP = 256 << 20,
    NAME_CAP = 4096,  /* bytes kept of a child's name */
    NOTES_CAP = 1000, /* notes kept of a file */
};

struct glc_scanner {
    struct glc_scan_options opt;
    uint64_t deadline_ms; /* per file; 0: none */
    struct glc_image *const *image;
    struct glc_matcher **matcher;
    uint32_t images;
    uint32_t wanted; /* classes that rules name */
    const struct glc_format **carver;
    uint32_t carvers;

    struct glc_arena layers;
    struct glc_arena results;
    struct glc_budget budget; /* of the scan that runs */
    struct glc_result result;
    struct glc_finding *finding;
    size_t findings;
    struct glc_note *note;
    size_t notes;
    const uint8_t *md5; /* of the file, or NULL */
    bool stop;          /* nothing more needs to be looked at */
    bool allowed;       /* an allow-list spoke for the whole file */

    struct glc_buf *explain; /* NULL: nobody asks */
    struct glc_span explain_rule;
};

/* A layer on its way. Lives on the stack of judge(). */
struct visit {
    struct glc_scanner *s;
    const struct visit *up; /* NULL: the file itself */
    struct glc_span name;
    uint32_t depth;
    const struct glc_format *format; /* NULL: a form that was made from the layer above, as text normalised */
    struct glc_layer layer;
    struct glc_parse parse;
    bool judged;
    bool allowed; /* by an allow-list: neither it nor what is in it is reported */
};

/* The names from the file's first child down to `v`, in the results' arena; NULL (and *n 0) for the file
 * itself. */
static const struct glc_span *layer_path(struct glc_scanner *s, const struct visit *v, uint32_t *n)
{
    *n = 0;
    if (v->depth == 0)
        return NULL;
    struct glc_span *path = glc_arena_array(&s->results, v->depth, sizeof *path);
    if (path == NULL)
        return NULL;
    for (const struct visit *at = v; at->depth != 0; at = at->up) {
        struct glc_span name = glc_span_sub(at->name, 0, NAME_CAP);
        const char *copy = glc_arena_strdup(&s->results, name);
        if (copy == NULL)
            return NULL;
        path[at->depth - 1] = glc_span(copy, name.len);
    }
    *n = v->depth;
    return path;
}

/* The first reason stands; the place is added for what lies inside. `detail` may be empty. */
static void not_read(struct glc_scanner *s, const struct visit *v, const char *reason, struct glc_span detail)
{
    if (s->result.reason != NULL)
        return;
    char where[512] = "";
    size_t at = 0;
    struct visit const *chain[64];
    uint32_t n = 0;
    for (const struct visit *w = v; w->depth != 0 && n < 64; w = w->up)
        chain[n++] = w;
    while (n != 0 && at < sizeof where - 1) {
        struct glc_span name = chain[--n]->name;
        int k = snprintf(where + at, sizeof where - at, "%s%.*s", at == 0 ? "" : " \xe2\x80\xba ",
                         (int)(name.len < 128 ? name.len : 128), name.len != 0 ? (const char *)name.ptr : "");
        at += k < 0 ? 0 : (size_t)k;
    }
    const char *made = glc_arena_printf(&s->results, "%s%.*s%s%s%s", reason, (int)detail.len,
                                        detail.len != 0 ? (const char *)detail.ptr : "", at == 0 ? "" : " (",
                                        where, at == 0 ? "" : ")");
    s->result.reason = made != NULL ? made : reason;
}

static void add_note(struct glc_scanner *s, const struct visit *v, const char *text, uint64_t off)
{
    if (s->notes >= NOTES_CAP)
        return;
    struct glc_note *n = glc_arena_push(&s->results, &s->note, &s->notes, sizeof *n);
    if (n == NULL)
        return;
    *n = (struct glc_note){ .text = text, .off = off };
    n->layer = layer_path(s, v, &n->layers);
}

static struct glc_span bytes_at(const struct glc_layer *l, uint64_t at, uint64_t len)
{
    if (l->region == NULL)
        return glc_span_sub(l->data, at, len);
    const struct glc_region *r = glc_layer_region(l, at);
    return r == NULL ? glc_span(NULL, 0) : glc_span_sub(r->bytes, at - r->address, len);
}

static void take_strings(struct glc_scanner *s, const struct visit *v, uint32_t image, uint32_t rule,
                         struct glc_finding *f)
{
    struct glc_rule_info info;
    if (glc_image_rule(s->image[image], rule, &info) != GLC_OK)
        return;
    struct glc_found_string *list = NULL;
    size_t count = 0;
    for (uint32_t p = 0; p < info.patterns; p++) {
        struct glc_pattern_info pi;
        if (glc_image_pattern(s->image[image], rule, p, &pi) != GLC_OK || pi.hidden)
            continue;
        uint64_t n = 0;
        const struct glc_occurrence *o = glc_matcher_occurrences(s->matcher[image], rule, p, &n);
        for (uint64_t i = 0; i < n && count < UINT32_MAX; i++) {
            struct glc_found_string *fs = glc_arena_push(&s->results, &list, &count, sizeof *fs);
            if (fs == NULL)
                return;
            *fs = (struct glc_found_string){ .pattern = p,
                                             .offset = o[i].offset,
                                             .length = o[i].length,
                                             .key = o[i].key,
                                             .xored = o[i].xored };
            f->string = list;
            f->strings = (uint32_t)count;
            if (!s->opt.bytes)
                continue;
            struct glc_span b = bytes_at(&v->layer, o[i].offset, o[i].length);
            b = glc_span_sub(b, 0, GLC_FOUND_BYTES);
            const char *copy = glc_arena_strdup(&s->results, b);
            if (copy != NULL)
                fs->bytes = glc_span(copy, b.len);
        }
    }
}

static void take_findings(struct glc_scanner *s, const struct visit *v)
{
    for (uint32_t i = 0; i < s->images; i++) {
        uint32_t n = 0;
        const uint32_t *found = glc_matcher_found(s->matcher[i], &n);
        for (uint32_t k = 0; k < n; k++) {
            s->result.verdict = GLC_FOUND;
            struct glc_finding *f = glc_arena_push(&s->results, &s->finding, &s->findings, sizeof *f);
            if (f == NULL) {
                s->stop = true;
                return;
            }
            *f = (struct glc_finding){ .image = i, .rule = found[k], .cls = v->layer.cls };
            f->layer = layer_path(s, v, &f->layers);
            if (s->opt.strings)
                take_strings(s, v, i, found[k], f);
            if (!s->opt.all) {
                s->stop = true;
                return;
            }
        }
    }
}

static bool was_found(const struct glc_matcher *m, uint32_t rule)
{
    uint32_t n = 0;
    const uint32_t *found = glc_matcher_found(m, &n);
    for (uint32_t i = 0; i < n; i++)
        if (found[i] == rule)
            return true;
    return false;
}

static void explain(struct glc_scanner *s, const struct visit *v)
{
    glc_buf_puts(s->explain, "layer");
    struct visit const *chain[64];
    uint32_t n = 0;
    for (const struct visit *w = v; w->depth != 0 && n < 64; w = w->up)
        chain[n++] = w;
    if (n == 0)
        glc_buf_puts(s->explain, " the file itself");
    for (bool first = true; n != 0; first = false) {
        glc_buf_puts(s->explain, first ? " " : " \xe2\x80\xba ");
        n--;
        glc_buf_put(s->explain, chain[n]->name.ptr, chain[n]->name.len);
    }
    glc_buf_printf(s->explain, ": %s, %zu bytes\n", glc_class_name(v->layer.cls), v->layer.data.len);
    uint32_t shown = 0;
    for (uint32_t i = 0; i < s->images; i++) {
        struct glc_image_stats st;
        glc_image_stats(s->image[i], &st);
        uint64_t rules = st.rules + st.hashes;
        for (uint32_t r = 0; r < rules && !s->explain->failed; r++) {
            struct glc_rule_info info;
            bool asked = s->explain_rule.len != 0;
            if (!asked && !was_found(s->matcher[i], r))
                continue;
            if (glc_image_rule(s->image[i], r, &info) != GLC_OK)
                continue;
            if (asked && !glc_span_eq(info.name, s->explain_rule))
                continue;
            if (glc_matcher_explain(s->matcher[i], r, &v->layer, s->explain) != GLC_OK)
                glc_buf_puts(s->explain, "  (not explained)\n");
            shown++;
        }
    }
    if (shown == 0)
        glc_buf_puts(s->explain, "  no rule matched (name one by --rule to see why not)\n");
}

/* Judge the layer itself, once. */
static void match(struct visit *v)
{
    struct glc_scanner *s = v->s;
    v->judged = true;
    s->result.scanned += v->layer.data.len;
    for (uint32_t i = 0; i < s->images; i++) {
        enum glc_err e = glc_match(s->matcher[i], &v->layer);
        if (e == GLC_LIMIT)
            not_read(s, v, "budget: ", glc_matcher_blame(s->matcher[i]));
        else if (e == GLC_NOMEM)
            not_read(s, v, "out of memory", glc_span(NULL, 0));
        else if (e != GLC_OK)
            not_read(s, v, "the signature image is damaged", glc_span(NULL, 0));
        v->allowed = v->allowed || glc_matcher_allowed(s->matcher[i]);
    }
    if (s->explain != NULL)
        explain(s, v);
    if (v->allowed && v->up == NULL)
        s->allowed = s->stop = true;
    if (!v->allowed)
        take_findings(s, v);
    if (!glc_budget_time(&s->budget)) {
        not_read(s, v, "timeout", glc_span(NULL, 0));
        s->stop = true;
    }
}

static void judge(struct glc_scanner *s, const struct visit *up, const struct glc_child *child);

static bool on_yield(struct glc_parse *p, const struct glc_child *child)
{
    struct visit *v = p->to;
    struct glc_scanner *s = v->s;
    if (!v->judged)
        match(v);
    if (s->stop || v->allowed || s->opt.top_only)
        return false;
    if (s->budget.depth == 0) {
        not_read(s, v, "limit: depth", glc_span(NULL, 0));
        return true; /* its siblings are not deeper */
    }
    if (!glc_budget_entry(&s->budget)) {
        not_read(s, v, "limit: entries", glc_span(NULL, 0));
        return false;
    }
    s->budget.depth--;
    judge(s, v, child);
    s->budget.depth++;
    return !s->stop;
}

static void on_note(struct glc_parse *p, const char *text, uint64_t off)
{
    struct visit *v = p->to;
    add_note(v->s, v, text, off);
}

static void on_unread(struct glc_parse *p, const char *reason, uint64_t off)
{
    struct visit *v = p->to;
    if (v->s->opt.top_only)
        return; /* nobody asked for what is inside */
    add_note(v->s, v, reason, off);
    not_read(v->s, v, reason, glc_span(NULL, 0));
}

/* The formats around a child of `up`, for GLC_FACT_PATH. */
static const char *path_below(struct glc_scanner *s, const struct visit *up, bool normalised)
{
    const char *path = up->layer.path != NULL ? up->layer.path : "";
    if (normalised || up->format == NULL)
        return path;
    return glc_arena_printf(&s->layers, "%s>%s", path, up->format->name);
}

static void judge(struct glc_scanner *s, const struct visit *up, const struct glc_child *child)
{
    struct glc_arena_mark mark = glc_arena_mark(&s->layers);
    const struct glc_format *format = child->classed ? NULL : glc_format_of(child->data);
    struct visit v = {
        .s = s, .up = up, .name = child->name, .depth = up == NULL ? 0 : up->depth + 1, .format = format
    };
    if (v.name.len == 0 && up != NULL)
        v.name = glc_span_str(child->how != NULL ? child->how : "unnamed");
    v.layer = (struct glc_layer){
        .data = child->data,
        .cls = format == NULL ? child->cls : format->cls,
        .nested = up != NULL,
        .container = up != NULL ? up->layer.cls : GLC_CLASS_DATA,
        .depth = v.depth,
        .path = up != NULL ? path_below(s, up, child->classed) : NULL,
        .md5 = up == NULL ? s->md5 : NULL,
        .facts = glc_facts_none(),
        .arena = &s->layers,
        .modules = glc_format_modules(),
        .magic = s->opt.magic,
        .cuckoo = s->opt.cuckoo,
    };
    v.parse = (struct glc_parse){
        .data = child->data,
        .budget = &s->budget,
        .arena = &s->layers,
        .facts = &v.layer.facts,
        .wanted = s->wanted,
        .yield = on_yield,
        .note = on_note,
        .unread = on_unread,
        .to = &v,
    };
    if (format != NULL && format->parse != NULL)
        format->parse(&v.parse);
    if (!v.judged && !s->stop)
        match(&v);
    if (!s->opt.top_only && !child->classed)
        for (uint32_t i = 0; i < s->carvers && !s->stop && !v.allowed; i++)
            if (s->carver[i] != format)
                s->carver[i]->carve(&v.parse);
    if (s->layers.failed) {
        not_read(s, &v, "limit: memory", glc_span(NULL, 0));
        s->layers.failed = false;
    }
    glc_arena_rewind(&s->layers, mark);
}

static bool budget_is_zero(const struct glc_budget *b)
{
    return b->bytes == 0 && b->entries == 0 && b->depth == 0;
}

static void begin(struct glc_scanner *s, struct glc_span data)
{
    glc_arena_reset(&s->results);
    s->result = (struct glc_result){ .verdict = GLC_CLEAN, .size = data.len };
    s->finding = NULL;
    s->findings = 0;
    s->note = NULL;
    s->notes = 0;
    s->stop = s->allowed = false;
    if (budget_is_zero(&s->opt.budget))
        glc_budget_init(&s->budget);
    else
        s->budget = s->opt.budget;
    if (s->deadline_ms != 0)
        s->budget.deadline = glc_clock_ns() + s->deadline_ms * 1000000u;
}

static const struct glc_result *end(struct glc_scanner *s)
{
    if (s->budget.hit != NULL && s->result.reason == NULL && !s->stop) {
        const char *made = glc_arena_printf(&s->results, "limit: %s", s->budget.hit);
        s->result.reason = made != NULL ? made : "limit";
    }
    struct glc_result *r = &s->result;
    if (s->allowed)
        r->reason = NULL;
    else if (r->verdict != GLC_FOUND && r->reason != NULL) /* found wins */
        r->verdict = GLC_UNSCANNED;
    r->finding = s->finding;
    r->findings = (uint32_t)s->findings;
    r->note = s->note;
    r->notes = (uint32_t)s->notes;
    return r;
}

const struct glc_result *glc_scan_hashed(struct glc_scanner *s, struct glc_span data, const uint8_t *md5)
{
    begin(s, data);
    s->md5 = md5;
    judge(s, NULL, &(struct glc_child){ .data = data });
    return end(s);
}

const struct glc_result *glc_scan_bytes(struct glc_scanner *s, struct glc_span data)
{
    return glc_scan_hashed(s, data, NULL);
}

bool glc_scanner_wants_md5(const struct glc_scanner *s, uint64_t size)
{
    for (uint32_t i = 0; i < s->images; i++)
        if (glc_matcher_hashes_size(s->matcher[i], GLC_MD5, size))
            return true;
    return false;
}

/* The first region that begins with a program's header: that is what modules parse. */
static struct glc_span program_of(const struct glc_region *region, uint32_t regions)
{
    for (uint32_t i = 0; i < regions; i++) {
        const struct glc_format *f = glc_format_of(region[i].bytes);
        if (f != NULL && (f->cls == GLC_CLASS_PE || f->cls == GLC_CLASS_ELF || f->cls == GLC_CLASS_MACHO))
            return region[i].bytes;
    }
    return glc_span(NULL, 0);
}

const struct glc_result *glc_scan_memory(struct glc_scanner *s, const struct glc_region *region,
                                         uint32_t regions, const char *unread)
{
    static const struct glc_region nowhere;
    struct visit v = { .s = s };
    begin(s, glc_span(NULL, 0));
    v.layer = (struct glc_layer){
        .data = program_of(region, regions),
        .region = regions != 0 ? region : &nowhere,
        .regions = regions,
        .cls = GLC_CLASS_DATA,
        .facts = glc_facts_none(),
        .arena = &s->layers,
        .modules = glc_format_modules(),
    };
    for (uint32_t i = 0; i < regions; i++)
        s->result.size += region[i].bytes.len;
    struct glc_arena_mark mark = glc_arena_mark(&s->layers);
    match(&v);
    glc_arena_rewind(&s->layers, mark);
    s->result.scanned = s->result.size;
    if (unread != NULL)
        not_read(s, &v, unread, glc_span(NULL, 0));
    return end(s);
}

const struct glc_result *glc_scan_explain(struct glc_scanner *s, struct glc_span data, struct glc_span rule,
                                          struct glc_buf *out)
{
    s->explain = out;
    s->explain_rule = rule;
    const struct glc_result *r = glc_scan_bytes(s, data);
    s->explain = NULL;
    return r;
}

struct glc_scanner *glc_scanner_new(struct glc_image *const *image, uint32_t images,
                                    const struct glc_scan_options *opt)
{
    struct glc_scanner *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->opt = *opt;
    s->image = image;
    glc_arena_init(&s->layers, LAYERS_CAP);
    glc_arena_init(&s->results, RESULTS_CAP);
    s->matcher = calloc(images == 0 ? 1 : images, sizeof(struct glc_matcher *));
    uint32_t formats = 0;
    while (glc_formats[formats] != NULL)
        formats++;
    s->carver = calloc(formats + 1, sizeof(struct glc_format *));
    if (s->matcher == NULL || s->carver == NULL)
        goto fail;
    for (uint32_t i = 0; i < formats; i++)
        if (glc_formats[i]->carve != NULL)
            s->carver[s->carvers++] = glc_formats[i];
    struct glc_match_options mo = {
        .all = opt->all,
        .strings = opt->strings,
        .most = opt->most,
        .costs = opt->costs,
        .console = opt->console,
        .console_to = opt->console_to,
    };
    for (; s->images < images; s->images++) {
        s->matcher[s->images] = glc_matcher_new(image[s->images], &mo);
        if (s->matcher[s->images] == NULL)
            goto fail;
        s->wanted |= glc_image_classes(image[s->images]);
    }
    return s;
fail:
    glc_scanner_free(s);
    return NULL;
}

void glc_scanner_free(struct glc_scanner *s)
{
    if (s == NULL)
        return;
    for (uint32_t i = 0; i < s->images; i++)
        glc_matcher_free(s->matcher[i]);
    free(s->matcher);
    free(s->carver);
    glc_arena_done(&s->layers);
    glc_arena_done(&s->results);
    free(s);
}

const struct glc_rule_cost *glc_scanner_costs(const struct glc_scanner *s, uint32_t image, uint32_t *rules)
{
    return image < s->images ? glc_matcher_costs(s->matcher[image], rules) : NULL;
}

void glc_scanner_costs_clear(struct glc_scanner *s)
{
    for (uint32_t i = 0; i < s->images; i++)
        glc_matcher_costs_clear(s->matcher[i]);
}

void glc_scanner_deadline(struct glc_scanner *s, uint64_t ms)
{
    s->deadline_ms = ms;
}

enum glc_err glc_scanner_define(struct glc_scanner *s, struct glc_span name, struct glc_span value)
{
    enum glc_err e = GLC_CORRUPT;
    for (uint32_t i = 0; i < s->images; i++)
        if (glc_matcher_define(s->matcher[i], name, value) == GLC_OK)
            e = GLC_OK;
    return e;
}
