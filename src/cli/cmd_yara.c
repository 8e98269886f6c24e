/* glacis yara: answers as `yara` 4.2.3 does (output, exit codes), for scripts that call it. What `yara`
 * prints was learnt from its manual and from running it. As there, only the file itself is judged and nothing
 * unpacked from it. */
#define _GNU_SOURCE
#include "base/num.h"
#include "cli/args.h"
#include "cli/beside.h"
#include "cli/cli.h"
#include "cli/process.h"
#include "cli/show.h"
#include "cli/sources.h"
#include "cli/walk.h"
#include "format/format.h"
#include "wire/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum option {
    OPT_ATOMS,
    OPT_COMPILED,
    OPT_COUNT,
    OPT_DEFINE,
    OPT_NO_CONSOLE,
    OPT_FAIL,
    OPT_FAST,
    OPT_ID,
    OPT_CHUNK,
    OPT_MAX_RULES,
    OPT_MAX_STRINGS,
    OPT_MODULE_DATA,
    OPT_MODULE_NAMES,
    OPT_NEGATE,
    OPT_NO_LINKS,
    OPT_NO_WARNINGS,
    OPT_META,
    OPT_PRINT_MODULE,
    OPT_NAMESPACE,
    OPT_STATS,
    OPT_STRINGS,
    OPT_LENGTH,
    OPT_XOR,
    OPT_TAGS,
    OPT_RECURSIVE,
    OPT_LIST,
    OPT_SKIP_LARGER,
    OPT_STACK,
    OPT_STRICT,
    OPT_TAG,
    OPT_THREADS,
    OPT_TIMEOUT,
    OPT_VERSION,
    OPTIONS
};

enum { THREADS = 32, SHOWN = 512 /* bytes of a match that are printed */ };

static const struct glc_opt options[OPTIONS] = {
    [OPT_ATOMS] = { "atom-quality-table", 0, "FILE", "taken and not needed" },
    [OPT_COMPILED] = { "compiled-rules", 'C', NULL, "RULES is an image of glacis compile" },
    [OPT_COUNT] = { "count", 'c', NULL, "print only number of matches" },
    [OPT_DEFINE] = { "define", 'd', "VAR=VALUE", "define external variable" },
    [OPT_NO_CONSOLE] = { "disable-console-logs", 'q', NULL, "do not print what console.log() says" },
    [OPT_FAIL] = { "fail-on-warnings", 0, NULL, "fail on warnings" },
    [OPT_FAST] = { "fast-scan", 'f', NULL, "print only the first place of a string" },
    [OPT_ID] = { "identifier", 'i', "IDENTIFIER", "print only rules named IDENTIFIER; several times" },
    [OPT_CHUNK] = { "max-process-memory-chunk", 0, "NUMBER", "taken and not needed" },
    [OPT_MAX_RULES] = { "max-rules", 'l', "NUMBER", "after this many rules in all, stop each file" },
    [OPT_MAX_STRINGS] = { "max-strings-per-rule", 0, "NUMBER",
                          "refuse rules with more strings; default: no limit" },
    [OPT_MODULE_DATA] = { "module-data", 'x', "MODULE=FILE", "data for MODULE: cuckoo takes a report" },
    [OPT_MODULE_NAMES] = { "module-names", 'M', NULL, "show the modules' names" },
    [OPT_NEGATE] = { "negate", 'n', NULL, "print only not satisfied rules" },
    [OPT_NO_LINKS] = { "no-follow-symlinks", 'N', NULL, "do not follow symlinks when scanning" },
    [OPT_NO_WARNINGS] = { "no-warnings", 'w', NULL, "disable warnings" },
    [OPT_META] = { "print-meta", 'm', NULL, "print metadata" },
    [OPT_PRINT_MODULE] = { "print-module-data", 'D', NULL, "not supported: see glacis dump --module" },
    [OPT_NAMESPACE] = { "print-namespace", 'e', NULL, "print rules' namespace" },
    [OPT_STATS] = { "print-stats", 'S', NULL, "print rules' statistics" },
    [OPT_STRINGS] = { "print-strings", 's', NULL, "print matching strings" },
    [OPT_LENGTH] = { "print-string-length", 'L', NULL, "print length of matched strings" },
    [OPT_XOR] = { "print-xor-key", 'X', NULL, "print xor key and plaintext of matched strings" },
    [OPT_TAGS] = { "print-tags", 'g', NULL, "print tags" },
    [OPT_RECURSIVE] = { "recursive", 'r', NULL, "recursively search directories" },
    [OPT_LIST] = { "scan-list", 0, NULL, "scan files listed in FILE, one per line" },
    [OPT_SKIP_LARGER] = { "skip-larger", 'z', "NUMBER", "skip larger files when scanning a directory" },
    [OPT_STACK] = { "stack-size", 'k', "SLOTS", "taken and not needed" },
    [OPT_STRICT] = { "strict-escape", 'E', NULL, "warn of unknown escape sequences" },
    [OPT_TAG] = { "tag", 't', "TAG", "print only rules tagged as TAG; several times" },
    [OPT_THREADS] = { "threads", 'p', "NUMBER", "this many workers" },
    [OPT_TIMEOUT] = { "timeout", 'a', "SECONDS", "abort scanning a file after this many seconds" },
    [OPT_VERSION] = { "version", 'v', NULL, "show version information" },
};

