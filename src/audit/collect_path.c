/* What a path says by itself. Paths inside a container store, a machine's root or an image's upper folder are
 * looked at from that inner root as well, so that what a container has installed is found on its host's disk.
 */
#include "audit/source.h"

/* Folders that hold other roots: what follows the last star is one. */
static const char *const inner_roots[] = {
    "/var/lib/docker/overlay2/*/diff",
    "/var/lib/docker/aufs/diff/*",
    "/var/lib/docker/btrfs/subvolumes/*",
    "/var/lib/containers/storage/overlay/*/diff",
    "/home/*/.local/share/containers/storage/overlay/*/diff",
    "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/*/fs",
    "/var/lib/machines/*",
    "/var/lib/lxc/*/rootfs",
    "/var/lib/schroot/chroots/*",
    "/srv/chroot/*",
    "/Volumes/*",
    "/mnt/*",
    "/media/*/*",
    "/run/media/*/*",
};

/* How much of `path` the pattern takes, star by star within one component each; 0 when it does not begin so.
 */
static size_t inner_prefix(const char *pattern, const char *path)
{
    const char *p = path;
    for (; *pattern != '\0'; pattern++) {
        if (*pattern == '*') {
            size_t n = strcspn(p, "/");
            if (n == 0)
                return 0;
            p += n;
        } else if (*p++ != *pattern) {
            return 0;
        }
    }
    return *p == '/' ? (size_t)(p - path) : 0;
}

const char *glc_path_inner(const char *path)
{
    for (size_t i = 0; i < sizeof inner_roots / sizeof *inner_roots; i++) {
        size_t n = inner_prefix(inner_roots[i], path);
        if (n != 0)
            return path + n;
    }
    return path;
}

bool glc_path_is_unit(const char *inner)
{
    static const char *const folders[] = { "/etc/systemd/", "/usr/lib/systemd/", "/lib/systemd/",
                                           "/run/systemd/", "/usr/local/lib/systemd/" };
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (strncmp(inner, folders[i], strlen(folders[i])) == 0)
            return true;
    return strstr(inner, "/.config/systemd/user/") != NULL;
}

/* The register's own files carry the names that they are about. */
static bool own_register(const char *path)
{
    return strstr(path, "/restrictions/") != NULL && glc_path_ends(path, ".json");
}

static void say(struct glc_audit *a, enum glc_fact_kind kind, const char *value, size_t len,
                const char *where)
{
    char text[256];
    if (len == 0 || len >= sizeof text)
        return;
    memcpy(text, value, len);
    text[len] = '\0';
    glc_audit_say(a, kind, text, where);
}

/* /…/systemd/system/NAME.service, its links in *.wants/, and /etc/init.d/NAME. */
static void unit(struct glc_audit *a, const struct glc_entry *e, const char *base)
{
    if (e->type == GLC_ENTRY_DIR)
        return;
    const char *inner = glc_path_inner(e->path);
    if (strrchr(base, '.') != NULL && glc_path_is_unit(inner))
        glc_audit_say(a, GLC_FACT_UNIT, base, e->path);
    else if (strncmp(inner, "/etc/init.d/", 12) == 0 && strlen(base) < 200) {
        char name[256] = { 0 };
        memcpy(name, base, strlen(base));
        memcpy(name + strlen(base), ".service", 9);
        glc_audit_say(a, GLC_FACT_UNIT, name, e->path);
    }
}

static void module(struct glc_audit *a, const struct glc_entry *e, const char *base)
{
    const char *ko = strstr(base, ".ko");
    if (ko != NULL && (ko[3] == '\0' || ko[3] == '.') && strstr(e->path, "/modules/") != NULL)
        say(a, GLC_FACT_MODULE, base, (size_t)(ko - base), e->path);
}

/* Chrome and its kin: …/Extensions/ID/; Firefox: extensions/ID.xpi; native hosts:
 * NativeMessagingHosts/NAME.json. */
