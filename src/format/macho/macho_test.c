/* Segments, sections and slices, as `clamscan` 1.4.6 sees them. */
#include "check.h"
#include "format/kit/kit.h"
#include "format/macho/macho.h"

static void thin(struct glc_buf *b)
{
    glc_buf_init(b, 1 << 20);
    const uint32_t head[] = { 0xfeedfacf, 0x1000007, 3, 2, 2, 72 + 80 + 24, 0, 0, 0x19, 72 + 80 };
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        glc_buf_u32le(b, head[i]);
    glc_buf_put(b, "__TEXT\0\0\0\0\0\0\0\0\0\0", 16);
    const uint64_t segment[] = { 0x100000000, 0x800, 0, 0x800 };
    for (size_t i = 0; i < 4; i++)
        glc_buf_u64le(b, segment[i]);
    const uint32_t rest[] = { 7, 5, 1, 0 };
    for (size_t i = 0; i < 4; i++)
        glc_buf_u32le(b, rest[i]);
    glc_buf_put(b, "__text\0\0\0\0\0\0\0\0\0\0__TEXT\0\0\0\0\0\0\0\0\0\0", 32);
    glc_buf_u64le(b, 0x100000600);
    glc_buf_u64le(b, 0x200);
    glc_buf_u32le(b, 0x600);
    for (int i = 0; i < 7; i++)
        glc_buf_u32le(b, 0);
    glc_buf_u32le(b, 0x80000028);
    glc_buf_u32le(b, 24);
    glc_buf_u64le(b, 0x700);
    glc_buf_u64le(b, 0);
    while (b->len < 0x1000)
        glc_buf_u8(b, 0x90);
}

static void a_thin_file(void **state)
{
    (void)state;
    struct glc_buf b;
    struct kit k;
    struct glc_macho m;
    thin(&b);
    kit_run(&k, glc_buf_span(&b));
    assert_int_equal(k.facts.sections, 1);
    assert_int_equal(k.facts.section[0].offset, 0x600);
    assert_int_equal(k.facts.entry, 0); /* but for PowerPC */
    assert_true(glc_macho_parse(glc_buf_span(&b), &k.arena, &m));
    assert_true(m.has_main);
    assert_int_equal(m.main_offset, 0x700);
    assert_int_equal(glc_macho_offset(&m, 0x100000710), 0x710);
    kit_done(&k);
    glc_buf_done(&b);
}

static void a_universal_file(void **state)
{
    (void)state;
    struct glc_buf one, all;
    struct kit k;
    thin(&one);
    glc_buf_init(&all, 1 << 20);
    /* Big-endian: one slice that is there, one that is not. */
    glc_buf_put(&all, "\xca\xfe\xba\xbe\0\0\0\2\1\0\0\7\0\0\0\3\0\0\x08\0\0\0\x10\0\0\0\0\x0c", 28);
    glc_buf_put(&all, "\0\0\0\7\0\0\0\3\x10\0\0\0\0\0\x10\0\0\0\0\x0c", 20);
    while (all.len < 0x800)
        glc_buf_u8(&all, 0);
    glc_buf_put(&all, one.ptr, one.len);
    kit_run(&k, glc_buf_span(&all));
    assert_int_equal(k.children, 1);
    assert_true(kit_has(&k, glc_buf_span(&one)));
    assert_true(kit_has_note(&k, "a slice lies outside the file"));
    kit_done(&k);
    glc_buf_done(&one);
    glc_buf_done(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thin_file),
        cmocka_unit_test(a_universal_file),
    };
    return cmocka_run_group_tests_name("macho", tests, NULL, NULL);
}