static const struct glc_usage usage = {
    .command = "glacis yara",
    .operands = "[NAMESPACE:]RULES... FILE|DIR|PID",
    .about = "Scan as yara(1) does and print what it prints. Exit code: 0, or 1 on an error.",
    .opt = options,
    .opts = OPTIONS,
};

struct run {
    bool compiled, stats, fast, count, negate, no_links, meta, space, strings, length, xors, tags, recursive,
        list, fail_on_warnings, no_console;
    const char **id, **tag; /* each ended by NULL; none: all */
    unsigned ids, tags_wanted;
    const char *cuckoo; /* path of a report */
    uint64_t max_rules, skip_larger, workers, timeout;
    uint64_t matched; /* rules of all files so far: max_rules is of those */
    struct glc_signatures sig;
    struct glc_pool *pool;
    bool folder; /* more than one file: counts carry the path */
    int code;
};

/* Bytes as `yara -s` shows those of text and regular expressions. */
static void print_text(struct glc_span s, uint8_t key)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i] ^ key;
        if (c >= 0x20 && c < 0x7f)
            putchar(c);
        else
            printf("\\x%02X", c);
    }
}

static void print_string(const struct run *r, const struct glc_image *img, uint32_t rule,
                         const struct glc_found_string *f)
{
    struct glc_pattern_info p;
    if (glc_image_pattern(img, rule, f->pattern, &p) != GLC_OK)
        return;
    struct glc_span shown = glc_span_sub(f->bytes, 0, SHOWN);
    printf("0x%llx:", (unsigned long long)f->offset);
    if (r->length)
        printf("%llu:", (unsigned long long)f->length);
    fwrite(p.id.ptr, 1, p.id.len, stdout);
    if (r->xors) {
        printf(":xor(0x%02x,", f->xored ? f->key : 0);
        print_text(shown, f->xored ? f->key : 0);
        putchar(')');
    }
    if (r->strings) {
        fputs(": ", stdout);
        if (p.hex)
            for (size_t i = 0; i < shown.len; i++)
                printf("%s%02X", i == 0 ? "" : " ", shown.ptr[i]);
        else
            print_text(shown, 0);
    }
    putchar('\n');
}

