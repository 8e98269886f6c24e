/* A Cuckoo sandbox's report, for the module `cuckoo`. */
#ifndef GLC_FORMAT_MODULE_CUCKOO_H
#define GLC_FORMAT_MODULE_CUCKOO_H

#include "base/err.h"
#include "base/span.h"

struct glc_cuckoo;

/* Parse a report, which is hostile: in the jail. NULL: no JSON object, or no memory. */
struct glc_cuckoo *glc_cuckoo_new(struct glc_span report) GLC_CHECK;
void glc_cuckoo_free(struct glc_cuckoo *c);

#endif
