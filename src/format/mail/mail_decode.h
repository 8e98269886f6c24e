/* The encodings of mail bodies, leniently. */
#ifndef GLC_FORMAT_MAIL_MAIL_DECODE_H
#define GLC_FORMAT_MAIL_MAIL_DECODE_H

#include "format/unpack/unpack.h"

/* Append what the text stands for; false where a limit was met. Characters outside the alphabet are skipped.
 */
bool glc_mail_base64(struct glc_span text, struct glc_output *out) GLC_CHECK;
bool glc_mail_quoted(struct glc_span text, struct glc_output *out) GLC_CHECK;

/* A uuencoded body from the line behind "begin" on, up to "end" or the first line that is none. */
bool glc_mail_uu(struct glc_span text, struct glc_output *out) GLC_CHECK;

/* Nothing but the alphabet of base64 in lines, and enough of it to be worth a guess. */
bool glc_mail_looks_base64(struct glc_span text);

#endif
