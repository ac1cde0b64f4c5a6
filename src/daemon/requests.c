/*
 * requests.c - what is asked through the control socket, and how it is answered.
 *
 * A drift answer is made by the clerk, then sent piece by piece as the client reads, from where it lies (memory, then temporary
 * files): a slow client costs no memory.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "daemon/engine_inner.h"
#include "daemon/pathset.h"
#include "ops/drift_wire.h"

enum { PIECE = 64, PATHS_MAX = 10000 };

static void fail(struct control_client *client, int code, const char *message)
{
	struct err err = ERR_INIT;

	(void)err_set(&err, code, "%s", message);
	control_fail(client, &err);
}

/* ---- paths ---- */

static int read_path(const json_t *object, struct bytes *ret_path, struct err *err)
{
	CLEANUP(buf_done) struct buf space = BUF_INIT;
	struct bytes path;
	unsigned char *copy;
	int r = path_wire_read(object, &space, &path, err);

	if (r < 0)
		return r;
	copy = malloc(path.len + 1);
	if (!copy)
		return err_nomem(err);
	memcpy(copy, path.data, path.len);
	copy[path.len] = '\0';
	*ret_path = (struct bytes){ copy, path.len };
	return 0;
}

static int read_paths(const json_t *request, struct bytes **ret_paths, size_t *ret_count, struct err *err)
{
	const json_t *list = json_object_get(request, "paths");
	size_t count = json_array_size(list);
	struct bytes *paths;

	if (list && !json_is_array(list))
		return err_set(err, ERR_USAGE, "'paths' must be a list");
	if (count > PATHS_MAX)
		return err_set(err, ERR_USAGE, "more than %d paths are asked for", PATHS_MAX);
	paths = calloc(count + 1, sizeof(*paths));
	if (!paths)
		return err_nomem(err);
	for (size_t i = 0; i < count; i++) {
		int r = read_path(json_array_get(list, i), &paths[i], err);

		if (r < 0) {
			pathset_free(paths, i);
			return r;
		}
	}
	*ret_count = pathset_reduce(paths, count, true);
	*ret_paths = paths;
	return 0;
}

/* ---- drift ---- */

static struct streaming *new_streaming(struct engine *engine, struct control_client *client, const char *gap)
{
	struct streaming *streaming = calloc(1, sizeof(*streaming));

	if (!streaming)
		return NULL;
	*streaming = (struct streaming){ .next = engine->streaming, .client = client, .synced = gap && !gap[0] };
	if (gap)
		(void)snprintf(streaming->gap, sizeof(streaming->gap), "%s", gap);
	else if (!engine->start_looked)
		(void)snprintf(streaming->gap, sizeof(streaming->gap), "not everything has been looked at yet");
	engine->streaming = streaming;
	return streaming;
}

static void drop_streaming(struct engine *engine, struct streaming *streaming)
{
	struct streaming **at = &engine->streaming;

	while (*at != streaming)
		at = &(*at)->next;
	*at = streaming->next;
	if (streaming->answer)
		streaming->answer->mail.free(&streaming->answer->mail);
	free(streaming);
}

static void answer_drift(struct engine *engine, struct control_client *client, const json_t *request, const char *gap)
{
	struct clerk_query query = { .view = engine->view, .verify = gap != NULL };
	struct streaming *streaming;
	struct err err = ERR_INIT;

	if (!engine->rows) {
		(void)err_set(&err, ERR_UNTRUSTED, "there is no baseline that can be believed: %.400s",
			      engine->baseline_trouble);
		control_fail(client, &err);
		return;
	}
	if (read_paths(request, &query.paths, &query.path_count, &err) < 0) {
		control_fail(client, &err);
		return;
	}
	streaming = new_streaming(engine, client, gap);
	query.client = streaming;
	if (!streaming) {
		pathset_free(query.paths, query.path_count);
		fail(client, ERR_INTERNAL, "out of memory");
	} else if (clerk_ask(engine->clerk, &query, &err) < 0) {
		drop_streaming(engine, streaming);
		control_fail(client, &err);
	}
}

/* Sends one more line: 1; 0 when that was the last one. */
static int send_piece(struct streaming *streaming, struct err *err)
{
	struct comparison *comparison = streaming->answer->comparison;
	const struct drift_sync sync = { streaming->synced, streaming->gap[0] ? streaming->gap : NULL };
	struct unexamined unexamined;
	struct change change;
	int r = 0;

	if (streaming->in_changes) {
		r = changes_next(comparison->changes, &change, err);
		if (r > 0)
			return control_send(streaming->client, change_wire_make(&change)) ? 1 : err_nomem(err);
		streaming->in_changes = false;
	}
	if (r >= 0)
		r = unexamined_next(comparison->changes, &unexamined, err);
	if (r > 0)
		return control_send(streaming->client, unexamined_wire_make(&unexamined)) ? 1 : err_nomem(err);
	if (r == 0 && !control_send(streaming->client, summary_parts_make(&comparison->summary, &sync)))
		r = err_nomem(err);
	return r;
}

