#define _GNU_SOURCE
#include "cli/beside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *glc_beside_program(const char *name)
{
    char *self = malloc(65536), *out = NULL;
    ssize_t n = self == NULL ? -1 : readlink("/proc/self/exe", self, 65535);
    static const char *const at[] = {
        "", "../libexec/glacis/", "../lib/glacis/", "../share/glacis/", "../../share/glacis/", "../rules/"
    };
    if (n > 0) {
        self[n] = 0;
        char *slash = strrchr(self, '/');
        for (size_t i = 0; slash != NULL && i < sizeof at / sizeof *at && out == NULL; i++) {
            slash[1] = 0;
            if (asprintf(&out, "%s%s%s", self, at[i], name) < 0)
                out = NULL;
            else if (access(out, F_OK) != 0) {
                free(out);
                out = NULL;
            }
        }
    }
    free(self);
    return out;
}
