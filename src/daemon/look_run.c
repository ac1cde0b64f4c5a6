/*
 * look_run.c - one look: a scan with what is believed as its reference, and the names that differ into messages.
 */
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "daemon/believed.h"
#include "daemon/look_inner.h"
#include "daemon/unseen.h"

enum { LETTER_AGE_MS = 250, NAP_MS = 20, NS_IN_MS = 1000000 };

/* A turn of a look. */
struct turn {
	struct look_lane *lane;
	struct look_job *job;
	struct look_names *letter; /* being written; NULL: none */
	uint64_t letter_ns; /* since then */
	uint64_t started_ns;
	struct unseen unseen; /* directories that could not be looked into */
	struct buf reached; /* the last path that was seen to */
	uint64_t unexamined; /* names that could not be looked for */
};

/* --- messages --- */

struct gauged { /* a message that counts */
	struct look_names names; /* first */
	struct look_gauge *gauge; /* a reference */
};

static void letter_free(struct mail *mail)
{
	struct gauged *gauged = (struct gauged *)(void *)mail;

	for (size_t i = 0; i < gauged->names.count; i++)
		free(gauged->names.names[i].path);
	free(gauged->names.names);
	(void)atomic_fetch_sub(&gauged->gauge->letters, 1);
	if (atomic_fetch_sub(&gauged->gauge->refs, 1) == 1)
		free(gauged->gauge);
	free(gauged);
}

static struct look_names *letter_new(const struct turn *turn)
{
	struct gauged *gauged = calloc(1, sizeof(*gauged));

	if (!gauged)
		return NULL;
	gauged->names.names = calloc(LOOK_NAMES_MAX, sizeof(*gauged->names.names));
	if (!gauged->names.names) {
		free(gauged);
		return NULL;
	}
	gauged->names.mail = (struct mail){ .kind = MAIL_NAMES, .free = letter_free };
	gauged->names.purpose = turn->job->request.purpose;
	gauged->gauge = turn->lane->looker->gauge;
	(void)atomic_fetch_add(&gauged->gauge->refs, 1);
	(void)atomic_fetch_add(&gauged->gauge->letters, 1);
	return &gauged->names;
}

static int wait_for_reader(const struct turn *turn, struct err *err)
{
	const struct looker *looker = turn->lane->looker;
	const struct timespec nap = { .tv_nsec = NAP_MS * NS_IN_MS };

	while (atomic_load(&looker->gauge->letters) >= LOOK_LETTERS_MAX) {
		if (atomic_load(&looker->interrupted))
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		(void)nanosleep(&nap, NULL);
	}
	return 0;
}

static void post(struct turn *turn)
{
	if (turn->letter)
		mailbox_put(turn->lane->looker->out, &STEAL(turn->letter)->mail);
}

static int tell(struct turn *turn, struct bytes path, bool is_dir, struct err *err)
{
	struct look_name *name;
	int r;

	if (!turn->letter) {
		r = wait_for_reader(turn, err);
		if (r < 0)
			return r;
		turn->letter = letter_new(turn);
		turn->letter_ns = time_monotonic_ns();
	}
	if (!turn->letter)
		return err_nomem(err);
	name = &turn->letter->names[turn->letter->count];
	name->path = malloc(path.len + 1);
	if (!name->path)
		return err_nomem(err);
	memcpy(name->path, path.data, path.len);
	name->path[path.len] = '\0';
	name->is_dir = is_dir;
	turn->letter->count++;
	turn->job->done->differing++;
	if (turn->letter->count == LOOK_NAMES_MAX)
		post(turn);
	return 0;
}

/* --- what differs --- */

bool look_differs(const struct entry *believed, const struct entry *present)
{
	uint32_t failed_then = believed->failed, failed_now = present->failed;

	if (entry_differs(believed, present) || (failed_now & ~failed_then))
		return true;
	/* what is left unread is in no mask */
	if (failed_then & (present->value | present->none))
		return true;
	return believed->head != HEAD_UNKNOWN && present->head != HEAD_UNKNOWN && believed->head != present->head;
}

