/* standing.c - going to a directory by its node; see inner.h. */
#include <errno.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "sys/file.h"
#include "watch/inner.h"
#include "watch/reach.h"

bool standing_is(const struct node *node, const struct statx *stat)
{
	return node->inode == stat->stx_ino && node->device == stat_device(stat);
}

void standing_leave(struct watch *watch)
{
	fd_closep(&watch->standing.fd);
	policy_dir_freep(&watch->standing.policy_dir);
	watch->standing.id = NODE_NONE;
}

static int open_node(struct watch *watch, uint32_t id)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	CLEANUP(fd_closep) int fd = -1;
	struct statx stat;
	struct err err;
	int r;

	if (nodes_at(&watch->nodes, id)->flags & NODE_FLOATING)
		return -ESTALE;
	if (nodes_path(&watch->nodes, id, &path, &err) < 0)
		return -ENOMEM;
	fd = reach_open(watch->root_fd, buf_bytes(&path));
	if (fd < 0)
		return fd;
	r = sys_stat(fd, "", &stat);
	if (r < 0)
		return r;
	return standing_is(nodes_at(&watch->nodes, id), &stat) ? STEAL_FD(fd) : -ESTALE;
}

int standing_at(struct watch *watch, uint32_t id)
{
	int fd;

	if (watch->standing.id == id)
		return watch->standing.fd;
	standing_leave(watch);
	fd = open_node(watch, id);
	if (fd >= 0)
		watch->standing = (struct standing){ .id = id, .fd = fd };
	return fd;
}

int standing_policy(struct watch *watch, uint32_t id, const struct policy_dir **ret_dir, struct err *err)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	int r;

	if (!watch->standing.policy_dir) {
		r = nodes_path(&watch->nodes, id, &path, err);
		if (r == 0)
			r = policy_dir_new(watch->options.policy, NULL, buf_bytes(&path), &watch->standing.policy_dir,
					   err);
		if (r < 0)
			return r;
	}
	*ret_dir = watch->standing.policy_dir;
	return 0;
}

bool standing_leads(struct watch *watch, uint32_t id)
{
	CLEANUP(fd_closep) int fd = open_node(watch, id);

	return fd >= 0;
}
