/*
 * watch_fixture.h - a temporary tree that is watched, and what was told of it. For test_watch_*.c only.
 */
#ifndef WATCH_FIXTURE_H
#define WATCH_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/quote.h"
#include "watch/inner.h"

enum told_kind { TOLD_DIRTY, TOLD_RENAMED, TOLD_GONE, TOLD_LOOK, TOLD_LOST, TOLD_MARKED };

struct told {
	enum told_kind kind;
	char *path, *to; /* owned; TO of a rename */
	uint32_t mask;
	bool flag; /* is_dir, or below */
	uint64_t number; /* of a mark, or the class of a loss */
};

struct fixture {
	char dir[64], tree[80], marks[80]; /* the tree is what the policy covers */
	int mark_fd;
	struct policy *policy;
	struct sys_mounts mounts;
	struct watch *watch;
	struct told *told;
	size_t count, capacity;
	uint64_t last_mark;
	bool quiet; /* keep nothing but marks and losses */
	size_t dirty_count; /* told since the last forget() */
};

static inline int add_told(struct fixture *fixture, struct told told, struct bytes path, struct bytes to)
{
	told.path = strndup((const char *)path.data, path.len);
	told.to = to.len ? strndup((const char *)to.data, to.len) : NULL;
	if (fixture->count == fixture->capacity) {
		fixture->capacity = fixture->capacity ? fixture->capacity * 2 : 256;
		fixture->told = realloc(fixture->told, fixture->capacity * sizeof(*fixture->told));
		assert_non_null(fixture->told);
	}
	fixture->told[fixture->count++] = told;
	return 0;
}

static inline int on_dirty(void *context, struct bytes path, uint32_t mask, bool is_dir, struct err *err)
{
	struct fixture *fixture = context;

	(void)err;
	fixture->dirty_count++;
	if (fixture->quiet)
		return 0;
	/* the rest of the machine goes on meanwhile */
	if (!path_covers(bytes_of(fixture->dir), path))
		return 0;
	return add_told(fixture, (struct told){ .kind = TOLD_DIRTY, .mask = mask, .flag = is_dir }, path,
			(struct bytes){ NULL, 0 });
}

static inline int on_renamed(void *context, struct bytes from, struct bytes to, bool is_dir, struct err *err)
{
	(void)err;
	return add_told(context, (struct told){ .kind = TOLD_RENAMED, .flag = is_dir }, from, to);
}

static inline int on_gone(void *context, struct bytes path, struct err *err)
{
	(void)err;
	return add_told(context, (struct told){ .kind = TOLD_GONE }, path, (struct bytes){ NULL, 0 });
}

static inline int on_look(void *context, struct bytes path, bool below, struct err *err)
{
	(void)err;
	return add_told(context, (struct told){ .kind = TOLD_LOOK, .flag = below }, path, (struct bytes){ NULL, 0 });
}

static inline int on_lost(void *context, const struct watch_loss *loss, struct err *err)
{
	(void)err;
	assert_true(time_compare(loss->from, loss->to) <= 0);
	return add_told(context, (struct told){ .kind = TOLD_LOST, .number = loss->class }, bytes_of("/"),
			(struct bytes){ NULL, 0 });
}

static inline int on_marked(void *context, uint64_t number, struct err *err)
{
	struct fixture *fixture = context;

	(void)err;
	fixture->last_mark = number;
	return add_told(context, (struct told){ .kind = TOLD_MARKED, .number = number }, bytes_of("/"),
			(struct bytes){ NULL, 0 });
}

static inline void forget(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->count; i++) {
		free(fixture->told[i].path);
		free(fixture->told[i].to);
	}
	fixture->count = fixture->dirty_count = 0;
}

