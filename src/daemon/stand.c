/* stand.c - proving the installed baseline, once, for all who then read single rows of it: see view.h. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "daemon/view.h"

enum { ROWS_BETWEEN_LOOKS = 256 };

struct stand *stand_ref(struct stand *stand)
{
	(void)atomic_fetch_add_explicit(&stand->refs, 1, memory_order_relaxed);
	return stand;
}

void stand_unrefp(struct stand **stand)
{
	if (*stand && atomic_fetch_sub_explicit(&(*stand)->refs, 1, memory_order_acq_rel) == 1) {
		reference_done(&(*stand)->reference);
		free(*stand);
	}
	*stand = NULL;
}

/* "There is none" must not be said of one that lies there, nor of one that was believed a moment ago. */
static int missing(const struct place *place, const struct stand *before, struct err *err)
{
	CLEANUP(fd_closep) int dirfd = -1;
	struct err why = *err, ignored = ERR_INIT;
	struct stat status;

	if (before)
		return err_set(err, ERR_UNTRUSTED, "the baseline in '%s' is gone", QUOTE(place->state));
	if (config_dir_open(place->state, &dirfd, &ignored) < 0 ||
	    fstatat(dirfd, BASELINE_FILE, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return ERR_NOINPUT;
	return err_set(err, ERR_UNTRUSTED, "the baseline in '%s' cannot be proved: %s", QUOTE(place->state),
		       why.message);
}

/* Its last generation is one of ours, word for word: no other history, and no shorter one. */
static int must_follow(const struct reference *now, const struct reference *before, struct err *err)
{
	const char *text;

	if (strcmp(now->statement->host_id, before->statement->host_id) != 0)
		return err_set(err, ERR_UNTRUSTED, "the baseline is of host-id %s, but the one before was of %s",
			       now->statement->host_id, before->statement->host_id);
	if (now->newest < before->sequence)
		return err_set(err, ERR_UNTRUSTED,
			       "the baseline was rolled back: it ends with sequence %llu, the one before with %llu",
			       (unsigned long long)now->newest, (unsigned long long)before->sequence);
	text = baseline_statement_text(now->baseline, before->sequence);
	if (!text || strcmp(text, baseline_statement_text(before->baseline, before->sequence)) != 0)
		return err_set(err, ERR_UNTRUSTED,
			       "the baseline was replaced: its statement of sequence %llu is not the one before",
			       (unsigned long long)before->sequence);
	return 0;
}

static int prove(struct reference *reference, const atomic_bool *interrupted, struct err *err)
{
	CLEANUP(tree_freep) struct tree *rows = NULL;
	const struct entry *row;
	uint64_t count = 0;
	int r;

	r = reference_tree(reference, &rows, err);
	while (r >= 0 && (r = tree_next(rows, &row, err)) > 0) {
		if (++count % ROWS_BETWEEN_LOOKS == 0 && interrupted && atomic_load(interrupted))
			return err_set(err, ERR_INTERRUPTED, "interrupted");
	}
	return r;
}

int stand_load(const struct place *place, const struct stand *before, const atomic_bool *interrupted,
	       struct stand **ret_stand, struct err *err)
{
	CLEANUP(stand_unrefp) struct stand *stand = calloc(1, sizeof(*stand));
	int r;

	if (!stand)
		return err_nomem(err);
	atomic_init(&stand->refs, 1);
	stand->reference = REFERENCE_INIT;
	r = reference_open(place, &stand->reference, err);
	if (r == ERR_NOINPUT)
		r = missing(place, before, err);
	if (r >= 0 && before)
		r = must_follow(&stand->reference, &before->reference, err);
	if (r >= 0)
		r = prove(&stand->reference, interrupted, err);
	if (r < 0)
		return r;
	/* a daemon that may not write there has nothing to remember it by but itself */
	reference_remember(&stand->reference, 0, false, NULL);
	*ret_stand = STEAL(stand);
	return 0;
}

int stand_connect(const struct stand *stand, struct baseline **ret_baseline, struct err *err)
{
	return baseline_again(stand->reference.baseline, ret_baseline, err);
}
