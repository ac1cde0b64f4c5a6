/* test_daemon_house.c - the daemon's own files: what is touched is told, and what is not is not. */
#include "house_fixture.h"

enum action {
	NOTHING,
	POLICY_WRITTEN,
	POLICY_MODE,
	POLICY_SAVED,
	POLICY_GONE,
	POLICY_PART,
	POLICY_FOLDER_MOVED,
	KEY_TRUSTED,
	KEY_MODE,
	KEY_GONE,
	PUBLIC_WRITTEN,
	EDITOR,
	CONFIG_MOVED,
	CONFIG_REPLACED,
	ACCEPTED,
	LOCKED,
	SEEN,
	TEMPORARY,
	DRIFT,
	WAL,
	JOURNAL_BESIDE,
	BASELINE_WRITTEN,
	BASELINE_GONE,
	BASELINE_MODE,
	SEGMENT_GROWS,
	SEGMENT_NEW,
	SEGMENT_GONE,
	SEGMENT_MOVED,
	JOURNAL_MOVED,
	STATE_MOVED,
	SOCKET_GONE,
	SOCKET_OTHER,
	SOCKET_FOLDER_GONE,
	ALL_MOVED,
	FLOOD
};

static void touch_config(struct fixture *fixture, enum action action)
{
	switch ((int)action) {
	case POLICY_WRITTEN:
		add_text(C("policy.yaml"), "# a word\n");
		break;
	case POLICY_MODE:
		assert_int_equal(chmod(C("policy.yaml"), 0600), 0);
		break;
	case POLICY_SAVED:
		copy_file(C("policy.yaml"), C("policy.yaml.new"));
		move(C("policy.yaml.new"), C("policy.yaml"));
		break;
	case POLICY_GONE:
		assert_int_equal(unlink(C("policy.yaml")), 0);
		break;
	case POLICY_PART:
		assert_int_equal(mkdir(C("policy.d"), 0755), 0);
		put_text(C("policy.d/10-x.yaml"), "version: 1\n");
		break;
	case POLICY_FOLDER_MOVED:
		move(C("trusted.d"), C("trusted.d.old"));
		break;
	case KEY_TRUSTED:
		put_text(C("trusted.d/other.pub"), "another key\n");
		break;
	case KEY_MODE:
		assert_int_equal(chmod(C("host.key"), 0644), 0);
		break;
	case KEY_GONE:
		assert_int_equal(unlink(C("host.key")), 0);
		break;
	case PUBLIC_WRITTEN:
		add_text(C("host.pub"), "\n");
		break;
	case EDITOR:
		put_text(C(".policy.yaml.swp"), "");
		put_text(C("policy.yaml~"), "");
		break;
	case CONFIG_MOVED:
		move(fixture->config, UP("config.old"));
		break;
	case CONFIG_REPLACED:
		move(fixture->config, UP("config.old"));
		assert_int_equal(mkdir(fixture->config, 0755), 0);
		put_text(C("policy.yaml"), "version: 1\n");
		break;
	case FLOOD:
		for (int i = 0; i < 30000; i++) {
			char name[32];

			(void)snprintf(name, sizeof(name), "flood-%d", i & 1);
			put_text(C(name), "");
			assert_int_equal(unlink(C(name)), 0);
		}
		break;
	default:
		break;
	}
}

static void touch_state(struct fixture *fixture, enum action action)
{
	switch ((int)action) {
	case ACCEPTED:
		put_text(under(fixture->tree, "a"), "other\n");
		fixture_accept(fixture);
		break;
	case LOCKED:
		put_text(S("lock"), "");
		break;
	case SEEN:
		put_text(S("seen.tmp-0123456789abcdef"), "");
		move(S("seen.tmp-0123456789abcdef"), S("seen"));
		break;
	case TEMPORARY:
		put_text(S("baseline.db.tmp-0123456789abcdef"), "x");
		assert_int_equal(unlink(S("baseline.db.tmp-0123456789abcdef")), 0);
		break;
	case DRIFT:
		add_text(S("drift.db"), "x");
		put_text(S("drift.db-journal"), "x");
		break;
	case WAL:
		put_text(S("baseline.db-wal"), "");
		break;
	case JOURNAL_BESIDE:
		put_text(S("planted"), "");
		move(S("planted"), S("baseline.db-journal"));
		break;
	case BASELINE_WRITTEN:
		add_text(S("baseline.db"), "x");
		break;
	case BASELINE_GONE:
		assert_int_equal(unlink(S("baseline.db")), 0);
		break;
	case BASELINE_MODE:
		assert_int_equal(chmod(S("baseline.db"), 0666), 0);
		break;
	case STATE_MOVED:
		move(fixture->state, UP("state.old"));
		break;
	default:
		break;
	}
}

