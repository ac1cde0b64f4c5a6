/*
 * clerk_fixture.h - a tree with a baseline, a drift of it as the daemon would hold it, and the two verdicts that must be the same: the drift's,
 * asked of a clerk, and a check's. For test_daemon_clerk*.c only.
 *
 * The part of the daemon that fills the drift is played by a scan of everything and apply.h.
 */
#ifndef CLERK_FIXTURE_H
#define CLERK_FIXTURE_H

#include "daemon_fixture.h"

#include <sched.h>
#include <sys/mount.h>

#include "base/fd.h"
#include "daemon/apply.h"
#include "daemon/clerk.h"
#include "ops/comparison.h"

static const char rules[] = "  - {path: @/log, profile: volatile}\n"
			    "  - {path: @/log, profile: static, only: self}\n"
			    "  - {path: @/log/app.log, profile: growing-log, severity: high}\n"
			    "  - {path: @/sub/skip, exclude: true}\n"
			    "  - {path: @/critical, severity: critical}\n";

static inline int clerk_setup(void **state)
{
	struct fixture *fixture;
	char path[2 * FIXTURE_PATH];

	(void)fixture_empty(state);
	fixture = *state;
	put_policy(fixture, rules);
	assert_int_equal(mkdir(under(fixture->tree, "sub"), 0755), 0);
	assert_int_equal(mkdir(under(fixture->tree, "sub-x"), 0755), 0);
	assert_int_equal(mkdir(under(fixture->tree, "log"), 0755), 0);
	for (int i = 0; i < 20; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s/file-%d", fixture->tree, i % 2 ? "sub" : "sub-x", i);
		put_text(path, path);
	}
	put_text(under(fixture->tree, "a"), "one\n");
	put_text(under(fixture->tree, "b"), "two\n");
	put_text(under(fixture->tree, "log/app.log"), "a line\n");
	put_text(under(fixture->tree, "log/old.gz"), "something\n");
	fixture_init(fixture);
	return 0;
}

/* ---- the drift, as the daemon would hold it ---- */

static inline int keep(struct drift *drift, const struct view *view, const struct pair *pair, struct err *err)
{
	const struct diff_options options = { .policy = view->policy };
	CLEANUP(entry_copy_freep) struct entry_copy *held = NULL;
	struct bytes path = pair->b ? pair->b->path : pair->a->path;
	struct decision decision;
	struct apply_in in = {
		.row = pair->a, .believed = pair->a, .now = pair->b, .decision = &decision, .options = &options
	};
	int r = drift_get(drift, path, &held, err);

	if (r < 0 || view_is_blind(view, path))
		return r < 0 ? r : 0;
	if (r != DRIFT_NOTHING)
		in.believed = held ? &held->entry : NULL;
	policy_decide(view->policy, path, (pair->b ? pair->b : pair->a)->type == TYPE_DIR, &decision);
	if (!decision.in_scope)
		return 0;
	switch (apply_judge(&in).store) {
	case APPLY_PUT:
		return drift_put(drift, pair->b, err);
	case APPLY_PUT_ABSENT:
		return drift_put_absent(drift, path, err);
	case APPLY_REMOVE:
		return drift_remove(drift, path, err);
	case APPLY_SAME:
	default:
		return 0;
	}
}

static inline void look_at_everything(struct drift *drift, struct view *view)
{
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	CLEANUP(tree_freep) struct tree *rows = NULL;
	CLEANUP(pairs_freep) struct pairs *scan = NULL;
	struct scan_options options = { .root = "/",
					.policy = view->policy,
					.mounts = &view->system,
					.reference_mounts = view->stand->reference.mounts,
					.reference_mount_count = view->stand->reference.mount_count,
					.threads = 2 };
	struct err err = ERR_INIT;
	struct pair pair;
	int r;

	options.blind = view_blind(view, &options.blind_count);
	must(stand_connect(view->stand, &baseline, &err), &err);
	must(baseline_rows(baseline, bytes_of("/"), (struct bytes){ NULL, 0 }, &rows, &err), &err);
	options.reference = rows;
	must(scan_new(&options, &scan, &err), &err);
	while ((r = pairs_next(scan, &pair, &err)) > 0)
		must(keep(drift, view, &pair, &err), &err);
	must(r, &err);
	must(drift_commit(drift, &err), &err);
}

