/* Classes with their methods, and types as C# would write them. ECMA-335 II.22.37 (TypeDef), II.22.26
 * (MethodDef), II.23.1 (flags), II.23.2 (signatures).
 *
 * Signatures nest and hostile ones nest without end or name themselves: types have a depth and a length that
 * they may not pass, and each class and method is looked at once. */
#include "format/dotnet/dotnet_types.h"

#include "format/dotnet/dotnet_module.h"

#include "base/buf.h"

enum {
    MOST_CLASSES = 1 << 16,
    MOST_METHODS = 1 << 18,
    MOST_PARAMETERS = 256, /* of one method */
    MOST_OF_ALL = 1 << 18, /* of all methods */
    DEEPEST = 16,
    LONGEST_TYPE = 1024
};

struct types {
    const struct net *n;
    struct glc_arena *a;
    struct glc_buf text;          /* the type that is being written */
    uint32_t methods, parameters; /* so far, over all classes: methods may share rows and signatures */
    uint32_t cls, method;         /* whose generic parameters are meant */
    const uint32_t *outer;        /* enclosing class by class */
    uint32_t owners;
};

static uint32_t rows(const struct net *n, enum net_table t)
{
    return n->row_size[t] == 0 ? 0 : (uint32_t)(n->table[t].len / n->row_size[t]);
}

static struct glc_span string(const struct net *n, uint32_t index)
{
    struct glc_span s;
    return net_string(n, index, &s) ? s : glc_span(NULL, 0);
}

/* The name of a generic type ends with a backquote and the number of its parameters. */
static struct glc_span plain(struct glc_span name)
{
    for (size_t i = name.len; i > 0; i--)
        if (name.ptr[i - 1] == '`')
            return glc_span(name.ptr, i - 1);
    return name;
}

static void put(struct types *t, struct glc_span s)
{
    glc_buf_put(&t->text, s.ptr, s.len);
}

static void put_name(struct types *t, struct glc_span space, struct glc_span name)
{
    put(t, space);
    if (space.len != 0)
        glc_buf_u8(&t->text, '.');
    put(t, plain(name));
}

/* The namespace of a class, or of a nested one the full name of the class around it. */
static void put_space(struct types *t, uint32_t row, uint32_t depth)
{
    uint32_t outer = row < t->owners ? t->outer[row] : 0;
    if (outer == 0 || depth >= DEEPEST) {
        put(t, string(t->n, net_cell(t->n, NET_T_TYPE_DEF, row, 2)));
        return;
    }
    size_t before = t->text.len;
    put_space(t, outer, depth + 1);
    if (t->text.len != before)
        glc_buf_u8(&t->text, '.');
    put(t, plain(string(t->n, net_cell(t->n, NET_T_TYPE_DEF, outer, 1))));
}

static void put_type(struct types *t, struct glc_cursor *c, uint32_t depth);

static void put_named(struct types *t, uint32_t coded, uint32_t depth)
{
    uint32_t row;
    enum net_table table = net_coded('D', coded, &row);
    struct glc_span blob;
    if (table == NET_T_TYPE_DEF) {
        size_t before = t->text.len;
        put_space(t, row, 0);
        if (t->text.len != before)
            glc_buf_u8(&t->text, '.');
        put(t, plain(string(t->n, net_cell(t->n, NET_T_TYPE_DEF, row, 1))));
    } else if (table == NET_T_TYPE_REF) {
        put_name(t, string(t->n, net_cell(t->n, NET_T_TYPE_REF, row, 2)),
                 string(t->n, net_cell(t->n, NET_T_TYPE_REF, row, 1)));
    } else if (table == NET_T_TYPE_SPEC && depth < DEEPEST &&
               net_blob(t->n->blobs, net_cell(t->n, NET_T_TYPE_SPEC, row, 0), &blob, NULL)) {
        struct glc_cursor c = glc_cursor(blob);
        put_type(t, &c, depth + 1);
    }
}

