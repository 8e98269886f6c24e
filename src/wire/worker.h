/* The worker's side: receive files, judge them, answer. Runs inside the jail, single-threaded, until its
 * socket closes. */
#ifndef GLC_WIRE_WORKER_H
#define GLC_WIRE_WORKER_H

#include "base/err.h"

#include <stdbool.h>

struct glc_worker_hello {
    int landlock; /* what the jail said, handed on to the parent */
    bool seccomp;
    struct glc_libmagic *magic; /* loaded before the jail closed, or NULL */
    const struct glc_cuckoo *cuckoo;
};

/* Serve `sock` until it closes (0) or breaks the protocol (1): the process' exit code. */
int glc_worker_serve(int sock, const struct glc_worker_hello *hello);

/* Tell the parent why there will be no service. */
void glc_worker_fail(int sock, const char *why);

#endif
