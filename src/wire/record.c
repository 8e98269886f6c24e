#include "wire/record.h"

#include "base/cursor.h"

enum {
    LAYERS_MOST = 256,
    STRING_LEAST = 26, /* bytes of the shortest string record */
    FINDING_LEAST = 13,
    NOTE_LEAST = 14,
    COST = 36,
    FLAG_CUT = 1,
};

static void put_u64(struct glc_buf *b, uint64_t v)
{
    glc_buf_u64le(b, v);
}

static void put_str(struct glc_buf *b, struct glc_span s)
{
    glc_buf_u32le(b, (uint32_t)s.len);
    glc_buf_put(b, s.ptr, s.len);
}

static void put_path(struct glc_buf *b, const struct glc_span *layer, uint32_t layers)
{
    uint32_t n = layers < LAYERS_MOST ? layers : LAYERS_MOST;
    glc_buf_u16le(b, (uint16_t)n);
    for (uint32_t i = 0; i < n; i++)
        put_str(b, layer[i]);
}

static void put_finding(struct glc_buf *b, const struct glc_finding *f, bool with_strings)
{
    glc_buf_u16le(b, (uint16_t)f->image);
    glc_buf_u32le(b, f->rule);
    glc_buf_u8(b, (uint8_t)f->cls);
    put_path(b, f->layer, f->layers);
    uint32_t n = with_strings ? f->strings : 0;
    glc_buf_u32le(b, n);
    for (uint32_t i = 0; i < n && !b->failed; i++) {
        glc_buf_u32le(b, f->string[i].pattern);
        put_u64(b, f->string[i].offset);
        put_u64(b, f->string[i].length);
        glc_buf_u8(b, f->string[i].key);
        glc_buf_u8(b, f->string[i].xored);
        put_str(b, f->string[i].bytes);
    }
}

static void put_head(struct glc_buf *b, uint8_t kind, uint64_t id)
{
    glc_buf_u32le(b, 0); /* the length, set by finish() */
    glc_buf_u8(b, kind);
    put_u64(b, id);
}

/* Set the length of the record that began at `at`; false (and nothing appended) where it is too long. */
static bool finish(struct glc_buf *b, size_t at)
{
    size_t len = b->len - at - GLC_RECORD_HEAD;
    if (b->failed || len > GLC_RECORD_LONGEST) {
        b->len = at;
        b->failed = false;
        return false;
    }
    for (unsigned i = 0; i < 4; i++)
        b->ptr[at + i] = (uint8_t)(len >> 8 * i);
    return true;
}

static bool put_verdict(struct glc_buf *b, uint64_t id, const struct glc_result *r, bool with_strings,
                        bool with_rest)
{
    size_t at = b->len;
    put_head(b, GLC_RECORD_VERDICT, id);
    glc_buf_u8(b, (uint8_t)r->verdict);
    glc_buf_u8(b, with_strings ? 0 : FLAG_CUT);
    put_u64(b, r->size);
    put_u64(b, r->scanned);
    put_str(b, r->reason != NULL ? glc_span_str(r->reason) : glc_span(NULL, 0));
    uint32_t findings = with_rest || r->findings < 100 ? r->findings : 100;
    glc_buf_u32le(b, findings);
    for (uint32_t i = 0; i < findings && !b->failed; i++)
        put_finding(b, &r->finding[i], with_strings);
    uint32_t notes = with_rest ? r->notes : 0;
    glc_buf_u32le(b, notes);
    for (uint32_t i = 0; i < notes && !b->failed; i++) {
        put_str(b, glc_span_str(r->note[i].text));
        put_u64(b, r->note[i].off);
        put_path(b, r->note[i].layer, r->note[i].layers);
    }
    return finish(b, at);
}

bool glc_record_put_verdict(struct glc_buf *out, uint64_t id, const struct glc_result *r)
{
    return put_verdict(out, id, r, true, true) || put_verdict(out, id, r, false, true) ||
           put_verdict(out, id, r, false, false);
}

