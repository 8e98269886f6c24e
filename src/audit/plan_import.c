/* A settings export of another product, in Glacis' terms: the register says what becomes of every key. The
 * bytes are hostile: a file may only look like an export. */
#include "audit/names.h"
#include "audit/plan.h"
#include "audit/report.h"

static struct glc_span trim(struct glc_span s)
{
    while (s.len != 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s = glc_span(s.ptr + 1, s.len - 1);
    while (s.len != 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t' || s.ptr[s.len - 1] == '\r'))
        s.len--;
    return s;
}

/* Bytes of the file that go out into a configuration: control characters do not. */
static void put_value(struct glc_buf *out, struct glc_span v)
{
    for (size_t i = 0; i < v.len;) {
        size_t n = glc_utf8_len(glc_span_sub(v, i, 4));
        bool path_byte = n == 0 && v.ptr[i] >= 0xa0; /* of a name in another encoding: it has to stay */
        if (!path_byte && glc_report_hidden(v.ptr + i, n))
            glc_buf_u8(out, '?');
        else
            glc_buf_put(out, v.ptr + i, n != 0 ? n : 1);
        i += n != 0 ? n : 1;
    }
}

static const struct glc_reg_setting *setting_for(const struct glc_register *r, const char *product,
                                                 struct glc_span section, struct glc_span key)
{
    for (size_t i = 0; i < r->nsettings; i++) {
        const struct glc_reg_setting *s = &r->settings[i];
        if (strcmp(s->product, product) == 0 && glc_glob(glc_span_str(s->section), section, true) &&
            glc_glob(glc_span_str(s->key), key, true))
            return s;
    }
    return NULL;
}

/* 0 and nothing mean no limit to both; the template's {} becomes the value. */
static void put_becomes(struct glc_buf *out, const struct glc_reg_setting *s, struct glc_span value)
{
    const char *at = strstr(s->becomes, "{}");
    if (at == NULL) {
        glc_buf_puts(out, s->becomes);
        return;
    }
    glc_buf_put(out, s->becomes, (size_t)(at - s->becomes));
    put_value(out, value);
    glc_buf_puts(out, at + 2);
}

enum part { PART_CONF, PART_NOTED, PART_PLANNED, PART_NONE, PARTS };

/* A line that goes into glacis.conf, and not a sentence about it. */
static bool is_conf(const struct glc_reg_setting *s)
{
    return strstr(s->becomes, " = {}") != NULL;
}

static enum part part_of(const struct glc_reg_setting *s)
{
    if (s == NULL || strcmp(s->status, "none") == 0)
        return PART_NONE;
    if (strcmp(s->status, "planned") == 0)
        return PART_PLANNED;
    return is_conf(s) ? PART_CONF : PART_NOTED;
}

/* An exclusion that KESL holds but does not use must not be taken over. */
static bool masks_unused(struct glc_span ini)
{
    return glc_span_find(ini, glc_span_str("UseExcludeMasks=No")) != SIZE_MAX;
}

static void import_line(const struct glc_register *r, const char *product, struct glc_span section,
                        struct glc_span line, enum part part, bool unused, struct glc_buf *out)
{
    const uint8_t *eq = memchr(line.ptr, '=', line.len);
    if (eq == NULL)
        return;
    struct glc_span key = trim(glc_span(line.ptr, (size_t)(eq - line.ptr)));
    struct glc_span value =
        trim(glc_span_sub(line, key.len == 0 ? line.len : (size_t)(eq - line.ptr) + 1, line.len));
    const struct glc_reg_setting *s = setting_for(r, product, section, key);
    if (part_of(s) != part)
        return;
    if (part == PART_CONF) {
        bool limit = strcmp(s->convert != NULL ? s->convert : "", "megabytes") == 0 ||
                     strcmp(s->convert != NULL ? s->convert : "", "seconds") == 0;
        bool off = (limit && (value.len == 0 || glc_span_is(value, "0"))) ||
                   (unused && glc_span_starts(key, glc_span_str("ExcludeMasks")));
        glc_buf_puts(out, off ? "# not used: " : "");
        put_becomes(out, s, value);
        glc_buf_u8(out, '\n');
        return;
    }
    glc_buf_puts(out, "#   ");
    if (section.len != 0) {
        glc_buf_u8(out, '[');
        put_value(out, section);
        glc_buf_puts(out, "] ");
    }
    put_value(out, key);
    glc_buf_u8(out, '=');
    put_value(out, value);
    glc_buf_puts(out, ": ");
    if (s != NULL)
        put_becomes(out, s, value);
    else
        glc_buf_puts(out, "no equivalent: the register does not know this key");
    glc_buf_u8(out, '\n');
}

/* Text, and at least one "key=value". */
static bool is_export(struct glc_span ini)
{
    if (memchr(ini.len != 0 ? (const void *)ini.ptr : "", 0, ini.len) != NULL)
        return false;
    while (ini.len != 0) {
        const uint8_t *nl = memchr(ini.ptr, '\n', ini.len);
        size_t n = nl != NULL ? (size_t)(nl - ini.ptr) : ini.len;
        struct glc_span line = trim(glc_span(ini.ptr, n));
        if (line.len != 0 && line.ptr[0] != '#' && line.ptr[0] != ';' && line.ptr[0] != '=' &&
            glc_ascii_isalnum(line.ptr[0]) && memchr(line.ptr, '=', line.len) != NULL)
            return true;
        ini = glc_span_sub(ini, n + 1, ini.len);
    }
    return false;
}

bool glc_plan_import(const struct glc_register *r, const char *product, struct glc_span ini,
                     struct glc_buf *out)
{
    if (!is_export(ini))
        return false;
    static const char *const titles[PARTS] = { "# glacis.conf from a settings export\n",
                                               "\n# Decided otherwise:\n", "\n# Planned, not built yet:\n",
                                               "\n# Without an equivalent:\n" };
    bool unused = masks_unused(ini);
    for (int part = 0; part < PARTS; part++) {
        struct glc_span text = ini, section = { 0 };
        glc_buf_puts(out, titles[part]);
        while (text.len != 0) {
            const uint8_t *nl = memchr(text.ptr, '\n', text.len);
            size_t n = nl != NULL ? (size_t)(nl - text.ptr) : text.len;
            struct glc_span line = trim(glc_span(text.ptr, n));
            text = glc_span_sub(text, n + 1, text.len);
            if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';')
                continue;
            if (line.ptr[0] == '[' && line.ptr[line.len - 1] == ']')
                section = glc_span_sub(line, 1, line.len - 2);
            else
                import_line(r, product, section, line, (enum part)part, unused, out);
        }
    }
    return true;
}
