/* glacis-tools: every verb of glacis, as a table; each has its own file. Started by glacis (main.c), in its
 * place and with its arguments. */
#include "cli/cli.h"
#include "cli/scan.h"
#include "cli/sources.h"

#include <stdio.h>
#include <string.h>

const struct glc_command glc_commands[] = {
    { "scan", "judge files and folders", glc_cmd_scan },
    { "compile", "make an image of signatures", glc_cmd_compile },
    { "explain", "say why rules match a file or not", glc_cmd_explain },
    { "dump", "show what is in an image", glc_cmd_dump },
    { "audit", "find restricted software, by rule, scope and date", glc_cmd_audit },
    { "yara", "scan and answer as yara does", glc_cmd_yara },
    { "yarac", "compile rules as yarac does", glc_cmd_yarac },
    { "bench", "show what each rule costs on a corpus", glc_cmd_bench },
    { "version", "say which version this is", glc_cmd_version },
    { "help", "show this, or a command's help", glc_cmd_help },
    { NULL, NULL, NULL },
};

int glc_cmd_scan(int argc, char **argv)
{
    return glc_scan_command(argc, argv, glc_sources_add);
}

static void print_commands(FILE *out)
{
    fprintf(out, "usage: glacis COMMAND [OPTION]... [OPERAND]...\n\n");
    for (const struct glc_command *c = glc_commands; c->name != NULL; c++)
        fprintf(out, "  %-10s %s\n", c->name, c->help);
    fprintf(out, "\n'glacis COMMAND --help' says more.\n");
}

static const struct glc_command *find(const char *name)
{
    for (const struct glc_command *c = glc_commands; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

int glc_cmd_help(int argc, char **argv)
{
    const struct glc_command *c = argc > 1 ? find(argv[1]) : NULL;
    if (c == NULL || c->run == glc_cmd_help) {
        print_commands(argc > 1 && c == NULL ? stderr : stdout);
        return argc > 1 && c == NULL ? GLC_EXIT_ERROR : GLC_EXIT_OK;
    }
    char *args[] = { argv[1], (char *)"--help", NULL };
    return c->run(2, args);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_commands(stderr);
        return GLC_EXIT_ERROR;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    else if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
        name = "version";
    const struct glc_command *c = find(name);
    if (c == NULL) {
        fprintf(stderr, "glacis: no such command: %s\n\n", name);
        print_commands(stderr);
        return GLC_EXIT_ERROR;
    }
    return c->run(argc - 1, argv + 1);
}
