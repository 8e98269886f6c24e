#define _GNU_SOURCE
#include "wire/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOCKET = 3 };

static int spawn(const char *program, char *const argv[], int sock, pid_t *pid)
{
    char *envp[] = { NULL };
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t at;
    int e = posix_spawn_file_actions_init(&fa);
    if (e != 0)
        return e;
    if ((e = posix_spawnattr_init(&at)) != 0) {
        posix_spawn_file_actions_destroy(&fa);
        return e;
    }
    /* A group of its own: Ctrl-C is for the parent, who ends its workers. */
    posix_spawnattr_setflags(&at, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&at, &all);
    posix_spawnattr_setsigmask(&at, &none);
    posix_spawn_file_actions_adddup2(&fa, sock, SOCKET);
    posix_spawn_file_actions_addclosefrom_np(&fa, SOCKET + 1);
    e = posix_spawn(pid, program, &fa, &at, argv, envp);
    posix_spawn_file_actions_destroy(&fa);
    posix_spawnattr_destroy(&at);
    return e;
}

enum glc_err glc_process_start(const char *program, char *const argv[], struct glc_process *out)
{
    struct glc_process c = { .sock = -1,
                             .page_fd = memfd_create("glacis-page", MFD_CLOEXEC | MFD_ALLOW_SEALING) };
    int pair[2] = { -1, -1 }, e = 0;
    void *map = MAP_FAILED;
    if (c.page_fd >= 0 && ftruncate(c.page_fd, GLC_PAGE_BYTES) == 0 &&
        fcntl(c.page_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        map = mmap(NULL, GLC_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, c.page_fd, 0);
    if (map != MAP_FAILED && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0) {
        /* Descriptor 3 is the worker's end: where the pair got 3 itself, dup2 would keep it close-on-exec. */
        int high = pair[1] == SOCKET ? fcntl(pair[1], F_DUPFD_CLOEXEC, SOCKET + 1) : pair[1];
        e = high < 0 ? errno : spawn(program, argv, high, &c.pid);
        if (high != pair[1] && high >= 0)
            close(high);
        close(pair[1]);
        if (e == 0) {
            c.sock = pair[0];
            c.page = map;
            *out = c;
            return GLC_OK;
        }
        close(pair[0]);
    } else {
        e = errno;
    }
    if (map != MAP_FAILED)
        munmap(map, GLC_PAGE_BYTES);
    if (c.page_fd >= 0)
        close(c.page_fd);
    errno = e;
    return GLC_IO;
}

int glc_process_end(struct glc_process *c, bool kill_it)
{
    int status = 0;
    if (kill_it)
        kill(c->pid, SIGKILL);
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        ;
    close(c->sock);
    if (c->page_fd >= 0)
        close(c->page_fd);
    munmap(c->page, GLC_PAGE_BYTES);
    *c = (struct glc_process){ .sock = -1, .page_fd = -1 };
    return status;
}
