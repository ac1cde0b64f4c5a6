/*
 * test_daemon_view.c - what is judged by: the policy that there is, and the places that another mount hides.
 */
#include "daemon_fixture.h"

#include "base/fd.h"

static unsigned long mount_id(const char *path)
{
	struct statx status;

	assert_int_equal(statx(AT_FDCWD, path, 0, STATX_MNT_ID, &status), 0);
	assert_true(status.stx_mask & STATX_MNT_ID);
	return (unsigned long)status.stx_mnt_id;
}

/* This system's mount table with LINES behind it ("@" stands for the tree, "%" for the mount that it lies on); the path of
 * the file. */
static const char *mountinfo_with(const struct fixture *fixture, const char *lines)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	const char *path = under(fixture->dir, "mountinfo");
	char chunk[4096];
	FILE *file = fopen("/proc/self/mountinfo", "re");
	size_t len;

	assert_non_null(file);
	while ((len = fread(chunk, 1, sizeof(chunk), file)) > 0)
		(void)buf_add(&text, chunk, len);
	(void)fclose(file);
	for (; *lines; lines++) {
		if (*lines == '@')
			(void)buf_add_str(&text, fixture->tree);
		else if (*lines == '%')
			(void)buf_printf(&text, "%lu", mount_id(fixture->tree));
		else
			(void)buf_add_byte(&text, (unsigned char)*lines);
	}
	assert_non_null(buf_str(&text));
	put_text(path, (char *)text.data);
	return path;
}

static struct view *view_with(struct fixture *fixture, struct stand *stand, const char *lines)
{
	struct view *view = NULL;
	struct err err = ERR_INIT;

	must(view_new(7, &fixture->place, stand ? stand_ref(stand) : NULL,
		      lines ? mountinfo_with(fixture, lines) : NULL, &view, &err),
	     &err);
	return view;
}

static void the_signed_policy(void **state)
{
	struct fixture *fixture = *state;
	struct stand *stand = fixture_stand(fixture);
	CLEANUP(view_unrefp) struct view *view = view_with(fixture, stand, NULL);
	struct view *other = view_ref(view);
	size_t count;

	assert_ptr_equal(view->policy, stand->reference.policy);
	assert_string_equal(view->policy_from, "the signed policy");
	assert_int_equal(view->number, 7);
	(void)view_blind(view, &count);
	assert_int_equal(count, 0);
	assert_true(view->mount_count > 0);
	assert_false(view_is_blind(view, bytes_of(fixture->tree)));
	view_unrefp(&other);
	assert_null(other);
}

static void blind_places(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(view_unrefp)
	struct view *view = view_with(fixture, fixture_stand(fixture),
				      "900 % 0:99 / @/sub rw - tmpfs tmpfs rw\n"
				      "901 % 0:98 / @/a rw - tmpfs tmpfs rw\n");
	static const struct {
		const char *name;
		bool blind;
	} rows[] = {
		{ "a", true },
		{ "a/b", true },
		{ "ab", false },
		{ "a-", false },
		{ "b", false },
		{ "sub", true },
		{ "sub/c", true },
		{ "sub/c/d", true },
		{ "sub-", false },
		{ "su", false },
		{ "", false },
		{ "subway", false },
		{ "sub/", true /* never asked for, but no harm */ },
	};
	const struct bytes *blind;
	size_t count;

	blind = view_blind(view, &count);
	assert_int_equal(count, 2);
	assert_true(path_compare(blind[0], blind[1]) < 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *path = rows[i].name[0] ? under(fixture->tree, rows[i].name) : fixture->tree;

		if (view_is_blind(view, bytes_of(path)) != rows[i].blind)
			fail_msg("%s", path);
	}
}

