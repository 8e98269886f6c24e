/* One budget for everything that a file may make us do: handed to every unpacker, counted down by all of
 * them. */
#ifndef GLC_BASE_BUDGET_H
#define GLC_BASE_BUDGET_H

#include "base/err.h"

#include <stdbool.h>

struct glc_budget {
    uint64_t bytes;   /* bytes that may still be unpacked */
    uint64_t entries; /* children that may still be yielded */
    uint32_t depth;   /* levels of nesting that may still be entered */
    uint64_t ratio;   /* a child of n packed bytes may unpack to ratio × n + ratio_free */
    uint64_t ratio_free;
    uint64_t deadline; /* glc_clock_ns() after which work ends; 0: none */
    const char
        *hit; /* the first limit that was reached ("bytes", "entries", "depth", "ratio", "time"), or NULL */
};

/* What a file gets by default: 4 GiB unpacked, 100,000 children, 17 levels, ratio 1,000 + 64 MiB, no
 * deadline. */
void glc_budget_init(struct glc_budget *b);

/* Take from the budget; false (and `hit` set) where it is used up. */
bool glc_budget_bytes(struct glc_budget *b, uint64_t n);
bool glc_budget_entry(struct glc_budget *b);
bool glc_budget_time(struct glc_budget *b); /* cheap enough for once per 64 KiB of work */

#endif
