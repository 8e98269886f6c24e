/* Goldens (tests/golden/clam: each database with its diagnostics and IR beside it; `GLACIS_RENEW=1
 * build/clam_test` writes them anew) and lines that are evil rather than wrong. */
#define _GNU_SOURCE
#include "check.h"

#include "base/file.h"
#include "lang/lang.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

static void print_diag(void *ctx, const struct glc_diag *d)
{
    static const char *const severity[] = { "error", "unsupported", "warning" };
    const char *slash = strrchr(d->file, '/');
    glc_buf_printf(ctx, "%s:%u:%u: %s: %s\n", slash != NULL ? slash + 1 : d->file, d->line, d->column,
                   severity[d->severity], d->message);
    assert_true(d->column <= d->text.len + 1);
}

static void one_golden(const char *name)
{
    char path[512], out_path[520];
    snprintf(path, sizeof path, "%s/%s", CLAM_GOLDEN, name);
    snprintf(out_path, sizeof out_path, "%s.out", path);
    struct glc_arena arena;
    struct glc_ruleset set;
    struct glc_buf out;
    struct glc_map want = { 0 };
    glc_arena_init(&arena, 1 << 26);
    glc_ruleset_init(&set, &arena);
    glc_buf_init(&out, 1 << 26);
    struct glc_lang_options opt = { .diag = { print_diag, &out } };
    assert_int_equal(glc_lang_load(&set, path, NULL, &opt), GLC_OK);
    glc_buf_printf(&out, "seen %u, taken %u, refused %u, skipped %u\n", (unsigned)set.seen,
                   (unsigned)set.taken, (unsigned)set.refused, (unsigned)set.skipped);
    for (size_t i = 0; i < set.ignores; i++)
        glc_buf_printf(&out, "(ignore %s)\n", set.ignore[i]);
    glc_ruleset_dump(&set, &out);
    assert_int_equal(set.seen, set.taken + set.skipped + (set.ignores != 0 ? 0 : set.refused));
    if (getenv("GLACIS_RENEW") != NULL)
        assert_int_equal(glc_write_path(out_path, glc_buf_span(&out)), GLC_OK);
    assert_int_equal(glc_map_path(out_path, &want), GLC_OK);
    if (!glc_span_eq(want.bytes, glc_buf_span(&out)))
        fail_msg("%s differs from %s.out:\n%.*s", name, name, (int)out.len, (const char *)out.ptr);
    glc_map_done(&want);
    glc_buf_done(&out);
    glc_ruleset_done(&set);
    glc_arena_done(&arena);
}

static void goldens(void **state)
{
    (void)state;
    DIR *dir = opendir(CLAM_GOLDEN);
    unsigned n = 0;
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        size_t len = strlen(e->d_name);
        if (e->d_name[0] == '.' || (len > 4 && strcmp(e->d_name + len - 4, ".out") == 0))
            continue;
        one_golden(e->d_name);
        n++;
    }
    closedir(dir);
    assert_true(n >= 7);
}

/* The first diagnostic of a text that is wrong, and what became of the line. */
struct verdict {
    char message[200];
    uint32_t line, column, told;
};

static void note(void *ctx, const struct glc_diag *d)
{
    struct verdict *v = ctx;
    if (v->told++ != 0)
        return;
    snprintf(v->message, sizeof v->message, "%s", d->message);
    v->line = d->line;
    v->column = d->column;
}

static struct verdict judge(const char *file, struct glc_span text, size_t cap, enum glc_err want)
{
    struct glc_arena arena;
    struct glc_ruleset set;
    struct verdict v = { .told = 0 };
    glc_arena_init(&arena, cap);
    glc_ruleset_init(&set, &arena);
    struct glc_lang_options opt = { .diag = { note, &v } };
    assert_int_equal(glc_lang_parse(&set, file, NULL, text, &opt), want);
    if (want == GLC_OK && set.refused != v.told)
        fail_msg("%.60s…: %u refused, %u told: %s", (const char *)text.ptr, (unsigned)set.refused, v.told,
                 v.message);
    glc_ruleset_done(&set);
    glc_arena_done(&arena);
    return v;
}

