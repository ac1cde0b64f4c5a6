/* attach.c - the watches of a node, and what is counted of them; see inner.h. */
#include <errno.h>
#include <stdio.h>
#include <sys/inotify.h>

#include "base/cleanup.h"
#include "watch/inner.h"

enum { COVERED_NOT, COVERED_ROOT, COVERED_OTHERS, COVERED_POLLED, COVERED_FAILED };

struct covered attach_covered(const struct node *node)
{
	struct covered covered = { COVERED_NOT, node->severity };

	if (node->flags & NODE_SPENT)
		return covered;
	if (node->flags & NODE_FAILED)
		covered.kind = COVERED_FAILED;
	else if (node->flags & NODE_POLLED)
		covered.kind = COVERED_POLLED;
	else if (is_watched(node))
		covered.kind = class_of(node) == WATCH_ROOT ? COVERED_ROOT : COVERED_OTHERS;
	return covered;
}

static void count(struct watch *watch, struct covered covered, uint64_t one)
{
	struct watch_coverage *coverage = &watch->coverage;

	switch (covered.kind) {
	case COVERED_ROOT:
	case COVERED_OTHERS:
		coverage->watched[covered.kind == COVERED_ROOT ? WATCH_ROOT : WATCH_OTHERS] += one;
		watch->watched_of[covered.severity] += one;
		break;
	case COVERED_POLLED:
		coverage->polled += one;
		coverage->polled_severe += covered.severity >= SEVERITY_HIGH ? one : 0;
		break;
	case COVERED_FAILED:
		coverage->failed += one;
		break;
	default:
		return;
	}
	coverage->directories += one;
}

void attach_recount(struct watch *watch, struct covered before, struct covered after)
{
	if (before.kind == after.kind && before.severity == after.severity)
		return;
	count(watch, before, (uint64_t)-1);
	count(watch, after, 1);
	watch->coverage.changes++;
}

static void set_flags(struct watch *watch, uint32_t id, uint8_t flags, int failure)
{
	struct node *node = nodes_at(&watch->nodes, id);
	struct covered before = attach_covered(node);

	node->flags = (uint8_t)((node->flags & ~(NODE_POLLED | NODE_FAILED)) | flags);
	node->failure = (uint8_t)failure;
	attach_recount(watch, before, attach_covered(node));
}

void attach_failed(struct watch *watch, uint32_t id, int failure)
{
	set_flags(watch, id, NODE_FAILED, failure > 0 && failure < UINT8_MAX ? failure : EIO);
}

static int add(struct watch *watch, uint32_t id, int fd, enum watch_class class, uint32_t mask, int32_t *ret_wd,
	       struct err *err)
{
	char path[40];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (;;) {
		*ret_wd = inotify_add_watch(watch->fds[class], path, mask | IN_ONLYDIR);
		if (*ret_wd >= 0 || errno != ENOSPC) {
			*ret_wd = *ret_wd < 0 ? -errno : *ret_wd;
			return 0;
		}
		r = limit_evict(watch, nodes_at(&watch->nodes, id)->severity, err);
		if (r <= 0) {
			*ret_wd = -ENOSPC;
			return r;
		}
	}
}

static int set_wd(struct watch *watch, uint32_t id, enum watch_class class, int32_t wd, struct err *err)
{
	struct covered before;
	int r;

	if (nodes_at(&watch->nodes, id)->wd[class] == wd)
		return 0;
	r = attach_retire(watch, id, class, err);
	if (r < 0)
		return r;
	before = attach_covered(nodes_at(&watch->nodes, id));
	nodes_set_wd(&watch->nodes, id, class, wd);
	attach_recount(watch, before, attach_covered(nodes_at(&watch->nodes, id)));
	return 0;
}

static bool is_shared(const struct watch *watch, uint32_t id, enum watch_class class)
{
	uint32_t other = nodes_by_wd(&watch->nodes, class, nodes_at(&watch->nodes, id)->wd[class]);

	return other != id || nodes_next_by_wd(&watch->nodes, class, other) != NODE_NONE;
}

int attach_retire(struct watch *watch, uint32_t id, enum watch_class class, struct err *err)
{
	struct node *node = nodes_at(&watch->nodes, id);
	struct covered before = attach_covered(node);
	int32_t wd = node->wd[class];
	bool shared;
	uint32_t spent;
	int r;

	if (wd < 0)
		return 0;
	shared = is_shared(watch, id, class);
	r = nodes_path(&watch->nodes, id, &watch->other, err);
	if (r < 0)
		return r;
	nodes_set_wd(&watch->nodes, id, class, -1);
	attach_recount(watch, before, attach_covered(nodes_at(&watch->nodes, id)));
	if (shared)
		return 0;
	(void)inotify_rm_watch(watch->fds[class], wd); /* refused when the kernel has done so itself */
	r = nodes_add_floating(&watch->nodes, buf_bytes(&watch->other), &spent, err);
	if (r < 0)
		return r;
	nodes_at(&watch->nodes, spent)->flags |= NODE_SPENT;
	nodes_at(&watch->nodes, spent)->inode = watch->sweep;
	nodes_set_wd(&watch->nodes, spent, class, wd);
	return 0;
}

