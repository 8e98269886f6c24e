/* glacis bench rules: what each rule costs on a corpus, so that an author sees which to mend. Files are read
 * by jailed workers, as in a scan; they send their counts along with their verdicts. */
#include "base/file.h"
#include "base/num.h"
#include "cli/args.h"
#include "cli/beside.h"
#include "cli/cli.h"
#include "cli/show.h"
#include "cli/sources.h"
#include "cli/walk.h"
#include "wire/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum option { OPT_DEFINE, OPT_DIALECT, OPT_JSON, OPT_JOBS, OPT_TOP, OPT_SORT, OPT_NO_JAIL, OPTIONS };

static const struct glc_opt options[OPTIONS] = {
    [OPT_DEFINE] = { "define", 'd', "NAME=VALUE", "give an external variable a value" },
    [OPT_DIALECT] = { "dialect", 0, "yara|yara-x", "how YARA sources are read" },
    [OPT_JSON] = { "json", 0, NULL, "one JSON object a line for every rule that cost anything" },
    [OPT_JOBS] = { "jobs", 'j', "N", "workers; default: 1, so that times do not disturb each other" },
    [OPT_TOP] = { "top", 'n', "N", "rules to show; 0: all that cost anything; default: 40, all as JSON" },
    [OPT_SORT] = { "sort", 0, "time|candidates|judged", "by what they are sorted; default: time" },
    [OPT_NO_JAIL] = { "no-jail", 0, NULL, "do not jail the workers: for debugging only" },
};

static const struct glc_usage usage = {
    .command = "glacis bench rules",
    .operands = "IMAGE|SOURCE PATH...",
    .about =
        "Scan files and folders, and show what each rule cost: candidates (places where a part of one of "
        "its\n"
        "strings stood and was compared), those that held, how often its condition was judged, and the time\n"
        "that took, the search for its other strings included. The one walk for all rules is not divided.\n"
        "Exit code: 0, or 2 for an error.",
    .opt = options,
    .opts = OPTIONS,
};

enum { LIST = 64, ROWS = 40 };

struct row {
    uint32_t image, rule;
    struct glc_rule_cost cost;
};

struct run {
    const char *define[LIST + 1];
    unsigned defines;
    const char **path;
    unsigned paths, jobs, top;
    bool top_set, json, no_jail;
    enum glc_dialect dialect;
    enum { BY_TIME, BY_CANDIDATES, BY_JUDGED } sort;

    struct glc_signatures sig;
    struct glc_rule_cost **cost; /* of each image, by rule */
    uint32_t *rules;             /* of each image */
    uint64_t files, bytes, unscanned, errors;
    bool failed;
};

static void on_costs(void *to, uint32_t image, uint32_t rule, const struct glc_rule_cost *cost)
{
    struct run *r = to;
    if (image >= r->sig.n || rule >= r->rules[image])
        return;
    struct glc_rule_cost *sum = &r->cost[image][rule];
    sum->candidates += cost->candidates;
    sum->confirmed += cost->confirmed;
    sum->judged += cost->judged;
    sum->ns += cost->ns;
}

static void on_verdict(void *to, void *tag, const struct glc_result *res)
{
    struct run *r = to;
    (void)tag;
    r->files++;
    r->bytes += res->scanned;
    r->unscanned += res->verdict == GLC_UNSCANNED;
}

static bool step(struct run *r, struct glc_pool *pool, bool drain)
{
    const char *why = NULL;
    if (glc_pool_step(pool, drain, 100, &why) != GLC_OK) {
        fprintf(stderr, "glacis bench: no worker: %s\n", why);
        r->failed = true;
    }
    return !r->failed;
}

