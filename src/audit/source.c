/* What is read of a system, by path alone. The process that opens files decides by this table what it opens;
 * the jailed one decides by the same table which collectors see the content. Nothing here looks at content.
 */
#include "audit/source.h"

enum glc_lock glc_lock_of(const char *path)
{
    static const struct {
        const char *name;
        enum glc_lock lock;
    } rows[] = {
        { "package-lock.json", GLC_LOCK_NPM },
        { "npm-shrinkwrap.json", GLC_LOCK_NPM },
        { "yarn.lock", GLC_LOCK_YARN },
        { "pnpm-lock.yaml", GLC_LOCK_PNPM },
        { "poetry.lock", GLC_LOCK_TOML },
        { "uv.lock", GLC_LOCK_TOML },
        { "Pipfile.lock", GLC_LOCK_PIPFILE },
        { "pom.xml", GLC_LOCK_POM },
        { "gradle.lockfile", GLC_LOCK_GRADLE },
        { "go.mod", GLC_LOCK_GO },
        { "go.sum", GLC_LOCK_GO },
        { "Cargo.lock", GLC_LOCK_CARGO },
    };
    const char *base = glc_path_base(path);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(base, rows[i].name) == 0)
            return rows[i].lock;
    if (strncmp(base, "requirements", 12) == 0 && glc_path_ends(base, ".txt"))
        return GLC_LOCK_REQUIREMENTS;
    if ((strcmp(base, "METADATA") == 0 && strstr(path, ".dist-info/") != NULL) ||
        (strcmp(base, "PKG-INFO") == 0 && strstr(path, ".egg-info/") != NULL))
        return GLC_LOCK_METADATA;
    return GLC_LOCK_NONE;
}

static bool wants_dpkg(const struct glc_entry *e)
{
    const char *p = glc_path_inner(e->path);
    return strcmp(p, "/var/lib/dpkg/status") == 0 ||
           (strncmp(p, "/var/lib/dpkg/status.d/", 23) == 0 && !glc_path_ends(p, ".md5sums"));
}

static bool wants_rpm(const struct glc_entry *e)
{
    static const char *const folders[] = { "/var/lib/rpm/", "/usr/lib/sysimage/rpm/", "/usr/share/rpm/" };
    static const char *const names[] = { "rpmdb.sqlite", "rpmdb.sqlite-wal", "Packages.db", "Packages" };
    const char *p = glc_path_inner(e->path);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            size_t n = strlen(folders[i]);
            if (strncmp(p, folders[i], n) == 0 && strcmp(p + n, names[k]) == 0)
                return true;
        }
    return false;
}

static bool wants_apk(const struct glc_entry *e)
{
    const char *p = glc_path_inner(e->path);
    return strcmp(p, "/lib/apk/db/installed") == 0 || strcmp(p, "/usr/lib/apk/db/installed") == 0;
}

static bool wants_pacman(const struct glc_entry *e)
{
    const char *p = glc_path_inner(e->path);
    return strncmp(p, "/var/lib/pacman/local/", 22) == 0 && glc_path_ends(p, "/desc");
}

/* …/flatpak/app/APP/ARCH/BRANCH/COMMIT/metadata: an ini file whose [Application] has name=APP. */
static bool wants_flatpak(const struct glc_entry *e)
{
    return strstr(e->path, "/flatpak/app/") != NULL && glc_path_ends(e->path, "/metadata");
}

/* /var/lib/snapd/snaps/NAME_REVISION.snap as a name is enough; a mounted snap has meta/snap.yaml with
 * "name:". */
static bool wants_snap(const struct glc_entry *e)
{
    return glc_path_ends(e->path, "/meta/snap.yaml") ||
           (strstr(e->path, "/var/lib/snapd/snaps/") != NULL && glc_path_ends(e->path, ".snap"));
}

static bool wants_unit(const struct glc_entry *e)
{
    return glc_path_is_unit(glc_path_inner(e->path)) && glc_path_ends(e->path, ".service");
}

/* /proc/PID/comm and /proc/PID/environ of the running host, or of a root that keeps a copy. */
static bool wants_process(const struct glc_entry *e)
{
    return strncmp(e->path, "/proc/", 6) == 0 && e->path[6] >= '0' && e->path[6] <= '9' &&
           (glc_path_ends(e->path, "/comm") || glc_path_ends(e->path, "/environ"));
}

static bool wants_modules(const struct glc_entry *e)
{
    return strcmp(e->path, "/proc/modules") == 0 || strcmp(e->path, "/etc/modules") == 0 ||
           (strstr(e->path, "/modules-load.d/") != NULL && glc_path_ends(e->path, ".conf"));
}

