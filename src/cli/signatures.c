#define _GNU_SOURCE
#include "cli/signatures.h"

#include "cli/beside.h"
#include "image/layout.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_image(int fd)
{
    char head[8] = { 0 };
    return pread(fd, head, 8, 0) == 8 && memcmp(head, GLC_IMG_MAGIC, 8) == 0;
}

bool glc_signatures_is_image(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    bool yes = fd >= 0 && is_image(fd);
    if (fd >= 0)
        close(fd);
    return yes;
}

enum glc_err glc_signatures_add(struct glc_signatures *s, int fd, const char *name)
{
    struct glc_error err = { 0 };
    uint32_t i = s->fds, n = 0;
    enum glc_err e = i < GLC_SIGNATURES_MOST ? glc_map_fd(fd, &s->map[i]) : GLC_LIMIT;
    if (e == GLC_OK) {
        /* Modules are called by the worker, which looks whether they are those that the image means. */
        e = glc_image_open_all(s->map[i].bytes, &glc_image_any_modules, &s->end[i], s->image + s->n, &n,
                               &err);
        if (e != GLC_OK)
            glc_map_done(&s->map[i]);
    }
    if (e != GLC_OK) {
        fprintf(stderr, "glacis: %s: %s\n", name, err.msg != NULL ? err.msg : glc_err_name(e));
        fprintf(stderr, "Compile its sources again with `glacis compile`.\n");
        close(fd);
        return e;
    }
    s->fd[i] = fd;
    s->fds++;
    s->n += n;
    return GLC_OK;
}

enum glc_err glc_signatures_open(struct glc_signatures *s, const char *const *path, unsigned paths,
                                 const struct glc_build_options *opt, glc_signatures_sources *sources_of)
{
    *s = (struct glc_signatures){ 0 };
    const char **source = calloc(paths + 1, sizeof *source);
    unsigned sources = 0;
    enum glc_err e = source == NULL ? GLC_NOMEM : GLC_OK;
    for (unsigned i = 0; i < paths && e == GLC_OK; i++) {
        int fd = open(path[i], O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd >= 0 && is_image(fd)) {
            e = glc_signatures_add(s, fd, path[i]);
            s->files++;
            continue;
        }
        if (fd >= 0)
            close(fd);
        source[sources++] = path[i];
    }
    if (e == GLC_OK && sources != 0)
        e = sources_of(s, source, sources, opt);
    free(source);
    if (e != GLC_OK)
        glc_signatures_done(s);
    return e;
}

void glc_signatures_done(struct glc_signatures *s)
{
    for (uint32_t i = 0; i < s->n; i++)
        glc_image_free(s->image[i]);
    for (uint32_t i = 0; i < s->fds; i++) {
        glc_map_done(&s->map[i]);
        close(s->fd[i]);
    }
    s->n = s->fds = 0;
}

uint64_t glc_signatures_count(const struct glc_signatures *s)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        struct glc_image_stats st;
        glc_image_stats(s->image[i], &st);
        n += st.rules + st.hashes;
    }
    return n;
}

const char *glc_signatures_starter(void)
{
    return glc_beside_program("starter.image");
}

bool glc_signatures_ask(const struct glc_signatures *s, enum glc_module_index module)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (glc_image_asks(s->image[i], module))
            return true;
    return false;
}
