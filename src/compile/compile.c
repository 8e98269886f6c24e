/* IR to image.
 *
 * First every pattern gets its cover (atom.c), then every condition its witnesses (witness.c); only windows
 * of witnesses are searched for. Records are written rule by rule; a rule that cannot be compiled keeps its
 * number and concerns no class. */
#include "compile/compile.h"

#include <math.h>
#include <stdlib.h>

#include "compile/build.h"
#include "compile/cond_compile.h"
#include "compile/re_compile.h"

/* A pattern that would be met more often than this in clean data is not searched for: its rules are judged
 * for every layer and look for it then, once. */
#define COST_MOST 0.02f
#define CHEAP     1e-3f
/* A rule whose witnesses are met more often than this is judged for many layers: its other patterns, where
 * they are rarer, are searched for too, so that their absence is known then. */
#define HOT 1e-4f
enum { IR_MOST = 8 << 20 };

struct compiling {
    struct glc_build b;
    struct glc_cover *cover; /* of each variant, all patterns' one after another */
    uint32_t *first_variant; /* of each pattern in it */
    uint32_t *first_atom;    /* of each variant: its first record in ATOMS */
    uint32_t *first_pattern; /* of each rule */
    float *cost;             /* of each pattern */
    bool *pin;               /* of each pattern: can it be looked up at a known place? */
    bool *magic;             /* of each pattern: is_magic() */
    uint8_t *known; /* of each pattern, once its rule is written: does the pass say whether it occurs? */
    struct glc_witnesses *witness;
    size_t patterns, variants;
};

static void complain(struct glc_build *b, const struct glc_rule *r, const char *message)
{
    b->stats.refused++;
    if (b->opt->diag.put == NULL)
        return;
    struct glc_diag d = { .severity = GLC_NOT_TAKEN, .file = r->file, .line = r->line, .message = message };
    b->opt->diag.put(b->opt->diag.ctx, &d);
}

static bool pinned_kind(const struct glc_anchor *a)
{
    return a->shift == 0 && (a->kind == GLC_FROM_START || a->kind == GLC_FROM_END ||
                             a->kind == GLC_FROM_ENTRY || a->kind == GLC_FROM_ENTRYPOINT ||
                             a->kind == GLC_FROM_SECTION || a->kind == GLC_FROM_LAST_SECTION);
}

/* Can every variant be looked up at one known place? */
static bool can_pin(const struct compiling *c, size_t pattern, uint32_t variants)
{
    for (uint32_t v = 0; v < variants; v++) {
        const struct glc_cover *k = &c->cover[c->first_variant[pattern] + v];
        if (k->atoms == 0)
            return false;
        for (size_t a = 0; a < k->atoms; a++) {
            bool exact = false;
            for (uint32_t i = 0; i < k->atom[a].len && i < 64; i++)
                exact = exact || k->atom[a].mask[i] == 0xff;
            if (!exact || k->atom[a].near != k->atom[a].far)
                return false;
        }
    }
    return true;
}

/* Does some variant hold at the beginning of any file of a common kind, or nearly? */
static bool is_magic(const struct compiling *c, size_t pattern, uint32_t variants)
{
    static const struct {
        uint8_t len;
        char bytes[9];
    } kind[] = { { 2, "MZ" },
                 { 4, "\x7f"
                      "ELF" },
                 { 2, "PK" },
                 { 4, "%PDF" },
                 { 4, "\xd0\xcf\x11\xe0" },
                 { 4, "{\\rt" },
                 { 5, "<?xml" },
                 { 5, "<?php" },
                 { 5, "<html" },
                 { 2, "#!" },
                 { 4, "\xca\xfe\xba\xbe" },
                 { 4, "\xcf\xfa\xed\xfe" },
                 { 3, "GIF" },
                 { 4, "\x89PNG" },
                 { 3, "\xff\xd8\xff" },
                 { 3, "Rar" },
                 { 2, "\x1f\x8b" },
                 { 4, "dex\n" } };
    enum { BEYOND = 4 /* more known bytes than this say more than the kind */ };
    for (uint32_t v = 0; v < variants; v++) {
        const struct glc_cover *cover = &c->cover[c->first_variant[pattern] + v];
        for (size_t a = 0; a < cover->atoms; a++) {
            const struct glc_atom *atom = &cover->atom[a];
            if (atom->near != 0)
                continue;
            for (size_t k = 0; k < sizeof kind / sizeof *kind; k++) {
                uint32_t same = 0;
                while (same < kind[k].len && same < atom->len && atom->mask[same] == 0xff &&
                       atom->value[same] == (uint8_t)kind[k].bytes[same])
                    same++;
                if (same == atom->len || (same == kind[k].len && atom->len - same <= BEYOND))
                    return true;
            }
        }
    }
    return false;
}

