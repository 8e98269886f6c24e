/* Messages against the table, records there and back, and what a hostile worker may try with them. */
#define _GNU_SOURCE
#include "check.h"

#include "wire/hello.h"
#include "wire/mapping.h"
#include "wire/msg.h"
#include "wire/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void table_is_held(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t type;
        size_t body;
        uint32_t fds;
        bool is_worker;
        enum glc_wire_state st;
        bool allowed;
    } rows[] = {
        { "hello first", GLC_WIRE_HELLO, 64, 2, true, GLC_WIRE_NEW, true },
        { "hello twice", GLC_WIRE_HELLO, 64, 2, true, GLC_WIRE_OPENED, false },
        { "hello to the parent", GLC_WIRE_HELLO, 64, 2, false, GLC_WIRE_NEW, false },
        { "files before hello", GLC_WIRE_FILES, 24, 1, true, GLC_WIRE_NEW, false },
        { "files without a descriptor", GLC_WIRE_FILES, 24, 0, true, GLC_WIRE_OPENED, false },
        { "files", GLC_WIRE_FILES, 24, 1, true, GLC_WIRE_OPENED, true },
        { "records before ready", GLC_WIRE_RECORDS, 24, 0, false, GLC_WIRE_NEW, false },
        { "records with a descriptor", GLC_WIRE_RECORDS, 24, 1, false, GLC_WIRE_OPENED, false },
        { "records", GLC_WIRE_RECORDS, 24, 0, false, GLC_WIRE_OPENED, true },
        { "empty records", GLC_WIRE_RECORDS, 0, 0, false, GLC_WIRE_OPENED, false },
        { "ready twice", GLC_WIRE_READY, 12, 0, false, GLC_WIRE_OPENED, false },
        { "failed, too long", GLC_WIRE_FAILED, 1025, 0, false, GLC_WIRE_NEW, false },
        { "type 0", 0, 12, 0, false, GLC_WIRE_NEW, false },
        { "an unknown type", GLC_WIRE_TYPES, 12, 0, false, GLC_WIRE_NEW, false },
        { "type 255", 255, 12, 0, false, GLC_WIRE_NEW, false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (glc_wire_allowed(rows[i].type, rows[i].body, rows[i].fds, rows[i].is_worker, rows[i].st) !=
            rows[i].allowed)
            fail_msg("%s", rows[i].name);
}

static unsigned open_fds(void)
{
    unsigned n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void messages_travel(void **state)
{
    (void)state;
    int pair[2];
    static uint8_t buf[GLC_WIRE_LONGEST + 1];
    struct glc_wire_msg m;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    uint8_t body[24] = { 1 };
    int fds[2] = { 0, 1 };
    assert_int_equal(glc_wire_send(pair[0], GLC_WIRE_FILES, glc_span(body, 24), fds, 2, true), GLC_OK);
    assert_int_equal(glc_wire_recv(pair[1], buf, true, GLC_WIRE_OPENED, true, &m), GLC_OK);
    assert_int_equal(m.type, GLC_WIRE_FILES);
    assert_int_equal(m.body.len, 24);
    assert_int_equal(m.fds, 2);
    glc_wire_close_fds(&m);

    /* A violation closes what came with it. */
    unsigned before = open_fds();
    assert_int_equal(glc_wire_send(pair[1], GLC_WIRE_RECORDS, glc_span(body, 24), fds, 2, true), GLC_OK);
    assert_int_equal(glc_wire_recv(pair[0], buf, false, GLC_WIRE_OPENED, true, &m), GLC_CORRUPT);
    assert_int_equal(open_fds(), before);

    /* Longer than any message. */
    static uint8_t long_one[GLC_WIRE_LONGEST + 100] = { GLC_WIRE_RECORDS };
    assert_int_equal(send(pair[1], long_one, sizeof long_one, 0), sizeof long_one);
    assert_int_equal(glc_wire_recv(pair[0], buf, false, GLC_WIRE_OPENED, true, &m), GLC_CORRUPT);

    assert_int_equal(glc_wire_recv(pair[0], buf, false, GLC_WIRE_OPENED, false, &m), GLC_IO);
    assert_int_equal(errno, EAGAIN);
    close(pair[1]);
    assert_int_equal(glc_wire_recv(pair[0], buf, false, GLC_WIRE_OPENED, true, &m), GLC_IO);
    assert_int_equal(errno, ENOTCONN);
    close(pair[0]);
}

static const struct glc_span layer[] = { { (const uint8_t *)"a.zip", 5 }, { (const uint8_t *)"\xff\n", 2 } };
static const struct glc_found_string strings[] = {
    { .pattern = 0, .offset = (uint64_t)1 << 40, .length = 3, .bytes = { (const uint8_t *)"abc", 3 } },
    { .pattern = 7, .offset = 9, .length = 1, .key = 0x55, .xored = true },
};
static const struct glc_finding finding[] = {
    { .image = 1,
      .rule = 42,
      .layer = layer,
      .layers = 2,
      .cls = GLC_CLASS_PE,
      .string = strings,
      .strings = 2 },
    { .image = 0, .rule = 3, .cls = GLC_CLASS_DATA },
};
static const struct glc_note note[] = { { "names differ", layer, 1, 12 } };

static void verdicts_come_back(void **state)
{
    (void)state;
    struct glc_result r = { .verdict = GLC_FOUND,
                            .reason = "encrypted",
                            .size = 5,
                            .scanned = 10,
                            .finding = finding,
                            .findings = 2,
                            .note = note,
                            .notes = 1 };
    struct glc_buf b;
    struct glc_arena a;
    glc_buf_init(&b, 1 << 20);
    glc_arena_init(&a, 1 << 20);
    assert_true(glc_record_put_verdict(&b, 77, &r));
    assert_true(glc_record_put_text(&b, 78, glc_span_str("hello")));
    struct glc_record rec;
    size_t used = 0;
    for (size_t n = 0; n < b.len; n++) {
        enum glc_err e = glc_record_next(glc_span(b.ptr, n), &rec, &used);
        assert_true(e == GLC_LIMIT || (e == GLC_OK && used <= n));
    }
    assert_int_equal(glc_record_next(glc_buf_span(&b), &rec, &used), GLC_OK);
    assert_int_equal(rec.id, 77);
    struct glc_result back;
    bool cut = true;
    assert_int_equal(glc_record_get_verdict(rec.body, 2, &a, &back, &cut), GLC_OK);
    assert_false(cut);
    assert_int_equal(back.verdict, GLC_FOUND);
    assert_string_equal(back.reason, "encrypted");
    assert_int_equal(back.findings, 2);
    assert_int_equal(back.finding[0].rule, 42);
    assert_int_equal(back.finding[0].layers, 2);
    assert_memory_equal(back.finding[0].layer[1].ptr, "\xff\n", 2);
    assert_int_equal(back.finding[0].string[0].offset, (uint64_t)1 << 40);
    assert_memory_equal(back.finding[0].string[0].bytes.ptr, "abc", 3);
    assert_true(back.finding[0].string[1].xored);
    assert_int_equal(back.finding[1].image, 0);
    assert_int_equal(back.notes, 1);
    assert_string_equal(back.note[0].text, "names differ");
    /* An image that the parent does not have. */
    assert_int_equal(glc_record_get_verdict(rec.body, 1, &a, &back, &cut), GLC_CORRUPT);
    /* Cut anywhere, or one byte more, it is refused. */
    for (size_t n = 0; n < rec.body.len; n++)
        assert_int_equal(glc_record_get_verdict(glc_span(rec.body.ptr, n), 2, &a, &back, &cut), GLC_CORRUPT);
    struct glc_record text;
    assert_int_equal(glc_record_next(glc_span_sub(glc_buf_span(&b), used, b.len), &text, &used), GLC_OK);
    assert_int_equal(text.kind, GLC_RECORD_TEXT);
    assert_true(glc_span_is(text.body, "hello"));
    glc_arena_done(&a);
    glc_buf_done(&b);
}

static void contradictions_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct glc_result r;
        enum glc_err e;
    } rows[] = {
        { "clean", { .verdict = GLC_CLEAN }, GLC_OK },
        { "clean with a reason", { .verdict = GLC_CLEAN, .reason = "x" }, GLC_CORRUPT },
        { "clean with a finding", { .verdict = GLC_CLEAN, .finding = finding, .findings = 1 }, GLC_CORRUPT },
        { "found nothing", { .verdict = GLC_FOUND }, GLC_CORRUPT },
        { "unscanned for no reason", { .verdict = GLC_UNSCANNED }, GLC_CORRUPT },
        { "unscanned with a finding",
          { .verdict = GLC_UNSCANNED, .reason = "x", .finding = finding, .findings = 1 },
          GLC_CORRUPT },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct glc_buf b;
        struct glc_arena a;
        struct glc_record rec;
        struct glc_result back;
        size_t used;
        bool cut;
        glc_buf_init(&b, 1 << 20);
        glc_arena_init(&a, 1 << 20);
        assert_true(glc_record_put_verdict(&b, 1, &rows[i].r));
        assert_int_equal(glc_record_next(glc_buf_span(&b), &rec, &used), GLC_OK);
        if (glc_record_get_verdict(rec.body, 2, &a, &back, &cut) != rows[i].e)
            fail_msg("%s", rows[i].name);
        glc_arena_done(&a);
        glc_buf_done(&b);
    }
}

