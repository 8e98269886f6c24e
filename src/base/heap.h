/* The heap in a few large pieces. A page that is touched first costs a trap, twenty times what it costs
 * beside others (15 us against 0.6 us on a virtual machine), and a program of a few milliseconds is made of
 * such first touches. */
#ifndef GLC_BASE_HEAP_H
#define GLC_BASE_HEAP_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define GLC_HEAP_WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GLC_HEAP_WATCHED 1
#endif
#endif
#ifdef GLC_HEAP_WATCHED
#include <sanitizer/asan_interface.h>
#define GLC_HEAP_GAP(at, bytes)  ASAN_POISON_MEMORY_REGION(at, bytes)
#define GLC_HEAP_OPEN(at, bytes) ASAN_UNPOISON_MEMORY_REGION(at, bytes)
#else
#define GLC_HEAP_GAP(at, bytes)  ((void)(at), (void)(bytes))
#define GLC_HEAP_OPEN(at, bytes) ((void)(at), (void)(bytes))
#endif

/* Bring `bytes` of heap into memory at once, for malloc() to hand out. To be called once, before the heap is
 * large and before a jail closes. Freed blocks stay with the process, to be used again, until many MiB of
 * them lie at the heap's end. Where the kernel (before 5.14) or the C library has no such thing, nothing
 * happens. */
void glc_heap_prepare(size_t bytes);

/* A block for free(). One of GLC_HEAP_HUGE bytes or more begins where a huge page does and asks for such
 * pages: one of them costs a trap as a small one does, and stands for 512. NULL where there is no memory. */
enum { GLC_HEAP_HUGE = 2 << 20 };
void *glc_heap_block(size_t bytes) GLC_CHECK;

/* From this size on a block is brought in piece by piece, as it fills up: what lies beyond is never touched.
 */
enum { GLC_HEAP_PIECE = 256 << 10 };

/* Bring in what is new of a block at `p` of which `used` of `room` bytes are about to be in use; *warm is how
 * far it was brought in before (0 for a new block, and no more than `room`). Nothing is done to small blocks.
 */
void glc_heap_warm(void *p, size_t room, size_t used, size_t *warm);

/* Move a block of which `used` bytes are filled into one of `to` (more); *warm as above, of the new one.
 * NULL where there is no memory: then all is as it was. */
void *glc_heap_grow(void *p, size_t used, size_t to, size_t *warm) GLC_CHECK;

/* `bytes` of heap that are all about to be written, brought in at once; to be given to free(). NULL where
 * there is no memory. */
void *glc_heap_room(size_t bytes) GLC_CHECK;

/* Grow an array on the heap: room for one more element than `count` (elements of `size` bytes; *items is NULL
 * where *room is 0), or NULL where there is no memory: then all is as it was. */
void *glc_heap_push(void *items, size_t *count, size_t *room, size_t size) GLC_CHECK;

/* `bytes` of zeroes, each page of them brought in when it is touched first: for large tables of which little
 * is used. NULL where there is no memory, and for 0 bytes. What must not be touched inside is told by
 * GLC_HEAP_GAP(), for the address sanitizer. */
void *glc_heap_sparse(size_t bytes);
void glc_heap_sparse_free(void *p, size_t bytes); /* `bytes` as asked for */

#endif