/* Each @ stands for the tree. */
static inline void set_policy(struct fixture *fixture, const char *text)
{
	struct buf yaml = BUF_INIT;
	struct err err = ERR_INIT;
	struct policy_source source = { .name = "policy.yaml" };

	for (; *text; text++)
		assert_int_equal(*text == '@' ? buf_add_str(&yaml, fixture->tree)
					      : buf_add_byte(&yaml, (unsigned char)*text),
				 0);
	source.text = yaml.data;
	source.len = yaml.len;
	policy_freep(&fixture->policy);
	if (policy_parse(&source, 1, &fixture->policy, &err) < 0)
		fail_msg("policy: %s", err.message);
	buf_done(&yaml);
}

/* A name below the tree, in one of a few buffers that are used in turn. */
static inline const char *in(const struct fixture *fixture, const char *name)
{
	static char buffers[8][8192];
	static unsigned next;
	char *buffer = buffers[next++ % 8];

	(void)snprintf(buffer, sizeof(buffers[0]), "%s/%s", fixture->tree, name);
	return buffer;
}

static inline void remove_tree(const char *dir)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)execlp("rm", "rm", "-rf", "--", dir, (char *)NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static inline struct watch_options options_of(struct fixture *fixture)
{
	return (struct watch_options){
		.policy = fixture->policy,
		.mounts = &fixture->mounts,
		.mark_dirfd = fixture->mark_fd,
		.sink = { on_dirty, on_renamed, on_gone, on_look, on_lost, on_marked, fixture },
	};
}

/* Where the tree is made. */
static const char *fixture_base = "/tmp";

static inline int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct err err = ERR_INIT;

	assert_non_null(fixture);
	(void)umask(022);
	(void)snprintf(fixture->dir, sizeof(fixture->dir), "%s/tally-watch-XXXXXX", fixture_base);
	assert_non_null(mkdtemp(fixture->dir));
	assert_int_equal(chmod(fixture->dir, 0755), 0);
	(void)snprintf(fixture->tree, sizeof(fixture->tree), "%s/tree", fixture->dir);
	(void)snprintf(fixture->marks, sizeof(fixture->marks), "%s/marks", fixture->dir);
	assert_int_equal(mkdir(fixture->tree, 0755), 0);
	assert_int_equal(mkdir(fixture->marks, 0700), 0);
	fixture->mark_fd = open(fixture->marks, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fixture->mark_fd >= 0);
	set_policy(fixture, "version: 1\nrules:\n  - path: @\n");
	if (sys_mounts_load(NULL, &fixture->mounts, &err) < 0)
		fail_msg("mounts: %s", err.message);
	*state = fixture;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;

	watch_freep(&fixture->watch);
	forget(fixture);
	free(fixture->told);
	(void)close(fixture->mark_fd);
	remove_tree(fixture->dir);
	policy_freep(&fixture->policy);
	sys_mounts_done(&fixture->mounts);
	free(fixture);
	return 0;
}

static inline void start_with(struct fixture *fixture, const struct watch_options *options)
{
	struct err err = ERR_INIT;

	if (watch_new(options, &fixture->watch, &err) < 0)
		fail_msg("watch: %s", err.message);
	if (watch_start(fixture->watch, NULL, &err) < 0)
		fail_msg("watch: %s", err.message);
}

static inline void start(struct fixture *fixture)
{
	struct watch_options options = options_of(fixture);

	start_with(fixture, &options);
}

/* One turn of an owner's loop; false when nothing came for a while. */
static inline bool turn(struct fixture *fixture)
{
	struct pollfd polled = { .fd = watch_fd(fixture->watch), .events = POLLIN };
	struct err err = ERR_INIT;
	uint64_t now = time_monotonic_ns(), due = watch_due_ns(fixture->watch);
	int wait = due <= now ? 0 : due - now > 100 * 1000 * 1000 ? 100 : 1 + (int)((due - now) / 1000000);

	bool idle = poll(&polled, 1, wait) == 0 && wait == 100;

	if (watch_process(fixture->watch, 1000, &err) < 0)
		fail_msg("process: %s", err.message);
	if (watch_tick(fixture->watch, time_monotonic_ns(), &err) < 0)
		fail_msg("tick: %s", err.message);
	return !idle;
}