static void print_meta(const struct glc_image *img, uint32_t rule, uint32_t metas)
{
    fputs("[", stdout);
    for (uint32_t i = 0; i < metas; i++) {
        struct glc_meta_info m;
        if (glc_image_meta(img, rule, i, &m) != GLC_OK)
            break;
        printf("%s%.*s", i == 0 ? "" : ",", (int)m.key.len, (const char *)m.key.ptr);
        if (m.type == GLC_T_BOOL) {
            printf("=%s", m.integer != 0 ? "true" : "false");
        } else if (m.type == GLC_T_INT) {
            printf(" =%lld", (long long)m.integer); /* the blank is yara's */
        } else {
            fputs("=\"", stdout);
            for (size_t k = 0; k < m.text.len; k++) {
                uint8_t c = m.text.ptr[k];
                if (c == '"' || c == '\'' || c == '\\')
                    printf("\\%c", c);
                else if (c >= 0x20 && c < 0x7f)
                    putchar(c);
                else if (c == '\n' || c == '\t' || c == '\r')
                    printf("\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
                else
                    printf("\\%03o", c);
            }
            putchar('"');
        }
    }
    fputs("] ", stdout);
}

static bool is_one_of(struct glc_span s, const char *const *list, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (glc_span_is(s, list[i]))
            return true;
    return false;
}

/* Do -i and -t let it through? */
static bool is_wanted(const struct run *r, const struct glc_image *img, uint32_t rule,
                      const struct glc_rule_info *info)
{
    bool tagged = r->tags_wanted == 0;
    for (uint32_t i = 0; i < info->tags && !tagged; i++) {
        struct glc_span t;
        tagged = glc_image_tag(img, rule, i, &t) == GLC_OK && is_one_of(t, r->tag, r->tags_wanted);
    }
    return tagged && (r->ids == 0 || is_one_of(info->name, r->id, r->ids));
}

/* One rule's lines, unless the options leave it out. */
static void print_rule(const struct run *r, uint32_t image, uint32_t rule, const struct glc_finding *f,
                       const char *path)
{
    const struct glc_image *img = r->sig.image[image];
    struct glc_rule_info info;
    if (r->count || glc_image_rule(img, rule, &info) != GLC_OK || info.is_private)
        return;
    if (!is_wanted(r, img, rule, &info))
        return;
    if (r->space)
        printf("%.*s:", (int)info.space.len, (const char *)info.space.ptr);
    printf("%.*s ", (int)info.name.len, (const char *)info.name.ptr);
    if (r->tags) {
        fputs("[", stdout);
        for (uint32_t i = 0; i < info.tags; i++) {
            struct glc_span t;
            if (glc_image_tag(img, rule, i, &t) == GLC_OK)
                printf("%s%.*s", i == 0 ? "" : ",", (int)t.len, (const char *)t.ptr);
        }
        fputs("] ", stdout);
    }
    if (r->meta)
        print_meta(img, rule, info.metas);
    printf("%s\n", path);
    if ((r->strings || r->length || r->xors) && f != NULL)
        for (uint32_t i = 0; i < f->strings; i++)
            if (!r->fast || i == 0 || f->string[i].pattern != f->string[i - 1].pattern)
                print_string(r, img, rule, &f->string[i]);
}

static const struct glc_finding *finding_of(const struct glc_result *res, uint32_t image, uint32_t rule)
{
    for (uint32_t f = 0; f < res->findings; f++)
        if (res->finding[f].image == image && res->finding[f].rule == rule)
            return &res->finding[f];
    return NULL;
}

/* The rules in their order, as yara's callback hears of them. -l: once so many matched, in whatever files, it
 * hears of one more rule of a file at most. -c prints how many of the file's matched; -i, -t and -n only
 * choose what is printed. */
static uint64_t print_some_rules(struct run *r, const struct glc_result *res, const char *path)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < r->sig.n; i++) {
        struct glc_image_stats st;
        glc_image_stats(r->sig.image[i], &st);
        for (uint32_t k = 0; k < st.rules; k++) {
            struct glc_rule_info info;
            if (glc_image_rule(r->sig.image[i], k, &info) != GLC_OK || info.is_private)
                continue;
            const struct glc_finding *f = finding_of(res, i, k);
            n += f != NULL;
            r->matched += f != NULL;
            if ((f == NULL) == r->negate)
                print_rule(r, i, k, f, path);
            if (r->max_rules != 0 && r->matched >= r->max_rules)
                return n;
        }
    }
    return n;
}

