/*
 * test_daemon_stand.c - what stands where the baseline was: believed only when it is proved and follows from the one before.
 */
#include "daemon_fixture.h"

#include <linux/capability.h>
#include <sqlite3.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/fd.h"

/* Plain SQL on the file, as anybody could run it. */
static void sql(const struct fixture *fixture, const char *text)
{
	char *message = NULL;
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(under(fixture->state, "baseline.db"), &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", text, message);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void nothing(struct fixture *fixture)
{
	(void)fixture;
}

static void newer(struct fixture *fixture)
{
	put_text(under(fixture->tree, "a"), "other\n");
	fixture_accept(fixture);
}

/* tally sign, tally sign --add: the same sequence with one more signature. */
static void signed_once_more(struct fixture *fixture)
{
	const char *key = under(fixture->dir, "ops"), *signature = under(fixture->dir, "signature");
	struct sign_request request = { .baseline = under(fixture->state, "baseline.db"),
					.output = signature,
					.force = true };
	CLEANUP(comparison_freep) struct comparison *comparison = NULL;
	struct place place = fixture->place;
	const char *trust = under(fixture->config, "host.pub");
	struct statement statement;
	struct public_key public;
	char id[KEY_ID_HEX];
	struct err err = ERR_INIT;
	uint64_t sequence;

	must(op_key_generate(key, false, NULL, &public, &err), &err);
	place.trust = &trust;
	place.trust_count = 1;
	request.key = under(fixture->dir, "ops.key");
	must(op_sign(&place, &request, NULL, &statement, &comparison, &err), &err);
	assert_int_equal(mkdir(under(fixture->config, "trusted.d"), 0755), 0);
	copy_file(under(fixture->dir, "ops.pub"), under(fixture->config, "trusted.d/ops.pub"));
	must(op_sign_add(&fixture->place, signature, &sequence, id, &err), &err);
	assert_int_equal(sequence, 1);
}

/* A fresh start with the same keys. */
static void other_host_id(struct fixture *fixture)
{
	assert_int_equal(unlink(under(fixture->state, "baseline.db")), 0);
	assert_int_equal(unlink(under(fixture->state, "seen")), 0);
	fixture_init(fixture);
}

/* The same host-id and sequence, by the host's own key, but another history: two generations 2 of one generation 1. */
static void fork_of_it(struct fixture *fixture)
{
	assert_int_equal(rename(under(fixture->dir, "first.db"), under(fixture->state, "baseline.db")), 0);
	assert_int_equal(unlink(under(fixture->state, "seen")), 0);
	put_text(under(fixture->tree, "b"), "a third text\n");
	fixture_accept(fixture);
}

static void lower(struct fixture *fixture)
{
	assert_int_equal(rename(under(fixture->dir, "first.db"), under(fixture->state, "baseline.db")), 0);
}

static void lower_and_unseen(struct fixture *fixture)
{
	lower(fixture);
	assert_int_equal(unlink(under(fixture->state, "seen")), 0);
}

static void is_unsigned(struct fixture *fixture)
{
	sql(fixture, "DELETE FROM signature");
}

static void row_changed(struct fixture *fixture)
{
	sql(fixture, "UPDATE entry SET mode = 511 WHERE CAST(path AS TEXT) LIKE '%/tree/a'");
}

static void row_removed(struct fixture *fixture)
{
	sql(fixture, "DELETE FROM entry WHERE CAST(path AS TEXT) LIKE '%/tree/a'");
}

static void policy_changed(struct fixture *fixture)
{
	sql(fixture, "UPDATE policy SET text = replace(text, 'static', 'config')");
}

static void wal_planted(struct fixture *fixture)
{
	put_text(under(fixture->state, "baseline.db-wal"), "");
}

static void journal_planted(struct fixture *fixture)
{
	put_text(under(fixture->state, "baseline.db-journal"), "x");
}

static void gone(struct fixture *fixture)
{
	assert_int_equal(unlink(under(fixture->state, "baseline.db")), 0);
}

static void gone_and_unseen(struct fixture *fixture)
{
	gone(fixture);
	assert_int_equal(unlink(under(fixture->state, "seen")), 0);
}

static void state_gone(struct fixture *fixture)
{
	remove_path(fixture->state);
}

static void directory(struct fixture *fixture)
{
	gone(fixture);
	assert_int_equal(mkdir(under(fixture->state, "baseline.db"), 0755), 0);
}

static void link_to_it(struct fixture *fixture)
{
	assert_int_equal(rename(under(fixture->state, "baseline.db"), under(fixture->dir, "elsewhere.db")), 0);
	assert_int_equal(symlink("../elsewhere.db", under(fixture->state, "baseline.db")), 0);
}

static void cut(struct fixture *fixture)
{
	assert_int_equal(truncate(under(fixture->state, "baseline.db"), 16384), 0);
}

static void emptied(struct fixture *fixture)
{
	assert_int_equal(truncate(under(fixture->state, "baseline.db"), 0), 0);
}

static void no_keys(struct fixture *fixture)
{
	assert_int_equal(unlink(under(fixture->config, "host.pub")), 0);
}

static void other_key(struct fixture *fixture)
{
	struct public_key public;
	struct err err = ERR_INIT;

	must(op_key_generate(under(fixture->dir, "other"), false, NULL, &public, &err), &err);
	copy_file(under(fixture->dir, "other.pub"), under(fixture->config, "host.pub"));
}

static void no_config(struct fixture *fixture)
{
	remove_path(fixture->config);
}

static void requires_another(struct fixture *fixture)
{
	assert_int_equal(mkdir(under(fixture->config, "trusted.d"), 0755), 0);
	put_text(under(fixture->config, "trusted.d/require"), "ops.pub\n");
}

enum { BELIEVED = 0, REFUSED = 1 /* ERR_UNTRUSTED or ERR_DATA */ };

static const struct row {
	const char *name;
	void (*tamper)(struct fixture *fixture);
	int fresh, following; /* BELIEVED, REFUSED or a code: without and with the one before */
} rows[] = {
	{ "nothing happened", nothing, BELIEVED, BELIEVED },
	{ "a newer generation", newer, BELIEVED, BELIEVED },
	{ "one more signature", signed_once_more, BELIEVED, BELIEVED },
	{ "another host-id", other_host_id, BELIEVED, REFUSED },
	{ "a fork of its history", fork_of_it, BELIEVED, REFUSED },
	{ "a lower sequence", lower, REFUSED, REFUSED },
	{ "a lower sequence, nothing seen", lower_and_unseen, BELIEVED, REFUSED },
	{ "no signature", is_unsigned, REFUSED, REFUSED },
	{ "a row changed", row_changed, REFUSED, REFUSED },
	{ "a row removed", row_removed, REFUSED, REFUSED },
	{ "the policy changed", policy_changed, REFUSED, REFUSED },
	{ "a -wal beside it", wal_planted, REFUSED, REFUSED },
	{ "a -journal beside it", journal_planted, REFUSED, REFUSED },
	{ "gone", gone, ERR_UNTRUSTED, ERR_UNTRUSTED },
	{ "gone, nothing seen", gone_and_unseen, ERR_NOINPUT, ERR_UNTRUSTED },
	{ "the state folder gone", state_gone, ERR_NOINPUT, ERR_UNTRUSTED },
	{ "a directory", directory, REFUSED, REFUSED },
	{ "a link", link_to_it, REFUSED, REFUSED },
	{ "cut", cut, REFUSED, REFUSED },
	{ "emptied", emptied, REFUSED, REFUSED },
	{ "no key to trust", no_keys, ERR_UNTRUSTED, ERR_UNTRUSTED },
	{ "another key to trust", other_key, ERR_UNTRUSTED, ERR_UNTRUSTED },
	{ "no configuration", no_config, ERR_UNTRUSTED, ERR_UNTRUSTED },
	{ "a key required that is not there", requires_another, ERR_UNTRUSTED, ERR_UNTRUSTED },
};

static void try(const struct row *row, struct fixture *fixture, const struct stand *before)
{
	CLEANUP(stand_unrefp) struct stand *stand = NULL;
	int want = before ? row->following : row->fresh;
	struct err err = ERR_INIT;
	int r = stand_load(&fixture->place, before, NULL, &stand, &err);

	if (want == REFUSED && (r == ERR_UNTRUSTED || r == ERR_DATA))
		want = r;
	if (r != want || (r < 0 && err.code != r) || (r == 0) != (stand != NULL))
		fail_msg("%s, %s: %d %s", row->name, before ? "following" : "fresh", r, r < 0 ? err.message : "");
}

/* Each on a baseline of two generations, of which first.db is the earlier. */
static void tampering(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		void *opaque = NULL;
		struct fixture *fixture;

		(void)fixture_setup(&opaque);
		fixture = opaque;
		copy_file(under(fixture->state, "baseline.db"), under(fixture->dir, "first.db"));
		if (rows[i].tamper != signed_once_more) {
			put_text(under(fixture->tree, "b"), "another text\n");
			fixture_accept(fixture);
		}
		(void)fixture_stand(fixture);
		rows[i].tamper(fixture);
		try(&rows[i], fixture, fixture->stand);
		try(&rows[i], fixture, NULL);
		(void)fixture_teardown(&opaque);
	}
}

static void interrupted(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(stand_unrefp) struct stand *stand = NULL;
	atomic_bool stop = true;
	struct err err = ERR_INIT;

	for (int i = 0; i < 300; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "many-%d", i);
		put_text(under(fixture->tree, name), "");
	}
	fixture_accept(fixture);
	assert_int_equal(stand_load(&fixture->place, NULL, &stop, &stand, &err), ERR_INTERRUPTED);
	assert_null(stand);
}

