/* The module `magic`: what libmagic says of the layer. YARA manual, "Magic module".
 *
 * libmagic reads its database from files, which a jailed worker cannot open: whoever runs the conditions
 * opens it before and hands it on in the context. Where nobody did, or the database is missing, both
 * functions are undefined, as they are for no bytes at all (so yara 4.2.3). Each answer is made once per
 * layer, on the first question. */
#include "format/module/magic.h"

#include "format/module/modules.h"
#include "format/module/value.h"

#include <magic.h>
#include <stdlib.h>

struct glc_libmagic {
    magic_t cookie;
};

struct answers {
    struct glc_value type, mime;
    bool has_type, has_mime;
};

struct glc_libmagic *glc_libmagic_open(void)
{
    struct glc_libmagic *m = malloc(sizeof *m);
    if (m == NULL)
        return NULL;
    m->cookie = magic_open(MAGIC_NONE);
    if (m->cookie == NULL || magic_load(m->cookie, NULL) != 0) {
        glc_libmagic_close(m);
        return NULL;
    }
    return m;
}

void glc_libmagic_close(struct glc_libmagic *m)
{
    if (m != NULL && m->cookie != NULL)
        magic_close(m->cookie);
    free(m);
}

static void load(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    (void)member;
    *own = glc_arena_alloc(ctx->arena, sizeof(struct answers));
}

static struct glc_value ask(const struct glc_module_ctx *ctx, int flags)
{
    struct glc_value v = glc_value_undefined(GLC_T_STRING);
    if (ctx->magic == NULL || ctx->data.len == 0 || magic_setflags(ctx->magic->cookie, flags) != 0)
        return v;
    const char *says = magic_buffer(ctx->magic->cookie, ctx->data.ptr, ctx->data.len);
    return says == NULL ? v : glc_value_cstr(glc_arena_strdup(ctx->arena, glc_span_str(says)));
}

static struct glc_value type(const struct glc_module_ctx *ctx, const struct glc_value *root,
                             const struct glc_value *args)
{
    struct answers *a = root->u.own;
    (void)args;
    if (a == NULL)
        return glc_value_undefined(GLC_T_STRING);
    if (!a->has_type)
        a->type = ask(ctx, MAGIC_NONE);
    a->has_type = true;
    return a->type;
}

static struct glc_value mime_type(const struct glc_module_ctx *ctx, const struct glc_value *root,
                                  const struct glc_value *args)
{
    struct answers *a = root->u.own;
    (void)args;
    if (a == NULL)
        return glc_value_undefined(GLC_T_STRING);
    if (!a->has_mime)
        a->mime = ask(ctx, MAGIC_MIME_TYPE);
    a->has_mime = true;
    return a->mime;
}

static const struct glc_function functions[] = {
    { "type", "", GLC_T_STRING, "what `file` says", type },
    { "mime_type", "", GLC_T_STRING, "what `file --mime-type` says", mime_type },
    { 0 },
};

const struct glc_module glc_magic_module = {
    .name = "magic",
    .help = "What libmagic takes the layer for",
    .functions = functions,
    .load = load,
};
