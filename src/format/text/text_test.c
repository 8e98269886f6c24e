/* What counts as text, and its normalised form as `sigtool --ascii-normalise` makes it. */
#include "check.h"
#include "format/kit/kit.h"
#include "format/text/text.h"

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }

static void kinds(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct glc_span s;
        enum glc_text_kind kind;
    } row[] = {
        { "letters", BYTES("hello world\n"), GLC_TEXT_BYTES },
        { "bytes from 0x80 on", BYTES("caf\xe9 \x80\xff"), GLC_TEXT_BYTES },
        { "escape, backspace, form feed, bell", BYTES("\x1b[1m\b\f\a"), GLC_TEXT_BYTES },
        { "UTF-16 with a mark, little", BYTES("\xff\xfeh\0i\0"), GLC_TEXT_UTF16 },
        { "UTF-16 with a mark, big", BYTES("\xfe\xff\0h\0i"), GLC_TEXT_UTF16 },
        { "UTF-16 without a mark", BYTES("h\0i\0"), GLC_TEXT_UTF16 },
        { "one odd byte: not ASCII, and no 16-bit control either", BYTES("ascii \1 text"), GLC_TEXT_UTF16 },
        { "zeros", BYTES("ab\0\0\0\0\0\0"), GLC_TEXT_NOT },
        { "nothing", { NULL, 0 }, GLC_TEXT_NOT },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        print_message("  %s\n", row[i].what);
        assert_int_equal(glc_text_kind(row[i].s), row[i].kind);
    }
}

static void normalised(void **state)
{
    (void)state;
    static const struct {
        struct glc_span in, out;
    } row[] = {
        { BYTES("Hello   WORLD\r\n\r\n\tTab\0Nul\1ctrl \xc9\xe9 End\n"),
          BYTES("hello world tabnulctrl end ") },
        { BYTES("  lead"), BYTES(" lead") },
        { BYTES("a\v\f b"), BYTES("a b") },
        { BYTES("a \1 b"), BYTES("a b") },
        { BYTES("\xff\xfeH\0i\0"), BYTES("hi") },
        { BYTES("A\x7fZ{}"), BYTES("a\x7fz{}") },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct kit k;
        kit_init(&k, row[i].in);
        assert_true(glc_text_yield_normalised(&k.parse));
        assert_int_equal(k.children, 1);
        assert_int_equal(k.child[0].cls, GLC_CLASS_TEXT_NORM);
        assert_true(kit_has(&k, row[i].out));
        kit_done(&k);
    }
}

/* Blocks and single bytes give the same: every text against one that a control byte a block keeps from them.
 */
static void blocks(void **state)
{
    (void)state;
    static const char letters[] = "aZ\xe9 \t\n {x~B0";
    uint32_t r = 1;
    for (int round = 0; round < 2000; round++) {
        uint8_t in[200], slow[400];
        size_t n = (size_t)round % sizeof in, m = 0;
        uint32_t of = round % 3 == 0 ? sizeof letters - 1 : 2;
        for (size_t i = 0; i < n; i++) {
            r = r * 1664525 + 1013904223;
            in[i] =
                (uint8_t)(round % 3 == 2 && r >> 29 != 0 ? 'Q' : letters[(r >> 16) % of + (of == 2 ? 3 : 0)]);
            slow[m++] = in[i];
            slow[m++] = 1;
        }
        struct kit fast, each;
        kit_init(&fast, glc_span(in, n));
        kit_init(&each, glc_span(slow, m));
        assert_true(glc_text_yield_normalised(&fast.parse));
        assert_true(glc_text_yield_normalised(&each.parse));
        assert_int_equal(fast.children, each.children);
        if (each.children != 0)
            assert_true(kit_has(&fast, each.child[0].data));
        kit_done(&fast);
        kit_done(&each);
    }
}

static void only_where_a_rule_asks(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k, glc_span_str("some text"));
    k.parse.wanted = 0;
    glc_format_text.parse(&k.parse);
    assert_int_equal(k.children, 0);
    kit_done(&k);
}

static void bids(void **state)
{
    (void)state;
    static const struct {
        struct glc_span s;
        const char *format;
    } row[] = {
        { BYTES("just words"), "text" },
        { BYTES("#!/bin/sh\necho"), "script" },
        { BYTES("\xef\xbb\xbf <?PHP echo 1;"), "script" },
        { BYTES("@echo off\r\n"), "script" },
        { BYTES("<html><body>"), "html" },
        { BYTES("\xff\xfe<\0h\0t\0m\0l\0>\0"), "html" },
        { BYTES("text and <a href=x>"), "html" },
        { BYTES("\x7f"
                "ELF"),
          "elf" },
        { BYTES("MZ"), "pe" },
        { BYTES("\xca\xfe\xba\xbe\0\0\0\2"), "macho-universal" },
        { BYTES("\xca\xfe\xba\xbe\0\0\0\64"), "java" },
        { BYTES("\x89PNG\r\n"), "png" },
        { BYTES("\0\0\0\0\1\2\3\4"), "data" },
        { { NULL, 0 }, "data" },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        assert_string_equal(glc_format_of(row[i].s)->name, row[i].format);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),  cmocka_unit_test(normalised),
        cmocka_unit_test(blocks), cmocka_unit_test(only_where_a_rule_asks),
        cmocka_unit_test(bids),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
