/* The module `cuckoo`: what a Cuckoo sandbox saw the file do. YARA manual, "Cuckoo module"; where the manual
 * is silent, what yara 4.2.3 answers. The report is JSON that `glacis yara -x cuckoo=FILE` hands to the
 * workers; without one every answer is 0. */
#include "format/module/cuckoo.h"
#include "format/module/modules.h"
#include "format/module/value.h"

#include <jansson.h>
#include <stdlib.h>
#include <strings.h>

struct glc_cuckoo {
    json_t *report;
};

struct glc_cuckoo *glc_cuckoo_new(struct glc_span report)
{
    struct glc_cuckoo *c = malloc(sizeof *c);
    if (c == NULL)
        return NULL;
    c->report = json_loadb((const char *)report.ptr, report.len, JSON_ALLOW_NUL, NULL);
    if (json_is_object(c->report))
        return c;
    glc_cuckoo_free(c);
    return NULL;
}

void glc_cuckoo_free(struct glc_cuckoo *c)
{
    if (c != NULL)
        json_decref(c->report);
    free(c);
}

enum { NETWORK, REGISTRY, FILESYSTEM, SYNC, FIELDS };

static const struct glc_field nothing[] = { { 0 } };

static const struct glc_field fields[] = {
    [NETWORK] = GLC_F_STRUCT("network", nothing, "whom it talked to"),
    [REGISTRY] = GLC_F_STRUCT("registry", nothing, "the registry"),
    [FILESYSTEM] = GLC_F_STRUCT("filesystem", nothing, "files"),
    [SYNC] = GLC_F_STRUCT("sync", nothing, "mutexes"),
    [FIELDS] = { 0 },
};

static void load(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    static const struct glc_value none[1]; /* of a struct without members */
    (void)ctx, (void)own;
    for (int i = 0; i < FIELDS; i++)
        member[i] = glc_value_struct(none);
}

static const json_t *at(const struct glc_module_ctx *ctx, const char *first, const char *second,
                        const char *third)
{
    const json_t *v = ctx->cuckoo == NULL ? NULL : json_object_get(ctx->cuckoo->report, first);
    v = json_object_get(v, second);
    return third == NULL ? v : json_object_get(v, third);
}

static bool fits(const struct glc_module_ctx *ctx, const struct glc_value *pattern, const json_t *s)
{
    return json_is_string(s) &&
           ctx->regex_match(ctx, pattern->u.regex, glc_span(json_string_value(s), json_string_length(s)));
}

/* What an item must have besides its text. */
struct also {
    const char *key, *text; /* a text, whatever its case; empty: any text; NULL: a number */
    const int64_t *number;
};

static bool holds(const json_t *item, const struct also *also)
{
    const json_t *v = also == NULL ? NULL : json_object_get(item, also->key);
    if (also == NULL)
        return true;
    if (also->text != NULL)
        return json_is_string(v) &&
               (also->text[0] == '\0' || strcasecmp(json_string_value(v), also->text) == 0);
    return json_is_integer(v) && json_integer_value(v) == *also->number;
}

/* 1 where the text of an item fits: the item itself, or what it has under `key`. */
static struct glc_value any(const struct glc_module_ctx *ctx, const json_t *list, const char *key,
                            const struct glc_value *pattern, const struct also *also)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (fits(ctx, pattern, key == NULL ? item : json_object_get(item, key)) && holds(item, also))
            return glc_value_int(1);
    }
    return glc_value_int(0);
}

#define CALL(name)                                                                                           \
    static struct glc_value name(const struct glc_module_ctx *ctx, const struct glc_value *root,             \
                                 const struct glc_value *args)
#define UNUSED(x) ((void)(x))

static bool asked(const struct glc_module_ctx *ctx, const struct glc_value *url, const char *method)
{
    return any(ctx, at(ctx, "network", "http", NULL), "uri", url, &(struct also){ "method", method, NULL })
               .u.integer != 0;
}

/* By one of these two methods, as yara has it. */
CALL(http_request)
{
    UNUSED(root);
    return glc_value_int(asked(ctx, &args[1], "get") || asked(ctx, &args[1], "post"));
}

CALL(http_get)
{
    UNUSED(root);
    return glc_value_int(asked(ctx, &args[1], "get"));
}

CALL(http_post)
{
    UNUSED(root);
    return glc_value_int(asked(ctx, &args[1], "post"));
}

CALL(http_user_agent)
{
    UNUSED(root);
    return any(ctx, at(ctx, "network", "http", NULL), "user-agent", &args[1], NULL);
}

/* Older reports have domains, newer ones dns. */
CALL(dns_lookup)
{
    UNUSED(root);
    const json_t *domains = at(ctx, "network", "domains", NULL);
    static const struct also answered = { "ip", "", NULL };
    return domains != NULL ? any(ctx, domains, "domain", &args[1], &answered)
                           : any(ctx, at(ctx, "network", "dns", NULL), "hostname", &args[1], &answered);
}

CALL(host)
{
    UNUSED(root);
    return any(ctx, at(ctx, "network", "hosts", NULL), NULL, &args[1], NULL);
}

CALL(tcp)
{
    UNUSED(root);
    return any(ctx, at(ctx, "network", "tcp", NULL), "dst", &args[1],
               &(struct also){ "dport", NULL, &args[2].u.integer });
}

CALL(udp)
{
    UNUSED(root);
    return any(ctx, at(ctx, "network", "udp", NULL), "dst", &args[1],
               &(struct also){ "dport", NULL, &args[2].u.integer });
}

CALL(key_access)
{
    UNUSED(root);
    return any(ctx, at(ctx, "behavior", "summary", "keys"), NULL, &args[1], NULL);
}

CALL(file_access)
{
    UNUSED(root);
    return any(ctx, at(ctx, "behavior", "summary", "files"), NULL, &args[1], NULL);
}

CALL(mutex)
{
    UNUSED(root);
    return any(ctx, at(ctx, "behavior", "summary", "mutexes"), NULL, &args[1], NULL);
}

static const struct glc_function functions[] = {
    { "network.http_request", "or", GLC_T_INT, "1 where it asked such a URL", http_request },
    { "network.http_get", "or", GLC_T_INT, "1 where it asked such a URL with GET", http_get },
    { "network.http_post", "or", GLC_T_INT, "1 where it asked such a URL with POST", http_post },
    { "network.http_user_agent", "or", GLC_T_INT, "1 where it called itself so", http_user_agent },
    { "network.dns_lookup", "or", GLC_T_INT, "1 where it looked such a name up", dns_lookup },
    { "network.host", "or", GLC_T_INT, "1 where it talked to such an address", host },
    { "network.tcp", "ori", GLC_T_INT, "1 where it talked to such an address on a port", tcp },
    { "network.udp", "ori", GLC_T_INT, "1 where it sent to such an address on a port", udp },
    { "registry.key_access", "or", GLC_T_INT, "1 where it used such a key", key_access },
    { "filesystem.file_access", "or", GLC_T_INT, "1 where it used such a file", file_access },
    { "sync.mutex", "or", GLC_T_INT, "1 where it used such a mutex", mutex },
    { 0 },
};

const struct glc_module glc_cuckoo_module = {
    .name = "cuckoo",
    .help = "What a Cuckoo sandbox saw the file do: its report comes with `glacis yara -x cuckoo=FILE`",
    .fields = fields,
    .functions = functions,
    .load = load,
};
