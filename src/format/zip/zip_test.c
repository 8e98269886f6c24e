/* Every way to hide a member that docs/formats.md lists, written by a small writer of lies; the payload must
 * come out. */
#include "check.h"
#include "format/kit/kit.h"
#include "format/zip/zip.h"

#include <libdeflate.h>

/* What a header may say, and where it lies.  */
struct lie {
    int method, packed, size; /* declared in both headers */
    int local_method;         /* … in the local one alone */
    int flags;
    bool stored; /* the data is really stored */
    bool no_local_signature;
    bool unlisted;   /* no central record */
    bool descriptor; /* sizes only after the data (1: with signature) */
    bool bare_descriptor;
    bool wrong_crc;
    bool zip64;
};
/* A lie of n is written SAY(n), so that what is left out is the truth. */
#define SAY(n) ((n) + 1)
#define LIE(...)                                                                                             \
    (struct lie)                                                                                             \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }

struct writer {
    struct glc_buf out, central;
    unsigned listed;
};

static const char text[] =
    "THE-PAYLOAD: something to find, with enough of the same, the same, the same to be deflated; ";

static struct glc_span payload(void)
{
    return glc_span(text, sizeof text - 1);
}

static struct glc_span deflated(struct glc_span s)
{
    static uint8_t out[65536];
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
    size_t n = libdeflate_deflate_compress(c, s.ptr, s.len, out, sizeof out);
    libdeflate_free_compressor(c);
    assert_true(n > 0);
    return glc_span(out, n);
}

static void begin(struct writer *w)
{
    glc_buf_init(&w->out, 1 << 24);
    glc_buf_init(&w->central, 1 << 20);
    w->listed = 0;
}

static void end(struct writer *w)
{
    glc_buf_done(&w->out);
    glc_buf_done(&w->central);
}

static void common(struct glc_buf *b, const struct lie *l, int method, uint32_t crc, size_t packed,
                   size_t size, bool without_sizes)
{
    glc_buf_u16le(b, (uint16_t)(l->flags | (l->descriptor || l->bare_descriptor ? 8 : 0)));
    glc_buf_u16le(b, (uint16_t)method);
    glc_buf_u32le(b, 0);
    glc_buf_u32le(b, without_sizes ? 0 : crc);
    glc_buf_u32le(b, without_sizes ? 0 : l->zip64 ? UINT32_MAX : (uint32_t)packed);
    glc_buf_u32le(b, without_sizes ? 0 : l->zip64 ? UINT32_MAX : (uint32_t)size);
}

static void name_and_extra(struct glc_buf *b, const char *name, const struct lie *l, bool central)
{
    glc_buf_u16le(b, (uint16_t)strlen(name));
    glc_buf_u16le(b, l->zip64 ? 20 : 0);
    if (central) {
        glc_buf_u16le(b, 0);
        glc_buf_u16le(b, 0);
        glc_buf_u16le(b, 0);
        glc_buf_u32le(b, 0);
    }
}

static void long_sizes(struct glc_buf *b, const struct lie *l, size_t packed, size_t size)
{
    if (!l->zip64)
        return;
    glc_buf_u16le(b, 1);
    glc_buf_u16le(b, 16);
    glc_buf_u64le(b, size);
    glc_buf_u64le(b, packed);
}

static void add(struct writer *w, const char *name, struct glc_span content, const struct lie *l)
{
    struct glc_span data = l->stored ? content : deflated(content);
    int method = l->method != 0 ? l->method - 1 : l->stored ? 0 : 8;
    size_t packed = l->packed != 0 ? (size_t)l->packed - 1 : data.len;
    size_t size = l->size != 0 ? (size_t)l->size - 1 : content.len;
    uint32_t crc = libdeflate_crc32(0, content.ptr, content.len) ^ (l->wrong_crc ? 1 : 0);
    size_t at = w->out.len;
    bool later = l->descriptor || l->bare_descriptor;
    glc_buf_put(&w->out, l->no_local_signature ? "XX\3\4" : "PK\3\4", 4);
    glc_buf_u16le(&w->out, 20);
    common(&w->out, l, l->local_method != 0 ? l->local_method - 1 : method, crc, packed, size, later);
    name_and_extra(&w->out, name, l, false);
    glc_buf_puts(&w->out, name);
    long_sizes(&w->out, l, packed, size);
    glc_buf_put(&w->out, data.ptr, data.len);
    if (later) {
        if (l->descriptor)
            glc_buf_put(&w->out, "PK\7\10", 4);
        glc_buf_u32le(&w->out, crc);
        glc_buf_u32le(&w->out, (uint32_t)packed);
        glc_buf_u32le(&w->out, (uint32_t)size);
    }
    if (l->unlisted)
        return;
    glc_buf_put(&w->central, "PK\1\2\24\0\24\0", 8);
    common(&w->central, l, method, crc, packed, size, false);
    name_and_extra(&w->central, name, l, true);
    glc_buf_u32le(&w->central, (uint32_t)at);
    glc_buf_puts(&w->central, name);
    long_sizes(&w->central, l, packed, size);
    w->listed++;
}

