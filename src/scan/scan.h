/* Judge one file: its layers, its budget, its findings, its verdict. The only place that knows formats and
 * matcher. */
#ifndef GLC_SCAN_SCAN_H
#define GLC_SCAN_SCAN_H

#include "base/budget.h"
#include "match/match.h"
#include "scan/verdict.h"

enum { GLC_FOUND_BYTES = 1 << 16 };

struct glc_scanner; /* one per worker: matcher, arenas, budget */

struct glc_scan_options {
    bool all;                 /* every finding in every layer, not only the first */
    bool strings;             /* findings carry their strings */
    bool bytes;               /* and those the bytes that matched (at most GLC_FOUND_BYTES each) */
    bool costs;               /* count what each rule costs: glc_scanner_costs() */
    bool top_only;            /* the file itself and nothing unpacked from it: as `yara` judges */
    uint32_t most;            /* occurrences kept per pattern; 0: the matcher's default */
    struct glc_budget budget; /* all zero: the default */
    void (*console)(void *to, const char *line);
    void *console_to;
    const struct glc_cuckoo *cuckoo; /* a sandbox's report, lives longer than the scanner; or NULL */
    struct glc_libmagic *magic; /* opened by glc_libmagic_open(), lives longer than the scanner; or NULL */
};

struct glc_found_string {
    uint32_t pattern;        /* for glc_image_pattern() */
    uint64_t offset, length; /* in the layer */
    uint8_t key;             /* the bytes were xored with it, where `xored` */
    bool xored;
    struct glc_span bytes; /* with opt.bytes; may be shorter than length */
};

struct glc_finding {
    uint32_t image; /* which of the scanner's images */
    uint32_t rule;  /* for glc_image_rule() */
    const struct glc_span
        *layer; /* names of the layers from the file's first child down; none: the file itself */
    uint32_t layers;
    enum glc_class cls; /* of the layer */
    const struct glc_found_string *string;
    uint32_t strings;
};

struct glc_note {
    const char *text; /* static */
    const struct glc_span *layer;
    uint32_t layers;
    uint64_t off;
};

struct glc_result {
    enum glc_verdict verdict;
    const char *reason; /* UNSCANNED: why, in words ("encrypted", "budget: RULE", "limit: depth"); lives until
                           the next scan */
    uint64_t size;
    uint64_t scanned; /* bytes judged over all layers */
    const struct glc_finding *finding;
    uint32_t findings;
    const struct glc_note *note;
    uint32_t notes;
};

/* `image` and what it points to must outlive the scanner. NULL: no memory. */
struct glc_scanner *glc_scanner_new(struct glc_image *const *image, uint32_t images,
                                    const struct glc_scan_options *opt) GLC_CHECK;
void glc_scanner_free(struct glc_scanner *s);
/* How long a file may take from now on; 0: as long as it wants. */
void glc_scanner_deadline(struct glc_scanner *s, uint64_t ms);
enum glc_err glc_scanner_define(struct glc_scanner *s, struct glc_span name, struct glc_span value) GLC_CHECK;

/* What the rules of image number `image` have cost since the last clearing; NULL without opt.costs. */
const struct glc_rule_cost *glc_scanner_costs(const struct glc_scanner *s, uint32_t image, uint32_t *rules);
void glc_scanner_costs_clear(struct glc_scanner *s);

/* Judge bytes in memory. The result lives until the next call. Never fails: what goes wrong is UNSCANNED with
 * its reason. */
const struct glc_result *glc_scan_bytes(struct glc_scanner *s, struct glc_span data);

/* The same, where the MD5 of `data` is known already; NULL: it is not. */
const struct glc_result *glc_scan_hashed(struct glc_scanner *s, struct glc_span data, const uint8_t *md5);

/* Would the MD5 of a file of `size` bytes be looked at? */
bool glc_scanner_wants_md5(const struct glc_scanner *s, uint64_t size);

/* Judge the memory of a process: one layer without a size, in which offsets are addresses. `unread` (NULL:
 * all was read) is why not all of it is there. */
const struct glc_result *glc_scan_memory(struct glc_scanner *s, const struct glc_region *region,
                                         uint32_t regions, const char *unread);

/* Why each rule whose name is `rule` (empty: each that matched) matched or did not, layer by layer, as text
 * for people. The verdict is what glc_scan_bytes() would say. */
const struct glc_result *glc_scan_explain(struct glc_scanner *s, struct glc_span data, struct glc_span rule,
                                          struct glc_buf *out);

#endif
