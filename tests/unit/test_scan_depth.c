/*
 * test_scan_depth.c - scans of some paths only (SCAN_SELF, SCAN_CHILDREN) and behind a path, on random trees: each must
 * deliver just what a full scan delivers there.
 */
#include "scan_fixture.h"

enum { TREES = 12, ROUNDS = 12, PATHS_MAX = 64, DEPTH = 4 };

struct world {
	struct fixture *fixture;
	uint64_t seed;
	struct result before, after; /* full scans; the second with the first as its reference */
	struct bytes paths[PATHS_MAX];
	size_t path_count;
};

static unsigned next_random(struct world *world, unsigned below)
{
	/* xorshift64, Marsaglia 2003 */
	world->seed ^= world->seed << 13;
	world->seed ^= world->seed >> 7;
	world->seed ^= world->seed << 17;
	return (unsigned)(world->seed >> 33) % below;
}

static const char *const names[] = { "a", "a-b", "a.b", "a0", "aa", "b", "c", "z\377" };

static void random_path(struct world *world, char path[64])
{
	unsigned depth = 1 + next_random(world, DEPTH);

	path[0] = '\0';
	for (unsigned i = 0; i < depth; i++) {
		size_t len = strlen(path);

		(void)snprintf(path + len, 64 - len, "%s%s", i ? "/" : "",
			       names[next_random(world, ARRAY_SIZE(names))]);
	}
}

