/* A damaged image must give an error from opening or judging, never a crash: the input says which bytes of a
 * good image to change, and the header's checksum is made right again, as an attacker would. */
#include "base/cursor.h"
#include "compile/compile.h"
#include "image/layout.h"
#include "lang/lang.h"
#include "match/match.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char rules[] =
    "rule a { meta: x = 1 y = \"z\" strings: $a = \"needle in a haystack\" wide ascii nocase $b = "
    "/nee[a-z]+(le|el)/ "
    "$c = { 6e 65 [2-9] 6c ?? } condition: any of them and #a < 9 and (@b[1] < 100 or !c[1] > 2) }"
    "rule b : tag { strings: $a = \"hay\" fullword $s = \"%d\" condition: $a at 12 or for any i in (1..#s) : "
    "(@s[i] > 3) }"
    "private rule c { condition: uint16(0) == 0x656e and filesize < 1000 }"
    "global rule d { condition: filesize > 0 } rule e { condition: c and not b }";
static const char hashes[] =
    "900150983cd24fb0d6963f7d28e17f72:3:Test.A-7\n900150983cd24fb0d6963f7d28e17f72:20:Test.B\n";
static const char logic[] = "Test.Pcre;Target:0;0&(1|2)>1;6e6565646c65;0/n[aeiou]+d(?=l)/g;0>1/h(a)y/i\n";
static const char text[] = "needle in a haystack N\0E\0E\0D\0L\0E\0 \0I\0N\0 %d neeabcle needle";

static struct glc_buf good;

static void make_good(void)
{
    struct glc_arena arena;
    struct glc_ruleset set;
    struct glc_lang_options lang = { 0 };
    struct glc_compile_options opt = { .keep_ir = true };
    glc_arena_init(&arena, 1 << 28);
    glc_ruleset_init(&set, &arena);
    glc_buf_init(&good, 1 << 28);
    if (glc_lang_parse(&set, "f.yar", NULL, glc_span_str(rules), &lang) != GLC_OK ||
        glc_lang_parse(&set, "f.ldb", NULL, glc_span_str(logic), &lang) != GLC_OK ||
        glc_lang_parse(&set, "f.hdb", NULL, glc_span_str(hashes), &lang) != GLC_OK ||
        glc_compile_whole(&set, &opt, &good, NULL) != GLC_OK)
        abort();
    glc_ruleset_done(&set);
    glc_arena_done(&arena);
}

static void mend_header(uint8_t *image)
{
    struct glc_img_header *h = (struct glc_img_header *)(void *)image;
    h->sum = 0;
    h->sum = glc_img_sum(glc_span(image, sizeof *h + GLC_IMG_SECTIONS * sizeof(struct glc_img_section)));
}

/* Once as usual, once with what all rules want sought in one walk. */
static void use(struct glc_image *img, bool many)
{
    struct glc_match_options opt = { .all = true, .strings = true, .steps = 100000, .many = many };
    struct glc_matcher *m = glc_matcher_new(img, &opt);
    struct glc_arena arena;
    glc_arena_init(&arena, 1 << 24);
    for (int cls = 0; m != NULL && cls < 2; cls++) {
        struct glc_layer layer = { .data = glc_span(text, sizeof text - 1),
                                   .cls = (enum glc_class)cls,
                                   .arena = &arena };
        struct glc_section section = { .offset = 3, .size = 20 };
        struct glc_buf out;
        layer.facts = (struct glc_facts){
            .entry = 5, .section = &section, .sections = 1, .version_info = GLC_NO_OFFSET
        };
        enum glc_err e = glc_match(m, &layer);
        uint32_t n;
        const uint32_t *found = glc_matcher_found(m, &n);
        struct glc_rule_info info;
        for (uint32_t i = 0; e == GLC_OK && i < n; i++)
            e = glc_image_rule(img, found[i], &info);
        glc_buf_init(&out, 1 << 20);
        for (uint32_t r = 0; r < 6; r++)
            e = glc_matcher_explain(m, r, &layer, &out);
        (void)e;
        glc_buf_done(&out);
    }
    glc_matcher_free(m);
    glc_arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (good.len == 0)
        make_good();
    uint8_t *copy = aligned_alloc(64, (good.len + 63) & ~(size_t)63);
    if (copy == NULL)
        return 0;
    memcpy(copy, good.ptr, good.len);
    /* Records of 5 bytes: a place and a value; the two top bits of the place say how wide. */
    for (size_t i = 0; i + 5 <= size && i < 500; i += 5) {
        uint32_t at = (uint32_t)data[i] | (uint32_t)data[i + 1] << 8 | (uint32_t)data[i + 2] << 16;
        uint32_t value = (uint32_t)data[i + 3] * 0x01010101u ^ (uint32_t)data[i + 4] << 24;
        size_t width = (at >> 22 & 1) != 0 ? 4 : 1;
        at %= (uint32_t)good.len - 4;
        memcpy(copy + at, &value, width);
    }
    mend_header(copy);
    struct glc_image *img = NULL;
    struct glc_error err = { 0 };
    if (glc_image_open(glc_span(copy, good.len), NULL, &img, &err) == GLC_OK) {
        struct glc_buf out;
        glc_buf_init(&out, 1 << 20);
        enum glc_err e = glc_image_validate(img, &err);
        (void)e;
        glc_image_dump(img, &out);
        glc_buf_done(&out);
        use(img, false);
        use(img, true);
        glc_image_free(img);
    }
    free(copy);
    return 0;
}
