/*
 * ask_daemon.c - what is asked of the daemon over its control socket: drift, status, a scan.
 *
 * The daemon's answers are input from outside: whatever does not look as docs/FORMATS.md "Control socket" has it is ERR_DATA.
 */
#include <jansson.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "control/control.h"
#include "ops/drift_answer.h"
#include "ops/survey.h"
#include "report/json.h"

/* A failure, and what to do about it. */
static int advise(struct err *err, int r, const char *advice)
{
	const struct err failure = *err;

	return err_set(err, r, "%s; %s", failure.message, advice);
}

/* CONTROL NULL: where it is by default. REQUEST is taken over; NULL is out of memory. */
static int ask(const char *control, json_t *request, const struct talk *talk, struct control_call **ret_call,
	       struct err *err)
{
	int r;

	if (!request)
		return err_nomem(err);
	r = control_call_new(control ? control : TALLY_CONTROL, request, ret_call, err);
	if (r == ERR_NODAEMON)
		return advise(err, r, "start it with `systemctl start tallyd`");
	if (r == ERR_DENIED)
		return advise(err, r, "root and members of the socket's group may");
	if (r >= 0 && talk && talk->interrupted)
		control_call_watch(*ret_call, talk->interrupted);
	return r;
}

static json_t *paths_of(const struct path_list *list)
{
	json_t *paths = json_array();

	for (size_t i = 0; i < list->count; i++) {
		if (json_array_append_new(paths, path_wire_make(list->paths[i])) < 0) {
			json_decref(paths);
			return NULL;
		}
	}
	return paths;
}

/* {"request":NAME,FLAG:bool,"paths":[...]} */
static json_t *request_of(const char *name, const char *flag, bool value, const struct path_list *list)
{
	CLEANUP(record_done) struct record record = record_new();

	record_string(&record, "request", name);
	record_set(&record, flag, json_boolean(value));
	if (list)
		record_set(&record, "paths", paths_of(list));
	return record.failed ? NULL : STEAL(record.object);
}

int op_drift(const struct place *place, const struct drift_request *request, const struct talk *talk,
	     struct comparison **ret_comparison, struct err *err)
{
	CLEANUP(path_list_done) struct path_list paths = PATH_LIST_INIT;
	CLEANUP(control_call_freep) struct control_call *call = NULL;
	CLEANUP(drift_answer_done) struct drift_answer answer = { .comparison = NULL };
	uint64_t started = time_monotonic_ns();
	const char *line;
	json_t *reply;
	int r;

	r = path_list_make(request->paths, request->path_count, true, &paths, err);
	if (r >= 0)
		r = drift_answer_init(&answer, place->tmp, err);
	if (r >= 0)
		r = ask(request->control, request_of("drift", "sync", request->sync, &paths), talk, &call, err);
	if (r < 0)
		return r;
	while ((r = control_call_next(call, &reply, &line, err)) > 0) {
		r = drift_answer_take(&answer, reply, err);
		json_decref(reply);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	answer.comparison->summary.seconds = (double)(time_monotonic_ns() - started) / 1e9;
	return drift_answer_finish(&answer, paths.count > 0, ret_comparison, err);
}

/* The answer of one record with this name, and the end behind it. */
static int only_reply(struct control_call *call, const char *name, json_t **ret_reply, struct err *err)
{
	CLEANUP(json_decrefp) json_t *reply = NULL;
	json_t *more = NULL;
	const char *line, *record;
	int r;

	r = control_call_next(call, &reply, &line, err);
	if (r < 0)
		return r;
	record = r ? json_string_value(json_object_get(reply, "record")) : "end";
	if (!record || strcmp(record, name) != 0)
		return err_set(err, ERR_DATA, "the daemon's answer is damaged: '%s' where '%s' was asked for",
			       QUOTE(record ? record : ""), name);
	r = control_call_next(call, &more, &line, err);
	json_decref(more);
	if (r > 0)
		r = err_set(err, ERR_DATA, "the daemon's answer is damaged: it goes on behind its end");
	if (r < 0)
		return r;
	*ret_reply = STEAL(reply);
	return 0;
}

static int state_of(const json_t *status, enum daemon_state *ret_state, struct err *err)
{
	static const char *const names[] = {
		[DAEMON_GREEN] = "green", [DAEMON_YELLOW] = "yellow", [DAEMON_RED] = "red"
	};
	const char *state = json_string_value(json_object_get(status, "state"));

	if (json_integer_value(json_object_get(status, "format")) != 1)
		return err_set(err, ERR_DATA, "the daemon's status is of another format than this tally reads");
	for (size_t i = 0; state && i < ARRAY_SIZE(names); i++) {
		if (strcmp(state, names[i]) == 0) {
			*ret_state = (enum daemon_state)i;
			return 0;
		}
	}
	return err_set(err, ERR_DATA, "the daemon's status is damaged: '%s' is no state", QUOTE(state ? state : ""));
}

/* Who asked to wait, and could not be given what was asked for, is shown no green light. */
static int not_synced(json_t *status, struct err *err)
{
	const char *gap = json_string_value(json_object_get(status, "sync_gap"));

	if (json_object_set_new(status, "state", json_string("yellow")) < 0 ||
	    json_object_set_new(status, "reasons",
				json_pack("[s+]", "not synced: ", gap ? gap : "no reason is given")) < 0)
		return err_nomem(err);
	return 0;
}

int op_status(const char *control, bool sync, const struct talk *talk, struct json_t **ret_status,
	      enum daemon_state *ret_state, struct err *err)
{
	CLEANUP(control_call_freep) struct control_call *call = NULL;
	CLEANUP(json_decrefp) json_t *status = NULL;
	int r;

	r = ask(control, request_of("status", "sync", sync, NULL), talk, &call, err);
	if (r >= 0)
		r = only_reply(call, "status", &status, err);
	if (r >= 0)
		r = state_of(status, ret_state, err);
	if (r < 0)
		return r;
	if (sync && *ret_state == DAEMON_GREEN && !json_is_true(json_object_get(status, "synced"))) {
		*ret_state = DAEMON_YELLOW;
		r = not_synced(status, err);
		if (r < 0)
			return r;
	}
	*ret_status = STEAL(status);
	return 0;
}

int op_check_daemon(const char *control, const struct check_request *request, const struct talk *talk, struct err *err)
{
	CLEANUP(path_list_done) struct path_list paths = PATH_LIST_INIT;
	CLEANUP(control_call_freep) struct control_call *call = NULL;
	CLEANUP(json_decrefp) json_t *reply = NULL;
	const char *state;
	int r;

	r = path_list_make(request->paths, request->path_count, true, &paths, err);
	if (r >= 0)
		r = ask(control, request_of("check", "quick", request->quick, &paths), talk, &call, err);
	if (r >= 0)
		r = only_reply(call, "scan", &reply, err);
	if (r < 0)
		return r;
	state = json_string_value(json_object_get(reply, "state"));
	if (!state || strcmp(state, "queued") != 0)
		return err_set(err, ERR_DATA, "the daemon's answer is damaged: the scan is '%s'",
			       QUOTE(state ? state : ""));
	return 0;
}
