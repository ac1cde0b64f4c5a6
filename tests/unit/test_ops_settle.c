/*
 * test_ops_settle.c - a first generation made while a random tree changes: its rows are those that a quiet run makes of the
 * tree as it is at the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "tally/settled.h"

enum { ROUNDS = 8, CHANGES = 40, PATHS_MAX = CHANGES * 3 };

struct world {
	char dir[64], config[96], state[96], other_state[96], tree[96];
	int fd; /* of the tree */
	uint64_t seed;
	unsigned round;
	char *paths[PATHS_MAX];
	struct bytes sorted[PATHS_MAX];
	size_t count;
};

static unsigned next_random(struct world *world, unsigned below)
{
	/* xorshift64, Marsaglia 2003 */
	world->seed ^= world->seed << 13;
	world->seed ^= world->seed >> 7;
	world->seed ^= world->seed << 17;
	return (unsigned)(world->seed >> 33) % below;
}

static void random_path(struct world *world, char path[64])
{
	static const char *const names[] = { "a", "a-b", "a0", "b", "c", "d" };
	unsigned depth = 1 + next_random(world, 4);

	path[0] = '\0';
	for (unsigned i = 0; i < depth; i++) {
		size_t len = strlen(path);

		(void)snprintf(path + len, 64 - len, "%s%s", i ? "/" : "",
			       names[next_random(world, ARRAY_SIZE(names))]);
	}
}

