/* glacis dump --module: what a module says of a file. The file is hostile, so a child of ours reads it that
 * has gone to jail first and can only answer on a socket. */
#include "cli/dump_module.h"

#include "cli/cli.h"

#include "base/file.h"
#include "format/format.h"
#include "format/module/magic.h"
#include "format/module/print.h"
#include "jail/jail.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MEMORY = 1 << 30, OUTPUT = 1 << 30, SECONDS = 60 };

static bool send_all(int fd, struct glc_span s)
{
    while (s.len > 0) {
        struct iovec part = { .iov_base = (void *)(uintptr_t)s.ptr,
                              .iov_len = s.len < 65536 ? s.len : 65536 };
        struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };
        ssize_t n = sendmsg(fd, &msg, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        s = glc_span_sub(s, (uint64_t)n, UINT64_MAX);
    }
    return true;
}

static _Noreturn void read_in_jail(int fd, const struct glc_module *m, struct glc_span data, bool json)
{
    struct glc_jail_options opt = { .memory = 3ull << 30, .cpu_seconds = SECONDS, .keep = fd };
    struct glc_jail_report report;
    struct glc_error err;
    struct glc_arena arena;
    struct glc_buf out;
    struct glc_module_ctx ctx = { .data = data, .arena = &arena, .now = (int64_t)time(NULL) };
    if (strcmp(m->name, "magic") == 0)
        ctx.magic = glc_libmagic_open();
    if (glc_jail_enter(&opt, &report, &err) != GLC_OK)
        _exit(GLC_EXIT_ERROR);
    glc_arena_init(&arena, MEMORY);
    glc_buf_init(&out, OUTPUT);
    struct glc_value v = glc_module_load(m, &ctx);
    if (json)
        glc_module_print_json(m, &ctx, &v, &out);
    else
        glc_module_print_yaml(m, &ctx, &v, &out);
    _exit(!arena.failed && !out.failed && send_all(fd, glc_buf_span(&out)) ? GLC_EXIT_OK : GLC_EXIT_ERROR);
}

static int show(int fd, pid_t child)
{
    char part[65536];
    ssize_t n;
    int status;
    while ((n = read(fd, part, sizeof part)) > 0)
        fwrite(part, 1, (size_t)n, stdout);
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != GLC_EXIT_OK) {
        fprintf(stderr, "glacis dump: the file could not be read whole\n");
        return GLC_EXIT_ERROR;
    }
    return fflush(stdout) == 0 ? GLC_EXIT_OK : GLC_EXIT_ERROR;
}

int glc_dump_module(const char *name, const char *path, bool json)
{
    const struct glc_modules *all = glc_format_modules();
    bool x = strncmp(name, "yara-x:", 7) == 0;
    uint32_t m = glc_modules_find(all, glc_span_str(x ? name + 7 : name), x ? "yara-x" : NULL);
    struct glc_map map;
    int pair[2];
    if (m == UINT32_MAX) {
        fprintf(stderr, "glacis dump: no module '%s'; there are:", name);
        for (uint32_t i = 0; i < all->n; i++)
            fprintf(stderr, " %s%s%s", all->module[i]->dialect == NULL ? "" : all->module[i]->dialect,
                    all->module[i]->dialect == NULL ? "" : ":", all->module[i]->name);
        fputc('\n', stderr);
        return GLC_EXIT_ERROR;
    }
    if (glc_map_path(path, &map) != GLC_OK || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        perror(path);
        return GLC_EXIT_ERROR;
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        read_in_jail(pair[1], all->module[m], map.bytes, json);
    close(pair[1]);
    int code = child > 0 ? show(pair[0], child) : GLC_EXIT_ERROR;
    close(pair[0]);
    glc_map_done(&map);
    return code;
}

int glc_dump_modules(void)
{
    struct glc_buf out;
    glc_buf_init(&out, OUTPUT);
    glc_modules_print_help(glc_format_modules(), &out);
    bool ok = !out.failed && fwrite(out.ptr, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
    glc_buf_done(&out);
    return ok ? GLC_EXIT_OK : GLC_EXIT_ERROR;
}
