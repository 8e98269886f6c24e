/* ClamAV's regular expressions (/…/ in logical signatures), through PCRE2: they have look-around, back
 * references and recursion, which our own linear engine does not.
 *
 * The expression is text wherever it is kept (IR, image) and is compiled where it is used, so that nothing
 * compiled is ever taken from an image. Every limit is ours: memory of all codes together, nesting, steps of
 * one attempt, heap of one match. No JIT: a worker may not make code. */
#ifndef GLC_RULE_PCRE_H
#define GLC_RULE_PCRE_H

#include "base/err.h"
#include "base/span.h"

#include <stddef.h>

/* Options, as ClamAV's flags name them. The last three are about how the matcher uses it. */
enum glc_pcre_option {
    GLC_PCRE_NOCASE = 1,     /* i */
    GLC_PCRE_DOTALL = 2,     /* s */
    GLC_PCRE_LINES = 4,      /* m */
    GLC_PCRE_EXTENDED = 8,   /* x */
    GLC_PCRE_ANCHORED = 16,  /* A */
    GLC_PCRE_END_ONLY = 32,  /* E: $ is the very end only */
    GLC_PCRE_UNGREEDY = 64,  /* U */
    GLC_PCRE_GLOBAL = 128,   /* g: count every match, not only the first */
    GLC_PCRE_ROLLING = 256,  /* r: an offset without a maximal shift is the first start, not the only one */
    GLC_PCRE_WITHIN = 512,   /* e: the data ends where offset and shift end */
    GLC_PCRE_OPTIONS = 1023, /* all of them */
};

enum { GLC_PCRE_MESSAGE = 128 };

struct glc_pcre; /* one expression, compiled */

/* What expressions share: memory, limits, room for one match. Not for two threads. */
struct glc_pcre_room;
struct glc_pcre_room *glc_pcre_room_new(size_t most_bytes) GLC_CHECK; /* NULL: no memory */
void glc_pcre_room_free(struct glc_pcre_room *room); /* after all its expressions; NULL is fine */

/* GLC_CORRUPT: no regular expression; `message` says why and *off where. GLC_UNSUPPORTED: one that cannot be
 * matched piece by piece (\G, (*COMMIT), (*SKIP)). GLC_NOMEM: too large for the room. */
enum glc_err glc_pcre_new(struct glc_pcre_room *room, struct glc_span text, uint32_t options,
                          struct glc_pcre **out, char message[GLC_PCRE_MESSAGE], size_t *off) GLC_CHECK;
void glc_pcre_free(struct glc_pcre *p);

/* Can it match at the first start only? */
bool glc_pcre_anchored(const struct glc_pcre *p);

/* Is it known with which bytes a match begins? And the first place from `from` on where one stands (`from`
 * itself where it is not known); SIZE_MAX: none. */
bool glc_pcre_has_first(const struct glc_pcre *p);
size_t glc_pcre_next(const struct glc_pcre *p, struct glc_span data, size_t from);

struct glc_pcre_match {
    bool found;
    size_t start, end;
};

/* The first match that begins its attempt in [from, last], both places in `data`. GLC_LIMIT: the attempt at
 * one start took more than `steps` or too much memory. */
enum glc_err glc_pcre_find(const struct glc_pcre *p, struct glc_span data, size_t from, size_t last,
                           uint32_t steps, struct glc_pcre_match *out) GLC_CHECK;

#endif
