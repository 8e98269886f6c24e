/* What is installed with this program. */
#ifndef GLC_CLI_BESIDE_H
#define GLC_CLI_BESIDE_H

/* Where a file beside this program is: "glacis-worker" in libexec or in the program's own folder. Heap; NULL.
 */
char *glc_beside_program(const char *name);

#endif
