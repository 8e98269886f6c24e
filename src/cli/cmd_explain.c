/* glacis explain: why rules matched a file or did not. The file is read by a worker, as for a scan; what it
 * says is shown with everything that could move a terminal's cursor made visible. */
#define _GNU_SOURCE
#include "cli/args.h"
#include "cli/beside.h"
#include "cli/cli.h"
#include "cli/show.h"
#include "cli/sources.h"
#include "wire/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum option { OPT_SIGNATURES, OPT_RULE, OPT_DEFINE, OPT_DIALECT, OPT_NO_JAIL, OPTIONS };
enum { LIST = 256 };

static const struct glc_opt options[OPTIONS] = {
    [OPT_SIGNATURES] = { "signatures", 's', "IMAGE|SOURCE", "what to judge by; several times" },
    [OPT_RULE] = { "rule", 'r', "NAME", "explain this rule, whether it matched or not" },
    [OPT_DEFINE] = { "define", 'd', "NAME=VALUE", "give an external variable a value" },
    [OPT_DIALECT] = { "dialect", 0, "yara|yara-x", "how YARA sources are read" },
    [OPT_NO_JAIL] = { "no-jail", 0, NULL, "do not jail the worker: for debugging only" },
};

static const struct glc_usage usage = {
    .command = "glacis explain",
    .operands = "-s IMAGE|SOURCE FILE",
    .about = "Say why rules matched a file or did not: each string with its offsets and a few bytes around, "
             "each branch\n"
             "of the condition with its value, layer by layer. Without --rule: the rules that matched, or, "
             "where there\n"
             "are no more than a few, all.\n"
             "Exit code: 0 nothing found, 1 found, 2 an error or the file is unscanned.",
    .opt = options,
    .opts = OPTIONS,
};

struct run {
    const struct glc_signatures *sig;
    const char *path;
    int code;
    bool colour;
};

static void on_text(void *to, void *tag, struct glc_span text)
{
    (void)to;
    (void)tag;
    glc_show_text(stdout, text);
}

static void on_verdict(void *to, void *tag, const struct glc_result *r)
{
    struct run *run = to;
    (void)tag;
    fputc('\n', stdout);
    glc_show_result(stdout, run->sig, glc_span_str(run->path), r, run->colour, true);
    run->code = r->verdict == GLC_FOUND   ? GLC_EXIT_FOUND
                : r->verdict == GLC_CLEAN ? GLC_EXIT_OK
                                          : GLC_EXIT_ERROR;
}

static int explain(struct run *run, const char *rule, const char *const *define, bool no_jail)
{
    struct stat st;
    int fd = open(run->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        fprintf(stderr, "glacis explain: %s: %s\n", run->path, fd < 0 ? strerror(errno) : "not a file");
        if (fd >= 0)
            close(fd);
        return GLC_EXIT_ERROR;
    }
    char *worker = glc_beside_program("glacis-worker");
    struct glc_pool_options po = {
        .program = worker != NULL ? worker : "glacis-worker",
        .workers = 1,
        .no_jail = no_jail,
        .scan = { .all = true, .strings = true },
        .image = run->sig->fd,
        .image_end = run->sig->end,
        .images = run->sig->fds,
        .segments = run->sig->n,
        .magic = glc_signatures_ask(run->sig, GLC_MODULE_MAGIC),
        .define = run->sig->files != 0 ? define : NULL,
        .verdict = on_verdict,
        .text = on_text,
        .to = run,
    };
    struct glc_pool *pool = glc_pool_new(&po);
    const char *why = NULL;
    if (pool == NULL) {
        close(fd);
        free(worker);
        return GLC_EXIT_ERROR;
    }
    run->code = GLC_EXIT_ERROR;
    glc_pool_explain(pool, fd, (uint64_t)st.st_size, glc_span_str(rule), run);
    while (glc_pool_pending(pool) != 0)
        if (glc_pool_step(pool, true, 1000, &why) != GLC_OK) {
            fprintf(stderr, "glacis explain: no worker: %s\n", why);
            break;
        }
    glc_pool_free(pool);
    free(worker);
    return run->code;
}

int glc_cmd_explain(int argc, char **argv)
{
    struct glc_args a;
    struct glc_build_options bo = { .keep_ir = true };
    static const char *signature[LIST], *define[LIST + 1];
    const char *value, *path = NULL, *rule = "";
    unsigned signatures = 0, defines = 0;
    bool no_jail = false;
    int o;
    glc_args_init(&a, &usage, argc, argv);
    while ((o = glc_args_next(&a, &value)) != GLC_ARG_END) {
        if (o == GLC_ARG_HELP)
            return GLC_EXIT_OK;
        if (o == OPT_SIGNATURES && signatures < LIST)
            signature[signatures++] = value;
        else if (o == OPT_DEFINE && defines < LIST)
            define[defines++] = value;
        else if (o == OPT_RULE)
            rule = value;
        else if (o == OPT_DIALECT && (strcmp(value, "yara") == 0 || strcmp(value, "yara-x") == 0))
            bo.dialect = strcmp(value, "yara") == 0 ? GLC_DIALECT_YARA : GLC_DIALECT_YARA_X;
        else if (o == OPT_NO_JAIL)
            no_jail = true;
        else if (o == GLC_ARG_OPERAND && path == NULL)
            path = value;
        else {
            if (o != GLC_ARG_ERROR)
                fprintf(stderr, "glacis explain: %s: not expected here\nTry 'glacis explain --help'.\n",
                        value);
            return GLC_EXIT_ERROR;
        }
    }
    if (signatures == 0 && (signature[0] = glc_signatures_starter()) != NULL)
        signatures = 1;
    if (path == NULL || signatures == 0) {
        fprintf(stderr, "glacis explain: no %s\nTry 'glacis explain --help'.\n",
                path == NULL ? "FILE" : "signatures (-s)");
        return GLC_EXIT_ERROR;
    }
    bo.define = define;
    struct glc_signatures sig;
    if (glc_signatures_open(&sig, signature, signatures, &bo, glc_sources_add) != GLC_OK)
        return GLC_EXIT_ERROR;
    if (no_jail)
        fprintf(stderr, "glacis: WARNING: --no-jail: the worker is not jailed. For debugging only.\n");
    struct run run = { .sig = &sig,
                       .path = path,
                       .colour = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL };
    int code = explain(&run, rule, define, no_jail);
    glc_signatures_done(&sig);
    return code;
}
