/*
 * scan.c - see scan.h. The consumer's loop: fill the window (merge.c), wait, deliver its head (deliver.c).
 */
#include "scan/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "scan/mountrule.h"
#include "scan/scan_inner.h"
#include "scan/scan_private.h"
#include "scan/stall.h"
#include "scan/starts.h"
#include "sys/file.h"

enum { FDS_MAX = 2048, THREADS_MAX = 256 };

static struct scan *scan_of(struct pairs *pairs)
{
	return (struct scan *)(void *)pairs;
}

static int interrupted(const struct scan *scan, struct err *err)
{
	if (scan->shared.options.interrupted && atomic_load(scan->shared.options.interrupted))
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	return 0;
}

/* Waits until the head is ready, or until the walk can go on. */
static int wait(struct scan *scan, struct err *err)
{
	CLEANUP(batch_unrefp) struct batch *stalled = NULL;
	struct slot *head = window_head(&scan->window);
	int r;

	if (head)
		window_wait(&scan->window);
	else
		pool_wait_node(scan->pool, scan->walk.node, false);
	if (head && window_ready(head))
		return 0;
	r = interrupted(scan, err);
	if (r < 0)
		return r;
	r = stall_look(scan->pool, &stalled, err);
	if (r == 0 && stalled)
		r = window_stalled(&scan->window, stalled, err);
	return r;
}

static int next(struct pairs *pairs, struct pair *ret_pair, struct err *err)
{
	struct scan *scan = scan_of(pairs);
	struct slot *head;
	int r;

	for (;;) {
		if (scan->delivered)
			window_pop(&scan->window);
		scan->delivered = false;
		r = interrupted(scan, err);
		if (r == 0)
			r = pool_failure(scan->pool, err);
		if (r < 0)
			return r;
		head = window_head(&scan->window);
		if (!scan->front_done && (scan->window.count < WINDOW_SLOTS / 2 || !window_ready(head))) {
			r = merge_fill(scan, err);
			if (r < 0)
				return r;
			head = window_head(&scan->window);
		}
		if (!head && scan->front_done)
			return 0;
		if (!head || !window_ready(head)) {
			r = wait(scan, err);
			if (r < 0)
				return r;
			continue;
		}
		scan->delivered = true;
		r = deliver_head(scan, ret_pair, err);
		if (r != 0)
			return r;
	}
}

/* --- beginning and end --- */

static void scan_free(struct pairs *pairs)
{
	struct scan *scan = scan_of(pairs);

	pool_endp(&scan->pool);
	if (scan->window.slots)
		window_done(&scan->window);
	walk_done(&scan->walk);
	if (scan->root_entry)
		chunk_unrefp(&scan->root_entry);
	if (scan->path_node)
		node_unrefp(&scan->path_node);
	if (scan->root)
		node_unrefp(&scan->root);
	names_done(&scan->shared.names);
	buf_done(&scan->shared.starts);
	buf_done(&scan->path);
	free(scan->shared.real_root);
	free(scan);
}

static void scan_freep(struct scan **scan)
{
	if (*scan)
		scan_free(&(*scan)->pairs);
}

static unsigned thread_count(unsigned wanted)
{
	cpu_set_t set;
	unsigned count = wanted;

	if (count == 0)
		count = sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
	if (count > THREADS_MAX)
		count = THREADS_MAX;
	return count ? count : 1;
}

static size_t fd_cap(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur / 2 > FDS_MAX)
		return FDS_MAX;
	return (size_t)limit.rlim_cur / 2;
}

/* The root's path in this system, by which the mount table knows it. */
static int find_real_root(struct scan *scan, int fd, struct err *err)
{
	CLEANUP(buf_done) struct buf link = BUF_INIT;
	char proc[40];
	ssize_t n;

	if (strcmp(scan->shared.options.root, "/") == 0) {
		scan->shared.real_root = strdup("");
		return scan->shared.real_root ? 0 : err_nomem(err);
	}
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	for (size_t room = 256; room <= PATH_MAX_BYTES; room *= 4) {
		if (buf_reserve(&link, room) < 0)
			return err_nomem(err);
		n = readlink(proc, (char *)link.data, link.capacity);
		if (n < 0)
			return err_errno(err, errno, "cannot read '%s'", proc);
		if ((size_t)n == link.capacity)
			continue;
		link.len = n == 1 ? 0 : (size_t)n;
		scan->shared.real_root = buf_steal_str(&link);
		return scan->shared.real_root ? 0 : err_nomem(err);
	}
	return err_set(err, ERR_NOINPUT, "the path of '%s' is too long", QUOTE(scan->shared.options.root));
}

