/* Options, the configuration, and walking over what a hostile tree may hold. */
#define _GNU_SOURCE
#include "check.h"

#include "cli/args.h"
#include "cli/conf.h"
#include "cli/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void options_are_parsed(void **state)
{
    (void)state;
    static const struct glc_opt opt[] = { { "signatures", 's', "FILE", "" },
                                          { "json", 0, NULL, "" },
                                          { NULL, 'i', NULL, "" } };
    static const struct glc_usage u = { "test", "", "", opt, 3 };
    static const struct {
        const char *name;
        const char *argv[4];
        int first;
        const char *value;
    } rows[] = {
        { "a letter with a value", { "x", "-s", "a" }, 0, "a" },
        { "a letter with its value attached", { "x", "-sa" }, 0, "a" },
        { "a name with a value", { "x", "--signatures", "a" }, 0, "a" },
        { "a name with =", { "x", "--signatures=a" }, 0, "a" },
        { "a name with an empty value", { "x", "--signatures=" }, 0, "" },
        { "a missing value", { "x", "-s" }, GLC_ARG_ERROR, NULL },
        { "a flag", { "x", "--json" }, 1, NULL },
        { "a flag with a value", { "x", "--json=1" }, GLC_ARG_ERROR, NULL },
        { "a bundle", { "x", "-is", "a" }, 2, NULL },
        { "an unknown name", { "x", "--jsn" }, GLC_ARG_ERROR, NULL },
        { "an unknown letter", { "x", "-q" }, GLC_ARG_ERROR, NULL },
        { "an operand", { "x", "file" }, GLC_ARG_OPERAND, "file" },
        { "a dash", { "x", "-" }, GLC_ARG_OPERAND, "-" },
        { "after two dashes", { "x", "--", "--json" }, GLC_ARG_OPERAND, "--json" },
        { "nothing", { "x" }, GLC_ARG_END, NULL },
    };
    FILE *saved = stderr;
    stderr = fopen("/dev/null", "w");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct glc_args a;
        const char *value = NULL;
        int argc = 0;
        while (argc < 4 && rows[i].argv[argc] != NULL)
            argc++;
        glc_args_init(&a, &u, argc, (char **)(uintptr_t)rows[i].argv);
        int got = glc_args_next(&a, &value);
        if (got != rows[i].first || (rows[i].value != NULL && strcmp(value, rows[i].value) != 0))
            fail_msg("%s", rows[i].name);
    }
    fclose(stderr);
    stderr = saved;
}

static void configuration_is_parsed(void **state)
{
    (void)state;
    struct glc_conf c;
    assert_int_equal(
        glc_conf_parse(&c, "t",
                       strdup("# comment\n\nsignatures = /a b/c.image\nsignatures=/d\n exclude = *.iso \n"
                              "max-filesize = 2G\njobs = 3\none-file-system = yes\ntimeout = 0")),
        GLC_OK);
    assert_int_equal(c.signature_count, 2);
    assert_string_equal(c.signatures[0], "/a b/c.image");
    assert_string_equal(c.exclude[0], "*.iso");
    assert_true(c.one_file_system);
    assert_int_equal(c.max_filesize, (uint64_t)2 << 30);
    assert_int_equal(c.jobs, 3);
    assert_int_equal(c.timeout, 0);
    glc_conf_done(&c);
    static const char *const bad[] = {
        "x", "jobs = 0", "jobs =", "colour = yes", "max-filesize = many", "one-file-system = 1"
    };
    FILE *saved = stderr;
    stderr = fopen("/dev/null", "w");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(glc_conf_parse(&c, "t", strdup(bad[i])), GLC_CORRUPT);
        glc_conf_done(&c);
    }
    fclose(stderr);
    stderr = saved;
}

struct seen {
    unsigned files, skipped, errors, open_most;
    uint64_t bytes;
    size_t longest;
    char last_skipped[32];
};

