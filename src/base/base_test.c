#include "check.h"

#include "base/arena.h"
#include "base/budget.h"
#include "base/cursor.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/heap.h"
#include "base/json.h"
#include "base/num.h"
#include "base/tlsh.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void cursor_reads_in_both_orders(void **state)
{
    (void)state;
    struct glc_cursor c = glc_cursor(test_hex("0102030405060708090a0b0c0d0e"));
    assert_int_equal(glc_cursor_u16le(&c), 0x0201);
    assert_int_equal(glc_cursor_u16be(&c), 0x0304);
    assert_int_equal(glc_cursor_u32le(&c), 0x08070605);
    assert_int_equal(glc_cursor_u32be(&c), 0x090a0b0c);
    assert_int_equal(glc_cursor_u8(&c), 0x0d);
    assert_int_equal(glc_cursor_left(&c), 1);
    assert_true(glc_cursor_ok(&c));
}

static void cursor_error_is_sticky_and_keeps_place(void **state)
{
    (void)state;
    struct glc_cursor c = glc_cursor(test_hex("aabbcc"));
    glc_cursor_u8(&c);
    assert_int_equal(glc_cursor_u32le(&c), 0);
    assert_int_equal(c.err.code, GLC_CORRUPT);
    assert_int_equal(c.err.off, 1);
    assert_int_equal(glc_cursor_u8(&c), 0); /* there is a byte, but the cursor has failed */
    assert_int_equal(c.off, 1);
    assert_int_equal(glc_cursor_left(&c), 0); /* a loop over what is left ends */
}

static void cursor_survives_sums_that_wrap(void **state)
{
    (void)state;
    struct glc_cursor c = glc_cursor(test_hex("aabbcc"));
    glc_cursor_u8(&c);
    assert_false(glc_cursor_skip(&c, UINT64_MAX));
    c = glc_cursor(test_hex("aabbcc"));
    assert_false(glc_cursor_seek(&c, UINT64_MAX));
    c = glc_cursor(test_hex("aabbcc"));
    assert_int_equal(glc_cursor_span(&c, UINT64_MAX - 1).len, 0);
    c = glc_cursor(test_hex("aabb00"));
    assert_int_equal(glc_cursor_cstr(&c, SIZE_MAX).len, 2);
    c = glc_cursor(glc_span(NULL, 0)); /* no base to count from: the sanitizers watch */
    assert_int_equal(glc_cursor_cstr(&c, SIZE_MAX).len, 0);
    assert_false(glc_cursor_ok(&c));
}

static void cursor_sub_cannot_leave_its_part(void **state)
{
    (void)state;
    struct glc_cursor c = glc_cursor(test_hex("01020304"));
    struct glc_cursor sub = glc_cursor_sub(&c, 2);
    glc_cursor_u16le(&sub);
    assert_int_equal(glc_cursor_u8(&sub), 0);
    assert_false(glc_cursor_ok(&sub));
    assert_int_equal(glc_cursor_u8(&c), 3);
    struct glc_cursor none = glc_cursor_sub(&c, 2);
    assert_false(glc_cursor_ok(&none));
}

static void cursor_leb128(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool ok;
        uint64_t value;
    } rows[] = {
        { "00", true, 0 },
        { "e58e26", true, 624485 },
        { "ffffffffffffffffff01", true, UINT64_MAX },
        { "ffffffffffffffffff02", false, 0 },
        { "8080808080808080808001", false, 0 },
        { "80", false, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct glc_cursor c = glc_cursor(test_hex(rows[i].hex));
        assert_int_equal(glc_cursor_uleb(&c), rows[i].value);
        assert_int_equal(glc_cursor_ok(&c), rows[i].ok);
    }
}

static void arena_has_a_cap_and_rewinds(void **state)
{
    (void)state;
    struct glc_arena a;
    glc_arena_init(&a, 1 << 20);
    assert_null(glc_arena_alloc(&a, SIZE_MAX));
    assert_true(a.failed);
    assert_null(glc_arena_array(&a, SIZE_MAX / 2, 4));
    struct glc_arena_mark mark = glc_arena_mark(&a);
    uint8_t *p = glc_arena_alloc(&a, 100);
    assert_non_null(p);
    memset(p, 0xff, 100);
    for (int i = 0; i < 9; i++)
        (void)!glc_arena_alloc(&a, 100000);
    assert_non_null(glc_arena_alloc(&a, 100000));
    assert_null(glc_arena_alloc(&a, 100000));
    glc_arena_rewind(&a, mark);
    assert_int_equal(a.used, 0);
    p = glc_arena_alloc(&a, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(p[i], 0);
    glc_arena_reset(&a);
    glc_arena_done(&a);
}

static void arena_push_grows(void **state)
{
    (void)state;
    struct glc_arena a;
    glc_arena_init(&a, 1 << 20);
    uint32_t *v = NULL;
    size_t n = 0;
    struct glc_arena_mark empty = glc_arena_mark(&a);
    uint8_t *used = glc_arena_alloc(&a, 10000);
    assert_non_null(used);
    memset(used, 0xff, 10000);
    glc_arena_rewind(&a, empty);
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t *at = glc_arena_push(&a, &v, &n, sizeof *v);
        assert_non_null(at);
        assert_int_equal(*at, 0);
        *at = i;
    }
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(v[i], i);
    glc_arena_done(&a);
}

