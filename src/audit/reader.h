/* The outer side of an audit's jail: hands descriptors to the process that reads (serve.h) and takes its
 * answers into the audit.
 *
 * What that process cannot live through costs what it was reading and no more: a file, or an entry of an
 * image, becomes a gap with the reason, the process is replaced, the rest goes on. To this side it is as
 * hostile as what it reads: it is believed only about what it was handed, within bounds of time and number.
 */
#ifndef GLC_AUDIT_READER_H
#define GLC_AUDIT_READER_H

#include "audit/answer.h"
#include "audit/target.h"

struct glc_reader;

struct glc_reader_options {
    const char *program; /* glacis-audit-worker */
    const char *folder;  /* of the register */
    uint64_t memory;     /* bytes of private memory; 0: the jail's default */
    uint32_t timeout_s;  /* for one file or entry; large ones get more */
};

/* Starts the process and waits until it is jailed. Options are copied, what they point to is not. On failure
 * NULL and, in `why`, a sentence. */
struct glc_reader *glc_reader_new(struct glc_audit *a, const struct glc_reader_options *opt, char *why,
                                  size_t room) GLC_CHECK;
void glc_reader_free(struct glc_reader *r);

/* Have a file of the current target read: `fd` is the reader's from now on, of the entry only path, type and
 * size count. Answers come some time until glc_reader_flush(). */
void glc_reader_file(struct glc_reader *r, int fd, const struct glc_entry *e);

/* Wait until everything is answered: before the target ends. */
void glc_reader_flush(struct glc_reader *r);

/* Have an image, a disk, a document or a settings export walked, and wait for it. `fd` is its file, or the
 * folder of an OCI layout; it stays the caller's. */
void glc_reader_whole(struct glc_reader *r, enum glc_whole what, int fd, const char *name);

#endif
