/* glacis audit: restricted software on hosts, trees, images, disks and in SBOMs; plan, explain, rules,
 * verify-register. */
#include "audit/plan.h"
#include "audit/reader.h"
#include "audit/report.h"
#include "audit/target.h"
#include "base/file.h"
#include "base/num.h"
#include "cli/args.h"
#include "cli/beside.h"
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum option {
    OPT_ROOT,
    OPT_IMAGE,
    OPT_DISK,
    OPT_SBOM,
    OPT_HOST,
    OPT_SCOPE,
    OPT_AS_OF,
    OPT_DISCOVERED,
    OPT_JSON,
    OPT_FORMAT,
    OPT_OUTPUT,
    OPT_REGISTER,
    OPT_IMPORT,
    OPT_TIMEOUT,
    OPTIONS
};

static const struct glc_opt options[OPTIONS] = {
    [OPT_ROOT] = { "root", 'r', "DIR", "a mounted root, a chroot, an unpacked machine; several times" },
    [OPT_IMAGE] = { "image", 'i', "ARCHIVE",
                    "a docker save or OCI archive, an OCI layout folder, a root's tar" },
    [OPT_DISK] = { "disk", 'd', "IMAGE",
                   "a disk image: raw, qcow2, VMDK, VHD, VHDX, VDI; see docs/audit.md for what it may hold" },
    [OPT_SBOM] = { "sbom", 's', "FILE", "a CycloneDX or SPDX document in JSON" },
    [OPT_HOST] = { "host", 0, NULL, "the running host; the default where no target is given" },
    [OPT_SCOPE] = { "scope", 'S', "SCOPE[,SCOPE]",
                    "whose duties are asked; default commercial-us; see 'glacis audit rules'" },
    [OPT_AS_OF] = { "as-of", 0, "DATE",
                    "as of this date (2024-09-29) or instant (2024-09-29T04:00:00Z); default now" },
    [OPT_DISCOVERED] = { "discovered", 0, "DATE",
                         "when it was found, for terms of days after discovery; default as-of" },
    [OPT_JSON] = { "json", 0, NULL, "the same as --format json" },
    [OPT_FORMAT] = { "format", 'f', "FORMAT", "text, json, sarif, cyclonedx, oscal, csv or html" },
    [OPT_OUTPUT] = { "output", 'o', "FILE", "write there and not to standard output" },
    [OPT_REGISTER] = { "register", 0, "DIR",
                       "the register of restrictions; default $GLACIS_REGISTER or the installed one" },
    [OPT_IMPORT] = { "import-kesl", 0, "FILE", "with plan: a KESL settings export, in Glacis' terms" },
    [OPT_TIMEOUT] = { "timeout", 0, "SECONDS",
                      "most time for one file, then it is unknown; default 60, large files get more" },
};

static const struct glc_usage usage = {
    .command = "glacis audit",
    .operands = "[plan | explain ID | rules | verify-register]",
    .about = "Find restricted software: which rule, since when, for whom, on what evidence, and what to do.\n"
             "  plan             removal and migration, step by step\n"
             "  explain ID       one finding, or an instrument, product or firm of the register, in full\n"
             "  rules            the instruments, scopes and their standing\n"
             "  verify-register  check the register: schema, dates, citations, dangling edges, cycles\n"
             "Nothing of a target is run or written. No legal advice is given.\n"
             "Exit code: 0 nothing that binds in this scope, 1 something does, 2 an error, or an unknown\n"
             "and nothing that binds.",
    .opt = options,
    .opts = OPTIONS,
};

enum { MAX_TARGETS = 1024, MAX_SCOPES = 32 };

struct target {
    enum option kind;
    const char *name;
};

struct request {
    struct target targets[MAX_TARGETS];
    size_t ntargets;
    const char *scopes[MAX_SCOPES];
    size_t nscopes;
    char scope_text[1024]; /* NUL-divided */
    size_t scope_used;
    const char *as_of, *discovered, *format, *output, *folder, *import;
    const char *worker; /* the program that reads, or NULL: the one beside this one */
    uint32_t timeout_s;
    const char *verb, *operand;
};

