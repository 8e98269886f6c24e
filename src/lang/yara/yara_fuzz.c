/* The first byte chooses the dialect; the rest is a rule file. What was taken is printed too, for a tree that
 * the front end lets through must be one that others can walk. */
#include "lang/yara/yara.h"
#include "lang/yara/yara_modules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *ctx, const struct glc_diag *d)
{
    size_t *n = ctx;
    *n += strlen(d->message) + (d->hint != NULL ? strlen(d->hint) : 0) + d->text.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct glc_arena arena;
    struct glc_ruleset set;
    struct glc_buf out;
    size_t said = 0;
    static const struct glc_external external[] = { { .name = "ext", .type = GLC_T_INT },
                                                    { .name = "str", .type = GLC_T_STRING } };
    struct glc_lang_options opt = { .diag = { ignore, &said },
                                    .modules = &test_modules,
                                    .external = external,
                                    .externals = 2,
                                    .no_includes = true };
    if (size == 0)
        return 0;
    opt.dialect = (data[0] & 1) != 0 ? GLC_DIALECT_YARA_X : GLC_DIALECT_YARA;
    glc_arena_init(&arena, 64 << 20);
    glc_ruleset_init(&set, &arena);
    glc_buf_init(&out, 16 << 20);
    enum glc_err e = glc_yara_parse(&set, "fuzz.yar", NULL, glc_span(data + 1, size - 1), &opt);
    if (e == GLC_OK)
        glc_ruleset_dump(&set, &out);
    if (e == GLC_OK && set.taken != set.rules)
        __builtin_trap();
    glc_buf_done(&out);
    glc_ruleset_done(&set);
    glc_arena_done(&arena);
    return 0;
}
