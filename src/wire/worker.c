/* The worker's loop.
 *
 * Small files are read into one buffer, larger ones are mapped. A mapped file that is cut short by somebody
 * raises SIGBUS: the handler puts zeroes where the file was and says so, and the file is UNSCANNED. Verdicts
 * are gathered and sent when a batch is done, when something was found, or after a short while.
 *
 * Of a batch the small files whose MD5 is wanted are read first, all of them, and hashed side by side, which
 * takes a fifth of the time. */
#define _GNU_SOURCE
#include "wire/worker.h"

#include "base/cursor.h"
#include "base/file.h"
#include "base/heap.h"
#include "format/format.h"
#include "match/md5.h"
#include "wire/hello.h"
#include "wire/mapping.h"
#include "wire/memory.h"
#include "wire/msg.h"
#include "wire/process.h"
#include "wire/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    SMALL = 64 * 1024,            /* files up to this are read, not mapped */
    AHEAD = 512 * 1024,           /* bytes of small files that are read before the first is judged */
    LINE = 64,                    /* bytes of a cache line */
    AHEAD_LEAST = 4,              /* files; fewer are hashed one by one as fast */
    GATHER = 8 * 1024,            /* bytes of records that are sent at once */
    GATHER_NS = 50 * 1000 * 1000, /* and the longest that a verdict waits */
    ENTRY = 20,                   /* bytes of a file in FILES: id, size, deadline in ms */
};

struct file {
    uint64_t id, size;
    uint32_t ms;
    struct glc_md5 *read; /* its bytes and their MD5, where it was read ahead; or NULL */
};

struct worker {
    int sock;
    struct glc_scanner *scanner;
    struct glc_map *map;
    uint32_t maps;
    struct glc_image **image; /* those of every map, in order */
    uint32_t images;
    struct glc_wire_page *page;
    struct glc_buf out;
    uint64_t sent_at;
    uint64_t id; /* of the file that is being read */
    uint8_t *small;
    uint8_t *in;
    uint8_t *ahead; /* room of AHEAD bytes, from the first time that it is wanted */
    struct glc_md5 read[GLC_WIRE_FDS];
    char why[200]; /* it will not start */
};

void glc_worker_fail(int sock, const char *why)
{
    if (glc_wire_send(sock, GLC_WIRE_FAILED, glc_span_str(why), NULL, 0, true) != GLC_OK)
        return; /* nobody is there to be told */
}

/* Send what is gathered. False: the parent is gone. */
static bool flush(struct worker *w)
{
    struct glc_span rest = glc_buf_span(&w->out);
    while (rest.len != 0) {
        struct glc_span part = glc_span_sub(rest, 0, GLC_WIRE_LONGEST - 1);
        if (glc_wire_send(w->sock, GLC_WIRE_RECORDS, part, NULL, 0, true) != GLC_OK)
            return false;
        rest = glc_span_sub(rest, part.len, rest.len);
    }
    w->out.len = 0;
    w->sent_at = glc_clock_ns();
    if (w->out.room > 1 << 20)
        glc_buf_done(&w->out);
    return true;
}

static bool answer(struct worker *w, const struct glc_result *r)
{
    if (!glc_record_put_verdict(&w->out, w->id, r))
        return false;
    if (w->out.len >= GATHER || r->verdict == GLC_FOUND)
        return flush(w);
    return glc_clock_ns() - w->sent_at < GATHER_NS || flush(w);
}

static void unscanned(struct glc_result *r, uint64_t size, const char *reason)
{
    *r = (struct glc_result){ .verdict = GLC_UNSCANNED, .reason = reason, .size = size };
}

/* One pass of judging, however the bytes came to lie in memory. */
struct judge {
    struct glc_buf *explain; /* NULL: only a verdict */
    struct glc_span rule;
};

static const struct glc_result *judge_bytes(struct worker *w, const struct judge *j, struct glc_span data)
{
    return j->explain != NULL ? glc_scan_explain(w->scanner, data, j->rule, j->explain)
                              : glc_scan_bytes(w->scanner, data);
}

/* The verdict on bytes that may not be all there were. */
static void weaken(struct glc_result *r, const char *reason)
{
    if (r->verdict == GLC_CLEAN)
        r->verdict = GLC_UNSCANNED;
    if (r->reason == NULL)
        r->reason = reason;
}

static void judge_mapped(struct worker *w, const struct judge *j, int fd, uint64_t size, struct glc_result *r)
{
    struct glc_span bytes;
    if (glc_mapping_open(fd, size, &bytes) != GLC_OK) {
        unscanned(r, size, errno == ENOMEM ? "limit: address space" : "unreadable: it cannot be mapped");
        return;
    }
    *r = *judge_bytes(w, j, bytes);
    uint64_t now;
    if (!glc_mapping_close(bytes) || (glc_file_size(fd, &now) && now < size))
        weaken(r, "the file changed while it was read");
}

