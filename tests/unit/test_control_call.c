/* test_control_call.c - the companion's end, against our own server in another process and against sockets that say anything. */
#include "control_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static json_t *request_of(const char *name, int lines)
{
	return json_pack("{sssi}", "request", name, "lines", lines);
}

/* The fixture's server in a child, until it is killed. */
static pid_t serve_in_child(struct place *place)
{
	pid_t child = fork();

	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails does not stop it */
		for (;;)
			pump_for(place, 1000);
	}
	assert_true(child > 0);
	return child;
}

static void stop(pid_t child)
{
	int status;

	(void)kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
}

static void answers_come_line_by_line(void **state)
{
	struct place *place = *state;
	CLEANUP(control_call_freep) struct control_call *call = NULL;
	pid_t child = serve_in_child(place);
	struct err err = ERR_INIT;
	const char *line;
	json_t *reply;

	assert_int_equal(control_call_new(place->path, request_of("stream", 1), &call, &err), 0);
	assert_int_equal(control_call_next(call, &reply, &line, &err), 1);
	assert_ptr_equal(strstr(line, "{\"record\":\"n\",\"n\":1,"), line);
	assert_string_equal(line + strlen(line) - 2, "\"}");
	assert_string_equal(json_string_value(json_object_get(reply, "record")), "n");
	json_decref(reply);
	assert_int_equal(control_call_next(call, &reply, &line, &err), 0);
	stop(child);
}

static void long_answers(void **state)
{
	static const int lengths[] = { 0, 1, 20, 30000 };
	struct place *place = *state;
	pid_t child = serve_in_child(place);

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		CLEANUP(control_call_freep) struct control_call *call = NULL;
		struct err err = ERR_INIT;
		const char *line;
		json_t *reply;
		int left = lengths[i];
		int r;

		assert_int_equal(control_call_new(place->path, request_of("stream", left), &call, &err), 0);
		while ((r = control_call_next(call, &reply, &line, &err)) > 0) {
			assert_int_equal(json_integer_value(json_object_get(reply, "n")), left);
			json_decref(reply);
			left--;
		}
		assert_int_equal(r, 0);
		assert_int_equal(left, 0);
		assert_int_equal(control_call_next(call, &reply, &line, &err), 0);
	}
	stop(child);
}

static void their_error_is_ours(void **state)
{
	struct place *place = *state;
	CLEANUP(control_call_freep) struct control_call *call = NULL;
	pid_t child = serve_in_child(place);
	struct err err = ERR_INIT;
	const char *line;
	json_t *reply;

	assert_int_equal(control_call_new(place->path, request_of("x", 0), &call, &err), 0);
	assert_int_equal(control_call_next(call, &reply, &line, &err), ERR_USAGE);
	assert_string_equal(err.message, "the daemon says: no request 'x' \"quoted\" \\x01 \\xff \\x00");
	stop(child);
}

static void nobody_there(void **state)
{
	struct place *place = *state;
	struct control_call *call = NULL;
	struct err err = ERR_INIT;
	char path[300];

	assert_int_equal(control_call_new("/no/such/socket", request_of("x", 0), &call, &err), ERR_NODAEMON);
	assert_int_equal(control_call_new("", request_of("x", 0), &call, &err), ERR_USAGE);
	assert_int_equal(control_call_new(place->folder, request_of("x", 0), &call, &err), ERR_NODAEMON);
	(void)snprintf(path, sizeof(path), "/no/%0200d", 1);
	assert_int_equal(control_call_new(path, request_of("x", 0), &call, &err), ERR_NODAEMON);
	assert_int_equal(control_call_new(place->path, json_pack("{ss+}", "request", "", ""), &call, &err), 0);
	control_call_freep(&call);
	assert_null(call);
}

/* A path longer than a socket address holds. */
static void a_deep_socket(void **state)
{
	struct place *place = *state;
	CLEANUP(control_call_freep) struct control_call *call = NULL;
	char folder[256], path[300];
	struct err err = ERR_INIT;
	const char *line;
	json_t *reply;
	pid_t child;

	(void)snprintf(folder, sizeof(folder), "%s/%0150d", place->folder, 7);
	assert_int_equal(mkdir(folder, 0700), 0);
	control_server_freep(&place->server);
	(void)close(place->dirfd);
	place->dirfd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	place_serve(place);
	(void)snprintf(path, sizeof(path), "%s/control.sock", folder);
	child = serve_in_child(place);
	assert_int_equal(control_call_new(path, request_of("stream", 1), &call, &err), 0);
	assert_int_equal(control_call_next(call, &reply, &line, &err), 1);
	json_decref(reply);
	stop(child);
}

/* ---- a server of another mind ---- */
struct other {
	int listener;
	const char *data;
	size_t len, times;
};

static void *speak(void *context)
{
	struct other *other = context;
	int fd = accept(other->listener, NULL, NULL);

	/* the request is left unread, and the connection closed on it */
	for (size_t i = 0; i < other->times; i++) {
		size_t sent = 0;

		while (sent < other->len) {
			ssize_t n = send(fd, other->data + sent, other->len - sent, MSG_NOSIGNAL);

			if (n <= 0)
				goto out;
			sent += (size_t)n;
		}
	}
out:
	(void)close(fd);
	return NULL;
}

