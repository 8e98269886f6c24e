/* What the matcher is told about the bytes it judges. Filled by src/scan from what the formats found out; the
 * matcher knows no format. */
#ifndef GLC_MATCH_LAYER_H
#define GLC_MATCH_LAYER_H

#include "base/arena.h"
#include "rule/class.h"
#include "rule/module.h"

#define GLC_NO_OFFSET UINT64_MAX

/* A section as it lies in the file. Not cut to the file's size: a hostile table may say anything. */
struct glc_section {
    uint64_t offset, size;    /* raw bytes in the file */
    uint64_t address, memory; /* virtual, as mapped */
};

struct glc_facts {
    uint64_t entry;      /* file offset of the entry point as ClamAV sees it, or GLC_NO_OFFSET */
    uint64_t entrypoint; /* … as YARA's `entrypoint` sees it: other roundings, fewer checks */
    const struct glc_section *section; /* lives in the layer's arena */
    uint32_t sections;
    uint64_t version_info; /* PE version resource in the file, or GLC_NO_OFFSET */
    uint64_t version_info_size;
};

static inline struct glc_facts glc_facts_none(void)
{
    return (struct glc_facts){ .entry = GLC_NO_OFFSET,
                               .entrypoint = GLC_NO_OFFSET,
                               .version_info = GLC_NO_OFFSET };
}

/* A piece of an address space. */
struct glc_region {
    uint64_t address; /* of its first byte */
    struct glc_span bytes;
};

struct glc_layer {
    struct glc_span data;
    const struct glc_region
        *region; /* memory of a process: sorted by address, none overlaps another, and
                    offsets are addresses; `data` is the program's header then, for modules */
    uint32_t regions;
    enum glc_class cls;
    bool nested; /* container says what the layer lies in */
    enum glc_class container;
    uint32_t depth;
    const char *path;   /* formats around it, for GLC_FACT_PATH: ">mail>zip"; NULL or empty at the top */
    const uint8_t *md5; /* of data, where somebody knows it already; or NULL */
    struct glc_facts facts;
    struct glc_arena *arena;           /* for modules; reset by src/scan when the layer is done */
    const struct glc_modules *modules; /* registry; NULL: none */
    struct glc_libmagic *magic;        /* for struct glc_module_ctx */
    const struct glc_cuckoo *cuckoo;   /* the same */
};

/* The region that has a byte at `address`; NULL: none. */
static inline const struct glc_region *glc_layer_region(const struct glc_layer *l, uint64_t address)
{
    uint32_t lo = 0, n = l->regions;
    while (n > 1) {
        uint32_t half = n / 2;
        lo += l->region[lo + half].address <= address ? half : 0;
        n -= half;
    }
    const struct glc_region *r = n == 0 ? NULL : &l->region[lo];
    return r != NULL && address >= r->address && address - r->address < r->bytes.len ? r : NULL;
}

#endif
