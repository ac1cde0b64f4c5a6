/* foreign.c - see foreign.h. */
#include "watch/foreign.h"

#include <sys/inotify.h>

enum {
	MASK = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB |
	       IN_DELETE_SELF | IN_MOVE_SELF
};

static int is_roots(const struct statx *stat)
{
	return stat->stx_uid == 0;
}

/* An ACL that lets others write shows in the group's bits: they are its mask. */
static int is_shared(const struct statx *stat)
{
	return (stat->stx_mode & (S_IWGRP | S_IWOTH)) != 0;
}

enum foreign foreign_of_dir(const struct statx *stat)
{
	return is_roots(stat) && !is_shared(stat) ? FOREIGN_NONE : FOREIGN_ALL;
}

enum foreign foreign_of_name(const struct statx *stat)
{
	if (S_ISLNK(stat->stx_mode))
		return is_roots(stat) ? FOREIGN_ATTRIB : FOREIGN_TIMES;
	if (S_ISDIR(stat->stx_mode) && !is_roots(stat))
		return FOREIGN_TIMES;
	if (!is_roots(stat) || is_shared(stat))
		return S_ISDIR(stat->stx_mode) ? FOREIGN_ATTRIB : FOREIGN_ALL;
	return FOREIGN_NONE;
}

uint32_t foreign_mask(enum foreign foreign, int others)
{
	static const uint32_t masks[] = {
		[FOREIGN_NONE] = 0,
		[FOREIGN_ATTRIB] = IN_ATTRIB,
		[FOREIGN_TIMES] = IN_ATTRIB | IN_MODIFY,
		[FOREIGN_ALL] = MASK,
	};

	return others ? masks[foreign] : MASK & ~masks[foreign];
}