/* A table of mounts that the policy has nothing to do with comes and goes all day on a host with containers. */
static void same_mounts(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "", "", true },
		{ "", "900 % 0:99 / /nowhere/at/all rw - tmpfs tmpfs rw\n", true },
		{ "", "900 % 0:99 / @/sub rw - tmpfs tmpfs rw\n", false },
		{ "900 % 0:99 / @/sub rw - tmpfs tmpfs rw\n", "", false },
		{ "900 % 0:99 / @/sub rw - tmpfs tmpfs rw\n", "900 % 0:99 / @/sub rw - tmpfs tmpfs rw\n", true },
		{ "900 % 0:99 / @/sub rw - tmpfs tmpfs rw\n", "900 % 0:98 / @/sub rw - tmpfs tmpfs rw\n", false },
		{ "900 % 0:99 / @/sub rw - tmpfs tmpfs rw\n", "900 % 0:99 / @/sub rw - ext4 tmpfs rw\n", false },
		{ "900 % 0:99 / @/a rw - tmpfs x rw\n", "900 % 0:99 / @/sub rw - tmpfs x rw\n", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(view_unrefp) struct view *a = view_with(fixture, fixture_stand(fixture), rows[i].a);
		CLEANUP(view_unrefp) struct view *b = view_with(fixture, NULL, rows[i].b);

		if (view_same_mounts(a, b) != rows[i].same || view_same_mounts(b, a) != rows[i].same)
			fail_msg("row %zu", i);
	}
}

static bool covers(const struct view *view, const char *path)
{
	struct decision decision;

	policy_decide(view->policy, bytes_of(path), false, &decision);
	return decision.in_scope;
}

/* Without a baseline names are watched all the same, but never our own. */
static void the_policy_files(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(view_unrefp) struct view *view = NULL;

	put_policy(fixture, "  - path: @/../state\n"); /* ".." is no path: the file is wrong, see below */
	view = view_with(fixture, NULL, NULL);
	assert_string_equal(view->policy_from, "the built-in default");
	view_unrefp(&view);
	put_text(under(fixture->config, "policy.yaml"), "version: 1\nrules:\n  - path: /\n");
	view = view_with(fixture, NULL, NULL);
	assert_string_equal(view->policy_from, "the policy files");
	assert_true(covers(view, under(fixture->tree, "x")));
	assert_false(covers(view, under(fixture->state, "journal/x")));
	assert_ptr_equal(view->policy, view->own_policy);
}

static void the_default(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(view_unrefp) struct view *view = NULL;

	put_text(under(fixture->config, "policy.yaml"), "version: 1\nrules: [[[\n");
	view = view_with(fixture, NULL, NULL);
	assert_string_equal(view->policy_from, "the built-in default");
	assert_true(covers(view, "/etc/passwd"));
	view_unrefp(&view);
	remove_path(fixture->config);
	remove_path(fixture->state);
	view = view_with(fixture, NULL, NULL);
	assert_string_equal(view->policy_from, "the built-in default");
	assert_true(covers(view, "/etc/passwd"));
}

/* A view keeps what it stands on, however long somebody holds it. */
static void outlives(void **state)
{
	struct fixture *fixture = *state;
	struct view *view = view_with(fixture, fixture_stand(fixture), NULL);

	stand_unrefp(&fixture->stand);
	assert_true(covers(view, under(fixture->tree, "a")));
	assert_int_equal(view->stand->reference.sequence, 1);
	view_unrefp(&view);
}

static void no_mount_table(void **state)
{
	struct fixture *fixture = *state;
	struct stand *stand = fixture_stand(fixture);
	struct view *view = NULL;
	struct err err = ERR_INIT;

	/* the reference is taken all the same */
	assert_true(view_new(1, &fixture->place, stand_ref(stand), under(fixture->dir, "none"), &view, &err) < 0);
	assert_null(view);
	assert_int_equal(atomic_load(&stand->refs), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_signed_policy, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(blind_places, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(same_mounts, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_policy_files, fixture_empty, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_default, fixture_empty, fixture_teardown),
		cmocka_unit_test_setup_teardown(outlives, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(no_mount_table, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
