/* The one entrance to every language: finds the files, maps them, and hands each to the front end that its
 * extension names. Sources come from the user's command line or from a vendor's feed: paths are opened
 * without blocking (a FIFO named x.yar must not hang us), folders are walked by descriptor, links to folders
 * are not followed, nesting has a cap. */
#define _GNU_SOURCE
#include "lang/lang.h"

#include "base/file.h"
#include "base/num.h"
#include "lang/clam/clam.h"
#include "lang/clam/container.h"
#include "lang/yara/yara.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_FOLDERS = 64 /* levels of folders in folders */ };
enum { SMALL_FILE = 1 << 20 };

enum entrance {
    CLAM,
    YARA,
    CONTAINER, /* ClamAV's, of several databases */
    NOT_YET,   /* known, but nothing that we read */
};

struct extension {
    const char *name;
    enum entrance entrance;
    enum glc_clam_kind kind;
    bool allow;
    const char *what; /* NOT_YET; UNWANTED */
};

/* ClamAV's databases of programs that are not malware: clamscan takes them with --detect-pua only. */
#define UNWANTED                                                                                             \
    "left out: it is about potentially unwanted programs; name the file itself, or ask with --pua"

static const struct extension extensions[] = {
    { "hdb", CLAM, GLC_CLAM_HASH, false, NULL },
    { "hdu", CLAM, GLC_CLAM_HASH, false, UNWANTED },
    { "hsb", CLAM, GLC_CLAM_HASH, false, NULL },
    { "hsu", CLAM, GLC_CLAM_HASH, false, UNWANTED },
    { "fp", CLAM, GLC_CLAM_HASH, true, NULL },
    { "sfp", CLAM, GLC_CLAM_HASH, true, NULL },
    { "mdb", CLAM, GLC_CLAM_SECTION, false, NULL },
    { "mdu", CLAM, GLC_CLAM_SECTION, false, UNWANTED },
    { "msb", CLAM, GLC_CLAM_SECTION, false, NULL },
    { "msu", CLAM, GLC_CLAM_SECTION, false, UNWANTED },
    { "imp", CLAM, GLC_CLAM_IMPORTS, false, NULL },
    { "ndb", CLAM, GLC_CLAM_BODY, false, NULL },
    { "ndu", CLAM, GLC_CLAM_BODY, false, UNWANTED },
    { "sdb", CLAM, GLC_CLAM_BODY, false, NULL },
    { "db", CLAM, GLC_CLAM_OLD_BODY, false, NULL },
    { "ldb", CLAM, GLC_CLAM_LOGICAL, false, NULL },
    { "ldu", CLAM, GLC_CLAM_LOGICAL, false, UNWANTED },
    { "ign", CLAM, GLC_CLAM_IGNORE, false, NULL },
    { "ign2", CLAM, GLC_CLAM_IGNORE, false, NULL },
    { "yar", YARA, 0, false, NULL },
    { "yara", YARA, 0, false, NULL },
    { "cdb", NOT_YET, 0, false, "container metadata signatures are not supported yet" },
    { "zmd", NOT_YET, 0, false, "zip metadata signatures are not supported yet" },
    { "rmd", NOT_YET, 0, false, "rar metadata signatures are not supported yet" },
    { "idb", NOT_YET, 0, false, "icon signatures are not supported yet" },
    { "crb", NOT_YET, 0, false, "Authenticode trust lists are not supported yet" },
    { "cat", NOT_YET, 0, false, "security catalogues are not supported yet" },
    { "pdb", NOT_YET, 0, false, "phishing signatures are not supported yet" },
    { "gdb", NOT_YET, 0, false, "phishing signatures are not supported yet" },
    { "wdb", NOT_YET, 0, false, "phishing signatures are not supported yet" },
    { "ftm", NOT_YET, 0, false, "file type signatures are not supported yet" },
    { "cfg", NOT_YET, 0, false, "engine configuration is not supported yet" },
    { "cbc", NOT_YET, 0, false, "bytecode signatures are not supported" },
    { "ioc", NOT_YET, 0, false, "OpenIOC signatures are not supported yet" },
    { "pwdb", NOT_YET, 0, false, "archive passwords are not supported yet" },
    { "cvd", CONTAINER, 0, false, NULL },
    { "cld", CONTAINER, 0, false, NULL },
    { "cud", CONTAINER, 0, false, NULL },
};

static const struct extension *extension_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *dot = strrchr(slash != NULL ? slash : name, '.');
    if (dot == NULL)
        return NULL;
    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++)
        if (glc_span_ieq(glc_span_str(dot + 1), glc_span_str(extensions[i].name)))
            return &extensions[i];
    return NULL;
}

static void tell(const struct glc_lang_options *opt, enum glc_severity severity, const char *file,
                 const char *message)
{
    struct glc_diag d = { .severity = severity, .file = file, .message = message };
    if (opt->diag.put != NULL)
        opt->diag.put(opt->diag.ctx, &d);
}

