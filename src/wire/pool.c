/* The pool: a queue of files, workers with what they were handed in order, and the state machine of each.
 *
 * Invariants: a file is in exactly one place (queue, or one worker's `out`); a worker answers in the order in
 * which it was handed files, so that the only id it may answer is that of the head of its `out`; descriptors
 * are kept until the verdict, so that a file can be handed to another worker without being opened again. */
#define _GNU_SOURCE
#include "wire/pool.h"

#include "base/cursor.h"
#include "base/file.h"
#include "wire/hello.h"
#include "wire/msg.h"
#include "wire/process.h"
#include "wire/record.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    WINDOW = 512, /* files that a worker may have out: of the smallest, what takes it 4 ms */
    LEAST = 4,    /* of them, however few descriptors there are */
    OTHERS = 128, /* descriptors that are for something else than files that are out */
    BATCH = 48,   /* files of one message */
    BATCH_BYTES =
        512 << 10,   /* and about as many bytes: what the last worker has left while others have none */
    DEEP = 4,        /* times as many may be out */
    WATCH_MS = 50,   /* between two looks at who takes too long */
    RETIRE_S = 1200, /* age at which a worker is replaced when it is idle */
    GRACE_MS = 5000, /* beyond a file's deadline, before its worker is killed */
    STARTS = 3,      /* workers in a row that may fail to start */
    SLOWEST = 4,     /* MiB a second that a large file is given beyond the timeout */
    TRIES = 3,
    RECORDS_ARENA = 512 << 20,
};

struct job {
    int fd;
    uint64_t id, size;
    uint32_t deadline_ms;
    void *tag;
    struct glc_span rule;
    bool explain, memory;
    int more[2];   /* of a process: pagemap, regions */
    uint8_t tries; /* workers that ended with it for no file's sake */
};

/* A ring of jobs. */
struct ring {
    struct job *job;
    unsigned at, n, room; /* room is a power of two */
};

struct worker {
    struct glc_process process; /* pid 0: none */
    enum glc_wire_state state;
    struct ring out;
    uint64_t out_bytes;
    struct glc_buf in; /* a piece of the record stream */
    uint64_t started_ns;
    uint64_t moved_ns; /* when it last began a file or answered */
    uint64_t seen;     /* the `current` that was seen then */
};

struct glc_pool {
    struct glc_pool_options opt;
    struct worker *worker;
    struct pollfd *poll;
    struct ring queue; /* not handed out yet */
    uint64_t next_id;
    unsigned pending;
    unsigned window;
    uint64_t watched_ns;
    unsigned failed_starts;
    bool told_ready;
    char why[1100];
    uint8_t *buf;
    struct glc_arena arena;
};

static struct job *ring_at(const struct ring *r, unsigned i)
{
    return &r->job[(r->at + i) & (r->room - 1)];
}

static bool ring_init(struct ring *r, unsigned room)
{
    r->room = 1;
    while (r->room < room)
        r->room *= 2;
    r->job = malloc(r->room * sizeof *r->job); /* not touched before there are as many files */
    return r->job != NULL;
}

static void ring_push(struct ring *r, const struct job *j)
{
    *ring_at(r, r->n++) = *j;
}

static void ring_push_front(struct ring *r, const struct job *j)
{
    r->at = (r->at - 1) & (r->room - 1);
    r->n++;
    *ring_at(r, 0) = *j;
}

static struct job ring_pop(struct ring *r)
{
    struct job j = *ring_at(r, 0);
    r->at = (r->at + 1) & (r->room - 1);
    r->n--;
    return j;
}

static void close_job(const struct job *j)
{
    close(j->fd);
    for (int i = 0; i < 2 && j->memory; i++)
        close(j->more[i]);
}

static void close_front(struct ring *r)
{
    struct job j = ring_pop(r);
    close_job(&j);
}

