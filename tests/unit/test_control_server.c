/* test_control_server.c - the daemon's end: requests, long answers, hostile and slow clients. */
#include "control_fixture.h"

#include <sys/resource.h>

#define END "{\"record\":\"end\"}\n"

static void a_request_is_answered(void **state)
{
	static const char request[] = "{\"request\":\"echo\",\"x\":[1,2]}\n";
	struct place *place = *state;
	CLEANUP(freep) char *answer = ask(place, request, sizeof(request) - 1);

	assert_string_equal(answer, "{\"request\":\"echo\",\"x\":[1,2]}\n{\"record\":\"text\"}\n" END);
	assert_int_equal(place->peer.pid, getpid());
	assert_int_equal(place->peer.uid, getuid());
	assert_true(place->peer.may_read && place->peer.may_command);
	assert_int_equal(place->gones, 0);
	PUMP_UNTIL(place, place->server->count == 0);
	pump_for(place, 0);
	assert_false(place->server->ticking); /* nothing runs while nobody is there */
	assert_int_equal(place->server->queued, 0);
}

static void it_may_come_in_pieces_and_close_its_half(void **state)
{
	static const char request[] = "{\"request\":\"echo\"}\nand more that nobody asked for\n";
	struct place *place = *state;
	CLEANUP(fd_closep) int fd = dial(place);
	CLEANUP(freep) char *answer = NULL;

	for (size_t i = 0; i < sizeof(request) - 1; i++) {
		say(place, fd, request + i, 1);
		if (i < 18)
			pump_for(place, 0);
	}
	(void)shutdown(fd, SHUT_WR);
	answer = hear(place, fd);
	assert_string_equal(answer, "{\"request\":\"echo\"}\n{\"record\":\"text\"}\n" END);
}

static void an_error_is_one_clean_line(void **state)
{
	static const char request[] = "{\"request\":\"x\"}\n";
	struct place *place = *state;
	CLEANUP(freep) char *answer = ask(place, request, sizeof(request) - 1);

	assert_string_equal(answer, "{\"record\":\"error\",\"code\":64,\"message\":\"no request 'x' \\\"quoted\\\" "
				    "\\\\x01 \\\\xff \\\\x00\"}\n");
}

#define ROW(data, like)                                                                                                \
	{                                                                                                              \
		data, sizeof(data) - 1, like                                                                           \
	}

static void nonsense_gets_an_error_line(void **state)
{
	static const struct {
		const char *data;
		size_t len;
		const char *like;
	} rows[] = {
		ROW("\n", "no JSON"),
		ROW("hello\n", "no JSON"),
		ROW("[]\n", "member 'request'"),
		ROW("{}\n", "member 'request'"),
		ROW("{\"request\":7}\n", "member 'request'"),
		ROW("{\"request\":\"echo\",\"request\":\"hold\"}\n", "duplicate"),
		ROW("{\"request\":\"echo\\u0000\"}\n", "\\\\u0000"),
		ROW("{\"request\":\"ec\0ho\"}\n", "no JSON"),
		ROW("{\"request\":\"\xff\xfe\"}\n", "no JSON"),
		ROW("\0\0\0\0\n", "no JSON"),
		ROW("\x16\x03\x01\x02\n", "no JSON"),
		ROW("{\"request\":\"echo\",\"n\":1e999}\n", "no JSON"),
		ROW("{\"request\":\"echo\",\"n\":99999999999999999999}\n", "no JSON"),
	};
	struct place *place = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(freep) char *answer = ask(place, rows[i].data, rows[i].len);
		json_auto_t *line = NULL;

		if (!strstr(answer, rows[i].like) || strchr(answer, '\n') != answer + strlen(answer) - 1)
			fail_msg("row %zu: %s", i, answer);
		line = json_loads(answer, 0, NULL);
		assert_int_equal(json_integer_value(json_object_get(line, "code")), 65);
	}
	assert_int_equal(place->requests, 0);
}

static void a_cut_request_is_told_so(void **state)
{
	struct place *place = *state;
	CLEANUP(fd_closep) int fd = dial(place);
	CLEANUP(freep) char *answer = NULL;

	say(place, fd, "{\"request\"", 10);
	(void)shutdown(fd, SHUT_WR);
	answer = hear(place, fd);
	assert_non_null(strstr(answer, "without a newline"));
}

static void depth_and_length_have_bounds(void **state)
{
	struct place *place = *state;
	const size_t len = 2 << 20;
	CLEANUP(freep) char *data = malloc(len + 1);
	char *answer;

	assert_non_null(data);
	memset(data, '[', len);
	data[100000] = '\n';
	answer = ask(place, data, 100001);
	assert_non_null(strstr(answer, "parsing depth"));
	free(answer);
	memset(data, ' ', len); /* no newline in 2 MiB */
	answer = ask(place, data, len);
	assert_non_null(strstr(answer, "longer than 1 MiB"));
	free(answer);
	memset(data, ' ', CONTROL_REQUEST_MAX);
	memcpy(data, "{\"request\":\"echo\"}", 18);
	data[CONTROL_REQUEST_MAX] = '\n'; /* the longest that is taken */
	answer = ask(place, data, CONTROL_REQUEST_MAX + 1);
	assert_non_null(strstr(answer, END));
	free(answer);
	assert_int_equal(place->requests, 1);
}

