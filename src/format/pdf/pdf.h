/* PDF: its streams, through their filters.
 *
 * Source: ISO 32000-1 7.3.8, 7.4. No cross-reference table is believed, so that every revision, what no table
 * lists, and objects without an end are read alike: whatever follows the keyword "stream" is one, its
 * dictionary is what stands between the last "obj" and it. Names are taken with their #xx spelled out and in
 * their short forms; filters are applied in the order given, and where none is given a stream that begins
 * like zlib's is inflated. Object streams are text then. */
#ifndef GLC_FORMAT_PDF_PDF_H
#define GLC_FORMAT_PDF_PDF_H

#include "format/format.h"

extern const struct glc_format glc_format_pdf;

#endif