static void finish(struct writer *w, uint32_t offset_lie, const char *comment)
{
    size_t at = w->out.len;
    glc_buf_put(&w->out, w->central.ptr, w->central.len);
    glc_buf_put(&w->out, "PK\5\6\0\0\0\0", 8);
    glc_buf_u16le(&w->out, (uint16_t)w->listed);
    glc_buf_u16le(&w->out, (uint16_t)w->listed);
    glc_buf_u32le(&w->out, (uint32_t)w->central.len);
    glc_buf_u32le(&w->out, (uint32_t)at + offset_lie);
    glc_buf_u16le(&w->out, (uint16_t)strlen(comment));
    glc_buf_puts(&w->out, comment);
}

static void expect(struct glc_span zip, struct glc_span content, const char *unread)
{
    struct kit k;
    kit_run(&k, zip);
    if (!kit_has(&k, content))
        fail_msg("the payload did not come out (%zu children, %zu unread: %s)", k.children, k.unreads,
                 k.unreads != 0 ? k.unread[0] : "-");
    if (unread == NULL && k.unreads != 0)
        fail_msg("unread: %s", k.unread[0]);
    if (unread != NULL && !kit_has_unread(&k, unread))
        fail_msg("no word of \"%s\"", unread);
    kit_done(&k);
}

/* One member beside an innocent one. */
static void rows(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct lie lie;
        const char *unread;
    } row[] = {
        { "the truth, deflated", LIE(.flags = 0), NULL },
        { "the truth, stored", LIE(.stored = true), NULL },
        { "method says stored, data is deflated, in both headers", LIE(.method = SAY(0)), NULL },
        { "method says stored, data is deflated, in the local header", LIE(.local_method = SAY(0)), NULL },
        { "method says deflated, data is stored", LIE(.method = SAY(8), .stored = true), NULL },
        { "method says deflated locally, data is stored", LIE(.local_method = SAY(8), .stored = true), NULL },
        { "unknown method, data is deflated", LIE(.method = SAY(77)), NULL },
        { "unknown method, data is stored", LIE(.method = SAY(4660), .stored = true), NULL },
        { "encrypted flag, data is deflated", LIE(.flags = 1), NULL },
        { "encrypted flag, data is stored", LIE(.flags = 1, .stored = true), NULL },
        { "packed size too small", LIE(.packed = SAY(5)), NULL },
        { "packed size too small, stored", LIE(.packed = SAY(5), .stored = true), NULL },
        { "packed size too large", LIE(.packed = SAY(1000000)), NULL },
        { "packed size 0", LIE(.packed = SAY(0)), NULL },
        { "unpacked size too small", LIE(.size = SAY(5)), NULL },
        { "unpacked size too large", LIE(.size = SAY(2000000)), NULL },
        { "unpacked size 0", LIE(.size = SAY(0)), NULL },
        { "both sizes 0", LIE(.size = SAY(0), .packed = SAY(0)), NULL },
        { "both sizes 0, stored", LIE(.size = SAY(0), .packed = SAY(0), .stored = true), NULL },
        { "a local header without signature", LIE(.no_local_signature = true), NULL },
        { "a member that no directory lists", LIE(.unlisted = true), NULL },
        { "a stored member that no directory lists", LIE(.unlisted = true, .stored = true), NULL },
        { "descriptor with signature", LIE(.descriptor = true), NULL },
        { "descriptor without signature", LIE(.bare_descriptor = true), NULL },
        { "unlisted, descriptor, stored", LIE(.descriptor = true, .stored = true, .unlisted = true), NULL },
        { "unlisted, bare descriptor, stored", LIE(.bare_descriptor = true, .stored = true, .unlisted = true),
          NULL },
        { "unknown method in the local header", LIE(.local_method = SAY(77)), NULL },
        { "checksum lies", LIE(.wrong_crc = true), NULL },
        { "zip64 sizes", LIE(.zip64 = true), NULL },
        { "zip64 sizes, stored", LIE(.zip64 = true, .stored = true), NULL },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct writer w;
        begin(&w);
        add(&w, "readme.txt", glc_span_str("innocent"), &LIE(.flags = 0));
        add(&w, "payload.bin", payload(), &row[i].lie);
        add(&w, "last.txt", glc_span_str("innocent as well"), &LIE(.flags = 0));
        finish(&w, 0, "");
        print_message("  %s\n", row[i].what);
        expect(glc_buf_span(&w.out), payload(), row[i].unread);
        end(&w);
    }
}