/* Each file that is out is an open descriptor. */
static unsigned window_of(unsigned workers)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur == RLIM_INFINITY)
        return WINDOW;
    rlim_t each = l.rlim_cur < OTHERS + 2 * BATCH ? 0 : (l.rlim_cur - OTHERS - 2 * BATCH) / workers;
    return each < LEAST ? LEAST : each > WINDOW ? WINDOW : (unsigned)each;
}

struct glc_pool *glc_pool_new(const struct glc_pool_options *opt)
{
    struct glc_pool *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->opt = *opt;
    if (p->opt.workers == 0)
        p->opt.workers = 1;
    p->window = window_of(p->opt.workers);
    glc_arena_init(&p->arena, RECORDS_ARENA);
    p->worker = calloc(p->opt.workers, sizeof *p->worker);
    p->poll = calloc(p->opt.workers, sizeof *p->poll);
    p->buf = malloc(GLC_WIRE_LONGEST + 1);
    /* Room for everything that is out, should all workers die at once. */
    bool ok = p->worker != NULL && p->poll != NULL && p->buf != NULL &&
              ring_init(&p->queue, p->opt.workers * WINDOW + 2 * BATCH);
    for (unsigned i = 0; ok && i < p->opt.workers; i++) {
        ok = ring_init(&p->worker[i].out, WINDOW);
        glc_buf_init(&p->worker[i].in, GLC_RECORD_LONGEST + GLC_RECORD_HEAD + GLC_WIRE_LONGEST);
    }
    if (!ok) {
        glc_pool_free(p);
        return NULL;
    }
    return p;
}

/* Forget the process; what it had stays in `out`. Gives its wait status. */
static int bury(struct worker *w, bool kill_it)
{
    w->in.len = 0;
    return glc_process_end(&w->process, kill_it);
}

/* The file that the worker says it is reading. */
static uint64_t current_of(const struct worker *w)
{
    const struct glc_wire_page *page = w->process.page;
    return atomic_load_explicit(&page->current, memory_order_relaxed);
}

void glc_pool_free(struct glc_pool *p)
{
    if (p == NULL)
        return;
    /* All die side by side; what each had mapped takes the kernel a while. */
    for (unsigned i = 0; p->worker != NULL && i < p->opt.workers; i++)
        if (p->worker[i].process.pid != 0)
            kill(p->worker[i].process.pid, SIGKILL);
    for (unsigned i = 0; p->worker != NULL && i < p->opt.workers; i++) {
        struct worker *w = &p->worker[i];
        if (w->process.pid != 0)
            (void)bury(w, false);
        while (w->out.n != 0)
            close_front(&w->out);
        free(w->out.job);
        glc_buf_done(&w->in);
    }
    while (p->queue.n != 0)
        close_front(&p->queue);
    free(p->queue.job);
    free(p->worker);
    free(p->poll);
    free(p->buf);
    glc_arena_done(&p->arena);
    free(p);
}

bool glc_pool_room(const struct glc_pool *p)
{
    return p->queue.n < 2 * BATCH;
}

unsigned glc_pool_pending(const struct glc_pool *p)
{
    return p->pending;
}

static void add(struct glc_pool *p, struct job *j)
{
    j->id = ++p->next_id;
    uint64_t ms = p->opt.timeout_s == 0 ? 0 : p->opt.timeout_s * 1000 + (j->size >> 20) * 1000 / SLOWEST;
    j->deadline_ms = ms > INT32_MAX ? INT32_MAX : (uint32_t)ms;
    ring_push(&p->queue, j);
    p->pending++;
}

void glc_pool_add(struct glc_pool *p, int fd, uint64_t size, void *tag)
{
    add(p, &(struct job){ .fd = fd, .size = size, .tag = tag });
}

void glc_pool_explain(struct glc_pool *p, int fd, uint64_t size, struct glc_span rule, void *tag)
{
    add(p, &(struct job){ .fd = fd, .size = size, .tag = tag, .explain = true, .rule = rule });
}

void glc_pool_add_memory(struct glc_pool *p, const int fd[3], uint64_t size, void *tag)
{
    add(p, &(struct job){ .fd = fd[0], .more = { fd[1], fd[2] }, .size = size, .tag = tag, .memory = true });
}

