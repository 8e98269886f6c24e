/* glacis yara: answers as `yara` 4.2.3 does (output, exit codes), for scripts that call it. What `yara`
 * prints was learnt from its manual and from running it. As there, only the file itself is judged and nothing
 * unpacked from it. */
#define _GNU_SOURCE
#include "base/num.h"
#include "cli/args.h"
#include "cli/beside.h"
#include "cli/cli.h"
#include "cli/show.h"
#include "cli/signatures.h"
#include "cli/walk.h"
#include "wire/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum option {
    OPT_ATOMS,
    OPT_COMPILED,
    OPT_COUNT,
    OPT_DEFINE,
    OPT_FAIL,
    OPT_FAST,
    OPT_ID,
    OPT_CHUNK,
    OPT_MAX_RULES,
    OPT_MAX_STRINGS,
    OPT_MODULE_DATA,
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
    OPT_TAG,
    OPT_THREADS,
    OPT_TIMEOUT,
    OPT_VERSION,
    OPTIONS
};

enum { LIST = 256, SHOWN = 512 /* bytes of a match that are printed */ };

static const struct glc_opt options[OPTIONS] = {
    [OPT_ATOMS] = { "atom-quality-table", 0, "FILE", "taken and not needed" },
    [OPT_COMPILED] = { "compiled-rules", 'C', NULL, "RULES is an image of glacis compile" },
    [OPT_COUNT] = { "count", 'c', NULL, "print only number of matches" },
    [OPT_DEFINE] = { "define", 'd', "VAR=VALUE", "define external variable" },
    [OPT_FAIL] = { "fail-on-warnings", 0, NULL, "fail on warnings" },
    [OPT_FAST] = { "fast-scan", 'f', NULL, "taken and not needed" },
    [OPT_ID] = { "identifier", 'i', "IDENTIFIER", "print only rules named IDENTIFIER" },
    [OPT_CHUNK] = { "max-process-memory-chunk", 0, "NUMBER", "taken and not needed" },
    [OPT_MAX_RULES] = { "max-rules", 'l', "NUMBER", "stop after this many rules of a file" },
    [OPT_MAX_STRINGS] = { "max-strings-per-rule", 0, "NUMBER", "taken and not needed" },
    [OPT_MODULE_DATA] = { "module-data", 'x', "MODULE=FILE", "not supported yet" },
    [OPT_NEGATE] = { "negate", 'n', NULL, "print only not satisfied rules" },
    [OPT_NO_LINKS] = { "no-follow-symlinks", 'N', NULL, "do not follow symlinks when scanning" },
    [OPT_NO_WARNINGS] = { "no-warnings", 'w', NULL, "disable warnings" },
    [OPT_META] = { "print-meta", 'm', NULL, "print metadata" },
    [OPT_PRINT_MODULE] = { "print-module-data", 'D', NULL, "not supported yet" },
    [OPT_NAMESPACE] = { "print-namespace", 'e', NULL, "print rules' namespace" },
    [OPT_STATS] = { "print-stats", 'S', NULL, "taken; see glacis dump" },
    [OPT_STRINGS] = { "print-strings", 's', NULL, "print matching strings" },
    [OPT_LENGTH] = { "print-string-length", 'L', NULL, "print length of matched strings" },
    [OPT_XOR] = { "print-xor-key", 'X', NULL, "print xor key and plaintext of matched strings" },
    [OPT_TAGS] = { "print-tags", 'g', NULL, "print tags" },
    [OPT_RECURSIVE] = { "recursive", 'r', NULL, "recursively search directories" },
    [OPT_LIST] = { "scan-list", 0, NULL, "scan files listed in FILE, one per line" },
    [OPT_SKIP_LARGER] = { "skip-larger", 'z', "NUMBER", "skip larger files when scanning a directory" },
    [OPT_STACK] = { "stack-size", 'k', "SLOTS", "taken and not needed" },
    [OPT_TAG] = { "tag", 't', "TAG", "print only rules tagged as TAG" },
    [OPT_THREADS] = { "threads", 'p', "NUMBER", "this many workers" },
    [OPT_TIMEOUT] = { "timeout", 'a', "SECONDS", "abort scanning a file after this many seconds" },
    [OPT_VERSION] = { "version", 'v', NULL, "show version information" },
};

