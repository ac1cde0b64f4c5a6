/* test_journal_open.c - the journal is opened again: after a restart, a crash, beside a second writer, where it was taken away. */
#include "journal_fixture.h"

static void a_restart_goes_on(void **state)
{
	const struct folder *folder = *state;

	for (unsigned round = 0; round < 3; round++) {
		struct journal_opening opening;
		CLEANUP(journal_freep) struct journal *journal = must_open(folder->fd, &opening);

		assert_true(opening.fresh == (round == 0) && !opening.broken);
		must_fill(journal, 4);
	}
	must_be_whole(folder->fd, 12);
}

/* Cut anywhere within the last line, the journal is whole again, and what was cut off lies beside it. */
static void a_torn_line_is_repaired(void **state)
{
	const struct folder *folder = *state;
	CLEANUP(buf_done) struct buf whole = BUF_INIT;
	CLEANUP(journal_freep) struct journal *journal = must_open(folder->fd, NULL);
	size_t last;

	must_fill(journal, 3);
	journal_freep(&journal);
	slurp(folder->fd, FIRST_SEGMENT, &whole);
	for (last = whole.len - 1; whole.data[last - 1] != '\n';)
		last--;
	for (size_t len = last + 1; len < whole.len; len++) {
		CLEANUP(buf_done) struct buf torn = BUF_INIT;
		struct journal_opening opening;

		folder_empty(folder->path);
		spit(folder->fd, FIRST_SEGMENT, whole.data, len, 0);
		assert_true(read_folder(folder->fd, NULL).torn);
		journal = must_open(folder->fd, &opening);
		assert_true(opening.torn_bytes == len - last && !opening.broken);
		slurp(folder->fd, FIRST_SEGMENT ".torn", &torn);
		assert_int_equal(torn.len, len - last);
		assert_memory_equal(torn.data, whole.data + last, torn.len);
		assert_int_equal(must_append(journal, "\"kind\":\"test\""), 3);
		journal_freep(&journal);
		must_be_whole(folder->fd, 3);
	}
}

/* What was altered while nobody wrote: said, and a new segment chains on. The reader finds that one break and no other. */
static void a_broken_end_is_left_behind(void **state)
{
	const struct folder *folder = *state;
	static const struct row {
		const char *find, *replace;
	} rows[] = { { "\"n\":3", "\"n\":8" }, { "\"seq\":3", "\"seq\":7" }, { "\"chain\"", "\"chaim\"" } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_done) struct buf data = BUF_INIT;
		CLEANUP(journal_freep) struct journal *journal = NULL;
		struct err last = ERR_INIT;
		struct journal_opening opening;
		struct journal_count count;
		struct journal_state now;
		char *at;

		folder_empty(folder->path);
		journal = must_open(folder->fd, NULL);
		must_fill(journal, 3);
		journal_freep(&journal);
		slurp(folder->fd, FIRST_SEGMENT, &data);
		at = buf_str(&data);
		for (char *next = (char *)data.data; (next = strstr(next, rows[i].find)); next++)
			at = next;
		memcpy(at, rows[i].replace, strlen(rows[i].replace));
		spit(folder->fd, FIRST_SEGMENT, data.data, data.len, O_TRUNC);
		journal = must_open(folder->fd, &opening);
		if (!opening.broken || !strstr(opening.reason, "line 3"))
			fail_msg("row %zu: '%s' in:\n%s", i, opening.reason, (const char *)data.data);
		must_fill(journal, 2);
		journal_state(journal, &now);
		assert_string_not_equal(now.segment, FIRST_SEGMENT);
		journal_freep(&journal);
		count = read_folder(folder->fd, &last);
		if (count.breaks != 1)
			fail_msg("row %zu: %" PRIu64 " breaks: %s", i, count.breaks, last.message);
		/* the next start has nothing to say */
		journal = must_open(folder->fd, &opening);
		assert_false(opening.broken);
	}
}

static void a_second_writer_is_kept_out(void **state)
{
	const struct folder *folder = *state;
	CLEANUP(journal_freep) struct journal *journal = must_open(folder->fd, NULL);
	struct journal *other = NULL;
	struct journal_opening opening;
	struct err err = ERR_INIT;

	assert_int_equal(journal_open(folder->fd, &other, &opening, &err), ERR_LOCKED);
	assert_null(other);
	journal_freep(&journal);
	other = must_open(folder->fd, NULL);
	journal_freep(&other);
}

