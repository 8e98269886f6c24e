/* Streams of PDFs through their filters, spelled in every way. */
#include "check.h"
#include "format/kit/kit.h"
#include "format/pdf/pdf.h"

#include <libdeflate.h>

static const char payload[] = "THE-PAYLOAD in a PDF";

static struct glc_span zlib(void)
{
    static uint8_t out[256];
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
    size_t n = libdeflate_zlib_compress(c, payload, sizeof payload - 1, out, sizeof out);
    libdeflate_free_compressor(c);
    assert_true(n != 0);
    return glc_span(out, n);
}

static void hex(struct glc_span s, struct glc_buf *b)
{
    for (size_t i = 0; i < s.len; i++)
        glc_buf_printf(b, "%02x", s.ptr[i]);
    glc_buf_puts(b, ">");
}

static void expect(const char *before, struct glc_span data, const char *after)
{
    struct glc_buf b;
    glc_buf_init(&b, 1 << 16);
    glc_buf_puts(&b, before);
    glc_buf_put(&b, data.ptr, data.len);
    glc_buf_puts(&b, after);
    struct kit k;
    assert_string_equal(glc_format_of(glc_buf_span(&b))->name, "pdf");
    kit_run(&k, glc_buf_span(&b));
    if (!kit_has(&k, glc_span(payload, sizeof payload - 1)))
        fail_msg("%s: the payload is not among the %zu children", before, k.children);
    kit_done(&k);
    glc_buf_done(&b);
}

static void spellings(void **state)
{
    (void)state;
    static const char *const before[] = {
        "%PDF-1.4\n1 0 obj\n<</Length 9/Filter/FlateDecode>>\nstream\n",
        "%PDF-1.4\n1 0 obj\n<</Filter/Fl>>stream\r\n",
        "%PDF-1.4\n1 0 obj\n<</Filter/Flate#44ecode>>\nstream\n",
        "%PDF-1.4\n1 0 obj\n<</F#69lter[/#46lateDecode]>>\nstream\n",
        "junk in front %PDF-1.4\n1 0 obj\n<</Filter /FlateDecode>>\nstream\n",
        "%PDF-1.4\n1 0 obj\n<<>>\nstream\n",
    };
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        expect(before[i], zlib(), "\nendstream\nendobj\n");
        expect(before[i], zlib(), ""); /* no end at all */
    }
}

/* The bytes of a stream without a filter are the file that it holds, for a hash of it. */
static void plain_to_the_byte(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
    } row[] = {
        { "%PDF-1.4\n1 0 obj\n<<>>\nstream\n", "\nendstream" },
        { "%PDF-1.4\n1 0 obj\n<<>>\nstream\r\n", "\r\nendstream" },
        { "%PDF-1.4\n1 0 obj\n<<>>\nstream\n", "endstream" },
        { "%PDF-1.4\n1 0 obj\n<</Length 2 0 R>>\nstream\n", "\nendstream" },
        { "%PDF-1.4\n1 0 obj\n<</Length 99999999999999999999999>>\nstream\n", "\nendstream" },
        { "%PDF-1.4\n1 0 obj\n<</Length 1>>\nstream\n", "\nendstream" },
        { "%PDF-1.4\n1 0 obj\n<</Length>>\nstream\n", "\nendstream" },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        expect(row[i].before, glc_span(payload, sizeof payload - 1), row[i].after);
    /* Its own last byte is an end of line. */
    struct glc_buf b;
    glc_buf_init(&b, 1 << 16);
    glc_buf_printf(&b, "%%PDF-1.4\n1 0 obj\n<</Length %zu>>\nstream\n%s\r\nendstream", sizeof payload + 1,
                   payload);
    struct kit k;
    kit_run(&k, glc_buf_span(&b));
    assert_int_equal(k.child[0].data.len, sizeof payload + 1);
    kit_done(&k);
    glc_buf_done(&b);
}

static void cascades(void **state)
{
    (void)state;
    struct glc_buf b;
    glc_buf_init(&b, 1 << 16);
    hex(zlib(), &b);
    expect("%PDF-1.4\n1 0 obj\n<</Filter[/ASCIIHexDecode/FlateDecode]>>\nstream\n", glc_buf_span(&b),
           "\nendstream\n");
    expect("%PDF-1.4\n1 0 obj\n<</Filter[/AHx /Fl]>>\nstream\n", glc_buf_span(&b), "\nendstream\n");
    glc_buf_done(&b);
    expect("%PDF-1.4\n1 0 obj\n<</Filter/A85>>\nstream\n", glc_span_str("<(KG0:dJ5X:I.AkBl5&%+AbHq~>"), "");
    expect("%PDF-1.4\n1 0 obj\n<</Filter/RL>>\nstream\n",
           glc_span_str("\x13"
                        "THE-PAYLOAD in a PDF\x80"),
           "\nendstream");
    expect("%PDF-1.4\n1 0 obj\n<<>>\nstream\n", glc_span(payload, sizeof payload - 1), "endstream");
}

/* 7.4.4.2's example: 45 45 45 45 45 65 45 45 45 66. */
static void lzw(void **state)
{
    (void)state;
    struct kit k;
    kit_run(&k,
            glc_span("%PDF-1.4\n<</Filter/LZW>>stream\n\x80\x0B\x60\x50\x22\x0C\x0C\x85\x01\nendstream", 49));
    assert_true(kit_has(&k, glc_span_str("-----A---B")));
    kit_done(&k);
}

static void encrypted_is_told(void **state)
{
    (void)state;
    struct kit k;
    kit_run(&k, glc_span_str("%PDF-1.4\ntrailer <</Encrypt 5 0 R>>"));
    assert_true(kit_has_unread(&k, "encrypted"));
    kit_done(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings), cmocka_unit_test(plain_to_the_byte), cmocka_unit_test(cascades),
        cmocka_unit_test(lzw),       cmocka_unit_test(encrypted_is_told),
    };
    return cmocka_run_group_tests_name("pdf", tests, NULL, NULL);
}
