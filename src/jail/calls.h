/* The list of system calls that a jailed process may make; every other one kills it. */
#ifndef GLC_JAIL_CALLS_H
#define GLC_JAIL_CALLS_H

#include <stdbool.h>

/* Sanitizer runtimes make calls of their own (and mappings that are executable): their builds go without the
 * list, so that the rest can be tested with them. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GLC_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define GLC_SANITIZED 1
#endif
#endif

bool glc_jail_calls(void);

#endif
