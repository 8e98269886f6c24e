#include "check.h"

#include "format/format.h"
#include "format/module/modules.h"
#include "format/module/value.h"

#include "base/buf.h"

#include <math.h>

static struct glc_arena arena;
static struct glc_buf said;

static void hear(void *to, const char *line)
{
    glc_buf_puts(to, line);
    glc_buf_u8(to, '\n');
}

static bool contains(const struct glc_module_ctx *ctx, const struct glc_regex_code *re, struct glc_span s)
{
    (void)ctx;
    return glc_span_find(s, glc_span_str((const char *)re)) != SIZE_MAX;
}

static struct glc_module_ctx context(struct glc_span data)
{
    return (struct glc_module_ctx){ .data = data,
                                    .arena = &arena,
                                    .now = 1234,
                                    .regex_match = contains,
                                    .console = hear,
                                    .console_to = &said };
}

/* Call a function by name and overload on the bytes of `data`. */
static struct glc_value call(const struct glc_module *m, struct glc_span data, const char *name,
                             const char *args, const struct glc_value *value)
{
    struct glc_module_ctx ctx = context(data);
    struct glc_value root = glc_module_load(m, &ctx);
    for (const struct glc_function *f = m->functions; f->name != NULL; f++)
        if (strcmp(f->name, name) == 0 && strcmp(f->args, args) == 0) {
            struct glc_value v = f->call(&ctx, &root, value);
            if (v.defined)
                assert_int_equal(v.type, f->result);
            return v;
        }
    fail_msg("no function %s(%s)", name, args);
    return (struct glc_value){ 0 };
}

/* What yara 4.2.3 prints for the same question (`console.log`); "-" stands for undefined. */
struct question {
    const char *name, *args;
    int64_t a, b, c;
    const char *text; /* of an argument s */
    double real;      /* of arguments f */
    const char *answer;
};

static const char *answer_of(const struct glc_module *m, struct glc_span data, const struct question *q)
{
    struct glc_value value[4] = { { 0 } };
    int64_t number[] = { q->a, q->b, q->c };
    for (size_t i = 0, n = 0; q->args[i] != '\0'; i++) {
        value[i] = q->args[i] == 's'   ? glc_value_str(glc_span_str(q->text))
                   : q->args[i] == 'f' ? glc_value_float(q->real)
                                       : glc_value_int(number[n++]);
    }
    struct glc_value v = call(m, data, q->name, q->args, value);
    if (!v.defined)
        return "-";
    if (v.type == GLC_T_STRING)
        return glc_arena_strdup(&arena, v.u.text);
    if (v.type == GLC_T_FLOAT)
        return glc_arena_printf(&arena, "%f", v.u.real);
    return glc_arena_printf(&arena, "%lld", (long long)v.u.integer);
}

static void ask(const struct glc_module *m, struct glc_span data, const struct question *q, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(answer_of(m, data, &q[i]), q[i].answer) != 0)
            fail_msg("%s.%s(%s), row %zu: %s, not %s", m->name, q[i].name, q[i].args, i,
                     answer_of(m, data, &q[i]), q[i].answer);
}