static int complain(const char *what, const char *name)
{
    fprintf(stderr, "glacis audit: %s%s%s\n", name != NULL ? name : "", name != NULL ? ": " : "", what);
    return GLC_EXIT_ERROR;
}

/* "a,b" into the list; the text is kept in the request. */
static bool add_scopes(struct request *q, const char *value)
{
    size_t n = strlen(value) + 1;
    if (n > sizeof q->scope_text - q->scope_used)
        return false;
    char *p = q->scope_text + q->scope_used;
    memcpy(p, value, n);
    q->scope_used += n;
    for (char *s = p; s != NULL;) {
        char *comma = strchr(s, ',');
        if (q->nscopes == MAX_SCOPES)
            return false;
        q->scopes[q->nscopes++] = s;
        s = comma != NULL ? comma + 1 : NULL;
        if (comma != NULL)
            *comma = '\0';
    }
    return true;
}

static bool add_target(struct request *q, enum option kind, const char *name)
{
    if (q->ntargets == MAX_TARGETS)
        return false;
    q->targets[q->ntargets++] = (struct target){ kind, name };
    return true;
}

/* 0: not a time. */
static uint32_t timeout_of(const char *value)
{
    uint64_t n = 0;
    return glc_num_u64(glc_span_str(value), &n) && n <= 86400 ? (uint32_t)n : 0;
}

static bool take_option(struct request *q, int o, const char *value)
{
    switch ((enum option)o) {
    case OPT_ROOT:
    case OPT_IMAGE:
    case OPT_DISK:
    case OPT_SBOM:
    case OPT_HOST:
        return add_target(q, (enum option)o, value);
    case OPT_SCOPE:
        return add_scopes(q, value);
    case OPT_AS_OF:
        q->as_of = value;
        return true;
    case OPT_DISCOVERED:
        q->discovered = value;
        return true;
    case OPT_JSON:
        q->format = "json";
        return true;
    case OPT_FORMAT:
        q->format = value;
        return true;
    case OPT_OUTPUT:
        q->output = value;
        return true;
    case OPT_REGISTER:
        q->folder = value;
        return true;
    case OPT_IMPORT:
        q->import = value;
        return true;
    case OPT_TIMEOUT:
        q->timeout_s = timeout_of(value);
        return q->timeout_s != 0;
    case OPTIONS:
        break;
    }
    return false;
}

static void tell_fault(void *ctx, const char *file, const char *where, const char *what)
{
    (void)ctx;
    fprintf(stderr, "glacis audit: %s: %s: %s\n", file, where, what);
}

static const char *register_folder(const struct request *q)
{
    const char *env = getenv("GLACIS_REGISTER");
    return q->folder != NULL ? q->folder : env != NULL ? env : GLACIS_REGISTER_DIR;
}

static int emit(const struct request *q, struct glc_buf *out)
{
    bool ok = !out->failed;
    if (ok && q->output != NULL)
        ok = glc_write_path(q->output, glc_buf_span(out)) == GLC_OK;
    else if (ok)
        ok = fwrite(out->ptr, 1, out->len, stdout) == out->len && fflush(stdout) == 0;
    return ok ? GLC_EXIT_OK : complain("the report cannot be written", q->output);
}

static bool wants_json(const struct request *q)
{
    return strcmp(q->format, "json") == 0;
}

static int run_rules(const struct request *q, const struct glc_register *r)
{
    struct glc_buf out;
    glc_buf_init(&out, 64 << 20);
    (wants_json(q) ? glc_report_rules_json : glc_report_rules)(r, &out);
    int rc = emit(q, &out);
    glc_buf_done(&out);
    return rc;
}

/* The faults of a register, told as they come, or kept for a report. */
struct faults {
    struct glc_json j;
    bool json;
};

static void take_fault(void *ctx, const char *file, const char *where, const char *what)
{
    struct faults *f = ctx;
    if (!f->json) {
        tell_fault(NULL, file, where, what);
        return;
    }
    glc_json_object(&f->j);
    glc_json_bytes(&f->j, "file", glc_span_str(file));
    glc_json_bytes(&f->j, "where", glc_span_str(where));
    glc_json_bytes(&f->j, "what", glc_span_str(what));
    glc_json_object_end(&f->j);
}

