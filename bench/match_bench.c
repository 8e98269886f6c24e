/* How fast the matcher alone is: maps an image and files, judges every file, and says MB/s.
 *
 *   match_bench [-c CLASS] [-z] [-n ROUNDS] [-s] [-p PATH] [-r] [-v] IMAGE FILE…
 *
 *   FILE `-`  names on standard input
 *   -c CLASS  judge everything as that class ("pe"); without, by a guess (elf, text, data)
 *   -z        copy each file and write `MZ` over its first bytes: rules that demand it are not spared
 *   -s        scalar paths only
 *   -p PATH   the path of this name: plain, sse4.2, avx2, avx512, neon
 *   -r        cost of each rule
 *   -v        what was found, and the files that were slow
 *
 * No layer is unpacked, no format is parsed: there is no entry point and no section. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "format/format.h"
#include "match/match.h"

struct input {
    char *path;
    struct glc_map map;
    uint8_t *copy;
    enum glc_class cls;
};

struct options {
    int cls; /* -1: guess */
    bool mz, verbose;
    unsigned rounds;
    struct glc_match_options match;
};

/* Processor time of this thread: others on the machine do not count. */
static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static enum glc_class guess(struct glc_span s)
{
    if (s.len >= 4 && memcmp(s.ptr, "\177ELF", 4) == 0)
        return GLC_CLASS_ELF;
    for (size_t i = 0; i < s.len && i < 512; i++)
        if (s.ptr[i] == 0)
            return GLC_CLASS_DATA;
    return GLC_CLASS_TEXT;
}

static bool take(struct input *in, const char *path, const struct options *o)
{
    if (glc_map_path(path, &in->map) != GLC_OK || in->map.bytes.len == 0)
        return false;
    in->path = strdup(path);
    in->cls = o->cls >= 0 ? (enum glc_class)o->cls : guess(in->map.bytes);
    if (o->mz && (in->copy = malloc(in->map.bytes.len + 2)) != NULL) {
        memcpy(in->copy, in->map.bytes.ptr, in->map.bytes.len);
        memcpy(in->copy, "MZ", in->map.bytes.len < 2 ? in->map.bytes.len : 2);
    }
    /* Fault the pages in. */
    uint64_t sum = 0;
    for (size_t i = 0; i < in->map.bytes.len; i += 4096)
        sum += in->map.bytes.ptr[i];
    return sum != UINT64_MAX;
}

static uint64_t judge(struct glc_matcher *m, const struct input *in, const struct options *o,
                      const struct glc_image *img, struct glc_arena *arena, bool say)
{
    struct glc_layer layer = {
        .data = in->map.bytes, .cls = in->cls, .arena = arena, .modules = glc_format_modules()
    };
    layer.facts.entry = GLC_NO_OFFSET;
    layer.facts.version_info = GLC_NO_OFFSET;
    if (in->copy != NULL)
        layer.data.ptr = in->copy;
    uint64_t began = cpu_ns();
    enum glc_err e = glc_match(m, &layer);
    uint64_t ns = cpu_ns() - began;
    if (o->verbose && say) {
        uint32_t n;
        const uint32_t *found = glc_matcher_found(m, &n);
        if (e != GLC_OK)
            printf("%s: %s (%.*s)\n", in->path, glc_err_name(e), (int)glc_matcher_blame(m).len,
                   (const char *)glc_matcher_blame(m).ptr);
        for (uint32_t i = 0; i < n; i++) {
            struct glc_rule_info info;
            if (glc_image_rule(img, found[i], &info) == GLC_OK)
                printf("%s: %.*s\n", in->path, (int)info.name.len, (const char *)info.name.ptr);
        }
        if (ns > 4 * layer.data.len + 20000)
            printf("%s: %zu bytes, %.0f us, %.0f MB/s\n", in->path, layer.data.len, (double)ns / 1e3,
                   (double)layer.data.len * 1e3 / (double)ns);
    }
    glc_arena_reset(arena);
    return ns;
}

static const struct glc_rule_cost *costs;

static int by_time(const void *a, const void *b)
{
    uint64_t x = costs[*(const uint32_t *)a].ns, y = costs[*(const uint32_t *)b].ns;
    return x < y ? 1 : x > y ? -1 : 0;
}

