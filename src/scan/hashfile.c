/*
 * hashfile.c - see hashfile.h.
 *
 * A digest belongs to an entry only if the file, asked through the descriptor after the last byte was read, still has
 * inode, device, size and times of that entry. Otherwise the name is examined afresh and read again, a few times.
 */
#include "scan/hashfile.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "scan/pace.h"
#include "scan/stall.h"
#include "scan/worker.h"
#include "sys/file.h"

enum {
	ATTEMPTS = 4,
	LEASE_WAIT_MS = 1000, /* for one file */
	LEASE_TOTAL_MS = 5000, /* for all of a scan: any user can hold leases on thousands of files */
	LEASE_NAP_MS = 20,
	ENDLESS_MAX = 16 << 20 /* of a file without a size, on a file system that has no disk */
};

struct batch *batch_new(size_t capacity)
{
	struct batch *batch = malloc(sizeof(*batch) + capacity * sizeof(struct hash_item));

	if (!batch)
		return NULL;
	*batch = (struct batch){ .capacity = capacity };
	atomic_init(&batch->refs, 1);
	return batch;
}

struct batch *batch_ref(struct batch *batch)
{
	(void)atomic_fetch_add_explicit(&batch->refs, 1, memory_order_relaxed);
	return batch;
}

void batch_unrefp(struct batch **batch)
{
	struct batch *old = *batch;

	*batch = NULL;
	if (!old || atomic_fetch_sub_explicit(&old->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < old->count; i++) {
		chunk_unrefp(&old->items[i].chunk);
		if (old->items[i].fresh)
			chunk_unrefp(&old->items[i].fresh);
	}
	free(old);
}

/* One file being read. */
struct job {
	struct worker *worker;
	struct hash_item *item;
	struct pinned *dir;
	const struct entry *expected;
	int fd;
	bool growing, endless;
	uint64_t limit; /* bytes to hash */
	struct digest_state digest;
};

/* What came of one attempt. */
enum attempt { ATTEMPT_DONE, ATTEMPT_AGAIN };

static enum attempt failed(struct job *job, const char *what, int failure)
{
	char reason[128];

	job->item->outcome = HASH_FAILED;
	(void)snprintf(job->item->problem, sizeof(job->item->problem), "%s%s%s", what, failure ? ": " : "",
		       failure ? strerror_r(failure, reason, sizeof(reason)) : "");
	return ATTEMPT_DONE;
}

/* Somebody's write lease makes an open that does not block fail; the kernel has told them, and they may let go. */
static int open_leased(struct job *job)
{
	const struct timespec nap = { .tv_nsec = LEASE_NAP_MS * 1000000L };
	int fd = -EWOULDBLOCK;

	for (int waited = 0; waited < LEASE_WAIT_MS && fd == -EWOULDBLOCK; waited += LEASE_NAP_MS) {
		if (atomic_fetch_add(&job->worker->pool->lease_waits, 1) >= LEASE_TOTAL_MS / LEASE_NAP_MS)
			return fd;
		if (worker_must_stop(job->worker))
			return -ECANCELED;
		worker_progress(job->worker);
		(void)nanosleep(&nap, NULL);
		fd = sys_open_file(job->dir->fd, job->item->child->name, job->dir->by_name);
	}
	return fd;
}

/* True with job->fd open; else *ret_attempt says how to go on. */
static bool open_file(struct job *job, enum attempt *ret_attempt)
{
	int fd = sys_open_file(job->dir->fd, job->item->child->name, job->dir->by_name);

	if (fd == -EWOULDBLOCK)
		fd = open_leased(job);
	job->fd = fd;
	if (fd >= 0)
		return true;
	switch (-fd) {
	case ENOENT:
	case EBADMSG: /* no regular file any more */
	case ELOOP:
	case ENXIO:
		*ret_attempt = ATTEMPT_AGAIN;
		break;
	case EWOULDBLOCK:
		*ret_attempt = failed(job, "held under a lease by another process", 0);
		break;
	case ENOSYS:
		*ret_attempt = failed(job, "cannot open: no /proc to open it through", 0);
		break;
	default:
		*ret_attempt = failed(job, "cannot open", -fd);
		break;
	}
	return false;
}

/* One read: bytes, 0 at the end, negative errno. The worker may be abandoned in it: -ECANCELED. */
static ssize_t read_some(struct job *job, size_t want)
{
	ssize_t n;

	want = pace_piece(&job->worker->pool->pace, want);
	do
		n = read(job->fd, job->worker->buffer, want);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		n = -errno;
	worker_progress(job->worker);
	if (n > 0)
		(void)atomic_fetch_add_explicit(&job->worker->pool->stats.bytes_read, (uint64_t)n,
						memory_order_relaxed);
	if (n > 0)
		pace_wait(job->worker, (size_t)n);
	return worker_must_stop(job->worker) ? -ECANCELED : n;
}

/* Longer than the caller of the scan wants to wait for? */
static bool is_too_long(const struct job *job)
{
	uint64_t bound = job->worker->pool->shared->options.read_below;

	return bound && !job->endless && job->limit > bound;
}

/* The first bytes have been seen: is the file a program after all, or none so that reading ends here? */
static bool look_at_head(struct job *job, size_t len)
{
	const struct entry *entry = job->expected;
	struct hash_item *item = job->item;

	if (item->want == WANT_WHOLE)
		return true;
	item->head = entry_head(job->worker->buffer, len);
	if (item->head == HEAD_ELF) {
		job->growing = false;
		job->limit = entry->size;
		if (is_too_long(job))
			return false;
	}
	return item->want != WANT_PROGRAM || entry_is_program(entry) || item->head == HEAD_ELF;
}

/* Hashes up to the limit. 1 when it is no program and nothing is wanted, 0, or a negative errno; *ret_done tells the
 * bytes hashed. */
static int read_content(struct job *job, uint64_t *ret_done)
{
	size_t want = job->item->want == WANT_PROGRAM && !entry_is_program(job->expected) ? 4096 : POOL_READ_BYTES;
	uint64_t done = 0;
	ssize_t n;

	digest_init(&job->digest);
	while (done < job->limit) {
		if (want > job->limit - done)
			want = (size_t)(job->limit - done);
		n = read_some(job, want);
		if (n < 0)
			return (int)n;
		if (done == 0 && !look_at_head(job, (size_t)n))
			return 1;
		if (n == 0)
			break;
		digest_update(&job->digest, job->worker->buffer, (size_t)n);
		done += (uint64_t)n;
		want = POOL_READ_BYTES;
	}
	*ret_done = done;
	return 0;
}

/* How much to read of what the entry says. False when that is too much: then the outcome is there. */
static bool set_limit(struct job *job)
{
	const struct entry *entry = job->expected;
	struct hash_item *item = job->item;
	uint64_t max = policy_max_content(job->worker->pool->shared->options.policy);

	job->growing = item->want == WANT_GROWING && !entry_is_program(entry);
	job->limit = entry->size;
	if (job->growing && item->prefix < entry->size)
		job->limit = item->prefix;
	item->outcome = HASH_NONE;
	job->endless = entry->size == 0 && !item->chunk->node->disk && entry->blocks == 0;
	if (job->endless)
		job->limit = ENDLESS_MAX;
	if (job->limit <= max)
		return !is_too_long(job) || (item->want == WANT_PROGRAM && !entry_is_program(entry));
	content_too_large(job->worker->pool->shared->options.policy, item->problem, sizeof(item->problem));
	item->outcome = HASH_FAILED;
	return false;
}

/* Opens, reads and asks again. Runs bracketed: only what is the worker's own or referenced. */
static enum attempt read_once(struct job *job)
{
	CLEANUP(fd_closep) int fd = -1;
	struct hash_item *item = job->item;
	enum attempt attempt = ATTEMPT_AGAIN;
	struct statx now;
	uint64_t done = 0;
	int r, stat_error;

	if (!open_file(job, &attempt))
		return attempt;
	fd = job->fd;
	item->head = HEAD_UNKNOWN;
	r = read_content(job, &done);
	if (r < 0)
		return r == -EISDIR ? ATTEMPT_AGAIN : failed(job, "cannot read", -r);
	stat_error = sys_stat(fd, "", &now);
	if (stat_error < 0)
		return failed(job, "cannot stat", -stat_error);
	if (!meta_same(job->expected, &now, job->growing) || (r == 0 && !job->endless && done != job->limit))
		return ATTEMPT_AGAIN;
	item->outcome = r == 1 ? HASH_NONE : HASH_DONE;
	item->digest_bytes = done;
	if (r == 0)
		digest_final(&job->digest, item->digest);
	return ATTEMPT_DONE;
}

/* The name anew: 1 a regular file again, 0 settled, -1, -ECANCELED. */
static int examine_again(struct job *job)
{
	struct worker *worker = job->worker;
	struct hash_item *item = job->item;
	CLEANUP(chunk_unrefp) struct chunk *fresh = chunk_new(1);
	struct meta_raw raw;

	if (!fresh)
		return -1;
	worker_block(worker);
	meta_ask(job->dir, item->child->name, false, &worker->space, &raw);
	if (!worker_unblock(worker))
		return -ECANCELED;
	if (raw.stat_error == -ENOENT) {
		item->outcome = HASH_GONE;
		return 0;
	}
	fresh->children[0] = (struct child){ .name = item->child->name };
	fresh->count = 1;
	if (meta_entry(&raw, &worker->space, &worker->pool->shared->names, 0, &fresh->arena,
		       &fresh->children[0].entry) < 0)
		return -1;
	if (item->fresh)
		chunk_unrefp(&item->fresh);
	item->fresh = STEAL(fresh);
	job->expected = &item->fresh->children[0].entry;
	item->outcome = HASH_NONE;
	return raw.stat_error == 0 && job->expected->type == TYPE_FILE;
}

static int hash_file(struct job *job)
{
	enum attempt attempt;
	int r;

	for (int i = 0; i < ATTEMPTS; i++) {
		if (i > 0) {
			r = examine_again(job);
			if (r <= 0)
				return r;
		}
		if (!set_limit(job))
			return 0;
		if (job->expected->size == 0 && !job->endless) {
			job->item->head = job->item->want == WANT_WHOLE ? HEAD_UNKNOWN : HEAD_PLAIN;
			job->item->outcome = job->item->want == WANT_PROGRAM && !entry_is_program(job->expected)
						     ? HASH_NONE
						     : HASH_DONE;
			job->item->digest_bytes = 0;
			digest_init(&job->digest);
			digest_final(&job->digest, job->item->digest);
			return 0;
		}
		worker_block(job->worker);
		attempt = read_once(job);
		if (!worker_unblock(job->worker) || worker_must_stop(job->worker))
			return -ECANCELED;
		if (attempt == ATTEMPT_DONE)
			return 0;
	}
	(void)failed(job, "changed while it was read", 0);
	return 0;
}

static int enter(struct worker *worker, struct node *node, struct pinned *dir)
{
	int r;

	if (dir->node == node)
		return 0;
	worker_block(worker);
	fdcache_unpin(&worker->pool->fds, dir);
	r = fdcache_pin(&worker->pool->fds, node, dir);
	return worker_unblock(worker) ? r : -ECANCELED;
}

static int hash_item(struct worker *worker, struct hash_item *item, struct pinned *dir)
{
	struct job job = { .worker = worker, .item = item, .dir = dir, .expected = &item->child->entry };
	struct node *node = item->chunk->node;
	int r;

	if (atomic_load_explicit(&node->stalls, memory_order_relaxed) >= POOL_NODE_STALLS_MAX) {
		(void)failed(&job, stall_problem, 0);
		return 0;
	}
	r = enter(worker, node, dir);
	switch (-r) {
	case 0:
		return hash_file(&job);
	case ECANCELED:
	case ENOMEM:
		return r;
	case ENOENT:
		item->outcome = HASH_GONE;
		return 0;
	default:
		(void)failed(&job, "cannot open its directory", -r);
		return 0;
	}
}

int hashfile_batch(struct worker *worker, struct batch *batch)
{
	struct pinned dir = { .node = NULL };
	int r = 0;

	for (size_t i = atomic_load(&batch->done); i < batch->count; i++) {
		r = worker_must_stop(worker) ? -ECANCELED : hash_item(worker, &batch->items[i], &dir);
		if (r < 0)
			break;
		if (batch->items[i].outcome == HASH_DONE)
			(void)atomic_fetch_add_explicit(&worker->pool->stats.files_read, 1, memory_order_relaxed);
		atomic_store_explicit(&batch->done, i + 1, memory_order_release);
	}
	fdcache_unpin(&worker->pool->fds, &dir);
	if (r == 0)
		pool_publish_batch(worker->pool, batch);
	return r;
}
