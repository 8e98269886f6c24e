/* Goldens of the front end: for every X.in of a folder, the diagnostics and the IR must be X.out.
 * `yara_golden FOLDER` compares, `yara_golden --renew FOLDER` writes. The first line of an .in may hold
 * options:
 * `// -x` for YARA-X, `// -d name=value` for externals, `// -n` for no includes, `// -l N` for so many
 * strings. Includes are relative to the folder. */
#define _GNU_SOURCE
#include "base/file.h"
#include "lang/lang.h"
#include "lang/yara/yara_modules.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void print(void *ctx, const struct glc_diag *d)
{
    glc_diag_print(ctx, d, false);
}

static void options(struct glc_arena *a, struct glc_span text, struct glc_lang_options *opt,
                    struct glc_external *room)
{
    char line[256] = "";
    const uint8_t *nl = memchr(text.ptr, '\n', text.len);
    size_t n = nl != NULL ? (size_t)(nl - text.ptr) : 0;
    if (n < 3 || n >= sizeof line || memcmp(text.ptr, "// -", 4) != 0)
        return;
    memcpy(line, text.ptr + 3, n - 3);
    char *save = NULL;
    for (char *w = strtok_r(line, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
        if (strcmp(w, "-x") == 0)
            opt->dialect = GLC_DIALECT_YARA_X;
        else if (strcmp(w, "-n") == 0)
            opt->no_includes = true;
        else if (strcmp(w, "-y") == 0)
            opt->as_yara = true;
        else if (strcmp(w, "-E") == 0)
            opt->strict_escape = true;
        else if (strcmp(w, "-l") == 0 && (w = strtok_r(NULL, " ", &save)) != NULL) {
            opt->limit_strings = true;
            opt->max_strings = strtoull(w, NULL, 10);
        } else if (strcmp(w, "-d") == 0 && (w = strtok_r(NULL, " ", &save)) != NULL && opt->externals < 8)
            opt->externals += glc_lang_external(a, w, &room[opt->externals]) ? 1 : 0;
    }
}

/* What the front end says to `path`; free it. */
static char *output(const char *path, const char *name, size_t *len)
{
    char *text = NULL;
    struct glc_arena arena;
    struct glc_ruleset set;
    struct glc_map map;
    struct glc_external external[8];
    struct glc_buf ir;
    FILE *f = open_memstream(&text, len);
    if (f == NULL || glc_map_path(path, &map) != GLC_OK)
        abort();
    glc_arena_init(&arena, 64 << 20);
    glc_ruleset_init(&set, &arena);
    glc_buf_init(&ir, 16 << 20);
    struct glc_lang_options opt = { .diag = { print, f }, .modules = &test_modules, .external = external };
    options(&arena, map.bytes, &opt, external);
    enum glc_err e = glc_lang_parse(&set, name, NULL, map.bytes, &opt);
    glc_ruleset_dump(&set, &ir);
    fwrite(ir.ptr, 1, ir.len, f);
    fprintf(f, "%llu seen, %llu taken, %llu refused%s\n", (unsigned long long)set.seen,
            (unsigned long long)set.taken, (unsigned long long)set.refused, e == GLC_OK ? "" : ", failed");
    fclose(f);
    glc_buf_done(&ir);
    glc_ruleset_done(&set);
    glc_arena_done(&arena);
    glc_map_done(&map);
    return text;
}

static int one(const char *in, bool renew)
{
    char out[4096], name[256];
    size_t len, stem = strlen(in) - 3;
    (void)snprintf(out, sizeof out, "%.*s.out", (int)stem, in);
    (void)snprintf(name, sizeof name, "%.*s.yar", (int)stem, in);
    char *text = output(in, name, &len);
    int failed = 0;
    struct glc_map map = { { 0 } };
    if (renew) {
        failed = glc_write_path(out, glc_span(text, len)) != GLC_OK;
    } else if (glc_map_path(out, &map) != GLC_OK || !glc_span_eq(map.bytes, glc_span(text, len))) {
        fprintf(stderr, "%s differs; it is now:\n%s\nrenew with --renew FOLDER and look at the diff\n", out,
                text);
        failed = 1;
    }
    glc_map_done(&map);
    free(text);
    return failed;
}

int main(int argc, char **argv)
{
    bool renew = argc == 3 && strcmp(argv[1], "--renew") == 0;
    struct dirent **entry;
    int failed = 0, seen = 0;
    if (argc != 2 + renew)
        return 2;
    if (chdir(argv[argc - 1]) != 0)
        return 2;
    int n = scandir(".", &entry, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        const char *base = entry[i]->d_name;
        size_t len = strlen(base);
        if (len > 3 && strcmp(base + len - 3, ".in") == 0) {
            failed |= one(base, renew);
            seen++;
        }
        free(entry[i]);
    }
    if (n >= 0)
        free(entry);
    return failed != 0 || seen == 0;
}
