#include "jail/calls.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

/* What a worker does: receive descriptors, read and map them, take memory, tell the time, answer, end. */
static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(pread64),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(lseek),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(exit_group),
    SCMP_SYS(exit),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(sched_yield),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getrandom),
    SCMP_SYS(sysinfo), /* qsort() asks for the size of memory, from 1 KiB of elements on */
};

/* Libraries ask in passing and cope with a refusal: a write to standard error, a look for a time zone or a
 * configuration. They get an error and no more; nothing is opened or written. */
static const int refused[] = {
    SCMP_SYS(write),  SCMP_SYS(writev),     SCMP_SYS(openat), SCMP_SYS(open),
    SCMP_SYS(access), SCMP_SYS(newfstatat), SCMP_SYS(stat),   SCMP_SYS(readlink),
};

bool glc_jail_calls(void)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (ctx == NULL)
        return false;
    int e = 0;
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed && e == 0; i++)
        e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; i < sizeof refused / sizeof *refused && e == 0; i++)
        e = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
    /* Memory, but never code. */
    if (e == 0)
        e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (e == 0)
        e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    /* abort() ends its own process by a signal, which tells the parent more than a kill by this list would.
     */
    if (e == 0)
        e = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                             SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
    if (e == 0)
        e = seccomp_load(ctx);
    seccomp_release(ctx);
    return e == 0;
}