/* A container whose databases are being read. */
struct contained {
    struct glc_ruleset *set;
    const char *file, *space;
    struct glc_lang_options opt;
};

static bool is_unwanted(const struct extension *ext, const struct glc_lang_options *opt)
{
    return ext->entrance == CLAM && ext->what != NULL && !opt->pua;
}

static enum glc_err parse_contained(void *ctx, struct glc_span name, struct glc_span bytes);

static enum glc_err parse_container(struct glc_ruleset *set, const struct extension *ext, const char *file,
                                    const char *space, struct glc_span text,
                                    const struct glc_lang_options *opt)
{
    struct contained c = { set, file, space, *opt };
    c.opt.no_includes = true;
    const char *why = NULL;
    bool published = strcmp(ext->name, "cvd") == 0;
    enum glc_err e = glc_clam_container(text, published, parse_contained, &c, &why);
    if (e != GLC_CORRUPT)
        return e;
    tell(opt, GLC_ERROR, file, why);
    set->refused++;
    return GLC_OK;
}

static enum glc_err parse_as(struct glc_ruleset *set, const struct extension *ext, const char *file,
                             const char *space, struct glc_span text, const struct glc_lang_options *opt)
{
    if (space == NULL)
        space = "default";
    switch (ext->entrance) {
    case CLAM:
        return glc_clam_parse(set, file, space, text, ext->kind, ext->allow, opt);
    case YARA:
        return glc_yara_parse(set, file, space, text, opt);
    case CONTAINER:
        return parse_container(set, ext, file, space, text, opt);
    case NOT_YET:
        tell(opt, GLC_NOT_TAKEN, file, ext->what);
        set->refused++;
        return GLC_OK;
    }
    return GLC_BUG;
}

/* One database of a container; diagnostics name it as if the container were a folder. */
static enum glc_err parse_contained(void *ctx, struct glc_span name, struct glc_span bytes)
{
    const struct contained *c = ctx;
    char *file = glc_arena_printf(c->set->arena, "%s/%.*s", c->file, (int)name.len, (const char *)name.ptr);
    if (file == NULL)
        return GLC_NOMEM;
    const struct extension *ext = extension_of(file);
    if (ext == NULL)
        return GLC_OK;
    if (ext->entrance == CONTAINER || is_unwanted(ext, &c->opt)) {
        tell(&c->opt, GLC_WARNING, file,
             ext->what != NULL ? ext->what : "left out: a container in a container");
        return GLC_OK;
    }
    return parse_as(c->set, ext, file, c->space, bytes, &c->opt);
}

enum glc_err glc_lang_parse(struct glc_ruleset *set, const char *file, const char *space,
                            struct glc_span text, const struct glc_lang_options *opt)
{
    const struct extension *ext = extension_of(file);
    if (ext == NULL)
        return GLC_UNSUPPORTED;
    /* Rules keep both names. */
    char *own_file = glc_arena_strdup(set->arena, glc_span_str(file));
    char *own_space = space != NULL ? glc_arena_strdup(set->arena, glc_span_str(space)) : NULL;
    if (own_file == NULL || (space != NULL && own_space == NULL))
        return GLC_NOMEM;
    return parse_as(set, ext, own_file, own_space, text, opt);
}

/* A file of a few pages is read: to map and unmap it costs more than to copy it. */
static enum glc_err load_small(struct glc_ruleset *set, int fd, const char *path, const char *space,
                               const struct glc_lang_options *opt)
{
    struct glc_buf text;
    glc_buf_init(&text, SMALL_FILE);
    enum glc_err e = glc_read_fd(fd, &text);
    if (e == GLC_OK)
        e = glc_lang_parse(set, path, space, glc_buf_span(&text), opt);
    int saved = errno;
    glc_buf_done(&text);
    errno = saved;
    return e;
}

/* Takes `fd`. */
static enum glc_err load_fd(struct glc_ruleset *set, int fd, const char *path, const char *space,
                            const struct glc_lang_options *opt)
{
    struct stat st;
    struct glc_map map;
    bool small = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < SMALL_FILE / 2;
    enum glc_err e = small ? load_small(set, fd, path, space, opt) : glc_map_fd(fd, &map);
    int saved = errno;
    close(fd);
    if (small || e != GLC_OK) {
        errno = saved;
        return e;
    }
    glc_map_ahead(&map);
    e = glc_lang_parse(set, path, space, map.bytes, opt);
    glc_map_done(&map);
    return e;
}

