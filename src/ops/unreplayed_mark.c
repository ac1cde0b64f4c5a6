/* unreplayed_mark.c - paths that only a journal shows, kept beside a comparison. Apart from what finds them, so that whoever holds comparisons,
 * as the daemon, need not have the parsers of images in it. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "ops/unreplayed.h"

void unreplayed_freep(struct unreplayed **unreplayed)
{
	if (!*unreplayed)
		return;
	buf_done(&(*unreplayed)->paths);
	texts_freep(&(*unreplayed)->texts);
	free(*unreplayed);
	*unreplayed = NULL;
}

static bool is_among(const struct unreplayed *unreplayed, struct bytes path)
{
	return path_among(path, (const struct bytes *)(const void *)unreplayed->paths.data,
			  unreplayed->paths.len / sizeof(struct bytes));
}

static int mark(void *context, struct change *change, struct err *err)
{
	const struct unreplayed *unreplayed = context;

	(void)err;
	change->pending_journal = is_among(unreplayed, change->path) ||
				  (change->kind == CHANGE_MOVED && is_among(unreplayed, change->before->path));
	return 0;
}

void unreplayed_mark(struct unreplayed **unreplayed, struct comparison *comparison)
{
	comparison->unreplayed = STEAL(*unreplayed);
	changes_explain(comparison->changes, mark, comparison->unreplayed);
}
