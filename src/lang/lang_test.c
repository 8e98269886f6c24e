#define _GNU_SOURCE
#include "check.h"

#include "lang/lang.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct glc_arena arena;

static void externals_get_their_types(void **state)
{
    (void)state;
    struct glc_external x;
    assert_true(glc_lang_external(&arena, "a=true", &x) && x.type == GLC_T_BOOL && x.u.integer == 1);
    assert_true(glc_lang_external(&arena, "a_1=-12", &x) && x.type == GLC_T_INT && x.u.integer == -12);
    assert_true(glc_lang_external(&arena, "a=1.5", &x) && x.type == GLC_T_FLOAT && x.u.real == 1.5);
    assert_true(glc_lang_external(&arena, "a=1.", &x) && x.type == GLC_T_FLOAT && x.u.real == 1);
    assert_true(glc_lang_external(&arena, "a=.5", &x) && x.type == GLC_T_STRING && x.u.text.len == 2);
    assert_true(glc_lang_external(&arena, "a=+5", &x) && x.type == GLC_T_STRING && x.u.text.len == 2);
    assert_true(glc_lang_external(&arena, "a=", &x) && x.type == GLC_T_STRING && x.u.text.len == 0);
    assert_true(glc_lang_external(&arena, "a=b=c", &x) && glc_span_is(x.u.text, "b=c"));
    assert_string_equal(x.name, "a");
    assert_false(glc_lang_external(&arena, "a", &x));
    assert_false(glc_lang_external(&arena, "1a=2", &x));
    assert_false(glc_lang_external(&arena, "=2", &x));
}

struct told {
    char text[4096];
    size_t len;
};

static void collect(void *ctx, const struct glc_diag *d)
{
    struct told *t = ctx;
    const char *slash = strrchr(d->file, '/');
    int n = snprintf(t->text + t->len, sizeof t->text - t->len, "%s:%u:%u: %s\n",
                     slash != NULL ? slash + 1 : d->file, d->line, d->column, d->message);
    if (n > 0 && t->len + (size_t)n < sizeof t->text)
        t->len += (size_t)n;
}

static void put_file(const char *folder, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void a_folder_is_read_in_order_and_hangs_on_nothing(void **state)
{
    (void)state;
    char dir[] = "/tmp/glacis-lang-XXXXXX", path[512];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/sub", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    put_file(path, "b.CBC", "x");
    snprintf(path, sizeof path, "%s/sub/loop", dir);
    assert_int_equal(symlink("..", path), 0);
    snprintf(path, sizeof path, "%s/sub/a.hdb", dir);
    assert_int_equal(symlink("nowhere", path), 0);
    snprintf(path, sizeof path, "%s/pipe.yar", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    put_file(dir, "z.cdb", "x");
    put_file(dir, "readme.txt", "x");
    put_file(dir, "noextension", "x");

    struct glc_ruleset set;
    glc_ruleset_init(&set, &arena);
    struct told told = { .len = 0 };
    struct glc_lang_options opt = { .diag = { collect, &told } };
    assert_int_equal(glc_lang_load(&set, dir, NULL, &opt), GLC_OK);
    assert_string_equal(told.text, "pipe.yar:0:0: Invalid argument\n"
                                   "a.hdb:0:0: No such file or directory\n"
                                   "b.CBC:0:0: bytecode signatures are not supported\n"
                                   "z.cdb:0:0: container metadata signatures are not supported yet\n");
    assert_int_equal(set.refused, 4);
    snprintf(path, sizeof path, "%s/readme.txt", dir);
    assert_int_equal(glc_lang_load(&set, path, NULL, &opt), GLC_UNSUPPORTED);
    snprintf(path, sizeof path, "%s/absent.ndb", dir);
    assert_int_equal(glc_lang_load(&set, path, NULL, &opt), GLC_IO);
    glc_ruleset_done(&set);
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(externals_get_their_types),
        cmocka_unit_test(a_folder_is_read_in_order_and_hangs_on_nothing),
    };
    glc_arena_init(&arena, 1 << 24);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    glc_arena_done(&arena);
    return failed;
}
