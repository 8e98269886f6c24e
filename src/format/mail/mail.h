/* Mail: the parts of MIME messages, decoded.
 *
 * Sources: RFC 5322, 2045, 2046, 2047. Mail programs differ in which header they believe and in what they
 * take for a boundary, so that no grammar is followed here. A line that begins with two dashes and a boundary
 * that anything declares begins a part, so does one that a "Content-" header follows; what follows a boundary
 * (blanks, other text) does not matter. A body is decoded by every encoding that its headers name, and as
 * base64 where it looks like it, whatever they say. Padding inside base64 ends nothing. */
#ifndef GLC_FORMAT_MAIL_MAIL_H
#define GLC_FORMAT_MAIL_MAIL_H

#include "format/format.h"

extern const struct glc_format glc_format_mail;

#endif
