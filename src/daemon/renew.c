/*
 * renew.c - by what everything is judged: the first view, and the next ones, when a generation was signed or the mount table
 * changed; and what of the house's own files is not as it should be.
 *
 * A baseline that can't be believed changes nothing: the one that was proved stays in use, by the descriptor that it was proved
 * through.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "daemon/engine_inner.h"
#include "daemon/socket.h"

#define SOCKET_AGAIN_NS (UINT64_C(5) * 1000 * 1000 * 1000)

/* ---- views ---- */

struct watch_options renew_watch_options(struct engine *engine)
{
	struct watch_options options = { .policy = engine->view->policy,
					 .mounts = &engine->view->system,
					 .mark_dirfd = engine->setup->marks_fd,
					 .sink = names_sink(engine) };

	options.blind = view_blind(engine->view, &options.blind_count);
	return options;
}

/* STAND is taken over. */
int renew_view(struct engine *engine, struct stand *stand, struct view **ret_view, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	char table[40];
	int r = mounttable_read(&engine->mounts, &fd, err);

	if (r < 0) {
		if (stand)
			stand_unrefp(&stand);
		return r;
	}
	(void)snprintf(table, sizeof(table), "/proc/self/fd/%d", fd);
	return view_new(++engine->view_number, &engine->setup->place, stand, table, ret_view, err);
}

static int connect_rows(struct engine *engine, struct view *view, struct err *err)
{
	CLEANUP(baseline_freep) struct baseline *rows = NULL;
	CLEANUP(links_freep) struct links *links = NULL;
	int r = view->stand ? stand_connect(view->stand, &rows, err) : 0;

	if (r >= 0)
		r = links_new(&links, err);
	if (r >= 0)
		r = links_load(links, rows, engine->setup->drift, err);
	if (r < 0)
		return r;
	baseline_freep(&engine->rows);
	links_freep(&engine->links);
	engine->rows = STEAL(rows);
	spread_forget(engine);
	engine->links = STEAL(links);
	return 0;
}

/* VIEW is taken over when it succeeds. The watch is not told yet: the old view must live until it has been. */
int renew_use(struct engine *engine, struct view *view, struct err *err)
{
	CLEANUP(policy_walk_freep) struct policy_walk *walk = NULL;
	struct view *old = engine->view;
	int r = policy_walk_new(view->policy, &walk, err);

	if (r >= 0 && (!old || old->stand != view->stand))
		r = connect_rows(engine, view, err);
	if (r < 0)
		return r;
	policy_walk_freep(&engine->walk);
	engine->walk = STEAL(walk);
	engine->view = view;
	if (engine->watch) {
		struct watch_options options = renew_watch_options(engine);

		r = watch_rule(engine->watch, &options, err);
	}
	if (old)
		view_unrefp(&old);
	return r;
}

/* ---- the first view ---- */

