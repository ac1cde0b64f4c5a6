/*
 * test_daemon_sweep.c - the rolling scan by a clock of our own, over restarts; the polling ring.
 *
 * The directories without a watch are this test's own: watch_polled() stands here.
 */
#include "look_fixture.h"

#include <poll.h>

#include "daemon/sweep.h"

enum { FILES = 60, SLICE = 7, PERIOD = 1000 };
#define SECOND UINT64_C(1000000000)

static char polled[1300][FIXTURE_PATH + 1];
static size_t polled_count;

int watch_polled(struct watch *watch, size_t *cursor, struct buf *ret_path, struct err *err)
{
	(void)watch;
	if (*cursor == polled_count)
		return 0;
	return buf_add_str(ret_path, polled[(*cursor)++]) < 0 ? err_nomem(err) : 1;
}

struct clock_rig {
	struct rig rig;
	struct sweep *sweep;
	uint64_t now_ns; /* monotonic: of this start */
	int64_t wall;
	char *seen[TOLD_MAX]; /* what the rolling scan told */
	size_t seen_count;
	unsigned slices, polls;
};

static void start(struct clock_rig *clock, uint64_t now_ns)
{
	struct err err = ERR_INIT;

	must(sweep_new(clock->rig.looker, clock->rig.drift, NULL, &clock->sweep, &err), &err);
	sweep_set_period(clock->sweep, PERIOD, SLICE);
	clock->now_ns = now_ns;
}

static int begin(void **state)
{
	struct clock_rig *clock = calloc(1, sizeof(*clock));
	struct rig *rig;

	assert_non_null(clock);
	rig = &clock->rig;
	(void)fixture_empty((void **)&rig->fixture);
	for (int i = 0; i < FILES; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "f%02d", i);
		put_text(under(rig->fixture->tree, name), "text\n");
	}
	let_times_pass();
	fixture_init(rig->fixture);
	rig->view = fixture_view(rig->fixture);
	rig_begin(rig);
	/* so that each name is told when it is come to */
	run((const char *const[]){ "chmod", "-R", "go-rwx", "--", rig->fixture->tree, NULL });
	polled_count = 0;
	clock->wall = 1700000000;
	start(clock, 5000 * SECOND);
	*state = clock;
	return 0;
}

static int finish(void **state)
{
	struct clock_rig *clock = *state;

	for (size_t i = 0; i < clock->seen_count; i++)
		free(clock->seen[i]);
	sweep_freep(&clock->sweep);
	rig_end(&clock->rig);
	(void)fixture_teardown((void **)&clock->rig.fixture);
	free(clock);
	return 0;
}

static void let_seconds_pass(struct clock_rig *clock, uint64_t seconds)
{
	clock->now_ns += seconds * SECOND;
	clock->wall += (int64_t)seconds;
}

/* Waits for the next message; false when no look is going on any more and there is none. */
static bool has_mail(struct rig *rig)
{
	struct pollfd pollfd = { .fd = rig->box.fd, .events = POLLIN };
	struct looker_state now;

	do { /* a look that is over has put its messages there before */
		looker_state(rig->looker, &now);
		if (poll(&pollfd, 1, 1) == 1)
			return true;
	} while (now.busy || now.waiting);
	return false;
}

/* Everything that is due now; looks take no time. */
static void tick(struct clock_rig *clock)
{
	struct rig *rig = &clock->rig;
	struct err err = ERR_INIT;

	while (sweep_due_ns(clock->sweep) <= clock->now_ns) {
		sweep_set_wall(clock->sweep, clock->wall);
		must(sweep_tick(clock->sweep, clock->now_ns, rig->view, &err), &err);
		while (has_mail(rig)) {
			rig_wait(rig);
			clock->slices += rig->done->purpose == LOOK_ROUND;
			clock->polls += rig->done->purpose == LOOK_POLL;
			for (size_t i = 0; i < rig->told_count && rig->done->purpose == LOOK_ROUND; i++)
				clock->seen[clock->seen_count++] = STEAL(rig->told[i]);
			must(sweep_done(clock->sweep, rig->done, &err), &err);
		}
	}
}