static void count(struct glc_json *j, const char *key, size_t n)
{
    glc_json_key(j, key);
    glc_json_uint(j, n);
}

static void verified(const struct request *q, const struct glc_register *r, struct faults *f)
{
    if (!f->json) {
        glc_buf_printf(f->j.out, "%s: %zu instruments, %zu entities, %zu products, %zu signals: no fault\n",
                       register_folder(q), r->ninstruments, r->nentities, r->nproducts, r->nsignals);
        return;
    }
    count(&f->j, "instruments", r->ninstruments);
    count(&f->j, "entities", r->nentities);
    count(&f->j, "products", r->nproducts);
    count(&f->j, "signals", r->nsignals);
}

static int run_verify(const struct request *q)
{
    struct glc_register r;
    struct glc_buf out;
    struct faults f = { .json = wants_json(q) };
    glc_buf_init(&out, 64 << 20);
    glc_json_init(&f.j, &out);
    if (f.json) {
        glc_json_object(&f.j);
        glc_json_key(&f.j, "tool");
        glc_json_cstr(&f.j, "glacis audit verify-register");
        glc_json_bytes(&f.j, "register", glc_span_str(register_folder(q)));
        glc_json_key(&f.j, "faults");
        glc_json_array(&f.j);
    }
    bool loaded = glc_register_load(register_folder(q), take_fault, &f, &r) == GLC_OK;
    bool whole = loaded && glc_register_verify(&r, (int64_t)time(NULL) / 86400, take_fault, &f) == 0;
    if (f.json)
        glc_json_array_end(&f.j);
    if (whole || (loaded && f.json))
        verified(q, &r, &f);
    if (f.json) {
        glc_json_object_end(&f.j);
        glc_buf_u8(&out, '\n');
    }
    if (loaded)
        glc_register_done(&r);
    int rc = whole || f.json ? emit(q, &out) : GLC_EXIT_OK;
    glc_buf_done(&out);
    return whole ? rc : GLC_EXIT_ERROR;
}

typedef void report_form(const struct glc_report *r, struct glc_buf *out);

static report_form *form_of(const char *name)
{
    static const struct {
        const char *name;
        report_form *form;
    } forms[] = { { "text", glc_report_text },   { "json", glc_report_json },
                  { "sarif", glc_report_sarif }, { "cyclonedx", glc_report_cyclonedx },
                  { "oscal", glc_report_oscal }, { "csv", glc_report_csv },
                  { "html", glc_report_html } };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(forms[i].name, name) == 0)
            return forms[i].form;
    return NULL;
}

static void walk_all(struct glc_audit *a, struct glc_reader *r, const struct request *q)
{
    for (size_t i = 0; i < q->ntargets; i++) {
        const struct target *t = &q->targets[i];
        if (t->kind == OPT_ROOT)
            glc_target_tree(a, r, t->name, false);
        else if (t->kind == OPT_IMAGE)
            glc_target_image(a, r, t->name);
        else if (t->kind == OPT_DISK)
            glc_target_disk(a, r, t->name);
        else if (t->kind == OPT_SBOM)
            glc_target_sbom(a, r, t->name);
        else
            glc_target_tree(a, r, "/", true);
    }
}

/* Everything that is read is read by a process of its own, in a jail; without it there is no audit. */
static int walk(struct glc_audit *a, const struct request *q)
{
    char why[512];
    char *beside = q->worker == NULL ? glc_beside_program("glacis-audit-worker") : NULL;
    const char *program = q->worker != NULL ? q->worker : beside;
    if (program == NULL)
        return complain("glacis-audit-worker is not installed beside glacis", NULL);
    struct glc_reader *r = glc_reader_new(
        a, &(struct glc_reader_options){ program, register_folder(q), 0, q->timeout_s }, why, sizeof why);
    bool ok = r != NULL;
    if (ok && q->import != NULL)
        glc_target_settings(a, r, q->import);
    else if (ok)
        walk_all(a, r, q);
    else
        complain(why, program);
    glc_reader_free(r);
    free(beside);
    return ok ? GLC_EXIT_OK : GLC_EXIT_ERROR;
}

