/* test_journal_write.c - the journal is appended to: the form of its lines, segments, a full disk, a thread that syncs. */
#include "journal_fixture.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/resource.h>

static void lines_have_the_form(void **state)
{
	const struct folder *folder = *state;
	struct journal_opening opening;
	CLEANUP(journal_freep) struct journal *journal = must_open(folder->fd, &opening);
	CLEANUP(journal_reader_freep) struct journal_reader *reader = must_read(folder->fd, NULL);
	struct journal_state now;
	struct journal_line line;
	struct err err = ERR_INIT;

	assert_true(opening.fresh && !opening.broken && opening.torn_bytes == 0);
	assert_int_equal(must_append(journal, "\"kind\":\"added\",\"path\":\"/x\""), 1);
	assert_int_equal(journal_reader_next(reader, &line, &err), 1);
	assert_int_equal(line.seq, 1);
	assert_string_equal(line.segment, FIRST_SEGMENT);
	assert_memory_equal(line.text, "{\"record\":\"event\",\"seq\":1,\"time\":\"2", 35);
	assert_non_null(strstr(line.text, "Z\",\"uptime\":"));
	assert_non_null(strstr(line.text, ",\"kind\":\"added\",\"path\":\"/x\",\"chain\":\"blake2b256:"));
	assert_string_equal(line.text + line.len - 2, "\"}");
	journal_state(journal, &now);
	assert_non_null(strstr(line.text, now.chain));
	assert_string_equal(now.segment, FIRST_SEGMENT);
	assert_true(now.seq == 1 && now.durable == 0 && now.held == 0 && now.lost == 0 && !now.problem[0]);
	assert_int_equal(now.segment_bytes, line.len + 1);
	assert_int_equal(journal_sync(journal, &err), 0);
	journal_state(journal, &now);
	assert_int_equal(now.durable, 1);
	assert_int_equal(journal_reader_next(reader, &line, &err), 0);
}

static void what_is_no_line_is_refused(void **state)
{
	const struct folder *folder = *state;
	static const char *const rows[] = { "", "\"kind\":\"a\nb\"", "\"kind\":\"a\x7f\"", "\"kind\":\"\x1b[m\"" };
	CLEANUP(journal_freep) struct journal *journal = must_open(folder->fd, NULL);
	CLEANUP(freep) char *big = calloc(1, JOURNAL_LINE_MAX + 1);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(journal_append(journal, rows[i], strlen(rows[i]), NULL, &err), ERR_DATA);
	memset(big, 'x', JOURNAL_LINE_MAX);
	assert_int_equal(journal_append(journal, big, JOURNAL_LINE_MAX, NULL, &err), ERR_DATA);
	must_be_whole(folder->fd, 0);
}

static void a_batch_is_one_write(void **state)
{
	const struct folder *folder = *state;
	CLEANUP(journal_freep) struct journal *journal = must_open(folder->fd, NULL);
	struct err err = ERR_INIT;

	journal_batch(journal);
	must_fill(journal, 100);
	must_be_whole(folder->fd, 0);
	assert_int_equal(journal_flush(journal, &err), 0);
	must_be_whole(folder->fd, 100);
	must_fill(journal, 1);
	must_be_whole(folder->fd, 101);
}

