/*
 * unreplayed.h - what only the pending journals of the images show: paths that would look otherwise, or not be there, had
 * their file systems been read without them.
 */
#ifndef OPS_UNREPLAYED_H
#define OPS_UNREPLAYED_H

#include "ops/hoard.h"
#include "ops/look.h"

struct unreplayed {
	struct texts *texts; /* owner of the paths */
	struct buf paths; /* struct bytes[], sorted */
	struct hoard hoard; /* full: there are more */
};

/* Walks each file system whose journal was pending twice more, metadata only, with the journal and without. *ret_unreplayed is NULL when no journal
 * was. Call it when no stream is open any more. */
int unreplayed_find(struct looks *looks, const struct path_list *paths, struct unreplayed **ret_unreplayed,
		    struct err *err);
void unreplayed_freep(struct unreplayed **unreplayed);

/* From now on the changes of COMPARISON tell whether a path was among them. Moves *unreplayed into the comparison. */
void unreplayed_mark(struct unreplayed **unreplayed, struct comparison *comparison);

#endif
