/* policydrift.c - see policydrift.h. */
#include "ops/policydrift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "ops/policytexts.h"

struct drifted {
	char *path; /* absolute */
	const char *name;
	struct entry before, after; /* value 0: not there */
	bool told;
};

struct policy_drift {
	struct diff_sink next;
	struct policy_set now;
	struct drifted *files;
	size_t count;
	char problem[sizeof(((struct err *)NULL)->message)]; /* why the present files can't be read; "" when they can */
};

void policy_drift_freep(struct policy_drift **drift)
{
	if (!*drift)
		return;
	for (size_t i = 0; i < (*drift)->count; i++)
		free((*drift)->files[i].path);
	free((*drift)->files);
	policy_set_done(&(*drift)->now);
	free(*drift);
	*drift = NULL;
}

static int add(struct policy_drift *drift, const char *config, const char *name, const struct policy_file *before,
	       const struct policy_file *after, struct err *err)
{
	struct drifted *file = &drift->files[drift->count];
	CLEANUP(buf_done) struct buf path = BUF_INIT;

	if (policy_text_same(before, after))
		return 0;
	(void)buf_printf(&path, "%s/%s", config, name);
	file->path = buf_steal_str(&path);
	if (!file->path)
		return err_nomem(err);
	file->name = name;
	file->before = policy_text_entry(before, bytes_of(file->path));
	file->after = policy_text_entry(after, bytes_of(file->path));
	drift->count++;
	return 0;
}

static int compare(struct policy_drift *drift, const char *config, const struct reference *reference, struct err *err)
{
	const struct policy_texts signed_texts = { reference->policy_files, reference->policy_file_count, NULL };
	const struct policy_texts present = { drift->now.files, drift->now.count, NULL };
	int r = 0;

	drift->files = calloc(drift->now.count + reference->policy_file_count + 1, sizeof(*drift->files));
	if (!drift->files)
		return err_nomem(err);
	for (size_t i = 0; drift->problem[0] && r >= 0 && i < reference->policy_file_count; i++) {
		r = add(drift, config, reference->policy_files[i].name, &reference->policy_files[i], NULL, err);
		if (r >= 0) /* something is there, but nobody can say what */
			drift->files[i].after.value = ATTR_BIT(ATTR_TYPE);
	}
	for (size_t i = 0; !drift->problem[0] && r >= 0 && i < reference->policy_file_count; i++) {
		const struct policy_file *before = &reference->policy_files[i];

		r = add(drift, config, before->name, before, policy_text_find(&present, before->name), err);
	}
	for (size_t i = 0; r >= 0 && i < drift->now.count; i++) {
		const struct policy_file *after = &drift->now.files[i];

		if (!policy_text_find(&signed_texts, after->name))
			r = add(drift, config, after->name, NULL, after, err);
	}
	return r;
}

int policy_drift_new(const struct place *place, const struct reference *reference, struct diff_sink next,
		     struct policy_drift **ret_drift, struct err *err)
{
	CLEANUP(policy_drift_freep) struct policy_drift *drift = calloc(1, sizeof(*drift));
	CLEANUP(freep) char *config = NULL;
	int r;

	if (!drift)
		return err_nomem(err);
	drift->next = next;
	if (reference->installed) {
		config = realpath(place->config, NULL);
		/* without the folder all of its files are gone */
		r = reference->config_dirfd < 0 ? 0 : policy_set_load(reference->config_dirfd, &drift->now, err);
		if (r < 0 && r != ERR_INTERNAL) {
			(void)snprintf(drift->problem, sizeof(drift->problem), "%s", err->message);
			r = 0;
		}
		if (r >= 0)
			r = compare(drift, config ? config : place->config, reference, err);
		if (r < 0)
			return r;
	}
	*ret_drift = STEAL(drift);
	return 0;
}

static int on_change(void *context, const struct change *change, struct err *err)
{
	struct policy_drift *drift = context;
	struct change raised = *change;

	for (size_t i = 0; i < drift->count; i++) {
		if (bytes_equal(change->path, bytes_of(drift->files[i].path))) {
			drift->files[i].told = true;
			raised.severity = SEVERITY_CRITICAL;
		}
	}
	return drift->next.change(drift->next.context, &raised, err);
}

static int on_unexamined(void *context, const struct unexamined *unexamined, struct err *err)
{
	struct policy_drift *drift = context;

	return drift->next.unexamined(drift->next.context, unexamined, err);
}

struct diff_sink policy_drift_sink(struct policy_drift *drift)
{
	return (struct diff_sink){ .change = on_change, .unexamined = on_unexamined, .context = drift };
}

static int tell(struct policy_drift *drift, const struct drifted *file, struct diff_counts *counts, struct err *err)
{
	struct change change = { .path = file->before.path, .severity = SEVERITY_CRITICAL, .rule = "built-in" };

	change.before = file->before.value ? &file->before : NULL;
	change.after = file->after.value ? &file->after : NULL;
	if (change.before && change.after) {
		change.kind = CHANGE_CHANGED;
		change.attributes = entry_differs(change.before, change.after) | ATTR_BIT(ATTR_CONTENT);
		counts->changed++;
	} else if (change.before) {
		change.kind = CHANGE_REMOVED;
		counts->removed++;
	} else {
		change.kind = CHANGE_ADDED;
		counts->added++;
	}
	return drift->next.change(drift->next.context, &change, err);
}

int policy_drift_finish(struct policy_drift *drift, struct comparison *comparison, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < drift->count; i++) {
		if (!drift->files[i].told)
			r = tell(drift, &drift->files[i], &comparison->summary.counts, err);
	}
	if (r < 0 || drift->count == 0)
		return r;
	if (drift->problem[0])
		return comparison_note(comparison, err, "the policy files can't be read, the signed policy judges: %s",
				       drift->problem);
	return comparison_note(comparison, err,
			       "the policy files differ from the signed policy, which judges: %s%s; sign them with "
			       "`tally accept --policy` or put the old ones back",
			       QUOTE(drift->files[0].path), drift->count > 1 ? " and others" : "");
}
