/* golden.c - see golden.h. */
#include "ops/golden.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "evidence/chain.h"
#include "ops/generation.h"

static int refuse(const struct side *side, struct bytes path, const char *why, struct err *err)
{
	return err_set(err, ERR_DATA, "%s '%s', %s: %s: a baseline is made of a whole tree only",
		       side->subject.kind_name, QUOTE(side->subject.typed), QUOTE_N(path.data, path.len), QUOTE(why));
}

/* Changes that its journal holds and that can't be had: the tree is not what its owner last saw. */
static const char *journal_problem(const struct extfs_info *info)
{
	if (info && (info->journal == JOURNAL_EXTERNAL || info->journal == JOURNAL_DAMAGED || info->fast_commit_blocks))
		return "its pending journal can't be applied";
	return NULL;
}

/* After the stream: was that all of it? */
static int prove_whole(const struct side *side, struct err *err)
{
	int r = side_failed(side, err);

	for (size_t i = 0; r >= 0 && i < side->part_count; i++) {
		const struct evidence *evidence = side->parts[i].evidence;
		const struct evidence_result *result = evidence_result(evidence);
		const char *journal = journal_problem(result->extfs), *line;
		struct bytes path = side->parts[i].assembled ? side->parts[i].assembled->ground.path : bytes_of("/");

		if (!result->whole)
			r = refuse(side, result->last.len ? result->last : path, result->ended, err);
		else if (result->archive && result->archive->problem[0])
			r = refuse(side, path, result->archive->problem, err);
		else if (evidence_problem(evidence, 0, &path, &line))
			r = refuse(side, path, line, err);
		else if (journal)
			r = refuse(side, path, journal, err);
		else if (result->extfs && result->extfs->problem[0]) /* cut short, say */
			r = refuse(side, path, result->extfs->problem, err);
	}
	return r;
}

/* No reader of baselines takes an entry below what is covered and not there: a file system whose mount point the root lacks. */
static int hold_below(struct chain *folders, const struct side *side, const struct policy *policy,
		      const struct entry *entry, struct err *err)
{
	struct bytes above = path_parent(entry->path);

	chain_pass(folders, entry->path);
	if (entry->path.len > 1 && !chain_has(folders, above) && generation_in_scope((void *)(uintptr_t)policy, above))
		return refuse(side, entry->path, "the folder above it is not there", err);
	if (!(entry->value & ATTR_BIT(ATTR_TYPE)) || entry->type != TYPE_DIR)
		return 0;
	return chain_push(folders, entry->path, err);
}

static int copy_entries(struct side *side, const struct policy *policy, struct baseline_writer *writer,
			struct scan_stats *stats, struct err *err)
{
	CLEANUP(chain_done) struct chain folders = { .lens = NULL };
	const struct entry *entry;
	int r;

	while ((r = tree_next(side->tree, &entry, err)) > 0) {
		struct entry recorded = *entry;

		r = hold_below(&folders, side, policy, entry, err);
		if (r < 0)
			break;
		if (recorded.whole_seconds)
			recorded.value &= ~(ATTR_BIT(ATTR_MTIME) | ATTR_BIT(ATTR_CTIME));
		(void)atomic_fetch_add_explicit(&stats->examined, 1, memory_order_relaxed);
		r = baseline_writer_add(writer, &recorded, err);
		if (r < 0)
			break;
	}
	return r;
}

/* Of what was read otherwise than it lies there. */
static void warn_of_reading(const struct side *side)
{
	const struct talk *talk = side->talk;

	for (size_t i = 0; talk && talk->warn && i < side->part_count; i++) {
		const struct evidence_result *result = evidence_result(side->parts[i].evidence);

		if (result->extfs && result->extfs->journal == JOURNAL_PENDING)
			talk->warn(talk->context, "its journal held what the file system does not show yet: recorded "
						  "with that applied, in memory");
		if (result->archive && result->archive->by_name)
			talk->warn(talk->context,
				   "ACLs with names in place of numbers were read by its own etc/passwd and etc/group");
	}
}

static void warn_of_parts(const struct side *side)
{
	const struct talk *talk = side->talk;

	for (size_t i = 0; talk && talk->warn && i < side->assembly.note_count; i++)
		talk->warn(talk->context, side->assembly.notes[i]);
	for (size_t i = 0; talk && talk->warn && i < side->assembly.left_count; i++)
		talk->warn(talk->context, side->assembly.left[i]);
}

int golden_record(struct side *side, const struct policy *policy, struct baseline_writer *writer,
		  struct first_figures *figures, struct err *err)
{
	struct scan_stats stats = { 0 };
	const struct side nobody = { .letter = 'a' };
	const struct path_list everything = PATH_LIST_INIT;
	const struct look_options look = { .policy = policy, .paths = &everything };
	const struct talk *talk = side->talk;
	int r = side_assemble(side, &nobody, policy, err);

	if (r < 0)
		return r;
	warn_of_parts(side);
	r = side_start(side, &look, err);
	if (r >= 0)
		r = side_tree(side, &look, NULL, NULL, err);
	if (r < 0)
		return r;
	if (talk && talk->begin)
		talk->begin(talk->context, "recording", &stats, 0, false);
	r = copy_entries(side, policy, writer, &stats, err);
	survey_end(talk);
	if (r >= 0)
		r = prove_whole(side, err);
	for (size_t i = 0; r >= 0 && i < side->part_count; i++) {
		figures->bytes_read += evidence_result(side->parts[i].evidence)->bytes_read;
		figures->excluded += evidence_result(side->parts[i].evidence)->excluded;
	}
	figures->entries = stats.examined;
	if (r >= 0)
		warn_of_reading(side);
	return r;
}
