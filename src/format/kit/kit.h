/* What the tests and fuzz targets of the formats share: a parse that keeps what it is given, and a writer of
 * bytes. */
#ifndef GLC_FORMAT_KIT_KIT_H
#define GLC_FORMAT_KIT_KIT_H

#include "base/buf.h"
#include "format/format.h"

enum { KIT_CHILDREN = 64, KIT_REASONS = 64 };

struct kit_child {
    struct glc_span data, name; /* copies on the heap */
    const char *how;
    enum glc_class cls;
    bool classed;
};

struct kit {
    struct glc_parse parse;
    struct glc_arena arena;
    struct glc_budget budget;
    struct glc_facts facts;
    struct kit_child child[KIT_CHILDREN];
    size_t children; /* may count on past the array */
    const char *unread[KIT_REASONS];
    size_t unreads;
    const char *note[KIT_REASONS];
    size_t notes;
    uint64_t bytes; /* of all children */
    bool touch;     /* read every byte of every child, for the sanitizers */
    uint8_t sum;    /* … into this */
};

void kit_init(struct kit *k, struct glc_span data);
void kit_done(struct kit *k);

/* Parse as the format that wins the bids, and carve with every other, as src/scan does. */
void kit_run(struct kit *k, struct glc_span data);

bool kit_has(const struct kit *k, struct glc_span child);
bool kit_has_unread(const struct kit *k, const char *reason);
bool kit_has_note(const struct kit *k, const char *text);

/* Body of a fuzz target: `format` alone, parse and carve, with a small budget. */
void kit_fuzz(const struct glc_format *format, const uint8_t *data, size_t size);

#endif
