/* Options of a command: a table, from which parsing and --help follow. */
#ifndef GLC_CLI_ARGS_H
#define GLC_CLI_ARGS_H

#include <stdbool.h>
#include <stdio.h>

struct glc_opt {
    const char *name;  /* "max-filesize"; NULL: has only a letter */
    char letter;       /* 0: has only a name */
    const char *value; /* what it takes, for help ("SIZE"); NULL: a flag */
    const char *help;
};

struct glc_usage {
    const char *command;  /* "glacis scan" */
    const char *operands; /* "PATH..." */
    const char *about;    /* a few sentences */
    const struct glc_opt *opt;
    int opts;
};

struct glc_args {
    const struct glc_usage *usage;
    int argc;
    char **argv;
    int at;
    const char *letters; /* the rest of a bundle: -is */
    bool operands_only;  /* after -- */
};

enum { GLC_ARG_END = -1, GLC_ARG_OPERAND = -2, GLC_ARG_ERROR = -3, GLC_ARG_HELP = -4 };

void glc_args_init(struct glc_args *a, const struct glc_usage *usage, int argc, char **argv);

/* The next option's index in the table (with its *value), or one of the above. GLC_ARG_ERROR: already told on
 * standard error, with what to do next. GLC_ARG_HELP: --help or -h was given, and printed. */
int glc_args_next(struct glc_args *a, const char **value);

void glc_usage_print(FILE *out, const struct glc_usage *u);

#endif
