/* limit.c - when there are not enough watches: the less severe give way. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "watch/inner.h"

/* The next watched directory of that severity; the search goes on where the last one ended. */
static uint32_t find_victim(struct watch *watch, int severity)
{
	for (int round = 0; round < 2; round++) {
		uint32_t id = watch->victim[severity];

		while ((id = nodes_after(&watch->nodes, id))) {
			const struct node *node = nodes_at(&watch->nodes, id);

			if (node->severity != severity || (node->flags & (NODE_SPENT | NODE_OURS | NODE_POLLED)) ||
			    !is_watched(node))
				continue;
			watch->victim[severity] = id;
			return id;
		}
		watch->victim[severity] = NODE_NONE;
	}
	return NODE_NONE;
}

int limit_evict(struct watch *watch, uint8_t severity, struct err *err)
{
	for (int lower = 0; lower < severity; lower++) {
		uint32_t id = watch->watched_of[lower] ? find_victim(watch, lower) : NODE_NONE;
		struct covered before;
		int r;

		if (id == NODE_NONE)
			continue;
		r = attach_retire(watch, id, WATCH_ROOT, err);
		if (r == 0)
			r = attach_retire(watch, id, WATCH_OTHERS, err);
		if (r < 0)
			return r;
		before = attach_covered(nodes_at(&watch->nodes, id));
		nodes_at(&watch->nodes, id)->flags |= NODE_POLLED;
		attach_recount(watch, before, attach_covered(nodes_at(&watch->nodes, id)));
		return 1;
	}
	return 0;
}

static uint64_t read_number(const char *path)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[32];
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (len <= 0)
		return UINT64_MAX;
	text[len] = '\0';
	return strtoull(text, NULL, 10);
}

uint64_t limit_read(void)
{
	uint64_t all = read_number("/proc/sys/fs/inotify/max_user_watches");
	uint64_t here = read_number("/proc/sys/user/max_inotify_watches"); /* of this user namespace */
	uint64_t least = all < here ? all : here;

	return least == UINT64_MAX ? 0 : least;
}
