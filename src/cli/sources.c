#define _GNU_SOURCE
#include "cli/sources.h"

#include "compile/compile.h"
#include "format/format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RULES_CAP_GIB = 16 };

struct told {
    const struct glc_build_options *opt;
    uint64_t errors, warnings;
    bool colour;
};

static void on_diag(void *ctx, const struct glc_diag *d)
{
    struct told *t = ctx;
    if (d->severity == GLC_WARNING)
        t->warnings++;
    else
        t->errors++;
    if (!t->opt->quiet && !(t->opt->no_warnings && d->severity == GLC_WARNING))
        glc_diag_print(stderr, d, t->colour);
}

/* "NAMESPACE:PATH", where NAMESPACE is an identifier and no file of the whole name exists. */
static const char *split_space(const char *source, char *space, size_t room, bool any)
{
    const char *colon = strchr(source, ':');
    struct stat st;
    if (colon == NULL || (colon == source && !any) || (size_t)(colon - source) >= room ||
        stat(source, &st) == 0)
        return source;
    for (const char *p = source; p < colon && !any; p++)
        if (!glc_ascii_isalnum((uint8_t)*p) && *p != '_' && *p != '.' && *p != '-')
            return source;
    memcpy(space, source, (size_t)(colon - source));
    space[colon - source] = 0;
    return colon + 1;
}

static enum glc_err take_externals(struct glc_arena *a, const char *const *define, struct glc_external **out,
                                   uint32_t *n)
{
    size_t count = 0;
    struct glc_external *list = NULL;
    for (; define != NULL && *define != NULL; define++) {
        struct glc_external *x = glc_arena_push(a, &list, &count, sizeof *x);
        if (x == NULL)
            return GLC_NOMEM;
        if (!glc_lang_external(a, *define, x)) {
            fprintf(stderr, "glacis: -d %s: expected NAME=VALUE with a name like `filename`\n", *define);
            return GLC_CORRUPT;
        }
        for (size_t i = 0; i + 1 < count; i++) {
            if (strcmp(list[i].name, x->name) == 0) {
                fprintf(stderr, "glacis: -d %s: there is a %s already\n", *define, x->name);
                return GLC_CORRUPT;
            }
        }
    }
    *out = list;
    *n = (uint32_t)count;
    return GLC_OK;
}

/* A file that has no extension of ours, told to be YARA's: diagnostics name it with ".yar". */
static enum glc_err load_as_yara(struct glc_ruleset *set, const char *path, const char *space,
                                 const struct glc_lang_options *lo)
{
    struct glc_map map;
    char *name = glc_arena_printf(set->arena, "%s.yar", path);
    if (name == NULL)
        return GLC_NOMEM;
    enum glc_err e = glc_map_path(path, &map);
    if (e != GLC_OK)
        return e;
    e = glc_lang_parse(set, name, space, map.bytes, lo);
    glc_map_done(&map);
    return e;
}

static enum glc_err load_all(struct glc_ruleset *set, const char *const *source, unsigned sources,
                             const struct glc_lang_options *lo, bool assume_yara)
{
    for (unsigned i = 0; i < sources; i++) {
        char space[256];
        const char *path = split_space(source[i], space, sizeof space, assume_yara);
        enum glc_err e = glc_lang_load(set, path, path == source[i] ? NULL : space, lo);
        if (e == GLC_UNSUPPORTED && assume_yara)
            e = load_as_yara(set, path, path == source[i] ? NULL : space, lo);
        if (e == GLC_OK)
            continue;
        if (e == GLC_IO)
            fprintf(stderr, "glacis: %s: %s\n", path, strerror(errno));
        else if (e == GLC_UNSUPPORTED)
            fprintf(stderr,
                    "glacis: %s: not a signature image, and no known extension of signatures "
                    "(.yar, .ldb, .ndb, .hdb, …)\n",
                    path);
        else
            fprintf(stderr, "glacis: %s: %s\n", path, e == GLC_NOMEM ? "out of memory" : glc_err_name(e));
        return e;
    }
    return GLC_OK;
}

enum glc_err glc_build(const char *const *source, unsigned sources, const struct glc_build_options *opt,
                       struct glc_parts *out, struct glc_build_stats *stats)
{
    struct glc_arena arena;
    struct glc_ruleset set;
    struct told told = { .opt = opt, .colour = isatty(STDERR_FILENO) && getenv("NO_COLOR") == NULL };
    struct glc_diag_sink sink = { on_diag, &told };
    struct glc_lang_options lo = { .diag = sink,
                                   .modules = glc_format_modules(),
                                   .dialect = opt->dialect,
                                   .pua = opt->pua,
                                   .limit_strings = opt->limit_strings,
                                   .max_strings = opt->max_strings,
                                   .as_yara = opt->assume_yara,
                                   .strict_escape = opt->strict_escape };
    struct glc_external *external = NULL;
    glc_arena_init(&arena, (size_t)RULES_CAP_GIB << 30);
    glc_ruleset_init(&set, &arena);
    enum glc_err e = take_externals(&arena, opt->define, &external, &lo.externals);
    lo.external = external;
    if (e == GLC_OK)
        e = load_all(&set, source, sources, &lo, opt->assume_yara);
    struct glc_compile_stats cs = { 0 };
    if (e == GLC_OK) {
        (void)glc_ruleset_apply_ignores(&set);
        struct glc_compile_options co = { .modules = glc_format_modules(),
                                          .diag = sink,
                                          .keep_ir = opt->keep_ir };
        e = glc_compile(&set, &co, out, &cs);
        if (e != GLC_OK)
            fprintf(stderr, "glacis: the rules cannot be compiled: %s\n", glc_err_name(e));
    }
    *stats = (struct glc_build_stats){
        .seen = set.seen,
        .taken = set.taken - (cs.refused < set.taken ? cs.refused : set.taken),
        .refused = set.refused + cs.refused,
        .errors = told.errors,
        .warnings = told.warnings,
        .searched = cs.searched,
        .anchored = cs.anchored,
        .unwitnessed = cs.unwitnessed,
        .hashes = cs.hashes,
        .rules = cs.rules,
    };
    if (e == GLC_OK && opt->fail_on_warnings && told.warnings != 0)
        e = GLC_CORRUPT;
    if (e == GLC_OK && opt->strict && (stats->refused != 0 || stats->errors != 0))
        e = GLC_CORRUPT;
    glc_ruleset_done(&set);
    glc_arena_done(&arena);
    return e;
}

enum glc_err glc_sources_add(struct glc_signatures *s, const char *const *source, unsigned sources,
                             const struct glc_build_options *opt)
{
    struct glc_parts image = { 0 };
    struct glc_build_stats stats = { 0 };
    enum glc_err e = glc_build(source, sources, opt, &image, &stats);
    int fd = -1;
    if (e == GLC_OK && stats.refused != 0)
        fprintf(stderr, "glacis: %llu of %llu signatures were not taken\n", (unsigned long long)stats.refused,
                (unsigned long long)stats.seen);
    if (e == GLC_OK) {
        fd = memfd_create("glacis-rules", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (fd < 0 || !glc_parts_write(&image, fd, 0) ||
            fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
            fprintf(stderr, "glacis: rules in memory: %s\n", strerror(errno));
            if (fd >= 0)
                close(fd);
            e = GLC_IO;
        }
    }
    glc_parts_done(&image);
    return e == GLC_OK ? glc_signatures_add(s, fd, "rules in memory") : e;
}
