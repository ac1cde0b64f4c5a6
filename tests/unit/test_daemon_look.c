/*
 * test_daemon_look.c - looks at a real tree beside a real baseline: each kind of change, what is read, what the drift changes.
 */
#include "look_fixture.h"

#include <sys/time.h>

static const char *at(const struct rig *rig, const char *name)
{
	return under(rig->fixture->tree, name);
}

/* tree/{a,b}, tree/sub/{c,deep/e}, tree/sub-x */
static int begin(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	(void)fixture_empty((void **)&rig->fixture);
	put_text(at(rig, "a"), "one\n");
	put_text(at(rig, "b"), "two\n");
	put_text(at(rig, "sub-x"), "four\n");
	assert_int_equal(mkdir(at(rig, "sub"), 0755), 0);
	put_text(at(rig, "sub/c"), "three\n");
	assert_int_equal(mkdir(at(rig, "sub/deep"), 0755), 0);
	put_text(at(rig, "sub/deep/e"), "five\n");
	let_times_pass();
	fixture_init(rig->fixture);
	rig->view = fixture_view(rig->fixture);
	rig_begin(rig);
	*state = rig;
	return 0;
}

static int finish(void **state)
{
	struct rig *rig = *state;

	rig_end(rig);
	(void)fixture_teardown((void **)&rig->fixture);
	free(rig);
	return 0;
}

static void look_at(struct rig *rig, const char *paths, enum scan_depth depth, bool quick)
{
	struct look_request request = request_for(rig, LOOK_START, paths, depth);

	request.quick = quick;
	rig_look(rig, request);
}

static void look_all(struct rig *rig, bool quick)
{
	look_at(rig, NULL, SCAN_BELOW, quick);
	assert_true(rig->done->ended);
}

/* What the main thread does with what the judges say: the present state of the names told is what is believed. */
static void believe_what_is_there(struct rig *rig)
{
	CLEANUP(freep) struct bytes *paths = calloc(rig->told_count, sizeof(*paths));
	CLEANUP(pairs_freep) struct pairs *scan = NULL;
	struct scan_options options = { .root = "/",
					.policy = rig->view->policy,
					.paths = paths,
					.path_count = rig->told_count,
					.depth = SCAN_SELF,
					.threads = 1,
					.mounts = &rig->view->system };
	struct err err = ERR_INIT;
	struct pair pair;

	assert_non_null(paths);
	for (size_t i = 0; i < rig->told_count; i++) {
		paths[i] = bytes_of(rig->told[i]);
		must(drift_put_absent(rig->drift, paths[i], &err), &err);
	}
	must(scan_new(&options, &scan, &err), &err);
	while (pairs_next(scan, &pair, &err) > 0)
		must(drift_put(rig->drift, pair.b, &err), &err);
	must(err.code, &err);
	must(drift_commit(rig->drift, &err), &err);
}

static void nothing_differs(void **state)
{
	struct rig *rig = *state;

	look_all(rig, false);
	check_told(rig, "");
	assert_true(rig->done->examined >= 7);
	assert_int_equal(rig->done->files_read, 5);
	assert_int_equal(rig->done->unexamined, 0);
	look_all(rig, true);
	check_told(rig, "");
	assert_int_equal(rig->done->bytes_read, 0);
	look_at(rig, ". sub sub/deep", SCAN_CHILDREN, false);
	check_told(rig, "");
	assert_int_equal(rig->done->examined, 8);
	look_at(rig, "sub/deep/e a", SCAN_SELF, false);
	check_told(rig, "");
	assert_int_equal(rig->done->examined, 2);
	look_at(rig, "sub nothing", SCAN_BELOW, false);
	check_told(rig, "");
	assert_int_equal(rig->done->examined, 4);
}

static void make_content(struct rig *rig)
{
	put_text(at(rig, "a"), "ONE\n");
}

static void make_mode(struct rig *rig)
{
	assert_int_equal(chmod(at(rig, "sub/deep"), 0700), 0);
}

static void make_new(struct rig *rig)
{
	put_text(at(rig, "sub/new"), "new\n");
}

static void make_gone(struct rig *rig)
{
	assert_int_equal(unlink(at(rig, "sub/c")), 0);
}

static void make_moved(struct rig *rig)
{
	assert_int_equal(rename(at(rig, "a"), at(rig, "sub/deep/a")), 0);
}

static void make_tree_gone(struct rig *rig)
{
	remove_path(at(rig, "sub"));
}

