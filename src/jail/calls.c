/* The list as a program of the kernel's (Documentation/userspace-api/seccomp_filter.rst): a search tree over
 * the numbers, so that the kernel, which runs it once for every number there is when it is loaded, is done in
 * some microseconds, and remembers those that depend on nothing else. By hand, for libseccomp spends a tenth
 * of a start on asking the kernel what it can and on a chain of comparisons. */
#define _GNU_SOURCE
#include "jail/calls.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define MACHINE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define MACHINE AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define MACHINE AUDIT_ARCH_PPC64LE
#else
#error "the jail does not know the number of this machine (linux/audit.h)"
#endif

enum answer {
    ALLOW,
    REFUSE,  /* EACCES */
    NO_CODE, /* where its third argument does not ask for memory that can be executed */
    OWN,     /* where its first argument is this process */
};

struct call {
    uint32_t number;
    enum answer answer;
};

/* What a worker does: receive descriptors, read and map them, take memory, tell the time, answer, end. A call
 * that is not here ends it. */
static const struct call listed[] = {
    { SYS_read, ALLOW },
    { SYS_pread64, ALLOW },
    { SYS_recvmsg, ALLOW },
    { SYS_sendmsg, ALLOW },
    { SYS_close, ALLOW },
    { SYS_fstat, ALLOW },
    { SYS_lseek, ALLOW },
    { SYS_munmap, ALLOW },
    { SYS_mremap, ALLOW },
    { SYS_madvise, ALLOW },
    { SYS_brk, ALLOW },
    { SYS_futex, ALLOW },
    { SYS_clock_gettime, ALLOW },
    { SYS_gettimeofday, ALLOW },
    { SYS_exit_group, ALLOW },
    { SYS_exit, ALLOW },
    { SYS_rt_sigreturn, ALLOW },
    { SYS_restart_syscall, ALLOW },
    { SYS_sched_yield, ALLOW },
    { SYS_rt_sigprocmask, ALLOW },
    { SYS_getpid, ALLOW },
    { SYS_gettid, ALLOW },
    { SYS_getrandom, ALLOW },
    { SYS_sysinfo, ALLOW }, /* qsort() asks for the size of memory, from 1 KiB of elements on */
    /* Memory, but never code. */
    { SYS_mmap, NO_CODE },
    { SYS_mprotect, NO_CODE },
    /* abort() ends its own process by a signal, which tells the parent more than an end by this list would.
     */
    { SYS_tgkill, OWN },
    /* Libraries ask in passing and cope with a refusal: a write to standard error, a look for a time zone or
     * a configuration. They get an error and no more; nothing is opened or written. */
    { SYS_write, REFUSE },
    { SYS_writev, REFUSE },
    { SYS_openat, REFUSE },
    { SYS_newfstatat, REFUSE },
/* Machines that came later have no such calls. */
#ifdef SYS_time
    { SYS_time, ALLOW },
#endif
#ifdef SYS_open
    { SYS_open, REFUSE },
    { SYS_access, REFUSE },
    { SYS_stat, REFUSE },
    { SYS_readlink, REFUSE },
#endif
};

enum {
    CALLS = sizeof listed / sizeof *listed,
    MOST = 8 * CALLS, /* instructions: a leaf has 7, and there is one comparison fewer than leaves */
};

struct program {
    struct sock_filter at[MOST];
    unsigned short n;
};

static void put(struct program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
    if (p->n < MOST)
        p->at[p->n++] = (struct sock_filter){ code, yes, no, k };
}

static void load(struct program *p, size_t offset)
{
    put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void answer(struct program *p, uint32_t with)
{
    put(p, BPF_RET | BPF_K, with, 0, 0);
}

/* A word of an argument; little-endian, as images are. */
static size_t argument(unsigned i, bool high)
{
    return offsetof(struct seccomp_data, args) + i * sizeof(uint64_t) + (high ? sizeof(uint32_t) : 0);
}

/* The number is this call's or nobody's. `no` of the comparisons leads to the last instruction. */
static void put_leaf(struct program *p, const struct call *c)
{
    switch (c->answer) {
    case ALLOW:
    case REFUSE:
        put(p, BPF_JMP | BPF_JEQ | BPF_K, c->number, 0, 1);
        answer(p, c->answer == ALLOW ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | EACCES);
        break;
    case NO_CODE:
        put(p, BPF_JMP | BPF_JEQ | BPF_K, c->number, 0, 3);
        load(p, argument(2, false));
        put(p, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0);
        answer(p, SECCOMP_RET_ALLOW);
        break;
    case OWN:
        put(p, BPF_JMP | BPF_JEQ | BPF_K, c->number, 0, 5);
        load(p, argument(0, true));
        put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3);
        load(p, argument(0, false));
        put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 0, 1);
        answer(p, SECCOMP_RET_ALLOW);
        break;
    }
    answer(p, SECCOMP_RET_KILL_PROCESS);
}

/* False: a jump is too long. */
static bool put_tree(struct program *p, const struct call *sorted, unsigned n)
{
    if (n == 1) {
        put_leaf(p, sorted);
        return true;
    }
    unsigned half = n / 2, at = p->n;
    put(p, BPF_JMP | BPF_JGE | BPF_K, sorted[half].number, 0, 0);
    if (!put_tree(p, sorted, half))
        return false;
    unsigned left = p->n - at - 1;
    if (left > UINT8_MAX)
        return false;
    p->at[at].jt = (uint8_t)left;
    return put_tree(p, sorted + half, n - half);
}

static int by_number(const void *a, const void *b)
{
    const struct call *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

bool glc_jail_calls(void)
{
    struct call sorted[CALLS];
    struct program p = { .n = 0 };
    memcpy(sorted, listed, sizeof sorted);
    qsort(sorted, CALLS, sizeof *sorted, by_number);
    load(&p, offsetof(struct seccomp_data, arch));
    put(&p, BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
    answer(&p, SECCOMP_RET_KILL_PROCESS);
    load(&p, offsetof(struct seccomp_data, nr));
    if (!put_tree(&p, sorted, CALLS) || p.n == MOST)
        return false;
    struct sock_fprog all = { .len = p.n, .filter = p.at };
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &all) == 0;
}
