/*
 * foreign.h - which events of a directory others than root can make. Such events must not share a queue with those that only root
 * can make: a queue overflows when somebody makes more of them than are read.
 *
 * Tried on Linux 6.18: anybody may set the times of a symbolic link to now (its mode lets all write), and of whatever he may write;
 * an owner may change mode and times as he likes, his file's mtime alone even as IN_MODIFY, of directories too. None of that needs
 * a right in the directory in which the name stands, and that is where the event goes.
 *
 * What it does not see: descriptors that were handed to somebody, and root's own programs that write on his behalf (a log).
 */
#ifndef WATCH_FOREIGN_H
#define WATCH_FOREIGN_H

#include <stdint.h>
#include <sys/stat.h>

enum foreign { /* each has all that is in those before */
	       FOREIGN_NONE,
	       FOREIGN_ATTRIB, /* a link, or a directory that others may write, is in it */
	       FOREIGN_TIMES, /* a directory or a link of somebody else's is in it: IN_MODIFY too */
	       FOREIGN_ALL /* it, or a file in it, is somebody else's or others may write it */
};

/* The directory itself. */
enum foreign foreign_of_dir(const struct statx *stat);
/* A name in it. */
enum foreign foreign_of_name(const struct statx *stat);

/* The events to ask for: of a directory of that kind in the instance for root's events, or in the other one. 0: none. */
uint32_t foreign_mask(enum foreign foreign, int others);

#endif
