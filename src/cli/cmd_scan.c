/* glacis scan: walk and open, hand descriptors to workers, show what they say. This process never looks at a
 * scanned byte. */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/heap.h"
#include "base/num.h"
#include "cli/args.h"
#include "cli/beside.h"
#include "cli/cli.h"
#include "cli/conf.h"
#include "cli/process.h"
#include "cli/progress.h"
#include "cli/scan.h"
#include "cli/show.h"
#include "cli/signatures.h"
#include "cli/walk.h"
#include "wire/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum option {
    OPT_SIGNATURES,
    OPT_DEFINE,
    OPT_JSON,
    OPT_ALL,
    OPT_JOBS,
    OPT_EXCLUDE,
    OPT_ONE_FS,
    OPT_MAX_SIZE,
    OPT_PID,
    OPT_ALL_PROCESSES,
    OPT_TIMEOUT,
    OPT_DIALECT,
    OPT_PUA,
    OPT_VERBOSE,
    OPT_QUIET,
    OPT_NO_JAIL,
    OPTIONS
};

static const struct glc_opt options[OPTIONS] = {
    [OPT_SIGNATURES] = { "signatures", 's', "IMAGE|SOURCE",
                         "judge by this image, or by these signatures; several times" },
    [OPT_DEFINE] = { "define", 'd', "NAME=VALUE", "give an external variable a value" },
    [OPT_JSON] = { "json", 0, NULL, "one JSON object a line for every file" },
    [OPT_ALL] = { "all", 0, NULL, "every finding of a file, not only the first" },
    [OPT_JOBS] = { "jobs", 'j', "N", "workers; default: one for each processor" },
    [OPT_EXCLUDE] = { "exclude", 0, "GLOB", "leave out what matches by path or by name; several times" },
    [OPT_ONE_FS] = { "one-file-system", 0, NULL, "do not enter other file systems" },
    [OPT_MAX_SIZE] = { "max-filesize", 0, "SIZE", "larger files are unscanned; 0, the default: no limit" },
    [OPT_PID] = { "pid", 0, "PID", "judge the memory of this process; several times" },
    [OPT_ALL_PROCESSES] = { "all-processes", 0, NULL, "judge the memory of every process" },
    [OPT_TIMEOUT] = { "timeout", 0, "SECONDS", "longest for a file, and 1 s more for each 4 MiB; 0: none" },
    [OPT_DIALECT] = { "dialect", 0, "yara|yara-x", "how YARA sources are read" },
    [OPT_PUA] = { "pua", 0, NULL,
                  "in folders of signatures, take those of potentially unwanted programs too" },
    [OPT_VERBOSE] = { "verbose", 'v', NULL, "name clean files too" },
    [OPT_QUIET] = { "quiet", 'q', NULL, "no progress and no summary" },
    [OPT_NO_JAIL] = { "no-jail", 0, NULL, "do not jail the workers: for debugging only" },
};

static const struct glc_usage usage = {
    .command = "glacis scan",
    .operands = "PATH...",
    .about = "Judge files, and every file below folders, by signatures. - is standard input.\n"
             "Exit code: 0 nothing found, 1 found, 2 an error or something left unscanned.",
    .opt = options,
    .opts = OPTIONS,
};

enum {
    LIST = 256,
    STDIN_MOST_GIB = 8,
    STDIN_PIECE = 1 << 16,
    STEP_NS = 20 * 1000 * 1000,
    FLUSH_NS = 50 * 1000 * 1000,
    OUT_ROOM = 1 << 16,
    HEAP = 96 << 10
};

/* A file that is out, with its path. Reused: no allocation for a file once there are enough. */
struct slot {
    struct slot *next;
    char *path;
    size_t len, room;
    struct glc_proc *proc; /* a process and no file */
};

struct run {
    struct glc_conf conf;
    const char *signature[LIST];
    unsigned signatures;
    const char *define[LIST + 1];
    unsigned defines;
    const char *exclude[2 * LIST];
    unsigned excludes;
    const char **path;
    unsigned paths;
    pid_t pid[LIST];
    unsigned pids;
    bool all_processes;
    bool json, all, verbose, quiet, no_jail, pua;
    enum glc_dialect dialect;