/* A reason of one zero byte is a reason to the length that stands before it, and none to a reader of strings.
 */
static void texts_hold_no_zero_byte(void **state)
{
    (void)state;
    struct glc_result r = { .verdict = GLC_UNSCANNED, .reason = "x" }, back;
    struct glc_buf b;
    struct glc_arena a;
    struct glc_record rec;
    size_t used;
    bool cut;
    glc_buf_init(&b, 1 << 20);
    glc_arena_init(&a, 1 << 20);
    assert_true(glc_record_put_verdict(&b, 1, &r));
    uint8_t *x = memchr(b.ptr, 'x', b.len);
    assert_non_null(x);
    assert_int_equal(glc_record_next(glc_buf_span(&b), &rec, &used), GLC_OK);
    assert_int_equal(glc_record_get_verdict(rec.body, 1, &a, &back, &cut), GLC_OK);
    *x = 0;
    assert_int_equal(glc_record_get_verdict(rec.body, 1, &a, &back, &cut), GLC_CORRUPT);
    glc_arena_done(&a);
    glc_buf_done(&b);
}

static void long_verdicts_lose_their_strings(void **state)
{
    (void)state;
    enum { N = 3000000 };
    struct glc_found_string *many = calloc(N, sizeof *many);
    struct glc_finding f = { .string = many, .strings = N };
    struct glc_result r = { .verdict = GLC_FOUND, .finding = &f, .findings = 1 }, back;
    struct glc_buf b;
    struct glc_arena a;
    struct glc_record rec;
    size_t used;
    bool cut = false;
    assert_non_null(many);
    glc_buf_init(&b, (size_t)2 * GLC_RECORD_LONGEST);
    glc_arena_init(&a, 1 << 20);
    assert_true(glc_record_put_verdict(&b, 1, &r));
    assert_int_equal(glc_record_next(glc_buf_span(&b), &rec, &used), GLC_OK);
    assert_int_equal(glc_record_get_verdict(rec.body, 1, &a, &back, &cut), GLC_OK);
    assert_true(cut);
    assert_int_equal(back.findings, 1);
    assert_int_equal(back.finding[0].strings, 0);
    free(many);
    glc_arena_done(&a);
    glc_buf_done(&b);
}

