/* The module `dex`: Android's "Dalvik executable format". */
#include "format/dex/dex_module.h"

#include "format/dex/dex_parse.h"
#include "format/module/modules.h"

#include "base/digest.h"

#include <libdeflate.h>

static const struct glc_value *part(const struct glc_value *v, uint32_t field)
{
    return &v->u.member[field];
}

static bool is(const struct glc_module_ctx *ctx, const struct glc_value *wanted, const struct glc_value *name)
{
    if (!name->defined)
        return false;
    if (wanted->type == GLC_T_REGEX)
        return ctx->regex_match(ctx, wanted->u.regex, name->u.text);
    return glc_span_eq(name->u.text, wanted->u.text);
}

/* Is there a method of such class (NULL: any) and name (NULL: any)? */
static struct glc_value find(const struct glc_module_ctx *ctx, const struct glc_value *root,
                             const struct glc_value *cls, const struct glc_value *name)
{
    const struct glc_value *all = part(root, DEX_METHOD);
    if (root->u.own == NULL)
        return glc_value_undefined(GLC_T_INT);
    for (uint32_t i = 0; i < all->u.array.n; i++) {
        const struct glc_value *m = &all->u.array.item[i];
        if ((cls == NULL || is(ctx, cls, part(m, DEX_MET_CLASS))) &&
            (name == NULL || is(ctx, name, part(m, DEX_MET_NAME))))
            return glc_value_int(1);
    }
    return glc_value_int(0);
}

static struct glc_value has_class(const struct glc_module_ctx *ctx, const struct glc_value *root,
                                  const struct glc_value *args)
{
    return find(ctx, root, &args[0], NULL);
}

static struct glc_value has_method(const struct glc_module_ctx *ctx, const struct glc_value *root,
                                   const struct glc_value *args)
{
    return find(ctx, root, NULL, &args[0]);
}

static struct glc_value has_method_of(const struct glc_module_ctx *ctx, const struct glc_value *root,
                                      const struct glc_value *args)
{
    return find(ctx, root, &args[0], &args[1]);
}

/* What YARA-X adds: the sums that the header should hold (dex-format, "header-item"), and names that the file
 * mentions, defined in it or not. */

static struct glc_value checksum(const struct glc_module_ctx *ctx, const struct glc_value *root,
                                 const struct glc_value *args)
{
    struct glc_span s = glc_span_sub(ctx->data, 12, SIZE_MAX);
    (void)args;
    if (root->u.own == NULL)
        return glc_value_undefined(GLC_T_INT);
    return glc_value_int(libdeflate_adler32(1, s.ptr, s.len));
}

/* 20 bytes, as header.signature has them. */
static struct glc_value signature(const struct glc_module_ctx *ctx, const struct glc_value *root,
                                  const struct glc_value *args)
{
    uint8_t sum[GLC_DIGEST_MAX];
    uint8_t *out = glc_arena_alloc(ctx->arena, sizeof sum);
    struct glc_digest *d = root->u.own != NULL && out != NULL ? glc_digest_new(GLC_SHA1) : NULL;
    bool good = d != NULL && glc_digest_of(d, glc_span_sub(ctx->data, 32, SIZE_MAX), sum);
    (void)args;
    glc_digest_free(d);
    if (!good)
        return glc_value_undefined(GLC_T_STRING);
    memcpy(out, sum, sizeof sum);
    return (struct glc_value){ .type = GLC_T_STRING,
                               .defined = true,
                               .u.text = glc_span(out, glc_digest_len(GLC_SHA1)) };
}

static bool string_is(const struct glc_value *root, int64_t index, const struct glc_value *wanted)
{
    const struct glc_value *all = part(root, DEX_STRING_IDS);
    if (!all->defined || index < 0 || index >= all->u.array.n)
        return false;
    const struct glc_value *s = part(&all->u.array.item[index], DEX_STR_VALUE);
    return s->defined && glc_span_eq(s->u.text, wanted->u.text);
}

static struct glc_value contains_string(const struct glc_module_ctx *ctx, const struct glc_value *root,
                                        const struct glc_value *args)
{
    (void)ctx;
    if (root->u.own == NULL)
        return glc_value_undefined(GLC_T_INT);
    const struct glc_value *all = part(root, DEX_STRING_IDS);
    for (uint32_t i = 0; all->defined && i < all->u.array.n; i++)
        if (string_is(root, i, &args[0]))
            return glc_value_int(1);
    return glc_value_int(0);
}

/* Is the string one that field `field` of the table's entries points to? */
static struct glc_value names(const struct glc_value *root, uint32_t table, uint32_t field,
                              const struct glc_value *wanted)
{
    if (root->u.own == NULL)
        return glc_value_undefined(GLC_T_INT);
    const struct glc_value *all = part(root, table);
    for (uint32_t i = 0; all->defined && i < all->u.array.n; i++) {
        const struct glc_value *index = part(&all->u.array.item[i], field);
        if (index->defined && string_is(root, index->u.integer, wanted))
            return glc_value_int(1);
    }
    return glc_value_int(0);
}

static struct glc_value contains_class(const struct glc_module_ctx *ctx, const struct glc_value *root,
                                       const struct glc_value *args)
{
    (void)ctx;
    return names(root, DEX_TYPE_IDS, DEX_TYPE_DESCRIPTOR, &args[0]);
}

static struct glc_value contains_method(const struct glc_module_ctx *ctx, const struct glc_value *root,
                                        const struct glc_value *args)
{
    (void)ctx;
    return names(root, DEX_METHOD_IDS, DEX_MID_NAME, &args[0]);
}

/* `own` only says that the layer is a DEX file. */
static void load(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    if (dex_parse(ctx, member))
        *own = member;
}

static const struct glc_function functions[] = {
    { "has_method", "s", GLC_T_INT, "1 where a method has the name", has_method },
    { "has_method", "ss", GLC_T_INT, "1 where a class has the method", has_method_of },
    { "has_method", "r", GLC_T_INT, "1 where a method has such a name", has_method },
    { "has_method", "rr", GLC_T_INT, "1 where such a class has such a method", has_method_of },
    { "has_class", "s", GLC_T_INT, "1 where a class has the name", has_class },
    { "has_class", "r", GLC_T_INT, "1 where a class has such a name", has_class },
    { "checksum", "", GLC_T_INT, "Adler-32 that header.checksum should be", checksum },
    { "signature", "", GLC_T_STRING, "SHA-1 that header.signature should be (20 bytes)", signature },
    { "contains_string", "s", GLC_T_INT, "1 where the string is one of string_ids", contains_string },
    { "contains_class", "s", GLC_T_INT, "1 where a type is so named, defined here or not", contains_class },
    { "contains_method", "s", GLC_T_INT, "1 where a method is so named, defined here or not",
      contains_method },
    { 0 },
};

const struct glc_module glc_dex_module = {
    .name = "dex",
    .help = "Android programs",
    .fields = dex_fields,
    .functions = functions,
    .load = load,
};