    struct glc_signatures sig;
    struct glc_pool *pool;
    struct glc_progress *progress;
    struct glc_counts count;
    uint64_t scanned; /* bytes, over all layers */
    uint64_t began;
    struct slot *vacant;
    struct glc_buf line;
    uint64_t flushed; /* when what was said was last written out */
    bool colour;
    bool failed; /* the pool gave up */
};

/* Set by Ctrl-C; a signal handler has no other way. */
static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    (void)sig;
    interrupted = 1;
}

static void show_verdict(struct run *r, struct glc_span path, const struct glc_result *res)
{
    r->count.found += res->verdict == GLC_FOUND;
    r->count.unscanned += res->verdict == GLC_UNSCANNED;
    if (r->json) {
        glc_show_json(&r->line, &r->sig, path, res);
        fwrite(r->line.ptr, 1, r->line.len, stdout);
        return;
    }
    if (res->verdict == GLC_CLEAN && !r->verbose)
        return;
    glc_progress_clear(r->progress);
    glc_show_result(stdout, &r->sig, path, res, r->colour, r->verbose);
}

static void on_verdict(void *to, void *tag, const struct glc_result *res)
{
    struct run *r = to;
    struct slot *s = tag;
    r->count.files++;
    r->count.bytes += res->size;
    r->scanned += res->scanned;
    show_verdict(r, glc_span(s->path, s->len), s->proc != NULL ? glc_proc_place(s->proc, res) : res);
    glc_proc_free(s->proc);
    s->proc = NULL;
    s->next = r->vacant;
    r->vacant = s;
}

static void on_ready(void *to, int landlock, bool seccomp)
{
    struct run *r = to;
    if (r->no_jail || r->quiet)
        return;
    glc_progress_clear(r->progress);
    if (landlock == 0)
        fprintf(stderr, "glacis: this kernel has no Landlock: workers are held by the seccomp list alone\n");
    if (!seccomp)
        fprintf(stderr, "glacis: a sanitizer build: workers run without the seccomp list\n");
}

/* A file that never reached a worker. */
static void settle(struct run *r, struct glc_span path, uint64_t size, const char *reason)
{
    r->count.files++;
    show_verdict(r, path, &(struct glc_result){ .verdict = GLC_UNSCANNED, .reason = reason, .size = size });
}

static void complain(struct run *r, const char *path, size_t len, const char *why)
{
    glc_progress_clear(r->progress);
    fflush(stdout);
    fputs("glacis: ", stderr);
    glc_show_bytes(stderr, glc_span(path, len));
    fprintf(stderr, ": %s\n", why);
}

static bool step(struct run *r, bool drain, int timeout_ms)
{
    const char *why = NULL;
    if (glc_pool_step(r->pool, drain, timeout_ms, &why) != GLC_OK) {
        glc_progress_clear(r->progress);
        fprintf(stderr, "glacis: no worker: %s\n", why);
        r->failed = true;
    }
    glc_progress_show(r->progress, &r->count);
    uint64_t now = glc_clock_ns();
    if (now - r->flushed > FLUSH_NS) {
        r->flushed = now;
        (void)fflush(stdout); /* an error stays with the stream, and is told at the end */
    }
    return !r->failed && !interrupted;
}

static struct slot *take_slot(struct run *r, const char *path, size_t len)
{
    struct slot *s = r->vacant;
    if (s != NULL)
        r->vacant = s->next;
    else
        s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    if (s->room < len + 1) {
        char *p = realloc(s->path, len + 128);
        if (p == NULL) {
            s->next = r->vacant;
            r->vacant = s;
            return NULL;
        }
        s->path = p;
        s->room = len + 128;
    }
    memcpy(s->path, path, len + 1);
    s->len = len;
    return s;
}

