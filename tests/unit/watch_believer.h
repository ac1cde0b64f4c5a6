/*
 * watch_believer.h - the simplest daemon: it believes a tree, looks again at what it is told, and must then be right. For
 * test_watch_*.c only. What it holds against the truth: every path with inode, size and times; the tree of watches against the
 * directories that there are; and what the kernel says it watches against that.
 */
#ifndef WATCH_BELIEVER_H
#define WATCH_BELIEVER_H

#include <dirent.h>
#include <inttypes.h>
#include <search.h>

#include "watch_fixture.h"

struct belief {
	char *path;
	uint64_t inode;
	int64_t size;
	struct timespec mtime, ctime;
	mode_t mode;
};

struct believer {
	struct belief *rows; /* sorted by path */
	size_t count, capacity;
};

static inline void believer_done(struct believer *believer)
{
	for (size_t i = 0; i < believer->count; i++)
		free(believer->rows[i].path);
	free(believer->rows);
	*believer = (struct believer){ .rows = NULL };
}

/* Where PATH is, or would be. */
static inline size_t believer_at(const struct believer *believer, const char *path, bool *ret_found)
{
	size_t low = 0, high = believer->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(believer->rows[middle].path, path);

		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = false;
	return low;
}

/* Is there no link on the way? A scan would not go through one. */
static inline bool is_direct(const char *path)
{
	struct bytes above = path_parent(bytes_of(path));
	char *copy = strndup((const char *)above.data, above.len), *real = realpath(copy, NULL);
	bool direct = !real ? errno == ENAMETOOLONG : strcmp(real, copy) == 0;

	free(copy);
	free(real);
	return direct;
}

static inline void believer_look(struct believer *believer, const char *path)
{
	struct belief belief = { .path = NULL };
	struct stat st;
	bool found;
	size_t at = believer_at(believer, path, &found);

	if (lstat(path, &st) < 0 || !is_direct(path)) {
		if (found) {
			free(believer->rows[at].path);
			believer->count--;
			memmove(&believer->rows[at], &believer->rows[at + 1],
				(believer->count - at) * sizeof(*believer->rows));
		}
		return;
	}
	if (!found) {
		if (believer->count == believer->capacity) {
			believer->capacity = believer->capacity ? believer->capacity * 2 : 256;
			believer->rows = realloc(believer->rows, believer->capacity * sizeof(*believer->rows));
			assert_non_null(believer->rows);
		}
		memmove(&believer->rows[at + 1], &believer->rows[at], (believer->count - at) * sizeof(*believer->rows));
		believer->count++;
		belief.path = strdup(path);
	} else {
		belief.path = believer->rows[at].path;
	}
	belief.inode = st.st_ino;
	belief.size = st.st_size;
	belief.mtime = st.st_mtim;
	belief.ctime = st.st_ctim;
	belief.mode = st.st_mode;
	believer->rows[at] = belief;
}

/* Everything believed at or below PATH is looked at again. */
static inline void believer_doubt(struct believer *believer, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = believer->count; i-- > 0;) {
		char *row = believer->rows[i].path;

		if (strlen(row) < len || memcmp(row, path, len) != 0 || (row[len] && row[len] != '/' && len > 1))
			continue;
		row = strdup(row);
		believer_look(believer, row);
		free(row);
	}
}

static inline void believer_scan(struct believer *believer, const char *path, bool below)
{
	DIR *dir;
	struct dirent *entry;

	believer_look(believer, path);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		char child[8192];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		(void)snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		believer_look(believer, child);
		if (below && entry->d_type == DT_DIR)
			believer_scan(believer, child, true);
	}
	if (dir)
		(void)closedir(dir);
}

/* Takes in all that was told, and forgets it. */
static inline void believer_judge(struct believer *believer, struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->count; i++) {
		const struct told *told = &fixture->told[i];
		bool inside = path_covers(bytes_of(fixture->tree), bytes_of(told->path));

		if (told->kind == TOLD_DIRTY && inside)
			believer_look(believer, told->path);
		if (told->kind == TOLD_GONE && inside)
			believer_doubt(believer, told->path);
		if (told->kind != TOLD_LOOK)
			continue;
		if (inside) {
			if (told->flag)
				believer_doubt(believer, told->path);
			else
				for (size_t row = believer->count; row-- > 0;) {
					struct bytes path = bytes_of(believer->rows[row].path);

					if (bytes_equal(path_parent(path), bytes_of(told->path))) {
						char *copy = strdup(believer->rows[row].path);

						believer_look(believer, copy);
						free(copy);
					}
				}
			believer_scan(believer, told->path, told->flag);
		} else if (told->flag && path_covers(bytes_of(told->path), bytes_of(fixture->tree))) {
			believer_doubt(believer, fixture->tree);
			believer_scan(believer, fixture->tree, true);
		}
	}
	forget(fixture);
}

