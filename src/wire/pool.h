/* The parent's side: a pool of workers that judge files.
 *
 * Files go in as descriptors, verdicts come out by callback, in any order across workers. A worker that dies,
 * hangs or breaks the protocol costs the file it was reading (UNSCANNED with the reason) and is replaced; the
 * other files it had are handed out again. Single-threaded: work happens inside glc_pool_step(). */
#ifndef GLC_WIRE_POOL_H
#define GLC_WIRE_POOL_H

#include "scan/scan.h"

struct glc_pool;

struct glc_pool_options {
    const char *program; /* glacis-worker */
    unsigned workers;    /* most that run at once */
    bool no_jail;
    const char *cuckoo;           /* path of a Cuckoo sandbox's report for the module of that name; or NULL */
    bool magic;                   /* rules ask libmagic: workers load its database before they go to jail */
    uint64_t memory;              /* bytes of private memory of a worker; 0: the jail's default */
    struct glc_scan_options scan; /* the console callback is a flag here: lines come by `text` */
    uint64_t timeout_s;           /* per file; more is added for large ones; 0: none */
    const int *image;             /* descriptors of images, for as long as the pool lives */
    const uint64_t *image_end;    /* where the images of each end, as the parent saw it */
    uint32_t images;              /* how many of them */
    uint32_t segments;            /* images in all of them: findings name one */
    const char *const *define;    /* "name=value", ended by NULL; or NULL */

    /* A verdict, with the tag that glc_pool_add() was given. The result lives during the call. */
    void (*verdict)(void *to, void *tag, const struct glc_result *r);
    /* Text for people about the file, before its verdict: explanations, console lines. May be NULL. */
    void (*text)(void *to, void *tag, struct glc_span text);
    /* What a rule cost on some files, with scan.costs; to be summed. An image and a rule that do not exist
     * may be named by a worker that lies. */
    void (*costs)(void *to, uint32_t image, uint32_t rule, const struct glc_rule_cost *cost);
    /* Once, when the first worker is ready: what its jail is made of. May be NULL. */
    void (*ready)(void *to, int landlock, bool seccomp);
    void *to;
};

/* Workers start when there is work. NULL: no memory. Options are copied, what they point to is not. */
struct glc_pool *glc_pool_new(const struct glc_pool_options *opt) GLC_CHECK;

/* Ends the workers at once; what was still out gets no verdict. */
void glc_pool_free(struct glc_pool *p);

/* May another file be added without a step in between? */
bool glc_pool_room(const struct glc_pool *p);

/* Hand over a file (a descriptor at any position, owned by the pool from now on) of `size` bytes. */
void glc_pool_add(struct glc_pool *p, int fd, uint64_t size, void *tag);

/* Have the file explained rather than only judged; `rule` empty: the rules that match. */
void glc_pool_explain(struct glc_pool *p, int fd, uint64_t size, struct glc_span rule, void *tag);

/* Have a process judged: the descriptors (owned by the pool) of its /proc/PID/mem, its pagemap and its table
 * of regions (wire/memory.h), and how many bytes they may be. */
void glc_pool_add_memory(struct glc_pool *p, const int fd[3], uint64_t size, void *tag);

/* Files that have no verdict yet. */
unsigned glc_pool_pending(const struct glc_pool *p);

/* Send what was added, wait for answers at most `timeout_ms` (0: do not wait) and hand them out. `drain`: no
 * more files will come, part-filled batches go out. GLC_IO with *why (lives as long as the pool) where no
 * worker can be started. */
enum glc_err glc_pool_step(struct glc_pool *p, bool drain, int timeout_ms, const char **why) GLC_CHECK;

#endif
