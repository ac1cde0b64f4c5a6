/*
 * explain.c - why a path is judged as it is: rules, record, present state.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "ops/config.h"
#include "ops/reference.h"
#include "ops/survey.h"

void explanation_freep(struct explanation **explanation)
{
	struct explanation *gone = *explanation;

	if (!gone)
		return;
	entry_copy_freep(&gone->recorded);
	entry_copy_freep(&gone->present);
	policy_freep(&gone->policy);
	texts_freep(&gone->texts);
	free(gone->rules);
	free(gone);
	*explanation = NULL;
}

/* The policy files as they are, where there is no baseline yet. */
static int use_files(const struct place *place, struct explanation *explanation, struct err *err)
{
	explanation->policy_from =
		texts_printf(explanation->texts, "the policy files in %s; there is no baseline yet", place->config);
	if (!explanation->policy_from)
		return err_nomem(err);
	return op_policy(place, NULL, &explanation->policy, err);
}

static int use_signed(struct reference *reference, struct explanation *explanation, struct err *err)
{
	CLEANUP(tree_freep) struct tree *tree = NULL;
	struct bytes path = bytes_of(explanation->path);
	const struct entry *entry;
	int r;

	explanation->signed_policy = true;
	explanation->policy_from = texts_printf(explanation->texts, "the signed policy of generation %llu",
						(unsigned long long)reference->sequence);
	if (!explanation->policy_from)
		return err_nomem(err);
	r = reference_tree(reference, &tree, err);
	while (r >= 0 && (r = tree_next(tree, &entry, err)) > 0) {
		if (bytes_equal(entry->path, path))
			r = entry_copy(entry, &explanation->recorded, err);
	}
	explanation->policy = STEAL(reference->policy);
	return r;
}

static int look(const struct talk *talk, const struct mount *mounts, size_t mount_count,
		struct explanation *explanation, struct err *err)
{
	CLEANUP(sys_mounts_done) struct sys_mounts system = { .mounts = NULL };
	CLEANUP(pairs_freep) struct pairs *scan = NULL;
	struct bytes path = bytes_of(explanation->path);
	struct scan_options options = {
		.root = "/",
		.policy = explanation->policy,
		.paths = &path,
		.path_count = 1,
		.mounts = &system,
		.reference_mounts = mounts,
		.reference_mount_count = mount_count,
		.interrupted = talk ? talk->interrupted : NULL,
	};
	struct pair pair;
	int r;

	r = sys_mounts_load(NULL, &system, err);
	if (r >= 0)
		r = scan_new(&options, &scan, err);
	if (r >= 0)
		r = pairs_next(scan, &pair, err); /* the path itself comes before what is below it */
	if (r > 0 && pair.b && bytes_equal(pair.b->path, path))
		r = entry_copy(pair.b, &explanation->present, err);
	return r;
}

static int decide(struct explanation *explanation, struct err *err)
{
	const struct entry_copy *known = explanation->present ? explanation->present : explanation->recorded;
	bool is_dir = known && known->entry.type == TYPE_DIR;
	struct bytes path = bytes_of(explanation->path);

	explanation->rules = calloc(policy_rule_count(explanation->policy) + 1, sizeof(*explanation->rules));
	if (!explanation->rules)
		return err_nomem(err);
	explanation->rule_count = policy_matches(explanation->policy, path, is_dir, explanation->rules);
	policy_decide(explanation->policy, path, is_dir, &explanation->decision);
	if (explanation->recorded && explanation->present)
		explanation->differs = entry_differs(&explanation->recorded->entry, &explanation->present->entry);
	return 0;
}

int op_explain(const struct place *place, const char *path, const struct talk *talk,
	       struct explanation **ret_explanation, struct err *err)
{
	CLEANUP(explanation_freep) struct explanation *explanation = calloc(1, sizeof(*explanation));
	CLEANUP(reference_done) struct reference reference = REFERENCE_INIT;
	CLEANUP(freep) char *resolved = NULL;
	int r;

	if (!explanation)
		return err_nomem(err);
	r = texts_new(&explanation->texts, err);
	if (r >= 0)
		r = path_resolve(path, &resolved, err);
	if (r < 0)
		return r;
	explanation->path = texts_add(explanation->texts, resolved);
	if (!explanation->path)
		return err_nomem(err);
	r = reference_open(place, &reference, err);
	if (r >= 0)
		r = use_signed(&reference, explanation, err);
	else if (r == ERR_NOINPUT && !place->baseline)
		r = use_files(place, explanation, err);
	if (r >= 0)
		r = look(talk, reference.mounts, reference.mount_count, explanation, err);
	if (r >= 0)
		r = decide(explanation, err);
	if (r < 0)
		return r;
	*ret_explanation = STEAL(explanation);
	return 0;
}
