/* glacis dump: what is in an image. */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/dump_module.h"
#include "cli/show.h"
#include "cli/sources.h"

#include <unistd.h>

enum option { OPT_IR, OPT_CHECK, OPT_MODULE, OPT_MODULES, OPT_JSON, OPTIONS };

static const struct glc_opt options[OPTIONS] = {
    [OPT_IR] = { "ir", 0, NULL, "the rules in the form that every language is compiled to" },
    [OPT_CHECK] = { "check", 0, NULL, "validate the whole image and say nothing more" },
    [OPT_MODULE] = { "module", 0, "NAME",
                     "the operand is a file: show what a YARA module (pe, elf, …) says of it, as YAML" },
    [OPT_MODULES] = { "modules", 0, NULL, "no operand: document all modules, in Markdown" },
    [OPT_JSON] = { "json", 0, NULL, "with --module: JSON" },
};

static const struct glc_usage usage = {
    .command = "glacis dump",
    .operands = "IMAGE | --module NAME FILE | --modules",
    .about = "Show an image: header, sections, tables, rules. Signature sources are compiled in memory.\n"
             "Exit code: 0, or 2 where the image is damaged.",
    .opt = options,
    .opts = OPTIONS,
};

int glc_cmd_dump(int argc, char **argv)
{
    struct glc_args a;
    const char *value, *path = NULL, *module = NULL;
    bool ir = false, check = false, modules = false, json = false;
    int o;
    glc_args_init(&a, &usage, argc, argv);
    while ((o = glc_args_next(&a, &value)) != GLC_ARG_END) {
        if (o == GLC_ARG_HELP)
            return GLC_EXIT_OK;
        if (o == OPT_IR)
            ir = true;
        else if (o == OPT_CHECK)
            check = true;
        else if (o == OPT_MODULE)
            module = value;
        else if (o == OPT_MODULES)
            modules = true;
        else if (o == OPT_JSON)
            json = true;
        else if (o == GLC_ARG_OPERAND && path == NULL)
            path = value;
        else {
            if (o == GLC_ARG_OPERAND)
                fprintf(stderr, "glacis dump: one IMAGE at a time\n");
            return GLC_EXIT_ERROR;
        }
    }
    if (modules)
        return glc_dump_modules();
    if (module != NULL && path != NULL)
        return glc_dump_module(module, path, json);
    if (path == NULL) {
        fprintf(stderr, "glacis dump: no IMAGE\nTry 'glacis dump --help'.\n");
        return GLC_EXIT_ERROR;
    }
    struct glc_signatures sig;
    struct glc_build_options bo = { .keep_ir = true };
    if (glc_signatures_open(&sig, &path, 1, &bo, glc_sources_add) != GLC_OK)
        return GLC_EXIT_ERROR;
    struct glc_error err = { 0 };
    enum glc_err e = glc_image_validate(sig.image[0], &err);
    struct glc_buf out;
    glc_buf_init(&out, (size_t)8 << 30);
    if (e != GLC_OK)
        fprintf(stderr, "glacis dump: %s: damaged: %s (at byte %llu)\n", path,
                err.msg != NULL ? err.msg : glc_err_name(e), (unsigned long long)err.off);
    struct glc_span text = e == GLC_OK && ir ? glc_image_ir(sig.image[0]) : glc_span(NULL, 0);
    if (e == GLC_OK && ir && text.len == 0) {
        fprintf(stderr, "glacis dump: %s was compiled without what --ir shows\n", path);
        e = GLC_UNSUPPORTED;
    }
    if (e == GLC_OK && !ir && !check)
        glc_image_dump(sig.image[0], &out);
    fwrite(text.ptr, 1, text.len, stdout);
    fwrite(out.ptr, 1, out.len, stdout);
    glc_buf_done(&out);
    glc_signatures_done(&sig);
    return e == GLC_OK && fflush(stdout) == 0 ? GLC_EXIT_OK : GLC_EXIT_ERROR;
}
