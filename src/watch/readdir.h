/*
 * readdir.h - the names in a directory, as the kernel gives them, without keeping them.
 */
#ifndef WATCH_READDIR_H
#define WATCH_READDIR_H

#include <stddef.h>

/* NAME: NUL-terminated, LEN bytes, never "." or ".."; TYPE: DT_*. Not 0 ends the listing with that. */
typedef int (*readdir_fn)(void *context, const char *name, size_t len, unsigned char type);

/* From its beginning, whatever was read of FD before. 0, a negative errno in *RET_FAILURE with 0, or what FN gave. */
int readdir_each(int fd, void *buffer, size_t size, readdir_fn fn, void *context, int *ret_failure);

#endif
