#include "audit/answer.h"

#include "base/cursor.h"

#include <stddef.h>
#include <stdlib.h>

enum { NONE = 65535, EMBEDDED = 1, DIRECTORY = 2, WEAK = 4 };

static const size_t seen_at[] = {
    offsetof(struct glc_audit_seen, debian), offsetof(struct glc_audit_seen, redhat),
    offsetof(struct glc_audit_seen, suse),   offsetof(struct glc_audit_seen, alpine),
    offsetof(struct glc_audit_seen, arch),   offsetof(struct glc_audit_seen, dpkg),
    offsetof(struct glc_audit_seen, rpm),    offsetof(struct glc_audit_seen, apk),
    offsetof(struct glc_audit_seen, pacman),
};
enum { SEEN = sizeof seen_at / sizeof *seen_at };

static void put_text(struct glc_buf *out, const char *s, size_t most)
{
    size_t n = s != NULL ? strnlen(s, most) : 0;
    glc_buf_u16le(out, s != NULL ? (uint16_t)n : NONE);
    glc_buf_put(out, s, n);
}

/* Room for the length, which end() fills in. */
static size_t begin(struct glc_buf *out, enum glc_answer_kind kind)
{
    size_t at = out->len;
    glc_buf_u16le(out, 0);
    glc_buf_u8(out, (uint8_t)kind);
    return at;
}

static bool end(struct glc_buf *out, size_t at)
{
    if (out->failed)
        return false;
    size_t n = out->len - at - 2;
    out->ptr[at] = (uint8_t)n;
    out->ptr[at + 1] = (uint8_t)(n >> 8);
    return true;
}

bool glc_answer_put_fact(struct glc_buf *out, const struct glc_audit *a, const struct glc_fact *f)
{
    size_t at = begin(out, GLC_ANSWER_FACT);
    glc_buf_u8(out, (uint8_t)f->kind);
    glc_buf_u8(out, (uint8_t)f->state);
    glc_buf_u8(
        out, (uint8_t)((f->embedded ? EMBEDDED : 0) | (f->directory ? DIRECTORY : 0) | (f->weak ? WEAK : 0)));
    glc_buf_u8(out, (uint8_t)a->layer_state);
    put_text(out, a->layer, GLC_ANSWER_TEXT);
    put_text(out, f->value, GLC_ANSWER_TEXT);
    put_text(out, f->ecosystem, GLC_ANSWER_TEXT);
    put_text(out, f->version, GLC_ANSWER_TEXT);
    put_text(out, f->where, GLC_ANSWER_WHERE);
    put_text(out, f->inside, GLC_ANSWER_WHERE);
    return end(out, at);
}

bool glc_answer_put_marker(struct glc_buf *out, const struct glc_audit *a, const struct glc_reg_signal *s,
                           const char *where)
{
    size_t at = begin(out, GLC_ANSWER_MARKER);
    glc_buf_u32le(out, (uint32_t)(s - a->reg->signals));
    glc_buf_u8(out, (uint8_t)a->layer_state);
    put_text(out, a->layer, GLC_ANSWER_TEXT);
    put_text(out, where, GLC_ANSWER_WHERE);
    return end(out, at);
}

bool glc_answer_put_gap(struct glc_buf *out, const char *where, const char *reason)
{
    size_t at = begin(out, GLC_ANSWER_GAP);
    put_text(out, where, GLC_ANSWER_WHERE);
    put_text(out, reason, GLC_ANSWER_TEXT);
    return end(out, at);
}

bool glc_answer_put_done(struct glc_buf *out, uint64_t id, const struct glc_audit_target *t,
                         const struct glc_audit_seen *seen)
{
    size_t at = begin(out, GLC_ANSWER_DONE);
    uint16_t mask = 0;
    for (size_t i = 0; i < SEEN; i++)
        if (*(const bool *)((const char *)seen + seen_at[i]))
            mask = (uint16_t)(mask | 1u << i);
    glc_buf_u64le(out, id);
    glc_buf_u64le(out, t->entries);
    glc_buf_u64le(out, t->read);
    glc_buf_u16le(out, mask);
    return end(out, at);
}

bool glc_answer_put_at(struct glc_buf *out, uint64_t n, const char *where)
{
    size_t at = begin(out, GLC_ANSWER_AT);
    glc_buf_u64le(out, n);
    put_text(out, where, GLC_ANSWER_WHERE);
    return end(out, at);
}