static void scan_path(struct run *r, struct glc_pool *pool, struct glc_walk *w, const char *path)
{
    struct glc_walk_entry e;
    glc_walk_start(w, path);
    for (glc_walk_next(w, &e); e.kind != GLC_WALK_END && !r->failed; glc_walk_next(w, &e)) {
        if (e.kind == GLC_WALK_FILE) {
            while (!glc_pool_room(pool) && step(r, pool, false))
                ;
            glc_pool_add(pool, e.fd, e.size, r);
        } else if (e.kind == GLC_WALK_ERROR) {
            r->errors++;
            fputs("glacis: ", stderr);
            glc_show_bytes(stderr, glc_span(e.path, e.path_len));
            fprintf(stderr, ": %s\n", e.why != NULL ? e.why : strerror(e.error));
        }
    }
}

static bool scan_all(struct run *r, const char *worker)
{
    struct glc_pool_options po = {
        .program = worker,
        .workers = r->jobs,
        .no_jail = r->no_jail,
        .scan = { .all = true, .costs = true },
        .image = r->sig.fd,
        .image_end = r->sig.end,
        .images = r->sig.fds,
        .segments = r->sig.n,
        .magic = glc_signatures_ask(&r->sig, GLC_MODULE_MAGIC),
        .define = r->sig.files != 0 ? r->define : NULL,
        .verdict = on_verdict,
        .costs = on_costs,
        .to = r,
    };
    struct glc_walk_options wo = { 0 };
    struct glc_pool *pool = glc_pool_new(&po);
    struct glc_walk *w = glc_walk_new(&wo);
    r->failed = pool == NULL || w == NULL;
    for (unsigned i = 0; i < r->paths && !r->failed; i++)
        scan_path(r, pool, w, r->path[i]);
    while (!r->failed && glc_pool_pending(pool) != 0 && step(r, pool, true))
        ;
    glc_walk_free(w);
    glc_pool_free(pool);
    return !r->failed;
}

static uint64_t rank(const struct glc_rule_cost *c, int sort)
{
    return sort == BY_TIME ? c->ns : sort == BY_CANDIDATES ? c->candidates : c->judged;
}

/* By what was asked for, then by the rest, then as in the image. */
#define BY(name, sort)                                                                                       \
    static int name(const void *x, const void *y)                                                            \
    {                                                                                                        \
        const struct row *a = x, *b = y;                                                                     \
        uint64_t m = rank(&a->cost, sort), n = rank(&b->cost, sort);                                         \
        if (m == n && a->cost.candidates != b->cost.candidates)                                              \
            m = a->cost.candidates, n = b->cost.candidates;                                                  \
        if (m != n)                                                                                          \
            return m < n ? 1 : -1;                                                                           \
        return a->image != b->image ? (a->image > b->image) - (a->image < b->image)                          \
                                    : (a->rule > b->rule) - (a->rule < b->rule);                             \
    }
BY(by_time, BY_TIME)
BY(by_candidates, BY_CANDIDATES)
BY(by_judged, BY_JUDGED)

static void show_json(const struct run *r, const struct row *row, const struct glc_rule_info *info)
{
    struct glc_buf b;
    struct glc_json j;
    glc_buf_init(&b, 1 << 20);
    glc_json_init(&j, &b);
    glc_json_object(&j);
    glc_json_bytes(&j, "rule", info->name);
    glc_json_bytes(&j, "namespace", info->space);
    glc_json_bytes(&j, "file", info->file);
    glc_json_key(&j, "line");
    glc_json_uint(&j, info->line);
    const struct {
        const char *key;
        uint64_t value;
    } counts[] = { { "candidates", row->cost.candidates }, { "confirmed", row->cost.confirmed },
                   { "judged", row->cost.judged },         { "ns", row->cost.ns },
                   { "corpus_files", r->files },           { "corpus_bytes", r->bytes } };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        glc_json_key(&j, counts[i].key);
        glc_json_uint(&j, counts[i].value);
    }
    glc_json_object_end(&j);
    fwrite(b.ptr, 1, b.len, stdout);
    fputc('\n', stdout);
    glc_buf_done(&b);
}

