#define _GNU_SOURCE
#include "wire/msg.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODY_MOST (GLC_WIRE_LONGEST - 1)
#define ANY_STATE (GLC_WIRE_NEW | GLC_WIRE_OPENED | GLC_WIRE_AUDIT_NEW | GLC_WIRE_AUDIT)

const struct glc_wire_rule glc_wire_table[GLC_WIRE_TYPES] = {
    /*                    name       to worker  shortest  longest    fds          taken in */
    [GLC_WIRE_HELLO] = { "hello", true, 64, 64 + 8 * (GLC_WIRE_FDS - 1), 1, GLC_WIRE_FDS, GLC_WIRE_NEW },
    [GLC_WIRE_DEFINE] = { "define", true, 4, BODY_MOST, 0, 0, GLC_WIRE_OPENED },
    [GLC_WIRE_FILES] = { "files", true, 4, BODY_MOST, 1, GLC_WIRE_FDS, GLC_WIRE_OPENED },
    [GLC_WIRE_EXPLAIN] = { "explain", true, 20, BODY_MOST, 1, 1, GLC_WIRE_OPENED },
    [GLC_WIRE_MEMORY] = { "memory", true, 20, 20, 3, 3, GLC_WIRE_OPENED },
    [GLC_WIRE_READY] = { "ready", false, 12, 12, 0, 0, GLC_WIRE_NEW | GLC_WIRE_AUDIT_NEW },
    [GLC_WIRE_FAILED] = { "failed", false, 0, 1024, 0, 0, ANY_STATE },
    [GLC_WIRE_RECORDS] = { "records", false, 1, BODY_MOST, 0, 0, GLC_WIRE_OPENED },
    [GLC_WIRE_AUDIT_HELLO] = { "audit hello", true, 12, 12, 1, 1, GLC_WIRE_AUDIT_NEW },
    [GLC_WIRE_AUDIT_FILES] = { "audit files", true, 4, BODY_MOST, 1, GLC_WIRE_FDS, GLC_WIRE_AUDIT },
    [GLC_WIRE_AUDIT_WHOLE] = { "audit whole", true, 14, BODY_MOST, 0, 1, GLC_WIRE_AUDIT },
    [GLC_WIRE_AUDIT_OPENED] = { "audit opened", true, 4, 4, 0, 1, GLC_WIRE_AUDIT },
    [GLC_WIRE_AUDIT_FOUND] = { "audit found", false, 1, BODY_MOST, 0, 0, GLC_WIRE_AUDIT },
    [GLC_WIRE_AUDIT_OPEN] = { "audit open", false, 1, 4096, 0, 0, GLC_WIRE_AUDIT },
};

union control {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int) * GLC_WIRE_FDS)];
};

enum glc_err glc_wire_send(int sock, enum glc_wire_type type, struct glc_span body, const int *fd,
                           uint32_t fds, bool wait)
{
    uint8_t t = (uint8_t)type;
    struct iovec part[2] = { { &t, 1 }, { (void *)(uintptr_t)body.ptr, body.len } };
    struct msghdr m = { .msg_iov = part, .msg_iovlen = body.len == 0 ? 1 : 2 };
    union control control;
    if (body.len > BODY_MOST || fds > GLC_WIRE_FDS)
        return GLC_BUG;
    if (fds != 0) {
        memset(&control, 0, sizeof control);
        m.msg_control = &control;
        m.msg_controllen = CMSG_SPACE(sizeof(int) * fds);
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * fds);
        memcpy(CMSG_DATA(c), fd, sizeof(int) * fds);
    }
    ssize_t n;
    do
        n = sendmsg(sock, &m, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
    while (n < 0 && errno == EINTR);
    return n < 0 ? GLC_IO : GLC_OK;
}

void glc_wire_close_fds(struct glc_wire_msg *m)
{
    for (uint32_t i = 0; i < m->fds; i++)
        close(m->fd[i]);
    m->fds = 0;
}

bool glc_wire_allowed(uint8_t type, size_t body, uint32_t fds, bool is_worker, enum glc_wire_state state)
{
    if (type == 0 || type >= GLC_WIRE_TYPES)
        return false;
    const struct glc_wire_rule *r = &glc_wire_table[type];
    return r->to_worker == is_worker && body >= r->shortest && body <= r->longest && fds >= r->fds_least &&
           fds <= r->fds_most && (r->states & (unsigned)state) != 0;
}

static void take_fds(struct msghdr *m, struct glc_wire_msg *out)
{
    out->fds = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        uint32_t n = (uint32_t)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (uint32_t i = 0; i < n && out->fds < GLC_WIRE_FDS; i++)
            memcpy(&out->fd[out->fds++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
    }
}

enum glc_err glc_wire_recv(int sock, uint8_t *buf, bool is_worker, enum glc_wire_state state, bool wait,
                           struct glc_wire_msg *out)
{
    struct iovec part = { buf, GLC_WIRE_LONGEST + 1 };
    union control control;
    struct msghdr m = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    ssize_t n;
    do
        n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return GLC_IO;
    take_fds(&m, out);
    if (n == 0 && out->fds == 0) {
        errno = ENOTCONN;
        return GLC_IO;
    }
    if (n == 0 || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
        !glc_wire_allowed(buf[0], (size_t)n - 1, out->fds, is_worker, state)) {
        glc_wire_close_fds(out);
        return GLC_CORRUPT;
    }
    out->type = (enum glc_wire_type)buf[0];
    out->body = glc_span(buf + 1, (size_t)n - 1);
    return GLC_OK;
}