static bool cover_patterns(struct compiling *c)
{
    const struct glc_ruleset *set = c->b.set;
    c->first_pattern = calloc(set->rules + 1, sizeof *c->first_pattern);
    if (c->first_pattern == NULL)
        return false;
    for (size_t r = 0; r < set->rules; r++) {
        c->first_pattern[r] = (uint32_t)c->patterns;
        c->patterns += set->rule[r]->patterns;
        for (uint32_t p = 0; p < set->rule[r]->patterns; p++)
            c->variants += set->rule[r]->pattern[p].variants;
    }
    c->first_pattern[set->rules] = (uint32_t)c->patterns;
    c->first_variant = calloc(c->patterns + 1, sizeof *c->first_variant);
    c->cover = calloc(c->variants + 1, sizeof *c->cover);
    c->first_atom = calloc(c->variants + 1, sizeof *c->first_atom);
    c->cost = calloc(c->patterns + 1, sizeof *c->cost);
    c->pin = calloc(c->patterns + 1, sizeof *c->pin);
    c->magic = calloc(c->patterns + 1, sizeof *c->magic);
    c->known = calloc(c->patterns + 1, sizeof *c->known);
    if (c->first_variant == NULL || c->cover == NULL || c->first_atom == NULL || c->cost == NULL ||
        c->pin == NULL || c->magic == NULL || c->known == NULL)
        return false;
    size_t at = 0, v = 0;
    for (size_t r = 0; r < set->rules; r++) {
        for (uint32_t p = 0; p < set->rule[r]->patterns; p++, at++) {
            const struct glc_pattern *pat = &set->rule[r]->pattern[p];
            c->first_variant[at] = (uint32_t)v;
            for (uint32_t k = 0; k < pat->variants; k++, v++) {
                glc_atom_cover(&c->b, pat->variant[k].re, &c->cover[v]);
                c->cost[at] += c->cover[v].atoms != 0 ? c->cover[v].cost : INFINITY;
            }
            c->pin[at] = pat->variants != 0 && can_pin(c, at, pat->variants);
            c->magic[at] = c->pin[at] && is_magic(c, at, pat->variants);
            if (pat->variants == 0)
                c->cost[at] = INFINITY; /* PCRE: nothing in it is searched for */
            else if (pinned_kind(&pat->anchor) && c->pin[at])
                c->cost[at] = pat->anchor.kind == GLC_FROM_START && pat->anchor.offset == 0 && c->magic[at]
                                  ? GLC_MAGIC_COST
                                  : GLC_PINNED_COST;
            else if (c->cost[at] > COST_MOST)
                c->cost[at] = INFINITY;
        }
    }
    return !c->b.arena.failed;
}

static bool find_witnesses(struct compiling *c)
{
    const struct glc_ruleset *set = c->b.set;
    c->witness = calloc(set->rules + 1, sizeof *c->witness);
    if (c->witness == NULL)
        return false;
    struct glc_witness_costs costs = { .set = set,
                                       .cost = c->cost,
                                       .pin = c->pin,
                                       .magic = c->magic,
                                       .first = c->first_pattern,
                                       .modules = c->b.opt->modules,
                                       .rule = c->witness,
                                       .arena = &c->b.arena };
    for (size_t r = 0; r < set->rules; r++)
        glc_witness_find(&costs, (uint32_t)r, &c->witness[r]);
    for (size_t r = 0; r < set->rules; r++)
        glc_witness_part(&c->witness[r]);
    return !c->b.arena.failed;
}

