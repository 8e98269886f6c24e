/* Mails on which programs disagree; the payload ("PAYLOAD!" many times, or EICAR's neighbour) comes out of
 * each. */
#include "check.h"
#include "format/kit/kit.h"
#include "format/mail/mail.h"

#define PAYLOAD "THE-PAYLOAD in a mail"
#define BASE64  "VEhFLVBBWUxPQUQgaW4gYSBtYWls"

static void rows(void **state)
{
    (void)state;
    static const struct {
        const char *what, *mail;
    } row[] = {
        { "a base64 part",
          "From: a\nContent-Type: multipart/mixed; boundary=\"b\"\n\n--b\nContent-Type: x/y\n"
          "Content-Transfer-Encoding: base64\n\n" BASE64 "\n--b--\n" },
        { "no multipart at all", "From: a\nContent-Transfer-Encoding: base64\n\n" BASE64 "\n" },
        { "padding inside base64",
          "From: a\nContent-Transfer-Encoding: base64\n\nVEhFLVBBWUxPQQ==\nRCBpbiBhIG1haWw=\n" },
        { "junk inside base64",
          "From: a\nContent-Transfer-Encoding: base64\n\nVEhF!LVBB*WUxP\nQUQgaW4gYSBt#YWls\n" },
        { "a boundary with blanks behind it",
          "From: a\nContent-Type: multipart/mixed; boundary=b\n\n--b  \t\nContent-Type: x/y\n"
          "Content-Transfer-Encoding: base64\n\n" BASE64 "\n--b--\n" },
        { "a boundary that nothing declares",
          "From: a\nContent-Type: multipart/mixed\n\n--zzz\nContent-Type: x/y\n"
          "Content-Transfer-Encoding: base64\n\n" BASE64 "\n--zzz--\n" },
        { "declared and never used",
          "From: a\nContent-Type: multipart/mixed; boundary=never\n\n--used\nContent-Type: x/y\n"
          "Content-Transfer-Encoding: base64\n\n" BASE64 "\n" },
        { "folded and with a comment",
          "From: a\nContent-Type: multipart/mixed;\n boundary=\n  \"b\"\n\n--b\nContent-Type: x/y\n"
          "Content-Transfer-Encoding: (no)\n base64\n\n" BASE64 "\n--b--\n" },
        { "two encodings, the second is true",
          "From: a\nContent-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n\n" BASE64 "\n" },
        { "quoted-printable",
          "From: a\nContent-Transfer-Encoding: quoted-printable\n\nTHE=2DPAYLO=\nAD=20in a=\r\n mail" },
        { "uuencode", "From: a\n\nbegin 644 x\n55$A%+5!!64Q/040@:6X@82!M86EL\n`\nend\n" },
        { "CRLF", "From: a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: x/y\r\n"
                  "Content-Transfer-Encoding: base64\r\n\r\n" BASE64 "\r\n--b--\r\n" },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct kit k;
        print_message("  %s\n", row[i].what);
        struct glc_span mail = glc_span_str(row[i].mail);
        assert_string_equal(glc_format_of(mail)->name, "mail");
        kit_run(&k, mail);
        if (!kit_has(&k, glc_span_str(PAYLOAD)))
            fail_msg("the payload is not among the %zu children", k.children);
        kit_done(&k);
    }
}

static void base64_in_disguise(void **state)
{
    (void)state;
    struct kit k;
    kit_run(&k, glc_span_str("From: a\nContent-Transfer-Encoding: 8bit\n\n" BASE64 BASE64 BASE64 "\n"));
    assert_true(kit_has(&k, glc_span_str(PAYLOAD PAYLOAD PAYLOAD)));
    assert_true(kit_has_note(&k, "base64 that no header names"));
    kit_done(&k);
}

static void name_of_a_part(void **state)
{
    (void)state;
    struct kit k;
    kit_run(&k, glc_span_str("From: a\nContent-Type: x/y; name=\"in voice.exe\"\nContent-Transfer-Encoding: "
                             "base64\n\n" BASE64));
    assert_true(k.children >= 1);
    bool named = false;
    for (size_t i = 0; i < k.children; i++)
        named = named || glc_span_is(k.child[i].name, "in voice.exe");
    assert_true(named);
    kit_done(&k);
}

/* Every body is a child of its own, so that it is judged as what it is: HTML as HTML. */
static void bodies(void **state)
{
    (void)state;
    static const struct {
        const char *what, *mail, *child; /* child NULL: there is none */
    } row[] = {
        { "no parts, no type", "From: a\n\nthe body\n", "the body\n" },
        { "HTML", "From: a\nContent-Type: text/html\n\n<p>x</p>", "<p>x</p>" },
        { "the second message of a mailbox", "From a\nTo: b\n\none\n\nFrom a\nTo: b\n\ntwo\n", "two\n" },
        { "its first", "From a\r\nTo: b\r\n\r\none\r\n\r\nFrom a\r\nTo: b\r\n\r\ntwo\r\n", "one\r\n\r\n" },
        { "\"From \" inside a message", "From: a\n\none\n\nFrom a\n\ntwo", "one\n\nFrom a\n\ntwo" },
        { "behind the last part", "From: a\nContent-Type: multipart/x; boundary=b\n\n--b\n\np\n--b--\ntail\n",
          "tail\n" },
        { "a part behind the last",
          "From: a\nContent-Type: multipart/x; boundary=b\n\n--b--\nContent-Type: x/y\n\nq", "q" },
        { "what stands before the parts is shown by nobody",
          "From: a\nContent-Type: multipart/x; boundary=b\n\n--b\n\n--b--\n", NULL },
        { "no body", "From: a\nTo: b\n", NULL },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct kit k;
        bool found = false;
        print_message("  %s\n", row[i].what);
        kit_run(&k, glc_span_str(row[i].mail));
        for (size_t c = 0; c < k.children && row[i].child != NULL; c++)
            found = found || glc_span_is(k.child[c].data, row[i].child);
        if (row[i].child == NULL ? k.children != 0 : !found)
            fail_msg("not among the %zu children", k.children);
        kit_done(&k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),
        cmocka_unit_test(base64_in_disguise),
        cmocka_unit_test(name_of_a_part),
        cmocka_unit_test(bodies),
    };
    return cmocka_run_group_tests_name("mail", tests, NULL, NULL);
}
