/* OLE2 compound files: streams as children, and the source of VBA macros.
 *
 * Sources: [MS-CFB], [MS-OVBA] 2.4.1. Chains of sectors may loop, cross and leave the file: a chain ends
 * after as many sectors as the file has, and what it gave until it broke is judged. Directory entries are
 * read in a row, whatever the tree over them says, so that no entry can be hidden by it. Macro source is
 * found by the beginning of its compressed form, not by the directory of the project. */
#ifndef GLC_FORMAT_OLE2_OLE2_H
#define GLC_FORMAT_OLE2_OLE2_H

#include "format/unpack/unpack.h"

extern const struct glc_format glc_format_ole2;

/* [MS-OVBA] 2.4.1.3: append what the compressed container at the start of `in` holds. False: a limit was met.
 */
bool glc_ole2_vba(struct glc_span in, struct glc_output *out) GLC_CHECK;

#endif
