/* A settings export of another product, in Glacis' terms: the register says what becomes of every key. The
 * file was read in the jail (collect_settings.c); what came of it is still a stranger's. */
#include "audit/names.h"
#include "audit/plan.h"
#include "audit/report.h"

#include <strings.h>

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
                                                 const struct glc_setting *x)
{
    struct glc_span section = glc_span_str(x->section), key = glc_span_str(x->key);
    for (size_t i = 0; i < r->nsettings; i++) {
        const struct glc_reg_setting *s = &r->settings[i];
        if (strcmp(s->product, product) == 0 && glc_glob(glc_span_str(s->section), section, true) &&
            glc_glob(glc_span_str(s->key), key, true))
            return s;
    }
    return NULL;
}

/* The template's {} becomes the value. */
static void put_becomes(struct glc_buf *out, const struct glc_reg_setting *s, const char *value)
{
    if (s == NULL) {
        glc_buf_puts(out, "no equivalent: the register does not know this key");
        return;
    }
    const char *at = strstr(s->becomes, "{}");
    if (at == NULL) {
        glc_buf_puts(out, s->becomes);
        return;
    }
    glc_buf_put(out, s->becomes, (size_t)(at - s->becomes));
    put_value(out, glc_span_str(value));
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

/* An exclusion that the product holds but does not use must not be taken over. */
static bool masks_unused(const struct glc_audit *a)
{
    for (size_t i = 0; i < a->nsettings; i++)
        if (strcasecmp(a->settings[i].key, "UseExcludeMasks") == 0 &&
            strcasecmp(a->settings[i].value, "No") == 0)
            return true;
    return false;
}

/* A line for glacis.conf that must stay a comment: a limit of 0 or nothing means none to both. */
static bool is_off(const struct glc_reg_setting *s, const struct glc_setting *x, bool unused)
{
    const char *convert = s->convert != NULL ? s->convert : "";
    bool limit = strcmp(convert, "megabytes") == 0 || strcmp(convert, "seconds") == 0;
    bool nothing = x->value[0] == '\0' || (limit && strcmp(x->value, "0") == 0);
    return nothing || (unused && strncasecmp(x->key, "ExcludeMasks", strlen("ExcludeMasks")) == 0);
}

static void import_line(const struct glc_reg_setting *s, const struct glc_setting *x, bool unused,
                        struct glc_buf *out)
{
    if (part_of(s) == PART_CONF) {
        glc_buf_puts(out, is_off(s, x, unused) ? "# not used: " : "");
        put_becomes(out, s, x->value);
        glc_buf_u8(out, '\n');
        return;
    }
    glc_buf_puts(out, "#   ");
    if (x->section[0] != '\0') {
        glc_buf_u8(out, '[');
        put_value(out, glc_span_str(x->section));
        glc_buf_puts(out, "] ");
    }
    put_value(out, glc_span_str(x->key));
    glc_buf_u8(out, '=');
    put_value(out, glc_span_str(x->value));
    glc_buf_puts(out, ": ");
    put_becomes(out, s, x->value);
    glc_buf_u8(out, '\n');
}

void glc_plan_import(const struct glc_audit *a, const char *product, struct glc_buf *out)
{
    static const char *const titles[PARTS] = { "# glacis.conf from a settings export\n",
                                               "\n# Decided otherwise:\n", "\n# Planned, not built yet:\n",
                                               "\n# Without an equivalent:\n" };
    bool unused = masks_unused(a);
    for (int part = 0; part < PARTS; part++) {
        glc_buf_puts(out, titles[part]);
        for (size_t i = 0; i < a->nsettings; i++) {
            const struct glc_reg_setting *s = setting_for(a->reg, product, &a->settings[i]);
            if (part_of(s) == (enum part)part)
                import_line(s, &a->settings[i], unused, out);
        }
    }
    glc_buf_puts(out, a->ngaps != 0 ? "\n# Not read:\n" : "");
    for (size_t i = 0; i < a->ngaps; i++) {
        glc_buf_puts(out, "#   ");
        put_value(out, glc_span_str(a->gaps[i].reason));
        glc_buf_u8(out, '\n');
    }
}

static void setting_json(struct glc_json *j, const struct glc_reg_setting *s, const struct glc_setting *x,
                         bool unused)
{
    static const char *const standing[PARTS] = { "setting", "decided", "planned", "none" };
    struct glc_buf becomes;
    enum part part = part_of(s);
    glc_buf_init(&becomes, 1 << 20);
    put_becomes(&becomes, s, x->value);
    glc_json_object(j);
    glc_json_bytes(j, "section", glc_span_str(x->section));
    glc_json_bytes(j, "key", glc_span_str(x->key));
    glc_json_bytes(j, "value", glc_span_str(x->value));
    glc_json_key(j, "standing");
    glc_json_cstr(j, standing[part]);
    if (part == PART_CONF) {
        glc_json_key(j, "used");
        glc_json_bool(j, !is_off(s, x, unused));
    }
    glc_json_key(j, "known");
    glc_json_bool(j, s != NULL);
    glc_json_bytes(j, "becomes", glc_buf_span(&becomes));
    glc_json_object_end(j);
    glc_buf_done(&becomes);
}

void glc_plan_import_json(const struct glc_audit *a, const char *product, struct glc_buf *out)
{
    struct glc_json j;
    bool unused = masks_unused(a);
    glc_json_init(&j, out);
    glc_json_object(&j);
    glc_json_key(&j, "tool");
    glc_json_cstr(&j, "glacis audit plan");
    glc_json_key(&j, "product");
    glc_json_cstr(&j, product);
    glc_json_bytes(&j, "file", glc_span_str(a->targets[0].name));
    glc_json_key(&j, "settings");
    glc_json_array(&j);
    for (size_t i = 0; i < a->nsettings; i++)
        setting_json(&j, setting_for(a->reg, product, &a->settings[i]), &a->settings[i], unused);
    glc_json_array_end(&j);
    glc_json_key(&j, "not_readable");
    glc_json_array(&j);
    for (size_t i = 0; i < a->ngaps; i++)
        glc_json_cstr(&j, a->gaps[i].reason);
    glc_json_array_end(&j);
    glc_json_object_end(&j);
    glc_buf_u8(out, '\n');
}
