/* Rows of members, with what lies between and behind them, and what is wrong with them. */
#include "check.h"
#include "format/kit/kit.h"
#include "format/stream/stream.h"

#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

static const char first[] = "first part, first part, first part of what is packed; ";
static const char second[] = "THE-PAYLOAD, THE-PAYLOAD, THE-PAYLOAD, and so on, and so on";

enum packer { GZIP, BZIP2, XZ, ZSTD, LZMA, PACKERS };
static const char *const packer_name[] = { "gzip", "bzip2", "xz", "zstd", "lzma" };

static void pack(enum packer by, const char *s, size_t n, struct glc_buf *out)
{
    size_t room = n + n / 2 + 1024, made = 0;
    uint8_t *to = glc_buf_reserve(out, room);
    assert_non_null(to);
    if (by == GZIP) {
        z_stream z = { 0 };
        assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), Z_OK);
        z.next_in = (unsigned char *)(uintptr_t)s;
        z.avail_in = (unsigned)n;
        z.next_out = to;
        z.avail_out = (unsigned)room;
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        made = z.total_out;
        deflateEnd(&z);
    } else if (by == BZIP2) {
        unsigned got = (unsigned)room;
        assert_int_equal(
            BZ2_bzBuffToBuffCompress((char *)to, &got, (char *)(uintptr_t)s, (unsigned)n, 9, 0, 0), BZ_OK);
        made = got;
    } else if (by == XZ) {
        assert_int_equal(
            lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, (const uint8_t *)s, n, to, &made, room),
            LZMA_OK);
    } else if (by == ZSTD) {
        made = ZSTD_compress(to, room, s, n, 3);
        assert_false(ZSTD_isError(made));
    } else {
        lzma_options_lzma opt;
        lzma_stream lz = LZMA_STREAM_INIT;
        lzma_lzma_preset(&opt, 6);
        assert_int_equal(lzma_alone_encoder(&lz, &opt), LZMA_OK);
        lz.next_in = (const uint8_t *)s;
        lz.avail_in = n;
        lz.next_out = to;
        lz.avail_out = room;
        assert_int_equal(lzma_code(&lz, LZMA_FINISH), LZMA_STREAM_END);
        made = lz.total_out;
        lzma_end(&lz);
    }
    out->len += made;
}

static void expect(struct glc_span file, struct glc_span child, const char *unread)
{
    struct kit k;
    kit_run(&k, file);
    if (!kit_has(&k, child))
        fail_msg("not among the %zu children", k.children);
    if (unread == NULL && k.unreads != 0)
        fail_msg("unread: %s", k.unread[0]);
    if (unread != NULL)
        assert_true(kit_has_unread(&k, unread));
    kit_done(&k);
}

static void members(void **state)
{
    (void)state;
    static const char zeros[1000];
    static const struct {
        const char *what;
        struct glc_span between;
    } row[] = {
        { "one behind the other", { (const uint8_t *)"", 0 } },
        { "after zeros", { (const uint8_t *)zeros, sizeof zeros } },
        { "after junk", { (const uint8_t *)"junk that is no member", 22 } },
    };
    for (int by = GZIP; by < LZMA; by++)
        for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
            struct glc_buf b;
            glc_buf_init(&b, 1 << 20);
            pack((enum packer)by, first, sizeof first - 1, &b);
            glc_buf_put(&b, row[i].between.ptr, row[i].between.len);
            pack((enum packer)by, second, sizeof second - 1, &b);
            print_message("  %s: %s\n", packer_name[by], row[i].what);
            char both[sizeof first + sizeof second];
            memcpy(both, first, sizeof first - 1);
            memcpy(both + sizeof first - 1, second, sizeof second - 1);
            expect(glc_buf_span(&b), glc_span(both, sizeof first + sizeof second - 2), NULL);
            expect(glc_buf_span(&b), glc_span(second, sizeof second - 1), NULL);
            glc_buf_done(&b);
        }
}

