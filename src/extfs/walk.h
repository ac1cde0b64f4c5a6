/*
 * walk.h - the state of one extfs_walk(). A directory has two places among its siblings: itself at `name`, what is in it at `name/`.
 */
#ifndef EXTFS_WALK_H
#define EXTFS_WALK_H

#include "extfs/dir.h"
#include "extfs/entry.h"

/* A directory that was told and listed, whose contents are still to come. Of two such names in one directory one is a prefix of the other,
 * and the longer comes first: a stack. */
struct later {
	struct dir dir;
	size_t row; /* its own, in the directory above */
};

struct frame {
	struct dir dir;
	size_t next; /* row */
	size_t path_len; /* of the directory's path; 0 for "/" */
	bool inside; /* everything here was asked for */
	struct buf later; /* struct later[] */
};

struct walking {
	struct extfs *extfs;
	const struct extfs_walk *walk;
	struct sink *sink;
	struct names names;
	struct buf frames; /* struct frame[], the innermost last */
	struct buf path;
	unsigned char *entered; /* a bit for each inode: directories that were listed */
	struct inode inode;
	struct entry_space space;
};

/* walk_names.c: names of users and groups by /etc/passwd and /etc/group of this file system, whose root is ROOT. 0, -ENOMEM. */
int walk_names(struct extfs *extfs, const struct dir *root, struct names *ret_names);

#endif
