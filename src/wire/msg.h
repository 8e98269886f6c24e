/* Messages between a process that opens files and the worker that reads them, over a SOCK_SEQPACKET socket
 * pair.
 *
 * A message is one byte of type and a body; descriptors ride along (SCM_RIGHTS). What may be sent by whom,
 * how long, with how many descriptors and in which state is a table (glc_wire_table); whatever breaks it is a
 * violation and ends the worker. Both ends check: to the parent a worker is as hostile as the bytes it has
 * read. All integers are little-endian. docs/PROTOCOL.worker.md describes the bodies. */
#ifndef GLC_WIRE_MSG_H
#define GLC_WIRE_MSG_H

#include "base/err.h"
#include "base/span.h"

enum {
    GLC_WIRE_VERSION = 2,
    GLC_WIRE_LONGEST = 32768, /* bytes of a message */
    GLC_WIRE_FDS = 64,        /* descriptors of a message */
};

enum glc_wire_type {
    GLC_WIRE_HELLO = 1, /* options, the progress page, the images */
    GLC_WIRE_DEFINE,    /* an external variable */
    GLC_WIRE_FILES,     /* files to judge, one descriptor each */
    GLC_WIRE_EXPLAIN,   /* a file to explain */
    GLC_WIRE_READY,     /* jailed, images open */
    GLC_WIRE_FAILED,    /* why not; the worker ends */
    GLC_WIRE_RECORDS,   /* the next piece of the stream of records (wire/record.h) */
    /* of the audit (audit/answer.h): */
    GLC_WIRE_AUDIT_HELLO,  /* the register that is meant, the progress page */
    GLC_WIRE_AUDIT_FILES,  /* files of a tree that is walked outside, one descriptor each */
    GLC_WIRE_AUDIT_WHOLE,  /* an image, a disk, a document: walked inside */
    GLC_WIRE_AUDIT_OPENED, /* what was asked for by OPEN, or why not */
    GLC_WIRE_AUDIT_FOUND,  /* records: facts, gaps, what is done */
    GLC_WIRE_AUDIT_OPEN,   /* asks for a file of the image's folder */
    /* of a scan again: */
    GLC_WIRE_MEMORY, /* a process whose memory is to be judged */
    GLC_WIRE_TYPES
};

enum glc_wire_state {
    GLC_WIRE_NEW = 1,       /* nothing said yet */
    GLC_WIRE_OPENED = 2,    /* HELLO or READY was said */
    GLC_WIRE_AUDIT_NEW = 4, /* the same two between an audit and its worker */
    GLC_WIRE_AUDIT = 8,
};

struct glc_wire_rule {
    const char *name;
    bool to_worker;
    uint32_t shortest, longest; /* bytes of the body */
    uint32_t fds_least, fds_most;
    unsigned states; /* mask of enum glc_wire_state in which the receiver takes it */
};
extern const struct glc_wire_rule glc_wire_table[GLC_WIRE_TYPES];

struct glc_wire_msg {
    enum glc_wire_type type;
    struct glc_span body; /* in the receiver's buffer */
    int fd[GLC_WIRE_FDS]; /* owned by the receiver, close-on-exec */
    uint32_t fds;
};

/* Send one message. GLC_IO with errno (EAGAIN where the socket is full and `wait` is false, EPIPE where
 * nobody reads). */
enum glc_err glc_wire_send(int sock, enum glc_wire_type type, struct glc_span body, const int *fd,
                           uint32_t fds, bool wait) GLC_CHECK;

/* Receive one message into `buf` (GLC_WIRE_LONGEST + 1 bytes) and hold it against the table. GLC_OK; GLC_IO
 * with errno (EAGAIN: nothing there, ENOTCONN: the other end is closed); GLC_CORRUPT: a violation, its
 * descriptors are closed. */
enum glc_err glc_wire_recv(int sock, uint8_t *buf, bool is_worker, enum glc_wire_state state, bool wait,
                           struct glc_wire_msg *out) GLC_CHECK;

void glc_wire_close_fds(struct glc_wire_msg *m);

/* The part of glc_wire_recv() that judges what arrived; apart so that it can be tested. */
bool glc_wire_allowed(uint8_t type, size_t body, uint32_t fds, bool is_worker, enum glc_wire_state state);

#endif