/* How common a byte is, roughly: what a scan for an atom looks at first should be rare. */
static float byte_rank(uint8_t v, uint8_t mask)
{
    static const char common[] = "etaoinsrlhdcumfpgyb";
    if (mask != 0xff && (mask != 0xdf || !glc_ascii_isalnum(v)))
        return INFINITY;
    if (v == 0)
        return 20;
    if (v == 0xff || v == ' ')
        return 8;
    float fold = mask == 0xdf ? 1.5f : 1;
    const char *p = memchr(common, glc_ascii_lower(v), sizeof common - 1);
    if (p != NULL && (v >= 'a' || mask == 0xdf))
        return (6 - (float)(p - common) / 5) * fold;
    if (v == 0x48 || v == 0x8b || v == 0x89 || v == 1 || v == '0' || v == '\n' || v == 0x24)
        return 3;
    return (glc_ascii_isalnum(v) || v < 0x10 ? 2.0f : 1.0f) * fold;
}

/* Its two rarest positions that are exact, or exact but for case. */
static void rare_bytes(const struct glc_atom *a, uint16_t rare[2])
{
    float best[2] = { INFINITY, INFINITY };
    rare[0] = rare[1] = GLC_IMG_NONE16;
    for (uint32_t i = 0; i < a->len && i < 256; i++) {
        float f = byte_rank(a->value[i], a->mask[i]);
        if (f < best[0]) {
            best[1] = best[0];
            rare[1] = rare[0];
            best[0] = f;
            rare[0] = (uint16_t)i;
        } else if (f < best[1] &&
                   (rare[0] == GLC_IMG_NONE16 || a->value[i] != a->value[rare[0]] || best[1] == INFINITY)) {
            best[1] = f;
            rare[1] = (uint16_t)i;
        }
    }
}

static bool write_atom(struct compiling *c, const struct glc_atom *a, uint32_t variant)
{
    struct glc_buf *bytes = &c->b.section[GLC_IMG_BYTES];
    struct glc_img_atom out = {
        .bytes = (uint32_t)bytes->len, .len = a->len, .variant = variant, .near = a->near, .far = a->far
    };
    rare_bytes(a, out.rare);
    out.exact = 1;
    for (uint32_t i = 0; i < a->len; i++)
        out.exact &= a->mask[i] == 0xff;
    return glc_buf_put(bytes, a->value, a->len) && (out.exact != 0 || glc_buf_put(bytes, a->mask, a->len)) &&
           glc_buf_put(&c->b.section[GLC_IMG_ATOMS], &out, sizeof out);
}

/* Do the atoms say, but for a few bytes, where a match begins? Then it need not be found backwards. */
static bool is_near(const struct glc_cover *k)
{
    bool near = k->atoms != 0 && k->atoms <= GLC_IMG_NEAR_ATOMS;
    for (size_t i = 0; near && i < k->atoms; i++)
        near = k->atom[i].far != GLC_UNBOUNDED && k->atom[i].far - k->atom[i].near <= GLC_IMG_NEAR_SPREAD;
    return near;
}

/* Code of a regular expression, forwards and where that is needed backwards. */
static enum glc_err write_code(struct compiling *c, const struct glc_variant *v, bool near,
                               struct glc_img_variant *out, const char **why)
{
    struct glc_buf *code = &c->b.section[GLC_IMG_CODE];
    for (int reverse = 0; reverse < (near ? 1 : 2); reverse++) {
        struct glc_re_options opt = { .reverse = reverse != 0,
                                      .wide = v->wide,
                                      .key = v->xored ? v->key : 0 };
        struct glc_error err = { 0 };
        if (!glc_build_align(code, 8))
            return GLC_NOMEM;
        size_t at = code->len;
        enum glc_err e = glc_re_compile(v->re, &opt, code, &err);
        if (e != GLC_OK) {
            code->len = at;
            *why = err.msg != NULL ? err.msg : "regular expression cannot be compiled";
            return e;
        }
        if (reverse == 0) {
            out->code = (uint32_t)at;
            out->code_len = (uint32_t)(code->len - at);
        } else {
            out->back = (uint32_t)at;
            out->back_len = (uint32_t)(code->len - at);
        }
    }
    return GLC_OK;
}

