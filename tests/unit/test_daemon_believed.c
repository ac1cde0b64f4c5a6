/*
 * test_daemon_believed.c - what is believed, of any paths, to any depth, behind any path: against all of it, filtered by hand.
 * And what lies below directories that could not be looked into.
 */
#include "look_fixture.h"

#include "daemon/believed.h"
#include "daemon/unseen.h"

enum { NAMES_MAX = 1024, TURNS = 600, PATHS_MAX = 12 };

/* Names in path order. */
struct model {
	char *names[NAMES_MAX];
	size_t count;
};

struct bench {
	struct rig rig;
	struct baseline *baseline;
	struct model recorded, believed;
	struct random random;
};

static int by_path(const void *a, const void *b)
{
	return path_compare(bytes_of(*(char *const *)a), bytes_of(*(char *const *)b));
}

static void model_add(struct model *model, struct bytes path)
{
	assert_true(model->count < NAMES_MAX);
	model->names[model->count] = strndup((const char *)path.data, path.len);
	assert_non_null(model->names[model->count++]);
}

static void model_done(struct model *model)
{
	for (size_t i = 0; i < model->count; i++)
		free(model->names[i]);
	model->count = 0;
}

static void take_tree(struct tree *tree, struct model *model)
{
	const struct entry *entry;
	struct err err = ERR_INIT;
	int r;

	while ((r = tree_next(tree, &entry, &err)) > 0)
		model_add(model, entry->path);
	must(r, &err);
	tree_freep(&tree);
}

static void put(struct bench *bench, const char *path)
{
	const struct entry *row = NULL;
	struct entry entry;
	struct err err = ERR_INIT;

	assert_int_equal(baseline_find(bench->baseline, bytes_of(bench->recorded.names[0]), &row, &err), 1);
	entry = *row;
	entry.path = bytes_of(path);
	must(drift_put(bench->rig.drift, &entry, &err), &err);
}

/* Some rows are held as changed, some as gone, and there are some names more. */
static void make_drift(struct bench *bench)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < bench->recorded.count; i++) {
		char *path = bench->recorded.names[i], more[2 * FIXTURE_PATH];
		size_t what = random_below(&bench->random, 8);

		if (what == 0)
			put(bench, path);
		if (what == 1)
			must(drift_put_absent(bench->rig.drift, bytes_of(path), &err), &err);
		else
			model_add(&bench->believed, bytes_of(path));
		if (what == 2 || what == 3) {
			(void)snprintf(more, sizeof(more), "%s%s", path, what == 2 ? "/0" : "-0");
			put(bench, more);
			model_add(&bench->believed, bytes_of(more));
		}
		if (what == 4) { /* it came and went */
			(void)snprintf(more, sizeof(more), "%s/none", path);
			must(drift_put_absent(bench->rig.drift, bytes_of(more), &err), &err);
		}
	}
	must(drift_commit(bench->rig.drift, &err), &err);
	qsort(bench->believed.names, bench->believed.count, sizeof(char *), by_path);
}

static int begin(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct tree *rows;
	struct err err = ERR_INIT;

	assert_non_null(bench);
	bench->random.state = LOOK_SEED;
	(void)fixture_empty((void **)&bench->rig.fixture);
	fill_at_random(&bench->rig);
	fixture_init(bench->rig.fixture);
	bench->rig.view = fixture_view(bench->rig.fixture);
	rig_begin(&bench->rig);
	must(stand_connect(bench->rig.fixture->stand, &bench->baseline, &err), &err);
	must(baseline_rows(bench->baseline, bytes_of("/"), (struct bytes){ NULL, 0 }, &rows, &err), &err);
	take_tree(rows, &bench->recorded);
	assert_true(bench->recorded.count > 100);
	make_drift(bench);
	*state = bench;
	return 0;
}

static int finish(void **state)
{
	struct bench *bench = *state;

	baseline_freep(&bench->baseline);
	model_done(&bench->recorded);
	model_done(&bench->believed);
	rig_end(&bench->rig);
	(void)fixture_teardown((void **)&bench->rig.fixture);
	free(bench);
	return 0;
}

