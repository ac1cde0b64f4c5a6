/*
 * fdcache.c - see fdcache.h.
 *
 * No system call that can block is made under the lock. Two threads may open the same directory at once; the
 * second then closes its own.
 */
#include "scan/fdcache.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "sys/file.h"

void fdcache_init(struct fdcache *cache, size_t cap)
{
	*cache = (struct fdcache){ .cap = cap };
	(void)pthread_mutex_init(&cache->lock, NULL);
}

static void unlink_node(struct fdcache *cache, struct node *node)
{
	*(node->newer ? &node->newer->older : &cache->newest) = node->older;
	*(node->older ? &node->older->newer : &cache->oldest) = node->newer;
	node->newer = node->older = NULL;
}

static void link_newest(struct fdcache *cache, struct node *node)
{
	node->older = cache->newest;
	*(cache->newest ? &cache->newest->newer : &cache->oldest) = node;
	cache->newest = node;
}

/* Takes the node out; its reference passes to the caller, who drops it without the lock. */
static struct node *evict(struct fdcache *cache, struct node *node)
{
	unlink_node(cache, node);
	(void)close(node->fd);
	node->fd = -1;
	cache->count--;
	return node;
}

void fdcache_done(struct fdcache *cache)
{
	while (cache->oldest) {
		struct node *node = evict(cache, cache->oldest);

		node_unrefp(&node);
	}
	(void)pthread_mutex_destroy(&cache->lock);
}

/* Over the cap: the oldest that nobody uses, NULL when there is none. Called under the lock. */
static struct node *one_too_many(struct fdcache *cache)
{
	if (cache->count <= cache->cap)
		return NULL;
	for (struct node *node = cache->oldest; node; node = node->newer)
		if (node->pins == 0)
			return evict(cache, node);
	return NULL;
}

/* Only root and we ourselves can change names in it. Group bits cover ACL entries too: they hold the mask. */
static bool is_ours(const struct node *node, const struct stat *st)
{
	return node->disk && (st->st_uid == 0 || st->st_uid == geteuid()) && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/* Puts FD in place, or closes it when another thread was quicker; pins. */
static void install(struct fdcache *cache, struct node *node, int fd, bool by_name, struct pinned *ret_pinned)
{
	struct node *closed;

	(void)pthread_mutex_lock(&cache->lock);
	if (node->fd < 0) {
		node->fd = fd;
		node->by_name = by_name;
		cache->count++;
		link_newest(cache, node_ref(node));
		fd = -1;
	}
	node->pins++;
	*ret_pinned = (struct pinned){ node, node->fd, node->by_name };
	closed = one_too_many(cache);
	(void)pthread_mutex_unlock(&cache->lock);
	fd_closep(&fd);
	if (closed)
		node_unrefp(&closed);
}

static bool pin_open(struct fdcache *cache, struct node *node, struct pinned *ret_pinned)
{
	bool open;

	(void)pthread_mutex_lock(&cache->lock);
	open = node->fd >= 0;
	if (open) {
		node->pins++;
		if (node != cache->newest) {
			unlink_node(cache, node);
			link_newest(cache, node);
		}
		*ret_pinned = (struct pinned){ node, node->fd, node->by_name };
	}
	(void)pthread_mutex_unlock(&cache->lock);
	return open;
}

void fdcache_unpin(struct fdcache *cache, struct pinned *pinned)
{
	if (!pinned->node)
		return;
	(void)pthread_mutex_lock(&cache->lock);
	pinned->node->pins--;
	(void)pthread_mutex_unlock(&cache->lock);
	pinned->node = NULL;
}

int fdcache_root(struct fdcache *cache, struct node *node, int fd)
{
	struct pinned pinned;
	struct stat st;

	if (fstat(fd, &st) < 0) {
		int failure = errno;

		(void)close(fd);
		return -failure;
	}
	install(cache, node, fd, is_ours(node, &st), &pinned);
	return 0;
}

/* NODE, whose parent is open at PARENT_FD. */
static int open_child(struct fdcache *cache, int parent_fd, struct node *node, struct pinned *ret_pinned)
{
	CLEANUP(fd_closep) int fd = sys_open_dir(parent_fd, node->name);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_ino != node->inode || major(st.st_dev) != node->dev_major || minor(st.st_dev) != node->dev_minor)
		return -ESTALE;
	install(cache, node, STEAL_FD(fd), is_ours(node, &st), ret_pinned);
	return 0;
}

int fdcache_pin(struct fdcache *cache, struct node *node, struct pinned *ret_pinned)
{
	CLEANUP(buf_done) struct buf closed = BUF_INIT; /* NODE and its ancestors that are not open, upwards */
	struct pinned above = { .node = NULL }, pinned = { .node = NULL };
	struct node **nodes;
	int r;

	if (pin_open(cache, node, ret_pinned))
		return 0;
	do {
		if (buf_add(&closed, &node, sizeof(struct node *)) < 0)
			return -ENOMEM;
		node = node->parent;
	} while (!pin_open(cache, node, &above)); /* the root is always open */
	nodes = (struct node **)(void *)closed.data;
	for (size_t i = closed.len / sizeof(struct node *); i-- > 0;) {
		r = open_child(cache, above.fd, nodes[i], &pinned);
		fdcache_unpin(cache, &above);
		if (r < 0)
			return r;
		above = pinned;
	}
	*ret_pinned = above;
	return 0;
}