static uint64_t print_rules(struct run *r, const struct glc_result *res, const char *path)
{
    if (r->negate || r->max_rules != 0)
        return print_some_rules(r, res, path);
    for (uint32_t i = 0; i < res->findings; i++)
        print_rule(r, res->finding[i].image, res->finding[i].rule, &res->finding[i], path);
    return res->findings;
}

static void on_verdict(void *to, void *tag, const struct glc_result *res)
{
    struct run *r = to;
    char *path = tag;
    if (res->verdict == GLC_UNSCANNED) {
        fflush(stdout);
        fprintf(stderr, "error scanning %s: %s\n", path, res->reason);
        r->code = 1;
    } else {
        uint64_t n = print_rules(r, res, path);
        if (r->count && r->folder)
            printf("%s: ", path);
        if (r->count)
            printf("%llu\n", (unsigned long long)n);
    }
    free(path);
}

static void on_text(void *to, void *tag, struct glc_span text)
{
    (void)to;
    (void)tag;
    glc_show_text(stdout, text);
    putchar('\n');
}

static bool step(struct run *r, bool drain)
{
    const char *why = NULL;
    if (glc_pool_step(r->pool, drain, 100, &why) == GLC_OK)
        return true;
    fprintf(stderr, "error: no worker: %s\n", why);
    r->code = 1;
    return false;
}

static bool wait_for_room(struct run *r)
{
    while (!glc_pool_room(r->pool))
        if (!step(r, false))
            return false;
    return true;
}

/* The descriptor is gone afterwards. False: no more. */
static bool hand_over(struct run *r, const char *path, int fd, uint64_t size, bool in_folder)
{
    bool larger = in_folder && r->skip_larger != 0 && size >= r->skip_larger; /* so yara does */
    if (larger)
        fprintf(stderr, "skipping %s (%llu bytes) because it's larger than %llu bytes.\n", path,
                (unsigned long long)size, (unsigned long long)r->skip_larger);
    char *copy = larger || !wait_for_room(r) ? NULL : strdup(path);
    if (copy == NULL) {
        close(fd);
        return larger;
    }
    glc_pool_add(r->pool, fd, size, copy);
    return true;
}

/* -r follows links to folders too, but goes round no circle. */
static void scan_linked(struct run *r, const char *path)
{
    char *const top[] = { (char *)(uintptr_t)path, NULL };
    FTS *all = fts_open(top, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    const FTSENT *e;
    while (all != NULL && (e = fts_read(all)) != NULL) {
        if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS)
            fprintf(stderr, "error scanning %s: could not open file\n", e->fts_path);
        if (e->fts_info != FTS_F || !S_ISREG(e->fts_statp->st_mode))
            continue;
        int fd = open(e->fts_path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        struct stat st;
        if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
            fprintf(stderr, "error scanning %s: could not open file\n", e->fts_path);
            if (fd >= 0)
                close(fd);
        } else if (!hand_over(r, e->fts_path, fd, (uint64_t)st.st_size, true)) {
            break;
        }
    }
    if (all != NULL)
        (void)fts_close(all);
}

/* A number that names no file is a process. */
static bool scan_process(struct run *r, const char *name)
{
    uint64_t pid, size;
    int fd[3];
    struct glc_proc *proc;
    if (!glc_num_u64(glc_span_str(name), &pid) || pid == 0 || pid > INT32_MAX || access(name, F_OK) == 0)
        return false;
    char *copy = strdup(name);
    if (copy == NULL || glc_proc_open((pid_t)pid, fd, &size, &proc) != GLC_OK) {
        fprintf(stderr, "error scanning %s: can not attach to process (try running as root)\n", name);
        r->code = 1;
        free(copy);
        return true;
    }
    glc_proc_free(proc); /* yara names no mapping */
    glc_pool_add_memory(r->pool, fd, size, copy);
    return true;
}