/* Files that say 0 bytes and have more (/proc), and everything that can be read but not mapped. */
static void judge_stream(struct worker *w, const struct judge *j, int fd, struct glc_result *r)
{
    struct glc_buf all;
    glc_buf_init(&all, (size_t)1 << 30);
    enum glc_err e = glc_read_fd(fd, &all);
    if (e == GLC_IO)
        unscanned(r, all.len, "unreadable");
    else if (e != GLC_OK)
        unscanned(r, all.len, "limit: a stream of more than 1 GiB");
    else
        *r = *judge_bytes(w, j, glc_buf_span(&all));
    glc_buf_done(&all);
}

static void judge_file(struct worker *w, const struct judge *j, int fd, uint64_t size, struct glc_result *r)
{
    if (size > SMALL) {
        judge_mapped(w, j, fd, size, r);
        return;
    }
    ssize_t n = pread(fd, w->small, SMALL + 1, 0);
    if (n < 0 && errno == ESPIPE) {
        judge_stream(w, j, fd, r);
    } else if (n < 0) {
        unscanned(r, size, errno == EIO ? "unreadable: I/O error" : "unreadable");
    } else if (n > SMALL || (size == 0 && n > 0)) {
        uint64_t now; /* it grew meanwhile, or never told its size */
        if (glc_file_size(fd, &now) && now > SMALL)
            judge_mapped(w, j, fd, now, r);
        else
            judge_stream(w, j, fd, r);
    } else {
        *r = *judge_bytes(w, j, glc_span(w->small, (size_t)n));
        if ((uint64_t)n < size)
            weaken(r, "the file changed while it was read");
    }
}

static void on_console(void *to, const char *line)
{
    struct worker *w = to;
    (void)glc_record_put_text(&w->out, w->id, glc_span_str(line));
}

/* Only the parent knows their names. */
static const char *which_image(struct worker *w, uint32_t i, const char *what)
{
    (void)snprintf(w->why, sizeof w->why, "signature image %u of %u (in the order of -s): %s", i + 1, w->maps,
                   what);
    return w->why;
}

static const char *open_images(struct worker *w, struct glc_wire_msg *m, const struct glc_scan_options *opt)
{
    struct glc_cursor c = glc_cursor(m->body);
    w->maps = m->fds - 1;
    (void)glc_cursor_skip(&c, GLC_HELLO_BYTES);
    w->image = calloc((size_t)w->maps * GLC_IMAGE_SEGMENTS + 1, sizeof(struct glc_image *));
    w->map = calloc(w->maps + 1, sizeof *w->map);
    w->small = malloc(SMALL + 1);
    if (w->image == NULL || w->map == NULL || w->small == NULL)
        return "out of memory";
    void *page = mmap(NULL, GLC_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd[0], 0);
    if (page == MAP_FAILED)
        return "the progress page cannot be mapped";
    w->page = page;
    for (uint32_t i = 0; i < w->maps; i++) {
        struct glc_error err = { 0 };
        uint32_t n = 0;
        uint64_t size = 0, end = glc_cursor_u64le(&c);
        if (!glc_file_size(m->fd[i + 1], &size) || size == 0 || size > SIZE_MAX / 2 || end > size)
            return "a signature image is empty";
        void *at = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, m->fd[i + 1], 0);
        if (at == MAP_FAILED)
            return "a signature image cannot be mapped";
        w->map[i].bytes = glc_span(at, (size_t)size);
        if (glc_image_open_all(w->map[i].bytes, glc_format_modules(), &end, w->image + w->images, &n, &err) !=
            GLC_OK)
            return which_image(w, i, err.msg != NULL ? err.msg : "damaged");
        w->images += n;
    }
    w->scanner = glc_scanner_new(w->image, w->images, opt);
    return w->scanner == NULL ? "out of memory" : NULL;
}

