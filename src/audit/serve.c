/* The jailed side's loop.
 *
 * A file is an audit of its own, forgotten when it is done: nothing that one file did to this process' memory
 * by honest means is there for the next. Facts go out as soon as they are more than a message, before the
 * next content is read, and at the end, so that a death loses little. */
#define _GNU_SOURCE
#include "audit/serve.h"

#include "audit/answer.h"
#include "audit/walk.h"
#include "base/cursor.h"
#include "base/file.h"
#include "wire/mapping.h"
#include "wire/msg.h"
#include "wire/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GATHER = 8192, MOST_SKIPPED = 64 };

struct server {
    const struct glc_serve *s;
    int sock;
    struct glc_audit audit;
    struct glc_answer_page *page;
    struct glc_buf out;
    uint8_t *in;
    bool gone; /* nobody listens any more */
    uint64_t skip[MOST_SKIPPED];
    uint32_t skips;
};

void glc_serve_fail(int sock, const char *why)
{
    if (glc_wire_send(sock, GLC_WIRE_FAILED, glc_span_str(why), NULL, 0, true) != GLC_OK)
        return; /* nobody is there to be told */
}

static void flush(struct server *v)
{
    if (v->out.len != 0 && !v->gone)
        v->gone =
            glc_wire_send(v->sock, GLC_WIRE_AUDIT_FOUND, glc_buf_span(&v->out), NULL, 0, true) != GLC_OK;
    v->out.len = 0;
}

/* Before a record is written: none is cut by the end of a message. */
static void make_room(struct server *v)
{
    if (v->out.len >= GATHER)
        flush(v);
}

static void on_fact(void *to, const struct glc_fact *f)
{
    struct server *v = to;
    make_room(v);
    glc_answer_put_fact(&v->out, &v->audit, f);
}

static void on_marker(void *to, const struct glc_reg_signal *s, const char *where)
{
    struct server *v = to;
    make_room(v);
    glc_answer_put_marker(&v->out, &v->audit, s, where);
}

static void on_gap(void *to, const char *where, const char *reason)
{
    struct server *v = to;
    make_room(v);
    glc_answer_put_gap(&v->out, where, reason);
}

static void on_setting(void *to, const struct glc_setting *s)
{
    struct server *v = to;
    make_room(v);
    glc_answer_put_setting(&v->out, s);
}

/* What was said before goes out first: whatever comes after belongs to this file. */
static void enter(struct server *v, uint64_t n, const char *path)
{
    atomic_store_explicit(&v->page->at, n, memory_order_relaxed);
    atomic_store_explicit(&v->page->inside, 1, memory_order_relaxed);
    flush(v);
    if (v->s->before != NULL)
        v->s->before(path);
}

static void on_pass(void *to, uint64_t n)
{
    const struct server *v = to;
    atomic_store_explicit(&v->page->at, n, memory_order_relaxed);
}

static bool on_enter(void *to, uint64_t n, const char *path)
{
    struct server *v = to;
    for (uint32_t i = 0; i < v->skips; i++)
        if (v->skip[i] == n)
            return false;
    make_room(v);
    glc_answer_put_at(&v->out, n, path);
    enter(v, n, path);
    return true;
}

static void on_leave(void *to)
{
    const struct server *v = to;
    atomic_store_explicit(&v->page->inside, 0, memory_order_relaxed);
}

/* A new audit of one target. */
static void begin(struct server *v, const struct glc_audit_sink *sink)
{
    glc_arena_reset(&v->audit.arena);
    glc_arena_reset(&v->audit.scratch);
    v->audit.targets = NULL;
    v->audit.ntargets = 0;
    v->audit.sink = sink;
    glc_audit_begin(&v->audit, "jail", "");
}

static void done(struct server *v, uint64_t id, const char *where)
{
    if (v->audit.arena.failed)
        glc_audit_gap(&v->audit, where, "more evidence than memory allows");
    make_room(v);
    glc_answer_put_done(&v->out, id, &v->audit.targets[0], &v->audit.seen);
}

static enum glc_err read_file(const struct glc_entry *e, struct glc_buf *out)
{
    const int *fd = e->ctx;
    return lseek(*fd, 0, SEEK_SET) < 0 ? GLC_IO : glc_read_fd(*fd, out);
}

