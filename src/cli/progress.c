/* Draws from two counters, files and bytes done, against the same two of a second walk that counts ahead in a
 * thread of its own (on a terminal only: elsewhere nobody looks at the time that is left). */
#define _GNU_SOURCE
#include "cli/progress.h"

#include "base/file.h"
#include "cli/show.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { REDRAW_MS = 100, PLAIN_MS = 10000 };

struct glc_progress {
    bool tty, colour, drawn;
    uint64_t began, last;
    struct glc_walk_options walk;
    const char *const *total;
    unsigned totals;
    pthread_t thread;
    bool counting;
    _Atomic bool stop, counted;
    _Atomic uint64_t files, bytes;
};

static void *count(void *arg)
{
    struct glc_progress *p = arg;
    struct glc_walk *w = glc_walk_new(&p->walk);
    for (unsigned i = 0; w != NULL && i < p->totals; i++) {
        struct glc_walk_entry e = { .kind = GLC_WALK_FILE };
        glc_walk_start(w, p->total[i]);
        while (e.kind != GLC_WALK_END && !atomic_load(&p->stop)) {
            glc_walk_next(w, &e);
            if (e.kind == GLC_WALK_FILE) {
                atomic_fetch_add(&p->files, 1);
                atomic_fetch_add(&p->bytes, e.size);
            }
        }
    }
    if (w != NULL && !atomic_load(&p->stop))
        atomic_store(&p->counted, true);
    glc_walk_free(w);
    return NULL;
}

struct glc_progress *glc_progress_new(const struct glc_walk_options *walk, const char *const *total,
                                      unsigned totals)
{
    struct glc_progress *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    const char *term = getenv("TERM");
    p->tty = isatty(STDERR_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
    p->colour = p->tty && getenv("NO_COLOR") == NULL;
    p->began = p->last = glc_clock_ns();
    p->walk = *walk;
    p->walk.count_only = true;
    p->total = total;
    p->totals = totals;
    p->counting = p->tty && totals != 0 && pthread_create(&p->thread, NULL, count, p) == 0;
    return p;
}

void glc_progress_clear(struct glc_progress *p)
{
    if (p == NULL || !p->drawn)
        return;
    fputs("\r\033[K", stderr);
    p->drawn = false;
}

void glc_progress_free(struct glc_progress *p)
{
    if (p == NULL)
        return;
    glc_progress_clear(p);
    if (p->counting) {
        atomic_store(&p->stop, true);
        pthread_join(p->thread, NULL);
    }
    free(p);
}

static void show_time(char out[24], double s)
{
    uint64_t t = s < 0 ? 0 : (uint64_t)(s + 0.5);
    if (t >= 3600)
        (void)snprintf(out, 24, "%llu:%02u:%02u", (unsigned long long)(t / 3600), (unsigned)(t / 60 % 60),
                       (unsigned)(t % 60));
    else
        (void)snprintf(out, 24, "%u:%02u", (unsigned)(t / 60), (unsigned)(t % 60));
}

/* What is left, by whichever of bytes and files is further behind; negative: not known yet. */
static double time_left(const struct glc_progress *p, const struct glc_counts *c, double elapsed)
{
    uint64_t files = atomic_load(&p->files), bytes = atomic_load(&p->bytes);
    if (!atomic_load(&p->counted) || elapsed < 0.5 || c->files == 0 || c->files > files)
        return -1;
    double by_files = (double)(files - c->files) / (double)c->files;
    double by_bytes = c->bytes == 0 || c->bytes > bytes ? 0 : (double)(bytes - c->bytes) / (double)c->bytes;
    return elapsed * (by_files > by_bytes ? by_files : by_bytes);
}

/* Parts in order of importance: what does not fit into the terminal is left out, whole. */
static void draw(struct glc_progress *p, const struct glc_counts *c, uint64_t now)
{
    double elapsed = (double)(now - p->began) / 1e9;
    char size[16], rate[16], time[24], part[6][64];
    unsigned n = 0;
    glc_show_size(size, c->bytes);
    glc_show_size(rate, elapsed > 0 ? (uint64_t)((double)c->bytes / elapsed) : 0);
    double left = time_left(p, c, elapsed);
    (void)snprintf(part[n++], 64, "%llu files", (unsigned long long)c->files);
    (void)snprintf(part[n++], 64, "%llu found", (unsigned long long)c->found);
    (void)snprintf(part[n++], 64, "%s", size);
    (void)snprintf(part[n++], 64, "%s/s", rate);
    show_time(time, left >= 0 ? left : elapsed);
    (void)snprintf(part[n++], 64, left >= 0 ? "%s left" : "%s", time);
    if (c->unscanned != 0)
        (void)snprintf(part[n++], 64, "%llu unscanned", (unsigned long long)c->unscanned);
    struct winsize ws = { 0 };
    size_t width = 80, used = 0;
    if (p->tty && ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col != 0)
        width = ws.ws_col;
    if (p->tty)
        fputs("\r\033[K", stderr);
    for (unsigned i = 0; i < n; i++) {
        size_t need = strlen(part[i]) + (i != 0 ? 2 : 0);
        if (p->tty && used + need >= width)
            break;
        bool red = p->colour && i == 1 && c->found != 0;
        fprintf(stderr, "%s%s%s%s", i != 0 ? "  " : "", red ? "\033[1;31m" : "", part[i],
                red ? "\033[0m" : "");
        used += need;
    }
    if (!p->tty)
        fputc('\n', stderr);
    p->drawn = p->tty;
    fflush(stderr);
}

void glc_progress_show(struct glc_progress *p, const struct glc_counts *c)
{
    if (p == NULL)
        return;
    uint64_t now = glc_clock_ns();
    if (now - p->last < (uint64_t)(p->tty ? REDRAW_MS : PLAIN_MS) * 1000000u)
        return;
    p->last = now;
    draw(p, c, now);
}
