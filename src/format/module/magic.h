/* libmagic's database for the module `magic`. It is read from files, so that it must be open before the jail
 * closes. */
#ifndef GLC_FORMAT_MODULE_MAGIC_H
#define GLC_FORMAT_MODULE_MAGIC_H

struct glc_libmagic;

/* Load the database that `file` uses. NULL: there is none, or no memory. */
struct glc_libmagic *glc_libmagic_open(void);
void glc_libmagic_close(struct glc_libmagic *m);

#endif
