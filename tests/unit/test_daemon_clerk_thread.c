/* test_daemon_clerk_thread.c - the clerk's own thread: it loads a generation, and it can be stopped at any time. */
#include "clerk_fixture.h"

static void loads(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(drift_freep) struct drift *drift = open_drift(fixture);
	struct stand *before = fixture_stand(fixture);
	CLEANUP(clerk_freep) struct clerk *clerk = NULL;
	CLEANUP(mail_freep) struct mail *first = NULL, *second = NULL;
	struct stand_loaded *loaded;
	struct mailbox box;
	struct err err = ERR_INIT;

	must(mailbox_init(&box, &err), &err);
	must(clerk_new(&fixture->place, drift, &box, &clerk, &err), &err);
	put_text(under(fixture->tree, "a"), "another\n");
	fixture_accept(fixture);
	must(clerk_load(clerk, before, &err), &err);
	first = wait_for(&box, MAIL_LOADED);
	loaded = (struct stand_loaded *)(void *)first;
	must(loaded->err.code, &loaded->err);
	assert_int_equal(loaded->stand->reference.sequence, 2);
	put_text(under(fixture->state, "baseline.db-wal"), "");
	must(clerk_load(clerk, NULL, &err), &err);
	second = wait_for(&box, MAIL_LOADED);
	loaded = (struct stand_loaded *)(void *)second;
	assert_null(loaded->stand);
	assert_int_equal(loaded->err.code, ERR_DATA);
	clerk_freep(&clerk);
	mailbox_done(&box);
}

/* Whatever was asked for: nothing is lost, and nobody waits for it. */
static void stops(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(drift_freep) struct drift *drift = open_drift(fixture);
	struct view *view = fixture_view(fixture);

	for (int i = 0; i < 20; i++) {
		CLEANUP(clerk_freep) struct clerk *clerk = NULL;
		struct mailbox box;
		struct err err = ERR_INIT;

		must(mailbox_init(&box, &err), &err);
		must(clerk_new(&fixture->place, drift, &box, &clerk, &err), &err);
		for (int k = 0; k < i; k++) {
			const char *typed = fixture->tree;
			struct clerk_query query = query_of(view, &typed, 1, false);

			must(clerk_ask(clerk, &query, &err), &err);
			must(clerk_load(clerk, view->stand, &err), &err);
		}
		clerk_freep(&clerk);
		mailbox_done(&box);
	}
	assert_int_equal(atomic_load(&view->refs), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(loads, clerk_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(stops, clerk_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
