/* manifest.json of an extension. Chrome, "Manifest file format", "chrome.i18n". */
#include "format/crx/crx_module.h"

#include <jansson.h>
#include <stdio.h>
#include <strings.h>

enum { LONGEST_FILE = 4 << 20 };

/* Chrome takes comments, which JSON has not: they become blanks. A byte order mark as well. */
static struct glc_span plain(struct glc_arena *a, struct glc_span s)
{
    char *text = glc_arena_strdup(a, s);
    if (text == NULL)
        return glc_span(NULL, 0);
    if (s.len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        memset(text, ' ', 3);
    bool quoted = false;
    for (size_t i = 0; i < s.len; i++) {
        if (quoted && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && text[i] == '/' && text[i + 1] == '/')
            for (; i < s.len && text[i] != '\n'; i++)
                text[i] = ' ';
        else if (!quoted && text[i] == '/' && text[i + 1] == '*')
            for (bool end = false; i < s.len && !end; i += !end) {
                end = text[i] == '*' && text[i + 1] == '/';
                text[i] = ' ';
                if (end)
                    text[i + 1] = ' ';
            }
    }
    return glc_span(text, s.len);
}

/* NULL: there is none, or it makes no sense. */
static json_t *read_json(const struct glc_zip_list *zip, const char *name, struct glc_arena *a)
{
    const struct glc_zip_entry *e = glc_zip_find(zip, name);
    struct glc_span s = e == NULL ? glc_span(NULL, 0) : glc_zip_read(zip, e, a, LONGEST_FILE);
    s = s.len == 0 ? s : plain(a, s);
    return s.len == 0 ? NULL : json_loadb((const char *)s.ptr, s.len, 0, NULL);
}

static struct glc_value text(struct glc_arena *a, const json_t *s)
{
    return s == NULL || !json_is_string(s)
               ? glc_value_undefined(GLC_T_STRING)
               : glc_value_cstr(glc_arena_strdup(a, glc_span(json_string_value(s), json_string_length(s))));
}

static struct glc_value texts(struct glc_arena *a, const json_t *list)
{
    struct glc_values all = { 0 };
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_is_string(json_array_get(list, i)) &&
            !glc_values_add(a, &all, text(a, json_array_get(list, i))))
            break;
    return glc_values_array(&all);
}

/* "__MSG_key__" in the default language's messages, whose keys know no case; else the text itself. */
static struct glc_value localised(struct glc_arena *a, const json_t *s, json_t *messages)
{
    static const size_t before = 6, after = 2; /* of "__MSG_" and "__" */
    const char *raw = json_string_value(s);
    size_t len = json_string_length(s);
    if (raw == NULL || len <= before + after || strncmp(raw, "__MSG_", before) != 0 ||
        strcmp(raw + len - after, "__") != 0)
        return text(a, s);
    const char *key;
    json_t *entry;
    json_object_foreach(messages, key, entry)
    {
        if (strlen(key) == len - before - after && strncasecmp(key, raw + before, strlen(key)) == 0)
            return text(a, json_object_get(entry, "message"));
    }
    return text(a, s);
}

void glc_crx_manifest(const struct glc_zip_list *zip, struct glc_arena *a, struct glc_value *member)
{
    static const struct {
        enum crx_field field;
        const char *key;
    } plain_texts[] = { { CRX_VERSION, "version" },
                        { CRX_RAW_NAME, "name" },
                        { CRX_RAW_DESCRIPTION, "description" },
                        { CRX_MINIMUM_CHROME_VERSION, "minimum_chrome_version" },
                        { CRX_HOMEPAGE_URL, "homepage_url" } },
      lists[] = { { CRX_PERMISSIONS, "permissions" },
                  { CRX_HOST_PERMISSIONS, "host_permissions" },
                  { CRX_OPTIONAL_PERMISSIONS, "optional_permissions" },
                  { CRX_OPTIONAL_HOST_PERMISSIONS, "optional_host_permissions" } };
    json_t *manifest = read_json(zip, "manifest.json", a);
    if (manifest == NULL)
        return;
    for (size_t i = 0; i < sizeof plain_texts / sizeof plain_texts[0]; i++)
        member[plain_texts[i].field] = text(a, json_object_get(manifest, plain_texts[i].key));
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        member[lists[i].field] = texts(a, json_object_get(manifest, lists[i].key));
    char path[128];
    const char *locale = json_string_value(json_object_get(manifest, "default_locale"));
    json_t *messages = NULL;
    if (locale != NULL && snprintf(path, sizeof path, "_locales/%s/messages.json", locale) < (int)sizeof path)
        messages = read_json(zip, path, a);
    member[CRX_NAME] = localised(a, json_object_get(manifest, "name"), messages);
    member[CRX_DESCRIPTION] = localised(a, json_object_get(manifest, "description"), messages);
    json_decref(messages);
    json_decref(manifest);
}
