/* Text: what counts as text, scripts among it, and ClamAV's normalised form (its Target 7).
 *
 * Learnt from `clamscan` 1.4.6 and `sigtool --ascii-normalise`: the first 1,024 bytes decide. Text has no
 * control characters but BEL, BS, TAB, LF, FF, CR and ESC, and may have any byte from 0x80 on. What else has
 * no such character as the low half of a big-endian 16-bit unit counts as UTF-16, whatever it really is. */
#ifndef GLC_FORMAT_TEXT_TEXT_H
#define GLC_FORMAT_TEXT_TEXT_H

#include "format/format.h"

enum glc_text_kind { GLC_TEXT_NOT, GLC_TEXT_BYTES, GLC_TEXT_UTF16 };

enum glc_text_kind glc_text_kind(struct glc_span prefix);

extern const struct glc_format glc_format_text, glc_format_script;

/* Yield the normalised form of the layer, where a rule asks for it: small letters, runs of blanks as one
 * space, no control characters and no bytes from 0x80 on. false: stop parsing. */
bool glc_text_yield_normalised(struct glc_parse *p) GLC_CHECK;

#endif