static void buf_has_a_cap(void **state)
{
    (void)state;
    struct glc_buf b;
    glc_buf_init(&b, 10);
    assert_true(glc_buf_put(&b, "0123456789", 10));
    assert_false(glc_buf_u8(&b, 1));
    assert_true(b.failed);
    assert_int_equal(b.len, 10);
    glc_buf_done(&b);
}

/* Over several pieces that are brought in at once (base/heap.h). */
static void large_blocks_keep_what_they_hold(void **state)
{
    (void)state;
    enum { WORDS = 3 * GLC_HEAP_PIECE / 4 + 5 };
    struct glc_buf b;
    struct glc_arena a;
    uint32_t *pushed = NULL;
    size_t n = 0, room = 0;
    glc_buf_init(&b, (size_t)WORDS * 4);
    glc_arena_init(&a, (size_t)1 << 30);
    uint32_t *last = NULL;
    for (uint32_t i = 0; i < WORDS; i++) {
        assert_true(glc_buf_u32le(&b, i));
        uint32_t *slot = glc_heap_push(&pushed, &n, &room, sizeof *slot);
        assert_non_null(slot);
        *slot = i;
        uint32_t *own = glc_arena_alloc(&a, sizeof *own);
        assert_non_null(own);
        assert_int_equal(*own, 0);
        if (last != NULL)
            assert_int_equal(*last, i - 1);
        *own = i;
        last = own;
    }
    assert_int_equal(n, WORDS);
    assert_false(glc_buf_u8(&b, 0)); /* the cap holds on the short way as well */
    for (uint32_t i = 0; i < WORDS; i++) {
        assert_int_equal(pushed[i], i);
        assert_int_equal(glc_le32(b.ptr + (size_t)i * 4), i);
    }
    uint32_t *before = pushed;
    size_t full = SIZE_MAX / 4, same = full;
    assert_null(
        glc_heap_push(&pushed, &full, &same, sizeof *pushed)); /* more than there is, or can be counted */
    assert_true(pushed == before);
    assert_int_equal(full, SIZE_MAX / 4);
    free(pushed);
    glc_arena_done(&a);
    glc_buf_done(&b);
}

static void digests_know_the_empty_message(void **state)
{
    (void)state;
    static const char *const want[] = { "d41d8cd98f00b204e9800998ecf8427e",
                                        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
                                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" };
    for (int alg = 0; alg < GLC_DIGEST_ALGS; alg++) {
        struct glc_digest *d = glc_digest_new((enum glc_digest_alg)alg);
        uint8_t out[GLC_DIGEST_MAX];
        char hex[2 * GLC_DIGEST_MAX + 1];
        assert_non_null(d);
        for (int again = 0; again < 2; again++) {
            assert_true(glc_digest_of(d, glc_span(NULL, 0), out));
            glc_hex_encode(glc_span(out, glc_digest_len((enum glc_digest_alg)alg)), hex);
            assert_string_equal(hex, want[alg]);
        }
        glc_digest_free(d);
    }
}

static void numbers_and_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        uint64_t value;
    } rows[] = {
        { "0", true, 0 },
        { "25M", true, 25u << 20 },
        { "1kB", true, 1024 },
        { "2GiB", true, 2ull << 30 },
        { "7b", true, 7 },
        { "", false, 0 },
        { "M", false, 0 },
        { "1x", false, 0 },
        { "-1", false, 0 },
        { "16777216T", false, 0 },
        { "1 M", false, 0 },
        { "18446744073709551615", true, UINT64_MAX },
        { "18446744073709551616", false, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t v = 0;
        assert_int_equal(glc_num_size(glc_span_str(rows[i].text), &v), rows[i].ok);
        assert_true(v == rows[i].value);
    }
    int64_t s;
    assert_true(glc_num_i64(glc_span_str("-9223372036854775808"), &s) && s == INT64_MIN);
    assert_false(glc_num_i64(glc_span_str("9223372036854775808"), &s));
}