/* What could not be read of the export is named in it, and tells in the exit code. */
static int run_import(const struct request *q, const struct glc_register *r)
{
    struct glc_audit a;
    struct glc_buf out;
    glc_audit_init(&a, r);
    glc_buf_init(&out, 256 << 20);
    int rc = walk(&a, q);
    if (rc == GLC_EXIT_OK && a.arena.failed) {
        rc = complain("not enough memory", NULL);
    } else if (rc == GLC_EXIT_OK && a.nsettings == 0) {
        glc_report_safe(&out, a.ngaps != 0 ? a.gaps[0].reason : "no settings");
        glc_buf_u8(&out, 0);
        rc = complain(!out.failed ? (const char *)out.ptr : "no settings", q->import);
    } else if (rc == GLC_EXIT_OK) {
        (wants_json(q) ? glc_plan_import_json : glc_plan_import)(&a, "kesl", &out);
        rc = emit(q, &out);
        if (a.ngaps != 0)
            rc = complain("not all of it could be read; the output names what was not", q->import);
    }
    glc_buf_done(&out);
    glc_audit_done(&a);
    return rc;
}

/* An instrument, product or firm by its id, or an instrument by a piece of its citation. */
static bool explain_entry(const struct request *q, const struct glc_register *r, struct glc_buf *out)
{
    return (wants_json(q) ? glc_report_entry_json : glc_report_entry)(r, q->operand, out);
}

static int answer(const struct request *q, struct glc_audit *a, const struct glc_question *question)
{
    struct glc_report report;
    struct glc_buf out;
    if (walk(a, q) != GLC_EXIT_OK)
        return GLC_EXIT_ERROR;
    if (glc_judge(a, question, &report) != GLC_OK)
        return complain("not enough memory", NULL);
    glc_buf_init(&out, (size_t)1 << 30);
    int rc = GLC_EXIT_OK;
    if (q->verb == NULL) {
        form_of(q->format)(&report, &out);
    } else if (strcmp(q->verb, "plan") == 0) {
        struct glc_plan plan;
        if (glc_plan_make(a, &report, &plan) != GLC_OK)
            rc = complain("not enough memory", NULL);
        else
            (wants_json(q) ? glc_report_plan_json : glc_report_plan)(&report, &plan, &out);
    } else {
        for (size_t i = 0; i < report.nfindings; i++)
            if (strcmp(report.findings[i].id, q->operand) == 0)
                (wants_json(q) ? glc_report_explain_json : glc_report_explain)(&report, &report.findings[i],
                                                                               &out);
        if (out.len == 0)
            rc = complain("no such finding in these targets, scope and date, and no such id in the register",
                          q->operand);
    }
    if (rc == GLC_EXIT_OK)
        rc = emit(q, &out);
    glc_buf_done(&out);
    return rc != GLC_EXIT_OK ? rc : glc_report_exit(&report);
}

static bool question_of(const struct request *q, const struct glc_register *r, struct glc_question *out)
{
    int64_t now = (int64_t)time(NULL);
    struct glc_question x = { .scopes = { .at = (const char **)(uintptr_t)q->scopes, .count = q->nscopes },
                              .asof = { .utc = now },
                              .now = now };
    if (q->as_of != NULL && !glc_date_parse_asof(glc_span_str(q->as_of), &x.asof)) {
        complain("not a date (2024-09-29) or an instant with its zone (2024-09-29T04:00:00Z)", q->as_of);
        return false;
    }
    x.discovered = x.asof;
    if (q->discovered != NULL && !glc_date_parse_asof(glc_span_str(q->discovered), &x.discovered)) {
        complain("not a date or an instant with its zone", q->discovered);
        return false;
    }
    for (size_t i = 0; i < q->nscopes; i++)
        if (!glc_register_scope(r, q->scopes[i])) {
            complain("no such scope; 'glacis audit rules' lists them", q->scopes[i]);
            return false;
        }
    *out = x;
    return true;
}

