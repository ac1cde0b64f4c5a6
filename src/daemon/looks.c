/*
 * looks.c - what must be looked at because no event can tell, and what looks have found: names, which become dirty.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "daemon/engine_inner.h"
#include "daemon/pathset.h"

enum { LIST_MAX = 20000 }; /* folders; more of them are everything */

int gap_tell(struct engine *engine, const struct gap *gap, struct err *err)
{
	CLEANUP(record_done) struct record record = record_new();

	engine->gaps++;
	record_string(&record, "from", time_utc(gap->from).text);
	record_string(&record, "to", time_utc(gap->to).text);
	record_message(&record, "reason", bytes_of(gap->reason));
	record_bytes(&record, "subtree", gap->subtree);
	if (record.failed)
		return err_nomem(err);
	json_decref(engine->last_gap);
	engine->last_gap = STEAL(record.object);
	return events_gap(&engine->events, gap->from, gap->to, gap->reason, gap->subtree, err);
}

/* ---- asking ---- */

static int add(struct look_list *list, struct bytes path)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 64;
		char **paths = realloc(list->paths, capacity * sizeof(*paths));

		if (!paths)
			return -1;
		list->paths = paths;
		list->capacity = capacity;
	}
	list->paths[list->count] = malloc(path.len + 1);
	if (!list->paths[list->count])
		return -1;
	memcpy(list->paths[list->count], path.data, path.len);
	list->paths[list->count++][path.len] = '\0';
	return 0;
}

static void clear(struct look_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->paths[i]);
	free(list->paths);
	*list = (struct look_list){ .paths = NULL };
}

int looks_add(struct engine *engine, struct bytes path, bool below, struct err *err)
{
	struct look_list *list = below ? &engine->look_below : &engine->look_names;

	if ((below && path.len == 1) || list->count >= LIST_MAX) {
		engine->look_below.everything = true;
		return 0;
	}
	return add(list, path) < 0 ? err_nomem(err) : 0;
}

/* The bytes go over to RET_PATHS. */
static int take_paths(struct look_list *list, bool below, struct bytes **ret_paths, size_t *ret_count, struct err *err)
{
	struct bytes *paths = calloc(list->count + 1, sizeof(*paths));

	if (!paths)
		return err_nomem(err);
	for (size_t i = 0; i < list->count; i++)
		paths[i] = bytes_of(list->paths[i]);
	*ret_count = pathset_reduce(paths, list->count, below);
	*ret_paths = paths;
	list->count = 0;
	return 0;
}

static int ask(struct engine *engine, struct look_request *request, struct err *err)
{
	/* what nobody believed in can't be held against anything */
	if (!engine->rows) {
		pathset_free(request->paths, request->path_count);
		return 0;
	}
	if (request->purpose == LOOK_LOSS)
		engine->looks_open++;
	return looker_ask(engine->looker, request, engine->view, err);
}

int looks_everything(struct engine *engine, enum look_purpose purpose, bool quick, struct err *err)
{
	struct look_request request = { .purpose = purpose,
					.depth = SCAN_BELOW,
					.quick = quick,
					.read_from = quick ? SEVERITY_HIGH : SEVERITY_INFO };

	return ask(engine, &request, err);
}

/*
 * A link that came and went before anybody looked may have been written through, and the kernel told of its name alone. Times and
 * sizes tell which file it was; they are compared, nothing is read that is as believed.
 */
int looks_doubt(struct engine *engine, struct err *err)
{
	struct look_request request = {
		.purpose = LOOK_NAMES, .depth = SCAN_BELOW, .quick = true, .read_from = SEVERITY_COUNT
	};

	engine->doubt_ns = 0;
	return ask(engine, &request, err);
}

static int ask_list(struct engine *engine, struct look_list *list, bool below, struct err *err)
{
	struct look_request request = { .purpose = LOOK_LOSS,
					.depth = below ? SCAN_BELOW : SCAN_CHILDREN,
					.quick = true,
					.read_from = SEVERITY_HIGH };
	int r;

	if (list->count == 0)
		return 0;
	r = take_paths(list, below, &request.paths, &request.path_count, err);
	return r < 0 ? r : ask(engine, &request, err);
}

