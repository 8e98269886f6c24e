/* glacis yarac: yarac's arguments, for scripts that call it. What it writes is an image, for `glacis yara -C`
 * and every other command. */
#include "base/file.h"
#include "base/num.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/sources.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

enum option {
    OPT_ATOMS,
    OPT_DEFINE,
    OPT_FAIL,
    OPT_MAX_STRINGS,
    OPT_NO_WARNINGS,
    OPT_STRICT,
    OPT_VERSION,
    OPTIONS
};

static const struct glc_opt options[OPTIONS] = {
    [OPT_ATOMS] = { "atom-quality-table", 0, "FILE", "taken and not needed" },
    [OPT_DEFINE] = { "define", 'd', "VAR=VALUE", "define external variable" },
    [OPT_FAIL] = { "fail-on-warnings", 0, NULL, "fail on warnings" },
    [OPT_MAX_STRINGS] = { "max-strings-per-rule", 0, "NUMBER",
                          "refuse rules with more strings; default: no limit" },
    [OPT_NO_WARNINGS] = { "no-warnings", 'w', NULL, "disable warnings" },
    [OPT_STRICT] = { "strict-escape", 'E', NULL, "warn of unknown escape sequences" },
    [OPT_VERSION] = { "version", 'v', NULL, "show version information" },
};

static const struct glc_usage usage = {
    .command = "glacis yarac",
    .operands = "[NAMESPACE:]SOURCE_FILE... OUTPUT_FILE",
    .about = "Compile rules as yarac(1) does, into an image. Exit code: 0, or 1 on an error.",
    .opt = options,
    .opts = OPTIONS,
};

static int write_all(const char *const *source, unsigned sources, const char *out,
                     const struct glc_build_options *bo)
{
    struct glc_parts image = { 0 };
    struct glc_build_stats st = { 0 };
    struct stat is;
    for (unsigned i = 0; i < sources; i++) {
        const char *colon = strchr(source[i], ':');
        if (stat(source[i], &is) != 0 && (colon == NULL || stat(colon + 1, &is) != 0)) {
            fprintf(stderr, "error: could not open file: %s\n", colon != NULL ? colon + 1 : source[i]);
            return 1;
        }
    }
    enum glc_err e = glc_build(source, sources, bo, &image, &st);
    if (e == GLC_OK && glc_write_parts(out, &image) != GLC_OK) {
        fprintf(stderr, "error: %s: %s\n", out, strerror(errno));
        e = GLC_IO;
    }
    glc_parts_done(&image);
    return e == GLC_OK ? 0 : 1;
}

int glc_cmd_yarac(int argc, char **argv)
{
    struct glc_build_options bo = { .strict = true, .assume_yara = true, .keep_ir = true };
    struct glc_args a;
    const char **list = calloc((size_t)argc * 2 + 2, sizeof *list), *value = NULL;
    if (list == NULL)
        return 1;
    const char **operand = list, **define = list + argc + 1;
    unsigned operands = 0, defines = 0;
    int o, code = 1;
    glc_args_init(&a, &usage, argc, argv);
    while ((o = glc_args_next(&a, &value)) != GLC_ARG_END) {
        int64_t n = 0;
        if (o == GLC_ARG_HELP || o == OPT_VERSION) {
            if (o == OPT_VERSION)
                puts("4.5.0");
            code = 0;
            goto out;
        }
        if (o == GLC_ARG_ERROR)
            goto out;
        if (o == GLC_ARG_OPERAND)
            operand[operands++] = value;
        else if (o == OPT_DEFINE && strchr(value, '=') == NULL)
            fprintf(stderr, "error: wrong syntax for `-d` option.\n"); /* and goes on */
        else if (o == OPT_DEFINE && value[0] != '=') /* a variable without a name is nobody's */
            define[defines++] = value;
        else if (o == OPT_STRICT)
            bo.strict_escape = true;
        else if (o == OPT_FAIL)
            bo.fail_on_warnings = true;
        else if (o == OPT_NO_WARNINGS)
            bo.no_warnings = true;
        else if (o == OPT_MAX_STRINGS && !glc_num_i64(glc_span_str(value), &n)) {
            fprintf(stderr, "option `--max-strings-per-rule` requires an integer argument\n");
            goto out;
        } else if (o == OPT_MAX_STRINGS) {
            bo.limit_strings = true;
            bo.max_strings = n < 0 ? 0 : (uint64_t)n;
        }
    }
    bo.define = define;
    bo.fail_on_warnings = bo.fail_on_warnings && !bo.no_warnings;
    if (operands < 2)
        fprintf(stderr, "yarac: wrong number of arguments\nTry 'glacis yarac --help'.\n");
    else
        code = write_all(operand, operands - 1, operand[operands - 1], &bo);
out:
    free(list);
    return code;
}