static bool is_dir(const struct entry *entry)
{
	return (entry->value & ATTR_BIT(ATTR_TYPE)) && entry->type == TYPE_DIR;
}

static bool hides_what_is_below(const struct entry *entry)
{
	return (entry->failed & ATTR_BIT(ATTR_TYPE)) || (is_dir(entry) && (entry->failed & ATTR_BIT(ATTR_CONTENT)));
}

static bool in_scope(const struct view *view, struct bytes path, bool dir)
{
	struct decision decision;

	policy_decide(view->policy, path, dir, &decision);
	return decision.in_scope;
}

static int see_present(struct turn *turn, const struct pair *pair, struct err *err)
{
	const struct view *view = turn->job->view;
	const struct entry *present = pair->b;
	int r;

	if (hides_what_is_below(present)) {
		r = unseen_add(&turn->unseen, present->path, err);
		if (r < 0)
			return r;
	}
	if (view->stand && pair->a && !look_differs(pair->a, present))
		return 0;
	/* a directory on the way to the scope, which could not be listed: counted as unexamined, but not judged */
	if (!in_scope(view, present->path, present->type == TYPE_DIR) && !pair->a)
		return 0;
	return tell(turn, present->path, present->type == TYPE_DIR, err);
}

static int see_absent(struct turn *turn, const struct entry *believed, struct err *err)
{
	const struct view *view = turn->job->view;

	if (view_is_blind(view, believed->path) || unseen_covers(&turn->unseen, believed->path)) {
		turn->unexamined++;
		return 0;
	}
	if (!in_scope(view, believed->path, is_dir(believed)))
		return 0;
	return tell(turn, believed->path, is_dir(believed), err);
}

/* --- one turn --- */

static bool must_step_aside(const struct turn *turn)
{
	return atomic_load(&turn->lane->waiting) < (int)turn->job->request.purpose &&
	       time_monotonic_ns() - turn->started_ns > (uint64_t)LOOK_TURN_MS * NS_IN_MS;
}

static bool is_enough(const struct turn *turn, const struct pairs *scan)
{
	const struct look_request *request = &turn->job->request;

	if (request->stop_entries && turn->job->names >= request->stop_entries)
		return true;
	return request->stop_bytes &&
	       turn->job->done->bytes_read + atomic_load(&scan_stats(scan)->bytes_read) >= request->stop_bytes;
}

enum ending { TURN_AT_END, TURN_ENOUGH, TURN_ASIDE };

/* Goes through the pairs. enum ending, or negative. */
static int see_pairs(struct turn *turn, struct pairs *scan, struct err *err)
{
	struct pair pair;
	int r;

	while ((r = pairs_next(scan, &pair, err)) > 0) {
		struct bytes path = pair.b ? pair.b->path : pair.a->path;

		r = pair.b ? see_present(turn, &pair, err) : see_absent(turn, pair.a, err);
		if (r < 0)
			return r;
		buf_clear(&turn->reached);
		if (buf_add(&turn->reached, path.data, path.len) < 0)
			return err_nomem(err);
		turn->job->names++;
		if (turn->letter && time_monotonic_ns() - turn->letter_ns > (uint64_t)LETTER_AGE_MS * NS_IN_MS)
			post(turn);
		if (is_enough(turn, scan))
			return TURN_ENOUGH;
		if (must_step_aside(turn))
			return TURN_ASIDE;
	}
	return r < 0 ? r : TURN_AT_END;
}

static void show_scan(struct look_lane *lane, const struct pairs *scan, const struct look_done *done)
{
	pthread_mutex_lock(&lane->looker->lock);
	lane->scan = scan;
	lane->examined = done->examined;
	lane->bytes_read = done->bytes_read;
	pthread_mutex_unlock(&lane->looker->lock);
}