static void whole(struct writer *w, struct glc_span content)
{
    add(w, "a.txt", content, &LIE(.flags = 0));
    finish(w, 0, "");
}

static void two_zips_concatenated(void **state)
{
    (void)state;
    for (int bad = 0; bad < 2; bad++) {
        struct writer a, b;
        begin(&a);
        begin(&b);
        whole(&a, bad == 0 ? payload() : glc_span_str("innocent"));
        whole(&b, bad == 1 ? payload() : glc_span_str("innocent"));
        glc_buf_put(&a.out, b.out.ptr, b.out.len);
        expect(glc_buf_span(&a.out), payload(), NULL);
        end(&a);
        end(&b);
    }
}

static void junk_in_front(void **state)
{
    (void)state;
    struct writer w;
    begin(&w);
    whole(&w, payload());
    struct glc_buf out;
    glc_buf_init(&out, 1 << 20);
    glc_buf_puts(&out, "MZ and what else a program begins with");
    glc_buf_put(&out, w.out.ptr, w.out.len);
    expect(glc_buf_span(&out), payload(), NULL);
    glc_buf_done(&out);
    end(&w);
}

static void without_directory(void **state)
{
    (void)state;
    struct writer w;
    begin(&w);
    add(&w, "a.txt", payload(), &LIE(.flags = 0));
    size_t members = w.out.len;
    finish(&w, 0, "");
    expect(glc_span(w.out.ptr, members), payload(), NULL);        /* no directory */
    expect(glc_span(w.out.ptr, w.out.len - 22), payload(), NULL); /* no end record */
    end(&w);
}

static void directory_lies(void **state)
{
    (void)state;
    struct writer w;
    begin(&w);
    add(&w, "a.txt", payload(), &LIE(.flags = 0));
    finish(&w, 1234, "");
    expect(glc_buf_span(&w.out), payload(), NULL);
    end(&w);
    begin(&w);
    add(&w, "a.txt", payload(), &LIE(.flags = 0));
    finish(&w, 0, "PK\5\6"); /* … which goes on as a whole record of no members */
    static const uint8_t none[] = "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    w.out.ptr[w.out.len - 4 - 2] = sizeof none;
    glc_buf_put(&w.out, none + 4, sizeof none - 4);
    expect(glc_buf_span(&w.out), payload(), NULL);
    end(&w);
    begin(&w);
    add(&w, "a.txt", payload(), &LIE(.flags = 0));
    finish(&w, 0, "PK\5\6 says that there is nothing in here at all");
    expect(glc_buf_span(&w.out), payload(), NULL);
    end(&w);
}

static void cut_inside_a_member(void **state)
{
    (void)state;
    struct writer w;
    begin(&w);
    struct glc_buf big;
    glc_buf_init(&big, 1 << 20);
    for (int i = 0; i < 4000; i++)
        glc_buf_printf(&big, "%d:%d ", i, i * 7919 % 10007);
    add(&w, "a.txt", glc_buf_span(&big), &LIE(.flags = 0));
    struct kit k;
    kit_run(&k, glc_span(w.out.ptr, w.out.len / 2));
    assert_true(kit_has_unread(&k, "cut short"));
    assert_true(k.children >= 1);
    assert_true(k.child[0].data.len > 1000);
    assert_memory_equal(k.child[0].data.ptr, big.ptr, 1000);
    kit_done(&k);
    glc_buf_done(&big);
    end(&w);
}

static void really_encrypted(void **state)
{
    (void)state;
    struct writer w;
    begin(&w);
    uint8_t noise[300];
    for (unsigned i = 0, x = 12345; i < sizeof noise; i++)
        noise[i] = (uint8_t)((x = x * 1103515245 + 12345) >> 16);
    add(&w, "a.txt", glc_span(noise, sizeof noise),
        &LIE(.flags = 1, .stored = true, .wrong_crc = true, .method = SAY(8), .size = SAY(999)));
    finish(&w, 0, "");
    struct kit k;
    kit_run(&k, glc_buf_span(&w.out));
    assert_true(kit_has_unread(&k, "encrypted"));
    kit_done(&k);
    end(&w);
}

static void unknown_method_stays_unread(void **state)
{
    (void)state;
    struct writer w;
    begin(&w);
    add(&w, "a.txt", payload(), &LIE(.stored = true, .method = SAY(6), .wrong_crc = true, .size = SAY(4000)));
    finish(&w, 0, "");
    struct kit k;
    kit_run(&k, glc_buf_span(&w.out));
    assert_true(kit_has_unread(&k, "unknown method"));
    kit_done(&k);
    end(&w);
}

