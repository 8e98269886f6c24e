/* Entering the jail, outermost wall last: descriptors, limits, capabilities, Landlock, seccomp. */
#define _GNU_SOURCE
#include "jail/jail.h"

#include "jail/calls.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Landlock by hand: Debian 12's header ends at ABI 2, the kernel may be far ahead. Names and bits from the
 * kernel's userspace-api/landlock documentation. */
struct landlock_attr {
    uint64_t handled_access_fs;
    uint64_t handled_access_net; /* ABI 4 */
    uint64_t scoped;             /* ABI 6 */
};

enum { LANDLOCK_CREATE = 444, LANDLOCK_RESTRICT = 446, LANDLOCK_ASK_VERSION = 1 };

static int landlock_abi(void)
{
    long v = syscall(LANDLOCK_CREATE, NULL, 0, LANDLOCK_ASK_VERSION);
    return v < 0 ? 0 : (int)v;
}

/* Everything that the running ABI can handle is handled, and no rule allows any of it. */
static bool landlock_nothing(int abi)
{
    static const unsigned fs_bits[] = { 0, 13, 14, 15, 15, 16 }; /* by ABI; 16 from 5 on */
    unsigned bits = fs_bits[abi < 5 ? abi : 5];
    struct landlock_attr attr = { .handled_access_fs = ((uint64_t)1 << bits) - 1 };
    size_t size = sizeof attr.handled_access_fs;
    if (abi >= 4) {
        attr.handled_access_net = 3; /* bind and connect by TCP */
        size = 2 * sizeof(uint64_t);
    }
    if (abi >= 6) {
        attr.scoped = 3; /* abstract unix sockets, signals */
        size = sizeof attr;
    }
    int fd = (int)syscall(LANDLOCK_CREATE, &attr, size, 0);
    if (fd < 0)
        return false;
    bool ok = syscall(LANDLOCK_RESTRICT, fd, 0) == 0;
    close(fd);
    return ok;
}

static bool limit(__rlimit_resource_t what, rlim_t to)
{
    struct rlimit now;
    if (getrlimit(what, &now) != 0)
        return false;
    if (now.rlim_max != RLIM_INFINITY && (to == RLIM_INFINITY || to > now.rlim_max))
        to = now.rlim_max; /* an administrator's stricter one stands */
    return setrlimit(what, &(struct rlimit){ to, to }) == 0;
}

static bool limit_all(const struct glc_jail_options *opt)
{
    bool ok = limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NPROC, 0) &&
              limit(RLIMIT_MEMLOCK, 0) && limit(RLIMIT_MSGQUEUE, 0) && limit(RLIMIT_NOFILE, 512) &&
              limit(RLIMIT_CPU, opt->cpu_seconds == 0 ? RLIM_INFINITY : (rlim_t)opt->cpu_seconds);
#ifndef GLC_SANITIZED
    /* RLIMIT_DATA is what bounds memory; files are mapped whole, so the address space gets room for the
     * largest file that a file system of today holds. */
    ok = ok && limit(RLIMIT_DATA, opt->memory == 0 ? (rlim_t)4 << 30 : (rlim_t)opt->memory) &&
         limit(RLIMIT_AS, (rlim_t)32 << 40);
#endif
    return ok;
}

static bool only_descriptor(int keep)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return false;
    for (int fd = 0; fd <= 2; fd++)
        if (fd != keep && dup2(null, fd) != fd)
            return false;
    unsigned from = 3;
    if (keep >= 3) {
        if (keep > 3 && close_range(3, (unsigned)keep - 1, 0) != 0)
            return false;
        from = (unsigned)keep + 1;
    }
    return close_range(from, ~0u, 0) == 0;
}

static bool no_capabilities(void)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[2] = { { 0 } };
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return syscall(SYS_capset, &head, none) == 0;
}

enum glc_err glc_jail_enter(const struct glc_jail_options *opt, struct glc_jail_report *out,
                            struct glc_error *err)
{
    struct glc_jail_report report = { .landlock = landlock_abi() };
    if (clearenv() != 0 || !only_descriptor(opt->keep))
        return glc_err_set(err, GLC_IO, "descriptors could not be closed", 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return glc_err_set(err, GLC_IO, "no_new_privs was refused", 0);
    if (!limit_all(opt))
        return glc_err_set(err, GLC_IO, "a resource limit was refused", 0);
    if (!no_capabilities())
        return glc_err_set(err, GLC_IO, "capabilities could not be dropped", 0);
    if (report.landlock > 0 && !landlock_nothing(report.landlock))
        return glc_err_set(err, GLC_IO, "Landlock refused its ruleset", 0);
#ifndef GLC_SANITIZED
    if (!glc_jail_calls())
        return glc_err_set(err, GLC_IO, "the seccomp list was refused", 0);
    report.seccomp = true;
#endif
    *out = report;
    return GLC_OK;
}
