#define _GNU_SOURCE
#include "cli/signatures.h"

#include "cli/beside.h"
#include "compile/compile.h"
#include "format/format.h"
#include "image/layout.h"

#include <errno.h>
#include <fcntl.h>
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

static bool is_image(int fd)
{
    char head[8] = { 0 };
    return pread(fd, head, 8, 0) == 8 && memcmp(head, GLC_IMG_MAGIC, 8) == 0;
}

bool glc_signatures_is_image(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    bool yes = fd >= 0 && is_image(fd);
    if (fd >= 0)
        close(fd);
    return yes;
}

/* `fd` becomes the next image; it is owned from now on. */
static enum glc_err add_image(struct glc_signatures *s, int fd, const char *name)
{
    struct glc_error err = { 0 };
    uint32_t i = s->fds, n = 0;
    enum glc_err e = i < GLC_SIGNATURES_MOST ? glc_map_fd(fd, &s->map[i]) : GLC_LIMIT;
    if (e == GLC_OK) {
        e = glc_image_open_all(s->map[i].bytes, glc_format_modules(), &s->end[i], s->image + s->n, &n, &err);
        if (e != GLC_OK)
            glc_map_done(&s->map[i]);
    }
    if (e != GLC_OK) {
        fprintf(stderr, "glacis: %s: %s\n", name, err.msg != NULL ? err.msg : glc_err_name(e));
        fprintf(stderr, "Compile its sources again with `glacis compile`.\n");
        close(fd);
        return e;
    }
    s->fd[i] = fd;
    s->fds++;
    s->n += n;
    return GLC_OK;
}

static enum glc_err add_sources(struct glc_signatures *s, const char *const *source, unsigned sources,
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
    return e == GLC_OK ? add_image(s, fd, "rules in memory") : e;
}

enum glc_err glc_signatures_open(struct glc_signatures *s, const char *const *path, unsigned paths,
                                 const struct glc_build_options *opt)
{
    *s = (struct glc_signatures){ 0 };
    const char **source = calloc(paths + 1, sizeof *source);
    unsigned sources = 0;
    enum glc_err e = source == NULL ? GLC_NOMEM : GLC_OK;
    for (unsigned i = 0; i < paths && e == GLC_OK; i++) {
        int fd = open(path[i], O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd >= 0 && is_image(fd)) {
            e = add_image(s, fd, path[i]);
            s->files++;
            continue;
        }
        if (fd >= 0)
            close(fd);
        source[sources++] = path[i];
    }
    if (e == GLC_OK && sources != 0)
        e = add_sources(s, source, sources, opt);
    free(source);
    if (e != GLC_OK)
        glc_signatures_done(s);
    return e;
}

void glc_signatures_done(struct glc_signatures *s)
{
    for (uint32_t i = 0; i < s->n; i++)
        glc_image_free(s->image[i]);
    for (uint32_t i = 0; i < s->fds; i++) {
        glc_map_done(&s->map[i]);
        close(s->fd[i]);
    }
    s->n = s->fds = 0;
}

uint64_t glc_signatures_count(const struct glc_signatures *s)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        struct glc_image_stats st;
        glc_image_stats(s->image[i], &st);
        n += st.rules + st.hashes;
    }
    return n;
}

const char *glc_signatures_starter(void)
{
    return glc_beside_program("starter.image");
}

bool glc_signatures_ask(const struct glc_signatures *s, const char *module)
{
    uint32_t index = glc_modules_find(glc_format_modules(), glc_span_str(module), NULL);
    for (uint32_t i = 0; i < s->n; i++)
        if (glc_image_asks(s->image[i], index))
            return true;
    return false;
}