static void segments_follow_one_another(void **state)
{
	const struct folder *folder = *state;
	CLEANUP(journal_freep) struct journal *journal = must_open(folder->fd, NULL);
	CLEANUP(freep) char *big = malloc((1 << 20) + 64);
	struct err err = ERR_INIT;
	struct journal_count count;
	struct journal_state now;

	assert_non_null(big);
	(void)snprintf(big, 64, "\"kind\":\"test\",\"x\":\"");
	memset(big + strlen(big), 'x', 1 << 20);
	big[1 << 20] = '"';
	big[(1 << 20) + 1] = '\0';
	for (unsigned i = 0; i < 70; i++)
		(void)must_append(journal, big);
	assert_int_equal(journal_sync(journal, &err), 0);
	journal_state(journal, &now);
	assert_int_equal(now.durable, 70);
	assert_string_not_equal(now.segment, FIRST_SEGMENT);
	count = read_folder(folder->fd, NULL);
	assert_true(count.segments == 3 && count.lines == 70 && count.breaks == 0);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The limit stands for a full disk: it, too, lets a part of a line through. */
static void no_room_is_waited_out(void **state)
{
	const struct folder *folder = *state;
	CLEANUP(journal_freep) struct journal *journal = must_open(folder->fd, NULL);
	struct journal_state now;
	struct err err = ERR_INIT;

	must_fill(journal, 3);
	limit_files(1000);
	must_fill(journal, 40);
	journal_state(journal, &now);
	assert_true(now.seq == 43 && now.held > 30 && now.lost == 0);
	assert_non_null(strstr(now.problem, "File too large"));
	assert_int_equal(now.segment_bytes, 1000);
	assert_true(read_folder(folder->fd, NULL).torn);
	limit_files(RLIM_INFINITY);
	assert_int_equal(journal_flush(journal, &err), 0);
	journal_state(journal, &now);
	assert_true(now.held == 0 && !now.problem[0]);
	must_be_whole(folder->fd, 43);
}

/* A disk of 64 KiB, filled up and emptied again. */
static void a_full_disk_is_waited_out(void **state)
{
	const struct folder *folder = *state;
	CLEANUP(journal_freep) struct journal *journal = NULL;
	CLEANUP(fd_closep) int disk = -1, fill = -1;
	char block[4096] = "";
	struct timestamp before;
	struct journal_state now;
	struct err err = ERR_INIT;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", folder->path, "tmpfs", 0, "size=64k") < 0) {
		print_message("no mount namespace to be had: not tried with a full disk\n");
		skip();
	}
	disk = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	journal = must_open(disk, NULL);
	must_fill(journal, 5);
	fill = openat(disk, "fill", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fill, block, sizeof(block)) == (ssize_t)sizeof(block))
		;
	before = time_now();
	must_fill(journal, 100);
	journal_state(journal, &now);
	assert_true(now.held > 50 && now.seq == 105 && now.lost == 0);
	assert_int_equal(now.unwritten, now.held);
	assert_true(time_compare(before, now.unwritten_since) <= 0);
	assert_true(time_compare(now.unwritten_since, time_now()) <= 0);
	assert_non_null(strstr(now.problem, "No space left on device"));
	assert_int_equal(journal_flush(journal, &err), 0);
	assert_int_equal(ftruncate(fill, 0), 0);
	assert_int_equal(journal_flush(journal, &err), 0);
	assert_int_equal(journal_sync(journal, &err), 0);
	journal_state(journal, &now);
	assert_true(now.held == 0 && now.unwritten == 0 && !now.problem[0] && now.durable == 105);
	must_be_whole(disk, 105);
	journal_freep(&journal);
	fd_closep(&fill);
	fd_closep(&disk);
	assert_int_equal(umount2(folder->path, MNT_DETACH), 0);
}

/* A line of about a megabyte that says its number. */
static char *big_line(unsigned n)
{
	char *line = malloc((1 << 20) + 64);
	size_t head;

	assert_non_null(line);
	head = (size_t)snprintf(line, 64, "\"kind\":\"test\",\"n\":%u,\"x\":\"", n);
	memset(line + head, 'x', 1 << 20);
	memcpy(line + head + (1 << 20), "\"", 2);
	return line;
}

static void append_big(struct journal *journal, unsigned from, unsigned to)
{
	for (unsigned n = from; n <= to; n++) {
		CLEANUP(freep) char *line = big_line(n);

		assert_true(must_append(journal, line) > 0);
	}
}

/* Reads the journal, which must be whole: the numbers of the lines of append_big() into NUMBERS, how many lines each gap tells of
 * into GAPS, and where it stands: behind how many of the numbers. */
static void read_numbers(int dirfd, unsigned *numbers, size_t *ret_count, unsigned *gaps, size_t *places,
			 size_t *ret_gaps)
{
	CLEANUP(journal_reader_freep) struct journal_reader *reader = must_read(dirfd, NULL);
	struct journal_line line = { .text = NULL };
	struct timestamp last = { .sec = 0 };
	struct err err = ERR_INIT;
	int r;

	*ret_count = *ret_gaps = 0;
	while ((r = journal_reader_next(reader, &line, &err)) > 0) {
		const char *gap = strstr(line.text, ",\"lines\":"), *number = strstr(line.text, ",\"n\":");

		assert_true(time_compare(last, line.time) <= 0);
		last = line.time;
		assert_true(*ret_count < 64 && *ret_gaps < 8);
		if (gap) {
			assert_non_null(strstr(line.text, "\"kind\":\"gap\",\"from\":\"2"));
			assert_non_null(strstr(line.text, "journal lines could not be written: File too large\","
							  "\"subtree\":\"/\""));
			gaps[*ret_gaps] = (unsigned)strtoul(gap + 9, NULL, 10);
			places[(*ret_gaps)++] = *ret_count;
		} else {
			assert_non_null(number);
			numbers[(*ret_count)++] = (unsigned)strtoul(number + 5, NULL, 10);
		}
	}
	if (r < 0)
		fail_msg("%s", err.message);
}

