/* The audit's worker as it is after a file has taken it over: the name of a file says what it tries. It wears
 * the same jail and speaks the same protocol; tests/audit_jail_test.py looks from outside at what came of it.
 */
#include "audit/serve.h"

#include "wire/msg.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SOCKET = 3 };

static void try_open(void)
{
    if (syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY) >= 0)
        abort();
    if (syscall(SYS_openat, AT_FDCWD, "/tmp/glacis-evil", O_RDWR | O_CREAT, 0600) >= 0)
        abort();
}

static void try_connect(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(9),
                              .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    (void)!connect(fd, (struct sockaddr *)&to, sizeof to);
}

static void try_exec(void)
{
    char *argv[] = { (char *)"touch", (char *)"/tmp/glacis-evil", NULL };
    char *envp[] = { NULL };
    syscall(SYS_execve, "/usr/bin/touch", argv, envp);
}

static void try_kill(void)
{
    syscall(SYS_kill, getppid(), SIGKILL);
}

static void crash(void)
{
    raise(SIGSEGV);
}

static void loop(void)
{
    for (volatile unsigned i = 0;; i++)
        ;
}

static void eat(void)
{
    for (;;)
        if (calloc(1, 1 << 20) == NULL)
            _exit(9);
}

/* Messages that nobody of ours sends. */
static void lie(void)
{
    static const uint8_t junk[64] = { 0xff, 0xff, 1, 2, 3 };
    if (glc_wire_send(SOCKET, GLC_WIRE_AUDIT_FOUND, glc_span(junk, sizeof junk), NULL, 0, true) != GLC_OK)
        _exit(8);
}

static void ask(void)
{
    if (glc_wire_send(SOCKET, GLC_WIRE_AUDIT_OPEN, glc_span_str("../../etc/shadow"), NULL, 0, true) != GLC_OK)
        _exit(8);
}

/* Well-formed, but of another kind than was asked for. */
static void say(const uint8_t *body, size_t n)
{
    if (glc_wire_send(SOCKET, GLC_WIRE_AUDIT_FOUND, glc_span(body, n), NULL, 0, true) != GLC_OK)
        _exit(8);
}

static void say_fact(void)
{
    static const uint8_t fact[] = { 21,  0,   1,   0,    0,    0,    0,    0xff, 0xff, 4,    0,   'k',
                                    'e', 's', 'l', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    say(fact, sizeof fact);
}

static void say_setting(void)
{
    static const uint8_t setting[] = { 8, 0, 6, 0, 0, 1, 0, 'k', 0, 0 };
    say(setting, sizeof setting);
}

static void flood(void)
{
    static const uint8_t gap[] = { 7, 0, 3, 1, 0, 'x', 1, 0, 'y' };
    uint8_t body[sizeof gap * 3000];
    for (size_t i = 0; i < 3000; i++)
        memcpy(body + i * sizeof gap, gap, sizeof gap);
    for (;;)
        if (glc_wire_send(SOCKET, GLC_WIRE_AUDIT_FOUND, glc_span(body, sizeof body), NULL, 0, true) != GLC_OK)
            _exit(8);
}

/* Its socket closed, it lives on. */
static void hang_up(void)
{
    close(SOCKET);
    loop();
}

static void act(const char *path)
{
    static const struct {
        const char *name;
        void (*act)(void);
    } acts[] = { { "evil-open", try_open },
                 { "evil-connect", try_connect },
                 { "evil-exec", try_exec },
                 { "evil-kill", try_kill },
                 { "evil-crash", crash },
                 { "evil-loop", loop },
                 { "evil-eat", eat },
                 { "evil-lie", lie },
                 { "evil-ask", ask },
                 { "evil-flood", flood },
                 { "evil-hang-up", hang_up },
                 { "evil-fact", say_fact },
                 { "evil-setting", say_setting } };
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (strstr(path, acts[i].name) != NULL)
            acts[i].act();
}

int main(int argc, char **argv)
{
    return glc_serve_main(argc, argv, act);
}