static void put_file(struct world *world, const char *path)
{
	int fd = openat(world->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", next_random(world, 1000000));
	if (fd < 0)
		return;
	assert_true(write(fd, text, strlen(text)) > 0);
	(void)close(fd);
}

/* One change somewhere; PATH becomes what it was about. */
static void change(struct world *world, char path[64])
{
	char full[192];

	random_path(world, path);
	(void)snprintf(full, sizeof(full), "%s/%s", world->tree, path);
	switch (next_random(world, 8)) {
	case 0:
	case 1:
	case 2:
		(void)mkdirat(world->fd, path, 0755);
		break;
	case 3: {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			(void)execlp("rm", "rm", "-rf", "--", full, (char *)NULL);
			_exit(127);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		break;
	}
	case 4:
		(void)unlinkat(world->fd, path, 0);
		(void)symlinkat("nowhere", world->fd, path);
		break;
	default:
		put_file(world, path);
		break;
	}
}

static void note(struct world *world, const char *path)
{
	char full[192];

	(void)snprintf(full, sizeof(full), "%s%s%s", world->tree, path[0] ? "/" : "", path);
	for (size_t i = 0; i < world->count; i++)
		if (strcmp(world->paths[i], full) == 0)
			return;
	world->paths[world->count] = strdup(full);
	assert_non_null(world->paths[world->count++]);
}

static void forget(struct world *world)
{
	while (world->count)
		free(world->paths[--world->count]);
}

static int by_path(const void *a, const void *b)
{
	return path_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

/* What a watcher tells: what changed and the directory that it is in. */
static int changed(void *context, const struct bytes **ret_paths, size_t *ret_count, struct err *err)
{
	struct world *world = context;

	(void)err;
	forget(world);
	if (world->round++ == ROUNDS)
		return 0;
	for (int i = 0; i < CHANGES; i++) {
		char path[64], *slash;

		change(world, path);
		note(world, path);
		slash = strrchr(path, '/');
		*(slash ? slash : path) = '\0';
		note(world, path);
	}
	for (size_t i = 0; i < world->count; i++)
		world->sorted[i] = bytes_of(world->paths[i]);
	qsort(world->sorted, world->count, sizeof(world->sorted[0]), by_path);
	*ret_paths = world->sorted;
	*ret_count = world->count;
	return 1;
}

static struct tree *open_rows(const char *state, struct baseline **ret_baseline)
{
	CLEANUP(tree_freep) struct tree *tree = NULL;
	int dirfd = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err err = ERR_INIT;

	assert_true(dirfd >= 0);
	if (baseline_open(dirfd, "baseline.db", ret_baseline, &err) < 0 ||
	    baseline_tree(*ret_baseline, 0, NULL, NULL, &tree, &err) < 0)
		fail_msg("%s", err.message);
	(void)close(dirfd);
	return STEAL(tree);
}

static void compare(const struct world *world)
{
	CLEANUP(baseline_freep) struct baseline *first = NULL;
	CLEANUP(baseline_freep) struct baseline *second = NULL;
	CLEANUP(tree_freep) struct tree *settled = open_rows(world->state, &first);
	CLEANUP(tree_freep) struct tree *quiet = open_rows(world->other_state, &second);
	struct err err = ERR_INIT;
	const struct entry *a, *b;
	int r, count = 0;

	while ((r = tree_next(quiet, &b, &err)) > 0) {
		assert_int_equal(tree_next(settled, &a, &err), 1);
		if (!bytes_equal(a->path, b->path))
			fail_msg("'%s' instead of '%s'", QUOTE_N(a->path.data, a->path.len),
				 QUOTE_N(b->path.data, b->path.len));
		if (entry_differs(a, b) || a->value != b->value || a->none != b->none || a->failed != b->failed)
			fail_msg("'%s' differs", QUOTE_N(a->path.data, a->path.len));
		count++;
	}
	assert_int_equal(r, 0);
	assert_int_equal(tree_next(settled, &a, &err), 0);
	assert_true(count > 1);
}

static void make_world(struct world *world, uint64_t seed)
{
	FILE *policy;
	char path[128];

	*world = (struct world){ .seed = seed };
	(void)snprintf(world->dir, sizeof(world->dir), "/tmp/tally-settle-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	(void)snprintf(world->config, sizeof(world->config), "%s/config", world->dir);
	(void)snprintf(world->state, sizeof(world->state), "%s/state", world->dir);
	(void)snprintf(world->other_state, sizeof(world->other_state), "%s/other", world->dir);
	(void)snprintf(world->tree, sizeof(world->tree), "%s/tree", world->dir);
	assert_int_equal(mkdir(world->tree, 0755), 0);
	assert_int_equal(mkdir(world->config, 0755), 0);
	world->fd = open(world->tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(world->fd >= 0);
	(void)snprintf(path, sizeof(path), "%s/policy.yaml", world->config);
	policy = fopen(path, "w");
	assert_non_null(policy);
	(void)fprintf(policy, "version: 1\nrules:\n  - path: %s\n  - path: %s/c/a\n    exclude: true\n", world->tree,
		      world->tree);
	assert_int_equal(fclose(policy), 0);
}

static void end_world(struct world *world)
{
	pid_t pid;
	int status;

	forget(world);
	(void)close(world->fd);
	pid = fork();
	if (pid == 0) {
		(void)execlp("rm", "rm", "-rf", "--", world->dir, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void test_changing_tree(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct world world;
		struct place place = { .config = NULL };
		struct init_settle settle = { changed, &world };
		struct init_result result;
		struct err err = ERR_INIT;
		char path[64];

		make_world(&world, seed * 0x9E3779B97F4A7C15u);
		for (int i = 0; i < 100; i++)
			change(&world, path);
		place.config = world.config;
		place.state = world.state;
		if (op_init_settled(&place, NULL, &settle, &result, &err) < 0)
			fail_msg("%s", err.message);
		assert_int_equal(world.round, ROUNDS + 1);
		place.state = world.other_state;
		if (op_init(&place, NULL, NULL, &result, &err) < 0)
			fail_msg("%s", err.message);
		compare(&world);
		end_world(&world);
	}
}

static int refuse(void *context, const struct bytes **ret_paths, size_t *ret_count, struct err *err)
{
	(void)context;
	(void)ret_paths;
	(void)ret_count;
	return err_set(err, ERR_INTERRUPTED, "no more");
}

static void test_given_up(void **state)
{
	struct world world;
	struct place place = { .config = NULL };
	struct init_settle settle = { refuse, NULL };
	struct init_result result;
	struct err err = ERR_INIT;
	char path[128];

	(void)state;
	make_world(&world, 7);
	place.config = world.config;
	place.state = world.state;
	assert_int_equal(op_init_settled(&place, NULL, &settle, &result, &err), ERR_INTERRUPTED);
	(void)snprintf(path, sizeof(path), "%s/baseline.db", world.state);
	assert_int_equal(access(path, F_OK), -1);
	end_world(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changing_tree),
		cmocka_unit_test(test_given_up),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