/* The root's own entry: when scanning starts there, and to know its identity. */
static int examine_root(struct scan *scan, int fd, struct err *err)
{
	struct meta_space space = { .trusted = scan->shared.trusted };
	struct pinned pinned = { .fd = fd };
	struct child *child;
	struct meta_raw raw;
	int r;

	scan->root_entry = chunk_new(1);
	if (!scan->root_entry)
		return err_nomem(err);
	meta_ask(&pinned, "", false, &space, &raw);
	child = &scan->root_entry->children[0];
	*child = (struct child){ .name = "" };
	r = meta_entry(&raw, &space, &scan->shared.names, 0, &scan->root_entry->arena, &child->entry);
	meta_space_done(&space);
	if (r < 0)
		return err_nomem(err);
	if (raw.stat_error < 0)
		return err_errno(err, -raw.stat_error, "cannot examine '%s'", QUOTE(scan->shared.options.root));
	scan->root_entry->count = 1;
	scan->root_entry->node = node_ref(scan->root);
	scan->shared.dev_major = child->entry.dev_major;
	scan->shared.dev_minor = child->entry.dev_minor;
	return 0;
}

static int make_root(struct scan *scan, int fd, struct err *err)
{
	const struct bytes prefix = shared_prefix(&scan->shared);
	struct mountrule rule;
	struct decision decision;
	struct node *root;
	bool asked;
	int r;

	scan->root = root = node_new(NULL, (const char *)prefix.data, prefix.len);
	if (!root)
		return err_nomem(err);
	root->path_len = prefix.len;
	r = examine_root(scan, fd, err);
	if (r < 0)
		return r;
	mountrule_root(&scan->shared, &rule);
	root->disk = rule.disk;
	root->same_fs = rule.same_fs;
	asked = scan->shared.start_count && bytes_equal(shared_start(&scan->shared, 0), shared_root(&scan->shared));
	root->start_low = asked;
	root->start_high = scan->shared.start_count;
	root->partial = !asked || scan->shared.options.depth == SCAN_SELF;
	policy_decide(scan->shared.options.policy, shared_root(&scan->shared), true, &decision);
	scan->root_entry->children[0].silent = !asked || !decision.in_scope;
	scan->root_entry->children[0].past = scan->shared.options.after.len > 0;
	return 0;
}

static int start(struct scan *scan, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	struct shared *shared = &scan->shared;
	int r;

	fd = open(shared->options.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = open(shared->options.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_errno(err, errno, "cannot open '%s'", QUOTE(shared->options.root));
	shared->trusted = sys_xattrs_trusted();
	r = find_real_root(scan, fd, err);
	if (r == 0)
		r = names_load(fd, &shared->names, err);
	if (r == 0)
		r = starts_find(shared, err);
	if (r == 0)
		r = make_root(scan, fd, err);
	if (r == 0)
		r = pool_new(shared, thread_count(shared->options.threads), fd_cap(), &scan->pool, err);
	if (r < 0)
		return r;
	r = fdcache_root(&scan->pool->fds, scan->root, STEAL_FD(fd));
	if (r < 0)
		return err_errno(err, -r, "cannot examine '%s'", QUOTE(shared->options.root));
	r = window_init(&scan->window, scan->pool, err);
	if (r < 0)
		return r;
	if (walk_init(&scan->walk, scan->pool, scan->root) < 0)
		return err_nomem(err);
	return pool_push(scan->pool, scan->root, err);
}

int scan_new(const struct scan_options *options, struct pairs **ret_pairs, struct err *err)
{
	CLEANUP(scan_freep) struct scan *scan = calloc(1, sizeof(*scan));
	int r;

	if (!scan)
		return err_nomem(err);
	scan->pairs = (struct pairs){ .next = next, .free = scan_free };
	scan->shared.options = *options;
	r = start(scan, err);
	if (r == 0 && options->reference)
		r = merge_next_reference(scan, err);
	if (r < 0)
		return r;
	*ret_pairs = &STEAL(scan)->pairs;
	return 0;
}

const struct scan_stats *scan_stats(const struct pairs *scan)
{
	return &((const struct scan *)(const void *)scan)->pool->stats;
}

uint32_t scan_gives(const struct pairs *scan)
{
	const struct scan *self = (const struct scan *)(const void *)scan;

	return self->shared.trusted ? ATTR_ALL : ATTR_ALL & ~ATTR_BIT(ATTR_XATTRS);
}

void scan_set_stall_limit(struct pairs *scan, unsigned limit_ms)
{
	scan_of(scan)->pool->stall_ms = limit_ms;
}