/* The file that was proved is the one that is read, whatever its name stands for by now. */
static void connection(void **state)
{
	struct fixture *fixture = *state;
	const struct stand *stand = fixture_stand(fixture);
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	const struct entry *row;
	struct err err = ERR_INIT;

	newer(fixture);
	gone(fixture);
	put_text(under(fixture->state, "baseline.db"), "nothing of the kind");
	must(stand_connect(stand, &baseline, &err), &err);
	assert_int_equal(baseline_newest(baseline), 1);
	assert_int_equal(baseline_find(baseline, bytes_of(under(fixture->tree, "a")), &row, &err), 1);
	assert_int_equal(row->size, 4);
	assert_int_equal(baseline_find(baseline, bytes_of(under(fixture->tree, "none")), &row, &err), 0);
}

/* As the daemon: a user of no rights but to read. */
static void as_the_daemon(const struct place *place, const struct stand *before)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .effective = 1u << CAP_DAC_READ_SEARCH,
						    .permitted = 1u << CAP_DAC_READ_SEARCH } };
	CLEANUP(stand_unrefp) struct stand *stand = NULL;
	struct err err = ERR_INIT;

	if (prctl(PR_SET_KEEPCAPS, 1L, 0L, 0L, 0L) < 0 || setresgid(65534, 65534, 65534) < 0 ||
	    setresuid(65534, 65534, 65534) < 0 || syscall(SYS_capset, &header, data) < 0)
		_exit(3);
	_exit(stand_load(place, before, NULL, &stand, &err) < 0 ? 1 : 0);
}