static bool wants_accounts(const struct glc_entry *e)
{
    const char *p = glc_path_inner(e->path);
    return strcmp(p, "/etc/passwd") == 0 || strcmp(p, "/etc/group") == 0;
}

static bool wants_certificates(const struct glc_entry *e)
{
    static const char *const ends[] = { ".pem", ".crt", ".cer", ".der", ".CER", ".CRT" };
    if (strncmp(e->path, "/proc/", 6) == 0)
        return false;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (glc_path_ends(e->path, ends[i]))
            return true;
    return false;
}

static bool wants_nss(const struct glc_entry *e)
{
    return glc_path_ends(e->path, "/cert9.db");
}

static bool wants_signer(const struct glc_entry *e)
{
    static const char *const ends[] = {
        ".exe", ".dll", ".sys", ".EXE", ".DLL", ".SYS", ".Sys", ".Exe", ".Dll"
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (glc_path_ends(e->path, ends[i]))
            return true;
    return false;
}

static bool wants_hosts(const struct glc_entry *e)
{
    static const char *const whole[] = { "/etc/hosts",
                                         "/etc/resolv.conf",
                                         "/etc/environment",
                                         "/etc/proxychains.conf",
                                         "/etc/crontab",
                                         "/etc/apt/sources.list",
                                         "/etc/wgetrc",
                                         "/etc/curlrc",
                                         "/etc/squid/squid.conf",
                                         "/etc/dnsmasq.conf",
                                         "/etc/systemd/resolved.conf",
                                         "/Windows/System32/drivers/etc/hosts" };
    static const char *const folders[] = { "/etc/apt/sources.list.d/",
                                           "/etc/apt/apt.conf.d/",
                                           "/etc/yum.repos.d/",
                                           "/etc/zypp/repos.d/",
                                           "/etc/cron.d/",
                                           "/var/spool/cron/",
                                           "/etc/squid/",
                                           "/etc/profile.d/",
                                           "/etc/dnsmasq.d/",
                                           "/etc/unbound/",
                                           "/etc/NetworkManager/system-connections/" };
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (strcmp(e->path, whole[i]) == 0)
            return true;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (strncmp(e->path, folders[i], strlen(folders[i])) == 0)
            return true;
    return false;
}

static bool wants_browser(const struct glc_entry *e)
{
    return (strstr(e->path, "/policies/managed/") != NULL && glc_path_ends(e->path, ".json")) ||
           glc_path_ends(e->path, "/extensions.json") || glc_path_ends(e->path, "/external_extensions.json");
}

static bool wants_locks(const struct glc_entry *e)
{
    return glc_lock_of(e->path) != GLC_LOCK_NONE;
}

static bool wants_registry(const struct glc_entry *e)
{
    struct glc_span p = glc_span_str(e->path);
    return (glc_glob(glc_span_str("*/Windows/System32/config/SOFTWARE"), p, true) ||
            glc_glob(glc_span_str("*/Windows/System32/config/SYSTEM"), p, true) ||
            glc_glob(glc_span_str("*/NTUSER.DAT"), p, true));
}

static bool wants_macos(const struct glc_entry *e)
{
    if (strstr(e->path, "/Contents/") == NULL)
        return glc_path_ends(e->path, "/SystemExtensions/db.plist") ||
               (strstr(e->path, "/var/db/receipts/") != NULL && glc_path_ends(e->path, ".plist"));
    return glc_path_ends(e->path, "/Info.plist") || glc_path_ends(e->path, "/CodeResources") ||
           glc_path_ends(e->path, "/embedded.provisionprofile") ||
           strstr(e->path, "/Contents/MacOS/") != NULL;
}

/* docker: image/overlay2/repositories.json {"Repositories": {"NAME": {…}}}; containers-storage: images.json
 * [{"names": ["docker.io/…:tag"]}]. A container that was made and removed leaves its image here. */
static bool wants_store(const struct glc_entry *e)
{
    return glc_path_ends(e->path, "/repositories.json") || glc_path_ends(e->path, "-images/images.json");
}

static bool small(const struct glc_entry *e, uint64_t max)
{
    return e->size <= max || e->size == UINT64_MAX;
}

/* Settings of an embedded engine: small text files by their endings, and what starts programs. */
static bool wants_markers(const struct glc_entry *e)
{
    static const char *const ends[] = { ".sh", ".conf", ".env", ".service", ".cfg", ".ini", ".cmd", ".bat" };
    if (!small(e, 65536))
        return false;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (glc_path_ends(e->path, ends[i]))
            return true;
    return strncmp(e->path, "/etc/default/", 13) == 0 || strncmp(e->path, "/etc/init.d/", 12) == 0;
}

static bool wants_system(const struct glc_entry *e)
{
    return strcmp(e->path, "/etc/os-release") == 0 || strcmp(e->path, "/usr/lib/os-release") == 0;
}

/* Configurations of network equipment kept as files. Rules and parsers that name the word are in other kinds
 * of file. */
static bool wants_config(const struct glc_entry *e)
{
    return glc_path_ends(e->path, "/juniper.conf") || strncmp(e->path, "/config/", 8) == 0 ||
           glc_path_ends(e->path, ".junos");
}

const struct glc_source glc_sources[GLC_SOURCES] = {
    [GLC_SOURCE_DPKG] = { "dpkg", wants_dpkg, 256 << 20, true, true },
    [GLC_SOURCE_RPM] = { "rpm", wants_rpm, 1024 << 20, true, true },
    [GLC_SOURCE_APK] = { "apk", wants_apk, 128 << 20, true, true },
    [GLC_SOURCE_PACMAN] = { "pacman", wants_pacman, 1 << 20, true, true },
    [GLC_SOURCE_FLATPAK] = { "flatpak", wants_flatpak, 1 << 20, false, true },
    [GLC_SOURCE_SNAP] = { "snap", wants_snap, 65536, false, false },
    [GLC_SOURCE_UNIT] = { "systemd units", wants_unit, 65536, false, false },
    [GLC_SOURCE_PROCESS] = { "processes", wants_process, 65536, false, false },
    [GLC_SOURCE_MODULES] = { "kernel modules", wants_modules, 4 << 20, false, false },
    [GLC_SOURCE_ACCOUNTS] = { "accounts", wants_accounts, 16 << 20, true, true },
    [GLC_SOURCE_CERTIFICATES] = { "certificates", wants_certificates, 16 << 20, false, false },
    [GLC_SOURCE_NSS] = { "NSS certificates", wants_nss, 64 << 20, false, true },
    [GLC_SOURCE_SIGNER] = { "program signatures", wants_signer, 256 << 20, false, false },
    [GLC_SOURCE_HOSTS] = { "configured hosts", wants_hosts, 4 << 20, true, false },
    [GLC_SOURCE_BROWSER] = { "browser extensions", wants_browser, 16 << 20, false, false },
    [GLC_SOURCE_LOCKS] = { "lock files", wants_locks, 64 << 20, false, false },
    [GLC_SOURCE_REGISTRY] = { "registry", wants_registry, 1024 << 20, true, true },
    [GLC_SOURCE_MACOS] = { "macOS bundles", wants_macos, 64 << 20, false, false },
    [GLC_SOURCE_STORE] = { "container store", wants_store, 64 << 20, false, true },
    [GLC_SOURCE_MARKERS] = { "engine settings", wants_markers, 65536, false, false },
    [GLC_SOURCE_SYSTEM] = { "os-release", wants_system, 65536, true, false },
    [GLC_SOURCE_CONFIG] = { "device configurations", wants_config, 16 << 20, false, false },
};

bool glc_source_wants(enum glc_source_id id, const struct glc_entry *e)
{
    const struct glc_source *s = &glc_sources[id];
    if (e->type != GLC_ENTRY_FILE && (e->type != GLC_ENTRY_LINK || !s->follow))
        return false;
    return s->wants(e);
}

bool glc_source_wanted(const struct glc_entry *e)
{
    for (enum glc_source_id id = 0; id < GLC_SOURCES; id++)
        if (glc_source_wants(id, e))
            return true;
    return false;
}

void glc_source_gap(struct glc_audit *a, const struct glc_source *s, const struct glc_entry *e,
                    enum glc_err err)
{
    static const char *const why[] = { [GLC_CORRUPT] = "is damaged",
                                       [GLC_UNSUPPORTED] = "is stored in a way that is not read here",
                                       [GLC_LIMIT] = "is larger than is read",
                                       [GLC_NOMEM] = "needs more memory than there is",
                                       [GLC_IO] = "cannot be read",
                                       [GLC_TIMEOUT] = "took too long",
                                       [GLC_BUG] = "cannot be read" };
    /* A link to nowhere is ordinary for a configuration file, and a hole where it should be a database. */
    if (e->type == GLC_ENTRY_LINK && !s->database)
        return;
    if (strncmp(e->path, "/proc/", 6) == 0)
        return; /* processes end, and others' are not ours to read: their programs are on disk */
    if (e->type == GLC_ENTRY_LINK && err == GLC_UNSUPPORTED)
        glc_audit_gap(a, e->path, "%s: is a link that leads nowhere here", s->name);
    else
        glc_audit_gap(a, e->path, "%s: %s", s->name, why[err]);
}