static bool on_hello(struct worker *w, struct glc_wire_msg *m, const struct glc_worker_hello *hello)
{
    struct glc_scan_options opt = { 0 };
    if (w->image != NULL)
        return false; /* the state of the conversation allows one only (wire/msg.c) */
    const char *why =
        glc_hello_decode(m->body, &opt) ? NULL : "glacis and glacis-worker are of different versions";
    if (opt.console != NULL) {
        opt.console = on_console;
        opt.console_to = w;
    }
    opt.magic = hello->magic;
    opt.cuckoo = hello->cuckoo;
    if (why == NULL)
        why = open_images(w, m, &opt);
    glc_wire_close_fds(m);
    if (why != NULL) {
        glc_worker_fail(w->sock, why);
        return false;
    }
    uint8_t ready[12] = { GLC_WIRE_VERSION, 0, 0, 0, (uint8_t)hello->landlock, 0, 0, 0,
                          hello->seccomp,   0, 0, 0 };
    return glc_wire_send(w->sock, GLC_WIRE_READY, glc_span(ready, sizeof ready), NULL, 0, true) == GLC_OK;
}

static bool on_define(struct worker *w, const struct glc_wire_msg *m)
{
    struct glc_cursor c = glc_cursor(m->body);
    struct glc_span name = glc_cursor_span(&c, glc_cursor_u32le(&c));
    struct glc_span value = glc_cursor_span(&c, glc_cursor_left(&c));
    if (!glc_cursor_ok(&c))
        return false;
    if (glc_scanner_define(w->scanner, name, value) == GLC_OK)
        return true;
    char why[256];
    (void)snprintf(why, sizeof why, "-d %.*s: no external variable of that name and type",
                   (int)(name.len & 127), (const char *)name.ptr);
    glc_worker_fail(w->sock, why);
    return false;
}

/* What the rules cost since the last batch, under the id of a file that has no verdict yet. */
static bool tell_costs(struct worker *w)
{
    for (uint32_t i = 0; i < w->images; i++) {
        uint32_t rules = 0;
        const struct glc_rule_cost *cost = glc_scanner_costs(w->scanner, i, &rules);
        if (cost == NULL)
            return true;
        if (!glc_record_put_costs(&w->out, w->id, i, cost, rules))
            return false;
    }
    glc_scanner_costs_clear(w->scanner);
    return true;
}

static void begin_file(struct worker *w, const struct file *f)
{
    w->id = f->id;
    glc_scanner_deadline(w->scanner, f->ms);
    atomic_store_explicit(&w->page->current, f->id, memory_order_relaxed);
}

/* Room for a file read ahead: a byte more, to see that there is none, and the next one on a line of its own.
 */
static size_t room_of(uint64_t size)
{
    return (size_t)(size / LINE + 1) * LINE;
}

/* Read and hash those for which that pays. What cannot be read as it was said is left to judge_file(). */
static void read_ahead(struct worker *w, const int *fd, struct file *file, uint32_t n)
{
    uint32_t pick[GLC_WIRE_FDS], picks = 0, reads = 0;
    size_t used = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (file[i].size == 0 || file[i].size > SMALL || room_of(file[i].size) > AHEAD - used ||
            !glc_scanner_wants_md5(w->scanner, file[i].size))
            continue;
        used += room_of(file[i].size);
        pick[picks++] = i;
    }
    if (picks < AHEAD_LEAST || (w->ahead == NULL && (w->ahead = malloc(AHEAD)) == NULL))
        return;
    GLC_HEAP_OPEN(w->ahead, AHEAD);
    used = 0;
    for (uint32_t i = 0; i < picks; i++) {
        struct file *f = &file[pick[i]];
        begin_file(w, f);
        if (pread(fd[pick[i]], w->ahead + used, (size_t)f->size + 1, 0) != (ssize_t)f->size)
            continue;
        f->read = &w->read[reads++];
        f->read->data = glc_span(w->ahead + used, (size_t)f->size);
        used += room_of(f->size);
    }
    glc_md5_many(w->read, reads, GLC_SIMD_BEST);
    GLC_HEAP_GAP(w->ahead, AHEAD);
}

/* Of the files read ahead only the one that is judged can be touched (in sanitizer builds). */
static void judge_read(struct worker *w, const struct glc_md5 *read, struct glc_result *r)
{
    GLC_HEAP_OPEN(read->data.ptr, read->data.len);
    *r = *glc_scan_hashed(w->scanner, read->data, read->sum);
    GLC_HEAP_GAP(read->data.ptr, read->data.len);
}