static void add_stats(const struct turn *turn, const struct pairs *scan)
{
	const struct scan_stats *stats = scan_stats(scan);
	struct look_done *done = turn->job->done;

	done->examined += atomic_load(&stats->examined);
	done->files_read += atomic_load(&stats->files_read);
	done->bytes_read += atomic_load(&stats->bytes_read);
	done->unexamined += atomic_load(&stats->unexamined) + turn->unexamined;
}

static int connect_to(struct look_lane *lane, struct stand *stand, struct err *err)
{
	struct baseline *baseline = NULL;
	int r;

	if (lane->stand == stand)
		return 0;
	r = stand_connect(stand, &baseline, err);
	if (r < 0)
		return r;
	baseline_freep(&lane->baseline);
	if (lane->stand)
		stand_unrefp(&lane->stand);
	lane->baseline = baseline;
	lane->stand = stand_ref(stand);
	return 0;
}

static int make_reference(struct turn *turn, struct tree **ret_tree, struct err *err)
{
	const struct look_request *request = &turn->job->request;
	int r = connect_to(turn->lane, turn->job->view->stand, err);
	const struct believed_options options = {
		.baseline = turn->lane->baseline,
		.drift = turn->lane->looker->drift,
		.paths = request->path_count ? request->paths : NULL,
		.path_count = request->path_count,
		.depth = request->depth,
		.after = request->after,
	};

	return r < 0 ? r : believed_tree(&options, ret_tree, err);
}

static struct scan_options make_options(const struct turn *turn, struct tree *reference)
{
	const struct look_request *request = &turn->job->request;
	const struct view *view = turn->job->view;
	struct scan_options options = {
		.root = "/",
		.policy = view->policy,
		.paths = request->path_count ? request->paths : NULL,
		.path_count = request->path_count,
		.reference = reference,
		.mounts = &view->system,
		.depth = request->depth,
		.after = request->after,
		.quick = request->quick,
		.read_severe = request->quick && request->read_from < SEVERITY_COUNT,
		.read_from = request->read_from,
		.rate_bytes = request->rate_bytes,
		.metadata_only = !view->stand,
		.threads = 1,
		.interrupted = &turn->lane->looker->interrupted,
	};

	options.blind = view_blind(view, &options.blind_count);
	if (view->stand) {
		options.reference_mounts = view->stand->reference.mounts;
		options.reference_mount_count = view->stand->reference.mount_count;
	}
	return options;
}

static int look(struct turn *turn, struct err *err)
{
	CLEANUP(tree_freep) struct tree *reference = NULL;
	CLEANUP(pairs_freep) struct pairs *scan = NULL;
	struct scan_options options;
	int r = 0;

	if (turn->job->view->stand)
		r = make_reference(turn, &reference, err);
	if (r < 0)
		return r;
	options = make_options(turn, reference);
	r = scan_new(&options, &scan, err);
	if (r < 0)
		return r;
	show_scan(turn->lane, scan, turn->job->done);
	r = see_pairs(turn, scan, err);
	post(turn);
	add_stats(turn, scan);
	show_scan(turn->lane, NULL, turn->job->done);
	return r;
}

static void turn_done(struct turn *turn)
{
	unseen_done(&turn->unseen);
	buf_done(&turn->reached);
}

int look_run(struct look_lane *lane, struct look_job *job)
{
	CLEANUP(turn_done) struct turn turn = { .lane = lane, .job = job, .started_ns = time_monotonic_ns() };
	struct look_done *done = job->done;
	struct err err = ERR_INIT;
	int r = look(&turn, &err);

	/* what went well may have tried something that did not */
	if (r < 0)
		done->err = err;
	post(&turn);
	if (r == TURN_ASIDE) {
		free((void *)(uintptr_t)job->request.after.data);
		job->request.after = (struct bytes){ turn.reached.data, turn.reached.len };
		turn.reached = BUF_INIT;
		return 1;
	}
	done->ended = r == TURN_AT_END;
	if (r != TURN_AT_END) {
		done->reached = turn.reached;
		turn.reached = BUF_INIT;
	}
	return 0;
}