static bool was_ever_seen(const struct engine *engine)
{
	struct stat status;

	return fstatat(engine->setup->state_fd, "seen", &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

int renew_begin(struct engine *engine, struct err *err)
{
	const struct place *place = &engine->setup->place;
	bool is_first;
	struct err trouble = ERR_INIT;
	struct stand *stand = NULL;
	struct view *view = NULL;
	int r;

	r = stand_load(place, NULL, NULL, &stand, &trouble);
	if (r == ERR_INTERNAL) {
		*err = trouble;
		return r;
	}
	is_first = r == ERR_NOINPUT && !was_ever_seen(engine);
	if (r < 0)
		(void)snprintf(engine->baseline_trouble, sizeof(engine->baseline_trouble), "%.500s", trouble.message);
	r = renew_view(engine, stand, &view, err);
	if (r >= 0)
		r = renew_use(engine, view, err);
	if (r >= 0)
		r = mounts_begin(engine, err);
	if (r >= 0)
		r = house_new(place, engine->setup->control_path, &engine->house, err);
	if (r >= 0)
		r = house_remember(engine->house, err);
	if (r >= 0 && is_first)
		house_await_first(engine->house);
	return r;
}

/* ---- the next generation ---- */

static bool signed_by_host(const struct stand *stand)
{
	const struct reference *reference = &stand->reference;
	bool by_host = false;

	for (size_t i = 0; i < reference->verdict.count; i++)
		by_host |= reference->verdict.signatures[i].signer && reference->verdict.signatures[i].signer->host;
	return by_host;
}

static int tell_accepted(struct engine *engine, const struct stand *stand, struct err *err)
{
	CLEANUP(record_done) struct record record = events_record("accepted");
	const struct reference *reference = &stand->reference;
	json_t *signers = json_array();

	for (size_t i = 0; i < reference->verdict.count; i++) {
		const struct verdict_signature *signature = &reference->verdict.signatures[i];
		char id[KEY_ID_HEX];

		key_id_hex(signature->parsed.key_id, id);
		if (signature->signer && json_array_append_new(signers, json_string(id)) < 0)
			record.failed = true;
	}
	record_count(&record, "sequence", reference->sequence);
	record_string(&record, "root", reference->statement->root);
	record_bytes(&record, "reason", bytes_of(baseline_reason(reference->baseline, reference->sequence)));
	record_set(&record, "signers", signers);
	return events_put(&engine->events, &record, err);
}

static int touch_row(void *context, struct bytes path, struct err *err)
{
	struct dirty_touch touch = { .path = path, .found = FOUND_RULE };

	return names_touch(context, &touch, err);
}

static bool in_scope(const struct engine *engine, struct bytes path)
{
	struct decision file, dir;

	policy_decide(engine->view->policy, path, false, &file);
	policy_decide(engine->view->policy, path, true, &dir);
	return file.in_scope || dir.in_scope;
}

static int touch_drift(struct engine *engine, struct err *err)
{
	CLEANUP(drift_walk_freep) struct drift_walk *walk = NULL;
	struct drift_row row;
	int r = drift_walk_new(engine->setup->drift, bytes_of("/"), (struct bytes){ NULL, 0 }, &walk, err);

	while (r >= 0 && (r = drift_walk_next(walk, &row, err)) > 0) {
		if (in_scope(engine, row.path))
			r = touch_row(engine, row.path, err);
		else
			r = drift_remove(engine->setup->drift, row.path, err);
	}
	return r < 0 ? r : drift_commit(engine->setup->drift, err);
}

static bool same_policy(const struct stand *a, const struct stand *b)
{
	const struct policy_file *left = a->reference.resolved, *right = b->reference.resolved;

	return left->len == right->len && memcmp(left->text, right->text, left->len) == 0;
}

/* What is recorded otherwise now, and what was held to differ, is judged anew. */
static int follow(struct engine *engine, uint64_t before, bool new_rules, struct err *err)
{
	int r = touch_drift(engine, err);

	if (r >= 0 && before)
		r = baseline_since(engine->rows, before, touch_row, engine, err);
	sweep_renew(engine->sweep);
	if (r >= 0 && (new_rules || !before))
		r = looks_everything(engine, LOOK_RULE, true, err);
	return r;
}

/* Of a mount table that is told already: a mount that came in this moment is told before, by the rules that held. */
static int view_of(struct engine *engine, struct stand *stand, struct view **ret_view, struct err *err)
{
	for (;;) {
		struct view *view = NULL;
		int r = mounts_renew(engine, err);

		if (r >= 0)
			r = renew_view(engine, stand_ref(stand), &view, err);
		if (r < 0)
			return r;
		if (view_same_mounts(engine->view, view)) {
			*ret_view = view;
			return 0;
		}
		view_unrefp(&view);
	}
}

static int adopt(struct engine *engine, struct stand *stand, struct err *err)
{
	const struct stand *old = engine->view->stand;
	uint64_t before = old ? old->reference.sequence : 0;
	bool newer = stand->reference.sequence != before;
	bool signed_more = old && stand->reference.verdict.count != old->reference.verdict.count;
	bool new_rules = !old || !same_policy(old, stand);
	struct view *view = NULL;
	int r;

	engine->baseline_trouble[0] = '\0';
	r = house_believe_first(engine->house, !old && stand->reference.newest == 1 && signed_by_host(stand), err);
	if (r >= 0 && (newer || signed_more))
		r = tell_accepted(engine, stand, err);
	if (r >= 0)
		r = view_of(engine, stand, &view, err);
	if (r >= 0)
		r = mounts_change(engine, view, err);
	if (r >= 0 && newer)
		r = follow(engine, before, new_rules, err);
	return r;
}

int renew_loaded(struct engine *engine, struct stand_loaded *loaded, struct err *err)
{
	int r = 0;

	engine->loading = false;
	if (loaded->stand)
		r = adopt(engine, loaded->stand, err);
	else if (loaded->err.code != ERR_INTERRUPTED)
		(void)snprintf(engine->baseline_trouble, sizeof(engine->baseline_trouble), "%.500s",
			       loaded->err.message);
	if (r >= 0)
		r = tampers_find(engine, err);
	if (r >= 0 && engine->load_again) {
		engine->load_again = false;
		engine->loading = true;
		r = clerk_load(engine->clerk, engine->view->stand, err);
	}
	return r;
}

/* ---- the house was touched ---- */

static int reload(struct engine *engine, struct err *err)
{
	if (engine->loading) {
		engine->load_again = true;
		return 0;
	}
	engine->loading = true;
	return clerk_load(engine->clerk, engine->view->stand, err);
}

/* Somebody took the journal away: what was written stays in what he took; it goes on in a new folder. */
static int renew_journal(struct engine *engine, struct err *err)
{
	struct daemon_setup *setup = engine->setup;
	CLEANUP(fd_closep) int fd = -1;
	struct err gone = ERR_INIT;

	if (journal_check(setup->journal, &gone) >= 0)
		return 0;
	(void)mkdirat(setup->state_fd, "journal", 0750);
	fd = openat(setup->state_fd, "journal", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || journal_reopen(setup->journal, fd, &gone) < 0) {
		(void)snprintf(engine->trouble, sizeof(engine->trouble), "the journal is gone: %.200s", gone.message);
		return 0;
	}
	/* temporary files go there, too, by the name that the other threads know */
	(void)dup3(fd, setup->tmp_fd, O_CLOEXEC);
	fd_closep(&setup->journal_fd);
	setup->journal_fd = STEAL_FD(fd);
	return events_tamper(&engine->events, "journal", gone.message, err);
}

void renew_journal_checked(struct engine *engine, uint64_t now_ns)
{
	struct err gone = ERR_INIT;

	if (journal_check(engine->setup->journal, &gone) >= 0)
		return;
	if (!engine->touched)
		engine->touched_ns = engine->reload_ns = now_ns;
	engine->touched |= HOUSE_JOURNAL;
}

/* Told once, and as long as it lasts in the status: which nobody can ask for then but the service manager, to whom it is said. */
int renew_socket(struct engine *engine, struct err *err)
{
	struct daemon_setup *setup = engine->setup;
	struct socket_state *state = &engine->socket;
	CLEANUP(fd_closep) int fd = -1;
	struct err trouble = ERR_INIT;
	bool known = state->trouble[0];
	int r = socket_folder_now(setup, &fd, &trouble);

	if (r >= 0)
		r = control_server_renew(engine->server, fd, &trouble);
	state->trouble[0] = '\0';
	state->due_ns = 0;
	if (r < 0) {
		(void)snprintf(state->trouble, sizeof(state->trouble), "%.250s", trouble.message);
		state->due_ns = time_monotonic_ns() + SOCKET_AGAIN_NS;
	} else {
		fd_closep(&setup->socket_dirfd);
		setup->socket_dirfd = STEAL_FD(fd);
	}
	if (known || r == 0)
		return 0;
	return events_tamper(&engine->events, setup->control_path,
			     r < 0 ? state->trouble : "the control socket was taken away; it is made again", err);
}

int renew_house(struct engine *engine, struct err *err)
{
	unsigned touched = engine->touched;
	int r = 0;

	engine->touched = 0;
	engine->reload_ns = 0;
	if (engine->believe_keys)
		r = house_remember(engine->house, err);
	engine->believe_keys = false;
	if (r >= 0 && (touched & (HOUSE_BASELINE | HOUSE_LOST)))
		r = reload(engine, err);
	/* what `tally init` made is held against what it made it for: renew_loaded() goes on with this */
	if (r >= 0 && (touched & (HOUSE_CONFIG | HOUSE_LOST)) &&
	    !(engine->loading && house_awaits_first(engine->house)))
		r = tampers_find(engine, err);
	if (r >= 0 && (touched & (HOUSE_JOURNAL | HOUSE_LOST)))
		r = renew_journal(engine, err);
	if (r >= 0 && (touched & (HOUSE_SOCKET | HOUSE_LOST)))
		r = renew_socket(engine, err);
	return r;
}
