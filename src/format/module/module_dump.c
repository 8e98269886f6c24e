/* module_dump MODULE FILE…: every defined value of a module as `path = value`, one a line, for
 * tests/modules_test.py. Strings are escaped as `yara -D` does. */
#include "format/format.h"
#include "format/module/value.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>

static void print(const char *path, const struct glc_value *v, const struct glc_field *fields);

static void print_part(const char *path, const char *joint, struct glc_span name, const char *end,
                       const struct glc_value *v, const struct glc_field *fields)
{
    char *whole;
    if (asprintf(&whole, "%s%s%.*s%s", path, joint, (int)name.len, (const char *)name.ptr, end) < 0)
        exit(2);
    print(whole, v, fields);
    free(whole);
}

static void print_text(struct glc_span s)
{
    putchar('"');
    for (size_t i = 0; i < s.len; i++)
        printf(s.ptr[i] >= 0x20 && s.ptr[i] < 0x7f ? "%c" : "\\x%02x", s.ptr[i]);
    putchar('"');
}

static void print_number(const char *path, uint32_t i, const struct glc_value *v,
                         const struct glc_field *fields)
{
    char number[16];
    int n = snprintf(number, sizeof number, "%u", i);
    print_part(path, "[", glc_span(number, (size_t)n), "]", v, fields);
}

static void print(const char *path, const struct glc_value *v, const struct glc_field *fields)
{
    if (!v->defined)
        return;
    switch (v->type) {
    case GLC_T_BOOL:
    case GLC_T_INT:
        printf("%s = %lld\n", path, (long long)v->u.integer);
        break;
    case GLC_T_FLOAT:
        printf("%s = %f\n", path, v->u.real);
        break;
    case GLC_T_STRING:
        printf("%s = ", path);
        print_text(v->u.text);
        putchar('\n');
        break;
    case GLC_T_STRUCT:
        for (uint32_t i = 0; i < glc_fields_count(fields); i++)
            print_part(path, ".", glc_span_str(fields[i].name), "", &v->u.member[i], fields[i].member);
        break;
    case GLC_T_ARRAY:
        for (uint32_t i = 0; i < v->u.array.n; i++)
            print_number(path, i, &v->u.array.item[i], fields);
        break;
    case GLC_T_DICT:
        for (uint32_t i = 0; i < v->u.dict.n; i++)
            print_part(path, "[", v->u.dict.entry[i].key, "]", &v->u.dict.entry[i].value, fields);
        break;
    case GLC_T_REGEX:
        break;
    }
}

static void dump(const struct glc_module *m, struct glc_span data)
{
    struct glc_arena arena;
    glc_arena_init(&arena, (size_t)1 << 30);
    struct glc_module_ctx ctx = { .data = data, .arena = &arena };
    struct glc_value v = glc_module_load(m, &ctx);
    print(m->name, &v, m->fields);
    for (const struct glc_function *f = m->functions; v.u.own != NULL && f != NULL && f->name != NULL; f++) {
        struct glc_value r = glc_value_undefined(f->result);
        if (f->args[0] == '\0')
            r = f->call(&ctx, &v, NULL);
        print_part(m->name, ".", glc_span_str(f->name), "()", &r, NULL);
    }
    glc_arena_done(&arena);
}

int main(int argc, char **argv)
{
    const struct glc_modules *all = glc_format_modules();
    uint32_t m = argc < 3 ? UINT32_MAX
                 : strncmp(argv[1], "yara-x:", 7) == 0
                     ? glc_modules_find(all, glc_span_str(argv[1] + 7), "yara-x")
                     : glc_modules_find(all, glc_span_str(argv[1]), NULL);
    if (m == UINT32_MAX) {
        fputs("module_dump MODULE FILE…\n", stderr);
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        struct glc_map map;
        if (glc_map_path(argv[i], &map) != GLC_OK) {
            perror(argv[i]);
            return 2;
        }
        dump(all->module[m], map.bytes);
        glc_map_done(&map);
    }
    return 0;
}