static void touch_rest(struct fixture *fixture, enum action action)
{
	char aside[sizeof(fixture->dir) + 8];
	switch ((int)action) {
	case SEGMENT_GROWS:
		add_text(S("journal/0001.jsonl"), "{}\n");
		break;
	case SEGMENT_NEW:
		put_text(S("journal/0002.jsonl"), "{}\n");
		break;
	case SEGMENT_GONE:
		assert_int_equal(unlink(S("journal/0001.jsonl")), 0);
		break;
	case SEGMENT_MOVED:
		move(S("journal/0001.jsonl"), UP("0001.jsonl"));
		break;
	case JOURNAL_MOVED:
		move(S("journal"), S("journal.old"));
		break;
	case SOCKET_GONE:
		assert_int_equal(unlink(socket_path), 0);
		break;
	case SOCKET_OTHER:
		put_text(UP("run/other.sock"), "");
		break;
	case SOCKET_FOLDER_GONE:
		remove_path(UP("run"));
		break;
	case ALL_MOVED:
		(void)snprintf(aside, sizeof(aside), "%s-moved", fixture->dir);
		move(fixture->dir, aside);
		move(aside, fixture->dir);
		break;
	default:
		break;
	}
}

static const struct row {
	enum action action;
	unsigned touched;
} rows[] = {
	{ NOTHING, 0 },
	{ POLICY_WRITTEN, HOUSE_CONFIG },
	{ POLICY_MODE, HOUSE_CONFIG },
	{ POLICY_SAVED, HOUSE_CONFIG },
	{ POLICY_GONE, HOUSE_CONFIG },
	{ POLICY_PART, HOUSE_CONFIG },
	{ POLICY_FOLDER_MOVED, HOUSE_CONFIG },
	{ KEY_TRUSTED, HOUSE_CONFIG },
	{ KEY_MODE, HOUSE_CONFIG },
	{ KEY_GONE, HOUSE_CONFIG },
	{ PUBLIC_WRITTEN, HOUSE_CONFIG },
	{ EDITOR, 0 },
	{ CONFIG_MOVED, HOUSE_LOST },
	{ CONFIG_REPLACED, HOUSE_LOST },
	{ ACCEPTED, HOUSE_BASELINE },
	{ LOCKED, 0 },
	{ SEEN, 0 },
	{ TEMPORARY, 0 },
	{ DRIFT, 0 },
	{ WAL, HOUSE_BASELINE },
	{ JOURNAL_BESIDE, HOUSE_BASELINE },
	{ BASELINE_WRITTEN, HOUSE_BASELINE },
	{ BASELINE_GONE, HOUSE_BASELINE },
	{ BASELINE_MODE, HOUSE_BASELINE },
	{ SEGMENT_GROWS, 0 },
	{ SEGMENT_NEW, 0 },
	{ SEGMENT_GONE, HOUSE_JOURNAL },
	{ SEGMENT_MOVED, HOUSE_JOURNAL },
	{ JOURNAL_MOVED, HOUSE_JOURNAL },
	{ STATE_MOVED, HOUSE_LOST },
	{ SOCKET_GONE, HOUSE_SOCKET },
	{ SOCKET_OTHER, 0 },
	{ SOCKET_FOLDER_GONE, HOUSE_LOST | HOUSE_SOCKET },
	{ ALL_MOVED, HOUSE_LOST },
	{ FLOOD, HOUSE_LOST },
};