static void what_was_taken_away_is_begun_again(void **state)
{
	const struct folder *folder = *state;
	CLEANUP(journal_freep) struct journal *journal = must_open(folder->fd, NULL);
	struct journal_count count;
	struct journal_state now;
	struct err err = ERR_INIT;

	must_fill(journal, 2);
	assert_int_equal(journal_check(journal, &err), 0);
	assert_int_equal(unlinkat(folder->fd, FIRST_SEGMENT, 0), 0);
	assert_int_equal(journal_check(journal, &err), ERR_NOINPUT);
	assert_int_equal(journal_reopen(journal, folder->fd, &err), 0);
	must_fill(journal, 2);
	assert_int_equal(journal_check(journal, &err), 0);
	journal_state(journal, &now);
	assert_string_equal(now.segment, "events-0000000000000003.ndjson");
	/* somebody writes to it */
	spit(folder->fd, now.segment, "x", 1, O_APPEND);
	assert_int_equal(journal_check(journal, &err), ERR_NOINPUT);
	assert_int_equal(journal_reopen(journal, folder->fd, &err), 0);
	must_fill(journal, 1);
	assert_int_equal(journal_check(journal, &err), 0);
	assert_int_equal(journal_sync(journal, &err), 0);
	count = read_folder(folder->fd, NULL);
	/* lines 1 and 2 are missing; the x */
	assert_true(count.lines == 3 && count.breaks == 2 && count.first_seq == 3 && count.last_seq == 5);
}

static void a_folder_by_another_name_is_noticed(void **state)
{
	const struct folder *folder = *state;
	CLEANUP(journal_freep) struct journal *journal = NULL;
	CLEANUP(fd_closep) int inner = -1, other = -1;
	struct err err = ERR_INIT;

	assert_int_equal(mkdirat(folder->fd, "a", 0700), 0);
	inner = openat(folder->fd, "a", O_RDONLY | O_DIRECTORY);
	journal = must_open(inner, NULL);
	must_fill(journal, 1);
	assert_int_equal(renameat(folder->fd, "a", folder->fd, "b"), 0);
	assert_int_equal(journal_check(journal, &err), ERR_NOINPUT);
	assert_int_equal(mkdirat(folder->fd, "a", 0700), 0);
	assert_int_equal(journal_check(journal, &err), ERR_NOINPUT);
	other = openat(folder->fd, "a", O_RDONLY | O_DIRECTORY);
	assert_int_equal(journal_reopen(journal, other, &err), 0);
	assert_int_equal(journal_check(journal, &err), 0);
	must_fill(journal, 1);
	assert_int_equal(read_folder(other, NULL).first_seq, 2);
	journal_freep(&journal);
	(void)unlinkat(inner, FIRST_SEGMENT, 0);
	(void)unlinkat(inner, "lock", 0);
	(void)unlinkat(other, "events-0000000000000002.ndjson", 0);
	(void)unlinkat(other, "lock", 0);
}

/* Whatever lies where the first segment is to be made, nothing is followed and nobody waits. */
static void things_in_the_way_are_put_aside(void **state)
{
	const struct folder *folder = *state;

	for (int round = 0; round < 3; round++) {
		CLEANUP(journal_freep) struct journal *journal = NULL;
		struct journal_opening opening;

		folder_empty(folder->path);
		if (round == 0)
			assert_int_equal(mkfifoat(folder->fd, FIRST_SEGMENT, 0600), 0);
		else if (round == 1)
			assert_int_equal(symlinkat("elsewhere", folder->fd, FIRST_SEGMENT), 0);
		else
			assert_int_equal(mkdirat(folder->fd, FIRST_SEGMENT, 0700), 0);
		journal = must_open(folder->fd, &opening);
		assert_true(opening.broken);
		must_fill(journal, 2);
		assert_int_equal(faccessat(folder->fd, "elsewhere", F_OK, 0), -1);
		assert_int_equal(read_folder(folder->fd, NULL).lines, 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_restart_goes_on),
		IN_FOLDER(a_torn_line_is_repaired),
		IN_FOLDER(a_broken_end_is_left_behind),
		IN_FOLDER(a_second_writer_is_kept_out),
		IN_FOLDER(what_was_taken_away_is_begun_again),
		IN_FOLDER(a_folder_by_another_name_is_noticed),
		IN_FOLDER(things_in_the_way_are_put_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