static enum glc_err write_variant(struct compiling *c, const struct glc_variant *v, uint32_t number,
                                  uint32_t pattern, const char **why)
{
    struct glc_build *b = &c->b;
    const struct glc_cover *k = &c->cover[number];
    uint32_t self = glc_build_count(b, GLC_IMG_VARIANTS, sizeof(struct glc_img_variant));
    struct glc_img_variant out = { .atom = glc_build_count(b, GLC_IMG_ATOMS, sizeof(struct glc_img_atom)),
                                   .atoms = (uint32_t)k->atoms,
                                   .pattern = pattern,
                                   .key = v->key };
    out.flags = (uint8_t)((v->wide ? GLC_IMG_WIDE : 0) | (v->fullword ? GLC_IMG_FULLWORD : 0) |
                          (v->xored ? GLC_IMG_XORED : 0) | (v->through ? GLC_IMG_THROUGH : 0) |
                          (k->whole ? 0 : GLC_IMG_REGEX));
    c->first_atom[number] = out.atom;
    if (!k->whole) {
        enum glc_err e = write_code(c, v, is_near(k), &out, why);
        if (e != GLC_OK)
            return e;
    }
    for (size_t i = 0; i < k->atoms; i++)
        if (!write_atom(c, &k->atom[i], self))
            return GLC_NOMEM;
    return glc_buf_put(&b->section[GLC_IMG_VARIANTS], &out, sizeof out) ? GLC_OK : GLC_NOMEM;
}

/* Text and options only: it is compiled where it is used (rule/pcre.h). */
static enum glc_err write_pcre(struct compiling *c, const struct glc_pattern *pat, uint32_t pattern)
{
    struct glc_build *b = &c->b;
    struct glc_buf *code = &b->section[GLC_IMG_CODE];
    struct glc_img_variant out = { .code = (uint32_t)code->len,
                                   .code_len = (uint32_t)pat->pcre.len + 4,
                                   .atom = glc_build_count(b, GLC_IMG_ATOMS, sizeof(struct glc_img_atom)),
                                   .flags = GLC_IMG_PCRE,
                                   .pattern = pattern };
    bool ok = glc_buf_u32le(code, pat->pcre_options) && glc_buf_put(code, pat->pcre.ptr, pat->pcre.len) &&
              glc_buf_put(&b->section[GLC_IMG_VARIANTS], &out, sizeof out);
    return ok ? GLC_OK : GLC_NOMEM;
}

static enum glc_err write_patterns(struct compiling *c, uint32_t rule, const char **why)
{
    struct glc_build *b = &c->b;
    const struct glc_rule *r = b->set->rule[rule];
    struct glc_place *place = glc_arena_array(&b->arena, r->patterns, sizeof *place);
    if (place == NULL)
        return GLC_NOMEM;
    glc_build_places(r, place);
    for (uint32_t p = 0; p < r->patterns; p++) {
        const struct glc_pattern *pat = &r->pattern[p];
        uint32_t self = c->first_pattern[rule] + p;
        bool one_place = place[p].asked == GLC_ASKED_THERE && pat->anchor.kind == GLC_ANYWHERE;
        struct glc_img_pattern out = {
            .id = glc_build_string(b, glc_span_str(pat->id)),
            .rule = rule,
            .variant = glc_build_count(b, GLC_IMG_VARIANTS, sizeof(struct glc_img_variant)),
            .variants = pat->variants != 0 ? pat->variants : 1,
            .anchor = (uint8_t)pat->anchor.kind,
            .section = pat->anchor.section,
            .shift = pat->anchor.shift,
            .offset = one_place ? place[p].at : pat->anchor.offset,
        };
        out.flags =
            (uint8_t)((one_place ? GLC_IMG_ONE_PLACE : 0) | (pat->hidden ? GLC_IMG_HIDDEN : 0) |
                      (pat->hex ? GLC_IMG_HEX : 0) | (pat->extent == GLC_LONGEST ? GLC_IMG_LONGEST : 0) |
                      (pat->count_ends ? GLC_IMG_COUNT_ENDS : 0) | (pat->any_word ? GLC_IMG_ANY_WORD : 0));
        if (pat->variants == 0 && write_pcre(c, pat, self) != GLC_OK)
            return GLC_NOMEM;
        for (uint32_t v = 0; v < pat->variants; v++) {
            enum glc_err e = write_variant(c, &pat->variant[v], c->first_variant[self] + v, self, why);
            if (e != GLC_OK)
                return e;
        }
        if (!glc_buf_put(&b->section[GLC_IMG_PATTERNS], &out, sizeof out))
            return GLC_NOMEM;
    }
    return GLC_OK;
}