bool glc_record_put_text(struct glc_buf *out, uint64_t id, struct glc_span text)
{
    size_t at = out->len;
    put_head(out, GLC_RECORD_TEXT, id);
    glc_buf_put(out, text.ptr, text.len);
    return finish(out, at);
}

enum glc_err glc_record_next(struct glc_span stream, struct glc_record *out, size_t *used)
{
    struct glc_cursor c = glc_cursor(stream);
    if (stream.len < GLC_RECORD_HEAD)
        return GLC_LIMIT;
    uint32_t len = glc_cursor_u32le(&c);
    if (len < 9 || len > GLC_RECORD_LONGEST)
        return GLC_CORRUPT;
    if (len > glc_cursor_left(&c))
        return GLC_LIMIT;
    uint8_t kind = glc_cursor_u8(&c);
    uint64_t id = glc_cursor_u64le(&c);
    if (kind != GLC_RECORD_VERDICT && kind != GLC_RECORD_TEXT && kind != GLC_RECORD_COSTS)
        return GLC_CORRUPT;
    *out = (struct glc_record){ kind, id, glc_cursor_span(&c, len - 9) };
    *used = (size_t)len + GLC_RECORD_HEAD;
    return GLC_OK;
}

static struct glc_span get_str(struct glc_cursor *c)
{
    uint32_t n = glc_cursor_u32le(c);
    return glc_cursor_span(c, n);
}

/* Words for people: no byte of them is zero, or they would end earlier than they say. */
static struct glc_span get_text(struct glc_cursor *c)
{
    struct glc_span s = get_str(c);
    if (s.len != 0 && memchr(s.ptr, 0, s.len) != NULL)
        glc_cursor_fail(c, GLC_CORRUPT, "a zero byte in a text");
    return s;
}

/* A count of things that take at least `least` bytes each: more than fit is a lie, and fails before any
 * allocation. */
static uint32_t get_count(struct glc_cursor *c, size_t least)
{
    uint32_t n = glc_cursor_u32le(c);
    if (glc_cursor_ok(c) && n > glc_cursor_left(c) / least)
        glc_cursor_fail(c, GLC_CORRUPT, "a count says more than there is");
    return glc_cursor_ok(c) ? n : 0;
}

static const struct glc_span *get_path(struct glc_cursor *c, struct glc_arena *a, uint32_t *n)
{
    uint32_t layers = glc_cursor_u16le(c);
    *n = 0;
    if (!glc_cursor_ok(c) || layers == 0)
        return NULL;
    if (layers > LAYERS_MOST) {
        glc_cursor_fail(c, GLC_CORRUPT, "too many layers");
        return NULL;
    }
    struct glc_span *path = glc_arena_array(a, layers, sizeof *path);
    if (path == NULL)
        return NULL;
    for (uint32_t i = 0; i < layers; i++)
        path[i] = get_str(c);
    *n = layers;
    return path;
}

static void get_finding(struct glc_cursor *c, uint32_t images, struct glc_arena *a, struct glc_finding *f)
{
    f->image = glc_cursor_u16le(c);
    f->rule = glc_cursor_u32le(c);
    uint8_t cls = glc_cursor_u8(c);
    if (f->image >= images || cls >= GLC_CLASSES)
        glc_cursor_fail(c, GLC_CORRUPT, "no such image or class");
    f->cls = (enum glc_class)cls;
    f->layer = get_path(c, a, &f->layers);
    uint32_t n = get_count(c, STRING_LEAST);
    struct glc_found_string *s = n == 0 ? NULL : glc_arena_array(a, n, sizeof *s);
    if (s == NULL)
        return;
    for (uint32_t i = 0; i < n; i++) {
        s[i].pattern = glc_cursor_u32le(c);
        s[i].offset = glc_cursor_u64le(c);
        s[i].length = glc_cursor_u64le(c);
        s[i].key = glc_cursor_u8(c);
        s[i].xored = glc_cursor_u8(c) != 0;
        s[i].bytes = get_str(c);
    }
    f->string = s;
    f->strings = n;
}

/* A verdict says one thing only. */
static bool consistent(const struct glc_result *r, size_t reason_len)
{
    switch (r->verdict) {
    case GLC_CLEAN:
        return r->findings == 0 && reason_len == 0;
    case GLC_FOUND:
        return r->findings != 0;
    case GLC_UNSCANNED:
        return r->findings == 0 && reason_len != 0;
    }
    return false;
}

