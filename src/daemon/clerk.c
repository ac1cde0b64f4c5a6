/* clerk.c - see clerk.h. */
#include "daemon/clerk.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "daemon/overlay.h"
#include "ops/weighing.h"
#include "sys/xattr.h"

struct clerk {
	pthread_t thread;
	bool started;
	const struct place *place;
	struct drift *drift;
	struct mailbox in, *out;
	atomic_bool stop;
};

struct job {
	struct mail mail; /* first */
	struct stand *before; /* a load: see stand_load() */
	struct stand_loaded *loaded; /* what it will be told by; NULL for a query */
	struct view *view; /* a query */
	struct path_list paths;
	bool verify;
	struct answer *answer;
	struct mates *mates; /* names of inodes */
	uint64_t *inodes;
	size_t inode_count;
};

static void job_free(struct mail *mail)
{
	struct job *job = (struct job *)mail;

	stand_unrefp(&job->before);
	view_unrefp(&job->view);
	path_list_done(&job->paths);
	if (job->loaded)
		job->loaded->mail.free(&job->loaded->mail);
	if (job->answer)
		job->answer->mail.free(&job->answer->mail);
	if (job->mates)
		job->mates->mail.free(&job->mates->mail);
	free(job->inodes);
	free(job);
}

static void loaded_free(struct mail *mail)
{
	struct stand_loaded *loaded = (struct stand_loaded *)mail;

	stand_unrefp(&loaded->stand);
	free(loaded);
}

static void answer_free(struct mail *mail)
{
	struct answer *answer = (struct answer *)mail;

	comparison_freep(&answer->comparison);
	free(answer);
}

/* ---- a query ---- */

struct query {
	struct reference reference; /* the stand's, with folders as they are now; borrows everything but config_dirfd */
	struct baseline *baseline; /* this thread's own connection */
	struct path_list asked;
	struct weighing weighing;
	struct pairs *pairs;
};

static void query_done(struct query *query)
{
	pairs_freep(&query->pairs);
	weighing_done(&query->weighing);
	path_list_done(&query->asked);
	baseline_freep(&query->baseline);
	fd_closep(&query->reference.config_dirfd);
}

/* The generation is the one that was proved; policy files and `seen` are looked at anew, as a check would. */
static int refresh(struct query *query, const struct place *place, const struct stand *stand, struct err *err)
{
	struct err ignored = ERR_INIT;
	struct seen seen;
	int r;

	query->reference = stand->reference;
	query->reference.config_dirfd = -1;
	if (seen_load(stand->reference.state_dirfd, "seen", &seen, &ignored) == 0)
		query->reference.seen = seen;
	r = config_dir_open(place->config, &query->reference.config_dirfd, err);
	return r == ERR_NOINPUT ? 0 : r;
}

/* Does PATH run through a recorded link? Then it is only another spelling of a path that was asked for, too. */
static int is_spelling(struct query *query, struct bytes path, bool *ret_spelling, struct err *err)
{
	*ret_spelling = false;
	for (path = path_parent(path); path.len > 1 && !*ret_spelling; path = path_parent(path)) {
		const struct entry *row;
		int r = baseline_find(query->baseline, path, &row, err);

		if (r < 0)
			return r;
		*ret_spelling = r > 0 && (row->value & ATTR_BIT(ATTR_TYPE)) && row->type == TYPE_SYMLINK;
	}
	return 0;
}

static int find_asked(struct query *query, const struct path_list *paths, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < paths->count; i++) {
		bool spelling;

		r = is_spelling(query, paths->paths[i], &spelling, err);
		if (r >= 0 && !spelling)
			r = path_list_add(&query->asked, paths->paths[i], err);
	}
	return r;
}

static int weigh(struct clerk *clerk, struct query *query, const struct path_list *paths,
		 struct comparison **ret_comparison, struct err *err)
{
	struct overlay_options options = {
		.baseline = query->baseline, .drift = clerk->drift, .paths = paths, .interrupted = &clerk->stop
	};
	uint64_t rest;
	int r;

	r = weighing_begin(&query->weighing, err);
	if (r < 0)
		return r;
	options.blind = weighing_blind(&query->weighing, &options.blind_count);
	r = overlay_new(&options, &query->pairs, err);
	if (r >= 0)
		r = weighing_run(&query->weighing, query->pairs, err);
	if (r >= 0)
		r = overlay_rest(query->pairs, &rest, err);
	if (r < 0)
		return r;
	query->weighing.comparison->summary.counts.examined += rest;
	return weighing_end(&query->weighing, false, ret_comparison, err);
}

static int answer_query(struct clerk *clerk, const struct job *job, struct comparison **ret_comparison, struct err *err)
{
	CLEANUP(query_done) struct query query = { .reference = REFERENCE_INIT };
	const struct view *view = job->view;
	int r;

	query.weighing = (struct weighing){ .place = clerk->place,
					    .reference = &query.reference,
					    .mounts = { view->mounts, view->mount_count },
					    .paths = &job->paths,
					    .asked = &query.asked,
					    .believe_rotated = !job->verify,
					    .interrupted = &clerk->stop };
	r = refresh(&query, clerk->place, view->stand, err);
	if (r >= 0)
		r = stand_connect(view->stand, &query.baseline, err);
	if (r >= 0)
		r = find_asked(&query, &job->paths, err);
	if (r >= 0)
		r = weigh(clerk, &query, &job->paths, ret_comparison, err);
	if (r < 0)
		return r;
	(*ret_comparison)->summary.attributes_not_compared = sys_xattrs_trusted() ? 0 : ATTR_BIT(ATTR_XATTRS);
	return 0;
}

