/* later.c - see later.h. */
#include "ops/later.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "diff/judge.h"
#include "ops/config.h"
#include "ops/records.h"
#include "ops/texts.h"

struct later {
	struct baseline *baseline;
	struct policy *policy; /* the one that judged */
	struct texts *texts;
	uint64_t sequence, newest; /* of the comparison; the last one behind it */
	struct explained explained; /* of the change last asked for */
	uint64_t gone; /* found by baseline_versions(): the generation that has the path no more */
};

void later_freep(struct later **later)
{
	if (*later) {
		baseline_freep(&(*later)->baseline);
		policy_freep(&(*later)->policy);
		texts_freep(&(*later)->texts);
	}
	free(*later);
	*later = NULL;
}

/* --- who accepted a change --- */

static const char *signers_of(struct later *later, uint64_t sequence)
{
	const struct signature_text *signatures;
	size_t count = baseline_signatures(later->baseline, sequence, &signatures);
	const char *text = "";

	for (size_t i = 0; text && i < count; i++) {
		struct signature signature;
		struct err ignored;
		char id[KEY_ID_HEX];

		if (signature_parse(signatures[i].text, signatures[i].len, &signature, &ignored) < 0)
			continue;
		key_id_hex(signature.key_id, id);
		text = text[0] ? texts_printf(later->texts, "%s, %s", text, id) : texts_add(later->texts, id);
	}
	return text;
}

static int explain_by(struct later *later, uint64_t sequence, struct change *change, struct err *err)
{
	const struct statement *statement = baseline_statement(later->baseline, sequence);

	if (!statement || sequence <= later->sequence)
		return 0;
	if (later->explained.sequence != sequence) {
		const char *signers = signers_of(later, sequence);

		if (!signers)
			return err_nomem(err);
		later->explained = (struct explained){ sequence, statement->created,
						       baseline_reason(later->baseline, sequence), signers };
	}
	change->explained = &later->explained;
	return 0;
}

/* Is what is there now what they recorded, in all that the policy compares? */
static bool is_recorded(const struct later *later, const struct entry *row, const struct entry *now)
{
	const struct diff_options options = { .policy = later->policy };
	struct judgement judgement;
	struct decision decision;

	policy_decide(later->policy, now->path, judge_is(now, TYPE_DIR), &decision);
	if (!decision.in_scope)
		return false;
	judgement = judge_both(row, now, decision.profile, &options);
	return !judgement.differs && !judgement.incomparable && !judgement.failed_a && !judgement.failed_b;
}

static int note_until(void *context, const struct entry *entry, uint64_t until, struct err *err)
{
	struct later *later = context;

	(void)entry;
	(void)err;
	if (until > later->gone)
		later->gone = until;
	return 0;
}

static int explain_removed(struct later *later, struct bytes path, struct change *change, struct err *err)
{
	const struct entry *row;
	int r = baseline_find(later->baseline, path, &row, err);

	if (r != 0)
		return r < 0 ? r : 0;
	later->gone = 0;
	r = baseline_versions(later->baseline, path, note_until, later, err);
	return r < 0 ? r : explain_by(later, later->gone, change, err);
}

static const struct mount *mount_at(const struct mount *mounts, size_t count, struct bytes path)
{
	for (size_t i = 0; i < count; i++) {
		if (bytes_equal(mounts[i].path, path))
			return &mounts[i];
	}
	return NULL;
}

static bool mount_equal(const struct mount *a, const struct mount *b)
{
	return a && b ? bytes_equal(a->fstype, b->fstype) && bytes_equal(a->id, b->id) : a == b;
}

/* The generation since which the table is as it is now, at this place. */
static int explain_mount(struct later *later, struct change *change, struct err *err)
{
	uint64_t since = 0;

	for (uint64_t sequence = later->newest; sequence > later->sequence; sequence--) {
		const struct mount *mounts;
		size_t count;
		int r = baseline_mounts(later->baseline, sequence, &mounts, &count, err);

		if (r < 0)
			return r;
		if (!mount_equal(mount_at(mounts, count, change->path), change->mount_after))
			break;
		since = sequence;
	}
	return since ? explain_by(later, since, change, err) : 0;
}