static void settle(struct glc_pool *p, const struct job *j, const struct glc_result *r)
{
    close_job(j);
    p->pending--;
    p->opt.verdict(p->opt.to, j->tag, r);
}

/* What a worker's end costs: the file that it was reading. The rest goes back to the front of the queue.
 * Where it claims to read none that it has (killed between two files, or lying), nothing is charged at first;
 * a file that has seen that a few times is. Either way each end settles a file or brings one nearer to it, so
 * that this ends. */
static void charge(struct glc_pool *p, struct worker *w, uint64_t current, const char *reason)
{
    bool known = false;
    for (unsigned i = 0; i < w->out.n; i++)
        known = known || ring_at(&w->out, i)->id == current;
    while (w->out.n != 0) {
        w->out.n--;
        struct job j = *ring_at(&w->out, w->out.n);
        if (!known)
            j.tries++;
        if ((known && j.id == current) || j.tries == TRIES)
            settle(p, &j, &(struct glc_result){ .verdict = GLC_UNSCANNED, .reason = reason, .size = j.size });
        else
            ring_push_front(&p->queue, &j);
    }
    w->out_bytes = 0;
}

static void say_status(char *out, size_t room, int status, const char *violation)
{
    if (violation != NULL)
        (void)snprintf(out, room, "worker: %s", violation);
    else if (WIFSIGNALED(status))
        (void)snprintf(out, room, "worker: killed by signal %d", WTERMSIG(status));
    else
        (void)snprintf(out, room, "worker: ended with code %d", WEXITSTATUS(status));
}

/* The worker is gone or has to go. `violation` NULL: it ended by itself. */
static void lose(struct glc_pool *p, struct worker *w, const char *violation)
{
    uint64_t current = current_of(w);
    bool was_open = w->state == GLC_WIRE_OPENED;
    int status = bury(w, violation != NULL);
    char reason[96];
    say_status(reason, sizeof reason, status, violation);
    if (was_open) {
        charge(p, w, current, reason);
        return;
    }
    /* It never read a byte: nothing is charged, and the queue gets everything back. */
    while (w->out.n != 0) {
        w->out.n--;
        ring_push_front(&p->queue, ring_at(&w->out, w->out.n));
    }
    w->out_bytes = 0;
    p->failed_starts++;
    if (p->why[0] == 0)
        (void)snprintf(p->why, sizeof p->why, "%s", reason);
}

static bool say_hello(struct glc_pool *p, struct worker *w, int page)
{
    uint8_t body[GLC_HELLO_BYTES + 8 * (GLC_WIRE_FDS - 1)];
    int fd[GLC_WIRE_FDS] = { page };
    uint32_t n = p->opt.images < GLC_WIRE_FDS - 1 ? p->opt.images : GLC_WIRE_FDS - 1;
    memcpy(fd + 1, p->opt.image, n * sizeof *fd);
    struct glc_buf hello = { .ptr = body, .len = GLC_HELLO_BYTES, .room = sizeof body, .cap = sizeof body };
    glc_hello_encode(&p->opt.scan, body);
    for (uint32_t i = 0; i < n; i++)
        glc_buf_u64le(&hello, p->opt.image_end[i]);
    if (glc_wire_send(w->process.sock, GLC_WIRE_HELLO, glc_buf_span(&hello), fd, n + 1, true) != GLC_OK)
        return false;
    for (const char *const *d = p->opt.define; d != NULL && *d != NULL; d++) {
        const char *eq = strchr(*d, '=');
        struct glc_buf b;
        glc_buf_init(&b, GLC_WIRE_LONGEST - 1);
        glc_buf_u32le(&b, eq == NULL ? 0 : (uint32_t)(eq - *d));
        glc_buf_put(&b, *d, eq == NULL ? 0 : (size_t)(eq - *d));
        glc_buf_puts(&b, eq == NULL ? "" : eq + 1);
        bool sent = !b.failed && glc_wire_send(w->process.sock, GLC_WIRE_DEFINE, glc_buf_span(&b), NULL, 0,
                                               true) == GLC_OK;
        glc_buf_done(&b);
        if (!sent)
            return false;
    }
    return true;
}