int looks_ask(struct engine *engine, struct err *err)
{
	int r = 0;

	if (engine->look_below.everything) {
		r = looks_everything(engine, LOOK_LOSS, true, err);
	} else {
		r = ask_list(engine, &engine->look_below, true, err);
		if (r >= 0)
			r = ask_list(engine, &engine->look_names, false, err);
	}
	looks_forget(engine);
	return r;
}

void looks_forget(struct engine *engine)
{
	clear(&engine->look_below);
	clear(&engine->look_names);
}

/* ---- what came of it ---- */

static enum found found_by(enum look_purpose purpose)
{
	static const enum found founds[] = {
		[LOOK_NAMES] = FOUND_NAMES, [LOOK_LOSS] = FOUND_LOSS, [LOOK_START] = FOUND_START,
		[LOOK_RULE] = FOUND_RULE,   [LOOK_POLL] = FOUND_POLL, [LOOK_ASKED] = FOUND_ASKED,
		[LOOK_ROUND] = FOUND_ROUND,
	};

	return founds[purpose];
}

int looks_names(struct engine *engine, const struct look_names *names, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < names->count; i++) {
		struct dirty_touch touch = { .path = bytes_of(names->names[i].path),
					     .flags = names->names[i].is_dir ? DIRTY_IS_DIR : 0,
					     .found = found_by(names->purpose) };

		r = names_touch(engine, &touch, err);
		/* nobody told the watch of a directory that only a look found, or found gone */
		if (r >= 0 && names->names[i].is_dir)
			r = watch_rewalk(engine->watch, touch.path, err);
	}
	return r;
}

static int tell(struct engine *engine, const struct look_done *done, struct err *err)
{
	CLEANUP(record_done) struct record record = events_record("scan");

	record_string(&record, "purpose", look_purpose_name(done->purpose));
	record_string(&record, "from", time_utc(done->from).text);
	record_string(&record, "to", time_utc(done->to).text);
	record_count(&record, "examined", done->examined);
	record_count(&record, "files_read", done->files_read);
	record_count(&record, "bytes_read", done->bytes_read);
	record_count(&record, "unexamined", done->unexamined);
	record_count(&record, "differing", done->differing);
	record_set(&record, "ended", json_boolean(done->ended && done->err.code == 0));
	if (done->err.code < 0)
		record_message(&record, "problem", bytes_of(done->err.message));
	if (record.failed)
		return err_nomem(err);
	json_decref(engine->last_scan);
	engine->last_scan = json_copy(record.object);
	return events_put(&engine->events, &record, err);
}

static bool is_worth_a_line(const struct look_done *done)
{
	switch (done->purpose) {
	case LOOK_POLL:
		return false;
	case LOOK_ROUND: /* slices: the end of a round, and those that found what no event told of */
		return (done->ended && done->number) || done->differing || done->err.code < 0;
	case LOOK_NAMES: /* after names that nobody saw */
		return done->differing || done->err.code < 0;
	case LOOK_LOSS:
	case LOOK_START:
	case LOOK_RULE:
	case LOOK_ASKED:
	case LOOK_PURPOSES:
	default:
		return true;
	}
}

int looks_done(struct engine *engine, const struct look_done *done, struct err *err)
{
	bool well = done->err.code == 0;
	int r = 0;

	/* what a judge has in hand he may have seen before the look did, and no event may tell of what lies between */
	for (size_t i = 0; i < 2; i++)
		engine->lanes[i].doubtful = true;

	if (!well && done->err.code != ERR_INTERRUPTED)
		(void)snprintf(engine->trouble, sizeof(engine->trouble), "a look (%s) failed: %.180s",
			       look_purpose_name(done->purpose), done->err.message);
	if (done->purpose == LOOK_LOSS && engine->looks_open)
		engine->looks_open--;
	if (done->purpose == LOOK_ASKED)
		engine->checks_open = 0;
	if (done->purpose == LOOK_START || done->purpose == LOOK_RULE)
		engine->may_sweep = true;
	if (well && done->ended &&
	    (done->purpose == LOOK_START || done->purpose == LOOK_RULE ||
	     (done->purpose == LOOK_ASKED && engine->check_whole))) {
		engine->start_looked = !engine->again_ns;
		engine->unknown = done->unexamined;
		engine->trouble[0] = '\0';
	}
	if (done->purpose == LOOK_POLL || done->purpose == LOOK_ROUND)
		r = sweep_done(engine->sweep, done, err);
	return r < 0 || !is_worth_a_line(done) ? r : tell(engine, done, err);
}
