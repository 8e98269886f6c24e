/* The body of HELLO, and the page that worker and parent share. */
#ifndef GLC_WIRE_HELLO_H
#define GLC_WIRE_HELLO_H

#include "scan/scan.h"

#include <stdatomic.h>

/* What is fixed; then a u64 for each image: how many of its file's bytes count. */
enum { GLC_HELLO_BYTES = 64 };

/* Written by the worker, read by the parent as a hint and no more: which of the files it was handed is being
 * read. It says whom a death is charged to among the files that are out anyway. */
struct glc_wire_page {
    _Atomic uint64_t current; /* id, from 1 */
};

void glc_hello_encode(const struct glc_scan_options *opt, uint8_t out[GLC_HELLO_BYTES]);

/* False: another version of the protocol. Callbacks in *out are not touched. */
bool glc_hello_decode(struct glc_span body, struct glc_scan_options *out) GLC_CHECK;

#endif
