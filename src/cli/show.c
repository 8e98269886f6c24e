#include "cli/show.h"

#include "rule/rule.h"

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '\\';
}

static void show(FILE *out, struct glc_span s, bool lines)
{
    for (size_t i = 0; i < s.len;) {
        uint8_t c = s.ptr[i];
        size_t run = 0;
        while (i + run < s.len && is_plain(s.ptr[i + run]))
            run++;
        size_t n = run != 0 ? run : glc_utf8_len(glc_span_sub(s, i, 4));
        /* C1 controls (U+0080 to U+009F) are escape sequences to some terminals. */
        bool c1 = n == 2 && c == 0xc2 && s.ptr[i + 1] < 0xa0;
        if (run != 0 || (n > 1 && !c1))
            fwrite(s.ptr + i, 1, n, out);
        else if (lines && (c == '\n' || c == '\t' || c == '\\'))
            fputc(c, out);
        else if (c == '\n' || c == '\t' || c == '\\')
            fprintf(out, "\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : '\\');
        else
            fprintf(out, "\\x%02x", c);
        i += run != 0 || (n > 1 && !c1) ? n : 1;
    }
}

void glc_show_bytes(FILE *out, struct glc_span s)
{
    show(out, s, false);
}

void glc_show_text(FILE *out, struct glc_span s)
{
    show(out, s, true);
}

void glc_show_size(char out[16], uint64_t bytes)
{
    static const char unit[][3] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
    double v = (double)bytes;
    unsigned u = 0;
    for (; v >= 999.5 && u < 6; u++)
        v /= 1000;
    (void)snprintf(out, 16, u == 0 || v >= 99.95 ? "%.0f %s" : "%.1f %s", v, unit[u]);
}

static struct glc_span rule_name(const struct glc_signatures *sig, const struct glc_finding *f,
                                 struct glc_rule_info *info)
{
    *info = (struct glc_rule_info){ 0 };
    if (glc_image_rule(sig->image[f->image], f->rule, info) != GLC_OK)
        return glc_span_str("unknown-rule");
    return info->name;
}

void glc_show_result(FILE *out, const struct glc_signatures *sig, struct glc_span path,
                     const struct glc_result *r, bool colour, bool clean)
{
    const char *off = colour ? "\033[0m" : "";
    for (uint32_t i = 0; i < r->findings; i++) {
        const struct glc_finding *f = &r->finding[i];
        struct glc_rule_info info;
        struct glc_span name = rule_name(sig, f, &info);
        glc_show_bytes(out, path);
        fputs(": ", out);
        glc_show_bytes(out, name);
        fprintf(out, " %sFOUND%s\n", colour ? "\033[1;31m" : "", off);
        for (uint32_t k = 0; k < f->layers; k++) {
            fputs(k == 0 ? "    in " : " \xe2\x80\xba ", out);
            glc_show_bytes(out, f->layer[k]);
        }
        if (f->layers != 0)
            fputc('\n', out);
    }
    if (r->verdict == GLC_CLEAN && !clean)
        return;
    if (r->verdict != GLC_FOUND || r->reason != NULL) {
        glc_show_bytes(out, path);
        if (r->reason == NULL) {
            fprintf(out, ": %sOK%s\n", colour ? "\033[32m" : "", off);
            return;
        }
        fprintf(out, ": %s%s%s (", colour ? "\033[33m" : "",
                r->verdict == GLC_FOUND ? "partly unscanned" : "unscanned", off);
        glc_show_bytes(out, glc_span_str(r->reason));
        fputs(")\n", out);
    }
}

static void put_meta_value(struct glc_json *j, const struct glc_meta_info *m)
{
    switch ((enum glc_type)m->type) {
    case GLC_T_BOOL:
        glc_json_bool(j, m->integer != 0);
        return;
    case GLC_T_INT:
        glc_json_int(j, m->integer);
        return;
    case GLC_T_FLOAT:
        glc_json_float(j, m->real);
        return;
    case GLC_T_STRING:
    case GLC_T_REGEX:
    case GLC_T_STRUCT:
    case GLC_T_ARRAY:
    case GLC_T_DICT:
        break;
    }
    glc_json_str(j, m->text);
}

static bool same_key(const struct glc_image *img, uint32_t rule, uint32_t i, struct glc_span key,
                     struct glc_meta_info *out)
{
    return glc_image_meta(img, rule, i, out) == GLC_OK && glc_span_eq(out->key, key);
}

/* An object; a key that a rule has several times gets an array of its values, since JSON's keys are unique.
 */
static void put_meta(struct glc_json *j, const struct glc_image *img, uint32_t rule, uint32_t metas)
{
    struct glc_meta_info m, other;
    glc_json_key(j, "meta");
    glc_json_object(j);
    for (uint32_t i = 0; i < metas; i++) {
        if (glc_image_meta(img, rule, i, &m) != GLC_OK)
            break;
        bool seen = false, more = false;
        for (uint32_t k = 0; k < i && !seen; k++)
            seen = same_key(img, rule, k, m.key, &other);
        for (uint32_t k = i + 1; k < metas && !more; k++)
            more = same_key(img, rule, k, m.key, &other);
        char key[256];
        if (seen)
            continue;
        (void)snprintf(key, sizeof key, "%.*s", (int)(m.key.len < 255 ? m.key.len : 255),
                       (const char *)m.key.ptr);
        glc_json_key(j, key);
        if (!more) {
            put_meta_value(j, &m);
            continue;
        }
        glc_json_array(j);
        for (uint32_t k = i; k < metas; k++)
            if (same_key(img, rule, k, m.key, &other))
                put_meta_value(j, &other);
        glc_json_array_end(j);
    }
    glc_json_object_end(j);
}

static const char *language_name(uint8_t language)
{
    return language == GLC_LANG_YARA ? "yara" : language == GLC_LANG_CLAM ? "clam" : "hash";
}

static void put_finding(struct glc_json *j, const struct glc_signatures *sig, const struct glc_finding *f)
{
    const struct glc_image *img = sig->image[f->image];
    struct glc_rule_info info;
    glc_json_object(j);
    glc_json_key(j, "rule");
    glc_json_str(j, rule_name(sig, f, &info));
    glc_json_key(j, "namespace");
    glc_json_str(j, info.space);
    glc_json_key(j, "language");
    glc_json_cstr(j, language_name(info.language));
    glc_json_key(j, "tags");
    glc_json_array(j);
    for (uint32_t i = 0; i < info.tags; i++) {
        struct glc_span tag;
        if (glc_image_tag(img, f->rule, i, &tag) == GLC_OK)
            glc_json_str(j, tag);
    }
    glc_json_array_end(j);
    put_meta(j, img, f->rule, info.metas);
    glc_json_key(j, "layer");
    glc_json_array(j);
    for (uint32_t i = 0; i < f->layers; i++)
        glc_json_str(j, f->layer[i]);
    glc_json_array_end(j);
    glc_json_key(j, "class");
    glc_json_cstr(j, glc_class_name(f->cls));
    glc_json_key(j, "strings");
    glc_json_array(j);
    for (uint32_t i = 0; i < f->strings; i++) {
        struct glc_pattern_info p;
        glc_json_object(j);
        glc_json_key(j, "id");
        if (glc_image_pattern(img, f->rule, f->string[i].pattern, &p) == GLC_OK)
            glc_json_str(j, p.id);
        else
            glc_json_null(j);
        glc_json_key(j, "offset");
        glc_json_uint(j, f->string[i].offset);
        glc_json_key(j, "length");
        glc_json_uint(j, f->string[i].length);
        glc_json_object_end(j);
    }
    glc_json_array_end(j);
    glc_json_object_end(j);
}

static void put_notes(struct glc_json *j, const struct glc_result *r)
{
    glc_json_key(j, "notes");
    glc_json_array(j);
    for (uint32_t i = 0; i < r->notes; i++) {
        glc_json_object(j);
        glc_json_key(j, "text");
        glc_json_cstr(j, r->note[i].text);
        glc_json_key(j, "offset");
        glc_json_uint(j, r->note[i].off);
        glc_json_key(j, "layer");
        glc_json_array(j);
        for (uint32_t k = 0; k < r->note[i].layers; k++)
            glc_json_str(j, r->note[i].layer[k]);
        glc_json_array_end(j);
        glc_json_object_end(j);
    }
    glc_json_array_end(j);
}

void glc_show_json(struct glc_buf *out, const struct glc_signatures *sig, struct glc_span path,
                   const struct glc_result *r)
{
    struct glc_json j;
    out->len = 0;
    glc_json_init(&j, out);
    glc_json_object(&j);
    glc_json_bytes(&j, "path", path);
    glc_json_key(&j, "verdict");
    glc_json_cstr(&j, glc_verdict_name(r->verdict));
    glc_json_key(&j, "reason");
    glc_json_cstr(&j, r->reason);
    glc_json_key(&j, "size");
    glc_json_uint(&j, r->size);
    glc_json_key(&j, "findings");
    glc_json_array(&j);
    for (uint32_t i = 0; i < r->findings; i++)
        put_finding(&j, sig, &r->finding[i]);
    glc_json_array_end(&j);
    if (r->notes != 0)
        put_notes(&j, r);
    glc_json_object_end(&j);
    glc_buf_u8(out, '\n');
}