/* The pattern's records are there even where a later one failed: numbers must agree. */
static bool pad_patterns(struct compiling *c, uint32_t rule)
{
    uint32_t want = c->first_pattern[rule + 1];
    while (glc_build_count(&c->b, GLC_IMG_PATTERNS, sizeof(struct glc_img_pattern)) < want) {
        uint32_t self = glc_build_count(&c->b, GLC_IMG_PATTERNS, sizeof(struct glc_img_pattern));
        const struct glc_pattern *pat = &c->b.set->rule[rule]->pattern[self - c->first_pattern[rule]];
        struct glc_img_pattern none = { .id = glc_build_string(&c->b, glc_span_str(pat->id)), .rule = rule };
        if (!glc_buf_put(&c->b.section[GLC_IMG_PATTERNS], &none, sizeof none))
            return false;
    }
    return true;
}

static bool write_metas(struct glc_build *b, const struct glc_rule *r)
{
    for (size_t i = 0; i < r->metas; i++) {
        const struct glc_meta *m = &r->meta[i];
        struct glc_img_meta out = { .key = glc_build_string(b, glc_span_str(m->key)), .type = m->type };
        if (m->type == GLC_T_STRING)
            out.value = glc_build_string(b, m->u.text);
        else
            memcpy(&out.value, &m->u, sizeof out.value);
        if (!glc_buf_put(&b->section[GLC_IMG_METAS], &out, sizeof out))
            return false;
    }
    return true;
}

static bool write_tags(struct glc_build *b, const struct glc_rule *r)
{
    for (uint32_t i = 0; i < r->tags; i++)
        if (!glc_buf_u32le(&b->section[GLC_IMG_LISTS], glc_build_string(b, glc_span_str(r->tag[i]))))
            return false;
    return true;
}

/* Intern a gate; NONE for none (and on no memory: a gate only saves work). */
static uint32_t intern_gate(struct glc_build *b, const struct glc_img_gate *gate)
{
    struct glc_buf *gates = &b->section[GLC_IMG_GATES];
    uint32_t n = glc_build_count(b, GLC_IMG_GATES, sizeof *gate);
    for (uint32_t i = n < 256 ? 0 : n - 256; i < n; i++)
        if (memcmp(gates->ptr + i * sizeof *gate, gate, sizeof *gate) == 0)
            return i;
    return glc_buf_put(gates, gate, sizeof *gate) ? n : GLC_IMG_NONE;
}

static uint32_t write_gate(struct glc_build *b, const struct glc_cond_guards *g)
{
    struct glc_first first = glc_first_of(g);
    if (first.mask == 0)
        return GLC_IMG_NONE;
    struct glc_img_gate out = {
        .n = 1, .need = first.need, .value = { first.value }, .mask = { first.mask }
    };
    return intern_gate(b, &out);
}

static uint32_t write_space(struct glc_build *b, const char *name)
{
    struct glc_buf *spaces = &b->section[GLC_IMG_SPACES];
    uint32_t n = glc_build_count(b, GLC_IMG_SPACES, sizeof(struct glc_img_space));
    struct glc_img_space fresh = { .name = glc_build_string(b, glc_span_str(name)) };
    for (uint32_t i = n; i-- > 0;) {
        struct glc_img_space s;
        memcpy(&s, spaces->ptr + i * sizeof s, sizeof s);
        if (s.name == fresh.name)
            return i;
    }
    glc_buf_put(spaces, &fresh, sizeof fresh);
    return n;
}

static bool is_witness(const struct glc_witnesses *all, uint32_t rule, uint32_t pattern)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->item[i].rule == rule && all->item[i].pattern == pattern)
            return true;
    return false;
}

/* Is every variant one run of masked bytes? Then a hit is settled by comparing it. */
static bool is_plain(const struct compiling *c, uint32_t pattern, uint32_t variants)
{
    bool plain = true;
    for (uint32_t v = 0; v < variants; v++)
        plain = plain && c->cover[c->first_variant[pattern] + v].whole;
    return plain;
}

/* Is a pattern that is no witness searched for all the same, so that its absence is known? Of a rule that is
 * judged always where that is cheap, of a hot rule where it is rarer than its witness or settled by one
 * comparison. */
static bool is_searched_too(const struct compiling *c, uint32_t rule, uint32_t pattern)
{
    const struct glc_witnesses *w = &c->witness[rule];
    const struct glc_pattern *pat = &c->b.set->rule[rule]->pattern[pattern];
    uint32_t number = c->first_pattern[rule] + pattern;
    float most = w->none                              ? CHEAP
                 : w->n == 0 || w->cost <= HOT        ? -1
                 : is_plain(c, number, pat->variants) ? CHEAP
                                                      : HOT;
    return c->cost[number] <= most && !(pinned_kind(&pat->anchor) && c->pin[number]) &&
           !is_witness(w, rule, pattern);
}

