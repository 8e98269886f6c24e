/* What a Unix system says of itself in text files: os-release, accounts, loaded modules, processes,
 * configured hosts, embedded-engine settings, configuration words. */
#include "audit/collect.h"

#include <stdio.h>

static bool names(struct glc_span line, const char *id)
{
    return glc_span_find(line, glc_span_str(id)) != SIZE_MAX;
}

void glc_take_system(struct glc_audit *a, const char *path, struct glc_span text)
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

void glc_take_accounts(struct glc_audit *a, const char *path, struct glc_span text)
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

void glc_take_modules(struct glc_audit *a, const char *path, struct glc_span text)
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

void glc_take_process(struct glc_audit *a, const char *path, struct glc_span bytes)
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

/* A unit under another name that starts a known program. */
void glc_take_unit(struct glc_audit *a, const char *path, struct glc_span text)
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

void glc_take_hosts(struct glc_audit *a, const char *path, struct glc_span text)
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

void glc_take_markers(struct glc_audit *a, const char *path, struct glc_span text)
{
    for (size_t i = a->reg->first[GLC_FACT_ENGINE]; i < a->reg->first[GLC_FACT_ENGINE + 1]; i++) {
        const struct glc_reg_signal *s = &a->reg->signals[i];
        for (size_t k = 0; k < s->patterns.count; k++)
            if (strncmp(s->patterns.at[k], "text:", 5) == 0 &&
                glc_span_find(text, glc_span_str(s->patterns.at[k] + 5)) != SIZE_MAX)
                glc_audit_marker(a, s, path);
    }
}

void glc_take_config(struct glc_audit *a, const char *path, struct glc_span text)
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