static bool is_wanted(const struct believed_options *options, struct bytes path)
{
	if (options->after.len && path_compare(path, options->after) <= 0)
		return false;
	for (size_t i = 0; i < options->path_count; i++) {
		struct bytes asked = options->paths[i];

		if (bytes_equal(asked, path) || (options->depth == SCAN_BELOW && path_covers(asked, path)) ||
		    (options->depth == SCAN_CHILDREN && path.len > 1 && bytes_equal(asked, path_parent(path))))
			return true;
	}
	return !options->paths;
}

static void check(const struct bench *bench, const struct believed_options *options)
{
	struct model told = { .count = 0 };
	struct err err = ERR_INIT;
	struct tree *tree;
	size_t at = 0;

	must(believed_tree(options, &tree, &err), &err);
	take_tree(tree, &told);
	for (size_t i = 0; i < bench->believed.count; i++) {
		if (!is_wanted(options, bytes_of(bench->believed.names[i])))
			continue;
		assert_true(at < told.count);
		assert_string_equal(told.names[at++], bench->believed.names[i]);
	}
	assert_int_equal(at, told.count);
	model_done(&told);
}

static int by_bytes(const void *a, const void *b)
{
	return path_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

/* Sorted, each once, for whole trees none below another. */
static size_t order(struct bytes *paths, size_t count, enum scan_depth depth)
{
	size_t kept = 0;

	qsort(paths, count, sizeof(*paths), by_bytes);
	for (size_t i = 0; i < count; i++) {
		bool drop = false;

		for (size_t k = 0; k < kept; k++)
			drop = drop || bytes_equal(paths[k], paths[i]) ||
			       (depth == SCAN_BELOW && path_covers(paths[k], paths[i]));
		if (!drop)
			paths[kept++] = paths[i];
	}
	return kept;
}

static struct bytes any_name(struct bench *bench)
{
	const struct model *model = random_below(&bench->random, 2) ? &bench->recorded : &bench->believed;

	return bytes_of(model->names[random_below(&bench->random, model->count)]);
}

static void any_part(void **state)
{
	static const enum scan_depth depths[] = { SCAN_BELOW, SCAN_SELF, SCAN_CHILDREN };
	struct bench *bench = *state;
	struct bytes paths[PATHS_MAX];

	for (int turn = 0; turn < TURNS; turn++) {
		struct believed_options options = { .baseline = bench->baseline,
						    .drift = bench->rig.drift,
						    .depth = depths[turn % 3] };
		size_t count = random_below(&bench->random, PATHS_MAX);

		for (size_t i = 0; i < count; i++)
			paths[i] = any_name(bench);
		if (count && random_below(&bench->random, 10) == 0)
			paths[0] = bytes_of("/");
		options.path_count = order(paths, count, options.depth);
		options.paths = count ? paths : NULL;
		if (random_below(&bench->random, 2))
			options.after = any_name(bench);
		check(bench, &options);
	}
}

static void unseen_directories(void **state)
{
	static const struct {
		const char *add; /* before the path is asked for */
		const char *path;
		bool covers;
	} rows[] = {
		{ NULL, "/a", false },   { "/a", "/a-b", false }, { "/a-b", "/a-b/c", true },
		{ NULL, "/a.c", false }, { NULL, "/a/b", true },  { "/a/b", "/a/b/c", true },
		{ NULL, "/a/c", true },  { NULL, "/a0", false },  { "/aa", "/ab", false },
		{ NULL, "/b", false },   { NULL, "/b/a", false },
	};
	CLEANUP(unseen_done) struct unseen unseen = { .dirs = BUF_INIT };
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].add)
			must(unseen_add(&unseen, bytes_of(rows[i].add), &err), &err);
		assert_int_equal(unseen_covers(&unseen, bytes_of(rows[i].path)), rows[i].covers);
	}
	assert_int_equal(unseen.dirs.len, 0); /* all are over */
	must(unseen_add(&unseen, bytes_of("/"), &err), &err);
	assert_true(unseen_covers(&unseen, bytes_of("/c")));
	assert_true(unseen_covers(&unseen, bytes_of("/c/d")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_part, begin, finish),
		cmocka_unit_test(unseen_directories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
