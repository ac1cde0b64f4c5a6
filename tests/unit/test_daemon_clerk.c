/*
 * test_daemon_clerk.c - what the daemon's drift says is what a check says: change by change, and in its counts.
 *
 * The part of the daemon that fills the drift is played by a scan of everything and apply.h.
 */
#include "daemon_fixture.h"

#include <sched.h>
#include <signal.h>
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

static int setup(void **state)
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

static int keep(struct drift *drift, const struct view *view, const struct pair *pair, struct err *err)
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

static void look_at_everything(struct drift *drift, struct view *view)
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

static void describe_change(const struct change *change, struct buf *out)
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

static char *describe(struct comparison *comparison)
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
static char *describe_answer(const struct fixture *fixture, struct answer *answer)
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

static char *describe_check(const struct fixture *fixture, const char *const *paths, size_t count)
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

static struct clerk_query query_of(struct view *view, const char *const *typed, size_t count, bool verify)
{
	struct path_list list;
	struct err err = ERR_INIT;

	must(path_list_make(typed, count, true, &list, &err), &err);
	return (struct clerk_query){ .view = view, .paths = list.paths, .path_count = list.count, .verify = verify };
}

static struct mail *wait_for(struct mailbox *box, int kind)
{
	struct mail *mail = mailbox_wait(box);

	assert_non_null(mail);
	assert_int_equal(mail->kind, kind);
	return mail;
}

