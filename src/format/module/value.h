/* For writers of modules: rows of a declaration table, and values.
 *
 * A module keeps its table and its values in step with an enum: `[PE_MACHINE] = GLC_F_INT("machine", "…")`
 * declares what `member[PE_MACHINE] = glc_value_int(…)` fills; the enum's last name counts the fields, and
 * constants follow from there. Strings are not copied: they point into the layer or its arena. */
#ifndef GLC_FORMAT_MODULE_VALUE_H
#define GLC_FORMAT_MODULE_VALUE_H

#include "rule/module.h"

#define GLC_F_INT(n, h)                                                                                      \
    {                                                                                                        \
        .name = (n), .type = GLC_T_INT, .help = (h)                                                          \
    }
#define GLC_F_BOOL(n, h)                                                                                     \
    {                                                                                                        \
        .name = (n), .type = GLC_T_BOOL, .help = (h)                                                         \
    }
#define GLC_F_FLOAT(n, h)                                                                                    \
    {                                                                                                        \
        .name = (n), .type = GLC_T_FLOAT, .help = (h)                                                        \
    }
#define GLC_F_STR(n, h)                                                                                      \
    {                                                                                                        \
        .name = (n), .type = GLC_T_STRING, .help = (h)                                                       \
    }
#define GLC_F_STRUCT(n, m, h)                                                                                \
    {                                                                                                        \
        .name = (n), .type = GLC_T_STRUCT, .member = (m), .help = (h)                                        \
    }
#define GLC_F_INTS(n, h)                                                                                     \
    {                                                                                                        \
        .name = (n), .type = GLC_T_ARRAY, .item = GLC_T_INT, .help = (h)                                     \
    }
#define GLC_F_STRS(n, h)                                                                                     \
    {                                                                                                        \
        .name = (n), .type = GLC_T_ARRAY, .item = GLC_T_STRING, .help = (h)                                  \
    }
#define GLC_F_STRUCTS(n, m, h)                                                                               \
    {                                                                                                        \
        .name = (n), .type = GLC_T_ARRAY, .item = GLC_T_STRUCT, .member = (m), .help = (h)                   \
    }
#define GLC_F_STR_DICT(n, h)                                                                                 \
    {                                                                                                        \
        .name = (n), .type = GLC_T_DICT, .item = GLC_T_STRING, .help = (h)                                   \
    }
/* A name that only holds constants (`lnk.DriveType.CDROM`); its value stays undefined. */
#define GLC_F_CONSTS(n, m)                                                                                   \
    {                                                                                                        \
        .name = (n), .type = GLC_T_STRUCT, .member = (m), .help = "constants"                                \
    }
#define GLC_F_CONST(n, v)                                                                                    \
    {                                                                                                        \
        .name = (n), .type = GLC_T_INT, .constant = true, .value = (v)                                       \
    }

static inline struct glc_value glc_value_int(int64_t v)
{
    return (struct glc_value){ .type = GLC_T_INT, .defined = true, .u.integer = v };
}

static inline struct glc_value glc_value_bool(bool v)
{
    return (struct glc_value){ .type = GLC_T_BOOL, .defined = true, .u.integer = v };
}

static inline struct glc_value glc_value_float(double v)
{
    return (struct glc_value){ .type = GLC_T_FLOAT, .defined = true, .u.real = v };
}

static inline struct glc_value glc_value_str(struct glc_span s)
{
    return (struct glc_value){ .type = GLC_T_STRING, .defined = true, .u.text = s };
}

/* Undefined where `s` is NULL: what an exhausted arena gives. */
static inline struct glc_value glc_value_cstr(const char *s)
{
    return s == NULL ? (struct glc_value){ .type = GLC_T_STRING } : glc_value_str(glc_span_str(s));
}

static inline struct glc_value glc_value_struct(const struct glc_value *member)
{
    return (struct glc_value){ .type = GLC_T_STRUCT, .defined = member != NULL, .u.member = member };
}

static inline struct glc_value glc_value_array(const struct glc_value *item, size_t n)
{
    return (struct glc_value){ .type = GLC_T_ARRAY,
                               .defined = true,
                               .u.array = { .item = item, .n = item == NULL ? 0 : (uint32_t)n } };
}

static inline struct glc_value glc_value_undefined(enum glc_type t)
{
    return (struct glc_value){ .type = t };
}

/* Members for a struct declared by `fields`: typed, undefined; NULL: arena exhausted. */
struct glc_value *glc_value_members(struct glc_arena *a, const struct glc_field *fields) GLC_CHECK;

/* A growing array of values in the arena. */
struct glc_values {
    struct glc_value *item;
    size_t n;
};

/* Append; false where the arena is exhausted. */
bool glc_values_add(struct glc_arena *a, struct glc_values *to, struct glc_value v);

/* Append a struct and return its members to fill; NULL where the arena is exhausted. */
struct glc_value *glc_values_add_struct(struct glc_arena *a, struct glc_values *to,
                                        const struct glc_field *fields) GLC_CHECK;

static inline struct glc_value glc_values_array(const struct glc_values *v)
{
    return glc_value_array(v->item, v->n);
}

/* The bytes that `offset, size` arguments mean: cut where the layer ends; false (the function is undefined)
 * where one is negative or the offset lies at or past the end. */
bool glc_value_range(const struct glc_module_ctx *ctx, const struct glc_value *args,
                     struct glc_span *out) GLC_CHECK;

/* UTF-16 (little-endian) and Windows-1252 as UTF-8, up to the first zero or the end. What is no character
 * becomes U+FFFD. Undefined: arena exhausted. */
struct glc_value glc_value_utf16(struct glc_arena *a, struct glc_span s);
struct glc_value glc_value_ansi(struct glc_arena *a, struct glc_span s);

/* A GUID of 16 bytes as text: 8-4-4-4-12, lower case. */
struct glc_value glc_value_guid(struct glc_arena *a, const uint8_t *p);

/* A FILETIME (100 ns since 1601) in seconds since 1970; undefined: 0, which stands for "not set". */
struct glc_value glc_value_filetime(uint64_t t);

/* Bytes in lower-case hex. NULL: arena exhausted. */
char *glc_value_hex(struct glc_arena *a, struct glc_span s) GLC_CHECK;

#endif
