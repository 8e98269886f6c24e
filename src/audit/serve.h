/* The jailed side of an audit: receive files, images, disks and documents as descriptors, read them, answer
 * with facts (answer.h). Single-threaded, until its socket closes. */
#ifndef GLC_AUDIT_SERVE_H
#define GLC_AUDIT_SERVE_H

#include "audit/register.h"

struct glc_serve {
    const struct glc_register *reg;
    int landlock; /* what the jail said, handed on */
    bool seccomp;
    void (*before)(const char *path); /* for tests: called before the content of each file is read; or NULL */
};

/* What libraries load or read on first use, they do now: before the jail. */
void glc_serve_prepare(void);

/* Serve `sock` until it closes (0) or breaks the protocol (1): the process' exit code. */
int glc_serve_run(int sock, const struct glc_serve *s);

/* Tell the other side why there will be no service. */
void glc_serve_fail(int sock, const char *why);

/* The whole program: arguments, register, jail, service. */
int glc_serve_main(int argc, char **argv, void (*before)(const char *path));

#endif