/* Hand an open file over. The descriptor is gone afterwards in any case. */
static void hand_over(struct run *r, const char *path, size_t len, int fd, uint64_t size)
{
    if (r->conf.max_filesize != 0 && size > r->conf.max_filesize) {
        char reason[80];
        close(fd);
        (void)snprintf(reason, sizeof reason, "limit: larger than %llu bytes",
                       (unsigned long long)r->conf.max_filesize);
        settle(r, glc_span(path, len), size, reason);
        return;
    }
    while (!glc_pool_room(r->pool))
        if (!step(r, false, 100)) {
            close(fd);
            return;
        }
    struct slot *s = take_slot(r, path, len);
    if (s == NULL) {
        close(fd);
        settle(r, glc_span(path, len), size, "out of memory");
        return;
    }
    glc_pool_add(r->pool, fd, size, s);
}

static void scan_process(struct run *r, pid_t pid, bool by_name)
{
    char path[32];
    int fd[3];
    uint64_t size = 0;
    struct glc_proc *proc = NULL;
    (void)snprintf(path, sizeof path, "/proc/%lld", (long long)pid);
    while (!glc_pool_room(r->pool))
        if (!step(r, false, 100))
            return;
    enum glc_err e = glc_proc_open(pid, fd, &size, &proc);
    if (!by_name && (e == GLC_UNSUPPORTED || (e == GLC_IO && (errno == ESRCH || errno == ENOENT))))
        return; /* a kernel thread, or gone since the list was made */
    if (e != GLC_OK) {
        char reason[128];
        (void)snprintf(reason, sizeof reason, "unreadable: %s",
                       e == GLC_IO            ? strerror(errno)
                       : e == GLC_UNSUPPORTED ? "it has no memory of its own"
                                              : glc_err_name(e));
        settle(r, glc_span_str(path), 0, reason);
        return;
    }
    const char *label = glc_proc_label(proc);
    struct slot *s = take_slot(r, label, strlen(label));
    if (s == NULL) {
        for (int i = 0; i < 3; i++)
            close(fd[i]);
        glc_proc_free(proc);
        settle(r, glc_span_str(path), size, "out of memory");
        return;
    }
    s->proc = proc;
    glc_pool_add_memory(r->pool, fd, size, s);
}

static void scan_processes(struct run *r)
{
    for (unsigned i = 0; i < r->pids && !interrupted && !r->failed; i++)
        scan_process(r, r->pid[i], true);
    pid_t *all = r->all_processes ? glc_proc_all() : NULL;
    for (size_t i = 0; all != NULL && all[i] != 0 && !interrupted && !r->failed; i++)
        scan_process(r, all[i], false);
    if (r->all_processes && all == NULL) {
        r->count.errors++;
        complain(r, "/proc", 5, "processes cannot be listed");
    }
    free(all);
}

/* Standard input: as it is where it is a file at its beginning, else copied into memory, unlooked at. */
static void scan_stdin(struct run *r)
{
    struct stat st;
    if (fstat(0, &st) == 0 && S_ISREG(st.st_mode) && lseek(0, 0, SEEK_CUR) == 0) {
        int fd = fcntl(0, F_DUPFD_CLOEXEC, 3);
        if (fd >= 0) {
            hand_over(r, "-", 1, fd, (uint64_t)st.st_size);
            return;
        }
    }
    uint64_t size = 0, most = (uint64_t)STDIN_MOST_GIB << 30;
    char *buf = malloc(STDIN_PIECE); /* not static: what is static is brought in at every start */
    int fd = buf == NULL ? -1 : memfd_create("glacis-stdin", MFD_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 1;
    while (n > 0 && size <= most && !interrupted) {
        n = read(0, buf, STDIN_PIECE);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0 && write(fd, buf, (size_t)n) == n)
            size += (uint64_t)n;
        else if (n > 0)
            n = -1;
    }
    free(buf);
    if (n == 0) {
        hand_over(r, "-", 1, fd, size);
        return;
    }
    if (fd >= 0)
        close(fd);
    settle(r, glc_span_str("-"), size,
           n < 0 ? "standard input cannot be read" : "limit: more than 8 GiB of standard input");
}