/* `before`, n times `what`, `behind`. */
static struct glc_span repeated(const char *before, const char *what, size_t n, const char *behind)
{
    size_t a = strlen(before), b = strlen(what), c = strlen(behind);
    char *p = malloc(a + n * b + c + 1);
    assert_non_null(p);
    memcpy(p, before, a);
    for (size_t i = 0; i < n; i++)
        memcpy(p + a + i * b, what, b);
    memcpy(p + a + n * b, behind, c + 1);
    return glc_span(p, a + n * b + c);
}

static void evil_lines(void **state)
{
    (void)state;
    static const struct {
        const char *what, *file, *before, *again;
        size_t n;
        const char *behind, *message;
    } rows[] = {
        { "a line of 40 MB that is no signature", "x.ndb", "A", "a", 40000000, "",
          "cut short: NAME:TARGET:OFFSET:HEX is wanted" },
        { "a body of 1 MB", "x.ndb", "A:0:*:", "61", 500000, "", NULL },
        { "10,000 groups in each other", "x.ndb", "A:0:*:6162", "(", 10000, "",
          "alternatives are nested too deeply" },
        { "10,000 parentheses in an expression", "x.ldb", "A;Target:0;", "(", 10000, "0;61626364",
          "groups are nested too deeply" },
        { "10,000 operands", "x.ldb", "A;Target:0;0", "&0", 10000, ";61626364", "more than 256 operands" },
        { "10,000 colons", "x.hdb", "44d88612fea8a8f36de82e1278abb02f:1", ":", 10000, "",
          "more than five fields" },
        { "10,000 semicolons", "x.ldb", "A;Target:0;0", ";", 10000, "", "more than 64 subsignatures" },
        { "10,000 keys", "x.ldb", "A;Target:0", ",Target:0", 10000, ";0;61626364",
          "more than 32 fields in the target description" },
        { "nine FileSizes", "x.ldb", "A;Target:0", ",FileSize:1-2", 9, ";0;61626364",
          "too many demands in one block" },
        { "20 containers", "x.ldb", "A;Target:0", ",Container:CL_TYPE_ZIP", 20, ";0;61626364",
          "too many demands in one block" },
        { "65 negated alternatives", "x.ndb", "A:0:*:6162!(61", "|61", 64, ")6364",
          "more than 64 negated alternatives" },
        { "64 negated alternatives", "x.ndb", "A:0:*:6162!(61", "|61", 63, ")6364", NULL },
        { "a negation of 256 bytes", "x.ndb", "A:0:*:6162!(", "61", 256, ")6364",
          "negated alternatives are too long" },
        { "100,000 alternatives", "x.ndb", "A:0:*:6162(61", "|62", 100000, ")6364", NULL },
        { "100,000 jumps", "x.ndb", "A:0:*:6162", "*6364", 100000, "", NULL },
        { "a name of 1 MB", "x.hdb", "44d88612fea8a8f36de82e1278abb02f:1:", "n", 1000000, "", NULL },
        { "a bare marker", "x.ndb", "A:0:*:", "(B)", 1, "",
          "too short: two bytes or more must stand between wildcards" },
        { "nothing but markers", "x.ndb", "A:0:*:", "(W)", 10000, "", NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct glc_span text = repeated(rows[i].before, rows[i].again, rows[i].n, rows[i].behind);
        struct verdict v = judge(rows[i].file, text, (size_t)1 << 28, GLC_OK);
        if (v.told != (rows[i].message != NULL) || (v.told != 0 && strcmp(v.message, rows[i].message) != 0))
            fail_msg("%s: \"%s\" at column %u", rows[i].what, v.message, v.column);
        free((void *)(uintptr_t)text.ptr);
    }
}

static void memory_that_ends_is_no_diagnostic(void **state)
{
    (void)state;
    static const char line[] =
        "A;Target:1,FileSize:1-2;(0&1)>2;EP+0:6162*6364(65|66)::iw;!(6162|6163)(B)6162(L)\n";
    for (size_t cap = 0; cap < 4000; cap += 16) {
        struct verdict v = judge("x.ldb", glc_span_str(line), cap, GLC_NOMEM);
        assert_int_equal(v.told, 0);
    }
    struct verdict v = judge("x.ldb", glc_span_str(line), 1 << 16, GLC_OK);
    assert_int_equal(v.told, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(goldens),
        cmocka_unit_test(evil_lines),
        cmocka_unit_test(memory_that_ends_is_no_diagnostic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