/* ECMA-335 II.23.2: numbers of one, two or four bytes. */
static uint32_t number(struct glc_cursor *c)
{
    uint32_t v = glc_cursor_u8(c);
    if ((v & 0xe0) == 0xc0)
        return (v & 0x1f) << 24 | (uint32_t)glc_cursor_u8(c) << 16 | glc_cursor_u16be(c);
    if ((v & 0xc0) == 0x80)
        return (v & 0x3f) << 8 | glc_cursor_u8(c);
    return v;
}

static void put_list(struct types *t, struct glc_cursor *c, uint32_t count, uint32_t depth)
{
    for (uint32_t i = 0; i < count && glc_cursor_ok(c) && !t->text.failed; i++) {
        if (i != 0)
            glc_buf_u8(&t->text, ',');
        put_type(t, c, depth + 1);
    }
}

/* II.23.2: a signed number has its sign in the lowest bit, moved there from above. */
static int64_t signed_number(struct glc_cursor *c)
{
    size_t before = c->off;
    uint32_t v = number(c);
    size_t bytes = c->off - before;
    int64_t span = bytes == 1 ? 1 << 6 : bytes == 2 ? 1 << 13 : 1 << 28;
    return (v & 1) != 0 ? (int64_t)(v >> 1) - span : (int64_t)(v >> 1);
}

/* An array of known rank. II.14.2: "0..." has a lower bound, "0...4" an upper one too, "5" a size alone. */
static void put_array(struct types *t, struct glc_cursor *c, uint32_t depth)
{
    enum { MOST_RANK = 32 };
    uint32_t size[MOST_RANK] = { 0 };
    int64_t low[MOST_RANK] = { 0 };
    put_type(t, c, depth + 1);
    uint32_t rank = number(c), sizes = number(c);
    for (uint32_t i = 0; i < sizes && glc_cursor_ok(c); i++)
        size[i < MOST_RANK ? i : MOST_RANK - 1] = number(c);
    uint32_t lows = number(c);
    for (uint32_t i = 0; i < lows && glc_cursor_ok(c); i++)
        low[i < MOST_RANK ? i : MOST_RANK - 1] = signed_number(c);
    glc_buf_u8(&t->text, '[');
    for (uint32_t i = 0; i < rank && i < MOST_RANK; i++) {
        if (i != 0)
            glc_buf_u8(&t->text, ',');
        if (i < lows)
            glc_buf_printf(&t->text, "%lld...", (long long)low[i]);
        if (i < sizes)
            glc_buf_printf(&t->text, "%lld", (long long)(i < lows ? low[i] + size[i] - 1 : (int64_t)size[i]));
    }
    glc_buf_u8(&t->text, ']');
}

static void put_generic(struct types *t, struct glc_cursor *c, uint32_t depth)
{
    (void)glc_cursor_u8(c); /* class or value type */
    put_named(t, number(c), depth);
    glc_buf_u8(&t->text, '<');
    put_list(t, c, number(c), depth);
    glc_buf_u8(&t->text, '>');
}

/* The words of II.23.1.16's simple types. */
static const char *simple(uint8_t element)
{
    static const char *const word[] = { "void", "bool", "char", "sbyte", "byte",  "short",  "ushort",
                                        "int",  "uint", "long", "ulong", "float", "double", "string" };
    switch (element) {
    case 0x16:
        return "TypedReference";
    case 0x18:
        return "IntPtr";
    case 0x19:
        return "UIntPtr";
    case 0x1c:
        return "object";
    default:
        return element >= 1 && element <= 14 ? word[element - 1] : NULL;
    }
}

/* The first row of the generic parameters of a coded owner (TypeOrMethodDef), or behind the last; the table
 * is sorted. */