static int explain(void *context, struct change *change, struct err *err)
{
	struct later *later = context;
	const struct entry *row;
	uint64_t since;
	int r;

	if (change->mount_before || change->mount_after)
		return explain_mount(later, change, err);
	if (change->kind == CHANGE_REMOVED)
		return explain_removed(later, change->path, change, err);
	r = baseline_find(later->baseline, change->path, &row, err);
	if (r <= 0 || !is_recorded(later, row, change->after))
		return r < 0 ? r : 0;
	since = row->since;
	if (change->kind == CHANGE_MOVED) {
		r = baseline_find(later->baseline, change->before->path, &row, err);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return explain_by(later, since, change, err);
}

/* --- where they are --- */

static int open_state(const struct reference *reference, const struct place *place, struct baseline **ret_baseline,
		      struct err *err)
{
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	CLEANUP(fd_closep) int dirfd = -1;
	const char *own = baseline_statement_text(reference->baseline, reference->sequence);
	const char *theirs;
	int r;

	r = config_dir_open(place->later, &dirfd, err);
	if (r >= 0)
		r = baseline_open(dirfd, BASELINE_FILE, &baseline, err);
	if (r < 0)
		return r;
	if (strcmp(baseline_statement(baseline, 0)->host_id, reference->statement->host_id) != 0)
		return err_set(err, ERR_UNTRUSTED, "it is another host's: host-id %s, not %s",
			       baseline_statement(baseline, 0)->host_id, reference->statement->host_id);
	theirs = baseline_statement_text(baseline, reference->sequence);
	if (!theirs || strcmp(theirs, own) != 0)
		return err_set(err, ERR_UNTRUSTED, "it does not go on from generation %llu of host-id %s",
			       (unsigned long long)reference->sequence, reference->statement->host_id);
	*ret_baseline = STEAL(baseline);
	return 0;
}

/* Rows of the newest generation, read to their end: they are what its statement says. */
static int prove(const struct later *later, const atomic_bool *interrupted, struct err *err)
{
	CLEANUP(tree_freep) struct tree *tree = NULL;
	int r = baseline_tree(later->baseline, later->newest, NULL, NULL, &tree, err);

	return r < 0 ? r : records_read(tree, interrupted, err);
}

/* A signature in the name of a key that is trusted here has to be that key's; what carries another explains nothing. */
static int refuse_forged(const struct later *later, const struct trust *trust, struct err *err)
{
	for (uint64_t sequence = later->sequence + 1; sequence <= later->newest; sequence++) {
		const char *text = baseline_statement_text(later->baseline, sequence);
		const struct signature_text *signatures;
		size_t count = baseline_signatures(later->baseline, sequence, &signatures);

		for (size_t i = 0; i < count; i++) {
			int r = trust_refuse_forged(trust, text, strlen(text), &signatures[i], err);

			if (r < 0)
				return err_wrap(err, r, "generation %llu", (unsigned long long)sequence);
		}
	}
	return 0;
}

static int open_later(const struct reference *reference, const struct place *place, struct later *later,
		      struct err *err)
{
	const struct policy_source source = { "signed policy", reference->resolved->text, reference->resolved->len };
	int r;

	r = place->later ? open_state(reference, place, &later->baseline, err)
			 : baseline_again(reference->baseline, &later->baseline, err);
	if (r < 0)
		return r;
	later->sequence = reference->sequence;
	later->newest = baseline_newest(later->baseline);
	if (later->newest == later->sequence)
		return 0;
	r = refuse_forged(later, &reference->trust, err);
	if (r >= 0)
		r = prove(later, reference->interrupted, err);
	if (r >= 0)
		r = texts_new(&later->texts, err);
	return r < 0 ? r : policy_parse(&source, 1, &later->policy, err);
}

static bool anything_differs(const struct diff_counts *counts)
{
	return counts->added || counts->removed || counts->changed || counts->moved;
}

/* Of a file that goes on itself the head says so already. */
static int note_older(const struct later *later, const struct place *place, struct comparison *comparison,
		      struct err *err)
{
	if (!place->later)
		return 0;
	return comparison_note(comparison, err, "an older one: this host went on to generation %llu",
			       (unsigned long long)later->newest);
}

int later_explain(const struct reference *reference, const struct place *place, struct comparison *comparison,
		  struct later **ret_later, struct err *err)
{
	CLEANUP(later_freep) struct later *later = NULL;
	struct err why;
	int r;

	if (!place->later &&
	    (reference->newest == reference->sequence || !anything_differs(&comparison->summary.counts)))
		return 0;
	later = calloc(1, sizeof(*later));
	if (!later)
		return err_nomem(err);
	r = open_later(reference, place, later, &why);
	if (r == ERR_INTERNAL || r == ERR_INTERRUPTED) {
		*err = why;
		return r;
	}
	if (r < 0)
		return comparison_note(comparison, err, "what the host accepted since explains nothing here: %s",
				       why.message);
	if (later->newest == later->sequence)
		return 0;
	changes_explain(comparison->changes, explain, later);
	r = note_older(later, place, comparison, err);
	if (r >= 0)
		*ret_later = STEAL(later);
	return r;
}