bool glc_answer_put_setting(struct glc_buf *out, const struct glc_setting *s)
{
    size_t at = begin(out, GLC_ANSWER_SETTING);
    put_text(out, s->section, GLC_ANSWER_WHERE);
    put_text(out, s->key, GLC_ANSWER_WHERE);
    put_text(out, s->value, GLC_ANSWER_WHERE);
    return end(out, at);
}

/* A string without NULs, in the arena; NULL for none. A string that is not allowed fails the cursor. */
static const char *get_text(struct glc_cursor *c, struct glc_arena *arena, size_t most)
{
    uint16_t n = glc_cursor_u16le(c);
    if (n == NONE)
        return NULL;
    struct glc_span s = glc_cursor_span(c, n);
    if (n > most || (s.len != 0 && memchr(s.ptr, 0, s.len) != NULL)) {
        glc_cursor_fail(c, GLC_CORRUPT, "a string that is too long or has zero bytes");
        return NULL;
    }
    const char *text = glc_cursor_ok(c) ? glc_arena_strdup(arena, s) : NULL;
    if (text == NULL)
        glc_cursor_fail(c, GLC_NOMEM, "no memory");
    return text;
}

static enum glc_fact_state get_state(struct glc_cursor *c)
{
    uint8_t s = glc_cursor_u8(c);
    if (s > GLC_FACT_MENTIONED)
        glc_cursor_fail(c, GLC_CORRUPT, "no state");
    return (enum glc_fact_state)s;
}

static void get_fact(struct glc_cursor *c, struct glc_arena *arena, struct glc_answer *x)
{
    uint8_t kind = glc_cursor_u8(c);
    struct glc_fact *f = &x->fact;
    f->state = get_state(c);
    uint8_t flags = glc_cursor_u8(c);
    x->layer_state = get_state(c);
    x->layer = get_text(c, arena, GLC_ANSWER_TEXT);
    f->value = get_text(c, arena, GLC_ANSWER_TEXT);
    f->ecosystem = get_text(c, arena, GLC_ANSWER_TEXT);
    f->version = get_text(c, arena, GLC_ANSWER_TEXT);
    f->where = get_text(c, arena, GLC_ANSWER_WHERE);
    f->inside = get_text(c, arena, GLC_ANSWER_WHERE);
    f->kind = (enum glc_fact_kind)kind;
    f->embedded = (flags & EMBEDDED) != 0;
    f->directory = (flags & DIRECTORY) != 0;
    f->weak = (flags & WEAK) != 0;
    if (kind >= GLC_FACT_KINDS || flags > (EMBEDDED | DIRECTORY | WEAK) || f->value == NULL)
        glc_cursor_fail(c, GLC_CORRUPT, "no fact");
}

static void get_marker(struct glc_cursor *c, const struct glc_register *reg, struct glc_arena *arena,
                       struct glc_answer *x)
{
    uint32_t n = glc_cursor_u32le(c);
    x->layer_state = get_state(c);
    x->layer = get_text(c, arena, GLC_ANSWER_TEXT);
    x->where = get_text(c, arena, GLC_ANSWER_WHERE);
    if (n >= reg->nsignals || reg->signals[n].kind != GLC_FACT_ENGINE || x->where == NULL)
        glc_cursor_fail(c, GLC_CORRUPT, "no marker");
    else
        x->signal = &reg->signals[n];
}

static void get_done(struct glc_cursor *c, struct glc_answer *x)
{
    x->id = glc_cursor_u64le(c);
    x->entries = glc_cursor_u64le(c);
    x->read = glc_cursor_u64le(c);
    uint16_t mask = glc_cursor_u16le(c);
    for (size_t i = 0; i < SEEN; i++)
        *(bool *)((char *)&x->seen + seen_at[i]) = (mask & 1u << i) != 0;
}

/* Its parts become lines of a configuration: none may hold the end of one. */
static const char *get_line(struct glc_cursor *c, struct glc_arena *arena)
{
    const char *s = get_text(c, arena, GLC_ANSWER_WHERE);
    if (s == NULL || strchr(s, '\n') != NULL)
        glc_cursor_fail(c, GLC_CORRUPT, "no part of a line");
    return s;
}

