/* tar archives on which programs disagree; the payload comes out of each. */
#include "check.h"
#include "format/kit/kit.h"
#include "format/tar/tar.h"

#include <stdio.h>

static const char payload[] = "THE-PAYLOAD in a tar";
enum { PAYLOAD = sizeof payload - 1, BLOCK = 512 };

static void seal(uint8_t *h)
{
    memset(h + 148, ' ', 8);
    unsigned sum = 0;
    for (int i = 0; i < BLOCK; i++)
        sum += h[i];
    char text[16];
    (void)snprintf(text, sizeof text, "%06o", sum & 0777777u);
    memcpy(h + 148, text, 7);
}

/* A sealed header; the caller may change the returned bytes and seal again. */
static size_t header(struct glc_buf *b, const char *name, char type, uint64_t size)
{
    size_t at = b->len;
    uint8_t *h = glc_buf_reserve(b, BLOCK);
    assert_non_null(h);
    memset(h, 0, BLOCK);
    memcpy(h, name, strlen(name));
    memcpy(h + 100, "0000644", 8);
    memcpy(h + 108, "0000000", 8);
    memcpy(h + 116, "0000000", 8);
    char text[24];
    (void)snprintf(text, sizeof text, "%011llo", (unsigned long long)size);
    memcpy(h + 124, text, 12);
    memcpy(h + 136, "00000000000", 12);
    h[156] = (uint8_t)type;
    memcpy(h + 257,
           "ustar\0"
           "00",
           8);
    seal(h);
    b->len += BLOCK;
    return at;
}

static void body(struct glc_buf *b, const void *data, size_t n)
{
    static const uint8_t zeros[BLOCK];
    glc_buf_put(b, data, n);
    if (n % BLOCK != 0)
        glc_buf_put(b, zeros, BLOCK - n % BLOCK);
}

static void file(struct glc_buf *b, const char *name, const void *data, size_t n)
{
    header(b, name, '0', n);
    body(b, data, n);
}

static void end_blocks(struct glc_buf *b)
{
    static const uint8_t zeros[2 * BLOCK];
    glc_buf_put(b, zeros, sizeof zeros);
}

static void expect(struct glc_buf *b, const char *name)
{
    struct kit k;
    kit_run(&k, glc_buf_span(b));
    if (!kit_has(&k, glc_span(payload, PAYLOAD)))
        fail_msg("the payload is not among the %zu children", k.children);
    bool named = name == NULL;
    for (size_t i = 0; i < k.children && i < KIT_CHILDREN; i++)
        named = named || glc_span_is(k.child[i].name, name);
    assert_true(named);
    kit_done(&k);
    glc_buf_done(b);
}

static void plain(void **state)
{
    (void)state;
    struct glc_buf b;
    glc_buf_init(&b, 1 << 20);
    file(&b, "a", "innocent", 8);
    file(&b, "payload", payload, PAYLOAD);
    end_blocks(&b);
    expect(&b, "payload");
}

static void after_end_blocks(void **state)
{
    (void)state;
    struct glc_buf b;
    glc_buf_init(&b, 1 << 20);
    file(&b, "a", "innocent", 8);
    end_blocks(&b);
    end_blocks(&b);
    file(&b, "payload", payload, PAYLOAD);
    expect(&b, "payload");
}

static void bad_checksum(void **state)
{
    (void)state;
    struct glc_buf b;
    glc_buf_init(&b, 1 << 20);
    file(&b, "a", "innocent", 8);
    size_t at = b.len;
    file(&b, "payload", payload, PAYLOAD);
    b.ptr[at + 150] ^= 1;
    expect(&b, "payload");
}

static void base_256_size(void **state)
{
    (void)state;
    struct glc_buf b;
    glc_buf_init(&b, 1 << 20);
    size_t at = header(&b, "payload", '0', 0);
    memset(b.ptr + at + 124, 0, 12);
    b.ptr[at + 124] = 0x80;
    b.ptr[at + 135] = PAYLOAD;
    seal(b.ptr + at);
    body(&b, payload, PAYLOAD);
    expect(&b, "payload");
}

static void long_names(void **state)
{
    (void)state;
    char name[300];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    struct glc_buf b;
    glc_buf_init(&b, 1 << 20);
    header(&b, "././@LongLink", 'L', sizeof name);
    body(&b, name, sizeof name);
    file(&b, "short", payload, PAYLOAD);
    expect(&b, name);
}

