/* The parts of a logical signature. Internal to lang/clam. */
#ifndef GLC_LANG_CLAM_LOGIC_H
#define GLC_LANG_CLAM_LOGIC_H

#include "lang/clam/body.h"

enum { GLC_CLAM_MOST_SUBS = 64 };

/* The target description block. */
struct glc_clam_tdb {
    unsigned target;
    uint32_t classes;
    struct glc_expr *demand[8]; /* conditions to be met besides the expression */
    uint32_t demands;
};

/* GLC_CLAM_TAKEN: *out is filled. */
enum glc_clam_end glc_clam_tdb(struct glc_clam *c, struct glc_span text, struct glc_clam_tdb *out);

/* The expression over `subs` subsignatures. NULL: told, or the arena is exhausted. */
struct glc_expr *glc_clam_logic(const struct glc_clam *c, struct glc_span text, uint32_t subs);

/* The trigger of a regular expression: the same over the `subs` subsignatures before it, any of them. */
struct glc_expr *glc_clam_trigger(const struct glc_clam *c, struct glc_span text, uint32_t subs);

/* TRIGGER/REGEX/FLAGS, without its offset: the pattern's expression, and in its anchor what the flags say.
 * *trigger is the text before the first slash. False: told, or the arena is exhausted. */
bool glc_clam_pcre(const struct glc_clam *c, struct glc_span sub, struct glc_pattern *p,
                   struct glc_span *trigger);

/* A byte compare as a condition: COUNT and OFFSET in it carry *of, the subsignature that it looks at. NULL:
 * told, or the arena is exhausted. */
struct glc_expr *glc_clam_compare(const struct glc_clam *c, struct glc_span sub, uint32_t *of);

#endif
