/* xar, the archive of macOS installer packages (.pkg).
 *
 * Source: "The XAR format", github.com/mackyle/xar/wiki/xarformat (the project's page). A header, a zlib
 * stream of XML (the table of contents), and a heap of extents that the table names, each stored or
 * compressed. Expat reads the XML; a document type is refused, so that no entity grows. The lies to expect:
 * names behind the data they belong to, extents that overlap or lie outside, an encoding that is not what its
 * extent holds (the bytes as they lie are yielded then), data where only a folder is said to be. */
#ifndef GLC_FORMAT_XAR_XAR_H
#define GLC_FORMAT_XAR_XAR_H

#include "format/format.h"

extern const struct glc_format glc_format_xar;

#endif
