/* What the jailed side of an audit says to the other: facts, markers, gaps, settings, and that something is
 * done.
 *
 *   record = length:u16 (of what follows) kind:u8 body
 *   fact   = kind:u8 state:u8 flags:u8 layer-state:u8 layer value ecosystem version where inside (str each)
 *   marker = signal:u32 layer-state:u8 layer:str where:str
 *   gap    = where:str reason:str
 *   done   = id:u64 entries:u64 read:u64 seen:u16
 *   at     = entry:u64 where:str, before the entry of an image is read
 *   setting = section:str key:str value:str, a line of a settings export; without line ends
 *   str    = length:u16 byte*; length 65535: none
 *
 * Records do not span messages. The decoder trusts nothing: whoever writes them has read hostile bytes, and
 * what it says is held against the register again. Beside the messages lies a page of shared memory that
 * tells how far the jailed side is; it is a hint and no more. */
#ifndef GLC_AUDIT_ANSWER_H
#define GLC_AUDIT_ANSWER_H

#include "audit/evidence.h"
#include "base/buf.h"

#include <stdatomic.h>

enum glc_answer_kind {
    GLC_ANSWER_FACT = 1,
    GLC_ANSWER_MARKER,
    GLC_ANSWER_GAP,
    GLC_ANSWER_DONE,
    GLC_ANSWER_AT,
    GLC_ANSWER_SETTING
};

enum {
    GLC_ANSWER_LONGEST = 16384,
    GLC_ANSWER_TEXT = 1024,  /* bytes of a string; longer ones are cut */
    GLC_ANSWER_WHERE = 4096, /* of a place, and of a part of a setting */
};

/* What is to be done next; the bodies of the messages to the jailed side. */
enum glc_whole { GLC_WHOLE_IMAGE = 1, GLC_WHOLE_DISK, GLC_WHOLE_SBOM, GLC_WHOLE_SETTINGS };

struct glc_answer_page {
    _Atomic uint64_t at;     /* file's id, or number of the entry, that was begun last */
    _Atomic uint32_t inside; /* 1 while it is being read */
};

struct glc_answer {
    enum glc_answer_kind kind;
    struct glc_fact fact; /* strings live in the arena that the decoder was given */
    const struct glc_reg_signal *signal;
    enum glc_fact_state layer_state;
    const char *layer, *where, *reason;
    struct glc_setting setting;
    uint64_t id, entries, read; /* AT: id is the entry's number */
    struct glc_audit_seen seen;
};

/* Append a record; false where `out` is full. */
bool glc_answer_put_fact(struct glc_buf *out, const struct glc_audit *a, const struct glc_fact *f);
bool glc_answer_put_marker(struct glc_buf *out, const struct glc_audit *a, const struct glc_reg_signal *s,
                           const char *where);
bool glc_answer_put_gap(struct glc_buf *out, const char *where, const char *reason);
bool glc_answer_put_done(struct glc_buf *out, uint64_t id, const struct glc_audit_target *t,
                         const struct glc_audit_seen *seen);
bool glc_answer_put_at(struct glc_buf *out, uint64_t n, const char *where);
bool glc_answer_put_setting(struct glc_buf *out, const struct glc_setting *s);

/* Take the first record off `rest`. GLC_CORRUPT: nothing that a worker of ours says. */
enum glc_err glc_answer_next(struct glc_span *rest, const struct glc_register *reg, struct glc_arena *arena,
                             struct glc_answer *out) GLC_CHECK;

/* State it in an audit that keeps evidence: in its current target. */
void glc_answer_take(struct glc_audit *a, const struct glc_answer *x);

/* The same number on both sides: both mean the same signals. */
uint64_t glc_answer_register(const struct glc_register *reg);

#endif