/* The next file of a message. False: the message breaks the protocol. */
static bool one_file(struct server *v, struct glc_cursor *c, int fd, const struct glc_audit_sink *sink)
{
    static const enum glc_entry_type types[] = { GLC_ENTRY_FILE, GLC_ENTRY_LINK };
    uint64_t id = glc_cursor_u64le(c), size = glc_cursor_u64le(c);
    uint8_t type = glc_cursor_u8(c);
    struct glc_span name = glc_cursor_span(c, glc_cursor_u16le(c));
    if (!glc_cursor_ok(c) || type > 1 || (name.len != 0 && memchr(name.ptr, 0, name.len) != NULL))
        return false;
    begin(v, sink);
    char *path = glc_arena_strdup(&v->audit.arena, name);
    if (path == NULL)
        return false;
    struct glc_entry e = { .path = path, .type = types[type], .size = size, .read = read_file, .ctx = &fd };
    enter(v, id, path);
    glc_collect_content(&v->audit, &e);
    on_leave(v);
    done(v, id, path);
    return true;
}

static bool on_files(struct server *v, struct glc_wire_msg *m, const struct glc_audit_sink *sink)
{
    struct glc_cursor c = glc_cursor(m->body);
    bool ok = glc_cursor_u32le(&c) == m->fds;
    v->skips = 0;
    for (uint32_t i = 0; i < m->fds; i++) {
        ok = ok && one_file(v, &c, m->fd[i], sink);
        close(m->fd[i]);
    }
    m->fds = 0;
    flush(v);
    return ok;
}

/* What somebody may shorten while we look at it. */
static bool map(struct server *v, int fd, const char *name, struct glc_span *out)
{
    uint64_t size;
    *out = glc_span(NULL, 0);
    if (glc_file_size(fd, &size) && (size == 0 || glc_mapping_open(fd, size, out) == GLC_OK))
        return true;
    glc_audit_gap(&v->audit, name, "it cannot be read");
    return false;
}

static void unmap(struct server *v, const char *name, struct glc_span s)
{
    if (s.len != 0 && !glc_mapping_close(s))
        glc_audit_gap(&v->audit, name, "it was cut short while it was read");
}

/* Ask the other side for a file of the image's folder and wait for it. */
static bool open_in_folder(void *ctx, const char *name, struct glc_span *out)
{
    struct server *v = ctx;
    struct glc_wire_msg m;
    bool ok = false;
    flush(v);
    if (v->gone || strlen(name) > GLC_ANSWER_WHERE ||
        glc_wire_send(v->sock, GLC_WIRE_AUDIT_OPEN, glc_span_str(name), NULL, 0, true) != GLC_OK ||
        glc_wire_recv(v->sock, v->in, true, GLC_WIRE_AUDIT, true, &m) != GLC_OK)
        return false;
    if (m.type != GLC_WIRE_AUDIT_OPENED)
        v->gone = true; /* nothing else is due now */
    else if (m.fds == 1)
        ok = map(v, m.fd[0], name, out);
    glc_wire_close_fds(&m);
    return ok;
}

static void close_in_folder(void *ctx, struct glc_span s)
{
    unmap(ctx, "a file of the image's folder", s);
}

static void document(struct server *v, uint8_t kind, const char *name, struct glc_span bytes)
{
    v->audit.targets[0].entries = v->audit.targets[0].read = 1;
    if (v->s->before != NULL)
        v->s->before(name);
    if (kind == GLC_WHOLE_SETTINGS)
        glc_collect_settings(&v->audit, name, bytes);
    else if (bytes.len > 512u << 20)
        glc_audit_gap(&v->audit, name, "the document is larger than 512 MiB");
    else
        glc_collect_sbom(&v->audit, name, bytes);
}

static void walk(struct server *v, uint8_t kind, const char *name, const int *fd)
{
    const struct glc_walk_folder folder = { open_in_folder, close_in_folder, v };
    struct glc_span bytes;
    if (fd == NULL) {
        glc_walk_image(&v->audit, name, glc_span(NULL, 0), &folder);
        return;
    }
    if (!map(v, *fd, name, &bytes))
        return;
    if (kind == GLC_WHOLE_IMAGE)
        glc_walk_image(&v->audit, name, bytes, NULL);
    else if (kind == GLC_WHOLE_DISK)
        glc_walk_disk(&v->audit, name, bytes);
    else
        document(v, kind, name, bytes);
    unmap(v, name, bytes);
}

