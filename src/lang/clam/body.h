/* Body signatures: hex with wildcards, and where it may start. Internal to lang/clam. */
#ifndef GLC_LANG_CLAM_BODY_H
#define GLC_LANG_CLAM_BODY_H

#include "lang/clam/line.h"

/* ClamAV's Target numbers that we know. */
enum { GLC_CLAM_TARGETS = 15 };

struct glc_clam_modifiers {
    bool nocase, wide, ascii, fullword;
};

/* Classes that a Target number concerns; false (told) where there is no such target. */
bool glc_clam_target(const struct glc_clam *c, struct glc_span text, unsigned *target, uint32_t *classes);

/* An offset ("*", "12,4", "EOF-8", "EP+0", …) into an anchor. */
bool glc_clam_offset(const struct glc_clam *c, struct glc_span text, unsigned target, struct glc_anchor *out);

/* Hex into the variants and, for the byte that a leading (B), (L) or (W) looks at, the anchor of `p`, whose
 * anchor has been set. False: told, or the arena is exhausted. */
bool glc_clam_body(const struct glc_clam *c, struct glc_span hex, const struct glc_clam_modifiers *mod,
                   struct glc_pattern *p);

#endif
