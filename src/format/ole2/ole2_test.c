/* Compound files by a small writer: chains that are whole, in disorder, looping, cut; macro source. */
#include "check.h"
#include "format/kit/kit.h"
#include "format/ole2/ole2.h"

enum {
    SECTOR = 512,
    FAT = 0,
    DIRECTORY = 1,
    MINI_FAT = 2,
    MINI = 3,
    BIG = 4,
    BIG_SECTORS = 9,
    BIG_SIZE = 4500,
    SECTORS = 13
};
static const char payload[] = "THE-PAYLOAD in a small stream";

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v);
    put16(p + 2, v >> 16);
}

static uint8_t *at(uint8_t *file, unsigned sector)
{
    return file + SECTOR + (size_t)sector * SECTOR;
}

static void entry(uint8_t *file, unsigned n, const char *name, uint8_t type, uint32_t start, uint32_t size)
{
    uint8_t *e = at(file, DIRECTORY) + (size_t)n * 128;
    for (size_t i = 0; name[i] != 0; i++)
        e[i * 2] = (uint8_t)name[i];
    put16(e + 64, (uint32_t)(strlen(name) + 1) * 2);
    e[66] = type;
    put32(e + 116, start);
    put32(e + 120, size);
}

/* The big stream's sectors are chained backwards. */
static size_t write_file(uint8_t *file)
{
    size_t n = (SECTORS + 1) * SECTOR;
    memset(file, 0, n);
    memcpy(file, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);
    put16(file + 26, 3);
    put16(file + 30, 9);
    put16(file + 32, 6);
    put32(file + 44, 1);
    put32(file + 48, DIRECTORY);
    put32(file + 56, 4096);
    put32(file + 60, MINI_FAT);
    put32(file + 64, 1);
    put32(file + 68, 0xfffffffe);
    memset(file + 76, 0xff, 436);
    put32(file + 76, FAT);
    memset(at(file, FAT), 0xff, SECTOR);
    memset(at(file, MINI_FAT), 0xff, SECTOR);
    put32(at(file, FAT), 0xfffffffd);
    for (unsigned i = DIRECTORY; i <= MINI; i++)
        put32(at(file, FAT) + i * 4, 0xfffffffe);
    for (unsigned i = 0; i < BIG_SECTORS; i++) {
        put32(at(file, FAT) + (BIG + i) * 4, i == 0 ? 0xfffffffe : BIG + i - 1);
        memset(at(file, BIG + i), (int)('a' + (BIG_SECTORS - 1 - i)), SECTOR);
    }
    put32(at(file, MINI_FAT), 0xfffffffe);
    memcpy(at(file, MINI), payload, sizeof payload - 1);
    entry(file, 0, "Root Entry", 5, MINI, SECTOR);
    entry(file, 1, "small", 2, 0, sizeof payload - 1);
    entry(file, 2, "big", 2, BIG + BIG_SECTORS - 1, BIG_SIZE);
    return n;
}

static void streams(void **state)
{
    (void)state;
    static uint8_t file[(SECTORS + 1) * SECTOR];
    struct kit k;
    kit_run(&k, glc_span(file, write_file(file)));
    assert_int_equal(k.children, 2);
    assert_int_equal(k.unreads, 0);
    assert_true(kit_has(&k, glc_span(payload, sizeof payload - 1)));
    assert_int_equal(k.child[1].data.len, BIG_SIZE);
    assert_true(glc_span_is(k.child[1].name, "big"));
    for (size_t i = 0; i < BIG_SIZE; i++)
        assert_int_equal(k.child[1].data.ptr[i], 'a' + i / SECTOR);
    kit_done(&k);
}

static void a_package(void **state)
{
    (void)state;
    static uint8_t file[(SECTORS + 1) * SECTOR];
    static const uint8_t inner[] = "\x40\0\0\0\2\0a.exe\0C:\\a\0\0\0\3\0\5\0\0\0C:\\a\0\7\0\0\0PACKAGE\0\0\0";
    enum { SIZE_AT = 6 + 6 + 5 + 4 + 4 + 5 };
    static const struct {
        const char *what;
        uint8_t at, value;
        const char *child; /* NULL: none */
    } row[] = {
        { "as it is written", 4, 2, "PACKAGE" },
        { "longer than the stream", SIZE_AT + 3, 0x7f, "PACKAGE" },
        { "of no bytes", SIZE_AT, 0, NULL },
        { "a path beyond the stream", SIZE_AT - 6, 0xff, NULL },
        { "shorter than it is", SIZE_AT, 4, "PACK" },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        print_message("  %s\n", row[i].what);
        size_t n = write_file(file);
        memset(at(file, DIRECTORY) + 128, 0, 128);
        entry(file, 1, "\1Ole10Native", 2, 0, SIZE_AT + 4 + 7);
        memcpy(at(file, MINI), inner, sizeof inner);
        at(file, MINI)[row[i].at] = row[i].value;
        struct kit k;
        kit_run(&k, glc_span(file, n));
        assert_int_equal(k.children, row[i].child != NULL ? 3 : 2);
        if (row[i].child != NULL) {
            assert_true(kit_has(&k, glc_span_str(row[i].child)));
            assert_true(glc_span_is(k.child[1].name, "a.exe"));
        }
        kit_done(&k);
    }
}

static void a_loop_ends(void **state)
{
    (void)state;
    static uint8_t file[(SECTORS + 1) * SECTOR];
    size_t n = write_file(file);
    put32(at(file, FAT) + BIG * 4, BIG + 3);
    put32(at(file, DIRECTORY) + 2 * 128 + 120, 0x7fffffff);
    put32(at(file, FAT) + DIRECTORY * 4, DIRECTORY);
    struct kit k;
    kit_run(&k, glc_span(file, n));
    assert_true(kit_has_note(&k, "a chain of sectors ends early or loops"));
    assert_true(kit_has(&k, glc_span(payload, sizeof payload - 1)));
    kit_done(&k);
}

static void cut_anywhere(void **state)
{
    (void)state;
    static uint8_t file[(SECTORS + 1) * SECTOR];
    size_t n = write_file(file);
    for (size_t len = 0; len < n; len += 37) {
        uint8_t *p = malloc(len + 1);
        struct kit k;
        memcpy(p, file, len);
        kit_run(&k, glc_span(p, len));
        kit_done(&k);
        free(p);
    }
}

/* Eight literals behind a flag byte, then a copy of eight from eight back. */
static void macro_source(void **state)
{
    (void)state;
    static const uint8_t packed[] = { 1, 0x0b, 0xb0, 0, 'A', 't', 't', 'r', 'i', 'b', 'u', 't', 1, 5, 0x70 };
    struct kit k;
    kit_init(&k, glc_span(packed, sizeof packed));
    struct glc_output out;
    glc_output_init(&out, &k.parse, sizeof packed);
    assert_true(glc_ole2_vba(glc_span(packed, sizeof packed), &out));
    assert_int_equal(out.len, 16);
    assert_memory_equal(out.ptr, "AttributAttribut", 16);
    kit_done(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams),      cmocka_unit_test(a_package),    cmocka_unit_test(a_loop_ends),
        cmocka_unit_test(cut_anywhere), cmocka_unit_test(macro_source),
    };
    return cmocka_run_group_tests_name("ole2", tests, NULL, NULL);
}
