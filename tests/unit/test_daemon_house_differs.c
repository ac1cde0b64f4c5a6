/* test_daemon_house_differs.c - which of the daemon's own files are not what was signed, or what they were when it looked last. */
#include "house_fixture.h"

struct told {
	char text[2048];
	const char *config;
};

static int note(void *context, const char *path, const char *how, struct err *err)
{
	struct told *told = context;
	size_t len = strlen(told->text);

	(void)err;
	assert_memory_equal(path, told->config, strlen(told->config));
	(void)snprintf(told->text + len, sizeof(told->text) - len, "%s %s\n", how, path + strlen(told->config) + 1);
	return 0;
}

static void expect(struct house *house, const struct fixture *fixture, const struct view *view, const char *want)
{
	struct told told = { .config = fixture->config };
	struct err err = ERR_INIT;

	/* each call tells the whole of it */
	for (int i = 0; i < 2; i++) {
		told.text[0] = '\0';
		must(house_compare(house, view, note, &told, &err), &err);
		assert_string_equal(told.text, want);
	}
}

static struct house *remembering(struct fixture *fixture)
{
	struct house *house = NULL;
	struct err err = ERR_INIT;

	must(house_new(&fixture->place, socket_path, &house, &err), &err);
	must(house_remember(house, &err), &err);
	return house;
}

static void policies_differ(void **state)
{
	struct fixture *fixture = *state;
	const struct view *view = fixture_view(fixture);
	CLEANUP(house_freep) struct house *house = remembering(fixture);

	expect(house, fixture, view, "");
	copy_file(C("policy.yaml"), UP("policy.yaml"));
	add_text(C("policy.yaml"), "# a word\n");
	expect(house, fixture, view, "changed policy.yaml\n");
	assert_int_equal(mkdir(C("policy.d"), 0755), 0);
	put_text(C("policy.d/10-x.yaml"), "version: 1\n");
	put_text(C("policy.d/README"), "not a policy\n");
	expect(house, fixture, view, "changed policy.yaml\nadded policy.d/10-x.yaml\n");
	assert_int_equal(unlink(C("policy.yaml")), 0);
	expect(house, fixture, view, "removed policy.yaml\nadded policy.d/10-x.yaml\n");
	assert_int_equal(mkdir(C("policy.yaml"), 0755), 0);
	expect(house, fixture, view, "changed policy.yaml\n");
	remove_path(C("policy.yaml"));
	remove_path(C("policy.d"));
	copy_file(UP("policy.yaml"), C("policy.yaml"));
	expect(house, fixture, view, "");
}

static void keys_differ(void **state)
{
	struct fixture *fixture = *state;
	const struct view *view = fixture_view(fixture);
	CLEANUP(house_freep) struct house *house = remembering(fixture);
	struct err err = ERR_INIT;

	copy_file(C("host.pub"), UP("host.pub"));
	add_text(C("host.pub"), "\n");
	expect(house, fixture, view, "changed host.pub\n");
	copy_file(UP("host.pub"), C("host.pub"));
	expect(house, fixture, view, "");
	put_text(C("trusted.d/other.pub"), "another key\n");
	put_text(C("trusted.d/require"), "ops.pub\n");
	put_text(C("trusted.d/.hidden.pub"), "");
	put_text(C("trusted.d/notes"), "");
	expect(house, fixture, view, "added trusted.d/other.pub\nadded trusted.d/require\n");
	must(house_remember(house, &err), &err);
	expect(house, fixture, view, "");
	add_text(C("trusted.d/require"), "other.pub\n");
	assert_int_equal(unlink(C("trusted.d/ops.pub")), 0);
	expect(house, fixture, view, "removed trusted.d/ops.pub\nchanged trusted.d/require\n");
	remove_path(C("trusted.d"));
	expect(house, fixture, view,
	       "removed trusted.d/ops.pub\nremoved trusted.d/other.pub\nremoved trusted.d/require\n");
}

/* The secret is not read, and yet: its mode, a second name, another file in its place. */
static void the_host_key(void **state)
{
	struct fixture *fixture = *state;
	const struct view *view = fixture_view(fixture);
	CLEANUP(house_freep) struct house *house = remembering(fixture);
	struct err err = ERR_INIT;

	assert_int_equal(chmod(C("host.key"), 0644), 0);
	expect(house, fixture, view, "changed host.key\n");
	must(house_remember(house, &err), &err);
	assert_int_equal(link(C("host.key"), UP("second")), 0);
	expect(house, fixture, view, "changed host.key\n");
	must(house_remember(house, &err), &err);
	copy_file(C("host.key"), C("host.key.new"));
	move(C("host.key.new"), C("host.key"));
	expect(house, fixture, view, "changed host.key\n");
	assert_int_equal(unlink(C("host.key")), 0);
	expect(house, fixture, view, "removed host.key\n");
}

static void all_gone(void **state)
{
	struct fixture *fixture = *state;
	const struct view *view = fixture_view(fixture);
	CLEANUP(house_freep) struct house *house = remembering(fixture);
	CLEANUP(view_unrefp) struct view *without = NULL;
	struct err err = ERR_INIT;

	must(view_new(2, &fixture->place, NULL, NULL, &without, &err), &err);
	move(fixture->config, UP("config.old"));
	expect(house, fixture, view,
	       "removed policy.yaml\nremoved host.key\nremoved host.pub\nremoved trusted.d/ops.pub\n");
	/* without a baseline nobody signed a policy */
	expect(house, fixture, without, "removed host.key\nremoved host.pub\nremoved trusted.d/ops.pub\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(policies_differ, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(keys_differ, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_host_key, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(all_gone, setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
