/* Records: what a worker has to say about the files it was handed, as one stream cut into RECORDS messages.
 *
 *   record  = length:u32 (of what follows) kind:u8 id:u64 body
 *   verdict = verdict:u8 flags:u8 size:u64 scanned:u64 reason:str findings:u32 finding* notes:u32 note*
 *   finding = image:u16 rule:u32 class:u8 path strings:u32 string*
 *   string  = pattern:u32 offset:u64 length:u64 key:u8 xored:u8 bytes:str
 *   note    = text:str off:u64 path
 *   path    = layers:u16 str*
 *   str     = length:u32 byte*
 *   costs   = image:u16 rules:u32 cost*       (of a batch of files, before the verdict of its last)
 *   cost    = rule:u32 candidates:u64 confirmed:u64 judged:u64 ns:u64
 *
 * The decoder trusts nothing: a worker may have been taken over by what it read. */
#ifndef GLC_WIRE_RECORD_H
#define GLC_WIRE_RECORD_H

#include "base/arena.h"
#include "base/buf.h"
#include "scan/scan.h"

enum {
    GLC_RECORD_VERDICT = 1,
    GLC_RECORD_TEXT = 2, /* body: bytes for people (explain, console.log) */
    GLC_RECORD_COSTS = 3,
    GLC_RECORD_HEAD = 4,
    GLC_RECORD_LONGEST = 64 << 20,
};

struct glc_record {
    uint8_t kind;
    uint64_t id;
    struct glc_span body; /* in the stream */
};

/* Append a verdict. Where all of it is longer than a record may be, its strings are left out (flag 1 says
 * so). */
bool glc_record_put_verdict(struct glc_buf *out, uint64_t id, const struct glc_result *r);
bool glc_record_put_text(struct glc_buf *out, uint64_t id, struct glc_span text);

/* What the rules of an image cost; those that cost nothing are left out. */
bool glc_record_put_costs(struct glc_buf *out, uint64_t id, uint32_t image, const struct glc_rule_cost *cost,
                          uint32_t rules);
/* GLC_CORRUPT: the body is no such list. `each` may have been called before. */
enum glc_err glc_record_get_costs(struct glc_span body, uint32_t images,
                                  void (*each)(void *to, uint32_t image, uint32_t rule,
                                               const struct glc_rule_cost *cost),
                                  void *to) GLC_CHECK;

/* The first record of `stream`: GLC_OK with *used bytes; GLC_LIMIT: not all of it is there yet; GLC_CORRUPT.
 */
enum glc_err glc_record_next(struct glc_span stream, struct glc_record *out, size_t *used) GLC_CHECK;

/* A verdict's body; everything in *out lives in the arena or in the body. GLC_CORRUPT: not what a worker of
 * ours sends (verdict and findings contradict each other, an image above `images`, …). *cut: strings were
 * left out. */
enum glc_err glc_record_get_verdict(struct glc_span body, uint32_t images, struct glc_arena *a,
                                    struct glc_result *out, bool *cut) GLC_CHECK;

#endif
