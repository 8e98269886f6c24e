/* The records that cross the jail's wall: what is said is what is heard, and what nobody of ours says is
 * refused.
 */
#include "check.h"

#include "audit/answer.h"

#include <stdlib.h>

static const char *patterns[] = { "*kesl*" };
static struct glc_reg_signal signals[] = {
    { .id = "package", .kind = GLC_FACT_PACKAGE, .patterns = { patterns, 1 }, .confidence = 'P' },
    { .id = "engine", .kind = GLC_FACT_ENGINE, .patterns = { patterns, 1 }, .confidence = 'P' },
};

static struct glc_register register_of_two(void)
{
    struct glc_register reg = { .signals = signals, .nsignals = 2 };
    for (size_t k = 0; k <= GLC_FACT_KINDS; k++)
        reg.first[k] = (k > GLC_FACT_PACKAGE) + (size_t)(k > GLC_FACT_ENGINE);
    return reg;
}

static void round_trip(void **state)
{
    (void)state;
    struct glc_register reg = register_of_two();
    struct glc_audit from, to;
    struct glc_arena arena;
    struct glc_buf out;
    struct glc_answer x;
    glc_audit_init(&from, &reg);
    glc_audit_init(&to, &reg);
    glc_audit_begin(&from, "jail", "");
    glc_audit_begin(&to, "root", "/r");
    glc_arena_init(&arena, 1 << 20);
    glc_buf_init(&out, 1 << 20);
    from.layer = "layer 1";
    from.layer_state = GLC_FACT_DELETED;
    struct glc_fact f = { .kind = GLC_FACT_PACKAGE,
                          .value = "kesl",
                          .version = "12",
                          .where = "/a\tb",
                          .embedded = true,
                          .weak = true };
    assert_true(glc_answer_put_fact(&out, &from, &f));
    assert_true(glc_answer_put_marker(&out, &from, &signals[1], "/opt/x"));
    assert_true(glc_answer_put_gap(&out, "/var/lib", "cut short"));
    assert_true(glc_answer_put_setting(&out, &(struct glc_setting){ "a.b", "k", "" }));
    from.targets[0].entries = 7;
    from.targets[0].read = 5;
    from.seen = (struct glc_audit_seen){ .suse = true, .pacman = true };
    assert_true(glc_answer_put_done(&out, 99, &from.targets[0], &from.seen));
    struct glc_span rest = glc_buf_span(&out);
    while (rest.len != 0) {
        assert_int_equal(glc_answer_next(&rest, &reg, &arena, &x), GLC_OK);
        glc_answer_take(&to, &x);
    }
    assert_int_equal(x.id, 99);
    assert_int_equal(to.nhits, 1);
    assert_string_equal(to.hits[0].fact.value, "kesl");
    assert_string_equal(to.hits[0].fact.where, "/a\tb");
    assert_string_equal(to.hits[0].layer, "layer 1");
    assert_int_equal(to.hits[0].fact.state, GLC_FACT_DELETED);
    assert_null(to.hits[0].fact.ecosystem);
    assert_true(to.hits[0].fact.embedded && to.hits[0].fact.weak && !to.hits[0].fact.directory);
    assert_int_equal(to.nmarkers, 1);
    assert_int_equal(to.layer_state, GLC_FACT_PRESENT);
    assert_int_equal(to.ngaps, 1);
    assert_string_equal(to.gaps[0].reason, "cut short");
    assert_int_equal(to.nsettings, 1);
    assert_string_equal(to.settings[0].section, "a.b");
    assert_string_equal(to.settings[0].key, "k");
    assert_string_equal(to.settings[0].value, "");
    assert_int_equal(to.targets[0].entries, 7);
    assert_int_equal(to.targets[0].read, 5);
    assert_true(to.seen.suse && to.seen.pacman && !to.seen.debian && !to.seen.arch);
    glc_buf_done(&out);
    glc_arena_done(&arena);
    glc_audit_done(&from);
    glc_audit_done(&to);
}

/* A fact that no signal knows is forgotten, whoever states it. */
static void a_lie_is_held_against_the_register(void **state)
{
    (void)state;
    struct glc_register reg = register_of_two();
    struct glc_audit a;
    glc_audit_init(&a, &reg);
    glc_audit_begin(&a, "root", "/r");
    struct glc_answer x = { .kind = GLC_ANSWER_FACT, .fact = { .kind = GLC_FACT_PACKAGE, .value = "bash" } };
    glc_answer_take(&a, &x);
    assert_int_equal(a.nhits, 0);
    glc_audit_done(&a);
}

#define TEXT0 "\xff\xff" /* none */

