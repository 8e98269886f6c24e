/* What the outer side makes of what the jailed side says: the input is the body of a message. What it takes
 * must be the same after another trip. */
#include "audit/answer.h"
#include "audit/plan.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(struct glc_buf *out, struct glc_audit *a, const struct glc_answer *x)
{
    struct glc_audit_target t = { .entries = x->entries, .read = x->read };
    bool ok = false;
    a->layer = x->layer;
    a->layer_state = x->layer_state;
    if (x->kind == GLC_ANSWER_FACT)
        ok = glc_answer_put_fact(out, a, &x->fact);
    else if (x->kind == GLC_ANSWER_MARKER)
        ok = glc_answer_put_marker(out, a, x->signal, x->where);
    else if (x->kind == GLC_ANSWER_GAP)
        ok = glc_answer_put_gap(out, x->where, x->reason);
    else if (x->kind == GLC_ANSWER_AT)
        ok = glc_answer_put_at(out, x->id, x->where);
    else if (x->kind == GLC_ANSWER_SETTING)
        ok = glc_answer_put_setting(out, &x->setting);
    else
        ok = glc_answer_put_done(out, x->id, &t, &x->seen);
    if (!ok)
        abort();
    a->layer = NULL;
    a->layer_state = GLC_FACT_PRESENT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *patterns[] = { "*a*" };
    static struct glc_reg_entity entity = { .id = "e", .name = "E" };
    static struct glc_reg_signal signals[GLC_FACT_KINDS];
    struct glc_register reg = { .signals = signals, .nsignals = GLC_FACT_KINDS };
    for (size_t k = 0; k < GLC_FACT_KINDS; k++) {
        signals[k] = (struct glc_reg_signal){ .id = "s",
                                              .kind = (enum glc_fact_kind)k,
                                              .patterns = { patterns, 1 },
                                              .entity = &entity,
                                              .confidence = 'P' };
        reg.first[k + 1] = k + 1;
    }
    struct glc_audit a;
    struct glc_arena scratch, again;
    struct glc_answer x, y;
    struct glc_span rest = glc_span(data, size);
    struct glc_report report;
    struct glc_question q = { .asof = { .utc = 0 } };
    glc_audit_init(&a, &reg);
    glc_audit_begin(&a, "fuzz", "x");
    glc_arena_init(&scratch, 1 << 20);
    glc_arena_init(&again, 1 << 20);
    while (rest.len != 0 && glc_answer_next(&rest, &reg, &scratch, &x) == GLC_OK) {
        struct glc_buf b, c;
        glc_buf_init(&b, GLC_ANSWER_LONGEST);
        glc_buf_init(&c, GLC_ANSWER_LONGEST);
        put(&b, &a, &x);
        struct glc_span one = glc_buf_span(&b);
        if (glc_answer_next(&one, &reg, &again, &y) != GLC_OK || one.len != 0)
            abort();
        put(&c, &a, &y);
        if (!glc_span_eq(glc_buf_span(&b), glc_buf_span(&c)))
            abort();
        glc_answer_take(&a, &x);
        glc_buf_done(&b);
        glc_buf_done(&c);
        glc_arena_reset(&scratch);
        glc_arena_reset(&again);
    }
    struct glc_buf import;
    glc_buf_init(&import, 16 << 20);
    glc_plan_import(&a, "kesl", &import);
    glc_plan_import_json(&a, "kesl", &import);
    glc_buf_done(&import);
    glc_audit_end(&a);
    (void)!glc_judge(&a, &q, &report);
    glc_arena_done(&scratch);
    glc_arena_done(&again);
    glc_audit_done(&a);
    return 0;
}