static bool start(struct glc_pool *p, struct worker *w)
{
    char memory[32];
    (void)snprintf(memory, sizeof memory, "%llu", (unsigned long long)p->opt.memory);
    char *argv[8] = { (char *)"glacis-worker", (char *)"--memory", memory };
    int args = 3;
    if (p->opt.magic)
        argv[args++] = (char *)"--magic";
    if (p->opt.cuckoo != NULL) {
        argv[args++] = (char *)"--cuckoo";
        argv[args++] = (char *)(uintptr_t)p->opt.cuckoo;
    }
    if (p->opt.no_jail)
        argv[args] = (char *)"--no-jail";
    if (glc_process_start(p->opt.program, argv, &w->process) != GLC_OK) {
        (void)snprintf(p->why, sizeof p->why, "%s cannot be started: %s", p->opt.program, strerror(errno));
        p->failed_starts = STARTS;
        return false;
    }
    w->state = GLC_WIRE_NEW;
    w->started_ns = w->moved_ns = glc_clock_ns();
    w->seen = 0;
    bool ok = say_hello(p, w, w->process.page_fd);
    close(w->process.page_fd);
    w->process.page_fd = -1;
    if (!ok)
        lose(p, w, NULL);
    return ok;
}

/* Send the worker the next batch. False: it can take none now. */
static bool hand_out(struct glc_pool *p, struct worker *w)
{
    uint8_t body[4 + BATCH * 20];
    int fd[BATCH];
    struct glc_buf b = { .ptr = body, .room = sizeof body, .cap = sizeof body };
    uint32_t n = 0;
    uint64_t bytes = 0;
    glc_buf_u32le(&b, 0);
    for (; n < BATCH && n < p->queue.n && w->out.n + n < p->window && (n == 0 || bytes < BATCH_BYTES); n++) {
        const struct job *j = ring_at(&p->queue, n);
        if (j->explain || j->memory)
            break;
        glc_buf_u64le(&b, j->id);
        glc_buf_u64le(&b, j->size);
        glc_buf_u32le(&b, j->deadline_ms);
        fd[n] = j->fd;
        bytes += j->size;
    }
    if (w->out.n == 0)
        w->moved_ns = glc_clock_ns();
    enum glc_err e;
    if (n == 0) { /* the head is no plain file */
        struct glc_buf x;
        const struct job *j = ring_at(&p->queue, 0);
        glc_buf_init(&x, GLC_WIRE_LONGEST - 1);
        glc_buf_u64le(&x, j->id);
        glc_buf_u64le(&x, j->size);
        glc_buf_u32le(&x, j->deadline_ms);
        glc_buf_put(&x, j->rule.ptr, j->rule.len);
        int all[3] = { j->fd, j->more[0], j->more[1] };
        e = glc_wire_send(w->process.sock, j->memory ? GLC_WIRE_MEMORY : GLC_WIRE_EXPLAIN, glc_buf_span(&x),
                          all, j->memory ? 3 : 1, false);
        glc_buf_done(&x);
        n = 1;
    } else {
        body[0] = (uint8_t)n;
        e = glc_wire_send(w->process.sock, GLC_WIRE_FILES, glc_buf_span(&b), fd, n, false);
    }
    if (e != GLC_OK)
        return false; /* full, or gone: the poll will tell */
    while (n-- != 0) {
        struct job j = ring_pop(&p->queue);
        w->out_bytes += j.size;
        ring_push(&w->out, &j);
    }
    return true;
}

/* May this worker take more? Large files count by their bytes. Where workers keep all processors busy, our
 * own turn comes after some milliseconds only (the scheduler's slice is 3): four batches last that long, two
 * did not. */
