/* YARA rules, the language of 4.5 and its YARA-X dialect, lowered into the IR of src/rule. */
#ifndef GLC_LANG_YARA_YARA_H
#define GLC_LANG_YARA_YARA_H

#include "lang/lang.h"

/* Read the rules in `text` into the set. `file` and `space` live as long as the set's arena; `text` only
 * during the call. Errors are told to the sink and counted; a broken rule costs itself and no other. The
 * result is about memory alone (GLC_NOMEM). Rule names are remembered between the calls on one set: a
 * namespace spans the files of a load. */
enum glc_err glc_yara_parse(struct glc_ruleset *set, const char *file, const char *space,
                            struct glc_span text, const struct glc_lang_options *opt) GLC_CHECK;

#endif