static int run(const struct request *q)
{
    struct glc_register r;
    struct glc_question question;
    if (q->verb != NULL && strcmp(q->verb, "verify-register") == 0)
        return run_verify(q);
    if (glc_register_load(register_folder(q), tell_fault, NULL, &r) != GLC_OK)
        return GLC_EXIT_ERROR;
    int rc = GLC_EXIT_ERROR;
    struct glc_buf out;
    glc_buf_init(&out, 16 << 20);
    if (q->verb != NULL && strcmp(q->verb, "rules") == 0) {
        rc = run_rules(q, &r);
    } else if (q->import != NULL) {
        rc = run_import(q, &r);
    } else if (q->verb != NULL && strcmp(q->verb, "explain") == 0 && explain_entry(q, &r, &out)) {
        rc = emit(q, &out);
    } else if (question_of(q, &r, &question)) {
        struct glc_audit a;
        glc_audit_init(&a, &r);
        rc = answer(q, &a, &question);
        glc_audit_done(&a);
    }
    glc_buf_done(&out);
    glc_register_done(&r);
    return rc;
}

/* The verb and its operand; what does not fit together is told. */
static int check(struct request *q)
{
    static const char *const verbs[] = { "plan", "explain", "rules", "verify-register" };
    bool known = q->verb == NULL;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        known |= q->verb != NULL && strcmp(q->verb, verbs[i]) == 0;
    bool explain = q->verb != NULL && strcmp(q->verb, "explain") == 0;
    if (!known)
        return complain("not a verb of audit; a target is given with --root, --image, --disk or --sbom",
                        q->verb);
    if (explain != (q->operand != NULL))
        return complain(explain ? "explain what? Give the id of a finding, instrument, product or firm"
                                : "not expected here",
                        q->operand);
    if (q->import != NULL && (q->verb == NULL || strcmp(q->verb, "plan") != 0))
        return complain("--import-kesl belongs to 'glacis audit plan'", NULL);
    bool reads = q->verb == NULL || (q->import == NULL && strcmp(q->verb, "rules") != 0 &&
                                     strcmp(q->verb, "verify-register") != 0);
    if (!reads && q->ntargets != 0)
        return complain("no target is looked at here", q->import != NULL ? "--import-kesl" : q->verb);
    if (q->verb != NULL && strcmp(q->format, "text") != 0 && !wants_json(q))
        return complain("only the audit itself has more formats than text and json", q->verb);
    if (form_of(q->format) == NULL)
        return complain("not a format: text, json, sarif, cyclonedx, oscal, csv or html", q->format);
    if (q->nscopes == 0)
        q->scopes[q->nscopes++] = "commercial-us";
    if (q->ntargets == 0)
        add_target(q, OPT_HOST, NULL);
    return GLC_EXIT_OK;
}

int glc_cmd_audit(int argc, char **argv)
{
    return glc_audit_command(NULL, argc, argv);
}

int glc_audit_command(const char *worker, int argc, char **argv)
{
    static struct request q; /* large; one command runs once */
    struct glc_args args;
    const char *value = NULL;
    int o;
    q = (struct request){ .format = "text", .worker = worker, .timeout_s = 60 };
    glc_args_init(&args, &usage, argc, argv);
    while ((o = glc_args_next(&args, &value)) != GLC_ARG_END) {
        if (o == GLC_ARG_HELP)
            return GLC_EXIT_OK;
        if (o == GLC_ARG_ERROR)
            return GLC_EXIT_ERROR;
        if (o == GLC_ARG_OPERAND) {
            if (q.verb == NULL)
                q.verb = value;
            else if (q.operand == NULL)
                q.operand = value;
            else
                return complain("not expected here", value);
        } else if (!take_option(&q, o, value)) {
            return complain(o == OPT_TIMEOUT ? "not a time in seconds" : "too many", options[o].name);
        }
    }
    int rc = check(&q);
    return rc == GLC_EXIT_OK ? run(&q) : rc;
}