static bool on_whole(struct server *v, struct glc_wire_msg *m, const struct glc_audit_sink *sink)
{
    struct glc_cursor c = glc_cursor(m->body);
    uint64_t id = glc_cursor_u64le(&c);
    uint8_t kind = glc_cursor_u8(&c);
    v->skips = glc_cursor_u32le(&c);
    if (v->skips > MOST_SKIPPED)
        return false;
    for (uint32_t i = 0; i < v->skips; i++)
        v->skip[i] = glc_cursor_u64le(&c);
    struct glc_span name = glc_cursor_span(&c, glc_cursor_left(&c));
    if (!glc_cursor_ok(&c) || kind < GLC_WHOLE_IMAGE || kind > GLC_WHOLE_SETTINGS ||
        (m->fds == 0 && kind != GLC_WHOLE_IMAGE) || (name.len != 0 && memchr(name.ptr, 0, name.len) != NULL))
        return false;
    begin(v, sink);
    const char *text = glc_arena_strdup(&v->audit.arena, name);
    if (text == NULL)
        return false;
    int fd = m->fds != 0 ? m->fd[0] : -1;
    m->fds = 0;
    walk(v, kind, text, fd >= 0 ? &fd : NULL);
    if (fd >= 0)
        close(fd);
    done(v, id, text);
    flush(v);
    return true;
}

static bool on_hello(struct server *v, struct glc_wire_msg *m)
{
    struct glc_cursor c = glc_cursor(m->body);
    const char *why = NULL;
    uint32_t version = glc_cursor_u32le(&c);
    if (version != GLC_WIRE_VERSION)
        why = "glacis and glacis-audit-worker are of different versions";
    else if (glc_cursor_u64le(&c) != glc_answer_register(v->s->reg))
        why = "the register of restrictions changed meanwhile";
    void *page = why == NULL ? mmap(NULL, GLC_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd[0], 0)
                             : MAP_FAILED;
    if (why == NULL && page == MAP_FAILED)
        why = "the progress page cannot be mapped";
    glc_wire_close_fds(m);
    if (why != NULL) {
        glc_serve_fail(v->sock, why);
        return false;
    }
    v->page = page;
    uint8_t ready[12] = {
        GLC_WIRE_VERSION, 0, 0, 0, (uint8_t)v->s->landlock, 0, 0, 0, v->s->seccomp, 0, 0, 0
    };
    return glc_wire_send(v->sock, GLC_WIRE_READY, glc_span(ready, sizeof ready), NULL, 0, true) == GLC_OK;
}

int glc_serve_run(int sock, const struct glc_serve *s)
{
    struct server v = { .s = s, .sock = sock, .in = malloc(GLC_WIRE_LONGEST + 1) };
    const struct glc_audit_sink sink = { on_fact, on_marker, on_gap,   on_setting,
                                         on_pass, on_enter,  on_leave, &v };
    enum glc_wire_state state = GLC_WIRE_AUDIT_NEW;
    int code = 1;
    glc_audit_init(&v.audit, s->reg);
    glc_buf_init(&v.out, GLC_WIRE_LONGEST - 1);
    while (v.in != NULL && !v.gone) {
        struct glc_wire_msg m;
        enum glc_err e = glc_wire_recv(sock, v.in, true, state, true, &m);
        if (e == GLC_IO) {
            code = errno == ENOTCONN || errno == ECONNRESET ? 0 : 1;
            break;
        }
        bool ok = e == GLC_OK;
        if (ok && m.type == GLC_WIRE_AUDIT_HELLO)
            ok = on_hello(&v, &m);
        else if (ok && m.type == GLC_WIRE_AUDIT_FILES)
            ok = on_files(&v, &m, &sink);
        else if (ok && m.type == GLC_WIRE_AUDIT_WHOLE)
            ok = on_whole(&v, &m, &sink);
        else
            ok = false;
        state = GLC_WIRE_AUDIT;
        if (!ok)
            break;
    }
    if (v.page != NULL)
        munmap(v.page, GLC_PAGE_BYTES);
    glc_audit_done(&v.audit);
    glc_buf_done(&v.out);
    free(v.in);
    return code;
}