static void scan_path(struct run *r, struct glc_walk *w, const char *path)
{
    struct glc_walk_entry e = { .kind = GLC_WALK_FILE };
    struct stat st;
    if (!r->list && scan_process(r, path))
        return;
    bool there = stat(path, &st) == 0, folder = there && S_ISDIR(st.st_mode);
    r->folder = r->folder || folder;
    if (folder && r->recursive && !r->no_links) {
        scan_linked(r, path);
        return;
    }
    glc_walk_start(w, path);
    for (;;) {
        glc_walk_next(w, &e);
        if (e.kind == GLC_WALK_END)
            return;
        if (e.kind == GLC_WALK_SKIPPED && there && S_ISCHR(st.st_mode)) {
            /* `yara RULES /dev/null`, by which people check rules: no bytes, as yara has it. */
            e.fd = memfd_create("device", MFD_CLOEXEC);
            e.size = 0;
            e.kind = e.fd < 0 ? GLC_WALK_ERROR : GLC_WALK_FILE;
        }
        if (e.kind == GLC_WALK_ERROR) {
            fprintf(stderr, "error scanning %s: could not open file\n", e.path);
            r->code = r->folder ? r->code : 1;
        }
        if (e.kind == GLC_WALK_SKIPPED && !folder) {
            fprintf(stderr, "error scanning %s: it is a %s\n", e.path, e.why);
            r->code = 1;
        }
        if (e.kind == GLC_WALK_FILE && !hand_over(r, e.path, e.fd, e.size, folder))
            return;
    }
}

