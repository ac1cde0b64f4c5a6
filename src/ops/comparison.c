/* comparison.c - see comparison.h. */
#include "ops/comparison.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "ops/later.h"
#include "ops/unreplayed.h"

int comparison_new(const char *tmpdir, struct comparison **ret_comparison, struct err *err)
{
	CLEANUP(comparison_freep) struct comparison *comparison = calloc(1, sizeof(*comparison));
	int r;

	if (!comparison)
		return err_nomem(err);
	r = texts_new(&comparison->texts, err);
	if (r >= 0)
		r = changes_new(tmpdir, &comparison->changes, err);
	if (r < 0)
		return r;
	*ret_comparison = STEAL(comparison);
	return 0;
}

void comparison_freep(struct comparison **comparison)
{
	if (!*comparison)
		return;
	changes_freep(&(*comparison)->changes);
	later_freep(&(*comparison)->later);
	unreplayed_freep(&(*comparison)->unreplayed);
	texts_freep(&(*comparison)->texts);
	free(*comparison);
	*comparison = NULL;
}

int comparison_note(struct comparison *comparison, struct err *err, const char *format, ...)
{
	struct report_summary *summary = &comparison->summary;
	const char **notes = texts_alloc(comparison->texts, (summary->note_count + 1) * sizeof(*notes));
	va_list args;
	char line[1024];

	if (!notes)
		return err_nomem(err);
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (size_t i = 0; i < summary->note_count; i++)
		notes[i] = summary->notes[i];
	notes[summary->note_count] = texts_add(comparison->texts, line);
	if (!notes[summary->note_count])
		return err_nomem(err);
	summary->notes = notes;
	summary->note_count++;
	return 0;
}

static int bit_of(const struct change *change)
{
	switch (change->kind) {
	case CHANGE_ADDED:
		return 1;
	case CHANGE_REMOVED:
		return 2;
	case CHANGE_CHANGED:
	case CHANGE_MOVED:
		return 4;
	}
	return 4;
}

int comparison_status(struct comparison *comparison, enum severity fail_on, int *ret_status, struct err *err)
{
	struct change change;
	int status = comparison->summary.counts.unexamined ? 8 : 0;
	int r;

	r = changes_rewind(comparison->changes, err);
	while (r >= 0 && (r = changes_next(comparison->changes, &change, err)) > 0) {
		if (change.severity >= fail_on)
			status |= bit_of(&change);
	}
	if (r < 0)
		return r;
	*ret_status = status;
	return 0;
}

static bool reaches(const struct path_list *list, struct bytes mount_path)
{
	if (list->count == 0)
		return true;
	for (size_t i = 0; i < list->count; i++) {
		if (path_covers(list->paths[i], mount_path) || path_covers(mount_path, list->paths[i]))
			return true;
	}
	return false;
}

static struct mount *reached(const struct mounts_view *view, const struct path_list *list, size_t *ret_count)
{
	struct mount *mounts = calloc(view->count + 1, sizeof(*mounts));
	size_t count = 0;

	for (size_t i = 0; mounts && i < view->count; i++) {
		if (reaches(list, view->mounts[i].path))
			mounts[count++] = view->mounts[i];
	}
	*ret_count = count;
	return mounts;
}

int mounts_compare(const struct policy *policy, const struct mounts_view *a, const struct mounts_view *b,
		   const struct path_list *list, const struct diff_sink *sink, struct buf *ret_blind,
		   struct diff_counts *counts, struct err *err)
{
	size_t a_count, b_count;
	CLEANUP(freep) struct mount *a_mounts = reached(a, list, &a_count);
	CLEANUP(freep) struct mount *b_mounts = reached(b, list, &b_count);

	if (!a_mounts || !b_mounts)
		return err_nomem(err);
	return diff_mounts(policy, a_mounts, a_count, b_mounts, b_count, sink, ret_blind, counts, err);
}
