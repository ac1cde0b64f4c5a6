/* judge.c - see judge.h. */
#include "daemon/judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/timefmt.h"
#include "daemon/dirty.h"
#include "scan/scan.h"

struct judge {
	pthread_t thread;
	bool started;
	struct mailbox in;
	struct mailbox *out; /* borrowed */
	atomic_bool stop;
	struct stand *stand; /* a reference: whose file `baseline` reads */
	struct baseline *baseline;
};

/* ---- the batch ---- */

static void batch_free(struct mail *mail)
{
	struct judged_batch *batch = (struct judged_batch *)mail;

	for (size_t i = 0; i < batch->count; i++) {
		free(batch->names[i].item);
		entry_copy_freep(&batch->names[i].now);
		free(batch->names[i].problem);
	}
	free(batch->names);
	view_unrefp(&batch->view);
	free(batch);
}

static int by_path(const void *a, const void *b)
{
	return path_compare(((const struct judged_name *)a)->item->path, ((const struct judged_name *)b)->item->path);
}

struct judged_batch *judged_batch_new(struct view *view, bool large, struct dirty_item **items, size_t count)
{
	struct judged_batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		return NULL;
	batch->names = calloc(count, sizeof(*batch->names));
	if (!batch->names) {
		free(batch);
		return NULL;
	}
	batch->mail = (struct mail){ .kind = MAIL_JUDGED, .free = batch_free };
	batch->view = view_ref(view);
	batch->large = large;
	batch->count = count;
	for (size_t i = 0; i < count; i++)
		batch->names[i].item = items[i];
	qsort(batch->names, count, sizeof(*batch->names), by_path);
	return batch;
}

/* ---- the recorded rows of exactly these names, as a tree ---- */

struct rows {
	struct tree tree; /* first */
	struct baseline *baseline;
	const struct judged_batch *batch;
	size_t at;
};

static int rows_next(struct tree *tree, const struct entry **ret_entry, struct err *err)
{
	struct rows *rows = (struct rows *)(void *)tree;

	while (rows->at < rows->batch->count) {
		int r = baseline_find(rows->baseline, rows->batch->names[rows->at++].item->path, ret_entry, err);

		if (r != 0)
			return r;
	}
	return 0;
}

/* ---- one batch ---- */

static int connect_to(struct judge *judge, struct stand *stand, struct err *err)
{
	struct baseline *baseline = NULL;
	int r;

	if (judge->stand == stand)
		return 0;
	r = stand_connect(stand, &baseline, err);
	if (r < 0)
		return r;
	baseline_freep(&judge->baseline);
	if (judge->stand)
		stand_unrefp(&judge->stand);
	judge->baseline = baseline;
	judge->stand = stand_ref(stand);
	return 0;
}

static bool was_left_unread(const struct entry *entry)
{
	const uint32_t content = ATTR_BIT(ATTR_CONTENT);

	return entry->type == TYPE_FILE && (entry->value & ATTR_BIT(ATTR_SIZE)) && entry->size > JUDGE_SMALL_BYTES &&
	       !((entry->value | entry->none | entry->failed) & content);
}

static int set_present(const struct judged_batch *batch, struct judged_name *name, const struct entry *now,
		       struct err *err)
{
	if (!batch->large && was_left_unread(now)) {
		name->state = JUDGED_LARGE;
		return 0;
	}
	name->state = JUDGED_PRESENT;
	return entry_copy(now, &name->now, err);
}

/* Nothing is known of what lies below a directory that could not be looked into. */
static void set_unknown_below(struct judged_batch *batch, size_t from, const struct entry *dir)
{
	for (size_t i = from; i < batch->count; i++) {
		struct judged_name *name = &batch->names[i];

		if (!path_covers(dir->path, name->item->path) || bytes_equal(dir->path, name->item->path))
			continue;
		name->state = JUDGED_UNKNOWN;
		if (!name->problem)
			name->problem = strndup((const char *)dir->problem.data, dir->problem.len);
	}
}

static bool hides_what_is_below(const struct entry *entry)
{
	return (entry->failed & ATTR_BIT(ATTR_TYPE)) ||
	       (entry->type == TYPE_DIR && (entry->failed & ATTR_BIT(ATTR_CONTENT)));
}

