/* Starting a jailed process: its socket, and a page that both share. */
#ifndef GLC_WIRE_PROCESS_H
#define GLC_WIRE_PROCESS_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

enum { GLC_PAGE_BYTES = 4096 };

struct glc_process {
    pid_t pid;
    int sock;    /* our end of a SOCK_SEQPACKET pair; the child has its own as descriptor 3 and no other */
    int page_fd; /* sealed against growing and shrinking; to be sent along with the first message, then closed
                  */
    void *page;  /* the same, mapped here: GLC_PAGE_BYTES */
};

/* Start `program` without an environment, in a process group of its own. GLC_IO with errno. */
enum glc_err glc_process_start(const char *program, char *const argv[], struct glc_process *out) GLC_CHECK;

/* End it (`kill_it`: at once; else wait until it has ended by itself) and take back what it had. Gives its
 * wait status. */
int glc_process_end(struct glc_process *c, bool kill_it);

#endif
