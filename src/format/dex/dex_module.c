/* The module `dex`: Android's "Dalvik executable format". */
#include "format/dex/dex_module.h"

#include "format/dex/dex_parse.h"
#include "format/module/modules.h"

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
    { 0 },
};

const struct glc_module glc_dex_module = {
    .name = "dex",
    .help = "Android programs",
    .fields = dex_fields,
    .functions = functions,
    .load = load,
};
