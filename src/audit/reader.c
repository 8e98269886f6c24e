/* Invariants: jobs are answered in the order in which they were handed out, so that the only id a DONE may
 * carry is that of the first; descriptors are kept until then, so that another process can be handed the
 * same. Sending never waits while answers lie unread: neither side can block the other for good. */
#define _GNU_SOURCE
#include "audit/reader.h"

#include "base/file.h"
#include "wire/msg.h"
#include "wire/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    WINDOW = 128, /* files that are out at once */
    BATCH = 32,   /* files of a message */
    BATCH_BYTES = 20000,
    START_MS = 30000,
    STARTS = 3,        /* processes in a row that may fail to start */
    DEATHS = 64,       /* and files of one target that may end one, before the rest is given up */
    MOST_SKIPPED = 16, /* entries of an image that may do so */
    SLOWEST = 8 << 20, /* bytes a second that something large is given beyond the timeout */
    WHOLE_MOST_S = 4 * 3600,
    RECORDS_MOST = 4000000, /* of one target */
    GAPS_MOST = 200,        /* of one file: more would drown what others say */
    SCRATCH = 1 << 20,
};

struct job {
    int fd;
    uint64_t id, size;
    char *path;
    enum glc_entry_type type;
};

/* What is walked inside, one at a time. */
struct whole {
    uint64_t id;
    enum glc_whole what;
    int folder; /* or -1 */
    bool done, lost;
    bool inside; /* it was reading entry `at` when it ended */
    char reason[160];
    uint64_t at, passed;
    char where[GLC_ANSWER_WHERE + 1];
};

struct glc_reader {
    struct glc_audit *a;
    struct glc_reader_options opt;
    struct glc_process process; /* pid 0: none */
    enum glc_wire_state state;
    struct job job[WINDOW]; /* a ring */
    unsigned at, n, sent;   /* of n, those that the process has */
    uint64_t next_id;
    uint64_t moved_ns, seen; /* when it last got on, and the page's number then */
    struct whole *whole;
    unsigned deaths, failed_starts;
    uint64_t records;
    unsigned gaps; /* of the file that is due */
    bool given_up;
    char why[256]; /* it could not be started */
    uint8_t buf[GLC_WIRE_LONGEST + 1];
    struct glc_arena scratch;
};

static struct job *job_at(struct glc_reader *r, unsigned i)
{
    return &r->job[(r->at + i) % WINDOW];
}

static void drop_first(struct glc_reader *r)
{
    struct job *j = job_at(r, 0);
    close(j->fd);
    free(j->path);
    r->at = (r->at + 1) % WINDOW;
    r->n--;
    if (r->sent != 0)
        r->sent--;
}

/* Ended how, said of "the process that read it". */
static void say_status(int status, char *out, size_t room)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        snprintf(out, room, "the process that read it was ended by its jail");
    else if (WIFSIGNALED(status))
        snprintf(out, room, "the process that read it was ended by signal %d", WTERMSIG(status));
    else
        snprintf(out, room, "the process that read it ended with code %d", WEXITSTATUS(status));
}

/* The file that was due becomes a gap: all before it are answered. What else was out goes to the next
 * process. */
static void charge(struct glc_reader *r, const char *reason)
{
    if (r->sent != 0) {
        glc_audit_gap(r->a, job_at(r, 0)->path, "%s", reason);
        drop_first(r);
    }
    r->sent = 0;
    if (++r->deaths == DEATHS && !r->given_up) {
        r->given_up = true;
        glc_audit_gap(r->a, "/", "%u files ended the process that read them: what else there is was not read",
                      r->deaths);
    }
}

