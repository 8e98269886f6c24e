/* Damaged code of conditions. The first eight bytes choose a random rule, whose condition is compiled (now
 * and then with notes); pairs of bytes after them change the code; what follows a zero pair is the layer.
 * Half of the inputs replace the code by their own bytes behind a good header. A module with every kind of
 * value is there to be asked. */
#include <stdlib.h>

#include "base/cursor.h"
#include "compile/cond_compile.h"
#include "match/cond_internal.h"
#include "match/match.h"
#include "random_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct glc_field point[] = {
    { .name = "x", .type = GLC_T_INT, .help = "" },
    { .name = "name", .type = GLC_T_STRING, .help = "" },
    { .name = NULL },
};
static const struct glc_field fields[] = {
    { .name = "n", .type = GLC_T_INT, .help = "" },
    { .name = "one", .type = GLC_T_STRUCT, .help = "", .member = point },
    { .name = "many", .type = GLC_T_ARRAY, .help = "", .item = GLC_T_STRUCT, .member = point },
    { .name = "by_name", .type = GLC_T_DICT, .help = "", .item = GLC_T_INT },
    { .name = NULL },
};

static struct glc_value call(const struct glc_module_ctx *ctx, const struct glc_value *root,
                             const struct glc_value *args)
{
    (void)root;
    return (struct glc_value){ .type = GLC_T_INT,
                               .defined = true,
                               .u.integer = ctx->regex_match(ctx, args[1].u.regex, args[0].u.text) };
}

static const struct glc_function functions[] = { { "has", "sr", GLC_T_INT, "", call }, { .name = NULL } };

static void load(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    (void)own;
    struct glc_value *p = glc_arena_array(ctx->arena, 8, sizeof *p);
    struct glc_dict_entry *e = glc_arena_array(ctx->arena, 1, sizeof *e);
    if (p == NULL || e == NULL)
        return;
    for (int i = 0; i < 6; i += 2) {
        p[i] = (struct glc_value){ .type = GLC_T_INT, .defined = true, .u.integer = i };
        p[i + 1] = (struct glc_value){ .type = GLC_T_STRING, .defined = true, .u.text = glc_span("abc", 3) };
    }
    struct glc_value *item = glc_arena_array(ctx->arena, 2, sizeof *item);
    if (item == NULL)
        return;
    item[0] = item[1] = (struct glc_value){ .type = GLC_T_STRUCT, .defined = true, .u.member = p + 2 };
    *e = (struct glc_dict_entry){ .key = glc_span("a", 1), .value = p[0] };
    member[0] = p[2];
    member[1] = (struct glc_value){ .type = GLC_T_STRUCT, .defined = true, .u.member = p };
    member[2] =
        (struct glc_value){ .type = GLC_T_ARRAY, .defined = true, .u.array = { .item = item, .n = 2 } };
    member[3] = (struct glc_value){ .type = GLC_T_DICT, .defined = true, .u.dict = { .entry = e, .n = 1 } };
}

static const struct glc_module module = {
    .name = "m", .help = "", .fields = fields, .functions = functions, .load = load
};
static const struct glc_module *const all[] = { &module };
static const struct glc_modules modules = { all, 1 };

static const struct glc_occurrence occurrences[] = { { .offset = 1, .length = 2 },
                                                     { .offset = 5, .length = 1 } };

static enum glc_err found(void *ctx, uint32_t pattern, bool *out)
{
    (void)ctx;
    *out = pattern % 2 == 0;
    return GLC_OK;
}

static enum glc_err found_at(void *ctx, uint32_t pattern, uint64_t offset, bool *out)
{
    (void)ctx;
    *out = pattern % 2 == 0 && offset == 1;
    return GLC_OK;
}

static enum glc_err found_in(void *ctx, uint32_t pattern, uint64_t first, uint64_t last, bool *out)
{
    (void)ctx;
    *out = pattern % 2 == 0 && first <= 5 && last >= 1;
    return GLC_OK;
}

static enum glc_err count(void *ctx, uint32_t pattern, uint64_t enough, uint64_t *out)
{
    (void)ctx, (void)enough;
    *out = pattern % 2 == 0 ? 2 : 0;
    return GLC_OK;
}