static uint32_t first_generic(const struct net *n, uint32_t owner)
{
    uint32_t low = 1, high = rows(n, NET_T_GENERIC_PARAM) + 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (net_cell(n, NET_T_GENERIC_PARAM, middle, 2) < owner)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void put_parameter(struct types *t, uint32_t owner, uint32_t index)
{
    uint32_t row = first_generic(t->n, owner) + (index < MOST_PARAMETERS ? index : MOST_PARAMETERS);
    if (net_cell(t->n, NET_T_GENERIC_PARAM, row, 2) == owner)
        put(t, string(t->n, net_cell(t->n, NET_T_GENERIC_PARAM, row, 3)));
}

static void put_type(struct types *t, struct glc_cursor *c, uint32_t depth)
{
    uint8_t element = glc_cursor_u8(c);
    while (element == 0x1f || element == 0x20 || element == 0x41 ||
           element == 0x45) { /* modifiers, sentinel, pinned */
        if (element <= 0x20)
            (void)number(c);
        element = glc_cursor_u8(c);
    }
    if (!glc_cursor_ok(c) || depth >= DEEPEST || t->text.failed)
        return;
    const char *word = simple(element);
    if (word != NULL) {
        glc_buf_puts(&t->text, word);
        return;
    }
    switch (element) {
    case 0x0f: /* pointer */
        glc_buf_puts(&t->text, "Ptr<");
        put_type(t, c, depth + 1);
        glc_buf_u8(&t->text, '>');
        break;
    case 0x10: /* by reference */
        glc_buf_puts(&t->text, "ref ");
        put_type(t, c, depth + 1);
        break;
    case 0x11: /* value type */
    case 0x12: /* class */
        put_named(t, number(c), depth);
        break;
    case 0x13: /* generic parameter of the class, */
    case 0x1e: /* of the method */
        put_parameter(t, element == 0x13 ? t->cls << 1 : t->method << 1 | 1, number(c));
        break;
    case 0x14:
        put_array(t, c, depth);
        break;
    case 0x15:
        put_generic(t, c, depth);
        break;
    case 0x1d: /* vector */
        put_type(t, c, depth + 1);
        glc_buf_puts(&t->text, "[]");
        break;
    default: /* function pointers and what does not exist */
        glc_cursor_fail(c, GLC_UNSUPPORTED, "type");
        break;
    }
}

static void start(struct types *t)
{
    t->text.len = 0;
    t->text.failed = false;
}

static struct glc_value taken(struct types *t)
{
    if (t->text.failed || t->text.len == 0)
        return glc_value_undefined(GLC_T_STRING);
    return glc_value_cstr(glc_arena_strdup(t->a, glc_buf_span(&t->text)));
}

static struct glc_value type_value(struct types *t, struct glc_cursor *c)
{
    start(t);
    put_type(t, c, 0);
    return glc_cursor_ok(c) ? taken(t) : glc_value_undefined(GLC_T_STRING);
}

/* Names of the generic parameters of a coded owner. */
static struct glc_values generics(struct types *t, uint32_t owner)
{
    struct glc_values all = { 0 };
    for (uint32_t row = first_generic(t->n, owner); all.n < MOST_PARAMETERS; row++) {
        if (row > rows(t->n, NET_T_GENERIC_PARAM) || net_cell(t->n, NET_T_GENERIC_PARAM, row, 2) != owner ||
            !glc_values_add(t->a, &all,
                            glc_value_str(string(t->n, net_cell(t->n, NET_T_GENERIC_PARAM, row, 3)))))
            break;
    }
    return all;
}

/* The end of a run of rows that starts at `first`: where the next owner's run starts. */
static uint32_t run_end(const struct net *n, enum net_table owners, uint32_t owner, uint32_t column,
                        enum net_table table)
{
    uint32_t most = rows(n, table) + 1;
    uint32_t end = owner < rows(n, owners) ? net_cell(n, owners, owner + 1, column) : most;
    return end < most ? end : most;
}

static struct glc_value parameter_name(struct types *t, uint32_t method, uint32_t sequence)
{
    uint32_t end = run_end(t->n, NET_T_METHOD, method, 5, NET_T_PARAM);
    for (uint32_t p = net_cell(t->n, NET_T_METHOD, method, 5), i = 0;
         p != 0 && p < end && i < MOST_PARAMETERS; p++, i++)
        if (net_cell(t->n, NET_T_PARAM, p, 1) == sequence)
            return glc_value_str(string(t->n, net_cell(t->n, NET_T_PARAM, p, 2)));
    return glc_value_undefined(GLC_T_STRING);
}

static void load_signature(struct types *t, uint32_t method, struct glc_value *v)
{
    struct glc_values all = { 0 };
    struct glc_span blob = { NULL, 0 };
    (void)!net_blob(t->n->blobs, net_cell(t->n, NET_T_METHOD, method, 4), &blob, NULL);
    struct glc_cursor c = glc_cursor(blob);
    if ((glc_cursor_u8(&c) & 0x10) != 0)
        (void)number(&c); /* generic parameters */
    uint32_t count = number(&c);
    v[NET_METHOD_RETURN_TYPE] = type_value(t, &c);
    if (t->n->x && glc_span_is(glc_buf_span(&t->text), "void"))
        v[NET_METHOD_RETURN_TYPE] = glc_value_undefined(GLC_T_STRING);
    for (uint32_t i = 0; i < count && i < MOST_PARAMETERS && glc_cursor_ok(&c) && t->parameters < MOST_OF_ALL;
         i++) {
        t->parameters++;
        struct glc_value *p = glc_values_add_struct(t->a, &all, dotnet_parameter_fields);
        if (p == NULL)
            break;
        p[NET_PARAM_NAME] = parameter_name(t, method, i + 1);
        p[NET_PARAM_TYPE] = type_value(t, &c);
    }
    v[NET_METHOD_PARAMETERS] = glc_values_array(&all);
    v[NET_METHOD_NUMBER_OF_PARAMETERS] = glc_value_int((int64_t)all.n);
}

static void load_method(struct types *t, uint32_t row, struct glc_value *v)
{
    static const char *const visibility[8] = { "private",  "private",   "private protected",
                                               "internal", "protected", "protected internal",
                                               "public",   "private" };
    uint32_t flags = net_cell(t->n, NET_T_METHOD, row, 2);
    struct glc_values names = generics(t, row << 1 | 1);
    t->method = row;
    v[NET_METHOD_NAME] = glc_value_str(string(t->n, net_cell(t->n, NET_T_METHOD, row, 3)));
    v[NET_METHOD_VISIBILITY] = glc_value_cstr(visibility[flags & 7]);
    v[NET_METHOD_STATIC] = glc_value_int((flags & 0x10) != 0);
    v[NET_METHOD_FINAL] = glc_value_int((flags & 0x20) != 0);
    v[NET_METHOD_VIRTUAL] = glc_value_int((flags & 0x40) != 0);
    v[NET_METHOD_ABSTRACT] = glc_value_int((flags & 0x400) != 0);
    v[NET_METHOD_GENERIC_PARAMETERS] = glc_values_array(&names);
    v[NET_METHOD_NUMBER_OF_GENERIC_PARAMETERS] = glc_value_int((int64_t)names.n);
    load_signature(t, row, v);
}

static void load_methods(struct types *t, uint32_t cls, struct glc_value *v)
{
    struct glc_values all = { 0 };
    uint32_t end = run_end(t->n, NET_T_TYPE_DEF, cls, 5, NET_T_METHOD);
    for (uint32_t m = net_cell(t->n, NET_T_TYPE_DEF, cls, 5); m != 0 && m < end && t->methods < MOST_METHODS;
         m++) {
        struct glc_value *method = glc_values_add_struct(t->a, &all, dotnet_method_fields);
        if (method == NULL)
            break;
        t->methods++;
        load_method(t, m, method);
    }
    v[NET_CLASS_METHODS] = glc_values_array(&all);
    v[NET_CLASS_NUMBER_OF_METHODS] = glc_value_int((int64_t)all.n);
}

static void add_base(struct types *t, struct glc_values *all, uint32_t coded)
{
    start(t);
    put_named(t, coded, 0);
    struct glc_value name = taken(t);
    if (name.defined)
        (void)!glc_values_add(t->a, all, name);
}

/* What it derives from, then its interfaces; their table is sorted by class. */
static void load_bases(struct types *t, uint32_t cls, struct glc_value *v)
{
    struct glc_values all = { 0 };
    uint32_t low = 1, most = rows(t->n, NET_T_INTERFACE_IMPL), high = most + 1;
    add_base(t, &all, net_cell(t->n, NET_T_TYPE_DEF, cls, 3));
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (net_cell(t->n, NET_T_INTERFACE_IMPL, middle, 0) < cls)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low <= most && net_cell(t->n, NET_T_INTERFACE_IMPL, low, 0) == cls && all.n < MOST_PARAMETERS;
         low++)
        add_base(t, &all, net_cell(t->n, NET_T_INTERFACE_IMPL, low, 1));
    v[NET_CLASS_BASE_TYPES] = glc_values_array(&all);
    v[NET_CLASS_NUMBER_OF_BASE_TYPES] = glc_value_int((int64_t)all.n);
}