/* The process is gone, or has to go for `violation`. */
static void lose(struct glc_reader *r, const char *violation)
{
    const struct glc_answer_page *page = r->process.page;
    char reason[160];
    if (r->process.pid == 0)
        return;
    uint64_t passed = atomic_load_explicit(&page->at, memory_order_relaxed);
    bool inside = atomic_load_explicit(&page->inside, memory_order_relaxed) == 1;
    /* Where its end of the socket is closed it is gone or about to be, unless it is up to something. */
    int status = glc_process_end(&r->process, true);
    if (violation != NULL)
        snprintf(reason, sizeof reason, "%s", violation);
    else
        say_status(status, reason, sizeof reason);
    if (r->state != GLC_WIRE_AUDIT) {
        r->failed_starts++;
        if (r->why[0] == '\0')
            snprintf(r->why, sizeof r->why, "%s", reason);
        r->sent = 0;
    } else if (r->whole != NULL) {
        struct whole *w = r->whole;
        w->lost = true;
        w->passed = passed;
        /* One that did wrong may have gone on since. */
        w->inside = w->at != 0 && (violation != NULL || inside);
        snprintf(w->reason, sizeof w->reason, "%s", reason);
    } else {
        charge(r, reason);
    }
}

/* Below the image's folder, no links, regular files only. */
static int open_below(int folder, const char *name)
{
    struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                            .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
    struct stat st;
    int fd = (int)syscall(SYS_openat2, folder, name, &how, sizeof how);
    if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        errno = EACCES;
        fd = -1;
    }
    return fd;
}

static const char *take_open(struct glc_reader *r, struct glc_span body)
{
    char name[GLC_ANSWER_WHERE + 1];
    if (r->whole == NULL || r->whole->folder < 0)
        return "the process that read it asked for a file, where there is none to ask for";
    memcpy(name, body.ptr, body.len < sizeof name ? body.len : sizeof name - 1);
    name[body.len < sizeof name ? body.len : sizeof name - 1] = '\0';
    int fd = open_below(r->whole->folder, name);
    uint32_t e = fd < 0 ? (uint32_t)errno : 0;
    uint8_t answer[4] = { (uint8_t)e, (uint8_t)(e >> 8), 0, 0 };
    bool ok = glc_wire_send(r->process.sock, GLC_WIRE_AUDIT_OPENED, glc_span(answer, sizeof answer), &fd,
                            fd >= 0 ? 1u : 0u, false) == GLC_OK;
    if (fd >= 0)
        close(fd);
    return ok ? NULL : "the process that read it did not take what it asked for";
}

static const char *take_done(struct glc_reader *r, const struct glc_answer *x)
{
    if (r->whole != NULL) {
        if (x->id != r->whole->id)
            return "the process that read it answered for something else";
        r->whole->done = true;
    } else {
        if (r->sent == 0 || job_at(r, 0)->id != x->id)
            return "the process that read it answered for something else";
        drop_first(r);
    }
    glc_answer_take(r->a, x);
    return NULL;
}

/* Settings come of a settings export and of nothing else, and nothing else but them. */
static bool is_due(const struct glc_reader *r, enum glc_answer_kind kind)
{
    bool settings = r->whole != NULL && r->whole->what == GLC_WHOLE_SETTINGS;
    return kind == GLC_ANSWER_GAP || kind == GLC_ANSWER_DONE || settings == (kind == GLC_ANSWER_SETTING);
}

static const char *take_found(struct glc_reader *r, struct glc_span rest)
{
    while (rest.len != 0) {
        struct glc_answer x;
        glc_arena_reset(&r->scratch);
        if (glc_answer_next(&rest, r->a->reg, &r->scratch, &x) != GLC_OK)
            return "what the process that read it answers cannot be read";
        if (r->sent == 0 && r->whole == NULL)
            return "the process that read it spoke without being asked";
        if (!is_due(r, x.kind))
            return "the process that read it answered what was not asked";
        r->gaps = x.kind == GLC_ANSWER_GAP ? r->gaps + 1 : x.kind == GLC_ANSWER_DONE ? 0 : r->gaps;
        if (++r->records > RECORDS_MOST || (r->whole == NULL && r->gaps > GAPS_MOST))
            return "the process that read it does not stop talking";
        if (x.kind == GLC_ANSWER_AT && r->whole != NULL) {
            r->whole->at = x.id;
            snprintf(r->whole->where, sizeof r->whole->where, "%s", x.where);
        }
        if (x.kind != GLC_ANSWER_DONE) {
            glc_answer_take(r->a, &x);
            continue;
        }
        const char *violation = take_done(r, &x);
        if (violation != NULL)
            return violation;
    }
    return NULL;
}

