/* How results look: lines for people, JSON for programs. */
#ifndef GLC_CLI_SHOW_H
#define GLC_CLI_SHOW_H

#include "base/json.h"
#include "cli/signatures.h"
#include "scan/scan.h"

#include <stdio.h>

/* Bytes as text that cannot move a cursor or end a line: control characters, backslashes and what is not
 * UTF-8 as \n, \t,
 * \\ or \xHH. */
void glc_show_bytes(FILE *out, struct glc_span s);

/* The same, line feeds and tabs kept: text that a worker made. */
void glc_show_text(FILE *out, struct glc_span s);

/* "1.4 MB", decimal. */
void glc_show_size(char out[16], uint64_t bytes);

/* Lines for one file: nothing where it is clean, unless `clean`. */
void glc_show_result(FILE *out, const struct glc_signatures *sig, struct glc_span path,
                     const struct glc_result *r, bool colour, bool clean);

/* One object and a line feed into `out` (which is emptied first). */
void glc_show_json(struct glc_buf *out, const struct glc_signatures *sig, struct glc_span path,
                   const struct glc_result *r);

#endif