/* Past the bound the oldest give way, time and again; one gap stands in their place, and the newest are kept. */
static void past_the_bound_the_newest_are_kept(void **state)
{
	const struct folder *folder = *state;
	CLEANUP(journal_freep) struct journal *journal = must_open(folder->fd, NULL);
	unsigned numbers[64], gaps[8];
	size_t count, gap_count, places[8];
	struct journal_state now;
	struct err err = ERR_INIT;

	must_fill(journal, 2);
	limit_files(1000);
	append_big(journal, 100, 139);
	journal_state(journal, &now);
	/* the first of them has begun in the segment, so it stays; then the gap, then what is kept */
	assert_true(now.lost >= 24 && now.lost < 36);
	assert_int_equal(now.seq, 2 + 40 - now.lost + 1);
	assert_int_equal(now.held, now.seq - 2);
	assert_int_equal(now.unwritten, 40); /* a gap line counts for those it stands for */
	limit_files(RLIM_INFINITY);
	assert_int_equal(journal_flush(journal, &err), 0);
	assert_int_equal(journal_sync(journal, &err), 0);
	journal_state(journal, &now);
	assert_true(now.held == 0 && now.unwritten == 0 && !now.problem[0] && now.durable == now.seq);
	must_be_whole(folder->fd, now.seq);
	read_numbers(folder->fd, numbers, &count, gaps, places, &gap_count);
	assert_int_equal(gap_count, 1);
	assert_int_equal(gaps[0], now.lost);
	assert_int_equal(places[0], 3);
	assert_int_equal(count, 2 + 40 - now.lost);
	assert_int_equal(numbers[2], 100);
	for (size_t i = 3; i < count; i++)
		assert_int_equal(numbers[i], 139 - (count - 1 - i));
	/* said and done: the next loss is another gap */
	limit_files((rlim_t)now.segment_bytes);
	append_big(journal, 200, 219);
	limit_files(RLIM_INFINITY);
	append_big(journal, 220, 220);
	assert_int_equal(journal_flush(journal, &err), 0);
	journal_freep(&journal);
	journal = must_open(folder->fd, NULL);
	journal_state(journal, &now);
	must_be_whole(folder->fd, now.seq);
	read_numbers(folder->fd, numbers, &count, gaps, places, &gap_count);
	assert_int_equal(gap_count, 2);
	assert_int_equal(numbers[count - 1], 220);
	assert_int_equal(count + gaps[0] + gaps[1], 2 + 40 + 21);
}

struct syncing {
	struct journal *journal;
	atomic_bool stop;
};

static void *sync_on(void *context)
{
	struct syncing *syncing = context;
	struct err err = ERR_INIT;

	while (!atomic_load(&syncing->stop)) {
		if (journal_sync(syncing->journal, &err) < 0)
			return syncing;
	}
	return NULL;
}

static void another_thread_syncs(void **state)
{
	const struct folder *folder = *state;
	CLEANUP(journal_freep) struct journal *journal = must_open(folder->fd, NULL);
	struct syncing syncing = { .journal = journal };
	struct journal_state now;
	struct err err = ERR_INIT;
	void *failed = NULL;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, sync_on, &syncing), 0);
	for (unsigned round = 0; round < 20; round++) {
		must_fill(journal, 50);
		assert_int_equal(journal_reopen(journal, folder->fd, &err), 0);
		journal_state(journal, &now);
		assert_true(now.durable <= now.seq);
	}
	atomic_store(&syncing.stop, true);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	assert_int_equal(journal_sync(journal, &err), 0);
	journal_state(journal, &now);
	assert_int_equal(now.durable, 1000);
	must_be_whole(folder->fd, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(lines_have_the_form),       IN_FOLDER(what_is_no_line_is_refused),
		IN_FOLDER(a_batch_is_one_write),      IN_FOLDER(segments_follow_one_another),
		IN_FOLDER(no_room_is_waited_out),     IN_FOLDER(past_the_bound_the_newest_are_kept),
		IN_FOLDER(a_full_disk_is_waited_out), IN_FOLDER(another_thread_syncs),
	};

	(void)signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