static void on_error(struct run *r, const struct glc_walk_entry *e)
{
    char reason[256];
    (void)snprintf(reason, sizeof reason, "%s", e->why != NULL ? e->why : strerror(e->error));
    r->count.errors++;
    complain(r, e->path, e->path_len, reason);
    if (r->json) {
        char full[300];
        (void)snprintf(full, sizeof full, "unreadable: %s", reason);
        glc_show_json(&r->line, &r->sig, glc_span(e->path, e->path_len),
                      &(struct glc_result){ .verdict = GLC_UNSCANNED, .reason = full });
        fwrite(r->line.ptr, 1, r->line.len, stdout);
    }
}

static void scan_path(struct run *r, struct glc_walk *w, const char *path)
{
    uint64_t last = glc_clock_ns();
    glc_walk_start(w, path);
    while (!interrupted && !r->failed) {
        struct glc_walk_entry e;
        glc_walk_next(w, &e);
        switch (e.kind) {
        case GLC_WALK_END:
            return;
        case GLC_WALK_FILE:
            hand_over(r, e.path, e.path_len, e.fd, e.size);
            break;
        case GLC_WALK_SKIPPED:
            r->count.skipped++;
            if (!r->quiet) {
                char why[64];
                (void)snprintf(why, sizeof why, "skipped (%s)", e.why);
                complain(r, e.path, e.path_len, why);
            }
            break;
        case GLC_WALK_ERROR:
            on_error(r, &e);
            break;
        }
        uint64_t now = glc_clock_ns();
        if (now - last > STEP_NS) {
            last = now;
            (void)step(r, true, 0);
        }
    }
}

static void summary(const struct run *r)
{
    FILE *out = r->json ? stderr : stdout;
    double s = (double)(glc_clock_ns() - r->began) / 1e9;
    char size[16], rate[16];
    glc_show_size(size, r->count.bytes);
    glc_show_size(rate, s > 0 ? (uint64_t)((double)r->count.bytes / s) : 0);
    fprintf(out, "\n----------- SCAN SUMMARY -----------\n");
    fprintf(out, "Scanned files:  %llu (%s)\n", (unsigned long long)r->count.files, size);
    fprintf(out, "Infected files: %llu\n", (unsigned long long)r->count.found);
    if (r->count.unscanned != 0)
        fprintf(out, "Unscanned:      %llu\n", (unsigned long long)r->count.unscanned);
    if (r->count.skipped != 0)
        fprintf(out, "Skipped:        %llu\n", (unsigned long long)r->count.skipped);
    if (r->count.errors != 0)
        fprintf(out, "Errors:         %llu\n", (unsigned long long)r->count.errors);
    fprintf(out, "Time:           %.3f s (%s/s, %.0f files/s)\n", s, rate,
            s > 0 ? (double)r->count.files / s : 0);
    if (interrupted)
        fprintf(out, "Interrupted: not everything was scanned.\n");
}

static bool bad_value(const char *option, const char *value, const char *expected)
{
    fprintf(stderr, "glacis scan: %s %s: expected %s\n", option, value, expected);
    return false;
}

static bool take_list(const char **list, unsigned *n, unsigned most, const char *value)
{
    if (*n == most) {
        fprintf(stderr, "glacis scan: too many options like %s\n", value);
        return false;
    }
    list[(*n)++] = value;
    return true;
}

