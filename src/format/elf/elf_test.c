/* Where an ELF starts, as `clamscan` 1.4.6 (EP) and `yara` 4.2.3 (entrypoint) say. */
#include "check.h"
#include "format/elf/elf.h"
#include "format/kit/kit.h"

#define NO GLC_NO_OFFSET

struct segment {
    uint32_t type, offset, address, size;
};

struct image {
    uint32_t entry;
    struct segment segment[2];
    bool big, no_sections;
    uint16_t segments; /* as declared; 0: the truth */
    uint16_t segment_size;
};

struct writer {
    struct glc_buf b;
    bool big;
};

static void u16(struct writer *w, uint16_t v)
{
    glc_buf_u16le(&w->b, w->big ? __builtin_bswap16(v) : v);
}

static void u32(struct writer *w, uint32_t v)
{
    glc_buf_u32le(&w->b, w->big ? __builtin_bswap32(v) : v);
}

static void write_image(const struct image *m, struct writer *w)
{
    static const uint32_t section[3][10] = {
        { 0 },
        { 1, 1, 6, 0x8048600, 0x600, 0x200, 0, 0, 1, 0 },
        { 2, 1, 3, 0x8049800, 0x800, 0x400, 0, 0, 1, 0 },
    };
    *w = (struct writer){ .big = m->big };
    glc_buf_init(&w->b, 1 << 20);
    uint16_t real = m->segment[1].type != 0 ? 2 : m->segment[0].type != 0 ? 1 : 0;
    glc_buf_put(&w->b,
                "\x7f"
                "ELF\1",
                5);
    glc_buf_u8(&w->b, m->big ? 2 : 1);
    glc_buf_put(&w->b, "\1\0\0\0\0\0\0\0\0", 10);
    u16(w, 2);
    u16(w, m->big ? 8 : 3);
    u32(w, 1);
    u32(w, m->entry);
    u32(w, real != 0 ? 52 : 0);
    u32(w, m->no_sections ? 0 : 0x400);
    u32(w, 0);
    u16(w, 52);
    u16(w, m->segment_size != 0 ? m->segment_size : 32);
    u16(w, m->segments != 0 ? m->segments : real);
    u16(w, 40);
    u16(w, m->no_sections ? 0 : 3);
    u16(w, 0);
    for (int i = 0; i < real; i++) {
        const struct segment *s = &m->segment[i];
        const uint32_t word[] = { s->type, s->offset, s->address, s->address, s->size, s->size, 5, 0x1000 };
        for (int k = 0; k < 8; k++)
            u32(w, word[k]);
    }
    while (w->b.len < 0x400)
        glc_buf_u8(&w->b, 0);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 10; k++)
            u32(w, section[i][k]);
    while (w->b.len < 0x1000)
        glc_buf_u8(&w->b, 0x90);
}

static void entry_points(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct image image;
        uint64_t clam, yara;
        uint32_t sections;
    } row[] = {
        { "an executable",
          { .entry = 0x8048700, .segment = { { 1, 0, 0x8048000, 0x800 }, { 1, 0x800, 0x8049800, 0x400 } } },
          0x700,
          0x700,
          3 },
        { "overlapping: the first counts",
          { .entry = 0x8048700, .segment = { { 1, 0x800, 0x8048600, 0x400 }, { 1, 0, 0x8048000, 0x800 } } },
          0x900,
          0x900,
          3 },
        { "whatever the segment's type",
          { .entry = 0x8048700, .segment = { { 6, 0, 0x8048000, 0x800 } } },
          0x700,
          0x700,
          3 },
        { "no segments", { .entry = 0x8048700 }, 0, 0x700, 3 },
        { "big-endian",
          { .entry = 0x8048700, .segment = { { 1, 0, 0x8048000, 0x800 } }, .big = true },
          0x700,
          0,
          3 },
        { "no entry", { .entry = 0, .segment = { { 1, 0, 0x8048000, 0x800 } } }, 0, 0, 3 },
        { "outside every segment",
          { .entry = 0x9000000, .segment = { { 1, 0, 0x8048000, 0x800 } } },
          NO,
          0,
          0 },
        { "more segments than the file holds",
          { .entry = 0x8048700, .segment = { { 1, 0, 0x8048000, 0x800 } }, .segments = 200 },
          NO,
          0,
          0 },
        { "segments of another size",
          { .entry = 0x8048700, .segment = { { 1, 0, 0x8048000, 0x800 } }, .segment_size = 40 },
          NO,
          0x700,
          0 },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct writer w;
        struct kit k;
        write_image(&row[i].image, &w);
        kit_run(&k, glc_buf_span(&w.b));
        print_message("  %s\n", row[i].what);
        assert_int_equal(k.facts.entry, row[i].clam);
        assert_int_equal(k.facts.entrypoint, row[i].yara);
        assert_int_equal(k.facts.sections, row[i].sections);
        kit_done(&k);
        glc_buf_done(&w.b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(entry_points) };
    return cmocka_run_group_tests_name("elf", tests, NULL, NULL);
}
