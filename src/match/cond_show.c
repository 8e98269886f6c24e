/* Conditions, explained: the values that the notes of a condition have seen. */
#include "match/cond_vm.h"

#include <stdlib.h>

enum { SHOWN_TEXT = 60 };

static void show_value(const struct glc_value *v, struct glc_buf *out)
{
    if (!v->defined) {
        glc_buf_puts(out, "undefined");
        return;
    }
    switch ((unsigned)v->type) {
    case GLC_T_BOOL:
        glc_buf_puts(out, v->u.integer != 0 ? "true" : "false");
        break;
    case GLC_T_FLOAT:
        glc_buf_printf(out, "%g", v->u.real);
        break;
    case GLC_T_STRING:
        glc_buf_u8(out, '"');
        for (size_t i = 0; i < v->u.text.len && i < SHOWN_TEXT; i++) {
            uint8_t c = v->u.text.ptr[i];
            if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
                glc_buf_u8(out, c);
            else
                glc_buf_printf(out, "\\x%02x", c);
        }
        glc_buf_puts(out, v->u.text.len > SHOWN_TEXT ? "\"..." : "\"");
        break;
    default:
        if (v->u.integer > 9 || v->u.integer < 0)
            glc_buf_printf(out, "%lld (0x%llx)", (long long)v->u.integer, (unsigned long long)v->u.integer);
        else
            glc_buf_printf(out, "%lld", (long long)v->u.integer);
    }
}

/* A line a note: its value, then its text, indented as it stands in the condition. */
static enum glc_err show_notes(struct glc_vm *m, struct glc_buf *out)
{
    enum { VALUE_WIDTH = 20 };
    for (uint32_t i = 0; i < m->notes; i++) {
        uint32_t depth;
        struct glc_span text;
        if (!glc_vm_small(m, 1 << 16, &depth) || !glc_vm_bytes(m, &text))
            return GLC_CORRUPT;
        const struct glc_vm_seen *seen = &m->seen[i];
        size_t from = out->len;
        glc_buf_puts(out, "    ");
        if (seen->times == 0)
            glc_buf_puts(out, "not asked");
        else
            show_value(&seen->first, out);
        if (seen->times > 1) {
            glc_buf_puts(out, seen->times > 2 ? ", ..., " : ", ");
            show_value(&seen->last, out);
            glc_buf_printf(out, " (%llu times)", (unsigned long long)seen->times);
        }
        do
            glc_buf_u8(out, ' ');
        while (!out->failed && out->len - from < 4 + VALUE_WIDTH);
        for (uint32_t k = 0; k < depth && k < 40; k++)
            glc_buf_puts(out, "  ");
        glc_buf_put(out, text.ptr, text.len);
        glc_buf_u8(out, '\n');
    }
    return out->failed ? GLC_NOMEM : GLC_OK;
}

enum glc_err glc_cond_explain(struct glc_cond_scratch *s, struct glc_span code,
                              const struct glc_cond_env *env, struct glc_buf *out)
{
    struct glc_vm m;
    uint32_t notes;
    bool result;
    enum glc_err err = glc_vm_open(&m, s, code, env, &notes);
    if (err != GLC_OK)
        return err;
    if (notes < GLC_COND_HEADER || m.size - notes < 4)
        return GLC_CORRUPT;
    m.notes = glc_le32(m.code + notes);
    if (m.notes > m.size - notes)
        return GLC_CORRUPT;
    m.seen = calloc((size_t)m.notes + 1, sizeof *m.seen);
    if (m.seen == NULL)
        return GLC_NOMEM;
    err = glc_vm_run(&m, &result);
    m.pc = notes + 4;
    if (err == GLC_OK || err == GLC_LIMIT) {
        enum glc_err shown = show_notes(&m, out);
        err = shown != GLC_OK ? shown : err;
    }
    free(m.seen);
    return err;
}