static int by_name(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

/* The sorted names in a folder, in the arena. Takes `fd`. */
static enum glc_err list_folder(struct glc_arena *a, int fd, char ***names, size_t *count)
{
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        int saved = errno;
        close(fd);
        errno = saved;
        return GLC_IO;
    }
    char **list = NULL;
    size_t n = 0;
    enum glc_err e = GLC_OK;
    for (struct dirent *entry; e == GLC_OK && (entry = readdir(dir)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        char *copy = glc_arena_strdup(a, glc_span_str(entry->d_name));
        char **slot = copy != NULL ? glc_arena_push(a, &list, &n, sizeof(char *)) : NULL;
        if (slot == NULL)
            e = GLC_NOMEM;
        else
            *slot = copy;
    }
    closedir(dir);
    if (e != GLC_OK)
        return e;
    if (n != 0)
        qsort(list, n, sizeof *list, by_name);
    *names = list;
    *count = n;
    return GLC_OK;
}

static enum glc_err load_folder(struct glc_ruleset *set, int fd, const char *path, const char *space,
                                const struct glc_lang_options *opt, unsigned depth);

/* One entry of a folder. What cannot be read is told and does not end the walk. */
static enum glc_err load_entry(struct glc_ruleset *set, int folder, const char *name, const char *path,
                               const char *space, const struct glc_lang_options *opt, unsigned depth)
{
    struct stat st;
    bool is_link = false;
    enum glc_err e = GLC_IO;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode)) {
        is_link = true;
        if (fstatat(folder, name, &st, 0) != 0)
            st.st_mode = 0;
    }
    bool is_folder = S_ISDIR(st.st_mode);
    if ((is_folder && is_link) || (!is_folder && extension_of(name) == NULL))
        return GLC_OK;
    const struct extension *ext = is_folder ? NULL : extension_of(name);
    if (ext != NULL && is_unwanted(ext, opt)) {
        tell(opt, GLC_WARNING, path, ext->what);
        return GLC_OK;
    }
    int fd =
        openat(folder, name,
               O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (is_folder ? O_DIRECTORY | O_NOFOLLOW : 0));
    if (fd >= 0)
        e = is_folder ? load_folder(set, fd, path, space, opt, depth + 1)
                      : load_fd(set, fd, path, space, opt);
    if (e != GLC_IO)
        return e;
    char message[256];
    tell(opt, GLC_ERROR, path, strerror_r(errno, message, sizeof message));
    set->refused++;
    return GLC_OK;
}

/* Takes `fd`. */
static enum glc_err load_folder(struct glc_ruleset *set, int fd, const char *path, const char *space,
                                const struct glc_lang_options *opt, unsigned depth)
{
    char **names = NULL;
    size_t n = 0;
    if (depth > MOST_FOLDERS) {
        close(fd);
        tell(opt, GLC_ERROR, path, "too many folders in each other");
        set->refused++;
        return GLC_OK;
    }
    int listed = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    enum glc_err e = listed < 0 ? GLC_IO : list_folder(set->arena, listed, &names, &n);
    for (size_t i = 0; e == GLC_OK && i < n; i++) {
        bool slash = path[0] != '\0' && path[strlen(path) - 1] == '/';
        char *below = glc_arena_printf(set->arena, "%s%s%s", path, slash ? "" : "/", names[i]);
        e = below == NULL ? GLC_NOMEM : load_entry(set, fd, names[i], below, space, opt, depth);
    }
    int saved = errno;
    close(fd);
    errno = saved;
    return e;
}

enum glc_err glc_lang_load(struct glc_ruleset *set, const char *path, const char *space,
                           const struct glc_lang_options *opt)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return GLC_IO;
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        return load_folder(set, fd, path, space, opt, 0);
    return load_fd(set, fd, path, space, opt);
}

static bool is_identifier(struct glc_span s)
{
    if (s.len == 0 || (s.ptr[0] >= '0' && s.ptr[0] <= '9'))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] != '_' && !glc_ascii_isalnum(s.ptr[i]))
            return false;
    return true;
}

/* [-]digits.[digits] */
static bool is_decimal(const char *s)
{
    if (*s == '-')
        s++;
    size_t whole = strspn(s, "0123456789");
    if (whole == 0 || s[whole] != '.')
        return false;
    size_t part = strspn(s + whole + 1, "0123456789");
    return s[whole + 1 + part] == '\0';
}

bool glc_lang_external(struct glc_arena *a, const char *text, struct glc_external *out)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL)
        return false;
    struct glc_span name = glc_span(text, (size_t)(equals - text));
    struct glc_span value = glc_span_str(equals + 1);
    struct glc_external x = { .name = NULL };
    if (!is_identifier(name) || (x.name = glc_arena_strdup(a, name)) == NULL)
        return false;
    int64_t number;
    if (glc_span_is(value, "true") || glc_span_is(value, "false")) {
        x.type = GLC_T_BOOL;
        x.u.integer = value.len == 4;
    } else if (equals[1] != '+' && glc_num_i64(value, &number)) {
        x.type = GLC_T_INT;
        x.u.integer = number;
    } else if (is_decimal(equals + 1)) {
        x.type = GLC_T_FLOAT;
        x.u.real = strtod(equals + 1, NULL);
    } else {
        x.type = GLC_T_STRING;
        char *copy = glc_arena_strdup(a, value);
        if (copy == NULL)
            return false;
        x.u.text = glc_span(copy, value.len);
    }
    *out = x;
    return true;
}
