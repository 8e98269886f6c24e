/* Browsers: extensions forced by policy (32 letters a to p in managed policies), Firefox' extensions.json,
 * and the repositories.json and images.json of container stores. Extension folders are found by path. */
#include "audit/collect.h"

#include <jansson.h>

static void firefox(struct glc_audit *a, const char *path, struct glc_span text)
{
    json_t *o = json_loadb((const char *)text.ptr, text.len, 0, NULL);
    json_t *addon;
    size_t i;
    json_array_foreach(json_object_get(o, "addons"), i, addon)
    {
        const char *id = json_string_value(json_object_get(addon, "id"));
        if (id != NULL)
            glc_audit_say(a, GLC_FACT_EXTENSION, id, path);
    }
    json_decref(o);
}

void glc_take_browser(struct glc_audit *a, const char *path, struct glc_span text)
{
    if (glc_path_ends(path, "/extensions.json"))
        firefox(a, path, text);
    for (size_t i = 0, n = 0; i <= text.len; i++) {
        bool letter = i < text.len && text.ptr[i] >= 'a' && text.ptr[i] <= 'p';
        if (!letter && n == 32) {
            char *id = glc_audit_text(a, glc_span(text.ptr + i - 32, 32), 32);
            if (id != NULL)
                glc_audit_say(a, GLC_FACT_EXTENSION, id, path);
        }
        n = letter ? n + 1 : 0;
    }
}

/* docker.io/library/NAME:tag@digest to NAME. */
static void image(struct glc_audit *a, const char *name, const char *path)
{
    static const char *const hosts[] = { "docker.io/", "index.docker.io/", "registry.hub.docker.com/" };
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (strncmp(name, hosts[i], strlen(hosts[i])) == 0)
            name += strlen(hosts[i]);
    size_t n = strcspn(name, "@");
    for (size_t i = n; i-- > 0 && name[i] != '/';)
        if (name[i] == ':')
            n = i;
    char *text = glc_audit_text(a, glc_span(name, n), 256);
    if (text != NULL)
        glc_audit_say(a, GLC_FACT_IMAGE, text, path);
}

void glc_take_store(struct glc_audit *a, const char *path, struct glc_span text)
{
    json_t *o = json_loadb((const char *)text.ptr, text.len, 0, NULL), *member, *names, *name;
    const char *key;
    size_t i, k;
    if (o == NULL)
        glc_audit_gap(a, path, "the list of container images is not JSON");
    json_object_foreach(json_object_get(o, "Repositories"), key, member) image(a, key, path);
    json_array_foreach(o, i, member)
    {
        names = json_object_get(member, "names");
        json_array_foreach(names, k, name) if (json_is_string(name)) image(a, json_string_value(name), path);
    }
    json_decref(o);
}
