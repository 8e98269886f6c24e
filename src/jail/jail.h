/* The jail of whoever reads hostile bytes: after glc_jail_enter() the process can read descriptors that it
 * holds or is handed, answer on a socket, take memory up to a limit, and end. It cannot open, connect,
 * execute, fork, signal, trace or write a file.
 *
 * Layers, each enough against most of it: no new privileges and no capabilities, a Landlock ruleset without
 * any path, a seccomp list whose default is to kill, resource limits, not dumpable. Linux only. */
#ifndef GLC_JAIL_JAIL_H
#define GLC_JAIL_JAIL_H

#include "base/err.h"

#include <stdbool.h>

struct glc_jail_options {
    uint64_t memory;      /* bytes of private memory (RLIMIT_DATA); 0: 4 GiB */
    uint64_t cpu_seconds; /* 0: unlimited */
    int keep;             /* the one descriptor above 2 that stays open */
};

struct glc_jail_report {
    int landlock; /* ABI in use; 0: this kernel has none, and seccomp alone holds */
    bool seccomp; /* false only in sanitizer builds, whose runtime needs more calls than the list has */
};

/* Enter for good. Descriptors 0 to 2 become /dev/null, all others but `keep` are closed. What must be opened
 * or loaded has to be before. GLC_IO with a sentence in *err where the kernel refuses a part: do not go on
 * then. */
enum glc_err glc_jail_enter(const struct glc_jail_options *opt, struct glc_jail_report *out,
                            struct glc_error *err) GLC_CHECK;

#endif
