/* What a Unix system says of itself in text files: os-release, accounts, loaded modules, processes,
 * configured hosts, embedded-engine settings, configuration words. */
#include "audit/collect.h"

#include <stdio.h>

static bool wants_system(const struct glc_entry *e)
{
    return strcmp(e->path, "/etc/os-release") == 0 || strcmp(e->path, "/usr/lib/os-release") == 0;
}

static bool names(struct glc_span line, const char *id)
{
    return glc_span_find(line, glc_span_str(id)) != SIZE_MAX;
}

static void take_system(struct glc_audit *a, const char *path, struct glc_span text)
{
    struct glc_span line;
    (void)path;
    while (glc_line_next(&text, &line)) {
        if (!glc_span_starts(line, glc_span_str("ID=")) && !glc_span_starts(line, glc_span_str("ID_LIKE=")))
            continue;
        a->seen.debian |= names(line, "debian") || names(line, "ubuntu");
        a->seen.redhat |= names(line, "rhel") || names(line, "fedora") || names(line, "centos");
        a->seen.suse |= names(line, "suse");
        a->seen.alpine |= names(line, "alpine");
        a->seen.arch |= names(line, "=arch") || names(line, "\"arch\"");
    }
}

const struct glc_collector glc_collect_system = {
    "os-release", wants_system, take_system, 65536, true, false
};

static bool wants_accounts(const struct glc_entry *e)
{
    const char *p = glc_path_inner(e->path);
    return strcmp(p, "/etc/passwd") == 0 || strcmp(p, "/etc/group") == 0;
}

static void take_accounts(struct glc_audit *a, const char *path, struct glc_span text)
{
    struct glc_span line;
    while (glc_line_next(&text, &line)) {
        const uint8_t *colon = line.len != 0 ? memchr(line.ptr, ':', line.len) : NULL;
        char *name =
            colon != NULL ? glc_audit_text(a, glc_span(line.ptr, (size_t)(colon - line.ptr)), 128) : NULL;
        if (name != NULL)
            glc_audit_say(a, glc_path_ends(path, "passwd") ? GLC_FACT_USER : GLC_FACT_GROUP, name, path);
    }
}

const struct glc_collector glc_collect_accounts = { "accounts", wants_accounts, take_accounts,
                                                    16 << 20,   true,           true };

static bool wants_modules(const struct glc_entry *e)
{
    return strcmp(e->path, "/proc/modules") == 0 || strcmp(e->path, "/etc/modules") == 0 ||
           (strstr(e->path, "/modules-load.d/") != NULL && glc_path_ends(e->path, ".conf"));
}

static void take_modules(struct glc_audit *a, const char *path, struct glc_span text)
{
    struct glc_span line;
    while (glc_line_next(&text, &line)) {
        line = glc_span_trim(line);
        size_t n = 0;
        while (n < line.len && line.ptr[n] != ' ' && line.ptr[n] != '\t')
            n++;
        char *name = n != 0 && line.ptr[0] != '#' ? glc_audit_text(a, glc_span(line.ptr, n), 128) : NULL;
        if (name != NULL)
            glc_audit_say(a, GLC_FACT_MODULE, name, path);
    }
}

const struct glc_collector glc_collect_modules = { "kernel modules", wants_modules, take_modules,
                                                   4 << 20,          false,         false };

/* /proc/PID/comm and /proc/PID/environ of the running host, or of a root that keeps a copy. */
static bool wants_process(const struct glc_entry *e)
{
    return strncmp(e->path, "/proc/", 6) == 0 && e->path[6] >= '0' && e->path[6] <= '9' &&
           (glc_path_ends(e->path, "/comm") || glc_path_ends(e->path, "/environ"));
}

static void take_environment(struct glc_audit *a, const char *path, struct glc_span bytes)
{
    while (bytes.len != 0) {
        const uint8_t *nul = memchr(bytes.ptr, 0, bytes.len);
        size_t n = nul != NULL ? (size_t)(nul - bytes.ptr) : bytes.len;
        const uint8_t *eq = n != 0 ? memchr(bytes.ptr, '=', n) : NULL;
        char *name =
            eq != NULL ? glc_audit_text(a, glc_span(bytes.ptr, (size_t)(eq - bytes.ptr)), 128) : NULL;
        if (name != NULL)
            glc_audit_say(a, GLC_FACT_ENV, name, path);
        bytes = glc_span_sub(bytes, n + 1, bytes.len);
    }
}

static void take_process(struct glc_audit *a, const char *path, struct glc_span bytes)
{
    if (glc_path_ends(path, "/environ")) {
        take_environment(a, path, bytes);
        return;
    }
    struct glc_span line;
    char *name = glc_line_next(&bytes, &line) ? glc_audit_text(a, line, 64) : NULL;
    if (name != NULL)
        glc_audit_say(a, GLC_FACT_PROCESS, name, path);
}

const struct glc_collector glc_collect_process = { "processes", wants_process, take_process,
                                                   65536,       false,         false };

