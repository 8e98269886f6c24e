/* An OLE2 file for modules: by name, without children or notes, under a budget of its own. */
#ifndef GLC_FORMAT_OLE2_OLE2_READER_H
#define GLC_FORMAT_OLE2_OLE2_READER_H

#include "format/module/value.h"
#include "format/ole2/ole2.h"

struct ole2_reader {
    struct glc_parse parse;
    struct glc_budget budget;
    struct glc_ole2_file file;
};

/* False: not an OLE2 file, or no memory. `r` must stay where it is. */
bool ole2_open(struct ole2_reader *r, struct glc_span data, struct glc_arena *a) GLC_CHECK;

size_t ole2_entries(const struct ole2_reader *r);
const uint8_t *ole2_entry(const struct ole2_reader *r, size_t i);

/* The name's UTF-16, without its zero. */
struct glc_span ole2_name(const uint8_t *entry);

/* The first stream of that name (ASCII, whatever its case); NULL: none. */
const uint8_t *ole2_find(const struct ole2_reader *r, struct glc_span name);

/* What the stream holds, as far as it can be read; empty where `entry` is NULL. */
struct glc_span ole2_read(struct ole2_reader *r, const uint8_t *entry);

#endif