/* Take everything that lies in the socket. */
static void listen_to(struct glc_reader *r)
{
    while (r->process.pid != 0) {
        struct glc_wire_msg m;
        enum glc_err e = glc_wire_recv(r->process.sock, r->buf, false, r->state, false, &m);
        const char *violation = NULL;
        if (e == GLC_IO && errno == EAGAIN)
            return;
        if (e == GLC_IO) {
            lose(r, NULL);
            return;
        }
        if (e != GLC_OK) {
            violation = "the process that read it broke the protocol";
        } else if (m.type == GLC_WIRE_READY) {
            r->state = GLC_WIRE_AUDIT;
            r->failed_starts = 0;
        } else if (m.type == GLC_WIRE_FAILED) {
            snprintf(r->why, sizeof r->why, "%.*s", (int)m.body.len, (const char *)m.body.ptr);
            violation = "the process that was to read it gave up";
            r->failed_starts = STARTS;
        } else if (m.type == GLC_WIRE_AUDIT_OPEN) {
            violation = take_open(r, m.body);
        } else {
            violation = take_found(r, m.body);
        }
        if (violation != NULL) {
            lose(r, violation);
            return;
        }
        r->moved_ns = glc_clock_ns();
    }
}

/* How long may it stay with what it has? Its page counts only where its number grows. */
static void watch(struct glc_reader *r, uint64_t size, const char *late)
{
    uint64_t now = glc_clock_ns(), limit = r->opt.timeout_s + size / SLOWEST;
    const struct glc_answer_page *page = r->process.page;
    if (r->process.pid == 0)
        return;
    uint64_t at = atomic_load_explicit(&page->at, memory_order_relaxed);
    if (at > r->seen) {
        r->seen = at;
        r->moved_ns = now;
    }
    if (now - r->moved_ns > limit * 1000000000u)
        lose(r, late);
}

/* Wait for something to happen. */
static void wait_for(struct glc_reader *r, bool room, int timeout_ms)
{
    struct pollfd p = { .fd = r->process.sock, .events = (short)(POLLIN | (room ? POLLOUT : 0)) };
    if (r->process.pid != 0 && poll(&p, 1, timeout_ms) > 0 && (p.revents & ~POLLOUT) != 0)
        listen_to(r);
}

static bool start(struct glc_reader *r)
{
    char memory[32];
    uint8_t hello[12];
    struct glc_buf b = { .ptr = hello, .room = sizeof hello, .cap = sizeof hello };
    snprintf(memory, sizeof memory, "%llu", (unsigned long long)r->opt.memory);
    char *argv[] = { (char *)"glacis-audit-worker",
                     (char *)"--register",
                     (char *)(uintptr_t)r->opt.folder,
                     (char *)"--memory",
                     memory,
                     NULL };
    while (r->failed_starts < STARTS) {
        if (glc_process_start(r->opt.program, argv, &r->process) != GLC_OK) {
            snprintf(r->why, sizeof r->why, "%s cannot be started: %s", r->opt.program, strerror(errno));
            r->failed_starts = STARTS;
            break;
        }
        r->state = GLC_WIRE_AUDIT_NEW;
        r->seen = 0;
        r->sent = r->gaps = 0;
        b.len = 0;
        glc_buf_u32le(&b, GLC_WIRE_VERSION);
        glc_buf_u64le(&b, glc_answer_register(r->a->reg));
        bool ok = glc_wire_send(r->process.sock, GLC_WIRE_AUDIT_HELLO, glc_buf_span(&b), &r->process.page_fd,
                                1, true) == GLC_OK;
        close(r->process.page_fd);
        r->process.page_fd = -1;
        uint64_t until = glc_clock_ns() + (uint64_t)START_MS * 1000000u;
        while (ok && r->process.pid != 0 && r->state == GLC_WIRE_AUDIT_NEW && glc_clock_ns() < until)
            wait_for(r, false, 1000);
        if (r->process.pid != 0 && r->state == GLC_WIRE_AUDIT)
            return true;
        lose(r, ok ? "it does not get ready" : NULL);
    }
    return false;
}