/* Two lengths for the same stored bytes: a program that believes the local header gets more than the
 * directory says. */
static void records_disagree_on_the_length(void **state)
{
    (void)state;
    struct writer w;
    begin(&w);
    add(&w, "a.txt", payload(), &LIE(.stored = true));
    size_t n = w.central.len;
    w.central.ptr[n - 5 - 46 + 20] = 10; /* packed */
    w.central.ptr[n - 5 - 46 + 24] = 10; /* size */
    uint32_t crc = libdeflate_crc32(0, text, 10);
    memcpy(w.central.ptr + n - 5 - 46 + 16, &crc, 4);
    finish(&w, 0, "");
    expect(glc_buf_span(&w.out), payload(), NULL);
    expect(glc_buf_span(&w.out), glc_span(text, 10), NULL);
    end(&w);
}

/* Every header says that its data is all that follows, stored. Work stays bounded: what lies in bytes that
 * were judged as they are is theirs to tell. */
static void overlapping_bomb(void **state)
{
    (void)state;
    static uint8_t zeros[4 << 20];
    struct writer w;
    begin(&w);
    for (int i = 0; i < 2000; i++)
        add(&w, "x", glc_span_str("y"),
            &LIE(.packed = SAY(1 << 20), .size = SAY(4 << 20), .stored = true, .unlisted = true));
    add(&w, "z", glc_span(zeros, sizeof zeros), &LIE(.flags = 0));
    finish(&w, 0, "");
    struct kit k;
    kit_init(&k, glc_buf_span(&w.out));
    k.touch = true;
    glc_format_zip.parse(&k.parse);
    assert_true(k.bytes < 64 << 20);
    k.children = 0;
    kit_done(&k);
    end(&w);
}

/* Fifield's bomb in small: a member's deflated data begins with the next member's header, quoted in a stored
 * block, and goes on with its data. 1,500 times a megabyte out of 55 KB. */
static void overlapping_bomb_of_quoted_headers(void **state)
{
    (void)state;
    enum { MEMBERS = 1500, HEADER = 31, QUOTE = 5 };
    static uint8_t zeros[1 << 20];
    struct glc_span kernel = deflated(glc_span(zeros, sizeof zeros));
    struct writer w;
    begin(&w);
    for (size_t i = 0; i < MEMBERS; i++) {
        size_t quotes = MEMBERS - 1 - i;
        if (i != 0)
            glc_buf_put(&w.out, "\0\37\0\340\377", QUOTE);
        glc_buf_put(&w.out, "PK\3\4\24\0", 6);
        common(&w.out, &LIE(.flags = 0), 8, 0, quotes * (HEADER + QUOTE) + kernel.len,
               quotes * HEADER + sizeof zeros, false);
        name_and_extra(&w.out, "x", &LIE(.flags = 0), false);
        glc_buf_puts(&w.out, "x");
    }
    glc_buf_put(&w.out, kernel.ptr, kernel.len);
    struct kit k;
    kit_init(&k, glc_buf_span(&w.out));
    k.touch = true;
    glc_format_zip.parse(&k.parse);
    assert_true(k.children > 1);
    assert_true(k.bytes < 64 << 20);
    assert_true(kit_has_unread(&k, "limit: overlapping members"));
    k.children = 0;
    kit_done(&k);
    end(&w);
}

/* A stored zip in a zip is a child; its members are not yielded twice. */
static void nested_stored(void **state)
{
    (void)state;
    struct writer in, w;
    begin(&in);
    whole(&in, payload());
    begin(&w);
    add(&w, "in.zip", glc_buf_span(&in.out), &LIE(.stored = true));
    finish(&w, 0, "");
    struct kit k;
    kit_run(&k, glc_buf_span(&w.out));
    assert_int_equal(k.children, 1);
    assert_true(kit_has(&k, glc_buf_span(&in.out)));
    kit_done(&k);
    end(&in);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),
        cmocka_unit_test(two_zips_concatenated),
        cmocka_unit_test(junk_in_front),
        cmocka_unit_test(without_directory),
        cmocka_unit_test(directory_lies),
        cmocka_unit_test(cut_inside_a_member),
        cmocka_unit_test(really_encrypted),
        cmocka_unit_test(unknown_method_stays_unread),
        cmocka_unit_test(records_disagree_on_the_length),
        cmocka_unit_test(overlapping_bomb),
        cmocka_unit_test(overlapping_bomb_of_quoted_headers),
        cmocka_unit_test(nested_stored),
    };
    return cmocka_run_group_tests_name("zip", tests, NULL, NULL);
}
