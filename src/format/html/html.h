/* HTML, and the normalised forms of it that ClamAV's Target 3 looks at.
 *
 * Learnt from `sigtool --html-normalise` 1.4.6, which is the oracle byte by byte for "nocomment": small
 * letters, runs of blanks as one space and none beside tags and equals signs, values in double quotes,
 * entities decoded, `<!…>` gone, and no blanks in scripts and styles. "notags" is the text alone, with the
 * address of a link before its text. */
#ifndef GLC_FORMAT_HTML_HTML_H
#define GLC_FORMAT_HTML_HTML_H

#include "format/unpack/unpack.h"

extern const struct glc_format glc_format_html;

/* Append the forms to empty outputs; false where one met a limit. */
bool glc_html_nocomment(struct glc_span html, struct glc_output *out);
bool glc_html_notags(struct glc_span html, struct glc_output *out);

#endif
