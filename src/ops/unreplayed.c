/* unreplayed.c - what the walks with and without a journal tell apart; see unreplayed.h. What they leave behind is in unreplayed_mark.c. */
#include "ops/unreplayed.h"

#include <stdlib.h>

#include "base/cleanup.h"

static int add(struct unreplayed *unreplayed, struct bytes path, struct err *err)
{
	struct bytes copy = { (const unsigned char *)texts_add_bytes(unreplayed->texts, path.data, path.len),
			      path.len };

	return !copy.data || buf_add(&unreplayed->paths, &copy, sizeof(copy)) < 0 ? err_nomem(err) : 0;
}

static int collect(struct pairs *pairs, struct unreplayed *unreplayed, struct err *err)
{
	struct pair pair;
	int r;

	while ((r = pairs_next(pairs, &pair, err)) > 0) {
		if (pair.a && pair.b && entry_differs(pair.a, pair.b) == 0 && pair.a->failed == pair.b->failed)
			continue;
		if (!hoard_takes(&unreplayed->hoard, pair.a ? pair.a->path.len : pair.b->path.len))
			return 0;
		r = add(unreplayed, pair.a ? pair.a->path : pair.b->path, err);
		if (r < 0)
			return r;
	}
	return r;
}

/* A file system with and without. What can't be read without its journal ends that stream: then all behind it counts as shown by
 * the journal alone, as it is. */
static int walk_twice(const struct side *side, struct side_part *part, const struct look_options *look,
		      struct unreplayed *unreplayed, struct err *err)
{
	CLEANUP(evidence_freep) struct evidence *with = NULL;
	CLEANUP(evidence_freep) struct evidence *without = NULL;
	CLEANUP(tree_freep) struct tree *a = NULL;
	CLEANUP(tree_freep) struct tree *b = NULL;
	CLEANUP(pairs_freep) struct pairs *pairs = NULL;
	struct evidence_job job;
	int r = side_job(side, part, look, &job, err);

	if (r >= 0)
		r = evidence_start(&job, &with, err);
	job.replay = false;
	if (r >= 0)
		r = evidence_start(&job, &without, err);
	if (r >= 0)
		r = evidence_tree(with, &a, err);
	if (r >= 0)
		r = evidence_tree(without, &b, err);
	if (r >= 0)
		r = pairs_join(a, b, &pairs, err);
	return r < 0 ? r : collect(pairs, unreplayed, err);
}

static int walk_side(struct side *side, const struct look_options *look, struct unreplayed **unreplayed,
		     struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < side->part_count; i++) {
		if (!side->parts[i].pending)
			continue;
		if (!*unreplayed) {
			*unreplayed = calloc(1, sizeof(**unreplayed));
			r = *unreplayed ? texts_new(&(*unreplayed)->texts, err) : err_nomem(err);
		}
		if (r >= 0)
			r = walk_twice(side, &side->parts[i], look, *unreplayed, err);
	}
	return r;
}

int unreplayed_find(struct looks *looks, const struct path_list *paths, struct unreplayed **ret_unreplayed,
		    struct err *err)
{
	CLEANUP(unreplayed_freep) struct unreplayed *unreplayed = NULL;
	const struct look_options look = {
		.policy = looks->policy,
		.paths = paths,
		.shadows = looks->shadows,
		.shadow_count = looks->shadow_count,
		.metadata_only = true,
	};
	int r = walk_side(looks->a, &look, &unreplayed, err);

	if (r >= 0)
		r = walk_side(looks->b, &look, &unreplayed, err);
	if (r < 0)
		return r;
	if (unreplayed)
		path_sort((struct bytes *)(void *)unreplayed->paths.data, unreplayed->paths.len / sizeof(struct bytes));
	*ret_unreplayed = STEAL(unreplayed);
	return 0;
}
