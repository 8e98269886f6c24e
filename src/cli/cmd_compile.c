/* glacis compile: signatures to an image, everything that is not taken named. */
#include "base/file.h"
#include "base/heap.h"
#include "cli/append.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/show.h"
#include "cli/sources.h"
#include "format/format.h"
#include "image/layout.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum option {
    OPT_OUT,
    OPT_ADD_TO,
    OPT_DEFINE,
    OPT_DIALECT,
    OPT_PUA,
    OPT_STRICT,
    OPT_NO_IR,
    OPT_QUIET,
    OPTIONS
};

enum { HEAP = 512 << 10 /* bytes of it to begin with */ };

static const struct glc_opt options[OPTIONS] = {
    [OPT_OUT] = { "output", 'o', "IMAGE", "the image to write" },
    [OPT_ADD_TO] = { "add-to", 0, "IMAGE",
                     "these signatures behind those of IMAGE; in place, where -o names it too" },
    [OPT_DEFINE] = { "define", 'd', "NAME=VALUE", "declare an external variable with its usual value" },
    [OPT_DIALECT] = { "dialect", 0, "yara|yara-x", "how YARA sources are read" },
    [OPT_PUA] = { "pua", 0, NULL,
                  "in folders, take signatures of potentially unwanted programs (.ndu .ldu .hdu .hsu) too" },
    [OPT_STRICT] = { "strict", 0, NULL, "a signature that is not taken is an error, and nothing is written" },
    [OPT_NO_IR] = { "no-ir", 0, NULL, "leave out what `glacis dump --ir` shows: a smaller image" },
    [OPT_QUIET] = { "quiet", 'q', NULL, "count what is not taken, but do not name it" },
};

static const struct glc_usage usage = {
    .command = "glacis compile",
    .operands = "SOURCE... -o IMAGE",
    .about =
        "Compile signatures into an image. A SOURCE is a file of a known extension (.yar .yara .ldb .ldu "
        ".ndb\n"
        ".ndu .hdb .hdu .hsb .hsu .fp .sfp .ign .ign2) or a folder of such files; NAMESPACE:SOURCE puts its\n"
        "rules into a namespace. What is not taken is named as FILE:LINE:COLUMN on standard error.\n"
        "Exit code: 0 written, 2 an error.",
    .opt = options,
    .opts = OPTIONS,
};

static int write_image(const char *path, const char *base, uint64_t end, const struct glc_parts *image,
                       const struct glc_build_stats *st, uint64_t began)
{
    enum glc_err e = base == NULL ? glc_write_parts(path, image) : glc_append_image(base, end, image, path);
    if (e != GLC_OK) {
        fprintf(stderr, "glacis compile: %s: %s\n", path,
                e == GLC_LIMIT ? "another process is adding to it" : strerror(errno));
        return GLC_EXIT_ERROR;
    }
    char size[16];
    glc_show_size(size, glc_parts_size(image));
    printf("%s: %llu signatures (%llu rules, %llu hashes), %s, %.2f s\n", path, (unsigned long long)st->taken,
           (unsigned long long)st->rules, (unsigned long long)st->hashes, size,
           (double)(glc_clock_ns() - began) / 1e9);
    return GLC_EXIT_OK;
}

/* Can another image stand behind those of `base`? *end: where they end. */
static enum glc_err look_at_base(const char *base, uint64_t *end)
{
    struct glc_map map;
    struct glc_image *old[GLC_IMAGE_SEGMENTS];
    struct glc_error err = { 0 };
    uint32_t n = 0;
    enum glc_err e = glc_map_path(base, &map);
    if (e != GLC_OK) {
        fprintf(stderr, "glacis compile: --add-to %s: %s\n", base, strerror(errno));
        return e;
    }
    e = glc_image_open_all(map.bytes, glc_format_modules(), end, old, &n, &err);
    for (uint32_t i = 0; i < n; i++)
        glc_image_free(old[i]);
    if (e == GLC_OK && n == GLC_IMAGE_SEGMENTS)
        e = glc_err_set(&err, GLC_LIMIT, "too many additions: compile the set again", map.bytes.len);
    if (e != GLC_OK)
        fprintf(stderr, "glacis compile: --add-to %s: %s\n", base,
                err.msg != NULL ? err.msg : glc_err_name(e));
    glc_map_done(&map);
    return e;
}

static int build(const char *const *source, unsigned sources, const char *out, const char *base,
                 const struct glc_build_options *bo)
{
    uint64_t began = glc_clock_ns(), end = 0;
    struct glc_parts image = { 0 };
    struct glc_build_stats st = { 0 };
    enum glc_err e = base == NULL ? GLC_OK : look_at_base(base, &end);
    if (e == GLC_OK)
        e = glc_build(source, sources, bo, &image, &st);
    if (st.seen != 0 || st.errors != 0)
        fprintf(stderr, "%llu signatures read, %llu taken, %llu not taken, %llu warnings\n",
                (unsigned long long)st.seen, (unsigned long long)st.taken, (unsigned long long)st.refused,
                (unsigned long long)st.warnings);
    int code = GLC_EXIT_ERROR;
    if (e == GLC_CORRUPT && bo->strict && st.refused + st.errors != 0)
        fprintf(stderr, "glacis compile: nothing written, because of --strict\n");
    else if (e == GLC_OK && st.taken == 0 && base == NULL)
        fprintf(stderr, "glacis compile: no signature was taken: nothing written\n");
    else if (e == GLC_OK)
        code = write_image(out, base, end, &image, &st, began);
    glc_parts_done(&image);
    return code;
}

int glc_cmd_compile(int argc, char **argv)
{
    struct glc_args a;
    struct glc_build_options bo = { .keep_ir = true };
    const char **list = calloc((size_t)argc * 2 + 2, sizeof *list);
    const char *value, *out = NULL, *base = NULL;
    if (list == NULL)
        return GLC_EXIT_ERROR;
    const char **source = list, **define = list + argc + 1;
    unsigned sources = 0, defines = 0;
    int o, code = GLC_EXIT_ERROR;
    glc_heap_prepare(HEAP); /* large blocks are given back when they are freed */
    glc_args_init(&a, &usage, argc, argv);
    while ((o = glc_args_next(&a, &value)) != GLC_ARG_END) {
        if (o == GLC_ARG_OPERAND)
            source[sources++] = value;
        else if (o == OPT_OUT)
            out = value;
        else if (o == OPT_ADD_TO)
            base = value;
        else if (o == OPT_DEFINE)
            define[defines++] = value;
        else if (o == OPT_DIALECT && (strcmp(value, "yara") == 0 || strcmp(value, "yara-x") == 0))
            bo.dialect = strcmp(value, "yara") == 0 ? GLC_DIALECT_YARA : GLC_DIALECT_YARA_X;
        else if (o == OPT_PUA)
            bo.pua = true;
        else if (o == OPT_STRICT)
            bo.strict = true;
        else if (o == OPT_NO_IR)
            bo.keep_ir = false;
        else if (o == OPT_QUIET)
            bo.quiet = true;
        else if (o == GLC_ARG_HELP) {
            code = GLC_EXIT_OK;
            goto done;
        } else {
            if (o == OPT_DIALECT)
                fprintf(stderr, "glacis compile: --dialect %s: expected yara or yara-x\n", value);
            goto done;
        }
    }
    bo.define = define;
    if (sources == 0 || out == NULL)
        fprintf(stderr, "glacis compile: %s\nTry 'glacis compile --help'.\n",
                sources == 0 ? "no SOURCE" : "no image to write: name it by -o");
    else
        code = build(source, sources, out, base, &bo);
done:
    free(list);
    return code;
}
