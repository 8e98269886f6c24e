/* Where a PE starts: each row is what `clamscan` 1.4.6 (EP), `yara` 4.2.3 (entrypoint) and its pe.entry_point
 * said of it. */
#include "check.h"
#include "format/kit/kit.h"
#include "format/pe/pe.h"

#define NO GLC_NO_OFFSET
enum { HEADER = 0x80, SECTIONS = 2 };

struct image {
    uint32_t entry;
    struct {
        uint32_t memory, address, raw, offset;
    } section[SECTIONS];
    uint32_t file_alignment, section_alignment, headers; /* 0: 0x200, 0x1000, 0x400 */
    uint32_t size;                                       /* 0: 0xc00 */
    uint16_t optional, machine;                          /* 0: 0xe0, 0x14c */
    bool no_sections;
};

static uint32_t or_else(uint32_t v, uint32_t usual)
{
    return v != 0 ? v : usual;
}

static void write_image(const struct image *m, struct glc_buf *b)
{
    glc_buf_init(b, 1 << 20);
    glc_buf_puts(b, "MZ");
    while (b->len < 0x3c)
        glc_buf_u8(b, 0);
    glc_buf_u32le(b, HEADER);
    while (b->len < HEADER)
        glc_buf_u8(b, 0);
    uint16_t sections = m->no_sections ? 0 : m->section[1].address != 0 ? 2 : 1;
    glc_buf_put(b, "PE\0\0", 4);
    glc_buf_u16le(b, (uint16_t)or_else(m->machine, 0x14c));
    glc_buf_u16le(b, sections);
    for (int i = 0; i < 3; i++)
        glc_buf_u32le(b, 0);
    uint16_t optional = (uint16_t)or_else(m->optional, 0xe0);
    glc_buf_u16le(b, optional);
    glc_buf_u16le(b, 0x102);
    size_t at = b->len;
    const uint32_t word[] = { 0x010b,
                              0x200,
                              0,
                              0,
                              m->entry,
                              0x1000,
                              0x2000,
                              0x400000,
                              or_else(m->section_alignment, 0x1000),
                              or_else(m->file_alignment, 0x200),
                              4,
                              0,
                              4,
                              0,
                              0x10000,
                              or_else(m->headers, 0x400),
                              0,
                              3,
                              0x100000,
                              0x1000,
                              0x100000,
                              0x1000,
                              0,
                              16 };
    for (size_t i = 0; i < sizeof word / sizeof *word; i++)
        glc_buf_u32le(b, word[i]);
    while (b->len < at + 0xe0)
        glc_buf_u8(b, 0);
    b->len = at + (optional < 0xe0 ? optional : 0xe0);
    for (int i = 0; i < sections; i++) {
        glc_buf_put(b, ".text\0\0\0", 8);
        glc_buf_u32le(b, m->section[i].memory);
        glc_buf_u32le(b, m->section[i].address);
        glc_buf_u32le(b, m->section[i].raw);
        glc_buf_u32le(b, m->section[i].offset);
        for (int k = 0; k < 4; k++)
            glc_buf_u32le(b, 0);
    }
    while (b->len < or_else(m->size, 0xc00))
        glc_buf_u8(b, 0xcc);
}