static void json_escapes_and_separates(void **state)
{
    (void)state;
    struct glc_buf b;
    struct glc_json j;
    glc_buf_init(&b, 1 << 16);
    glc_json_init(&j, &b);
    glc_json_object(&j);
    glc_json_key(&j, "a\"b");
    glc_json_array(&j);
    glc_json_int(&j, -1);
    glc_json_bool(&j, true);
    glc_json_cstr(&j, "x\ny\\");
    glc_json_object(&j);
    glc_json_object_end(&j);
    glc_json_array_end(&j);
    glc_json_bytes(&j, "path", glc_span("a\xff", 2));
    glc_json_bytes(&j, "", glc_span("", 0));
    glc_json_key(&j, "n");
    glc_json_array(&j);
    glc_json_uint(&j, 0);
    glc_json_uint(&j, 10);
    glc_json_uint(&j, UINT64_MAX);
    glc_json_cstr(&j, "\x1f~\x7f\xc3\xa9z");
    glc_json_array_end(&j);
    glc_json_object_end(&j);
    glc_buf_u8(&b, 0);
    assert_string_equal(
        (char *)b.ptr,
        "{\"a\\\"b\":[-1,true,\"x\\ny\\\\\",{}],\"path\":\"a\xef\xbf\xbd\",\"path_hex\":\"61ff\","
        "\"\":\"\",\"n\":[0,10,18446744073709551615,\"\\u001f~\\u007f\xc3\xa9z\"]}");
    glc_buf_done(&b);
}

/* Text is looked at eight bytes at a time: every byte in every place of them. */
static void json_sees_each_byte(void **state)
{
    (void)state;
    for (unsigned c = 1; c < 256; c++)
        for (size_t at = 0; at < 17; at++) {
            char text[] = "aaaaaaaaaaaaaaaaa", want[64], one[8];
            struct glc_buf b;
            struct glc_json j;
            text[at] = (char)c;
            const char *as = c == '\n'   ? "\\n"
                             : c == '\t' ? "\\t"
                             : c == '\r' ? "\\r"
                             : c >= 0x80 ? "\xef\xbf\xbd"
                                         : one;
            (void)snprintf(one, sizeof one,
                           c < 0x20 || c == 0x7f   ? "\\u%04x"
                           : c == '"' || c == '\\' ? "\\%c"
                                                   : "%c",
                           c);
            (void)snprintf(want, sizeof want, "\"%.*s%s%s\"", (int)at, text, as, text + at + 1);
            glc_buf_init(&b, 64);
            glc_json_init(&j, &b);
            glc_json_cstr(&j, text);
            assert_int_equal(b.len, strlen(want));
            assert_memory_equal(b.ptr, want, b.len);
            glc_buf_done(&b);
        }
}

static void utf8_is_strict(void **state)
{
    (void)state;
    assert_int_equal(glc_utf8_len(glc_span("\xc3\xa9", 2)), 2);
    assert_int_equal(glc_utf8_len(glc_span("\xf0\x9f\x9b\xa1", 4)), 4);
    assert_int_equal(glc_utf8_len(glc_span("\xc0\x80", 2)), 0);         /* overlong */
    assert_int_equal(glc_utf8_len(glc_span("\xed\xa0\x80", 3)), 0);     /* surrogate */
    assert_int_equal(glc_utf8_len(glc_span("\xf4\x90\x80\x80", 4)), 0); /* above U+10FFFF */
    assert_int_equal(glc_utf8_len(glc_span("\xe2\x82", 2)), 0);         /* cut short */
}

static void read_fd_says_when_there_is_more(void **state)
{
    (void)state;
    FILE *f = tmpfile();
    assert_non_null(f);
    fputs("0123456789", f);
    fflush(f);
    struct glc_buf b;
    glc_buf_init(&b, 10);
    assert_int_equal(lseek(fileno(f), 0, SEEK_SET), 0);
    assert_int_equal(glc_read_fd(fileno(f), &b), GLC_OK);
    assert_int_equal(b.len, 10);
    glc_buf_done(&b);
    glc_buf_init(&b, 9);
    assert_int_equal(lseek(fileno(f), 0, SEEK_SET), 0);
    assert_int_equal(glc_read_fd(fileno(f), &b), GLC_LIMIT);
    glc_buf_done(&b);
    fclose(f);
}

