/*
 * dirlist.c - the first half of a directory's task: its names.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "scan/dirjob.h"
#include "scan/starts.h"

static void before_call(void *context)
{
	worker_block(context);
}

static bool after_call(void *context)
{
	return worker_unblock(context) && !worker_must_stop(context);
}

static char *problem_text(const char *what, int failure)
{
	char *text = NULL, reason[128];

	if (asprintf(&text, "%s: %s", what, strerror_r(failure, reason, sizeof(reason))) < 0)
		return NULL;
	return text;
}

/* What the directory's entry will say. 0, or -1 when memory is short. */
static int explain(int r, char **ret_problem, enum node_listed *ret_listed)
{
	switch (-r) {
	case ENOENT:
		*ret_listed = LISTED_GONE;
		return 0;
	case ESTALE:
	case ENOTDIR:
	case ELOOP:
		*ret_problem = strdup("changed while it was read");
		break;
	case EFBIG:
		*ret_problem = strdup("more names than fit into 1 GiB");
		break;
	case ENOMEM:
		return -1;
	default:
		*ret_problem = problem_text("cannot list", -r);
		break;
	}
	return *ret_problem ? 0 : -1;
}

/* Names that would make paths longer than may be recorded: left out, and the directory says so. */
static int drop_long_names(struct listing *listing, size_t path_len, char **ret_problem)
{
	size_t kept = 0;

	if (path_len + 1 + UINT16_MAX <= PATH_MAX_BYTES || listing->count == 0)
		return 0;
	for (size_t i = 0; i < listing->count; i++)
		if (path_len + 1 + listing->names[i].len <= PATH_MAX_BYTES)
			listing->names[kept++] = listing->names[i];
	if (kept == listing->count)
		return 0;
	listing->count = kept;
	*ret_problem = strdup("paths in it are longer than 65536 bytes");
	return *ret_problem ? 0 : -1;
}

static int read_names(struct dirjob *job, struct listing *listing)
{
	struct worker *worker = job->worker;
	const struct listing_watch watch = { before_call, after_call, worker };
	struct node *node = job->node;
	int r;

	if (node->partial)
		return starts_listing(job->shared, node->path_len, node->start_low, node->start_high, listing);
	worker_block(worker);
	r = fdcache_pin(&worker->pool->fds, node, &job->dir);
	if (!worker_unblock(worker))
		return -ECANCELED;
	return r < 0 ? r : listing_read(job->dir.fd, worker->buffer, POOL_READ_BYTES, &watch, listing);
}

int dirlist_run(struct dirjob *job)
{
	CLEANUP(listing_done) struct listing listing = { .names = NULL };
	CLEANUP(policy_dir_freep) struct policy_dir *policy_dir = NULL;
	CLEANUP(freep) char *problem = NULL;
	enum node_listed listed = LISTED_YES;
	struct worker *worker = job->worker;
	const struct node *parent = job->node->parent;
	struct bytes path = { worker->path.data, worker->path.len };
	struct err err;
	int r;

	if (path.len == 0)
		path = bytes_of("/");
	r = policy_dir_new(job->shared->options.policy, parent ? parent->policy_dir : NULL, path, &policy_dir, &err);
	if (r < 0)
		return -1;
	r = read_names(job, &listing);
	if (r == -ECANCELED)
		return r;
	if (r < 0 ? explain(r, &problem, &listed) < 0 : drop_long_names(&listing, path.len, &problem) < 0)
		return -1;
	pool_publish_listing(worker->pool, job->node, &listing, STEAL(policy_dir), STEAL(problem), listed);
	listing = (struct listing){ .names = NULL };
	return 0;
}
