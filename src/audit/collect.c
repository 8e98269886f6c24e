/* An entry's way through the collectors. Its content is read once, at most up to the largest cap of those
 * that want it. */
#include "audit/collect.h"

static glc_take *const take[GLC_SOURCES] = {
    [GLC_SOURCE_DPKG] = glc_take_dpkg,
    [GLC_SOURCE_RPM] = glc_take_rpm,
    [GLC_SOURCE_APK] = glc_take_apk,
    [GLC_SOURCE_PACMAN] = glc_take_pacman,
    [GLC_SOURCE_FLATPAK] = glc_take_flatpak,
    [GLC_SOURCE_SNAP] = glc_take_snap,
    [GLC_SOURCE_UNIT] = glc_take_unit,
    [GLC_SOURCE_PROCESS] = glc_take_process,
    [GLC_SOURCE_MODULES] = glc_take_modules,
    [GLC_SOURCE_ACCOUNTS] = glc_take_accounts,
    [GLC_SOURCE_CERTIFICATES] = glc_take_certificates,
    [GLC_SOURCE_NSS] = glc_take_nss,
    [GLC_SOURCE_SIGNER] = glc_take_signer,
    [GLC_SOURCE_HOSTS] = glc_take_hosts,
    [GLC_SOURCE_BROWSER] = glc_take_browser,
    [GLC_SOURCE_LOCKS] = glc_take_locks,
    [GLC_SOURCE_REGISTRY] = glc_take_registry,
    [GLC_SOURCE_MACOS] = glc_take_macos,
    [GLC_SOURCE_STORE] = glc_take_store,
    [GLC_SOURCE_MARKERS] = glc_take_markers,
    [GLC_SOURCE_SYSTEM] = glc_take_system,
    [GLC_SOURCE_CONFIG] = glc_take_config,
};

void glc_collect_content(struct glc_audit *a, const struct glc_entry *e)
{
    struct glc_buf content;
    bool read = false;
    glc_buf_init(&content, 0);
    for (enum glc_source_id id = 0; id < GLC_SOURCES; id++) {
        const struct glc_source *s = &glc_sources[id];
        if (!glc_source_wants(id, e))
            continue;
        if (!read || content.cap < s->cap) {
            glc_buf_done(&content);
            glc_buf_init(&content, s->cap);
            enum glc_err err = e->read(e, &content);
            /* Where only the start counts (a program's header), more than the cap is no fault. */
            if (err != GLC_OK && !(err == GLC_LIMIT && !s->database && s->cap <= 65536)) {
                glc_source_gap(a, s, e, err);
                continue;
            }
            read = true;
            a->targets[a->ntargets - 1].read++;
        }
        take[id](a, e->path, glc_span_sub(glc_buf_span(&content), 0, s->cap));
        if (a->scratch.failed)
            glc_audit_gap(a, e->path, "%s: needs more memory than it may have", s->name);
        glc_arena_reset(&a->scratch);
    }
    glc_buf_done(&content);
}

void glc_collect_entry(struct glc_audit *a, const struct glc_entry *e)
{
    const struct glc_audit_sink *sink = a->sink;
    uint64_t n = ++a->targets[a->ntargets - 1].entries;
    if (sink != NULL)
        sink->pass(sink->to, n);
    glc_collect_path(a, e);
    if (!glc_source_wanted(e) || (sink != NULL && !sink->enter(sink->to, n, e->path)))
        return;
    glc_collect_content(a, e);
    if (sink != NULL)
        sink->leave(sink->to);
}

bool glc_line_next(struct glc_span *text, struct glc_span *line)
{
    if (text->len == 0)
        return false;
    const uint8_t *nl = memchr(text->ptr, '\n', text->len);
    size_t n = nl != NULL ? (size_t)(nl - text->ptr) : text->len;
    *line = glc_span(text->ptr, n);
    if (n != 0 && line->ptr[n - 1] == '\r')
        line->len--;
    *text = glc_span_sub(*text, n + (nl != NULL), text->len);
    return true;
}

struct glc_span glc_span_trim(struct glc_span s)
{
    while (s.len != 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s = glc_span(s.ptr + 1, s.len - 1);
    while (s.len != 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t' || s.ptr[s.len - 1] == '\r'))
        s.len--;
    return s;
}

bool glc_line_value(struct glc_span line, const char *key, struct glc_span *value)
{
    size_t n = strlen(key);
    if (line.len <= n || memcmp(line.ptr, key, n) != 0 || line.ptr[n] != ':')
        return false;
    *value = glc_span_trim(glc_span_sub(line, n + 1, line.len));
    return true;
}