enum glc_err glc_record_get_verdict(struct glc_span body, uint32_t images, struct glc_arena *a,
                                    struct glc_result *out, bool *cut)
{
    struct glc_cursor c = glc_cursor(body);
    struct glc_result r = { 0 };
    uint8_t verdict = glc_cursor_u8(&c);
    uint8_t flags = glc_cursor_u8(&c);
    if (verdict > GLC_UNSCANNED || flags > FLAG_CUT)
        return GLC_CORRUPT;
    r.verdict = (enum glc_verdict)verdict;
    r.size = glc_cursor_u64le(&c);
    r.scanned = glc_cursor_u64le(&c);
    struct glc_span reason = get_text(&c);
    r.findings = get_count(&c, FINDING_LEAST);
    struct glc_finding *f = r.findings == 0 ? NULL : glc_arena_array(a, r.findings, sizeof *f);
    for (uint32_t i = 0; f != NULL && i < r.findings && glc_cursor_ok(&c); i++)
        get_finding(&c, images, a, &f[i]);
    r.finding = f;
    r.notes = get_count(&c, NOTE_LEAST);
    struct glc_note *note = r.notes == 0 ? NULL : glc_arena_array(a, r.notes, sizeof *note);
    for (uint32_t i = 0; note != NULL && i < r.notes && glc_cursor_ok(&c); i++) {
        struct glc_span text = get_text(&c);
        note[i].text = glc_arena_strdup(a, text);
        note[i].off = glc_cursor_u64le(&c);
        note[i].layer = get_path(&c, a, &note[i].layers);
    }
    r.note = note;
    if (a->failed)
        return GLC_NOMEM;
    if (!glc_cursor_ok(&c) || glc_cursor_left(&c) != 0 || !consistent(&r, reason.len))
        return GLC_CORRUPT;
    if (reason.len != 0) {
        r.reason = glc_arena_strdup(a, reason);
        if (r.reason == NULL)
            return GLC_NOMEM;
    }
    *cut = (flags & FLAG_CUT) != 0;
    *out = r;
    return GLC_OK;
}

bool glc_record_put_costs(struct glc_buf *out, uint64_t id, uint32_t image, const struct glc_rule_cost *cost,
                          uint32_t rules)
{
    size_t at = out->len;
    uint32_t n = 0;
    for (uint32_t i = 0; i < rules; i++)
        n += (cost[i].candidates | cost[i].judged) != 0;
    put_head(out, GLC_RECORD_COSTS, id);
    glc_buf_u16le(out, (uint16_t)image);
    glc_buf_u32le(out, n);
    for (uint32_t i = 0; i < rules && !out->failed; i++) {
        if ((cost[i].candidates | cost[i].judged) == 0)
            continue;
        glc_buf_u32le(out, i);
        put_u64(out, cost[i].candidates);
        put_u64(out, cost[i].confirmed);
        put_u64(out, cost[i].judged);
        put_u64(out, cost[i].ns);
    }
    return finish(out, at);
}

enum glc_err glc_record_get_costs(struct glc_span body, uint32_t images,
                                  void (*each)(void *to, uint32_t image, uint32_t rule,
                                               const struct glc_rule_cost *cost),
                                  void *to)
{
    struct glc_cursor c = glc_cursor(body);
    uint32_t image = glc_cursor_u16le(&c);
    uint32_t n = get_count(&c, COST);
    if (!glc_cursor_ok(&c) || image >= images || glc_cursor_left(&c) != (size_t)n * COST)
        return GLC_CORRUPT;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t rule = glc_cursor_u32le(&c);
        struct glc_rule_cost cost = { 0 };
        cost.candidates = glc_cursor_u64le(&c);
        cost.confirmed = glc_cursor_u64le(&c);
        cost.judged = glc_cursor_u64le(&c);
        cost.ns = glc_cursor_u64le(&c);
        each(to, image, rule, &cost);
    }
    return GLC_OK;
}