struct glc_reader *glc_reader_new(struct glc_audit *a, const struct glc_reader_options *opt, char *why,
                                  size_t room)
{
    struct glc_reader *r = calloc(1, sizeof *r);
    if (r == NULL) {
        snprintf(why, room, "not enough memory");
        return NULL;
    }
    *r = (struct glc_reader){ .a = a, .opt = *opt };
    glc_arena_init(&r->scratch, SCRATCH);
    if (!start(r)) {
        snprintf(why, room, "%s", r->why);
        glc_reader_free(r);
        return NULL;
    }
    return r;
}

void glc_reader_free(struct glc_reader *r)
{
    if (r == NULL)
        return;
    while (r->n != 0)
        drop_first(r);
    if (r->process.pid != 0)
        (void)glc_process_end(&r->process, true);
    glc_arena_done(&r->scratch);
    free(r);
}

/* Send what waits, as far as the socket takes it. */
static void hand_out(struct glc_reader *r)
{
    while (r->sent < r->n && r->process.pid != 0) {
        uint8_t body[BATCH_BYTES + 20000];
        int fd[BATCH];
        struct glc_buf b = { .ptr = body, .room = sizeof body, .cap = sizeof body };
        uint32_t n = 0;
        glc_buf_u32le(&b, 0);
        for (; n < BATCH && r->sent + n < r->n && b.len < BATCH_BYTES; n++) {
            const struct job *j = job_at(r, r->sent + n);
            size_t len = strlen(j->path);
            if (n != 0 && len > GLC_WIRE_LONGEST - 64 - b.len)
                break;
            glc_buf_u64le(&b, j->id);
            glc_buf_u64le(&b, j->size);
            glc_buf_u8(&b, j->type == GLC_ENTRY_LINK);
            glc_buf_u16le(&b, (uint16_t)len);
            glc_buf_put(&b, j->path, len);
            fd[n] = j->fd;
        }
        body[0] = (uint8_t)n;
        if (glc_wire_send(r->process.sock, GLC_WIRE_AUDIT_FILES, glc_buf_span(&b), fd, n, false) != GLC_OK)
            return; /* full, or gone: the poll will tell */
        if (r->sent == 0)
            r->moved_ns = glc_clock_ns();
        r->sent += n;
    }
}

/* Is there a process to talk to? Where none can be had, everything that waits is a gap. */
static bool have_process(struct glc_reader *r)
{
    if (!r->given_up && r->process.pid == 0 && !start(r)) {
        glc_audit_gap(r->a, "/", "nothing more could be read: %s", r->why);
        r->given_up = true;
    }
    if (!r->given_up)
        return true;
    while (r->n != 0)
        drop_first(r);
    return false;
}

static void step(struct glc_reader *r, int timeout_ms)
{
    if (!have_process(r))
        return;
    hand_out(r);
    wait_for(r, r->sent < r->n, timeout_ms);
    if (r->sent != 0) {
        char late[96];
        snprintf(late, sizeof late, "it took too long to read (more than %u s)", r->opt.timeout_s);
        uint64_t size = 0;
        for (unsigned i = 0; i < r->sent; i++)
            if (job_at(r, i)->size != UINT64_MAX && job_at(r, i)->size > size)
                size = job_at(r, i)->size;
        watch(r, size, late);
    }
}