static void scan_list(struct run *r, struct glc_walk *w, const char *list)
{
    FILE *f = fopen(list, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    if (f == NULL) {
        fprintf(stderr, "error: could not open file \"%s\".\n", list);
        r->code = 1;
        return;
    }
    r->folder = true;
    while ((n = getline(&line, &room, f)) > 0) {
        if (line[n - 1] == '\n')
            line[n - 1] = 0;
        if (line[0] != 0)
            scan_path(r, w, line);
    }
    free(line);
    fclose(f);
}

static void scan(struct run *r, const char *target, const char *const *define)
{
    char *worker = glc_beside_program("glacis-worker");
    struct glc_pool_options po = {
        .program = worker != NULL ? worker : "glacis-worker",
        .workers = r->workers != 0 ? (unsigned)r->workers : 1,
        .scan = { .all = true,
                  .strings = r->strings || r->length || r->xors,
                  .bytes = r->strings || r->xors,
                  .top_only = true,
                  .console = r->no_console ? NULL : (void (*)(void *, const char *))(uintptr_t)1,
                  /* a flag: see pool.h */ },
        .timeout_s = r->timeout,
        .image = r->sig.fd,
        .image_end = r->sig.end,
        .images = r->sig.fds,
        .segments = r->sig.n,
        .magic = glc_signatures_ask(&r->sig, GLC_MODULE_MAGIC),
        .cuckoo = r->cuckoo,
        .define = r->sig.files != 0 ? define : NULL,
        .verdict = on_verdict,
        .text = on_text,
        .to = r,
    };
    struct glc_walk_options wo = { .flat = !r->recursive, .follow_files = !r->no_links };
    r->pool = glc_pool_new(&po);
    struct glc_walk *w = glc_walk_new(&wo);
    if (r->pool != NULL && w != NULL) {
        if (r->list)
            scan_list(r, w, target);
        else
            scan_path(r, w, target);
        while (glc_pool_pending(r->pool) != 0 && step(r, true))
            ;
    }
    glc_walk_free(w);
    glc_pool_free(r->pool);
    free(worker);
}

static bool take_number(enum option o, const char *value, uint64_t *out)
{
    int64_t n;
    if (!glc_num_i64(glc_span_str(value), &n)) {
        fprintf(stderr, "option `--%s` requires an integer argument\n", options[o].name);
        return false;
    }
    *out = n < 0 ? 0 : (uint64_t)n;
    return true;
}

/* MODULE=FILE; of the modules only cuckoo takes data. */
static bool take_module_data(struct run *r, const char *value)
{
    const char *eq = strchr(value, '=');
    if (eq == NULL)
        fprintf(stderr, "error: wrong syntax for `-x` option.\n");
    else if (access(eq + 1, R_OK) != 0)
        fprintf(stderr, "error: could not open file \"%s\".\n", eq + 1);
    else if (eq - value == 6 && strncmp(value, "cuckoo", 6) == 0)
        r->cuckoo = eq + 1;
    return eq != NULL && access(eq + 1, R_OK) == 0;
}

static bool take_option(struct run *r, enum option o, const char *value, struct glc_build_options *bo)
{
    uint64_t ignored;
    switch (o) {
    case OPT_COMPILED:
        r->compiled = true;
        return true;
    case OPT_COUNT:
        r->count = true;
        return true;
    case OPT_FAIL:
        r->fail_on_warnings = true;
        return true;
    case OPT_ID:
        r->id[r->ids++] = value;
        return true;
    case OPT_TAG:
        r->tag[r->tags_wanted++] = value;
        return true;
    case OPT_NO_CONSOLE:
        r->no_console = true;
        return true;
    case OPT_STRICT:
        bo->strict_escape = true;
        return true;
    case OPT_FAST:
        r->fast = true;
        return true;
    case OPT_STATS:
        r->stats = true;
        return true;
    case OPT_NEGATE:
        r->negate = true;
        return true;
    case OPT_NO_LINKS:
        r->no_links = true;
        return true;
    case OPT_NO_WARNINGS:
        bo->no_warnings = true;
        return true;
    case OPT_META:
        r->meta = true;
        return true;
    case OPT_NAMESPACE:
        r->space = true;
        return true;
    case OPT_STRINGS:
        r->strings = true;
        return true;
    case OPT_LENGTH:
        r->length = true;
        return true;
    case OPT_XOR:
        r->xors = true;
        return true;
    case OPT_TAGS:
        r->tags = true;
        return true;
    case OPT_RECURSIVE:
        r->recursive = true;
        return true;
    case OPT_LIST:
        r->list = true;
        return true;
    case OPT_MAX_RULES:
        return take_number(o, value, &r->max_rules);
    case OPT_SKIP_LARGER:
        return take_number(o, value, &r->skip_larger);
    case OPT_THREADS:
        if (!take_number(o, value, &r->workers))
            return false;
        if (r->workers > THREADS)
            fprintf(stderr, "maximum number of threads is %d\n", THREADS);
        return r->workers <= THREADS;
    case OPT_TIMEOUT:
        return take_number(o, value, &r->timeout);
    case OPT_MAX_STRINGS:
        bo->limit_strings = true;
        return take_number(o, value, &bo->max_strings);
    case OPT_CHUNK:
    case OPT_STACK:
        return take_number(o, value, &ignored);
    case OPT_MODULE_DATA:
        return take_module_data(r, value);
    case OPT_PRINT_MODULE:
        fprintf(stderr, "glacis yara: -D: use glacis dump --module MODULE FILE\n");
        return false;
    case OPT_ATOMS:
    case OPT_DEFINE:
    case OPT_VERSION:
    case OPT_MODULE_NAMES:
    case OPTIONS:
        break;
    }
    return true;
}

/* Compile or open the rules; false: told. */
static bool open_rules(struct run *r, const char **rules, unsigned n, struct glc_build_options *bo)
{
    struct stat st;
    unsigned images = 0;
    const char *folder = NULL;
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(rules[i], "-") == 0)
            rules[i] = "/dev/stdin";
        const char *path = rules[i], *colon = strchr(path, ':');
        if (stat(path, &st) != 0 && (colon == NULL || stat(path = colon + 1, &st) != 0)) {
            fprintf(stderr, "error: could not open file: %s\n", path);
            return false;
        }
        images += glc_signatures_is_image(path);
        folder = S_ISDIR(st.st_mode) ? path : folder;
    }
    if (images != 0 && n > 1) {
        fprintf(stderr, "error: can't accept multiple rules files if one of them is in compiled form.\n");
        return false;
    }
    if (r->compiled && images != n) {
        fprintf(stderr, "invalid compiled rules file.\n");
        return false;
    }
    bo->strict = true;
    bo->assume_yara = true;
    bo->fail_on_warnings = r->fail_on_warnings && !bo->no_warnings;
    if (glc_signatures_open(&r->sig, rules, n, bo, glc_sources_add) != GLC_OK)
        return false;
    if (folder == NULL || glc_signatures_count(&r->sig) != 0)
        return true;
    fprintf(stderr, "error: there is no rule in %s\n", folder);
    return false;
}