static void get_setting(struct glc_cursor *c, struct glc_arena *arena, struct glc_answer *x)
{
    x->setting.section = get_line(c, arena);
    x->setting.key = get_line(c, arena);
    x->setting.value = get_line(c, arena);
    if (x->setting.key != NULL && x->setting.key[0] == '\0')
        glc_cursor_fail(c, GLC_CORRUPT, "no key");
}

enum glc_err glc_answer_next(struct glc_span *rest, const struct glc_register *reg, struct glc_arena *arena,
                             struct glc_answer *out)
{
    struct glc_cursor all = glc_cursor(*rest);
    struct glc_cursor c = glc_cursor_sub(&all, glc_cursor_u16le(&all));
    struct glc_answer x = { .kind = (enum glc_answer_kind)glc_cursor_u8(&c) };
    switch (x.kind) {
    case GLC_ANSWER_FACT:
        get_fact(&c, arena, &x);
        break;
    case GLC_ANSWER_MARKER:
        get_marker(&c, reg, arena, &x);
        break;
    case GLC_ANSWER_GAP:
        x.where = get_text(&c, arena, GLC_ANSWER_WHERE);
        x.reason = get_text(&c, arena, GLC_ANSWER_TEXT);
        if (x.where == NULL || x.reason == NULL)
            glc_cursor_fail(&c, GLC_CORRUPT, "no gap");
        break;
    case GLC_ANSWER_DONE:
        get_done(&c, &x);
        break;
    case GLC_ANSWER_AT:
        x.id = glc_cursor_u64le(&c);
        x.where = get_text(&c, arena, GLC_ANSWER_WHERE);
        if (x.where == NULL)
            glc_cursor_fail(&c, GLC_CORRUPT, "no place");
        break;
    case GLC_ANSWER_SETTING:
        get_setting(&c, arena, &x);
        break;
    default:
        return GLC_CORRUPT;
    }
    if (!glc_cursor_ok(&all) || !glc_cursor_ok(&c) || glc_cursor_left(&c) != 0)
        return c.err.code == GLC_NOMEM ? GLC_NOMEM : GLC_CORRUPT;
    *rest = glc_span_sub(*rest, all.off, rest->len);
    *out = x;
    return GLC_OK;
}

/* Hits point to their layer's name: one copy as long as it stays the same. */
static void set_layer(struct glc_audit *a, const char *layer)
{
    if (layer == NULL)
        a->layer = NULL;
    else if (a->layer == NULL || strcmp(a->layer, layer) != 0)
        a->layer = glc_arena_strdup(&a->arena, glc_span_str(layer));
}

void glc_answer_take(struct glc_audit *a, const struct glc_answer *x)
{
    struct glc_audit_target *t = &a->targets[a->ntargets - 1];
    switch (x->kind) {
    case GLC_ANSWER_FACT:
    case GLC_ANSWER_MARKER:
        set_layer(a, x->layer);
        a->layer_state = x->layer_state;
        if (x->kind == GLC_ANSWER_FACT)
            glc_audit_fact(a, &x->fact);
        else
            glc_audit_marker(a, x->signal, x->where);
        a->layer_state = GLC_FACT_PRESENT;
        break;
    case GLC_ANSWER_GAP:
        glc_audit_gap(a, x->where, "%s", x->reason);
        break;
    case GLC_ANSWER_DONE:
        t->entries += x->entries;
        t->read += x->read;
        for (size_t i = 0; i < SEEN; i++)
            *(bool *)((char *)&a->seen + seen_at[i]) |= *(const bool *)((const char *)&x->seen + seen_at[i]);
        break;
    case GLC_ANSWER_SETTING:
        glc_audit_setting(a, &x->setting);
        break;
    case GLC_ANSWER_AT:
        break;
    }
}

static uint64_t mix(uint64_t h, const char *s)
{
    for (; *s != '\0'; s++) /* FNV-1a: against mistakes, not against attacks */
        h = (h ^ (uint8_t)*s) * 0x100000001b3;
    return (h ^ 0xff) * 0x100000001b3;
}

uint64_t glc_answer_register(const struct glc_register *reg)
{
    uint64_t h = 0xcbf29ce484222325;
    for (size_t i = 0; i < reg->nsignals; i++) {
        const struct glc_reg_signal *s = &reg->signals[i];
        h = mix(mix(h, s->id), glc_fact_kind_name(s->kind));
        for (size_t k = 0; k < s->patterns.count; k++)
            h = mix(h, s->patterns.at[k]);
    }
    return h;
}
