/* The table of collectors, and one entry's way through it. An entry's content is read once, at most up to the
 * largest cap of those that want it. */
#include "audit/collect.h"

static const struct glc_collector *const collectors[] = {
    &glc_collect_dpkg,     &glc_collect_rpm,      &glc_collect_apk,          &glc_collect_pacman,
    &glc_collect_flatpak,  &glc_collect_snap,     &glc_collect_unit,         &glc_collect_process,
    &glc_collect_modules,  &glc_collect_accounts, &glc_collect_certificates, &glc_collect_nss,
    &glc_collect_signer,   &glc_collect_hosts,    &glc_collect_browser,      &glc_collect_locks,
    &glc_collect_registry, &glc_collect_macos,    &glc_collect_store,        &glc_collect_markers,
    &glc_collect_system,   &glc_collect_config,
};

static void unreadable(struct glc_audit *a, const struct glc_collector *c, const struct glc_entry *e,
                       enum glc_err err)
{
    static const char *const why[] = { [GLC_CORRUPT] = "is damaged",
                                       [GLC_UNSUPPORTED] = "is a link that leads nowhere here",
                                       [GLC_LIMIT] = "is larger than is read",
                                       [GLC_NOMEM] = "needs more memory than there is",
                                       [GLC_IO] = "cannot be read",
                                       [GLC_TIMEOUT] = "took too long",
                                       [GLC_BUG] = "cannot be read" };
    /* A link to nowhere is ordinary for a configuration file, and a hole where it should be a database. */
    if (e->type == GLC_ENTRY_LINK && !c->database)
        return;
    if (strncmp(e->path, "/proc/", 6) == 0)
        return; /* processes end, and others' are not ours to read: their programs are on disk */
    glc_audit_gap(a, e->path, "%s: %s", c->name, why[err]);
}

void glc_collect_entry(struct glc_audit *a, const struct glc_entry *e)
{
    a->targets[a->ntargets - 1].entries++;
    glc_collect_path(a, e);
    if (e->type != GLC_ENTRY_FILE && e->type != GLC_ENTRY_LINK)
        return;
    struct glc_buf content;
    glc_buf_init(&content, 0);
    bool read = false;
    for (size_t i = 0; i < sizeof collectors / sizeof *collectors; i++) {
        const struct glc_collector *c = collectors[i];
        if ((e->type == GLC_ENTRY_LINK && !c->follow) || !c->wants(e))
            continue;
        if (!read || content.cap < c->cap) {
            glc_buf_done(&content);
            glc_buf_init(&content, c->cap);
            enum glc_err err = e->read(e, &content);
            /* Where only the start counts (a program's header), more than the cap is no fault. */
            if (err != GLC_OK && !(err == GLC_LIMIT && !c->database && c->cap <= 65536)) {
                unreadable(a, c, e, err);
                continue;
            }
            read = true;
            a->targets[a->ntargets - 1].read++;
        }
        c->take(a, e->path, glc_span_sub(glc_buf_span(&content), 0, c->cap));
        if (a->scratch.failed)
            glc_audit_gap(a, e->path, "%s: needs more memory than it may have", c->name);
        glc_arena_reset(&a->scratch);
    }
    glc_buf_done(&content);
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
