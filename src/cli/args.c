#include "cli/args.h"

#include <string.h>

void glc_args_init(struct glc_args *a, const struct glc_usage *usage, int argc, char **argv)
{
    *a = (struct glc_args){ .usage = usage, .argc = argc, .argv = argv, .at = 1 };
}

static int complain(const struct glc_args *a, const char *what, const char *name, const char *more)
{
    fprintf(stderr, "%s: %s%s%s\n", a->usage->command, what, name, more);
    fprintf(stderr, "Try '%s --help'.\n", a->usage->command);
    return GLC_ARG_ERROR;
}

/* An option that begins as the unknown one does, to suggest. */
static const char *similar(const struct glc_usage *u, const char *name)
{
    for (size_t keep = strlen(name); keep >= 2; keep--)
        for (int i = 0; i < u->opts; i++)
            if (u->opt[i].name != NULL && strncmp(u->opt[i].name, name, keep) == 0)
                return u->opt[i].name;
    return NULL;
}

static int long_option(struct glc_args *a, const char *arg, const char **value)
{
    const struct glc_usage *u = a->usage;
    const char *eq = strchr(arg, '=');
    size_t len = eq == NULL ? strlen(arg) : (size_t)(eq - arg);
    if (len == 4 && strncmp(arg, "help", 4) == 0) {
        glc_usage_print(stdout, u);
        return GLC_ARG_HELP;
    }
    for (int i = 0; i < u->opts; i++) {
        if (u->opt[i].name == NULL || strlen(u->opt[i].name) != len || strncmp(u->opt[i].name, arg, len) != 0)
            continue;
        if (u->opt[i].value == NULL) {
            *value = NULL;
            return eq == NULL ? i : complain(a, "--", u->opt[i].name, " takes no value");
        }
        *value = eq != NULL ? eq + 1 : a->at < a->argc ? a->argv[a->at++] : NULL;
        return *value != NULL ? i : complain(a, "--", u->opt[i].name, " needs a value");
    }
    char name[64];
    (void)snprintf(name, sizeof name, "%.*s", (int)(len < 60 ? len : 60), arg);
    const char *near = similar(u, name);
    if (near == NULL)
        return complain(a, "no such option: --", name, "");
    char more[96];
    (void)snprintf(more, sizeof more, " (did you mean --%s?)", near);
    return complain(a, "no such option: --", name, more);
}

static int letter_option(struct glc_args *a, const char **value)
{
    const struct glc_usage *u = a->usage;
    char c = *a->letters++;
    char name[2] = { c, 0 };
    const char *rest = a->letters;
    if (*a->letters == 0)
        a->letters = NULL;
    for (int i = 0; i < u->opts; i++) {
        if (u->opt[i].letter != c)
            continue;
        *value = NULL;
        if (u->opt[i].value == NULL)
            return i;
        a->letters = NULL;
        *value = *rest != 0 ? rest : a->at < a->argc ? a->argv[a->at++] : NULL;
        return *value != NULL ? i : complain(a, "-", name, " needs a value");
    }
    if (c == 'h') {
        glc_usage_print(stdout, u);
        return GLC_ARG_HELP;
    }
    return complain(a, "no such option: -", name, "");
}

int glc_args_next(struct glc_args *a, const char **value)
{
    if (a->letters != NULL)
        return letter_option(a, value);
    if (a->at >= a->argc)
        return GLC_ARG_END;
    const char *arg = a->argv[a->at++];
    if (a->operands_only || arg[0] != '-' || arg[1] == 0) {
        *value = arg;
        return GLC_ARG_OPERAND;
    }
    if (arg[1] != '-') {
        a->letters = arg + 1;
        return letter_option(a, value);
    }
    if (arg[2] == 0) {
        a->operands_only = true;
        return glc_args_next(a, value); /* once: operands_only is set now */
    }
    return long_option(a, arg + 2, value);
}

void glc_usage_print(FILE *out, const struct glc_usage *u)
{
    fprintf(out, "usage: %s%s %s\n\n%s\n", u->command, u->opts != 0 ? " [OPTION]..." : "", u->operands,
            u->about);
    if (u->opts != 0)
        fputc('\n', out);
    for (int i = 0; i < u->opts; i++) {
        const struct glc_opt *o = &u->opt[i];
        char left[64] = "";
        (void)snprintf(left, sizeof left, "%s%c%s%s%s%s%s", o->letter != 0 ? "-" : "  ",
                       o->letter != 0 ? o->letter : ' ',
                       o->letter != 0 && o->name != NULL ? ", "
                       : o->name != NULL                 ? " "
                                                         : "",
                       o->name != NULL ? "--" : "", o->name != NULL ? o->name : "",
                       o->value != NULL ? " " : "", o->value != NULL ? o->value : "");
        if (strlen(left) > 26)
            fprintf(out, "  %s\n  %-26s %s\n", left, "", o->help);
        else
            fprintf(out, "  %-26s %s\n", left, o->help);
    }
}
