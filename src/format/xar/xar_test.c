/* xar archives that lie; the payload comes out of each. */
#include "check.h"
#include "format/kit/kit.h"
#include "format/xar/xar.h"

#include <stdio.h>
#include <zlib.h>

static const char payload[] = "THE-PAYLOAD in a xar";
enum { PAYLOAD = sizeof payload - 1, PACKED = 256 };

/* The archive of this table (zlib) and heap. `claim`: what the header says that the table takes beyond the
 * truth. */
static void archive(struct glc_buf *b, const char *toc, struct glc_span heap, int64_t claim)
{
    uint8_t packed[4096];
    uLongf n = sizeof packed;
    assert_int_equal(compress2(packed, &n, (const uint8_t *)toc, strlen(toc), 9), Z_OK);
    glc_buf_init(b, 1 << 20);
    static const uint8_t start[] = { 'x', 'a', 'r', '!', 0, 28, 0, 1 };
    glc_buf_put(b, start, sizeof start);
    uint64_t said[2] = { (uint64_t)((int64_t)n + claim), strlen(toc) };
    for (int w = 0; w < 2; w++)
        for (int i = 7; i >= 0; i--)
            glc_buf_u8(b, (uint8_t)(said[w] >> (8 * i)));
    glc_buf_u32le(b, 0);
    glc_buf_put(b, packed, n);
    glc_buf_put(b, heap.ptr, heap.len);
}

struct row {
    const char *what, *toc;
    bool packed;        /* the heap holds the payload as zlib, not as it is */
    const char *name;   /* of the child; NULL: not looked at */
    const char *unread; /* a reason that is told; NULL: none may be */
    bool missing;       /* no child is the payload */
    int64_t claim;
};

#define TOC(files)               "<?xml version=\"1.0\"?><xar><toc>" files "</toc></xar>"
#define AT(offset, length, rest) "<data><offset>" offset "</offset><length>" length "</length>" rest "</data>"
#define GZ                       "<encoding style=\"application/x-gzip\"/>"

static const struct row rows[] = {
    { .what = "a stored file", .toc = TOC("<file><name>a</name>" AT("0", "20", "") "</file>"), .name = "a" },
    { .what = "the name behind the data",
      .toc = TOC("<file>" AT("0", "20", "") "<name>late</name></file>"),
      .name = "late" },
    { .what = "a file in a folder",
      .toc = TOC("<file><file>" AT("0", "20",
                                   "") "<name>b</name></file><name>d</name><type>directory</type></file>"),
      .name = "d/b" },
    { .what = "compressed", .toc = TOC("<file><name>a</name>" AT("0", "LEN", GZ) "</file>"), .packed = true },
    { .what = "said to be compressed, and stored", .toc = TOC("<file>" AT("0", "20", GZ) "</file>") },
    { .what = "an encoding nobody knows",
      .toc = TOC("<file>" AT("0", "20", "<encoding style=\"x/rot13\"/>") "</file>") },
    { .what = "an extended attribute",
      .toc =
          TOC("<file><ea><offset>0</offset><length>20</length><name>com.x</name></ea><name>a</name></file>"),
      .name = "a" },
    { .what = "data outside any file", .toc = TOC(AT("0", "20", "")) },
    { .what = "data of a folder", .toc = TOC("<file><type>directory</type>" AT("0", "20", "") "</file>") },
    { .what = "no offset", .toc = TOC("<file><data><length>20</length></data></file>") },
    { .what = "numbers in blanks",
      .toc = TOC("<file><data><offset> 0 </offset><length>\n20 </length></data></file>") },
    { .what = "the same extent twice",
      .toc = TOC("<file>" AT("0", "20", "") "</file><file>" AT("0", "20", "") "</file>") },
    { .what = "an extent past the end",
      .toc = TOC("<file>" AT("0", "99", "") "</file>"),
      .unread = "cut short" },
    { .what = "an extent that begins past the end",
      .toc = TOC("<file>" AT("18446744073709551615", "20", "") "</file>"),
      .unread = "cut short",
      .missing = true },
    { .what = "a length that is no number",
      .toc = TOC("<file>" AT("0", "0x14", "") "</file>"),
      .missing = true },
    { .what = "elements that do not close",
      .toc = "<xar><toc><file>" AT("0", "20", ""),
      .unread = "damaged data" },
    { .what = "an end that has no beginning",
      .toc = TOC("<file>" AT("0", "20", "") "</data></file>"),
      .unread = "damaged data" },
    { .what = "not XML", .toc = "\x01\x02\x03", .unread = "damaged data", .missing = true },
    { .what = "a document type with an entity",
      .toc = "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaa\">]>"
             "<xar><toc>&a;</toc></xar>",
      .unread = "damaged data",
      .missing = true },
    { .what = "a table longer than the file",
      .toc = TOC("<file>" AT("0", "20", "") "</file>"),
      .unread = "cut short",
      .missing = true,
      .claim = 1 << 20 },
};

static void tables(void **state)
{
    (void)state;
    uint8_t packed[PACKED];
    uLongf n = sizeof packed;
    assert_int_equal(compress2(packed, &n, (const uint8_t *)payload, PAYLOAD, 9), Z_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        char toc[1024], *at;
        (void)snprintf(toc, sizeof toc, "%s", r->toc);
        if ((at = strstr(toc, "LEN")) != NULL) {
            char number[4];
            (void)snprintf(number, sizeof number, "%03u", (unsigned)n);
            memcpy(at, number, 3);
        }
        struct glc_buf b;
        struct kit k;
        archive(&b, toc, r->packed ? glc_span(packed, n) : glc_span(payload, PAYLOAD), r->claim);
        kit_run(&k, glc_buf_span(&b));
        if (kit_has(&k, glc_span(payload, PAYLOAD)) == r->missing)
            fail_msg("%s: %zu children", r->what, k.children);
        if (r->unread == NULL ? k.unreads != 0 : !kit_has_unread(&k, r->unread))
            fail_msg("%s: unread is %s", r->what, k.unreads != 0 ? k.unread[0] : "not told");
        if (r->name != NULL && !glc_span_is(k.child[0].name, r->name))
            fail_msg("%s: named %.*s", r->what, (int)k.child[0].name.len, (const char *)k.child[0].name.ptr);
        kit_done(&k);
        glc_buf_done(&b);
    }
}

/* Folders in folders, deeper than is followed: said, and what came before counts. */
static void depth(void **state)
{
    (void)state;
    struct glc_buf toc, b;
    struct kit k;
    glc_buf_init(&toc, 1 << 20);
    glc_buf_puts(&toc, "<xar><toc><file>" AT("0", "20", "") "</file>");
    for (int i = 0; i < 100; i++)
        glc_buf_puts(&toc, "<file>");
    glc_buf_u8(&toc, 0);
    archive(&b, (const char *)toc.ptr, glc_span(payload, PAYLOAD), 0);
    kit_run(&k, glc_buf_span(&b));
    assert_true(kit_has(&k, glc_span(payload, PAYLOAD)));
    assert_true(kit_has_unread(&k, "limit: depth"));
    kit_done(&k);
    glc_buf_done(&b);
    glc_buf_done(&toc);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(tables), cmocka_unit_test(depth) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
