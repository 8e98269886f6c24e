/* The jail from outside: each attempt runs in a child that entered it, and must fail (by an error or by being
 * killed). What the worker needs must work. */
#define _GNU_SOURCE
#include "check.h"

#include "jail/calls.h"
#include "jail/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DONE = 10, REFUSED = 11, NO_JAIL = 12 };

/* Each gives true where the attempt succeeded. By bare system calls: the C library's care is not what holds.
 */
static bool try_open(void)
{
    return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY) >= 0;
}

static bool try_create(void)
{
    return syscall(SYS_openat, AT_FDCWD, "/tmp/glacis-jail-test", O_RDWR | O_CREAT, 0600) >= 0;
}

static bool try_openat2(void)
{
    uint64_t how[3] = { O_RDONLY, 0, 0 };
    return syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how, sizeof how) >= 0;
}

static bool try_socket(void)
{
    return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool try_unix_socket(void)
{
    return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static bool try_exec(void)
{
    char *argv[] = { (char *)"true", NULL };
    syscall(SYS_execve, "/bin/true", argv, NULL);
    return false; /* success is seen by the exit code 0 */
}

static bool try_fork(void)
{
    return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0;
}

static bool try_clone3(void)
{
    uint64_t args[11] = { [4] = SIGCHLD };
    return syscall(SYS_clone3, args, sizeof args) >= 0;
}

static bool try_ptrace(void)
{
    return syscall(SYS_ptrace, PTRACE_ATTACH, getppid(), 0, 0) >= 0;
}

static bool try_traceme(void)
{
    return syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0) >= 0;
}

static bool try_kill(void)
{
    return syscall(SYS_kill, 1, 0) >= 0;
}

static bool try_tgkill(void)
{
    return syscall(SYS_tgkill, 1, 1, 0) >= 0;
}

static bool try_vm_read(void)
{
    return syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0) >= 0;
}

static bool try_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED;
}

static bool try_turn_to_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool try_write(void)
{
    return syscall(SYS_write, 1, "x", 1) >= 0;
}

static bool try_unlink(void)
{
    return syscall(SYS_unlinkat, AT_FDCWD, "/tmp/glacis-jail-test", 0) >= 0;
}

static bool try_io_uring(void)
{
    uint64_t params[32] = { 0 };
    return syscall(SYS_io_uring_setup, 1, params) >= 0;
}

static bool try_unshare(void)
{
    return syscall(SYS_unshare, 0x10000000 /* user namespace */) >= 0;
}

static bool try_more_limits(void)
{
    return syscall(SYS_prlimit64, 0, 7, NULL, NULL) >= 0;
}

static bool need_memory(void)
{
    for (size_t n = 1; n <= (size_t)64 << 20; n *= 4) {
        void *p = malloc(n);
        if (p == NULL)
            return false;
        memset(p, 1, n);
        free(p);
    }
    return true;
}

static bool need_time(void)
{
    struct timespec t;
    return clock_gettime(CLOCK_MONOTONIC, &t) == 0;
}

/* Enter the jail in a child, run `f`, and say how it went. */
static int in_jail(bool (*f)(void), int keep)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGALRM, SIG_DFL);
        struct glc_jail_report report;
        struct glc_error err = { 0 };
        if (glc_jail_enter(&(struct glc_jail_options){ .keep = keep }, &report, &err) != GLC_OK) {
            fprintf(stderr, "%s: %s\n", err.msg, strerror(errno));
            _exit(NO_JAIL);
        }
        _exit(f() ? DONE : REFUSED);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void attempts_fail(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool (*attempt)(void);
        bool needs_list; /* nothing but the seccomp list stops it: not tried in sanitizer builds */
    } rows[] = {
        { "open a file", try_open, false },
        { "create a file", try_create, false },
        { "open a file by openat2", try_openat2, false },
        { "make a network socket", try_socket, true },
        { "make a unix socket", try_unix_socket, true },
        { "execute a program", try_exec, false },
        { "fork", try_fork, true },
        { "fork by clone3", try_clone3, true },
        { "trace the parent", try_ptrace, false },
        { "be traced", try_traceme, true },
        { "signal another process", try_kill, false },
        { "signal another process's thread", try_tgkill, false },
        { "read another process's memory", try_vm_read, true },
        { "make memory that can be executed", try_code, true },
        { "make memory executable", try_turn_to_code, true },
        { "write to standard output", try_write, true },
        { "remove a file", try_unlink, false },
        { "start an io_uring", try_io_uring, true },
        { "make a user namespace", try_unshare, true },
        { "ask for limits", try_more_limits, true },
    };
    int bad = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
#ifdef GLC_SANITIZED
        if (rows[i].needs_list)
            continue;
#endif
        int status = in_jail(rows[i].attempt, -1);
        bool held = WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == REFUSED);
        if (!held) {
            print_error("from inside the jail one can %s (status %x)\n", rows[i].name, status);
            bad++;
        }
    }
    assert_int_equal(bad, 0);
}