static struct sweep_state state_of(struct clock_rig *clock)
{
	struct sweep_state state;

	sweep_state(clock->sweep, &state);
	return state;
}

static void check_seen_once(const struct clock_rig *clock)
{
	assert_int_equal(clock->seen_count, FILES + 1);
	for (size_t i = 1; i < clock->seen_count; i++)
		assert_true(strcmp(clock->seen[i - 1], clock->seen[i]) < 0);
}

static void one_round(void **state)
{
	struct clock_rig *clock = *state;
	uint64_t passed = 0;
	unsigned before = 0;

	while (state_of(clock).rounds == 0) {
		tick(clock);
		assert_true(clock->slices - before <= 2); /* spread over the time */
		before = clock->slices;
		if (state_of(clock).rounds)
			break;
		assert_int_equal(state_of(clock).oldest, 0);
		assert_int_equal(state_of(clock).round_started, 1700000000);
		let_seconds_pass(clock, 10);
		passed += 10;
		assert_true(passed <= PERIOD);
	}
	assert_true(passed > PERIOD / 2);
	assert_int_equal(clock->slices, (FILES + 1 + SLICE - 1) / SLICE);
	check_seen_once(clock);
	assert_true(state_of(clock).oldest > 0);
	assert_int_equal(state_of(clock).at.len, 0);
	/* the next one waits until its time has come */
	before = clock->slices;
	tick(clock);
	assert_int_equal(clock->slices, before);
	let_seconds_pass(clock, PERIOD);
	tick(clock);
	assert_true(clock->slices > before);
}

static void restart(struct clock_rig *clock, uint64_t now_ns)
{
	struct rig *rig = &clock->rig;

	sweep_freep(&clock->sweep);
	rig_end(rig);
	rig_begin(rig);
	start(clock, now_ns);
}

static void over_a_restart(void **state)
{
	struct clock_rig *clock = *state;
	uint64_t passed = 0;

	for (; passed < PERIOD * 4 / 10; passed += 10) {
		tick(clock);
		let_seconds_pass(clock, 10);
	}
	assert_in_range(clock->seen_count, FILES / 3, FILES * 2 / 3);
	/* the machine was off for a while, and its clock begins anew */
	clock->wall += PERIOD * 2 / 10;
	passed += PERIOD * 2 / 10;
	restart(clock, 20 * SECOND);
	tick(clock); /* what should have been done meanwhile */
	assert_in_range(clock->seen_count, FILES * 6 / 10, FILES);
	while (state_of(clock).rounds == 0) {
		let_seconds_pass(clock, 10);
		passed += 10;
		assert_true(passed <= PERIOD);
		tick(clock);
	}
	check_seen_once(clock);
}

/* A round that has ended is remembered as such: the next one begins at its own time, and is spread over its own. */
static void restarted_between_rounds(void **state)
{
	struct clock_rig *clock = *state;
	unsigned before;

	while (state_of(clock).rounds == 0) {
		tick(clock);
		let_seconds_pass(clock, 10);
	}
	restart(clock, 20 * SECOND);
	assert_int_equal(state_of(clock).round_started, 0);
	before = clock->slices;
	tick(clock);
	assert_int_equal(clock->slices, before);
	let_seconds_pass(clock, PERIOD);
	tick(clock);
	assert_int_equal(state_of(clock).round_started, clock->wall);
	assert_true(clock->slices - before <= 2);
}