static void load_class(struct types *t, uint32_t row, struct glc_value *v)
{
    static const char *const visibility[8] = {
        "internal",          "public", "public", "private", "protected", "internal", "private protected",
        "protected internal"
    };
    uint32_t flags = net_cell(t->n, NET_T_TYPE_DEF, row, 0);
    struct glc_span name = plain(string(t->n, net_cell(t->n, NET_T_TYPE_DEF, row, 1)));
    struct glc_values names = generics(t, row << 1);
    t->cls = row;
    start(t);
    put_space(t, row, 0);
    v[NET_CLASS_NAMESPACE] = t->text.len == 0 && !t->n->x ? glc_value_cstr("") : taken(t);
    if (t->text.len != 0)
        glc_buf_u8(&t->text, '.');
    put(t, name);
    v[NET_CLASS_FULLNAME] = taken(t);
    v[NET_CLASS_NAME] = glc_value_str(name);
    v[NET_CLASS_VISIBILITY] = glc_value_cstr(visibility[flags & 7]);
    v[NET_CLASS_TYPE] = glc_value_cstr((flags & 0x20) != 0 ? "interface" : "class");
    v[NET_CLASS_ABSTRACT] = glc_value_int((flags & 0x80) != 0);
    v[NET_CLASS_SEALED] = glc_value_int((flags & 0x100) != 0);
    v[NET_CLASS_GENERIC_PARAMETERS] = glc_values_array(&names);
    v[NET_CLASS_NUMBER_OF_GENERIC_PARAMETERS] = glc_value_int((int64_t)names.n);
    load_bases(t, row, v);
    load_methods(t, row, v);
}