/* Something at a random place; whatever fails is another tree as well. */
static void change_tree(struct world *world, unsigned times)
{
	int fd = world->fixture->fd;
	char path[64], text[8];

	while (times--) {
		random_path(world, path);
		switch (next_random(world, 8)) {
		case 0:
		case 1:
		case 2:
		case 3:
			(void)mkdirat(fd, path, 0755);
			break;
		case 4:
			(void)unlinkat(fd, path, 0);
			break;
		case 5:
			(void)symlinkat("b", fd, path);
			break;
		default: {
			int file = openat(fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

			(void)snprintf(text, sizeof(text), "%u", next_random(world, 100000));
			if (file >= 0) {
				assert_true(write(file, text, strlen(text)) > 0);
				(void)close(file);
			}
		}
		}
	}
}

static int by_path(const void *a, const void *b)
{
	return path_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

static void choose_paths(struct world *world)
{
	unsigned count = 1 + next_random(world, PATHS_MAX);
	size_t kept = 0;

	for (unsigned i = 0; i < count; i++) {
		char relative[64], path[72];

		random_path(world, relative);
		(void)snprintf(path, sizeof(path), "/%s", next_random(world, 30) ? relative : "");
		world->paths[i] = bytes_of(strdup(path));
	}
	qsort(world->paths, count, sizeof(world->paths[0]), by_path);
	for (unsigned i = 0; i < count; i++) {
		if (kept && bytes_equal(world->paths[kept - 1], world->paths[i]))
			free((void *)(uintptr_t)world->paths[i].data);
		else
			world->paths[kept++] = world->paths[i];
	}
	world->path_count = kept;
}

static void drop_paths(struct world *world)
{
	while (world->path_count)
		free((void *)(uintptr_t)world->paths[--world->path_count].data);
}

static bool is_asked(const struct world *world, struct bytes path)
{
	for (size_t i = 0; i < world->path_count; i++)
		if (bytes_equal(world->paths[i], path))
			return true;
	return false;
}

static bool is_wanted(const struct world *world, const struct scan_options *options, struct bytes path)
{
	if (options->after.len && path_compare(path, options->after) <= 0)
		return false;
	if (!options->paths || is_asked(world, path))
		return true;
	return options->depth == SCAN_CHILDREN && path.len > 1 && is_asked(world, path_parent(path));
}

/* The rows of the first scan that belong to what is asked. */
struct filtered {
	struct tree tree;
	const struct world *world;
	const struct scan_options *options;
	size_t at;
};

static int filtered_next(struct tree *tree, const struct entry **ret_entry, struct err *err)
{
	struct filtered *filtered = (struct filtered *)(void *)tree;
	const struct result *rows = &filtered->world->before;

	(void)err;
	while (filtered->at < rows->count) {
		const struct entry *entry = &rows->rows[filtered->at++].b->entry;

		/* what does not stand behind `after` comes as well, and must be passed over */
		if (filtered->options->after.len == 0 && !is_wanted(filtered->world, filtered->options, entry->path))
			continue;
		if (filtered->options->paths && !is_asked(filtered->world, entry->path) &&
		    (filtered->options->depth != SCAN_CHILDREN || entry->path.len == 1 ||
		     !is_asked(filtered->world, path_parent(entry->path))))
			continue;
		*ret_entry = entry;
		return 1;
	}
	return 0;
}

static void assert_same(const struct entry *wanted, const struct entry *got)
{
	const char *path = QUOTE_N(wanted->path.data, wanted->path.len);

	if (entry_differs(wanted, got) || wanted->value != got->value || wanted->none != got->none ||
	    wanted->failed != got->failed)
		fail_msg("'%s': %x of %x %x %x and %x %x %x", path, entry_differs(wanted, got), wanted->value,
			 wanted->none, wanted->failed, got->value, got->none, got->failed);
}

static void compare(struct world *world, struct scan_options *options)
{
	struct filtered reference = { .tree = { .kind = "test", .name = "test", .next = filtered_next },
				      .world = world,
				      .options = options };
	struct result result;
	size_t at = 0;

	options->reference = &reference.tree;
	result = collect(options);
	if (result.r < 0)
		fail_msg("scan: %s", result.err.message);
	for (size_t i = 0; i < world->after.count; i++) {
		const struct got *wanted = &world->after.rows[i];

		if (!is_wanted(world, options, path_of(wanted)))
			continue;
		if (at == result.count || !bytes_equal(path_of(wanted), path_of(&result.rows[at])))
			fail_msg("'%s' is missing", QUOTE_N(path_of(wanted).data, path_of(wanted).len));
		assert_int_equal(wanted->a != NULL, result.rows[at].a != NULL);
		assert_int_equal(wanted->b != NULL, result.rows[at].b != NULL);
		if (wanted->b)
			assert_same(&wanted->b->entry, &result.rows[at].b->entry);
		at++;
	}
	if (at < result.count)
		fail_msg("'%s' is too much", QUOTE_N(path_of(&result.rows[at]).data, path_of(&result.rows[at]).len));
	result_done(&result);
}

static void compare_some(struct world *world)
{
	static const enum scan_depth depths[] = { SCAN_SELF, SCAN_CHILDREN };
	struct scan_options options = options_of(world->fixture);
	char after[72] = "/";

	for (unsigned i = 0; i < ROUNDS; i++) {
		random_path(world, after + 1);
		options = options_of(world->fixture);
		options.after = next_random(world, 2) ? bytes_of(after) : bytes_of("");
		options.threads = 1 + next_random(world, 2);
		if (next_random(world, 4)) {
			choose_paths(world);
			options.paths = world->paths;
			options.path_count = world->path_count;
			options.depth = depths[next_random(world, 2)];
		}
		compare(world, &options);
		drop_paths(world);
	}
}

static void random_trees(struct fixture *fixture, uint64_t seed)
{
	struct world world = { .fixture = fixture, .seed = seed };

	for (unsigned i = 0; i < TREES; i++) {
		struct scan_options options = options_of(fixture);
		struct replay replay;

		change_tree(&world, 150);
		world.before = scan_all(fixture);
		change_tree(&world, 30);
		replay = replay_of(&world.before);
		options.reference = &replay.tree;
		world.after = collect(&options);
		compare_some(&world);
		result_done(&world.before);
		result_done(&world.after);
	}
}

static void test_everything(void **state)
{
	random_trees(*state, 0x9E3779B97F4A7C15u);
}

static void test_excludes(void **state)
{
	struct fixture *fixture = *state;

	set_policy(fixture, "version: 1\nrules:\n  - path: /\n  - path: /a/b\n    exclude: true\n"
			    "  - path: /a/b/c\n    profile: owner\n  - path: /**/a-b\n    exclude: true\n");
	random_trees(fixture, 0xD1B54A32D192ED03u);
}

static void test_roots_and_globs(void **state)
{
	struct fixture *fixture = *state;

	set_policy(fixture, "version: 1\nrules:\n  - path: /a/b\n  - path: /a-b\n    only: self\n"
			    "  - path: /b/*/c\n  - path: /aa/**/a\n");
	random_trees(fixture, 0x2545F4914F6CDD1Du);
}

/* A directory that cannot be opened is so whether it is listed or not; what is in it has failed with it. */
static void test_unreadable(void **state)
{
	struct fixture *fixture = *state;
	struct bytes paths[] = { bytes_of("/d"), bytes_of("/d/file"), bytes_of("/e/file") };
	struct scan_options options = options_of(fixture);
	struct result full, self;

	put_dir(fixture, "d");
	put_file(fixture, "d/file", "x");
	put_dir(fixture, "e");
	put_file(fixture, "e/file", "x");
	assert_int_equal(fchmod(fixture->fd, 0755), 0);
	assert_int_equal(fchmodat(fixture->fd, "d", 0, 0), 0);
	assert_int_equal(fchmodat(fixture->fd, "e", 0, 0), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	full = scan_all(fixture);
	options.paths = paths;
	options.path_count = 3;
	options.depth = SCAN_SELF;
	self = collect(&options);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(self.r, 0);
	assert_problem(entry_at(&full, "/d"), "cannot list: Permission denied");
	assert_problem(entry_at(&self, "/d"), "cannot list: Permission denied");
	assert_same(entry_at(&full, "/d"), entry_at(&self, "/d"));
	assert_problem(entry_at(&self, "/d/file"), "cannot open its directory");
	assert_problem(entry_at(&self, "/e/file"), "cannot open its directory");
	assert_int_equal(self.count, 3);
	result_done(&full);
	result_done(&self);
	assert_int_equal(fchmodat(fixture->fd, "d", 0755, 0), 0);
	assert_int_equal(fchmodat(fixture->fd, "e", 0755, 0), 0);
}

/* Nothing wholly before the path is looked at: the counters would tell. */
static void test_after_looks_at_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct scan_options options = options_of(fixture);
	struct result result;

	set_policy(fixture, "version: 1\nrules:\n  - path: /\n  - path: /**/skipped\n    exclude: true\n");
	options.policy = fixture->policy;
	put_dir(fixture, "a");
	put_dir(fixture, "a/skipped");
	put_dir(fixture, "m");
	put_dir(fixture, "m/skipped");
	put_file(fixture, "m/z", "z");
	options.after = bytes_of("/b");
	result = collect(&options);
	assert_int_equal(result.excluded, 1);
	assert_int_equal(result.count, 2);
	(void)entry_at(&result, "/m");
	(void)entry_at(&result, "/m/z");
	result_done(&result);
	options.after = bytes_of("/m/y");
	result = collect(&options);
	assert_int_equal(result.count, 1);
	result_done(&result);
}

/* As many names of one directory as a batch may hold, found by searching and not by trying. */
static void test_many_names(void **state)
{
	enum { COUNT = 4096 };
	static char text[COUNT][16];
	static struct bytes paths[COUNT];
	struct fixture *fixture = *state;
	struct scan_options options = options_of(fixture);
	struct result result;

	put_dir(fixture, "d");
	for (int i = 0; i < COUNT; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "/d/%06d", i * 3);
		paths[i] = bytes_of(text[i]);
		if (i % 2)
			put_file(fixture, text[i] + 1, "x");
	}
	options.paths = paths;
	options.path_count = COUNT;
	options.depth = SCAN_SELF;
	result = collect(&options);
	assert_int_equal(result.r, 0);
	assert_int_equal(result.count, COUNT / 2);
	result_done(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_everything, setup, teardown),
		cmocka_unit_test_setup_teardown(test_excludes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_roots_and_globs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_after_looks_at_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_names, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
