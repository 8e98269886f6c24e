/* The stack machine for conditions, from inside: what cond_run.c, cond_quant.c, cond_module.c, cond_clam.c
 * and cond_show.c share.
 *
 * Nothing in the code is trusted: every operand is read with its bound, the stack's height is checked before
 * each operation, numbers of patterns, rules and variables before use, and every operation counts against the
 * budget, so that a jump backwards ends. There is no recursion. */
#ifndef GLC_MATCH_COND_VM_H
#define GLC_MATCH_COND_VM_H

#include "match/cond_internal.h"
#include "match/re_internal.h"

enum { GLC_VM_MOST_MODULES = 64, GLC_VM_MOST_PATTERN = 1 << 24 };

struct glc_vm_frame {
    enum glc_cond_loop kind;
    enum glc_quant quant;
    uint32_t slot, base; /* base: height of the stack below the loop */
    size_t body, end;
    int64_t need; /* with NUMBER and PERCENT */
    uint64_t total, done, yes;
    int64_t next;                  /* RANGE: the current value */
    const struct glc_value *item;  /* ARRAY */
    const struct glc_field *shape; /* ARRAY, DICT: of the items */
    uint32_t items;                /* LIST: where its items begin on the stack */
    const struct glc_dict_entry *entry;
    size_t set;       /* OF: where the next number of the set stands */
    uint32_t current; /* OF: the pattern */
};

/* Beside every value stands the table of its members, where it is a struct of a module or holds such structs:
 * a MEMBER is checked against it. */
struct glc_cond_scratch {
    struct glc_value *stack;
    const struct glc_field **shape;
    uint32_t room;
    struct glc_value *slot;
    const struct glc_field **slot_shape;
    struct glc_vm_frame frame[GLC_COND_MOST_LOOPS];
    uint64_t loaded; /* modules of this layer: a bit each */
    struct glc_value module[GLC_VM_MOST_MODULES];
};

/* What a note has seen. */
struct glc_vm_seen {
    uint64_t times;
    struct glc_value first, last;
};

struct glc_vm {
    struct glc_cond_scratch *s;
    const struct glc_cond_env *env;
    const uint8_t *code;
    size_t size, pc;
    struct glc_value *stack;
    const struct glc_field **shape; /* of the values on the stack */
    uint32_t height, most, slots, frames;
    struct glc_vm_seen *seen; /* NULL: notes are not wanted */
    uint32_t notes;
    enum glc_err err;
};

static inline bool glc_vm_fail(struct glc_vm *m, enum glc_err err)
{
    if (m->err == GLC_OK)
        m->err = err;
    return false;
}

static inline bool glc_vm_asked(struct glc_vm *m, enum glc_err err)
{
    return err == GLC_OK || glc_vm_fail(m, err);
}

/* Operands. */

static inline bool glc_vm_num(struct glc_vm *m, uint64_t *out)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (m->pc >= m->size)
            break;
        uint8_t b = m->code[m->pc++];
        v |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            *out = v;
            return true;
        }
    }
    return glc_vm_fail(m, GLC_CORRUPT);
}

/* A number below `limit`. */
static inline bool glc_vm_small(struct glc_vm *m, uint32_t limit, uint32_t *out)
{
    uint64_t v;
    if (!glc_vm_num(m, &v))
        return false;
    if (v >= limit)
        return glc_vm_fail(m, GLC_CORRUPT);
    *out = (uint32_t)v;
    return true;
}

static inline bool glc_vm_bytes(struct glc_vm *m, struct glc_span *out)
{
    uint64_t n;
    if (!glc_vm_num(m, &n))
        return false;
    if (n > m->size - m->pc)
        return glc_vm_fail(m, GLC_CORRUPT);
    *out = glc_span(m->code + m->pc, (size_t)n);
    m->pc += (size_t)n;
    return true;
}

static inline bool glc_vm_target(struct glc_vm *m, size_t *out)
{
    if (m->size - m->pc < 4)
        return glc_vm_fail(m, GLC_CORRUPT);
    *out = glc_le32(m->code + m->pc);
    m->pc += 4;
    return true;
}

static inline bool glc_vm_push(struct glc_vm *m, struct glc_value v)
{
    if (m->height >= m->most)
        return glc_vm_fail(m, GLC_CORRUPT);
    m->shape[m->height] = NULL;
    m->stack[m->height++] = v;
    return true;
}

static inline bool glc_vm_push_shaped(struct glc_vm *m, struct glc_value v, const struct glc_field *shape)
{
    if (!glc_vm_push(m, v))
        return false;
    m->shape[m->height - 1] = shape;
    return true;
}

/* The n values on top, which the caller replaces or takes away. */
static inline bool glc_vm_need(struct glc_vm *m, uint32_t n)
{
    uint32_t floor = m->frames != 0 ? m->s->frame[m->frames - 1].base : 0;
    return m->height - floor >= n || glc_vm_fail(m, GLC_CORRUPT);
}

static inline struct glc_value *glc_vm_top(struct glc_vm *m, uint32_t below)
{
    return &m->stack[m->height - 1 - below];
}

static inline bool glc_vm_is_int(struct glc_vm *m, const struct glc_value *v)
{
    return v->type == GLC_T_INT || glc_vm_fail(m, GLC_CORRUPT);
}

/* Operations, by the file that has them. Each reads its operands behind the code of the operation; false:
 * m->err. */

/* cond_quant.c: a pattern's number; occurrences; `of`; loops. */
bool glc_vm_pattern(struct glc_vm *m, uint32_t *out);
bool glc_vm_occurrence(struct glc_vm *m, enum glc_cond_op op);
bool glc_vm_of(struct glc_vm *m);
bool glc_vm_loop(struct glc_vm *m);
/* The body of the innermost loop is done: its value is on the stack. */
bool glc_vm_next(struct glc_vm *m, bool vote);

/* cond_module.c */
bool glc_vm_module(struct glc_vm *m, uint32_t i, const struct glc_value **out);
bool glc_vm_call(struct glc_vm *m);
bool glc_vm_member(struct glc_vm *m, enum glc_cond_op op);
bool glc_vm_size(struct glc_vm *m);

/* cond_clam.c */
bool glc_vm_clam(struct glc_vm *m, enum glc_cond_op op);
bool glc_vm_clam_skip(struct glc_vm *m);
bool glc_vm_clam_one(struct glc_vm *m);

/* cond_run.c: read the header and make room; go. */
enum glc_err glc_vm_open(struct glc_vm *m, struct glc_cond_scratch *s, struct glc_span code,
                         const struct glc_cond_env *env, uint32_t *notes);
enum glc_err glc_vm_run(struct glc_vm *m, bool *out);

#endif