/* The condition's code; with keep_ir also the form that explain reads. */
static enum glc_err write_condition(struct compiling *c, uint32_t rule, struct glc_img_rule *out,
                                    const char **why)
{
    struct glc_buf *code = &c->b.section[GLC_IMG_CODE];
    uint8_t *known = c->known + c->first_pattern[rule];
    for (uint32_t i = 0; i < c->b.set->rule[rule]->patterns; i++)
        known[i] =
            is_witness(&c->witness[rule], rule, i) || is_searched_too(c, rule, i) ||
            (pinned_kind(&c->b.set->rule[rule]->pattern[i].anchor) && c->pin[c->first_pattern[rule] + i]);
    for (int notes = 0; notes < (c->b.opt->keep_ir ? 2 : 1); notes++) {
        struct glc_cond_options opt = { .modules = c->b.opt->modules,
                                        .set = c->b.set,
                                        .notes = notes != 0,
                                        .asked = &c->b.asked,
                                        .known = known,
                                        .expected = c->cost + c->first_pattern[rule] };
        struct glc_error err = { 0 };
        if (!glc_build_align(code, 8))
            return GLC_NOMEM;
        size_t at = code->len;
        enum glc_err e = glc_cond_compile(c->b.set->rule[rule], &opt, code, &err);
        if (e != GLC_OK) {
            code->len = at;
            *why = err.msg != NULL ? err.msg : "condition cannot be compiled";
            return e;
        }
        *(notes ? &out->notes : &out->code) = (uint32_t)at;
        *(notes ? &out->notes_len : &out->code_len) = (uint32_t)(code->len - at);
    }
    return GLC_OK;
}

static bool push_always(struct glc_build *b, uint32_t rule, uint32_t gate)
{
    struct glc_always *slot = glc_arena_push(&b->arena, &b->always, &b->alwayses, sizeof *slot);
    if (slot != NULL)
        *slot = (struct glc_always){ rule, gate, GLC_IMG_NONE };
    return slot != NULL;
}

/* Is a before b? */
static int by_first(const void *a, const void *b)
{
    const struct glc_first *x = &((const struct glc_witness *)a)->first,
                           *y = &((const struct glc_witness *)b)->first;
    if (x->need != y->need)
        return x->need < y->need ? -1 : 1;
    return memcmp(x, y, sizeof *x);
}

/* To be judged where the layer begins in one of the ways that its witnesses name, besides where one of their
 * patterns occurs; where they name none, always. A gate holds few of them. */
static bool push_firsts(struct glc_build *b, uint32_t rule, uint32_t gate, struct glc_witnesses *w)
{
    if (!glc_guard_count(b, b->set->rule[rule]))
        return false;
    if (gate != GLC_IMG_NONE || w->firsts == 0)
        return push_always(b, rule, gate);
    struct glc_witness *first = w->item + w->n;
    qsort(first, w->firsts, sizeof *first, by_first);
    for (size_t i = 0; i < w->firsts;) {
        struct glc_img_gate out = { .need = first[i].first.need };
        for (; i < w->firsts && out.n < GLC_IMG_GATE_MOST && first[i].first.need == out.need; i++) {
            out.value[out.n] = first[i].first.value;
            out.mask[out.n++] = first[i].first.mask;
        }
        if (!push_always(b, rule, intern_gate(b, &out)))
            return false;
    }
    return true;
}

