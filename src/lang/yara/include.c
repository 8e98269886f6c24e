/* `include "file"`: relative to the including file's folder, then to the folders of the options.
 *
 * A file that includes itself, over others too, is an error; depth, number and bytes of includes are capped,
 * so that ten files that include each other ten times do not become ten billion. Only regular files are read,
 * without blocking. */
#define _GNU_SOURCE
#include "base/file.h"
#include "lang/yara/parser.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A descriptor, or -1 with errno. */
static int open_path(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

/* Open name in the folder of `file`, or in one of the options'. *path is what was opened. */
static int find(struct glc_yara_parser *p, const char *name, const char **path)
{
    const char *file = p->src->file, *slash = strrchr(file, '/');
    int fd;
    if (name[0] == '/' || slash == NULL)
        *path = name;
    else
        *path = glc_arena_printf(p->a, "%.*s/%s", (int)(slash - file), file, name);
    if (*path == NULL)
        return -1;
    fd = open_path(*path);
    int first = errno;
    for (uint32_t i = 0; fd < 0 && name[0] != '/' && i < p->opt->include_dirs; i++) {
        *path = glc_arena_printf(p->a, "%s/%s", p->opt->include_dir[i], name);
        fd = *path == NULL ? -1 : open_path(*path);
    }
    if (fd < 0)
        errno = first;
    return fd;
}

static bool is_cycle(const struct glc_yara_source *s, const struct stat *st)
{
    for (; s != NULL; s = s->parent)
        if (s->ino != 0 && s->dev == (uint64_t)st->st_dev && s->ino == (uint64_t)st->st_ino)
            return true;
    return false;
}

static void read_it(struct glc_yara_parser *p, const struct glc_yara_tok *tok, int fd, const char *path,
                    const struct stat *st)
{
    struct glc_map map;
    if (glc_map_fd(fd, &map) != GLC_OK) {
        glc_yara_say(p, GLC_ERROR, tok, NULL, "cannot read '%s': %s", glc_yara_quote(glc_span_str(path)).text,
                     strerror(errno));
        return;
    }
    struct glc_yara_source inner = { .file = path,
                                     .lex = glc_yara_lex(map.bytes, glc_yara_is_x(p)),
                                     .parent = p->src,
                                     .depth = p->src->depth + 1,
                                     .dev = (uint64_t)st->st_dev,
                                     .ino = (uint64_t)st->st_ino };
    struct glc_yara_source *outer = p->src;
    p->src = &inner;
    glc_yara_file(p);
    p->src = outer;
    p->failed = false;
    glc_map_done(&map);
}

/* The file at the top is known by name only. */
static void know_top(struct glc_yara_parser *p)
{
    struct stat st;
    if (p->src->parent == NULL && p->src->ino == 0 && stat(p->src->file, &st) == 0) {
        p->src->dev = (uint64_t)st.st_dev;
        p->src->ino = (uint64_t)st.st_ino;
    }
}

void glc_yara_include(struct glc_yara_parser *p, const struct glc_yara_tok *tok)
{
    const char *path = NULL, *name = glc_arena_strdup(p->a, glc_yara_text(p, tok));
    struct stat st;
    if (p->failed)
        return;
    if (name == NULL) {
        glc_yara_nomem(p);
        return;
    }
    if (p->opt->no_includes) {
        glc_yara_say(p, GLC_ERROR, tok, NULL, "includes are not allowed here");
        return;
    }
    if (strlen(name) != strnlen(name, tok->text.len) || name[0] == '\0') {
        glc_yara_say(p, GLC_ERROR, tok, NULL, "an include without a name");
        return;
    }
    if (p->src->depth >= GLC_YARA_INCLUDES || p->all_includes >= GLC_YARA_ALL_INCLUDES ||
        p->included > GLC_YARA_INCLUDED) {
        glc_yara_say(p, GLC_ERROR, tok, NULL,
                     p->src->depth >= GLC_YARA_INCLUDES ? "too many includes inside each other"
                                                        : "too many includes");
        return;
    }
    know_top(p);
    int fd = find(p, name, &path);
    if (fd < 0 || fstat(fd, &st) != 0) {
        glc_yara_say(p, GLC_ERROR, tok, "paths are relative to the including file", "cannot open '%s': %s",
                     glc_yara_quote(glc_span_str(name)).text, strerror(errno));
    } else if (is_cycle(p->src, &st)) {
        glc_yara_say(p, GLC_ERROR, tok, NULL, "'%s' includes itself",
                     glc_yara_quote(glc_span_str(name)).text);
    } else {
        p->all_includes++;
        p->included += st.st_size > 0 ? (uint64_t)st.st_size : 0;
        read_it(p, tok, fd, path, &st);
    }
    if (fd >= 0)
        close(fd);
}