static void trailing_data(void **state)
{
    (void)state;
    for (int by = GZIP; by < LZMA; by++) {
        struct glc_buf b;
        glc_buf_init(&b, 1 << 20);
        pack((enum packer)by, first, sizeof first - 1, &b);
        glc_buf_puts(&b, second);
        expect(glc_buf_span(&b), glc_span(first, sizeof first - 1), NULL);
        expect(glc_buf_span(&b), glc_span_str(second), NULL);
        glc_buf_done(&b);
    }
}

/* What came out before the end of the file is a child; the rest is unread. */
static void cut_short(void **state)
{
    (void)state;
    struct glc_buf text;
    glc_buf_init(&text, 8 << 20);
    for (unsigned i = 0, x = 1; i < 400000; i++)
        glc_buf_printf(&text, "%u ", (x = x * 1103515245 + 12345) >> 16);
    for (int by = GZIP; by < PACKERS; by++) {
        struct glc_buf b;
        glc_buf_init(&b, 16 << 20);
        pack((enum packer)by, (const char *)text.ptr, text.len, &b);
        struct kit k;
        kit_run(&k, glc_span(b.ptr, b.len - b.len / 3));
        print_message("  %s\n", packer_name[by]);
        assert_true(kit_has_unread(&k, "cut short"));
        assert_int_equal(k.children, 1);
        assert_true(k.child[0].data.len > text.len / 3);
        assert_memory_equal(k.child[0].data.ptr, text.ptr, k.child[0].data.len);
        kit_done(&k);
        glc_buf_done(&b);
    }
    glc_buf_done(&text);
}

static void checksums_lie(void **state)
{
    (void)state;
    for (int by = GZIP; by <= XZ; by++) {
        struct glc_buf b;
        glc_buf_init(&b, 1 << 20);
        pack((enum packer)by, second, sizeof second - 1, &b);
        if (by == GZIP) {
            b.ptr[b.len - 8] ^= 1; /* CRC */
            b.ptr[b.len - 4] ^= 1; /* size */
        } else if (by == BZIP2) {
            b.ptr[b.len - 3] ^= 1;
        } else {
            b.ptr[b.len - 40 - 1] ^= 0; /* xz: covered by the flag that ignores checks */
        }
        struct kit k;
        kit_run(&k, glc_buf_span(&b));
        assert_true(kit_has(&k, glc_span(second, sizeof second - 1)));
        kit_done(&k);
        glc_buf_done(&b);
    }
}

static void damage_before_a_good_member(void **state)
{
    (void)state;
    struct glc_buf b;
    glc_buf_init(&b, 1 << 20);
    pack(GZIP, first, sizeof first - 1, &b);
    memset(b.ptr + 12, 0xff, 10);
    pack(GZIP, second, sizeof second - 1, &b);
    struct kit k;
    kit_run(&k, glc_buf_span(&b));
    assert_true(kit_has_unread(&k, "damaged data"));
    assert_true(kit_has(&k, glc_span(second, sizeof second - 1)));
    kit_done(&k);
    glc_buf_done(&b);
}

static void ratio_and_bytes(void **state)
{
    (void)state;
    char *zeros = calloc(1, 16 << 20);
    struct glc_buf b;
    glc_buf_init(&b, 32 << 20);
    pack(GZIP, zeros, 16 << 20, &b);
    struct kit k;
    kit_init(&k, glc_buf_span(&b));
    k.budget.bytes = 1 << 20;
    glc_format_gzip.parse(&k.parse);
    assert_true(kit_has_unread(&k, "limit: bytes"));
    kit_done(&k);
    kit_init(&k, glc_buf_span(&b));
    k.budget.ratio = 10;
    k.budget.ratio_free = 0;
    glc_format_gzip.parse(&k.parse);
    assert_true(kit_has_unread(&k, "limit: ratio"));
    kit_done(&k);
    glc_buf_done(&b);
    free(zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members),         cmocka_unit_test(trailing_data),
        cmocka_unit_test(cut_short),       cmocka_unit_test(checksums_lie),
        cmocka_unit_test(ratio_and_bytes), cmocka_unit_test(damage_before_a_good_member),
    };
    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