static enum glc_err write_rule(struct compiling *c, uint32_t rule)
{
    struct glc_build *b = &c->b;
    const struct glc_rule *r = b->set->rule[rule];
    struct glc_img_rule out = {
        .name = glc_build_string(b, glc_span_str(r->name)),
        .space_name = glc_build_string(b, glc_span_str(r->space != NULL ? r->space : "default")),
        .file = glc_build_string(b, glc_span_str(r->file != NULL ? r->file : "")),
        .line = r->line,
        .pattern = c->first_pattern[rule],
        .patterns = r->patterns,
        .tag = glc_build_count(b, GLC_IMG_LISTS, sizeof(uint32_t)),
        .tags = r->tags,
        .meta = glc_build_count(b, GLC_IMG_METAS, sizeof(struct glc_img_meta)),
        .metas = (uint32_t)r->metas,
        .classes = r->classes,
        .language = (uint8_t)r->language,
        .space = write_space(b, r->space != NULL ? r->space : "default"),
    };
    struct glc_cond_guards guards;
    glc_cond_guards(r->condition, b->opt->modules, &guards);
    out.size_min = guards.size_min;
    out.size_max = guards.size_max;
    out.gate = write_gate(b, &guards);
    out.flags = (uint8_t)((r->is_private ? GLC_IMG_PRIVATE : 0) | (r->is_global ? GLC_IMG_GLOBAL : 0));
    struct glc_witnesses *w = &c->witness[rule];
    const char *why = NULL;
    enum glc_err e = write_patterns(c, rule, &why);
    if (e == GLC_OK)
        e = write_condition(c, rule, &out, &why);
    if (e == GLC_NOMEM || !pad_patterns(c, rule))
        return GLC_NOMEM;
    if (e != GLC_OK) {
        complain(b, r, why);
        out.classes = 0;
        w->never = true;
        w->none = false;
        w->n = w->firsts = 0;
    }
    if (guards.never || w->never || r->classes == 0) {
        /* Cannot match: nothing is searched for it. */
        w->never = true;
        w->none = false;
        w->n = w->firsts = 0;
    }
    if (w->none) {
        b->stats.unwitnessed++;
    } else {
        out.flags |= GLC_IMG_WITNESSED;
    }
    if ((w->none || w->firsts != 0) && !push_firsts(b, rule, out.gate, w))
        return GLC_NOMEM;
    bool ok =
        write_tags(b, r) && write_metas(b, r) && glc_buf_put(&b->section[GLC_IMG_RULES], &out, sizeof out);
    return ok ? GLC_OK : GLC_NOMEM;
}

/* What the filter looks for on behalf of `rule`: all variants of one witness; `flags`: of the pattern, where
 * it is its own. */
static bool want_witness(struct compiling *c, uint32_t rule, const struct glc_witness *w, uint8_t flags)
{
    struct glc_build *b = &c->b;
    uint32_t p = c->first_pattern[w->rule] + w->pattern;
    const struct glc_pattern *pat = &b->set->rule[w->rule]->pattern[w->pattern];
    const struct glc_anchor *anchor = w->pinned                   ? &w->anchor
                                      : pinned_kind(&pat->anchor) ? &pat->anchor
                                                                  : NULL;
    bool pin = anchor != NULL && c->pin[p];
    b->stats.anchored += pin;
    if (!pin && w->rule == rule)
        ((struct glc_img_pattern *)(void *)b->section[GLC_IMG_PATTERNS].ptr)[p].flags |= flags;
    for (uint32_t v = 0; v < pat->variants; v++) {
        uint32_t number = c->first_variant[p] + v;
        for (size_t a = 0; a < c->cover[number].atoms; a++) {
            const struct glc_atom *atom = &c->cover[number].atom[a];
            struct glc_img_ref ref = { .rule = rule,
                                       .pattern = p,
                                       .atom = c->first_atom[number] + (uint32_t)a };
            if (pin ? !glc_filter_pin(b, atom, anchor, &ref) : !glc_filter_want(b, atom, &ref))
                return false;
        }
    }
    return true;
}

/* The patterns of a rule that are searched for beside its witnesses. Those of a hot rule do not touch it. */
static bool want_others(struct compiling *c, uint32_t rule)
{
    uint8_t flags = c->witness[rule].none ? GLC_IMG_SEARCHED : GLC_IMG_SEARCHED | GLC_IMG_QUIET;
    for (uint32_t i = 0; i < c->b.set->rule[rule]->patterns; i++) {
        struct glc_witness w = { .rule = rule, .pattern = i };
        if (is_searched_too(c, rule, i) && !want_witness(c, rule, &w, flags))
            return false;
    }
    return true;
}

static bool want_all(struct compiling *c)
{
    for (size_t r = 0; r < c->b.set->rules; r++) {
        if (c->witness[r].none && !want_others(c, (uint32_t)r))
            return false;
        for (size_t i = 0; i < c->witness[r].n; i++)
            if (!want_witness(c, (uint32_t)r, &c->witness[r].item[i], GLC_IMG_SEARCHED))
                return false;
        if (c->witness[r].n != 0 && !want_others(c, (uint32_t)r))
            return false;
    }
    return true;
}