static void make_another_type(struct rig *rig)
{
	remove_path(at(rig, "sub/deep"));
	assert_int_equal(symlink("../a", at(rig, "sub/deep")), 0);
}

static void make_link(struct rig *rig)
{
	assert_int_equal(link(at(rig, "b"), at(rig, "b2")), 0);
}

static void make_tree_new(struct rig *rig)
{
	assert_int_equal(mkdir(at(rig, "new"), 0755), 0);
	assert_int_equal(mkdir(at(rig, "new/er"), 0755), 0);
	put_text(at(rig, "new/er/file"), "");
}

static void each_change(void **state)
{
	static const struct {
		void (*make)(struct rig *rig);
		const char *told; /* what comes first is in path order */
	} rows[] = {
		{ make_content, "a" },
		{ make_mode, "sub/deep" },
		{ make_new, "sub sub/new" },
		{ make_gone, "sub sub/c" },
		{ make_moved, ". a sub/deep sub/deep/a" },
		{ make_link, ". b b2" },
		{ make_another_type, "sub sub/deep sub/deep/a sub/deep/e" },
		{ make_tree_new, ". new new/er new/er/file" },
		{ make_tree_gone, ". sub sub/deep sub/new" },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		rows[i].make(rig);
		let_times_pass();
		look_all(rig, true);
		check_told(rig, rows[i].told);
		look_all(rig, false);
		check_told(rig, rows[i].told);
		believe_what_is_there(rig);
		look_all(rig, true);
		check_told(rig, "");
		assert_int_equal(rig->done->bytes_read, 0); /* what drifts is no reason to read it again and again */
		look_all(rig, false);
		check_told(rig, "");
	}
}

static void kinds_are_told(void **state)
{
	struct rig *rig = *state;

	make_tree_new(rig);
	look_all(rig, false);
	check_told(rig, ". new new/er new/er/file");
	assert_true(rig->told_dir[0] && rig->told_dir[1] && rig->told_dir[2] && !rig->told_dir[3]);
	remove_path(at(rig, "sub"));
	look_at(rig, "sub", SCAN_BELOW, false);
	check_told(rig, "sub sub/c sub/deep sub/deep/e");
	assert_true(rig->told_dir[0] && !rig->told_dir[1] && rig->told_dir[2] && !rig->told_dir[3]);
}

static void back_as_recorded(void **state)
{
	struct rig *rig = *state;

	make_gone(rig);
	assert_int_equal(chmod(at(rig, "b"), 0600), 0);
	look_all(rig, false);
	check_told(rig, "b sub sub/c");
	believe_what_is_there(rig);
	put_text(at(rig, "sub/c"), "three\n");
	assert_int_equal(chmod(at(rig, "b"), 0644), 0);
	look_all(rig, false);
	check_told(rig, "b sub sub/c");
	/* the drift forgets them: then the rows are believed, which differ in times only */
	for (size_t i = 0; i < rig->told_count; i++) {
		struct err err = ERR_INIT;

		must(drift_remove(rig->drift, bytes_of(rig->told[i]), &err), &err);
	}
	look_all(rig, false);
	check_told(rig, "b sub sub/c");
}

/* Contents that change behind all times: a quick look sees that only where it reads all the same. */
static void forge(const struct rig *rig, const char *name, const char *text)
{
	const struct timespec then[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };

	put_text(at(rig, name), text);
	assert_int_equal(utimensat(AT_FDCWD, at(rig, name), then, 0), 0);
}

static void what_is_read(void **state)
{
	struct rig *rig = *state;
	struct look_request request;

	/* severity high: everything of the policy's first rule is medium */
	request = request_for(rig, LOOK_LOSS, NULL, SCAN_BELOW);
	request.quick = true;
	request.read_from = SEVERITY_HIGH;
	rig_look(rig, request);
	check_told(rig, "");
	assert_int_equal(rig->done->bytes_read, 5); /* sub/deep/e, which a rule calls high */
	assert_int_equal(rig->done->files_read, 1);
	request = request_for(rig, LOOK_LOSS, NULL, SCAN_BELOW);
	request.quick = true;
	request.read_from = SEVERITY_INFO;
	rig_look(rig, request);
	assert_int_equal(rig->done->files_read, 5);
	forge(rig, "b", "TWO\n");
	request = request_for(rig, LOOK_LOSS, "b", SCAN_SELF);
	request.quick = true;
	rig_look(rig, request);
	check_told(rig, "b"); /* its ctime tells */
	assert_int_equal(rig->done->bytes_read, 4);
}

