/*
 * runs_inner.h - the two ways to say where blocks lie, and what both need.
 */
#ifndef EXTFS_RUNS_INNER_H
#define EXTFS_RUNS_INNER_H

#include "extfs/runs.h"

struct mapping {
	struct extfs *extfs;
	const struct inode *inode;
	uint64_t blocks; /* what lies behind is of no interest */
	uint64_t budget; /* blocks of pointers that may still be read */
	uint64_t next; /* the first logical block that has not been told of */
	struct runs *runs;
	struct line *line;
};

/* A further piece. 0 or a negative errno with the line. */
int mapping_add(struct mapping *mapping, uint64_t logical, uint64_t length, uint64_t physical);
/* Reads block NUMBER of pointers into DATA. */
int mapping_load(struct mapping *mapping, uint64_t number, void *data);
/* Sets the line, "the blocks of inode N cannot be: WHY". -EUCLEAN. */
int mapping_damaged(struct mapping *mapping, const char *why);

int extents_read(struct mapping *mapping); /* extents.c */
int blockmap_read(struct mapping *mapping); /* blockmap.c */

#endif