static enum glc_err list(void *ctx, uint32_t pattern, bool lengths, const struct glc_occurrence **o,
                         uint64_t *n)
{
    (void)ctx, (void)lengths;
    *o = occurrences;
    *n = pattern % 2 == 0 ? 2 : 0;
    return GLC_OK;
}

static enum glc_err rule(void *ctx, uint32_t number, bool *out)
{
    (void)ctx;
    *out = number % 2 == 0;
    return GLC_OK;
}

static void run(struct glc_span code, struct glc_span data, struct glc_arena *arena)
{
    struct glc_value external[2] = {
        { .type = GLC_T_INT, .defined = true, .u.integer = 7 },
        { .type = GLC_T_STRING, .defined = true, .u.text = glc_span("xyz", 3) }
    };
    struct glc_layer layer = { .data = data,
                               .arena = arena,
                               .modules = &modules,
                               .facts = { .entry = 3, .version_info = GLC_NO_OFFSET } };
    uint64_t steps = 20000;
    struct glc_cond_env env = { .layer = &layer,
                                .external = external,
                                .externals = 2,
                                .found = found,
                                .found_at = found_at,
                                .found_in = found_in,
                                .count = count,
                                .list = list,
                                .rule = rule,
                                .re = glc_re_scratch_new(),
                                .steps = &steps };
    struct glc_cond_scratch *s = glc_cond_scratch_new();
    bool out;
    struct glc_buf text;
    glc_buf_init(&text, 1 << 20);
    if (s != NULL && env.re != NULL) {
        (void)!glc_cond_eval(s, code, &env, &out);
        steps = 20000;
        (void)!glc_cond_explain(s, code, &env, &text);
    }
    glc_buf_done(&text);
    glc_cond_scratch_free(s);
    glc_re_scratch_free(env.re);
}

static void mutate(struct glc_cursor *c, struct glc_buf *out)
{
    for (;;) {
        uint8_t at = glc_cursor_u8(c), by = glc_cursor_u8(c);
        if (!glc_cursor_ok(c) || (at == 0 && by == 0))
            return;
        out->ptr[at % out->len] ^= by;
    }
}

/* The input's own bytes as the body of the code. */
static void own_body(struct glc_cursor *c, struct glc_buf *out)
{
    size_t left = glc_cursor_ok(c) ? glc_cursor_left(c) : 0;
    const uint8_t *body = glc_cursor_take(c, left);
    out->len = 0;
    glc_buf_u8(out, GLC_COND_MAGIC);
    glc_buf_u8(out, 0);
    glc_buf_u16le(out, 4);
    glc_buf_u32le(out, (uint32_t)(GLC_COND_HEADER + left));
    glc_buf_u32le(out, 32);
    glc_buf_u32le(out, 0);
    if (body != NULL)
        glc_buf_put(out, body, left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct glc_arena arena;
    glc_arena_init(&arena, 1 << 24);
    struct glc_ruleset set;
    glc_ruleset_init(&set, &arena);
    struct glc_cursor c = glc_cursor(glc_span(data, size));
    struct random r = { .state = glc_cursor_u64le(&c) };
    struct glc_rule *one = random_rule(&r, &set);
    struct glc_cond_options opt = { .modules = &modules, .notes = random_below(&r, 4) == 0 };
    struct glc_buf out;
    glc_buf_init(&out, 1 << 22);
    if (glc_cond_compile(one, &opt, &out, NULL) == GLC_OK) {
        if (size % 2 == 0)
            mutate(&c, &out);
        else
            own_body(&c, &out);
        uint8_t *code = malloc(out.len); /* of exactly the size, for the sanitizer */
        if (code != NULL) {
            memcpy(code, out.ptr, out.len);
            size_t left = glc_cursor_ok(&c) ? glc_cursor_left(&c) : 0;
            run(glc_span(code, out.len), glc_span(data + size - left, left), &arena);
        }
        free(code);
    }
    glc_buf_done(&out);
    glc_ruleset_done(&set);
    glc_arena_done(&arena);
    return 0;
}