static bool take_option(struct run *r, enum option o, const char *value)
{
    uint64_t n;
    switch (o) {
    case OPT_SIGNATURES:
        return take_list(r->signature, &r->signatures, LIST, value);
    case OPT_DEFINE:
        return take_list(r->define, &r->defines, LIST, value);
    case OPT_EXCLUDE:
        return take_list(r->exclude, &r->excludes, LIST, value);
    case OPT_JSON:
        r->json = true;
        return true;
    case OPT_ALL:
        r->all = true;
        return true;
    case OPT_JOBS:
        if (!glc_num_u64(glc_span_str(value), &n) || n == 0 || n > 1024)
            return bad_value("-j", value, "a number from 1 to 1024");
        r->conf.jobs = (unsigned)n;
        return true;
    case OPT_ONE_FS:
        r->conf.one_file_system = true;
        return true;
    case OPT_MAX_SIZE:
        return glc_num_size(glc_span_str(value), &r->conf.max_filesize) ||
               bad_value("--max-filesize", value, "a size such as 100M, or 0 for no limit");
    case OPT_TIMEOUT:
        return (glc_num_u64(glc_span_str(value), &n) && n <= 1000000 && (r->conf.timeout = n, true)) ||
               bad_value("--timeout", value, "seconds, or 0 for no limit");
    case OPT_DIALECT:
        r->dialect = strcmp(value, "yara-x") == 0 ? GLC_DIALECT_YARA_X : GLC_DIALECT_YARA;
        return r->dialect == GLC_DIALECT_YARA_X || strcmp(value, "yara") == 0 ||
               bad_value("--dialect", value, "yara or yara-x");
    case OPT_PUA:
        r->pua = true;
        return true;
    case OPT_PID:
        if (!glc_num_u64(glc_span_str(value), &n) || n == 0 || n > INT32_MAX)
            return bad_value("--pid", value, "the number of a process");
        if (r->pids == LIST) {
            fprintf(stderr, "glacis scan: too many processes: use --all-processes\n");
            return false;
        }
        r->pid[r->pids++] = (pid_t)n;
        return true;
    case OPT_ALL_PROCESSES:
        r->all_processes = true;
        return true;
    case OPT_VERBOSE:
        r->verbose = true;
        return true;
    case OPT_QUIET:
        r->quiet = true;
        return true;
    case OPT_NO_JAIL:
        r->no_jail = true;
        return true;
    case OPTIONS:
        break;
    }
    return false;
}

/* GLC_EXIT_OK: go on; -1: help was printed; else the exit code. */
static int parse_args(struct run *r, int argc, char **argv)
{
    struct glc_args a;
    const char *value;
    int o;
    glc_args_init(&a, &usage, argc, argv);
    while ((o = glc_args_next(&a, &value)) != GLC_ARG_END) {
        if (o == GLC_ARG_HELP)
            return -1;
        if (o == GLC_ARG_OPERAND)
            r->path[r->paths++] = value;
        else if (o == GLC_ARG_ERROR || !take_option(r, (enum option)o, value))
            return GLC_EXIT_ERROR;
    }
    if (r->paths == 0 && r->pids == 0 && !r->all_processes) {
        fprintf(stderr, "glacis scan: no PATH\nTry 'glacis scan --help'.\n");
        return GLC_EXIT_ERROR;
    }
    for (unsigned i = 0; i < r->conf.excludes; i++)
        r->exclude[r->excludes++] = r->conf.exclude[i];
    return GLC_EXIT_OK;
}

static bool open_signatures(struct run *r, glc_signatures_sources *sources)
{
    struct glc_build_options bo = { .dialect = r->dialect, .define = r->define, .pua = r->pua };
    if (r->signatures == 0 && r->conf.signature_count != 0) {
        memcpy(r->signature, r->conf.signatures, r->conf.signature_count * sizeof *r->signature);
        r->signatures = r->conf.signature_count;
    }
    if (r->signatures == 0) {
        r->signature[0] = glc_signatures_starter();
        r->signatures = 1;
        if (r->signature[0] == NULL) {
            fprintf(stderr, "glacis scan: no signatures: name some by -s, or in the configuration\n");
            return false;
        }
    }
    if (glc_signatures_open(&r->sig, r->signature, r->signatures, &bo, sources) != GLC_OK)
        return false;
    if (glc_signatures_count(&r->sig) != 0)
        return true;
    fprintf(stderr,
            "glacis scan: there is no signature to judge by, so nothing would be found: name others by -s\n");
    glc_signatures_done(&r->sig);
    return false;
}

static unsigned processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n < 1 ? 1 : n > 64 ? 64 : (unsigned)n;
}

/* Files that are out keep their descriptors: raise the soft limit to what the hard one allows. */
static void more_descriptors(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
        l.rlim_cur = l.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &l);
    }
}