static unsigned open_fds(void)
{
    unsigned n = 0;
    for (int fd = 3; fd < 200; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static struct seen walk(const char *path, const struct glc_walk_options *o)
{
    struct seen s = { 0 };
    struct glc_walk *w = glc_walk_new(o);
    assert_non_null(w);
    glc_walk_start(w, path);
    for (;;) {
        struct glc_walk_entry e;
        glc_walk_next(w, &e);
        if (e.kind == GLC_WALK_END)
            break;
        unsigned n = open_fds();
        s.open_most = n > s.open_most ? n : s.open_most;
        s.files += e.kind == GLC_WALK_FILE;
        s.skipped += e.kind == GLC_WALK_SKIPPED;
        s.errors += e.kind == GLC_WALK_ERROR;
        s.bytes += e.size;
        assert_int_equal(strlen(e.path), e.path_len);
        if (e.kind == GLC_WALK_SKIPPED)
            (void)snprintf(s.last_skipped, sizeof s.last_skipped, "%s", e.why);
        if (e.path_len > s.longest)
            s.longest = e.path_len;
        if (e.fd >= 0)
            close(e.fd);
    }
    glc_walk_free(w);
    return s;
}

static char top[] = "/tmp/glacis-cli-test-XXXXXX";

static void put(int dir, const char *name, const char *text)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int setup(void **state)
{
    (void)state;
    return mkdtemp(top) == NULL;
}

static int teardown(void **state)
{
    (void)state;
    char cmd[128];
    (void)snprintf(cmd, sizeof cmd, "rm -rf %s", top);
    return system(cmd);
}

static int new_tree(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", top, name);
    assert_int_equal(mkdir(path, 0700), 0);
    int fd = open(path, O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    return fd;
}

static const char *tree(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", top, name);
    return path;
}

static void odd_things_are_skipped(void **state)
{
    (void)state;
    int d = new_tree("odd");
    put(d, "file", "12345");
    put(d, "\xff\xfe\n", "1");
    assert_int_equal(mkfifoat(d, "fifo", 0600), 0);
    assert_int_equal(symlinkat("/etc", d, "out"), 0);
    assert_int_equal(symlinkat(".", d, "loop"), 0);
    assert_int_equal(symlinkat("file", d, "link"), 0);
    assert_int_equal(mkdirat(d, "sub", 0700), 0);
    put(d, "sub/inner", "123");
    int sock = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    strcpy(sa.sun_path, top);
    strcat(sa.sun_path, "/odd/s");
    assert_int_equal(bind(sock, (struct sockaddr *)&sa, sizeof sa), 0);
    close(sock);
    struct seen s = walk(tree("odd"), &(struct glc_walk_options){ 0 });
    assert_int_equal(s.files, 3);
    assert_int_equal(s.bytes, 9);
    assert_int_equal(s.skipped, 2);
    assert_int_equal(s.errors, 0);
    s = walk(tree("odd"), &(struct glc_walk_options){ .count_only = true });
    assert_int_equal(s.files, 3);
    assert_int_equal(s.bytes, 9);
    static const char *const globs[] = { "sub", "*.nothing" };
    s = walk(tree("odd"), &(struct glc_walk_options){ .exclude = globs, .excludes = 2 });
    assert_int_equal(s.files, 2);
    static const char *const paths[] = { "*/odd/f*" };
    s = walk(tree("odd"), &(struct glc_walk_options){ .exclude = paths, .excludes = 1 });
    assert_int_equal(s.files, 2);
    assert_int_equal(s.skipped, 1);
    /* Asked for by name, a link is followed and a FIFO is not opened. */
    s = walk(tree("odd/link"), &(struct glc_walk_options){ 0 });
    assert_int_equal(s.files, 1);
    s = walk(tree("odd/fifo"), &(struct glc_walk_options){ 0 });
    assert_int_equal(s.skipped, 1);
    assert_string_equal(s.last_skipped, "FIFO");
    s = walk(tree("nothing"), &(struct glc_walk_options){ 0 });
    assert_int_equal(s.errors, 1);
    s = walk("/proc/version", &(struct glc_walk_options){ 0 });
    assert_int_equal(s.files, 1);
    s = walk("/dev/null", &(struct glc_walk_options){ 0 });
    assert_string_equal(s.last_skipped, "device");
    close(d);
}

static void deep_trees_take_few_descriptors(void **state)
{
    (void)state;
    enum { DEEP = 4000 };
    int d = new_tree("deep");
    for (int i = 0; i < DEEP; i++) {
        assert_int_equal(mkdirat(d, "folder", 0700), 0);
        if (i % 500 == 0) {
            put(d, "file", "x");
            assert_int_equal(mkdirat(d, "other", 0700), 0);
            put(d, "other/file", "x");
        }
        int next = openat(d, "folder", O_RDONLY | O_DIRECTORY);
        assert_true(next >= 0);
        close(d);
        d = next;
    }
    put(d, "bottom", "x");
    close(d);
    struct seen s = walk(tree("deep"), &(struct glc_walk_options){ 0 });
    assert_int_equal(s.files, 2 * (DEEP / 500) + 1);
    assert_int_equal(s.errors, 0);
    assert_true(s.open_most < 70);
    assert_true(s.longest > DEEP * 7);
}

/* A folder that is moved away while something deep in it is read must not lead the walk out of the tree. */
static void moved_folders_do_not_lead_out(void **state)
{
    (void)state;
    int d = new_tree("moved");
    int at = dup(d);
    for (int i = 0; i < 60; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "d%d", i);
        assert_int_equal(mkdirat(at, name, 0700), 0);
        int next = openat(at, name, O_RDONLY | O_DIRECTORY);
        close(at);
        at = next;
    }
    put(at, "bottom", "x");
    close(at);
    int elsewhere = new_tree("elsewhere");
    put(elsewhere, "secret", "x");
    struct glc_walk *w = glc_walk_new(&(struct glc_walk_options){ 0 });
    struct glc_walk_entry e;
    unsigned errors = 0;
    glc_walk_start(w, tree("moved"));
    glc_walk_next(w, &e);
    assert_int_equal(e.kind, GLC_WALK_FILE);
    close(e.fd);
    assert_int_equal(renameat(d, "d0/d1/d2", elsewhere, "d2"), 0);
    for (glc_walk_next(w, &e); e.kind != GLC_WALK_END; glc_walk_next(w, &e)) {
        assert_null(strstr(e.path, "secret"));
        errors += e.kind == GLC_WALK_ERROR;
        if (e.fd >= 0)
            close(e.fd);
    }
    assert_true(errors <= 60);
    glc_walk_free(w);
    close(d);
    close(elsewhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_parsed),
        cmocka_unit_test(configuration_is_parsed),
        cmocka_unit_test(odd_things_are_skipped),
        cmocka_unit_test(deep_trees_take_few_descriptors),
        cmocka_unit_test(moved_folders_do_not_lead_out),
    };
    return cmocka_run_group_tests_name("cli", tests, setup, teardown);
}