/* What control_call_next() says at last of an answer of DATA, so many times. */
static int told(struct place *place, const char *data, size_t len, size_t times, struct err *err)
{
	CLEANUP(control_call_freep) struct control_call *call = NULL;
	struct other other = { socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), data, len, times };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[96];
	pthread_t thread;
	const char *line;
	json_t *reply;
	int r;

	(void)snprintf(path, sizeof(path), "%s/other", place->folder);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	(void)unlink(path);
	assert_int_equal(bind(other.listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(other.listener, 1), 0);
	assert_int_equal(pthread_create(&thread, NULL, speak, &other), 0);
	r = control_call_new(path, request_of("x", 0), &call, err);
	while (r >= 0 && (r = control_call_next(call, &reply, &line, err)) > 0)
		json_decref(reply);
	control_call_freep(&call);
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)close(other.listener);
	return r;
}

#define ROW(data, code)                                                                                                \
	{                                                                                                              \
		data, sizeof(data) - 1, code                                                                           \
	}

static void answers_of_any_kind(void **state)
{
	static const struct {
		const char *data;
		size_t len;
		int code;
	} rows[] = {
		ROW("", ERR_NODAEMON),
		ROW("{\"record\":\"end\"}", ERR_NODAEMON),
		ROW("{\"record\":\"end\"}\n", 0),
		ROW("{\"record\":\"end\"}\nwhat comes behind", 0),
		ROW("{\"record\":\"x\"}\n", ERR_NODAEMON),
		ROW("{\"record\":\"x\"}\n{\"record\":\"end\"}\n", 0),
		ROW("{\"record\":\"x\",\"record\":\"end\"}\n", ERR_DATA),
		ROW("\n", ERR_DATA),
		ROW("x\n", ERR_DATA),
		ROW("{}\n", ERR_DATA),
		ROW("[\"record\"]\n", ERR_DATA),
		ROW("{\"record\":null}\n", ERR_DATA),
		ROW("{\"record\":\"\xff\"}\n", ERR_DATA),
		ROW("{\"record\":\"e\0nd\"}\n", ERR_DATA),
		ROW("\0\n", ERR_DATA),
		ROW("{\"record\":\"error\"}\n", ERR_DATA),
		ROW("{\"record\":\"error\",\"code\":1,\"message\":\"m\"}\n", ERR_DATA),
		ROW("{\"record\":\"error\",\"code\":-77,\"message\":\"m\"}\n", ERR_DATA),
		ROW("{\"record\":\"error\",\"code\":130,\"message\":\"m\"}\n", ERR_DATA),
		ROW("{\"record\":\"error\",\"code\":77,\"message\":7}\n", ERR_DATA),
		ROW("{\"record\":\"error\",\"code\":77,\"message\":\"m\"}\n", ERR_DENIED),
		ROW("{\"record\":\"error\",\"code\":77.0,\"message\":\"m\"}\n", ERR_DATA),
	};
	struct place *place = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;
		int r = told(place, rows[i].data, rows[i].len, 1, &err);

		if (r != rows[i].code)
			fail_msg("row %zu: %d (%s)", i, r, err.message);
	}
}

static void lines_have_an_end(void **state)
{
	enum { CHUNK = 1 << 20 };
	struct place *place = *state;
	CLEANUP(freep) char *chunk = malloc(CHUNK);
	struct err err = ERR_INIT;

	assert_non_null(chunk);
	memset(chunk, ' ', CHUNK);
	assert_int_equal(told(place, chunk, CHUNK, 100, &err), ERR_DATA);
	assert_non_null(strstr(err.message, "longer than"));
	memset(chunk, '{', CHUNK);
	chunk[CHUNK - 1] = '\n';
	assert_int_equal(told(place, chunk, CHUNK, 1, &err), ERR_DATA);
}

static void too_long_a_request_is_not_sent(void **state)
{
	struct place *place = *state;
	struct control_call *call = NULL;
	CLEANUP(freep) char *text = malloc(CONTROL_REQUEST_MAX + 1);
	struct err err = ERR_INIT;

	assert_non_null(text);
	memset(text, 'x', CONTROL_REQUEST_MAX);
	text[CONTROL_REQUEST_MAX] = '\0';
	assert_int_equal(control_call_new(place->path, json_pack("{ss}", "request", text), &call, &err), ERR_USAGE);
	assert_null(call);
}

static void waiting_ends_when_asked_to(void **state)
{
	static atomic_bool interrupted;
	struct place *place = *state;
	CLEANUP(control_call_freep) struct control_call *call = NULL;
	struct err err = ERR_INIT;
	const char *line;
	json_t *reply;

	/* nobody runs the server: there will be no answer */
	assert_int_equal(control_call_new(place->path, request_of("hold", 0), &call, &err), 0);
	control_call_watch(call, &interrupted);
	atomic_store(&interrupted, true);
	assert_int_equal(control_call_next(call, &reply, &line, &err), ERR_INTERRUPTED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_come_line_by_line),
		TEST(long_answers),
		TEST(their_error_is_ours),
		TEST(nobody_there),
		TEST(a_deep_socket),
		TEST(answers_of_any_kind),
		TEST(lines_have_an_end),
		TEST(too_long_a_request_is_not_sent),
		TEST(waiting_ends_when_asked_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