/* ---- the thread ---- */

/* What went well may have tried something that did not: its words are left behind in ERR. */
static void do_job(struct clerk *clerk, struct job *job)
{
	struct err err = ERR_INIT;

	if (job->loaded) {
		if (stand_load(clerk->place, job->before, &clerk->stop, &job->loaded->stand, &err) < 0)
			job->loaded->err = err;
		mailbox_put(clerk->out, &STEAL(job->loaded)->mail);
	} else if (job->mates) {
		mates_find(job->mates, job->view->stand, clerk->drift, job->inodes, job->inode_count);
		mailbox_put(clerk->out, &STEAL(job->mates)->mail);
	} else {
		if (answer_query(clerk, job, &job->answer->comparison, &err) < 0)
			job->answer->err = err;
		mailbox_put(clerk->out, &STEAL(job->answer)->mail);
	}
}

static void *work(void *context)
{
	struct clerk *clerk = context;
	struct mail *mail;

	while ((mail = mailbox_wait(&clerk->in))) {
		if (!atomic_load(&clerk->stop))
			do_job(clerk, (struct job *)mail);
		mail_freep(&mail);
	}
	return NULL;
}

int clerk_new(const struct place *place, struct drift *drift, struct mailbox *out, struct clerk **ret_clerk,
	      struct err *err)
{
	CLEANUP(clerk_freep) struct clerk *clerk = calloc(1, sizeof(*clerk));
	int r;

	if (!clerk)
		return err_nomem(err);
	clerk->place = place;
	clerk->drift = drift;
	clerk->out = out;
	atomic_init(&clerk->stop, false);
	clerk->in.fd = -1;
	r = mailbox_init(&clerk->in, err);
	if (r < 0) {
		free(STEAL(clerk));
		return r;
	}
	r = pthread_create(&clerk->thread, NULL, work, clerk);
	if (r != 0)
		return err_errno_as(err, ERR_INTERNAL, r, "cannot start the clerk");
	clerk->started = true;
	*ret_clerk = STEAL(clerk);
	return 0;
}

void clerk_freep(struct clerk **clerk)
{
	if (!*clerk)
		return;
	atomic_store(&(*clerk)->stop, true);
	mailbox_close(&(*clerk)->in);
	if ((*clerk)->started)
		(void)pthread_join((*clerk)->thread, NULL);
	mailbox_done(&(*clerk)->in);
	free(*clerk);
	*clerk = NULL;
}

/* ---- asking ---- */

static struct job *job_new(void)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job)
		job->mail = (struct mail){ .free = job_free };
	return job;
}

int clerk_load(struct clerk *clerk, struct stand *before, struct err *err)
{
	CLEANUP(mail_freep) struct mail *mail = NULL;
	struct job *job = job_new();

	if (!job)
		return err_nomem(err);
	mail = &job->mail;
	job->loaded = calloc(1, sizeof(*job->loaded));
	if (!job->loaded)
		return err_nomem(err);
	job->loaded->mail = (struct mail){ .kind = MAIL_LOADED, .free = loaded_free };
	job->before = before ? stand_ref(before) : NULL;
	mailbox_put(&clerk->in, STEAL(mail));
	return 0;
}

static int take_paths(struct job *job, const struct clerk_query *query, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < query->path_count; i++) {
		if (job && r >= 0)
			r = path_list_add(&job->paths, query->paths[i], err);
		freep(&query->paths[i].data);
	}
	free(query->paths);
	return r;
}

int clerk_ask(struct clerk *clerk, const struct clerk_query *query, struct err *err)
{
	CLEANUP(mail_freep) struct mail *mail = NULL;
	struct job *job = job_new();
	int r;

	r = take_paths(job, query, err);
	if (!job)
		return err_nomem(err);
	mail = &job->mail;
	job->answer = calloc(1, sizeof(*job->answer));
	if (r >= 0 && !job->answer)
		r = err_nomem(err);
	if (r < 0)
		return r;
	job->answer->mail = (struct mail){ .kind = MAIL_ANSWER, .free = answer_free };
	job->answer->client = query->client;
	job->verify = query->verify;
	job->view = view_ref(query->view);
	mailbox_put(&clerk->in, STEAL(mail));
	return 0;
}

int clerk_mates(struct clerk *clerk, const struct clerk_inodes *wanted, struct view *view, struct err *err)
{
	CLEANUP(mail_freep) struct mail *mail = NULL;
	struct job *job = job_new();

	if (!job) {
		free(wanted->inodes);
		return err_nomem(err);
	}
	mail = &job->mail;
	job->inodes = wanted->inodes;
	job->inode_count = wanted->count;
	job->mates = mates_new(wanted->number);
	if (!job->mates)
		return err_nomem(err);
	job->view = view_ref(view);
	mailbox_put(&clerk->in, STEAL(mail));
	return 0;
}