static void evil(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *bytes;
        size_t len;
    } rows[] = {
        { "nothing", "", 0 },
        { "half a length", "\x01", 1 },
        { "an empty record", "\0\0", 2 },
        { "longer than the message", "\x20\0\x03\0\0", 5 },
        { "of no kind", "\x01\0\x00", 3 },
        { "of an unknown kind", "\x01\0\x09", 3 },
        { "a gap without a place", "\x07\0\x03\xff\xff\x02\0ab", 9 },
        { "a gap without a reason", "\x07\0\x03\x02\0ab\xff\xff", 9 },
        { "a gap with a zero byte", "\x08\0\x03\x02\0a\0\x01\0b", 10 },
        { "a gap whose string ends outside", "\x05\0\x03\x40\0ab", 7 },
        { "a gap with bytes behind it", "\x08\0\x03\x01\0a\x01\0bz", 10 },
        { "a fact of no kind", "\x11\0\x01\x7f\0\0\0" TEXT0 "\x01\0k" TEXT0 TEXT0 TEXT0 TEXT0, 20 },
        { "a fact in no state", "\x11\0\x01\0\x09\0\0" TEXT0 "\x01\0k" TEXT0 TEXT0 TEXT0 TEXT0, 20 },
        { "a fact with unknown flags", "\x11\0\x01\0\0\x80\0" TEXT0 "\x01\0k" TEXT0 TEXT0 TEXT0 TEXT0, 20 },
        { "a fact without a value", "\x10\0\x01\0\0\0\0" TEXT0 TEXT0 TEXT0 TEXT0 TEXT0 TEXT0, 19 },
        { "a marker of a signal that is not there", "\x0b\0\x02\xff\xff\xff\xff\0" TEXT0 "\x01\0p", 13 },
        { "a marker of a signal that is no marker", "\x0b\0\x02\0\0\0\0\0" TEXT0 "\x01\0p", 13 },
        { "a setting without a key", "\x09\0\x06\0\0\0\0\x02\0vx", 11 },
        { "a setting of two lines", "\x0b\0\x06\0\0\x01\0k\x03\0v\nx", 13 },
        { "a setting without a value", "\x08\0\x06\0\0\x01\0k" TEXT0, 10 },
        { "at no place", "\x0b\0\x05\1\0\0\0\0\0\0\0" TEXT0, 13 },
        { "done, cut short", "\x05\0\x04\1\2\3\4", 7 },
    };
    struct glc_register reg = register_of_two();
    int bad = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct glc_arena arena;
        struct glc_answer x;
        glc_arena_init(&arena, 1 << 20);
        /* On the heap, so that the sanitizer sees a byte too far. */
        uint8_t *copy = malloc(rows[i].len + 1);
        assert_non_null(copy);
        memcpy(copy, rows[i].bytes, rows[i].len);
        struct glc_span rest = glc_span(copy, rows[i].len);
        if (glc_answer_next(&rest, &reg, &arena, &x) == GLC_OK || rest.len != rows[i].len) {
            print_error("%s was taken\n", rows[i].name);
            bad++;
        }
        free(copy);
        glc_arena_done(&arena);
    }
    assert_int_equal(bad, 0);
}

/* Strings longer than may be said are cut by who says them, and refused by who hears them. */
static void long_strings(void **state)
{
    (void)state;
    struct glc_register reg = register_of_two();
    struct glc_audit a;
    struct glc_arena arena;
    struct glc_buf out;
    struct glc_answer x;
    char text[GLC_ANSWER_WHERE + 10];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    glc_audit_init(&a, &reg);
    glc_audit_begin(&a, "jail", "");
    glc_arena_init(&arena, 1 << 20);
    glc_buf_init(&out, 1 << 20);
    assert_true(glc_answer_put_gap(&out, text, text));
    struct glc_span rest = glc_buf_span(&out);
    assert_int_equal(glc_answer_next(&rest, &reg, &arena, &x), GLC_OK);
    assert_int_equal(strlen(x.where), GLC_ANSWER_WHERE);
    assert_int_equal(strlen(x.reason), GLC_ANSWER_TEXT);
    out.len = 0;
    glc_buf_u16le(&out, 1 + 2 + GLC_ANSWER_WHERE + 1 + 2 + 1);
    glc_buf_u8(&out, GLC_ANSWER_GAP);
    glc_buf_u16le(&out, GLC_ANSWER_WHERE + 1);
    glc_buf_put(&out, text, GLC_ANSWER_WHERE + 1);
    glc_buf_u16le(&out, 1);
    glc_buf_u8(&out, 'r');
    rest = glc_buf_span(&out);
    assert_int_equal(glc_answer_next(&rest, &reg, &arena, &x), GLC_CORRUPT);
    glc_buf_done(&out);
    glc_arena_done(&arena);
    glc_audit_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(a_lie_is_held_against_the_register),
        cmocka_unit_test(evil),
        cmocka_unit_test(long_strings),
    };
    return cmocka_run_group_tests_name("audit-answer", tests, NULL, NULL);
}