/* ---- both verdicts as text ---- */

static inline void describe_change(const struct change *change, struct buf *out)
{
	(void)buf_printf(out, "%s %.*s %x log %u %s %s", change_kind_name(change->kind), (int)change->path.len,
			 (const char *)change->path.data, change->attributes, change->log,
			 severity_name(change->severity), change->rule ? change->rule : "-");
	if (change->before)
		(void)buf_printf(out, " was %.*s %o %llu", (int)change->before->path.len,
				 (const char *)change->before->path.data, change->before->mode,
				 (unsigned long long)change->before->size);
	if (change->after)
		(void)buf_printf(out, " is %o %llu %02x%02x", change->after->mode,
				 (unsigned long long)change->after->size, change->after->digest[0],
				 change->after->digest[1]);
	(void)buf_add_byte(out, '\n');
}

static inline char *describe(struct comparison *comparison)
{
	struct report_summary *summary = &comparison->summary;
	const struct diff_counts *counts = &summary->counts;
	struct buf out = BUF_INIT;
	struct unexamined unexamined;
	struct change change;
	struct err err = ERR_INIT;
	int status, r;

	must(changes_rewind(comparison->changes, &err), &err);
	while ((r = changes_next(comparison->changes, &change, &err)) > 0)
		describe_change(&change, &out);
	must(r, &err);
	while ((r = unexamined_next(comparison->changes, &unexamined, &err)) > 0)
		(void)buf_printf(&out, "unexamined %c %.*s: %.*s\n", unexamined.side, (int)unexamined.path.len,
				 (const char *)unexamined.path.data, (int)unexamined.reason.len,
				 (const char *)unexamined.reason.data);
	must(r, &err);
	must(comparison_status(comparison, SEVERITY_INFO, &status, &err), &err);
	(void)buf_printf(
		&out,
		"status %d examined %llu, +%llu -%llu ~%llu >%llu ?%llu followed %llu outside %llu rotated %llu\n",
		status, (unsigned long long)counts->examined, (unsigned long long)counts->added,
		(unsigned long long)counts->removed, (unsigned long long)counts->changed,
		(unsigned long long)counts->moved, (unsigned long long)counts->unexamined,
		(unsigned long long)counts->followed, (unsigned long long)counts->not_in_baseline,
		(unsigned long long)summary->rotated);
	for (size_t i = 0; i < ATTR_COUNT; i++)
		(void)buf_printf(&out, "%llu ", (unsigned long long)counts->incomparable[i]);
	(void)buf_printf(&out, "\n%s %s %llu %s %s %s %s %x signers %zu %zu\n", summary->a.kind, summary->a.name,
			 (unsigned long long)summary->sequence, summary->root, summary->host, summary->b.kind,
			 summary->b.name, summary->attributes_not_compared, summary->signer_count,
			 summary->unknown_signer_count);
	for (size_t i = 0; i < summary->note_count; i++)
		(void)buf_printf(&out, "note %s\n", summary->notes[i]);
	assert_non_null(buf_str(&out));
	return buf_steal_str(&out);
}

/* What the companion makes of an answer. */
static inline char *describe_answer(const struct fixture *fixture, struct answer *answer)
{
	CLEANUP(comparison_freep) struct comparison *copy = NULL;
	struct diff_sink sink;
	struct unexamined unexamined;
	struct change change;
	struct err err = ERR_INIT;
	int r;

	if (answer->err.code < 0) {
		struct buf out = BUF_INIT;

		(void)buf_printf(&out, "%d %s\n", answer->err.code, answer->err.message);
		return buf_steal_str(&out);
	}
	must(comparison_new(fixture->dir, &copy, &err), &err);
	sink = changes_sink(copy->changes);
	while ((r = changes_next(answer->comparison->changes, &change, &err)) > 0)
		must(sink.change(sink.context, &change, &err), &err);
	must(r, &err);
	while ((r = unexamined_next(answer->comparison->changes, &unexamined, &err)) > 0)
		must(sink.unexamined(sink.context, &unexamined, &err), &err);
	must(r, &err);
	copy->summary = answer->comparison->summary; /* its texts stay with the answer */
	must(changes_finish(copy->changes, &copy->summary.counts, &copy->summary.moves_limited, &err), &err);
	return describe(copy);
}