static void a_slice_that_failed(void **state)
{
	struct clock_rig *clock = *state;
	struct rig *rig = &clock->rig;
	struct err err = ERR_INIT;
	struct look_done failed = { .purpose = LOOK_ROUND, .err = { .code = ERR_IO } };

	must(sweep_tick(clock->sweep, clock->now_ns, rig->view, &err), &err);
	rig_wait(rig);
	must(sweep_done(clock->sweep, &failed, &err), &err);
	assert_int_equal(state_of(clock).at.len, 0); /* as if it had not been */
	assert_true(sweep_due_ns(clock->sweep) > clock->now_ns);
	tick(clock);
	assert_int_equal(clock->slices, 0);
	let_seconds_pass(clock, 90);
	tick(clock);
	assert_true(clock->slices > 0);
	assert_string_equal(clock->seen[0], rig->fixture->tree);
}

static void set_polled(const struct rig *rig, size_t count)
{
	(void)rig;
	polled_count = count;
	for (size_t i = 0; i < count; i++)
		(void)snprintf(polled[i], sizeof(polled[i]), "/tmp/nothing/%zu", i);
}

static void the_ring(void **state)
{
	struct clock_rig *clock = *state;
	struct rig *rig = &clock->rig;
	struct err err = ERR_INIT;
	uint64_t first, second;

	/* nothing to poll: done at once */
	must(sweep_poll_now(clock->sweep, rig->view, &first, &err), &err);
	assert_true(sweep_polled(clock->sweep) >= first);

	set_polled(rig, 1200);
	tick(clock);
	assert_int_equal(clock->polls, 3);
	assert_int_equal(state_of(clock).last_poll, clock->wall);
	let_seconds_pass(clock, SWEEP_POLL_SECONDS / 2);
	tick(clock);
	assert_int_equal(clock->polls, 3);
	let_seconds_pass(clock, SWEEP_POLL_SECONDS / 2);
	tick(clock);
	assert_int_equal(clock->polls, 6);

	must(sweep_poll_now(clock->sweep, rig->view, &first, &err), &err);
	must(sweep_poll_now(clock->sweep, rig->view, &second, &err), &err);
	assert_true(second > first);
	for (int i = 0; i < 6; i++) {
		assert_true(sweep_polled(clock->sweep) < second);
		assert_int_equal(sweep_polled(clock->sweep) >= first, i >= 3);
		rig_wait(rig);
		must(sweep_done(clock->sweep, rig->done, &err), &err);
	}
	assert_true(sweep_polled(clock->sweep) >= second);
}

static void what_the_ring_finds(void **state)
{
	struct clock_rig *clock = *state;
	struct rig *rig = &clock->rig;
	struct err err = ERR_INIT;
	uint64_t number;

	polled_count = 1;
	(void)snprintf(polled[0], sizeof(polled[0]), "%s", rig->fixture->tree);
	must(sweep_poll_now(clock->sweep, rig->view, &number, &err), &err);
	rig_wait(rig);
	assert_int_equal(rig->done->purpose, LOOK_POLL);
	assert_int_equal(rig->told_count, FILES + 1);
}

static void without_a_stand(void **state)
{
	struct clock_rig *clock = *state;
	CLEANUP(view_unrefp) struct view *view = NULL;
	struct view *before = clock->rig.view;
	struct err err = ERR_INIT;

	must(view_new(2, &clock->rig.fixture->place, NULL, NULL, &view, &err), &err);
	clock->rig.view = view;
	set_polled(&clock->rig, 3);
	tick(clock);
	assert_int_equal(clock->polls, 1);
	assert_int_equal(clock->slices, 0);
	clock->rig.view = before;
	sweep_renew(clock->sweep);
	tick(clock);
	assert_int_equal(clock->slices, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_round, begin, finish),
		cmocka_unit_test_setup_teardown(over_a_restart, begin, finish),
		cmocka_unit_test_setup_teardown(restarted_between_rounds, begin, finish),
		cmocka_unit_test_setup_teardown(a_slice_that_failed, begin, finish),
		cmocka_unit_test_setup_teardown(the_ring, begin, finish),
		cmocka_unit_test_setup_teardown(what_the_ring_finds, begin, finish),
		cmocka_unit_test_setup_teardown(without_a_stand, begin, finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