static void show_line(const struct row *row, const struct glc_rule_info *info, uint64_t all_ns)
{
    printf("%10.3f %5.1f %11llu %11llu %9llu  ", (double)row->cost.ns / 1e6,
           all_ns == 0 ? 0 : (double)row->cost.ns * 100 / (double)all_ns,
           (unsigned long long)row->cost.candidates, (unsigned long long)row->cost.confirmed,
           (unsigned long long)row->cost.judged);
    glc_show_bytes(stdout, info->name);
    if (info->file.len != 0) {
        fputs("  ", stdout);
        glc_show_bytes(stdout, info->file);
        printf(":%u", info->line);
    }
    fputc('\n', stdout);
}

static void show(const struct run *r, struct row *row, size_t n)
{
    uint64_t ns = 0, candidates = 0, judged = 0;
    char size[16];
    for (size_t i = 0; i < n; i++) {
        ns += row[i].cost.ns;
        candidates += row[i].cost.candidates;
        judged += row[i].cost.judged;
    }
    qsort(row, n, sizeof *row,
          r->sort == BY_TIME     ? by_time
          : r->sort == BY_JUDGED ? by_judged
                                 : by_candidates);
    size_t most = r->top_set ? r->top : r->json ? 0 : ROWS;
    if (!r->json)
        printf("   time ms     %%  candidates   confirmed    judged  rule\n");
    for (size_t i = 0; i < n && (most == 0 || i < most); i++) {
        struct glc_rule_info info;
        if (glc_image_rule(r->sig.image[row[i].image], row[i].rule, &info) != GLC_OK)
            continue;
        if (r->json)
            show_json(r, &row[i], &info);
        else
            show_line(&row[i], &info, ns);
    }
    glc_show_size(size, r->bytes);
    fprintf(
        r->json ? stderr : stdout,
        "%zu rules cost something: %llu candidates, %llu conditions in %.3f s; %llu files, %s of layers\n", n,
        (unsigned long long)candidates, (unsigned long long)judged, (double)ns / 1e9,
        (unsigned long long)r->files, size);
    if (r->unscanned != 0)
        fprintf(stderr, "glacis bench: %llu files were not scanned whole\n",
                (unsigned long long)r->unscanned);
}

static bool show_all(struct run *r)
{
    size_t n = 0, rules = 0;
    for (uint32_t i = 0; i < r->sig.n; i++)
        rules += r->rules[i];
    struct row *row = calloc(rules + 1, sizeof *row);
    if (row == NULL)
        return false;
    for (uint32_t i = 0; i < r->sig.n; i++)
        for (uint32_t k = 0; k < r->rules[i]; k++)
            if ((r->cost[i][k].candidates | r->cost[i][k].judged) != 0)
                row[n++] = (struct row){ i, k, r->cost[i][k] };
    show(r, row, n);
    free(row);
    return true;
}

static bool bad_value(const char *option, const char *value, const char *expected)
{
    fprintf(stderr, "glacis bench: %s %s: expected %s\n", option, value, expected);
    return false;
}

static bool take_option(struct run *r, enum option o, const char *value)
{
    uint64_t n = 0;
    switch (o) {
    case OPT_DEFINE:
        if (r->defines == LIST)
            return bad_value("-d", value, "fewer of them");
        r->define[r->defines++] = value;
        return true;
    case OPT_DIALECT:
        r->dialect = strcmp(value, "yara-x") == 0 ? GLC_DIALECT_YARA_X : GLC_DIALECT_YARA;
        return r->dialect == GLC_DIALECT_YARA_X || strcmp(value, "yara") == 0 ||
               bad_value("--dialect", value, "yara or yara-x");
    case OPT_JSON:
        r->json = true;
        return true;
    case OPT_JOBS:
        if (!glc_num_u64(glc_span_str(value), &n) || n == 0 || n > 1024)
            return bad_value("-j", value, "a number from 1 to 1024");
        r->jobs = (unsigned)n;
        return true;
    case OPT_TOP:
        if (!glc_num_u64(glc_span_str(value), &n) || n > UINT32_MAX)
            return bad_value("--top", value, "a number");
        r->top = (unsigned)n;
        r->top_set = true;
        return true;
    case OPT_SORT:
        r->sort = strcmp(value, "candidates") == 0 ? BY_CANDIDATES
                  : strcmp(value, "judged") == 0   ? BY_JUDGED
                                                   : BY_TIME;
        return r->sort != BY_TIME || strcmp(value, "time") == 0 ||
               bad_value("--sort", value, "time, candidates or judged");
    case OPT_NO_JAIL:
        r->no_jail = true;
        return true;
    case OPTIONS:
        break;
    }
    return false;
}

