/*
 * apply.c - see apply.h.
 *
 * An event tells of what the policy minds: that something became different from the record, became different in another way, or
 * is as recorded again. The drift holds more than that, all that is not exactly as recorded, because it is judged anew by
 * whoever asks.
 */
#include "daemon/apply.h"

#include "diff/judge.h"
#include "diff/pending.h"

/* One state of a name against another: does it count, and what of it differs. */
struct difference {
	bool counts;
	bool unsure; /* something that is compared was not known of the first state */
	uint32_t attributes;
	unsigned log;
};

static struct difference compare(const struct apply_in *in, const struct entry *a, const struct entry *b)
{
	const uint32_t given = ~ATTR_BIT(ATTR_XATTRS); /* see is_as_recorded() */
	/* only the record can be of another file system */
	struct diff_options options = *in->options;
	const struct profile *profile = in->decision->profile;
	struct judgement judgement;

	if (!a && !b)
		return (struct difference){ .counts = false };
	if (!a || !b)
		return (struct difference){ .counts = judge_one_tells(a ? a : b, profile) };
	options.strangers = options.strangers && a == in->row;
	judgement = judge_both(a, b, profile, &options);
	return (struct difference){
		.counts = judgement.differs != 0,
		.unsure = ((judgement.incomparable & given) | judgement.failed_a) != 0,
		.attributes = judgement.differs,
		.log = judgement.log,
	};
}

/* Nothing that the drift would have to hold. Of xattrs a process sees all, or it gives none of any file: then that is no news
 * of this one. */
static bool is_as_recorded(const struct entry *row, const struct entry *now)
{
	if (!row || !now)
		return !row && !now;
	return !row->failed && !now->failed && row->head == now->head && !entry_differs(row, now) &&
	       !(entry_incomparable(row, now) & ~ATTR_BIT(ATTR_XATTRS));
}

/* In all that the drift would keep of it. */
static bool is_held(const struct entry *held, const struct entry *now)
{
	if (!held || !now)
		return !held && !now;
	return held->value == now->value && held->none == now->none && held->failed == now->failed &&
	       !entry_differs(held, now) && held->head == now->head && held->racy == now->racy &&
	       held->blocks == now->blocks && held->dev_major == now->dev_major && held->dev_minor == now->dev_minor &&
	       bytes_equal(held->user, now->user) && bytes_equal(held->group, now->group) &&
	       bytes_equal(held->problem, now->problem);
}

static enum apply_store store_of(const struct apply_in *in)
{
	if (is_as_recorded(in->row, in->now))
		return in->row && in->believed == in->row ? APPLY_SAME : APPLY_REMOVE;
	if (in->believed != in->row && is_held(in->believed, in->now))
		return APPLY_SAME;
	return in->now ? APPLY_PUT : APPLY_PUT_ABSENT;
}

static enum apply_event kind_of(const struct apply_in *in)
{
	if (!in->believed)
		return APPLY_ADDED;
	return in->now ? APPLY_CHANGED : APPLY_REMOVED;
}

/* What of a directory follows from the names in it is told by their own events. */
static uint32_t follows(const struct apply_in *in)
{
	bool dirs = in->believed && in->now && judge_is(in->believed, TYPE_DIR) && judge_is(in->now, TYPE_DIR);

	return in->children && dirs ? PENDING_FOLLOWS : 0;
}

static void find_event(const struct apply_in *in, struct apply_out *out)
{
	struct difference was = { .counts = false };
	struct difference is = compare(in, in->row, in->now);
	struct difference step = compare(in, in->believed, in->now);
	bool both = in->believed && in->now;

	if (in->believed != in->row)
		was = compare(in, in->row, in->believed);
	out->log = is.log;
	if (is.counts && both) {
		out->attributes = step.attributes & ~follows(in);
		/* what could not be read before is found changed */
		if (!step.attributes && !was.counts && step.unsure)
			out->attributes = is.attributes & ~follows(in);
		out->event = out->attributes ? APPLY_CHANGED : APPLY_NONE;
	} else if (is.counts) {
		out->event = in->believed || in->now ? kind_of(in) : APPLY_NONE;
	} else if (was.counts && !out->failed) {
		bool told = !both || !was.attributes || (was.attributes & ~follows(in));

		out->attributes = step.attributes;
		out->event = told ? APPLY_RESTORED : APPLY_NONE;
	}
}

struct apply_out apply_judge(const struct apply_in *in)
{
	struct apply_out out = { .store = store_of(in) };

	out.failed = in->now && ((in->now->failed & ATTR_BIT(ATTR_TYPE)) ||
				 judge_one_failed(in->now, in->decision->profile, in->options));
	out.moved_on = in->believed && in->now ? entry_differs(in->believed, in->now) != 0
					       : (in->believed != NULL) != (in->now != NULL);
	find_event(in, &out);
	return out;
}