static int retire_all(struct watch *watch, uint32_t id, struct err *err)
{
	int r = attach_retire(watch, id, WATCH_ROOT, err);

	return r < 0 ? r : attach_retire(watch, id, WATCH_OTHERS, err);
}

static uint32_t has(const struct node *node, int class)
{
	return node->wd[class] >= 0 ? foreign_mask(node->foreign, class == WATCH_OTHERS) : 0;
}

/* Asks for what is to be besides what is; then for what is to be. *RET_FAILURE: negative errno. */
static int exchange(struct watch *watch, uint32_t id, int fd, enum foreign foreign, int *ret_failure, struct err *err)
{
	uint32_t want[WATCH_CLASSES], asked[WATCH_CLASSES];
	int32_t wd;
	int r = 0;

	for (int class = 0; class < WATCH_CLASSES && r >= 0; class ++) {
		want[class] = foreign_mask(foreign, class == WATCH_OTHERS);
		asked[class] = want[class] | has(nodes_at(&watch->nodes, id), class);
		if (want[class] == 0)
			continue;
		r = add(watch, id, fd, (enum watch_class) class, asked[class], &wd, err);
		*ret_failure = wd < 0 ? wd : 0;
		if (r < 0 || wd < 0)
			return r;
		r = set_wd(watch, id, (enum watch_class) class, wd, err);
	}
	for (int class = 0; class < WATCH_CLASSES && r >= 0; class ++) {
		if (want[class] == 0)
			r = attach_retire(watch, id, (enum watch_class) class, err);
		else if (asked[class] != want[class])
			r = add(watch, id, fd, (enum watch_class) class, want[class], &wd, err);
	}
	return r;
}

static void set_foreign(struct watch *watch, uint32_t id, enum foreign foreign)
{
	struct node *node = nodes_at(&watch->nodes, id);
	struct covered before = attach_covered(node);

	node->foreign = (uint8_t)foreign;
	attach_recount(watch, before, attach_covered(node));
}

int attach_set(struct watch *watch, uint32_t id, int fd, enum foreign foreign, struct err *err)
{
	int failure = 0, r;

	if (nodes_at(&watch->nodes, id)->flags & NODE_OURS) {
		set_foreign(watch, id, foreign);
		return 0;
	}
	r = exchange(watch, id, fd, foreign, &failure, err);
	if (r < 0)
		return r;
	if (failure == -ENOSPC && foreign != FOREIGN_ALL && foreign != FOREIGN_NONE) {
		/* room for one watch, not for two */
		foreign = FOREIGN_ALL;
		r = retire_all(watch, id, err);
		if (r == 0)
			r = exchange(watch, id, fd, foreign, &failure, err);
		if (r < 0)
			return r;
	}
	if (failure < 0) {
		r = retire_all(watch, id, err);
		if (r < 0)
			return r;
	}
	set_foreign(watch, id, foreign);
	if (failure == -ENOSPC)
		set_flags(watch, id, NODE_POLLED, 0);
	else if (failure < 0)
		attach_failed(watch, id, -failure);
	else
		set_flags(watch, id, 0, 0);
	return 0;
}

static uint32_t innermost(const struct watch *watch, uint32_t id)
{
	while (nodes_at(&watch->nodes, id)->child)
		id = nodes_at(&watch->nodes, id)->child;
	return id;
}

int attach_drop(struct watch *watch, uint32_t id, bool tell, struct err *err)
{
	const struct covered nothing = { COVERED_NOT, 0 };
	int r = 0;

	if (tell) {
		r = nodes_path(&watch->nodes, id, &watch->other, err);
		if (r == 0)
			r = watch_tell_gone(watch, buf_bytes(&watch->other), err);
	}
	standing_leave(watch);
	for (uint32_t at = innermost(watch, id); r == 0;) {
		uint32_t parent = nodes_at(&watch->nodes, at)->parent;

		if (nodes_at(&watch->nodes, at)->flags & NODE_FLOATING)
			rename_forget(watch, at);
		r = retire_all(watch, at, err);
		if (r < 0)
			break;
		attach_recount(watch, attach_covered(nodes_at(&watch->nodes, at)), nothing);
		nodes_remove(&watch->nodes, at);
		if (at == id)
			break;
		at = innermost(watch, parent);
	}
	return r;
}

void attach_sweep(struct watch *watch, enum watch_class class, uint64_t number)
{
	for (uint32_t id = nodes_after(&watch->nodes, NODE_NONE); id; id = nodes_after(&watch->nodes, id)) {
		struct node *node = nodes_at(&watch->nodes, id);

		if (!(node->flags & NODE_SPENT) || node->wd[class] < 0 || node->inode >= number)
			continue;
		nodes_set_wd(&watch->nodes, id, class, -1);
		nodes_remove(&watch->nodes, id);
	}
}
