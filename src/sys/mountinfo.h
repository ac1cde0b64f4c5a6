/*
 * mountinfo.h - the text of /proc/self/mountinfo (proc(5)), one line at a time. Pure; part of mounts.c, apart
 * so that it can be fuzzed.
 */
#ifndef SYS_MOUNTINFO_H
#define SYS_MOUNTINFO_H

#include <stdbool.h>
#include <stddef.h>

struct mountinfo_line {
	char *path; /* unescaped in place, NUL-terminated */
	char *root; /* what of the file system is mounted there, "/" for all of it; still escaped */
	char *fstype;
	char *options; /* of the mount, not of the file system: "rw,noatime" */
	unsigned long id, parent; /* of the mounts themselves */
	unsigned dev_major, dev_minor;
};

/* Parses LINE (NUL-terminated, without its newline), which is changed: the fields point into it. */
bool mountinfo_parse(char *line, struct mountinfo_line *ret_line);

/* A file system that keeps its data on a disk of this machine. Unknown ones are not. */
bool mountinfo_is_disk(const char *fstype);

#endif