static void who_says_nothing_is_dropped(void **state)
{
	struct place *place = *state;
	CLEANUP(fd_closep) int silent = dial(place), half = dial(place), held = dial(place);

	place->server->request_ns = 1;
	say(place, held, "{\"request\":\"hold\"}\n", 19);
	say(place, half, "{\"requ", 6);
	PUMP_UNTIL(place, place->server->count == 1); /* who has asked may wait as long as the answer takes */
	assert_non_null(place->held);
	free(hear(place, silent));
	free(hear(place, half));
	assert_int_equal(place->gones, 0);
	control_end(place->held);
	free(hear(place, held));
}

static void who_does_not_read_is_dropped(void **state)
{
	static const char request[] = "{\"request\":\"stream\",\"lines\":100000}\n";
	struct place *place = *state;
	CLEANUP(fd_closep) int fd = dial(place);

	say(place, fd, request, sizeof(request) - 1);
	PUMP_UNTIL(place, place->mores > 0);
	for (int i = 0; i < 100; i++)
		pump_for(place, 0);
	assert_in_range(place->lines, 1, 99999); /* it did not pile up */
	place->server->stall_ns = 1;
	PUMP_UNTIL(place, place->gones == 1);
	assert_int_equal(place->server->count, 0);
	assert_int_equal(place->server->queued, 0);
}

static void too_much_unasked_output_is_a_drop(void **state)
{
	static const char request[] = "{\"request\":\"flood\"}\n";
	struct place *place = *state;
	CLEANUP(freep) char *answer = ask(place, request, sizeof(request) - 1);

	assert_int_equal(place->gones, 1);
	assert_null(strstr(answer, "end"));
	assert_int_equal(place->server->queued, 0);
}

static void a_long_answer_streams(void **state)
{
	static const char request[] = "{\"request\":\"stream\",\"lines\":50000}\n";
	struct place *place = *state;
	CLEANUP(freep) char *answer = ask(place, request, sizeof(request) - 1);
	size_t lines = 0;

	for (const char *at = answer; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, 50001);
	assert_string_equal(answer + strlen(answer) - strlen(END), END);
	assert_true(place->mores >= 2500);
	assert_int_equal(place->gones, 0);
}

static void one_that_leaves_is_forgotten(void **state)
{
	struct place *place = *state;
	int fd = dial(place);

	say(place, fd, "{\"request\":\"hold\"}\n", 19);
	PUMP_UNTIL(place, place->held);
	(void)close(fd);
	PUMP_UNTIL(place, place->gones == 1);
	assert_int_equal(place->server->count, 0);
}

static void many_connections(void **state)
{
	enum { MANY = 3 * CONTROL_CLIENTS_MAX };
	struct place *place = *state;
	int silent[MANY], asking[CONTROL_CLIENTS_MAX];
	CLEANUP(freep) char *answer = NULL;

	for (int i = 0; i < MANY; i++) {
		silent[i] = dial(place);
		pump_for(place, 0);
		assert_true(place->server->count <= CONTROL_CLIENTS_MAX);
	}
	/* the oldest silent ones made room; who asks gets in and pushes out the rest */
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		asking[i] = dial(place);
		say(place, asking[i], "{\"request\":\"hold\"}\n", 19);
		PUMP_UNTIL(place, place->requests == (unsigned)i + 1);
	}
	assert_int_equal(place->server->count, CONTROL_CLIENTS_MAX);
	answer = ask(place, "{\"request\":\"echo\"}\n", 19);
	assert_non_null(strstr(answer, "\"code\":75"));
	assert_int_equal(place->gones, 0); /* nobody who is served was pushed out */
	for (int i = 0; i < MANY; i++)
		(void)close(silent[i]);
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		(void)close(asking[i]);
	PUMP_UNTIL(place, place->server->count == 0);
	assert_int_equal(place->gones, CONTROL_CLIENTS_MAX);
}

/* Out of descriptors the server must neither spin nor forget to listen again. */
static void no_descriptor_is_left(void **state)
{
	struct place *place = *state;
	CLEANUP(fd_closep) int fd = dial(place);
	CLEANUP(freep) char *answer = NULL;
	struct rlimit before, few;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	pump_for(place, 1000);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(place->server->full && place->server->ticking);
	say(place, fd, "{\"request\":\"echo\"}\n", 19);
	answer = hear(place, fd);
	assert_non_null(strstr(answer, END));
}

static void freeing_tells_who_is_held(void **state)
{
	struct place *place = *state;
	CLEANUP(fd_closep) int fd = dial(place);

	say(place, fd, "{\"request\":\"hold\"}\n", 19);
	PUMP_UNTIL(place, place->held);
	control_server_freep(&place->server);
	assert_int_equal(place->gones, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_answered),
		TEST(it_may_come_in_pieces_and_close_its_half),
		TEST(an_error_is_one_clean_line),
		TEST(nonsense_gets_an_error_line),
		TEST(a_cut_request_is_told_so),
		TEST(depth_and_length_have_bounds),
		TEST(who_says_nothing_is_dropped),
		TEST(who_does_not_read_is_dropped),
		TEST(too_much_unasked_output_is_a_drop),
		TEST(a_long_answer_streams),
		TEST(one_that_leaves_is_forgotten),
		TEST(many_connections),
		TEST(no_descriptor_is_left),
		TEST(freeing_tells_who_is_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
