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

/* The recorded entry as a reference for the scan: how much of a growing log to hash follows from it. */
struct single {
	struct tree tree;
	const struct entry *entry;
};

static int single_next(struct tree *tree, const struct entry **ret_entry, struct err *err)
{
	struct single *single = (struct single *)(void *)tree;

	(void)err;
	if (!single->entry)
		return 0;
	*ret_entry = STEAL(single->entry);
	return 1;
}

static int look(const struct talk *talk, const struct mount *mounts, size_t mount_count,
		struct explanation *explanation, struct err *err)
{
	CLEANUP(sys_mounts_done) struct sys_mounts system = { .mounts = NULL };
	CLEANUP(pairs_freep) struct pairs *scan = NULL;
	struct single recorded = { .tree = { .kind = "baseline", .name = "", .gives = ATTR_ALL, .next = single_next } };
	struct bytes path = bytes_of(explanation->path);
	struct scan_options options = {
		.root = "/",
		.policy = explanation->policy,
		.paths = &path,
		.path_count = 1,
		.reference = &recorded.tree,
		.mounts = &system,
		.reference_mounts = mounts,
		.reference_mount_count = mount_count,
		.interrupted = talk ? talk->interrupted : NULL,
	};
	struct pair pair;
	int r;

	recorded.entry = explanation->recorded ? &explanation->recorded->entry : NULL;
	r = sys_mounts_load(NULL, &system, err);
	if (r == ERR_NOINPUT) { /* rules and record are worth telling without it */
		explanation->not_looked = texts_add(explanation->texts, err->message);
		return explanation->not_looked ? 0 : err_nomem(err);
	}
	if (r >= 0)
		r = scan_new(&options, &scan, err);
	if (r >= 0)
		r = pairs_next(scan, &pair, err); /* the path itself comes before what is below it */
	if (r > 0 && pair.b && bytes_equal(pair.b->path, path))
		r = entry_copy(pair.b, &explanation->present, err);
	return r;
}

struct single_pair {
	struct pairs pairs;
	struct pair pair;
	bool given;
};

static int single_pair_next(struct pairs *pairs, struct pair *ret_pair, struct err *err)
{
	struct single_pair *single = (struct single_pair *)(void *)pairs;

	(void)err;
	if (single->given)
		return 0;
	single->given = true;
	*ret_pair = single->pair;
	return 1;
}

static int on_change(void *context, const struct change *change, struct err *err)
{
	struct explanation *explanation = context;

	(void)err;
	explanation->reported = change->attributes;
	explanation->log = change->log;
	return 0;
}

static int on_unexamined(void *context, const struct unexamined *unexamined, struct err *err)
{
	(void)context, (void)unexamined, (void)err;
	return 0;
}

/* What check would say of the two. */
static int judge(struct explanation *explanation, bool strangers, struct err *err)
{
	struct single_pair single = {
		.pairs = { .next = single_pair_next },
		.pair = { &explanation->recorded->entry, &explanation->present->entry },
	};
	struct diff_options options = { .policy = explanation->policy, .strangers = strangers };
	struct diff_sink sink = { on_change, on_unexamined, explanation };
	struct diff_counts counts = { .examined = 0 };

	explanation->differs = entry_differs(single.pair.a, single.pair.b);
	return diff_run(&single.pairs, &options, &sink, &counts, err);
}

static int decide(struct explanation *explanation, bool strangers, struct err *err)
{
	const struct entry_copy *known = explanation->present ? explanation->present : explanation->recorded;
	bool is_dir = known && known->entry.type == TYPE_DIR;
	struct bytes path = bytes_of(explanation->path);

	explanation->rules = calloc(policy_rule_count(explanation->policy) + 1, sizeof(*explanation->rules));
	if (!explanation->rules)
		return err_nomem(err);
	explanation->rule_count = policy_matches(explanation->policy, path, is_dir, explanation->rules);
	policy_decide(explanation->policy, path, is_dir, &explanation->decision);
	if (!explanation->recorded || !explanation->present)
		return 0;
	return judge(explanation, strangers, err);
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
		r = decide(explanation, explanation->signed_policy && reference.mount_count == 0, err);
	if (r < 0)
		return r;
	*ret_explanation = STEAL(explanation);
	return 0;
}