static char *ask(const struct fixture *fixture, struct view *view, struct drift *drift, const char *const *typed,
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

static struct drift *open_drift(const struct fixture *fixture)
{
	CLEANUP(fd_closep) int dirfd = open(fixture->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct drift *drift = NULL;
	struct err err = ERR_INIT, why = ERR_INIT;
	bool rebuilt;

	must(drift_open(dirfd, &drift, &rebuilt, &why, &err), &err);
	return drift;
}

/* True when they are the same; else both are printed. The drift is asked first: a check is remembered. */
static bool agree(const struct fixture *fixture, struct view *view, struct drift *drift, const char *const *typed,
		  size_t count)
{
	CLEANUP(freep) char *drifted = ask(fixture, view, drift, typed, count);
	CLEANUP(freep) char *checked = describe_check(fixture, typed, count);

	if (strcmp(drifted, checked) == 0)
		return true;
	print_error("the drift says:\n%s\nthe check says:\n%s\n", drifted, checked);
	return false;
}

static bool all_agree(struct fixture *fixture)
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

/* ---- what happens to the tree ---- */

static void nothing(struct fixture *fixture)
{
	(void)fixture;
}

static void comes_goes_changes(struct fixture *fixture)
{
	put_text(under(fixture->tree, "a"), "another\n");
	put_text(under(fixture->tree, "new"), "");
	put_text(under(fixture->tree, "sub/skip"), "excluded\n");
	assert_int_equal(mkdir(under(fixture->tree, "sub/folder"), 0700), 0);
	put_text(under(fixture->tree, "sub/folder/x"), "x");
	assert_int_equal(unlink(under(fixture->tree, "sub-x/file-0")), 0);
	assert_int_equal(chmod(under(fixture->tree, "b"), 04755), 0);
	put_text(under(fixture->tree, "critical"), "!");
}

static void moved(struct fixture *fixture)
{
	assert_int_equal(rename(under(fixture->tree, "sub/file-1"), under(fixture->tree, "sub-x/here")), 0);
	assert_int_equal(rename(under(fixture->tree, "b"), under(fixture->tree, "bb")), 0);
}

static void another_type(struct fixture *fixture)
{
	assert_int_equal(unlink(under(fixture->tree, "a")), 0);
	assert_int_equal(mkdir(under(fixture->tree, "a"), 0755), 0);
	put_text(under(fixture->tree, "a/inside"), "x");
	remove_path(under(fixture->tree, "sub"));
	assert_int_equal(symlink("sub-x", under(fixture->tree, "sub")), 0);
}

static void touched(struct fixture *fixture)
{
	put_text(under(fixture->tree, "sub/x"), "");
	assert_int_equal(unlink(under(fixture->tree, "sub/x")), 0);
}

static void emptied(struct fixture *fixture)
{
	remove_path(under(fixture->tree, "sub-x"));
}

static void log_grows(struct fixture *fixture)
{
	put_text(under(fixture->tree, "log/app.log"), "a line\nanother\n");
	put_text(under(fixture->tree, "log/new.gz"), "may come");
	assert_int_equal(unlink(under(fixture->tree, "log/old.gz")), 0);
}

static void log_is_cut(struct fixture *fixture)
{
	put_text(under(fixture->tree, "log/app.log"), "a\n");
}

static void log_is_rotated(struct fixture *fixture)
{
	assert_int_equal(rename(under(fixture->tree, "log/app.log"), under(fixture->tree, "log/app.log.1")), 0);
	put_text(under(fixture->tree, "log/app.log"), "a new beginning\n");
}

static void log_is_replaced(struct fixture *fixture)
{
	assert_int_equal(unlink(under(fixture->tree, "log/app.log")), 0);
	put_text(under(fixture->tree, "log/other"), ""); /* the number of the inode must not be used again */
	put_text(under(fixture->tree, "log/app.log"), "a line\nanother\n");
}

static void program_in_log(struct fixture *fixture)
{
	put_text(under(fixture->tree, "log/tool"), "#!/bin/sh\n");
	assert_int_equal(chmod(under(fixture->tree, "log/tool"), 0755), 0);
}

static void policy_edited(struct fixture *fixture)
{
	put_policy(fixture, "");
	assert_int_equal(mkdir(under(fixture->config, "policy.d"), 0755), 0);
	put_text(under(fixture->config, "policy.d/10-x.yaml"), "version: 1\n");
}

static void policy_gone(struct fixture *fixture)
{
	assert_int_equal(unlink(under(fixture->config, "policy.yaml")), 0);
}

static void policy_unreadable(struct fixture *fixture)
{
	policy_gone(fixture);
	assert_int_equal(mkdir(under(fixture->config, "policy.yaml"), 0755), 0);
}

static void accepted(struct fixture *fixture)
{
	comes_goes_changes(fixture);
	fixture_accept(fixture);
	moved(fixture);
}

static const struct {
	const char *name;
	void (*happens)(struct fixture *fixture);
} rows[] = {
	{ "nothing", nothing },
	{ "comes, goes, changes", comes_goes_changes },
	{ "moves", moved },
	{ "another type", another_type },
	{ "a folder's times", touched },
	{ "a whole folder", emptied },
	{ "a log grows", log_grows },
	{ "a log is cut", log_is_cut },
	{ "a log is rotated", log_is_rotated },
	{ "a log is replaced", log_is_replaced },
	{ "a program among logs", program_in_log },
	{ "the policy was edited", policy_edited },
	{ "the policy is gone", policy_gone },
	{ "the policy cannot be read", policy_unreadable },
	{ "behind an accept", accepted },
};

static void says_what_a_check_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fixture *fixture;
		void *opaque = NULL;

		(void)setup(&opaque);
		fixture = opaque;
		rows[i].happens(fixture);
		if (!all_agree(fixture))
			fail_msg("%s", rows[i].name);
		(void)fixture_teardown(&opaque);
	}
}

/* ---- what cannot be read: a lease keeps readers out ---- */

static int lease(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	(void)signal(SIGIO, SIG_IGN);
	if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0)
		fail_msg("no lease: %s", strerror(errno));
	return fd;
}

static void unreadable_now(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(fd_closep) int fd = lease(under(fixture->tree, "sub/file-3"));

	assert_true(fd >= 0);
	put_text(under(fixture->tree, "a"), "another\n");
	assert_true(all_agree(fixture));
}