/* Everything that came so far: the kernel has queued it before the call that made it returned. */
static unsigned read_all(struct house *house)
{
	unsigned touched = 0, more;
	struct err err = ERR_INIT;

	for (int i = 0; i < 50; i++) {
		must(house_read(house, &more, &err), &err);
		touched |= more;
	}
	return touched;
}

static void touch(struct fixture *fixture, enum action action)
{
	touch_config(fixture, action);
	touch_state(fixture, action);
	touch_rest(fixture, action);
}

static void touched(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(house_freep) struct house *house = NULL;
		struct fixture *fixture;
		struct err err = ERR_INIT;
		void *opaque = NULL;
		unsigned got;

		(void)setup(&opaque);
		fixture = opaque;
		must(house_new(&fixture->place, socket_path, &house, &err), &err);
		assert_true(house_complete(house));
		assert_int_equal(read_all(house), 0);
		touch(fixture, rows[i].action);
		got = read_all(house);
		if (got != rows[i].touched)
			fail_msg("action %d: %x instead of %x", (int)rows[i].action, got, rows[i].touched);
		(void)fixture_teardown(&opaque);
	}
}

/* What comes in the place of something that went is watched like what was there before. */
static void made_again(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(house_freep) struct house *house = NULL;
	struct err err = ERR_INIT;

	must(house_new(&fixture->place, socket_path, &house, &err), &err);
	touch(fixture, CONFIG_REPLACED);
	assert_int_equal(read_all(house), HOUSE_LOST);
	touch(fixture, POLICY_WRITTEN);
	assert_int_equal(read_all(house), HOUSE_CONFIG);
	touch(fixture, POLICY_PART);
	assert_int_equal(read_all(house), HOUSE_CONFIG);
	add_text(C("policy.d/10-x.yaml"), "# more\n");
	assert_int_equal(read_all(house), HOUSE_CONFIG);
	remove_path(C("policy.d"));
	assert_int_equal(read_all(house), HOUSE_CONFIG);
	touch(fixture, POLICY_PART);
	assert_int_equal(read_all(house), HOUSE_CONFIG);
	/* what was moved away is nobody's concern any more */
	put_text(UP("config.old/policy.yaml"), "");
	assert_int_equal(read_all(house), 0);
	touch(fixture, ALL_MOVED);
	assert_int_equal(read_all(house), HOUSE_LOST);
	add_text(C("policy.d/10-x.yaml"), "# more\n");
	assert_int_equal(read_all(house), HOUSE_CONFIG);
}

/* Nothing there at first, then one folder after the other. */
static void from_nothing(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(house_freep) struct house *house = NULL;
	char config[2 * FIXTURE_PATH], deep_state[2 * FIXTURE_PATH], control[2 * FIXTURE_PATH];
	struct place place = { .config = config, .state = deep_state };
	struct err err = ERR_INIT;

	(void)snprintf(config, sizeof(config), "%s/none/etc", fixture->tree);
	(void)snprintf(deep_state, sizeof(deep_state), "%s/none/var/lib", fixture->tree);
	(void)snprintf(control, sizeof(control), "%s/none/run/control.sock", fixture->tree);
	must(house_new(&place, control, &house, &err), &err);
	assert_true(house_complete(house));
	assert_int_equal(mkdir(under(fixture->tree, "none"), 0755), 0);
	assert_int_equal(read_all(house), HOUSE_LOST);
	assert_int_equal(mkdir(config, 0755), 0);
	assert_int_equal(read_all(house), HOUSE_LOST);
	assert_int_equal(mkdir(under(fixture->tree, "none/var"), 0755), 0);
	assert_int_equal(mkdir(deep_state, 0755), 0);
	assert_int_equal(read_all(house), HOUSE_LOST);
	put_text(under(config, "policy.yaml"), "");
	assert_int_equal(read_all(house), HOUSE_CONFIG);
	put_text(under(deep_state, "baseline.db"), "");
	assert_int_equal(read_all(house), HOUSE_BASELINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(touched),
		cmocka_unit_test_setup_teardown(made_again, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(from_nothing, setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