void glc_reader_file(struct glc_reader *r, int fd, const struct glc_entry *e)
{
    char *path = strlen(e->path) < GLC_WIRE_LONGEST - 64 ? strdup(e->path) : NULL;
    if (r->given_up || path == NULL) {
        if (!r->given_up)
            glc_audit_gap(r->a, e->path, "no memory to read it");
        free(path);
        close(fd);
        return;
    }
    while (r->n == WINDOW)
        step(r, 1000);
    r->n++;
    *job_at(r, r->n - 1) =
        (struct job){ .fd = fd, .id = ++r->next_id, .size = e->size, .path = path, .type = e->type };
    if (r->n - r->sent >= BATCH)
        step(r, 0);
}

void glc_reader_flush(struct glc_reader *r)
{
    while (r->n != 0)
        step(r, 1000);
    r->deaths = 0;
    r->records = 0;
    r->given_up = false; /* the next target says so itself */
}

static bool send_whole(struct glc_reader *r, enum glc_whole what, int fd, const char *name,
                       const uint64_t *skip, uint32_t skips)
{
    struct glc_buf b;
    glc_buf_init(&b, GLC_WIRE_LONGEST - 1);
    glc_buf_u64le(&b, r->whole->id);
    glc_buf_u8(&b, (uint8_t)what);
    glc_buf_u32le(&b, skips);
    for (uint32_t i = 0; i < skips; i++)
        glc_buf_u64le(&b, skip[i]);
    glc_buf_put(&b, name, strnlen(name, GLC_ANSWER_WHERE));
    bool ok = !b.failed && glc_wire_send(r->process.sock, GLC_WIRE_AUDIT_WHOLE, glc_buf_span(&b), &fd,
                                         r->whole->folder < 0 ? 1u : 0u, true) == GLC_OK;
    glc_buf_done(&b);
    return ok;
}

static bool skipped(const uint64_t *skip, uint32_t n, uint64_t at)
{
    for (uint32_t i = 0; i < n; i++)
        if (skip[i] == at)
            return true;
    return false;
}

/* One process' try. */
static void try_whole(struct glc_reader *r, uint64_t size, enum glc_whole what, int fd, const char *name,
                      const uint64_t *skip, uint32_t skips)
{
    char late[96];
    uint64_t started = r->moved_ns = glc_clock_ns();
    snprintf(late, sizeof late, "it took too long to read (more than %u s without getting on)",
             r->opt.timeout_s);
    r->seen = 0;
    if (!send_whole(r, what, fd, name, skip, skips))
        lose(r, NULL);
    while (!r->whole->done && !r->whole->lost) {
        wait_for(r, false, 1000);
        if (r->whole->done || r->whole->lost)
            break;
        watch(r, size, late);
        if (!r->whole->lost && glc_clock_ns() - started > (uint64_t)WHOLE_MOST_S * 1000000000u)
            lose(r, "it took too long to read");
    }
}

/* An entry that ends the process is left out by the next one; facts that are stated twice count once. */
void glc_reader_whole(struct glc_reader *r, enum glc_whole what, int fd, const char *name)
{
    struct whole w = { .folder = -1 };
    uint64_t skip[MOST_SKIPPED];
    uint32_t skips = 0;
    struct stat st;
    bool folder = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
    for (;;) {
        if (!have_process(r))
            break;
        w = (struct whole){ .id = ++r->next_id, .what = what, .folder = folder ? fd : -1 };
        r->whole = &w;
        try_whole(r, folder ? 0 : (uint64_t)st.st_size, what, fd, name, skip, skips);
        r->whole = NULL;
        if (w.done)
            break;
        bool inside = w.inside && !skipped(skip, skips, w.at);
        glc_audit_gap(r->a, inside ? w.where : name, "%s", w.reason);
        if (!inside || skips == MOST_SKIPPED) {
            if (inside)
                glc_audit_gap(r->a, name,
                              "%u of its files ended the process that read them: not all was read",
                              skips + 1);
            r->a->targets[r->a->ntargets - 1].entries += w.passed;
            break;
        }
        skip[skips++] = w.at;
    }
    r->records = 0;
    r->given_up = false; /* the next target says so itself */
}