static void print_stats(const struct run *r)
{
    uint64_t rules = 0, patterns = 0;
    for (uint32_t i = 0; i < r->sig.n; i++) {
        struct glc_image_stats st;
        glc_image_stats(r->sig.image[i], &st);
        rules += st.rules;
        patterns += st.patterns;
    }
    printf("number of rules                    : %llu\nnumber of strings                  : %llu\n",
           (unsigned long long)rules, (unsigned long long)patterns);
}

static void print_module_names(void)
{
    const struct glc_modules *all = glc_format_modules();
    for (uint32_t i = 0; i < all->n; i++)
        if (all->module[i]->dialect == NULL)
            puts(all->module[i]->name);
}

int glc_cmd_yara(int argc, char **argv)
{
    struct run r = { 0 };
    struct glc_build_options bo = { 0 };
    struct glc_args a;
    const char **operand = calloc((size_t)argc * 4 + 4, sizeof *operand), *value = NULL;
    const char **define = operand + argc + 1;
    unsigned operands = 0, defines = 0;
    int o;
    r.code = 1;
    if (operand == NULL)
        return 1;
    r.id = define + argc + 1;
    r.tag = r.id + argc + 1;
    glc_args_init(&a, &usage, argc, argv);
    while ((o = glc_args_next(&a, &value)) != GLC_ARG_END) {
        if (o == GLC_ARG_HELP || o == OPT_VERSION || o == OPT_MODULE_NAMES) {
            if (o == OPT_VERSION)
                puts("4.5.0");
            else if (o == OPT_MODULE_NAMES)
                print_module_names();
            r.code = 0;
            goto out;
        }
        if (o == GLC_ARG_ERROR)
            goto out;
        if (o == GLC_ARG_OPERAND)
            operand[operands++] = value;
        else if (o == OPT_DEFINE && strchr(value, '=') == NULL) {
            fprintf(stderr, "error: wrong syntax for `-d` option.\n"); /* and goes on */
        } else if (o == OPT_DEFINE && value[0] != '=') /* a variable without a name is nobody's */
            define[defines++] = value;
        else if (o != OPT_DEFINE && !take_option(&r, (enum option)o, value, &bo))
            goto out;
    }
    if (operands < 2) {
        fprintf(stderr, "yara: wrong number of arguments\nTry 'glacis yara --help'.\n");
        goto out;
    }
    bo.define = define;
    if (!open_rules(&r, operand, operands - 1, &bo))
        goto out;
    r.code = 0;
    if (r.stats)
        print_stats(&r);
    scan(&r, operand[operands - 1], define);
    glc_signatures_done(&r.sig);
out:
    free(operand);
    return fflush(stdout) == 0 ? r.code : 1;
}
