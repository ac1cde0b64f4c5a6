/*
 * cleanup.h - the one cleanup idiom: a local variable frees itself when its scope ends.
 *
 *	CLEANUP(buf_done) struct buf text = BUF_INIT;
 *	CLEANUP(fd_closep) int fd = -1;
 *	...
 *	*ret_fd = STEAL_FD(fd);
 *
 * A cleanup function takes a pointer to the variable and accepts its empty value (NULL, -1, zeros).
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdlib.h>
#include <string.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

/* Takes a pointer out of a variable that cleans up after itself. */
#define STEAL(pointer)                                                                                                 \
	({                                                                                                             \
		__auto_type steal_from_ = &(pointer);                                                                  \
		__auto_type steal_value_ = *steal_from_;                                                               \
		*steal_from_ = NULL;                                                                                   \
		steal_value_;                                                                                          \
	})

/* The same for a file descriptor. */
#define STEAL_FD(fd)                                                                                                   \
	({                                                                                                             \
		int *steal_fd_ = &(fd);                                                                                \
		int steal_value_ = *steal_fd_;                                                                         \
		*steal_fd_ = -1;                                                                                       \
		steal_value_;                                                                                          \
	})

/* free(3) for CLEANUP: CLEANUP(freep) char *text = NULL; */
static inline void freep(void *pointer)
{
	void *memory;

	memcpy(&memory, pointer, sizeof(memory)); /* a char * is no void *: not to be read as one */
	free(memory);
}

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
