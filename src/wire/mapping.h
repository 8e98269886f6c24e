/* A scanned file in memory: read or mapped whole, safe against being cut short meanwhile. One at a time in a
 * process. */
#ifndef GLC_WIRE_MAPPING_H
#define GLC_WIRE_MAPPING_H

#include "base/err.h"
#include "base/span.h"

/* Handle SIGBUS from now on; before the jail, which allows no sigaction. */
void glc_mapping_prepare(void);

/* Have `size` (not 0) bytes of the file at hand. Holes of sparse files take no memory. GLC_IO with errno. */
enum glc_err glc_mapping_open(int fd, uint64_t size, struct glc_span *out) GLC_CHECK;

/* Done with it. False: the file was cut short meanwhile, and zeroes were read in its place. */
bool glc_mapping_close(struct glc_span bytes);

/* By the bare call: the C library's fstat() is newfstatat(), which could also look at paths and is not in the
 * jail's list. */
bool glc_file_size(int fd, uint64_t *out);

#endif
