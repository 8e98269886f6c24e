#include "cli/conf.h"

#include "base/file.h"
#include "base/num.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SYSTEM_CONF "/etc/glacis/glacis.conf"

enum { LONGEST = 1 << 20, TIMEOUT_S = 120 };

/* Each keyword sets its part of the configuration; NULL, or what was expected. */
static const char *set_list(const char **list, unsigned *n, char *value)
{
    if (*n == GLC_CONF_LIST)
        return "too many of these lines";
    list[(*n)++] = value;
    return NULL;
}

static const char *set_signatures(struct glc_conf *c, char *value)
{
    return set_list(c->signatures, &c->signature_count, value);
}

static const char *set_exclude(struct glc_conf *c, char *value)
{
    return set_list(c->exclude, &c->excludes, value);
}

static const char *set_one_fs(struct glc_conf *c, char *value)
{
    bool yes = strcmp(value, "yes") == 0;
    if (!yes && strcmp(value, "no") != 0)
        return "expected yes or no";
    c->one_file_system = yes;
    return NULL;
}

static const char *set_max_filesize(struct glc_conf *c, char *value)
{
    return glc_num_size(glc_span_str(value), &c->max_filesize) ? NULL : "expected a size such as 100M, or 0";
}

static const char *set_timeout(struct glc_conf *c, char *value)
{
    return glc_num_u64(glc_span_str(value), &c->timeout) && c->timeout <= 1000000 ? NULL
                                                                                  : "expected seconds, or 0";
}

static const char *set_jobs(struct glc_conf *c, char *value)
{
    uint64_t n;
    if (!glc_num_u64(glc_span_str(value), &n) || n == 0 || n > 1024)
        return "expected a number from 1 to 1024";
    c->jobs = (unsigned)n;
    return NULL;
}

static const struct {
    const char *name;
    const char *(*set)(struct glc_conf *c, char *value);
} keyword[] = {
    { "signatures", set_signatures },     { "exclude", set_exclude }, { "one-file-system", set_one_fs },
    { "max-filesize", set_max_filesize }, { "timeout", set_timeout }, { "jobs", set_jobs },
};

static char *trim(char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    size_t n = strlen(s);
    while (n != 0 && (s[n - 1] == ' ' || s[n - 1] == '\t' || s[n - 1] == '\r'))
        s[--n] = 0;
    return s;
}

static const char *take_line(struct glc_conf *c, char *line)
{
    char *eq = strchr(line, '=');
    if (eq == NULL)
        return "expected `key = value`";
    *eq = 0;
    char *key = trim(line), *value = trim(eq + 1);
    if (*value == 0)
        return "no value";
    for (size_t i = 0; i < sizeof keyword / sizeof *keyword; i++)
        if (strcmp(keyword[i].name, key) == 0)
            return keyword[i].set(c, value);
    return "unknown key (signatures, exclude, one-file-system, max-filesize, timeout, jobs)";
}

enum glc_err glc_conf_parse(struct glc_conf *c, const char *file, char *text)
{
    *c = (struct glc_conf){ .text = text, .timeout = TIMEOUT_S };
    unsigned bad = 0, number = 0;
    for (char *line = text, *next; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = 0;
        number++;
        char *s = trim(line);
        if (*s == 0 || *s == '#')
            continue;
        const char *why = take_line(c, s);
        if (why == NULL)
            continue;
        fprintf(stderr, "%s:%u: %s\n", file, number, why);
        bad++;
    }
    return bad == 0 ? GLC_OK : GLC_CORRUPT;
}

enum glc_err glc_conf_load(struct glc_conf *c)
{
    const char *named = getenv("GLACIS_CONF");
    const char *path = named != NULL && *named != 0 ? named : SYSTEM_CONF;
    *c = (struct glc_conf){ .timeout = TIMEOUT_S };
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT && path != named)
        return GLC_OK;
    struct glc_buf b;
    glc_buf_init(&b, LONGEST);
    enum glc_err e = fd < 0 ? GLC_IO : glc_read_fd(fd, &b);
    if (e != GLC_OK)
        fprintf(stderr, "glacis: %s: %s\n", path,
                e == GLC_LIMIT ? "too long for a configuration" : strerror(errno));
    if (fd >= 0)
        close(fd);
    if (e == GLC_OK && !glc_buf_u8(&b, 0))
        e = GLC_NOMEM;
    if (e == GLC_OK && strlen((char *)b.ptr) + 1 != b.len) {
        fprintf(stderr, "%s: not text\n", path);
        e = GLC_CORRUPT;
    }
    if (e == GLC_OK)
        return glc_conf_parse(c, path, (char *)b.ptr);
    glc_buf_done(&b);
    return e;
}

void glc_conf_done(struct glc_conf *c)
{
    free(c->text);
    c->text = NULL;
}