static int scan_all(struct run *r, char *worker)
{
    struct glc_pool_options po = {
        .program = worker,
        .workers = r->conf.jobs != 0 ? r->conf.jobs : processors(),
        .no_jail = r->no_jail,
        .scan = { .all = r->all, .strings = r->json || r->pids != 0 || r->all_processes },
        .timeout_s = r->conf.timeout,
        .image = r->sig.fd,
        .image_end = r->sig.end,
        .images = r->sig.fds,
        .segments = r->sig.n,
        .magic = glc_signatures_ask(&r->sig, GLC_MODULE_MAGIC),
        .define = r->sig.files != 0 ? r->define : NULL,
        .verdict = on_verdict,
        .ready = on_ready,
        .to = r,
    };
    struct glc_walk_options wo = { .exclude = r->exclude,
                                   .excludes = r->excludes,
                                   .one_file_system = r->conf.one_file_system };
    bool only_stdin = r->paths == 1 && strcmp(r->path[0], "-") == 0;
    r->pool = glc_pool_new(&po);
    struct glc_walk *w = glc_walk_new(&wo);
    if (r->pool == NULL || w == NULL) {
        fprintf(stderr, "glacis scan: out of memory\n");
        glc_walk_free(w);
        return GLC_EXIT_ERROR;
    }
    if (!r->quiet)
        r->progress = glc_progress_new(&wo, r->path, only_stdin ? 0 : r->paths);
    scan_processes(r);
    for (unsigned i = 0; i < r->paths && !interrupted && !r->failed; i++) {
        if (strcmp(r->path[i], "-") == 0)
            scan_stdin(r);
        else
            scan_path(r, w, r->path[i]);
    }
    while (glc_pool_pending(r->pool) != 0 && step(r, true, 100))
        ;
    glc_progress_free(r->progress);
    r->progress = NULL;
    glc_walk_free(w);
    if (r->failed)
        return GLC_EXIT_ERROR;
    if (!r->quiet)
        summary(r);
    if (interrupted)
        return GLC_EXIT_INTERRUPTED;
    return r->count.found != 0                               ? GLC_EXIT_FOUND
           : r->count.unscanned != 0 || r->count.errors != 0 ? GLC_EXIT_ERROR
                                                             : GLC_EXIT_OK;
}

/* Who reads a pipe of ours is not woken for every 4 KiB; what was said waits no longer than FLUSH_NS. */
static void buffer_output(void)
{
    char *room = isatty(STDOUT_FILENO) ? NULL : malloc(OUT_ROOM);
    if (room != NULL && setvbuf(stdout, room, _IOFBF, OUT_ROOM) != 0)
        free(room);
}

static void set_signals(void)
{
    struct sigaction sa = { .sa_handler = on_signal };
    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
}

int glc_scan_command(int argc, char **argv, glc_signatures_sources *sources)
{
    glc_heap_prepare(HEAP);
    struct run *r = calloc(1, sizeof *r);
    int code = GLC_EXIT_ERROR;
    char *worker = NULL;
    if (r == NULL || (r->path = calloc((size_t)argc, sizeof *r->path)) == NULL)
        goto out;
    r->began = glc_clock_ns();
    r->colour = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
    glc_buf_init(&r->line, (size_t)1 << 30);
    if (glc_conf_load(&r->conf) != GLC_OK)
        goto out;
    code = parse_args(r, argc, argv);
    if (code != GLC_EXIT_OK) {
        code = code < 0 ? GLC_EXIT_OK : code;
        goto out;
    }
    code = GLC_EXIT_ERROR;
    worker = glc_beside_program("glacis-worker");
    if (worker == NULL)
        fprintf(stderr, "glacis scan: glacis-worker is not installed beside glacis\n");
    if (worker == NULL || !open_signatures(r, sources))
        goto out;
    if (r->no_jail)
        fprintf(stderr,
                "glacis: WARNING: --no-jail: hostile files are read by a process that may do what you may. "
                "For debugging only.\n");
    more_descriptors();
    set_signals();
    buffer_output();
    code = scan_all(r, worker);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "glacis: standard output: %s\n", strerror(errno));
        code = GLC_EXIT_ERROR;
    }
out:
    if (r != NULL) {
        glc_pool_free(r->pool);
        glc_signatures_done(&r->sig);
        glc_conf_done(&r->conf);
        glc_buf_done(&r->line);
        while (r->vacant != NULL) {
            struct slot *s = r->vacant;
            r->vacant = s->next;
            free(s->path);
            free(s);
        }
        free(r->path);
    }
    free(r);
    free(worker);
    return code;
}