static bool on_files(struct worker *w, struct glc_wire_msg *m)
{
    struct glc_cursor c = glc_cursor(m->body);
    uint32_t n = glc_cursor_u32le(&c);
    bool ok = n == m->fds && glc_cursor_left(&c) == (size_t)n * ENTRY;
    struct file file[GLC_WIRE_FDS] = { 0 };
    for (uint32_t i = 0; i < m->fds && ok; i++) {
        file[i].id = glc_cursor_u64le(&c);
        file[i].size = glc_cursor_u64le(&c);
        file[i].ms = glc_cursor_u32le(&c);
    }
    if (ok)
        read_ahead(w, m->fd, file, n);
    uint32_t i = 0;
    for (; i < m->fds && ok; i++) {
        struct glc_result r;
        begin_file(w, &file[i]);
        if (file[i].read != NULL)
            judge_read(w, file[i].read, &r);
        else
            judge_file(w, &(struct judge){ 0 }, m->fd[i], file[i].size, &r);
        close(m->fd[i]);
        ok = (i + 1 != m->fds || tell_costs(w)) && answer(w, &r);
    }
    for (; i < m->fds; i++)
        close(m->fd[i]);
    m->fds = 0;
    return ok && flush(w);
}

static bool on_explain(struct worker *w, struct glc_wire_msg *m)
{
    struct glc_cursor c = glc_cursor(m->body);
    w->id = glc_cursor_u64le(&c);
    uint64_t size = glc_cursor_u64le(&c);
    glc_scanner_deadline(w->scanner, glc_cursor_u32le(&c));
    struct glc_buf text;
    glc_buf_init(&text, GLC_RECORD_LONGEST / 2);
    struct judge j = { &text, glc_cursor_span(&c, glc_cursor_left(&c)) };
    struct glc_result r;
    atomic_store_explicit(&w->page->current, w->id, memory_order_relaxed);
    judge_file(w, &j, m->fd[0], size, &r);
    glc_wire_close_fds(m);
    bool ok = glc_record_put_text(&w->out, w->id, glc_buf_span(&text)) && answer(w, &r) && flush(w);
    glc_buf_done(&text);
    return ok;
}

static bool on_memory(struct worker *w, struct glc_wire_msg *m)
{
    struct glc_cursor c = glc_cursor(m->body);
    struct glc_memory p;
    struct glc_result r;
    w->id = glc_cursor_u64le(&c);
    uint64_t size = glc_cursor_u64le(&c);
    uint32_t ms = glc_cursor_u32le(&c);
    glc_scanner_deadline(w->scanner, ms);
    atomic_store_explicit(&w->page->current, w->id, memory_order_relaxed);
    enum glc_err e = glc_memory_read(m->fd[0], m->fd[1], m->fd[2],
                                     ms == 0 ? 0 : glc_clock_ns() + (uint64_t)ms * 1000000u, &p);
    glc_wire_close_fds(m);
    if (e == GLC_CORRUPT)
        return false;
    if (e != GLC_OK) {
        unscanned(&r, size, "out of memory");
        return answer(w, &r) && flush(w);
    }
    r = *glc_scan_memory(w->scanner, p.region, p.regions, p.unread[0] != 0 ? p.unread : NULL);
    bool ok = answer(w, &r) && flush(w);
    glc_memory_done(&p);
    return ok;
}

int glc_worker_serve(int sock, const struct glc_worker_hello *hello)
{
    struct worker w = { .sock = sock, .in = malloc(GLC_WIRE_LONGEST + 1), .sent_at = glc_clock_ns() };
    enum glc_wire_state state = GLC_WIRE_NEW;
    glc_buf_init(&w.out, (size_t)2 * GLC_RECORD_LONGEST);
    int code = 1;
    while (w.in != NULL) {
        struct glc_wire_msg m;
        enum glc_err e = glc_wire_recv(sock, w.in, true, state, true, &m);
        if (e == GLC_IO) {
            code = errno == ENOTCONN || errno == ECONNRESET ? 0 : 1;
            break;
        }
        bool ok = e == GLC_OK;
        if (ok && m.type == GLC_WIRE_HELLO)
            ok = on_hello(&w, &m, hello);
        else if (ok && m.type == GLC_WIRE_DEFINE)
            ok = on_define(&w, &m);
        else if (ok && m.type == GLC_WIRE_FILES)
            ok = on_files(&w, &m);
        else if (ok && m.type == GLC_WIRE_EXPLAIN)
            ok = on_explain(&w, &m);
        else if (ok && m.type == GLC_WIRE_MEMORY)
            ok = on_memory(&w, &m);
        else
            ok = false;
        state = GLC_WIRE_OPENED;
        if (!ok)
            break;
    }
    glc_scanner_free(w.scanner);
    for (uint32_t i = 0; i < w.images; i++)
        glc_image_free(w.image[i]);
    for (uint32_t i = 0; i < w.maps && w.map != NULL; i++)
        glc_map_done(&w.map[i]);
    if (w.page != NULL)
        munmap(w.page, GLC_PAGE_BYTES);
    free(w.image);
    free(w.map);
    free(w.small);
    free(w.ahead);
    free(w.in);
    glc_buf_done(&w.out);
    return code;
}
