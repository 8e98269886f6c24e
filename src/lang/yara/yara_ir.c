/* Reads rule files and prints what the front end makes of them: diagnostics, then the rules as IR. A tool of
 * tests and of people who work on the front end: yara_ir [-x] [-q] [-d name=value]... PATH... */
#include "base/file.h"
#include "lang/lang.h"

#include <stdlib.h>

static void print(void *ctx, const struct glc_diag *d)
{
    unsigned *count = ctx;
    count[d->severity]++;
    if (d->severity != GLC_WARNING || count[3] == 0)
        glc_diag_print(stderr, d, false);
}

int main(int argc, char **argv)
{
    static struct glc_arena arena;
    static struct glc_external external[64];
    unsigned count[4] = { 0 };
    bool quiet = false;
    struct glc_ruleset set;
    struct glc_lang_options opt = { .diag = { print, count }, .external = external };
    glc_arena_init(&arena, (size_t)4 << 30);
    glc_ruleset_init(&set, &arena);
    uint64_t start = glc_clock_ns();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-x") == 0)
            opt.dialect = GLC_DIALECT_YARA_X;
        else if (strcmp(argv[i], "-q") == 0)
            quiet = true, count[3] = 1;
        else if (strcmp(argv[i], "-d") == 0 && i + 1 < argc && opt.externals < 64)
            opt.externals += glc_lang_external(&arena, argv[++i], &external[opt.externals]);
        else if (glc_lang_load(&set, argv[i], NULL, &opt) != GLC_OK)
            perror(argv[i]);
    }
    uint64_t spent = glc_clock_ns() - start;
    if (!quiet) {
        struct glc_buf out;
        glc_buf_init(&out, (size_t)1 << 30);
        glc_ruleset_dump(&set, &out);
        fwrite(out.ptr, 1, out.len, stdout);
        glc_buf_done(&out);
    }
    fprintf(stderr,
            "%llu seen, %llu taken, %llu refused; %u errors, %u unsupported, %u warnings; %.0f ms, %zu KiB\n",
            (unsigned long long)set.seen, (unsigned long long)set.taken, (unsigned long long)set.refused,
            count[GLC_ERROR], count[GLC_NOT_TAKEN], count[GLC_WARNING], (double)spent / 1e6,
            arena.used / 1024);
    glc_ruleset_done(&set);
    glc_arena_done(&arena);
    return set.refused != 0;
}