static bool hungry(const struct glc_pool *p, const struct worker *w)
{
    return w->out.n == 0 || (w->out.n + BATCH <= p->window && w->out_bytes < DEEP * (uint64_t)BATCH_BYTES);
}

static void dispatch(struct glc_pool *p, bool drain)
{
    while (p->queue.n != 0 && p->failed_starts < STARTS) {
        struct worker *best = NULL, *vacant = NULL;
        for (unsigned i = 0; i < p->opt.workers; i++) {
            struct worker *w = &p->worker[i];
            if (w->process.pid == 0)
                vacant = vacant == NULL ? w : vacant;
            else if (hungry(p, w) && (best == NULL || w->out.n < best->out.n))
                best = w;
        }
        bool idle = best != NULL && best->out.n == 0;
        if (!drain && !idle && p->queue.n < BATCH && (best != NULL || vacant != NULL))
            return; /* wait for a whole batch */
        if (!idle && vacant != NULL) {
            if (!start(p, vacant))
                continue;
            best = vacant;
        }
        if (best == NULL || !hand_out(p, best))
            return;
    }
}

static const char *take_record(struct glc_pool *p, struct worker *w, const struct glc_record *r)
{
    if (w->out.n == 0 || ring_at(&w->out, 0)->id != r->id)
        return "it answered for a file that it was not asked about";
    if (r->kind == GLC_RECORD_TEXT) {
        if (p->opt.text != NULL)
            p->opt.text(p->opt.to, ring_at(&w->out, 0)->tag, r->body);
        return NULL;
    }
    if (r->kind == GLC_RECORD_COSTS)
        return p->opt.costs != NULL &&
                       glc_record_get_costs(r->body, p->opt.segments, p->opt.costs, p->opt.to) == GLC_OK
                   ? NULL
                   : "its costs cannot be read";
    struct glc_result result;
    bool cut = false;
    glc_arena_reset(&p->arena);
    if (glc_record_get_verdict(r->body, p->opt.segments, &p->arena, &result, &cut) != GLC_OK)
        return "its verdict cannot be read";
    struct job j = ring_pop(&w->out);
    w->out_bytes -= j.size;
    settle(p, &j, &result);
    return NULL;
}

/* A piece of the record stream: whole records are taken from where they lie, a part is kept. */
static const char *take_records(struct glc_pool *p, struct worker *w, struct glc_span piece)
{
    struct glc_span stream = piece;
    if (w->in.len != 0) {
        if (!glc_buf_put(&w->in, piece.ptr, piece.len))
            return "it talks too much";
        stream = glc_buf_span(&w->in);
    }
    size_t done = 0;
    for (;;) {
        struct glc_record r;
        size_t used = 0;
        enum glc_err e = glc_record_next(glc_span_sub(stream, done, stream.len), &r, &used);
        if (e == GLC_LIMIT)
            break;
        const char *violation = e != GLC_OK ? "its answer cannot be read" : take_record(p, w, &r);
        if (violation != NULL)
            return violation;
        done += used;
    }
    struct glc_span rest = glc_span_sub(stream, done, stream.len);
    if (w->in.len != 0) {
        memmove(w->in.ptr, w->in.ptr + done, rest.len);
        w->in.len = rest.len;
    } else if (rest.len != 0 && !glc_buf_put(&w->in, rest.ptr, rest.len)) {
        return "it talks too much";
    }
    if (w->in.len == 0 && w->in.room > 1 << 20)
        glc_buf_done(&w->in);
    return NULL;
}

static void take_ready(struct glc_pool *p, struct worker *w, struct glc_span body)
{
    struct glc_cursor c = glc_cursor(body);
    (void)glc_cursor_u32le(&c);
    int landlock = (int)glc_cursor_u32le(&c);
    bool seccomp = glc_cursor_u32le(&c) != 0;
    w->state = GLC_WIRE_OPENED;
    w->moved_ns = glc_clock_ns();
    p->failed_starts = 0;
    if (!p->told_ready && p->opt.ready != NULL)
        p->opt.ready(p->opt.to, landlock, seccomp);
    p->told_ready = true;
}