/* Nothing made the name dirty since: the drift holds nothing of it. */
static void unreadable_then_and_now(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(fd_closep) int fd = lease(under(fixture->tree, "sub/file-3"));
	CLEANUP(drift_freep) struct drift *drift = NULL;
	const char *sub = under(fixture->tree, "sub");

	assert_true(fd >= 0);
	remove_path(under(fixture->state, "baseline.db"));
	remove_path(under(fixture->state, "seen"));
	fixture_init(fixture);
	drift = open_drift(fixture);
	assert_int_equal(fixture_stand(fixture)->reference.statement->unexamined, 1);
	assert_true(agree(fixture, fixture_view(fixture), drift, NULL, 0));
	assert_true(agree(fixture, fixture_view(fixture), drift, &sub, 1));
	look_at_everything(drift, fixture->view);
	assert_true(agree(fixture, fixture->view, drift, NULL, 0));
}

/* ---- what is hidden ---- */

static int under_a_mount(struct fixture *fixture)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", under(fixture->tree, "sub"), "tmpfs", 0, NULL) < 0)
		return 3;
	put_text(under(fixture->tree, "sub/hiding"), "here");
	put_text(under(fixture->tree, "a"), "another\n");
	return all_agree(fixture) ? 0 : 1;
}

static void mounted_over(void **state)
{
	struct fixture *fixture = *state;
	pid_t pid;
	int status;

	if (geteuid() != 0) {
		print_message("not root: nothing can be mounted\n");
		skip();
	}
	pid = fork();
	if (pid == 0)
		_exit(under_a_mount(fixture));
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 3) {
		print_message("nothing can be mounted here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static void put_unlistable(struct drift *drift, const char *path, bool type_known)
{
	const uint32_t value = type_known ? ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_MODE) : 0;
	const uint32_t failed = type_known ? ATTR_BIT(ATTR_CONTENT) : ATTR_ALL;
	const struct entry entry = { .path = bytes_of(path),
				     .value = value,
				     .failed = failed,
				     .none = ATTR_ALL & ~(value | failed),
				     .type = TYPE_DIR,
				     .mode = 0755,
				     .problem = bytes_of("cannot list it") };
	struct err err = ERR_INIT;

	must(drift_put(drift, &entry, &err), &err);
}

/* Root can list everything, so by hand: of what lies below nothing is known, and nothing of it counts as examined. */
static void not_to_be_listed(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(drift_freep) struct drift *drift = open_drift(fixture);
	struct view *view = fixture_view(fixture);
	CLEANUP(freep) char *before = ask(fixture, view, drift, NULL, 0), *after = NULL;
	const char *found = strstr(before, "examined ");
	struct err err = ERR_INIT;
	char want[64];

	assert_non_null(found);
	put_unlistable(drift, under(fixture->tree, "sub"), true);
	must(drift_put_absent(drift, bytes_of(under(fixture->tree, "sub/file-1")), &err), &err);
	after = ask(fixture, view, drift, NULL, 0);
	/* ten rows below, one of which the drift holds something of */
	(void)snprintf(want, sizeof(want), "examined %ld,", strtol(found + strlen("examined "), NULL, 10) - 10);
	if (!strstr(after, want) || !strstr(after, "unexamined b") || strstr(after, "removed "))
		fail_msg("%s, not: %s", want, after);
	free(after);
	put_unlistable(drift, under(fixture->tree, "sub"), false);
	after = ask(fixture, view, drift, NULL, 0);
	(void)snprintf(want, sizeof(want), "examined %ld,", strtol(found + strlen("examined "), NULL, 10) - 11);
	if (!strstr(after, want))
		fail_msg("%s, not: %s", want, after);
}

/* What an earlier generation left behind is no change. */
static void left_over(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(drift_freep) struct drift *drift = open_drift(fixture);
	struct err err = ERR_INIT;

	must(drift_put_absent(drift, bytes_of(under(fixture->tree, "nothing-of-that-name")), &err), &err);
	assert_true(agree(fixture, fixture_view(fixture), drift, NULL, 0));
}

/* ---- the thread ---- */

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
		cmocka_unit_test(says_what_a_check_says),
		cmocka_unit_test_setup_teardown(unreadable_now, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(unreadable_then_and_now, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(mounted_over, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(not_to_be_listed, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(left_over, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(loads, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(stops, setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
