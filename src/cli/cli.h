/* The verbs of glacis: a table, one file each. */
#ifndef GLC_CLI_CLI_H
#define GLC_CLI_CLI_H

#include <stdbool.h>

/* Exit codes, as clamscan's. */
enum { GLC_EXIT_OK = 0, GLC_EXIT_FOUND = 1, GLC_EXIT_ERROR = 2, GLC_EXIT_INTERRUPTED = 130 };

struct glc_command {
    const char *name;
    const char *help;                  /* one line */
    int (*run)(int argc, char **argv); /* argv[0] is the verb; gives the exit code */
};

/* Ended by a NULL name. Adding a verb is one file and one line of tools_main.c. */
extern const struct glc_command glc_commands[];

int glc_cmd_scan(int argc, char **argv);
int glc_cmd_compile(int argc, char **argv);
int glc_cmd_dump(int argc, char **argv);
int glc_cmd_explain(int argc, char **argv);
int glc_cmd_audit(int argc, char **argv);
int glc_audit_command(const char *worker, int argc,
                      char **argv); /* the same, with another program that reads */
int glc_cmd_bench(int argc, char **argv);
int glc_cmd_version(int argc, char **argv);
int glc_cmd_yara(int argc, char **argv);
int glc_cmd_yarac(int argc, char **argv);
int glc_cmd_help(int argc, char **argv);

#endif