static void parts_follow_one_another(void **state)
{
    (void)state;
    struct glc_parts p = { 0 };
    struct glc_buf b, whole;
    glc_buf_init(&b, 4);
    glc_buf_init(&whole, 100);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(glc_buf_put(&b, &"abcd"[i], i + 1)); /* a, bc, cd and a zero */
        assert_true(glc_parts_take(&p, &b));
        assert_int_equal(b.len, 0);
    }
    assert_false(glc_buf_put(&b, "12345", 5));
    assert_false(glc_parts_take(&p, &b)); /* what has failed is no part */
    assert_int_equal(glc_parts_size(&p), 6);
    assert_true(glc_buf_u8(&whole, '>'));
    assert_true(glc_parts_join(&p, &whole));
    assert_int_equal(whole.len, 7);
    assert_memory_equal(whole.ptr, ">abccd", 7);
    FILE *f = tmpfile();
    uint8_t back[16];
    assert_non_null(f);
    assert_true(glc_parts_write(&p, fileno(f), 2));
    assert_int_equal(pread(fileno(f), back, sizeof back, 0), 8);
    assert_memory_equal(back, "\0\0abccd", 8);
    fclose(f);
    assert_false(glc_parts_write(&p, -1, 0));
    b.failed = false;
    while (p.n < GLC_PARTS_MOST)
        assert_true(glc_parts_take(&p, &b));
    assert_false(glc_parts_take(&p, &b));
    glc_parts_done(&p);
    glc_buf_done(&whole);
    glc_buf_done(&b);
}

static void budget_ends(void **state)
{
    (void)state;
    struct glc_budget b;
    glc_budget_init(&b);
    assert_true(glc_budget_bytes(&b, 1));
    assert_false(glc_budget_bytes(&b, UINT64_MAX));
    assert_string_equal(b.hit, "bytes");
    b.entries = 1;
    assert_true(glc_budget_entry(&b));
    assert_false(glc_budget_entry(&b));
    assert_string_equal(b.hit, "bytes"); /* the first one stays */
}

/* What libtlsh of Debian 12 gives for the first squares, with commas between. */
static void tlsh_is_that_of_libtlsh(void **state)
{
    (void)state;
    static const struct {
        unsigned squares;
        const char *digest;
    } row[] = {
        { 200, "t1ed11ce55413689beb7f409d993622c186da8ba2d3d543c10f6c07daa2c5fce0184ab79" },
        { 2000, "t19e62425212768dbef3f90ed583721d186ca4ba3e28416d50e7c0beee5c1ede15409a2f" },
        { 20000, "t1ff046492127689fef3f90ed18376195c6c64793a6c412d44e2c0beee2c2eed15409e6f" },
    };
    char out[GLC_TLSH_TEXT] = "untouched";
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct glc_buf text;
        glc_buf_init(&text, 1 << 20);
        for (unsigned n = 0; n < row[i].squares; n++)
            glc_buf_printf(&text, "%s%u", n == 0 ? "" : ",", n * n);
        assert_true(glc_tlsh(glc_buf_span(&text), out));
        assert_string_equal(out, row[i].digest);
        glc_buf_done(&text);
    }
    assert_false(glc_tlsh(glc_span_str("too short"), out));
    static const uint8_t dull[1000];
    assert_false(glc_tlsh(glc_span(dull, sizeof dull), out)); /* all windows fall into six buckets */
    assert_string_equal(out, row[2].digest);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(cursor_reads_in_both_orders),
        cmocka_unit_test(cursor_error_is_sticky_and_keeps_place),
        cmocka_unit_test(cursor_survives_sums_that_wrap),
        cmocka_unit_test(cursor_sub_cannot_leave_its_part),
        cmocka_unit_test(cursor_leb128),
        cmocka_unit_test(arena_has_a_cap_and_rewinds),
        cmocka_unit_test(arena_push_grows),
        cmocka_unit_test(buf_has_a_cap),
        cmocka_unit_test(large_blocks_keep_what_they_hold),
        cmocka_unit_test(digests_know_the_empty_message),
        cmocka_unit_test(numbers_and_sizes),
        cmocka_unit_test(json_escapes_and_separates),
        cmocka_unit_test(json_sees_each_byte),
        cmocka_unit_test(utf8_is_strict),
        cmocka_unit_test(read_fd_says_when_there_is_more),
        cmocka_unit_test(parts_follow_one_another),
        cmocka_unit_test(budget_ends),
        cmocka_unit_test(tlsh_is_that_of_libtlsh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