static void unprivileged(void **state)
{
	struct fixture *fixture = *state;
	struct stat before, after;
	struct stand *stand;
	pid_t pid;
	int status;

	if (geteuid() != 0)
		skip();
	stand = fixture_stand(fixture);
	assert_int_equal(chmod(under(fixture->state, "baseline.db"), 0600), 0);
	assert_int_equal(stat(under(fixture->state, "seen"), &before), 0);
	pid = fork();
	if (pid == 0)
		as_the_daemon(&fixture->place, stand);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(stat(under(fixture->state, "seen"), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

/* What was proved is remembered where that can be written. */
static void seen_goes_on(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(fd_closep) int dirfd = open(fixture->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct seen seen;
	struct err err = ERR_INIT;

	copy_file(under(fixture->state, "seen"), under(fixture->dir, "seen"));
	newer(fixture);
	copy_file(under(fixture->dir, "seen"), under(fixture->state, "seen"));
	must(seen_load(dirfd, "seen", &seen, &err), &err);
	assert_int_equal(seen.sequence, 1);
	(void)fixture_stand(fixture);
	must(seen_load(dirfd, "seen", &seen, &err), &err);
	assert_int_equal(seen.sequence, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tampering),
		cmocka_unit_test_setup_teardown(interrupted, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(connection, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(unprivileged, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(seen_goes_on, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