static inline bool same_belief(const struct belief *a, const struct belief *b)
{
	return a->inode == b->inode && a->size == b->size && a->mode == b->mode &&
	       memcmp(&a->mtime, &b->mtime, sizeof(a->mtime)) == 0 &&
	       memcmp(&a->ctime, &b->ctime, sizeof(a->ctime)) == 0;
}

/* What is believed is what there is. */
static inline void believer_check(const struct believer *believer, const struct fixture *fixture, uint64_t seed)
{
	struct believer truth = { .rows = NULL };
	size_t a = 0, b = 0;

	believer_scan(&truth, fixture->tree, true);
	while (a < believer->count || b < truth.count) {
		int order = a == believer->count ? 1
			    : b == truth.count   ? -1
						 : strcmp(believer->rows[a].path, truth.rows[b].path);

		if (order != 0)
			fail_msg("seed %" PRIu64 ": %s '%s'", seed, order < 0 ? "believed" : "not believed",
				 order < 0 ? believer->rows[a].path : truth.rows[b].path);
		if (!same_belief(&believer->rows[a], &truth.rows[b]))
			fail_msg("seed %" PRIu64 ": '%s' is not as believed", seed, truth.rows[b].path);
		a++;
		b++;
	}
	believer_done(&truth);
}

/* The kernel's own list of what an instance watches: WD's inode, 0 when it has no such watch. */
static inline uint64_t kernel_watch(int fd, int32_t wanted, size_t *ret_count)
{
	char path[64], line[512];
	uint64_t found = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	assert_non_null(file);
	*ret_count = 0;
	while (fgets(line, sizeof(line), file)) {
		unsigned wd;
		uint64_t inode;

		if (sscanf(line, "inotify wd:%x ino:%" SCNx64, &wd, &inode) != 2)
			continue;
		(*ret_count)++;
		if ((int32_t)wd == wanted)
			found = inode;
	}
	(void)fclose(file);
	return found;
}

/* Every directory in the tree has a node with its inode and a watch on it (or is polled), and there are no others. */
static inline void check_watches(const struct fixture *fixture, uint64_t seed)
{
	const struct nodes *nodes = &fixture->watch->nodes;
	struct believer truth = { .rows = NULL };
	size_t dirs = 0, known = 0, total;
	uint32_t top = node_at(fixture, "");

	believer_scan(&truth, fixture->tree, true);
	for (size_t i = 0; i < truth.count; i++) {
		uint32_t id;
		const struct node *node;

		if (!S_ISDIR(truth.rows[i].mode))
			continue;
		dirs++;
		id = nodes_find(nodes, bytes_of(truth.rows[i].path));
		if (id == NODE_NONE)
			fail_msg("seed %" PRIu64 ": '%s' has no node", seed, truth.rows[i].path);
		node = nodes_at(nodes, id);
		if (node->inode != truth.rows[i].inode)
			fail_msg("seed %" PRIu64 ": '%s' is another directory", seed, truth.rows[i].path);
		if (node->flags & NODE_POLLED)
			continue;
		if (!is_watched(node))
			fail_msg("seed %" PRIu64 ": '%s' is not watched", seed, truth.rows[i].path);
		for (int class = 0; class < WATCH_CLASSES; class ++) {
			bool wanted = foreign_mask(node->foreign, class == WATCH_OTHERS) != 0;

			if (wanted != (node->wd[class] >= 0) ||
			    (wanted &&
			     kernel_watch(fixture->watch->fds[class], node->wd[class], &total) != node->inode))
				fail_msg("seed %" PRIu64 ": '%s' has the wrong watch", seed, truth.rows[i].path);
		}
	}
	for (uint32_t id = top; id; id = nodes_walk(nodes, top, id))
		known++;
	if (top && known != dirs)
		fail_msg("seed %" PRIu64 ": %zu nodes for %zu directories", seed, known, dirs);
	for (uint32_t id = nodes_after(nodes, NODE_NONE); id; id = nodes_after(nodes, id))
		if (nodes_at(nodes, id)->flags & NODE_FLOATING)
			fail_msg("seed %" PRIu64 ": '%.*s' still floats", seed, (int)nodes_at(nodes, id)->name_len,
				 nodes_at(nodes, id)->name);
	believer_done(&truth);
}

#endif