static void paths_and_depths(void **state)
{
	struct rig *rig = *state;

	put_text(at(rig, "a"), "ONE\n");
	put_text(at(rig, "sub-x"), "FOUR\n");
	put_text(at(rig, "sub/c"), "THREE\n");
	put_text(at(rig, "sub/deep/e"), "FIVE\n");
	look_at(rig, ".", SCAN_SELF, false);
	check_told(rig, "");
	look_at(rig, "sub/deep/e a", SCAN_SELF, false);
	check_told(rig, "a sub/deep/e");
	look_at(rig, ".", SCAN_CHILDREN, false);
	check_told(rig, "a sub-x");
	look_at(rig, "sub .", SCAN_CHILDREN, false);
	check_told(rig, "a sub-x sub/c");
	look_at(rig, "sub/deep .", SCAN_CHILDREN, false);
	check_told(rig, "a sub-x sub/deep/e");
	look_at(rig, "sub", SCAN_BELOW, false);
	check_told(rig, "sub/c sub/deep/e");
	look_at(rig, "sub/deep sub sub sub-x", SCAN_BELOW, false);
	check_told(rig, "sub-x sub/c sub/deep/e");
	look_at(rig, "sub/deep a", SCAN_BELOW, false);
	check_told(rig, "a sub/deep/e");
}

/* What a mount hides may be there or not: it is not told as gone. */
static void blind_places(void **state)
{
	struct rig *rig = *state;
	CLEANUP(view_unrefp) struct view *view = NULL;
	struct view *before = rig->view;
	struct err err = ERR_INIT;
	struct bytes blind = bytes_of(rig->fixture->tree);
	CLEANUP(buf_done) struct buf path = BUF_INIT;

	must(view_new(2, &rig->fixture->place, stand_ref(rig->fixture->stand), NULL, &view, &err), &err);
	(void)buf_printf(&path, "%s/sub", rig->fixture->tree);
	blind = (struct bytes){ path.data, path.len };
	assert_int_equal(buf_add(&view->blind, &blind, sizeof(blind)), 0);
	rig->view = view;
	remove_path(at(rig, "sub/deep"));
	look_all(rig, false);
	check_told(rig, "");
	assert_int_equal(rig->done->unexamined, 4);
	rig->view = before;
	look_all(rig, false);
	check_told(rig, "sub sub/deep sub/deep/e");
	assert_int_equal(rig->done->unexamined, 0);
}

static void without_a_stand(void **state)
{
	struct rig *rig = *state;
	CLEANUP(view_unrefp) struct view *view = NULL;
	struct view *before = rig->view;
	struct err err = ERR_INIT;

	must(view_new(2, &rig->fixture->place, NULL, NULL, &view, &err), &err);
	rig->view = view;
	look_all(rig, false);
	check_told(rig, ". a b sub sub-x sub/c sub/deep sub/deep/e");
	assert_int_equal(rig->done->bytes_read, 0);
	look_at(rig, "sub", SCAN_CHILDREN, false);
	check_told(rig, "sub sub/c sub/deep");
	rig->view = before;
}

/* The only rule that says a severity. */
static int begin_severe(void **state)
{
	struct rig *rig;

	(void)begin(state);
	rig = *state;
	view_unrefp(&rig->fixture->view);
	stand_unrefp(&rig->fixture->stand);
	remove_path(rig->fixture->state);
	assert_int_equal(mkdir(rig->fixture->state, 0755), 0);
	put_policy(rig->fixture, "    severity: medium\n  - path: @/sub/deep\n    severity: high\n");
	fixture_init(rig->fixture);
	rig->view = fixture_view(rig->fixture);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_differs, begin, finish),
		cmocka_unit_test_setup_teardown(each_change, begin, finish),
		cmocka_unit_test_setup_teardown(kinds_are_told, begin, finish),
		cmocka_unit_test_setup_teardown(back_as_recorded, begin, finish),
		cmocka_unit_test_setup_teardown(what_is_read, begin_severe, finish),
		cmocka_unit_test_setup_teardown(paths_and_depths, begin, finish),
		cmocka_unit_test_setup_teardown(blind_places, begin, finish),
		cmocka_unit_test_setup_teardown(without_a_stand, begin, finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
