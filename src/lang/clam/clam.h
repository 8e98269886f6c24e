/* ClamAV's signature languages: hash lists, body signatures, logical signatures, ignore lists. */
#ifndef GLC_LANG_CLAM_CLAM_H
#define GLC_LANG_CLAM_CLAM_H

#include "lang/lang.h"

enum glc_clam_kind {
    GLC_CLAM_HASH,     /* hdb hdu hsb hsu fp sfp: HASH:SIZE:NAME; clamscan takes every algorithm in each */
    GLC_CLAM_SECTION,  /* mdb mdu msb msu: SIZE:HASH:NAME */
    GLC_CLAM_IMPORTS,  /* imp: HASH:SIZE:NAME */
    GLC_CLAM_BODY,     /* ndb ndu sdb */
    GLC_CLAM_OLD_BODY, /* db: NAME=HEX */
    GLC_CLAM_LOGICAL,  /* ldb ldu */
    GLC_CLAM_IGNORE,   /* ign ign2 */
};

/* Every line of `text` into `set`; `allow`: the hashes are an allow-list (fp, sfp). Counts seen, taken,
 * refused. `file` and `space` live as long as the set. GLC_NOMEM is the only failure. */
enum glc_err glc_clam_parse(struct glc_ruleset *set, const char *file, const char *space,
                            struct glc_span text, enum glc_clam_kind kind, bool allow,
                            const struct glc_lang_options *opt) GLC_CHECK;

#endif
