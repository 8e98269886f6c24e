/* Processes whose memory is to be judged: /proc/PID, opened here and read by the worker. */
#ifndef GLC_CLI_PROCESS_H
#define GLC_CLI_PROCESS_H

#include "base/err.h"
#include "scan/scan.h"

#include <stdbool.h>
#include <sys/types.h>

struct glc_proc; /* its mappings, by name */

/* Open a process: `fd` gets what glc_pool_add_memory() wants, *size how many bytes are mapped (at most what
 * is read of a process). GLC_IO with errno (EACCES, ESRCH, …); a kernel thread has no memory and is
 * GLC_UNSUPPORTED. */
enum glc_err glc_proc_open(pid_t pid, int fd[3], uint64_t *size, struct glc_proc **out) GLC_CHECK;
void glc_proc_free(struct glc_proc *p);

/* "/proc/12 (name)" */
const char *glc_proc_label(const struct glc_proc *p);

/* The same findings, each with the mapping in which its first string stands as its layer: "[heap]
 * 0x55d0a4c1d000". Lives until the next call with this process. */
const struct glc_result *glc_proc_place(struct glc_proc *p, const struct glc_result *r);

/* Every process that can be seen but this one: a heap array, ended by 0. NULL: errno. */
pid_t *glc_proc_all(void);

#endif