/* Take everything that lies in the worker's socket. */
static void listen_to(struct glc_pool *p, struct worker *w)
{
    while (w->process.pid != 0) {
        struct glc_wire_msg m;
        enum glc_err e = glc_wire_recv(w->process.sock, p->buf, false, w->state, false, &m);
        if (e == GLC_IO && errno == EAGAIN)
            return;
        if (e == GLC_IO) {
            lose(p, w, NULL);
            return;
        }
        const char *violation = NULL;
        if (e != GLC_OK) {
            violation = "it broke the protocol";
        } else if (m.type == GLC_WIRE_READY) {
            take_ready(p, w, m.body);
        } else if (m.type == GLC_WIRE_FAILED) {
            (void)snprintf(p->why, sizeof p->why, "%.*s", (int)m.body.len, (const char *)m.body.ptr);
            p->failed_starts = STARTS;
            (void)bury(w, true);
            while (w->out.n != 0) {
                w->out.n--;
                ring_push_front(&p->queue, ring_at(&w->out, w->out.n));
            }
            w->out_bytes = 0;
            return;
        } else {
            violation = take_records(p, w, m.body);
            w->moved_ns = glc_clock_ns();
        }
        if (violation != NULL) {
            lose(p, w, violation);
            return;
        }
    }
}

/* A worker that stays with one file for longer than the file may take is ended. What it says it reads is
 * believed only as far as all that it has out may take together. */
static void watch(struct glc_pool *p, struct worker *w, uint64_t now)
{
    if (w->process.pid == 0 || w->out.n == 0 || ring_at(&w->out, 0)->deadline_ms == 0)
        return;
    uint64_t current = current_of(w);
    uint64_t most = GRACE_MS, total = GRACE_MS;
    bool known = false;
    for (unsigned i = 0; i < w->out.n; i++) {
        const struct job *j = ring_at(&w->out, i);
        total += j->deadline_ms;
        if (j->id == current) {
            most += j->deadline_ms;
            known = true;
        }
    }
    if (current != w->seen && known && now - w->moved_ns < total * 1000000u) {
        w->seen = current;
        w->moved_ns = now;
    }
    if (!known)
        most = total;
    if (now - w->moved_ns > most * 1000000u)
        lose(p, w, "killed: it took too long");
}

static void retire(struct worker *w, uint64_t now)
{
    if (w->process.pid != 0 && w->out.n == 0 && now - w->started_ns > (uint64_t)RETIRE_S * 1000000000u)
        (void)bury(w, true);
}

enum glc_err glc_pool_step(struct glc_pool *p, bool drain, int timeout_ms, const char **why)
{
    dispatch(p, drain);
    if (!drain && glc_pool_room(p))
        timeout_ms = 0; /* the caller has more to do than to wait */
    unsigned n = p->opt.workers;
    bool any = false;
    for (unsigned i = 0; i < n; i++) {
        const struct worker *w = &p->worker[i];
        p->poll[i] = (struct pollfd){ .fd = w->process.pid != 0 ? w->process.sock : -1, .events = POLLIN };
        any = any || (w->process.pid != 0 && (w->out.n != 0 || w->state == GLC_WIRE_NEW));
    }
    if (any && poll(p->poll, n, timeout_ms) > 0)
        for (unsigned i = 0; i < n; i++)
            if (p->poll[i].revents != 0)
                listen_to(p, &p->worker[i]);
    uint64_t now = glc_clock_ns();
    bool look = now - p->watched_ns > (uint64_t)WATCH_MS * 1000000u;
    p->watched_ns = look ? now : p->watched_ns;
    for (unsigned i = 0; look && i < n; i++) {
        watch(p, &p->worker[i], now);
        retire(&p->worker[i], now);
    }
    if (p->failed_starts >= STARTS) {
        *why = p->why;
        return GLC_IO;
    }
    return GLC_OK;
}