static void math_is_what_yara_computes(void **state)
{
    (void)state;
    static const struct question q[] = {
        { "entropy", "ii", 0, 10, 0, NULL, 0, "3.321928" },
        { "entropy", "ii", 0, 99, 0, NULL, 0, "3.321928" },
        { "entropy", "ii", 9, 10, 0, NULL, 0, "0.000000" },
        { "entropy", "ii", 10, 1, 0, NULL, 0, "-" },
        { "entropy", "ii", -1, 1, 0, NULL, 0, "-" },
        { "entropy", "ii", 0, -1, 0, NULL, 0, "-" },
        { "entropy", "ii", 0, 0, 0, NULL, 0, "0.000000" },
        { "entropy", "s", 0, 0, 0, "aab", 0, "0.918296" },
        { "entropy", "s", 0, 0, 0, "", 0, "0.000000" },
        { "mean", "ii", 0, 10, 0, NULL, 0, "52.500000" },
        { "mean", "ii", 0, 0, 0, NULL, 0, "-" },
        { "mean", "s", 0, 0, 0, "", 0, "-" },
        { "deviation", "sf", 0, 0, 0, "abc", 100, "2.000000" },
        { "deviation", "sf", 0, 0, 0, "", 1, "-" },
        { "deviation", "sf", 0, 0, 0, "abc", INFINITY, "inf" },
        { "deviation", "iif", 0, 10, 0, NULL, 52.5, "2.500000" },
        { "deviation", "iif", 0, 0, 0, NULL, 1, "-" },
        { "serial_correlation", "s", 0, 0, 0, "abcd", 0, "59.800000" },
        { "serial_correlation", "s", 0, 0, 0, "aaaa", 0, "-100000.000000" },
        { "serial_correlation", "ii", 0, 0, 0, NULL, 0, "-100000.000000" },
        { "monte_carlo_pi", "s", 0, 0, 0, "abcdefgh", 0, "0.273240" },
        { "monte_carlo_pi", "ii", 0, 5, 0, NULL, 0, "-" },
        { "monte_carlo_pi", "ii", 0, 6, 0, NULL, 0, "0.273240" },
        { "max", "ii", 1, -1, 0, NULL, 0, "-1" },
        { "min", "ii", 1, -1, 0, NULL, 0, "1" },
        { "abs", "i", -3, 0, 0, NULL, 0, "3" },
        { "abs", "i", INT64_MIN, 0, 0, NULL, 0, "-9223372036854775808" },
        { "count", "i", 0x31, 0, 0, NULL, 0, "1" },
        { "count", "i", 0x131, 0, 0, NULL, 0, "1" },
        { "count", "iii", 0x31, 0, 1, NULL, 0, "0" },
        { "count", "iii", 0x31, 20, 1, NULL, 0, "-" },
        { "percentage", "i", 0x31, 0, 0, NULL, 0, "0.100000" },
        { "percentage", "iii", 0x31, 0, 0, NULL, 0, "-" },
        { "mode", "", 0, 0, 0, NULL, 0, "48" },
        { "mode", "ii", 0, 0, 0, NULL, 0, "0" },
        { "to_string", "i", -7, 0, 0, NULL, 0, "-7" },
        { "to_string", "ii", 255, 16, 0, NULL, 0, "ff" },
        { "to_string", "ii", 8, 8, 0, NULL, 0, "10" },
        { "to_string", "ii", 8, 2, 0, NULL, 0, "-" },
    };
    ask(&glc_math_module, glc_span_str("0123456789"), q, sizeof q / sizeof q[0]);
    static const struct question nothing[] = {
        { "mode", "", 0, 0, 0, NULL, 0, "-" },
        { "count", "i", 1, 0, 0, NULL, 0, "-" },
        { "percentage", "i", 1, 0, 0, NULL, 0, "-" },
        { "entropy", "ii", 0, 0, 0, NULL, 0, "-" },
    };
    ask(&glc_math_module, glc_span(NULL, 0), nothing, sizeof nothing / sizeof nothing[0]);
}

static void ranges_of_floats_include_their_ends(void **state)
{
    (void)state;
    struct glc_value v[] = { glc_value_float(1), glc_value_float(1), glc_value_float(2) };
    assert_int_equal(call(&glc_math_module, glc_span(NULL, 0), "in_range", "fff", v).u.integer, 1);
    v[0].u.real = 2.5;
    assert_int_equal(call(&glc_math_module, glc_span(NULL, 0), "in_range", "fff", v).u.integer, 0);
    v[0].u.real = NAN;
    assert_int_equal(call(&glc_math_module, glc_span(NULL, 0), "in_range", "fff", v).u.integer, 0);
}

static void hashes_are_lower_case_hex_of_the_range(void **state)
{
    (void)state;
    static const struct question q[] = {
        { "md5", "s", 0, 0, 0, "dummy", 0, "275876e34cf609db118f3d84b799a790" },
        { "md5", "s", 0, 0, 0, "", 0, "d41d8cd98f00b204e9800998ecf8427e" },
        { "md5", "ii", 0, 0, 0, NULL, 0, "d41d8cd98f00b204e9800998ecf8427e" },
        { "md5", "ii", 0, 3, 0, NULL, 0, "900150983cd24fb0d6963f7d28e17f72" },
        { "md5", "ii", 0, 99, 0, NULL, 0, "900150983cd24fb0d6963f7d28e17f72" },
        { "md5", "ii", 3, 0, 0, NULL, 0, "-" },
        { "md5", "ii", -1, 2, 0, NULL, 0, "-" },
        { "md5", "ii", 0, -1, 0, NULL, 0, "-" },
        { "sha1", "ii", 0, 3, 0, NULL, 0, "a9993e364706816aba3e25717850c26c9cd0d89d" },
        { "sha256", "s", 0, 0, 0, "a", 0,
          "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb" },
        { "checksum32", "s", 0, 0, 0, "abc", 0, "294" },
        { "checksum32", "ii", 0, 0, 0, NULL, 0, "0" },
        { "checksum32", "ii", 9, 1, 0, NULL, 0, "-" },
        { "crc32", "s", 0, 0, 0, "abc", 0, "891568578" },
        { "crc32", "ii", 0, 3, 0, NULL, 0, "891568578" },
        { "crc32", "s", 0, 0, 0, "", 0, "0" },
    };
    ask(&glc_hash_module, glc_span_str("abc"), q, sizeof q / sizeof q[0]);
}