void net_load_classes(const struct net *n, struct glc_arena *a, struct glc_value *member)
{
    struct glc_values all = { 0 };
    uint32_t classes = rows(n, NET_T_TYPE_DEF);
    uint32_t *outer = glc_arena_array(a, (size_t)classes + 1, sizeof *outer);
    struct types t = { .n = n, .a = a, .outer = outer, .owners = classes + 1 };
    if (classes == 0 || outer == NULL)
        return;
    glc_buf_init(&t.text, LONGEST_TYPE);
    for (uint32_t i = 1; i <= rows(n, NET_T_NESTED_CLASS); i++) {
        uint32_t inner = net_cell(n, NET_T_NESTED_CLASS, i, 0);
        if (inner <= classes)
            outer[inner] = net_cell(n, NET_T_NESTED_CLASS, i, 1);
    }
    for (uint32_t row = 1; row <= classes && all.n < MOST_CLASSES; row++) {
        if (glc_span_is(string(n, net_cell(n, NET_T_TYPE_DEF, row, 1)), "<Module>"))
            continue; /* holds what belongs to no class */
        struct glc_value *v = glc_values_add_struct(a, &all, dotnet_class_fields);
        if (v == NULL)
            break;
        load_class(&t, row, v);
    }
    glc_buf_done(&t.text);
    member[NET_CLASSES] = glc_values_array(&all);
    member[NET_NUMBER_OF_CLASSES] = glc_value_int((int64_t)all.n);
}