/* Every name is absent until a pair shows it. */
static int take_pairs(struct judged_batch *batch, struct pairs *scan, struct err *err)
{
	struct pair pair;
	size_t at = 0;
	int r;

	while ((r = pairs_next(scan, &pair, err)) > 0) {
		struct bytes path = pair.b ? pair.b->path : pair.a->path;

		while (at < batch->count && path_compare(batch->names[at].item->path, path) < 0)
			at++;
		if (pair.b && hides_what_is_below(pair.b))
			set_unknown_below(batch, at, pair.b);
		if (!pair.b || at == batch->count || !bytes_equal(batch->names[at].item->path, path))
			continue;
		r = set_present(batch, &batch->names[at], pair.b, err);
		if (r < 0)
			return r;
	}
	return r;
}

static int examine(struct judge *judge, struct judged_batch *batch, struct err *err)
{
	CLEANUP(pairs_freep) struct pairs *scan = NULL;
	CLEANUP(freep) struct bytes *paths = calloc(batch->count, sizeof(*paths));
	const struct view *view = batch->view;
	struct rows rows = { .tree = { "baseline", "", ATTR_ALL, rows_next, NULL }, .batch = batch };
	struct scan_options options = {
		.root = "/",
		.policy = view->policy,
		.paths = paths,
		.path_count = batch->count,
		.depth = SCAN_SELF,
		.reference = &rows.tree,
		.mounts = &view->system,
		.reference_mounts = view->stand->reference.mounts,
		.reference_mount_count = view->stand->reference.mount_count,
		.read_below = batch->large ? 0 : JUDGE_SMALL_BYTES,
		.threads = 1,
		.interrupted = &judge->stop,
	};
	int r;

	if (!paths)
		return err_nomem(err);
	options.blind = view_blind(view, &options.blind_count);
	for (size_t i = 0; i < batch->count; i++)
		paths[i] = batch->names[i].item->path;
	r = connect_to(judge, view->stand, err);
	if (r < 0)
		return r;
	rows.baseline = judge->baseline;
	r = scan_new(&options, &scan, err);
	return r < 0 ? r : take_pairs(batch, scan, err);
}

static void *work(void *context)
{
	struct judge *judge = context;
	struct mail *mail;

	while ((mail = mailbox_wait(&judge->in))) {
		struct judged_batch *batch = (struct judged_batch *)mail;
		uint64_t started = time_monotonic_ns();
		struct err err = ERR_INIT;

		/* what went well may have tried something that did not: its words do not count */
		batch->err = ERR_INIT;
		if (examine(judge, batch, &err) < 0)
			batch->err = err;
		for (size_t i = 0; i < batch->count; i++)
			batch->names[i].cost_ns = (time_monotonic_ns() - started) / batch->count;
		mailbox_put(judge->out, &batch->mail);
	}
	return NULL;
}

int judge_new(struct mailbox *out, struct judge **ret_judge, struct err *err)
{
	CLEANUP(judge_freep) struct judge *judge = calloc(1, sizeof(*judge));
	int r;

	if (!judge)
		return err_nomem(err);
	judge->out = out;
	r = mailbox_init(&judge->in, err);
	if (r < 0) {
		free(STEAL(judge));
		return r;
	}
	r = pthread_create(&judge->thread, NULL, work, judge);
	if (r != 0)
		return err_errno_as(err, ERR_INTERNAL, r, "cannot start a judge");
	judge->started = true;
	*ret_judge = STEAL(judge);
	return 0;
}

void judge_freep(struct judge **judge)
{
	if (!*judge)
		return;
	atomic_store(&(*judge)->stop, true);
	mailbox_close(&(*judge)->in);
	if ((*judge)->started)
		(void)pthread_join((*judge)->thread, NULL);
	mailbox_done(&(*judge)->in);
	baseline_freep(&(*judge)->baseline);
	if ((*judge)->stand)
		stand_unrefp(&(*judge)->stand);
	free(*judge);
	*judge = NULL;
}

void judge_ask(struct judge *judge, struct judged_batch *batch)
{
	mailbox_put(&judge->in, &batch->mail);
}
