/* implied.c - see implied.h. */
#include "evidence/implied.h"

int implied_add(struct implied *implied, const struct evidence_job *job, struct spill *spill, struct bytes path,
		struct err *err)
{
	const unsigned char tag = TAG_WAY;
	const struct bytes last = { implied->last.data, implied->last.len };
	struct bytes above = path;

	while (above.len > job->at.len) {
		int r;

		above = path_parent(above);
		if (!path_covers(job->at, above) || (last.len && path_covers(above, last)))
			break;
		if (implied->bytes >= IMPLIED_BYTES_MAX) {
			implied->bytes = UINT64_MAX;
			break;
		}
		implied->bytes += above.len;
		r = spill_add(spill, above.data, above.len, &tag, sizeof(tag), err);
		if (r < 0)
			return r;
	}
	buf_clear(&implied->last);
	return buf_add(&implied->last, path.data, path.len) < 0 ? err_nomem(err) : 0;
}

void implied_done(struct implied *implied)
{
	buf_done(&implied->last);
}

int implied_is_told(const struct evidence_job *job, struct policy_walk *walk, struct bytes path, bool *ret_told,
		    struct err *err)
{
	struct decision decision = { .in_scope = true };
	bool asked_for = job->path_count == 0;
	int r = walk ? policy_walk_decide(walk, path, true, &decision, err) : 0;

	for (size_t i = 0; i < job->path_count && !asked_for; i++)
		asked_for = path_covers(job->paths[i], path);
	*ret_told = decision.in_scope && asked_for;
	return r;
}

struct entry implied_entry(struct bytes path)
{
	return (struct entry){
		.path = path,
		.type = TYPE_DIR,
		.value = ATTR_BIT(ATTR_TYPE),
		.none = ATTR_BIT(ATTR_CONTENT) | ATTR_BIT(ATTR_TARGET) | ATTR_BIT(ATTR_RDEV),
	};
}
