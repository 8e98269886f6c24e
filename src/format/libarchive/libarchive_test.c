/* What a reader that is not ours does with a hostile archive: it ends when our budget does, and says so. */
#include "check.h"
#include "format/kit/kit.h"
#include "format/libarchive/libarchive.h"

enum { LONG = 4 << 20 };

static const char text[] = "something to find";

/* Each holds the text, stored, in one file: as 7-Zip, cpio and ar make it. */
static const uint8_t sevenzip[] =
    "\x37\x7a\xbc\xaf\x27\x1c\x00\x04\xc9\x10\x26\x91\x11\x00\x00\x00\x00\x00\x00"
    "\x00\x26\x00\x00\x00\x00\x00\x00\x00\xf2\x93\xa4\x57something to find"
    "\x01\x04\x06\x00\x01\x09\x11\x00\x07\x0b\x01\x00\x01\x01\x00\x0c\x11\x00\x08"
    "\x0a\x01\x56\x9b\x5a\x46\x00\x00\x05\x01\x11\x05\x00\x70\x00\x00\x00\x00\x00";
static const uint8_t cpio[] = "07070100000001000081a40000000000000000000000010000000000000011"
                              "000000000000000000000000000000000000000200000000a\0"
                              "something to find\0\0\0"
                              "07070100000001000000000000000000000000000000010000000000000000"
                              "000000000000000000000000000000000000000b00000000TRAILER!!!\0\0\0\0";
static const uint8_t ar[] = "!<arch>\na/              0           0     0     100644  17        `\n"
                            "something to find\n";
static const uint8_t uu[] = "begin 644 a\n1<V]M971H:6YG('1O(&9I;F0`\n`\nend\n";

static const struct {
    const char *what;
    const struct glc_format *format;
    struct glc_span data;
} whole[] = {
    { "7z", &glc_format_sevenzip, { sevenzip, sizeof sevenzip - 1 } },
    { "cpio", &glc_format_cpio, { cpio, sizeof cpio - 1 } },
    { "ar", &glc_format_ar, { ar, sizeof ar - 1 } },
    { "uuencode", &glc_format_filter, { uu, sizeof uu - 1 } },
};

static void truths(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        print_message("  %s\n", whole[i].what);
        struct kit k;
        kit_init(&k, whole[i].data);
        assert_ptr_equal(glc_format_of(whole[i].data), whole[i].format);
        whole[i].format->parse(&k.parse);
        if (k.unreads != 0)
            fail_msg("unread: %s", k.unread[0]);
        assert_true(kit_has(&k, glc_span_str(text)));
        kit_done(&k);
    }
}

/* At every place: what was there is judged, and never does the rest pass for all. */
static void cut_short(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) { /* an uuencoded file's end is free */
        size_t end = glc_span_find(whole[i].data, glc_span_str(text)) + sizeof text - 1;
        /* What is cut in ar's first header passes for an archive of no members, and is one. */
        for (size_t n = whole[i].format == &glc_format_ar ? 68 : 8; n < end; n++) {
            struct kit k;
            kit_init(&k, glc_span_sub(whole[i].data, 0, n));
            whole[i].format->parse(&k.parse);
            if (k.unreads == 0 && !kit_has(&k, glc_span_str(text)))
                fail_msg("%s: cut at %zu, and nothing said", whole[i].what, n);
            kit_done(&k);
        }
    }
}

/* The time is up before the first entry: that libarchive's own code found none in what it got is no answer.
 */
static void the_time_is_up_within_a_call(void **state)
{
    (void)state;
    static char junk[LONG];
    memset(junk, 'x', sizeof junk);
    for (size_t i = 80; i < sizeof junk; i += 81)
        junk[i] = '\n';
    struct glc_span long_one = glc_span(junk, sizeof junk);
    const struct {
        const char *what;
        const struct glc_format *format;
        struct glc_span data;
    } row[] = {
        { "a warc of one endless header", &glc_format_warc, long_one },
        { "an ar whose first member runs on and on", &glc_format_ar, long_one },
        { "megabytes of lines that are no uuencoding", &glc_format_filter, long_one },
        { "an lha that begins nowhere", &glc_format_lha, long_one },
        { "a cpio that begins nowhere", &glc_format_cpio, long_one },
        { "a disk without a volume", &glc_format_iso, long_one },
        { "a rar behind a program that is not there", &glc_format_rar, long_one },
        { "a cab without folders", &glc_format_cab, glc_span_str("MSCF") },
        { "a 7z without entries", &glc_format_sevenzip, glc_span(sevenzip, 32) },
        { "a 7z", &glc_format_sevenzip, glc_span(sevenzip, sizeof sevenzip - 1) },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        print_message("  %s\n", row[i].what);
        struct kit k;
        kit_init(&k, row[i].data);
        k.budget.deadline = 1;
        row[i].format->parse(&k.parse);
        assert_int_equal(k.unreads, 1);
        assert_string_equal(k.unread[0], "timeout");
        assert_int_equal(k.children, 0);
        kit_done(&k);
    }
}

/* What lies before it is judged; libarchive, which would take the memory at once, does not see it. That is
 * for the fuzz target to watch: corpus/cpio-name-of-4-GB. */
static void a_name_of_4_gb(void **state)
{
    (void)state;
    uint8_t evil[sizeof cpio - 1];
    memcpy(evil, cpio, sizeof evil);
    size_t trailer =
        sizeof evil - glc_span_find(glc_span(evil, sizeof evil), glc_span_str("TRAILER")); /* from the end */
    memcpy(evil + sizeof evil - trailer - 16, "fe",
           2); /* the name's length: the 8 digits before the last 8 */
    struct kit k;
    kit_init(&k, glc_span(evil, sizeof evil));
    glc_format_cpio.parse(&k.parse);
    assert_true(kit_has(&k, glc_span_str(text)));
    assert_true(k.unreads != 0);
    assert_string_equal(k.unread[k.unreads - 1], "damaged data");
    kit_done(&k);
}

static void more_than_the_budget(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        struct kit k;
        kit_init(&k, whole[i].data);
        k.budget.bytes = 5;
        whole[i].format->parse(&k.parse);
        assert_int_equal(k.unreads, 1);
        assert_string_equal(k.unread[0], "limit: bytes");
        assert_string_equal(k.budget.hit, "bytes");
        kit_done(&k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truths),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(the_time_is_up_within_a_call),
        cmocka_unit_test(a_name_of_4_gb),
        cmocka_unit_test(more_than_the_budget),
    };
    return cmocka_run_group_tests_name("libarchive", tests, NULL, NULL);
}