static void show_costs(const struct glc_matcher *m, const struct glc_image *img)
{
    uint32_t n, *order;
    uint64_t ns = 0, candidates = 0, judged = 0;
    costs = glc_matcher_costs(m, &n);
    if (costs == NULL || (order = calloc((size_t)n + 1, sizeof *order)) == NULL)
        return;
    for (uint32_t i = 0; i < n; i++) {
        order[i] = i;
        ns += costs[i].ns;
        candidates += costs[i].candidates;
        judged += costs[i].judged;
    }
    qsort(order, n, sizeof *order, by_time);
    printf("%.1f ms in %" PRIu64 " conditions, %" PRIu64 " candidates\n", (double)ns / 1e6, judged,
           candidates);
    for (uint32_t i = 0; i < n && i < 40; i++) {
        const struct glc_rule_cost *c = &costs[order[i]];
        struct glc_rule_info info;
        if (glc_image_rule(img, order[i], &info) == GLC_OK)
            printf("%10.3f ms %8" PRIu64 " judged %8" PRIu64 " candidates %8" PRIu64 " confirmed  %.*s\n",
                   (double)c->ns / 1e6, c->judged, c->candidates, c->confirmed, (int)info.name.len,
                   (const char *)info.name.ptr);
    }
    free(order);
}

static int run(const char *image, struct input *in, size_t n, const struct options *o)
{
    struct glc_map map;
    struct glc_image *img;
    struct glc_error err = { 0 };
    if (glc_map_path(image, &map) != GLC_OK ||
        glc_image_open(map.bytes, glc_format_modules(), &img, &err) != GLC_OK) {
        fprintf(stderr, "match_bench: %s: %s\n", image, err.msg != NULL ? err.msg : "cannot be mapped");
        return 2;
    }
    struct glc_matcher *m = glc_matcher_new(img, &o->match);
    if (m == NULL)
        return 2;
    struct glc_arena arena;
    glc_arena_init(&arena, (size_t)1 << 32);
    uint64_t bytes = 0, best = UINT64_MAX;
    for (size_t i = 0; i < n; i++)
        bytes += in[i].map.bytes.len;
    for (unsigned r = 0; r < o->rounds; r++) {
        uint64_t ns = 0;
        for (size_t i = 0; i < n; i++)
            ns += judge(m, &in[i], o, img, &arena, r == 0);
        best = ns < best ? ns : best;
        printf("round %u: %zu files, %.1f MB, %.1f ms, %.0f MB/s\n", r + 1, n, (double)bytes / 1e6,
               (double)ns / 1e6, (double)bytes * 1e3 / (double)ns);
    }
    printf("best: %.0f MB/s\n", (double)bytes * 1e3 / (double)best);
    show_costs(m, img);
    glc_matcher_free(m);
    glc_image_free(img);
    glc_arena_done(&arena);
    return 0;
}

static int class_of(const char *name)
{
    for (int c = 0; c < GLC_CLASSES; c++)
        if (strcmp(glc_class_name((enum glc_class)c), name) == 0)
            return c;
    return -1;
}

static enum glc_simd path_of(const char *name)
{
    for (int p = 0; p < GLC_SIMDS; p++)
        if (strcmp(glc_simd_name((enum glc_simd)p), name) == 0)
            return (enum glc_simd)p;
    return GLC_SIMDS; /* no path */
}

int main(int argc, char **argv)
{
    struct options o = { .cls = -1, .rounds = 3, .match = { .all = true } };
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1] != 0; i++) {
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            o.cls = class_of(argv[++i]);
        else if (strcmp(argv[i], "-n") == 0 && i + 1 < argc)
            o.rounds = (unsigned)atoi(argv[++i]);
        else if (strcmp(argv[i], "-z") == 0)
            o.mz = true;
        else if (strcmp(argv[i], "-s") == 0)
            o.match.no_simd = true;
        else if (strcmp(argv[i], "-p") == 0 && i + 1 < argc)
            o.match.simd = path_of(argv[++i]);
        else if (strcmp(argv[i], "-r") == 0)
            o.match.costs = true;
        else if (strcmp(argv[i], "-v") == 0)
            o.verbose = true;
    }
    if (argc - i < 2 || (o.match.simd != GLC_SIMD_BEST && !glc_simd_has(o.match.simd))) {
        fprintf(stderr,
                "usage: match_bench [-c CLASS] [-z] [-n ROUNDS] [-s] [-p PATH] [-r] [-v] IMAGE FILE…\n");
        return 2;
    }
    const char *image = argv[i++];
    static struct input in[65536];
    size_t n = 0;
    char line[4096];
    for (; i < argc && n < 65536; i++) {
        if (strcmp(argv[i], "-") != 0) {
            n += take(&in[n], argv[i], &o);
            continue;
        }
        while (n < 65536 && fgets(line, sizeof line, stdin) != NULL) {
            line[strcspn(line, "\n")] = 0;
            n += take(&in[n], line, &o);
        }
    }
    return n == 0 ? 2 : run(image, in, n, &o);
}
