/*
 * walk.h - a walk through directories, parents first, without recursion; for walk.c and place.c only.
 *
 * A frame is a directory whose children are being gone through. Only the innermost FRAME_FDS frames keep their descriptors; an
 * outer one gets its back from ".." of the directory that the walk comes out of, and is checked to be the one it was.
 */
#ifndef WATCH_WALK_H
#define WATCH_WALK_H

#include "watch/inner.h"

enum { FRAME_FDS = 48 };

struct frame {
	uint32_t node;
	int fd; /* -1: closed, or out of reach for good */
	struct policy_dir *policy_dir;
	struct buf names; /* of directories to go into, each with a NUL behind it */
	size_t at; /* of them, bytes that are done */
	size_t path_len; /* of the walk's path; 0 for "/" */
	bool deep; /* go into directories that are known already */
};

struct walk {
	struct watch *watch;
	unsigned flags; /* WALK_TELL, WALK_LOOK */
	const atomic_bool *interrupted; /* may be NULL */
	struct frame *frames;
	size_t depth, capacity;
	struct buf path;
};

/* A frame on top: takes FD and POLICY_DIR over in any case. */
int walk_push(struct walk *walk, uint32_t id, int fd, struct policy_dir *policy_dir, size_t path_len, bool deep,
	      struct err *err);

/* What stands at NAME in the top frame's directory: places it, and pushes a frame when it is to be gone through. */
int place_name(struct walk *walk, struct bytes name, struct err *err);
/* Gives the top frame's directory, STAT, its watches and reads its names into the frame. FRESH: its watches are new. */
int place_dir(struct walk *walk, const struct statx *stat, bool fresh, struct err *err);

#endif
