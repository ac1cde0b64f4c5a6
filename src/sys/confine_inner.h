/*
 * confine_inner.h - the parts of confine_self() that are the kernel's own languages. Private to confine*.c.
 */
#ifndef SYS_CONFINE_INNER_H
#define SYS_CONFINE_INNER_H

#include <stdbool.h>

#include "tally/err.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define CONFINE_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CONFINE_SANITIZED 1
#endif
#ifndef CONFINE_SANITIZED
#define CONFINE_SANITIZED 0
#endif

/* Landlock, for the calling thread and those it starts: no file, no TCP port, no abstract socket and no signal to strangers, as far as this
 * kernel can. Needs no_new_privs. *ret_there: the kernel has Landlock. ERR_INTERNAL when it has and refuses. */
int confine_landlock(bool *ret_there, struct err *err);

/* The filter, for all threads there are. SCRATCH (may be NULL) is a descriptor that may be written to at any place. As above. */
int confine_filter(const int *scratch, bool *ret_there, struct err *err);

#endif