static inline char *describe_check(const struct fixture *fixture, const char *const *paths, size_t count)
{
	const struct check_request request = { .paths = paths, .path_count = count };
	CLEANUP(comparison_freep) struct comparison *comparison = NULL;
	struct err err = ERR_INIT;

	if (op_check(&fixture->place, &request, NULL, &comparison, &err) < 0) {
		struct buf out = BUF_INIT;

		(void)buf_printf(&out, "%d %s\n", err.code, err.message);
		return buf_steal_str(&out);
	}
	return describe(comparison);
}

/* ---- asking ---- */

static inline struct clerk_query query_of(struct view *view, const char *const *typed, size_t count, bool verify)
{
	struct path_list list;
	struct err err = ERR_INIT;

	must(path_list_make(typed, count, true, &list, &err), &err);
	return (struct clerk_query){ .view = view, .paths = list.paths, .path_count = list.count, .verify = verify };
}

static inline struct mail *wait_for(struct mailbox *box, int kind)
{
	struct mail *mail = mailbox_wait(box);

	assert_non_null(mail);
	assert_int_equal(mail->kind, kind);
	return mail;
}

static inline char *ask(const struct fixture *fixture, struct view *view, struct drift *drift, const char *const *typed,
			size_t count)
{
	struct clerk_query query = query_of(view, typed, count, true);
	CLEANUP(clerk_freep) struct clerk *clerk = NULL;
	CLEANUP(mail_freep) struct mail *mail = NULL;
	struct mailbox box;
	struct err err = ERR_INIT;
	char *text;

	query.client = &box;
	must(mailbox_init(&box, &err), &err);
	must(clerk_new(&fixture->place, drift, &box, &clerk, &err), &err);
	must(clerk_ask(clerk, &query, &err), &err);
	mail = wait_for(&box, MAIL_ANSWER);
	assert_ptr_equal(((struct answer *)(void *)mail)->client, &box);
	text = describe_answer(fixture, (struct answer *)(void *)mail);
	clerk_freep(&clerk);
	mailbox_done(&box);
	return text;
}

static inline struct drift *open_drift(const struct fixture *fixture)
{
	CLEANUP(fd_closep) int dirfd = open(fixture->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct drift *drift = NULL;
	struct err err = ERR_INIT, why = ERR_INIT;
	bool rebuilt;

	must(drift_open(dirfd, &drift, &rebuilt, &why, &err), &err);
	return drift;
}

/* True when they are the same; else both are printed. The drift is asked first: a check is remembered. */
static inline bool agree(const struct fixture *fixture, struct view *view, struct drift *drift,
			 const char *const *typed, size_t count)
{
	CLEANUP(freep) char *drifted = ask(fixture, view, drift, typed, count);
	CLEANUP(freep) char *checked = describe_check(fixture, typed, count);

	if (strcmp(drifted, checked) == 0)
		return true;
	print_error("the drift says:\n%s\nthe check says:\n%s\n", drifted, checked);
	return false;
}

static inline bool all_agree(struct fixture *fixture)
{
	CLEANUP(drift_freep) struct drift *drift = open_drift(fixture);
	struct view *view = fixture_view(fixture);
	char sub[FIXTURE_PATH * 2], a[FIXTURE_PATH * 2], log[FIXTURE_PATH * 2], none[FIXTURE_PATH * 2];
	const char *const questions[][3] = {
		{ sub }, { a }, { a, log }, { fixture->tree }, { "/" }, { none }, { "/nowhere" }, { a, "/nowhere" },
	};
	bool same;

	(void)snprintf(sub, sizeof(sub), "%s/sub", fixture->tree);
	(void)snprintf(a, sizeof(a), "%s/a", fixture->tree);
	(void)snprintf(log, sizeof(log), "%s/log", fixture->tree);
	(void)snprintf(none, sizeof(none), "%s/none", fixture->tree);
	look_at_everything(drift, view);
	same = agree(fixture, view, drift, NULL, 0);
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		size_t count = 0;

		while (count < 3 && questions[i][count])
			count++;
		same = agree(fixture, view, drift, questions[i], count) && same;
	}
	return same;
}

#endif