static void extension(struct glc_audit *a, const struct glc_entry *e, const char *base)
{
    const char *at = strstr(e->path, "/Extensions/");
    if (at != NULL && strcspn(at + 12, "/") == 32)
        say(a, GLC_FACT_EXTENSION, at + 12, 32, e->path);
    if (strstr(e->path, "/extensions/") != NULL && glc_path_ends(base, ".xpi"))
        say(a, GLC_FACT_EXTENSION, base, strlen(base) - 4, e->path);
    bool native = strstr(e->path, "/NativeMessagingHosts/") != NULL ||
                  strstr(e->path, "/native-messaging-hosts/") != NULL;
    char name[256] = "native:";
    if (native && glc_path_ends(base, ".json") && strlen(base) < 200) {
        memcpy(name + 7, base, strlen(base) - 5);
        glc_audit_say(a, GLC_FACT_EXTENSION, name, e->path);
    }
}

/* An Android data partition: /data/data/ID, /data/app/…/ID-xxxx/base.apk; macOS receipts; system extensions
 * by name. */
static void bundle(struct glc_audit *a, const struct glc_entry *e, const char *base)
{
    const char *at = strstr(e->path, "/data/data/");
    if (at != NULL)
        say(a, GLC_FACT_BUNDLE, at + 11, strcspn(at + 11, "/"), e->path);
    if (strstr(e->path, "/data/app/") != NULL && e->type == GLC_ENTRY_DIR && strchr(base, '-') != NULL)
        say(a, GLC_FACT_BUNDLE, base, strcspn(base, "-"), e->path);
    if (strstr(e->path, "/var/db/receipts/") != NULL &&
        (glc_path_ends(base, ".plist") || glc_path_ends(base, ".bom")))
        say(a, GLC_FACT_RECEIPT, base, (size_t)(strrchr(base, '.') - base), e->path);
    if (glc_path_ends(base, ".systemextension"))
        say(a, GLC_FACT_BUNDLE, base, strlen(base) - 16, e->path);
}

/* The last components of the path against a marker's pattern, which has as many. */
static bool marker_matches(const char *pattern, const char *path)
{
    if (pattern[0] == '/')
        return strcmp(pattern, path) == 0;
    size_t slashes = 1;
    for (const char *p = pattern; *p != '\0'; p++)
        slashes += *p == '/';
    const char *tail = path + strlen(path);
    while (slashes != 0 && tail != path)
        slashes -= *--tail == '/';
    if (slashes != 0)
        return false;
    /* A star stays within its component: there are as many slashes in both. */
    return glc_glob(glc_span_str(pattern), glc_span_str(tail + 1), false);
}

static void markers(struct glc_audit *a, const char *path)
{
    for (size_t i = a->reg->first[GLC_FACT_ENGINE]; i < a->reg->first[GLC_FACT_ENGINE + 1]; i++) {
        const struct glc_reg_signal *s = &a->reg->signals[i];
        for (size_t k = 0; k < s->patterns.count; k++)
            if (marker_matches(s->patterns.at[k], path))
                glc_audit_marker(a, s, path);
    }
}

/* /var/lib/dpkg/info/NAME[:ARCH].list stays as long as anything of a package does, whatever the status file
 * says. */
static void dpkg_list(struct glc_audit *a, const char *inner, const char *where)
{
    char name[128];
    if (strncmp(inner, "/var/lib/dpkg/info/", 19) != 0 || !glc_path_ends(inner, ".list"))
        return;
    size_t n = strcspn(inner + 19, ":");
    n = n < strlen(inner + 19) ? n : strlen(inner + 19) - 5;
    if (n == 0 || n >= sizeof name)
        return;
    memcpy(name, inner + 19, n);
    name[n] = '\0';
    glc_audit_fact(a, &(struct glc_fact){ .kind = GLC_FACT_PACKAGE,
                                          .value = name,
                                          .ecosystem = "deb",
                                          .where = where,
                                          .state = GLC_FACT_LEFT });
}

void glc_collect_path(struct glc_audit *a, const struct glc_entry *e)
{
    const char *base = glc_path_base(e->path), *inner = glc_path_inner(e->path);
    glc_audit_fact(a, &(struct glc_fact){ .kind = GLC_FACT_PATH,
                                          .value = inner,
                                          .where = e->path,
                                          .directory = e->type == GLC_ENTRY_DIR });
    if (!own_register(e->path))
        glc_audit_say(a, GLC_FACT_NAME, base, e->path);
    dpkg_list(a, inner, e->path);
    unit(a, e, base);
    module(a, e, base);
    extension(a, e, base);
    bundle(a, e, base);
    markers(a, inner);
}