static bool write_globals(struct glc_build *b)
{
    uint32_t n = glc_build_count(b, GLC_IMG_SPACES, sizeof(struct glc_img_space));
    struct glc_img_rule *rule = (struct glc_img_rule *)(void *)b->section[GLC_IMG_RULES].ptr;
    for (uint32_t s = 0; s < n; s++) {
        struct glc_img_space *space = (struct glc_img_space *)(void *)b->section[GLC_IMG_SPACES].ptr + s;
        space->global = glc_build_count(b, GLC_IMG_LISTS, sizeof(uint32_t));
        for (uint32_t r = 0; r < b->set->rules; r++) {
            if (rule[r].space != s || (rule[r].flags & GLC_IMG_GLOBAL) == 0)
                continue;
            if (!glc_buf_u32le(&b->section[GLC_IMG_LISTS], r))
                return false;
            space->globals++;
        }
    }
    return true;
}

static bool write_externals(struct glc_build *b)
{
    for (size_t i = 0; i < b->set->externals; i++) {
        const struct glc_external *x = &b->set->external[i];
        struct glc_img_external out = { .name = glc_build_string(b, glc_span_str(x->name)), .type = x->type };
        if (x->type == GLC_T_STRING)
            out.value = glc_build_string(b, x->u.text);
        else
            memcpy(&out.value, &x->u, sizeof out.value);
        if (!glc_buf_put(&b->section[GLC_IMG_EXTERNALS], &out, sizeof out))
            return false;
    }
    return true;
}

/* The rules as text, for small sets: it is as large as all the rest. Where the rest is too large already, no
 * text is made only to be dropped. */
static void write_ir(struct glc_build *b)
{
    struct glc_buf *ir = &b->section[GLC_IMG_IR];
    if (b->section[GLC_IMG_CODE].len >= IR_MOST)
        return;
    for (size_t r = 0; r < b->set->rules && ir->len < IR_MOST; r++)
        glc_rule_dump(b->set->rule[r], ir);
    if (ir->len >= IR_MOST)
        ir->len = 0;
}

static enum glc_err run(struct compiling *c, struct glc_parts *out)
{
    struct glc_build *b = &c->b;
    if (!cover_patterns(c) || !find_witnesses(c))
        return GLC_NOMEM;
    for (size_t r = 0; r < b->set->rules; r++) {
        enum glc_err e = write_rule(c, (uint32_t)r);
        if (e != GLC_OK)
            return e;
    }
    for (size_t i = 0; i < b->alwayses; i++)
        b->always[i].guard = glc_guard_choose(b, b->set->rule[b->always[i].rule]);
    uint64_t hashes = 0;
    if (!glc_guard_write(b) || !want_all(c) || !glc_filter_write(b) || !write_globals(b) ||
        !write_externals(b) || !glc_hashsig_write(b, &hashes))
        return GLC_NOMEM;
    if (b->opt->keep_ir)
        write_ir(b);
    b->stats.rules = b->set->rules - b->stats.refused;
    b->stats.patterns = c->patterns;
    b->stats.hashes = hashes;
    b->stats.searched = glc_build_count(b, GLC_IMG_WINDOWS, sizeof(struct glc_img_window));
    return glc_build_assemble(b, hashes, out);
}

enum glc_err glc_compile(const struct glc_ruleset *set, const struct glc_compile_options *opt,
                         struct glc_parts *out, struct glc_compile_stats *stats)
{
    struct compiling c = { 0 };
    enum glc_err e = glc_build_init(&c.b, set, opt) ? run(&c, out) : GLC_NOMEM;
    if (e == GLC_OK && stats != NULL)
        *stats = c.b.stats;
    glc_build_done(&c.b);
    free(c.cover);
    free(c.first_variant);
    free(c.first_atom);
    free(c.first_pattern);
    free(c.cost);
    free(c.pin);
    free(c.magic);
    free(c.known);
    free(c.witness);
    return e;
}

enum glc_err glc_compile_whole(const struct glc_ruleset *set, const struct glc_compile_options *opt,
                               struct glc_buf *out, struct glc_compile_stats *stats)
{
    struct glc_parts parts = { 0 };
    enum glc_err e = glc_compile(set, opt, &parts, stats);
    if (e == GLC_OK && !glc_parts_join(&parts, out))
        e = GLC_NOMEM;
    glc_parts_done(&parts);
    return e;
}