/* GLC_EXIT_OK: go on; -1: help was printed; else the exit code. The first operand is the image. */
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
    if (r->paths < 2) {
        fprintf(stderr, "glacis bench: no %s\nTry 'glacis bench rules --help'.\n",
                r->paths == 0 ? "IMAGE" : "PATH of files to scan");
        return GLC_EXIT_ERROR;
    }
    return GLC_EXIT_OK;
}

static bool room_for_costs(struct run *r)
{
    r->cost = calloc((size_t)r->sig.n + 1, sizeof(struct glc_rule_cost *));
    r->rules = calloc((size_t)r->sig.n + 1, sizeof *r->rules);
    bool ok = r->cost != NULL && r->rules != NULL;
    for (uint32_t i = 0; ok && i < r->sig.n; i++) {
        struct glc_image_stats st;
        glc_image_stats(r->sig.image[i], &st);
        r->cost[i] = calloc((size_t)st.rules + 1, sizeof **r->cost);
        ok = r->cost[i] != NULL;
        r->rules[i] = ok ? st.rules : 0;
    }
    return ok;
}

static int bench_rules(struct run *r, int argc, char **argv)
{
    int code = parse_args(r, argc, argv);
    if (code != GLC_EXIT_OK)
        return code < 0 ? GLC_EXIT_OK : code;
    struct glc_build_options bo = { .dialect = r->dialect, .define = r->define };
    char *worker = glc_beside_program("glacis-worker");
    code = GLC_EXIT_ERROR;
    if (worker == NULL)
        fprintf(stderr, "glacis bench: glacis-worker is not installed beside glacis\n");
    if (worker != NULL && glc_signatures_open(&r->sig, r->path, 1, &bo, glc_sources_add) == GLC_OK) {
        if (r->no_jail)
            fprintf(stderr, "glacis: WARNING: --no-jail: the workers are not jailed. For debugging only.\n");
        r->path++;
        r->paths--;
        if (!room_for_costs(r))
            fprintf(stderr, "glacis bench: out of memory\n");
        else if (scan_all(r, worker) && show_all(r) && fflush(stdout) == 0 && r->errors == 0)
            code = GLC_EXIT_OK;
        r->path--;
        for (uint32_t i = 0; r->cost != NULL && i < r->sig.n; i++)
            free(r->cost[i]);
        free(r->cost);
        free(r->rules);
        glc_signatures_done(&r->sig);
    }
    free(worker);
    return code;
}

int glc_cmd_bench(int argc, char **argv)
{
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        glc_usage_print(stdout, &usage);
        return GLC_EXIT_OK;
    }
    if (argc < 2 || strcmp(argv[1], "rules") != 0) {
        fprintf(stderr, "glacis bench: what is to be measured? There is: rules\n"
                        "Try 'glacis bench rules --help'.\n");
        return GLC_EXIT_ERROR;
    }
    struct run r = { .jobs = 1, .path = calloc((size_t)argc, sizeof *r.path) };
    int code = r.path == NULL ? GLC_EXIT_ERROR : bench_rules(&r, argc - 1, argv + 1);
    free(r.path);
    return code;
}