/* The same attempts outside, where they must succeed: otherwise the test above would prove nothing. */
static void attempts_work_outside(void **state)
{
    (void)state;
    assert_true(try_open());
    assert_true(try_socket());
    assert_true(try_unix_socket());
    assert_true(try_code());
    assert_true(try_turn_to_code());
    assert_true(try_more_limits());
    pid_t pid = fork();
    if (pid == 0) {
        (void)try_exec();
        _exit(1);
    }
    int status = 1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void needs_work(void **state)
{
    (void)state;
    int status = in_jail(need_memory, -1);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == DONE);
    status = in_jail(need_time, -1);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == DONE);
}

static int kept = -1;

static bool only_kept(void)
{
    for (int fd = 3; fd < 256; fd++) {
        struct stat st;
        if (fd != kept && syscall(SYS_fstat, fd, &st) == 0)
            return false;
    }
    char c = 0;
    return syscall(SYS_pread64, kept, &c, 1, 0) == 1 && c == 'k';
}

static void descriptors_are_closed(void **state)
{
    (void)state;
    int low = open("/etc/passwd", O_RDONLY);
    kept = memfd_create("kept", 0);
    int high = dup2(low, 200);
    assert_true(low >= 0 && kept >= 0 && high == 200);
    assert_int_equal(pwrite(kept, "k", 1, 0), 1);
    int status = in_jail(only_kept, kept);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == DONE);
    close(low);
    close(kept);
    close(high);
}

#ifndef GLC_SANITIZED
static long number;

static bool call_it(void)
{
    return syscall(number, -1L, -1L, -1L, -1L, -1L, -1L) >= 0;
}

static bool killed_for(long nr)
{
    number = nr;
    int status = in_jail(call_it, -1);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

/* Every number there is, with arguments that mean nothing: all but these end the process. */
static void calls_are_these(void **state)
{
    (void)state;
    static const long survives[] = {
        SYS_read,       SYS_pread64,      SYS_recvmsg,         SYS_sendmsg,      SYS_close,
        SYS_fstat,      SYS_lseek,        SYS_munmap,          SYS_mremap,       SYS_madvise,
        SYS_brk,        SYS_futex,        SYS_clock_gettime,   SYS_gettimeofday, SYS_exit,
        SYS_exit_group, SYS_rt_sigreturn, SYS_restart_syscall, SYS_sched_yield,  SYS_rt_sigprocmask,
        SYS_getpid,     SYS_gettid,       SYS_getrandom,       SYS_sysinfo,      SYS_write,
        SYS_writev,     SYS_openat,       SYS_newfstatat,
#ifdef SYS_open
        SYS_time,       SYS_open,         SYS_access,          SYS_stat,         SYS_readlink,
#endif
    };
    int bad = 0;
    for (long nr = 0; nr < 512; nr++) {
#ifdef __x86_64__
        if (nr == 335 || nr == 336)
            continue; /* the kernel's own returns from probes: it asks no list (kernel/seccomp.c), and refuses
                         them */
#endif
        bool listed = false;
        for (size_t i = 0; i < sizeof survives / sizeof *survives; i++)
            listed = listed || survives[i] == nr;
        if (killed_for(nr) == listed) {
            print_error("system call %ld %s\n", nr, listed ? "ends the process" : "can be made");
            bad++;
        }
    }
    assert_int_equal(bad, 0);
}

static bool end_itself(void)
{
    return syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1) == 0;
}

static bool confuse_process(void)
{
    return syscall(SYS_tgkill, getpid() + (1L << 32), syscall(SYS_gettid), SIGUSR1) == 0;
}

static void only_itself_is_signalled(void **state)
{
    (void)state;
    int status = in_jail(end_itself, -1);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
    status = in_jail(confuse_process, -1);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

#ifdef __x86_64__
static bool call_by_32_bits(void)
{
    int pid;
    __asm__ volatile("int $0x80" : "=a"(pid) : "0"(20 /* getpid */) : "memory");
    return pid > 0;
}

static void other_tables_are_closed(void **state)
{
    (void)state;
    assert_true(killed_for(SYS_getpid | 0x40000000)); /* x32 */
    assert_true(WIFSIGNALED(in_jail(call_by_32_bits, -1)));
}
#endif

static bool exhaust(void)
{
    for (int i = 0; i < 80; i++) { /* 5 GiB against a limit of 4 */
        char *p = malloc((size_t)64 << 20);
        if (p == NULL)
            return false;
    }
    return true;
}

static void memory_is_bounded(void **state)
{
    (void)state;
    int status = in_jail(exhaust, -1);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == REFUSED);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attempts_fail),
        cmocka_unit_test(attempts_work_outside),
        cmocka_unit_test(needs_work),
        cmocka_unit_test(descriptors_are_closed),
#ifndef GLC_SANITIZED
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(calls_are_these),
        cmocka_unit_test(only_itself_is_signalled),
#ifdef __x86_64__
        cmocka_unit_test(other_tables_are_closed),
#endif
#endif
    };
    return cmocka_run_group_tests_name("jail", tests, NULL, NULL);
}