static void pax(struct glc_buf *b, const char *records)
{
    header(b, "pax", 'x', strlen(records));
    body(b, records, strlen(records));
}

static void pax_size_and_path(void **state)
{
    (void)state;
    struct glc_buf b;
    glc_buf_init(&b, 1 << 20);
    pax(&b, "11 size=20\n18 path=real-name\n");
    size_t at = header(&b, "short", '0', 0);
    (void)at;
    body(&b, payload, PAYLOAD);
    expect(&b, "real-name");
}

/* CVE-2026-53655: a PAX size that some programs give to the long-name header which follows, so that they find
 * other entries than those that do not. Both readings come out. */
static void pax_size_before_a_long_name(void **state)
{
    (void)state;
    for (int reading = 0; reading < 2; reading++) {
        struct glc_buf b, hidden;
        glc_buf_init(&b, 1 << 20);
        glc_buf_init(&hidden, 1 << 20);
        /* Hidden in what one reading takes for the body of the long name, another for entries. */
        glc_buf_put(&hidden, "name", 5);
        while (hidden.len < BLOCK)
            glc_buf_u8(&hidden, 0);
        file(&hidden, "hidden", payload, PAYLOAD);
        char record[32];
        (void)snprintf(record, sizeof record, "%d size=%zu\n", reading == 0 ? 13 : 12,
                       reading == 0 ? hidden.len : (size_t)BLOCK);
        pax(&b, record);
        header(&b, "././@LongLink", 'L', reading == 0 ? 5 : hidden.len);
        glc_buf_put(&b, hidden.ptr, hidden.len);
        file(&b, "a", "innocent", 8);
        end_blocks(&b);
        glc_buf_done(&hidden);
        expect(&b, NULL);
    }
}

static void size_lies_beyond_the_file(void **state)
{
    (void)state;
    struct glc_buf b;
    glc_buf_init(&b, 1 << 20);
    header(&b, "a", '0', (uint64_t)1 << 32);
    file(&b, "payload", payload, PAYLOAD);
    end_blocks(&b);
    expect(&b, "payload");
}

static void junk_between(void **state)
{
    (void)state;
    struct glc_buf b;
    glc_buf_init(&b, 1 << 20);
    file(&b, "a", "innocent", 8);
    body(&b, "no header at all", 16);
    file(&b, "payload", payload, PAYLOAD);
    expect(&b, "payload");
}

/* "THE-PAYL" "OAD in a tar" with a hole between that is not stored. */
static void sparse(void **state)
{
    (void)state;
    struct glc_buf b, want;
    glc_buf_init(&b, 1 << 20);
    glc_buf_init(&want, 1 << 20);
    size_t at = header(&b, "holes", 'S', PAYLOAD);
    memcpy(b.ptr + at + 386,
           "00000000000\0"
           "00000000010\0"
           "00000002000\0"
           "00000000014\0",
           48);
    memcpy(b.ptr + at + 483, "00000002014", 12);
    seal(b.ptr + at);
    body(&b, payload, PAYLOAD);
    glc_buf_put(&want, payload, 8);
    while (want.len < 1024)
        glc_buf_u8(&want, 0);
    glc_buf_put(&want, payload + 8, 12);
    struct kit k;
    kit_run(&k, glc_buf_span(&b));
    assert_true(kit_has(&k, glc_buf_span(&want)));
    kit_done(&k);
    glc_buf_done(&b);
    glc_buf_done(&want);
}

static void cut_short(void **state)
{
    (void)state;
    struct glc_buf b;
    glc_buf_init(&b, 1 << 20);
    header(&b, "a", '0', 5000);
    glc_buf_put(&b, payload, PAYLOAD);
    struct kit k;
    kit_run(&k, glc_buf_span(&b));
    assert_true(kit_has_unread(&k, "cut short"));
    assert_true(kit_has(&k, glc_span(payload, PAYLOAD)));
    kit_done(&k);
    glc_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),
        cmocka_unit_test(after_end_blocks),
        cmocka_unit_test(bad_checksum),
        cmocka_unit_test(base_256_size),
        cmocka_unit_test(long_names),
        cmocka_unit_test(pax_size_and_path),
        cmocka_unit_test(pax_size_before_a_long_name),
        cmocka_unit_test(size_lies_beyond_the_file),
        cmocka_unit_test(junk_between),
        cmocka_unit_test(sparse),
        cmocka_unit_test(cut_short),
    };
    return cmocka_run_group_tests_name("tar", tests, NULL, NULL);
}
