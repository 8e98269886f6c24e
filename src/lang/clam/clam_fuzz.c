/* Any text as a database of every kind. */
#include "lang/clam/clam.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(void *ctx, const struct glc_diag *d)
{
    (void)ctx;
    if (d->line == 0 || d->column == 0 || d->column > d->text.len + 1 || d->message == NULL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct glc_lang_options opt = { .diag = { put, NULL } };
    struct glc_span text = glc_span(data, size);
    for (unsigned kind = GLC_CLAM_HASH; kind <= GLC_CLAM_IGNORE; kind++) {
        struct glc_arena arena;
        struct glc_ruleset set;
        struct glc_buf dump;
        glc_arena_init(&arena, 1 << 22);
        glc_ruleset_init(&set, &arena);
        glc_buf_init(&dump, 1 << 20);
        enum glc_err e = glc_clam_parse(&set, "f", "default", text, (enum glc_clam_kind)kind, false, &opt);
        if (e == GLC_OK && kind != GLC_CLAM_IGNORE && set.seen != set.taken + set.refused + set.skipped)
            abort();
        glc_ruleset_dump(&set, &dump);
        glc_buf_done(&dump);
        glc_ruleset_done(&set);
        glc_arena_done(&arena);
    }
    return 0;
}
