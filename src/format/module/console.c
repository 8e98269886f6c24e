/* The module `console`: a rule author's print statement. YARA manual, "Console module". Every function is
 * true. Bytes that do not print are escaped as yara 4.2.3 does; messages are not. */
#include "format/module/modules.h"
#include "format/module/value.h"

static struct glc_value say(const struct glc_module_ctx *ctx, const char *line)
{
    if (ctx->console != NULL && line != NULL)
        ctx->console(ctx->console_to, line);
    return glc_value_int(1);
}

/* Up to the first zero byte, as a message is a C string to yara. */
static char *message(const struct glc_module_ctx *ctx, struct glc_span s)
{
    const uint8_t *end = s.len == 0 ? NULL : memchr(s.ptr, 0, s.len);
    return glc_arena_strdup(ctx->arena, glc_span_sub(s, 0, end == NULL ? s.len : (size_t)(end - s.ptr)));
}

static struct glc_value say_string(const struct glc_module_ctx *ctx, const char *before, struct glc_span s)
{
    size_t n = strlen(before), room = s.len <= (SIZE_MAX / 4) - n - 1 ? n + 4 * s.len + 1 : 0;
    char *line = room == 0 ? NULL : glc_arena_alloc(ctx->arena, room);
    if (line == NULL)
        return glc_value_int(1);
    memcpy(line, before, n);
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (c >= 0x20 && c < 0x7f) {
            line[n++] = (char)c;
        } else {
            line[n++] = '\\';
            line[n++] = 'x';
            line[n++] = "0123456789abcdef"[c >> 4];
            line[n++] = "0123456789abcdef"[c & 15];
        }
    }
    line[n] = '\0';
    return say(ctx, line);
}

#define CALL(name)                                                                                           \
    static struct glc_value name(const struct glc_module_ctx *ctx, const struct glc_value *root,             \
                                 const struct glc_value *args)

CALL(log_string)
{
    (void)root;
    return say_string(ctx, "", args[0].u.text);
}

CALL(log_message_string)
{
    (void)root;
    const char *m = message(ctx, args[0].u.text);
    return m == NULL ? glc_value_int(1) : say_string(ctx, m, args[1].u.text);
}

static struct glc_value say_int(const struct glc_module_ctx *ctx, const char *m, int64_t v)
{
    return say(ctx, m == NULL ? NULL : glc_arena_printf(ctx->arena, "%s%lld", m, (long long)v));
}

static struct glc_value say_float(const struct glc_module_ctx *ctx, const char *m, double v)
{
    return say(ctx, m == NULL ? NULL : glc_arena_printf(ctx->arena, "%s%f", m, v));
}

static struct glc_value say_hex(const struct glc_module_ctx *ctx, const char *m, int64_t v)
{
    return say(ctx, m == NULL ? NULL : glc_arena_printf(ctx->arena, "%s0x%llx", m, (unsigned long long)v));
}

CALL(log_int)
{
    (void)root;
    return say_int(ctx, "", args[0].u.integer);
}

CALL(log_message_int)
{
    (void)root;
    return say_int(ctx, message(ctx, args[0].u.text), args[1].u.integer);
}

CALL(log_float)
{
    (void)root;
    return say_float(ctx, "", args[0].u.real);
}

CALL(log_message_float)
{
    (void)root;
    return say_float(ctx, message(ctx, args[0].u.text), args[1].u.real);
}

CALL(hex_int)
{
    (void)root;
    return say_hex(ctx, "", args[0].u.integer);
}

CALL(hex_message_int)
{
    (void)root;
    return say_hex(ctx, message(ctx, args[0].u.text), args[1].u.integer);
}

static const struct glc_function functions[] = {
    { "log", "s", GLC_T_INT, "print a string", log_string },
    { "log", "ss", GLC_T_INT, "print a message and a string", log_message_string },
    { "log", "i", GLC_T_INT, "print an integer", log_int },
    { "log", "si", GLC_T_INT, "print a message and an integer", log_message_int },
    { "log", "f", GLC_T_INT, "print a number", log_float },
    { "log", "sf", GLC_T_INT, "print a message and a number", log_message_float },
    { "hex", "i", GLC_T_INT, "print an integer in hexadecimal", hex_int },
    { "hex", "si", GLC_T_INT, "print a message and an integer in hexadecimal", hex_message_int },
    { 0 },
};

const struct glc_module glc_console_module = {
    .name = "console",
    .help = "Print from a condition, for authors of rules",
    .functions = functions,
};