/* Until every event made before has been handled, and no half of a rename is held. */
static inline void settle(struct fixture *fixture)
{
	static uint64_t number;
	struct err err = ERR_INIT;

	for (int tries = 0; tries < 100; tries++) {
		uint64_t mark = ++number;

		if (watch_mark(fixture->watch, mark, &err) < 0)
			fail_msg("mark: %s", err.message);
		for (int idle = 0; idle < 5 && fixture->last_mark != mark;)
			idle += !turn(fixture);
		if (fixture->last_mark != mark)
			continue; /* an overflow took it */
		for (int turns = 0; turns < 600 && !watch_settled(fixture->watch); turns++)
			(void)turn(fixture);
		if (watch_settled(fixture->watch))
			return;
	}
	fail_msg("does not settle");
}

static inline const struct told *find_told(const struct fixture *fixture, enum told_kind kind, const char *path)
{
	for (size_t i = 0; i < fixture->count; i++)
		if (fixture->told[i].kind == kind && strcmp(fixture->told[i].path, path) == 0)
			return &fixture->told[i];
	return NULL;
}

static inline size_t count_told(const struct fixture *fixture, enum told_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < fixture->count; i++)
		count += fixture->told[i].kind == kind;
	return count;
}

static inline void print_told(const struct fixture *fixture)
{
	static const char *const names[] = { "dirty", "renamed", "gone", "look", "lost", "marked" };

	for (size_t i = 0; i < fixture->count; i++)
		print_message("  %s %s %s mask %x %d\n", names[fixture->told[i].kind], QUOTE(fixture->told[i].path),
			      fixture->told[i].to ? QUOTE(fixture->told[i].to) : "", fixture->told[i].mask,
			      fixture->told[i].flag);
}

/* NAME below the tree was told to be dirty, with all of MASK by events together (0: any way). */
static inline void assert_dirty(const struct fixture *fixture, const char *name, uint32_t mask)
{
	const char *path = name[0] ? in(fixture, name) : fixture->tree;
	uint32_t seen = 0;
	bool found = false;

	for (size_t i = 0; i < fixture->count; i++) {
		if (fixture->told[i].kind != TOLD_DIRTY || strcmp(fixture->told[i].path, path) != 0)
			continue;
		found = true;
		seen |= fixture->told[i].mask;
	}
	if (!found || (seen & mask) != mask) {
		print_told(fixture);
		fail_msg("'%s': %s, mask %x, not %x", QUOTE(path), found ? "told" : "not told", seen, mask);
	}
}

static inline void assert_told(const struct fixture *fixture, enum told_kind kind, const char *name)
{
	if (!find_told(fixture, kind, name[0] == '/' ? name : in(fixture, name))) {
		print_told(fixture);
		fail_msg("'%s' was not told (%d)", QUOTE(name), (int)kind);
	}
}

static inline void assert_renamed(const struct fixture *fixture, const char *from, const char *to)
{
	const char *a = in(fixture, from), *b = in(fixture, to);

	for (size_t i = 0; i < fixture->count; i++)
		if (fixture->told[i].kind == TOLD_RENAMED && strcmp(fixture->told[i].path, a) == 0 &&
		    strcmp(fixture->told[i].to, b) == 0)
			return;
	print_told(fixture);
	fail_msg("'%s' to '%s' was not told", QUOTE(from), QUOTE(to));
}

static inline void put(const struct fixture *fixture, const char *name, const char *text)
{
	int fd = open(in(fixture, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
}

static inline void dir(const struct fixture *fixture, const char *name)
{
	if (mkdir(in(fixture, name), 0755) < 0)
		fail_msg("mkdir '%s': %s", QUOTE(name), strerror(errno));
}

static inline void move(const struct fixture *fixture, const char *from, const char *to)
{
	if (rename(in(fixture, from), in(fixture, to)) < 0)
		fail_msg("rename '%s': %s", QUOTE(from), strerror(errno));
}

static inline uint32_t node_at(const struct fixture *fixture, const char *name)
{
	return nodes_find(&fixture->watch->nodes, bytes_of(name[0] ? in(fixture, name) : fixture->tree));
}

#endif
