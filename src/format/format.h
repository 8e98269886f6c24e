/* The contract of a format: bid on a prefix, parse, yield children and facts.
 *
 * One folder a format (src/format/zip/…), one line in the table of format.c. A parser reads its bytes through
 * cursors, never opens a file, never calls another parser, never frees: memory comes from the parse's arena
 * and goes with it. It does not choose the one right reading of a hostile file: it yields the children of
 * every reading, each once, states each contradiction as a note, and what it cannot read it reports with
 * glc_parse_unread(), which makes the file UNSCANNED (never clean). Running out of budget is reported by
 * glc_parse_unread() as well. */
#ifndef GLC_FORMAT_FORMAT_H
#define GLC_FORMAT_FORMAT_H

#include "base/arena.h"
#include "base/budget.h"
#include "base/cursor.h"
#include "match/layer.h"

enum { GLC_BID_PREFIX = 4096 /* bytes of the file that a bid may look at */ };

struct glc_child {
    struct glc_span data; /* lives until yield returns */
    struct glc_span name; /* as stored in the container; may be any bytes; empty: has none */
    const char *how;      /* what it took: "deflate", "stored", "gzip", "normalised"; static */
    enum glc_class cls;   /* class where the parser knows better than the bids (normalised text);
                             GLC_CLASS_DATA: let the formats bid */
    bool classed;         /* cls counts */
    uint64_t packed;      /* size in the container, for the ratio; 0: unknown */
};

struct glc_parse {
    struct glc_span data;      /* the layer's bytes */
    struct glc_budget *budget; /* the parser takes bytes and asks the time; yield takes entries and depth */
    struct glc_arena *arena;   /* lives as long as the layer, its children included */
    struct glc_facts *facts;   /* to fill before the first yield: the layer is judged before its children */
    uint32_t wanted; /* mask of classes that rules ask for: a layer made for one class only (normalised text)
                      * is not yielded where its bit is missing */
    /* Judge a child, and everything in it, before this returns. false: stop parsing (found and not asked for
     * all, or out of budget). */
    bool (*yield)(struct glc_parse *p, const struct glc_child *child);
    /* A contradiction or peculiarity worth telling ("local and central names differ"); static text. */
    void (*note)(struct glc_parse *p, const char *text, uint64_t off);
    /* Something in here could not be judged: the verdict is at best UNSCANNED with this reason ("encrypted",
     * "unknown method", "cut short", …; static). */
    void (*unread)(struct glc_parse *p, const char *reason, uint64_t off);
    void *to; /* src/scan's own */
};

/* Bytes at a fixed place of the layer (not only of the prefix), and how sure they make us. */
struct glc_magic {
    uint32_t at;
    uint8_t len;
    uint8_t bid;
    const char *bytes;
};

struct glc_format {
    const char *name;              /* "zip" */
    enum glc_class cls;            /* what its layers are to rules */
    const struct glc_magic *magic; /* any of these; ends with bid 0; NULL: none */
    /* How sure this format is, from the first bytes and the size of all: 0 no, 100 certain. The higher of
     * this and the magics counts, the earlier in the table where two are equal. NULL: by magic only. */
    int (*bid)(struct glc_span prefix, uint64_t size);
    /* NULL: has a class but no parser. Damage is reported through `unread` and `note`. */
    void (*parse)(struct glc_parse *p);
    /* Called with the whole layer instead of only the bidding winner: formats that may start anywhere or hide
     * behind another (a zip behind a PE) look for themselves. NULL: none. */
    void (*carve)(struct glc_parse *p);
};

/* The table, ended by a NULL. */
extern const struct glc_format *const glc_formats[];

/* The format with the highest bid on these bytes; never NULL (the last resort is "data"). */
const struct glc_format *glc_format_of(struct glc_span data);
const struct glc_format *glc_format_find(const char *name);

/* Every module that conditions may ask, in a fixed order (src/format/modules.c). */
const struct glc_modules *glc_format_modules(void);

#endif
