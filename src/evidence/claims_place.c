/* claims_place.c - may an entry of a file system stand at this path? See claims.h. */
#include "base/quote.h"
#include "evidence/claims.h"

static int cannot_be(struct bytes path, const char *why, struct err *err)
{
	return err_set(err, ERR_DATA, "'%s': %s", QUOTE_N(path.data, path.len), why);
}

/* One of the paths asked for or on the way to one: what leads there need not be told. */
static bool leads(const struct evidence_job *job, struct bytes path, bool *ret_within)
{
	bool leading = false;

	*ret_within = job->path_count == 0;
	for (size_t i = 0; i < job->path_count; i++) {
		*ret_within = *ret_within || path_covers(job->paths[i], path);
		leading = leading || path_covers(path, job->paths[i]);
	}
	return leading;
}

int claims_place(struct claims *claims, struct bytes path, bool is_dir, struct err *err)
{
	const struct evidence_job *job = claims->job;
	bool within, leading;

	if (claims->any && path_compare((struct bytes){ claims->last.data, claims->last.len }, path) >= 0)
		return cannot_be(path, "out of order", err);
	if (!path_covers(job->at, path))
		return cannot_be(path, "outside of the tree", err);
	for (size_t i = 0; i < job->shadow_count; i++)
		if (path_covers(job->shadows[i], path))
			return cannot_be(path, "below a mount point of another file system", err);
	leading = leads(job, path, &within);
	if (!within && !leading)
		return cannot_be(path, "not asked for", err);
	chain_pass(&claims->dirs, path);
	if (!bytes_equal(path, job->at) && !leading && !chain_has(&claims->dirs, path_parent(path)))
		return cannot_be(path, "no directory was told that it could stand in", err);
	buf_clear(&claims->last);
	if (buf_add(&claims->last, path.data, path.len) < 0)
		return err_nomem(err);
	claims->result->last = (struct bytes){ claims->last.data, claims->last.len };
	claims->any = true;
	return is_dir ? chain_push(&claims->dirs, path, err) : 0;
}