static bool wants_unit(const struct glc_entry *e)
{
    return glc_path_is_unit(glc_path_inner(e->path)) && glc_path_ends(e->path, ".service");
}

/* A unit under another name that starts a known program. */
static void take_unit(struct glc_audit *a, const char *path, struct glc_span text)
{
    struct glc_span line;
    while (glc_line_next(&text, &line)) {
        if (!glc_span_starts(line, glc_span_str("ExecStart=")))
            continue;
        size_t at = 10;
        while (at < line.len && strchr("-@:+!\"", line.ptr[at]) != NULL)
            at++;
        size_t end = at;
        while (end < line.len && line.ptr[end] != ' ' && line.ptr[end] != '"')
            end++;
        char *program = glc_audit_text(a, glc_span_sub(line, at, end - at), 512);
        if (program != NULL)
            glc_audit_fact(
                a, &(struct glc_fact){
                       .kind = GLC_FACT_PATH, .value = program, .where = path, .state = GLC_FACT_PRESENT });
    }
}

const struct glc_collector glc_collect_unit = { "systemd units", wants_unit, take_unit, 65536, false, false };

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

static bool host_byte(uint8_t c)
{
    return glc_ascii_isalnum(c) || c == '-' || c == '.';
}

/* A line that sends a host to nowhere, or forbids it, is the opposite of a configured update host. */
static bool blocks(struct glc_span line)
{
    static const char *const words[] = { "0.0.0.0",  "127.0.0.1", "127.0.1.1",
                                         "::1",      "deny",      "block",
                                         "reject",   "refuse",    "always_nxdomain",
                                         "address=/" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (glc_span_find(line, glc_span_str(words[i])) != SIZE_MAX)
            return true;
    return glc_span_starts(line, glc_span_str(":: "));
}

static void take_hosts(struct glc_audit *a, const char *path, struct glc_span text)
{
    struct glc_span line;
    while (glc_line_next(&text, &line)) {
        line = glc_span_trim(line);
        if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';')
            continue;
        for (size_t i = 0; i < line.len;) {
            size_t n = 0;
            while (i + n < line.len && host_byte(line.ptr[i + n]))
                n++;
            if (n > 3 && n < 254 && memchr(line.ptr + i, '.', n) != NULL) {
                char *host = glc_audit_text(a, glc_span(line.ptr + i, n), 254);
                if (host != NULL)
                    glc_audit_fact(a, &(struct glc_fact){ .kind = GLC_FACT_HOST,
                                                          .value = host,
                                                          .where = path,
                                                          .state = blocks(line) ? GLC_FACT_MENTIONED
                                                                                : GLC_FACT_PRESENT });
            }
            i += n + 1;
        }
    }
}

const struct glc_collector glc_collect_hosts = {
    "configured hosts", wants_hosts, take_hosts, 4 << 20, true, false
};

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

static void take_markers(struct glc_audit *a, const char *path, struct glc_span text)
{
    for (size_t i = a->reg->first[GLC_FACT_ENGINE]; i < a->reg->first[GLC_FACT_ENGINE + 1]; i++) {
        const struct glc_reg_signal *s = &a->reg->signals[i];
        for (size_t k = 0; k < s->patterns.count; k++)
            if (strncmp(s->patterns.at[k], "text:", 5) == 0 &&
                glc_span_find(text, glc_span_str(s->patterns.at[k] + 5)) != SIZE_MAX)
                glc_audit_marker(a, s, path);
    }
}

const struct glc_collector glc_collect_markers = {
    "engine settings", wants_markers, take_markers, 65536, false, false
};

/* Configurations of network equipment kept as files. Rules and parsers that name the word are in other kinds
 * of file. */
static bool wants_config(const struct glc_entry *e)
{
    return glc_path_ends(e->path, "/juniper.conf") || strncmp(e->path, "/config/", 8) == 0 ||
           glc_path_ends(e->path, ".junos");
}

static void take_config(struct glc_audit *a, const char *path, struct glc_span text)
{
    for (size_t i = a->reg->first[GLC_FACT_CONFIG]; i < a->reg->first[GLC_FACT_CONFIG + 1]; i++) {
        const struct glc_reg_signal *s = &a->reg->signals[i];
        for (size_t k = 0; k < s->patterns.count; k++) {
            struct glc_span all = text, line;
            while (glc_line_next(&all, &line)) {
                line = glc_span_trim(line);
                if (line.len != 0 && line.ptr[0] != '#' &&
                    glc_span_find(line, glc_span_str(s->patterns.at[k])) != SIZE_MAX)
                    glc_audit_fact(a, &(struct glc_fact){ .kind = GLC_FACT_CONFIG,
                                                          .value = s->patterns.at[k],
                                                          .where = path,
                                                          .embedded = true });
            }
        }
    }
}

const struct glc_collector glc_collect_config = {
    "device configurations", wants_config, take_config, 16 << 20, false, false
};