static struct streaming *streaming_of(struct engine *engine, const struct control_client *client)
{
	struct streaming *streaming = engine->streaming;

	while (streaming && streaming->client != client)
		streaming = streaming->next;
	return streaming;
}

static void on_more(void *context, struct control_client *client)
{
	struct engine *engine = context;
	struct streaming *streaming = streaming_of(engine, client);
	struct err err = ERR_INIT;
	int r = 1;

	if (!streaming || !streaming->answer)
		return;
	for (unsigned i = 0; r > 0 && i < PIECE; i++)
		r = send_piece(streaming, &err);
	if (r > 0)
		return;
	drop_streaming(engine, streaming);
	if (r == 0)
		control_end(client);
	else
		control_fail(client, &err);
}

void requests_answered(struct engine *engine, struct answer *answer)
{
	struct streaming *streaming = answer->client;

	streaming->answer = answer;
	streaming->in_changes = true;
	if (!streaming->client) {
		drop_streaming(engine, streaming);
	} else if (answer->err.code < 0) {
		struct control_client *client = streaming->client;
		struct err err = answer->err;

		drop_streaming(engine, streaming);
		control_fail(client, &err);
	} else {
		control_stream(streaming->client);
		on_more(engine, streaming->client);
	}
}

static void on_gone(void *context, struct control_client *client)
{
	struct engine *engine = context;
	struct streaming *streaming = streaming_of(engine, client);

	barrier_forget(engine, client);
	if (!streaming)
		return;
	streaming->client = NULL;
	if (streaming->answer) /* else the clerk still has it */
		drop_streaming(engine, streaming);
}

void requests_done(struct engine *engine)
{
	while (engine->streaming)
		drop_streaming(engine, engine->streaming);
}

/* ---- status, check ---- */

static void answer_status(struct engine *engine, struct control_client *client, const char *gap)
{
	json_t *status = status_make(engine, gap);

	if (status && control_send(client, status))
		control_end(client);
	else
		fail(client, ERR_INTERNAL, "out of memory");
}

static void answer_check(struct engine *engine, struct control_client *client, const json_t *request)
{
	struct look_request look = { .purpose = LOOK_ASKED,
				     .depth = SCAN_BELOW,
				     .quick = json_is_true(json_object_get(request, "quick")) };
	struct looker_state state;
	struct err err = ERR_INIT;
	int r;

	look.read_from = look.quick ? SEVERITY_COUNT : SEVERITY_INFO;
	looker_state(engine->looker, &state);
	if (!engine->rows)
		r = err_set(&err, ERR_UNTRUSTED, "there is no baseline that can be believed: %.400s",
			    engine->baseline_trouble);
	else if (engine->checks_open)
		r = err_set(&err, ERR_LOCKED, "the daemon is at such a check already: see `tally status`");
	else
		r = read_paths(request, &look.paths, &look.path_count, &err);
	if (r >= 0) {
		engine->check_whole = look.path_count == 0;
		r = looker_ask(engine->looker, &look, engine->view, &err);
	}
	if (r >= 0) {
		engine->checks_open++;
		if (!control_send(client, json_pack("{ssss}", "record", "scan", "state", "queued")))
			r = err_nomem(&err);
	}
	if (r < 0)
		control_fail(client, &err);
	else
		control_end(client);
}

/* ---- all of them ---- */

static bool is(const json_t *request, const char *name)
{
	const char *asked = json_string_value(json_object_get(request, "request"));

	return asked && strcmp(asked, name) == 0;
}

void requests_answer(struct engine *engine, struct control_client *client, const json_t *request, const char *gap)
{
	if (is(request, "status"))
		answer_status(engine, client, gap);
	else
		answer_drift(engine, client, request, gap);
}

static void on_request(void *context, struct control_client *client, const struct control_peer *peer,
		       const json_t *request)
{
	struct engine *engine = context;
	struct err err = ERR_INIT;

	if (is(request, "status") || is(request, "drift")) {
		if (!json_is_true(json_object_get(request, "sync")))
			requests_answer(engine, client, request, NULL);
		else if (barrier_ask(engine, client, json_deep_copy(request), &err) < 0)
			control_fail(client, &err);
	} else if (!is(request, "check")) {
		fail(client, ERR_USAGE, "this request is not known: status, drift and check are");
	} else if (!peer->may_command) {
		fail(client, ERR_DENIED, "only root may have the daemon check");
	} else {
		answer_check(engine, client, request);
	}
}

struct control_handler requests_handler(struct engine *engine)
{
	return (struct control_handler){ .request = on_request, .more = on_more, .gone = on_gone, .context = engine };
}