static void hello_comes_back(void **state)
{
    (void)state;
    uint8_t body[GLC_HELLO_BYTES];
    struct glc_scan_options o = { .all = true, .bytes = true, .most = 5 }, back;
    o.budget.depth = 3;
    o.budget.ratio_free = (uint64_t)1 << 50;
    glc_hello_encode(&o, body);
    assert_true(glc_hello_decode(glc_span(body, sizeof body), &back));
    assert_true(back.all && back.bytes && !back.strings && !back.top_only && back.console == NULL);
    assert_int_equal(back.most, 5);
    assert_int_equal(back.budget.depth, 3);
    assert_int_equal(back.budget.ratio_free, (uint64_t)1 << 50);
    body[0]++;
    assert_false(glc_hello_decode(glc_span(body, sizeof body), &back));
}

/* Byte i of a file is i / 4096 + 1, so that a page of another place would be seen. */
static void fill(FILE *f, size_t size)
{
    rewind(f);
    for (size_t i = 0; i < size; i++)
        assert_int_not_equal(putc((int)((i / 4096 + 1) & 0xff), f), EOF);
    assert_int_equal(fflush(f), 0);
}

/* Files on both sides of where they are mapped instead of read; and what is cut off meanwhile. */
static void files_are_safe_against_cuts(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 70000, 4 << 20, (4 << 20) + 1, 9 << 20 };
    glc_mapping_prepare();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct glc_span s;
        FILE *f = tmpfile();
        size_t size = sizes[i], half = size / 2;
        assert_non_null(f);
        fill(f, size);
        assert_int_equal(glc_mapping_open(fileno(f), size, &s), GLC_OK);
        assert_int_equal(s.len, size);
        for (size_t at = 0; at < size; at += 4096)
            assert_int_equal(s.ptr[at], (at / 4096 + 1) & 0xff);
        assert_true(glc_mapping_close(s));
        /* It was longer when somebody looked. */
        assert_int_equal(ftruncate(fileno(f), (off_t)half), 0);
        assert_int_equal(glc_mapping_open(fileno(f), size, &s), GLC_OK);
        assert_int_equal(s.len, size);
        for (size_t at = 0; at < size; at += 4096)
            assert_int_equal(s.ptr[at], at < half ? (at / 4096 + 1) & 0xff : 0);
        assert_int_equal(s.ptr[size - 1], 0);
        assert_false(glc_mapping_close(s));
        fclose(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_held),           cmocka_unit_test(messages_travel),
        cmocka_unit_test(verdicts_come_back),      cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(texts_hold_no_zero_byte), cmocka_unit_test(long_verdicts_lose_their_strings),
        cmocka_unit_test(hello_comes_back),        cmocka_unit_test(files_are_safe_against_cuts),
    };
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