static void a_digest_is_remembered_for_its_range_alone(void **state)
{
    (void)state;
    struct glc_module_ctx ctx = context(glc_span_str("abcabc"));
    struct glc_value root = glc_module_load(&glc_hash_module, &ctx);
    struct glc_value first[] = { glc_value_int(0), glc_value_int(3) },
                     second[] = { glc_value_int(1), glc_value_int(3) };
    const struct glc_function *md5 = &glc_hash_module.functions[0], *sha1 = &glc_hash_module.functions[2];
    struct glc_value a = md5->call(&ctx, &root, first), again = md5->call(&ctx, &root, first);
    assert_ptr_equal(a.u.text.ptr, again.u.text.ptr);
    struct glc_value other = md5->call(&ctx, &root, second);
    assert_false(glc_span_eq(a.u.text, other.u.text));
    assert_int_equal(sha1->call(&ctx, &root, first).u.text.len, 40);
}

static void numbers_in_text_are_read_whole_or_not_at_all(void **state)
{
    (void)state;
    static const struct question q[] = {
        { "to_int", "s", 0, 0, 0, "1234", 0, "1234" },
        { "to_int", "s", 0, 0, 0, "-10", 0, "-10" },
        { "to_int", "s", 0, 0, 0, "-010", 0, "-8" },
        { "to_int", "s", 0, 0, 0, "0x1F", 0, "31" },
        { "to_int", "s", 0, 0, 0, "0x", 0, "-" },
        { "to_int", "s", 0, 0, 0, "", 0, "-" },
        { "to_int", "s", 0, 0, 0, "-", 0, "-" },
        { "to_int", "s", 0, 0, 0, "12a", 0, "-" },
        { "to_int", "s", 0, 0, 0, "9223372036854775807", 0, "9223372036854775807" },
        { "to_int", "s", 0, 0, 0, "9223372036854775808", 0, "-" },
        { "to_int", "s", 0, 0, 0, "-9223372036854775808", 0, "-9223372036854775808" },
        { "to_int", "si", 8, 0, 0, "011", 0, "9" },
        { "to_int", "si", 0, 0, 0, "-011", 0, "-9" },
        { "to_int", "si", 36, 0, 0, "z", 0, "35" },
        { "to_int", "si", 1, 0, 0, "0", 0, "-" },
        { "to_int", "si", 37, 0, 0, "0", 0, "-" },
        { "length", "s", 0, 0, 0, "AXSERS", 0, "6" },
    };
    ask(&glc_string_module, glc_span(NULL, 0), q, sizeof q / sizeof q[0]);
    struct glc_value zero = glc_value_str(glc_span("AXS\0ERS", 7));
    assert_int_equal(call(&glc_string_module, glc_span(NULL, 0), "length", "s", &zero).u.integer, 7);
}

static void the_console_escapes_values_not_messages(void **state)
{
    (void)state;
    glc_buf_init(&said, 4096);
    struct glc_value v[] = { glc_value_str(glc_span_str("m\t ")),
                             glc_value_str(glc_span("v\0\x01\xff\n\"", 6)) };
    assert_int_equal(call(&glc_console_module, glc_span(NULL, 0), "log", "ss", v).u.integer, 1);
    v[1] = glc_value_int(-1);
    (void)call(&glc_console_module, glc_span(NULL, 0), "log", "si", v);
    (void)call(&glc_console_module, glc_span(NULL, 0), "hex", "si", v);
    v[0] = glc_value_float(0.1);
    (void)call(&glc_console_module, glc_span(NULL, 0), "log", "f", v);
    glc_buf_u8(&said, 0);
    assert_string_equal((char *)said.ptr,
                        "m\t v\\x00\\x01\\xff\\x0a\"\nm\t -1\nm\t 0xffffffffffffffff\n0.100000\n");
    glc_buf_done(&said);
}

static void time_is_the_callers(void **state)
{
    (void)state;
    assert_int_equal(call(&glc_time_module, glc_span(NULL, 0), "now", "", NULL).u.integer, 1234);
}

/* What type checking, documentation and evaluation take for granted. */
static void check_fields(const char *path, const struct glc_field *f)
{
    bool constants = false;
    for (; f != NULL && f->name != NULL; f++) {
        if (constants && !f->constant)
            fail_msg("%s.%s stands behind a constant", path, f->name);
        constants |= f->constant;
        if (!f->constant && f->help == NULL)
            fail_msg("%s.%s has no help", path, f->name);
        bool of_structs = f->type == GLC_T_STRUCT || (f->type == GLC_T_ARRAY && f->item == GLC_T_STRUCT);
        if (of_structs != (f->member != NULL))
            fail_msg("%s.%s: members do not fit its type", path, f->name);
        if (f->member != NULL)
            check_fields(f->name, f->member);
    }
}