static const struct glc_usage usage = {
    .command = "glacis yara",
    .operands = "[NAMESPACE:]RULES... FILE|DIR",
    .about = "Scan as yara(1) does and print what it prints. Exit code: 0, or 1 on an error.",
    .opt = options,
    .opts = OPTIONS,
};

struct run {
    bool compiled, count, negate, no_links, meta, space, strings, length, xors, tags, recursive, list,
        fail_on_warnings;
    const char *id, *tag;
    uint64_t max_rules, skip_larger, workers, timeout;
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

static bool has_tag(const struct glc_image *img, uint32_t rule, uint32_t tags, const char *want)
{
    for (uint32_t i = 0; i < tags; i++) {
        struct glc_span t;
        if (glc_image_tag(img, rule, i, &t) == GLC_OK && glc_span_is(t, want))
            return true;
    }
    return false;
}

/* One rule's lines, unless the options leave it out. */
static void print_rule(const struct run *r, uint32_t image, uint32_t rule, const struct glc_finding *f,
                       const char *path)
{
    const struct glc_image *img = r->sig.image[image];
    struct glc_rule_info info;
    if (r->count || glc_image_rule(img, rule, &info) != GLC_OK || info.is_private)
        return;
    if ((r->id != NULL && !glc_span_is(info.name, r->id)) ||
        (r->tag != NULL && !has_tag(img, rule, info.tags, r->tag)))
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
            print_string(r, img, rule, &f->string[i]);
}

static const struct glc_finding *finding_of(const struct glc_result *res, uint32_t image, uint32_t rule)
{
    for (uint32_t f = 0; f < res->findings; f++)
        if (res->finding[f].image == image && res->finding[f].rule == rule)
            return &res->finding[f];
    return NULL;
}

/* All rules in their order, as yara's callback hears of them: -l counts those that match and ends after so
 * many, -c prints that count; -i, -t and -n only choose what is printed. */
static uint64_t print_rules(const struct run *r, const struct glc_result *res, const char *path)
{
    uint64_t n = 0;
    if (!r->negate) {
        for (uint32_t i = 0; i < res->findings && (r->max_rules == 0 || n < r->max_rules); i++, n++)
            print_rule(r, res->finding[i].image, res->finding[i].rule, &res->finding[i], path);
        return n;
    }
    for (uint32_t i = 0; i < r->sig.n; i++) {
        struct glc_image_stats st;
        glc_image_stats(r->sig.image[i], &st);
        for (uint32_t k = 0; k < st.rules && (r->max_rules == 0 || n < r->max_rules); k++) {
            if (finding_of(res, i, k) != NULL)
                n++;
            else
                print_rule(r, i, k, NULL, path);
        }
    }
    return n;
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

static void scan_path(struct run *r, struct glc_walk *w, const char *path)
{
    struct glc_walk_entry e = { .kind = GLC_WALK_FILE };
    struct stat st;
    bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    r->folder = r->folder || folder;
    glc_walk_start(w, path);
    for (;;) {
        glc_walk_next(w, &e);
        if (e.kind == GLC_WALK_END)
            return;
        if (e.kind == GLC_WALK_ERROR) {
            fprintf(stderr, "error scanning %s: could not open file\n", e.path);
            r->code = 1;
        }
        if (e.kind != GLC_WALK_FILE)
            continue;
        char *copy = strdup(e.path);
        bool larger = folder && r->skip_larger != 0 && e.size > r->skip_larger;
        if (larger)
            fprintf(stderr, "skipping %s (%llu bytes) because it's larger than %llu bytes.\n", e.path,
                    (unsigned long long)e.size, (unsigned long long)r->skip_larger);
        if (copy == NULL || larger) {
            close(e.fd);
            free(copy);
            continue;
        }
        while (!glc_pool_room(r->pool))
            if (!step(r, false)) {
                close(e.fd);
                free(copy);
                return;
            }
        glc_pool_add(r->pool, e.fd, e.size, copy);
    }
}

static void scan_list(struct run *r, struct glc_walk *w, const char *list)
{
    FILE *f = fopen(list, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    if (f == NULL) {
        fprintf(stderr, "error: cannot open scan list file: %s\n", list);
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
                  .console = (void (*)(void *, const char *))(uintptr_t)1,
                  /* a flag: see pool.h */ },
        .timeout_s = r->timeout,
        .image = r->sig.fd,
        .image_end = r->sig.end,
        .images = r->sig.fds,
        .segments = r->sig.n,
        .magic = glc_signatures_ask(&r->sig, "magic"),
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

static bool take_number(const char *value, uint64_t most, uint64_t *out)
{
    uint64_t n;
    if (!glc_num_u64(glc_span_str(value), &n) || n > most) {
        fprintf(stderr, "glacis yara: %s: not a number that can be taken here\n", value);
        return false;
    }
    *out = n;
    return true;
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
        r->id = value;
        return true;
    case OPT_TAG:
        r->tag = value;
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
        return take_number(value, UINT64_MAX, &r->max_rules);
    case OPT_SKIP_LARGER:
        return take_number(value, UINT64_MAX, &r->skip_larger);
    case OPT_THREADS:
        return take_number(value, 64, &r->workers);
    case OPT_TIMEOUT:
        return take_number(value, 1000000, &r->timeout);
    case OPT_CHUNK:
    case OPT_MAX_STRINGS:
    case OPT_STACK:
        return take_number(value, UINT64_MAX, &ignored);
    case OPT_MODULE_DATA:
        fprintf(stderr, "glacis yara: -x: extra data for modules is not supported yet\n");
        return false;
    case OPT_PRINT_MODULE:
        fprintf(stderr, "glacis yara: -D: not supported yet\n");
        return false;
    case OPT_ATOMS:
    case OPT_FAST:
    case OPT_STATS:
    case OPT_DEFINE:
    case OPT_VERSION:
    case OPTIONS:
        break;
    }
    return true;
}

/* Compile or open the rules; false: told. */
static bool open_rules(struct run *r, const char *const *rules, unsigned n, struct glc_build_options *bo)
{
    struct stat st;
    for (unsigned i = 0; i < n; i++)
        if (stat(rules[i], &st) != 0 && strchr(rules[i], ':') == NULL) {
            fprintf(stderr, "error: could not open file: %s\n", rules[i]);
            return false;
        }
    bo->strict = true;
    bo->assume_yara = true;
    bo->fail_on_warnings = r->fail_on_warnings;
    return glc_signatures_open(&r->sig, rules, n, bo) == GLC_OK;
}

int glc_cmd_yara(int argc, char **argv)
{
    struct run r = { 0 };
    struct glc_build_options bo = { 0 };
    struct glc_args a;
    const char **operand = calloc((size_t)argc * 2 + 2, sizeof *operand), *value = NULL;
    const char **define = operand + argc + 1;
    unsigned operands = 0, defines = 0;
    int o;
    r.code = 1;
    if (operand == NULL)
        return 1;
    glc_args_init(&a, &usage, argc, argv);
    while ((o = glc_args_next(&a, &value)) != GLC_ARG_END) {
        if (o == GLC_ARG_HELP || o == OPT_VERSION) {
            if (o == OPT_VERSION)
                puts("4.5.0");
            r.code = 0;
            goto out;
        }
        if (o == GLC_ARG_ERROR)
            goto out;
        if (o == GLC_ARG_OPERAND)
            operand[operands++] = value;
        else if (o == OPT_DEFINE && strchr(value, '=') == NULL) {
            fprintf(stderr, "error: wrong syntax for `-d` option.\n"); /* and goes on */
        } else if (o == OPT_DEFINE)
            define[defines++] = value;
        else if (!take_option(&r, (enum option)o, value, &bo))
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
    scan(&r, operand[operands - 1], define);
    glc_signatures_done(&r.sig);
out:
    free(operand);
    return fflush(stdout) == 0 ? r.code : 1;
}