static void entry_points(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct image image;
        uint64_t clam, yara, module;
    } row[] = {
        { "plain",
          { .entry = 0x1010,
            .section = { { 0x1000, 0x1000, 0x400, 0x400 }, { 0x1000, 0x2000, 0x400, 0x800 } } },
          0x410,
          0x410,
          0x410 },
        { "raw offset not aligned",
          { .entry = 0x1010, .section = { { 0x1000, 0x1000, 0x400, 0x410 } } },
          0x410,
          0x420,
          0x410 },
        { "aligned to 512 only",
          { .entry = 0x1010, .section = { { 0x1000, 0x1000, 0x400, 0x600 } }, .file_alignment = 0x1000 },
          0x610,
          0x610,
          0x610 },
        { "aligned to nothing",
          { .entry = 0x1010, .section = { { 0x1000, 0x1000, 0x400, 0x610 } }, .file_alignment = 0x1000 },
          0x10,
          0x620,
          0x610 },
        { "fine alignment",
          { .entry = 0x1010, .section = { { 0x1000, 0x1000, 0x400, 0x410 } }, .file_alignment = 0x10 },
          0x420,
          0x420,
          0x420 },
        { "alignment of no power of two",
          { .entry = 0x1010, .section = { { 0x1000, 0x1000, 0x400, 0x700 } }, .file_alignment = 0x300 },
          0x610,
          0x710,
          0x610 },
        { "alignment of 1,024",
          { .entry = 0x1010, .section = { { 0x1000, 0x1000, 0x400, 0x700 } }, .file_alignment = 0x400 },
          0x410,
          0x710,
          0x610 },
        { "in the headers",
          { .entry = 0x90, .section = { { 0x1000, 0x1000, 0x400, 0x400 } } },
          0x90,
          0x90,
          0x90 },
        { "behind every section",
          { .entry = 0x5000, .section = { { 0x1000, 0x1000, 0x400, 0x400 } } },
          NO,
          0x4400,
          NO },
        { "behind the memory, in the raw data",
          { .entry = 0x1200, .section = { { 0x100, 0x1000, 0x400, 0x400 } } },
          0x600,
          0x600,
          NO },
        { "memory of nothing",
          { .entry = 0x1010, .section = { { 0, 0x1000, 0x400, 0x400 } } },
          0x410,
          0x410,
          NO },
        { "behind the raw data, in its last block",
          { .entry = 0x1300, .section = { { 0x1000, 0x1000, 0x210, 0x400 } } },
          0x700,
          0x700,
          NO },
        { "two sections at one address",
          { .entry = 0x1010,
            .section = { { 0x1000, 0x1000, 0x200, 0x400 }, { 0x1000, 0x1000, 0x200, 0x600 } } },
          0x610,
          0x610,
          0x610 },
        { "overlapping",
          { .entry = 0x2010,
            .section = { { 0x2000, 0x1000, 0x1400, 0x400 }, { 0x1000, 0x2000, 0x200, 0x1800 } },
            .size = 0x2000 },
          0x1810,
          0x1810,
          0x1810 },
        { "overlapping, the other way round",
          { .entry = 0x2010,
            .section = { { 0x1000, 0x2000, 0x200, 0x1800 }, { 0x2000, 0x1000, 0x1400, 0x400 } },
            .size = 0x2000 },
          0x1410,
          0x1810,
          0x1810 },
        { "behind a small section in a big one",
          { .entry = 0x2800,
            .section = { { 0x4000, 0x1000, 0x2000, 0x400 }, { 0x100, 0x2000, 0x200, 0x2400 } },
            .size = 0x3000 },
          0x1c00,
          0x2c00,
          0x1c00 },
        { "no section", { .entry = 0x1010, .no_sections = true }, NO, 0x1010, NO },
        { "between headers and sections",
          { .entry = 0x1900, .section = { { 0x1000, 0x3000, 0x400, 0x400 } }, .size = 0x4000 },
          NO,
          0x1900,
          0x1900 },
        { "headers aligned to sections",
          { .entry = 0x900, .section = { { 0x1000, 0x3000, 0x400, 0x400 } }, .size = 0x4000 },
          0x900,
          0x900,
          0x900 },
        { "a size with its highest bit",
          { .entry = 0x2010,
            .section = { { 0xfffffe00, 0x1000, 0x400, 0x600 }, { 0x1000, 0x2000, 0x400, 0x400 } } },
          NO,
          0x410,
          0x410 },
        { "section address not aligned",
          { .entry = 0x1020, .section = { { 0x1000, 0x1010, 0x400, 0x400 } } },
          0x420,
          0x410,
          0x410 },
        { "optional header too short",
          { .entry = 0x1010, .section = { { 0x1000, 0x1000, 0x400, 0x400 } }, .optional = 0x60 },
          NO,
          0x410,
          0x410 },
        { "another machine",
          { .entry = 0x1010, .section = { { 0x1000, 0x1000, 0x400, 0x400 } }, .machine = 0x1c0 },
          0x410,
          NO,
          0x410 },
        { "raw data outside the file",
          { .entry = 0x1010, .section = { { 0x1000, 0x1000, 0x400, 0x4000 } } },
          NO,
          0x4010,
          NO },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct glc_buf b;
        struct kit k;
        struct glc_pe pe;
        write_image(&row[i].image, &b);
        kit_run(&k, glc_buf_span(&b));
        print_message("  %s\n", row[i].what);
        assert_int_equal(k.facts.entry, row[i].clam);
        assert_int_equal(k.facts.entrypoint, row[i].yara);
        assert_true(glc_pe_parse(glc_buf_span(&b), &k.arena, &pe));
        assert_int_equal(glc_pe_offset(&pe, pe.entry), row[i].module);
        kit_done(&k);
        glc_buf_done(&b);
    }
}

/* Cut anywhere, nothing is read that is not there, and nothing crashes. */
static void cut_anywhere(void **state)
{
    (void)state;
    struct glc_buf b;
    write_image(
        &(struct image){ .entry = 0x1010,
                         .section = { { 0x1000, 0x1000, 0x400, 0x400 }, { 0x1000, 0x2000, 0x400, 0x800 } } },
        &b);
    for (size_t n = 0; n < 0x400; n++) {
        uint8_t *p = malloc(n + 1);
        struct kit k;
        memcpy(p, b.ptr, n);
        kit_run(&k, glc_span(p, n));
        if (n < 0x1c8) /* the end of the section table */
            assert_int_equal(k.facts.sections, 0);
        kit_done(&k);
        free(p);
    }
    glc_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entry_points),
        cmocka_unit_test(cut_anywhere),
    };
    return cmocka_run_group_tests_name("pe", tests, NULL, NULL);
}