static void every_table_keeps_the_contract(void **state)
{
    (void)state;
    const struct glc_modules *all = glc_format_modules();
    for (uint32_t i = 0; i < all->n; i++) {
        const struct glc_module *m = all->module[i];
        assert_int_equal(glc_modules_find(all, glc_span_str(m->name), m->dialect), i);
        assert_non_null(m->help);
        check_fields(m->name, m->fields);
        for (const struct glc_function *f = m->functions; f != NULL && f->name != NULL; f++) {
            assert_non_null(f->help);
            assert_int_equal(strspn(f->args, "ifsrbo"), strlen(f->args));
            assert_int_equal(strchr(f->name, '.') != NULL, f->args[0] == 'o');
        }
    }
}

/* No module may be troubled by a file that is not its own, or by no file, or by an arena that is too small.
 */
static void foreign_bytes_leave_every_fact_undefined(void **state)
{
    (void)state;
    const struct glc_modules *all = glc_format_modules();
    static const char *const data[] = {
        "", "M", "MZ", "\177ELF", "dex\n035", "\xca\xfe\xba\xbe", "some text that is no program"
    };
    for (uint32_t i = 0; i < all->n; i++)
        for (size_t k = 0; k < sizeof data / sizeof data[0]; k++) {
            struct glc_module_ctx ctx = context(glc_span_str(data[k]));
            struct glc_value v = glc_module_load(all->module[i], &ctx);
            const struct glc_field *f = all->module[i]->fields;
            for (uint32_t n = 0; n < glc_fields_count(f); n++)
                if (strncmp(f[n].name, "is_", 3) != 0 && strcmp(f[n].name, "has_macros") != 0 &&
                    all->module[i] != &glc_cuckoo_module) /* its parts only hold functions */
                    assert_false(v.u.member[n].defined);
            struct glc_arena tiny;
            glc_arena_init(&tiny, 64);
            ctx.arena = &tiny;
            (void)glc_module_load(all->module[i], &ctx);
            glc_arena_done(&tiny);
        }
}

/* What a module says of its first bytes is true of its functions too. */
static void functions_are_undefined_without_first_bytes(void **state)
{
    (void)state;
    const struct glc_modules *all = glc_format_modules();
    unsigned asked = 0;
    for (uint32_t i = 0; i < all->n; i++) {
        const struct glc_module *m = all->module[i];
        const struct glc_function *f = m->first != NULL ? m->functions : NULL;
        struct glc_module_ctx ctx = context(glc_span_str("some text that is no program"));
        struct glc_value root = glc_module_load(m, &ctx), arg[8] = { 0 };
        for (; f != NULL && f->name != NULL; f++) {
            if (f->args[0] == 'o')
                continue;
            for (size_t k = 0; f->args[k] != 0; k++) {
                arg[k] = (struct glc_value){ .type = f->args[k] == 'i' ? GLC_T_INT : GLC_T_STRING,
                                             .defined = true };
                if (f->args[k] == 'i')
                    arg[k].u.integer = 1;
                else if (f->args[k] == 's')
                    arg[k].u.text = glc_span_str("x");
                else if (f->args[k] == 'r') {
                    arg[k].type = GLC_T_REGEX;
                    arg[k].u.regex = (const void *)"x";
                } else
                    fail_msg("%s.%s: an argument %c", m->name, f->name, f->args[k]);
            }
            struct glc_value v = f->call(&ctx, &root, arg);
            if (v.defined && !(strncmp(f->name, "is_", 3) == 0 && v.u.integer == 0))
                fail_msg("%s.%s(%s) is defined", m->name, f->name, f->args);
            asked++;
        }
    }
    assert_true(asked > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(math_is_what_yara_computes),
        cmocka_unit_test(ranges_of_floats_include_their_ends),
        cmocka_unit_test(hashes_are_lower_case_hex_of_the_range),
        cmocka_unit_test(a_digest_is_remembered_for_its_range_alone),
        cmocka_unit_test(numbers_in_text_are_read_whole_or_not_at_all),
        cmocka_unit_test(the_console_escapes_values_not_messages),
        cmocka_unit_test(time_is_the_callers),
        cmocka_unit_test(every_table_keeps_the_contract),
        cmocka_unit_test(foreign_bytes_leave_every_fact_undefined),
        cmocka_unit_test(functions_are_undefined_without_first_bytes),
    };
    glc_arena_init(&arena, 64u << 20);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    glc_arena_done(&arena);
    return failed;
}
